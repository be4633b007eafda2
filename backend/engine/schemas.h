/*
 * What a sink knows of the schema topic: fingerprint -> flat_plan.
 *
 * An unknown fingerprint reads the topic on to its end: the record was committed with the row that
 * names it, or before. So one that is not found then is a fault of the topic, not a matter of
 * waiting. Thread rule: one thread.
 */
#ifndef ENGINE_SCHEMAS_H
#define ENGINE_SCHEMAS_H

#include "backend/envelope/decode.h"

struct schemas;
struct schemas *schemas_create(const char *const *kafka, const char *topic,
                               const _Atomic bool *stop);
void schemas_destroy(struct schemas *s);

/* fingerprint: 16 hex digits. The plan belongs to the registry (flat_plan_ref it to keep it).
 * ERR_NOT_FOUND: the topic has none. */
enum err schemas_find(struct schemas *s, const char *fingerprint, struct flat_plan **out,
                      struct errbuf *e) MUST_CHECK;

#endif
