#include "views/keymap.h"

#include <stdio.h>
#include <string.h>

#include "views/grid.h"

static const struct action_info infos[ACTION_COUNT] = {
#define X(name, k, a, c, w, h)                                                                     \
    [ACTION_##name] = {.key = (k), .alt = (a), .contexts = (c), .word = (w), .help = (h)},
    ACTION_LIST(X)
#undef X
};

const struct action_info *action_info(enum action a)
{
    return &infos[a];
}

enum action keymap_find(context_t context, uint32_t key)
{
    for (int a = ACTION_NONE + 1; key && a < ACTION_COUNT; a++)
        if ((infos[a].contexts & context) && (infos[a].key == key || infos[a].alt == key))
            return (enum action)a;
    return ACTION_NONE;
}

char *key_label(uint32_t key, char *out, size_t n)
{
    static const struct {
        uint32_t key;
        const char *label;
    } names[] = {
        {VK_TAB, "Tab"},           {VK_ENTER, "Enter"}, {VK_ESC, "Esc"},
        {VK_BACKSPACE, "Backsp"},  {VK_UP, "Up"},       {VK_DOWN, "Down"},
        {VK_LEFT, "Left"},         {VK_RIGHT, "Right"}, {VK_PAGE_UP, "PgUp"},
        {VK_PAGE_DOWN, "PgDn"},    {VK_HOME, "Home"},   {VK_END, "End"},
        {VK_BACKTAB, "Shift-Tab"}, {VK_F1, "F1"},       {' ', "Space"},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (names[i].key == key) {
            (void)snprintf(out, n, "%s", names[i].label);
            return out;
        }
    }
    if (key < 0x20) {
        (void)snprintf(out, n, "Ctrl-%c", (char)(key + '@'));
        return out;
    }
    struct buf b;
    buf_init(&b, 8);
    utf8_put(&b, key);
    (void)snprintf(out, n, "%s", buf_cstr(&b));
    buf_free(&b);
    return out;
}
