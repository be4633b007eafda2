#include "backend/engine/verify_canon.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How a type is read from the source (%s: the quoted column; NULL: as it is) and compared. */
static const struct {
    uint32_t oid;
    const char *source_sql;
    enum canon canon;
} types[] = {
    {PG_BOOL, NULL, CANON_BOOL},
    {PG_NUMERIC, NULL, CANON_NUMBER},
    {PG_MONEY, "%s::numeric", CANON_NUMBER},
    {PG_FLOAT4, NULL, CANON_FLOAT4},
    {PG_FLOAT8, NULL, CANON_FLOAT8},
    {PG_JSONB, NULL, CANON_JSON},
    {PG_TIMESTAMPTZ, "(%s AT TIME ZONE 'UTC')", CANON_AS_IS},
    {PG_TIMETZ,
     "CASE WHEN %s::text = '24:00:00+00' THEN '24:00:00' ELSE (%s AT TIME ZONE 'UTC')::text END",
     CANON_TIMETZ},
    {PG_POINT, NULL, CANON_POINT},
    {PG_VARBIT, NULL, CANON_BITS},
    {PG_INTERVAL,
     "(((extract(year from %s) * 12 + extract(month from %s)) * 2629800 + extract(day from %s) * "
     "86400"
     " + extract(hour from %s) * 3600 + extract(minute from %s) * 60) * 1000000"
     " + extract(microseconds from %s))::bigint",
     CANON_NUMBER},
};

static void canon_number(struct buf *b, const char *p, size_t n)
{
    if (memchr(p, '.', n) && !memchr(p, 'e', n) && !memchr(p, 'E', n)) {
        while (n && p[n - 1] == '0')
            n--;
        if (n && p[n - 1] == '.')
            n--;
    }
    buf_add(b, p, n);
}

static void canon_float(struct buf *b, const char *p, size_t n, bool four)
{
    char text[1200]; /* jsonb writes the least double with all its digits */
    char out[64];
    if (n >= sizeof text) {
        buf_add(b, p, n);
        return;
    }
    memcpy(text, p, n);
    text[n] = '\0';
    if (four)
        (void)snprintf(out, sizeof out, "%.9g", (double)strtof(text, NULL));
    else
        (void)snprintf(out, sizeof out, "%.17g", strtod(text, NULL));
    buf_str(b, out);
}

static void canon_json(struct buf *b, const char *p, size_t n)
{
    bool quoted = false;
    for (size_t i = 0; i < n; i++) {
        if (quoted && p[i] == '\\' && i + 1 < n) {
            buf_add(b, p + i++, 2);
            continue;
        }
        if (p[i] == '"')
            quoted = !quoted;
        if (quoted || (p[i] != ' ' && p[i] != '\n' && p[i] != '\t' && p[i] != '\r'))
            buf_ch(b, p[i]);
    }
}

static void add_number(struct buf *b, enum canon how, const char *p, size_t n, size_t *number)
{
    if (how == CANON_JSON_NUMBERS)
        canon_number(b, p + *number, n - *number);
    else
        canon_float(b, p + *number, n - *number, how == CANON_JSON_FLOAT4);
    *number = SIZE_MAX;
}

/* canon_json for arrays of numbers: 2.50 is 2.5, as a float 1e2 is 100. */
static void canon_json_numbers(struct buf *b, enum canon how, const char *p, size_t n)
{
    bool quoted = false;
    size_t number = SIZE_MAX; /* where the one at hand begins */
    for (size_t i = 0; i < n; i++) {
        bool digit = !quoted && (strchr("+-.eE", p[i]) || (p[i] >= '0' && p[i] <= '9'));
        if (digit && (number != SIZE_MAX || p[i] == '-' || (p[i] >= '0' && p[i] <= '9'))) {
            number = number == SIZE_MAX ? i : number;
            continue;
        }
        if (number != SIZE_MAX)
            add_number(b, how, p, i, &number);
        if (quoted && p[i] == '\\' && i + 1 < n) {
            buf_add(b, p + i++, 2);
            continue;
        }
        if (p[i] == '"')
            quoted = !quoted;
        if (quoted || (p[i] != ' ' && p[i] != '\n' && p[i] != '\t' && p[i] != '\r'))
            buf_ch(b, p[i]);
    }
    if (number != SIZE_MAX)
        add_number(b, how, p, n, &number);
}

/* An element as Debezium writes it, -0043-03-15T12:00:00.500000Z, as PostgreSQL does:
 * 0044-03-15 12:00:00.5+00 BC. What has no T is PostgreSQL's already. */
static void zoned(struct buf *b, const char *p, size_t n)
{
    const char *end = p + n;
    const char *t = memchr(p, 'T', n);
    bool bc = n && *p == '-';
    if (!t) {
        buf_add(b, p, n);
        return;
    }
    if (bc || *p == '+')
        p++;
    char *rest;
    long year = strtol(p, &rest, 10);
    buf_printf(b, "%04ld", bc ? year + 1 : year);
    buf_add(b, rest, (size_t)(t - rest));
    buf_ch(b, ' ');
    bool utc = end[-1] == 'Z';
    canon_number(b, t + 1, (size_t)(end - t) - 1 - utc);
    buf_str(b, utc ? "+00" : "");
    buf_str(b, bc ? " BC" : "");
}

/* canon_json for arrays of timestamptz: no element has a quote in it. */
static void canon_json_zoned(struct buf *b, const char *p, size_t n)
{
    const char *end = p + n;
    while (p < end) {
        const char *open = memchr(p, '"', (size_t)(end - p));
        const char *close = open ? memchr(open + 1, '"', (size_t)(end - open) - 1) : NULL;
        if (!close)
            break;
        canon_json(b, p, (size_t)(open - p));
        buf_ch(b, '"');
        zoned(b, open + 1, (size_t)(close - open) - 1);
        buf_ch(b, '"');
        p = close + 1;
    }
    canon_json(b, p, (size_t)(end - p));
}

/* (x,y) */
static void canon_point(struct buf *b, const char *p, size_t n)
{
    const char *comma = memchr(p, ',', n);
    if (n < 5 || p[0] != '(' || p[n - 1] != ')' || !comma) {
        buf_add(b, p, n);
        return;
    }
    buf_ch(b, '(');
    canon_float(b, p + 1, (size_t)(comma - p) - 1, false);
    buf_ch(b, ',');
    canon_float(b, comma + 1, (size_t)(p + n - comma) - 2, false);
    buf_ch(b, ')');
}

static void canon_bits(struct buf *b, const char *p, size_t n)
{
    while (n && *p == '0') {
        p++;
        n--;
    }
    buf_add(b, p, n);
}

void canon_write(struct buf *b, enum canon how, const struct cell *c)
{
    if (c->kind != CELL_TEXT) {
        buf_lit(b, "\\N");
        return;
    }
    switch (how) {
    case CANON_BOOL:
        buf_ch(b, c->len && (c->p[0] == 't' || c->p[0] == '1') ? 't' : 'f');
        break;
    case CANON_NUMBER:
        canon_number(b, c->p, c->len);
        break;
    case CANON_FLOAT4:
    case CANON_FLOAT8:
        canon_float(b, c->p, c->len, how == CANON_FLOAT4);
        break;
    case CANON_JSON:
        canon_json(b, c->p, c->len);
        break;
    case CANON_JSON_NUMBERS:
    case CANON_JSON_FLOAT4:
    case CANON_JSON_FLOAT8:
        canon_json_numbers(b, how, c->p, c->len);
        break;
    case CANON_JSON_ZONED:
        canon_json_zoned(b, c->p, c->len);
        break;
    case CANON_POINT:
        canon_point(b, c->p, c->len);
        break;
    case CANON_BITS:
        canon_bits(b, c->p, c->len);
        break;
    case CANON_TIMETZ: {
        size_t n = c->len;
        if (n > 3 && !memcmp(c->p + n - 3, "+00", 3))
            n -= 3;
        else if (n > 1 && c->p[n - 1] == 'Z')
            n--;
        buf_add(b, c->p, n);
        break;
    }
    case CANON_SKIP:
        buf_ch(b, '-');
        break;
    case CANON_AS_IS:
        buf_add(b, c->p, c->len);
        break;
    }
}

/* `how` with every %s replaced by the column. */
static void add_expression(struct buf *sql, const char *how, const char *quoted)
{
    for (const char *s = how; *s; s++) {
        if (s[0] == '%' && s[1] == 's') {
            buf_str(sql, quoted);
            s++;
        } else {
            buf_ch(sql, *s);
        }
    }
}

static const char *source_expression(const struct column *c)
{
    if (!strcmp(c->type_name, "hstore"))
        return "hstore_to_json(%s)";
    switch (c->elem_oid) {
    case 0:
        break;
    case PG_JSON: /* an element travels as a string */
    case PG_JSONB:
    case PG_TIMESTAMP: /* JSON has a form of its own for these */
    case PG_TIMESTAMPTZ:
    case PG_TIME:
    case PG_BYTEA:
        return "to_jsonb(%s::text[])";
    case PG_MONEY:
        return "to_jsonb(%s::numeric[])";
    default:
        return "to_jsonb(%s)";
    }
    for (size_t t = 0; t < sizeof types / sizeof types[0]; t++)
        if (types[t].oid == c->type_oid)
            return types[t].source_sql;
    return NULL;
}

void canon_source_sql(const struct column *c, const char *quoted, struct buf *out)
{
    const char *how = source_expression(c);
    add_expression(out, how ? how : "%s", quoted);
}

enum canon canon_of(const struct column *c)
{
    if (!strcmp(c->type_name, "hstore"))
        return CANON_JSON;
    if (c->type_oid == PG_BIT && c->typmod == 1)
        return CANON_BOOL;
    switch (c->elem_oid) {
    case 0:
        break;
    case PG_FLOAT4:
        return CANON_JSON_FLOAT4;
    case PG_FLOAT8:
        return CANON_JSON_FLOAT8;
    case PG_TIMESTAMPTZ:
        return CANON_JSON_ZONED;
    case PG_TIMETZ: /* shifted to UTC, a sum of microseconds, floats inside of text: the source
                       would have to take the array apart */
    case PG_INTERVAL:
    case PG_POINT:
        return CANON_SKIP;
    case PG_NUMERIC:
    case PG_MONEY:
        return CANON_JSON_NUMBERS;
    default:
        return CANON_JSON;
    }
    for (size_t t = 0; t < sizeof types / sizeof types[0]; t++)
        if (types[t].oid == c->type_oid)
            return types[t].canon;
    return CANON_AS_IS;
}
