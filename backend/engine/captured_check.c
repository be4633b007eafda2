/*
 * A source's table is known by its name: the connectors' lists say whether they take it. A raw
 * table has to be looked for: by the topics that a sink lists, and where it takes topics by an
 * expression by each table of ours whose topic would become that name. What topics others write is
 * not known, so such a sink may load anything.
 */
#include "backend/engine/captured_check.h"

#include <string.h>

#include "backend/base/nearest.h"

enum { NAME_SIZE = 512 };

struct check {
    const struct config *config;
    const struct connector_list *connectors;
    const struct declared *in;
    struct faults *warnings;
};

static bool any(const struct check *k, enum connector_kind kind)
{
    for (int i = 0; i < k->connectors->n; i++)
        if (k->connectors->items[i]->kind == kind)
            return true;
    return false;
}

/* schema.table */
static bool captured(const struct check *k, const char *name)
{
    char schema[NAME_SIZE];
    const char *dot = strchr(name, '.');
    if (!dot)
        return false;
    (void)snprintf(schema, sizeof schema, "%.*s", (int)(dot - name), name);
    for (int i = 0; i < k->connectors->n; i++) {
        const struct connector *x = k->connectors->items[i];
        if (x->kind == CONNECTOR_SOURCE && connector_table_included(&x->source, schema, dot + 1))
            return true;
    }
    return false;
}

/* ---- raw ---- */

static bool becomes(const struct sink_config *s, const char *topic, const char *schema,
                    const char *table)
{
    struct buf at, name;
    buf_init(&at, 0);
    buf_init(&name, 0);
    bool is = false;
    if (connector_topic_included(s, topic)) {
        connector_table_name(s, topic, &at, &name);
        is = strcmp(buf_cstr(&at), schema) == 0 && strcmp(buf_cstr(&name), table) == 0;
    }
    buf_free(&at);
    buf_free(&name);
    return is;
}

/* Some table of ours whose name, its dot and other signs made _, ends the raw table's. */
static bool by_expression(const struct check *k, const struct connector *sink, const char *schema,
                          const char *table)
{
    char name[NAME_SIZE], topic[NAME_SIZE * 2];
    for (int i = 0; i < k->connectors->n; i++) {
        const struct connector *x = k->connectors->items[i];
        if (x->kind != CONNECTOR_SOURCE)
            continue;
        for (const char *from = table; *from; from++)
            for (const char *p = from; *p; p++) {
                if (*p != '_' || p == from || !p[1])
                    continue;
                (void)snprintf(name, sizeof name, "%.*s.%s", (int)(p - from), from, p + 1);
                (void)snprintf(topic, sizeof topic, "%s.%s", x->source.topic_prefix, name);
                if (captured(k, name) && becomes(&sink->sink, topic, schema, table))
                    return true;
            }
    }
    return false;
}

static bool loaded(const struct check *k, const char *schema, const char *table)
{
    for (int i = 0; i < k->connectors->n; i++) {
        const struct connector *x = k->connectors->items[i];
        if (x->kind != CONNECTOR_SINK)
            continue;
        /* the built-in one's expression takes topics of ours alone */
        if (x->sink.topics_regex && (!x->built_in || by_expression(k, x, schema, table)))
            return true;
        for (const char *const *t = x->sink.topics; t && *t; t++)
            if (becomes(&x->sink, *t, schema, table))
                return true;
    }
    return false;
}

static void warn_raw(const struct check *k, const char *file, int line, const char *what,
                     const char *table)
{
    const char *schema = k->config->warehouse.schema;
    if (any(k, CONNECTOR_SINK) && !loaded(k, schema, table))
        faults_add(k->warnings, file, line, "%s: no sink of the configuration loads %s.%s", what,
                   schema, table);
}

/* ---- who names tables ---- */

static void check_model(const struct check *k)
{
    const struct model *m = k->in->model;
    for (int i = 0; m && i < m->n_entities; i++) {
        const struct model_entity *x = &m->entities[i];
        char what[NAME_SIZE];
        (void)snprintf(what, sizeof what, "entity %s", x->name);
        if (x->source && any(k, CONNECTOR_SOURCE) && !captured(k, x->source))
            faults_add(k->warnings, m->file, x->line,
                       "%s: no source connector of the configuration captures %s", what, x->source);
        else
            warn_raw(k, m->file, x->line, what, x->raw);
    }
}

static void check_tests(const struct check *k)
{
    for (int i = 0; i < datatests_count(k->in->tests); i++) {
        const struct datatest *t = datatests_at(k->in->tests, i);
        if (t->schema && strcmp(t->schema, k->config->warehouse.schema) == 0)
            warn_raw(k, t->file, t->line, t->name, t->table);
    }
}

/* A name without schema may be any schema's: it is told where it is near to one that is known. */
static void check_verify(const struct check *k, const struct dag *d, const struct dag_task *t)
{
    const struct model *m = k->in->model;
    for (int i = 0; t->names && t->names[i]; i++) {
        struct nearest near;
        char hint[NAME_SIZE];
        bool whole = strchr(t->names[i], '.') != NULL;
        bool known = whole && captured(k, t->names[i]);
        nearest_start(&near, t->names[i]);
        for (int n = 0; m && n < m->n_entities; n++) {
            const char *source = m->entities[n].source;
            const char *dot = source ? strchr(source, '.') : NULL;
            const char *name = whole || !dot ? source : dot + 1;
            if (!name || !captured(k, source))
                continue;
            known |= !whole && strcmp(name, t->names[i]) == 0;
            nearest_offer(&near, name);
        }
        if (!known && (nearest_hint(&near, hint, sizeof hint)[0] || whole))
            faults_add(k->warnings, d->file, t->line,
                       "task %s: no source connector of the configuration captures %s%s", t->name,
                       t->names[i], hint);
    }
}

void captured_check(const struct config *c, const struct connector_list *connectors,
                    const struct declared *declared, const struct dag_set *dags,
                    struct faults *warnings)
{
    const struct check k = {
        .config = c, .connectors = connectors, .in = declared, .warnings = warnings};
    check_model(&k);
    check_tests(&k);
    if (!any(&k, CONNECTOR_SOURCE))
        return;
    for (int i = 0; dags && i < dags->n; i++)
        for (int t = 0; t < dags->dags[i]->n_tasks; t++)
            if (dags->dags[i]->tasks[t].kind == DAG_VERIFY)
                check_verify(&k, dags->dags[i], &dags->dags[i]->tasks[t]);
}
