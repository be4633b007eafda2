/*
 * A grid of character cells: what every renderer draws into and the only thing that the terminal
 * shell paints.
 *
 * Text is UTF-8 from anywhere. What reaches a cell is printable: controls, bidirectional overrides
 * and invalid bytes become '?', tabs and newlines a space; widths are wcwidth's, so a wide
 * character takes two cells (the second one has width 0) and combining ones join the cell before.
 * With `ascii` set, whatever is not ASCII becomes '?' (a terminal that is not UTF-8). Drawing
 * outside the grid or the clip rectangle does nothing, so a renderer needs no checks of its own.
 *
 * Ownership: a grid owns its cells. Thread rule: one thread at a time. wcwidth follows LC_CTYPE:
 * setlocale first.
 */
#ifndef VIEWS_GRID_H
#define VIEWS_GRID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/base/buf.h"
#include "backend/base/err.h"

/* Roles, not colours: the shell maps them to what the terminal can do. The letter is for tests. */
#define STYLE_LIST(X)                                                                              \
    X(PLAIN, '.')                                                                                  \
    X(DIM, 'd')       /* secondary */                                                              \
    X(RULE, 'r')      /* section lines */                                                          \
    X(TITLE, 't')     /* the product, section titles */                                            \
    X(HEADER, 'h')    /* column headers */                                                         \
    X(TAB, 'a')       /* the pane that is open */                                                  \
    X(KEY, 'k')       /* a key in the help line */                                                 \
    X(OK, 'o')        /* a state worth a colour although it is well */                             \
    X(ATTENTION, 'y') /* yellow, always with a sign or a word */                                   \
    X(BROKEN, 'b')    /* red, always with a word */                                                \
    X(SPARK, 's')     /* charts of one series */                                                   \
    X(SERIES_1, '1')  /* charts of several; never without a marker or a label */                   \
    X(SERIES_2, '2')                                                                               \
    X(SERIES_3, '3')                                                                               \
    X(SERIES_4, '4')                                                                               \
    X(SERIES_5, '5')                                                                               \
    X(SERIES_6, '6')                                                                               \
    X(SERIES_REST, '7') /* what is not worth a colour of its own */                                \
    X(ENV_DEMO, 'D')                                                                               \
    X(ENV_DEVELOPMENT, 'E')                                                                        \
    X(ENV_STAGING, 'S')                                                                            \
    X(ENV_PRODUCTION, 'P')

enum style_role {
#define X(name, letter) STYLE_##name,
    STYLE_LIST(X)
#undef X
        STYLE_COUNT
};

enum {
    STYLE_SELECTED = 0x100,
    STYLE_BOLD = 0x200,
    STYLE_ROLE_MASK = 0xff,
    STYLE_BACK_SHIFT = 12, /* a cell of two series: the one behind is 1 + its place */
    STYLE_SERIES = STYLE_SERIES_REST - STYLE_SERIES_1 + 1
};

/* What the terminal can show; a renderer picks what it draws by them. */
enum glyphs { GLYPHS_ASCII, GLYPHS_EIGHTHS, GLYPHS_BRAILLE };
enum colours { COLOURS_MONO, COLOURS_8, COLOURS_16, COLOURS_256, COLOURS_COUNT };

enum { CELL_CHARS = 4, GRID_SIDE_MAX = 1000 };

struct grid_cell {
    wchar_t ch[CELL_CHARS]; /* a character and what combines with it, 0 after the last */
    uint16_t style;         /* enum style_role | STYLE_SELECTED | STYLE_BOLD | style_behind */
    uint8_t width;          /* 1, 2; 0: the right half of the cell before */
};

struct rect {
    int y, x, h, w;
};

struct grid {
    int h, w;
    bool ascii;
    struct rect clip;
    int cursor_y, cursor_x; /* -1: hidden */
    struct grid_cell *cells;
};

/* h and w are taken into 1..GRID_SIDE_MAX. Blank. */
enum err grid_init(struct grid *g, int h, int w, bool ascii, struct errbuf *e) MUST_CHECK;
void grid_free(struct grid *g);
void grid_clear(struct grid *g);
bool grid_equal(const struct grid *a, const struct grid *b);
bool grid_row_equal(const struct grid *a, const struct grid *b, int y);

struct rect grid_all(const struct grid *g);
struct rect rect_intersect(struct rect a, struct rect b);

/* Narrows the clip rectangle (never widens); returns the old one, to put back. */
struct rect grid_clip(struct grid *g, struct rect r);

/* Draws as much of s as there is room for in w columns (and n bytes); returns columns used. */
int grid_put(struct grid *g, int y, int x, int w, uint16_t style, const char *s);

/* As grid_put with "…" (ASCII "~") in the last column where s is cut. */
int grid_text(struct grid *g, int y, int x, int w, uint16_t style, const char *s);

/* The same, right-aligned in w columns; blanks on the left are untouched. */
void grid_text_right(struct grid *g, int y, int x, int w, uint16_t style, const char *s);

int grid_printf(struct grid *g, int y, int x, int w, uint16_t style, const char *fmt, ...)
    PRINTF_LIKE(6, 7);

/* w cells of one character (width 1). */
void grid_fill(struct grid *g, struct rect r, uint16_t style, wchar_t ch);

/* Adds style bits (STYLE_SELECTED) to cells that are drawn already. */
void grid_mark(struct grid *g, struct rect r, uint16_t bits);

/* The bits that put a series behind the character (STYLE_SERIES_1..), for half-blocks; and the role
 * behind a cell, STYLE_PLAIN when there is none. */
uint16_t style_behind(enum style_role series);
enum style_role style_back(uint16_t style);

/* Columns that s takes. */
int text_width(const char *s, bool ascii);

/*
 * The next character of UTF-8 text, sanitised as above; 0 at its end. *width is 0, 1 or 2 (0:
 * combines with the one before). Advances *s.
 */
wchar_t text_next(const char **s, bool ascii, int *width);

/* The next raw code point (for folding and searching); invalid bytes are U+FFFD; 0 at the end. */
uint32_t utf8_next(const char **s);
/* Appends one code point. */
void utf8_put(struct buf *b, uint32_t c);

/* The grid as text, a line a row without trailing blanks; its style letters; and the letters of
 * what is behind its cells (false, and nothing, where that is nothing). For goldens, --once and
 * documentation. */
void grid_to_text(const struct grid *g, struct buf *out);
void grid_to_styles(const struct grid *g, struct buf *out);
bool grid_to_backs(const struct grid *g, struct buf *out);

#endif
