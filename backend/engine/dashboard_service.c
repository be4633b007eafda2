/*
 * The figures of dashboards.
 *
 * An answer is kept under what was asked for together with the moment of the mart's last run, which
 * each request reads first: whoever ran the mart, an answer from before is not given again. A
 * dashboard without a mart, and an answer with a failed panel, are asked anew each time.
 */
#include "backend/engine/dashboard_service.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "backend/base/clock.h"
#include "backend/base/nearest.h"
#include "backend/base/stop.h"
#include "backend/engine/dashboard_config.h"
#include "backend/engine/rows_json.h"
#include "backend/schedule/civil.h"

enum {
    STATEMENT_US = 60000000,
    PANEL_BYTES = 4 << 20,
    KEPT_MAX = 24,        /* answers .. */
    KEPT_ROWS_MAX = 5000, /* .. of so many rows at the most */
    DATE_MAX = 16,
    US_PER_S = 1000000,
};

struct kept {
    char *key;
    char run_at[40];
    json_t *panels;
    uint64_t used; /* of the counter below: the least is evicted */
};

struct dashboard_service {
    const struct config *config;
    const struct marts *marts;
    struct dashboards *dashboards;
    pthread_mutex_t mutex; /* guards what follows */
    uint64_t counter;
    struct kept kept[KEPT_MAX];
};

static enum err no_memory(struct errbuf *e)
{
    return err_set(e, ERR_NOMEM, "no memory for a dashboard");
}

enum err dashboard_service_create(const struct config *c, const struct marts *marts,
                                  struct dashboard_service **out, struct faults *faults,
                                  struct errbuf *e)
{
    struct dashboard_service *s = calloc(1, sizeof *s);
    *out = NULL;
    if (!s)
        return no_memory(e);
    s->config = c;
    s->marts = marts;
    (void)pthread_mutex_init(&s->mutex, NULL);
    enum err rc = dashboard_load_all(c, marts, &s->dashboards, faults, e);
    if (rc)
        dashboard_service_destroy(s);
    else
        *out = s;
    return rc;
}

static void forget(struct kept *k)
{
    free(k->key);
    json_decref(k->panels);
    *k = (struct kept){.key = NULL};
}

void dashboard_service_destroy(struct dashboard_service *s)
{
    if (!s)
        return;
    for (int i = 0; i < KEPT_MAX; i++)
        forget(&s->kept[i]);
    dashboards_free(s->dashboards);
    (void)pthread_mutex_destroy(&s->mutex);
    free(s);
}

/* ---- what there is ---- */

static json_t *panel_json(const struct dashboard_panel *p)
{
    json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:b}", "name", p->name, "title", p->title,
                          "kind", dashboard_kind_word(p->kind), "unit", p->unit, "width", p->width,
                          "height", p->height, "rows", p->rows != NULL);
    for (int i = 0; o && i < DASHBOARD_ROLE_COUNT; i++)
        (void)json_object_set_new(o, dashboard_role_word((enum dashboard_role)i),
                                  p->columns[i] ? json_string(p->columns[i]) : json_null());
    return o;
}

static json_t *dashboard_json(const struct dashboard *d)
{
    json_t *panels = json_array();
    for (int i = 0; i < d->n_panels; i++)
        (void)json_array_append_new(panels, panel_json(&d->panels[i]));
    return json_pack("{s:s, s:s, s:s, s:s?, s:i, s:o}", "name", d->name, "title", d->title,
                     "description", d->description, "mart", d->mart, "days", d->days, "panels",
                     panels);
}

enum err dashboard_service_list(const struct dashboard_service *s, json_t **result,
                                struct errbuf *e)
{
    json_t *list = json_array();
    for (int i = 0; i < dashboards_count(s->dashboards); i++)
        (void)json_array_append_new(list, dashboard_json(dashboards_at(s->dashboards, i)));
    *result = json_pack("{s:o}", "dashboards", list);
    return *result ? ERR_OK : no_memory(e);
}

/* ---- one request ---- */

struct request {
    struct dashboard_service *s;
    const struct dashboard *d;
    const struct dashboard_panel *panel; /* NULL: all */
    bool rows;                           /* those behind the figure */
    char from[DATE_MAX], to[DATE_MAX];
    const char *odbc;
    struct warehouse *w; /* NULL: none is open */
    struct mart_moment run;
    bool made;                          /* the mart has run: `run` is set */
    const struct dashboard_panel *last; /* no other is asked after it .. */
    struct errbuf why;                  /* .. for that reason; NULL: all are */
};

static void write_date(int64_t days, char out[DATE_MAX])
{
    struct civil c = civil_from_days(days);
    (void)snprintf(out, DATE_MAX, "%04d-%02d-%02d", c.year, c.month, c.day);
}

static enum err read_date(const json_t *params, const char *name, int64_t def, int64_t *days,
                          struct errbuf *e)
{
    const json_t *given = json_object_get(params, name);
    const char *text = json_string_value(given);
    *days = def;
    if (!given || json_is_null(given) || (text && civil_parse_date(text, days)))
        return ERR_OK;
    return err_set(e, ERR_USAGE, "`%s` must be a date as 2026-11-28%s%s%s", name,
                   text ? ", not `" : "", text ? text : "", text ? "`" : "");
}

/* To today, and from so many days before as the dashboard shows first. */
static enum err read_range(struct request *q, const json_t *params, struct errbuf *e)
{
    int64_t today = civil_floor_div(clock_wall_us() / US_PER_S, CIVIL_DAY_S);
    int64_t from, to;
    enum err rc = read_date(params, "to", today, &to, e);
    if (!rc)
        rc = read_date(params, "from", to - q->d->days + 1, &from, e);
    if (!rc && from > to)
        rc = err_set(e, ERR_USAGE, "`from` is after `to`");
    if (rc)
        return rc;
    write_date(from, q->from);
    write_date(to, q->to);
    return ERR_OK;
}

static enum err read_request(struct request *q, const json_t *params, struct errbuf *e)
{
    const char *name = json_string_value(json_object_get(params, "name"));
    const char *panel = json_string_value(json_object_get(params, "panel"));
    if (!name)
        return err_set(e, ERR_USAGE, "`name` is missing: of a dashboard");
    enum err rc = dashboards_find(q->s->dashboards, name, &q->d, e);
    if (!rc && panel)
        rc = dashboard_find_panel(q->d, panel, &q->panel, e);
    q->rows = json_is_true(json_object_get(params, "rows"));
    if (!rc && q->rows && (!q->panel || !q->panel->rows))
        rc = err_set(e, ERR_USAGE,
                     q->panel ? "the panel %s has no `rows`: its configuration names no query for "
                                "the rows behind it"
                              : "`rows` are of a panel: name one%s",
                     q->panel ? q->panel->name : "");
    return rc ? rc : read_range(q, params, e);
}

static enum err open_warehouse(struct request *q, struct errbuf *e)
{
    const struct warehouse_options o = {.odbc = q->odbc,
                                        .dialect = config_dialect_word(q->s->config),
                                        .label = "flightdeck dashboard",
                                        .big_results = true,
                                        .timeout_us = STATEMENT_US,
                                        .read_only = true};
    if (stop_asked())
        return err_set(e, ERR_CANCELED, "the engine is stopping");
    return warehouse_open(&o, &q->w, e);
}

/* ---- a panel ---- */

static const char *value_of(const struct request *q, const char *name)
{
    return strcmp(name, "from") ? q->to : q->from;
}

/* The columns that the picture is made of must be there. */
static enum err check_columns(const struct dashboard_panel *p, const struct warehouse_rows *rows,
                              struct errbuf *e)
{
    const struct warehouse_result_column *columns;
    int n = warehouse_rows_columns(rows, &columns);
    for (int i = 0; i < DASHBOARD_ROLE_COUNT; i++) {
        struct nearest near;
        char hint[160];
        bool found = !p->columns[i];
        nearest_start(&near, p->columns[i] ? p->columns[i] : "");
        for (int k = 0; k < n && !found; k++) {
            found = !strcasecmp(columns[k].name, p->columns[i]);
            nearest_offer(&near, columns[k].name);
        }
        if (!found)
            return err_set(e, ERR_CONFIG, "`%s`: the query has no column %s%s",
                           dashboard_role_word((enum dashboard_role)i), p->columns[i],
                           nearest_hint(&near, hint, sizeof hint));
    }
    return ERR_OK;
}

struct outcome {
    json_t *columns, *rows;
    bool truncated;
    double seconds;
};

static enum err ask(struct request *q, const struct dashboard_panel *p, struct outcome *o,
                    struct errbuf *e)
{
    const struct script_statement *st =
        q->rows ? &p->rows->statements[0] : &p->query->statements[0];
    const struct rows_json_bounds most = {.rows = DASHBOARD_ROWS, .bytes = PANEL_BYTES};
    const char *bound[SCRIPT_PARAMS_MAX];
    struct warehouse_rows *rows = NULL;
    int64_t began = clock_mono_us();
    for (int i = 0; i < st->n_params; i++)
        bound[i] = value_of(q, st->params[i]);
    enum err rc = q->w ? ERR_OK : open_warehouse(q, e);
    if (!rc)
        rc = warehouse_query(q->w, st->sql, st->n_params, bound, &rows, e);
    if (!rc && !q->rows)
        rc = check_columns(p, rows, e);
    if (!rc)
        o->columns = rows_json_columns(rows);
    if (!rc)
        rc = rows_json_read(rows, &most, &o->rows, &o->truncated, e);
    if (!rc && !o->columns)
        rc = no_memory(e);
    warehouse_rows_close(rows);
    o->seconds = (double)(clock_mono_us() - began) / US_PER_S;
    return rc;
}

/* After one that had no answer in time, or could not even connect, no further panel is asked: each
 * would hold up whoever waits, and the warehouse, for as long again. */
static enum err ask_or_refuse(struct request *q, const struct dashboard_panel *p, struct outcome *o,
                              struct errbuf *e)
{
    if (q->last)
        return err_set(e, ERR_CONNECT, "not asked, as the panel %s before it failed: %.300s",
                       q->last->name, q->why.text);
    enum err rc = ask(q, p, o, e);
    if (rc && (!q->w || warehouse_gave_up(q->w))) {
        q->last = p;
        q->why = *e;
    }
    return rc;
}

/* What a panel cannot show it says; only a stop ends the whole. */
static enum err add_panel(struct request *q, const struct dashboard_panel *p, json_t *panels,
                          bool *whole, struct errbuf *e)
{
    struct outcome o = {.rows = NULL};
    enum err rc = ask_or_refuse(q, p, &o, e);
    if (rc && (rc == ERR_NOMEM || stop_asked())) {
        json_decref(o.columns);
        json_decref(o.rows);
        return rc == ERR_NOMEM ? rc : err_set(e, ERR_CANCELED, "the engine is stopping");
    }
    if (rc) {
        *whole = false;
        json_decref(o.rows);
        json_decref(o.columns);
        o.rows = json_array();
        o.columns = json_array();
        if (rc == ERR_SQL && q->d->mart && !q->made)
            (void)err_prefix(e, "the mart %s has not been loaded yet", q->d->mart);
        if (rc == ERR_CONNECT) { /* the next panel tries a new one */
            warehouse_close(q->w);
            q->w = NULL;
        }
    }
    json_t *error = rc ? rows_json_text(e->text, strlen(e->text)) : json_null();
    json_t *panel =
        json_pack("{s:s, s:o, s:o, s:f, s:o, s:b}", "name", p->name, "columns", o.columns, "rows",
                  o.rows, "seconds", o.seconds, "error", error, "truncated", (int)o.truncated);
    return json_array_append_new(panels, panel) ? no_memory(e) : ERR_OK;
}

static enum err ask_all(struct request *q, json_t *panels, bool *whole, struct errbuf *e)
{
    enum err rc = ERR_OK;
    *whole = true;
    for (int i = 0; i < q->d->n_panels && !rc; i++)
        if (!q->panel || q->panel == &q->d->panels[i])
            rc = add_panel(q, &q->d->panels[i], panels, whole, e);
    return rc;
}

/* ---- what is kept ---- */

static char *key_of(const struct request *q)
{
    char *key = NULL;
    int n = asprintf(&key, "%s %s %s %s %d", q->d->name, q->from, q->to,
                     q->panel ? q->panel->name : "", (int)q->rows);
    return n < 0 ? NULL : key;
}

/* A copy: what is kept is touched under the mutex only. */
static json_t *find_kept(struct request *q, const char *key)
{
    json_t *found = NULL;
    (void)pthread_mutex_lock(&q->s->mutex);
    for (int i = 0; i < KEPT_MAX && key && !found; i++) {
        struct kept *k = &q->s->kept[i];
        if (!k->key || strcmp(k->key, key) != 0 || strcmp(k->run_at, q->run.at) != 0)
            continue;
        k->used = ++q->s->counter;
        found = json_deep_copy(k->panels);
    }
    (void)pthread_mutex_unlock(&q->s->mutex);
    return found;
}

static size_t count_rows(const json_t *panels)
{
    size_t n = 0;
    for (size_t i = 0; i < json_array_size(panels); i++)
        n += json_array_size(json_object_get(json_array_get(panels, i), "rows"));
    return n;
}

/* In the place of the same question's, else of the one that is used least. Takes the key. */
static void keep(struct request *q, char *key, const json_t *panels)
{
    json_t *copy = key && count_rows(panels) <= KEPT_ROWS_MAX ? json_deep_copy(panels) : NULL;
    if (!copy) {
        free(key);
        return;
    }
    (void)pthread_mutex_lock(&q->s->mutex);
    struct kept *place = &q->s->kept[0];
    for (int i = 0; i < KEPT_MAX; i++) {
        struct kept *k = &q->s->kept[i];
        if (k->key && !strcmp(k->key, key)) {
            place = k;
            break;
        }
        if (k->used < place->used)
            place = k;
    }
    forget(place);
    *place = (struct kept){.key = key, .panels = copy, .used = ++q->s->counter};
    memcpy(place->run_at, q->run.at, sizeof place->run_at);
    (void)pthread_mutex_unlock(&q->s->mutex);
}

/* ---- the answer ---- */

/* The mart's last run; where it has not run there is none. */
static enum err look_at_mart(struct request *q, struct errbuf *e)
{
    const struct mart *m = q->d->mart ? marts_find(q->s->marts, q->d->mart) : NULL;
    enum err rc = open_warehouse(q, e);
    if (rc || !m)
        return rc;
    rc = mart_last_run(q->w, m, &q->run, e);
    q->made = rc == ERR_OK;
    return rc == ERR_NOT_FOUND ? ERR_OK : rc;
}

static enum err answer(struct request *q, bool anew, json_t **result, struct errbuf *e)
{
    enum err rc = look_at_mart(q, e);
    if (rc)
        return stop_asked() ? err_set(e, ERR_CANCELED, "the engine is stopping") : rc;
    char *key = q->made ? key_of(q) : NULL;
    bool whole = true;
    json_t *panels = anew ? NULL : find_kept(q, key);
    bool kept = panels != NULL;
    if (!kept) {
        panels = json_array();
        rc = panels ? ask_all(q, panels, &whole, e) : no_memory(e);
        if (!rc && whole) {
            keep(q, key, panels);
            key = NULL;
        }
    }
    free(key);
    if (rc) {
        json_decref(panels);
        return rc;
    }
    *result = json_pack("{s:s, s:s, s:s, s:s?, s:o, s:b, s:o}", "name", q->d->name, "from", q->from,
                        "to", q->to, "mart", q->d->mart, "mart_age_s",
                        q->made ? json_real(q->run.age_s) : json_null(), "kept", (int)kept,
                        "panels", panels);
    return *result ? ERR_OK : no_memory(e);
}

enum err dashboard_service_data(struct dashboard_service *s, const char *odbc, const json_t *params,
                                json_t **result, struct errbuf *e)
{
    struct request q = {.s = s, .odbc = odbc};
    enum err rc = read_request(&q, params, e);
    if (!rc)
        rc = answer(&q, json_is_true(json_object_get(params, "refresh")), result, e);
    warehouse_close(q.w);
    return rc;
}
