/*
 * Answers to one question, kept as hashes by key: what a mart holds, and what it has to hold as the
 * source says first, as it says again later, and as dwh says. 64 octets an entry, however wide the
 * rows. A key may have several rows (which is wrong, and has to be seen): their hashes are added
 * and they are counted.
 *
 * Ownership: the caller's, until answers_destroy. Thread rule: one thread.
 */
#ifndef ENGINE_VERIFY_ANSWERS_H
#define ENGINE_VERIFY_ANSWERS_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/base/err.h"

enum answer { ANSWER_MART, ANSWER_FIRST, ANSWER_SECOND, ANSWER_DWH, ANSWERS };

struct answers;

struct answers *answers_create(void); /* NULL without memory */
void answers_destroy(struct answers *a);

enum err answers_add(struct answers *a, enum answer which, uint64_t key, uint64_t row,
                     struct errbuf *e) MUST_CHECK;
bool answers_have(const struct answers *a, uint64_t key);

/* Keys at which two answers are not the same. */
int64_t answers_differ(const struct answers *a, enum answer p, enum answer q);
/*
 * Counts the keys at which the mart is wrong: it has not what the source said, the source said the
 * same twice, and, with `dwh`, dwh does not say what the mart does. (What changed in between may
 * stand in the mart either way, even if it has changed back.) The first `chosen` of them are
 * remembered for answers_chosen.
 */
int64_t answers_wrong(struct answers *a, bool dwh, int64_t chosen);
bool answers_chosen(const struct answers *a, uint64_t key);

#endif
