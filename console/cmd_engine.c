/*
 * flightdeck engine: the background process, in the foreground of whoever starts it (systemd, a
 * shell, demo).
 *
 * SIGTERM and SIGINT stop it cleanly: what is in flight is flushed. With NOTIFY_SOCKET set it tells
 * systemd READY=1 and STOPPING=1 (sd_notify(3): one datagram, no library needed).
 */
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "backend/base/log.h"
#include "backend/engine/engine.h"
#include "backend/serve/methods.h"
#include "console/commands.h"
#include "console/exit_codes.h"
#include "console/options.h"
#include "console/report.h"

enum { LOG_MODE = 0640, ARENAS_MAX = 2, END_GRACE_S = 2 };

static void tell_systemd(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    size_t n = path ? strlen(path) : 0;
    if (!n || n >= sizeof a.sun_path)
        return;
    memcpy(a.sun_path, path, n);
    if (a.sun_path[0] == '@')
        a.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    if (sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&a, len) < 0)
        log_warning("engine", "systemd's notify socket does not take %s", state);
    (void)close(fd);
}

static void ask_to_stop(void *arg)
{
    (void)pthread_kill(*(pthread_t *)arg, SIGTERM);
}

static enum err open_log(const struct config *c, int *fd, struct errbuf *e)
{
    *fd = STDERR_FILENO;
    if (c->log.file) {
        *fd = open(c->log.file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, LOG_MODE);
        if (*fd < 0)
            return err_errno(e, ERR_IO, "cannot write the log %s", c->log.file);
    }
    log_configure(*fd, c->log.format, c->log.level);
    return ERR_OK;
}

/* The connectors have ended well and all is committed: a probe that hangs on a dead server may not
 * hold the end up. */
static void *end_anyway(void *arg)
{
    const struct timespec grace = {.tv_sec = END_GRACE_S};
    (void)arg;
    (void)nanosleep(&grace, NULL);
    log_warning("engine", "a server does not answer: ending without its goodbye");
    _exit(EXIT_DONE);
}

static void bound_the_end(void)
{
    pthread_t t;
    if (pthread_create(&t, NULL, end_anyway, NULL) == 0)
        (void)pthread_detach(t);
}

static enum err serve(const struct config *c, sigset_t *signals, struct errbuf *e)
{
    struct engine *g = NULL;
    struct service *service = NULL;
    pthread_t self = pthread_self();
    enum err rc = engine_create(c, &g, e);
    if (!rc)
        rc = service_start(g, c, ask_to_stop, &self, &service, e);
    if (!rc)
        rc = engine_start(g, e);
    if (!rc)
        rc = engine_start_schedule(g, false, e);
    if (!rc)
        rc = engine_start_answers(g, e);
    if (!rc) {
        int sig = 0;
        log_info("engine", "flightdeck %s, pid %d, environment %s (%s), socket %s",
                 FLIGHTDECK_VERSION, (int)getpid(), c->environment.name, config_environment_word(c),
                 c->control.socket);
        tell_systemd("READY=1");
        (void)sigwait(signals, &sig);
        log_info("engine", "stopping (%s)", strsignal(sig));
        tell_systemd("STOPPING=1");
        rc = engine_stop(g, e);
    }
    if (!rc)
        bound_the_end();
    service_stop(service);
    if (rc == ERR_TIMEOUT) {
        /* A server that hangs must not hold the stop up. What it holds was not committed: the next
         * start reads on from what is stored. */
        log_error("engine", "%s: ending without it", e->text);
        _exit(EXIT_FAILED);
    }
    engine_destroy(g);
    return rc;
}

int cmd_engine(int argc, char **argv)
{
    struct arguments a;
    struct config *c = NULL;
    struct errbuf e;
    sigset_t signals;
    int fd = STDERR_FILENO;
    int code = arguments_read(argc, argv, &a);
    if (!code)
        code = arguments_config(&a, &c);
    if (code)
        return code;
    /* Many threads, few of them busy: two arenas keep freed memory from being spread over all of
     * them. */
    (void)mallopt(M_ARENA_MAX, ARENAS_MAX);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
    enum err rc = config_require(c, NEEDS_KAFKA, &e);
    if (!rc)
        rc = open_log(c, &fd, &e);
    if (!rc)
        rc = serve(c, &signals, &e);
    code = rc ? report_error("engine", &e) : EXIT_DONE;
    config_free(c);
    if (fd != STDERR_FILENO)
        (void)close(fd);
    return code;
}
