/*
 * How each style role looks: by theme and by how many colours the terminal has.
 *
 * One table. Colours are numbers of the terminal's palette: up to 8 and 16 they are whatever the
 * person chose for them, of 256 they are fixed. A state is never told by its colour alone, so the
 * table may have few of them; what has no colour at all has attributes.
 *
 * The theme `safe` keeps to the palette of Okabe and Ito ("Color Universal Design", 2008), which
 * people with any of the common colour vision deficiencies can tell apart, on dark and light.
 *
 * Pure. Thread rule: any thread.
 */
#ifndef CONSOLE_TUI_THEME_H
#define CONSOLE_TUI_THEME_H

#include "views/grid.h"

enum theme { THEME_DARK, THEME_LIGHT, THEME_SAFE, THEME_COUNT };

enum { LOOK_BOLD = 1, LOOK_DIM = 2, LOOK_UNDERLINE = 4, LOOK_REVERSE = 8 };

struct look {
    short fg;            /* of the palette; -1: the terminal's own */
    unsigned attributes; /* LOOK_ */
};

struct look theme_look(enum theme theme, enum colours colours, enum style_role role);

/* Colours as terminfo counts them (max_colors). */
enum colours theme_colours(int max_colours);

/* The theme for a terminal that says what its background is (COLORFGBG, as rxvt and Konsole set it:
 * "15;0", "0;default;15"; NULL: not set); dark where it does not. */
enum theme theme_guess(const char *colorfgbg);

#endif
