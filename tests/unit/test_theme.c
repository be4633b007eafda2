/* Unit tests of how style roles look: themes, colour levels, cells of two series. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "console/tui_theme.h"

static void test_series_are_told_apart(void **state)
{
    (void)state;
    static const short most[] = {[COLOURS_8] = 8, [COLOURS_16] = 16, [COLOURS_256] = 256};
    for (int theme = 0; theme < THEME_COUNT; theme++)
        for (int colours = COLOURS_8; colours <= COLOURS_256; colours++)
            for (int a = STYLE_SERIES_1; a <= STYLE_SERIES_REST; a++) {
                short fg = theme_look(theme, colours, a).fg;
                assert_true(fg < most[colours]);
                for (int b = STYLE_SERIES_1; b < a; b++)
                    assert_int_not_equal(fg, theme_look(theme, colours, b).fg);
            }
}

/* Without colours a state still differs from a plain cell, and no role asks for a colour. */
static void test_no_colours(void **state)
{
    (void)state;
    for (int role = 0; role < STYLE_COUNT; role++)
        assert_int_equal(theme_look(THEME_DARK, COLOURS_MONO, role).fg, -1);
    assert_true(theme_look(THEME_SAFE, COLOURS_MONO, STYLE_ATTENTION).attributes & LOOK_BOLD);
    assert_true(theme_look(THEME_DARK, COLOURS_MONO, STYLE_BROKEN).attributes & LOOK_BOLD);
    assert_true(theme_look(THEME_DARK, COLOURS_MONO, STYLE_ENV_PRODUCTION).attributes &
                LOOK_REVERSE);
}

static void test_what_the_terminal_has(void **state)
{
    (void)state;
    assert_int_equal(theme_colours(-1), COLOURS_MONO);
    assert_int_equal(theme_colours(2), COLOURS_MONO);
    assert_int_equal(theme_colours(8), COLOURS_8);
    assert_int_equal(theme_colours(88), COLOURS_16);
    assert_int_equal(theme_colours(1 << 24), COLOURS_256);
    assert_int_equal(theme_guess(NULL), THEME_DARK);
    assert_int_equal(theme_guess(""), THEME_DARK);
    assert_int_equal(theme_guess("15;0"), THEME_DARK);
    assert_int_equal(theme_guess("0;default;15"), THEME_LIGHT);
    assert_int_equal(theme_guess("0;7"), THEME_LIGHT);
    assert_int_equal(theme_guess("0;default"), THEME_DARK);
}

static void test_a_series_behind_another(void **state)
{
    (void)state;
    struct errbuf e;
    struct grid g;
    struct buf out;
    buf_init(&out, 0);
    assert_int_equal(grid_init(&g, 1, 3, false, &e), ERR_OK);
    assert_false(grid_to_backs(&g, &out));
    (void)grid_put(&g, 0, 1, 1, STYLE_SERIES_2 | style_behind(STYLE_SERIES_REST) | STYLE_SELECTED,
                   "▀");
    assert_int_equal(style_back(g.cells[1].style), STYLE_SERIES_REST);
    assert_int_equal(style_back(g.cells[0].style), STYLE_PLAIN);
    assert_int_equal(style_behind(STYLE_BROKEN), 0);
    assert_true(grid_to_backs(&g, &out));
    grid_to_styles(&g, &out);
    assert_string_equal(buf_cstr(&out), ".7.\n.#.\n");
    buf_free(&out);
    grid_free(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_series_are_told_apart),
        cmocka_unit_test(test_no_colours),
        cmocka_unit_test(test_what_the_terminal_has),
        cmocka_unit_test(test_a_series_behind_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
