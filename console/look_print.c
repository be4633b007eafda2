#include "console/look_print.h"

#include <stdio.h>
#include <string.h>

#include "console/attach.h"
#include "views/grid.h"

enum { COLUMNS_MAX = 16, CELL_MAX = 512, INDENT = 2, GAP = 2, LINE_LEAST = 20, WIDE = 200 };

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
            look_cell(json_array_get(list, i), columns[n].member, columns[n].kind, text,
                      sizeof text);
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
            look_cell(json_array_get(list, i), columns[k].member, columns[k].kind, text,
                      sizeof text);
            if (k == n - 1 && columns[k].kind == LOOK_TEXT)
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
