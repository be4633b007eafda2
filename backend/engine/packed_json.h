/* JSON as the store keeps it: compact, compressed, behind its length. Thread rule: any thread. */
#ifndef ENGINE_PACKED_JSON_H
#define ENGINE_PACKED_JSON_H

#include <jansson.h>
#include <stddef.h>

enum { PACKED_JSON_MAX = 256 << 10 }; /* compressed; what is larger is not kept */

/* Reals with so many digits. free(); NULL without memory, or where it is too large. */
void *packed_json_make(const json_t *value, int digits, size_t *n);
/* A new reference; NULL: it is damaged, or there is no memory. */
json_t *packed_json_open(const void *body, size_t n);

#endif
