/*
 * A first model.yaml from a source's catalog.
 *
 *   table        entity, keyed by the primary key, else by a unique index over NOT NULL columns;
 *                one that has neither is left out, and a comment says so
 *   column       attribute with history, of the type that the raw table has; a name that begins
 *                with `_` or would make a table that is there already gets another one
 *   foreign key  tie; where it cannot be one its columns are attributes, and a comment says why
 *   enum, CHECK (x IN ..), a text with few values by the statistics: knot
 *
 * Pure: the catalog comes from backend/engine/model_source.h, the result is text that model_parse
 * takes. The same catalog gives the same text. Ownership: the catalog is its maker's. Thread rule:
 * any thread.
 */
#ifndef MODEL_INFER_H
#define MODEL_INFER_H

#include "backend/model/model.h"

/* Where the values of a column are known from. */
enum infer_values { INFER_NO_VALUES, INFER_ENUM, INFER_CHECK, INFER_STATISTICS };

struct infer_column {
    const char *name;
    struct wcolumn type; /* the raw table's; char(n): scale MODEL_BLANK_PADDED */
    bool not_null;
    enum infer_values from;
    const char *values;    /* "new, paid": for comments and to tell sets apart */
    const char *enum_name; /* of INFER_ENUM */
    uint32_t enum_oid;
};

struct infer_reference {
    const char *name; /* of the constraint */
    const char *to_schema, *to_table;
    const char *columns[MODEL_KEY_MAX], *to_columns[MODEL_KEY_MAX];
    int n;           /* more than MODEL_KEY_MAX are not kept, and then n is 0 */
    bool match_full; /* all columns are NULL or none is */
};

struct infer_table {
    const char *schema, *name;
    const char *raw; /* the table in the raw schema */
    struct infer_column *columns;
    int n_columns;
    const char *key[MODEL_KEY_MAX];
    int n_key;
    const char *key_from; /* unique index that the key is; NULL: the primary key */
    bool key_is_identity; /* that index is the replica identity */
    const char *no_key;   /* n_key 0: why there is none */
    const char *unfit;    /* it cannot arrive, whatever its key is: why; NULL: it can */
    bool no_identity;     /* an UPDATE or DELETE does not say which row: a comment warns */
    struct infer_reference *references;
    int n_references;
};

struct infer_catalog {
    const char *database;
    const char *topic_prefix;
    bool raw_known; /* the raw tables' names are the connectors' word, not the usual ones */
    struct infer_table *tables;
    int n_tables;
};

/* Appends the YAML. ERR_NOT_FOUND: no table has a key; ERR_LIMIT: more than model_parse reads. */
enum err infer_model(const struct infer_catalog *c, struct buf *out, struct errbuf *e) MUST_CHECK;

/* pg_get_constraintdef of a CHECK over this column (a domain's: VALUE): true, and "a, b" appended,
 * when it lists the texts that the column may have and says nothing else. */
bool infer_check_values(const char *definition, const char *column, struct buf *values);

#endif
