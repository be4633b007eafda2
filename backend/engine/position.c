#include "backend/engine/position.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "backend/kafka/kafka.h"
#include "backend/postgres/replication.h"

enum { OFFSETS_MAX_FETCH = 1 << 20, TAIL_RECORDS = 200 };

static const char *const snapshot_words[] = {"none", "running", "done"};

void position_init(struct position *p)
{
    *p = (struct position){.at.ordinal = ORDINAL_ALL};
}

void position_free(struct position *p)
{
    for (int i = 0; i < p->n_tables; i++)
        free(p->tables[i].name);
    free(p->tables);
    position_init(p);
}

static struct position_table *find_table(const struct position *p, const char *name)
{
    for (int i = 0; i < p->n_tables; i++)
        if (!strcmp(p->tables[i].name, name))
            return &p->tables[i];
    return NULL;
}

enum err position_add_table(struct position *p, const char *name, uint64_t horizon,
                            struct errbuf *e)
{
    struct position_table *known = find_table(p, name);
    if (known) {
        if (horizon)
            known->horizon = horizon;
        return ERR_OK;
    }
    struct position_table *t = realloc(p->tables, (size_t)(p->n_tables + 1) * sizeof *t);
    if (!t)
        return err_set(e, ERR_NOMEM, "no memory for the snapshot's tables");
    p->tables = t;
    char *copy = strdup(name);
    if (!copy)
        return err_set(e, ERR_NOMEM, "no memory for the snapshot's tables");
    t[p->n_tables++] = (struct position_table){.name = copy, .horizon = horizon};
    return ERR_OK;
}

uint64_t position_horizon(const struct position *p, const char *name)
{
    const struct position_table *t = find_table(p, name);
    return t ? t->horizon : 0;
}

bool position_begun(const struct position *p, const char *name)
{
    const struct position_table *t = find_table(p, name);
    return t && !t->horizon;
}

void position_write_key(const char *connector, struct buf *out)
{
    buf_lit(out, "{\"connector\":");
    buf_json_string(out, connector, strlen(connector));
    buf_ch(out, '}');
}

static void write_lsn(struct buf *out, uint64_t lsn)
{
    char text[LSN_TEXT_MAX];
    buf_ch(out, '"');
    buf_str(out, lsn_format(lsn, text));
    buf_ch(out, '"');
}

void position_write_value(const struct position *p, struct buf *out)
{
    buf_lit(out, "{\"commit_lsn\":");
    write_lsn(out, p->at.commit_lsn);
    buf_lit(out, ",\"ordinal\":");
    if (p->at.ordinal == ORDINAL_ALL)
        buf_lit(out, "\"all\"");
    else
        buf_i64(out, p->at.ordinal);
    buf_lit(out, ",\"confirmed_lsn\":");
    write_lsn(out, p->at.confirmed_lsn);
    buf_lit(out, ",\"snapshot\":\"");
    buf_str(out, snapshot_words[p->snapshot]);
    buf_ch(out, '"');
    if (p->forget_lsn && p->snapshot != SNAPSHOT_DONE) {
        buf_lit(out, ",\"forget_lsn\":");
        write_lsn(out, p->forget_lsn);
    }
    buf_lit(out, ",\"tables\":{");
    bool first = true;
    for (int i = 0; i < p->n_tables; i++) {
        /* a horizon behind the stream has done its work: keep the record small */
        if (p->snapshot == SNAPSHOT_DONE && p->tables[i].horizon <= p->at.commit_lsn)
            continue;
        if (!first)
            buf_ch(out, ',');
        first = false;
        buf_json_string(out, p->tables[i].name, strlen(p->tables[i].name));
        buf_ch(out, ':');
        write_lsn(out, p->tables[i].horizon);
    }
    buf_lit(out, "}}");
}

static bool get_lsn(const json_t *root, const char *name, uint64_t *out)
{
    const char *s = json_string_value(json_object_get(root, name));
    return s && lsn_parse(s, out);
}

static enum err parse_tables(json_t *root, struct position *out, struct errbuf *e)
{
    const char *name;
    json_t *value;
    json_object_foreach(json_object_get(root, "tables"), name, value)
    {
        uint64_t lsn;
        const char *s = json_string_value(value);
        if (!s || !lsn_parse(s, &lsn))
            return err_set(e, ERR_PROTOCOL, "position record: table %s has no LSN", name);
        enum err rc = position_add_table(out, name, lsn, e);
        if (rc)
            return rc;
    }
    return ERR_OK;
}

enum err position_parse(const char *json, size_t n, struct position *out, struct errbuf *e)
{
    json_error_t je;
    enum err rc = ERR_OK;
    position_init(out);
    json_t *root = json_loadb(json, n, 0, &je);
    if (!root)
        return err_set(e, ERR_PROTOCOL, "position record is not JSON: %s", je.text);
    json_t *ordinal = json_object_get(root, "ordinal");
    const char *state = json_string_value(json_object_get(root, "snapshot"));
    if (!get_lsn(root, "commit_lsn", &out->at.commit_lsn) ||
        !get_lsn(root, "confirmed_lsn", &out->at.confirmed_lsn) || !ordinal || !state) {
        rc = err_set(e, ERR_PROTOCOL,
                     "position record lacks commit_lsn, confirmed_lsn, ordinal or snapshot");
        goto out;
    }
    if (json_object_get(root, "forget_lsn") && !get_lsn(root, "forget_lsn", &out->forget_lsn)) {
        rc = err_set(e, ERR_PROTOCOL, "position record: forget_lsn is no LSN");
        goto out;
    }
    if (json_is_integer(ordinal))
        out->at.ordinal = json_integer_value(ordinal);
    for (int i = SNAPSHOT_NONE; i <= SNAPSHOT_DONE; i++)
        if (!strcmp(state, snapshot_words[i]))
            out->snapshot = (enum position_snapshot)i;
    rc = parse_tables(root, out, e);
out:
    json_decref(root);
    if (rc)
        position_free(out);
    return rc;
}

/*
 * Reads [from, end) and keeps the last record under `key`. A busy writer appends faster than an end
 * of partition is reported, so the end is that of the start; behind the last record stand markers
 * only, where no record comes but the end is told.
 */
static enum err scan(struct kafka_consumer *c, const char *topic, int64_t from, int64_t end,
                     const struct buf *key, const _Atomic bool *stop, struct position *out,
                     bool *found, struct errbuf *e)
{
    struct kafka_position at = {.topic = topic, .partition = 0, .offset = from};
    enum err rc = kafka_consumer_assign(c, &at, 1, e);
    while (!rc) {
        struct kafka_record r;
        if (*stop)
            return err_set(e, ERR_CANCELED, "stopped while reading %s", topic);
        enum err got = kafka_consumer_poll(c, 200000, &r, e);
        if (got == ERR_NOT_FOUND)
            break;
        if (got == ERR_TIMEOUT)
            continue;
        if (got)
            return got;
        if (r.key && r.key_len == key->len && !memcmp(r.key, key->p, key->len) && r.value) {
            position_free(out);
            rc = position_parse(r.value, r.value_len, out, e);
            *found = rc == ERR_OK;
        }
        bool last = r.offset >= end - 1;
        kafka_record_free(&r);
        if (last)
            break;
    }
    return rc;
}

enum err position_read(const char *const *kafka, const char *topic, const char *connector,
                       const _Atomic bool *stop, struct position *out, struct errbuf *e)
{
    struct kafka_consumer *c = NULL;
    struct kafka_admin *admin = NULL;
    struct kafka_topics topics = {0};
    struct buf key;
    bool found = false;
    position_init(out);
    buf_init(&key, 0);
    position_write_key(connector, &key);
    enum err rc = kafka_admin_create(kafka, &admin, e);
    if (!rc)
        rc = kafka_admin_topics(admin, topic, true, false, &topics, e);
    if (!rc && topics.n != 1)
        rc = err_set(e, ERR_NOT_FOUND, "no topic %s", topic);
    if (!rc)
        rc = kafka_consumer_create(kafka, NULL, OFFSETS_MAX_FETCH, &c, e);
    if (rc)
        goto out;
    /* Compaction lags behind: the newest record of ours is almost always near the end. */
    int64_t low = topics.items[0].low[0];
    int64_t end = topics.items[0].high[0];
    int64_t from = end - TAIL_RECORDS;
    if (from > low)
        rc = scan(c, topic, from, end, &key, stop, out, &found, e);
    if (!rc && !found)
        rc = scan(c, topic, KAFKA_OFFSET_BEGINNING, end, &key, stop, out, &found, e);
    if (!rc && !found)
        rc = err_set(e, ERR_NOT_FOUND, "%s has no position of %s", topic, connector);
out:
    kafka_topics_free(&topics);
    kafka_consumer_destroy(c);
    kafka_admin_destroy(admin);
    buf_free(&key);
    if (rc)
        position_free(out);
    return rc;
}
