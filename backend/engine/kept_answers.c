#include "backend/engine/kept_answers.h"

#include <stdio.h>
#include <stdlib.h>

#include "backend/engine/packed_json.h"

enum { REAL_DIGITS = 15 };

/* The first of so long is kept for so long. */
static const struct tier {
    int64_t step_us, keep_us;
} tiers[STORE_TIERS] = {
    {1, INT64_C(3600000000)},
    {INT64_C(300000000), INT64_C(86400000000)},
    {INT64_C(3600000000), INT64_C(2592000000000)},
};

static enum err no_memory(struct errbuf *e)
{
    return err_set(e, ERR_NOMEM, "no memory for an answer");
}

/* free(); NULL without memory. */
static char *key_of(const char *method, const json_t *params)
{
    char *key = NULL;
    char *text = json_is_object(params) ? json_dumps(params, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    int n = asprintf(&key, "%s%s%s", method, text ? " " : "", text ? text : "");
    free(text);
    return n < 0 ? NULL : key;
}

static int tier_of(int64_t last_us, int64_t now_us)
{
    int t = STORE_TIERS - 1;
    while (t > 0 && last_us && now_us / tiers[t].step_us == last_us / tiers[t].step_us)
        t--;
    return t;
}

static enum err add(struct store *s, int64_t bytes, const char *key, const json_t *answer,
                    int64_t now_us, struct errbuf *e)
{
    int64_t last_us;
    struct store_records_keep keep = {.bytes = bytes};
    enum err rc = store_answer_last(s, key, &last_us, e);
    struct store_answer a = {.key = key, .ts_us = now_us, .tier = tier_of(last_us, now_us)};
    if (rc)
        return rc;
    for (int t = 0; t < STORE_TIERS; t++)
        keep.from_us[t] = now_us - tiers[t].keep_us;
    void *body = packed_json_make(answer, REAL_DIGITS, &a.n_body);
    a.body = body;
    rc = body ? store_answer_add(s, &a, &keep, e) : ERR_OK; /* too large: not kept */
    free(body);
    return rc;
}

enum err kept_answers_add(struct store *s, int64_t bytes, const char *method, const json_t *params,
                          const json_t *answer, int64_t now_us, struct errbuf *e)
{
    if (!bytes)
        return ERR_OK;
    char *key = key_of(method, params);
    enum err rc = key ? add(s, bytes, key, answer, now_us, e) : no_memory(e);
    free(key);
    return rc;
}

enum err kept_answers_last(struct store *s, const char *method, const json_t *params,
                           int64_t *ts_us, struct errbuf *e)
{
    char *key = key_of(method, params);
    enum err rc = key ? store_answer_last(s, key, ts_us, e) : no_memory(e);
    free(key);
    return rc;
}

static enum err read_at(struct store *s, const char *key, const char *method, int64_t at,
                        json_t **result, struct errbuf *e)
{
    struct store_answer_found f;
    enum err rc = store_answer_at(s, key, at, &f, e);
    if (rc == ERR_NOT_FOUND)
        return err_set(e, rc, "no answer of %s is kept of that time or before", method);
    if (rc)
        return rc;
    json_t *answer = packed_json_open(f.body, f.n_body);
    if (!answer)
        rc = err_set(e, ERR_IO, "an answer of %s that was kept cannot be read", method);
    else
        *result = json_pack("{s:s, s:I, s:o, s:o}", "method", method, "ts_us", (json_int_t)f.ts_us,
                            "next_us", f.next_us ? json_integer(f.next_us) : json_null(), "answer",
                            answer);
    if (!rc && !*result)
        rc = no_memory(e);
    store_answer_free(&f);
    return rc;
}

enum err kept_answers_at(struct store *s, const json_t *params, json_t **result, struct errbuf *e)
{
    const char *method = json_string_value(json_object_get(params, "method"));
    const json_t *question = json_object_get(params, "params");
    const json_t *at = json_object_get(params, "ts_us");
    if (!method)
        return err_set(e, ERR_USAGE, "`method` is missing: whose answer, as source.show");
    if ((at && !json_is_null(at) && !json_is_integer(at)) ||
        (question && !json_is_null(question) && !json_is_object(question)))
        return err_set(e, ERR_USAGE,
                       "`ts_us` is a time in microseconds since 1970, `params` an object");
    char *key = key_of(method, question);
    enum err rc = key ? read_at(s, key, method,
                                json_is_integer(at) ? json_integer_value(at) : INT64_MAX, result, e)
                      : no_memory(e);
    free(key);
    return rc;
}
