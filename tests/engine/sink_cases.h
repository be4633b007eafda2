/*
 * The sink by itself, as `flightdeck engine` runs it: connector files as made for Kafka Connect,
 * topics that the test fills, a real warehouse. A real Debezium's records first (they lie beside
 * the project; without them those tests are skipped), then dead letters and topics that change.
 */
#ifndef TESTS_SINK_CASES_H
#define TESTS_SINK_CASES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/fixture/connectors.h"
#include "tests/fixture/fixture.h"
#include "tests/fixture/sinks.h"

enum { WAIT_S = 30 };

#define CORPUS    "../shared/data/debezium"
#define LENGTH(a) ((int)(sizeof(a) / sizeof *(a)))

/* A sink in Connect's words; more: further settings, each beginning with a comma. */
static void sink(const struct harness *h, const char *name, const char *topics, const char *more)
{
    char *json;
    assert_true(asprintf(&json,
                         "{\"name\": \"%s\", \"config\": {"
                         "\"connector.class\": \"io.confluent.vertica.VerticaSinkConnector\","
                         "\"tasks.max\": \"1\", \"transforms\": \"flatten\","
                         "\"transforms.flatten.type\": "
                         "\"org.apache.kafka.connect.transforms.Flatten$Value\","
                         "\"transforms.flatten.delimiter\": \"_\", %s%s}}",
                         name, topics, more) > 0);
    harness_connector(h, name, json);
    free(json);
}

/* ---- a real Debezium's records ---- */

static const char *const corpus_tables[] = {"types",         "types_default", "toast_full",
                                            "toast_default", "nopk_full",     "nopk_nothing",
                                            "composite",     "evolve"};

enum { CORPUS_TABLES = 8 };

/* Sends all topics of a folder; counts[] gets the records that have a value. */
static void send_corpus(const char *folder, int *counts)
{
    if (access(CORPUS, R_OK) != 0) {
        print_message("%s is absent: skipped\n", CORPUS);
        skip();
    }
    for (int i = 0; i < CORPUS_TABLES; i++) {
        char topic[128];
        char path[256];
        (void)snprintf(topic, sizeof topic, "o_%s.o.%s", folder, corpus_tables[i]);
        (void)snprintf(path, sizeof path, "%s/%s/%s.jsonl", CORPUS, folder, topic);
        topic_make(topic, 1);
        counts[i] = topic_send_file(topic, path);
        assert_true(counts[i] > 0);
    }
}

/* As many rows as records with a value, but for those in `dead` (by table; NULL: none). */
static void wait_corpus(const struct harness *h, const char *folder, const int *counts,
                        const int *dead)
{
    for (int i = 0; i < CORPUS_TABLES; i++) {
        char sql[256];
        (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM raw.o_%s_o_%s", folder,
                       corpus_tables[i]);
        sinks_wait_number(h, counts[i] - (dead ? dead[i] : 0), sql);
    }
}

/* The source itself: the same script that Debezium captured. */
static char *make_truth(void)
{
    static const char *const files[] = {CORPUS "/schema.sql", CORPUS "/changes.sql"};
    char *db = NULL;
    assert_true(asprintf(&db, "%s options='-c timezone=UTC -c lc_monetary=C'",
                         fixture_database("src")) > 0);
    for (int i = 0; i < LENGTH(files); i++) {
        FILE *f = fopen(files[i], "r");
        char *text = NULL;
        size_t cap = 0;
        assert_non_null(f);
        assert_true(getdelim(&text, &cap, '\0', f) > 0);
        (void)fclose(f);
        /* a message that is not transactional must not stand in a transaction of ours: fine here */
        free(fixture_sql(db, text));
        free(text);
    }
    return db;
}

/* Where the text of the two sides is not the same by itself: %s is the column. */
static const struct {
    const char *column;
    const char *source;
    const char *raw;
    const char *vertica; /* the source again, where Vertica keeps it otherwise */
} texts[] = {
    /* decimal.handling.mode=precise has no NaN and no infinity */
    {"c_numeric", "trim_scale(nullif(nullif(nullif(%s, 'NaN'), 'Infinity'), '-Infinity'))",
     "trim_scale(%s)",
     "trim_scale(round(nullif(nullif(nullif(%s, 'NaN'), 'Infinity'), '-Infinity'), 15))"},
    {"c_numeric_10_2", "trim_scale(%s)", "trim_scale(%s)", NULL},
    {"c_numeric_arr",
     "(SELECT array_agg(trim_scale(x)) FROM unnest(CASE WHEN 'NaN' = ANY(%s) THEN NULL ELSE %s "
     "END) x)",
     "(SELECT array_agg(trim_scale(x::numeric)) FROM jsonb_array_elements_text(%s::jsonb) x)",
     NULL},
    {"c_money", "trim_scale(%s::numeric)", "trim_scale(%s)", NULL},
    {"c_char3", "rpad(%s::text, 3)", "%s", NULL},
    {"c_timetz", "CASE WHEN %s::text LIKE '24%' THEN %s ELSE %s AT TIME ZONE 'UTC' END",
     "%s::timetz", NULL},
    /* a month of 30.4375 days, saturating */
    {"c_interval",
     "CASE WHEN %s IS NOT NULL THEN greatest(((extract(year FROM %s) * 12 + extract(month FROM "
     "%s)) * 2629800 + extract(day FROM "
     "%s) * 86400 + extract(hour FROM %s) * 3600 + extract(minute FROM %s) * 60) * 1000000 + "
     "extract(microseconds FROM %s), -9223372036854775808)::numeric(20, 0) END",
     "%s", NULL},
    {"c_json", "%s::jsonb", "%s::jsonb", NULL},
    {"c_inet", "%s", "%s::inet", NULL},
    {"c_bit1", "%s = B'1'", "%s", NULL},
    {"c_jsonb", "%s", "%s::jsonb", NULL},
    {"c_real", "%s", "%s::real", NULL},
    {"c_hstore", "hstore_to_jsonb(%s)", "%s::jsonb", NULL},
    {"c_int_arr", "to_jsonb(%s)", "%s::jsonb", NULL},
    {"c_text_arr", "to_jsonb(%s)", "%s::jsonb", NULL},
    {"c_bpchar_arr", "to_jsonb(%s)", "%s::jsonb", NULL},
    {"c_bool_arr", "to_jsonb(%s)", "%s::jsonb", NULL},
    {"c_uuid_arr", "to_jsonb(%s)", "%s::jsonb", NULL},
    {"c_jsonb_arr", "to_jsonb(%s::text[])", "%s::jsonb", NULL},
    {"c_ts_arr",
     "(SELECT array_agg(to_char(x AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')) FROM "
     "unnest(%s) x)",
     "(SELECT array_agg(x) FROM jsonb_array_elements_text(%s::jsonb) x)", NULL},
};

static char *column_values(const char *conninfo, const char *from, const char *expression)
{
    char *sql = NULL;
    assert_true(asprintf(&sql,
                         "SELECT coalesce(string_agg(id || '=' || coalesce((%s)::text, 'NULL'), "
                         "E'\\n' ORDER BY id), '') FROM %s",
                         expression, from) > 0);
    char *out = fixture_sql(conninfo, sql);
    free(sql);
    return out;
}

static char *fill(const char *pattern, const char *column)
{
    char *out = strdup("");
    for (const char *p = pattern; *p; p++) {
        char *longer = NULL;
        bool hole = p[0] == '%' && p[1] == 's';
        assert_true(asprintf(&longer, hole ? "%s%s" : "%s%.1s", out, hole ? column : p) > 0);
        p += hole;
        free(out);
        out = longer;
    }
    return out;
}

static int differs(const char *truth, const char *raw, const char *column)
{
    char prefixed[128];
    const char *a = "%s";
    const char *b = "%s";
    for (int i = 0; i < LENGTH(texts); i++)
        if (!strcmp(texts[i].column, column)) {
            a = sinks_on_vertica() && texts[i].vertica ? texts[i].vertica : texts[i].source;
            b = texts[i].raw;
        }
    (void)snprintf(prefixed, sizeof prefixed, "after_%s", column);
    char *mine = fill(a, column);
    char *theirs = fill(b, prefixed);
    char *x = column_values(truth, sinks_on_vertica() ? "o.types WHERE id <> 8" : "o.types", mine);
    char *y = column_values(raw, "raw.types_now", theirs);
    int different = strcmp(x, y) != 0;
    if (different)
        print_error("%s\n-- source:\n%s\n-- raw:\n%s\n", column, x, y);
    free(mine);
    free(theirs);
    free(x);
    free(y);
    return different;
}

/* The current state of o.types in raw is the source's, column by column. */
static void compare_types(const char *truth)
{
    char raw[512];
    int different = 0;
    (void)snprintf(raw, sizeof raw, "%s options='-c timezone=UTC'", sinks_conninfo());
    free(fixture_sql(
        sinks_conninfo(),
        "CREATE VIEW raw.types_now AS SELECT * FROM (SELECT DISTINCT ON (id) * FROM (SELECT "
        "coalesce(after_id, before_id) AS id, * FROM raw.o_default_schema_o_types) x ORDER BY "
        "id, source_lsn DESC, _offset DESC) y WHERE op <> 'd'"));
    char *columns = fixture_sql(truth, "SELECT string_agg(attname, ' ' ORDER BY attnum) FROM "
                                       "pg_attribute WHERE attrelid = 'o.types'::regclass AND "
                                       "attnum > 0");
    char *save;
    for (char *c = strtok_r(columns, " ", &save); c; c = strtok_r(NULL, " ", &save))
        different += differs(truth, raw, c);
    free(columns);
    assert_int_equal(different, 0);
}

enum { WRAPPED = 3 };

/* Debezium wraps the timestamp 294276-12-31 around to a number that is none: in the insert's row
 * and, under REPLICA IDENTITY FULL, in the delete's. Vertica's NUMERIC has no room for 1e30 beside
 * 15 decimals: id 8 is one more. */
static const int *dead_rows(void)
{
    static const int wrapped[CORPUS_TABLES] = {2, 1};
    static const int and_too_large[CORPUS_TABLES] = {3, 1};
    return sinks_on_vertica() ? and_too_large : wrapped;
}

struct dead {
    int n;
    int wrapped; /* with the reason and the record's own headers */
};

static void look_at_dead(void *arg, const struct kafka_record *r)
{
    struct dead *d = arg;
    const void *reason;
    size_t n;
    d->n++;
    d->wrapped += kafka_record_header(r, "__connect.errors.exception.message", &reason, &n) &&
                  memmem(reason, n, "c_timestamp", 11) && r->value_len > 100 &&
                  kafka_record_header(r, "__debezium.context.taskId", &reason, &n);
}

/* Inline schemas: the tables make themselves, typed; each record is there once, over a kill -9. */
static void test_debezium_with_schemas(void **state)
{
    (void)state;
    struct harness h;
    struct dead dead = {0};
    int n_dead = dead_rows()[0] + dead_rows()[1];
    int counts[CORPUS_TABLES];
    sinks_init(&h, "s_schema", fixture_conninfo(), "connectors: [connectors]\n");
    send_corpus("default_schema", counts);
    sink(&h, "schema-sink", "\"topics.regex\": \"o_default_schema[.]o[.].*\"",
         ", \"auto.create\": \"true\", \"auto.evolve\": \"true\", \"errors.tolerance\": \"all\", "
         "\"errors.deadletterqueue.topic.name\": \"schema-dead\"");
    harness_engine_start(&h);
    wait_corpus(&h, "default_schema", counts, dead_rows());
    connector_wait_number(&h, "schema-sink", "dead_letters", n_dead, WAIT_S);
    (void)harness_engine_end(&h, SIGKILL);
    topic_send("o_default_schema.o.evolve", 0, NULL, NULL); /* a tombstone is no row */
    topic_flush();
    harness_engine_start(&h);
    sinks_wait_number(&h, 7,
                      "SELECT next_offset FROM raw._flightdeck_offsets WHERE topic = "
                      "'o_default_schema.o.evolve'");
    sinks_end_well(&h);
    wait_corpus(&h, "default_schema", counts, dead_rows());
    assert_int_equal(sinks_number("SELECT count(*) FROM raw.o_default_schema_o_types t JOIN "
                                  "raw.o_default_schema_o_types u USING (_partition, _offset)"),
                     counts[0] - dead_rows()[0]);
    assert_int_equal(topic_read("schema-dead", look_at_dead, &dead), n_dead);
    assert_int_equal(dead.wrapped, WRAPPED);
    char *truth = make_truth();
    compare_types(truth);
    free(truth);
}

/* Without a schema nothing says that a text column's base64 stands for bits, and an array's column
 * does not say what its elements are. */
static bool needs_schema(const char *column)
{
    return strstr(column, "_c_bit5") || strstr(column, "_c_varbit") ||
           strstr(column, "_c_numeric_arr");
}

/* How many columns of the corpus came out otherwise without inline schemas than with them. */
static int forms_differ(const char *table)
{
    char sql[2048];
    char *save;
    int n = 0;
    (void)snprintf(
        sql, sizeof sql,
        "SELECT string_agg(column_name, '|') FROM information_schema.columns "
        "WHERE table_schema = 'raw' AND table_name = 'o_default_o_%s' AND (column_name ~ "
        "'^(before|after)_' OR column_name IN ('op', '_offset', '_unchanged'))",
        table);
    char *columns = fixture_sql(sinks_conninfo(), sql);
    for (char *c = strtok_r(columns, "|", &save); c; c = strtok_r(NULL, "|", &save)) {
        /* the two tables differ in its scale */
        const char *form = strstr(c, "_c_money") ? "trim_scale" : "";
        (void)snprintf(sql, sizeof sql,
                       "SELECT string_agg(concat_ws(' ', a._offset, a.\"%s\"::text, '<>', "
                       "b.\"%s\"::text), ', ') FROM raw.o_default_o_%s a FULL JOIN "
                       "raw.o_default_schema_o_%s b USING (_offset) WHERE %s(a.\"%s\")::text IS "
                       "DISTINCT FROM %s(b.\"%s\")::text",
                       c, c, table, table, form, c, form, c);
        char *differ = fixture_sql(sinks_conninfo(), sql);
        if (differ && *differ && !needs_schema(c)) {
            print_error("%s.%s without <> with schema: %s\n", table, c, differ);
            n++;
        }
        free(differ);
    }
    free(columns);
    return n;
}

/* No schema travels: the types are those of tables that somebody made. */
static void test_debezium_without_schemas(void **state)
{
    (void)state;
    struct harness h;
    int counts[CORPUS_TABLES];
    sinks_init(&h, "s_plain", fixture_conninfo(), "connectors: [connectors]\n");
    send_corpus("default", counts);
    for (int i = 0; i < CORPUS_TABLES; i++) {
        char sql[256];
        (void)snprintf(sql, sizeof sql,
                       sinks_on_vertica()
                           ? "CREATE TABLE raw.o_default_o_%s LIKE raw.o_default_schema_o_%s"
                           : "CREATE TABLE raw.o_default_o_%s (LIKE raw.o_default_schema_o_%s)",
                       corpus_tables[i], corpus_tables[i]);
        sinks_make(sql);
    }
    /* what the declared type decides: milliseconds, the scale */
    for (int i = 0; i < 2; i++) {
        char sql[512];
        (void)snprintf(sql, sizeof sql,
                       "ALTER TABLE raw.o_default_o_%s ALTER before_c_time3 TYPE time(3), ALTER "
                       "after_c_time3 TYPE time(3), ALTER before_c_timestamp3 TYPE timestamp(3), "
                       "ALTER after_c_timestamp3 TYPE timestamp(3), ALTER before_c_money TYPE "
                       "numeric(19, 2), ALTER after_c_money TYPE numeric(19, 2)",
                       corpus_tables[i]);
        free(fixture_sql(sinks_conninfo(), sql));
    }
    sinks_make(
        "CREATE TABLE raw.mine (\"after_Mixed Case\" bigint, after_k2 varchar(5), op char(1), "
        "source_lsn numeric, remark varchar(9) DEFAULT 'none')");
    sink(&h, "plain-sink", "\"topics.regex\": \"o_default[.]o[.].*\"",
         ", \"errors.tolerance\": \"all\", \"pk.mode\": \"record_key\"");
    sink(&h, "mine-sink", "\"topics\": \"o_default.o.composite\"",
         ", \"table.name.format\": \"raw.mine\"");
    harness_engine_start(&h);
    wait_corpus(&h, "default", counts, dead_rows());
    sinks_wait_number(&h, counts[6], "SELECT count(*) FROM raw.mine");
    sinks_end_well(&h);
    int different = 0;
    for (int i = 0; i < CORPUS_TABLES; i++)
        different += forms_differ(corpus_tables[i]);
    assert_int_equal(different, 0);
    char *mine = fixture_sql(
        sinks_conninfo(),
        sinks_on_vertica() /* whose stand-in keeps names in lower case */
            ? "SELECT string_agg(concat_ws(' ', \"after_mixed case\", after_k2, op), ',' ORDER BY "
              "source_lsn, op DESC) FROM raw.mine"
            : "SELECT string_agg(concat_ws(' ', \"after_Mixed Case\", after_k2, op), ',' ORDER BY "
              "source_lsn, op DESC) FROM raw.mine");
    assert_string_equal(mine, "1 x r,2 y c,2 y u,d,2 z c,d,3 t1 c");
    free(mine);
}

/* errors.tolerance=none, Connect's default: a record that does not fit stops the sink, in words. */
static void test_intolerant(void **state)
{
    (void)state;
    struct harness h;
    sinks_init(&h, "s_none", fixture_conninfo(), "connectors: [connectors]\n");
    sink(&h, "none-sink", "\"topics\": \"s_none.t\"", "");
    sinks_make("CREATE TABLE raw.s_none_t (after_id int)");
    topic_make("s_none.t", 1);
    topic_send("s_none.t", 0, "1", "{\"before\":null,\"after\":{\"id\":1},\"op\":\"c\"}");
    topic_send("s_none.t", 0, "2", "{\"before\":null,\"after\":{\"id\":\"two\"},\"op\":\"c\"}");
    topic_flush();
    harness_engine_start(&h);
    connector_wait(&h, "none-sink", "FAILED", WAIT_S);
    char *why = connector_text(&h, "none-sink", "last_error");
    if (!strstr(why, "s_none.t/0 offset 1") || !strstr(why, "after_id") ||
        !strstr(why, "errors.tolerance"))
        fail_msg("%s", why);
    free(why);
    sinks_end_well(&h);
}

/* ---- dead letters ---- */

static const char *const bad_records[][2] = {
    {"this is no JSON", "cannot be read"},
    {"{\"before\":null,\"after\":{\"id\":1,\"code\":\"a\"},\"op\":\"c\"", "too early"},
    {"{\"before\":null,\"after\":{\"id\":\"x\",\"code\":\"a\"},\"op\":\"c\"}", "after_id"},
    /* too large for an integer of 32 bits, and of 64 */
    {"{\"before\":null,\"after\":{\"id\":9300000000000000000,\"code\":\"a\"},\"op\":\"c\"}",
     "after_id"},
    {"{\"before\":null,\"after\":{\"id\":2,\"code\":\"sesame\"},\"op\":\"c\"}",
     "too long for type"},
    {"{\"before\":null,\"after\":{\"id\":3,\"code\":null},\"op\":\"c\"}", "after_code"},
    {"{\"before\":null,\"after\":{\"id\":-4,\"code\":\"a\"},\"op\":\"c\"}", "positive"},
    {"{\"before\":null,\"after\":{\"id\":5,\"code\":\"a\\u0000b\"},\"op\":\"c\"}", "NUL"},
    {"[1,2,3]", "object"},
    {"\xff\xfe{}", "cannot be read"},
};

enum { BAD = LENGTH(bad_records), GOOD = 5000 };

struct letters {
    int n;
    int wrong;
    bool seen[BAD];
};

static void look_at_letter(void *arg, const struct kafka_record *r)
{
    struct letters *l = arg;
    const void *reason;
    const void *offset;
    size_t n = 0;
    size_t k = 0;
    l->n++;
    for (int i = 0; i < BAD; i++) {
        if (strlen(bad_records[i][0]) != r->value_len ||
            memcmp(bad_records[i][0], r->value, r->value_len) != 0)
            continue;
        l->seen[i] = true;
        if (!kafka_record_header(r, "__connect.errors.exception.message", &reason, &n) ||
            !memmem(reason, n, bad_records[i][1], strlen(bad_records[i][1])) ||
            !kafka_record_header(r, "__connect.errors.offset", &offset, &k)) {
            l->wrong++;
            print_error("%s: '%.*s' does not say %s\n", bad_records[i][0], (int)n,
                        (const char *)reason, bad_records[i][1]);
        }
    }
}

/* The log says where and what kind; the values are for those who may read the topic. */
static void log_tells_no_values(const struct harness *h)
{
    static const char *const told[] = {"went to s_dead.letters, not to raw.s_dead_t",
                                       "SQLSTATE 23514", "SQLSTATE 22001",
                                       "not a row of this table, column after_id"};
    static const char *const secret[] = {"sesame", "9300000000000000000", "Failing row", "no JSON"};
    char *log = harness_log(h);
    for (int i = 0; i < LENGTH(told); i++)
        if (!strstr(log, told[i]))
            fail_msg("the log does not say \"%s\":\n%s", told[i], log);
    for (int i = 0; i < LENGTH(secret); i++)
        if (strstr(log, secret[i]))
            fail_msg("the log says \"%s\":\n%s", secret[i], log);
    free(log);
}

/* Bad records among many good ones: each goes to the dead-letter topic with its reason, before its
 * offset is passed; no good one is lost or doubled. */
static void test_dead_letters(void **state)
{
    (void)state;
    struct harness h;
    struct letters letters = {0};
    char value[128];
    sinks_init(&h, "s_dead", fixture_conninfo(), "connectors: [connectors]\n");
    sinks_make("CREATE TABLE raw.s_dead_t (after_id int CONSTRAINT positive CHECK (after_id > 0), "
               "after_code varchar(3) NOT NULL, op varchar(9), _batch bigint, _partition int, "
               "_offset bigint)");
    topic_make("s_dead.t", 2);
    for (int i = 0; i < GOOD; i++) {
        if (i % (GOOD / BAD) == 0 && i / (GOOD / BAD) < BAD)
            topic_send("s_dead.t", i % 2, "k", bad_records[i / (GOOD / BAD)][0]);
        (void)snprintf(value, sizeof value,
                       "{\"before\":null,\"after\":{\"id\":%d,\"code\":\"ok\"},\"op\":\"c\"}",
                       i + 100);
        topic_send("s_dead.t", i % 2, "k", value);
    }
    topic_flush();
    sink(&h, "dead-sink", "\"topics.regex\": \"s_dead.*\"",
         ", \"errors.tolerance\": \"all\", "
         "\"errors.deadletterqueue.topic.name\": \"s_dead.letters\"");
    harness_engine_start(&h);
    sinks_wait_number(&h, GOOD, "SELECT count(*) FROM raw.s_dead_t");
    connector_wait_number(&h, "dead-sink", "dead_letters", BAD, WAIT_S);
    assert_int_equal(connector_number(&h, "dead-sink", "dead_letters"), BAD);
    char *now = connector_text(&h, "dead-sink", "state");
    assert_string_equal(now, "RUNNING");
    free(now);
    sinks_end_well(&h);
    assert_int_equal(sinks_number("SELECT count(DISTINCT after_id) FROM raw.s_dead_t"), GOOD);
    assert_int_equal(topic_read("s_dead.letters", look_at_letter, &letters), BAD);
    assert_int_equal(letters.wrong, 0);
    for (int i = 0; i < BAD; i++)
        if (!letters.seen[i])
            fail_msg("no dead letter for %s", bad_records[i][0]);
    log_tells_no_values(&h);
}

/* ---- topics that change ---- */

static void send_numbers(const char *topic, int partition, int from, int to)
{
    char value[128];
    for (int i = from; i < to; i++) {
        (void)snprintf(value, sizeof value, "{\"before\":null,\"after\":{\"id\":%d},\"op\":\"c\"}",
                       i);
        topic_send(topic, partition, NULL, value);
    }
    topic_flush();
}

static void test_more_partitions_and_topics(void **state)
{
    (void)state;
    struct harness h;
    sinks_init(&h, "s_grow", fixture_conninfo(), "connectors: [connectors]\n");
    sinks_make("CREATE TABLE raw.s_grow_a (after_id int, _partition int, _offset bigint);"
               "CREATE TABLE raw.s_grow_b (after_id int, _partition int, _offset bigint)");
    sink(&h, "grow-sink", "\"topics.regex\": \"s_grow[.].*\"", "");
    harness_engine_start(&h);
    connector_wait(&h, "grow-sink", "RUNNING", WAIT_S); /* waits for its first topic */
    topic_make("s_grow.a", 1);
    send_numbers("s_grow.a", 0, 0, 100);
    sinks_wait_number(&h, 100, "SELECT count(*) FROM raw.s_grow_a");
    topic_widen("s_grow.a", 3);
    send_numbers("s_grow.a", 2, 100, 200);
    send_numbers("s_grow.a", 1, 200, 300);
    sinks_wait_number(&h, 300, "SELECT count(*) FROM raw.s_grow_a");
    topic_make("s_grow.b", 2);
    send_numbers("s_grow.b", 1, 0, 100);
    sinks_wait_number(&h, 100, "SELECT count(*) FROM raw.s_grow_b");
    sinks_end_well(&h);
    assert_int_equal(sinks_number("SELECT count(DISTINCT after_id) FROM raw.s_grow_a"), 300);
}

#define SINK_CASES                                                                                 \
    cmocka_unit_test(test_debezium_with_schemas), cmocka_unit_test(test_debezium_without_schemas), \
        cmocka_unit_test(test_intolerant), cmocka_unit_test(test_dead_letters),                    \
        cmocka_unit_test(test_more_partitions_and_topics)

#endif
