/*
 * Backslash commands, as psql has them: one table. Thread rule: one thread.
 */
#ifndef CONSOLE_SQL_BACKSLASH_H
#define CONSOLE_SQL_BACKSLASH_H

#include "console/sql_run.h"

/* What an argument of a command is, for completion. */
enum sql_operand {
    SQL_OPERAND_NONE,
    SQL_OPERAND_RELATION,
    SQL_OPERAND_SCHEMA,
    SQL_OPERAND_FILE,
    SQL_OPERAND_VARIABLE,
    SQL_OPERAND_SETTING,
    SQL_OPERAND_SWITCH,
    SQL_OPERAND_STATEMENT,
};

/* The i-th command and its words of help, for \? and completion; false after the last. */
struct sql_backslash {
    const char *name;
    const char *arguments;
    const char *help;
    enum sql_operand operand;
};
bool sql_backslash_get(int i, struct sql_backslash *out);
/* The i-th setting of \pset; NULL after the last. */
const char *sql_setting_name(int i);

/* Runs the command that `line` begins with and takes it out of the line; an error is said on
 * stderr. */
enum err sql_backslash_run(struct sql_run *r, struct buf *line);
/* A line of nothing but commands. */
enum err sql_backslash_line(struct sql_run *r, const char *line);

#endif
