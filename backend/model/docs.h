/*
 * The model as a page of Markdown: each table and view of dwh with its columns, where they come
 * from, how they are loaded, how fresh they are. Pure. Thread rule: any thread.
 */
#ifndef MODEL_DOCS_H
#define MODEL_DOCS_H

#include "backend/model/model.h"

/* Of one entity, by its place in the model. NULL: not known. */
struct model_freshness {
    const char *newest; /* UTC: the newest change that is loaded */
    const char *loaded; /* UTC: when the last load was */
};

/* freshness: one an entity, or NULL: nothing is known. why: the reason then. */
enum err model_docs_write(const struct model *m, const struct model_freshness *freshness,
                          const char *why, struct buf *out, struct errbuf *e) MUST_CHECK;

#endif
