/*
 * The engine's methods of the control protocol (docs/control.md): a thin layer from JSON to
 * engine.h. Thread rule: start and stop on one thread; the methods run on the control server's.
 */
#ifndef SERVE_METHODS_H
#define SERVE_METHODS_H

#include "backend/engine/engine.h"

struct service;

/* on_stop: engine.stop was asked for (on the server's thread: signal, do not block). */
enum err service_start(struct engine *g, const struct config *c, void (*on_stop)(void *arg),
                       void *arg, struct service **out, struct errbuf *e) MUST_CHECK;
void service_stop(struct service *s);

#endif
