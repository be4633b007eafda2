#include "backend/base/faults.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/buf.h"

enum { FAULT_TEXT_MAX = 4096 };

void faults_init(struct faults *f)
{
    memset(f, 0, sizeof *f);
}

void faults_free(struct faults *f)
{
    for (int i = 0; i < f->n; i++)
        free(f->items[i]);
    faults_init(f);
}

void faults_add(struct faults *f, const char *file, int line, const char *fmt, ...)
{
    f->total++;
    if (f->n == FAULTS_MAX)
        return;
    char text[FAULT_TEXT_MAX];
    size_t at = 0;
    if (file) {
        int k = line > 0 ? snprintf(text, sizeof text, "%s:%d: ", file, line)
                         : snprintf(text, sizeof text, "%s: ", file);
        at = k > 0 && (size_t)k < sizeof text ? (size_t)k : 0;
    }
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text + at, sizeof text - at, fmt, ap);
    va_end(ap);
    char *copy = strdup(text);
    if (copy)
        f->items[f->n++] = copy;
}

enum err faults_check(const struct faults *f, struct errbuf *e)
{
    if (f->total == 0)
        return ERR_OK;
    /* Whole lines only: half a fault says less than the count of those that are left out. */
    enum { ROOM_FOR_THE_REST = 64 };
    struct buf b;
    buf_init(&b, ERRBUF_TEXT_MAX);
    int shown = 0;
    for (; shown < f->n; shown++) {
        if (shown && b.len + strlen(f->items[shown]) + ROOM_FOR_THE_REST > ERRBUF_TEXT_MAX)
            break;
        buf_printf(&b, "%s%s", shown ? "\n" : "", f->items[shown]);
    }
    if (f->total > shown)
        buf_printf(&b, "\n.. and %d more", f->total - shown);
    enum err rc = err_set(e, ERR_CONFIG, "%s", b.len ? buf_cstr(&b) : "out of memory");
    buf_free(&b);
    return rc;
}
