/*
 * The names that a server has, for completion. A thread reads them through a connection of its own,
 * so that typing never waits for a server; who asks gets what is known so far.
 *
 * Words are immutable; who takes them releases them. Thread rule: a completer belongs to one
 * thread, words to any.
 */
#ifndef CONSOLE_SQL_WORDS_H
#define CONSOLE_SQL_WORDS_H

#include "console/sql_run.h"

struct sql_relation_words {
    const char *schema, *name;
    const char *const *columns;
    size_t n_columns;
};

struct sql_words {
    const struct sql_relation_words *relations; /* by schema and name */
    size_t n_relations;
    const char *const *schemas; /* sorted */
    size_t n_schemas;
};

/* From rows of (schema, relation, column), ordered by the first two, for loaders and tests; the
 * grid is copied. NULL: no memory. */
struct sql_grid;
const struct sql_words *sql_words_make(const struct sql_grid *columns);
void sql_words_release(const struct sql_words *w); /* NULL is fine */

/* NULL: no memory or no thread; then there are keywords only. What the places point to must be
 * there until stop has said true. */
struct sql_completer *sql_completer_start(const struct sql_places *places, bool source);
/* NULL is fine. Waits for no server: false when the thread still waits for one; it then ends by
 * itself. */
bool sql_completer_stop(struct sql_completer *c);
const struct sql_words *sql_completer_words(struct sql_completer *c); /* NULL: not yet */
void sql_completer_reload(struct sql_completer *c);
void sql_completer_switch(struct sql_completer *c, bool source);
/* How often words have been read; to wait for in tests. */
int sql_completer_loads(struct sql_completer *c);

#endif
