#include "backend/envelope/flat_value.h"

#include "backend/envelope/flat_number.h"
#include "backend/envelope/flat_time.h"

#include <string.h>

enum { SHOWN_MAX = 40, SMALL_BYTES = 48, BITS_MAX = 1 << 23 };

/* ---- faults in words ---- */

static enum err misfit(struct flat_input *in, const char *p, size_t n, const char *why)
{
    int shown = n > SHOWN_MAX ? SHOWN_MAX : (int)n;
    return err_set(in->e, ERR_DATA, "the value %.*s%s %s", shown, p, n > SHOWN_MAX ? ".." : "",
                   why);
}

static enum err no_memory(struct flat_input *in)
{
    return err_set(in->e, ERR_NOMEM, "no memory for a row's values");
}

/* The reader has refused the text; the words are made once, by flat_decode. */
static enum err broken(void)
{
    return ERR_DATA;
}

static enum err wrong_kind(struct flat_input *in, const char *wanted)
{
    struct jtext raw;
    if (!jread_skip(&in->r, &raw))
        return broken();
    return misfit(in, raw.p, raw.len, wanted);
}

static inline void set_text(struct cell *out, const char *p, size_t n)
{
    *out = (struct cell){.p = p, .len = (uint32_t)n, .kind = CELL_TEXT};
}

/* ---- strings ---- */

/* The characters of a string; copied only where it has escapes. */
static enum err characters(struct flat_input *in, const struct jtext *t, struct cell *out)
{
    if (!t->escaped) {
        set_text(out, t->p, t->len);
        return ERR_OK;
    }
    if (t->nul)
        return misfit(in, t->p, t->len, "holds a NUL character, which no text column can keep");
    char *p = arena_alloc(in->arena, t->len);
    if (!p)
        return no_memory(in);
    set_text(out, p, jread_unescape(t, p));
    return ERR_OK;
}

static inline bool is_text(const struct jtext *t, const char *s, uint32_t n)
{
    return t->len == n && memcmp(t->p, s, n) == 0;
}

static inline bool is_placeholder(const struct flat_plan *p, const struct jtext *t)
{
    return is_text(t, p->placeholder, p->placeholder_len) ||
           is_text(t, p->placeholder64, p->placeholder64_len);
}

/* t->unchanged of a string has its quotes. */
static inline bool is_unchanged(const struct flat_type *t, const struct jtext *s)
{
    return t->unchanged && t->unchanged_len == s->len + 2 &&
           memcmp(t->unchanged + 1, s->p, s->len) == 0;
}

static enum err hex_bytes(struct flat_input *in, const unsigned char *bytes, size_t n,
                          struct cell *out)
{
    static const char digit[] = "0123456789abcdef";
    char *p = arena_alloc(in->arena, 2 * n + 2);
    if (!p)
        return no_memory(in);
    p[0] = '\\';
    p[1] = 'x';
    for (size_t i = 0; i < n; i++) {
        p[2 + 2 * i] = digit[bytes[i] >> 4];
        p[3 + 2 * i] = digit[bytes[i] & 15];
    }
    set_text(out, p, 2 * n + 2);
    return ERR_OK;
}

/* *bytes is `small` (SMALL_BYTES) or arena memory. */
static enum err base64_bytes(struct flat_input *in, const struct cell *text, unsigned char *small,
                             unsigned char **bytes, size_t *n)
{
    size_t room = flat_base64_room(text->len);
    *bytes = room <= SMALL_BYTES ? small : arena_alloc(in->arena, room);
    if (!*bytes)
        return no_memory(in);
    if (!flat_base64_decode(text->p, text->len, *bytes, n))
        return misfit(in, text->p, text->len, "is not base64");
    return ERR_OK;
}

static enum err decimal_base64(struct flat_input *in, const struct cell *text, long scale,
                               struct cell *out)
{
    unsigned char small[SMALL_BYTES];
    unsigned char *bytes;
    size_t n;
    enum err rc = base64_bytes(in, text, small, &bytes, &n);
    if (rc)
        return rc;
    rc = flat_decimal_text(bytes, n, scale, in->arena, out);
    if (rc == ERR_LIMIT)
        return misfit(in, text->p, text->len, "is a number larger than numeric can hold");
    return rc ? no_memory(in) : ERR_OK;
}

/* 0s and 1s, highest first; the bytes come lowest first. width 0: as many as the value needs. */
static enum err bit_string(struct flat_input *in, const struct cell *text, int width,
                           struct cell *out)
{
    unsigned char small[SMALL_BYTES];
    unsigned char *bytes;
    size_t n;
    enum err rc = base64_bytes(in, text, small, &bytes, &n);
    if (rc)
        return rc;
    size_t bits = 8 * n;
    while (bits && !(bytes[(bits - 1) / 8] >> (bits - 1) % 8 & 1))
        bits--;
    if (width ? bits > (size_t)width : bits > BITS_MAX)
        return misfit(in, text->p, text->len, "has more bits than its type");
    size_t len = width ? (size_t)width : bits;
    char *p = arena_alloc(in->arena, len + 1);
    if (!p)
        return no_memory(in);
    for (size_t i = 0; i < len; i++) {
        size_t k = len - 1 - i;
        p[i] = k < bits && (bytes[k / 8] >> k % 8 & 1) ? '1' : '0';
    }
    set_text(out, p, len);
    return ERR_OK;
}

static enum err hex_text(struct flat_input *in, const struct cell *text, struct cell *out)
{
    if (text->len % 2)
        return misfit(in, text->p, text->len, "has an odd number of hexadecimal digits");
    for (uint32_t i = 0; i < text->len; i++)
        if (!text->p[i] || !strchr("0123456789abcdefABCDEF", text->p[i]))
            return misfit(in, text->p, text->len, "is not a string of hexadecimal digits");
    char *p = arena_alloc(in->arena, (size_t)text->len + 2);
    if (!p)
        return no_memory(in);
    memcpy(p, "\\x", 2);
    memcpy(p + 2, text->p, text->len);
    set_text(out, p, (size_t)text->len + 2);
    return ERR_OK;
}

typedef size_t iso_form(const char *s, size_t n, char *out);

static size_t iso_timestamptz(const char *s, size_t n, char *out)
{
    return flat_iso_timestamp(s, n, true, out);
}

static size_t iso_timestamp(const char *s, size_t n, char *out)
{
    return flat_iso_timestamp(s, n, false, out);
}

static enum err iso_text(struct flat_input *in, const struct cell *text, iso_form *form,
                         const char *why, struct cell *out)
{
    char *p = arena_alloc(in->arena, FLAT_TIME_MAX);
    if (!p)
        return no_memory(in);
    size_t n = form(text->p, text->len, p);
    if (!n)
        return misfit(in, text->p, text->len, why);
    set_text(out, p, n);
    return ERR_OK;
}

static enum err number_text(struct flat_input *in, const struct cell *text, struct cell *out)
{
    const char *special = flat_special_number(text->p, text->len);
    if (special)
        set_text(out, special, strlen(special));
    else if (flat_is_number(text->p, text->len))
        *out = *text;
    else
        return misfit(in, text->p, text->len, "is not a number");
    return ERR_OK;
}

static enum err string_value(struct flat_input *in, const struct flat_type *t, struct cell *out)
{
    struct jtext raw;
    struct cell text = {0};
    if (!jread_string(&in->r, &raw))
        return broken();
    if (is_placeholder(in->plan, &raw) || is_unchanged(t, &raw)) {
        *out = (struct cell){.kind = CELL_UNCHANGED};
        return ERR_OK;
    }
    enum err rc = characters(in, &raw, t->conv == FLAT_TEXT ? out : &text);
    if (rc || t->conv == FLAT_TEXT)
        return rc;
    switch (t->conv) {
    case FLAT_FLOAT:
    case FLAT_DECIMAL:
        return number_text(in, &text, out);
    case FLAT_DECIMAL_BASE64:
        return decimal_base64(in, &text, t->scale, out);
    case FLAT_BYTES_BASE64: {
        unsigned char small[SMALL_BYTES];
        unsigned char *bytes;
        size_t n;
        rc = base64_bytes(in, &text, small, &bytes, &n);
        return rc ? rc : hex_bytes(in, bytes, n, out);
    }
    case FLAT_BYTES_HEX:
        return hex_text(in, &text, out);
    case FLAT_BITS:
        return bit_string(in, &text, t->precision, out);
    case FLAT_ISO_DATE:
        return iso_text(in, &text, flat_iso_date, "is not a date of PostgreSQL's range", out);
    case FLAT_ISO_TIME:
        return iso_text(in, &text, flat_iso_time, "is not a time of day", out);
    case FLAT_ISO_TIMESTAMP:
        return iso_text(in, &text, iso_timestamp, "is not a timestamp of PostgreSQL's range", out);
    case FLAT_ISO_TIMESTAMPTZ:
        return iso_text(in, &text, iso_timestamptz,
                        "is not a timestamp with an offset, of PostgreSQL's range", out);
    default:
        return misfit(in, raw.p, raw.len, "is a string where the schema has another type");
    }
}

/* ---- numbers ---- */

/* The whole number that the text is; false when it has a fraction or is too large. */
static bool whole_number(const struct jtext *t, int64_t *out)
{
    const char *p = t->p;
    const char *end = p + t->len;
    bool negative = p < end && *p == '-';
    uint64_t v = 0;
    p += negative;
    if (p == end || end - p > 19)
        return false;
    for (; p < end; p++) {
        if (*p < '0' || *p > '9')
            return false;
        v = v * 10 + (uint64_t)(*p - '0');
    }
    if (v > (uint64_t)INT64_MAX + negative)
        return false;
    *out = negative ? (int64_t)(0 - v) : (int64_t)v;
    return true;
}

/* Moments and days: a number into PostgreSQL's text. */
static size_t put_number(enum flat_conv conv, int64_t v, char *out)
{
    switch (conv) {
    case FLAT_DAYS:
        return flat_put_date(out, v);
    case FLAT_TIME_MILLIS:
        return v > INT64_MAX / 1000 ? 0 : flat_put_time(out, v < 0 ? -1 : v * 1000);
    case FLAT_TIME_MICROS:
        return flat_put_time(out, v);
    case FLAT_TIME_NANOS:
        return flat_put_time(out, v < 0 ? -1 : v / 1000);
    case FLAT_TIMESTAMP_MILLIS:
        return flat_put_timestamp_millis(out, v);
    case FLAT_TIMESTAMP_MICROS:
        return flat_put_timestamp_micros(out, v);
    default:
        return flat_put_timestamp_nanos(out, v);
    }
}

static enum err moment(struct flat_input *in, enum flat_conv conv, const struct jtext *t,
                       struct cell *out)
{
    int64_t v;
    if (!whole_number(t, &v))
        return misfit(in, t->p, t->len, "is not a whole number of 64 bits");
    char *p = arena_alloc(in->arena, FLAT_TIME_MAX);
    if (!p)
        return no_memory(in);
    size_t n = put_number(conv, v, p);
    if (!n) {
        const char *why =
            conv == FLAT_DAYS ? "is a day outside of PostgreSQL's range, 4713 BC to 5874897"
            : conv == FLAT_TIME_MILLIS || conv == FLAT_TIME_MICROS || conv == FLAT_TIME_NANOS
                ? "is not a time between 00:00:00 and 24:00:00"
                : "is a timestamp outside of PostgreSQL's range, 4713 BC to 294276";
        return misfit(in, t->p, t->len, why);
    }
    set_text(out, p, n);
    return ERR_OK;
}

/* digits: as many as can be told to fit without reading the value. */
static enum err integer(struct flat_input *in, const struct jtext *t, size_t digits, int64_t min,
                        int64_t max, struct cell *out)
{
    int64_t v;
    bool certain = t->len <= digits;
    for (size_t i = 1; certain && i < t->len; i++)
        certain = t->p[i] >= '0' && t->p[i] <= '9';
    if (!certain && (!whole_number(t, &v) || v < min || v > max))
        return misfit(in, t->p, t->len, "is not a whole number of the column's size");
    set_text(out, t->p, t->len);
    return ERR_OK;
}

static enum err number_value(struct flat_input *in, const struct flat_type *t, struct cell *out)
{
    struct jtext raw;
    if (!jread_number(&in->r, &raw))
        return broken();
    switch (t->conv) {
    case FLAT_INT16:
        return integer(in, &raw, 4, INT16_MIN, INT16_MAX, out);
    case FLAT_INT32:
        return integer(in, &raw, 9, INT32_MIN, INT32_MAX, out);
    case FLAT_INT64:
        return integer(in, &raw, 18, INT64_MIN, INT64_MAX, out);
    case FLAT_FLOAT:
    case FLAT_DECIMAL:
        set_text(out, raw.p, raw.len);
        return ERR_OK;
    case FLAT_DAYS:
    case FLAT_TIME_MILLIS:
    case FLAT_TIME_MICROS:
    case FLAT_TIME_NANOS:
    case FLAT_TIMESTAMP_MILLIS:
    case FLAT_TIMESTAMP_MICROS:
    case FLAT_TIMESTAMP_NANOS:
        return moment(in, t->conv, &raw, out);
    default:
        return misfit(in, raw.p, raw.len, "is a number where the schema has another type");
    }
}

/* ---- objects and arrays ---- */

/* {"scale":2,"value":"AeJA"} */
static enum err variable_decimal(struct flat_input *in, struct cell *out)
{
    struct json_reader *r = &in->r;
    struct jtext key, number, value = {0};
    int64_t scale = 0;
    bool has_scale = false, has_value = false;
    if (!jread_object(r))
        return broken();
    while (jread_key(r, &key)) {
        enum jread_kind kind = jread_peek(r);
        if (kind == JREAD_NUMBER && jread_text_equal(&key, "scale", 5))
            has_scale = jread_number(r, &number) && whole_number(&number, &scale);
        else if (kind == JREAD_STRING && jread_text_equal(&key, "value", 5))
            has_value = jread_string(r, &value);
        else
            (void)jread_skip(r, NULL);
    }
    if (r->fault)
        return broken();
    if (!has_scale || !has_value || scale < INT32_MIN || scale > INT32_MAX)
        return err_set(in->e, ERR_DATA, "the value is not {\"scale\":..,\"value\":..}");
    if (is_placeholder(in->plan, &value)) {
        *out = (struct cell){.kind = CELL_UNCHANGED};
        return ERR_OK;
    }
    struct cell text = {0};
    enum err rc = characters(in, &value, &text);
    return rc ? rc : decimal_base64(in, &text, (long)scale, out);
}

/* A coordinate as PostgreSQL prints it: no ".0". */
static bool coordinate(struct flat_input *in, struct jtext *out)
{
    struct json_reader *r = &in->r;
    enum jread_kind kind = jread_peek(r);
    if (kind == JREAD_STRING)
        return jread_string(r, out) && flat_special_number(out->p, out->len);
    if (kind != JREAD_NUMBER) {
        (void)jread_skip(r, NULL);
        return false;
    }
    if (!jread_number(r, out))
        return false;
    if (out->len > 2 && memcmp(out->p + out->len - 2, ".0", 2) == 0)
        out->len -= 2;
    return true;
}

static enum err point(struct flat_input *in, struct cell *out)
{
    struct json_reader *r = &in->r;
    struct jtext key, x, y;
    bool has_x = false, has_y = false;
    if (!jread_object(r))
        return broken();
    while (jread_key(r, &key)) {
        if (jread_text_equal(&key, "x", 1))
            has_x = coordinate(in, &x);
        else if (jread_text_equal(&key, "y", 1))
            has_y = coordinate(in, &y);
        else
            (void)jread_skip(r, NULL);
    }
    if (r->fault)
        return broken();
    if (!has_x || !has_y)
        return err_set(in->e, ERR_DATA, "the value is not a point {\"x\":..,\"y\":..}");
    char *p = arena_alloc(in->arena, x.len + y.len + 3);
    if (!p)
        return no_memory(in);
    char *o = p;
    *o++ = '(';
    memcpy(o, x.p, x.len);
    o += x.len;
    *o++ = ',';
    memcpy(o, y.p, y.len);
    o += y.len;
    *o++ = ')';
    set_text(out, p, (size_t)(o - p));
    return ERR_OK;
}

static enum err json_text(struct flat_input *in, const struct flat_type *t, struct cell *out)
{
    struct jtext raw;
    if (!jread_skip(&in->r, &raw))
        return broken();
    if (t->unchanged && raw.len == t->unchanged_len && memcmp(raw.p, t->unchanged, raw.len) == 0)
        *out = (struct cell){.kind = CELL_UNCHANGED};
    else
        set_text(out, raw.p, raw.len);
    return ERR_OK;
}

/* One element as JSON: a number where the cell is one, a string otherwise. */
static void put_element(struct buf *b, const struct flat_type *t, const struct cell *c)
{
    if (c->kind != CELL_TEXT)
        buf_lit(b, "null");
    else if (t->wtype == WT_DECIMAL && flat_is_number(c->p, c->len))
        buf_add(b, c->p, c->len);
    else
        buf_json_string(b, c->p, c->len);
}

/* PostgreSQL's arrays have up to six dimensions: arrays in arrays. The reader bounds the depth. */
static enum err put_array(struct flat_input *in, const struct flat_type *element, struct buf *b)
{
    bool first = true;
    if (!jread_array(&in->r))
        return broken();
    buf_ch(b, '[');
    while (jread_item(&in->r)) {
        enum err rc = ERR_OK;
        struct cell c;
        if (!first)
            buf_ch(b, ',');
        first = false;
        if (jread_peek(&in->r) == JREAD_ARRAY) {
            rc = put_array(in, element, b);
        } else {
            rc = flat_value(in, element, &c);
            if (!rc)
                put_element(b, element, &c);
        }
        if (rc)
            return rc;
    }
    buf_ch(b, ']');
    return in->r.fault ? broken() : ERR_OK;
}

static enum err array_value(struct flat_input *in, const struct flat_type *t, struct cell *out)
{
    if (t->unchanged) {
        struct json_reader ahead = in->r;
        if (jread_peek(&ahead) == JREAD_ARRAY && json_text(in, t, out) == ERR_OK &&
            out->kind == CELL_UNCHANGED)
            return ERR_OK;
        in->r = ahead;
    }
    struct buf b;
    buf_init(&b, 0);
    enum err rc = put_array(in, t->element, &b);
    if (!rc) {
        char *p = buf_failed(&b) ? NULL : arena_copy(in->arena, b.p, b.len);
        if (p)
            set_text(out, p, b.len);
        else
            rc = no_memory(in);
    }
    buf_free(&b);
    return rc;
}

/* ---- without a schema ---- */

/*
 * A table's column says the type, the value its form. What that cannot tell is settled by the
 * defaults of Debezium: whole numbers for TIME and TIMESTAMP are microseconds, or milliseconds in a
 * column declared with 1 to 3 digits; a string for DECIMAL is a number if it looks like one, except
 * that without a point it is base64 where the column has a scale (a number would show its
 * fraction); otherwise it is base64, with the column's scale.
 */
static enum flat_conv decimal_form(const struct flat_type *t, const struct jtext *s)
{
    if (flat_special_number(s->p, s->len))
        return FLAT_DECIMAL;
    bool number = flat_is_number(s->p, s->len);
    bool point_due = t->scale > 0 && s->len % 4 == 0;
    if (number && (!point_due || memchr(s->p, '.', s->len)))
        return FLAT_DECIMAL;
    return FLAT_DECIMAL_BASE64;
}

static enum flat_conv form_of_string(struct flat_input *in, const struct flat_type *t)
{
    struct json_reader ahead = in->r;
    struct jtext s;
    switch (t->wtype) {
    case WT_FLOAT32:
    case WT_FLOAT64:
    case WT_INT16:
    case WT_INT32:
    case WT_INT64:
        return FLAT_DECIMAL;
    case WT_DECIMAL:
        return jread_string(&ahead, &s) ? decimal_form(t, &s) : FLAT_TEXT;
    case WT_BYTES:
        return FLAT_BYTES_BASE64;
    case WT_DATE:
        return FLAT_ISO_DATE;
    case WT_TIME:
        return FLAT_ISO_TIME;
    case WT_TIMESTAMP:
        return FLAT_ISO_TIMESTAMP;
    case WT_TIMESTAMPTZ:
        return FLAT_ISO_TIMESTAMPTZ;
    default:
        return FLAT_TEXT;
    }
}

static enum flat_conv form_of_number(const struct flat_type *t)
{
    bool millis = t->precision >= 1 && t->precision <= 3;
    switch (t->wtype) {
    case WT_INT16:
        return FLAT_INT16;
    case WT_INT32:
        return FLAT_INT32;
    case WT_INT64:
        return FLAT_INT64;
    case WT_DATE:
        return FLAT_DAYS;
    case WT_TIME:
        return millis ? FLAT_TIME_MILLIS : FLAT_TIME_MICROS;
    case WT_TIMESTAMP:
    case WT_TIMESTAMPTZ:
        return millis ? FLAT_TIMESTAMP_MILLIS : FLAT_TIMESTAMP_MICROS;
    case WT_FLOAT32:
    case WT_FLOAT64:
    case WT_DECIMAL:
        return FLAT_DECIMAL;
    default:
        return FLAT_JSON; /* text takes it, the others do not */
    }
}

/* Looked for before the value is read: an array's or an hstore's stand-in is a whole value. */
static bool any_unchanged(struct flat_input *in, enum jread_kind kind)
{
    struct json_reader ahead = in->r;
    struct jtext raw;
    bool possible = kind == JREAD_ARRAY || kind == JREAD_OBJECT ||
                    (kind == JREAD_STRING && ahead.end - ahead.p > 1 && ahead.p[1] == '{');
    if (!possible || !jread_skip(&ahead, &raw))
        return false;
    for (int i = 0; i < in->plan->n_forms; i++) {
        const struct cell *form = &in->plan->forms[i];
        if (is_text(&raw, form->p, form->len)) {
            in->r = ahead;
            return true;
        }
    }
    return false;
}

/* A geometry of Debezium: {"x":..,"y":..,"wkb":..,"srid":null}. A map of hstore has texts only. */
static bool any_point(const struct flat_input *in)
{
    struct json_reader ahead = in->r;
    struct jtext raw;
    return jread_skip(&ahead, &raw) && memmem(raw.p, raw.len, "\"x\":", 4) &&
           memmem(raw.p, raw.len, "\"y\":", 4) && memmem(raw.p, raw.len, "\"wkb\":", 6) &&
           memmem(raw.p, raw.len, "\"srid\":null", 11);
}

static enum err any_value(struct flat_input *in, const struct flat_type *t, struct cell *out)
{
    struct flat_type known = *t;
    bool json = t->wtype == WT_TEXT || t->wtype == WT_JSON;
    enum jread_kind kind = jread_peek(&in->r);
    if (json && any_unchanged(in, kind)) {
        *out = (struct cell){.kind = CELL_UNCHANGED};
        return ERR_OK;
    }
    switch (kind) {
    case JREAD_STRING:
        known.conv = form_of_string(in, t);
        break;
    case JREAD_NUMBER:
        known.conv = form_of_number(t);
        break;
    case JREAD_TRUE:
    case JREAD_FALSE:
        known.conv = t->wtype == WT_BOOL ? FLAT_BOOL : FLAT_JSON;
        break;
    case JREAD_OBJECT:
        known.conv = t->wtype == WT_DECIMAL                 ? FLAT_DECIMAL_VARIABLE
                     : t->wtype == WT_TEXT && any_point(in) ? FLAT_POINT
                                                            : FLAT_JSON;
        break;
    default:
        known.conv = FLAT_JSON;
    }
    if (known.conv == FLAT_JSON && !json)
        return wrong_kind(in, "does not fit the table's column");
    return flat_value(in, &known, out);
}

static enum err bool_value(struct flat_input *in, struct cell *out)
{
    bool v;
    if (!jread_bool(&in->r, &v))
        return broken();
    set_text(out, v ? "true" : "false", v ? 4 : 5);
    return ERR_OK;
}

enum err flat_value(struct flat_input *in, const struct flat_type *t, struct cell *out)
{
    enum jread_kind kind = jread_peek(&in->r);
    if (kind == JREAD_NULL) {
        *out = (struct cell){.kind = CELL_NULL};
        return jread_null(&in->r) ? ERR_OK : broken();
    }
    if (t->conv == FLAT_JSON)
        return json_text(in, t, out);
    if (t->conv == FLAT_ANY)
        return any_value(in, t, out);
    switch (kind) {
    case JREAD_STRING:
        return string_value(in, t, out);
    case JREAD_NUMBER:
        return number_value(in, t, out);
    case JREAD_TRUE:
    case JREAD_FALSE:
        return t->conv == FLAT_BOOL ? bool_value(in, out)
                                    : wrong_kind(in, "is a boolean where the schema has another "
                                                     "type");
    case JREAD_OBJECT:
        if (t->conv == FLAT_DECIMAL_VARIABLE)
            return variable_decimal(in, out);
        if (t->conv == FLAT_POINT)
            return point(in, out);
        return wrong_kind(in, "is an object where the schema has another type");
    case JREAD_ARRAY:
        return t->conv == FLAT_ARRAY
                   ? array_value(in, t, out)
                   : wrong_kind(in, "is an array where the schema has another type");
    default:
        (void)jread_skip(&in->r, NULL); /* sets the fault */
        return broken();
    }
}
