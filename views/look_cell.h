/*
 * A member of an answer as a person reads it. Thread rule: any thread.
 */
#ifndef VIEWS_LOOK_CELL_H
#define VIEWS_LOOK_CELL_H

#include <jansson.h>
#include <stddef.h>

enum look_kind {
    LOOK_TEXT,     /* in one line */
    LOOK_COUNT,    /* 48,201 */
    LOOK_BYTES,    /* 52.0 MB */
    LOOK_RATE,     /* bytes a second */
    LOOK_DURATION, /* seconds */
    LOOK_YES,      /* yes, no */
    LOOK_LIST,     /* an array of texts */
    LOOK_FIGURE,   /* by the row's member `unit` */
};

/* A member as a person reads it. */
void look_cell(const json_t *row, const char *member, enum look_kind kind, char *out, size_t n);

/* An array of texts with commas between. */
void look_join(const json_t *list, char *out, size_t n);

#endif
