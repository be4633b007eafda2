#include "console/sql_catalog.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "queries/queries.h"

/* ---- rows of text ---- */

static enum err grid_add(struct sql_grid *g, const struct cell *cells, const int *places, int n,
                         struct errbuf *e)
{
    enum { FIRST = 64, BLOCK = 16384 };
    if (!g->arena)
        g->arena = arena_create(BLOCK);
    if (g->n == g->cap) {
        size_t cap = g->cap ? g->cap * 2 : FIRST;
        void *rows = realloc(g->rows, cap * sizeof *g->rows);
        if (!rows)
            return err_set(e, ERR_NOMEM, "no memory for the catalog's rows");
        g->rows = rows;
        g->cap = cap;
    }
    for (int i = 0; i < SQL_GRID_COLUMNS; i++) {
        const struct cell *c = i < n && places[i] >= 0 ? &cells[places[i]] : NULL;
        bool some = c && c->kind == CELL_TEXT;
        g->rows[g->n][i] =
            g->arena ? arena_copy(g->arena, some ? c->p : "", some ? c->len : 0) : NULL;
        if (!g->rows[g->n][i])
            return err_set(e, ERR_NOMEM, "no memory for the catalog's rows");
    }
    g->n++;
    return ERR_OK;
}

void sql_grid_free(struct sql_grid *g)
{
    arena_destroy(g->arena);
    free(g->rows);
    *g = (struct sql_grid){.arena = NULL};
}

static int compare(const void *a, const void *b)
{
    const char *const *x = a;
    const char *const *y = b;
    int order = 0;
    for (int i = 0; i < SQL_GRID_COLUMNS && !order; i++)
        order = strcmp(x[i], y[i]);
    return order;
}

void sql_grid_sort(struct sql_grid *g)
{
    if (g->n)
        qsort(g->rows, g->n, sizeof *g->rows, compare);
}

/* ---- reading ---- */

/* ODBC's SQLColumns: the places that we read. */
enum {
    ODBC_NAME = 3,
    ODBC_DATA_TYPE = 4,
    ODBC_TYPE_NAME = 5,
    ODBC_SIZE = 6,
    ODBC_DIGITS = 8,
    ODBC_NULLABLE = 10, /* 0: no */
    ODBC_DEFAULT = 12,
    ODBC_COLUMNS = 18
};

struct reading {
    struct sql_grid *grid;
    const int *places; /* where our columns stand in the result; -1: nowhere */
    int n;
    bool odbc_columns; /* a result of SQLColumns */
    int modifier;      /* psqlODBC's own column with pg_attribute.atttypmod; -1: none */
};

static enum err read_columns(void *arg, const struct format_column *columns, int n,
                             struct errbuf *e)
{
    struct reading *r = arg;
    r->modifier = -1;
    for (int i = r->odbc_columns ? ODBC_COLUMNS : n; i < n; i++)
        if (!strcasecmp(columns[i].name, "TYPMOD"))
            r->modifier = i;
    int need = r->odbc_columns ? ODBC_COLUMNS : 0;
    for (int i = 0; i < r->n; i++)
        need = r->places[i] >= need ? r->places[i] + 1 : need;
    return n >= need
               ? ERR_OK
               : err_set(e, ERR_SQL, "the driver's catalog has %d columns instead of %d", n, need);
}

static bool has_length(int64_t type)
{
    /* char, varchar, wchar, wvarchar, binary, varbinary */
    return type == 1 || type == 12 || type == -8 || type == -9 || type == -2 || type == -3;
}

static bool has_precision(int64_t type)
{
    return type == 2 || type == 3; /* numeric, decimal */
}

/* A type with its length, as one declares it. psqlODBC makes lengths up where none is declared. */
static void odbc_type(const struct cell *cells, int modifier, char *out, size_t n)
{
    const struct cell *name = &cells[ODBC_TYPE_NAME];
    int64_t type = cell_int64(&cells[ODBC_DATA_TYPE]);
    int64_t size = cell_int64(&cells[ODBC_SIZE]);
    int64_t digits = cell_int64(&cells[ODBC_DIGITS]);
    int len = name->kind == CELL_TEXT ? (int)name->len : 0;
    bool bare = len && !memchr(name->p, '(', (size_t)len) && size > 0 &&
                (modifier < 0 || cell_int64(&cells[modifier]) >= 0);
    if (bare && has_length(type))
        (void)snprintf(out, n, "%.*s(%lld)", len, (const char *)name->p, (long long)size);
    else if (bare && has_precision(type))
        (void)snprintf(out, n, "%.*s(%lld,%lld)", len, (const char *)name->p, (long long)size,
                       (long long)digits);
    else
        (void)snprintf(out, n, "%.*s", len, (const char *)name->p);
}

static struct cell text_cell(const char *s)
{
    return (struct cell){.kind = CELL_TEXT, .p = s, .len = (uint32_t)strlen(s)};
}

static enum err read_row(void *arg, const struct cell *cells, struct errbuf *e)
{
    static const int in_order[SQL_GRID_COLUMNS] = {0, 1, 2, 3};
    const struct reading *r = arg;
    char type[160];
    if (!r->odbc_columns)
        return grid_add(r->grid, cells, r->places, r->n, e);
    const struct cell *nullable = &cells[ODBC_NULLABLE];
    bool not_null = nullable->kind == CELL_TEXT && cell_int64(nullable) == 0;
    odbc_type(cells, r->modifier, type, sizeof type);
    const struct cell out[SQL_GRID_COLUMNS] = {cells[ODBC_NAME], text_cell(type),
                                               text_cell(not_null ? "not null" : ""),
                                               cells[ODBC_DEFAULT]};
    return grid_add(r->grid, out, in_order, SQL_GRID_COLUMNS, e);
}

static enum err read_done(void *arg, const char *sql, int64_t affected, struct errbuf *e)
{
    (void)arg;
    (void)sql;
    (void)affected;
    (void)e;
    return ERR_OK;
}

/* One row a catalog: what the driver is asked (or not), and where our columns stand in its answer;
 * and the query's name. */
static const struct source {
    bool by_odbc; /* in the warehouse */
    enum warehouse_catalog catalog;
    int places[SQL_GRID_COLUMNS];
    int n;        /* columns of the query */
    int n_params; /* of the query */
    const char *query;
} sources[] = {
    [SQL_RELATIONS] = {true, WAREHOUSE_TABLES, {1, 2, 3, -1}, 4, 0, "relations"},
    [SQL_SCHEMAS] = {true, WAREHOUSE_SCHEMAS, {1, -1, -1, -1}, 2, 0, "schemas"},
    [SQL_ROLES] = {.n = 3, .query = "roles"},
    [SQL_DATABASES] = {.n = 2, .query = "databases"},
    [SQL_FUNCTIONS] = {.n = 4, .query = "functions"},
    [SQL_INDEXES] = {.n = 4, .query = "indexes"},
    [SQL_COLUMNS] = {true, WAREHOUSE_COLUMNS, {-1, -1, -1, -1}, 4, 2, "columns"},
    [SQL_EVERY_COLUMN] = {true, WAREHOUSE_COLUMNS, {1, 2, 3, -1}, 3, 0, "all_columns"},
    [SQL_NOTES] = {true, WAREHOUSE_KEY, {-1, 3, -1, -1}, 2, 2, "notes"},
};

/* The key's columns, one row each, become one line. */
static enum err fold_key(struct sql_grid *g, struct errbuf *e)
{
    struct buf b;
    buf_init(&b, 0);
    for (size_t i = 0; i < g->n; i++)
        buf_printf(&b, "%s%s", i ? ", " : "", g->rows[i][1]);
    enum err r = buf_check(&b, "a key", e);
    if (!r && g->n) {
        g->rows[0][0] = "Primary key";
        g->rows[0][1] = arena_strdup(g->arena, buf_cstr(&b));
        if (!g->rows[0][1])
            r = err_set(e, ERR_NOMEM, "no memory for a key");
        g->n = 1;
    }
    buf_free(&b);
    return r;
}

enum err sql_catalog_read(struct sql_session *s, enum sql_catalog what, const char *schema,
                          const char *name, struct sql_grid *out, struct errbuf *e)
{
    static const int in_order[SQL_GRID_COLUMNS] = {0, 1, 2, 3};
    const struct source *from = &sources[what];
    const char *const params[] = {schema, name};
    const char *dialect = sql_session_dialect(s); /* NULL: the source */
    bool odbc = dialect && from->by_odbc;
    struct reading reading = {.grid = out,
                              .places = odbc ? from->places : in_order,
                              .n = odbc ? SQL_GRID_COLUMNS : from->n,
                              .odbc_columns = odbc && what == SQL_COLUMNS};
    const struct sql_sink sink = {read_columns, read_row, read_done, &reading};
    char query[80];
    *out = (struct sql_grid){.arena = NULL};
    if (odbc) {
        enum err r = sql_session_catalog(s, from->catalog, schema, name, &sink, e);
        return r || what != SQL_NOTES ? r : fold_key(out, e);
    }
    (void)snprintf(query, sizeof query, "catalog/%s/%s", dialect ? dialect : "postgresql",
                   from->query);
    return sql_session_query(s, query_text(query), from->n_params, params, &sink, e);
}

/* ---- patterns ---- */

/* One part of a pattern; *text moves behind it. */
static enum err read_part(const char **text, struct sql_pattern_part *out, struct errbuf *e)
{
    const char *p = *text;
    size_t n = 0;
    bool quoted = *p == '"';
    *out = (struct sql_pattern_part){.exact = quoted};
    for (p += quoted; *p; p++) {
        if (quoted && *p == '"' && p[1] != '"')
            break;
        if (!quoted && *p == '.')
            break;
        if (quoted && *p == '"')
            p++; /* "" is one " */
        if (n + 1 == sizeof out->text)
            return err_set(e, ERR_USAGE, "a pattern is longer than %zu bytes",
                           sizeof out->text - 1);
        out->text[n++] = *p;
    }
    if (quoted && *p != '"')
        return err_set(e, ERR_USAGE, "a quoted name without its end: %s", *text);
    *text = p + quoted;
    return ERR_OK;
}

enum err sql_pattern_read(const char *text, struct sql_pattern *out, struct errbuf *e)
{
    *out = (struct sql_pattern){.schema = {.text = ""}};
    enum err r = read_part(&text, &out->name, e);
    if (!r && *text == '.') {
        out->schema = out->name;
        text++;
        r = read_part(&text, &out->name, e);
    }
    if (!r && *text)
        r = err_set(e, ERR_USAGE, "a pattern is [schema.]name: what is `%s`?", text);
    return r;
}

bool sql_pattern_part_fits(const struct sql_pattern_part *p, const char *name)
{
    if (p->exact)
        return !strcmp(p->text, name);
    return !*p->text || fnmatch(p->text, name, FNM_CASEFOLD | FNM_NOESCAPE) == 0;
}

bool sql_schema_is_system(const char *schema)
{
    static const char *const vertica[] = {"v_catalog", "v_monitor", "v_internal", "v_func",
                                          "v_txtindex"};
    for (size_t i = 0; i < sizeof vertica / sizeof vertica[0]; i++)
        if (!strcasecmp(schema, vertica[i]))
            return true;
    return !strncasecmp(schema, "pg_", 3) || !strcasecmp(schema, "information_schema");
}
