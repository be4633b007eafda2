/*
 * An airport's day, played against the airline's tables: bookings, check-ins, changes of status and
 * time, cancellations, deletes, now and then a change of a key. Real transactions, so many a
 * second, and the airline stays coherent (queries/demo/check.sql).
 *
 * Thread rule: simulate_run makes its workers and ends them; `report` is called from the caller's
 * thread only.
 */
#ifndef STACK_SIMULATE_H
#define STACK_SIMULATE_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "backend/base/err.h"

enum { SIMULATE_RATE_MAX = 20000, SIMULATE_OPS = 13 };

struct simulate_figures {
    double seconds;
    double rate; /* transactions a second, over the last second (the whole run in the last figures)
                  */
    int64_t transactions;
    int64_t changes; /* rows inserted, updated, deleted */
    int64_t retries; /* transactions that met another one and were played again */
    int64_t ops[SIMULATE_OPS];
    bool connected;
    char error[256]; /* why not connected, or the last refusal; "" */
};

typedef void simulate_report_fn(void *arg, const struct simulate_figures *f);

struct simulate_options {
    const char *conninfo;
    int rate;                          /* transactions a second */
    double seconds;                    /* 0: until *stop */
    const volatile sig_atomic_t *stop; /* may be NULL */
    simulate_report_fn *report;        /* once a second; may be NULL */
    void *report_arg;
};

/* The name of ops[i]: "book", "check_in", .. */
const char *simulate_op_name(int i);

/* Plays until the time is over or *stop: ERR_OK either way. ERR_CONNECT: the source does not answer
 * at the start (later it is waited for); ERR_NOT_FOUND: it has no airline. */
enum err simulate_run(const struct simulate_options *o, struct simulate_figures *out,
                      struct errbuf *e) MUST_CHECK;

#endif
