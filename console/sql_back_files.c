/* Backslash commands about files and programs. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include "console/sql_back.h"

enum err back_include(struct back *b)
{
    enum { DEEPEST = 16 };
    struct sql_run *r = b->r;
    enum err rc = ERR_OK;
    if (!back_name(b, &rc))
        return rc ? rc : err_set(b->e, ERR_USAGE, "\\i needs a file");
    if (r->depth == DEEPEST)
        return err_set(b->e, ERR_LIMIT, "\\i within \\i too deep");
    r->depth++;
    enum sql_exit code = sql_run_file(r, buf_cstr(&b->word));
    r->depth--;
    return code == SQL_EXIT_DONE ? ERR_OK : ERR_SQL; /* it has said what */
}

/* A file's name as an argument, or |COMMAND to the line's end. */
static enum err read_place(struct back *b, const char **out)
{
    enum err rc = ERR_OK;
    const char *p = b->arguments.at + strspn(b->arguments.at, " \t");
    *out = NULL;
    if (*p == '|')
        *out = back_rest(b);
    else if (back_name(b, &rc))
        *out = buf_cstr(&b->word);
    return rc;
}

enum err back_output(struct back *b)
{
    const char *name;
    enum err rc = read_place(b, &name);
    return rc ? rc : sql_run_output(b->r, name, b->e);
}

enum err back_write(struct back *b)
{
    const struct sql_run *r = b->r;
    const char *name;
    struct sql_place place;
    struct buf sql;
    enum err rc = read_place(b, &name);
    if (!rc && !name)
        rc = err_set(b->e, ERR_USAGE, "\\w needs a file");
    if (!rc)
        rc = sql_place_open(name, &place, b->e);
    if (rc)
        return rc;
    buf_init(&sql, 0);
    if (!r->input || !sql_splitter_peek(r->input, &sql))
        buf_add(&sql, r->last.p, r->last.len);
    (void)fprintf(place.to, "%s\n", buf_cstr(&sql));
    buf_free(&sql);
    return sql_place_close(&place, name, b->e);
}

static enum err echo(struct back *b, FILE *out)
{
    enum err rc = ERR_OK;
    bool first = true;
    bool line_end = true;
    while (back_next(b, &rc)) {
        if (first && line_end && !strcmp(buf_cstr(&b->word), "-n")) {
            line_end = false;
            continue;
        }
        (void)fprintf(out, "%s%s", first ? "" : " ", buf_cstr(&b->word));
        first = false;
    }
    if (line_end)
        (void)fputc('\n', out);
    (void)fflush(out);
    return rc;
}

enum err back_echo(struct back *b)
{
    return echo(b, b->r->main);
}

enum err back_warn(struct back *b)
{
    return echo(b, stderr);
}

enum err back_shell(struct back *b)
{
    int status = 0;
    const char *command = back_rest(b);
    const char *shell = getenv("SHELL");
    (void)fflush(b->r->out);
    enum err rc = child_run(*command ? command : shell && *shell ? shell : "sh", &status, b->e);
    if (!rc && status)
        rc = err_set(b->e, ERR_IO, "\\!: it ended with %d", status);
    return rc;
}

enum err back_cd(struct back *b)
{
    enum err rc = ERR_OK;
    const char *home = getenv("HOME");
    const char *to = back_name(b, &rc) ? buf_cstr(&b->word) : home ? home : "/";
    if (!rc && chdir(to) != 0)
        rc = err_errno(b->e, ERR_IO, "%s", to);
    return rc;
}

/* ---- \copy ---- */

struct copy {
    struct sql_run *r;
    struct format_options format;
    struct buf sql;
    struct buf to; /* FILE, |COMMAND; "": where results go */
    struct sql_place place;
    FILE *out;
    struct formatter *formatter;
    int64_t rows;
};

static enum err copy_columns(void *arg, const struct format_column *columns, int n,
                             struct errbuf *e)
{
    struct copy *c = arg;
    if (n == 0)
        return err_set(e, ERR_USAGE, "\\copy: the statement gives no rows");
    c->formatter = format_create(&c->format, c->out);
    if (!c->formatter)
        return err_set(e, ERR_NOMEM, "no memory for a result");
    return format_begin(c->formatter, columns, n, e);
}

static enum err copy_row(void *arg, const struct cell *cells, struct errbuf *e)
{
    struct copy *c = arg;
    c->rows++;
    return format_row(c->formatter, cells, e);
}

static enum err copy_done(void *arg, const char *sql, int64_t affected, struct errbuf *e)
{
    struct copy *c = arg;
    (void)sql;
    (void)affected;
    return format_end(c->formatter, e);
}

/* Where the word stands alone in code and outside of parentheses; NULL: nowhere. */
static const char *find_word(const char *text, const char *word)
{
    size_t n = strlen(word);
    int depth = 0;
    for (const char *p = text; *p; p++) {
        if (*p != '(' && *p != ')' && strncasecmp(p, word, n) != 0)
            continue;
        if (!sql_is_code(text, (size_t)(p - text)))
            continue;
        depth += *p == '(' ? 1 : *p == ')' ? -1 : 0;
        if (depth == 0 && p > text && isspace((unsigned char)p[-1]) &&
            isspace((unsigned char)p[n]) && !strncasecmp(p, word, n))
            return p;
    }
    return NULL;
}

/* (QUERY), TABLE or TABLE (COLUMN, ..) as a statement. */
static enum err copy_statement(struct copy *c, const char *p, const char *end, struct errbuf *e)
{
    while (p < end && isspace((unsigned char)*p))
        p++;
    while (end > p && isspace((unsigned char)end[-1]))
        end--;
    size_t n = (size_t)(end - p);
    const char *open = memchr(p, '(', n);
    if (!n)
        return err_set(e, ERR_USAGE, "\\copy needs a table or a (query) before `to`");
    if (open == p && p[n - 1] == ')') {
        buf_add(&c->sql, p + 1, n - 2);
    } else if (open && p[n - 1] == ')') {
        buf_lit(&c->sql, "SELECT ");
        buf_add(&c->sql, open + 1, (size_t)(end - 1 - (open + 1)));
        buf_lit(&c->sql, " FROM ");
        buf_add(&c->sql, p, (size_t)(open - p));
    } else {
        buf_lit(&c->sql, "SELECT * FROM ");
        buf_add(&c->sql, p, n);
    }
    return buf_check(&c->sql, "a statement", e);
}

/* One word behind FILE, and its value where it has one. */
static enum err copy_option(struct copy *c, struct back *b)
{
    enum err rc = ERR_OK;
    const char *word = buf_cstr(&b->word);
    enum format f = !strcasecmp(word, "text") ? FORMAT_TSV : format_find(word);
    if (!strcasecmp(word, "with") || !strcasecmp(word, "format") || !strcasecmp(word, "as"))
        return ERR_OK;
    if (!strcasecmp(word, "csv"))
        f = FORMAT_CSV;
    if (f != FORMAT_COUNT) {
        c->format.format = f;
        return ERR_OK;
    }
    if (!strcasecmp(word, "header")) {
        c->format.rows_only = false;
        return ERR_OK;
    }
    bool null = !strcasecmp(word, "null");
    if (!null && strcasecmp(word, "delimiter") != 0)
        return err_set(b->e, ERR_USAGE,
                       "\\copy: what is `%s`? Behind the file: csv, text, json, jsonl, markdown, "
                       "html; header, delimiter ',', null 'text'",
                       word);
    if (!back_next(b, &rc))
        return rc ? rc : err_set(b->e, ERR_USAGE, "\\copy: a text is missing at the end");
    if (null) {
        rc = sql_variables_set(&c->r->texts, "copy_null", buf_cstr(&b->word), b->e);
        c->format.null = sql_variables_get(&c->r->texts, "copy_null");
        return rc;
    }
    if (b->word.len != 1)
        return err_set(b->e, ERR_USAGE, "\\copy: a delimiter is one byte");
    c->format.delimiter = b->word.p[0];
    return ERR_OK;
}

/* The part behind `to`. */
static enum err copy_target(struct copy *c, struct back *b)
{
    enum err rc = ERR_OK;
    for (char *p = (char *)b->arguments.at; *p; p++) /* (FORMAT csv, HEADER) */
        if ((*p == '(' || *p == ')' || *p == ',') &&
            sql_is_code(b->arguments.at, (size_t)(p - b->arguments.at)))
            *p = ' ';
    if (!back_name(b, &rc))
        return rc ? rc : err_set(b->e, ERR_USAGE, "\\copy needs a file behind `to`");
    bool program = !strcasecmp(buf_cstr(&b->word), "program");
    if (program && !back_next(b, &rc))
        return rc ? rc : err_set(b->e, ERR_USAGE, "\\copy .. to program needs 'a command'");
    if (program)
        buf_ch(&c->to, '|');
    if (program || strcasecmp(buf_cstr(&b->word), "stdout") != 0)
        buf_add(&c->to, b->word.p, b->word.len);
    while (!rc && back_name(b, &rc))
        rc = copy_option(c, b);
    return rc ? rc : buf_check(&c->to, "a file's name", b->e);
}

static enum err copy_read(struct copy *c, struct back *b)
{
    const char *text = b->arguments.at;
    const char *to = find_word(text, "to");
    if (!to && find_word(text, "from"))
        return err_set(b->e, ERR_UNSUPPORTED,
                       "\\copy brings rows out, not in: rows come into raw through a sink, and "
                       "into other tables with the server's own client (psql, vsql)");
    if (!to)
        return err_set(b->e, ERR_USAGE, "\\copy TABLE|(QUERY) to FILE [csv] [header]");
    enum err rc = copy_statement(c, text, to, b->e);
    b->arguments.at = to + strlen("to");
    return rc ? rc : copy_target(c, b);
}

enum err back_copy(struct back *b)
{
    struct sql_run *r = b->r;
    struct copy c = {.r = r, .format = {.format = FORMAT_TSV, .rows_only = true}, .out = r->out};
    const struct sql_sink sink = {copy_columns, copy_row, copy_done, &c};
    buf_init(&c.sql, 0);
    buf_init(&c.to, 0);
    enum err rc = copy_read(&c, b);
    if (!rc && c.to.len)
        rc = sql_place_open(buf_cstr(&c.to), &c.place, b->e);
    if (!rc) {
        c.out = c.place.to ? c.place.to : r->out;
        c.format.terminal = !c.place.to && r->format.terminal;
        c.format.unicode = r->format.unicode;
        rc = sql_run_into(r, buf_cstr(&c.sql), 0, &sink);
        b->e->text[0] = '\0'; /* it has said what */
        format_destroy(c.formatter);
        enum err closed = sql_place_close(&c.place, buf_cstr(&c.to), b->e);
        rc = rc ? rc : closed;
    }
    if (!rc && !r->quiet && c.to.len)
        (void)fprintf(r->main, "COPY %lld\n", (long long)c.rows);
    buf_free(&c.sql);
    buf_free(&c.to);
    return rc;
}
