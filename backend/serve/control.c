/*
 * The sockets of the control server: one thread, one poll(). Others (control_jobs.h) have the
 * requests that may take long.
 *
 * Who owns the path: `path.lock` is locked (flock) as long as the server lives, so of two engines
 * that start together exactly one gets it; a lock ends with its process, whatever killed it. Only
 * the holder looks at the socket file: one that refuses connections is a dead engine's and is
 * replaced. The lock file stays (removing it would let two processes lock two inodes).
 *
 * Back-pressure: while a client leaves more than CONTROL_UNREAD_MAX answer bytes unread, its
 * requests are not read; one that takes no byte for CONTROL_SLOW_READER_US is disconnected. A line
 * longer than CONTROL_REQUEST_MAX is answered with an error and skipped to its newline.
 */
#include "backend/serve/control.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "backend/base/clock.h"
#include "backend/base/log.h"
#include "backend/serve/control_jobs.h"

enum {
    READ_CHUNK = 64 << 10,
    BACKLOG = 16,
    POLL_IDLE_MS = 5000,   /* slow readers are looked for so often */
    ACCEPT_PAUSE_MS = 200, /* no file descriptors left: do not spin */
};

struct conn {
    int fd;
    uint64_t id;
    int jobs; /* requests of it that other threads have */
    struct control_peer peer;
    struct buf in;
    struct buf out;
    size_t scanned;      /* bytes of `in` that hold no newline */
    size_t sent;         /* bytes of `out` that are gone */
    bool skipping;       /* inside a line that was too long */
    bool eof;            /* no more requests come: answer what is there, then close */
    bool closing;        /* no memory: send what is there, then close */
    int64_t progress_us; /* when the reader last took a byte, or had none to take */
};

struct control_server {
    struct control_options o;
    char *path;
    int lock_fd;
    int listen_fd;
    int wake_fd;
    dev_t dev;
    ino_t ino;
    bool bound;
    bool started;
    bool accept_pause;
    atomic_bool stop;
    atomic_int client_count;
    pthread_t thread;
    struct control_jobs *changes; /* CONTROL_WAITS */
    struct control_jobs *asks;    /* CONTROL_ASKS .. */
    struct control_jobs *orders;  /* .. with CONTROL_MUTATES: what cancels is not behind them */
    uint64_t last_id;
    int n;
    struct conn conns[CONTROL_CLIENTS_MAX];
};

/* ---- the path ---- */

static enum err make_parents(const char *path, struct errbuf *e)
{
    char dir[sizeof((struct sockaddr_un *)0)->sun_path];
    (void)snprintf(dir, sizeof dir, "%s", path);
    for (char *p = strchr(dir + 1, '/'); p; p = strchr(p + 1, '/')) {
        *p = '\0';
        if (mkdir(dir, 0700) != 0 && errno != EEXIST)
            return err_errno(e, ERR_IO, "cannot make the directory %s of the control socket", dir);
        *p = '/';
    }
    return ERR_OK;
}

static enum err take_lock(struct control_server *s, struct errbuf *e)
{
    char lock[sizeof((struct sockaddr_un *)0)->sun_path + 8];
    (void)snprintf(lock, sizeof lock, "%s.lock", s->path);
    s->lock_fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (s->lock_fd < 0)
        return err_errno(e, ERR_IO, "cannot open %s", lock);
    if (flock(s->lock_fd, LOCK_EX | LOCK_NB) == 0)
        return ERR_OK;
    if (errno == EWOULDBLOCK)
        return err_set(e, ERR_EXISTS,
                       "another engine holds %s: stop it first, or give this one a control.socket "
                       "of its own",
                       s->path);
    return err_errno(e, ERR_IO, "cannot lock %s", lock);
}

/* Removes a socket that nobody answers on. */
static enum err clear_stale(const char *path, const struct sockaddr_un *addr, struct errbuf *e)
{
    struct stat st;
    if (lstat(path, &st) != 0)
        return errno == ENOENT ? ERR_OK : err_errno(e, ERR_IO, "cannot look at %s", path);
    if (!S_ISSOCK(st.st_mode))
        return err_set(e, ERR_EXISTS,
                       "%s exists and is not a socket: move it away, or set another control.socket",
                       path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_errno(e, ERR_IO, "cannot make a socket");
    int rc = connect(fd, (const struct sockaddr *)addr, sizeof *addr);
    int why = errno;
    (void)close(fd);
    if (rc == 0 || why == EAGAIN)
        return err_set(e, ERR_EXISTS, "an engine answers already on %s: stop it first", path);
    if (why != ECONNREFUSED) {
        errno = why;
        return err_errno(e, ERR_IO, "cannot tell whether an engine answers on %s", path);
    }
    log_info("control", "%s was left by an engine that is gone: replacing it", path);
    if (unlink(path) != 0 && errno != ENOENT)
        return err_errno(e, ERR_IO, "cannot replace the stale socket %s", path);
    return ERR_OK;
}

static enum err listen_on(struct control_server *s, struct errbuf *e)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    if (strlen(s->path) >= sizeof addr.sun_path)
        return err_set(e, ERR_CONFIG,
                       "control.socket %s is longer than the %zu bytes that a socket's path can "
                       "have: choose a shorter one",
                       s->path, sizeof addr.sun_path - 1);
    (void)snprintf(addr.sun_path, sizeof addr.sun_path, "%s", s->path);
    enum err rc = make_parents(s->path, e);
    if (rc == ERR_OK)
        rc = take_lock(s, e);
    if (rc == ERR_OK)
        rc = clear_stale(s->path, &addr, e);
    if (rc != ERR_OK)
        return rc;
    s->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (s->listen_fd < 0)
        return err_errno(e, ERR_IO, "cannot make the control socket");
    /* The file gets the socket's mode at bind: there is no moment with a wider one, and the umask
     * (which is the whole process's) is left alone. */
    if (fchmod(s->listen_fd, 0600) != 0)
        return err_errno(e, ERR_IO, "cannot restrict the control socket");
    if (bind(s->listen_fd, (const struct sockaddr *)&addr, sizeof addr) != 0)
        return err_errno(e, ERR_IO, "cannot bind the control socket %s", s->path);
    s->bound = true;
    struct stat st;
    if (lstat(s->path, &st) != 0)
        return err_errno(e, ERR_IO, "cannot look at %s", s->path);
    s->dev = st.st_dev;
    s->ino = st.st_ino;
    if ((st.st_mode & 0077) != 0 && chmod(s->path, 0600) != 0)
        return err_errno(e, ERR_IO, "cannot restrict %s", s->path);
    if (listen(s->listen_fd, BACKLOG) != 0)
        return err_errno(e, ERR_IO, "cannot listen on %s", s->path);
    return ERR_OK;
}

/* Only our own socket: somebody may have put another one there. */
static void remove_socket(const struct control_server *s)
{
    struct stat st;
    if (s->bound && lstat(s->path, &st) == 0 && st.st_dev == s->dev && st.st_ino == s->ino)
        (void)unlink(s->path);
}

/* ---- a client ---- */

static void read_peer(int fd, struct control_peer *peer)
{
    struct ucred cred = {.pid = 0, .uid = (uid_t)-1};
    socklen_t size = sizeof cred;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) != 0)
        log_warning("control", "the peer's credentials are unknown: %m");
    peer->uid = cred.uid;
    peer->pid = cred.pid;
    (void)snprintf(peer->user, sizeof peer->user, "%ld", (long)cred.uid);
    struct passwd pw;
    struct passwd *found = NULL;
    char text[4096];
    if (getpwuid_r(cred.uid, &pw, text, sizeof text, &found) == 0 && found)
        (void)snprintf(peer->user, sizeof peer->user, "%s", found->pw_name);
}

static void drop(struct control_server *s, int i)
{
    struct conn *c = &s->conns[i];
    (void)close(c->fd);
    buf_free(&c->in);
    buf_free(&c->out);
    s->conns[i] = s->conns[--s->n];
    s->client_count = s->n;
}

static size_t unread(const struct conn *c)
{
    return c->out.len - c->sent;
}

/* False when the client is gone. */
static bool send_ready(struct conn *c)
{
    while (unread(c)) {
        ssize_t k = send(c->fd, c->out.p + c->sent, unread(c), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK;
        c->sent += (size_t)k;
        c->progress_us = clock_mono_us();
    }
    if (c->out.cap > CONTROL_UNREAD_MAX)
        buf_free(&c->out); /* one large answer does not stay in memory */
    else
        buf_clear(&c->out);
    c->sent = 0;
    return true;
}

static void drop_sent(struct conn *c)
{
    if (!c->sent)
        return;
    memmove(c->out.p, c->out.p + c->sent, unread(c));
    c->out.len -= c->sent;
    c->sent = 0;
}

static void answer_line(struct control_server *s, struct conn *c, const char *line, size_t n)
{
    struct errbuf e;
    if (n && line[n - 1] == '\r')
        n--;
    if (!n)
        return;
    drop_sent(c);
    unsigned waits = control_waits(&s->o, line, n);
    struct control_jobs *jobs = waits & CONTROL_WAITS     ? s->changes
                                : waits & CONTROL_MUTATES ? s->orders
                                                          : s->asks;
    if (!waits)
        control_dispatch(&s->o, &c->peer, line, n, &c->out);
    else if (control_jobs_add(jobs, c->id, &c->peer, line, n, &e) == ERR_OK)
        c->jobs++;
    else
        control_refuse(line, n, e.code, e.text, &c->out);
    if (buf_failed(&c->out)) /* not even the error fitted: no memory */
        c->closing = true;
}

static int find_conn(const struct control_server *s, uint64_t id)
{
    for (int i = 0; i < s->n; i++)
        if (s->conns[i].id == id)
            return i;
    return -1; /* it has left */
}

/* The answers of other threads. */
static void deliver(struct control_server *s)
{
    struct control_job *job;
    while ((job = control_jobs_take(s->changes)) || (job = control_jobs_take(s->orders)) ||
           (job = control_jobs_take(s->asks))) {
        int i = find_conn(s, job->conn);
        if (i >= 0) {
            struct conn *c = &s->conns[i];
            c->jobs--;
            drop_sent(c);
            if (!unread(c))
                c->progress_us = clock_mono_us();
            buf_add(&c->out, job->out.p, job->out.len);
            if (buf_failed(&c->out) || !send_ready(c) || (c->eof && !c->jobs && !unread(c)))
                drop(s, i);
        }
        control_job_free(job);
    }
}

static void answer_too_long(struct conn *c)
{
    buf_printf(&c->out,
               "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600,\"message\":\"a "
               "request is at most %d bytes\",\"data\":{\"err\":\"limit\"}}}\n",
               CONTROL_REQUEST_MAX);
    c->skipping = true;
}

/* Answers the lines that are there, as long as the client reads its answers. */
static void answer_lines(struct control_server *s, struct conn *c, bool *gone)
{
    size_t from = 0;
    while (!*gone && from < c->in.len && unread(c) <= CONTROL_UNREAD_MAX && !c->closing) {
        size_t start = from > c->scanned ? from : c->scanned;
        char *end = memchr(c->in.p + start, '\n', c->in.len - start);
        if (!end) {
            c->scanned = c->in.len;
            break;
        }
        if (c->skipping)
            c->skipping = false;
        else
            answer_line(s, c, c->in.p + from, (size_t)(end - c->in.p) - from);
        from = (size_t)(end - c->in.p) + 1;
        *gone = !send_ready(c);
    }
    if (from) {
        memmove(c->in.p, c->in.p + from, c->in.len - from);
        c->in.len -= from;
        c->scanned = c->scanned > from ? c->scanned - from : 0;
    }
}

/* False when the client is gone. */
static bool handle_lines(struct control_server *s, struct conn *c)
{
    bool gone = false;
    do {
        answer_lines(s, c, &gone);
        if (c->scanned == c->in.len && (c->skipping || c->in.len > CONTROL_REQUEST_MAX)) {
            if (!c->skipping)
                answer_too_long(c);
            buf_clear(&c->in);
            c->scanned = 0;
        }
        gone = gone || !send_ready(c);
        /* A client that read all of it just now: nothing would wake us for the lines that are left.
         */
    } while (!gone && c->scanned < c->in.len && !unread(c) && !c->closing);
    return !gone;
}

static bool wants_input(const struct conn *c)
{
    return !c->closing && !c->eof && unread(c) <= CONTROL_UNREAD_MAX &&
           c->in.len <= CONTROL_REQUEST_MAX + READ_CHUNK;
}

/* False when the client is done. */
static bool serve(struct control_server *s, struct conn *c, short revents)
{
    if (revents & (POLLERR | POLLNVAL) || (revents & POLLHUP && c->eof))
        return false; /* nobody is there to take an answer */
    if ((revents & POLLOUT) && (!send_ready(c) || !handle_lines(s, c)))
        return false;
    if ((revents & (POLLIN | POLLHUP)) && wants_input(c)) {
        if (!buf_reserve(&c->in, READ_CHUNK))
            return false;
        ssize_t k = recv(c->fd, c->in.p + c->in.len, READ_CHUNK, MSG_DONTWAIT);
        if (k == 0)
            c->eof = true; /* half-closed: what is asked is still answered */
        else if (k < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
        else
            c->in.len += (size_t)k;
        if (k > 0 && !handle_lines(s, c))
            return false;
    }
    if (!unread(c))
        c->progress_us = clock_mono_us();
    return unread(c) || (c->jobs && !c->closing) || !(c->closing || c->eof);
}

/* ---- the thread ---- */

static void refuse(int fd)
{
    static const char text[] =
        "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32000,\"message\":\"too many "
        "clients\",\"data\":{\"err\":\"limit\"}}}\n";
    (void)send(fd, text, sizeof text - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)close(fd);
}

static void accept_clients(struct control_server *s)
{
    for (;;) {
        int fd = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) {
            if (errno == EINTR || errno == ECONNABORTED)
                continue;
            if (errno != EAGAIN && errno != EWOULDBLOCK) {
                log_warning("control", "cannot accept a client: %m");
                s->accept_pause = true;
            }
            return;
        }
        if (s->n == CONTROL_CLIENTS_MAX) {
            refuse(fd);
            continue;
        }
        struct conn *c = &s->conns[s->n];
        *c = (struct conn){.fd = fd, .id = ++s->last_id, .progress_us = clock_mono_us()};
        buf_init(&c->in, CONTROL_REQUEST_MAX + 2 * READ_CHUNK);
        buf_init(&c->out, CONTROL_ANSWER_MAX + CONTROL_UNREAD_MAX);
        read_peer(fd, &c->peer);
        s->client_count = ++s->n;
    }
}

static void drop_slow(struct control_server *s)
{
    int64_t now = clock_mono_us();
    for (int i = s->n - 1; i >= 0; i--) {
        struct conn *c = &s->conns[i];
        if (unread(c) && now - c->progress_us > CONTROL_SLOW_READER_US) {
            log_info("control", "client %s (pid %ld) does not read its answers: disconnected",
                     c->peer.user, (long)c->peer.pid);
            drop(s, i);
        }
    }
}

static void take_wake(struct control_server *s)
{
    uint64_t n;
    if (read(s->wake_fd, &n, sizeof n) < 0 && errno != EAGAIN && errno != EINTR)
        log_warning("control", "the control server's eventfd: %m");
    deliver(s);
}

static void *run(void *arg)
{
    struct control_server *s = arg;
    struct pollfd fds[CONTROL_CLIENTS_MAX + 2];
    while (!s->stop) {
        fds[0] = (struct pollfd){.fd = s->wake_fd, .events = POLLIN};
        fds[1] = (struct pollfd){.fd = s->accept_pause ? -1 : s->listen_fd, .events = POLLIN};
        int n = s->n;
        for (int i = 0; i < n; i++) {
            const struct conn *c = &s->conns[i];
            short want = (short)((wants_input(c) ? POLLIN : 0) | (unread(c) ? POLLOUT : 0));
            fds[i + 2] = (struct pollfd){.fd = c->fd, .events = want};
        }
        int k = poll(fds, (nfds_t)n + 2, s->accept_pause ? ACCEPT_PAUSE_MS : POLL_IDLE_MS);
        s->accept_pause = false;
        if (s->stop)
            break;
        for (int i = n - 1; i >= 0 && k > 0; i--) /* downwards: drop() moves the last one here */
            if (fds[i + 2].revents && !serve(s, &s->conns[i], fds[i + 2].revents))
                drop(s, i);
        if (k > 0 && (fds[0].revents & POLLIN))
            take_wake(s);
        if (k > 0 && (fds[1].revents & POLLIN))
            accept_clients(s);
        drop_slow(s);
    }
    deliver(s);
    for (int i = s->n - 1; i >= 0; i--) {
        (void)send_ready(&s->conns[i]); /* the answer to engine.stop */
        drop(s, i);
    }
    return NULL;
}

enum err control_server_start(const struct control_options *o, struct control_server **out,
                              struct errbuf *e)
{
    enum err rc;
    *out = NULL;
    struct control_server *s = calloc(1, sizeof *s);
    if (!s)
        return err_set(e, ERR_NOMEM, "no memory for the control server");
    s->o = *o;
    s->lock_fd = s->listen_fd = s->wake_fd = -1;
    s->path = strdup(o->path);
    s->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (!s->path || s->wake_fd < 0) {
        rc = err_errno(e, ERR_NOMEM, "no memory or file descriptor for the control server");
        goto out;
    }
    rc = listen_on(s, e);
    if (rc == ERR_OK)
        rc = control_jobs_start(&s->o, 1, s->wake_fd, &s->changes, e);
    if (rc == ERR_OK)
        rc = control_jobs_start(&s->o, CONTROL_ASKERS, s->wake_fd, &s->asks, e);
    if (rc == ERR_OK)
        rc = control_jobs_start(&s->o, CONTROL_ORDERERS, s->wake_fd, &s->orders, e);
    if (rc != ERR_OK)
        goto out;
    int why = pthread_create(&s->thread, NULL, run, s);
    if (why != 0) {
        errno = why;
        rc = err_errno(e, ERR_INTERNAL, "cannot start the control server's thread");
        goto out;
    }
    s->started = true;
    *out = s;
    return ERR_OK;
out:
    control_server_stop(s);
    return rc;
}

void control_server_stop(struct control_server *s)
{
    if (!s)
        return;
    if (s->changes)
        control_jobs_end(s->changes); /* the last answers are still delivered */
    if (s->orders)
        control_jobs_end(s->orders);
    if (s->asks)
        control_jobs_end(s->asks);
    if (s->started) {
        s->stop = true;
        uint64_t one = 1;
        if (write(s->wake_fd, &one, sizeof one) < 0)
            log_warning("control", "cannot wake the control server: %m"); /* it wakes by itself */
        (void)pthread_join(s->thread, NULL);
    }
    control_jobs_destroy(s->changes);
    control_jobs_destroy(s->orders);
    control_jobs_destroy(s->asks);
    remove_socket(s);
    if (s->listen_fd >= 0)
        (void)close(s->listen_fd);
    if (s->wake_fd >= 0)
        (void)close(s->wake_fd);
    if (s->lock_fd >= 0)
        (void)close(s->lock_fd);
    free(s->path);
    free(s);
}

int control_server_clients(struct control_server *s)
{
    return s->client_count;
}
