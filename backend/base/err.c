#include "backend/base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *word;
    bool retry;
} err_table[ERR_COUNT] = {
#define X(name, word, retry) {word, retry},
    ERR_LIST(X)
#undef X
};

const char *err_word(enum err code)
{
    return (unsigned)code < ERR_COUNT ? err_table[code].word : "unknown";
}

bool err_retriable(enum err code)
{
    return (unsigned)code < ERR_COUNT && err_table[code].retry;
}

enum err err_set(struct errbuf *e, enum err code, const char *fmt, ...)
{
    if (e) {
        va_list ap;
        va_start(ap, fmt);
        /* The arguments may point into e->text: format aside first. */
        char text[ERRBUF_TEXT_MAX];
        (void)vsnprintf(text, sizeof text, fmt, ap);
        va_end(ap);
        memcpy(e->text, text, sizeof text);
        e->code = code;
        e->sqlstate[0] = '\0';
    }
    return code;
}

enum err err_prefix(struct errbuf *e, const char *fmt, ...)
{
    if (!e)
        return ERR_INTERNAL;
    char head[ERRBUF_TEXT_MAX / 2];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(head, sizeof head - 2, fmt, ap);
    va_end(ap);
    size_t n = strlen(head);
    head[n++] = ':';
    head[n++] = ' ';
    size_t keep = strlen(e->text);
    if (keep > sizeof e->text - n - 1)
        keep = sizeof e->text - n - 1;
    memmove(e->text + n, e->text, keep);
    memcpy(e->text, head, n);
    e->text[n + keep] = '\0';
    return e->code;
}

enum err err_errno(struct errbuf *e, enum err code, const char *fmt, ...)
{
    int saved = errno;
    if (e) {
        va_list ap;
        va_start(ap, fmt);
        char text[ERRBUF_TEXT_MAX];
        char why[128];
        (void)vsnprintf(text, sizeof text, fmt, ap);
        va_end(ap);
        const char *words = strerror_r(saved, why, sizeof why); /* GNU's: it returns the words */
        size_t n = strlen(text);
        memcpy(e->text, text, n + 1);
        (void)snprintf(e->text + n, sizeof e->text - n, ": %s", words);
        e->code = code;
        e->sqlstate[0] = '\0';
    }
    return code;
}

void err_clear(struct errbuf *e)
{
    if (e) {
        e->code = ERR_OK;
        e->sqlstate[0] = '\0';
        e->text[0] = '\0';
    }
}
