/*
 * Members of the engine's answers, read leniently: what is missing or of another type is unknown
 * (UNKNOWN_INT, "").
 *
 * The texts are the JSON's. Thread rule: any thread.
 */
#ifndef VIEWS_ANSWER_H
#define VIEWS_ANSWER_H

#include <jansson.h>

#include "views/units.h"

static inline const char *answer_text(const json_t *o, const char *name)
{
    const char *s = json_string_value(json_object_get(o, name));
    return s ? s : "";
}

static inline int64_t answer_int(const json_t *o, const char *name)
{
    const json_t *v = json_object_get(o, name);
    return json_is_integer(v) ? json_integer_value(v) : UNKNOWN_INT;
}

#endif
