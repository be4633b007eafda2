/* The table of subcommands. */
#include <string.h>

#include "console/commands.h"

#define END_OF_OPTIONS                                                                             \
    {                                                                                              \
        .name = NULL                                                                               \
    }
#define END_OF_VERBS                                                                               \
    {                                                                                              \
        .name = NULL                                                                               \
    }
#define JSON_OPTION                                                                                \
    {                                                                                              \
        .name = "json", .help = "Print JSON, for scripts."                                         \
    }

#define SOCKET_OPTION                                                                              \
    {                                                                                              \
        .name = "socket", .argument = "PATH",                                                      \
        .help = "The engine's control socket; else the configuration says it."                     \
    }

#define ELEVATE_OPTION                                                                             \
    {                                                                                              \
        .name = "elevate", .argument = "NAME",                                                     \
        .help = "Change something where one only looks (production, role: viewer): the "           \
                "environment's name, which otherwise is typed on the terminal. It leaves a "       \
                "record."                                                                          \
    }

static const struct command_option global_options[] = {
    {.name = "config",
     .argument = "FILE",
     .help = "The configuration; else $FLIGHTDECK_CONFIG, ./flightdeck.yaml, "
             "~/.config/flightdeck/flightdeck.yaml, /etc/flightdeck/flightdeck.yaml."},
    {.name = "help", .letter = 'h', .help = "Show what the command does."},
    END_OF_OPTIONS};

static const struct command_option demo_options[] = {
    {.name = "dir",
     .argument = "DIR",
     .help = "Folder of the demo; default ~/.local/share/flightdeck/demo, for root "
             "/var/lib/flightdeck/demo."},
    {.name = "headless", .help = "No console: synchronize, verify, report, stop, exit code."},
    {.name = "keep", .help = "With --headless: leave the servers running."},
    {.name = "scale", .argument = "N", .help = "Size of the data; 1 is about 500k rows."},
    {.name = "only",
     .argument = "LIST",
     .help = "Start these servers and nothing else, and print how to connect: one or more of "
             "primary (with the airline in it), standby, kafka, warehouse, with commas between."},
    {.name = "stop", .help = "Stop the demo's engine and servers."},
    {.name = "destroy", .help = "Stop them and remove the folder, after asking."},
    {.name = "yes", .help = "Do not ask."},
    JSON_OPTION,
    END_OF_OPTIONS};

static const struct command_option simulate_options[] = {
    {.name = "dir",
     .argument = "DIR",
     .help = "Folder of the demo whose source is meant, instead of a configuration."},
    {.name = "rate", .argument = "N", .help = "Transactions a second; default 50."},
    {.name = "seconds", .argument = "N", .help = "Stop after so long; default: until interrupted."},
    JSON_OPTION,
    END_OF_OPTIONS};

static const struct command_option json_options[] = {JSON_OPTION, END_OF_OPTIONS};

static const struct command_option verify_options[] = {
    {.name = "timeout",
     .argument = "SECONDS",
     .help = "Give up when nothing moves for so long; default 60."},
    JSON_OPTION,
    END_OF_OPTIONS};

static const char *const report_words[] = {"text", "json", NULL};
static const struct command_option batch_options[] = {
    {.name = "report",
     .argument = "FORM",
     .help = "text (default) or json.",
     .words = report_words},
    {.name = "timeout",
     .argument = "SECONDS",
     .help = "Give up when nothing moves for so long; default 120."},
    {.name = "resume", .help = "Run paused and stopped connectors too, from now on."},
    {.name = "refresh",
     .argument = "WHAT",
     .help = "all (default): each DAG runs once when raw holds everything, those that load the "
             "model first; none; or the names of some, with commas."},
    {.name = "backfill",
     .argument = "DAG=N",
     .help = "This DAG runs for the last N of its intervals. May be repeated."},
    JSON_OPTION,
    END_OF_OPTIONS};

static const char *const sql_forms[] = {"table",    "box",       "markdown", "list",  "expanded",
                                        "csv",      "tsv",       "json",     "jsonl", "html",
                                        "vertical", "unaligned", NULL};
static const char *const sql_dialects[] = {"postgresql", "vertica", NULL};
static const struct command_option sql_options[] = {
    {.name = "command",
     .letter = 'c',
     .argument = "SQL",
     .help = "Run this, then end; several statements are one transaction. May be repeated."},
    {.name = "file",
     .letter = 'f',
     .argument = "FILE",
     .help = "Run what is in FILE (- is stdin). May be repeated."},
    {.name = "source", .help = "On the source instead of the warehouse."},
    {.name = "format", .argument = "FORM", .help = "How results are printed.", .words = sql_forms},
    {.name = "csv", .help = "The same as --format csv; so are the next ones."},
    {.name = "json", .help = "One JSON array of objects."},
    {.name = "jsonl", .help = "One JSON object a line."},
    {.name = "tsv", .help = "Tabs between, NULL is \\N."},
    {.name = "markdown", .help = "A Markdown table."},
    {.name = "box", .help = "A table with lines around."},
    {.name = "html", .help = "An HTML table."},
    {.name = "expanded", .letter = 'x', .help = "One column a line."},
    {.name = "no-align", .letter = 'A', .help = "The form `list`: | between."},
    {.name = "tuples-only", .letter = 't', .help = "Rows only: no names, no count."},
    {.name = "quiet", .letter = 'q', .help = "Say nothing about statements without a result."},
    {.name = "field-separator",
     .letter = 'F',
     .argument = "TEXT",
     .help = "Between the columns of the form `list`."},
    {.name = "null", .argument = "TEXT", .help = "What NULL looks like."},
    {.name = "output", .letter = 'o', .argument = "FILE", .help = "Results go to FILE."},
    {.name = "variable",
     .letter = 'v',
     .argument = "NAME=VALUE",
     .help = "For :NAME, :'NAME' and :\"NAME\" in SQL. ON_ERROR_STOP=1 ends at the first error. "
             "May be repeated."},
    {.name = "no-rc", .letter = 'X', .help = "Do not read the rc file."},
    {.name = "odbc",
     .argument = "STRING",
     .help = "The warehouse's ODBC connection string instead of the configuration's."},
    {.name = "dialect",
     .argument = "NAME",
     .help = "With --odbc: postgresql (default) or vertica.",
     .words = sql_dialects},
    {.name = "conninfo",
     .argument = "STRING",
     .help = "With --source: the libpq connection string instead of the configuration's."},
    ELEVATE_OPTION,
    END_OF_OPTIONS};

static const struct command_option topic_options[] = {
    {.name = "count",
     .letter = 'n',
     .argument = "N",
     .help = "tail: so many records; default the last 10, with --from all of them."},
    {.name = "follow", .letter = 'f', .help = "tail: go on as records come."},
    {.name = "from",
     .argument = "PLACE",
     .help = "tail: beginning, end, an offset, how long ago (15m, 2h, 1d) or a time "
             "(2026-11-24 12:00)."},
    {.name = "key",
     .argument = "TEXT",
     .help =
         "tail: only records with this key; 17 is also {\"id\":17}. produce: the key, as it is."},
    {.name = "partition",
     .argument = "P",
     .help = "tail: only this partition. produce: this one, whatever the key says."},
    {.name = "value",
     .argument = "TEXT",
     .help = "produce: the value, as it is; else it is read from the standard input."},
    {.name = "tombstone", .help = "produce: no value, which deletes the key."},
    {.name = "header", .argument = "NAME=VALUE", .help = "produce: a header; may be repeated."},
    {.name = "yes", .help = "produce: do not ask for the topic's name."},
    {.name = "raw", .help = "tail: only the values, as they are."},
    {.name = "bootstrap",
     .argument = "SERVERS",
     .help = "host:port,.. of the brokers instead of the configuration's."},
    ELEVATE_OPTION,
    SOCKET_OPTION,
    JSON_OPTION,
    END_OF_OPTIONS};

static const struct command_verb topic_verbs[] = {
    {"list", "", "The topics with partitions and records.", 0, 0},
    {"show", "TOPIC", "Partitions, offsets and settings of one topic.", 1, 1},
    {"tail", "TOPIC", "Its last records.", 1, 1},
    {"produce", "TOPIC", "Write one record by hand, through the engine.", 1, 1},
    END_OF_VERBS};

static const struct command_verb alert_verbs[] = {
    {"list", "", "What is wrong now, the oldest first.", 0, 0},
    {"ack", "NAME", "Say that it is known; it stays in the list until it is over.", 1, 1},
    END_OF_VERBS};

static const struct command_option alert_options[] = {JSON_OPTION, ELEVATE_OPTION, SOCKET_OPTION,
                                                      END_OF_OPTIONS};

static const struct command_verb connector_verbs[] = {
    {"list", "", "The connectors with state, rate and lag.", 0, 0},
    {"show", "NAME", "One of them with its settings, secrets masked.", 1, 1},
    {"apply", "FILE..", "Create or change connectors from Kafka Connect's JSON.", 1, -1},
    {"pause", "NAME", "End its run after what is in flight, until resume.", 1, 1},
    {"resume", "NAME", "Go on; waits until it runs.", 1, 1},
    {"stop", "NAME", "As pause, for one that is not to be resumed soon.", 1, 1},
    {"restart", "[NAME]", "End its run and begin another; --failed: of all that have FAILED.", 0,
     1},
    {"delete", "NAME", "Remove it; data and offsets stay.", 1, 1},
    {"offsets", "NAME", "Where it stands.", 1, 1},
    END_OF_VERBS};

static const struct command_verb model_verbs[] = {
    {"check", "[CONNINFO]", "Compare the model with the source's catalog; name every fault.", 0, 1},
    {"ddl", "", "Print the tables and views of the model as SQL.", 0, 0},
    {"diagram", "", "Draw the model: entities, attributes, ties.", 0, 0},
    {"docs", "", "Print a page: tables, columns, where they come from, how fresh they are.", 0, 0},
    {"infer", "[CONNINFO]", "Print a first model, made of the source's catalog.", 0, 1},
    END_OF_VERBS};

static const char *const diagram_forms[] = {"text", "dot", "mermaid", NULL};

static const struct command_option model_options[] = {
    {.name = "model", .argument = "FILE", .help = "The model; else the configuration's `model`."},
    {.name = "dialect",
     .argument = "NAME",
     .help = "ddl: whose SQL; default the configuration's warehouse, else postgresql.",
     .words = sql_dialects},
    {.name = "format",
     .argument = "FORM",
     .help = "diagram: text (default, 80 columns), dot (Graphviz) or mermaid.",
     .words = diagram_forms},
    {.name = "source",
     .help = "infer: from the configuration's source; so it is without CONNINFO, too."},
    {.name = "schema",
     .argument = "REGEX",
     .help = "infer: only tables of schemas whose whole name matches."},
    {.name = "table", .argument = "REGEX", .help = "infer: only tables whose whole name matches."},
    {.name = "output",
     .letter = 'o',
     .argument = "FILE",
     .help = "infer: write FILE, which must not be there."},
    {.name = "out",
     .argument = "DIR",
     .help = "docs: write DIR/model.md; default the standard output."},
    JSON_OPTION,
    END_OF_OPTIONS};

/* In the words of the store (RUN_STATES, RUN_KINDS). */
static const char *const run_states[] = {"queued", "running",  "canceling", "success",
                                         "failed", "canceled", NULL};
static const char *const run_kinds[] = {"schedule", "manual", "backfill", "change", NULL};

static const struct command_option dag_options[] = {
    {.name = "param",
     .argument = "NAME=VALUE",
     .help = "trigger, backfill: a param of the run. May be repeated."},
    {.name = "wait", .help = "trigger: until the run is over; exit code 1 when it failed."},
    {.name = "from", .argument = "DATE", .help = "backfill: the first day, as 2026-11-01."},
    {.name = "to", .argument = "DATE", .help = "backfill: the last day; it is included."},
    {.name = "parallel",
     .argument = "N",
     .help = "backfill: so many runs side by side; default the DAG's max_active_runs."},
    {.name = "detach", .help = "backfill: do not wait for the runs."},
    {.name = "task", .argument = "TASK", .help = "clear: only this task."},
    {.name = "downstream", .help = "clear: and all tasks that wait for it."},
    {.name = "failed", .help = "clear: of those only what has not succeeded."},
    {.name = "try", .argument = "N", .help = "logs: only this try; default all."},
    {.name = "follow", .letter = 'f', .help = "logs: go on until the run is over."},
    {.name = "limit", .letter = 'n', .argument = "N", .help = "runs: so many; default 20."},
    {.name = "yes",
     .help = "cancel, clear of a whole run, backfill of days that have succeeded: do not ask for "
             "the DAG's name."},
    {.name = "state", .argument = "STATE", .help = "runs: only these.", .words = run_states},
    {.name = "kind", .argument = "KIND", .help = "runs: only these.", .words = run_kinds},
    ELEVATE_OPTION,
    SOCKET_OPTION,
    JSON_OPTION,
    END_OF_OPTIONS};

static const struct command_verb dag_verbs[] = {
    {"list", "", "The DAGs with their next and last runs.", 0, 0},
    {"show", "DAG", "One of them: schedule in words, next runs, params, tasks.", 1, 1},
    {"runs", "[DAG]", "Runs, the newest first.", 0, 1},
    {"run", "RUN", "One run with its tasks and tries.", 1, 1},
    {"trigger", "DAG", "Run it now.", 1, 1},
    {"backfill", "DAG", "Run it for each interval of a span of days.", 1, 1},
    {"clear", "RUN", "Run tasks of a run again.", 1, 1},
    {"cancel", "RUN", "End a run.", 1, 1},
    {"pause", "DAG", "Let it run only when triggered.", 1, 1},
    {"unpause", "DAG", "Let it run by itself again.", 1, 1},
    {"logs", "RUN [TASK]", "What the tasks of a run wrote.", 1, 2},
    END_OF_VERBS};

static const struct command_option dashboard_options[] = {
    {.name = "from",
     .argument = "DATE",
     .help =
         "show: the first day, as 2026-11-01; default so many days back as the dashboard says."},
    {.name = "to", .argument = "DATE", .help = "show: the last day, included; default today."},
    {.name = "panel", .argument = "PANEL", .help = "show: only this panel."},
    {.name = "rows", .help = "show: of a panel the rows behind its figure."},
    {.name = "refresh", .help = "show: ask anew, even if the mart has not run since."},
    {.name = "format", .argument = "FORM", .help = "How rows are printed.", .words = sql_forms},
    {.name = "csv", .help = "The same as --format csv; so are the next ones."},
    {.name = "jsonl", .help = "One JSON object a line."},
    {.name = "tsv", .help = "Tabs between, NULL is \\N."},
    {.name = "markdown", .help = "A Markdown table."},
    {.name = "box", .help = "A table with lines around."},
    SOCKET_OPTION,
    JSON_OPTION,
    END_OF_OPTIONS};

static const struct command_verb dashboard_verbs[] = {
    {"list", "", "The dashboards with their panels.", 0, 0},
    {"show", "NAME", "The figures of one, for a range of days.", 1, 1},
    END_OF_VERBS};

static const struct command_option look_options[] = {
    {.name = "all", .help = "show: every row, where by itself only the first ones are printed."},
    SOCKET_OPTION,
    JSON_OPTION,
    END_OF_OPTIONS};

static const struct command_option warehouse_options[] = {
    {.name = "all", .help = "show: every row, where by itself only the first ones are printed."},
    ELEVATE_OPTION,
    SOCKET_OPTION,
    JSON_OPTION,
    END_OF_OPTIONS};

static const struct command_verb warehouse_verbs[] = {
    {"show", "", "Nodes, sessions, running queries, sizes, loads, figures.", 0, 0},
    {"cancel", "ID", "Cancel a running query; its id is in show.", 1, 1},
    END_OF_VERBS};

static const struct command_verb source_verbs[] = {
    {"show", "", "Primary and standby, slots, publications, open transactions, tables.", 0, 0},
    END_OF_VERBS};

static const char *const glyph_words[] = {"ascii", "eighths", "braille", NULL};
static const char *const theme_words[] = {"dark", "light", "safe", NULL};

static const struct command_option connector_options[] = {
    {.name = "yes", .help = "delete: do not ask."},
    {.name = "failed", .help = "restart: every connector that has FAILED."},
    {.name = "no-wait",
     .help = "pause, resume, stop, restart: do not wait for the state that was asked for."},
    ELEVATE_OPTION,
    SOCKET_OPTION,
    JSON_OPTION,
    END_OF_OPTIONS};

static const struct command_option refresh_options[] = {
    {.name = "detach", .help = "Do not wait for the run."},
    ELEVATE_OPTION,
    SOCKET_OPTION,
    JSON_OPTION,
    END_OF_OPTIONS};

static const struct command_option status_options[] = {
    {.name = "watch", .help = "Again every two seconds, until interrupted."},
    SOCKET_OPTION,
    JSON_OPTION,
    END_OF_OPTIONS};

static const struct command_option console_options[] = {
    {.name = "plain",
     .help = "No screen: a line a change of state, for screen readers, logs and dumb terminals."},
    {.name = "once", .help = "Print one frame as text, then end."},
    {.name = "pane", .argument = "NAME", .help = "Open this pane first: its name or its key."},
    {.name = "size", .argument = "WxH", .help = "With --once: columns and rows; default 100x30."},
    {.name = "glyphs",
     .argument = "LEVEL",
     .help = "Charts in these characters; default: the finest that the terminal has, braille and "
             "half-blocks where it is UTF-8.",
     .words = glyph_words},
    {.name = "theme",
     .argument = "THEME",
     .help = "Colours for a dark or light terminal, or safe ones for colour-blind eyes; default: "
             "what COLORFGBG says, else dark. NO_COLOR turns them off.",
     .words = theme_words},
    {.name = "mouse",
     .help =
         "Use the mouse, where the terminal has one: a press selects, two open, the wheel moves. "
         "M turns it on and off."},
    {.name = "no-sync", .help = "Do not mark frames as synchronized updates."},
    SOCKET_OPTION,
    END_OF_OPTIONS};

static const struct command_verb config_verbs[] = {
    {"check", "", "Read the configuration and its connectors; name every fault.", 0, 0},
    {"show", "", "Print it with defaults, secrets masked.", 0, 0},
    END_OF_VERBS};

static const struct command_option help_options[] = {
    {.name = "man", .help = "Print the manual page, for man(1)."},
    {.name = "bash", .help = "Print bash's completion."},
    {.name = "zsh", .help = "Print zsh's completion."},
    {.name = "markdown", .help = "Print the reference of commands."},
    {.name = "configuration", .help = "Print the reference of configuration, connectors and DAGs."},
    END_OF_OPTIONS};

static const struct command commands[] = {
    {.name = "demo",
     .arguments = "",
     .run = cmd_demo,
     .options = demo_options,
     .summary = "A whole platform on this machine: two PostgreSQL, Kafka, a warehouse, the engine.",
     .details = "Starts real servers under one private folder on free ports, fills the source with "
                "an airline's days, synchronizes everything into the warehouse and opens the "
                "console. Run again, it attaches; interrupted, it carries on.",
     .example = "flightdeck demo --scale 2\nflightdeck demo --headless; echo $?"},
    {.name = "simulate",
     .arguments = "",
     .run = cmd_simulate,
     .options = simulate_options,
     .summary = "Play an airport's day in the demo's source, until stopped.",
     .details = "Bookings, check-ins, changes of status and time, cancellations, deletes and now "
                "and then a change of a key, in real transactions that keep the airline coherent.",
     .example = "flightdeck simulate --rate 200"},
    {.name = "engine",
     .arguments = "",
     .run = cmd_engine,
     .summary = "The background process that does the work.",
     .details = "Captures, loads, and answers on its control socket, until SIGTERM or SIGINT. One "
                "engine a state folder."},
    {.name = "batch",
     .arguments = "",
     .run = cmd_batch,
     .options = batch_options,
     .summary =
         "Synchronize once in the foreground, refresh, verify, report, end. For cron and CI.",
     .details =
         "Everything that was committed in the source when it starts is in the warehouse "
         "when it ends. It needs a source, brokers and a warehouse in its configuration, "
         "nothing else. While a connector is paused or stopped that cannot be: it says so "
         "and ends with 1 before anything moves, or resumes it with --resume.\n\n"
         "A failure is told once, at the end; log.level=debug in the configuration shows the "
         "way there.",
     .example = "flightdeck batch --report json"},
    {.name = "status",
     .arguments = "",
     .run = cmd_status,
     .options = status_options,
     .summary = "What the engine is doing: rates, lags, connectors, servers.",
     .example = "flightdeck status --json | jq .pipeline"},
    {.name = "verify",
     .arguments = "[TABLE..]",
     .run = cmd_verify,
     .options = verify_options,
     .max_words = -1,
     .summary = "Compare source tables with the warehouse: counts and checksums.",
     .details =
         "Exact while both are busy: the source as of one snapshot against raw as of the same "
         "moment, every column. It asks the servers, not the engine, but waits until what was "
         "committed at its start has been loaded: so an engine must run (batch verifies by "
         "itself). A TABLE is schema.table, or a name in any schema. Keys that differ are "
         "named with both rows; the exit code is then 4. A mart that is stale or not made yet is "
         "not compared: the report names it, and the exit code stays 0. Of several sources the "
         "first is compared; the report names the others.",
     .example = "flightdeck verify public.flights"},
    {.name = "connector",
     .arguments = "",
     .run = cmd_connector,
     .options = connector_options,
     .verbs = connector_verbs,
     .summary = "Look after connectors (Kafka Connect's JSON).",
     .details = "pause, resume, stop and restart wait up to 10 s for the state that was asked for "
                "and end with 1 when it is not reached; what was asked is done all the same, when "
                "it can be.",
     .example = "flightdeck connector apply config/airline/connectors/*.json"},
    {.name = "dag",
     .arguments = "",
     .run = cmd_dag,
     .options = dag_options,
     .verbs = dag_verbs,
     .summary = "Look after DAGs: what runs when, and what came of it.",
     .details =
         "RUN is a run's number, or a DAG's name for its newest run. How to write a DAG: "
         "docs/dags.md.\n\n"
         "backfill shows each run as it ends; interrupted, it stops looking, and the runs go "
         "on.",
     .example = "flightdeck dag trigger airports_traffic --param business_date=2026-11-28 --wait\n"
                "flightdeck dag backfill airports_traffic --from 2026-11-01 --to 2026-11-30"},
    {.name = "dashboard",
     .arguments = "",
     .run = cmd_dashboard,
     .options = dashboard_options,
     .verbs = dashboard_verbs,
     .summary = "The figures of a mart, panel by panel, as the console shows them.",
     .details = "Asked through the engine, which keeps an answer until the mart has run again. In "
                "forms for programs (csv, tsv, jsonl) rows come of one panel, named with --panel; "
                "--json is the whole answer. Exit code 1 when a panel's query failed. How to write "
                "a dashboard: docs/dashboards.md.",
     .example = "flightdeck dashboard show airports --from 2026-11-01 --to 2026-11-30\n"
                "flightdeck dashboard show airports --panel share_of_flights --csv"},
    {.name = "alert",
     .arguments = "",
     .run = cmd_alert,
     .options = alert_options,
     .verbs = alert_verbs,
     .summary = "Alerts: what is wrong now.",
     .details = "The engine looks each second; the rules' limits stand in the configuration's "
                "section `alerts`. What begins and ends stands in the events as well.",
     .example = "flightdeck alert ack lag:postgres.public.flights"},
    {.name = "refresh",
     .arguments = "NAME [NAME ..]",
     .run = cmd_refresh,
     .options = refresh_options,
     .summary = "Refresh an entity of the model, a mart or a DAG by its name, now.",
     .details = "A run of the DAG that makes it, about that alone, in the DAG's queue: it never "
                "runs beside a run of the schedule. Of several, each waits for the one before; the "
                "first that fails ends it with 1.",
     .example = "flightdeck refresh flights airports_traffic",
     .min_words = 1,
     .max_words = -1},
    {.name = "topic",
     .arguments = "",
     .run = cmd_topic,
     .options = topic_options,
     .verbs = topic_verbs,
     .summary = "Look at topics and their records.",
     .details =
         "list, show and tail ask the brokers: no engine is needed, and only what was committed is "
         "seen. Records are counted by offsets, among which are transactions' markers.\n\n"
         "tail writes one record a line when its output is no terminal: partition, offset, "
         "time, key, headers and value with tabs between, \\N for null.",
     .example = "flightdeck topic tail postgres.public.flights -n 5\n"
                "flightdeck topic tail postgres.public.flights --from 15m --key 17 --json"},
    {.name = "model",
     .arguments = "",
     .run = cmd_model,
     .options = model_options,
     .verbs = model_verbs,
     .summary = "The anchor model behind the warehouse's `dwh` (model.yaml).",
     .details =
         "No engine is needed. ddl and diagram need no server either; check asks the source "
         "(without it the raw tables) and docs the warehouse where they can be reached. CONNINFO "
         "is libpq's connection string, instead of the configuration's source.",
     .example = "flightdeck model infer 'host=db1 dbname=shop' -o model.yaml\n"
                "flightdeck model ddl --model model.yaml --dialect vertica > dwh.sql"},
    {.name = "warehouse",
     .arguments = "",
     .run = cmd_warehouse,
     .options = warehouse_options,
     .verbs = warehouse_verbs,
     .summary = "The warehouse's server: who is in it, what runs, what takes the room.",
     .details = "Asked through the engine. Numbers of rows are the server's estimates. An id names "
                "one statement of a session: cancel never meets a later one. Figures are those of "
                "vertica-prometheus-exporter; what a server does not tell is left out (null in "
                "--json).",
     .example = "flightdeck warehouse show --json | jq '.queries[] | select(.seconds > 60)'"},
    {.name = "source",
     .arguments = "",
     .run = cmd_source,
     .options = look_options,
     .verbs = source_verbs,
     .summary = "The source's servers: slots, publications, open transactions, tables.",
     .details =
         "Asked through the engine. What grows is told from two looks: the second within ten "
         "minutes has rates, and when a slot has no room left. Of each table it says what an "
         "update or a delete carries.",
     .example = "flightdeck source show"},
    {.name = "sql",
     .arguments = "[SQL]",
     .run = cmd_sql,
     .options = sql_options,
     .max_words = 1,
     .summary = "Ask the warehouse (or the source) in SQL.",
     .details =
         "Without -c, -f and SQL it reads statements: from the keyboard up to a semicolon, from a "
         "pipe like a file. Psql's backslash commands are known there, in files and in -c: \\d "
         "NAME, \\dt, \\dv, \\dm, \\ds, \\di, \\df, \\dn, \\du, \\l; \\g, \\gx, \\gset, \\watch, "
         "\\chart, \\p, "
         "\\r, "
         "\\e, "
         "\\w, \\s; \\i, \\o, \\copy .. to, \\!, \\cd, \\echo, \\warn; \\x, \\a, \\t, \\pset, "
         "\\timing, \\set, \\unset; \\source, \\warehouse, \\conninfo, \\refresh NAME; \\q. "
         "\\? "
         "tells what they do, docs/sql.md about the rc file, history, completion and the pager. "
         "Lists are of all schemas, not only of the search path.\n\n"
         "Exit codes are psql's: 0 done, 1 a statement of -c failed or a file is missing, 2 no "
         "connection, 3 an error in a file with ON_ERROR_STOP=1 (without it a file goes on and "
         "ends "
         "with 0). Ctrl-C cancels on the server.",
     .example = "flightdeck sql -c 'select count(*) from raw.postgres_public_flights' --csv"},
    {.name = "config",
     .arguments = "",
     .run = cmd_config,
     .options = json_options,
     .verbs = config_verbs,
     .summary = "Check the configuration, or show it.",
     .example = "flightdeck config check --config /etc/flightdeck/flightdeck.yaml"},
    {.name = "console",
     .arguments = "",
     .run = cmd_console,
     .options = console_options,
     .summary = "The flight deck itself: attach to the running engine.",
     .details = "Leaving it stops nothing: the engine goes on. When the engine goes away the last "
                "data stay on the screen, with their age, and the console attaches again by "
                "itself. `?` shows what can be done.",
     .example = "flightdeck console --once --pane connectors --size 120x40"},
    {.name = "version",
     .arguments = "",
     .run = cmd_version,
     .options = json_options,
     .summary = "Version, and the libraries it runs with."},
    {.name = "help",
     .arguments = "[COMMAND]",
     .run = cmd_help,
     .options = help_options,
     .max_words = 1,
     .summary = "This help, or a command's."},
};

const struct command *command_at(int i)
{
    return i >= 0 && i < (int)(sizeof commands / sizeof commands[0]) ? &commands[i] : NULL;
}

const struct command *command_find(const char *name)
{
    const struct command *c;
    for (int i = 0; (c = command_at(i)); i++)
        if (strcmp(c->name, name) == 0)
            return c;
    return NULL;
}

const struct command_option *command_global_options(void)
{
    return global_options;
}
