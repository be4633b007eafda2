/*
 * Include and exclude lists as Kafka Connect and Debezium write them: Java regular expressions
 * separated by commas, each matching the whole name, without regard to case.
 *
 * They are translated to POSIX extended expressions; what has no equivalent there (look-around,
 * back references, possessive quantifiers, \p{..}) is an error in words, never read otherwise.
 * Thread rule: immutable after creation, any thread may match.
 */
#ifndef BASE_PATTERN_H
#define BASE_PATTERN_H

#include <stdbool.h>

#include "backend/base/buf.h"

struct pattern_list;

enum pattern_flags {
    PATTERN_LIST = 1,        /* split at commas ("\," is a comma), spaces around are dropped */
    PATTERN_IGNORE_CASE = 2, /* as Debezium's lists */
};

/* *out NULL for an empty text (nothing listed). ERR_CONFIG says which expression and why. */
enum err pattern_list_create(const char *text, int flags, struct pattern_list **out,
                             struct errbuf *e) MUST_CHECK;
void pattern_list_destroy(struct pattern_list *l);

/* True when some expression matches the whole name; false for NULL. */
bool pattern_list_match(const struct pattern_list *l, const char *name);

/* Letters, digits and _ alone, so that it matches just itself? */
bool pattern_is_word(const char *java, size_t n);

/* One Java expression as a POSIX extended one, anchored at both ends. */
enum err pattern_translate(const char *java, size_t n, struct buf *out,
                           struct errbuf *e) MUST_CHECK;

#endif
