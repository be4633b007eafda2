/*
 * The shared vocabulary of tables and rows: what a PostgreSQL relation looks like (struct
 * relation), one row's cells (struct cell), and the engine-neutral column types of a warehouse
 * table.
 *
 * Plain data. A relation owns its strings and is immutable once made; it is shared by reference
 * count, so a decoder may keep it while rows that point to it are in flight. Cells point into
 * memory of whoever made them (a receive buffer, an arena) and live as long as that says.
 */
#ifndef BASE_RELATION_H
#define BASE_RELATION_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/base/buf.h"
#include "backend/base/err.h"

/* PostgreSQL's built-in type OIDs that are treated apart (pg_type.dat). */
enum pg_type_oid {
    PG_BOOL = 16,
    PG_BYTEA = 17,
    PG_CHAR = 18,
    PG_NAME = 19,
    PG_INT8 = 20,
    PG_INT2 = 21,
    PG_INT4 = 23,
    PG_TEXT = 25,
    PG_OID = 26,
    PG_XID = 28,
    PG_JSON = 114,
    PG_XML = 142,
    PG_POINT = 600,
    PG_CIDR = 650,
    PG_FLOAT4 = 700,
    PG_FLOAT8 = 701,
    PG_MACADDR8 = 774,
    PG_MONEY = 790,
    PG_MACADDR = 829,
    PG_INET = 869,
    PG_BPCHAR = 1042,
    PG_VARCHAR = 1043,
    PG_DATE = 1082,
    PG_TIME = 1083,
    PG_TIMESTAMP = 1114,
    PG_TIMESTAMPTZ = 1184,
    PG_INTERVAL = 1186,
    PG_TIMETZ = 1266,
    PG_BIT = 1560,
    PG_VARBIT = 1562,
    PG_NUMERIC = 1700,
    PG_UUID = 2950,
    PG_TSVECTOR = 3614,
    PG_JSONB = 3802,
};

enum cell_kind {
    CELL_NULL,
    CELL_TEXT,      /* p, len: PostgreSQL's text output (or a warehouse's input text), no NUL */
    CELL_UNCHANGED, /* an unchanged TOAST value that pgoutput did not send: not NULL, not known */
};

struct cell {
    const char *p;
    uint32_t len;
    uint8_t kind; /* enum cell_kind */
};

/* A cell's whole number; 0 for NULL, and for what is too long to be one. */
int64_t cell_int64(const struct cell *c);

struct column {
    char *name;
    char *type_name;   /* as in pg_type.typname, e.g. "int4", "numeric", "mood", "_text" */
    char *enum_values; /* an enum's labels with ',' between, in order; NULL otherwise */
    char *default_sql; /* pg_get_expr of the default; NULL when none or not known */
    uint32_t type_oid; /* of the base type where the column has a domain */
    uint32_t elem_oid; /* an array's element type; 0 for a scalar */
    char *elem_name;   /* an array's element type's typname; NULL for a scalar */
    int32_t typmod;    /* -1: none */
    bool not_null;
    bool generated; /* stored generated columns are not published by pgoutput */
    int key_pos;    /* 1, 2, ..: place in the primary key (or the identity index); 0: not in it */
};

/* One version of one table. identity: 'd' default, 'f' full, 'n' nothing, 'i' index. */
struct relation {
    uint32_t oid;
    char *schema;
    char *name;
    char identity;
    int n_columns;
    int n_key; /* columns with key_pos > 0 */
    struct column *columns;
    uint64_t fingerprint; /* relation_fingerprint() of all above but the oid */
    _Atomic int refs;
};

/* A relation with n zeroed columns, one reference, to be filled by its maker; NULL without memory.
 */
struct relation *relation_create(int n_columns);
struct relation *relation_ref(struct relation *r);
void relation_unref(struct relation *r); /* NULL is fine */

/* FNV-1a 64 over schema, name, identity, and each column's name, type, typmod, nullability, key. */
uint64_t relation_fingerprint(const struct relation *r);

/* The column named so, or -1. */
int relation_find(const struct relation *r, const char *column);

/* numeric(p,s): precision and scale of a typmod; false when unconstrained. Scale may be negative.
 */
bool relation_numeric_typmod(int32_t typmod, int *precision, int *scale);

/*
 * Column types of a warehouse table, engine neutral; each dialect spells them its way.
 * The text form of a value (struct cell) in each:
 *   BOOL true|false   INT16/32/64, FLOAT32/64, DECIMAL plain number (also NaN, Infinity, -Infinity)
 *   DATE 2026-11-24   TIME 12:04:31.123456   TIMESTAMP 2026-11-24 12:04:31.123456 (also infinity)
 *   TIMESTAMPTZ the same with an offset or Z   BYTES \x0aff   UUID, TEXT, JSON as they are
 */
enum wtype {
    WT_BOOL,
    WT_INT16,
    WT_INT32,
    WT_INT64,
    WT_FLOAT32,
    WT_FLOAT64,
    WT_DECIMAL, /* precision, scale; precision 0: unconstrained */
    WT_TEXT,    /* precision: length in characters; 0: unlimited */
    WT_BYTES,
    WT_DATE,
    WT_TIME,
    WT_TIMESTAMP,
    WT_TIMESTAMPTZ,
    WT_UUID,
    WT_JSON,
    WT_COUNT
};

struct wcolumn {
    const char *name;
    enum wtype type;
    int precision;
    int scale;
    bool not_null;
    bool key; /* of the key that upsert finds rows by; false in append-only tables */
};

/* "int64", "decimal", ..: for messages and tests. */
const char *wtype_name(enum wtype t);

#endif
