/*
 * Design note
 *
 *   open ──▶ idle ──create_slot──▶ idle ──start──▶ streaming ──end or error──▶ ended
 *
 * In `streaming` libpq's connection is non-blocking: receive takes whole CopyData messages out of
 * libpq's memory, reads the socket when there is none, and sleeps in poll (socket and eventfd) when
 * that brings nothing. One message may be held ready (replication_pending looks ahead); the one the
 * caller has is freed by the next receive.
 *
 * Position. `confirmed` is the caller's word, and the only thing that is ever told as flushed:
 * zero, that is "nothing", until the caller says so. A status goes out when the server asks, when
 * `confirmed` has moved (at most every 100 ms) and at least every status interval. A request that
 * comes with an end of WAL beyond `confirmed` is answered by the *next* call, so that an idle
 * caller can first confirm that end.
 *
 * Bursts. The server writes each change to the socket by itself. A reader that sleeps in poll
 * between any two of them costs both sides a wake-up a change: measured, a third of the rate and
 * two thirds of this thread's CPU time. So after a run of waits in quick succession a wait becomes
 * a nap of 200 us, which finds dozens of changes at once. A single transaction does not get there.
 */
#include "backend/postgres/replication.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backend/base/clock.h"
#include "backend/postgres/session.h"

enum {
    XLOG_HEADER = 1 + 8 + 8 + 8,
    KEEPALIVE_BYTES = 1 + 8 + 8 + 1,
    STATUS_BYTES = 1 + 8 + 8 + 8 + 8 + 1,
    STATUS_INTERVAL_US = 10 * 1000 * 1000,
    CONFIRM_INTERVAL_US = 100 * 1000,
    LAST_WORDS_US = 5 * 1000 * 1000,
    LOOK_EVERY = 64, /* messages between looks at the clock while they come without waiting */
    QUICK_US = 1000, /* waits that follow each other so closely belong to a burst */
    QUICK_MANY = 16,
    NAP_NS = 200 * 1000,
    VERSION_MESSAGES = 140000,
    VERSION_FAILOVER = 170000
};
static const int64_t EPOCH_2000_US = INT64_C(946684800000000);

struct replication {
    PGconn *conn;
    struct wake wake;
    bool streaming;
    bool ended;
    char *current; /* libpq's memory: what the caller has */
    char *held;    /* the next XLogData, taken already */
    int held_n;
    _Atomic uint64_t confirmed;
    uint64_t told; /* flush LSN of the last status */
    uint64_t received;
    uint64_t server_end;
    int64_t status_us; /* when the last status was made */
    int64_t interval_us;
    bool reply_due;
    bool unsent; /* libpq could not write all of a status */
    unsigned looked;
    int64_t waited_us;   /* when the last wait began */
    unsigned quick;      /* waits of the burst so far */
    struct errbuf fault; /* what replication_pending met, for the next receive */
};

enum err replication_open(const char *conninfo, struct replication **out, struct errbuf *e)
{
    *out = NULL;
    struct replication *r = calloc(1, sizeof *r);
    if (!r)
        return err_set(e, ERR_NOMEM, "no memory for a replication connection");
    r->interval_us = STATUS_INTERVAL_US;
    enum err rc = wake_init(&r->wake, e);
    if (rc == ERR_OK)
        rc = session_open(conninfo, true, &r->wake, &r->conn, e);
    if (rc != ERR_OK) {
        replication_close(r);
        return rc;
    }
    *out = r;
    return ERR_OK;
}

void replication_set_status_interval(struct replication *r, int64_t interval_us)
{
    r->interval_us = interval_us;
}

static void put_u64(char *p, uint64_t v)
{
    v = __builtin_bswap64(v);
    memcpy(p, &v, sizeof v);
}

static uint64_t get_u64(const char *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return __builtin_bswap64(v);
}

/* ---- slots and the start --------------------------------------------------------------------- */

/* The replication grammar knows no E'..': only quotes are doubled. */
static void add_repl_literal(struct buf *b, const char *s)
{
    buf_ch(b, '\'');
    for (; *s; s++) {
        if (*s == '\'')
            buf_ch(b, '\'');
        buf_ch(b, *s);
    }
    buf_ch(b, '\'');
}

static bool on_standby(const struct replication *r)
{
    const char *s = PQparameterStatus(r->conn, "in_hot_standby");
    return s && !strcmp(s, "on");
}

enum err replication_create_slot(struct replication *r, const char *slot, bool temporary,
                                 uint64_t *consistent_lsn, char *snapshot, size_t snapshot_size,
                                 struct errbuf *e)
{
    PGresult *res = NULL;
    char what[128];
    struct buf name;
    struct buf sql;
    buf_init(&name, 0);
    buf_init(&sql, 0);
    buf_ident(&name, slot);
    bool failover = PQserverVersion(r->conn) >= VERSION_FAILOVER && !temporary && !on_standby(r);
    const struct session_word words[] = {
        {"slot", buf_cstr(&name)}, {"temporary", temporary ? " TEMPORARY" : ""}, {NULL, NULL}};
    session_sql(&sql, failover ? "create_slot_failover" : "create_slot", words);
    (void)snprintf(what, sizeof what, "cannot create the replication slot \"%.64s\"", slot);
    enum err rc = buf_check(&sql, "a replication command", e);
    if (rc == ERR_OK)
        rc = session_exec(r->conn, &r->wake, buf_cstr(&sql), &res, what, e);
    if (rc == ERR_SQL && e && !strcmp(e->sqlstate, "55000")) {
        rc = e->code = ERR_CONFIG; /* the server's wal_level, or what it says */
        size_t n = strlen(e->text);
        (void)snprintf(e->text + n, sizeof e->text - n,
                       " (ALTER SYSTEM SET wal_level = logical, then restart the server)");
    }
    if (rc != ERR_OK)
        goto out;
    const char *text = PQntuples(res) == 1 && PQnfields(res) >= 3 ? PQgetvalue(res, 0, 2) : "";
    if (!*text || strlen(text) >= snapshot_size ||
        !lsn_parse(PQgetvalue(res, 0, 1), consistent_lsn))
        rc = err_set(e, ERR_PROTOCOL, "%s: the server's answer has no snapshot or position", what);
    else
        memcpy(snapshot, text, strlen(text) + 1);
out:
    PQclear(res);
    buf_free(&name);
    buf_free(&sql);
    return rc;
}

/* What START_REPLICATION would say in the server's language, told apart by the catalog. */
static enum err check_slot(struct replication *r, const char *slot, struct errbuf *e)
{
    PGresult *res = NULL;
    struct buf name;
    struct buf sql;
    buf_init(&name, 0);
    buf_init(&sql, 0);
    buf_literal(&name, slot);
    session_sql(&sql, "slot_check",
                (const struct session_word[]){{"slot", buf_cstr(&name)}, {NULL, NULL}});
    enum err rc = buf_check(&sql, "a query", e);
    if (rc == ERR_OK)
        rc = session_exec(r->conn, &r->wake, buf_cstr(&sql), &res,
                          "cannot look at the replication slot", e);
    if (rc != ERR_OK)
        goto out;
    if (PQntuples(res) != 1) {
        rc = err_set(e, ERR_NOT_FOUND, "there is no replication slot \"%s\"", slot);
        goto out;
    }
    const char *plugin = PQgetvalue(res, 0, 1);
    const char *pid = PQgetvalue(res, 0, 3);
    if (strcmp(PQgetvalue(res, 0, 5), "t") != 0 || strcmp(plugin, "pgoutput") != 0)
        rc = err_set(e, ERR_CONFIG,
                     "the replication slot \"%s\" is a %s slot (plugin \"%s\", database \"%s\"); "
                     "needed is a logical one for pgoutput in database \"%s\": set slot.name",
                     slot, PQgetvalue(res, 0, 0), plugin, PQgetvalue(res, 0, 2), PQdb(r->conn));
    else if (!strcmp(PQgetvalue(res, 0, 4), "lost"))
        rc = err_set(e, ERR_LOST,
                     "the replication slot \"%s\" has lost WAL that was not read yet "
                     "(max_slot_wal_keep_size): drop it and take a new snapshot",
                     slot);
    else if (*pid)
        rc =
            err_set(e, ERR_RETRY,
                    "the replication slot \"%s\" is active for PID %s: another engine reads it, or "
                    "the server has not noticed yet that an earlier connection ended",
                    slot, pid);
out:
    PQclear(res);
    buf_free(&name);
    buf_free(&sql);
    return rc;
}

/* Of an error at the start or in the stream: the codes that mean something else here. */
static enum err stream_error(struct replication *r, const PGresult *res, const char *what,
                             struct errbuf *e)
{
    enum err code = session_error(r->conn, res, what, e);
    if (session_sqlstate_is(res, "58P01") || session_sqlstate_is(res, "55000")) {
        /* A WAL segment that was removed; a slot that was invalidated since it was looked at. */
        const char *where = PQresultErrorField(res, PG_DIAG_SOURCE_FUNCTION);
        bool wal_level = where && !strcmp(where, "CheckLogicalDecodingRequirements");
        code = wal_level ? ERR_CONFIG : ERR_LOST;
        if (e)
            e->code = code;
    }
    return code;
}

enum err replication_start(struct replication *r, const char *slot, const char *publication,
                           uint64_t from, struct errbuf *e)
{
    if (r->streaming || r->ended)
        return err_set(e, ERR_STATE, "this replication connection has been started already");
    enum err rc = check_slot(r, slot, e);
    if (rc != ERR_OK)
        return rc;
    PGresult *res = NULL;
    char what[160];
    char lsn[LSN_TEXT_MAX];
    struct buf name;
    struct buf ident;
    struct buf list;
    struct buf sql;
    buf_init(&name, 0);
    buf_init(&ident, 0);
    buf_init(&list, 0);
    buf_init(&sql, 0);
    buf_ident(&name, slot);
    /* The option is a list of identifiers inside a literal: unquoted ones would be lower-cased. */
    buf_ident(&ident, publication);
    add_repl_literal(&list, buf_cstr(&ident));
    const struct session_word words[] = {
        {"slot", buf_cstr(&name)},
        {"lsn", lsn_format(from, lsn)},
        {"publication", buf_cstr(&list)},
        {"more", PQserverVersion(r->conn) >= VERSION_MESSAGES ? ", messages 'true'" : ""},
        {NULL, NULL}};
    session_sql(&sql, "start_replication", words);
    (void)snprintf(what, sizeof what, "cannot stream from the replication slot \"%.64s\"", slot);
    rc = buf_check(&sql, "a replication command", e);
    if (rc == ERR_OK && !PQsendQuery(r->conn, buf_cstr(&sql)))
        rc = session_error(r->conn, NULL, what, e);
    if (rc == ERR_OK)
        rc = session_result(r->conn, &r->wake, &res, what, e);
    if (rc != ERR_OK)
        goto out;
    if (PQresultStatus(res) != PGRES_COPY_BOTH || PQsetnonblocking(r->conn, 1) != 0) {
        rc = stream_error(r, res, what, e);
        r->ended = true;
        goto out;
    }
    r->streaming = true;
    r->status_us = clock_mono_us();
out:
    PQclear(res);
    buf_free(&name);
    buf_free(&ident);
    buf_free(&list);
    buf_free(&sql);
    return rc;
}

/* ---- the stream ------------------------------------------------------------------------------ */

/* libpq says that there is no more: in the server's words, why. */
static enum err stream_ended(struct replication *r, struct errbuf *e)
{
    static const char what[] = "the replication stream ended";
    PGresult *res = NULL;
    enum err rc;
    r->streaming = false;
    r->ended = true;
    int64_t deadline = clock_mono_us() + LAST_WORDS_US;
    while (PQstatus(r->conn) == CONNECTION_OK && PQisBusy(r->conn)) {
        if (session_wait(r->conn, NULL, POLLIN, deadline, NULL) != ERR_OK ||
            !PQconsumeInput(r->conn))
            break;
    }
    if (!PQisBusy(r->conn))
        res = PQgetResult(r->conn);
    ExecStatusType s = PQresultStatus(res);
    if (res && (s == PGRES_COMMAND_OK || s == PGRES_COPY_IN || s == PGRES_TUPLES_OK))
        rc = err_set(e, ERR_CONNECT, "%s: the server closed it, as it does when it shuts down",
                     what);
    else if (session_sqlstate_is(res, "42704")) {
        rc = session_error(r->conn, res, what, e);
        if (e) {
            size_t n = strlen(e->text);
            (void)snprintf(e->text + n, sizeof e->text - n,
                           " (a publication must be older than the position that the slot stands "
                           "at: create it first, then the slot)");
        }
    } else {
        rc = stream_error(r, res, what, e);
    }
    PQclear(res);
    return rc;
}

static enum err send_status(struct replication *r, int64_t now, struct errbuf *e)
{
    uint64_t flushed = atomic_load(&r->confirmed);
    uint64_t written = r->received > flushed ? r->received : flushed;
    char m[STATUS_BYTES] = {'r'};
    put_u64(m + 1, written);
    put_u64(m + 9, flushed);
    put_u64(m + 17, flushed);
    put_u64(m + 25, (uint64_t)(clock_wall_us() - EPOCH_2000_US));
    int k = PQputCopyData(r->conn, m, sizeof m);
    if (k < 0)
        return session_error(r->conn, NULL, "the replication connection was lost", e);
    if (k == 0) { /* no room: once more when the socket takes something */
        r->unsent = true;
        return ERR_OK;
    }
    r->told = flushed;
    r->status_us = now;
    r->reply_due = false;
    k = PQflush(r->conn);
    if (k < 0)
        return session_error(r->conn, NULL, "the replication connection was lost", e);
    r->unsent = k > 0;
    return ERR_OK;
}

/* When the next status is due, as things stand. */
static int64_t status_due(struct replication *r)
{
    if (r->reply_due)
        return 0;
    int64_t every = atomic_load(&r->confirmed) > r->told && CONFIRM_INTERVAL_US < r->interval_us
                        ? CONFIRM_INTERVAL_US
                        : r->interval_us;
    return r->status_us + every;
}

static enum err status_if_due(struct replication *r, struct errbuf *e)
{
    if (r->unsent) {
        int k = PQflush(r->conn);
        if (k < 0)
            return session_error(r->conn, NULL, "the replication connection was lost", e);
        r->unsent = k > 0;
        if (r->unsent)
            return ERR_OK;
    }
    int64_t now = clock_mono_us();
    return now >= status_due(r) ? send_status(r, now, e) : ERR_OK;
}

/* Takes messages out of libpq's memory until an XLogData is held; keepalives are noted. */
static enum err fill(struct replication *r, struct errbuf *e)
{
    while (!r->held) {
        char *p = NULL;
        int n = PQgetCopyData(r->conn, &p, 1);
        if (n == 0)
            return ERR_OK;
        if (n < 0)
            return stream_ended(r, e);
        if (p[0] == 'w' && n >= XLOG_HEADER) {
            r->held = p;
            r->held_n = n;
            return ERR_OK;
        }
        if (p[0] != 'k' || n < KEEPALIVE_BYTES) {
            enum err rc = err_set(
                e, ERR_PROTOCOL, "the replication stream has a message of type 0x%02x and %d bytes",
                (unsigned char)p[0], n);
            PQfreemem(p);
            return rc;
        }
        uint64_t end = get_u64(p + 1);
        if (end > r->server_end)
            r->server_end = end;
        if (end > r->received)
            r->received = end;
        r->reply_due |= p[17] != 0;
        PQfreemem(p);
    }
    return ERR_OK;
}

static void give(struct replication *r, struct replication_data *out)
{
    r->current = r->held;
    out->p = r->held + XLOG_HEADER;
    out->n = (size_t)r->held_n - XLOG_HEADER;
    out->wal_start = get_u64(r->held + 1);
    out->wal_end = get_u64(r->held + 9);
    out->sent_us = (int64_t)(get_u64(r->held + 17) + (uint64_t)EPOCH_2000_US);
    if (out->wal_start > r->received)
        r->received = out->wal_start;
    r->held = NULL;
}

static bool in_burst(struct replication *r)
{
    int64_t now = clock_mono_us();
    r->quick = now - r->waited_us < QUICK_US ? r->quick + 1 : 0;
    r->waited_us = now;
    return r->quick > QUICK_MANY;
}

/* Nothing is in memory: reads the socket, and sleeps until something may have come. */
static enum err wait_for_more(struct replication *r, int64_t deadline, struct errbuf *e)
{
    enum err rc = status_if_due(r, e);
    if (rc != ERR_OK)
        return rc;
    if (!PQconsumeInput(r->conn))
        return stream_ended(r, e);
    rc = fill(r, e);
    if (rc != ERR_OK || r->held || r->reply_due)
        return rc;
    int64_t now = deadline < 0 ? 0 : clock_mono_us();
    if (deadline >= 0 && now >= deadline)
        return err_set(e, ERR_TIMEOUT, "no change came");
    int64_t until = status_due(r);
    if (deadline >= 0 && deadline < until)
        until = deadline;
    if (in_burst(r)) {
        static const struct timespec nap = {.tv_nsec = NAP_NS};
        (void)nanosleep(&nap, NULL); /* cut short by a signal: as good */
        return ERR_OK;
    }
    rc = session_wait(r->conn, &r->wake, (short)(r->unsent ? POLLIN | POLLOUT : POLLIN), until, e);
    return rc == ERR_TIMEOUT ? ERR_OK : rc; /* the loop looks at the deadline */
}

static enum err not_streaming(struct replication *r, struct errbuf *e)
{
    if (r->fault.code != ERR_OK) {
        if (e)
            *e = r->fault;
        return r->fault.code;
    }
    if (r->streaming)
        return ERR_OK;
    return r->ended ? err_set(e, ERR_CONNECT, "the replication stream has ended")
                    : err_set(e, ERR_STATE, "the replication stream has not been started");
}

enum err replication_receive(struct replication *r, int64_t timeout_us,
                             struct replication_data *out, struct errbuf *e)
{
    PQfreemem(r->current);
    r->current = NULL;
    *out = (struct replication_data){.wal_end = r->server_end};
    enum err rc = not_streaming(r, e);
    if (rc != ERR_OK)
        return rc;
    bool asked = r->reply_due; /* before this call: answered by it */
    if ((asked || ++r->looked % LOOK_EVERY == 0) && (rc = status_if_due(r, e)) != ERR_OK)
        return rc;
    int64_t deadline = -1;
    bool first = true;
    while (!wake_take(&r->wake)) {
        rc = fill(r, e);
        if (rc != ERR_OK)
            return rc;
        if (r->held) {
            give(r, out);
            return ERR_OK;
        }
        if (r->reply_due && r->server_end > atomic_load(&r->confirmed)) {
            out->wal_end = r->server_end;
            return err_set(e, ERR_TIMEOUT, "the server asks for a position");
        }
        if (first && timeout_us >= 0)
            deadline = timeout_us ? clock_mono_us() + timeout_us : 0;
        first = false;
        rc = wait_for_more(r, deadline, e);
        if (rc == ERR_CANCELED && wake_asked(&r->wake))
            continue; /* taken by the loop's head */
        if (rc != ERR_OK) {
            out->wal_end = r->server_end;
            return rc;
        }
    }
    out->wal_end = r->server_end;
    return err_set(e, ERR_CANCELED, "interrupted");
}

enum err replication_feedback(struct replication *r, struct errbuf *e)
{
    enum err rc = not_streaming(r, e);
    return rc == ERR_OK ? status_if_due(r, e) : rc;
}

bool replication_pending(struct replication *r)
{
    if (r->streaming && !r->held && fill(r, &r->fault) != ERR_OK)
        return true; /* the next receive returns it */
    return r->held != NULL;
}

void replication_confirm(struct replication *r, uint64_t lsn)
{
    uint64_t now = atomic_load(&r->confirmed);
    while (lsn > now)
        if (atomic_compare_exchange_weak(&r->confirmed, &now, lsn)) {
            wake_nudge(&r->wake);
            return;
        }
}

uint64_t replication_server_end(const struct replication *r)
{
    return r->server_end;
}

void replication_interrupt(struct replication *r)
{
    wake_ask(&r->wake);
}

void replication_close(struct replication *r)
{
    if (!r)
        return;
    if (r->streaming && atomic_load(&r->confirmed) > r->told)
        (void)send_status(r, clock_mono_us(),
                          NULL); /* best effort: the next start tells it again */
    PQfreemem(r->current);
    PQfreemem(r->held);
    PQfinish(r->conn);
    wake_free(&r->wake);
    free(r);
}
