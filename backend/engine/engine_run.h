/* What engine.c, status.c and actions.c share. Not for others. */
#ifndef ENGINE_ENGINE_RUN_H
#define ENGINE_ENGINE_RUN_H

#include <pthread.h>

#include "backend/engine/engine.h"
#include "backend/engine/engine_connector.h"
#include "backend/engine/probes.h"

struct engine_store;

struct engine {
    const struct config *config;
    int lock_fd;
    struct engine_store *store;
    struct probes *probes;
    const char **slots;    /* names of the sources' slots, NULL-terminated */
    int64_t started_us;    /* monotonic */
    pthread_mutex_t mutex; /* guards the list and the samples */
    int n_connectors;
    struct engine_connector **connectors;
    /* samples for rates that no connector owns */
    int64_t sampled_us;
    uint64_t sampled_wal;
    double wal_bytes_s;
    int64_t sampled_waiting;
    double waiting_growth;
    int64_t cpu_sampled_us, cpu_used_us;
    double cpu_percent;
};

enum err engine_add(struct engine *g, struct connector *config, struct engine_connector **out,
                    struct errbuf *e) MUST_CHECK;
/* actions.c: the connectors of the store, and starting one as the store says (paused and stopped
 * ones stay so). */
enum err engine_load_stored(struct engine *g, struct errbuf *e) MUST_CHECK;
void engine_start_connector(struct engine *g, struct engine_connector *c);

/* ---- engine_store.c: what survives a restart ---- */
enum err engine_store_open(struct engine *g, struct errbuf *e) MUST_CHECK;
void engine_store_close(struct engine *g);
/* RUNNING, PAUSED, STOPPED, DELETED as last asked for; ERR_NOT_FOUND: nothing was. */
enum err engine_store_state(struct engine *g, const char *name, char *out, size_t n,
                            struct errbuf *e) MUST_CHECK;
enum err engine_store_set_state(struct engine *g, const char *name, const char *state,
                                struct errbuf *e) MUST_CHECK;
enum err engine_store_put(struct engine *g, const char *name, const char *config, const char *state,
                          struct errbuf *e) MUST_CHECK;
enum err engine_store_delete(struct engine *g, const char *name, struct errbuf *e) MUST_CHECK;

struct engine_connector *engine_find(struct engine *g, const char *name);
/* A connector as status shows it; a new reference. */
json_t *engine_connector_json(struct engine *g, struct engine_connector *c,
                              const struct probe_view *v);
#endif
