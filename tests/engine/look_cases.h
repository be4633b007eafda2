/* What an operator asks that servers have to answer, through the commands: dashboards. Included by
 * test_status.c, whose helpers it uses. */
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

#define LOOK_CASES cmocka_unit_test(test_dashboard_commands)

#endif
