#include "views/snapshot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/arena.h"

static int64_t int_of(const json_t *object, const char *name)
{
    const json_t *v = json_object_get(object, name);
    if (json_is_integer(v))
        return json_integer_value(v);
    double d = json_is_real(v) ? json_real_value(v) : NAN;
    return d > -9e18 && d < 9e18 ? (int64_t)d : UNKNOWN_INT;
}

void snapshot_free(struct snapshot *s)
{
    if (s)
        arena_destroy(s->arena);
}

const struct snap_connector *snapshot_connector(const struct snapshot *s, const char *name)
{
    for (size_t i = 0; s && i < s->connector_count; i++)
        if (strcmp(s->connectors[i].name, name) == 0)
            return &s->connectors[i];
    return NULL;
}

const struct snap_topic *snapshot_topic(const struct snapshot *s, const char *name)
{
    for (size_t i = 0; s && i < s->topic_count; i++)
        if (strcmp(s->topics[i].name, name) == 0)
            return &s->topics[i];
    return NULL;
}

const struct snap_dag *snapshot_dag(const struct snapshot *s, const char *name)
{
    for (size_t i = 0; s && i < s->dag_count; i++)
        if (strcmp(s->dags[i].name, name) == 0)
            return &s->dags[i];
    return NULL;
}

const struct snap_fresh *snapshot_fresh(const struct snapshot *s, const char *key)
{
    for (size_t i = 0; s && key && i < s->fresh_count; i++)
        if (strcmp(s->fresh[i].key, key) == 0)
            return &s->fresh[i];
    return NULL;
}

const struct snap_alert *snapshot_alert(const struct snapshot *s, const char *key)
{
    for (size_t i = 0; s && key && i < s->alert_count; i++)
        if (strcmp(s->alerts[i].key, key) == 0)
            return &s->alerts[i];
    return NULL;
}

/* ---- events ---- */

static void event_free(struct event *v)
{
    free(v->level);
    free(v->area);
    free(v->who);
    free(v->object);
    free(v->text);
}

static char *copy_of(const json_t *object, const char *name, const char *otherwise)
{
    const char *s = json_string_value(json_object_get(object, name));
    s = s ? s : otherwise;
    return s ? strdup(s) : NULL;
}

/* Room for one more at the end; a full list forgets a tenth of its oldest. */
static bool event_room(struct event_list *l)
{
    if (l->n == EVENTS_KEPT) {
        size_t drop = EVENTS_KEPT / 10;
        for (size_t i = 0; i < drop; i++)
            event_free(&l->events[i]);
        memmove(l->events, l->events + drop, (l->n - drop) * sizeof *l->events);
        l->n -= drop;
    }
    if (l->n < l->cap)
        return true;
    size_t cap = l->cap ? l->cap * 2 : 64;
    struct event *p = realloc(l->events, cap * sizeof *p);
    if (!p)
        return false;
    l->events = p;
    l->cap = cap;
    return true;
}

static enum err read_event(const json_t *v, struct event *out, struct errbuf *e)
{
    *out = (struct event){
        .id = int_of(v, "id"),
        .ts_us = int_of(v, "ts_us"),
        .level = copy_of(v, "level", ""),
        .area = copy_of(v, "area", ""),
        .who = copy_of(v, "who", ""),
        .object = copy_of(v, "object", NULL),
        .text = copy_of(v, "text", ""),
    };
    (void)snprintf(out->key, sizeof out->key, "%lld", (long long)out->id);
    if (out->level && out->area && out->who && out->text)
        return ERR_OK;
    event_free(out);
    return err_set(e, ERR_NOMEM, "no memory for events");
}

static enum err add_event(struct event_list *l, const json_t *v, size_t *added, struct errbuf *e)
{
    int64_t id = int_of(v, "id");
    struct event ev;
    if (id == UNKNOWN_INT || id <= l->last_id)
        return ERR_OK;
    if (read_event(v, &ev, e))
        return e->code;
    if (!event_room(l)) {
        event_free(&ev);
        return err_set(e, ERR_NOMEM, "no memory for events");
    }
    l->events[l->n++] = ev;
    l->last_id = id;
    (*added)++;
    return ERR_OK;
}

enum err event_list_add(struct event_list *l, const json_t *answer, size_t *added, struct errbuf *e)
{
    *added = 0;
    const json_t *events = json_object_get(answer, "events");
    enum err rc = ERR_OK;
    size_t n = json_array_size(events);
    if (l->n && n >= EVENTS_PAGE && int_of(json_array_get(events, 0), "id") > l->last_id + 1)
        event_list_free(l); /* more came than are told: no gap, older ones can be asked */
    if (!l->last_id)
        l->whole = n < EVENTS_PAGE;
    for (size_t i = 0; rc == ERR_OK && i < n; i++)
        rc = add_event(l, json_array_get(events, i), added, e);
    return rc;
}

enum err event_list_add_older(struct event_list *l, const json_t *answer, struct errbuf *e)
{
    const json_t *events = json_object_get(answer, "events");
    size_t n = json_array_size(events);
    size_t k = 0;
    enum err rc = ERR_OK;
    if (!l->n || l->n + n > EVENTS_KEPT) {
        l->whole = l->n > 0;
        return ERR_OK;
    }
    struct event *all = calloc(l->n + n, sizeof *all);
    if (!all)
        return err_set(e, ERR_NOMEM, "no memory for events");
    for (size_t i = 0; i < n && !rc; i++) {
        const json_t *v = json_array_get(events, i);
        int64_t id = int_of(v, "id");
        if (id == UNKNOWN_INT || id >= l->events[0].id || (k && id <= all[k - 1].id))
            continue;
        rc = read_event(v, &all[k], e);
        k += !rc;
    }
    if (rc) {
        while (k > 0)
            event_free(&all[--k]);
        free(all);
        return rc;
    }
    memcpy(all + k, l->events, l->n * sizeof *all);
    free(l->events);
    l->events = all;
    l->cap = l->n + n;
    l->n += k;
    l->whole = !k || n < EVENTS_PAGE;
    return ERR_OK;
}

const struct event *event_list_find(const struct event_list *l, const char *key)
{
    for (size_t i = l->n; key && i > 0; i--)
        if (strcmp(l->events[i - 1].key, key) == 0)
            return &l->events[i - 1];
    return NULL;
}

void event_list_free(struct event_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        event_free(&l->events[i]);
    free(l->events);
    *l = (struct event_list){0};
}

/* ---- a connector's configuration ---- */

static char *value_text(const json_t *v)
{
    const char *s = json_string_value(v);
    return s ? strdup(s) : json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT);
}

enum err connector_config_from_json(const json_t *answer, struct connector_config *out,
                                    struct errbuf *e)
{
    *out = (struct connector_config){0};
    json_t *config = json_object_get(answer, "config");
    size_t n = json_object_size(config);
    out->connector = copy_of(answer, "name", "");
    out->names = calloc(n + 1, sizeof *out->names);
    out->values = calloc(n + 1, sizeof *out->values);
    bool ok = out->connector && out->names && out->values;
    const char *name;
    json_t *value;
    json_object_foreach(config, name, value)
    {
        if (!ok)
            break;
        out->names[out->n] = strdup(name);
        out->values[out->n] = value_text(value);
        ok = out->names[out->n] && out->values[out->n];
        out->n++;
    }
    if (ok)
        return ERR_OK;
    connector_config_free(out);
    return err_set(e, ERR_NOMEM, "no memory for a connector's configuration");
}

void connector_config_free(struct connector_config *c)
{
    for (size_t i = 0; i < c->n; i++) {
        free(c->names[i]);
        free(c->values[i]);
    }
    free(c->connector);
    free(c->names);
    free(c->values);
    *c = (struct connector_config){0};
}
