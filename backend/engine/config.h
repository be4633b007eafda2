/*
 * The configuration: one YAML file, checked against one table (config_schema.c), as a plain struct.
 *
 * Where it is looked for: --config, else $FLIGHTDECK_CONFIG, ./flightdeck.yaml,
 * $XDG_CONFIG_HOME/flightdeck/flightdeck.yaml (~/.config), /etc/flightdeck/flightdeck.yaml.
 * Relative paths in it start at its folder. ${NAME} and ${file:PATH} are replaced in every value
 * (backend/base/interpolate.h).
 *
 * Ownership: everything a struct config points to is its own, until config_free. Immutable once
 * loaded, so any thread may read it. It holds secrets: show it with config_show only.
 */
#ifndef ENGINE_CONFIG_H
#define ENGINE_CONFIG_H

#include <stdint.h>

#include "backend/base/arena.h"
#include "backend/base/buf.h"
#include "backend/base/faults.h"
#include "backend/base/log.h"
#include "backend/engine/alerts.h"
#include "backend/engine/keys.h"

enum environment_kind {
    ENVIRONMENT_DEMO,
    ENVIRONMENT_DEVELOPMENT,
    ENVIRONMENT_STAGING,
    ENVIRONMENT_PRODUCTION,
};

enum config_role { ROLE_OPERATOR, ROLE_VIEWER };
enum config_dialect { DIALECT_POSTGRESQL, DIALECT_VERTICA };

struct config {
    const char *file;      /* absolute path of the file that was read */
    const char *directory; /* its folder */

    struct {
        const char *name;
        enum environment_kind kind;
    } environment;
    enum config_role role;
    const char *state_dir;
    struct {
        const char *socket;
    } control;
    struct {
        enum log_format format;
        enum log_level level;
        const char *file; /* NULL: standard error */
    } log;
    const char *const *variables; /* name, value, .., NULL */
    const char *const *kafka;     /* librdkafka properties: name, value, .., NULL */
    struct {
        const char *connection; /* libpq; NULL: only connectors name a source */
        const char *standby;    /* libpq; NULL: none */
        const char *topic_prefix;
        const char *slot;
        const char *publication;
        const char *const *tables; /* regular expressions for schema.table; empty: all */
    } source;
    struct {
        const char *odbc; /* NULL: none configured */
        enum config_dialect dialect;
        const char *schema;
    } warehouse;
    const char *model;             /* model.yaml of the warehouse's dwh; NULL: none */
    const char *const *marts;      /* folders and files of marts; empty: none */
    const char *const *dashboards; /* folders and files of dashboards; empty: none */
    const char *const *tests;      /* folders and files of data tests; empty: none */
    const char *const *dags;       /* folders and files of DAGs; empty: built in */
    const char *const *pools;      /* name, slots, .., NULL */
    const char *const *connectors; /* folders and files of Kafka Connect JSON; empty: built in */
    struct {                       /* the dialect's defaults are filled in */
        int64_t batch_rows;
        int64_t batch_bytes;
        int64_t batch_ms;
        int64_t statement_timeout_s;
    } load;
    struct {
        int64_t commit_rows;
        int64_t commit_bytes;
        int64_t commit_ms;
        int64_t snapshot_threads;
    } capture;
    int64_t stop_timeout_s;
    struct {
        int64_t budget; /* restarts in a row before a task fails; 0: without end */
        int64_t backoff_ms;
        int64_t backoff_max_ms;
    } restart;

    struct alert_limits alerts;
    struct {
        int64_t size;      /* bytes; 0: nothing is recorded */
        int64_t answers_s; /* how often servers are asked by itself; 0: never */
    } recorder;

    struct arena *arena;
};

/* "postgresql", "vertica"; "demo", ..; "operator", "viewer". */
const char *config_dialect_word(const struct config *c);
const char *config_environment_word(const struct config *c);
/* People only look at what it is about, until they have elevated: role viewer, or production. */
bool config_looks_only(const struct config *c);
const char *config_role_word(const struct config *c);

/*
 * path NULL: the search order above. ERR_NOT_FOUND: no file in any of those places (the text lists
 * them). ERR_CONFIG: up to FAULTS_MAX faults, one a line, each file:line: what, why, what to do.
 */
enum err config_load(const char *path, struct config **out, struct errbuf *e) MUST_CHECK;

/* The same with the faults one by one; ERR_CONFIG when there are some (`e` has them as text too).
 */
enum err config_load_faults(const char *path, struct config **out, struct faults *faults,
                            struct errbuf *e) MUST_CHECK;

/* From text; `file` names it in messages and its folder is where relative paths start. */
enum err config_parse(const char *text, size_t n, const char *file, struct config **out,
                      struct faults *faults, struct errbuf *e) MUST_CHECK;
void config_free(struct config *c);

/* A path that the configuration names; a relative one starts at its folder. out has PATH_MAX bytes.
 * False (and ENAMETOOLONG): it is too long. */
bool config_path(const struct config *c, const char *name, char *out);

/* What a command needs: ERR_CONFIG names what is missing and how to give it. */
enum config_needs { NEEDS_SOURCE = 1, NEEDS_KAFKA = 2, NEEDS_WAREHOUSE = 4 };
enum err config_require(const struct config *c, int needs, struct errbuf *e) MUST_CHECK;

/* The whole configuration with its defaults; secrets masked. As YAML that could be loaded again,
 * or as JSON. */
void config_show(const struct config *c, bool json, struct buf *out);

/* The table itself, and the reference page that derives from it (Markdown). */
const struct key_spec *config_schema(int *n);
void config_reference(struct buf *out);

#endif
