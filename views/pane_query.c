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

#include "views/query_state.h"

enum { PROMPT_SAVE = 1, PROMPT_WRITE, PROMPT_AGAIN };

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
    return contexts[query_state_of(s)->focus];
}

static void set_text(char **to, const char *text)
{
    free(*to);
    *to = text ? strdup(text) : NULL;
}

/* ---- tables ---- */

static const char *result_key(const void *ctx, size_t row)
{
    struct query_state *q = query_state_of(ctx);
    (void)snprintf(q->key, sizeof q->key, "%zu", q->result.gone + row + 1);
    return q->key;
}

static void result_cell(const void *ctx, size_t row, int column, struct table_cell *out)
{
    const char *text = query_result_cell(&query_state_of(ctx)->result, row, column);
    out->style = text ? STYLE_PLAIN : STYLE_DIM;
    (void)snprintf(out->text, sizeof out->text, "%s", text ? text : "null");
}

static int result_compare(const void *ctx, size_t a, size_t b, int column)
{
    const struct query_result *r = &query_state_of(ctx)->result;
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
    return json_array_get(query_state_of(ctx)->saved, row);
}

static const char *saved_text(const void *ctx, size_t row, const char *member)
{
    const char *s = json_string_value(json_object_get(saved_item(ctx, row), member));
    return s ? s : "";
}

static const char *saved_key(const void *ctx, size_t row)
{
    struct query_state *q = query_state_of(ctx);
    (void)snprintf(q->key, sizeof q->key, "%zu", row);
    return q->key;
}

static void saved_cell(const void *ctx, size_t row, int column, struct table_cell *out)
{
    const char *why = saved_text(ctx, row, "why"); /* it does not open */
    out->style = *why ? STYLE_DIM : STYLE_PLAIN;
    (void)snprintf(out->text, sizeof out->text, "%s",
                   column && *why ? why : saved_text(ctx, row, column ? "text" : "name"));
}

static int saved_compare(const void *ctx, size_t a, size_t b, int column)
{
    const char *member = column ? "text" : "name";
    return strcmp(saved_text(ctx, a, member), saved_text(ctx, b, member));
}

void query_model(const struct screen *s, struct table_model *m)
{
    const struct query_state *q = query_state_of(s);
    if (q->focus == FOCUS_SAVED)
        *m = (struct table_model){.columns = saved_columns,
                                  .column_count = 2,
                                  .rows = json_array_size(q->saved),
                                  .ctx = s,
                                  .key = saved_key,
                                  .cell = saved_cell,
                                  .compare = saved_compare,
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
    query_model(s, &m);
    screen_update_table(s, t, &m);
}

static void set_focus(struct screen *s, enum focus focus)
{
    struct query_state *q = query_state_of(s);
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

bool query_read_only(const struct screen *s)
{
    return screen_why_not(s) != NULL;
}

/* What is asked with every run of a text. */
static json_t *run_params(const struct screen *s, const char *text, bool read_only)
{
    const struct query_state *q = query_state_of(s);
    bool only = query_read_only(s);
    return json_pack("{s:I, s:s, s:b, s:b, s:b}", "run", (json_int_t)q->run, "sql", text, "source",
                     (int)q->source, "read_only", (int)(only || read_only), "expired",
                     (int)(only && s->link == LINK_UP && !s->past_us));
}

/* again: what has run already, which must not change anything a second time. */
static void run(struct screen *s, const char *text, bool again, struct effect *out)
{
    struct query_state *q = query_state_of(s);
    if (q->running) {
        screen_say(s, STYLE_ATTENTION, "a query runs: Ctrl-C cancels it");
        return;
    }
    q->run++;
    q->running = true;
    q->failed = q->canceling = q->exports = false;
    q->changed = true; /* until its answer says otherwise: it may be lost */
    q->asked_more = false;
    q->started_us = s->now_us;
    char *copy = strdup(text);
    free(q->ran);
    q->ran = copy;
    set_text(&q->words, NULL);
    ask(out, "query.run", run_params(s, q->ran ? q->ran : "", again)); /* text may have been it */
}

/* With nothing typed: only what reads runs once more. */
static void run_again(struct screen *s, struct effect *out)
{
    struct query_state *q = query_state_of(s);
    if (q->running || !q->changed)
        run(s, q->ran, true, out);
    else
        screen_say(s, STYLE_ATTENTION,
                   "the last query may have changed data: it does not run again by itself (Ctrl-P "
                   "brings it back)");
}

/* The same text once more is asked about where the first run may have changed something. */
static void run_typed(struct screen *s, const char *text, struct effect *out)
{
    struct query_state *q = query_state_of(s);
    if (!q->running && q->changed && q->ran && !strcmp(text, q->ran)) {
        const struct question question = {
            .prompt = PROMPT_AGAIN,
            .label = "run it again",
            .preview = "This text has run already and may have changed data."};
        screen_ask_first(s, &question);
    } else {
        run(s, text, false, out);
    }
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
    struct query_state *q = query_state_of(s);
    q->source = source;
    screen_say(s, STYLE_PLAIN, "queries go to the %s", source ? "source" : "warehouse");
}

/* What begins with a backslash is for the pane itself. */
static void command(struct screen *s, const char *text)
{
    struct query_state *q = query_state_of(s);
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
    struct query_state *q = query_state_of(s);
    const char *text = buf_cstr(&q->edit.text);
    if (text[strspn(text, " \t\n")] == '\\') {
        command(s, text);
    } else if (text[strspn(text, " \t\n;")] == '\0') {
        if (q->ran && always)
            run_again(s, out);
    } else if (always || is_whole(text)) {
        run_typed(s, text, out);
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

/* In an empty editor it is the pane's, as everywhere. */
static void tab(struct screen *s, struct effect *out)
{
    struct query_state *q = query_state_of(s);
    if (!q->edit.text.len) {
        screen_open(s, (enum pane_id)((s->pane + 1) % PANE_COUNT), NULL);
        return;
    }
    set_text(&q->candidates, NULL);
    complete(q, out);
}

/* ---- keys ---- */

static bool type(struct screen *s, uint32_t key)
{
    struct query_state *q = query_state_of(s);
    if (q->focus != FOCUS_EDITOR)
        return false;
    bool empty = q->edit.text.len == 0;
    if (empty && key >= '0' && key <= '9') /* no statement begins so: another pane is meant */
        return false;
    if (empty && key == VK_BACKTAB) {
        screen_open(s, (enum pane_id)(s->pane + PANE_COUNT - 1) % PANE_COUNT, NULL);
        return true;
    }
    set_text(&q->candidates, NULL);
    (void)query_edit_key(&q->edit, key);
    return true;
}

static bool paste(struct screen *s, uint32_t ch)
{
    struct query_state *q = query_state_of(s);
    if (q->focus != FOCUS_EDITOR)
        return false;
    set_text(&q->candidates, NULL);
    (void)query_edit_put(&q->edit, ch); /* a control character is dropped */
    return true;
}

/* Rows that the server still has, when the end of those that are held comes near. */
static void want_more(struct screen *s, struct effect *out)
{
    struct query_state *q = query_state_of(s);
    const struct table_state *t = &s->tables[PANE_QUERY];
    if (!q->result.more || q->asked_more || t->filter[0] ||
        t->selected + (size_t)s->h < q->result.rows)
        return;
    q->asked_more = true;
    ask(out, "query.more", json_pack("{s:I}", "run", (json_int_t)q->run));
}

static void cancel(struct screen *s, struct effect *out)
{
    struct query_state *q = query_state_of(s);
    if (q->running || q->result.more) {
        q->canceling = true;
        ask(out, "query.cancel", json_pack("{s:I}", "run", (json_int_t)q->run));
    } else if (q->focus == FOCUS_EDITOR && q->edit.text.len) {
        query_edit_set(&q->edit, "");
    } else {
        screen_say(s, STYLE_PLAIN, "nothing runs; Esc and q leave the console");
    }
}

static bool open_saved(struct screen *s)
{
    struct query_state *q = query_state_of(s);
    size_t row;
    if (!table_selected(&s->tables[PANE_QUERY], &row))
        return true;
    if (*saved_text(s, row, "why")) {
        screen_say(s, STYLE_ATTENTION, "%s", saved_text(s, row, "why"));
        return true;
    }
    query_edit_set(&q->edit, saved_text(s, row, "text"));
    set_focus(s, FOCUS_EDITOR);
    return true;
}

static bool go_back(struct screen *s)
{
    struct query_state *q = query_state_of(s);
    struct table_state *t = &s->tables[PANE_QUERY];
    struct table_model m;
    if (q->focus != FOCUS_EDITOR && t->filter[0]) {
        t->filter[0] = '\0';
        query_model(s, &m);
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
    struct query_state *q = query_state_of(s);
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
    query_model(s, &m);
    table_move(&s->tables[PANE_QUERY], &m, by);
    if (query_state_of(s)->focus == FOCUS_RESULT)
        want_more(s, out);
    return true;
}

static bool act(struct screen *s, enum action a, struct effect *out)
{
    struct query_state *q = query_state_of(s);
    switch (a) {
    case ACTION_EDIT_QUERY:
        set_focus(s, FOCUS_EDITOR);
        return true;
    case ACTION_ENTER_LINE:
    case ACTION_RUN_QUERY:
        set_text(&q->candidates, NULL);
        enter(s, a == ACTION_RUN_QUERY, out);
        return true;
    case ACTION_COMPLETE_WORD:
        tab(s, out);
        return true;
    case ACTION_TO_ROWS:
        set_text(&q->candidates, NULL);
        set_focus(s, FOCUS_RESULT);
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
    const struct query_state *q = query_state_of(s);
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
    struct query_state *q = query_state_of(s);
    if (!*text)
        return;
    if (prompt == PROMPT_AGAIN)
        run(s, current_text(q), false, out);
    else if (prompt == PROMPT_SAVE)
        ask(out, "query.save", json_pack("{s:s, s:s}", "name", text, "sql", current_text(q)));
    else if (q->running || !q->ran)
        screen_say(s, STYLE_ATTENTION,
                   q->running ? "a query runs: Ctrl-C cancels it" : "no query has run yet");
    else {
        q->run++;
        q->running = true;
        q->started_us = s->now_us;
        q->result.more = false; /* the cursor of the rows on screen ends */
        q->canceling = false;
        q->exports = true;
        json_t *params = run_params(s, q->ran, false); /* the shell lets an export only read */
        (void)json_object_set_new(params, "path", json_string(text));
        ask(out, "query.export", params);
    }
}

static bool copy(struct screen *s, struct buf *out)
{
    const struct query_state *q = query_state_of(s);
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
    struct query_state *q = query_state_of(s);
    if (json_integer_value(json_object_get(a->params, "run")) != q->run)
        return;
    bool first = json_object_get(a->result, "columns") != NULL;
    q->running = json_is_true(json_object_get(a->result, "running"));
    q->asked_more = false;
    q->canceling = false;
    q->failed = a->code != ERR_OK;
    if (!q->exports)
        q->changed = !json_is_false(json_object_get(a->result, "changed"));
    q->block = *member(a->result, "block");
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
    struct query_state *q = query_state_of(s);
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
    struct query_state *q = query_state_of(s);
    if (strncmp(a->method, "query.", 6) != 0)
        return;
    if (!strcmp(a->method, "query.page")) {
        take_page(s, a);
    } else if (!strcmp(a->method, "query.stuck")) {
        screen_say(s, STYLE_ATTENTION, "%s", a->text);
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

/* ---- the frame ---- */

static int64_t next_change_us(const struct screen *s)
{
    const struct query_state *q = query_state_of(s);
    int64_t ran = s->now_us - q->started_us;
    return q->running ? s->now_us + 1000000 - ran % 1000000 : INT64_MAX;
}

/* What has run is in the history. */
static bool has_unrun_text(const struct query_state *q)
{
    const struct buf *text = &q->edit.text;
    return text->len &&
           !(q->ran && strlen(q->ran) == text->len && memcmp(text->p, q->ran, text->len) == 0);
}

static bool holds(const struct screen *s, char *why, size_t n)
{
    const struct query_state *q = query_state_of(s);
    const char *words = q->running          ? "A query runs in pane 9: it is canceled."
                        : q->block          ? "A transaction is open in pane 9: it is rolled back."
                        : has_unrun_text(q) ? "What is typed in pane 9 is lost."
                                            : NULL;
    if (words)
        (void)snprintf(why, n, "%s", words);
    return words != NULL;
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
    .model = query_model,
    .render = query_render,
    .render_detail = query_render, /* rows do not open */
    .take = take,
    .can = can,
    .act = act,
    .answered = answered,
    .type = type,
    .paste = paste,
    .holds = holds,
    .copy = copy,
    .next_change_us = next_change_us,
};
