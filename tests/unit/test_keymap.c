/* Unit tests of the action table: no key means two things in one place, and what derives from it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <locale.h>
#include <string.h>

#include "views/pane.h"

static void check_pair(int a, int b)
{
    const struct action_info *x = action_info((enum action)a);
    const struct action_info *y = action_info((enum action)b);
    if (!(x->contexts & y->contexts))
        return;
    bool clash = x->key == y->key || (y->alt && x->key == y->alt) ||
                 (x->alt && (x->alt == y->key || x->alt == y->alt));
    if (clash)
        fail_msg("\"%s\" and \"%s\" have the same key in one context", x->help, y->help);
}

static void test_no_key_means_two_things(void **state)
{
    (void)state;
    for (int a = ACTION_NONE + 1; a < ACTION_COUNT; a++)
        for (int b = a + 1; b < ACTION_COUNT; b++)
            check_pair(a, b);
}

static void test_every_action_is_found_and_described(void **state)
{
    (void)state;
    for (int a = ACTION_NONE + 1; a < ACTION_COUNT; a++) {
        const struct action_info *i = action_info((enum action)a);
        assert_true(i->key != VK_NONE && i->contexts != 0);
        assert_true(i->help[0] != '\0');
        for (context_t bit = 1; bit; bit <<= 1) {
            bool here = (i->contexts & bit) != 0;
            assert_int_equal(keymap_find(bit, i->key) == (enum action)a, here);
            if (i->alt)
                assert_int_equal(keymap_find(bit, i->alt) == (enum action)a, here);
        }
    }
    assert_int_equal(keymap_find(CONTEXT_OVERVIEW, VK_NONE), ACTION_NONE);
    assert_int_equal(keymap_find(CONTEXT_OVERVIEW, 'Z'), ACTION_NONE);
}

/* The tabs' keys are no action's, and names and keys find their pane. */
static void test_panes(void **state)
{
    (void)state;
    for (int i = 0; i < PANE_COUNT; i++) {
        const struct pane *p = pane_of((enum pane_id)i);
        enum pane_id found;
        char key[KEY_LABEL_MAX];
        for (context_t bit = 1; bit < CONTEXT_HELP; bit <<= 1)
            assert_int_equal(keymap_find(bit, p->key), ACTION_NONE);
        for (int k = 0; k < i; k++)
            assert_true(pane_of((enum pane_id)k)->key != p->key);
        assert_true(screen_find_pane(key_label(p->key, key, sizeof key), &found));
        assert_int_equal(found, i);
    }
    enum pane_id found;
    assert_true(screen_find_pane("conn", &found));
    assert_int_equal(found, PANE_CONNECTORS);
    assert_true(screen_find_pane("log", &found));
    assert_int_equal(found, PANE_EVENTS);
    assert_false(screen_find_pane("con", &found));
    assert_false(screen_find_pane("", &found));
    assert_false(screen_find_pane("topics topic", &found) && found != PANE_TOPICS);
}

static void test_labels(void **state)
{
    (void)state;
    static const struct {
        uint32_t key;
        const char *label;
    } cases[] = {
        {'p', "p"},    {VK_ENTER, "Enter"}, {VK_CTRL('R'), "Ctrl-R"}, {VK_BACKTAB, "Shift-Tab"},
        {VK_F1, "F1"}, {0x416, "Ж"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char label[KEY_LABEL_MAX];
        assert_string_equal(key_label(cases[i].key, label, sizeof label), cases[i].label);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_key_means_two_things),
        cmocka_unit_test(test_every_action_is_found_and_described),
        cmocka_unit_test(test_panes),
        cmocka_unit_test(test_labels),
    };
    if (!setlocale(LC_ALL, "C.UTF-8"))
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
