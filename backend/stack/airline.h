/*
 * The airline in the demo's source: eight tables and their rows, made by queries/demo/schema.sql
 * and generate.sql in one transaction. Thread rule: any thread.
 */
#ifndef STACK_AIRLINE_H
#define STACK_AIRLINE_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/base/err.h"

enum { AIRLINE_SCALE_MAX = 100, AIRLINE_SEED = 1 };

struct airline_options {
    int scale;         /* 1: about 500k rows */
    int seed;          /* the same seed, scale and moment give the same rows */
    const char *as_of; /* the moment that is "now" (a timestamptz); NULL: now */
};

/* ERR_EXISTS when the tables are there already; they are then left as they are. */
enum err airline_load(const char *conninfo, const struct airline_options *o,
                      struct errbuf *e) MUST_CHECK;
enum err airline_is_loaded(const char *conninfo, bool *out, struct errbuf *e) MUST_CHECK;
enum err airline_count(const char *conninfo, int64_t *rows, struct errbuf *e) MUST_CHECK;

#endif
