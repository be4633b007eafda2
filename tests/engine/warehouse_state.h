/* Cases: current state, offsets, size and loss (warehouse_cases.h). */
#ifndef TESTS_WAREHOUSE_STATE_H
#define TESTS_WAREHOUSE_STATE_H

#include "tests/engine/warehouse_help.h"
#include "tests/engine/warehouse_rows.h"

/* ---- current state ---- */

enum { U_ID, U_REGION, U_NAME, U_NOTE, U_OP, U_N };
static const struct wcolumn upsert_columns[] = {
    {.name = "id", .type = WT_INT64, .not_null = true, .key = true},
    {.name = "region", .type = WT_TEXT, .not_null = true, .key = true},
    {.name = "name", .type = WT_TEXT},
    {.name = "note", .type = WT_TEXT},
    {.name = "op", .type = WT_TEXT, .precision = 1},
};
static const int upsert_key[] = {U_ID, U_REGION};

static void upsert(struct warehouse *w, struct wbatch *b, bool deletes)
{
    const struct upsert_plan plan = {
        .key = upsert_key, .n_key = 2, .op_column = U_OP, .deletes = deletes};
    OK(warehouse_begin(w, &err));
    OK(warehouse_upsert(w, "raw_up", "t", b, 0, wbatch_rows(b), &plan, &err));
    OK(warehouse_commit(w, &err));
    wbatch_clear(b);
}

/* As ADD, with "=" for CELL_UNCHANGED. */
static void add_up(struct wbatch *b, const char *id, const char *name, const char *note,
                   const char *op)
{
    const char *in[U_N] = {id, "eu", name, note, op};
    struct cell cells[U_N];
    for (int i = 0; i < U_N; i++)
        cells[i] =
            in[i] && !strcmp(in[i], "=") ? (struct cell){.kind = CELL_UNCHANGED} : text(in[i]);
    OK(wbatch_add(b, cells, &err));
}

#define UP_STATE "SELECT id, name, note, op FROM raw_up.t ORDER BY id"

static void test_upsert_keeps_current_state(void **state)
{
    (void)state;
    struct warehouse *w = connect();
    fresh_schema(w, "raw_up");
    OK(warehouse_table_ensure(w, "raw_up", "t", upsert_columns, U_N, &err));
    struct wbatch *b = wbatch_create(on.dialect, upsert_columns, U_N);
    add_up(b, "1", "one", "n1", "c");
    add_up(b, "2", "two", "n2", "c");
    add_up(b, "1", "ONE", "n1", "u"); /* twice in a batch: the last one wins */
    add_up(b, "3", "three", NULL, "c");
    add_up(b, "4", "four", "n4", "c");
    add_up(b, "4", NULL, NULL, "d"); /* made and deleted in one batch */
    upsert(w, b, true);
    assert_string_equal(result(w, UP_STATE), "1|ONE|n1|u\n2|two|n2|c\n3|three|<null>|c\n");

    add_up(b, "1", "uno", "=", "u");    /* keeps n1 of the table */
    add_up(b, "2", "=", "new n2", "u"); /* keeps the name */
    add_up(b, "3", NULL, NULL, "d");
    add_up(b, "5", "five", "long", "c");
    add_up(b, "5", "FIVE", "=", "u"); /* keeps what came earlier in the batch */
    add_up(b, "6", "six", "=", "u");  /* never seen: what is not known is NULL */
    upsert(w, b, true);
    assert_string_equal(result(w, UP_STATE),
                        "1|uno|n1|u\n2|two|new n2|u\n5|FIVE|long|u\n6|six|<null>|u\n");

    add_up(b, "2", NULL, NULL, "d"); /* a key change: delete of the old, create of the new */
    add_up(b, "20", "two", "new n2", "c");
    add_up(b, "1", NULL, NULL, "d"); /* deleted and made again */
    add_up(b, "1", "again", NULL, "c");
    upsert(w, b, true);
    assert_string_equal(result(w, UP_STATE),
                        "1|again|<null>|c\n5|FIVE|long|u\n6|six|<null>|u\n20|two|new n2|c\n");

    add_up(b, "5", NULL, NULL, "d"); /* another row takes the key, and its note was not sent: */
    add_up(b, "5", "V", "=", "c");   /* that of the row before is not its own */
    upsert(w, b, true);
    assert_string_equal(result(w, UP_STATE),
                        "1|again|<null>|c\n5|V|<null>|c\n6|six|<null>|u\n20|two|new n2|c\n");

    add_up(b, "5", NULL, NULL, "d"); /* deletes are ignored where the connector does not ask */
    add_up(b, "6", "SIX", "=", "u");
    upsert(w, b, false);
    assert_string_equal(result(w, UP_STATE),
                        "1|again|<null>|c\n5|V|<null>|c\n6|SIX|<null>|u\n20|two|new n2|c\n");
    wbatch_destroy(b);
    warehouse_close(w);
}

static void test_upsert_with_a_row_at_fault(void **state)
{
    (void)state;
    struct warehouse *w = connect();
    const struct upsert_plan plan = {
        .key = upsert_key, .n_key = 2, .op_column = U_OP, .deletes = true};
    fresh_schema(w, "raw_up");
    OK(warehouse_table_ensure(w, "raw_up", "t", upsert_columns, U_N, &err));
    struct wbatch *b = wbatch_create(on.dialect, upsert_columns, U_N);
    add_up(b, "1", "one", NULL, "c");
    add_up(b, "2", "two", NULL, "more than one octet");
    add_up(b, NULL, "no key", NULL, "c");
    OK(warehouse_begin(w, &err));
    FAILS(ERR_DATA, warehouse_upsert(w, "raw_up", "t", b, 0, 2, &plan, &err));
    OK(warehouse_upsert(w, "raw_up", "t", b, 0, 1, &plan, &err));
    FAILS(ERR_DATA, warehouse_upsert(w, "raw_up", "t", b, 1, 2, &plan, &err));
    FAILS(ERR_DATA, warehouse_upsert(w, "raw_up", "t", b, 2, 3, &plan, &err));
    OK(warehouse_commit(w, &err));
    assert_string_equal(result(w, UP_STATE), "1|one|<null>|c\n");
    /* a rollback takes back whatever the first upsert of a session makes for itself */
    OK(warehouse_begin(w, &err));
    OK(warehouse_upsert(w, "raw_up", "t", b, 0, 1, &plan, &err));
    OK(warehouse_rollback(w, &err));
    OK(warehouse_begin(w, &err));
    OK(warehouse_upsert(w, "raw_up", "t", b, 0, 1, &plan, &err));
    OK(warehouse_commit(w, &err));
    wbatch_destroy(b);
    warehouse_close(w);
}

/* ---- offsets ---- */

static void write_offsets(struct warehouse *w, int64_t batch, int64_t from, int64_t to,
                          enum err want)
{
    const struct offset_move moves[] = {{"a topic, {\"x\"}", 0, from, to}, {"b", 11, from, to}};
    OK(warehouse_begin(w, &err));
    FAILS(want, warehouse_offsets_write(w, "raw_off", "sink", batch, 10, 1000, moves, 2, &err));
    if (want)
        OK(warehouse_rollback(w, &err));
    else
        OK(warehouse_commit(w, &err));
}

static void test_offsets_fence(void **state)
{
    (void)state;
    struct warehouse *w = connect();
    struct stored_offset *o;
    int n;
    int64_t batch;
    fresh_schema(w, "raw_off");
    OK(warehouse_offsets_ensure(w, "raw_off", &err));
    OK(warehouse_offsets_ensure(w, "raw_off", &err));
    OK(warehouse_offsets_read(w, "raw_off", "sink", &batch, &o, &n, &err));
    assert_int_equal(batch, 0);
    assert_int_equal(n, 0);
    free(o);
    write_offsets(w, 1, -1, 100, ERR_OK);
    write_offsets(w, 2, 100, 150, ERR_OK);
    write_offsets(w, 3, 100, 200, ERR_FENCED); /* the offsets have moved */
    write_offsets(w, 3, -1, 200, ERR_FENCED);  /* they are not the first ones */
    write_offsets(w, 2, 150, 200, ERR_FENCED); /* the batch is there */
    FAILS(ERR_STATE, warehouse_offsets_write(w, "raw_off", "sink", 4, 0, 0, NULL, 0, &err));
    OK(warehouse_offsets_read(w, "raw_off", "sink", &batch, &o, &n, &err));
    assert_int_equal(batch, 2);
    assert_int_equal(n, 2);
    assert_string_equal(o[0].topic, "a topic, {\"x\"}");
    assert_int_equal(o[0].next_offset, 150);
    assert_string_equal(o[1].topic, "b");
    assert_int_equal(o[1].partition, 11);
    free(o);
    OK(warehouse_offsets_read(w, "raw_off", "another", &batch, &o, &n, &err));
    assert_int_equal(n, 0);
    free(o);
    OK(warehouse_offsets_delete(w, "raw_off", "sink", &err));
    OK(warehouse_offsets_read(w, "raw_off", "sink", &batch, &o, &n, &err));
    assert_int_equal(batch + n, 0);
    free(o);
    warehouse_close(w);
}

static void test_old_batches_go(void **state)
{
    (void)state;
    struct warehouse *w = connect();
    fresh_schema(w, "raw_off");
    OK(warehouse_offsets_ensure(w, "raw_off", &err));
    for (int64_t batch = 1; batch <= 3; batch++) {
        OK(warehouse_begin(w, &err));
        OK(warehouse_offsets_write(w, "raw_off", "sink", batch, 1, 1, NULL, 0, &err));
        OK(warehouse_commit(w, &err));
    }
    OK(warehouse_begin(w, &err));
    OK(warehouse_offsets_write(w, "raw_off", "other", 1, 1, 1, NULL, 0, &err));
    for (int64_t batch = 1000; batch <= 1024; batch++)
        OK(warehouse_offsets_write(w, "raw_off", "sink", batch, 1, 1, NULL, 0, &err));
    OK(warehouse_commit(w, &err));
    assert_string_equal(result(w, "SELECT connector, MIN(batch), MAX(batch), COUNT(*) FROM "
                                  "raw_off._flightdeck_batches GROUP BY connector ORDER BY 1"),
                        "other|1|1|1\nsink|1000|1024|25\n");
    warehouse_close(w);
}

/* Two engines with the same state: the second waits for the first one's commit, and has lost. */
struct rival {
    struct warehouse *w;
    enum err got;
};

static void *rival_main(void *arg)
{
    struct rival *r = arg;
    struct errbuf e;
    const struct offset_move moves[] = {{"t", 0, 5, 9}};
    err_clear(&e);
    r->got = warehouse_begin(r->w, &e);
    if (!r->got)
        r->got = warehouse_offsets_write(r->w, "raw_off", "sink", 2, 1, 1, moves, 1, &e);
    if (warehouse_rollback(r->w, NULL) && !r->got)
        r->got = ERR_INTERNAL;
    return NULL;
}

static void test_two_engines_do_not_both_write(void **state)
{
    (void)state;
    struct warehouse *w = connect();
    struct rival rival = {.w = connect()};
    const struct offset_move first[] = {{"t", 0, -1, 5}};
    const struct offset_move moves[] = {{"t", 0, 5, 9}};
    pthread_t thread;
    fresh_schema(w, "raw_off");
    OK(warehouse_offsets_ensure(w, "raw_off", &err));
    OK(warehouse_begin(w, &err));
    OK(warehouse_offsets_write(w, "raw_off", "sink", 1, 1, 1, first, 1, &err));
    OK(warehouse_commit(w, &err));
    OK(warehouse_begin(w, &err));
    OK(warehouse_offsets_write(w, "raw_off", "sink", 2, 1, 1, moves, 1, &err));
    assert_int_equal(pthread_create(&thread, NULL, rival_main, &rival), 0);
    fixture_wait_sql(fixture_warehouse_conninfo(),
                     "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted", "t", 20);
    OK(warehouse_commit(w, &err));
    assert_int_equal(pthread_join(thread, NULL), 0);
    if (rival.got != ERR_FENCED)
        fail_msg("the second engine got %s", err_word(rival.got));
    warehouse_close(rival.w);
    warehouse_close(w);
}

/* Rows and offsets of a batch that is not committed are both gone with the connection. */
static void test_rows_and_offsets_are_one(void **state)
{
    (void)state;
    struct warehouse *w = connect();
    struct stored_offset *o;
    int n;
    int64_t batch;
    const struct offset_move moves[] = {{"t", 0, -1, 2}};
    fresh_schema(w, "raw_off");
    OK(warehouse_table_ensure(w, "raw_off", "t", pair, 2, &err));
    OK(warehouse_offsets_ensure(w, "raw_off", &err));
    struct wbatch *b = wbatch_create(on.dialect, pair, 2);
    ADD(b, "1", "a");
    ADD(b, "2", "b");
    for (int round = 0; round < 2; round++) {
        OK(warehouse_begin(w, &err));
        OK(warehouse_insert(w, "raw_off", "t", b, 0, 2, &err));
        OK(warehouse_offsets_write(w, "raw_off", "sink", 1, 2, 2, moves, 1, &err));
        if (round == 1)
            OK(warehouse_commit(w, &err));
        else { /* the engine is gone before its commit */
            free(fixture_warehouse_psql(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                "WHERE application_name = 'test'"));
            FAILS(ERR_CONNECT, warehouse_commit(w, &err));
        }
        warehouse_close(w);
        w = connect();
        OK(warehouse_offsets_read(w, "raw_off", "sink", &batch, &o, &n, &err));
        assert_int_equal(batch, round);
        assert_int_equal(n, round);
        free(o);
        assert_string_equal(result(w, "SELECT COUNT(*) FROM raw_off.t"), round ? "2\n" : "0\n");
    }
    wbatch_destroy(b);
    warehouse_close(w);
}

/* ---- size, time, loss ---- */

static long rss_kb(void)
{
    long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    assert_non_null(f);
    assert_int_equal(fscanf(f, "%*s %ld", &pages), 1);
    (void)fclose(f);
    return pages * 4;
}

static void load_rows(int rows, long most_kb)
{
    enum { N = 12 };
    struct warehouse *w = connect();
    struct wcolumn c[N] = {{.name = "_batch", .type = WT_INT64}, {.name = "id", .type = WT_INT64}};
    char names[N][8];
    for (int i = 2; i < N; i++) {
        (void)snprintf(names[i], sizeof names[i], "c%d", i);
        c[i] = (struct wcolumn){.name = names[i], .type = i % 2 ? WT_TEXT : WT_TIMESTAMPTZ};
    }
    fresh_schema(w, "raw_big");
    OK(warehouse_table_ensure(w, "raw_big", "t", c, N, &err));
    struct wbatch *b = wbatch_create(on.dialect, c, N);
    long before = rss_kb();
    long most = 0;
    for (int round = 0; round < 3; round++) {
        wbatch_clear(b);
        for (int i = 0; i < rows; i++) {
            char id[16];
            char note[32];
            (void)snprintf(id, sizeof id, "%d", i);
            (void)snprintf(note, sizeof note, "note, %d", i);
            struct cell cells[N] = {text("1"), text(id)};
            for (int k = 2; k < N; k++)
                cells[k] = k % 2 ? text(note) : text("2026-11-24 12:04:31.123456+00");
            OK(wbatch_add(b, cells, &err));
        }
        insert_all(w, "raw_big", "t", b);
        if (rss_kb() - before > most)
            most = rss_kb() - before;
    }
    char want[32];
    (void)snprintf(want, sizeof want, "%d\n", 3 * rows);
    assert_string_equal(result(w, "SELECT COUNT(*) FROM raw_big.t"), want);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    if (most > most_kb)
        fail_msg("batches of %d rows took %ld kB more", rows, most);
#else
    (void)most_kb;
#endif
    wbatch_destroy(b);
    warehouse_close(w);
}

static void test_long_values(void **state)
{
    (void)state;
    enum { LONG = 3000000 };
    struct warehouse *w = connect();
    const struct wcolumn c[] = {{.name = "id", .type = WT_INT64}, {.name = "v", .type = WT_TEXT}};
    struct warehouse_rows *rows;
    const struct cell *cells;
    char *v = malloc(LONG);
    assert_non_null(v);
    for (int i = 0; i < LONG; i++)
        v[i] = "abc\"\\,{} '\n"[i % 11];
    fresh_schema(w, "raw_long");
    OK(warehouse_table_ensure(w, "raw_long", "t", c, 2, &err));
    struct wbatch *b = wbatch_create(on.dialect, c, 2);
    for (int i = 0; i < 3; i++) {
        const struct cell row[] = {text(i == 0   ? "0"
                                        : i == 1 ? "1"
                                                 : "2"),
                                   {.p = v, .len = (uint32_t)(LONG - i), .kind = CELL_TEXT}};
        OK(wbatch_add(b, row, &err));
    }
    insert_all(w, "raw_long", "t", b);
    OK(warehouse_query(w, "SELECT id, v, id FROM raw_long.t ORDER BY id", 0, NULL, &rows, &err));
    for (int i = 0; i < 3; i++) {
        OK(warehouse_rows_next(rows, &cells, &err));
        assert_int_equal(cells[1].len, LONG - i);
        assert_memory_equal(cells[1].p, v, LONG - i);
        assert_int_equal(cells[2].len, 1);
        assert_int_equal(cells[2].p[0], '0' + i);
    }
    FAILS(ERR_NOT_FOUND, warehouse_rows_next(rows, &cells, &err));
    warehouse_rows_close(rows);
    wbatch_destroy(b);
    free(v);
    warehouse_close(w);
}

static void test_parameters_and_counts(void **state)
{
    (void)state;
    struct warehouse *w = connect();
    struct warehouse_rows *rows;
    const struct cell *cells;
    const char *params[] = {"42", NULL, "it's, \"ж\" \\ ?"};
    int64_t n = 0;
    fresh_schema(w, "raw_par");
    OK(warehouse_table_ensure(w, "raw_par", "t",
                              (const struct wcolumn[]){{.name = "a", .type = WT_INT64},
                                                       {.name = "b", .type = WT_DATE},
                                                       {.name = "c", .type = WT_TEXT}},
                              3, &err));
    OK(warehouse_exec(w, "INSERT INTO raw_par.t (a, b, c) VALUES (?, ?, ?)", 3, params, &n, &err));
    assert_int_equal(n, 1);
    OK(warehouse_exec(w, "UPDATE raw_par.t SET a = a + 1 WHERE a = ?", 1, params, &n, &err));
    assert_int_equal(n, 1);
    OK(warehouse_exec(w, "DELETE FROM raw_par.t WHERE a = ?", 1, params, &n, &err));
    assert_int_equal(n, 0);
    assert_string_equal(result(w, "SELECT a, b, c FROM raw_par.t"), "43|<null>|it's, \"ж\" \\ ?\n");
    OK(warehouse_query(w, "SELECT a, c FROM raw_par.t WHERE c = ?", 1, &params[2], &rows, &err));
    const struct warehouse_result_column *columns;
    assert_int_equal(warehouse_rows_columns(rows, &columns), 2);
    assert_string_equal(columns[0].name, "a");
    assert_true(columns[0].numeric);
    assert_false(columns[1].numeric);
    OK(warehouse_rows_next(rows, &cells, &err));
    warehouse_rows_close(rows);
    OK(warehouse_query(w, "DELETE FROM raw_par.t", 0, NULL, &rows, &err));
    assert_int_equal(warehouse_rows_columns(rows, &columns), 0);
    assert_null(columns);
    assert_int_equal(warehouse_rows_affected(rows), 1);
    warehouse_rows_close(rows);
    FAILS(ERR_SQL, warehouse_exec(w, "SELEC 1", 0, NULL, NULL, &err));
    assert_string_equal(err.sqlstate, "42601");
    OK(warehouse_begin(w, &err));
    FAILS(ERR_STATE, warehouse_begin(w, &err));
    run_sql(w, "INSERT INTO raw_par.t (a) VALUES (1)");
    OK(warehouse_rollback(w, &err));
    assert_string_equal(result(w, "SELECT COUNT(*) FROM raw_par.t"), "0\n");
    warehouse_close(w);
}

static void test_wrong_addresses(void **state)
{
    (void)state;
    struct warehouse *w;
    char odbc[768];
    struct warehouse_options o = {.odbc = odbc, .dialect = on.dialect};
    (void)snprintf(odbc, sizeof odbc, "%.*sServername=127.0.0.1;Port=1;Database=x;UID=u;PWD=geheim",
                   (int)strcspn(on.odbc, ";") + 1, on.odbc);
    FAILS(ERR_CONNECT, warehouse_open(&o, &w, &err));
    assert_null(w);
    assert_null(strstr(err.text, "geheim"));
    (void)snprintf(odbc, sizeof odbc, "Driver=/nowhere/driver.so;Servername=x;PWD={geheim}");
    FAILS(ERR_CONFIG, warehouse_open(&o, &w, &err));
    assert_null(strstr(err.text, "geheim"));
    o.dialect = "oracle";
    FAILS(ERR_CONFIG, warehouse_open(&o, &w, &err));
    assert_non_null(strstr(err.text, "oracle"));
    o = (struct warehouse_options){.odbc = "", .dialect = on.dialect};
    FAILS(ERR_CONFIG, warehouse_open(&o, &w, &err));
}

/* The server goes away in the middle of a batch: ERR_CONNECT at once, and again from everything
 * that follows; after its return a new connection works. */
static void test_the_server_goes_away(void **state)
{
    (void)state;
    struct warehouse *w = connect();
    const struct offset_move moves[] = {{"t", 0, -1, 2}};
    fresh_schema(w, "raw_gone");
    OK(warehouse_table_ensure(w, "raw_gone", "t", pair, 2, &err));
    OK(warehouse_offsets_ensure(w, "raw_gone", &err));
    struct wbatch *b = wbatch_create(on.dialect, pair, 2);
    ADD(b, "1", "a");
    ADD(b, "2", "b");
    OK(warehouse_begin(w, &err));
    OK(warehouse_insert(w, "raw_gone", "t", b, 0, 1, &err));
    fixture_server_kill(FIXTURE_WAREHOUSE);
    int64_t start = clock_mono_us();
    FAILS(ERR_CONNECT, warehouse_insert(w, "raw_gone", "t", b, 1, 2, &err));
    FAILS(ERR_CONNECT, warehouse_offsets_write(w, "raw_gone", "sink", 1, 2, 2, moves, 1, &err));
    FAILS(ERR_CONNECT, warehouse_commit(w, &err));
    warehouse_close(w);
    assert_true(clock_mono_us() - start < 5000000);
    fixture_server_start(FIXTURE_WAREHOUSE);
    w = connect();
    assert_string_equal(result(w, "SELECT COUNT(*) FROM raw_gone.t"), "0\n");
    insert_all(w, "raw_gone", "t", b);
    assert_string_equal(result(w, "SELECT COUNT(*) FROM raw_gone.t"), "2\n");
    wbatch_destroy(b);
    warehouse_close(w);
}

#endif
