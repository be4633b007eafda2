/*
 * The name of a table's topic: <prefix>.<schema>.<table> in the characters that Kafka takes.
 *
 * ASCII characters that Kafka refuses become "_", as Debezium does it. Other characters become "_u"
 * and the hexadecimal code point, where Debezium writes "_" for each: two tables in Cyrillic would
 * share a topic there. Thread rule: any thread.
 */
#ifndef ENVELOPE_TOPIC_H
#define ENVELOPE_TOPIC_H

#include "backend/base/buf.h"

enum { TOPIC_NAME_MAX = 249 }; /* Kafka's: org.apache.kafka.common.internals.Topic */

/* Appends the name. ERR_CONFIG when it is too long for Kafka. */
enum err topic_name_of_table(const char *prefix, const char *schema, const char *table,
                             struct buf *out, struct errbuf *e) MUST_CHECK;

#endif
