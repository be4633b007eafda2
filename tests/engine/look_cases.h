/* What an operator asks that servers have to answer, through the commands: dashboards, the
 * warehouse, the source. Included by test_status.c, whose helpers it uses. */
#ifndef TESTS_LOOK_CASES_H
#define TESTS_LOOK_CASES_H

static void look_file(const struct harness *h, const char *name, const char *text)
{
    char path[700];
    (void)snprintf(path, sizeof path, "%s/%s", h->dir, name);
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

/* Fails with the output when it has not each of the words ('|' between), or another exit code. */
static void look_for(int code, char *out, int want, const char *words)
{
    char *all = strdup(words), *save = NULL;
    if (code != want)
        fail_msg("exit code %d: %s", code, out);
    for (char *w = strtok_r(all, "|", &save); w; w = strtok_r(NULL, "|", &save))
        if (!strstr(out, w))
            fail_msg("no `%s` in: %s", w, out);
    free(all);
    free(out);
}

#define LOOK(h, want, words, ...)                                                                  \
    do {                                                                                           \
        char *look_out = NULL;                                                                     \
        int look_code = HARNESS_RUN(h, &look_out, __VA_ARGS__);                                    \
        look_for(look_code, look_out, want, words);                                                \
    } while (0)

static const char look_board[] =
    "dashboard: own\ntitle: Of one's own\ndays: 2\npanels:\n"
    "  - name: range\n    kind: table\n"
    "    query: SELECT CAST(:from AS DATE) AS a, CAST(:to AS DATE) AS b, 7 AS n\n"
    "  - name: many\n    kind: table\n"
    "    query: SELECT g AS i, repeat('x', 10) AS t FROM generate_series(1, 10001) g\n"
    "  - name: slow\n    kind: stat\n    value: s\n    query: SELECT 1 AS s FROM pg_sleep(60)\n";

static const char look_wrong[] =
    "dashboard: wrong\npanels:\n  - {name: none, kind: table, query: SELECT 1 FROM nowhere}\n";

static bool look_sleeps(void *arg)
{
    (void)arg;
    char *n = fixture_sql(fixture_warehouse_conninfo(),
                          "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' "
                          "AND state = 'active' AND application_name = 'flightdeck dashboard'");
    bool one = !strcmp(n, "1");
    free(n);
    return one;
}

/* A question that waits ends with the engine, and so does its statement. */
static void look_at_stop(struct harness *h)
{
    struct client *asks = attach(h);
    assert_non_null(asks);
    send_request(asks, "dashboard.data", json_pack("{s:s, s:s}", "name", "own", "panel", "slow"));
    fixture_wait("the panel's statement runs", WAIT_S, look_sleeps, NULL);
    int64_t began = clock_mono_us();
    stop(h);
    assert_true(clock_mono_us() - began < 15 * 1000000);
    assert_false(look_sleeps(NULL));
    client_close(asks);
}

static void test_dashboard_commands(void **state)
{
    struct harness h;
    char *db = database("s_look");
    (void)state;
    harness_init(&h, "s_look", db, "dashboards: [own.yaml, wrong.yaml]\n");
    look_file(&h, "own.yaml", look_board);
    look_file(&h, "wrong.yaml", look_wrong);
    LOOK(&h, 0, "good; |, 2 dashboards", "config", "check");
    start(&h);
    LOOK(&h, 0, "own    |Of one's own|range", "dashboard", "list");
    LOOK(&h, 0, "own, 2026-01-02 to 2026-01-03|\nrange\n|     a      |2026-01-02 | 2026-01-03 | 7",
         "dashboard", "show", "own", "--panel", "range", "--to", "2026-01-03");
    LOOK(&h, 0, "a,b,n\n2025-12-31,2026-01-03,7\n", "dashboard", "show", "own", "--panel", "range",
         "--to", "2026-01-03", "--from", "2025-12-31", "--csv");
    LOOK(&h, 0, "\"truncated\":true|[10000,\"xxxxxxxxxx\"]]", "dashboard", "show", "own", "--panel",
         "many", "--json");
    LOOK(&h, 1, "panel none: |nowhere", "dashboard", "show", "wrong");
    LOOK(&h, 2, "name it with --panel", "dashboard", "show", "own", "--csv");
    LOOK(&h, 1, "no dashboard is named onw (did you mean `own`?)", "dashboard", "show", "onw");
    LOOK(&h, 2, "`from` is after `to`", "dashboard", "show", "own", "--from", "2026-01-02", "--to",
         "2026-01-01");
    look_at_stop(&h);
    free(db);
}

/* ---- the warehouse ---- */

/* The answer as JSON; the command ends well. */
static json_t *look_json(struct harness *h, const char *command)
{
    char *out = NULL;
    int code = HARNESS_RUN(h, &out, command, "show", "--json");
    json_t *o = json_loads(out, 0, NULL);
    if (code || !o)
        fail_msg("%s show: exit code %d: %s", command, code, out);
    free(out);
    return o;
}

static json_t *look_find(const json_t *answer, const char *list, const char *member,
                         const char *value)
{
    size_t i;
    json_t *x;
    json_array_foreach(json_object_get(answer, list), i, x)
    {
        const char *v = json_string_value(json_object_get(x, member));
        if (v && strstr(v, value))
            return x;
    }
    return NULL;
}

/* A client of the warehouse whose statement runs. */
static PGconn *sleeper(void)
{
    PGconn *c = PQconnectdb(fixture_warehouse_conninfo());
    assert_int_equal(PQstatus(c), CONNECTION_OK);
    assert_int_equal(PQsendQuery(c, "SELECT pg_sleep(61)"), 1);
    fixture_wait_sql(
        fixture_warehouse_conninfo(),
        "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(61)' AND "
        "state = 'active'",
        "1", WAIT_S);
    return c;
}

static void check_figures(const json_t *answer)
{
    const json_t *f = json_object_get(answer, "figures");
    assert_int_equal(json_array_size(f), 13); /* each one, known or not */
    const json_t *size = look_find(answer, "figures", "metric", "vertica_database_size");
    assert_true(json_number_value(json_object_get(size, "value")) > 1e6);
    const json_t *cpu = look_find(answer, "figures", "metric", "vertica_cpu_usage_pct");
    assert_true(json_is_null(json_object_get(cpu, "value")));
}

static void cancel_the_sleeper(struct harness *h, PGconn *c, const char *id)
{
    LOOK(h, 0, "told to end", "warehouse", "cancel", id);
    PGresult *r = PQgetResult(c);
    assert_string_equal(PQresultErrorField(r, PG_DIAG_SQLSTATE), "57014");
    PQclear(r);
    while ((r = PQgetResult(c)))
        PQclear(r);
    /* the session goes on; the id was of that statement alone */
    r = PQexec(c, "SELECT 1");
    assert_int_equal(PQresultStatus(r), PGRES_TUPLES_OK);
    PQclear(r);
    LOOK(h, 1, "does not run any more", "warehouse", "cancel", id);
    LOOK(h, 2, "`x` is no query's id", "warehouse", "cancel", "x");
}

/* A table that somebody holds alone keeps nobody from looking: its size is not known meanwhile. */
static void look_behind_a_lock(struct harness *h)
{
    PGconn *held = hold_table("s_house_public_t");
    json_t *a = look_json(h, "warehouse");
    const json_t *t = look_find(a, "tables", "table_name", "s_house_public_t");
    assert_non_null(t);
    assert_true(json_is_null(json_object_get(t, "bytes")));
    assert_int_equal(json_array_size(json_object_get(a, "errors")), 0);
    json_decref(a);
    PQfinish(held);
}

static void test_warehouse_commands(void **state)
{
    struct harness h;
    char *db = database("s_house");
    (void)state;
    harness_init(&h, "s_house", db, NULL);
    start(&h);
    harness_verify(&h, WAIT_S);
    run_sql(fixture_warehouse_conninfo(), "ANALYZE raw.s_house_public_t");
    PGconn *c = sleeper();
    json_t *a = look_json(&h, "warehouse");
    assert_int_equal(json_array_size(json_object_get(a, "errors")), 0);
    assert_non_null(look_find(a, "nodes", "state", "UP"));
    assert_non_null(look_find(a, "sessions", "application", "flightdeck"));
    const json_t *t = look_find(a, "tables", "table_name", "s_house_public_t");
    assert_non_null(t);
    assert_int_equal(json_integer_value(json_object_get(t, "row_count")), 100);
    assert_true(json_integer_value(json_object_get(t, "bytes")) > 8000);
    const json_t *s = look_find(a, "schemas", "schema_name", "raw");
    assert_true(json_integer_value(json_object_get(s, "bytes")) >=
                json_integer_value(json_object_get(t, "bytes")));
    const json_t *load = look_find(a, "loads", "connector", "s_house-sink");
    assert_true(json_integer_value(json_object_get(load, "row_count")) > 0);
    check_figures(a);
    look_behind_a_lock(&h);
    const json_t *q = look_find(a, "queries", "text", "SELECT pg_sleep(61)");
    assert_non_null(q);
    assert_string_equal(json_string_value(json_object_get(q, "state")), "active");
    cancel_the_sleeper(&h, c, json_string_value(json_object_get(q, "id")));
    LOOK(&h, 0, "nodes|running queries|s_house_public_t|figures", "warehouse", "show", "--all");
    struct client *asks = attach(&h);
    struct errbuf e;
    json_t *table = NULL,
           *params = json_pack("{s:s, s:s}", "schema", "raw", "table", "s_house_public_t");
    assert_int_equal(client_call(asks, "warehouse.table", params, WAIT_S * 1000, &table, &e),
                     ERR_OK);
    assert_non_null(look_find(table, "columns", "name", "after_id"));
    json_decref(table);
    json_t *events = NULL;
    assert_int_equal(client_call(asks, "events.list", NULL, WAIT_S * 1000, &events, &e), ERR_OK);
    assert_non_null(look_find(events, "events", "text", "warehouse.cancel: ok"));
    json_decref(events);
    json_decref(params);
    client_close(asks);
    json_decref(a);
    PQfinish(c);
    stop(&h);
    free(db);
}

/* ---- the source ---- */

static const char *text_member(const json_t *o, const char *name)
{
    const char *s = json_string_value(json_object_get(o, name));
    return s ? s : "";
}

static void assert_deletes(const json_t *a, const char *table, const char *identity,
                           const char *deletes, const char *means)
{
    const json_t *t = look_find(a, "tables", "table_name", table);
    assert_non_null(t);
    assert_string_equal(text_member(t, "identity"), identity);
    assert_string_equal(text_member(t, "deletes"), deletes);
    if (!strstr(text_member(t, "means"), means))
        fail_msg("%s: no `%s` in: %s", table, means, text_member(t, "means"));
}

static void test_source_commands(void **state)
{
    struct harness h;
    char *db = database("s_from");
    (void)state;
    run_sql(db,
            "CREATE TABLE keyless (a int); CREATE TABLE whole (a int); ALTER TABLE whole "
            "REPLICA IDENTITY FULL; CREATE TABLE by_index (a int NOT NULL UNIQUE); ALTER TABLE "
            "by_index REPLICA IDENTITY USING INDEX by_index_a_key; CREATE UNLOGGED TABLE "
            "scratch (a int); CREATE SCHEMA aside; CREATE TABLE aside.other (a int PRIMARY KEY)");
    harness_init(&h, "s_from", db, "");
    start(&h);
    harness_verify(&h, WAIT_S);
    PGconn *c = PQconnectdb(db);
    PQclear(PQexec(c, "BEGIN; LOCK TABLE whole; SELECT 'long one'"));
    json_t *a = look_json(&h, "source");
    assert_int_equal(json_array_size(json_object_get(a, "errors")), 0);
    const json_t *primary = json_object_get(a, "primary");
    assert_true(json_is_false(json_object_get(primary, "in_recovery")));
    assert_true(json_is_null(json_object_get(primary, "wal_bytes_s"))); /* the first look */
    assert_true(json_is_null(json_object_get(a, "standby")));
    const json_t *slot = look_find(a, "slots", "name", "s_from");
    assert_true(json_is_true(json_object_get(slot, "active")));
    assert_true(json_integer_value(json_object_get(slot, "retained_bytes")) > 0);
    assert_non_null(look_find(a, "publications", "name", "s_from"));
    const json_t *open = look_find(a, "transactions", "text", "long one");
    assert_string_equal(text_member(open, "state"), "idle in transaction");
    assert_deletes(a, "t", "primary key", "key", "carries the primary key");
    assert_deletes(a, "keyless", "none", "refused", "ALTER TABLE public.keyless REPLICA IDENTITY");
    assert_deletes(a, "whole", "full", "row", "the whole row before");
    assert_deletes(a, "by_index", "index", "key", "the columns of the index");
    assert_deletes(a, "scratch", "none", "unseen", "unlogged");
    assert_non_null(look_find(a, "replicas", "slot", "s_from"));
    assert_true(
        json_is_null(json_object_get(look_find(a, "tables", "table_name", "whole"), "bytes")));
    json_decref(a);
    PQfinish(c);
    run_sql(db, "INSERT INTO t SELECT i, repeat('x', 500) FROM generate_series(1000, 9000) i");
    harness_verify(&h, WAIT_S);
    a = look_json(&h, "source"); /* more than a second later */
    assert_true(json_number_value(json_object_get(json_object_get(a, "primary"), "wal_bytes_s")) >
                0);
    assert_true(
        json_is_number(json_object_get(look_find(a, "slots", "name", "s_from"), "growth_bytes_s")));
    json_decref(a);
    LOOK(&h, 0, "primary: PostgreSQL|standby: none|slots|keyless|the server refuses UPDATE",
         "source", "show");
    stop(&h);
    free(db);
}

#define LOOK_CASES                                                                                 \
    cmocka_unit_test(test_dashboard_commands), cmocka_unit_test(test_warehouse_commands),          \
        cmocka_unit_test(test_source_commands)

#endif
