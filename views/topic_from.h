/* A place in a topic, as a person types it: `topic tail --from`, the console. Pure; thread rule:
 * any thread (it reads the time zone). */
#ifndef VIEWS_TOPIC_FROM_H
#define VIEWS_TOPIC_FROM_H

#include <stdbool.h>
#include <stdint.h>

enum topic_from_kind {
    TOPIC_FROM_BEGINNING,
    TOPIC_FROM_END,
    TOPIC_FROM_OFFSET,
    TOPIC_FROM_TIME, /* value: ms since 1970 */
};

struct topic_from {
    enum topic_from_kind kind;
    int64_t value;
};

/* beginning, end, an offset, 15m (s, m, h, d ago), 2026-11-24, 2026-11-24 12:00[:31[.5]][Z]. False
 * when it is none of them. */
bool topic_from_parse(const char *text, int64_t now_ms, struct topic_from *out);
/* The same with times in UTC, as all of them on screen, unless the text says otherwise. */
bool topic_from_parse_utc(const char *text, int64_t now_ms, struct topic_from *out);

#endif
