#include "backend/serve/refusals.h"

void refusals_init(struct refusals *r)
{
    *r = (struct refusals){.lock = PTHREAD_MUTEX_INITIALIZER};
}

void refusals_destroy(struct refusals *r)
{
    (void)pthread_mutex_destroy(&r->lock);
}

static struct refusals_user *find(struct refusals *r, uid_t uid)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->users[i].uid == uid)
            return &r->users[i];
    if (r->n == REFUSALS_USERS_MAX)
        return &r->users[REFUSALS_USERS_MAX - 1];
    r->users[r->n].uid = uid;
    return &r->users[r->n++];
}

bool refusals_record(struct refusals *r, uid_t uid, bool failed, int64_t now_us, int64_t *left_out)
{
    (void)pthread_mutex_lock(&r->lock);
    struct refusals_user *u = find(r, uid);
    bool record = !failed || rate_take(&u->rate, REFUSALS_AT_ONCE, REFUSALS_A_SECOND, now_us);
    *left_out = record ? u->left_out : 0;
    u->left_out = record ? 0 : u->left_out + 1;
    (void)pthread_mutex_unlock(&r->lock);
    return record;
}

int64_t refusals_left_out(struct refusals *r)
{
    int64_t n = 0;
    (void)pthread_mutex_lock(&r->lock);
    for (size_t i = 0; i < r->n; i++)
        n += r->users[i].left_out;
    (void)pthread_mutex_unlock(&r->lock);
    return n;
}
