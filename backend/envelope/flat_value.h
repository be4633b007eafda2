/*
 * One JSON value of a change event into one cell, as its flat_type says.
 *
 * Text that is already in its final form is not copied: the cell points into the payload.
 */
#ifndef ENVELOPE_FLAT_VALUE_H
#define ENVELOPE_FLAT_VALUE_H

#include "backend/base/json_reader.h"
#include "backend/envelope/flat_plan.h"

struct flat_input {
    struct json_reader r;
    const struct flat_plan *plan;
    struct arena *arena;
    struct errbuf *e;
};

/* Consumes the value. ERR_DATA with the reader's fault set: not JSON; without: does not fit. */
enum err flat_value(struct flat_input *in, const struct flat_type *t, struct cell *out) MUST_CHECK;

#endif
