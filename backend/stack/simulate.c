/*
 * How the rate is held: transaction k is due at start + k / rate. Workers take the next k, wait for
 * its moment and play it; who is late plays at once, so short stalls are caught up. After a stall
 * of more than a second the schedule starts anew instead of bursting.
 *
 * What is played is drawn by the weights of the table below. An operation locks what it works on
 * (`pick`: a flight or a booking, SKIP LOCKED), then acts in a second statement, whose snapshot is
 * newer than the lock; so counting seats and taking one are safe beside other workers. Where there
 * is nothing to pick, its `instead` is played: no seat left to sell publishes a flight, nobody left
 * to check in books, and so on. What meets another transaction all the same (a key taken, a foreign
 * key refused, a deadlock) is rolled back and counted as a retry.
 */
#include "backend/stack/simulate.h"

#include <libpq-fe.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "backend/base/clock.h"
#include "backend/stack/airline.h"
#include "backend/stack/stack.h"
#include "queries/queries.h"

enum op_id {
    OP_BOOK,
    OP_CHECK_IN,
    OP_ADVANCE,
    OP_RETIME,
    OP_CONTACT,
    OP_CANCEL_BOOKING,
    OP_ADD_LEG,
    OP_CHANGE_SEAT,
    OP_REBOOK,
    OP_PUBLISH,
    OP_RENAME,
    OP_CANCEL_FLIGHT,
    OP_IDLE,
};

static const struct op {
    const char *name;
    const char *turn; /* a query before the pick; NULL: none */
    const char *pick; /* gives $1 of act; NULL: act picks itself */
    const char *act;  /* gives the number of changed rows */
    int weight;       /* of 1000 */
    enum op_id instead;
    bool tickets; /* $2 of act: the first of four ticket numbers */
} ops[SIMULATE_OPS] = {
    [OP_BOOK] = {"book", NULL, "sellable_flight", "book", 360, OP_PUBLISH, true},
    [OP_CHECK_IN] = {"check_in", NULL, "boarding_flight", "check_in", 250, OP_BOOK, false},
    [OP_ADVANCE] = {"advance", NULL, NULL, "advance_flight", 100, OP_CHECK_IN, false},
    [OP_RETIME] = {"retime", NULL, "later_flight", "retime_flight", 90, OP_PUBLISH, false},
    [OP_CONTACT] = {"contact", NULL, NULL, "change_contact", 60, OP_BOOK, false},
    [OP_CANCEL_BOOKING] = {"cancel_booking", NULL, "open_booking", "cancel_booking", 50, OP_BOOK,
                           false},
    [OP_ADD_LEG] = {"add_leg", NULL, "sellable_flight", "add_leg", 40, OP_BOOK, false},
    [OP_CHANGE_SEAT] = {"change_seat", NULL, "seated_flight", "change_seat", 25, OP_CHECK_IN,
                        false},
    [OP_REBOOK] = {"rebook", NULL, "sellable_flight", "rebook_leg", 12, OP_BOOK, false},
    [OP_PUBLISH] = {"publish", NULL, NULL, "publish_flight", 10, OP_IDLE, false},
    [OP_RENAME] = {"rename", NULL, "open_booking", "rename_booking", 2, OP_CONTACT, false},
    [OP_CANCEL_FLIGHT] = {"cancel_flight", "cancel_turn", "later_flight", "cancel_flight", 1,
                          OP_RETIME, false},
    [OP_IDLE] = {"idle", NULL, NULL, NULL, 0, OP_IDLE, false},
};

enum {
    TRIES_MAX = 5,    /* of one transaction that meets others */
    WORKER_RATE = 80, /* transactions a second that one connection is asked for */
    WORKERS_MAX = 8,
    STALL_US = 1000000, /* a longer one is not caught up */
    RECONNECT_US = 200000,
};

const char *simulate_op_name(int i)
{
    return i >= 0 && i < SIMULATE_OPS ? ops[i].name : NULL;
}

struct game {
    const struct simulate_options *o;
    _Atomic bool stop;
    _Atomic int64_t start_us; /* of the schedule */
    _Atomic int64_t next;     /* k */
    _Atomic int64_t transactions;
    _Atomic int64_t changes;
    _Atomic int64_t retries;
    _Atomic int64_t counts[SIMULATE_OPS];
    _Atomic int64_t next_ticket;
    _Atomic int connected; /* workers that are */
    pthread_mutex_t lock;  /* error */
    char error[256];
};

struct worker {
    struct game *g;
    PGconn *c;
    uint64_t random;
    pthread_t thread;
};

/* xorshift64*: what is played, not what is safe. */
static uint32_t draw(struct worker *w, uint32_t n)
{
    w->random ^= w->random >> 12;
    w->random ^= w->random << 25;
    w->random ^= w->random >> 27;
    return (uint32_t)((w->random * UINT64_C(2685821657736338717)) >> 33) % n;
}

static void remember_error(struct game *g, const char *text)
{
    (void)pthread_mutex_lock(&g->lock);
    (void)snprintf(g->error, sizeof g->error, "%s", text);
    g->error[strcspn(g->error, "\n")] = '\0';
    (void)pthread_mutex_unlock(&g->lock);
}

static bool stopping(struct game *g)
{
    if (g->o->stop && *g->o->stop)
        atomic_store(&g->stop, true);
    return atomic_load(&g->stop);
}

static void nap_until(struct game *g, int64_t due_us)
{
    for (;;) {
        int64_t left = due_us - clock_mono_us();
        if (left <= 0 || stopping(g))
            return;
        struct timespec t = {.tv_nsec = (left < 50000 ? left : 50000) * 1000};
        (void)nanosleep(&t, NULL);
    }
}

/* ---- statements ---- */

static bool prepare(PGconn *c, const char *name)
{
    char query[64];

    (void)snprintf(query, sizeof query, "demo/simulate/%s", name);
    PGresult *r = PQprepare(c, name, query_text(query), 0, NULL);
    bool ok = PQresultStatus(r) == PGRES_COMMAND_OK;
    PQclear(r);
    return ok;
}

static bool prepare_all(PGconn *c)
{
    for (int i = 0; i < OP_IDLE; i++) {
        bool picked = !ops[i].pick;
        for (int k = 0; k < i && !picked; k++) /* several share a pick */
            picked = ops[k].pick && !strcmp(ops[k].pick, ops[i].pick);
        if ((ops[i].turn && !prepare(c, ops[i].turn)) || (!picked && !prepare(c, ops[i].pick)) ||
            !prepare(c, ops[i].act))
            return false;
    }
    return prepare(c, "last_ticket");
}

static bool worker_connect(struct worker *w)
{
    if (w->c && PQstatus(w->c) == CONNECTION_OK)
        return true;
    PQfinish(w->c);
    w->c = PQconnectdb(w->g->o->conninfo);
    if (PQstatus(w->c) == CONNECTION_OK && prepare_all(w->c)) {
        (void)atomic_fetch_add(&w->g->connected, 1);
        return true;
    }
    remember_error(w->g, PQerrorMessage(w->c));
    PQfinish(w->c);
    w->c = NULL;
    return false;
}

static void worker_disconnect(struct worker *w)
{
    if (!w->c)
        return;
    PQfinish(w->c);
    w->c = NULL;
    (void)atomic_fetch_sub(&w->g->connected, 1);
}

enum outcome { PLAYED, NOTHING, MET_ANOTHER, BROKEN };

static enum outcome outcome_of(struct worker *w, const PGresult *r)
{
    static const char *const met[] = {"23505", "23503", "40001", "40P01", "23514"};
    const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);

    remember_error(w->g, PQerrorMessage(w->c));
    for (size_t i = 0; state && i < sizeof met / sizeof met[0]; i++) {
        if (!strcmp(state, met[i]))
            return MET_ANOTHER;
    }
    return BROKEN;
}

/* Runs a statement; value gets its first cell, "" when there is no row. */
static enum outcome run(struct worker *w, const char *name, int n, const char *const *values,
                        char *value, size_t size)
{
    PGresult *r = PQexecPrepared(w->c, name, n, values, NULL, NULL, 0);
    enum outcome out = PLAYED;

    if (PQresultStatus(r) != PGRES_TUPLES_OK)
        out = outcome_of(w, r);
    else if (PQntuples(r) == 0)
        out = NOTHING;
    else
        (void)snprintf(value, size, "%s", PQgetvalue(r, 0, 0));
    PQclear(r);
    return out;
}

static bool command(struct worker *w, const char *text)
{
    PGresult *r = PQexec(w->c, text);
    bool ok = PQresultStatus(r) == PGRES_COMMAND_OK;

    if (!ok)
        remember_error(w->g, PQerrorMessage(w->c));
    PQclear(r);
    return ok;
}

/* ---- one transaction ---- */

static enum outcome play_statements(struct worker *w, const struct op *op, int64_t *changed)
{
    char picked[64] = "", first[32], rows[32] = "0";
    const char *const values[] = {picked, first};
    int n = op->pick ? op->tickets ? 2 : 1 : 0;
    enum outcome out = PLAYED;

    if (op->turn)
        out = run(w, op->turn, 0, NULL, rows, sizeof rows);
    if (out == PLAYED && op->pick)
        out = run(w, op->pick, 0, NULL, picked, sizeof picked);
    if (out != PLAYED)
        return out;
    if (op->tickets)
        (void)snprintf(first, sizeof first, "%lld",
                       (long long)atomic_fetch_add(&w->g->next_ticket, 4));
    out = run(w, op->act, n, values, rows, sizeof rows);
    *changed = strtoll(rows, NULL, 10);
    return out == PLAYED && *changed == 0 ? NOTHING : out;
}

static enum outcome play_op(struct worker *w, const struct op *op, int64_t *changed)
{
    if (!command(w, "BEGIN"))
        return BROKEN;
    enum outcome out = play_statements(w, op, changed);
    if (!command(w, out == PLAYED ? "COMMIT" : "ROLLBACK"))
        return BROKEN;
    return out;
}

/* Another one who plays has taken our numbers: go on behind the last one. */
static void refresh_tickets(struct worker *w)
{
    char last[32];

    if (run(w, "last_ticket", 0, NULL, last, sizeof last) == PLAYED)
        atomic_store(&w->g->next_ticket, strtoll(last, NULL, 10) + 1);
}

static enum op_id draw_op(struct worker *w)
{
    int at = (int)draw(w, 1000);

    for (int i = 0; i < OP_IDLE; i++) {
        at -= ops[i].weight;
        if (at < 0)
            return (enum op_id)i;
    }
    return OP_BOOK;
}

/* True when one was committed. */
static bool play(struct worker *w)
{
    enum op_id id = draw_op(w);

    for (int try = 0; try < TRIES_MAX && id != OP_IDLE && !stopping(w->g); try++) {
        int64_t changed = 0;
        switch (play_op(w, &ops[id], &changed)) {
        case PLAYED:
            (void)atomic_fetch_add(&w->g->transactions, 1);
            (void)atomic_fetch_add(&w->g->changes, changed);
            (void)atomic_fetch_add(&w->g->counts[id], 1);
            return true;
        case NOTHING:
            id = ops[id].instead;
            break;
        case MET_ANOTHER:
            (void)atomic_fetch_add(&w->g->retries, 1);
            if (ops[id].tickets)
                refresh_tickets(w);
            break;
        case BROKEN:
            worker_disconnect(w);
            return false;
        }
    }
    (void)atomic_fetch_add(&w->g->counts[OP_IDLE], 1);
    return true;
}

static void *worker_main(void *arg)
{
    struct worker *w = arg;
    struct game *g = w->g;

    while (!stopping(g)) {
        if (!worker_connect(w)) {
            nap_until(g, clock_mono_us() + RECONNECT_US);
            continue;
        }
        int64_t k = atomic_fetch_add(&g->next, 1), start = atomic_load(&g->start_us);
        int64_t due = start + k * 1000000 / g->o->rate, now = clock_mono_us();
        if (now - due > STALL_US) /* the first who sees it moves the schedule for all */
            (void)atomic_compare_exchange_strong(&g->start_us, &start, start + (now - due));
        nap_until(g, due);
        if (!stopping(g))
            (void)play(w);
    }
    worker_disconnect(w);
    return NULL;
}

/* ---- the game ---- */

static void figures_fill(struct game *g, int64_t begun_us, struct simulate_figures *f)
{
    f->seconds = (double)(clock_mono_us() - begun_us) / 1e6;
    f->transactions = atomic_load(&g->transactions);
    f->changes = atomic_load(&g->changes);
    f->retries = atomic_load(&g->retries);
    f->connected = atomic_load(&g->connected) > 0;
    for (int i = 0; i < SIMULATE_OPS; i++)
        f->ops[i] = atomic_load(&g->counts[i]);
    (void)pthread_mutex_lock(&g->lock);
    (void)snprintf(f->error, sizeof f->error, "%s", g->error);
    (void)pthread_mutex_unlock(&g->lock);
}

static void watch(struct game *g, int64_t begun_us, struct simulate_figures *f)
{
    int64_t second = begun_us, before = 0;

    while (!stopping(g)) {
        int64_t next = second + 1000000, end = INT64_MAX;
        if (g->o->seconds > 0)
            end = begun_us + (int64_t)(g->o->seconds * 1e6);
        nap_until(g, next < end ? next : end);
        int64_t now = clock_mono_us();
        figures_fill(g, begun_us, f);
        f->rate = (double)(f->transactions - before) * 1e6 / (double)(now - second + 1);
        before = f->transactions;
        second = now;
        if (now >= end)
            atomic_store(&g->stop, true);
        else if (g->o->report && !stopping(g))
            g->o->report(g->o->report_arg, f);
    }
}

static enum err game_start(struct game *g, struct errbuf *e)
{
    bool loaded = false;
    char *last = NULL;
    enum err rc = airline_is_loaded(g->o->conninfo, &loaded, e);

    if (rc == ERR_OK && !loaded)
        return err_set(e, ERR_NOT_FOUND, "the source has no airline; `flightdeck demo` makes one");
    if (rc == ERR_OK)
        rc = stack_sql(g->o->conninfo, query_text("demo/simulate/last_ticket"), &last, e);
    if (rc == ERR_OK && !last)
        rc = err_set(e, ERR_NOT_FOUND, "the airline has no tickets");
    if (rc == ERR_OK)
        atomic_store(&g->next_ticket, strtoll(last, NULL, 10) + 1);
    free(last);
    return rc;
}

enum err simulate_run(const struct simulate_options *o, struct simulate_figures *out,
                      struct errbuf *e)
{
    struct game g = {.o = o};
    struct worker workers[WORKERS_MAX];
    int n = 1 + o->rate / WORKER_RATE, made = 0;
    int64_t begun = clock_mono_us();
    enum err rc;

    memset(out, 0, sizeof *out);
    rc = game_start(&g, e);
    if (rc != ERR_OK)
        return rc;
    (void)pthread_mutex_init(&g.lock, NULL);
    begun = clock_mono_us();
    atomic_store(&g.start_us, begun);
    for (int i = 0; i < (n < WORKERS_MAX ? n : WORKERS_MAX); i++) {
        struct worker *w = &workers[i];
        *w = (struct worker){.g = &g, .random = (uint64_t)clock_wall_ns() * 2 + 1 + (uint64_t)i};
        if (pthread_create(&w->thread, NULL, worker_main, w) != 0)
            break;
        made++;
    }
    if (made == 0)
        rc = err_set(e, ERR_NOMEM, "cannot make a thread");
    else
        watch(&g, begun, out);
    for (int i = 0; i < made; i++)
        (void)pthread_join(workers[i].thread, NULL);
    figures_fill(&g, begun, out);
    out->rate = out->seconds > 0 ? (double)out->transactions / out->seconds : 0;
    (void)pthread_mutex_destroy(&g.lock);
    return rc;
}
