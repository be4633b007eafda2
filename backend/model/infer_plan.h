/* What infer.c (names, attributes, knots), infer_ties.c and infer_write.c (YAML) share of one run.
 * Everything lives in the plan's arena. Only backend/model includes this. */
#ifndef MODEL_INFER_PLAN_H
#define MODEL_INFER_PLAN_H

#include <stdarg.h>

#include "backend/base/yaml.h"
#include "backend/model/infer.h"
#include "backend/model/names.h"

/* The history view has two columns an attribute, and PostgreSQL 1,664 of them at the most. */
enum { INFER_ATTRIBUTES_MAX = 480, INFER_FILE_MAX = YAML_FILE_MAX };

struct infer_attribute {
    const char *name;
    const struct infer_column *column;
    const char *knot; /* NULL: none */
};

struct infer_tie {
    const char *name;
    const struct infer_entity *to;
    const char *role; /* NULL: the usual one */
    const char *by[MODEL_KEY_MAX];
    int n;
    bool as_attributes; /* the columns are kept as attributes too: some may be NULL alone */
};

struct infer_no_tie {
    const struct infer_reference *reference;
    const char *why;
};

struct infer_entity {
    const struct infer_table *table;
    const char *name;
    struct model_names *columns; /* of its views; while it is planned */
    struct infer_attribute *attributes;
    int n_attributes;
    int too_many; /* columns that found no place */
    struct infer_tie *ties;
    int n_ties;
    struct infer_no_tie *no_ties;
    int n_no_ties;
};

struct infer_knot {
    const char *name;
    const struct infer_entity *entity; /* the first that uses it */
    const struct infer_column *column;
};

struct infer_left_out {
    const struct infer_table *table;
    const char *why;
};

struct infer_plan {
    const struct infer_catalog *catalog;
    struct model_names *names;
    struct infer_entity *entities;
    int n;
    struct infer_left_out *left_out;
    int n_left_out;
    struct infer_knot *knots;
    int n_knots, knots_cap;
    struct arena *arena;
    bool nomem;
};

void *infer_take(struct infer_plan *p, size_t n);
const char *infer_text(struct infer_plan *p, const char *fmt, ...) PRINTF_LIKE(2, 3);
const char *infer_fit(struct infer_plan *p, const char *name);
const struct infer_column *infer_find(const struct infer_table *t, const char *name);
/* NULL: that table is no entity. */
struct infer_entity *infer_entity_of(const struct infer_plan *p, const char *schema,
                                     const char *table);

/* infer_ties.c: of an entity whose key has its names. */
void infer_plan_ties(struct infer_plan *p, struct infer_entity *e);

/* infer_write.c */
void infer_write(const struct infer_plan *p, struct buf *out);

#endif
