/*
 * The second thread of the control server: methods that may wait (CONTROL_WAITS), one after the
 * other, while the first thread goes on answering everybody.
 *
 * A job is a request line with who sent it; what comes of it is an answer line, collected by the
 * first thread, which is woken through its eventfd.
 * Thread rule: all calls from the server's thread or its owner's, never two at a time.
 */
#ifndef SERVE_CONTROL_JOBS_H
#define SERVE_CONTROL_JOBS_H

#include <stdint.h>

#include "backend/serve/control.h"

enum { CONTROL_JOBS_MAX = 64 };

struct control_jobs;

struct control_job {
    uint64_t conn; /* the caller's number of the connection */
    struct control_peer peer;
    char *line;
    size_t n;
    struct buf out; /* the answer */
    struct control_job *next;
};

/* o, and what it points to, outlives the thread. */
enum err control_jobs_start(const struct control_options *o, int wake_fd, struct control_jobs **out,
                            struct errbuf *e) MUST_CHECK;
/* ERR_LIMIT when CONTROL_JOBS_MAX are waiting. */
enum err control_jobs_add(struct control_jobs *j, uint64_t conn, const struct control_peer *peer,
                          const char *line, size_t n, struct errbuf *e) MUST_CHECK;
/* The next that is done, the caller's to free; NULL: none. */
struct control_job *control_jobs_take(struct control_jobs *j);
void control_job_free(struct control_job *job);
/* The one under way is done to its end, those behind it are refused; then the thread ends. */
void control_jobs_end(struct control_jobs *j);
void control_jobs_destroy(struct control_jobs *j); /* NULL is fine */

#endif
