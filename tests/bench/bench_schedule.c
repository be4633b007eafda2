/*
 * The scheduler's figures, each beside its baseline: how soon a triggered run's first task runs,
 * how soon the next task begins when one has ended, and whether 10,000 queued runs make that
 * slower.
 *
 * The scheduler and its store (SQLite, in a folder of its own) as in the engine; the task is a
 * function that notes the time, so that what is measured is the scheduler alone; trigger_shell is
 * until the first command of a shell task has run. Airflow's figures (2.10, LocalExecutor) were
 * measured on a two-core machine of the same kind, and are printed as such. The baseline of
 * queued_10k is the same measurement in the same call without queued runs.
 *
 * bench_schedule [--json] [NAME..]
 */
#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "backend/base/clock.h"
#include "backend/schedule/scheduler.h"
#include "tests/fixture/figure.h"

enum { TRIGGERS = 1000, SHELLS = 200, CHAIN = 20, CHAINS = 50, QUEUED = 10000, WAIT_S = 60 };

static const double airflow_trigger_ms = 2000; /* 2.0 to 2.6 s */
static const double airflow_gap_ms = 1000;     /* its scheduler's loop */

static struct {
    struct figures out;
    char dir[256];
    struct store *store;
    struct dag_set *dags;
    struct scheduler *s;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    int64_t began_us; /* of the newest task; 0: not yet */
    int64_t ended_us; /* of the task before */
    bool hold;
    int n_gaps;
    double gaps[CHAIN * CHAINS];
} bench = {.out = {.value_digits = 2, .ratio_digits = 4}};

__attribute__((noreturn)) static void die(const char *what, const struct errbuf *e)
{
    (void)fprintf(stderr, "bench: %s: %s\n", what, e ? e->text : "");
    exit(1);
}

static void figure(const char *name, double value, const char *unit, const char *baseline_words,
                   double baseline, const char *reach, bool ok)
{
    double ratio = baseline > 0 ? value / baseline : 0;
    if (figure_wanted(&bench.out, name))
        figure_tell(&bench.out, &(struct figure){name, value, unit, baseline_words, baseline, ratio,
                                                 reach, ok});
}

/* ---- the tasks ---- */

static enum err note_task(void *arg, struct task_run *t, struct errbuf *e)
{
    int64_t now = clock_mono_us();
    (void)arg;
    (void)e;
    bool held = !strcmp(task_run_task(t)->name, "held");
    (void)pthread_mutex_lock(&bench.mutex);
    if (held) {
        while (bench.hold)
            (void)pthread_cond_wait(&bench.changed, &bench.mutex);
    } else {
        bench.began_us = now;
        if (bench.ended_us && bench.n_gaps < CHAIN * CHAINS)
            bench.gaps[bench.n_gaps++] = (double)(now - bench.ended_us) / 1e3;
        bench.ended_us = clock_mono_us();
        (void)pthread_cond_broadcast(&bench.changed);
    }
    (void)pthread_mutex_unlock(&bench.mutex);
    return ERR_OK;
}

/* ---- set-up ---- */

static void make_dags(void)
{
    static const struct dag_pool pools[] = {{"default", 8}};
    static char chain[8192] = "name: chain\ntasks:\n";
    struct faults faults;
    struct errbuf e;
    for (int i = 0; i < CHAIN; i++) {
        char line[128];
        char after[32] = "";
        if (i)
            (void)snprintf(after, sizeof after, ", after: [t%d]", i - 1);
        (void)snprintf(line, sizeof line, "  t%d: {kind: model%s}\n", i, after);
        (void)strncat(chain, line, sizeof chain - strlen(chain) - 1);
    }
    const char *texts[] = {
        "name: one\ntasks:\n  t: {kind: model}\n", "name: held\ntasks:\n  held: {kind: model}\n",
        "name: shell\ntasks:\n  t: {kind: shell, command: \"date +%s%N\"}\n", chain};
    struct dag_text files[4];
    for (int i = 0; i < 4; i++)
        files[i] = (struct dag_text){.file = "bench.yaml", .text = texts[i], .n = strlen(texts[i])};
    faults_init(&faults);
    if (dag_set_parse(files, 4, pools, 1, &bench.dags, &faults, &e) != ERR_OK)
        die("the DAGs", &e);
    faults_free(&faults);
}

static void set_up(void)
{
    struct errbuf e;
    const char *tmp = getenv("TMPDIR");
    (void)snprintf(bench.dir, sizeof bench.dir, "%s/flightdeck-bench-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(bench.dir))
        die("a folder", NULL);
    (void)pthread_mutex_init(&bench.mutex, NULL);
    (void)pthread_cond_init(&bench.changed, NULL);
    make_dags();
    if (store_open(bench.dir, &bench.store, &e) != ERR_OK)
        die("the store", &e);
    struct scheduler_options o = {
        .dags = bench.dags, .store = bench.store, .keep_runs = 2 * QUEUED};
    o.executor.run[DAG_MODEL] = note_task;
    if (scheduler_create(&o, &bench.s, &e) != ERR_OK || scheduler_start(bench.s, &e) != ERR_OK)
        die("the scheduler", &e);
}

static void tear_down(void)
{
    struct errbuf e;
    char path[600];
    const struct dirent *d;
    if (scheduler_stop(bench.s, WAIT_S * INT64_C(1000000), &e) != ERR_OK)
        die("the end", &e);
    scheduler_destroy(bench.s);
    store_close(bench.store);
    dag_set_free(bench.dags);
    DIR *dir = opendir(bench.dir);
    while (dir && (d = readdir(dir)) != NULL) {
        (void)snprintf(path, sizeof path, "%s/%s", bench.dir, d->d_name);
        if (d->d_name[0] != '.')
            (void)unlink(path);
    }
    if (dir)
        (void)closedir(dir);
    (void)rmdir(bench.dir);
}

/* ---- measuring ---- */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double percentile(double *v, int n, int percent)
{
    qsort(v, (size_t)n, sizeof *v, by_value);
    return v[(n - 1) * percent / 100];
}

static int64_t trigger(const char *dag)
{
    struct errbuf e;
    int64_t id;
    if (scheduler_trigger(bench.s, dag, NULL, 0, "bench", &id, &e) != ERR_OK)
        die(dag, &e);
    return id;
}

static void wait_end(int64_t id)
{
    struct errbuf e;
    enum run_state state;
    if (scheduler_run_wait(bench.s, id, WAIT_S * INT64_C(1000000), &state, &e) != ERR_OK)
        die("a run", &e);
    if (state != RUN_SUCCESS)
        die("a run", &(struct errbuf){.text = "has not succeeded"});
}

static void triggers(double *ms, int n)
{
    for (int i = 0; i < n; i++) {
        bench.began_us = bench.ended_us = 0;
        int64_t began = clock_mono_us();
        int64_t id = trigger("one");
        wait_end(id);
        ms[i] = (double)(bench.began_us - began) / 1e3;
    }
}

static void bench_trigger(void)
{
    static double ms[TRIGGERS];
    triggers(ms, TRIGGERS);
    double p50 = percentile(ms, TRIGGERS, 50);
    double p99 = percentile(ms, TRIGGERS, 99);
    figure("trigger_p50", p50, "ms", "Airflow 2.0-2.6 s", airflow_trigger_ms, "<= 10 ms",
           p50 <= 10);
    figure("trigger_p99", p99, "ms", "Airflow 2.0-2.6 s", airflow_trigger_ms, "<= 50 ms",
           p99 <= 50);
}

static void bench_shell(void)
{
    static double ms[SHELLS];
    for (int i = 0; i < SHELLS; i++) {
        struct scheduler_log l;
        struct errbuf e;
        int64_t began = clock_wall_ns();
        int64_t id = trigger("shell");
        wait_end(id);
        if (scheduler_log_read(bench.s, id, "t", 0, 0, 1000, &l, &e) != ERR_OK || l.n != 1)
            die("the shell's output", &e);
        ms[i] = (double)(strtoll(l.items[0].text, NULL, 10) - began) / 1e6;
        scheduler_log_free(&l);
    }
    double p50 = percentile(ms, SHELLS, 50);
    figure("trigger_shell_p50", p50, "ms", "Airflow 2.0-2.6 s", airflow_trigger_ms, "<= 10 ms",
           p50 <= 10);
}

static void bench_gap(void)
{
    bench.n_gaps = 0;
    for (int i = 0; i < CHAINS; i++) {
        bench.ended_us = 0;
        wait_end(trigger("chain"));
    }
    double p99 = percentile(bench.gaps, bench.n_gaps, 99);
    figure("task_gap_p99", p99, "ms", "Airflow: its loop, 1 s", airflow_gap_ms, "<= 20 ms",
           p99 <= 20);
}

static void bench_queued(void)
{
    static double ms[TRIGGERS];
    char words[64];
    triggers(ms, TRIGGERS);
    double alone = percentile(ms, TRIGGERS, 50);
    bench.hold = true;
    int64_t last = 0;
    for (int i = 0; i < QUEUED; i++)
        last = trigger("held");
    triggers(ms, TRIGGERS);
    double beside = percentile(ms, TRIGGERS, 50);
    (void)snprintf(words, sizeof words, "the same without queued runs %.2f ms", alone);
    figure("queued_10k", beside, "ms", words, alone, "<= 1.5 x", beside <= alone * 1.5 + 0.2);
    int64_t began = clock_mono_us();
    (void)pthread_mutex_lock(&bench.mutex);
    bench.hold = false;
    (void)pthread_cond_broadcast(&bench.changed);
    (void)pthread_mutex_unlock(&bench.mutex);
    wait_end(last);
    double each = (double)(clock_mono_us() - began) / 1e3 / QUEUED;
    figure("queued_10k_drain", each, "ms/run", words, alone, "<= 10 ms", each <= 10);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (!strcmp(argv[i], "--json"))
            bench.out.json = true;
    bench.out.only = calloc((size_t)argc, sizeof *bench.out.only);
    for (int i = 1; i < argc && bench.out.only; i++)
        if (argv[i][0] != '-')
            bench.out.only[bench.out.n_only++] = argv[i];
    set_up();
    if (figure_wanted(&bench.out, "trigger_p50") || figure_wanted(&bench.out, "trigger_p99"))
        bench_trigger();
    if (figure_wanted(&bench.out, "trigger_shell_p50"))
        bench_shell();
    if (figure_wanted(&bench.out, "task_gap_p99"))
        bench_gap();
    if (figure_wanted(&bench.out, "queued_10k") || figure_wanted(&bench.out, "queued_10k_drain"))
        bench_queued();
    tear_down();
    free(bench.out.only);
    return bench.out.failed ? 1 : 0;
}
