/* Any bytes as a TZif file, and as the rule of one. What is read has spans that hold the moment
 * asked for and follow each other, and local times that come back. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "backend/schedule/zone.h"
#include "backend/schedule/zone_rule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_span(const struct zone_span *s, int64_t at)
{
    if (s->from_s > at || s->to_s <= at)
        abort();
}

static void check_zone(const struct zone *z, int64_t at)
{
    struct zone_span s = zone_span_at(z, at);
    check_span(&s, at);
    if (s.to_s != INT64_MAX) {
        struct zone_span next = zone_span_at(z, s.to_s);
        check_span(&next, s.to_s);
        (void)zone_seen_before(z, &next);
    }
    int64_t back = zone_from_local(z, at + s.offset_s);
    if (back > at) /* it is the first moment that shows this time */
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const int64_t moments[] = {-5000000000, -1,         0,           1774745999,
                                      1774746000,  4102444800, 100000000000};
    const struct zone *z;
    struct errbuf e;
    struct arena *a = arena_create(1 << 14);
    enum err rc = zone_parse(data, n, "fuzzed", a, &z, &e);
    if ((rc == ERR_OK) != (z != NULL) || (rc && !e.text[0]))
        abort();
    for (size_t i = 0; z && i < sizeof moments / sizeof moments[0]; i++)
        check_zone(z, moments[i]);
    char *text = arena_copy(a, data, n);
    struct zone_rule rule;
    if (text && zone_rule_parse(text, &rule))
        for (size_t i = 0; i < sizeof moments / sizeof moments[0]; i++) {
            struct zone_span s;
            zone_rule_span(&rule, moments[i], &s);
            check_span(&s, moments[i]);
        }
    arena_destroy(a);
    return 0;
}
