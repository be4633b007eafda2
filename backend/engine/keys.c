#include "backend/engine/keys.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "backend/base/nearest.h"
#include "backend/base/pattern.h"

int key_word_index(const char *const *words, const char *text)
{
    for (int i = 0; words[i]; i++)
        if (strcasecmp(words[i], text) == 0)
            return i;
    return -1;
}

static bool read_number(const char *text, const char **rest, int64_t *out)
{
    char *end;
    errno = 0;
    long long v = strtoll(text, &end, 10);
    if (end == text || errno == ERANGE)
        return false;
    while (isspace((unsigned char)*end))
        end++;
    *rest = end;
    *out = v;
    return true;
}

static bool read_bytes(const char *text, int64_t *out)
{
    static const struct {
        const char *word;
        int shift;
    } units[] = {{"", 0},    {"b", 0},    {"k", 10}, {"kb", 10}, {"kib", 10}, {"m", 20},
                 {"mb", 20}, {"mib", 20}, {"g", 30}, {"gb", 30}, {"gib", 30}};
    const char *rest;
    if (!read_number(text, &rest, out) || *out < 0)
        return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strcasecmp(rest, units[i].word) == 0) {
            if (*out > INT64_MAX >> units[i].shift)
                return false;
            *out <<= units[i].shift;
            return true;
        }
    return false;
}

static bool read_bool(const char *text, bool *out)
{
    static const char *const yes[] = {"true", "yes", "on", NULL};
    static const char *const no[] = {"false", "no", "off", NULL};
    *out = key_word_index(yes, text) >= 0;
    return *out || key_word_index(no, text) >= 0;
}

static const char *const *split(const char *text, struct arena *a)
{
    size_t n = 1;
    for (const char *p = text; *p; p++)
        n += *p == ',';
    const char **items = arena_alloc(a, (n + 1) * sizeof *items);
    if (!items)
        return NULL;
    size_t k = 0;
    for (const char *p = text; *p;) {
        const char *end = strchrnul(p, ',');
        const char *from = p, *to = end;
        while (from < to && isspace((unsigned char)*from))
            from++;
        while (to > from && isspace((unsigned char)to[-1]))
            to--;
        if (to > from && !(items[k++] = arena_copy(a, from, (size_t)(to - from))))
            return NULL;
        p = *end ? end + 1 : end;
    }
    items[k] = NULL;
    return items;
}

static const char *join(const char *directory, const char *path, struct arena *a)
{
    if (path[0] == '/' || !directory)
        return arena_strdup(a, path);
    while (strncmp(path, "./", 2) == 0)
        path += 2;
    size_t n = strlen(directory) + strlen(path) + 2;
    char *out = arena_alloc(a, n);
    if (out)
        (void)snprintf(out, n, "%s/%s", directory, path);
    return out;
}

void key_describe_type(const struct key_spec *spec, struct buf *out)
{
    switch (spec->type) {
    case KEY_STRING:
        buf_str(out, spec->words ? "" : "text");
        break;
    case KEY_PATH:
        buf_lit(out, "path");
        break;
    case KEY_BOOL:
        buf_lit(out, "true or false");
        break;
    case KEY_INT:
    case KEY_BYTES:
        buf_str(out, spec->type == KEY_INT ? "whole number" : "size in bytes (or kB, MB, GB)");
        if (spec->max > spec->min)
            buf_printf(out, " from %lld to %lld", (long long)spec->min, (long long)spec->max);
        break;
    case KEY_ENUM:
        break;
    case KEY_LIST:
        buf_lit(out, "list");
        break;
    case KEY_MAP:
        buf_lit(out, "names with values");
        break;
    case KEY_REGEX:
        buf_lit(out, "regular expressions separated by commas");
        break;
    }
    for (int i = 0; spec->words && spec->words[i]; i++)
        buf_printf(out, "%s%s", i ? ", " : spec->words[1] ? "one of " : "", spec->words[i]);
}

static enum err complain(const struct key_spec *spec, const char *text, struct buf *why)
{
    bool countable = spec->type == KEY_INT || spec->type == KEY_BYTES;
    buf_str(why, countable ? "must be a " : "must be ");
    key_describe_type(spec, why);
    if (!(spec->flags & (KEY_SECRET | KEY_CONNECTION)))
        buf_printf(why, ", not `%.100s`", text);
    if (spec->words) {
        struct nearest near;
        char hint[128];
        nearest_start(&near, text);
        for (int i = 0; spec->words[i]; i++)
            nearest_offer(&near, spec->words[i]);
        buf_str(why, nearest_hint(&near, hint, sizeof hint));
    }
    return ERR_CONFIG;
}

static enum err store_number(const struct key_spec *spec, char *field, const char *text,
                             struct buf *why)
{
    int64_t v = 0;
    const char *rest = "";
    bool good = spec->type == KEY_BYTES ? read_bytes(text, &v)
                                        : read_number(text, &rest, &v) && *rest == '\0';
    if (!good || (spec->max > spec->min && (v < spec->min || v > spec->max)))
        return complain(spec, text, why);
    if (field)
        memcpy(field, &v, sizeof v);
    return ERR_OK;
}

static enum err store_regex(const char *text, struct buf *why)
{
    struct pattern_list *l = NULL;
    struct errbuf e;
    enum err rc = pattern_list_create(text, PATTERN_LIST | PATTERN_IGNORE_CASE, &l, &e);
    if (rc != ERR_OK)
        buf_str(why, e.text);
    pattern_list_destroy(l);
    return rc;
}

static enum err store_pointer(const struct key_spec *spec, char *field, const char *text,
                              const char *directory, struct arena *a, struct buf *why)
{
    const void *p;
    if (spec->type == KEY_LIST)
        p = split(text, a);
    else if (spec->type == KEY_PATH && *text)
        p = join(directory, text, a);
    else
        p = arena_strdup(a, text);
    if (!p) {
        buf_lit(why, "out of memory");
        return ERR_NOMEM;
    }
    memcpy(field, &p, sizeof p);
    return ERR_OK;
}

enum err key_store(const struct key_spec *spec, void *target, const char *text,
                   const char *directory, struct arena *a, struct buf *why)
{
    char *field = spec->offset == KEY_NO_FIELD ? NULL : (char *)target + spec->offset;
    switch (spec->type) {
    case KEY_INT:
    case KEY_BYTES:
        return store_number(spec, field, text, why);
    case KEY_BOOL: {
        bool v;
        if (!read_bool(text, &v))
            return complain(spec, text, why);
        if (field)
            memcpy(field, &v, sizeof v);
        return ERR_OK;
    }
    case KEY_ENUM: {
        int v = key_word_index(spec->words, text);
        if (v < 0)
            return complain(spec, text, why);
        if (field)
            memcpy(field, &v, sizeof v);
        return ERR_OK;
    }
    case KEY_REGEX: {
        enum err rc = store_regex(text, why);
        if (rc != ERR_OK || !field)
            return rc;
        break;
    }
    default:
        if (spec->words && key_word_index(spec->words, text) < 0)
            return complain(spec, text, why);
        break;
    }
    return field ? store_pointer(spec, field, text, directory, a, why) : ERR_OK;
}

/* `name.*` covers whatever stands for the star. */
static bool covers(const char *family, const char *name)
{
    size_t n = strlen(family);
    return n && family[n - 1] == '*' && strncmp(family, name, n - 1) == 0 && name[n - 1] != '\0';
}

const struct key_spec *key_find(const struct key_spec *specs, int n, const char *name)
{
    for (int i = 0; i < n; i++)
        if (strcmp(specs[i].name, name) == 0 ||
            (specs[i].alias && strcmp(specs[i].alias, name) == 0))
            return &specs[i];
    for (int i = 0; i < n; i++)
        if (covers(specs[i].name, name))
            return &specs[i];
    return NULL;
}

void key_hint(const struct key_spec *specs, int n, const char *name, char *out, size_t size)
{
    struct nearest near;
    nearest_start(&near, name);
    for (int i = 0; i < n; i++) {
        nearest_offer(&near, specs[i].name);
        if (specs[i].alias)
            nearest_offer(&near, specs[i].alias);
    }
    (void)nearest_hint(&near, out, size);
}
