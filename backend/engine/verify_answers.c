#include "backend/engine/verify_answers.h"

#include <stdlib.h>

enum { FIRST_CAPACITY = 1024 };

struct entry {
    uint64_t key; /* 0: free */
    uint64_t sum[ANSWERS];
    uint32_t rows[ANSWERS];
    bool chosen;
};

struct answers {
    struct entry *entries;
    size_t n, capacity; /* a power of two, at most three quarters full */
};

struct answers *answers_create(void)
{
    struct answers *a = calloc(1, sizeof *a);
    if (!a)
        return NULL;
    a->capacity = FIRST_CAPACITY;
    a->entries = calloc(a->capacity, sizeof *a->entries);
    if (a->entries)
        return a;
    free(a);
    return NULL;
}

void answers_destroy(struct answers *a)
{
    if (!a)
        return;
    free(a->entries);
    free(a);
}

/* The key's entry, or the free one where it belongs. */
static struct entry *find(struct entry *entries, size_t capacity, uint64_t key)
{
    size_t at = key & (capacity - 1);
    while (entries[at].key && entries[at].key != key)
        at = (at + 1) & (capacity - 1);
    return &entries[at];
}

static uint64_t not_free(uint64_t key)
{
    return key ? key : 1;
}

static enum err grow(struct answers *a, struct errbuf *e)
{
    size_t capacity = a->capacity * 2;
    struct entry *grown = calloc(capacity, sizeof *grown);
    if (!grown)
        return err_set(e, ERR_NOMEM, "no memory for the keys of a mart");
    for (size_t i = 0; i < a->capacity; i++)
        if (a->entries[i].key)
            *find(grown, capacity, a->entries[i].key) = a->entries[i];
    free(a->entries);
    a->entries = grown;
    a->capacity = capacity;
    return ERR_OK;
}

enum err answers_add(struct answers *a, enum answer which, uint64_t key, uint64_t row,
                     struct errbuf *e)
{
    if (a->n + 1 > a->capacity / 4 * 3) {
        enum err rc = grow(a, e);
        if (rc)
            return rc;
    }
    struct entry *x = find(a->entries, a->capacity, not_free(key));
    if (!x->key) {
        x->key = not_free(key);
        a->n++;
    }
    x->sum[which] += row;
    x->rows[which]++;
    return ERR_OK;
}

bool answers_have(const struct answers *a, uint64_t key)
{
    return find(a->entries, a->capacity, not_free(key))->key != 0;
}

static bool agree(const struct entry *x, enum answer p, enum answer q)
{
    return x->rows[p] == x->rows[q] && x->sum[p] == x->sum[q];
}

int64_t answers_differ(const struct answers *a, enum answer p, enum answer q)
{
    int64_t n = 0;
    for (size_t i = 0; i < a->capacity; i++)
        n += a->entries[i].key && !agree(&a->entries[i], p, q);
    return n;
}

int64_t answers_wrong(struct answers *a, bool dwh, int64_t chosen)
{
    int64_t wrong = 0;
    for (size_t i = 0; i < a->capacity; i++) {
        struct entry *x = &a->entries[i];
        bool is_wrong = x->key && !agree(x, ANSWER_MART, ANSWER_FIRST) &&
                        agree(x, ANSWER_FIRST, ANSWER_SECOND) &&
                        (!dwh || !agree(x, ANSWER_MART, ANSWER_DWH));
        x->chosen = is_wrong && wrong < chosen;
        wrong += is_wrong;
    }
    return wrong;
}

bool answers_chosen(const struct answers *a, uint64_t key)
{
    return find(a->entries, a->capacity, not_free(key))->chosen;
}
