/*
 * Large values that a change of the key left out.
 *
 * PostgreSQL does not send a TOAST value that an update left alone, and under REPLICA IDENTITY
 * DEFAULT the old row is its key only. For an update that changes the key this would lose the
 * value: its create is the first record of the new key. So the row is looked up by its new key.
 *
 * What is read is what the source has now, which may be younger than the change:
 * - the value was changed since: that change follows in the stream, with the same value;
 * - the row was deleted or got yet another key: nothing is found, the placeholder stands, and the
 *   record that takes the row away follows;
 * - another row has the key by now: its own create follows.
 * So what a topic's reader holds in the end is right in each case.
 *
 * A connection of its own, with a lock_timeout: nothing that holds a lock on the table for long may
 * keep the stream from answering the server.
 */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "backend/base/log.h"
#include "backend/engine/capture_run.h"
#include "queries/queries.h"

enum { PAUSE_NS = 1000000, PAUSE_MAX_NS = 100000000 };

struct filling {
    const struct relation *relation;
    struct cell *row;
    struct buf *bytes;
};

static enum err take_values(void *arg, const struct cell *cells, int n, struct errbuf *e)
{
    struct filling *f = arg;
    size_t at = 0;
    int k = 0;
    buf_clear(f->bytes);
    for (int i = 0; i < n; i++)
        buf_add(f->bytes, cells[i].p, cells[i].kind == CELL_TEXT ? cells[i].len : 0);
    enum err rc = buf_check(f->bytes, "a row", e);
    for (int i = 0; i < f->relation->n_columns && k < n && !rc; i++) {
        if (f->row[i].kind != CELL_UNCHANGED)
            continue;
        const struct cell *c = &cells[k++];
        f->row[i] = (struct cell){.kind = c->kind};
        if (c->kind != CELL_TEXT)
            continue;
        f->row[i].p = c->len ? f->bytes->p + at : "";
        f->row[i].len = c->len;
        at += c->len;
    }
    return rc;
}

static enum err ignore_row(void *arg, const struct cell *cells, int n, struct errbuf *e)
{
    (void)arg;
    (void)cells;
    (void)n;
    (void)e;
    return ERR_OK;
}

static enum err open_rows(struct capture *c, struct errbuf *e)
{
    if (c->rows)
        return ERR_OK;
    enum err rc = source_open(c->o->source->conninfo, &c->rows, e);
    if (!rc)
        rc = source_query(c->rows, query_text("source/lock_timeout"), 0, NULL, ignore_row, NULL, e);
    return rc;
}

/* A connection that was idle for long may be dead: then a new one is tried once. */
static enum err look_up(struct capture *c, struct filling *f, uint32_t xid, struct errbuf *e)
{
    enum err rc = ERR_CONNECT;
    for (int attempt = 0; attempt < 2 && rc == ERR_CONNECT; attempt++) {
        rc = open_rows(c, e);
        if (!rc)
            rc = source_row_by_key(c->rows, f->relation, f->row, xid, take_values, f, e);
        if (rc == ERR_CONNECT) {
            source_close(c->rows);
            c->rows = NULL;
        }
    }
    return rc;
}

static enum err wait_more(struct capture *c, long *pause_ns, struct errbuf *e)
{
    const struct timespec t = {.tv_nsec = *pause_ns};
    if (c->stop)
        return err_set(e, ERR_CANCELED, "stopped");
    (void)nanosleep(&t, NULL);
    *pause_ns = *pause_ns * 2 > PAUSE_MAX_NS ? PAUSE_MAX_NS : *pause_ns * 2;
    return replication_feedback(c->replication, e);
}

enum err unsent_fill(void *arg, const struct relation *r, struct cell *row, uint32_t xid,
                     struct buf *bytes, struct errbuf *e)
{
    struct capture *c = arg;
    struct filling f = {.relation = r, .row = row, .bytes = bytes};
    long pause_ns = PAUSE_NS;
    enum err rc = look_up(c, &f, xid, e);
    while (rc == ERR_RETRY) {
        rc = wait_more(c, &pause_ns, e);
        if (!rc)
            rc = look_up(c, &f, xid, e);
    }
    if (rc == ERR_NOT_FOUND)
        return ERR_OK;
    if (rc == ERR_SQL || rc == ERR_DATA) { /* no right to read it; the table has changed since */
        if (!c->unsent_told)
            log_warning("capture",
                        "%s: %s.%s: a change of the key leaves a large value out, and it cannot be "
                        "read from the table: its placeholder is written (said once): %s",
                        c->o->name, r->schema, r->name, e->text);
        c->unsent_told = true;
        return ERR_OK;
    }
    return rc;
}
