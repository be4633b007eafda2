/* The SQL of queries/, embedded at build: queries/a/b.sql is query_text("a/b"). Thread rule: any
 * thread. */
#ifndef QUERIES_QUERIES_H
#define QUERIES_QUERIES_H

/* NULL when there is no such query (a programming error). Static memory. */
const char *query_text(const char *name);

/* The i-th name in order; NULL after the last. */
const char *query_name(int i);

#endif
