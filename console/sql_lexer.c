#include "console/sql_lexer.h"

#include <ctype.h>
#include <strings.h>

static bool name_start(unsigned char c)
{
    return isalpha(c) || c == '_' || c >= 0x80;
}

static bool name_byte(unsigned char c)
{
    return name_start(c) || isdigit(c) || c == '$';
}

/* Length of "$tag$" at p; 0 when it is none. */
static size_t dollar_tag(const char *p, size_t n)
{
    size_t i = 1;
    if (i < n && name_start((unsigned char)p[i]))
        while (i < n && name_byte((unsigned char)p[i]) && p[i] != '$')
            i++;
    return i < n && p[i] == '$' && i + 1 < SQL_TAG_MAX ? i + 1 : 0;
}

/* ---- one step ---- */

/* Inside of quotes or a comment: how far this step goes. */
static size_t step_inside(struct sql_lexer *l, const char *p, size_t n)
{
    bool two = n > 1;
    switch (l->state) {
    case SQL_ESTRING:
        if (*p == '\\' && two)
            return 2;
        /* fallthrough */
    case SQL_STRING:
        if (*p == '\'' && two && p[1] == '\'')
            return 2;
        if (*p == '\'')
            l->state = SQL_CODE;
        return 1;
    case SQL_NAME:
        if (*p == '"')
            l->state = SQL_CODE;
        return 1;
    case SQL_LINE:
        if (*p == '\n')
            l->state = SQL_CODE;
        return 1;
    case SQL_COMMENT:
        if (two && p[0] == '/' && p[1] == '*') {
            l->depth++;
            return 2;
        }
        if (two && p[0] == '*' && p[1] == '/') {
            if (--l->depth == 0)
                l->state = SQL_CODE;
            return 2;
        }
        return 1;
    case SQL_DOLLAR:
        if (*p == '$' && n >= l->tag_n && !memcmp(p, l->tag, l->tag_n)) {
            l->state = SQL_CODE;
            return l->tag_n;
        }
        return 1;
    case SQL_CODE:
        break;
    }
    return 1;
}

/* The words that tell where the body of a routine begins and ends. */
static void step_word(struct sql_lexer *l, const char *p, size_t n)
{
    enum { FIRST_WORDS = 6 };
    if (l->words < FIRST_WORDS)
        l->words++;
    if (l->words == 1)
        l->create = n == 6 && !strncasecmp(p, "create", n);
    if (l->create && l->words <= 4 &&
        ((n == 8 && !strncasecmp(p, "function", n)) || (n == 9 && !strncasecmp(p, "procedure", n))))
        l->routine = true;
    if (!l->routine || l->parens)
        return;
    if (n == 5 && !strncasecmp(p, "begin", n))
        l->blocks++;
    else if (l->blocks && n == 4 && !strncasecmp(p, "case", n))
        l->blocks++;
    else if (l->blocks && n == 3 && !strncasecmp(p, "end", n))
        l->blocks--;
}

/* One lexical step at p (n > 0): its length. *end: it is a semicolon that ends the statement;
 * *plain: it is code, neither quoted nor a comment. */
static size_t step(struct sql_lexer *l, const char *p, size_t n, bool *end, bool *plain)
{
    *end = false;
    *plain = l->state == SQL_CODE;
    if (l->state != SQL_CODE) {
        l->last_is_name = false;
        return step_inside(l, p, n);
    }
    bool after_name = l->last_is_name;
    l->last_is_name = false;
    if (name_start((unsigned char)*p) && !after_name) {
        size_t i = 1;
        while (i < n && name_byte((unsigned char)p[i]))
            i++;
        if (i == 1 && n > 1 && (*p == 'e' || *p == 'E') && p[1] == '\'') {
            l->state = SQL_ESTRING;
            return 2;
        }
        step_word(l, p, i);
        l->last_is_name = true;
        return i;
    }
    if (n > 1 && p[0] == '-' && p[1] == '-') {
        l->state = SQL_LINE;
        *plain = false;
        return 2;
    }
    if (n > 1 && p[0] == '/' && p[1] == '*') {
        l->state = SQL_COMMENT;
        l->depth = 1;
        *plain = false;
        return 2;
    }
    size_t tag = *p == '$' && !after_name ? dollar_tag(p, n) : 0;
    if (tag) {
        memcpy(l->tag, p, tag);
        l->tag_n = tag;
        l->state = SQL_DOLLAR;
        return tag;
    }
    if (*p == '\'')
        l->state = SQL_STRING;
    else if (*p == '"')
        l->state = SQL_NAME;
    else if (*p == '(')
        l->parens++;
    else if (*p == ')' && l->parens)
        l->parens--;
    else if (*p == ';' && !l->parens && !l->blocks)
        *end = true;
    l->last_is_name = isdigit((unsigned char)*p) || (after_name && name_byte((unsigned char)*p));
    return 1;
}

/* ---- statements ---- */

static int newlines(const char *p, size_t n)
{
    int found = 0;
    for (size_t i = 0; i < n; i++)
        found += p[i] == '\n';
    return found;
}

void sql_splitter_init(struct sql_splitter *s)
{
    *s = (struct sql_splitter){.line = 1};
    buf_init(&s->text, 0);
}

void sql_splitter_free(struct sql_splitter *s)
{
    buf_free(&s->text);
}

void sql_splitter_reset(struct sql_splitter *s)
{
    s->line += newlines(s->text.p, s->text.len);
    buf_clear(&s->text);
    s->lexer = (struct sql_lexer){.state = SQL_CODE};
    s->at = 0;
    s->content = false;
}

void sql_splitter_add(struct sql_splitter *s, const char *p, size_t n)
{
    buf_add(&s->text, p, n);
}

/* Hands out text[0, end) and drops it with `skip` bytes behind. */
static void take(struct sql_splitter *s, size_t end, size_t skip, struct buf *out)
{
    size_t from = 0;
    while (from < end && isspace((unsigned char)s->text.p[from]))
        from++;
    size_t to = end;
    while (to > from && isspace((unsigned char)s->text.p[to - 1]))
        to--;
    if (s->content)
        buf_add(out, s->text.p + from, to - from);
    size_t gone = end + skip;
    s->first_line = s->line + newlines(s->text.p, from);
    s->line += newlines(s->text.p, gone);
    memmove(s->text.p, s->text.p + gone, s->text.len - gone);
    s->text.len -= gone;
    s->at = 0;
    s->content = false;
    s->lexer = (struct sql_lexer){.state = SQL_CODE};
}

/* Hands out the line's rest at a backslash; its line end stays. */
static void take_backslash(struct sql_splitter *s, struct buf *out)
{
    char *p = s->text.p + s->at;
    size_t left = s->text.len - s->at;
    const char *end = memchr(p, '\n', left);
    size_t n = end ? (size_t)(end - p) : left;
    buf_add(out, p, n);
    s->first_line = s->line + newlines(s->text.p, s->at);
    memmove(p, p + n, left - n);
    s->text.len -= n;
}

enum sql_taken sql_splitter_next(struct sql_splitter *s, bool last, struct buf *out)
{
    while (s->at < s->text.len) {
        bool end;
        bool plain;
        const char *p = s->text.p + s->at;
        if (s->backslashes && *p == '\\' && s->lexer.state == SQL_CODE) {
            take_backslash(s, out);
            return SQL_TAKEN_BACKSLASH;
        }
        size_t n = step(&s->lexer, p, s->text.len - s->at, &end, &plain);
        if (!end) {
            s->content = s->content || (plain && !isspace((unsigned char)*p));
            s->at += n;
            continue;
        }
        bool had = s->content;
        take(s, s->at, 1, out);
        if (had)
            return SQL_TAKEN_STATEMENT;
    }
    if (!last || !s->text.len)
        return SQL_TAKEN_NOTHING;
    bool had = s->content;
    take(s, s->text.len, 0, out);
    return had ? SQL_TAKEN_STATEMENT : SQL_TAKEN_NOTHING;
}

void sql_splitter_put_back(struct sql_splitter *s, const char *p, size_t n)
{
    if (!buf_reserve(&s->text, n))
        return;
    memmove(s->text.p + s->at + n, s->text.p + s->at, s->text.len - s->at);
    memcpy(s->text.p + s->at, p, n);
    s->text.len += n;
}

bool sql_splitter_peek(const struct sql_splitter *s, struct buf *out)
{
    if (s->content)
        buf_add(out, s->text.p, s->at);
    return s->content;
}

bool sql_splitter_take(struct sql_splitter *s, struct buf *out)
{
    bool had = s->content;
    take(s, s->at, 0, out);
    return had;
}

bool sql_splitter_open(const struct sql_splitter *s)
{
    return s->content || (s->lexer.state != SQL_CODE && s->lexer.state != SQL_LINE);
}

char sql_splitter_prompt(const struct sql_splitter *s)
{
    switch (s->lexer.state) {
    case SQL_STRING:
    case SQL_ESTRING:
        return '\'';
    case SQL_NAME:
        return '"';
    case SQL_DOLLAR:
        return '$';
    case SQL_COMMENT:
        return '*';
    case SQL_LINE:
    case SQL_CODE:
        break;
    }
    if (s->lexer.parens)
        return '(';
    return s->content ? '-' : '=';
}

bool sql_lexer_step(struct sql_lexer *l, const char *text, size_t n, size_t *at, bool *code)
{
    bool end;
    if (*at >= n)
        return false;
    *at += step(l, text + *at, n - *at, &end, code);
    return true;
}

bool sql_is_code(const char *text, size_t n)
{
    struct sql_lexer l = {.state = SQL_CODE};
    for (size_t i = 0; i < n;) {
        bool end;
        bool plain;
        i += step(&l, text + i, n - i, &end, &plain);
    }
    return l.state == SQL_CODE;
}

/* ---- variables ---- */

/* A reference at p (behind the colon): its length and name; 0 when it is none. quote: 0, ' or ". */
static size_t reference(const char *p, size_t n, char *name, size_t name_n, char *quote)
{
    size_t i = 0;
    *quote = n && (*p == '\'' || *p == '"') ? *p : 0;
    size_t start = *quote ? 1 : 0;
    for (i = start; i < n && (isalnum((unsigned char)p[i]) || p[i] == '_'); i++)
        continue;
    if (i == start || i - start >= name_n)
        return 0;
    if (*quote && (i >= n || p[i] != *quote))
        return 0;
    memcpy(name, p + start, i - start);
    name[i - start] = '\0';
    return *quote ? i + 1 : i;
}

void sql_substitute(const char *sql, size_t n, sql_variable_fn *find, void *arg, struct buf *out)
{
    struct sql_lexer l = {.state = SQL_CODE};
    for (size_t i = 0; i < n;) {
        bool end;
        bool plain;
        char name[SQL_TAG_MAX];
        char quote;
        if (l.state == SQL_CODE && sql[i] == ':') {
            if (i + 1 < n && sql[i + 1] == ':') {
                buf_lit(out, "::");
                i += 2;
                continue;
            }
            size_t len = reference(sql + i + 1, n - i - 1, name, sizeof name, &quote);
            const char *value = len ? find(arg, name) : NULL;
            if (value) {
                if (quote == '\'')
                    buf_literal(out, value);
                else if (quote == '"')
                    buf_ident(out, value);
                else
                    buf_str(out, value);
                i += 1 + len;
                continue;
            }
        }
        size_t len = step(&l, sql + i, n - i, &end, &plain);
        buf_add(out, sql + i, len);
        i += len;
    }
}

const char *sql_start(const char *sql)
{
    struct sql_lexer l = {.state = SQL_CODE};
    size_t left = strlen(sql);
    while (left) {
        bool end;
        bool plain;
        size_t len = step(&l, sql, left, &end, &plain);
        if (plain && !isspace((unsigned char)*sql))
            break;
        sql += len;
        left -= len;
    }
    return sql;
}

const char *sql_word(const char *sql, char *out, size_t n)
{
    struct sql_lexer l = {.state = SQL_CODE};
    size_t left = strlen(sql);
    out[0] = '\0';
    while (left) {
        bool end;
        bool plain;
        size_t len = step(&l, sql, left, &end, &plain);
        if (plain && name_start((unsigned char)*sql)) {
            size_t k = 0;
            for (; k < len && k + 1 < n; k++)
                out[k] = (char)toupper((unsigned char)sql[k]);
            out[k] = '\0';
            return sql + len;
        }
        if (plain && !isspace((unsigned char)*sql) && *sql != '(')
            return sql;
        sql += len;
        left -= len;
    }
    return sql;
}
