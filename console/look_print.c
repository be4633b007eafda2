#include "console/look_print.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "backend/base/buf.h"
#include "console/attach.h"
#include "views/grid.h"
#include "views/units.h"

enum { COLUMNS_MAX = 16, CELL_MAX = 512, INDENT = 2, GAP = 2, LINE_LEAST = 20, WIDE = 200 };

static double number(const json_t *v)
{
    return json_is_number(v) ? json_number_value(v) : NAN;
}

static void one_line(const char *text, char *out, size_t n)
{
    size_t k = 0;
    bool blank = false;
    for (; *text && k + 1 < n; text++) {
        bool space = strchr(" \t\r\n", *text) != NULL;
        if (!space || !blank)
            out[k++] = space ? ' ' : *text;
        blank = space;
    }
    out[k] = '\0';
}

static void join(const json_t *list, char *out, size_t n)
{
    struct buf b;
    buf_init(&b, 0);
    for (size_t i = 0; i < json_array_size(list); i++)
        buf_printf(&b, "%s%s", i ? ", " : "", json_string_value(json_array_get(list, i)));
    (void)snprintf(out, n, "%s", buf_cstr(&b));
    buf_free(&b);
}

static void cell(const json_t *row, const struct look_column *c, char *out, size_t n)
{
    const json_t *v = json_object_get(row, c->member);
    const char *text = json_string_value(v);
    switch (c->kind) {
    case LOOK_COUNT:
        (void)unit_count(json_is_number(v) ? (int64_t)json_number_value(v) : UNKNOWN_INT, out, n);
        break;
    case LOOK_BYTES:
        (void)unit_bytes(number(v), out, n);
        break;
    case LOOK_RATE:
        (void)unit_bytes_rate(number(v), out, n);
        break;
    case LOOK_DURATION:
        (void)unit_duration(number(v), out, n);
        break;
    case LOOK_YES:
        (void)snprintf(out, n, "%s", json_is_true(v) ? "yes" : "");
        break;
    case LOOK_LIST:
        join(v, out, n);
        break;
    default:
        one_line(text ? text : "", out, n);
    }
}

static bool right(const struct look_column *c)
{
    return c->kind == LOOK_COUNT || c->kind == LOOK_BYTES || c->kind == LOOK_RATE ||
           c->kind == LOOK_DURATION;
}

static int width(const char *text)
{
    return text_width(text, !attach_is_utf8());
}

/* Widths of the columns; returns how many there are. */
static int measure(const json_t *list, const struct look_column *columns, size_t rows, int *w)
{
    char text[CELL_MAX];
    int n = 0;
    for (; columns[n].title && n < COLUMNS_MAX; n++) {
        w[n] = width(columns[n].title);
        for (size_t i = 0; i < rows; i++) {
            cell(json_array_get(list, i), &columns[n], text, sizeof text);
            int k = width(text);
            w[n] = k > w[n] ? k : w[n];
        }
    }
    return n;
}

/* What is left of the terminal for the last column. */
static int rest(const int *w, int n)
{
    int used = INDENT;
    for (int i = 0; i < n - 1; i++)
        used += w[i] + GAP;
    int left = attach_columns(WIDE) - used;
    return left > LINE_LEAST ? left : LINE_LEAST;
}

static void cut(char *text, int columns)
{
    const char *p = text;
    int used = 0, one = 0;
    while (*p) {
        const char *next = p;
        (void)text_next(&next, !attach_is_utf8(), &one);
        used += one;
        if (used > columns)
            break;
        p = next;
    }
    text[p - text] = '\0';
}

static void put(const struct look_column *c, const char *text, int w, bool last)
{
    if (right(c))
        (void)printf("%*s", w - width(text), "");
    attach_put(text, right(c) || last ? 0 : w);
    if (!last)
        (void)printf("%*s", GAP, "");
}

void look_print(const char *heading, const json_t *list, const struct look_column *columns,
                size_t most)
{
    char text[CELL_MAX];
    int w[COLUMNS_MAX];
    size_t all = json_array_size(list);
    size_t rows = most && all > most ? most : all;
    if (!all) {
        (void)printf("%s: none\n", heading);
        return;
    }
    int n = measure(list, columns, rows, w);
    (void)printf("%s\n%*s", heading, INDENT, "");
    for (int k = 0; k < n; k++)
        put(&columns[k], columns[k].title, w[k], k == n - 1);
    (void)putchar('\n');
    for (size_t i = 0; i < rows; i++) {
        (void)printf("%*s", INDENT, "");
        for (int k = 0; k < n; k++) {
            cell(json_array_get(list, i), &columns[k], text, sizeof text);
            if (columns[k].kind == LOOK_LINE)
                cut(text, rest(w, n));
            put(&columns[k], text, w[k], k == n - 1);
        }
        (void)putchar('\n');
    }
    if (all > rows)
        (void)printf("%*s.. and %zu more\n", INDENT, "", all - rows);
}

void look_print_errors(const json_t *answer)
{
    const json_t *errors = json_object_get(answer, "errors");
    for (size_t i = 0; i < json_array_size(errors); i++) {
        (void)printf("not known: ");
        attach_put(attach_text(json_array_get(errors, i), "part"), 0);
        (void)printf(": ");
        attach_put(attach_text(json_array_get(errors, i), "text"), 0);
        (void)putchar('\n');
    }
}
