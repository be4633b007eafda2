/*
 * YAML to a tree whose every node knows its line, for configuration files.
 *
 * Small on purpose: one document, mappings with scalar keys, sequences, scalars kept as text. What
 * has no place in a configuration is an error with file:line: anchors, aliases and tags, a key
 * given twice, nesting deeper than YAML_DEPTH_MAX, a file above YAML_FILE_MAX.
 *
 * Ownership: nodes and strings live in the caller's arena. Thread rule: any thread.
 */
#ifndef BASE_YAML_H
#define BASE_YAML_H

#include "backend/base/arena.h"

enum { YAML_DEPTH_MAX = 16, YAML_FILE_MAX = 1 << 20 };

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml {
    enum yaml_kind kind;
    int line;
    bool plain;       /* a scalar without quotes: `no`, `~` may mean more than text */
    const char *text; /* scalar */
    int n;            /* list, map */
    struct yaml **items;
    const char **names; /* map: names[i] belongs to items[i] */
    int *lines;         /* map: the line of names[i] */
};

/* `name` stands for the file in messages. *out NULL: an empty document. ERR_CONFIG in words. */
enum err yaml_parse(const char *text, size_t n, const char *name, struct arena *a,
                    struct yaml **out, struct errbuf *e) MUST_CHECK;

/* The item of that name, or NULL (also where node is NULL or no map). */
struct yaml *yaml_get(const struct yaml *node, const char *name);

/* True for an empty or `~`/`null` scalar without quotes. */
bool yaml_is_null(const struct yaml *node);

#endif
