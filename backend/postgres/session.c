/*
 * Design note
 *
 * One server address: the connection is made with libpq's non-blocking calls, because only there
 * the error verbosity can be set before the server refuses; a verbose refusal carries its SQLSTATE
 * ("FATAL:  28P01: ..") whatever language the server speaks, and that tells a wrong password (do
 * not try again) from a server that is starting (do). Several addresses: libpq's blocking call,
 * which alone gives each address its own time-out; its refusals are all ERR_CONNECT.
 *
 * libpq's words about a connection string that does not parse may quote parts of it, a password
 * among them: they are not passed on. Everything else it says is searched for the password.
 */
#include "backend/postgres/session.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "backend/base/clock.h"
#include "backend/base/log.h"
#include "backend/base/stop.h"
#include "backend/postgres/cancel.h"
#include "queries/queries.h"

enum {
    CONNECT_TIMEOUT_S = 10,
    PARAMETERS_MAX = 96,
    SQLSTATE_LEN = 5,
    US_PER_S = 1000000,
    US_PER_MS = 1000,
    SECRET_MIN = 3, /* a password of "a" must not blot out every "a" */
    TLS_GLANCE_US = 20 * 1000,
    ABANDON_MS = 2000 /* how long a canceled statement may take to end */
};

/* ---- waking ---------------------------------------------------------------------------------- */

enum err wake_init(struct wake *w, struct errbuf *e)
{
    w->asked = false;
    w->sleeping = false;
    w->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (w->fd < 0)
        return err_errno(e, ERR_IO, "cannot make an eventfd for a database connection");
    return ERR_OK;
}

void wake_free(struct wake *w)
{
    if (w->fd >= 0)
        (void)close(w->fd);
    w->fd = -1;
}

static void wake_write(struct wake *w)
{
    uint64_t one = 1;
    /* It fails only when the counter is full, and then the sleeper wakes anyway. */
    ssize_t k = write(w->fd, &one, sizeof one);
    (void)k;
}

void wake_ask(struct wake *w)
{
    atomic_store(&w->asked, true);
    wake_write(w);
}

void wake_nudge(struct wake *w)
{
    if (atomic_load(&w->sleeping))
        wake_write(w);
}

bool wake_take(struct wake *w)
{
    return atomic_load_explicit(&w->asked, memory_order_relaxed) &&
           atomic_exchange(&w->asked, false);
}

bool wake_asked(struct wake *w)
{
    return atomic_load_explicit(&w->asked, memory_order_relaxed);
}

static void wake_drain(struct wake *w)
{
    uint64_t count;
    ssize_t k = read(w->fd, &count, sizeof count);
    (void)k; /* EAGAIN: nothing was there */
}

enum err session_wait(PGconn *conn, struct wake *wake, short events, int64_t deadline_us,
                      struct errbuf *e)
{
    struct pollfd fds[3] = {{.fd = PQsocket(conn), .events = events},
                            {.fd = wake ? wake->fd : -1, .events = POLLIN},
                            {.fd = wake ? stop_fd() : -1, .events = POLLIN}};
    enum err rc = ERR_OK;
    if (wake) {
        /* Says that it sleeps, then looks: who asks or nudges after the look writes to the fd. */
        atomic_store(&wake->sleeping, true);
        if (atomic_load(&wake->asked)) {
            rc = ERR_CANCELED;
            goto out;
        }
    }
    int64_t left = deadline_us - clock_mono_us();
    if (deadline_us < 0)
        left = INT64_MAX;
    else if (left < 0)
        left = 0;
    /* libpq may have left decrypted bytes in the TLS library, which the socket knows nothing of. */
    bool glance = left > TLS_GLANCE_US && (PQsslInUse(conn) || PQgssEncInUse(conn));
    if (glance)
        left = TLS_GLANCE_US;
    struct timespec ts = {.tv_sec = left / US_PER_S, .tv_nsec = left % US_PER_S * 1000};
    int n = ppoll(fds, 3, left < INT64_MAX ? &ts : NULL, NULL);
    if (n < 0 && errno != EINTR)
        rc = err_errno(e, ERR_IO, "poll on the database connection");
    else if (n == 0 && !glance)
        rc = ERR_TIMEOUT;
    if (n > 0 && fds[1].revents)
        wake_drain(wake);
    if (n > 0 && fds[2].revents)
        rc = ERR_CANCELED;
out:
    if (wake) {
        atomic_store(&wake->sleeping, false);
        if (rc != ERR_IO && atomic_load(&wake->asked))
            rc = ERR_CANCELED;
    }
    if (rc == ERR_CANCELED)
        return err_set(e, ERR_CANCELED, "interrupted");
    if (rc == ERR_TIMEOUT)
        return err_set(e, ERR_TIMEOUT, "nothing came in time");
    return rc;
}

/* ---- errors ---------------------------------------------------------------------------------- */

static const struct {
    const char *state; /* a whole SQLSTATE, or its class */
    enum err code;
} sqlstates[] = {
    {"57P01", ERR_CONNECT},   /* admin_shutdown */
    {"57P02", ERR_CONNECT},   /* crash_shutdown */
    {"57P03", ERR_CONNECT},   /* cannot_connect_now */
    {"57P05", ERR_CONNECT},   /* idle_session_timeout */
    {"25P03", ERR_CONNECT},   /* idle_in_transaction_session_timeout */
    {"57014", ERR_RETRY},     /* query_canceled, by an administrator: our own are known as such */
    {"55006", ERR_RETRY},     /* object_in_use */
    {"55P03", ERR_RETRY},     /* lock_not_available */
    {"42704", ERR_NOT_FOUND}, /* undefined_object */
    {"42P01", ERR_NOT_FOUND}, /* undefined_table */
    {"42710", ERR_EXISTS},    /* duplicate_object */
    {"3D000", ERR_CONNECT},   /* invalid_catalog_name: no such database, or not yet */
    {"28", ERR_CONNECT},      /* user, password, pg_hba.conf: they may be being changed */
    {"08", ERR_CONNECT},      /* connection exception */
    {"40", ERR_RETRY},        /* transaction rollback: serialization, deadlock, recovery conflict */
    {"53", ERR_RETRY},        /* insufficient resources */
    {"58030", ERR_RETRY},     /* io_error */
};

static enum err code_of(const char *state)
{
    for (size_t i = 0; i < sizeof sqlstates / sizeof sqlstates[0]; i++)
        if (!strncmp(state, sqlstates[i].state, strlen(sqlstates[i].state)))
            return sqlstates[i].code;
    return ERR_SQL;
}

bool session_sqlstate_is(const PGresult *res, const char *state)
{
    const char *s = PQresultErrorField(res, PG_DIAG_SQLSTATE);
    return s && !strcmp(s, state);
}

/* libpq ends its lines with \n; an error here is one line. */
static void one_line(struct buf *out, const char *text)
{
    size_t n = strlen(text);
    while (n && isspace((unsigned char)text[n - 1]))
        n--;
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '\n') {
            buf_lit(out, "; ");
            while (i + 1 < n && isspace((unsigned char)text[i + 1]))
                i++;
        } else {
            buf_ch(out, text[i]);
        }
    }
}

static enum err set_sqlstate(struct errbuf *e, enum err code, const char *state)
{
    if (e)
        (void)snprintf(e->sqlstate, sizeof e->sqlstate, "%.5s", state);
    return code;
}

enum err session_error(PGconn *conn, const PGresult *res, const char *what, struct errbuf *e)
{
    const char *state = res ? PQresultErrorField(res, PG_DIAG_SQLSTATE) : NULL;
    const char *primary = res ? PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    struct buf b;
    buf_init(&b, 0);
    if (primary) {
        const char *detail = PQresultErrorField(res, PG_DIAG_MESSAGE_DETAIL);
        const char *hint = PQresultErrorField(res, PG_DIAG_MESSAGE_HINT);
        one_line(&b, primary);
        if (detail) {
            buf_lit(&b, ". ");
            one_line(&b, detail);
        }
        if (hint) {
            buf_lit(&b, " ");
            one_line(&b, hint);
        }
    } else {
        one_line(&b, PQerrorMessage(conn));
    }
    enum err code = state                                      ? code_of(state)
                    : PQstatus(conn) == CONNECTION_BAD || !res ? ERR_CONNECT
                                                               : ERR_SQL;
    const char *words = buf_cstr(&b);
    (void)err_set(e, code, "%s: %s", what,
                  *words ? words : "the connection to the server was lost");
    buf_free(&b);
    return set_sqlstate(e, code, state ? state : "");
}

/* ---- connecting ------------------------------------------------------------------------------ */

static void on_notice(void *arg, const PGresult *res)
{
    (void)arg;
    const char *severity = PQresultErrorField(res, PG_DIAG_SEVERITY);
    const char *text = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
    log_debug("postgres", "%s: %s", severity ? severity : "notice", text ? text : "");
}

struct parameters {
    const char *keys[PARAMETERS_MAX];
    const char *values[PARAMETERS_MAX];
    int n;
    const char *user;
    const char *database;
    const char *password;
    const char *sslpassword;
    bool several_hosts;
    int timeout_s;
    struct buf options;
};

static const char *const settings[] = {
    "DateStyle=ISO",        "IntervalStyle=postgres",
    "extra_float_digits=3", "TimeZone=UTC",
    "bytea_output=hex",     "lc_monetary=C",
    "row_security=off",     "statement_timeout=0",
    "lock_timeout=0",       "idle_in_transaction_session_timeout=0",
};

/* Used where the user's string (and environment) say nothing. */
static const char *const defaults[][2] = {
    {"fallback_application_name", "flightdeck"},
    {"keepalives_idle", "30"},
    {"keepalives_interval", "10"},
    {"keepalives_count", "3"},
    {"tcp_user_timeout", "60000"},
};

static void add(struct parameters *p, const char *key, const char *value)
{
    for (int i = 0; i < p->n; i++)
        if (!strcmp(p->keys[i], key)) {
            p->values[i] = value;
            return;
        }
    if (p->n < PARAMETERS_MAX - 1) {
        p->keys[p->n] = key;
        p->values[p->n++] = value;
    }
}

static bool given(const struct parameters *p, const char *key)
{
    for (int i = 0; i < p->n; i++)
        if (!strcmp(p->keys[i], key))
            return true;
    return false;
}

/* parsed must outlive p. */
static enum err make_parameters(struct parameters *p, const PQconninfoOption *parsed,
                                bool replication, struct errbuf *e)
{
    *p = (struct parameters){.user = "", .database = "", .timeout_s = CONNECT_TIMEOUT_S};
    buf_init(&p->options, 0);
    const char *timeout = getenv("PGCONNECT_TIMEOUT");
    const char *options = getenv("PGOPTIONS");
    for (const PQconninfoOption *o = parsed; o->keyword; o++) {
        if (!o->val)
            continue;
        add(p, o->keyword, o->val);
        if (!strcmp(o->keyword, "user"))
            p->user = o->val;
        else if (!strcmp(o->keyword, "dbname"))
            p->database = o->val;
        else if (!strcmp(o->keyword, "password"))
            p->password = o->val;
        else if (!strcmp(o->keyword, "sslpassword"))
            p->sslpassword = o->val;
        else if (!strcmp(o->keyword, "connect_timeout"))
            timeout = o->val;
        else if (!strcmp(o->keyword, "options"))
            options = o->val;
        else if (!strncmp(o->keyword, "host", strlen("host")))
            p->several_hosts |= strchr(o->val, ',') != NULL;
    }
    for (size_t i = 0; i < sizeof defaults / sizeof defaults[0]; i++)
        if (!given(p, defaults[i][0]))
            add(p, defaults[i][0], defaults[i][1]);
    if (timeout)
        p->timeout_s = atoi(timeout); /* as libpq: 0 or less waits for ever, at least 2 s */
    else
        add(p, "connect_timeout", "10");
    if (p->timeout_s == 1)
        p->timeout_s = 2;
    if (options)
        buf_str(&p->options, options);
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        buf_printf(&p->options, " -c %s", settings[i]);
    add(p, "options", buf_cstr(&p->options));
    add(p, "client_encoding", "UTF8");
    if (replication || given(p, "replication"))
        add(p, "replication", replication ? "database" : "false");
    return buf_check(&p->options, "the connection's options", e);
}

/* "FATAL:  28P01: words": the state of the last refusal, taken out of the text. */
static void take_sqlstate(struct buf *text, char state[SQLSTATE_LEN + 1])
{
    state[0] = '\0';
    const char *s = buf_cstr(text);
    for (const char *at = strstr(s, ":  "); at; at = strstr(at + 1, ":  ")) {
        const char *code = at + 3;
        int k = 0;
        while (k < SQLSTATE_LEN &&
               (isupper((unsigned char)code[k]) || isdigit((unsigned char)code[k])))
            k++;
        if (k < SQLSTATE_LEN || code[k] != ':')
            continue;
        memcpy(state, code, SQLSTATE_LEN);
        state[SQLSTATE_LEN] = '\0';
        size_t from = (size_t)(code - s);
        size_t gap = SQLSTATE_LEN + 2;
        if (text->len - from < gap)
            gap = text->len - from;
        memmove(text->p + from, text->p + from + gap, text->len - from - gap);
        text->len -= gap;
        s = buf_cstr(text);
        at = s + from - 1;
    }
    char *location = strstr(text->p ? text->p : "", "; LOCATION:");
    if (location)
        text->len = (size_t)(location - text->p);
}

static void hide(struct buf *text, const char *secret)
{
    size_t n = secret ? strlen(secret) : 0;
    if (n < SECRET_MIN || !text->len)
        return;
    struct buf clean;
    buf_init(&clean, 0);
    const char *s = buf_cstr(text);
    for (const char *at; (at = strstr(s, secret)); s = at + n) {
        buf_add(&clean, s, (size_t)(at - s));
        buf_lit(&clean, "***");
    }
    buf_str(&clean, s);
    buf_free(text);
    *text = clean;
}

static enum err refused(PGconn *conn, const struct parameters *p, const char *why, struct errbuf *e)
{
    char state[SQLSTATE_LEN + 1];
    struct buf text;
    buf_init(&text, 0);
    if (why)
        buf_str(&text, why);
    else
        one_line(&text, PQerrorMessage(conn));
    take_sqlstate(&text, state);
    if (!strcmp(state, "42501")) /* the only right that a connection may lack at this point */
        buf_lit(&text, " (ALTER ROLE .. REPLICATION gives the right)");
    hide(&text, p->password);
    hide(&text, p->sslpassword);
    enum err code = *state ? code_of(state) : ERR_CONNECT;
    if (code == ERR_SQL || code == ERR_NOT_FOUND || PQconnectionNeedsPassword(conn))
        code = ERR_CONFIG; /* such as a start-up option that the server does not know */
    (void)err_set(e, code, "cannot connect to PostgreSQL (database \"%s\", user \"%s\"): %s",
                  PQdb(conn) ? PQdb(conn) : p->database, PQuser(conn) ? PQuser(conn) : p->user,
                  buf_cstr(&text));
    buf_free(&text);
    return set_sqlstate(e, code, state);
}

static enum err connect_one(PGconn *conn, const struct parameters *p, struct wake *wake,
                            struct errbuf *e)
{
    (void)PQsetErrorVerbosity(conn, PQERRORS_VERBOSE);
    int64_t deadline = p->timeout_s > 0 ? clock_mono_us() + (int64_t)p->timeout_s * US_PER_S : -1;
    for (PostgresPollingStatusType s = PGRES_POLLING_WRITING; s != PGRES_POLLING_OK;
         s = PQconnectPoll(conn)) {
        if (s == PGRES_POLLING_FAILED || PQstatus(conn) == CONNECTION_BAD)
            return refused(conn, p, NULL, e);
        enum err rc =
            session_wait(conn, wake, s == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline, e);
        if (rc == ERR_TIMEOUT) {
            char why[320];
            (void)snprintf(why, sizeof why,
                           "no answer from %.200s, port %.16s, within %d s "
                           "(connect_timeout)",
                           PQhost(conn) ? PQhost(conn) : "the server",
                           PQport(conn) ? PQport(conn) : "?", p->timeout_s);
            return refused(conn, p, why, e);
        }
        if (rc != ERR_OK)
            return rc;
    }
    (void)PQsetErrorVerbosity(conn, PQERRORS_DEFAULT);
    return ERR_OK;
}

enum err session_open(const char *conninfo, bool replication, struct wake *wake, PGconn **out,
                      struct errbuf *e)
{
    *out = NULL;
    PGconn *conn = NULL;
    char *words = NULL;
    PQconninfoOption *parsed = PQconninfoParse(conninfo, &words);
    PQfreemem(words);
    if (!parsed)
        return err_set(
            e, ERR_CONFIG,
            "the connection string of PostgreSQL cannot be read (it is not shown, for it "
            "may hold a password): it should be postgresql://user@host:port/database or "
            "host=.. port=.. dbname=.. user=.. with values that hold spaces in '..'");
    struct parameters p;
    enum err rc = make_parameters(&p, parsed, replication, e);
    if (rc != ERR_OK)
        goto out;
    conn = p.several_hosts ? PQconnectdbParams(p.keys, p.values, 0)
                           : PQconnectStartParams(p.keys, p.values, 0);
    if (!conn) {
        rc = err_set(e, ERR_NOMEM, "no memory for a connection to PostgreSQL");
        goto out;
    }
    (void)PQsetNoticeReceiver(conn, on_notice, NULL);
    if (PQstatus(conn) == CONNECTION_BAD)
        rc = refused(conn, &p, NULL, e);
    else if (!p.several_hosts)
        rc = connect_one(conn, &p, wake, e);
    if (rc == ERR_OK) {
        *out = conn;
        conn = NULL;
    }
out:
    PQfinish(conn);
    buf_free(&p.options);
    PQconninfoFree(parsed);
    return rc;
}

/* ---- running --------------------------------------------------------------------------------- */

/*
 * Until a result can be had without waiting. The socket is read only when memory holds no whole
 * result: PQconsumeInput moves all that is buffered, which a call for each row would make
 * quadratic.
 */
static enum err until_ready(PGconn *conn, struct wake *wake, int64_t deadline_us, const char *what,
                            struct errbuf *e)
{
    while (PQisBusy(conn)) {
        int unsent = PQflush(conn);
        if (unsent < 0)
            return session_error(conn, NULL, what, e);
        short events = (short)(unsent > 0 ? POLLIN | POLLOUT : POLLIN);
        enum err rc = session_wait(conn, wake, events, deadline_us, e);
        if (rc != ERR_OK)
            return rc;
        if (!PQconsumeInput(conn))
            return session_error(conn, NULL, what, e);
    }
    return ERR_OK;
}

/* The rest of a COPY TO; false when it does not come in time. */
static bool drain_copy(PGconn *conn, int64_t deadline_us)
{
    for (;;) {
        char *chunk = NULL;
        int n = PQgetCopyData(conn, &chunk, 1);
        if (n < 0)
            return true;
        PQfreemem(chunk);
        if (n == 0 && (session_wait(conn, NULL, POLLIN, deadline_us, NULL) != ERR_OK ||
                       !PQconsumeInput(conn)))
            return false;
    }
}

void session_abandon(PGconn *conn, bool running)
{
    int64_t deadline = clock_mono_us() + (int64_t)ABANDON_MS * US_PER_MS;
    if (running && !cancel_request(conn, deadline))
        return;
    while (PQstatus(conn) == CONNECTION_OK &&
           until_ready(conn, NULL, deadline, "cancel", NULL) == ERR_OK) {
        PGresult *res = PQgetResult(conn);
        bool copy = PQresultStatus(res) == PGRES_COPY_OUT;
        bool end = !res;
        PQclear(res);
        if (end || (copy && !drain_copy(conn, deadline)))
            return;
    }
}

enum err session_result(PGconn *conn, struct wake *wake, PGresult **out, const char *what,
                        struct errbuf *e)
{
    *out = NULL;
    enum err rc = until_ready(conn, wake, -1, what, e);
    if (rc == ERR_CANCELED) {
        session_abandon(conn, true);
        (void)wake_take(wake);
        return err_set(e, ERR_CANCELED, "%s: canceled", what);
    }
    if (rc == ERR_OK)
        *out = PQgetResult(conn);
    return rc;
}

enum err session_exec(PGconn *conn, struct wake *wake, const char *sql, PGresult **out,
                      const char *what, struct errbuf *e)
{
    *out = NULL;
    if (!PQsendQuery(conn, sql))
        return session_error(conn, NULL, what, e);
    PGresult *last = NULL;
    for (;;) {
        PGresult *res;
        enum err rc = session_result(conn, wake, &res, what, e);
        if (rc != ERR_OK) {
            PQclear(last);
            return rc;
        }
        if (!res)
            break;
        PQclear(last);
        last = res;
        ExecStatusType s = PQresultStatus(res);
        if (s == PGRES_COPY_BOTH || s == PGRES_COPY_OUT || s == PGRES_COPY_IN)
            break; /* more results come only after the copy */
    }
    ExecStatusType s = PQresultStatus(last); /* of NULL: PGRES_FATAL_ERROR */
    if (s == PGRES_FATAL_ERROR || s == PGRES_BAD_RESPONSE) {
        enum err rc = session_error(conn, last, what, e);
        PQclear(last);
        return rc;
    }
    *out = last;
    return ERR_OK;
}

/* ---- queries --------------------------------------------------------------------------------- */

const char *session_query(const char *name)
{
    char path[128];
    (void)snprintf(path, sizeof path, "source/%s", name);
    const char *sql = query_text(path);
    return sql ? sql : "";
}

void session_sql(struct buf *out, const char *name, const struct session_word *words)
{
    const char *s = session_query(name);
    while (*s) {
        const char *open = strchr(s, '{');
        const char *close = open ? strchr(open, '}') : NULL;
        if (!close) {
            buf_str(out, s);
            return;
        }
        buf_add(out, s, (size_t)(open - s));
        size_t n = (size_t)(close - open - 1);
        for (const struct session_word *w = words; w->key; w++)
            if (strlen(w->key) == n && !memcmp(w->key, open + 1, n))
                buf_str(out, w->value);
        s = close + 1;
    }
}
