/*
 * The marts' layer of verify: what a mart holds, and what its `verify.source` says it has to hold.
 *
 * Which state of the source a mart shows cannot be told to the transaction: a mart is made from
 * dwh, and dwh from raw, each a little later than the other. But it lies between two moments. dwh
 * held the snapshot of verify before this begins, and a mart that was made after the last load of
 * dwh has seen it; what it shows was there when it was read. So the source is asked in verify's
 * snapshot, and, where something disagrees, once more in one that is taken after the mart was read.
 * A row is wrong when both times the source says the same, and the mart something else.
 * That is not all while the source is written to: a ticket that was sold and given back in between
 * leaves no trace there, but may have met the mart. dwh has not changed since the mart was made, so
 * it is asked the same question: a row that is as dwh has it is as the source had it, or the layer
 * below says that dwh differs. Where all answers of the source were the same twice it is at rest,
 * and dwh is not asked. A mart that was made before the last load (its `run_at`, and its marks of
 * `changes`) cannot be judged: stale.
 *
 * The rows themselves are read again to be told. Where the mart was made anew meanwhile it is
 * compared anew, ROUNDS_MAX times.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "backend/base/clock.h"
#include "backend/engine/verify_answers.h"
#include "backend/engine/verify_canon.h"
#include "backend/engine/verify_run.h"
#include "backend/model/mart.h"
#include "backend/model/model.h"
#include "backend/warehouse/dialect.h"
#include "queries/queries.h"

enum { ROUNDS_MAX = 5, CHOSEN_MAX = 10000, ROW_MAX = 64 << 20, MOMENT_LENGTH = 19 };

struct compare {
    struct verify *v;
    const struct mart *m;
    struct verify_table *out;
    struct relation *columns; /* of both queries: names alone */
    int *key;
    int n_key;
    int within; /* -1: all rows count */
    struct answers *answers, *scope;
    enum answer side;
    struct kept_rows *kept; /* NULL while answers are gathered */
    struct buf row, key_text;
    int64_t rows[ANSWERS];
    uint64_t sum[ANSWERS];
};

/* ---- when was it made ---- */

static void add_table(struct verify *v, struct buf *b, const char *schema, const char *table)
{
    const struct dialect *d = dialect_find(v->o->dialect);
    dialect_ident(b, d, schema);
    buf_ch(b, '.');
    dialect_ident(b, d, table);
}

/* One of queries/verify/ with {state}, {loads} and {table}; out: its moment, "" for NULL. */
static enum err read_moment(struct compare *x, const char *query, const char *changed, char *out,
                            struct errbuf *e)
{
    struct buf state;
    struct buf loads;
    struct buf table;
    struct buf sql;
    struct warehouse_rows *rows = NULL;
    const struct cell *cells;
    char name[VERIFY_NAME_MAX];
    *out = '\0';
    buf_init(&state, 0);
    buf_init(&loads, 0);
    buf_init(&table, 0);
    buf_init(&sql, 0);
    (void)snprintf(name, sizeof name, "_%s_seen", x->m->name);
    add_table(x->v, &state, x->m->schema, name);
    add_table(x->v, &loads, x->v->o->model->schema, "_flightdeck_loads");
    const char *dot = changed ? strchr(changed, '.') : NULL;
    if (dot) {
        (void)snprintf(name, sizeof name, "%.*s", (int)(dot - changed), changed);
        add_table(x->v, &table, name, dot + 1);
    }
    const struct sql_slot slots[] = {
        {"state", buf_cstr(&state)}, {"loads", buf_cstr(&loads)}, {"table", buf_cstr(&table)}};
    sql_fill(&sql, query_text(query), slots, 3);
    enum err rc = buf_check(&sql, "a query", e);
    if (!rc)
        rc = warehouse_query(x->v->warehouse, buf_cstr(&sql), changed ? 1 : 0, &changed, &rows, e);
    if (!rc)
        rc = warehouse_rows_next(rows, &cells, e);
    if (!rc && cells[0].kind == CELL_TEXT)
        (void)snprintf(out, VERIFY_MOMENT_MAX, "%.*s UTC",
                       cells[0].len < MOMENT_LENGTH ? (int)cells[0].len : MOMENT_LENGTH,
                       cells[0].p);
    warehouse_rows_close(rows);
    buf_free(&state);
    buf_free(&loads);
    buf_free(&table);
    buf_free(&sql);
    return rc;
}

static enum err has_table(struct verify *v, const char *schema, const char *table, bool *has,
                          struct errbuf *e)
{
    struct wcolumn *columns = NULL;
    int n = 0;
    enum err rc = warehouse_table_columns(v->warehouse, schema, table, &columns, &n, e);
    free(columns);
    *has = n > 0;
    return rc;
}

/* Is there anything to compare, and does it show what dwh holds? *go on if so, else the outcome. */
static enum err look_at_age(struct compare *x, bool *go_on, struct errbuf *e)
{
    char state[VERIFY_NAME_MAX];
    char run_at[VERIFY_MOMENT_MAX] = "";
    bool has = false;
    *go_on = false;
    x->out->outcome = VERIFY_NOT_MADE;
    (void)snprintf(state, sizeof state, "_%s_seen", x->m->name);
    enum err rc = has_table(x->v, x->m->schema, x->m->table, &has, e);
    if (!rc && has)
        rc = has_table(x->v, x->m->schema, state, &has, e);
    if (rc || !has)
        return rc;
    rc = read_moment(x, "verify/mart_run_at", NULL, run_at, e);
    if (rc || !*run_at)
        return rc;
    rc = read_moment(x, "verify/mart_loaded", NULL, x->out->since, e);
    for (int i = 0; x->m->changes[i] && !rc && !*x->out->since; i++)
        rc = read_moment(x, "verify/mart_behind", x->m->changes[i], x->out->since, e);
    *go_on = !rc && !*x->out->since;
    x->out->outcome = *go_on ? VERIFY_SAME : VERIFY_STALE;
    return rc;
}

/* ---- rows ---- */

static enum err take_row(struct compare *x, const struct cell *cells, struct errbuf *e)
{
    buf_clear(&x->row);
    buf_clear(&x->key_text);
    for (int i = 0; i < x->columns->n_columns; i++) {
        if (i)
            buf_lit(&x->row, VERIFY_SEPARATOR);
        canon_write(&x->row, CANON_AS_IS, &cells[i]);
    }
    for (int i = 0; i < x->n_key; i++) {
        if (i)
            buf_lit(&x->key_text, VERIFY_SEPARATOR);
        canon_write(&x->key_text, CANON_AS_IS, &cells[x->key[i]]);
    }
    enum err rc = buf_check(&x->row, "a row", e);
    if (!rc)
        rc = buf_check(&x->key_text, "a key", e);
    if (rc)
        return rc;
    if (x->within >= 0) {
        const struct cell *c = &cells[x->within];
        uint64_t value = c->kind == CELL_TEXT ? verify_hash(c->p, c->len) : 0;
        if (x->side != ANSWER_MART && !answers_have(x->scope, value))
            return ERR_OK;
        if (x->side == ANSWER_MART && !answers_have(x->scope, value))
            rc = answers_add(x->scope, ANSWER_MART, value, 0, e);
    }
    uint64_t key = verify_hash(x->key_text.p, x->key_text.len);
    uint64_t row = verify_hash(x->row.p, x->row.len);
    x->rows[x->side]++;
    x->sum[x->side] += row;
    if (!rc && !x->kept)
        rc = answers_add(x->answers, x->side, key, row, e);
    else if (!rc && answers_chosen(x->answers, key))
        rc = kept_rows_add(x->kept, buf_cstr(&x->key_text), buf_cstr(&x->row), row,
                           x->side == ANSWER_MART ? -1 : 1, e);
    return rc;
}

static int column_of(const struct compare *x, const char *name)
{
    for (int i = 0; i < x->columns->n_columns; i++)
        if (!strcasecmp(x->columns->columns[i].name, name))
            return i;
    return -1;
}

/* What the mart's query calls its columns, and which of them `key` and `within` mean. */
static enum err plan(struct compare *x, const struct warehouse_rows *rows, struct errbuf *e)
{
    const struct mart_verify *how = x->m->verify;
    const struct warehouse_result_column *columns = NULL;
    int n = warehouse_rows_columns(rows, &columns);
    int n_names = 0;
    while (how->key[n_names])
        n_names++;
    x->columns = relation_create(n);
    x->key = calloc((size_t)n_names + 1, sizeof *x->key);
    bool enough = x->columns && x->key;
    if (enough) {
        x->columns->schema = strdup(x->m->schema);
        x->columns->name = strdup(x->m->table);
        enough = x->columns->schema && x->columns->name;
    }
    for (int i = 0; i < n && enough; i++) {
        x->columns->columns[i].name = strdup(columns[i].name);
        enough = x->columns->columns[i].name != NULL;
    }
    if (!enough)
        return err_set(e, ERR_NOMEM, "no memory for the columns");
    for (x->n_key = 0; x->n_key < n_names; x->n_key++) {
        x->key[x->n_key] = column_of(x, how->key[x->n_key]);
        if (x->key[x->n_key] < 0)
            return err_set(e, ERR_CONFIG, "%s has no column %s, which `key` names", how->mart->file,
                           how->key[x->n_key]);
    }
    x->within = how->within ? column_of(x, how->within) : -1;
    if (how->within && x->within < 0)
        return err_set(e, ERR_CONFIG, "%s has no column %s, which `within` names", how->mart->file,
                       how->within);
    return ERR_OK;
}

static void begin_side(struct compare *x, enum answer side)
{
    x->side = side;
    x->rows[side] = 0;
    x->sum[side] = 0;
}

static enum err read_warehouse(struct compare *x, const char *file, const char *sql,
                               enum answer side, struct errbuf *e)
{
    struct warehouse_rows *rows = NULL;
    const struct cell *cells;
    begin_side(x, side);
    enum err rc = warehouse_query(x->v->warehouse, sql, 0, NULL, &rows, e);
    if (!rc && !x->columns)
        rc = plan(x, rows, e);
    if (!rc && warehouse_rows_columns(rows, NULL) != x->columns->n_columns)
        rc = err_set(e, ERR_CONFIG, "it does not have %d columns", x->columns->n_columns);
    while (!rc && (rc = warehouse_rows_next(rows, &cells, e)) == ERR_OK)
        rc = take_row(x, cells, e);
    warehouse_rows_close(rows);
    return rc && rc != ERR_NOT_FOUND ? err_prefix(e, "%s", file) : ERR_OK;
}

static enum err read_mart(struct compare *x, struct errbuf *e)
{
    const struct script *q = x->m->verify->mart;
    return read_warehouse(x, q->file, q->statements[0].sql, ANSWER_MART, e);
}

/* The question with each {entity} as a table: the source's, or dwh's latest view. */
static void fill_tables(struct compare *x, bool in_dwh, struct buf *sql)
{
    const struct model *m = x->v->o->model;
    struct buf table;
    buf_init(&table, 0);
    buf_init(sql, 0);
    buf_str(sql, x->m->verify->source->statements[0].sql);
    for (int i = 0; i < m->n_entities; i++) {
        const char *source = m->entities[i].source;
        const char *dot = source ? strchr(source, '.') : NULL;
        char name[2 * VERIFY_NAME_MAX];
        struct buf filled;
        if (!dot)
            continue;
        buf_clear(&table);
        buf_init(&filled, 0);
        if (in_dwh) {
            (void)snprintf(name, sizeof name, "%s_latest", m->entities[i].name);
            add_table(x->v, &table, m->schema, name);
        } else {
            (void)snprintf(name, sizeof name, "%.*s", (int)(dot - source), source);
            buf_ident(&table, name);
            buf_ch(&table, '.');
            buf_ident(&table, dot + 1);
        }
        const struct sql_slot slot = {m->entities[i].name, buf_cstr(&table)};
        sql_fill(&filled, buf_cstr(sql), &slot, 1);
        buf_free(sql);
        *sql = filled;
    }
    buf_free(&table);
}

/* *can false: the question names tables of the source alone. */
static enum err read_dwh(struct compare *x, bool *can, struct errbuf *e)
{
    const struct script *q = x->m->verify->source;
    bool local = !strcmp(x->v->o->dialect, "postgresql");
    struct errbuf second;
    struct buf sql;
    fill_tables(x, true, &sql);
    *can = strcmp(buf_cstr(&sql), q->statements[0].sql) != 0;
    enum err rc = buf_check(&sql, "a query", e);
    if (!rc && *can && local)
        rc = warehouse_begin(x->v->warehouse, e);
    if (!rc && *can && local)
        rc =
            warehouse_exec(x->v->warehouse, query_text("verify/no_nested_loops"), 0, NULL, NULL, e);
    if (!rc && *can)
        rc = read_warehouse(x, q->file, buf_cstr(&sql), ANSWER_DWH, e);
    if (*can && local && warehouse_rollback(x->v->warehouse, &second) && !rc)
        rc = err_set(e, ERR_CONNECT, "the link to the warehouse broke");
    buf_free(&sql);
    return rc;
}

static enum err take_source_row(void *arg, const struct cell *cells, int n, struct errbuf *e)
{
    (void)n; /* source_copy has seen to it */
    return take_row(arg, cells, e);
}

static enum err read_source(struct compare *x, struct source *s, enum answer side, struct errbuf *e)
{
    const struct script *q = x->m->verify->source;
    struct buf sql;
    begin_side(x, side);
    fill_tables(x, false, &sql);
    enum err rc = buf_check(&sql, "a query", e);
    if (!rc)
        rc = source_copy(s, x->columns, buf_cstr(&sql), take_source_row, x, e);
    buf_free(&sql);
    return rc ? err_prefix(e, "%s", q->file) : ERR_OK;
}

/* ---- one mart ---- */

static enum err read_second(struct compare *x, struct errbuf *e)
{
    enum err rc = source_begin_snapshot(x->v->control, NULL, e);
    if (!rc) {
        struct errbuf second;
        rc = read_source(x, x->v->control, ANSWER_SECOND, e);
        if (source_end_snapshot(x->v->control, &second) && !rc) {
            *e = second;
            rc = e->code;
        }
    }
    return rc;
}

/* *go_on false: dwh has moved meanwhile, so nothing can be said. */
static enum err gather(struct compare *x, int64_t *wrong, bool *go_on, struct errbuf *e)
{
    bool dwh = false;
    *wrong = 0;
    enum err rc = read_mart(x, e);
    if (!rc)
        rc = read_source(x, x->v->source, ANSWER_FIRST, e);
    if (rc || !answers_differ(x->answers, ANSWER_MART, ANSWER_FIRST))
        return rc;
    rc = read_second(x, e);
    if (!rc && answers_differ(x->answers, ANSWER_FIRST, ANSWER_SECOND)) {
        rc = read_dwh(x, &dwh, e);
        if (!rc && dwh)
            rc = look_at_age(x, go_on, e);
    }
    if (!rc && *go_on)
        *wrong = answers_wrong(x->answers, dwh, CHOSEN_MAX);
    return rc;
}

/* Reads the rows that are wrong again. *moved: the mart is not what it was. */
static enum err tell(struct compare *x, int64_t wrong, bool *moved, struct errbuf *e)
{
    int64_t rows = x->rows[ANSWER_MART];
    uint64_t sum = x->sum[ANSWER_MART];
    x->kept = kept_rows_create();
    enum err rc = x->kept ? ERR_OK : err_set(e, ERR_NOMEM, "no memory for the differing rows");
    if (!rc)
        rc = read_mart(x, e);
    *moved = !rc && (rows != x->rows[ANSWER_MART] || sum != x->sum[ANSWER_MART]);
    if (!rc && !*moved)
        rc = read_source(x, x->v->source, ANSWER_FIRST, e);
    if (!rc && !*moved) {
        rc = kept_rows_tell(x->kept, x->columns, x->out, e);
        x->out->differing = wrong;
    }
    kept_rows_destroy(x->kept);
    x->kept = NULL;
    return rc;
}

static enum err compare_round(struct compare *x, bool *again, struct errbuf *e)
{
    int64_t wrong = 0;
    bool go_on;
    *again = false;
    enum err rc = look_at_age(x, &go_on, e);
    if (rc || !go_on)
        return rc;
    x->answers = answers_create();
    x->scope = answers_create();
    rc = x->answers && x->scope ? gather(x, &wrong, &go_on, e)
                                : err_set(e, ERR_NOMEM, "no memory for the keys of a mart");
    x->out->source_rows = x->rows[ANSWER_FIRST];
    x->out->source_sum = x->sum[ANSWER_FIRST];
    x->out->raw_rows = x->rows[ANSWER_MART];
    x->out->raw_sum = x->sum[ANSWER_MART];
    if (!rc && wrong) {
        x->out->outcome = VERIFY_DIFFERS;
        rc = tell(x, wrong, again, e);
    }
    answers_destroy(x->answers);
    answers_destroy(x->scope);
    return rc;
}

static enum err compare_mart(struct verify *v, const struct mart *m, struct verify_table *out,
                             struct errbuf *e)
{
    struct compare x = {.v = v, .m = m, .out = out, .within = -1};
    int64_t began = clock_mono_us();
    bool again = true;
    enum err rc = ERR_OK;
    buf_init(&x.row, ROW_MAX);
    buf_init(&x.key_text, ROW_MAX);
    out->name = strdup(m->name);
    (void)snprintf(out->raw_schema, sizeof out->raw_schema, "%s", m->schema);
    (void)snprintf(out->raw_table, sizeof out->raw_table, "%s", m->table);
    if (!out->name)
        rc = err_set(e, ERR_NOMEM, "no memory for the report");
    else if (v->o->progress)
        v->o->progress(v->o->arg, m->target);
    for (int round = 0; !rc && again; round++)
        rc = round < ROUNDS_MAX
                 ? compare_round(&x, &again, e)
                 : err_set(e, ERR_STATE,
                           "it is made anew faster than it can be compared: pause the DAG that "
                           "makes it, then verify again");
    out->seconds = (double)(clock_mono_us() - began) / 1e6;
    relation_unref(x.columns);
    free(x.key);
    buf_free(&x.row);
    buf_free(&x.key_text);
    return rc ? err_prefix(e, "mart %s", m->name) : ERR_OK;
}

enum err verify_marts(struct verify *v, struct verify_report *out, struct errbuf *e)
{
    int n = marts_count(v->o->marts);
    enum err rc = ERR_OK;
    out->marts = calloc((size_t)n + 1, sizeof *out->marts);
    if (!out->marts)
        return err_set(e, ERR_NOMEM, "no memory for the report");
    for (int i = 0; i < n && !rc; i++)
        if (marts_at(v->o->marts, i)->verify)
            rc = compare_mart(v, marts_at(v->o->marts, i), &out->marts[out->n_marts++], e);
    return rc;
}
