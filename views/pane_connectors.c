/* Pane 2: connectors; opened: state, tasks with traces, configuration. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "views/pane.h"

enum {
    COLUMN_NAME,
    COLUMN_STATE,
    COLUMN_RATE,
    COLUMN_LAG,
    COLUMN_WAITING,
    COLUMN_ERRORS,
    COLUMN_TYPE,
    COLUMN_DEAD,
    COLUMN_TOTAL,
    COLUMN_DETAIL,
};

static const struct table_column columns[] = {
    [COLUMN_NAME] = {.title = "connector", .width = 20, .want = 32, .stretch = true},
    [COLUMN_STATE] = {.title = "state", .width = 11},
    [COLUMN_RATE] = {.title = "rate", .width = 9, .right = true, .rank = 3},
    [COLUMN_LAG] = {.title = "lag", .width = 9, .right = true, .rank = 1},
    [COLUMN_WAITING] = {.title = "waiting", .width = 9, .right = true, .rank = 2},
    [COLUMN_ERRORS] = {.title = "errors", .width = 7, .right = true, .rank = 4},
    [COLUMN_TYPE] = {.title = "type", .width = 6, .rank = 5},
    [COLUMN_DEAD] = {.title = "dead", .width = 6, .right = true, .rank = 7},
    [COLUMN_TOTAL] = {.title = "records", .width = 13, .right = true, .rank = 8},
    [COLUMN_DETAIL] = {.title = "detail", .width = 21, .rank = 6, .spare = true},
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
        (void)snprintf(out->text, n, "%s", c->name);
        break;
    case COLUMN_STATE:
        out->style = state_style(c->state);
        (void)snprintf(out->text, n, "%s %s", state_sign(c->state, s->ascii), c->state);
        break;
    case COLUMN_RATE:
        (void)unit_rate(c->rate_s, out->text, n);
        break;
    case COLUMN_LAG:
        (void)unit_duration(c->lag_ms / 1000, out->text, n);
        break;
    case COLUMN_WAITING:
        (void)unit_count(c->lag_records, out->text, n);
        break;
    case COLUMN_ERRORS:
        out->style = c->errors > 0 ? STYLE_ATTENTION : STYLE_PLAIN;
        (void)unit_count(c->errors, out->text, n);
        break;
    case COLUMN_TYPE:
        (void)snprintf(out->text, n, "%s", c->type);
        break;
    case COLUMN_DETAIL:
        (void)snprintf(out->text, n, "%s", words_of(c));
        break;
    case COLUMN_DEAD:
        out->style = c->dead_letters > 0 ? STYLE_ATTENTION : STYLE_PLAIN;
        (void)unit_count(c->dead_letters, out->text, n);
        break;
    default:
        (void)unit_count(c->total, out->text, n);
    }
}

static int sign_of(double d)
{
    return d < 0 ? -1 : d > 0;
}

/* What is not known sorts below everything. */
static int compare_real(double a, double b)
{
    if (isnan(a) || isnan(b))
        return (isnan(b) ? 1 : 0) - (isnan(a) ? 1 : 0);
    return sign_of(a - b);
}

static int compare_int(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
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
        return compare_real(a->rate_s, b->rate_s);
    case COLUMN_LAG:
        return compare_real(a->lag_ms, b->lag_ms);
    case COLUMN_WAITING:
        return compare_int(a->lag_records, b->lag_records);
    case COLUMN_ERRORS:
        return compare_int(a->errors, b->errors);
    case COLUMN_TYPE:
        return strcmp(a->type, b->type);
    case COLUMN_DETAIL:
        return strcmp(words_of(a), words_of(b));
    case COLUMN_DEAD:
        return compare_int(a->dead_letters, b->dead_letters);
    default:
        return compare_int(a->total, b->total);
    }
}

static void model(const struct screen *s, struct table_model *m)
{
    *m = (struct table_model){
        .columns = columns,
        .column_count = sizeof columns / sizeof columns[0],
        .rows = s->snapshot ? s->snapshot->connector_count : 0,
        .ctx = s,
        .key = key,
        .cell = cell,
        .compare = compare,
        .empty = "no connectors: flightdeck connector apply FILE makes one",
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
    table_draw(g, (struct rect){y, r.x, r.y + r.h - y, r.w}, &m, t, true);
}

/* ---- one connector ---- */

struct connectors_state {
    struct connector_config config; /* of the connector that is open, once it has come */
    bool known;
};

static const struct connectors_state *state_of(const struct screen *s)
{
    return PANE_STATE(s, PANE_CONNECTORS, const struct connectors_state);
}

static void forget(struct screen *s)
{
    struct connectors_state *st = PANE_STATE(s, PANE_CONNECTORS, struct connectors_state);
    connector_config_free(&st->config);
    st->known = false;
}

static void free_state(void *state)
{
    connector_config_free(&((struct connectors_state *)state)->config);
}

static bool ask(const struct screen *s, int i, struct ask *out)
{
    if (i > 0 || !s->detail)
        return false;
    *out =
        (struct ask){.method = "connector.show", .params = json_pack("{s:s}", "name", s->object)};
    return true;
}

static void take(struct screen *s, const struct answer *a)
{
    struct connectors_state *st = PANE_STATE(s, PANE_CONNECTORS, struct connectors_state);
    struct errbuf e;
    const char *name = json_string_value(json_object_get(a->params, "name"));
    bool mine = strcmp(a->method, "connector.show") == 0 && s->pane == PANE_CONNECTORS &&
                s->detail && name && strcmp(name, s->object) == 0;
    if (!mine || a->code != ERR_OK)
        return;
    forget(s);
    if (connector_config_from_json(a->result, &st->config, &e) == ERR_OK)
        st->known = true;
    else
        screen_say(s, STYLE_BROKEN, "%s", e.text);
}

static void draw_figures(const struct snap_connector *c, struct lines *l)
{
    char a[UNIT_TEXT_MAX];
    char b[UNIT_TEXT_MAX];
    lines_printf(l, "state", state_style(c->state), "%s %s since %s UTC%s%s",
                 state_sign(c->state, l->g->ascii), c->state, unit_day(c->since_us, a, sizeof a),
                 c->detail && c->detail[0] ? ": " : "", c->detail ? c->detail : "");
    lines_add(l, "type", STYLE_PLAIN, c->type);
    lines_printf(l, "rate", STYLE_PLAIN, "%s, %s records in all", unit_rate(c->rate_s, a, sizeof a),
                 unit_count(c->total, b, sizeof b));
    bool waiting = c->lag_records != UNKNOWN_INT;
    lines_printf(l, "lag", STYLE_PLAIN, "%s%s%s%s", unit_duration(c->lag_ms / 1000, a, sizeof a),
                 waiting ? ", " : "", waiting ? unit_count(c->lag_records, b, sizeof b) : "",
                 waiting ? " records wait" : "");
    lines_printf(l, "errors", c->errors > 0 ? STYLE_ATTENTION : STYLE_PLAIN, "%s, %s restarts",
                 unit_count(c->errors, a, sizeof a), unit_count(c->restarts, b, sizeof b));
    lines_add(l, "dead letters", c->dead_letters > 0 ? STYLE_ATTENTION : STYLE_PLAIN,
              unit_count(c->dead_letters, a, sizeof a));
    if (c->clamped > 0)
        lines_printf(l, "clamped", STYLE_ATTENTION,
                     "%s values did not fit and were written as the "
                     "nearest that does",
                     unit_count(c->clamped, a, sizeof a));
    lines_add(l, "last error", c->last_error ? STYLE_ATTENTION : STYLE_PLAIN,
              c->last_error ? c->last_error : "none");
    for (size_t i = 0; i < c->topic_count; i++)
        lines_add(l, i ? "" : "topics", STYLE_PLAIN, c->topics[i]);
}

/* The longest name, within bounds. */
static int names_width(const struct screen *s, int most)
{
    int w = 12;
    const struct connector_config *config = &state_of(s)->config;
    for (size_t i = 0; i < config->n; i++) {
        int n = text_width(config->names[i], s->ascii) + 1;
        w = n > w ? n : w;
    }
    return w < most ? w : most;
}

static void draw_detail(struct screen *s, struct lines *l)
{
    const struct snap_connector *c = snapshot_connector(s->snapshot, s->object);
    char text[TABLE_KEY_MAX + 32];
    (void)snprintf(text, sizeof text, "Connector %s", s->object);
    lines_section(l, text);
    if (!c) {
        lines_add(l, "", STYLE_ATTENTION, "It is gone: the engine no longer has it.");
        return;
    }
    draw_figures(c, l);
    lines_section(l, "Tasks");
    for (size_t i = 0; i < c->task_count; i++) {
        const struct snap_task *t = &c->tasks[i];
        (void)snprintf(text, sizeof text, "task %lld", (long long)t->id);
        lines_printf(l, text, state_style(t->state), "%s %s", state_sign(t->state, l->g->ascii),
                     t->state);
        if (t->trace)
            lines_add(l, "trace", STYLE_PLAIN, t->trace);
    }
    lines_section(l, "Configuration");
    l->label = names_width(s, l->r.w / 2);
    const struct connectors_state *st = state_of(s);
    if (!st->known)
        lines_add(l, "", STYLE_DIM, "asking the engine ..");
    for (size_t i = 0; i < st->config.n; i++)
        lines_add(l, st->config.names[i], STYLE_PLAIN, st->config.values[i]);
}

static void render_detail(struct screen *s, struct grid *g, struct rect r)
{
    lines_draw(s, g, r, 13, draw_detail);
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
    case ACTION_RESTART:
        return "connector.restart";
    default:
        return NULL;
    }
}

/* Whether the connector's state allows it. */
static bool makes_sense(const struct snap_connector *c, enum action a)
{
    bool stopped = strcmp(c->state, "STOPPED") == 0;
    bool still = strcmp(c->state, "PAUSED") == 0 || stopped;
    switch (a) {
    case ACTION_PAUSE:
        return !still && strcmp(c->state, "FAILED") != 0;
    case ACTION_RESUME:
        return still;
    case ACTION_STOP:
        return !stopped;
    default:
        return !still; /* restart */
    }
}

static const struct snap_connector *selected(const struct screen *s)
{
    const char *name = screen_object(s);
    return name ? snapshot_connector(s->snapshot, name) : NULL;
}

static bool can(const struct screen *s, enum action a)
{
    const struct snap_connector *c = selected(s);
    if (!method_of(a))
        return a != ACTION_OPEN && a != ACTION_REFRESH;
    return c && !screen_why_not(s) && makes_sense(c, a);
}

static bool act(struct screen *s, enum action a, struct effect *out)
{
    const char *method = method_of(a);
    const struct snap_connector *c = selected(s);
    (void)out;
    if (!method)
        return false;
    if (!screen_why_not(s) && (!c || !makes_sense(c, a))) {
        const char *name = screen_object(s);
        screen_say(s, STYLE_ATTENTION, "%s: %s is %s", action_info(a)->word, name ? name : "-",
                   c ? c->state : "gone");
        return true;
    }
    struct question q = {.method = method};
    (void)snprintf(q.label, sizeof q.label, "%s connector %s", action_info(a)->word,
                   c ? c->name : "");
    q.params = json_pack("{s:s}", "name", c ? c->name : "");
    screen_confirm(s, &q);
    return true;
}

const struct pane pane_connectors = {
    .name = "Connectors",
    .aliases = "connectors connector conn",
    .key = '2',
    .context = CONTEXT_CONNECTORS,
    .detail_context = CONTEXT_CONNECTOR,
    .model = model,
    .render = render,
    .render_detail = render_detail,
    .state_size = sizeof(struct connectors_state),
    .free_state = free_state,
    .opened = forget,
    .left = forget,
    .ask = ask,
    .take = take,
    .can = can,
    .act = act,
};
