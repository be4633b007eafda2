/*
 * Variables of a REPL: names of letters, digits and _, values of any text. They keep the order of
 * their names. Thread rule: one thread.
 */
#ifndef CONSOLE_SQL_VARIABLES_H
#define CONSOLE_SQL_VARIABLES_H

#include <stdbool.h>
#include <stddef.h>

#include "backend/base/err.h"

struct sql_variables {
    struct sql_variable {
        char *name;
        char *value;
    } * items; /* sorted by name */
    size_t n;
    size_t cap;
};

void sql_variables_free(struct sql_variables *v);
const char *sql_variables_get(const struct sql_variables *v, const char *name); /* NULL: not set */
enum err sql_variables_set(struct sql_variables *v, const char *name, const char *value,
                           struct errbuf *e) MUST_CHECK;
void sql_variables_unset(struct sql_variables *v, const char *name);
/* Set, and neither 0, off, false nor no. */
bool sql_variables_on(const struct sql_variables *v, const char *name);

#endif
