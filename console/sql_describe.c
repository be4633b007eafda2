#include "console/sql_describe.h"

#include <stdlib.h>
#include <strings.h>

#include "console/sql_catalog.h"

/* One row a list. */
static const struct list {
    enum sql_catalog catalog;
    bool in_schemas;  /* the grid's first column is a schema, the second the name */
    const char *tail; /* of the types that it holds; NULL: all */
    const char *what; /* for "no tables" */
    const char *columns[SQL_GRID_COLUMNS];
} lists[] = {
    [SQL_LIST_RELATIONS] =
        {SQL_RELATIONS, true, NULL, "relations", {"Schema", "Name", "Type", "Owner"}},
    [SQL_LIST_TABLES] =
        {SQL_RELATIONS, true, "table", "tables", {"Schema", "Name", "Type", "Owner"}},
    [SQL_LIST_MATERIALIZED] = {SQL_RELATIONS,
                               true,
                               "materialized view",
                               "materialized views",
                               {"Schema", "Name", "Type", "Owner"}},
    [SQL_LIST_SEQUENCES] =
        {SQL_RELATIONS, true, "sequence", "sequences", {"Schema", "Name", "Type", "Owner"}},
    [SQL_LIST_VIEWS] = {SQL_RELATIONS, true, "view", "views", {"Schema", "Name", "Type", "Owner"}},
    [SQL_LIST_SCHEMAS] = {SQL_SCHEMAS, false, NULL, "schemas", {"Name", "Owner"}},
    [SQL_LIST_ROLES] = {SQL_ROLES, false, NULL, "roles", {"Role", "Attributes", "Member of"}},
    [SQL_LIST_DATABASES] = {SQL_DATABASES, false, NULL, "databases", {"Name", "Owner"}},
    [SQL_LIST_FUNCTIONS] =
        {SQL_FUNCTIONS, true, NULL, "functions", {"Schema", "Name", "Result", "Arguments"}},
    [SQL_LIST_INDEXES] = {SQL_INDEXES, true, NULL, "indexes", {"Schema", "Name", "Type", "Table"}},
};

/* ---- printing ---- */

/* The rows of a grid as a result; a column that is empty in all of them and not needed is left out.
 */
static enum err print_grid(struct sql_run *r, const struct sql_grid *g, const char *const *names,
                           bool keep_all, struct errbuf *e)
{
    struct format_column columns[SQL_GRID_COLUMNS];
    struct cell cells[SQL_GRID_COLUMNS];
    int places[SQL_GRID_COLUMNS];
    int n = 0;
    for (int i = 0; i < SQL_GRID_COLUMNS && names[i]; i++) {
        bool used = keep_all;
        for (size_t row = 0; row < g->n && !used; row++)
            used = *g->rows[row][i] != '\0';
        if (!used)
            continue;
        columns[n] = (struct format_column){.name = names[i], .type = FORMAT_TEXT};
        places[n++] = i;
    }
    sql_run_page_begin(r);
    struct formatter *f = format_create(&r->format, r->out);
    enum err rc = f ? format_begin(f, columns, n, e) : err_set(e, ERR_NOMEM, "no memory to print");
    for (size_t row = 0; row < g->n && !rc; row++) {
        for (int i = 0; i < n; i++) {
            const char *text = g->rows[row][places[i]];
            cells[i] = (struct cell){.kind = *text || !keep_all ? CELL_TEXT : CELL_NULL,
                                     .p = text,
                                     .len = (uint32_t)strlen(text)};
        }
        rc = format_row(f, cells, e);
    }
    if (!rc)
        rc = format_end(f, e);
    format_destroy(f);
    return rc;
}

/* The end of what a command prints. */
static enum err shown(struct sql_run *r, enum err rc)
{
    return sql_run_page_end(r) ? ERR_OK : rc;
}

static void print_visible(FILE *out, const char *before, const char *text, const char *after)
{
    struct buf b;
    buf_init(&b, 0);
    format_visible(&b, text, strlen(text));
    (void)fprintf(out, "%s%s%s", before, buf_cstr(&b), after);
    buf_free(&b);
}

static void print_notes(FILE *out, const struct sql_grid *notes)
{
    const char *heading = "";
    for (size_t i = 0; i < notes->n; i++) {
        if (strcmp(heading, notes->rows[i][0]) != 0)
            (void)fprintf(out, "%s:\n", notes->rows[i][0]);
        heading = notes->rows[i][0];
        print_visible(out, "    ", notes->rows[i][1], "\n");
    }
}

/* ---- choosing ---- */

static bool ends_with(const char *text, const char *tail)
{
    size_t n = strlen(text);
    size_t k = strlen(tail);
    return n >= k && !strcasecmp(text + n - k, tail);
}

static bool row_fits(const struct list *l, const struct sql_pattern *p, bool system,
                     const char *const *row)
{
    const char *schema = l->in_schemas ? row[0] : l->catalog == SQL_SCHEMAS ? row[0] : "";
    if (l->tail && !ends_with(row[2], l->tail))
        return false;
    if (!system && sql_schema_is_system(schema))
        return false;
    return sql_pattern_part_fits(&p->name, row[l->in_schemas ? 1 : 0]) &&
           (!l->in_schemas || sql_pattern_part_fits(&p->schema, row[0]));
}

/* Drops the rows that do not fit. */
static void choose(struct sql_grid *g, const struct list *l, const struct sql_pattern *p,
                   bool with_pattern)
{
    size_t kept = 0;
    bool system = *p->schema.text != '\0';
    for (int round = 0; round < 2 && !kept; round++) {
        for (size_t i = 0; i < g->n; i++)
            if (row_fits(l, p, system, g->rows[i])) {
                const char *row[SQL_GRID_COLUMNS];
                memcpy(row, g->rows[i], sizeof row);
                memmove(g->rows[i], g->rows[kept], sizeof row);
                memcpy(g->rows[kept++], row, sizeof row);
            }
        if (system || !with_pattern)
            break;
        system = true;
    }
    g->n = kept;
    sql_grid_sort(g);
}

static enum err read_list(struct sql_run *r, const struct list *l, const char *pattern,
                          struct sql_grid *out, struct errbuf *e)
{
    struct sql_pattern p;
    *out = (struct sql_grid){.arena = NULL};
    enum err rc = sql_pattern_read(pattern, &p, e);
    if (!rc)
        rc = sql_run_connected(r, e);
    if (!rc)
        rc = sql_catalog_read(r->session, l->catalog, NULL, NULL, out, e);
    if (rc)
        return rc;
    /* ODBC's types are in capitals */
    for (size_t i = 0; i < out->n && l->catalog == SQL_RELATIONS; i++)
        for (char *c = (char *)out->rows[i][2]; *c; c++)
            if (*c >= 'A' && *c <= 'Z')
                *c = (char)(*c - 'A' + 'a');
    choose(out, l, &p, *pattern != '\0');
    return ERR_OK;
}

/* ---- the commands ---- */

enum err sql_describe_list(struct sql_run *r, enum sql_list what, const char *pattern,
                           struct errbuf *e)
{
    const struct list *l = &lists[what];
    struct sql_grid g;
    enum err rc = read_list(r, l, pattern, &g, e);
    bool programs = format_for_programs(r->format.format);
    if (!rc && !g.n && !programs && *pattern)
        (void)fprintf(stderr, "flightdeck sql: no %s like %s here\n", l->what, pattern);
    else if (!rc && !g.n && !programs)
        (void)fprintf(stderr, "flightdeck sql: no %s here\n", l->what);
    else if (!rc)
        rc = print_grid(r, &g, l->columns, programs, e);
    sql_grid_free(&g);
    return shown(r, rc);
}

static enum err describe_one(struct sql_run *r, const char *const *relation, struct errbuf *e)
{
    static const char *const names[SQL_GRID_COLUMNS] = {"Column", "Type", "Nullable", "Default"};
    struct sql_grid columns;
    struct sql_grid notes = {.arena = NULL};
    struct format_options before = r->format;
    enum err rc = sql_catalog_read(r->session, SQL_COLUMNS, relation[0], relation[1], &columns, e);
    if (!rc)
        rc = sql_catalog_read(r->session, SQL_NOTES, relation[0], relation[1], &notes, e);
    sql_run_page_begin(r);
    bool words = !r->format.rows_only && !format_for_programs(r->format.format);
    if (!rc && words) {
        (void)fprintf(r->out, "%c%s ", relation[2][0] - ('a' - 'A'), relation[2] + 1);
        print_visible(r->out, "\"", relation[0], ".");
        print_visible(r->out, "", relation[1], "\"\n");
    }
    if (!rc) {
        r->format.no_count = true;
        rc = print_grid(r, &columns, names, true, e);
        r->format = before;
    }
    if (!rc && words)
        print_notes(r->out, &notes);
    sql_grid_free(&columns);
    sql_grid_free(&notes);
    return rc;
}

enum err sql_describe_relation(struct sql_run *r, const char *pattern, struct errbuf *e)
{
    struct sql_grid g;
    enum err rc = read_list(r, &lists[SQL_LIST_RELATIONS], pattern, &g, e);
    if (!rc && !g.n)
        rc = err_set(e, ERR_NOT_FOUND, "no table or view named %s here: \\d lists them", pattern);
    for (size_t i = 0; i < g.n && !rc; i++) {
        if (i)
            (void)fputc('\n', r->out);
        rc = describe_one(r, g.rows[i], e);
    }
    (void)fflush(r->out);
    sql_grid_free(&g);
    return shown(r, rc);
}
