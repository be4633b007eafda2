#include "console/tui_theme.h"

#include <stdlib.h>
#include <string.h>

struct theme_row {
    uint8_t attributes; /* where there are colours */
    uint8_t mono;       /* where there are none */
    short fg[THEME_COUNT][COLOURS_COUNT - 1];
};

#define OWN                                                                                        \
    {                                                                                              \
        -1, -1, -1                                                                                 \
    }

/* Of 8, of 16, of 256; dark, light, safe. */
static const struct theme_row rows[STYLE_COUNT] = {
    [STYLE_PLAIN] = {0, 0, {OWN, OWN, OWN}},
    [STYLE_DIM] = {LOOK_DIM, LOOK_DIM, {OWN, OWN, OWN}},
    [STYLE_RULE] = {LOOK_DIM, LOOK_DIM, {OWN, OWN, OWN}},
    [STYLE_TITLE] = {LOOK_BOLD, LOOK_BOLD, {OWN, OWN, OWN}},
    [STYLE_HEADER] = {LOOK_UNDERLINE, LOOK_UNDERLINE, {OWN, OWN, OWN}},
    [STYLE_TAB] = {LOOK_REVERSE, LOOK_REVERSE, {OWN, OWN, OWN}},
    [STYLE_KEY] = {LOOK_BOLD, LOOK_BOLD, {OWN, OWN, OWN}},
    [STYLE_OK] = {0, 0, {{2, 2, 2}, {2, 2, 28}, {4, 12, 74}}},
    [STYLE_ATTENTION] = {0, LOOK_BOLD, {{3, 3, 3}, {3, 3, 130}, {3, 11, 214}}},
    [STYLE_BROKEN] = {LOOK_BOLD, LOOK_BOLD, {{1, 1, 1}, {1, 1, 160}, {1, 9, 166}}},
    [STYLE_SPARK] = {0, 0, {{6, 6, 6}, {6, 6, 30}, {6, 6, 74}}},
    [STYLE_SERIES_1] = {0, 0, {{6, 14, 75}, {6, 6, 25}, {6, 14, 74}}},
    [STYLE_SERIES_2] = {0, LOOK_BOLD, {{3, 11, 215}, {3, 3, 166}, {3, 11, 214}}},
    [STYLE_SERIES_3] = {0, LOOK_DIM, {{2, 10, 114}, {2, 2, 28}, {2, 10, 36}}},
    [STYLE_SERIES_4] = {0, 0, {{5, 13, 176}, {5, 5, 90}, {5, 13, 175}}},
    [STYLE_SERIES_5] = {0, LOOK_BOLD, {{4, 12, 69}, {4, 4, 20}, {4, 12, 26}}},
    [STYLE_SERIES_6] = {0, LOOK_DIM, {{7, 15, 222}, {0, 0, 94}, {1, 9, 166}}},
    [STYLE_SERIES_REST] = {0, LOOK_DIM, {{-1, 8, 244}, {-1, 8, 247}, {-1, 8, 244}}},
    [STYLE_ENV_DEMO] = {LOOK_REVERSE, LOOK_REVERSE, {{2, 2, 2}, {2, 2, 28}, {4, 12, 74}}},
    [STYLE_ENV_DEVELOPMENT] = {LOOK_REVERSE, LOOK_REVERSE, {{6, 6, 6}, {6, 6, 30}, {6, 6, 36}}},
    [STYLE_ENV_STAGING] = {LOOK_REVERSE, LOOK_REVERSE, {{3, 3, 3}, {3, 3, 130}, {3, 11, 214}}},
    [STYLE_ENV_PRODUCTION] = {LOOK_REVERSE | LOOK_BOLD,
                              LOOK_REVERSE | LOOK_BOLD,
                              {{1, 1, 1}, {1, 1, 160}, {1, 9, 166}}},
};

struct look theme_look(enum theme theme, enum colours colours, enum style_role role)
{
    const struct theme_row *row = &rows[role];
    if (colours == COLOURS_MONO)
        return (struct look){.fg = -1, .attributes = row->mono};
    return (struct look){.fg = row->fg[theme][colours - 1], .attributes = row->attributes};
}

enum colours theme_colours(int max_colours)
{
    return max_colours >= 256  ? COLOURS_256
           : max_colours >= 16 ? COLOURS_16
           : max_colours >= 8  ? COLOURS_8
                               : COLOURS_MONO;
}

enum theme theme_guess(const char *colorfgbg)
{
    const char *back = colorfgbg ? strrchr(colorfgbg, ';') : NULL;
    if (!back || back[1] < '0' || back[1] > '9')
        return THEME_DARK;
    long n = strtol(back + 1, NULL, 10);
    return n == 7 || n == 15 ? THEME_LIGHT : THEME_DARK; /* white, bright white */
}
