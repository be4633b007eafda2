/* The plan of a table: what encode.h keeps opaque, for encode.c and encode_schema.c. */
#ifndef ENVELOPE_ENCODE_TABLE_H
#define ENVELOPE_ENCODE_TABLE_H

#include "backend/envelope/encode_internal.h"

/* Bytes made once that every event copies. */
struct constant {
    char *p;
    size_t n;
};

/* The constants of a value, in the order in which they are written. */
enum part {
    PART_SOURCE,   /* ,"source":{..,"ts_ms": */
    PART_SNAPSHOT, /* ,"snapshot":" */
    PART_DB,       /* ","db":"..","sequence":"[ */
    PART_TABLE,    /* ,"schema":"..","table":"..","txId": */
    PART_KEY_HEAD, /* inline schema of the key: {"schema":..,"payload": */
    PART_HEAD,     /* the same of the value */
    PART_COUNT
};

struct envelope_table {
    struct relation *relation;
    struct encode_settings set;
    char *topic;
    struct field *fields; /* n_columns */
    struct field *keys;   /* n_key, in key order */
    int *key_columns;     /* keys[i] is this column */
    struct constant parts[PART_COUNT];
};

#endif
