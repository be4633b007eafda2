/* An opened DAG: the grid of its runs by task, the runs as a table, and its tasks as a graph. */
#include <stdio.h>
#include <string.h>

#include "views/answer.h"
#include "views/pane_dags.h"
#include "views/table_cell.h"

enum { NAME_LEAST = 8, NAME_MOST = 24, OLDER_FROM = 20, DEPTH_MAX = 40, GRAPH_LINES_MAX = 5000 };

/* ---- the runs as a table: the newest first ---- */

enum {
    COLUMN_RUN,
    COLUMN_STATE,
    COLUMN_DATE,
    COLUMN_TOOK,
    COLUMN_ROWS,
    COLUMN_BEGAN,
    COLUMN_KIND,
    COLUMN_WHO,
    COLUMN_REASON,
    COLUMN_SHOWN, /* in files: */
    COLUMN_ENDED = COLUMN_SHOWN,
    COLUMNS,
};

static const struct table_column columns[] = {
    [COLUMN_RUN] = {.title = "run", .width = 7, .right = true},
    [COLUMN_STATE] = {.title = "state", .width = 11},
    [COLUMN_DATE] = {.title = "data of", .file = "data_of", .width = 10, .rank = 1},
    [COLUMN_TOOK] = {.title = "took", .file = "took_s", .width = 9, .right = true},
    [COLUMN_ROWS] = {.title = "rows", .width = 10, .right = true, .rank = 2},
    [COLUMN_BEGAN] = {.title = "began (UTC)", .file = "began", .width = 19, .rank = 3},
    [COLUMN_KIND] = {.title = "kind", .width = 8, .rank = 4},
    [COLUMN_WHO] = {.title = "asked by", .width = 18, .rank = 5},
    [COLUMN_REASON] = {.title = "reason", .width = 20, .rank = 6, .stretch = true},
    [COLUMN_ENDED] = {.title = "ended"},
};

static const struct dag_run *run_at(const void *ctx, size_t row)
{
    const struct dags_state *st = dags_of(ctx);
    return &st->runs.items[row + st->skip];
}

static const char *state_of(const struct screen *s, const struct dag_run *r)
{
    const char *state =
        dag_state_at(r->state, r->created_us, r->started_us, r->ended_us, s->shown_us);
    return state ? state : "";
}

/* At the moment that is looked at it may still have run. */
static int64_t ended_us(const struct screen *s, const struct dag_run *r)
{
    return s->shown_us && r->ended_us != UNKNOWN_INT && r->ended_us > s->shown_us ? UNKNOWN_INT
                                                                                  : r->ended_us;
}

/* What came of it was not known before its end. */
static bool known_then(const struct screen *s, const struct dag_run *r)
{
    return !s->shown_us || ended_us(s, r) != UNKNOWN_INT;
}

static int64_t rows_of(const struct screen *s, const struct dag_run *r)
{
    return known_then(s, r) ? r->rows : UNKNOWN_INT;
}

static const char *reason_of(const struct screen *s, const struct dag_run *r)
{
    return known_then(s, r) ? r->reason : "";
}

static const char *key(const void *ctx, size_t row)
{
    return run_at(ctx, row)->key;
}

static void cell(const void *ctx, size_t row, int column, struct table_cell *out)
{
    const struct screen *s = ctx;
    const struct dag_run *r = run_at(ctx, row);
    const char *state = state_of(s, r);
    size_t n = sizeof out->text;
    out->style = STYLE_PLAIN;
    switch (column) {
    case COLUMN_RUN:
        cell_text(out, r->key);
        cell_is_int(out, r->id);
        break;
    case COLUMN_STATE:
        out->style = dag_state_style(state);
        (void)snprintf(out->text, n, "%s %s", dag_state_sign(state, s->ascii), state);
        cell_is_text(out, state);
        break;
    case COLUMN_DATE:
        cell_text(out, r->date);
        break;
    case COLUMN_TOOK:
        cell_duration(out, dag_took_s(r->started_us, ended_us(s, r), dags_now_us(s)));
        break;
    case COLUMN_ROWS:
        cell_count(out, rows_of(s, r));
        break;
    case COLUMN_BEGAN:
        cell_day(out, r->started_us);
        break;
    case COLUMN_KIND:
        cell_text(out, r->kind);
        break;
    case COLUMN_WHO:
        cell_text(out, r->who);
        break;
    case COLUMN_ENDED:
        cell_day(out, ended_us(s, r));
        break;
    default:
        cell_text(out, reason_of(s, r));
    }
}

/* Less than nothing: it is not over. */
static double took_us(const struct screen *s, const struct dag_run *r)
{
    int64_t end = ended_us(s, r);
    return r->started_us == UNKNOWN_INT || end == UNKNOWN_INT ? -1
                                                              : (double)end - (double)r->started_us;
}

static int compare(const void *ctx, size_t x, size_t y, int column)
{
    const struct dag_run *a = run_at(ctx, x);
    const struct dag_run *b = run_at(ctx, y);
    switch (column) {
    case COLUMN_STATE:
        return strcmp(state_of(ctx, a), state_of(ctx, b));
    case COLUMN_DATE:
        return strcmp(a->date, b->date);
    case COLUMN_TOOK:
        return table_compare_real(took_us(ctx, a), took_us(ctx, b));
    case COLUMN_ROWS:
        return table_compare_int(rows_of(ctx, a), rows_of(ctx, b));
    case COLUMN_BEGAN:
        return table_compare_int(a->started_us, b->started_us);
    case COLUMN_KIND:
        return strcmp(a->kind, b->kind);
    case COLUMN_WHO:
        return strcmp(a->who, b->who);
    case COLUMN_REASON:
        return strcmp(reason_of(ctx, a), reason_of(ctx, b));
    default:
        return table_compare_int(a->id, b->id);
    }
}

static const char *no_runs(const struct screen *s)
{
    const struct dags_state *st = dags_of(s);
    bool told = st->runs.whole && st->runs_us == s->shown_us;
    if (st->why[0])
        return st->why;
    if (s->shown_us)
        return told ? "no run of then is kept" : "older runs are not loaded";
    return told ? "no run yet: t runs it now" : "asking the engine ..";
}

void dags_runs_model(const struct screen *s, struct table_model *m)
{
    struct dags_state *st = dags_of(s);
    st->skip = 0;
    while (s->shown_us && st->skip < st->runs.n &&
           st->runs.items[st->skip].created_us > s->shown_us)
        st->skip++;
    *m = (struct table_model){
        .columns = columns,
        .column_count = COLUMN_SHOWN,
        .file_columns = COLUMNS - COLUMN_SHOWN,
        .rows = st->runs.n - st->skip,
        .ctx = s,
        .key = key,
        .cell = cell,
        .compare = compare,
        .empty = no_runs(s),
    };
}

/* ---- the grid: a column a run, a row a task ---- */

struct run_grid {
    const struct screen *s;
    struct grid *g;
    int x;        /* of the names */
    int right;    /* column of the newest run that is shown */
    int step;     /* columns a run */
    size_t first; /* the newest run that is shown */
    size_t cols;
    size_t selected; /* SIZE_MAX: none of them */
    int names;
};

static int names_width(const struct run_list *l, bool ascii)
{
    int w = NAME_LEAST;
    for (size_t i = 0; i < l->n_names; i++) {
        int n = text_width(l->names[i], ascii);
        w = n > w ? n : w;
    }
    return w < NAME_MOST ? w : NAME_MOST;
}

static void lay_out(const struct screen *s, struct grid *g, struct rect r, struct run_grid *out)
{
    const struct dags_state *st = dags_of(s);
    size_t n = st->runs.n - st->skip;
    int names = names_width(&st->runs, s->ascii);
    int room = r.w - names - 6;
    int step = r.w >= 100 ? 2 : 1;
    size_t cols = room < step ? 0 : (size_t)(room / step);
    size_t row;
    bool any = table_selected(&st->runs_table, &row);
    cols = cols < n ? cols : n;
    size_t first = any && row >= cols && cols ? row - cols + 1 : 0;
    *out = (struct run_grid){.s = s,
                             .g = g,
                             .x = r.x + 3,
                             .right = r.x + names + 4 + (int)(cols ? cols - 1 : 0) * step,
                             .step = step,
                             .first = first,
                             .cols = cols,
                             .selected = any ? row : SIZE_MAX,
                             .names = names};
}

static void put(const struct run_grid *k, int y, size_t row, uint16_t style, const char *sign)
{
    int x = k->right - (int)(row - k->first) * k->step;
    uint16_t chosen = row == k->selected ? STYLE_SELECTED : 0;
    (void)grid_put(k->g, y, x, 1, style | chosen, sign);
}

static void draw_name(const struct run_grid *k, int y, uint16_t style, const char *name)
{
    (void)grid_text(k->g, y, k->x, k->names, style, name);
}

static void draw_durations(const struct run_grid *k, int y)
{
    static const char *const eighths[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    static const char *const ascii[] = {" ", "_", ".", "-", "^"};
    double most = 0;
    int steps = k->s->ascii ? 4 : 8;
    for (size_t i = k->first; i < k->first + k->cols; i++) {
        double took = took_us(k->s, run_at(k->s, i));
        most = took > most ? took : most;
    }
    draw_name(k, y, STYLE_DIM, "duration");
    for (size_t i = k->first; i < k->first + k->cols; i++) {
        double took = took_us(k->s, run_at(k->s, i));
        int step = took < 0 ? 0 : most > 0 ? 1 + (int)(took / most * (steps - 1) + 0.5) : 1;
        put(k, y, i, STYLE_SPARK, k->s->ascii ? ascii[step] : eighths[step]);
    }
}

static void draw_run_row(const struct run_grid *k, int y)
{
    draw_name(k, y, STYLE_BOLD, "run");
    for (size_t i = k->first; i < k->first + k->cols; i++) {
        const char *state = state_of(k->s, run_at(k->s, i));
        put(k, y, i, dag_state_style(state), dag_state_sign(state, k->s->ascii));
    }
}

static void draw_task_row(const struct run_grid *k, int y, size_t task)
{
    const struct dags_state *st = dags_of(k->s);
    draw_name(k, y, STYLE_PLAIN, st->runs.names[task]);
    for (size_t i = k->first; i < k->first + k->cols; i++) {
        const struct dag_run *r = run_at(k->s, i);
        bool then = k->s->shown_us && ended_us(k->s, r) == UNKNOWN_INT; /* tasks' times: unknown */
        const char *state = then ? "" : run_task_state(r, task);
        put(k, y, i, dag_state_style(state), dag_state_sign(state, k->s->ascii));
    }
}

/* Returns the row below; `most` rows at the most. */
static int draw_grid(const struct screen *s, struct grid *g, struct rect r, int y, int most)
{
    const struct dags_state *st = dags_of(s);
    struct run_grid k;
    int end = y + most;
    size_t n = st->runs.n_names;
    lay_out(s, g, r, &k);
    if (!k.cols || most < 2)
        return y;
    draw_durations(&k, y++);
    draw_run_row(&k, y++);
    size_t fit = end - y < (int)n ? (size_t)(end - y > 1 ? end - y - 1 : 0) : n;
    for (size_t i = 0; i < fit; i++)
        draw_task_row(&k, y++, i);
    if (fit < n && y < end)
        (void)grid_printf(g, y++, k.x, r.w - k.x, STYLE_DIM, "and %zu tasks more", n - fit);
    return y;
}

/* ---- what is said of the DAG ---- */

/* When it runs next and what it does, as of what is shown. */
static int draw_state(const struct screen *s, struct grid *g, struct rect r, int y)
{
    const struct dag_row d = dags_as_shown(s, dags_selected(s));
    char next[UNIT_TEXT_MAX], active[UNIT_TEXT_MAX], queued[UNIT_TEXT_MAX];
    (void)dag_until(d.next_us, dags_now_us(s), next, sizeof next);
    (void)grid_printf(g, y, r.x + 1, r.w - 2, d.paused ? STYLE_ATTENTION : STYLE_PLAIN,
                      "%s; %s%s; %s running, %s queued", d.words,
                      d.paused ? "paused: it runs only when triggered" : "next in ",
                      d.paused ? "" : next, unit_count(d.active, active, sizeof active),
                      unit_count(d.queued, queued, sizeof queued));
    y++;
    if (*d.trouble)
        (void)grid_text(g, y++, r.x + 1, r.w - 2, STYLE_ATTENTION, d.trouble);
    return y;
}

static int draw_about(const struct screen *s, struct grid *g, struct rect r, int y)
{
    const struct dag_row *d = dags_selected(s);
    char title[TABLE_KEY_MAX + 300];
    (void)snprintf(title, sizeof title, "DAG %s%s%.200s", s->object,
                   d && *d->description ? ": " : "", d ? d->description : "");
    if (r.h > 6)
        y = draw_section(g, r, y, title);
    if (!d) {
        const char *why = dags_of(s)->known ? "It is gone: the engine has no such DAG." : "";
        (void)grid_text(g, y, r.x + 1, r.w - 2, STYLE_ATTENTION, why);
        return y + 1;
    }
    return draw_state(s, g, r, y);
}

/* ---- the graph ---- */

/* The last of those that a task waits for: below it it is drawn. */
static const char *parent_of(const json_t *task)
{
    const json_t *after = json_object_get(task, "after");
    size_t n = json_array_size(after);
    return n ? json_string_value(json_array_get(after, n - 1)) : NULL;
}

static const char *state_in_run(const struct screen *s, const char *task)
{
    const struct dags_state *st = dags_of(s);
    const json_t *tasks = json_object_get(dags_run_answer(st, st->run_id), "tasks");
    for (size_t i = 0; i < json_array_size(tasks) && st->level == LEVEL_RUN; i++)
        if (strcmp(answer_text(json_array_get(tasks, i), "task"), task) == 0)
            return answer_text(json_array_get(tasks, i), "state");
    return "";
}

static void add_list(struct buf *b, const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));
        buf_printf(b, "%s%s", i ? ", " : "", text ? text : "?");
    }
}

static void draw_node(const struct screen *s, struct lines *l, const json_t *t, const char *lead)
{
    const json_t *about = json_object_get(t, "about");
    const json_t *after = json_object_get(t, "after");
    const char *state = state_in_run(s, answer_text(t, "name"));
    struct buf b;
    buf_init(&b, 0);
    buf_printf(&b, "%s%s%s%s  %s ", lead, *state ? dag_state_sign(state, s->ascii) : "",
               *state ? " " : "", answer_text(t, "name"), answer_text(t, "kind"));
    if (json_is_string(about))
        buf_str(&b, json_string_value(about));
    else
        add_list(&b, about);
    if (json_array_size(after) > 1) {
        buf_lit(&b, "  after ");
        add_list(&b, after);
    }
    lines_add(l, NULL, *state ? dag_state_style(state) : STYLE_PLAIN, buf_cstr(&b));
    buf_free(&b);
}

static bool is_below(const json_t *task, const char *parent)
{
    const char *p = parent_of(task);
    return parent ? p && strcmp(p, parent) == 0 : !p;
}

/* more[i]: the branch at depth i has further tasks below. */
static void draw_branch(const struct screen *s, struct lines *l, const json_t *tasks,
                        const char *parent, bool *more, int depth)
{
    size_t n = json_array_size(tasks);
    size_t last = n;
    for (size_t i = 0; i < n; i++)
        last = is_below(json_array_get(tasks, i), parent) ? i : last;
    for (size_t i = 0; i <= last && i < n && l->n < GRAPH_LINES_MAX; i++) {
        const json_t *t = json_array_get(tasks, i);
        struct buf lead;
        if (!is_below(t, parent))
            continue;
        buf_init(&lead, 0);
        for (int k = 1; k < depth; k++)
            buf_str(&lead, more[k] ? (s->ascii ? "|  " : "│  ") : "   ");
        if (depth && s->ascii)
            buf_str(&lead, i == last ? "`- " : "|- ");
        else if (depth)
            buf_str(&lead, i == last ? "└─ " : "├─ ");
        draw_node(s, l, t, buf_cstr(&lead));
        buf_free(&lead);
        more[depth] = i != last;
        if (depth + 1 < DEPTH_MAX)
            draw_branch(s, l, tasks, answer_text(t, "name"), more, depth + 1);
    }
}

static void draw_graph(struct screen *s, struct lines *l)
{
    const json_t *show = dags_of(s)->show;
    bool more[DEPTH_MAX] = {false};
    char title[TABLE_KEY_MAX + 64];
    (void)snprintf(title, sizeof title, "DAG %s: its tasks, and below each what waits for it",
                   s->object);
    lines_section(l, title);
    if (strcmp(answer_text(show, "name"), s->object) != 0) {
        const char *why = dags_of(s)->why;
        lines_add(l, NULL, *why ? STYLE_BROKEN : STYLE_DIM, *why ? why : "asking the engine ..");
        return;
    }
    draw_branch(s, l, json_object_get(show, "tasks"), NULL, more, 0);
}

/* ---- all of it ---- */

static void look_for_older(struct dags_state *st)
{
    size_t row;
    if (table_selected(&st->runs_table, &row) &&
        st->runs_table.selected + OLDER_FROM >= st->runs_table.n)
        st->wants_older = true;
}

void dags_render_dag(struct screen *s, struct grid *g, struct rect r)
{
    struct dags_state *st = dags_of(s);
    struct table_model m;
    char title[TABLE_FILTER_MAX + 96];
    if (st->graph) {
        lines_draw(s, g, r, 0, draw_graph);
        return;
    }
    dags_runs_model(s, &m);
    int y = draw_about(s, g, r, r.y);
    if (st->why[0] && y < r.y + r.h - 2)
        (void)grid_text(g, y++, r.x + 1, r.w - 2, STYLE_BROKEN, st->why);
    int most = r.h / 2 - (y - r.y);
    y = draw_grid(s, g, r, y, most);
    (void)snprintf(title, sizeof title, "Runs (%zu%s%s%s)", st->runs_table.n,
                   st->runs.whole ? "" : " so far",
                   st->runs_table.filter[0] ? " that contain " : "", st->runs_table.filter);
    if (r.y + r.h - y > 3)
        y = draw_section(g, r, y, title);
    table_draw(g, (struct rect){y, r.x, r.y + r.h - y, r.w}, &m, &st->runs_table, true);
    look_for_older(st);
}
