/*
 * What the pane of DAGs knows: answers of dag.list and dag.runs as structs, and how the states of
 * runs and tasks look. Read leniently, as views/snapshot.h.
 *
 * Ownership: a dag_list borrows from the answer that it keeps; a run_list owns its texts. Thread
 * rule: one thread at a time.
 */
#ifndef VIEWS_DAG_DATA_H
#define VIEWS_DAG_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

/* ---- states: of runs and of tasks ---- */

const char *dag_state_sign(const char *state, bool ascii); /* one column; never colour alone */
uint16_t dag_state_style(const char *state);
bool dag_state_over(const char *state);  /* nothing more happens by itself */
bool dag_state_fault(const char *state); /* "clear failed" runs it again */

/* A moment's state of a run whose times are known: past_us 0 is now. NULL: it was not yet made. */
const char *dag_state_at(const char *state, int64_t created_us, int64_t started_us,
                         int64_t ended_us, int64_t past_us);

/* Seconds from begin to end, or to now while it runs; NAN: it has not begun. */
double dag_took_s(int64_t started_us, int64_t ended_us, int64_t now_us);

/* "28 s", "4 m", "24 h", "now" */
char *dag_until(int64_t at_us, int64_t now_us, char *out, size_t n);

/* ---- dag.list ---- */

struct dag_mark { /* a run as a sign */
    int64_t id;
    const char *state;
    int64_t created_us, started_us, ended_us;
};

struct dag_row {
    const char *name, *description, *schedule, *words, *trouble;
    bool paused;
    int64_t next_us, queued, active, running_tasks;
    int64_t last_run; /* UNKNOWN_INT: none yet */
    const char *last_state, *last_reason;
    int64_t last_started_us, last_ended_us;
    const struct dag_mark *marks; /* the newest first; NULL: they were not told */
    size_t n_marks;
};

struct dag_list {
    json_t *answer;
    struct dag_row *rows;
    size_t n;
    struct dag_mark *marks;
};

/* False without memory: then it is as before. */
bool dag_list_take(struct dag_list *l, const json_t *answer);
void dag_list_free(struct dag_list *l);
const struct dag_row *dag_list_find(const struct dag_list *l, const char *name);

/* ---- dag.runs of one DAG ---- */

struct dag_run {
    int64_t id;
    char key[24]; /* id as text */
    char state[12];
    char kind[12];
    char date[16]; /* the business date */
    int64_t created_us, started_us, ended_us, rows;
    char *who;
    char *reason;
    char *tasks; /* a code a task, in the list's order of names */
    size_t n_tasks;
};

struct run_list {
    struct dag_run *items; /* the newest first */
    size_t n, cap;
    char **names; /* of tasks, in the DAG's order */
    size_t n_names;
    bool whole; /* there is nothing older */
};

/* Adds a page, or brings what is known up to date; false without memory. */
bool run_list_take(struct run_list *l, const json_t *answer);
void run_list_free(struct run_list *l);
const struct dag_run *run_list_find(const struct run_list *l, int64_t id);
/* The state of a task in a run; "" when it has none there. */
const char *run_task_state(const struct dag_run *r, size_t task);

#endif
