/* What status.c and status_way.c share: making the snapshot. Not for others. The engine's mutex is
 * held in all of it. */
#ifndef ENGINE_STATUS_RUN_H
#define ENGINE_STATUS_RUN_H

#include <jansson.h>

#include "backend/engine/engine_run.h"
#include "backend/schedule/scheduler.h"

/* The strip from the source to raw. */
struct strip {
    double capture_rate, raw_rate, raw_bytes_rate; /* NAN: not known */
    int64_t captured, loaded;
    int64_t capture_ms, raw_ms; /* -1: nothing has come */
    int64_t retained;
    int64_t unread;           /* WAL that the slowest slot has not confirmed; -1: not known */
    int64_t held, held_bytes; /* read by the sinks, in no commit yet; -1: there is no sink */
    bool behind;
    int64_t waiting; /* -1: not known */
};

/* And what lies behind raw. */
struct way {
    struct engine *g;
    const struct probe_view *v;
    const struct strip *strip;
    int64_t now_us;
    struct scheduler_dags dags; /* n 0: none runs */
    struct freshness_dwh dwh;
    json_t *freshness, *eta;
    int n_marts;
    int64_t mart_behind_us; /* the worst; -1: of none it is known */
    int64_t mart_next_us;   /* the soonest; 0: none */
    int64_t late_us;        /* of the mart that is late the most; 0: none is */
    char late[256];         /* which */
    int64_t topics_lag_us;  /* of the oldest record that waits; -1: not known */
    double full_s;          /* the soonest that a topic loses unread records; NAN: none */
};

json_t *status_text_or_null(const char *s);
json_t *status_int_or_null(int64_t v); /* -1 is null */
json_t *status_real_or_null(double v); /* NAN is null */
/* Records between what a sink has read and the topic's end; -1: no sink reads it, or the end is not
 * known. */
int64_t status_topic_lag(const struct engine *g, const struct probe_topic *t);

/* Which reads that topic, or did before it was paused; NULL. */
const struct engine_connector *status_sink_of(const struct engine *g, const struct probe_view *v,
                                              const char *topic);

/* The mean record of what the sinks have loaded, times so many; -1: not known. */
int64_t status_bytes_of(const struct engine *g, int64_t records);
void status_strip(struct engine *g, const struct probe_view *v, struct strip *out);
json_t *status_pipeline(const struct way *w);

/* ---- status_way.c ---- */
/* After a round of the probes: what grows. */
void way_sample(struct engine *g, const struct probe_view *v);
/* lists: with all tables one by one; without: with those that verify found to differ. */
void way_look(struct way *w, bool lists);
void way_free(struct way *w);
json_t *way_dwh(const struct way *w);
json_t *way_marts(const struct way *w);
/* The first station that holds the others up, in words; null when none does. */
json_t *way_bottleneck(const struct way *w);

#endif
