/*
 * What the encoder's files share: the plan of one field and the writers.
 *
 * A writer appends one value's JSON and returns NULL, or the reason why the text is not a value of
 * its type (a constant phrase that goes on from "column .. (type): \"text\" "). Whatever it has
 * appended by then is dropped by the caller. Memory is not a reason: the buffer turns failed.
 */
#ifndef ENVELOPE_ENCODE_INTERNAL_H
#define ENVELOPE_ENCODE_INTERNAL_H

#include <stdatomic.h>

#include "backend/envelope/encode.h"

struct field;
typedef const char *encode_fn(const struct field *f, const char *p, size_t n, struct buf *out);

/* How a field's Connect schema looks beyond type, name, version. */
enum shape_kind {
    SHAPE_PLAIN,
    SHAPE_DECIMAL,  /* parameters scale and, unless 0, connect.decimal.precision */
    SHAPE_VARIABLE, /* struct of scale and value */
    SHAPE_BITS,     /* parameter length */
    SHAPE_ENUM,     /* parameter allowed */
    SHAPE_POINT,
    SHAPE_ARRAY,
    SHAPE_MAP,
};

struct shape {
    enum shape_kind kind;
    const char *type;
    const char *name; /* NULL: none; else version 1 */
    const char *doc;
};

/* The options that writers look at. The counter is the one thing that changes. */
struct encode_settings {
    enum decimal_mode decimals;
    enum time_mode times;
    enum binary_mode binary;
    enum interval_mode intervals;
    enum hstore_mode hstore;
    enum overflow_mode overflow;
    char *placeholder;
    _Atomic uint64_t clamped;
};

struct field {
    encode_fn *write;
    struct encode_settings *set;
    const struct column *column;
    struct shape shape;
    int precision; /* numeric: 0 when unconstrained; times: digits of the fraction; bits: length */
    int scale;
    bool strict; /* a key: the very bytes that Debezium writes, not only the same JSON */
    char *lead;  /* ,"name": */
    size_t n_lead;
    char *unchanged; /* JSON of a value that was not sent; NULL: the type has none */
    size_t n_unchanged;
    struct field *element;
};

/* Plans the column; field_free takes it down, also after an error. */
enum err field_plan(struct field *f, struct encode_settings *set, const struct column *c,
                    bool strict, struct errbuf *e) MUST_CHECK;
void field_free(struct field *f);

/* encode_types.c */
encode_fn encode_text, encode_bool, encode_integer, encode_binary, encode_bits, encode_bit;
void encode_string(const struct field *f, const char *p, size_t n, struct buf *out);
enum base64_alphabet { BASE64_PLAIN, BASE64_URL };
void encode_base64(struct buf *out, const void *p, size_t n, enum base64_alphabet alphabet);

/* encode_numeric.c */
encode_fn encode_decimal, encode_variable_decimal, encode_decimal_double, encode_decimal_string;
encode_fn encode_money, encode_float, encode_point;

/* encode_time.c */
encode_fn encode_date, encode_time_ms, encode_time_us, encode_timetz;
encode_fn encode_timestamp_ms, encode_timestamp_us, encode_timestamptz;
encode_fn encode_interval_us, encode_interval_text;

/* encode_nested.c */
encode_fn encode_array, encode_hstore_json, encode_hstore_map;

/* encode_schema.c: the Connect schemas, and a column's default where it is a literal. */
void schema_write_key(const struct relation *r, const struct field *keys, const char *topic,
                      struct buf *out);
void schema_write_envelope(const struct relation *r, const struct field *fields, const char *topic,
                           struct buf *out);
void schema_write_message_key(struct buf *out);
void schema_write_message(struct buf *out);

/* Text of digits only, at least one; n <= 18: fits int64_t. */
static inline bool encode_digits(const char *p, size_t n, int64_t *out)
{
    int64_t v = 0;
    if (!n || n > 18)
        return false;
    for (size_t i = 0; i < n; i++) {
        unsigned d = (unsigned char)p[i] - (unsigned)'0';
        if (d > 9)
            return false;
        v = v * 10 + (int64_t)d;
    }
    *out = v;
    return true;
}

/* The cell's text is exactly the literal s. */
#define encode_is(p, n, s) ((n) == sizeof(s) - 1 && !memcmp((p), "" s, sizeof(s) - 1))

#endif
