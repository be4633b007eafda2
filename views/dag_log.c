#include "views/dag_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "views/answer.h"
#include "views/pane.h"

enum { TIME_WIDTH = 9, ROW_TEXT_MAX = 4096 };

void dag_log_clear(struct dag_log *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->lines[i].text);
    free(l->lines);
    free(l->rows);
    *l = (struct dag_log){0};
}

/* A full log forgets a tenth of its oldest lines. */
static void forget_some(struct dag_log *l)
{
    size_t drop = LOG_LINES_MAX / 10;
    for (size_t i = 0; i < drop; i++)
        free(l->lines[i].text);
    memmove(l->lines, l->lines + drop, (l->n - drop) * sizeof *l->lines);
    l->n -= drop;
    l->n_rows = l->wrapped = 0;
}

static bool add(struct dag_log *l, const json_t *line)
{
    if (l->n == LOG_LINES_MAX)
        forget_some(l);
    if (l->n == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 256;
        struct log_line *p = realloc(l->lines, cap * sizeof *p);
        if (!p)
            return false;
        l->lines = p;
        l->cap = cap;
    }
    l->lines[l->n] = (struct log_line){.ts_us = answer_int(line, "ts_us"),
                                       .text = strdup(answer_text(line, "text"))};
    return l->lines[l->n].text && ++l->n;
}

bool dag_log_take(struct dag_log *l, const json_t *answer)
{
    const json_t *lines = json_object_get(answer, "lines");
    for (size_t i = 0; i < json_array_size(lines); i++)
        if (!add(l, json_array_get(lines, i)))
            return false;
    int64_t next = answer_int(answer, "next");
    int64_t dropped = answer_int(answer, "dropped");
    l->next = next == UNKNOWN_INT ? l->next : next;
    l->dropped += dropped > 0 ? dropped : 0;
    l->ended = json_is_true(json_object_get(answer, "ended"));
    l->known = true;
    return true;
}

static bool add_row(struct dag_log *l, struct log_row row)
{
    if (l->n_rows == l->rows_cap) {
        size_t cap = l->rows_cap ? l->rows_cap * 2 : 256;
        struct log_row *p = realloc(l->rows, cap * sizeof *p);
        if (!p)
            return false;
        l->rows = p;
        l->rows_cap = cap;
    }
    l->rows[l->n_rows++] = row;
    return true;
}

static bool wrap_line(struct dag_log *l, size_t line)
{
    const char *text = l->lines[line].text;
    size_t at = 0;
    do {
        size_t next;
        size_t n = wrap_row(text + at, l->width, l->ascii, &next);
        if (!add_row(l, (struct log_row){(uint32_t)line, (uint32_t)at, (uint32_t)n}))
            return false;
        if (!next)
            break;
        at += next;
    } while (text[at]);
    return true;
}

size_t dag_log_wrap(struct dag_log *l, int width, bool ascii)
{
    width = width < 1 ? 1 : width;
    if (l->width != width || l->ascii != ascii)
        l->n_rows = l->wrapped = 0;
    l->width = width;
    l->ascii = ascii;
    while (l->wrapped < l->n && wrap_line(l, l->wrapped))
        l->wrapped++;
    return l->n_rows;
}

size_t dag_log_rows_until(const struct dag_log *l, int64_t us)
{
    size_t lines = l->n;
    while (lines > 0 && l->lines[lines - 1].ts_us > us)
        lines--;
    return dag_log_row_of(l, lines);
}

void dag_log_draw(const struct dag_log *l, struct grid *g, struct rect r, size_t top, size_t marked,
                  bool times)
{
    char text[ROW_TEXT_MAX];
    char clock[UNIT_TEXT_MAX];
    int x = r.x + 1 + (times ? TIME_WIDTH : 0);
    for (int y = 0; y < r.h && top + (size_t)y < l->n_rows; y++) {
        const struct log_row *row = &l->rows[top + (size_t)y];
        const struct log_line *line = &l->lines[row->line];
        uint16_t style = row->line == marked ? STYLE_ATTENTION | STYLE_BOLD : STYLE_PLAIN;
        if (times && !row->from)
            (void)grid_put(g, r.y + y, r.x + 1, TIME_WIDTH - 1, STYLE_DIM,
                           unit_clock(line->ts_us, clock, sizeof clock));
        (void)snprintf(text, sizeof text, "%.*s", (int)row->length, line->text + row->from);
        (void)grid_put(g, r.y + y, x, r.x + r.w - x, style, text);
    }
}

size_t dag_log_search(const struct dag_log *l, const char *text, size_t line, bool forward)
{
    struct buf folded;
    size_t found = SIZE_MAX;
    buf_init(&folded, 0);
    text_fold(text, &folded);
    for (size_t i = 0; i < l->n && found == SIZE_MAX; i++) {
        size_t at = forward ? (line + i) % l->n : (line + l->n - i) % l->n;
        if (text_contains(l->lines[at].text, buf_cstr(&folded)))
            found = at;
    }
    buf_free(&folded);
    return found;
}

size_t dag_log_row_of(const struct dag_log *l, size_t line)
{
    size_t from = 0;
    size_t to = l->n_rows;
    while (from < to) {
        size_t mid = from + (to - from) / 2;
        if (l->rows[mid].line < line)
            from = mid + 1;
        else
            to = mid;
    }
    return from;
}
