#include "console/topic_print.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/clock.h"
#include "console/format.h"

/* ---- pieces ---- */

static bool is_json(const void *p, size_t n)
{
    json_error_t why;
    /* integers of any length are JSON, jansson's are 64 bits */
    json_t *j = json_loadb(p, n, JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, &why);
    json_decref(j);
    return j != NULL;
}

static bool is_utf8(const char *p, size_t n)
{
    json_t *s = json_stringn(p, n);
    json_decref(s);
    return s != NULL;
}

static void base64(const unsigned char *p, size_t n, struct buf *out)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        unsigned v = (unsigned)p[i] << 16 | (i + 1 < n ? (unsigned)p[i + 1] << 8 : 0) |
                     (i + 2 < n ? (unsigned)p[i + 2] : 0);
        buf_ch(out, digit[v >> 18]);
        buf_ch(out, digit[v >> 12 & 63]);
        buf_ch(out, i + 1 < n ? digit[v >> 6 & 63] : '=');
        buf_ch(out, i + 2 < n ? digit[v & 63] : '=');
    }
}

static void visible_or_null(const char *p, size_t n, struct buf *out)
{
    if (p)
        format_visible(out, p, n);
    else
        buf_lit(out, "\\N");
}

static void time_of(const struct kafka_record *r, struct buf *out)
{
    char text[CLOCK_TEXT_MAX];
    if (r->timestamp_ms < 0)
        buf_lit(out, "\\N");
    else
        buf_str(out, clock_format_utc(r->timestamp_ms * 1000, text, sizeof text));
}

/* ---- one line ---- */

static void line_header(void *arg, const char *name, const void *value, size_t len)
{
    struct buf *out = arg;
    if (out->len && out->p[out->len - 1] != '\t')
        buf_ch(out, ',');
    format_visible(out, name, strlen(name));
    buf_ch(out, '=');
    visible_or_null(value, len, out);
}

static void print_line(const struct kafka_record *r, struct buf *out)
{
    buf_i64(out, r->partition);
    buf_ch(out, '\t');
    buf_i64(out, r->offset);
    buf_ch(out, '\t');
    time_of(r, out);
    buf_ch(out, '\t');
    visible_or_null(r->key, r->key_len, out);
    buf_ch(out, '\t');
    kafka_record_headers(r, line_header, out);
    buf_ch(out, '\t');
    visible_or_null(r->value, r->value_len, out);
    buf_ch(out, '\n');
}

/* ---- JSON ---- */

/* Compact would change nothing but white space, which outside strings may be a newline. */
static void json_one_line(const char *p, size_t n, struct buf *out)
{
    for (size_t i = 0; i < n; i++)
        buf_ch(out, p[i] == '\n' || p[i] == '\r' ? ' ' : p[i]);
}

/* "name":.. with JSON as it is, text as a string, other bytes as "name_base64":".." */
static void json_member(const char *name, const char *p, size_t n, bool json, struct buf *out)
{
    bool text = p && is_utf8(p, n);
    buf_printf(out, ",\"%s%s\":", name, p && !text ? "_base64" : "");
    if (!p) {
        buf_lit(out, "null");
    } else if (!text) {
        buf_ch(out, '"');
        base64((const unsigned char *)p, n, out);
        buf_ch(out, '"');
    } else if (json && is_json(p, n)) {
        json_one_line(p, n, out);
    } else {
        buf_json_string(out, p, n);
    }
}

static void json_header(void *arg, const char *name, const void *value, size_t len)
{
    struct buf *out = arg;
    buf_str(out, out->p[out->len - 1] == '[' ? "{\"name\":" : ",{\"name\":");
    buf_json_string(out, name, strlen(name));
    json_member("value", value, len, false, out);
    buf_ch(out, '}');
}

/* A list, since a name may come twice. */
static void print_json(const struct kafka_record *r, struct buf *out)
{
    buf_lit(out, "{\"topic\":");
    buf_json_string(out, r->topic, strlen(r->topic));
    buf_printf(out, ",\"partition\":%d,\"offset\":%lld,\"timestamp_ms\":", (int)r->partition,
               (long long)r->offset);
    if (r->timestamp_ms < 0)
        buf_lit(out, "null");
    else
        buf_i64(out, r->timestamp_ms);
    json_member("key", r->key, r->key_len, true, out);
    buf_lit(out, ",\"headers\":[");
    kafka_record_headers(r, json_header, out);
    buf_ch(out, ']');
    json_member("value", r->value, r->value_len, true, out);
    buf_lit(out, "}\n");
}

/* ---- for the eye ---- */

static void new_line(struct buf *out, int depth)
{
    buf_ch(out, '\n');
    for (int i = 0; i < depth; i++)
        buf_lit(out, "  ");
}

/* The end of the string or word that starts at i. */
static size_t token_end(const char *p, size_t n, size_t i)
{
    bool string = p[i] == '"';
    for (i++; i < n; i++) {
        if (string && p[i] == '\\')
            i++;
        else if (string && p[i] == '"')
            return i + 1;
        else if (!string && strchr("{}[],: \t\r\n", p[i]))
            break;
    }
    return i < n ? i : n;
}

static size_t skip_space(const char *p, size_t n, size_t i)
{
    while (i < n && strchr(" \t\r\n", p[i]))
        i++;
    return i;
}

void topic_indent(const char *text, size_t n, struct buf *out)
{
    int depth = 0;
    for (size_t i = skip_space(text, n, 0); i < n; i = skip_space(text, n, i)) {
        char c = text[i];
        size_t end = i + 1;
        if (c == '{' || c == '[') {
            size_t next = skip_space(text, n, end);
            buf_ch(out, c);
            if (next < n && (text[next] == '}' || text[next] == ']')) {
                buf_ch(out, text[next]);
                end = next + 1;
            } else {
                new_line(out, ++depth);
            }
        } else if (c == '}' || c == ']') {
            new_line(out, --depth);
            buf_ch(out, c);
        } else if (c == ',') {
            buf_ch(out, c);
            new_line(out, depth);
        } else if (c == ':') {
            buf_lit(out, ": ");
        } else {
            end = token_end(text, n, i);
            format_visible(out, text + i, end - i);
        }
        i = end;
    }
}

static void eye_header(void *arg, const char *name, const void *value, size_t len)
{
    struct buf *out = arg;
    buf_lit(out, "header  ");
    format_visible(out, name, strlen(name));
    buf_lit(out, " = ");
    visible_or_null(value, len, out);
    buf_ch(out, '\n');
}

static void print_eye(const struct kafka_record *r, struct buf *out)
{
    buf_printf(out, "-- partition %d  offset %lld  ", (int)r->partition, (long long)r->offset);
    time_of(r, out);
    if (r->key) {
        buf_lit(out, "\nkey     ");
        format_visible(out, r->key, r->key_len);
    }
    buf_ch(out, '\n');
    kafka_record_headers(r, eye_header, out);
    if (!r->value)
        buf_lit(out, "(no value: a tombstone)");
    else if (is_json(r->value, r->value_len))
        topic_indent(r->value, r->value_len, out);
    else
        format_visible(out, r->value, r->value_len);
    buf_lit(out, "\n\n");
}

static void print_raw(const struct kafka_record *r, bool terminal, struct buf *out)
{
    if (r->value && terminal)
        format_visible(out, r->value, r->value_len);
    else if (r->value)
        buf_add(out, r->value, r->value_len);
    buf_ch(out, '\n');
}

/* JSON lines on a terminal: JSON escapes C0, but strings may hold DEL and C1 as they are. */
static void print_json_visible(const struct kafka_record *r, struct buf *out)
{
    struct buf line;
    buf_init(&line, 0);
    print_json(r, &line);
    if (buf_failed(&line))
        out->failed = true;
    else
        format_visible(out, line.p, line.len - 1);
    buf_ch(out, '\n');
    buf_free(&line);
}

void topic_print(const struct kafka_record *r, enum topic_form form, bool terminal, struct buf *out)
{
    switch (form) {
    case TOPIC_LINE:
        print_line(r, out);
        break;
    case TOPIC_JSON:
        if (terminal)
            print_json_visible(r, out);
        else
            print_json(r, out);
        break;
    case TOPIC_RAW:
        print_raw(r, terminal, out);
        break;
    case TOPIC_EYE:
        print_eye(r, out);
        break;
    }
}
