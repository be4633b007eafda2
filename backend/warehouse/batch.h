/*
 * The inside of a columnar batch (struct wbatch of warehouse.h), for insert.c and upsert.c.
 *
 * A column starts as "constant": as long as every cell equals the first nothing is stored but that
 * one. With the first different cell it is written out. Envelope columns (source_db, op, ..) stay
 * constant for whole batches, and the dialects send them once.
 *
 * Written out, a column is what the dialect sends: for array literals "{a,b,\"c d\"" (without the
 * closing brace), for array binding the bytes end to end with the length of each cell.
 */
#ifndef WAREHOUSE_BATCH_H
#define WAREHOUSE_BATCH_H

#include "backend/base/arena.h"
#include "backend/warehouse/dialect.h"
#include "backend/warehouse/warehouse.h"

struct batch_column {
    struct wcolumn def; /* name is owned */
    bool constant;
    struct cell first; /* points into first_bytes */
    struct buf first_bytes;
    struct buf data;
    int32_t *lengths; /* array binding: one a row, -1 NULL */
    size_t lengths_cap;
    size_t before; /* data.len before the row that is being added */
};

struct unchanged {
    int row;
    int column;
};

struct wbatch {
    const struct dialect *dialect;
    int n;
    int rows;
    size_t bytes;
    struct batch_column *columns;
    struct unchanged *unchanged; /* in row order */
    int n_unchanged;
    int unchanged_cap;
};

/* Appends rows [from, to) of column c as an array literal, from "{" to "}". */
void batch_literal(const struct wbatch *b, int c, int from, int to, struct buf *out);

/* Appends one element of an array literal; false when it holds a NUL. */
bool batch_element(struct buf *out, const struct cell *c);

/* The cells of rows [from, to), row by row (n cells each), decoded again; they live in `a`. */
enum err batch_cells(const struct wbatch *b, int from, int to, struct arena *a, struct cell **out,
                     struct errbuf *e) MUST_CHECK;

#endif
