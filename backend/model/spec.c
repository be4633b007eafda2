#include "backend/model/spec.h"

#include <ctype.h>
#include <string.h>

#include "backend/base/nearest.h"

enum { HINT_MAX = 160 };

bool spec_keys(const struct spec *s, const struct yaml *node, const char *what,
               const char *const *known)
{
    if (!node || node->kind != YAML_MAP) {
        faults_add(s->faults, s->file, node ? node->line : 0, "%s is a map of keys", what);
        return false;
    }
    for (int i = 0; i < node->n; i++) {
        struct nearest near;
        char hint[HINT_MAX];
        bool found = false;
        nearest_start(&near, node->names[i]);
        for (int k = 0; known[k] && !found; k++) {
            found = !strcmp(known[k], node->names[i]);
            nearest_offer(&near, known[k]);
        }
        if (!found)
            faults_add(s->faults, s->file, node->lines[i], "unknown key `%s` in %s%s",
                       node->names[i], what, nearest_hint(&near, hint, sizeof hint));
    }
    return true;
}

int spec_line(const struct yaml *node, const char *key)
{
    if (!node)
        return 0;
    for (int i = 0; node->kind == YAML_MAP && i < node->n; i++)
        if (!strcmp(node->names[i], key))
            return node->lines[i];
    return node->line;
}

const char *spec_text(const struct spec *s, const struct yaml *node, const char *key, bool required)
{
    const struct yaml *v = yaml_get(node, key);
    if (!v || yaml_is_null(v)) {
        if (required)
            faults_add(s->faults, s->file, node ? node->line : 0, "`%s` is missing", key);
        return NULL;
    }
    if (v->kind != YAML_SCALAR) {
        faults_add(s->faults, s->file, spec_line(node, key), "`%s` is a text", key);
        return NULL;
    }
    return v->text;
}

const char *const *spec_texts(const struct spec *s, const struct yaml *node, const char *key)
{
    static const char *const none[] = {NULL};
    const struct yaml *v = yaml_get(node, key);
    if (!v || yaml_is_null(v))
        return none;
    int n = v->kind == YAML_LIST ? v->n : 1;
    const char **out = arena_alloc(s->arena, ((size_t)n + 1) * sizeof *out);
    if (!out) {
        faults_add(s->faults, s->file, v->line, "no memory for `%s`", key);
        return none;
    }
    int k = 0;
    for (int i = 0; i < n; i++) {
        const struct yaml *item = v->kind == YAML_LIST ? v->items[i] : v;
        if (item->kind == YAML_SCALAR && !yaml_is_null(item))
            out[k++] = item->text;
        else
            faults_add(s->faults, s->file, item->line, "`%s` is a list of texts", key);
    }
    out[k] = NULL;
    return out;
}

bool spec_is_name(const char *text)
{
    size_t n = strlen(text);
    if (!n || n > SPEC_NAME_MAX || isdigit((unsigned char)*text))
        return false;
    for (const char *p = text; *p; p++)
        if (!isalnum((unsigned char)*p) && *p != '_')
            return false;
    return true;
}

bool spec_table(const struct spec *s, int line, const char *text, const char **schema,
                const char **table)
{
    const char *dot = strchr(text, '.');
    if (!dot || dot == text || !dot[1] || strchr(dot + 1, '.')) {
        faults_add(s->faults, s->file, line, "`%s` is not SCHEMA.TABLE", text);
        return false;
    }
    *schema = arena_copy(s->arena, text, (size_t)(dot - text));
    *table = dot + 1;
    if (!*schema)
        faults_add(s->faults, s->file, line, "no memory for `%s`", text);
    return *schema != NULL;
}

int spec_word(const struct spec *s, int line, const char *what, const char *text,
              const char *const *words)
{
    struct nearest near;
    char hint[HINT_MAX];
    nearest_start(&near, text);
    for (int i = 0; words[i]; i++) {
        if (!strcmp(words[i], text))
            return i;
        nearest_offer(&near, words[i]);
    }
    faults_add(s->faults, s->file, line, "unknown %s `%s`%s", what, text,
               nearest_hint(&near, hint, sizeof hint));
    return -1;
}
