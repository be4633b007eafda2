#include "console/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* in: what becomes its stdin; -1: ours. */
static enum err spawn(const char *command, int in, pid_t *pid, struct errbuf *e)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t defaults;
    sigset_t none;
    char *const argv[] = {(char *)"sh", (char *)"-c", (char *)command, NULL};
    (void)sigemptyset(&none);
    (void)sigemptyset(&defaults);
    (void)sigaddset(&defaults, SIGPIPE); /* we ignore it, which a program would inherit */
    (void)sigaddset(&defaults, SIGINT);
    (void)sigaddset(&defaults, SIGQUIT);
    (void)posix_spawn_file_actions_init(&files);
    (void)posix_spawnattr_init(&attributes);
    if (in >= 0)
        (void)posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
    (void)posix_spawnattr_setsigdefault(&attributes, &defaults);
    (void)posix_spawnattr_setsigmask(&attributes, &none);
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    int failed = posix_spawn(pid, "/bin/sh", &files, &attributes, argv, environ);
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&files);
    errno = failed;
    return failed ? err_errno(e, ERR_IO, "sh cannot be started") : ERR_OK;
}

static int wait_for(pid_t pid)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

enum err child_open(const char *command, struct child *out, struct errbuf *e)
{
    int ends[2];
    *out = (struct child){.pid = 0};
    if (pipe2(ends, O_CLOEXEC))
        return err_errno(e, ERR_IO, "no pipe for %s", command);
    enum err r = spawn(command, ends[0], &out->pid, e);
    (void)close(ends[0]);
    out->in = r ? NULL : fdopen(ends[1], "w");
    if (!r && !out->in) {
        r = err_errno(e, ERR_IO, "no pipe for %s", command);
        (void)close(ends[1]);
        (void)wait_for(out->pid);
    } else if (r) {
        (void)close(ends[1]);
    }
    if (r)
        *out = (struct child){.pid = 0};
    return r;
}

int child_close(struct child *c)
{
    if (!c->pid)
        return 0;
    (void)fclose(c->in); /* a reader that is gone has had what it wanted */
    int status = wait_for(c->pid);
    *c = (struct child){.pid = 0};
    return status;
}

enum err child_run(const char *command, int *status, struct errbuf *e)
{
    const struct sigaction ignored = {.sa_handler = SIG_IGN};
    struct sigaction before;
    pid_t pid;
    (void)sigaction(SIGINT, &ignored, &before);
    enum err r = spawn(command, -1, &pid, e);
    if (!r)
        *status = wait_for(pid);
    (void)sigaction(SIGINT, &before, NULL);
    return r;
}

void child_leave(int code)
{
    (void)fflush(NULL);
    _exit(code);
}
