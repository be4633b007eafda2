/*
 * The model's SQL: names, expressions and query texts that the DDL, the views and the loads share.
 *
 * Everything is added to a buf as text in which identifiers are quoted. Thread rule: any thread.
 */
#ifndef MODEL_SQL_H
#define MODEL_SQL_H

#include "backend/model/model.h"
#include "backend/warehouse/dialect.h"

/* queries/model/<dialect>/<name>.sql, else queries/model/<name>.sql; NULL where the dialect has
 * none. */
const char *model_query(const struct dialect *d, const char *name);

/* "schema"."table", with a suffix to the name ("_latest") or "". */
void model_sql_table(struct buf *b, const struct dialect *d, const char *schema, const char *table,
                     const char *suffix);
/* alias."column" */
void model_sql_column(struct buf *b, const struct dialect *d, const char *alias,
                      const char *column);

/*
 * The surrogate key of n texts: md5 over their canonical form as a UUID. One column: its text.
 * Several: each but the last with its length in front, so that ('a', 'bc') and ('ab', 'c') differ.
 * A NULL among them makes it NULL. expressions[i] is SQL of type columns[i].
 */
void model_sql_surrogate(struct buf *b, const struct dialect *d, const struct wcolumn *columns,
                         const char *const *expressions, int n);

/* a and b differ, NULL being a value (IS DISTINCT FROM in the common subset of the dialects). */
void model_sql_differs(struct buf *b, const struct dialect *d, const struct wcolumn *type,
                       const char *a, const char *other);

/* A CASE of microseconds since 1970 as timestamptz. */
void model_sql_moment(struct buf *b, const struct dialect *d, const char *microseconds);

#endif
