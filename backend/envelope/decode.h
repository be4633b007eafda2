/*
 * From a record's bytes to one flat row, as Kafka Connect's Flatten transform would name its
 * columns: before_<column>.., after_<column>.., source_.., op, ts_ms, ts_us, ts_ns (delimiter "_").
 *
 * A flat_plan says the columns and how each JSON field becomes a warehouse text value. It is made
 * from a schema record of ours, from an inline Connect schema, or from a target table's columns.
 * Reads ours and a real Debezium's records alike. Thread rule: a plan is immutable and shared; a
 * decoder is one thread's.
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
/* From a target table's columns (no schema travels with the topic). key: names of the key's
 * columns. */
enum err flat_plan_from_table(const struct wcolumn *columns, int n, const char *const *key,
                              int n_key, struct flat_plan **out, struct errbuf *e) MUST_CHECK;

/* Where a record carries its schema. */
enum envelope_form {
    FORM_TOMBSTONE, /* null value */
    FORM_INLINE,    /* {"schema":..,"payload":..} */
    FORM_PLAIN,     /* the payload itself */
};
/* Cheap look at the bytes. For FORM_INLINE *schema and *payload are the two members' bytes. */
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
