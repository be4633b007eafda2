/*
 * What was typed, kept between sessions: $FLIGHTDECK_SQLHISTORY, else
 * ~/.local/state/flightdeck/sql_history. One statement a line (its line ends as \001, as psql does
 * it), mode 0600, appended as it is typed, so that two sessions keep each other's. Statements that
 * hold a secret are not kept at all. Thread rule: one thread.
 */
#ifndef CONSOLE_SQL_HISTORY_H
#define CONSOLE_SQL_HISTORY_H

#include <stdbool.h>
#include <stddef.h>

#include "backend/base/err.h"

struct sql_history;

/* path NULL: the usual place. NULL: no memory. That it cannot be read or written is no error: *e
 * says it and what is typed is kept for the session only. */
struct sql_history *sql_history_open(const char *path, struct errbuf *e);
void sql_history_close(struct sql_history *h);

/* Not kept: nothing, what begins with a blank, a repetition of the last one, a secret. True: kept.
 */
bool sql_history_add(struct sql_history *h, const char *text);
size_t sql_history_n(const struct sql_history *h);
const char *sql_history_get(const struct sql_history *h, size_t i); /* 0: the oldest */
/* The newest before `from` that has `text` in it; sql_history_n(h): none. */
size_t sql_history_find(const struct sql_history *h, size_t from, const char *text);

/* A password, key or token stands in the text as a literal. */
bool sql_history_secret(const char *text);

#endif
