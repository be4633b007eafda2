#include "backend/state/store_answers.h"

#include <stdlib.h>
#include <string.h>

#include "backend/state/store_internal.h"

static enum err add(struct store *s, const struct store_answer *a, struct errbuf *e)
{
    sqlite3_stmt *st = store_bind(s, QUERY_answer_add, "itii", a->ts_us, a->key, (int64_t)a->tier,
                                  (int64_t)a->n_body);
    (void)sqlite3_bind_blob64(st, 5, a->body, a->n_body, SQLITE_STATIC);
    return store_do(s, st, "keep an answer", e);
}

enum err store_answer_add(struct store *s, const struct store_answer *a,
                          const struct store_records_keep *k, struct errbuf *e)
{
    enum err rc = store_transaction(s, e);
    if (rc)
        return rc;
    rc = store_do(s, store_bind(s, QUERY_answers_after, "ti", a->key, a->ts_us),
                  "take away answers of the future", e);
    if (!rc)
        rc = add(s, a, e);
    for (int t = 0; t < STORE_TIERS && !rc; t++)
        rc = store_do(s, store_bind(s, QUERY_answers_thin, "ii", (int64_t)t, k->from_us[t]),
                      "thin the answers", e);
    if (!rc)
        rc = store_do(s, store_bind(s, QUERY_answers_bound, "i", k->bytes), "bound the answers", e);
    return store_commit(s, rc, e);
}

enum err store_answer_last(struct store *s, const char *key, int64_t *ts_us, struct errbuf *e)
{
    bool row = false;
    sqlite3_stmt *st = store_begin(s, QUERY_answer_last, "t", key);
    enum err rc = store_step(s, st, &row, "look for an answer", e);
    *ts_us = row ? sqlite3_column_int64(st, 0) : 0;
    store_end(s, st);
    return rc;
}

static enum err copy_row(sqlite3_stmt *st, struct store_answer_found *out, struct errbuf *e)
{
    out->ts_us = sqlite3_column_int64(st, 0);
    out->n_body = (size_t)sqlite3_column_bytes(st, 1);
    out->next_us = sqlite3_column_int64(st, 2);
    out->body = malloc(out->n_body + 1);
    if (!out->body)
        return err_set(e, ERR_NOMEM, "no memory for an answer");
    memcpy(out->body, sqlite3_column_blob(st, 1), out->n_body);
    return ERR_OK;
}

enum err store_answer_at(struct store *s, const char *key, int64_t ts_us,
                         struct store_answer_found *out, struct errbuf *e)
{
    bool row = false;
    *out = (struct store_answer_found){.body = NULL};
    sqlite3_stmt *st = store_begin(s, QUERY_answer_at, "ti", key, ts_us);
    enum err rc = store_step(s, st, &row, "read an answer", e);
    if (!rc)
        rc = row ? copy_row(st, out, e)
                 : err_set(e, ERR_NOT_FOUND, "no answer is kept of that time or before");
    store_end(s, st);
    return rc;
}

void store_answer_free(struct store_answer_found *f)
{
    free(f->body);
    *f = (struct store_answer_found){.body = NULL};
}

enum err store_answers_get_range(struct store *s, struct store_answers_range *out, struct errbuf *e)
{
    bool row = false;
    *out = (struct store_answers_range){.n = 0};
    sqlite3_stmt *st = store_begin(s, QUERY_answers_range, "");
    enum err rc = store_step(s, st, &row, "read the answers' range", e);
    if (row)
        *out = (struct store_answers_range){.n = sqlite3_column_int64(st, 0),
                                            .oldest_us = sqlite3_column_int64(st, 1),
                                            .bytes = sqlite3_column_int64(st, 2)};
    store_end(s, st);
    return rc;
}
