#include "views/query_edit.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "views/keymap.h"

void query_edit_init(struct query_edit *e)
{
    *e = (struct query_edit){.at = 0};
    buf_init(&e->text, QUERY_TEXT_MAX);
    buf_init(&e->killed, QUERY_TEXT_MAX);
    buf_init(&e->draft, QUERY_TEXT_MAX);
}

static void free_history(struct query_edit *e)
{
    for (size_t i = 0; i < e->n_history; i++)
        free(e->history[i]);
    free(e->history);
    e->history = NULL;
    e->n_history = 0;
}

void query_edit_free(struct query_edit *e)
{
    free_history(e);
    buf_free(&e->text);
    buf_free(&e->killed);
    buf_free(&e->draft);
}

void query_edit_set(struct query_edit *e, const char *text)
{
    buf_clear(&e->text);
    buf_str(&e->text, text);
    e->at = e->text.len;
}

void query_edit_take_history(struct query_edit *e, char **history, size_t n)
{
    free_history(e);
    e->history = history;
    e->n_history = e->place = n;
}

/* ---- places ---- */

static size_t before(const struct query_edit *e, size_t at)
{
    if (at)
        at--;
    while (at && ((unsigned char)e->text.p[at] & 0xc0) == 0x80)
        at--;
    return at;
}

static size_t behind(const struct query_edit *e, size_t at)
{
    if (at < e->text.len)
        at++;
    while (at < e->text.len && ((unsigned char)e->text.p[at] & 0xc0) == 0x80)
        at++;
    return at;
}

static size_t line_start(const struct query_edit *e, size_t at)
{
    while (at && e->text.p[at - 1] != '\n')
        at--;
    return at;
}

static size_t line_end(const struct query_edit *e, size_t at)
{
    while (at < e->text.len && e->text.p[at] != '\n')
        at++;
    return at;
}

static bool in_word(const struct query_edit *e, size_t at)
{
    unsigned char c = (unsigned char)e->text.p[at];
    return isalnum(c) || c == '_' || c >= 0x80;
}

static size_t word_start(const struct query_edit *e, size_t at)
{
    while (at && !in_word(e, at - 1))
        at--;
    while (at && in_word(e, at - 1))
        at--;
    return at;
}

/* ---- changes ---- */

static void insert(struct query_edit *e, const char *p, size_t n)
{
    if (!buf_reserve(&e->text, n)) {
        e->text.failed = false; /* as much as there is room for stays */
        return;
    }
    if (!n)
        return;
    memmove(e->text.p + e->at + n, e->text.p + e->at, e->text.len - e->at);
    memcpy(e->text.p + e->at, p, n);
    e->text.len += n;
    e->at += n;
}

static void cut(struct query_edit *e, size_t from, size_t to, bool keep)
{
    if (keep && to > from) {
        buf_clear(&e->killed);
        buf_add(&e->killed, e->text.p + from, to - from);
    }
    if (to > from)
        memmove(e->text.p + from, e->text.p + to, e->text.len - to);
    e->text.len -= to - from;
    e->at = from;
}

void query_edit_replace(struct query_edit *e, size_t start, const char *text)
{
    if (start <= e->at) {
        cut(e, start, e->at, false);
        insert(e, text, strlen(text));
    }
}

static void look_at_history(struct query_edit *e, size_t place)
{
    if (e->place == e->n_history) {
        buf_clear(&e->draft);
        buf_add(&e->draft, e->text.p, e->text.len);
    }
    e->place = place;
    if (place == e->n_history)
        query_edit_set(e, buf_cstr(&e->draft));
    else
        query_edit_set(e, e->history[place]);
}

/* A line up or down in the same column; past the first or last line through the history. */
static void move_line(struct query_edit *e, bool up)
{
    size_t start = line_start(e, e->at);
    size_t end = line_end(e, e->at);
    size_t column = e->at - start;
    if (up && start == 0) {
        if (e->place > 0)
            look_at_history(e, e->place - 1);
        return;
    }
    if (!up && end == e->text.len) {
        if (e->place < e->n_history)
            look_at_history(e, e->place + 1);
        return;
    }
    size_t to = up ? line_start(e, start - 1) : end + 1;
    size_t last = line_end(e, to);
    e->at = to + column < last ? to + column : last;
    while (e->at > to && ((unsigned char)e->text.p[e->at] & 0xc0) == 0x80 && e->at < e->text.len)
        e->at--;
}

static bool move_key(struct query_edit *e, uint32_t key)
{
    switch (key) {
    case VK_LEFT:
    case VK_CTRL('B'):
        e->at = before(e, e->at);
        return true;
    case VK_RIGHT:
    case VK_CTRL('F'):
        e->at = behind(e, e->at);
        return true;
    case VK_HOME:
    case VK_CTRL('A'):
        e->at = line_start(e, e->at);
        return true;
    case VK_END:
    case VK_CTRL('E'):
        e->at = line_end(e, e->at);
        return true;
    case VK_UP:
    case VK_CTRL('P'):
        move_line(e, true);
        return true;
    case VK_DOWN:
    case VK_CTRL('N'):
        move_line(e, false);
        return true;
    default:
        return false;
    }
}

bool query_edit_put(struct query_edit *e, uint32_t ch)
{
    struct buf b;
    if ((ch < 0x20 && ch != '\n' && ch != '\t') || (ch >= 0x7f && ch < 0xa0) || ch > 0x10ffff)
        return false;
    buf_init(&b, 8);
    utf8_put(&b, ch);
    insert(e, buf_cstr(&b), b.len);
    buf_free(&b);
    return true;
}

bool query_edit_key(struct query_edit *e, uint32_t key)
{
    if (move_key(e, key))
        return true;
    switch (key) {
    case VK_BACKSPACE:
    case VK_CTRL('H'):
        cut(e, before(e, e->at), e->at, false);
        return true;
    case VK_CTRL('D'):
        cut(e, e->at, behind(e, e->at), false);
        return true;
    case VK_CTRL('W'):
        cut(e, word_start(e, e->at), e->at, true);
        return true;
    case VK_CTRL('U'):
        cut(e, line_start(e, e->at), e->at, true);
        return true;
    case VK_CTRL('K'):
        cut(e, e->at, line_end(e, e->at), true);
        return true;
    case VK_CTRL('Y'):
        insert(e, buf_cstr(&e->killed), e->killed.len);
        return true;
    default:
        break;
    }
    return key != '\t' && query_edit_put(e, key);
}

/* ---- drawing ---- */

int query_edit_lines(const struct query_edit *e)
{
    int n = 1;
    for (size_t i = 0; i < e->text.len; i++)
        n += e->text.p[i] == '\n';
    return n;
}

/* The bytes from..to as a string: the text has no end of its own. NULL: no memory. */
static char *copy_of(const struct buf *text, size_t from, size_t to)
{
    char *copy = malloc(to - from + 1);
    if (!copy)
        return NULL;
    if (to > from)
        memcpy(copy, text->p + from, to - from);
    copy[to - from] = '\0';
    return copy;
}

/* Columns of text[from, to). */
static int width_of(const struct query_edit *e, size_t from, size_t to, bool ascii)
{
    char *copy = copy_of(&e->text, from, to);
    int w = copy ? text_width(copy, ascii) : 0;
    free(copy);
    return w;
}

/* Where a row of w columns begins that ends at the cursor: backwards, so that a line of a megabyte
 * costs no more than a row. */
static size_t first_shown(const struct query_edit *e, size_t from, int w, bool ascii)
{
    size_t at = e->at;
    int used = 0;
    while (at > from) {
        size_t to = before(e, at);
        used += width_of(e, to, at, ascii);
        if (used >= w)
            break;
        at = to;
    }
    return at;
}

void query_edit_draw(const struct query_edit *e, struct grid *g, struct rect r, bool cursor)
{
    int line = 0;
    for (size_t i = 0; i < e->at; i++)
        line += e->text.p[i] == '\n';
    int top = line >= r.h ? line - r.h + 1 : 0;
    size_t from = 0;
    for (int i = 0; i < top; i++)
        from = line_end(e, from) + 1;
    for (int y = 0; y < r.h && from <= e->text.len; y++) {
        size_t end = line_end(e, from);
        bool here = cursor && top + y == line;
        size_t shown = here ? first_shown(e, from, r.w, g->ascii) : from;
        int x = here ? width_of(e, shown, e->at, g->ascii) : 0;
        char *copy = copy_of(&e->text, shown, end);
        if (copy)
            (void)grid_text(g, r.y + y, r.x, r.w, STYLE_PLAIN, copy);
        free(copy);
        if (here) {
            g->cursor_y = r.y + y;
            g->cursor_x = r.x + (x < r.w ? x : r.w - 1);
        }
        from = end + 1;
    }
}
