/* The rows of a screen's lists: one that goes away, any order, the mouse. */
#include "tests/unit/screen_help.h"

/* ---- a row that goes away under the keys ---- */

static void take_without(struct screen *s, const char *list, size_t row)
{
    json_t *json = fake_snapshot();
    assert_int_equal(json_array_remove(json_object_get(json, list), row), 0);
    screen_take_snapshot(s, read_snapshot(json));
}

/* No key reaches the row that has its place now. */
static void test_selected_row_goes_away(void **state)
{
    (void)state;
    static const struct {
        const char *go, *list;
        size_t row;
        const char *gone, *keys;
    } cases[] = {
        {"2j", "connectors", 1, "flights-sink is no longer in this list", "DRspuy\r"},
        {"3jk", "topics", 0, "postgres.bookings.flights is no longer in this list", "P\ry"},
        {"1j", "freshness", 1, "bookings.tickets is no longer in this list", "ra\ry"},
        {"1G", "alerts", 1, "is no longer in this list", "ra\ry"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct screen s;
        start(&s, 24, 100);
        (void)press(&s, cases[i].go);
        enum pane_id pane = s.pane;
        take_without(&s, cases[i].list, cases[i].row);
        assert_shows(&s, cases[i].gone);
        for (const char *k = cases[i].keys; *k; k++) {
            char key[2] = {*k, '\0'};
            assert_int_equal(press(&s, key).kind, EFFECT_NOTHING);
            assert_int_equal(s.mode, MODE_BROWSE);
            assert_int_equal(s.pane, pane);
            assert_false(s.detail);
            assert_shows(&s, cases[i].gone);
        }
        (void)press(&s, "k");
        assert_hides(&s, "is no longer in this list");
        assert_non_null(screen_object(&s));
        screen_free(&s);
    }
}

/* The row that was there by itself goes without a word, until a key is meant for it. */
static void test_row_that_nobody_chose(void **state)
{
    (void)state;
    struct screen s;
    start(&s, 24, 100);
    (void)press(&s, "2");
    take_without(&s, "connectors", 0);
    assert_hides(&s, "is no longer in this list");
    assert_null(screen_object(&s));
    (void)press(&s, "D");
    assert_int_equal(s.mode, MODE_BROWSE);
    assert_shows(&s, "airline-source is no longer in this list");
    (void)press(&s, "j");
    assert_string_equal(screen_object(&s), "flights-sink");
    screen_free(&s);
}

/* What is not about a row works all the same. */
static void test_list_without_its_selected_row(void **state)
{
    (void)state;
    struct screen s;
    start(&s, 24, 100);
    (void)press(&s, "2j");
    take_without(&s, "connectors", 1);
    (void)press(&s, "F"); /* restart all that failed */
    assert_int_equal(s.mode, MODE_CONFIRM);
    (void)press(&s, "\x1b");
    assert_int_equal(press(&s, "x\x15t.csv\r").kind, EFFECT_SAVE);
    take_without(&s, "topics", 0); /* the connector is there again */
    assert_string_equal(screen_object(&s), "flights-sink");
    screen_free(&s);
}

/* ---- any column sorts ---- */

static void test_sort_of_overview_and_events(void **state)
{
    (void)state;
    struct screen s;
    start(&s, 40, 120);
    (void)press(&s, "oo"); /* by name */
    assert_shows(&s, "sorted by name, smallest first");
    assert_shows(&s, "table / mart▲");
    (void)press(&s, "g");
    assert_string_equal(screen_object(&s), "mart airports_traffic");
    (void)press(&s, "Og");
    assert_string_equal(screen_object(&s), "mart frequent_flyers");
    (void)press(&s, "G"); /* alerts stay below */
    assert_string_equal(screen_object(&s), "alert lag:postgres.bookings.tickets");
    (void)press(&s, "oog"); /* by what is behind most: descending still */
    assert_shows(&s, "behind▼");
    assert_string_equal(screen_object(&s), "mart frequent_flyers");

    (void)press(&s, "0o"); /* by level */
    assert_shows(&s, "smallest first");
    (void)press(&s, "Og");
    assert_string_equal(screen_object(&s), "2"); /* the error */
    (void)press(&s, "ooooo");                    /* by who */
    assert_shows(&s, "sorted by who");
    (void)press(&s, "g");
    assert_string_equal(screen_object(&s), "4"); /* ivan */
    screen_free(&s);
}

/* ---- the mouse ---- */

static void draw(struct screen *s)
{
    free(screen_text(s));
}

/* The row of the screen on which a text stands. */
static int row_of(struct screen *s, const char *what)
{
    char *text = screen_text(s);
    const char *at = strstr(text, what);
    int y = 0;
    if (!at)
        fail_msg("\"%s\" is not on\n%s", what, text);
    for (const char *c = text; c < at; c++)
        y += *c == '\n';
    free(text);
    return y;
}

static enum effect_kind mouse(struct screen *s, enum mouse_event what, int y)
{
    struct effect effect;
    screen_mouse(s, what, y, 20, &effect);
    enum effect_kind kind = effect.kind;
    effect_free(&effect);
    return kind;
}

/* A press selects, a second one opens, and where there is no row it does nothing. */
static void test_mouse_selects_and_opens(void **state)
{
    (void)state;
    struct screen s;
    start(&s, 12, 100);
    (void)press(&s, "2");
    int y = row_of(&s, "tickets-sink");
    assert_int_equal(mouse(&s, MOUSE_PRESS, y), EFFECT_NOTHING);
    assert_string_equal(screen_object(&s), "tickets-sink");
    assert_false(s.detail);
    (void)mouse(&s, MOUSE_PRESS, y + 1); /* below the last row */
    (void)mouse(&s, MOUSE_PRESS, 0);
    assert_string_equal(screen_object(&s), "tickets-sink");
    (void)mouse(&s, MOUSE_AGAIN, y);
    assert_true(s.detail);
    assert_string_equal(s.object, "tickets-sink");
    draw(&s);
    (void)mouse(&s, MOUSE_WHEEL_DOWN, y); /* text scrolls */
    assert_true(s.scroll > 0);
    (void)mouse(&s, MOUSE_PRESS, y); /* the list is not on the screen */
    assert_true(s.detail);
    screen_free(&s);
}

/* Another row has come under the pointer between two presses: it is selected, not opened. */
static void test_mouse_opens_what_was_selected(void **state)
{
    (void)state;
    struct screen s;
    start(&s, 24, 100);
    (void)press(&s, "2");
    int y = row_of(&s, "airline-source");
    (void)mouse(&s, MOUSE_PRESS, y);
    take_without(&s, "connectors", 0);
    draw(&s);
    (void)mouse(&s, MOUSE_AGAIN, y);
    assert_false(s.detail);
    assert_string_equal(screen_object(&s), "flights-sink");
    screen_free(&s);
}

/* Both lists of the overview; what is scrolled; no key of a question. */
static void test_mouse_in_lists(void **state)
{
    (void)state;
    struct screen s;
    start(&s, 24, 100);
    (void)mouse(&s, MOUSE_PRESS, row_of(&s, "frequent_flyers"));
    assert_string_equal(screen_object(&s), "mart frequent_flyers");
    (void)press(&s, "G");
    (void)mouse(&s, MOUSE_PRESS, row_of(&s, "known to ann"));
    assert_string_equal(screen_object(&s), "alert failed:tickets-sink");
    (void)mouse(&s, MOUSE_WHEEL_UP, 10);
    assert_string_equal(screen_object(&s), "table postgres.bookings.города");
    (void)press(&s, "2jD");
    assert_int_equal(s.mode, MODE_TYPED);
    int mode = s.mode;
    (void)mouse(&s, MOUSE_AGAIN, row_of(&s, "airline-source"));
    assert_int_equal(s.mode, mode);
    (void)press(&s, "\x1b");
    assert_string_equal(screen_object(&s), "flights-sink");
    assert_int_equal(press(&s, "M").kind, EFFECT_MOUSE);
    screen_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_selected_row_goes_away),
        cmocka_unit_test(test_row_that_nobody_chose),
        cmocka_unit_test(test_list_without_its_selected_row),
        cmocka_unit_test(test_sort_of_overview_and_events),
        cmocka_unit_test(test_mouse_selects_and_opens),
        cmocka_unit_test(test_mouse_opens_what_was_selected),
        cmocka_unit_test(test_mouse_in_lists),
    };
    (void)setlocale(LC_ALL, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
