/*
 * What the files that read DAGs share. Not for others: dag.h is the module's face.
 *
 * A DAG is read in two steps: the drafts take what each file says (keys and values, with their
 * lines), then the set is checked as a whole and the drafts become what dag.h shows.
 */
#ifndef SCHEDULE_DAG_READ_H
#define SCHEDULE_DAG_READ_H

#include "backend/base/yaml.h"
#include "backend/schedule/dag.h"

/* ---- keys ---- */

enum dag_scope { DAG_KEY_DAG, DAG_KEY_TASK, DAG_KEY_PARAM, DAG_KEY_TRIGGER, DAG_SCOPES };

enum dag_key_type {
    DAG_KEY_TEXT,     /* const char * */
    DAG_KEY_BOOL,     /* bool */
    DAG_KEY_INT,      /* int, min..max */
    DAG_KEY_DURATION, /* int64_t, milliseconds */
    DAG_KEY_FRACTION, /* double, 0..1 */
    DAG_KEY_LIST,     /* const char *const *, NULL-terminated */
    DAG_KEY_NAMES,    /* the same; `all` is NULL */
    DAG_KEY_NODE,     /* const struct yaml *: read by a function of its own */
};

enum { DAG_EVERY_KIND = -1 };

struct dag_key {
    const char *name;
    enum dag_scope scope;
    int kinds; /* of a task: bits of enum dag_task_kind, or DAG_EVERY_KIND */
    enum dag_key_type type;
    int64_t offset; /* in the draft of its scope */
    int64_t min;
    int64_t max;
    const char *def;   /* as text; NULL: none */
    const char *takes; /* DAG_KEY_NODE: what it takes, in words */
    const char *help;
};
const struct dag_key *dag_keys(int *n);

struct dag_variable {
    const char *name;
    const char *help;
};
const struct dag_variable *dag_variables(int *n);

/* ---- drafts ---- */

struct dag_task_draft {
    struct dag_task task;
    const struct yaml *node; /* the whole of it */
    const struct yaml *kind, *after, *params;
    const char *pool;
    const char *const *entities, *const *tests, *const *tables;
};

struct dag_trigger_draft {
    const struct yaml *dags;
    const char *const *on_change;
    int64_t min_interval_ms;
};

struct dag_param_draft {
    const char *type;
    const char *description;
    const struct yaml *def;
    const struct yaml *allowed;
};

struct dag_draft {
    struct dag dag;
    const char *file;
    const struct yaml *root; /* for the lines of keys */
    const struct yaml *name, *tasks, *params, *schedule, *start, *trigger_on;
    struct dag_task_draft defaults; /* of its tasks */
    struct dag_task_draft *task;    /* dag.n_tasks, as in the file */
    struct dag_trigger_draft trigger;
    const struct yaml *trigger_list; /* names of DAGs; NULL: none */
};

struct dag_reader {
    struct arena *arena;
    struct faults *faults;
    const char *file;
};

/* Reads all keys of a map that belong to the scope into `draft`, which has the defaults already;
 * the rest are faults. kind: of the task, DAG_EVERY_KIND elsewhere. */
void dag_read_keys(struct dag_reader *r, const struct yaml *map, enum dag_scope scope, int kind,
                   void *draft);
void dag_key_defaults(struct dag_reader *r, enum dag_scope scope, void *draft);

/* One file's tree into a draft; what is wrong with it becomes faults. stem: its name without folder
 * and ending, the DAG's name where it says none. */
void dag_read_file(struct dag_reader *r, const struct yaml *root, const char *stem,
                   struct dag_draft *d);

/* A list of texts from a list or one text. NULL after a fault. */
const char *const *dag_read_list(struct dag_reader *r, const struct yaml *node, const char *what);

/* Where a key of a map stands; the map's own line where it has none. */
int dag_line_of(const struct yaml *map, const char *key);

/* Letters, digits, _ - . and short enough. */
bool dag_is_name(const char *text);

/* ---- values ---- */

bool dag_read_bool(const char *text, bool *out);
bool dag_read_integer(const char *text, int64_t *out);
bool dag_read_duration(const char *text, int64_t *ms);
/* A date, or a date and a time, in the zone unless it says its offset. */
bool dag_read_time(const char *text, const struct zone *z, int64_t *us);

/* Are the {{ .. }} of a text known? */
enum err dag_check_text(const char *text, const struct dag *d, struct errbuf *e) MUST_CHECK;
/* A value in its type's one form, from the arena. ERR_USAGE in words. */
enum err dag_check_value(const struct dag_param *p, const char *text, const struct zone *z,
                         struct arena *a, const char **out, struct errbuf *e) MUST_CHECK;

#endif
