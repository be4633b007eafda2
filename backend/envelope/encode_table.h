/* The plan of a table: what encode.h keeps opaque, for encode.c and encode_schema.c. */
#ifndef ENVELOPE_ENCODE_TABLE_H
#define ENVELOPE_ENCODE_TABLE_H

#include "backend/envelope/encode_internal.h"

/* Bytes made once that every event copies. */
struct constant {
    char *p;
    size_t n;
};

/* `source` but for its numbers: what stands before each of them. encode_source.c */
struct source_parts {
    struct constant head;  /* "source":{..,"ts_ms": */
    struct constant db;    /* ","db":"..","sequence":"[ */
    struct constant table; /* ,"schema":"..","table":"..","txId": */
};
/* False without memory; source_free it in both cases. */
bool source_make(struct source_parts *p, const struct envelope_options *o, const char *schema,
                 const char *table);
void source_free(struct source_parts *p);
/* "source":{..} */
void source_write(const struct source_parts *p, const struct envelope_event *ev, struct buf *out);

static inline int64_t encode_floor_div(int64_t v, int64_t by)
{
    return v / by - (v % by < 0);
}

struct envelope_table {
    struct relation *relation;
    struct encode_settings set;
    char *topic;
    struct field *fields; /* n_columns */
    struct field *keys;   /* n_key, in key order */
    int *key_columns;     /* keys[i] is this column */
    struct source_parts source;
    struct constant key_head;   /* {"schema":..,"payload": or nothing */
    struct constant value_head; /* likewise */
};

#endif
