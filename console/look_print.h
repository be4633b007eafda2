/*
 * Lists of an answer as aligned columns, each as wide as what stands in it: for commands that show
 * what the engine asked a server. Thread rule: one thread.
 */
#ifndef CONSOLE_LOOK_PRINT_H
#define CONSOLE_LOOK_PRINT_H

#include <jansson.h>

enum look_kind {
    LOOK_TEXT,
    LOOK_COUNT,    /* 48,201 */
    LOOK_BYTES,    /* 52.0 MB */
    LOOK_RATE,     /* bytes a second */
    LOOK_DURATION, /* seconds */
    LOOK_YES,      /* true: yes, else nothing */
    LOOK_LIST,     /* an array of texts */
    LOOK_LINE,     /* a text in one line, cut to what is left of the terminal; the last column */
};

struct look_column {
    const char *title;
    const char *member; /* of each object of the list */
    enum look_kind kind;
};

/* "heading" and the rows below, or "heading: none". The columns end with title NULL. most 0: all
 * rows; otherwise the first so many, and how many more there are. */
void look_print(const char *heading, const json_t *list, const struct look_column *columns,
                size_t most);

/* The members `part` and `text` of an answer's `errors`, one a line. */
void look_print_errors(const json_t *answer);

#endif
