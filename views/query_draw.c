#include <stdio.h>

#include "views/query_state.h"

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
    const struct query_state *q = query_state_of(s);
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
    const struct query_state *q = query_state_of(s);
    const struct table_state *t = &s->tables[PANE_QUERY];
    if (q->running)
        (void)snprintf(out, n,
                       q->canceling ? "Canceling, the server has not answered yet, %lld s"
                                    : "Running %lld s, Ctrl-C cancels",
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
    struct query_state *q = query_state_of(s);
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
    query_model(s, &m);
    table_draw(g, (struct rect){y, r.x, r.y + r.h - y, r.w}, &m, &s->tables[PANE_QUERY], true);
}

void query_render(struct screen *s, struct grid *g, struct rect r)
{
    struct query_state *q = query_state_of(s);
    char title[160];
    int most = r.h / 3 > 3 ? r.h / 3 : r.h < 8 ? 1 : 3;
    int lines = query_edit_lines(&q->edit);
    int h = lines < most ? (lines < 3 && most >= 3 ? 3 : lines) : most;
    bool editor = q->focus == FOCUS_EDITOR && s->mode == MODE_BROWSE;
    (void)snprintf(title, sizeof title, "Query of the %s%s%s%s", q->source ? "source" : "warehouse",
                   query_read_only(s) ? ", reading only" : "",
                   q->block == '!' ? ", TRANSACTION FAILED: ROLLBACK"
                   : q->block      ? ", TRANSACTION OPEN"
                                   : "",
                   editor ? "; Enter behind ; runs, Tab completes, Esc to the rows"
                          : "; i or Tab to type");
    int y = r.h > 4 ? draw_section(g, r, r.y, title) : r.y;
    if (q->block && r.h > 4)
        grid_mark(g, (struct rect){r.y, r.x, 1, r.w}, STYLE_BOLD);
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
