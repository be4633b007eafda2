/*
 * Change events on any bytes. The first byte says what plan reads them: the fixed schema with a
 * field of every kind, the plan of a table, or a schema out of the input itself (up to a NUL byte).
 * Whatever comes out: every cell is readable, and a text has no NUL byte.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/buf.h"
#include "backend/envelope/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TABLE_COLUMNS = 2 + WT_COUNT };

static struct flat_plan *schema_plan(void)
{
    static const struct {
        const char *type;
        const char *name;
        const char *rest;
    } types[] = {
        {"boolean", NULL, ""},
        {"int8", NULL, ""},
        {"int16", NULL, ""},
        {"int32", NULL, ""},
        {"int64", NULL, ""},
        {"float", NULL, ""},
        {"double", NULL, ""},
        {"string", NULL, ""},
        {"bytes", NULL, ""},
        {"array", NULL, ",\"items\":{\"type\":\"int32\"}"},
        {"array", NULL, ",\"items\":{\"type\":\"int32\",\"name\":\"io.debezium.time.Date\"}"},
        {"map", NULL, ""},
        {"struct", NULL, ",\"fields\":[]"},
        {"bytes", "org.apache.kafka.connect.data.Decimal", ",\"parameters\":{\"scale\":\"2\"}"},
        {"struct", "io.debezium.data.VariableScaleDecimal", ""},
        {"struct", "io.debezium.data.geometry.Point", ""},
        {"bytes", "io.debezium.data.Bits", ",\"parameters\":{\"length\":\"5\"}"},
        {"bytes", "io.debezium.data.Bits", ""},
        {"int32", "io.debezium.time.Date", ""},
        {"int32", "io.debezium.time.Time", ""},
        {"int64", "io.debezium.time.MicroTime", ""},
        {"int64", "io.debezium.time.NanoTime", ""},
        {"int64", "io.debezium.time.Timestamp", ""},
        {"int64", "io.debezium.time.MicroTimestamp", ""},
        {"int64", "io.debezium.time.NanoTimestamp", ""},
        {"string", "io.debezium.time.ZonedTimestamp", ""},
        {"string", "io.debezium.time.IsoDate", ""},
        {"string", "io.debezium.time.IsoTime", ""},
        {"string", "io.debezium.time.IsoTimestamp", ""},
        {"string", "io.debezium.data.Json", ""},
    };
    struct buf b;
    struct errbuf e;
    struct flat_plan *p = NULL;
    buf_init(&b, 0);
    buf_lit(&b, "{\"type\":\"struct\",\"fields\":[");
    for (int i = 0; i < 2; i++) {
        buf_lit(&b, "{\"type\":\"struct\",\"fields\":[");
        for (size_t k = 0; k < sizeof types / sizeof *types; k++) {
            buf_printf(&b, "%s{\"type\":\"%s\"", k ? "," : "", types[k].type);
            if (types[k].name)
                buf_printf(&b, ",\"name\":\"%s\"", types[k].name);
            buf_printf(&b, "%s,\"field\":\"%c\"}", types[k].rest,
                       (char)(k < 26 ? 'A' + k : 'a' + k - 26));
        }
        buf_printf(&b, "],\"field\":\"%s\"},", i ? "after" : "before");
    }
    buf_lit(&b, "{\"type\":\"struct\",\"fields\":[{\"type\":\"int64\",\"field\":\"lsn\"}],"
                "\"field\":\"source\"},{\"type\":\"string\",\"field\":\"op\"}]}");
    if (flat_plan_from_connect_schema(b.p, b.len, NULL, 0, &p, &e))
        abort();
    buf_free(&b);
    return p;
}

static struct flat_plan *table_plan(void)
{
    static char names[WT_COUNT][16];
    struct wcolumn columns[TABLE_COLUMNS] = {{.name = "op", .type = WT_TEXT},
                                             {.name = "source_lsn", .type = WT_INT64}};
    struct errbuf e;
    struct flat_plan *p = NULL;
    for (int i = 0; i < WT_COUNT; i++) {
        memcpy(names[i], "after_A", 8);
        names[i][6] = (char)('A' + i);
        columns[2 + i] = (struct wcolumn){.name = names[i], .type = (enum wtype)i, .scale = i % 3};
    }
    if (flat_plan_from_table(columns, TABLE_COLUMNS, NULL, 0, &p, &e))
        abort();
    return p;
}

static void decode(const struct flat_plan *p, const char *payload, size_t n)
{
    const struct flat_columns *c = flat_plan_columns(p);
    struct cell *cells = malloc(((size_t)c->n + 1) * sizeof *cells);
    struct arena *a = arena_create(4096);
    struct errbuf e;
    int unknown;
    enum err rc = flat_decode(p, payload, n, a, cells, &unknown, &e);
    if (rc && rc != ERR_DATA)
        abort();
    if (rc && !e.text[0])
        abort();
    for (int i = 0; !rc && i < c->n; i++) {
        if (cells[i].kind != CELL_TEXT)
            continue;
        for (uint32_t k = 0; k < cells[i].len; k++)
            if (!cells[i].p[k])
                abort();
    }
    arena_destroy(a);
    free(cells);
}

static void own_schema(const char *p, size_t n)
{
    const char *end = n ? memchr(p, 0, n) : NULL;
    size_t schema = end ? (size_t)(end - p) : n;
    struct flat_plan *plan;
    struct errbuf e;
    enum err rc = *p == '{' && n > 12 && memcmp(p, "{\"relation\":", 12) == 0
                      ? flat_plan_from_schema_record(p, schema, &plan, &e)
                      : flat_plan_from_connect_schema(p, schema, p, schema, &plan, &e);
    if (rc)
        return;
    if (end)
        decode(plan, end + 1, n - schema - 1);
    flat_plan_unref(plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct flat_plan *schema, *table;
    if (!schema) {
        schema = schema_plan();
        table = table_plan();
    }
    if (size < 2)
        return 0;
    const char *p = (const char *)data + 1;
    enum envelope_form form;
    struct cell s, payload;
    struct errbuf e;
    size--;
    switch (data[0] % 3) {
    case 0:
        if (envelope_form_of(p, size, &form, &s, &payload, &e) == ERR_OK && form != FORM_TOMBSTONE)
            decode(schema, payload.p, payload.len);
        break;
    case 1:
        decode(table, p, size);
        break;
    default:
        own_schema(p, size);
    }
    return 0;
}
