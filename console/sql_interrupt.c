/*
 * Ctrl-C. SQLCancel may not be called in a signal handler, so the handler writes a byte to a pipe
 * and a thread cancels. The handler is set without SA_RESTART: a read that waits for the next line
 * of a script ends with EINTR.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "console/sql_run.h"

static struct {
    volatile sig_atomic_t flag;
    int ends[2];
    bool running;
    pthread_t thread;
    struct sql_session *session;
    struct sigaction before;
} self = {.ends = {-1, -1}};

static void on_sigint(int number)
{
    int saved = errno;
    (void)number;
    self.flag = 1;
    ssize_t n = write(self.ends[1], "i", 1);
    (void)n; /* a full pipe: a cancel is under way already */
    errno = saved;
}

static void *watch(void *arg)
{
    char byte;
    (void)arg;
    while (read(self.ends[0], &byte, 1) == 1 && byte == 'i')
        sql_session_cancel(self.session);
    return NULL;
}

enum err sql_interrupts_start(struct sql_session *s, struct errbuf *e)
{
    struct sigaction action = {.sa_handler = on_sigint};
    sigset_t sigint;
    sigset_t old;
    if (pipe2(self.ends, O_CLOEXEC))
        return err_errno(e, ERR_IO, "no pipe for Ctrl-C");
    self.session = s;
    self.flag = 0;
    (void)sigemptyset(&sigint);
    (void)sigaddset(&sigint, SIGINT);
    /* the thread must not get the signal: it is to interrupt the main thread's reads */
    (void)pthread_sigmask(SIG_BLOCK, &sigint, &old);
    int failed = pthread_create(&self.thread, NULL, watch, NULL);
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (failed) {
        (void)close(self.ends[0]);
        (void)close(self.ends[1]);
        return err_set(e, ERR_NOMEM, "no thread for Ctrl-C");
    }
    self.running = true;
    (void)sigaction(SIGINT, &action, &self.before);
    return ERR_OK;
}

void sql_interrupts_stop(void)
{
    if (!self.running)
        return;
    (void)sigaction(SIGINT, &self.before, NULL);
    ssize_t n = write(self.ends[1], "q", 1);
    (void)n; /* closing the pipe says the same */
    (void)close(self.ends[1]);
    (void)pthread_join(self.thread, NULL);
    (void)close(self.ends[0]);
    self.running = false;
}

bool sql_interrupted(void)
{
    return self.flag != 0;
}

void sql_interrupted_clear(void)
{
    self.flag = 0;
}
