/* What leaves the console: the clipboard (OSC 52) and files. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "views/export.h"
#include "views/screen_internal.h"

void screen_copy(struct screen *s, struct effect *out)
{
    struct buf b;
    buf_init(&b, 0);
    const struct pane *p = pane_of(s->pane);
    struct table_model m;
    struct table_state *t;
    if (!p->copy || !p->copy(s, &b)) {
        t = screen_table(s, &m);
        const char *text = t && s->detail ? table_key(t) : screen_object(s);
        if (text)
            buf_str(&b, text);
    }
    if (b.len && !buf_failed(&b)) {
        screen_say(s, STYLE_PLAIN, "copied: %.200s", buf_cstr(&b));
        effect_text(out, EFFECT_COPY, strdup(buf_cstr(&b)), b.len, NULL);
    } else {
        screen_say(s, STYLE_ATTENTION, "there is nothing to copy here");
    }
    buf_free(&b);
}

bool screen_can_export(const struct screen *s)
{
    struct screen *mutable = (struct screen *)s; /* models only look */
    struct table_model m;
    return s->mode == MODE_BROWSE &&
           (screen_table(mutable, &m) != NULL || (s->detail && pane_of(s->pane)->whole));
}

/* "airline-topics-20261128T230405.csv" */
void screen_export(struct screen *s)
{
    char name[SCREEN_INPUT_MAX];
    char when[UNIT_TEXT_MAX];
    int64_t now = s->snapshot ? s->snapshot->now_us : UNKNOWN_INT;
    char digits[UNIT_TEXT_MAX];
    size_t n = 0;
    for (const char *c = unit_day(now, when, sizeof when); *c; c++)
        if (isdigit((unsigned char)*c))
            digits[n++] = *c;
    digits[n] = '\0';
    (void)snprintf(name, sizeof name, "%.40s-%.40s-%.14s.csv",
                   s->snapshot ? s->snapshot->environment.name : "flightdeck",
                   pane_of(s->pane)->name, digits);
    for (char *c = name; *c; c++)
        if (*c == '/' || *c == ' ')
            *c = '-';
    screen_prompt(s, PROMPT_EXPORT, "write to (.csv, .json, .md)", name);
}

static bool format_of(struct screen *s, const char *path, enum export_format *out)
{
    bool known = export_format_of(path, out);
    if (!known)
        screen_say(s, STYLE_ATTENTION, "\"%s\": the name has to end in .csv, .json or .md", path);
    return known;
}

static void save(struct screen *s, struct buf *b, const char *path, struct effect *out)
{
    size_t n = b->len;
    char *text = buf_failed(b) ? NULL : malloc(n + 1);
    if (text) {
        memcpy(text, buf_cstr(b), n + 1);
        effect_text(out, EFFECT_SAVE, text, n, path);
    } else {
        screen_say(s, STYLE_BROKEN, "no memory for the file");
    }
    buf_free(b);
}

void screen_export_rows(struct screen *s, const struct table_model *m, const struct table_state *t,
                        const char *path, struct effect *out)
{
    struct buf b;
    enum export_format format;
    if (!format_of(s, path, &format))
        return;
    buf_init(&b, 0);
    export_table(m, t, format, &b);
    save(s, &b, path, out);
}

static void export_whole(struct screen *s, const char *path, struct effect *out)
{
    struct buf b;
    enum export_format format;
    if (!format_of(s, path, &format))
        return;
    json_t *whole = pane_of(s->pane)->whole(s);
    if (!whole) {
        screen_say(s, STYLE_ATTENTION, "there is nothing to write: it has not come, or is gone");
        return;
    }
    buf_init(&b, 0);
    export_object(whole, format, &b);
    json_decref(whole);
    save(s, &b, path, out);
}

void screen_export_to(struct screen *s, const char *path, struct effect *out)
{
    struct table_model m;
    struct table_state *t = screen_table(s, &m);
    if (!*path)
        return;
    if (t)
        screen_export_rows(s, &m, t, path, out);
    else if (s->detail && pane_of(s->pane)->whole)
        export_whole(s, path, out);
}
