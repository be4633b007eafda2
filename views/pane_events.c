/* Pane 0: what the engine did and what operators asked for, newest first. */
#include <stdio.h>
#include <string.h>

#include "views/answer.h"
#include "views/pane.h"
#include "views/table_cell.h"

enum {
    COLUMN_SIGN,
    COLUMN_TIME,
    COLUMN_OBJECT,
    COLUMN_TEXT,
    COLUMN_AREA,
    COLUMN_WHO,
    COLUMN_SHOWN, /* in files: */
    COLUMN_ID = COLUMN_SHOWN,
    COLUMNS,
};

static const struct table_column columns[] = {
    [COLUMN_SIGN] = {.title = "", .file = "level", .width = 1},
    [COLUMN_TIME] = {.title = "UTC", .file = "time", .width = 8},
    [COLUMN_OBJECT] = {.title = "about", .width = 25, .rank = 1},
    [COLUMN_TEXT] = {.title = "what", .width = 24, .stretch = true},
    [COLUMN_AREA] = {.title = "area", .width = 10, .rank = 3},
    [COLUMN_WHO] = {.title = "who", .width = 10, .rank = 2},
    [COLUMN_ID] = {.title = "id"},
};

enum { OLDER_FROM = 20 }; /* so near to the end older ones are asked */

struct events_state {
    size_t n; /* that there were at the moment that is looked at */
};

static struct events_state *events_of(const struct screen *s)
{
    return PANE_STATE(s, PANE_EVENTS, struct events_state);
}

static const struct event *event(const void *ctx, size_t row)
{
    const struct screen *s = ctx;
    return &s->events.events[events_of(s)->n - 1 - row];
}

static const char *key(const void *ctx, size_t row)
{
    return event(ctx, row)->key;
}

/* The time of today, the date of another day. */
static void time_text(const struct screen *s, int64_t ts_us, char *out, size_t n)
{
    static const int64_t day_us = 86400LL * 1000000;
    int64_t now = s->snapshot ? s->snapshot->now_us : UNKNOWN_INT;
    char text[UNIT_TEXT_MAX];
    if (now == UNKNOWN_INT || ts_us == UNKNOWN_INT || now / day_us == ts_us / day_us)
        (void)unit_clock(ts_us, out, n);
    else
        (void)snprintf(out, n, "%.5s", unit_day(ts_us, text, sizeof text) + 5);
}

static void cell(const void *ctx, size_t row, int column, struct table_cell *out)
{
    const struct screen *s = ctx;
    const struct event *v = event(ctx, row);
    out->style = STYLE_PLAIN;
    switch (column) {
    case COLUMN_SIGN:
        out->style = level_style(v->level);
        cell_text(out, level_sign(v->level, s->ascii));
        cell_is_text(out, v->level);
        break;
    case COLUMN_TIME:
        time_text(s, v->ts_us, out->text, sizeof out->text);
        cell_is_time(out, v->ts_us);
        break;
    case COLUMN_OBJECT:
        cell_text(out, v->object);
        break;
    case COLUMN_TEXT:
        out->style = level_style(v->level);
        cell_text(out, v->text);
        break;
    case COLUMN_AREA:
        cell_text(out, v->area);
        break;
    case COLUMN_ID:
        cell_is_int(out, v->id);
        break;
    default:
        cell_text(out, v->who);
    }
}

static int severity(const struct event *v)
{
    return strcmp(v->level, "error") == 0 ? 2 : strcmp(v->level, "warning") == 0;
}

static int compare(const void *ctx, size_t x, size_t y, int column)
{
    const struct event *a = event(ctx, x);
    const struct event *b = event(ctx, y);
    switch (column) {
    case COLUMN_SIGN:
        return severity(a) - severity(b);
    case COLUMN_TIME:
        return table_compare_int(a->ts_us, b->ts_us);
    case COLUMN_OBJECT:
        return strcmp(a->object ? a->object : "", b->object ? b->object : "");
    case COLUMN_TEXT:
        return strcmp(a->text, b->text);
    case COLUMN_AREA:
        return strcmp(a->area, b->area);
    default:
        return strcmp(a->who, b->who);
    }
}

static const char *no_events(const struct screen *s)
{
    if (!s->events.whole && s->events.n)
        return "older events are not loaded";
    return s->shown_us ? "no event of then is kept" : "no events yet";
}

static void model(const struct screen *s, struct table_model *m)
{
    events_of(s)->n = screen_event_count(s);
    *m = (struct table_model){
        .columns = columns,
        .column_count = COLUMN_SHOWN,
        .file_columns = COLUMNS - COLUMN_SHOWN,
        .rows = events_of(s)->n,
        .ctx = s,
        .key = key,
        .cell = cell,
        .compare = compare,
        .empty = no_events(s),
    };
}

static void render(struct screen *s, struct grid *g, struct rect r)
{
    struct table_model m;
    struct table_state *t = &s->tables[PANE_EVENTS];
    char title[TABLE_FILTER_MAX + 96];
    bool older = s->events.n && !s->events.whole;
    (void)snprintf(title, sizeof title, "Events (%zu%s%s)%s%s", t->n,
                   t->filter[0] ? " that contain " : "", t->filter, t->follow ? ", following" : "",
                   older ? ", older ones are not loaded" : "");
    model(s, &m);
    int y = r.h > 4 ? draw_section(g, r, r.y, title) : r.y;
    table_draw(g, (struct rect){y, r.x, r.y + r.h - y, r.w}, &m, t, true);
}

static void draw_detail(struct screen *s, struct lines *l)
{
    const struct event *v = event_list_find(&s->events, s->object);
    char text[UNIT_TEXT_MAX];
    lines_section(l, "Event");
    if (!v) {
        lines_add(l, "", STYLE_DIM, "It is too old: the engine keeps the newest events only.");
        return;
    }
    lines_printf(l, "time", STYLE_PLAIN, "%s UTC", unit_day(v->ts_us, text, sizeof text));
    lines_printf(l, "level", level_style(v->level), "%s %s", level_sign(v->level, l->g->ascii),
                 v->level);
    lines_add(l, "area", STYLE_PLAIN, v->area);
    lines_add(l, "who", STYLE_PLAIN, v->who);
    lines_add(l, "about", STYLE_PLAIN, v->object ? v->object : "-");
    lines_add(l, "what", STYLE_PLAIN, v->text);
}

static void render_detail(struct screen *s, struct grid *g, struct rect r)
{
    lines_draw(s, g, r, 10, draw_detail);
}

static json_t *whole(const struct screen *s)
{
    const struct event *v = event_list_find(&s->events, s->object);
    return v ? json_pack("{s:I, s:I, s:s, s:s, s:s, s:s?, s:s}", "id", (json_int_t)v->id, "ts_us",
                         (json_int_t)v->ts_us, "level", v->level, "area", v->area, "who", v->who,
                         "about", v->object, "what", v->text)
             : NULL;
}

/* Older ones, as far as somebody looks. */
static bool ask(const struct screen *s, int i, struct ask *out)
{
    const struct table_state *t = &s->tables[PANE_EVENTS];
    bool at_end = t->selected + OLDER_FROM >= t->n;
    if (i || s->events.whole || !s->events.n || !at_end)
        return false;
    *out =
        (struct ask){.method = "events.list",
                     .params = json_pack("{s:I, s:i}", "before", (json_int_t)s->events.events[0].id,
                                         "limit", EVENTS_PAGE)};
    return true;
}

static void take(struct screen *s, const struct answer *a)
{
    struct errbuf e;
    if (strcmp(a->method, "events.list") != 0 || !s->events.n ||
        answer_int(a->params, "before") != s->events.events[0].id)
        return;
    if (a->code != ERR_OK)
        screen_say(s, STYLE_BROKEN, "events.list: %s", a->text);
    else if (event_list_add_older(&s->events, a->result, &e) != ERR_OK)
        screen_say(s, STYLE_BROKEN, "%s", e.text);
}

const struct pane pane_events = {
    .name = "Events",
    .aliases = "events event log",
    .key = '0',
    .context = CONTEXT_EVENTS,
    .detail_context = CONTEXT_EVENT,
    .model = model,
    .render = render,
    .render_detail = render_detail,
    .whole = whole,
    .state_size = sizeof(struct events_state),
    .ask = ask,
    .take = take,
};
