/* What survives a restart, between the engine and its store (backend/state/store.h). Which
 * connectors run is decided in connector_overlay.c. */
#include <stdlib.h>
#include <string.h>

#include "backend/base/clock.h"
#include "backend/base/log.h"
#include "backend/engine/connector_overlay.h"
#include "backend/engine/engine_run.h"

enum err engine_store_open(struct engine *g, struct errbuf *e)
{
    return store_open(g->config->state_dir, &g->store, e);
}

void engine_store_close(struct engine *g)
{
    store_close(g->store);
    for (int i = 0; i < g->n_from_files; i++)
        free(g->from_files[i]);
    free(g->from_files);
}

enum err engine_store_state(struct engine *g, const char *name, enum store_state *out,
                            struct errbuf *e)
{
    struct store_connectors one = {0};
    *out = STORE_RUNNING;
    enum err rc = store_connector_get(g->store, name, &one, e);
    if (!rc)
        *out = one.items[0].state;
    store_connectors_free(&one);
    return rc == ERR_NOT_FOUND ? ERR_OK : rc;
}

bool engine_from_file(const struct engine *g, const char *name)
{
    for (int i = 0; i < g->n_from_files; i++)
        if (!strcmp(g->from_files[i], name))
            return true;
    return false;
}

/* ---- the connectors, at the start ---- */

static enum err remember_files(struct engine *g, const struct connector_list *l, struct errbuf *e)
{
    g->from_files = calloc((size_t)l->n + 1, sizeof *g->from_files);
    for (int i = 0; i < l->n && g->from_files; i++) {
        char *name = strdup(l->items[i]->name);
        if (!name)
            return err_set(e, ERR_NOMEM, "no memory for the connectors' names");
        g->from_files[g->n_from_files++] = name;
    }
    return g->from_files ? ERR_OK : err_set(e, ERR_NOMEM, "no memory for the connectors' names");
}

static void told(void *arg, enum overlay_word word, const char *name, const char *text)
{
    struct engine *g = arg;
    struct errbuf e;
    if (word == OVERLAY_FAULTY) {
        log_error("connector", "%s: %s", name, text);
        engine_note(g, "error", "connector", "engine", name, text);
        return;
    }
    log_info("connector", "%s: %s", name, text);
    /* not forgotten: the next start finds the same, and tries again */
    if (word == OVERLAY_SAME && store_connector_forget_config(g->store, name, &e) != ERR_OK)
        log_warning("store", "%s", e.text);
}

enum err engine_lay_over(struct engine *g, struct connector_list *l, struct errbuf *e)
{
    enum err rc = remember_files(g, l, e);
    return rc ? rc : connector_overlay(g->config, g->store, l, told, g, e);
}

/* ---- events ---- */

void engine_note(struct engine *g, const char *level, const char *area, const char *who,
                 const char *object, const char *text)
{
    struct errbuf e;
    const struct store_event event = {.ts_us = clock_wall_us(),
                                      .level = level,
                                      .area = area,
                                      .who = who,
                                      .object = object,
                                      .text = text};
    if (store_event_add(g->store, &event, &e) != ERR_OK)
        log_error("store", "an event is not kept (%s: %s): %s", object, text, e.text);
}

/* Texts have words of servers and file names in them: bytes that are no UTF-8 are replaced. */
static json_t *text_json(const char *s)
{
    json_t *j = json_string(s);
    if (j)
        return j;
    struct buf b;
    buf_init(&b, 0);
    buf_json_string(&b, s, strlen(s));
    j = json_loadb(b.p ? b.p : "", b.len, JSON_DECODE_ANY, NULL);
    buf_free(&b);
    return j;
}

enum err engine_events(struct engine *g, int64_t after, int64_t before, int limit, json_t **result,
                       struct errbuf *e)
{
    struct store_events l = {0};
    enum err rc = store_events_list(g->store, after, before, limit, &l, e);
    if (rc)
        return rc;
    json_t *a = json_array();
    for (int i = 0; i < l.n; i++) {
        const struct store_event *v = &l.items[i];
        (void)json_array_append_new(
            a, json_pack("{s:I, s:I, s:o, s:o, s:o, s:o, s:o}", "id", (json_int_t)v->id, "ts_us",
                         (json_int_t)v->ts_us, "level", text_json(v->level), "area",
                         text_json(v->area), "who", text_json(v->who), "object",
                         text_json(v->object), "text", text_json(v->text)));
    }
    *result = json_pack("{s:o}", "events", a);
    store_events_free(&l);
    return *result ? ERR_OK : err_set(e, ERR_NOMEM, "no memory for the events");
}
