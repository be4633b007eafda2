/*
 * Ctrl-C. Nothing may be canceled in a signal handler, so the handler writes a byte to a pipe and a
 * thread asks the canceller (sql_cancel.h). The handler is set without SA_RESTART: a read that
 * waits for the next line of a script ends with EINTR.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "console/sql_cancel.h"
#include "console/sql_run.h"

static struct {
    volatile sig_atomic_t flag;
    volatile sig_atomic_t sent; /* bytes to the thread */
    int handled;                /* of them, seen through by sql_interrupted_clear */
    sem_t done;                 /* the thread posts one for each */
    int ends[2];
    bool running;
    pthread_t thread;
    struct sql_canceller *canceller;
    struct sql_session *session; /* what an interrupt cancels */
    struct sigaction before;
} self = {.ends = {-1, -1}};

static void on_sigint(int number)
{
    int saved = errno;
    (void)number;
    self.flag = 1;
    if (write(self.ends[1], "i", 1) == 1)
        self.sent++;
    errno = saved;
}

static void *watch(void *arg)
{
    char byte;
    (void)arg;
    while (read(self.ends[0], &byte, 1) == 1 && byte == 'i') {
        sql_canceller_ask(self.canceller);
        (void)sem_post(&self.done);
    }
    return NULL;
}

static void say_stuck(void *arg, const char *text)
{
    (void)arg;
    (void)fprintf(stderr, "flightdeck sql: %s\n", text);
}

enum err sql_interrupts_start(struct sql_session *s, struct errbuf *e)
{
    struct sigaction action = {.sa_handler = on_sigint};
    sigset_t sigint;
    sigset_t old;
    if (sem_init(&self.done, 0, 0))
        return err_errno(e, ERR_IO, "no semaphore for Ctrl-C");
    if (pipe2(self.ends, O_CLOEXEC))
        return err_errno(e, ERR_IO, "no pipe for Ctrl-C");
    self.canceller = sql_canceller_start(say_stuck, NULL);
    if (!self.canceller) {
        (void)close(self.ends[0]);
        (void)close(self.ends[1]);
        return err_set(e, ERR_NOMEM, "no thread for Ctrl-C");
    }
    sql_interrupts_session(s);
    self.flag = 0;
    self.sent = 0;
    self.handled = 0;
    (void)sigemptyset(&sigint);
    (void)sigaddset(&sigint, SIGINT);
    /* the thread must not get the signal: it is to interrupt the main thread's reads */
    (void)pthread_sigmask(SIG_BLOCK, &sigint, &old);
    int failed = pthread_create(&self.thread, NULL, watch, NULL);
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (failed) {
        sql_canceller_stop(self.canceller);
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
    sql_canceller_stop(self.canceller);
    (void)sem_destroy(&self.done);
    self.running = false;
}

void sql_interrupts_session(struct sql_session *s)
{
    self.session = s;
    sql_canceller_watch(self.canceller, s);
}

/* SIGINT is let in while we wait only: one that came just before must not be slept over. */
bool sql_interrupt_wait(int fd, int64_t us)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    const struct timespec t = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
    sigset_t sigint;
    sigset_t before;
    (void)sigemptyset(&sigint);
    (void)sigaddset(&sigint, SIGINT);
    (void)pthread_sigmask(SIG_BLOCK, &sigint, &before);
    if (!self.flag)
        (void)ppoll(&p, 1, us < 0 ? NULL : &t, &before);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return self.flag != 0;
}

bool sql_interrupted(void)
{
    return self.flag != 0;
}

/* Waits for the threads: a cancel must not hit the statement that comes next. */
void sql_interrupted_clear(void)
{
    bool some = self.handled < self.sent;
    while (self.running && self.handled < self.sent)
        if (sem_wait(&self.done) == 0)
            self.handled++;
    if (self.running && some)
        sql_canceller_watch(self.canceller, self.session);
    self.flag = 0;
}
