/*
 * flightdeck batch: the engine in the foreground, once: sync what was committed at the start,
 * verify, report, leave.
 *
 * For cron and CI. "Synced" is what verify waits for: a snapshot of the source is taken at the
 * start, and all that it sees has to be in raw. Then each DAG runs once, those that load the model
 * first, and verify goes on to the model. A connector that somebody paused would keep some of
 * it back: that is said before anything moves, and --resume runs it. Exit: 0 done and the same, 4
 * data differ, 1 a connector failed, 2 configuration, 3 cannot connect, 130 interrupted.
 */
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/base/clock.h"
#include "backend/base/log.h"
#include "backend/engine/engine.h"
#include "backend/engine/engine_refresh.h"
#include "console/commands.h"
#include "console/exit_codes.h"
#include "console/options.h"
#include "console/report.h"

enum {
    ARGUMENT_TEXT_MAX = 8192,
    NAMES_MAX = 256,
    ARENAS_MAX = 2,
    TIMEOUT_S = 120,
    TIMEOUT_MAX_S = 86400,
    SAY_EVERY_US = 1000000
};

struct batch {
    const struct config *config;
    struct engine *engine;
    bool terminal;
    bool json;
    bool resume;
    int64_t began_us;
    int64_t synced_us; /* Kafka holds it all */
    int64_t loaded_us; /* raw holds it all */
    int64_t said_us;
    int64_t last_progress_us;
    int64_t patience_us;
    int64_t last_total;
    enum err failure;
    struct errbuf why;
    const char *doing;
    /* what is refreshed once raw holds it all */
    bool refreshes;
    const char *const *dags; /* NULL: all */
    const char *const *backfill;
    struct engine_refresh_report refreshed;
};

static volatile sig_atomic_t interrupted;

static void on_signal(int sig)
{
    (void)sig;
    interrupted = 1;
}

static void say(struct batch *b, int64_t captured, int64_t loaded)
{
    char a[32];
    char c[32];
    int64_t now = clock_mono_us();
    if (!b->terminal || now - b->said_us < SAY_EVERY_US)
        return;
    b->said_us = now;
    (void)fprintf(stderr, "\r\033[K%6.1f s  captured %s  loaded %s  %s ",
                  (double)(now - b->began_us) / 1e6, report_number(captured, a),
                  report_number(loaded, c), b->doing);
}

/* Asked by verify while it waits: give up when a connector has failed, or nothing moves any more.
 */
static bool canceled(void *arg)
{
    struct batch *b = arg;
    int64_t captured;
    int64_t loaded;
    int64_t dead;
    int64_t now = clock_mono_us();
    engine_totals(b->engine, &captured, &loaded, &dead);
    say(b, captured, loaded);
    if (captured + loaded != b->last_total) {
        b->last_total = captured + loaded;
        b->last_progress_us = now;
    }
    if (interrupted) {
        b->failure = err_set(&b->why, ERR_CANCELED, "interrupted");
        return true;
    }
    b->failure = engine_failed(b->engine, &b->why);
    if (!b->failure && now - b->last_progress_us > b->patience_us)
        b->failure = engine_stalled(b->engine, &b->why);
    return b->failure != ERR_OK;
}

static void progress(void *arg, const char *what)
{
    struct batch *b = arg;
    int64_t now = clock_mono_us();
    if (!strcmp(what, "waiting for the sinks"))
        b->synced_us = now;
    else if (strcmp(what, "waiting for the slot") != 0 && !b->loaded_us)
        b->loaded_us = now;
    b->doing = what;
}

static bool refresh_canceled(void *arg)
{
    struct batch *b = arg;
    int64_t captured;
    int64_t loaded;
    int64_t dead;
    engine_totals(b->engine, &captured, &loaded, &dead);
    say(b, captured, loaded);
    return interrupted;
}

static void refresh_progress(void *arg, const char *dag)
{
    ((struct batch *)arg)->doing = dag;
}

/* The first task that failed, as the batch's error. */
static enum err refresh_failure(const struct engine_refresh_report *r, struct errbuf *e)
{
    for (int i = 0; i < r->n; i++) {
        const struct engine_refresh_task *t = &r->items[i];
        if (t->state == TI_FAILED)
            return err_set(e, ERR_SQL, "%s%s%s (run %lld): %s", t->dag, t->task[0] ? "." : "",
                           t->task, (long long)t->run, t->reason);
    }
    return err_set(e, ERR_SQL, "a DAG has failed");
}

/* Called once raw holds the snapshot. */
static enum err arrived(void *arg, struct errbuf *e)
{
    struct batch *b = arg;
    const struct engine_refresh_options o = {.dags = b->dags,
                                             .backfill = b->backfill,
                                             .who = "batch",
                                             .canceled = refresh_canceled,
                                             .progress = refresh_progress,
                                             .arg = b};
    if (!b->refreshes)
        return ERR_OK;
    enum err rc = engine_refresh(b->engine, &o, &b->refreshed, e);
    b->last_progress_us = clock_mono_us();
    return rc || b->refreshed.ok ? rc : refresh_failure(&b->refreshed, e);
}

static double seconds(int64_t from, int64_t to)
{
    return to > from && from ? (double)(to - from) / 1e6 : 0;
}

static json_t *report_of(const struct batch *b, const struct report_stage *stages, int64_t dead,
                         const struct verify_report *r, const struct errbuf *failed)
{
    return json_pack("{s:b, s:s*, s:f, s:[{s:s, s:I, s:f}, {s:s, s:I, s:f}], s:I, s:o, s:o}", "ok",
                     !failed && r && r->same, "error", failed ? failed->text : NULL, "seconds",
                     seconds(b->began_us, clock_mono_us()), "stages", "stage", stages[0].name,
                     "rows", (json_int_t)stages[0].rows, "seconds", stages[0].seconds, "stage",
                     stages[1].name, "rows", (json_int_t)stages[1].rows, "seconds",
                     stages[1].seconds, "dead_letters", (json_int_t)dead, "refresh",
                     report_refresh(&b->refreshed), "verify", r ? report_verify(r) : json_null());
}

/* failed NULL: it has not. A text of nothing at all is left out: the error has said why. */
static enum err print_report(const struct batch *b, const struct verify_report *r,
                             const struct errbuf *failed, struct errbuf *e)
{
    int64_t captured;
    int64_t loaded;
    int64_t dead;
    int64_t now = clock_mono_us();
    engine_totals(b->engine, &captured, &loaded, &dead);
    struct report_stage stages[] = {
        {"capture", captured, seconds(b->began_us, b->synced_us ? b->synced_us : now)},
        {"load", loaded, seconds(b->began_us, b->loaded_us ? b->loaded_us : now)},
    };
    if (b->json) {
        json_t *j = report_of(b, stages, dead, r, failed);
        enum err rc = report_json(j, JSON_INDENT(2), stdout, e);
        json_decref(j);
        return rc;
    }
    if (failed && !captured && !loaded && !dead)
        return ERR_OK;
    (void)printf("batch: %.1f s\n", seconds(b->began_us, now));
    report_stages_text(stages, 2, stdout);
    if (dead)
        (void)printf("  %lld record%s went to dead-letter topics\n", (long long)dead,
                     dead == 1 ? "" : "s");
    report_refresh_text(&b->refreshed, stdout);
    report_tests_text(&b->refreshed, stdout);
    if (r)
        report_verify_text(r, stdout);
    return ERR_OK;
}

/* Verify would wait for a model that nothing loads. */
static bool loads_model(const struct batch *b)
{
    bool loads = engine_refresh_loads_model(b->engine, b->dags);
    if (!loads && b->config->model)
        (void)fprintf(
            stderr, "flightdeck batch: no DAG that runs has a task of the kind `model`, so dwh is "
                    "neither refreshed nor verified (docs/dags.md)\n");
    return loads;
}

static int run(struct batch *b)
{
    struct errbuf e;
    struct verify_report r = {0};
    enum err rc = engine_create(b->config, &b->engine, &e);
    if (!rc)
        rc = engine_check_paused(b->engine, b->resume, "batch", &e);
    if (!rc)
        rc = engine_start(b->engine, &e);
    if (!rc)
        rc = engine_start_schedule(b->engine, true, &e);
    b->began_us = b->last_progress_us = clock_mono_us();
    b->doing = "starting";
    struct verify_hooks hooks = {.canceled = canceled,
                                 .progress = progress,
                                 .arrived = arrived,
                                 .raw_only = !b->refreshes || (!rc && !loads_model(b)),
                                 .arg = b};
    bool ran = !rc;
    if (!rc)
        rc = engine_verify(b->config, NULL, INT64_MAX, &hooks, &r, &e);
    if (rc == ERR_CANCELED && b->failure) {
        rc = b->failure;
        e = b->why;
    }
    /* what verify saw may be the same while a connector of other tables has failed */
    if (!rc)
        rc = engine_failed(b->engine, &e);
    if (b->terminal)
        (void)fputs("\r\033[K", stderr);
    int code = rc ? report_failure("batch", b->config->file, &e) : r.same ? EXIT_DONE : EXIT_DIFFER;
    struct errbuf why;
    if (ran && print_report(b, rc ? NULL : &r, rc ? &e : NULL, &why))
        code = report_error("batch", &why);
    verify_report_free(&r);
    engine_refresh_report_free(&b->refreshed);
    if (ran) {
        rc = engine_stop(b->engine, &e);
        if (rc && code == EXIT_DONE)
            code = report_error("batch", &e);
    }
    engine_destroy(b->engine);
    return code;
}

/* Splits the value of --refresh at its commas, in place. */
static int split(char *text, const char **out)
{
    int n = 0;
    for (char *word = strtok(text, ","); word && n < NAMES_MAX; word = strtok(NULL, ","))
        out[n++] = word;
    out[n] = NULL;
    return n;
}

/* --refresh all|none|DAG,..  --backfill DAG=N .. */
static int read_refresh(struct batch *b, const struct arguments *a, char *names, const char **dags,
                        const char **backfill)
{
    const char *refresh = arguments_value(a, "refresh");
    int n = 0;
    for (int i = 0; i < a->n_given && n < NAMES_MAX; i++)
        if (!strcmp(a->given[i].name, "backfill"))
            backfill[n++] = a->given[i].value;
    backfill[n] = NULL;
    b->backfill = backfill;
    b->refreshes = !refresh || strcmp(refresh, "none") != 0;
    if (refresh && b->refreshes && strcmp(refresh, "all") != 0) {
        (void)snprintf(names, ARGUMENT_TEXT_MAX, "%s", refresh);
        if (!split(names, dags))
            return command_fail(a, EXIT_USAGE, "--refresh: all, none or names of DAGs");
        b->dags = dags;
    }
    return EXIT_DONE;
}

int cmd_batch(int argc, char **argv)
{
    char names[ARGUMENT_TEXT_MAX];
    const char *dags[NAMES_MAX + 1];
    const char *backfill[NAMES_MAX + 1];
    struct batch b = {.terminal = isatty(STDERR_FILENO) != 0};
    struct arguments a;
    struct config *c = NULL;
    struct errbuf e;
    int64_t timeout;
    int code = arguments_read(argc, argv, &a);
    if (!code)
        code = arguments_number(&a, "timeout", 1, TIMEOUT_MAX_S, TIMEOUT_S, &timeout);
    if (!code)
        code = read_refresh(&b, &a, names, dags, backfill);
    if (!code)
        code = arguments_config(&a, &c);
    if (code)
        return code;
    const char *report = arguments_value(&a, "report");
    b.patience_us = timeout * 1000000;
    b.resume = arguments_flag(&a, "resume");
    b.json = arguments_flag(&a, "json") || (report && !strcmp(report, "json"));
    (void)mallopt(M_ARENA_MAX, ARENAS_MAX);
    (void)signal(SIGPIPE, SIG_IGN);
    if (config_require(c, NEEDS_KAFKA | NEEDS_WAREHOUSE, &e) != ERR_OK) {
        config_free(c);
        return report_error("batch", &e);
    }
    /* What becomes of a connector is told by the report, once; log.level=debug shows the way there.
     */
    bool silent = c->log.level != LOG_DEBUG;
    log_configure(STDERR_FILENO, c->log.format,
                  c->log.level == LOG_INFO ? LOG_WARNING : c->log.level);
    log_mute(silent ? "connector" : NULL);
    const struct sigaction act = {.sa_handler = on_signal};
    (void)sigaction(SIGINT, &act, NULL);
    (void)sigaction(SIGTERM, &act, NULL);
    b.config = c;
    code = run(&b);
    config_free(c);
    return code;
}
