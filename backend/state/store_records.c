/*
 * The store's table of records. How many bytes it holds is counted once (a scan of the table) and
 * from then on kept: adding and taking away cost by what they add and take.
 */
#include "backend/state/store_records.h"

#include <stdlib.h>
#include <string.h>

#include "backend/state/store_internal.h"

enum { STRIP = 64, NOT_COUNTED = -1 };

/* A number that one row has; the mutex is held. */
static enum err number(struct store *s, sqlite3_stmt *st, int64_t *out, struct errbuf *e)
{
    bool row = false;
    enum err rc = store_step(s, st, &row, "count the records", e);
    *out = row ? sqlite3_column_int64(st, 0) : 0;
    store_reset(st);
    return rc;
}

static enum err add(struct store *s, const struct store_record *r, int64_t *bytes, struct errbuf *e)
{
    sqlite3_stmt *st = store_bind(s, QUERY_record_add, "ii", r->ts_us, (int64_t)r->tier);
    (void)sqlite3_bind_blob64(st, 3, r->figures, r->n_figures, SQLITE_STATIC);
    if (r->body)
        (void)sqlite3_bind_blob64(st, 4, r->body, r->n_body, SQLITE_STATIC);
    *bytes += (int64_t)(r->n_figures + (r->body ? r->n_body : 0));
    return store_do(s, st, "keep a record", e);
}

static enum err thin(struct store *s, const struct store_records_keep *k, int64_t *bytes,
                     struct errbuf *e)
{
    enum err rc = ERR_OK;
    for (int t = 0; t < STORE_TIERS && !rc; t++) {
        int64_t gone = 0;
        rc = number(s, store_bind(s, QUERY_records_thin_bytes, "ii", (int64_t)t, k->from_us[t]),
                    &gone, e);
        if (!rc && gone)
            rc = store_do(s, store_bind(s, QUERY_records_thin, "ii", (int64_t)t, k->from_us[t]),
                          "thin the records", e);
        *bytes -= rc ? 0 : gone;
    }
    return rc;
}

static enum err bound(struct store *s, int64_t most, int64_t *bytes, struct errbuf *e)
{
    enum err rc = ERR_OK;
    int64_t gone = 1;
    while (!rc && *bytes > most && gone) {
        rc = number(s, store_bind(s, QUERY_records_strip_bytes, "i", (int64_t)STRIP), &gone, e);
        if (!rc && gone)
            rc = store_do(s, store_bind(s, QUERY_records_strip, "i", (int64_t)STRIP),
                          "bound the records", e);
        *bytes -= rc ? 0 : gone;
    }
    return rc;
}

enum err store_records_add(struct store *s, const struct store_record *r, int n,
                           const struct store_records_keep *k, struct errbuf *e)
{
    int64_t bytes = 0;
    if (n < 1)
        return ERR_OK;
    enum err rc = store_transaction(s, e);
    if (rc)
        return rc;
    bytes = s->record_bytes;
    rc = store_do(s, store_bind(s, QUERY_records_after, "i", r[0].ts_us - 1),
                  "take away records of the future", e);
    if (!rc && (bytes == NOT_COUNTED || sqlite3_changes(s->db) > 0))
        rc = number(s, store_bind(s, QUERY_records_bytes, ""), &bytes, e);
    for (int i = 0; i < n && !rc; i++)
        rc = add(s, &r[i], &bytes, e);
    if (!rc)
        rc = thin(s, k, &bytes, e);
    if (!rc)
        rc = bound(s, k->bytes, &bytes, e);
    s->record_bytes = rc ? NOT_COUNTED : bytes; /* guarded by the mutex, as all of this */
    return store_commit(s, rc, e);
}

static const void *keep(char **at, const void *p, size_t n)
{
    char *to = *at;
    if (n)
        memcpy(to, p, n);
    *at += n;
    return to;
}

static enum err copy_row(sqlite3_stmt *st, struct store_record_found *out, struct errbuf *e)
{
    size_t n_figures = (size_t)sqlite3_column_bytes(st, 2);
    size_t n_body = (size_t)sqlite3_column_bytes(st, 3);
    char *at = malloc(n_figures + n_body + 1);
    if (!at)
        return err_set(e, ERR_NOMEM, "no memory for a record");
    *out = (struct store_record_found){
        .record = {.ts_us = sqlite3_column_int64(st, 0),
                   .tier = sqlite3_column_int(st, 1),
                   .n_figures = n_figures,
                   .n_body = n_body},
        .previous_us = sqlite3_column_int64(st, 4),
        .next_us = sqlite3_column_int64(st, 5),
        .memory = at,
    };
    out->record.figures = keep(&at, sqlite3_column_blob(st, 2), n_figures);
    if (n_body)
        out->record.body = keep(&at, sqlite3_column_blob(st, 3), n_body);
    return ERR_OK;
}

enum err store_record_at(struct store *s, int64_t ts_us, struct store_record_found *out,
                         struct errbuf *e)
{
    bool row = false;
    *out = (struct store_record_found){.memory = NULL};
    sqlite3_stmt *st = store_begin(s, QUERY_record_at, "i", ts_us);
    enum err rc = store_step(s, st, &row, "read a record", e);
    if (!rc)
        rc = row ? copy_row(st, out, e)
                 : err_set(e, ERR_NOT_FOUND, "nothing is recorded of that time or before");
    store_end(s, st);
    return rc;
}

void store_record_free(struct store_record_found *f)
{
    free(f->memory);
    *f = (struct store_record_found){.memory = NULL};
}

enum err store_records_read(struct store *s, int64_t from_us, int64_t to_us, store_record_fn *fn,
                            void *arg, struct errbuf *e)
{
    bool row = true;
    enum err rc = ERR_OK;
    sqlite3_stmt *st = store_begin(s, QUERY_records_read, "ii", from_us, to_us);
    while (!rc && row) {
        rc = store_step(s, st, &row, "read the records", e);
        if (rc || !row)
            break;
        const struct store_record r = {.ts_us = sqlite3_column_int64(st, 0),
                                       .tier = sqlite3_column_int(st, 1),
                                       .figures = sqlite3_column_blob(st, 2),
                                       .n_figures = (size_t)sqlite3_column_bytes(st, 2)};
        fn(arg, &r);
    }
    store_end(s, st);
    return rc;
}

enum err store_records_get_range(struct store *s, struct store_records_range *out, struct errbuf *e)
{
    bool row = true;
    enum err rc = ERR_OK;
    *out = (struct store_records_range){.newest_us = 0};
    (void)pthread_mutex_lock(&s->mutex);
    sqlite3_stmt *st = store_bind(s, QUERY_records_range, "");
    while (!rc && row) {
        rc = store_step(s, st, &row, "read the records' range", e);
        int tier = row ? sqlite3_column_int(st, 0) : -1;
        if (rc || tier < 0 || tier >= STORE_TIERS)
            continue;
        out->n[tier] = sqlite3_column_int64(st, 1);
        out->oldest_us[tier] = sqlite3_column_int64(st, 2);
        if (sqlite3_column_int64(st, 3) > out->newest_us)
            out->newest_us = sqlite3_column_int64(st, 3);
    }
    store_reset(st);
    if (!rc)
        rc = number(s, store_bind(s, QUERY_records_bytes, ""), &out->bytes, e);
    (void)pthread_mutex_unlock(&s->mutex);
    return rc;
}
