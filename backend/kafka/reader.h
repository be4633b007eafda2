/*
 * Reads of one topic that come to an end: from a place on, or the last so many before one.
 *
 * Only what is committed is read, with partitions assigned here and no group. The ends are those of
 * the moment of kafka_reader_open; a reader may be opened again, on any topic, and keeps its
 * connections.
 *
 * Ownership: the reader owns its consumer and admin handle; what `keep` gives belongs to the reader
 * until kafka_reader_last hands it out. Thread rule: one thread at a time.
 */
#ifndef KAFKA_READER_H
#define KAFKA_READER_H

#include <stdbool.h>

#include "backend/kafka/kafka.h"

struct kafka_reader;

enum { KAFKA_READER_ALL = -1 }; /* every partition */

struct kafka_reader_part {
    bool wanted;
    bool reading;      /* its end is not reached */
    int64_t low, high; /* when it was opened */
    int64_t floor;     /* nothing before is read */
    int64_t end;       /* nor from here on: `high`, or lower */
    int64_t next;      /* read up to here */
    /* kafka_reader_last: all from here up to `end` was looked at */
    int64_t looked;
};

struct kafka_kept {
    int64_t timestamp_ms;
    int64_t offset;
    int32_t partition;
    void *what;
};

struct kafka_reader_use {
    /* Asked between records, at least every 200 ms; true ends the call with ERR_CANCELED. */
    bool (*stop)(void *arg);
    /* What is to be kept of a record, into *out; NULL there: it does not count. */
    enum err (*keep)(void *arg, const struct kafka_record *r, void **out, struct errbuf *e);
    void (*drop)(void *arg, void *what);
    /* Is the outage to be waited out? It has lasted for so long. NULL: 30 s. */
    bool (*patient)(void *arg, int64_t away_us);
    void *arg;
};

/* fetch_bytes: as kafka_consumer_create's max_bytes. */
enum err kafka_reader_create(const char *const *settings, size_t fetch_bytes,
                             struct kafka_reader **out, struct errbuf *e) MUST_CHECK;
void kafka_reader_destroy(struct kafka_reader *r);

/* Learns partitions and ends: everything is to be read, from the end on. The topic's name is
 * copied. ERR_NOT_FOUND: no such topic or partition; ERR_CONNECT: also a partition without a
 * leader. */
enum err kafka_reader_open(struct kafka_reader *r, const char *topic, int partition,
                           struct errbuf *e) MUST_CHECK;
int kafka_reader_parts(struct kafka_reader *r, struct kafka_reader_part **out);
/* Its settings (one topic, as kafka_admin_topics gives it). */
enum err kafka_reader_describe(struct kafka_reader *r, struct kafka_topics *out,
                               struct errbuf *e) MUST_CHECK;

/* Where each partition is read from: an offset (taken into its bounds), or a time. */
void kafka_reader_from(struct kafka_reader *r, int partition, int64_t offset);
enum err kafka_reader_from_time(struct kafka_reader *r, int64_t timestamp_ms,
                                struct errbuf *e) MUST_CHECK;

/* Begins where the partitions stand; those that are not `reading` are left out. */
enum err kafka_reader_begin(struct kafka_reader *r, struct errbuf *e) MUST_CHECK;
bool kafka_reader_is_reading(const struct kafka_reader *r);
/* ERR_OK: a record, to be freed. ERR_TIMEOUT: none for now (an end of partition may have been
 * noted). ERR_CANCELED: u->stop said so. */
enum err kafka_reader_next(struct kafka_reader *r, const struct kafka_reader_use *u,
                           struct kafka_record *out, struct errbuf *e) MUST_CHECK;

/*
 * The last `count` (of all partitions together) before each partition's `end`, oldest first; the
 * array and what it holds are the caller's. With ERR_CANCELED it is what was found until then, and
 * parts[].looked says how far each partition was looked through.
 */
enum err kafka_reader_last(struct kafka_reader *r, const struct kafka_reader_use *u, int64_t count,
                           struct kafka_kept **out, int64_t *n, struct errbuf *e) MUST_CHECK;

/* A record's key is `text`, or JSON with a single member whose value reads as `text`: {"id":17} is
 * 17. */
bool kafka_record_key_is(const struct kafka_record *r, const char *text);

#endif
