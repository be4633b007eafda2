/* An opened run: its tasks with bars over time; an opened task: the log of a try. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "views/answer.h"
#include "views/dag_gantt.h"
#include "views/pane_dags.h"
#include "views/table_cell.h"

enum { BAR_LEAST = 8, TOOK_WIDTH = 9, ROWS_WIDTH = 9, NAME_LEAST = 8, NAME_MOST = 24 };

/* ---- a run in words ---- */

static void add_params(struct buf *b, json_t *params)
{
    const char *name;
    json_t *value;
    json_object_foreach(params, name, value)
    {
        const char *text = json_string_value(value);
        if (name[0] == '@') /* what a run of a part is about */
            buf_printf(b, ", %s %s", strcmp(name, "@task") == 0 ? "only task" : "only",
                       text ? text : "");
        else
            buf_printf(b, ", %s=%s", name, text ? text : "");
    }
}

void dags_run_words(const json_t *answer, int64_t now_us, bool ascii, char *out, size_t n)
{
    const json_t *r = json_object_get(answer, "run");
    const char *state = answer_text(r, "state");
    int64_t started = answer_int(r, "started_us");
    char took[UNIT_TEXT_MAX];
    char began[UNIT_TEXT_MAX];
    char rows[UNIT_TEXT_MAX];
    struct buf b;
    buf_init(&b, 0);
    buf_printf(&b, "%s %s", dag_state_sign(state, ascii), state);
    if (started != UNKNOWN_INT)
        buf_printf(&b, ", began %s UTC, %s", unit_day(started, began, sizeof began),
                   unit_duration(dag_took_s(started, answer_int(r, "ended_us"), now_us), took,
                                 sizeof took));
    if (answer_int(r, "rows") != UNKNOWN_INT)
        buf_printf(&b, ", %s rows", unit_count(answer_int(r, "rows"), rows, sizeof rows));
    buf_printf(&b, ", %s by %s", answer_text(r, "kind"), answer_text(r, "who"));
    add_params(&b, json_object_get(r, "params"));
    (void)snprintf(out, n, "%s", buf_cstr(&b));
    buf_free(&b);
}

/* ---- tasks below the list: no table, nothing is selected ---- */

static void draw_task(struct grid *g, int y, struct rect r, int names, const json_t *task,
                      const char *bar, int64_t now_us)
{
    const char *state = answer_text(task, "state");
    char text[UNIT_TEXT_MAX];
    int x = r.x + 3;
    (void)grid_text(g, y, x, names, STYLE_PLAIN, answer_text(task, "task"));
    x += names + 2;
    (void)grid_put(g, y, x, 1, dag_state_style(state), dag_state_sign(state, g->ascii));
    x += 2;
    double took = dag_took_s(answer_int(task, "started_us"), answer_int(task, "ended_us"), now_us);
    if (!isnan(took))
        grid_text_right(g, y, x, TOOK_WIDTH, STYLE_PLAIN, unit_duration(took, text, sizeof text));
    x += TOOK_WIDTH + 1;
    if (r.w >= 60) {
        int64_t rows = answer_int(task, "rows");
        if (rows != UNKNOWN_INT)
            grid_text_right(g, y, x, ROWS_WIDTH, STYLE_PLAIN, unit_count(rows, text, sizeof text));
        x += ROWS_WIDTH + 1;
    }
    (void)grid_put(g, y, x, 1, STYLE_DIM, g->ascii ? "|" : "▏");
    (void)grid_put(g, y, x + 1, r.x + r.w - x - 1, STYLE_SPARK, bar);
}

static int names_width(const json_t *tasks, bool ascii)
{
    int w = NAME_LEAST;
    for (size_t i = 0; i < json_array_size(tasks); i++) {
        int n = text_width(answer_text(json_array_get(tasks, i), "task"), ascii);
        w = n > w ? n : w;
    }
    return w < NAME_MOST ? w : NAME_MOST;
}

void dags_draw_gantt(const struct screen *s, struct grid *g, struct rect r, const json_t *answer)
{
    const json_t *tasks = json_object_get(answer, "tasks");
    const char *reason = answer_text(json_object_get(answer, "run"), "reason");
    size_t n = json_array_size(tasks);
    int names = names_width(tasks, g->ascii);
    int64_t now = dags_now_us(s);
    int64_t from;
    int64_t to;
    char bar[GANTT_TEXT_MAX];
    char words[600];
    int used = names + 3 + 2 + 2 + TOOK_WIDTH + 1 + (r.w >= 60 ? ROWS_WIDTH + 1 : 0) + 1;
    bool began = gantt_span(answer, now, &from, &to);
    size_t fit = n < (size_t)r.h ? n : (size_t)(r.h > 0 ? r.h - 1 : 0);
    int y = r.y;
    for (size_t i = 0; i < fit; i++) {
        const json_t *t = json_array_get(tasks, i);
        bar[0] = '\0';
        if (began)
            (void)gantt_bar(t, from, to, now, r.w - used - 1, g->ascii, bar);
        draw_task(g, y++, r, names, t, bar, now);
    }
    if (fit < n)
        (void)grid_printf(g, y++, r.x + 3, r.w - 4, STYLE_DIM, "and %zu tasks more", n - fit);
    if (y >= r.y + r.h)
        return;
    dags_run_words(answer, now, g->ascii, words, sizeof words);
    (void)grid_text(g, y++, r.x + 3, r.w - 4, STYLE_DIM, words);
    if (*reason && y < r.y + r.h)
        (void)grid_text(g, y, r.x + 3, r.w - 4, STYLE_BROKEN, reason);
}

/* ---- the tasks of an opened run as a table ---- */

enum {
    COLUMN_TASK,
    COLUMN_STATE,
    COLUMN_TRY,
    COLUMN_TOOK,
    COLUMN_ROWS,
    COLUMN_BAR,
    COLUMN_SHOWN, /* in files: */
    COLUMN_BEGAN = COLUMN_SHOWN,
    COLUMN_ENDED,
    COLUMN_REASON,
    COLUMNS,
};

static const struct table_column columns[] = {
    [COLUMN_TASK] = {.title = "task", .width = 16, .want = 0},
    [COLUMN_STATE] = {.title = "state", .width = 17},
    [COLUMN_TRY] = {.title = "try", .width = 3, .right = true, .rank = 2},
    [COLUMN_TOOK] = {.title = "took", .file = "took_s", .width = 9, .right = true},
    [COLUMN_ROWS] = {.title = "rows", .width = 9, .right = true, .rank = 1},
    [COLUMN_BAR] = {.title = "over time", .file = "", .width = 12, .rank = 3, .stretch = true},
    [COLUMN_BEGAN] = {.title = "began"},
    [COLUMN_ENDED] = {.title = "ended"},
    [COLUMN_REASON] = {.title = "reason"},
};

static const json_t *task_at(const void *ctx, size_t row)
{
    const struct dags_state *st = dags_of(ctx);
    return json_array_get(json_object_get(dags_run_answer(st, st->run_id), "tasks"), row);
}

static const char *key(const void *ctx, size_t row)
{
    return answer_text(task_at(ctx, row), "task");
}

static void put_bar(const struct screen *s, const json_t *task, struct table_cell *out)
{
    const struct dags_state *st = dags_of(s);
    int64_t from;
    int64_t to;
    char bar[GANTT_TEXT_MAX];
    out->style = STYLE_SPARK;
    if (!st->bar_width || !gantt_span(dags_run_answer(st, st->run_id), dags_now_us(s), &from, &to))
        return;
    (void)snprintf(out->text, sizeof out->text, "%s",
                   gantt_bar(task, from, to, dags_now_us(s), st->bar_width, s->ascii, bar));
}

static void cell(const void *ctx, size_t row, int column, struct table_cell *out)
{
    const struct screen *s = ctx;
    const json_t *t = task_at(ctx, row);
    const char *state = answer_text(t, "state");
    size_t n = sizeof out->text;
    out->style = STYLE_PLAIN;
    out->text[0] = '\0';
    switch (column) {
    case COLUMN_TASK:
        cell_text(out, answer_text(t, "task"));
        break;
    case COLUMN_STATE:
        out->style = dag_state_style(state);
        (void)snprintf(out->text, n, "%s %s", dag_state_sign(state, s->ascii), state);
        cell_is_text(out, state);
        break;
    case COLUMN_TRY:
        cell_count(out, answer_int(t, "try"));
        break;
    case COLUMN_TOOK:
        cell_duration(out, dag_took_s(answer_int(t, "started_us"), answer_int(t, "ended_us"),
                                      dags_now_us(s)));
        break;
    case COLUMN_ROWS:
        cell_count(out, answer_int(t, "rows"));
        break;
    case COLUMN_BEGAN:
        cell_day(out, answer_int(t, "started_us"));
        break;
    case COLUMN_ENDED:
        cell_day(out, answer_int(t, "ended_us"));
        break;
    case COLUMN_REASON:
        cell_text(out, answer_text(t, "reason"));
        break;
    default:
        put_bar(s, t, out);
    }
}

/* What has not begun sorts below everything. */
static int compare_took(const json_t *a, const json_t *b)
{
    double x = dag_took_s(answer_int(a, "started_us"), answer_int(a, "ended_us"), INT64_MAX);
    double y = dag_took_s(answer_int(b, "started_us"), answer_int(b, "ended_us"), INT64_MAX);
    if (isnan(x) || isnan(y))
        return (isnan(y) ? 1 : 0) - (isnan(x) ? 1 : 0);
    return x < y ? -1 : x > y;
}

static int compare(const void *ctx, size_t x, size_t y, int column)
{
    const json_t *a = task_at(ctx, x);
    const json_t *b = task_at(ctx, y);
    switch (column) {
    case COLUMN_STATE:
        return strcmp(answer_text(a, "state"), answer_text(b, "state"));
    case COLUMN_TRY:
        return table_compare_int(answer_int(a, "try"), answer_int(b, "try"));
    case COLUMN_TOOK:
        return compare_took(a, b);
    case COLUMN_ROWS:
        return table_compare_int(answer_int(a, "rows"), answer_int(b, "rows"));
    case COLUMN_BAR:
        return table_compare_int(answer_int(a, "started_us"), answer_int(b, "started_us"));
    default:
        return strcmp(answer_text(a, "task"), answer_text(b, "task"));
    }
}

void dags_tasks_model(const struct screen *s, struct table_model *m)
{
    const struct dags_state *st = dags_of(s);
    dags_look_back(s);
    const json_t *answer = dags_run_answer(st, st->run_id);
    *m = (struct table_model){
        .columns = columns,
        .column_count = COLUMN_SHOWN,
        .file_columns = COLUMNS - COLUMN_SHOWN,
        .rows = json_array_size(json_object_get(answer, "tasks")),
        .ctx = s,
        .key = key,
        .cell = cell,
        .compare = compare,
        .empty = st->why[0] ? st->why
                 : answer   ? (s->shown_us ? "there was no such run yet" : "it has not begun")
                            : "asking the engine ..",
    };
}

/* Why the selected task is as it is. */
static const char *reason_of_selected(const struct screen *s)
{
    size_t row;
    const char *text = table_selected(&dags_of(s)->tasks_table, &row)
                           ? answer_text(task_at(s, row), "reason")
                           : "";
    return text;
}

static void draw_tasks(struct screen *s, struct grid *g, struct rect r)
{
    struct dags_state *st = dags_of(s);
    struct table_model m;
    int fits[TABLE_COLUMNS_MAX];
    int widths[TABLE_COLUMNS_MAX];
    dags_tasks_model(s, &m);
    int n = table_fit(&m, r.w, fits, widths);
    for (int i = 0; i < n; i++)
        if (fits[i] == COLUMN_BAR)
            st->bar_width = widths[i];
    table_draw(g, r, &m, &st->tasks_table, true);
    st->bar_width = 0; /* elsewhere the bars are no text: not in a filter, not in a file */
}

void dags_render_run(struct screen *s, struct grid *g, struct rect r)
{
    struct dags_state *st = dags_of(s);
    const json_t *answer = dags_run_answer(st, st->run_id);
    const json_t *run = json_object_get(answer, "run");
    char text[700];
    if (st->graph) {
        dags_render_dag(s, g, r);
        return;
    }
    (void)snprintf(text, sizeof text, "%.300s, run %lld%s%s", s->object, (long long)st->run_id,
                   run ? ", data of " : "", answer_text(run, "business_date"));
    int y = r.h > 3 ? draw_section(g, r, r.y, text) : r.y;
    const char *reason = answer_text(run, "reason");
    if (run && r.h > 5) {
        dags_run_words(answer, dags_now_us(s), g->ascii, text, sizeof text);
        (void)grid_text(g, y++, r.x + 1, r.w - 2, STYLE_PLAIN, text);
    }
    if (*reason && r.h > 6)
        (void)grid_text(g, y++, r.x + 1, r.w - 2, STYLE_BROKEN, reason);
    if (st->why[0] && r.h > 6)
        (void)grid_text(g, y++, r.x + 1, r.w - 2, STYLE_BROKEN, st->why);
    const char *why = reason_of_selected(s);
    int below = *why && r.h > 8 ? 2 : 0;
    draw_tasks(s, g, (struct rect){y, r.x, r.y + r.h - below - y, r.w});
    if (below) {
        size_t next;
        size_t n = wrap_row(why, r.w - 4, g->ascii, &next);
        (void)grid_printf(g, r.y + r.h - 2, r.x + 3, r.w - 4, STYLE_DIM, "%.*s", (int)n, why);
        (void)grid_text(g, r.y + r.h - 1, r.x + 3, r.w - 4, STYLE_DIM, why + next);
    }
}

/* ---- a log ---- */

static int draw_log_head(struct screen *s, struct grid *g, struct rect r)
{
    const struct dags_state *st = dags_of(s);
    const json_t *task = dags_task_answer(st);
    const json_t *tries = json_object_get(task, "tries");
    long long attempt = (long long)dags_attempt(st);
    const json_t *one = json_array_get(tries, (size_t)(attempt > 0 ? attempt - 1 : 0));
    char title[2 * TABLE_KEY_MAX + 96];
    const char *state = answer_text(one, "state");
    int y = r.y;
    if (r.h < 3)
        return y;
    (void)snprintf(title, sizeof title, "%s, run %lld, task %s, try %lld of %zu%s%s%s%s", s->object,
                   (long long)st->run_id, st->task, attempt, json_array_size(tries),
                   *state ? ": " : "", *state ? dag_state_sign(state, g->ascii) : "",
                   *state ? " " : "", state);
    y = draw_section(g, r, y, title);
    if (*answer_text(one, "reason") && r.h > 5)
        (void)grid_text(g, y++, r.x + 1, r.w - 2, STYLE_ATTENTION, answer_text(one, "reason"));
    if (st->why[0] && r.h > 5)
        (void)grid_text(g, y++, r.x + 1, r.w - 2, STYLE_BROKEN, st->why);
    return y;
}

static const char *empty_words(const struct dags_state *st)
{
    const json_t *task = dags_task_answer(st);
    if (task && !dags_attempt(st))
        return "it has not begun";
    if (!st->log.known)
        return "asking the engine ..";
    return st->log.ended ? "it wrote nothing" : "it has written nothing yet";
}

void dags_render_task(struct screen *s, struct grid *g, struct rect r)
{
    struct dags_state *st = dags_of(s);
    bool times = r.w >= 60;
    int y = draw_log_head(s, g, r);
    struct rect text = {y, r.x, r.y + r.h - y, r.w};
    size_t n = dag_log_wrap(&st->log, r.w - 3 - (times ? 9 : 0), g->ascii);
    if (s->shown_us)
        n = dag_log_rows_until(&st->log, s->shown_us);
    if (text.h < 1)
        return;
    s->scroll_max = n > (size_t)text.h ? n - (size_t)text.h : 0;
    if (st->follow || s->scroll > s->scroll_max)
        s->scroll = s->scroll_max;
    if (!n)
        (void)grid_text(g, y, r.x + 1, r.w - 2, STYLE_DIM, empty_words(st));
    if ((size_t)text.h > n - s->scroll)
        text.h = (int)(n - s->scroll);
    dag_log_draw(&st->log, g, text, s->scroll, st->found, times);
    if (s->scroll < s->scroll_max)
        (void)grid_put(g, r.y + r.h - 1, r.x + r.w - 1, 1, STYLE_DIM, g->ascii ? "v" : "▼");
}
