/*
 * From a record's bytes to one flat row, as Kafka Connect's Flatten transform (delimiter "_") would
 * name its columns.
 *
 * Columns, in this order: before_<column>.., after_<column>.., source_<field>.., op, ts_ms, ts_us,
 * ts_ns, further scalars of the envelope, `_unchanged`. A column's own name keeps its letter case
 * behind the prefix; source fields are lower-cased (txId becomes source_txid). `transaction` is
 * left out: it is null unless provide.transaction.metadata is on, and source_txid and source_lsn
 * order events as well. `_unchanged` holds ",a,b," where the after-columns a and b had the
 * placeholder of an unchanged TOAST value (their cells are CELL_UNCHANGED); otherwise NULL. Arrays,
 * maps and structs are one column of JSON text, but for a point, "(1.5,-2)", and a
 * VariableScaleDecimal. Inside of arrays values are converted as well: numbers, dates, \x bytes
 * rather than base64. Only op is not_null: an insert has no before, a delete no after.
 *
 * A flat_plan says the columns and how each JSON field becomes a warehouse text value. It is made
 * from a schema record of ours, from an inline Connect schema, or from a target table's columns.
 * Reads ours and a real Debezium's records alike. Thread rule: a plan is immutable and shared; a
 * decoder is one thread's.
 *
 * What a value becomes, where that is not plain: json is text (its very text counts), jsonb JSON; a
 * Json field of unknown origin JSON. Debezium's numbers for infinite dates and timestamps become
 * infinity and -infinity. Fractions of seconds lose trailing zeros and what is finer than a
 * microsecond; ZonedTimestamp keeps its offset (Z becomes +00). Bits become 0s and 1s. Text with a
 * NUL character, dates and times outside of PostgreSQL's range, and numbers too large for their
 * column's type are ERR_DATA.
 */
#ifndef ENVELOPE_DECODE_H
#define ENVELOPE_DECODE_H

#include "backend/base/arena.h"
#include "backend/base/relation.h"

struct flat_plan;

/* Columns of the key (table columns' names without before_/after_) and of the flat row. */
struct flat_columns {
    int n;
    const struct wcolumn *columns;
    int n_key;
    const int *key_after;  /* indexes into columns: after_<key column> */
    const int *key_before; /* before_<key column> */
    int op;                /* index of `op` */
    int source_lsn;        /* -1 when the record has none */
    int source_ts_us;      /* -1 likewise */
    int unchanged; /* index of `_unchanged`: names of columns whose value was the placeholder, ','
                      around each */
};
const struct flat_columns *flat_plan_columns(const struct flat_plan *p);
struct flat_plan *flat_plan_ref(struct flat_plan *p);
void flat_plan_unref(struct flat_plan *p);

/* From the value of a schema record (encode.h). */
enum err flat_plan_from_schema_record(const char *json, size_t n, struct flat_plan **out,
                                      struct errbuf *e) MUST_CHECK;
/* From {"schema":..}: the Connect schema of an envelope (and of the key, may be NULL). */
enum err flat_plan_from_connect_schema(const char *schema, size_t n, const char *key_schema,
                                       size_t n_key, struct flat_plan **out,
                                       struct errbuf *e) MUST_CHECK;
/*
 * From a target table's columns (no schema travels with the topic). key: names of the key's
 * columns. Columns whose name begins with "_" are the loader's and left out, but for `_unchanged`;
 * `op` and `_unchanged` are added where the table has none. Names are matched without case.
 * The column's type and the value's form decide: numbers are days in a DATE, microseconds in a TIME
 * or TIMESTAMP (milliseconds where its precision is 1 to 3), text in a TEXT; a string in a DECIMAL
 * is a number when it looks like one (with a point, where the column has a scale), otherwise base64
 * with the column's scale; a string in a BYTES is base64.
 */
enum err flat_plan_from_table(const struct wcolumn *columns, int n, const char *const *key,
                              int n_key, struct flat_plan **out, struct errbuf *e) MUST_CHECK;

/* Where a record carries its schema. */
enum envelope_form {
    FORM_TOMBSTONE, /* null value */
    FORM_INLINE,    /* {"schema":..,"payload":..} */
    FORM_PLAIN,     /* the payload itself */
};
/* Cheap look at the bytes. *payload: the payload's bytes; *schema: those of a FORM_INLINE's schema
 * (null schema: FORM_PLAIN, null payload: FORM_TOMBSTONE). A FORM_INLINE's payload is not checked
 * here but by flat_decode. */
enum err envelope_form_of(const char *p, size_t n, enum envelope_form *form, struct cell *schema,
                          struct cell *payload, struct errbuf *e) MUST_CHECK;

/*
 * Decodes a payload into cells[columns.n] (text forms of relation.h; memory from the arena or the
 * payload itself: both must outlive the cells). Fields that the plan does not know are counted in
 * *unknown (the caller may then look for a newer schema). ERR_DATA: not JSON, or a value does not
 * fit its type: says which field.
 */
enum err flat_decode(const struct flat_plan *p, const char *payload, size_t n, struct arena *a,
                     struct cell *cells, int *unknown, struct errbuf *e) MUST_CHECK;

#endif
