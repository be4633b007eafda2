/*
 * What the files of pane 9 share: its state, and its drawing (query_draw.c). Thread rule: as the
 * screen's.
 */
#ifndef VIEWS_QUERY_STATE_H
#define VIEWS_QUERY_STATE_H

#include "views/pane.h"
#include "views/query_chart.h"
#include "views/query_edit.h"

enum focus { FOCUS_EDITOR, FOCUS_RESULT, FOCUS_SAVED };
struct query_state {
    enum focus focus;
    struct query_edit edit;
    struct query_result result;
    struct query_chart chart;
    bool running;
    bool asked_more;
    bool failed;
    bool canceling; /* asked for, and the server has not answered */
    bool exports;   /* the newest run writes a file */
    bool changed;   /* what ran last may have changed something */
    char block;     /* of its session: a transaction is open ('*'), and failed ('!'); 0: none */
    bool source;    /* whom it asks; else the warehouse */
    int64_t run;    /* the newest */
    int64_t started_us;
    char *ran;        /* the text of that run */
    char *words;      /* what came of it, or the error */
    char *candidates; /* of the last completion; NULL: none */
    int column;       /* the first one behind the frozen one */
    json_t *saved;    /* [{name, text, saved}] */
    char key[32];
};

static inline struct query_state *query_state_of(const struct screen *s)
{
    return PANE_STATE(s, PANE_QUERY, struct query_state);
}

/* Only what is no change where the console only looks. */
bool query_read_only(const struct screen *s);

/* The table of the rows, or of the saved queries. */
void query_model(const struct screen *s, struct table_model *m);

void query_render(struct screen *s, struct grid *g, struct rect r);

#endif
