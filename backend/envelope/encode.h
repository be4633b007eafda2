/*
 * The change event as Debezium-compatible JSON: from PostgreSQL's text values to key and value
 * bytes.
 *
 * An envelope_table is the plan for one version of one relation: field names already escaped, one
 * writer a column. It holds a reference to its relation. Thread rule: immutable after creation,
 * writers may run on any thread with their own buffers.
 */
#ifndef ENVELOPE_ENCODE_H
#define ENVELOPE_ENCODE_H

#include "backend/base/relation.h"

enum decimal_mode { DECIMAL_PRECISE, DECIMAL_DOUBLE, DECIMAL_STRING };
enum time_mode { TIME_ADAPTIVE, TIME_ADAPTIVE_MICROS, TIME_CONNECT };
enum binary_mode { BINARY_BYTES, BINARY_BASE64, BINARY_BASE64_URL, BINARY_HEX };
enum interval_mode { INTERVAL_NUMERIC, INTERVAL_STRING };
enum hstore_mode { HSTORE_JSON, HSTORE_MAP };
enum overflow_mode { OVERFLOW_CLAMP, OVERFLOW_FAIL };

struct envelope_options {
    const char *prefix; /* topic.prefix, the logical name */
    const char *database;
    const char *version;     /* source.version */
    const char *placeholder; /* unavailable.value.placeholder */
    enum decimal_mode decimals;
    enum time_mode times;
    enum binary_mode binary;
    enum interval_mode intervals;
    enum hstore_mode hstore;
    enum overflow_mode overflow;
    bool inline_schema_key;   /* key.converter.schemas.enable */
    bool inline_schema_value; /* value.converter.schemas.enable */
};

struct envelope_table;

/* Copies what it needs of the options; refs the relation. */
enum err envelope_table_create(const struct envelope_options *o, struct relation *r,
                               struct envelope_table **out, struct errbuf *e) MUST_CHECK;
void envelope_table_destroy(struct envelope_table *t);
const struct relation *envelope_table_relation(const struct envelope_table *t);
const char *envelope_table_topic(const struct envelope_table *t); /* prefix.schema.table */
/* Values that OVERFLOW_CLAMP has changed so far. */
uint64_t envelope_table_clamped(const struct envelope_table *t);

struct envelope_event {
    char op;                   /* r c u d t */
    const struct cell *before; /* NULL, or n_columns cells */
    const struct cell *after;
    uint64_t lsn;
    uint64_t last_commit_lsn; /* 0: null in `sequence` */
    int64_t source_us;        /* commit time (snapshot: time of the snapshot) */
    int64_t now_ns;           /* processing time */
    uint32_t xid;
    bool has_xid;         /* txId is null otherwise */
    const char *snapshot; /* "false", "first", "true", "last", .. */
};

/* Appends the key of a row; writes nothing and returns ERR_NOT_FOUND when the table has no key. */
enum err envelope_write_key(const struct envelope_table *t, const struct cell *cells,
                            struct buf *out, struct errbuf *e) MUST_CHECK;
/* The same without a schema, whatever the options: for the headers __debezium.newkey, .oldkey. */
enum err envelope_write_header_key(const struct envelope_table *t, const struct cell *cells,
                                   struct buf *out, struct errbuf *e) MUST_CHECK;
/* Appends the value. ERR_DATA where a value cannot be written in its type (says column and value's
 * start). */
enum err envelope_write_value(const struct envelope_table *t, const struct envelope_event *ev,
                              struct buf *out, struct errbuf *e) MUST_CHECK;

/* True when the key differs between two rows (key change: delete + tombstone + create). */
bool envelope_key_differs(const struct envelope_table *t, const struct cell *a,
                          const struct cell *b);

/*
 * A logical message (pg_logical_emit_message): the record of topic prefix.message. Of the event its
 * numbers count (op, before, after do not). Not the hot path: nothing is kept between two calls.
 */
enum err envelope_write_message(const struct envelope_options *o, const struct envelope_event *ev,
                                const char *prefix, const void *content, size_t n, struct buf *key,
                                struct buf *value, struct errbuf *e) MUST_CHECK;

/*
 * The record of the schema topic. Key: {"relation":"public.flights","fingerprint":"<16 hex>"}.
 * Value: {"relation":..,"fingerprint":..,"topic":..,"identity":"d","schema":<the Connect schema of
 * the envelope>,"key_schema":<.. of the key or
 * null>,"columns":[{"name","type","typmod","not_null","key","element","enum"(labels with ','
 * between) and "unchanged": the JSON that stands for a value that was not sent; absent where the
 * type has none}], "modes":{"decimal":"precise"|"double"|"string",
 * "time":"adaptive"|"adaptive_time_microseconds"|"connect",
 * "binary":"bytes"|"base64"|"base64-url-safe"|"hex","interval":"numeric"|"string",
 * "hstore":"json"|"map","placeholder":"__debezium_unavailable_value"}}.
 */
enum err envelope_write_schema_record(const struct envelope_table *t, struct buf *key,
                                      struct buf *value, struct errbuf *e) MUST_CHECK;

#endif
