#include "console/sql_output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "console/format.h"

/* ---- places ---- */

enum err sql_place_open(const char *name, struct sql_place *out, struct errbuf *e)
{
    *out = (struct sql_place){.to = NULL};
    if (*name == '|') {
        enum err r = child_open(name + 1, &out->child, e);
        out->to = out->child.in;
        return r;
    }
    out->to = fopen(name, "we");
    return out->to ? ERR_OK : err_errno(e, ERR_IO, "%s", name);
}

enum err sql_place_close(struct sql_place *p, const char *what, struct errbuf *e)
{
    enum err r = ERR_OK;
    if (p->child.pid)
        (void)child_close(&p->child);
    else if (p->to && fclose(p->to) != 0)
        r = err_errno(e, ERR_IO, "%s cannot be written", what);
    *p = (struct sql_place){.to = NULL};
    return r;
}

/* ---- the pager ---- */

struct sql_page {
    FILE *screen;
    FILE *self;
    int lines, columns;
    const char *command;
    struct buf held;
    int held_lines;
    bool through; /* the pager runs */
    bool left;    /* it has been left */
    struct child pager;
};

/* Lines of the screen that a line of text takes. */
static int screen_lines(const struct sql_page *p, const char *line, size_t n)
{
    int width = format_width(line, n);
    return p->columns > 0 && width > p->columns ? (width + p->columns - 1) / p->columns : 1;
}

static void count_lines(struct sql_page *p)
{
    const char *at = buf_cstr(&p->held);
    const char *end = at + p->held.len;
    p->held_lines = 0;
    while (at < end && p->held_lines <= p->lines) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t n = stop ? (size_t)(stop - at) : (size_t)(end - at);
        p->held_lines += screen_lines(p, at, n);
        at += n + 1;
    }
}

static bool start_pager(struct sql_page *p)
{
    struct errbuf e;
    err_clear(&e);
    (void)setenv("LESS", "FRSXK", 0); /* unless the person has said it */
    (void)fflush(p->screen);
    if (child_open(p->command, &p->pager, &e))
        return false;
    p->through = true;
    (void)setvbuf(p->pager.in, NULL, _IONBF, 0);
    bool all = fwrite(p->held.p, 1, p->held.len, p->pager.in) == p->held.len;
    buf_free(&p->held);
    buf_init(&p->held, 0);
    return all;
}

static ssize_t page_write(void *cookie, const char *text, size_t n)
{
    struct sql_page *p = cookie;
    if (!p->through) {
        buf_add(&p->held, text, n);
        count_lines(p);
        if (buf_failed(&p->held))
            return 0;
        if (p->held_lines <= p->lines)
            return (ssize_t)n;
        if (start_pager(p))
            return (ssize_t)n;
    } else if (fwrite(text, 1, n, p->pager.in) == n) {
        return (ssize_t)n;
    }
    p->left = errno == EPIPE;
    return 0;
}

struct sql_page *sql_page_open(FILE *screen, int lines, int columns, const char *command,
                               FILE **out)
{
    const cookie_io_functions_t io = {.write = page_write};
    struct sql_page *p = calloc(1, sizeof *p);
    *out = NULL;
    if (!p)
        return NULL;
    *p =
        (struct sql_page){.screen = screen, .lines = lines, .columns = columns, .command = command};
    buf_init(&p->held, 0);
    p->self = fopencookie(p, "w", io);
    if (!p->self) {
        free(p);
        return NULL;
    }
    *out = p->self;
    return p;
}

bool sql_page_close(struct sql_page *p)
{
    if (!p)
        return false;
    (void)fclose(p->self); /* what fails now has failed before or is said by the screen */
    if (p->through)
        (void)child_close(&p->pager);
    else
        (void)fwrite(p->held.p, 1, p->held.len, p->screen);
    (void)fflush(p->screen);
    bool left = p->left;
    buf_free(&p->held);
    free(p);
    return left;
}
