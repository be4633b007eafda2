/*
 * The store's table of answers: what servers said, by question and time, thinned by age as the
 * records are (store_records.h) and bounded in size: the oldest go.
 *
 * Thread rule: as the store's.
 */
#ifndef STATE_STORE_ANSWERS_H
#define STATE_STORE_ANSWERS_H

#include "backend/state/store_records.h"

struct store_answer {
    const char *key; /* the question */
    int64_t ts_us;   /* wall clock */
    int tier;        /* STORE_TIERS */
    const void *body;
    size_t n_body;
};

/* Adds it, thins and bounds all of them: one transaction. Those of the same key that are not older
 * go: the clock was set back. */
enum err store_answer_add(struct store *s, const struct store_answer *a,
                          const struct store_records_keep *k, struct errbuf *e) MUST_CHECK;

/* When the newest of a key was kept; 0: none. */
enum err store_answer_last(struct store *s, const char *key, int64_t *ts_us,
                           struct errbuf *e) MUST_CHECK;

/* The newest of a key at or before ts_us; ERR_NOT_FOUND. */
struct store_answer_found {
    int64_t ts_us;
    int64_t next_us; /* 0: there is none */
    void *body;      /* free by store_answer_free */
    size_t n_body;
};
enum err store_answer_at(struct store *s, const char *key, int64_t ts_us,
                         struct store_answer_found *out, struct errbuf *e) MUST_CHECK;
void store_answer_free(struct store_answer_found *f);

struct store_answers_range {
    int64_t n, oldest_us, bytes; /* 0: none */
};
enum err store_answers_get_range(struct store *s, struct store_answers_range *out,
                                 struct errbuf *e) MUST_CHECK;

#endif
