/*
 * Pane 9: SQL from the console. An editor, the rows below, saved queries and the history beside.
 *
 * The pane asks by EFFECT_QUERY, which the shell answers itself (console/tui_query), not the
 * engine: query.run, query.more, query.cancel, query.export, query.complete, query.list,
 * query.save. Answers come to take(); query.page of a run that is no longer ours is dropped.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "views/pane.h"
#include "views/query_chart.h"
#include "views/query_edit.h"

enum focus { FOCUS_EDITOR, FOCUS_RESULT, FOCUS_SAVED };
enum { PROMPT_SAVE = 1, PROMPT_WRITE };

struct query_state {
    enum focus focus;
    struct query_edit edit;
    struct query_result result;
    struct query_chart chart;
    bool running;
    bool asked_more;
    bool failed;
    bool source; /* whom it asks; else the warehouse */
    int64_t run; /* the newest */
    int64_t started_us;
    char *ran;        /* the text of that run */
    char *words;      /* what came of it, or the error */
    char *candidates; /* of the last completion; NULL: none */
    int column;       /* the first one behind the frozen one */
    json_t *saved;    /* [{name, text, saved}] */
    char key[32];
};

static struct query_state *state_of(const struct screen *s)
{
    return PANE_STATE(s, PANE_QUERY, struct query_state);
}

static void init_state(struct screen *s, void *state)
{
    struct query_state *q = state;
    (void)s;
    query_edit_init(&q->edit);
    q->column = 1;
}

static void free_state(void *state)
{
    struct query_state *q = state;
    query_edit_free(&q->edit);
    query_result_free(&q->result);
    json_decref(q->saved);
    free(q->ran);
    free(q->words);
    free(q->candidates);
}

static context_t where(const struct screen *s)
{
    static const context_t contexts[] = {
        [FOCUS_EDITOR] = CONTEXT_QUERY,
        [FOCUS_RESULT] = CONTEXT_RESULT,
        [FOCUS_SAVED] = CONTEXT_SAVED,
    };
    return contexts[state_of(s)->focus];
}

static void set_text(char **to, const char *text)
{
    free(*to);
    *to = text ? strdup(text) : NULL;
}

/* ---- tables ---- */

static const char *result_key(const void *ctx, size_t row)
{
    struct query_state *q = state_of(ctx);
    (void)snprintf(q->key, sizeof q->key, "%zu", q->result.gone + row + 1);
    return q->key;
}

static void result_cell(const void *ctx, size_t row, int column, struct table_cell *out)
{
    const char *text = query_result_cell(&state_of(ctx)->result, row, column);
    out->style = text ? STYLE_PLAIN : STYLE_DIM;
    (void)snprintf(out->text, sizeof out->text, "%s", text ? text : "null");
}

static int result_compare(const void *ctx, size_t a, size_t b, int column)
{
    const struct query_result *r = &state_of(ctx)->result;
    const char *x = query_result_cell(r, a, column);
    const char *y = query_result_cell(r, b, column);
    if (!x || !y)
        return (x != NULL) - (y != NULL);
    if (!r->columns[column].right)
        return strcmp(x, y);
    double p = strtod(x, NULL);
    double q = strtod(y, NULL);
    return (p > q) - (p < q);
}

static const struct table_column saved_columns[] = {
    {.title = "name", .width = 24},
    {.title = "query", .width = 30, .stretch = true},
};

static const json_t *saved_item(const void *ctx, size_t row)
{
    return json_array_get(state_of(ctx)->saved, row);
}

static const char *saved_text(const void *ctx, size_t row, const char *member)
{
    const char *s = json_string_value(json_object_get(saved_item(ctx, row), member));
    return s ? s : "";
}

static const char *saved_key(const void *ctx, size_t row)
{
    struct query_state *q = state_of(ctx);
    (void)snprintf(q->key, sizeof q->key, "%zu", row);
    return q->key;
}

static void saved_cell(const void *ctx, size_t row, int column, struct table_cell *out)
{
    out->style = STYLE_PLAIN;
    (void)snprintf(out->text, sizeof out->text, "%s",
                   saved_text(ctx, row, column ? "text" : "name"));
}

static void model(const struct screen *s, struct table_model *m)
{
    const struct query_state *q = state_of(s);
    if (q->focus == FOCUS_SAVED)
        *m = (struct table_model){.columns = saved_columns,
                                  .column_count = 2,
                                  .rows = json_array_size(q->saved),
                                  .ctx = s,
                                  .key = saved_key,
                                  .cell = saved_cell,
                                  .empty = "no saved query yet: w keeps the one in the editor"};
    else
        *m = (struct table_model){.columns = q->result.columns,
                                  .column_count = q->result.n_columns,
                                  .rows = q->result.rows,
                                  .ctx = s,
                                  .key = result_key,
                                  .cell = result_cell,
                                  .compare = result_compare,
                                  .empty = "no rows"};
}

/* The table shows something else now: nothing of the old selection counts. */
static void reset_table(struct screen *s)
{
    struct table_state *t = &s->tables[PANE_QUERY];
    struct table_model m;
    t->key[0] = t->filter[0] = '\0';
    t->selected = t->top = 0;
    t->sort = -1;
    t->descending = false;
    model(s, &m);
    screen_update_table(s, t, &m);
}

static void set_focus(struct screen *s, enum focus focus)
{
    struct query_state *q = state_of(s);
    bool other = (q->focus == FOCUS_SAVED) != (focus == FOCUS_SAVED);
    q->focus = focus;
    set_text(&q->candidates, NULL);
    if (other)
        reset_table(s);
}

/* ---- asking ---- */

static void ask(struct effect *out, const char *method, json_t *params)
{
    *out = (struct effect){.kind = EFFECT_QUERY, .method = method, .params = params};
}

/* Only what is no change where the console only looks. */
static bool read_only(const struct screen *s)
{
    return screen_why_not(s) != NULL;
}

static void run(struct screen *s, const char *text, struct effect *out)
{
    struct query_state *q = state_of(s);
    if (q->running) {
        screen_say(s, STYLE_ATTENTION, "a query runs: Ctrl-C cancels it");
        return;
    }
    q->run++;
    q->running = true;
    q->failed = false;
    q->asked_more = false;
    q->started_us = s->now_us;
    char *copy = strdup(text);
    free(q->ran);
    q->ran = copy;
    set_text(&q->words, NULL);
    ask(out, "query.run",
        json_pack("{s:I, s:s, s:b, s:b}", "run", (json_int_t)q->run, "sql", text, "source",
                  (int)q->source, "read_only", (int)read_only(s)));
}

static bool is_command(const char *text, const char *name, const char **rest)
{
    size_t n = strlen(name);
    text += strspn(text, " \t\n");
    if (*text != '\\' || strncmp(text + 1, name, n) != 0)
        return false;
    *rest = text + 1 + n;
    return strchr(" \t\n;", **rest) != NULL; /* also at the end */
}

static void switch_side(struct screen *s, bool source)
{
    struct query_state *q = state_of(s);
    q->source = source;
    screen_say(s, STYLE_PLAIN, "queries go to the %s", source ? "source" : "warehouse");
}

/* What begins with a backslash is for the pane itself. */
static void command(struct screen *s, const char *text)
{
    struct query_state *q = state_of(s);
    struct query_chart chart;
    const char *rest;
    char why[160];
    if (is_command(text, "chart", &rest)) {
        if (query_chart_read(rest, &chart, why, sizeof why))
            q->chart = chart;
        else
            screen_say(s, STYLE_ATTENTION, "%s", why);
    } else if (is_command(text, "source", &rest)) {
        switch_side(s, true);
    } else if (is_command(text, "warehouse", &rest)) {
        switch_side(s, false);
    } else {
        screen_say(
            s, STYLE_ATTENTION,
            "here are \\chart TYPE X Y.., \\chart off, \\source, \\warehouse; `flightdeck sql` "
            "has the others");
        return;
    }
    query_edit_set(&q->edit, "");
}

/* Enter: a statement that has its semicolon runs. An open quote goes on. */
static bool is_whole(const char *text)
{
    size_t n = strlen(text);
    int quotes = 0;
    for (size_t i = 0; i < n; i++)
        quotes += text[i] == '\'';
    while (n && strchr(" \t\n", text[n - 1]))
        n--;
    return n && text[n - 1] == ';' && quotes % 2 == 0;
}

static void enter(struct screen *s, bool always, struct effect *out)
{
    struct query_state *q = state_of(s);
    const char *text = buf_cstr(&q->edit.text);
    if (text[strspn(text, " \t\n")] == '\\') {
        command(s, text);
    } else if (text[strspn(text, " \t\n;")] == '\0') {
        if (q->ran && always)
            run(s, q->ran, out);
    } else if (always || is_whole(text)) {
        run(s, text, out);
    } else {
        (void)query_edit_key(&q->edit, '\n');
    }
}

static void complete(const struct query_state *q, struct effect *out)
{
    ask(out, "query.complete",
        json_pack("{s:s%, s:I, s:b}", "text", q->edit.text.p, q->edit.text.len, "point",
                  (json_int_t)q->edit.at, "source", (int)q->source));
}

/* ---- keys ---- */

static bool type(struct screen *s, uint32_t key, struct effect *out)
{
    struct query_state *q = state_of(s);
    if (q->focus != FOCUS_EDITOR)
        return false;
    bool empty = q->edit.text.len == 0;
    if (empty && key >= '0' && key <= '9') /* no statement begins so: another pane is meant */
        return false;
    if (empty && (key == VK_TAB || key == VK_BACKTAB)) {
        int to = (int)s->pane + (key == VK_TAB ? 1 : PANE_COUNT - 1);
        screen_open(s, (enum pane_id)(to % PANE_COUNT), NULL);
        return true;
    }
    set_text(&q->candidates, NULL);
    if (key == VK_ENTER)
        enter(s, false, out);
    else if (key == VK_TAB)
        complete(q, out);
    else if (key == VK_PAGE_DOWN)
        set_focus(s, FOCUS_RESULT);
    else
        (void)query_edit_key(&q->edit, key);
    return true;
}

/* Rows that the server still has, when the end of those that are held comes near. */
static void want_more(struct screen *s, struct effect *out)
{
    struct query_state *q = state_of(s);
    const struct table_state *t = &s->tables[PANE_QUERY];
    if (!q->result.more || q->asked_more || t->filter[0] ||
        t->selected + (size_t)s->h < q->result.rows)
        return;
    q->asked_more = true;
    ask(out, "query.more", json_pack("{s:I}", "run", (json_int_t)q->run));
}

static void cancel(struct screen *s, struct effect *out)
{
    struct query_state *q = state_of(s);
    if (q->running || q->result.more) {
        ask(out, "query.cancel", json_pack("{s:I}", "run", (json_int_t)q->run));
    } else if (q->focus == FOCUS_EDITOR && q->edit.text.len) {
        query_edit_set(&q->edit, "");
    } else {
        screen_say(s, STYLE_PLAIN, "nothing runs; Esc and q leave the console");
    }
}

static bool open_saved(struct screen *s)
{
    struct query_state *q = state_of(s);
    size_t row;
    if (!table_selected(&s->tables[PANE_QUERY], &row))
        return true;
    query_edit_set(&q->edit, saved_text(s, row, "text"));
    set_focus(s, FOCUS_EDITOR);
    return true;
}

static bool go_back(struct screen *s)
{
    struct query_state *q = state_of(s);
    struct table_state *t = &s->tables[PANE_QUERY];
    struct table_model m;
    if (q->focus != FOCUS_EDITOR && t->filter[0]) {
        t->filter[0] = '\0';
        model(s, &m);
        screen_update_table(s, t, &m);
    } else if (q->focus == FOCUS_RESULT && q->chart.kind != QUERY_CHART_NONE) {
        q->chart.kind = QUERY_CHART_NONE;
    } else if (q->focus == FOCUS_RESULT) {
        return false;
    } else {
        set_focus(s, FOCUS_RESULT);
    }
    return true;
}

static void toggle_chart(struct screen *s)
{
    struct query_state *q = state_of(s);
    if (q->chart.kind != QUERY_CHART_NONE)
        q->chart.kind = QUERY_CHART_NONE;
    else
        query_chart_guess(&q->result, &q->chart);
}

static void scroll_columns(struct query_state *q, int by)
{
    int to = q->column + by;
    q->column = to < 1 ? 1 : to < q->result.n_columns ? to : q->column;
}

/* Moves as everywhere, and looks whether further rows are wanted. */
static bool move(struct screen *s, enum action a, struct effect *out)
{
    struct table_model m;
    long page = s->h > 8 ? s->h / 2 : 1;
    long by = a == ACTION_DOWN ? 1 : a == ACTION_PAGE_DOWN ? page : 1L << 30;
    model(s, &m);
    table_move(&s->tables[PANE_QUERY], &m, by);
    if (state_of(s)->focus == FOCUS_RESULT)
        want_more(s, out);
    return true;
}

static bool act(struct screen *s, enum action a, struct effect *out)
{
    struct query_state *q = state_of(s);
    switch (a) {
    case ACTION_EDIT_QUERY:
        set_focus(s, FOCUS_EDITOR);
        return true;
    case ACTION_RUN_QUERY:
        enter(s, true, out);
        return true;
    case ACTION_STOP_QUERY:
        cancel(s, out);
        return true;
    case ACTION_CHART:
        toggle_chart(s);
        return true;
    case ACTION_SAVED:
        set_focus(s, FOCUS_SAVED);
        ask(out, "query.list", NULL);
        return true;
    case ACTION_SAVE_QUERY:
        screen_prompt(s, PROMPT_SAVE, "save the query as", "");
        return true;
    case ACTION_OTHER_SIDE:
        switch_side(s, !q->source);
        return true;
    case ACTION_COLUMN_LEFT:
    case ACTION_COLUMN_RIGHT:
        scroll_columns(q, a == ACTION_COLUMN_LEFT ? -1 : 1);
        return true;
    case ACTION_OPEN:
        return q->focus == FOCUS_SAVED && open_saved(s);
    case ACTION_BACK:
        return go_back(s);
    case ACTION_DOWN:
    case ACTION_PAGE_DOWN:
    case ACTION_BOTTOM:
        return move(s, a, out);
    case ACTION_EXPORT:
        if (q->focus != FOCUS_RESULT)
            return false;
        screen_prompt(s, PROMPT_WRITE, "write all rows to (.csv, .json, .jsonl, .md)", "query.csv");
        return true;
    default:
        return false;
    }
}

static bool can(const struct screen *s, enum action a)
{
    const struct query_state *q = state_of(s);
    switch (a) {
    case ACTION_STOP_QUERY:
        return q->running || q->result.more;
    case ACTION_RUN_QUERY:
        return !q->running && (q->edit.text.len || q->ran);
    case ACTION_CHART:
    case ACTION_COLUMN_RIGHT:
        return q->result.rows > 0;
    case ACTION_SAVE_QUERY:
        return q->ran || q->edit.text.len;
    case ACTION_OPEN:
        return q->focus == FOCUS_SAVED && s->tables[PANE_QUERY].n > 0;
    default:
        return true;
    }
}

/* The editor's text, else what ran last. */
static const char *current_text(struct query_state *q)
{
    return q->edit.text.len ? buf_cstr(&q->edit.text) : q->ran ? q->ran : "";
}

static void answered(struct screen *s, int prompt, const char *text, struct effect *out)
{
    struct query_state *q = state_of(s);
    if (!*text)
        return;
    if (prompt == PROMPT_SAVE)
        ask(out, "query.save", json_pack("{s:s, s:s}", "name", text, "sql", current_text(q)));
    else if (q->running || !q->ran)
        screen_say(s, STYLE_ATTENTION,
                   q->running ? "a query runs: Ctrl-C cancels it" : "no query has run yet");
    else {
        q->run++;
        q->running = true;
        q->started_us = s->now_us;
        q->result.more = false; /* the cursor of the rows on screen ends */
        ask(out, "query.export",
            json_pack("{s:I, s:s, s:s, s:b, s:b}", "run", (json_int_t)q->run, "sql", q->ran, "path",
                      text, "source", (int)q->source, "read_only", (int)read_only(s)));
    }
}

static bool copy(struct screen *s, struct buf *out)
{
    const struct query_state *q = state_of(s);
    size_t row;
    if (q->focus != FOCUS_RESULT || !table_selected(&s->tables[PANE_QUERY], &row))
        return false;
    for (int i = 0; i < q->result.n_columns; i++) {
        const char *text = query_result_cell(&q->result, row, i);
        buf_printf(out, "%s%s", i ? "\t" : "", text ? text : "");
    }
    return true;
}

/* ---- answers ---- */

static const char *member(const json_t *o, const char *name)
{
    const char *s = json_string_value(json_object_get(o, name));
    return s ? s : "";
}

static void take_page(struct screen *s, const struct answer *a)
{
    struct query_state *q = state_of(s);
    if (json_integer_value(json_object_get(a->params, "run")) != q->run)
        return;
    bool first = json_object_get(a->result, "columns") != NULL;
    q->running = json_is_true(json_object_get(a->result, "running"));
    q->asked_more = false;
    q->failed = a->code != ERR_OK;
    if (q->failed)
        q->result.more = false;
    set_text(&q->words, q->failed ? a->text : member(a->result, "words"));
    if (!q->failed && json_object_get(a->result, "rows") &&
        !query_result_take(&q->result, a->result))
        screen_say(s, STYLE_BROKEN, "no memory for the rows");
    if (first && !q->failed) {
        q->column = 1;
        reset_table(s);
    }
}

static void take_candidates(struct screen *s, const json_t *result)
{
    struct query_state *q = state_of(s);
    const json_t *items = json_object_get(result, "items");
    size_t start = (size_t)json_integer_value(json_object_get(result, "start"));
    struct buf b;
    if (!json_array_size(items) || start > q->edit.at)
        return;
    query_edit_replace(&q->edit, start, member(result, "common"));
    if (json_array_size(items) == 1)
        return;
    buf_init(&b, 0);
    for (size_t i = 0; i < json_array_size(items); i++)
        buf_printf(&b, "%s%s", i ? "  " : "", json_string_value(json_array_get(items, i)));
    set_text(&q->candidates, buf_cstr(&b));
    buf_free(&b);
}

static void take_history(struct query_state *q, const json_t *list)
{
    size_t n = json_array_size(list);
    char **history = calloc(n + 1, sizeof *history);
    size_t kept = 0;
    for (size_t i = 0; history && i < n; i++) {
        const char *text = json_string_value(json_array_get(list, i));
        history[kept] = strdup(text ? text : "");
        kept += history[kept] != NULL;
    }
    if (history)
        query_edit_take_history(&q->edit, history, kept);
}

static void take(struct screen *s, const struct answer *a)
{
    struct query_state *q = state_of(s);
    if (strncmp(a->method, "query.", 6) != 0)
        return;
    if (!strcmp(a->method, "query.page")) {
        take_page(s, a);
    } else if (!strcmp(a->method, "query.complete")) {
        take_candidates(s, a->result);
    } else if (!strcmp(a->method, "query.history")) {
        take_history(q, a->result);
    } else if (a->code) {
        screen_say(s, STYLE_BROKEN, "%s", a->text);
    } else if (!strcmp(a->method, "query.list")) {
        json_decref(q->saved);
        q->saved = json_incref((json_t *)a->result);
    } else if (!strcmp(a->method, "query.save")) {
        screen_say(s, STYLE_PLAIN, "saved: %s", member(a->result, "path"));
    }
}

/* ---- drawing ---- */

static void draw_cell(struct grid *g, int y, int x, int w, bool right, const char *text,
                      uint16_t style)
{
    const char *shown = text ? text : "null";
    if (!text)
        style |= STYLE_DIM;
    if (right && text_width(shown, g->ascii) <= w)
        grid_text_right(g, y, x, w, style, shown);
    else
        (void)grid_text(g, y, x, w, style, shown);
}

/* One row (row < 0: the titles): the first column stands, the others begin at q->column. */
static void draw_row(const struct query_state *q, struct grid *g, struct rect r, int y, long row)
{
    const struct query_result *t = &q->result;
    int x = r.x + 2;
    for (int i = 0; i < t->n_columns && x < r.x + r.w; i = i ? i + 1 : q->column) {
        const struct table_column *c = &t->columns[i];
        int w = c->width < r.x + r.w - x ? c->width : r.x + r.w - x;
        if (row < 0)
            draw_cell(g, y, x, w, c->right, c->title, STYLE_HEADER);
        else
            draw_cell(g, y, x, w, c->right, query_result_cell(t, (size_t)row, i), STYLE_PLAIN);
        x += w + 2;
    }
}

static void draw_rows(struct screen *s, struct grid *g, struct rect r)
{
    const struct query_state *q = state_of(s);
    struct table_state *t = &s->tables[PANE_QUERY];
    size_t room = r.h > 1 ? (size_t)r.h - 1 : 0;
    if (t->selected < t->top)
        t->top = t->selected;
    if (room && t->selected >= t->top + room)
        t->top = t->selected - room + 1;
    draw_row(q, g, r, r.y, -1);
    for (size_t i = 0; i < room && t->top + i < t->n; i++) {
        int y = r.y + 1 + (int)i;
        draw_row(q, g, r, y, (long)t->order[t->top + i]);
        if (t->top + i == t->selected && q->focus == FOCUS_RESULT) {
            (void)grid_put(g, y, r.x, 1, STYLE_PLAIN, ">");
            grid_mark(g, (struct rect){y, r.x, 1, r.w}, STYLE_SELECTED);
        }
    }
}

static int draw_words(struct grid *g, struct rect r, const char *words, uint16_t style)
{
    int y = r.y;
    for (const char *p = words; *p && y < r.y + r.h; y++) {
        size_t n = strcspn(p, "\n");
        char line[512];
        (void)snprintf(line, sizeof line, "%.*s", (int)n, p);
        (void)grid_text(g, y, r.x + 2, r.w - 2, style, line);
        p += n + (p[n] == '\n');
    }
    return y;
}

static void result_title(const struct screen *s, char *out, size_t n)
{
    const struct query_state *q = state_of(s);
    const struct table_state *t = &s->tables[PANE_QUERY];
    if (q->running)
        (void)snprintf(out, n, "Running %lld s, Ctrl-C cancels",
                       (long long)((s->now_us - q->started_us) / 1000000));
    else if (q->failed)
        (void)snprintf(out, n, "Failed");
    else if (!q->result.n_columns)
        (void)snprintf(out, n, "Result");
    else
        (void)snprintf(out, n, "Rows %zu to %zu%s%s%s%s", q->result.gone + (q->result.rows ? 1 : 0),
                       q->result.gone + q->result.rows, q->result.more ? " of more" : "",
                       t->filter[0] ? " that contain " : "", t->filter,
                       q->result.gone ? "; those before were let go" : "");
}

static void draw_result(struct screen *s, struct grid *g, struct rect r)
{
    struct query_state *q = state_of(s);
    char title[TABLE_FILTER_MAX + 96];
    char why[160];
    struct rect below = r;
    result_title(s, title, sizeof title);
    if (r.h > 2)
        below.y = draw_section(g, r, r.y, title);
    if (q->words && *q->words)
        below.y = draw_words(g, (struct rect){below.y, r.x, r.h / 2, r.w}, q->words,
                             q->failed ? STYLE_BROKEN : STYLE_DIM);
    below.h = r.y + r.h - below.y;
    if (below.h < 1 || !q->result.n_columns)
        return;
    if (q->chart.kind == QUERY_CHART_NONE)
        draw_rows(s, g, below);
    else if (!query_chart_draw(&q->chart, &q->result, g, below, s->glyphs, why, sizeof why))
        (void)grid_text(g, below.y, below.x + 2, below.w - 2, STYLE_ATTENTION, why);
}

static void draw_saved(struct screen *s, struct grid *g, struct rect r)
{
    struct table_model m;
    int y = draw_section(g, r, r.y, "Saved queries and the history");
    model(s, &m);
    table_draw(g, (struct rect){y, r.x, r.y + r.h - y, r.w}, &m, &s->tables[PANE_QUERY], true);
}

static void render(struct screen *s, struct grid *g, struct rect r)
{
    struct query_state *q = state_of(s);
    char title[160];
    int most = r.h / 3 > 3 ? r.h / 3 : r.h < 8 ? 1 : 3;
    int lines = query_edit_lines(&q->edit);
    int h = lines < most ? (lines < 3 && most >= 3 ? 3 : lines) : most;
    bool editor = q->focus == FOCUS_EDITOR && s->mode == MODE_BROWSE;
    (void)snprintf(title, sizeof title, "Query of the %s%s%s", q->source ? "source" : "warehouse",
                   read_only(s) ? ", reading only" : "",
                   editor ? "; Enter behind ; runs, Tab completes, Esc to the rows"
                          : "; i or Tab to type");
    int y = r.h > 4 ? draw_section(g, r, r.y, title) : r.y;
    query_edit_draw(&q->edit, g, (struct rect){y, r.x + 1, h, r.w - 1}, editor);
    y += h;
    if (q->candidates && y < r.y + r.h)
        (void)grid_text(g, y, r.x + 1, r.w - 1, STYLE_DIM, q->candidates);
    y += q->candidates ? 1 : 0;
    struct rect below = {y, r.x, r.y + r.h - y, r.w};
    if (below.h < 1)
        return;
    if (q->focus == FOCUS_SAVED)
        draw_saved(s, g, below);
    else
        draw_result(s, g, below);
}

static void render_detail(struct screen *s, struct grid *g, struct rect r)
{
    render(s, g, r); /* rows do not open */
}

static int64_t next_change_us(const struct screen *s)
{
    const struct query_state *q = state_of(s);
    int64_t ran = s->now_us - q->started_us;
    return q->running ? s->now_us + 1000000 - ran % 1000000 : INT64_MAX;
}

bool pane_query_wants_interrupt(const struct screen *s)
{
    return s->pane == PANE_QUERY;
}

const struct pane pane_query = {
    .name = "Query",
    .aliases = "query sql",
    .key = '9',
    .context = CONTEXT_QUERY,
    .needs_no_snapshot = true,
    .state_size = sizeof(struct query_state),
    .init_state = init_state,
    .free_state = free_state,
    .where = where,
    .model = model,
    .render = render,
    .render_detail = render_detail,
    .take = take,
    .can = can,
    .act = act,
    .answered = answered,
    .type = type,
    .copy = copy,
    .next_change_us = next_change_us,
};
