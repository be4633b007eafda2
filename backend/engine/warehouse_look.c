#include "backend/engine/warehouse_look.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/clock.h"
#include "backend/base/stop.h"
#include "backend/engine/rows_json.h"
#include "backend/engine/warehouse_figures.h"
#include "backend/warehouse/dialect.h"
#include "queries/queries.h"

enum { STATEMENT_US = 30000000, SIZES_MAX = 5000 /* the queries' LIMIT */ };

struct looking {
    const struct warehouse_look *l;
    struct warehouse *w;
    json_t *answer;
    json_t *errors;
};

static enum err no_memory(struct errbuf *e)
{
    return err_set(e, ERR_NOMEM, "no memory for what the warehouse says");
}

/* NULL: this dialect has no such query. */
static const char *catalog_query(const struct warehouse_look *l, const char *name)
{
    char path[100];
    (void)snprintf(path, sizeof path, "catalog/%s/%s", l->dialect, name);
    return query_text(path);
}

static enum err open_warehouse(const struct warehouse_look *l, struct warehouse **w,
                               struct errbuf *e)
{
    const struct warehouse_options o = {.odbc = l->odbc,
                                        .dialect = l->dialect,
                                        .label = "flightdeck look",
                                        .timeout_us = STATEMENT_US,
                                        .read_only = true};
    if (stop_asked())
        return err_set(e, ERR_CANCELED, "the engine is stopping");
    enum err rc = warehouse_open(&o, w, e);
    const char *patience = catalog_query(l, "patience");
    if (!rc && patience)
        rc = warehouse_exec(*w, patience, 0, NULL, NULL, e);
    return rc;
}

/* ---- parts of the answer ---- */

static bool not_there(const struct errbuf *e)
{
    static const char *const states[] = {"42P01", "3F000", "42V01"};
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        if (!strcmp(e->sqlstate, states[i]))
            return true;
    return false;
}

/* A part that cannot be had (a right that is missing) is told; without the server there is no
 * answer. */
static enum err go_on(struct looking *k, const char *part, enum err rc, struct errbuf *e)
{
    if (stop_asked())
        return err_set(e, ERR_CANCELED, "the engine is stopping");
    if (rc == ERR_CONNECT || rc == ERR_NOMEM)
        return rc;
    json_t *told =
        json_pack("{s:s, s:o}", "part", part, "text", rows_json_text(e->text, strlen(e->text)));
    return json_array_append_new(k->errors, told) ? no_memory(e) : ERR_OK;
}

/* answer[part] = the rows of sql, an array that is empty where they cannot be had. */
static enum err ask(struct looking *k, const char *part, const char *sql, struct errbuf *e)
{
    json_t *rows = NULL;
    enum err rc = rows_json_objects(k->w, sql, 0, NULL, &rows, e);
    if (rc && !not_there(e))
        rc = go_on(k, part, rc, e);
    else
        rc = ERR_OK;
    if (!rows)
        rows = json_array();
    return json_object_set_new(k->answer, part, rows) && !rc ? no_memory(e) : rc;
}

static enum err ask_catalog(struct looking *k, const char *part, const char *query,
                            struct errbuf *e)
{
    return ask(k, part, catalog_query(k->l, query), e);
}

/* The same with {schema} filled in; NULL: there is nothing to ask. */
static enum err ask_schema(struct looking *k, const char *part, const char *query,
                           const char *schema, struct errbuf *e)
{
    struct buf name;
    struct buf sql;
    if (!schema)
        return json_object_set_new(k->answer, part, json_array()) ? no_memory(e) : ERR_OK;
    buf_init(&name, 0);
    buf_init(&sql, 0);
    dialect_ident(&name, dialect_find(k->l->dialect), schema);
    const struct sql_slot slots[] = {{"schema", buf_cstr(&name)}};
    sql_fill(&sql, query_text(query), slots, 1);
    enum err rc = buf_check(&sql, "a statement", e);
    if (!rc)
        rc = ask(k, part, buf_cstr(&sql), e);
    buf_free(&name);
    buf_free(&sql);
    return rc;
}

/* ---- sizes by schema ---- */

static json_t *schema_of(json_t *schemas, const char *name)
{
    size_t i;
    json_t *s;
    json_array_foreach(schemas, i, s)
    {
        if (!strcmp(json_string_value(json_object_get(s, "schema_name")), name))
            return s;
    }
    s = json_pack("{s:s, s:i, s:I, s:I, s:b}", "schema_name", name, "tables", 0, "bytes",
                  (json_int_t)0, "row_count", (json_int_t)0, "rows_known", 1);
    return json_array_append_new(schemas, s) ? NULL : s;
}

static void add_to(json_t *sum, const char *member, json_int_t n)
{
    (void)json_object_set_new(sum, member,
                              json_integer(json_integer_value(json_object_get(sum, member)) + n));
}

static enum err add_up(struct looking *k, struct errbuf *e)
{
    const json_t *tables = json_object_get(k->answer, "tables");
    json_t *schemas = json_array(), *t;
    size_t i;
    json_array_foreach(tables, i, t)
    {
        const char *name = json_string_value(json_object_get(t, "schema_name"));
        const json_t *rows = json_object_get(t, "row_count");
        json_t *sum = name ? schema_of(schemas, name) : NULL;
        if (!sum)
            continue;
        add_to(sum, "tables", 1);
        add_to(sum, "bytes", json_integer_value(json_object_get(t, "bytes")));
        add_to(sum, "row_count", json_integer_value(rows));
        if (!json_is_number(rows))
            (void)json_object_set_new(sum, "rows_known", json_false());
    }
    bool more = json_array_size(tables) >= SIZES_MAX;
    return json_object_set_new(k->answer, "schemas", schemas) ||
                   json_object_set_new(k->answer, "tables_truncated", json_boolean(more))
               ? no_memory(e)
               : ERR_OK;
}

/* ---- figures ---- */

static const struct figure {
    const char *name, *metric, *unit;
    bool per_node;
    const char *title;
} figures[] = {
#define X(name, metric, unit, per_node, title) {name, metric, unit, per_node, title},
    WAREHOUSE_FIGURES(X)
#undef X
};

static void add_figure(json_t *list, const struct figure *f, const json_t *node, json_t *value)
{
    (void)json_array_append_new(
        list, json_pack("{s:s, s:s, s:s, s:s, s:o, s:o}", "name", f->name, "metric", f->metric,
                        "title", f->title, "unit", f->unit, "node",
                        json_is_string(node) && *json_string_value(node) ? json_copy((json_t *)node)
                                                                         : json_null(),
                        "value", value ? json_copy(value) : json_null()));
}

/* Each figure of the table is there, with null where the server does not tell it. */
static json_t *merge_figures(const json_t *rows, const json_t *resources)
{
    json_t *list = json_array(), *r;
    size_t k;
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        const struct figure *f = &figures[i];
        size_t before = json_array_size(list);
        json_array_foreach(rows, k, r)
        {
            if (!strcmp(json_string_value(json_object_get(r, "name")), f->name))
                add_figure(list, f, json_object_get(r, "node"), json_object_get(r, "value"));
        }
        json_array_foreach(resources, k, r)
        {
            if (json_object_get(r, f->name))
                add_figure(list, f, json_object_get(r, "node"), json_object_get(r, f->name));
        }
        if (json_array_size(list) == before)
            add_figure(list, f, NULL, NULL);
    }
    return list;
}

static enum err ask_figures(struct looking *k, struct errbuf *e)
{
    enum err rc = ask_catalog(k, "figures", "figures", e);
    if (!rc && catalog_query(k->l, "resources"))
        rc = ask_catalog(k, "resources", "resources", e);
    if (rc)
        return rc;
    json_t *merged = merge_figures(json_object_get(k->answer, "figures"),
                                   json_object_get(k->answer, "resources"));
    (void)json_object_del(k->answer, "resources");
    return json_object_set_new(k->answer, "figures", merged) ? no_memory(e) : ERR_OK;
}

/* ---- marts ---- */

static enum err ask_marts(struct looking *k, struct errbuf *e)
{
    json_t *list = json_array();
    enum err rc = json_object_set_new(k->answer, "marts", list) ? no_memory(e) : ERR_OK;
    for (int i = 0; i < marts_count(k->l->marts) && !rc; i++) {
        const struct mart *m = marts_at(k->l->marts, i);
        struct mart_moment at = {.age_s = 0};
        rc = mart_last_run(k->w, m, &at, e);
        bool known = rc == ERR_OK;
        if (rc && rc != ERR_NOT_FOUND)
            rc = go_on(k, "marts", rc, e);
        else
            rc = ERR_OK;
        json_t *one = json_pack("{s:s, s:s, s:o, s:o}", "mart", m->name, "target", m->target,
                                "run_at", known ? json_string(at.at) : json_null(), "age_s",
                                known ? json_real(at.age_s) : json_null());
        if (!rc && json_array_append_new(list, one))
            rc = no_memory(e);
    }
    return rc;
}

/* ---- the whole ---- */

static enum err ask_all(struct looking *k, struct errbuf *e)
{
    static const struct {
        const char *part, *query;
    } parts[] = {
        {"nodes", "nodes"}, {"sessions", "sessions"}, {"queries", "running"}, {"tables", "sizes"}};
    enum err rc = ERR_OK;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && !rc; i++)
        rc = ask_catalog(k, parts[i].part, parts[i].query, e);
    if (!rc)
        rc = add_up(k, e);
    if (!rc)
        rc = ask_figures(k, e);
    if (!rc)
        rc = ask_schema(k, "loads", "catalog/loads", k->l->raw_schema, e);
    if (!rc)
        rc = ask_schema(k, "model_loads", "catalog/model_loads", k->l->model_schema, e);
    return rc ? rc : ask_marts(k, e);
}

enum err warehouse_look_show(const struct warehouse_look *l, json_t **result, struct errbuf *e)
{
    struct looking k = {.l = l};
    int64_t began = clock_mono_us();
    enum err rc = open_warehouse(l, &k.w, e);
    if (rc)
        return stop_asked() ? err_set(e, ERR_CANCELED, "the engine is stopping") : rc;
    k.errors = json_array();
    k.answer = json_pack("{s:s, s:s, s:I}", "server", warehouse_server(k.w), "dialect", l->dialect,
                         "asked_us", (json_int_t)clock_wall_us());
    rc = k.answer && !json_object_set_new(k.answer, "errors", k.errors) ? ask_all(&k, e)
                                                                        : no_memory(e);
    warehouse_close(k.w);
    if (!rc)
        rc = json_object_set_new(k.answer, "seconds",
                                 json_real((double)(clock_mono_us() - began) / 1e6))
                 ? no_memory(e)
                 : ERR_OK;
    if (rc)
        json_decref(k.answer);
    else
        *result = k.answer;
    return rc;
}

/* ---- one table ---- */

static enum err read_columns(struct warehouse_rows *rows, json_t *columns, struct errbuf *e)
{
    enum { NAME = 3, TYPE = 5, SIZE = 6, SCALE = 8, NULLABLE = 10 }; /* of SQLColumns */
    const struct cell *c;
    enum err rc;
    while (!(rc = warehouse_rows_next(rows, &c, e))) {
        bool sized = c[SIZE].kind == CELL_TEXT, scaled = c[SCALE].kind == CELL_TEXT;
        json_t *one =
            json_pack("{s:o, s:o, s:o, s:o, s:b}", "name", rows_json_text(c[NAME].p, c[NAME].len),
                      "type", rows_json_text(c[TYPE].p, c[TYPE].len), "size",
                      sized ? json_integer(cell_int64(&c[SIZE])) : json_null(), "scale",
                      scaled ? json_integer(cell_int64(&c[SCALE])) : json_null(), "nullable",
                      (int)(c[NULLABLE].kind == CELL_TEXT && cell_int64(&c[NULLABLE]) != 0));
        if (json_array_append_new(columns, one))
            return no_memory(e);
    }
    return rc == ERR_NOT_FOUND ? ERR_OK : rc;
}

enum err warehouse_look_table(const struct warehouse_look *l, const char *schema, const char *table,
                              json_t **result, struct errbuf *e)
{
    struct warehouse *w = NULL;
    struct warehouse_rows *rows = NULL;
    json_t *columns = json_array();
    enum err rc = columns ? open_warehouse(l, &w, e) : no_memory(e);
    if (!rc)
        rc = warehouse_catalog(w, WAREHOUSE_COLUMNS, schema, table, &rows, e);
    if (!rc)
        rc = read_columns(rows, columns, e);
    warehouse_rows_close(rows);
    warehouse_close(w);
    if (!rc && !json_array_size(columns))
        rc = err_set(e, ERR_NOT_FOUND, "the warehouse has no table %s.%s", schema, table);
    if (!rc) {
        *result =
            json_pack("{s:s, s:s, s:O}", "schema", schema, "table", table, "columns", columns);
        rc = *result ? ERR_OK : no_memory(e);
    }
    json_decref(columns);
    return rc;
}

/* ---- cancel ---- */

/* The number in the first column of the first row; -1: no row. */
static enum err ask_number(struct warehouse *w, const char *sql, const char *const *params,
                           int64_t *out, struct errbuf *e)
{
    struct warehouse_rows *rows = NULL;
    const struct cell *c;
    *out = -1;
    enum err rc = warehouse_query(w, sql, 2, params, &rows, e);
    if (!rc)
        rc = warehouse_rows_next(rows, &c, e);
    if (!rc)
        *out = c[0].kind == CELL_TEXT ? cell_int64(&c[0]) : 0;
    warehouse_rows_close(rows);
    return rc == ERR_NOT_FOUND ? ERR_OK : rc;
}

static bool all_digits(const char *p)
{
    return *p && p[strspn(p, "0123456789")] == '\0';
}

enum err warehouse_look_cancel(const struct warehouse_look *l, const char *id, struct errbuf *e)
{
    char session[200];
    const char *slash = strrchr(id, '/');
    struct warehouse *w = NULL;
    int64_t n = 1;
    if (!slash || slash == id || (size_t)(slash - id) >= sizeof session || !all_digits(slash + 1))
        return err_set(e, ERR_USAGE, "`%s` is no query's id: `flightdeck warehouse show` has them",
                       id);
    (void)snprintf(session, sizeof session, "%.*s", (int)(slash - id), id);
    const char *params[] = {session, slash + 1};
    const char *before = catalog_query(l, "is_running"); /* where the cancel itself does not tell */
    enum err rc = open_warehouse(l, &w, e);
    if (!rc && before)
        rc = ask_number(w, before, params, &n, e);
    if (!rc && n > 0)
        rc = ask_number(w, catalog_query(l, "cancel"), params, &n, e);
    else
        n = -1;
    warehouse_close(w);
    if (!rc && n < 0)
        rc = err_set(e, ERR_NOT_FOUND, "the query %s does not run any more", id);
    return rc;
}
