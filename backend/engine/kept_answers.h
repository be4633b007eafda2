/*
 * What servers answered over time, so that a console can look at them as they were: the newest of
 * each question at or before a moment.
 *
 * Kept, in the store beside the recorder's records: each answer for an hour, the first of each 5
 * minutes for a day, of each hour for 30 days; the oldest go when all of them are too many bytes.
 * One that is larger than PACKED_JSON_MAX is not kept. An answer stands under its method and, where
 * there are several questions, their parameters.
 *
 * Thread rule: any thread.
 */
#ifndef ENGINE_KEPT_ANSWERS_H
#define ENGINE_KEPT_ANSWERS_H

#include <jansson.h>

#include "backend/state/store_answers.h"

/* Of recorder.size, this share is for answers. */
static inline int64_t kept_answers_share(int64_t size)
{
    return size / 4;
}

/* bytes: of all answers together; 0: nothing is kept. params NULL: the method has one question. */
enum err kept_answers_add(struct store *s, int64_t bytes, const char *method, const json_t *params,
                          const json_t *answer, int64_t now_us, struct errbuf *e) MUST_CHECK;
/* When the newest was kept; 0: none. */
enum err kept_answers_last(struct store *s, const char *method, const json_t *params,
                           int64_t *ts_us, struct errbuf *e) MUST_CHECK;
/* recorder.answer of docs/control.md. ERR_NOT_FOUND: there is none of that time or before. */
enum err kept_answers_at(struct store *s, const json_t *params, json_t **result,
                         struct errbuf *e) MUST_CHECK;

#endif
