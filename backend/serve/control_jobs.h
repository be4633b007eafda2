/*
 * The other threads of the control server: methods that may wait, while the first thread goes on
 * answering everybody. There are three such queues: changes that wait (CONTROL_WAITS) have one
 * thread, so they are done one after the other; questions to servers (CONTROL_ASKS) have
 * CONTROL_ASKERS, so that one that hangs does not hold up the next; what changes something at a
 * server (CONTROL_ASKS with CONTROL_MUTATES) has CONTROL_ORDERERS: a statement is canceled while
 * the questions' threads all wait for such statements.
 *
 * A job is a request line with who sent it; what comes of it is an answer line, collected by the
 * first thread, which is woken through its eventfd.
 * Thread rule: all calls from the server's thread or its owner's, never two at a time.
 */
#ifndef SERVE_CONTROL_JOBS_H
#define SERVE_CONTROL_JOBS_H

#include <stdint.h>

#include "backend/serve/control.h"

enum {
    CONTROL_JOBS_MAX = 64,
    CONTROL_ASKERS = 3,
    CONTROL_ORDERERS = 2,
    CONTROL_JOBS_THREADS_MAX = 4
};

struct control_jobs;

struct control_job {
    uint64_t conn; /* the caller's number of the connection */
    struct control_peer peer;
    char *line;
    size_t n;
    struct buf out; /* the answer */
    struct control_job *next;
};

/* So many threads. o, and what it points to, outlives them. */
enum err control_jobs_start(const struct control_options *o, int threads, int wake_fd,
                            struct control_jobs **out, struct errbuf *e) MUST_CHECK;
/* ERR_LIMIT when CONTROL_JOBS_MAX are waiting. */
enum err control_jobs_add(struct control_jobs *j, uint64_t conn, const struct control_peer *peer,
                          const char *line, size_t n, struct errbuf *e) MUST_CHECK;
/* The next that is done, the caller's to free; NULL: none. */
struct control_job *control_jobs_take(struct control_jobs *j);
void control_job_free(struct control_job *job);
/* Those under way are done to their end, those behind them are refused; then the threads end. */
void control_jobs_end(struct control_jobs *j);
void control_jobs_destroy(struct control_jobs *j); /* NULL is fine */

#endif
