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

static enum err run_editor(const char *path, struct errbuf *e)
{
    const char *editor = getenv("VISUAL");
    if (!editor || !*editor)
        editor = getenv("EDITOR");
    if (!editor || !*editor)
        editor = "vi";
    struct buf command;
    buf_init(&command, 0);
    buf_printf(&command, "%s \"$0\"", editor); /* the editor may have arguments of its own */
    pid_t pid = fork();
    if (pid == 0) {
        sigset_t none;
        (void)sigemptyset(&none);
        (void)sigprocmask(SIG_SETMASK, &none, NULL);
        (void)signal(SIGPIPE, SIG_DFL);
        (void)execl("/bin/sh", "sh", "-c", buf_cstr(&command), path, (char *)NULL);
        _exit(127);
    }
    int status = 0;
    pid_t got = pid;
    while (pid > 0 && (got = waitpid(pid, &status, 0)) < 0 && errno == EINTR)
        ;
    enum err rc = ERR_OK;
    if (pid < 0 || got < 0)
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
