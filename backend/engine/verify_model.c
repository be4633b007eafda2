/*
 * The model's layer of verify.
 *
 * dwh has caught up once each entity's mark has passed the newest batch that raw had when it held
 * verify's snapshot. (Not a later one: what a batch refreshes once would never catch up with a raw
 * that goes on.) Both sides of a comparison have to be read at the same mark: PostgreSQL reads both
 * in one repeatable-read transaction; elsewhere the mark is read again afterwards, and when it has
 * moved the entity is compared anew, ROUNDS_MAX times.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/clock.h"
#include "backend/engine/verify_run.h"
#include "backend/model/migrate.h"
#include "backend/model/model.h"
#include "backend/model/sql.h"
#include "backend/warehouse/dialect.h"
#include "queries/queries.h"

enum { ROUNDS_MAX = 5 };

static enum err read_mark(struct verify *v, const struct model_entity *t, int64_t *out,
                          struct errbuf *e)
{
    const struct dialect *d = dialect_find(v->o->dialect);
    struct buf table;
    struct buf sql;
    buf_init(&table, 0);
    buf_init(&sql, 0);
    model_sql_table(&table, d, v->o->model->schema, "_flightdeck_marks", "");
    const struct sql_slot slot = {"table", buf_cstr(&table)};
    sql_fill(&sql, query_text("verify/mark"), &slot, 1);
    enum err rc = model_number(v->warehouse, buf_cstr(&sql), 1, &t->anchor, out, e);
    buf_free(&table);
    buf_free(&sql);
    return rc;
}

static enum err wait_for(struct verify *v, const struct model_entity *t, int64_t want,
                         struct errbuf *e)
{
    int64_t mark = 0;
    int64_t last = -1;
    int64_t moved = clock_mono_us();
    enum err rc = ERR_OK;
    while (!rc) {
        rc = read_mark(v, t, &mark, e);
        int64_t now = clock_mono_us();
        if (rc || mark >= want)
            break;
        if (mark != last)
            moved = now;
        last = mark;
        if (v->o->canceled && v->o->canceled(v->o->arg))
            rc = err_set(e, ERR_CANCELED, "interrupted");
        else if (now - moved > v->o->timeout_us)
            rc = err_set(
                e, ERR_TIMEOUT,
                "%s.%s_latest holds raw up to batch %" PRId64 ", raw was at %" PRId64
                ", and it has not got further for %.0f s; `flightdeck dag list` and `flightdeck "
                "dag runs` tell why",
                v->o->model->schema, t->name, mark, want, (double)(now - moved) / 1e6);
        else
            verify_pause();
    }
    return rc;
}

static enum err compare_at_mark(struct verify *v, const struct source_table *s,
                                const struct model_entity *t, struct verify_view *view,
                                struct verify_table *out, struct errbuf *e)
{
    bool snapshot = !strcmp(v->o->dialect, "postgresql");
    struct errbuf ignored;
    enum err rc = ERR_OK;
    for (int round = 0; !rc; round++) {
        int64_t after = 0;
        free(out->left_out);
        out->left_out = NULL;
        if (snapshot)
            rc = warehouse_begin(v->warehouse, e);
        if (!rc && snapshot)
            rc = warehouse_exec(v->warehouse, query_text("verify/repeatable_read"), 0, NULL, NULL,
                                e);
        if (!rc)
            rc = read_mark(v, t, &view->mark, e);
        if (!rc)
            rc = verify_compare_view(v, s, view, out, e);
        if (snapshot && warehouse_rollback(v->warehouse, &ignored) && !rc)
            rc = err_set(e, ERR_CONNECT, "the link to the warehouse broke");
        if (rc || snapshot)
            break;
        rc = read_mark(v, t, &after, e);
        if (rc || after == view->mark)
            break;
        if (round == ROUNDS_MAX)
            rc = err_set(e, ERR_STATE,
                         "the model is refreshed faster than it can be compared: pause the DAG "
                         "that loads it, then verify again");
    }
    return rc;
}

/* Asked from the view itself: Vertica's catalog of columns knows tables only. */
static enum err read_columns(struct verify *v, struct verify_view *view, struct errbuf *e)
{
    struct buf name;
    struct buf sql;
    struct warehouse_rows *rows = NULL;
    const struct warehouse_result_column *columns;
    buf_init(&name, 0);
    buf_init(&sql, 0);
    dialect_ident(&name, dialect_find(v->o->dialect), view->schema);
    buf_ch(&name, '.');
    dialect_ident(&name, dialect_find(v->o->dialect), view->name);
    const struct sql_slot slot = {"table", buf_cstr(&name)};
    sql_fill(&sql, query_text("verify/columns"), &slot, 1);
    enum err rc = warehouse_query(v->warehouse, buf_cstr(&sql), 0, NULL, &rows, e);
    int n = rc ? 0 : warehouse_rows_columns(rows, &columns);
    view->columns = calloc((size_t)n + 1, sizeof *view->columns);
    for (int i = 0; i < n && view->columns; i++) {
        view->columns[i] = strdup(columns[i].name);
        view->n_columns += view->columns[i] != NULL;
    }
    if (!rc && view->n_columns < n)
        rc = err_set(e, ERR_NOMEM, "no memory for the columns");
    if (rc == ERR_SQL)
        (void)err_prefix(e, "the model has never been loaded");
    warehouse_rows_close(rows);
    buf_free(&name);
    buf_free(&sql);
    return rc;
}

static enum err compare_entity(struct verify *v, const struct source_table *s,
                               const struct model_entity *t, int64_t wanted,
                               struct verify_table *out, struct errbuf *e)
{
    char name[2 * MODEL_NAME_MAX];
    struct verify_view view = {.entity = t, .schema = v->o->model->schema, .name = name};
    (void)snprintf(name, sizeof name, "%s_latest", t->name);
    (void)snprintf(out->raw_schema, sizeof out->raw_schema, "%s", v->o->schema);
    (void)snprintf(out->raw_table, sizeof out->raw_table, "%s", t->raw);
    if (asprintf(&out->name, "%s.%s", v->o->model->schema, name) < 0) {
        out->name = NULL;
        return err_set(e, ERR_NOMEM, "no memory for the report");
    }
    if (v->o->progress)
        v->o->progress(v->o->arg, out->name);
    enum err rc = wait_for(v, t, wanted, e);
    if (!rc)
        rc = read_columns(v, &view, e);
    if (!rc)
        rc = compare_at_mark(v, s, t, &view, out, e);
    for (int i = 0; i < view.n_columns; i++)
        free(view.columns[i]);
    free(view.columns);
    if (rc)
        (void)err_prefix(e, "%s", out->name);
    return rc;
}

static const struct model_entity *entity_of(const struct model *m, const struct source_table *s)
{
    char full[2 * VERIFY_NAME_MAX];
    (void)snprintf(full, sizeof full, "%s.%s", s->schema, s->name);
    for (int i = 0; i < m->n_entities; i++)
        if (m->entities[i].source && !strcmp(m->entities[i].source, full))
            return &m->entities[i];
    return NULL;
}

/* An entity whose table is empty at the source and has never been anything else has no raw table:
 * there is nothing to compare. */
static bool is_in_raw(const struct verify *v, const struct model_entity *t)
{
    struct wcolumn *columns = NULL;
    struct errbuf ignored;
    int n = 0;
    enum err rc =
        warehouse_table_columns(v->warehouse, v->o->schema, t->raw, &columns, &n, &ignored);
    free(columns);
    return rc || n > 0;
}

enum err verify_model_wanted(struct verify *v, const struct source_tables *tables, int64_t **out,
                             struct errbuf *e)
{
    enum err rc = ERR_OK;
    *out = calloc((size_t)tables->n + 1, sizeof **out);
    if (!*out)
        return err_set(e, ERR_NOMEM, "no memory for the batches");
    for (int i = 0; i < tables->n && !rc; i++) {
        const struct model_entity *t = entity_of(v->o->model, &tables->items[i]);
        if (t && is_in_raw(v, t))
            rc = warehouse_newest_batch(v->warehouse, v->o->schema, t->raw, &(*out)[i], e);
    }
    return rc;
}

enum err verify_model(struct verify *v, const struct source_tables *tables, const int64_t *wanted,
                      struct verify_report *out, struct errbuf *e)
{
    enum err rc = ERR_OK;
    out->views = calloc((size_t)tables->n + 1, sizeof *out->views);
    if (!out->views)
        return err_set(e, ERR_NOMEM, "no memory for the report");
    for (int i = 0; i < tables->n && !rc; i++) {
        const struct model_entity *t = entity_of(v->o->model, &tables->items[i]);
        if (t && is_in_raw(v, t))
            rc = compare_entity(v, &tables->items[i], t, wanted[i], &out->views[out->n_views++], e);
    }
    return rc;
}
