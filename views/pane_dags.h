/* What the files of the pane of DAGs share. Not for others.
 *
 *   pane_dags.c         the list, what is asked and taken     pane_dags_dag.c   a DAG, its graph
 *   pane_dags_act.c     keys                                  pane_dags_run.c   a run, a log
 */
#ifndef VIEWS_PANE_DAGS_H
#define VIEWS_PANE_DAGS_H

#include "views/dag_data.h"
#include "views/dag_log.h"
#include "views/pane.h"

enum dags_level { LEVEL_DAG, LEVEL_RUN, LEVEL_TASK }; /* of an opened row */
enum dags_prompt { PROMPT_TRIGGER = 1, PROMPT_BACKFILL, PROMPT_SEARCH };
enum { DAG_WORDS_MAX = 128 };

struct dags_state {
    struct dag_list list;
    int64_t list_us; /* as of which moment its runs are; 0: of now */
    bool known;      /* an answer of dag.list came */
    char why[256];   /* why the newest answer was none; "" */
    json_t *show;    /* dag.show of the opened or selected DAG; NULL */
    json_t *run;     /* dag.run of the opened run, or of the selected DAG's newest; NULL */

    /* `run` as it was at the moment that is looked at: made of it, when one of them changes */
    json_t *then;
    json_t *then_of; /* `run`, as it was made; NULL: nothing was */
    int64_t then_us;

    /* an opened DAG */
    enum dags_level level;
    bool graph;
    struct run_list runs;
    int64_t runs_us; /* as of which moment they were asked; 0: now */
    struct table_state runs_table;
    bool wants_older;
    size_t skip; /* runs that were not yet there at the moment that is looked at */

    /* an opened run */
    int64_t run_id;
    struct table_state tasks_table;
    int bar_width; /* while it is drawn */

    /* an opened task */
    char task[TABLE_KEY_MAX];
    int64_t attempt; /* 0: the newest */
    struct dag_log log;
    int64_t log_try; /* whose lines these are */
    bool follow;
    char search[SCREEN_INPUT_MAX];
    size_t found; /* line; SIZE_MAX */

    /* a backfill that is being asked for: how many intervals are these days */
    char backfill_dag[TABLE_KEY_MAX]; /* "": none */
    char from[16], to[16];
};

static inline struct dags_state *dags_of(const struct screen *s)
{
    return PANE_STATE(s, PANE_DAGS, struct dags_state);
}

/* The engine's wall clock, as of what is shown. */
int64_t dags_now_us(const struct screen *s);

/* The opened or selected DAG; NULL. */
const struct dag_row *dags_selected(const struct screen *s);

/* The DAG as it is said to be at the moment that is looked at: what is not known of then is
 * unknown. */
struct dag_row dags_as_shown(const struct screen *s, const struct dag_row *d);

/* The run that keys act on: the opened one, the selected one of the grid, a DAG's newest;
 * UNKNOWN_INT: none. */
int64_t dags_run(const struct screen *s);
/* Its state, "" when it is not known. */
const char *dags_run_state(const struct screen *s);

/* Makes what dags_run_answer gives that of the moment that is looked at. */
void dags_look_back(const struct screen *s);
/* st->run (or what it was then) where it is the answer about that run, else NULL. */
const json_t *dags_run_answer(const struct dags_state *st, int64_t run);
const json_t *dags_task_answer(const struct dags_state *st);
/* The try that the log shows: the chosen or the newest one; 0: it has not begun. */
int64_t dags_attempt(const struct dags_state *st);

/* ---- pane_dags_dag.c, pane_dags_run.c ---- */
void dags_runs_model(const struct screen *s, struct table_model *m);
void dags_tasks_model(const struct screen *s, struct table_model *m);
void dags_render_dag(struct screen *s, struct grid *g, struct rect r);
void dags_render_run(struct screen *s, struct grid *g, struct rect r);
void dags_render_task(struct screen *s, struct grid *g, struct rect r);
/* A run's tasks with their bars and what is to be said below, in at most r.h rows. */
void dags_draw_gantt(const struct screen *s, struct grid *g, struct rect r, const json_t *answer);
/* "run 481 of 2026-11-28, manual by ivan: ● running, 1.1 s, 1,204 rows" */
void dags_run_words(const json_t *answer, int64_t now_us, bool ascii, char *out, size_t n);

/* ---- pane_dags_act.c ---- */
bool dags_can(const struct screen *s, enum action a);
bool dags_act(struct screen *s, enum action a, struct effect *out);
void dags_answered(struct screen *s, int prompt, const char *text, struct effect *out);
bool dags_done(struct screen *s, const struct answer *a, const char *label);
/* dag.intervals' answer: the question of the backfill. */
void dags_ask_backfill(struct screen *s, const struct answer *a);

#endif
