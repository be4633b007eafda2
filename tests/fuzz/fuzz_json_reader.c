/*
 * The JSON reader on any bytes: it takes what jansson takes, reading value by value and skipping
 * agree, and what unescapes equals itself.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "backend/base/json_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool walk(struct json_reader *r);

static bool walk_string(struct json_reader *r)
{
    struct jtext t;
    if (!jread_string(r, &t))
        return false;
    char *out = malloc(t.len ? t.len : 1);
    size_t n = jread_unescape(&t, out);
    if (n > t.len || !jread_text_equal(&t, out, n) || (!t.escaped && n != t.len))
        abort();
    if (t.nul != (n && memchr(out, 0, n) != NULL))
        abort();
    free(out);
    return true;
}

static bool walk(struct json_reader *r)
{
    struct jtext t;
    bool flag;
    switch (jread_peek(r)) {
    case JREAD_OBJECT:
        if (!jread_object(r))
            return false;
        while (jread_key(r, &t))
            if (!walk(r))
                return false;
        return !r->fault;
    case JREAD_ARRAY:
        if (!jread_array(r))
            return false;
        while (jread_item(r))
            if (!walk(r))
                return false;
        return !r->fault;
    case JREAD_STRING:
        return walk_string(r);
    case JREAD_NUMBER:
        return jread_number(r, &t);
    case JREAD_TRUE:
    case JREAD_FALSE:
        return jread_bool(r, &flag);
    case JREAD_NULL:
        return jread_null(r);
    default:
        return jread_skip(r, NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json_reader skipper, walker;
    const char *p = (const char *)data;
    jread_init(&skipper, p, size);
    jread_init(&walker, p, size);
    bool skipped = jread_skip(&skipper, NULL) && jread_end(&skipper);
    bool walked = walk(&walker) && jread_end(&walker);
    if (skipped != walked || skipper.fault_at != walker.fault_at || skipper.fault_at > size)
        abort();

    json_error_t error;
    json_t *v = json_loadb(p, size, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (v && !skipped && strcmp(skipper.fault, "nested too deep") != 0 && !memchr(p, 0, size))
        abort();
    /* jansson refuses numbers that it cannot hold, NUL in keys, and depth on its own terms */
    if (!v && skipped && !strstr(error.text, "big") && !strstr(error.text, "real number") &&
        !strstr(error.text, "NUL byte in object key"))
        abort();
    json_decref(v);
    return 0;
}
