/*
 * What the engine knows of the servers from outside its stages: health of primary and standby,
 * slots, topics with their ends, the warehouse's answer. A thread of its own asks them, often while
 * somebody looks (status was read lately), seldom otherwise, so that an idle engine costs nearly
 * nothing and a dead server never delays an answer.
 *
 * Thread rule: probes_view from any thread: a copy of the last answers; never waits for a server.
 */
#ifndef ENGINE_PROBES_H
#define ENGINE_PROBES_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/base/err.h"
#include "backend/kafka/kafka.h"
#include "backend/postgres/source.h"
#include "backend/warehouse/warehouse.h"

enum { PROBE_TEXT = 512, PROBE_SLOTS_MAX = 16 };

struct probe_server {
    bool configured;
    bool known; /* asked at least once */
    bool up;
    char error[PROBE_TEXT];
    struct source_health health;
};

struct probe_topic {
    char *name;
    int n_partitions;
    int64_t *low, *high;
    double rate;          /* records a second between two looks at the ends; NAN: not known yet */
    int64_t since_us;     /* monotonic; of the look that the next rate counts from .. */
    int64_t since;        /* .. and the sum of the ends then; -1: not all were known */
    int64_t retention_ms; /* how long records stay at least; -1: for ever, or not known */
};

/* Where a sink stands that does not run: it tells nothing itself. */
struct probe_stored {
    char connector[256];
    struct stored_offset at;
};

struct probe_view {
    int64_t asked_us; /* wall clock of the answers */
    struct probe_server primary, standby;
    int n_slots;
    char slot_names[PROBE_SLOTS_MAX][64];
    struct source_slot slots[PROBE_SLOTS_MAX];
    char slot_errors[PROBE_SLOTS_MAX][PROBE_TEXT]; /* "": it answered */
    bool kafka_known, kafka_up;
    int brokers;
    char kafka_error[PROBE_TEXT];
    int64_t topics_us; /* wall clock of the topics: of before while Kafka is away; 0: never */
    int n_topics;
    struct probe_topic *topics;
    bool warehouse_known, warehouse_up;
    bool warehouse_none; /* none is configured: not asked */
    char warehouse_server[128];
    char warehouse_error[PROBE_TEXT];
    int n_stored;
    struct probe_stored *stored;
};

/* Where a server did not answer this round, what it said before is moved over from `old`: topics
 * (their rates are not known then) and what is stored. That it is away is told as before. */
void probe_view_keep(struct probe_view *v, struct probe_view *old);

/* Kafka was asked and did not answer: the topics' ends are of topics_us. */
static inline bool probe_topics_old(const struct probe_view *v)
{
    return v->kafka_known && !v->kafka_up;
}

/* False when nothing is stored for that partition, or it was not asked yet. */
bool probe_stored_offset(const struct probe_view *v, const char *connector, const char *topic,
                         int partition, int64_t *at);

typedef void probe_told_fn(void *to, const char *connector);

struct probes_options {
    const char *standby; /* libpq; NULL: none */
    const char *const *kafka;
    const char *dialect;
    const char *schema; /* of the stored offsets */
    /* Tells the sinks that do not run, in the warehouse that is asked. Any lock may be taken. */
    void (*resting)(void *arg, probe_told_fn *told, void *to);
    void *arg;
    int64_t often_us, seldom_us, looked_us;
};

struct probes;
/* What the options point to outlives it. Nothing is asked before probes_start. */
enum err probes_create(const struct probes_options *o, struct probes **out,
                       struct errbuf *e) MUST_CHECK;
/* What connectors decide: the source (NULL: none), the warehouse (NULL: none), the sources' slots
 * (NULL-terminated). Copied; counts from the next round on, which it brings forward. */
enum err probes_aim(struct probes *p, const char *primary, const char *odbc,
                    const char *const *slots, struct errbuf *e) MUST_CHECK;
enum err probes_start(struct probes *p, struct errbuf *e) MUST_CHECK;
/* Asks nothing more; what it knows stays. */
void probes_quit(struct probes *p);
void probes_stop(struct probes *p); /* and frees */
/* A copy (free with probe_view_free); tells the prober that somebody looks. */
enum err probes_view(struct probes *p, struct probe_view *out, struct errbuf *e) MUST_CHECK;
void probe_view_free(struct probe_view *v);
/* The same for the engine itself: nobody looks, and the prober goes on as it does. */
enum err probes_peek(struct probes *p, struct probe_view *out, struct errbuf *e) MUST_CHECK;

#endif
