#include "console/sql_history.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/base/buf.h"
#include "console/user_path.h"

enum { KEPT = 5000, LINE_END = '\001' };

struct sql_history {
    char **items;
    size_t n, cap;
    int fd; /* -1: for the session only */
    char path[USER_PATH_MAX];
};

/* ---- secrets ---- */

static regex_t secret;
static pthread_once_t secret_once = PTHREAD_ONCE_INIT;
static bool secret_failed;

static void compile(void)
{
    /* PASSWORD 'x', password=x, IDENTIFIED BY 'x', pwd: "x", token => 'x', scheme://user:x@ */
    static const char pattern[] =
        "(password|passwd|pwd|passphrase|secret|token|api_?key|access_?key|private_?key)[\"']?"
        "[[:space:]]*(=>|:=|=|:|to|is|as|values)?[[:space:]]*[(]?(e?['\"]|[$][a-z_0-9]*[$])|"
        "(password|passwd|pwd|secret|token|api_?key|access_?key)[[:space:]]*=[[:space:]]*[^[:space:"
        "]]|"
        "identified[[:space:]]+by|[a-z]://[^/[:space:]:@]*:[^/[:space:]@]+@";
    secret_failed = regcomp(&secret, pattern, REG_EXTENDED | REG_ICASE | REG_NOSUB) != 0;
}

bool sql_history_secret(const char *text)
{
    (void)pthread_once(&secret_once, compile);
    return secret_failed || regexec(&secret, text, 0, NULL, 0) == 0;
}

/* ---- the list ---- */

static bool push(struct sql_history *h, const char *text, size_t len)
{
    if (h->n == h->cap) {
        size_t cap = h->cap ? h->cap * 2 : 256;
        char **items = realloc(h->items, cap * sizeof *items);
        if (!items)
            return false;
        h->items = items;
        h->cap = cap;
    }
    h->items[h->n] = strndup(text, len);
    return h->items[h->n] && ++h->n;
}

static void drop_oldest(struct sql_history *h, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(h->items[i]);
    h->n -= n;
    memmove(h->items, h->items + n, h->n * sizeof *h->items);
}

static void swap(char *text, char from, char to)
{
    for (; *text; text++)
        if (*text == from)
            *text = to;
}

/* ---- the file ---- */

static void read_file(struct sql_history *h, FILE *f)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    while ((n = getline(&line, &cap, f)) > 0) {
        n -= line[n - 1] == '\n';
        line[n] = '\0';
        swap(line, LINE_END, '\n');
        if (n && !push(h, line, (size_t)n))
            break;
    }
    free(line);
}

static bool put(int fd, const char *text)
{
    struct buf b;
    buf_init(&b, 0);
    buf_str(&b, text);
    buf_ch(&b, '\0');
    if (!buf_failed(&b)) {
        swap(b.p, '\n', LINE_END);
        b.p[b.len - 1] = '\n';
    }
    /* one write, so that two sessions do not mix their lines */
    bool all = !buf_failed(&b) && write(fd, b.p, b.len) == (ssize_t)b.len;
    buf_free(&b);
    return all;
}

/* The newest only, in a file that takes the old one's place. */
static bool shorten(struct sql_history *h)
{
    char next[USER_PATH_MAX + 8];
    (void)snprintf(next, sizeof next, "%s.new", h->path);
    int fd = open(next, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool ok = fd >= 0;
    for (size_t i = 0; i < h->n && ok; i++)
        ok = put(fd, h->items[i]);
    if (fd >= 0)
        ok = close(fd) == 0 && ok;
    if (!ok || rename(next, h->path) != 0) {
        (void)unlink(next);
        return false;
    }
    return true;
}

struct sql_history *sql_history_open(const char *path, struct errbuf *e)
{
    struct stat st;
    struct sql_history *h = calloc(1, sizeof *h);
    const char *said = getenv("FLIGHTDECK_SQLHISTORY");
    if (!h)
        return NULL;
    h->fd = -1;
    if (!path)
        path = said;
    if (path ? snprintf(h->path, sizeof h->path, "%s", path) >= (int)sizeof h->path
             : !user_path(USER_STATE, "sql_history", h->path)) {
        (void)err_set(e, ERR_IO, "what is typed is not kept: there is no place for its file");
        return h;
    }
    (void)user_path_make_parent(h->path);
    FILE *f = fopen(h->path, "re");
    if (f) {
        read_file(h, f);
        (void)fclose(f);
    }
    if (h->n > KEPT) {
        bool large = h->n > (size_t)KEPT * 2;
        drop_oldest(h, h->n - KEPT);
        if (large)
            (void)shorten(h); /* else the next session does it */
    }
    h->fd = open(h->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (h->fd < 0)
        (void)err_errno(e, ERR_IO, "what is typed is not kept: %s", h->path);
    else if (fstat(h->fd, &st) == 0 && S_ISREG(st.st_mode)) /* /dev/null is not ours to change */
        (void)fchmod(h->fd, 0600); /* also one that was made with other rights */
    return h;
}

void sql_history_close(struct sql_history *h)
{
    if (!h)
        return;
    for (size_t i = 0; i < h->n; i++)
        free(h->items[i]);
    free(h->items);
    if (h->fd >= 0)
        (void)close(h->fd);
    free(h);
}

bool sql_history_add(struct sql_history *h, const char *text)
{
    size_t n = strlen(text);
    while (n && isspace((unsigned char)text[n - 1]))
        n--;
    if (!n || *text == ' ' || strchr(text, LINE_END) || sql_history_secret(text))
        return false;
    const char *last = h->n ? h->items[h->n - 1] : "";
    if (strlen(last) == n && !memcmp(last, text, n))
        return false;
    if (!push(h, text, n))
        return false;
    if (h->n > (size_t)KEPT * 2)
        drop_oldest(h, h->n - KEPT);
    if (h->fd >= 0 && !put(h->fd, h->items[h->n - 1])) {
        (void)close(h->fd); /* a full disk: the session goes on without */
        h->fd = -1;
    }
    return true;
}

size_t sql_history_n(const struct sql_history *h)
{
    return h->n;
}

const char *sql_history_get(const struct sql_history *h, size_t i)
{
    return h->items[i];
}

size_t sql_history_find(const struct sql_history *h, size_t from, const char *text)
{
    while (from-- > 0)
        if (strstr(h->items[from], text))
            return from;
    return h->n;
}
