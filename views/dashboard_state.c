#include "views/dashboard_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "views/refresh.h"

enum { NAME_MAX_BYTES = 128, US_PER_S = 1000000, DAY_S = 86400 };
static const int64_t DATA_EVERY_US = 60 * INT64_C(1000000);

struct dashboard_state *dashboard_state_of(const struct screen *s, enum pane_id pane)
{
    return PANE_STATE(s, pane, struct dashboard_state);
}

struct dashboard_state *dashboard_shown(const struct screen *s)
{
    return dashboard_state_of(s, s->pane);
}

static int panel_index(const struct dashboard_state *st, const char *name)
{
    for (int i = 0; st->known && i < st->board.n; i++)
        if (strcmp(st->board.panels[i].name, name) == 0)
            return i;
    return -1;
}

/* The panel that is open or selected; -1. */
int dashboard_panel(const struct screen *s)
{
    const char *name = screen_object(s);
    return name ? panel_index(dashboard_shown(s), name) : -1;
}

/* ---- what is forgotten ---- */

void dashboard_forget_rows(struct dashboard_state *st)
{
    board_rows_free(&st->rows);
    st->rows_error[0] = '\0';
    table_free(&st->table);
    st->table = (struct table_state){.sort = -1};
}

static void free_data(const struct dashboard_state *st, struct board_data *d)
{
    for (int i = 0; d->panels && i < st->board.n; i++)
        board_rows_free(&d->panels[i]);
    free(d->panels);
    json_decref(d->answer);
    *d = (struct board_data){.answer = NULL};
}

static void forget_data(struct dashboard_state *st)
{
    free_data(st, &st->data);
    free_data(st, &st->live);
    past_free(&st->past);
    st->is_past = false;
    st->error[0] = '\0';
}

void dashboard_free(void *state)
{
    struct dashboard_state *st = state;
    dashboard_forget_rows(st);
    forget_data(st);
    json_decref(st->list);
}

/* Another dashboard, by name, else the index-th. */
void dashboard_choose(struct dashboard_state *st, const char *name, size_t index)
{
    forget_data(st);
    dashboard_forget_rows(st);
    st->known = board_read(st->list, name, index, &st->board);
    if (st->known && !st->from[0])
        st->days = st->board.days;
}

/* ---- the range ---- */

static bool today(const struct screen *s, int64_t *days)
{
    if (!s->snapshot || s->snapshot->now_us == UNKNOWN_INT)
        return false;
    *days = s->snapshot->now_us / US_PER_S / DAY_S;
    return true;
}

bool dashboard_range(const struct screen *s, const struct dashboard_state *st,
                     char from[BOARD_DATE_MAX], char to[BOARD_DATE_MAX])
{
    int64_t last;
    if (!st->days) {
        memcpy(from, st->from, BOARD_DATE_MAX);
        memcpy(to, st->to, BOARD_DATE_MAX);
        return true;
    }
    if (!today(s, &last))
        return false;
    (void)board_date_write(last - st->days + 1, from);
    (void)board_date_write(last, to);
    return true;
}

void dashboard_next_range(struct dashboard_state *st)
{
    st->days = st->days == 7 ? 30 : st->days == 30 ? 90 : 7;
    st->from[0] = '\0';
    past_free(&st->past);
    dashboard_forget_rows(st);
}

/* "14", or "2026-10-01 2026-10-31" */
void dashboard_set_dates(struct screen *s, struct dashboard_state *st, const char *text)
{
    char from[BOARD_DATE_MAX], to[BOARD_DATE_MAX], rest;
    int64_t a, b;
    int days;
    if (sscanf(text, "%d %c", &days, &rest) == 1 && days >= 1 && days <= 3660) {
        st->days = days;
        st->from[0] = '\0';
    } else if (sscanf(text, "%15s %15s %c", from, to, &rest) == 2 && board_date_read(from, &a) &&
               board_date_read(to, &b) && a <= b) {
        st->days = 0;
        (void)board_date_write(a, st->from);
        (void)board_date_write(b, st->to);
    } else {
        screen_say(s, STYLE_ATTENTION,
                   "\"%s\" is no range: 2026-10-01 2026-10-31 (both included), or a number of days",
                   text);
        return;
    }
    past_free(&st->past);
    dashboard_forget_rows(st);
}

/* ---- questions and answers ---- */

/* The refresh of the mart that is over since the data were asked; 0. */
static int64_t refreshed_run(const struct screen *s, const struct dashboard_state *st)
{
    const struct refresh_item *item = st->board.mart ? screen_refresh_of(s, st->board.mart) : NULL;
    return item && item->ended && item->run != st->made_run ? item->run : 0;
}

static json_t *data_params(const struct screen *s, const struct dashboard_state *st)
{
    char from[BOARD_DATE_MAX], to[BOARD_DATE_MAX];
    if (st->is_past) /* what is behind it is of its days */
        return json_pack("{s:s, s:O, s:O}", "name", st->board.name, "from",
                         json_object_get(st->data.answer, "from"), "to",
                         json_object_get(st->data.answer, "to"));
    if (!dashboard_range(s, st, from, to))
        return NULL;
    return json_pack("{s:s, s:s, s:s}", "name", st->board.name, "from", from, "to", to);
}

/* Under which the engine keeps answers of ranges that end today; NULL: of others it keeps none. */
static json_t *kept_params(const struct dashboard_state *st)
{
    return st->known && st->days ? json_pack("{s:s, s:i}", "name", st->board.name, "days", st->days)
                                 : NULL;
}

static bool ask_rows(const struct screen *s, const struct dashboard_state *st, struct ask *out)
{
    int i = dashboard_panel(s);
    if (!s->detail || st->view != VIEW_ROWS || i < 0 || !st->board.panels[i].has_rows ||
        (screen_is_still(s) && st->rows.answer))
        return false;
    json_t *params = data_params(s, st);
    if (!params)
        return false;
    (void)json_object_set_new(params, "panel", json_string(st->board.panels[i].name));
    (void)json_object_set_new(params, "rows", json_true());
    *out = (struct ask){.method = "dashboard.data", .params = params, .every_us = DATA_EVERY_US};
    return true;
}

static bool ask_data(const struct screen *s, const struct dashboard_state *st, struct ask *out)
{
    json_t *kept = kept_params(st);
    if (kept && past_ask(&st->past, s, "dashboard.data", kept, out))
        return true;
    if (s->past_us ? st->is_past : screen_is_still(s) && dashboard_is_current(s, st))
        return false; /* held still another range is another picture */
    json_t *params = data_params(s, st);
    if (params && refreshed_run(s, st))
        (void)json_object_set_new(params, "refresh", json_true());
    *out = (struct ask){.method = "dashboard.data", .params = params, .every_us = DATA_EVERY_US};
    return params != NULL;
}

bool dashboard_ask(const struct screen *s, int i, struct ask *out)
{
    const struct dashboard_state *st = dashboard_shown(s);
    if (!(screen_is_still(s) && st->list) && i-- == 0) {
        *out = (struct ask){.method = "dashboard.list"};
        return true;
    }
    if (!st->known)
        return false;
    if (ask_data(s, st, out)) {
        if (i == 0)
            return true;
        json_decref(out->params);
        i--;
    }
    return i == 0 && ask_rows(s, st, out);
}

static void take_list(struct dashboard_state *st, const struct answer *a)
{
    char name[NAME_MAX_BYTES];
    st->list_error[0] = '\0';
    if (a->code != ERR_OK) {
        (void)snprintf(st->list_error, sizeof st->list_error, "%.250s", a->text);
        return;
    }
    if (st->list && json_equal(st->list, a->result))
        return;
    (void)snprintf(name, sizeof name, "%s", st->known ? st->board.name : st->first);
    forget_data(st); /* before the board that it is of */
    json_decref(st->list);
    st->list = json_incref((json_t *)a->result);
    dashboard_choose(st, name, st->pane == PANE_FLYERS ? 1 : 0);
}

static bool same_text(const json_t *a, const json_t *b, const char *name)
{
    const char *x = json_string_value(json_object_get(a, name));
    const char *y = json_string_value(json_object_get(b, name));
    return x && y && strcmp(x, y) == 0;
}

/* Is it an answer to what is looked at now? */
static bool is_asked(const struct screen *s, const struct dashboard_state *st,
                     const struct answer *a)
{
    json_t *now = st->known ? data_params(s, st) : NULL;
    bool is = now && same_text(now, a->params, "name") && same_text(now, a->params, "from") &&
              same_text(now, a->params, "to");
    json_decref(now);
    return is;
}

static const json_t *answer_panel(const struct answer *a, const char *name)
{
    const json_t *panels = json_object_get(a->result, "panels");
    for (size_t i = 0; i < json_array_size(panels); i++) {
        const json_t *p = json_array_get(panels, i);
        const char *is = json_string_value(json_object_get(p, "name"));
        if (is && strcmp(is, name) == 0)
            return p;
    }
    return NULL;
}

bool dashboard_is_current(const struct screen *s, const struct dashboard_state *st)
{
    const struct answer a = {.params = st->data.answer};
    if (st->is_past)
        return past_is_known(&st->past, s);
    return st->data.answer && is_asked(s, st, &a);
}

/* False, and said: there is no memory for it. */
static bool read_data(const struct screen *s, struct dashboard_state *st, const struct answer *a,
                      struct board_data *out)
{
    struct errbuf e;
    *out = (struct board_data){.panels = calloc((size_t)st->board.n + 1, sizeof *out->panels)};
    st->error[0] = '\0';
    for (int i = 0; out->panels && i < st->board.n; i++) {
        const json_t *p = answer_panel(a, st->board.panels[i].name);
        if (p && board_rows_read(&out->panels[i], p, &e) != ERR_OK)
            (void)snprintf(st->error, sizeof st->error, "%.250s", e.text);
    }
    if (!out->panels) {
        (void)snprintf(st->error, sizeof st->error, "no memory for the dashboard");
        return false;
    }
    out->answer = json_incref((json_t *)a->result);
    out->us = s->now_us;
    return true;
}

static void take_data(struct screen *s, struct dashboard_state *st, const struct answer *a)
{
    struct board_data data;
    if (json_is_true(json_object_get(a->params, "refresh")))
        st->made_run = refreshed_run(s, st);
    if (a->code != ERR_OK) {
        (void)snprintf(st->error, sizeof st->error, "%.250s", a->text);
        return;
    }
    if (!read_data(s, st, a, &data))
        return;
    struct board_data *to = st->is_past ? &st->live : &st->data;
    free_data(st, to);
    *to = data;
}

/* ---- the past ---- */

static void show_live(struct dashboard_state *st)
{
    if (!st->is_past)
        return;
    free_data(st, &st->data);
    st->data = st->live;
    st->live = (struct board_data){.answer = NULL};
    st->is_past = false;
}

void dashboard_leave_past(const struct screen *s, struct dashboard_state *st)
{
    if (s->past_us)
        return;
    past_free(&st->past);
    show_live(st);
}

/* Where nothing is kept of that time the mart is asked, as it is now. */
static void show_past(const struct screen *s, struct dashboard_state *st)
{
    struct board_data data;
    const struct answer a = {.result = st->past.answer};
    if (!st->past.answer || !read_data(s, st, &a, &data)) {
        show_live(st);
        return;
    }
    if (st->is_past)
        free_data(st, &st->data);
    else
        st->live = st->data;
    st->data = data;
    st->is_past = true;
}

/* Rows behind a panel keep their filter, order and selection. */
static void take_rows(struct dashboard_state *st, const struct answer *a)
{
    struct errbuf e;
    const json_t *p = json_array_get(json_object_get(a->result, "panels"), 0);
    st->rows_error[0] = '\0';
    if (a->code != ERR_OK) {
        (void)snprintf(st->rows_error, sizeof st->rows_error, "%.250s", a->text);
        return;
    }
    struct board_rows rows;
    if (board_rows_read(&rows, p, &e) != ERR_OK) {
        (void)snprintf(st->rows_error, sizeof st->rows_error, "%.250s", e.text);
        return;
    }
    if (rows.error)
        (void)snprintf(st->rows_error, sizeof st->rows_error, "%.250s", rows.error);
    board_rows_free(&st->rows);
    st->rows = rows;
}

void dashboard_take(struct screen *s, struct dashboard_state *st, const struct answer *a)
{
    json_t *kept = kept_params(st);
    if (kept && past_take(&st->past, s, "dashboard.data", kept, a))
        show_past(s, st);
    json_decref(kept);
    if (strcmp(a->method, "dashboard.list") == 0) {
        take_list(st, a);
    } else if (strcmp(a->method, "dashboard.data") == 0 && is_asked(s, st, a)) {
        const char *panel = json_string_value(json_object_get(a->params, "panel"));
        if (!panel)
            take_data(s, st, a);
        else if (s->detail && s->pane == st->pane && strcmp(panel, s->object) == 0)
            take_rows(st, a);
    }
}
