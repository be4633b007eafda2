/* What the files of the topic service share. Not for others. */
#ifndef ENGINE_TOPIC_RUN_H
#define ENGINE_TOPIC_RUN_H

#include "backend/engine/topic_service.h"
#include "backend/kafka/reader.h"

/* One request's reading. */
struct topic_look {
    struct kafka_reader *reader;
    int64_t until_us; /* monotonic */
    const char *key;  /* NULL: any */
    const char *text;
    size_t value_bytes; /* of a key, value or header in the answer */
    int64_t looked;     /* records */
    size_t bytes;       /* of the answer so far */
};

/* The reader, which is the caller's until it is given back; failed: it is not used again. */
enum err topic_reader_take(struct topic_service *s, struct kafka_reader **out,
                           struct errbuf *e) MUST_CHECK;
void topic_reader_give(struct topic_service *s, bool failed);

/* The uses of a struct topic_look (arg): records as JSON that match; or only counted in `looked`
 * and `bytes`. */
struct kafka_reader_use topic_use_messages(struct topic_look *l);
struct kafka_reader_use topic_use_sizes(struct topic_look *l);

#endif
