/*
 * Starts a thread that nobody joins, without the program's signals: those are its main thread's.
 * What both work on must outlive the one that ends last: count its users.
 */
#ifndef BASE_DETACHED_H
#define BASE_DETACHED_H

#include <stdbool.h>

/* False: there is no thread, and run was not called. */
bool detached_start(void *(*run)(void *arg), void *arg);

#endif
