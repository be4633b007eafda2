/*
 * Boxes below each other, the referenced before the referring; right of them a lane for each entity
 * that is referred to. All its ties run into its lane, which ends with an arrow at its key:
 *
 *   +- airports -----------+
 *   | * airport_code       |<---+
 *   +----------------------+    |
 *   +- flights ------------+    |
 *   | > departure_airport  |----+
 *   +----------------------+
 *
 * A lane is free again below its last tie, so few are needed. A full crossing joins nothing: a tie
 * ends at its lane. Where there are more lanes than columns the longest are left out; each tie's
 * row names its target anyway.
 */
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

#include "backend/model/diagram.h"

enum { BOX_LEAST = 40, BOX_MOST = 58, LANES_MAX = (DIAGRAM_COLUMNS - BOX_LEAST - 2) / 2 };
enum { NORTH = 1, EAST = 2, SOUTH = 4, WEST = 8, ARROW = 16 };

struct row {
    int entity;
    enum { ROW_TITLE, ROW_KEY, ROW_ATTRIBUTE, ROW_TIE, ROW_END } kind;
    int item;
};

struct lane {
    int entity;           /* the target */
    int first, last, key; /* rows */
    int x;                /* lane's place; -1: none */
};

struct drawing {
    const struct model *m;
    struct row *rows;
    int n_rows;
    struct lane *lanes;
    int n_lanes;
    int width; /* of a box */
    int used;  /* lanes beside each other */
};

/* ---- text of a certain width ---- */

static const char *take_character(const char *s, wint_t *c)
{
    const unsigned char *p = (const unsigned char *)s;
    int more = p[0] >= 0xf0 ? 3 : p[0] >= 0xe0 ? 2 : p[0] >= 0xc0 ? 1 : 0;
    *c = more ? p[0] & (0x3fu >> more) : p[0];
    for (int i = 1; i <= more; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            *c = '?';
            return s + 1;
        }
        *c = *c << 6 | (p[i] & 0x3f);
    }
    if (*c < 0x20 || (*c >= 0x7f && *c < 0xa0))
        *c = '?';
    return s + more + 1;
}

static int width_of(wint_t c)
{
    int w = c < 0x80 ? 1 : wcwidth((wchar_t)c);
    return w < 0 ? 1 : w;
}

/* Exactly `width` columns: cut (with a ~ at the end) or filled. */
static void put_text(struct buf *b, const char *text, int width, const char *fill)
{
    int total = 0;
    int at = 0;
    wint_t c;
    for (const char *p = text; *p;) {
        p = take_character(p, &c);
        total += width_of(c);
    }
    for (const char *p = text; *p;) {
        const char *next = take_character(p, &c);
        if (at + width_of(c) > (total > width ? width - 1 : width))
            break;
        if (c == '?')
            buf_ch(b, '?');
        else
            buf_add(b, p, (size_t)(next - p));
        at += width_of(c);
        p = next;
    }
    if (total > width && at < width) {
        buf_ch(b, '~');
        at++;
    }
    for (; at < width; at++)
        buf_str(b, fill);
}

/* ---- rows and lanes ---- */

static void add_row(struct drawing *d, int entity, int kind, int item)
{
    d->rows[d->n_rows++] = (struct row){entity, kind, item};
}

static bool make_rows(struct drawing *d)
{
    const struct model *m = d->m;
    size_t n = 0;
    for (int i = 0; i < m->n_entities; i++)
        n += (size_t)(2 + m->entities[i].n_key + m->entities[i].n_attributes +
                      m->entities[i].n_ties);
    d->rows = calloc(n + 1, sizeof *d->rows);
    if (!d->rows)
        return false;
    for (int i = 0; i < m->n_entities; i++) {
        int e = m->order[i];
        const struct model_entity *t = &m->entities[e];
        add_row(d, e, ROW_TITLE, 0);
        for (int k = 0; k < t->n_key; k++)
            add_row(d, e, ROW_KEY, k);
        for (int k = 0; k < t->n_attributes; k++)
            add_row(d, e, ROW_ATTRIBUTE, k);
        for (int k = 0; k < t->n_ties; k++)
            add_row(d, e, ROW_TIE, t->ties[k]);
        add_row(d, e, ROW_END, 0);
    }
    return true;
}

static struct lane *lane_of(const struct drawing *d, int entity)
{
    for (int i = 0; i < d->n_lanes; i++)
        if (d->lanes[i].entity == entity)
            return &d->lanes[i];
    return NULL;
}

static int by_length(const void *a, const void *b)
{
    const struct lane *x = a;
    const struct lane *y = b;
    int d = (x->last - x->first) - (y->last - y->first);
    return d ? d : x->key - y->key;
}

/* The innermost place that no lane beside it has taken; -1: none. */
static int place_lane(const struct drawing *d, int at)
{
    const struct lane *l = &d->lanes[at];
    for (int x = 0; x < LANES_MAX; x++) {
        bool clear = true;
        for (int i = 0; i < at && clear; i++)
            clear =
                d->lanes[i].x != x || d->lanes[i].last < l->first || d->lanes[i].first > l->last;
        if (clear)
            return x;
    }
    return -1;
}

static bool make_lanes(struct drawing *d)
{
    d->lanes = calloc((size_t)d->m->n_entities + 1, sizeof *d->lanes);
    if (!d->lanes)
        return false;
    for (int r = 0; r < d->n_rows; r++) {
        if (d->rows[r].kind != ROW_TIE)
            continue;
        int to = d->m->ties[d->rows[r].item].to;
        struct lane *l = lane_of(d, to);
        if (!l) {
            l = &d->lanes[d->n_lanes++];
            *l = (struct lane){.entity = to, .x = -1};
            for (int k = d->n_rows - 1; k >= 0; k--)
                if (d->rows[k].entity == to && d->rows[k].kind == ROW_KEY)
                    l->key = k;
            l->first = l->last = l->key;
        }
        l->first = r < l->first ? r : l->first;
        l->last = r > l->last ? r : l->last;
    }
    qsort(d->lanes, (size_t)d->n_lanes, sizeof *d->lanes, by_length);
    for (int i = 0; i < d->n_lanes; i++) {
        d->lanes[i].x = place_lane(d, i);
        if (d->lanes[i].x >= d->used)
            d->used = d->lanes[i].x + 1;
    }
    d->width = DIAGRAM_COLUMNS - 2 - 2 * d->used;
    d->width = d->width > BOX_MOST ? BOX_MOST : d->width;
    return true;
}

/* ---- drawing ---- */

/* The directions of the lines in a cell right of the boxes; x counts from 0. */
static int cell_lines(const struct drawing *d, int r, int x)
{
    const struct row *row = &d->rows[r];
    int lines = 0;
    for (int i = 0; i < d->n_lanes; i++) {
        const struct lane *l = &d->lanes[i];
        if (l->x < 0 || r < l->first || r > l->last)
            continue;
        int at = 2 * l->x + 2;
        bool arrives = r == l->key;
        bool leaves = row->kind == ROW_TIE && d->m->ties[row->item].to == l->entity;
        if (x == at)
            lines |= (r > l->first ? NORTH : 0) | (r < l->last ? SOUTH : 0) |
                     (arrives || leaves ? WEST : 0);
        else if (x < at && (arrives || leaves))
            lines |= EAST | WEST | (arrives && !x ? ARROW : 0);
    }
    return lines;
}

static void put_lines(const struct drawing *d, int r, struct buf *b)
{
    static const char *const glyphs[16] = {
        " ", "│", "─", "└", "│", "│", "┌", "├", "─", "┘", "─", "┴", "┐", "┤", "┬", "┼",
    };
    int end = 2 * d->used + 1;
    while (end > 0 && !cell_lines(d, r, end - 1))
        end--;
    for (int x = 0; x < end; x++) {
        int lines = cell_lines(d, r, x);
        buf_str(b, lines & ARROW ? "◀" : glyphs[lines & 15]);
    }
}

static void attribute_text(const struct model *m, const struct model_attribute *a, struct buf *b)
{
    if (a->knot >= 0)
        buf_printf(b, "knot %s", m->knots[a->knot].name);
    else
        model_type_text(b, &a->value);
}

static void tie_columns(const struct model_tie *k, struct buf *b)
{
    for (int i = 0; i < k->n_columns; i++)
        buf_printf(b, "%s%s", i ? ", " : "", k->columns[i]);
}

static void put_row(const struct drawing *d, const struct row *row, struct buf *b)
{
    const struct model_entity *t = &d->m->entities[row->entity];
    const int inner = d->width - 6; /* "│ * " and " │" */
    const int left = inner * 3 / 5;
    struct buf name;
    struct buf detail;
    const char *mark = "*";
    if (row->kind == ROW_TITLE || row->kind == ROW_END) {
        bool title = row->kind == ROW_TITLE;
        buf_init(&name, 0);
        if (title)
            buf_printf(&name, " %s ", t->name);
        buf_str(b, title ? "┌─" : "└─");
        put_text(b, buf_cstr(&name), d->width - 3, "─");
        buf_str(b, title ? "┐" : "┘");
        buf_free(&name);
        return;
    }
    buf_init(&name, 0);
    buf_init(&detail, 0);
    if (row->kind == ROW_KEY) {
        buf_str(&name, t->key[row->item].name);
        model_type_text(&detail, &t->key[row->item]);
    } else if (row->kind == ROW_ATTRIBUTE) {
        mark = t->attributes[row->item].historised ? "~" : "=";
        buf_str(&name, t->attributes[row->item].name);
        attribute_text(d->m, &t->attributes[row->item], &detail);
    } else {
        mark = ">";
        tie_columns(&d->m->ties[row->item], &name);
        buf_str(&detail, d->m->entities[d->m->ties[row->item].to].name);
    }
    buf_printf(b, "│ %s ", mark);
    put_text(b, buf_cstr(&name), left, " ");
    buf_ch(b, ' ');
    put_text(b, buf_cstr(&detail), inner - left - 1, " ");
    buf_str(b, " │");
    buf_free(&name);
    buf_free(&detail);
}

static void counted(struct buf *b, int n, const char *one, const char *many)
{
    buf_printf(b, ", %d %s", n, n == 1 ? one : many);
}

void model_sizes(const struct model *m, struct buf *b)
{
    int attributes = 0;
    for (int i = 0; i < m->n_entities; i++)
        attributes += m->entities[i].n_attributes;
    buf_printf(b, "%d %s", m->n_entities, m->n_entities == 1 ? "entity" : "entities");
    counted(b, attributes, "attribute", "attributes");
    counted(b, m->n_ties, "tie", "ties");
    counted(b, m->n_knots, "knot", "knots");
}

static void head(const struct model *m, struct buf *b)
{
    put_text(b, m->name, (int)strlen(m->name) < 30 ? (int)strlen(m->name) : 30, "");
    buf_lit(b, ": ");
    model_sizes(m, b);
    buf_lit(b, "\n* key   ~ keeps its history   = first value only   > tie\n\n");
}

enum err model_diagram_text(const struct model *m, struct buf *out, struct errbuf *e)
{
    struct drawing d = {.m = m};
    enum err rc = ERR_OK;
    if (!make_rows(&d) || !make_lanes(&d))
        rc = err_set(e, ERR_NOMEM, "no memory for the diagram");
    else
        head(m, out);
    for (int r = 0; r < d.n_rows && !rc; r++) {
        put_row(&d, &d.rows[r], out);
        put_lines(&d, r, out);
        buf_ch(out, '\n');
    }
    free(d.rows);
    free(d.lanes);
    return rc;
}
