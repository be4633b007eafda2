/*
 * Connecting so that Ctrl-C ends the waiting: a server that hangs takes the call and says nothing.
 * The call runs on a thread; one that is left behind closes what it may still get. At a prompt a
 * connection that is gone is made anew by the next statement.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "backend/base/detached.h"

#include "console/sql_run.h"

struct opening {
    const struct sql_places *places;
    bool source;
    pthread_mutex_t lock;
    int users; /* of this struct: who asks, the thread */
    int ends[2];
    struct sql_session *session;
    enum err rc;
    struct errbuf e;
};

/* The last one to leave closes what nobody took. */
static void leave(struct opening *o)
{
    (void)pthread_mutex_lock(&o->lock);
    bool last = --o->users == 0;
    (void)pthread_mutex_unlock(&o->lock);
    if (!last)
        return;
    sql_session_close(o->session);
    (void)close(o->ends[0]);
    (void)close(o->ends[1]);
    (void)pthread_mutex_destroy(&o->lock);
    free(o);
}

static void *work(void *arg)
{
    struct opening *o = arg;
    struct sql_session *session = NULL;
    struct errbuf e;
    err_clear(&e);
    enum err rc = o->places->open(o->places->arg, o->source, &session, &e);
    (void)pthread_mutex_lock(&o->lock);
    o->session = session;
    o->rc = rc;
    o->e = e;
    (void)pthread_mutex_unlock(&o->lock);
    ssize_t n = write(o->ends[1], "o", 1);
    (void)n; /* one byte fits */
    leave(o);
    return NULL;
}

enum err sql_run_open(struct sql_run *r, bool source, struct sql_session **out, struct errbuf *e)
{
    struct opening *o = calloc(1, sizeof *o);
    *out = NULL;
    if (!o || pipe2(o->ends, O_CLOEXEC)) {
        free(o);
        return err_set(e, ERR_NOMEM, "no memory for a connection");
    }
    o->places = r->places;
    o->source = source;
    o->users = 2;
    (void)pthread_mutex_init(&o->lock, NULL);
    if (!detached_start(work, o)) {
        leave(o);
        leave(o);
        return err_set(e, ERR_NOMEM, "no thread for a connection");
    }
    bool interrupted = sql_interrupt_wait(o->ends[0], -1);
    enum err rc = err_set(e, ERR_CANCELED, "the server has not answered yet: not connected");
    (void)pthread_mutex_lock(&o->lock);
    r->left = r->left || interrupted;
    if (!interrupted) {
        *e = o->e;
        rc = o->rc;
        *out = o->session;
        o->session = NULL;
    }
    (void)pthread_mutex_unlock(&o->lock);
    leave(o);
    return rc;
}

enum err sql_run_connected(struct sql_run *r, struct errbuf *e)
{
    struct sql_session *next = NULL;
    if (!r->away)
        return ERR_OK;
    enum err rc = sql_run_open(r, r->on_source, &next, e);
    if (rc)
        return rc;
    sql_interrupts_session(next);
    sql_session_close(r->session);
    r->session = next;
    r->away = false;
    (void)fputs("Connected anew: what the old connection had (transaction, temporary tables, "
                "settings) is gone.\n",
                stderr);
    return ERR_OK;
}

void sql_run_note_lost(struct sql_run *r, enum err rc)
{
    if (rc != ERR_CONNECT)
        return;
    if (r->keyboard)
        r->away = true;
    else
        r->lost = true;
}
