#include "console/rows_print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "console/attach.h"
#include "console/exit_codes.h"

enum format rows_print_form(const struct arguments *a)
{
    enum format f = FORMAT_TABLE;
    for (int i = 0; i < a->n_given; i++) { /* the last one wins */
        const char *name = a->given[i].name;
        enum format named = format_find(strcmp(name, "format") ? name : a->given[i].value);
        if (named != FORMAT_COUNT)
            f = named;
    }
    return f;
}

static enum format_type type_of(const json_t *column)
{
    const char *type = json_string_value(json_object_get(column, "type"));
    static const char *const numbers[] = {"integer", "float", "decimal"};
    for (size_t i = 0; type && i < sizeof numbers / sizeof numbers[0]; i++)
        if (!strcmp(type, numbers[i]))
            return FORMAT_NUMBER;
    return type && !strcmp(type, "boolean") ? FORMAT_BOOL : FORMAT_TEXT;
}

/* The cell's text; of what is no text in `own`, which is freed with free(). */
static struct cell cell_of(const json_t *v, char **own)
{
    *own = NULL;
    if (json_is_string(v))
        return (struct cell){
            .p = json_string_value(v), .len = (uint32_t)json_string_length(v), .kind = CELL_TEXT};
    if (json_is_boolean(v))
        return (struct cell){.p = json_is_true(v) ? "t" : "f", .len = 1, .kind = CELL_TEXT};
    if (json_is_real(v)) { /* 154800, where JSON would write 154800.0 */
        if (asprintf(own, "%.15g", json_real_value(v)) < 0)
            *own = NULL;
    } else if (v && !json_is_null(v)) {
        *own = json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT);
    }
    if (!*own)
        return (struct cell){.kind = CELL_NULL};
    return (struct cell){.p = *own, .len = (uint32_t)strlen(*own), .kind = CELL_TEXT};
}

static enum err print_row(struct formatter *f, const json_t *row, int n, struct errbuf *e)
{
    struct cell *cells = calloc((size_t)n + 1, sizeof *cells);
    char **own = calloc((size_t)n + 1, sizeof *own);
    enum err rc = cells && own ? ERR_OK : err_set(e, ERR_NOMEM, "no memory for a row");
    for (int i = 0; i < n && !rc; i++)
        cells[i] = cell_of(json_array_get(row, (size_t)i), &own[i]);
    if (!rc)
        rc = format_row(f, cells, e);
    for (int i = 0; i < n && own; i++)
        free(own[i]);
    free(own);
    free(cells);
    return rc;
}

static enum err print_all(struct formatter *f, const json_t *columns, const json_t *rows,
                          struct errbuf *e)
{
    int n = (int)json_array_size(columns);
    struct format_column *names = calloc((size_t)n + 1, sizeof *names);
    if (!f || !names) {
        free(names);
        return err_set(e, ERR_NOMEM, "no memory for the rows");
    }
    for (int i = 0; i < n; i++) {
        const json_t *c = json_array_get(columns, (size_t)i);
        names[i] = (struct format_column){attach_text(c, "name"), type_of(c)};
    }
    enum err rc = format_begin(f, names, n, e);
    for (size_t i = 0; i < json_array_size(rows) && !rc; i++)
        rc = print_row(f, json_array_get(rows, i), n, e);
    if (!rc)
        rc = format_end(f, e);
    free(names);
    return rc;
}

int rows_print(const struct arguments *a, enum format form, const json_t *columns,
               const json_t *rows)
{
    struct errbuf e;
    const struct format_options o = {.format = form,
                                     .no_count = true,
                                     .terminal = isatty(STDOUT_FILENO) == 1,
                                     .unicode = attach_is_utf8()};
    struct formatter *f = format_create(&o, stdout);
    enum err rc = print_all(f, columns, rows, &e);
    format_destroy(f);
    return rc ? command_fail(a, EXIT_FAILED, "%s", e.text) : EXIT_DONE;
}
