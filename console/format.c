#include "console/format.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <wchar.h>

#include "console/format_internal.h"

static const char *const words[FORMAT_COUNT] = {
#define X(name, word) word,
    FORMAT_LIST(X)
#undef X
};

enum format format_find(const char *word)
{
    static const struct {
        const char *word;
        enum format format;
    } also[] = {
        {"aligned", FORMAT_TABLE}, {"vertical", FORMAT_EXPANDED}, {"unaligned", FORMAT_LIST}};
    for (int i = 0; i < FORMAT_COUNT; i++)
        if (!strcmp(words[i], word))
            return (enum format)i;
    for (size_t i = 0; i < sizeof also / sizeof also[0]; i++)
        if (!strcmp(also[i].word, word))
            return also[i].format;
    return FORMAT_COUNT;
}

const char *format_word(enum format f)
{
    return words[f];
}

bool format_for_programs(enum format f)
{
    return f == FORMAT_CSV || f == FORMAT_TSV || f == FORMAT_JSON || f == FORMAT_JSONL ||
           f == FORMAT_HTML;
}

/* ---- text ---- */

/* The character at p: its length, 0 where there is no UTF-8. */
static size_t decode(const char *p, size_t n, wchar_t *out)
{
    const unsigned char *s = (const unsigned char *)p;
    size_t len = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    if (s[0] > 0xf4 || len == 0 || len > n)
        return 0;
    uint32_t c = len == 1 ? s[0] : s[0] & (0xffU >> (len + 1));
    for (size_t i = 1; i < len; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (s[i] & 0x3f);
    }
    if ((len == 3 && (c < 0x800 || (c >= 0xd800 && c < 0xe000))) ||
        (len == 4 && (c < 0x10000 || c > 0x10ffff)))
        return 0;
    *out = (wchar_t)c;
    return len;
}

static bool is_control(wchar_t c)
{
    /* C0, DEL, C1, and the marks that turn the direction of what follows */
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x202a && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069);
}

void format_visible(struct buf *out, const char *p, size_t n)
{
    while (n) {
        wchar_t c = 0;
        size_t len = decode(p, n, &c);
        if (len && !is_control(c)) {
            buf_add(out, p, len);
        } else if (len && c == '\n') {
            buf_lit(out, "\\n");
        } else if (len && c == '\t') {
            buf_lit(out, "\\t");
        } else if (len && c == '\r') {
            buf_lit(out, "\\r");
        } else if (len > 1) {
            buf_printf(out, "\\u%04X", (unsigned)c);
        } else {
            buf_printf(out, "\\x%02X", (unsigned char)*p);
            len = 1;
        }
        p += len;
        n -= len;
    }
}

void format_visible_lines(struct buf *out, const char *text)
{
    while (*text) {
        size_t n = strcspn(text, "\n");
        format_visible(out, text, n);
        text += n;
        if (*text == '\n') {
            buf_ch(out, '\n');
            text++;
        }
    }
}

int format_width(const char *p, size_t n)
{
    int width = 0;
    while (n) {
        wchar_t c = 0;
        size_t len = decode(p, n, &c);
        int w = len ? wcwidth(c) : 1;
        width += w < 0 ? 1 : w;
        if (!len)
            len = 1;
        p += len;
        n -= len;
    }
    return width;
}

bool format_is_number(const char *p, size_t n)
{
    size_t i = 0;
    size_t digits = 0;
    if (i < n && p[i] == '-')
        i++;
    bool zero = i < n && p[i] == '0';
    for (; i < n && isdigit((unsigned char)p[i]); i++)
        digits++;
    if (!digits || (zero && digits > 1))
        return false;
    if (i < n && p[i] == '.') {
        for (digits = 0, i++; i < n && isdigit((unsigned char)p[i]); i++)
            digits++;
        if (!digits)
            return false;
    }
    if (i < n && (p[i] == 'e' || p[i] == 'E')) {
        i++;
        if (i < n && (p[i] == '+' || p[i] == '-'))
            i++;
        for (digits = 0; i < n && isdigit((unsigned char)p[i]); i++)
            digits++;
        if (!digits)
            return false;
    }
    return i == n;
}

void format_cell(const struct formatter *f, const struct cell *c, struct buf *out)
{
    if (c->kind != CELL_TEXT)
        buf_str(out, f->o.null ? f->o.null : "");
    else if (f->o.terminal || f->o.format != FORMAT_LIST)
        format_visible(out, c->p, c->len);
    else
        buf_add(out, c->p, c->len);
}

/* Whether a terminal would act on the byte (or on the two of a C1 control). */
static bool acts(const char *p, const char *end)
{
    unsigned char c = (unsigned char)*p;
    return (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f ||
           (c == 0xc2 && p + 1 < end && ((unsigned char)p[1] & 0xe0) == 0x80);
}

/* What is meant for programs goes out as it is, but never to a terminal. */
static void put(struct formatter *f)
{
    const char *p = f->line.p;
    const char *end = p + f->line.len;
    while (p < end) {
        const char *from = p;
        while (p < end && !(f->o.terminal && acts(p, end)))
            p++;
        (void)fwrite(from, 1, (size_t)(p - from), f->out);
        if (p < end) {
            (void)fputc('?', f->out);
            p += (unsigned char)*p == 0xc2 ? 2 : 1;
        }
    }
    buf_clear(&f->line);
}

static void put_line(struct formatter *f)
{
    buf_ch(&f->line, '\n');
    put(f);
}

static void count_footer(struct formatter *f)
{
    if (!f->o.rows_only && !f->o.no_count)
        (void)fprintf(f->out, "(%lld row%s)\n", (long long)f->rows, f->rows == 1 ? "" : "s");
}

/* ---- list ---- */

static void list_begin(struct formatter *f)
{
    if (f->o.rows_only)
        return;
    for (int i = 0; i < f->n; i++) {
        if (i)
            buf_str(&f->line, f->o.separator ? f->o.separator : "|");
        format_visible(&f->line, f->columns[i].name, strlen(f->columns[i].name));
    }
    put_line(f);
}

static void list_row(struct formatter *f, const struct cell *cells)
{
    for (int i = 0; i < f->n; i++) {
        if (i)
            buf_str(&f->line, f->o.separator ? f->o.separator : "|");
        format_cell(f, &cells[i], &f->line);
    }
    put_line(f);
}

/* ---- csv (RFC 4180), tsv (as COPY writes text) ---- */

/* NULL is nothing at all, an empty text is "". */
static void csv_field(struct formatter *f, const struct cell *c)
{
    if (c->kind != CELL_TEXT) {
        buf_str(&f->line, f->o.null ? f->o.null : "");
        return;
    }
    bool quote = c->len == 0 ||
                 (f->o.null && c->len == strlen(f->o.null) && !memcmp(c->p, f->o.null, c->len));
    buf_csv(&f->line, c->p, c->len, f->o.delimiter ? f->o.delimiter : ',', quote);
}

static void csv_row(struct formatter *f, const struct cell *cells)
{
    for (int i = 0; i < f->n; i++) {
        if (i)
            buf_ch(&f->line, f->o.delimiter ? f->o.delimiter : ',');
        csv_field(f, &cells[i]);
    }
    put_line(f);
}

static void tsv_field(struct formatter *f, const struct cell *c)
{
    if (c->kind != CELL_TEXT) {
        buf_str(&f->line, f->o.null ? f->o.null : "\\N");
        return;
    }
    for (uint32_t i = 0; i < c->len; i++) {
        char k = c->p[i];
        const char *as = k == '\t'   ? "\\t"
                         : k == '\n' ? "\\n"
                         : k == '\r' ? "\\r"
                         : k == '\\' ? "\\\\"
                                     : NULL;
        if (f->o.delimiter && k == f->o.delimiter)
            buf_ch(&f->line, '\\');
        if (as)
            buf_str(&f->line, as);
        else
            buf_ch(&f->line, k);
    }
}

static void tsv_row(struct formatter *f, const struct cell *cells)
{
    for (int i = 0; i < f->n; i++) {
        if (i)
            buf_ch(&f->line, f->o.delimiter ? f->o.delimiter : '\t');
        tsv_field(f, &cells[i]);
    }
    put_line(f);
}

/* The names as a row of texts. */
static void names_row(struct formatter *f, void (*row)(struct formatter *, const struct cell *))
{
    struct cell *names = calloc((size_t)f->n + 1, sizeof *names);
    if (!names) {
        f->line.failed = true;
        return;
    }
    for (int i = 0; i < f->n; i++)
        names[i] = (struct cell){.p = f->columns[i].name,
                                 .len = (uint32_t)strlen(f->columns[i].name),
                                 .kind = CELL_TEXT};
    row(f, names);
    free(names);
}

static void csv_begin(struct formatter *f)
{
    if (!f->o.rows_only)
        names_row(f, csv_row);
}

static void tsv_begin(struct formatter *f)
{
    if (!f->o.rows_only)
        names_row(f, tsv_row);
}

/* ---- json, jsonl ---- */

static void json_value(struct formatter *f, enum format_type type, const struct cell *c)
{
    if (c->kind != CELL_TEXT)
        buf_lit(&f->line, "null");
    else if (type == FORMAT_BOOL && c->len && (*c->p == 't' || *c->p == '1'))
        buf_lit(&f->line, "true");
    else if (type == FORMAT_BOOL && c->len && (*c->p == 'f' || *c->p == '0'))
        buf_lit(&f->line, "false");
    else if ((type == FORMAT_NUMBER && format_is_number(c->p, c->len)) ||
             (type == FORMAT_JSON_VALUE && c->len && !memchr(c->p, '\n', c->len)))
        buf_add(&f->line, c->p, c->len);
    else
        buf_json_string(&f->line, c->p, c->len);
}

static void json_object(struct formatter *f, const struct cell *cells)
{
    buf_ch(&f->line, '{');
    for (int i = 0; i < f->n; i++) {
        if (i)
            buf_ch(&f->line, ',');
        buf_json_string(&f->line, f->columns[i].name, strlen(f->columns[i].name));
        buf_ch(&f->line, ':');
        json_value(f, f->columns[i].type, &cells[i]);
    }
    buf_ch(&f->line, '}');
}

static void jsonl_row(struct formatter *f, const struct cell *cells)
{
    json_object(f, cells);
    put_line(f);
}

static void json_row(struct formatter *f, const struct cell *cells)
{
    buf_str(&f->line, f->rows ? ",\n " : "[");
    json_object(f, cells);
    put(f);
}

static void json_end(struct formatter *f)
{
    (void)fputs(f->rows ? "]\n" : "[]\n", f->out);
}

/* ---- html ---- */

static void html_text(struct buf *out, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        switch (p[i]) {
        case '<':
            buf_lit(out, "&lt;");
            break;
        case '>':
            buf_lit(out, "&gt;");
            break;
        case '&':
            buf_lit(out, "&amp;");
            break;
        case '"':
            buf_lit(out, "&quot;");
            break;
        case '\n':
            buf_lit(out, "<br>");
            break;
        default:
            buf_ch(out, p[i]);
        }
}

static void html_begin(struct formatter *f)
{
    buf_lit(&f->line, "<table>");
    if (!f->o.rows_only) {
        buf_lit(&f->line, "\n<tr>");
        for (int i = 0; i < f->n; i++) {
            buf_lit(&f->line, "<th>");
            html_text(&f->line, f->columns[i].name, strlen(f->columns[i].name));
            buf_lit(&f->line, "</th>");
        }
        buf_lit(&f->line, "</tr>");
    }
    put_line(f);
}

static void html_row(struct formatter *f, const struct cell *cells)
{
    buf_lit(&f->line, "<tr>");
    for (int i = 0; i < f->n; i++) {
        buf_str(&f->line, f->columns[i].type == FORMAT_NUMBER ? "<td align=\"right\">" : "<td>");
        if (cells[i].kind == CELL_TEXT)
            html_text(&f->line, cells[i].p, cells[i].len);
        else
            html_text(&f->line, f->o.null ? f->o.null : "", f->o.null ? strlen(f->o.null) : 0);
        buf_lit(&f->line, "</td>");
    }
    buf_lit(&f->line, "</tr>");
    put_line(f);
}

static void html_end(struct formatter *f)
{
    (void)fputs("</table>\n", f->out);
}

/* ---- the table of forms ---- */

static void nothing(struct formatter *f)
{
    (void)f;
}

static const struct format_form list_form = {list_begin, list_row, count_footer};
static const struct format_form csv_form = {csv_begin, csv_row, nothing};
static const struct format_form tsv_form = {tsv_begin, tsv_row, nothing};
static const struct format_form json_form = {nothing, json_row, json_end};
static const struct format_form jsonl_form = {nothing, jsonl_row, nothing};
static const struct format_form html_form = {html_begin, html_row, html_end};

static const struct format_form *form_of(enum format f)
{
    switch (f) {
    case FORMAT_LIST:
        return &list_form;
    case FORMAT_CSV:
        return &csv_form;
    case FORMAT_TSV:
        return &tsv_form;
    case FORMAT_JSON:
        return &json_form;
    case FORMAT_JSONL:
        return &jsonl_form;
    case FORMAT_HTML:
        return &html_form;
    case FORMAT_EXPANDED:
        return &format_form_expanded;
    case FORMAT_TABLE:
    case FORMAT_BOX:
    case FORMAT_MARKDOWN:
    case FORMAT_COUNT:
        break;
    }
    return &format_form_widths;
}

struct formatter *format_create(const struct format_options *o, FILE *out)
{
    struct formatter *f = calloc(1, sizeof *f);
    if (!f)
        return NULL;
    f->o = *o;
    f->out = out;
    buf_init(&f->line, 0);
    buf_init(&f->held, 0);
    return f;
}

static void forget(struct formatter *f)
{
    for (int i = 0; i < f->n; i++)
        free((char *)f->columns[i].name);
    free(f->columns);
    free(f->widths);
    f->columns = NULL;
    f->widths = NULL;
    f->n = 0;
    f->rows = 0;
    f->held_rows = 0;
    f->widths_known = false;
    f->expanded = false;
    buf_clear(&f->held);
    buf_clear(&f->line);
}

void format_destroy(struct formatter *f)
{
    if (!f)
        return;
    forget(f);
    free(f->is_null);
    buf_free(&f->line);
    buf_free(&f->held);
    free(f);
}

static enum err check(struct formatter *f, struct errbuf *e)
{
    if (ferror(f->out) && errno == EPIPE)
        return err_set(e, ERR_CANCELED, "nobody reads the result any more");
    if (ferror(f->out))
        return err_errno(e, ERR_IO, "the result cannot be written");
    enum err r = buf_check(&f->line, "a row of the result", e);
    return r ? r : buf_check(&f->held, "the first rows of the result", e);
}

enum err format_begin(struct formatter *f, const struct format_column *columns, int n,
                      struct errbuf *e)
{
    forget(f);
    f->columns = calloc((size_t)n + 1, sizeof *f->columns);
    f->widths = calloc((size_t)n + 1, sizeof *f->widths);
    if (!f->columns || !f->widths)
        return err_set(e, ERR_NOMEM, "no memory for a result of %d columns", n);
    for (int i = 0; i < n; i++) {
        f->columns[i] = columns[i];
        f->columns[i].name = strdup(columns[i].name);
        f->n = i + 1;
        if (!f->columns[i].name)
            return err_set(e, ERR_NOMEM, "no memory for a result of %d columns", n);
    }
    form_of(f->o.format)->begin(f);
    return check(f, e);
}

enum err format_row(struct formatter *f, const struct cell *cells, struct errbuf *e)
{
    form_of(f->o.format)->row(f, cells);
    f->rows++;
    return check(f, e);
}

enum err format_end(struct formatter *f, struct errbuf *e)
{
    form_of(f->o.format)->end(f);
    (void)fflush(f->out);
    return check(f, e);
}
