/*
 * One table: the same rows, in the same canonical text, from both sides.
 *
 * Raw is a log. The state of a key as of the snapshot is its newest visible change (by LSN: row
 * locks make the LSN order of one key's changes their true order; the offset settles the rest),
 * unless that is a delete or older than a truncate. A column that an update left unchanged in TOAST
 * is taken from the newest change that knows it. A table without a key is a bag: rows in by
 * `after`, rows out by `before`, so hashes are added and subtracted.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/clock.h"
#include "backend/engine/verify_canon.h"
#include "backend/engine/verify_run.h"
#include "backend/model/model.h"
#include "backend/warehouse/dialect.h"
#include "queries/queries.h"

enum { ROWS_KEPT_MAX = 20000, CANON_MAX = 64 << 20 };

struct side {
    int64_t rows;
    uint64_t sum;
    int64_t bucket_rows[VERIFY_BUCKETS];
    int64_t bucket_seen[VERIFY_BUCKETS]; /* those that left a bag count too */
    uint64_t bucket_sum[VERIFY_BUCKETS];
};

struct compare {
    struct verify *v;
    struct relation *relation;
    struct verify_table *out;
    enum canon *canon; /* by column */
    int n_key;
    int *key;
    bool upsert;
    bool has_raw;
    bool by_batch; /* not source and raw, but raw and the view, both as of batch `mark` */
    int64_t mark;
    const char *view_schema, *view;
    const char **in_view; /* by column: its name there; NULL: the model does not have it */
    struct side *source, *raw, *side;
    struct buf row, key_text;
    struct kept_rows *kept; /* NULL in the first pass */
    bool chosen[VERIFY_BUCKETS];
};

uint64_t verify_hash(const char *p, size_t n)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)p[i]) * 0x100000001b3u;
    h ^= h >> 32; /* FNV's low bits are weak: finish as splitmix64 does */
    h *= 0x9e3779b97f4a7c15u;
    return h ^ (h >> 29);
}

/* ---- rows of either side ---- */

/* cells: the relation's columns in order. sign -1: a row that leaves a bag. */
static enum err take_row(struct compare *x, const struct cell *cells, int sign, struct errbuf *e)
{
    int n = x->relation->n_columns;
    buf_clear(&x->row);
    buf_clear(&x->key_text);
    for (int i = 0; i < n; i++) {
        if (i)
            buf_lit(&x->row, VERIFY_SEPARATOR);
        if (!x->by_batch || x->in_view[i])
            canon_write(&x->row, x->canon[i], &cells[i]);
    }
    for (int i = 0; i < x->n_key; i++) {
        if (i)
            buf_lit(&x->key_text, VERIFY_SEPARATOR);
        canon_write(&x->key_text, x->canon[x->key[i]], &cells[x->key[i]]);
    }
    if (!x->n_key)
        buf_add(&x->key_text, x->row.p, x->row.len);
    uint64_t hash = verify_hash(x->row.p, x->row.len);
    unsigned bucket = (unsigned)(verify_hash(x->key_text.p, x->key_text.len) % VERIFY_BUCKETS);
    enum err rc = buf_check(&x->row, "a row", e);
    if (!rc)
        rc = buf_check(&x->key_text, "a key", e);
    if (x->kept) /* the second pass */
        return rc || !x->chosen[bucket]
                   ? rc
                   : kept_rows_add(x->kept, buf_cstr(&x->key_text), buf_cstr(&x->row), hash,
                                   x->side == x->raw ? -sign : sign, e);
    x->side->rows += sign;
    x->side->sum += sign > 0 ? hash : 0 - hash;
    x->side->bucket_rows[bucket] += sign;
    x->side->bucket_seen[bucket]++;
    x->side->bucket_sum[bucket] += sign > 0 ? hash : 0 - hash;
    return rc;
}

static enum err take_source_row(void *arg, const struct cell *cells, int n, struct errbuf *e)
{
    (void)n;
    return take_row(arg, cells, 1, e);
}

static enum err read_source(struct compare *x, struct errbuf *e)
{
    const struct relation *r = x->relation;
    struct buf sql;
    buf_init(&sql, 0);
    buf_lit(&sql, "SELECT ");
    for (int i = 0; i < r->n_columns; i++) {
        struct buf name;
        buf_init(&name, 0);
        buf_ident(&name, r->columns[i].name);
        if (i)
            buf_lit(&sql, ", ");
        canon_source_sql(&r->columns[i], buf_cstr(&name), &sql);
        buf_free(&name);
    }
    buf_lit(&sql, " FROM ");
    buf_ident(&sql, r->schema);
    buf_ch(&sql, '.');
    buf_ident(&sql, r->name);
    enum err rc = buf_check(&sql, "a query", e);
    if (!rc)
        rc = source_copy(x->v->source, r, buf_cstr(&sql), take_source_row, x, e);
    buf_free(&sql);
    return rc;
}

/* ---- the raw side ---- */

/* A name of the warehouse: cut where it is too long for it. */
static void add_ident(const struct compare *x, struct buf *b, const char *name)
{
    dialect_ident(b, dialect_find(x->v->o->dialect), name);
}

static void add_prefixed(const struct compare *x, struct buf *b, const char *prefix,
                         const char *column)
{
    char name[256];
    (void)snprintf(name, sizeof name, "%s%s", prefix, column);
    add_ident(x, b, name);
}

/* CAST on the server: its own text, not the driver's. */
static void add_value(const struct compare *x, struct buf *b, const struct column *c,
                      const char *qualifier, const char *prefix)
{
    bool zoned = c->type_oid == PG_TIMESTAMPTZ;
    buf_str(b, zoned ? "CAST((" : "CAST(");
    buf_str(b, qualifier);
    add_prefixed(x, b, prefix, c->name);
    buf_str(b, zoned ? " AT TIME ZONE 'UTC') AS VARCHAR)" : " AS VARCHAR)");
}

static void add_table(struct compare *x, struct buf *b)
{
    add_ident(x, b, x->out->raw_schema);
    buf_ch(b, '.');
    add_ident(x, b, x->out->raw_table);
}

/* The transactions that the source's snapshot sees; snapshot reads always count. */
static void add_visible(struct compare *x, struct buf *b)
{
    const struct verify_snapshot *s = &x->v->snapshot;
    if (x->by_batch) {
        buf_printf(b, "_batch <= %" PRId64, x->mark);
        return;
    }
    buf_lit(b, "(op = 'r' OR source_txid IS NULL OR (MOD(source_txid - ");
    buf_u64(b, s->xmax);
    /* 32-bit ids wrap: older means less than 2^31 behind */
    buf_lit(b, " + 4294967296, 4294967296) >= 2147483648");
    for (int i = 0; i < s->n_running; i++) {
        buf_str(b, i ? ", " : " AND source_txid NOT IN (");
        buf_u64(b, s->running[i]);
    }
    buf_str(b, s->n_running ? ")))" : "))");
}

static void add_alive(struct compare *x, struct buf *b)
{
    add_visible(x, b);
    buf_lit(b, " AND op <> 't' AND source_lsn >= COALESCE((SELECT MAX(source_lsn) FROM ");
    add_table(x, b);
    buf_lit(b, " WHERE op = 't' AND ");
    add_visible(x, b);
    buf_lit(b, "), 0)");
}

static void add_key(struct compare *x, struct buf *b, int i)
{
    const char *name = x->relation->columns[x->key[i]].name;
    buf_lit(b, "COALESCE(");
    add_prefixed(x, b, "after_", name);
    buf_lit(b, ", ");
    add_prefixed(x, b, "before_", name);
    buf_lit(b, ")");
}

/* SELECT *, keys as k0.., newest first by key. */
static void add_ranked(struct compare *x, struct buf *b, const char *unchanged)
{
    buf_lit(b, "(SELECT r.*");
    for (int i = 0; i < x->n_key; i++) {
        buf_lit(b, ", ");
        add_key(x, b, i);
        buf_printf(b, " AS fd_k%d", i);
    }
    buf_lit(b, ", ROW_NUMBER() OVER (PARTITION BY ");
    for (int i = 0; i < x->n_key; i++) {
        if (i)
            buf_lit(b, ", ");
        add_key(x, b, i);
    }
    buf_lit(b, " ORDER BY source_lsn DESC, _offset DESC) AS fd_rank FROM ");
    add_table(x, b);
    buf_lit(b, " r WHERE ");
    add_alive(x, b);
    if (unchanged) {
        buf_lit(b, " AND op <> 'd' AND (_unchanged IS NULL OR POSITION(");
        buf_literal(b, unchanged);
        buf_lit(b, " IN _unchanged) = 0)");
    }
    buf_lit(b, ")");
}

static void mark_of(const struct column *c, char *out, size_t n)
{
    (void)snprintf(out, n, ",%s,", c->name);
}

static void build_keyed(struct compare *x, const bool *toast, struct buf *b)
{
    const struct relation *r = x->relation;
    char mark[256];
    buf_lit(b, "SELECT ");
    for (int i = 0; i < r->n_columns; i++) {
        char qualifier[16];
        if (i)
            buf_lit(b, ", ");
        if (!toast[i]) {
            add_value(x, b, &r->columns[i], "x.", "after_");
            continue;
        }
        mark_of(&r->columns[i], mark, sizeof mark);
        (void)snprintf(qualifier, sizeof qualifier, "u%d.", i);
        buf_lit(b, "CASE WHEN POSITION(");
        buf_literal(b, mark);
        buf_lit(b, " IN x._unchanged) > 0 THEN ");
        add_value(x, b, &r->columns[i], qualifier, "after_");
        buf_lit(b, " ELSE ");
        add_value(x, b, &r->columns[i], "x.", "after_");
        buf_lit(b, " END");
    }
    buf_lit(b, " FROM ");
    add_ranked(x, b, NULL);
    buf_lit(b, " x");
    for (int i = 0; i < r->n_columns; i++) {
        if (!toast[i])
            continue;
        mark_of(&r->columns[i], mark, sizeof mark);
        buf_lit(b, " LEFT JOIN ");
        add_ranked(x, b, mark);
        buf_printf(b, " u%d ON u%d.fd_rank = 1", i, i);
        for (int k = 0; k < x->n_key; k++)
            buf_printf(b, " AND u%d.fd_k%d = x.fd_k%d", i, k, k);
    }
    buf_lit(b, " WHERE x.fd_rank = 1 AND x.op <> 'd'");
}

static void build_state(struct compare *x, struct buf *b)
{
    const struct relation *r = x->relation;
    buf_lit(b, "SELECT ");
    for (int i = 0; i < r->n_columns; i++) {
        if (i)
            buf_lit(b, ", ");
        add_value(x, b, &r->columns[i], "", "after_");
    }
    buf_lit(b, " FROM ");
    add_table(x, b);
}

/* Rows that came (after) or went (before) of a table without a key. */
static void build_bag(struct compare *x, const char *prefix, const char *ops, struct buf *b)
{
    build_state(x, b);
    b->len = 0;
    buf_lit(b, "SELECT ");
    for (int i = 0; i < x->relation->n_columns; i++) {
        if (i)
            buf_lit(b, ", ");
        add_value(x, b, &x->relation->columns[i], "", prefix);
    }
    buf_lit(b, " FROM ");
    add_table(x, b);
    buf_printf(b, " WHERE op IN (%s) AND ", ops);
    add_alive(x, b);
}

static enum err read_rows(struct compare *x, const char *sql, int sign, struct errbuf *e)
{
    struct warehouse_rows *rows = NULL;
    const struct cell *cells;
    enum err rc = warehouse_query(x->v->warehouse, sql, 0, NULL, &rows, e);
    while (!rc) {
        rc = warehouse_rows_next(rows, &cells, e);
        if (!rc)
            rc = take_row(x, cells, sign, e);
    }
    warehouse_rows_close(rows);
    return rc == ERR_NOT_FOUND ? ERR_OK : rc;
}

/* Which columns ever came as unchanged TOAST. */
static enum err find_toast(struct compare *x, bool *toast, struct errbuf *e)
{
    struct warehouse_rows *rows = NULL;
    const struct cell *cells;
    struct buf sql;
    buf_init(&sql, 0);
    buf_lit(&sql, "SELECT DISTINCT _unchanged FROM ");
    add_table(x, &sql);
    buf_lit(&sql, " WHERE _unchanged IS NOT NULL");
    enum err rc = warehouse_query(x->v->warehouse, buf_cstr(&sql), 0, NULL, &rows, e);
    while (!rc && (rc = warehouse_rows_next(rows, &cells, e)) == ERR_OK)
        for (int i = 0; i < x->relation->n_columns; i++) {
            char mark[256];
            mark_of(&x->relation->columns[i], mark, sizeof mark);
            if (memmem(cells[0].p, cells[0].len, mark, strlen(mark)))
                toast[i] = true;
        }
    warehouse_rows_close(rows);
    buf_free(&sql);
    return rc == ERR_NOT_FOUND ? ERR_OK : rc;
}

static enum err read_raw(struct compare *x, struct errbuf *e)
{
    struct buf sql;
    buf_init(&sql, 0);
    enum err rc = ERR_OK;
    bool *toast = calloc((size_t)x->relation->n_columns + 1, sizeof *toast);
    if (!toast)
        return err_set(e, ERR_NOMEM, "no memory for a query");
    if (!x->has_raw) {
        rc = ERR_OK;
    } else if (x->upsert) {
        build_state(x, &sql);
        rc = read_rows(x, buf_cstr(&sql), 1, e);
    } else if (x->n_key) {
        rc = find_toast(x, toast, e);
        build_keyed(x, toast, &sql);
        if (!rc)
            rc = read_rows(x, buf_cstr(&sql), 1, e);
    } else {
        build_bag(x, "after_", "'r', 'c', 'u'", &sql);
        rc = read_rows(x, buf_cstr(&sql), 1, e);
        buf_clear(&sql);
        build_bag(x, "before_", "'u', 'd'", &sql);
        if (!rc)
            rc = read_rows(x, buf_cstr(&sql), -1, e);
    }
    free(toast);
    buf_free(&sql);
    return rc;
}

/* ---- the model's view ---- */

static enum err read_view(struct compare *x, struct errbuf *e)
{
    struct buf sql;
    buf_init(&sql, 0);
    buf_lit(&sql, "SELECT ");
    for (int i = 0; i < x->relation->n_columns; i++) {
        if (i)
            buf_lit(&sql, ", ");
        struct column c = x->relation->columns[i];
        c.name = (char *)(uintptr_t)x->in_view[i];
        if (c.name)
            add_value(x, &sql, &c, "", "");
        else
            buf_lit(&sql, "NULL");
    }
    buf_lit(&sql, " FROM ");
    add_ident(x, &sql, x->view_schema);
    buf_ch(&sql, '.');
    add_ident(x, &sql, x->view);
    enum err rc = read_rows(x, buf_cstr(&sql), 1, e);
    buf_free(&sql);
    return rc;
}

/* Both sides, each into its checksums (or, in the second pass, into x->kept). */
static enum err read_both(struct compare *x, struct errbuf *e)
{
    x->side = x->source;
    enum err rc = x->by_batch ? read_raw(x, e) : read_source(x, e);
    x->side = x->raw;
    if (!rc)
        rc = x->by_batch ? read_view(x, e) : read_raw(x, e);
    return rc;
}

/* ---- the differing keys ---- */

/*
 * Chooses buckets to be read again: those that differ, as many as fit. A bucket is read whole or
 * not at all: half of it would show differences that there are none of.
 */
static bool choose_buckets(struct compare *x)
{
    int64_t rows = 0;
    bool all = true;
    for (int i = 0; i < VERIFY_BUCKETS; i++) {
        if (x->source->bucket_sum[i] == x->raw->bucket_sum[i] &&
            x->source->bucket_rows[i] == x->raw->bucket_rows[i])
            continue;
        int64_t n = x->source->bucket_seen[i] + x->raw->bucket_seen[i];
        x->chosen[i] = rows == 0 || rows + n <= ROWS_KEPT_MAX;
        all = all && x->chosen[i];
        if (x->chosen[i])
            rows += n;
    }
    return all;
}

static enum err find_differences(struct compare *x, struct errbuf *e)
{
    bool all = choose_buckets(x);
    x->kept = kept_rows_create();
    if (!x->kept)
        return err_set(e, ERR_NOMEM, "no memory for the differing rows");
    enum err rc = read_both(x, e);
    if (!rc)
        rc = kept_rows_tell(x->kept, x->relation, x->out, e);
    if (!all)
        x->out->differing = -1;
    kept_rows_destroy(x->kept);
    return rc;
}

/* ---- one table ---- */

static void leave_out(struct buf *left, const char *name, size_t n, const char *why)
{
    if (left->len)
        buf_lit(left, ", ");
    buf_add(left, name, n);
    buf_printf(left, " (%s)", why);
}

static enum err take_generated(void *arg, const struct cell *cells, int n, struct errbuf *e)
{
    struct buf *left = arg;
    if (n == 1 && cells[0].kind == CELL_TEXT)
        leave_out(left, cells[0].p, cells[0].len, "generated");
    return buf_check(left, "the columns that are not compared", e);
}

static enum err plan_columns(struct compare *x, struct errbuf *e)
{
    struct relation *r = x->relation;
    struct buf left;
    buf_init(&left, 0);
    x->canon = calloc((size_t)r->n_columns + 1, sizeof *x->canon);
    x->key = calloc((size_t)r->n_columns + 1, sizeof *x->key);
    if (!x->canon || !x->key)
        return err_set(e, ERR_NOMEM, "no memory for the columns");
    for (int i = 0; i < r->n_columns; i++) {
        x->canon[i] = canon_of(&r->columns[i]);
        if (x->canon[i] == CANON_SKIP)
            leave_out(&left, r->columns[i].name, strlen(r->columns[i].name),
                      r->columns[i].type_name);
        if (r->columns[i].key_pos > 0) {
            x->key[r->columns[i].key_pos - 1] = i;
            x->n_key++;
        }
    }
    const char *const params[] = {r->schema, r->name};
    enum err rc = source_query(x->v->source, query_text("verify/generated"), 2, params,
                               take_generated, &left, e);
    x->out->left_out = strdup(buf_cstr(&left));
    buf_free(&left);
    if (!rc && !x->out->left_out)
        rc = err_set(e, ERR_NOMEM, "no memory for the columns");
    return rc;
}

/* Under which name the view has a column of the source; NULL: it does not. */
static const char *view_column(const struct verify_view *v, const char *column)
{
    const char *name = column;
    for (int i = 0; i < v->entity->n_attributes; i++)
        if (!strcmp(v->entity->attributes[i].column, column))
            name = v->entity->attributes[i].name;
    for (int i = 0; i < v->n_columns; i++)
        if (!strcmp(v->columns[i], name))
            return v->columns[i];
    return NULL;
}

/* Columns of the source that the model does not have are named, not compared. */
static enum err plan_view(struct compare *x, const struct verify_view *v, struct errbuf *e)
{
    struct buf left;
    buf_init(&left, 0);
    buf_str(&left, x->out->left_out);
    x->in_view = calloc((size_t)x->relation->n_columns + 1, sizeof *x->in_view);
    if (!x->in_view)
        return err_set(e, ERR_NOMEM, "no memory for the columns");
    for (int i = 0; i < x->relation->n_columns; i++) {
        const char *name = x->relation->columns[i].name;
        x->in_view[i] = view_column(v, name);
        if (!x->in_view[i] && x->canon[i] != CANON_SKIP)
            leave_out(&left, name, strlen(name), "not in the model");
    }
    free(x->out->left_out);
    x->out->left_out = strdup(buf_cstr(&left));
    buf_free(&left);
    return x->out->left_out ? ERR_OK : err_set(e, ERR_NOMEM, "no memory for the columns");
}

static enum err sum_up(struct compare *x, struct errbuf *e)
{
    struct verify_table *out = x->out;
    enum err rc = read_both(x, e);
    if (rc)
        return rc;
    out->source_rows = x->source->rows;
    out->raw_rows = x->raw->rows;
    out->source_sum = x->source->sum;
    out->raw_sum = x->raw->sum;
    bool same = out->source_rows == out->raw_rows && out->source_sum == out->raw_sum;
    out->outcome = same ? VERIFY_SAME : VERIFY_DIFFERS;
    return same ? ERR_OK : find_differences(x, e);
}

static enum err compare(struct compare *x, const char *schema, const char *table,
                        const struct verify_view *view, struct errbuf *e)
{
    int64_t began = clock_mono_us();
    buf_init(&x->row, CANON_MAX);
    buf_init(&x->key_text, CANON_MAX);
    x->source = calloc(1, sizeof *x->source);
    x->raw = calloc(1, sizeof *x->raw);
    enum err rc = x->source && x->raw ? ERR_OK : err_set(e, ERR_NOMEM, "no memory for checksums");
    if (!rc)
        rc = source_relation(x->v->source, schema, table, &x->relation, e);
    if (!rc)
        rc = plan_columns(x, e);
    if (!rc && x->by_batch)
        rc = plan_view(x, view, e);
    if (!rc)
        rc = sum_up(x, e);
    x->out->seconds = (double)(clock_mono_us() - began) / 1e6;
    relation_unref(x->relation);
    free(x->canon);
    free(x->key);
    free(x->in_view);
    free(x->source);
    free(x->raw);
    buf_free(&x->row);
    buf_free(&x->key_text);
    return rc;
}

enum err verify_compare(struct verify *v, const struct source_table *t, bool upsert, bool has_raw,
                        struct verify_table *out, struct errbuf *e)
{
    struct compare x = {.v = v, .out = out, .upsert = upsert, .has_raw = has_raw};
    return compare(&x, t->schema, t->name, NULL, e);
}

enum err verify_compare_view(struct verify *v, const struct source_table *t,
                             const struct verify_view *view, struct verify_table *out,
                             struct errbuf *e)
{
    struct compare x = {.v = v,
                        .out = out,
                        .has_raw = true,
                        .by_batch = true,
                        .mark = view->mark,
                        .view_schema = view->schema,
                        .view = view->name};
    return compare(&x, t->schema, t->name, view, e);
}
