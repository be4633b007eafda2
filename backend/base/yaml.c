#include "backend/base/yaml.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct reader {
    yaml_parser_t parser;
    const char *name;
    struct arena *arena;
    struct errbuf *e;
};

static enum err no_memory(struct reader *r)
{
    return err_set(r->e, ERR_NOMEM, "%s: out of memory", r->name);
}

static int line_of(const yaml_event_t *ev)
{
    return (int)ev->start_mark.line + 1;
}

static enum err next_event(struct reader *r, yaml_event_t *ev)
{
    if (yaml_parser_parse(&r->parser, ev))
        return ERR_OK;
    const yaml_parser_t *p = &r->parser;
    if (p->error == YAML_MEMORY_ERROR)
        return no_memory(r);
    size_t line = p->error == YAML_READER_ERROR ? 0 : p->problem_mark.line + 1;
    const char *problem = p->problem ? p->problem : "not YAML";
    if (line == 0)
        return err_set(r->e, ERR_CONFIG, "%s: byte %zu: %s", r->name, p->problem_offset, problem);
    return err_set(r->e, ERR_CONFIG, "%s:%zu: %s%s%s%s", r->name, line, problem,
                   p->context ? " (" : "", p->context ? p->context : "", p->context ? ")" : "");
}

/* Doubles an arena array when n has reached a power of two. */
static void *grown(struct arena *a, void *old, int n, size_t size)
{
    if (n & (n - 1))
        return old;
    void *p = arena_alloc(a, (size_t)(n ? n * 2 : 1) * size);
    if (p && n)
        memcpy(p, old, (size_t)n * size);
    return p;
}

static enum err append(struct reader *r, struct yaml *to, const char *name, int line,
                       struct yaml *item)
{
    to->items = grown(r->arena, to->items, to->n, sizeof *to->items);
    if (!to->items)
        return no_memory(r);
    to->items[to->n] = item;
    if (to->kind == YAML_MAP) {
        to->names = grown(r->arena, to->names, to->n, sizeof *to->names);
        to->lines = grown(r->arena, to->lines, to->n, sizeof *to->lines);
        if (!to->names || !to->lines)
            return no_memory(r);
        to->names[to->n] = name;
        to->lines[to->n] = line;
    }
    to->n++;
    return ERR_OK;
}

static enum err read_node(struct reader *r, const yaml_event_t *first, int depth,
                          struct yaml **out);

static enum err read_list(struct reader *r, struct yaml *list, int depth)
{
    for (;;) {
        yaml_event_t ev;
        enum err rc = next_event(r, &ev);
        if (rc != ERR_OK)
            return rc;
        bool end = ev.type == YAML_SEQUENCE_END_EVENT;
        struct yaml *item = NULL;
        if (!end)
            rc = read_node(r, &ev, depth + 1, &item);
        yaml_event_delete(&ev);
        if (end || rc != ERR_OK)
            return rc;
        rc = append(r, list, NULL, 0, item);
        if (rc != ERR_OK)
            return rc;
    }
}

static enum err read_pair(struct reader *r, struct yaml *map, const yaml_event_t *key, int depth)
{
    if (key->type != YAML_SCALAR_EVENT)
        return err_set(r->e, ERR_CONFIG, "%s:%d: a key must be a plain word", r->name,
                       line_of(key));
    struct yaml *item = NULL;
    const char *name = arena_copy(r->arena, key->data.scalar.value, key->data.scalar.length);
    if (!name)
        return no_memory(r);
    for (int i = 0; i < map->n; i++)
        if (strcmp(map->names[i], name) == 0)
            return err_set(r->e, ERR_CONFIG, "%s:%d: `%s` is given twice, first in line %d",
                           r->name, line_of(key), name, map->lines[i]);
    yaml_event_t ev;
    enum err rc = next_event(r, &ev);
    if (rc != ERR_OK)
        return rc;
    rc = read_node(r, &ev, depth + 1, &item);
    yaml_event_delete(&ev);
    return rc == ERR_OK ? append(r, map, name, line_of(key), item) : rc;
}

static enum err read_map(struct reader *r, struct yaml *map, int depth)
{
    for (;;) {
        yaml_event_t ev;
        enum err rc = next_event(r, &ev);
        if (rc != ERR_OK)
            return rc;
        bool end = ev.type == YAML_MAPPING_END_EVENT;
        if (!end)
            rc = read_pair(r, map, &ev, depth);
        yaml_event_delete(&ev);
        if (end || rc != ERR_OK)
            return rc;
    }
}

/* An anchor or a tag would change what a value means without showing it: neither is read. */
static bool has_anchor_or_tag(const yaml_event_t *ev)
{
    switch (ev->type) {
    case YAML_SCALAR_EVENT:
        return ev->data.scalar.anchor || ev->data.scalar.tag;
    case YAML_SEQUENCE_START_EVENT:
        return ev->data.sequence_start.anchor || ev->data.sequence_start.tag;
    case YAML_MAPPING_START_EVENT:
        return ev->data.mapping_start.anchor || ev->data.mapping_start.tag;
    default:
        return false;
    }
}

static enum err read_node(struct reader *r, const yaml_event_t *first, int depth, struct yaml **out)
{
    int line = line_of(first);
    if (depth > YAML_DEPTH_MAX)
        return err_set(r->e, ERR_CONFIG, "%s:%d: nested deeper than %d levels", r->name, line,
                       YAML_DEPTH_MAX);
    if (first->type == YAML_ALIAS_EVENT)
        return err_set(r->e, ERR_CONFIG,
                       "%s:%d: aliases (*name) are not read here; a value that begins with * needs "
                       "quotes",
                       r->name, line);
    if (has_anchor_or_tag(first))
        return err_set(r->e, ERR_CONFIG,
                       "%s:%d: anchors (&name) and tags (!name) are not read here; a value that "
                       "begins with & or ! needs quotes",
                       r->name, line);
    struct yaml *node = arena_alloc(r->arena, sizeof *node);
    if (!node)
        return no_memory(r);
    memset(node, 0, sizeof *node);
    node->line = line;
    *out = node;
    switch (first->type) {
    case YAML_SCALAR_EVENT:
        node->kind = YAML_SCALAR;
        node->plain = first->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
        node->text = arena_copy(r->arena, first->data.scalar.value, first->data.scalar.length);
        if (!node->text)
            return no_memory(r);
        if (strlen(node->text) != first->data.scalar.length)
            return err_set(r->e, ERR_CONFIG, "%s:%d: a value holds a zero byte", r->name, line);
        return ERR_OK;
    case YAML_SEQUENCE_START_EVENT:
        node->kind = YAML_LIST;
        return read_list(r, node, depth);
    case YAML_MAPPING_START_EVENT:
        node->kind = YAML_MAP;
        return read_map(r, node, depth);
    default:
        return err_set(r->e, ERR_CONFIG, "%s:%d: unexpected end of the document", r->name, line);
    }
}

static enum err read_document(struct reader *r, struct yaml **out)
{
    *out = NULL;
    for (bool seen = false;;) {
        yaml_event_t ev;
        enum err rc = next_event(r, &ev);
        if (rc != ERR_OK)
            return rc;
        bool end = ev.type == YAML_STREAM_END_EVENT;
        if (ev.type != YAML_STREAM_START_EVENT && ev.type != YAML_DOCUMENT_START_EVENT &&
            ev.type != YAML_DOCUMENT_END_EVENT && !end) {
            if (seen)
                rc = err_set(r->e, ERR_CONFIG, "%s:%d: a second document begins; only one is read",
                             r->name, line_of(&ev));
            else
                rc = read_node(r, &ev, 0, out);
            seen = true;
        }
        yaml_event_delete(&ev);
        if (end || rc != ERR_OK)
            return rc;
    }
}

enum err yaml_parse(const char *text, size_t n, const char *name, struct arena *a,
                    struct yaml **out, struct errbuf *e)
{
    struct reader r = {.name = name, .arena = a, .e = e};
    *out = NULL;
    if (n > YAML_FILE_MAX)
        return err_set(e, ERR_CONFIG, "%s: larger than %d bytes", name, YAML_FILE_MAX);
    if (!yaml_parser_initialize(&r.parser))
        return no_memory(&r);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, n);
    enum err rc = read_document(&r, out);
    yaml_parser_delete(&r.parser);
    if (rc == ERR_OK && *out && yaml_is_null(*out))
        *out = NULL;
    return rc;
}

struct yaml *yaml_get(const struct yaml *node, const char *name)
{
    if (!node || node->kind != YAML_MAP)
        return NULL;
    for (int i = 0; i < node->n; i++)
        if (strcmp(node->names[i], name) == 0)
            return node->items[i];
    return NULL;
}

bool yaml_is_null(const struct yaml *node)
{
    return node->kind == YAML_SCALAR && node->plain &&
           (node->text[0] == '\0' || strcmp(node->text, "~") == 0 ||
            strcmp(node->text, "null") == 0);
}
