#include "backend/engine/publisher.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backend/base/clock.h"
#include "backend/base/log.h"
#include "backend/base/queue.h"

enum {
    CHUNKS = 24,           /* in all: the bound of what capture may be ahead */
    LIGHT_ROWS = 64,       /* a transaction of fewer rows commits as soon as nothing waits */
    IDLE_POLL_US = 500000, /* serves librdkafka's callbacks while nothing comes */
    MOMENT_US = 1000,
};

struct publisher {
    struct publisher_options o;
    struct position position;
    struct queue *queue; /* chunks to publish */
    struct queue *pool;  /* empty chunks */
    struct buf key, value;
    pthread_t thread;
    sem_t ended;           /* the thread has */
    _Atomic int in_flight; /* chunks pushed and not yet committed */
    _Atomic bool hungry;
    _Atomic bool abort;
    enum err result;
    struct errbuf error;
    /* the open transaction */
    bool open;
    int64_t began_us;
    int64_t rows;
    int64_t bytes;
    int chunks;
    int64_t newest_commit_us;
};

static void pool_put(struct publisher *p, struct chunk *c)
{
    chunk_reset(c);
    if (queue_push(p->pool, c, 0) != ERR_OK)
        chunk_destroy(c); /* the pool is closed: the publisher has ended */
}

static enum err send_record(struct publisher *p, const struct chunk *c,
                            const struct chunk_record *r, struct errbuf *e)
{
    struct kafka_header headers[3];
    int n = 0;
    if (r->fingerprint)
        headers[n++] =
            (struct kafka_header){"flightdeck.schema", r->fingerprint, strlen(r->fingerprint)};
    if (r->headers & HEADER_NEW_KEY)
        headers[n++] =
            (struct kafka_header){"__debezium.newkey", c->bytes.p + r->extra, r->extra_len};
    if (r->headers & HEADER_OLD_KEY)
        headers[n++] =
            (struct kafka_header){"__debezium.oldkey", c->bytes.p + r->extra, r->extra_len};
    return kafka_producer_send(p->o.producer, r->topic, -1, r->has_key ? c->bytes.p + r->key : NULL,
                               r->key_len, r->has_value ? c->bytes.p + r->value : NULL,
                               r->value_len, headers, n, e);
}

/* Takes what the chunk says of the position over into the record that the commit will write. */
static enum err move_position(struct publisher *p, const struct chunk *c, struct errbuf *e)
{
    if (c->moves_position)
        p->position.at = c->at;
    if (c->begun_table) {
        p->position.snapshot = SNAPSHOT_RUNNING;
        enum err rc = position_add_table(&p->position, c->begun_table, 0, e);
        if (rc)
            return rc;
    }
    if (c->finished_table) {
        p->position.snapshot = SNAPSHOT_RUNNING;
        enum err rc = position_add_table(&p->position, c->finished_table, c->finished_horizon, e);
        if (rc)
            return rc;
        (void)atomic_fetch_add(&p->o.figures->snapshot_done, 1);
    }
    if (c->finishes_snapshot)
        p->position.snapshot = SNAPSHOT_DONE;
    return ERR_OK;
}

static enum err take_chunk(struct publisher *p, const struct chunk *c, struct errbuf *e)
{
    enum err rc = ERR_OK;
    if (!p->open) {
        rc = kafka_producer_begin(p->o.producer, e);
        if (rc)
            return rc;
        p->open = true;
        p->began_us = clock_mono_us();
        p->rows = p->bytes = p->chunks = 0;
    }
    for (int i = 0; i < c->n && !rc; i++)
        rc = send_record(p, c, &c->records[i], e);
    if (rc)
        return rc;
    p->rows += c->changes;
    p->bytes += (int64_t)c->bytes.len;
    p->chunks++;
    if (c->newest_commit_us)
        p->newest_commit_us = c->newest_commit_us;
    return move_position(p, c, e);
}

static void count_commit(struct publisher *p)
{
    struct figures *f = p->o.figures;
    (void)atomic_fetch_add(&f->records, p->rows);
    (void)atomic_fetch_add(&f->bytes, p->bytes);
    (void)atomic_fetch_add(&f->commits, 1);
    if (p->rows && p->newest_commit_us) {
        atomic_store(&f->newest_commit_us, p->newest_commit_us);
        atomic_store(&f->last_latency_us, clock_wall_us() - p->newest_commit_us);
    }
    atomic_store(&f->confirmed_lsn, p->position.at.confirmed_lsn);
}

static enum err commit(struct publisher *p, struct errbuf *e)
{
    buf_clear(&p->key);
    buf_clear(&p->value);
    position_write_key(p->o.connector, &p->key);
    position_write_value(&p->position, &p->value);
    enum err rc = buf_check(&p->value, "the position record", e);
    if (!rc)
        rc = kafka_producer_send(p->o.producer, p->o.offsets_topic, 0, p->key.p, p->key.len,
                                 p->value.p, p->value.len, NULL, 0, e);
    if (!rc)
        rc = kafka_producer_commit(p->o.producer, e);
    if (rc)
        return rc;
    p->open = false;
    count_commit(p);
    (void)atomic_fetch_sub(&p->in_flight, p->chunks);
    /* Only now may the slot be told: the rows and the position are durable in Kafka. */
    p->o.on_commit(p->o.arg, p->position.at.confirmed_lsn);
    return ERR_OK;
}

static bool due(const struct publisher *p, bool more_waits)
{
    if (!p->open)
        return false;
    if (p->rows >= p->o.commit_rows || p->bytes >= p->o.commit_bytes)
        return true;
    if (!more_waits && p->rows < LIGHT_ROWS)
        return true;
    return clock_mono_us() - p->began_us >= p->o.commit_us;
}

/* One turn: a chunk, or a pause; then a commit when one is due. ERR_CANCELED: closed and drained.
 */
static enum err turn(struct publisher *p, struct errbuf *e)
{
    void *item = NULL;
    int64_t wait = IDLE_POLL_US;
    if (p->open) {
        wait = p->o.commit_us - (clock_mono_us() - p->began_us);
        if (wait < MOMENT_US)
            wait = MOMENT_US;
    }
    enum err rc = queue_pop(p->queue, &item, 0);
    if (rc == ERR_TIMEOUT) {
        p->hungry = !p->open; /* an open transaction waits for more: no hurry */
        rc = queue_pop(p->queue, &item, wait);
        p->hungry = false;
    }
    if (rc == ERR_TIMEOUT && !p->open)
        return kafka_producer_poll(p->o.producer, e);
    if (rc == ERR_CANCELED) {
        if (p->abort || !p->open)
            return rc;
        enum err last = commit(p, e);
        return last ? last : ERR_CANCELED;
    }
    if (rc == ERR_OK) {
        struct chunk *c = item;
        rc = p->abort ? ERR_CANCELED : take_chunk(p, c, e);
        pool_put(p, c);
        if (rc)
            return rc;
    }
    return due(p, queue_length(p->queue) > 0) ? commit(p, e) : ERR_OK;
}

static void *publisher_main(void *arg)
{
    struct publisher *p = arg;
    enum err rc = ERR_OK;
    while (!rc)
        rc = turn(p, &p->error);
    p->result = rc == ERR_CANCELED ? ERR_OK : rc;
    queue_close(p->queue);
    queue_close(p->pool);
    /* Asked to end, its producer goes next and aborts as it goes, with less patience. */
    if (p->open && !p->abort) {
        struct errbuf e;
        if (kafka_producer_abort(p->o.producer, &e) != ERR_OK)
            log_debug("publisher", "%s: abort: %s", p->o.connector, e.text);
    }
    if (p->result)
        p->o.on_failure(p->o.arg);
    (void)sem_post(&p->ended);
    return NULL;
}

static enum err fill_pool(struct publisher *p, struct errbuf *e)
{
    for (int i = 0; i < CHUNKS; i++) {
        struct chunk *c = chunk_create();
        if (!c || queue_push(p->pool, c, 0) != ERR_OK) {
            chunk_destroy(c);
            return err_set(e, ERR_NOMEM, "no memory for the publisher's chunks");
        }
    }
    return ERR_OK;
}

enum err publisher_start(const struct publisher_options *o, struct position *position,
                         struct publisher **out, struct errbuf *e)
{
    struct publisher *p = calloc(1, sizeof *p);
    if (!p)
        return err_set(e, ERR_NOMEM, "no memory for the publisher");
    p->o = *o;
    p->position = *position;
    position_init(position);
    (void)sem_init(&p->ended, 0, 0);
    buf_init(&p->key, 0);
    buf_init(&p->value, 0);
    p->queue = queue_create(CHUNKS);
    p->pool = queue_create(CHUNKS);
    enum err rc = p->queue && p->pool ? fill_pool(p, e)
                                      : err_set(e, ERR_NOMEM, "no memory for the publisher");
    if (!rc && pthread_create(&p->thread, NULL, publisher_main, p) != 0)
        rc = err_set(e, ERR_NOMEM, "cannot start the publisher's thread");
    if (rc) {
        publisher_destroy(p);
        return rc;
    }
    *out = p;
    return ERR_OK;
}

enum err publisher_chunk(struct publisher *p, int64_t timeout_us, struct chunk **out,
                         struct errbuf *e)
{
    void *item = NULL;
    enum err rc = queue_pop(p->pool, &item, timeout_us);
    *out = item;
    if (rc == ERR_CANCELED)
        return err_set(e, rc, "the publisher has ended");
    return rc ? err_set(e, rc, "all chunks are in flight") : ERR_OK;
}

void publisher_give_back(struct publisher *p, struct chunk *c)
{
    if (c)
        pool_put(p, c);
}

enum err publisher_push(struct publisher *p, struct chunk *c)
{
    (void)atomic_fetch_add(&p->in_flight, 1);
    enum err rc = queue_push(p->queue, c, -1);
    if (rc) {
        (void)atomic_fetch_sub(&p->in_flight, 1);
        chunk_destroy(c);
    }
    return rc;
}

bool publisher_idle(const struct publisher *p)
{
    return atomic_load(&p->in_flight) == 0;
}

bool publisher_hungry(const struct publisher *p)
{
    return p->hungry;
}

static bool ends_within(struct publisher *p, int64_t us)
{
    int64_t until = clock_mono_us() + us;
    struct timespec t = {.tv_sec = until / 1000000, .tv_nsec = until % 1000000 * 1000};
    int rc;
    do
        rc = us < 0 ? sem_wait(&p->ended) : sem_clockwait(&p->ended, CLOCK_MONOTONIC, &t);
    while (rc != 0 && errno == EINTR);
    return rc == 0;
}

enum err publisher_finish(struct publisher *p, bool abort, int64_t patience_us, struct errbuf *e)
{
    p->abort = abort;
    queue_close(p->queue);
    if (abort || !ends_within(p, patience_us)) {
        p->abort = true;
        kafka_producer_interrupt(p->o.producer);
    }
    (void)pthread_join(p->thread, NULL);
    if (p->result && e)
        *e = p->error;
    return p->result;
}

void publisher_destroy(struct publisher *p)
{
    if (!p)
        return;
    void *item;
    if (p->queue)
        while (queue_pop(p->queue, &item, 0) == ERR_OK)
            chunk_destroy(item);
    if (p->pool)
        while (queue_pop(p->pool, &item, 0) == ERR_OK)
            chunk_destroy(item);
    queue_destroy(p->queue);
    queue_destroy(p->pool);
    buf_free(&p->key);
    buf_free(&p->value);
    position_free(&p->position);
    (void)sem_destroy(&p->ended);
    free(p);
}
