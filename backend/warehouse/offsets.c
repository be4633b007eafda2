/*
 * Stored offsets: what makes a batch count once.
 *
 * In the transaction that inserts a batch's rows, its number becomes a row of _flightdeck_batches
 * (a primary key that is enforced in both dialects) and each partition's next offset moves by
 * compare-and-set. A second engine that has read the same state loses on either: it waits for the
 * first one's commit, then finds the batch there or the offset moved, and is told ERR_FENCED. So a
 * replay after any crash starts exactly where the committed rows end.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "backend/warehouse/batch.h"
#include "backend/warehouse/internal.h"

enum { KEEP_BATCHES = 1000, PRUNE_EVERY = 256, NUMBER_MAX = 24 };

static void number(char *out, int64_t v)
{
    (void)snprintf(out, NUMBER_MAX, "%" PRId64, v);
}

static const char *schema_ident(const struct warehouse *w, const char *schema, struct buf *b)
{
    buf_init(b, 0);
    dialect_ident(b, w->dialect, schema);
    return buf_cstr(b);
}

enum err warehouse_offsets_ensure(struct warehouse *w, const char *schema, struct errbuf *e)
{
    static const char *const steps[] = {"create_schema", "offsets_create", "batches_create"};
    enum { ROUNDS = 8 };
    struct errbuf own;
    struct buf ident;
    const struct sql_slot slot = {"schema", schema_ident(w, schema, &ident)};
    enum err r = ERR_OK;
    if (!e)
        e = &own;
    for (int round = 0; round < ROUNDS; round++) {
        err_clear(e);
        r = ERR_OK;
        for (size_t i = 0; i < sizeof steps / sizeof steps[0] && !r; i++)
            r = wh_exec_query(w, steps[i], &slot, 1, 0, NULL, NULL, e);
        /* two sinks at once: IF NOT EXISTS does not save the slower one, a second look does */
        if (!r || (r != ERR_DATA && r != ERR_RETRY && strncmp(e->sqlstate, "42", 2) != 0))
            break;
    }
    if (r)
        r = err_prefix(e, "offsets in %s", schema);
    buf_free(&ident);
    return r;
}

/* ---- reading ---- */

static enum err query_slot(struct warehouse *w, const char *query, const struct sql_slot *slot,
                           int n_params, const char *const *params, struct warehouse_rows **rows,
                           struct errbuf *e)
{
    struct buf sql;
    buf_init(&sql, 0);
    sql_fill(&sql, dialect_query(w->dialect, query), slot, 1);
    enum err r = buf_check(&sql, "a statement", e);
    if (!r)
        r = warehouse_query(w, buf_cstr(&sql), n_params, params, rows, e);
    buf_free(&sql);
    return r;
}

static enum err read_number(struct warehouse *w, const char *query, const struct sql_slot *slot,
                            int n_params, const char *const *params, int64_t *out, struct errbuf *e)
{
    struct warehouse_rows *rows = NULL;
    const struct cell *cells;
    enum err r = query_slot(w, query, slot, n_params, params, &rows, e);
    if (!r)
        r = warehouse_rows_next(rows, &cells, e);
    if (!r)
        *out = cell_int64(&cells[0]);
    warehouse_rows_close(rows);
    return r == ERR_NOT_FOUND ? err_set(e, ERR_SQL, "no answer to %s", query) : r;
}

static enum err add_offset(struct stored_offset **out, int *n, const struct cell *cells,
                           struct errbuf *e)
{
    struct stored_offset *p = realloc(*out, ((size_t)*n + 1) * sizeof *p);
    if (!p)
        return err_set(e, ERR_NOMEM, "no memory for stored offsets");
    *out = p;
    struct stored_offset *o = &p[(*n)++];
    (void)snprintf(o->topic, sizeof o->topic, "%.*s", (int)cells[0].len,
                   cells[0].p ? cells[0].p : "");
    o->partition = (int32_t)cell_int64(&cells[1]);
    o->next_offset = cell_int64(&cells[2]);
    return ERR_OK;
}

enum err warehouse_offsets_other(struct warehouse *w, const char *schema, const char *topic,
                                 const char *connector, char *out, size_t n, struct errbuf *e)
{
    struct buf ident;
    struct warehouse_rows *rows = NULL;
    const struct cell *cells;
    const char *params[] = {topic, connector};
    const struct sql_slot slot = {"schema", schema_ident(w, schema, &ident)};
    out[0] = '\0';
    enum err r = query_slot(w, "offsets_other", &slot, 2, params, &rows, e);
    if (!r)
        r = warehouse_rows_next(rows, &cells, e);
    if (!r && cells[0].kind == CELL_TEXT)
        (void)snprintf(out, n, "%.*s", (int)cells[0].len, cells[0].p);
    warehouse_rows_close(rows);
    buf_free(&ident);
    return r == ERR_NOT_FOUND ? ERR_OK : r;
}

enum err warehouse_newest_batch(struct warehouse *w, const char *schema, const char *table,
                                int64_t *batch, struct errbuf *e)
{
    struct buf name;
    buf_init(&name, 0);
    dialect_ident(&name, w->dialect, schema);
    buf_ch(&name, '.');
    dialect_ident(&name, w->dialect, table);
    const struct sql_slot slot = {"table", buf_cstr(&name)};
    enum err r = read_number(w, "newest_batch", &slot, 0, NULL, batch, e);
    buf_free(&name);
    return r;
}

enum err warehouse_offsets_read(struct warehouse *w, const char *schema, const char *connector,
                                int64_t *batch, struct stored_offset **out, int *n,
                                struct errbuf *e)
{
    struct buf ident;
    struct warehouse_rows *rows = NULL;
    const struct cell *cells;
    const char *params[] = {connector};
    const struct sql_slot slot = {"schema", schema_ident(w, schema, &ident)};
    *out = NULL;
    *n = 0;
    *batch = 0;
    enum err r = read_number(w, "batches_last", &slot, 1, params, batch, e);
    if (!r)
        r = query_slot(w, "offsets_read", &slot, 1, params, &rows, e);
    while (!r && !(r = warehouse_rows_next(rows, &cells, e)))
        r = add_offset(out, n, cells, e);
    if (r == ERR_NOT_FOUND)
        r = ERR_OK;
    warehouse_rows_close(rows);
    buf_free(&ident);
    if (r) {
        free(*out);
        *out = NULL;
        *n = 0;
    }
    return r;
}

/* ---- writing ---- */

struct write {
    const char *connector;
    char batch[NUMBER_MAX];
    char rows[NUMBER_MAX];
    char bytes[NUMBER_MAX];
    const struct offset_move *moves;
    int n;
};

/* All in one statement (PostgreSQL). */
static enum err write_at_once(struct warehouse *w, const struct sql_slot *slot,
                              const struct write *o, int64_t *written, struct errbuf *e)
{
    enum { LISTS = 4 };
    struct buf list[LISTS];
    for (int k = 0; k < LISTS; k++) {
        buf_init(&list[k], 0);
        buf_ch(&list[k], '{');
    }
    bool ok = true;
    for (int i = 0; i < o->n; i++) {
        const struct offset_move *m = &o->moves[i];
        const struct cell topic = {
            .p = m->topic, .len = (uint32_t)strlen(m->topic), .kind = CELL_TEXT};
        for (int k = 0; i && k < LISTS; k++)
            buf_ch(&list[k], ',');
        ok = batch_element(&list[0], &topic) && ok;
        buf_i64(&list[1], m->partition);
        buf_i64(&list[2], m->from);
        buf_i64(&list[3], m->to);
    }
    const char *params[] = {NULL,     NULL,    NULL,     NULL,         o->connector,
                            o->batch, o->rows, o->bytes, o->connector, o->connector};
    enum err r = ok ? ERR_OK : err_set(e, ERR_DATA, "a topic's name holds a NUL");
    for (int k = 0; k < LISTS; k++) {
        buf_ch(&list[k], '}');
        if (!r)
            r = buf_check(&list[k], "offsets", e);
        params[k] = buf_cstr(&list[k]);
    }
    if (!r)
        r = read_number(w, "offsets_write", slot, (int)(sizeof params / sizeof params[0]), params,
                        written, e);
    for (int k = 0; k < LISTS; k++)
        buf_free(&list[k]);
    return r;
}

/* One statement each (Vertica: few and large batches). */
static enum err write_one_by_one(struct warehouse *w, const struct sql_slot *slot,
                                 const struct write *o, int64_t *written, struct errbuf *e)
{
    const char *batch[] = {o->connector, o->batch, o->rows, o->bytes};
    enum err r = wh_exec_query(w, "batches_insert", slot, 1, 4, batch, NULL, e);
    *written = 0;
    for (int i = 0; i < o->n && !r; i++) {
        const struct offset_move *m = &o->moves[i];
        char partition[NUMBER_MAX];
        char from[NUMBER_MAX];
        char to[NUMBER_MAX];
        int64_t one = 0;
        number(partition, m->partition);
        number(from, m->from);
        number(to, m->to);
        const char *insert[] = {o->connector, m->topic, partition, to};
        const char *update[] = {to, o->connector, m->topic, partition, from};
        if (m->from < 0)
            r = wh_exec_query(w, "offsets_insert", slot, 1, 4, insert, &one, e);
        else
            r = wh_exec_query(w, "offsets_update", slot, 1, 5, update, &one, e);
        *written += one;
    }
    return r;
}

static enum err prune(struct warehouse *w, const struct sql_slot *slot, const char *connector,
                      int64_t batch, struct errbuf *e)
{
    char oldest[NUMBER_MAX];
    number(oldest, batch - KEEP_BATCHES);
    const char *params[] = {connector, oldest};
    return wh_exec_query(w, "batches_prune", slot, 1, 2, params, NULL, e);
}

enum err warehouse_offsets_write(struct warehouse *w, const char *schema, const char *connector,
                                 int64_t batch, int64_t rows, int64_t bytes,
                                 const struct offset_move *moves, int n, struct errbuf *e)
{
    struct errbuf own;
    struct buf ident;
    if (!e)
        e = &own;
    err_clear(e);
    if (!w->in_tx)
        return err_set(e, ERR_STATE, "offsets are written inside of the batch's transaction");
    const struct sql_slot slot = {"schema", schema_ident(w, schema, &ident)};
    struct write o = {.connector = connector, .moves = moves, .n = n};
    number(o.batch, batch);
    number(o.rows, rows);
    number(o.bytes, bytes);
    int64_t written = 0;
    enum err r = w->dialect->load == LOAD_ARRAY_LITERALS
                     ? write_at_once(w, &slot, &o, &written, e)
                     : write_one_by_one(w, &slot, &o, &written, e);
    if (r && !strcmp(e->sqlstate, "23505"))
        r = err_set(e, ERR_FENCED,
                    "connector %s: batch %" PRId64 " or a first offset is in %s already: another "
                    "engine has written",
                    connector, batch, schema);
    else if (!r && written != n)
        r = err_set(e, ERR_FENCED,
                    "connector %s: %" PRId64 " of %d offsets were where they were left: another "
                    "engine has moved the others",
                    connector, written, n);
    if (!r && batch > KEEP_BATCHES && batch % PRUNE_EVERY == 0)
        r = prune(w, &slot, connector, batch, e);
    buf_free(&ident);
    return r;
}

enum err warehouse_offsets_delete(struct warehouse *w, const char *schema, const char *connector,
                                  struct errbuf *e)
{
    struct buf ident;
    const char *params[] = {connector};
    const struct sql_slot slot = {"schema", schema_ident(w, schema, &ident)};
    enum err r = wh_exec_query(w, "offsets_delete", &slot, 1, 1, params, NULL, e);
    if (!r)
        r = wh_exec_query(w, "batches_delete", &slot, 1, 1, params, NULL, e);
    buf_free(&ident);
    return r;
}
