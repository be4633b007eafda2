/*
 * Bars of a run's tasks over time, as text: a row of w columns from the run's begin to its end (or
 * now). Pure.
 *
 *   ·····████      waits for a slot, then runs        (ASCII: ....####)
 *   ▒▒▒ ██████▶    a try that failed, the next one, which still runs  (xxx ######>)
 */
#ifndef VIEWS_DAG_GANTT_H
#define VIEWS_DAG_GANTT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

enum { GANTT_WIDTH_MAX = 160, GANTT_TEXT_MAX = 3 * GANTT_WIDTH_MAX + 1 };

/* The span of a run: dag.run's answer. False: it has not begun. */
bool gantt_span(const json_t *answer, int64_t now_us, int64_t *from_us, int64_t *to_us);

/* The bar of one of its tasks; out has at least GANTT_TEXT_MAX bytes. */
char *gantt_bar(const json_t *task, int64_t from_us, int64_t to_us, int64_t now_us, int w,
                bool ascii, char *out);

#endif
