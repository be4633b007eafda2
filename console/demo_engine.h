/*
 * The engine that works on the demo's configuration, whoever started it: the demo itself, or a
 * person as the demo's last lines say. Its lock on the state folder tells.
 *
 * Thread rule: one thread.
 */
#ifndef CONSOLE_DEMO_ENGINE_H
#define CONSOLE_DEMO_ENGINE_H

#include <sys/types.h>

#include "backend/base/err.h"
#include "console/demo_files.h"

/* Its pid (a batch has the lock as well); 0: none runs. */
pid_t demo_engine_pid(const struct demo_paths *p);

/* Asks it to stop by its control socket and waits for its end. ERR_STATE names the pid of what has
 * not ended. */
enum err demo_engine_end(const struct demo_paths *p, struct errbuf *e) MUST_CHECK;

#endif
