/*
 * The socket below an ODBC connection, or a libpq connection of a person's.
 *
 * ODBC has no way to give a connection up: a driver that waits for a server that hangs waits for
 * ever, and SQLCancel asks that very server. So the sockets that a thread connects while it is
 * bound to a link are noted, and link_cut shuts the last of them down: the driver's read returns at
 * once, as if the server had closed. A driver that connects in another thread is not caught; then
 * only SQLCancel is left.
 *
 * Thread rule: link_bind concerns the calling thread; link_cut from any.
 */
#ifndef WAREHOUSE_LINK_H
#define WAREHOUSE_LINK_H

#include <pthread.h>
#include <stdbool.h>

struct link {
    pthread_mutex_t mutex;
    int fd; /* a duplicate of the socket, so that it is still ours when the driver has closed; -1 */
    bool cut;
};

void link_init(struct link *l);
void link_free(struct link *l);
/* NULL: the thread's connections are its own again. */
void link_bind(struct link *l);
/* Now, and whatever the bound thread connects from now on. */
void link_cut(struct link *l);

#endif
