/*
 * What may follow at a place of a statement that is being typed: keywords, schemas, relations,
 * columns of the relations that the statement names (also by alias), variables, backslash commands
 * and their arguments. Pure: the same words and text give the same answer. Thread rule: any thread.
 */
#ifndef CONSOLE_SQL_COMPLETE_H
#define CONSOLE_SQL_COMPLETE_H

#include "console/sql_words.h"

enum { SQL_MATCHES_MAX = 500 };

struct sql_matches {
    size_t start; /* of the word in the text; the candidates stand for text[start, point) */
    char *items[SQL_MATCHES_MAX];
    size_t n;
    bool files; /* a file's name belongs here */
};

/* words, variables: NULL is none. */
void sql_complete(const struct sql_words *words, const struct sql_variables *variables,
                  const char *text, size_t point, struct sql_matches *out);
void sql_matches_free(struct sql_matches *m);
/* The part that all candidates begin with: its length. */
size_t sql_matches_common(const struct sql_matches *m);

#endif
