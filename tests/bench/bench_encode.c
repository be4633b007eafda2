/*
 * How long one event takes to write: 8 columns, before and after, on one core.
 *
 *   bench_encode [rounds]
 *
 * Prints ns an event and bytes an event for a few kinds of table; the best of several passes, since
 * the machine has other work to do.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/clock.h"
#include "backend/envelope/encode.h"

enum { COLUMNS = 8, PASSES = 7, DEFAULT_ROUNDS = 200000 };

struct sample {
    const char *type;
    uint32_t oid;
    int32_t typmod;
    const char *value;
};

static const struct sample everyday[COLUMNS] = {
    {"int8", PG_INT8, -1, "789012345678"},
    {"int4", PG_INT4, -1, "3456"},
    {"varchar", PG_VARCHAR, 24, "Scheduled"},
    {"timestamptz", PG_TIMESTAMPTZ, -1, "2026-02-03 04:05:06.789012+00"},
    {"numeric", PG_NUMERIC, (10 << 16 | 2) + 4, "1234.56"},
    {"text", PG_TEXT, -1, "a passenger's name and a few words more"},
    {"bool", PG_BOOL, -1, "t"},
    {"timestamp", PG_TIMESTAMP, -1, "2026-02-03 04:05:06.789012"},
};

static const struct sample russian[COLUMNS] = {
    {"int8", PG_INT8, -1, "789012345678"},
    {"text", PG_TEXT, -1, "Международный аэропорт Шереметьево"},
    {"text", PG_TEXT, -1, "Регистрация на рейс закончена"},
    {"jsonb", PG_JSONB, -1, "{\"en\": \"Sheremetyevo\", \"ru\": \"Шереметьево\"}"},
    {"text", PG_TEXT, -1, "Москва"},
    {"text", PG_TEXT, -1, "Россия"},
    {"date", PG_DATE, -1, "2026-02-03"},
    {"float8", PG_FLOAT8, -1, "37.41459999"},
};

static const struct sample integers[COLUMNS] = {
    {"int4", PG_INT4, -1, "1"},        {"int4", PG_INT4, -1, "12345"},
    {"int8", PG_INT8, -1, "99999999"}, {"int8", PG_INT8, -1, "-5"},
    {"int4", PG_INT4, -1, "777"},      {"int2", PG_INT2, -1, "7"},
    {"int4", PG_INT4, -1, "31"},       {"int8", PG_INT8, -1, "123456789012"},
};

static struct envelope_table *make_table(const struct sample *s)
{
    static const struct envelope_options options = {
        .prefix = "bench", .database = "bench", .version = FLIGHTDECK_VERSION};
    struct envelope_table *t = NULL;
    struct errbuf e;
    struct relation *r = relation_create(COLUMNS);
    if (!r)
        return NULL;
    r->schema = strdup("public");
    r->name = strdup("flights");
    r->identity = 'f';
    r->n_key = 1;
    for (int i = 0; i < COLUMNS; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "column_%d", i + 1);
        r->columns[i].name = strdup(name);
        r->columns[i].type_name = strdup(s[i].type);
        r->columns[i].type_oid = s[i].oid;
        r->columns[i].typmod = s[i].typmod;
        r->columns[i].key_pos = i == 0;
    }
    if (envelope_table_create(&options, r, &t, &e) != ERR_OK)
        (void)fprintf(stderr, "%s\n", e.text);
    relation_unref(r);
    return t;
}

/* Nanoseconds of one event, key and value, at the best pass. */
static double measure(const struct envelope_table *t, const struct cell *cells, int rounds,
                      size_t *bytes)
{
    struct buf key;
    struct buf value;
    struct errbuf e;
    double best = 1e18;
    struct envelope_event ev = {.op = 'u',
                                .before = cells,
                                .after = cells,
                                .lsn = 532712272,
                                .last_commit_lsn = 532712144,
                                .source_us = 1795543987050043,
                                .now_ns = 1795543987540178425,
                                .xid = 16145,
                                .has_xid = true};
    buf_init(&key, 0);
    buf_init(&value, 0);
    for (int pass = 0; pass < PASSES; pass++) {
        int64_t start = clock_mono_us();
        for (int i = 0; i < rounds; i++) {
            buf_clear(&key);
            buf_clear(&value);
            ev.lsn++;
            if (envelope_write_key(t, cells, &key, &e) != ERR_OK ||
                envelope_write_value(t, &ev, &value, &e) != ERR_OK) {
                (void)fprintf(stderr, "%s\n", e.text);
                exit(1);
            }
        }
        double ns = (double)(clock_mono_us() - start) * 1000.0 / rounds;
        best = ns < best ? ns : best;
    }
    *bytes = key.len + value.len;
    buf_free(&key);
    buf_free(&value);
    return best;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        const struct sample *columns;
    } tables[] = {{"everyday", everyday}, {"russian", russian}, {"integers", integers}};
    int rounds = argc > 1 ? atoi(argv[1]) : DEFAULT_ROUNDS;
    if (rounds <= 0)
        rounds = DEFAULT_ROUNDS;
    for (size_t k = 0; k < sizeof tables / sizeof *tables; k++) {
        struct cell cells[COLUMNS];
        size_t bytes;
        struct envelope_table *t = make_table(tables[k].columns);
        if (!t)
            return 1;
        for (int i = 0; i < COLUMNS; i++)
            cells[i] = (struct cell){tables[k].columns[i].value,
                                     (uint32_t)strlen(tables[k].columns[i].value), CELL_TEXT};
        double ns = measure(t, cells, rounds, &bytes);
        (void)printf("%-10s %8.0f ns/event %6zu bytes/event\n", tables[k].name, ns, bytes);
        envelope_table_destroy(t);
    }
    return 0;
}
