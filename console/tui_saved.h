/*
 * Saved queries of the console: NAME.sql in the person's folder. Thread rule: one thread.
 */
#ifndef CONSOLE_TUI_SAVED_H
#define CONSOLE_TUI_SAVED_H

#include <jansson.h>

#include "backend/base/err.h"
#include "console/user_path.h"

enum { SAVED_QUERY_MAX = 16 << 10 }; /* bytes */

/* [{name, text}] by name; of a file that is too long {name, text: "", why}: a query of which the
 * end is missing would be another one. A new reference. */
json_t *tui_saved_list(void);

/* A new file; `path` gets its name. */
enum err tui_saved_save(const char *name, const char *sql, char path[USER_PATH_MAX],
                        struct errbuf *e) MUST_CHECK;

#endif
