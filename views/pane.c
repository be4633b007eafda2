#include "views/pane.h"
#include "views/chart/chart.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- words and signs ---- */

static bool is_one_of(const char *word, const char *const *words)
{
    for (; *words; words++)
        if (strcmp(word, *words) == 0)
            return true;
    return false;
}

static bool is_well(const char *state)
{
    static const char *const words[] = {"RUNNING", "up", "reserved", NULL};
    return is_one_of(state, words);
}

static bool is_broken(const char *state)
{
    static const char *const words[] = {"FAILED", "down", "lost", NULL};
    return is_one_of(state, words);
}

uint16_t state_style(const char *state)
{
    return is_broken(state)            ? STYLE_BROKEN
           : is_well(state) || !*state ? STYLE_PLAIN
                                       : STYLE_ATTENTION;
}

const char *state_sign(const char *state, bool ascii)
{
    if (is_broken(state))
        return ascii ? "X" : "✗";
    if (is_well(state) || !*state)
        return " ";
    return ascii ? "!" : "▲";
}

uint16_t level_style(const char *level)
{
    return strcmp(level, "error") == 0     ? STYLE_BROKEN
           : strcmp(level, "warning") == 0 ? STYLE_ATTENTION
                                           : STYLE_PLAIN;
}

const char *level_sign(const char *level, bool ascii)
{
    if (strcmp(level, "error") == 0)
        return ascii ? "X" : "✗";
    if (strcmp(level, "warning") == 0)
        return ascii ? "!" : "▲";
    return ascii ? "." : "·";
}

/* ---- sections ---- */

int draw_section(struct grid *g, struct rect r, int y, const char *title)
{
    wchar_t rule = g->ascii ? L'-' : L'\u2500';
    grid_fill(g, (struct rect){y, r.x, 1, r.w}, STYLE_RULE, rule);
    if (r.w > 6) {
        (void)grid_put(g, y, r.x + 1, 1, STYLE_RULE, " ");
        int n = grid_text(g, y, r.x + 2, r.w - 4, STYLE_TITLE, title);
        (void)grid_put(g, y, r.x + 2 + n, 1, STYLE_RULE, " ");
    }
    return y + 1;
}

/* ---- scrolled lines ---- */

/* The row that the next line has, or -1 when it is not on screen. */
static int next_row(struct lines *l)
{
    size_t i = l->n++;
    if (i < l->skip || i - l->skip >= (size_t)l->r.h)
        return -1;
    return l->r.y + (int)(i - l->skip);
}

void lines_section(struct lines *l, const char *title)
{
    int y = next_row(l);
    if (y >= 0)
        (void)draw_section(l->g, l->r, y, title);
}

size_t wrap_row(const char *s, int w, bool ascii, size_t *next)
{
    const char *at = s;
    const char *word = NULL; /* behind the last blank that fits */
    const char *p = s;
    int used = 0;
    int cw;
    while (*p && *p != '\n') {
        bool blank = *p == ' ';
        if (!text_next(&p, ascii, &cw))
            break;
        if (used + cw > w && at > s) {
            if (blank) { /* the row ends at a word's end */
                *next = (size_t)(p - s);
                return (size_t)(at - s);
            }
            const char *end = word && word - s > (at - s) / 2 ? word : at;
            *next = (size_t)(end - s);
            return end == word ? *next - 1 : *next;
        }
        used += cw;
        at = p;
        word = blank ? p : word;
    }
    *next = (size_t)(at - s) + (*at == '\n');
    return (size_t)(at - s);
}

void lines_add(struct lines *l, const char *label, uint16_t style, const char *text)
{
    int x = l->r.x + (label ? 3 + l->label : 1);
    int w = l->r.x + l->r.w - x - 1;
    if (w < 8) { /* no room beside: the label shrinks */
        x = l->r.x + 1 + (l->r.w > 20 ? 12 : 0);
        w = l->r.x + l->r.w - x;
    }
    w = w < 1 ? 1 : w;
    bool first = true;
    do {
        size_t next;
        size_t n = wrap_row(text, w, l->g->ascii, &next);
        int y = next_row(l);
        if (y >= 0) {
            char row[1024];
            (void)snprintf(row, sizeof row, "%.*s", (int)n, text);
            if (first && label)
                (void)grid_text(l->g, y, l->r.x + 2, x - l->r.x - 3, STYLE_DIM, label);
            (void)grid_text(l->g, y, x, w, style, row);
        }
        first = false;
        text += next;
    } while (*text);
}

void lines_printf(struct lines *l, const char *label, uint16_t style, const char *fmt, ...)
{
    char text[2048];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    lines_add(l, label, style, text);
}

/* One row: runs of one style. */
static void draw_runs(struct lines *l, int y, int x, int w, const char *text, const char *styles,
                      size_t n)
{
    char run[1024];
    for (size_t i = 0, k; i < n && w > 0; i += k) {
        for (k = 1; i + k < n && styles[i + k] == styles[i] && k < sizeof run - 1; k++)
            ;
        (void)snprintf(run, sizeof run, "%.*s", (int)k, text + i);
        int used = grid_put(l->g, y, x, w, (uint16_t)styles[i], run);
        x += used;
        w -= used;
    }
}

void lines_styled(struct lines *l, const char *text, const char *styles)
{
    int x = l->r.x + 3;
    int w = l->r.w > 8 ? l->r.w - 4 : l->r.w;
    while (*text) {
        size_t next;
        size_t n = wrap_row(text, w, l->g->ascii, &next);
        int y = next_row(l);
        if (y >= 0)
            draw_runs(l, y, x, w, text, styles, n);
        text += next;
        styles += next;
    }
}

void lines_draw(struct screen *s, struct grid *g, struct rect r, int label,
                void (*draw)(struct screen *s, struct lines *l))
{
    if (r.h < 1)
        return;
    struct lines count = {.g = g, .r = r, .skip = (size_t)-1, .label = label};
    draw(s, &count);
    s->scroll_max = count.n > (size_t)r.h ? count.n - (size_t)r.h : 0;
    if (s->scroll > s->scroll_max)
        s->scroll = s->scroll_max;
    struct lines show = {.g = g, .r = r, .skip = s->scroll, .label = label};
    draw(s, &show);
    if (s->scroll < s->scroll_max) { /* more below */
        const char *more = g->ascii ? "v" : "▼";
        (void)grid_put(g, r.y + r.h - 1, r.x + r.w - 1, 1, STYLE_DIM, more);
    }
}
