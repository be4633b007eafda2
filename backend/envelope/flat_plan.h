/*
 * The inside of a flat_plan: what decode.c follows, what flat_plan.c and flat_schema.c make.
 * Only backend/envelope includes this.
 *
 * A plan owns one arena; everything it points to lives there. Once made it never changes.
 */
#ifndef ENVELOPE_FLAT_PLAN_H
#define ENVELOPE_FLAT_PLAN_H

#include "backend/envelope/decode.h"

/* How a JSON value becomes a cell. */
enum flat_conv {
    FLAT_SKIP,  /* known, not kept: the value is passed over */
    FLAT_GROUP, /* an object whose members are fields of their own */
    FLAT_BOOL,
    FLAT_INT16,
    FLAT_INT32,
    FLAT_INT64,
    FLAT_FLOAT,            /* number, or "NaN", "Infinity", "-Infinity" */
    FLAT_DECIMAL,          /* number, or a string that is one (NaN and infinities too) */
    FLAT_DECIMAL_BASE64,   /* two's complement; the scale is the type's */
    FLAT_DECIMAL_VARIABLE, /* {"scale":..,"value":base64} */
    FLAT_TEXT,             /* string */
    FLAT_BYTES_BASE64,     /* to \x hex */
    FLAT_BYTES_HEX,        /* hex digits, to \x hex */
    FLAT_BITS,        /* base64, lowest byte first, to 0s and 1s; precision: how many (0: any) */
    FLAT_DAYS,        /* since 1970-01-01 */
    FLAT_TIME_MILLIS, /* since midnight */
    FLAT_TIME_MICROS,
    FLAT_TIME_NANOS,
    FLAT_TIMESTAMP_MILLIS, /* since 1970-01-01 00:00:00 */
    FLAT_TIMESTAMP_MICROS,
    FLAT_TIMESTAMP_NANOS,
    FLAT_ISO_DATE,
    FLAT_ISO_TIME,
    FLAT_ISO_TIMESTAMP,
    FLAT_ISO_TIMESTAMPTZ,
    FLAT_POINT, /* {"x":..,"y":..} to (x,y) */
    FLAT_JSON,  /* any value, as its text */
    FLAT_ARRAY, /* elements converted one by one, to JSON text */
    FLAT_ANY,   /* no schema: by the column's type and what the value looks like */
};

struct flat_type {
    enum flat_conv conv;
    enum wtype wtype;
    int precision;
    int scale;
    const struct flat_type *element; /* of FLAT_ARRAY */
    const char *unchanged; /* the JSON that stands for an unchanged value; NULL: the placeholder */
    uint32_t unchanged_len;
};

struct flat_field {
    const char *token; /* "name": as a compact writer puts it */
    uint32_t token_len;
    uint32_t name_len;
    const char *name;
    int column;                     /* -1 for FLAT_SKIP and FLAT_GROUP */
    const struct flat_group *group; /* of FLAT_GROUP */
    struct flat_type type;
};

struct flat_group {
    struct flat_field *fields;
    int n;
    int cap;
    bool fold; /* names from a warehouse: letter case is not to be relied on */
};

struct flat_plan {
    _Atomic int refs;
    struct arena *arena;
    struct flat_columns columns;
    struct flat_group *envelope;
    const struct flat_group *after; /* its unchanged cells are named in `_unchanged`; may be NULL */
    const char *placeholder;        /* unavailable.value.placeholder */
    uint32_t placeholder_len;
    const char *placeholder64; /* the same in base64 */
    uint32_t placeholder64_len;
    struct cell *forms; /* without a schema: every JSON that may stand for an unchanged value */
    int n_forms;
};

/* ---- building (flat_plan.c) ---- */

struct flat_builder {
    struct flat_plan *plan;
    struct wcolumn *columns;
    int n;
    int cap;
    const struct flat_group *before;
    bool failed; /* out of memory; asked once, by flat_builder_finish */
};

/* placeholder NULL: Debezium's default. Without memory the builder is failed. */
void flat_builder_init(struct flat_builder *b, const char *placeholder);
/* Gives up what was built. */
void flat_builder_free(struct flat_builder *b);

char *flat_builder_copy(struct flat_builder *b, const char *s, size_t n);
/* A column named prefix + name; its index, -1 without memory. */
int flat_builder_column(struct flat_builder *b, const char *prefix, const char *name, bool lower,
                        const struct flat_type *type);
struct flat_group *flat_builder_group(struct flat_builder *b, int cap, bool fold);
/* NULL when failed or the group is full. column: -1 for FLAT_SKIP, FLAT_GROUP. */
struct flat_field *flat_builder_field(struct flat_builder *b, struct flat_group *g,
                                      const char *name, const struct flat_type *type, int column);
/* Adds what every row has (`_unchanged`), finds op, key and the rest; the plan is the caller's. */
enum err flat_builder_finish(struct flat_builder *b, const char *const *key, int n_key,
                             struct flat_plan **out, struct errbuf *e) MUST_CHECK;

/* ---- what stands for an unchanged value (flat_unchanged.c) ---- */

void flat_unchanged_set(struct flat_builder *b, struct flat_type *t, const char *json, size_t n);
/* item, item_name: type and name of the elements' schema. */
void flat_unchanged_array(struct flat_builder *b, struct flat_type *t, const char *item,
                          const char *item_name);
void flat_unchanged_hstore(struct flat_builder *b, struct flat_type *t, bool as_string);
/* Fills the plan's forms. */
void flat_unchanged_forms(struct flat_builder *b);

#endif
