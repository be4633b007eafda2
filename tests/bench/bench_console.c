/*
 * The console's figures, measured from outside: the real program on a pseudo terminal, against a
 * fake engine on a real socket (its answers cost nothing, so what is measured is the console).
 *
 * Idle figures and refreshes are counted over whole seconds; the key figures are the time from the
 * key's byte into the terminal to the first byte out of it. `top` on the same terminal, where there
 * is one, is the baseline of what an idle screen costs.
 *
 * bench_console [--json] [NAME..]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/base/clock.h"
#include "tests/fixture/fake_engine.h"
#include "tests/fixture/figure.h"
#include "tests/fixture/harness.h"
#include "tests/fixture/terminal.h"

enum { H = 24, W = 80, IDLE_MS = 10000, REFRESHES = 10, KEYS = 500, MANY = 10000, STARTS = 20 };
static const double RSS_MIB = 28.6; /* 30 MB */
#define CTRL_R "\x12"

static struct {
    struct figures out;
    char dir[32];
    char path[64];
    struct fake_engine *engine;
    struct terminal *t;
} bench = {.out = {.value_digits = 1, .ratio_digits = 2}};

__attribute__((noreturn)) static void die(const char *what)
{
    (void)fprintf(stderr, "bench_console: %s\n%s\n", what, bench.t ? terminal_text(bench.t) : "");
    exit(1);
}

static void figure(const char *name, double value, const char *unit, double most, const char *words,
                   double baseline)
{
    char reach[32];
    double ratio = baseline > 0 ? value / baseline : 0;
    (void)snprintf(reach, sizeof reach, "<= %g", most);
    if (figure_wanted(&bench.out, name))
        figure_tell(&bench.out, &(struct figure){name, value, unit, words, baseline, ratio, reach,
                                                 value <= most});
}

static void open_console(int h, int w, const char *pane)
{
    char *argv[] = {(char *)harness_binary(),
                    (char *)"console",
                    (char *)"--socket",
                    bench.path,
                    (char *)"--pane",
                    (char *)pane,
                    NULL};
    bench.t = terminal_start(h, w, NULL, argv);
    if (!bench.t)
        die("cannot start the console");
}

static void close_console(void)
{
    terminal_stop(bench.t);
    bench.t = NULL;
}

static void expect(const char *text)
{
    if (!terminal_shows(bench.t, text))
        die(text);
}

/* ---- /proc ---- */

static double cpu_seconds(pid_t pid)
{
    char path[64];
    char line[1024] = "";
    unsigned long user = 0;
    unsigned long system = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *f = fopen(path, "re");
    if (!f || !fgets(line, sizeof line, f))
        die("cannot read /proc/PID/stat");
    (void)fclose(f);
    const char *at = strrchr(line, ')'); /* the name may hold anything */
    if (!at ||
        sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2)
        die("/proc/PID/stat is of another form");
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static double rss_mib(pid_t pid)
{
    char path[64];
    char line[256];
    long kib = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *f = fopen(path, "re");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "VmHWM: %ld kB", &kib) == 1)
            break;
    if (f)
        (void)fclose(f);
    return (double)kib / 1024;
}

/* ---- idle ---- */

/* What top costs on the same terminal; 0 where there is none. */
static void idle_top(double *cpu, double *bytes_s)
{
    char *argv[] = {(char *)"top", (char *)"-d", (char *)"1", NULL};
    *cpu = *bytes_s = 0;
    if (access("/usr/bin/top", X_OK) != 0)
        return;
    struct terminal *t = terminal_start(H, W, NULL, argv);
    if (!t || !terminal_shows(t, "PID"))
        die("top does not start");
    double before = cpu_seconds(terminal_pid(t));
    *bytes_s = (double)terminal_idle(t, IDLE_MS) * 1000 / IDLE_MS;
    *cpu = (cpu_seconds(terminal_pid(t)) - before) * 100000 / IDLE_MS;
    terminal_stop(t);
}

static void bench_idle(void)
{
    double top_cpu;
    double top_bytes;
    double least = 1e9;
    double cpu = 0;
    idle_top(&top_cpu, &top_bytes);
    open_console(H, W, "overview");
    expect("Bottleneck");
    (void)terminal_idle(bench.t, 3000); /* sparklines need a few samples */
    for (int i = 0; i < 3; i++) { /* the clock's minute is a change: one of three is without */
        double before = cpu_seconds(terminal_pid(bench.t));
        double bytes = (double)terminal_idle(bench.t, IDLE_MS) * 1000 / IDLE_MS;
        cpu = (cpu_seconds(terminal_pid(bench.t)) - before) * 100000 / IDLE_MS;
        least = bytes < least ? bytes : least;
        if (least == 0)
            break;
    }
    figure("console_idle_cpu", cpu, "%", 0.5, "top -d 1, %", top_cpu);
    figure("console_idle_bytes", least, "B/s", 0, "top -d 1, B/s", top_bytes);
    close_console();
}

/* ---- refreshes ---- */

/* Bytes of a refresh in which some figures of each row have moved. series: the method that brings
 * the points of charts, which move as well; Ctrl-R asks for it, by itself it is asked every few
 * seconds, a dashboard's each minute. */
static double refresh_bytes(const char *series)
{
    int asked = series ? fake_engine_calls(bench.engine, series) : 0;
    char at[64];
    (void)terminal_idle(bench.t, 1500);
    size_t before = terminal_bytes(bench.t);
    for (int i = 0; i < REFRESHES; i++) {
        for (int k = 0; k < 3; k++) {
            (void)snprintf(at, sizeof at, "connectors.%d.rate_s", k);
            fake_engine_set(bench.engine, at, json_real(1000 + 37 * i + k));
            (void)snprintf(at, sizeof at, "connectors.%d.total", k);
            fake_engine_set(bench.engine, at, json_integer(9120000 + 4099 * i + k));
        }
        fake_engine_set(bench.engine, "pipeline.raw.rate_s", json_real(3000 + 100 * i));
        fake_engine_set(bench.engine, "pipeline.wal.bytes_s", json_real(1.2e6 + 1e5 * i));
        fake_engine_set(bench.engine, "pipeline.topics.waiting", json_integer(40000 + 500 * i));
        fake_engine_move(bench.engine, i + 1);
        if (series)
            terminal_type(bench.t, CTRL_R);
        (void)terminal_idle(bench.t, 1000);
    }
    if (series && fake_engine_calls(bench.engine, series) < asked + REFRESHES)
        die("the charts were not asked for");
    fake_engine_move(bench.engine, 0);
    return (double)(terminal_bytes(bench.t) - before) / REFRESHES;
}

static void bench_refresh(void)
{
    open_console(H, W, "connectors");
    expect("Connectors (3)");
    figure("console_table_refresh", refresh_bytes(NULL), "B", 300, "", 0);
    close_console();
    open_console(50, 200, "connectors"); /* with sparklines, which come every ten seconds */
    expect("rate, 2 m");
    figure("console_wide_table_refresh", refresh_bytes(NULL), "B", 300, "", 0);
    close_console();
    open_console(50, 200, "overview");
    expect("Bottleneck");
    figure("console_chart_refresh", refresh_bytes("recorder.series"), "B", 2000, "", 0);
    close_console();
    open_console(50, 200, "airports");
    expect("81,402");
    figure("console_dashboard_refresh", refresh_bytes("dashboard.data"), "B", 2000, "", 0);
    close_console();
}

/* ---- keys ---- */

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* The 99th percentile of the time from a key to its first byte, ms. */
static double key_p99_ms(void)
{
    static int64_t took[KEYS];
    for (int i = 0; i < KEYS; i++) {
        took[i] = terminal_answer_us(bench.t, i % 2 ? "k" : "j");
        if (took[i] < 0)
            die("a key is not answered");
    }
    qsort(took, KEYS, sizeof *took, by_value);
    return (double)took[KEYS * 99 / 100] / 1000;
}

static void bench_keys(void)
{
    open_console(H, W, "connectors");
    expect("Connectors (3)");
    figure("console_key_p99", key_p99_ms(), "ms", 20, "", 0);
    fake_engine_freeze(bench.engine, true);
    figure("console_key_p99_hung", key_p99_ms(), "ms", 20, "", 0);
    fake_engine_freeze(bench.engine, false);
    fake_engine_stop(bench.engine);
    bench.engine = NULL;
    expect("engine away");
    figure("console_key_p99_dead", key_p99_ms(), "ms", 20, "", 0);
    close_console();
}

static void bench_start(void)
{
    static int64_t took[STARTS];
    for (int i = 0; i < STARTS; i++) { /* no engine: the frame does not wait for one */
        int64_t from = clock_mono_us();
        open_console(H, W, "overview");
        expect("1 Overview");
        took[i] = clock_mono_us() - from;
        close_console();
    }
    qsort(took, STARTS, sizeof *took, by_value);
    figure("console_start", (double)took[STARTS / 2] / 1000, "ms", 50, "", 0);
}

/* ---- many rows ---- */

/* 10,000 more of a list of the snapshot, as its first one. */
static void many_of(const char *list, const char *name_form)
{
    char name[64];
    json_t *snapshot = fake_snapshot();
    json_t *all = json_object_get(snapshot, list);
    for (int i = 0; i < MANY; i++) {
        json_t *one = json_deep_copy(json_array_get(all, 0));
        (void)snprintf(name, sizeof name, name_form, i);
        (void)json_object_set_new(one, "name", json_string(name));
        (void)json_array_append_new(all, one);
    }
    fake_engine_snapshot(bench.engine, snapshot);
}

/* The slowest key of a filter that is typed, ms. */
static double filter_ms(const char *letters)
{
    int64_t worst = 0;
    char key[2] = "";
    (void)terminal_answer_us(bench.t, "/");
    for (const char *c = letters; *c; c++) {
        key[0] = *c;
        int64_t us = terminal_answer_us(bench.t, key);
        if (us < 0)
            die("a key of the filter is not answered");
        worst = us > worst ? us : worst;
    }
    return (double)worst / 1000;
}

static void figure_of(const char *what, const char *of, double value, const char *unit, double most)
{
    char name[64];
    (void)snprintf(name, sizeof name, "console_%s_10k_%s", what, of);
    figure(name, value, unit, most, "", 0);
}

/* What a list of 10,000 costs: to filter it, to go down it, and the console's memory. */
static void many_figures(const char *of, const char *letters, const char *found)
{
    figure_of("key", of, key_p99_ms(), "ms", 20);
    figure_of("filter", of, filter_ms(letters), "ms", 50);
    expect(found);
    (void)terminal_idle(bench.t, 3000); /* refreshes too */
    figure_of("rss", of, rss_mib(terminal_pid(bench.t)), "MiB", RSS_MIB);
    close_console();
}

static void bench_many_topics(void)
{
    many_of("topics", "p.many_%05d");
    open_console(H, W, "topics");
    expect("p.many_00001");
    many_figures("topics", "many_0999", "p.many_09991");
}

static void bench_many_connectors(void)
{
    many_of("connectors", "many-%05d");
    open_console(H, W, "connectors");
    expect("many-00001");
    many_figures("connectors", "many-0999", "many-09991");
}

/* The runs of a DAG come in pages, as somebody goes down. */
static void bench_many_runs(void)
{
    fake_engine_snapshot(bench.engine, fake_snapshot());
    fake_engine_runs(bench.engine, MANY);
    open_console(H, W, "dags");
    expect("airports_traffic");
    terminal_type(bench.t, "\r");
    expect("10000");
    for (int i = 0; i < MANY && !strstr(terminal_text(bench.t), ">       1 "); i++) {
        terminal_type(bench.t, "G");
        (void)terminal_idle(bench.t, 50);
    }
    terminal_type(bench.t, "\033OH"); /* Home */
    many_figures("runs", "9950", "9950");
    fake_engine_runs(bench.engine, 0);
}

static void bench_rss(void)
{
    static const char *const panes[] = {"1", "2", "3", "4", "5", "6", "7", "8", "9", "0"};
    open_console(50, 200, "overview");
    expect("Bottleneck");
    for (size_t i = 0; i < sizeof panes / sizeof panes[0]; i++) {
        terminal_type(bench.t, panes[i]);
        (void)terminal_idle(bench.t, 300);
    }
    figure("console_rss", rss_mib(terminal_pid(bench.t)), "MiB", RSS_MIB, "", 0);
    close_console();
}

static void start_engine(void)
{
    bench.engine = fake_engine_start(bench.path);
    if (!bench.engine)
        die("cannot start the fake engine");
}

static bool any_wanted(const char *prefix)
{
    size_t n = strlen(prefix);
    for (int i = 0; i < bench.out.n_only; i++)
        if (!strncmp(bench.out.only[i], prefix, n))
            return true;
    return bench.out.n_only == 0;
}

/* One of the figures of 10,000 of them. */
static bool any_wanted_of(const char *of)
{
    for (int i = 0; i < bench.out.n_only; i++)
        if (strstr(bench.out.only[i], "_10k_") && strstr(bench.out.only[i], of))
            return true;
    return bench.out.n_only == 0;
}

int main(int argc, char **argv)
{
    bench.out.only = calloc((size_t)argc, sizeof *bench.out.only);
    for (int i = 1; i < argc && bench.out.only; i++) {
        if (!strcmp(argv[i], "--json"))
            bench.out.json = true;
        else if (argv[i][0] != '-')
            bench.out.only[bench.out.n_only++] = argv[i];
    }
    (void)strcpy(bench.dir, "/tmp/fd-console-XXXXXX");
    if (!mkdtemp(bench.dir))
        die("cannot make a folder under /tmp");
    (void)snprintf(bench.path, sizeof bench.path, "%s/control.sock", bench.dir);
    if (any_wanted("console_start"))
        bench_start();
    start_engine();
    if (any_wanted("console_idle"))
        bench_idle();
    if (any_wanted("console_table_refresh") || any_wanted("console_chart_refresh") ||
        any_wanted("console_dashboard_refresh"))
        bench_refresh();
    if (any_wanted_of("topics"))
        bench_many_topics();
    if (any_wanted_of("connectors"))
        bench_many_connectors();
    if (any_wanted_of("runs"))
        bench_many_runs();
    fake_engine_snapshot(bench.engine, fake_snapshot());
    if (any_wanted("console_rss"))
        bench_rss();
    if (any_wanted("console_key"))
        bench_keys();
    fake_engine_stop(bench.engine);
    (void)unlink(bench.path);
    char lock[80];
    (void)snprintf(lock, sizeof lock, "%s.lock", bench.path);
    (void)unlink(lock);
    (void)rmdir(bench.dir);
    free(bench.out.only);
    return bench.out.failed ? 1 : 0;
}
