/*
 * Whether a statement only reads, as far as its words tell. Where that matters the transaction is
 * read only too, and the server refuses what its tables are changed by; what acts beside them (it
 * ends a backend, drops a slot) it lets through, so such functions of the servers are known here by
 * name. What a function of a person's own does, no words tell. Thread rule: any.
 */
#ifndef CONSOLE_SQL_READS_H
#define CONSOLE_SQL_READS_H

#include <stdbool.h>
#include <stddef.h>

/* What a transaction that is read only may run: by its first word, and it calls no function of a
 * server that changes something. word: that first word in capitals; or the name of the function,
 * which may be quoted there and have a schema. */
bool sql_only_reads(const char *sql, char *word, size_t n);

/* Is this one of its words, in code and in either case? */
bool sql_has_word(const char *sql, const char *word);

/* No word of it changes anything: what may run twice without a question. A name that is such a word
 * makes it false, which costs a question. */
bool sql_is_pure_reader(const char *sql);

#endif
