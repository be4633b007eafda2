/*
 * Apache Kafka through librdkafka: transactional producer, assigned consumer, admin.
 *
 * Settings pass through: `settings` is a NULL-terminated list of name, value, name, value, .. as in
 * librdkafka's CONFIGURATION.md; ours are set first, so the user's win, but for those that a
 * guarantee rests on (transactional.id, enable.idempotence, isolation.level, enable.auto.commit,
 * acks).
 */
#ifndef KAFKA_KAFKA_H
#define KAFKA_KAFKA_H

#include <stdint.h>

#include "backend/base/buf.h"
#include "backend/base/err.h"

/* ---- producer (one thread) ---- */
struct kafka_producer;

/* transactional_id NULL: a plain idempotent producer. Waits for the coordinator
 * (init_transactions): some ms when it is there, 8 s at the most, 1 s when every broker refuses the
 * connection. ERR_CONFIG (also: not authorized), ERR_CONNECT. */
enum err kafka_producer_create(const char *const *settings, const char *transactional_id,
                               struct kafka_producer **out, struct errbuf *e) MUST_CHECK;
/* Never waits longer than 4 s; an open transaction is aborted (or left to the next producer with
 * this id). */
void kafka_producer_destroy(struct kafka_producer *p);

enum err kafka_producer_begin(struct kafka_producer *p, struct errbuf *e) MUST_CHECK;
struct kafka_header {
    const char *name;
    const void *value;
    size_t len; /* value NULL: null header */
};
/* Key/value are copied. key NULL: none; value NULL: tombstone. partition -1: murmur2 of the key as
 * the Java client does, null keys spread. Waits while the local queue is full (back-pressure), and
 * at its first record for a topic's metadata.
 * ERR_RETRY: as with commit, the transaction was aborted. ERR_DATA: the record is too large.
 * ERR_NOT_FOUND: no such topic (after 10 s) or partition. ERR_CANCELED: nothing was sent, the
 * transaction stays open. ERR_FENCED, ERR_CONNECT: destroy the producer and make a new one. */
enum err kafka_producer_send(struct kafka_producer *p, const char *topic, int partition,
                             const void *key, size_t key_len, const void *value, size_t value_len,
                             const struct kafka_header *headers, int n_headers,
                             struct errbuf *e) MUST_CHECK;
/* Waits for every delivery report itself (see rd_kafka_commit_transaction's naps), then commits.
 * ERR_RETRY after an abort: replay from the last committed position with the same producer.
 * ERR_DATA, ERR_CONFIG, ERR_NOT_FOUND: aborted too, but a replay would fail again.
 * Any other error: the outcome is not known. Destroy it and make a new one (which finishes or
 * aborts what is open), then read the position that is stored. ERR_CANCELED: the same, or call it
 * again. ERR_FENCED: another producer with this id is at work; a transaction that the broker took
 * back because it was open for longer than transaction.timeout.ms is ERR_CONNECT instead. Waits up
 * to transaction.timeout.ms + 10 s while the brokers are away. */
enum err kafka_producer_commit(struct kafka_producer *p, struct errbuf *e) MUST_CHECK;
enum err kafka_producer_abort(struct kafka_producer *p, struct errbuf *e) MUST_CHECK;
/* A plain producer: waits until all are delivered. */
enum err kafka_producer_flush(struct kafka_producer *p, int64_t timeout_us,
                              struct errbuf *e) MUST_CHECK;
/* Serves callbacks while idle; the words of a fatal or lasting error, if any (ERR_OK: none). */
enum err kafka_producer_poll(struct kafka_producer *p, struct errbuf *e) MUST_CHECK;
/* Wakes a waiting send, commit, abort or flush from another thread: it returns ERR_CANCELED. When
 * none waits, the next one that has to wait does. Once for each call. */
void kafka_producer_interrupt(struct kafka_producer *p);

/* ---- consumer (one thread): partitions assigned by us, offsets kept by the caller ---- */
struct kafka_consumer;

struct kafka_record {
    const char *topic; /* valid as long as the consumer */
    int32_t partition;
    int64_t offset;
    int64_t timestamp_ms;
    const void *key; /* NULL: none */
    size_t key_len;
    const void *value; /* NULL: tombstone */
    size_t value_len;
    void *handle; /* give back with kafka_record_free */
};

/* group: for reporting offsets only. max_bytes (1 MiB at the least) bounds what is fetched ahead,
 * unpacked, but for one fetch (max_bytes / 128, packed) from each broker.
 * group NULL is for a reader that reads to an end and goes: an end of partition is told after 20 ms
 * without a record instead of half a second, for which it asks the brokers more often. */
enum err kafka_consumer_create(const char *const *settings, const char *group, size_t max_bytes,
                               struct kafka_consumer **out, struct errbuf *e) MUST_CHECK;
void kafka_consumer_destroy(struct kafka_consumer *c);

enum { KAFKA_OFFSET_BEGINNING = -2, KAFKA_OFFSET_END = -1 };
struct kafka_position {
    const char *topic;
    int32_t partition;
    int64_t offset;
};
/* Replaces the assignment; what was fetched for the old one is dropped. Waits up to 1 s for the
 * topics' metadata. An offset that the topic does not have (any more) gives ERR_LOST at a poll. */
enum err kafka_consumer_assign(struct kafka_consumer *c, const struct kafka_position *at, int n,
                               struct errbuf *e) MUST_CHECK;
/* ERR_OK: *out is a committed record. ERR_TIMEOUT: nothing came. ERR_NOT_FOUND: end of
 * out->partition reached, out->offset is the position after its last record and markers (only
 * out->topic, partition, offset are set; nothing to free); told again after each new record, but
 * not while records come faster than ends are told. ERR_CONNECT: brokers are away (keep polling).
 * ERR_LOST: the offset is gone, or the topic. ERR_CANCELED: interrupted, before or during this
 * call. A record must be freed before the consumer is destroyed. */
enum err kafka_consumer_poll(struct kafka_consumer *c, int64_t timeout_us, struct kafka_record *out,
                             struct errbuf *e) MUST_CHECK;
/* Header of the current record; false when it has none of that name. */
bool kafka_record_header(const struct kafka_record *r, const char *name, const void **value,
                         size_t *len);
/* All headers, for topic tail: calls fn for each. */
void kafka_record_headers(const struct kafka_record *r,
                          void (*fn)(void *arg, const char *name, const void *value, size_t len),
                          void *arg);
void kafka_record_free(struct kafka_record *r);
/* Asynchronously, for lag reports of other tools; failures are not errors of ours. Nothing happens
 * without a group. */
void kafka_consumer_report(struct kafka_consumer *c, const struct kafka_position *at, int n);
void kafka_consumer_interrupt(struct kafka_consumer *c);
struct kafka_topics;
/* All topics that are there now, without watermarks and settings, over the consumer's own
 * connections: cheap enough to be asked every few seconds. Waits 2 s at the most. */
enum err kafka_consumer_topics(struct kafka_consumer *c, struct kafka_topics *out,
                               struct errbuf *e) MUST_CHECK;

/* ---- admin (one thread). Answers within 10 s (20 s where topics are made), or 1 s when every
 * broker refuses the connection: ERR_CONNECT ---- */
struct kafka_admin;
enum err kafka_admin_create(const char *const *settings, struct kafka_admin **out,
                            struct errbuf *e) MUST_CHECK;
void kafka_admin_destroy(struct kafka_admin *a);

struct kafka_topic_spec {
    const char *name;
    int partitions;
    int replication;
    const char *const *config; /* name, value, .., NULL; may be NULL */
};
/* Creates those that are missing, and waits until the brokers show them; existing ones are left as
 * they are. */
enum err kafka_admin_ensure_topics(struct kafka_admin *a, const struct kafka_topic_spec *t, int n,
                                   struct errbuf *e) MUST_CHECK;
enum err kafka_admin_delete_topics(struct kafka_admin *a, const char *const *names, int n,
                                   struct errbuf *e) MUST_CHECK;

struct kafka_topic_info {
    char *name;
    int n_partitions;
    int replication;
    int64_t *low;  /* by partition; -1 unknown */
    int64_t *high; /* last stable offset: where a read_committed reader can get to. It lies behind
                    * transaction markers, which are no records: compare it with the position at an
                    * end of partition, not with a record's offset */
    char **config; /* name, value, .., NULL: only those not default; NULL unless asked for */
    int64_t retention_ms; /* default or not, with the settings; -1: for ever, or not asked for */
};
struct kafka_topics {
    int n;
    int n_brokers;
    struct kafka_topic_info *items;
};
/* name NULL: all topics but internal ones. with_offsets asks for the watermarks too, with_config
 * for the settings. */
enum err kafka_admin_topics(struct kafka_admin *a, const char *name, bool with_offsets,
                            bool with_config, struct kafka_topics *out,
                            struct errbuf *e) MUST_CHECK;
void kafka_topics_free(struct kafka_topics *t);
/* By partition, the offset of its first record that is not older than timestamp_ms; the end where
 * there is none. offsets has room for n partitions, 0 .. n-1. */
enum err kafka_admin_offsets_at(struct kafka_admin *a, const char *topic, int64_t timestamp_ms,
                                int n, int64_t *offsets, struct errbuf *e) MUST_CHECK;

/* The partition that the Java client's default partitioner gives a key: toPositive(murmur2(key)) %
 * n. */
int kafka_partition_of(const void *key, size_t len, int n_partitions);

/* Checks one setting without connecting: ERR_CONFIG when it is unknown, with the nearest known one,
 * or when its value is refused. */
enum err kafka_setting_check(const char *name, const char *value, struct errbuf *e) MUST_CHECK;

#endif
