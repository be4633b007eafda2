/*
 * What a pane shows as a file: the rows of a table, in the order and with the filter that are on
 * screen, or the row that is opened.
 *
 * CSV is RFC 4180, JSON an array of objects (an opened row: one object), Markdown a pipe table. CSV
 * and JSON are for programs: numbers are numbers, times ISO 8601 in UTC, durations seconds, units
 * stand in the columns' names, what is not known is null (in CSV nothing). Markdown is for people,
 * as the screen. Pure.
 */
#ifndef VIEWS_EXPORT_H
#define VIEWS_EXPORT_H

#include "views/table.h"

enum export_format { EXPORT_CSV, EXPORT_JSON, EXPORT_MARKDOWN };

/* By the name's end: .csv, .json, .md; false when it is none of them. */
bool export_format_of(const char *path, enum export_format *out);

void export_table(const struct table_model *m, const struct table_state *t,
                  enum export_format format, struct buf *out);

/* An object of the protocol: its members `.._us` become times without that end, `.._ms` seconds
 * (`.._s`). CSV and Markdown have a row a value, "a.b" where it lies deeper. */
void export_object(const json_t *object, enum export_format format, struct buf *out);

/* The name of a column in CSV and JSON; "": it is not in there. Valid as long as `out`. */
const char *export_column_name(const struct table_model *m, int column, char *out, size_t n);

#endif
