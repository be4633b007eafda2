/*
 * What the console has asked the engine to change and is not answered yet: one order an object, so
 * that a slow one (apply, delete) holds up nothing but itself.
 *
 * Ownership: it owns the params of its orders. Pure: no clock, no I/O. Thread rule: one thread.
 */
#ifndef CONSOLE_TUI_ACTIONS_H
#define CONSOLE_TUI_ACTIONS_H

#include "views/screen.h"

enum { ACTIONS_MAX = 16, ACTIONS_SLOW_US = 5 * 1000000 };

struct tui_action {
    const char *method;
    json_t *params;
    int64_t id; /* of the request; 0: free */
    int64_t asked_us;
    char label[TABLE_KEY_MAX + 48];  /* "pause connector tickets-sink" */
    char object[TABLE_KEY_MAX + 48]; /* "connector tickets-sink": what it is about */
};

struct tui_actions {
    struct tui_action all[ACTIONS_MAX];
};

/* A place for it; NULL, and why in words, while an order about the same object (or too many) waits.
 * The caller gives it the id of its request, or forgets it. Takes effect's params. */
struct tui_action *tui_actions_add(struct tui_actions *t, struct effect *effect, int64_t now_us,
                                   char *why, size_t n);
/* NULL: none has this id. */
struct tui_action *tui_actions_find(struct tui_actions *t, int64_t id);
void tui_action_forget(struct tui_action *a);
void tui_actions_forget(struct tui_actions *t);
bool tui_actions_idle(const struct tui_actions *t);

/* "delete connector a, and 2 more": those that wait since `since_us` or longer; false: none does.
 */
bool tui_actions_words(const struct tui_actions *t, int64_t since_us, char *out, size_t n);
/* When the next one becomes slow; INT64_MAX: none will. */
int64_t tui_actions_slow_us(const struct tui_actions *t, int64_t now_us);

#endif
