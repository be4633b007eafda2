/*
 * The frame around the panes: title, tabs, help line, input line, message, help overlay.
 *
 * Rows are given away from the most needed on: a screen of one row has the title, of two the title
 * and the pane, of three a help line too, of five the tabs.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "views/screen_internal.h"

enum { MESSAGE_ROWS = 3, PREVIEW_ROWS = 12, TAB_NAME_MAX = 40, TABS_FROM = 5, HELP_FROM = 3 };

/* ---- title ---- */

static uint16_t environment_style(const char *kind)
{
    if (strcmp(kind, "production") == 0)
        return STYLE_ENV_PRODUCTION;
    if (strcmp(kind, "staging") == 0)
        return STYLE_ENV_STAGING;
    return strcmp(kind, "development") == 0 ? STYLE_ENV_DEVELOPMENT : STYLE_ENV_DEMO;
}

/* To the minute: an idle console has nothing to redraw. */
static void uptime_text(double s, char *out, size_t n)
{
    if (isnan(s))
        (void)snprintf(out, n, "-");
    else if (s < 60)
        (void)snprintf(out, n, "for less than 1 m");
    else if (s < 3600)
        (void)snprintf(out, n, "%d m", (int)(s / 60));
    else
        (void)unit_duration(s, out, n);
}

static int64_t age_s(const struct screen *s)
{
    return (s->now_us - s->data_us) / 1000000;
}

/* How old the data are, in words; "" while they are fresh. */
static uint16_t link_words(const struct screen *s, char *out, size_t n)
{
    char age[UNIT_TEXT_MAX] = "";
    char wait[UNIT_TEXT_MAX];
    bool fresh = s->now_us - s->data_us <= SCREEN_FRESH_US;
    if (s->snapshot)
        (void)unit_age(age_s(s), age, sizeof age);
    out[0] = '\0';
    if (s->link == LINK_UP && screen_time_words(s, out, n))
        return STYLE_ATTENTION;
    if (s->link == LINK_AWAY) {
        int64_t left = (s->retry_at_us - s->now_us + 999999) / 1000000;
        (void)unit_age(left > 0 ? left : 0, wait, sizeof wait);
        (void)snprintf(out, n, "engine away: retrying in %s%s%s", wait,
                       s->snapshot ? ", stale " : "", age);
        return STYLE_BROKEN;
    }
    if (s->snapshot && s->now_us - s->data_us > SCREEN_SILENT_US) {
        (void)snprintf(out, n, "engine silent, stale %s", age);
        return STYLE_BROKEN;
    }
    if (s->snapshot && !fresh)
        (void)snprintf(out, n, "stale %s", age);
    else if (!s->snapshot)
        (void)snprintf(out, n, "connecting");
    return STYLE_ATTENTION;
}

/* Whether the console only looks, in words. Returns the columns used. */
static int draw_permission(const struct screen *s, struct grid *g, int x)
{
    char text[48];
    if (!screen_is_read_only(s))
        return 0;
    if (!screen_is_elevated(s))
        return 1 + grid_text(g, 0, x, s->w - x, STYLE_DIM, "read only");
    int64_t left = s->elevated_until_us - s->now_us;
    (void)snprintf(text, sizeof text, "ELEVATED %d m", (int)((left + 59999999) / 60000000));
    return 1 + grid_text(g, 0, x, s->w - x, STYLE_ATTENTION, text);
}

static void draw_title(const struct screen *s, struct grid *g)
{
    const struct snapshot *n = s->snapshot;
    char right[160];
    char clock[UNIT_TEXT_MAX];
    uint16_t style = link_words(s, right, sizeof right);
    int x = 0;
    bool wide = s->w >= 60;
    if (wide)
        x += 1 + grid_text(g, 0, 1, s->w, STYLE_TITLE, "flightdeck") + 1;
    const struct snapshot *now = screen_newest(s); /* where we are, whatever time is shown */
    if (now) {
        char badge[64];
        (void)snprintf(badge, sizeof badge, " %.50s ", now->environment.kind);
        for (char *p = badge; *p; p++)
            *p = (char)(*p >= 'a' && *p <= 'z' ? *p - ('a' - 'A') : *p);
        x += 1 + grid_text(g, 0, x + 1, s->w / 3, STYLE_BOLD, now->environment.name);
        x += 1 +
             grid_text(g, 0, x + 1, s->w - x - 1, environment_style(now->environment.kind), badge);
        x += draw_permission(s, g, x + 1);
    }
    int at = s->w - 1;
    if (n && s->w >= 50 && n->now_us != UNKNOWN_INT) {
        at -= 9;
        (void)grid_printf(g, 0, at, 9, STYLE_DIM, "%s UTC",
                          unit_minute(n->now_us, clock, sizeof clock));
        at -= 2;
    }
    int need = text_width(right, g->ascii);
    int room = at - x - 1;
    need = need < room ? need : room;
    if (need > 0) {
        (void)grid_text(g, 0, at - need, need, style, right);
        at -= need + 2;
    }
    char up[UNIT_TEXT_MAX];
    char engine[96];
    if (!n)
        return;
    uptime_text(n->engine.uptime_s, up, sizeof up);
    int len = snprintf(engine, sizeof engine, "engine up %s", up);
    if (n->engine.pid > 0)
        (void)snprintf(engine + len, sizeof engine - (size_t)len, ", pid %lld",
                       (long long)n->engine.pid);
    int w = text_width(engine, g->ascii);
    if (s->link == LINK_UP && x + 3 + w <= at)
        (void)grid_put(g, 0, at - w, w, STYLE_DIM, engine);
}

/* ---- tabs ---- */

/* How the tabs are written, the roomiest first: letters of a name (the open pane has all of it) and
 * blanks between two. */
static const struct {
    int letters, gap;
} tab_forms[] = {{TAB_NAME_MAX, 2}, {TAB_NAME_MAX, 1}, {4, 1}, {0, 2}, {0, 1}};

static int tab_letters(const struct screen *s, int pane, int most)
{
    int n = (int)strlen(pane_of((enum pane_id)pane)->name);
    return (int)s->pane == pane || n < most ? n : most;
}

static void draw_tabs(const struct screen *s, struct grid *g)
{
    char key[KEY_LABEL_MAX];
    size_t form = 0;
    for (; form + 1 < sizeof tab_forms / sizeof tab_forms[0]; form++) {
        int need = 1;
        for (int i = 0; i < PANE_COUNT; i++) {
            int letters = tab_letters(s, i, tab_forms[form].letters);
            need += 1 + (letters ? 1 + letters : 0) + (i ? tab_forms[form].gap : 0);
        }
        if (need <= s->w)
            break;
    }
    int x = 1;
    for (int i = 0; i < PANE_COUNT; i++) {
        const struct pane *p = pane_of((enum pane_id)i);
        int letters = tab_letters(s, i, tab_forms[form].letters);
        x += grid_printf(g, 1, x, s->w - x, (int)s->pane == i ? STYLE_TAB : STYLE_PLAIN, "%s%s%.*s",
                         key_label(p->key, key, sizeof key), letters ? " " : "", letters, p->name);
        x += tab_forms[form].gap;
    }
}

/* ---- the last row ---- */

static int draw_key(struct grid *g, int y, int x, int w, enum action a)
{
    char label[KEY_LABEL_MAX];
    const struct action_info *i = action_info(a);
    (void)key_label(i->key, label, sizeof label);
    int need = text_width(label, g->ascii) + 1 + text_width(i->word, g->ascii);
    if (need > w)
        return 0;
    int n = grid_put(g, y, x, w, STYLE_KEY, label);
    (void)grid_put(g, y, x + n + 1, w - n - 1, STYLE_PLAIN, i->word);
    return need;
}

static bool in_help_line(const struct screen *s, context_t context, enum action a)
{
    const struct action_info *i = action_info(a);
    return (i->contexts & context) && i->word[0] && screen_can(s, a);
}

/* What can be done here, now: the first ones that fit, but always how to get help and out. */
static void draw_help_line(const struct screen *s, struct grid *g, int y, int x)
{
    context_t context = screen_context(s);
    int tail = context & CONTEXT_BROWSE  ? 17 /* "  ? help  q leave" */
               : context & CONTEXT_QUERY ? 9  /* "  F1 help" */
                                         : 0;
    for (int a = ACTION_NONE + 1; a < ACTION_COUNT; a++) {
        bool last = a == ACTION_HELP || a == ACTION_HELP_TOO || a == ACTION_LEAVE;
        if (!in_help_line(s, context, (enum action)a))
            continue;
        int used = draw_key(g, y, x, s->w - x - (last ? 0 : tail), (enum action)a);
        x += used ? used + 2 : 0;
    }
}

static void draw_input(const struct screen *s, struct grid *g, int y)
{
    bool command = s->mode == MODE_COMMAND;
    int x = 0;
    if (s->mode == MODE_PROMPT)
        x = 1 + grid_printf(g, y, 0, s->w - 12, STYLE_KEY, "%s:", s->prompt_label);
    else if (s->mode == MODE_TYPED)
        x = 1 + grid_printf(g, y, 0, s->w - 12, STYLE_ATTENTION, "Type %s to %s:", s->question.name,
                            s->question.label);
    else
        x = grid_put(g, y, 0, s->w, STYLE_KEY, command ? ":" : "/");
    x += grid_text(g, y, x, s->w - x - 1, STYLE_BOLD, s->input);
    g->cursor_y = y;
    g->cursor_x = x < s->w ? x : s->w - 1;
    x += 3;
    const char *name;
    for (int i = 0; command && (name = screen_complete(s, i)) != NULL && x < s->w; i++)
        x += grid_text(g, y, x, s->w - x, STYLE_DIM, name) + 2;
    if (!command)
        draw_help_line(s, g, y, x);
}

static void draw_confirm(const struct screen *s, struct grid *g, int y)
{
    char text[sizeof s->question.label + 4];
    char first = s->question.label[0];
    (void)snprintf(text, sizeof text, "%c%s?",
                   (char)(first >= 'a' && first <= 'z' ? first - ('a' - 'A') : first),
                   s->question.label + (first != '\0'));
    int x = 1 + grid_text(g, y, 1, s->w - 16, STYLE_ATTENTION | STYLE_BOLD, text);
    draw_help_line(s, g, y, x + 2);
}

/* Words in rows above the last one, a question's or a message's. */
static void draw_words(const struct screen *s, struct grid *g, const char *words, int most,
                       uint16_t style)
{
    size_t from[PREVIEW_ROWS];
    size_t length[PREVIEW_ROWS];
    size_t at = 0;
    int rows = 0;
    while (words[at] && rows < most && rows < s->h - 2) {
        size_t next;
        from[rows] = at;
        length[rows++] = wrap_row(words + at, s->w - 2, g->ascii, &next);
        at += next;
    }
    struct rect r = {s->h - 1 - rows, 0, rows, s->w};
    bool more = words[at] != '\0';
    grid_fill(g, r, style, L' ');
    for (int i = 0; i < rows; i++) {
        char row[SCREEN_PREVIEW_MAX];
        (void)snprintf(row, sizeof row, "%.*s", (int)length[i], words + from[i]);
        (void)grid_text(g, r.y + i, 1, s->w - 1, style, row);
    }
    if (more && rows > 0)
        grid_text_right(g, r.y + rows - 1, s->w - 12, 12, style,
                        g->ascii ? ".. and more" : "… and more");
}

/* Until the selection is moved. */
static void draw_gone(const struct screen *s, struct grid *g)
{
    char text[TABLE_KEY_MAX + 80];
    struct table_model m;
    const struct table_state *t = screen_table((struct screen *)s, &m); /* models only look */
    if (!t || !t->gone || !t->chosen || !t->n)
        return;
    (void)snprintf(text, sizeof text, "%s is no longer in this list: Up or Down selects a row",
                   t->key);
    draw_words(s, g, text, MESSAGE_ROWS, STYLE_ATTENTION);
}

static void draw_message(const struct screen *s, struct grid *g)
{
    bool asked = s->mode == MODE_CONFIRM || s->mode == MODE_TYPED;
    if (s->h < HELP_FROM)
        return;
    if (asked && s->question.preview[0])
        draw_words(s, g, s->question.preview, PREVIEW_ROWS, STYLE_ATTENTION);
    else if (s->message[0] && s->now_us < s->message_until_us)
        draw_words(s, g, s->message, MESSAGE_ROWS, s->message_style);
    else if (s->mode == MODE_BROWSE)
        draw_gone(s, g);
}

/* ---- the help overlay ---- */

static void draw_help(struct screen *s, struct lines *l)
{
    char label[2 * KEY_LABEL_MAX + 4];
    char key[KEY_LABEL_MAX];
    char alt[KEY_LABEL_MAX];
    context_t context = screen_pane_context(s);
    lines_section(l, "What can be done here");
    for (int a = ACTION_NONE + 1; a < ACTION_COUNT; a++) {
        const struct action_info *i = action_info((enum action)a);
        if (!(i->contexts & context))
            continue;
        (void)snprintf(label, sizeof label, "%s%s%s", key_label(i->key, key, sizeof key),
                       i->alt ? ", " : "", i->alt ? key_label(i->alt, alt, sizeof alt) : "");
        lines_add(l, label, screen_can(s, (enum action)a) ? STYLE_PLAIN : STYLE_DIM, i->help);
    }
    lines_section(l, "Panes");
    for (int i = 0; i < PANE_COUNT; i++) {
        const struct pane *p = pane_of((enum pane_id)i);
        lines_printf(l, key_label(p->key, key, sizeof key), STYLE_PLAIN, "%s (also :%s)", p->name,
                     p->aliases);
    }
}

/* ---- all of it ---- */

static void draw_no_data(struct screen *s, struct lines *l)
{
    if (s->link != LINK_AWAY) {
        lines_add(l, NULL, STYLE_DIM, "asking the engine ..");
        return;
    }
    lines_add(l, NULL, STYLE_BROKEN, "No engine answers.");
    lines_add(l, NULL, STYLE_PLAIN, s->link_text);
    lines_add(l, NULL, STYLE_PLAIN, "");
    lines_add(l, NULL, STYLE_PLAIN,
              "flightdeck engine   starts one; this console finds it by itself");
    lines_add(l, NULL, STYLE_PLAIN, "flightdeck demo     starts one with everything that it needs");
}

static void draw_pane(struct screen *s, struct grid *g, struct rect r)
{
    const struct pane *p = pane_of(s->pane);
    if (r.h < 1)
        return;
    struct rect old = grid_clip(g, r);
    if (s->mode == MODE_HELP)
        lines_draw(s, g, r, 16, draw_help);
    else if (!s->snapshot && !p->needs_no_snapshot)
        lines_draw(s, g, r, 0, draw_no_data);
    else if (s->detail)
        p->render_detail(s, g, r);
    else
        p->render(s, g, r);
    g->clip = old;
}

void screen_render(struct screen *s, struct grid *g)
{
    struct table_model m;
    struct table_state *t = screen_table(s, &m);
    if (t)
        memset(t->areas, 0, sizeof t->areas);
    grid_clear(g);
    draw_title(s, g);
    int top = s->h >= TABS_FROM ? 2 : 1;
    int bottom = s->h >= HELP_FROM ? 1 : 0;
    if (top == 2)
        draw_tabs(s, g);
    draw_pane(s, g, (struct rect){top, 0, s->h - top - bottom, s->w});
    draw_message(s, g);
    bool typing = (screen_context(s) & CONTEXT_INPUT) != 0;
    if (typing || s->mode == MODE_CONFIRM)
        grid_fill(g, (struct rect){s->h - 1, 0, 1, s->w}, STYLE_PLAIN, L' ');
    if (typing)
        draw_input(s, g, s->h - 1);
    else if (s->mode == MODE_CONFIRM)
        draw_confirm(s, g, s->h - 1);
    else if (bottom)
        draw_help_line(s, g, s->h - 1, 1);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t screen_next_change_us(const struct screen *s)
{
    int64_t next = INT64_MAX;
    if (s->message[0] && s->now_us < s->message_until_us)
        next = earlier(next, s->message_until_us);
    if (s->link == LINK_AWAY) { /* the countdown's next second */
        int64_t left = s->retry_at_us - s->now_us;
        if (left > 0)
            next = earlier(next, s->now_us + (left % 1000000 ? left % 1000000 : 1000000));
    }
    if (screen_is_elevated(s)) /* the minutes that are left */
        next = earlier(next, s->now_us + (s->elevated_until_us - s->now_us - 1) % 60000000 + 1);
    if (pane_of(s->pane)->next_change_us)
        next = earlier(next, pane_of(s->pane)->next_change_us(s));
    if (screen_is_still(s)) /* for how long */
        next = earlier(next, s->now_us + 1000000 - (s->now_us - s->held_us) % 1000000);
    if (s->snapshot) { /* the age's next second, once it is shown */
        int64_t age = s->now_us - s->data_us;
        if (age <= SCREEN_FRESH_US)
            next = earlier(next, s->data_us + SCREEN_FRESH_US + 1);
        else
            next = earlier(next, s->now_us + 1000000 - age % 1000000);
    }
    return next;
}
