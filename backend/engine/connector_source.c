/* A source connector: from its fields to the typed struct, and the questions asked of it. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/interpolate.h"
#include "backend/base/pattern.h"
#include "backend/engine/connection.h"
#include "backend/engine/connector_reader.h"
#include "backend/kafka/kafka.h"

/* ---- kafka settings ---- */

/* Java clients' names that librdkafka has under another one; NULL: it has no such setting. */
static const struct {
    const char *java;
    const char *librdkafka;
    int divide;
} renamed[] = {
    {"buffer.memory", "queue.buffering.max.kbytes", 1024},
    {"max.request.size", "message.max.bytes", 1},
    {"fetch.max.wait.ms", "fetch.wait.max.ms", 1},
    {"receive.buffer.bytes", "socket.receive.buffer.bytes", 1},
    {"send.buffer.bytes", "socket.send.buffer.bytes", 1},
    {"max.block.ms", NULL, 1},
    {"max.poll.records", NULL, 1},
    {"key.serializer", NULL, 1},
    {"value.serializer", NULL, 1},
    {"key.deserializer", NULL, 1},
    {"value.deserializer", NULL, 1},
    {"partitioner.class", NULL, 1},
    {"interceptor.classes", NULL, 1},
    {"metric.reporters", NULL, 1},
    {"default.api.timeout.ms", NULL, 1},
    {"exclude.internal.topics", NULL, 1},
    {"request.timeout.ms", "request.timeout.ms", 1},
    {"reconnect.backoff.max.ms", "reconnect.backoff.max.ms", 1},
};

static bool ours(const char *name)
{
    static const char *const names[] = {"transactional.id",
                                        "enable.idempotence",
                                        "isolation.level",
                                        "enable.auto.commit",
                                        "acks",
                                        "group.id",
                                        NULL};
    return key_word_index(names, name) >= 0;
}

static void put(const char **pairs, int *n, const char *name, const char *value)
{
    for (int i = 0; i < *n; i += 2)
        if (strcmp(pairs[i], name) == 0) {
            pairs[i + 1] = value;
            return;
        }
    pairs[(*n)++] = name;
    pairs[(*n)++] = value;
}

static void put_override(struct reader *r, const struct connector_setting *s, const char *name,
                         const char **pairs, int *n)
{
    if (ours(name)) {
        reader_warn(r, "`%s` has no effect here: exactly-once rests on the engine's own", s->name);
        return;
    }
    if (strcmp(name, "sasl.jaas.config") == 0) {
        reader_fault(r, s->name,
                     "is Java's: give %.*ssasl.mechanism, sasl.username and sasl.password",
                     (int)(name - s->name), s->name);
        return;
    }
    const char *value = reader_expand(r, s, NULL);
    for (size_t i = 0; value && i < sizeof renamed / sizeof renamed[0]; i++) {
        char number[32];
        if (strcmp(renamed[i].java, name) != 0)
            continue;
        if (!renamed[i].librdkafka) {
            reader_warn(r, "`%s` has no effect here: librdkafka has no such setting", s->name);
            return;
        }
        name = renamed[i].librdkafka;
        if (renamed[i].divide > 1) {
            (void)snprintf(number, sizeof number, "%lld", atoll(value) / renamed[i].divide);
            value = reader_copy(r, number, strlen(number));
        }
        break;
    }
    struct errbuf e;
    if (value && kafka_setting_check(name, value, &e) != ERR_OK)
        reader_fault(r, s->name, "%s", e.text);
    else if (value)
        put(pairs, n, name, value);
}

const char *const *reader_kafka(struct reader *r, const char *family)
{
    int most = r->json.n * 2 + 1, n = 0;
    for (const char *const *p = r->config->kafka; *p; p++)
        most++;
    const char **pairs = arena_alloc(r->arena, (size_t)most * sizeof *pairs);
    if (!pairs) {
        static const char *const none[] = {NULL};
        faults_add(r->faults, r->file, 0, "out of memory");
        return none;
    }
    for (const char *const *p = r->config->kafka; *p; p += 2)
        put(pairs, &n, reader_copy(r, p[0], strlen(p[0])), reader_copy(r, p[1], strlen(p[1])));
    size_t k = strlen(family);
    for (int i = 0; i < r->json.n; i++)
        if (strncmp(r->json.items[i].name, family, k) == 0 && r->json.items[i].name[k])
            put_override(r, &r->json.items[i], r->json.items[i].name + k, pairs, &n);
    pairs[n] = NULL;
    return pairs;
}

/* ---- topics ---- */

static struct pattern_list *patterns(struct reader *r, const char *key, const char *text, int flags)
{
    struct pattern_list *l = NULL;
    struct errbuf e;
    if (text && pattern_list_create(text, flags, &l, &e) != ERR_OK && !reader_setting(r, key))
        reader_fault(r, key, "%s", e.text);
    return l;
}

/* As Debezium, which would just take no table. */
static void warn_words(struct reader *r, const char *key, const char *list)
{
    const struct connector_setting *s = reader_setting(r, key);
    for (const char *p = list; s && p && *p;) {
        p += strspn(p, ", ");
        size_t n = strcspn(p, ",");
        size_t end = n;
        while (end && p[end - 1] == ' ')
            end--;
        if (pattern_is_word(p, end))
            reader_warn(r,
                        "%s%s%d: %s: `%.*s` can match no table: it is compared with schema.table",
                        r->file ? r->file : "", r->file ? ":" : "line ", s->line, key, (int)end, p);
        p += n;
    }
}

static int64_t whole_number(struct reader *r, const struct connector_setting *s, const char *value,
                            int64_t least, int64_t most)
{
    char *end;
    long long v = strtoll(value, &end, 10);
    if (end == value || *end || v < least || v > most || v == 0)
        reader_fault(r, s->name, "must be a whole number from %lld to %lld, not 0, not `%.40s`",
                     (long long)least, (long long)most, value);
    return v;
}

static void read_group(struct reader *r, const char *name, struct topic_group *g)
{
    struct buf prefix;
    buf_init(&prefix, 0);
    buf_printf(&prefix, "topic.creation.%s.", name);
    const char **properties =
        arena_alloc(r->arena, ((size_t)r->json.n * 2 + 1) * sizeof *properties);
    int n = 0;
    *g = (struct topic_group){.name = name, .partitions = -1, .replication_factor = -1};
    for (int i = 0; properties && i < r->json.n; i++) {
        const struct connector_setting *s = &r->json.items[i];
        if (strncmp(s->name, buf_cstr(&prefix), prefix.len) != 0)
            continue;
        const char *what = s->name + prefix.len;
        const char *value = reader_expand(r, s, NULL);
        if (!value)
            continue;
        struct errbuf e;
        struct pattern_list **list = strcmp(what, "include") == 0   ? &g->include
                                     : strcmp(what, "exclude") == 0 ? &g->exclude
                                                                    : NULL;
        if (list && !*list) {
            if (pattern_list_create(value, PATTERN_LIST, list, &e) != ERR_OK)
                reader_fault(r, s->name, "%s", e.text);
        } else if (strcmp(what, "partitions") == 0) {
            g->partitions = whole_number(r, s, value, -1, 100000);
        } else if (strcmp(what, "replication.factor") == 0) {
            g->replication_factor = whole_number(r, s, value, -1, 32767);
        } else if (!list) {
            properties[n++] = what;
            properties[n++] = value;
        }
    }
    if (properties)
        properties[n] = NULL;
    else
        faults_add(r->faults, r->file, 0, "out of memory");
    g->properties = properties;
    buf_free(&prefix);
}

static bool group_listed(const struct source_fields *f, const char *name, size_t n)
{
    if (n == 7 && memcmp(name, "default", 7) == 0)
        return true;
    for (const char *const *g = f->topic_groups; *g; g++)
        if (strlen(*g) == n && memcmp(*g, name, n) == 0)
            return true;
    return false;
}

static void read_groups(struct reader *r, struct source_fields *f)
{
    struct source_config *s = &r->k->source;
    int n = 1;
    for (const char *const *g = f->topic_groups; *g; g++)
        n++;
    s->topic_groups = arena_alloc(r->arena, (size_t)n * sizeof *s->topic_groups);
    if (!s->topic_groups) {
        faults_add(r->faults, r->file, 0, "out of memory");
        return;
    }
    for (const char *const *g = f->topic_groups; *g; g++)
        if (strcmp(*g, "default") != 0)
            read_group(r, *g, &s->topic_groups[s->n_topic_groups++]);
    struct topic_group *rest = &s->topic_groups[s->n_topic_groups++];
    read_group(r, "default", rest);
    /* A group says what it says; the rest it has from the default. */
    for (int i = 0; i < s->n_topic_groups; i++) {
        struct topic_group *g = &s->topic_groups[i];
        if (g->partitions < 0)
            g->partitions = rest->partitions > 0 ? rest->partitions : 1;
        if (g->replication_factor < 0)
            g->replication_factor = rest->replication_factor;
    }
    static const char family[] = "topic.creation.";
    for (int i = 0; i < r->json.n; i++) {
        const char *name = r->json.items[i].name;
        if (strncmp(name, family, sizeof family - 1) != 0)
            continue;
        const char *group = name + sizeof family - 1;
        const char *dot = strchr(group, '.');
        if (dot && !group_listed(f, group, (size_t)(dot - group)))
            reader_fault(r, name, "the group `%.*s` is not named in topic.creation.groups",
                         (int)(dot - group), group);
        else if (!dot && strcmp(group, "enable") != 0 && strcmp(group, "groups") != 0)
            reader_fault(r, name, "must be topic.creation.GROUP.SETTING");
    }
}

/* ---- the whole ---- */

static void make_conninfo(struct reader *r, const struct source_fields *f)
{
    const struct connection_part parts[] = {{"host", f->hostname},
                                            {"port", f->port},
                                            {"user", f->user},
                                            {"password", f->password},
                                            {"dbname", f->dbname},
                                            {"sslmode", f->sslmode},
                                            {"sslcert", f->sslcert},
                                            {"sslkey", f->sslkey},
                                            {"sslrootcert", f->sslrootcert},
                                            {"sslpassword", f->sslpassword},
                                            {"keepalives", f->tcp_keepalive ? NULL : "0"},
                                            {NULL, NULL}};
    /* A connector that names its own host is complete; what it leaves out is libpq's to find. */
    const char *base = f->hostname ? NULL : r->config->source.connection;
    struct buf out;
    struct errbuf e;
    buf_init(&out, 0);
    if (!f->hostname && !base)
        faults_add(
            r->faults, r->file, 0,
            "`database.hostname` is missing, and the configuration has no source.connection");
    else if (connection_libpq(base, parts, &out, &e) != ERR_OK)
        faults_add(r->faults, r->file, 0, "source.connection %s", e.text);
    r->k->source.conninfo = reader_copy(r, buf_cstr(&out), out.len);
    buf_free(&out);
}

static void read_skipped(struct reader *r, const struct source_fields *f)
{
    struct source_config *s = &r->k->source;
    for (const char *const *p = f->skipped_operations; *p; p++) {
        char op = (*p)[1] ? '?' : (*p)[0];
        if (strcmp(*p, "none") == 0 && p == f->skipped_operations && !p[1])
            return;
        switch (op) {
        case 'c':
            s->skip_create = true;
            break;
        case 'u':
            s->skip_update = true;
            break;
        case 'd':
            s->skip_delete = true;
            break;
        case 't':
            s->skip_truncate = true;
            break;
        default:
            reader_fault(r, "skipped.operations", "must be `none` or some of c, u, d, t, not `%s`",
                         *p);
        }
    }
}

static void check_names(struct reader *r)
{
    const struct source_config *s = &r->k->source;
    bool good = s->slot_name[0] && strlen(s->slot_name) <= 63;
    for (const char *p = s->slot_name; good && *p; p++)
        good = (*p >= 'a' && *p <= 'z') || isdigit((unsigned char)*p) || *p == '_';
    if (!good)
        reader_fault(r, "slot.name",
                     "must be 1 to 63 of a-z, 0-9 and _ (PostgreSQL's rule), not `%.80s`",
                     s->slot_name);
    good = !s->topic_prefix || (s->topic_prefix[0] && strlen(s->topic_prefix) <= 180);
    for (const char *p = s->topic_prefix; good && p && *p; p++)
        good = isalnum((unsigned char)*p) || strchr("._-", *p);
    if (!good)
        reader_fault(r, "topic.prefix",
                     "must be letters, digits, `.`, `_` and `-` (Kafka's rule for topics)");
}

static void check_pair(struct reader *r, const char *include, const char *exclude)
{
    if (reader_setting(r, include) && reader_setting(r, exclude))
        reader_fault(r, exclude, "stands beside %s: give one of the two", include);
}

void reader_finish_source(struct reader *r, struct source_fields *f)
{
    enum { BOTH = PATTERN_LIST | PATTERN_IGNORE_CASE };
    static const enum snapshot_mode modes[] = {
        SNAPSHOT_INITIAL,     SNAPSHOT_ALWAYS,  SNAPSHOT_INITIAL_ONLY, SNAPSHOT_NO_DATA,
        SNAPSHOT_WHEN_NEEDED, SNAPSHOT_NO_DATA, SNAPSHOT_INITIAL};
    static const enum failure_mode failures[] = {FAILURE_FAIL, FAILURE_WARN, FAILURE_SKIP,
                                                 FAILURE_SKIP};
    struct source_config *s = &r->k->source;
    *s = f->out;
    s->snapshot_mode = modes[f->snapshot_mode];
    s->on_bad_event = failures[f->on_bad_event];
    s->publication_mode = publication_modes[f->publication_mode];
    if (f->schemas_inline)
        s->schemas_inline_key = s->schemas_inline_value = true;
    if (!s->snapshot_threads)
        s->snapshot_threads = r->config->capture.snapshot_threads;
    if (s->heartbeat_query && !s->heartbeat_query[0])
        s->heartbeat_query = NULL;
    if (f->transforms[0])
        reader_fault(r, "transforms",
                     "`%s`: a source writes the envelope as it is; take transforms out (our sink "
                     "flattens by itself)",
                     f->transforms[0]);
    check_names(r);
    check_pair(r, "schema.include.list", "schema.exclude.list");
    check_pair(r, "table.include.list", "table.exclude.list");
    check_pair(r, "message.prefix.include.list", "message.prefix.exclude.list");
    s->schema_include = patterns(r, "schema.include.list", f->schema_include, BOTH);
    s->schema_exclude = patterns(r, "schema.exclude.list", f->schema_exclude, BOTH);
    s->tables_key = "table.include.list and schema.include.list";
    s->table_include = patterns(r, "table.include.list", f->table_include, BOTH);
    warn_words(r, "table.include.list", f->table_include);
    s->table_exclude = patterns(r, "table.exclude.list", f->table_exclude, BOTH);
    s->snapshot_include =
        patterns(r, "snapshot.include.collection.list", f->snapshot_include, BOTH);
    s->message_include = patterns(r, "message.prefix.include.list", f->message_include, BOTH);
    s->message_exclude = patterns(r, "message.prefix.exclude.list", f->message_exclude, BOTH);
    s->heartbeat_topic = reader_join(r, reader_join(r, f->heartbeat_prefix, "."),
                                     s->topic_prefix ? s->topic_prefix : "");
    read_skipped(r, f);
    read_groups(r, f);
    s->producer = reader_kafka(r, "producer.override.");
    make_conninfo(r, f);
}

/* ---- questions ---- */

static bool listed(const struct pattern_list *include, const struct pattern_list *exclude,
                   const char *name)
{
    return include ? pattern_list_match(include, name) : !pattern_list_match(exclude, name);
}

static bool match_table(const struct pattern_list *include, const struct pattern_list *exclude,
                        const char *schema, const char *table)
{
    struct buf name;
    buf_init(&name, 0);
    buf_printf(&name, "%s.%s", schema, table);
    bool is = listed(include, exclude, buf_cstr(&name));
    buf_free(&name);
    return is;
}

bool connector_table_included(const struct source_config *s, const char *schema, const char *table)
{
    if (strcmp(schema, "information_schema") == 0 || strncmp(schema, "pg_", 3) == 0)
        return false;
    return listed(s->schema_include, s->schema_exclude, schema) &&
           match_table(s->table_include, s->table_exclude, schema, table);
}

bool connector_table_snapshotted(const struct source_config *s, const char *schema,
                                 const char *table)
{
    return connector_table_included(s, schema, table) &&
           match_table(s->snapshot_include, NULL, schema, table);
}

bool connector_message_included(const struct source_config *s, const char *prefix)
{
    return listed(s->message_include, s->message_exclude, prefix);
}

const struct topic_group *connector_topic_group(const struct source_config *s, const char *topic)
{
    for (int i = 0; i < s->n_topic_groups - 1; i++) {
        const struct topic_group *g = &s->topic_groups[i];
        if (pattern_list_match(g->include, topic) && !pattern_list_match(g->exclude, topic))
            return g;
    }
    return &s->topic_groups[s->n_topic_groups - 1];
}
