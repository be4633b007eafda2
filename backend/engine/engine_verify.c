/* verify, bound to the configuration: which connectors say what is captured and where it goes. */
#include <stdlib.h>
#include <string.h>

#include "backend/base/log.h"
#include "backend/engine/connector_overlay.h"
#include "backend/engine/declared.h"
#include "backend/engine/engine.h"
#include "backend/model/model.h"

struct binding {
    const struct verify_hooks *hooks;
    struct model *model; /* NULL: none */
    struct marts *marts;
    struct connector_list list;
    const struct connector *source;
};

static bool included(void *arg, const char *schema, const char *table)
{
    const struct binding *b = arg;
    return connector_table_included(&b->source->source, schema, table);
}

static bool sink_of(void *arg, const char *topic, const char **connector, char *schema, char *table,
                    bool *upsert)
{
    const struct binding *b = arg;
    for (int i = 0; i < b->list.n; i++) {
        const struct connector *k = b->list.items[i];
        if (k->kind != CONNECTOR_SINK || !connector_topic_included(&k->sink, topic))
            continue;
        struct buf s;
        struct buf t;
        buf_init(&s, VERIFY_NAME_MAX - 1);
        buf_init(&t, VERIFY_NAME_MAX - 1);
        connector_table_name(&k->sink, topic, &s, &t);
        strcpy(schema, buf_cstr(&s));
        strcpy(table, buf_cstr(&t));
        buf_free(&s);
        buf_free(&t);
        *connector = k->name;
        *upsert = k->sink.insert_mode == INSERT_UPSERT;
        return true;
    }
    return false;
}

static bool canceled(void *arg)
{
    const struct binding *b = arg;
    return b->hooks && b->hooks->canceled && b->hooks->canceled(b->hooks->arg);
}

static void progress(void *arg, const char *what)
{
    const struct binding *b = arg;
    if (b->hooks && b->hooks->progress)
        b->hooks->progress(b->hooks->arg, what);
}

static enum err arrived(void *arg, struct errbuf *e)
{
    const struct binding *b = arg;
    return b->hooks && b->hooks->arrived ? b->hooks->arrived(b->hooks->arg, e) : ERR_OK;
}

static void state_of(void *arg, const char *connector, struct buf *out)
{
    const struct binding *b = arg;
    if (b->hooks && b->hooks->state_of)
        b->hooks->state_of(b->hooks->arg, connector, out);
}

/* What was applied or deleted at run time counts here as well. Where the store cannot be read (it
 * is another user's, say) the configuration alone has to do. */
static enum err lay_over(const struct config *c, struct connector_list *l, struct errbuf *e)
{
    struct store *s = NULL;
    enum err rc = store_open_to_read(c->state_dir, &s, e);
    if (rc) {
        if (rc != ERR_NOT_FOUND)
            log_warning("verify", "connectors changed at run time are not known: %s", e->text);
        return ERR_OK;
    }
    rc = connector_overlay(c, s, l, NULL, NULL, e);
    store_close(s);
    return rc;
}

/* One source, the first, and one warehouse that all its sinks go to: the first sink's. */
static enum err bind(const struct config *c, struct binding *b, const char **odbc, struct errbuf *e)
{
    struct faults faults;
    faults_init(&faults);
    enum err rc = connector_load_all(c, &b->list, &faults, e);
    if (!rc)
        rc = declared_read_marts(c, &b->marts, &faults, e);
    faults_free(&faults);
    if (!rc)
        rc = lay_over(c, &b->list, e);
    *odbc = c->warehouse.odbc;
    for (int i = 0; i < b->list.n && !rc; i++) {
        const struct connector *k = b->list.items[i];
        if (k->kind == CONNECTOR_SINK && !*odbc)
            *odbc = k->sink.odbc;
        if (k->kind == CONNECTOR_SOURCE && !b->source)
            b->source = k;
    }
    if (!rc && !b->source)
        rc = err_set(e, ERR_CONFIG,
                     "no source connector is configured: there is nothing to verify against");
    if (!rc && c->model)
        rc = model_load_file(c->model, &b->model, e);
    if (!rc && !*odbc)
        rc = err_set(e, ERR_CONFIG, "no warehouse is configured: set warehouse.odbc");
    return rc;
}

/* The report says what it does not say: tables of other sources are in raw as well. */
static enum err tell_unseen(const struct binding *b, struct verify_report *out, struct errbuf *e)
{
    struct buf names;
    buf_init(&names, 4096);
    for (int i = 0; i < b->list.n; i++)
        if (b->list.items[i]->kind == CONNECTOR_SOURCE && b->list.items[i] != b->source)
            buf_printf(&names, "%s%s", names.len ? ", " : "", b->list.items[i]->name);
    out->unseen = names.len ? strdup(buf_cstr(&names)) : NULL;
    enum err rc =
        names.len && !out->unseen ? err_set(e, ERR_NOMEM, "no memory for the report") : ERR_OK;
    buf_free(&names);
    if (rc)
        verify_report_free(out);
    return rc;
}

enum err engine_verify(const struct config *c, const char *const *only, int64_t timeout_us,
                       const struct verify_hooks *hooks, struct verify_report *out,
                       struct errbuf *e)
{
    struct binding b = {.hooks = hooks};
    const char *odbc = NULL;
    enum err rc = bind(c, &b, &odbc, e);
    if (!rc) {
        struct verify_options o = {
            .conninfo = b.source->source.conninfo,
            .kafka = c->kafka,
            .odbc = odbc,
            .dialect = config_dialect_word(c),
            .schema = c->warehouse.schema,
            .prefix = b.source->source.topic_prefix,
            .slot = b.source->source.slot_name,
            .source_connector = b.source->name,
            .snapshot = b.source->source.snapshot_mode != SNAPSHOT_NO_DATA,
            .timeout_us = timeout_us,
            .tables_key = b.source->source.tables_key,
            .only = only,
            .included = included,
            .sink_of = sink_of,
            .model = hooks && hooks->raw_only ? NULL : b.model,
            .marts = b.marts,
            .arrived = arrived,
            .state_of = state_of,
            .canceled = canceled,
            .progress = progress,
            .arg = &b,
        };
        rc = verify_run(&o, out, e);
    }
    if (!rc)
        rc = tell_unseen(&b, out, e);
    connector_list_free(&b.list);
    model_free(b.model);
    marts_free(b.marts);
    return rc;
}
