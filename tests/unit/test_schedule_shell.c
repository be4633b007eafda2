/* Tasks of kind shell, on the machine's clock: exit codes, output, environment, and that nothing of
 * them is left behind, whoever ends them: the task, its timeout, the engine, or kill -9 of it. */
#include "tests/unit/schedule_help.h"

#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { TEXT_MAX = 4096, RESUME_S = 10 };

/* ---- on the real clock ---- */

static const char *const extra[] = {"FLIGHTDECK_CONFIG=/given", NULL};

static void start_real(struct world *w)
{
    struct errbuf e;
    struct scheduler_options o = {.dags = w->dags,
                                  .store = w->store,
                                  .on_event = world_event,
                                  .on_event_arg = w,
                                  .environment = extra,
                                  .log_bytes = 100000};
    good(scheduler_create(&o, &w->s, &e), &e);
    good(scheduler_start(w->s, &e), &e);
}

/* %s in the text becomes the world's folder. */
static void dags_in_dir(struct world *w, const char *yaml)
{
    char text[TEXT_MAX];
    size_t n = 0;
    for (const char *p = yaml; *p && n < sizeof text - sizeof w->dir; p++)
        if (p[0] == '%' && p[1] == 's') {
            n += (size_t)snprintf(text + n, sizeof text - n, "%s", w->dir);
            p++;
        } else {
            text[n++] = *p;
        }
    text[n] = '\0';
    world_dags(w, (const char *const[]){text, NULL});
}

static char *file_text(const struct world *w, const char *name)
{
    static char text[65536];
    char path[400];
    (void)snprintf(path, sizeof path, "%s/%s", w->dir, name);
    FILE *f = fopen(path, "r");
    size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
    text[n] = '\0';
    if (f)
        (void)fclose(f);
    return text;
}

static int lines_of(const struct world *w, const char *name, const char *line)
{
    int n = 0;
    size_t len = strlen(line);
    for (const char *p = file_text(w, name); *p; p += strcspn(p, "\n"), p += *p == '\n')
        n += !strncmp(p, line, len) && (p[len] == '\n' || !p[len]);
    return n;
}

static bool alive(const struct world *w, const char *pid_file)
{
    char path[64];
    char state = 'X';
    long pid = strtol(file_text(w, pid_file), NULL, 10);
    assert_true(pid > 1);
    (void)snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    FILE *f = fopen(path, "r");
    if (!f)
        return false;
    if (fscanf(f, "%*d %*s %c", &state) != 1)
        state = 'X';
    (void)fclose(f);
    return state != 'X' && state != 'Z'; /* dead, and nobody has looked yet */
}

static void read_log(struct world *w, int64_t run, const char *task, char *out, size_t n)
{
    struct scheduler_log l;
    struct errbuf e;
    size_t at = 0;
    out[0] = '\0';
    good(scheduler_log_read(w->s, run, task, 0, 0, INT64_MAX, &l, &e), &e);
    for (int i = 0; i < l.n && at < n; i++)
        at += (size_t)snprintf(out + at, n - at, "%s\n", l.items[i].text);
    scheduler_log_free(&l);
}

/* ---- what a command says ---- */

static void test_exit_codes(void **state)
{
    struct world *w = *state;
    dags_in_dir(w, "name: d\ntasks:\n"
                   "  good: {kind: shell, command: \"echo fine; true\"}\n"
                   "  three: {kind: shell, command: \"echo one; echo the reason >&2; exit 3\"}\n"
                   "  skips: {kind: shell, command: \"echo no data yet; exit 99\"}\n"
                   "  piped: {kind: shell, command: \"false || exit 7\"}\n"
                   "  killed: {kind: shell, command: \"kill -SEGV $$\"}\n"
                   "  missing: {kind: shell, command: \"/nowhere/program\"}\n");
    start_real(w);
    int64_t id = trigger(w, "d");
    expect_end(w, id, RUN_FAILED);
    expect_task(w, id, "good", TI_SUCCESS);
    expect_task(w, id, "three", TI_FAILED);
    assert_string_equal(task_row(w, id, "three").reason, "exit code 3: the reason");
    expect_task(w, id, "skips", TI_SKIPPED);
    assert_string_equal(task_row(w, id, "skips").reason, "no data yet");
    assert_string_equal(task_row(w, id, "piped").reason, "exit code 7");
    assert_non_null(strstr(task_row(w, id, "killed").reason, "killed by signal 11"));
    assert_non_null(strstr(task_row(w, id, "missing").reason, "exit code 127"));
    char text[TEXT_MAX];
    read_log(w, id, "three", text, sizeof text);
    assert_string_equal(text, "one\nthe reason\nio: exit code 3: the reason\n");
}

static void test_environment(void **state)
{
    struct world *w = *state;
    dags_in_dir(
        w, "name: d\nschedule: \"5 12 * * *\"\n"
           "params:\n  who-is: {default: \"a; rm -rf 'b' \\\"c\\\"\"}\ntasks:\n"
           "  env: {kind: shell, command: \"echo $FLIGHTDECK_DAG $FLIGHTDECK_TASK "
           "$FLIGHTDECK_RUN $FLIGHTDECK_TRY; echo \\\"$FLIGHTDECK_PARAM_WHO_IS\\\"; echo "
           "$FLIGHTDECK_CONFIG-$FLIGHTDECK_PARAM_OTHER-$FLIGHTDECK_MINE; echo "
           "$FLIGHTDECK_BUSINESS_DATE {{ business_date }}; read x; echo $?; "
           "[ $$ = $(ps -o pgid= -p $$ | tr -d ' ') ] && echo its own group; ls /proc/$$/fd\"}\n");
    assert_int_equal(setenv("FLIGHTDECK_PARAM_OTHER", "of another task", 1), 0);
    assert_int_equal(setenv("FLIGHTDECK_CONFIG", "/another", 1), 0);
    assert_int_equal(setenv("FLIGHTDECK_MINE", "stays", 1), 0);
    start_real(w);
    int64_t id = trigger(w, "d");
    expect_end(w, id, RUN_SUCCESS);
    char text[TEXT_MAX];
    char want[TEXT_MAX];
    char date[16];
    struct store_runs l;
    (void)dag_business_date(w->dags->dags[0], run_row(w, id, &l).begin_us, date);
    store_runs_free(&l);
    read_log(w, id, "env", text, sizeof text);
    /* no input, and no descriptor of ours but the three */
    (void)snprintf(
        want, sizeof want,
        "d env %lld 1\na; rm -rf 'b' \"c\"\n/given--stays\n%s %s\n1\nits own group\n0\n1\n2\n",
        (long long)id, date, date);
    assert_string_equal(text, want);
}

static void test_much_output(void **state)
{
    struct world *w = *state;
    dags_in_dir(w, "name: d\ntasks:\n  much: {kind: shell, command: \"seq 1 100000; printf "
                   "'\\\\0\\\\377 no line end'\"}\n"
                   "  wide: {kind: shell, command: \"head -c 300000 /dev/zero | tr '\\\\0' x\"}\n");
    start_real(w);
    int64_t id = trigger(w, "d");
    expect_end(w, id, RUN_SUCCESS);
    struct scheduler_log l;
    struct errbuf e;
    good(scheduler_log_read(w->s, id, "much", 0, 0, INT64_MAX, &l, &e), &e);
    assert_string_equal(l.items[0].text, "1");
    assert_string_equal(l.items[l.n - 1].text, " \xff no line end");
    assert_true(l.dropped > 400000);
    scheduler_log_free(&l);
    good(scheduler_log_read(w->s, id, "wide", 0, 0, INT64_MAX, &l, &e), &e);
    int64_t bytes = 0;
    for (int i = 0; i < l.n; i++)
        bytes += (int64_t)strlen(l.items[i].text);
    assert_true(bytes > 40000 && bytes <= 100100);
    assert_true(strchr(l.items[l.n - 1].text, 'x')); /* its end is there */
    scheduler_log_free(&l);
}

/* A log can be read while the task writes it. */
static void test_follow(void **state)
{
    struct world *w = *state;
    dags_in_dir(w, "name: d\ntasks:\n  t: {kind: shell, command: \"echo first; while [ ! -e "
                   "%s/go ]; do sleep 0.01; done; echo second\"}\n");
    start_real(w);
    int64_t id = trigger(w, "d");
    struct scheduler_log l = {0};
    struct errbuf e;
    WAIT_FOR("the first line", scheduler_log_read(w->s, id, "t", 0, 0, 1000, &l, &e) == ERR_OK &&
                                   (l.n == 1 || (scheduler_log_free(&l), false)));
    assert_false(l.ended);
    assert_string_equal(l.items[0].text, "first");
    int64_t after = l.next;
    scheduler_log_free(&l);
    char path[400];
    (void)snprintf(path, sizeof path, "%s/go", w->dir);
    (void)fclose(fopen(path, "w"));
    expect_end(w, id, RUN_SUCCESS);
    good(scheduler_log_read(w->s, id, "t", 0, after, 1000, &l, &e), &e);
    assert_int_equal(l.n, 1);
    assert_string_equal(l.items[0].text, "second");
    assert_true(l.ended);
    scheduler_log_free(&l);
}

/* ---- ending it ---- */

#define STUBBORN                                                                                   \
    "trap '' TERM; echo $$ > %s/pid; (trap '' TERM; while :; do sleep 1; done) & echo $! > "       \
    "%s/child; echo here; while :; do sleep 1; done"

static void test_timeout_ends_the_group(void **state)
{
    struct world *w = *state;
    dags_in_dir(w, "name: d\ntasks:\n  t: {kind: shell, timeout: 2s, command: \"" STUBBORN "\"}\n");
    start_real(w);
    int64_t began = clock_mono_us();
    int64_t id = trigger(w, "d");
    expect_end(w, id, RUN_FAILED);
    assert_true(clock_mono_us() - began < 10000000);
    assert_string_equal(task_row(w, id, "t").reason, "out of time after 2.0 s");
    WAIT_FOR("the shell is gone", !alive(w, "pid"));
    WAIT_FOR("its child is gone", !alive(w, "child"));
}

static void test_stop_ends_the_group(void **state)
{
    struct world *w = *state;
    dags_in_dir(w, "name: d\ntasks:\n  t: {kind: shell, command: \"" STUBBORN "\"}\n");
    start_real(w);
    int64_t id = trigger(w, "d");
    WAIT_FOR("it runs", file_text(w, "child")[0]);
    int64_t began = clock_mono_us();
    world_stop(w);
    assert_true(clock_mono_us() - began < 5000000);
    expect_task(w, id, "t", TI_QUEUED);
    WAIT_FOR("all of it is gone", !alive(w, "pid") && !alive(w, "child"));
}

/* A program in the background holds the pipe: the task is over all the same, and it lives on. */
static void test_a_program_in_the_background(void **state)
{
    struct world *w = *state;
    dags_in_dir(w,
                "name: d\ntasks:\n  t: {kind: shell, command: \"sleep 60 & echo $! > %s/pid\"}\n");
    start_real(w);
    int64_t began = clock_mono_us();
    expect_end(w, trigger(w, "d"), RUN_SUCCESS);
    assert_true(clock_mono_us() - began < 10000000);
    assert_true(alive(w, "pid"));
    assert_int_equal(kill((pid_t)strtol(file_text(w, "pid"), NULL, 10), SIGKILL), 0);
}

/* ---- kill -9 of the engine ---- */

/* Another process that runs the scheduler; it triggers `n` runs of each DAG and goes on. */
static pid_t engine(struct world *w, int n)
{
    store_close(w->store);
    w->store = NULL;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid)
        return pid;
    struct errbuf e;
    if (store_open(w->dir, &w->store, &e) != ERR_OK)
        _exit(1);
    struct scheduler_options o = {.dags = w->dags, .store = w->store};
    if (scheduler_create(&o, &w->s, &e) != ERR_OK || scheduler_start(w->s, &e) != ERR_OK)
        _exit(1);
    for (int i = 0; i < n * w->dags->n; i++) {
        int64_t id;
        if (scheduler_trigger(w->s, w->dags->dags[i % w->dags->n]->name, NULL, 0, "t", &id, &e) !=
            ERR_OK)
            _exit(1);
    }
    for (;;)
        (void)pause();
}

static void kill_engine(struct world *w, pid_t pid)
{
    int status;
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    world_open(w);
}

/* Looks at the file of the engine that has it open. */
static bool look(struct world *w, const char *sql)
{
    char path[400];
    sqlite3 *db;
    sqlite3_stmt *st = NULL;
    bool found = false;
    (void)snprintf(path, sizeof path, "%s/flightdeck.db", w->dir);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK)
        found = sqlite3_step(st) == SQLITE_ROW && sqlite3_column_int64(st, 0) > 0;
    (void)sqlite3_finalize(st);
    (void)sqlite3_close(db);
    return found;
}

static bool all_over(struct world *w)
{
    struct scheduler_stats v;
    scheduler_stats(w->s, &v);
    return v.idle;
}

/* The next start: within RESUME_S all is over or goes on, with a reason where a try was lost. */
static void resume(struct world *w)
{
    int64_t began = clock_mono_us();
    start_real(w);
    WAIT_FOR("all is over", all_over(w));
    assert_true(clock_mono_us() - began < RESUME_S * INT64_C(1000000));
    assert_false(look(w, "SELECT count(*) FROM runs WHERE state NOT IN "
                         "('success', 'failed', 'canceled')"));
    assert_false(look(w, "SELECT count(*) FROM tasks WHERE state NOT IN ('success', 'failed', "
                         "'upstream_failed', 'skipped', 'canceled')"));
    assert_false(look(w, "SELECT count(*) FROM tries WHERE state IN ('running', 'queued')"));
    assert_false(look(w, "SELECT count(*) FROM tries WHERE state <> 'success' AND reason = ''"));
}

/* Writes which try it is into `tries`; the first one waits for ever. */
#define ONCE_SLOW                                                                                  \
    "echo $$ > %s/pid; echo $FLIGHTDECK_RUN $FLIGHTDECK_TASK $FLIGHTDECK_TRY >> %s/tries; "        \
    "[ $FLIGHTDECK_TRY -gt 1 ] || sleep 1000"

static void test_killed_while_it_runs(void **state)
{
    struct world *w = *state;
    dags_in_dir(w, "name: d\ntasks:\n"
                   "  first: {kind: shell, command: \"echo first >> %s/tries\"}\n"
                   "  slow: {kind: shell, after: [first], command: \"" ONCE_SLOW "\"}\n"
                   "  last: {kind: shell, after: [slow], command: \"echo last >> %s/tries\"}\n");
    pid_t pid = engine(w, 1);
    WAIT_FOR("it runs", lines_of(w, "tries", "1 slow 1") == 1);
    assert_true(look(w, "SELECT count(*) FROM tasks WHERE task = 'slow' AND state = 'running'"));
    assert_true(look(w, "SELECT count(*) FROM tasks WHERE task = 'last' AND state = 'waiting'"));
    kill_engine(w, pid);
    resume(w);
    assert_int_equal(run_state_of(w, 1), RUN_SUCCESS);
    assert_int_equal(lines_of(w, "tries", "first"), 1); /* what was over is not done again */
    assert_int_equal(lines_of(w, "tries", "1 slow 1"), 1);
    assert_int_equal(lines_of(w, "tries", "1 slow 2"), 1);
    assert_int_equal(lines_of(w, "tries", "last"), 1);
    assert_int_equal(task_row(w, 1, "slow").losses, 1);
    struct store_tasks t;
    struct errbuf e;
    good(store_tasks_list(w->store, 1, &t, &e), &e);
    assert_int_equal(t.n_tries, 4);
    assert_string_equal(t.tries[2].reason, "the engine ended while try 1 ran");
    store_tasks_free(&t);
}

/* What the shell had started lives on when the engine is killed: the next start ends it before the
 * new try begins. */
static void test_what_a_killed_engine_leaves(void **state)
{
    struct world *w = *state;
    dags_in_dir(w,
                "name: d\ntasks:\n  slow: {kind: shell, command: \"[ $FLIGHTDECK_TRY -gt 1 ] && "
                "{ grep -qs 'State:.[RSD]' /proc/$(cat %s/left)/status && echo both >> %s/tries; "
                "exit 0; }; "
                "setsid sleep 1000 & echo $! > %s/left; sleep 1000\"}\n");
    pid_t pid = engine(w, 1);
    WAIT_FOR("it runs", file_text(w, "left")[0]);
    kill_engine(w, pid);
    assert_true(alive(w, "left"));
    resume(w);
    assert_int_equal(run_state_of(w, 1), RUN_SUCCESS);
    assert_false(alive(w, "left"));
    assert_int_equal(lines_of(w, "tries", "both"), 0);
}

static void test_killed_while_others_wait(void **state)
{
    struct world *w = *state;
    dags_in_dir(w, "name: d\npool: narrow\ntasks:\n"
                   "  a: {kind: shell, command: \"" ONCE_SLOW "\"}\n"
                   "  b: {kind: shell, command: \"echo b >> %s/tries\"}\n");
    pid_t pid = engine(w, 3);
    WAIT_FOR("it runs", lines_of(w, "tries", "1 a 1") == 1);
    WAIT_FOR("a task waits for a slot",
             look(w, "SELECT count(*) FROM tasks WHERE task = 'b' AND state = 'queued'"));
    WAIT_FOR("runs wait", look(w, "SELECT count(*) = 2 FROM runs WHERE state = 'queued'"));
    kill_engine(w, pid);
    /* the others' first try would wait for ever too */
    dags_in_dir(w, "name: d\npool: narrow\ntasks:\n"
                   "  a: {kind: shell, command: \"echo a >> %s/tries\"}\n"
                   "  b: {kind: shell, command: \"echo b >> %s/tries\"}\n");
    resume(w);
    for (int64_t id = 1; id <= 3; id++)
        assert_int_equal(run_state_of(w, id), RUN_SUCCESS);
    assert_int_equal(lines_of(w, "tries", "a"), 3);
    assert_int_equal(lines_of(w, "tries", "b"), 3);
    assert_int_equal(count_runs(w, "d", -1, -1), 3);
}

static void test_killed_before_a_retry(void **state)
{
    struct world *w = *state;
    dags_in_dir(w, "name: d\ntasks:\n  t: {kind: shell, retries: 1, retry_delay: 2s, command: "
                   "\"echo $FLIGHTDECK_TRY >> %s/tries; [ $FLIGHTDECK_TRY -gt 1 ]\"}\n");
    pid_t pid = engine(w, 1);
    WAIT_FOR("it is up for retry",
             look(w, "SELECT count(*) FROM tasks WHERE state = 'up_for_retry'"));
    kill_engine(w, pid);
    resume(w);
    assert_int_equal(run_state_of(w, 1), RUN_SUCCESS);
    assert_int_equal(lines_of(w, "tries", "1"), 1);
    assert_int_equal(lines_of(w, "tries", "2"), 1);
    assert_int_equal(task_row(w, 1, "t").losses, 0);
}

/* Cancelled, and killed before the task had ended: it stays cancelled. */
static void test_killed_while_it_is_canceling(void **state)
{
    struct world *w = *state;
    struct errbuf e;
    dags_in_dir(w, "name: d\ntasks:\n  t: {kind: shell, command: \"" STUBBORN "\"}\n"
                   "  u: {kind: shell, after: [t], command: \"echo u >> %s/tries\"}\n");
    store_close(w->store);
    w->store = NULL;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (!pid) {
        int64_t id;
        struct scheduler_options o = {.dags = w->dags};
        if (store_open(w->dir, &w->store, &e) != ERR_OK)
            _exit(1);
        o.store = w->store;
        if (scheduler_create(&o, &w->s, &e) != ERR_OK || scheduler_start(w->s, &e) != ERR_OK ||
            scheduler_trigger(w->s, "d", NULL, 0, "t", &id, &e) != ERR_OK)
            _exit(1);
        while (!file_text(w, "child")[0])
            nap();
        if (scheduler_cancel(w->s, id, "tester", &e) != ERR_OK)
            _exit(1);
        for (;;)
            (void)pause();
    }
    WAIT_FOR("it is canceling", look(w, "SELECT count(*) FROM runs WHERE state = 'canceling'"));
    kill_engine(w, pid);
    resume(w);
    assert_int_equal(run_state_of(w, 1), RUN_CANCELED);
    expect_task(w, 1, "t", TI_CANCELED);
    expect_task(w, 1, "u", TI_CANCELED);
    assert_false(alive(w, "pid"));
    assert_false(alive(w, "child"));
}

/* A task that takes the engine with it each time does not do so for ever. */
static void test_killed_again_and_again(void **state)
{
    struct world *w = *state;
    dags_in_dir(w, "name: d\ntasks:\n  t: {kind: shell, command: \"echo $FLIGHTDECK_TRY >> "
                   "%s/tries; sleep 1000\"}\n");
    char line[16];
    for (int i = 1; i <= SCHEDULER_LOSSES_MAX; i++) {
        pid_t pid = engine(w, i == 1);
        (void)snprintf(line, sizeof line, "%d", i);
        WAIT_FOR("another try", lines_of(w, "tries", line) == 1);
        kill_engine(w, pid);
    }
    resume(w);
    assert_int_equal(run_state_of(w, 1), RUN_FAILED);
    assert_string_equal(task_row(w, 1, "t").reason, "the engine ended while try 5 ran");
}

static void test_a_dag_that_is_gone(void **state)
{
    struct world *w = *state;
    dags_in_dir(w, "name: d\ntasks:\n  a: {kind: shell, command: \"" ONCE_SLOW "\"}\n"
                   "  b: {kind: shell, after: [a], command: \"true\"}\n");
    pid_t pid = engine(w, 2);
    WAIT_FOR("it runs", lines_of(w, "tries", "1 a 1") == 1);
    WAIT_FOR("both are kept", look(w, "SELECT count(*) = 2 FROM runs"));
    kill_engine(w, pid);
    dags_in_dir(w, "name: e\ntasks:\n  t: {kind: shell, command: \"true\"}\n");
    resume(w);
    assert_int_equal(run_state_of(w, 1), RUN_FAILED);
    assert_int_equal(run_state_of(w, 2), RUN_FAILED);
    assert_false(alive(w, "pid"));
    struct store_runs l;
    assert_string_equal(run_row(w, 1, &l).reason, "its DAG is not configured any more");
    store_runs_free(&l);
}

/* The DAG has other tasks than when the run began. */
static void test_a_dag_that_has_changed(void **state)
{
    struct world *w = *state;
    dags_in_dir(w, "name: d\ntasks:\n  a: {kind: shell, command: \"" ONCE_SLOW "\"}\n"
                   "  gone: {kind: shell, after: [a], command: \"true\"}\n");
    pid_t pid = engine(w, 1);
    WAIT_FOR("it runs", lines_of(w, "tries", "1 a 1") == 1);
    kill_engine(w, pid);
    dags_in_dir(w, "name: d\ntasks:\n  a: {kind: shell, command: \"true\"}\n"
                   "  fresh: {kind: shell, after: [a], command: \"echo fresh >> %s/tries\"}\n");
    resume(w);
    assert_int_equal(run_state_of(w, 1), RUN_SUCCESS);
    expect_task(w, 1, "gone", TI_CANCELED);
    expect_task(w, 1, "fresh", TI_SUCCESS);
    assert_int_equal(lines_of(w, "tries", "fresh"), 1);
}

/* At moments that nobody has chosen, again and again: each try is run once, each run ends well. */
static void test_killed_at_any_moment(void **state)
{
    struct world *w = *state;
    enum { ROUNDS = 12, RUNS = 4 };
#define LINK(name, after)                                                                          \
    "  " name ": {kind: shell, " after "command: \"echo $FLIGHTDECK_RUN $FLIGHTDECK_TASK "         \
    "$FLIGHTDECK_TRY >> %s/tries\"}\n"
    dags_in_dir(w, "name: d\nmax_active_runs: 3\ntasks:\n" LINK("a", "") LINK("b", "after: [a], ")
                       LINK("c", "after: [b], ") LINK("d", "after: [b], ")
                           LINK("e", "after: [c, d], "));
    unsigned x = (unsigned)clock_mono_us();
    for (int i = 0; i < ROUNDS; i++) {
        pid_t pid = engine(w, RUNS);
        x = x * 1103515245 + 12345;
        const struct timespec t = {.tv_nsec = (long)(x >> 8) % 60000000};
        (void)nanosleep(&t, NULL); /* the moment itself is what varies */
        kill_engine(w, pid);
    }
    resume(w);
    struct store_runs l;
    struct errbuf e;
    const struct store_run_filter f = {.limit = STORE_RUNS_MAX};
    good(store_runs_list(w->store, &f, &l, &e), &e);
    for (int i = 0; i < l.n; i++) {
        struct store_tasks t;
        good(store_tasks_list(w->store, l.items[i].id, &t, &e), &e);
        assert_int_equal(t.n, 5);
        bool unlucky = false; /* hit by so many of the kills that it fails, as it should */
        for (int k = 0; k < t.n; k++)
            unlucky |= t.items[k].losses == SCHEDULER_LOSSES_MAX;
        if (l.items[i].state != (unlucky ? RUN_FAILED : RUN_SUCCESS))
            fail_msg("run %lld is %s: %s", (long long)l.items[i].id,
                     run_state_word(l.items[i].state), l.items[i].reason);
        for (int k = 0; k < t.n_tries; k++) {
            char line[64];
            (void)snprintf(line, sizeof line, "%lld %s %d", (long long)l.items[i].id,
                           t.tries[k].task, t.tries[k].attempt);
            int times = lines_of(w, "tries", line);
            assert_true(t.tries[k].state == TI_SUCCESS ? times == 1 : times <= 1);
        }
        store_tasks_free(&t);
    }
    store_runs_free(&l);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_exit_codes),
        CASE(test_environment),
        CASE(test_much_output),
        CASE(test_follow),
        CASE(test_timeout_ends_the_group),
        CASE(test_stop_ends_the_group),
        CASE(test_a_program_in_the_background),
        CASE(test_killed_while_it_runs),
        CASE(test_what_a_killed_engine_leaves),
        CASE(test_killed_while_others_wait),
        CASE(test_killed_before_a_retry),
        CASE(test_killed_while_it_is_canceling),
        CASE(test_killed_again_and_again),
        CASE(test_a_dag_that_is_gone),
        CASE(test_a_dag_that_has_changed),
        CASE(test_killed_at_any_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
