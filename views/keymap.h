/*
 * The one table of what can be done: key, word, help. Dispatch, the help line, the `?` overlay and
 * the `:` command all derive from it.
 *
 * Keys are Unicode code points; what is no character is a VK_. A key may mean different things in
 * different contexts, never two things in one (a test sees to that). Pure.
 */
#ifndef VIEWS_KEYMAP_H
#define VIEWS_KEYMAP_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/base/err.h"

enum virtual_key {
    VK_NONE = 0,
    VK_TAB = 9,
    VK_ENTER = 13,
    VK_ESC = 27,
    VK_BACKSPACE = 127,
    VK_UP = 0x110000, /* behind the last code point */
    VK_DOWN,
    VK_LEFT,
    VK_RIGHT,
    VK_PAGE_UP,
    VK_PAGE_DOWN,
    VK_HOME,
    VK_END,
    VK_BACKTAB,
    VK_F1,
};
#define VK_CTRL(letter) ((letter)&0x1f)

enum context {
    CONTEXT_OVERVIEW = 1 << 0,
    CONTEXT_CONNECTORS = 1 << 1,
    CONTEXT_CONNECTOR = 1 << 2, /* one opened */
    CONTEXT_TOPICS = 1 << 3,
    CONTEXT_TOPIC = 1 << 4,
    CONTEXT_EVENTS = 1 << 5,
    CONTEXT_EVENT = 1 << 6,
    CONTEXT_HELP = 1 << 7,
    CONTEXT_FILTER = 1 << 8,
    CONTEXT_COMMAND = 1 << 9,
    CONTEXT_CONFIRM = 1 << 10,

    CONTEXT_LISTS = CONTEXT_OVERVIEW | CONTEXT_CONNECTORS | CONTEXT_TOPICS | CONTEXT_EVENTS,
    CONTEXT_DETAILS = CONTEXT_CONNECTOR | CONTEXT_TOPIC | CONTEXT_EVENT,
    CONTEXT_TABLES = CONTEXT_CONNECTORS | CONTEXT_TOPICS | CONTEXT_EVENTS,
    CONTEXT_BROWSE = CONTEXT_LISTS | CONTEXT_DETAILS,
    CONTEXT_INPUT = CONTEXT_FILTER | CONTEXT_COMMAND,
};

/*
 * name, key, second key, contexts, word of the help line ("" keeps it out of there), help.
 * The order is the help line's: what the selected row can do comes first.
 */
#define ACTION_LIST(X)                                                                             \
    X(OPEN, VK_ENTER, VK_RIGHT, CONTEXT_LISTS | CONTEXT_EVENT, "open", "open the selected row")    \
    X(BACK, VK_ESC, VK_LEFT, CONTEXT_BROWSE, "back", "back; takes a filter away")                  \
    X(PAUSE, 'p', 0, CONTEXT_CONNECTORS | CONTEXT_CONNECTOR, "pause",                              \
      "pause the connector: it keeps its position and connections")                                \
    X(RESUME, 'r', 0, CONTEXT_CONNECTORS | CONTEXT_CONNECTOR, "resume",                            \
      "resume a paused or stopped connector where it was")                                         \
    X(RESTART, 'R', 0, CONTEXT_CONNECTORS | CONTEXT_CONNECTOR, "restart",                          \
      "restart the connector, with a fresh restart budget")                                        \
    X(STOP, 's', 0, CONTEXT_CONNECTORS | CONTEXT_CONNECTOR, "stop",                                \
      "stop the connector and close its connections; it keeps its position")                       \
    X(FOLLOW, 'f', 0, CONTEXT_EVENTS, "follow", "keep to the newest event, or stop doing so")      \
    X(FILTER, '/', 0, CONTEXT_TABLES, "filter", "show only the rows that contain a text")          \
    X(SORT, 'o', 0, CONTEXT_CONNECTORS | CONTEXT_TOPICS | CONTEXT_TOPIC, "sort",                   \
      "sort by the next column")                                                                   \
    X(REVERSE, 'O', 0, CONTEXT_CONNECTORS | CONTEXT_TOPICS | CONTEXT_TOPIC, "",                    \
      "turn the sort order round")                                                                 \
    X(UP, VK_UP, 'k', CONTEXT_BROWSE | CONTEXT_HELP, "", "one row up")                             \
    X(DOWN, VK_DOWN, 'j', CONTEXT_BROWSE | CONTEXT_HELP, "", "one row down")                       \
    X(PAGE_UP, VK_PAGE_UP, VK_CTRL('B'), CONTEXT_BROWSE | CONTEXT_HELP, "", "one page up")         \
    X(PAGE_DOWN, VK_PAGE_DOWN, VK_CTRL('F'), CONTEXT_BROWSE | CONTEXT_HELP, "", "one page down")   \
    X(TOP, VK_HOME, 'g', CONTEXT_BROWSE | CONTEXT_HELP, "", "to the first row")                    \
    X(BOTTOM, VK_END, 'G', CONTEXT_BROWSE | CONTEXT_HELP, "", "to the last row")                   \
    X(NEXT_PANE, VK_TAB, 0, CONTEXT_BROWSE, "", "the next pane")                                   \
    X(PREVIOUS_PANE, VK_BACKTAB, 0, CONTEXT_BROWSE, "", "the pane before")                         \
    X(RECONNECT, VK_CTRL('R'), 0, CONTEXT_BROWSE, "reconnect", "ask the engine again now")         \
    X(REDRAW, VK_CTRL('L'), 0, CONTEXT_BROWSE | CONTEXT_HELP, "", "draw the screen anew")          \
    X(COMMAND, ':', 0, CONTEXT_BROWSE, "command", "a pane or an action by its name")               \
    X(HELP, '?', VK_F1, CONTEXT_BROWSE, "help", "what can be done here")                           \
    X(LEAVE, 'q', 0, CONTEXT_BROWSE, "leave", "leave the console; the engine keeps running")       \
    X(CLOSE, VK_ESC, 'q', CONTEXT_HELP, "close", "close the help")                                 \
    X(CLOSE_TOO, '?', VK_ENTER, CONTEXT_HELP, "", "close the help")                                \
    X(ACCEPT, VK_ENTER, 0, CONTEXT_INPUT, "take it", "take what is typed")                         \
    X(CANCEL, VK_ESC, VK_CTRL('G'), CONTEXT_INPUT, "cancel", "forget what is typed")               \
    X(COMPLETE, VK_TAB, 0, CONTEXT_COMMAND, "complete", "complete the name")                       \
    X(ERASE, VK_BACKSPACE, 8, CONTEXT_INPUT, "", "erase a character")                              \
    X(ERASE_ALL, VK_CTRL('U'), 0, CONTEXT_INPUT, "", "erase everything")                           \
    X(YES, 'y', 0, CONTEXT_CONFIRM, "yes", "do it")                                                \
    X(NO, 'n', VK_ESC, CONTEXT_CONFIRM, "no", "leave it")

enum action {
    ACTION_NONE,
#define X(name, key, alt, contexts, word, help) ACTION_##name,
    ACTION_LIST(X)
#undef X
        ACTION_COUNT
};

struct action_info {
    uint32_t key, alt;
    unsigned contexts;
    const char *word;
    const char *help;
};

/* Of ACTION_NONE + 1 .. ACTION_COUNT - 1. */
const struct action_info *action_info(enum action a);

/* ACTION_NONE when the key means nothing in this context. */
enum action keymap_find(enum context context, uint32_t key);

enum { KEY_LABEL_MAX = 16 };

/* "Enter", "p", "Ctrl-R"; returns out. */
char *key_label(uint32_t key, char *out, size_t n);

#endif
