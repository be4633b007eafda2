/*
 * The E/R diagram of a model.
 *
 *   text     a box an entity (key, attributes, ties), arrows beside the boxes; 80 columns
 *   dot      for Graphviz
 *   mermaid  for Markdown
 *
 * Pure. Thread rule: any thread.
 */
#ifndef MODEL_DIAGRAM_H
#define MODEL_DIAGRAM_H

#include "backend/model/model.h"

enum { DIAGRAM_COLUMNS = 80 };

/* ERR_NOMEM. */
enum err model_diagram_text(const struct model *m, struct buf *out, struct errbuf *e) MUST_CHECK;
void model_diagram_dot(const struct model *m, struct buf *out);
void model_diagram_mermaid(const struct model *m, struct buf *out);

/* "2 entities, 5 attributes, 1 tie, 0 knots" */
void model_sizes(const struct model *m, struct buf *out);

#endif
