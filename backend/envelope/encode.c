/*
 * The change event, written in one pass.
 *
 * All that does not change between two events of a table is rendered when its plan is made: names
 * of fields with their quotes, the inline schemas, `source` between its numbers. An event copies
 * those and lets each column's writer turn its text into JSON (encode_types.c says which). The
 * output is left as it was when anything fails.
 */
#include "backend/envelope/encode.h"

#include <stdlib.h>
#include <string.h>

#include "backend/envelope/encode_table.h"
#include "backend/envelope/topic.h"

static const char DEFAULT_PLACEHOLDER[] = "__debezium_unavailable_value";

static enum err no_memory(const struct relation *r, struct errbuf *e)
{
    return err_set(e, ERR_NOMEM, "no memory for the event plan of table %s.%s", r->schema, r->name);
}

static enum err make_topic(struct envelope_table *t, const char *prefix, struct errbuf *e)
{
    struct buf b;
    buf_init(&b, 0);
    enum err rc = topic_name_of_table(prefix, t->relation->schema, t->relation->name, &b, e);
    if (rc == ERR_OK)
        t->topic = strdup(buf_cstr(&b));
    buf_free(&b);
    return rc || t->topic ? rc : no_memory(t->relation, e);
}

static enum err make_fields(struct envelope_table *t, struct errbuf *e)
{
    struct relation *r = t->relation;
    enum err rc = ERR_OK;
    t->fields = calloc((size_t)r->n_columns + 1, sizeof *t->fields);
    t->keys = calloc((size_t)r->n_key + 1, sizeof *t->keys);
    t->key_columns = calloc((size_t)r->n_key + 1, sizeof *t->key_columns);
    if (!t->fields || !t->keys || !t->key_columns)
        return no_memory(r, e);
    for (int i = 0; i < r->n_columns && rc == ERR_OK; i++)
        rc = field_plan(&t->fields[i], &t->set, &r->columns[i], false, e);
    int n = 0;
    for (int at = 1; n < r->n_key && rc == ERR_OK && at <= r->n_columns; at++)
        for (int i = 0; i < r->n_columns && n < r->n_key && rc == ERR_OK; i++)
            if (r->columns[i].key_pos == at) {
                t->key_columns[n] = i;
                rc = field_plan(&t->keys[n++], &t->set, &r->columns[i], true, e);
            }
    if (rc == ERR_OK && n != r->n_key)
        rc = err_set(e, ERR_INTERNAL, "the key positions of table %s.%s do not count from 1 to %d",
                     r->schema, r->name, r->n_key);
    return rc;
}

static enum err make_parts(struct envelope_table *t, const struct envelope_options *o,
                           struct errbuf *e)
{
    const struct relation *r = t->relation;
    struct buf key;
    struct buf value;
    bool ok = source_make(&t->source, o, r->schema, r->name);
    buf_init(&key, 0);
    buf_init(&value, 0);
    if (o->inline_schema_key && r->n_key) {
        buf_lit(&key, "{\"schema\":");
        schema_write_key(r, t->keys, t->topic, &key);
        buf_lit(&key, ",\"payload\":");
    }
    if (o->inline_schema_value) {
        buf_lit(&value, "{\"schema\":");
        schema_write_envelope(r, t->fields, t->topic, &value);
        buf_lit(&value, ",\"payload\":");
    }
    t->key_head = (struct constant){key.p, key.len};
    t->value_head = (struct constant){value.p, value.len};
    return ok && !key.failed && !value.failed ? ERR_OK : no_memory(r, e);
}

enum err envelope_table_create(const struct envelope_options *o, struct relation *r,
                               struct envelope_table **out, struct errbuf *e)
{
    *out = NULL;
    struct envelope_table *t = calloc(1, sizeof *t);
    if (!t)
        return no_memory(r, e);
    t->relation = relation_ref(r);
    t->set.decimals = o->decimals;
    t->set.times = o->times;
    t->set.binary = o->binary;
    t->set.intervals = o->intervals;
    t->set.hstore = o->hstore;
    t->set.overflow = o->overflow;
    t->set.placeholder = strdup(o->placeholder ? o->placeholder : DEFAULT_PLACEHOLDER);
    enum err rc = t->set.placeholder ? ERR_OK : no_memory(r, e);
    if (rc == ERR_OK)
        rc = make_topic(t, o->prefix, e);
    if (rc == ERR_OK)
        rc = make_fields(t, e);
    if (rc == ERR_OK)
        rc = make_parts(t, o, e);
    if (rc == ERR_OK)
        *out = t;
    else
        envelope_table_destroy(t);
    return rc;
}

void envelope_table_destroy(struct envelope_table *t)
{
    if (!t)
        return;
    for (int i = 0; t->fields && i < t->relation->n_columns; i++)
        field_free(&t->fields[i]);
    for (int i = 0; t->keys && i < t->relation->n_key; i++)
        field_free(&t->keys[i]);
    source_free(&t->source);
    free(t->key_head.p);
    free(t->value_head.p);
    free(t->fields);
    free(t->keys);
    free(t->key_columns);
    free(t->topic);
    free(t->set.placeholder);
    relation_unref(t->relation);
    free(t);
}

const struct relation *envelope_table_relation(const struct envelope_table *t)
{
    return t->relation;
}

const char *envelope_table_topic(const struct envelope_table *t)
{
    return t->topic;
}

uint64_t envelope_table_clamped(const struct envelope_table *t)
{
    return atomic_load(&t->set.clamped);
}

/* ---- rows ---- */

static enum err refuse(const struct envelope_table *t, const struct field *f, const struct cell *c,
                       const char *reason, struct errbuf *e)
{
    enum { START_MAX = 60 };
    const struct relation *r = t->relation;
    const struct column *col = f->column;
    int n = c->len > START_MAX ? START_MAX : (int)c->len;
    while (n < (int)c->len && n > 0 && ((unsigned char)c->p[n] & 0xc0) == 0x80)
        n--; /* not within a character */
    return err_set(e, ERR_DATA, "%s.%s, column \"%s\" (%s): \"%.*s\"%s %s", r->schema, r->name,
                   col->name, col->type_name ? col->type_name : "?", n, c->p,
                   n < (int)c->len ? ".." : "", reason);
}

static enum err refuse_unchanged(const struct envelope_table *t, const struct field *f,
                                 const char *where, struct errbuf *e)
{
    const struct relation *r = t->relation;
    return err_set(e, ERR_DATA,
                   "%s.%s, column \"%s\" (%s): the server did not send the unchanged value (TOAST) "
                   "and %s cannot say so; set REPLICA IDENTITY FULL on the table",
                   r->schema, r->name, f->column->name,
                   f->column->type_name ? f->column->type_name : "?", where);
}

static inline enum err write_cell(const struct envelope_table *t, const struct field *f,
                                  const struct cell *c, struct buf *out, struct errbuf *e)
{
    if (c->kind == CELL_TEXT) {
        const char *reason = f->write(f, c->p, c->len, out);
        return reason ? refuse(t, f, c, reason, e) : ERR_OK;
    }
    if (c->kind == CELL_NULL) {
        buf_lit(out, "null");
        return ERR_OK;
    }
    if (!f->unchanged)
        return refuse_unchanged(t, f, "a value of this type", e);
    buf_add(out, f->unchanged, f->n_unchanged);
    return ERR_OK;
}

/* Where the new row has a value that was not sent, the old one has it (replica identity full). */
static enum err write_row(const struct envelope_table *t, const struct cell *cells,
                          const struct cell *old, struct buf *out, struct errbuf *e)
{
    int n = t->relation->n_columns;
    if (!n) {
        buf_lit(out, "{}");
        return ERR_OK;
    }
    for (int i = 0; i < n; i++) {
        const struct field *f = &t->fields[i];
        const struct cell *c = &cells[i];
        if (c->kind == CELL_UNCHANGED && old && old[i].kind == CELL_TEXT)
            c = &old[i];
        size_t at = out->len;
        buf_add(out, f->lead, f->n_lead);
        if (!i && !out->failed)
            out->p[at] = '{'; /* in the place of the comma */
        enum err rc = write_cell(t, f, c, out, e);
        if (rc != ERR_OK)
            return rc;
    }
    buf_ch(out, '}');
    return ERR_OK;
}

static enum err write_key(const struct envelope_table *t, const struct constant *head,
                          const struct cell *cells, struct buf *out, struct errbuf *e)
{
    const struct relation *r = t->relation;
    size_t start = out->len;
    enum err rc = ERR_OK;
    if (!r->n_key)
        return err_set(e, ERR_NOT_FOUND, "table %s.%s has no key", r->schema, r->name);
    buf_add(out, head->p, head->n);
    for (int i = 0; i < r->n_key && rc == ERR_OK; i++) {
        const struct field *f = &t->keys[i];
        const struct cell *c = &cells[t->key_columns[i]];
        size_t at = out->len;
        buf_add(out, f->lead, f->n_lead);
        if (!i && !out->failed)
            out->p[at] = '{';
        rc = c->kind == CELL_UNCHANGED ? refuse_unchanged(t, f, "a key", e)
                                       : write_cell(t, f, c, out, e);
    }
    buf_ch(out, '}');
    if (head->n)
        buf_ch(out, '}');
    if (rc == ERR_OK)
        rc = buf_check(out, "a record's key", e);
    if (rc != ERR_OK)
        out->len = start;
    return rc;
}

enum err envelope_write_key(const struct envelope_table *t, const struct cell *cells,
                            struct buf *out, struct errbuf *e)
{
    return write_key(t, &t->key_head, cells, out, e);
}

enum err envelope_write_header_key(const struct envelope_table *t, const struct cell *cells,
                                   struct buf *out, struct errbuf *e)
{
    static const struct constant no_schema = {NULL, 0};
    return write_key(t, &no_schema, cells, out, e);
}

static void write_tail(const struct envelope_event *ev, struct buf *out)
{
    buf_lit(out, ",\"transaction\":null,\"op\":\"");
    buf_ch(out, ev->op);
    buf_lit(out, "\",\"ts_ms\":");
    buf_i64(out, encode_floor_div(ev->now_ns, 1000000));
    buf_lit(out, ",\"ts_us\":");
    buf_i64(out, encode_floor_div(ev->now_ns, 1000));
    buf_lit(out, ",\"ts_ns\":");
    buf_i64(out, ev->now_ns);
    buf_ch(out, '}');
}

enum err envelope_write_value(const struct envelope_table *t, const struct envelope_event *ev,
                              struct buf *out, struct errbuf *e)
{
    const struct constant *head = &t->value_head;
    size_t start = out->len;
    enum err rc = ERR_OK;
    buf_add(out, head->p, head->n);
    buf_lit(out, "{\"before\":");
    if (ev->before)
        rc = write_row(t, ev->before, NULL, out, e);
    else
        buf_lit(out, "null");
    buf_lit(out, ",\"after\":");
    if (ev->after && rc == ERR_OK)
        rc = write_row(t, ev->after, ev->before, out, e);
    else
        buf_lit(out, "null");
    buf_ch(out, ',');
    source_write(&t->source, ev, out);
    write_tail(ev, out);
    if (head->n)
        buf_ch(out, '}');
    if (rc == ERR_OK)
        rc = buf_check(out, "a record's value", e);
    if (rc != ERR_OK)
        out->len = start;
    return rc;
}

bool envelope_key_differs(const struct envelope_table *t, const struct cell *a,
                          const struct cell *b)
{
    for (int i = 0; i < t->relation->n_key; i++) {
        const struct cell *x = &a[t->key_columns[i]];
        const struct cell *y = &b[t->key_columns[i]];
        if (x->kind == CELL_UNCHANGED || y->kind == CELL_UNCHANGED)
            continue; /* not sent because it is the same */
        if (x->kind != y->kind || x->len != y->len ||
            (x->kind == CELL_TEXT && memcmp(x->p, y->p, x->len) != 0))
            return true;
    }
    return false;
}
