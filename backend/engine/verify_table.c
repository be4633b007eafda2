/*
 * One table: the same rows, in the same canonical text, from both sides.
 *
 * Raw is a log. The state of a key as of the snapshot is its newest visible change (by LSN: row
 * locks make the LSN order of one key's changes their true order; the offset settles the rest),
 * unless that is a delete or older than a truncate. A column that an update left unchanged in TOAST
 * is taken from the newest change that knows it. A table without a key is a bag: rows in by
 * `after`, rows out by `before`, so hashes are added and subtracted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/clock.h"
#include "backend/engine/verify_run.h"

enum { ROWS_KEPT_MAX = 20000, CANON_MAX = 64 << 20 };

enum canon {
    CANON_AS_IS,
    CANON_BOOL,
    CANON_NUMBER, /* trailing zeros of the fraction do not count */
    CANON_FLOAT4,
    CANON_FLOAT8,
    CANON_JSON, /* white space outside strings does not count */
    CANON_TIMETZ,
    CANON_SKIP,
};

/* How a type is read from the source (%s: the quoted column; NULL: as it is) and compared. */
static const struct {
    uint32_t oid;
    const char *source_sql;
    enum canon canon;
} types[] = {
    {PG_BOOL, NULL, CANON_BOOL},
    {PG_NUMERIC, NULL, CANON_NUMBER},
    {PG_MONEY, "%s::numeric", CANON_NUMBER},
    {PG_FLOAT4, NULL, CANON_FLOAT4},
    {PG_FLOAT8, NULL, CANON_FLOAT8},
    {PG_JSONB, NULL, CANON_JSON},
    {PG_TIMESTAMPTZ, "(%s AT TIME ZONE 'UTC')", CANON_AS_IS},
    {PG_TIMETZ, "(%s AT TIME ZONE 'UTC')", CANON_TIMETZ},
    {PG_INTERVAL,
     "(((extract(year from %s) * 12 + extract(month from %s)) * 2629800 + extract(day from %s) * "
     "86400"
     " + extract(hour from %s) * 3600 + extract(minute from %s) * 60) * 1000000"
     " + extract(microseconds from %s))::bigint",
     CANON_NUMBER},
};

struct side {
    int64_t rows;
    uint64_t sum;
    int64_t bucket_rows[VERIFY_BUCKETS];
    uint64_t bucket_sum[VERIFY_BUCKETS];
};

struct kept {
    char *key;
    char *row;
    uint64_t hash;
    bool raw;
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
    struct side *source, *raw, *side;
    struct buf row, key_text;
    /* second pass */
    bool keeping;
    struct kept *kept;
    int n_kept;
    bool too_many;
};

static uint64_t hash64(const char *p, size_t n)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)p[i]) * 0x100000001b3u;
    h ^= h >> 32; /* FNV's low bits are weak: finish as splitmix64 does */
    h *= 0x9e3779b97f4a7c15u;
    return h ^ (h >> 29);
}

/* ---- canonical text ---- */

static void canon_number(struct buf *b, const char *p, size_t n)
{
    if (memchr(p, '.', n) && !memchr(p, 'e', n) && !memchr(p, 'E', n)) {
        while (n && p[n - 1] == '0')
            n--;
        if (n && p[n - 1] == '.')
            n--;
    }
    buf_add(b, p, n);
}

static void canon_float(struct buf *b, const char *p, size_t n, bool four)
{
    char text[64];
    char out[64];
    if (n >= sizeof text) {
        buf_add(b, p, n);
        return;
    }
    memcpy(text, p, n);
    text[n] = '\0';
    if (four)
        (void)snprintf(out, sizeof out, "%.9g", (double)strtof(text, NULL));
    else
        (void)snprintf(out, sizeof out, "%.17g", strtod(text, NULL));
    buf_str(b, out);
}

static void canon_json(struct buf *b, const char *p, size_t n)
{
    bool quoted = false;
    for (size_t i = 0; i < n; i++) {
        if (quoted && p[i] == '\\' && i + 1 < n) {
            buf_add(b, p + i++, 2);
            continue;
        }
        if (p[i] == '"')
            quoted = !quoted;
        if (quoted || (p[i] != ' ' && p[i] != '\n' && p[i] != '\t' && p[i] != '\r'))
            buf_ch(b, p[i]);
    }
}

static void canon_cell(struct buf *b, enum canon how, const struct cell *c)
{
    if (c->kind != CELL_TEXT) {
        buf_lit(b, "\\N");
        return;
    }
    switch (how) {
    case CANON_BOOL:
        buf_ch(b, c->len && (c->p[0] == 't' || c->p[0] == '1') ? 't' : 'f');
        break;
    case CANON_NUMBER:
        canon_number(b, c->p, c->len);
        break;
    case CANON_FLOAT4:
    case CANON_FLOAT8:
        canon_float(b, c->p, c->len, how == CANON_FLOAT4);
        break;
    case CANON_JSON:
        canon_json(b, c->p, c->len);
        break;
    case CANON_TIMETZ: {
        size_t n = c->len;
        if (n > 3 && !memcmp(c->p + n - 3, "+00", 3))
            n -= 3;
        else if (n > 1 && c->p[n - 1] == 'Z')
            n--;
        buf_add(b, c->p, n);
        break;
    }
    case CANON_SKIP:
        buf_ch(b, '-');
        break;
    case CANON_AS_IS:
        buf_add(b, c->p, c->len);
        break;
    }
}

/* ---- rows of either side ---- */

static enum err keep(struct compare *x, uint64_t hash, struct errbuf *e)
{
    if (x->n_kept >= ROWS_KEPT_MAX) {
        x->too_many = true;
        return ERR_OK;
    }
    struct kept *k = realloc(x->kept, (size_t)(x->n_kept + 1) * sizeof *k);
    if (!k)
        return err_set(e, ERR_NOMEM, "no memory for the differing rows");
    x->kept = k;
    k = &x->kept[x->n_kept++];
    *k = (struct kept){strdup(buf_cstr(&x->key_text)), strdup(buf_cstr(&x->row)), hash,
                       x->side == x->raw};
    return k->key && k->row ? ERR_OK : err_set(e, ERR_NOMEM, "no memory for the differing rows");
}

/* cells: the relation's columns in order. sign -1: a row that leaves a bag. */
static enum err take_row(struct compare *x, const struct cell *cells, int sign, struct errbuf *e)
{
    int n = x->relation->n_columns;
    buf_clear(&x->row);
    buf_clear(&x->key_text);
    for (int i = 0; i < n; i++) {
        if (i)
            buf_ch(&x->row, '|');
        canon_cell(&x->row, x->canon[i], &cells[i]);
    }
    for (int i = 0; i < x->n_key; i++) {
        if (i)
            buf_ch(&x->key_text, '|');
        canon_cell(&x->key_text, x->canon[x->key[i]], &cells[x->key[i]]);
    }
    if (!x->n_key)
        buf_add(&x->key_text, x->row.p, x->row.len);
    uint64_t hash = hash64(x->row.p, x->row.len);
    unsigned bucket = (unsigned)(hash64(x->key_text.p, x->key_text.len) % VERIFY_BUCKETS);
    if (x->keeping) {
        if (x->source->bucket_sum[bucket] == x->raw->bucket_sum[bucket] &&
            x->source->bucket_rows[bucket] == x->raw->bucket_rows[bucket])
            return ERR_OK;
        return sign > 0 ? keep(x, hash, e) : ERR_OK;
    }
    x->side->rows += sign;
    x->side->sum += sign > 0 ? hash : 0 - hash;
    x->side->bucket_rows[bucket] += sign;
    x->side->bucket_sum[bucket] += sign > 0 ? hash : 0 - hash;
    return buf_check(&x->row, "a row", e);
}

static enum err take_source_row(void *arg, const struct cell *cells, int n, struct errbuf *e)
{
    (void)n;
    return take_row(arg, cells, 1, e);
}

/* `how` with every %s replaced by the column. */
static void add_expression(struct buf *sql, const char *how, const struct buf *name)
{
    for (const char *s = how; *s; s++) {
        if (s[0] == '%' && s[1] == 's') {
            buf_add(sql, name->p, name->len);
            s++;
        } else {
            buf_ch(sql, *s);
        }
    }
}

static const char *source_expression(const struct column *c)
{
    if (!strcmp(c->type_name, "hstore"))
        return "hstore_to_json(%s)";
    if (c->elem_oid)
        return "to_jsonb(%s)";
    for (size_t t = 0; t < sizeof types / sizeof types[0]; t++)
        if (types[t].oid == c->type_oid)
            return types[t].source_sql;
    return NULL;
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
        const char *how = source_expression(&r->columns[i]);
        if (i)
            buf_lit(&sql, ", ");
        if (!how)
            buf_add(&sql, name.p, name.len);
        else
            add_expression(&sql, how, &name);
        buf_free(&name);
    }
    buf_lit(&sql, " FROM ");
    buf_ident(&sql, r->schema);
    buf_ch(&sql, '.');
    buf_ident(&sql, r->name);
    enum err rc = buf_check(&sql, "a query", e);
    x->side = x->source;
    if (!rc)
        rc = source_copy(x->v->source, r, buf_cstr(&sql), take_source_row, x, e);
    buf_free(&sql);
    return rc;
}

/* ---- the raw side ---- */

static void add_prefixed(struct buf *b, const char *prefix, const char *column)
{
    char name[256];
    (void)snprintf(name, sizeof name, "%s%s", prefix, column);
    buf_ident(b, name);
}

/* CAST on the server: its own text, not the driver's. */
static void add_value(struct buf *b, const struct column *c, const char *qualifier,
                      const char *prefix)
{
    bool zoned = c->type_oid == PG_TIMESTAMPTZ;
    buf_str(b, zoned ? "CAST((" : "CAST(");
    buf_str(b, qualifier);
    add_prefixed(b, prefix, c->name);
    buf_str(b, zoned ? " AT TIME ZONE 'UTC') AS VARCHAR)" : " AS VARCHAR)");
}

static void add_table(struct compare *x, struct buf *b)
{
    buf_ident(b, x->out->raw_schema);
    buf_ch(b, '.');
    buf_ident(b, x->out->raw_table);
}

/* The transactions that the source's snapshot sees; snapshot reads always count. */
static void add_visible(struct compare *x, struct buf *b)
{
    const struct verify_snapshot *s = &x->v->snapshot;
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
    add_prefixed(b, "after_", name);
    buf_lit(b, ", ");
    add_prefixed(b, "before_", name);
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
            add_value(b, &r->columns[i], "x.", "after_");
            continue;
        }
        mark_of(&r->columns[i], mark, sizeof mark);
        (void)snprintf(qualifier, sizeof qualifier, "u%d.", i);
        buf_lit(b, "CASE WHEN POSITION(");
        buf_literal(b, mark);
        buf_lit(b, " IN x._unchanged) > 0 THEN ");
        add_value(b, &r->columns[i], qualifier, "after_");
        buf_lit(b, " ELSE ");
        add_value(b, &r->columns[i], "x.", "after_");
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
        add_value(b, &r->columns[i], "", "after_");
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
        add_value(b, &x->relation->columns[i], "", prefix);
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
    x->side = x->raw;
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

/* ---- the differing keys ---- */

static int by_key(const void *a, const void *b)
{
    const struct kept *x = a;
    const struct kept *y = b;
    int c = strcmp(x->key, y->key);
    if (!c && x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return c ? c : (int)x->raw - (int)y->raw;
}

static void add_difference(struct verify_table *t, const char *key, struct kept *source,
                           struct kept *raw)
{
    t->differing++;
    if (t->n_differences == VERIFY_DIFFERENCES_MAX)
        return;
    struct verify_difference *d = &t->differences[t->n_differences++];
    d->key = strdup(key);
    d->source_row = source ? strdup(source->row) : NULL;
    d->raw_row = raw ? strdup(raw->row) : NULL;
}

static void pair_up(struct compare *x)
{
    if (x->n_kept)
        qsort(x->kept, (size_t)x->n_kept, sizeof *x->kept, by_key);
    for (int i = 0; i < x->n_kept;) {
        struct kept *a = &x->kept[i];
        struct kept *b = i + 1 < x->n_kept ? &x->kept[i + 1] : NULL;
        bool pair = b && !strcmp(a->key, b->key) && a->raw != b->raw;
        if (!pair)
            add_difference(x->out, a->key, a->raw ? NULL : a, a->raw ? a : NULL);
        else if (a->hash != b->hash)
            add_difference(x->out, a->key, a->raw ? b : a, a->raw ? a : b);
        i += pair ? 2 : 1;
    }
    if (x->too_many)
        x->out->differing = -1;
}

static enum err find_differences(struct compare *x, struct errbuf *e)
{
    x->keeping = true;
    enum err rc = read_source(x, e);
    if (!rc)
        rc = read_raw(x, e);
    if (!rc)
        pair_up(x);
    for (int i = 0; i < x->n_kept; i++) {
        free(x->kept[i].key);
        free(x->kept[i].row);
    }
    free(x->kept);
    return rc;
}

/* ---- one table ---- */

static enum canon canon_of(const struct column *c)
{
    if (!strcmp(c->type_name, "hstore"))
        return CANON_JSON;
    if (c->type_oid == PG_BIT && c->typmod == 1)
        return CANON_BOOL;
    switch (c->elem_oid) {
    case 0:
        break;
    case PG_TIMESTAMP:
    case PG_TIMESTAMPTZ:
    case PG_TIME:
    case PG_TIMETZ:
    case PG_INTERVAL:
    case PG_BYTEA:
    case PG_MONEY:
    case PG_POINT:
    case PG_FLOAT4:
    case PG_FLOAT8:
        return CANON_SKIP; /* their text inside JSON is not PostgreSQL's */
    default:
        return CANON_JSON;
    }
    for (size_t t = 0; t < sizeof types / sizeof types[0]; t++)
        if (types[t].oid == c->type_oid)
            return types[t].canon;
    return CANON_AS_IS;
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
        if (x->canon[i] == CANON_SKIP) {
            if (left.len)
                buf_lit(&left, ", ");
            buf_printf(&left, "%s (%s)", r->columns[i].name, r->columns[i].type_name);
        }
        if (r->columns[i].key_pos > 0) {
            x->key[r->columns[i].key_pos - 1] = i;
            x->n_key++;
        }
    }
    x->out->left_out = strdup(buf_cstr(&left));
    buf_free(&left);
    return x->out->left_out ? ERR_OK : err_set(e, ERR_NOMEM, "no memory for the columns");
}

enum err verify_compare(struct verify *v, const struct source_table *t, bool upsert, bool has_raw,
                        struct verify_table *out, struct errbuf *e)
{
    struct compare x = {.v = v, .out = out, .upsert = upsert, .has_raw = has_raw};
    int64_t began = clock_mono_us();
    buf_init(&x.row, CANON_MAX);
    buf_init(&x.key_text, CANON_MAX);
    x.source = calloc(1, sizeof *x.source);
    x.raw = calloc(1, sizeof *x.raw);
    enum err rc = x.source && x.raw ? ERR_OK : err_set(e, ERR_NOMEM, "no memory for checksums");
    if (!rc)
        rc = source_relation(v->source, t->schema, t->name, &x.relation, e);
    if (!rc)
        rc = plan_columns(&x, e);
    if (!rc)
        rc = read_source(&x, e);
    if (!rc)
        rc = read_raw(&x, e);
    if (rc)
        goto out;
    out->source_rows = x.source->rows;
    out->raw_rows = x.raw->rows;
    out->source_sum = x.source->sum;
    out->raw_sum = x.raw->sum;
    bool same = out->source_rows == out->raw_rows && out->source_sum == out->raw_sum;
    out->outcome = same ? VERIFY_SAME : VERIFY_DIFFERS;
    if (!same)
        rc = find_differences(&x, e);
out:
    out->seconds = (double)(clock_mono_us() - began) / 1e6;
    relation_unref(x.relation);
    free(x.canon);
    free(x.key);
    free(x.source);
    free(x.raw);
    buf_free(&x.row);
    buf_free(&x.key_text);
    return rc;
}
