/*
 * Sparklines in a list: the last two minutes of a figure of each row, as the engine recorded it
 * (recorder.objects). Asked in one question for the rows on screen and those around them, while the
 * column is shown, which only wide screens do.
 *
 * Ownership: it owns what it keeps (sparks_free). Thread rule: one thread at a time.
 */
#ifndef VIEWS_SPARKS_H
#define VIEWS_SPARKS_H

#include <jansson.h>

#include "views/pane.h"

enum { SPARKS_POINTS = 12 };

struct sparks {
    enum pane_id pane;         /* whose list it is */
    int column;                /* of that table */
    const char *list, *figure; /* of the snapshot, of each of its objects */
    json_t *series;            /* values by name; NULL: none came */
    bool drawn;                /* while the table is: elsewhere they are no text, as in a file */
};

void sparks_free(struct sparks *k);
bool sparks_ask(const struct sparks *k, const struct screen *s, struct ask *out);
void sparks_take(struct sparks *k, const struct screen *s, const struct answer *a);

/* The table with its sparklines. */
void sparks_draw(struct sparks *k, struct grid *g, struct rect r, const struct table_model *m,
                 struct table_state *t);
/* The cell of that column. */
void sparks_cell(const struct sparks *k, const struct screen *s, const char *name,
                 struct table_cell *out);

#endif
