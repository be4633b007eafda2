/*
 * The rows of a table as a file: all columns, in the order and with the filter that are on screen.
 *
 * CSV is RFC 4180, JSON an array of objects, Markdown a pipe table. Cells are what the screen
 * shows. Pure.
 */
#ifndef VIEWS_EXPORT_H
#define VIEWS_EXPORT_H

#include "views/table.h"

enum export_format { EXPORT_CSV, EXPORT_JSON, EXPORT_MARKDOWN };

/* By the name's end: .csv, .json, .md; false when it is none of them. */
bool export_format_of(const char *path, enum export_format *out);

void export_table(const struct table_model *m, const struct table_state *t,
                  enum export_format format, struct buf *out);

#endif
