#include "console/sql_run.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "backend/base/clock.h"
#include "console/sql_access.h"
#include "console/sql_backslash.h"
#include "console/sql_error.h"
#include "console/sql_words.h"

/* ---- variables ---- */

const char *sql_run_variable(void *arg, const char *name)
{
    const struct sql_run *r = arg;
    return sql_variables_get(&r->variables, name);
}

enum err sql_run_set(struct sql_run *r, const char *assignment, struct errbuf *e)
{
    const char *equals = strchr(assignment, '=');
    char *name = equals ? strndup(assignment, (size_t)(equals - assignment)) : strdup(assignment);
    enum err rc = name ? sql_variables_set(&r->variables, name, equals ? equals + 1 : "", e)
                       : err_set(e, ERR_NOMEM, "no memory for a variable");
    free(name);
    return rc;
}

bool sql_run_stops(const struct sql_run *r)
{
    return sql_variables_on(&r->variables, "ON_ERROR_STOP");
}

void sql_run_free(struct sql_run *r)
{
    sql_variables_free(&r->variables);
    sql_variables_free(&r->texts);
    buf_free(&r->last);
    format_destroy(r->formatter);
}

void sql_run_substitute(struct sql_run *r, const char *text, struct buf *out)
{
    sql_substitute(text, strlen(text), sql_run_variable, r, out);
}

/* What psql leaves behind a statement. Memory is not worth an error here: the next one sets them.
 */
static void note_outcome(struct sql_run *r, enum err rc, const struct errbuf *e)
{
    struct errbuf ignored;
    char rows[24];
    const char *state = !rc ? "00000" : *e->sqlstate ? e->sqlstate : "HY000";
    (void)snprintf(rows, sizeof rows, "%lld", (long long)(rc || r->rows < 0 ? 0 : r->rows));
    enum err all = sql_variables_set(&r->variables, "ERROR", rc ? "true" : "false", &ignored);
    all |= sql_variables_set(&r->variables, "SQLSTATE", state, &ignored);
    all |= sql_variables_set(&r->variables, "ROW_COUNT", rows, &ignored);
    if (rc) {
        all |= sql_variables_set(&r->variables, "LAST_ERROR_MESSAGE", e->text, &ignored);
        all |= sql_variables_set(&r->variables, "LAST_ERROR_SQLSTATE", state, &ignored);
    }
    (void)all;
}

/* ---- printing ---- */

enum err sql_run_output(struct sql_run *r, const char *name, struct errbuf *e)
{
    struct sql_place next = {.to = NULL};
    enum err rc = name ? sql_place_open(name, &next, e) : ERR_OK;
    if (rc)
        return rc;
    rc = sql_place_close(&r->place, "the file of \\o", e);
    r->place = next;
    r->out = next.to ? next.to : r->main;
    r->format.terminal = isatty(fileno(r->out)) == 1;
    return rc;
}

bool sql_run_screen(const struct sql_run *r, int *lines, int *columns)
{
    struct winsize size;
    const char *said = sql_variables_get(&r->variables, "COLUMNS");
    bool terminal = r->format.terminal && ioctl(fileno(r->main), TIOCGWINSZ, &size) == 0;
    *lines = terminal ? size.ws_row : 0;
    *columns = terminal ? size.ws_col : 0;
    if (said && atoi(said) > 0)
        *columns = atoi(said);
    return terminal;
}

static const char *pager_command(void)
{
    static const char *const names[] = {"FLIGHTDECK_PAGER", "PSQL_PAGER", "PAGER"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *s = getenv(names[i]);
        if (s)
            return s;
    }
    return "less";
}

void sql_run_page_begin(struct sql_run *r)
{
    int lines;
    int columns;
    FILE *out;
    bool terminal = sql_run_screen(r, &lines, &columns);
    r->format.columns = r->expand_auto && !r->page ? columns : 0;
    const char *command = pager_command();
    if (!terminal || !r->keyboard || r->page || r->out != r->main || r->pager == SQL_PAGER_OFF ||
        lines <= 0 || !*command)
        return;
    r->page =
        sql_page_open(r->out, r->pager == SQL_PAGER_ALWAYS ? 0 : lines - 1, columns, command, &out);
    if (!r->page)
        return; /* no memory for comfort */
    r->behind_page = r->out;
    r->out = out;
}

bool sql_run_page_end(struct sql_run *r)
{
    if (!r->page)
        return false;
    bool left = sql_page_close(r->page);
    r->page = NULL;
    r->out = r->behind_page;
    return left;
}

static enum err sink_columns(void *arg, const struct format_column *columns, int n,
                             struct errbuf *e)
{
    struct sql_run *r = arg;
    format_destroy(r->formatter);
    r->formatter = NULL;
    r->rows = 0;
    if (n == 0)
        return ERR_OK;
    sql_run_page_begin(r);
    r->formatter = format_create(&r->format, r->out);
    if (!r->formatter)
        return err_set(e, ERR_NOMEM, "no memory for a result");
    return format_begin(r->formatter, columns, n, e);
}

static enum err sink_row(void *arg, const struct cell *cells, struct errbuf *e)
{
    struct sql_run *r = arg;
    r->rows++;
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
    r->rows = affected;
    if (!r->quiet && !r->format.rows_only && !format_for_programs(r->format.format))
        command_tag(r->out, sql, affected);
    return ERR_OK;
}

void sql_run_say(const struct sql_run *r, int line, const char *text)
{
    struct buf b;
    buf_init(&b, 0);
    /* lines stay lines, the rest of the control characters are shown, not sent */
    format_visible_lines(&b, text);
    (void)fflush(r->out);
    if (r->file && line)
        (void)fprintf(stderr, "flightdeck sql: %s:%d: %s\n", r->file, line, buf_cstr(&b));
    else
        (void)fprintf(stderr, "flightdeck sql: %s\n", buf_cstr(&b));
    buf_free(&b);
}

/* ---- statements ---- */

static bool is_one_of(const char *word, const char *const *list);

static void say_error(struct sql_run *r, const char *sql, int line, enum err rc,
                      const struct errbuf *e)
{
    struct buf words;
    buf_init(&words, 0);
    bool of_server = rc != ERR_CONNECT && *e->sqlstate;
    if (of_server)
        sql_error_explain(sql, sql_session_position(r->session), e->text, &words);
    sql_run_say(r, line, of_server && !buf_failed(&words) ? buf_cstr(&words) : e->text);
    buf_free(&words);
}

static void note_changes(const struct sql_run *r, const char *sql)
{
    static const char *const words[] = {"CREATE", "DROP", "ALTER", NULL};
    char word[16];
    (void)sql_word(sql, word, sizeof word);
    if (r->completer && is_one_of(word, words))
        sql_completer_reload(r->completer);
}

/* Where one only looks: what may be sent, in a transaction that the server keeps READ ONLY. */
static enum err check_access(const struct sql_run *r, const char *sql, struct errbuf *e)
{
    char word[64];
    if (!r->places->looks_only)
        return ERR_OK;
    if (sql_access_allows(sql, word, sizeof word))
        return r->together || sql_session_block(r->session) ? ERR_OK
                                                            : sql_access_set(r->session, true, e);
    return err_set(
        e, ERR_DENIED,
        "%s: only what reads runs here (%s): start with --elevate %s to change something",
        *word ? word : "this statement", r->places->looks_only, r->places->environment);
}

enum err sql_run_into(struct sql_run *r, const char *sql, int line, const struct sql_sink *sink)
{
    struct errbuf e;
    struct buf text;
    err_clear(&e);
    buf_init(&text, 0);
    sql_run_substitute(r, sql, &text);
    int64_t start = clock_mono_us();
    enum err rc = buf_check(&text, "a statement", &e);
    if (!rc)
        rc = sql_run_connected(r, &e);
    if (!rc)
        rc = check_access(r, buf_cstr(&text), &e);
    bool sent = !rc;
    if (sent)
        rc = sql_session_run(r->session, buf_cstr(&text), sink, &e);
    if (sent)
        sql_note_ran(&r->note, buf_cstr(&text), rc, sink->done == sink_done ? r->rows : -1,
                     r->together || sql_session_block(r->session));
    int64_t took = clock_mono_us() - start;
    if (sql_run_page_end(r))
        rc = ERR_OK; /* the person has seen enough */
    if (rc) {
        sql_run_note_lost(r, rc);
        r->quit = r->quit || ferror(r->main);
        if (rc != ERR_CANCELED || !ferror(r->out)) /* a closed pipe needs no words */
            say_error(r, buf_cstr(&text), line, rc, &e);
        else if (r->out != r->main)
            rc = ERR_OK;
    } else {
        note_changes(r, buf_cstr(&text));
    }
    note_outcome(r, rc, &e);
    if (r->timing)
        (void)fprintf(stderr, "Time: %.3f ms\n", (double)took / 1000);
    buf_free(&text);
    return rc;
}

enum err sql_run_statement(struct sql_run *r, const char *sql, int line)
{
    const struct sql_sink sink = {sink_columns, sink_row, sink_done, r};
    if (sql != r->last.p) {
        buf_clear(&r->last);
        buf_str(&r->last, sql); /* for \g and \e; without memory they have nothing */
    }
    enum err rc = sql_run_into(r, sql, line, &sink);
    format_destroy(r->formatter);
    r->formatter = NULL;
    return rc;
}

enum err sql_run_to(struct sql_run *r, const char *sql, int line, const char *name)
{
    struct sql_place place;
    struct errbuf e;
    FILE *before = r->out;
    bool terminal = r->format.terminal;
    err_clear(&e);
    enum err rc = sql_place_open(name, &place, &e);
    if (rc) {
        sql_run_say(r, line, e.text);
        return rc;
    }
    (void)fflush(r->out);
    r->out = place.to;
    r->format.terminal = false;
    rc = sql_run_statement(r, sql, line);
    r->out = before;
    r->format.terminal = terminal;
    enum err closed = sql_place_close(&place, name, &e);
    if (closed)
        sql_run_say(r, line, e.text);
    return rc ? rc : closed;
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
        sql_note_ended(&r->note, false);
        return r->lost ? SQL_EXIT_CONNECTION : SQL_EXIT_FAILED;
    }
    rc = sql_session_commit(r->session, &e);
    sql_note_ran(&r->note, "COMMIT", rc, -1, false);
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
        return sql_backslash_line(r, sql) ? SQL_EXIT_FAILED : SQL_EXIT_DONE;
    buf_init(&all, 0);
    err_clear(&e);
    int n = split_all(sql, &all, &controlled);
    bool together = n > 1 && !controlled;
    if (buf_failed(&all))
        rc = buf_check(&all, "the statements", &e);
    else if (together && r->places->looks_only)
        rc = sql_access_set(r->session, true, &e);
    if (!rc && together)
        rc = sql_session_begin(r->session, &e);
    if (rc) {
        sql_run_say(r, 0, e.text);
        together = false;
    }
    const char *p = all.p;
    r->together = together;
    for (int i = 0; i < n && !rc; i++) {
        rc = sql_run_statement(r, p, 0);
        p += strlen(p) + 1;
    }
    buf_free(&all);
    r->together = false;
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

bool sql_run_finished(struct sql_run *r, struct sql_splitter *s, bool last, bool *failed)
{
    struct buf text;
    enum sql_taken what;
    bool end = false;
    buf_init(&text, 0);
    while (!end && (what = sql_splitter_next(s, last, &text)) != SQL_TAKEN_NOTHING) {
        bool bad = what == SQL_TAKEN_BACKSLASH
                       ? sql_backslash_run(r, &text) != ERR_OK
                       : sql_run_statement(r, buf_cstr(&text), s->first_line) != ERR_OK;
        if (what == SQL_TAKEN_BACKSLASH) /* what of the line it left alone */
            sql_splitter_put_back(s, text.p, text.len);
        *failed = *failed || bad;
        end = after_error(r, bad);
        buf_clear(&text);
    }
    buf_free(&text);
    return end;
}

static enum sql_exit run_stream(struct sql_run *r, FILE *in)
{
    struct sql_splitter s;
    struct sql_splitter *before = r->input;
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    bool failed = false;
    bool end = false;
    sql_splitter_init(&s);
    s.backslashes = true;
    r->input = &s;
    while (!end && (n = getline(&line, &cap, in)) > 0) {
        sql_splitter_add(&s, line, (size_t)n);
        end = sql_run_finished(r, &s, false, &failed);
    }
    if (!end && !sql_interrupted())
        (void)sql_run_finished(r, &s, true, &failed);
    free(line);
    sql_splitter_free(&s);
    r->input = before;
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
