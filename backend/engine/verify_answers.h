/*
 * Three answers to one question, kept as hashes by key: what a mart holds, and what the source says
 * it has to hold, asked twice. 48 octets a key, however wide the rows. A key may have several rows
 * (which is wrong, and has to be seen): their hashes are added and they are counted.
 *
 * Ownership: the caller's, until answers_destroy. Thread rule: one thread.
 */
#ifndef ENGINE_VERIFY_ANSWERS_H
#define ENGINE_VERIFY_ANSWERS_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/base/err.h"

enum answer { ANSWER_MART, ANSWER_FIRST, ANSWER_SECOND, ANSWERS };

struct answers;

struct answers *answers_create(void); /* NULL without memory */
void answers_destroy(struct answers *a);

enum err answers_add(struct answers *a, enum answer which, uint64_t key, uint64_t row,
                     struct errbuf *e) MUST_CHECK;
bool answers_have(const struct answers *a, uint64_t key);

/*
 * Counts the keys at which the mart is wrong: it has not what the source said first; with `twice`,
 * nor what it said then, and both times it said the same. (What changed in between may stand in the
 * mart either way.) The first `chosen` of them are remembered for answers_chosen.
 */
int64_t answers_wrong(struct answers *a, bool twice, int64_t chosen);
bool answers_chosen(const struct answers *a, uint64_t key);

#endif
