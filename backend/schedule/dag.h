/*
 * A DAG as its YAML file declares it: tasks, their order, when it runs, what starts it.
 *
 * A struct dag_set is everything that one configuration declares. It is checked as a whole when it
 * is loaded (names, cycles within and between DAGs, cron texts, SQL files, pools), so whoever reads
 * the structs needs no checks: indices are valid, tasks stand in an order in which they could run,
 * texts of SQL files are at hand, defaults are filled in.
 *
 * Ownership: everything that a struct here points to lives in the set's arena, until dag_set_free.
 * Immutable once loaded. Thread rule: any thread may read it, all at once.
 * Units: times are microseconds since 1970 UTC (`_us`), durations milliseconds (`_ms`).
 */
#ifndef SCHEDULE_DAG_H
#define SCHEDULE_DAG_H

#include <stdint.h>

#include "backend/base/arena.h"
#include "backend/base/buf.h"
#include "backend/base/faults.h"

struct cron; /* cron.h */
struct zone; /* zone.h */

enum {
    DAG_NAME_MAX = 100, /* of DAGs, tasks, params, pools: letters, digits, _ - . */
    DAG_TASKS_MAX = 1000,
};

enum dag_task_kind { DAG_MODEL, DAG_SQL, DAG_TEST, DAG_VERIFY, DAG_SHELL, DAG_TASK_KINDS };

/* "model", "sql", "test", "verify", "shell". */
const char *dag_task_kind_word(enum dag_task_kind kind);

/* A name that an SQL file binds (:name), and the text that gives its value, with {{ .. }} in it
 * (dag_expand). */
struct dag_binding {
    const char *name;
    const char *value;
};

struct dag_task {
    const char *name;
    enum dag_task_kind kind;
    int line; /* in its file */

    /* Indices into the DAG's tasks: what must have succeeded before, and what waits for this one.
     * Each `after` is less than the task's own index. */
    const int *after;
    int n_after;
    const int *before;
    int n_before;

    /* model: entities to load; NULL: all. test: names of tests; NULL: all. verify: tables; NULL:
     * all. NULL-terminated. */
    const char *const *names;
    /* sql: as the file says it, and what is in it */
    const char *file;
    const char *sql;
    const struct dag_binding *bindings;
    int n_bindings;
    /* shell: for /bin/sh -c, with {{ .. }} */
    const char *command;

    int retries; /* tries after the first one */
    int64_t retry_delay_ms;
    int64_t retry_delay_max_ms; /* it doubles with each retry, up to this */
    double retry_jitter;        /* 0.2: each delay is made longer or shorter by up to 20 % */
    int64_t timeout_ms;         /* of one try; 0: none */
    int pool;                   /* index into the set's pools */
};

enum dag_param_type {
    DAG_STRING,
    DAG_INTEGER,
    DAG_NUMBER,
    DAG_BOOLEAN,
    DAG_DATE,
    DAG_TIMESTAMP,
    DAG_PARAM_TYPES
};

const char *dag_param_type_word(enum dag_param_type type);

struct dag_param {
    const char *name;
    enum dag_param_type type;
    const char *description;    /* "" without one */
    const char *def;            /* may hold {{ .. }}; NULL: must be given by whoever triggers */
    const char *const *allowed; /* NULL: any value of its type */
};

struct dag {
    const char *name;
    const char *description; /* "" without one */
    const char *file;        /* for messages */
    const char *const *tags; /* NULL-terminated, never NULL */

    const struct dag_task *tasks; /* in an order in which each stands behind its `after` */
    int n_tasks;
    const struct dag_param *params;
    int n_params;

    const struct cron *cron; /* NULL: no schedule, only triggers */
    const char *schedule;    /* as written: "5 12 * * *", "@daily"; NULL */
    const struct zone *zone; /* never NULL */
    const char *zone_name;
    int64_t start_us;     /* no data interval begins before; INT64_MIN: not given */
    bool catchup;         /* fires that were missed are made up for; else only the newest one */
    bool paused_at_start; /* the state of a DAG that the store has never seen */
    int max_active_runs;
    int concurrency;    /* its tasks side by side, over all its runs; 0: no limit but the pools */
    int64_t timeout_ms; /* of a run; 0: none */

    /* Runs after a run of one of these has succeeded (indices into the set). */
    const int *trigger_dags;
    int n_trigger_dags;
    /* Runs when one of these raw tables or entities has got new rows; "all": any. NULL: none. */
    const char *const *on_change;
    int trigger_line;        /* where its file says trigger_on */
    int64_t min_interval_ms; /* both kinds: not sooner than this after the start of its last run */
};

struct dag_pool {
    const char *name;
    int slots;
};

enum { DAG_POOL_DEFAULT = 0 }; /* its index */

struct dag_set {
    const struct dag *const *dags; /* by name */
    int n;
    const struct dag_pool *pools; /* the first is "default" */
    int n_pools;
    struct arena *arena;
};

/* ---- reading ---- */

/* One DAG's YAML. SQL files are looked for in the folder of `file`, then among the program's own
 * queries. */
struct dag_text {
    const char
        *file; /* for messages too; its name without .yaml is the DAG's, unless it says one */
    const char *text;
    size_t n;
};

/*
 * All DAGs of a configuration. pools: beside "default", which is there with DAG_POOL_SLOTS unless
 * it is given. ERR_CONFIG: every fault is in `faults`, each with file:line, and nothing is
 * returned.
 */
enum { DAG_POOL_SLOTS = 8, DAG_FILE_MAX = 1 << 20 };
enum err dag_set_parse(const struct dag_text *texts, int n, const struct dag_pool *pools,
                       int n_pools, struct dag_set **out, struct faults *faults,
                       struct errbuf *e) MUST_CHECK;
void dag_set_free(struct dag_set *set); /* NULL is fine */

/* The keys of a DAG's file as Markdown, for the docs. */
void dag_keys_reference(struct buf *out);

/* NULL when there is none of that name. */
const struct dag *dag_find(const struct dag_set *set, const char *name);
int dag_index(const struct dag_set *set, const char *name); /* -1 */
const struct dag_task *dag_task_find(const struct dag *d, const char *name);

/* ---- when ---- */

/* The first fire after, the last fire at or before `at_us`; INT64_MAX, INT64_MIN: there is none. A
 * DAG without a schedule has none. */
int64_t dag_next_fire(const struct dag *d, int64_t after_us);
int64_t dag_last_fire(const struct dag *d, int64_t at_us);

/*
 * The span of data that a run is about. A run that fires at F by its schedule covers
 * [fire before F, F), and F's run has the logical time of that span's begin, as in Airflow. A run
 * that is triggered at a moment covers the last whole span before it; without a schedule it is
 * empty: begin and end are that moment.
 */
struct dag_interval {
    int64_t begin_us;
    int64_t end_us;
};
struct dag_interval dag_interval_of_fire(const struct dag *d, int64_t fire_us);
struct dag_interval dag_interval_of_trigger(const struct dag *d, int64_t at_us);

/* The local date of begin_us in the DAG's zone, "2026-11-28": the run's business date. */
enum { DAG_DATE_MAX = 16 };
char *dag_business_date(const struct dag *d, int64_t begin_us, char out[DAG_DATE_MAX]);

/* A local date (days since 1970-01-01) and a time of it to microseconds UTC, in the DAG's zone. */
int64_t dag_local_time(const struct dag *d, int64_t local_days, int seconds);

/* "2026-11-28 13:05 CET", as the clock on the wall of the DAG's zone shows it. */
enum { DAG_CLOCK_MAX = 48 };
char *dag_wall_clock(const struct dag *d, int64_t at_us, char out[DAG_CLOCK_MAX]);

/* The schedule in words, with the zone: "at 12:05 every day UTC, after dwh". */
void dag_describe_schedule(const struct dag_set *set, const struct dag *d, struct buf *out);

/* ---- values of a run ---- */

/* One value of a param, as text in its type's one form (true, 42, 2026-11-28). */
struct dag_value {
    const char *name;
    const char *value;
};

struct dag_context {
    const struct dag *dag;
    struct dag_interval interval;
    int64_t logical_us;
    const char *run;                /* the run's id as text */
    int attempt;                    /* of the task, from 1 */
    const struct dag_value *params; /* all of the DAG's, in its order */
    int n_params;
};

/*
 * The params of a run: what was given, checked against type and `allowed`, else the default with
 * its {{ .. }} filled in from `at` (whose params are not looked at). Out: n_params values in the
 * DAG's order, from the arena. ERR_USAGE in words: unknown param, wrong type, not allowed, missing.
 */
enum err dag_params(const struct dag_context *at, const struct dag_value *given, int n_given,
                    struct arena *a, const struct dag_value **out, struct errbuf *e) MUST_CHECK;

/*
 * Replaces {{ business_date }}, {{ interval_begin }}, {{ interval_end }}, {{ logical_time }},
 * {{ dag }}, {{ run }}, {{ try }} and {{ params.NAME }} in a text. Times are
 * 2026-11-28T12:05:00Z.
 */
enum err dag_expand(const char *text, const struct dag_context *at, struct buf *out,
                    struct errbuf *e) MUST_CHECK;

#endif
