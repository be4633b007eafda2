/*
 * Where results go: the caller's stream, the file or program of \o, that of one \g; and through a
 * pager where a person looks at more than a screen.
 *
 * Nothing is kept but a screen of lines, until it is known whether a pager is needed. Thread rule:
 * one thread.
 */
#ifndef CONSOLE_SQL_OUTPUT_H
#define CONSOLE_SQL_OUTPUT_H

#include <stdbool.h>

#include "console/child.h"

enum sql_pager { SQL_PAGER_ON, SQL_PAGER_OFF, SQL_PAGER_ALWAYS };

/* One place; `name`: FILE or |COMMAND. */
struct sql_place {
    FILE *to;
    struct child child;
};
enum err sql_place_open(const char *name, struct sql_place *out, struct errbuf *e) MUST_CHECK;
/* ERR_IO when not all of it could be written. A program that had enough is no error. */
enum err sql_place_close(struct sql_place *p, const char *what, struct errbuf *e) MUST_CHECK;

/* A stream to `screen`, or from the line on that would be one too many through `command`. */
struct sql_page;
struct sql_page *sql_page_open(FILE *screen, int lines, int columns, const char *command,
                               FILE **out); /* NULL: no memory */
/* Prints what is held. True: the person left the pager before the end. */
bool sql_page_close(struct sql_page *p);

#endif
