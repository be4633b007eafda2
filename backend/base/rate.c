#include "backend/base/rate.h"

bool rate_take(struct rate *r, int at_once, int a_second, int64_t now_us)
{
    const int64_t one = 1000000;
    int64_t most = at_once * one;
    r->millionths += r->counted_us ? (now_us - r->counted_us) * a_second : most;
    r->counted_us = now_us;
    if (r->millionths > most)
        r->millionths = most;
    if (r->millionths < one)
        return false;
    r->millionths -= one;
    return true;
}
