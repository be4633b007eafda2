/*
 * What a session may do where people only look. The words of a statement decide whether it is sent
 * at all, and the server keeps its transaction READ ONLY, since words do not tell what a function
 * of a person's own does. Thread rule: as the session's.
 */
#ifndef CONSOLE_SQL_ACCESS_H
#define CONSOLE_SQL_ACCESS_H

#include <stdbool.h>

#include "console/sql_session.h"

/* Of the transactions that begin from now on; both dialects and the source know it. To be asked
 * before each statement, since a statement may have changed it. */
enum err sql_access_set(struct sql_session *s, bool read_only, struct errbuf *e) MUST_CHECK;

/* What reads, begins or ends a transaction, but none that could write; word: what tells (see
 * sql_only_reads). */
bool sql_access_allows(const char *sql, char *word, size_t n);

/* For statements whose results nobody wants. */
const struct sql_sink *sql_access_nothing(void);

#endif
