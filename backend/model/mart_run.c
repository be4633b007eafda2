/*
 * One run of a mart.
 *
 * What makes it exact while rows arrive: the lock is taken first, so no second run of this mart
 * reads or writes meanwhile; then `seen_next` is set for each table of `changes`, and the mart's
 * SQL reads rows up to that mark only; at the end it becomes `seen`. A row that is committed later
 * is above the mark, whichever statement of this run may have met it, and is the next run's.
 */
#include <stdio.h>
#include <stdlib.h>

#include "backend/base/clock.h"
#include "backend/model/mart.h"
#include "backend/model/spec.h"
#include "backend/warehouse/dialect.h"
#include "queries/queries.h"

static const struct dialect *dialect_of(struct warehouse *w)
{
    return dialect_find(warehouse_dialect(w));
}

/* queries/mart/<dialect>/<name>.sql or queries/mart/<name>.sql, with the mart's schema and a table
 * in it. */
static enum err own_text(struct warehouse *w, const struct mart *m, const char *name,
                         const char *source, struct buf *sql, struct errbuf *e)
{
    enum { QUERY_NAME_MAX = 100 };
    char path[QUERY_NAME_MAX];
    const struct dialect *d = dialect_of(w);
    struct buf schema;
    struct buf table;
    struct buf state;
    char name_of_state[SPEC_NAME_MAX + 8];
    (void)snprintf(path, sizeof path, "mart/%s/%s", d->name, name);
    const char *text = query_text(path);
    if (!text) {
        (void)snprintf(path, sizeof path, "mart/%s", name);
        text = query_text(path);
    }
    buf_init(&schema, 0);
    buf_init(&table, 0);
    buf_init(&state, 0);
    buf_init(sql, 0);
    dialect_ident(&schema, d, m->schema);
    (void)snprintf(name_of_state, sizeof name_of_state, "_%s_seen", m->name);
    buf_add(&state, schema.p, schema.len);
    buf_ch(&state, '.');
    dialect_ident(&state, d, name_of_state);
    const char *dot = source ? strchr(source, '.') : NULL;
    if (dot) {
        char first[NAME_TEXT_MAX];
        (void)snprintf(first, sizeof first, "%.*s", (int)(dot - source), source);
        dialect_ident(&table, d, first);
        buf_ch(&table, '.');
        dialect_ident(&table, d, dot + 1);
    }
    const struct sql_slot slots[] = {
        {"schema", buf_cstr(&schema)}, {"state", buf_cstr(&state)}, {"source", buf_cstr(&table)}};
    sql_fill(sql, text, slots, 3);
    buf_free(&schema);
    buf_free(&table);
    buf_free(&state);
    return buf_check(sql, "a statement", e);
}

static enum err own_query(struct warehouse *w, const struct mart *m, const char *name,
                          const char *source, int n, const char *const *params, struct errbuf *e)
{
    struct buf sql;
    enum err r = own_text(w, m, name, source, &sql, e);
    if (!r && warehouse_exec(w, buf_cstr(&sql), n, params, NULL, e))
        r = err_prefix(e, "mart %s", m->name);
    buf_free(&sql);
    return r;
}

/* ---- the table ---- */

static const struct script *const *create_scripts(struct warehouse *w, const struct mart *m)
{
    bool vertica = !strcmp(warehouse_dialect(w), "vertica");
    return m->create[vertica ? MART_VERTICA : MART_POSTGRESQL];
}

/* Somebody else makes the same thing at the same moment: IF NOT EXISTS does not help then. */
static bool made_meanwhile(const struct errbuf *e)
{
    static const char *const states[] = {"23505", "42P07", "42P06", "42710", "XX000"};
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        if (!strcmp(e->sqlstate, states[i]))
            return true;
    return false;
}

enum { DIGEST_MAX = 17 };

/* What the `create` files say and which tables are watched, as 16 hex digits. */
static void digest(struct warehouse *w, const struct mart *m, char out[DIGEST_MAX])
{
    uint64_t h = 14695981039346656037ULL; /* FNV-1a */
    const struct script *const *create = create_scripts(w, m);
    for (int i = 0; create[i]; i++)
        for (int k = 0; k < create[i]->n; k++)
            for (const char *p = create[i]->statements[k].sql; *p; p++)
                h = (h ^ (unsigned char)*p) * 1099511628211ULL;
    for (int i = 0; m->changes[i]; i++)
        for (const char *p = m->changes[i]; *p; p++)
            h = (h ^ (unsigned char)*p) * 1099511628211ULL;
    (void)snprintf(out, DIGEST_MAX, "%016llx", (unsigned long long)h);
}

/* Has this very `create` been run? Where the answer cannot be had, it has not. */
static bool is_made(struct warehouse *w, const struct mart *m)
{
    struct buf sql;
    struct errbuf e;
    struct warehouse_rows *rows = NULL;
    const struct cell *cells;
    char want[DIGEST_MAX];
    bool made = false;
    digest(w, m, want);
    if (!own_text(w, m, "state_made", NULL, &sql, &e) &&
        !warehouse_query(w, buf_cstr(&sql), 0, NULL, &rows, &e) &&
        !warehouse_rows_next(rows, &cells, &e))
        made = cells[0].kind == CELL_TEXT && cells[0].len == DIGEST_MAX - 1 &&
               !memcmp(cells[0].p, want, DIGEST_MAX - 1);
    warehouse_rows_close(rows);
    buf_free(&sql);
    return made;
}

static enum err make_once(struct warehouse *w, const struct mart *m, struct errbuf *e)
{
    char made[DIGEST_MAX];
    const char *row[] = {"", ""};
    enum err r = own_query(w, m, "schema_create", NULL, 0, NULL, e);
    if (!r)
        r = own_query(w, m, "state_create", NULL, 0, NULL, e);
    const struct script *const *create = create_scripts(w, m);
    for (int i = 0; !r && create[i]; i++)
        if (script_run(w, create[i], NULL, 0, NULL, e))
            r = err_prefix(e, "mart %s", m->name);
    if (!r)
        r = own_query(w, m, "state_add", NULL, 2, row, e);
    for (int i = 0; !r && m->changes[i]; i++) {
        row[0] = row[1] = m->changes[i];
        r = own_query(w, m, "state_add", NULL, 2, row, e);
    }
    digest(w, m, made);
    row[0] = made;
    if (!r)
        r = own_query(w, m, "state_make", NULL, 1, row, e);
    return r;
}

static enum err make(struct warehouse *w, const struct mart *m, struct errbuf *e)
{
    enum err r = make_once(w, m, e);
    if (r && made_meanwhile(e))
        r = make_once(w, m, e);
    return r;
}

enum err mart_ensure(struct warehouse *w, const struct mart *m, struct errbuf *e)
{
    return is_made(w, m) ? ERR_OK : make(w, m, e);
}

/* Is it that the table of marks, or its schema, is not there? */
static bool not_made(const struct errbuf *e)
{
    static const char *const states[] = {"42P01", "3F000", "42V01"};
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        if (!strcmp(e->sqlstate, states[i]))
            return true;
    return false;
}

enum err mart_last_run(struct warehouse *w, const struct mart *m, struct mart_moment *out,
                       struct errbuf *e)
{
    struct buf sql;
    struct warehouse_rows *rows = NULL;
    const struct cell *cells = NULL;
    enum err r = own_text(w, m, "last_run", NULL, &sql, e);
    if (!r)
        r = warehouse_query(w, buf_cstr(&sql), 0, NULL, &rows, e);
    if (!r)
        r = warehouse_rows_next(rows, &cells, e);
    if (r == ERR_NOT_FOUND || (r == ERR_SQL && not_made(e)) || (!r && cells[0].kind == CELL_NULL)) {
        r = err_set(e, ERR_NOT_FOUND, "the mart %s has not run yet", m->name);
    } else if (!r) {
        char age[40];
        (void)snprintf(out->at, sizeof out->at, "%.*s", (int)cells[0].len, cells[0].p);
        (void)snprintf(age, sizeof age, "%.*s", (int)cells[1].len, cells[1].p);
        out->age_s = strtod(age, NULL);
    }
    warehouse_rows_close(rows);
    buf_free(&sql);
    return r;
}

/* ---- values ---- */

static bool all_digits(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] < '0' || p[i] > '9')
            return false;
    return n > 0;
}

static bool is_date(const char *v)
{
    enum { YEAR = 4, DASH_1 = 4, MONTH = 5, DASH_2 = 7, DAY = 8, LENGTH = 10 };
    return strlen(v) >= LENGTH && all_digits(v, YEAR) && v[DASH_1] == '-' &&
           all_digits(v + MONTH, 2) && v[DASH_2] == '-' && all_digits(v + DAY, 2);
}

static bool fits(enum mart_type type, const char *v)
{
    switch (type) {
    case MART_INTEGER:
        return all_digits(v + (*v == '-'), strlen(v + (*v == '-')));
    case MART_BOOLEAN:
        return !strcmp(v, "true") || !strcmp(v, "false");
    case MART_DATE:
        return is_date(v) && strlen(v) == sizeof "2026-11-28" - 1;
    case MART_TIMESTAMP:
        return is_date(v);
    default:
        return true;
    }
}

static const char *type_words(enum mart_type type)
{
    static const char *const words[MART_TYPES] = {"text", "an integer", "true or false",
                                                  "a date (2026-11-28)",
                                                  "a timestamp (2026-11-28 12:05:00+00)"};
    return words[type];
}

/* Fills `out` (m->n_params values). */
static enum err take_values(const struct mart *m, const struct script_value *given, int n,
                            const char *now, struct script_value *out, struct errbuf *e)
{
    for (int i = 0; i < m->n_params; i++) {
        const struct mart_param *p = &m->params[i];
        const char *v = p->def;
        for (int k = 0; k < n; k++)
            if (!strcmp(given[k].name, p->name))
                v = given[k].value;
        if (!v)
            return err_set(e, ERR_USAGE, "mart %s: no value for `%s` (%s)", m->name, p->name,
                           type_words(p->type));
        if (p->type == MART_TIMESTAMP && !strcmp(v, "now"))
            v = now;
        if (!fits(p->type, v))
            return err_set(e, ERR_USAGE, "mart %s: `%s` is %s, not `%s`", m->name, p->name,
                           type_words(p->type), v);
        out[i] = (struct script_value){.name = p->name, .value = v};
    }
    for (int k = 0; k < n; k++) {
        bool known = false;
        for (int i = 0; i < m->n_params && !known; i++)
            known = !strcmp(m->params[i].name, given[k].name);
        if (!known)
            return err_set(e, ERR_USAGE, "mart %s has no parameter `%s`", m->name, given[k].name);
    }
    return ERR_OK;
}

/* ---- the run ---- */

/* How far a table has been filled. */
static enum err read_newest(struct warehouse *w, const struct mart *m, const char *source,
                            char newest[CLOCK_TEXT_MAX], struct errbuf *e)
{
    struct buf sql;
    struct warehouse_rows *rows = NULL;
    const struct cell *cells;
    enum err r = own_text(w, m, "newest", source, &sql, e);
    if (!r)
        r = warehouse_query(w, buf_cstr(&sql), 0, NULL, &rows, e);
    if (!r)
        r = warehouse_rows_next(rows, &cells, e);
    if (!r)
        (void)snprintf(newest, CLOCK_TEXT_MAX, "%.*s", (int)cells[0].len, cells[0].p);
    else
        r = err_prefix(e, "mart %s: %s", m->name, source);
    warehouse_rows_close(rows);
    buf_free(&sql);
    return r;
}

static enum err mark_next(struct warehouse *w, const struct mart *m, const char *source,
                          struct errbuf *e)
{
    char newest[CLOCK_TEXT_MAX] = "";
    const char *params[] = {newest, source};
    enum err r = read_newest(w, m, source, newest, e);
    return r ? r : own_query(w, m, "state_next", NULL, 2, params, e);
}

static enum err run_in_transaction(struct warehouse *w, const struct mart *m,
                                   const struct script_value *values, struct script_rows *rows,
                                   struct errbuf *e)
{
    enum err r = own_query(w, m, "state_lock", NULL, 0, NULL, e);
    for (int i = 0; !r && m->changes[i]; i++)
        r = mark_next(w, m, m->changes[i], e);
    if (!r && script_run(w, m->sql, values, m->n_params, rows, e))
        r = err_prefix(e, "mart %s", m->name);
    if (!r)
        r = own_query(w, m, "state_done", NULL, 0, NULL, e);
    return r;
}

static void now_text(char *out, size_t n)
{
    char utc[CLOCK_TEXT_MAX];
    (void)clock_format_utc(clock_wall_us(), utc, sizeof utc);
    char *t = strchr(utc, 'T');
    char *z = strchr(utc, 'Z');
    if (t)
        *t = ' ';
    if (z)
        *z = '\0';
    (void)snprintf(out, n, "%s+00", utc);
}

/* Something was dropped behind our back (a table, a view with the schema that it reads). */
static bool is_gone(const struct errbuf *e)
{
    return !strcmp(e->sqlstate, "42P01") || !strcmp(e->sqlstate, "42V01");
}

static enum err run_once(struct warehouse *w, const struct mart *m,
                         const struct script_value *values, struct script_rows *rows,
                         struct errbuf *e)
{
    *rows = (struct script_rows){.target = m->target};
    enum err r = warehouse_begin(w, e);
    if (r)
        return r;
    r = run_in_transaction(w, m, values, rows, e);
    if (!r)
        r = warehouse_commit(w, e);
    if (r) {
        struct errbuf second; /* the first error is the one to tell */
        (void)!warehouse_rollback(w, &second);
    }
    return r;
}

enum err mart_run(struct warehouse *w, const struct mart *m, const struct script_value *values,
                  int n, struct mart_result *out, struct errbuf *e)
{
    char now[CLOCK_TEXT_MAX + 4];
    struct script_rows rows;
    int64_t began = clock_mono_us();
    struct script_value *bound = calloc((size_t)m->n_params + 1, sizeof *bound);
    if (!bound)
        return err_set(e, ERR_NOMEM, "no memory for the values of mart %s", m->name);
    now_text(now, sizeof now);
    enum err r = take_values(m, values, n, now, bound, e);
    if (!r)
        r = mart_ensure(w, m, e);
    if (!r)
        r = run_once(w, m, bound, &rows, e);
    if (r && is_gone(e)) {
        struct errbuf first = *e;
        if (make(w, m, e) || run_once(w, m, bound, &rows, e)) {
            if (is_gone(e))
                *e = first; /* it is the mart's own SQL that names what is not there */
            r = e->code;
        } else {
            r = ERR_OK;
        }
    }
    if (!r && out)
        *out = (struct mart_result){
            .deleted = rows.deleted, .inserted = rows.inserted, .run_us = clock_mono_us() - began};
    free(bound);
    return r;
}
