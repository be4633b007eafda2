/*
 * An anchor model as declared in model.yaml: entities, their attributes, ties, knots.
 *
 * One generic mechanism: everything that the warehouse holds in `dwh` (DDL, loads, views, diagram,
 * docs) derives from this struct; there is no code for a single entity. docs/model.md describes the
 * file.
 *
 *   entity     a source table; becomes anchor_<entity> with its business key and a surrogate key
 *   attribute  a column; becomes attr_<entity>_<attribute>, insert-only history
 *   tie        a foreign key; becomes tie_<tie>: <from>_sk, <to>_sk
 *   knot       a small set of values that attributes share; becomes knot_<knot>
 *
 * Ownership: everything lives in the model's arena until model_free. Immutable once parsed, so any
 * thread may read it.
 */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include "backend/base/arena.h"
#include "backend/base/faults.h"
#include "backend/base/relation.h"

enum { MODEL_KEY_MAX = 16, MODEL_NAME_MAX = 63 };
/* struct wcolumn.scale of char(n): blanks at the end mean nothing when keys are compared. */
enum { MODEL_BLANK_PADDED = 1 };

struct model_knot {
    const char *name;
    const char *table;    /* knot_<name> */
    const char *id;       /* <name>_id */
    struct wcolumn value; /* named as the knot */
    int line;
};

struct model_attribute {
    const char *name;   /* of the table's value column */
    const char *table;  /* attr_<entity>_<name> */
    const char *column; /* the source's */
    struct wcolumn value;
    bool historised; /* false: one row an entity's key, the first value */
    int knot;        /* index into the knots; -1: none */
    int line;
};

struct model_tie {
    const char *name;
    const char *role;
    const char *table;                  /* tie_<name> */
    const char *to_sk;                  /* <role>_sk: the column of the referenced key */
    int from, to;                       /* entities; `from` owns the foreign key */
    const char *columns[MODEL_KEY_MAX]; /* of the source, in the order of the target's key */
    int n_columns;
    int line;
};

struct model_entity {
    const char *name;
    const char *source;    /* "public.flights", for verify and docs; NULL: only raw is known */
    const char *raw;       /* the table in the raw schema */
    const char *sk;        /* <name>_sk: the surrogate key's column, wherever it stands */
    const char *anchor;    /* anchor_<name> */
    const char *existence; /* attr_<name>_existence */
    struct wcolumn key[MODEL_KEY_MAX];
    int n_key;
    struct model_attribute *attributes;
    int n_attributes;
    const int *ties; /* those that it owns: indexes into the model's */
    int n_ties;
    int line;
};

struct model {
    const char *name;
    const char *file;          /* for messages */
    const char *source_system; /* the entity that every row refers to */
    const char *schema;        /* "dwh" */
    struct model_entity *entities;
    int n_entities;
    struct model_tie *ties;
    int n_ties;
    struct model_knot *knots;
    int n_knots;
    const int *order; /* entities, the referenced before the referring; cycles broken somewhere */
    struct arena *arena;
};

/* ERR_CONFIG: up to FAULTS_MAX faults, each file:line: what, why, what to do. `file` names the text
 * in them. */
enum err model_parse(const char *text, size_t n, const char *file, struct model **out,
                     struct faults *faults, struct errbuf *e) MUST_CHECK;
/* Reads the file; ERR_NOT_FOUND, ERR_IO or as above. */
enum err model_load_faults(const char *path, struct model **out, struct faults *faults,
                           struct errbuf *e) MUST_CHECK;
/* The same with the faults in `e` alone. */
enum err model_load_file(const char *path, struct model **out, struct errbuf *e) MUST_CHECK;
void model_free(struct model *m); /* NULL is fine */

/* Index of an entity; -1 and, in `e`, the nearest known name. */
int model_find_entity(const struct model *m, const char *name, struct errbuf *e);

/* "numeric(10,2)", "varchar(6)", .. of a type as model.yaml spells it; the inverse of reading. */
struct buf;
void model_type_text(struct buf *b, const struct wcolumn *c);
/* False for text that is no type. */
bool model_type_parse(const char *text, struct wcolumn *out);

#endif
