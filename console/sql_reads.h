/*
 * Whether a statement only reads, as far as its words tell. What a function changes does not show;
 * where that matters the transaction is read only too, and the server refuses. Thread rule: any.
 */
#ifndef CONSOLE_SQL_READS_H
#define CONSOLE_SQL_READS_H

#include <stdbool.h>

/* By its first word (in capitals): what a transaction that is read only lets run, or refuses. */
bool sql_is_reader(const char *word);

/* Is this one of its words, in code and in either case? */
bool sql_has_word(const char *sql, const char *word);

/* No word of it changes anything: what may run twice without a question. A name that is such a word
 * makes it false, which costs a question. */
bool sql_is_pure_reader(const char *sql);

#endif
