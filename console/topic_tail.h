/* `flightdeck topic tail`: the last records of a topic, or all from a place on, then what comes.
 * Thread rule: one thread. */
#ifndef CONSOLE_TOPIC_TAIL_H
#define CONSOLE_TOPIC_TAIL_H

#include <signal.h>
#include <stdio.h>

#include "backend/kafka/reader.h"
#include "console/topic_print.h"
#include "views/topic_from.h"

enum { TOPIC_TAIL_MAX = 100000 }; /* records that may be asked for without --from */

struct topic_tail {
    const char *const *kafka; /* settings */
    const char *topic;
    const char *key; /* NULL: any */
    int partition;   /* -1: all */
    int64_t count;   /* -1: the default: 10, or with `from` all */
    bool follow;
    bool has_from;
    struct topic_from from;
    enum topic_form form;
    bool terminal;
    FILE *out;
    const volatile sig_atomic_t *stop;
};

/* ERR_CANCELED when *stop was set; ERR_IO when `out` cannot be written (errno EPIPE: its reader
 * has gone). */
enum err topic_tail_run(const struct topic_tail *o, struct errbuf *e) MUST_CHECK;

#endif
