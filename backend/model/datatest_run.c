/* Data tests as queries, and what comes of them. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "backend/base/clock.h"
#include "backend/base/nearest.h"
#include "backend/model/datatest.h"
#include "backend/warehouse/dialect.h"
#include "queries/queries.h"

enum { CELL_SHOWN = 60, MICROSECONDS = 1000000, QUERY_NAME_MAX = 60 };

const char *datatest_status_word(enum datatest_status s)
{
    return s == DATATEST_PASS ? "pass" : s == DATATEST_WARN ? "warn" : "fail";
}

/* ---- the query ---- */

static void add_table(struct buf *b, const struct dialect *d, const char *schema, const char *table)
{
    dialect_ident(b, d, schema);
    buf_ch(b, '.');
    dialect_ident(b, d, table);
}

static void add_columns(struct buf *b, const struct dialect *d, const struct datatest *t,
                        const char *between, const char *behind)
{
    for (int i = 0; t->columns && t->columns[i]; i++) {
        if (i)
            buf_str(b, between);
        dialect_ident(b, d, t->columns[i]);
        buf_str(b, behind);
    }
}

void datatest_compile(const struct datatest *t, const char *dialect, struct buf *out)
{
    enum { TABLE, COLUMN, COLUMNS, CONDITION, WHERE, TO, FIELD, VALUES, SLOTS };
    static const char *const names[SLOTS] = {"table", "column", "columns", "condition",
                                             "where", "to",     "field",   "values"};
    const struct dialect *d = dialect_find(dialect);
    struct buf text[SLOTS];
    struct sql_slot slots[SLOTS];
    char name[QUERY_NAME_MAX];
    if (t->kind == DATATEST_SQL) {
        buf_str(out, t->sql);
        return;
    }
    for (int i = 0; i < SLOTS; i++)
        buf_init(&text[i], 0);
    add_table(&text[TABLE], d, t->schema, t->table);
    if (t->columns)
        dialect_ident(&text[COLUMN], d, t->columns[0]);
    add_columns(&text[COLUMNS], d, t, ", ", "");
    add_columns(&text[CONDITION], d, t, " OR ", " IS NULL");
    bool own_where = t->kind == DATATEST_UNIQUE || t->kind == DATATEST_FRESHNESS;
    if (t->where)
        buf_printf(&text[WHERE], "%s(%s)", own_where ? "WHERE " : " AND ", t->where);
    if (t->to_schema)
        add_table(&text[TO], d, t->to_schema, t->to_table);
    if (t->field)
        dialect_ident(&text[FIELD], d, t->field);
    for (int i = 0; t->values && t->values[i]; i++)
        buf_str(&text[VALUES], i ? ", ?" : "?");
    for (int i = 0; i < SLOTS; i++)
        slots[i] = (struct sql_slot){names[i], buf_cstr(&text[i])};
    (void)snprintf(name, sizeof name, "datatest/%s", datatest_kind_word(t->kind));
    sql_fill(out, query_text(name), slots, SLOTS);
    for (int i = 0; i < SLOTS; i++)
        buf_free(&text[i]);
}

/* ---- running ---- */

static void add_cell(struct buf *b, const struct cell *c)
{
    if (c->kind != CELL_TEXT) {
        buf_lit(b, "NULL");
        return;
    }
    size_t n = c->len;
    if (n > CELL_SHOWN)
        for (n = CELL_SHOWN; n > 0 && ((unsigned char)c->p[n] & 0xC0U) == 0x80U;)
            n--; /* not within a character */
    buf_add(b, c->p, n);
    if (n < c->len)
        buf_lit(b, "..");
}

static void take_line(struct buf *b, char out[DATATEST_ROW_MAX])
{
    (void)snprintf(out, DATATEST_ROW_MAX, "%s", buf_cstr(b));
    buf_clear(b);
}

/* The first offending rows as text. */
static enum err read_rows(struct warehouse_rows *rows, struct datatest_result *out,
                          struct errbuf *e)
{
    const struct warehouse_result_column *columns;
    const struct cell *cells;
    struct buf line;
    enum err r = ERR_OK;
    int n = warehouse_rows_columns(rows, &columns);
    buf_init(&line, 0);
    for (int i = 0; i < n; i++)
        buf_printf(&line, "%s%s", i ? " | " : "", columns[i].name);
    take_line(&line, out->header);
    while (out->n_rows < DATATEST_ROWS_SHOWN && !(r = warehouse_rows_next(rows, &cells, e))) {
        for (int i = 0; i < n; i++) {
            if (i)
                buf_lit(&line, " | ");
            add_cell(&line, &cells[i]);
        }
        take_line(&line, out->rows[out->n_rows++]);
    }
    buf_free(&line);
    return r == ERR_NOT_FOUND ? ERR_OK : r;
}

static int bound(const struct datatest *t)
{
    int n = 0;
    while (t->values && t->values[n])
        n++;
    return n;
}

/* Runs queries/datatest/<around>.sql around the test's query (NULL: that alone). */
static enum err open_query(struct warehouse *w, const struct datatest *t, const char *around,
                           struct warehouse_rows **rows, struct errbuf *e)
{
    struct buf query;
    struct buf sql;
    buf_init(&query, 0);
    buf_init(&sql, 0);
    datatest_compile(t, warehouse_dialect(w), &query);
    while (query.len &&
           (isspace((unsigned char)query.p[query.len - 1]) || query.p[query.len - 1] == ';'))
        query.len--;
    const struct sql_slot slot = {"query", buf_cstr(&query)};
    sql_fill(&sql, around ? query_text(around) : buf_cstr(&query), &slot, around ? 1 : 0);
    enum err r = buf_check(&sql, "a test's query", e);
    if (!r)
        r = warehouse_query(w, buf_cstr(&sql), bound(t), t->values, rows, e);
    buf_free(&query);
    buf_free(&sql);
    return r;
}

/* Microseconds since 1970 of "2026-11-28 12:05:00.5+00" (UTC; a date alone is its midnight) or of a
 * number of milliseconds; false for what is neither. */
static bool moment_us(const struct cell *c, int64_t *us)
{
    enum { TEXT_MAX = 64, MILLISECOND = 1000 };
    char text[TEXT_MAX];
    struct tm tm = {.tm_isdst = 0};
    char *end;
    (void)snprintf(text, sizeof text, "%.*s", (int)c->len, c->p);
    long long ms = strtoll(text, &end, 10);
    if (end != text && (*end == '\0' || *end == '.')) {
        *us = (int64_t)ms * MILLISECOND;
        return true;
    }
    if (!strptime(text, "%Y-%m-%d %H:%M:%S", &tm) && !strptime(text, "%Y-%m-%d", &tm))
        return false;
    *us = (int64_t)timegm(&tm) * MICROSECONDS;
    return true;
}

static enum err run_freshness(struct warehouse *w, const struct datatest *t,
                              struct datatest_result *out, struct errbuf *e)
{
    struct warehouse_rows *rows = NULL;
    const struct cell *cells;
    int64_t newest = 0;
    enum err r = open_query(w, t, NULL, &rows, e);
    if (!r)
        r = warehouse_rows_next(rows, &cells, e);
    if (!r && cells[0].kind == CELL_TEXT) {
        if (moment_us(&cells[0], &newest)) {
            int64_t age = clock_wall_us() - newest;
            out->count = age > 0 ? age / MICROSECONDS : 0;
            if (t->error_us && age > t->error_us)
                out->status = DATATEST_FAIL;
            else if (t->warn_us && age > t->warn_us)
                out->status = DATATEST_WARN;
        } else {
            r = err_set(e, ERR_CONFIG, "`%s` is neither a time nor milliseconds: %.*s",
                        t->columns[0], (int)cells[0].len, cells[0].p);
        }
    } else if (!r || !strcmp(e->sqlstate, "42P01") || !strcmp(e->sqlstate, "42V01")) {
        /* Nothing has arrived yet, perhaps not even the table: too old cannot be said. */
        r = ERR_OK;
        out->count = -1;
        out->status = DATATEST_WARN;
    }
    warehouse_rows_close(rows);
    if (!r && out->status == DATATEST_FAIL && t->warn)
        out->status = DATATEST_WARN;
    return r;
}

static enum err run_query(struct warehouse *w, const struct datatest *t,
                          struct datatest_result *out, struct errbuf *e)
{
    struct warehouse_rows *rows = NULL;
    const struct cell *cells;
    enum err r = open_query(w, t, "datatest/count", &rows, e);
    if (!r)
        r = warehouse_rows_next(rows, &cells, e);
    if (!r)
        out->count = cell_int64(&cells[0]);
    warehouse_rows_close(rows);
    if (r || !out->count)
        return r;
    out->status = t->warn ? DATATEST_WARN : DATATEST_FAIL;
    rows = NULL;
    r = open_query(w, t, "datatest/rows", &rows, e);
    if (!r)
        r = read_rows(rows, out, e);
    warehouse_rows_close(rows);
    return r;
}

enum err datatest_run(struct warehouse *w, const struct datatest *t, struct datatest_result *out,
                      struct errbuf *e)
{
    int64_t began = clock_mono_us();
    *out = (struct datatest_result){.status = DATATEST_PASS};
    enum err r =
        t->kind == DATATEST_FRESHNESS ? run_freshness(w, t, out, e) : run_query(w, t, out, e);
    out->run_us = clock_mono_us() - began;
    return r ? err_prefix(e, "%s:%d: test %s", t->file, t->line, t->name) : ERR_OK;
}

/* A test is named by itself, by its group, its table, its table's schema. */
static bool is_named(const struct datatest *t, const char *name)
{
    size_t n = t->schema ? strlen(t->schema) : 0;
    if (!strcmp(name, t->name) || !strcmp(name, t->group))
        return true;
    return t->schema && !strncmp(name, t->schema, n) &&
           (!name[n] || (name[n] == '.' && !strcmp(name + n + 1, t->table)));
}

static bool is_among(const struct datatest *t, const char *const *names)
{
    if (!names || !names[0])
        return true;
    for (int i = 0; names[i]; i++)
        if (is_named(t, names[i]))
            return true;
    return false;
}

static void offer(struct nearest *near, const struct datatest *t)
{
    nearest_offer(near, t->name);
    nearest_offer(near, t->group);
    if (t->schema)
        nearest_offer(near, t->schema);
}

enum err datatests_check_names(const struct datatests *set, const char *const *names,
                               struct errbuf *e)
{
    enum { HINT_MAX = 300 };
    for (int i = 0; names && names[i]; i++) {
        struct nearest near;
        char hint[HINT_MAX];
        bool found = false;
        nearest_start(&near, names[i]);
        for (int k = 0; k < datatests_count(set) && !found; k++) {
            found = is_named(datatests_at(set, k), names[i]);
            offer(&near, datatests_at(set, k));
        }
        if (!found)
            return err_set(e, ERR_USAGE, "there is no test and no group `%s`%s", names[i],
                           nearest_hint(&near, hint, sizeof hint));
    }
    return ERR_OK;
}

/* Says of the first failure what is wrong; later ones only add to the number. */
static void tell(struct buf *b, const struct datatest *t, const struct datatest_result *r)
{
    if (b->len)
        return;
    buf_printf(b, "%s:%d: test %s", t->file, t->line, t->name);
    if (t->kind == DATATEST_FRESHNESS)
        buf_printf(b, ": the newest row is %lld s old", (long long)r->count);
    else
        buf_printf(b, ": %lld %s wrong; %s:", (long long)r->count,
                   r->count == 1 ? "row is" : "rows are", r->header);
    for (int i = 0; i < r->n_rows; i++)
        buf_printf(b, "\n  %s", r->rows[i]);
}

enum err datatests_run(struct warehouse *w, const struct datatests *set, const char *const *names,
                       datatest_listener *each, void *arg, struct datatest_summary *out,
                       struct errbuf *e)
{
    struct datatest_summary sum = {.passed = 0};
    struct buf words;
    buf_init(&words, ERRBUF_TEXT_MAX / 2);
    struct datatest_result *result = malloc(sizeof *result);
    enum err r = result ? datatests_check_names(set, names, e)
                        : err_set(e, ERR_NOMEM, "no memory for a test's result");
    for (int i = 0; i < datatests_count(set) && !r; i++) {
        const struct datatest *t = datatests_at(set, i);
        if (!is_among(t, names))
            continue;
        r = datatest_run(w, t, result, e);
        if (r)
            break;
        sum.passed += result->status == DATATEST_PASS;
        sum.warned += result->status == DATATEST_WARN;
        sum.failed += result->status == DATATEST_FAIL;
        if (each)
            each(arg, t, result);
        if (result->status == DATATEST_FAIL)
            tell(&words, t, result);
    }
    if (out)
        *out = sum;
    if (!r && sum.failed == 1)
        r = err_set(e, ERR_DATA, "%s", buf_cstr(&words));
    else if (!r && sum.failed)
        r = err_set(e, ERR_DATA, "%d tests fail; %s", sum.failed, buf_cstr(&words));
    free(result);
    buf_free(&words);
    return r;
}
