/*
 * The block `source` of an event, and the logical message, which has one too.
 *
 * Field order is the one in which a real Debezium writes them; the text between two numbers is
 * rendered once a table.
 */
#include <stdlib.h>
#include <string.h>

#include "backend/envelope/encode_table.h"

static void json_text(struct buf *b, const char *s)
{
    buf_json_string(b, s ? s : "", s ? strlen(s) : 0);
}

/* Takes the buffer's bytes over. */
static bool keep(struct constant *c, const struct buf *b)
{
    *c = (struct constant){b->p, b->len};
    return !b->failed;
}

bool source_make(struct source_parts *p, const struct envelope_options *o, const char *schema,
                 const char *table)
{
    struct buf b;
    buf_init(&b, 0);
    buf_lit(&b, "\"source\":{\"version\":");
    json_text(&b, o->version);
    buf_lit(&b, ",\"connector\":\"postgresql\",\"name\":");
    json_text(&b, o->prefix);
    buf_lit(&b, ",\"ts_ms\":");
    bool ok = keep(&p->head, &b);
    buf_init(&b, 0);
    buf_lit(&b, "\",\"db\":");
    json_text(&b, o->database);
    buf_lit(&b, ",\"sequence\":\"[");
    ok = keep(&p->db, &b) && ok;
    buf_init(&b, 0);
    buf_lit(&b, ",\"schema\":");
    json_text(&b, schema);
    buf_lit(&b, ",\"table\":");
    json_text(&b, table);
    buf_lit(&b, ",\"txId\":");
    return keep(&p->table, &b) && ok;
}

void source_free(struct source_parts *p)
{
    free(p->head.p);
    free(p->db.p);
    free(p->table.p);
    *p = (struct source_parts){0};
}

void source_write(const struct source_parts *p, const struct envelope_event *ev, struct buf *out)
{
    int64_t ns;
    if (__builtin_mul_overflow(ev->source_us, (int64_t)1000, &ns))
        ns = ev->source_us < 0 ? INT64_MIN : INT64_MAX; /* beyond the year 2262 */
    buf_add(out, p->head.p, p->head.n);
    buf_i64(out, encode_floor_div(ev->source_us, 1000));
    buf_lit(out, ",\"snapshot\":\"");
    buf_str(out, ev->snapshot ? ev->snapshot : "false");
    buf_add(out, p->db.p, p->db.n);
    if (ev->last_commit_lsn) {
        buf_lit(out, "\\\"");
        buf_u64(out, ev->last_commit_lsn);
        buf_lit(out, "\\\"");
    } else {
        buf_lit(out, "null");
    }
    buf_lit(out, ",\\\"");
    buf_u64(out, ev->lsn);
    buf_lit(out, "\\\"]\",\"ts_us\":");
    buf_i64(out, ev->source_us);
    buf_lit(out, ",\"ts_ns\":");
    buf_i64(out, ns);
    buf_add(out, p->table.p, p->table.n);
    if (ev->has_xid)
        buf_u64(out, ev->xid);
    else
        buf_lit(out, "null");
    buf_lit(out, ",\"lsn\":");
    buf_u64(out, ev->lsn);
    buf_lit(out, ",\"xmin\":null,\"origin\":null,\"origin_lsn\":null}");
}

/* ---- logical messages ---- */

static void message_key(const struct envelope_options *o, const char *prefix, struct buf *out)
{
    if (o->inline_schema_key) {
        buf_lit(out, "{\"schema\":");
        schema_write_message_key(out);
        buf_lit(out, ",\"payload\":");
    }
    buf_lit(out, "{\"prefix\":");
    json_text(out, prefix);
    buf_ch(out, '}');
    if (o->inline_schema_key)
        buf_ch(out, '}');
}

enum err envelope_write_message(const struct envelope_options *o, const struct envelope_event *ev,
                                const char *prefix, const void *content, size_t n, struct buf *key,
                                struct buf *value, struct errbuf *e)
{
    struct source_parts source = {0};
    size_t key_start = key->len;
    size_t value_start = value->len;
    bool ok = source_make(&source, o, "", "");
    message_key(o, prefix, key);
    if (o->inline_schema_value) {
        buf_lit(value, "{\"schema\":");
        schema_write_message(value);
        buf_lit(value, ",\"payload\":");
    }
    buf_lit(value, "{\"op\":\"m\",\"ts_ms\":");
    buf_i64(value, encode_floor_div(ev->now_ns, 1000000));
    buf_ch(value, ',');
    if (ok)
        source_write(&source, ev, value);
    buf_lit(value, ",\"transaction\":null,\"message\":{\"prefix\":");
    json_text(value, prefix);
    buf_lit(value, ",\"content\":\"");
    encode_base64(value, content, n, BASE64_PLAIN);
    buf_lit(value, "\"}}");
    if (o->inline_schema_value)
        buf_ch(value, '}');
    source_free(&source);
    enum err rc = ok ? buf_check(key, "a message's key", e)
                     : err_set(e, ERR_NOMEM, "no memory for a logical message");
    if (rc == ERR_OK)
        rc = buf_check(value, "a logical message", e);
    if (rc != ERR_OK) {
        key->len = key_start;
        value->len = value_start;
    }
    return rc;
}
