#include "backend/engine/changes.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 256 }; /* tables a connector: a chain each is short */

struct change_tables {
    struct changes_options o;
    struct change_table *buckets[BUCKETS];
    struct change_table *last; /* the one asked for last: rows come in runs */
    struct cell *filled;       /* an update's new row with its unchanged TOAST values filled in */
    int n_filled;
    struct buf unsent; /* memory of values that were asked for */
};

struct change_tables *change_tables_create(const struct changes_options *o)
{
    struct change_tables *t = calloc(1, sizeof *t);
    if (t) {
        t->o = *o;
        buf_init(&t->unsent, 0);
    }
    return t;
}

static void destroy_table(struct change_table *x)
{
    envelope_table_destroy(x->envelope);
    relation_unref(x->relation);
    free(x->full_name);
    free(x);
}

void change_tables_destroy(struct change_tables *t)
{
    if (!t)
        return;
    for (int i = 0; i < BUCKETS; i++)
        while (t->buckets[i]) {
            struct change_table *x = t->buckets[i];
            t->buckets[i] = x->next;
            destroy_table(x);
        }
    free(t->filled);
    buf_free(&t->unsent);
    free(t);
}

static enum err make_table(struct change_tables *t, struct relation *r,
                           const struct position *position, struct change_table **out,
                           struct errbuf *e)
{
    enum err rc = ERR_OK;
    struct change_table *x = calloc(1, sizeof *x);
    if (!x)
        return err_set(e, ERR_NOMEM, "no memory for a table");
    x->relation = relation_ref(r);
    if (asprintf(&x->full_name, "%s.%s", r->schema, r->name) < 0) {
        x->full_name = NULL;
        rc = err_set(e, ERR_NOMEM, "no memory for a table");
        goto out;
    }
    (void)snprintf(x->fingerprint, sizeof x->fingerprint, "%016" PRIx64, r->fingerprint);
    x->included = t->o.included(t->o.included_arg, r->schema, r->name);
    x->horizon = position ? position_horizon(position, x->full_name) : 0;
    if (x->included && t->o.met)
        rc = t->o.met(t->o.met_arg, r, e);
    if (x->included && !rc)
        rc = envelope_table_create(&t->o.envelope, r, &x->envelope, e);
out:
    if (rc)
        destroy_table(x);
    else
        *out = x;
    return rc;
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? !strcmp(a, b) : a == b;
}

static bool same_shape(const struct relation *a, const struct relation *b)
{
    if (a->oid != b->oid || a->fingerprint != b->fingerprint || a->n_columns != b->n_columns)
        return false;
    for (int i = 0; i < a->n_columns; i++) {
        const struct column *x = &a->columns[i];
        const struct column *y = &b->columns[i];
        if (x->type_oid != y->type_oid || x->elem_oid != y->elem_oid ||
            x->generated != y->generated || !same_text(x->default_sql, y->default_sql))
            return false;
    }
    return true;
}

/*
 * The server describes a table again whenever its caches were told of it (each ANALYZE does that):
 * the same shape is the same table, or this registry would grow for ever.
 */
static struct change_table *find_table(struct change_table *x, struct relation *r)
{
    struct change_table *same = NULL;
    for (; x; x = x->next) {
        if (x->relation == r)
            return x;
        if (!same && same_shape(x->relation, r))
            same = x;
    }
    if (same) {
        relation_unref(same->relation);
        same->relation = relation_ref(r);
    }
    return same;
}

enum err change_tables_get(struct change_tables *t, struct relation *r,
                           const struct position *position, struct change_table **out,
                           struct errbuf *e)
{
    if (t->last && t->last->relation == r) {
        *out = t->last;
        return ERR_OK;
    }
    struct change_table **bucket = &t->buckets[r->oid % BUCKETS];
    struct change_table *x = find_table(*bucket, r);
    if (!x) {
        enum err rc = make_table(t, r, position, &x, e);
        if (rc)
            return rc;
        x->next = *bucket;
        *bucket = x;
    }
    *out = t->last = x;
    return ERR_OK;
}

static enum err append_schema(struct change_tables *t, struct change_table *x, struct chunk *c,
                              struct errbuf *e)
{
    struct buf key;
    buf_init(&key, 0);
    struct chunk_record *r = chunk_append(c, t->o.schemas_topic);
    r->value = c->bytes.len;
    enum err rc = envelope_write_schema_record(x->envelope, &key, &c->bytes, e);
    if (!rc) {
        r->value_len = (uint32_t)(c->bytes.len - r->value);
        r->has_value = true;
        r->key = c->bytes.len;
        buf_add(&c->bytes, key.p, key.len);
        r->key_len = (uint32_t)key.len;
        r->has_key = true;
        x->schema_sent = true;
    }
    buf_free(&key);
    return rc;
}

static enum err append_key(const struct change_table *x, const struct cell *cells, struct chunk *c,
                           struct chunk_record *r, struct errbuf *e)
{
    if (!x->relation->n_key)
        return ERR_OK;
    r->key = c->bytes.len;
    enum err rc = envelope_write_key(x->envelope, cells, &c->bytes, e);
    r->key_len = (uint32_t)(c->bytes.len - r->key);
    r->has_key = true;
    return rc;
}

struct one {
    char op;
    const struct cell *before;
    const struct cell *after;
    const struct cell *key;       /* the row whose key it is; NULL: no key (truncate) */
    const struct cell *other_key; /* of a key change: goes into the header */
    uint8_t headers;
};

static enum err append_one(struct change_table *x, const struct one *o,
                           const struct change_context *cx, struct chunk *c, struct errbuf *e)
{
    struct chunk_record *r = chunk_append(c, envelope_table_topic(x->envelope));
    r->fingerprint = x->fingerprint;
    r->headers = o->headers;
    enum err rc = o->key ? append_key(x, o->key, c, r, e) : ERR_OK;
    if (!rc && o->other_key) {
        r->extra = c->bytes.len;
        rc = envelope_write_header_key(x->envelope, o->other_key, &c->bytes, e);
        r->extra_len = (uint32_t)(c->bytes.len - r->extra);
    }
    if (rc)
        return rc;
    struct envelope_event ev = {
        .op = o->op,
        .before = o->before,
        .after = o->after,
        .lsn = cx->lsn,
        .last_commit_lsn = cx->last_commit_lsn,
        .source_us = cx->source_us,
        .now_ns = cx->now_ns,
        .xid = cx->xid,
        .has_xid = cx->has_xid,
        .snapshot = cx->snapshot,
    };
    r->value = c->bytes.len;
    rc = envelope_write_value(x->envelope, &ev, &c->bytes, e);
    r->value_len = (uint32_t)(c->bytes.len - r->value);
    r->has_value = true;
    return rc ? rc : buf_check(&c->bytes, x->full_name, e);
}

/* The delete's record stands just before: the tombstone has its key and header. */
static void append_tombstone(struct change_tables *t, struct chunk *c)
{
    if (!t->o.tombstones)
        return;
    struct chunk_record deleted = c->records[c->n - 1];
    struct chunk_record *r = chunk_append(c, deleted.topic);
    *r = deleted;
    r->has_value = false;
    r->value_len = 0;
}

static bool any_unchanged(const struct relation *r, const struct cell *row)
{
    for (int i = 0; i < r->n_columns; i++)
        if (row[i].kind == CELL_UNCHANGED)
            return true;
    return false;
}

static struct cell *room_to_fill(struct change_tables *t, const struct relation *r)
{
    if (t->n_filled < r->n_columns) {
        struct cell *grown = realloc(t->filled, (size_t)r->n_columns * sizeof *grown);
        if (!grown)
            return NULL;
        t->filled = grown;
        t->n_filled = r->n_columns;
    }
    return t->filled;
}

/*
 * An unchanged TOAST value is not in the new row. Under REPLICA IDENTITY FULL it is in the old one,
 * and so is a key's column under any identity; otherwise it stays unknown and is written as the
 * placeholder, never as NULL.
 */
static const struct cell *fill_unchanged(struct change_tables *t, const struct relation *r,
                                         const struct cell *before, const struct cell *after)
{
    if (!any_unchanged(r, after) || !before)
        return after;
    struct cell *row = room_to_fill(t, r);
    for (int i = 0; row && i < r->n_columns; i++)
        row[i] =
            after[i].kind == CELL_UNCHANGED && (r->identity == 'f' || r->columns[i].key_pos > 0)
                ? before[i]
                : after[i];
    return row;
}

/*
 * The row of a new key is a new row to whoever reads the topic: "as it was" leads nowhere there,
 * and the old key's record may lie in another partition. So what was not sent is asked for.
 */
static enum err ask_unsent(struct change_tables *t, struct change_table *x,
                           const struct cell **after, const struct change_context *cx,
                           struct errbuf *e)
{
    const struct relation *r = x->relation;
    if (!t->o.unsent || !cx->has_xid || !any_unchanged(r, *after))
        return ERR_OK;
    struct cell *row = room_to_fill(t, r);
    if (!row)
        return err_set(e, ERR_NOMEM, "no memory for a row of %s", x->full_name);
    if (row != *after)
        memcpy(row, *after, (size_t)r->n_columns * sizeof *row);
    *after = row;
    return t->o.unsent(t->o.unsent_arg, r, row, cx->xid, &t->unsent, e);
}

static enum err append_update(struct change_tables *t, struct change_table *x,
                              const struct cell *before, const struct cell *after,
                              const struct change_context *cx, struct chunk *c, struct errbuf *e)
{
    after = fill_unchanged(t, x->relation, before, after);
    if (!after)
        return err_set(e, ERR_NOMEM, "no memory for a row of %s", x->full_name);
    if (!before || !x->relation->n_key || !envelope_key_differs(x->envelope, before, after)) {
        /* A key-only old row that did not change says nothing that `after` does not. */
        const struct cell *old = x->relation->identity == 'f' ? before : NULL;
        struct one update = {.op = 'u', .before = old, .after = after, .key = after};
        return append_one(x, &update, cx, c, e);
    }
    enum err rc = ask_unsent(t, x, &after, cx, e);
    if (rc)
        return rc;
    struct one gone = {
        .op = 'd', .before = before, .key = before, .other_key = after, .headers = HEADER_NEW_KEY};
    struct one made = {
        .op = 'c', .after = after, .key = after, .other_key = before, .headers = HEADER_OLD_KEY};
    rc = append_one(x, &gone, cx, c, e);
    if (rc)
        return rc;
    append_tombstone(t, c);
    return append_one(x, &made, cx, c, e);
}

static bool skipped(const struct change_tables *t, enum change_kind kind)
{
    switch (kind) {
    case CHANGE_CREATE:
        return t->o.skip_create;
    case CHANGE_UPDATE:
        return t->o.skip_update;
    case CHANGE_DELETE:
        return t->o.skip_delete;
    case CHANGE_TRUNCATE:
        return t->o.skip_truncate;
    case CHANGE_READ:
    case CHANGE_FORGET:
        break;
    }
    return false;
}

enum err change_append(struct change_tables *t, struct change_table *x, enum change_kind kind,
                       const struct cell *before, const struct cell *after,
                       const struct change_context *cx, struct chunk *c, struct errbuf *e)
{
    enum err rc = ERR_OK;
    if (!x->included || skipped(t, kind))
        return ERR_OK;
    if (!x->schema_sent)
        rc = append_schema(t, x, c, e);
    if (rc)
        return rc;
    struct one o = {.before = before, .after = after};
    uint64_t clamped = envelope_table_clamped(x->envelope);
    switch (kind) {
    case CHANGE_READ:
        o.op = 'r';
        o.key = after;
        rc = append_one(x, &o, cx, c, e);
        break;
    case CHANGE_CREATE:
        o.op = 'c';
        o.key = after;
        rc = append_one(x, &o, cx, c, e);
        break;
    case CHANGE_UPDATE:
        rc = append_update(t, x, before, after, cx, c, e);
        break;
    case CHANGE_DELETE:
        o.op = 'd';
        o.key = before;
        rc = append_one(x, &o, cx, c, e);
        if (!rc)
            append_tombstone(t, c);
        break;
    case CHANGE_TRUNCATE:
    case CHANGE_FORGET:
        o.op = 't';
        rc = append_one(x, &o, cx, c, e);
        break;
    }
    clamped = envelope_table_clamped(x->envelope) - clamped;
    if (clamped && t->o.clamped)
        (void)atomic_fetch_add(t->o.clamped, (int64_t)clamped);
    if (!rc) {
        c->changes++;
        c->newest_commit_us = cx->source_us;
    }
    return rc;
}
