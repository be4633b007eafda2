/*
 * The forms with columns of a width, and the expanded form.
 *
 * The first rows are held as visible text until there are HOLD_ROWS of them or HOLD_BYTES; then the
 * widths are fixed, what is held is printed, and each further row goes out at once.
 */
#include <stdlib.h>

#include "console/format_internal.h"

enum { HOLD_ROWS = 1000, HOLD_BYTES = 4 << 20 };

/* What stands where: left edge, between, right edge, and the lines. NULL lines are not drawn. */
struct frame {
    const char *left, *between, *right;
    const char *top_left, *top_between, *top_right; /* a line above the names */
    const char *mid_left, *mid_between, *mid_right; /* below the names */
    const char *end_left, *end_between, *end_right; /* below the last row */
    const char *dash;
    bool tight; /* no blanks around a cell */
};

static const struct frame plain = {
    "", "|", "", NULL, NULL, NULL, "", "+", "", NULL, NULL, NULL, "-", false,
};
static const struct frame unicode_plain = {
    "", "│", "", NULL, NULL, NULL, "", "┼", "", NULL, NULL, NULL, "─", false,
};
static const struct frame borderless = {
    "", " ", "", NULL, NULL, NULL, "", " ", "", NULL, NULL, NULL, "-", true,
};
static const struct frame ascii_box = {
    "|", "|", "|", "+", "+", "+", "+", "+", "+", "+", "+", "+", "-", false,
};
static const struct frame unicode_box = {
    "│", "│", "│", "┌", "┬", "┐", "├", "┼", "┤", "└", "┴", "┘", "─", false,
};
static const struct frame markdown = {
    "|", "|", "|", NULL, NULL, NULL, "|", "|", "|", NULL, NULL, NULL, "-", false,
};

static const struct frame *frame_of(const struct formatter *f)
{
    if (f->o.format == FORMAT_BOX)
        return f->o.unicode ? &unicode_box : &ascii_box;
    if (f->o.format == FORMAT_MARKDOWN)
        return &markdown;
    bool unicode = f->o.unicode_lines && f->o.unicode;
    if (f->o.border == FORMAT_BORDER_AROUND)
        return unicode ? &unicode_box : &ascii_box;
    if (f->o.border == FORMAT_BORDER_NONE)
        return &borderless;
    return unicode ? &unicode_plain : &plain;
}

static void spaces(struct buf *b, int n)
{
    for (int i = 0; i < n; i++)
        buf_ch(b, ' ');
}

static void flush_line(struct formatter *f)
{
    /* no blanks at a line's end */
    while (f->line.len && f->line.p[f->line.len - 1] == ' ')
        f->line.len--;
    buf_ch(&f->line, '\n');
    (void)fwrite(f->line.p, 1, f->line.len, f->out);
    buf_clear(&f->line);
}

static void rule(struct formatter *f, const char *left, const char *between, const char *right)
{
    const char *dash = frame_of(f)->dash;
    if (!left)
        return;
    buf_str(&f->line, left);
    for (int i = 0; i < f->n; i++) {
        bool number = f->o.format == FORMAT_MARKDOWN && f->columns[i].type == FORMAT_NUMBER;
        if (i)
            buf_str(&f->line, between);
        for (int k = 0; k < f->widths[i] + (frame_of(f)->tight ? 0 : 2) - (number ? 1 : 0); k++)
            buf_str(&f->line, dash);
        if (number)
            buf_ch(&f->line, ':'); /* Markdown's way to align to the right */
    }
    buf_str(&f->line, right);
    flush_line(f);
}

enum align { ALIGN_LEFT, ALIGN_RIGHT, ALIGN_CENTRE };

static void put_cell(struct formatter *f, int i, const char *p, size_t n, enum align align)
{
    int room = f->widths[i] - format_width(p, n);
    if (room < 0)
        room = 0;
    int before = align == ALIGN_RIGHT ? room : align == ALIGN_CENTRE ? room / 2 : 0;
    buf_str(&f->line, i ? frame_of(f)->between : frame_of(f)->left);
    int around = frame_of(f)->tight ? 0 : 1;
    spaces(&f->line, around + before);
    buf_add(&f->line, p, n);
    spaces(&f->line, room - before + around);
    if (i == f->n - 1)
        buf_str(&f->line, frame_of(f)->right);
}

/* NUL-terminated texts, one behind the other; returns what follows. */
static const char *put_row(struct formatter *f, const char *texts)
{
    for (int i = 0; i < f->n; i++) {
        size_t n = strlen(texts);
        put_cell(f, i, texts, n, f->columns[i].type == FORMAT_NUMBER ? ALIGN_RIGHT : ALIGN_LEFT);
        texts += n + 1;
    }
    flush_line(f);
    return texts;
}

/* A cell's visible text; in Markdown a | would end the cell. */
static void visible_cell(struct formatter *f, const struct cell *c, struct buf *out)
{
    size_t start = out->len;
    format_cell(f, c, out);
    if (f->o.format != FORMAT_MARKDOWN)
        return;
    for (size_t i = start; i < out->len && !buf_failed(out); i++)
        if (out->p[i] == '|' && buf_reserve(out, 1)) {
            memmove(out->p + i + 1, out->p + i, out->len - i);
            out->p[i++] = '\\';
            out->len++;
        }
}

static void visible_name(const struct formatter *f, int i, struct buf *out)
{
    format_visible(out, f->columns[i].name, strlen(f->columns[i].name));
}

static void measure(struct formatter *f)
{
    enum { LEAST_MARKDOWN = 3 };
    struct buf name;
    buf_init(&name, 0);
    for (int i = 0; i < f->n; i++) {
        buf_clear(&name);
        visible_name(f, i, &name);
        f->widths[i] = format_width(name.p, name.len);
        if (f->o.format == FORMAT_MARKDOWN && f->widths[i] < LEAST_MARKDOWN)
            f->widths[i] = LEAST_MARKDOWN;
    }
    buf_free(&name);
    const char *p = f->held.p;
    for (int row = 0; row < f->held_rows; row++)
        for (int i = 0; i < f->n; i++) {
            size_t n = strlen(p);
            int width = format_width(p, n);
            if (width > f->widths[i])
                f->widths[i] = width;
            p += n + 1;
        }
}

static void print_head(struct formatter *f)
{
    const struct frame *frame = frame_of(f);
    struct buf name;
    rule(f, frame->top_left, frame->top_between, frame->top_right);
    if (f->o.rows_only)
        return;
    buf_init(&name, 0);
    for (int i = 0; i < f->n; i++) {
        buf_clear(&name);
        visible_name(f, i, &name);
        put_cell(f, i, name.p, name.len,
                 f->o.format == FORMAT_MARKDOWN ? ALIGN_LEFT : ALIGN_CENTRE);
    }
    buf_free(&name);
    flush_line(f);
    rule(f, frame->mid_left, frame->mid_between, frame->mid_right);
}

static int table_width(const struct formatter *f)
{
    int width = 0;
    for (int i = 0; i < f->n; i++)
        width += f->widths[i] + (frame_of(f)->tight ? 1 : 3);
    return width - 1;
}

static int name_width(struct formatter *f);
static const char *put_record(struct formatter *f, const char *texts, int64_t number);

static void release(struct formatter *f)
{
    if (f->widths_known || buf_failed(&f->held))
        return;
    measure(f);
    f->widths_known = true;
    f->expanded = f->o.columns > 0 && f->held_rows && table_width(f) > f->o.columns;
    if (f->expanded)
        f->widths[0] = name_width(f);
    else
        print_head(f);
    const char *p = f->held.p;
    for (int i = 0; i < f->held_rows; i++)
        p = f->expanded ? put_record(f, p, i + 1) : put_row(f, p);
    buf_clear(&f->held);
}

static void widths_begin(struct formatter *f)
{
    (void)f; /* the names wait for the widths */
}

static void widths_row(struct formatter *f, const struct cell *cells)
{
    if (f->widths_known)
        buf_clear(&f->held);
    for (int i = 0; i < f->n; i++) {
        visible_cell(f, &cells[i], &f->held);
        buf_ch(&f->held, '\0');
    }
    if (buf_failed(&f->held))
        return;
    if (f->widths_known) {
        (void)(f->expanded ? put_record(f, f->held.p, f->rows + 1) : put_row(f, f->held.p));
        return;
    }
    f->held_rows++;
    if (f->held_rows >= HOLD_ROWS || f->held.len >= HOLD_BYTES)
        release(f);
}

static void widths_end(struct formatter *f)
{
    const struct frame *frame = frame_of(f);
    release(f);
    if (f->expanded)
        return;
    rule(f, frame->end_left, frame->end_between, frame->end_right);
    if (!f->o.rows_only && !f->o.no_count && f->o.format != FORMAT_MARKDOWN)
        (void)fprintf(f->out, "(%lld row%s)\n", (long long)f->rows, f->rows == 1 ? "" : "s");
}

const struct format_form format_form_widths = {widths_begin, widths_row, widths_end};

/* ---- expanded ---- */

/* The widest name's. */
static int name_width(struct formatter *f)
{
    int widest = 0;
    struct buf name;
    buf_init(&name, 0);
    for (int i = 0; i < f->n; i++) {
        buf_clear(&name);
        visible_name(f, i, &name);
        int width = format_width(name.p, name.len);
        widest = width > widest ? width : widest;
    }
    buf_free(&name);
    return widest;
}

static void expanded_begin(struct formatter *f)
{
    f->widths[0] = name_width(f);
}

static void record_head(struct formatter *f, int64_t number)
{
    enum { RULE = 12 };
    if (!f->o.rows_only) {
        buf_printf(&f->line, "-[ RECORD %lld ]", (long long)number);
        while (f->line.len < (size_t)f->widths[0] + RULE)
            buf_ch(&f->line, '-');
        flush_line(f);
    } else if (number > 1) {
        flush_line(f);
    }
}

static void record_name(struct formatter *f, int i)
{
    size_t start = f->line.len;
    visible_name(f, i, &f->line);
    spaces(&f->line, f->widths[0] - format_width(f->line.p + start, f->line.len - start));
    buf_lit(&f->line, " | ");
}

/* As put_row. */
static const char *put_record(struct formatter *f, const char *texts, int64_t number)
{
    record_head(f, number);
    for (int i = 0; i < f->n; i++) {
        record_name(f, i);
        buf_str(&f->line, texts);
        flush_line(f);
        texts += strlen(texts) + 1;
    }
    return texts;
}

static void expanded_row(struct formatter *f, const struct cell *cells)
{
    record_head(f, f->rows + 1);
    for (int i = 0; i < f->n; i++) {
        record_name(f, i);
        format_cell(f, &cells[i], &f->line);
        flush_line(f);
    }
}

static void expanded_end(struct formatter *f)
{
    if (!f->rows && !f->o.rows_only && !f->o.no_count)
        (void)fputs("(0 rows)\n", f->out);
}

const struct format_form format_form_expanded = {expanded_begin, expanded_row, expanded_end};
