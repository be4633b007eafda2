/*
 * What producer, consumer and admin share: merging of settings, librdkafka's log lines, its error
 * codes in our terms, and taking an instance down within a deadline. Internal to backend/kafka.
 *
 * Thread rule: any thread.
 */
#ifndef KAFKA_CONF_H
#define KAFKA_CONF_H

#include <librdkafka/rdkafka.h>
#include <stdint.h>

#include "backend/base/err.h"

#define KAFKA_AREA "kafka"

/*
 * A configuration of three layers, each a NULL-terminated list of name, value, ..: what we choose,
 * what the user set, what a guarantee rests on. A user's value that loses against the last layer
 * is named in a warning. `skipped` (names, NULL at the end; may be NULL) are settings of the user's
 * that are not for this kind of client: one list serves producers and consumers. ERR_CONFIG names
 * an unknown setting with the nearest known one; a secret's value never gets into the words.
 */
enum err kafka_conf_make(const char *const *defaults, const char *const *settings,
                         const char *const *forced, const char *const *skipped,
                         rd_kafka_conf_t **out, struct errbuf *e) MUST_CHECK;

/* rd_kafka_new; takes conf in every case. */
enum err kafka_open(rd_kafka_type_t type, rd_kafka_conf_t *conf, rd_kafka_t **out,
                    struct errbuf *e) MUST_CHECK;

/*
 * Destroys an instance, but waits no longer than timeout_us: what is left then ends in a thread of
 * its own (or stays for the life of the process). What callbacks on librdkafka's threads use must
 * outlive the instance: `gone` (may be NULL) is called with arg when it has ended.
 */
void kafka_close(rd_kafka_t *rk, int64_t timeout_us, void (*gone)(void *arg), void *arg);

/* Our code for librdkafka's. */
enum err kafka_err_code(rd_kafka_resp_err_t r);

/* "what: words of r", with what to do where we know it; returns kafka_err_code(r). */
enum err kafka_err_set(struct errbuf *e, rd_kafka_resp_err_t r, const char *what);

/* librdkafka's reason without what only its makers read, into out; returns out. */
const char *kafka_reason(const char *reason, char *out, size_t size);

/* The brokers as the user named them: for error texts. */
const char *kafka_servers(const char *const *settings);

struct kafka_topics;
/* Topics of a metadata answer, by name, but internal ones; watermarks and settings stay unknown.
 * name NULL: all; a name that is not there is ERR_NOT_FOUND. */
enum err kafka_topics_of(const struct rd_kafka_metadata *md, const char *name,
                         struct kafka_topics *out, struct errbuf *e) MUST_CHECK;

/* True where the value of a setting must not be shown. */
bool kafka_setting_secret(const char *name);

#endif
