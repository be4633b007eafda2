/* The store's tables of runs: what goes in comes out, one change is one transaction, logs and runs
 * are bounded, and a disk that is full or read-only is told in words and costs nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/base/clock.h"
#include "backend/state/store_internal.h"
#include "queries/queries.h"

struct place {
    char dir[256];
    struct store *s;
};

static void good(enum err rc, const struct errbuf *e)
{
    if (rc)
        fail_msg("%s: %s", err_word(rc), e->text);
}

static void open_store(struct place *p)
{
    struct errbuf e;
    good(store_open(p->dir, &p->s, &e), &e);
}

static int setup(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    const char *tmp = getenv("TMPDIR");
    assert_non_null(p);
    (void)snprintf(p->dir, sizeof p->dir, "%s/flightdeck-runs-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(p->dir));
    open_store(p);
    *state = p;
    return 0;
}

static int teardown(void **state)
{
    struct place *p = *state;
    char path[600];
    const struct dirent *d;
    store_close(p->s);
    DIR *dir = opendir(p->dir);
    while (dir && (d = readdir(dir)) != NULL) {
        (void)snprintf(path, sizeof path, "%s/%s", p->dir, d->d_name);
        if (d->d_name[0] != '.')
            (void)unlink(path);
    }
    if (dir)
        (void)closedir(dir);
    (void)rmdir(p->dir);
    free(p);
    return 0;
}

static struct store_run make(const char *dag, enum run_kind kind, int lane, int64_t logical)
{
    return (struct store_run){.dag = dag,
                              .kind = kind,
                              .lane = lane,
                              .state = RUN_QUEUED,
                              .logical_us = logical,
                              .begin_us = logical,
                              .end_us = logical + 5,
                              .params = "{\"a\":\"ж'\"}",
                              .who = "tester",
                              .created_us = 77};
}

static int64_t add(struct place *p, const char *dag, enum run_kind kind, int lane, int64_t logical)
{
    struct errbuf e;
    struct store_run r = make(dag, kind, lane, logical);
    good(store_runs_insert(p->s, &r, 1, NULL, &e), &e);
    return r.id;
}

static void end_run(struct place *p, int64_t id, int64_t at)
{
    struct errbuf e;
    const struct store_run head = {.state = RUN_SUCCESS,
                                   .started_us = at - 1,
                                   .ended_us = at,
                                   .rows = 4,
                                   .reason = "",
                                   .params = "{}",
                                   .who = "x"};
    const struct store_task task = {.task = "t", .state = TI_SUCCESS, .attempt = 1, .reason = ""};
    const struct store_try try = {.task = "t", .state = TI_SUCCESS, .attempt = 1, .reason = ""};
    const struct store_run_changes c = {
        .run = id, .state = &head, .n_tasks = 1, .tasks = &task, .n_tries = 1, .tries = &try};
    good(store_run_write(p->s, &c, &e), &e);
}

static int64_t number(struct place *p, const char *sql)
{
    sqlite3_stmt *st;
    assert_int_equal(sqlite3_prepare_v2(p->s->db, sql, -1, &st, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    int64_t n = sqlite3_column_int64(st, 0);
    (void)sqlite3_finalize(st);
    return n;
}

/* A store of before there were DAGs: what it has stays, and it has them now. */
static void test_an_older_store(void **state)
{
    struct place *p = *state;
    char path[400];
    sqlite3 *db;
    struct errbuf e;
    struct store_connectors l;
    store_close(p->s);
    p->s = NULL;
    (void)snprintf(path, sizeof path, "%s/flightdeck.db", p->dir);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, query_text("store/migrate_1"), NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                                  "INSERT INTO connectors VALUES ('c', '{}', 'PAUSED', 1, 2); "
                                  "INSERT INTO events VALUES (7, 1, 'l', 'a', 'w', 'o', 't')",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    struct store *reader = NULL;
    assert_int_equal(store_open_to_read(p->dir, &reader, &e), ERR_UNSUPPORTED);
    open_store(p);
    good(store_connector_get(p->s, "c", &l, &e), &e);
    assert_int_equal(l.items[0].state, STORE_PAUSED);
    store_connectors_free(&l);
    assert_int_equal(number(p, "SELECT max(id) FROM events"), 7);
    assert_int_equal(add(p, "d", RUN_KIND_MANUAL, 0, 1), 1);
}

/* ---- runs ---- */

static void test_a_run_is_unique(void **state)
{
    struct place *p = *state;
    int64_t id = add(p, "d", RUN_KIND_SCHEDULE, 1, 1000);
    assert_true(id > 0);
    assert_int_equal(add(p, "d", RUN_KIND_SCHEDULE, 1, 1000), 0);
    assert_true(add(p, "d", RUN_KIND_MANUAL, 0, 1000) > id);
    assert_true(add(p, "d", RUN_KIND_SCHEDULE, 1, 1001) > id);
    assert_true(add(p, "e", RUN_KIND_SCHEDULE, 1, 1000) > id);
    store_close(p->s);
    open_store(p);
    struct store_runs l;
    struct errbuf e;
    good(store_run_by_key(p->s, "d", 1000, RUN_KIND_SCHEDULE, &l, &e), &e);
    assert_int_equal(l.n, 1);
    assert_int_equal(l.items[0].id, id);
    assert_int_equal(l.items[0].end_us, 1005);
    assert_string_equal(l.items[0].params, "{\"a\":\"ж'\"}");
    assert_string_equal(l.items[0].who, "tester");
    assert_int_equal(l.items[0].rows, -1);
    store_runs_free(&l);
    assert_int_equal(store_run_get(p->s, 99, &l, &e), ERR_NOT_FOUND);
    assert_non_null(strstr(e.text, "99"));
}

static void test_a_run_and_its_dag_go_together(void **state)
{
    struct place *p = *state;
    struct errbuf e;
    struct store_dags l;
    struct store_run r = make("d", RUN_KIND_SCHEDULE, 1, 10);
    struct store_dag d = {.name = "d", .paused = true, .last_fire_us = 15, .backfill_running = 2};
    good(store_runs_insert(p->s, &r, 1, &d, &e), &e);
    d = (struct store_dag){.name = "c", .last_fire_us = INT64_MIN, .changed_us = 9};
    good(store_dag_put(p->s, &d, &e), &e);
    good(store_dags_list(p->s, &l, &e), &e);
    assert_int_equal(l.n, 2);
    assert_true(l.items[0].last_fire_us == INT64_MIN);
    assert_int_equal(l.items[0].changed_us, 9);
    assert_true(l.items[1].paused);
    assert_int_equal(l.items[1].last_fire_us, 15);
    assert_int_equal(l.items[1].backfill_running, 2);
    store_dags_free(&l);
}

static void test_the_next_one(void **state)
{
    struct place *p = *state;
    struct store_runs l;
    struct errbuf e;
    int64_t first = add(p, "d", RUN_KIND_BACKFILL, 2, 30);
    (void)add(p, "d", RUN_KIND_BACKFILL, 2, 10);
    int64_t other = add(p, "d", RUN_KIND_MANUAL, 0, 20);
    good(store_run_next(p->s, "d", 2, &l, &e), &e);
    assert_int_equal(l.items[0].id, first); /* as they were added */
    store_runs_free(&l);
    good(store_run_next(p->s, "d", 0, &l, &e), &e);
    assert_int_equal(l.items[0].id, other);
    store_runs_free(&l);
    good(store_run_next(p->s, "d", 1, &l, &e), &e);
    assert_int_equal(l.n, 0);
    store_runs_free(&l);
    end_run(p, first, 100);
    good(store_run_next(p->s, "d", 2, &l, &e), &e);
    assert_int_equal(l.items[0].logical_us, 10);
    store_runs_free(&l);
}

static bool plan_has(struct place *p, const char *query, const char *words)
{
    char sql[2048];
    sqlite3_stmt *st;
    bool found = false;
    (void)snprintf(
        sql, sizeof sql, "EXPLAIN QUERY PLAN %s",
        sqlite3_sql(p->s->statements[!strcmp(query, "next") ? QUERY_run_next : QUERY_runs_active]));
    assert_int_equal(sqlite3_prepare_v2(p->s->db, sql, -1, &st, NULL), SQLITE_OK);
    while (sqlite3_step(st) == SQLITE_ROW)
        found |= strstr((const char *)sqlite3_column_text(st, 3), words) != NULL;
    (void)sqlite3_finalize(st);
    return found;
}

/* However many runs there are, what the dispatcher asks is found by an index of just those. */
static void test_queries_of_the_dispatcher_use_indexes(void **state)
{
    struct place *p = *state;
    assert_true(plan_has(p, "next", "USING INDEX runs_queued (dag=? AND lane=?)"));
    assert_true(plan_has(p, "active", "USING INDEX runs_active"));
}

static int count(struct place *p, struct store_run_filter f)
{
    struct store_runs l;
    struct errbuf e;
    good(store_runs_list(p->s, &f, &l, &e), &e);
    for (int i = 1; i < l.n; i++)
        assert_true(l.items[i].id < l.items[i - 1].id);
    int n = l.n;
    store_runs_free(&l);
    return n;
}

static void test_lists(void **state)
{
    struct place *p = *state;
    for (int i = 0; i < 20; i++)
        (void)add(p, i % 2 ? "d" : "e", i % 4 ? RUN_KIND_SCHEDULE : RUN_KIND_MANUAL, 1, 100 + i);
    end_run(p, 4, 1000);
    assert_int_equal(count(p, (struct store_run_filter){.limit = 100}), 20);
    assert_int_equal(count(p, (struct store_run_filter){.limit = 7}), 7);
    assert_int_equal(count(p, (struct store_run_filter){.dag = "d", .limit = 100}), 10);
    assert_int_equal(count(p, (struct store_run_filter){.dag = "d", .before = 9, .limit = 100}), 4);
    assert_int_equal(
        count(p, (struct store_run_filter){.by_kind = true, .kind = RUN_KIND_MANUAL, .limit = 9}),
        5);
    assert_int_equal(
        count(p, (struct store_run_filter){.by_state = true, .state = RUN_SUCCESS, .limit = 9}), 1);
    assert_int_equal(
        count(p, (struct store_run_filter){.from_us = 105, .to_us = 110, .limit = 100}), 5);
}

/* Those that were made by a moment. */
static void test_list_of_then(void **state)
{
    struct place *p = *state;
    struct errbuf e;
    for (int i = 0; i < 20; i++) {
        struct store_run r = make(i % 2 ? "d" : "e", RUN_KIND_SCHEDULE, 1, 100 + i);
        r.created_us = 1000 + i;
        good(store_runs_insert(p->s, &r, 1, NULL, &e), &e);
    }
    assert_int_equal(count(p, (struct store_run_filter){.at_us = 999, .limit = 100}), 0);
    assert_int_equal(count(p, (struct store_run_filter){.at_us = 1011, .limit = 100}), 12);
    assert_int_equal(count(p, (struct store_run_filter){.dag = "d", .at_us = 1011, .limit = 9}), 6);
    struct store_runs l;
    const struct store_run_filter newest = {.dag = "d", .at_us = 1010, .limit = 1};
    good(store_runs_list(p->s, &newest, &l, &e), &e);
    assert_int_equal(l.n, 1);
    assert_int_equal(l.items[0].created_us, 1009);
    store_runs_free(&l);
}

static void test_words(void **state)
{
    (void)state;
    struct errbuf e;
    enum run_kind k;
    enum run_state r;
    enum task_instance_state t;
    for (int i = 0; i < RUN_KIND_COUNT; i++) {
        good(run_kind_parse(run_kind_word((enum run_kind)i), &k, &e), &e);
        assert_int_equal(k, i);
    }
    for (int i = 0; i < RUN_STATE_COUNT; i++) {
        good(run_state_parse(run_state_word((enum run_state)i), &r, &e), &e);
        assert_int_equal(r, i);
    }
    for (int i = 0; i < TI_STATE_COUNT; i++) {
        good(store_task_state_parse(task_instance_state_word((enum task_instance_state)i), &t, &e),
             &e);
        assert_int_equal(t, i);
    }
    assert_int_equal(run_state_parse("asleep", &r, &e), ERR_NOT_FOUND);
    assert_non_null(strstr(e.text, "queued, running"));
}

/* ---- logs ---- */

static void test_logs(void **state)
{
    struct place *p = *state;
    struct errbuf e;
    struct store_log l;
    int64_t id = add(p, "d", RUN_KIND_MANUAL, 0, 1);
    struct store_log_writer w = {.run = id, .task = "t", .attempt = 1, .max = 1 << 20};
    assert_int_equal(store_log_read(p->s, id, "t", 0, 0, 100, &l, &e), ERR_NOT_FOUND);
    end_run(p, id, 10);
    for (int i = 0; i < 10; i++) {
        char text[32];
        (void)snprintf(text, sizeof text, "line %d\n", i);
        good(store_log_add(p->s, &w, 1000 + i, text, &e), &e);
    }
    good(store_log_read(p->s, id, "t", 0, 0, 25, &l, &e), &e);
    assert_int_equal(l.n, 4);
    assert_true(l.more);
    assert_string_equal(l.items[3].text, "line 3\n");
    int64_t after = l.items[3].id;
    store_log_free(&l);
    good(store_log_read(p->s, id, "t", 1, after, 1000, &l, &e), &e);
    assert_int_equal(l.n, 6);
    assert_false(l.more);
    assert_int_equal(l.items[5].ts_us, 1009);
    assert_int_equal(l.dropped, 0);
    store_log_free(&l);
}

static void test_a_log_is_bounded(void **state)
{
    struct place *p = *state;
    enum { MAX = 40000, LINES = 5000 };
    struct errbuf e;
    struct store_log l;
    int64_t id = add(p, "d", RUN_KIND_MANUAL, 0, 1);
    struct store_log_writer w = {.run = id, .task = "t", .attempt = 1, .max = MAX};
    end_run(p, id, 10);
    for (int i = 0; i < LINES; i++) {
        char text[32];
        (void)snprintf(text, sizeof text, "this is line number %5d\n", i);
        good(store_log_add(p->s, &w, i, text, &e), &e);
    }
    good(store_log_read(p->s, id, "t", 1, 0, INT64_MAX, &l, &e), &e);
    int64_t bytes = 0;
    for (int i = 0; i < l.n; i++)
        bytes += (int64_t)strlen(l.items[i].text);
    assert_true(bytes <= MAX && bytes > MAX / 2);
    assert_int_equal(bytes + l.dropped, LINES * 26);
    assert_string_equal(l.items[0].text, "this is line number     0\n");
    assert_string_equal(l.items[l.n - 1].text, "this is line number  4999\n");
    int gaps = 0; /* one, behind the head */
    for (int i = 1; i < l.n; i++)
        if (l.items[i].ts_us != l.items[i - 1].ts_us + 1) {
            gaps++;
            assert_int_equal(l.items[i - 1].id, l.head);
        }
    assert_int_equal(gaps, 1);
    store_log_free(&l);
}

static void test_runs_are_bounded(void **state)
{
    struct place *p = *state;
    struct errbuf e;
    int n;
    int64_t all = 0;
    for (int i = 1; i <= 30; i++) {
        int64_t id = add(p, "d", RUN_KIND_SCHEDULE, 1, i);
        end_run(p, id, i * 100);
        struct store_log_writer w = {.run = id, .task = "t", .attempt = 1, .max = 100};
        good(store_log_add(p->s, &w, 1, "x\n", &e), &e);
    }
    int64_t waits = add(p, "d", RUN_KIND_MANUAL, 0, 5);
    good(store_runs_prune(p->s, "d", 501, 1000, 50, &n, &e), &e); /* by age */
    assert_int_equal(n, 5);
    do {
        good(store_runs_prune(p->s, "d", 0, 10, 6, &n, &e), &e); /* by number */
        assert_true(n <= 6);
        all += n;
    } while (n);
    assert_int_equal(all, 16);
    assert_int_equal(number(p, "SELECT count(*) FROM runs"), 10);
    assert_int_equal(number(p, "SELECT count(*) FROM tasks"), 9);
    assert_int_equal(number(p, "SELECT count(*) FROM tries"), 9);
    assert_int_equal(number(p, "SELECT count(*) FROM logs"), 9);
    end_run(p, waits, 9999);
    good(store_runs_prune(p->s, "d", INT64_MAX, 10, 50, &n, &e), &e);
    assert_int_equal(number(p, "SELECT count(*) FROM runs"), 1); /* the newest always stays */
}

static void test_all_logs_together_are_bounded(void **state)
{
    struct place *p = *state;
    struct errbuf e;
    int n;
    int64_t most = number(p, "SELECT page_count FROM pragma_page_count") * 4096 + 500000;
    char text[1001];
    memset(text, 'x', sizeof text - 2);
    text[sizeof text - 2] = '\n';
    text[sizeof text - 1] = '\0';
    for (int i = 0; i < 30; i++) {
        int64_t id = add(p, "d", RUN_KIND_SCHEDULE, 1, i);
        struct store_log_writer w = {.run = id, .task = "t", .attempt = 1, .max = 1 << 20};
        end_run(p, id, 10);
        for (int k = 0; k < 100; k++)
            good(store_log_add(p->s, &w, 1, text, &e), &e);
        good(store_logs_prune(p->s, most, 200, &n, &e), &e);
        assert_true(i > 2 || n == 0);
    }
    assert_true(number(p, "SELECT sum(length(text)) FROM logs") < 600000);
    assert_true(number(p, "SELECT count(*) FROM logs WHERE run = 30") == 100); /* the newest stay */
    assert_true(number(p, "SELECT count(*) FROM logs WHERE run = 1") == 0);
    assert_int_equal(number(p, "SELECT count(*) FROM runs"), 30);
}

/* ---- a file that cannot be written ---- */

static void expect_refused(struct place *p, int64_t id, const char *words)
{
    struct errbuf e;
    struct store_run r = make("d", RUN_KIND_MANUAL, 0, 50);
    struct store_log_writer w = {.run = id, .task = "t", .attempt = 1, .max = 1 << 20};
    char *text = malloc(20000);
    assert_non_null(text);
    memset(text, 'x', 19999);
    text[19999] = '\0';
    const struct store_task task = {.task = "t", .state = TI_FAILED, .attempt = 2, .reason = text};
    const struct store_run_changes c = {.run = id, .n_tasks = 1, .tasks = &task};
    enum err rc = store_log_add(p->s, &w, 1, text, &e);
    if (rc != ERR_IO || !strstr(e.text, words) || !strstr(e.text, p->dir))
        fail_msg("%s: %s", err_word(rc), e.text);
    assert_int_equal(w.bytes, 0);
    assert_int_equal(store_run_write(p->s, &c, &e), ERR_IO);
    r.params = text;
    assert_int_equal(store_runs_insert(p->s, &r, 1, NULL, &e), ERR_IO);
    free(text);
}

static void test_disk_full(void **state)
{
    struct place *p = *state;
    char limit[64];
    int64_t id = add(p, "d", RUN_KIND_MANUAL, 0, 1);
    end_run(p, id, 10);
    (void)snprintf(limit, sizeof limit, "PRAGMA max_page_count = %lld",
                   (long long)number(p, "SELECT page_count FROM pragma_page_count"));
    (void)number(p, limit);
    expect_refused(p, id, "make room on its disk");
    (void)number(p, "PRAGMA max_page_count = 1000000");
    assert_int_equal(number(p, "SELECT count(*) FROM runs"), 1);
    assert_int_equal(number(p, "SELECT attempt FROM tasks"), 1); /* whole transactions only */
    assert_true(add(p, "d", RUN_KIND_MANUAL, 0, 2) > id);
}

static void test_read_only(void **state)
{
    struct place *p = *state;
    struct errbuf e;
    int64_t id = add(p, "d", RUN_KIND_MANUAL, 0, 1);
    end_run(p, id, 10);
    assert_int_equal(sqlite3_exec(p->s->db, "PRAGMA query_only = 1", NULL, NULL, NULL), SQLITE_OK);
    expect_refused(p, id, "must be able to write it");
    struct store_tasks l;
    good(store_tasks_list(p->s, id, &l, &e), &e); /* it can be read all the same */
    assert_int_equal(l.n, 1);
    store_tasks_free(&l);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_an_older_store),
        CASE(test_a_run_is_unique),
        CASE(test_a_run_and_its_dag_go_together),
        CASE(test_the_next_one),
        CASE(test_queries_of_the_dispatcher_use_indexes),
        CASE(test_lists),
        CASE(test_list_of_then),
        CASE(test_words),
        CASE(test_logs),
        CASE(test_a_log_is_bounded),
        CASE(test_runs_are_bounded),
        CASE(test_all_logs_together_are_bounded),
        CASE(test_disk_full),
        CASE(test_read_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
