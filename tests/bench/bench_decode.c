/*
 * Time of a record's way to a flat row, on one core: nanoseconds a record, for the plain and the
 * inline form, and for the reader alone (every byte checked, nothing kept).
 *
 *     make build/tests/bench/bench_decode && build/tests/bench/bench_decode [rounds]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backend/base/json_reader.h"
#include "backend/envelope/decode.h"

enum { CELLS = 128, BATCH = 1000, ROUNDS = 200 };

static const char *const names[8] = {"flight_id",
                                     "flight_no",
                                     "scheduled_departure",
                                     "scheduled_arrival",
                                     "departure_airport",
                                     "arrival_airport",
                                     "status",
                                     "fare"};

static void put_fields(struct buf *b)
{
    static const char *const types[8] = {
        "\"int32\"",
        "\"string\"",
        "\"string\",\"name\":\"io.debezium.time.ZonedTimestamp\"",
        "\"int64\",\"name\":\"io.debezium.time.MicroTimestamp\"",
        "\"string\"",
        "\"string\"",
        "\"string\"",
        ("\"bytes\",\"name\":\"org.apache.kafka.connect.data.Decimal\",\"parameters\":{\"scale\":"
         "\"2\",\"connect.decimal.precision\":\"10\"}")};
    for (int i = 0; i < 8; i++)
        buf_printf(b, "%s{\"type\":%s,\"optional\":true,\"field\":\"%s\"}", i ? "," : "", types[i],
                   names[i]);
}

static void put_schema(struct buf *b)
{
    static const char *const texts[] = {"version", "connector", "name",   "snapshot",
                                        "db",      "sequence",  "schema", "table"};
    static const char *const numbers[] = {"ts_ms", "ts_us", "ts_ns", "txId", "lsn", "xmin"};
    buf_lit(b, "{\"type\":\"struct\",\"fields\":[");
    for (int i = 0; i < 2; i++) {
        buf_lit(b, "{\"type\":\"struct\",\"fields\":[");
        put_fields(b);
        buf_printf(b, "],\"optional\":true,\"field\":\"%s\"},", i ? "after" : "before");
    }
    buf_lit(b, "{\"type\":\"struct\",\"fields\":[");
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        buf_printf(b, "{\"type\":\"string\",\"field\":\"%s\"},", texts[i]);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        buf_printf(b, "%s{\"type\":\"int64\",\"field\":\"%s\"}", i ? "," : "", numbers[i]);
    buf_lit(b, "],\"field\":\"source\"},{\"type\":\"struct\",\"fields\":[],\"field\":"
               "\"transaction\"},{\"type\":\"string\",\"field\":\"op\"},{\"type\":\"int64\","
               "\"field\":\"ts_ms\"},{\"type\":\"int64\",\"field\":\"ts_us\"},{\"type\":\"int64\","
               "\"field\":\"ts_ns\"}],\"name\":\"a.Envelope\"}");
}

static void put_row(struct buf *b, int i)
{
    buf_printf(b,
               "{\"flight_id\":%d,\"flight_no\":\"PG%04d\",\"scheduled_departure\":"
               "\"2026-02-03T03:05:06.789012Z\",\"scheduled_arrival\":%lld,"
               "\"departure_airport\":\"SVO\",\"arrival_airport\":\"LED\",\"status\":\"On Time\","
               "\"fare\":\"AeJA\"}",
               i, i % 10000, 1770091506789012LL + i * 1000000LL);
}

/* Members in the order in which Debezium and we write them. */
static void put_payload(struct buf *b, int i)
{
    buf_lit(b, "{\"before\":");
    put_row(b, i);
    buf_lit(b, ",\"after\":");
    put_row(b, i);
    buf_printf(b,
               ",\"source\":{\"version\":\"0.1.0\",\"connector\":\"postgresql\",\"name\":"
               "\"airline\",\"ts_ms\":1795543987028,\"snapshot\":\"false\",\"db\":\"demo\","
               "\"sequence\":\"[\\\"532631664\\\",\\\"532631664\\\"]\",\"ts_us\":1795543987028920,"
               "\"ts_ns\":1795543987028920000,\"schema\":\"public\",\"table\":\"flights\","
               "\"txId\":%d,\"lsn\":%d,\"xmin\":null},\"transaction\":null,\"op\":\"u\","
               "\"ts_ms\":1795543987293,\"ts_us\":1795543987293610,\"ts_ns\":1795543987293610534}",
               16117 + i, 532631664 + i);
}

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void stop(const struct errbuf *e)
{
    fprintf(stderr, "bench_decode: %s\n", e->text);
    exit(1);
}

struct bench {
    struct buf plain, inlined;
    size_t plain_at[BATCH + 1], inline_at[BATCH + 1];
    struct flat_plan *plan;
    struct arena *arena;
    int rounds;
};

static void report(const char *what, double ns, const struct bench *b, const size_t *at)
{
    double records = (double)b->rounds * BATCH;
    printf("%-28s %7.0f ns a record of %4zu bytes, %6.0f k/s, %5.2f GB/s\n", what, ns / records,
           at[BATCH] / BATCH, records / ns * 1e6, (double)at[BATCH] * b->rounds / ns);
}

static void run_plain(struct bench *b)
{
    struct cell cells[CELLS];
    struct errbuf e;
    int unknown;
    double from = now_ns();
    for (int round = 0; round < b->rounds; round++) {
        arena_reset(b->arena);
        for (int i = 0; i < BATCH; i++)
            if (flat_decode(b->plan, b->plain.p + b->plain_at[i],
                            b->plain_at[i + 1] - b->plain_at[i], b->arena, cells, &unknown, &e))
                stop(&e);
    }
    report("plain, to a flat row", now_ns() - from, b, b->plain_at);
}

/* As a sink does it: the schema's bytes are compared with those of the record before. */
static void run_inline(struct bench *b)
{
    struct cell cells[CELLS], schema, last = {0}, payload;
    enum envelope_form form;
    struct errbuf e;
    int unknown;
    double from = now_ns();
    for (int round = 0; round < b->rounds; round++) {
        arena_reset(b->arena);
        for (int i = 0; i < BATCH; i++) {
            if (envelope_form_of(b->inlined.p + b->inline_at[i],
                                 b->inline_at[i + 1] - b->inline_at[i], &form, &schema, &payload,
                                 &e))
                stop(&e);
            if (last.p && (last.len != schema.len || memcmp(last.p, schema.p, last.len) != 0))
                abort();
            last = schema;
            if (flat_decode(b->plan, payload.p, payload.len, b->arena, cells, &unknown, &e))
                stop(&e);
        }
    }
    report("inline schema, to a flat row", now_ns() - from, b, b->inline_at);
}

static void run_reader(struct bench *b)
{
    struct errbuf e;
    double from = now_ns();
    for (int round = 0; round < b->rounds; round++) {
        for (int i = 0; i < BATCH; i++) {
            struct json_reader r;
            jread_init(&r, b->plain.p + b->plain_at[i], b->plain_at[i + 1] - b->plain_at[i]);
            if (!jread_skip(&r, NULL) || !jread_end(&r)) {
                (void)!jread_error(&r, "the record", &e);
                stop(&e);
            }
        }
    }
    report("plain, checked only", now_ns() - from, b, b->plain_at);
}

int main(int argc, char **argv)
{
    static struct bench b;
    struct buf schema;
    struct errbuf e;
    b.rounds = argc > 1 ? atoi(argv[1]) : ROUNDS;
    buf_init(&schema, 0);
    buf_init(&b.plain, 0);
    buf_init(&b.inlined, 0);
    put_schema(&schema);
    if (flat_plan_from_connect_schema(schema.p, schema.len, NULL, 0, &b.plan, &e))
        stop(&e);
    b.arena = arena_create((size_t)4 << 20);
    if (!b.arena || flat_plan_columns(b.plan)->n > CELLS)
        return 1;
    for (int i = 0; i < BATCH; i++) {
        put_payload(&b.plain, i);
        buf_lit(&b.inlined, "{\"schema\":");
        buf_add(&b.inlined, schema.p, schema.len);
        buf_lit(&b.inlined, ",\"payload\":");
        put_payload(&b.inlined, i);
        buf_ch(&b.inlined, '}');
        b.plain_at[i + 1] = b.plain.len;
        b.inline_at[i + 1] = b.inlined.len;
    }
    run_plain(&b);
    run_inline(&b);
    run_reader(&b);
    flat_plan_unref(b.plan);
    arena_destroy(b.arena);
    buf_free(&schema);
    buf_free(&b.plain);
    buf_free(&b.inlined);
    return 0;
}
