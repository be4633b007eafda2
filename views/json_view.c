#include "views/json_view.h"

#include <jansson.h>
#include <string.h>

#include "views/grid.h"

struct view {
    const char *p;
    size_t n, i;
    struct buf *out, *styles;
    int depth;   /* what is deeper is folded */
    size_t left; /* bytes of the fold that may still be shown */
    bool folded;
};

bool json_view_is(const char *text, size_t n)
{
    json_error_t why;
    /* integers of any length are JSON, jansson's are 64 bits */
    json_t *j = json_loadb(text, n, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, &why);
    json_decref(j);
    return j != NULL;
}

static void put(struct view *v, enum style_role role, const char *p, size_t n)
{
    buf_add(v->out, p, n);
    for (size_t i = 0; i < n; i++)
        buf_ch(v->styles, (char)role);
}

static void put_text(struct view *v, enum style_role role, const char *s)
{
    put(v, role, s, strlen(s));
}

static void new_line(struct view *v, int level)
{
    put_text(v, STYLE_PLAIN, "\n");
    for (int i = 0; i < level; i++)
        put_text(v, STYLE_PLAIN, "  ");
}

static char peek(struct view *v)
{
    while (v->i < v->n && strchr(" \t\r\n", v->p[v->i]))
        v->i++;
    return v->i < v->n ? v->p[v->i] : '\0';
}

/* The token that begins here: a string, or what goes on to the next sign. */
static size_t token(struct view *v)
{
    size_t from = v->i;
    if (v->p[v->i] == '"') {
        for (v->i++; v->i < v->n && v->p[v->i] != '"'; v->i++)
            v->i += v->p[v->i] == '\\';
        v->i += v->i < v->n;
    } else {
        while (v->i < v->n && !strchr(",:{}[] \t\r\n", v->p[v->i]))
            v->i++;
    }
    v->i += v->i == from; /* always forward */
    return v->i - from;
}

static enum style_role role_of(const char *p)
{
    return *p == '"' ? STYLE_OK : *p == 'n' ? STYLE_DIM : STYLE_SERIES_1;
}

/* A value in one line, as much of it as may be shown; its end is found in any case. */
static void fold(struct view *v)
{
    int level = 0;
    v->left = JSON_VIEW_FOLDED_MAX;
    do {
        char c = peek(v);
        const char *p = v->p + v->i;
        size_t n;
        if (!c)
            return;
        if (strchr("{}[],:", c)) {
            level += (c == '{' || c == '[') - (c == '}' || c == ']');
            v->i++;
            n = 1;
        } else {
            n = token(v);
        }
        enum style_role role = strchr("{}[],:", c) ? STYLE_PLAIN
                               : peek(v) == ':'    ? STYLE_HEADER
                                                   : role_of(p);
        bool blank = c == ',' || c == ':';
        if (n + blank <= v->left) {
            put(v, role, p, n);
            put_text(v, STYLE_PLAIN, blank ? " " : "");
            v->left -= n + blank;
        } else if (v->left) {
            put_text(v, STYLE_DIM, " ..");
            v->left = 0;
        }
    } while (level > 0);
}

static void value(struct view *v, int level);

static void members(struct view *v, int level, char close)
{
    const char open[] = {close == '}' ? '{' : '[', '\0'};
    const char end[] = {close, '\0'};
    v->i++;
    put_text(v, STYLE_PLAIN, open);
    bool any = false;
    while (peek(v) && peek(v) != close) {
        any = true;
        new_line(v, level + 1);
        if (close == '}') {
            const char *p = v->p + v->i;
            put(v, STYLE_HEADER, p, token(v));
            if (peek(v) == ':')
                v->i++;
            put_text(v, STYLE_PLAIN, ": ");
        }
        value(v, level + 1);
        if (peek(v) == ',') {
            v->i++;
            put_text(v, STYLE_PLAIN, ",");
        }
    }
    v->i += v->i < v->n;
    if (any)
        new_line(v, level);
    put_text(v, STYLE_PLAIN, end);
}

/* The depth is bounded: what jansson took has at most 2048 levels, and deeper than `depth` nothing
 * calls itself. */
static void value(struct view *v, int level)
{
    char c = peek(v);
    const char *p = v->p + v->i;
    if (!c)
        return;
    if (c != '{' && c != '[') {
        put(v, role_of(p), p, token(v));
    } else if (level >= v->depth) {
        size_t from = v->i++;
        bool empty = peek(v) == '}' || peek(v) == ']';
        v->i = from;
        v->folded = v->folded || !empty;
        fold(v);
    } else {
        members(v, level, c == '{' ? '}' : ']');
    }
}

bool json_view(const char *text, size_t n, int depth, struct buf *out, struct buf *styles)
{
    struct view v = {.p = text, .n = n, .out = out, .styles = styles, .depth = depth};
    value(&v, 0);
    return v.folded;
}
