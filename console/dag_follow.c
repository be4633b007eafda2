#include "console/dag_follow.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "console/attach.h"
#include "console/dag_print.h"
#include "console/exit_codes.h"
#include "console/output_end.h"
#include "views/units.h"

enum { LOOK_FIRST_MS = 5, LOOK_MAX_MS = 250, PAGE = 1000 };

static volatile sig_atomic_t interrupted;

static void on_signal(int sig)
{
    (void)sig;
    interrupted = 1;
}

void dag_follow_start(void)
{
    const struct sigaction act = {.sa_handler = on_signal};
    (void)sigaction(SIGINT, &act, NULL);
    (void)sigaction(SIGTERM, &act, NULL);
}

/* Between two looks: short at first, as most runs are. */
static void pause_for(int *ms)
{
    const struct timespec t = {.tv_nsec = (long)*ms * 1000000};
    if (!interrupted)
        (void)nanosleep(&t, NULL);
    *ms = *ms * 2 < LOOK_MAX_MS ? *ms * 2 : LOOK_MAX_MS;
}

static int get_run(const struct arguments *a, struct client *c, int64_t run, json_t **out)
{
    json_t *params = json_pack("{s:I}", "run", (json_int_t)run);
    int code = attach_call(a, c, "dag.run", params, out);
    json_decref(params);
    return code;
}

int dag_follow_to_end(const struct arguments *a, struct client *c, int64_t run, json_t **answer)
{
    int ms = LOOK_FIRST_MS, code;
    for (;;) {
        code = get_run(a, c, run, answer);
        if (code || dag_state_ended(attach_text(json_object_get(*answer, "run"), "state")))
            return code;
        json_decref(*answer);
        *answer = NULL;
        if (interrupted)
            return command_fail(a, EXIT_INTERRUPTED,
                                "run %lld goes on: `flightdeck dag run %lld` shows it, `flightdeck "
                                "dag cancel %lld` ends it",
                                (long long)run, (long long)run, (long long)run);
        pause_for(&ms);
    }
}

int dag_follow_run(const struct arguments *a, struct client *c, int64_t run)
{
    json_t *answer = NULL;
    int code = dag_follow_to_end(a, c, run, &answer);
    const char *state = attach_text(json_object_get(answer, "run"), "state");
    if (!code && arguments_flag(a, "json"))
        code = attach_print_json(a, answer);
    else if (!code)
        dag_print_run(answer);
    if (!code && strcmp(state, "success") != 0)
        code = EXIT_FAILED;
    json_decref(answer);
    return code;
}

/* ---- backfill ---- */

struct backfill {
    const char *dag;
    int64_t first, last; /* logical times */
    int64_t expected;
    json_t *told; /* ids of runs that were printed */
    int64_t ended, failed, running;
    bool paused; /* as it was said last */
};

static void look_at(struct backfill *b, const struct arguments *a, const json_t *run)
{
    char id[32];
    const char *state = attach_text(run, "state");
    if (!dag_state_ended(state)) {
        b->running += strcmp(state, "queued") != 0;
        return;
    }
    b->ended++;
    b->failed += strcmp(state, "success") != 0;
    (void)snprintf(id, sizeof id, "%lld", (long long)attach_int(run, "id"));
    if (json_object_get(b->told, id))
        return;
    (void)json_object_set_new(b->told, id, json_true());
    if (arguments_flag(a, "json"))
        return;
    if (isatty(STDOUT_FILENO))
        (void)fputs("\r\033[K", stdout);
    dag_print_outcome(run);
    (void)putchar('\n');
}

/* All runs of the backfill as they are now, page by page. */
static int look(struct backfill *b, const struct arguments *a, struct client *c, json_t *all)
{
    int64_t before = 0;
    int code = EXIT_DONE;
    size_t n = PAGE;
    b->ended = b->failed = b->running = 0;
    (void)json_array_clear(all);
    while (!code && n == PAGE) {
        json_t *answer = NULL;
        json_t *params = json_pack("{s:s, s:s, s:i, s:I}", "name", b->dag, "kind", "backfill",
                                   "limit", PAGE, "before", (json_int_t)before);
        code = attach_call(a, c, "dag.runs", params, &answer);
        const json_t *runs = json_object_get(answer, "runs");
        n = json_array_size(runs);
        for (size_t i = n; i-- > 0;) { /* the oldest first */
            json_t *run = json_array_get(runs, i);
            int64_t at = attach_int(run, "logical_us");
            if (at < b->first || at > b->last) /* of another backfill */
                continue;
            look_at(b, a, run);
            (void)json_array_append(all, run);
        }
        if (n)
            before = attach_int(json_array_get(runs, n - 1), "id");
        json_decref(params);
        json_decref(answer);
    }
    return code;
}

int dag_follow_say_paused(const struct arguments *a, struct client *c, const char *dag,
                          bool *paused)
{
    json_t *answer = NULL;
    json_t *params = json_pack("{s:s}", "name", dag);
    int code = attach_call(a, c, "dag.show", params, &answer);
    bool before = *paused;
    *paused = json_is_true(json_object_get(answer, "paused"));
    if (!code && *paused && !before) {
        (void)fflush(stdout);
        (void)fprintf(
            stderr, "%s is paused: no run of a backfill begins until `flightdeck dag unpause %s`\n",
            dag, dag);
    }
    json_decref(params);
    json_decref(answer);
    return code;
}

int dag_follow_backfill(const struct arguments *a, struct client *c, const char *dag,
                        const json_t *answer)
{
    struct backfill b = {.dag = dag,
                         .first = attach_int(answer, "first_us"),
                         .last = attach_int(answer, "last_us"),
                         .expected = attach_int(answer, "intervals"),
                         .told = json_object()};
    json_t *all = json_array();
    int ms = LOOK_FIRST_MS, code = EXIT_DONE;
    while (!code) {
        code = look(&b, a, c, all);
        if (code || b.ended >= b.expected || interrupted)
            break;
        if (output_unheard()) { /* nobody wants to know any more */
            json_decref(all);
            json_decref(b.told);
            return EXIT_DONE;
        }
        if (!b.running)
            code = dag_follow_say_paused(a, c, dag, &b.paused);
        if (isatty(STDOUT_FILENO) && !arguments_flag(a, "json")) {
            (void)printf("\r%lld of %lld, %lld running\033[K", (long long)b.ended,
                         (long long)b.expected, (long long)b.running);
            (void)fflush(stdout);
        }
        pause_for(&ms);
    }
    if (!code && b.ended < b.expected)
        code = command_fail(a, EXIT_INTERRUPTED,
                            "%lld of %lld are through; the rest goes on, see `flightdeck dag runs "
                            "%s`",
                            (long long)b.ended, (long long)b.expected, dag);
    else if (!code) {
        if (arguments_flag(a, "json"))
            code = attach_print_json(a, all);
        else
            (void)printf("%lld runs, %lld failed\n", (long long)b.ended, (long long)b.failed);
        if (!code && b.failed)
            code = EXIT_FAILED;
    }
    json_decref(all);
    json_decref(b.told);
    return code;
}

/* ---- logs ---- */

struct reading {
    const struct arguments *a;
    struct client *c;
    int64_t run;
    const char *task; /* NULL: all */
    int attempt;      /* 0: all */
    json_t *places;   /* "task/try" -> how far it was read; null: to its end */
};

static void print_line(const struct reading *r, const char *task, int64_t attempt,
                       const json_t *line)
{
    char at[UNIT_TEXT_MAX];
    if (arguments_flag(r->a, "json")) {
        json_t *j =
            json_pack("{s:s, s:I, s:I, s:s}", "task", task, "try", (json_int_t)attempt, "ts_us",
                      (json_int_t)attach_int(line, "ts_us"), "text", attach_text(line, "text"));
        (void)json_dumpf(j, stdout, JSON_COMPACT);
        (void)putchar('\n');
        json_decref(j);
        return;
    }
    (void)printf("%s ", unit_clock(attach_int(line, "ts_us"), at, sizeof at));
    if (!r->task) {
        attach_put(task, 0);
        (void)printf("/%lld ", (long long)attempt);
    }
    attach_put(attach_text(line, "text"), 0);
    (void)putchar('\n');
}

/* What has come since the last look, of one try. */
static int read_try(struct reading *r, const char *task, int64_t attempt)
{
    char key[160];
    int code = EXIT_DONE;
    (void)snprintf(key, sizeof key, "%s/%lld", task, (long long)attempt);
    while (!code && !interrupted) {
        json_t *place = json_object_get(r->places, key), *answer = NULL;
        if (json_is_null(place))
            return EXIT_DONE;
        json_t *params =
            json_pack("{s:I, s:s, s:I, s:I}", "run", (json_int_t)r->run, "task", task, "try",
                      (json_int_t)attempt, "after", (json_int_t)json_integer_value(place));
        code = attach_call(r->a, r->c, "dag.logs", params, &answer);
        const json_t *lines = json_object_get(answer, "lines");
        size_t n = json_array_size(lines);
        for (size_t i = 0; i < n; i++)
            print_line(r, task, attempt, json_array_get(lines, i));
        bool ended = json_is_true(json_object_get(answer, "ended"));
        if (!code)
            (void)json_object_set_new(
                r->places, key, ended ? json_null() : json_integer(attach_int(answer, "next")));
        json_decref(params);
        json_decref(answer);
        if (n == 0)
            break;
    }
    return code;
}

static int read_task(struct reading *r, const json_t *task)
{
    int code = EXIT_DONE;
    const json_t *tries = json_object_get(task, "tries");
    for (size_t i = 0; i < json_array_size(tries) && !code; i++) {
        int64_t attempt = attach_int(json_array_get(tries, i), "try");
        if (!r->attempt || r->attempt == attempt)
            code = read_try(r, attach_text(task, "task"), attempt);
    }
    return code;
}

static int read_all(struct reading *r, bool *ended)
{
    json_t *answer = NULL;
    bool found = false;
    int code = get_run(r->a, r->c, r->run, &answer);
    const json_t *tasks = json_object_get(answer, "tasks");
    *ended = dag_state_ended(attach_text(json_object_get(answer, "run"), "state"));
    for (size_t i = 0; i < json_array_size(tasks) && !code; i++) {
        const json_t *t = json_array_get(tasks, i);
        if (r->task && strcmp(r->task, attach_text(t, "task")) != 0)
            continue;
        found = true;
        code = read_task(r, t);
    }
    if (!code && r->task && !found)
        code =
            command_fail(r->a, EXIT_FAILED, "run %lld has no task %s", (long long)r->run, r->task);
    json_decref(answer);
    return code;
}

int dag_follow_logs(const struct arguments *a, struct client *c, int64_t run, const char *task,
                    int attempt, bool follow)
{
    struct reading r = {
        .a = a, .c = c, .run = run, .task = task, .attempt = attempt, .places = json_object()};
    int ms = LOOK_FIRST_MS, code;
    bool ended = false;
    for (;;) {
        code = read_all(&r, &ended);
        if (fflush(stdout) != 0)
            break;
        if (code || ended || !follow || interrupted)
            break;
        pause_for(&ms);
    }
    json_decref(r.places);
    return !code && interrupted ? EXIT_INTERRUPTED : code;
}
