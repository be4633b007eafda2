/*
 * What panes 5 and 6 know and look at: a dashboard, a range of dates, the engine's answers.
 *
 * Answers are taken when they are to what is looked at now; the last good ones stay until others
 * come. For the pane's files only. Thread rule: as the screen's.
 */
#ifndef VIEWS_DASHBOARD_STATE_H
#define VIEWS_DASHBOARD_STATE_H

#include "views/dashboard.h"
#include "views/pane.h"
#include "views/past.h"

enum view { VIEW_PANEL, VIEW_ROWS };

/* One answer of dashboard.data. */
struct board_data {
    json_t *answer;            /* NULL: none came yet */
    struct board_rows *panels; /* of it, by the board's panels; board.n of them */
    int64_t us;                /* monotonic: when it came */
};

struct dashboard_state {
    enum pane_id pane;
    const char *first; /* the dashboard that is shown first */
    json_t *list;      /* the answer of dashboard.list */
    char list_error[256];
    struct board board; /* of `list` */
    bool known;         /* board is one */

    /* what is looked at */
    int days; /* to today; 0: the dates below */
    char from[BOARD_DATE_MAX], to[BOARD_DATE_MAX];
    enum view view;
    bool from_panel; /* rows: opened out of VIEW_PANEL */

    /* what is known of it */
    struct board_data data; /* what is shown: the last good one, or the past one */
    struct board_data live; /* the last good one while a past one is shown */
    struct past past;
    bool is_past;     /* `data` is that of `past` */
    char error[256];  /* why the newest question has none */
    int64_t made_run; /* of the refresh after which the data were asked anew */

    struct board_rows rows; /* VIEW_ROWS, when there is a query for them */
    char rows_error[256];
    struct table_state table; /* of rows, or of the panel's own */
};

struct dashboard_state *dashboard_state_of(const struct screen *s, enum pane_id pane);
/* Of the pane that is open. */
struct dashboard_state *dashboard_shown(const struct screen *s);

/* The panel that is open or selected in the pane that is open; -1. */
int dashboard_panel(const struct screen *s);

void dashboard_free(void *state);
void dashboard_forget_rows(struct dashboard_state *st);

/* Another dashboard, by name, else the index-th. */
void dashboard_choose(struct dashboard_state *st, const char *name, size_t index);

/* The dates that are looked at; false while nobody knows what day it is. */
bool dashboard_range(const struct screen *s, const struct dashboard_state *st,
                     char from[BOARD_DATE_MAX], char to[BOARD_DATE_MAX]);
void dashboard_next_range(struct dashboard_state *st);
/* "14", or "2026-10-01 2026-10-31"; what is none of them is said. */
void dashboard_set_dates(struct screen *s, struct dashboard_state *st, const char *text);

/* As a pane's. */
bool dashboard_ask(const struct screen *s, int i, struct ask *out);
void dashboard_take(struct screen *s, struct dashboard_state *st, const struct answer *a);

/* Are the data those of what is looked at now? */
bool dashboard_is_current(const struct screen *s, const struct dashboard_state *st);
/* What is live comes back when the past is left. */
void dashboard_leave_past(const struct screen *s, struct dashboard_state *st);

#endif
