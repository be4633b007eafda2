#include <stdio.h>

#include "backend/postgres/replication.h"

enum { LSN_HALF_DIGITS = 8, LSN_HALF_BITS = 32 };

/* 1 to 8 hexadecimal digits; returns where they end, NULL when there are none or too many. */
static const char *half(const char *s, uint64_t *out)
{
    uint64_t v = 0;
    int n = 0;
    for (;; s++, n++) {
        int d;
        if (*s >= '0' && *s <= '9')
            d = *s - '0';
        else if (*s >= 'A' && *s <= 'F')
            d = *s - 'A' + 10;
        else if (*s >= 'a' && *s <= 'f')
            d = *s - 'a' + 10;
        else
            break;
        if (n == LSN_HALF_DIGITS)
            return NULL;
        v = v << 4 | (uint64_t)d;
    }
    *out = v;
    return n ? s : NULL;
}

bool lsn_parse(const char *text, uint64_t *out)
{
    uint64_t high;
    uint64_t low;
    const char *s = half(text, &high);
    if (!s || *s != '/')
        return false;
    s = half(s + 1, &low);
    if (!s || *s)
        return false;
    *out = high << LSN_HALF_BITS | low;
    return true;
}

char *lsn_format(uint64_t lsn, char *out)
{
    (void)snprintf(out, LSN_TEXT_MAX, "%X/%X", (unsigned)(lsn >> LSN_HALF_BITS), (unsigned)lsn);
    return out;
}
