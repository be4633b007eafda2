/*
 * Connectors in Kafka Connect's JSON, as typed structs.
 *
 * Both forms are read: {"name":..,"config":{..}} (what is posted to Connect) and the flat object.
 * The class decides what it is: Debezium's PostgreSQL connector names our source, the Vertica and
 * JDBC sinks our sink. Every key is looked up in one table (connector_keys.c): honoured, without
 * effect here (named in a warning), refused in words because leaving it out would change the data,
 * or unknown, which is an error with the nearest known key.
 *
 * Ownership: a connector owns all that it points to, until connector_free. It does not keep the
 * config it was made with. Immutable once made, any thread may read it and call the functions that
 * take it const. It holds secrets: show it with connector_show only.
 */
#ifndef ENGINE_CONNECTOR_CONFIG_H
#define ENGINE_CONNECTOR_CONFIG_H

#include "backend/engine/config.h"
#include "backend/envelope/encode.h"

enum connector_kind { CONNECTOR_SOURCE, CONNECTOR_SINK };

enum snapshot_mode {
    SNAPSHOT_INITIAL,      /* once, then stream */
    SNAPSHOT_ALWAYS,       /* at each start */
    SNAPSHOT_INITIAL_ONLY, /* once, then nothing */
    SNAPSHOT_NO_DATA,      /* stream only */
    SNAPSHOT_WHEN_NEEDED,  /* also when the slot has lost the position */
};

enum failure_mode { FAILURE_FAIL, FAILURE_WARN, FAILURE_SKIP };

struct pattern_list;

/* topic.creation.<group>.*: the first group whose patterns match a topic decides. */
struct topic_group {
    const char *name; /* "default" is the last one and matches everything */
    struct pattern_list *include;
    struct pattern_list *exclude;
    int64_t partitions;
    int64_t replication_factor;    /* -1: the broker's default */
    const char *const *properties; /* topic settings (cleanup.policy, ..): name, value, .., NULL */
};

struct source_config {
    const char *conninfo; /* libpq; holds the password */
    const char *topic_prefix;
    const char *heartbeat_topic; /* __debezium-heartbeat.<prefix> */
    const char *slot_name;
    const char *publication_name;
    const char *publication_mode;  /* as source_publication_ensure takes it */
    const char *tables_key;        /* the keys that choose the tables, for messages */
    int64_t heartbeat_interval_ms; /* 0: none */
    const char *heartbeat_query;   /* heartbeat.action.query; NULL: none */
    enum snapshot_mode snapshot_mode;
    int64_t snapshot_threads;
    enum decimal_mode decimals;
    enum time_mode times;
    enum binary_mode binary;
    enum interval_mode intervals;
    enum hstore_mode hstore;
    const char *placeholder; /* unavailable.value.placeholder */
    bool tombstones_on_delete;
    bool skip_create, skip_update, skip_delete, skip_truncate;
    bool schemas_inline_key;
    bool schemas_inline_value;
    enum failure_mode on_bad_event; /* event.processing.failure.handling.mode */
    bool topic_creation;
    int n_topic_groups;
    struct topic_group *topic_groups;
    const char *const *producer; /* producer.override.* as librdkafka properties */

    /* Behind connector_table_included and friends. */
    struct pattern_list *schema_include, *schema_exclude;
    struct pattern_list *table_include, *table_exclude;
    struct pattern_list *snapshot_include;
    struct pattern_list *message_include, *message_exclude;
};

enum insert_mode { INSERT_APPEND, INSERT_UPSERT };
enum pk_mode { PK_NONE, PK_KAFKA, PK_RECORD_KEY, PK_RECORD_VALUE };

struct sink_config {
    const char *odbc; /* holds the password */
    const char *const *topics;
    struct pattern_list *topics_regex;
    const char *schema;       /* of the tables, unless table_format names one */
    const char *table_format; /* "${topic}", "raw.${topic}", .. */
    enum insert_mode insert_mode;
    bool delete_enabled;
    bool truncate_enabled;
    enum pk_mode pk_mode;
    const char *const *pk_fields;
    bool auto_create;
    bool auto_evolve;
    int64_t batch_rows; /* 0: the configuration's load.batch_rows */
    bool flatten;       /* transforms hold Flatten; the columns are flat in any case */
    const char *delimiter;
    bool tolerate_errors;          /* errors.tolerance=all */
    const char *dead_letter_topic; /* NULL: none named */
    int64_t dead_letter_replication_factor;
    bool dead_letter_headers;    /* errors.deadletterqueue.context.headers.enable */
    const char *const *consumer; /* consumer.override.* as librdkafka properties */
};

struct connector {
    const char *name;
    enum connector_kind kind;
    const char *class_name; /* as given */
    const char *file;       /* NULL: it came through the control socket, or is built in */
    bool built_in;
    /* As given, ${..} not yet replaced: what may be stored. name, value, .., NULL */
    const char *const *settings;
    struct source_config source;
    struct sink_config sink;
    int n_warnings;
    const char *const *warnings; /* whole sentences, to be logged once when it is applied */
    struct arena *arena;
};

/*
 * From JSON text. name: what the caller knows of it (the file's name, the RPC's name); the JSON's
 * own name goes first; NULL where it must have one. file: for messages, may be NULL. ERR_CONFIG:
 * every fault is in `faults`, and all of them as text in `e`.
 */
enum err connector_parse(const struct config *c, const char *json, size_t n, const char *name,
                         const char *file, struct connector **out, struct faults *faults,
                         struct errbuf *e) MUST_CHECK;
enum err connector_parse_file(const struct config *c, const char *file, struct connector **out,
                              struct faults *faults, struct errbuf *e) MUST_CHECK;
void connector_free(struct connector *k);

/* {"name":..,"config":{..}} with secrets masked, and as given (for the store; ${..} kept). */
void connector_show(const struct connector *k, struct buf *out);
void connector_write(const struct connector *k, struct buf *out);

struct connector_list {
    int n;
    struct connector **items; /* sources first, then by name */
    int n_warnings;
    char **warnings; /* of what was read beside them, in words */
};

/*
 * What `connectors` of the configuration names: files, and *.json of folders. Where it names none,
 * the built-in source and sink. Faults of all files are gathered. A folder that holds no *.json is
 * a warning: connectors may come at run time, and an empty list is a good one.
 */
enum err connector_load_all(const struct config *c, struct connector_list *out,
                            struct faults *faults, struct errbuf *e) MUST_CHECK;
/* One source for source.connection (all tables, or source.tables), one sink for all its topics. */
enum err connector_load_built_in(const struct config *c, struct connector_list *out,
                                 struct faults *faults, struct errbuf *e) MUST_CHECK;
void connector_list_free(struct connector_list *l);
struct connector *connector_list_find(const struct connector_list *l, const char *name);

/* ---- questions to a source ---- */
bool connector_table_included(const struct source_config *s, const char *schema, const char *table);
/* Of the included tables: does the snapshot read it? */
bool connector_table_snapshotted(const struct source_config *s, const char *schema,
                                 const char *table);
bool connector_message_included(const struct source_config *s, const char *prefix);
/* How a topic is to be made; never NULL. */
const struct topic_group *connector_topic_group(const struct source_config *s, const char *topic);

/* ---- questions to a sink ---- */
/* False for the engine's own topics (<prefix>.__schemas, .__offsets) and heartbeats, whatever the
 * expression. */
bool connector_topic_included(const struct sink_config *s, const char *topic);
/* Schema and table for a topic; appended to the two buffers. */
void connector_table_name(const struct sink_config *s, const char *topic, struct buf *schema,
                          struct buf *table);

/* ---- the tables, and the reference page that derives from them (Markdown) ---- */
const struct key_spec *connector_keys(enum connector_kind kind, int *n);
void connector_reference(enum connector_kind kind, struct buf *out);

#endif
