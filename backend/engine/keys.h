/*
 * One row of a table of settings, and how a text becomes the field that it fills.
 *
 * The configuration (config_schema.c) and the connectors (connector_keys.c) are such tables:
 * checking, defaults, `config show`, the reference pages all derive from them.
 * Thread rule: the tables are constant; key_store works on its caller's memory only.
 */
#ifndef ENGINE_KEYS_H
#define ENGINE_KEYS_H

#include <stdint.h>

#include "backend/base/arena.h"
#include "backend/base/buf.h"

enum key_type {
    KEY_STRING, /* const char *; NULL when not given and without default */
    KEY_PATH,   /* const char *: relative ones start at the file's folder */
    KEY_BOOL,   /* bool */
    KEY_INT,    /* int64_t, min..max */
    KEY_BYTES,  /* int64_t: 1048576, 512 kB, 16 MB, 1 GB (powers of 1024) */
    KEY_ENUM,   /* int: the place of the word in `words` */
    KEY_LIST,   /* const char *const *, NULL-terminated */
    KEY_MAP,    /* const char *const *: name, value, .., NULL */
    KEY_REGEX,  /* struct pattern_list *, compiled by its owner; the text is checked */
};

enum key_flags {
    KEY_SECRET = 1,     /* the whole value is one */
    KEY_CONNECTION = 2, /* a connection string that may hold a password */
    KEY_TEMPLATE = 4,   /* ${topic} and friends are the value's own, not variables */
    KEY_REQUIRED = 8,
};

/* What a known connector key does here. */
enum key_effect {
    EFFECT_HONOURED, /* fills a field */
    EFFECT_FIXED,    /* only the listed words are what we do: others are an error in words */
    EFFECT_NONE,     /* no effect here: named once in a warning */
    EFFECT_REFUSED,  /* not done here, and leaving it out would change the data: an error */
    EFFECT_SILENT,   /* identifies the connector or its form; nothing to say about it */
};

enum { KEY_NO_FIELD = -1 };

struct key_spec {
    const char *name;  /* dotted path; a trailing * stands for any rest (producer.override.*) */
    const char *alias; /* another name of the same key, or NULL */
    enum key_type type;
    enum key_effect effect;
    int flags;
    int64_t offset; /* of the field in its struct; KEY_NO_FIELD without one */
    int64_t min;
    int64_t max;
    const char *def;          /* default as text; NULL: none */
    const char *const *words; /* KEY_ENUM, EFFECT_FIXED: the allowed ones, NULL-terminated */
    const char *help;
};

/* The place of a word in a NULL-terminated list, letters' case ignored; -1: not there. */
int key_word_index(const char *const *words, const char *text);

/*
 * Stores `text` as the spec's field of `target`. Strings are copied to the arena. KEY_LIST splits
 * at commas. KEY_PATH is joined to `directory`. On a fault `why` gets the words ("must be a whole
 * number from 1 to 10, not `x`"); secrets are not repeated there.
 */
enum err key_store(const struct key_spec *spec, void *target, const char *text,
                   const char *directory, struct arena *a, struct buf *why) MUST_CHECK;

/* "whole number", "text", "yes or no", "one of a, b, c": for messages and reference pages. */
void key_describe_type(const struct key_spec *spec, struct buf *out);

/* The spec named so (also by alias), else the first family (name.*) that covers it; NULL: unknown.
 */
const struct key_spec *key_find(const struct key_spec *specs, int n, const char *name);

/* " (did you mean `x`?)" over all names; "" when nothing is near. */
void key_hint(const struct key_spec *specs, int n, const char *name, char *out, size_t size);

#endif
