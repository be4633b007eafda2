/*
 * Lists of an answer as aligned columns, each as wide as what stands in it: for commands that show
 * what the engine asked a server. Thread rule: one thread.
 */
#ifndef CONSOLE_LOOK_PRINT_H
#define CONSOLE_LOOK_PRINT_H

#include <jansson.h>

#include "views/look_cell.h"

struct look_column {
    const char *title;
    const char *member; /* of each object of the list */
    enum look_kind kind;
};

/* "heading" and the rows below, or "heading: none". The columns end with title NULL; the last one,
 * if it is a text, is cut to what is left of the terminal. most 0: all rows; otherwise the first so
 * many, and how many more there are. */
void look_print(const char *heading, const json_t *list, const struct look_column *columns,
                size_t most);

/* The members `part` and `text` of an answer's `errors`, one a line. */
void look_print_errors(const json_t *answer);

#endif
