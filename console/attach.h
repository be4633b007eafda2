/*
 * How a command finds the engine: --socket, else the configuration's control.socket.
 *
 * Thread rule: one thread.
 */
#ifndef CONSOLE_ATTACH_H
#define CONSOLE_ATTACH_H

#include <stddef.h>

#include "backend/serve/client.h"
#include "console/options.h"

enum { ATTACH_PATH_MAX = 256 };

struct attach {
    char path[ATTACH_PATH_MAX]; /* the socket */
    bool read_only;             /* role: viewer in the configuration */
};

/* Returns EXIT_DONE, or an exit code after saying why on stderr. */
int attach_find(const struct arguments *a, struct attach *out) MUST_CHECK;

/* attach_find, and connects. */
int attach_connect(const struct arguments *a, struct client **out) MUST_CHECK;

/* The same for what changes something: where people only look (role: viewer, production) it wants
 * the environment's name, by --elevate or typed on a terminal, and the engine records it. */
int attach_connect_to_change(const struct arguments *a, struct client **out) MUST_CHECK;

/* --elevate, where it is given, must be this environment's name: EXIT_USAGE after saying so. */
int attach_check_elevate(const struct arguments *a, const char *name) MUST_CHECK;

/* Asks on the terminal for `name` to be typed, after `words` about what is done. Without a terminal
 * it says `option`, which a script gives. EXIT_DONE, or an exit code after saying why. */
int attach_ask_name(const struct arguments *a, const char *words, const char *name,
                    const char *option) MUST_CHECK;

/* Says what went wrong on stderr and returns the exit code: 3 when no engine answers. */
int attach_fail(const struct arguments *a, const struct errbuf *e);

enum { ATTACH_CHANGE_MS = 60000, ATTACH_ASK_MS = 600000 };

/* One call: *result is a new reference. Returns EXIT_DONE, or an exit code after saying why (the
 * faults of data.errors too). */
int attach_call(const struct arguments *a, struct client *c, const char *method,
                const json_t *params, json_t **result) MUST_CHECK;

/* The same for what a server has to answer first, which may take minutes. */
int attach_ask(const struct arguments *a, struct client *c, const char *method,
               const json_t *params, json_t **result) MUST_CHECK;

/* The same for what ends a connector's run first (apply, delete), which may take a while. */
int attach_change(const struct arguments *a, struct client *c, const char *method,
                  const json_t *params, json_t **result) MUST_CHECK;

/* json on stdout, indented where a person reads it. Returns an exit code. */
int attach_print_json(const struct arguments *a, const json_t *json);

/* The same with every digit that a real has: for what is data, and no figure of ours. */
int attach_print_exact_json(const struct arguments *a, const json_t *json);

/* Columns of the terminal on stdout; `otherwise` when it is none. */
int attach_columns(int otherwise);

/* Are characters beyond ASCII shown (nl_langinfo(CODESET))? */
bool attach_is_utf8(void);

/* A member of an answer as text ("" when it is none), as a number (UNKNOWN_INT of views/units.h).
 */
const char *attach_text(const json_t *o, const char *name);
int64_t attach_int(const json_t *o, const char *name);

/* Columns that the widest of the list's members of this name takes; `least` at the least. */
int attach_width(const json_t *list, const char *member, int least);

/* Prints text from outside, made printable, padded to w columns (0: as it is). */
void attach_put(const char *s, int w);

#endif
