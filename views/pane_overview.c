/*
 * Pane 1: how everything does, the answer first; then how fresh each table and mart is, and what is
 * wrong. Enter goes to what a row is about, `a` acknowledges an alert, `r` refreshes what is
 * behind.
 *
 * One list for the keys, two tables for the eyes: the rows are the tables and marts, then the
 * alerts, and each kind is drawn with columns of its own.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "views/pane.h"
#include "views/pipeline.h"
#include "views/table_cell.h"

enum {
    SERIES_S = 120, /* what the sparklines show */
    ROOMY = 14,     /* rows of the pane from which on sections have titles */
    SPACIOUS = 36,  /* .. and each server has a line */
    ALERT_ROWS = 4, /* that alerts have at the least, title and header among them */
};
static const int64_t SERIES_US = 6000000;
static const double LATE_S = 60; /* a table whose records wait longer than this is marked */
static const int64_t DAY_US = 86400 * INT64_C(1000000);

struct overview {
    struct pipeline_course course;
    int64_t course_us;                /* the moment that it goes up to; 0: now */
    bool recorded;                    /* the course is the recorder's */
    struct table_state fresh, alerts; /* where each table is scrolled to; order is not theirs */
};

#define STATE(s) PANE_STATE(s, PANE_OVERVIEW, struct overview)

/* ---- rows ---- */

static const struct snap_fresh *fresh_at(const struct screen *s, size_t row)
{
    return s->snapshot && row < s->snapshot->fresh_count ? &s->snapshot->fresh[row] : NULL;
}

static const struct snap_alert *alert_at(const struct screen *s, size_t row)
{
    return &s->snapshot->alerts[row - s->snapshot->fresh_count];
}

static const char *row_key(const void *ctx, size_t row)
{
    const struct snap_fresh *f = fresh_at(ctx, row);
    return f ? f->key : alert_at(ctx, row)->key;
}

static bool is_behind(const struct snap_fresh *f)
{
    if (f->is_mart)
        return f->late_s > 0;
    bool silent = f->waiting == UNKNOWN_INT && strcmp(f->of_it_in, "-") != 0; /* its sink rests */
    return silent || (f->waiting > 0 && f->behind_s > LATE_S);
}

static uint16_t fresh_style(const struct snap_fresh *f)
{
    return f->verified_ok == 0 ? STYLE_BROKEN : is_behind(f) ? STYLE_ATTENTION : STYLE_PLAIN;
}

static const char *style_sign(uint16_t style, bool ascii)
{
    return style == STYLE_BROKEN      ? (ascii ? "X" : "✗")
           : style == STYLE_ATTENTION ? (ascii ? "!" : "▲")
                                      : " ";
}

/* The time of today, "yest. 12:05", or the date. */
static void moment(const struct screen *s, int64_t us, char *out, size_t n)
{
    char text[UNIT_TEXT_MAX];
    int64_t days = us == UNKNOWN_INT ? 0 : s->snapshot->now_us / DAY_US - us / DAY_US;
    if (us == UNKNOWN_INT)
        (void)snprintf(out, n, "-");
    else if (days <= 0)
        (void)unit_clock(us, out, n);
    else if (days == 1)
        (void)snprintf(out, n, "yest. %s", unit_minute(us, text, sizeof text));
    else
        (void)snprintf(out, n, "%.10s", unit_day(us, text, sizeof text));
}

static void verify_words(const struct screen *s, const struct snap_fresh *f, char *out, size_t n)
{
    char at[UNIT_TEXT_MAX];
    if (f->verified_ok < 0) {
        (void)snprintf(out, n, "-");
        return;
    }
    bool today =
        f->verified_us != UNKNOWN_INT && f->verified_us / DAY_US == s->snapshot->now_us / DAY_US;
    if (today)
        (void)unit_minute(f->verified_us, at, sizeof at);
    else
        moment(s, f->verified_us, at, sizeof at);
    (void)snprintf(out, n, "%s %s", f->verified_ok ? (s->ascii ? "ok" : "✓") : "DIFFERS", at);
}

static void where_words(const struct snap_fresh *f, char *out, size_t n)
{
    char text[UNIT_TEXT_MAX];
    if (f->is_mart || isnan(f->of_it_s))
        (void)snprintf(out, n, "%s", f->of_it_in);
    else
        (void)snprintf(out, n, "%s %s", f->of_it_in, unit_duration(f->of_it_s, text, sizeof text));
}

enum { FRESH_SIGN, FRESH_NAME, FRESH_BEHIND, FRESH_IN, FRESH_ROWS, FRESH_LAST, FRESH_VERIFY };

static const struct table_column fresh_columns[] = {
    [FRESH_SIGN] = {.title = "", .width = 1},
    [FRESH_NAME] = {.title = "table / mart", .width = 16, .stretch = true, .want = 30},
    [FRESH_BEHIND] = {.title = "behind", .width = 10, .right = true},
    [FRESH_IN] = {.title = "of it in", .width = 22, .rank = 1, .spare = true},
    [FRESH_ROWS] = {.title = "rows today", .width = 10, .right = true, .rank = 3},
    [FRESH_LAST] = {.title = "refreshed", .width = 11, .rank = 2},
    [FRESH_VERIFY] = {.title = "verify", .width = 13, .rank = 4},
};

static void fresh_cell(const void *ctx, size_t row, int column, struct table_cell *out)
{
    const struct screen *s = ctx;
    const struct snap_fresh *f = fresh_at(s, row);
    size_t n = sizeof out->text;
    switch (column) {
    case FRESH_SIGN:
        out->style = fresh_style(f);
        (void)snprintf(out->text, n, "%s", style_sign(out->style, s->ascii));
        break;
    case FRESH_NAME:
        (void)snprintf(out->text, n, "%s", f->name);
        break;
    case FRESH_BEHIND:
        out->style = is_behind(f) ? STYLE_ATTENTION : STYLE_PLAIN;
        (void)unit_duration(f->behind_s, out->text, n);
        break;
    case FRESH_IN:
        where_words(f, out->text, n);
        break;
    case FRESH_ROWS:
        (void)unit_count(f->rows_today, out->text, n);
        break;
    case FRESH_LAST:
        moment(s, f->last_refresh_us, out->text, n);
        break;
    default:
        out->style = f->verified_ok == 0 ? STYLE_BROKEN : STYLE_PLAIN;
        verify_words(s, f, out->text, n);
    }
}

enum { ALERT_SIGN, ALERT_TIME, ALERT_RULE, ALERT_OBJECT, ALERT_TEXT };

static const struct table_column alert_columns[] = {
    [ALERT_SIGN] = {.title = "", .width = 1},
    [ALERT_TIME] = {.title = "since UTC", .width = 11},
    [ALERT_RULE] = {.title = "alert", .width = 12, .rank = 2},
    [ALERT_OBJECT] = {.title = "about", .width = 26, .rank = 1},
    [ALERT_TEXT] = {.title = "what", .width = 16, .stretch = true},
};

static void alert_cell(const void *ctx, size_t row, int column, struct table_cell *out)
{
    const struct screen *s = ctx;
    const struct snap_alert *a = alert_at(s, row);
    size_t n = sizeof out->text;
    bool known = a->acknowledged_by != NULL;
    out->style = known ? STYLE_DIM : STYLE_PLAIN;
    switch (column) {
    case ALERT_SIGN:
        out->style = level_style(a->level);
        (void)snprintf(out->text, n, "%s", level_sign(a->level, s->ascii));
        break;
    case ALERT_TIME:
        moment(s, a->since_us, out->text, n);
        break;
    case ALERT_RULE:
        (void)snprintf(out->text, n, "%s", a->rule);
        break;
    case ALERT_OBJECT:
        (void)snprintf(out->text, n, "%s", a->object);
        break;
    default:
        out->style = known ? STYLE_DIM : level_style(a->level);
        (void)snprintf(out->text, n, "%s%s%s", known ? "known to " : "",
                       known ? a->acknowledged_by : "", known ? ": " : "");
        (void)snprintf(out->text + strlen(out->text), n - strlen(out->text), "%s", a->text);
    }
}

/* Both kinds in one, for filtering, sorting and files. */
enum {
    ROW_KIND,
    ROW_NAME,
    ROW_STATE,
    ROW_BEHIND,
    ROW_TEXT,
    ROW_ROWS,
    ROW_SINCE,
    ROW_VERIFY,
    ROW_SHOWN, /* in files: */
    ROW_OF_IT = ROW_SHOWN,
    ROW_WAITING,
    ROW_VERIFIED,
    ROW_BY,
    ROW_COLUMNS,
};

static const struct table_column row_columns[] = {
    [ROW_KIND] = {.title = "kind", .width = 6},
    [ROW_NAME] = {.title = "name", .width = 20},
    [ROW_STATE] = {.title = "state", .width = 10},
    [ROW_BEHIND] = {.title = "behind", .file = "behind_s", .width = 10, .right = true},
    [ROW_TEXT] = {.title = "what", .width = 24},
    [ROW_ROWS] = {.title = "rows today", .width = 10, .right = true},
    [ROW_SINCE] = {.title = "refreshed or since", .width = 19},
    [ROW_VERIFY] = {.title = "verify", .file = "verified_ok", .width = 13},
    [ROW_OF_IT] = {.title = "of it", .file = "of_it_s"},
    [ROW_WAITING] = {.title = "waiting", .file = "waiting_records"},
    [ROW_VERIFIED] = {.title = "verified"},
    [ROW_BY] = {.title = "acknowledged by"},
};

static void row_of_fresh(const struct screen *s, const struct snap_fresh *f, int column,
                         struct table_cell *out)
{
    switch (column) {
    case ROW_KIND:
        cell_text(out, f->is_mart ? "mart" : "table");
        break;
    case ROW_NAME:
        cell_text(out, f->name);
        break;
    case ROW_STATE:
        cell_text(out, is_behind(f) ? "late" : "ok");
        break;
    case ROW_BEHIND:
        cell_duration(out, f->behind_s);
        break;
    case ROW_TEXT:
        where_words(f, out->text, sizeof out->text);
        cell_is_text(out, strcmp(f->of_it_in, "-") != 0 ? f->of_it_in : NULL);
        break;
    case ROW_ROWS:
        cell_count(out, f->rows_today);
        break;
    case ROW_SINCE:
        cell_day(out, f->last_refresh_us);
        break;
    case ROW_VERIFY:
        verify_words(s, f, out->text, sizeof out->text);
        cell_is_bool(out, f->verified_ok);
        break;
    case ROW_OF_IT:
        cell_duration(out, f->of_it_s);
        break;
    case ROW_WAITING:
        cell_count(out, f->waiting);
        break;
    case ROW_VERIFIED:
        cell_day(out, f->verified_us);
        break;
    default:
        cell_text(out, NULL);
    }
}

static void row_of_alert(const struct snap_alert *a, int column, struct table_cell *out)
{
    switch (column) {
    case ROW_KIND:
        cell_text(out, "alert");
        break;
    case ROW_NAME:
        cell_text(out, a->name);
        break;
    case ROW_STATE:
        cell_text(out, a->level);
        break;
    case ROW_TEXT:
        cell_text(out, a->text);
        break;
    case ROW_SINCE:
        cell_day(out, a->since_us);
        break;
    case ROW_BY:
        cell_text(out, a->acknowledged_by);
        break;
    default:
        cell_text(out, NULL);
    }
}

static void row_cell(const void *ctx, size_t row, int column, struct table_cell *out)
{
    const struct snap_fresh *f = fresh_at(ctx, row);
    if (f)
        row_of_fresh(ctx, f, column, out);
    else
        row_of_alert(alert_at(ctx, row), column, out);
}

static int compare_fresh(const struct snap_fresh *a, const struct snap_fresh *b, int column)
{
    switch (column) {
    case ROW_STATE:
        return table_compare_int(is_behind(a), is_behind(b));
    case ROW_BEHIND:
        return table_compare_real(a->behind_s, b->behind_s);
    case ROW_TEXT:
        return strcmp(a->of_it_in, b->of_it_in);
    case ROW_ROWS:
        return table_compare_int(a->rows_today, b->rows_today);
    case ROW_SINCE:
        return table_compare_int(a->last_refresh_us, b->last_refresh_us);
    case ROW_VERIFY:
        return table_compare_int(a->verified_ok, b->verified_ok);
    case ROW_KIND:
        return table_compare_int(a->is_mart, b->is_mart);
    default:
        return strcmp(a->name, b->name);
    }
}

static int compare_alerts(const struct snap_alert *a, const struct snap_alert *b, int column)
{
    switch (column) {
    case ROW_STATE:
        return strcmp(a->level, b->level);
    case ROW_SINCE:
        return table_compare_int(a->since_us, b->since_us);
    case ROW_TEXT:
        return strcmp(a->text, b->text);
    case ROW_NAME:
        return strcmp(a->object, b->object);
    default: /* alerts have no such figure */
        return 0;
    }
}

/* Alerts stay below the tables, whichever way it is sorted. */
static int compare(const void *ctx, size_t x, size_t y, int column)
{
    const struct screen *s = ctx;
    const struct snap_fresh *a = fresh_at(s, x);
    const struct snap_fresh *b = fresh_at(s, y);
    if (!a != !b)
        return (!a - !b) * (s->tables[PANE_OVERVIEW].descending ? -1 : 1);
    return a ? compare_fresh(a, b, column) : compare_alerts(alert_at(s, x), alert_at(s, y), column);
}

/* Where a part shows by what both are sorted. */
static int sorted_column(const struct table_state *all, bool of_alerts)
{
    static const int of_fresh[ROW_SHOWN] = {[ROW_KIND] = -1,          [ROW_NAME] = FRESH_NAME,
                                            [ROW_STATE] = FRESH_SIGN, [ROW_BEHIND] = FRESH_BEHIND,
                                            [ROW_TEXT] = FRESH_IN,    [ROW_ROWS] = FRESH_ROWS,
                                            [ROW_SINCE] = FRESH_LAST, [ROW_VERIFY] = FRESH_VERIFY};
    static const int of_alert[ROW_SHOWN] = {
        [ROW_KIND] = -1,          [ROW_NAME] = ALERT_OBJECT, [ROW_STATE] = ALERT_SIGN,
        [ROW_BEHIND] = -1,        [ROW_TEXT] = ALERT_TEXT,   [ROW_ROWS] = -1,
        [ROW_SINCE] = ALERT_TIME, [ROW_VERIFY] = -1};
    return all->sort < 0 ? -1 : of_alerts ? of_alert[all->sort] : of_fresh[all->sort];
}

static void model(const struct screen *s, struct table_model *m)
{
    *m = (struct table_model){
        .columns = row_columns,
        .column_count = ROW_SHOWN,
        .file_columns = ROW_COLUMNS - ROW_SHOWN,
        .rows = s->snapshot ? s->snapshot->fresh_count + s->snapshot->alert_count : 0,
        .ctx = s,
        .key = row_key,
        .cell = row_cell,
        .compare = compare,
        .empty = "nothing is known yet",
    };
}

/* ---- drawing ---- */

/* Rows [from, to) of the list's order, with columns of their own. */
static void draw_part(struct screen *s, struct grid *g, struct rect r, struct table_state *part,
                      size_t from, size_t to, bool of_alerts)
{
    struct table_state *all = &s->tables[PANE_OVERVIEW];
    const struct table_model m = {
        .columns = of_alerts ? alert_columns : fresh_columns,
        .column_count = of_alerts ? sizeof alert_columns / sizeof alert_columns[0]
                                  : sizeof fresh_columns / sizeof fresh_columns[0],
        .rows = to - from,
        .ctx = s,
        .key = row_key,
        .cell = of_alerts ? alert_cell : fresh_cell,
        .empty = of_alerts ? "none" : "nothing is known yet",
    };
    bool here = !all->gone && all->selected >= from && all->selected < to;
    part->sort = sorted_column(all, of_alerts);
    part->descending = all->descending;
    part->order = all->order ? all->order + from : NULL;
    part->n = to - from;
    if (here)
        part->selected = all->selected - from;
    else if (part->selected >= part->n)
        part->selected = part->n ? part->n - 1 : 0;
    (void)snprintf(part->filter, sizeof part->filter, "%s", all->filter);
    table_draw(g, r, &m, part, here);
    all->areas[of_alerts] = (struct table_area){part->areas[0].r, part->areas[0].first + from};
    part->order = NULL;
}

/* How many of the order's rows are tables and marts: they stand first. */
static size_t count_fresh(const struct screen *s)
{
    const struct table_state *t = &s->tables[PANE_OVERVIEW];
    size_t n = 0;
    while (n < t->n && t->order[n] < s->snapshot->fresh_count)
        n++;
    return n;
}

/* Alerts get what they need as long as the tables keep a third; and never less than a few rows. */
static int alert_rows(int room, size_t fresh, size_t alerts)
{
    if (!alerts)
        return room > (int)fresh + 2 ? 1 : 0;
    int need = (int)(alerts < 1000 ? alerts : 1000) + 2;
    int left = room - ((int)(fresh < 1000 ? fresh : 1000) + 2);
    int rows = left > ALERT_ROWS ? left : ALERT_ROWS;
    rows = rows > need ? need : rows;
    return rows > room ? room : rows;
}

static void draw_lists(struct screen *s, struct grid *g, struct rect r, int y, int end)
{
    const struct table_state *t = &s->tables[PANE_OVERVIEW];
    struct overview *o = STATE(s);
    size_t fresh = count_fresh(s);
    int of_alerts = alert_rows(end - y, fresh, t->n - fresh);
    if (of_alerts > end - y - 3 && t->selected < fresh && t->n - fresh > 0 && end - y < 7)
        of_alerts = 0; /* too little for both: the one with the selection */
    int middle = end - of_alerts;
    if (middle > y + (int)(fresh ? fresh : 1) + 2) /* below the tables, not at the screen's end */
        middle = y + (int)(fresh ? fresh : 1) + 2;
    if (middle - y >= 3) {
        y = draw_section(g, r, y, "Freshness");
        draw_part(s, g, (struct rect){y, r.x, middle - y, r.w}, &o->fresh, 0, fresh, false);
    }
    if (of_alerts == 1)
        (void)draw_section(g, r, middle, "Alerts: none");
    else if (of_alerts > 2) {
        y = draw_section(g, r, middle, "Alerts");
        int rows = of_alerts - 1;
        draw_part(s, g, (struct rect){y, r.x, rows, r.w}, &o->alerts, fresh, t->n, true);
    }
}

/* What the recorder has of the moment that is looked at; else, of now, what was seen. */
static void settle_course(const struct screen *s, struct overview *o)
{
    static const struct history nothing;
    if (o->recorded && o->course_us == s->shown_us)
        return;
    o->recorded = false;
    pipeline_course_of(s->shown_us          ? &nothing
                       : screen_is_still(s) ? &s->held
                                            : &s->history,
                       &o->course);
}

static void render(struct screen *s, struct grid *g, struct rect r)
{
    struct overview *o = STATE(s);
    int y = r.y;
    int end = r.y + r.h;
    bool roomy = r.h >= ROOMY;
    settle_course(s, o);
    if (roomy)
        y = draw_section(g, r, y, "Pipeline");
    y = draw_pipeline(s, g, (struct rect){y, r.x, end - y, r.w}, roomy ? &o->course : NULL);
    y = draw_bottleneck(s, g, r, y, end - y);
    if (roomy)
        y = draw_disaster(s, g, r, y);
    if (r.h >= SPACIOUS) {
        y = draw_section(g, r, y, "Servers");
        y = draw_health(s, g, r, y, SPACIOUS / 3);
    } else if (end - y > 0) {
        y = draw_health(s, g, r, y, 1);
    }
    if (end - y >= 3)
        draw_lists(s, g, r, y, end);
}

/* ---- asking ---- */

static json_t *series_params(const struct screen *s)
{
    json_t *names = json_array();
    for (int i = 0; i < STATIONS; i++)
        (void)json_array_append_new(names, json_string(pipeline_figure((enum pipeline_station)i)));
    json_t *p = json_pack("{s:o, s:i}", "figures", names, "points", PIPELINE_POINTS);
    if (s->shown_us) {
        (void)json_object_set_new(p, "from_us",
                                  json_integer(s->shown_us - SERIES_S * INT64_C(1000000)));
        (void)json_object_set_new(p, "to_us", json_integer(s->shown_us));
    } else {
        (void)json_object_set_new(p, "last_s", json_integer(SERIES_S));
    }
    return p;
}

static bool ask(const struct screen *s, int i, struct ask *out)
{
    if (i > 0 || screen_is_still(s))
        return false;
    *out = (struct ask){.method = "recorder.series",
                        .params = series_params(s),
                        .every_us = s->shown_us ? 0 : SERIES_US};
    return true;
}

/* Others ask for series too. */
static bool is_own(const struct answer *a)
{
    const json_t *names = json_object_get(a->params, "figures");
    const char *first = json_string_value(json_array_get(names, 0));
    return strcmp(a->method, "recorder.series") == 0 && json_array_size(names) == STATIONS &&
           first && strcmp(first, pipeline_figure(STATION_WAL)) == 0;
}

static void take_series(struct overview *o, const struct answer *a)
{
    const json_t *all = json_object_get(a->result, "series");
    o->recorded = a->code == ERR_OK && json_is_object(all);
    for (int i = 0; i < STATIONS && o->recorded; i++) {
        const json_t *list = json_object_get(all, pipeline_figure((enum pipeline_station)i));
        for (size_t k = 0; k < PIPELINE_POINTS; k++) {
            const json_t *v = json_array_get(list, k);
            o->course.points[i][k] = json_is_number(v) ? json_number_value(v) : NAN;
        }
    }
}

static void take(struct screen *s, const struct answer *a)
{
    const json_t *to = json_object_get(a->params, "to_us");
    int64_t of = to ? json_integer_value(to) : 0;
    if (!is_own(a) || of != s->shown_us)
        return;
    take_series(STATE(s), a);
    STATE(s)->course_us = of;
}

/* ---- acting ---- */

static const struct snap_fresh *selected_fresh(const struct screen *s)
{
    return snapshot_fresh(s->snapshot, screen_object(s));
}

static const struct snap_alert *selected_alert(const struct screen *s)
{
    return snapshot_alert(s->snapshot, screen_object(s));
}

/* What can be made anew: a mart that a DAG makes, a table where one loads dwh. */
static const char *refreshed(const struct screen *s)
{
    const struct snap_fresh *f = selected_fresh(s);
    return f && (f->is_mart ? f->dag : s->snapshot->dwh.dag) ? f->name : NULL;
}

/* Where the row leads to. */
static bool target_of(const struct screen *s, enum pane_id *pane, const char **object)
{
    const struct snap_fresh *f = selected_fresh(s);
    const struct snap_alert *a = selected_alert(s);
    const char *const places[] = {f ? f->topic : NULL, f ? f->connector : NULL, f ? f->dag : NULL,
                                  a ? a->object : NULL};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (places[i] && screen_object_pane(s, places[i], pane)) {
            *object = places[i];
            return true;
        }
    *pane = PANE_EVENTS;
    *object = NULL;
    return a != NULL;
}

static bool can(const struct screen *s, enum action a)
{
    enum pane_id pane;
    const char *object;
    const struct snap_alert *alert;
    switch (a) {
    case ACTION_REFRESH:
        return refreshed(s) && !screen_why_not(s);
    case ACTION_ACKNOWLEDGE:
        alert = selected_alert(s);
        return alert && !alert->acknowledged_by && !screen_why_not(s);
    case ACTION_OPEN:
        return target_of(s, &pane, &object);
    default:
        return true;
    }
}

static void acknowledge(struct screen *s, struct effect *out)
{
    const struct snap_alert *a = selected_alert(s);
    char label[sizeof out->label];
    if (!a)
        return;
    (void)snprintf(label, sizeof label, "acknowledge %s", a->name);
    screen_call(s, out, "alert.ack", json_pack("{s:s}", "name", a->name), label);
}

static bool act(struct screen *s, enum action a, struct effect *out)
{
    enum pane_id pane;
    const char *object;
    char copy[TABLE_KEY_MAX];
    switch (a) {
    case ACTION_REFRESH:
        if (refreshed(s))
            screen_refresh(s, refreshed(s), out);
        else
            screen_say(s, STYLE_ATTENTION, "no DAG refreshes this");
        return true;
    case ACTION_ACKNOWLEDGE:
        acknowledge(s, out);
        return true;
    case ACTION_OPEN:
        if (!target_of(s, &pane, &object))
            return true;
        (void)snprintf(copy, sizeof copy, "%s", object ? object : "");
        screen_open(s, pane, object ? copy : NULL);
        return true;
    default:
        return false;
    }
}

static bool copy_name(struct screen *s, struct buf *out)
{
    const struct snap_fresh *f = selected_fresh(s);
    const struct snap_alert *a = selected_alert(s);
    buf_str(out, f ? f->name : a ? a->name : "");
    return f || a;
}

const struct pane pane_overview = {
    .name = "Overview",
    .aliases = "overview home pipeline",
    .key = '1',
    .context = CONTEXT_OVERVIEW,
    .model = model,
    .render = render,
    .state_size = sizeof(struct overview),
    .ask = ask,
    .take = take,
    .can = can,
    .act = act,
    .copy = copy_name,
};
