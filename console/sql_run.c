#include "console/sql_run.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include "backend/base/clock.h"
#include "console/sql_backslash.h"

/* ---- variables ---- */

const char *sql_run_variable(const struct sql_run *r, const char *name)
{
    for (int i = 0; i < r->n_variables; i++)
        if (!strcmp(r->variables[i].name, name))
            return r->variables[i].value;
    return NULL;
}

enum err sql_run_set(struct sql_run *r, const char *assignment, struct errbuf *e)
{
    const char *equals = strchr(assignment, '=');
    size_t n = equals ? (size_t)(equals - assignment) : strlen(assignment);
    for (size_t i = 0; i < n; i++)
        if (!isalnum((unsigned char)assignment[i]) && assignment[i] != '_')
            return err_set(e, ERR_USAGE, "`%.*s` is no variable's name: letters, digits and _",
                           (int)n, assignment);
    if (n == 0)
        return err_set(e, ERR_USAGE, "a variable needs a name: NAME=VALUE");
    char *name = strndup(assignment, n);
    char *value = strdup(equals ? equals + 1 : "");
    int at = 0;
    while (name && at < r->n_variables && strcmp(r->variables[at].name, name) != 0)
        at++;
    if (!name || !value || at == SQL_VARIABLES_MAX) {
        free(name);
        free(value);
        return err_set(e, ERR_LIMIT, "more than %d variables", SQL_VARIABLES_MAX);
    }
    if (at < r->n_variables) {
        free(r->variables[at].name);
        free(r->variables[at].value);
    } else {
        r->n_variables++;
    }
    r->variables[at].name = name;
    r->variables[at].value = value;
    return ERR_OK;
}

bool sql_run_stops(const struct sql_run *r)
{
    const char *v = sql_run_variable(r, "ON_ERROR_STOP");
    return v && strcmp(v, "0") != 0 && strcasecmp(v, "off") != 0 && strcasecmp(v, "false") != 0;
}

void sql_run_free(struct sql_run *r)
{
    for (int i = 0; i < r->n_variables; i++) {
        free(r->variables[i].name);
        free(r->variables[i].value);
    }
    format_destroy(r->formatter);
}

static const char *find_variable(void *arg, const char *name)
{
    return sql_run_variable(arg, name);
}

void sql_run_substitute(struct sql_run *r, const char *text, struct buf *out)
{
    sql_substitute(text, strlen(text), find_variable, r, out);
}

/* ---- printing ---- */

enum err sql_run_output(struct sql_run *r, const char *path, struct errbuf *e)
{
    FILE *out = path ? fopen(path, "we") : r->main;
    enum err rc = ERR_OK;
    if (!out)
        return err_errno(e, ERR_IO, "%s", path);
    if (r->out != r->main && fclose(r->out) != 0)
        rc = err_errno(e, ERR_IO, "the file of \\o cannot be written");
    r->out = out;
    r->format.terminal = isatty(fileno(out)) == 1;
    return rc;
}

static enum err sink_columns(void *arg, const struct format_column *columns, int n,
                             struct errbuf *e)
{
    struct sql_run *r = arg;
    format_destroy(r->formatter);
    r->formatter = NULL;
    if (n == 0)
        return ERR_OK;
    r->formatter = format_create(&r->format, r->out);
    if (!r->formatter)
        return err_set(e, ERR_NOMEM, "no memory for a result");
    return format_begin(r->formatter, columns, n, e);
}

static enum err sink_row(void *arg, const struct cell *cells, struct errbuf *e)
{
    struct sql_run *r = arg;
    return format_row(r->formatter, cells, e);
}

static bool is_one_of(const char *word, const char *const *list)
{
    for (; *list; list++)
        if (!strcmp(word, *list))
            return true;
    return false;
}

/* "CREATE TABLE", "INSERT 0 3": what psql says of a statement without a result. */
static void command_tag(FILE *out, const char *sql, int64_t affected)
{
    static const char *const objects[] = {"CREATE", "DROP", "ALTER", NULL};
    static const char *const rows[] = {"UPDATE", "DELETE", "MERGE", "COPY", "SELECT", "WITH", NULL};
    static const char *const filler[] = {"OR",     "REPLACE", "TEMP",     "TEMPORARY", "LOCAL",
                                         "GLOBAL", "UNIQUE",  "UNLOGGED", NULL};
    static const char *const halves[] = {"MATERIALIZED", "FOREIGN", "EVENT", "RESOURCE", NULL};
    char word[64];
    char object[64];
    const char *rest = sql_word(sql, word, sizeof word);
    if (!strcmp(word, "INSERT")) {
        (void)fprintf(out, "INSERT 0 %lld\n", (long long)affected);
    } else if (is_one_of(word, rows)) {
        (void)fprintf(out, "%s %lld\n", word, (long long)affected);
    } else if (is_one_of(word, objects)) {
        do
            rest = sql_word(rest, object, sizeof object);
        while (is_one_of(object, filler));
        (void)fprintf(out, "%s %s", word, object);
        if (is_one_of(object, halves)) {
            (void)sql_word(rest, object, sizeof object);
            (void)fprintf(out, " %s", object);
        }
        (void)fputc('\n', out);
    } else if (*word) {
        (void)fprintf(out, "%s\n", word);
    }
    (void)fflush(out);
}

static enum err sink_done(void *arg, const char *sql, int64_t affected, struct errbuf *e)
{
    struct sql_run *r = arg;
    if (r->formatter)
        return format_end(r->formatter, e);
    if (!r->quiet && !r->format.rows_only && !format_for_programs(r->format.format))
        command_tag(r->out, sql, affected);
    return ERR_OK;
}

void sql_run_say(const struct sql_run *r, int line, const char *text)
{
    struct buf b;
    buf_init(&b, 0);
    /* lines stay lines, the rest of the control characters are shown, not sent */
    for (const char *p = text; *p;) {
        size_t n = strcspn(p, "\n");
        format_visible(&b, p, n);
        p += n;
        if (*p == '\n') {
            buf_ch(&b, '\n');
            p++;
        }
    }
    (void)fflush(r->out);
    if (r->file && line)
        (void)fprintf(stderr, "flightdeck sql: %s:%d: %s\n", r->file, line, buf_cstr(&b));
    else
        (void)fprintf(stderr, "flightdeck sql: %s\n", buf_cstr(&b));
    buf_free(&b);
}

/* ---- statements ---- */

enum err sql_run_statement(struct sql_run *r, const char *sql, int line)
{
    struct errbuf e;
    struct buf text;
    const struct sql_sink sink = {sink_columns, sink_row, sink_done, r};
    err_clear(&e);
    buf_init(&text, 0);
    sql_run_substitute(r, sql, &text);
    int64_t start = clock_mono_us();
    enum err rc = buf_check(&text, "a statement", &e);
    if (!rc)
        rc = sql_session_run(r->session, buf_cstr(&text), &sink, &e);
    if (rc) {
        r->lost = r->lost || rc == ERR_CONNECT;
        r->quit = r->quit || ferror(r->out);
        if (rc != ERR_CANCELED || !ferror(r->out)) /* a closed pipe needs no words */
            sql_run_say(r, line, e.text);
    }
    if (r->timing)
        (void)fprintf(stderr, "Time: %.3f ms\n", (double)(clock_mono_us() - start) / 1000);
    format_destroy(r->formatter);
    r->formatter = NULL;
    buf_free(&text);
    return rc;
}

static bool controls_transactions(const char *sql)
{
    static const char *const words[] = {"BEGIN", "START",     "COMMIT", "END", "ROLLBACK",
                                        "ABORT", "SAVEPOINT", "VACUUM", NULL};
    char word[32];
    (void)sql_word(sql, word, sizeof word);
    return is_one_of(word, words);
}

/* The statements of a text, each with its NUL, one behind the other. */
static int split_all(const char *sql, struct buf *all, bool *controlled)
{
    struct sql_splitter s;
    int n = 0;
    sql_splitter_init(&s);
    sql_splitter_add(&s, sql, strlen(sql));
    *controlled = false;
    for (size_t from = all->len; sql_splitter_next(&s, true, all); from = all->len) {
        buf_ch(all, '\0');
        if (!buf_failed(all))
            *controlled = *controlled || controls_transactions(all->p + from);
        n++;
    }
    sql_splitter_free(&s);
    return n;
}

static enum sql_exit end_command(struct sql_run *r, enum err rc)
{
    struct errbuf e;
    err_clear(&e);
    if (rc) {
        if (sql_session_rollback(r->session, &e) == ERR_CONNECT)
            r->lost = true;
        return r->lost ? SQL_EXIT_CONNECTION : SQL_EXIT_FAILED;
    }
    rc = sql_session_commit(r->session, &e);
    if (!rc)
        return SQL_EXIT_DONE;
    sql_run_say(r, 0, e.text);
    r->lost = r->lost || rc == ERR_CONNECT;
    return r->lost ? SQL_EXIT_CONNECTION : SQL_EXIT_FAILED;
}

enum sql_exit sql_run_command(struct sql_run *r, const char *sql)
{
    struct buf all;
    struct errbuf e;
    bool controlled;
    enum err rc = ERR_OK;
    if (*sql == '\\')
        return sql_backslash_run(r, sql) ? SQL_EXIT_FAILED : SQL_EXIT_DONE;
    buf_init(&all, 0);
    err_clear(&e);
    int n = split_all(sql, &all, &controlled);
    bool together = n > 1 && !controlled;
    if (buf_failed(&all))
        rc = buf_check(&all, "the statements", &e);
    else if (together)
        rc = sql_session_begin(r->session, &e);
    if (rc) {
        sql_run_say(r, 0, e.text);
        together = false;
    }
    const char *p = all.p;
    for (int i = 0; i < n && !rc; i++) {
        rc = sql_run_statement(r, p, 0);
        p += strlen(p) + 1;
    }
    buf_free(&all);
    if (together)
        return end_command(r, rc);
    return !rc ? SQL_EXIT_DONE : r->lost ? SQL_EXIT_CONNECTION : SQL_EXIT_FAILED;
}

/* ---- scripts ---- */

/* True when the script must end. */
static bool after_error(const struct sql_run *r, bool failed)
{
    return r->quit || r->lost || sql_interrupted() || (failed && sql_run_stops(r));
}

/* Runs what is finished. */
static bool run_finished(struct sql_run *r, struct sql_splitter *s, bool last, bool *failed)
{
    struct buf sql;
    bool end = false;
    buf_init(&sql, 0);
    while (!end && sql_splitter_next(s, last, &sql)) {
        bool bad = sql_run_statement(r, buf_cstr(&sql), s->first_line) != ERR_OK;
        *failed = *failed || bad;
        end = after_error(r, bad);
        buf_clear(&sql);
    }
    buf_free(&sql);
    return end;
}

static enum sql_exit run_stream(struct sql_run *r, FILE *in)
{
    struct sql_splitter s;
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    bool failed = false;
    bool end = false;
    sql_splitter_init(&s);
    while (!end && (n = getline(&line, &cap, in)) > 0) {
        const char *text = line + strspn(line, " \t");
        if (*text == '\\' && !sql_splitter_open(&s)) {
            bool bad = sql_backslash_run(r, text) != ERR_OK;
            failed = failed || bad;
            sql_splitter_add(&s, "\n", 1); /* counts as a line */
            end = after_error(r, bad);
            continue;
        }
        sql_splitter_add(&s, line, (size_t)n);
        end = run_finished(r, &s, false, &failed);
    }
    if (!end && !sql_interrupted())
        (void)run_finished(r, &s, true, &failed);
    free(line);
    sql_splitter_free(&s);
    if (r->lost)
        return SQL_EXIT_CONNECTION;
    if (sql_interrupted())
        return SQL_EXIT_FAILED;
    return failed && sql_run_stops(r) ? SQL_EXIT_SCRIPT : SQL_EXIT_DONE;
}

enum sql_exit sql_run_file(struct sql_run *r, const char *path)
{
    bool is_stdin = !strcmp(path, "-");
    FILE *in = is_stdin ? stdin : fopen(path, "re");
    const char *before = r->file;
    if (!in) {
        (void)fprintf(stderr, "flightdeck sql: %s: %s\n", path, strerror(errno));
        return SQL_EXIT_FAILED;
    }
    r->file = is_stdin ? "<stdin>" : path;
    enum sql_exit rc = run_stream(r, in);
    r->file = before;
    if (!is_stdin)
        (void)fclose(in);
    return rc;
}
