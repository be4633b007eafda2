/*
 * One engine at a time loads a model. Private to backend/model.
 *
 * Two that load the same entities would wait for each other's rows and indexes, in an order that
 * nobody has chosen. Where the warehouse has locks that a session keeps over its transactions
 * (PostgreSQL), the loader's first connection holds one from the look at raw to the last commit:
 * the second engine waits for it, and says who holds it when its patience ends. It goes with the
 * session, so an engine that died leaves none. Vertica has none: there each transaction locks the
 * entity that it loads (load_run.c), and the second engine waits for as long as the server's
 * LockTimeout says.
 *
 * What keeps the rows right is not the lock but the marks' compare-and-set.
 */
#ifndef MODEL_LOAD_LOCK_H
#define MODEL_LOAD_LOCK_H

#include "backend/model/load_crew.h"

/* *got false: another session has it. */
enum err load_lock_try(struct model_loader *l, bool *got, struct errbuf *e) MUST_CHECK;
/* Waits. ERR_RETRY: another engine has it for too long. */
enum err load_lock(struct model_loader *l, struct errbuf *e) MUST_CHECK;
/* A link that is lost has lost it already. */
void load_unlock(struct model_loader *l);

#endif
