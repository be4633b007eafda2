/*
 * The engine's state as the views see it: docs/control.md's snapshot as plain structs.
 *
 * Read leniently: what is missing, null or of another type is unknown (NAN, UNKNOWN_INT, NULL for
 * words), so that a console works with an engine a little older or newer. Nothing from outside is
 * trusted to be short or printable; the grid sees to that.
 *
 * Ownership: a snapshot owns everything it points to and is immutable. Thread rule: any thread may
 * read it.
 */
#ifndef VIEWS_SNAPSHOT_H
#define VIEWS_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "backend/base/err.h"
#include "views/units.h"

enum { SNAP_KEY_MAX = 300 };

struct snap_task {
    int64_t id;
    const char *state;
    const char *trace; /* NULL: none */
};

struct snap_connector {
    const char *name;
    const char *type;   /* "source", "sink" */
    const char *state;  /* "RUNNING", .. */
    const char *detail; /* NULL: none */
    const char *last_error;
    int64_t since_us;
    double rate_s;
    int64_t total;
    int64_t lag_records;
    double lag_ms;
    int64_t errors;
    int64_t dead_letters;
    int64_t clamped;
    int64_t restarts;
    const char **topics;
    size_t topic_count;
    struct snap_task *tasks;
    size_t task_count;
};

struct snap_partition {
    int64_t id, low, high, committed, lag;
    char key[24]; /* id as text */
};

struct snap_topic {
    const char *name;
    int64_t records;
    double rate_s;
    int64_t lag;
    double lag_growth_s;  /* records a second; less than 0: it catches up */
    int64_t retention_ms; /* UNKNOWN_INT: not known, or for ever */
    struct snap_partition *partitions;
    size_t partition_count;
};

struct snap_slot {
    const char *name;
    int active; /* 1, 0, -1 unknown */
    const char *wal_status;
    double retained_bytes;
    double safe_wal_bytes;
    const char *error; /* why nothing is known of it; NULL: it is */
};

/* A DAG; last_run and what follows it are of its newest run. */
struct snap_dag {
    const char *name;
    const char *description;
    bool paused;
    int64_t next_us; /* UNKNOWN_INT: nothing is scheduled */
    int64_t queued;  /* runs */
    int64_t active;
    int64_t running_tasks;
    int64_t last_run;  /* UNKNOWN_INT: none yet */
    const char *state; /* "queued", "running", "success", ..; "" before the first run */
    int64_t logical_us, started_us, ended_us;
    const char *reason;  /* why it failed; NULL */
    const char *trouble; /* what holds the DAG up; NULL: nothing */
};

/* How far behind a table of raw or a mart is. */
struct snap_fresh {
    const char *name;
    char key[SNAP_KEY_MAX]; /* among the rows of the overview */
    bool is_mart;
    const char *topic, *connector; /* of a table; NULL: not known */
    const char *dag;               /* of a mart; NULL: none makes it */
    double behind_s, of_it_s;
    const char *of_it_in; /* "kafka", "due at 12:05 every day", "-" */
    int64_t waiting, rows_today, last_refresh_us;
    double late_s; /* of a mart */
    int64_t verified_us;
    int verified_ok; /* 1, 0, -1: not looked at */
};

/* When something is full. */
struct snap_eta {
    const char *what, *text;
    double seconds; /* NAN: it does not grow, or that is .. */
    bool known;     /* .. not known */
};

struct snap_alert {
    const char *name; /* "rule:object" */
    char key[SNAP_KEY_MAX];
    const char *rule, *level, *object, *text;
    int64_t since_us;
    const char *acknowledged_by; /* NULL: nobody */
};

/* What stands behind raw: dwh, and the marts together. */
struct snap_station {
    const char *state; /* "running", "waiting", "failed", ..; NULL: there is none */
    const char *dag;   /* of dwh */
    double rate_s, lag_s, waiting, waiting_bytes;
    int64_t next_us;
};

/* A server: state "up", .. or NULL when it is not configured or not known. */
struct snap_server {
    bool known;
    bool none; /* the engine says that none is configured */
    const char *state;
    const char *error;
    const char *about; /* the server's own words: version, brokers; NULL */
};

struct snapshot {
    int64_t now_us;
    bool trimmed; /* recorded without its lists: what is not in them is not gone */
    struct {
        const char *version;
        int64_t pid;
        double uptime_s;
        double rss_bytes;
        double cpu_percent;
        const char *dialect;
    } engine;
    struct {
        const char *name;
        const char *kind;
        bool looks_only; /* the engine changes nothing for whoever has not elevated */
    } environment;
    struct {
        double bytes_s, retained_bytes, lag_s;
    } wal;
    struct {
        double rate_s, lag_ms, waiting_bytes;
        int64_t total;
    } capture;
    struct {
        double rate_s, waiting, waiting_bytes, lag_s;
    } queued; /* the station "topics" */
    struct {
        double rate_s, lag_s, bytes_s, waiting, waiting_bytes;
        int64_t total;
    } raw;
    struct snap_station dwh, marts;
    const char *bottleneck; /* NULL: none */
    struct snap_server primary;
    double longest_transaction_s;
    const char *lsn;
    struct snap_server standby;
    double standby_lag_bytes, standby_lag_s;
    const char *standby_lsn;
    struct snap_server kafka;
    struct snap_server warehouse;
    struct snap_slot *slots;
    size_t slot_count;
    struct snap_connector *connectors;
    size_t connector_count;
    struct snap_topic *topics;
    size_t topic_count;
    struct snap_dag *dags;
    size_t dag_count;
    struct snap_fresh *fresh;
    size_t fresh_count;
    struct snap_eta *etas;
    size_t eta_count;
    struct snap_alert *alerts; /* the oldest first */
    size_t alert_count;

    struct arena *arena;
};

/* ERR_PROTOCOL when it is not even an object. */
/* Of the text of a status, which may be large: without a tree of all of it. */
enum err snapshot_from_text(const char *text, size_t n, struct snapshot **out,
                            struct errbuf *e) MUST_CHECK;
enum err snapshot_from_json(const json_t *json, struct snapshot **out, struct errbuf *e) MUST_CHECK;
void snapshot_free(struct snapshot *s); /* NULL is fine */

/* The keys of both kinds begin differently: a table may be called as an alert. */
const struct snap_fresh *snapshot_fresh(const struct snapshot *s, const char *key);
const struct snap_alert *snapshot_alert(const struct snapshot *s, const char *key);

const struct snap_connector *snapshot_connector(const struct snapshot *s, const char *name);
const struct snap_topic *snapshot_topic(const struct snapshot *s, const char *name);
const struct snap_dag *snapshot_dag(const struct snapshot *s, const char *name);

/* ---- what the views ask besides ---- */

struct event {
    int64_t id;
    char key[24]; /* id as text */
    int64_t ts_us;
    char *level; /* "info", .. */
    char *area;
    char *who;
    char *object; /* NULL: none */
    char *text;
};

enum {
    EVENTS_PAGE = 1000,  /* are asked at once */
    EVENTS_KEPT = 12000, /* more than the engine keeps */
};

/* The newest of them without a gap, oldest first. */
struct event_list {
    struct event *events;
    size_t n, cap;
    int64_t last_id; /* 0: none yet */
    bool whole;      /* the engine has no older ones */
};

/* Adds the answer of events.list for those after last_id; *added says how many were new. A full
 * page that does not follow on what is there takes its place. */
enum err event_list_add(struct event_list *l, const json_t *answer, size_t *added,
                        struct errbuf *e) MUST_CHECK;
/* Adds the answer for those before the oldest one. */
enum err event_list_add_older(struct event_list *l, const json_t *answer,
                              struct errbuf *e) MUST_CHECK;
void event_list_free(struct event_list *l);
const struct event *event_list_find(const struct event_list *l, const char *key);

/* connector.show's `config` as name = value lines, in the order given. */
struct connector_config {
    char *connector; /* whose it is */
    size_t n;
    char **names;
    char **values;
};
enum err connector_config_from_json(const json_t *answer, struct connector_config *out,
                                    struct errbuf *e) MUST_CHECK;
void connector_config_free(struct connector_config *c);

#endif
