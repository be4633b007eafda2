/*
 * The ODBC connection: open, transactions, errors, cancel.
 *
 * Design. Autocommit is off in ODBC for the whole life of a connection. Between warehouse_begin and
 * warehouse_commit everything is one transaction; a statement outside of that is committed by
 * itself (warehouse_exec at once, a result when it is closed). The driver sends BEGIN when the
 * first statement comes, so warehouse_begin costs nothing.
 *
 * One environment a connection: unixODBC's default is to serialise calls within an environment,
 * and two connections must not wait for each other.
 *
 * Errors inside a PostgreSQL transaction: psqlODBC runs with Protocol=7.4-0, that is, it sends
 * nothing by itself after an error (7.4-1 would roll the whole transaction back unasked, and rows
 * inserted afterwards would commit alone; 7.4-2 costs two round trips for every statement). Where
 * one may fail and the transaction must live on (warehouse_insert, warehouse_upsert) we set our own
 * savepoint: "RELEASE s; SAVEPOINT s" is one round trip, since the release of the last one waits
 * for the next.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "backend/warehouse/internal.h"

enum { LOGIN_SECONDS = 15, DIAG_MAX = 1500 };

/* ---- errors ---- */

static void redact(const struct warehouse *w, char *text)
{
    size_t n = w->secret ? strlen(w->secret) : 0;
    if (!n)
        return;
    for (char *at = strstr(text, w->secret); at; at = strstr(at, w->secret))
        memset(at, '*', n);
}

/* Vendors put "[a][b][c]" before the message: of no use to the reader. */
static const char *without_brackets(const char *s)
{
    while (*s == '[') {
        const char *end = strchr(s, ']');
        if (!end)
            break;
        s = end + 1;
    }
    while (*s == ' ')
        s++;
    return s;
}

/* psqlODBC ends each message in ";\nError while executing the query". */
static void trim_message(char *s)
{
    static const char *const tails[] = {"Error while executing the query",
                                        "Error while preparing parameters"};
    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        char *at = strstr(s, tails[i]);
        if (at && at > s)
            *at = '\0';
    }
    size_t n = strlen(s);
    while (n && (isspace((unsigned char)s[n - 1]) || s[n - 1] == ';'))
        s[--n] = '\0';
}

/* libpq's second line, "\n\tIs the server running ..", joins the first. */
static void one_line(struct errbuf *e)
{
    for (char *p = e ? strchr(e->text, '\n') : NULL; p; p = strchr(p, '\n')) {
        p[0] = p[1] == '\t' ? ';' : ' ';
        if (p[1] == '\t')
            p[1] = ' ';
    }
}

static bool connection_dead(struct warehouse *w)
{
    SQLUINTEGER dead = SQL_CD_FALSE;
    return w->connected &&
           SQL_SUCCEEDED(SQLGetConnectAttr(w->dbc, SQL_ATTR_CONNECTION_DEAD, &dead, 0, NULL)) &&
           dead == SQL_CD_TRUE;
}

enum err wh_error(struct warehouse *w, SQLSMALLINT type, SQLHANDLE handle, const char *what,
                  struct errbuf *e)
{
    SQLCHAR state[6] = "HY000";
    SQLCHAR message[DIAG_MAX] = "the driver gives no reason";
    SQLINTEGER native = 0;
    SQLSMALLINT length = 0;
    if (!SQL_SUCCEEDED(
            SQLGetDiagRec(type, handle, 1, state, &native, message, sizeof message, &length)))
        memcpy(state, "HY000", sizeof state);
    char *text = (char *)message;
    redact(w, text);
    trim_message(text);
    enum err code = dialect_classify(w->dialect, (const char *)state, text);
    const char *given_up = watch_given_up(w->watch);
    if (given_up) {
        w->lost = true;
        return err_set(e, ERR_CONNECT, "%s%s%s", what ? what : "", what ? ": " : "", given_up);
    }
    if (code != ERR_CONNECT && code != ERR_DATA && connection_dead(w))
        code = ERR_CONNECT;
    if (code == ERR_CONNECT)
        w->lost = true;
    const char *words = without_brackets(text);
    /* what `Driver=` may be is the driver manager's to know */
    const char *advice =
        strstr(text, "Can't open lib") ? "; `odbcinst -q -d` lists the drivers" : "";
    code = err_set(e, code, "%s%s%s (SQLSTATE %s)%s", what ? what : "", what ? ": " : "", words,
                   (const char *)state, advice);
    if (e)
        memcpy(e->sqlstate, state, sizeof e->sqlstate);
    return code;
}

/* ---- statements ---- */

enum err wh_alloc(struct warehouse *w, SQLHSTMT *out, struct errbuf *e)
{
    *out = NULL;
    if (!SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_STMT, w->dbc, out)))
        return wh_error(w, SQL_HANDLE_DBC, w->dbc, "new statement", e);
    return ERR_OK;
}

void wh_free(struct warehouse *w, SQLHSTMT stmt)
{
    if (!stmt)
        return;
    watch_begin(w->watch);
    SQLFreeHandle(SQL_HANDLE_STMT, stmt);
    watch_end(w->watch);
}

void wh_run_begin(struct warehouse *w, SQLHSTMT stmt)
{
    pthread_mutex_lock(&w->lock);
    w->running = stmt;
    pthread_mutex_unlock(&w->lock);
    watch_begin(w->watch);
}

void wh_run_end(struct warehouse *w)
{
    watch_end(w->watch);
    pthread_mutex_lock(&w->lock);
    w->running = NULL;
    pthread_mutex_unlock(&w->lock);
}

SQLRETURN wh_end_tran(struct warehouse *w, SQLSMALLINT how)
{
    watch_begin(w->watch);
    SQLRETURN r = SQLEndTran(SQL_HANDLE_DBC, w->dbc, how);
    watch_end(w->watch);
    return r;
}

void warehouse_cancel(struct warehouse *w)
{
    watch_cancel_begin(w->watch);
    pthread_mutex_lock(&w->lock);
    if (w->running)
        (void)SQLCancel(w->running);
    pthread_mutex_unlock(&w->lock);
    watch_cancel_end(w->watch);
}

void warehouse_give_up(struct warehouse *w, const char *words)
{
    watch_give_up(w->watch, words);
}

bool warehouse_waits(const struct warehouse *w)
{
    return watch_waits(w->watch);
}

enum err wh_execute(struct warehouse *w, SQLHSTMT stmt, const char *what, struct errbuf *e)
{
    wh_run_begin(w, stmt);
    SQLRETURN r = SQLExecute(stmt);
    wh_run_end(w);
    if (SQL_SUCCEEDED(r) || r == SQL_NO_DATA)
        return ERR_OK;
    return wh_error(w, SQL_HANDLE_STMT, stmt, what, e);
}

enum err wh_bind_text(struct warehouse *w, SQLHSTMT stmt, int number, const char *p, size_t n,
                      SQLLEN *ind, struct errbuf *e)
{
    enum { SHORT = 8000 };
    *ind = p ? (SQLLEN)n : SQL_NULL_DATA;
    SQLSMALLINT type = n > SHORT ? SQL_LONGVARCHAR : SQL_VARCHAR;
    /* ODBC's type is not const; an input parameter is only read. */
    union {
        const char *in;
        void *out;
    } value = {.in = p ? p : ""};
    if (!SQL_SUCCEEDED(SQLBindParameter(stmt, (SQLUSMALLINT)number, SQL_PARAM_INPUT, SQL_C_CHAR,
                                        type, n ? n : 1, 0, value.out, (SQLLEN)n, ind)))
        return wh_error(w, SQL_HANDLE_STMT, stmt, "binding a parameter", e);
    return ERR_OK;
}

enum err wh_prepared(struct warehouse *w, const char *sql, SQLHSTMT *out, struct errbuf *e)
{
    struct prepared *slot = &w->prepared[0];
    for (int i = 0; i < PREPARED_MAX; i++) {
        struct prepared *p = &w->prepared[i];
        if (p->stmt && !strcmp(p->sql, sql)) {
            p->used = ++w->uses;
            *out = p->stmt;
            return ERR_OK;
        }
        if (p->used < slot->used)
            slot = p;
    }
    SQLHSTMT stmt;
    enum err r = wh_alloc(w, &stmt, e);
    if (r)
        return r;
    wh_run_begin(w, stmt);
    SQLRETURN rc = SQLPrepare(stmt, (SQLCHAR *)sql, SQL_NTS);
    wh_run_end(w);
    if (!SQL_SUCCEEDED(rc)) {
        r = wh_error(w, SQL_HANDLE_STMT, stmt, "preparing", e);
        wh_free(w, stmt);
        return r;
    }
    char *copy = strdup(sql);
    if (!copy) {
        wh_free(w, stmt);
        return err_set(e, ERR_NOMEM, "no memory for a prepared statement");
    }
    wh_free(w, slot->stmt);
    free(slot->sql);
    *slot = (struct prepared){.sql = copy, .stmt = stmt, .used = ++w->uses};
    *out = stmt;
    return ERR_OK;
}

void wh_prepared_drop(struct warehouse *w, SQLHSTMT stmt)
{
    for (int i = 0; i < PREPARED_MAX; i++)
        if (w->prepared[i].stmt == stmt && stmt) {
            wh_free(w, stmt);
            free(w->prepared[i].sql);
            w->prepared[i] = (struct prepared){.sql = NULL};
        }
}

void wh_prepared_drop_all(struct warehouse *w)
{
    for (int i = 0; i < PREPARED_MAX; i++)
        wh_prepared_drop(w, w->prepared[i].stmt);
}

uint64_t wh_hash(uint64_t seed, const char *s)
{
    uint64_t h = seed ? seed : 14695981039346656037ULL;
    do
        h = (h ^ (unsigned char)*s) * 1099511628211ULL;
    while (*s++); /* the NUL too: ("a","bc") and ("ab","c") differ */
    return h;
}

/* ---- open, close ---- */

/* The value of a key in "a=b;c={d;e}", as a new string; NULL when it is not there. */
static char *connection_value(const char *s, const char *key)
{
    size_t key_n = strlen(key);
    while (*s) {
        while (*s == ';' || isspace((unsigned char)*s))
            s++;
        const char *eq = strchr(s, '=');
        if (!eq)
            return NULL;
        size_t n = (size_t)(eq - s);
        while (n && isspace((unsigned char)s[n - 1]))
            n--;
        const char *value = eq + 1;
        const char *end = value;
        if (*value == '{') {
            value++;
            end = strchr(value, '}');
        } else {
            end = strchr(value, ';');
        }
        if (!end)
            end = value + strlen(value);
        if (n == key_n && !strncasecmp(s, key, n))
            return strndup(value, (size_t)(end - value));
        s = *end == '}' ? end + 1 : end;
    }
    return NULL;
}

static char *connection_secret(const char *odbc)
{
    char *p = connection_value(odbc, "PWD");
    return p ? p : connection_value(odbc, "Password");
}

/* Where a connection string leads, for people: never the whole of it, which holds a password. */
static void describe_target(const char *odbc, char *out, size_t n)
{
    char *dsn = connection_value(odbc, "DSN");
    char *driver = connection_value(odbc, "Driver");
    char *server = connection_value(odbc, "Servername");
    char *port = connection_value(odbc, "Port");
    char *database = connection_value(odbc, "Database");
    if (!server)
        server = connection_value(odbc, "Server");
    (void)snprintf(out, n, "%s%.200s%s%.200s%s%.16s%s%.100s",
                   dsn      ? "data source "
                   : server ? ""
                            : "driver ",
                   dsn      ? dsn
                   : server ? server
                   : driver ? driver
                            : "of no name",
                   dsn && server ? ", " : "", dsn && server ? server : "", port ? ":" : "",
                   port ? port : "", database ? ", database " : "", database ? database : "");
    free(dsn);
    free(driver);
    free(server);
    free(port);
    free(database);
}

static enum err read_one(struct warehouse *w, const char *query, int n_params,
                         const char *const *params, char *out, size_t out_n, struct errbuf *e)
{
    struct warehouse_rows *rows = NULL;
    const struct cell *cells;
    enum err r = warehouse_query(w, dialect_query(w->dialect, query), n_params, params, &rows, e);
    if (!r)
        r = warehouse_rows_next(rows, &cells, e);
    if (!r)
        (void)snprintf(out, out_n, "%.*s", (int)cells[0].len, cells[0].p ? cells[0].p : "");
    warehouse_rows_close(rows);
    return r == ERR_NOT_FOUND ? err_set(e, ERR_SQL, "the server answered %s with no row", query)
                              : r;
}

/*
 * unixODBC writes the paths of its files into static memory when it first wants them, unguarded: of
 * two first connections at once, one could read half a path and not find its driver. Asked once for
 * the list of drivers, it has them.
 */
static void driver_manager_init(void)
{
    SQLHENV env;
    SQLCHAR name[256], keys[512];
    SQLSMALLINT name_n, keys_n;
    if (!SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_ENV, SQL_NULL_HANDLE, &env)))
        return; /* the connection itself will say so */
    (void)SQLSetEnvAttr(env, SQL_ATTR_ODBC_VERSION, (void *)SQL_OV_ODBC3, 0);
    (void)SQLDrivers(env, SQL_FETCH_FIRST, name, sizeof name, &name_n, keys, sizeof keys, &keys_n);
    SQLFreeHandle(SQL_HANDLE_ENV, env);
}

static pthread_once_t driver_manager_once = PTHREAD_ONCE_INIT;

static enum err connect_dbc(struct warehouse *w, const char *odbc, struct errbuf *e)
{
    struct buf s;
    SQLCHAR out[1024];
    SQLSMALLINT n;
    enum err r = ERR_OK;
    buf_init(&s, 0);
    (void)pthread_once(&driver_manager_once, driver_manager_init);
    if (!SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_ENV, SQL_NULL_HANDLE, &w->env)) ||
        !SQL_SUCCEEDED(SQLSetEnvAttr(w->env, SQL_ATTR_ODBC_VERSION, (void *)SQL_OV_ODBC3, 0)) ||
        !SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_DBC, w->env, &w->dbc))) {
        r = err_set(e, ERR_NOMEM, "the ODBC driver manager gives no handle");
        goto out;
    }
    (void)SQLSetConnectAttr(w->dbc, SQL_ATTR_LOGIN_TIMEOUT, (void *)(intptr_t)LOGIN_SECONDS, 0);
    buf_str(&s, odbc);
    if (s.len && s.p[s.len - 1] != ';')
        buf_ch(&s, ';');
    buf_str(&s, w->dialect->connect_keys);
    char *options = connection_value(odbc, "pqopt");
    if (w->dialect->driver_options && !options)
        buf_printf(&s, ";pqopt={%s}", w->dialect->driver_options);
    free(options);
    if (w->dialect->load == LOAD_ARRAY_LITERALS)
        buf_str(&s, w->big_results ? ";UseDeclareFetch=1;Fetch=2000" : ";UseDeclareFetch=0");
    if ((r = buf_check(&s, "the connection string", e)))
        goto out;
    watch_connect_begin(w->watch);
    SQLRETURN rc = SQLDriverConnect(w->dbc, NULL, (SQLCHAR *)buf_cstr(&s), SQL_NTS, out, sizeof out,
                                    &n, SQL_DRIVER_NOPROMPT);
    watch_end(w->watch);
    if (!SQL_SUCCEEDED(rc)) {
        char target[640];
        char what[700];
        describe_target(odbc, target, sizeof target);
        (void)snprintf(what, sizeof what, "cannot connect to the warehouse (%s)", target);
        r = wh_error(w, SQL_HANDLE_DBC, w->dbc, what, e);
        one_line(e);
        /* Whatever the driver calls it: there is no connection. A driver that is not installed
         * stays a matter of configuration. */
        if (e && r != ERR_CONFIG)
            r = e->code = ERR_CONNECT;
        goto out;
    }
    w->connected = true;
    if (!w->autocommit && !SQL_SUCCEEDED(SQLSetConnectAttr(w->dbc, SQL_ATTR_AUTOCOMMIT,
                                                           (void *)SQL_AUTOCOMMIT_OFF, 0)))
        r = wh_error(w, SQL_HANDLE_DBC, w->dbc, "autocommit off", e);
out:
    if (s.p)
        explicit_bzero(s.p, s.cap);
    buf_free(&s);
    return r;
}

static enum err session_setup(struct warehouse *w, const char *label, bool read_only,
                              struct errbuf *e)
{
    SQLUINTEGER getdata = 0;
    SQLSMALLINT n;
    const SQLUINTEGER any = SQL_GD_ANY_COLUMN | SQL_GD_BOUND;
    if (SQL_SUCCEEDED(SQLGetInfo(w->dbc, SQL_GETDATA_EXTENSIONS, &getdata, sizeof getdata, &n)))
        w->getdata_any = (getdata & any) == any;
    const char *params[] = {label ? label : "flightdeck"};
    char ignored[64];
    enum err r = read_one(w, "session_label", 1, params, ignored, sizeof ignored, e);
    if (!r)
        r = warehouse_exec(w, dialect_query(w->dialect, "session_zone"), 0, NULL, NULL, e);
    if (!r && read_only)
        r = warehouse_exec(w, dialect_query(w->dialect, "session_read_only"), 0, NULL, NULL, e);
    if (!r)
        r = read_one(w, "session_version", 0, NULL, w->server, sizeof w->server, e);
    w->zone_changed = false;
    if (r && e)
        return err_prefix(e, "setting up the warehouse session");
    return r;
}

static void cancel(void *arg)
{
    warehouse_cancel(arg);
}

enum err warehouse_open(const struct warehouse_options *o, struct warehouse **out, struct errbuf *e)
{
    *out = NULL;
    const struct dialect *d = dialect_find(o->dialect);
    if (!d)
        return err_set(e, ERR_CONFIG, "warehouse dialect \"%s\": it is postgresql or vertica",
                       o->dialect ? o->dialect : "");
    if (!o->odbc || !*o->odbc)
        return err_set(e, ERR_CONFIG,
                       "no ODBC connection string for the warehouse: set warehouse.odbc");
    struct warehouse *w = calloc(1, sizeof *w);
    if (!w)
        return err_set(e, ERR_NOMEM, "no memory for a warehouse connection");
    w->dialect = d;
    w->big_results = o->big_results;
    w->autocommit = o->autocommit;
    w->secret = connection_secret(o->odbc);
    describe_target(o->odbc, w->target, sizeof w->target);
    pthread_mutex_init(&w->lock, NULL);
    enum err r = o->timeout_us || o->autocommit
                     ? watch_start(o->timeout_us, o->grace_us, cancel, w, &w->watch, e)
                     : ERR_OK;
    if (!r)
        r = connect_dbc(w, o->odbc, e);
    if (!r)
        r = session_setup(w, o->label, o->read_only, e);
    if (r) {
        warehouse_close(w);
        return r;
    }
    *out = w;
    return ERR_OK;
}

void warehouse_close(struct warehouse *w)
{
    if (!w)
        return;
    wh_prepared_drop_all(w);
    if (w->connected) {
        (void)wh_end_tran(w, SQL_ROLLBACK);
        watch_begin(w->watch);
        (void)SQLDisconnect(w->dbc);
        watch_end(w->watch);
    }
    watch_stop(w->watch);
    if (w->dbc)
        SQLFreeHandle(SQL_HANDLE_DBC, w->dbc);
    if (w->env)
        SQLFreeHandle(SQL_HANDLE_ENV, w->env);
    if (w->secret) {
        explicit_bzero(w->secret, strlen(w->secret));
        free(w->secret);
    }
    pthread_mutex_destroy(&w->lock);
    free(w);
}

const char *warehouse_dialect(const struct warehouse *w)
{
    return w->dialect->name;
}

const char *warehouse_server(const struct warehouse *w)
{
    return w->server;
}

bool warehouse_gave_up(const struct warehouse *w)
{
    return watch_given_up(w->watch) != NULL;
}

const char *warehouse_target(const struct warehouse *w)
{
    return w->target;
}

/* ---- transactions ---- */

enum err warehouse_begin(struct warehouse *w, struct errbuf *e)
{
    if (w->in_tx)
        return err_set(e, ERR_STATE, "a warehouse transaction is open already");
    if (watch_given_up(w->watch))
        return err_set(e, ERR_CONNECT, "the warehouse: %s", watch_given_up(w->watch));
    if (w->autocommit && !SQL_SUCCEEDED(SQLSetConnectAttr(w->dbc, SQL_ATTR_AUTOCOMMIT,
                                                          (void *)SQL_AUTOCOMMIT_OFF, 0)))
        return wh_error(w, SQL_HANDLE_DBC, w->dbc, "begin", e);
    w->in_tx = true;
    w->savepoint = false;
    return ERR_OK;
}

static enum err end_tran(struct warehouse *w, SQLSMALLINT how, struct errbuf *e)
{
    w->in_tx = false;
    w->savepoint = false;
    if (how == SQL_ROLLBACK)
        w->n_stages = 0; /* made again where they went, IF NOT EXISTS where not */
    /* Vertica closes the COPY of an array-bound INSERT here: its errors come now. */
    enum err r = ERR_OK;
    if (!SQL_SUCCEEDED(wh_end_tran(w, how))) {
        r = wh_error(w, SQL_HANDLE_DBC, w->dbc, how == SQL_COMMIT ? "commit" : "rollback", e);
        if (how == SQL_COMMIT)
            (void)wh_end_tran(w, SQL_ROLLBACK);
    }
    if (w->autocommit)
        (void)SQLSetConnectAttr(w->dbc, SQL_ATTR_AUTOCOMMIT, (void *)SQL_AUTOCOMMIT_ON, 0);
    return r;
}

enum err warehouse_commit(struct warehouse *w, struct errbuf *e)
{
    /* psqlODBC answers SQL_SUCCESS to a commit when it knows that the link, and so the transaction,
     * is gone. */
    if (w->lost || connection_dead(w)) {
        w->in_tx = false;
        return err_set(e, ERR_CONNECT,
                       "commit: the connection to the warehouse is lost, and the transaction with "
                       "it");
    }
    return end_tran(w, SQL_COMMIT, e);
}

enum err warehouse_rollback(struct warehouse *w, struct errbuf *e)
{
    if (w->autocommit && !w->in_tx) /* else psqlODBC sends nothing */
        (void)SQLSetConnectAttr(w->dbc, SQL_ATTR_AUTOCOMMIT, (void *)SQL_AUTOCOMMIT_OFF, 0);
    return end_tran(w, SQL_ROLLBACK, e);
}

static enum err direct(struct warehouse *w, const char *sql, struct errbuf *e)
{
    SQLHSTMT stmt;
    enum err r = wh_alloc(w, &stmt, e);
    if (r)
        return r;
    wh_run_begin(w, stmt);
    SQLRETURN rc = SQLExecDirect(stmt, (SQLCHAR *)sql, SQL_NTS);
    wh_run_end(w);
    if (!SQL_SUCCEEDED(rc))
        r = wh_error(w, SQL_HANDLE_STMT, stmt, sql, e);
    wh_free(w, stmt);
    return r;
}

enum err wh_guard(struct warehouse *w, struct errbuf *e)
{
    enum err r = ERR_OK;
    if (!w->in_tx)
        return ERR_OK;
    if (w->savepoint && w->dialect->several_statements) {
        r = direct(w, "RELEASE SAVEPOINT flightdeck; SAVEPOINT flightdeck", e);
    } else {
        if (w->savepoint)
            r = direct(w, "RELEASE SAVEPOINT flightdeck", e);
        if (!r)
            r = direct(w, "SAVEPOINT flightdeck", e);
    }
    if (!r)
        w->savepoint = true;
    return r;
}

enum err wh_undo(struct warehouse *w, struct errbuf *e)
{
    /* Where trying again is asked for the whole transaction is rolled back anyway; on Vertica it is
     * gone already. */
    if (!w->savepoint || err_retriable(e->code))
        return e->code;
    struct errbuf second;
    err_clear(&second);
    w->n_stages = 0;
    if (direct(w, "ROLLBACK TO SAVEPOINT flightdeck", &second)) {
        *e = second; /* worse than the first: the transaction is gone */
        return err_prefix(e, "going back to before a failed statement");
    }
    return e->code;
}
