/*
 * One text for a value, whichever side it comes from: PostgreSQL's own, or what a warehouse made of
 * the same value on its way through Debezium's JSON. Values that are the same must have the same
 * text; where a type's forms do not allow that, it is CANON_SKIP, and verify names the column.
 */
#ifndef ENGINE_VERIFY_CANON_H
#define ENGINE_VERIFY_CANON_H

#include "backend/base/buf.h"
#include "backend/base/relation.h"

enum canon {
    CANON_AS_IS,
    CANON_BOOL,
    CANON_NUMBER, /* trailing zeros of the fraction do not count */
    CANON_FLOAT4,
    CANON_FLOAT8,
    CANON_JSON,         /* white space outside strings does not count */
    CANON_JSON_NUMBERS, /* nor do trailing zeros of fractions */
    CANON_JSON_FLOAT4,
    CANON_JSON_FLOAT8,
    CANON_JSON_ZONED, /* as Debezium writes timestamptz, or as PostgreSQL does */
    CANON_POINT,
    CANON_BITS, /* leading zeros do not travel (docs/events.md) */
    CANON_TIMETZ,
    CANON_SKIP,
};

enum canon canon_of(const struct column *c);
/* The expression that reads the column (quoted: its name) at the source. */
void canon_source_sql(const struct column *c, const char *quoted, struct buf *out);
/* Appends the cell's canonical text; NULL is \N. */
void canon_write(struct buf *out, enum canon how, const struct cell *c);

#endif
