#include "backend/model/load.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "backend/base/clock.h"
#include "backend/model/load_crew.h"
#include "backend/model/load_lock.h"
#include "backend/model/load_run.h"
#include "backend/model/migrate.h"
#include "backend/model/sql.h"

/* ---- open, close ---- */

static enum err read_model(struct model_loader *l, const struct model_loader_options *o,
                           struct errbuf *e)
{
    if (!o->text)
        return model_load_file(o->file, &l->m, e);
    struct faults faults;
    faults_init(&faults);
    enum err r = model_parse(o->text, strlen(o->text), o->file, &l->m, &faults, e);
    faults_free(&faults);
    return r;
}

enum err load_connect(const struct model_loader_options *o, struct model_loader **out,
                      struct errbuf *e)
{
    *out = NULL;
    struct model_loader *l = calloc(1, sizeof *l);
    if (!l)
        return err_set(e, ERR_NOMEM, "no memory for the model's load");
    l->connections = o->connections;
    l->patience_ms = o->patience_ms;
    enum err r = read_model(l, o, e);
    if (!r) {
        l->raw_schema = strdup(o->raw_schema);
        l->plans = calloc((size_t)l->m->n_entities + 1, sizeof *l->plans);
        if (!l->raw_schema || !l->plans)
            r = err_set(e, ERR_NOMEM, "no memory for the model's load");
    }
    for (int i = 0; !r && i < l->m->n_entities; i++)
        load_plan_init(&l->plans[i]);
    const struct warehouse_options w = {.odbc = o->odbc, .dialect = o->dialect, .label = o->label};
    if (!r)
        r = load_crew_remember(l, o, e);
    if (!r)
        r = warehouse_open(&w, &l->w, e);
    if (r)
        model_loader_close(l);
    else
        *out = l;
    return r;
}

/* Where another engine loads right now the look is left to the refresh, which waits. */
enum err model_loader_open(const struct model_loader_options *o, struct model_loader **out,
                           struct errbuf *e)
{
    bool got = false;
    enum err r = load_connect(o, out, e);
    if (!r)
        r = load_lock_try(*out, &got, e);
    if (!r && got) {
        r = load_bind(*out, e);
        load_unlock(*out);
    }
    if (r) {
        model_loader_close(*out);
        *out = NULL;
    }
    return r;
}

void model_loader_close(struct model_loader *l)
{
    if (!l)
        return;
    model_loader_close(atomic_load(&l->second));
    if (l->w)
        warehouse_close(l->w);
    for (int i = 0; l->plans && i < l->m->n_entities; i++)
        load_plan_free(&l->plans[i]);
    free(l->plans);
    free(l->raw_schema);
    load_crew_forget(l);
    model_schema_free(l->s);
    model_free(l->m);
    free(l);
}

void model_loader_cancel(struct model_loader *l)
{
    atomic_store(&l->canceled, true); /* first: a second connection may be about to come */
    struct model_loader *second = atomic_load(&l->second);
    warehouse_cancel(l->w);
    if (second)
        model_loader_cancel(second);
}

void model_loader_arm(struct model_loader *l)
{
    struct model_loader *second = atomic_load(&l->second);
    atomic_store(&l->canceled, false);
    if (second)
        model_loader_arm(second);
}

enum err load_check_cancel(const struct model_loader *l, struct errbuf *e)
{
    return atomic_load(&l->canceled) ? err_set(e, ERR_CANCELED, "canceled") : ERR_OK;
}

const struct model *model_loader_model(const struct model_loader *l)
{
    return l->m;
}

/* ---- what is new ---- */

/* The newest batch of each raw table that is there; -1 where it is not or holds nothing. */
static enum err read_newest(struct model_loader *l, int64_t *newest, struct errbuf *e)
{
    struct buf sql;
    struct warehouse_rows *rows = NULL;
    const struct cell *c;
    buf_init(&sql, 0);
    for (int i = 0; i < l->m->n_entities; i++) {
        newest[i] = -1;
        if (!l->plans[i].raw_is_there || l->plans[i].misfit)
            continue;
        buf_printf(&sql, "%sSELECT %d, MAX(r._batch) FROM %s r", sql.len ? "\nUNION ALL " : "", i,
                   buf_cstr(&l->plans[i].raw));
    }
    enum err r = sql.len ? warehouse_query(l->w, buf_cstr(&sql), 0, NULL, &rows, e) : ERR_NOT_FOUND;
    while (!r && !(r = warehouse_rows_next(rows, &c, e))) {
        int64_t i = cell_int64(&c[0]);
        if (c[1].kind == CELL_TEXT && i >= 0 && i < l->m->n_entities)
            newest[i] = cell_int64(&c[1]);
    }
    warehouse_rows_close(rows);
    buf_free(&sql);
    return r == ERR_NOT_FOUND ? ERR_OK : r;
}

/* One mark a table of the schema, in its order; -1: no mark. */
static enum err read_marks(struct model_loader *l, int64_t *marks, struct errbuf *e)
{
    struct buf table;
    struct buf sql;
    struct warehouse_rows *rows = NULL;
    const struct cell *c;
    buf_init(&table, 0);
    buf_init(&sql, 0);
    model_sql_table(&table, l->s->dialect, l->m->schema, "_flightdeck_marks", "");
    const struct sql_slot slot = {"marks", buf_cstr(&table)};
    sql_fill(&sql, model_query(l->s->dialect, "marks_all"), &slot, 1);
    for (int i = 0; i < l->s->n; i++)
        marks[i] = -1;
    enum err r = warehouse_query(l->w, buf_cstr(&sql), 0, NULL, &rows, e);
    while (!r && !(r = warehouse_rows_next(rows, &c, e))) {
        for (int i = 0; i < l->s->n; i++)
            if (l->s->items[i].entity >= 0 && strlen(l->s->items[i].name) == c[0].len &&
                !memcmp(l->s->items[i].name, c[0].p, c[0].len))
                marks[i] = cell_int64(&c[1]);
    }
    warehouse_rows_close(rows);
    buf_free(&table);
    buf_free(&sql);
    return r == ERR_NOT_FOUND ? ERR_OK : r;
}

static enum err read_news(struct model_loader *l, struct load_news *n, struct errbuf *e)
{
    n->newest = calloc((size_t)l->m->n_entities + 1, sizeof *n->newest);
    n->marks = calloc((size_t)l->s->n + 1, sizeof *n->marks);
    if (!n->newest || !n->marks)
        return err_set(e, ERR_NOMEM, "no memory for the model's load");
    enum err r = read_newest(l, n->newest, e);
    return r ? r : read_marks(l, n->marks, e);
}

static void news_free(struct load_news *n)
{
    free(n->newest);
    free(n->marks);
}

bool load_is_pending(const struct model_loader *l, const struct load_news *n, int entity)
{
    if (n->newest[entity] < 0)
        return false;
    for (int i = 0; i < l->s->n; i++)
        if (l->s->items[i].entity == entity && n->marks[i] != n->newest[entity])
            return true;
    return false;
}

/* A raw table that was not there may be by now, and one that is may have other columns. */
static enum err look_again(struct model_loader *l, const bool *wanted, struct errbuf *e)
{
    enum err r = ERR_OK;
    bool changed = !l->s; /* the last look broke off */
    for (int i = 0; i < l->m->n_entities && !r; i++) {
        bool other = false;
        if (l->plans[i].misfit || (!l->plans[i].raw_is_there && (!wanted || wanted[i])))
            r = load_bind_look(l, i, &other, e);
        changed = changed || other;
    }
    return r || !changed ? r : load_bind(l, e);
}

/* ---- one entity ---- */

/* The tables of an entity whose mark is `mark`. */
static int with_mark(const struct model_loader *l, const struct load_news *n, int entity,
                     int64_t mark, const struct model_object **out)
{
    int k = 0;
    for (int i = 0; i < l->s->n; i++)
        if (l->s->items[i].entity == entity && n->marks[i] == mark)
            out[k++] = &l->s->items[i];
    return k;
}

/* The anchor's mark is the entity's: tables that came later are behind it. */
int64_t load_entity_mark(const struct model_loader *l, const struct load_news *n, int entity)
{
    for (int i = 0; i < l->s->n; i++)
        if (l->s->items[i].entity == entity && l->s->items[i].kind == MODEL_ANCHOR)
            return n->marks[i];
    return -1;
}

static int64_t lowest_mark(const struct model_loader *l, const struct load_news *n, int entity)
{
    int64_t low = INT64_MAX;
    for (int i = 0; i < l->s->n; i++)
        if (l->s->items[i].entity == entity && n->marks[i] < low)
            low = n->marks[i];
    return low;
}

static void set_marks(const struct model_loader *l, struct load_news *n, int entity, int64_t from,
                      int64_t to)
{
    for (int i = 0; i < l->s->n; i++)
        if (l->s->items[i].entity == entity && n->marks[i] == from)
            n->marks[i] = to;
}

static enum err load_range(struct model_loader *l, struct load_news *n, int entity, int64_t mark,
                           int64_t to, struct model_load *done, struct errbuf *e)
{
    const struct model_object **targets = calloc((size_t)l->s->n + 1, sizeof *targets);
    if (!targets)
        return err_set(e, ERR_NOMEM, "no memory for the model's load");
    struct load_run x = {.w = l->w,
                         .s = l->s,
                         .entity = entity,
                         .plan = &l->plans[entity],
                         .source_id = l->migration.source_id,
                         .targets = targets,
                         .n_targets = with_mark(l, n, entity, mark, targets),
                         .mark = mark,
                         .lo = mark > to ? 0 : mark,
                         .hi = to,
                         .empty = mark == 0,
                         .restarts = mark > to,
                         .is_main = mark == load_entity_mark(l, n, entity),
                         .enter_anchor = l->enter_anchor,
                         .arg = l->arg,
                         .canceled = &l->canceled};
    enum err r = load_run(&x, e);
    if (!r) {
        l->plans[entity].indexed = true;
        set_marks(l, n, entity, mark, to);
        done->raw_rows += x.raw_rows;
        done->inserted += x.inserted;
        done->keyless += x.is_main ? x.keyless : 0;
    }
    free(targets);
    return r;
}

/* Another shape of raw than the statements were made for: columns came or became wider. */
static enum err check_shape(struct model_loader *l, int entity, bool *rebound, struct errbuf *e)
{
    enum err r = load_bind_look(l, entity, rebound, e);
    return r || !*rebound ? r : load_bind(l, e);
}

/* First what came into the model later, up to where the rest is; then all of it together. */
enum err load_entity(struct model_loader *l, struct load_news *n, int entity,
                     struct model_load *done, struct errbuf *e)
{
    enum err r = ERR_OK;
    done->batch_from = load_entity_mark(l, n, entity);
    done->batch_to = n->newest[entity];
    for (int64_t low = lowest_mark(l, n, entity); !r && low < load_entity_mark(l, n, entity);
         low = lowest_mark(l, n, entity))
        r = load_range(l, n, entity, low, load_entity_mark(l, n, entity), done, e);
    int64_t mark = load_entity_mark(l, n, entity);
    if (!r && mark != n->newest[entity])
        r = load_range(l, n, entity, mark, n->newest[entity], done, e);
    return r;
}

static enum err refresh_entity(struct model_loader *l, struct load_news *n, int entity,
                               struct model_load *done, struct errbuf *e)
{
    int64_t start = clock_mono_us();
    bool rebound = false;
    enum err r = check_shape(l, entity, &rebound, e);
    if (!r && rebound) { /* the schema is another one: so are its marks */
        news_free(n);
        r = read_news(l, n, e);
    }
    if (!r)
        r = l->plans[entity].misfit ? load_bind_misfit(l, entity, e)
                                    : load_entity(l, n, entity, done, e);
    done->microseconds = clock_mono_us() - start;
    done->code = r;
    if (r)
        (void)snprintf(done->text, sizeof done->text, "%.500s", e->text);
    return r;
}

static enum err refresh(struct model_loader *l, const bool *wanted, model_load_report *report,
                        void *arg, struct errbuf *e)
{
    struct load_news n = {NULL, NULL};
    enum err first = look_again(l, wanted, e);
    if (!first)
        first = read_news(l, &n, e);
    bool stop = first != ERR_OK;
    bool *tried = calloc((size_t)l->m->n_entities + 1, sizeof *tried);
    if (!stop && !tried) {
        first = err_set(e, ERR_NOMEM, "no memory for the model's load");
        stop = true;
    }
    if (!stop && l->connections > 1) {
        first = load_crew_run(l, &n, wanted, tried, report, arg, e);
        stop = first == ERR_CONNECT || first == ERR_CANCELED;
    }
    for (int i = 0; i < l->m->n_entities && !stop; i++) {
        int entity = l->m->order[i];
        struct model_load done = {.entity = l->m->entities[entity].name};
        struct errbuf failure;
        if ((wanted && !wanted[entity]) || tried[entity])
            continue;
        bool misfit = l->plans[entity].misfit != NULL;
        if (!l->plans[entity].raw_is_there && !misfit)
            done.waiting = true;
        else if (!misfit && !load_is_pending(l, &n, entity))
            continue;
        else if (refresh_entity(l, &n, entity, &done, &failure)) {
            stop = failure.code == ERR_CONNECT || failure.code == ERR_CANCELED || !l->s;
            if (!first && e)
                *e = failure;
            first = first ? first : done.code;
        }
        if (report)
            report(arg, &done);
    }
    news_free(&n);
    free(tried);
    return first;
}

enum err model_loader_refresh(struct model_loader *l, const bool *wanted, model_load_report *report,
                              void *arg, struct errbuf *e)
{
    enum err r = load_check_cancel(l, e);
    if (!r)
        r = load_lock(l, e);
    if (r)
        return r;
    r = refresh(l, wanted, report, arg, e);
    load_unlock(l);
    return r;
}
