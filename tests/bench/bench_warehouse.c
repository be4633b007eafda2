/*
 * Rows a second into a raw table of 36 columns (8 before_, 8 after_, 20 of the envelope), half
 * inserts (before_ is NULL) and half updates, one connection, one transaction a batch with its
 * offsets: build/tests/bench/bench_warehouse [SECONDS]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/base/clock.h"
#include "backend/warehouse/warehouse.h"
#include "tests/fixture/fixture.h"

static const struct {
    const char *name;
    enum wtype type;
} table[] = {
    {"before_id", WT_INT64},
    {"before_no", WT_TEXT},
    {"before_departure", WT_TIMESTAMPTZ},
    {"before_arrival", WT_TIMESTAMPTZ},
    {"before_from", WT_TEXT},
    {"before_to", WT_TEXT},
    {"before_status", WT_TEXT},
    {"before_amount", WT_DECIMAL},
    {"after_id", WT_INT64},
    {"after_no", WT_TEXT},
    {"after_departure", WT_TIMESTAMPTZ},
    {"after_arrival", WT_TIMESTAMPTZ},
    {"after_from", WT_TEXT},
    {"after_to", WT_TEXT},
    {"after_status", WT_TEXT},
    {"after_amount", WT_DECIMAL},
    {"op", WT_TEXT},
    {"ts_ms", WT_INT64},
    {"source_version", WT_TEXT},
    {"source_connector", WT_TEXT},
    {"source_name", WT_TEXT},
    {"source_ts_ms", WT_INT64},
    {"source_snapshot", WT_TEXT},
    {"source_db", WT_TEXT},
    {"source_schema", WT_TEXT},
    {"source_table", WT_TEXT},
    {"source_txid", WT_INT64},
    {"source_lsn", WT_INT64},
    {"source_xmin", WT_INT64},
    {"source_sequence", WT_TEXT},
    {"transaction_id", WT_TEXT},
    {"transaction_order", WT_INT64},
    {"_batch", WT_INT64},
    {"_partition", WT_INT32},
    {"_offset", WT_INT64},
    {"_schema", WT_TEXT},
};
enum { N = sizeof table / sizeof table[0], WIDE = 64 };

static struct errbuf e;

static void must(enum err r)
{
    if (r) {
        (void)fprintf(stderr, "bench: %s\n", e.text);
        exit(1);
    }
}

static void make_row(int i, bool update, char text[N][WIDE], struct cell *cells)
{
    for (int c = 0; c < N; c++) {
        const char *name = table[c].name;
        char *t = text[c];
        int lsn = i / 100;
        cells[c].kind = CELL_TEXT;
        if ((c < 8 && !update) || !strcmp(name, "source_xmin") || !strncmp(name, "transaction", 11))
            cells[c].kind = CELL_NULL;
        else if (!strcmp(name, "op"))
            (void)strcpy(t, update ? "u" : "c");
        else if (!strcmp(name, "_batch") || !strcmp(name, "_partition"))
            (void)strcpy(t, "7");
        else if (table[c].type == WT_INT64)
            (void)snprintf(t, WIDE, "%d", 100000000 + (strncmp(name, "source", 6) ? i : lsn));
        else if (table[c].type == WT_TIMESTAMPTZ)
            (void)snprintf(t, WIDE, "2026-11-24 12:%02d:%02d.123456+00", i / 60 % 60, i % 60);
        else if (table[c].type == WT_DECIMAL)
            (void)snprintf(t, WIDE, "%d.%02d", i % 10000, i % 100);
        else if (!strcmp(name, "source_sequence"))
            (void)snprintf(t, WIDE, "[\"%d\",\"%d\"]", 100000000 + lsn, 100000000 + lsn);
        else if (c < 16)
            (void)snprintf(t, WIDE, "value%d", i % 1000);
        else
            (void)strcpy(t, name);
        cells[c].p = t;
        cells[c].len = (uint32_t)strlen(t);
    }
}

/* Processor time in seconds of a process: on a busy machine it says more than the clock. */
static double cpu_seconds(long pid)
{
    char path[64];
    long user = 0;
    long system = 0;
    (void)snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    FILE *f = fopen(path, "r");
    if (!f || fscanf(f, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld", &user,
                     &system) != 2)
        user = system = 0;
    if (f)
        (void)fclose(f);
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static long backend_pid(struct warehouse *w)
{
    struct warehouse_rows *rows = NULL;
    const struct cell *cells;
    must(warehouse_query(w, "SELECT pg_backend_pid()::text || ' '", 0, NULL, &rows, &e));
    must(warehouse_rows_next(rows, &cells, &e));
    long pid = strtol(cells[0].p, NULL, 10);
    warehouse_rows_close(rows);
    return pid;
}

/* rows prepared once; what is measured is wbatch_add and the transaction */
static void run(struct warehouse *w, struct wcolumn *columns, int rows, double seconds)
{
    char(*text)[N][WIDE] = calloc((size_t)rows, sizeof *text);
    struct cell(*cells)[N] = calloc((size_t)rows, sizeof *cells);
    struct wbatch *b = wbatch_create("postgresql", columns, N);
    if (!text || !cells || !b)
        exit(1);
    for (int i = 0; i < rows; i++)
        make_row(i, i % 2, text[i], cells[i]);
    must(warehouse_exec(w, "TRUNCATE raw.bench", 0, NULL, NULL, &e));
    static int64_t batch;
    static int64_t offset;
    int64_t building = 0;
    int64_t total = 0;
    long pid = backend_pid(w);
    double server = cpu_seconds(pid);
    double client = cpu_seconds(getpid());
    int64_t start = clock_mono_us();
    int64_t end = start + (int64_t)(seconds * 1e6);
    while (clock_mono_us() < end) {
        int64_t t = clock_mono_us();
        wbatch_clear(b);
        for (int i = 0; i < rows; i++)
            must(wbatch_add(b, cells[i], &e));
        building += clock_mono_us() - t;
        const struct offset_move move = {"bench", 0, offset ? offset : -1, offset + rows};
        must(warehouse_begin(w, &e));
        must(warehouse_insert(w, "raw", "bench", b, 0, rows, &e));
        must(warehouse_offsets_write(w, "raw", "bench", ++batch, rows, 0, &move, 1, &e));
        must(warehouse_commit(w, &e));
        offset += rows;
        total += rows;
    }
    double took = (double)(clock_mono_us() - start) / 1e6;
    server = (cpu_seconds(pid) - server) * 1e6 / (double)total;
    client = (cpu_seconds(getpid()) - client) * 1e6 / (double)total;
    (void)printf("%6d rows a batch: %7.0f rows/s; processor time a row: server %.2f us, client "
                 "%.2f us (%.2f us by the clock to build)\n",
                 rows, (double)total / took, server, client, (double)building / (double)total);
    wbatch_destroy(b);
    free(text);
    free(cells);
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? atof(argv[1]) : 3;
    struct warehouse *w = NULL;
    struct wcolumn columns[N] = {{.name = NULL}};
    err_clear(&e);
    if (fixture_start(FIXTURE_WAREHOUSE))
        return 1;
    const struct warehouse_options o = {.odbc = fixture_odbc(), .dialect = "postgresql"};
    for (int i = 0; i < N; i++)
        columns[i] = (struct wcolumn){.name = table[i].name, .type = table[i].type};
    must(warehouse_open(&o, &w, &e));
    must(warehouse_table_ensure(w, "raw", "bench", columns, N, &e));
    must(warehouse_offsets_ensure(w, "raw", &e));
    const int sizes[] = {1, 100, 1000, 5000, 20000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        run(w, columns, sizes[i], seconds);
    if (argc > 2) { /* any second argument: other indexes than the btree on _batch, to compare */
        must(warehouse_exec(w, "DROP INDEX raw.bench_batch", 0, NULL, NULL, &e));
        (void)printf("without an index:\n");
        run(w, columns, 5000, seconds);
        must(warehouse_exec(w, "CREATE INDEX ON raw.bench USING brin (_batch)", 0, NULL, NULL, &e));
        (void)printf("brin (_batch):\n");
        run(w, columns, 5000, seconds);
        must(warehouse_exec(w, "CREATE INDEX ON raw.bench (after_id)", 0, NULL, NULL, &e));
        (void)printf("brin (_batch), btree (after_id):\n");
        run(w, columns, 5000, seconds);
    }
    warehouse_close(w);
    return fixture_stop();
}
