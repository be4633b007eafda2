/* The table of the configuration's keys. Everything that speaks of them derives from it. */
#include <stddef.h>
#include <string.h>

#include "backend/engine/config.h"

static const char *const kinds[] = {"demo", "development", "staging", "production", NULL};
static const char *const roles[] = {"operator", "viewer", NULL};
static const char *const dialects[] = {"postgresql", "vertica", NULL};
/* In the order of enum log_format and enum log_level. */
static const char *const formats[] = {"text", "json", NULL};
static const char *const levels[] = {"debug", "info", "warning", "error", NULL};

#define AT(field) .offset = (int64_t)offsetof(struct config, field)
#define KB        (INT64_C(1) << 10)
#define MB        (INT64_C(1) << 20)
#define GB        (INT64_C(1) << 30)

static const struct key_spec schema[] = {
    {.name = "environment.name",
     AT(environment.name),
     .type = KEY_STRING,
     .def = "flightdeck",
     .help = "What this installation is called; shown in every header and report."},
    {.name = "environment.kind",
     AT(environment.kind),
     .type = KEY_ENUM,
     .words = kinds,
     .def = "development",
     .help =
         "How careful everybody is. In `production` the engine only lets people look: a console "
         "until its key E and the typed name of the environment allow changes for ten minutes, "
         "a command until the name is typed or given with `--elevate`. Everywhere but in "
         "`demo` a record written by hand wants the topic's name typed."},
    {.name = "role",
     AT(role),
     .type = KEY_ENUM,
     .words = roles,
     .def = "operator",
     .help =
         "The engine of a configuration with `viewer` only lets people look, as in `production`; "
         "so do a console and commands that are started with such a configuration, whatever "
         "their engine's says. What the engine does by itself goes on. Each elevation leaves a "
         "record."},
    {.name = "state_dir",
     AT(state_dir),
     .type = KEY_PATH,
     .help = "Folder of the engine's own files: lock, socket, history. Default: $STATE_DIRECTORY "
             "(set by systemd), else one for each configuration file, named after it and its path, "
             "in $XDG_STATE_HOME/flightdeck, else in ~/.local/state/flightdeck. Name one where the "
             "file may move."},
    {.name = "control.socket",
     AT(control.socket),
     .type = KEY_PATH,
     .help = "The engine's control socket. Default: control.sock in `state_dir`."},
    {.name = "log.format",
     AT(log.format),
     .type = KEY_ENUM,
     .words = formats,
     .def = "text",
     .help = "Lines for people, or one JSON object a line."},
    {.name = "log.level",
     AT(log.level),
     .type = KEY_ENUM,
     .words = levels,
     .def = "info",
     .help = "The least level that is written."},
    {.name = "log.file",
     AT(log.file),
     .type = KEY_PATH,
     .help = "Where the engine's log goes; without it to standard error."},
    {.name = "variables",
     AT(variables),
     .type = KEY_MAP,
     .help = "Names for ${NAME} in this file and in connector files; they go before the "
             "environment's."},
    {.name = "kafka",
     AT(kafka),
     .type = KEY_MAP,
     .help = "Properties of librdkafka, passed through as they are: `bootstrap.servers` at least; "
             "`security.protocol`, `sasl.*`, `ssl.*` for a secured cluster."},
    {.name = "source.connection",
     AT(source.connection),
     .type = KEY_STRING,
     .flags = KEY_CONNECTION,
     .help = "The PostgreSQL primary, as a libpq connection string or URI. Connectors that name "
             "their own database.hostname do not need it."},
    {.name = "source.standby",
     AT(source.standby),
     .type = KEY_STRING,
     .flags = KEY_CONNECTION,
     .help = "A physical standby whose lag is watched; nothing is read from it."},
    {.name = "source.topic_prefix",
     AT(source.topic_prefix),
     .type = KEY_STRING,
     .help = "Topics are named PREFIX.schema.table; default: the name of the source's database. "
             "For the "
             "built-in source; a connector file's `topic.prefix` is its own."},
    {.name = "source.slot",
     AT(source.slot),
     .type = KEY_STRING,
     .def = "flightdeck",
     .help = "Replication slot of the built-in source; made when it is not there."},
    {.name = "source.publication",
     AT(source.publication),
     .type = KEY_STRING,
     .def = "flightdeck",
     .help = "Publication of the built-in source; made when it is not there."},
    {.name = "source.tables",
     AT(source.tables),
     .type = KEY_LIST,
     .help = "Regular expressions for schema.table, each for the whole name, letters' case "
             "ignored. Without it: every table outside the system schemas."},
    {.name = "warehouse.odbc",
     AT(warehouse.odbc),
     .type = KEY_STRING,
     .flags = KEY_CONNECTION,
     .help = "ODBC connection string of the warehouse, with Driver=.. or DSN=.. A sink's "
             "connection.url or vertica.* keys replace server, port, database, user and password "
             "in it."},
    {.name = "warehouse.dialect",
     AT(warehouse.dialect),
     .type = KEY_ENUM,
     .words = dialects,
     .def = "postgresql",
     .help = "Whose SQL the warehouse speaks."},
    {.name = "warehouse.schema",
     AT(warehouse.schema),
     .type = KEY_STRING,
     .def = "raw",
     .help = "Schema of the raw tables; made when it is not there."},
    {.name = "connectors",
     AT(connectors),
     .type = KEY_LIST,
     .help = "Folders and files with connectors in Kafka Connect's JSON. Without it one source "
             "(every table) and one sink (every topic of it) are built in."},
    {.name = "model",
     AT(model),
     .type = KEY_PATH,
     .help =
         "The anchor model (model.yaml) that the warehouse's `dwh` is made of. Without it there "
         "is none. `flightdeck model infer` writes a first one."},
    {.name = "marts",
     AT(marts),
     .type = KEY_LIST,
     .help = "Folders and files (*.yaml) with marts: a table, the SQL file that makes it, its "
             "parameters (docs/marts.md). A DAG's task of kind `sql` runs them."},
    {.name = "dashboards",
     AT(dashboards),
     .type = KEY_LIST,
     .help = "Folders and files (*.yaml) with dashboards: what the console shows of a mart, panel "
             "by panel, each with its query (docs/dashboards.md)."},
    {.name = "tests",
     AT(tests),
     .type = KEY_LIST,
     .help = "Folders and files (*.yaml) with data tests: what must hold in the warehouse "
             "(docs/marts.md). A DAG's task of kind `test` runs them."},
    {.name = "dags",
     AT(dags),
     .type = KEY_LIST,
     .help =
         "Folders and files (*.yaml) with DAGs: what runs when. Without it, and with a `model`, "
         "one is built in: `dwh`, which loads the model every 5 minutes and as soon as raw has "
         "got new rows."},
    {.name = "pools",
     AT(pools),
     .type = KEY_MAP,
     .help = "Pools by name with their number of slots, as `{warehouse: 4}`: so many tasks that "
             "name the pool run side by side. `default` is there with 8."},
    {.name = "load.batch_rows",
     AT(load.batch_rows),
     .type = KEY_INT,
     .min = 0,
     .max = 10000000,
     .def = "0",
     .help = "Rows of one warehouse transaction at the most. 0: by dialect, 10000 for postgresql, "
             "200000 for vertica (few and large loads)."},
    {.name = "load.batch_bytes",
     AT(load.batch_bytes),
     .type = KEY_BYTES,
     .min = 0,
     .max = 1 * GB,
     .def = "0",
     .help =
         "The same in bytes, shared out among the sinks: memory does not grow with their number. "
         "0: by dialect, 8 MB for postgresql, 24 MB for vertica."},
    {.name = "load.batch_ms",
     AT(load.batch_ms),
     .type = KEY_INT,
     .min = 0,
     .max = 3600000,
     .def = "0",
     .help = "How long a batch gathers at least. 0: by dialect, postgresql writes as soon "
             "as the one before is written, vertica after 10000."},
    {.name = "load.statement_timeout_s",
     AT(load.statement_timeout_s),
     .type = KEY_INT,
     .min = 1,
     .max = 86400,
     .def = "300",
     .help = "How long one statement of a sink may take. After it the statement is canceled; where "
             "that does not help, the connection is given up, and the load is tried again."},
    {.name = "capture.commit_rows",
     AT(capture.commit_rows),
     .type = KEY_INT,
     .min = 1,
     .max = 10000000,
     .def = "200000",
     .help = "Changes of one Kafka transaction at the most, under load; while idle each commit of "
             "the source is passed on at once."},
    {.name = "capture.commit_bytes",
     AT(capture.commit_bytes),
     .type = KEY_BYTES,
     .min = 64 * KB,
     .max = 1 * GB,
     .def = "128 MB",
     .help = "The same in bytes."},
    {.name = "capture.commit_ms",
     AT(capture.commit_ms),
     .type = KEY_INT,
     .min = 1,
     .max = 60000,
     .def = "200",
     .help = "The longest time that a Kafka transaction stays open."},
    {.name = "capture.snapshot_threads",
     AT(capture.snapshot_threads),
     .type = KEY_INT,
     .min = 1,
     .max = 16,
     .def = "2",
     .help = "Tables read side by side in the initial snapshot."},
    {.name = "stop_timeout_s",
     AT(stop_timeout_s),
     .type = KEY_INT,
     .min = 1,
     .max = 600,
     .def = "5",
     .help = "How long a stop may take to flush what is in flight."},
    {.name = "restart.budget",
     AT(restart.budget),
     .type = KEY_INT,
     .min = 0,
     .max = 1000000,
     .def = "0",
     .help = "How often within ten minutes a task is tried again after an error that is no outage; "
             "then it is FAILED. 0: without end. A server that cannot be reached is always waited "
             "for, and what no attempt can mend (a faulty configuration, changes that are lost) "
             "fails at once."},
    {.name = "restart.backoff_ms",
     AT(restart.backoff_ms),
     .type = KEY_INT,
     .min = 1,
     .max = 3600000,
     .def = "500",
     .help = "Wait before the first attempt; it doubles with each one."},
    {.name = "restart.backoff_max_ms",
     AT(restart.backoff_max_ms),
     .type = KEY_INT,
     .min = 1,
     .max = 3600000,
     .def = "10000",
     .help = "The longest wait between attempts."},
    {.name = "alerts.lag_records",
     AT(alerts.lag_records),
     .type = KEY_INT,
     .min = 0,
     .max = 1000000000000,
     .def = "10000",
     .help = "An alert when more records of one topic wait to be loaded, for `alerts.lag_for_s`. "
             "0, as for all that follow: no such alert."},
    {.name = "alerts.lag_for_s",
     AT(alerts.lag_for_s),
     .type = KEY_INT,
     .min = 0,
     .max = 86400,
     .def = "60",
     .help = "How long they have to wait for that; 0: no time at all."},
    {.name = "alerts.away_for_s",
     AT(alerts.away_for_s),
     .type = KEY_INT,
     .min = 0,
     .max = 86400,
     .def = "10",
     .help = "An alert when a server is away, nobody reads a slot, or a connector tries again, for "
             "so long."},
    {.name = "alerts.standby_lag_s",
     AT(alerts.standby_lag_s),
     .type = KEY_INT,
     .min = 0,
     .max = 86400,
     .def = "30",
     .help = "An alert when the standby's replay is further behind, for `alerts.away_for_s`."},
    {.name = "alerts.full_within_s",
     AT(alerts.full_within_s),
     .type = KEY_INT,
     .min = 0,
     .max = 2592000,
     .def = "86400",
     .help = "An alert when, as things go, a slot's safe WAL size or a topic's retention is used "
             "up within so long."},
    {.name = "alerts.mart_late_s",
     AT(alerts.mart_late_s),
     .type = KEY_INT,
     .min = 0,
     .max = 2592000,
     .def = "900",
     .help = "An alert when a mart is not made so long after its time."},
    {.name = "alerts.dead_letters",
     AT(alerts.dead_letters),
     .type = KEY_INT,
     .min = 0,
     .max = 1000000000000,
     .def = "1",
     .help = "An alert when so many records of a sink went to its dead-letter topic since the "
             "engine's start."},
    {.name = "recorder.size",
     AT(recorder.size),
     .type = KEY_BYTES,
     .min = 0,
     .max = 16 * GB,
     .def = "64 MB",
     .help =
         "What the recorder keeps of the past at the most (1 s for 1 h, 10 s for 24 h, 5 min for "
         "30 days), in the engine's store. When that is too little, the oldest snapshots go and "
         "their figures stay. A quarter of it is for what servers answered. 0: nothing is "
         "recorded."},
    {.name = "recorder.answers_s",
     AT(recorder.answers_s),
     .type = KEY_INT,
     .min = 0,
     .max = 86400,
     .def = "300",
     .help = "How often the engine asks warehouse and source by itself what the panes Warehouse "
             "and Source show, and the dashboards whose mart has run, so that the console can go "
             "back to it. What somebody asks for is kept in any case. 0: it does not."},
};

const struct key_spec *config_schema(int *n)
{
    *n = (int)(sizeof schema / sizeof schema[0]);
    return schema;
}

const char *config_dialect_word(const struct config *c)
{
    return dialects[c->warehouse.dialect];
}

const char *config_environment_word(const struct config *c)
{
    return kinds[c->environment.kind];
}

bool config_looks_only(const struct config *c)
{
    return c->role == ROLE_VIEWER || c->environment.kind == ENVIRONMENT_PRODUCTION;
}

const char *config_role_word(const struct config *c)
{
    return roles[c->role];
}
