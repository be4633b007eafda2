#include "views/draft.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char FAULT[] = "#! ";

void draft_forget(struct draft *d)
{
    free(d->text);
    free(d->faults);
    *d = (struct draft){.text = NULL};
}

bool draft_is_about(const struct draft *d, const char *about)
{
    return d->text && strcmp(d->about, about) == 0;
}

void draft_keep(struct draft *d, const char *text)
{
    char *copy = strdup(text);
    free(d->text);
    free(d->faults);
    d->text = copy;
    d->faults = NULL;
}

void draft_refuse(struct draft *d, const char *faults)
{
    free(d->faults);
    d->faults = strdup(faults);
}

/* The next line, without its end; false behind the last one. */
static bool next_line(const char **text, const char **line, size_t *n)
{
    if (!**text)
        return false;
    *line = *text;
    *n = strcspn(*text, "\n");
    *text += *n + ((*text)[*n] == '\n');
    return true;
}

static void add_lines(struct buf *out, const char *text, bool faults)
{
    const char *line;
    size_t n;
    while (next_line(&text, &line, &n)) {
        if (!faults && strncmp(line, FAULT, sizeof FAULT - 1) == 0)
            continue; /* those of before */
        buf_str(out, faults ? FAULT : "");
        buf_add(out, line, n);
        buf_ch(out, '\n');
    }
}

bool draft_holds(const struct draft *d, const char *what, char *why, size_t n)
{
    if (d->text)
        (void)snprintf(why, n, "The %s%s%.250s that you edited is not done yet: it is lost.", what,
                       d->about[0] ? " of " : "", d->about);
    return d->text != NULL;
}

char *draft_open(struct draft *d, const char *about, const char *fresh)
{
    struct buf b;
    buf_init(&b, 0);
    if (draft_is_about(d, about)) {
        if (d->faults)
            add_lines(&b, d->faults, true);
        add_lines(&b, d->text, false);
    } else {
        draft_forget(d);
        buf_str(&b, fresh);
    }
    (void)snprintf(d->about, sizeof d->about, "%s", about);
    char *text = buf_failed(&b) ? NULL : strdup(buf_cstr(&b));
    buf_free(&b);
    return text;
}

enum err draft_read(const char *text, json_t **out, struct errbuf *e)
{
    json_error_t why;
    struct buf b;
    const char *line;
    size_t n;
    buf_init(&b, 0);
    while (next_line(&text, &line, &n)) { /* lines keep their numbers */
        if (*line != '#')
            buf_add(&b, line, n);
        buf_ch(&b, '\n');
    }
    *out = buf_failed(&b) ? NULL : json_loadb(b.p ? b.p : "", b.len, JSON_REJECT_DUPLICATES, &why);
    enum err rc = ERR_OK;
    if (buf_failed(&b))
        rc = err_set(e, ERR_NOMEM, "no memory for the text");
    else if (!*out)
        rc = err_set(e, ERR_DATA, "line %d: %s", why.line, why.text);
    else if (!json_is_object(*out))
        rc = err_set(e, ERR_DATA, "an object is needed: { .. }");
    if (rc) {
        json_decref(*out);
        *out = NULL;
    }
    buf_free(&b);
    return rc;
}
