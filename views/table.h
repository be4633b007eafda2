/*
 * A table over rows that somebody else holds: filter, sort, stable selection, scrolling, a frozen
 * header, and a set of columns that fits the width.
 *
 * The model is a few callbacks, so 10,000 rows cost nothing until they are drawn. The selection
 * follows a row's key, not its place: a refresh, a sort or a filter moves the table under it, never
 * it to another object. When its row goes away nothing is selected until a key moves it: what was
 * meant for one row must not reach its neighbour. Columns get their width from the definition and
 * the screen alone, so nothing jumps between refreshes.
 *
 * Ownership: the state owns its order array (table_free). Thread rule: one thread at a time.
 */
#ifndef VIEWS_TABLE_H
#define VIEWS_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "views/grid.h"
#include "views/units.h"

enum {
    TABLE_CELL_MAX = 512,
    TABLE_KEY_MAX = 300,
    TABLE_FILTER_MAX = 128,
    TABLE_COLUMNS_MAX = 16,
    TABLE_RANK_EXTRA = 6
};

struct table_column {
    const char *title;
    const char
        *file;    /* its name in a .csv or .json, with the unit; "": not in there; NULL: title */
    int width;    /* columns of the screen, without the gap */
    int rank;     /* 0 is always shown; the highest rank is left out first */
    bool right;   /* numbers */
    bool stretch; /* takes what is left over (one column) */
    bool picture; /* of the screen alone: no file has it, `o` passes over it */
    bool spare;   /* takes what is left over when the other one has what it wants */
    int want;     /* of the one that stretches: columns of TABLE_RANK_EXTRA and more wait for it */
};

/* What a file has where the screen has a text for people. */
enum value_kind {
    VALUE_SHOWN, /* the text */
    VALUE_NULL,
    VALUE_INT,
    VALUE_REAL,
    VALUE_TIME, /* microseconds since 1970 */
    VALUE_BOOL,
    VALUE_TEXT, /* all of it, however long */
    VALUE_JSON,
};

struct table_value {
    enum value_kind kind;
    union {
        int64_t integer;
        double real;
        const char *text; /* borrowed */
        const json_t *json;
    };
};

/* Filled by views/table_cell.h. */
struct table_cell {
    char text[TABLE_CELL_MAX];
    uint16_t style;
    struct table_value value;
};

struct table_model {
    const struct table_column *columns;
    int column_count;
    int file_columns; /* behind them, in files alone */
    size_t rows;
    const void *ctx;
    const char *(*key)(const void *ctx, size_t row);
    void (*cell)(const void *ctx, size_t row, int column, struct table_cell *out);
    /* <0, 0, >0 by a column; NULL: rows stay in their order */
    int (*compare)(const void *ctx, size_t a, size_t b, int column);
    /* of a column in files; NULL: the column says it */
    const char *(*file_name)(const void *ctx, int column);
    const char *empty; /* what to say when there is no row */
};

/* Where rows stand on the screen: those of the order from `first` on. */
struct table_area {
    struct rect r;
    size_t first;
};

enum { TABLE_AREAS = 2 }; /* a list may be drawn in two parts */

struct table_state {
    char key[TABLE_KEY_MAX]; /* of the selected row; "" before the first row came */
    size_t selected;         /* its place in `order` */
    bool gone;               /* that row is no longer there; nothing is selected */
    bool chosen;             /* by a person: worth a word when it goes */
    size_t top;              /* the first row on screen */
    int sort;                /* column, -1: the model's order */
    bool descending;
    bool follow; /* keep to the first row */
    char filter[TABLE_FILTER_MAX];
    char filtered[TABLE_FILTER_MAX]; /* by which `order` was made .. */
    size_t of_rows;                  /* .. of so many rows */
    size_t *order;                   /* rows that pass the filter, sorted */
    size_t n, cap;
    struct table_area areas[TABLE_AREAS]; /* as the last frame had them */
};

void table_free(struct table_state *s);

/* Brings order and selection up to date with the model. Call when rows, filter or sort changed: a
 * filter that got longer looks only through the rows that the shorter one left. */
enum err table_update(struct table_state *s, const struct table_model *m,
                      struct errbuf *e) MUST_CHECK;

/* The selected row of the model; false when there is none, or it is gone. */
bool table_selected(const struct table_state *s, size_t *row);
const char *table_key(const struct table_state *s); /* of that row; NULL */

/* Moves the selection by so many rows (clamped); page is the height that table_page gives. Where
 * the selected row is gone a step takes the one that has its place. */
void table_move(struct table_state *s, const struct table_model *m, long by);
/* Which place of the order a cell of the screen shows; false: none. */
bool table_at(const struct table_state *s, int y, int x, size_t *place);
void table_select(struct table_state *s, const struct table_model *m, size_t place);
void table_sort_next(struct table_state *s, const struct table_model *m);

/* Rows that fit below the header in a rectangle of h rows. */
int table_page(int h);

/* Scrolls so that the selection is visible, then draws. */
void table_draw(struct grid *g, struct rect r, const struct table_model *m, struct table_state *s,
                bool select);

/* For a model's compare: <0, 0, >0. A real that is not known (NAN) sorts below everything. */
int table_compare_int(int64_t a, int64_t b);
int table_compare_real(double a, double b);

/* The columns that fit in w, as column indices; widths get what each has. Returns how many. */
int table_fit(const struct table_model *m, int w, int *columns, int *widths);

/* Does needle (already folded) occur in text, without regard to case? */
bool text_contains(const char *text, const char *folded);
void text_fold(const char *text, struct buf *out);

#endif
