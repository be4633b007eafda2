/*
 * The transactional producer.
 *
 * A transaction's way: begin -> send.. -> commit. commit first waits for the delivery report of
 * every record itself, in rd_kafka_poll, which returns the moment one comes;
 * rd_kafka_commit_transaction alone would nap 10 ms at a time until its flush is done.
 *
 * What goes wrong falls in three classes, and librdkafka says which:
 *   abortable  a record was not delivered, ..: we abort, ERR_RETRY, the producer lives on
 *   fatal      fenced, or its sequence numbers are lost: the producer is dead. Fenced while our own
 *              transaction was open longer than transaction.timeout.ms is an outage, not another
 *              engine: the coordinator took the transaction back by raising our epoch
 *   lasting    the brokers do not answer: ERR_CONNECT after a while
 * After fatal and lasting errors the outcome of a commit is unknown: a new producer with the same
 * transactional.id finishes or aborts it, and the caller then reads the position that was stored
 * in it.
 *
 * Headers are handed over as one rd_kafka_headers_t: what librdkafka 2.0.2 does with single
 * headers frees them twice when the topic or the partition turns out to be unknown. Topics are
 * asked for before their first record, since that record would wait up to a second otherwise.
 */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/clock.h"
#include "backend/base/log.h"
#include "backend/base/stop.h"
#include "backend/kafka/conf.h"
#include "backend/kafka/kafka.h"

enum {
    SLICE_MS = 200,          /* how long a call into librdkafka may keep us from an interrupt */
    SERVE_EVERY = 128,       /* records between two servings of delivery reports */
    COORDINATOR_MS = 8000,   /* init_transactions */
    REFUSED_MS = 1000,       /* .. when no broker lets us connect */
    TOPIC_MS = 10000,        /* a topic just made may not be known everywhere yet */
    COMMIT_EXTRA_MS = 10000, /* on top of transaction.timeout.ms */
    ABORT_MS = 10000,
    GOODBYE_MS = 500, /* abort at destroy: else the next one with this id does it */
    CLOSE_US = 1500000,
};

struct topic {
    rd_kafka_topic_t *rkt;
    const char *name; /* rkt's */
    int n_partitions;
};

struct kafka_producer {
    rd_kafka_t *rk;
    rd_kafka_queue_t *main_queue; /* to wake rd_kafka_poll */
    bool transactional;
    bool in_txn;
    bool committing; /* the outcome is the coordinator's from here on */
    bool dead;
    int64_t begun_us;
    int64_t txn_timeout_us;

    int64_t outstanding; /* records without a delivery report */
    int unserved;
    int64_t failed; /* records not delivered, since begin or the last flush */
    rd_kafka_resp_err_t failed_err;
    char failed_topic[256];

    rd_kafka_resp_err_t broker_err; /* the last error event, told once by kafka_producer_poll */
    char broker_text[256];
    bool all_down;

    struct topic *topics; /* open addressing, n_slots a power of two */
    int n_slots;
    int n_topics;
    int last; /* slot of the last topic, -1 */

    atomic_bool interrupted;
};

/* ---- callbacks: all run in rd_kafka_poll, so on our thread ---- */

static bool purged(rd_kafka_resp_err_t r)
{
    return r == RD_KAFKA_RESP_ERR__PURGE_QUEUE || r == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT;
}

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
    struct kafka_producer *p = opaque;
    (void)rk;
    p->outstanding--;
    if (!m->err)
        return;
    /* purged is what follows from another failure */
    if (p->failed++ == 0 || purged(p->failed_err)) {
        p->failed_err = m->err;
        (void)snprintf(p->failed_topic, sizeof(p->failed_topic), "%s",
                       m->rkt ? rd_kafka_topic_name(m->rkt) : "");
    }
}

static void on_error(rd_kafka_t *rk, int err, const char *reason, void *opaque)
{
    struct kafka_producer *p = opaque;
    (void)rk;
    p->broker_err = err;
    if (err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
        p->all_down = true;
        if (p->broker_text[0])
            return; /* the words before said why */
    }
    (void)kafka_reason(reason, p->broker_text, sizeof(p->broker_text));
}

/* ---- life ---- */

static enum err make_conf(const char *const *settings, const char *transactional_id,
                          rd_kafka_conf_t **out, struct errbuf *e)
{
    static const char *const defaults[] = {
        "client.id", "flightdeck",
        /* several times smaller, and faster for it */
        "compression.type", "lz4",
        /* batches form by themselves while requests are under way; a little more than nothing
         * makes fewer, larger requests at middling rates and costs a transaction no time */
        "linger.ms", "5", "socket.nagle.disable", "true",
        /* our share of the engine's memory */
        "queue.buffering.max.kbytes", "16384", "queue.buffering.max.messages", "50000",
        "partitioner", "murmur2_random", "transaction.timeout.ms", "60000",
        "reconnect.backoff.max.ms", "1000", "log.connection.close", "false", NULL};
    static const char *const skipped[] = {"transactional.id", NULL};
    const char *forced[] = {
        "enable.idempotence", "true", "acks", "all", transactional_id ? "transactional.id" : NULL,
        transactional_id,     NULL};
    return kafka_conf_make(defaults, settings, forced, skipped, out, e);
}

static int64_t conf_ms(const rd_kafka_conf_t *conf, const char *name, int64_t otherwise)
{
    char text[64];
    size_t n = sizeof(text);
    if (rd_kafka_conf_get(conf, name, text, &n) != RD_KAFKA_CONF_OK)
        return otherwise;
    return strtoll(text, NULL, 10);
}

static enum err fatal_set(struct kafka_producer *p, struct errbuf *e)
{
    char why[512] = "";
    rd_kafka_resp_err_t r = rd_kafka_fatal_error(p->rk, why, sizeof(why));
    enum err code = kafka_err_code(r);
    int64_t open_us = p->in_txn ? clock_mono_us() - p->begun_us : 0;
    p->dead = true;
    if (code == ERR_FENCED && open_us < p->txn_timeout_us)
        return err_set(e, ERR_FENCED,
                       "kafka: another producer with this transactional.id has taken over: %s "
                       "(stop one of the two engines)",
                       why);
    if (code == ERR_FENCED)
        return err_set(e, ERR_CONNECT,
                       "kafka: the transaction was open for %" PRId64
                       " s, longer than transaction.timeout.ms: the broker has taken it back (%s)",
                       open_us / 1000000, why);
    if (code != ERR_CONFIG && code != ERR_UNSUPPORTED)
        code = ERR_CONNECT;
    return err_set(e, code, "kafka: the producer cannot go on and has to be replaced: %s", why);
}

/* Takes err. */
static enum err error_set(struct kafka_producer *p, rd_kafka_error_t *err, const char *what,
                          struct errbuf *e)
{
    enum err code;
    if (rd_kafka_error_is_fatal(err) || rd_kafka_fatal_error(p->rk, NULL, 0)) {
        code = fatal_set(p, e);
        (void)err_prefix(e, "%s", what);
    } else {
        code = kafka_err_code(rd_kafka_error_code(err));
        code = err_set(e, code, "kafka: %s: %s%s%s", what, rd_kafka_error_string(err),
                       p->broker_text[0] ? "; " : "", p->broker_text);
    }
    rd_kafka_error_destroy(err);
    return code;
}

static enum err init_transactions(struct kafka_producer *p, const char *servers, struct errbuf *e)
{
    int64_t start = clock_mono_us();
    for (;;) {
        rd_kafka_error_t *err = rd_kafka_init_transactions(p->rk, SLICE_MS);
        if (!err)
            return ERR_OK;
        rd_kafka_poll(p->rk, 0);
        int64_t ms = (clock_mono_us() - start) / 1000;
        bool again = rd_kafka_error_is_retriable(err) && !stop_asked() &&
                     ms < (p->all_down ? REFUSED_MS : COORDINATOR_MS);
        if (!again) {
            enum err r = error_set(p, err, "no transactional producer", e);
            return r == ERR_CONNECT ? err_prefix(e, "%s", servers) : r;
        }
        rd_kafka_error_destroy(err);
    }
}

enum err kafka_producer_create(const char *const *settings, const char *transactional_id,
                               struct kafka_producer **out, struct errbuf *e)
{
    struct kafka_producer *p = calloc(1, sizeof(*p));
    rd_kafka_conf_t *conf = NULL;
    enum err r = p ? make_conf(settings, transactional_id, &conf, e)
                   : err_set(e, ERR_NOMEM, "kafka: out of memory for a producer");
    if (r)
        goto out;
    p->last = -1;
    p->transactional = transactional_id != NULL;
    p->txn_timeout_us = conf_ms(conf, "transaction.timeout.ms", 60000) * 1000;
    rd_kafka_conf_set_opaque(conf, p);
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    rd_kafka_conf_set_error_cb(conf, on_error);
    r = kafka_open(RD_KAFKA_PRODUCER, conf, &p->rk, e);
    if (r)
        goto out;
    p->main_queue = rd_kafka_queue_get_main(p->rk);
    if (p->transactional)
        r = init_transactions(p, kafka_servers(settings), e);
out:
    if (r) {
        kafka_producer_destroy(p);
        p = NULL;
    }
    *out = p;
    return r;
}

void kafka_producer_destroy(struct kafka_producer *p)
{
    if (!p)
        return;
    if (p->rk) {
        if (p->in_txn && !p->committing && !p->dead && !rd_kafka_fatal_error(p->rk, NULL, 0)) {
            /* else the next one with this id does it, after waiting for the coordinator */
            rd_kafka_error_t *err = rd_kafka_abort_transaction(p->rk, GOODBYE_MS);
            if (err)
                rd_kafka_error_destroy(err);
        }
        rd_kafka_purge(p->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
                                  RD_KAFKA_PURGE_F_NON_BLOCKING);
        for (int i = 0; i < p->n_slots; i++)
            if (p->topics[i].rkt)
                rd_kafka_topic_destroy(p->topics[i].rkt);
        rd_kafka_queue_destroy(p->main_queue);
        kafka_close(p->rk, CLOSE_US, NULL, NULL);
    }
    free(p->topics);
    free(p);
}

/* ---- waiting ---- */

void kafka_producer_interrupt(struct kafka_producer *p)
{
    atomic_store(&p->interrupted, true);
    rd_kafka_queue_yield(p->main_queue);
}

static bool interrupted(struct kafka_producer *p)
{
    return atomic_exchange(&p->interrupted, false);
}

static enum err canceled(const char *what, struct errbuf *e)
{
    return err_set(e, ERR_CANCELED, "kafka: %s: asked to stop", what);
}

/* ---- topics ---- */

static unsigned slot_of(const char *name, int n_slots)
{
    unsigned h = 2166136261u;
    for (const unsigned char *s = (const unsigned char *)name; *s; s++)
        h = (h ^ *s) * 16777619u;
    return h & (unsigned)(n_slots - 1);
}

static int topic_slot(const struct kafka_producer *p, const char *name)
{
    unsigned i = slot_of(name, p->n_slots);
    while (p->topics[i].rkt && strcmp(p->topics[i].name, name) != 0)
        i = (i + 1) & (unsigned)(p->n_slots - 1);
    return (int)i;
}

static bool topics_grow(struct kafka_producer *p)
{
    struct kafka_producer bigger = {.n_slots = p->n_slots ? p->n_slots * 2 : 32};
    bigger.topics = calloc((size_t)bigger.n_slots, sizeof(*bigger.topics));
    if (!bigger.topics)
        return false;
    for (int i = 0; i < p->n_slots; i++)
        if (p->topics[i].rkt)
            bigger.topics[topic_slot(&bigger, p->topics[i].name)] = p->topics[i];
    free(p->topics);
    p->topics = bigger.topics;
    p->n_slots = bigger.n_slots;
    p->last = -1;
    return true;
}

/* Asks the brokers for the topic's partitions; waits while it is not known yet. */
static enum err topic_warm(struct kafka_producer *p, struct topic *t, struct errbuf *e)
{
    int64_t until = clock_mono_us() + TOPIC_MS * 1000LL;
    char what[320];
    (void)snprintf(what, sizeof(what), "topic %s", t->name);
    for (;;) {
        const struct rd_kafka_metadata *md = NULL;
        rd_kafka_resp_err_t r = rd_kafka_metadata(p->rk, 0, t->rkt, &md, SLICE_MS * 5);
        if (!r && md->topic_cnt == 1) {
            r = md->topics[0].err;
            t->n_partitions = md->topics[0].partition_cnt;
        }
        rd_kafka_metadata_destroy(md);
        if (!r && t->n_partitions > 0)
            return ERR_OK;
        if (interrupted(p))
            return canceled(what, e);
        enum err code = kafka_err_code(r);
        if (rd_kafka_fatal_error(p->rk, NULL, 0))
            return fatal_set(p, e);
        if (clock_mono_us() >= until || (r && code != ERR_CONNECT && code != ERR_NOT_FOUND))
            return kafka_err_set(e, r ? r : RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, what);
        rd_kafka_poll(p->rk, 20);
    }
}

static enum err topic_find(struct kafka_producer *p, const char *name, struct topic **out,
                           struct errbuf *e)
{
    if (p->last >= 0 && !strcmp(p->topics[p->last].name, name)) {
        *out = &p->topics[p->last];
        return ERR_OK;
    }
    if (p->n_topics * 2 >= p->n_slots && !topics_grow(p))
        return err_set(e, ERR_NOMEM, "kafka: out of memory for topic %s", name);
    int i = topic_slot(p, name);
    if (!p->topics[i].rkt) {
        struct topic t = {.rkt = rd_kafka_topic_new(p->rk, name, NULL)};
        if (!t.rkt)
            return kafka_err_set(e, rd_kafka_last_error(), name);
        t.name = rd_kafka_topic_name(t.rkt);
        enum err r = topic_warm(p, &t, e);
        if (r) {
            rd_kafka_topic_destroy(t.rkt);
            return r;
        }
        p->topics[i] = t;
        p->n_topics++;
    }
    p->last = i;
    *out = &p->topics[i];
    return ERR_OK;
}

/* ---- transactions ---- */

static void txn_ended(struct kafka_producer *p)
{
    p->in_txn = false;
    p->committing = false;
    p->failed = 0;
}

enum err kafka_producer_begin(struct kafka_producer *p, struct errbuf *e)
{
    rd_kafka_error_t *err = rd_kafka_begin_transaction(p->rk);
    if (err)
        return error_set(p, err, "no new transaction", e);
    p->in_txn = true;
    p->committing = false;
    p->failed = 0;
    p->begun_us = clock_mono_us();
    return ERR_OK;
}

enum err kafka_producer_abort(struct kafka_producer *p, struct errbuf *e)
{
    int64_t until = clock_mono_us() + ABORT_MS * 1000LL;
    if (!p->in_txn)
        return ERR_OK;
    for (;;) {
        rd_kafka_error_t *err = rd_kafka_abort_transaction(p->rk, SLICE_MS * 5);
        rd_kafka_poll(p->rk, 0);
        if (!err) {
            txn_ended(p);
            return ERR_OK;
        }
        if (!rd_kafka_error_is_retriable(err) || clock_mono_us() >= until)
            return error_set(p, err, "the transaction is not aborted", e);
        rd_kafka_error_destroy(err);
        if (interrupted(p))
            return canceled("abort", e);
    }
}

/* The transaction cannot be committed: aborts it. `why` says what happened. */
static enum err txn_fail(struct kafka_producer *p, const char *why, struct errbuf *e)
{
    if (rd_kafka_fatal_error(p->rk, NULL, 0))
        return fatal_set(p, e);
    enum err r = kafka_producer_abort(p, e);
    if (r)
        return r;
    return err_set(e, ERR_RETRY, "kafka: the transaction was aborted: %s", why);
}

static enum err undelivered(struct kafka_producer *p, struct errbuf *e)
{
    char why[512];
    enum err code = kafka_err_code(p->failed_err);
    rd_kafka_error_t *reason = NULL;
    if (p->in_txn && purged(p->failed_err))
        reason = rd_kafka_commit_transaction(p->rk, 0); /* is refused, with the words */
    if (reason)
        (void)snprintf(why, sizeof(why), "%s", rd_kafka_error_string(reason));
    else
        (void)snprintf(why, sizeof(why),
                       "%" PRId64 " records were not delivered, first to topic %s: %s", p->failed,
                       p->failed_topic, rd_kafka_err2str(p->failed_err));
    rd_kafka_error_destroy(reason);
    if (!p->transactional) {
        p->failed = 0;
        return err_set(e, code == ERR_NOT_FOUND ? code : ERR_CONNECT, "kafka: %s", why);
    }
    enum err r = txn_fail(p, why, e);
    /* trying again would fail again */
    if (r == ERR_RETRY && (code == ERR_CONFIG || code == ERR_DATA || code == ERR_NOT_FOUND))
        r = err_set(e, code, "kafka: the transaction was aborted: %s", why);
    return r;
}

/* ---- sending ---- */

static rd_kafka_resp_err_t produce(const struct topic *t, rd_kafka_t *rk, int partition,
                                   const void *key, size_t key_len, const void *value,
                                   size_t value_len, const struct kafka_header *headers,
                                   int n_headers)
{
    if (n_headers == 0) {
        int rc = rd_kafka_produce(t->rkt, partition, RD_KAFKA_MSG_F_COPY, (void *)(uintptr_t)value,
                                  value_len, key, key_len, NULL);
        return rc == 0 ? RD_KAFKA_RESP_ERR_NO_ERROR : rd_kafka_last_error();
    }
    rd_kafka_headers_t *list = rd_kafka_headers_new((size_t)n_headers);
    rd_kafka_resp_err_t r = RD_KAFKA_RESP_ERR_NO_ERROR;
    for (int i = 0; i < n_headers && !r; i++)
        r = rd_kafka_header_add(list, headers[i].name, -1, headers[i].value,
                                (ssize_t)headers[i].len);
    if (!r)
        r = rd_kafka_producev(rk, RD_KAFKA_V_RKT(t->rkt), RD_KAFKA_V_PARTITION(partition),
                              RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                              RD_KAFKA_V_VALUE((void *)(uintptr_t)value, value_len),
                              RD_KAFKA_V_KEY(key, key_len), RD_KAFKA_V_HEADERS(list),
                              RD_KAFKA_V_END);
    if (r)
        rd_kafka_headers_destroy(list); /* taken only by a success */
    return r;
}

static enum err send_failed(struct kafka_producer *p, const char *topic, rd_kafka_resp_err_t r,
                            size_t len, struct errbuf *e)
{
    if (rd_kafka_fatal_error(p->rk, NULL, 0))
        return fatal_set(p, e);
    if (p->failed)
        return undelivered(p, e);
    if (p->in_txn && r == RD_KAFKA_RESP_ERR__STATE)
        return txn_fail(p, p->broker_text[0] ? p->broker_text : "it cannot be committed any more",
                        e);
    char what[320];
    (void)snprintf(what, sizeof(what), "a record of %zu bytes for topic %s", len, topic);
    return kafka_err_set(e, r, what);
}

/* The local queue is full: waits for deliveries. */
static enum err wait_for_room(struct kafka_producer *p, const char *topic, size_t len,
                              struct errbuf *e)
{
    if (p->outstanding == 0)
        return err_set(e, ERR_DATA,
                       "kafka: a record of %zu bytes for topic %s is larger than the local queue "
                       "(raise queue.buffering.max.kbytes)",
                       len, topic);
    rd_kafka_poll(p->rk, SLICE_MS);
    if (interrupted(p))
        return canceled("send", e);
    if (rd_kafka_fatal_error(p->rk, NULL, 0))
        return fatal_set(p, e);
    return ERR_OK;
}

enum err kafka_producer_send(struct kafka_producer *p, const char *topic, int partition,
                             const void *key, size_t key_len, const void *value, size_t value_len,
                             const struct kafka_header *headers, int n_headers, struct errbuf *e)
{
    struct topic *t = NULL;
    enum err r = topic_find(p, topic, &t, e);
    if (!r && partition >= t->n_partitions)
        r = topic_warm(p, t, e); /* it may have been widened since */
    if (r)
        return r;
    if (partition >= t->n_partitions)
        return err_set(e, ERR_NOT_FOUND, "kafka: topic %s has %d partitions, there is no %d", topic,
                       t->n_partitions, partition);
    for (;;) {
        rd_kafka_resp_err_t rc =
            produce(t, p->rk, partition, key, key_len, value, value_len, headers, n_headers);
        if (!rc)
            break;
        if (rc != RD_KAFKA_RESP_ERR__QUEUE_FULL)
            return send_failed(p, topic, rc, value_len, e);
        r = wait_for_room(p, topic, value_len, e);
        if (r)
            return r;
    }
    p->outstanding++;
    if (++p->unserved >= SERVE_EVERY) {
        p->unserved = 0;
        rd_kafka_poll(p->rk, 0);
        if (p->failed && p->in_txn)
            return undelivered(p, e);
    }
    return ERR_OK;
}

/* Until every record has its report, delivered or not. */
static enum err wait_delivered(struct kafka_producer *p, int64_t until_us, struct errbuf *e)
{
    p->unserved = 0;
    while (p->outstanding > 0) {
        /* a flush serves the reports as a poll does, and tells the broker threads not to linger */
        (void)rd_kafka_flush(p->rk, SLICE_MS);
        if (interrupted(p))
            return canceled("waiting for deliveries", e);
        if (rd_kafka_fatal_error(p->rk, NULL, 0))
            return fatal_set(p, e);
        if (p->outstanding > 0 && clock_mono_us() >= until_us)
            return err_set(e, p->transactional ? ERR_CONNECT : ERR_TIMEOUT,
                           "kafka: %" PRId64 " records are not delivered yet%s%s", p->outstanding,
                           p->broker_text[0] ? ": " : "", p->broker_text);
    }
    return ERR_OK;
}

enum err kafka_producer_commit(struct kafka_producer *p, struct errbuf *e)
{
    int64_t until = clock_mono_us() + p->txn_timeout_us + COMMIT_EXTRA_MS * 1000LL;
    if (!p->in_txn)
        return err_set(e, ERR_STATE, "kafka: commit without a transaction");
    enum err r = wait_delivered(p, until, e);
    if (r)
        return r;
    if (p->failed)
        return undelivered(p, e);
    for (;;) {
        p->committing = true;
        rd_kafka_error_t *err = rd_kafka_commit_transaction(p->rk, SLICE_MS);
        if (!err) {
            txn_ended(p);
            p->broker_text[0] = 0;
            return ERR_OK;
        }
        if (rd_kafka_error_txn_requires_abort(err)) {
            char why[512];
            (void)snprintf(why, sizeof(why), "%s", rd_kafka_error_string(err));
            rd_kafka_error_destroy(err);
            p->committing = false;
            return txn_fail(p, why, e);
        }
        if (!rd_kafka_error_is_retriable(err) || clock_mono_us() >= until)
            return error_set(p, err, "the transaction's outcome is not known", e);
        rd_kafka_error_destroy(err);
        rd_kafka_poll(p->rk, 10);
        if (interrupted(p))
            return canceled("commit", e);
    }
}

enum err kafka_producer_flush(struct kafka_producer *p, int64_t timeout_us, struct errbuf *e)
{
    enum err r = wait_delivered(p, clock_mono_us() + timeout_us, e);
    if (!r && p->failed)
        r = undelivered(p, e);
    return r;
}

enum err kafka_producer_poll(struct kafka_producer *p, struct errbuf *e)
{
    rd_kafka_poll(p->rk, 0);
    p->unserved = 0;
    if (rd_kafka_fatal_error(p->rk, NULL, 0))
        return fatal_set(p, e);
    if (!p->broker_err)
        return ERR_OK;
    enum err code = kafka_err_code(p->broker_err);
    p->broker_err = RD_KAFKA_RESP_ERR_NO_ERROR;
    code = err_set(e, code == ERR_OK ? ERR_CONNECT : code, "kafka: %s", p->broker_text);
    p->broker_text[0] = 0;
    return code;
}
