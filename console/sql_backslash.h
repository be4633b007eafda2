/*
 * Backslash commands, as psql has them: one table. Thread rule: one thread.
 */
#ifndef CONSOLE_SQL_BACKSLASH_H
#define CONSOLE_SQL_BACKSLASH_H

#include "console/sql_run.h"

/* The i-th command and its words of help, for \? and completion; false after the last. */
bool sql_backslash_name(int i, const char **name, const char **arguments, const char **help);

/* Runs a line that begins with a backslash; an error is said on stderr. */
enum err sql_backslash_run(struct sql_run *r, const char *line);

#endif
