/* Pane 1: how everything does, the worst first; alerts, and Enter goes to what one is about. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "views/pane.h"

/* ---- alerts: the newest warnings and errors ---- */

enum { ALERT_SIGN, ALERT_TIME, ALERT_OBJECT, ALERT_TEXT };

static const struct table_column alert_columns[] = {
    [ALERT_SIGN] = {.title = "", .width = 1},
    [ALERT_TIME] = {.title = "UTC", .width = 8},
    [ALERT_OBJECT] = {.title = "about", .width = 24, .rank = 1},
    [ALERT_TEXT] = {.title = "what", .width = 24, .stretch = true},
};

static const struct event *alert(const void *ctx, size_t row)
{
    const struct screen *s = ctx;
    return &s->events.events[s->events.alerts[row]];
}

static const char *alert_key(const void *ctx, size_t row)
{
    return alert(ctx, row)->key;
}

static void alert_cell(const void *ctx, size_t row, int column, struct table_cell *out)
{
    const struct screen *s = ctx;
    const struct event *v = alert(ctx, row);
    out->style = level_style(v->level);
    switch (column) {
    case ALERT_SIGN:
        (void)snprintf(out->text, sizeof out->text, "%s", level_sign(v->level, s->ascii));
        break;
    case ALERT_TIME:
        out->style = STYLE_PLAIN;
        (void)unit_clock(v->ts_us, out->text, sizeof out->text);
        break;
    case ALERT_OBJECT:
        out->style = STYLE_PLAIN;
        (void)snprintf(out->text, sizeof out->text, "%s", v->object ? v->object : v->area);
        break;
    default:
        (void)snprintf(out->text, sizeof out->text, "%s", v->text);
    }
}

static void model(const struct screen *s, struct table_model *m)
{
    *m = (struct table_model){
        .columns = alert_columns,
        .column_count = sizeof alert_columns / sizeof alert_columns[0],
        .rows = s->events.alert_count,
        .ctx = s,
        .key = alert_key,
        .cell = alert_cell,
        .empty = "none",
    };
}

/* ---- the answer, before the details ---- */

/* At most two rows, as many as `room`. */
int draw_bottleneck(const struct screen *s, struct grid *g, struct rect r, int y, int room)
{
    char text[512];
    const char *why = s->snapshot->bottleneck;
    uint16_t style = why ? STYLE_ATTENTION : STYLE_PLAIN;
    (void)snprintf(text, sizeof text, "%s%s", why ? "Bottleneck: " : "No bottleneck.",
                   why ? why : "");
    if (why && room > 0)
        (void)grid_put(g, y, r.x + 1, 1, style, state_sign("slow", g->ascii));
    const char *at = text;
    for (int i = 0; i < 2 && i < room && *at; i++) {
        char row[512];
        size_t next;
        size_t n = wrap_row(at, r.w - 4, g->ascii, &next);
        bool last = i == 1 || i + 1 == room;
        (void)snprintf(row, sizeof row, "%.*s", last ? (int)sizeof row : (int)n, at);
        (void)grid_text(g, y++, r.x + 3, r.w - 4, style, row);
        at += next;
    }
    return y;
}

/* ---- servers and connectors, a line each ---- */

struct fact {
    char name[64];
    char state[24];
    char text[256];
    uint16_t style;
};

enum { FACTS_MAX = 16, NAME_WIDTH = 14, STATE_WIDTH = 11 };

static void add_fact(struct fact *f, size_t *n, const char *name, const char *state,
                     const char *text)
{
    if (*n == FACTS_MAX)
        return;
    (void)snprintf(f[*n].name, sizeof f->name, "%s", name);
    (void)snprintf(f[*n].state, sizeof f->state, "%s", state);
    (void)snprintf(f[*n].text, sizeof f->text, "%s", text);
    f[*n].style = state_style(state);
    (*n)++;
}

static void add_server(struct fact *f, size_t *n, const char *name, const struct snap_server *v,
                       const char *more)
{
    char text[256];
    if (!v->known)
        return;
    (void)snprintf(text, sizeof text, "%s%s%s",
                   v->error   ? v->error
                   : v->about ? v->about
                              : "",
                   !v->error && *more && v->about ? ", " : "", v->error ? "" : more);
    add_fact(f, n, name, v->state ? v->state : "unknown", text);
}

static void add_source(struct fact *f, size_t *n, const struct snapshot *s)
{
    char a[UNIT_TEXT_MAX];
    char b[UNIT_TEXT_MAX];
    char text[256] = "";
    if (!isnan(s->longest_transaction_s))
        (void)snprintf(text, sizeof text, "longest transaction %s",
                       unit_duration(s->longest_transaction_s, a, sizeof a));
    add_server(f, n, "primary", &s->primary, text);
    (void)snprintf(text, sizeof text, "%s behind, %s", unit_duration(s->standby_lag_s, a, sizeof a),
                   unit_bytes(s->standby_lag_bytes, b, sizeof b));
    add_server(f, n, "standby", &s->standby, text);
    for (size_t i = 0; i < s->slot_count; i++) {
        const struct snap_slot *slot = &s->slots[i];
        char name[64];
        (void)snprintf(name, sizeof name, "slot %s", slot->name);
        (void)snprintf(
            text, sizeof text, "%s%s retained%s%s", slot->active == 0 ? "not active, " : "",
            unit_bytes(slot->retained_bytes, a, sizeof a),
            isnan(slot->safe_wal_bytes) ? "" : ", safe for ",
            isnan(slot->safe_wal_bytes) ? "" : unit_bytes(slot->safe_wal_bytes, b, sizeof b));
        if (slot->error)
            (void)snprintf(text, sizeof text, "%s", slot->error);
        add_fact(f, n, name, slot->wal_status ? slot->wal_status : "unknown", text);
        if (slot->active == 0 && f[*n - 1].style == STYLE_PLAIN)
            f[*n - 1].style = STYLE_ATTENTION;
    }
}

/* "2 running, 1 FAILED: tickets-sink" */
static void add_connectors(struct fact *f, size_t *n, const struct snapshot *s)
{
    size_t running = 0, failed = 0, other = 0;
    const char *worst = NULL;
    for (size_t i = 0; i < s->connector_count; i++) {
        const struct snap_connector *c = &s->connectors[i];
        if (strcmp(c->state, "RUNNING") == 0)
            running++;
        else if (strcmp(c->state, "FAILED") == 0) {
            worst = failed++ ? worst : c->name;
        } else {
            worst = failed + other++ ? worst : c->name;
        }
    }
    char text[256];
    (void)snprintf(text, sizeof text, "%zu of %zu running%s%s", running, s->connector_count,
                   worst ? "; see " : "", worst ? worst : "");
    add_fact(f, n, "connectors",
             failed               ? "FAILED"
             : other              ? "attention"
             : s->connector_count ? "up"
                                  : "none",
             text);
    if (!s->connector_count)
        f[*n - 1].style = STYLE_PLAIN;
}

static size_t collect_facts(const struct snapshot *s, struct fact *f)
{
    size_t n = 0;
    add_source(f, &n, s);
    add_server(f, &n, "kafka", &s->kafka, "");
    add_server(f, &n, "warehouse", &s->warehouse, "");
    add_connectors(f, &n, s);
    return n;
}

static void draw_fact(struct grid *g, struct rect r, int y, const struct fact *f)
{
    int x = r.x + 3;
    const char *sign = f->style == STYLE_PLAIN ? " " : f->style == STYLE_BROKEN ? "✗" : "▲";
    if (g->ascii && *sign != ' ')
        sign = f->style == STYLE_BROKEN ? "X" : "!";
    (void)grid_put(g, y, r.x + 1, 1, f->style, sign);
    (void)grid_text(g, y, x, NAME_WIDTH + 1, STYLE_PLAIN, f->name);
    (void)grid_text(g, y, x + NAME_WIDTH + 2, STATE_WIDTH, f->style, f->state);
    (void)grid_text(g, y, x + NAME_WIDTH + STATE_WIDTH + 3, r.w - NAME_WIDTH - STATE_WIDTH - 6,
                    f->style == STYLE_BROKEN ? STYLE_BROKEN : STYLE_PLAIN, f->text);
}

/* The worst first where there is no room for all of them. */
int draw_health(const struct screen *s, struct grid *g, struct rect r, int y, int room)
{
    struct fact f[FACTS_MAX];
    size_t n = collect_facts(s->snapshot, f);
    static const uint16_t worst_first[] = {STYLE_BROKEN, STYLE_ATTENTION, STYLE_PLAIN};
    if ((int)n <= room) {
        for (size_t i = 0; i < n; i++)
            draw_fact(g, r, y++, &f[i]);
        return y;
    }
    for (size_t k = 0; k < 3; k++)
        for (size_t i = 0; i < n; i++)
            if (f[i].style == worst_first[k] && room > 0) {
                draw_fact(g, r, y++, &f[i]);
                room--;
            }
    return y;
}

static void render(struct screen *s, struct grid *g, struct rect r)
{
    int y = r.y;
    int end = r.y + r.h;
    bool roomy = r.h >= 14;
    if (roomy)
        y = draw_section(g, r, y, "Pipeline");
    y = draw_pipeline(s, g, (struct rect){y, r.x, end - y, r.w}, roomy);
    y = draw_bottleneck(s, g, r, y, end - y);
    if (roomy)
        y = draw_section(g, r, y, "Servers");
    int alerts = end - y > 9 ? 4 : end - y > 4 ? 3 : 0; /* at least so many rows for them */
    y = draw_health(s, g, r, y, end - y - alerts);
    if (end - y < 2)
        return;
    y = draw_section(g, r, y, "Alerts");
    struct table_model m;
    model(s, &m);
    table_draw(g, (struct rect){y, r.x, end - y, r.w}, &m, &s->tables[PANE_OVERVIEW],
               s->events.alert_count > 0);
}

const struct pane pane_overview = {
    .name = "Overview",
    .aliases = "overview home pipeline",
    .key = '1',
    .context = CONTEXT_OVERVIEW,
    .model = model,
    .render = render,
};
