/*
 * A server's error for a person: the first line with its SQLSTATE, the line of the statement with a
 * caret beneath the place, then the further lines (DETAIL, HINT, ..). Thread rule: any thread.
 */
#ifndef CONSOLE_SQL_ERROR_H
#define CONSOLE_SQL_ERROR_H

#include "backend/base/buf.h"

/*
 * position: of the character in `sql` that the server names, from 1; 0: it names none, and then the
 * place is what the message quotes (`at or near "x"`, `column "x" does not exist`) where that
 * stands in the statement exactly once. `text` may end with " (SQLSTATE xxxxx)".
 */
void sql_error_explain(const char *sql, int position, const char *text, struct buf *out);

#endif
