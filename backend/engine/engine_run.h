/* What engine.c, status.c and actions.c share. Not for others. */
#ifndef ENGINE_ENGINE_RUN_H
#define ENGINE_ENGINE_RUN_H

#include <pthread.h>
#include <stdatomic.h>

#include "backend/base/stop.h"
#include "backend/engine/alerts.h"
#include "backend/engine/dashboard_service.h"
#include "backend/engine/engine.h"
#include "backend/engine/engine_connector.h"
#include "backend/engine/freshness.h"
#include "backend/engine/probes.h"
#include "backend/engine/source_look.h"
#include "backend/engine/topic_service.h"
#include "backend/schedule/dag.h"
#include "backend/state/store.h"

/* By the slot's place among the probes' slots. */
struct slot_growth {
    char name[64];
    struct growth retained;
};

struct engine {
    const struct config *config;
    int lock_fd;
    struct store *store;
    int n_from_files; /* names that files (or the built-in ones) gave at the start */
    char **from_files;
    struct probes *probes;
    struct freshness *freshness;
    struct alerts *alerts;
    struct recorder *recorder;
    struct engine_watch *watch;     /* NULL: not started */
    struct engine_answers *answers; /* NULL: not started */
    int64_t started_us;             /* monotonic */
    pthread_mutex_t mutex;  /* guards the list and the samples; never held while a run ends */
    pthread_cond_t changed; /* of the three below */
    bool changing;          /* an apply or a delete has the list; one at a time */
    bool stopping;          /* requests change nothing any more */
    bool abandoned;         /* nor does anybody wait for a run's end: the list stays as it is */
    int n_connectors;       /* sources first, then by name */
    struct engine_connector **connectors;
    _Atomic int n_sinks;     /* of them */
    struct dag_set *dags;    /* set with the engine, may be empty */
    struct refresh *refresh; /* what their tasks do in the warehouse */
    struct dashboard_service *dashboards;
    struct topic_service *topics;
    struct source_look *source_look;
    struct stop look_stop; /* of those who wait for servers to answer an operator */
    bool *dag_failed;      /* each one's last run did; the scheduler's dispatcher's alone */
    struct scheduler *_Atomic scheduler;
    char **schedule_environment;    /* of shell tasks: the configuration's path */
    char *_Atomic schedule_trouble; /* why there is none; NULL */
    /* samples for rates that no connector owns; NAN, waiting -1: not known yet */
    int64_t sampled_us;
    uint64_t sampled_wal;
    double wal_bytes_s;
    int64_t sampled_waiting;
    double waiting_growth;
    struct slot_growth slot_growth[PROBE_SLOTS_MAX];
    int64_t loads_sampled_us, sampled_dwh, sampled_marts;
    double dwh_rate, mart_rate;
    int64_t cpu_sampled_us, cpu_used_us;
    double cpu_percent;
};

/* ---- engine.c: the list; the mutex is held (at the start nobody else is there) ---- */
struct engine_connector *engine_find(struct engine *g, const char *name);
enum err engine_add(struct engine *g, struct connector *config, struct engine_connector **out,
                    struct errbuf *e) MUST_CHECK;
/* Out of the list, to be destroyed. */
void engine_take(struct engine *g, const struct engine_connector *c);
/* Would it share with another connector what only one can have (slot, topic prefix)? One of the
 * same name does not count: it is replaced. */
enum err engine_check_conflict(const struct engine *g, const struct connector *k,
                               struct errbuf *e) MUST_CHECK;
/* Tells the probes which servers and slots there are now. */
enum err engine_aim_probes(struct engine *g, struct errbuf *e) MUST_CHECK;

/* actions.c: starts one as the store says (paused and stopped ones stay so). */
enum err engine_start_connector(struct engine *g, struct engine_connector *c,
                                struct errbuf *e) MUST_CHECK;

/* ---- engine_store.c: what survives a restart ---- */
enum err engine_store_open(struct engine *g, struct errbuf *e) MUST_CHECK;
void engine_store_close(struct engine *g);
/* Lays the stored connectors over the configuration's, with log lines and events. */
enum err engine_lay_over(struct engine *g, struct connector_list *l, struct errbuf *e) MUST_CHECK;
/* As last asked for; RUNNING where nothing was. */
enum err engine_store_state(struct engine *g, const char *name, enum store_state *out,
                            struct errbuf *e) MUST_CHECK;
bool engine_from_file(const struct engine *g, const char *name);

/* The status as the engine itself looks at it: the probes do not ask more often for that. Lists of
 * very many connectors or topics are left out (`trimmed`). */
json_t *engine_status_peek(struct engine *g);
/* A connector as status shows it; a new reference. */
json_t *engine_connector_json(struct engine_connector *c, const struct probe_view *v);
#endif
