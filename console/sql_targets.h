/*
 * Where `flightdeck sql` finds the warehouse, the source and the engine: the options, else the
 * configuration. Immutable once found; any thread may open sessions.
 */
#ifndef CONSOLE_SQL_TARGETS_H
#define CONSOLE_SQL_TARGETS_H

#include "console/options.h"
#include "console/sql_run.h"

struct sql_targets;

/* Returns EXIT_DONE, or an exit code after saying why. The configuration is read only where the
 * options do not say it all; that the other side is not configured is an error of its use. */
int sql_targets_find(const struct arguments *a, struct sql_targets **out) MUST_CHECK;
/* Of the configuration alone; NULL where there is none, or no warehouse in it. */
struct sql_targets *sql_targets_of_config(const char *config);
void sql_targets_free(struct sql_targets *t);
struct sql_places sql_targets_places(struct sql_targets *t);

#endif
