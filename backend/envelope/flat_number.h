/*
 * Base64 and the decimals that Kafka Connect packs into it: a two's complement integer, highest
 * byte first, and a scale that the schema (or the value) tells.
 *
 * Sizes are bounded before anything is written; results come from the arena. Thread rule: one
 * thread an arena.
 */
#ifndef ENVELOPE_FLAT_NUMBER_H
#define ENVELOPE_FLAT_NUMBER_H

#include <stdbool.h>
#include <stddef.h>

#include "backend/base/arena.h"
#include "backend/base/err.h"
#include "backend/base/relation.h"

/* Bytes that n characters of base64 can hold at the most. */
static inline size_t flat_base64_room(size_t n)
{
    return n / 4 * 3 + 3;
}

/* Standard or URL alphabet, padding optional. False: not base64. */
bool flat_base64_decode(const char *s, size_t n, unsigned char *out, size_t *len);

/* "1234.56", "-0.05", "0", "123000" (scale -3). ERR_LIMIT: larger than PostgreSQL's numeric. */
enum err flat_decimal_text(const unsigned char *bytes, size_t n, long scale, struct arena *a,
                           struct cell *out) MUST_CHECK;

/* True for a plain decimal number, with an exponent or without: what numeric's input takes. */
bool flat_is_number(const char *s, size_t n);

/* NaN, Infinity, -Infinity for the words that stand for them (Debezium's POSITIVE_INFINITY among
 * them); NULL for anything else. */
const char *flat_special_number(const char *s, size_t n);

#endif
