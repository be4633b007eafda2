/*
 * The rows of the buckets that differ, and what differs in them.
 *
 * A row of the source weighs 1, one of raw -1 (one that leaves a bag 1 again): what is there on
 * both sides adds up to nothing, however often it is there. What is left of a key is paired, and of
 * a pair only the columns that differ are told.
 */
#include <stdlib.h>
#include <string.h>

#include "backend/engine/verify_run.h"

struct kept_row {
    char *key;
    char *row;
    uint64_t hash;
    int weight;
};

struct kept_rows {
    struct kept_row *rows;
    int n, capacity;
};

struct kept_rows *kept_rows_create(void)
{
    return calloc(1, sizeof(struct kept_rows));
}

void kept_rows_destroy(struct kept_rows *k)
{
    for (int i = 0; k && i < k->n; i++) {
        free(k->rows[i].key);
        free(k->rows[i].row);
    }
    if (k)
        free(k->rows);
    free(k);
}

enum err kept_rows_add(struct kept_rows *k, const char *key, const char *row, uint64_t hash,
                       int weight, struct errbuf *e)
{
    if (k->n == k->capacity) {
        int capacity = k->capacity ? k->capacity * 2 : 64;
        struct kept_row *grown = realloc(k->rows, (size_t)capacity * sizeof *grown);
        if (!grown)
            return err_set(e, ERR_NOMEM, "no memory for the differing rows");
        k->rows = grown;
        k->capacity = capacity;
    }
    struct kept_row *r = &k->rows[k->n++];
    *r = (struct kept_row){strdup(key), strdup(row), hash, weight};
    return r->key && r->row ? ERR_OK : err_set(e, ERR_NOMEM, "no memory for the differing rows");
}

static int by_key(const void *a, const void *b)
{
    const struct kept_row *x = a;
    const struct kept_row *y = b;
    int c = strcmp(x->key, y->key);
    if (!c && x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return c;
}

/* Equal rows become one with the sum of their weights; what adds up to nothing goes. */
static void add_up(struct kept_rows *k)
{
    int kept = 0;
    if (k->n)
        qsort(k->rows, (size_t)k->n, sizeof *k->rows, by_key);
    for (int i = 0; i < k->n;) {
        struct kept_row sum = k->rows[i];
        int j = i + 1;
        for (; j < k->n && !by_key(&sum, &k->rows[j]); j++) {
            sum.weight += k->rows[j].weight;
            free(k->rows[j].key);
            free(k->rows[j].row);
        }
        i = j;
        if (sum.weight) {
            k->rows[kept++] = sum;
            continue;
        }
        free(sum.key);
        free(sum.row);
    }
    k->n = kept;
}

/* The column's value and where the next one begins; NULL: no more. */
static const char *next_value(const char *row, size_t *n)
{
    if (!row)
        return NULL;
    *n = strcspn(row, VERIFY_SEPARATOR);
    return row[*n] ? row + *n + 1 : NULL;
}

/* "column=value, ..": of a row whose opposite is there, only what differs. */
static char *describe(const struct relation *r, const char *row, const char *opposite)
{
    struct buf b;
    buf_init(&b, 0);
    for (int i = 0; i < r->n_columns && row; i++) {
        size_t n = 0;
        size_t k = 0;
        const char *next = next_value(row, &n);
        const char *other = opposite ? next_value(opposite, &k) : NULL;
        if (!opposite || n != k || memcmp(row, opposite, n) != 0) {
            if (b.len)
                buf_lit(&b, ", ");
            buf_str(&b, r->columns[i].name);
            buf_ch(&b, '=');
            buf_add(&b, row, n);
        }
        row = next;
        opposite = other;
    }
    char *text = buf_failed(&b) ? NULL : strdup(buf_cstr(&b));
    buf_free(&b);
    return text;
}

/* NaN and infinities, which Debezium's precise decimals have no form for, against NULL. */
static bool lost_special(const struct column *c, const char *row, size_t n, const char *opposite,
                         size_t k)
{
    static const char *const specials[] = {"NaN", "Infinity", "-Infinity"};
    if (c->type_oid != PG_NUMERIC || k != 2 || memcmp(opposite, "\\N", 2) != 0)
        return false;
    for (size_t i = 0; i < sizeof specials / sizeof *specials; i++)
        if (strlen(specials[i]) == n && !memcmp(row, specials[i], n))
            return true;
    return false;
}

/* Nothing else differs. */
static bool only_specials(const struct relation *r, const char *source, const char *raw)
{
    for (int i = 0; i < r->n_columns && source && raw; i++) {
        size_t n = 0;
        size_t k = 0;
        const char *next = next_value(source, &n);
        const char *other = next_value(raw, &k);
        bool same = n == k && !memcmp(source, raw, n);
        if (!same && !lost_special(&r->columns[i], source, n, raw, k))
            return false;
        source = next;
        raw = other;
    }
    return true;
}

static char *describe_key(const char *key)
{
    char *text = strdup(key);
    for (char *p = text; p && *p; p++)
        if (*p == VERIFY_SEPARATOR[0])
            *p = '|';
    return text;
}

/* source, raw: one of them may be NULL. */
static enum err tell(const struct relation *r, const struct kept_row *source,
                     const struct kept_row *raw, struct verify_table *out, struct errbuf *e)
{
    out->differing++;
    if (source && raw && only_specials(r, source->row, raw->row))
        out->not_a_number++;
    if (out->n_differences == VERIFY_DIFFERENCES_MAX)
        return ERR_OK;
    struct verify_difference *d = &out->differences[out->n_differences++];
    d->key = describe_key(source ? source->key : raw->key);
    if (source)
        d->source_row = describe(r, source->row, raw ? raw->row : NULL);
    if (raw)
        d->raw_row = describe(r, raw->row, source ? source->row : NULL);
    bool whole = d->key && (!source || d->source_row) && (!raw || d->raw_row);
    return whole ? ERR_OK : err_set(e, ERR_NOMEM, "no memory for the report");
}

/* The next row in [from, to) that has weight left on this side (1: source, -1: raw), or `to`. */
static int next_of(const struct kept_rows *k, int from, int to, int side)
{
    while (from < to && k->rows[from].weight * side <= 0)
        from++;
    return from;
}

enum err kept_rows_tell(struct kept_rows *k, const struct relation *r, struct verify_table *out,
                        struct errbuf *e)
{
    enum err rc = ERR_OK;
    add_up(k);
    for (int i = 0; i < k->n && !rc;) {
        int end = i + 1;
        while (end < k->n && !strcmp(k->rows[i].key, k->rows[end].key))
            end++;
        for (;;) {
            int s = next_of(k, i, end, 1);
            int w = next_of(k, i, end, -1);
            if (rc || (s == end && w == end))
                break;
            rc = tell(r, s < end ? &k->rows[s] : NULL, w < end ? &k->rows[w] : NULL, out, e);
            if (s < end)
                k->rows[s].weight--;
            if (w < end)
                k->rows[w].weight++;
        }
        i = end;
    }
    return rc;
}
