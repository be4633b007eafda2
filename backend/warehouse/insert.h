/* Sending the rows of a batch into a table; shared by warehouse_insert and warehouse_upsert. */
#ifndef WAREHOUSE_INSERT_H
#define WAREHOUSE_INSERT_H

#include "backend/warehouse/batch.h"
#include "backend/warehouse/internal.h"

/* INSERT of rows [from, to) into `table` (quoted, with its schema): array literals or array binding
 * as the dialect has it. query: the statement's name in queries/warehouse; slots: what it needs
 * besides table, columns and values. No savepoint of its own. */
enum err insert_rows(struct warehouse *w, const char *query, const char *table, struct wbatch *b,
                     int from, int to, const struct sql_slot *slots, int n_slots,
                     struct errbuf *e) MUST_CHECK;

/* "schema"."table" */
void insert_target(struct buf *b, const struct dialect *d, const char *schema, const char *table);

/* Array binding only (paramset.c): executes the prepared statement for rows [from, to). */
enum err paramset_rows(struct warehouse *w, SQLHSTMT stmt, const struct wbatch *b, int from, int to,
                       struct errbuf *e) MUST_CHECK;

#endif
