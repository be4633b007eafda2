/*
 * What a keystroke does: (screen, key) to (screen, effect).
 *
 * Modes: BROWSE is the panes; HELP lies over them; FILTER, COMMAND and PROMPT edit one line of
 * input; CONFIRM and TYPED ask about one change, which was fixed when the question was asked. What
 * is pasted is text or nothing, in every mode.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "views/screen_internal.h"

/* ---- moving ---- */

static void move_by(struct screen *s, long by)
{
    struct table_model m;
    struct table_state *t = screen_table(s, &m);
    if (t) {
        table_move(t, &m, by);
        return;
    }
    long to = (long)s->scroll + by;
    s->scroll = to < 0 ? 0 : to > (long)s->scroll_max ? s->scroll_max : (size_t)to;
}

static void move(struct screen *s, enum action a)
{
    long page = s->h > 8 ? s->h - 6 : 1;
    long by = a == ACTION_UP                           ? -1
              : a == ACTION_DOWN                       ? 1
              : a == ACTION_PAGE_UP                    ? -page
              : a == ACTION_PAGE_DOWN                  ? page
              : a == ACTION_TOP || a == ACTION_TOP_TOO ? -(1L << 30)
                                                       : 1L << 30;
    move_by(s, by);
}

static void sort(struct screen *s, enum action a)
{
    struct table_model m;
    struct table_state *t = screen_table(s, &m);
    if (!t)
        return;
    if (a == ACTION_SORT)
        table_sort_next(t, &m);
    else
        t->descending = !t->descending;
    screen_update_table(s, t, &m);
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

/* The event that is open or selected. */
static const struct event *event_of(const struct screen *s)
{
    return s->pane == PANE_EVENTS ? event_list_find(&s->events, screen_object(s)) : NULL;
}

static bool can_open(const struct screen *s)
{
    enum pane_id pane;
    if (s->pane == PANE_EVENTS && s->detail) {
        const struct event *v = event_of(s);
        return v && screen_object_pane(s, v->object, &pane);
    }
    return !s->detail && table_key(&s->tables[s->pane]);
}

static void open_selected(struct screen *s)
{
    enum pane_id pane = s->pane;
    const struct event *v = event_of(s);
    const char *object = screen_object(s);
    if (v && s->detail && screen_object_pane(s, v->object, &pane)) /* what it is about */
        object = v->object;
    char copy[TABLE_KEY_MAX];
    (void)snprintf(copy, sizeof copy, "%s", object ? object : "");
    screen_open(s, pane, copy);
}

static bool can_go_back(const struct screen *s)
{
    return s->detail || s->tables[s->pane].filter[0] || screen_is_held(s);
}

static void go_back(struct screen *s)
{
    if (s->detail && pane_of(s->pane)->back && pane_of(s->pane)->back(s)) {
        screen_update_tables(s);
    } else if (s->detail) {
        screen_leave_detail(s);
    } else if (s->tables[s->pane].filter[0]) {
        s->tables[s->pane].filter[0] = '\0';
        screen_update_tables(s);
    } else if (screen_is_held(s)) {
        screen_time_act(s, ACTION_LIVE);
    }
}

/* ---- leaving ---- */

bool screen_holds(const struct screen *s, char *why, size_t n)
{
    size_t at = 0;
    why[0] = '\0';
    for (int i = 0; i < PANE_COUNT; i++) {
        const struct pane *p = pane_of((enum pane_id)i);
        char words[SCREEN_PREVIEW_MAX];
        if (p->holds && p->holds(s, words, sizeof words) && at < n)
            at += (size_t)snprintf(why + at, n - at, "%s%s", at ? "\n" : "", words);
    }
    return at > 0;
}

bool screen_wants_interrupt(const struct screen *s)
{
    char why[SCREEN_PREVIEW_MAX];
    return s->pane == PANE_QUERY || screen_holds(s, why, sizeof why);
}

/* At once, or after a question where something would break. */
static void leave(struct screen *s, struct effect *out)
{
    struct question q = {.leave = true, .label = "leave the console"};
    if (screen_holds(s, q.preview, sizeof q.preview))
        screen_ask_first(s, &q);
    else
        out->kind = EFFECT_LEAVE;
}

/* ---- acting ---- */

bool screen_can(const struct screen *s, enum action a)
{
    const struct pane *p = pane_of(s->pane);
    switch (a) {
    case ACTION_OPEN:
        return p->can && p->can(s, a) ? true : can_open(s);
    case ACTION_BACK:
        return can_go_back(s);
    case ACTION_RECONNECT:
        return s->link != LINK_UP || s->now_us - s->data_us > SCREEN_FRESH_US;
    case ACTION_ELEVATE:
        return screen_can_elevate(s);
    case ACTION_LIVE:
        return screen_is_held(s);
    case ACTION_EXPORT:
        return screen_can_export(s);
    case ACTION_REFRESH: /* only a pane knows how */
        return p->can && p->can(s, a);
    default:
        return !p->can || p->can(s, a);
    }
}

/* What lies over the pane, or leaves it. */
static bool act_on_frame(struct screen *s, enum action a, struct effect *out)
{
    switch (a) {
    case ACTION_NEXT_PANE:
        step_pane(s, 1);
        return true;
    case ACTION_PREVIOUS_PANE:
        step_pane(s, -1);
        return true;
    case ACTION_RECONNECT:
        out->kind = EFFECT_RECONNECT;
        return true;
    case ACTION_REDRAW:
        out->kind = EFFECT_REDRAW;
        return true;
    case ACTION_MOUSE:
        out->kind = EFFECT_MOUSE;
        return true;
    case ACTION_HELP:
    case ACTION_HELP_TOO:
        s->mode = MODE_HELP;
        s->scroll = 0;
        return true;
    case ACTION_LEAVE:
    case ACTION_LEAVE_TOO:
        leave(s, out);
        return true;
    case ACTION_CLOSE:
    case ACTION_CLOSE_TOO:
        s->mode = MODE_BROWSE;
        s->scroll = 0;
        return true;
    case ACTION_COMMAND:
        s->mode = MODE_COMMAND;
        s->input[0] = '\0';
        return true;
    case ACTION_ELEVATE:
        screen_elevate(s, out);
        return true;
    default:
        return false;
    }
}

static void begin_filter(struct screen *s)
{
    struct table_model m;
    struct table_state *t = screen_table(s, &m);
    if (!t)
        return;
    s->mode = MODE_FILTER;
    (void)snprintf(s->input, sizeof s->input, "%s", t->filter);
    (void)snprintf(s->before, sizeof s->before, "%s", t->filter);
}

static void toggle_follow(struct screen *s)
{
    struct table_model m;
    struct table_state *t = screen_table(s, &m);
    if (t)
        t->follow = !t->follow;
    screen_update_tables(s);
}

/* Nothing that is about a row is done once it went away: the key was meant for that one. */
static bool about_gone_row(struct screen *s, enum action a)
{
    struct table_model m;
    struct table_state *t = s->mode == MODE_BROWSE ? screen_table(s, &m) : NULL;
    bool about = t && t->gone && (a == ACTION_OPEN || a == ACTION_COPY || !screen_can(s, a));
    if (about)
        t->chosen = true; /* now it is worth a word */
    return about;
}

static void act(struct screen *s, enum action a, struct effect *out)
{
    const struct pane *p = pane_of(s->pane);
    if (about_gone_row(s, a)) {
        s->message[0] = '\0'; /* what stands there then says why */
        return;
    }
    if (s->mode == MODE_BROWSE && p->act && p->act(s, a, out))
        return;
    if (act_on_frame(s, a, out))
        return;
    switch (a) {
    case ACTION_OPEN:
        if (can_open(s))
            open_selected(s);
        break;
    case ACTION_BACK:
        go_back(s);
        break;
    case ACTION_FOLLOW:
        toggle_follow(s);
        break;
    case ACTION_FILTER:
        begin_filter(s);
        break;
    case ACTION_SORT:
    case ACTION_REVERSE:
        sort(s, a);
        break;
    case ACTION_COPY:
        screen_copy(s, out);
        break;
    case ACTION_EXPORT:
        screen_export(s);
        break;
    case ACTION_EARLIER:
    case ACTION_LATER:
    case ACTION_MUCH_EARLIER:
    case ACTION_MUCH_LATER:
    case ACTION_AT:
    case ACTION_FREEZE:
    case ACTION_LIVE:
        screen_time_act(s, a);
        break;
    default:
        move(s, a);
    }
}

/* ---- input lines ---- */

static void set_filter(struct screen *s, const char *text)
{
    struct table_model m;
    enum screen_mode mode = s->mode;
    s->mode = MODE_BROWSE; /* whose table is meant */
    struct table_state *t = screen_table(s, &m);
    s->mode = mode;
    if (t)
        (void)snprintf(t->filter, TABLE_FILTER_MAX, "%s", text);
    screen_update_tables(s);
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
static bool is_command(enum action a, context_t contexts)
{
    const struct action_info *i = action_info(a);
    return i->word[0] && (i->contexts & contexts) && !(i->contexts & CONTEXT_INPUT) &&
           a != ACTION_COMMAND;
}

const char *screen_complete(const struct screen *s, int skip)
{
    size_t n = strlen(s->input);
    for (int i = 0; i < PANE_COUNT; i++)
        if (strncasecmp(pane_of((enum pane_id)i)->name, s->input, n) == 0 && skip-- == 0)
            return pane_of((enum pane_id)i)->name;
    context_t contexts = screen_pane_context(s);
    for (int a = ACTION_NONE + 1; a < ACTION_COUNT; a++)
        if (is_command((enum action)a, contexts) && screen_can(s, (enum action)a) &&
            strncmp(action_info((enum action)a)->word, s->input, n) == 0 && skip-- == 0)
            return action_info((enum action)a)->word;
    if ((contexts & CONTEXT_BROWSE) && strncmp("at", s->input, n) == 0 && skip-- == 0)
        return "at"; /* with a time behind it */
    return NULL;
}

/* "at 18:05", or "at" alone: then it asks. */
static bool run_at(struct screen *s, const char *text)
{
    const char *time = text + 2;
    if (strncmp(text, "at", 2) != 0 || (*time && *time != ' '))
        return false;
    time += strspn(time, " ");
    if (*time)
        screen_time_go(s, time);
    else
        screen_time_act(s, ACTION_AT);
    return true;
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
    context_t context = screen_context(s);
    if ((context & CONTEXT_BROWSE) && run_at(s, lower))
        return;
    for (int a = ACTION_NONE + 1; a < ACTION_COUNT; a++) {
        if (is_command((enum action)a, context) &&
            strcmp(action_info((enum action)a)->word, lower) == 0) {
            act(s, (enum action)a, out);
            return;
        }
    }
    if (strcmp(lower, "q") == 0 || strcmp(lower, "quit") == 0 || strcmp(lower, "exit") == 0) {
        leave(s, out);
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

static void accept_input(struct screen *s, struct effect *out)
{
    char text[SCREEN_INPUT_MAX];
    switch (s->mode) {
    case MODE_COMMAND:
        run_command(s, out);
        return;
    case MODE_TYPED:
        if (s->question.method && strcmp(s->question.method, "engine.elevate") == 0)
            screen_elevate(s, out);
        else
            screen_accept(s, out);
        return;
    case MODE_PROMPT:
        (void)snprintf(text, sizeof text, "%s", s->input);
        s->mode = MODE_BROWSE;
        if (s->prompt == PROMPT_EXPORT)
            screen_export_to(s, text, out);
        else if (s->prompt == PROMPT_AT)
            screen_time_go(s, text);
        else if (pane_of(s->pane)->answered)
            pane_of(s->pane)->answered(s, s->prompt, text, out);
        return;
    default:
        s->mode = MODE_BROWSE;
    }
}

static void cancel_input(struct screen *s)
{
    if (s->mode == MODE_FILTER)
        set_filter(s, s->before);
    if (s->mode == MODE_TYPED)
        screen_refuse(s);
    s->mode = MODE_BROWSE;
}

static void input_key(struct screen *s, enum action a, uint32_t key, struct effect *out)
{
    const char *name;
    switch (a) {
    case ACTION_ACCEPT:
        accept_input(s, out);
        return;
    case ACTION_CANCEL:
        cancel_input(s);
        return;
    case ACTION_LEAVE_TOO: /* in pane 9 it drops what is typed */
        cancel_input(s);
        if (s->pane != PANE_QUERY)
            leave(s, out);
        return;
    case ACTION_COMPLETE:
        name = screen_complete(s, 0);
        if (name)
            (void)snprintf(s->input, sizeof s->input, "%s", name);
        return;
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

/* ---- pasting: text where text is typed, never keys ---- */

static void paste(struct screen *s, uint32_t key)
{
    const struct pane *p = pane_of(s->pane);
    uint32_t ch = key == VK_ENTER ? '\n' : key;
    s->paste_us = s->now_us;
    if (screen_context(s) & CONTEXT_INPUT) {
        type_char(s, ch);
        if (s->mode == MODE_FILTER)
            set_filter(s, s->input);
    } else if (s->mode != MODE_BROWSE || !p->paste || !p->paste(s, ch)) {
        if (!s->paste_said)
            screen_say(s, STYLE_ATTENTION, "pasted text is not taken as keys: nothing was done");
        s->paste_said = true;
    }
}

/* True: the key was one of a paste. */
static bool take_paste(struct screen *s, uint32_t key)
{
    bool begins = key == VK_PASTE_BEGIN;
    if (s->pasting && s->now_us - s->paste_us > SCREEN_PASTE_US)
        s->pasting = false;
    if (begins || key == VK_PASTE_END) {
        s->pasting = begins;
        s->paste_said = s->paste_said && !begins;
        s->paste_us = s->now_us;
        return true;
    }
    if (s->pasting)
        paste(s, key);
    return s->pasting;
}

/* Ctrl-C at a question is no yes; asked about leaving it is no answer. */
static void interrupt_question(struct screen *s, struct effect *out)
{
    if (s->question.leave)
        return;
    screen_refuse(s);
    if (s->pane != PANE_QUERY)
        leave(s, out);
}

void screen_key(struct screen *s, uint32_t key, struct effect *out)
{
    *out = (struct effect){.kind = EFFECT_NOTHING};
    if (take_paste(s, key))
        return;
    enum action a = keymap_find(screen_context(s), key);
    s->message[0] = '\0';
    if (screen_context(s) & CONTEXT_INPUT) {
        input_key(s, a, key, out);
        return;
    }
    if (s->mode == MODE_CONFIRM) { /* any other key is no answer */
        if (a == ACTION_YES)
            screen_accept(s, out);
        else if (a == ACTION_NO)
            screen_refuse(s);
        else if (a == ACTION_LEAVE_TOO)
            interrupt_question(s, out);
        return;
    }
    if (a != ACTION_NONE) {
        act(s, a, out);
        return;
    }
    if (s->mode != MODE_BROWSE)
        return;
    if (pane_of(s->pane)->type && pane_of(s->pane)->type(s, key))
        return;
    for (int i = 0; i < PANE_COUNT; i++)
        if (pane_of((enum pane_id)i)->key == key)
            screen_open(s, (enum pane_id)i, NULL);
}

/* ---- the mouse ---- */

/* A row is opened by a second press only where the first one selected it: a refresh may have put
 * another one under the pointer between the two. */
void screen_mouse(struct screen *s, enum mouse_event what, int y, int x, struct effect *out)
{
    enum { WHEEL_ROWS = 3 };
    struct table_model m;
    size_t place;
    *out = (struct effect){.kind = EFFECT_NOTHING};
    if (s->mode != MODE_BROWSE && s->mode != MODE_HELP)
        return; /* what is typed or asked is the keyboard's */
    s->message[0] = '\0';
    if (what == MOUSE_WHEEL_UP || what == MOUSE_WHEEL_DOWN) {
        move_by(s, what == MOUSE_WHEEL_UP ? -WHEEL_ROWS : WHEEL_ROWS);
        return;
    }
    struct table_state *t = screen_table(s, &m);
    if (!t || !table_at(t, y, x, &place))
        return;
    bool same = what == MOUSE_AGAIN && !t->gone && t->selected == place;
    table_select(t, &m, place);
    if (same)
        screen_key(s, VK_ENTER, out);
}
