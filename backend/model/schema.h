/*
 * The tables and views of a model, as DDL of one dialect, in an order in which they can be made.
 *
 * Pure: nothing here talks to a server. `flightdeck model ddl` prints it, backend/model/migrate.h
 * applies it. Ownership: everything lives in the schema until model_schema_free; the model must
 * outlive it. Thread rule: immutable once made.
 */
#ifndef MODEL_SCHEMA_H
#define MODEL_SCHEMA_H

#include "backend/model/model.h"
#include "backend/warehouse/dialect.h"

enum model_object_kind {
    MODEL_BOOKKEEPING, /* _flightdeck_*: what the loads remember */
    MODEL_SOURCE_SYSTEM,
    MODEL_KNOT,
    MODEL_ANCHOR,
    MODEL_ATTRIBUTE,
    MODEL_EXISTENCE,
    MODEL_TIE,
    MODEL_VIEW,
};

struct model_object {
    enum model_object_kind kind;
    const char *name;              /* without schema */
    int entity;                    /* whose load fills it; -1: none */
    int of;                        /* the entity that it belongs to; -1: none, or several */
    bool left_out;                 /* stays as it is, there or not: see load_bind.c */
    int item;                      /* attribute of the entity, tie or knot of the model */
    const char *ddl;               /* CREATE TABLE .. or CREATE VIEW .. */
    const char *index;             /* CREATE INDEX .., made after the first load; NULL: none */
    const struct wcolumn *columns; /* of a table */
    int n_columns;
};

struct model_schema {
    const struct model *model;
    const struct dialect *dialect;
    struct model_object *items;
    int n;
    struct arena *arena;
};

/* dialect: "postgresql", "vertica". */
enum err model_schema_create(const struct model *m, const char *dialect, struct model_schema **out,
                             struct errbuf *e) MUST_CHECK;
void model_schema_free(struct model_schema *s); /* NULL is fine */

/* The whole as a script: schema, tables, indexes, views. */
void model_schema_script(const struct model_schema *s, struct buf *out);

/* For views.c: a finished statement becomes an object. */
struct schema_maker {
    struct model_schema *s;
    int of; /* whose views are made */
    int cap;
    struct errbuf *e;
    enum err r; /* the first error; nothing is added after it */
};
void schema_add_view(struct schema_maker *k, const char *name, const char *suffix,
                     struct buf *select);
/* All views; views.c. */
void schema_views(struct schema_maker *k);

#endif
