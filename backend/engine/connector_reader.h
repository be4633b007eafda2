/*
 * What the files that read a connector share. Private to the connector files.
 */
#ifndef ENGINE_CONNECTOR_READER_H
#define ENGINE_CONNECTOR_READER_H

#include "backend/engine/connector_fields.h"
#include "backend/engine/connector_json.h"

enum { CONNECTOR_WARNINGS_MAX = 64 };

struct reader {
    const struct config *config;
    struct connector *k;
    struct arena *arena;
    struct faults *faults;
    const char *file;
    struct connector_json json;
    const char **warnings;
};

/* A fault at a key (`key: why`); a warning, kept with the connector. */
void reader_fault(struct reader *r, const char *key, const char *fmt, ...) PRINTF_LIKE(3, 4);
void reader_warn(struct reader *r, const char *fmt, ...) PRINTF_LIKE(2, 3);
const struct connector_setting *reader_setting(const struct reader *r, const char *key);

/* Arena copies; a lack of memory is a fault and gives "". */
const char *reader_copy(struct reader *r, const char *text, size_t n);
const char *reader_join(struct reader *r, const char *a, const char *b);

/* ${..} replaced; NULL after a fault. `keep`: names left as they are. */
const char *reader_expand(struct reader *r, const struct connector_setting *s,
                          const char *const *keep);

/* name, value, .., NULL: the configuration's kafka settings with `family` (producer.override.)
 * over them, under librdkafka's names. */
const char *const *reader_kafka(struct reader *r, const char *family);

/* The two kinds: from fields to k->source or k->sink. */
void reader_finish_source(struct reader *r, struct source_fields *f);
void reader_finish_sink(struct reader *r, struct sink_fields *f);

#endif
