/* A sink connector: from its fields to the typed struct, and the questions asked of it. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "backend/base/interpolate.h"
#include "backend/base/pattern.h"
#include "backend/engine/connection.h"
#include "backend/engine/connector_reader.h"

static void read_transforms(struct reader *r, const struct sink_fields *f)
{
    struct sink_config *s = &r->k->sink;
    s->delimiter = "_";
    for (const char *const *t = f->transforms; *t; t++) {
        char key[256];
        (void)snprintf(key, sizeof key, "transforms.%.200s.type", *t);
        const struct connector_setting *type = reader_setting(r, key);
        if (!type) {
            reader_fault(r, "transforms", "`%s` has no %s", *t, key);
            continue;
        }
        if (strcmp(type->value, "org.apache.kafka.connect.transforms.Flatten$Value") != 0) {
            reader_fault(r, key,
                         "`%.100s` is not done here, only "
                         "org.apache.kafka.connect.transforms.Flatten$Value",
                         type->value);
            continue;
        }
        s->flatten = true;
        (void)snprintf(key, sizeof key, "transforms.%.200s.delimiter", *t);
        const struct connector_setting *delimiter = reader_setting(r, key);
        /* Connect's Flatten joins with "." where none is given. */
        const char *value = delimiter ? reader_expand(r, delimiter, NULL) : ".";
        if (!value)
            continue;
        if (strcmp(value, "_") != 0)
            reader_fault(r, delimiter ? key : "transforms",
                         "Flatten's delimiter must be `_` here, not `%.20s`: give "
                         "\"transforms.%s.delimiter\": \"_\"",
                         value, *t);
    }
}

static void check_families(struct reader *r, const struct sink_fields *f)
{
    for (int i = 0; i < r->json.n; i++) {
        const char *name = r->json.items[i].name;
        if (strncmp(name, "transforms.", 11) != 0)
            continue;
        const char *dot = strrchr(name + 11, '.');
        bool known = dot && (strcmp(dot, ".type") == 0 || strcmp(dot, ".delimiter") == 0 ||
                             strcmp(dot, ".predicate") == 0 || strcmp(dot, ".negate") == 0);
        bool is_listed = false;
        for (const char *const *t = f->transforms; dot && *t; t++)
            is_listed = is_listed || (strlen(*t) == (size_t)(dot - name - 11) &&
                                      strncmp(*t, name + 11, strlen(*t)) == 0);
        if (is_listed && !known)
            faults_add(r->faults, r->file, r->json.items[i].line, "unknown key `%s`", name);
        else if (!is_listed)
            reader_warn(r, "`%s` has no effect: `transforms` does not name it", name);
    }
}

static void make_odbc(struct reader *r, const struct sink_fields *f)
{
    struct jdbc_url url = {.server = NULL};
    struct errbuf e;
    if (f->url && f->url[0] && connection_parse_jdbc(f->url, &url, &e) != ERR_OK) {
        reader_fault(r, "connection.url", "%s", e.text);
        return;
    }
    if (url.several_hosts)
        reader_warn(r, "connection.url names several hosts: the first one is used");
    const char *port = url.port ? url.port : f->port;
    const struct connection_part parts[] = {{"Servername", url.host ? url.host : f->host},
                                            {"Port", port},
                                            {"Database", url.database ? url.database : f->database},
                                            {"UID", f->user    ? f->user
                                                    : url.user ? url.user
                                                               : f->vertica_user},
                                            {"PWD", f->password    ? f->password
                                                    : url.password ? url.password
                                                                   : f->vertica_password},
                                            {NULL, NULL}};
    const char *base = r->config->warehouse.odbc;
    if (!base && !parts[0].value) {
        faults_add(r->faults, r->file, 0,
                   "names no warehouse (`vertica.host` or `connection.url`), and the "
                   "configuration has no warehouse.odbc");
        return;
    }
    if (!base)
        base = r->config->warehouse.dialect == DIALECT_VERTICA ? "Driver=Vertica"
                                                               : "Driver=PostgreSQL Unicode";
    struct buf out;
    buf_init(&out, 0);
    if (connection_odbc(base, parts, &out, &e) != ERR_OK)
        faults_add(r->faults, r->file, 0, "warehouse.odbc %s", e.text);
    r->k->sink.odbc = reader_copy(r, buf_cstr(&out), out.len);
    buf_free(&out);
    if (url.schema && url.schema[0])
        r->k->sink.schema = reader_copy(r, url.schema, strcspn(url.schema, ","));
}

static void check_keys(struct reader *r)
{
    const struct sink_config *s = &r->k->sink;
    if (s->insert_mode == INSERT_UPSERT && (s->pk_mode == PK_NONE || s->pk_mode == PK_KAFKA))
        reader_fault(r, reader_setting(r, "primary.key.mode") ? "primary.key.mode" : "pk.mode",
                     "must be record_key or record_value with insert.mode=upsert: the key decides "
                     "which row is replaced");
    if (s->pk_mode == PK_RECORD_VALUE && !s->pk_fields[0])
        reader_fault(r, "pk.fields", "must name the key's fields with pk.mode=record_value");
    if (s->delete_enabled && s->insert_mode == INSERT_UPSERT && s->pk_mode != PK_RECORD_KEY)
        reader_fault(r, "delete.enabled",
                     "needs pk.mode=record_key: a delete carries only its key");
    if (s->delete_enabled && s->insert_mode == INSERT_APPEND)
        reader_warn(r, "`delete.enabled` has no effect with insert.mode=insert: a delete is a row "
                       "of the log, with op = d");
    if (s->truncate_enabled && s->insert_mode == INSERT_APPEND)
        reader_warn(r, "`truncate.enabled` has no effect with insert.mode=insert: a truncate is a "
                       "row of the log, with op = t");
}

static void check_topics(struct reader *r, const struct sink_fields *f)
{
    struct sink_config *s = &r->k->sink;
    bool regex = f->topics_regex && f->topics_regex[0];
    struct errbuf e;
    if (s->topics[0] && regex)
        reader_fault(r, "topics.regex", "stands beside `topics`: give one of the two");
    else if (!s->topics[0] && !regex)
        faults_add(r->faults, r->file, 0,
                   "`topics` (or `topics.regex`) is missing: it says what "
                   "the sink reads");
    else if (regex && pattern_list_create(f->topics_regex, 0, &s->topics_regex, &e) != ERR_OK)
        reader_fault(r, "topics.regex", "%s", e.text);
    if (!s->table_format[0])
        reader_fault(r, "table.name.format", "must not be empty");
}

void reader_finish_sink(struct reader *r, struct sink_fields *f)
{
    struct sink_config *s = &r->k->sink;
    *s = f->out;
    s->insert_mode = f->insert_mode ? INSERT_UPSERT : INSERT_APPEND;
    s->tolerate_errors = f->tolerance == 1;
    if (f->schema_evolution == 1)
        s->auto_create = s->auto_evolve = true;
    if (s->dead_letter_topic && !s->dead_letter_topic[0])
        s->dead_letter_topic = NULL;
    s->schema = reader_copy(r, r->config->warehouse.schema, strlen(r->config->warehouse.schema));
    read_transforms(r, f);
    check_families(r, f);
    check_topics(r, f);
    check_keys(r);
    if (s->dead_letter_topic && !s->tolerate_errors)
        reader_warn(r, "errors.deadletterqueue.topic.name has no effect with "
                       "errors.tolerance=none: a bad record stops the sink");
    s->consumer = reader_kafka(r, "consumer.override.");
    make_odbc(r, f);
}

/* ---- questions ---- */

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), k = strlen(end);
    return n >= k && strcmp(text + n - k, end) == 0;
}

bool connector_topic_included(const struct sink_config *s, const char *topic)
{
    if (ends_with(topic, ".__schemas") || ends_with(topic, ".__offsets") ||
        strncmp(topic, "__", 2) == 0)
        return false;
    if (s->dead_letter_topic && strcmp(topic, s->dead_letter_topic) == 0)
        return false;
    for (const char *const *t = s->topics; t && *t; t++)
        if (strcmp(*t, topic) == 0)
            return true;
    return pattern_list_match(s->topics_regex, topic);
}

/* The parts of prefix.schema.table, from its end; the whole topic where it has no dots. */
static void topic_parts(const char *topic, const char **schema, size_t *n_schema,
                        const char **table)
{
    const char *dot = strrchr(topic, '.');
    *table = dot ? dot + 1 : topic;
    *schema = topic;
    *n_schema = dot ? (size_t)(dot - topic) : 0;
    for (const char *p = topic; dot && p < dot; p++)
        if (*p == '.') {
            *schema = p + 1;
            *n_schema = (size_t)(dot - p - 1);
        }
}

static void sanitized(struct buf *out, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        buf_ch(out, isalnum(c) || c == '_' || c >= 0x80 ? (char)c : '_');
    }
}

void connector_table_name(const struct sink_config *s, const char *topic, struct buf *schema,
                          struct buf *table)
{
    const char *topic_schema, *topic_table;
    size_t n_schema;
    topic_parts(topic, &topic_schema, &n_schema, &topic_table);
    /* A dot of the format itself parts schema and table; those of the topic have become _. */
    struct buf part;
    buf_init(&part, 0);
    bool named = false;
    for (const char *p = s->table_format; *p;) {
        if (strncmp(p, "${topic}", 8) == 0) {
            sanitized(&part, topic, strlen(topic));
            p += 8;
        } else if (strncmp(p, "${source.schema}", 16) == 0) {
            sanitized(&part, topic_schema, n_schema);
            p += 16;
        } else if (strncmp(p, "${source.table}", 15) == 0) {
            sanitized(&part, topic_table, strlen(topic_table));
            p += 15;
        } else if (*p == '.' && !named) {
            buf_add(schema, part.p, part.len);
            buf_clear(&part);
            named = true;
            p++;
        } else {
            buf_ch(&part, *p++);
        }
    }
    if (!named)
        buf_str(schema, s->schema);
    buf_add(table, part.p, part.len);
    buf_free(&part);
}
