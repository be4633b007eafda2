/*
 * How fresh tables, dwh and marts are: told by those who load them, read by the status. No server
 * is asked.
 *
 * Of a table: when raw got its newest rows and of which time in the source they are. Of dwh: since
 * when raw holds rows that it does not. Of a mart: when the run began that made it last (what
 * changed after that is not in it); runs of before this engine are read from the store.
 *
 * Ownership: what freshness_bind is given outlives it. Thread rule: freshness_create, _bind and
 * _destroy on one thread, the rest from any.
 */
#ifndef ENGINE_FRESHNESS_H
#define ENGINE_FRESHNESS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "backend/base/err.h"
#include "backend/engine/growth.h"
#include "backend/model/mart.h"
#include "backend/schedule/dag.h"
#include "backend/state/store_runs.h"

struct freshness;

struct freshness_check {
    int64_t at_us; /* 0: not looked at yet */
    bool ok;
};

struct freshness_table {
    char *topic;
    int64_t loaded_us;        /* when raw got its newest rows; 0: not known */
    int64_t newest_commit_us; /* of these in the source; 0: not known */
    int64_t latency_us;       /* from that commit until they were in raw */
    int64_t rows_today;       /* since midnight UTC */
    bool part_of_today;       /* others may have come today: how many it were is not known */
    bool told;                /* rows came while this engine ran */
    int64_t listed_us;        /* by the status of that time */
    int64_t reached_us;       /* when nothing waited last; 0: never seen */
    struct growth age;        /* of the oldest record that waits, in seconds */
    struct growth waiting;    /* records */
    struct freshness_check check;
};

struct freshness_mart {
    const struct mart *mart;
    int dag;          /* that makes it; -1: none */
    int64_t began_us; /* of the run that made it; 0: never */
    int64_t ended_us;
    int64_t rows_today;
    struct freshness_check check;
};

struct freshness_dwh {
    int dag; /* the first that loads the model; -1: none */
    int64_t began_us, ended_us;
    int64_t rows;       /* of the last load; -1: not known */
    int64_t total;      /* since the engine's start */
    int64_t mart_total; /* the same of marts */
    int64_t waiting;    /* rows of raw that it does not have; counts from where behind_us does */
    int64_t behind_us;  /* since when raw holds what it does not; 0: it holds all */
    bool known;         /* a load of this engine has been through: behind_us counts */
};

enum err freshness_create(struct freshness **out, struct errbuf *e) MUST_CHECK;
void freshness_destroy(struct freshness *f); /* NULL is fine */
/* Which marts there are and which DAGs make them; what the store knows of their last runs. */
enum err freshness_bind(struct freshness *f, const struct marts *m, const struct dag_set *dags,
                        struct store *s, struct errbuf *e) MUST_CHECK;

/* Goes on from the status that was recorded last, before a restart. Of a table that is not in it,
 * since it was trimmed or nothing is recorded (NULL), nobody knows what came earlier today. */
void freshness_restore(struct freshness *f, const json_t *status, int64_t now_us);

/* ---- telling; now_us: wall clock ---- */
void freshness_rows(struct freshness *f, const char *topic, int64_t rows, int64_t newest_commit_us,
                    int64_t now_us);
void freshness_model_begins(struct freshness *f, int64_t now_us);
/* whole: all entities were loaded, and without an error. */
void freshness_model_ends(struct freshness *f, bool whole, int64_t rows, int64_t now_us);
void freshness_mart_made(struct freshness *f, const char *mart, int64_t began_us, int64_t rows,
                         int64_t now_us);
/* name: a table as verify calls it (schema.table), or a mart. */
void freshness_checked(struct freshness *f, const char *name, bool ok, int64_t now_us);

/* ---- reading: under its lock; what is called must not call back ---- */
typedef void freshness_table_fn(void *arg, struct freshness_table *t);
typedef void freshness_mart_fn(void *arg, const struct freshness_mart *m);
/* Another day may have begun: what is of today counts anew. Before what follows. */
void freshness_turn_day(struct freshness *f, int64_t now_us);
/* The table of that topic is made when it is not there. */
void freshness_with(struct freshness *f, const char *topic, freshness_table_fn *fn, void *arg);
void freshness_tables(struct freshness *f, freshness_table_fn *fn, void *arg);
void freshness_marts(struct freshness *f, freshness_mart_fn *fn, void *arg);
void freshness_of_dwh(struct freshness *f, struct freshness_dwh *out);

#endif
