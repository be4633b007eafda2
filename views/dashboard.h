/*
 * Dashboards as the engine describes and answers them (docs/dashboards.md): what they are, how
 * their panels lie on a screen, what a panel's rows look like as a chart or as a table.
 *
 * Nothing here knows which dashboards there are. Ownership: struct board borrows the JSON that it
 * was read from; struct board_rows holds a reference to its answer. Thread rule: one thread at a
 * time.
 */
#ifndef VIEWS_DASHBOARD_H
#define VIEWS_DASHBOARD_H

#include <jansson.h>

#include "views/chart/chart.h"
#include "views/table.h"

enum board_kind { BOARD_STAT, BOARD_LINE, BOARD_BARS, BOARD_DONUT, BOARD_TABLE };

enum { BOARD_TWELFTHS = 12, BOARD_PANELS_MAX = 100, BOARD_DATE_MAX = 16 };

struct board_panel {
    const char *name, *title;
    const char *unit;                           /* NULL: none */
    const char *x, *y, *series, *label, *value; /* columns; NULL: none is named */
    enum board_kind kind;
    int width, height; /* twelfths of the width, shares of the height */
    bool has_rows;     /* there is a query for what is behind it */
};

struct board {
    const char *name, *title;
    const char *mart; /* NULL: none */
    int days;         /* the range that is shown first */
    int n;
    struct board_panel panels[BOARD_PANELS_MAX];
};

/* One of dashboard.list's: by name, else the index-th; false when there is none. */
bool board_read(const json_t *list, const char *name, size_t index, struct board *out);
size_t board_count(const json_t *list);
/* The name of the one behind `name`, the first after the last; NULL when there is none. */
const char *board_next(const json_t *list, const char *name);

/* ---- one panel's answer ---- */

/* Columns and rows of dashboard.data's panel, ready to be drawn. */
struct board_rows {
    json_t *answer; /* one of "panels" */
    const json_t *rows;
    size_t n;
    bool truncated;
    const char *error; /* why there are none, in the server's words; NULL */
    int columns;       /* at most TABLE_COLUMNS_MAX: more are not shown */
    int all_columns;
    struct table_column table[TABLE_COLUMNS_MAX];
    const char *types[TABLE_COLUMNS_MAX];
    char (*keys)[24]; /* of the rows */
};

/* Takes no reference of its own when it fails. Free by board_rows_free, which a zeroed one may be.
 */
enum err board_rows_read(struct board_rows *r, const json_t *answer, struct errbuf *e) MUST_CHECK;
void board_rows_free(struct board_rows *r);

/* NULL answers, and text for numbers as they are: for a file, and for the rows behind a figure. */
void board_rows_model(const struct board_rows *r, struct table_model *m);

struct board_look {
    enum glyphs glyphs;
    enum colours colours;
    const char *from, *to; /* dates: a line over dates shows all of them */
};

/* The panel with its heading. `answer` NULL: it has not come yet. */
void board_draw(struct grid *g, struct rect r, const struct board_panel *p,
                const struct board_rows *answer, const struct board_look *look);

/* ---- where panels lie ---- */

/* Lays the panels out in r, which may be too low for all: then they start at the row of panels in
 * which `selected` is visible. rects[i].h is 0 of those that are not on screen. Returns how many
 * rows of panels are above and below. */
struct board_hidden {
    int above, below; /* panels */
};
struct board_hidden board_lay_out(const struct board *b, struct rect r, int selected,
                                  struct rect *rects);

/* Days since 1970-01-01 of "2026-11-24"; false when it is none. And back. */
bool board_date_read(const char *text, int64_t *days);
char *board_date_write(int64_t days, char out[BOARD_DATE_MAX]);

#endif
