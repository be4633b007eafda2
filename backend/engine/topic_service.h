/*
 * Topics for whoever looks: their records, how much they hold, one record made by hand
 * (docs/control.md). Everything waits for brokers in the caller's thread, and ends with
 * ERR_CANCELED when the stop of that thread is asked (base/stop.h).
 *
 * Records are read by one reader for all who ask, committed ones only, without a group: nobody's
 * position moves. It is closed when nobody has asked for a while. An answer is bounded in records,
 * bytes and time; what could not be looked at in time is told by its cursors.
 *
 * Thread rule: create and destroy on one thread; the rest from any, one after the other.
 */
#ifndef ENGINE_TOPIC_SERVICE_H
#define ENGINE_TOPIC_SERVICE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "backend/base/err.h"

enum {
    TOPIC_LIMIT_MAX = 1000,   /* records of an answer */
    TOPIC_VALUE_BYTES = 4096, /* of a key, value or header, unless more is asked for */
    TOPIC_VALUE_BYTES_MAX = 1 << 20,
    TOPIC_ANSWER_BYTES = 16 << 20, /* limit times bytes at the most */
    TOPIC_NAMES_MAX = 200,         /* of topic.figures */
    TOPIC_TIME_US = 2500000,
    TOPIC_IDLE_US = 30000000,
};

struct topic_service;

/* The settings outlive it. idle_us: the reader is closed when nobody has asked for so long.
 * Connects to nothing. */
enum err topic_service_create(const char *const *kafka, int64_t idle_us, struct topic_service **out,
                              struct errbuf *e) MUST_CHECK;
void topic_service_destroy(struct topic_service *s); /* NULL is fine */
/* Holds it no connection to the brokers now? */
bool topic_service_is_idle(struct topic_service *s);

/* Each params: as docs/control.md has them. */
enum err topic_service_messages(struct topic_service *s, const json_t *params, json_t **result,
                                struct errbuf *e) MUST_CHECK;
enum err topic_service_figures(struct topic_service *s, const json_t *params, json_t **result,
                               struct errbuf *e) MUST_CHECK;
enum err topic_service_produce(struct topic_service *s, const json_t *params, json_t **result,
                               struct errbuf *e) MUST_CHECK;

#endif
