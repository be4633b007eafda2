/*
 * What differs between the warehouses: one table (struct dialect) with type names, limits and the
 * meaning of SQLSTATEs; the SQL that differs lies in queries/warehouse/<dialect>/, what is the same
 * in queries/warehouse/. Plain data, read only. Thread rule: any thread.
 */
#ifndef WAREHOUSE_DIALECT_H
#define WAREHOUSE_DIALECT_H

#include "backend/base/buf.h"
#include "backend/base/relation.h"

enum { NAME_TEXT_MAX = 129 }; /* the longest name of any dialect and a NUL */

/* How a batch goes to the server. */
enum load_form {
    LOAD_ARRAY_LITERALS, /* one array literal a column: INSERT .. SELECT FROM unnest(..) */
    LOAD_PARAMSET,       /* array-bound INSERT of one tuple */
};

struct sqlstate_class {
    const char *state; /* a SQLSTATE, or its first two characters */
    const char *text;  /* only when the message holds this (a vendor's number); NULL: any */
    enum err code;
};

struct dialect {
    const char *name;
    const char *connect_keys;   /* appended to the connection string: what our code depends on */
    const char *driver_options; /* libpq's, as pqopt unless the user has some; NULL: none */
    size_t name_max;            /* octets of an identifier */
    bool fold_names;            /* names that differ only in case are the same name */
    bool several_statements;    /* one call may hold several, with ';' between */
    enum load_form load;
    const struct sqlstate_class *states; /* first match wins; ends with state NULL */
    /* The column's type in DDL. */
    void (*type_sql)(struct buf *b, const struct wcolumn *c);
    /* The type a catalog row tells of (typname or data_type, typmod or length, ..). */
    void (*type_read)(const char *type, int64_t modifier, int precision, int scale,
                      struct wcolumn *out);
};

/* NULL for an unknown name. */
const struct dialect *dialect_find(const char *name);

/* queries/warehouse/<dialect>/<name>.sql, else queries/warehouse/<name>.sql. Never NULL for the
 * names in our sources (a test asks for each). */
const char *dialect_query(const struct dialect *d, const char *name);

/* The class of an error; ERR_SQL for what is not in the table. */
enum err dialect_classify(const struct dialect *d, const char *sqlstate, const char *message);

/* A name that the dialect takes: itself, or cut and closed by _ and 8 hex digits of its hash, so
 * that two long names stay two. out has NAME_TEXT_MAX bytes; returns out. */
const char *dialect_name(const struct dialect *d, const char *name, char *out);

/* Adds the quoted (and fitted) identifier. */
void dialect_ident(struct buf *b, const struct dialect *d, const char *name);

bool dialect_same_name(const struct dialect *d, const char *a, const char *b);

/* How an existing column takes values of a wanted one. */
enum fit {
    FIT_AS_IS,        /* equal or wider */
    FIT_WIDEN,        /* alter it to *to */
    FIT_INCOMPATIBLE, /* neither */
};
enum fit dialect_fit(const struct dialect *d, const struct wcolumn *have,
                     const struct wcolumn *want, struct wcolumn *to);

/* Fills {slots} of a query text. Unknown ones stay as they are. */
struct sql_slot {
    const char *name;
    const char *text; /* SQL that is quoted already */
};
void sql_fill(struct buf *b, const char *text, const struct sql_slot *slots, int n);

#endif
