#include "console/sql_arguments.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

/* '..': '' is one ', and \n, \t, \\ .. as in C. Returns what follows; NULL: no end. */
static const char *read_quoted(const char *p, struct buf *out)
{
    static const char escapes[] = "n\nt\tr\rb\bf\f";
    for (; *p; p++) {
        if (*p == '\'' && p[1] != '\'')
            return p + 1;
        if (*p == '\'') {
            p++;
        } else if (*p == '\\' && p[1]) {
            const char *known = strchr(escapes, *++p);
            bool first = known && (known - escapes) % 2 == 0;
            buf_ch(out, first ? known[1] : *p);
            continue;
        }
        buf_ch(out, *p);
    }
    return NULL;
}

static const char *read_name(const char *p, bool keep, struct buf *out)
{
    if (keep)
        buf_ch(out, '"');
    for (; *p && *p != '"'; p++)
        buf_ch(out, *p);
    if (keep)
        buf_ch(out, '"');
    return *p ? p + 1 : NULL;
}

/* What the command prints, without the line end behind it. */
static const char *read_command(const char *p, struct buf *out, struct errbuf *e)
{
    enum { MOST = 1 << 20 };
    const char *end = strchr(p, '`');
    if (!end)
        return NULL;
    char *command = strndup(p, (size_t)(end - p));
    FILE *f = command ? popen(command, "re") : NULL;
    if (f) {
        size_t start = out->len;
        for (int c; (c = fgetc(f)) != EOF && out->len - start < MOST;)
            buf_ch(out, (char)c);
        (void)pclose(f);
        while (out->len > start && out->p[out->len - 1] == '\n')
            out->len--;
    } else {
        (void)err_errno(e, ERR_IO, "`%s`", command ? command : "");
    }
    free(command);
    return end + 1;
}

/* :name, :'name', :"name"; a colon that is none stays. */
static const char *read_variable(const struct sql_arguments *a, const char *p, struct buf *out)
{
    const char *end = p + 1;
    char quote = *end == '\'' || *end == '"' ? *end++ : '\0';
    while (isalnum((unsigned char)*end) || *end == '_')
        end++;
    if (quote && *end != quote) {
        buf_ch(out, ':');
        return p + 1;
    }
    end += quote ? 1 : 0;
    sql_substitute(p, (size_t)(end - p), a->find, a->arg, out);
    return end;
}

bool sql_arguments_next(struct sql_arguments *a, struct buf *out, enum err *r, struct errbuf *e)
{
    const char *p = a->at;
    buf_clear(out);
    *r = ERR_OK;
    while (isspace((unsigned char)*p))
        p++;
    if (!*p || *p == '\\') {
        a->at = p;
        return false;
    }
    while (p && *p && *p != '\\' && !isspace((unsigned char)*p)) {
        if (*p == '\'')
            p = read_quoted(p + 1, out);
        else if (*p == '"')
            p = read_name(p + 1, a->names, out);
        else if (*p == '`')
            p = read_command(p + 1, out, e);
        else if (*p == ':')
            p = read_variable(a, p, out);
        else
            buf_ch(out, *p++);
    }
    if (!p) {
        *r = err_set(e, ERR_USAGE, "a quote without its end: %s", a->at);
        a->at += strlen(a->at);
        return false;
    }
    a->at = p;
    *r = buf_check(out, "an argument", e);
    return !*r;
}
