/*
 * jansson reads the values and finds what is no JSON. It tells no lines of keys, so a scan over the
 * same (by then valid) text finds them: a string followed by a colon is a key.
 */
#include "backend/engine/connector_json.h"

#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

struct key_place {
    int line;
    int times;
};

static struct key_place find_key(const char *text, size_t n, const char *key)
{
    struct key_place place = {0, 0};
    size_t k = strlen(key);
    int line = 1;
    for (size_t i = 0; i < n; i++) {
        line += text[i] == '\n';
        if (text[i] != '"')
            continue;
        size_t from = ++i;
        while (i < n && text[i] != '"')
            i += text[i] == '\\' ? 2 : 1;
        size_t after = i + 1;
        while (after < n && isspace((unsigned char)text[after]))
            after++;
        if (after < n && text[after] == ':' && i - from == k && memcmp(text + from, key, k) == 0) {
            place.line = line;
            place.times++;
        }
    }
    return place;
}

static const char *value_text(const json_t *v, struct arena *a)
{
    char number[64];
    if (json_is_string(v))
        return arena_strdup(a, json_string_value(v));
    if (json_is_boolean(v))
        return json_is_true(v) ? "true" : "false";
    if (json_is_integer(v))
        (void)snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
    else
        (void)snprintf(number, sizeof number, "%.17g", json_real_value(v));
    return arena_strdup(a, number);
}

static enum err read_settings(json_t *config, const char *text, size_t n, const char *file,
                              struct arena *a, struct connector_json *out, struct faults *faults)
{
    size_t most = json_object_size(config) + 1;
    out->items = arena_alloc(a, most * sizeof *out->items);
    out->doubles = arena_alloc(a, most * sizeof *out->doubles);
    if (!out->items || !out->doubles)
        return ERR_NOMEM;
    const char *key;
    json_t *value;
    json_object_foreach(config, key, value)
    {
        struct key_place place = find_key(text, n, key);
        if (json_is_null(value)) /* as Connect: null is not given */
            continue;
        if (json_is_object(value) || json_is_array(value)) {
            faults_add(faults, file, place.line, "`%s` must be a text, a number, true or false",
                       key);
            continue;
        }
        struct connector_setting *s = &out->items[out->n];
        s->name = arena_strdup(a, key);
        s->value = value_text(value, a);
        s->line = place.line;
        if (!s->name || !s->value)
            return ERR_NOMEM;
        /* The outer "name" is another key than the one inside `config`. */
        if (place.times > 1 && !(strcmp(key, "name") == 0 && out->name && place.times == 2))
            out->doubles[out->n_doubles++] = s->name;
        out->n++;
    }
    return ERR_OK;
}

enum err connector_json_parse(const char *text, size_t n, const char *file, struct arena *a,
                              struct connector_json *out, struct faults *faults)
{
    memset(out, 0, sizeof *out);
    if (n > CONNECTOR_JSON_MAX) {
        faults_add(faults, file, 0, "larger than %d bytes", CONNECTOR_JSON_MAX);
        return ERR_CONFIG;
    }
    json_error_t why;
    enum err rc = ERR_CONFIG;
    json_t *root = json_loadb(text, n, 0, &why);
    if (!root) {
        faults_add(faults, file, why.line, "not JSON: %s", why.text);
        return ERR_CONFIG;
    }
    json_t *config = json_object_get(root, "config");
    if (!json_is_object(root)) {
        faults_add(faults, file, 1, "must be a JSON object: {\"name\": .., \"config\": {..}}");
        goto out;
    }
    if (config && !json_is_object(config)) {
        faults_add(faults, file, find_key(text, n, "config").line, "`config` must be an object");
        goto out;
    }
    if (config) {
        const char *key;
        json_t *value;
        json_object_foreach(root, key, value)
        {
            if (strcmp(key, "name") == 0 && json_is_string(value))
                out->name = arena_strdup(a, json_string_value(value));
            else if (strcmp(key, "config") != 0 && strcmp(key, "tasks") != 0 &&
                     strcmp(key, "type") != 0 && strcmp(key, "initial_state") != 0)
                faults_add(faults, file, find_key(text, n, key).line,
                           "unknown key `%s` beside `name` and `config`", key);
        }
    }
    rc = read_settings(config ? config : root, text, n, file, a, out, faults);
    if (rc == ERR_NOMEM)
        faults_add(faults, file, 0, "out of memory");
out:
    json_decref(root);
    return rc;
}
