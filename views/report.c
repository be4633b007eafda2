#include "views/report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "views/pane.h"
#include "views/pipeline.h"

/* ---- status ---- */

static void draw_head(const struct snapshot *n, struct grid *g, int w)
{
    char text[UNIT_TEXT_MAX];
    int x = grid_printf(g, 0, 0, w, STYLE_PLAIN, "%s (%s), engine %s up %s", n->environment.name,
                        n->environment.kind, n->engine.version,
                        unit_duration(n->engine.uptime_s, text, sizeof text));
    if (n->engine.pid > 0)
        x += grid_printf(g, 0, x, w - x, STYLE_PLAIN, ", pid %lld", (long long)n->engine.pid);
    x += grid_printf(g, 0, x, w - x, STYLE_PLAIN, ", %s",
                     unit_bytes(n->engine.rss_bytes, text, sizeof text));
    if (!isnan(n->engine.cpu_percent))
        x += grid_printf(g, 0, x, w - x, STYLE_PLAIN, ", %.1f %% CPU", n->engine.cpu_percent);
    (void)grid_printf(g, 0, x, w - x, STYLE_PLAIN, "; %s UTC",
                      unit_day(n->now_us, text, sizeof text));
}

static int draw_list(struct screen *s, struct grid *g, int y, enum pane_id pane)
{
    struct table_model m;
    char title[64];
    pane_of(pane)->model(s, &m);
    (void)snprintf(title, sizeof title, "%s (%zu)", pane_of(pane)->name, m.rows);
    y = draw_section(g, grid_all(g), y, title);
    int rows = m.rows ? (int)m.rows : 1;
    table_draw(g, (struct rect){y, 0, rows + 1, g->w}, &m, &s->tables[pane], false);
    return y + rows + 1;
}

/* A line an alert; nothing where all is well. */
static int draw_alerts(const struct snapshot *n, struct grid *g, int y)
{
    enum { OBJECT_AT = 26, TEXT_AT = 62 };
    char at[UNIT_TEXT_MAX];
    char title[64];
    if (!n->alert_count)
        return y;
    (void)snprintf(title, sizeof title, "Alerts (%zu)", n->alert_count);
    y = draw_section(g, grid_all(g), y, title);
    for (size_t i = 0; i < n->alert_count; i++) {
        const struct snap_alert *a = &n->alerts[i];
        uint16_t style = level_style(a->level);
        (void)grid_put(g, y, 1, 1, style, level_sign(a->level, g->ascii));
        (void)grid_text(g, y, 3, OBJECT_AT - 4, STYLE_PLAIN, unit_day(a->since_us, at, sizeof at));
        (void)grid_text(g, y, OBJECT_AT, TEXT_AT - OBJECT_AT - 1, STYLE_PLAIN, a->name);
        (void)grid_text(g, y, TEXT_AT, g->w - TEXT_AT, style, a->text);
        y++;
    }
    return y;
}

static void put_rows(const struct grid *g, int rows, struct buf *out)
{
    struct grid part = *g;
    part.h = rows < g->h ? rows : g->h;
    grid_to_text(&part, out);
}

enum err report_status(const struct snapshot *n, int w, bool ascii, struct buf *out,
                       struct errbuf *e)
{
    struct screen s;
    struct grid g;
    size_t rows = 35 + n->alert_count + n->slot_count + n->connector_count + n->topic_count;
    int h = rows < GRID_SIDE_MAX ? (int)rows : GRID_SIDE_MAX;
    enum err rc = grid_init(&g, h, w, ascii, e);
    if (rc != ERR_OK)
        return rc;
    rc = screen_init(&s, h, w, GLYPHS_ASCII, ascii, e);
    if (rc != ERR_OK) {
        grid_free(&g);
        return rc;
    }
    screen_take_snapshot(&s, (struct snapshot *)n);
    struct rect all = grid_all(&g);
    draw_head(n, &g, g.w);
    int y = draw_section(&g, all, 1, "Pipeline");
    y = draw_pipeline(&s, &g, (struct rect){y, 0, h - y, g.w}, NULL);
    y = draw_bottleneck(&s, &g, all, y, 2);
    y = draw_disaster(&s, &g, all, y);
    y = draw_section(&g, all, y, "Servers");
    y = draw_health(&s, &g, all, y, h - y);
    y = draw_alerts(n, &g, y);
    y = draw_list(&s, &g, y, PANE_CONNECTORS);
    y = draw_list(&s, &g, y, PANE_TOPICS);
    put_rows(&g, y, out);
    s.snapshot = NULL; /* it was borrowed */
    screen_free(&s);
    grid_free(&g);
    return buf_check(out, "the status", e);
}

/* ---- line mode ---- */

/* What comes from outside, made printable. */
static void put_text(struct buf *out, const char *s)
{
    int w;
    wchar_t ch;
    while ((ch = text_next(&s, false, &w)) != 0)
        utf8_put(out, (uint32_t)ch);
}

static void put_line(struct buf *out, int64_t ts_us, const char *kind, const char *name,
                     const char *state, const char *why)
{
    char clock[UNIT_TEXT_MAX];
    buf_printf(out, "%s %s", unit_clock(ts_us, clock, sizeof clock), kind);
    if (*name) {
        buf_ch(out, ' ');
        put_text(out, name);
    }
    buf_lit(out, ": ");
    put_text(out, state);
    if (why && *why) {
        buf_lit(out, " (");
        put_text(out, why);
        buf_ch(out, ')');
    }
    buf_ch(out, '\n');
}

static const char *word(const char *s)
{
    return s ? s : "unknown";
}

static void server_change(const struct snap_server *before, const struct snap_server *after,
                          const char *name, int64_t ts_us, struct buf *out)
{
    if (!after->known && (!before || !before->known))
        return;
    if (before && before->known == after->known &&
        strcmp(word(before->state), word(after->state)) == 0)
        return;
    put_line(out, ts_us, name, "", after->known ? word(after->state) : "no longer configured",
             after->error ? after->error : after->about);
}

static void connector_changes(const struct snapshot *before, const struct snapshot *after,
                              struct buf *out)
{
    for (size_t i = 0; i < after->connector_count; i++) {
        const struct snap_connector *c = &after->connectors[i];
        const struct snap_connector *was = snapshot_connector(before, c->name);
        if (!was || strcmp(was->state, c->state) != 0)
            put_line(out, after->now_us, "connector", c->name, c->state,
                     c->detail && c->detail[0] ? c->detail : c->last_error);
    }
    for (size_t i = 0; before && i < before->connector_count; i++)
        if (!snapshot_connector(after, before->connectors[i].name))
            put_line(out, after->now_us, "connector", before->connectors[i].name, "deleted", NULL);
}

/* The station that is named before the colon: the figures behind it move all the time. */
static size_t station_length(const char *bottleneck)
{
    return bottleneck ? strcspn(bottleneck, ":.") : 0;
}

static void bottleneck_change(const struct snapshot *before, const struct snapshot *after,
                              struct buf *out)
{
    size_t was = before ? station_length(before->bottleneck) : 0;
    size_t is = station_length(after->bottleneck);
    if (before && was == is && (!is || memcmp(before->bottleneck, after->bottleneck, is) == 0))
        return;
    put_line(out, after->now_us, "bottleneck", "", is ? after->bottleneck : "none", NULL);
}

void report_changes(const struct snapshot *before, const struct snapshot *after, struct buf *out)
{
    server_change(before ? &before->primary : NULL, &after->primary, "primary", after->now_us, out);
    server_change(before ? &before->standby : NULL, &after->standby, "standby", after->now_us, out);
    server_change(before ? &before->kafka : NULL, &after->kafka, "kafka", after->now_us, out);
    server_change(before ? &before->warehouse : NULL, &after->warehouse, "warehouse", after->now_us,
                  out);
    connector_changes(before, after, out);
    bottleneck_change(before, after, out);
}

void report_event(const struct event *v, struct buf *out)
{
    put_line(out, v->ts_us, v->level, v->object ? v->object : v->area, v->text, NULL);
}
