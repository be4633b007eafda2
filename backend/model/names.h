/*
 * The names that a model takes in the warehouse: no two of its things may make one table, view or
 * index, in either dialect (Vertica: letters' case does not count).
 *
 * `attr_a_b_c` is attribute b_c of a, or c of a_b; CREATE TABLE IF NOT EXISTS would not say so.
 * Thread rule: one thread.
 */
#ifndef MODEL_NAMES_H
#define MODEL_NAMES_H

#include "backend/model/model.h"

struct model_names;

/* With the names of the bookkeeping in it; NULL without memory. */
struct model_names *model_names_create(void);
/* Empty: for other sets of names, as the columns of a view. */
struct model_names *model_names_create_empty(void);
void model_names_destroy(struct model_names *n); /* NULL is fine */

/* One name. Line of who has it, 0: nobody. */
int model_names_find(const struct model_names *n, const char *name);
/* line: who takes it, > 0. False without memory. */
bool model_names_take(struct model_names *n, const char *name, int line);

/* What makes objects: `name` is nothing for an entity, else what is named; `entity` is nothing for
 * a tie or knot. */
enum model_names_kind { NAMES_ENTITY, NAMES_KEY, NAMES_ATTRIBUTE, NAMES_TIE, NAMES_KNOT };
/* The line of who has one of its objects, 0: nobody. object, if not NULL, gets that object's name
 * (n octets). */
int model_names_taken(const struct model_names *n, enum model_names_kind kind, const char *entity,
                      const char *name, char *object, size_t size);
bool model_names_claim(struct model_names *n, enum model_names_kind kind, const char *entity,
                       const char *name, int line);

/* The faults of a whole model. False without memory. */
bool model_names_check(const struct model *m, struct faults *faults);

/* Is this the name of a technical column? */
bool model_name_is_technical(const char *name);

#endif
