/*
 * There and back: PostgreSQL's own text of a value, encoded as a change event, decoded again, must
 * be the same text, for every type whose warehouse type keeps it and for whatever the others
 * promise; in all modes. The values come from a PostgreSQL: corner cases and random ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/arena.h"
#include "backend/envelope/decode.h"
#include "backend/envelope/encode.h"
#include "backend/postgres/source.h"
#include "tests/fixture/fixture.h"

enum { CELLS = 256, TEXT_MAX = 4096 };

static const char tables[] =
    "create extension if not exists hstore;"
    "create type mood as enum('sad','ok','very happy');"
    "create table t(id int primary key, c_bool bool, c_int2 int2, c_int4 int4, c_int8 int8,"
    " c_oid oid, c_float4 float4, c_float8 float8, c_numeric numeric, c_numeric_20_5 numeric(20,5),"
    " c_numeric_5_0 numeric(5,0), c_numeric_3_3 numeric(3,3), c_numeric_neg numeric(5,-2),"
    " c_money money, c_text text, c_varchar varchar(40), c_char char(5), c_bytea bytea,"
    " c_json json, c_jsonb jsonb, c_xml xml, c_uuid uuid, c_mood mood, c_inet inet, c_cidr cidr,"
    " c_macaddr macaddr, c_date date, c_time time, c_time3 time(3), c_timestamp timestamp,"
    " c_timestamp3 timestamp(3), c_timestamptz timestamptz, c_bit1 bit(1), c_bit12 bit(12),"
    " c_varbit varbit, c_point point, c_int_array int[], c_date_array date[],"
    " c_numeric_array numeric[], c_range int4range, c_tsvector tsvector);"
    "alter table t replica identity full;"
    "insert into t(id) values(0);"
    "insert into t values(1, true, -32768, -2147483648, -9223372036854775808, 4294967295,"
    " '3.4028235e38', '1.7976931348623157e308', 'NaN', -999999999999999.99999, -99999, -0.999,"
    " -1234500, '-92233720368547758.08', '', '', '', '', 'null', 'null', '<a/>',"
    " '00000000-0000-0000-0000-000000000000', 'sad', '::1', '2001:db8::/32', 'ff:ff:ff:ff:ff:ff',"
    " 'infinity', '24:00:00', '24:00:00', '-infinity', '-infinity', 'infinity', B'1',"
    " B'000000000001', B'', '(Infinity,NaN)', '{}', '{}', '{}', 'empty', '');"
    "insert into t values(2, false, 32767, 2147483647, 9223372036854775807, 0, '-Infinity', 'NaN',"
    " 'Infinity', 0, 0, 0, 0, '92233720368547758.07', E'\\n\\t\\b\\f\\r\\\\\"/\\x7f', "
    "E'\\U0001F600',"
    " 'ab', '\\x00', '{\"a\" : [1,  2.50]}', '{\"a\": \"\\u00e9\"}', '<a>&amp;</a>',"
    " 'ffffffff-ffff-ffff-ffff-ffffffffffff', 'very happy', '192.168.1.5/24', '10.0.0.0/8',"
    " '08:00:2b:01:02:03', '-infinity', '00:00:00', '00:00:00.001', 'infinity', 'infinity',"
    " '-infinity', B'0', B'100000000001', B'00101', '(1.5,-2)', '{1,NULL,-3}',"
    " '{2026-02-03,NULL,infinity,\"0044-03-15 BC\"}', '{1.50,NULL,NaN}', '[1,10)',"
    " '''a'':1A ''b''');"
    "insert into t(id, c_date, c_timestamp, c_timestamp3, c_timestamptz, c_numeric, c_float8) "
    "values"
    " (3, '4714-11-24 BC', '4714-11-24 00:00:00 BC', '4714-11-24 00:00:00 BC',"
    "  '4714-11-24 00:00:00+00 BC', '-Infinity', '-0'),"
    " (4, '5874897-12-31', '294246-12-31 23:59:59.999999', '294276-12-31 23:59:59.999',"
    "  '294276-12-31 23:59:59.999999+00', 1e-16383, '5e-324'),"
    " (5, '0001-12-31 BC', '0001-12-31 23:59:59.999999 BC', '1969-12-31 23:59:59.999',"
    "  '1969-12-31 23:59:59.999999+00', -1e131071, 0.1),"
    " (6, '0001-01-01', '0001-01-01', '10000-01-01', '10000-01-01 00:00:00.5+00',"
    "  123456789.987654321, 1e22);"
    "insert into t select i, random() < 0.5, (random()*65535 - 32768)::int,"
    " (random()*4294967295 - 2147483648)::bigint, ((random() - 0.5)*1.8e19)::bigint,"
    " (random()*4294967295)::bigint, (random() - 0.5)*10::float8^(random()*70 - 35)::int,"
    " (random() - 0.5)*10::float8^(random()*600 - 300)::int,"
    " trim_scale((translate(md5(i::text), 'abcdef', '123450')::numeric *"
    "  10::numeric^(random()*40 - 50)::int)::numeric),"
    " (random() - 0.5)*10::numeric^(random()*14)::int, (random()*199998 - 99999)::int,"
    " (random()*1.998 - 0.999)::numeric(3,3), ((random() - 0.5)*1e7)::numeric(5,-2),"
    " ((random() - 0.5)*1e15)::numeric::money,"
    " (select string_agg(chr((case when random() < 0.7 then 32 + random()*94"
    "   when random() < 0.5 then 160 + random()*50000 else 65536 + random()*900000 end)::int), '')"
    "  from generate_series(0, i % 40)),"
    " left(md5(i::text), i % 33), left(md5(i::text), i % 6),"
    " decode(left(md5(i::text), (i % 16)*2), 'hex'),"
    " format('{\"n\":%s , \"i\": [%s]}', random(), i)::json,"
    " jsonb_build_object('n', random()::text, 'i', i, 's', E'\"\\\\\\n'),"
    " format('<r a=\"%s\"/>', i)::xml, md5(i::text)::uuid, (array['sad','ok','very happy'])[1 + "
    "i%3]"
    " ::mood, ('10.0.0.0'::inet + i), ('10.0.' || i%256 || '.0/24')::cidr,"
    " left(md5(i::text), 12)::macaddr, date '4714-11-24 BC' + (random()*2147000000)::int,"
    " (interval '1 microsecond'*floor(random()*86400000000))::time,"
    " (interval '1 microsecond'*floor(random()*86400000000))::time(3),"
    " timestamp '4714-11-24 BC' + random()*290000*interval '365 days',"
    " timestamp '4714-11-24 BC' + random()*290000*interval '365 days',"
    " timestamptz '1900-01-01' + random()*300*interval '365 days', (i%2)::bit(1), i::bit(12),"
    " substring((i*7919)::bit(32)::varbit for i%33), point(i/2.0, -i),"
    " array[i, null, -i], array[date '2026-01-01' + i, null], array[i/8.0, null, "
    "-i/1000.0]::numeric[],"
    " int4range(-i, i), to_tsvector('simple', 'a b ' || i)"
    " from generate_series(10, 1500) i";

struct trip {
    const struct relation *relation;
    struct envelope_options options;
    struct envelope_table *table;
    struct flat_plan *plan;
    struct arena *arena;
    int after[CELLS]; /* relation's column -> flat column */
    int rows;
    int compared;
};

/* ---- what must come out ---- */

static void put(char *to, const char *p, size_t n)
{
    assert_true(n < TEXT_MAX);
    memcpy(to, p, n);
    to[n] = '\0';
}

/* Debezium's precise decimals in arrays have no trailing zeros. */
static void trim_scale(char *number)
{
    char *end = number + strlen(number);
    while (strchr(number, '.') && end[-1] == '0')
        *--end = '\0';
    if (end[-1] == '.')
        end[-1] = '\0';
}

/* {1,NULL} to [1,null]; elements that need it in quotes. */
static void array_as_json(const char *text, bool quoted, bool precise, char *to)
{
    struct buf b;
    char copy[TEXT_MAX];
    char *save = NULL;
    put(copy, text + 1, strlen(text) - 2);
    buf_init(&b, 0);
    buf_ch(&b, '[');
    bool first = true;
    for (char *item = strtok_r(copy, ",", &save); item; item = strtok_r(NULL, ",", &save)) {
        if (!first)
            buf_ch(&b, ',');
        first = false;
        bool null = strcmp(item, "NULL") == 0 || (precise && strcmp(item, "NaN") == 0);
        bool bare = null || (!quoted && strcmp(item, "NaN") != 0);
        if (precise)
            trim_scale(item);
        if (*item == '"') { /* PostgreSQL quotes what has a space */
            item++;
            item[strlen(item) - 1] = '\0';
        }
        if (bare)
            buf_str(&b, null ? "null" : item);
        else
            buf_json_string(&b, item, strlen(item));
    }
    buf_ch(&b, ']');
    put(to, b.p, b.len);
    buf_free(&b);
}

/* Milliseconds are all that connect's types hold. */
static void cut_to_millis(char *text)
{
    char *dot = strchr(text, '.');
    if (!dot)
        return;
    char *end = dot + 1 + strspn(dot + 1, "0123456789");
    char rest[16];
    put(rest, end, strlen(end));
    char *keep = end - dot > 4 ? dot + 4 : end;
    while (keep[-1] == '0')
        keep--;
    if (keep[-1] == '.')
        keep--;
    memcpy(keep, rest, strlen(rest) + 1);
}

static bool is_type(const struct column *c, const char *name)
{
    return strcmp(c->type_name, name) == 0;
}

/* Numbers that travel as doubles are compared as such. */
static bool same_double(const char *a, const char *b, bool single)
{
    double x = single ? (double)strtof(a, NULL) : strtod(a, NULL);
    double y = single ? (double)strtof(b, NULL) : strtod(b, NULL);
    return (isnan(x) && isnan(y)) || (x == y && signbit(x) == signbit(y));
}

/* money's text is $1,234.56; the warehouse has a number. */
static void plain_money(char *text)
{
    char *o = text;
    for (const char *p = text; *p; p++)
        if (*p != '$' && *p != ',')
            *o++ = *p;
    *o = '\0';
}

static bool is_special(const char *text)
{
    return strcmp(text, "NaN") == 0 || strstr(text, "Infinity");
}

/* The expected text of a value; NULL: none, the cell is NULL. */
static const char *expected(const struct trip *t, const struct column *c, const char *text,
                            char *to)
{
    put(to, text, strlen(text));
    if (is_type(c, "bool") || (is_type(c, "bit") && c->typmod == 1)) {
        bool yes = *text == 't' || *text == '1';
        put(to, yes ? "true" : "false", yes ? 4 : 5);
    } else if (is_type(c, "varbit")) {
        const char *from = text + strspn(text, "0"); /* their number is not told */
        memmove(to, to + (from - text), strlen(from) + 1);
    } else if (is_type(c, "money")) {
        plain_money(to);
    } else if (is_type(c, "_int4") || is_type(c, "_numeric") || is_type(c, "_date")) {
        array_as_json(text, is_type(c, "_date"),
                      is_type(c, "_numeric") && t->options.decimals == DECIMAL_PRECISE, to);
    } else if (is_type(c, "numeric") && t->options.decimals == DECIMAL_PRECISE &&
               is_special(text)) {
        return NULL;
    } else if (t->options.times == TIME_CONNECT &&
               (is_type(c, "time") || is_type(c, "timestamp"))) {
        cut_to_millis(to);
    }
    return to;
}

static bool as_double(const struct trip *t, const struct column *c)
{
    return is_type(c, "float4") || is_type(c, "float8") ||
           (t->options.decimals == DECIMAL_DOUBLE &&
            (is_type(c, "numeric") || is_type(c, "money")));
}

/* ---- the trip ---- */

static void compare(struct trip *t, const struct column *c, const struct cell *from,
                    const struct cell *to)
{
    char *text = malloc((size_t)from->len + 1);
    char *got = malloc((size_t)to->len + 1);
    char room[TEXT_MAX];
    if (from->len)
        memcpy(text, from->p, from->len);
    text[from->len] = '\0';
    if (to->len)
        memcpy(got, to->p, to->len);
    got[to->len] = '\0';
    const char *want = from->kind == CELL_NULL ? NULL
                       : from->len < TEXT_MAX  ? expected(t, c, text, room)
                                               : text;
    bool numeric_array = t->options.decimals == DECIMAL_DOUBLE && is_type(c, "_numeric");
    if (!want                   ? to->kind != CELL_NULL
        : to->kind != CELL_TEXT ? true
        : as_double(t, c)       ? !same_double(want, got, is_type(c, "float4"))
        : numeric_array         ? false /* 1.50 is 1.5 as a double */
                                : strcmp(want, got) != 0)
        fail_msg("%s: %.200s came back as %.200s (kind %d), expected %.200s", c->name,
                 from->kind == CELL_NULL ? "NULL" : text, got, to->kind, want ? want : "NULL");
    t->compared++;
    free(text);
    free(got);
}

/* A double has no room for these: Debezium has no word for it either, the row is refused. */
static bool leaves_double(const struct trip *t, const struct relation *r, const struct cell *cells)
{
    for (int i = 0; t->options.decimals == DECIMAL_DOUBLE && i < r->n_columns; i++)
        if (is_type(&r->columns[i], "numeric") && cells[i].len > 300)
            return true;
    return false;
}

static enum err row(void *arg, const struct cell *cells, int n, struct errbuf *e)
{
    struct trip *t = arg;
    struct cell out[CELLS];
    struct buf value;
    const struct envelope_event ev = {
        .op = 'u', .before = cells, .after = cells, .lsn = 5, .now_ns = 7000, .snapshot = "false"};
    int unknown;
    assert_int_equal(n, t->relation->n_columns);
    if (leaves_double(t, t->relation, cells))
        return ERR_OK;
    buf_init(&value, 0);
    if (envelope_write_value(t->table, &ev, &value, e))
        fail_msg("%s", e->text);
    arena_reset(t->arena);
    if (flat_decode(t->plan, value.p, value.len, t->arena, out, &unknown, e))
        fail_msg("%s in %.*s", e->text, (int)(value.len > 4000 ? 4000 : value.len), value.p);
    assert_int_equal(unknown, 0);
    for (int i = 0; i < n; i++) {
        compare(t, &t->relation->columns[i], &cells[i], &out[t->after[i]]);
        assert_int_equal(out[i].kind, out[t->after[i]].kind); /* before: the first n columns */
        assert_int_equal(out[i].len, out[t->after[i]].len);
        if (out[i].len)
            assert_memory_equal(out[i].p, out[t->after[i]].p, out[i].len);
    }
    const struct flat_columns *c = flat_plan_columns(t->plan);
    assert_int_equal(out[c->unchanged].kind, CELL_NULL);
    assert_memory_equal(out[c->op].p, "u", 1);
    assert_memory_equal(out[c->source_lsn].p, "5", 1);
    buf_free(&value);
    t->rows++;
    return ERR_OK;
}

static void find_columns(struct trip *t)
{
    const struct flat_columns *c = flat_plan_columns(t->plan);
    assert_true(c->n <= CELLS);
    for (int i = 0; i < t->relation->n_columns; i++) {
        char name[128];
        t->after[i] = -1;
        (void)snprintf(name, sizeof name, "after_%s", t->relation->columns[i].name);
        for (int k = 0; k < c->n; k++)
            if (strcmp(c->columns[k].name, name) == 0)
                t->after[i] = k;
        assert_true(t->after[i] >= 0);
    }
    assert_int_equal(c->n_key, 1);
    assert_string_equal(c->columns[c->key_after[0]].name, "after_id");
}

/* Every column of which the value was not sent comes back as unchanged, or the encoder says why it
 * cannot say so. */
static void unchanged(struct trip *t)
{
    const struct relation *r = t->relation;
    for (int i = 1; i < r->n_columns; i++) {
        struct cell cells[CELLS] = {{.p = "1", .len = 1, .kind = CELL_TEXT}};
        struct cell out[CELLS];
        struct buf value;
        struct errbuf e;
        int unknown;
        cells[i].kind = CELL_UNCHANGED;
        const struct envelope_event ev = {.op = 'u', .after = cells, .snapshot = "false"};
        buf_init(&value, 0);
        if (envelope_write_value(t->table, &ev, &value, &e) == ERR_OK) {
            if (flat_decode(t->plan, value.p, value.len, t->arena, out, &unknown, &e))
                fail_msg("%s", e.text);
            if (out[t->after[i]].kind != CELL_UNCHANGED)
                fail_msg("%s: the stand-in for an unchanged value came back as %.*s",
                         r->columns[i].name, (int)out[t->after[i]].len, out[t->after[i]].p);
        }
        buf_free(&value);
    }
}

static void travel(struct source *s, struct relation *r, struct envelope_options options)
{
    struct trip t = {.relation = r, .options = options, .arena = arena_create(1 << 16)};
    struct buf key, value;
    struct errbuf e;
    buf_init(&key, 0);
    buf_init(&value, 0);
    if (envelope_table_create(&options, r, &t.table, &e) ||
        envelope_write_schema_record(t.table, &key, &value, &e) ||
        flat_plan_from_schema_record(value.p, value.len, &t.plan, &e))
        fail_msg("%s", e.text);
    find_columns(&t);
    if (source_copy(s, r, NULL, row, &t, &e))
        fail_msg("%s", e.text);
    unchanged(&t);
    print_message("decimals %d, times %d, binary %d: %d rows, %d values\n", (int)options.decimals,
                  (int)options.times, (int)options.binary, t.rows, t.compared);
    assert_true(t.rows > 1490);
    flat_plan_unref(t.plan);
    envelope_table_destroy(t.table);
    arena_destroy(t.arena);
    buf_free(&key);
    buf_free(&value);
}

static void test_every_mode(void **state)
{
    (void)state;
    static const enum decimal_mode decimals[] = {DECIMAL_PRECISE, DECIMAL_STRING, DECIMAL_DOUBLE};
    struct source *s = NULL;
    struct relation *r = NULL;
    struct errbuf e;
    const char *conninfo = fixture_database("round_trip");
    free(fixture_sql(conninfo, tables));
    if (source_open(conninfo, &s, &e) || source_relation(s, "public", "t", &r, &e))
        fail_msg("%s", e.text);
    struct envelope_options o = {.prefix = "p",
                                 .database = "round_trip",
                                 .version = "1",
                                 .placeholder = "__debezium_unavailable_value"};
    for (int d = 0; d < 3; d++) {
        o.decimals = decimals[d];
        for (int time = TIME_ADAPTIVE; time <= TIME_CONNECT; time++) {
            o.times = (enum time_mode)time;
            o.binary = (enum binary_mode)((d + time) % 4);
            o.placeholder = time == TIME_CONNECT ? "not \"sent\"" : "__debezium_unavailable_value";
            travel(s, r, o);
        }
    }
    relation_unref(r);
    source_close(s);
}

static int setup(void **state)
{
    (void)state;
    return fixture_start(FIXTURE_PRIMARY);
}

static int teardown(void **state)
{
    (void)state;
    return fixture_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_mode)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
