#include "console/tui_files.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backend/base/buf.h"

static enum err write_all(int fd, const char *text, size_t n, const char *path, struct errbuf *e)
{
    while (n > 0) {
        ssize_t k = write(fd, text, n);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return err_errno(e, ERR_IO, "cannot write %s", path);
        text += k;
        n -= (size_t)k;
    }
    return ERR_OK;
}

enum err tui_save(const char *path, const char *text, size_t n, struct errbuf *e)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 && errno == EEXIST)
        return err_set(e, ERR_EXISTS, "%s is there already: nothing was written", path);
    if (fd < 0)
        return err_errno(e, ERR_IO, "cannot make %s", path);
    enum err rc = write_all(fd, text, n, path, e);
    if (close(fd) != 0 && rc == ERR_OK)
        rc = err_errno(e, ERR_IO, "cannot write %s", path);
    if (rc != ERR_OK)
        (void)unlink(path);
    return rc;
}

/* ---- the editor ---- */

/* What the keyboard sends while the editor has it is the editor's: not even a pending one is left
 * for us. What ends a session still ends us. */
struct calm {
    struct sigaction interrupt, quit, stop;
    sigset_t mask;
};

static void ignore(int sig, struct sigaction *before)
{
    const struct sigaction ignored = {.sa_handler = SIG_IGN};
    (void)sigaction(sig, &ignored, before); /* drops one that is pending */
}

static void calm_down(struct calm *c)
{
    sigset_t ends;
    ignore(SIGINT, &c->interrupt);
    ignore(SIGQUIT, &c->quit);
    ignore(SIGTSTP, &c->stop);
    (void)sigemptyset(&ends);
    (void)sigaddset(&ends, SIGHUP);
    (void)sigaddset(&ends, SIGTERM);
    (void)sigprocmask(SIG_UNBLOCK, &ends, &c->mask);
}

static void calm_is_over(const struct calm *c)
{
    (void)sigprocmask(SIG_SETMASK, &c->mask, NULL);
    ignore(SIGINT, NULL);
    ignore(SIGQUIT, NULL);
    ignore(SIGTSTP, NULL);
    (void)sigaction(SIGINT, &c->interrupt, NULL);
    (void)sigaction(SIGQUIT, &c->quit, NULL);
    (void)sigaction(SIGTSTP, &c->stop, NULL);
}

/* The editor has stopped (Ctrl-Z): the shell gets the terminal, until fg. */
static void stop_too(const struct calm *c)
{
    const struct sigaction ordinary = {.sa_handler = SIG_DFL};
    sigset_t one;
    sigset_t before;
    if (c->stop.sa_handler == SIG_IGN) /* a shell without job control: nobody would say fg */
        return;
    (void)sigemptyset(&one);
    (void)sigaddset(&one, SIGTSTP);
    (void)sigaction(SIGTSTP, &ordinary, NULL);
    (void)raise(SIGTSTP);
    (void)sigprocmask(SIG_UNBLOCK, &one, &before); /* here we stop */
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    ignore(SIGTSTP, NULL);
}

static int wait_for_editor(pid_t pid, const struct calm *c, int *status)
{
    for (;;) {
        if (waitpid(pid, status, WUNTRACED) < 0) {
            if (errno != EINTR)
                return -1;
        } else if (WIFSTOPPED(*status)) {
            stop_too(c);
            (void)kill(pid, SIGCONT);
        } else {
            return 0;
        }
    }
}

static void become_editor(const char *command, const char *path, const struct calm *c)
{
    static const int ours[] = {SIGPIPE, SIGINT, SIGQUIT};
    sigset_t none;
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        (void)signal(ours[i], SIG_DFL);
    if (c->stop.sa_handler != SIG_IGN)
        (void)signal(SIGTSTP, SIG_DFL);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)execl("/bin/sh", "sh", "-c", command, path, (char *)NULL);
    _exit(127);
}

static enum err run_editor(const char *path, struct errbuf *e)
{
    const char *editor = getenv("VISUAL");
    struct calm calm;
    struct buf command;
    int status = 0;
    if (!editor || !*editor)
        editor = getenv("EDITOR");
    if (!editor || !*editor)
        editor = "vi";
    buf_init(&command, 0);
    buf_printf(&command, "%s \"$0\"", editor); /* the editor may have arguments of its own */
    calm_down(&calm);
    pid_t pid = fork();
    if (pid == 0)
        become_editor(buf_cstr(&command), path, &calm);
    int failed = pid < 0 ? -1 : wait_for_editor(pid, &calm, &status);
    int why = errno;
    calm_is_over(&calm);
    errno = why;
    enum err rc = ERR_OK;
    if (failed)
        rc = err_errno(e, ERR_IO, "cannot start the editor %s", editor);
    else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        rc = err_set(e, ERR_IO, "the editor %s failed ($EDITOR names it): nothing was taken",
                     editor);
    buf_free(&command);
    return rc;
}

static enum err read_back(const char *path, struct buf *b, struct errbuf *e)
{
    char block[4096];
    size_t n;
    FILE *f = fopen(path, "re");
    if (!f)
        return err_errno(e, ERR_IO, "cannot read %s", path);
    while ((n = fread(block, 1, sizeof block, f)) > 0)
        buf_add(b, block, n);
    bool bad = ferror(f) || buf_failed(b);
    (void)fclose(f);
    return bad ? err_set(e, ERR_IO, "cannot read %s", path) : ERR_OK;
}

enum err tui_edit(const char *text, size_t n, char **out, struct errbuf *e)
{
    const char *dir = getenv("TMPDIR");
    char path[512];
    struct buf b;
    *out = NULL;
    buf_init(&b, 16 << 20);
    (void)snprintf(path, sizeof path, "%s/flightdeck.XXXXXX", dir && *dir ? dir : "/tmp");
    int fd = mkostemp(path, O_CLOEXEC); /* mode 0600 */
    if (fd < 0)
        return err_errno(e, ERR_IO, "cannot make %s", path);
    enum err rc = write_all(fd, text, n, path, e);
    (void)close(fd);
    if (rc == ERR_OK)
        rc = run_editor(path, e);
    if (rc == ERR_OK)
        rc = read_back(path, &b, e);
    bool same = b.len == n && (n == 0 || memcmp(b.p, text, n) == 0);
    if (rc == ERR_OK && !same && !(*out = strdup(buf_cstr(&b))))
        rc = err_set(e, ERR_NOMEM, "no memory for the text");
    (void)unlink(path);
    buf_free(&b);
    return rc;
}
