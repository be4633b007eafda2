/* Backslash commands about the statement that was typed, or the one that ran last. */
#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "backend/base/clock.h"
#include "console/sql_back.h"
#include "console/sql_history.h"

enum err back_statement(struct back *b, struct buf *out)
{
    struct sql_run *r = b->r;
    bool typed = r->input && sql_splitter_take(r->input, out);
    if (!typed)
        buf_add(out, r->last.p, r->last.len);
    if (!out->len && !buf_failed(out))
        return err_set(b->e, ERR_USAGE, "there is no statement yet");
    return buf_check(out, "a statement", b->e);
}

/* ---- \g ---- */

static enum err go(struct back *b, bool expanded)
{
    struct sql_run *r = b->r;
    const struct format_options before = r->format;
    enum format normal = r->normal_format;
    struct buf sql;
    const char *to = back_rest(b); /* |COMMAND has blanks */
    buf_init(&sql, 0);
    enum err rc = back_statement(b, &sql);
    if (!rc && expanded)
        r->format.format = FORMAT_EXPANDED;
    int line = r->input ? r->input->first_line : 0;
    if (!rc) {
        rc = *to ? sql_run_to(r, buf_cstr(&sql), line, to)
                 : sql_run_statement(r, buf_cstr(&sql), line);
        buf_clear(&r->last);
        buf_add(&r->last, sql.p, sql.len);
        b->e->text[0] = '\0'; /* it has said what */
    }
    r->format = before;
    r->normal_format = normal;
    buf_free(&sql);
    return rc;
}

enum err back_go(struct back *b)
{
    return go(b, false);
}

enum err back_go_expanded(struct back *b)
{
    return go(b, true);
}

/* ---- \gset ---- */

struct catcher {
    struct sql_run *r;
    char prefix[64];
    char **names;
    int n;
    int rows;
};

static enum err catch_columns(void *arg, const struct format_column *columns, int n,
                              struct errbuf *e)
{
    struct catcher *c = arg;
    c->names = calloc((size_t)n + 1, sizeof *c->names);
    for (int i = 0; i < n && c->names; i++) {
        struct buf name;
        buf_init(&name, 0);
        buf_printf(&name, "%s%s", c->prefix, columns[i].name);
        c->names[i] = strdup(buf_cstr(&name));
        buf_free(&name);
        c->n = i + 1;
        if (!c->names[i])
            break;
    }
    return c->names && c->n == n ? ERR_OK : err_set(e, ERR_NOMEM, "no memory for a result");
}

static enum err catch_row(void *arg, const struct cell *cells, struct errbuf *e)
{
    struct catcher *c = arg;
    enum err rc = ERR_OK;
    if (c->rows++)
        return err_set(e, ERR_USAGE, "\\gset takes one row, and there are more");
    for (int i = 0; i < c->n && !rc; i++) {
        if (cells[i].kind != CELL_TEXT) { /* as psql: NULL is no value */
            sql_variables_unset(&c->r->variables, c->names[i]);
            continue;
        }
        char *value = strndup(cells[i].p, cells[i].len);
        rc = value ? sql_variables_set(&c->r->variables, c->names[i], value, e)
                   : err_set(e, ERR_NOMEM, "no memory for a variable");
        free(value);
    }
    return rc;
}

static enum err catch_done(void *arg, const char *sql, int64_t affected, struct errbuf *e)
{
    const struct catcher *c = arg;
    (void)sql;
    (void)affected;
    return c->rows ? ERR_OK : err_set(e, ERR_USAGE, "\\gset takes one row, and there is none");
}

enum err back_go_set(struct back *b)
{
    struct catcher c = {.r = b->r};
    const struct sql_sink sink = {catch_columns, catch_row, catch_done, &c};
    struct buf sql;
    enum err rc = ERR_OK;
    if (back_next(b, &rc))
        (void)snprintf(c.prefix, sizeof c.prefix, "%s", buf_cstr(&b->word));
    buf_init(&sql, 0);
    if (!rc)
        rc = back_statement(b, &sql);
    if (!rc) {
        rc = sql_run_into(b->r, buf_cstr(&sql), 0, &sink);
        b->e->text[0] = '\0';
    }
    for (int i = 0; i < c.n; i++)
        free(c.names[i]);
    free(c.names);
    buf_free(&sql);
    return rc;
}

/* ---- \watch ---- */

/* SECONDS, i=SECONDS, c=TIMES */
static enum err read_watch(struct back *b, double *seconds, long *times)
{
    enum err rc = ERR_OK;
    while (back_name(b, &rc)) {
        const char *word = buf_cstr(&b->word);
        char *end;
        bool count = !strncmp(word, "c=", 2);
        const char *number = count || !strncmp(word, "i=", 2) ? word + 2 : word;
        double value = strtod(number, &end);
        if (end == number || *end || !(value >= 0) || value > 86400.0 * 365)
            return err_set(b->e, ERR_USAGE, "\\watch takes seconds, and c=N for N times; not %s",
                           word);
        if (count)
            *times = (long)value;
        else
            *seconds = value;
    }
    return rc;
}

static void print_moment(struct sql_run *r, double seconds)
{
    char at[64];
    struct tm tm;
    time_t now = (time_t)(clock_wall_us() / 1000000);
    (void)localtime_r(&now, &tm);
    (void)strftime(at, sizeof at, "%a %b %e %H:%M:%S %Y", &tm);
    (void)fprintf(r->out, "%s (every %gs)\n\n", at, seconds);
}

enum err back_watch(struct back *b)
{
    struct sql_run *r = b->r;
    struct buf sql;
    double seconds = 2;
    long times = 0;
    enum sql_pager pager = r->pager;
    enum err rc = read_watch(b, &seconds, &times);
    buf_init(&sql, 0);
    if (!rc)
        rc = back_statement(b, &sql);
    bool said = !rc;
    r->pager = SQL_PAGER_OFF;
    for (long n = 1; !rc; n++) {
        if (!r->quiet && !format_for_programs(r->format.format))
            print_moment(r, seconds);
        rc = sql_run_statement(r, buf_cstr(&sql), 0);
        (void)fflush(r->out);
        if (rc || n == times)
            break;
        if (sql_interrupt_wait(-1, (int64_t)(seconds * 1e6))) {
            if (r->keyboard) /* behind the terminal's ^C */
                (void)fputc('\n', r->main);
            break;
        }
        if (!r->quiet && !format_for_programs(r->format.format))
            (void)fputc('\n', r->out);
    }
    r->pager = pager;
    if (said)
        b->e->text[0] = '\0';
    buf_free(&sql);
    return rc;
}

/* ---- the text itself ---- */

enum err back_print(struct back *b)
{
    struct sql_run *r = b->r;
    struct buf sql;
    buf_init(&sql, 0);
    if (!r->input || !sql_splitter_peek(r->input, &sql))
        buf_add(&sql, r->last.p, r->last.len);
    struct buf visible;
    while (sql.len && isspace((unsigned char)sql.p[sql.len - 1]))
        sql.len--;
    buf_init(&visible, 0);
    format_visible_lines(&visible, sql.len ? buf_cstr(&sql) + strspn(buf_cstr(&sql), " \t\r\n")
                                           : "Nothing was typed yet.");
    (void)fprintf(r->out, "%s\n", buf_cstr(&visible));
    enum err rc = buf_check(&visible, "a statement", b->e);
    buf_free(&visible);
    buf_free(&sql);
    return rc;
}

enum err back_reset(struct back *b)
{
    struct buf dropped;
    buf_init(&dropped, 0);
    if (b->r->input)
        (void)sql_splitter_take(b->r->input, &dropped);
    buf_free(&dropped);
    if (!b->r->quiet)
        (void)fputs("Forgotten.\n", b->r->main);
    return ERR_OK;
}

/* ---- \e ---- */

static const char *editor(void)
{
    static const char *const names[] = {"PSQL_EDITOR", "EDITOR", "VISUAL"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *s = getenv(names[i]);
        if (s && *s)
            return s;
    }
    return "vi";
}

static enum err write_whole(int fd, const struct buf *text, struct errbuf *e)
{
    for (size_t at = 0; at < text->len;) {
        ssize_t n = write(fd, text->p + at, text->len - at);
        if (n <= 0)
            return err_errno(e, ERR_IO, "the file for the editor cannot be written");
        at += (size_t)n;
    }
    return ERR_OK;
}

static enum err read_whole(const char *path, struct buf *out, struct errbuf *e)
{
    char piece[1 << 14];
    FILE *f = fopen(path, "re");
    size_t n;
    if (!f)
        return err_errno(e, ERR_IO, "%s", path);
    while ((n = fread(piece, 1, sizeof piece, f)) > 0)
        buf_add(out, piece, n);
    enum err rc = ferror(f) ? err_errno(e, ERR_IO, "%s", path) : buf_check(out, path, e);
    (void)fclose(f);
    return rc;
}

/* The editor on a file, in quotes for the shell. */
static enum err edit_file(const char *path, struct errbuf *e)
{
    struct buf command;
    int status = 0;
    buf_init(&command, 0);
    buf_printf(&command, "%s '", editor());
    for (const char *p = path; *p; p++)
        if (*p == '\'')
            buf_lit(&command, "'\\''");
        else
            buf_ch(&command, *p);
    buf_lit(&command, "'");
    enum err rc = buf_check(&command, "a command", e);
    if (!rc)
        rc = child_run(buf_cstr(&command), &status, e);
    if (!rc && status)
        rc = err_set(e, ERR_IO, "%s ended with %d; the statement is as it was", editor(), status);
    buf_free(&command);
    return rc;
}

static enum err edit_text(struct buf *text, bool *changed, struct errbuf *e)
{
    char path[256];
    const char *dir = getenv("TMPDIR");
    struct buf after;
    (void)snprintf(path, sizeof path, "%.200s/flightdeck-XXXXXX.sql", dir && *dir ? dir : "/tmp");
    int fd = mkostemps(path, 4, O_CLOEXEC);
    if (fd < 0)
        return err_errno(e, ERR_IO, "%s", path);
    buf_init(&after, 0);
    enum err rc = write_whole(fd, text, e);
    (void)close(fd);
    if (!rc)
        rc = edit_file(path, e);
    if (!rc)
        rc = read_whole(path, &after, e);
    (void)unlink(path);
    *changed = !rc && (after.len != text->len || memcmp(after.p, text->p, after.len) != 0);
    if (*changed) {
        buf_clear(text);
        buf_add(text, after.p, after.len);
    }
    buf_free(&after);
    return rc;
}

/* What came out of the editor stands as if it had been typed; a semicolon in it runs. */
enum err back_edit(struct back *b)
{
    struct sql_run *r = b->r;
    struct buf text;
    struct buf old;
    bool changed = false;
    enum err rc = ERR_OK;
    if (!r->keyboard || !r->input) /* in a script an editor would wait for nobody */
        return err_set(b->e, ERR_USAGE, "\\e is for what is typed at a terminal");
    buf_init(&text, 0);
    buf_init(&old, 0);
    bool file = back_next(b, &rc);
    if (!rc && file) {
        changed = true;
        rc = edit_file(buf_cstr(&b->word), b->e);
        if (!rc)
            rc = read_whole(buf_cstr(&b->word), &text, b->e);
    } else if (!rc) {
        if (!sql_splitter_peek(r->input, &text))
            buf_add(&text, r->last.p, r->last.len);
        if (text.len && text.p[text.len - 1] != '\n')
            buf_ch(&text, '\n');
        rc = edit_text(&text, &changed, b->e);
    }
    if (!rc && changed) {
        (void)sql_splitter_take(r->input, &old);
        if (r->keyboard)
            (void)fwrite(text.p, 1, text.len, r->main);
        sql_splitter_put_back(r->input, text.p, text.len);
    }
    buf_free(&old);
    buf_free(&text);
    return rc;
}

enum err back_history(struct back *b)
{
    struct sql_run *r = b->r;
    const char *text = back_rest(b);
    struct buf shown;
    if (!r->history)
        return err_set(b->e, ERR_USAGE, "\\s is for what is typed at a terminal");
    buf_init(&shown, 0);
    sql_run_page_begin(r);
    for (size_t i = 0; i < sql_history_n(r->history); i++) {
        if (!strstr(sql_history_get(r->history, i), text))
            continue;
        buf_clear(&shown);
        format_visible_lines(&shown, sql_history_get(r->history, i));
        (void)fprintf(r->out, "%s\n", buf_cstr(&shown));
    }
    (void)sql_run_page_end(r);
    buf_free(&shown);
    return ERR_OK;
}
