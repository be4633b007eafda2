#include "console/sql_complete.h"

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

#include "console/sql_backslash.h"

static const char *const keywords[] = {"all",       "alter",        "analyze",
                                       "and",       "any",          "array",
                                       "as",        "asc",          "begin",
                                       "between",   "by",           "case",
                                       "cast",      "coalesce",     "commit",
                                       "copy",      "count",        "create",
                                       "cross",     "current_date", "current_timestamp",
                                       "date",      "delete",       "desc",
                                       "distinct",  "drop",         "else",
                                       "end",       "except",       "exists",
                                       "explain",   "extract",      "false",
                                       "fetch",     "filter",       "first",
                                       "from",      "full",         "grant",
                                       "group",     "having",       "in",
                                       "inner",     "insert",       "intersect",
                                       "interval",  "into",         "is",
                                       "join",      "last",         "lateral",
                                       "left",      "like",         "limit",
                                       "max",       "min",          "not",
                                       "null",      "nulls",        "offset",
                                       "on",        "or",           "order",
                                       "outer",     "over",         "partition",
                                       "returning", "revoke",       "right",
                                       "rollback",  "row_number",   "rows",
                                       "schema",    "select",       "set",
                                       "show",      "sum",          "table",
                                       "then",      "timestamp",    "true",
                                       "truncate",  "union",        "unique",
                                       "update",    "using",        "values",
                                       "view",      "when",         "where",
                                       "window",    "with"};

/* ---- candidates ---- */

static void offer(struct sql_matches *m, const char *text)
{
    if (m->n == SQL_MATCHES_MAX)
        return;
    for (size_t i = 0; i < m->n; i++)
        if (!strcmp(m->items[i], text))
            return;
    m->items[m->n] = strdup(text);
    m->n += m->items[m->n] != NULL;
}

void sql_matches_free(struct sql_matches *m)
{
    for (size_t i = 0; i < m->n; i++)
        free(m->items[i]);
    *m = (struct sql_matches){.n = 0};
}

size_t sql_matches_common(const struct sql_matches *m)
{
    size_t common = m->n ? strlen(m->items[0]) : 0;
    for (size_t i = 1; i < m->n; i++) {
        size_t k = 0;
        while (k < common && m->items[i][k] == m->items[0][k])
            k++;
        common = k;
    }
    while (common && ((unsigned char)m->items[0][common] & 0xc0) == 0x80)
        common--; /* not within a letter */
    return common;
}

static bool is_simple(const char *name)
{
    if (!islower((unsigned char)*name) && *name != '_')
        return false;
    for (; *name; name++)
        if (!islower((unsigned char)*name) && !isdigit((unsigned char)*name) && *name != '_')
            return false;
    return true;
}

static void add_name(struct buf *b, const char *name)
{
    if (is_simple(name))
        buf_str(b, name);
    else
        buf_ident(b, name);
}

/* A typed piece of a name against a real one: letters' case does not count without quotes. */
static bool begins(const char *name, const char *typed, size_t n)
{
    if (n && *typed == '"')
        return !strncmp(name, typed + 1, n - 1);
    return !strncasecmp(name, typed, n);
}

static bool same_name(const char *name, const char *typed, size_t n)
{
    if (n > 1 && *typed == '"' && typed[n - 1] == '"')
        return strlen(name) == n - 2 && !strncmp(name, typed + 1, n - 2);
    return strlen(name) == n && !strncasecmp(name, typed, n);
}

/* before: the qualifier with its dot, as typed. */
static void offer_name(struct sql_matches *m, const char *before, size_t before_n, const char *name,
                       const char *after)
{
    struct buf b;
    buf_init(&b, 0);
    buf_add(&b, before, before_n);
    add_name(&b, name);
    buf_str(&b, after);
    if (!buf_failed(&b))
        offer(m, buf_cstr(&b));
    buf_free(&b);
}

static void offer_word(struct sql_matches *m, const char *word, const char *typed, size_t n)
{
    char out[64];
    if (strncasecmp(word, typed, n) != 0)
        return;
    (void)snprintf(out, sizeof out, "%s", word);
    if (n && isupper((unsigned char)*typed))
        for (char *p = out; *p; p++)
            *p = (char)toupper((unsigned char)*p);
    offer(m, out);
}

/* ---- the statement ---- */

enum { TOKENS_MAX = 2048, MENTIONS_MAX = 32 };

struct token {
    const char *p;
    size_t n;
    bool word; /* also "quoted" */
};

struct mention { /* of a relation in FROM and its kin */
    const struct token *schema, *name, *alias;
};

struct place {
    const char *typed; /* the word that is completed */
    size_t n;
    struct token tokens[TOKENS_MAX];
    int n_tokens;
    int before; /* tokens that end before the word */
    struct mention mentions[MENTIONS_MAX];
    int n_mentions;
};

static bool word_byte(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

static bool is(const struct token *t, const char *word)
{
    return t && t->n == strlen(word) && !strncasecmp(t->p, word, t->n);
}

static bool is_any(const struct token *t, const char *const *words)
{
    for (; t && *words; words++)
        if (is(t, *words))
            return true;
    return false;
}

/* The tokens of the statement that holds the word. */
static void read_tokens(struct place *p, const char *text, size_t n)
{
    struct sql_lexer l = {.state = SQL_CODE};
    size_t at = 0;
    bool code;
    for (size_t from = 0; sql_lexer_step(&l, text, n, &at, &code); from = at) {
        bool past = text + from > p->typed;
        if (!code || isspace((unsigned char)text[from]))
            continue;
        if (text[from] == ';' && past)
            break;
        if (text[from] == ';') {
            p->n_tokens = p->before = 0;
            continue;
        }
        bool quoted = text[from] == '"';
        while (quoted && l.state == SQL_NAME && sql_lexer_step(&l, text, n, &at, &code))
            continue;
        if (p->n_tokens == TOKENS_MAX)
            break;
        p->tokens[p->n_tokens++] = (struct token){
            .p = text + from, .n = at - from, .word = quoted || word_byte(text[from])};
        if (text + at <= p->typed)
            p->before = p->n_tokens;
    }
}

static const struct token *token(const struct place *p, int i)
{
    return i >= 0 && i < p->n_tokens ? &p->tokens[i] : NULL;
}

static bool is_reserved(const struct token *t)
{
    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++)
        if (is(t, keywords[i]))
            return true;
    return false;
}

/* One name in FROM at token i; returns the token behind it. */
static int read_mention(struct place *p, int i)
{
    struct mention m = {.name = token(p, i)};
    if (!m.name || !m.name->word || is_reserved(m.name))
        return i;
    i++;
    if (is(token(p, i), ".") && token(p, i + 1) && token(p, i + 1)->word) {
        m.schema = m.name;
        m.name = token(p, i + 1);
        i += 2;
    }
    if (is(token(p, i), "as"))
        i++;
    if (token(p, i) && token(p, i)->word && !is_reserved(token(p, i)))
        m.alias = token(p, i++);
    if (p->n_mentions < MENTIONS_MAX)
        p->mentions[p->n_mentions++] = m;
    return i;
}

static void read_mentions(struct place *p)
{
    static const char *const words[] = {"from", "join", "update", "into", NULL};
    for (int i = 0; i < p->n_tokens; i++) {
        if (!is_any(&p->tokens[i], words))
            continue;
        int next = read_mention(p, i + 1);
        while (is(token(p, next), ","))
            next = read_mention(p, next + 1);
    }
}

/* Whether a relation belongs at the word. */
static bool wants_relation(const struct place *p)
{
    static const char *const heads[] = {"from",     "join",    "into", "update", "table",
                                        "truncate", "analyze", "copy", "view",   NULL};
    static const char *const ends[] = {"where", "group", "order",  "having", "select",
                                       "on",    "set",   "values", "limit",  NULL};
    const struct token *last = token(p, p->before - 1);
    if (is_any(last, heads))
        return true;
    if (!is(last, ","))
        return false;
    for (int i = p->before - 1; i >= 0; i--) {
        if (is(&p->tokens[i], "from"))
            return true;
        if (is_any(&p->tokens[i], ends) || is(&p->tokens[i], "("))
            return false;
    }
    return false;
}

/* ---- what fits ---- */

static bool mentions(const struct mention *m, const struct sql_relation_words *w)
{
    return same_name(w->name, m->name->p, m->name->n) &&
           (!m->schema || same_name(w->schema, m->schema->p, m->schema->n));
}

static void offer_columns(struct sql_matches *m, const struct sql_relation_words *w,
                          const char *before, size_t before_n, const char *typed, size_t n)
{
    for (size_t i = 0; i < w->n_columns; i++)
        if (begins(w->columns[i], typed, n))
            offer_name(m, before, before_n, w->columns[i], "");
}

static void offer_relations(struct sql_matches *m, const struct sql_words *w, const char *typed,
                            size_t n)
{
    const struct sql_relation_words *only = NULL;
    size_t found = 0;
    for (size_t i = 0; i < w->n_schemas; i++)
        if (begins(w->schemas[i], typed, n))
            offer_name(m, "", 0, w->schemas[i], ".");
    for (size_t i = 0; i < w->n_relations; i++) {
        const struct sql_relation_words *r = &w->relations[i];
        if (!begins(r->name, typed, n))
            continue;
        found++;
        only = r;
        if (!strcmp(r->schema, "public"))
            offer_name(m, "", 0, r->name, "");
    }
    if (m->n == 0 && found == 1) { /* its schema comes with it */
        struct buf b;
        buf_init(&b, 0);
        add_name(&b, only->schema);
        buf_ch(&b, '.');
        offer_name(m, buf_cstr(&b), b.len, only->name, "");
        buf_free(&b);
    }
}

/* QUALIFIER.typed: relations of a schema, columns of a relation or an alias. */
static void offer_qualified(struct sql_matches *m, const struct sql_words *w, const struct place *p)
{
    size_t dot = p->n;
    while (dot && p->typed[dot - 1] != '.')
        dot--;
    const char *typed = p->typed + dot;
    size_t n = p->n - dot;
    size_t qualifier_n = dot - 1;
    const char *name = p->typed;
    size_t name_n = qualifier_n;
    const char *schema = NULL;
    const char *inner = memchr(p->typed, '.', qualifier_n);
    if (inner) {
        schema = p->typed;
        name = inner + 1;
        name_n = qualifier_n - (size_t)(name - p->typed);
    }
    for (size_t i = 0; i < w->n_relations; i++) {
        const struct sql_relation_words *r = &w->relations[i];
        bool ours = same_name(r->name, name, name_n) &&
                    (!schema || same_name(r->schema, schema, (size_t)(inner - schema)));
        for (int k = 0; k < p->n_mentions && !schema && !ours; k++) {
            const struct token *alias = p->mentions[k].alias;
            ours = alias && alias->n == name_n && !strncasecmp(alias->p, name, name_n) &&
                   mentions(&p->mentions[k], r);
        }
        if (ours)
            offer_columns(m, r, p->typed, dot, typed, n);
        if (!schema && same_name(r->schema, name, name_n) && begins(r->name, typed, n))
            offer_name(m, p->typed, dot, r->name, "");
    }
}

static void complete_sql(const struct sql_words *w, const char *text, size_t length,
                         const char *typed, size_t n, struct sql_matches *out)
{
    struct place *p = calloc(1, sizeof *p);
    if (!p)
        return;
    p->typed = typed;
    p->n = n;
    read_tokens(p, text, length);
    read_mentions(p);
    if (memchr(typed, '.', n)) {
        if (w)
            offer_qualified(out, w, p);
    } else if (wants_relation(p)) {
        if (w)
            offer_relations(out, w, typed, n);
        if (n)
            offer_word(out, "select", typed, n);
    } else {
        for (size_t i = 0; w && i < w->n_relations; i++)
            for (int k = 0; k < p->n_mentions; k++)
                if (mentions(&p->mentions[k], &w->relations[i]))
                    offer_columns(out, &w->relations[i], "", 0, typed, n);
        for (size_t i = 0; n && i < sizeof keywords / sizeof keywords[0]; i++)
            offer_word(out, keywords[i], typed, n);
        if (w && n && !out->n)
            offer_relations(out, w, typed, n);
    }
    free(p);
}

/* ---- backslash commands ---- */

static void complete_name(const char *typed, size_t n, struct sql_matches *out)
{
    struct sql_backslash b;
    char name[64];
    for (int i = 0; sql_backslash_get(i, &b); i++) {
        (void)snprintf(name, sizeof name, "\\%s", b.name);
        if (!strncmp(name, typed, n))
            offer(out, name);
    }
}

static void complete_operand(enum sql_operand operand, const struct sql_words *w,
                             const struct sql_variables *v, const char *text, size_t length,
                             const char *typed, size_t n, struct sql_matches *out)
{
    static const char *const switches[] = {"on", "off", "auto"};
    struct place p = {.typed = typed, .n = n};
    switch (operand) {
    case SQL_OPERAND_RELATION:
        if (w && memchr(typed, '.', n))
            offer_qualified(out, w, &p);
        else if (w)
            offer_relations(out, w, typed, n);
        break;
    case SQL_OPERAND_SCHEMA:
        for (size_t i = 0; w && i < w->n_schemas; i++)
            if (begins(w->schemas[i], typed, n))
                offer_name(out, "", 0, w->schemas[i], "");
        break;
    case SQL_OPERAND_VARIABLE:
        for (size_t i = 0; v && i < v->n; i++)
            if (!strncmp(v->items[i].name, typed, n))
                offer(out, v->items[i].name);
        break;
    case SQL_OPERAND_SETTING:
        for (int i = 0; sql_setting_name(i); i++)
            if (!strncmp(sql_setting_name(i), typed, n))
                offer(out, sql_setting_name(i));
        break;
    case SQL_OPERAND_SWITCH:
        for (size_t i = 0; i < sizeof switches / sizeof switches[0]; i++)
            if (!strncmp(switches[i], typed, n))
                offer(out, switches[i]);
        break;
    case SQL_OPERAND_STATEMENT:
        complete_sql(w, text, length, typed, n, out);
        break;
    case SQL_OPERAND_FILE:
        out->files = true;
        break;
    case SQL_OPERAND_NONE:
        break;
    }
}

/* line: from the backslash. */
static void complete_backslash(const struct sql_words *w, const struct sql_variables *v,
                               const char *line, size_t length, const char *typed, size_t n,
                               struct sql_matches *out)
{
    struct sql_backslash b;
    size_t name_n = strcspn(line + 1, " \t\n");
    if (line + 1 + name_n >= typed + n) {
        out->start -= (size_t)(typed - line);
        complete_name(line, (size_t)(typed + n - line), out);
        return;
    }
    for (int i = 0; sql_backslash_get(i, &b); i++)
        if (strlen(b.name) == name_n && !strncmp(b.name, line + 1, name_n))
            complete_operand(b.operand, w, v, line + 1 + name_n, length - 1 - name_n, typed, n,
                             out);
}

/* ---- both ---- */

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void sql_complete(const struct sql_words *words, const struct sql_variables *variables,
                  const char *text, size_t point, struct sql_matches *out)
{
    size_t start = point;
    *out = (struct sql_matches){.n = 0};
    while (start && (word_byte(text[start - 1]) || text[start - 1] == '.'))
        start--;
    if (start && text[start - 1] == '"' && !sql_is_code(text, start))
        start--; /* an open quote before a name */
    out->start = start;
    size_t line = point;
    while (line && text[line - 1] != '\n')
        line--;
    line += strspn(text + line, " \t");
    const char *typed = text + start;
    size_t n = point - start;
    if (text[line] == '\\' && line < point && sql_is_code(text, line)) {
        complete_backslash(words, variables, text + line, strlen(text + line), typed, n, out);
    } else if (!sql_is_code(text, start)) {
        return; /* in a text or a comment nothing is known */
    } else if (start && text[start - 1] == ':' && !(start > 1 && text[start - 2] == ':')) {
        complete_operand(SQL_OPERAND_VARIABLE, NULL, variables, "", 0, typed, n, out);
    } else {
        complete_sql(words, text, strlen(text), typed, n, out);
    }
    qsort(out->items, out->n, sizeof *out->items, compare);
}
