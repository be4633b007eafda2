/*
 * The consumer: partitions assigned by us at offsets that the caller keeps, read_committed.
 *
 * Records are taken in batches from librdkafka's queue (one lock a batch instead of one a record)
 * and handed out one by one. The queue is never paused or sought: 2.0.2 skips offsets when that is
 * mixed with batches. A new assignment throws away what was taken under the old one.
 *
 * An end of partition carries the position behind the last record *and* the transaction markers
 * behind it, which have offsets but are no records: who waits for "all that was there" compares
 * with this position.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/clock.h"
#include "backend/base/log.h"
#include "backend/kafka/conf.h"
#include "backend/kafka/kafka.h"

/*
 * The gate. What librdkafka does when its queue is full is to look again within a second: with a
 * queue of a few MB the reader then starves most of the time (20k records a second instead of
 * 800k). So its own limits are set out of reach, and a Fetch response that comes while enough is
 * queued waits, in librdkafka's broker thread and still compressed, until the reader has taken
 * some. The thread has nothing else to do for us; it is let go before anything that needs it
 * (a new assignment, the end).
 * What is held is the gate's limit, a batch, and one response of each broker, unpacked.
 */
enum {
    BATCH = 128,
    RECORD_COST = 320, /* librdkafka's own bytes for a record in its queue */
    FETCH_API = 1,
    WARM_MS = 1000,
    MISSING_US = 10000000,
    MISSING_BREAK_US = 5000000,
    CLOSE_US = 2000000,
    MIN_BYTES = 1024 * 1024,
    MIN_FETCH = 64 * 1024,
    MAX_FETCH = 1024 * 1024,
    TOPICS_MS = 2000,
};

struct gate {
    pthread_mutex_t lock;
    pthread_cond_t room;
    rd_kafka_queue_t *queue; /* under lock; NULL: always open */
    size_t limit;            /* bytes */
    atomic_size_t mean;      /* bytes of a record, with its cost */
    atomic_int waiting;
};

struct kafka_consumer {
    rd_kafka_t *rk;
    rd_kafka_queue_t *queue;
    struct gate *gate;
    bool has_group;

    rd_kafka_message_t *batch[BATCH];
    int n_batch;
    int next;

    rd_kafka_topic_t **topics; /* held so that their names stay */
    int n_topics;
    struct kafka_position *at; /* as assigned, for words; topic is ours */
    int n_at;

    rd_kafka_resp_err_t broker_err;
    char broker_text[256];
    int64_t missing_since_us; /* a topic is said not to exist */
    int64_t missing_last_us;
    atomic_bool interrupted;
};

/* ---- the gate ---- */

static struct gate *gate_create(size_t limit)
{
    struct gate *g = calloc(1, sizeof(*g));
    if (!g)
        return NULL;
    pthread_mutex_init(&g->lock, NULL);
    pthread_cond_init(&g->room, NULL);
    g->limit = limit;
    atomic_init(&g->mean, 1024);
    return g;
}

static void gate_destroy(void *arg)
{
    struct gate *g = arg;
    if (!g)
        return;
    pthread_mutex_destroy(&g->lock);
    pthread_cond_destroy(&g->room);
    free(g);
}

/* queue NULL: opens it for good, or while assigned anew. */
static void gate_set(struct gate *g, rd_kafka_queue_t *queue)
{
    pthread_mutex_lock(&g->lock);
    g->queue = queue;
    pthread_cond_broadcast(&g->room);
    pthread_mutex_unlock(&g->lock);
}

/* On a broker thread of librdkafka, before it reads the response. */
static rd_kafka_resp_err_t on_response(rd_kafka_t *rk, int sockfd, const char *broker,
                                       int32_t broker_id, int16_t api, int16_t version,
                                       int32_t correlation, size_t size, int64_t rtt,
                                       rd_kafka_resp_err_t err, void *opaque)
{
    struct gate *g = opaque;
    (void)rk, (void)sockfd, (void)broker, (void)broker_id, (void)version, (void)correlation;
    (void)size, (void)rtt;
    if (api != FETCH_API || err)
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    pthread_mutex_lock(&g->lock);
    atomic_fetch_add(&g->waiting, 1);
    while (g->queue && rd_kafka_queue_length(g->queue) * atomic_load(&g->mean) > g->limit)
        pthread_cond_wait(&g->room, &g->lock);
    atomic_fetch_sub(&g->waiting, 1);
    pthread_mutex_unlock(&g->lock);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t on_new(rd_kafka_t *rk, const rd_kafka_conf_t *conf, void *opaque,
                                  char *why, size_t size)
{
    (void)conf, (void)why, (void)size;
    return rd_kafka_interceptor_add_on_response_received(rk, "gate", on_response, opaque);
}

/* The reader has taken a batch: tells who waits. */
static void gate_taken(struct gate *g, rd_kafka_message_t *const *batch, int n)
{
    size_t bytes = 0;
    for (int i = 0; i < n; i++)
        bytes += batch[i]->len + batch[i]->key_len;
    atomic_store_explicit(&g->mean, bytes / (size_t)n + RECORD_COST, memory_order_relaxed);
    if (atomic_load(&g->waiting) == 0)
        return;
    pthread_mutex_lock(&g->lock);
    pthread_cond_broadcast(&g->room);
    pthread_mutex_unlock(&g->lock);
}

/* ---- life ---- */

static void on_error(rd_kafka_t *rk, int err, const char *reason, void *opaque)
{
    struct kafka_consumer *c = opaque;
    (void)rk;
    bool all = err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN;
    /* "all down" comes behind the words that say why */
    if (!all || !c->broker_text[0])
        (void)kafka_reason(reason, c->broker_text, sizeof(c->broker_text));
    c->broker_err = err;
    /* Or the poll under way would wait on. Not rd_kafka_yield: with it 2.0.2 drops the record that
     * follows in a batch. */
    rd_kafka_queue_yield(c->queue);
}

static enum err make_conf(const char *const *settings, const char *group, size_t max_bytes,
                          rd_kafka_conf_t **out, struct errbuf *e)
{
    char fetch[32];
    size_t max = max_bytes < MIN_BYTES ? MIN_BYTES : max_bytes;
    size_t once = max / 128; /* compressed: ten times that when unpacked, or more */
    once = once < MIN_FETCH ? MIN_FETCH : once > MAX_FETCH ? MAX_FETCH : once;
    (void)snprintf(fetch, sizeof(fetch), "%zu", once);
    const char *const defaults[] = {
        "client.id", "flightdeck",
        /* an instance with assign() needs a name, but joins no group */
        "group.id", "flightdeck-reader", /* out of reach: see the gate */
        "queued.max.messages.kbytes", "2000000", "queued.min.messages", "10000000",
        "fetch.max.bytes", fetch, "max.partition.fetch.bytes", fetch,
        /* must not be more than fetch.max.bytes; a batch that is larger comes all the same */
        "message.max.bytes", fetch,
        /* the broker answers at once when something comes: this is only the idle beat, and how
         * late an end of partition is told. Who has no group reads to an end and goes. */
        "fetch.wait.max.ms", group ? "500" : "20", "fetch.error.backoff.ms", "100",
        "socket.nagle.disable", "true", "reconnect.backoff.max.ms", "1000", "log.connection.close",
        "false", NULL};
    /* the user's is the producer's */
    static const char *const skipped[] = {"transactional.id", "message.max.bytes", NULL};
    const char *const forced[] = {"isolation.level",
                                  "read_committed",
                                  "enable.auto.commit",
                                  "false",
                                  "enable.auto.offset.store",
                                  "false",
                                  "auto.offset.reset",
                                  "error",
                                  "enable.partition.eof",
                                  "true",
                                  group ? "group.id" : NULL,
                                  group,
                                  NULL};
    return kafka_conf_make(defaults, settings, forced, skipped, out, e);
}

enum err kafka_consumer_create(const char *const *settings, const char *group, size_t max_bytes,
                               struct kafka_consumer **out, struct errbuf *e)
{
    struct kafka_consumer *c = calloc(1, sizeof(*c));
    rd_kafka_conf_t *conf = NULL;
    enum err r = c ? make_conf(settings, group, max_bytes, &conf, e)
                   : err_set(e, ERR_NOMEM, "kafka: out of memory for a consumer");
    if (r)
        goto out;
    c->has_group = group != NULL;
    rd_kafka_conf_set_opaque(conf, c);
    rd_kafka_conf_set_error_cb(conf, on_error);
    c->gate = gate_create((max_bytes < MIN_BYTES ? MIN_BYTES : max_bytes) / 8 * 3);
    if (!c->gate) {
        rd_kafka_conf_destroy(conf);
        r = err_set(e, ERR_NOMEM, "kafka: out of memory for a consumer");
        goto out;
    }
    rd_kafka_conf_interceptor_add_on_new(conf, "gate", on_new, c->gate);
    r = kafka_open(RD_KAFKA_CONSUMER, conf, &c->rk, e);
    if (r)
        goto out;
    (void)rd_kafka_poll_set_consumer(c->rk);
    c->queue = rd_kafka_queue_get_consumer(c->rk);
out:
    if (r) {
        kafka_consumer_destroy(c);
        c = NULL;
    }
    *out = c;
    return r;
}

static void drop_batch(struct kafka_consumer *c)
{
    while (c->next < c->n_batch)
        rd_kafka_message_destroy(c->batch[c->next++]);
    c->next = c->n_batch = 0;
}

static void drain(struct kafka_consumer *c)
{
    do {
        drop_batch(c);
        ssize_t n = rd_kafka_consume_batch_queue(c->queue, 0, c->batch, BATCH);
        c->n_batch = n > 0 ? (int)n : 0;
    } while (c->n_batch > 0);
}

static void drop_positions(struct kafka_consumer *c)
{
    for (int i = 0; i < c->n_at; i++)
        free((char *)(uintptr_t)c->at[i].topic);
    free(c->at);
    c->at = NULL;
    c->n_at = 0;
}

void kafka_consumer_destroy(struct kafka_consumer *c)
{
    if (!c)
        return;
    drop_batch(c);
    drop_positions(c);
    if (c->gate)
        gate_set(c->gate, NULL);
    if (c->queue) {
        /* what is queued holds its broker, whose thread then does not end */
        (void)rd_kafka_assign(c->rk, NULL);
        drain(c);
        rd_kafka_queue_destroy(c->queue);
    }
    for (int i = 0; i < c->n_topics; i++)
        rd_kafka_topic_destroy(c->topics[i]);
    free(c->topics);
    if (c->rk)
        kafka_close(c->rk, CLOSE_US, gate_destroy, c->gate);
    else
        gate_destroy(c->gate);
    free(c);
}

/* Keeps the topic's handle, and with it its name, as long as the consumer lives. */
static enum err hold_topic(struct kafka_consumer *c, const char *name, struct errbuf *e)
{
    for (int i = 0; i < c->n_topics; i++)
        if (!strcmp(rd_kafka_topic_name(c->topics[i]), name))
            return ERR_OK;
    rd_kafka_topic_t **more = realloc(c->topics, ((size_t)c->n_topics + 1) * sizeof(*more));
    if (!more)
        return err_set(e, ERR_NOMEM, "kafka: out of memory for topic %s", name);
    c->topics = more;
    rd_kafka_topic_t *t = rd_kafka_topic_new(c->rk, name, NULL);
    if (!t)
        return kafka_err_set(e, rd_kafka_last_error(), name);
    c->topics[c->n_topics++] = t;
    return ERR_OK;
}

/* Learns the partitions' leaders first: 2.0.2 looks for them again only after half a second when
 * the connection is not up yet. No answer is not an error here, the next poll says it. */
static void warm_topics(struct kafka_consumer *c)
{
    const struct rd_kafka_metadata *md = NULL;
    if (!rd_kafka_metadata(c->rk, 0, NULL, &md, WARM_MS))
        rd_kafka_metadata_destroy(md);
}

static enum err hold_positions(struct kafka_consumer *c, const struct kafka_position *at, int n,
                               struct errbuf *e)
{
    struct kafka_position *copy = calloc(n > 0 ? (size_t)n : 1, sizeof(*copy));
    if (!copy)
        return err_set(e, ERR_NOMEM, "kafka: out of memory for %d partitions", n);
    drop_positions(c);
    c->at = copy;
    for (int i = 0; i < n; i++) {
        c->at[i] = at[i];
        c->at[i].topic = strdup(at[i].topic);
        c->n_at = i + 1;
        if (!c->at[i].topic)
            return err_set(e, ERR_NOMEM, "kafka: out of memory for %d partitions", n);
    }
    return ERR_OK;
}

enum err kafka_consumer_assign(struct kafka_consumer *c, const struct kafka_position *at, int n,
                               struct errbuf *e)
{
    rd_kafka_topic_partition_list_t *list = NULL;
    enum err r = hold_positions(c, at, n, e);
    for (int i = 0; i < n && !r; i++)
        r = hold_topic(c, at[i].topic, e);
    if (r)
        goto out;
    if (n > 0)
        warm_topics(c);
    list = rd_kafka_topic_partition_list_new(n);
    for (int i = 0; i < n; i++)
        rd_kafka_topic_partition_list_add(list, at[i].topic, at[i].partition)->offset =
            at[i].offset;
    gate_set(c->gate, NULL); /* the broker threads must be free to let go of partitions */
    /* first without: a partition that stays would go on from where it was */
    rd_kafka_resp_err_t rc = rd_kafka_assign(c->rk, NULL);
    drop_batch(c);
    if (!rc)
        rc = rd_kafka_assign(c->rk, list);
    gate_set(c->gate, c->queue);
    if (rc)
        r = kafka_err_set(e, rc, "partitions cannot be assigned");
out:
    if (list)
        rd_kafka_topic_partition_list_destroy(list);
    return r;
}

/* ---- polling ---- */

static const struct kafka_position *assigned(const struct kafka_consumer *c, const char *topic,
                                             int32_t partition)
{
    for (int i = 0; i < c->n_at; i++)
        if (c->at[i].partition == partition && !strcmp(c->at[i].topic, topic))
            return &c->at[i];
    return NULL;
}

/* What came is an error or an end of partition; frees it. */
static enum err not_a_record(struct kafka_consumer *c, rd_kafka_message_t *m,
                             struct kafka_record *out, struct errbuf *e)
{
    enum err r;
    const char *topic = m->rkt ? rd_kafka_topic_name(m->rkt) : "";
    const struct kafka_position *at = assigned(c, topic, m->partition);
    if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        *out =
            (struct kafka_record){.topic = topic, .partition = m->partition, .offset = m->offset};
        r = ERR_NOT_FOUND; /* no words: this is every poll of a quiet topic */
    } else if (m->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
               m->err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) {
        r = err_set(e, ERR_LOST,
                    "kafka: topic %s, partition %d no longer holds offset %" PRId64
                    " (it was deleted by the topic's retention, or the topic was made anew): what "
                    "was there is lost; start from the beginning with a fresh snapshot",
                    topic, (int)m->partition,
                    m->offset >= 0 ? m->offset
                    : at           ? at->offset
                                   : -1);
    } else if (m->err == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED) {
        /* we only report to the group, and read without it */
        log_debug(KAFKA_AREA, "no offsets are reported to the group: %s", rd_kafka_err2str(m->err));
        r = ERR_TIMEOUT;
    } else if (kafka_err_code(m->err) == ERR_NOT_FOUND) {
        r = err_set(e, ERR_LOST, "kafka: topic %s, partition %d no longer exists", topic,
                    (int)m->partition);
    } else {
        char what[320];
        (void)snprintf(what, sizeof(what), "reading topic %s, partition %d", topic,
                       (int)m->partition);
        r = kafka_err_set(e, m->err, what);
    }
    rd_kafka_message_destroy(m);
    return r;
}

/* A broker that has just started may not know its topics yet: they are gone only when that is said
 * for a while without a break. */
static bool topic_gone(struct kafka_consumer *c)
{
    int64_t now = clock_mono_us();
    if (now - c->missing_last_us > MISSING_BREAK_US)
        c->missing_since_us = now;
    c->missing_last_us = now;
    return now - c->missing_since_us >= MISSING_US;
}

static enum err nothing(struct kafka_consumer *c, struct errbuf *e)
{
    if (atomic_exchange(&c->interrupted, false))
        return err_set(e, ERR_CANCELED, "kafka: reading: asked to stop");
    if (!c->broker_err)
        return ERR_TIMEOUT;
    enum err r = kafka_err_code(c->broker_err);
    if (r == ERR_NOT_FOUND)
        r = topic_gone(c) ? ERR_LOST : ERR_CONNECT;
    else if (r != ERR_CONFIG)
        r = ERR_CONNECT;
    c->broker_err = RD_KAFKA_RESP_ERR_NO_ERROR;
    r = err_set(e, r, "kafka: %s", c->broker_text);
    c->broker_text[0] = 0;
    return r;
}

/* The next message of the batch, or of a new one; NULL when nothing came in time. */
static rd_kafka_message_t *next_message(struct kafka_consumer *c, int64_t timeout_us)
{
    if (c->next == c->n_batch) {
        ssize_t n = rd_kafka_consume_batch_queue(c->queue, 0, c->batch, BATCH);
        c->next = 0;
        c->n_batch = n > 0 ? (int)n : 0;
        if (n > 0)
            gate_taken(c->gate, c->batch, c->n_batch);
    }
    if (c->next < c->n_batch)
        return c->batch[c->next++];
    /* The look into the queue above takes an interrupt's yield away: only one that comes from here
     * on ends the wait by itself. */
    if (timeout_us == 0 || c->broker_err || atomic_load(&c->interrupted))
        return NULL;
    int64_t ms = (timeout_us + 999) / 1000;
    return rd_kafka_consumer_poll(c->rk, timeout_us < 0 || ms > INT32_MAX ? -1 : (int)ms);
}

enum err kafka_consumer_poll(struct kafka_consumer *c, int64_t timeout_us, struct kafka_record *out,
                             struct errbuf *e)
{
    rd_kafka_message_t *m = NULL;
    if (!atomic_load_explicit(&c->interrupted, memory_order_relaxed))
        m = next_message(c, timeout_us);
    if (!m)
        return nothing(c, e);
    if (m->err)
        return not_a_record(c, m, out, e);
    out->topic = rd_kafka_topic_name(m->rkt);
    out->partition = m->partition;
    out->offset = m->offset;
    out->timestamp_ms = rd_kafka_message_timestamp(m, NULL);
    out->key = m->key;
    out->key_len = m->key_len;
    out->value = m->payload;
    out->value_len = m->len;
    out->handle = m;
    return ERR_OK;
}

bool kafka_record_header(const struct kafka_record *r, const char *name, const void **value,
                         size_t *len)
{
    rd_kafka_headers_t *list = NULL;
    if (!r->handle || rd_kafka_message_headers(r->handle, &list))
        return false;
    return rd_kafka_header_get_last(list, name, value, len) == RD_KAFKA_RESP_ERR_NO_ERROR;
}

void kafka_record_headers(const struct kafka_record *r,
                          void (*fn)(void *arg, const char *name, const void *value, size_t len),
                          void *arg)
{
    rd_kafka_headers_t *list = NULL;
    const char *name = NULL;
    const void *value = NULL;
    size_t len = 0;
    if (!r->handle || rd_kafka_message_headers(r->handle, &list))
        return;
    for (size_t i = 0; !rd_kafka_header_get_all(list, i, &name, &value, &len); i++)
        fn(arg, name, value, len);
}

void kafka_record_free(struct kafka_record *r)
{
    if (r->handle)
        rd_kafka_message_destroy(r->handle);
    r->handle = NULL;
}

void kafka_consumer_report(struct kafka_consumer *c, const struct kafka_position *at, int n)
{
    if (!c->has_group || n <= 0)
        return;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(n);
    for (int i = 0; i < n; i++)
        if (at[i].offset >= 0)
            rd_kafka_topic_partition_list_add(list, at[i].topic, at[i].partition)->offset =
                at[i].offset;
    (void)rd_kafka_commit(c->rk, list, 1);
    rd_kafka_topic_partition_list_destroy(list);
}

enum err kafka_consumer_topics(struct kafka_consumer *c, struct kafka_topics *out, struct errbuf *e)
{
    const struct rd_kafka_metadata *md = NULL;
    *out = (struct kafka_topics){0};
    gate_set(c->gate, NULL); /* the answer comes through a broker thread */
    rd_kafka_resp_err_t r = rd_kafka_metadata(c->rk, 1, NULL, &md, TOPICS_MS);
    gate_set(c->gate, c->queue);
    if (r)
        return kafka_err_set(e, r, "topics cannot be listed");
    enum err rc = kafka_topics_of(md, NULL, out, e);
    rd_kafka_metadata_destroy(md);
    if (rc)
        kafka_topics_free(out);
    return rc;
}

void kafka_consumer_interrupt(struct kafka_consumer *c)
{
    atomic_store(&c->interrupted, true);
    rd_kafka_queue_yield(c->queue);
}
