/*
 * How a result is printed: one writer a format, fed with columns, rows and an end.
 *
 * Nothing keeps a whole result: the forms with columns of a width (aligned, box, markdown) hold the
 * first rows to find the widths, then print as rows come; a later cell that is wider goes over its
 * column. Widths are those of the terminal (wcwidth: wide and combining characters), so the locale
 * must have UTF-8. Thread rule: one thread at a time.
 */
#ifndef CONSOLE_FORMAT_H
#define CONSOLE_FORMAT_H

#include <stdio.h>

#include "backend/base/buf.h"
#include "backend/base/relation.h"

/* name, word */
#define FORMAT_LIST(X)                                                                             \
    X(TABLE, "table")                                                                              \
    X(BOX, "box")                                                                                  \
    X(MARKDOWN, "markdown")                                                                        \
    X(LIST, "list")                                                                                \
    X(EXPANDED, "expanded")                                                                        \
    X(CSV, "csv")                                                                                  \
    X(TSV, "tsv")                                                                                  \
    X(JSON, "json")                                                                                \
    X(JSONL, "jsonl")                                                                              \
    X(HTML, "html")

enum format {
#define X(name, word) FORMAT_##name,
    FORMAT_LIST(X)
#undef X
        FORMAT_COUNT
};

const char *format_word(enum format f);
/* FORMAT_COUNT for an unknown word; "aligned", "vertical" and "unaligned" are known too. */
enum format format_find(const char *word);

enum format_type { FORMAT_TEXT, FORMAT_NUMBER, FORMAT_BOOL, FORMAT_JSON_VALUE };

struct format_column {
    const char *name;
    enum format_type type;
};

enum format_border { FORMAT_BORDER_BETWEEN, FORMAT_BORDER_NONE, FORMAT_BORDER_AROUND };

struct format_options {
    enum format format;
    const char *null;      /* what NULL looks like; NULL: the format's own way */
    const char *separator; /* of the list form; NULL: | */
    bool rows_only;        /* neither names nor the count */
    bool no_count;         /* no count beneath the rows */
    enum format_border border;
    bool unicode_lines; /* of a table with a border: as of the box */
    int columns;        /* > 0: a table that is wider becomes expanded */
    char delimiter;     /* of csv and tsv; 0: their own */
    bool terminal;      /* control characters in the data must not reach the terminal */
    bool unicode;       /* box drawing */
};

struct formatter;

struct formatter *format_create(const struct format_options *o, FILE *out); /* NULL: no memory */
void format_destroy(struct formatter *f);

/* Of one result; copies the columns. */
enum err format_begin(struct formatter *f, const struct format_column *columns, int n,
                      struct errbuf *e) MUST_CHECK;
enum err format_row(struct formatter *f, const struct cell *cells, struct errbuf *e) MUST_CHECK;
/* ERR_IO when the output could not be written (a pipe that was closed, a full disk). */
enum err format_end(struct formatter *f, struct errbuf *e) MUST_CHECK;

/* Forms for programs: no command tags among them. */
bool format_for_programs(enum format f);

/* ---- pieces that the forms share, and that tests look at ---- */

/* Appends bytes as they may stand in a line of text: control characters as \n, \t, \x1B, bytes that
 * are no UTF-8 as \xFF. */
void format_visible(struct buf *out, const char *p, size_t n);
/* The same, but lines stay lines. */
void format_visible_lines(struct buf *out, const char *text);
/* Columns of the terminal that the text takes. */
int format_width(const char *p, size_t n);
/* A JSON number as it stands (no NaN, no leading zero or plus). */
bool format_is_number(const char *p, size_t n);

#endif
