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
    char text[64];
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

static void add_number(struct buf *b, const char *p, size_t n, size_t *number)
{
    canon_number(b, p + *number, n - *number);
    *number = SIZE_MAX;
}

/* canon_json for arrays of numeric: 2.50 is 2.5. */
static void canon_json_numbers(struct buf *b, const char *p, size_t n)
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
            add_number(b, p, i, &number);
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
        add_number(b, p, n, &number);
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
        canon_json_numbers(b, c->p, c->len);
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
    if (c->elem_oid == PG_JSON || c->elem_oid == PG_JSONB)
        return "to_jsonb(%s::text[])"; /* an element travels as a string */
    if (c->elem_oid)
        return "to_jsonb(%s)";
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
    case PG_TIMESTAMP:
    case PG_TIMESTAMPTZ:
    case PG_TIME:
    case PG_TIMETZ:
    case PG_INTERVAL:
    case PG_BYTEA:
    case PG_MONEY:
    case PG_POINT:
    case PG_FLOAT4:
    case PG_FLOAT8:
        return CANON_SKIP; /* their text inside JSON is not PostgreSQL's */
    case PG_NUMERIC:
        return CANON_JSON_NUMBERS;
    default:
        return CANON_JSON;
    }
    for (size_t t = 0; t < sizeof types / sizeof types[0]; t++)
        if (types[t].oid == c->type_oid)
            return types[t].canon;
    return CANON_AS_IS;
}
