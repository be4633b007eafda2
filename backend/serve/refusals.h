/*
 * Which requests that failed go into the audit record: of each user some at once and then a few a
 * second, so that a script which is refused again and again does not push everything else out of
 * the events that are kept. The others are counted, and told with the next one that is recorded.
 * Thread rule: any, it has a lock.
 */
#ifndef SERVE_REFUSALS_H
#define SERVE_REFUSALS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "backend/base/rate.h"

enum {
    REFUSALS_AT_ONCE = 100,
    REFUSALS_A_SECOND = 2,
    REFUSALS_USERS_MAX = 16, /* those after them share the last one's */
};

struct refusals {
    pthread_mutex_t lock;
    size_t n;
    struct refusals_user {
        uid_t uid;
        struct rate rate;
        int64_t left_out; /* since the last record */
    } users[REFUSALS_USERS_MAX];
};

void refusals_init(struct refusals *r);
void refusals_destroy(struct refusals *r);

/* Is it recorded (what went well always is)? Then *left_out are those before it that were not. */
bool refusals_record(struct refusals *r, uid_t uid, bool failed, int64_t now_us, int64_t *left_out);

/* Those that no record has told. */
int64_t refusals_left_out(struct refusals *r);

#endif
