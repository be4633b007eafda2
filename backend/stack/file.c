#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/stack/process.h"
#include "backend/stack/stack.h"

bool file_exists(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

static bool write_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t did = write(fd, p, n);
        if (did < 0 && errno == EINTR)
            continue;
        if (did <= 0)
            return false;
        p += did;
        n -= (size_t)did;
    }
    return true;
}

enum err file_write(const char *path, const char *text, mode_t mode,
                    const struct process_user *owner, struct errbuf *e)
{
    char tmp[PATH_MAX];
    enum err rc = ERR_OK;

    if (snprintf(tmp, sizeof tmp, "%s.%ld.tmp", path, (long)getpid()) >= (int)sizeof tmp)
        return err_set(e, ERR_LIMIT, "the path %s is too long", path);
    int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0)
        return err_errno(e, ERR_IO, "cannot write %s", tmp);
    if (fchmod(fd, mode) != 0 ||
        (owner && owner->drop && fchown(fd, owner->uid, owner->gid) != 0) ||
        !write_all(fd, text, strlen(text)))
        rc = err_errno(e, ERR_IO, "cannot write %s", tmp);
    if (close(fd) != 0 && rc == ERR_OK)
        rc = err_errno(e, ERR_IO, "cannot write %s", tmp);
    if (rc == ERR_OK && rename(tmp, path) != 0)
        rc = err_errno(e, ERR_IO, "cannot rename %s to %s", tmp, path);
    if (rc != ERR_OK)
        (void)unlink(tmp);
    return rc;
}

enum err file_read(const char *path, struct buf *out, struct errbuf *e)
{
    char chunk[8192];
    ssize_t got;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return err_errno(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "cannot read %s", path);
    while ((got = read(fd, chunk, sizeof chunk)) > 0)
        buf_add(out, chunk, (size_t)got);
    if (got < 0) {
        enum err rc = err_errno(e, ERR_IO, "cannot read %s", path);
        (void)close(fd);
        return rc;
    }
    (void)close(fd);
    return buf_check(out, path, e);
}

enum err file_mkdirs(const char *path, mode_t mode, struct errbuf *e)
{
    char part[PATH_MAX];
    size_t len = strlen(path);

    if (len == 0 || len >= sizeof part)
        return err_set(e, ERR_LIMIT, "cannot make the folder '%s': %s", path,
                       len ? "the path is too long" : "it has no name");
    for (size_t i = 1; i <= len; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (mkdir(part, i == len ? mode : 0755) != 0 && errno != EEXIST)
            return err_errno(e, ERR_IO, "cannot make the folder %s", part);
    }
    return ERR_OK;
}

void file_tail(const char *path, int lines, char *out, size_t n)
{
    char text[4096];
    FILE *f = fopen(path, "re");

    out[0] = '\0';
    if (!f)
        return;
    if (fseek(f, -(long)(sizeof text - 1), SEEK_END) != 0)
        rewind(f); /* shorter than that */
    size_t got = fread(text, 1, sizeof text - 1, f);
    (void)fclose(f);
    while (got > 0 && text[got - 1] == '\n')
        got--;
    text[got] = '\0';
    char *start = text + got;
    for (; start > text; start--) {
        if (start[-1] == '\n' && --lines == 0)
            break;
    }
    for (char *p = start; *p; p++) {
        if (*p == '\n')
            *p = ' ';
    }
    size_t len = strlen(start);
    /* The end says more than the beginning. */
    (void)snprintf(out, n, "%s", len < n ? start : start + (len - n + 1));
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path) == 0 || errno == ENOENT ? 0 : -1;
}

enum err stack_remove_tree(const char *path, struct errbuf *e)
{
    /* Again where a process that is ending still writes into it. */
    for (int try = 0;; try++) {
        if (nftw(path, remove_one, 32, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) == 0 || errno == ENOENT)
            if (!file_exists(path))
                return ERR_OK;
        if (try == 50)
            return err_errno(e, ERR_IO, "cannot remove %s", path);
        (void)usleep(20000);
    }
}
