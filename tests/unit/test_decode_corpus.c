/*
 * The decoder on what a real Debezium wrote: the same rows with inline schemas, without them (under
 * a plan from the schema of the other run), and under a plan from a table. The corpus lies beside
 * the repository; the tests skip where it is absent.
 */
#include "tests/unit/decode_row.h"

#include <dirent.h>
#include <jansson.h>

static const char CORPUS[] = "../shared/data/debezium";

enum { RECORDS = 64 };

/* The records of one topic, in the order of their offsets. */
struct topic {
    json_t *lines[RECORDS];
    int n;
};

static void topic_read(struct topic *t, const char *folder, const char *name)
{
    char path[1024];
    char *line = NULL;
    size_t cap = 0;
    (void)snprintf(path, sizeof path, "%s/%s/o_%s.o.%s.jsonl", CORPUS, folder, folder, name);
    FILE *f = fopen(path, "r");
    t->n = 0;
    if (!f) {
        print_message("%s is absent: skipped\n", CORPUS);
        skip();
        return;
    }
    while (getline(&line, &cap, f) > 0) {
        assert_true(t->n < RECORDS);
        t->lines[t->n] = json_loads(line, 0, NULL);
        assert_non_null(t->lines[t->n++]);
    }
    free(line);
    (void)fclose(f);
}

static void topic_free(struct topic *t)
{
    for (int i = 0; i < t->n; i++)
        json_decref(t->lines[i]);
}

static const char *text_at(const struct topic *t, int i, const char *member)
{
    return json_string_value(json_object_get(t->lines[i], member));
}

/* A record with its schema: the plan and the row. */
static enum err open_inline(struct row *r, const char *key, const char *value)
{
    enum envelope_form form;
    struct cell schema, payload, key_schema = {0}, key_payload;
    row_open(r);
    assert_int_equal(envelope_form_of(value, strlen(value), &form, &schema, &payload, &r->e),
                     ERR_OK);
    assert_int_equal(form, FORM_INLINE);
    if (key)
        assert_int_equal(
            envelope_form_of(key, strlen(key), &form, &key_schema, &key_payload, &r->e), ERR_OK);
    if (flat_plan_from_connect_schema(schema.p, schema.len, key_schema.p, key_schema.len, &r->plan,
                                      &r->e))
        fail_msg("%s", r->e.text);
    assert_true(flat_plan_columns(r->plan)->n <= CELLS);
    return flat_decode(r->plan, payload.p, payload.len, r->arena, r->cells, &r->unknown, &r->e);
}

static bool same_cell(const struct cell *a, const struct cell *b)
{
    return a->kind == b->kind && a->len == b->len && (!a->len || memcmp(a->p, b->p, a->len) == 0);
}

/* Columns that the runs share: what lies in the table, not in the envelope's clocks. */
static bool is_shared(const char *column)
{
    return strncmp(column, "before_", 7) == 0 || strncmp(column, "after_", 6) == 0 ||
           strcmp(column, "op") == 0 || strcmp(column, "_unchanged") == 0;
}

/* The payload without its schema, under the plan of the record with it. */
static void compare_plain(struct row *r, enum err rc, const char *plain)
{
    struct cell cells[CELLS];
    struct errbuf e;
    int unknown;
    assert_int_equal(flat_decode(r->plan, plain, strlen(plain), r->arena, cells, &unknown, &e), rc);
    assert_int_equal(unknown, 0);
    const struct flat_columns *c = flat_plan_columns(r->plan);
    for (int i = 0; !rc && i < c->n; i++)
        if (is_shared(c->columns[i].name) && !same_cell(&r->cells[i], &cells[i]))
            fail_msg("%s: \"%.*s\" and \"%.*s\"", c->columns[i].name, (int)r->cells[i].len,
                     r->cells[i].p, (int)cells[i].len, cells[i].p);
}

/* Under the plan of a table with those columns. Left out: what a column's type alone cannot tell
 * (bits, points, decimals in arrays, a number that may as well be base64). */
static void compare_table(struct row *r, enum err rc, const char *plain)
{
    const struct flat_columns *c = flat_plan_columns(r->plan);
    struct wcolumn columns[CELLS];
    int at[CELLS];
    int n = 0;
    struct row t;
    for (int i = 0; i < c->n; i++) {
        bool millis =
            strstr(c->columns[i].name, "time3") || strstr(c->columns[i].name, "timestamp3");
        bool guess = strstr(c->columns[i].name, "_bit5") || strstr(c->columns[i].name, "_varbit") ||
                     strstr(c->columns[i].name, "_point") ||
                     strstr(c->columns[i].name, "_numeric_arr") ||
                     strstr(c->columns[i].name, "_numeric_5_0");
        if (guess)
            continue;
        columns[n] = c->columns[i];
        if (millis)
            columns[n].precision = 3;
        at[n++] = i;
    }
    row_open(&t);
    if (flat_plan_from_table(columns, n, NULL, 0, &t.plan, &t.e))
        fail_msg("%s", t.e.text);
    assert_int_equal(row_decode(&t, plain), rc);
    for (int i = 0; !rc && i < n; i++)
        if (is_shared(columns[i].name) && !same_cell(&t.cells[i], &r->cells[at[i]]))
            fail_msg("%s: \"%.*s\" and \"%.*s\"", columns[i].name, (int)r->cells[at[i]].len,
                     r->cells[at[i]].p, (int)t.cells[i].len, t.cells[i].p);
    row_close(&t);
}

static void test_three_ways(void **state)
{
    (void)state;
    static const char *const names[] = {"types",      "types_default", "composite",
                                        "evolve",     "nopk_full",     "nopk_nothing",
                                        "toast_full", "toast_default"};
    int rows = 0, refused = 0;
    for (size_t k = 0; k < LENGTH(names); k++) {
        struct topic with, without;
        topic_read(&with, "default_schema", names[k]);
        topic_read(&without, "default", names[k]);
        assert_int_equal(with.n, without.n);
        for (int i = 0; i < with.n; i++) {
            const char *value = text_at(&with, i, "value");
            const char *plain = text_at(&without, i, "value");
            if (!value) {
                assert_null(plain);
                continue;
            }
            struct row r;
            enum err rc = open_inline(&r, text_at(&with, i, "key"), value);
            assert_int_equal(r.unknown, 0);
            if (rc) /* 294276-12-31 overflowed when it was written */
                assert_non_null(strstr(r.e.text, "outside of PostgreSQL's range"));
            compare_plain(&r, rc, plain);
            compare_table(&r, rc, plain);
            rows++;
            refused += rc != ERR_OK;
            row_close(&r);
        }
        topic_free(&with);
        topic_free(&without);
    }
    print_message("%d rows read three ways, %d refused alike\n", rows, refused);
    assert_true(rows > 50);
    assert_int_equal(refused, 3);
}

static const struct {
    const char *column;
    const char *text;
} typical[] = {
    {"c_smallint", "12"},
    {"c_int", "3456"},
    {"c_bigint", "789012345678"},
    {"c_numeric_10_2", "1234.56"},
    {"c_numeric", "98765.4321"},
    {"c_real", "1.5"},
    {"c_double", "2.25"},
    {"c_bool", "true"},
    {"c_char3", "ab "},
    {"c_varchar10", "varchar"},
    {"c_text", "plain text"},
    {"c_bytea", "\\xdeadbeef"},
    {"c_date", "2026-02-03"},
    {"c_time", "12:34:56.789012"},
    {"c_time3", "12:34:56.789"},
    {"c_timetz", "10:34:56.789Z"},
    {"c_timestamp", "2026-02-03 04:05:06.789012"},
    {"c_timestamp3", "2026-02-03 04:05:06.789"},
    {"c_timestamptz", "2026-02-03 03:05:06.789012+00"},
    {"c_interval", "37091106789000"},
    {"c_json", "{\"a\": 1,  \"b\":[true,null]}"},
    {"c_jsonb", "{\"a\": {\"x\": 1.50}, \"b\": 2}"},
    {"c_xml", "<r a=\"1\">t</r>"},
    {"c_uuid", "0f8fad5b-d9cb-469f-a165-70867728950e"},
    {"c_mood", "ok"},
    {"c_inet", "192.168.1.5/24"},
    {"c_int4range", "[1,10)"},
    {"c_int_arr", "[1,2,3]"},
    {"c_text_arr", "[\"a\",\"b c\",\"d\\\"e\",null]"},
    {"c_numeric_arr", "[1.5,2.5,null]"},
    {"c_point", "(1.5,-2)"},
    {"c_money", "1234.56"},
    {"c_hstore", "{\"a\":\"1\",\"b\":null}"},
    {"c_bit1", "true"},
    {"c_bit5", "10110"},
    {"c_varbit", "101"},
    {"c_oid", "4294967295"},
    {"c_numeric_5_0", "12345"},
    {"c_tsvector", "'a' 'cat' 'fat'"},
    {"c_bpchar_arr", "[\"abc\",\"d  \"]"},
};

/* What schema.sql and changes.sql put into the row with id 1. */
static void test_typical_row(void **state)
{
    (void)state;
    struct topic t;
    topic_read(&t, "default_schema", "types");
    struct row r;
    assert_int_equal(open_inline(&r, text_at(&t, 2, "key"), text_at(&t, 2, "value")), ERR_OK);
    for (size_t i = 0; i < LENGTH(typical); i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "after_%s", typical[i].column);
        assert_cell(&r, name, typical[i].text);
    }
    assert_cell(&r, "op", "c");
    assert_cell(&r, "source_connector", "postgresql");
    assert_cell(&r, "source_xmin", NULL);
    assert_cell(&r, "source_origin_lsn", NULL);
    const struct flat_columns *c = flat_plan_columns(r.plan);
    assert_int_equal(c->n_key, 1);
    assert_string_equal(c->columns[c->key_after[0]].name, "after_id");
    row_close(&r);
    topic_free(&t);
}

static void test_unchanged_toast(void **state)
{
    (void)state;
    struct topic t;
    topic_read(&t, "default_schema", "toast_default");
    struct row r;
    assert_int_equal(open_inline(&r, text_at(&t, 1, "key"), text_at(&t, 1, "value")), ERR_OK);
    assert_cell(&r, "op", "u");
    assert_cell(&r, "after_small", "t");
    assert_cell(&r, "_unchanged", ",big,bigb,bigarr,");
    row_close(&r);
    topic_free(&t);
}

/* Logical messages have an envelope of their own, without a table. */
static void test_messages(void **state)
{
    (void)state;
    char path[1024];
    char *line = NULL;
    size_t cap = 0;
    (void)snprintf(path, sizeof path, "%s/default_schema/o_default_schema.message.jsonl", CORPUS);
    FILE *f = fopen(path, "r");
    if (!f) {
        print_message("%s is absent: skipped\n", CORPUS);
        skip();
        return;
    }
    while (getline(&line, &cap, f) > 0) {
        struct row r;
        json_t *record = json_loads(line, 0, NULL);
        assert_int_equal(open_inline(&r, NULL, json_string_value(json_object_get(record, "value"))),
                         ERR_OK);
        assert_cell(&r, "op", "m");
        assert_cell(&r, "message_prefix", "pfx");
        assert_int_equal(flat_plan_columns(r.plan)->n_key, 0);
        row_close(&r);
        json_decref(record);
    }
    free(line);
    (void)fclose(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_three_ways),
        cmocka_unit_test(test_typical_row),
        cmocka_unit_test(test_unchanged_toast),
        cmocka_unit_test(test_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
