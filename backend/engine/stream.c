/*
 * The stream: pgoutput messages into chunks.
 *
 * Rows are passed on as they come: the server spills large transactions, we hold none. `ordinal`
 * counts the row messages of the open transaction, captured or not, so that a restart skips exactly
 * those that a committed position covers.
 *
 * The slot may be told the server's end of WAL only when nothing is in flight: no open transaction
 * here, no chunk at the publisher. It is told through the publisher, after the position record
 * holds it, so that the slot never runs ahead of the record.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/clock.h"
#include "backend/base/log.h"
#include "backend/engine/capture_run.h"
#include "backend/postgres/pgoutput.h"

enum {
    WAIT_US = 1000000, /* while nothing comes */
    FEEDBACK_US = 1000000,
    GATHER_US = 2000, /* a partial chunk waits this long for more while the publisher is busy */
    CONFIRM_EVERY_US = 10000000, /* an idle stream writes a position at most this often */
};

/* Ours to move a position with: heartbeat and verify. Nobody else's business. */
#define OWN_MESSAGES "flightdeck."

struct stream {
    struct capture *c;
    struct pgoutput *decoder;
    struct chunk *chunk;
    struct change_context cx;
    struct position_point at; /* after the last message handled */
    struct position_point start;
    bool in_transaction;
    uint64_t commit_lsn;
    int64_t ordinal;
    bool skip_all;      /* the whole transaction is covered */
    int64_t skip_until; /* its first rows are */
    uint64_t last_commit_lsn;
    uint64_t told_lsn; /* confirmed_lsn of the last chunk that went to the publisher */
    bool nudged;       /* a logical message came: its reader waits for the position to move */
    int64_t last_idle_confirm_us;
    int64_t last_heartbeat_us;
    struct source *beat; /* connection for heartbeat messages */
    char *message_topic; /* once a message has come */
};

static enum err flush(struct stream *s, struct errbuf *e)
{
    if (!s->chunk)
        return ERR_OK;
    s->chunk->moves_position = true;
    s->chunk->at = s->at;
    s->told_lsn = s->at.confirmed_lsn;
    struct chunk *c = s->chunk;
    s->chunk = NULL;
    return publisher_push(s->c->publisher, c) ? err_set(e, ERR_CANCELED, "the publisher has ended")
                                              : ERR_OK;
}

static enum err need_chunk(struct stream *s, struct errbuf *e)
{
    enum err rc = s->chunk && chunk_full(s->chunk) ? flush(s, e) : ERR_OK;
    while (!rc && !s->chunk) {
        rc = publisher_chunk(s->c->publisher, FEEDBACK_US, &s->chunk, e);
        /* nothing is received meanwhile: the server must still hear of us (wal_sender_timeout) */
        if (rc == ERR_TIMEOUT)
            rc = replication_feedback(s->c->replication, e);
    }
    return rc;
}

static void on_begin(struct stream *s, const struct pgoutput_message *m)
{
    s->in_transaction = true;
    s->commit_lsn = m->commit_lsn;
    s->ordinal = 0;
    s->cx.xid = m->xid;
    s->cx.has_xid = true;
    s->cx.source_us = m->commit_time_us;
    s->cx.last_commit_lsn = s->last_commit_lsn;
    s->skip_all = m->commit_lsn < s->start.commit_lsn ||
                  (m->commit_lsn == s->start.commit_lsn && s->start.ordinal == ORDINAL_ALL);
    s->skip_until = m->commit_lsn == s->start.commit_lsn && !s->skip_all ? s->start.ordinal : 0;
}

static void on_commit(struct stream *s, const struct pgoutput_message *m)
{
    s->in_transaction = false;
    s->last_commit_lsn = m->commit_lsn;
    if (s->skip_all) /* covered already: the position stays where it is, or ahead of here */
        return;
    s->at = (struct position_point){
        .commit_lsn = m->commit_lsn, .ordinal = ORDINAL_ALL, .confirmed_lsn = m->end_lsn};
}

static enum err on_row(struct stream *s, const struct pgoutput_message *m, struct relation *r,
                       enum change_kind kind, struct errbuf *e)
{
    struct change_table *t;
    enum err rc = change_tables_get(s->c->stream_tables, r, &s->c->position, &t, e);
    if (!rc && s->commit_lsn >= t->horizon)
        rc = need_chunk(s, e);
    if (rc || s->commit_lsn < t->horizon)
        return rc;
    int n = s->chunk->n;
    size_t len = s->chunk->bytes.len;
    bool schema_sent = t->schema_sent;
    rc = change_append(s->c->stream_tables, t, kind, m->before, m->after, &s->cx, s->chunk, e);
    if (rc == ERR_DATA && s->c->o->source->on_bad_event != FAILURE_FAIL) {
        /* asked for: event.processing.failure.handling.mode = warn or skip */
        s->chunk->n = n;
        s->chunk->bytes.len = len;
        t->schema_sent = schema_sent; /* its record went with the change: the next one brings it */
        (void)atomic_fetch_add(&s->c->o->figures->dead_letters, 1);
        if (s->c->o->source->on_bad_event == FAILURE_WARN)
            log_warning("capture", "%s: a change of %s is left out: %s", s->c->o->name,
                        t->full_name, e->text);
        rc = ERR_OK;
    }
    return rc;
}

static enum err on_change(struct stream *s, const struct pgoutput_message *m, enum change_kind kind,
                          struct errbuf *e)
{
    enum err rc = ERR_OK;
    int64_t ordinal = s->ordinal++;
    if (s->skip_all || ordinal < s->skip_until)
        return ERR_OK;
    if (kind == CHANGE_TRUNCATE)
        for (int i = 0; i < m->n_truncated && !rc; i++)
            rc = on_row(s, m, m->truncated[i], kind, e);
    else
        rc = on_row(s, m, m->relation, kind, e);
    s->at.commit_lsn = s->commit_lsn;
    s->at.ordinal = s->ordinal;
    return rc;
}

/* The topic is made with the first message: most sources never send one. */
static enum err need_message_topic(struct stream *s, struct errbuf *e)
{
    const struct source_config *o = s->c->o->source;
    struct kafka_admin *admin = NULL;
    if (s->message_topic)
        return ERR_OK;
    if (asprintf(&s->message_topic, "%s.message", o->topic_prefix) < 0) {
        s->message_topic = NULL;
        return err_set(e, ERR_NOMEM, "no memory for a topic's name");
    }
    const struct topic_group *g = connector_topic_group(o, s->message_topic);
    const struct kafka_topic_spec spec = {s->message_topic, (int)g->partitions,
                                          (int)g->replication_factor, g->properties};
    enum err rc = kafka_admin_create(s->c->o->kafka, &admin, e);
    if (!rc)
        rc = kafka_admin_ensure_topics(admin, &spec, 1, e);
    kafka_admin_destroy(admin);
    return rc;
}

/* pg_logical_emit_message. One outside a transaction has no position of its own: it may come again
 * after a restart. */
static enum err on_message(struct stream *s, const struct pgoutput_message *m, struct errbuf *e)
{
    s->nudged = true; /* its sender may wait for the position to move: verify does */
    int64_t ordinal = m->message_transactional ? s->ordinal++ : 0;
    if (m->message_transactional && (s->skip_all || ordinal < s->skip_until))
        return ERR_OK;
    if (!strncmp(m->message_prefix, OWN_MESSAGES, strlen(OWN_MESSAGES)) ||
        !connector_message_included(s->c->o->source, m->message_prefix))
        return ERR_OK;
    enum err rc = need_message_topic(s, e);
    if (!rc)
        rc = need_chunk(s, e);
    if (rc)
        return rc;
    struct buf key;
    struct chunk_record *r = chunk_append(s->chunk, s->message_topic);
    struct envelope_event ev = {
        .op = 'm',
        .lsn = m->message_lsn,
        .last_commit_lsn = s->last_commit_lsn,
        .source_us = m->message_transactional ? s->cx.source_us : clock_wall_us(),
        .now_ns = s->cx.now_ns,
        .xid = s->cx.xid,
        .has_xid = m->message_transactional,
        .snapshot = "false",
    };
    buf_init(&key, 0);
    r->value = s->chunk->bytes.len;
    rc = envelope_write_message(&s->c->changes.envelope, &ev, m->message_prefix, m->message,
                                m->message_len, &key, &s->chunk->bytes, e);
    r->value_len = (uint32_t)(s->chunk->bytes.len - r->value);
    r->key = s->chunk->bytes.len;
    buf_add(&s->chunk->bytes, key.p, key.len);
    r->key_len = (uint32_t)key.len;
    r->has_key = r->has_value = true;
    buf_free(&key);
    if (m->message_transactional) {
        s->at.commit_lsn = s->commit_lsn;
        s->at.ordinal = s->ordinal;
    }
    return rc;
}

static enum err handle(struct stream *s, const struct pgoutput_message *m, struct errbuf *e)
{
    switch (m->kind) {
    case PGO_BEGIN:
        on_begin(s, m);
        return ERR_OK;
    case PGO_COMMIT:
        on_commit(s, m);
        return ERR_OK;
    case PGO_INSERT:
        return on_change(s, m, CHANGE_CREATE, e);
    case PGO_UPDATE:
        return on_change(s, m, CHANGE_UPDATE, e);
    case PGO_DELETE:
        return on_change(s, m, CHANGE_DELETE, e);
    case PGO_TRUNCATE:
        return on_change(s, m, CHANGE_TRUNCATE, e);
    case PGO_MESSAGE:
        return on_message(s, m, e);
    case PGO_RELATION:
    case PGO_OTHER:
        break;
    }
    return ERR_OK;
}

/* Nothing is open and all is committed: the server's end of WAL may become the position's confirmed
 * LSN. */
static enum err idle_confirm(struct stream *s, struct errbuf *e)
{
    int64_t now = clock_mono_us();
    uint64_t end = replication_server_end(s->c->replication);
    if (end < s->at.confirmed_lsn)
        end = s->at.confirmed_lsn;
    if (s->in_transaction || s->chunk || end <= s->told_lsn || !publisher_idle(s->c->publisher))
        return ERR_OK;
    if (!s->nudged && now - s->last_idle_confirm_us < CONFIRM_EVERY_US)
        return ERR_OK;
    s->nudged = false;
    s->last_idle_confirm_us = now;
    s->at.confirmed_lsn = end;
    enum err rc = need_chunk(s, e);
    return rc ? rc : flush(s, e);
}

static enum err ignore_row(void *arg, const struct cell *cells, int n, struct errbuf *e)
{
    (void)arg;
    (void)cells;
    (void)n;
    (void)e;
    return ERR_OK;
}

/* A record for readers that watch the topic, and a transactional message that moves an idle
 * source's WAL past us. */
static enum err heartbeat(struct stream *s, struct errbuf *e)
{
    const struct capture_options *o = s->c->o;
    int64_t now = clock_mono_us();
    int64_t every = o->source->heartbeat_interval_ms * 1000;
    if (!every || now - s->last_heartbeat_us < every)
        return ERR_OK;
    s->last_heartbeat_us = now;
    struct errbuf why;
    enum err rc = s->beat ? ERR_OK : source_open(o->source->conninfo, &s->beat, &why);
    if (!rc)
        rc = source_emit_message(s->beat, "flightdeck.heartbeat", o->name, &why);
    if (!rc && o->source->heartbeat_query)
        rc = source_query(s->beat, o->source->heartbeat_query, 0, NULL, ignore_row, NULL, &why);
    if (rc) {
        log_warning("capture", "%s: heartbeat: %s", o->name, why.text);
        source_close(s->beat);
        s->beat = NULL;
    }
    rc = need_chunk(s, e);
    if (rc)
        return rc;
    struct chunk *c = s->chunk;
    struct chunk_record *r = chunk_append(c, o->source->heartbeat_topic);
    r->has_key = r->has_value = true;
    r->key = c->bytes.len;
    buf_lit(&c->bytes, "{\"serverName\":");
    buf_json_string(&c->bytes, o->source->topic_prefix, strlen(o->source->topic_prefix));
    buf_ch(&c->bytes, '}');
    r->key_len = (uint32_t)(c->bytes.len - r->key);
    r->value = c->bytes.len;
    buf_lit(&c->bytes, "{\"ts_ms\":");
    buf_i64(&c->bytes, clock_wall_us() / 1000);
    buf_ch(&c->bytes, '}');
    r->value_len = (uint32_t)(c->bytes.len - r->value);
    return ERR_OK;
}

static int64_t wait_time(const struct stream *s)
{
    if (s->nudged && !s->in_transaction)
        return s->chunk ? 0 : GATHER_US;
    if (s->chunk)
        return publisher_hungry(s->c->publisher) ? 0 : GATHER_US;
    int64_t wait = WAIT_US;
    int64_t every = s->c->o->source->heartbeat_interval_ms * 1000;
    if (every) {
        int64_t left = s->last_heartbeat_us + every - clock_mono_us();
        if (left < wait)
            wait = left > 0 ? left : 0;
    }
    return wait;
}

/* One message, or what an idle moment asks for. */
static enum err turn(struct stream *s, struct errbuf *e)
{
    struct replication_data d;
    struct pgoutput_message m;
    enum err rc = replication_receive(s->c->replication, wait_time(s), &d, e);
    if (rc == ERR_TIMEOUT) {
        atomic_store(&s->c->o->figures->server_lsn, replication_server_end(s->c->replication));
        rc = s->in_transaction ? ERR_OK : heartbeat(s, e);
        if (!rc)
            rc = flush(s, e);
        return rc ? rc : idle_confirm(s, e);
    }
    if (rc)
        return rc;
    s->cx.lsn = d.wal_start;
    s->cx.now_ns = clock_wall_ns();
    rc = pgoutput_decode(s->decoder, d.p, d.n, &m, e);
    if (!rc)
        rc = handle(s, &m, e);
    if (rc == ERR_PROTOCOL || rc == ERR_DATA) {
        char lsn[LSN_TEXT_MAX];
        (void)err_prefix(e, "at %s", lsn_format(d.wal_start, lsn));
    }
    return rc;
}

/* What was whole when the stop came goes out; then the slot is told. */
static enum err wind_up(struct stream *s, enum err rc, struct errbuf *e)
{
    struct errbuf why;
    if (rc == ERR_CANCELED && s->c->stop)
        rc = flush(s, e);
    publisher_give_back(s->c->publisher, s->chunk);
    s->chunk = NULL;
    enum err ended = publisher_finish(s->c->publisher, rc != ERR_OK, s->c->o->grace_us, &why);
    if (ended && (!rc || rc == ERR_CANCELED)) {
        rc = ended;
        *e = why;
    }
    return rc;
}

enum err stream_run(struct capture *c, struct errbuf *e)
{
    struct stream s = {.c = c, .start = c->position.at, .at = c->position.at};
    enum err rc = ERR_OK;
    s.told_lsn = s.at.confirmed_lsn;
    s.cx.snapshot = "false";
    s.last_heartbeat_us = clock_mono_us();
    s.decoder = pgoutput_create(source_resolve, c->source);
    c->stream_tables = change_tables_create(&c->changes);
    if (!s.decoder || !c->stream_tables)
        rc = err_set(e, ERR_NOMEM, "no memory for the stream");
    if (!rc)
        rc = replication_start(c->replication, c->o->source->slot_name,
                               c->o->source->publication_name, c->position.at.confirmed_lsn, e);
    if (!rc)
        c->o->on_detail(c->o->arg, true, "streaming");
    while (!rc)
        rc = c->stop ? ERR_CANCELED : turn(&s, e);
    rc = wind_up(&s, rc, e);
    source_close(s.beat);
    pgoutput_destroy(s.decoder);
    free(s.message_topic);
    return rc;
}
