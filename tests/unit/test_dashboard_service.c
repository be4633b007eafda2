/* The figures of a dashboard whose warehouse has no time: a warehouse of the test's own answers in
 * the place of a real one, so that a minute takes none. */
#define warehouse_open    slow_open
#define warehouse_query   slow_query
#define warehouse_close   slow_close
#define warehouse_gave_up slow_gave_up
#include "backend/engine/dashboard_service.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static int asked;
static int opened;
static int late_at;   /* the question that has no answer in time; -1: none */
static int away_from; /* the opening that fails, as all that follow; -1: none */
static int openings;
static enum err answers[8]; /* of one question after the other */

enum err slow_open(const struct warehouse_options *o, struct warehouse **out, struct errbuf *e)
{
    static char any;
    (void)o;
    if (openings++ == away_from)
        return err_set(e, ERR_CONNECT, "refused");
    opened++;
    *out = (struct warehouse *)(void *)&any;
    return ERR_OK;
}

void slow_close(struct warehouse *w)
{
    opened -= w != NULL;
}

enum err slow_query(struct warehouse *w, const char *sql, int n, const char *const *values,
                    struct warehouse_rows **out, struct errbuf *e)
{
    (void)sql;
    (void)n;
    (void)values;
    (void)out;
    assert_non_null(w);
    return err_set(e, answers[asked++], "no answer");
}

bool slow_gave_up(const struct warehouse *w)
{
    assert_non_null(w);
    return asked == late_at + 1;
}

static json_t *ask_board(void)
{
    static const char text[] = "dashboard: a\npanels:\n"
                               "  - {name: p, kind: table, query: SELECT 1}\n"
                               "  - {name: q, kind: table, query: SELECT 2}\n"
                               "  - {name: r, kind: table, query: SELECT 3}\n"
                               "  - {name: s, kind: table, query: SELECT 4}\n";
    static const struct config config;
    struct dashboard_service s = {.config = &config, .dashboards = dashboards_create()};
    struct errbuf e = {0};
    struct faults f;
    json_t *answer = NULL;
    json_t *params = json_pack("{s:s}", "name", "a");
    assert_non_null(s.dashboards);
    faults_init(&f);
    dashboards_add_text(s.dashboards, "a.yaml", text, sizeof text - 1, &f);
    assert_int_equal(f.total, 0);
    faults_free(&f);
    (void)pthread_mutex_init(&s.mutex, NULL);
    asked = opened = openings = 0;
    if (dashboard_service_data(&s, "DSN=none", params, &answer, &e) != ERR_OK)
        fail_msg("%s", e.text);
    (void)pthread_mutex_destroy(&s.mutex);
    dashboards_free(s.dashboards);
    json_decref(params);
    assert_int_equal(opened, 0);
    return answer;
}

static const char *error_of(const json_t *answer, size_t i)
{
    const json_t *panel = json_array_get(json_object_get(answer, "panels"), i);
    return json_string_value(json_object_get(panel, "error"));
}

/* The first that has no time ends the others, and each says why. */
static void test_no_time(void **state)
{
    static const char why[] = "not asked, as the panel q before it failed: no answer";
    (void)state;
    answers[0] = ERR_SQL;
    answers[1] = ERR_CONNECT;
    late_at = 1;
    away_from = -1;
    json_t *a = ask_board();
    assert_int_equal(asked, 2);
    assert_int_equal(json_array_size(json_object_get(a, "panels")), 4);
    assert_string_equal(error_of(a, 0), "no answer");
    assert_string_equal(error_of(a, 1), "no answer");
    assert_string_equal(error_of(a, 2), why);
    assert_string_equal(error_of(a, 3), why);
    json_decref(a);
}

/* Any other fault is the panel's own. */
static void test_other_faults(void **state)
{
    (void)state;
    late_at = away_from = -1;
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
        answers[i] = i % 2 ? ERR_CONNECT : ERR_SQL;
    json_t *a = ask_board();
    assert_int_equal(asked, 4);
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(error_of(a, i), "no answer");
    json_decref(a);
}

/* The connection is lost, and there is no other: it is not tried for each panel. */
static void test_away(void **state)
{
    (void)state;
    answers[0] = ERR_CONNECT;
    late_at = -1;
    away_from = 1;
    json_t *a = ask_board();
    assert_int_equal(asked, 1);
    assert_int_equal(openings, 2);
    assert_string_equal(error_of(a, 1), "refused");
    assert_string_equal(error_of(a, 3), "not asked, as the panel q before it failed: refused");
    json_decref(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_time),
        cmocka_unit_test(test_other_faults),
        cmocka_unit_test(test_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
