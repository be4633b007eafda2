/*
 * What a source's catalog says for a model: tables with columns of the types that their raw tables
 * have, keys, foreign keys, small sets of values. backend/model/infer.h makes a model of it,
 * backend/model/check.h compares one with it.
 *
 * Types go the way that data go: the catalog's relation, the schema record of the topic, the flat
 * row's columns. Ownership: everything lives in the catalog's arena until model_source_free. Thread
 * rule: one thread.
 */
#ifndef ENGINE_MODEL_SOURCE_H
#define ENGINE_MODEL_SOURCE_H

#include "backend/engine/config.h"
#include "backend/model/infer.h"

struct model_source_options {
    const char *conninfo;        /* NULL: the configuration's first source */
    const struct config *config; /* NULL: only conninfo is known, and everything is as built in */
    const char *schema;          /* regular expression for the whole name; NULL: all */
    const char *table;           /* likewise */
    bool values;                 /* look for small sets of values, too */
};

struct model_source {
    struct infer_catalog catalog;
    struct arena *arena;
};

/* ERR_CONNECT where the source cannot be reached; ERR_NOT_FOUND when no table is left. */
enum err model_source_read(const struct model_source_options *o, struct model_source **out,
                           struct errbuf *e) MUST_CHECK;
void model_source_free(struct model_source *s); /* NULL is fine */

#endif
