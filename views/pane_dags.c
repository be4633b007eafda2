/*
 * Pane 4: DAGs. The list with each one's last runs as signs, and the newest run of the selected one
 * below; opened: a grid of its runs by task (pane_dags_dag.c), a run with the bars of its tasks and
 * a task's log (pane_dags_run.c).
 */
#include "views/pane_dags.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "views/answer.h"
#include "views/dag_then.h"
#include "views/table_cell.h"

enum {
    MARKS_SHOWN = 20,
    RUNS_PAGE = 60,   /* the newest, again and again */
    OLDER_PAGE = 200, /* once, when somebody goes there */
    TREND_WIDTH = 10,
};

static const int64_t LOOK_US = 1000000;
static const int64_t SHOW_US = 10 * INT64_C(1000000); /* what a file says does not change */

int64_t dags_now_us(const struct screen *s)
{
    return s->past_us && s->shown_us ? s->shown_us
           : s->snapshot             ? s->snapshot->now_us
                                     : UNKNOWN_INT;
}

const struct dag_row *dags_selected(const struct screen *s)
{
    return dag_list_find(&dags_of(s)->list, screen_object(s));
}

const json_t *dags_run_answer(const struct dags_state *st, int64_t run)
{
    const json_t *answer = st->then_of ? st->then : st->run;
    const json_t *r = json_object_get(answer, "run");
    return r && answer_int(r, "id") == run ? answer : NULL;
}

void dags_look_back(const struct screen *s)
{
    struct dags_state *st = dags_of(s);
    if (s->shown_us == st->then_us && (st->then_of == st->run || !s->shown_us))
        return;
    json_decref(st->then);
    json_decref(st->then_of);
    st->then_us = s->shown_us;
    st->then_of = s->shown_us ? json_incref(st->run) : NULL;
    st->then = st->then_of ? dag_run_then(st->run, s->shown_us) : NULL;
}

/* Marks of an earlier moment say nothing of a later one. */
static bool marks_count(const struct screen *s)
{
    const struct dags_state *st = dags_of(s);
    return !st->list_us || (s->shown_us && s->shown_us <= st->list_us);
}

struct dag_row dags_as_shown(const struct screen *s, const struct dag_row *d)
{
    struct dag_row r = *d;
    if (!marks_count(s))
        r.n_marks = 0;
    return s->shown_us ? dag_row_then(&r, snapshot_dag(s->snapshot, d->name), s->shown_us) : r;
}

int64_t dags_run(const struct screen *s)
{
    const struct dags_state *st = dags_of(s);
    const struct dag_row *d = dags_selected(s);
    if (!s->detail)
        return d ? dags_as_shown(s, d).last_run : UNKNOWN_INT;
    if (st->level != LEVEL_DAG)
        return st->run_id;
    long long id;
    const char *key = table_key(&st->runs_table);
    return key && sscanf(key, "%lld", &id) == 1 ? id : UNKNOWN_INT;
}

const char *dags_run_state(const struct screen *s)
{
    const struct dags_state *st = dags_of(s);
    int64_t id = dags_run(s);
    const json_t *answer = dags_run_answer(st, id);
    const struct dag_run *r = run_list_find(&st->runs, id);
    const struct dag_row *d = dags_selected(s);
    if (s->detail && st->level == LEVEL_DAG && r)
        return r->state;
    if (answer)
        return answer_text(json_object_get(answer, "run"), "state");
    return d && d->last_run == id ? d->last_state : "";
}

const json_t *dags_task_answer(const struct dags_state *st)
{
    const json_t *tasks = json_object_get(dags_run_answer(st, st->run_id), "tasks");
    for (size_t i = 0; i < json_array_size(tasks); i++)
        if (strcmp(answer_text(json_array_get(tasks, i), "task"), st->task) == 0)
            return json_array_get(tasks, i);
    return NULL;
}

int64_t dags_attempt(const struct dags_state *st)
{
    int64_t newest = answer_int(dags_task_answer(st), "try");
    if (newest > 0 && st->attempt > newest) /* at the moment that is looked at */
        return newest;
    return st->attempt ? st->attempt : newest > 0 ? newest : 0;
}

/* ---- the list ---- */

enum {
    COLUMN_NAME,
    COLUMN_SCHEDULE,
    COLUMN_RUNS,
    COLUMN_LAST,
    COLUMN_NEXT,
    COLUMN_TREND,
    COLUMN_ROWS_QUEUED,
    COLUMN_ABOUT,
    COLUMN_SHOWN, /* in files: */
    COLUMN_STATE = COLUMN_SHOWN,
    COLUMN_STARTED,
    COLUMN_ENDED,
    COLUMN_PAUSED,
    COLUMN_TROUBLE,
    COLUMNS,
};

static const struct table_column columns[] = {
    [COLUMN_NAME] = {.title = "dag", .width = 18, .want = 30, .stretch = true},
    [COLUMN_SCHEDULE] = {.title = "schedule", .width = 12, .rank = 2},
    [COLUMN_RUNS] = {.title = "last 20 runs", .file = "", .width = 20, .rank = 1},
    [COLUMN_LAST] = {.title = "last", .file = "last_took_s", .width = 9, .right = true},
    [COLUMN_NEXT] = {.title = "next", .file = "next_run", .width = 7, .right = true},
    [COLUMN_TREND] = {.title = "duration", .file = "", .width = TREND_WIDTH, .rank = 3},
    [COLUMN_ROWS_QUEUED] =
        {.title = "queued", .file = "queued_runs", .width = 6, .right = true, .rank = 4},
    [COLUMN_ABOUT] = {.title = "about", .width = 30, .rank = 6, .spare = true},
    [COLUMN_STATE] = {.title = "last state"},
    [COLUMN_STARTED] = {.title = "last started"},
    [COLUMN_ENDED] = {.title = "last ended"},
    [COLUMN_PAUSED] = {.title = "paused"},
    [COLUMN_TROUBLE] = {.title = "trouble"},
};

static const struct dag_row *row_at(const void *ctx, size_t row)
{
    return &dags_of(ctx)->list.rows[row];
}

static struct dag_row shown_at(const void *ctx, size_t row)
{
    return dags_as_shown(ctx, row_at(ctx, row));
}

static const char *key(const void *ctx, size_t row)
{
    return row_at(ctx, row)->name;
}

static void add_marks(const struct screen *s, const struct dag_row *d, struct buf *b)
{
    size_t shown = 0;
    const char *signs[MARKS_SHOWN];
    for (; shown < d->n_marks && shown < MARKS_SHOWN; shown++) {
        const struct dag_mark *m = &d->marks[shown];
        const char *state =
            dag_state_at(m->state, m->created_us, m->started_us, m->ended_us, s->shown_us);
        signs[shown] = dag_state_sign(state ? state : "", s->ascii);
    }
    for (size_t i = shown; i < MARKS_SHOWN; i++)
        buf_ch(b, ' ');
    for (size_t i = shown; i > 0; i--) /* the newest stands at the right */
        buf_str(b, signs[i - 1]);
}

/* How long the last runs took, each in a cell; a gap where one has not ended. */
static void add_trend(const struct screen *s, const struct dag_row *d, struct buf *b)
{
    static const char *const eighths[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    static const char *const ascii[] = {" ", "_", ".", "-", "^"};
    double v[TREND_WIDTH];
    double most = 0;
    int steps = s->ascii ? 4 : 8;
    for (int i = 0; i < TREND_WIDTH; i++) {
        size_t at = (size_t)(TREND_WIDTH - 1 - i);
        const struct dag_mark *m = at < d->n_marks ? &d->marks[at] : NULL;
        bool over = m && m->ended_us != UNKNOWN_INT && (!s->shown_us || m->ended_us <= s->shown_us);
        v[i] = over ? dag_took_s(m->started_us, m->ended_us, UNKNOWN_INT) : NAN;
        most = v[i] > most ? v[i] : most;
    }
    for (int i = 0; i < TREND_WIDTH; i++) {
        int step = isnan(v[i]) ? 0 : most > 0 ? 1 + (int)(v[i] / most * (steps - 1) + 0.5) : 1;
        buf_str(b, s->ascii ? ascii[step] : eighths[step]);
    }
}

static void put_last(const struct dag_row *d, struct table_cell *out)
{
    const char *state = d->last_state;
    out->style = dag_state_style(state) == STYLE_DIM ? STYLE_PLAIN : dag_state_style(state);
    cell_duration(out, dag_took_s(d->last_started_us, d->last_ended_us, UNKNOWN_INT));
    if (!dag_state_over(state))
        (void)snprintf(out->text, sizeof out->text, "%s", *state ? state : "-");
}

static void put_next(const struct screen *s, const struct dag_row *d, struct table_cell *out)
{
    out->style = d->paused ? STYLE_ATTENTION : STYLE_PLAIN;
    if (d->paused)
        (void)snprintf(out->text, sizeof out->text, "paused");
    else
        (void)dag_until(d->next_us, dags_now_us(s), out->text, sizeof out->text);
    cell_is_time(out, d->paused ? UNKNOWN_INT : d->next_us);
}

static void put_signs(const struct screen *s, const struct dag_row *d, int column,
                      struct table_cell *out)
{
    struct buf b;
    buf_init(&b, 0);
    if (column == COLUMN_RUNS)
        add_marks(s, d, &b);
    else
        add_trend(s, d, &b);
    out->style = column == COLUMN_TREND ? STYLE_SPARK : STYLE_PLAIN;
    (void)snprintf(out->text, sizeof out->text, "%s", buf_cstr(&b));
    buf_free(&b);
}

/* What stands in files alone, of the newest run that there was at the moment that is looked at. */
static void file_cell(const struct screen *s, const struct dag_row *d, int column,
                      struct table_cell *out)
{
    bool unknown = s->shown_us && !snapshot_dag(s->snapshot, d->name);
    switch (column) {
    case COLUMN_STATE:
        cell_text(out, *d->last_state ? d->last_state : NULL);
        break;
    case COLUMN_STARTED:
        cell_day(out, d->last_started_us);
        break;
    case COLUMN_ENDED:
        cell_day(out, d->last_ended_us);
        break;
    case COLUMN_PAUSED:
        cell_is_bool(out, unknown ? -1 : d->paused);
        break;
    default:
        cell_text(out, *d->trouble ? d->trouble : NULL);
    }
}

static void cell(const void *ctx, size_t row, int column, struct table_cell *out)
{
    const struct screen *s = ctx;
    const struct dag_row shown = shown_at(ctx, row), *d = &shown;
    out->style = STYLE_PLAIN;
    if (column >= COLUMN_SHOWN) {
        file_cell(s, d, column, out);
        return;
    }
    switch (column) {
    case COLUMN_NAME:
        cell_text(out, d->name);
        break;
    case COLUMN_SCHEDULE:
        cell_text(out, *d->schedule ? d->schedule : d->words);
        break;
    case COLUMN_RUNS:
    case COLUMN_TREND:
        put_signs(s, d, column, out);
        break;
    case COLUMN_LAST:
        put_last(d, out);
        break;
    case COLUMN_NEXT:
        put_next(s, d, out);
        break;
    case COLUMN_ROWS_QUEUED:
        cell_count(out, d->queued);
        break;
    default:
        out->style = *d->trouble ? STYLE_ATTENTION : STYLE_PLAIN;
        cell_text(out, *d->trouble ? d->trouble : d->description);
    }
}

static double last_took(const struct dag_row *d)
{
    double took = dag_took_s(d->last_started_us, d->last_ended_us, UNKNOWN_INT);
    return isnan(took) ? -1 : took;
}

static int compare(const void *ctx, size_t x, size_t y, int column)
{
    const struct dag_row shown_x = shown_at(ctx, x), *a = &shown_x;
    const struct dag_row shown_y = shown_at(ctx, y), *b = &shown_y;
    switch (column) {
    case COLUMN_SCHEDULE:
        return strcmp(*a->schedule ? a->schedule : a->words, *b->schedule ? b->schedule : b->words);
    case COLUMN_RUNS: /* by what came of the newest one */
        return strcmp(a->last_state, b->last_state);
    case COLUMN_LAST:
    case COLUMN_TREND:
        return last_took(a) < last_took(b) ? -1 : last_took(a) > last_took(b);
    case COLUMN_NEXT:
        return table_compare_int(a->next_us, b->next_us);
    case COLUMN_ROWS_QUEUED:
        return table_compare_int(a->queued, b->queued);
    case COLUMN_ABOUT:
        return strcmp(a->description, b->description);
    default:
        return strcmp(a->name, b->name);
    }
}

static void model(const struct screen *s, struct table_model *m)
{
    const struct dags_state *st = dags_of(s);
    dags_look_back(s);
    *m = (struct table_model){
        .columns = columns,
        .column_count = COLUMN_SHOWN,
        .file_columns = COLUMNS - COLUMN_SHOWN,
        .rows = st->list.n,
        .ctx = s,
        .key = key,
        .cell = cell,
        .compare = compare,
        .empty = st->why[0]   ? st->why
                 : !st->known ? "asking the engine .."
                              : "no DAGs: `dags` in the configuration names folders with them",
    };
}

/* Why no run of the DAG is shown. */
static const char *no_run(const struct screen *s, const struct dag_row *d)
{
    const struct snap_dag *then = snapshot_dag(s->snapshot, d->name);
    if (!s->shown_us)
        return "no run yet";
    if (then && then->last_run == UNKNOWN_INT)
        return "no run by then";
    return dags_of(s)->list_us == s->shown_us && d->marks ? "no run of then is kept"
                                                          : "older runs are not loaded";
}

/* The newest run of the selected DAG, below the list. */
static void draw_newest(struct screen *s, struct grid *g, struct rect r)
{
    const struct dags_state *st = dags_of(s);
    const struct dag_row *d = dags_selected(s);
    int64_t id = dags_run(s);
    char title[TABLE_KEY_MAX + 200];
    if (!d || r.h < 2)
        return;
    const json_t *answer = dags_run_answer(st, id);
    if (id == UNKNOWN_INT) {
        (void)snprintf(title, sizeof title, "%s: %s", d->name, no_run(s, d));
    } else {
        const json_t *run = json_object_get(answer, "run");
        (void)snprintf(title, sizeof title, "%s, run %lld%s%s%s", d->name, (long long)id,
                       run ? " of " : "", run ? answer_text(run, "business_date") : "",
                       s->shown_us ? ", the newest then" : "");
    }
    int y = draw_section(g, r, r.y, title);
    struct rect below = {y, r.x, r.y + r.h - y, r.w};
    if (answer)
        dags_draw_gantt(s, g, below, answer);
    else if (id != UNKNOWN_INT)
        (void)grid_text(g, y, r.x + 3, r.w - 3, STYLE_DIM, "asking the engine ..");
}

/* Rows of the part below: the run's tasks and what is said of them, at most half of the pane. */
static int rows_below(const struct screen *s, int h)
{
    const struct dag_row *d = dags_selected(s);
    const json_t *answer = d ? dags_run_answer(dags_of(s), dags_run(s)) : NULL;
    int want = 3 + (int)json_array_size(json_object_get(answer, "tasks"));
    return h < 8 || !d ? 0 : want < 5 ? 5 : want > h / 2 ? h / 2 : want;
}

static void render(struct screen *s, struct grid *g, struct rect r)
{
    const struct dags_state *st = dags_of(s);
    struct table_model m;
    struct table_state *t = &s->tables[PANE_DAGS];
    char title[TABLE_FILTER_MAX + 64];
    int below = rows_below(s, r.h);
    (void)snprintf(title, sizeof title, "DAGs (%zu%s%s)%s", t->n,
                   t->filter[0] ? " that contain " : "", t->filter,
                   s->shown_us ? ", their last runs as of then" : "");
    model(s, &m);
    int y = r.h > 4 ? draw_section(g, r, r.y, title) : r.y;
    if (st->why[0] && st->known && r.h > 6)
        (void)grid_text(g, y++, r.x + 1, r.w - 1, STYLE_BROKEN, st->why);
    table_draw(g, (struct rect){y, r.x, r.y + r.h - below - y, r.w}, &m, t, true);
    draw_newest(s, g, (struct rect){r.y + r.h - below, r.x, below, r.w});
}

/* ---- opened ---- */

static void close_run(struct dags_state *st)
{
    dag_log_clear(&st->log);
    table_free(&st->tasks_table);
    st->tasks_table = (struct table_state){.sort = -1};
    st->level = LEVEL_DAG;
    st->run_id = UNKNOWN_INT;
}

static void forget(struct screen *s)
{
    struct dags_state *st = dags_of(s);
    close_run(st);
    run_list_free(&st->runs);
    st->runs_us = 0;
    table_free(&st->runs_table);
    st->runs_table = (struct table_state){.sort = -1, .follow = true};
    st->graph = st->wants_older = false;
    st->backfill_dag[0] = '\0';
    st->why[0] = '\0';
}

static void init_state(struct screen *s, void *state)
{
    struct dags_state *st = state;
    (void)s;
    st->runs_table = (struct table_state){.sort = -1, .follow = true};
    st->tasks_table = (struct table_state){.sort = -1};
    st->run_id = UNKNOWN_INT;
}

static void free_state(void *state)
{
    struct dags_state *st = state;
    close_run(st);
    run_list_free(&st->runs);
    table_free(&st->runs_table);
    dag_list_free(&st->list);
    json_decref(st->show);
    json_decref(st->run);
    json_decref(st->then);
    json_decref(st->then_of);
}

static context_t where(const struct screen *s)
{
    static const context_t contexts[] = {
        [LEVEL_DAG] = CONTEXT_DAG, [LEVEL_RUN] = CONTEXT_RUN, [LEVEL_TASK] = CONTEXT_TASK};
    return s->detail ? contexts[dags_of(s)->level] : CONTEXT_DAGS;
}

static bool back(struct screen *s)
{
    struct dags_state *st = dags_of(s);
    s->scroll = 0;
    if (st->graph && st->level != LEVEL_TASK) {
        st->graph = false;
    } else if (st->level == LEVEL_TASK) {
        st->level = LEVEL_RUN;
        dag_log_clear(&st->log);
    } else if (st->level == LEVEL_RUN) {
        close_run(st);
    } else {
        return false;
    }
    return true;
}

static bool table(struct screen *s, struct table_model *m, struct table_state **t)
{
    struct dags_state *st = dags_of(s);
    if (st->graph || st->level == LEVEL_TASK)
        return false;
    if (st->level == LEVEL_DAG)
        dags_runs_model(s, m);
    else
        dags_tasks_model(s, m);
    *t = st->level == LEVEL_DAG ? &st->runs_table : &st->tasks_table;
    return true;
}

/* A log, or the graph of a DAG. */
static json_t *whole(const struct screen *s)
{
    const struct dags_state *st = dags_of(s);
    if (st->level != LEVEL_TASK)
        return json_incref(st->show);
    json_t *lines = json_array();
    for (size_t i = 0; i < st->log.n && (!s->shown_us || st->log.lines[i].ts_us <= s->shown_us);
         i++)
        (void)json_array_append_new(lines, json_pack("{s:I, s:s}", "ts_us",
                                                     (json_int_t)st->log.lines[i].ts_us, "text",
                                                     st->log.lines[i].text));
    return json_pack("{s:s, s:I, s:s, s:I, s:o}", "dag", s->object, "run", (json_int_t)st->run_id,
                     "task", st->task, "try", (json_int_t)st->log_try, "lines", lines);
}

/* In a log the line that was found, else the first one on screen. */
static bool copy(struct screen *s, struct buf *out)
{
    const struct dags_state *st = dags_of(s);
    const struct dag_log *l = &st->log;
    if (!s->detail || st->level != LEVEL_TASK || s->scroll >= l->n_rows)
        return false;
    size_t line = st->found < l->n ? st->found : l->rows[s->scroll].line;
    buf_str(out, l->lines[line].text);
    return true;
}

static void render_detail(struct screen *s, struct grid *g, struct rect r)
{
    switch (dags_of(s)->level) {
    case LEVEL_DAG:
        dags_render_dag(s, g, r);
        break;
    case LEVEL_RUN:
        dags_render_run(s, g, r);
        break;
    case LEVEL_TASK:
        dags_render_task(s, g, r);
    }
}

/* ---- asking ---- */

static bool ask_logs(const struct dags_state *st, struct ask *out)
{
    int64_t attempt = dags_attempt(st);
    bool same = st->log_try == attempt;
    if (st->level != LEVEL_TASK || !attempt || (same && st->log.ended))
        return false;
    *out = (struct ask){.method = "dag.logs",
                        .params = json_pack("{s:I, s:s, s:I, s:I}", "run", (json_int_t)st->run_id,
                                            "task", st->task, "try", (json_int_t)attempt, "after",
                                            (json_int_t)(same ? st->log.next : 0)),
                        .every_us = LOOK_US};
    return true;
}

/* Asks about runs as of the moment that is looked at: of one that is over once. */
static bool ask_as_shown(const struct screen *s, const char *method, json_t *params,
                         struct ask *out)
{
    if (s->shown_us)
        (void)json_object_set_new(params, "at_us", json_integer(s->shown_us));
    *out = (struct ask){method, params, s->shown_us ? 0 : LOOK_US};
    return true;
}

static bool ask_runs(const struct screen *s, struct ask *out)
{
    return s->detail && ask_as_shown(s, "dag.runs",
                                     json_pack("{s:s, s:i, s:b}", "name", s->object, "limit",
                                               RUNS_PAGE, "tasks", 1),
                                     out);
}

static bool ask_older(const struct screen *s, struct ask *out)
{
    const struct dags_state *st = dags_of(s);
    bool some = st->runs.n && st->runs_us == s->shown_us;
    if (!s->detail || !st->wants_older || st->runs.whole || !some)
        return false;
    (void)ask_as_shown(s, "dag.runs",
                       json_pack("{s:s, s:i, s:b, s:I}", "name", s->object, "limit", OLDER_PAGE,
                                 "tasks", 1, "before",
                                 (json_int_t)st->runs.items[st->runs.n - 1].id),
                       out);
    out->every_us = 0;
    return true;
}

static bool ask_backfill(const struct dags_state *st, struct ask *out)
{
    if (!st->backfill_dag[0])
        return false;
    *out = (struct ask){.method = "dag.intervals",
                        .params = json_pack("{s:s, s:s, s:s}", "name", st->backfill_dag, "from",
                                            st->from, "to", st->to)};
    return true;
}

static bool ask_which(const struct screen *s, int which, struct ask *out)
{
    const struct dags_state *st = dags_of(s);
    const char *name = screen_object(s);
    int64_t run = dags_run(s);
    bool whole = !s->detail || st->level != LEVEL_DAG; /* its tasks are shown */
    switch (which) {
    case 0:
        return ask_as_shown(s, "dag.list", json_pack("{s:i}", "runs", MARKS_SHOWN), out);
    case 1:
        if (name && dags_selected(s))
            *out = (struct ask){"dag.show", json_pack("{s:s}", "name", name), SHOW_US};
        return out->method;
    case 2:
        if (whole && run != UNKNOWN_INT)
            *out = (struct ask){"dag.run", json_pack("{s:I}", "run", (json_int_t)run), LOOK_US};
        return out->method;
    case 3:
        return ask_runs(s, out);
    case 4:
        return ask_older(s, out);
    case 5:
        return ask_logs(st, out);
    default:
        return ask_backfill(st, out);
    }
}

/* What the which-th question is about is known: held still, it stays as it is. */
static bool is_there(const struct screen *s, int which)
{
    const struct dags_state *st = dags_of(s);
    const char *name = screen_object(s);
    switch (which) {
    case 0:
        return st->known;
    case 1:
        return name && strcmp(answer_text(st->show, "name"), name) == 0;
    case 2:
        return dags_run_answer(st, dags_run(s)) != NULL;
    case 3:
        return st->runs.n > 0;
    case 5:
        return st->log.known && st->log_try == dags_attempt(st);
    default:
        return false;
    }
}

static bool ask(const struct screen *s, int i, struct ask *out)
{
    enum { ASKS = 7 };
    for (int which = 0; which < ASKS; which++) {
        *out = (struct ask){0};
        if ((screen_is_still(s) && is_there(s, which)) || !ask_which(s, which, out))
            continue;
        if (i-- == 0)
            return true;
        json_decref(out->params);
    }
    *out = (struct ask){0};
    return false;
}

/* ---- taking ---- */

static void keep(json_t **kept, const json_t *answer)
{
    json_decref(*kept);
    *kept = json_incref((json_t *)answer);
}

/* As of which moment it was asked; 0: now. */
static int64_t asked_at_us(const struct answer *a)
{
    return json_integer_value(json_object_get(a->params, "at_us"));
}

static void take_list(struct screen *s, const struct answer *a)
{
    struct dags_state *st = dags_of(s);
    if (!dag_list_take(&st->list, a->result)) {
        screen_say(s, STYLE_BROKEN, "no memory for the DAGs");
        return;
    }
    st->known = true;
    st->list_us = s->shown_us;
}

static void take_runs(struct screen *s, const struct answer *a)
{
    struct dags_state *st = dags_of(s);
    size_t n = json_array_size(json_object_get(a->result, "runs"));
    bool older = json_object_get(a->params, "before") != NULL;
    if (!s->detail || strcmp(answer_text(a->params, "name"), s->object) != 0)
        return;
    if (st->runs_us != s->shown_us) /* between the runs of two moments there may be others */
        run_list_free(&st->runs);
    st->runs_us = s->shown_us;
    bool first = !st->runs.n;
    if (!run_list_take(&st->runs, a->result))
        screen_say(s, STYLE_BROKEN, "no memory for the runs of %s", s->object);
    if (older ? n < OLDER_PAGE : first && n < RUNS_PAGE)
        st->runs.whole = true;
    st->wants_older = older ? false : st->wants_older;
}

static void take_logs(struct screen *s, const struct answer *a)
{
    struct dags_state *st = dags_of(s);
    int64_t attempt = answer_int(a->params, "try");
    bool mine = st->level == LEVEL_TASK && answer_int(a->params, "run") == st->run_id &&
                strcmp(answer_text(a->params, "task"), st->task) == 0 &&
                attempt == dags_attempt(st);
    if (!mine)
        return;
    if (st->log_try != attempt) {
        dag_log_clear(&st->log);
        st->log_try = attempt;
        st->found = SIZE_MAX;
    }
    if (answer_int(a->params, "after") == st->log.next && !dag_log_take(&st->log, a->result))
        screen_say(s, STYLE_BROKEN, "no memory for the log of %s", st->task);
}

static void take_good(struct screen *s, const struct answer *a)
{
    struct dags_state *st = dags_of(s);
    bool of_runs = strcmp(a->method, "dag.list") == 0 || strcmp(a->method, "dag.runs") == 0;
    if (of_runs && asked_at_us(a) != s->shown_us)
        return; /* the person has gone on */
    if (strcmp(a->method, "dag.list") == 0) {
        take_list(s, a);
    } else if (strcmp(a->method, "dag.show") == 0) {
        keep(&st->show, a->result);
    } else if (strcmp(a->method, "dag.run") == 0) {
        if (answer_int(a->params, "run") == dags_run(s))
            keep(&st->run, a->result);
    } else if (strcmp(a->method, "dag.runs") == 0) {
        take_runs(s, a);
    } else {
        take_logs(s, a);
    }
}

static void take(struct screen *s, const struct answer *a)
{
    struct dags_state *st = dags_of(s);
    if (strncmp(a->method, "dag.", 4) != 0 || s->pane != PANE_DAGS)
        return;
    if (strcmp(a->method, "dag.intervals") == 0) {
        dags_ask_backfill(s, a);
        return;
    }
    if (a->code == ERR_OK) {
        st->why[0] = '\0';
        take_good(s, a);
    } else {
        (void)snprintf(st->why, sizeof st->why, "%s: %.220s", a->method, a->text);
    }
}

const struct pane pane_dags = {
    .name = "DAGs",
    .aliases = "dags dag",
    .key = '4',
    .context = CONTEXT_DAGS,
    .detail_context = CONTEXT_DAG,
    .model = model,
    .render = render,
    .render_detail = render_detail,
    .state_size = sizeof(struct dags_state),
    .init_state = init_state,
    .free_state = free_state,
    .where = where,
    .table = table,
    .opened = forget,
    .left = forget,
    .back = back,
    .copy = copy,
    .whole = whole,
    .ask = ask,
    .take = take,
    .done = dags_done,
    .can = dags_can,
    .act = dags_act,
    .answered = dags_answered,
};
