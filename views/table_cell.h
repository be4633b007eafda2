/*
 * A cell's text, and the value behind it: the screen has "41.2 k", a file 41200.
 *
 * Each function sets both. What is not known is "-" and no value. Thread rule: as the table's.
 */
#ifndef VIEWS_TABLE_CELL_H
#define VIEWS_TABLE_CELL_H

#include "views/table.h"

void cell_text(struct table_cell *c, const char *text); /* NULL is nothing; borrowed */
void cell_count(struct table_cell *c, int64_t v);
void cell_rate(struct table_cell *c, double per_s);
void cell_bytes(struct table_cell *c, double bytes);
void cell_bytes_rate(struct table_cell *c, double per_s);
void cell_duration(struct table_cell *c, double seconds);
void cell_day(struct table_cell *c, int64_t wall_us);

/* The value alone, where the text says it in its own way. */
void cell_is_text(struct table_cell *c, const char *text); /* borrowed */
void cell_is_int(struct table_cell *c, int64_t v);
void cell_is_real(struct table_cell *c, double v);
void cell_is_time(struct table_cell *c, int64_t wall_us);
void cell_is_bool(struct table_cell *c, int v);           /* -1: not known */
void cell_is_json(struct table_cell *c, const json_t *v); /* borrowed; of any type */

#endif
