#include "backend/model/load_run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "backend/model/load_slots.h"
#include "backend/model/migrate.h"
#include "backend/model/sql.h"

/* What the run finds out about its delta. */
struct delta {
    bool repeats; /* a key has several rows, or some are deletes: history has to be looked at */
    char from[LOAD_MOMENT_MAX], to[LOAD_MOMENT_MAX];
    int64_t rows, deletes;
};

static const struct model_entity *entity_of(const struct load_run *x)
{
    return &x->s->model->entities[x->entity];
}

/* ---- statements ---- */

static enum err run(struct load_run *x, const char *query, struct slots *s, int n_params,
                    const char *const *params, int64_t *affected, struct errbuf *e)
{
    if (x->canceled && atomic_load(x->canceled))
        return err_set(e, ERR_CANCELED, "canceled");
    slots_point(s);
    return model_exec(x->w, x->s->dialect, query, s->items, s->n, n_params, params, affected, e);
}

/* As run, and the rows are counted. */
static enum err insert(struct load_run *x, const char *query, struct slots *s, struct errbuf *e)
{
    int64_t rows = 0;
    enum err r = run(x, query, s, 0, NULL, &rows, e);
    if (!r && rows > 0)
        x->inserted += rows;
    return r;
}

/* Marks say when their rows were loaded (mart.h), so the next load must not say an earlier time. */
static enum err read_stamp(struct load_run *x, struct errbuf *e)
{
    struct slots s;
    struct buf sql;
    struct warehouse_rows *rows = NULL;
    const struct cell *c;
    slots_init(&s, x);
    slot_table(&s, x, "marks", "_flightdeck_marks");
    slots_point(&s);
    buf_init(&sql, 0);
    sql_fill(&sql, model_query(x->s->dialect, "stamp"), s.items, s.n);
    enum err r = warehouse_query(x->w, buf_cstr(&sql), 0, NULL, &rows, e);
    if (!r)
        r = warehouse_rows_next(rows, &c, e);
    if (!r)
        (void)snprintf(x->stamp, sizeof x->stamp, "%.*s", (int)c[0].len, c[0].p ? c[0].p : "");
    warehouse_rows_close(rows);
    buf_free(&sql);
    buf_free(&s.text);
    return r;
}

/* ---- the delta ---- */

static enum err make_delta(struct load_run *x, struct errbuf *e)
{
    struct slots s;
    if (x->plan->delta_is_made)
        return ERR_OK;
    slots_init(&s, x);
    slot_delta(&s, x);
    slot_text(&s, "columns", buf_cstr(&x->plan->delta_columns));
    enum err r = run(x, "delta_create", &s, 0, NULL, NULL, e);
    buf_free(&s.text);
    x->plan->delta_is_made = !r;
    return r;
}

/* Rows of the batches (from, to]; `only`: more conditions, or "". */
static enum err fill(struct load_run *x, int64_t from, int64_t to, const char *only, int64_t *rows,
                     struct errbuf *e)
{
    struct slots s;
    char numbers[2][24];
    const char *params[] = {numbers[0], numbers[1]};
    (void)snprintf(numbers[0], sizeof numbers[0], "%" PRId64, from);
    (void)snprintf(numbers[1], sizeof numbers[1], "%" PRId64, to);
    slots_init(&s, x);
    slot_delta(&s, x);
    slot_text(&s, "columns", buf_cstr(&x->plan->delta_names));
    slot_text(&s, "values", buf_cstr(&x->plan->values));
    slot_text(&s, "raw_columns", buf_cstr(&x->plan->raw_columns));
    slot_text(&s, "raw", buf_cstr(&x->plan->raw));
    slot_text(&s, "keys_known", buf_cstr(&x->plan->keys_known));
    slot_text(&s, "only", only);
    enum err r = run(x, "delta_fill", &s, 2, params, rows, e);
    buf_free(&s.text);
    return r;
}

static enum err count_keyless(struct load_run *x, struct errbuf *e)
{
    struct slots s;
    struct buf sql;
    char numbers[2][24];
    const char *params[] = {numbers[0], numbers[1]};
    (void)snprintf(numbers[0], sizeof numbers[0], "%" PRId64, x->lo);
    (void)snprintf(numbers[1], sizeof numbers[1], "%" PRId64, x->hi);
    slots_init(&s, x);
    slot_text(&s, "raw_columns", buf_cstr(&x->plan->raw_columns));
    slot_text(&s, "raw", buf_cstr(&x->plan->raw));
    slot_text(&s, "keys_known", buf_cstr(&x->plan->keys_known));
    slots_point(&s);
    buf_init(&sql, 0);
    sql_fill(&sql, model_query(x->s->dialect, "keyless"), s.items, s.n);
    enum err r = model_number(x->w, buf_cstr(&sql), 2, params, &x->keyless, e);
    buf_free(&sql);
    buf_free(&s.text);
    return r;
}

/* A truncate is the delete of each key that was there before it. */
static enum err apply_truncate(struct load_run *x, const struct cell *at, struct errbuf *e)
{
    const struct model_entity *t = entity_of(x);
    char text[3][LOAD_MOMENT_MAX];
    for (int i = 0; i < 3; i++)
        (void)snprintf(text[i], sizeof text[i], "%.*s", (int)at[i].len, at[i].p ? at[i].p : "");
    const char *params[] = {text[0], text[1], text[2], text[0], text[0], text[0], text[1]};
    struct slots s;
    slots_init(&s, x);
    slot_delta(&s, x);
    slot_table(&s, x, "anchor", t->anchor);
    slot_delta_columns(&s, "sk_and_keys", "", "sk", "k", t->n_key);
    slot_delta_columns(&s, "known", "k", "sk", "k", t->n_key);
    slot_delta_columns(&s, "delta_keys", "d", "sk", "k", t->n_key);
    struct buf *b = slot_begin(&s, "anchor_keys");
    model_sql_column(b, x->s->dialect, "a", t->sk);
    buf_lit(b, " AS sk");
    for (int i = 0; i < t->n_key; i++) {
        buf_lit(b, ", ");
        model_sql_column(b, x->s->dialect, "a", t->key[i].name);
        buf_printf(b, " AS k%d", i + 1);
    }
    slot_end(&s);
    enum err r = run(x, "delta_truncate", &s, 7, params, NULL, e);
    buf_free(&s.text);
    return r;
}

struct truncate_list {
    struct cell cells[3];
    char text[3][LOAD_MOMENT_MAX];
};
enum { TRUNCATES_MAX = 256 }; /* in one range; more are refused in words */

static enum err read_truncates(struct load_run *x, int64_t from, int64_t to,
                               struct truncate_list *list, int *n, struct errbuf *e)
{
    struct slots s;
    struct buf sql;
    struct warehouse_rows *rows = NULL;
    const struct cell *cells;
    char numbers[2][24];
    const char *params[] = {numbers[0], numbers[1]};
    (void)snprintf(numbers[0], sizeof numbers[0], "%" PRId64, from);
    (void)snprintf(numbers[1], sizeof numbers[1], "%" PRId64, to);
    slots_init(&s, x);
    slot_text(&s, "moment", buf_cstr(&x->plan->moment));
    slot_text(&s, "lsn", buf_cstr(&x->plan->lsn));
    slot_text(&s, "raw", buf_cstr(&x->plan->raw));
    slots_point(&s);
    buf_init(&sql, 0);
    sql_fill(&sql, model_query(x->s->dialect, "truncates"), s.items, s.n);
    enum err r = warehouse_query(x->w, buf_cstr(&sql), 2, params, &rows, e);
    *n = 0;
    while (!r && !(r = warehouse_rows_next(rows, &cells, e))) {
        if (*n == TRUNCATES_MAX) {
            r = err_set(e, ERR_LIMIT, "more than %d truncates of %s in one load", TRUNCATES_MAX,
                        entity_of(x)->raw);
            break;
        }
        struct truncate_list *at = &list[(*n)++];
        for (int i = 0; i < 3; i++) {
            (void)snprintf(at->text[i], sizeof at->text[i], "%.*s", (int)cells[i].len, cells[i].p);
            at->cells[i] = (struct cell){
                .p = at->text[i], .len = (uint32_t)strlen(at->text[i]), .kind = CELL_TEXT};
        }
    }
    warehouse_rows_close(rows);
    buf_free(&sql);
    buf_free(&s.text);
    return r == ERR_NOT_FOUND ? ERR_OK : r;
}

/* Those of the batches (from, to]. */
static enum err apply_truncates(struct load_run *x, int64_t from, int64_t to, struct errbuf *e)
{
    struct truncate_list list[TRUNCATES_MAX];
    int n = 0;
    enum err r = read_truncates(x, from, to, list, &n, e);
    for (int i = 0; i < n && !r; i++)
        r = apply_truncate(x, list[i].cells, e);
    return r;
}

static enum err measure(struct load_run *x, struct delta *d, struct errbuf *e)
{
    struct slots s;
    struct buf sql;
    struct warehouse_rows *rows = NULL;
    const struct cell *c;
    slots_init(&s, x);
    slot_delta(&s, x);
    slots_point(&s);
    buf_init(&sql, 0);
    sql_fill(&sql, model_query(x->s->dialect, "delta_span"), s.items, s.n);
    enum err r = warehouse_query(x->w, buf_cstr(&sql), 0, NULL, &rows, e);
    if (!r)
        r = warehouse_rows_next(rows, &c, e);
    if (!r) {
        (void)snprintf(d->from, sizeof d->from, "%.*s", (int)c[0].len, c[0].p ? c[0].p : "");
        (void)snprintf(d->to, sizeof d->to, "%.*s", (int)c[1].len, c[1].p ? c[1].p : "");
        d->deletes = cell_int64(&c[2]);
        d->rows = cell_int64(&c[3]);
    }
    warehouse_rows_close(rows);
    if (!r && x->empty && !d->deletes) {
        int64_t repeats = 0;
        buf_clear(&sql);
        sql_fill(&sql, model_query(x->s->dialect, "delta_repeats"), s.items, s.n);
        r = model_number(x->w, buf_cstr(&sql), 0, NULL, &repeats, e);
        d->repeats = repeats > 0;
    }
    d->repeats = d->repeats || d->deletes > 0;
    buf_free(&sql);
    buf_free(&s.text);
    return r;
}

/*
 * Step 3. Rows of the same keys that were loaded before, but may come after this delta in the
 * source's order. All batches up to `from` hold nothing as new as the delta's oldest row, so only
 * those behind it are looked at: the last one or two, as partitions overlap; all, in a replay.
 */
static enum err add_overlap(struct load_run *x, const struct delta *d, int64_t *from,
                            struct errbuf *e)
{
    struct slots s;
    struct buf sql;
    int64_t rows = 0;
    const char *params[] = {entity_of(x)->name, d->from, entity_of(x)->name};
    slots_init(&s, x);
    slot_table(&s, x, "loads", "_flightdeck_loads");
    slots_point(&s);
    buf_init(&sql, 0);
    sql_fill(&sql, model_query(x->s->dialect, "overlap_from"), s.items, s.n);
    enum err r = model_number(x->w, buf_cstr(&sql), 3, params, from, e);
    buf_clear(&sql);
    if (!r && *from < x->lo) {
        struct buf only;
        struct buf sk;
        const char *keys[MODEL_KEY_MAX];
        char names[MODEL_KEY_MAX][16];
        buf_init(&only, 0);
        buf_init(&sk, 0);
        for (int i = 0; i < entity_of(x)->n_key; i++) {
            (void)snprintf(names[i], sizeof names[i], "q.k%d", i + 1);
            keys[i] = names[i];
        }
        model_sql_surrogate(&sk, x->s->dialect, entity_of(x)->key, keys, entity_of(x)->n_key);
        buf_printf(&only, " AND %s IN (SELECT d.sk FROM %s d)", buf_cstr(&sk),
                   buf_cstr(&x->plan->delta));
        r = fill(x, *from, x->lo, buf_cstr(&only), &rows, e);
        buf_free(&only);
        buf_free(&sk);
    }
    *from = *from < x->lo ? *from : x->lo;
    buf_free(&sql);
    buf_free(&s.text);
    return r;
}

/* ---- the targets ---- */

static enum err load_anchor(struct load_run *x, const struct delta *d, struct errbuf *e)
{
    const struct model_entity *t = entity_of(x);
    struct slots s;
    slots_init(&s, x);
    slot_delta(&s, x);
    slot_source(&s, x);
    slot_table(&s, x, "anchor", t->anchor);
    slot_anchor_columns(&s, x, "sk_and_keys", t, NULL);
    slot_delta_columns(&s, "x_keys", "x", "sk", "k", t->n_key);
    slot_column(&s, x, "a_sk", "a", t->sk);
    enum err r = insert(x, x->empty && !d->repeats ? "anchor_first" : "anchor_new", &s, e);
    buf_free(&s.text);
    return r;
}

static enum err load_existence(struct load_run *x, struct errbuf *e)
{
    const struct model_entity *t = entity_of(x);
    struct slots s;
    slots_init(&s, x);
    slot_delta(&s, x);
    slot_source(&s, x);
    slot_table(&s, x, "table", t->existence);
    slot_table(&s, x, "anchor", t->anchor);
    slot_column(&s, x, "sk", NULL, t->sk);
    slot_column(&s, x, "s_sk", "s", t->sk);
    slot_column(&s, x, "a_sk", "a", t->sk);
    enum err r = insert(x, "existence", &s, e);
    buf_free(&s.text);
    return r;
}

/* New values of a knot. where: the query of the rows that have them, in the table `rows`. */
static enum err add_knot(struct load_run *x, const struct model_knot *k, const char *new_value,
                         const char *where, struct buf *rows, const char *const *params,
                         int n_params, int64_t *added, struct errbuf *e)
{
    const struct sql_slot slot = {"rows", buf_cstr(rows)};
    struct slots s;
    slots_init(&s, x);
    slot_source(&s, x);
    slot_table(&s, x, "knot", k->table);
    slot_column(&s, x, "id", NULL, k->id);
    slot_column(&s, x, "value", NULL, k->name);
    slot_column(&s, x, "k_value", "k", k->name);
    slot_text(&s, "new_value", new_value);
    sql_fill(slot_begin(&s, "new_rows"), model_query(x->s->dialect, where), &slot, 1);
    slot_end(&s);
    enum err r = run(x, "knot", &s, n_params, params, added, e);
    buf_free(&s.text);
    return r;
}

static enum err load_knot(struct load_run *x, int knot, const char *new_value, struct errbuf *e)
{
    int64_t added = 0;
    enum err r = add_knot(x, &x->s->model->knots[knot], new_value, "knot_in_delta", &x->plan->delta,
                          NULL, 0, &added, e);
    if (!r && added > 0)
        x->inserted += added;
    return r;
}

/* The slots that history.sql and its sisters share. */
static void slot_differs(struct slots *s, const struct load_run *x, const struct wcolumn *type)
{
    model_sql_differs(slot_begin(s, "differs"), x->s->dialect, type, "w.v", "w.p");
    slot_end(s);
}

static void slot_applies(struct slots *s, const struct load_run *x, const char *column)
{
    struct buf *b = slot_begin(s, "applies");
    buf_lit(b, "d.kind = 0");
    if (x->plan->has_unchanged) {
        /* A large value that the change left alone was not sent: there is no news of it. */
        struct buf quoted;
        char name[256];
        buf_init(&quoted, 0);
        (void)snprintf(name, sizeof name, ",%s,", column);
        buf_literal(&quoted, name);
        buf_printf(b, " AND (d.unch IS NULL OR POSITION(%s IN d.unch) = 0)", buf_cstr(&quoted));
        buf_free(&quoted);
    }
    slot_end(s);
}

static enum err load_attribute(struct load_run *x, const struct delta *d, int i, struct errbuf *e)
{
    static const struct wcolumn id = {.type = WT_INT32};
    const struct model *m = x->s->model;
    const struct model_entity *t = entity_of(x);
    const struct model_attribute *a = &t->attributes[i];
    const struct model_knot *k = a->knot >= 0 ? &m->knots[a->knot] : NULL;
    char value[24];
    struct slots s;
    (void)snprintf(value, sizeof value, "d.a%d", i + 1);
    if (k) {
        enum err r = load_knot(x, a->knot, value, e);
        if (r)
            return r;
    }
    slots_init(&s, x);
    slot_delta(&s, x);
    slot_source(&s, x);
    slot_table(&s, x, "table", a->table);
    slot_column(&s, x, "sk", NULL, t->sk);
    slot_column(&s, x, "s_sk", "s", t->sk);
    slot_column(&s, x, "value", NULL, k ? k->id : a->name);
    slot_column(&s, x, "s_value", "s", k ? k->id : a->name);
    slot_differs(&s, x, k ? &id : &a->value);
    slot_applies(&s, x, a->column);
    struct buf *b = slot_begin(&s, "join");
    if (k) {
        buf_lit(b, "\n            LEFT JOIN ");
        model_sql_table(b, x->s->dialect, m->schema, k->table, "");
        buf_lit(b, " k ON ");
        model_sql_column(b, x->s->dialect, "k", k->name);
        buf_printf(b, " = %s", value);
    }
    slot_end(&s);
    b = slot_begin(&s, "new_value");
    if (k)
        model_sql_column(b, x->s->dialect, "k", k->id);
    else
        buf_str(b, value);
    slot_end(&s);
    const char *query = x->empty && !d->repeats ? "history_first"
                        : a->historised         ? "history"
                                                : "static";
    enum err r = insert(x, query, &s, e);
    buf_free(&s.text);
    return r;
}

/* A deleted row's ties end: its foreign key is NULL from then on. */
static enum err load_tie(struct load_run *x, const struct delta *d, int tie, int i,
                         struct errbuf *e)
{
    static const struct wcolumn sk = {.type = WT_UUID};
    const struct model *m = x->s->model;
    const struct model_entity *t = entity_of(x);
    const struct model_tie *k = &m->ties[tie];
    char value[24];
    struct slots s;
    (void)snprintf(value, sizeof value, "d.f%d", i + 1);
    slots_init(&s, x);
    slot_delta(&s, x);
    slot_source(&s, x);
    slot_table(&s, x, "table", k->table);
    slot_column(&s, x, "sk", NULL, t->sk);
    slot_column(&s, x, "s_sk", "s", t->sk);
    slot_column(&s, x, "value", NULL, k->to_sk);
    slot_column(&s, x, "s_value", "s", k->to_sk);
    slot_differs(&s, x, &sk);
    slot_text(&s, "applies", "1 = 1");
    slot_text(&s, "join", "");
    slot_text(&s, "new_value", value);
    enum err r = insert(x, x->empty && !d->repeats ? "history_first" : "history", &s, e);
    buf_free(&s.text);
    return r;
}

/* Keys that are referred to and not there: their own row may come later, or never. */
static enum err load_references(struct load_run *x, int tie, int i, struct errbuf *e)
{
    const struct model *m = x->s->model;
    const struct model_tie *k = &m->ties[tie];
    const struct model_entity *to = &m->entities[k->to];
    char prefix[24];
    char sk[24];
    struct slots s;
    (void)snprintf(prefix, sizeof prefix, "f%d_", i + 1);
    (void)snprintf(sk, sizeof sk, "f%d", i + 1);
    slots_init(&s, x);
    slot_delta(&s, x);
    slot_source(&s, x);
    slot_table(&s, x, "anchor", to->anchor);
    slot_anchor_columns(&s, x, "sk_and_keys", to, NULL);
    slot_delta_columns(&s, "x_keys", "x", sk, prefix, k->n_columns);
    slot_column(&s, x, "a_sk", "a", to->sk);
    buf_printf(slot_begin(&s, "x_sk"), "x.%s", sk);
    slot_end(&s);
    enum err r = insert(x, "anchor_reference", &s, e);
    buf_free(&s.text);
    return r;
}

static int place_of_tie(const struct model_entity *t, int tie)
{
    int i = 0;
    while (i < t->n_ties && t->ties[i] != tie)
        i++;
    return i;
}

static enum err load_target(struct load_run *x, const struct delta *d, const struct model_object *o,
                            struct errbuf *e)
{
    switch (o->kind) {
    case MODEL_ANCHOR:
        return load_anchor(x, d, e);
    case MODEL_EXISTENCE:
        return x->empty && !d->repeats ? ERR_OK : load_existence(x, e);
    case MODEL_ATTRIBUTE:
        return load_attribute(x, d, o->item, e);
    case MODEL_TIE:
        return load_tie(x, d, o->item, place_of_tie(entity_of(x), o->item), e);
    default:
        return err_set(e, ERR_INTERNAL, "%s is no target of a load", o->name);
    }
}

/* Keys that others have named before this entity's first load: the rows are not all new then. */
static enum err look_for_placeholders(struct load_run *x, struct delta *d, struct errbuf *e)
{
    struct buf sql;
    int64_t n = 0;
    if (!x->empty || d->repeats)
        return ERR_OK;
    buf_init(&sql, 0);
    buf_lit(&sql, "SELECT COUNT(*) FROM ");
    model_sql_table(&sql, x->s->dialect, x->s->model->schema, entity_of(x)->anchor, "");
    enum err r = model_number(x->w, buf_cstr(&sql), 0, NULL, &n, e);
    buf_free(&sql);
    d->repeats = n > 0;
    return r;
}

static enum err analyze(struct load_run *x, const char *table, bool is_delta, struct errbuf *e)
{
    struct slots s;
    if (!model_query(x->s->dialect, "analyze"))
        return ERR_OK;
    slots_init(&s, x);
    if (is_delta)
        slot_text(&s, "table", buf_cstr(&x->plan->delta));
    else
        slot_table(&s, x, "table", table);
    enum err r = run(x, "analyze", &s, 0, NULL, NULL, e);
    buf_free(&s.text);
    return r;
}

/* Indexes are made behind the first load: sorting once is cheaper than half a million inserts. */
static enum err finish_tables(struct load_run *x, struct errbuf *e)
{
    enum err r = ERR_OK;
    for (int i = 0; i < x->n_targets && !r; i++) {
        if (x->targets[i]->index)
            r = warehouse_exec(x->w, x->targets[i]->index, 0, NULL, NULL, e);
        if (!r && x->empty)
            r = analyze(x, x->targets[i]->name, false, e);
    }
    return r;
}

/* ---- another engine ---- */

/* Where the session's lock is not to be had (load_lock.h). Whoever had it has loaded this. */
static enum err lock_entity(struct load_run *x, struct errbuf *e)
{
    struct slots s;
    struct buf sql;
    char mark[24];
    int64_t there = 0;
    const char *params[] = {entity_of(x)->name, mark};
    if (!model_query(x->s->dialect, "lock_entity"))
        return ERR_OK;
    (void)snprintf(mark, sizeof mark, "%" PRId64, x->mark);
    slots_init(&s, x);
    slot_table(&s, x, "table", entity_of(x)->existence);
    slot_table(&s, x, "marks", "_flightdeck_marks");
    buf_init(&sql, 0);
    enum err r = run(x, "lock_entity", &s, 0, NULL, NULL, e);
    if (r == ERR_RETRY)
        r = err_prefix(e, "%s: another engine is loading it", entity_of(x)->name);
    sql_fill(&sql, model_query(x->s->dialect, "marks_check"), s.items, s.n);
    if (!r)
        r = model_number(x->w, buf_cstr(&sql), 2, params, &there, e);
    if (!r && there < x->n_targets)
        r = err_set(e, ERR_FENCED, "%s: another engine has loaded it meanwhile",
                    entity_of(x)->name);
    buf_free(&sql);
    buf_free(&s.text);
    return r;
}

/* ---- the marks ---- */

static enum err move_marks(struct load_run *x, struct errbuf *e)
{
    struct slots s;
    struct buf sql;
    char numbers[2][24];
    int64_t moved = 0;
    (void)snprintf(numbers[0], sizeof numbers[0], "%" PRId64, x->hi);
    (void)snprintf(numbers[1], sizeof numbers[1], "%" PRId64, x->mark);
    const char *params[] = {numbers[0], entity_of(x)->name, numbers[1]};
    slots_init(&s, x);
    slot_table(&s, x, "marks", "_flightdeck_marks");
    slots_point(&s);
    buf_init(&sql, 0);
    sql_fill(&sql, model_query(x->s->dialect, "marks_move"), s.items, s.n);
    buf_lit(&sql, " AND target IN (");
    for (int i = 0; i < x->n_targets; i++) {
        if (i)
            buf_lit(&sql, ", ");
        buf_literal(&sql, x->targets[i]->name);
    }
    buf_ch(&sql, ')');
    enum err r = warehouse_exec(x->w, buf_cstr(&sql), 3, params, &moved, e);
    if (!r && moved != x->n_targets)
        r = err_set(e, ERR_FENCED,
                    "%s: another engine is loading it (%" PRId64 " of %d marks were where this one "
                    "left them)",
                    entity_of(x)->name, moved, x->n_targets);
    buf_free(&sql);
    buf_free(&s.text);
    return r;
}

static enum err remember_load(struct load_run *x, const struct delta *d, struct errbuf *e)
{
    struct slots s;
    char n[5][24];
    const int64_t values[] = {x->lo, x->hi, x->raw_rows, x->inserted, x->keyless};
    for (int i = 0; i < 5; i++)
        (void)snprintf(n[i], sizeof n[i], "%" PRId64, values[i]);
    const char *name = entity_of(x)->name;
    const char *newest = d->rows ? d->to : "1970-01-01 00:00:00+00"; /* none came: as it was */
    const char *params[] = {name, n[0], n[1], n[2], n[3], newest, n[4], name};
    slots_init(&s, x);
    slot_table(&s, x, "loads", "_flightdeck_loads");
    enum err r = run(x, "loads_add", &s, 8, params, NULL, e);
    buf_free(&s.text);
    return r;
}

/* ---- the whole ---- */

/* The delta with all that belongs to it. */
static enum err gather(struct load_run *x, struct delta *d, struct errbuf *e)
{
    int64_t from = x->lo;
    enum err r = fill(x, x->lo, x->hi, "", &x->raw_rows, e);
    if (!r && x->is_main)
        r = count_keyless(x, e);
    if (!r)
        r = apply_truncates(x, x->lo, x->hi, e);
    if (!r)
        r = measure(x, d, e);
    if (!r && d->rows && !x->empty && !x->restarts)
        r = add_overlap(x, d, &from, e);
    if (!r && from < x->lo) {
        r = apply_truncates(x, from, x->lo, e);
        if (!r)
            r = measure(x, d, e);
    }
    if (!r && d->rows && !x->empty)
        r = analyze(x, NULL, true, e);
    return r ? r : look_for_placeholders(x, d, e);
}

/* Last, as others may have to be waited for. */
static enum err load_all_references(struct load_run *x, struct errbuf *e)
{
    enum err r = ERR_OK;
    for (int i = 0; i < x->n_targets && !r && x->enter_anchor; i++)
        if (x->targets[i]->kind == MODEL_TIE)
            r = x->enter_anchor(x->arg, x->s->model->ties[x->targets[i]->item].to, e);
    for (int i = 0; i < x->n_targets && !r; i++)
        if (x->targets[i]->kind == MODEL_TIE)
            r = load_references(x, x->targets[i]->item,
                                place_of_tie(entity_of(x), x->targets[i]->item), e);
    return r;
}

static enum err load_all(struct load_run *x, struct errbuf *e)
{
    struct delta d = {.rows = 0};
    enum err r = gather(x, &d, e);
    for (int i = 0; i < x->n_targets && !r && d.rows; i++)
        r = load_target(x, &d, x->targets[i], e);
    if (!r && d.rows && (x->empty || !x->plan->indexed))
        r = finish_tables(x, e);
    if (!r && d.rows)
        r = load_all_references(x, e);
    if (!r)
        r = move_marks(x, e);
    if (!r && x->is_main && (d.rows || x->keyless))
        r = remember_load(x, &d, e);
    return r;
}

/* From raw itself, before the load: two entities that share a knot may load side by side then. */
enum err load_run_knots(struct load_run *x, struct errbuf *e)
{
    const struct model *m = x->s->model;
    const struct model_entity *t = entity_of(x);
    char numbers[2][24];
    const char *params[] = {numbers[0], numbers[1]};
    enum err r = read_stamp(x, e);
    (void)snprintf(numbers[0], sizeof numbers[0], "%" PRId64, x->lo);
    (void)snprintf(numbers[1], sizeof numbers[1], "%" PRId64, x->hi);
    for (int i = 0; i < t->n_attributes && !r; i++) {
        const struct model_attribute *a = &t->attributes[i];
        char column[256];
        struct buf value;
        if (a->knot < 0)
            continue;
        (void)snprintf(column, sizeof column, "after_%s", a->column);
        buf_init(&value, 0);
        model_sql_column(&value, x->s->dialect, "r", column);
        r = add_knot(x, &m->knots[a->knot], buf_cstr(&value), "knot_in_raw", &x->plan->raw, params,
                     2, NULL, e);
        buf_free(&value);
    }
    return r;
}

enum err load_run(struct load_run *x, struct errbuf *e)
{
    struct errbuf ignored;
    x->raw_rows = x->inserted = x->keyless = 0;
    enum err r = make_delta(x, e);
    if (r)
        return r;
    r = warehouse_begin(x->w, e);
    if (!r && model_query(x->s->dialect, "planner"))
        r = warehouse_exec(x->w, model_query(x->s->dialect, "planner"), 0, NULL, NULL, e);
    if (!r)
        r = lock_entity(x, e);
    if (!r)
        r = read_stamp(x, e);
    if (!r)
        r = load_all(x, e);
    if (!r)
        r = warehouse_commit(x->w, e);
    else if (warehouse_rollback(x->w, &ignored))
        x->plan->delta_is_made = false; /* the link is gone, the session's tables with it */
    return r;
}
