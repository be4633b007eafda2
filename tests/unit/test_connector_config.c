/* Unit tests of connectors in Kafka Connect's JSON: what is read, what is refused and how, and the
 * questions that the engine asks of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "backend/base/interpolate.h"
#include "backend/engine/connector_config.h"
#include "config/assets.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

#define SOURCE "\"connector.class\":\"io.debezium.connector.postgresql.PostgresConnector\","
#define SINK   "\"connector.class\":\"io.confluent.vertica.VerticaSinkConnector\","

static struct config *config;

static struct config *make_config(const char *text)
{
    struct config *c;
    struct faults faults;
    struct errbuf e;
    faults_init(&faults);
    if (config_parse(text, strlen(text), "/etc/x/flightdeck.yaml", &c, &faults, &e) != ERR_OK)
        fail_msg("%s", e.text);
    faults_free(&faults);
    return c;
}

static struct connector *parse(const char *json)
{
    struct connector *k;
    struct faults faults;
    struct errbuf e;
    faults_init(&faults);
    if (connector_parse(config, json, strlen(json), "n", "f.json", &k, &faults, &e) != ERR_OK)
        fail_msg("%s\n%s", json, e.text);
    faults_free(&faults);
    return k;
}

/* Exactly one fault, which holds `part`. */
static void expect_fault(const char *json, const char *part)
{
    struct connector *k;
    struct faults faults;
    struct errbuf e;
    faults_init(&faults);
    assert_int_equal(connector_parse(config, json, strlen(json), "n", "f.json", &k, &faults, &e),
                     ERR_CONFIG);
    assert_null(k);
    if (faults.total != 1 || !strstr(faults.items[0], part))
        fail_msg("%s\n%d: %s\nlacks %s", json, faults.total, e.text, part);
    faults_free(&faults);
}

static bool warned(const struct connector *k, const char *part)
{
    for (int i = 0; i < k->n_warnings; i++)
        if (strstr(k->warnings[i], part))
            return true;
    return false;
}

/* ---- sources ---- */

/* The kind of file that is posted to Connect. */
static const char posted_source[] =
    "{\n"
    "  \"name\": \"postgres-source\",\n"
    "  \"config\": {\n"
    "    \"connector.class\": \"io.debezium.connector.postgresql.PostgresConnector\",\n"
    "    \"tasks.max\": \"1\",\n"
    "    \"database.hostname\": \"postgres_master\",\n"
    "    \"database.port\": 5432,\n"
    "    \"database.user\": \"debezium\",\n"
    "    \"database.password\": \"it's \\\\ geheim\",\n"
    "    \"database.dbname\": \"airline\",\n"
    "    \"topic.prefix\": \"postgres\",\n"
    "    \"plugin.name\": \"pgoutput\",\n"
    "    \"slot.name\": \"airline_slot\",\n"
    "    \"publication.autocreate.mode\": \"filtered\",\n"
    "    \"table.include.list\": \"public\\\\.flights, public\\\\.tickets\",\n"
    "    \"tombstones.on.delete\": false,\n"
    "    \"decimal.handling.mode\": \"string\",\n"
    "    \"snapshot.mode\": \"when_needed\",\n"
    "    \"skipped.operations\": \"t,u\",\n"
    "    \"heartbeat.interval.ms\": \"5000\",\n"
    "    \"max.batch.size\": \"4096\",\n"
    "    \"key.converter\": \"org.apache.kafka.connect.json.JsonConverter\",\n"
    "    \"value.converter\": \"org.apache.kafka.connect.json.JsonConverter\",\n"
    "    \"value.converter.schemas.enable\": \"true\",\n"
    "    \"topic.creation.default.replication.factor\": 1,\n"
    "    \"topic.creation.default.partitions\": 3,\n"
    "    \"topic.creation.default.cleanup.policy\": \"delete\",\n"
    "    \"topic.creation.groups\": \"big\",\n"
    "    \"topic.creation.big.include\": \"postgres\\\\.public\\\\.tick.*\",\n"
    "    \"topic.creation.big.exclude\": \".*old\",\n"
    "    \"topic.creation.big.partitions\": 12,\n"
    "    \"producer.override.compression.type\": \"zstd\",\n"
    "    \"producer.override.max.request.size\": \"2097152\"\n"
    "  }\n"
    "}\n";

static void test_posted_source(void **state)
{
    (void)state;
    struct connector *k = parse(posted_source);
    const struct source_config *s = &k->source;
    assert_string_equal(k->name, "postgres-source");
    assert_int_equal(k->kind, CONNECTOR_SOURCE);
    assert_string_equal(s->conninfo, "user='debezium' password='it\\'s \\\\ geheim' "
                                     "dbname='airline' host='postgres_master' port='5432'");
    assert_string_equal(s->topic_prefix, "postgres");
    assert_string_equal(s->heartbeat_topic, "__debezium-heartbeat.postgres");
    assert_string_equal(s->slot_name, "airline_slot");
    assert_string_equal(s->publication_name, "dbz_publication");
    assert_string_equal(s->publication_mode, "filtered");
    assert_int_equal(s->snapshot_mode, SNAPSHOT_WHEN_NEEDED);
    assert_int_equal(s->decimals, DECIMAL_STRING);
    assert_int_equal(s->times, TIME_ADAPTIVE);
    assert_false(s->tombstones_on_delete);
    assert_true(s->skip_truncate && s->skip_update);
    assert_false(s->skip_create || s->skip_delete);
    assert_int_equal(s->heartbeat_interval_ms, 5000);
    assert_null(s->heartbeat_query);
    assert_false(s->schemas_inline_key);
    assert_true(s->schemas_inline_value);
    assert_int_equal(s->snapshot_threads, config->capture.snapshot_threads);
    assert_int_equal(s->on_bad_event, FAILURE_FAIL);
    assert_string_equal(s->placeholder, "__debezium_unavailable_value");
    assert_string_equal(pairs_get(s->producer, "compression.type"), "zstd");
    assert_string_equal(pairs_get(s->producer, "message.max.bytes"), "2097152");
    assert_string_equal(pairs_get(s->producer, "bootstrap.servers"), "k1:9092");
    assert_int_equal(k->n_warnings, 1);
    assert_true(warned(k, "`max.batch.size` has no effect here"));
    assert_int_equal(s->snapshot_mode, SNAPSHOT_WHEN_NEEDED);
    connector_free(k);
}

static void test_topic_groups(void **state)
{
    (void)state;
    struct connector *k = parse(posted_source);
    const struct topic_group *g = connector_topic_group(&k->source, "postgres.public.tickets");
    assert_string_equal(g->name, "big");
    assert_int_equal(g->partitions, 12);
    assert_int_equal(g->replication_factor, 1); /* from the default */
    assert_null(g->properties[0]);
    g = connector_topic_group(&k->source, "postgres.public.tickets_old");
    assert_string_equal(g->name, "default");
    g = connector_topic_group(&k->source, "postgres.public.flights");
    assert_int_equal(g->partitions, 3);
    assert_string_equal(pairs_get(g->properties, "cleanup.policy"), "delete");
    connector_free(k);

    k = parse("{" SOURCE "\"topic.prefix\":\"p\"}");
    g = connector_topic_group(&k->source, "p.a.b");
    assert_int_equal(g->partitions, 1);
    assert_int_equal(g->replication_factor, -1);
    assert_true(k->source.topic_creation);
    connector_free(k);
}

static void test_flat_form_and_defaults(void **state)
{
    (void)state;
    struct connector *k = parse("{\"name\":\"flat\"," SOURCE "\"topic.prefix\":\"p\"}");
    assert_string_equal(k->name, "flat");
    /* Without database.hostname the configuration's source is meant. */
    assert_string_equal(k->source.conninfo, "user='u' password='geheim' dbname='shop' host='db1'");
    assert_string_equal(k->source.slot_name, "debezium");
    assert_true(k->source.tombstones_on_delete);
    assert_true(k->source.skip_truncate);
    assert_int_equal(k->source.snapshot_mode, SNAPSHOT_INITIAL);
    connector_free(k);
    k = parse("{" SOURCE "\"database.server.name\":\"old\",\"database.dbname\":\"other\","
              "\"snapshot.mode\":\"never\",\"skipped.operations\":\"none\",\"schemas.enable\":true,"
              "\"slot.name\":null}");
    assert_string_equal(k->name, "n"); /* what the caller knows: the file's name */
    assert_string_equal(k->source.topic_prefix, "old");
    assert_string_equal(k->source.conninfo, "user='u' password='geheim' dbname='other' host='db1'");
    assert_int_equal(k->source.snapshot_mode, SNAPSHOT_NO_DATA);
    assert_false(k->source.skip_truncate);
    assert_true(k->source.schemas_inline_key && k->source.schemas_inline_value);
    connector_free(k);
}

static struct connector *with_lists(const char *lists)
{
    struct buf b;
    buf_init(&b, 0);
    buf_printf(&b, "{" SOURCE "\"topic.prefix\":\"p\"%s}", lists);
    struct connector *k = parse(buf_cstr(&b));
    buf_free(&b);
    return k;
}

static void test_include_lists(void **state)
{
    (void)state;
    static const struct {
        const char *lists;
        const char *schema;
        const char *table;
        bool included;
    } cases[] = {
        {"", "public", "flights", true},
        {"", "pg_catalog", "pg_class", false},
        {"", "pg_toast", "x", false},
        {"", "information_schema", "tables", false},
        {",\"table.include.list\":\"public\\\\.flights\"", "public", "flights", true},
        {",\"table.include.list\":\"public\\\\.flights\"", "public", "flights_old", false},
        {",\"table.include.list\":\"PUBLIC\\\\.FLIGHTS\"", "public", "flights", true},
        {",\"table.include.list\":\"public.flights\"", "public", "flights", true},
        {",\"table.include.list\":\"flights\"", "public", "flights", false},
        {",\"table.include.list\":\"a\\\\.b, public\\\\..*\"", "public", "x", true},
        {",\"table.exclude.list\":\"public\\\\.secret.*\"", "public", "secrets", false},
        {",\"table.exclude.list\":\"public\\\\.secret.*\"", "public", "flights", true},
        {",\"schema.include.list\":\"o\"", "o", "types", true},
        {",\"schema.include.list\":\"o\"", "oo", "types", false},
        {",\"schema.exclude.list\":\"tmp_.*\"", "tmp_1", "x", false},
        {",\"schema.include.list\":\"o\",\"table.include.list\":\"o\\\\..*\"", "o", "types", true},
        {",\"schema.include.list\":\"o\",\"table.include.list\":\"q\\\\..*\"", "o", "types", false},
        {",\"table.include.list\":\"\"", "public", "flights", true},
        {",\"table.whitelist\":\"public\\\\.a\"", "public", "b", false},
        {",\"table.include.list\":\"public\\\\.\xd1\x80\xd0\xb5\xd0\xb9\xd1\x81\"", "public",
         "\xd1\x80\xd0\xb5\xd0\xb9\xd1\x81", true},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct connector *k = with_lists(cases[i].lists);
        if (connector_table_included(&k->source, cases[i].schema, cases[i].table) !=
            cases[i].included)
            fail_msg("%s: %s.%s", cases[i].lists, cases[i].schema, cases[i].table);
        connector_free(k);
    }
    struct connector *k = with_lists(",\"snapshot.include.collection.list\":\"public\\\\.a\","
                                     "\"message.prefix.exclude.list\":\"x.*\"");
    assert_true(connector_table_included(&k->source, "public", "b"));
    assert_false(connector_table_snapshotted(&k->source, "public", "b"));
    assert_true(connector_table_snapshotted(&k->source, "public", "a"));
    assert_false(connector_message_included(&k->source, "xy"));
    assert_true(connector_message_included(&k->source, "y"));
    connector_free(k);
}

/* ---- sinks ---- */

static const char posted_sink[] =
    "{\"name\": \"vertica-flights\", \"config\": {\n"
    "  \"connector.class\": \"io.confluent.vertica.VerticaSinkConnector\",\n"
    "  \"tasks.max\": \"1\",\n"
    "  \"topics\": \"postgres.public.flights\",\n"
    "  \"vertica.host\": \"vertica_dwh\",\n"
    "  \"vertica.port\": \"5433\",\n"
    "  \"vertica.database\": \"dwh\",\n"
    "  \"vertica.username\": \"dbadmin\",\n"
    "  \"vertica.password\": \"a;b}c\",\n"
    "  \"auto.create\": \"true\",\n"
    "  \"auto.evolve\": true,\n"
    "  \"pk.mode\": \"record_key\",\n"
    "  \"pk.fields\": \"flight_id\",\n"
    "  \"insert.mode\": \"upsert\",\n"
    "  \"delete.enabled\": \"true\",\n"
    "  \"table.name.format\": \"stage.${topic}\",\n"
    "  \"transforms\": \"flatten\",\n"
    "  \"transforms.flatten.type\": \"org.apache.kafka.connect.transforms.Flatten$Value\",\n"
    "  \"transforms.flatten.delimiter\": \"_\",\n"
    "  \"rejected.record.logging.mode\": \"log\",\n"
    "  \"rejected.record.logging.mode\": \"table\",\n"
    "  \"rejected.record.table.suffix\": \"_rejected_${yyyyMMdd}\",\n"
    "  \"errors.tolerance\": \"all\",\n"
    "  \"errors.deadletterqueue.topic.name\": \"dead\",\n"
    "  \"consumer.override.fetch.max.wait.ms\": 180,\n"
    "  \"consumer.override.max.poll.records\": 1000000,\n"
    "  \"consumer.override.group.id\": \"mine\",\n"
    "  \"confluent.topic.bootstrap.servers\": \"broker:9092\"\n"
    "}}\n";

static void table_of(const struct connector *k, const char *topic, char *out, size_t n)
{
    struct buf schema, table;
    buf_init(&schema, 0);
    buf_init(&table, 0);
    connector_table_name(&k->sink, topic, &schema, &table);
    (void)snprintf(out, n, "%s|%s", buf_cstr(&schema), buf_cstr(&table));
    buf_free(&schema);
    buf_free(&table);
}

static void test_posted_sink(void **state)
{
    (void)state;
    char table[256];
    struct connector *k = parse(posted_sink);
    const struct sink_config *s = &k->sink;
    assert_int_equal(k->kind, CONNECTOR_SINK);
    assert_string_equal(s->odbc, "Driver=X;Servername=vertica_dwh;Database=dwh;"
                                 "UID=dbadmin;PWD={a;b}}c};SSLmode=require;Port=5433;");
    assert_string_equal(s->topics[0], "postgres.public.flights");
    assert_null(s->topics[1]);
    assert_int_equal(s->insert_mode, INSERT_UPSERT);
    assert_true(s->delete_enabled && s->auto_create && s->auto_evolve && s->flatten);
    assert_int_equal(s->pk_mode, PK_RECORD_KEY);
    assert_string_equal(s->pk_fields[0], "flight_id");
    assert_string_equal(s->delimiter, "_");
    assert_true(s->tolerate_errors);
    assert_string_equal(s->dead_letter_topic, "dead");
    assert_int_equal(s->batch_rows, 0);
    assert_string_equal(pairs_get(s->consumer, "fetch.wait.max.ms"), "180");
    assert_null(pairs_get(s->consumer, "group.id"));
    assert_true(warned(k, "`rejected.record.logging.mode` is given twice"));
    assert_true(warned(k, "`rejected.record.table.suffix` has no effect"));
    assert_true(warned(k, "`consumer.override.max.poll.records` has no effect"));
    assert_true(warned(k, "`consumer.override.group.id` has no effect"));
    assert_true(warned(k, "`confluent.topic.bootstrap.servers` has no effect"));
    table_of(k, "postgres.public.flights", table, sizeof table);
    assert_string_equal(table, "stage|postgres_public_flights");
    connector_free(k);
}

static void test_jdbc_sinks(void **state)
{
    (void)state;
    char table[256];
    struct connector *k =
        parse("{\"connector.class\":\"io.confluent.connect.jdbc.JdbcSinkConnector\","
              "\"topics.regex\":\"pg\\\\.(public|shop)\\\\..*\","
              "\"connection.url\":\"jdbc:postgresql://w1:5444,w2/dwh?user=a&password=p%40x&"
              "currentSchema=stage\",\"connection.user\":\"b\",\"batch.size\":500}");
    assert_string_equal(k->sink.odbc, "Driver=X;Servername=w1;Database=dwh;UID=b;PWD={p@x};"
                                      "SSLmode=require;Port=5444;");
    assert_string_equal(k->sink.schema, "stage");
    assert_int_equal(k->sink.insert_mode, INSERT_APPEND);
    assert_int_equal(k->sink.batch_rows, 500);
    assert_false(k->sink.auto_create);
    assert_true(warned(k, "several hosts"));
    assert_true(connector_topic_included(&k->sink, "pg.shop.a"));
    assert_false(connector_topic_included(&k->sink, "pg.other.a"));
    assert_false(connector_topic_included(&k->sink, "xpg.shop.a"));
    assert_false(connector_topic_included(&k->sink, "PG.shop.a")); /* topics have a case */
    table_of(k, "pg.shop.Order-Lines", table, sizeof table);
    assert_string_equal(table, "stage|pg_shop_Order_Lines");
    connector_free(k);

    k = parse("{\"connector.class\":\"io.debezium.connector.jdbc.JdbcSinkConnector\","
              "\"topics\":\"a.b.c,d\",\"schema.evolution\":\"basic\",\"primary.key.mode\":"
              "\"record_value\",\"primary.key.fields\":\"x, y\",\"insert.mode\":\"upsert\","
              "\"collection.name.format\":\"${source.schema}_${source.table}_v1\","
              "\"connection.username\":\"c\"}");
    assert_true(k->sink.auto_create && k->sink.auto_evolve);
    assert_string_equal(k->sink.pk_fields[1], "y");
    assert_string_equal(k->sink.odbc, "Driver=X;Servername=w0;Database=d0;UID=c;PWD=geheim;"
                                      "SSLmode=require;");
    table_of(k, "a.b.c", table, sizeof table);
    assert_string_equal(table, "raw|b_c_v1");
    table_of(k, "d", table, sizeof table);
    assert_string_equal(table, "raw|_d_v1");
    connector_free(k);
}

static void test_own_topics_are_not_loaded(void **state)
{
    (void)state;
    struct connector *k = parse("{" SINK "\"topics.regex\":\".*\",\"errors.tolerance\":\"all\","
                                "\"errors.deadletterqueue.topic.name\":\"dead\"}");
    static const char *const no[] = {"p.__schemas", "p.__offsets", "__debezium-heartbeat.p", "dead",
                                     "__consumer_offsets"};
    for (size_t i = 0; i < COUNT(no); i++)
        assert_false(connector_topic_included(&k->sink, no[i]));
    assert_true(connector_topic_included(&k->sink, "p.public.a"));
    connector_free(k);
}

/* ---- mistakes ---- */

static const struct {
    const char *json;
    const char *message;
} mistakes[] = {
    {"", "f.json:1: not JSON"},
    {"{\n\"a\": }", "f.json:2: not JSON"},
    {"[]", "f.json:1: must be a JSON object"},
    {"{\"name\":\"x\",\"config\":[]}", "f.json:1: `config` must be an object"},
    {"{\"name\":\"x\",\"confg\":{},\"config\":{" SINK "\"topics\":\"a\"}}",
     "unknown key `confg` beside"},
    {"{}", "f.json: `connector.class` is missing"},
    {"{\"connector.class\":\"io.debezium.connector.postgresql.PostgresConector\"}",
     "(did you mean `io.debezium.connector.postgresql.PostgresConnector`?)"},
    {"{\"connector.class\":\"io.debezium.connector.mysql.MySqlConnector\"}", "is not known here"},
    {"{" SOURCE "\n\"topic.prefx\":\"p\",\"topic.prefix\":\"p\"}",
     "f.json:2: unknown key `topic.prefx` (did you mean `topic.prefix`?)"},
    {"{" SOURCE "\"slot.name\":\"x\"}", "`topic.prefix` is missing"},
    {"{" SOURCE "\"topic.prefix\":\"a b\"}", "topic.prefix: must be letters"},
    {"{" SOURCE "\"topic.prefix\":\"p\",\"slot.name\":\"My-Slot\"}",
     "slot.name: must be 1 to 63 of a-z"},
    {"{" SOURCE "\"topic.prefix\":\"p\",\"plugin.name\":\"decoderbufs\"}",
     "plugin.name: `decoderbufs` is not done here, only: pgoutput"},
    {"{" SOURCE "\"topic.prefix\":\"p\",\"snapshot.mode\":\"initail\"}",
     "(did you mean `initial`?)"},
    {"{" SOURCE "\"topic.prefix\":\"p\",\"tombstones.on.delete\":\"maybe\"}",
     "tombstones.on.delete: must be true or false, not `maybe`"},
    {"{" SOURCE "\"topic.prefix\":\"p\",\"heartbeat.interval.ms\":\"1s\"}",
     "heartbeat.interval.ms: must be a whole number"},
    {"{" SOURCE "\"topic.prefix\":\"p\",\"table.include.list\":\"(?!x).*\"}",
     "table.include.list: regular expression `(?!x).*`: (?..) other than"},
    {"{" SOURCE "\"topic.prefix\":\"p\",\"table.include.list\":\"a\",\"table.exclude.list\":\"b\"}",
     "table.exclude.list: stands beside table.include.list"},
    {"{" SOURCE "\"topic.prefix\":\"p\",\"column.exclude.list\":\"a.b.c\"}",
     "column.exclude.list: is not done here: columns cannot be left out"},
    {"{" SOURCE "\"topic.prefix\":\"p\",\"column.mask.with.5.chars\":\"a.b.c\"}",
     "column.mask.with.5.chars: is not done here"},
    {"{" SOURCE
     "\"topic.prefix\":\"p\",\"transforms\":\"unwrap\",\"transforms.unwrap.type\":\"x\"}",
     "transforms: `unwrap`: a source writes the envelope as it is"},
    {"{" SOURCE "\"topic.prefix\":\"p\",\"value.converter\":"
     "\"io.confluent.connect.avro.AvroConverter\"}",
     "value.converter: `io.confluent.connect.avro.AvroConverter` is not done here, only: "
     "org.apache.kafka.connect.json.JsonConverter"},
    {"{" SOURCE "\"topic.prefix\":\"p\",\"provide.transaction.metadata\":true}",
     "provide.transaction.metadata: `true` is not done here, only: false"},
    {"{" SOURCE "\"topic.prefix\":\"p\",\"skipped.operations\":\"t,x\"}",
     "skipped.operations: must be `none` or some of c, u, d, t, not `x`"},
    {"{" SOURCE "\"topic.prefix\":\"p\",\"topic.creation.default.partitions\":0}",
     "topic.creation.default.partitions: must be a whole number"},
    {"{" SOURCE "\"topic.prefix\":\"p\",\"topic.creation.big.partitions\":1}",
     "the group `big` is not named in topic.creation.groups"},
    {"{" SOURCE "\"topic.prefix\":\"p\",\"topic.creation.partitions\":1}",
     "topic.creation.partitions: must be topic.creation.GROUP.SETTING"},
    {"{" SOURCE "\"topic.prefix\":\"p\",\"producer.override.sasl.jaas.config\":\"x\"}",
     "producer.override.sasl.jaas.config: is Java's: give producer.override.sasl.mechanism"},
    {"{" SOURCE "\"topic.prefix\":\"p\",\"producer.override.linger.msec\":\"5\"}",
     "producer.override.linger.msec: kafka: there is no setting \"linger.msec\"; did you mean "
     "\"linger.ms\"?"},
    {"{" SINK "\"topics\":\"a\",\"consumer.override.fetch.min.bytes\":\"some\"}",
     "consumer.override.fetch.min.bytes: kafka: setting fetch.min.bytes=some is refused"},
    {"{" SOURCE "\"topic.prefix\":\"p\",\"database.sslmode\":\"yes\"}",
     "database.sslmode: must be one of disable, allow"},
    {"{" SOURCE "\"topic.prefix\":\"p\",\"database.password\":\"${NOT_DEFINED_1}\"}",
     "database.password: ${NOT_DEFINED_1} is not defined"},
    {"{" SOURCE "\"topic.prefix\":{\"a\":1},\"database.server.name\":\"p\"}",
     "`topic.prefix` must be a text, a number"},
    {"{\"name\":\"a/b\"," SINK "\"topics\":\"a\"}", "name: must be up to 200 characters"},
    {"{\"name\":\"a\",\"config\":{\"name\":\"b\"," SINK "\"topics\":\"a\"}}",
     "name: is `a` outside and `b` inside"},
    {"{" SINK "\"auto.create\":true}", "`topics` (or `topics.regex`) is missing"},
    {"{" SINK "\"topics\":\"a\",\"topics.regex\":\"b\"}", "topics.regex: stands beside `topics`"},
    {"{" SINK "\"topics.regex\":\"a(\"}", "topics.regex: regular expression `a(`"},
    {"{" SINK "\"topics\":\"a\",\"insert.mode\":\"update\"}",
     "insert.mode: must be one of insert, upsert, not `update`"},
    {"{" SINK "\"topics\":\"a\",\"insert.mode\":\"upsert\"}",
     "pk.mode: must be record_key or record_value with insert.mode=upsert"},
    {"{" SINK "\"topics\":\"a\",\"insert.mode\":\"upsert\",\"pk.mode\":\"record_value\"}",
     "pk.fields: must name the key's fields"},
    {"{" SINK "\"topics\":\"a\",\"insert.mode\":\"upsert\",\"pk.mode\":\"record_value\","
     "\"pk.fields\":\"x\",\"delete.enabled\":true}",
     "delete.enabled: needs pk.mode=record_key"},
    {"{" SINK "\"topics\":\"a\",\"transforms\":\"t\"}", "transforms: `t` has no transforms.t.type"},
    {"{" SINK "\"topics\":\"a\",\"transforms\":\"t\",\"transforms.t.type\":\"x.Unwrap\"}",
     "transforms.t.type: `x.Unwrap` is not done here, only "
     "org.apache.kafka.connect.transforms.Flatten$Value"},
    {"{" SINK "\"topics\":\"a\",\"transforms\":\"t\",\"transforms.t.type\":"
     "\"org.apache.kafka.connect.transforms.Flatten$Value\"}",
     "transforms: Flatten's delimiter must be `_` here, not `.`"},
    {"{" SINK "\"topics\":\"a\",\"transforms\":\"t\",\"transforms.t.type\":"
     "\"org.apache.kafka.connect.transforms.Flatten$Value\",\"transforms.t.delimiter\":\"_\","
     "\"transforms.t.depth\":\"1\"}",
     "unknown key `transforms.t.depth`"},
    {"{" SINK "\"topics\":\"a\",\"connection.url\":\"jdbc:oracle:thin:@//h/x\"}",
     "connection.url: must be jdbc:postgresql:"},
    {"{" SINK "\"topics\":\"a\",\"connection.url\":\"jdbc:mysql://h/x\"}",
     "connection.url: names mysql: only postgresql and vertica"},
    {"{" SINK "\"topics\":\"a\",\"fields.whitelist\":\"x\"}", "fields.whitelist: is not done here"},
    {"{" SINK "\"topics\":\"a\",\"db.timezone\":\"Europe/Moscow\"}",
     "db.timezone: `Europe/Moscow` is not done here, only: UTC"},
    {"{" SINK "\"topics\":\"a\",\"table.name.format\":\"\"}",
     "table.name.format: must not be empty"},
    {"{" SINK "\"topics\":\"a\",\"insret.mode\":\"insert\"}", "(did you mean `insert.mode`?)"},
};

static void test_mistakes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(mistakes); i++)
        expect_fault(mistakes[i].json, mistakes[i].message);
}

static void test_several_mistakes(void **state)
{
    (void)state;
    static const char json[] =
        "{" SOURCE "\n\"a\":1,\n\"slot.name\":\"X\",\n\"snapshot.mode\":\"y\"}";
    struct connector *k;
    struct faults faults;
    struct errbuf e;
    faults_init(&faults);
    assert_int_equal(connector_parse(config, json, strlen(json), NULL, "f.json", &k, &faults, &e),
                     ERR_CONFIG);
    assert_int_equal(faults.total, 5);
    assert_non_null(strstr(e.text, "f.json: `name` is missing"));
    assert_non_null(strstr(e.text, "f.json:2: unknown key `a`"));
    assert_non_null(strstr(e.text, "f.json:3: slot.name"));
    assert_non_null(strstr(e.text, "f.json:4: snapshot.mode"));
    assert_non_null(strstr(e.text, "`topic.prefix` is missing"));
    faults_free(&faults);
}

static void test_warnings(void **state)
{
    (void)state;
    struct connector *k = parse("{" SINK "\"topics\":\"a\",\"delete.enabled\":true,"
                                "\"transforms.x.type\":\"y\",\"vertica.load.method\":\"DIRECT\","
                                "\"errors.deadletterqueue.topic.name\":\"d\"}");
    assert_int_equal(k->n_warnings, 4);
    assert_true(warned(k, "`delete.enabled` has no effect with insert.mode=insert"));
    assert_true(warned(k, "`transforms.x.type` has no effect: `transforms` does not name it"));
    assert_true(warned(k, "`vertica.load.method` has no effect here"));
    assert_true(warned(k, "errors.deadletterqueue.topic.name has no effect"));
    connector_free(k);
    k = parse("{" SOURCE "\"topic.prefix\":\"p\",\"snapshot.mode\":\"always\","
              "\"slot.drop.on.stop\":true,\"slot.failover\":true}");
    assert_int_equal(k->n_warnings, 2);
    assert_true(warned(k, "`slot.drop.on.stop` has no effect here"));
    assert_true(warned(k, "always follows a failover"));
    connector_free(k);
}

/* ---- showing ---- */

static void test_show_masks_and_write_keeps(void **state)
{
    (void)state;
    struct connector *k =
        parse("{\"name\":\"s\",\"config\":{" SOURCE "\"topic.prefix\":\"p\",\"database.hostname\":"
              "\"h\",\"database.password\":\"geheim\",\"database.user\":\"${DB_USER}\","
              "\"producer.override.sasl.password\":\"geheim\"}}");
    struct buf b;
    buf_init(&b, 0);
    connector_show(k, &b);
    assert_null(strstr(buf_cstr(&b), "geheim"));
    assert_non_null(strstr(buf_cstr(&b), "\"database.password\":\"***\""));
    assert_non_null(strstr(buf_cstr(&b), "\"database.user\":\"${DB_USER}\""));
    buf_clear(&b);
    connector_write(k, &b);
    struct connector *again = parse(buf_cstr(&b));
    assert_string_equal(again->source.conninfo, k->source.conninfo);
    assert_string_equal(k->source.conninfo, "user='me' password='geheim' host='h'");
    connector_free(again);
    connector_free(k);
    buf_clear(&b);

    /* A reference is no secret: it is shown as it stands. */
    k = parse("{" SINK "\"topics\":\"a\",\"vertica.password\":\"${DB_USER}\",\"connection.url\":"
              "\"jdbc:vertica://h/d?user=u&password=geheim\"}");
    connector_show(k, &b);
    assert_non_null(strstr(buf_cstr(&b), "\"vertica.password\":\"${DB_USER}\""));
    assert_null(strstr(buf_cstr(&b), "geheim"));
    buf_free(&b);
    connector_free(k);
}

static void test_references_name_every_key(void **state)
{
    (void)state;
    for (int kind = CONNECTOR_SOURCE; kind <= CONNECTOR_SINK; kind++) {
        int n;
        const struct key_spec *keys = connector_keys((enum connector_kind)kind, &n);
        struct buf b;
        buf_init(&b, 0);
        connector_reference((enum connector_kind)kind, &b);
        for (int i = 0; i < n; i++) {
            char name[128];
            (void)snprintf(name, sizeof name, "| `%s`", keys[i].name);
            assert_non_null(strstr(buf_cstr(&b), name));
            assert_non_null(keys[i].help);
            assert_ptr_equal(key_find(keys, n, keys[i].name), &keys[i]); /* named once */
        }
        buf_free(&b);
    }
}

/* ---- all of a configuration ---- */

static char dir[] = "/tmp/flightdeck-test-XXXXXX";

static void write_file(const char *name, const char *text)
{
    char path[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static enum err load_all(const char *connectors, struct config **c, struct connector_list *l,
                         struct errbuf *e)
{
    struct buf text;
    char path[PATH_MAX];
    struct faults faults;
    buf_init(&text, 0);
    buf_printf(&text,
               "source: {connection: host=db1}\nkafka: {bootstrap.servers: k}\n"
               "warehouse: {odbc: DSN=dwh}\n%s",
               connectors);
    write_file("flightdeck.yaml", buf_cstr(&text));
    buf_free(&text);
    (void)snprintf(path, sizeof path, "%s/flightdeck.yaml", dir);
    if (config_load(path, c, e) != ERR_OK)
        fail_msg("%s", e->text);
    faults_init(&faults);
    enum err rc = connector_load_all(*c, l, &faults, e);
    faults_free(&faults);
    return rc;
}

static void test_load_all(void **state)
{
    (void)state;
    struct config *c;
    struct connector_list l;
    struct errbuf e;
    char path[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/connectors", dir);
    assert_int_equal(mkdir(path, 0755), 0);
    write_file("connectors/z-source.json", posted_source);
    write_file("connectors/a-sink.json", "{" SINK "\"topics\":\"a\"}");
    write_file("connectors/notes.txt", "not read");
    write_file("single.json", posted_sink);
    assert_int_equal(load_all("connectors: [connectors, ./single.json]", &c, &l, &e), ERR_OK);
    assert_int_equal(l.n, 3);
    assert_string_equal(l.items[0]->name, "postgres-source"); /* sources first */
    assert_string_equal(l.items[1]->name, "a-sink");
    assert_string_equal(l.items[2]->name, "vertica-flights");
    assert_false(l.items[0]->built_in);
    assert_ptr_equal(connector_list_find(&l, "a-sink"), l.items[1]);
    assert_null(connector_list_find(&l, "b"));
    connector_list_free(&l);
    config_free(c);

    /* Faults of several files come together. */
    write_file("connectors/b.json", "{" SINK "\"topics\":\"a\",\"x\":1}");
    write_file("connectors/c.json", "{\"name\":\"a-sink\"," SINK "\"topics\":\"a\"}");
    assert_int_equal(load_all("connectors: [connectors, nowhere]", &c, &l, &e), ERR_CONFIG);
    assert_non_null(strstr(e.text, "connectors/b.json:1: unknown key `x`"));
    assert_non_null(strstr(e.text, "connectors/c.json: the name `a-sink` is taken already, by "));
    assert_non_null(strstr(e.text, "connectors: nowhere: No such file"));
    assert_int_equal(l.n, 0);
    config_free(c);
}

static void test_built_in(void **state)
{
    (void)state;
    struct config *c;
    struct connector_list l;
    struct errbuf e;
    char table[256];
    assert_int_equal(load_all("variables: {X: y}\n", &c, &l, &e), ERR_OK);
    assert_int_equal(l.n, 2);
    const struct connector *source = l.items[0], *sink = l.items[1];
    assert_true(source->built_in && sink->built_in);
    assert_string_equal(source->name, "postgres-source");
    assert_string_equal(source->source.publication_mode, "all_tables");
    assert_string_equal(source->source.slot_name, "flightdeck");
    assert_string_equal(source->source.conninfo, "host='db1'");
    assert_true(connector_table_included(&source->source, "any", "thing"));
    assert_string_equal(sink->name, "postgres-sink");
    assert_string_equal(sink->sink.odbc, "DSN=dwh;");
    assert_true(sink->sink.auto_create && sink->sink.auto_evolve && sink->sink.tolerate_errors);
    assert_true(connector_topic_included(&sink->sink, "postgres.public.flights"));
    assert_true(connector_topic_included(&sink->sink, "postgres.public.a.b"));
    assert_false(connector_topic_included(&sink->sink, "postgres.message"));
    assert_false(connector_topic_included(&sink->sink, "postgres.__schemas"));
    assert_false(connector_topic_included(&sink->sink, sink->sink.dead_letter_topic));
    assert_false(connector_topic_included(&sink->sink, "postgresX.public.flights"));
    table_of(sink, "postgres.public.flights", table, sizeof table);
    assert_string_equal(table, "raw|postgres_public_flights");
    assert_int_equal(source->n_warnings + sink->n_warnings, 0);
    connector_list_free(&l);
    config_free(c);
    c = make_config("source: {connection: host=db1, topic_prefix: my-pg.v1, slot: s, publication: "
                    "p, tables: ['public\\.a{1,2}', \"shop\\\\..*\"]}\n"
                    "kafka: {bootstrap.servers: k}\nwarehouse: {odbc: DSN=dwh}\n");
    struct faults faults;
    faults_init(&faults);
    if (connector_load_built_in(c, &l, &faults, &e) != ERR_OK)
        fail_msg("%s", e.text);
    assert_string_equal(l.items[0]->source.publication_mode, "filtered");
    assert_true(connector_table_included(&l.items[0]->source, "public", "aa"));
    assert_false(connector_table_included(&l.items[0]->source, "public", "aaa"));
    assert_true(connector_table_included(&l.items[0]->source, "shop", "x"));
    assert_true(connector_topic_included(&l.items[1]->sink, "my-pg.v1.public.aa"));
    assert_false(connector_topic_included(&l.items[1]->sink, "my-pgxv1.public.aa"));
    connector_list_free(&l);
    config_free(c);
    c = make_config("");
    assert_int_equal(connector_load_built_in(c, &l, &faults, &e), ERR_CONFIG);
    assert_non_null(strstr(e.text, "source.connection is missing"));
    faults_free(&faults);
    config_free(c);
}

/* The airline's files, as the demo writes them out: read without a fault or a warning. */
static void test_airline(void **state)
{
    (void)state;
    struct config *plain = config;
    config = make_config("variables: {SOURCE_HOST: a, SOURCE_PORT: 1, SOURCE_USER: b, "
                         "SOURCE_PASSWORD: c, SOURCE_DATABASE: d, WAREHOUSE_HOST: e, "
                         "WAREHOUSE_PORT: 2, WAREHOUSE_USER: f, WAREHOUSE_PASSWORD: g, "
                         "WAREHOUSE_DATABASE: h}\n"
                         "kafka: {bootstrap.servers: k}\nwarehouse: {odbc: Driver=X}\n");
    int sources = 0, sinks = 0;
    const char *path;
    for (int i = 0; (path = asset_path(i)); i++) {
        if (strncmp(path, "config/airline/connectors/", 26) != 0)
            continue;
        char table[256], expected[256];
        struct connector *k = parse(asset_text(path));
        assert_int_equal(k->n_warnings, 0);
        if (k->kind == CONNECTOR_SOURCE) {
            sources++;
            assert_true(connector_table_included(&k->source, "public", "flights"));
        } else {
            sinks++;
            const char *topic = k->sink.topics[0];
            (void)snprintf(expected, sizeof expected, "raw|%s", topic);
            for (char *p = expected; *p; p++)
                if (*p == '.')
                    *p = '_';
            table_of(k, topic, table, sizeof table);
            assert_string_equal(table, expected);
            assert_string_equal(k->sink.odbc,
                                "Driver=X;Servername=e;Port=2;Database=h;UID=f;PWD=g;");
        }
        connector_free(k);
    }
    assert_int_equal(sources, 1);
    assert_int_equal(sinks, 8);
    config_free(config);
    config = plain;
}

static int setup(void **state)
{
    (void)state;
    config = make_config("variables: {DB_USER: me}\n"
                         "source: {connection: 'postgresql://u:geheim@db1/shop'}\n"
                         "kafka: {bootstrap.servers: k1:9092}\n"
                         "warehouse: {odbc: 'Driver=X;Servername=w0;Database=d0;UID=u0;"
                         "PWD=geheim;SSLmode=require'}\n");
    return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    char command[128];
    config_free(config);
    (void)snprintf(command, sizeof command, "rm -rf '%s'", dir);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_posted_source),
        cmocka_unit_test(test_topic_groups),
        cmocka_unit_test(test_flat_form_and_defaults),
        cmocka_unit_test(test_include_lists),
        cmocka_unit_test(test_posted_sink),
        cmocka_unit_test(test_jdbc_sinks),
        cmocka_unit_test(test_own_topics_are_not_loaded),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_several_mistakes),
        cmocka_unit_test(test_warnings),
        cmocka_unit_test(test_show_masks_and_write_keeps),
        cmocka_unit_test(test_references_name_every_key),
        cmocka_unit_test(test_load_all),
        cmocka_unit_test(test_built_in),
        cmocka_unit_test(test_airline),
    };
    return cmocka_run_group_tests_name("connector_config", tests, setup, teardown);
}
