/*
 * Translation of Java's regular expressions, left to right, one construct at a time.
 *
 * Both languages share | ( ) [ ] * + ? {m,n} . ^ $. Java adds escapes (\d \w \s, \. and friends,
 * \Q..\E, \t, \xhh, \uhhhh), groups that do not capture, and lazy quantifiers. A lazy quantifier
 * decides which match is found first, not whether the whole name matches, so its ? is dropped.
 */
#include "backend/base/pattern.h"

#include <ctype.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

struct pattern_list {
    int n;
    regex_t *items;
};

struct scan {
    const char *p;
    const char *end;
    const char *whole;
    size_t n;
    struct buf *out;
    struct errbuf *e;
};

static enum err refuse(struct scan *s, const char *what)
{
    return err_set(s->e, ERR_CONFIG, "regular expression `%.*s`: %s", (int)s->n, s->whole, what);
}

static void literal(struct buf *out, char c)
{
    if (strchr(".[]()*+?{}|^$\\", c))
        buf_ch(out, '\\');
    buf_ch(out, c);
}

/* hex digits of \xhh or \uhhhh as UTF-8. */
static enum err code_point(struct scan *s, int digits, bool in_bracket)
{
    unsigned v = 0;
    for (int i = 0; i < digits; i++, s->p++) {
        if (s->p >= s->end || !isxdigit((unsigned char)*s->p))
            return refuse(s, "\\x needs 2 and \\u 4 hexadecimal digits");
        char c = (char)tolower((unsigned char)*s->p);
        v = v * 16 + (unsigned)(isdigit((unsigned char)c) ? c - '0' : c - 'a' + 10);
    }
    if (v == 0 || (v >= 0xd800 && v <= 0xdfff))
        return refuse(s, "no such character");
    if (v < 0x80) {
        if (in_bracket)
            buf_ch(s->out, (char)v);
        else
            literal(s->out, (char)v);
    } else if (v < 0x800) {
        buf_ch(s->out, (char)(0xc0 | v >> 6));
        buf_ch(s->out, (char)(0x80 | (v & 0x3f)));
    } else {
        buf_ch(s->out, (char)(0xe0 | v >> 12));
        buf_ch(s->out, (char)(0x80 | (v >> 6 & 0x3f)));
        buf_ch(s->out, (char)(0x80 | (v & 0x3f)));
    }
    return ERR_OK;
}

/* The class behind \d \w \s, to stand inside brackets; NULL: no class. */
static const char *class_of(char c)
{
    switch (tolower((unsigned char)c)) {
    case 'd':
        return "0-9";
    case 'w':
        return "A-Za-z0-9_";
    case 's':
        return "[:space:]";
    default:
        return NULL;
    }
}

static char control_of(char c)
{
    switch (c) {
    case 't':
        return '\t';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 'f':
        return '\f';
    default:
        return '\0';
    }
}

static void quoted(struct scan *s)
{
    while (s->p < s->end) {
        if (s->end - s->p >= 2 && s->p[0] == '\\' && s->p[1] == 'E') {
            s->p += 2;
            return;
        }
        literal(s->out, *s->p++);
    }
}

static enum err escape(struct scan *s)
{
    if (s->p >= s->end)
        return refuse(s, "a \\ stands at its end");
    char c = *s->p++;
    const char *set = class_of(c);
    if (set) {
        buf_printf(s->out, isupper((unsigned char)c) ? "[^%s]" : "[%s]", set);
    } else if (c == 'Q') {
        quoted(s);
    } else if (c == 'x' || c == 'u') {
        return code_point(s, c == 'x' ? 2 : 4, false);
    } else if (control_of(c)) {
        buf_ch(s->out, control_of(c));
    } else if (isalnum((unsigned char)c)) {
        char what[80] = "\\. is not known here (back references, \\b, \\p{..} are not)";
        what[1] = c;
        return refuse(s, what);
    } else {
        literal(s->out, c);
    }
    return ERR_OK;
}

/* A set while it is read. POSIX has no escapes inside [..]: a literal ] must come first, ^ not
 * first and - last; they are kept apart and put in their places at the end. */
struct set {
    struct buf body;
    bool negated;
    bool closing;
    bool caret;
    bool dash;
    bool range;       /* the body ends with the - of a range */
    bool after_class; /* the last thing was \d, \w or \s: no range begins there */
};

static void set_char(struct set *set, char c)
{
    if (c == ']')
        set->closing = true;
    else if (c == '^')
        set->caret = true;
    else if (c == '-')
        set->dash = true;
    else
        buf_ch(&set->body, c);
}

static void set_write(const struct set *set, struct buf *out)
{
    bool only_caret = set->caret && !set->negated && !set->closing && !set->body.len;
    if (only_caret && !set->dash) {
        buf_lit(out, "\\^");
        return;
    }
    buf_str(out, set->negated ? "[^" : "[");
    if (set->closing)
        buf_ch(out, ']');
    buf_add(out, set->body.p, set->body.len);
    if (only_caret)
        buf_ch(out, '-');
    if (set->caret)
        buf_ch(out, '^');
    if (set->dash && !only_caret)
        buf_ch(out, '-');
    buf_ch(out, ']');
}

static enum err set_escape(struct scan *s, struct set *set)
{
    char c = *s->p++;
    const char *class = class_of(c);
    if (class && islower((unsigned char)c)) {
        buf_str(&set->body, class);
        set->after_class = true;
        return ERR_OK;
    }
    if (c == 'x' || c == 'u') {
        struct buf *out = s->out;
        s->out = &set->body;
        enum err rc = code_point(s, c == 'x' ? 2 : 4, true);
        s->out = out;
        return rc;
    }
    if (!control_of(c) && isalnum((unsigned char)c))
        return refuse(s, "it has an escape inside [..] that is not known here");
    set_char(set, control_of(c) ? control_of(c) : c);
    return ERR_OK;
}

static enum err set_step(struct scan *s, struct set *set, bool first)
{
    char c = *s->p++;
    bool range = set->range, after_class = set->after_class;
    set->range = set->after_class = false;
    if (range && strchr("]^-\\", c))
        return refuse(s, "it has a range inside [..] that is not known here");
    if (c == '[' || (c == '&' && s->p < s->end && *s->p == '&'))
        return refuse(s, "sets inside sets are not known here");
    if (c == '\\' && s->p < s->end)
        return set_escape(s, set);
    if (c == '-' && !first && !after_class && s->p < s->end && *s->p != ']') {
        set->range = true;
        buf_ch(&set->body, '-');
    } else {
        set_char(set, c);
    }
    return ERR_OK;
}

static enum err bracket(struct scan *s)
{
    struct set set = {.negated = s->p < s->end && *s->p == '^'};
    buf_init(&set.body, 0);
    enum err rc = ERR_OK;
    if (set.negated)
        s->p++;
    for (bool first = true; rc == ERR_OK; first = false) {
        if (s->p >= s->end)
            rc = refuse(s, "a [ without ]");
        else if (*s->p == ']' && !first)
            break;
        else
            rc = set_step(s, &set, first);
    }
    if (rc == ERR_OK) {
        s->p++;
        set_write(&set, s->out);
    }
    buf_free(&set.body);
    return rc;
}

static enum err group(struct scan *s)
{
    buf_ch(s->out, '(');
    if (s->p >= s->end || *s->p != '?')
        return ERR_OK;
    if (s->end - s->p >= 2 && s->p[1] == ':') {
        s->p += 2;
        return ERR_OK;
    }
    if (s->end - s->p >= 3 && s->p[1] == '<' && isalpha((unsigned char)s->p[2])) {
        const char *close = memchr(s->p, '>', (size_t)(s->end - s->p));
        if (close) {
            s->p = close + 1;
            return ERR_OK;
        }
    }
    return refuse(s, "(?..) other than (?:..) is not known here; list what is wanted, or use the "
                     "exclude list instead of a look-ahead");
}

/* Behind * + ? or }: a lazy ? is dropped, a possessive + refused. */
static enum err after_quantifier(struct scan *s)
{
    if (s->p < s->end && *s->p == '?')
        s->p++;
    else if (s->p < s->end && *s->p == '+')
        return refuse(s, "possessive quantifiers are not known here");
    return ERR_OK;
}

static enum err step(struct scan *s)
{
    char c = *s->p++;
    switch (c) {
    case '\\':
        return escape(s);
    case '[':
        return bracket(s);
    case '(':
        return group(s);
    case '*':
    case '+':
    case '?':
        buf_ch(s->out, c);
        return after_quantifier(s);
    case '{': {
        const char *close = memchr(s->p, '}', (size_t)(s->end - s->p));
        if (!close || !isdigit((unsigned char)*s->p))
            return refuse(s, "a { needs numbers and a }");
        buf_add(s->out, s->p - 1, (size_t)(close + 2 - s->p));
        s->p = close + 1;
        return after_quantifier(s);
    }
    default:
        buf_ch(s->out, c);
        return ERR_OK;
    }
}

enum err pattern_translate(const char *java, size_t n, struct buf *out, struct errbuf *e)
{
    struct scan s = {.p = java, .end = java + n, .whole = java, .n = n, .out = out, .e = e};
    if (n >= 4 && memcmp(java, "(?i)", 4) == 0)
        s.p += 4;
    buf_lit(out, "^(");
    while (s.p < s.end) {
        enum err rc = step(&s);
        if (rc != ERR_OK)
            return rc;
    }
    buf_lit(out, ")$");
    return buf_check(out, "regular expression", e);
}

static enum err add(struct pattern_list *l, const char *p, size_t n, int flags, struct errbuf *e)
{
    struct buf posix;
    buf_init(&posix, 0);
    enum err rc = pattern_translate(p, n, &posix, e);
    if (rc != ERR_OK)
        goto out;
    regex_t *items = realloc(l->items, (size_t)(l->n + 1) * sizeof *items);
    if (!items) {
        rc = err_set(e, ERR_NOMEM, "out of memory");
        goto out;
    }
    l->items = items;
    bool ignore = flags & PATTERN_IGNORE_CASE || (n >= 4 && memcmp(p, "(?i)", 4) == 0);
    int k = regcomp(&items[l->n], buf_cstr(&posix),
                    REG_EXTENDED | REG_NOSUB | (ignore ? REG_ICASE : 0));
    if (k != 0) {
        char why[128];
        (void)regerror(k, &items[l->n], why, sizeof why);
        rc = err_set(e, ERR_CONFIG, "regular expression `%.*s`: %s", (int)n, p, why);
        goto out;
    }
    l->n++;
out:
    buf_free(&posix);
    return rc;
}

enum err pattern_list_create(const char *text, int flags, struct pattern_list **out,
                             struct errbuf *e)
{
    *out = NULL;
    struct pattern_list *l = calloc(1, sizeof *l);
    if (!l)
        return err_set(e, ERR_NOMEM, "out of memory");
    enum err rc = ERR_OK;
    for (const char *p = text; rc == ERR_OK && *p;) {
        const char *end = p;
        while (*end && !(*end == ',' && flags & PATTERN_LIST))
            end += *end == '\\' && end[1] ? 2 : 1;
        const char *from = p, *to = end;
        while (from < to && isspace((unsigned char)*from))
            from++;
        while (to > from && isspace((unsigned char)to[-1]))
            to--;
        if (to > from)
            rc = add(l, from, (size_t)(to - from), flags, e);
        p = *end ? end + 1 : end;
    }
    if (rc != ERR_OK || l->n == 0) {
        pattern_list_destroy(l);
        return rc;
    }
    *out = l;
    return ERR_OK;
}

void pattern_list_destroy(struct pattern_list *l)
{
    if (!l)
        return;
    for (int i = 0; i < l->n; i++)
        regfree(&l->items[i]);
    free(l->items);
    free(l);
}

bool pattern_list_match(const struct pattern_list *l, const char *name)
{
    for (int i = 0; l && i < l->n; i++)
        if (regexec(&l->items[i], name, 0, NULL, 0) == 0)
            return true;
    return false;
}

bool pattern_is_word(const char *java, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isalnum((unsigned char)java[i]) && java[i] != '_')
            return false;
    return n > 0;
}
