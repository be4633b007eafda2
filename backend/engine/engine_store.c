/*
 * What survives a restart, between the engine and its store (backend/state/store.h).
 *
 * At start, the configuration's files and the store are laid over each other, a name at a time:
 *   nothing stored             the file's connector, running
 *   a state stored             the file's connector, in that state
 *   DELETED stored             the file's connector is left out
 *   a configuration stored     it goes before the file's: it was applied later
 *   .. the same as the file's  the file's from now on: the operator changed both
 *   .. that has faults         neither runs, an event says why: the file's could read and write
 *                              something else than what the operator asked for
 * All that is to go has gone before anything stored is added, so that a slot can change its owner.
 */
#include <stdlib.h>
#include <string.h>

#include "backend/base/clock.h"
#include "backend/base/log.h"
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

/* ---- the stored connectors, at start ---- */

static enum err remember_files(struct engine *g, struct errbuf *e)
{
    g->from_files = calloc((size_t)g->n_connectors + 1, sizeof *g->from_files);
    if (!g->from_files)
        return err_set(e, ERR_NOMEM, "no memory for the connectors' names");
    for (int i = 0; i < g->n_connectors; i++) {
        char *name = strdup(g->connectors[i]->name);
        if (!name)
            return err_set(e, ERR_NOMEM, "no memory for the connectors' names");
        g->from_files[g->n_from_files++] = name;
    }
    return ERR_OK;
}

static const char *place_of(const struct engine_connector *c)
{
    return c->config->file ? c->config->file : "the configuration (built in)";
}

static bool same_text(const struct engine_connector *c, const char *config)
{
    struct buf text;
    buf_init(&text, 0);
    connector_write(c->config, &text);
    bool same = !buf_failed(&text) && !strcmp(buf_cstr(&text), config);
    buf_free(&text);
    return same;
}

/* Takes out the file's connector that the store hides or replaces. */
static enum err lay_over(struct engine *g, struct store_connector *s, struct errbuf *e)
{
    char at[CLOCK_TEXT_MAX];
    struct engine_connector *c = engine_find(g, s->name);
    enum err rc = ERR_OK;
    if (!c || (s->state != STORE_DELETED && !s->config))
        return ERR_OK;
    (void)clock_format_utc(s->updated_us, at, sizeof at);
    if (s->state == STORE_DELETED) {
        log_info("connector",
                 "%s of %s is left out: it was deleted at %s; `flightdeck connector "
                 "apply` brings it back",
                 s->name, place_of(c), at);
    } else if (same_text(c, s->config)) {
        log_info("connector", "%s: %s says what was applied at %s: the file counts again", s->name,
                 place_of(c), at);
        rc = store_connector_forget_config(g->store, s->name, e);
        free(s->config);
        s->config = NULL;
        return rc;
    } else {
        log_info("connector", "%s: what was applied at run time (%s) counts, not %s", s->name, at,
                 place_of(c));
    }
    engine_connector_destroy(engine_take(g, s->name));
    return ERR_OK;
}

static enum err add_stored(struct engine *g, const struct store_connector *s, struct errbuf *e)
{
    struct connector *k = NULL;
    struct engine_connector *c;
    struct faults faults;
    struct errbuf why;
    char text[ERRBUF_TEXT_MAX + 256];
    faults_init(&faults);
    enum err rc =
        connector_parse(g->config, s->config, strlen(s->config), s->name, NULL, &k, &faults, &why);
    if (!rc)
        rc = engine_check_conflict(g, k, &why);
    if (!rc)
        rc = engine_add(g, k, &c, &why);
    if (!rc)
        k = NULL; /* the engine's now */
    if (rc) {
        (void)snprintf(text, sizeof text,
                       "left out: what was applied at run time can no longer be used: %s: apply it "
                       "anew, or delete it",
                       why.text);
        log_error("connector", "%s: %s", s->name, text);
        engine_note(g, "error", "connector", "engine", s->name, text);
    }
    connector_free(k);
    faults_free(&faults);
    return rc == ERR_NOMEM ? err_set(e, rc, "%s", why.text) : ERR_OK;
}

enum err engine_load_stored(struct engine *g, struct errbuf *e)
{
    struct store_connectors all = {0};
    enum err rc = remember_files(g, e);
    if (!rc)
        rc = store_connectors_list(g->store, &all, e);
    for (int i = 0; i < all.n && !rc; i++)
        rc = lay_over(g, &all.items[i], e);
    for (int i = 0; i < all.n && !rc; i++)
        if (all.items[i].config && all.items[i].state != STORE_DELETED)
            rc = add_stored(g, &all.items[i], e);
    store_connectors_free(&all);
    return rc;
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

enum err engine_events(struct engine *g, int64_t after, int limit, json_t **result,
                       struct errbuf *e)
{
    struct store_events l = {0};
    enum err rc = store_events_list(g->store, after, limit, &l, e);
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
