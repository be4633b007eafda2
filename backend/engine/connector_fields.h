/*
 * Where the keys of a connector land before they become a source_config or sink_config: what needs
 * no work goes straight into `out`, the rest is text that connector_config.c works up.
 * Private to the connector files.
 */
#ifndef ENGINE_CONNECTOR_FIELDS_H
#define ENGINE_CONNECTOR_FIELDS_H

#include "backend/engine/connector_config.h"

struct source_fields {
    struct source_config out;
    const char *hostname, *port, *user, *password, *dbname;
    const char *sslmode, *sslcert, *sslkey, *sslrootcert, *sslpassword;
    bool tcp_keepalive;
    const char *schema_include, *schema_exclude;
    const char *table_include, *table_exclude;
    const char *snapshot_include;
    const char *message_include, *message_exclude;
    const char *heartbeat_prefix;
    const char *const *skipped_operations;
    const char *const *topic_groups;
    int publication_mode;
    int snapshot_mode;
    int on_bad_event;
    bool schemas_inline; /* the bare schemas.enable: both */
    const char *const *transforms;
};

struct sink_fields {
    struct sink_config out;
    const char *url, *user, *password;
    const char *host, *port, *database, *vertica_user, *vertica_password;
    const char *topics_regex;
    const char *const *transforms;
    int insert_mode;
    int schema_evolution;
    int tolerance;
};

extern const char *const publication_modes[];

#endif
