/*
 * A command's arguments, read by its row of the command table: --name VALUE, --name=VALUE, -n
 * VALUE, flags (-t -A is -tA), words, a verb. What does not fit is said on stderr, with the nearest
 * known.
 */
#ifndef CONSOLE_OPTIONS_H
#define CONSOLE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/engine/config.h"
#include "console/commands.h"

enum { ARGUMENTS_OPTIONS_MAX = 40, ARGUMENTS_WORDS_MAX = 256, ARGUMENTS_GIVEN_MAX = 256 };

struct argument_given {
    const char *name; /* of the option, as in the table */
    const char *value;
};

struct arguments {
    const struct command *command;
    const struct command_verb *verb;                  /* NULL where the command has none */
    const char *config;                               /* --config; NULL: not given */
    const char *values[ARGUMENTS_OPTIONS_MAX];        /* by the option's place; flags: "" */
    struct argument_given given[ARGUMENTS_GIVEN_MAX]; /* all of them in their order, for options
                                                         that may come more than once */
    int n_given;
    int n;
    char *words[ARGUMENTS_WORDS_MAX + 1]; /* without command and verb; NULL-terminated */
};

/* The command is argv[0]. Returns EXIT_DONE, or EXIT_USAGE after saying why on stderr. */
int arguments_read(int argc, char **argv, struct arguments *out) MUST_CHECK;

/* The value of an option of the table; NULL when not given. The name must be in the table. */
const char *arguments_value(const struct arguments *a, const char *name);
bool arguments_flag(const struct arguments *a, const char *name);

/* A whole number from least to most; `def` when not given. EXIT_USAGE after saying why. */
int arguments_number(const struct arguments *a, const char *name, int64_t least, int64_t most,
                     int64_t def, int64_t *out) MUST_CHECK;

/* The configuration of the demo that `flightdeck demo` made in its usual place; false: none is
 * there. */
bool arguments_demo_config(char *out, size_t n);

/* Loads --config (or what the search finds). On a fault it is said on stderr: EXIT_USAGE. */
int arguments_config(const struct arguments *a, struct config **out) MUST_CHECK;

/* "flightdeck NAME: text" on stderr; returns `code`. */
int command_fail(const struct arguments *a, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
