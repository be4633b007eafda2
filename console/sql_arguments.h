/*
 * The arguments of a backslash command, as psql reads them: words with blanks between; '..' with ''
 * and \n in it, "..", `command` (what it prints), :variables. Thread rule: one thread.
 */
#ifndef CONSOLE_SQL_ARGUMENTS_H
#define CONSOLE_SQL_ARGUMENTS_H

#include "console/sql_lexer.h"

/*
 * The next word of *text into out (emptied first); *text moves behind it. False at the end: of the
 * text, or at a backslash that begins another command. "names": a word in
 * double quotes keeps them, for patterns. An unfinished quote is ERR_USAGE in *r.
 */
struct sql_arguments {
    const char *at;
    sql_variable_fn *find;
    void *arg;
    bool names;
};
bool sql_arguments_next(struct sql_arguments *a, struct buf *out, enum err *r, struct errbuf *e);

#endif
