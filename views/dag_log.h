/*
 * A task's log as the console shows it: lines as they come, wrapped to the width, searched.
 *
 * The engine keeps at most 1 MiB of a try; here the newest LOG_LINES_MAX lines. Ownership: owns its
 * lines. Thread rule: one thread at a time.
 */
#ifndef VIEWS_DAG_LOG_H
#define VIEWS_DAG_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "views/grid.h"

enum { LOG_LINES_MAX = 50000 };

struct log_row {
    uint32_t line, from, length;
};

struct dag_log {
    struct log_line {
        int64_t ts_us;
        char *text;
    } * lines;
    size_t n, cap;
    int64_t next; /* goes into `after` */
    bool ended;
    bool known; /* an answer came */
    int64_t dropped;
    /* wrapped to `width` */
    struct log_row *rows;
    size_t n_rows, rows_cap;
    size_t wrapped; /* lines that are */
    int width;
    bool ascii;
};

void dag_log_clear(struct dag_log *l);
/* Appends dag.logs' answer; false without memory. */
bool dag_log_take(struct dag_log *l, const json_t *answer);
/* Brings the rows up to date; returns how many there are. */
size_t dag_log_wrap(struct dag_log *l, int width, bool ascii);
/* How many of them are of lines that had been written at a moment (wall clock). */
size_t dag_log_rows_until(const struct dag_log *l, int64_t us);
/* Draws rows from `top` on; the line `marked` stands out. */
void dag_log_draw(const struct dag_log *l, struct grid *g, struct rect r, size_t top, size_t marked,
                  bool times);
/* The next (previous) line that contains a text, from `line` on, past the end to the begin again;
 * SIZE_MAX: there is none. */
size_t dag_log_search(const struct dag_log *l, const char *text, size_t line, bool forward);
/* The first row of a line. */
size_t dag_log_row_of(const struct dag_log *l, size_t line);

#endif
