#include "views/table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wctype.h>

enum { GAP = 2, MARK = 2, NAME_LEAST = 4 }; /* columns between columns; the selection's mark */

void table_free(struct table_state *s)
{
    free(s->order);
    s->order = NULL;
    s->n = s->cap = 0;
}

/* ---- filter ---- */

static uint32_t fold(uint32_t c)
{
    if (c < 0x80)
        return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
    return (uint32_t)towlower((wint_t)c);
}

void text_fold(const char *text, struct buf *out)
{
    uint32_t c;
    while ((c = utf8_next(&text)) != 0)
        utf8_put(out, fold(c));
}

bool text_contains(const char *text, const char *folded)
{
    for (;;) {
        const char *t = text;
        const char *f = folded;
        uint32_t want;
        while ((want = utf8_next(&f)) != 0) {
            uint32_t c = utf8_next(&t);
            if (!c || fold(c) != want)
                break;
        }
        if (!want)
            return true;
        if (!utf8_next(&text))
            return false;
    }
}

static bool row_matches(const struct table_model *m, size_t row, const char *folded)
{
    struct table_cell cell;
    for (int c = 0; c < m->column_count; c++) {
        cell.text[0] = '\0';
        m->cell(m->ctx, row, c, &cell);
        if (text_contains(cell.text, folded))
            return true;
    }
    return false;
}

/* ---- order ---- */

struct sorting {
    const struct table_model *m;
    const struct table_state *s;
};

static int compare_rows(const void *a, const void *b, void *arg)
{
    const struct sorting *by = arg;
    size_t x = *(const size_t *)a;
    size_t y = *(const size_t *)b;
    int c = by->m->compare(by->m->ctx, x, y, by->s->sort);
    if (by->s->descending)
        c = -c;
    return c ? c : (x > y) - (x < y); /* equal rows keep the model's order */
}

static bool make_room(struct table_state *s, size_t rows)
{
    if (rows <= s->cap)
        return true;
    size_t *p = realloc(s->order, rows * sizeof *p);
    if (!p)
        return false;
    s->order = p;
    s->cap = rows;
    return true;
}

static void find_selection(struct table_state *s, const struct table_model *m)
{
    size_t last = s->n ? s->n - 1 : 0;
    if (s->selected > last)
        s->selected = last;
    bool narrowed = strcmp(s->filter, s->filtered) != 0; /* by the person, who sees it */
    (void)snprintf(s->filtered, sizeof s->filtered, "%s", s->filter);
    if (!s->n)
        return;
    if (s->follow) {
        s->selected = 0;
        s->top = 0;
    } else if (s->key[0]) {
        for (size_t i = 0; i < s->n; i++) {
            if (strcmp(m->key(m->ctx, s->order[i]), s->key) == 0) {
                s->selected = i;
                s->gone = false;
                return;
            }
        }
        s->gone = !narrowed;
        if (s->gone)
            return;
    }
    s->gone = false;
    (void)snprintf(s->key, sizeof s->key, "%s", m->key(m->ctx, s->order[s->selected]));
}

enum err table_update(struct table_state *s, const struct table_model *m, struct errbuf *e)
{
    bool longer = s->of_rows == m->rows && s->filtered[0] &&
                  strlen(s->filter) > strlen(s->filtered) &&
                  strncmp(s->filter, s->filtered, strlen(s->filtered)) == 0;
    size_t n = longer ? s->n : m->rows;
    s->n = 0;
    s->of_rows = m->rows;
    if (!make_room(s, m->rows))
        return err_set(e, ERR_NOMEM, "no memory for a table of %zu rows", m->rows);
    struct buf folded;
    buf_init(&folded, 0);
    text_fold(s->filter, &folded);
    for (size_t i = 0; i < n; i++) {
        size_t row = longer ? s->order[i] : i;
        if (!folded.len || row_matches(m, row, buf_cstr(&folded)))
            s->order[s->n++] = row;
    }
    buf_free(&folded);
    if (s->n > 1 && s->sort >= 0 && m->compare) {
        struct sorting by = {m, s};
        qsort_r(s->order, s->n, sizeof *s->order, compare_rows, &by);
    }
    find_selection(s, m);
    return ERR_OK;
}

bool table_selected(const struct table_state *s, size_t *row)
{
    if (!s->n || s->gone)
        return false;
    *row = s->order[s->selected];
    return true;
}

const char *table_key(const struct table_state *s)
{
    return s->n && !s->gone ? s->key : NULL;
}

void table_move(struct table_state *s, const struct table_model *m, long by)
{
    if (!s->n)
        return;
    long to = (long)s->selected + (s->gone && (by == 1 || by == -1) ? 0 : by);
    table_select(s, m, to < 0 ? 0 : to >= (long)s->n ? s->n - 1 : (size_t)to);
}

void table_select(struct table_state *s, const struct table_model *m, size_t place)
{
    if (place >= s->n)
        return;
    s->selected = place;
    s->gone = false;
    s->chosen = true;
    if (place)
        s->follow = false;
    (void)snprintf(s->key, sizeof s->key, "%s", m->key(m->ctx, s->order[place]));
}

bool table_at(const struct table_state *s, int y, int x, size_t *place)
{
    for (int i = 0; i < TABLE_AREAS; i++) {
        const struct table_area *a = &s->areas[i];
        if (y < a->r.y || y >= a->r.y + a->r.h || x < a->r.x || x >= a->r.x + a->r.w)
            continue;
        *place = a->first + (size_t)(y - a->r.y);
        return *place < s->n;
    }
    return false;
}

void table_sort_next(struct table_state *s, const struct table_model *m)
{
    if (!m->compare)
        return;
    do {
        s->sort = s->sort + 1 < m->column_count ? s->sort + 1 : -1;
    } while (s->sort >= 0 && m->columns[s->sort].picture);
}

/* ---- drawing ---- */

int table_page(int h)
{
    return h > 1 ? h - 1 : 1;
}

/* What a column asks for while one of rank `worst` is still shown. */
static int asked_width(const struct table_column *c, int worst)
{
    return c->stretch && worst >= TABLE_RANK_EXTRA && c->want > c->width ? c->want : c->width;
}

/* The columns that are left, in screen columns; *worst: the one to leave out next, or -1. */
static int needed_width(const struct table_model *m, const bool *out, int *worst)
{
    *worst = -1;
    for (int c = 0; c < m->column_count; c++)
        if (!out[c] && m->columns[c].rank > 0 &&
            (*worst < 0 || m->columns[c].rank >= m->columns[*worst].rank))
            *worst = c;
    int need = MARK - GAP;
    for (int c = 0; c < m->column_count; c++)
        if (!out[c])
            need += GAP + asked_width(&m->columns[c], *worst < 0 ? 0 : m->columns[*worst].rank);
    return need;
}

/* `left` screen columns more than the widths; may be negative: better a short name than no state.
 */
static void share_out(const struct table_model *m, const int *columns, int *widths, int n, int left)
{
    int name = -1;
    int spare = -1;
    for (int i = 0; i < n; i++) {
        name = m->columns[columns[i]].stretch ? i : name;
        spare = m->columns[columns[i]].spare ? i : spare;
    }
    if (name < 0)
        return;
    int room = m->columns[columns[name]].want - widths[name];
    if (spare >= 0 && left > room && room >= 0) {
        widths[spare] += left - room;
        left = room;
    }
    widths[name] = widths[name] + left > NAME_LEAST ? widths[name] + left : NAME_LEAST;
}

int table_compare_int(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

int table_compare_real(double a, double b)
{
    if (isnan(a) || isnan(b))
        return (isnan(b) ? 1 : 0) - (isnan(a) ? 1 : 0);
    return a < b ? -1 : a > b;
}

int table_fit(const struct table_model *m, int w, int *columns, int *widths)
{
    bool out[TABLE_COLUMNS_MAX] = {false};
    int worst;
    while (needed_width(m, out, &worst) > w && worst >= 0)
        out[worst] = true;
    int n = 0;
    int left = w - MARK + GAP;
    for (int c = 0; c < m->column_count; c++) {
        if (out[c])
            continue;
        columns[n] = c;
        widths[n++] = m->columns[c].width;
        left -= m->columns[c].width + GAP;
    }
    share_out(m, columns, widths, n, left);
    return n;
}

static void draw_text(struct grid *g, int y, int x, int w, bool right, uint16_t style,
                      const char *text)
{
    if (right)
        grid_text_right(g, y, x, w, style, text);
    else
        (void)grid_text(g, y, x, w, style, text);
}

static void draw_header(struct grid *g, struct rect r, const struct table_model *m,
                        const struct table_state *s, const int *columns, const int *widths, int n)
{
    int x = r.x + MARK;
    for (int i = 0; i < n; i++) {
        const struct table_column *c = &m->columns[columns[i]];
        char title[64];
        const char *sign = columns[i] != s->sort ? "" : s->descending ? "v" : "^";
        if (!g->ascii && *sign)
            sign = s->descending ? "▼" : "▲";
        (void)snprintf(title, sizeof title, "%s%s", c->title, sign);
        draw_text(g, r.y, x, widths[i], c->right, STYLE_HEADER, title);
        x += widths[i] + GAP;
    }
}

static void draw_row(struct grid *g, struct rect r, int y, const struct table_model *m, size_t row,
                     bool selected, const int *columns, const int *widths, int n)
{
    int x = r.x + MARK;
    for (int i = 0; i < n; i++) {
        struct table_cell cell = {.text = "", .style = STYLE_PLAIN};
        m->cell(m->ctx, row, columns[i], &cell);
        draw_text(g, y, x, widths[i], m->columns[columns[i]].right, cell.style, cell.text);
        x += widths[i] + GAP;
    }
    if (selected) { /* a sign too: some terminals show no reverse video, some readers no colour */
        (void)grid_put(g, y, r.x, 1, STYLE_PLAIN, ">");
        grid_mark(g, (struct rect){y, r.x, 1, r.w}, STYLE_SELECTED);
    }
}

void table_draw(struct grid *g, struct rect r, const struct table_model *m, struct table_state *s,
                bool select)
{
    if (r.h < 1 || r.w < 1)
        return;
    struct rect old = grid_clip(g, r);
    int columns[TABLE_COLUMNS_MAX];
    int widths[TABLE_COLUMNS_MAX];
    int n = table_fit(m, r.w, columns, widths);
    draw_header(g, r, m, s, columns, widths, n);
    size_t page = (size_t)table_page(r.h);
    if (s->selected < s->top)
        s->top = s->selected;
    if (s->selected >= s->top + page)
        s->top = s->selected - page + 1;
    if (s->top + page > s->n)
        s->top = s->n > page ? s->n - page : 0;
    for (size_t i = 0; i < page && s->top + i < s->n; i++)
        draw_row(g, r, r.y + 1 + (int)i, m, s->order[s->top + i],
                 select && !s->gone && s->top + i == s->selected, columns, widths, n);
    size_t shown = s->n - s->top < page ? s->n - s->top : page;
    s->areas[0] = (struct table_area){{r.y + 1, r.x, (int)shown, r.w}, s->top};
    if (!s->n)
        (void)grid_printf(g, r.y + 1, r.x + MARK, r.w - MARK, STYLE_DIM,
                          s->filter[0] ? "nothing matches \"%s\"" : "%s",
                          s->filter[0] ? s->filter : m->empty);
    g->clip = old;
}
