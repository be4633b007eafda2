/* What the engine knows of how far behind dwh and tables are, told by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "backend/engine/freshness.h"

#define SECOND INT64_C(1000000)
#define BEGIN  (INT64_C(1795500000) * SECOND)

static struct freshness *create(void)
{
    struct errbuf e;
    struct freshness *f = NULL;
    assert_int_equal(freshness_create(&f, &e), ERR_OK);
    return f;
}

static struct freshness_dwh dwh_of(struct freshness *f)
{
    struct freshness_dwh d;
    freshness_of_dwh(f, &d);
    return d;
}

static void copy_table(void *arg, struct freshness_table *t)
{
    *(struct freshness_table *)arg = *t;
}

static struct freshness_table table_of(struct freshness *f, const char *topic)
{
    struct freshness_table t = {.topic = NULL};
    freshness_with(f, topic, copy_table, &t);
    return t;
}

static void rows(struct freshness *f, const char *topic, int64_t n, int64_t at_s)
{
    freshness_rows(f, topic, n, BEGIN + at_s * SECOND - 20000, BEGIN + at_s * SECOND);
}

/* dwh is behind from the first rows that it does not have, also those that came while it loaded. */
static void test_dwh(void **state)
{
    struct freshness *f = create();
    (void)state;
    assert_false(dwh_of(f).known);
    rows(f, "p.public.t", 5, 1);
    rows(f, "p.public.t", 5, 2);
    assert_int_equal(dwh_of(f).behind_us, BEGIN + 1 * SECOND);
    assert_int_equal(dwh_of(f).waiting, 10);
    freshness_model_begins(f, BEGIN + 10 * SECOND);
    freshness_model_ends(f, true, 10, BEGIN + 11 * SECOND);
    assert_true(dwh_of(f).known);
    assert_int_equal(dwh_of(f).behind_us, 0);
    assert_int_equal(dwh_of(f).waiting, 0);
    assert_int_equal(dwh_of(f).rows, 10);
    freshness_model_begins(f, BEGIN + 20 * SECOND);
    rows(f, "p.public.t", 1, 21);
    rows(f, "p.public.t", 1, 22);
    freshness_model_ends(f, true, 0, BEGIN + 23 * SECOND);
    assert_int_equal(dwh_of(f).behind_us, BEGIN + 21 * SECOND);
    assert_int_equal(dwh_of(f).waiting, 2);
    freshness_model_begins(f, BEGIN + 30 * SECOND); /* fails */
    freshness_model_ends(f, false, 0, BEGIN + 31 * SECOND);
    assert_int_equal(dwh_of(f).waiting, 2);
    assert_int_equal(dwh_of(f).behind_us, BEGIN + 21 * SECOND);
    assert_int_equal(dwh_of(f).ended_us, BEGIN + 23 * SECOND);
    freshness_destroy(f);
}

/* One entity alone is counted, and says nothing of the whole: not of a load that runs either. */
static void test_a_part_of_dwh(void **state)
{
    struct freshness *f = create();
    (void)state;
    rows(f, "p.public.t", 5, 1);
    freshness_model_begins(f, BEGIN + 2 * SECOND);
    rows(f, "p.public.t", 5, 3);
    freshness_model_ends(f, false, 7, BEGIN + 4 * SECOND); /* of the part */
    assert_int_equal(dwh_of(f).total, 7);
    assert_int_equal(dwh_of(f).behind_us, BEGIN + 1 * SECOND);
    freshness_model_ends(f, true, 3, BEGIN + 5 * SECOND);
    assert_int_equal(dwh_of(f).behind_us, BEGIN + 3 * SECOND);
    assert_int_equal(dwh_of(f).total, 10);
    freshness_destroy(f);
}

static void test_tables(void **state)
{
    struct freshness *f = create();
    (void)state;
    rows(f, "p.public.b", 5, 1);
    rows(f, "p.public.a", 2, 2);
    rows(f, "p.public.b", 1, 3);
    struct freshness_table t = table_of(f, "p.public.b");
    assert_int_equal(t.rows_today, 6);
    assert_int_equal(t.loaded_us, BEGIN + 3 * SECOND);
    assert_int_equal(t.latency_us, 20000);
    assert_int_equal(table_of(f, "p.public.a").rows_today, 2);
    rows(f, "p.public.a", 1, 86400); /* the next day */
    assert_int_equal(table_of(f, "p.public.b").rows_today, 0);
    assert_int_equal(table_of(f, "p.public.a").rows_today, 1);
    freshness_turn_day(f, BEGIN + 2 * 86400 * SECOND); /* and one without any rows */
    assert_int_equal(table_of(f, "p.public.a").rows_today, 0);
    freshness_checked(f, "public.b", false, BEGIN + 9 * SECOND);
    assert_int_equal(table_of(f, "p.public.b").check.at_us, BEGIN + 9 * SECOND);
    assert_false(table_of(f, "p.public.b").check.ok);
    assert_int_equal(table_of(f, "p.public.a").check.at_us, 0);
    freshness_checked(f, "c.b", true, BEGIN); /* the end of a name is not the name */
    assert_int_equal(table_of(f, "p.public.b").check.at_us, BEGIN + 9 * SECOND);
    freshness_destroy(f);
}

/* After a restart of the same day the counts go on. */
static void test_restore(void **state)
{
    struct freshness *f = create();
    json_t *status = json_pack("{s:I, s:[{s:s, s:s, s:I, s:i, s:I, s:b}]}", "now_us",
                               (json_int_t)BEGIN, "freshness", "name", "t", "topic", "p.public.t",
                               "last_refresh_us", (json_int_t)(BEGIN - SECOND), "rows_today", 7,
                               "verified_us", (json_int_t)(BEGIN - 9), "verified_ok", 1);
    (void)state;
    freshness_restore(f, status, BEGIN + 60 * SECOND);
    rows(f, "p.public.t", 5, 61);
    struct freshness_table t = table_of(f, "p.public.t");
    assert_int_equal(t.rows_today, 12);
    assert_int_equal(t.check.at_us, BEGIN - 9);
    assert_true(t.check.ok);
    freshness_destroy(f);
    f = create();
    freshness_restore(f, status, BEGIN + 86400 * SECOND);
    assert_int_equal(table_of(f, "p.public.t").rows_today, 0);
    assert_int_equal(table_of(f, "p.public.t").loaded_us, BEGIN - SECOND);
    freshness_destroy(f);
    json_decref(status);
}

/* A record that was too long to list each table, or none at all: what came before is not known, not
 * 0, until the day ends. */
static void test_restore_of_a_part(void **state)
{
    json_t *trimmed =
        json_pack("{s:I, s:b, s:[{s:s, s:s, s:i}]}", "now_us", (json_int_t)BEGIN, "trimmed", 1,
                  "freshness", "name", "ill", "topic", "p.public.ill", "rows_today", 7);
    json_t *unknown = json_pack("{s:I, s:[{s:s, s:s, s:n}]}", "now_us", (json_int_t)BEGIN,
                                "freshness", "name", "t", "topic", "p.public.t", "rows_today");
    const json_t *cases[] = {trimmed, NULL, unknown};
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct freshness *f = create();
        freshness_restore(f, cases[i], BEGIN + 60 * SECOND);
        rows(f, "p.public.t", 5, 61);
        assert_true(table_of(f, "p.public.t").part_of_today);
        if (cases[i] == trimmed)
            assert_false(table_of(f, "p.public.ill").part_of_today);
        rows(f, "p.public.t", 4, 86400);
        assert_false(table_of(f, "p.public.t").part_of_today);
        assert_int_equal(table_of(f, "p.public.t").rows_today, 4);
        rows(f, "p.public.new", 1, 86400);
        assert_false(table_of(f, "p.public.new").part_of_today);
        freshness_destroy(f);
    }
    struct freshness *f = create(); /* of another day: none of today is missing */
    freshness_restore(f, trimmed, BEGIN + 86400 * SECOND);
    assert_false(table_of(f, "p.public.t").part_of_today);
    freshness_destroy(f);
    json_decref(trimmed);
    json_decref(unknown);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dwh),
        cmocka_unit_test(test_a_part_of_dwh),
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_restore),
        cmocka_unit_test(test_restore_of_a_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
