/*
 * The engine: connectors as supervised tasks, what is known of them, and what an operator may ask.
 *
 * It owns every connection. One engine a state directory: a lock file says so, and a second one is
 * told the first one's pid. Connectors come from the configuration's files and from the store
 * (those applied at run time; the store's word of paused and stopped ones survives a restart).
 * Thread rule: engine_create/start/stop/destroy on one thread; the rest from any.
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "backend/base/err.h"
#include "backend/engine/config.h"
#include "backend/engine/verify.h"

struct engine;

/* The configuration stays the caller's, and outlives the engine. ERR_STATE: another engine has the
 * state directory. */
enum err engine_create(const struct config *c, struct engine **out, struct errbuf *e) MUST_CHECK;
enum err engine_start(struct engine *g, struct errbuf *e) MUST_CHECK;
/* Runs the configuration's DAGs from now on; asked_only: nothing begins by itself, only what is
 * triggered (for batch). Nothing happens where there are no DAGs. */
enum err engine_start_schedule(struct engine *g, bool asked_only, struct errbuf *e) MUST_CHECK;
/* From now on servers are asked now and then, for the recorder (recorder.answers_s). */
enum err engine_start_answers(struct engine *g, struct errbuf *e) MUST_CHECK;
/* Lets every run flush and end, up to stop_timeout_s in all; ERR_TIMEOUT names who did not. */
enum err engine_stop(struct engine *g, struct errbuf *e) MUST_CHECK;
void engine_destroy(struct engine *g);
/* The pid of the engine or batch that has the state directory; 0: none. */
pid_t engine_lock_holder(const char *state_dir);

/* The snapshot of docs/control.md; a new reference. */
json_t *engine_status(struct engine *g);

/* Connector actions by word: pause, resume, stop, restart, delete. who: for the audit record. */
enum err engine_connector_act(struct engine *g, const char *name, const char *action,
                              const char *who, json_t **result, struct errbuf *e) MUST_CHECK;
/* Restarts every connector that has FAILED: {"restarted":["..",..]}, a record for each. */
enum err engine_connector_restart_failed(struct engine *g, const char *who, json_t **result,
                                         struct errbuf *e) MUST_CHECK;
/* A value that is the mask which connector_show gave for it stays as it is. */
enum err engine_connector_apply(struct engine *g, const char *name, const json_t *config,
                                const char *who, json_t **result, struct errbuf *e) MUST_CHECK;
enum err engine_connector_show(struct engine *g, const char *name, json_t **result,
                               struct errbuf *e) MUST_CHECK;
enum err engine_connector_offsets(struct engine *g, const char *name, json_t **result,
                                  struct errbuf *e) MUST_CHECK;
enum err engine_events(struct engine *g, int64_t after, int64_t before, int limit, json_t **result,
                       struct errbuf *e) MUST_CHECK;

/* What is wrong now (alerts.h), and what was (recorder.h). */
enum err engine_alerts(struct engine *g, json_t **result, struct errbuf *e) MUST_CHECK;
enum err engine_alert_acknowledge(struct engine *g, const char *name, const char *who,
                                  json_t **result, struct errbuf *e) MUST_CHECK;
enum err engine_recorder_at(struct engine *g, const json_t *params, json_t **result,
                            struct errbuf *e) MUST_CHECK;
enum err engine_recorder_series(struct engine *g, const json_t *params, json_t **result,
                                struct errbuf *e) MUST_CHECK;
enum err engine_recorder_objects(struct engine *g, const json_t *params, json_t **result,
                                 struct errbuf *e) MUST_CHECK;
enum err engine_recorder_answer(struct engine *g, const json_t *params, json_t **result,
                                struct errbuf *e) MUST_CHECK;
enum err engine_recorder_range(struct engine *g, const json_t *params, json_t **result,
                               struct errbuf *e) MUST_CHECK;

/* A line of the event list (also into the log where it is a warning or worse). */
void engine_note(struct engine *g, const char *level, const char *area, const char *who,
                 const char *object, const char *text);

/* ERR_STATE (ERR_CONFIG) with its words when a connector has FAILED, or would be tried again for
 * ever though no server is away. */
enum err engine_failed(struct engine *g, struct errbuf *e) MUST_CHECK;
/* Before the start: ERR_STATE names the connectors that are paused or stopped, as was asked for
 * last, so that what is theirs would not move. With `resume` they run from now on instead. */
enum err engine_check_paused(struct engine *g, bool resume, const char *who,
                             struct errbuf *e) MUST_CHECK;
/* Why nothing moves, in words: always an error. */
enum err engine_stalled(struct engine *g, struct errbuf *e) MUST_CHECK;
/* Row changes published by sources and loaded by sinks since the start. */
void engine_totals(struct engine *g, int64_t *captured, int64_t *loaded, int64_t *dead_letters);

/* verify against the configuration and what its engine's store says: no engine is needed in this
 * process. `only`: table names,
 * NULL-terminated, or NULL. */
struct verify_hooks {
    bool (*canceled)(void *arg);
    void (*progress)(void *arg, const char *what);
    /* these two as in verify_options; may be NULL */
    enum err (*arrived)(void *arg, struct errbuf *e);
    void (*state_of)(void *arg, const char *connector, struct buf *out);
    bool raw_only; /* leave the model out */
    void *arg;
};
enum err engine_verify(const struct config *c, const char *const *only, int64_t timeout_us,
                       const struct verify_hooks *hooks, struct verify_report *out,
                       struct errbuf *e) MUST_CHECK;

#endif
