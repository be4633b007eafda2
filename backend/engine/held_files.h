/*
 * Files that the engine read at its start (model, marts, tests, DAGs and the SQL beside them) and
 * that have changed on disk since: what it holds is not what they say.
 *
 * Thread rule: any thread; looks at the disk each time.
 */
#ifndef ENGINE_HELD_FILES_H
#define ENGINE_HELD_FILES_H

#include <jansson.h>

#include "backend/engine/config.h"

/* Their paths, at most HELD_FILES_MAX; an empty array when there are none. NULL: no memory. */
enum { HELD_FILES_MAX = 20 };
json_t *held_files_changed(const struct config *c, int64_t since_wall_us);

#endif
