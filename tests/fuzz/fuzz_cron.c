/* Any text as cron: what is read fires, goes back by the way it came, and says itself in words. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "backend/schedule/cron.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const struct zone *berlin(void)
{
    static struct arena *a;
    static const struct zone *z;
    struct errbuf e;
    if (!a && !((a = arena_create(1 << 14)) && zone_load("Europe/Berlin", a, &z, &e) == ERR_OK))
        abort();
    return z;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char text[512];
    struct cron c;
    struct errbuf e;
    struct buf words;
    if (n >= sizeof text)
        return 0;
    memcpy(text, data, n);
    text[n] = '\0';
    if (cron_parse(text, &c, &e) != ERR_OK)
        return 0;
    const struct zone *zones[] = {zone_utc(), berlin()};
    for (int i = 0; i < 2; i++) {
        int64_t first = cron_next(&c, zones[i], 1774656000);
        int64_t second = cron_next(&c, zones[i], first);
        if (first <= 1774656000 || first == INT64_MAX || second <= first ||
            cron_previous(&c, zones[i], second) != first)
            abort();
    }
    buf_init(&words, 1 << 14);
    cron_describe(&c, &words);
    if (buf_failed(&words) || words.len == 0)
        abort();
    buf_free(&words);
    return 0;
}
