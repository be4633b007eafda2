/* Between the files of console/format*.c only. */
#ifndef CONSOLE_FORMAT_INTERNAL_H
#define CONSOLE_FORMAT_INTERNAL_H

#include "console/format.h"

struct formatter {
    struct format_options o;
    FILE *out;
    struct format_column *columns; /* names are owned */
    int n;
    int64_t rows;
    struct buf line;
    /* forms with widths: the first rows, visible text with a NUL behind each cell */
    struct buf held;
    int held_rows;
    bool widths_known;
    bool expanded; /* too wide for the columns: one column a line */
    int *widths;
    bool *is_null;
    size_t is_null_cap;
};

/* One format's functions. `end` may print a footer. */
struct format_form {
    void (*begin)(struct formatter *f);
    void (*row)(struct formatter *f, const struct cell *cells);
    void (*end)(struct formatter *f);
};

/* The cell's text for people: NULL in the chosen words. */
void format_cell(const struct formatter *f, const struct cell *c, struct buf *out);

extern const struct format_form format_form_widths; /* table, box, markdown */
extern const struct format_form format_form_expanded;

#endif
