/*
 * What pane 9 asks: queries on a thread with a connection of its own, and what needs no server
 * (completion, history, saved queries) at once. Answers go to the screen as those of methods
 * query.* (docs/console.md).
 *
 * The thread shares with the console a mutex, one request, and a list of answers that are never
 * changed once they are posted; a byte in a pipe tells of them. A result is read a page at a time:
 * the thread waits with its open cursor until the next page is wanted, or the next query.
 *
 * Thread rule: all functions on the console's thread.
 */
#ifndef CONSOLE_TUI_QUERY_H
#define CONSOLE_TUI_QUERY_H

#include "console/sql_run.h"
#include "views/screen.h"

struct tui_query;

/* places: how to connect; they must be there until close has said true. NULL: no memory. */
struct tui_query *tui_query_open(const struct sql_places *places, struct errbuf *e);
/* False: the thread still waits for a server, and will end with the process. */
bool tui_query_close(struct tui_query *q);

int tui_query_fd(const struct tui_query *q); /* readable when there are answers; q NULL: -1 */

/* An EFFECT_QUERY of the screen. Its answer may come at once. q NULL: says so. */
void tui_query_call(struct tui_query *q, struct screen *s, const struct effect *effect);

/* Takes the answers that are there to the screen. */
void tui_query_step(struct tui_query *q, struct screen *s);

#endif
