/*
 * The store's table of what tries wrote.
 *
 * A log is bounded: when it has more than `max` bytes, a quarter of them is deleted behind the
 * first quarter, the oldest first. So the begin and the end are always there, and a try that writes
 * without end costs two writes for each byte at the most. It is kept in pieces that are small
 * against that: whole lines as far as they fit.
 */
#include <stdlib.h>
#include <string.h>

#include "backend/state/store_internal.h"

enum { ARENA_BLOCK = 65536, PIECES_STEP = 64, PIECE_MAX = 8192 };

static enum err find_cut(struct store *s, const struct store_log_writer *w, int64_t bytes,
                         int64_t *upto, int64_t *freed, struct errbuf *e)
{
    bool row = true;
    enum err rc = ERR_OK;
    sqlite3_stmt *st =
        store_bind(s, QUERY_log_read, "itii", w->run, w->task, (int64_t)w->attempt, w->head);
    *upto = w->head;
    *freed = 0;
    while (!rc && row && *freed < bytes) {
        rc = store_step(s, st, &row, "read a log", e);
        if (!rc && row) {
            *upto = sqlite3_column_int64(st, 0);
            *freed += sqlite3_column_bytes(st, 2);
        }
    }
    store_reset(st);
    return rc;
}

static enum err cut(struct store *s, struct store_log_writer *w, struct errbuf *e)
{
    int64_t upto;
    int64_t freed;
    enum err rc = find_cut(s, w, w->max / 4, &upto, &freed, e);
    if (!rc)
        rc = store_do(s,
                      store_bind(s, QUERY_log_trim, "itiii", w->run, w->task, (int64_t)w->attempt,
                                 w->head, upto),
                      "shorten a log", e);
    if (!rc) {
        w->bytes -= freed;
        w->dropped += freed;
    }
    return rc;
}

/* Up to the end of the last line that fits, else of the last character. */
static size_t piece_length(const char *text, int64_t max)
{
    size_t most = max / 16 < PIECE_MAX ? (size_t)(max / 16) : PIECE_MAX;
    if (most < 16)
        most = 16;
    size_t n = strnlen(text, most);
    if (n < most || !text[n])
        return n;
    const char *line = memrchr(text, '\n', n);
    if (line)
        return (size_t)(line - text) + 1;
    while (n > most - 4 && ((unsigned char)text[n] & 0xc0) == 0x80)
        n--;
    return n;
}

static enum err add_piece(struct store *s, struct store_log_writer *w, int64_t ts_us,
                          const char *text, int64_t n, struct errbuf *e)
{
    enum err rc = store_do(
        s, store_bind(s, QUERY_log_add, "itiit", w->run, w->task, (int64_t)w->attempt, ts_us, text),
        "keep a log", e);
    w->bytes += n;
    if (!rc && !w->dropped && w->head_bytes < w->max / 4) {
        w->head = sqlite3_last_insert_rowid(s->db);
        w->head_bytes += n;
    }
    return !rc && w->bytes > w->max ? cut(s, w, e) : rc;
}

enum err store_log_add(struct store *s, struct store_log_writer *w, int64_t ts_us, const char *text,
                       struct errbuf *e)
{
    char piece[PIECE_MAX + 1];
    struct store_log_writer after = *w;
    enum err rc = store_transaction(s, e);
    if (rc)
        return rc;
    for (size_t n; *text && !rc; text += n) {
        n = piece_length(text, w->max);
        memcpy(piece, text, n);
        piece[n] = '\0';
        rc = add_piece(s, &after, ts_us, piece, (int64_t)n, e);
    }
    if (!rc)
        rc = store_do(s,
                      store_bind(s, QUERY_try_log, "itiiii", w->run, w->task, (int64_t)w->attempt,
                                 after.bytes, after.dropped, after.head),
                      "keep a log", e);
    rc = store_commit(s, rc, e);
    if (!rc)
        *w = after;
    return rc;
}

/* ---- reading ---- */

static enum err find_try(struct store *s, int64_t run, const char *task, int attempt,
                         struct store_log *out, struct errbuf *e)
{
    bool row;
    sqlite3_stmt *st = store_bind(s, QUERY_try_get, "iti", run, task, (int64_t)attempt);
    enum err rc = store_step(s, st, &row, "read a try", e);
    if (!rc && !row && attempt)
        rc = err_set(e, ERR_NOT_FOUND, "run %lld has no try %d of a task %s", (long long)run,
                     attempt, task);
    else if (!rc && !row)
        rc = err_set(e, ERR_NOT_FOUND, "no task %s has begun in run %lld", task, (long long)run);
    if (!rc) {
        out->attempt = sqlite3_column_int(st, 0);
        out->dropped = sqlite3_column_int64(st, 2);
        out->head = sqlite3_column_int64(st, 3);
        rc = store_task_state_parse(store_text(st, 1), &out->state, e);
    }
    store_reset(st);
    return rc;
}

static enum err append(struct store_log *l, sqlite3_stmt *st, struct errbuf *e)
{
    if (l->n % PIECES_STEP == 0) {
        struct store_log_piece *grown =
            realloc(l->items, (size_t)(l->n + PIECES_STEP) * sizeof *grown);
        if (!grown)
            return err_set(e, ERR_NOMEM, "no memory for a log");
        l->items = grown;
    }
    struct store_log_piece *p = &l->items[l->n++];
    p->id = sqlite3_column_int64(st, 0);
    p->ts_us = sqlite3_column_int64(st, 1);
    p->text = arena_strdup(l->arena, store_text(st, 2));
    return p->text ? ERR_OK : err_set(e, ERR_NOMEM, "no memory for a log");
}

static enum err read_pieces(struct store *s, int64_t run, const char *task, int64_t after,
                            int64_t limit, struct store_log *out, struct errbuf *e)
{
    bool row = true;
    enum err rc = ERR_OK;
    int64_t bytes = 0;
    sqlite3_stmt *st =
        store_bind(s, QUERY_log_read, "itii", run, task, (int64_t)out->attempt, after);
    while (!rc && row) {
        rc = store_step(s, st, &row, "read a log", e);
        if (rc || !row)
            break;
        out->more = bytes >= limit;
        if (out->more)
            break;
        bytes += sqlite3_column_bytes(st, 2);
        rc = append(out, st, e);
    }
    store_reset(st);
    return rc;
}

enum err store_log_read(struct store *s, int64_t run, const char *task, int attempt, int64_t after,
                        int64_t limit, struct store_log *out, struct errbuf *e)
{
    *out = (struct store_log){.arena = arena_create(ARENA_BLOCK)};
    if (!out->arena)
        return err_set(e, ERR_NOMEM, "no memory for a log");
    (void)pthread_mutex_lock(&s->mutex);
    enum err rc = find_try(s, run, task, attempt, out, e);
    if (!rc)
        rc = read_pieces(s, run, task, after, limit, out, e);
    (void)pthread_mutex_unlock(&s->mutex);
    if (rc)
        store_log_free(out);
    return rc;
}

void store_log_free(struct store_log *l)
{
    free(l->items);
    arena_destroy(l->arena);
    *l = (struct store_log){0};
}

enum err store_logs_prune(struct store *s, int64_t max, int pieces, int *n, struct errbuf *e)
{
    bool row;
    *n = 0;
    enum err rc = store_transaction(s, e);
    if (rc)
        return rc;
    sqlite3_stmt *st = store_bind(s, QUERY_logs_bytes, "");
    rc = store_step(s, st, &row, "look at the file's size", e);
    bool much = !rc && row && sqlite3_column_int64(st, 0) > max;
    store_reset(st);
    if (much) {
        rc = store_do(s, store_bind(s, QUERY_logs_prune, "i", (int64_t)pieces), "delete old logs",
                      e);
        *n = rc ? 0 : sqlite3_changes(s->db);
    }
    return store_commit(s, rc, e);
}
