/* Tasks of the kinds that look and change nothing: verify, test. */
#include "backend/base/clock.h"
#include "backend/engine/engine_run.h"
#include "backend/engine/refresh.h"
#include "backend/engine/schedule_run.h"

enum { VERIFY_TIMEOUT_US = 60 * 1000000 };

static bool canceled(void *arg)
{
    return task_run_canceled(arg);
}

static void progress(void *arg, const char *what)
{
    task_run_log(arg, "%s", what);
}

/* Keys only: rows may hold what does not belong into a log. */
static void log_table(struct task_run *t, const struct verify_table *v, const char *left,
                      const char *right)
{
    if (v->outcome == VERIFY_SAME) {
        task_run_log(t, "%s: the same, %lld rows", v->name, (long long)v->source_rows);
        return;
    }
    if (v->outcome == VERIFY_STALE)
        task_run_log(t, "%s: stale since %s, not compared", v->name, v->since);
    else if (v->outcome == VERIFY_NOT_MADE)
        task_run_log(t, "%s: not made yet", v->name);
    else if (v->outcome == VERIFY_NO_SINK)
        task_run_log(t, "%s: no sink loads it", v->name);
    else
        task_run_log(t, "%s: DIFFERS, %lld rows in %s, %lld in %s", v->name,
                     (long long)v->source_rows, left, (long long)v->raw_rows, right);
    for (int i = 0; i < v->n_differences; i++)
        task_run_log(t, "  key %s", v->differences[i].key);
}

enum err engine_task_verify(struct engine *g, struct task_run *t, struct errbuf *e)
{
    const struct verify_hooks hooks = {.canceled = canceled, .progress = progress, .arg = t};
    struct verify_report report = {0};
    int differ = 0;
    enum err rc =
        engine_verify(g->config, task_run_task(t)->names, VERIFY_TIMEOUT_US, &hooks, &report, e);
    for (int i = 0; i < report.n; i++) {
        log_table(t, &report.tables[i], "the source", "raw");
        freshness_checked(g->freshness, report.tables[i].name,
                          report.tables[i].outcome == VERIFY_SAME, clock_wall_us());
        differ += report.tables[i].outcome != VERIFY_SAME;
    }
    for (int i = 0; i < report.n_views; i++) {
        log_table(t, &report.views[i], "raw", "dwh");
        differ += report.views[i].outcome != VERIFY_SAME;
    }
    for (int i = 0; i < report.n_marts; i++) {
        const struct verify_table *m = &report.marts[i];
        log_table(t, m, "the source", "the mart");
        if (m->outcome == VERIFY_SAME || m->outcome == VERIFY_DIFFERS)
            freshness_checked(g->freshness, m->name, m->outcome == VERIFY_SAME, clock_wall_us());
        differ += report.marts[i].outcome == VERIFY_DIFFERS;
    }
    if (!rc && report.unseen)
        task_run_log(t, "not compared, as they are of other sources: the tables of %s",
                     report.unseen);
    if (!rc && !report.same)
        rc = err_set(e, ERR_DIFFER, "%d of %d tables, views and marts differ", differ,
                     report.n + report.n_views + report.n_marts);
    verify_report_free(&report);
    return rc && task_run_canceled(t) ? err_set(e, ERR_CANCELED, "was told to end") : rc;
}

static void tell_test(void *arg, const struct datatest *test, const struct datatest_result *r)
{
    struct task_run *t = arg;
    if (test->kind == DATATEST_FRESHNESS && r->count < 0)
        task_run_log(t, "%-4s %s: no row", datatest_status_word(r->status), test->name);
    else if (test->kind == DATATEST_FRESHNESS)
        task_run_log(t, "%-4s %s: %lld s old", datatest_status_word(r->status), test->name,
                     (long long)r->count);
    else if (r->status == DATATEST_PASS)
        task_run_log(t, "pass %s, %.3f s", test->name, (double)r->run_us / 1e6);
    else
        task_run_log(t, "%-4s %s: %lld rows are wrong; %s", datatest_status_word(r->status),
                     test->name, (long long)r->count, r->header);
    for (int i = 0; i < r->n_rows; i++)
        task_run_log(t, "     %s", r->rows[i]);
}

static void interrupt(void *arg)
{
    warehouse_cancel(arg);
}

enum err engine_task_test(struct engine *g, struct task_run *t, struct errbuf *e)
{
    const struct datatests *tests = refresh_tests(g->refresh);
    const struct warehouse_options o = {.odbc = g->config->warehouse.odbc,
                                        .dialect = config_dialect_word(g->config),
                                        .label = "flightdeck test"};
    struct warehouse *w = NULL;
    struct datatest_summary sum = {.passed = 0};
    if (!datatests_count(tests)) {
        task_run_skip(t, "no tests are declared");
        return ERR_OK;
    }
    enum err rc = warehouse_open(&o, &w, e);
    if (!rc) {
        task_run_on_cancel(t, interrupt, w);
        rc = task_run_canceled(t)
                 ? err_set(e, ERR_CANCELED, "canceled")
                 : datatests_run(w, tests, task_run_task(t)->names, tell_test, t, &sum, e);
        task_run_on_cancel(t, NULL, NULL);
        task_run_log(t, "%d passed, %d warned, %d failed", sum.passed, sum.warned, sum.failed);
    }
    warehouse_close(w);
    return rc && task_run_canceled(t) ? err_set(e, ERR_CANCELED, "was told to end") : rc;
}
