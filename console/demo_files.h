/* What `flightdeck demo` writes into its folder beside the servers: the configuration, the
 * connectors, and where the engine's files are. Thread rule: one thread. */
#ifndef CONSOLE_DEMO_FILES_H
#define CONSOLE_DEMO_FILES_H

#include "backend/stack/stack.h"

enum { DEMO_PATH_MAX = 1200 };

struct demo_paths {
    char config[DEMO_PATH_MAX];
    char state[DEMO_PATH_MAX];
    char socket[DEMO_PATH_MAX];
    char engine_pid[DEMO_PATH_MAX];
    char engine_log[DEMO_PATH_MAX];
};

/* --dir, else $XDG_DATA_HOME/flightdeck/demo, else ~/.local/share/flightdeck/demo; for root
 * /var/lib/flightdeck/demo, since its home is closed to the servers' user. */
void demo_default_dir(char *out, size_t n);
/* Of the default folder, which is gone: what was made to hold it, unless it holds something else.
 */
void demo_remove_empty_parent(const char *dir);

void demo_paths_make(const char *dir, struct demo_paths *out);

/* flightdeck.yaml (anew), model.yaml and connectors/ (only what is not there: it may have been
 * changed). */
enum err demo_files_write(const struct stack *s, struct errbuf *e) MUST_CHECK;

#endif
