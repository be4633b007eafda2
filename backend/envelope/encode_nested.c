/*
 * Arrays and hstore: PostgreSQL's text forms ("Array Input and Output Syntax", hstore's external
 * representation) into JSON.
 *
 * An array of more dimensions becomes nested JSON arrays; lower bounds ([0:1]={..}) are dropped. A
 * text that does not hold together is refused, never half written: the caller drops it.
 */
#include <string.h>
#include <strings.h>

#include "backend/envelope/encode_internal.h"

static const char NOT_ARRAY[] = "is not an array";
static const char NOT_HSTORE[] = "is not an hstore";

/* A quoted token after its first quote: its bytes without the escapes, in `out`; NULL if open. */
static const char *unquote(const char *p, const char *end, struct buf *out)
{
    while (p < end && *p != '"') {
        const char *from = p;
        while (p < end && *p != '"' && *p != '\\')
            p++;
        buf_add(out, from, (size_t)(p - from));
        if (p < end && *p == '\\') {
            if (++p == end)
                return NULL;
            buf_ch(out, *p++);
        }
    }
    return p < end ? p + 1 : NULL;
}

struct array_reader {
    const struct field *element;
    const char *p;
    const char *end;
    char delimiter;
    struct buf scratch; /* an element that holds escapes */
    const char *reason;
};

static bool refuse(struct array_reader *r, const char *reason)
{
    r->reason = reason;
    return false;
}

static bool read_element(struct array_reader *r, struct buf *out)
{
    const struct field *el = r->element;
    if (*r->p == '"') {
        buf_clear(&r->scratch);
        r->p = unquote(r->p + 1, r->end, &r->scratch);
        if (!r->p)
            return refuse(r, NOT_ARRAY);
        out->failed |= r->scratch.failed;
        r->reason = el->write(el, buf_cstr(&r->scratch), r->scratch.len, out);
        return !r->reason;
    }
    const char *from = r->p;
    while (r->p < r->end && !strchr("{}\"\\", *r->p) && *r->p != r->delimiter)
        r->p++;
    size_t n = (size_t)(r->p - from);
    if (!n)
        return refuse(r, NOT_ARRAY);
    if (n == 4 && !strncasecmp(from, "NULL", 4)) {
        buf_lit(out, "null");
        return true;
    }
    r->reason = el->write(el, from, n, out);
    return !r->reason;
}

/* From an opening brace to behind its closing one. */
static bool read_level(struct array_reader *r, int depth, struct buf *out)
{
    enum { DEPTH_MAX = 6 }; /* PostgreSQL's MAXDIM */
    if (depth > DEPTH_MAX)
        return refuse(r, "is an array of too many dimensions");
    buf_ch(out, '[');
    r->p++;
    if (r->p < r->end && *r->p == '}') {
        r->p++;
        buf_ch(out, ']');
        return true;
    }
    while (r->p < r->end) {
        if (!(*r->p == '{' ? read_level(r, depth + 1, out) : read_element(r, out)))
            return false;
        if (r->p == r->end)
            break;
        char c = *r->p++;
        if (c == '}') {
            buf_ch(out, ']');
            return true;
        }
        if (c != r->delimiter)
            break;
        buf_ch(out, ',');
    }
    return refuse(r, NOT_ARRAY);
}

const char *encode_array(const struct field *f, const char *p, size_t n, struct buf *out)
{
    bool box = f->column->elem_name && !strcmp(f->column->elem_name, "box");
    struct array_reader r = {
        .element = f->element, .p = p, .end = p + n, .delimiter = box ? ';' : ','};
    if (n && *p == '[') { /* lower bounds */
        const char *equals = memchr(p, '=', n);
        if (!equals)
            return NOT_ARRAY;
        r.p = equals + 1;
    }
    if (r.p == r.end || *r.p != '{')
        return NOT_ARRAY;
    buf_init(&r.scratch, 0);
    if (read_level(&r, 1, out) && r.p != r.end)
        r.reason = NOT_ARRAY;
    buf_free(&r.scratch);
    return r.reason;
}

static const char *skip_spaces(const char *p, const char *end)
{
    while (p < end && *p == ' ')
        p++;
    return p;
}

/* "k"=>"v", "k2"=>NULL as a JSON object. */
static const char *write_object(const char *p, size_t n, struct buf *out)
{
    const char *end = p + n;
    const char *reason = NOT_HSTORE;
    struct buf word;
    buf_init(&word, 0);
    buf_ch(out, '{');
    p = skip_spaces(p, end);
    for (bool first = true; p < end; first = false) {
        if (!first) {
            if (*p != ',')
                goto out;
            p = skip_spaces(p + 1, end);
            buf_ch(out, ',');
        }
        buf_clear(&word);
        p = p < end && *p == '"' ? unquote(p + 1, end, &word) : NULL;
        if (!p || end - p < 3 || p[0] != '=' || p[1] != '>')
            goto out;
        buf_json_string(out, buf_cstr(&word), word.len);
        buf_ch(out, ':');
        p += 2;
        if (end - p >= 4 && !strncasecmp(p, "NULL", 4)) {
            buf_lit(out, "null");
            p += 4;
        } else {
            out->failed |= word.failed;
            buf_clear(&word);
            p = *p == '"' ? unquote(p + 1, end, &word) : NULL;
            if (!p)
                goto out;
            buf_json_string(out, buf_cstr(&word), word.len);
        }
        out->failed |= word.failed;
        p = skip_spaces(p, end);
    }
    buf_ch(out, '}');
    reason = NULL;
out:
    buf_free(&word);
    return reason;
}

const char *encode_hstore_map(const struct field *f, const char *p, size_t n, struct buf *out)
{
    (void)f;
    return write_object(p, n, out);
}

const char *encode_hstore_json(const struct field *f, const char *p, size_t n, struct buf *out)
{
    struct buf object;
    buf_init(&object, 0);
    const char *reason = write_object(p, n, &object);
    if (!reason)
        encode_string(f, buf_cstr(&object), object.len, out);
    out->failed |= object.failed;
    buf_free(&object);
    return reason;
}
