/*
 * Every everyday type from PostgreSQL to the warehouse: read in the snapshot, inserted, updated and
 * deleted while streaming, then compared by verify, which has to find what is wrong as well: raw
 * rows that were changed, removed and added behind its back are named, and no others.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "tests/fixture/connectors.h"
#include "tests/fixture/fixture.h"
#include "tests/fixture/harness.h"

enum { VERIFY_S = 60 };

static int setup(void **state)
{
    (void)state;
    return fixture_start(FIXTURE_PRIMARY | FIXTURE_KAFKA | FIXTURE_WAREHOUSE);
}

static int teardown(void **state)
{
    (void)state;
    return fixture_stop();
}

static void run_sql(const char *conninfo, const char *sql)
{
    free(fixture_sql(conninfo, sql));
}

/* ---- verify's report ---- */

static json_t *verify_report(const struct harness *h, int expected)
{
    char *out = NULL;
    int code = HARNESS_RUN(h, &out, "verify", "--json", "--timeout", "20");
    json_t *j = harness_json(out);
    if (code != expected || !j)
        fail_msg("verify: exit code %d, not %d\n%s\n%s", code, expected, out, harness_log(h));
    free(out);
    return j;
}

static json_t *table_of(const json_t *report, const char *name)
{
    size_t i;
    json_t *t;
    json_array_foreach(json_object_get(report, "tables"), i, t)
    {
        if (!strcmp(json_string_value(json_object_get(t, "table")), name))
            return t;
    }
    fail_msg("verify does not speak of %s", name);
    return NULL;
}

static const char every_sql[] =
    "CREATE EXTENSION hstore;"
    "CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');"
    "CREATE DOMAIN positive AS int CHECK (VALUE > 0);"
    "CREATE DOMAIN code AS varchar(8);"
    "CREATE TABLE every (id int PRIMARY KEY, c_smallint smallint, c_int int, c_bigint bigint,"
    " c_numeric_10_2 numeric(10,2), c_numeric_5_0 numeric(5,0), c_numeric numeric, c_real real,"
    " c_double double precision, c_bool bool, c_char3 char(3), c_varchar10 varchar(10), c_text "
    "text, c_bytea bytea, c_date date, c_time time, c_time3 time(3), c_timetz timetz, c_timestamp "
    "timestamp, c_timestamp3 timestamp(3), c_timestamptz timestamptz, c_interval interval, c_json "
    "json, c_jsonb jsonb, c_xml xml, c_uuid uuid, c_mood mood, c_inet inet, c_cidr cidr, c_macaddr "
    "macaddr, c_macaddr8 macaddr8, c_int4range int4range, c_int8range int8range, c_numrange "
    "numrange, c_daterange daterange, c_tstzrange tstzrange, c_tsrange tsrange, c_point point, "
    "c_money money, c_hstore hstore, c_bit1 bit(1), c_bit5 bit(5), c_varbit varbit, c_oid oid, "
    "c_tsvector tsvector, c_positive positive, c_code code, c_name name, c_int_arr int[], "
    "c_int_2d int[][], c_text_arr text[], c_numeric_arr numeric[], c_bool_arr bool[], c_uuid_arr "
    "uuid[], c_bpchar_arr char(3)[], c_jsonb_arr jsonb[], c_ts_arr timestamptz[], c_date_arr "
    "date[], c_mood_arr mood[], c_double_arr double precision[], c_generated int GENERATED ALWAYS "
    "AS (c_smallint * 2) STORED)";

/* What verify cannot compare, and says so. */
static const char left_out[] = "c_generated (generated)";

static const char *const every_rows[] = {
    /* typical */
    "1, 12, 3456, 789012345678, 1234.56, 12345, 98765.4321, 1.5, 2.25, true, 'ab', 'varchar', "
    "'plain text', '\\xdeadbeef', '2026-02-03', '12:34:56.789012', '12:34:56.789', "
    "'12:34:56.789+02', '2026-02-03 04:05:06.789012', '2026-02-03 04:05:06.789', '2026-02-03 "
    "04:05:06.789012+01', '1 year 2 months 3 days 04:05:06.789', '{\"a\": 1,  \"b\":[true,null]}', "
    "'{\"b\":2,\"a\":{\"x\":1.50}}', '<r a=\"1\">t</r>', '0f8fad5b-d9cb-469f-a165-70867728950e', "
    "'ok', '192.168.1.5/24', '10.0.0.0/8', '08:00:2b:01:02:03', '08:00:2b:01:02:03:04:05', "
    "'[1,10)', '[1,5)', '(1.5,2.5]', '[2026-01-01,2026-02-01)', '[2026-01-01 00:00+00,2026-01-02 "
    "00:00+00)', '[2026-01-01 00:00,2026-01-02 00:00)', '(1.5,-2)', '1234.56', 'a=>1,b=>NULL', "
    "B'1', B'10110', B'101', 4294967295, 'a fat cat', 5, 'code', 'a name', '{1,2,3}', "
    "'{{1,2},{3,4}}', '{a,\"b c\",\"d\\\"e\",NULL}', '{1.5,2.50,NULL}', '{t,f,NULL}', "
    "'{0f8fad5b-d9cb-469f-a165-70867728950e}', '{abc,d}', '{\"{\\\"k\\\": 1}\"}', '{\"2026-01-01 "
    "00:00:00+00\",NULL}', '{2026-01-01,NULL}', '{ok,NULL}', '{1.5,NULL}'",
    /* the least of everything, and what is empty */
    "3, -32768, -2147483648, -9223372036854775808, -99999999.99, -99999, 0.00000000000000000001, "
    "'-3.4028235e38', '-1.7976931348623157e308', false, '', '', '', '\\x', '0044-03-15 BC', "
    "'00:00:00', '24:00:00', '23:59:59.999999-15:59', '4713-01-01 00:00:00 BC', '0001-01-01 "
    "00:00:00', '4713-01-01 00:00:00+00 BC', '-1 mon +2 days -03:00:00', 'null', '\"\\u00e9\"', "
    "'<a/>', '00000000-0000-0000-0000-000000000000', 'sad', '::1', '2001:db8::/32', "
    "'ff:ff:ff:ff:ff:ff', 'ff:ff:ff:ff:ff:ff:ff:ff', 'empty', 'empty', '(,)', 'empty', '(,)', "
    "'(,)', '(0,0)', '-92233720368547758.08', '', B'0', B'00000', B'', 0, '', 1, '', '', '{}', "
    "'{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}'",
    /* the most, other scripts, delicate text */
    "4, 32767, 2147483647, 9223372036854775807, 99999999.99, 99999, "
    "12345678901234567890123456789.123456789012345678901234567890, 3.4028235e38, "
    "1.7976931348623157e308, true, '日本語', 'ünïcödé', E'emoji 😀 \"quote\" \\\\ "
    "back\\nnewline\\ttab é 漢字', '\\x00ff00', '9999-12-31', '23:59:59.999999', '23:59:59.999', "
    "'00:00:00+15:59', '9999-12-31 23:59:59.999999', '9999-12-31 23:59:59.999', '9999-12-31 "
    "23:59:59.999999+00', '1000 years', '[]', '{\"é\":\"😀\"}', '<x>é &amp; 😀</x>', "
    "'ffffffff-ffff-ffff-ffff-ffffffffffff', 'happy', '255.255.255.255', '0.0.0.0/0', "
    "'00:00:00:00:00:00', '00:00:00:00:00:00:00:00', '[-2147483648,2147483647)', "
    "'[-9223372036854775808,9223372036854775807)', '[NaN,NaN]', '[-infinity,infinity]', "
    "'[\"-infinity\",infinity]', '(,\"9999-12-31 23:59:59\"]', '(1e22,-1e-7)', "
    "'92233720368547758.07', '\"k 1\"=>\"v \\\"q\\\"\", é=>\"😀\"', B'1', B'11111', "
    "B'1111111111111111', 1, '''é'':1A', 2147483647, 'éééééééé', 'Имя', "
    "'{-2147483648,2147483647}', "
    "'{{{1,NULL},{3,4}},{{5,6},{7,8}}}', '{\"é\",\"😀\",\"\",null,\"NULL\"}', "
    "'{123456789012345678901234567890.5,0.10}', '{t}', '{ffffffff-ffff-ffff-ffff-ffffffffffff}', "
    "'{\"日本語\"}', '{null,\"[]\"}', '{infinity,-infinity}', '{infinity,\"0044-03-15 BC\"}', "
    "'{sad,happy}', '{NaN,-Infinity}'",
};

/* Only some columns, for what has no opposite in the others. */
static const char *const every_some[] = {
    "(id, c_real, c_double, c_point) VALUES (5, 'NaN', '-Infinity', '(Infinity,NaN)')",
    "(id, c_real, c_double) VALUES (6, '-0', 5e-324), (7, 1e-45, 123456789.123456789), (8, "
    "16777216, 1e22), (9, 0.1, 0.1)",
    "(id, c_numeric, c_numeric_10_2) VALUES (10, -0.0, 0.10), (11, 1e30, 100), (12, 100.00, 0)",
    "(id, c_date, c_timestamp, c_timestamptz, c_timetz) VALUES (13, 'infinity', '-infinity', "
    "'infinity', '24:00:00+00'), (14, '-infinity', 'infinity', '-infinity', '00:00:00-00:30')",
    "(id, c_time, c_timestamp, c_timestamptz) VALUES (15, '00:00:00.000001', '1969-12-31 "
    "23:59:59.999999', '1969-12-31 23:59:59.999999+00'), (16, '24:00:00', '1970-01-01 00:00:00', "
    "'0044-03-15 12:00:00+00 BC')",
    "(id) VALUES (2), (17)",
    "(id, c_text, c_json, c_jsonb) VALUES (18, 'null', '{\"a\":1,\"a\":2}', '1e400'), (19, "
    "'__debezium_unavailable', '\"text\"', 'false'), (20, E'\\x01\\x1f\\x7f', '[1, 2.50, 1E2]', "
    "'[1, 2.50, 100]')",
    "(id, c_interval) VALUES (21, '1 month'), (22, '-1 day +00:00:01'), (23, '00:00:00.000001')",
};

static void insert_every(const char *db, int shift)
{
    char *sql;
    for (size_t i = 0; i < sizeof every_rows / sizeof *every_rows; i++) {
        assert_true(asprintf(&sql,
                             "INSERT INTO every VALUES (%s); UPDATE every SET id = id + %d "
                             "WHERE id < 1000 AND %d > 0",
                             every_rows[i], shift, shift) > 0);
        run_sql(db, sql);
        free(sql);
    }
    for (size_t i = 0; i < sizeof every_some / sizeof *every_some; i++) {
        assert_true(asprintf(&sql,
                             "INSERT INTO every %s; UPDATE every SET id = id + %d WHERE id "
                             "< 1000 AND %d > 0",
                             every_some[i], shift, shift) > 0);
        run_sql(db, sql);
        free(sql);
    }
}

static const char arrays_sql[] =
    "CREATE TABLE arrays (id int PRIMARY KEY, c_float real[], c_double float8[], c_timestamp "
    "timestamp[], c_timestamp0 timestamp(0)[], c_timestamptz timestamptz[], c_time time[], c_bytea "
    "bytea[], c_timetz timetz[], c_interval interval[], c_money money[], c_point point[]);"
    "INSERT INTO arrays VALUES (1, '{1.5,NULL,0.1,-0,1e-45}', '{0.1,1e22,-1e-7,5e-324,NULL}', "
    "'{2026-02-03 04:05:06.789012,NULL,1969-12-31 23:59:59.5}', '{2026-02-03 04:05:06}', "
    "'{2026-02-03 04:05:06.78+02,NULL}', '{12:34:56.789012,00:00:00,24:00:00}', "
    "'{\"\\\\xdead\",NULL,\"\\\\x\"}', '{12:34:56.7+02,NULL}', '{1 mon 2 days 03:04:05.6,NULL}', "
    "'{1.50,NULL}', '{\"(1.5,-2)\",NULL}'), (2, '{NaN,Infinity}', '{NaN,-Infinity}', "
    "'{infinity,-infinity,0044-03-15 12:00:00 BC}', '{infinity}', '{infinity,-infinity,0044-03-15 "
    "12:00:00+00 BC}', '{}', '{}', '{}', '{}', '{}', '{}'), (3, '{{1,2},{3,4}}', "
    "'{{1.25,NULL},{3,4}}', '{{2026-01-01,2026-01-02},{2026-01-03,NULL}}', NULL, "
    "'{{2026-01-01 00:00+00,NULL}}', '{{01:00,02:00}}', '{{a,b}}', NULL, NULL, NULL, NULL), (4, "
    "NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)";

static void test_every_type(void **state)
{
    (void)state;
    struct harness h;
    char *db = strdup(fixture_database("t_every"));
    run_sql(db, every_sql);
    insert_every(db, 1000); /* for the snapshot */
    harness_init(&h, "t_every", db, NULL);
    harness_engine_start(&h);
    harness_verify(&h, VERIFY_S);
    insert_every(db, 0);
    run_sql(db, "UPDATE every SET c_text = 'changed', c_int = NULL WHERE id IN (1, 2, 1003); "
                "DELETE FROM every WHERE id IN (4, 1004); UPDATE every SET id = 3000 WHERE id = 3");
    harness_verify(&h, VERIFY_S);
    json_t *j = verify_report(&h, 0);
    const char *out =
        json_string_value(json_object_get(table_of(j, "public.every"), "not_compared"));
    assert_string_equal(out, left_out);
    json_decref(j);
    int status = harness_engine_end(&h, SIGTERM);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    free(db);
}

/* ---- what is wrong is found ---- */

struct expected {
    const char *key;
    const char *source; /* what its row says; NULL: there is none */
    const char *raw;
};

static void check_differences(const json_t *table, const struct expected *want, int n)
{
    const json_t *list = json_object_get(table, "differences");
    const char *name = json_string_value(json_object_get(table, "table"));
    size_t i;
    json_t *d;
    if (json_integer_value(json_object_get(table, "differing")) != n ||
        json_array_size(list) != (size_t)n)
        fail_msg("%s: not %d differences: %s", name, n, json_dumps(table, JSON_INDENT(1)));
    json_array_foreach(list, i, d)
    {
        const char *key = json_string_value(json_object_get(d, "key"));
        const char *source = json_string_value(json_object_get(d, "source"));
        const char *raw = json_string_value(json_object_get(d, "raw"));
        int k = 0;
        while (k < n && strcmp(want[k].key, key) != 0)
            k++;
        if (k == n)
            fail_msg("%s: key %s does not differ: %s <> %s", name, key, source, raw);
        bool same = (!source == !want[k].source) && (!raw == !want[k].raw) &&
                    (!source || strstr(source, want[k].source)) &&
                    (!raw || strstr(raw, want[k].raw));
        if (!same)
            fail_msg("%s: key %s: source %s, raw %s", name, key, source, raw);
    }
}

static void test_arrays(void **state)
{
    static const struct expected wrong_arrays[] = {{"11", "c_float", "c_float"}};
    static const char *const compared[] = {
        "c_float=", "c_double=", "c_timestamp=", "c_timestamptz=",
        "c_time=",  "c_bytea=",  "c_money="};
    (void)state;
    struct harness h;
    char *db = strdup(fixture_database("t_arrays"));
    run_sql(db, arrays_sql);
    harness_init(&h, "t_arrays", db, NULL);
    harness_engine_start(&h);
    harness_verify(&h, VERIFY_S);
    run_sql(db, "UPDATE arrays SET id = id + 10; ");
    harness_verify(&h, VERIFY_S);
    json_t *j = verify_report(&h, 0);
    const char *out =
        json_string_value(json_object_get(table_of(j, "public.arrays"), "not_compared"));
    assert_string_equal(out, "c_timetz (_timetz), c_interval (_interval), c_point (_point)");
    json_decref(j);
    /* they are looked at: in each of them something that is wrong is found */
    free(fixture_warehouse_psql(
        "UPDATE raw.t_arrays_public_arrays SET after_c_float = '[1.5,null,0.2,-0,1e-45]', "
        "after_c_double = '[0.1,1e22,-1e-7,0,null]', after_c_timestamp = '[\"2026-02-03 "
        "04:05:06.789013\",null,\"1969-12-31 23:59:59.5\"]', after_c_timestamptz = "
        "'[\"2026-02-03T02:05:06.790000Z\",null]', after_c_time = '[]', after_c_bytea = "
        "'[\"\\\\xdeae\",null,\"\\\\x\"]', after_c_money = '[1.51,null]' WHERE after_id = 11"));
    j = verify_report(&h, 4);
    check_differences(table_of(j, "public.arrays"), wrong_arrays, 1);
    for (size_t i = 0; i < sizeof compared / sizeof *compared; i++) {
        const json_t *d =
            json_array_get(json_object_get(table_of(j, "public.arrays"), "differences"), 0);
        if (!strstr(json_string_value(json_object_get(d, "raw")), compared[i]))
            fail_msg("%s is not found to be wrong", compared[i]);
    }
    json_decref(j);
    (void)harness_engine_end(&h, SIGTERM);
    free(db);
}

/* Of these tables only the wrong ones are said to differ. */
static void check_verdicts(const json_t *report, const char *const *wrong)
{
    size_t i;
    json_t *t;
    json_array_foreach(json_object_get(report, "tables"), i, t)
    {
        const char *name = json_string_value(json_object_get(t, "table"));
        const char *result = json_string_value(json_object_get(t, "result"));
        bool differs = false;
        for (const char *const *w = wrong; *w; w++)
            differs |= !strcmp(*w, name);
        if (strcmp(result, differs ? "DIFFERS" : "same") != 0)
            fail_msg("%s: %s", name, result);
    }
}

static const struct expected wrong_rows[] = {
    {"17", "a=name 17", "a=x"},
    {"18", "a=name 18", "a=\\N"},
    {"200", "b=50", "b=50.01"},
    {"300", ".123456", ".123457"},
    {"400", "d={\"k\":400}", "d={\"k\":401}"},
    {"500", "a=name 500", "a=name 501"},
    {"501", "a=name 501", "a=name 500"},
    {"4000", "a=name 4000", NULL},
    {"99999", NULL, "a=name 1,"},
};

static const struct expected wrong_bag[] = {
    {"1|a", "a=1, b=a", NULL},
    {"2|b", NULL, "a=2, b=b"},
    {"7|\\N", NULL, "b=\\N"},
};

static const struct expected wrong_pairs[] = {
    {"1|x|y", "v=first", "v=1st"},
};

static void corrupt(void)
{
    free(fixture_warehouse_psql(
        "UPDATE raw.t_wrong_public_rows SET after_a = 'x' WHERE after_id = 17;"
        "UPDATE raw.t_wrong_public_rows SET after_a = NULL WHERE after_id = 18;"
        "UPDATE raw.t_wrong_public_rows SET after_b = after_b + 0.01 WHERE after_id = 200;"
        "UPDATE raw.t_wrong_public_rows SET after_c = after_c + interval '1 us' WHERE after_id = "
        "300;"
        "UPDATE raw.t_wrong_public_rows SET after_d = '{\"k\": 401}' WHERE after_id = 400;"
        "UPDATE raw.t_wrong_public_rows SET after_a = 'name ' || 1001 - after_id WHERE after_id "
        "IN (500, 501);"
        "DELETE FROM raw.t_wrong_public_rows WHERE after_id = 4000;"
        "CREATE TEMP TABLE one AS SELECT * FROM raw.t_wrong_public_rows WHERE after_id = 1;"
        "UPDATE one SET after_id = 99999; INSERT INTO raw.t_wrong_public_rows TABLE one;"
        "DELETE FROM raw.t_wrong_public_bag WHERE ctid = (SELECT min(ctid) FROM "
        "raw.t_wrong_public_bag WHERE after_a = 1);"
        "INSERT INTO raw.t_wrong_public_bag SELECT * FROM raw.t_wrong_public_bag WHERE after_a = 2 "
        "LIMIT 1;"
        "DELETE FROM raw.t_wrong_public_bag WHERE op = 'd' AND before_a = 7;"
        "UPDATE raw.t_wrong_public_pairs SET after_v = '1st' WHERE \"after_k\" = 1"));
}

static void check_many(const struct harness *h)
{
    static const char *const wrong[] = {"public.rows", "public.bag", "public.pairs", "public.many",
                                        NULL};
    size_t i;
    json_t *d;
    free(fixture_warehouse_psql("UPDATE raw.t_wrong_public_many SET after_v = after_v + 1 WHERE "
                                "after_id <= 100"));
    json_t *j = verify_report(h, 4);
    const json_t *many = table_of(j, "public.many");
    assert_int_equal(json_integer_value(json_object_get(many, "differing")), 100);
    assert_int_equal(json_array_size(json_object_get(many, "differences")), 20);
    json_decref(j);
    /* more than can be held: those that are named are true all the same */
    free(fixture_warehouse_psql("UPDATE raw.t_wrong_public_many SET after_v = -after_v - 7"));
    j = verify_report(h, 4);
    check_verdicts(j, wrong);
    many = table_of(j, "public.many");
    assert_int_equal(json_integer_value(json_object_get(many, "differing")), -1);
    assert_int_equal(json_array_size(json_object_get(many, "differences")), 20);
    json_array_foreach(json_object_get(many, "differences"), i, d)
    {
        assert_true(json_is_string(json_object_get(d, "source")));
        assert_true(json_is_string(json_object_get(d, "raw")));
    }
    json_decref(j);
}

static void check_names(const struct harness *h)
{
    char *out = NULL;
    assert_int_equal(HARNESS_RUN(h, &out, "verify", "public.nothing", "--timeout", "20"), 0);
    assert_null(strstr(out, "public.rows"));
    free(out);
    assert_int_equal(HARNESS_RUN(h, &out, "verify", "rows", "--timeout", "20"), 4);
    free(out);
    assert_int_equal(HARNESS_RUN(h, &out, "verify", "other.rows", "--timeout", "20"), 2);
    assert_non_null(strstr(out, "other.rows"));
    free(out);
}

static void test_verify_finds_what_is_wrong(void **state)
{
    static const char *const wrong[] = {"public.rows", "public.bag", "public.pairs", NULL};
    (void)state;
    struct harness h;
    char *db = strdup(fixture_database("t_wrong"));
    run_sql(db,
            "CREATE TABLE rows (id int PRIMARY KEY, a text, b numeric(10,2), c timestamptz, d "
            "jsonb); INSERT INTO rows SELECT i, 'name ' || i, i / 4.0, '2026-01-02 "
            "03:04:05.123456+00', jsonb_build_object('k', i) FROM generate_series(1, 5000) i;"
            "CREATE TABLE nothing (id int PRIMARY KEY);"
            "CREATE TABLE bag (a int, b text); ALTER TABLE bag REPLICA IDENTITY FULL;"
            "CREATE TABLE pairs (k int, l text, m text, v text, PRIMARY KEY (k, m, l)); INSERT "
            "INTO pairs VALUES (1, 'y', 'x', 'first'), (2, 'y|x', '', 'second'), (2, 'x', 'y|', "
            "'third');"
            "CREATE TABLE many (id int PRIMARY KEY, v int); INSERT INTO many SELECT i, i FROM "
            "generate_series(1, 60000) i");
    harness_init(&h, "t_wrong", db, NULL);
    harness_engine_start(&h);
    harness_verify(&h, VERIFY_S);
    run_sql(db, "INSERT INTO bag VALUES (1, 'a'), (1, 'a'), (1, 'a'), (2, 'b'), (2, 'b'), (NULL, "
                "NULL), (NULL, NULL), (7, NULL); DELETE FROM bag WHERE a = 7; UPDATE rows SET b = "
                "b WHERE id < 20; DELETE FROM rows WHERE id = 5000");
    harness_verify(&h, VERIFY_S);
    corrupt();
    json_t *j = verify_report(&h, 4);
    check_verdicts(j, wrong);
    check_differences(table_of(j, "public.rows"), wrong_rows,
                      (int)(sizeof wrong_rows / sizeof *wrong_rows));
    check_differences(table_of(j, "public.bag"), wrong_bag,
                      (int)(sizeof wrong_bag / sizeof *wrong_bag));
    check_differences(table_of(j, "public.pairs"), wrong_pairs, 1);
    json_decref(j);
    check_many(&h);
    check_names(&h);
    int status = harness_engine_end(&h, SIGTERM);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    free(db);
}

/* A row of the log that is there twice: the state of each key is right all the same. */
static void test_verify_finds_doubled_records(void **state)
{
    static const char *const wrong[] = {"public.twice", NULL};
    (void)state;
    struct harness h;
    char *out = NULL;
    char *db = strdup(fixture_database("t_twice"));
    run_sql(db,
            "CREATE TABLE twice (id int PRIMARY KEY, v int); INSERT INTO twice SELECT i, i FROM "
            "generate_series(1, 100) i; CREATE TABLE once (id int PRIMARY KEY, v int); INSERT "
            "INTO once TABLE twice");
    harness_init(&h, "t_twice", db, NULL);
    harness_engine_start(&h);
    harness_verify(&h, VERIFY_S);
    /* a topic that was made anew has the same offsets again */
    free(fixture_warehouse_psql("CREATE TEMP TABLE again AS SELECT * FROM raw.t_twice_public_once; "
                                "UPDATE again SET source_lsn = source_lsn + 1; INSERT INTO "
                                "raw.t_twice_public_once TABLE again"));
    harness_verify(&h, VERIFY_S);
    free(fixture_warehouse_psql("INSERT INTO raw.t_twice_public_twice SELECT * FROM "
                                "raw.t_twice_public_twice WHERE _offset IN (7, 11)"));
    json_t *j = verify_report(&h, 4);
    check_verdicts(j, wrong);
    assert_int_equal(json_integer_value(json_object_get(table_of(j, "public.twice"), "doubled")),
                     2);
    assert_int_equal(json_integer_value(json_object_get(table_of(j, "public.twice"), "differing")),
                     0);
    json_decref(j);
    assert_int_equal(HARNESS_RUN(&h, &out, "verify", "--timeout", "20"), 4);
    if (!strstr(out, "public.twice: 2 records are in raw more than once; the first: partition 0, "
                     "offset 7"))
        fail_msg("%s", out);
    free(out);
    (void)harness_engine_end(&h, SIGTERM);
    free(db);
}

/* A timestamp that does not fit microseconds in 64 bits: the nearest one is written, and told. */
static void test_clamped_values_are_counted(void **state)
{
    (void)state;
    struct harness h;
    char *out = NULL;
    char *db = strdup(fixture_database("t_clamp"));
    run_sql(db, "CREATE TABLE far (id int PRIMARY KEY, t timestamp, u timestamp); INSERT INTO far "
                "VALUES (1, '294270-01-01', '2026-01-01'), (2, '294247-01-10 04:00:54', NULL)");
    harness_init(&h, "t_clamp", db, NULL);
    harness_engine_start(&h);
    connector_wait_number(&h, "t_clamp-source", "clamped", 1, VERIFY_S);
    run_sql(db, "INSERT INTO far VALUES (3, '294276-12-31', '294248-01-01'); UPDATE far SET u = "
                "'infinity' WHERE id = 2");
    connector_wait_number(&h, "t_clamp-source", "clamped", 3, VERIFY_S);
    fixture_wait_sql(fixture_warehouse_conninfo(), "SELECT count(*) FROM raw.t_clamp_public_far",
                     "4", VERIFY_S);
    assert_int_equal(connector_number(&h, "t_clamp-source", "clamped"), 3);
    assert_int_equal(HARNESS_RUN(&h, &out, "connector", "show", "t_clamp-source"), 0);
    assert_non_null(strstr(out, "clamped"));
    free(out);
    (void)harness_engine_end(&h, SIGTERM);
    free(db);
}

/* decimal.handling.mode=precise has no NaN: NULL is not the same, and verify does not say it is. */
static void test_not_a_number(void **state)
{
    static const struct expected lost[] = {
        {"2", "n=NaN", "n=\\N"}, {"3", "n=Infinity", "n=\\N"}, {"5", "n=NaN", "n=1"}};
    (void)state;
    struct harness h;
    char *db = strdup(fixture_database("t_nan"));
    run_sql(db, "CREATE TABLE t (id int PRIMARY KEY, n numeric); INSERT INTO t VALUES (1, 1.50), "
                "(2, 'NaN'), (3, 'Infinity'), (4, NULL), (5, 'NaN')");
    harness_init(&h, "t_nan", db, NULL);
    char *out = NULL;
    assert_int_equal(HARNESS_RUN(&h, &out, "batch"), 4);
    free(out);
    harness_engine_start(&h);
    json_t *j = verify_report(&h, 4);
    json_decref(j);
    /* known as such, and not taken for another loss */
    free(fixture_warehouse_psql("UPDATE raw.t_nan_public_t SET after_n = 1 WHERE after_id = 5"));
    j = verify_report(&h, 4);
    check_differences(table_of(j, "public.t"), lost, 3);
    assert_int_equal(json_integer_value(json_object_get(table_of(j, "public.t"), "not_a_number")),
                     2);
    json_decref(j);
    assert_int_equal(HARNESS_RUN(&h, &out, "verify", "--timeout", "20"), 4);
    if (!strstr(out, "public.t: at 2 of them it is NaN or infinity alone"))
        fail_msg("%s", out);
    free(out);
    (void)harness_engine_end(&h, SIGTERM);
    /* as strings they arrive */
    harness_init(&h, "t_string", db, "connectors: [connectors]\n");
    harness_connector(&h, "nan-source",
                      "{\"connector.class\": \"io.debezium.connector.postgresql.PostgresConnector\""
                      ", \"topic.prefix\": \"t_string\", \"slot.name\": \"t_string\", "
                      "\"publication.name\": \"t_string\", \"decimal.handling.mode\": \"string\"}");
    harness_connector(&h, "nan-sink",
                      "{\"connector.class\": \"io.confluent.vertica.VerticaSinkConnector\", "
                      "\"topics.regex\": \"t_string[.].*\", \"auto.create\": \"true\", "
                      "\"auto.evolve\": \"true\"}");
    harness_engine_start(&h);
    harness_verify(&h, VERIFY_S);
    (void)harness_engine_end(&h, SIGTERM);
    free(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arrays),
        cmocka_unit_test(test_every_type),
        cmocka_unit_test(test_verify_finds_what_is_wrong),
        cmocka_unit_test(test_verify_finds_doubled_records),
        cmocka_unit_test(test_clamped_values_are_counted),
        cmocka_unit_test(test_not_a_number),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
