/*
 * What a keystroke does: (screen, key) to (screen, effect).
 *
 * Modes: BROWSE is the panes; HELP lies over them; FILTER and COMMAND edit one line of input;
 * CONFIRM asks about one action on one object, whose name was fixed when the question was asked: a
 * refresh that moves rows meanwhile cannot change what is acted on.
 */
#include "views/screen.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "views/pane.h"

static const int64_t SAMPLE_US = 1000000; /* a sample of the sparklines */

static const struct pane *const panes[PANE_COUNT] = {
    [PANE_OVERVIEW] = &pane_overview,
    [PANE_CONNECTORS] = &pane_connectors,
    [PANE_TOPICS] = &pane_topics,
    [PANE_EVENTS] = &pane_events,
};

const struct pane *pane_of(enum pane_id id)
{
    return panes[id];
}

void screen_init(struct screen *s, int h, int w, enum glyphs glyphs, bool ascii)
{
    *s = (struct screen){.glyphs = glyphs, .ascii = ascii};
    screen_set_size(s, h, w);
    for (int i = 0; i < PANE_COUNT; i++)
        s->tables[i].sort = -1;
    s->parts.sort = -1;
    s->tables[PANE_EVENTS].follow = true;
    s->tables[PANE_OVERVIEW].follow = true;
}

void screen_free(struct screen *s)
{
    snapshot_free(s->snapshot);
    event_list_free(&s->events);
    connector_config_free(&s->config);
    for (int i = 0; i < PANE_COUNT; i++)
        table_free(&s->tables[i]);
    table_free(&s->parts);
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

static void update_table(struct screen *s, struct table_state *t, const struct table_model *m)
{
    struct errbuf e;
    if (table_update(t, m, &e) != ERR_OK)
        screen_say(s, STYLE_BROKEN, "%s", e.text);
}

static void update_tables(struct screen *s)
{
    struct table_model m;
    for (int i = 0; i < PANE_COUNT; i++) {
        panes[i]->model(s, &m);
        update_table(s, &s->tables[i], &m);
    }
    if (s->pane == PANE_TOPICS && s->detail) {
        topic_parts_model(s, &m);
        update_table(s, &s->parts, &m);
    }
}

void screen_take_snapshot(struct screen *s, struct snapshot *snapshot)
{
    for (int64_t at = s->data_us + 2 * SAMPLE_US; s->snapshot && at <= s->now_us; at += SAMPLE_US) {
        history_add(&s->history, NULL); /* a gap as long as nothing was known */
        if (s->now_us - at > HISTORY_SAMPLES * SAMPLE_US)
            at = s->now_us - HISTORY_SAMPLES * SAMPLE_US;
    }
    snapshot_free(s->snapshot);
    s->snapshot = snapshot;
    s->data_us = s->now_us;
    s->link = LINK_UP;
    history_add(&s->history, snapshot);
    update_tables(s);
}

enum err screen_take_events(struct screen *s, const json_t *answer, struct errbuf *e)
{
    size_t added;
    enum err rc = event_list_add(&s->events, answer, &added, e);
    if (added)
        update_tables(s);
    return rc;
}

enum err screen_take_config(struct screen *s, const json_t *answer, struct errbuf *e)
{
    connector_config_free(&s->config);
    return connector_config_from_json(answer, &s->config, e);
}

void screen_forget_events(struct screen *s)
{
    event_list_free(&s->events);
    update_tables(s);
}

void screen_set_link(struct screen *s, enum link_state link, int64_t retry_at_us, const char *why)
{
    s->link = link;
    s->retry_at_us = retry_at_us;
    (void)snprintf(s->link_text, sizeof s->link_text, "%s", why);
}

const char *screen_wants_config(const struct screen *s)
{
    bool open = s->pane == PANE_CONNECTORS && s->detail;
    if (!open || (s->config.connector && strcmp(s->config.connector, s->object) == 0))
        return NULL;
    return s->object;
}

/* ---- where we are ---- */

enum context screen_context(const struct screen *s)
{
    switch (s->mode) {
    case MODE_HELP:
        return CONTEXT_HELP;
    case MODE_FILTER:
        return CONTEXT_FILTER;
    case MODE_COMMAND:
        return CONTEXT_COMMAND;
    case MODE_CONFIRM:
        return CONTEXT_CONFIRM;
    case MODE_BROWSE:
        break;
    }
    return s->detail ? panes[s->pane]->detail_context : panes[s->pane]->context;
}

/* The key of the row that an action is about; NULL when there is none. */
static const char *object_of(const struct screen *s)
{
    if (s->detail)
        return s->object;
    return s->tables[s->pane].n ? s->tables[s->pane].key : NULL;
}

/* The event that is open or selected. */
static const struct event *event_of(const struct screen *s)
{
    return event_list_find(&s->events, object_of(s));
}

static bool object_pane(const struct screen *s, const char *object, enum pane_id *pane)
{
    if (object && snapshot_connector(s->snapshot, object))
        *pane = PANE_CONNECTORS;
    else if (object && snapshot_topic(s->snapshot, object))
        *pane = PANE_TOPICS;
    else
        return false;
    return true;
}

static bool can_open(const struct screen *s)
{
    enum pane_id pane;
    const struct event *v;
    if (s->pane == PANE_EVENTS && s->detail)
        return (v = event_of(s)) != NULL && object_pane(s, v->object, &pane);
    return !s->detail && s->tables[s->pane].n > 0;
}

static bool can_change(const struct screen *s, enum action a)
{
    const char *name = object_of(s);
    const struct snap_connector *c = name ? snapshot_connector(s->snapshot, name) : NULL;
    if (!c || s->read_only || s->link != LINK_UP)
        return false;
    bool still = strcmp(c->state, "PAUSED") == 0 || strcmp(c->state, "STOPPED") == 0;
    bool stopped = strcmp(c->state, "STOPPED") == 0;
    bool failed = strcmp(c->state, "FAILED") == 0;
    switch (a) {
    case ACTION_PAUSE:
        return !still && !failed;
    case ACTION_RESUME:
        return still;
    case ACTION_STOP:
        return !stopped;
    default:
        return !still; /* restart */
    }
}

bool screen_can(const struct screen *s, enum action a)
{
    switch (a) {
    case ACTION_OPEN:
        return can_open(s);
    case ACTION_BACK:
        return s->detail || s->tables[s->pane].filter[0];
    case ACTION_PAUSE:
    case ACTION_RESUME:
    case ACTION_STOP:
    case ACTION_RESTART:
        return can_change(s, a);
    case ACTION_RECONNECT:
        return s->link != LINK_UP || s->now_us - s->data_us > SCREEN_FRESH_US;
    default:
        return true;
    }
}

/* ---- moving ---- */

static void leave_detail(struct screen *s)
{
    s->detail = false;
    s->scroll = 0;
    connector_config_free(&s->config);
}

void screen_open(struct screen *s, enum pane_id pane, const char *object)
{
    leave_detail(s);
    s->pane = pane;
    s->mode = MODE_BROWSE;
    if (!object || !panes[pane]->detail_context)
        return;
    (void)snprintf(s->object, sizeof s->object, "%s", object);
    (void)snprintf(s->tables[pane].key, TABLE_KEY_MAX, "%s", object);
    s->tables[pane].follow = false;
    s->detail = true;
    table_free(&s->parts);
    s->parts = (struct table_state){.sort = -1};
    update_tables(s);
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

/* What j and k move: rows, or text. */
static struct table_state *moving_table(struct screen *s, struct table_model *m)
{
    if (s->mode == MODE_HELP || (s->detail && s->pane != PANE_TOPICS))
        return NULL;
    if (s->detail) {
        topic_parts_model(s, m);
        return &s->parts;
    }
    panes[s->pane]->model(s, m);
    return &s->tables[s->pane];
}

static void move(struct screen *s, enum action a)
{
    long page = s->h > 8 ? s->h - 6 : 1;
    long by = a == ACTION_UP          ? -1
              : a == ACTION_DOWN      ? 1
              : a == ACTION_PAGE_UP   ? -page
              : a == ACTION_PAGE_DOWN ? page
              : a == ACTION_TOP       ? -(1L << 30)
                                      : 1L << 30;
    struct table_model m;
    struct table_state *t = moving_table(s, &m);
    if (t) {
        table_move(t, &m, by);
        if (s->pane == PANE_OVERVIEW && !t->selected)
            t->follow = true;
        return;
    }
    long to = (long)s->scroll + by;
    s->scroll = to < 0 ? 0 : to > (long)s->scroll_max ? s->scroll_max : (size_t)to;
}

static void sort(struct screen *s, enum action a)
{
    struct table_model m;
    struct table_state *t = moving_table(s, &m);
    if (!t)
        return;
    if (a == ACTION_SORT)
        table_sort_next(t, &m);
    else
        t->descending = !t->descending;
    update_table(s, t, &m);
    if (t->sort < 0)
        screen_say(s, STYLE_PLAIN, "in the engine's order");
    else
        screen_say(s, STYLE_PLAIN, "sorted by %s, %s", m.columns[t->sort].title,
                   t->descending ? "largest first" : "smallest first");
}

/* The pane that Tab goes to. */
static void step_pane(struct screen *s, int by)
{
    screen_open(s, (enum pane_id)(((int)s->pane + by + PANE_COUNT) % PANE_COUNT), NULL);
}

static void open_selected(struct screen *s)
{
    enum pane_id pane = s->pane;
    bool of_event = s->pane == PANE_EVENTS || s->pane == PANE_OVERVIEW;
    const struct event *v = of_event ? event_of(s) : NULL;
    const char *object = object_of(s);
    if (v && (s->pane == PANE_OVERVIEW || s->detail)) { /* what it is about, else its text */
        if (object_pane(s, v->object, &pane))
            object = v->object;
        else
            pane = PANE_EVENTS;
    }
    char copy[TABLE_KEY_MAX];
    (void)snprintf(copy, sizeof copy, "%s", object ? object : "");
    screen_open(s, pane, copy);
}

static void go_back(struct screen *s)
{
    if (s->detail) {
        leave_detail(s);
        return;
    }
    if (s->tables[s->pane].filter[0]) {
        s->tables[s->pane].filter[0] = '\0';
        update_tables(s);
    }
}

/* ---- acting ---- */

static const char *method_of(enum action a)
{
    switch (a) {
    case ACTION_PAUSE:
        return "connector.pause";
    case ACTION_RESUME:
        return "connector.resume";
    case ACTION_STOP:
        return "connector.stop";
    default:
        return "connector.restart";
    }
}

static void ask(struct screen *s, enum action a)
{
    if (s->read_only) {
        screen_say(s, STYLE_ATTENTION,
                   "this console only looks (role: viewer in the configuration)");
    } else if (!screen_can(s, a)) {
        const char *name = object_of(s);
        const struct snap_connector *c = name ? snapshot_connector(s->snapshot, name) : NULL;
        if (s->link != LINK_UP)
            screen_say(s, STYLE_ATTENTION, "the engine is away: nothing can be changed now");
        else
            screen_say(s, STYLE_ATTENTION, "%s: %s is %s", action_info(a)->word, name ? name : "-",
                       c ? c->state : "gone");
    } else {
        s->mode = MODE_CONFIRM;
        s->confirm = a;
        (void)snprintf(s->confirm_object, sizeof s->confirm_object, "%s", object_of(s));
    }
}

static void act(struct screen *s, enum action a, struct effect *out)
{
    switch (a) {
    case ACTION_OPEN:
        if (screen_can(s, a))
            open_selected(s);
        break;
    case ACTION_BACK:
        go_back(s);
        break;
    case ACTION_PAUSE:
    case ACTION_RESUME:
    case ACTION_STOP:
    case ACTION_RESTART:
        ask(s, a);
        break;
    case ACTION_FOLLOW:
        s->tables[s->pane].follow = !s->tables[s->pane].follow;
        update_tables(s);
        break;
    case ACTION_FILTER:
        s->mode = MODE_FILTER;
        (void)snprintf(s->input, sizeof s->input, "%s", s->tables[s->pane].filter);
        (void)snprintf(s->before, sizeof s->before, "%s", s->tables[s->pane].filter);
        break;
    case ACTION_COMMAND:
        s->mode = MODE_COMMAND;
        s->input[0] = '\0';
        break;
    case ACTION_SORT:
    case ACTION_REVERSE:
        sort(s, a);
        break;
    case ACTION_NEXT_PANE:
        step_pane(s, 1);
        break;
    case ACTION_PREVIOUS_PANE:
        step_pane(s, -1);
        break;
    case ACTION_RECONNECT:
        out->kind = EFFECT_RECONNECT;
        break;
    case ACTION_REDRAW:
        out->kind = EFFECT_REDRAW;
        break;
    case ACTION_HELP:
        s->mode = MODE_HELP;
        s->scroll = 0;
        break;
    case ACTION_LEAVE:
        out->kind = EFFECT_LEAVE;
        break;
    case ACTION_CLOSE:
    case ACTION_CLOSE_TOO:
        s->mode = MODE_BROWSE;
        s->scroll = 0;
        break;
    default:
        move(s, a);
    }
}

/* ---- input lines ---- */

static void set_filter(struct screen *s, const char *text)
{
    (void)snprintf(s->tables[s->pane].filter, TABLE_FILTER_MAX, "%s", text);
    update_tables(s);
}

static void type_char(struct screen *s, uint32_t key)
{
    struct buf b;
    if (key < 0x20 || (key >= 0x7f && key < 0xa0) || key > 0x10ffff)
        return;
    buf_init(&b, SCREEN_INPUT_MAX - 1);
    buf_str(&b, s->input);
    utf8_put(&b, key);
    if (!buf_failed(&b))
        (void)snprintf(s->input, sizeof s->input, "%s", buf_cstr(&b));
    buf_free(&b);
}

static void erase_char(struct screen *s)
{
    size_t n = strlen(s->input);
    while (n > 0 && ((unsigned char)s->input[n - 1] & 0xc0) == 0x80)
        n--;
    s->input[n > 0 ? n - 1 : 0] = '\0';
}

/* Does `:` know this action here? Only what the help line knows. */
static bool is_command(enum action a, unsigned contexts)
{
    const struct action_info *i = action_info(a);
    return i->word[0] && (i->contexts & contexts) && !(i->contexts & CONTEXT_INPUT) &&
           a != ACTION_COMMAND;
}

const char *screen_complete(const struct screen *s, int skip)
{
    size_t n = strlen(s->input);
    for (int i = 0; i < PANE_COUNT; i++)
        if (strncasecmp(panes[i]->name, s->input, n) == 0 && skip-- == 0)
            return panes[i]->name;
    unsigned contexts = s->detail ? panes[s->pane]->detail_context : panes[s->pane]->context;
    for (int a = ACTION_NONE + 1; a < ACTION_COUNT; a++)
        if (is_command((enum action)a, contexts) && screen_can(s, (enum action)a) &&
            strncmp(action_info((enum action)a)->word, s->input, n) == 0 && skip-- == 0)
            return action_info((enum action)a)->word;
    return NULL;
}

static void run_command(struct screen *s, struct effect *out)
{
    enum pane_id pane;
    char lower[SCREEN_INPUT_MAX];
    (void)snprintf(lower, sizeof lower, "%s", s->input);
    for (char *p = lower; *p; p++)
        *p = (char)(*p >= 'A' && *p <= 'Z' ? *p + ('a' - 'A') : *p);
    s->mode = MODE_BROWSE;
    if (!lower[0])
        return;
    if (screen_find_pane(lower, &pane)) {
        screen_open(s, pane, NULL);
        return;
    }
    unsigned context = screen_context(s);
    for (int a = ACTION_NONE + 1; a < ACTION_COUNT; a++) {
        if (is_command((enum action)a, context) &&
            strcmp(action_info((enum action)a)->word, lower) == 0) {
            act(s, (enum action)a, out);
            return;
        }
    }
    if (strcmp(lower, "q") == 0 || strcmp(lower, "quit") == 0 || strcmp(lower, "exit") == 0) {
        out->kind = EFFECT_LEAVE;
        return;
    }
    const char *first = screen_complete(s, 0);
    if (first && !screen_complete(s, 1)) { /* an unambiguous beginning will do */
        (void)snprintf(s->input, sizeof s->input, "%s", first);
        run_command(s, out);
        return;
    }
    screen_say(s, STYLE_ATTENTION, "there is no pane or action \"%s\" here (Tab completes)", lower);
}

static void input_key(struct screen *s, enum action a, uint32_t key, struct effect *out)
{
    switch (a) {
    case ACTION_ACCEPT:
        if (s->mode == MODE_COMMAND)
            run_command(s, out);
        else
            s->mode = MODE_BROWSE;
        return;
    case ACTION_CANCEL:
        if (s->mode == MODE_FILTER)
            set_filter(s, s->before);
        s->mode = MODE_BROWSE;
        return;
    case ACTION_COMPLETE: {
        const char *name = screen_complete(s, 0);
        if (name)
            (void)snprintf(s->input, sizeof s->input, "%s", name);
        return;
    }
    case ACTION_ERASE:
        erase_char(s);
        break;
    case ACTION_ERASE_ALL:
        s->input[0] = '\0';
        break;
    default:
        type_char(s, key);
    }
    if (s->mode == MODE_FILTER)
        set_filter(s, s->input);
}

static void confirm_key(struct screen *s, enum action a, struct effect *out)
{
    if (a == ACTION_YES) {
        out->kind = EFFECT_CALL;
        out->method = method_of(s->confirm);
        (void)snprintf(out->object, sizeof out->object, "%s", s->confirm_object);
        screen_say(s, STYLE_PLAIN, "%s %s: asked the engine", action_info(s->confirm)->word,
                   s->confirm_object);
    } else if (a != ACTION_NO) {
        return; /* any other key is no answer */
    }
    s->mode = MODE_BROWSE;
}

void screen_key(struct screen *s, uint32_t key, struct effect *out)
{
    *out = (struct effect){.kind = EFFECT_NOTHING};
    enum action a = keymap_find(screen_context(s), key);
    s->message[0] = '\0';
    if (s->mode == MODE_FILTER || s->mode == MODE_COMMAND) {
        input_key(s, a, key, out);
        return;
    }
    if (s->mode == MODE_CONFIRM) {
        confirm_key(s, a, out);
        return;
    }
    if (a != ACTION_NONE) {
        act(s, a, out);
        return;
    }
    for (int i = 0; i < PANE_COUNT && s->mode == MODE_BROWSE; i++)
        if (panes[i]->key == key)
            screen_open(s, (enum pane_id)i, NULL);
}
