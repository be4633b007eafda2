#include "backend/model/script.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { STATEMENTS_MAX = 1000 };

struct scan {
    const char *file;
    const char *p; /* where we are */
    int line;
    struct arena *arena;
    struct buf sql; /* the statement so far */
    int sql_line;   /* of its first word; 0: none yet */
    const char *params[SCRIPT_PARAMS_MAX];
    int n_params;
    struct script_statement *out;
    int n;
};

static enum err wrong(const struct scan *s, int line, const char *what, struct errbuf *e)
{
    return err_set(e, ERR_CONFIG, "%s:%d: %s", s->file, line, what);
}

/* Takes n bytes as they are. */
static void take(struct scan *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        s->line += s->p[i] == '\n';
    buf_add(&s->sql, s->p, n);
    s->p += n;
}

/* Steps over n bytes; lines are kept, so that the server's line numbers stay right. */
static void leave_out(struct scan *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (s->p[i] == '\n') {
            s->line++;
            buf_ch(&s->sql, '\n');
        }
    buf_ch(&s->sql, ' ');
    s->p += n;
}

static enum err quoted(struct scan *s, struct errbuf *e)
{
    char quote = *s->p;
    int line = s->line;
    size_t n = 1;
    for (;; n++) {
        if (!s->p[n])
            return wrong(s, line,
                         quote == '"' ? "a name's quote is open" : "a text's quote is open", e);
        if (s->p[n] != quote)
            continue;
        if (s->p[n + 1] != quote)
            break;
        n++;
    }
    take(s, n + 1);
    return ERR_OK;
}

/* $tag$ .. $tag$; a $ alone is taken as it is. */
static enum err dollars(struct scan *s, struct errbuf *e)
{
    size_t tag = 1;
    while (isalnum((unsigned char)s->p[tag]) || s->p[tag] == '_')
        tag++;
    if (s->p[tag] != '$' || isdigit((unsigned char)s->p[1])) {
        take(s, 1);
        return ERR_OK;
    }
    tag++;
    for (const char *q = s->p + tag; *q; q++)
        if (!strncmp(q, s->p, tag)) {
            take(s, (size_t)(q - s->p) + tag);
            return ERR_OK;
        }
    return wrong(s, s->line, "a dollar quote is open", e);
}

static enum err comment(struct scan *s, struct errbuf *e)
{
    if (*s->p == '-') {
        leave_out(s, strcspn(s->p, "\n"));
        return ERR_OK;
    }
    const char *end = strstr(s->p + 2, "*/");
    if (!end)
        return wrong(s, s->line, "a comment is open", e);
    size_t n = (size_t)(end - s->p) + 2;
    if (s->p[2] == '+')
        take(s, n);
    else
        leave_out(s, n);
    return ERR_OK;
}

static enum err parameter(struct scan *s, struct errbuf *e)
{
    size_t n = 1;
    while (isalnum((unsigned char)s->p[n]) || s->p[n] == '_')
        n++;
    if (s->n_params == SCRIPT_PARAMS_MAX)
        return wrong(s, s->line, "too many parameters in one statement", e);
    const char *name = arena_copy(s->arena, s->p + 1, n - 1);
    if (!name)
        return err_set(e, ERR_NOMEM, "no memory for %s", s->file);
    s->params[s->n_params++] = name;
    buf_ch(&s->sql, '?');
    s->p += n;
    return ERR_OK;
}

static enum err end_statement(struct scan *s, struct errbuf *e)
{
    enum err r = ERR_OK;
    if (s->sql_line) {
        if (s->n == STATEMENTS_MAX)
            return wrong(s, s->line, "too many statements in one file", e);
        const char **params = arena_alloc(s->arena, sizeof *params * (size_t)(s->n_params + 1));
        /* from its first word to its last */
        const char *text = buf_cstr(&s->sql);
        size_t lead = strspn(text, " \t\r\n");
        while (s->sql.len > lead && isspace((unsigned char)text[s->sql.len - 1]))
            s->sql.len--;
        r = buf_check(&s->sql, s->file, e);
        const char *copy = r ? NULL : arena_copy(s->arena, text + lead, s->sql.len - lead);
        if (!r && (!params || !copy))
            r = err_set(e, ERR_NOMEM, "no memory for %s", s->file);
        if (r)
            return r;
        memcpy(params, s->params, sizeof *params * (size_t)s->n_params);
        s->out[s->n++] = (struct script_statement){
            .sql = copy, .line = s->sql_line, .n_params = s->n_params, .params = params};
    }
    buf_clear(&s->sql);
    s->sql_line = 0;
    s->n_params = 0;
    return r;
}

static bool starts_name(const char *p)
{
    return isalpha((unsigned char)*p) || *p == '_';
}

/* One thing: a quote, a comment, a parameter, an end, or a byte. */
static enum err step(struct scan *s, struct errbuf *e)
{
    const char *p = s->p;
    if ((p[0] == '-' && p[1] == '-') || (p[0] == '/' && p[1] == '*'))
        return comment(s, e);
    if (*p == ';') {
        s->p++;
        return end_statement(s, e);
    }
    if (!isspace((unsigned char)*p) && !s->sql_line)
        s->sql_line = s->line;
    if (*p == '\'' || *p == '"')
        return quoted(s, e);
    if (*p == '$')
        return dollars(s, e);
    if (*p == '?')
        return wrong(s, s->line, "a bare ? : values are written as :name", e);
    if (p[0] == ':' && p[1] == ':')
        take(s, 2);
    else if (*p == ':' && starts_name(p + 1))
        return parameter(s, e);
    else
        take(s, 1);
    return ERR_OK;
}

enum err script_parse(const char *file, const char *text, struct arena *a, struct script **out,
                      struct errbuf *e)
{
    struct scan s = {.file = file, .p = text, .line = 1, .arena = a};
    enum err r = ERR_OK;
    *out = NULL;
    buf_init(&s.sql, 0);
    s.out = calloc(STATEMENTS_MAX, sizeof *s.out);
    if (!s.out)
        return err_set(e, ERR_NOMEM, "no memory for %s", file);
    while (*s.p && !r)
        r = step(&s, e);
    if (!r)
        r = end_statement(&s, e);
    if (!r && !s.n)
        r = err_set(e, ERR_CONFIG, "%s: no statement in it", file);
    if (!r) {
        struct script *made = arena_alloc(a, sizeof *made);
        struct script_statement *list = arena_alloc(a, sizeof *list * (size_t)s.n);
        const char *name = arena_strdup(a, file);
        if (made && list && name) {
            memcpy(list, s.out, sizeof *list * (size_t)s.n);
            *made = (struct script){.file = name, .n = s.n, .statements = list};
            *out = made;
        } else {
            r = err_set(e, ERR_NOMEM, "no memory for %s", file);
        }
    }
    free(s.out);
    buf_free(&s.sql);
    return r;
}

bool script_uses(const struct script *s, const char *name)
{
    for (int i = 0; i < s->n; i++)
        for (int k = 0; k < s->statements[i].n_params; k++)
            if (!strcmp(s->statements[i].params[k], name))
                return true;
    return false;
}

static const struct script_value *value_of(const struct script_value *values, int n,
                                           const char *name)
{
    for (int i = 0; i < n; i++)
        if (!strcmp(values[i].name, name))
            return &values[i];
    return NULL;
}

static enum err run_statement(struct warehouse *w, const struct script *s,
                              const struct script_statement *st, const struct script_value *values,
                              int n, int64_t *affected, struct errbuf *e)
{
    const char *bound[SCRIPT_PARAMS_MAX];
    for (int i = 0; i < st->n_params; i++) {
        const struct script_value *v = value_of(values, n, st->params[i]);
        if (!v)
            return err_set(e, ERR_USAGE, "%s:%d: no value is given for :%s", s->file, st->line,
                           st->params[i]);
        bound[i] = v->value;
    }
    if (warehouse_exec(w, st->sql, st->n_params, bound, affected, e))
        return err_prefix(e, "%s:%d", s->file, st->line);
    return ERR_OK;
}

/* "INSERT INTO target .." (verb "INSERT INTO"), whatever the spaces; any target for NULL. */
static bool writes(const char *sql, const char *verb, const char *target)
{
    for (; *verb; verb++) {
        if (*verb == ' ') {
            if (!isspace((unsigned char)*sql))
                return false;
            sql += strspn(sql, " \t\r\n");
        } else if (toupper((unsigned char)*sql++) != *verb) {
            return false;
        }
    }
    if (!isspace((unsigned char)*sql))
        return false;
    sql += strspn(sql, " \t\r\n");
    size_t n = target ? strlen(target) : 0;
    return !target || (!strncasecmp(sql, target, n) && !isalnum((unsigned char)sql[n]) &&
                       sql[n] != '_' && sql[n] != '.');
}

enum err script_run(struct warehouse *w, const struct script *s, const struct script_value *values,
                    int n, struct script_rows *rows, struct errbuf *e)
{
    for (int i = 0; i < s->n; i++) {
        const struct script_statement *st = &s->statements[i];
        int64_t affected = 0;
        enum err r = run_statement(w, s, st, values, n, &affected, e);
        if (r)
            return r;
        if (!rows || affected <= 0)
            continue;
        if (writes(st->sql, "INSERT INTO", rows->target))
            rows->inserted += affected;
        if (writes(st->sql, "DELETE FROM", rows->target))
            rows->deleted += affected;
    }
    return ERR_OK;
}
