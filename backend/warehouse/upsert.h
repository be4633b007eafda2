/* What table.c needs of upsert.c. */
#ifndef WAREHOUSE_UPSERT_H
#define WAREHOUSE_UPSERT_H

#include "backend/warehouse/internal.h"

/* Where the dialect finds rows by an index: a unique one on the key columns, unless there is one.
 * ERR_SQL in words when the table holds duplicates. */
enum err upsert_index(struct warehouse *w, const char *schema, const char *table,
                      const char *const *key, int n_key, struct errbuf *e) MUST_CHECK;

/* Where the dialect stages rows: this session's stage table for such columns. name: NAME_TEXT_MAX
 * bytes, gets the table's (plain) name. */
enum err upsert_stage(struct warehouse *w, const struct wcolumn *columns, int n, char *name,
                      struct errbuf *e) MUST_CHECK;

#endif
