/*
 * The JSON of a connector as a flat list of settings, each with its line.
 * Thread rule: any thread. Private to the connector files.
 */
#ifndef ENGINE_CONNECTOR_JSON_H
#define ENGINE_CONNECTOR_JSON_H

#include "backend/base/arena.h"
#include "backend/base/faults.h"

enum { CONNECTOR_JSON_MAX = 1 << 20 };

struct connector_setting {
    const char *name;
    const char *value;
    int line; /* 0: unknown */
};

struct connector_json {
    const char *name; /* the outer "name" of {"name":..,"config":{..}}; NULL */
    int n;
    struct connector_setting *items;
    int n_doubles; /* keys that stand twice: JSON takes the last, as Connect does */
    const char **doubles;
};

/* Strings are in the arena. What is no connector's JSON is a fault; nothing else is checked. */
enum err connector_json_parse(const char *text, size_t n, const char *file, struct arena *a,
                              struct connector_json *out, struct faults *faults) MUST_CHECK;

#endif
