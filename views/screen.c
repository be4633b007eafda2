/*
 * The console's state: what is known, what is looked at. What a keystroke does is in screen_keys.c,
 * what may be changed in screen_change.c, the past in screen_time.c, the frame in screen_draw.c.
 */
#include "views/screen.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "views/pane.h"
#include "views/screen_internal.h"

static const int64_t SAMPLE_US = 1000000; /* a sample of the sparklines */

static const struct pane *const panes[PANE_COUNT] = {
    [PANE_OVERVIEW] = &pane_overview,   [PANE_CONNECTORS] = &pane_connectors,
    [PANE_TOPICS] = &pane_topics,       [PANE_DAGS] = &pane_dags,
    [PANE_AIRPORTS] = &pane_airports,   [PANE_FLYERS] = &pane_flyers,
    [PANE_WAREHOUSE] = &pane_warehouse, [PANE_SOURCE] = &pane_source,
    [PANE_QUERY] = &pane_query,         [PANE_EVENTS] = &pane_events,
};

const struct pane *pane_of(enum pane_id id)
{
    return panes[id];
}

static enum err init_state(struct screen *s, int pane, struct errbuf *e)
{
    if (!panes[pane]->state_size)
        return ERR_OK;
    s->state[pane] = calloc(1, panes[pane]->state_size);
    if (!s->state[pane])
        return err_set(e, ERR_NOMEM, "no memory for the pane %s", panes[pane]->name);
    if (panes[pane]->init_state)
        panes[pane]->init_state(s, s->state[pane]);
    return ERR_OK;
}

enum err screen_init(struct screen *s, int h, int w, enum glyphs glyphs, bool ascii,
                     struct errbuf *e)
{
    *s = (struct screen){.glyphs = glyphs, .ascii = ascii};
    screen_set_size(s, h, w);
    for (int i = 0; i < PANE_COUNT; i++) {
        s->tables[i].sort = -1;
        enum err rc = init_state(s, i, e);
        if (rc != ERR_OK) {
            screen_free(s);
            return rc;
        }
    }
    s->tables[PANE_EVENTS].follow = true;
    return ERR_OK;
}

void screen_free(struct screen *s)
{
    snapshot_free(s->snapshot);
    snapshot_free(s->live);
    event_list_free(&s->events);
    json_decref(s->question.params);
    for (int i = 0; i < PANE_COUNT; i++) {
        table_free(&s->tables[i]);
        if (s->state[i] && panes[i]->free_state)
            panes[i]->free_state(s->state[i]);
        free(s->state[i]);
    }
    *s = (struct screen){0};
}

void screen_set_size(struct screen *s, int h, int w)
{
    s->h = h < 1 ? 1 : h > GRID_SIDE_MAX ? GRID_SIDE_MAX : h;
    s->w = w < 1 ? 1 : w > GRID_SIDE_MAX ? GRID_SIDE_MAX : w;
}

void screen_say(struct screen *s, uint16_t style, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(s->message, sizeof s->message, fmt, ap);
    va_end(ap);
    s->message_style = style;
    s->message_until_us = s->now_us + SCREEN_MESSAGE_US;
}

/* ---- data in ---- */

void screen_update_table(struct screen *s, struct table_state *t, const struct table_model *m)
{
    struct errbuf e;
    if (table_update(t, m, &e) != ERR_OK)
        screen_say(s, STYLE_BROKEN, "%s", e.text);
}

void screen_update_tables(struct screen *s)
{
    struct table_model m;
    struct table_state *t;
    for (int i = 0; i < PANE_COUNT; i++) {
        panes[i]->model(s, &m);
        screen_update_table(s, &s->tables[i], &m);
    }
    if (s->detail && panes[s->pane]->table && panes[s->pane]->table(s, &m, &t))
        screen_update_table(s, t, &m);
}

static void show(struct screen *s, struct snapshot *snapshot)
{
    snapshot_free(s->snapshot);
    s->snapshot = snapshot;
    screen_update_tables(s);
}

void screen_take_snapshot(struct screen *s, struct snapshot *snapshot)
{
    for (int64_t at = s->data_us + 2 * SAMPLE_US; s->snapshot && at <= s->now_us; at += SAMPLE_US) {
        history_add(&s->history, NULL); /* a gap as long as nothing was known */
        if (s->now_us - at > HISTORY_SAMPLES * SAMPLE_US)
            at = s->now_us - HISTORY_SAMPLES * SAMPLE_US;
    }
    const struct snapshot *before = screen_newest(s);
    if (before && strcmp(before->environment.name, snapshot->environment.name) != 0)
        s->elevated_until_us = 0; /* another place: it was not meant */
    s->data_us = s->now_us;
    s->link = LINK_UP;
    history_add(&s->history, snapshot);
    if (s->snapshot && screen_is_held(s)) {
        snapshot_free(s->live);
        s->live = snapshot;
    } else {
        show(s, snapshot);
    }
}

enum err screen_take_events(struct screen *s, const json_t *answer, struct errbuf *e)
{
    size_t added;
    enum err rc = event_list_add(&s->events, answer, &added, e);
    if (added)
        screen_update_tables(s);
    return rc;
}

void screen_forget_events(struct screen *s)
{
    event_list_free(&s->events);
    screen_update_tables(s);
}

void screen_set_link(struct screen *s, enum link_state link, int64_t retry_at_us, const char *why)
{
    s->link = link;
    if (link != LINK_UP)
        s->elevated_until_us = 0; /* it ends with the connection that asked for it */
    s->retry_at_us = retry_at_us;
    (void)snprintf(s->link_text, sizeof s->link_text, "%s", why);
}

/* ---- what is asked of the engine ---- */

bool screen_ask(const struct screen *s, int i, struct ask *out)
{
    *out = (struct ask){0};
    if (screen_time_ask(s, out)) {
        if (i == 0)
            return true;
        json_decref(out->params);
        *out = (struct ask){0};
        i--;
    }
    if (screen_refresh_ask(s, &i, out))
        return true;
    return panes[s->pane]->ask && panes[s->pane]->ask(s, i, out);
}

static void say_done(struct screen *s, const struct answer *a, const char *label)
{
    const char *state = json_string_value(json_object_get(a->result, "state"));
    if (a->code != ERR_OK)
        screen_say(s, STYLE_BROKEN, "%s: %s", label, a->text);
    else
        screen_say(s, STYLE_PLAIN, "%s: done%s%s", label, state ? ", it is " : "",
                   state ? state : "");
}

/* One that is still asked for: held still, nothing else may change what is shown. */
static bool is_wanted(const struct screen *s, const struct answer *a)
{
    struct ask ask;
    bool wanted = false;
    for (int i = 0; !wanted && screen_ask(s, i, &ask); i++) {
        wanted = strcmp(ask.method, a->method) == 0 &&
                 (ask.params ? json_equal(ask.params, a->params) : !a->params);
        json_decref(ask.params);
    }
    return wanted;
}

void screen_take_answer(struct screen *s, const struct answer *a, const char *label)
{
    bool own_order = label || strncmp(a->method, "query.", 6) == 0;
    if (!own_order && screen_is_still(s) && !is_wanted(s, a))
        return;
    bool said = screen_refresh_take(s, a, label);
    if (!label && screen_time_take(s, a))
        return;
    screen_take_elevation(s, a);
    for (int i = 0; i < PANE_COUNT; i++) { /* a pane knows its own methods */
        if (!label && panes[i]->take)
            panes[i]->take(s, a);
        if (label && !said && panes[i]->done)
            said = panes[i]->done(s, a, label);
    }
    if (label && !said)
        say_done(s, a, label);
    screen_update_tables(s);
}

void screen_edited(struct screen *s, const char *text, struct effect *out)
{
    *out = (struct effect){.kind = EFFECT_NOTHING};
    if (panes[s->pane]->edited)
        panes[s->pane]->edited(s, text, out);
}

/* ---- where we are ---- */

context_t screen_pane_context(const struct screen *s)
{
    const struct pane *p = panes[s->pane];
    if (p->where)
        return p->where(s);
    return s->detail ? p->detail_context : p->context;
}

context_t screen_context(const struct screen *s)
{
    switch (s->mode) {
    case MODE_HELP:
        return CONTEXT_HELP;
    case MODE_FILTER:
        return CONTEXT_FILTER;
    case MODE_COMMAND:
        return CONTEXT_COMMAND;
    case MODE_PROMPT:
        return CONTEXT_PROMPT;
    case MODE_CONFIRM:
        return CONTEXT_CONFIRM;
    case MODE_TYPED:
        return CONTEXT_TYPED;
    case MODE_BROWSE:
        break;
    }
    return screen_pane_context(s);
}

const char *screen_object(const struct screen *s)
{
    if (s->detail)
        return s->object;
    return table_key(&s->tables[s->pane]);
}

bool screen_object_pane(const struct screen *s, const char *object, enum pane_id *pane)
{
    if (object && snapshot_connector(s->snapshot, object))
        *pane = PANE_CONNECTORS;
    else if (object && snapshot_topic(s->snapshot, object))
        *pane = PANE_TOPICS;
    else if (object && snapshot_dag(s->snapshot, object))
        *pane = PANE_DAGS;
    else
        return false;
    return true;
}

size_t screen_event_count(const struct screen *s)
{
    size_t n = s->events.n;
    while (s->shown_us && n > 0 && s->events.events[n - 1].ts_us > s->shown_us)
        n--;
    while (screen_is_still(s) && n > 0 && s->events.events[n - 1].id > s->held_event)
        n--;
    return n;
}

/* ---- moving ---- */

void screen_leave_detail(struct screen *s)
{
    if (s->detail && panes[s->pane]->left)
        panes[s->pane]->left(s);
    s->detail = false;
    s->scroll = 0;
}

void screen_open(struct screen *s, enum pane_id pane, const char *object)
{
    screen_leave_detail(s);
    s->pane = pane;
    s->mode = MODE_BROWSE;
    if (!object || !panes[pane]->detail_context)
        return;
    (void)snprintf(s->object, sizeof s->object, "%s", object);
    (void)snprintf(s->tables[pane].key, TABLE_KEY_MAX, "%s", object);
    s->tables[pane].chosen = true;
    s->tables[pane].follow = false;
    s->detail = true;
    if (panes[pane]->opened)
        panes[pane]->opened(s);
    screen_update_tables(s);
}

bool screen_find_pane(const char *name, enum pane_id *out)
{
    char key[KEY_LABEL_MAX];
    size_t n = strlen(name);
    for (int i = 0; i < PANE_COUNT && n; i++) {
        const char *at = strstr(panes[i]->aliases, name);
        while (at && !((at == panes[i]->aliases || at[-1] == ' ') && (!at[n] || at[n] == ' ')))
            at = strstr(at + 1, name);
        if (at || strcmp(key_label(panes[i]->key, key, sizeof key), name) == 0) {
            *out = (enum pane_id)i;
            return true;
        }
    }
    return false;
}

struct table_state *screen_table(struct screen *s, struct table_model *m)
{
    struct table_state *t = &s->tables[s->pane];
    if (s->mode == MODE_HELP)
        return NULL;
    if (s->detail)
        return panes[s->pane]->table && panes[s->pane]->table(s, m, &t) ? t : NULL;
    panes[s->pane]->model(s, m);
    return t;
}
