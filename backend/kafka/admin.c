/*
 * Topics: made, deleted, described.
 *
 * The handle is a consumer without a group, because a consumer's metadata requests never make a
 * topic and its ListOffsets requests carry the isolation level: with read_committed the broker
 * answers the last stable offset, which is what a reader can get to. One request asks for the
 * offsets of all partitions at once: rd_kafka_offsets_for_times with the timestamps -2 (earliest)
 * and -1 (latest).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/clock.h"
#include "backend/base/stop.h"
#include "backend/kafka/conf.h"
#include "backend/kafka/kafka.h"

enum {
    ANSWER_MS = 10000,
    REFUSED_MS = 1000,
    SLICE_MS = 500,
    LEADER_MS = 5000,
    OFFSETS_MS = 2000, /* of one ListOffsets; a stop waits for it */
    CLOSE_US = 2000000,
};

struct kafka_admin {
    rd_kafka_t *rk;
    rd_kafka_queue_t *queue;
    char *servers;
    bool all_down;
    char broker_text[256];
};

static void on_error(rd_kafka_t *rk, int err, const char *reason, void *opaque)
{
    struct kafka_admin *a = opaque;
    (void)rk;
    if (err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
        a->all_down = true;
        if (a->broker_text[0])
            return;
    }
    (void)kafka_reason(reason, a->broker_text, sizeof(a->broker_text));
}

enum err kafka_admin_create(const char *const *settings, struct kafka_admin **out, struct errbuf *e)
{
    static const char *const defaults[] = {"client.id",
                                           "flightdeck",
                                           "socket.nagle.disable",
                                           "true",
                                           "reconnect.backoff.max.ms",
                                           "1000",
                                           "log.connection.close",
                                           "false",
                                           NULL};
    static const char *const forced[] = {"isolation.level", "read_committed",
                                         "allow.auto.create.topics", "false", NULL};
    /* without a group there is one connection less, and one thread */
    static const char *const skipped[] = {"transactional.id", "group.id", NULL};
    struct kafka_admin *a = calloc(1, sizeof(*a));
    rd_kafka_conf_t *conf = NULL;
    enum err r = a ? kafka_conf_make(defaults, settings, forced, skipped, &conf, e)
                   : err_set(e, ERR_NOMEM, "kafka: out of memory");
    if (r)
        goto out;
    a->servers = strdup(kafka_servers(settings));
    rd_kafka_conf_set_opaque(conf, a);
    rd_kafka_conf_set_error_cb(conf, on_error);
    r = kafka_open(RD_KAFKA_CONSUMER, conf, &a->rk, e);
    if (r)
        goto out;
    a->queue = rd_kafka_queue_new(a->rk);
out:
    if (r) {
        kafka_admin_destroy(a);
        a = NULL;
    }
    *out = a;
    return r;
}

void kafka_admin_destroy(struct kafka_admin *a)
{
    if (!a)
        return;
    if (a->queue)
        rd_kafka_queue_destroy(a->queue);
    kafka_close(a->rk, CLOSE_US, NULL, NULL);
    free(a->servers);
    free(a);
}

/* No answer in time, or none to be expected: says so with what the brokers said last. */
static enum err no_answer(struct kafka_admin *a, rd_kafka_resp_err_t r, const char *what,
                          struct errbuf *e)
{
    enum err code = kafka_err_code(r);
    if (code != ERR_CONNECT)
        return kafka_err_set(e, r, what);
    /* "host:port/bootstrap: " before it says nothing that `servers` does not */
    const char *words = a->broker_text[0] ? a->broker_text : rd_kafka_err2str(r);
    const char *place = strstr(words, "/bootstrap: ");
    return err_set(e, ERR_CONNECT, "kafka: %s: %s does not answer: %s", what,
                   a->servers ? a->servers : "", place ? place + strlen("/bootstrap: ") : words);
}

/* Metadata of one topic (rkt) or of all; tries again in slices so that a refused connection is
 * told early. */
static enum err metadata(struct kafka_admin *a, rd_kafka_topic_t *rkt,
                         const struct rd_kafka_metadata **out, struct errbuf *e)
{
    int64_t start = clock_mono_us();
    a->all_down = false;
    for (;;) {
        rd_kafka_resp_err_t r = rd_kafka_metadata(a->rk, rkt == NULL, rkt, out, SLICE_MS);
        if (!r) {
            a->broker_text[0] = 0;
            return ERR_OK;
        }
        rd_kafka_poll(a->rk, 0);
        if (stop_asked())
            return err_set(e, ERR_CANCELED, "kafka: interrupted");
        int64_t ms = (clock_mono_us() - start) / 1000;
        if (kafka_err_code(r) != ERR_CONNECT || ms >= (a->all_down ? REFUSED_MS : ANSWER_MS))
            return no_answer(a, r, "topics cannot be listed", e);
    }
}

static rd_kafka_event_t *wait_event(struct kafka_admin *a, rd_kafka_event_type_t type)
{
    int64_t until = clock_mono_us() + ANSWER_MS * 2000LL;
    while (clock_mono_us() < until && !stop_asked()) {
        rd_kafka_event_t *ev = rd_kafka_queue_poll(a->queue, SLICE_MS);
        if (ev && rd_kafka_event_type(ev) == type)
            return ev;
        if (ev)
            rd_kafka_event_destroy(ev);
    }
    return NULL;
}

static rd_kafka_AdminOptions_t *options(struct kafka_admin *a, rd_kafka_admin_op_t op)
{
    rd_kafka_AdminOptions_t *o = rd_kafka_AdminOptions_new(a->rk, op);
    char why[256];
    (void)rd_kafka_AdminOptions_set_request_timeout(o, ANSWER_MS, why, sizeof(why));
    return o;
}

/* ---- make, delete ---- */

static enum err new_topic(const struct kafka_topic_spec *t, rd_kafka_NewTopic_t **out,
                          struct errbuf *e)
{
    char why[512] = "";
    *out = rd_kafka_NewTopic_new(t->name, t->partitions, t->replication, why, sizeof(why));
    if (!*out)
        return err_set(e, ERR_CONFIG, "kafka: topic %s: %s", t->name, why);
    for (const char *const *c = t->config; c && c[0] && c[1]; c += 2)
        if (rd_kafka_NewTopic_set_config(*out, c[0], c[1]))
            return err_set(e, ERR_CONFIG, "kafka: topic %s: setting %s=%s is refused", t->name,
                           c[0], c[1]);
    return ERR_OK;
}

/* The first result that is neither success nor `fine`, in words. */
static enum err results(const rd_kafka_topic_result_t **list, size_t n, rd_kafka_resp_err_t fine,
                        const char *what, struct errbuf *e)
{
    for (size_t i = 0; i < n; i++) {
        rd_kafka_resp_err_t r = rd_kafka_topic_result_error(list[i]);
        const char *why = rd_kafka_topic_result_error_string(list[i]);
        if (r && r != fine)
            return err_set(e, kafka_err_code(r), "kafka: topic %s is not %s: %s",
                           rd_kafka_topic_result_name(list[i]), what,
                           why ? why : rd_kafka_err2str(r));
    }
    return ERR_OK;
}

static const rd_kafka_metadata_topic_t *in_metadata(const struct rd_kafka_metadata *md,
                                                    const char *name)
{
    for (int i = 0; i < md->topic_cnt; i++)
        if (!strcmp(md->topics[i].topic, name) && !md->topics[i].err)
            return &md->topics[i];
    return NULL;
}

static bool has_leaders(const rd_kafka_metadata_topic_t *t)
{
    for (int i = 0; t && i < t->partition_cnt; i++)
        if (t->partitions[i].leader < 0)
            return false;
    return t && t->partition_cnt > 0;
}

static enum err create_topics(struct kafka_admin *a, rd_kafka_NewTopic_t **list, size_t n,
                              struct errbuf *e)
{
    rd_kafka_AdminOptions_t *o = options(a, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    char why[256];
    (void)rd_kafka_AdminOptions_set_operation_timeout(o, ANSWER_MS, why, sizeof(why));
    rd_kafka_CreateTopics(a->rk, list, n, o, a->queue);
    rd_kafka_AdminOptions_destroy(o);
    rd_kafka_event_t *ev = wait_event(a, RD_KAFKA_EVENT_CREATETOPICS_RESULT);
    enum err r;
    if (!ev || rd_kafka_event_error(ev)) {
        r = no_answer(a, ev ? rd_kafka_event_error(ev) : RD_KAFKA_RESP_ERR__TIMED_OUT,
                      "topics cannot be made", e);
    } else {
        size_t count = 0;
        const rd_kafka_topic_result_t **res =
            rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(ev), &count);
        r = results(res, count, RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS, "made", e);
    }
    if (ev)
        rd_kafka_event_destroy(ev);
    return r;
}

/* A topic that was made is not known to every broker at once. */
static enum err wait_visible(struct kafka_admin *a, const struct kafka_topic_spec *t, int n,
                             struct errbuf *e)
{
    int64_t until = clock_mono_us() + ANSWER_MS * 1000LL;
    for (;;) {
        const struct rd_kafka_metadata *md = NULL;
        enum err r = metadata(a, NULL, &md, e);
        int seen = 0;
        if (r)
            return r;
        while (seen < n && has_leaders(in_metadata(md, t[seen].name)))
            seen++;
        rd_kafka_metadata_destroy(md);
        if (seen == n)
            return ERR_OK;
        if (clock_mono_us() >= until)
            return err_set(e, ERR_CONNECT, "kafka: topic %s was made but does not appear",
                           t[seen].name);
        rd_kafka_poll(a->rk, 10);
    }
}

enum err kafka_admin_ensure_topics(struct kafka_admin *a, const struct kafka_topic_spec *t, int n,
                                   struct errbuf *e)
{
    const struct rd_kafka_metadata *md = NULL;
    rd_kafka_NewTopic_t **list = calloc(n > 0 ? (size_t)n : 1, sizeof(rd_kafka_NewTopic_t *));
    size_t missing = 0;
    enum err r = list ? metadata(a, NULL, &md, e) : err_set(e, ERR_NOMEM, "kafka: out of memory");
    for (int i = 0; i < n && !r; i++) {
        if (in_metadata(md, t[i].name))
            continue;
        r = new_topic(&t[i], &list[missing], e);
        missing += list[missing] != NULL;
    }
    if (!r && missing)
        r = create_topics(a, list, missing, e);
    if (!r && missing)
        r = wait_visible(a, t, n, e);
    if (md)
        rd_kafka_metadata_destroy(md);
    if (list)
        rd_kafka_NewTopic_destroy_array(list, missing);
    free(list);
    return r;
}

enum err kafka_admin_delete_topics(struct kafka_admin *a, const char *const *names, int n,
                                   struct errbuf *e)
{
    if (n <= 0)
        return ERR_OK;
    rd_kafka_DeleteTopic_t **list = calloc((size_t)n, sizeof(rd_kafka_DeleteTopic_t *));
    if (!list)
        return err_set(e, ERR_NOMEM, "kafka: out of memory");
    for (int i = 0; i < n; i++)
        list[i] = rd_kafka_DeleteTopic_new(names[i]);
    rd_kafka_AdminOptions_t *o = options(a, RD_KAFKA_ADMIN_OP_DELETETOPICS);
    rd_kafka_DeleteTopics(a->rk, list, (size_t)n, o, a->queue);
    rd_kafka_AdminOptions_destroy(o);
    rd_kafka_DeleteTopic_destroy_array(list, (size_t)n);
    free(list);
    rd_kafka_event_t *ev = wait_event(a, RD_KAFKA_EVENT_DELETETOPICS_RESULT);
    enum err r;
    if (!ev || rd_kafka_event_error(ev)) {
        r = no_answer(a, ev ? rd_kafka_event_error(ev) : RD_KAFKA_RESP_ERR__TIMED_OUT,
                      "topics cannot be deleted", e);
    } else {
        size_t count = 0;
        const rd_kafka_topic_result_t **res =
            rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(ev), &count);
        r = results(res, count, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, "deleted", e);
    }
    if (ev)
        rd_kafka_event_destroy(ev);
    return r;
}

/* ---- describe ---- */

static void info_free(struct kafka_topic_info *t)
{
    free(t->name);
    free(t->low);
    free(t->high);
    for (char **c = t->config; c && *c; c++)
        free(*c);
    free(t->config);
}

void kafka_topics_free(struct kafka_topics *t)
{
    for (int i = 0; i < t->n; i++)
        info_free(&t->items[i]);
    free(t->items);
    *t = (struct kafka_topics){0};
}

static bool internal_topic(const char *name)
{
    static const char *const names[] = {"__consumer_offsets", "__transaction_state",
                                        "__share_group_state", "__remote_log_metadata", NULL};
    for (int i = 0; names[i]; i++)
        if (!strcmp(names[i], name))
            return true;
    return false;
}

static enum err info_fill(struct kafka_topic_info *t, const rd_kafka_metadata_topic_t *m,
                          struct errbuf *e)
{
    t->n_partitions = m->partition_cnt;
    t->retention_ms = -1;
    t->replication = m->partition_cnt ? m->partitions[0].replica_cnt : 0;
    t->name = strdup(m->topic);
    t->low = calloc((size_t)m->partition_cnt + 1, sizeof(*t->low));
    t->high = calloc((size_t)m->partition_cnt + 1, sizeof(*t->high));
    if (!t->name || !t->low || !t->high)
        return err_set(e, ERR_NOMEM, "kafka: out of memory for topic %s", m->topic);
    for (int i = 0; i < m->partition_cnt; i++)
        t->low[i] = t->high[i] = -1;
    return ERR_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct kafka_topic_info *)a)->name,
                  ((const struct kafka_topic_info *)b)->name);
}

enum err kafka_topics_of(const struct rd_kafka_metadata *md, const char *name,
                         struct kafka_topics *out, struct errbuf *e)
{
    enum err r = ERR_OK;
    out->n_brokers = md->broker_cnt;
    out->items = calloc((size_t)md->topic_cnt + 1, sizeof(*out->items));
    if (!out->items)
        return err_set(e, ERR_NOMEM, "kafka: out of memory for %d topics", md->topic_cnt);
    for (int i = 0; i < md->topic_cnt && !r; i++) {
        const rd_kafka_metadata_topic_t *m = &md->topics[i];
        if (name ? strcmp(name, m->topic) != 0 : internal_topic(m->topic))
            continue;
        if (kafka_err_code(m->err) == ERR_NOT_FOUND)
            continue;
        r = info_fill(&out->items[out->n++], m, e);
    }
    if (!r && name && out->n == 0)
        r = err_set(e, ERR_NOT_FOUND, "kafka: there is no topic \"%s\"", name);
    if (!r)
        qsort(out->items, (size_t)out->n, sizeof(*out->items), by_name);
    return r;
}

/* One ListOffsets request for each leader. A partition that was just made, or whose leader is
 * changing, answers an error for a moment: those are asked again for a while. */
static enum err list_offsets(struct kafka_admin *a, rd_kafka_topic_partition_list_t *list,
                             struct errbuf *e)
{
    int64_t until = clock_mono_us() + LEADER_MS * 1000LL;
    rd_kafka_topic_partition_list_t *ask = rd_kafka_topic_partition_list_copy(list);
    enum err r = ERR_OK;
    for (;;) {
        int settled = 0;
        rd_kafka_resp_err_t rc = rd_kafka_offsets_for_times(a->rk, ask, OFFSETS_MS);
        for (int i = 0; i < ask->cnt; i++)
            settled += kafka_err_code(ask->elems[i].err) != ERR_CONNECT;
        if ((!rc && settled == ask->cnt) || clock_mono_us() >= until || stop_asked()) {
            if (rc && settled < ask->cnt)
                r = no_answer(a, rc, "offsets cannot be read", e);
            break;
        }
        rd_kafka_topic_partition_list_destroy(ask);
        ask = rd_kafka_topic_partition_list_copy(list);
        rd_kafka_poll(a->rk, 50);
    }
    for (int i = 0; i < list->cnt; i++) {
        list->elems[i].offset = ask->elems[i].offset;
        list->elems[i].err = ask->elems[i].err;
    }
    rd_kafka_topic_partition_list_destroy(ask);
    return r;
}

/* Timestamp -2 gives low, -1 high. Partitions without a leader stay unknown. */
static enum err read_offsets(struct kafka_admin *a, struct kafka_topics *t, bool high,
                             struct errbuf *e)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(64);
    for (int i = 0; i < t->n; i++)
        for (int j = 0; j < t->items[i].n_partitions; j++)
            rd_kafka_topic_partition_list_add(list, t->items[i].name, j)->offset =
                high ? RD_KAFKA_OFFSET_END : RD_KAFKA_OFFSET_BEGINNING;
    enum err r = list->cnt ? list_offsets(a, list, e) : ERR_OK;
    for (int i = 0, k = 0; i < t->n && !r; i++)
        for (int j = 0; j < t->items[i].n_partitions; j++, k++) {
            const rd_kafka_topic_partition_t *p = &list->elems[k];
            if (!p->err && p->offset >= 0)
                (high ? t->items[i].high : t->items[i].low)[j] = p->offset;
        }
    rd_kafka_topic_partition_list_destroy(list);
    return r;
}

enum err kafka_admin_offsets_at(struct kafka_admin *a, const char *topic, int64_t timestamp_ms,
                                int n, int64_t *offsets, struct errbuf *e)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(n);
    for (int i = 0; i < n; i++)
        rd_kafka_topic_partition_list_add(list, topic, i)->offset = timestamp_ms;
    enum err r = list_offsets(a, list, e);
    for (int i = 0; i < n && !r; i++) {
        offsets[i] = list->elems[i].offset;
        if (list->elems[i].err)
            r = no_answer(a, list->elems[i].err, topic, e);
    }
    rd_kafka_topic_partition_list_destroy(list);
    return r;
}

/* Only where old records are deleted: a compacted topic keeps the newest of each key. */
static void keep_retention(struct kafka_topic_info *t, const rd_kafka_ConfigEntry_t **list,
                           size_t n)
{
    bool deletes = true;
    for (size_t i = 0; i < n; i++) {
        const char *name = rd_kafka_ConfigEntry_name(list[i]);
        const char *value = rd_kafka_ConfigEntry_value(list[i]);
        if (value && !strcmp(name, "retention.ms"))
            t->retention_ms = strtoll(value, NULL, 10);
        else if (value && !strcmp(name, "cleanup.policy"))
            deletes = strstr(value, "delete") != NULL;
    }
    if (!deletes)
        t->retention_ms = -1;
}

static enum err config_fill(struct kafka_topic_info *t, const rd_kafka_ConfigResource_t *res,
                            struct errbuf *e)
{
    size_t n = 0;
    int k = 0;
    const rd_kafka_ConfigEntry_t **list = rd_kafka_ConfigResource_configs(res, &n);
    keep_retention(t, list, n);
    t->config = calloc(2 * n + 1, sizeof(char *));
    if (!t->config)
        return err_set(e, ERR_NOMEM, "kafka: out of memory for topic %s", t->name);
    for (size_t i = 0; i < n; i++) {
        const char *value = rd_kafka_ConfigEntry_value(list[i]);
        if (rd_kafka_ConfigEntry_source(list[i]) != RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG)
            continue;
        char *name = strdup(rd_kafka_ConfigEntry_name(list[i]));
        char *copy = strdup(value ? value : "");
        if (!name || !copy) {
            free(name);
            free(copy);
            return err_set(e, ERR_NOMEM, "kafka: out of memory for topic %s", t->name);
        }
        t->config[k++] = name;
        t->config[k++] = copy;
    }
    return ERR_OK;
}

static struct kafka_topic_info *info_find(struct kafka_topics *t, const char *name)
{
    for (int i = 0; i < t->n; i++)
        if (!strcmp(t->items[i].name, name))
            return &t->items[i];
    return NULL;
}

static enum err configs_fill(struct kafka_topics *t, rd_kafka_event_t *ev, struct errbuf *e)
{
    size_t n = 0;
    enum err r = ERR_OK;
    const rd_kafka_ConfigResource_t **list =
        rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(ev), &n);
    for (size_t i = 0; i < n && !r; i++) {
        struct kafka_topic_info *info = info_find(t, rd_kafka_ConfigResource_name(list[i]));
        rd_kafka_resp_err_t rc = rd_kafka_ConfigResource_error(list[i]);
        if (rc && kafka_err_code(rc) != ERR_NOT_FOUND)
            r = kafka_err_set(e, rc, rd_kafka_ConfigResource_name(list[i]));
        else if (info && !rc)
            r = config_fill(info, list[i], e);
    }
    return r;
}

static enum err configs(struct kafka_admin *a, struct kafka_topics *t, struct errbuf *e)
{
    if (t->n == 0)
        return ERR_OK;
    rd_kafka_ConfigResource_t **list = calloc((size_t)t->n, sizeof(rd_kafka_ConfigResource_t *));
    if (!list)
        return err_set(e, ERR_NOMEM, "kafka: out of memory");
    for (int i = 0; i < t->n; i++)
        list[i] = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, t->items[i].name);
    rd_kafka_AdminOptions_t *o = options(a, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
    rd_kafka_DescribeConfigs(a->rk, list, (size_t)t->n, o, a->queue);
    rd_kafka_AdminOptions_destroy(o);
    rd_kafka_ConfigResource_destroy_array(list, (size_t)t->n);
    free(list);
    rd_kafka_event_t *ev = wait_event(a, RD_KAFKA_EVENT_DESCRIBECONFIGS_RESULT);
    enum err r = !ev || rd_kafka_event_error(ev)
                     ? no_answer(a, ev ? rd_kafka_event_error(ev) : RD_KAFKA_RESP_ERR__TIMED_OUT,
                                 "topic settings cannot be read", e)
                     : configs_fill(t, ev, e);
    if (ev)
        rd_kafka_event_destroy(ev);
    return r;
}

enum err kafka_admin_topics(struct kafka_admin *a, const char *name, bool with_offsets,
                            bool with_config, struct kafka_topics *out, struct errbuf *e)
{
    const struct rd_kafka_metadata *md = NULL;
    rd_kafka_topic_t *rkt = NULL;
    enum err r = ERR_OK;
    *out = (struct kafka_topics){0};
    if (name) {
        rkt = rd_kafka_topic_new(a->rk, name, NULL);
        if (!rkt)
            return kafka_err_set(e, rd_kafka_last_error(), name);
    }
    r = metadata(a, rkt, &md, e);
    if (!r)
        r = kafka_topics_of(md, name, out, e);
    if (!r && with_offsets)
        r = read_offsets(a, out, false, e);
    if (!r && with_offsets)
        r = read_offsets(a, out, true, e);
    if (!r && with_config)
        r = configs(a, out, e);
    if (md)
        rd_kafka_metadata_destroy(md);
    if (rkt)
        rd_kafka_topic_destroy(rkt);
    if (r)
        kafka_topics_free(out);
    return r;
}
