#include "backend/warehouse/dialect.h"

#include <locale.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <wctype.h>

#include "queries/queries.h"

enum {
    VERTICA_VARCHAR_MAX = 65000,
    VERTICA_LONG_MAX = 32000000,
    VERTICA_NUMERIC_PRECISION = 37, /* Vertica's own default for NUMERIC: the most in 16 bytes */
    VERTICA_NUMERIC_SCALE = 15,
    VERTICA_NUMERIC_MAX = 1024,
    UTF8_MAX = 4,
    PG_TYPMOD_HEADER = 4,
};

/* ---- PostgreSQL ---- */

static const char *const pg_names[WT_COUNT] = {
    [WT_BOOL] = "boolean",
    [WT_INT16] = "smallint",
    [WT_INT32] = "integer",
    [WT_INT64] = "bigint",
    [WT_FLOAT32] = "real",
    [WT_FLOAT64] = "double precision",
    [WT_DECIMAL] = "numeric",
    [WT_TEXT] = "text",
    [WT_BYTES] = "bytea",
    [WT_DATE] = "date",
    [WT_TIME] = "time",
    [WT_TIMESTAMP] = "timestamp",
    [WT_TIMESTAMPTZ] = "timestamptz",
    [WT_UUID] = "uuid",
    [WT_JSON] = "jsonb",
};

static void pg_type_sql(struct buf *b, const struct wcolumn *c)
{
    if (c->type == WT_DECIMAL && c->precision > 0)
        buf_printf(b, "numeric(%d,%d)", c->precision, c->scale);
    else if (c->type == WT_TEXT && c->precision > 0)
        buf_printf(b, "varchar(%d)", c->precision);
    else
        buf_str(b, pg_names[c->type]);
}

/* pg_type.typname -> wtype; what is not here is text to us. */
static const struct {
    const char *name;
    enum wtype type;
} pg_types[] = {
    {"bool", WT_BOOL},       {"int2", WT_INT16},          {"int4", WT_INT32},
    {"int8", WT_INT64},      {"float4", WT_FLOAT32},      {"float8", WT_FLOAT64},
    {"numeric", WT_DECIMAL}, {"text", WT_TEXT},           {"varchar", WT_TEXT},
    {"bpchar", WT_TEXT},     {"bytea", WT_BYTES},         {"date", WT_DATE},
    {"time", WT_TIME},       {"timestamp", WT_TIMESTAMP}, {"timestamptz", WT_TIMESTAMPTZ},
    {"uuid", WT_UUID},       {"json", WT_JSON},           {"jsonb", WT_JSON},
};

static bool has_fraction(enum wtype t)
{
    return t == WT_TIME || t == WT_TIMESTAMP || t == WT_TIMESTAMPTZ;
}

static void pg_type_read(const char *type, int64_t modifier, int precision, int scale,
                         struct wcolumn *out)
{
    (void)precision;
    (void)scale;
    out->type = WT_TEXT;
    for (size_t i = 0; i < sizeof pg_types / sizeof pg_types[0]; i++)
        if (!strcmp(type, pg_types[i].name))
            out->type = pg_types[i].type;
    if (out->type == WT_DECIMAL)
        (void)relation_numeric_typmod((int32_t)modifier, &out->precision, &out->scale);
    else if ((!strcmp(type, "varchar") || !strcmp(type, "bpchar")) && modifier > PG_TYPMOD_HEADER)
        out->precision = (int)modifier - PG_TYPMOD_HEADER;
    else if (has_fraction(out->type) && modifier > 0)
        out->precision = (int)modifier; /* digits of a second */
}

static const struct sqlstate_class pg_states[] = {
    {"57P", NULL, ERR_CONNECT}, /* shutdown, crash, cannot connect now, database dropped */
    {"57014", NULL, ERR_CANCELED},
    {"25P03", NULL, ERR_CONNECT}, /* idle in transaction for too long: the session is gone */
    {"08", NULL, ERR_CONNECT},
    {"28", NULL, ERR_CONNECT},
    {"3D000", NULL, ERR_CONNECT},
    {"40", NULL, ERR_RETRY},
    {"53", NULL, ERR_RETRY},
    {"58", NULL, ERR_RETRY},    /* I/O error of the server */
    {"55P03", NULL, ERR_RETRY}, /* lock not available */
    {"55006", NULL, ERR_RETRY}, /* object in use */
    {"25006", NULL, ERR_RETRY}, /* read only: a standby that has not been promoted yet */
    {"22", NULL, ERR_DATA},
    {"23", NULL, ERR_DATA},
    {"54000", NULL, ERR_DATA}, /* a row or an index entry is too long */
    {"HY001", NULL, ERR_NOMEM},
    {"HY008", NULL, ERR_CANCELED},
    {"HYT00", NULL, ERR_RETRY},
    {"HYT01", NULL, ERR_CONNECT},
    {"IM", NULL, ERR_CONFIG},                /* the driver manager: no such data source .. */
    {"01000", "Can't open lib", ERR_CONFIG}, /* .. or driver */
    /* psqlODBC says HY000 where libpq lost the server in the middle */
    {"HY000", "server closed the connection", ERR_CONNECT},
    {"HY000", "terminating connection", ERR_CONNECT},
    {"HY000", "no connection to the server", ERR_CONNECT},
    {"HY000", "could not send", ERR_CONNECT},
    {"HY000", "could not receive", ERR_CONNECT},
    {NULL, NULL, ERR_SQL},
};

/* ---- Vertica ---- */

static void vertica_type_sql(struct buf *b, const struct wcolumn *c)
{
    int64_t octets = (int64_t)c->precision * (c->type == WT_TEXT ? UTF8_MAX : 1);
    int p = c->precision;
    switch (c->type) {
    case WT_BOOL:
        buf_lit(b, "BOOLEAN");
        break;
    case WT_INT16:
    case WT_INT32:
    case WT_INT64:
        buf_lit(b, "INT");
        break;
    case WT_FLOAT32:
    case WT_FLOAT64:
        buf_lit(b, "FLOAT");
        break;
    case WT_DECIMAL:
        if (p <= 0 || p > VERTICA_NUMERIC_MAX)
            buf_printf(b, "NUMERIC(%d,%d)", VERTICA_NUMERIC_PRECISION, VERTICA_NUMERIC_SCALE);
        else if (c->scale < 0 || c->scale > p) /* PostgreSQL takes these, Vertica does not */
            buf_printf(b, "NUMERIC(%d,%d)", c->scale < 0 ? p - c->scale : c->scale,
                       c->scale < 0 ? 0 : c->scale);
        else
            buf_printf(b, "NUMERIC(%d,%d)", p, c->scale);
        break;
    case WT_BYTES:
    case WT_TEXT:
        if (octets <= 0 || octets > VERTICA_LONG_MAX)
            octets = VERTICA_LONG_MAX;
        if (c->key && octets > VERTICA_VARCHAR_MAX) /* LONG types cannot be joined on */
            octets = VERTICA_VARCHAR_MAX;
        if (octets > VERTICA_VARCHAR_MAX)
            buf_lit(b, "LONG ");
        buf_printf(b, "%s(%lld)", c->type == WT_TEXT ? "VARCHAR" : "VARBINARY", (long long)octets);
        break;
    case WT_JSON:
        buf_printf(b, "LONG VARCHAR(%d)", VERTICA_LONG_MAX);
        break;
    case WT_DATE:
        buf_lit(b, "DATE");
        break;
    case WT_TIME:
        buf_lit(b, "TIME");
        break;
    case WT_TIMESTAMP:
        buf_lit(b, "TIMESTAMP");
        break;
    case WT_TIMESTAMPTZ:
        buf_lit(b, "TIMESTAMPTZ");
        break;
    case WT_UUID:
        buf_lit(b, "UUID");
        break;
    case WT_COUNT:
        break;
    }
}

/* Beginnings of v_catalog.columns.data_type, longer ones first. */
static const struct {
    const char *name;
    enum wtype type;
} vertica_types[] = {
    {"boolean", WT_BOOL},
    {"bool", WT_BOOL},
    {"int", WT_INT64},
    {"bigint", WT_INT64},
    {"float", WT_FLOAT64},
    {"double", WT_FLOAT64},
    {"numeric", WT_DECIMAL},
    {"decimal", WT_DECIMAL},
    {"long varchar", WT_TEXT},
    {"varchar", WT_TEXT},
    {"char", WT_TEXT},
    {"long varbinary", WT_BYTES},
    {"varbinary", WT_BYTES},
    {"binary", WT_BYTES},
    {"date", WT_DATE},
    {"timestamptz", WT_TIMESTAMPTZ},
    {"timestamp with time zone", WT_TIMESTAMPTZ},
    {"timestamp", WT_TIMESTAMP},
    {"timetz", WT_TEXT},
    {"time", WT_TIME},
    {"uuid", WT_UUID},
};

static void vertica_type_read(const char *type, int64_t modifier, int precision, int scale,
                              struct wcolumn *out)
{
    out->type = WT_TEXT;
    for (size_t i = 0; i < sizeof vertica_types / sizeof vertica_types[0]; i++)
        if (!strncasecmp(type, vertica_types[i].name, strlen(vertica_types[i].name))) {
            out->type = vertica_types[i].type;
            break;
        }
    if (out->type == WT_DECIMAL) {
        out->precision = precision;
        out->scale = scale;
    } else if (out->type == WT_TEXT && modifier > 0 && modifier < VERTICA_LONG_MAX) {
        out->precision = (int)(modifier / UTF8_MAX); /* characters that fit whatever they are */
    } else if (out->type == WT_BYTES && modifier > 0 && modifier < VERTICA_LONG_MAX) {
        out->precision = (int)modifier;
    } else if (has_fraction(out->type) && strchr(type, '(')) {
        out->precision = (int)strtol(strchr(type, '(') + 1, NULL, 10); /* digits of a second */
    }
}

static const struct sqlstate_class vertica_states[] = {
    {"08", NULL, ERR_CONNECT},
    {"28", NULL, ERR_CONNECT},
    {"V1001", NULL, ERR_CONNECT}, /* lost connectivity to a node */
    {"57V04", NULL, ERR_CONNECT}, /* cannot commit while a node shuts down */
    {"57V", NULL, ERR_CONNECT},
    {"57014", NULL, ERR_CANCELED},
    {"55V03", NULL, ERR_RETRY},   /* lock not available */
    {"40", NULL, ERR_RETRY},      /* deadlock (40V01), serialization */
    {"53", NULL, ERR_RETRY},      /* resource pool, memory, ROS containers, temp space */
    {"55000", "2088", ERR_RETRY}, /* a concurrent load or mergeout interfered */
    {"23505", "3147", ERR_SQL},   /* duplicate MERGE key: the statement's fault */
    {"23505", "4840", ERR_SQL},   /* subquery gave more than one row */
    {"22V23", NULL, ERR_SQL},
    {"22", NULL, ERR_DATA},
    {"23", NULL, ERR_DATA},
    {"HY001", NULL, ERR_NOMEM},
    {"HY008", NULL, ERR_CANCELED},
    {"HYT00", NULL, ERR_RETRY},
    {"HYT01", NULL, ERR_CONNECT},
    {"IM", NULL, ERR_CONFIG},
    {"01000", "Can't open lib", ERR_CONFIG},
    {"HY000", "server closed the connection", ERR_CONNECT},
    {"HY000", "could not send", ERR_CONNECT},
    {"HY000", "could not receive", ERR_CONNECT},
    {"HY000", "no connection to the server", ERR_CONNECT},
    {NULL, NULL, ERR_SQL},
};

static const struct dialect dialects[] = {
    {
        .name = "postgresql",
        /* Protocol 7.4-0: after an error the driver sends nothing by itself; -1 would roll back the
         * whole transaction behind our back, -2 costs two round trips a statement. */
        .connect_keys =
            "Protocol=7.4-0;UseServerSidePrepare=1;LFConversion=0;BoolsAsChar=0;"
            "TrueIsMinus1=0;MaxVarcharSize=8190;MaxLongVarcharSize=1073741823;"
            "UnknownSizes=2;ByteaAsLongVarBinary=1;KeepaliveTime=30;KeepaliveInterval=10",
        .driver_options = "tcp_user_timeout=60000",
        .name_max = 63,
        .several_statements = true,
        .load = LOAD_ARRAY_LITERALS,
        .states = pg_states,
        .type_sql = pg_type_sql,
        .type_read = pg_type_read,
    },
    {
        .name = "vertica",
        .connect_keys = "",
        .name_max = 128,
        .fold_names = true,
        .load = LOAD_PARAMSET,
        .states = vertica_states,
        .type_sql = vertica_type_sql,
        .type_read = vertica_type_read,
    },
};

const struct dialect *dialect_find(const char *name)
{
    for (size_t i = 0; name && i < sizeof dialects / sizeof dialects[0]; i++)
        if (!strcmp(dialects[i].name, name))
            return &dialects[i];
    return NULL;
}

const char *dialect_query(const struct dialect *d, const char *name)
{
    char full[160];
    (void)snprintf(full, sizeof full, "warehouse/%s/%s", d->name, name);
    const char *text = query_text(full);
    if (text)
        return text;
    (void)snprintf(full, sizeof full, "warehouse/%s", name);
    return query_text(full);
}

enum err dialect_classify(const struct dialect *d, const char *sqlstate, const char *message)
{
    for (const struct sqlstate_class *c = d->states; c->state; c++)
        if (!strncmp(sqlstate, c->state, strlen(c->state)) &&
            (!c->text || strstr(message, c->text)))
            return c->code;
    return ERR_SQL;
}

/* ---- names ---- */

static uint32_t name_hash(const char *s)
{
    uint32_t h = 2166136261U; /* FNV-1a */
    for (; *s; s++)
        h = (h ^ (unsigned char)*s) * 16777619U;
    return h;
}

const char *dialect_name(const struct dialect *d, const char *name, char *out)
{
    enum { TAIL = 9 };
    size_t n = strlen(name);
    if (n <= d->name_max) {
        memcpy(out, name, n + 1);
        return out;
    }
    size_t keep = d->name_max - TAIL;
    while (keep > 0 && ((unsigned char)name[keep] & 0xc0) == 0x80)
        keep--; /* not in the middle of a character */
    memcpy(out, name, keep);
    (void)snprintf(out + keep, NAME_TEXT_MAX - keep, "_%08x", name_hash(name));
    return out;
}

void dialect_ident(struct buf *b, const struct dialect *d, const char *name)
{
    char fitted[NAME_TEXT_MAX];
    buf_ident(b, dialect_name(d, name, fitted));
}

static locale_t fold_locale;
static pthread_once_t fold_once = PTHREAD_ONCE_INIT;

static void fold_init(void)
{
    fold_locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

/* The next character of s in lower case; what is no UTF-8 counts byte by byte. */
static wint_t fold_next(const char **s)
{
    const unsigned char *p = (const unsigned char *)*s;
    int more = p[0] >= 0xf0 ? 3 : p[0] >= 0xe0 ? 2 : p[0] >= 0xc0 ? 1 : 0;
    wint_t c = more ? p[0] & (0x3f >> more) : p[0];
    for (int i = 1; i <= more; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            more = 0;
            c = p[0];
            break;
        }
        c = c << 6 | (p[i] & 0x3f);
    }
    *s += more + 1;
    if (c < 0x80 || !fold_locale)
        return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
    return towlower_l(c, fold_locale);
}

bool dialect_same_name(const struct dialect *d, const char *a, const char *b)
{
    char fa[NAME_TEXT_MAX];
    char fb[NAME_TEXT_MAX];
    a = dialect_name(d, a, fa);
    b = dialect_name(d, b, fb);
    if (!d->fold_names)
        return !strcmp(a, b);
    (void)pthread_once(&fold_once, fold_init);
    while (*a && *b)
        if (fold_next(&a) != fold_next(&b))
            return false;
    return !*a && !*b;
}

/* ---- which type takes which ---- */

static int int_rank(enum wtype t)
{
    return t == WT_INT16 ? 1 : t == WT_INT32 ? 2 : t == WT_INT64 ? 3 : 0;
}

static enum fit fit_decimal(const struct wcolumn *have, const struct wcolumn *want,
                            struct wcolumn *to)
{
    if (have->precision == 0)
        return FIT_AS_IS;
    if (want->precision == 0) {
        to->precision = to->scale = 0;
        return FIT_WIDEN;
    }
    int whole = have->precision - have->scale;
    int want_whole = want->precision - want->scale;
    if (whole >= want_whole && have->scale >= want->scale)
        return FIT_AS_IS;
    to->scale = have->scale > want->scale ? have->scale : want->scale;
    to->precision = (whole > want_whole ? whole : want_whole) + to->scale;
    return FIT_WIDEN;
}

/* Digits that an integer type needs. */
static int int_digits(enum wtype t)
{
    return t == WT_INT16 ? 5 : t == WT_INT32 ? 10 : 19;
}

static enum fit fit_length(const struct wcolumn *have, const struct wcolumn *want,
                           struct wcolumn *to)
{
    if (have->precision == 0 || (want->precision > 0 && have->precision >= want->precision))
        return FIT_AS_IS;
    to->precision = want->precision;
    return FIT_WIDEN;
}

static enum fit fit_other(const struct wcolumn *have, const struct wcolumn *want,
                          struct wcolumn *to)
{
    enum { TEXT_FOR_ANY = 64 };
    if (int_rank(want->type) && have->type == WT_DECIMAL) {
        struct wcolumn digits = {.type = WT_DECIMAL, .precision = int_digits(want->type)};
        return fit_decimal(have, &digits, to);
    }
    if (int_rank(have->type) && want->type == WT_DECIMAL) {
        to->type = WT_DECIMAL;
        to->scale = want->scale > 0 ? want->scale : 0;
        int whole = want->precision - want->scale;
        if (whole < int_digits(have->type))
            whole = int_digits(have->type);
        to->precision = want->precision ? whole + to->scale : 0;
        return FIT_WIDEN;
    }
    if (have->type == WT_FLOAT64 &&
        (want->type == WT_FLOAT32 || want->type == WT_INT16 || want->type == WT_INT32))
        return FIT_AS_IS;
    if (have->type == WT_FLOAT32 && want->type == WT_FLOAT64) {
        to->type = WT_FLOAT64;
        return FIT_WIDEN;
    }
    /* A table made by someone else with text columns takes everything. */
    if (have->type == WT_TEXT && want->type != WT_BYTES &&
        (have->precision == 0 || (have->precision >= TEXT_FOR_ANY && want->type != WT_JSON)))
        return FIT_AS_IS;
    return FIT_INCOMPATIBLE;
}

enum fit dialect_fit(const struct dialect *d, const struct wcolumn *have,
                     const struct wcolumn *want, struct wcolumn *to)
{
    *to = *have;
    if (d->load == LOAD_PARAMSET) {
        /* The catalog has no names for what Vertica stores alike: compare what DDL would say. */
        struct buf a;
        struct buf b;
        buf_init(&a, 0);
        buf_init(&b, 0);
        d->type_sql(&a, have);
        d->type_sql(&b, want);
        bool same = !strcmp(buf_cstr(&a), buf_cstr(&b));
        buf_free(&a);
        buf_free(&b);
        if (same)
            return FIT_AS_IS;
    }
    if (int_rank(have->type) && int_rank(want->type)) {
        if (int_rank(have->type) >= int_rank(want->type))
            return FIT_AS_IS;
        to->type = want->type;
        return FIT_WIDEN;
    }
    if (have->type != want->type)
        return fit_other(have, want, to);
    if (have->type == WT_DECIMAL)
        return fit_decimal(have, want, to);
    if (have->type == WT_TEXT || (have->type == WT_BYTES && d->load == LOAD_PARAMSET))
        return fit_length(have, want, to);
    return FIT_AS_IS;
}

/* ---- query texts ---- */

void sql_fill(struct buf *b, const char *text, const struct sql_slot *slots, int n)
{
    const char *end = text + strlen(text);
    while (end > text && (end[-1] == '\n' || end[-1] == ' '))
        end--; /* the file's last newline is no part of the statement */
    while (text < end) {
        const char *open = memchr(text, '{', (size_t)(end - text));
        if (!open)
            break;
        buf_add(b, text, (size_t)(open - text));
        const char *close = strchr(open, '}');
        int found = -1;
        for (int i = 0; close && i < n; i++)
            if (strlen(slots[i].name) == (size_t)(close - open - 1) &&
                !strncmp(slots[i].name, open + 1, (size_t)(close - open - 1)))
                found = i;
        buf_str(b, found >= 0 ? slots[found].text : "{");
        text = found >= 0 ? close + 1 : open + 1;
    }
    if (text < end)
        buf_add(b, text, (size_t)(end - text));
}
