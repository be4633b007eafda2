#include "views/pipeline.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "views/chart/chart.h"
#include "views/pane.h"

/* ---- the strip ---- */

struct station {
    const char *name;
    char rate[UNIT_TEXT_MAX];
    char lag[UNIT_TEXT_MAX]; /* in time */
    double waiting, bytes;   /* before it; NAN: not known */
};

enum { STEP_LEAST = 13, STEP_MOST = 20, LABEL_WIDTH = 9, QUEUE_WIDTH = 17 };

const char *pipeline_figure(enum pipeline_station i)
{
    static const char *const names[STATIONS] = {
        [STATION_WAL] = "wal.bytes_s",       [STATION_CAPTURE] = "capture.rate_s",
        [STATION_TOPICS] = "topics.waiting", [STATION_RAW] = "raw.rate_s",
        [STATION_DWH] = "dwh.lag_s",         [STATION_MARTS] = "marts.lag_s"};
    return names[i];
}

void pipeline_course_of(const struct history *h, struct pipeline_course *out)
{
    static const enum history_figure seen[] = {HISTORY_WAL_BYTES_S, HISTORY_CAPTURE_RATE,
                                               HISTORY_WAITING, HISTORY_RAW_RATE};
    for (int i = 0; i < STATIONS; i++)
        for (int k = 0; k < PIPELINE_POINTS; k++)
            out->points[i][k] = NAN;
    for (int i = 0; i <= STATION_RAW; i++)
        history_last(h, seen[i], PIPELINE_POINTS, out->points[i]);
}

/* What runs by its schedule moves seldom: then its state says more than a rate of 0. */
static void read_behind_raw(const struct snap_station *n, const char *name, struct station *out)
{
    *out = (struct station){.name = name, .waiting = n->waiting, .bytes = n->waiting_bytes};
    if (n->rate_s > 0)
        (void)unit_rate(n->rate_s, out->rate, sizeof out->rate);
    else
        (void)snprintf(out->rate, sizeof out->rate, "%s", n->state ? n->state : "-");
    (void)unit_duration(n->lag_s, out->lag, sizeof out->lag);
}

static void read_stations(const struct snapshot *n, struct station *st)
{
    st[STATION_WAL] =
        (struct station){.name = "WAL", .waiting = NAN, .bytes = n->wal.retained_bytes};
    (void)unit_bytes_rate(n->wal.bytes_s, st[STATION_WAL].rate, sizeof st->rate);
    (void)unit_duration(n->wal.lag_s, st[STATION_WAL].lag, sizeof st->lag);
    st[STATION_CAPTURE] =
        (struct station){.name = "capture", .waiting = NAN, .bytes = n->capture.waiting_bytes};
    (void)unit_rate(n->capture.rate_s, st[STATION_CAPTURE].rate, sizeof st->rate);
    (void)unit_duration(n->capture.lag_ms / 1000, st[STATION_CAPTURE].lag, sizeof st->lag);
    st[STATION_TOPICS] = (struct station){
        .name = "topics", .waiting = n->queued.waiting, .bytes = n->queued.waiting_bytes};
    (void)unit_rate(n->queued.rate_s, st[STATION_TOPICS].rate, sizeof st->rate);
    (void)unit_duration(n->queued.lag_s, st[STATION_TOPICS].lag, sizeof st->lag);
    st[STATION_RAW] =
        (struct station){.name = "raw", .waiting = n->raw.waiting, .bytes = n->raw.waiting_bytes};
    (void)unit_rate(n->raw.rate_s, st[STATION_RAW].rate, sizeof st->rate);
    (void)unit_duration(n->raw.lag_s, st[STATION_RAW].lag, sizeof st->lag);
    read_behind_raw(&n->dwh, "dwh", &st[STATION_DWH]);
    read_behind_raw(&n->marts, "marts", &st[STATION_MARTS]);
}

/* "41.2 k, 9.1 MB", and where that is too wide "41.2k 9.1MB". */
static void queue_words(const struct station *st, int w, char *out, size_t n)
{
    char records[UNIT_TEXT_MAX];
    char bytes[UNIT_TEXT_MAX];
    bool both = !isnan(st->waiting) && !isnan(st->bytes);
    (void)unit_short(st->waiting, records, sizeof records);
    (void)unit_bytes(st->bytes, bytes, sizeof bytes);
    if (!both) {
        (void)snprintf(out, n, "%s", isnan(st->waiting) ? bytes : records);
        return;
    }
    int len = snprintf(out, n, "%s, %s", records, bytes);
    if (len <= w)
        return;
    char *to = out;
    for (const char *at = out; *at; at++)
        if (*at != ' ' && *at != ',')
            *to++ = *at;
        else if (*at == ',')
            *to++ = ' ';
    *to = '\0';
}

/* "raw: the warehouse takes .." names the station raw. */
static bool is_bottleneck(const struct snapshot *n, const char *station)
{
    size_t len = strlen(station);
    return n->bottleneck && strncasecmp(n->bottleneck, station, len) == 0 &&
           (n->bottleneck[len] == ':' || n->bottleneck[len] == '.');
}

static void draw_spark(const struct screen *s, struct grid *g, int y, int x, int w,
                       const double *points)
{
    enum {
        LEAST = 3
    }; /* a bar or two alone show no course, and a lone one is always the highest */
    int n = w < PIPELINE_POINTS ? w : PIPELINE_POINTS;
    int known = 0;
    const double *v = points + PIPELINE_POINTS - n;
    for (int i = 0; i < n; i++)
        known += !isnan(v[i]);
    if (known >= LEAST)
        chart_spark(g, y, x, n, s->glyphs, v, n);
}

/* A sign a mart: made in its time, or late. */
static void draw_marts(const struct screen *s, struct grid *g, int y, int x, int w)
{
    int end = x + w;
    for (size_t i = 0; i < s->snapshot->fresh_count && x < end; i++) {
        const struct snap_fresh *f = &s->snapshot->fresh[i];
        if (!f->is_mart)
            continue;
        bool late = f->late_s > 0;
        bool made = !isnan(f->behind_s);
        const char *sign = late ? (g->ascii ? "!" : "▲") : made ? (g->ascii ? "+" : "✓") : "·";
        if (g->ascii && !late && !made)
            sign = ".";
        (void)grid_put(g, y, x, 1, late ? STYLE_ATTENTION : made ? STYLE_OK : STYLE_DIM, sign);
        x += 2;
    }
}

static int draw_across(const struct screen *s, struct grid *g, struct rect r,
                       const struct station *st, const struct pipeline_course *course)
{
    int step = r.w / STATIONS < STEP_MOST ? r.w / STATIONS : STEP_MOST;
    for (int i = 0; i < STATIONS; i++) {
        bool slow = is_bottleneck(s->snapshot, st[i].name);
        uint16_t style = slow ? STYLE_ATTENTION : STYLE_PLAIN;
        int x = r.x + 3 + i * step;
        char queue[2 * UNIT_TEXT_MAX];
        (void)grid_text(g, r.y, x, step - 2, STYLE_HEADER, st[i].name);
        (void)grid_put(g, r.y + 1, x - 2, 1, style, slow ? state_sign("slow", g->ascii) : " ");
        (void)grid_text(g, r.y + 1, x, step - 2, style, st[i].rate);
        (void)grid_text(g, r.y + 2, x, step - 2, style, st[i].lag);
        queue_words(&st[i], step - 2, queue, sizeof queue);
        if (i != STATION_MARTS) /* the whole of its lag is a time */
            (void)grid_text(g, r.y + 3, x, step - 1, style, queue);
        if (course && i == STATION_MARTS)
            draw_marts(s, g, r.y + 4, x, step - 2);
        else if (course)
            draw_spark(s, g, r.y + 4, x, step - 3, course->points[i]);
    }
    return r.y + (course ? 5 : 4);
}

int draw_pipeline(const struct screen *s, struct grid *g, struct rect r,
                  const struct pipeline_course *course)
{
    struct station st[STATIONS];
    read_stations(s->snapshot, st);
    if (r.w >= STATIONS * STEP_LEAST)
        return draw_across(s, g, r, st, course);
    for (int i = 0; i < STATIONS; i++) {
        bool slow = is_bottleneck(s->snapshot, st[i].name);
        uint16_t style = slow ? STYLE_ATTENTION : STYLE_PLAIN;
        int x = r.x + 3;
        char queue[2 * UNIT_TEXT_MAX];
        (void)grid_put(g, r.y + i, x - 2, 1, style, slow ? state_sign("slow", g->ascii) : " ");
        (void)grid_text(g, r.y + i, x, LABEL_WIDTH, STYLE_HEADER, st[i].name);
        grid_text_right(g, r.y + i, x + LABEL_WIDTH, 11, style, st[i].rate);
        grid_text_right(g, r.y + i, x + LABEL_WIDTH + 12, 13, style, st[i].lag);
        queue_words(&st[i], QUEUE_WIDTH, queue, sizeof queue);
        if (i != STATION_MARTS && r.w >= x + LABEL_WIDTH + 26 + QUEUE_WIDTH)
            grid_text_right(g, r.y + i, x + LABEL_WIDTH + 26, QUEUE_WIDTH, style, queue);
    }
    return r.y + STATIONS;
}

/* ---- the answer, before the details ---- */

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

/* ---- what is full, and when ---- */

enum { DAY_S = 86400, HOUR_S = 3600 };

/* The soonest one; -1: nothing grows. */
static int soonest(const struct snapshot *n, double above)
{
    int at = -1;
    for (size_t i = 0; i < n->eta_count; i++)
        if (n->etas[i].seconds > above && (at < 0 || n->etas[i].seconds < n->etas[at].seconds))
            at = (int)i;
    return at;
}

/* A server that does not answer may hold back the worst: then nothing is said to be well. */
static const char *nothing_words(const struct snapshot *n)
{
    bool known = !n->kafka.state || strcmp(n->kafka.state, "down") != 0;
    for (size_t i = 0; i < n->eta_count; i++)
        known = known && n->etas[i].known;
    return !known         ? "What fills up is not known: a server does not answer."
           : n->eta_count ? "Nothing fills up: no slot and no topic's retention."
                          : "Nothing fills up.";
}

int draw_disaster(const struct screen *s, struct grid *g, struct rect r, int y)
{
    const struct snapshot *n = s->snapshot;
    char text[512];
    int first = soonest(n, -1);
    uint16_t style = STYLE_DIM;
    if (first < 0) {
        (void)snprintf(text, sizeof text, "%s", nothing_words(n));
    } else {
        const struct snap_eta *a = &n->etas[first];
        int second = soonest(n, a->seconds);
        style = a->seconds < HOUR_S  ? STYLE_BROKEN
                : a->seconds < DAY_S ? STYLE_ATTENTION
                                     : STYLE_PLAIN;
        (void)snprintf(text, sizeof text, "Worst case first: %s %s%s%s%s%s.", a->what, a->text,
                       second < 0 ? "" : "; ", second < 0 ? "" : n->etas[second].what,
                       second < 0 ? "" : " ", second < 0 ? "" : n->etas[second].text);
        if (style != STYLE_PLAIN)
            (void)grid_put(g, y, r.x + 1, 1, style, state_sign("slow", g->ascii));
    }
    (void)grid_text(g, y, r.x + 3, r.w - 4, style, text);
    return y + 1;
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
    if (v->none) {
        add_fact(f, n, name, "none", "none is configured");
        f[*n - 1].style = STYLE_PLAIN;
    }
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

/* "primary up, standby up, kafka up, warehouse up, connectors 3 of 3 running" */
static void draw_all_well(struct grid *g, struct rect r, int y, const struct fact *f, size_t n)
{
    char text[512];
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < n && used < sizeof text; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s %s", i ? ", " : "",
                                 f[i].name, i + 1 < n ? f[i].state : f[i].text);
    (void)grid_text(g, y, r.x + 3, r.w - 4, STYLE_DIM, text);
}

/* The worst first where there is no room for all of them. */
int draw_health(const struct screen *s, struct grid *g, struct rect r, int y, int room)
{
    struct fact f[FACTS_MAX];
    size_t n = collect_facts(s->snapshot, f);
    static const uint16_t worst_first[] = {STYLE_BROKEN, STYLE_ATTENTION, STYLE_PLAIN};
    bool well = true;
    for (size_t i = 0; i < n; i++)
        well = well && f[i].style == STYLE_PLAIN;
    if (room == 1 && well) {
        draw_all_well(g, r, y, f, n);
        return y + 1;
    }
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
