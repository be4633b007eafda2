/*
 * Small readers for the YAML files of marts and tests: they take a node, put what is wrong into a
 * struct faults with file:line, and go on, so that one look shows every mistake.
 *
 * Ownership: texts live in the arena that the YAML was parsed into. Thread rule: any thread.
 */
#ifndef MODEL_SPEC_H
#define MODEL_SPEC_H

#include "backend/base/faults.h"
#include "backend/base/yaml.h"

enum {
    SPEC_NAME_MAX = 100, /* octets of a mart's, test's or parameter's name */
};

struct spec {
    const char *file;
    struct faults *faults;
    struct arena *arena;
};

/* Reports each key of a map that is not among the known ones (NULL-terminated), with the nearest
 * one. `what` names the map: "a mart". False when the node is no map (reported too). */
bool spec_keys(const struct spec *s, const struct yaml *node, const char *what,
               const char *const *known);

/* The text of a key; NULL when it is not there. Reports one that is no text, or is missing although
 * `required`. */
const char *spec_text(const struct spec *s, const struct yaml *node, const char *key,
                      bool required);

/* The texts of a list (or of one text alone), NULL-terminated, never NULL. */
const char *const *spec_texts(const struct spec *s, const struct yaml *node, const char *key);

/* Letters, digits and _ , no digit first, at most SPEC_NAME_MAX octets. */
bool spec_is_name(const char *text);

/* Parts of "schema.table"; false (and reported) when it is not that. */
bool spec_table(const struct spec *s, int line, const char *text, const char **schema,
                const char **table);

/* The line of a key in a map, or the map's own. */
int spec_line(const struct yaml *node, const char *key);

/* The index of a word, or -1 and a fault with the nearest one. */
int spec_word(const struct spec *s, int line, const char *what, const char *text,
              const char *const *words);

#endif
