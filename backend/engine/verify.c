#include "backend/engine/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/clock.h"
#include "backend/engine/verify_run.h"
#include "backend/envelope/topic.h"

static void free_tables(struct verify_table *tables, int n)
{
    for (int i = 0; i < n; i++) {
        struct verify_table *t = &tables[i];
        free(t->name);
        free(t->left_out);
        for (int k = 0; k < t->n_differences; k++) {
            free(t->differences[k].key);
            free(t->differences[k].source_row);
            free(t->differences[k].raw_row);
        }
    }
    free(tables);
}

void verify_report_free(struct verify_report *r)
{
    free_tables(r->tables, r->n);
    free_tables(r->views, r->n_views);
    free_tables(r->marts, r->n_marts);
    free(r->unseen);
    *r = (struct verify_report){0};
}

static bool is_named(const char *asked, const char *schema, const char *name)
{
    char full[512];
    (void)snprintf(full, sizeof full, "%s.%s", schema, name);
    return !strcmp(asked, name) || !strcmp(asked, full);
}

static bool asked_for(const struct verify_options *o, const char *schema, const char *name)
{
    if (!o->only || !o->only[0])
        return true;
    for (int i = 0; o->only[i]; i++)
        if (is_named(o->only[i], schema, name))
            return true;
    return false;
}

/* Keeps the captured tables that were asked for; a name that is none of them is an error. */
static enum err choose_tables(struct verify *v, struct source_tables *all, struct errbuf *e)
{
    const struct verify_options *o = v->o;
    int kept = 0;
    for (int i = 0; i < all->n; i++) {
        struct source_table *t = &all->items[i];
        bool wanted = o->included(o->arg, t->schema, t->name) && asked_for(o, t->schema, t->name);
        if (wanted) {
            struct source_table swap = all->items[kept];
            all->items[kept++] = *t;
            all->items[i] = swap;
        }
    }
    for (int i = kept; i < all->n; i++) {
        free(all->items[i].schema);
        free(all->items[i].name);
    }
    all->n = kept;
    if (!kept && (!o->only || !o->only[0]))
        return err_set(e, ERR_CONFIG,
                       "no table of database %s is captured: there is nothing to compare (see %s)",
                       source_database(v->control), o->tables_key);
    for (int k = 0; o->only && o->only[k]; k++) {
        bool found = false;
        for (int i = 0; i < kept; i++)
            found |= is_named(o->only[k], all->items[i].schema, all->items[i].name);
        if (!found)
            return err_set(e, ERR_USAGE, "no captured table is named %s", o->only[k]);
    }
    return ERR_OK;
}

static enum err compare_one(struct verify *v, const struct source_table *t,
                            struct verify_table *out, struct errbuf *e)
{
    const char *connector;
    struct buf topic;
    bool upsert = false;
    struct wcolumn *columns = NULL;
    int n = 0;
    if (asprintf(&out->name, "%s.%s", t->schema, t->name) < 0)
        out->name = NULL;
    buf_init(&topic, 0);
    enum err rc = topic_name_of_table(v->o->prefix, t->schema, t->name, &topic, e);
    if (rc)
        return rc;
    bool sink = v->o->sink_of(v->o->arg, buf_cstr(&topic), &connector, out->raw_schema,
                              out->raw_table, &upsert);
    buf_free(&topic);
    if (!out->name)
        return err_set(e, ERR_NOMEM, "no memory for the report");
    if (v->o->progress)
        v->o->progress(v->o->arg, out->name);
    if (!sink) {
        out->outcome = VERIFY_NO_SINK;
        return ERR_OK;
    }
    rc = warehouse_table_columns(v->warehouse, out->raw_schema, out->raw_table, &columns, &n, e);
    if (!rc)
        rc = verify_compare(v, t, upsert, n > 0, out, e);
    if (!rc && n)
        rc = verify_doubled(v, columns, n, out, e);
    if (out->doubled)
        out->outcome = VERIFY_DIFFERS;
    free(columns);
    if (rc)
        (void)err_prefix(e, "%s", out->name);
    return rc;
}

static enum err open_all(struct verify *v, struct errbuf *e)
{
    struct warehouse_options w = {.odbc = v->o->odbc,
                                  .dialect = v->o->dialect,
                                  .label = "flightdeck verify",
                                  .big_results = true};
    enum err rc = source_open(v->o->conninfo, &v->source, e);
    if (!rc)
        rc = source_open(v->o->conninfo, &v->control, e);
    if (!rc)
        rc = warehouse_open(&w, &v->warehouse, e);
    return rc;
}

/* What is made from raw: dwh, then the marts. */
static enum err compare_layers(struct verify *v, const struct source_tables *tables,
                               struct verify_report *out, struct errbuf *e)
{
    const struct verify_options *o = v->o;
    int64_t *wanted = NULL;
    enum err rc = o->model ? verify_model_wanted(v, tables, &wanted, e) : ERR_OK;
    if (!rc && o->arrived)
        rc = o->arrived(o->arg, e);
    if (!rc && o->model)
        rc = verify_model(v, tables, wanted, out, e);
    if (!rc && o->model && o->marts && (!o->only || !o->only[0]))
        rc = verify_marts(v, out, e);
    free(wanted);
    return rc;
}

static bool all_same(const struct verify_report *r)
{
    for (int i = 0; i < r->n; i++)
        if (r->tables[i].outcome != VERIFY_SAME)
            return false;
    for (int i = 0; i < r->n_views; i++)
        if (r->views[i].outcome != VERIFY_SAME)
            return false;
    for (int i = 0; i < r->n_marts; i++)
        if (r->marts[i].outcome == VERIFY_DIFFERS)
            return false;
    return true;
}

enum err verify_run(const struct verify_options *o, struct verify_report *out, struct errbuf *e)
{
    struct verify v = {.o = o};
    struct source_tables tables = {0};
    *out = (struct verify_report){0};
    int64_t began = clock_mono_us();
    enum err rc = open_all(&v, e);
    if (!rc)
        rc = verify_wait_initial(&v, e);
    if (!rc)
        rc = verify_take_snapshot(&v, e);
    if (!rc)
        rc = source_list_tables(v.control, &tables, e);
    if (!rc)
        rc = choose_tables(&v, &tables, e);
    if (rc)
        goto out;
    rc = verify_wait(&v, &tables, e);
    out->waited_seconds = (double)(clock_mono_us() - began) / 1e6;
    out->lsn = v.snapshot.lsn;
    if (rc)
        goto out;
    out->tables = calloc((size_t)tables.n + 1, sizeof *out->tables);
    if (!out->tables) {
        rc = err_set(e, ERR_NOMEM, "no memory for the report");
        goto out;
    }
    for (int i = 0; i < tables.n && !rc; i++) {
        out->n++;
        rc = compare_one(&v, &tables.items[i], &out->tables[i], e);
    }
    if (!rc)
        rc = compare_layers(&v, &tables, out, e);
    out->same = !rc && all_same(out);
out:
    source_tables_free(&tables);
    warehouse_close(v.warehouse);
    source_close(v.control);
    source_close(v.source);
    if (rc)
        verify_report_free(out);
    return rc;
}
