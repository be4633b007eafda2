/*
 * The model's figures: the first load of all of the airline, a refresh after 1,000 changed flights,
 * a refresh without news; each at several sizes of the data, on a PostgreSQL warehouse.
 *
 * raw is made in the warehouse itself, with the columns and the batches that the sinks write: 1x is
 * about 510k rows in eight tables. The baseline is the way of a tool without state: every anchor,
 * attribute and tie made anew from all of raw, each by one CREATE TABLE AS, on the same server in
 * the same call. What a refresh costs may not grow with the data, so the largest size is compared
 * with the smallest as well. Each refresh is done ROUNDS times; the median counts.
 *
 * bench_model [--json] [--scales 1,10[,50]]    (50x takes 25 million rows, 15 GB and patience)
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/buf.h"
#include "backend/base/clock.h"
#include "backend/model/load.h"
#include "backend/model/model.h"
#include "backend/warehouse/dialect.h"
#include "backend/warehouse/warehouse.h"
#include "config/assets.h"
#include "tests/fixture/figure.h"
#include "tests/fixture/fixture.h"

enum { ROUNDS = 7, SCALES_MAX = 8 };

static struct {
    struct figures out;
    struct warehouse *w;
} bench = {.out = {.value_digits = 2, .ratio_digits = 4}};

static struct errbuf err;

__attribute__((noreturn)) static void die(const char *what)
{
    (void)fprintf(stderr, "bench: %s: %s\n", what, err.text);
    exit(1);
}

static void figure(const char *name, double value, const char *unit, const char *words,
                   double baseline, double ratio, const char *reach, bool ok)
{
    figure_tell(&bench.out, &(struct figure){name, value, unit, words, baseline, ratio, reach, ok});
}

static void run(const char *sql)
{
    if (warehouse_exec(bench.w, sql, 0, NULL, NULL, &err))
        die(sql);
}

/* ---- raw ---- */

/* {i} is 1..{n}. The envelope's columns are those of a sink; before_ has the key. */
static const struct {
    const char *table;
    int rows; /* at 1x */
    const char *columns;
} raw_tables[] = {
    {"aircraft", 10,
     "NULL::varchar(3) AS before_aircraft_code, ('A' || i)::varchar(3) AS after_aircraft_code, "
     "jsonb_build_object('en', 'Type ' || i) AS after_model, i * 100 AS after_range"},
    {"airports", 66,
     "NULL::varchar(3) AS before_airport_code, ('P' || i)::varchar(3) AS after_airport_code, "
     "'Airport ' || i AS after_airport_name, 'City ' || i AS after_city, i::float AS "
     "after_coordinates_lon, i::float AS after_coordinates_lat, 'UTC' AS after_timezone"},
    {"seats", 1994,
     "NULL::varchar(3) AS before_aircraft_code, NULL::varchar(4) AS before_seat_no, ('A' || (1 + i "
     "% 10))::varchar(3) AS after_aircraft_code, (i / 10)::varchar(4) AS after_seat_no, 'Economy' "
     "::varchar(10) AS after_fare_conditions"},
    {"flights", 2160,
     "NULL::int AS before_flight_id, i AS after_flight_id, ('PG' || i % 1000)::varchar(6) AS "
     "after_flight_no, now() + i * interval '1 min' AS after_scheduled_departure, now() + i * "
     "interval '1 min' AS after_scheduled_arrival, ('P' || (1 + i % 66))::varchar(3) AS "
     "after_departure_airport, ('P' || (1 + (i + 7) % 66))::varchar(3) AS after_arrival_airport, "
     "(ARRAY['Arrived','Departed','Scheduled','On Time'])[1 + i % 4]::varchar(20) AS after_status, "
     "('A' || (1 + i % 10))::varchar(3) AS after_aircraft_code, CASE WHEN i % 2 = 0 THEN now() END "
     "AS after_actual_departure, CASE WHEN i % 4 = 0 THEN now() END AS after_actual_arrival"},
    {"bookings", 71897,
     "NULL::varchar(6) AS before_book_ref, lpad(to_hex(i), 6, '0')::varchar(6) AS after_book_ref, "
     "now() - i * interval '1 s' AS after_book_date, (i % 1000)::numeric(10,2) AS "
     "after_total_amount"},
    {"tickets", 112654,
     "NULL::varchar(13) AS before_ticket_no, lpad(i::text, 13, '0')::varchar(13) AS "
     "after_ticket_no, lpad(to_hex(1 + i * 2 / 3), 6, '0')::varchar(6) AS after_book_ref, "
     "('id' || i % 50000)::varchar(20) AS after_passenger_id, 'NAME ' || i % 50000 AS "
     "after_passenger_name, jsonb_build_object('phone', i) AS after_contact_data"},
    {"ticket_flights", 163281,
     "NULL::varchar(13) AS before_ticket_no, NULL::int AS before_flight_id, lpad((1 + i * 2 / "
     "3)::text, 13, '0')::varchar(13) AS after_ticket_no, 1 + i % {flights} AS after_flight_id, "
     "(ARRAY['Economy','Business'])[1 + i % 2]::varchar(10) AS after_fare_conditions, (i % "
     "500)::numeric(10,2) AS after_amount"},
    {"boarding_passes", 157518,
     "NULL::varchar(13) AS before_ticket_no, NULL::int AS before_flight_id, lpad((1 + i * 2 / "
     "3)::text, 13, '0')::varchar(13) AS after_ticket_no, 1 + i % {flights} AS after_flight_id, i "
     "% 300 AS after_boarding_no, (i % 300)::varchar(4) AS after_seat_no"},
};
enum { RAW_TABLES = sizeof raw_tables / sizeof raw_tables[0] };

static const char envelope[] =
    "'0.1.0'::varchar(255) AS source_version, 'postgresql'::varchar(255) AS source_connector, "
    "'postgres'::varchar(255) AS source_name, 1790000000000::bigint AS source_ts_ms, "
    "1790000000000000::bigint AS source_ts_us, 'airline'::varchar(255) AS source_db, "
    "'public'::varchar(255) AS source_schema, '{table}'::varchar(255) AS source_table, "
    "NULL::bigint "
    "AS source_txid, 1000::bigint AS source_lsn, 'r'::varchar(8) AS op, 1790000000000::bigint AS "
    "ts_ms, 1790000000000000::bigint AS ts_us, NULL::varchar(256) AS _unchanged, (1 + i / "
    "10000)::bigint AS _batch, i % 3 AS _partition, (i / 3)::bigint AS _offset";

static int64_t make_raw(int scale)
{
    int64_t all = 0;
    run("DROP SCHEMA IF EXISTS raw CASCADE");
    run("CREATE SCHEMA raw");
    for (int i = 0; i < RAW_TABLES; i++) {
        char n[24];
        char flights[24];
        int64_t rows = i < 3 ? raw_tables[i].rows : (int64_t)raw_tables[i].rows * scale;
        struct buf sql;
        struct buf text;
        (void)snprintf(n, sizeof n, "%" PRId64, rows);
        (void)snprintf(flights, sizeof flights, "%d", 2160 * scale);
        const struct sql_slot slots[] = {
            {"n", n}, {"flights", flights}, {"table", raw_tables[i].table}};
        buf_init(&sql, 0);
        buf_init(&text, 0);
        buf_printf(&text,
                   "CREATE TABLE raw.postgres_public_{table} AS SELECT %s, %s FROM "
                   "generate_series(1, {n}) i",
                   raw_tables[i].columns, envelope);
        sql_fill(&sql, buf_cstr(&text), slots, 3);
        run(buf_cstr(&sql));
        buf_clear(&sql);
        buf_printf(&sql, "CREATE INDEX ON raw.postgres_public_%s (_batch)", raw_tables[i].table);
        run(buf_cstr(&sql));
        buf_clear(&sql);
        buf_printf(&sql, "ANALYZE raw.postgres_public_%s", raw_tables[i].table);
        run(buf_cstr(&sql));
        buf_free(&sql);
        buf_free(&text);
        all += rows;
    }
    return all;
}

static void change_flights(void)
{
    run("INSERT INTO raw.postgres_public_flights SELECT (jsonb_populate_record(f, "
        "jsonb_build_object('after_status', CASE WHEN random() < 0.5 THEN 'Delayed' ELSE "
        "'Cancelled' END, 'after_actual_departure', now(), 'op', 'u', '_batch', m.batch, "
        "'source_ts_us', 1790000000000000 + m.batch * 1000000, 'source_lsn', 1000 + m.batch, "
        "'_offset', 100000000 + m.batch))).* FROM raw.postgres_public_flights f, (SELECT "
        "max(_batch) + 1 AS batch FROM raw.postgres_public_flights) m WHERE f.op = 'r' AND "
        "f.after_flight_id IN (SELECT DISTINCT 1 + (random() * ((SELECT max(after_flight_id) FROM "
        "raw.postgres_public_flights) - 1))::int FROM generate_series(1, 1300)) LIMIT 1000");
}

/* ---- the baseline ---- */

static void surrogate(struct buf *b, const struct model_entity *t)
{
    buf_lit(b, "md5(");
    for (int i = 0; i < t->n_key; i++)
        buf_printf(b, "%safter_%s::text", i ? " || '|' || " : "", t->key[i].name);
    buf_lit(b, ")::uuid");
}

/* One table from all of raw: the changes of one column. */
static void rebuild_column(const struct model_entity *t, const char *name, const char *column)
{
    struct buf sql;
    struct buf sk;
    buf_init(&sql, 0);
    buf_init(&sk, 0);
    surrogate(&sk, t);
    buf_printf(
        &sql,
        "CREATE TABLE rebuilt.%s AS SELECT sk, v, to_timestamp(at / 1000000.0) AS changed_at, "
        "now() AS created_at FROM (SELECT %s AS sk, after_%s AS v, source_ts_us AS at, "
        "lag(after_%s) OVER w AS p, row_number() OVER w AS n FROM raw.%s WHERE op <> 'd' "
        "WINDOW w AS (PARTITION BY %s ORDER BY source_ts_us, source_lsn)) x WHERE n = 1 OR "
        "v IS DISTINCT FROM p",
        name, buf_cstr(&sk), column, column, t->raw, buf_cstr(&sk));
    run(buf_cstr(&sql));
    buf_free(&sql);
    buf_free(&sk);
}

static void rebuild_entity(const struct model *m, const struct model_entity *t)
{
    struct buf sql;
    buf_init(&sql, 0);
    buf_printf(&sql, "CREATE TABLE rebuilt.%s AS SELECT DISTINCT ", t->anchor);
    surrogate(&sql, t);
    buf_lit(&sql, " AS sk");
    for (int i = 0; i < t->n_key; i++)
        buf_printf(&sql, ", after_%s", t->key[i].name);
    buf_printf(&sql, ", now() AS created_at FROM raw.%s WHERE op <> 'd'", t->raw);
    run(buf_cstr(&sql));
    buf_free(&sql);
    for (int i = 0; i < t->n_attributes; i++)
        rebuild_column(t, t->attributes[i].table, t->attributes[i].column);
    for (int i = 0; i < t->n_ties; i++)
        rebuild_column(t, m->ties[t->ties[i]].table, m->ties[t->ties[i]].columns[0]);
}

static double rebuild(const struct model *m)
{
    run("DROP SCHEMA IF EXISTS rebuilt CASCADE");
    run("CREATE SCHEMA rebuilt");
    int64_t began = clock_mono_us();
    for (int i = 0; i < m->n_entities; i++)
        rebuild_entity(m, &m->entities[m->order[i]]);
    double seconds = (double)(clock_mono_us() - began) / 1e6;
    run("DROP SCHEMA rebuilt CASCADE");
    return seconds;
}

/* ---- one size ---- */

static struct model_loader *open_loader(void)
{
    struct model_loader *l = NULL;
    const struct model_loader_options o = {.file = "config/airline/model.yaml",
                                           .text = asset_text("config/airline/model.yaml"),
                                           .odbc = fixture_odbc(),
                                           .dialect = "postgresql",
                                           .raw_schema = "raw",
                                           .label = "bench",
                                           .connections = 2};
    if (model_loader_open(&o, &l, &err))
        die("the model");
    return l;
}

static double refresh(struct model_loader *l)
{
    int64_t began = clock_mono_us();
    if (model_loader_refresh(l, NULL, NULL, NULL, &err))
        die("a refresh");
    return (double)(clock_mono_us() - began) / 1e6;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double median(double *values)
{
    qsort(values, ROUNDS, sizeof *values, by_value);
    return values[ROUNDS / 2];
}

struct size {
    int scale;
    double refresh_s;
};

static void measure(struct size *z)
{
    char name[48];
    char words[96];
    double rounds[ROUNDS];
    run("DROP SCHEMA IF EXISTS dwh CASCADE");
    int64_t rows = make_raw(z->scale);
    struct model_loader *l = open_loader();
    double first = refresh(l);
    double rebuilt = rebuild(model_loader_model(l));
    (void)snprintf(name, sizeof name, "dwh_first_%dx", z->scale);
    (void)snprintf(words, sizeof words, "rebuilt whole: %.0f rows/s", (double)rows / rebuilt);
    figure(name, (double)rows / first, "rows/s", words, (double)rows / rebuilt, rebuilt / first,
           ">=200k, 0.5", (double)rows / first >= 200000 && rebuilt / first >= 0.5);
    for (int i = 0; i < ROUNDS; i++) {
        change_flights();
        rounds[i] = refresh(l);
    }
    z->refresh_s = median(rounds);
    (void)snprintf(name, sizeof name, "dwh_refresh_%dx", z->scale);
    (void)snprintf(words, sizeof words, "rebuilt whole: %.1f s (dbt %s)", rebuilt,
                   z->scale == 1    ? "7-9 s"
                   : z->scale == 10 ? "24-32 s"
                                    : "not measured");
    figure(name, z->refresh_s * 1000, "ms", words, rebuilt * 1000, z->refresh_s / rebuilt, "<=300",
           z->refresh_s <= 0.3);
    for (int i = 0; i < ROUNDS; i++)
        rounds[i] = refresh(l);
    (void)snprintf(name, sizeof name, "dwh_empty_%dx", z->scale);
    double empty = median(rounds);
    figure(name, empty * 1000, "ms", "dbt without news: 3 s", 3000, empty / 3, "<=30",
           empty <= 0.03);
    model_loader_close(l);
}

int main(int argc, char **argv)
{
    struct size sizes[SCALES_MAX];
    int n = 0;
    char text[64] = "1,10";
    for (int i = 1; i < argc; i++)
        if (!strcmp(argv[i], "--json"))
            bench.out.json = true;
        else if (!strcmp(argv[i], "--scales") && i + 1 < argc)
            (void)snprintf(text, sizeof text, "%s", argv[++i]);
    for (char *word = strtok(text, ","); word && n < SCALES_MAX; word = strtok(NULL, ","))
        sizes[n++] = (struct size){.scale = atoi(word) > 0 ? atoi(word) : 1};
    if (fixture_start(FIXTURE_WAREHOUSE))
        return 1;
    const struct warehouse_options o = {
        .odbc = fixture_odbc(), .dialect = "postgresql", .label = "bench"};
    if (warehouse_open(&o, &bench.w, &err))
        die("the warehouse");
    for (int i = 0; i < n; i++)
        measure(&sizes[i]);
    double flat = sizes[n - 1].refresh_s / sizes[0].refresh_s;
    char words[64];
    (void)snprintf(words, sizeof words, "%dx: %.0f ms", sizes[0].scale, sizes[0].refresh_s * 1000);
    figure("dwh_refresh_flat", sizes[n - 1].refresh_s * 1000, "ms", words,
           sizes[0].refresh_s * 1000, flat, "<=1.5", flat <= 1.5);
    warehouse_close(bench.w);
    return fixture_stop() || bench.out.failed ? 1 : 0;
}
