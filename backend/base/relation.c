#include "backend/base/relation.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t FNV_OFFSET = 0xcbf29ce484222325u;
static const uint64_t FNV_PRIME = 0x100000001b3u;

int64_t cell_int64(const struct cell *c)
{
    char digits[32] = "";
    if (c->kind != CELL_TEXT || c->len >= sizeof digits)
        return 0;
    memcpy(digits, c->p, c->len);
    return strtoll(digits, NULL, 10);
}

struct relation *relation_create(int n_columns)
{
    struct relation *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->columns = calloc(n_columns > 0 ? (size_t)n_columns : 1, sizeof *r->columns);
    if (!r->columns) {
        free(r);
        return NULL;
    }
    r->n_columns = n_columns;
    for (int i = 0; i < n_columns; i++)
        r->columns[i].typmod = -1;
    atomic_store(&r->refs, 1);
    return r;
}

struct relation *relation_ref(struct relation *r)
{
    (void)atomic_fetch_add(&r->refs, 1);
    return r;
}

void relation_unref(struct relation *r)
{
    if (!r || atomic_fetch_sub(&r->refs, 1) != 1)
        return;
    for (int i = 0; i < r->n_columns; i++) {
        struct column *c = &r->columns[i];
        free(c->name);
        free(c->type_name);
        free(c->enum_values);
        free(c->default_sql);
        free(c->elem_name);
    }
    free(r->columns);
    free(r->schema);
    free(r->name);
    free(r);
}

static uint64_t mix(uint64_t h, const void *p, size_t n)
{
    const unsigned char *s = p;
    for (size_t i = 0; i < n; i++)
        h = (h ^ s[i]) * FNV_PRIME;
    return h;
}

/* With the NUL, so that "ab","c" and "a","bc" differ. */
static uint64_t mix_str(uint64_t h, const char *s)
{
    return s ? mix(h, s, strlen(s) + 1) : mix(h, "\1", 1);
}

uint64_t relation_fingerprint(const struct relation *r)
{
    uint64_t h = FNV_OFFSET;
    h = mix_str(h, r->schema);
    h = mix_str(h, r->name);
    h = mix(h, &r->identity, 1);
    for (int i = 0; i < r->n_columns; i++) {
        const struct column *c = &r->columns[i];
        h = mix_str(h, c->name);
        h = mix_str(h, c->type_name);
        h = mix_str(h, c->enum_values);
        int32_t numbers[3] = {c->typmod, c->not_null, c->key_pos};
        h = mix(h, numbers, sizeof numbers);
    }
    return h;
}

int relation_find(const struct relation *r, const char *column)
{
    for (int i = 0; i < r->n_columns; i++)
        if (!strcmp(r->columns[i].name, column))
            return i;
    return -1;
}

bool relation_numeric_typmod(int32_t typmod, int *precision, int *scale)
{
    /* numeric.c: typmod = ((precision << 16) | (scale & 0x7ff)) + VARHDRSZ, scale signed, 11 bits
     */
    if (typmod < 4)
        return false;
    int32_t t = typmod - 4;
    *precision = (t >> 16) & 0xffff;
    *scale = ((t & 0x7ff) ^ 0x400) - 0x400;
    return true;
}

static const char *const wtype_names[WT_COUNT] = {
    [WT_BOOL] = "bool",
    [WT_INT16] = "int16",
    [WT_INT32] = "int32",
    [WT_INT64] = "int64",
    [WT_FLOAT32] = "float32",
    [WT_FLOAT64] = "float64",
    [WT_DECIMAL] = "decimal",
    [WT_TEXT] = "text",
    [WT_BYTES] = "bytes",
    [WT_DATE] = "date",
    [WT_TIME] = "time",
    [WT_TIMESTAMP] = "timestamp",
    [WT_TIMESTAMPTZ] = "timestamptz",
    [WT_UUID] = "uuid",
    [WT_JSON] = "json",
};

const char *wtype_name(enum wtype t)
{
    return (unsigned)t < WT_COUNT ? wtype_names[t] : "unknown";
}
