#include "views/grid.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

static const struct grid_cell blank = {.ch = {L' '}, .style = STYLE_PLAIN, .width = 1};

enum err grid_init(struct grid *g, int h, int w, bool ascii, struct errbuf *e)
{
    h = h < 1 ? 1 : h > GRID_SIDE_MAX ? GRID_SIDE_MAX : h;
    w = w < 1 ? 1 : w > GRID_SIDE_MAX ? GRID_SIDE_MAX : w;
    *g = (struct grid){.h = h, .w = w, .ascii = ascii};
    g->cells = calloc((size_t)h * (size_t)w, sizeof *g->cells);
    if (!g->cells)
        return err_set(e, ERR_NOMEM, "no memory for a screen of %dx%d cells", w, h);
    grid_clear(g);
    return ERR_OK;
}

void grid_free(struct grid *g)
{
    free(g->cells);
    *g = (struct grid){0};
}

void grid_clear(struct grid *g)
{
    for (size_t i = 0; i < (size_t)g->h * (size_t)g->w; i++)
        g->cells[i] = blank;
    g->clip = grid_all(g);
    g->cursor_y = g->cursor_x = -1;
}

static bool cell_equal(const struct grid_cell *a, const struct grid_cell *b)
{
    return a->style == b->style && a->width == b->width && wmemcmp(a->ch, b->ch, CELL_CHARS) == 0;
}

bool grid_row_equal(const struct grid *a, const struct grid *b, int y)
{
    if (a->w != b->w || y >= a->h || y >= b->h)
        return false;
    size_t at = (size_t)y * (size_t)a->w;
    for (size_t i = at; i < at + (size_t)a->w; i++)
        if (!cell_equal(&a->cells[i], &b->cells[i]))
            return false;
    return true;
}

bool grid_equal(const struct grid *a, const struct grid *b)
{
    if (a->h != b->h || a->w != b->w || a->cursor_y != b->cursor_y || a->cursor_x != b->cursor_x)
        return false;
    for (int y = 0; y < a->h; y++)
        if (!grid_row_equal(a, b, y))
            return false;
    return true;
}

struct rect grid_all(const struct grid *g)
{
    return (struct rect){0, 0, g->h, g->w};
}

struct rect rect_intersect(struct rect a, struct rect b)
{
    int y = a.y > b.y ? a.y : b.y;
    int x = a.x > b.x ? a.x : b.x;
    int bottom = a.y + a.h < b.y + b.h ? a.y + a.h : b.y + b.h;
    int right = a.x + a.w < b.x + b.w ? a.x + a.w : b.x + b.w;
    return (struct rect){y, x, bottom > y ? bottom - y : 0, right > x ? right - x : 0};
}

struct rect grid_clip(struct grid *g, struct rect r)
{
    struct rect old = g->clip;
    g->clip = rect_intersect(old, r);
    return old;
}

static bool inside(const struct grid *g, int y, int x)
{
    return y >= g->clip.y && y < g->clip.y + g->clip.h && x >= g->clip.x &&
           x < g->clip.x + g->clip.w;
}

static struct grid_cell *cell_at(struct grid *g, int y, int x)
{
    return &g->cells[(size_t)y * (size_t)g->w + (size_t)x];
}

/* A cell that is overwritten may be half of a wide one: its other half becomes blank. */
static void cut_wide(struct grid *g, int y, int x)
{
    struct grid_cell *c = cell_at(g, y, x);
    if (c->width == 0 && x > 0)
        *(c - 1) = blank;
    if (c->width == 2 && x + 1 < g->w)
        *(c + 1) = blank;
}

static void put_char(struct grid *g, int y, int x, uint16_t style, wchar_t ch, int width)
{
    if (!inside(g, y, x) || (width == 2 && !inside(g, y, x + 1))) {
        if (width == 2) { /* one half is outside: the other shows as a blank */
            put_char(g, y, x, style, L' ', 1);
            put_char(g, y, x + 1, style, L' ', 1);
        }
        return;
    }
    cut_wide(g, y, x);
    if (width == 2) {
        cut_wide(g, y, x + 1);
        *cell_at(g, y, x + 1) = (struct grid_cell){.style = style, .width = 0};
    }
    *cell_at(g, y, x) = (struct grid_cell){.ch = {ch}, .style = style, .width = (uint8_t)width};
}

/* x: the column behind the character to combine with. */
static void put_combining(struct grid *g, int y, int x, wchar_t ch)
{
    if (!inside(g, y, x - 1))
        return;
    struct grid_cell *c = cell_at(g, y, x - 1);
    if (c->width == 0 && x > 1)
        c--;
    for (int i = 1; i < CELL_CHARS; i++) {
        if (!c->ch[i]) {
            c->ch[i] = ch;
            return;
        }
    }
}

/* ---- text ---- */

uint32_t utf8_next(const char **s)
{
    const unsigned char *p = (const unsigned char *)*s;
    uint32_t c = p[0];
    if (!c)
        return 0;
    int more = c < 0x80 ? 0 : c >= 0xc2 && c < 0xe0 ? 1 : c >= 0xe0 && c < 0xf0 ? 2 : 3;
    if (c >= 0x80 && (c < 0xc2 || c > 0xf4)) {
        *s += 1;
        return 0xfffd;
    }
    uint32_t v = more == 0 ? c : c & (0x3fu >> more);
    for (int i = 1; i <= more; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            *s += i;
            return 0xfffd;
        }
        v = v << 6 | (p[i] & 0x3fu);
    }
    *s += more + 1;
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    return v < least[more] || v > 0x10ffff || (v >= 0xd800 && v < 0xe000) ? 0xfffd : v;
}

void utf8_put(struct buf *b, uint32_t c)
{
    if (c < 0x80) {
        buf_ch(b, (char)c);
    } else if (c < 0x800) {
        buf_ch(b, (char)(0xc0 | c >> 6));
        buf_ch(b, (char)(0x80 | (c & 0x3f)));
    } else if (c < 0x10000) {
        buf_ch(b, (char)(0xe0 | c >> 12));
        buf_ch(b, (char)(0x80 | (c >> 6 & 0x3f)));
        buf_ch(b, (char)(0x80 | (c & 0x3f)));
    } else {
        buf_ch(b, (char)(0xf0 | c >> 18));
        buf_ch(b, (char)(0x80 | (c >> 12 & 0x3f)));
        buf_ch(b, (char)(0x80 | (c >> 6 & 0x3f)));
        buf_ch(b, (char)(0x80 | (c & 0x3f)));
    }
}

/* Joiners, variation selectors, soft hyphen, tags: no column of their own, nothing to show. */
static bool is_silent(uint32_t c)
{
    return c == 0xad || c == 0x200b || c == 0x200c || c == 0x200d || c == 0x2060 || c == 0xfeff ||
           (c >= 0xfe00 && c <= 0xfe0f) || (c >= 0xe0000 && c <= 0xe0fff);
}

/* C1 controls, bidirectional marks and overrides, line separators: they change how a terminal
 * shows what follows. */
static bool is_unsafe(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c || c == 0x200e || c == 0x200f ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2061 && c <= 0x206f) || c == 0xfffd;
}

wchar_t text_next(const char **s, bool ascii, int *width)
{
    for (;;) {
        uint32_t c = utf8_next(s);
        *width = 1;
        if (!c)
            return 0;
        if (c == '\t' || c == '\n' || c == '\r')
            return L' ';
        if (c >= 0x20 && c < 0x7f)
            return (wchar_t)c;
        if (is_silent(c))
            continue;
        if (ascii || is_unsafe(c))
            return L'?';
        int w = wcwidth((wchar_t)c);
        if (w < 0)
            return L'?';
        *width = w > 2 ? 2 : w;
        return (wchar_t)c;
    }
}

int text_width(const char *s, bool ascii)
{
    int n = 0;
    int w;
    while (text_next(&s, ascii, &w))
        n += w;
    return n;
}

int grid_put(struct grid *g, int y, int x, int w, uint16_t style, const char *s)
{
    int used = 0;
    int cw;
    wchar_t ch;
    while ((ch = text_next(&s, g->ascii, &cw)) != 0) {
        if (cw == 0 && used > 0)
            put_combining(g, y, x + used, ch);
        if (used + cw > w)
            break;
        if (cw > 0)
            put_char(g, y, x + used, style, ch, cw);
        used += cw;
    }
    return used;
}

int grid_text(struct grid *g, int y, int x, int w, uint16_t style, const char *s)
{
    if (w <= 0)
        return 0;
    if (text_width(s, g->ascii) <= w)
        return grid_put(g, y, x, w, style, s);
    int used = grid_put(g, y, x, w - 1, style, s);
    put_char(g, y, x + used, style, g->ascii ? L'~' : L'\u2026', 1);
    return used + 1;
}

void grid_text_right(struct grid *g, int y, int x, int w, uint16_t style, const char *s)
{
    int need = text_width(s, g->ascii);
    if (need >= w)
        (void)grid_text(g, y, x, w, style, s);
    else
        (void)grid_put(g, y, x + w - need, need, style, s);
}

int grid_printf(struct grid *g, int y, int x, int w, uint16_t style, const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return grid_text(g, y, x, w, style, text);
}

void grid_fill(struct grid *g, struct rect r, uint16_t style, wchar_t ch)
{
    r = rect_intersect(r, g->clip);
    for (int y = r.y; y < r.y + r.h; y++)
        for (int x = r.x; x < r.x + r.w; x++)
            put_char(g, y, x, style, ch, 1);
}

void grid_mark(struct grid *g, struct rect r, uint16_t bits)
{
    r = rect_intersect(r, g->clip);
    for (int y = r.y; y < r.y + r.h; y++)
        for (int x = r.x; x < r.x + r.w; x++)
            cell_at(g, y, x)->style |= bits;
}

uint16_t style_behind(enum style_role series)
{
    bool is_series = series >= STYLE_SERIES_1 && series <= STYLE_SERIES_REST;
    return is_series ? (uint16_t)((series - STYLE_SERIES_1 + 1) << STYLE_BACK_SHIFT) : 0;
}

enum style_role style_back(uint16_t style)
{
    int behind = style >> STYLE_BACK_SHIFT;
    return behind < 1 || behind > STYLE_SERIES ? STYLE_PLAIN
                                               : (enum style_role)(STYLE_SERIES_1 + behind - 1);
}

/* ---- as text ---- */

static const char style_letters[] = {
#define X(name, letter) letter,
    STYLE_LIST(X)
#undef X
};

static bool is_blank(const struct grid_cell *c)
{
    return c->width == 1 && c->ch[0] == L' ' && !c->ch[1];
}

void grid_to_text(const struct grid *g, struct buf *out)
{
    for (int y = 0; y < g->h; y++) {
        const struct grid_cell *row = &g->cells[(size_t)y * (size_t)g->w];
        int n = g->w;
        while (n > 0 && is_blank(&row[n - 1]))
            n--;
        for (int x = 0; x < n; x++)
            for (int i = 0; row[x].width && i < CELL_CHARS && row[x].ch[i]; i++)
                utf8_put(out, (uint32_t)row[x].ch[i]);
        buf_ch(out, '\n');
    }
}

void grid_to_styles(const struct grid *g, struct buf *out)
{
    for (int y = 0; y < g->h; y++) {
        const struct grid_cell *row = &g->cells[(size_t)y * (size_t)g->w];
        for (int x = 0; x < g->w; x++)
            buf_ch(out, row[x].style & STYLE_SELECTED
                            ? '#'
                            : style_letters[row[x].style & STYLE_ROLE_MASK]);
        buf_ch(out, '\n');
    }
}

bool grid_to_backs(const struct grid *g, struct buf *out)
{
    bool any = false;
    for (int i = 0; i < g->h * g->w; i++)
        any = any || style_back(g->cells[i].style) != STYLE_PLAIN;
    for (int i = 0; any && i < g->h * g->w; i++) {
        buf_ch(out, style_letters[style_back(g->cells[i].style)]);
        if (i % g->w == g->w - 1)
            buf_ch(out, '\n');
    }
    return any;
}
