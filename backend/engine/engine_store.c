#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/clock.h"
#include "backend/engine/engine_run.h"

enum { EVENTS_KEPT = 2000 };

struct engine_store {
    pthread_mutex_t mutex;
    json_t *events;
    json_t *states;
    int64_t last_id;
};

enum err engine_store_open(struct engine *g, struct errbuf *e)
{
    g->store = calloc(1, sizeof *g->store);
    if (!g->store)
        return err_set(e, ERR_NOMEM, "no memory for the store");
    (void)pthread_mutex_init(&g->store->mutex, NULL);
    g->store->events = json_array();
    g->store->states = json_object();
    return ERR_OK;
}

void engine_store_close(struct engine *g)
{
    if (!g->store)
        return;
    json_decref(g->store->events);
    json_decref(g->store->states);
    (void)pthread_mutex_destroy(&g->store->mutex);
    free(g->store);
}

enum err engine_store_state(struct engine *g, const char *name, char *out, size_t n,
                            struct errbuf *e)
{
    const char *s = json_string_value(json_object_get(g->store->states, name));
    if (!s)
        return err_set(e, ERR_NOT_FOUND, "%s is not stored", name);
    (void)snprintf(out, n, "%s", s);
    return ERR_OK;
}

enum err engine_store_set_state(struct engine *g, const char *name, const char *state,
                                struct errbuf *e)
{
    (void)e;
    (void)json_object_set_new(g->store->states, name, json_string(state));
    return ERR_OK;
}

enum err engine_store_put(struct engine *g, const char *name, const char *config, const char *state,
                          struct errbuf *e)
{
    (void)config;
    return engine_store_set_state(g, name, state, e);
}

enum err engine_store_delete(struct engine *g, const char *name, struct errbuf *e)
{
    (void)e;
    (void)json_object_del(g->store->states, name);
    return ERR_OK;
}

enum err engine_load_stored(struct engine *g, struct errbuf *e)
{
    (void)g;
    (void)e;
    return ERR_OK;
}

void engine_note(struct engine *g, const char *level, const char *area, const char *who,
                 const char *object, const char *text)
{
    struct engine_store *s = g->store;
    (void)pthread_mutex_lock(&s->mutex);
    if (json_array_size(s->events) >= EVENTS_KEPT)
        (void)json_array_remove(s->events, 0);
    (void)json_array_append_new(
        s->events, json_pack("{s:I, s:I, s:s, s:s, s:s, s:s, s:s}", "id", (json_int_t)++s->last_id,
                             "ts_us", (json_int_t)clock_wall_us(), "level", level, "area", area,
                             "who", who, "object", object, "text", text));
    (void)pthread_mutex_unlock(&s->mutex);
}

enum err engine_events(struct engine *g, int64_t after, int limit, json_t **result,
                       struct errbuf *e)
{
    struct engine_store *s = g->store;
    json_t *a = json_array();
    size_t i;
    json_t *x;
    (void)e;
    (void)pthread_mutex_lock(&s->mutex);
    json_array_foreach(s->events, i, x)
    {
        if (json_integer_value(json_object_get(x, "id")) > after &&
            json_array_size(a) < (size_t)limit)
            (void)json_array_append(a, x);
    }
    (void)pthread_mutex_unlock(&s->mutex);
    *result = json_pack("{s:o}", "events", a);
    return ERR_OK;
}
