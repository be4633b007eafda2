/*
 * The rows of a query that are held: pages in the order they came. When they take more than the
 * limit the oldest page is let go, so that a result of any size takes no more than that.
 *
 * A page is JSON as the shell's worker makes it (query.page in docs/console.md). Thread rule: one
 * thread at a time.
 */
#ifndef VIEWS_QUERY_RESULT_H
#define VIEWS_QUERY_RESULT_H

#include <jansson.h>
#include <stdbool.h>

#include "views/grid.h"
#include "views/table.h"

enum {
    QUERY_PAGES_HELD = 8,
    QUERY_PAGE_ROWS = 500,
    QUERY_PAGE_BYTES = 1 << 20,
    QUERY_COLUMN_WIDEST = 40,
};

struct query_page {
    char **rows; /* of each row its cells, one behind the other, each with its NUL; NULL is \001 */
    size_t n;
};

struct query_result {
    struct table_column *columns; /* titles are owned; right: a number */
    int n_columns;
    struct query_page pages[QUERY_PAGES_HELD];
    int n_pages;
    size_t gone; /* rows before the first that is held */
    size_t rows; /* held */
    bool more;   /* the server has further ones */
};

void query_result_free(struct query_result *r);
/* The first page of another result, or a further one. False: no memory, and it is as it was. */
bool query_result_take(struct query_result *r, const json_t *page);
/* NULL: the value is NULL. */
const char *query_result_cell(const struct query_result *r, size_t row, int column);

#endif
