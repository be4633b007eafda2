/*
 * One row of COPY .. TO STDOUT in text format (PostgreSQL's documentation, COPY, "Text Format").
 * Bytes in, cells out; no I/O, no allocation. Internal to backend/postgres.
 */
#ifndef POSTGRES_COPY_TEXT_H
#define POSTGRES_COPY_TEXT_H

#include "backend/base/relation.h"

/*
 * Splits line (n bytes with its \n) into exactly n_cells cells that point into it; values with
 * escapes are unescaped in place. False when the line is not such a row.
 */
bool copy_text_row(char *line, size_t n, struct cell *cells, int n_cells);

#endif
