/*
 * A Kafka record as text: one line with tabs, one JSON object, the bare value, or for the eye.
 * What comes from a topic is anybody's bytes: but for TOPIC_RAW into a file or a pipe, and JSON's
 * own escapes, control characters are escaped. Pure; thread rule: any thread.
 */
#ifndef CONSOLE_TOPIC_PRINT_H
#define CONSOLE_TOPIC_PRINT_H

#include "backend/base/buf.h"
#include "backend/kafka/kafka.h"

enum topic_form {
    TOPIC_LINE, /* partition, offset, time, key, headers, value; \N is null */
    TOPIC_JSON, /* one object a line; what is JSON in the record stays it, byte for byte */
    TOPIC_RAW,  /* the value and a newline */
    TOPIC_EYE,  /* several lines, JSON indented */
};

/* terminal: the bytes go to one. */
void topic_print(const struct kafka_record *r, enum topic_form form, bool terminal,
                 struct buf *out);

/* JSON with line breaks and indents; every byte of its tokens stays, but for control characters
 * that strings may hold (DEL, C1), which are escaped. text must be JSON. */
void topic_indent(const char *text, size_t n, struct buf *out);

#endif
