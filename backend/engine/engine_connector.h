/*
 * A connector that the engine runs: its configuration bound to a capture or a sink, supervised by a
 * task.
 *
 * Thread rule: created and destroyed under the engine's lock; figures and task may be read from any
 * thread.
 */
#ifndef ENGINE_ENGINE_CONNECTOR_H
#define ENGINE_ENGINE_CONNECTOR_H

#include "backend/base/stop.h"
#include "backend/engine/capture.h"
#include "backend/engine/connector_config.h"
#include "backend/engine/sink.h"
#include "backend/engine/task.h"

struct engine_connector;

/* Told of each change of state, without locks held. */
typedef void engine_connector_change_fn(void *arg, const struct engine_connector *c,
                                        enum task_state from, enum task_state to, const char *why);

enum leaving { STAYS, IS_REPLACED, IS_DELETED };

struct engine_connector {
    const char *name; /* of config */
    bool is_source;
    enum leaving leaving;     /* its run is told to end, and nothing may start it again */
    struct connector *config; /* owned */
    struct task *task;
    struct stop stop; /* of its run */
    struct figures figures;
    struct capture *capture;
    struct capture_options capture_options;
    struct sink *sink;
    struct sink_options sink_options;
    char *dead_letter_topic;
    const char **kafka; /* the engine's settings, then the connector's overrides */
    engine_connector_change_fn *on_change;
    /* a sink's; may be NULL; see sink.h */
    void (*on_rows)(void *arg, const struct sink_told *told);
    void *arg;
    _Atomic uint64_t told; /* why it tries again, as a hash: said once; 0: nothing yet */
    /* the status's: rates over the time between two looks */
    int64_t sampled_us;
    int64_t sampled_records;
    double rate; /* NAN: not known yet */
    int64_t sampled_bytes;
    double bytes_rate; /* the same */
};

/* Takes `config` over when it returns ERR_OK. Starts nothing. `c` and n_sinks (how many sinks there
 * are) outlive it. */
enum err engine_connector_create(const struct config *c, struct connector *config,
                                 const _Atomic int *n_sinks, engine_connector_change_fn *on_change,
                                 void *arg, struct engine_connector **out,
                                 struct errbuf *e) MUST_CHECK;
/* Stops it first: waits for its run to end. */
void engine_connector_destroy(struct engine_connector *c);

#endif
