/*
 * Panes 5 and 6: dashboards. One renderer for whatever the engine's configuration describes; the
 * two panes are two places for them, with the airline's as what they show first where there are
 * such.
 *
 * The list is the dashboard's panels, drawn as a picture each. Opened, a panel is alone on the
 * screen (VIEW_PANEL) or its rows are a table (VIEW_ROWS): those behind it where it has a query for
 * them, else its own.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "views/dashboard_state.h"
#include "views/refresh.h"

enum { PROMPT_DATES = 1, PROMPT_EXPORT_PANEL };
enum { NAME_MAX_BYTES = 128, US_PER_S = 1000000, DATE_CHARS = 10 };
static const int64_t DAY_US = 86400 * INT64_C(1000000);
static const int64_t MINUTE_US = 60 * INT64_C(1000000);

/* ---- the list: panels ---- */

static const char *panel_key(const void *ctx, size_t row)
{
    return ((const struct dashboard_state *)ctx)->board.panels[row].name;
}

static void panel_cell(const void *ctx, size_t row, int column, struct table_cell *out)
{
    (void)column;
    out->style = STYLE_PLAIN;
    (void)snprintf(out->text, sizeof out->text, "%s",
                   ((const struct dashboard_state *)ctx)->board.panels[row].title);
}

static void list_model(const struct dashboard_state *st, struct table_model *m)
{
    static const struct table_column columns[] = {{.title = "panel", .width = 20}};
    *m = (struct table_model){.columns = columns,
                              .column_count = 1,
                              .rows = st->known ? (size_t)st->board.n : 0,
                              .ctx = st,
                              .key = panel_key,
                              .cell = panel_cell,
                              .empty = "no panels"};
}

/* The rows that are looked at, exported: those behind the panel, else its own. */
static const struct board_rows *rows_of(const struct screen *s, const struct dashboard_state *st)
{
    int i = dashboard_panel(s);
    if (i < 0)
        return NULL;
    if (s->detail && st->view == VIEW_ROWS && st->board.panels[i].has_rows)
        return st->rows.answer ? &st->rows : NULL;
    return st->data.panels && st->data.panels[i].answer ? &st->data.panels[i] : NULL;
}

static bool table(struct screen *s, struct table_model *m, struct table_state **t)
{
    static const struct board_rows none;
    struct dashboard_state *st = dashboard_shown(s);
    const struct board_rows *rows = rows_of(s, st);
    board_rows_model(rows ? rows : &none, m);
    *t = &st->table;
    return true;
}

/* ---- the picture ---- */

/* "last 30 days", "2026-10-01 .. 2026-10-31" */
static void range_words(const struct screen *s, const struct dashboard_state *st, char *out,
                        size_t n)
{
    const char *f = json_string_value(json_object_get(st->data.answer, "from"));
    const char *t = json_string_value(json_object_get(st->data.answer, "to"));
    if (s->past_us && st->days && f && t)
        (void)snprintf(out, n, "%.10s .. %.10s (UTC)", f, t);
    else if (st->days)
        (void)snprintf(out, n, "last %d day%s (UTC)", st->days, st->days == 1 ? "" : "s");
    else
        (void)snprintf(out, n, "%s .. %s (UTC)", st->from, st->to);
}

static double mart_age_s(const struct screen *s, const struct dashboard_state *st)
{
    const json_t *age = json_object_get(st->data.answer, "mart_age_s");
    if (!json_is_number(age))
        return NAN;
    return json_number_value(age) + (double)(screen_shown_now_us(s) - st->data.us) / US_PER_S;
}

/* To the minute: what nobody touches draws nothing. */
static void age_words(const struct screen *s, const struct dashboard_state *st, char *out, size_t n)
{
    char age[UNIT_TEXT_MAX];
    double seconds = mart_age_s(s, st);
    if (!st->board.mart)
        (void)snprintf(out, n, "%s", "");
    else if (!st->data.answer)
        (void)snprintf(out, n, "mart %s", st->board.mart);
    else if (isnan(seconds))
        (void)snprintf(out, n, "mart %s has not been made yet", st->board.mart);
    else if (seconds < 60)
        (void)snprintf(out, n, "mart %s made less than 1 m ago", st->board.mart);
    else if (seconds < 3600)
        (void)snprintf(out, n, "mart %s made %d m ago", st->board.mart, (int)(seconds / 60));
    else
        (void)snprintf(out, n, "mart %s made %s ago", st->board.mart,
                       unit_duration(floor(seconds / 60) * 60, age, sizeof age));
}

/* Of when it is what the past shows: the answer's time and the mart's; or that it is not. */
static void past_head(const struct screen *s, const struct dashboard_state *st, char *out, size_t n)
{
    char of[64], made[UNIT_TEXT_MAX];
    const json_t *age = json_object_get(st->data.answer, "mart_age_s");
    past_words(&st->past, s, of, sizeof of);
    if (!st->is_past && (!st->days || past_is_known(&st->past, s)))
        (void)snprintf(of, sizeof of, "not kept: the mart as it is now");
    if (!st->is_past || !dashboard_is_current(s, st) || !json_is_number(age)) {
        (void)snprintf(out, n, "%s", of);
        return;
    }
    int64_t us = st->past.at_us - (int64_t)(json_number_value(age) * US_PER_S);
    bool same_day = us / DAY_US == st->past.at_us / DAY_US;
    (void)snprintf(out, n, "%s, mart of %.*s", of, same_day ? UNIT_TEXT_MAX : DATE_CHARS,
                   same_day ? unit_minute(us, made, sizeof made) : unit_day(us, made, sizeof made));
}

/* What, of when, how old; or what is wrong. */
static void draw_head(const struct screen *s, const struct dashboard_state *st, struct grid *g,
                      struct rect r)
{
    char words[64], age[200];
    range_words(s, st, words, sizeof words);
    int x = r.x + 1;
    x += grid_text(g, r.y, x, r.w - 2, STYLE_TITLE, st->board.title);
    x += grid_printf(g, r.y, x, r.x + r.w - x - 1, STYLE_PLAIN, ", %s", words);
    int room = r.x + r.w - x - 3;
    uint16_t style = STYLE_DIM;
    age_words(s, st, age, sizeof age);
    if (st->error[0]) {
        (void)snprintf(age, sizeof age, "%s %.190s", g->ascii ? "X" : "✗", st->error);
        style = STYLE_BROKEN;
    } else if (s->past_us && (st->is_past || dashboard_is_current(s, st))) {
        past_head(s, st, age, sizeof age);
        style = STYLE_ATTENTION;
    } else if (!dashboard_is_current(s, st)) {
        (void)snprintf(age, sizeof age, "%s",
                       st->data.answer ? "asking for this range .." : "asking ..");
        style = STYLE_ATTENTION;
    }
    if (room >= 8)
        grid_text_right(g, r.y, x + 2, room, style, age);
}

static void draw_panel(const struct screen *s, const struct dashboard_state *st, struct grid *g,
                       struct rect r, int i)
{
    char from[BOARD_DATE_MAX] = "", to[BOARD_DATE_MAX] = "";
    const char *f = json_string_value(json_object_get(st->data.answer, "from"));
    const char *t = json_string_value(json_object_get(st->data.answer, "to"));
    (void)snprintf(from, sizeof from, "%s", f ? f : "");
    (void)snprintf(to, sizeof to, "%s", t ? t : "");
    const struct board_look look = {s->glyphs, s->colours, from, to};
    board_draw(g, r, &st->board.panels[i], st->data.panels ? &st->data.panels[i] : NULL, &look);
}

static void draw_nothing(const struct dashboard_state *st, struct grid *g, struct rect r)
{
    if (st->list_error[0])
        (void)grid_printf(g, r.y, r.x + 1, r.w - 2, STYLE_BROKEN,
                          "The engine tells of no dashboards: %s", st->list_error);
    else if (!st->list)
        (void)grid_text(g, r.y, r.x + 1, r.w - 2, STYLE_DIM, "asking the engine ..");
    else
        (void)grid_text(g, r.y, r.x + 1, r.w - 2, STYLE_PLAIN,
                        "no dashboard here: `dashboards` in the configuration names their files");
}

/* The heading of the panel that keys are about. */
static void mark(struct grid *g, struct rect r)
{
    (void)grid_put(g, r.y, r.x, 1, STYLE_KEY, ">");
    int w = 0; /* up to the rule behind the title */
    while (w + 2 < r.w && r.y >= 0 && r.y < g->h && r.x + w + 2 < g->w &&
           (g->cells[(size_t)r.y * (size_t)g->w + (size_t)(r.x + w + 2)].style & STYLE_ROLE_MASK) ==
               STYLE_TITLE)
        w++;
    grid_mark(g, (struct rect){r.y, r.x + 2, 1, w}, STYLE_SELECTED);
}

static void render(struct screen *s, struct grid *g, struct rect r)
{
    struct dashboard_state *st = dashboard_shown(s);
    struct rect rects[BOARD_PANELS_MAX];
    if (!st->known) {
        draw_nothing(st, g, r);
        return;
    }
    bool head = r.h >= 4;
    if (head) {
        draw_head(s, st, g, (struct rect){r.y, r.x, 1, r.w});
        r.y++;
        r.h--;
    }
    int selected = dashboard_panel(s);
    struct board_hidden hidden = board_lay_out(&st->board, r, selected, rects);
    if ((hidden.above || hidden.below) && r.h > 8) { /* a row says that there are more */
        r.h--;
        hidden = board_lay_out(&st->board, r, selected, rects);
        char above[32] = "";
        if (hidden.above)
            (void)snprintf(above, sizeof above, "%d above, ", hidden.above);
        (void)grid_printf(g, r.y + r.h, r.x + 1, r.w - 2, STYLE_DIM,
                          "more panels: %s%d below (Tab)", above, hidden.below);
    }
    for (int i = 0; i < st->board.n; i++) {
        if (rects[i].h < 1)
            continue;
        draw_panel(s, st, g, rects[i], i);
        if (i == selected && rects[i].h > 1)
            mark(g, rects[i]);
    }
}

static void draw_rows(struct screen *s, struct dashboard_state *st, struct grid *g, struct rect r,
                      int i)
{
    char title[400], words[64];
    const struct board_panel *p = &st->board.panels[i];
    const struct board_rows *rows = rows_of(s, st);
    range_words(s, st, words, sizeof words);
    (void)snprintf(title, sizeof title, "%s: %s, %s%s", p->title,
                   p->has_rows ? "the rows behind it" : "its rows", words,
                   s->past_us && p->has_rows ? ", as the mart has them now" : "");
    int y = draw_section(g, r, r.y, title);
    if (st->rows_error[0])
        (void)grid_text(g, y++, r.x + 1, r.w - 2, STYLE_BROKEN, st->rows_error);
    else if (!rows)
        (void)grid_text(g, y, r.x + 1, r.w - 2, STYLE_DIM, "asking ..");
    if (!rows)
        return;
    if ((rows->truncated || rows->all_columns > rows->columns) && r.h > 6)
        (void)grid_printf(g, y++, r.x + 1, r.w - 2, STYLE_ATTENTION,
                          "%s only the first %zu rows and %d of %d columns", g->ascii ? "!" : "▲",
                          rows->n, rows->columns, rows->all_columns);
    struct table_model m;
    board_rows_model(rows, &m);
    table_draw(g, (struct rect){y, r.x, r.y + r.h - y, r.w}, &m, &st->table, true);
}

static void render_detail(struct screen *s, struct grid *g, struct rect r)
{
    struct dashboard_state *st = dashboard_shown(s);
    int i = dashboard_panel(s);
    if (i < 0) {
        (void)grid_text(g, r.y, r.x + 1, r.w - 2, STYLE_PLAIN,
                        "This panel is gone: the configuration no longer has it.");
        return;
    }
    if (st->view == VIEW_ROWS) {
        draw_rows(s, st, g, r, i);
        return;
    }
    if (r.h >= 4) {
        draw_head(s, st, g, (struct rect){r.y, r.x, 1, r.w});
        r.y++;
        r.h--;
    }
    draw_panel(s, st, g, r, i);
}

static int64_t next_change_us(const struct screen *s)
{
    const struct dashboard_state *st = dashboard_shown(s);
    double age = st->data.answer && !st->is_past && !screen_is_still(s) ? mart_age_s(s, st) : NAN;
    if (isnan(age))
        return INT64_MAX;
    return s->now_us + MINUTE_US - (int64_t)(fmod(age, 60) * US_PER_S);
}

/* ---- keys ---- */

static context_t where(const struct screen *s)
{
    if (!s->detail)
        return CONTEXT_DASHBOARD;
    return dashboard_shown(s)->view == VIEW_ROWS ? CONTEXT_ROWS : CONTEXT_PANEL;
}

static bool can(const struct screen *s, enum action a)
{
    const struct dashboard_state *st = dashboard_shown(s);
    switch (a) {
    case ACTION_OPEN:
        return false;
    case ACTION_REFRESH:
        return st->known && st->board.mart && !screen_why_not(s);
    case ACTION_ROWS:
    case ACTION_FULL:
        return dashboard_panel(s) >= 0;
    case ACTION_NEXT_PANEL:
    case ACTION_PREVIOUS_PANEL:
        return st->known && st->board.n > 1;
    case ACTION_NEXT_BOARD:
        return board_count(st->list) > 1;
    case ACTION_RANGE:
    case ACTION_DATES:
        return st->known;
    default:
        return true;
    }
}

static void step_panel(struct screen *s, int by)
{
    struct dashboard_state *st = dashboard_shown(s);
    int i = dashboard_panel(s);
    if (!st->known || st->board.n < 1)
        return;
    i = i < 0 ? 0 : (i + by + st->board.n) % st->board.n;
    struct table_state *t = &s->tables[s->pane];
    struct table_model m;
    (void)snprintf(t->key, sizeof t->key, "%s", st->board.panels[i].name);
    list_model(st, &m);
    screen_update_table(s, t, &m);
    if (s->detail)
        screen_open(s, s->pane, st->board.panels[i].name);
}

/* Opens the panel that is meant in a view. */
static void open_view(struct screen *s, enum view view)
{
    struct dashboard_state *st = dashboard_shown(s);
    char name[TABLE_KEY_MAX];
    int i = dashboard_panel(s);
    if (i < 0)
        return;
    bool from_panel = s->detail;
    (void)snprintf(name, sizeof name, "%s", st->board.panels[i].name);
    screen_open(s, s->pane, name);
    st->view = view;
    st->from_panel = from_panel;
}

static void ask_dates(struct screen *s)
{
    char from[BOARD_DATE_MAX], to[BOARD_DATE_MAX], value[2 * BOARD_DATE_MAX] = "";
    if (dashboard_range(s, dashboard_shown(s), from, to))
        (void)snprintf(value, sizeof value, "%.10s %.10s", from, to);
    screen_prompt(s, PROMPT_DATES, "from and to, or days", value);
}

/* "airline-active_by_day.csv"; opened tables are the screen's to export. */
static void ask_export(struct screen *s)
{
    char name[SCREEN_INPUT_MAX];
    (void)snprintf(name, sizeof name, "%.50s-%.50s.csv", dashboard_shown(s)->board.name,
                   screen_object(s));
    screen_prompt(s, PROMPT_EXPORT_PANEL, "write to (.csv, .json, .md)", name);
}

static void export_panel(struct screen *s, const char *path, struct effect *out)
{
    const struct board_rows *rows = rows_of(s, dashboard_shown(s));
    struct table_state all = {.sort = -1};
    struct table_model m;
    if (!rows || !*path)
        return;
    board_rows_model(rows, &m);
    screen_update_table(s, &all, &m);
    screen_export_rows(s, &m, &all, path, out);
    table_free(&all);
}

static void refresh(struct screen *s, struct effect *out)
{
    const struct dashboard_state *st = dashboard_shown(s);
    if (st->known && st->board.mart)
        screen_refresh(s, st->board.mart, out);
    else
        screen_say(s, STYLE_ATTENTION, "this dashboard names no mart that could be refreshed");
}

static void next_board(struct screen *s)
{
    struct dashboard_state *st = dashboard_shown(s);
    char name[NAME_MAX_BYTES];
    const char *next = st->known ? board_next(st->list, st->board.name) : NULL;
    if (!next)
        return;
    (void)snprintf(name, sizeof name, "%s", next);
    s->tables[s->pane].key[0] = '\0';
    s->tables[s->pane].selected = 0;
    dashboard_choose(st, name, 0);
    struct table_model m;
    list_model(st, &m);
    screen_update_table(s, &s->tables[s->pane], &m);
}

static bool act(struct screen *s, enum action a, struct effect *out)
{
    struct dashboard_state *st = dashboard_shown(s);
    switch (a) {
    case ACTION_ROWS:
        open_view(s, VIEW_ROWS);
        return true;
    case ACTION_FULL:
        if (s->detail)
            screen_open(s, s->pane, NULL);
        else
            open_view(s, VIEW_PANEL);
        return true;
    case ACTION_NEXT_PANEL:
    case ACTION_PREVIOUS_PANEL:
        step_panel(s, a == ACTION_NEXT_PANEL ? 1 : -1);
        return true;
    case ACTION_NEXT_BOARD:
        next_board(s);
        return true;
    case ACTION_RANGE:
        dashboard_next_range(st);
        return true;
    case ACTION_DATES:
        ask_dates(s);
        return true;
    case ACTION_REFRESH:
        refresh(s, out);
        return true;
    case ACTION_EXPORT:
        if (s->detail || !rows_of(s, st))
            return false;
        ask_export(s);
        return true;
    default:
        return false;
    }
}

static void answered(struct screen *s, int prompt, const char *text, struct effect *out)
{
    if (prompt == PROMPT_DATES)
        dashboard_set_dates(s, dashboard_shown(s), text);
    else
        export_panel(s, text, out);
}

/* Opened from elsewhere: the picture. */
static void opened(struct screen *s)
{
    struct dashboard_state *st = dashboard_shown(s);
    dashboard_forget_rows(st);
    st->view = VIEW_PANEL;
    st->from_panel = false;
}

/* From rows to the panel that they were opened out of. */
static bool back(struct screen *s)
{
    struct dashboard_state *st = dashboard_shown(s);
    if (st->view == VIEW_ROWS && st->table.filter[0]) {
        st->table.filter[0] = '\0';
        return true;
    }
    if (st->view != VIEW_ROWS || !st->from_panel)
        return false;
    dashboard_forget_rows(st);
    st->view = VIEW_PANEL;
    st->from_panel = false;
    return true;
}

/* ---- the two panes ---- */

#define DASHBOARD_PANE(pane_name, id, word, names, digit, board_name)                              \
    static void pane_name##_model(const struct screen *s, struct table_model *m)                   \
    {                                                                                              \
        dashboard_leave_past(s, dashboard_state_of(s, id));                                        \
        list_model(dashboard_state_of(s, id), m);                                                  \
    }                                                                                              \
    static void pane_name##_init(struct screen *s, void *state)                                    \
    {                                                                                              \
        (void)s;                                                                                   \
        *(struct dashboard_state *)state =                                                         \
            (struct dashboard_state){.pane = id, .first = board_name, .table = {.sort = -1}};      \
    }                                                                                              \
    static void pane_name##_take(struct screen *s, const struct answer *a)                         \
    {                                                                                              \
        dashboard_take(s, dashboard_state_of(s, id), a);                                           \
    }                                                                                              \
    const struct pane pane_name = {                                                                \
        .name = word,                                                                              \
        .aliases = names,                                                                          \
        .key = digit,                                                                              \
        .context = CONTEXT_DASHBOARD,                                                              \
        .detail_context = CONTEXT_PANEL,                                                           \
        .model = pane_name##_model,                                                                \
        .render = render,                                                                          \
        .render_detail = render_detail,                                                            \
        .state_size = sizeof(struct dashboard_state),                                              \
        .init_state = pane_name##_init,                                                            \
        .free_state = dashboard_free,                                                              \
        .where = where,                                                                            \
        .table = table,                                                                            \
        .opened = opened,                                                                          \
        .back = back,                                                                              \
        .ask = dashboard_ask,                                                                      \
        .take = pane_name##_take,                                                                  \
        .can = can,                                                                                \
        .act = act,                                                                                \
        .answered = answered,                                                                      \
        .next_change_us = next_change_us,                                                          \
    }

DASHBOARD_PANE(pane_airports, PANE_AIRPORTS, "Airports", "airports airport dashboard dashboards",
               '5', "airports");
DASHBOARD_PANE(pane_flyers, PANE_FLYERS, "Flyers", "flyers frequent_flyers passengers", '6',
               "frequent_flyers");
