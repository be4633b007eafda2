#include "console/sql_session.h"

#include <libpq-fe.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "backend/warehouse/link.h"
#include "console/sql_block.h"
#include "console/sql_lexer.h"

struct sql_session {
    struct warehouse *w; /* one of the two */
    PGconn *pg;
    PGcancel *cancel;
    struct link link;        /* below pg */
    struct link cancel_link; /* below a cancel of it */
    _Atomic bool waits;      /* for pg's server */
    _Atomic bool given_up;
    char words[160]; /* why */
    char server[160];
    char target[640];
    int position; /* of the last error */
    sql_notice_fn *on_notice;
    void *notice_arg;
    bool in_block; /* the person said BEGIN and has not ended it */
};

/* ---- the warehouse ---- */

static enum format_type type_of_name(const char *type)
{
    if (!strcasecmp(type, "json") || !strcasecmp(type, "jsonb"))
        return FORMAT_JSON_VALUE;
    if (!strcasecmp(type, "bool") || !strcasecmp(type, "boolean"))
        return FORMAT_BOOL;
    return FORMAT_TEXT;
}

/* Hands the result on and closes it. */
static enum err pass_on(struct warehouse_rows *rows, const char *sql, const struct sql_sink *sink,
                        struct errbuf *e)
{
    const struct warehouse_result_column *columns = NULL;
    const struct cell *cells;
    int n = warehouse_rows_columns(rows, &columns);
    struct format_column *out = calloc((size_t)n + 1, sizeof *out);
    enum err r = out ? ERR_OK : err_set(e, ERR_NOMEM, "no memory for a result of %d columns", n);
    for (int i = 0; i < n && !r; i++) {
        out[i].name = columns[i].name;
        out[i].type = columns[i].numeric ? FORMAT_NUMBER : type_of_name(columns[i].type_name);
    }
    if (!r)
        r = sink->columns(sink->arg, out, n, e);
    while (!r && n && !(r = warehouse_rows_next(rows, &cells, e)))
        r = sink->row(sink->arg, cells, e);
    if (r == ERR_NOT_FOUND)
        r = ERR_OK;
    if (!r)
        r = sink->done(sink->arg, sql, warehouse_rows_affected(rows), e);
    warehouse_rows_close(rows);
    free(out);
    return r;
}

/* What a statement that ended with r leaves behind. */
static enum err settle(struct sql_session *s, enum err r, struct errbuf *e)
{
    /* psqlODBC wraps the cursor of a single SELECT in a transaction, and leaves that open when it
     * fails */
    if (r && !s->in_block && warehouse_rollback(s->w, NULL) == ERR_CONNECT && e)
        e->code = r = ERR_CONNECT;
    return r;
}

/* psqlODBC fetches by cursor only what begins with SELECT or WITH: everything else it would hold in
 * memory as a whole. */
static void for_cursor(const struct sql_session *s, const char *sql, struct buf *out)
{
    char word[16];
    const char *start = sql_start(sql);
    const char *rest = sql_word(start, word, sizeof word);
    if (!strcmp(word, "TABLE") && !strcmp(warehouse_dialect(s->w), "postgresql")) {
        buf_lit(out, "SELECT * FROM"); /* that is what TABLE means */
        start = rest;
    }
    buf_str(out, start);
}

static enum err run_odbc(struct sql_session *s, const char *sql, int n_params,
                         const char *const *params, const struct sql_sink *sink, struct errbuf *e)
{
    struct warehouse_rows *rows = NULL;
    struct buf text;
    buf_init(&text, 0);
    for_cursor(s, sql, &text);
    enum err r = buf_check(&text, "a statement", e);
    if (!r)
        r = warehouse_query(s->w, buf_cstr(&text), n_params, params, &rows, e);
    buf_free(&text);
    return settle(s, r ? r : pass_on(rows, sql, sink, e), e);
}

enum err sql_session_catalog(struct sql_session *s, enum warehouse_catalog what, const char *schema,
                             const char *table, const struct sql_sink *sink, struct errbuf *e)
{
    struct warehouse_rows *rows = NULL;
    enum err r = warehouse_catalog(s->w, what, schema, table, &rows, e);
    return settle(s, r ? r : pass_on(rows, "", sink, e), e);
}

enum err sql_session_open_odbc(const char *odbc, const char *dialect, struct sql_session **out,
                               struct errbuf *e)
{
    const struct warehouse_options o = {.odbc = odbc,
                                        .dialect = dialect,
                                        .label = "flightdeck sql",
                                        .big_results = true,
                                        .autocommit = true};
    struct sql_session *s = calloc(1, sizeof *s);
    *out = NULL;
    if (!s)
        return err_set(e, ERR_NOMEM, "no memory for a session");
    enum err r = warehouse_open(&o, &s->w, e);
    if (r) {
        free(s);
        return r;
    }
    (void)snprintf(s->server, sizeof s->server, "%s", warehouse_server(s->w));
    (void)snprintf(s->target, sizeof s->target, "%s", warehouse_target(s->w));
    *out = s;
    return ERR_OK;
}

/* ---- the source ---- */

static void copy_message(char *out, size_t n, const char *text)
{
    (void)snprintf(out, n, "%s", text);
    size_t len = strlen(out);
    while (len && (out[len - 1] == '\n' || out[len - 1] == ' '))
        out[--len] = '\0';
}

static void add_field(struct buf *b, const PGresult *result, int field, const char *name)
{
    const char *value = PQresultErrorField(result, field);
    if (value)
        buf_printf(b, "\n%s: %s", name, value);
}

/* As libpq words it, but for the line of the statement: the caller may show that. */
static void pg_words(const PGresult *result, struct buf *b)
{
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY);
    const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    buf_printf(b, "%s: %s", severity ? severity : "ERROR", text ? text : "without a message");
    add_field(b, result, PG_DIAG_MESSAGE_DETAIL, "DETAIL");
    add_field(b, result, PG_DIAG_MESSAGE_HINT, "HINT");
    add_field(b, result, PG_DIAG_INTERNAL_QUERY, "QUERY");
    add_field(b, result, PG_DIAG_CONTEXT, "CONTEXT");
}

static enum err pg_error(struct sql_session *s, const PGresult *result, struct errbuf *e)
{
    struct buf text;
    char without[1024];
    const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    const char *position = result ? PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION) : NULL;
    s->position = position ? (int)strtol(position, NULL, 10) : 0;
    enum err code = PQstatus(s->pg) == CONNECTION_BAD  ? ERR_CONNECT
                    : state && !strcmp(state, "57014") ? ERR_CANCELED
                                                       : ERR_SQL;
    buf_init(&text, 0);
    if (state) {
        pg_words(result, &text);
        /* what does not fit must not be the SQLSTATE */
        code = err_set(e, code, "%.*s (SQLSTATE %s)", ERRBUF_TEXT_MAX - 32, buf_cstr(&text), state);
    } else {
        copy_message(without, sizeof without,
                     result ? PQresultErrorMessage(result) : PQerrorMessage(s->pg));
        code = err_set(e, code, "%s", without);
    }
    if (s->given_up)
        code = err_set(e, ERR_CONNECT, "%s", s->words);
    buf_free(&text);
    if (e && state && strlen(state) == 5)
        memcpy(e->sqlstate, state, 6);
    return code;
}

static enum format_type type_of_oid(Oid type)
{
    switch (type) {
    case PG_INT2:
    case PG_INT4:
    case PG_INT8:
    case PG_FLOAT4:
    case PG_FLOAT8:
    case PG_NUMERIC:
    case PG_OID:
        return FORMAT_NUMBER;
    case PG_BOOL:
        return FORMAT_BOOL;
    case PG_JSON:
    case PG_JSONB:
        return FORMAT_JSON_VALUE;
    default:
        return FORMAT_TEXT;
    }
}

struct pg_run {
    struct sql_session *s;
    const char *sql;
    const struct sql_sink *sink;
    bool began;
    int n;
    struct cell *cells;
};

static enum err pg_columns(struct pg_run *run, const PGresult *result, struct errbuf *e)
{
    int n = PQnfields(result);
    struct format_column *columns = calloc((size_t)n + 1, sizeof *columns);
    run->cells = calloc((size_t)n + 1, sizeof *run->cells);
    run->n = n;
    run->began = true;
    enum err r = columns && run->cells
                     ? ERR_OK
                     : err_set(e, ERR_NOMEM, "no memory for a result of %d columns", n);
    for (int i = 0; i < n && !r; i++)
        columns[i] = (struct format_column){.name = PQfname(result, i),
                                            .type = type_of_oid(PQftype(result, i))};
    if (!r)
        r = run->sink->columns(run->sink->arg, columns, n, e);
    free(columns);
    return r;
}

static enum err pg_rows(struct pg_run *run, const PGresult *result, struct errbuf *e)
{
    enum err r = run->began ? ERR_OK : pg_columns(run, result, e);
    for (int row = 0; row < PQntuples(result) && !r; row++) {
        for (int i = 0; i < run->n; i++)
            run->cells[i] = PQgetisnull(result, row, i)
                                ? (struct cell){.kind = CELL_NULL}
                                : (struct cell){.p = PQgetvalue(result, row, i),
                                                .len = (uint32_t)PQgetlength(result, row, i),
                                                .kind = CELL_TEXT};
        r = run->sink->row(run->sink->arg, run->cells, e);
    }
    return r;
}

static enum err pg_result(struct pg_run *run, const PGresult *result, struct errbuf *e)
{
    const char *count = PQcmdTuples((PGresult *)result);
    int64_t affected = *count ? strtoll(count, NULL, 10) : -1;
    enum err r = ERR_OK;
    switch (PQresultStatus(result)) {
    case PGRES_SINGLE_TUPLE:
        return pg_rows(run, result, e);
    case PGRES_TUPLES_OK:
        r = pg_rows(run, result, e);
        return r ? r : run->sink->done(run->sink->arg, run->sql, affected, e);
    case PGRES_COMMAND_OK:
    case PGRES_EMPTY_QUERY:
        r = run->sink->columns(run->sink->arg, NULL, 0, e);
        return r ? r : run->sink->done(run->sink->arg, run->sql, affected, e);
    case PGRES_COPY_IN:
        if (PQputCopyEnd(run->s->pg, "COPY FROM STDIN is not for this command") < 0)
            return pg_error(run->s, NULL, e);
        return ERR_OK; /* the error is the next result */
    case PGRES_COPY_OUT:
        for (char *line; PQgetCopyData(run->s->pg, &line, 0) > 0; PQfreemem(line))
            continue;
        return err_set(e, ERR_UNSUPPORTED,
                       "COPY TO STDOUT is not for this command: use SELECT "
                       "with --csv");
    default:
        return pg_error(run->s, result, e);
    }
}

static PGresult *next_result(struct sql_session *s)
{
    s->waits = true;
    PGresult *result = PQgetResult(s->pg);
    s->waits = false;
    return result;
}

static enum err run_pg(struct sql_session *s, const char *sql, int n_params,
                       const char *const *params, const struct sql_sink *sink, struct errbuf *e)
{
    struct pg_run run = {.s = s, .sql = sql, .sink = sink};
    enum err r = ERR_OK;
    PGresult *result;
    s->waits = true;
    /* the simple protocol takes several statements, the other one takes parameters */
    int sent = n_params ? PQsendQueryParams(s->pg, sql, n_params, NULL, params, NULL, NULL, 0)
                        : PQsendQuery(s->pg, sql);
    s->waits = false;
    if (!sent)
        return pg_error(s, NULL, e);
    (void)PQsetSingleRowMode(s->pg);
    while ((result = next_result(s)) != NULL) {
        if (!r) {
            r = pg_result(&run, result, e);
            if (r && PQresultStatus(result) == PGRES_SINGLE_TUPLE) /* the sink has had enough */
                sql_session_cancel(s);
        }
        PQclear(result);
    }
    free(run.cells);
    return r;
}

static void print_notice(void *arg, const char *text)
{
    struct buf b;
    (void)arg;
    buf_init(&b, 0);
    format_visible_lines(&b, text);
    (void)fputs(buf_cstr(&b), stderr);
    buf_free(&b);
}

static void pg_notice(void *arg, const char *message)
{
    const struct sql_session *s = arg;
    s->on_notice(s->notice_arg, message);
}

void sql_session_on_notice(struct sql_session *s, sql_notice_fn *fn, void *arg)
{
    s->on_notice = fn;
    s->notice_arg = arg;
}

enum err sql_session_open_libpq(const char *conninfo, struct sql_session **out, struct errbuf *e)
{
    const char *const keys[] = {"dbname", "fallback_application_name", "client_encoding", NULL};
    const char *const values[] = {conninfo, "flightdeck sql", "UTF8", NULL};
    struct sql_session *s = calloc(1, sizeof *s);
    *out = NULL;
    if (!s)
        return err_set(e, ERR_NOMEM, "no memory for a session");
    link_init(&s->link);
    link_init(&s->cancel_link);
    link_bind(&s->link);
    s->pg = PQconnectdbParams(keys, values, 1);
    link_bind(NULL);
    if (!s->pg || PQstatus(s->pg) != CONNECTION_OK) {
        char text[1024];
        copy_message(text, sizeof text, s->pg ? PQerrorMessage(s->pg) : "no memory");
        sql_session_close(s);
        return err_set(e, ERR_CONNECT, "cannot connect to the source: %s", text);
    }
    s->cancel = PQgetCancel(s->pg);
    (void)snprintf(s->target, sizeof s->target, "%s%s%s, database %s, user %s",
                   PQhost(s->pg) ? PQhost(s->pg) : "", *PQport(s->pg) ? ":" : "", PQport(s->pg),
                   PQdb(s->pg), PQuser(s->pg));
    (void)PQsetNoticeProcessor(s->pg, pg_notice, s);
    s->on_notice = print_notice;
    (void)snprintf(s->server, sizeof s->server, "PostgreSQL %.*s",
                   (int)strcspn(PQparameterStatus(s->pg, "server_version"), " "),
                   PQparameterStatus(s->pg, "server_version"));
    *out = s;
    return ERR_OK;
}

/* ---- both ---- */

static void note_block(struct sql_session *s, const char *sql)
{
    bool chain;
    switch (sql_block_step(sql, &chain)) {
    case SQL_BLOCK_BEGINS:
        s->in_block = true;
        break;
    case SQL_BLOCK_COMMITS:
    case SQL_BLOCK_ROLLS_BACK:
        s->in_block = s->in_block && chain;
        break;
    case SQL_BLOCK_STAYS:
    case SQL_BLOCK_GOES_BACK:
        break;
    }
}

void sql_session_close(struct sql_session *s)
{
    if (!s)
        return;
    warehouse_close(s->w);
    if (s->cancel)
        PQfreeCancel(s->cancel);
    if (!s->w) {
        PQfinish(s->pg);
        link_free(&s->link);
        link_free(&s->cancel_link);
    }
    free(s);
}

void sql_session_cancel(struct sql_session *s)
{
    char why[256];
    if (s->w) {
        warehouse_cancel(s->w);
    } else if (s->cancel) {
        link_bind(&s->cancel_link);
        (void)PQcancel(s->cancel, why, sizeof why);
        link_bind(NULL);
    }
}

void sql_session_give_up(struct sql_session *s, const char *words)
{
    if (s->w) {
        warehouse_give_up(s->w, words);
    } else if (!s->given_up) {
        (void)snprintf(s->words, sizeof s->words, "%s", words);
        s->given_up = true;
        link_cut(&s->cancel_link);
        link_cut(&s->link);
    }
}

bool sql_session_waits(const struct sql_session *s)
{
    return s->w ? warehouse_waits(s->w) : s->waits;
}

const char *sql_session_server(const struct sql_session *s)
{
    return s->server;
}

const char *sql_session_target(const struct sql_session *s)
{
    return s->target;
}

char sql_session_block(const struct sql_session *s)
{
    if (s->w)
        return s->in_block ? '*' : '\0';
    switch (PQtransactionStatus(s->pg)) {
    case PQTRANS_INTRANS:
        return '*';
    case PQTRANS_INERROR:
        return '!';
    default:
        return '\0';
    }
}

int sql_session_position(const struct sql_session *s)
{
    return s->position;
}

const char *sql_session_dialect(const struct sql_session *s)
{
    return s->w ? warehouse_dialect(s->w) : NULL;
}

enum err sql_session_run(struct sql_session *s, const char *sql, const struct sql_sink *sink,
                         struct errbuf *e)
{
    s->position = 0;
    enum err r = s->w ? run_odbc(s, sql, 0, NULL, sink, e) : run_pg(s, sql, 0, NULL, sink, e);
    if (!r && s->w)
        note_block(s, sql);
    if (r == ERR_CONNECT)
        s->in_block = false;
    return r;
}

enum err sql_session_query(struct sql_session *s, const char *sql, int n_params,
                           const char *const *params, const struct sql_sink *sink, struct errbuf *e)
{
    return s->w ? run_odbc(s, sql, n_params, params, sink, e)
                : run_pg(s, sql, n_params, params, sink, e);
}

static enum err pg_command(struct sql_session *s, const char *sql, struct errbuf *e)
{
    s->waits = true;
    PGresult *result = PQexec(s->pg, sql);
    s->waits = false;
    enum err r = PQresultStatus(result) == PGRES_COMMAND_OK ? ERR_OK : pg_error(s, result, e);
    PQclear(result);
    return r;
}

enum err sql_session_begin(struct sql_session *s, struct errbuf *e)
{
    s->in_block = true;
    return s->w ? warehouse_begin(s->w, e) : pg_command(s, "BEGIN", e);
}

enum err sql_session_commit(struct sql_session *s, struct errbuf *e)
{
    s->in_block = false;
    return s->w ? warehouse_commit(s->w, e) : pg_command(s, "COMMIT", e);
}

enum err sql_session_rollback(struct sql_session *s, struct errbuf *e)
{
    s->in_block = false;
    return s->w ? warehouse_rollback(s->w, e) : pg_command(s, "ROLLBACK", e);
}
