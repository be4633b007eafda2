/* Pane 2: connectors. One that is opened: connector_detail.c; what changes one: connector_change.c.
 */
#include <stdio.h>
#include <string.h>

#include "views/connector_internal.h"
#include "views/pane.h"
#include "views/table_cell.h"

enum {
    COLUMN_NAME,
    COLUMN_STATE,
    COLUMN_RATE,
    COLUMN_COURSE,
    COLUMN_LAG,
    COLUMN_WAITING,
    COLUMN_ERRORS,
    COLUMN_TYPE,
    COLUMN_DEAD,
    COLUMN_TOTAL,
    COLUMN_DETAIL,
    COLUMN_SHOWN, /* in files: */
    COLUMN_SINCE = COLUMN_SHOWN,
    COLUMN_RESTARTS,
    COLUMN_ERROR,
    COLUMNS,
};

static const struct table_column columns[] = {
    [COLUMN_NAME] = {.title = "connector", .width = 20, .want = 32, .stretch = true},
    [COLUMN_STATE] = {.title = "state", .width = 11},
    [COLUMN_RATE] = {.title = "rate", .file = "rate_per_s", .width = 9, .right = true, .rank = 3},
    [COLUMN_COURSE] = {.title = "rate, 2 m", .width = SPARKS_POINTS, .picture = true, .rank = 7},
    [COLUMN_LAG] = {.title = "lag", .file = "lag_s", .width = 9, .right = true, .rank = 1},
    [COLUMN_WAITING] =
        {.title = "waiting", .file = "waiting_records", .width = 9, .right = true, .rank = 2},
    [COLUMN_ERRORS] = {.title = "errors", .width = 7, .right = true, .rank = 4},
    [COLUMN_TYPE] = {.title = "type", .width = 6, .rank = 5},
    [COLUMN_DEAD] = {.title = "dead", .file = "dead_letters", .width = 6, .right = true, .rank = 8},
    [COLUMN_TOTAL] = {.title = "records", .width = 13, .right = true, .rank = 9},
    [COLUMN_DETAIL] = {.title = "detail", .width = 21, .rank = 6, .spare = true},
    [COLUMN_SINCE] = {.title = "since"},
    [COLUMN_RESTARTS] = {.title = "restarts"},
    [COLUMN_ERROR] = {.title = "last error"},
};

static const struct snap_connector *connector(const void *ctx, size_t row)
{
    return &((const struct screen *)ctx)->snapshot->connectors[row];
}

static const char *key(const void *ctx, size_t row)
{
    return connector(ctx, row)->name;
}

/* What the row has to say in words: why it is not well, else what it is at. */
static const char *words_of(const struct snap_connector *c)
{
    return c->detail && c->detail[0] ? c->detail : c->last_error ? c->last_error : "";
}

static void cell(const void *ctx, size_t row, int column, struct table_cell *out)
{
    const struct screen *s = ctx;
    const struct snap_connector *c = connector(ctx, row);
    size_t n = sizeof out->text;
    out->style = STYLE_PLAIN;
    switch (column) {
    case COLUMN_NAME:
        cell_text(out, c->name);
        break;
    case COLUMN_STATE:
        out->style = state_style(c->state);
        (void)snprintf(out->text, n, "%s %s", state_sign(c->state, s->ascii), c->state);
        cell_is_text(out, c->state);
        break;
    case COLUMN_RATE:
        cell_rate(out, c->rate_s);
        break;
    case COLUMN_COURSE:
        sparks_cell(&connectors_state(s)->sparks, s, c->name, out);
        break;
    case COLUMN_LAG:
        cell_duration(out, c->lag_ms / 1000);
        break;
    case COLUMN_WAITING:
        cell_count(out, c->lag_records);
        break;
    case COLUMN_ERRORS:
        out->style = c->errors > 0 ? STYLE_ATTENTION : STYLE_PLAIN;
        cell_count(out, c->errors);
        break;
    case COLUMN_TYPE:
        cell_text(out, c->type);
        break;
    case COLUMN_DETAIL:
        cell_text(out, words_of(c));
        break;
    case COLUMN_DEAD:
        out->style = c->dead_letters > 0 ? STYLE_ATTENTION : STYLE_PLAIN;
        cell_count(out, c->dead_letters);
        break;
    case COLUMN_SINCE:
        cell_day(out, c->since_us);
        break;
    case COLUMN_RESTARTS:
        cell_count(out, c->restarts);
        break;
    case COLUMN_ERROR:
        cell_text(out, c->last_error);
        break;
    default:
        cell_count(out, c->total);
    }
}

static int compare(const void *ctx, size_t x, size_t y, int column)
{
    const struct snap_connector *a = connector(ctx, x);
    const struct snap_connector *b = connector(ctx, y);
    switch (column) {
    case COLUMN_NAME:
        return strcmp(a->name, b->name);
    case COLUMN_STATE:
        return strcmp(a->state, b->state);
    case COLUMN_RATE:
        return table_compare_real(a->rate_s, b->rate_s);
    case COLUMN_LAG:
        return table_compare_real(a->lag_ms, b->lag_ms);
    case COLUMN_WAITING:
        return table_compare_int(a->lag_records, b->lag_records);
    case COLUMN_ERRORS:
        return table_compare_int(a->errors, b->errors);
    case COLUMN_TYPE:
        return strcmp(a->type, b->type);
    case COLUMN_DETAIL:
        return strcmp(words_of(a), words_of(b));
    case COLUMN_DEAD:
        return table_compare_int(a->dead_letters, b->dead_letters);
    default:
        return table_compare_int(a->total, b->total);
    }
}

static void model(const struct screen *s, struct table_model *m)
{
    *m = (struct table_model){
        .columns = columns,
        .column_count = COLUMN_SHOWN,
        .file_columns = COLUMNS - COLUMN_SHOWN,
        .rows = s->snapshot ? s->snapshot->connector_count : 0,
        .ctx = s,
        .key = key,
        .cell = cell,
        .compare = compare,
        .empty = "no connectors: N makes one, or flightdeck connector apply FILE",
    };
}

static void render(struct screen *s, struct grid *g, struct rect r)
{
    struct table_model m;
    struct table_state *t = &s->tables[PANE_CONNECTORS];
    char title[TABLE_FILTER_MAX + 64];
    (void)snprintf(title, sizeof title, "Connectors (%zu%s%s)", t->n,
                   t->filter[0] ? " that contain " : "", t->filter);
    model(s, &m);
    int y = r.h > 4 ? draw_section(g, r, r.y, title) : r.y;
    sparks_draw(&connectors_state(s)->sparks, g, (struct rect){y, r.x, r.y + r.h - y, r.w}, &m, t);
}

/* ---- state and questions ---- */

struct connectors_state *connectors_state(const struct screen *s)
{
    return PANE_STATE(s, PANE_CONNECTORS, struct connectors_state);
}

static void forget(struct screen *s)
{
    connector_detail_forget(connectors_state(s));
}

static void free_state(void *state)
{
    struct connectors_state *st = state;
    connector_detail_forget(st);
    json_decref(st->waiting);
    buf_free(&st->reached);
    sparks_free(&st->sparks);
    draft_forget(&st->draft);
}

static void init_state(struct screen *s, void *state)
{
    struct connectors_state *st = state;
    (void)s;
    buf_init(&st->reached, ERRBUF_TEXT_MAX);
    st->sparks =
        (struct sparks){PANE_CONNECTORS, COLUMN_COURSE, "connectors", "rate_s", NULL, false};
}

static bool ask(const struct screen *s, int i, struct ask *out)
{
    if (connector_change_ask(s, out)) {
        if (i == 0)
            return true;
        json_decref(out->params);
        i--;
    }
    return s->detail ? connector_detail_ask(s, i, out)
                     : i == 0 && sparks_ask(&connectors_state(s)->sparks, s, out);
}

static void take(struct screen *s, const struct answer *a)
{
    connector_change_take(s, a);
    connector_detail_take(s, a);
    sparks_take(&connectors_state(s)->sparks, s, a);
}

static bool holds(const struct screen *s, char *why, size_t n)
{
    return draft_holds(&connectors_state(s)->draft, "configuration", why, n);
}

const struct pane pane_connectors = {
    .name = "Connectors",
    .aliases = "connectors connector conn",
    .key = '2',
    .context = CONTEXT_CONNECTORS,
    .detail_context = CONTEXT_CONNECTOR,
    .model = model,
    .render = render,
    .render_detail = connector_detail_render,
    .whole = connector_detail_whole,
    .state_size = sizeof(struct connectors_state),
    .init_state = init_state,
    .free_state = free_state,
    .opened = forget,
    .left = forget,
    .ask = ask,
    .take = take,
    .done = connector_change_done,
    .holds = holds,
    .can = connector_change_can,
    .act = connector_change_act,
    .answered = connector_change_answered,
    .edited = connector_change_edited,
};
