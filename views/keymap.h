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
    VK_PASTE_BEGIN, /* what comes until the other one was pasted, not typed */
    VK_PASTE_END,
    VK_MOUSE, /* the shell's: screen_mouse takes it */
};
#define VK_CTRL(letter) ((letter)&0x1f)

/* Where the person is: a bit each, since an action counts in several places. */
typedef uint64_t context_t;
#define CONTEXT_BIT(n)          (UINT64_C(1) << (n))
#define CONTEXT_OVERVIEW        CONTEXT_BIT(0)
#define CONTEXT_CONNECTORS      CONTEXT_BIT(1)
#define CONTEXT_CONNECTOR       CONTEXT_BIT(2) /* one opened */
#define CONTEXT_TOPICS          CONTEXT_BIT(3)
#define CONTEXT_TOPIC           CONTEXT_BIT(4)
#define CONTEXT_MESSAGES        CONTEXT_BIT(5)
#define CONTEXT_MESSAGE         CONTEXT_BIT(6)
#define CONTEXT_DAGS            CONTEXT_BIT(7)
#define CONTEXT_DAG             CONTEXT_BIT(8)
#define CONTEXT_RUN             CONTEXT_BIT(9)
#define CONTEXT_TASK            CONTEXT_BIT(10) /* its log */
#define CONTEXT_DASHBOARD       CONTEXT_BIT(11)
#define CONTEXT_PANEL           CONTEXT_BIT(12) /* one panel on the whole screen */
#define CONTEXT_ROWS            CONTEXT_BIT(13) /* the rows behind a panel */
#define CONTEXT_WAREHOUSE       CONTEXT_BIT(14)
#define CONTEXT_WAREHOUSE_TABLE CONTEXT_BIT(15)
#define CONTEXT_SOURCE          CONTEXT_BIT(16)
#define CONTEXT_SOURCE_TABLE    CONTEXT_BIT(17)
#define CONTEXT_QUERY           CONTEXT_BIT(18) /* the editor */
#define CONTEXT_RESULT          CONTEXT_BIT(19) /* the rows of a query */
#define CONTEXT_SAVED           CONTEXT_BIT(20) /* the saved queries and the history */
#define CONTEXT_EVENTS          CONTEXT_BIT(21)
#define CONTEXT_EVENT           CONTEXT_BIT(22)
#define CONTEXT_HELP            CONTEXT_BIT(40)
#define CONTEXT_FILTER          CONTEXT_BIT(41)
#define CONTEXT_COMMAND         CONTEXT_BIT(42)
#define CONTEXT_PROMPT          CONTEXT_BIT(43)
#define CONTEXT_CONFIRM         CONTEXT_BIT(44)
#define CONTEXT_TYPED           CONTEXT_BIT(45) /* a question that wants a name typed */

/* Lists with a table: rows to filter, to sort, to export. */
#define CONTEXT_TABLES                                                                             \
    (CONTEXT_CONNECTORS | CONTEXT_TOPICS | CONTEXT_MESSAGES | CONTEXT_DAGS | CONTEXT_DAG |         \
     CONTEXT_RUN | CONTEXT_ROWS | CONTEXT_WAREHOUSE | CONTEXT_SOURCE | CONTEXT_RESULT |            \
     CONTEXT_SAVED | CONTEXT_EVENTS)
#define CONTEXT_SORTED (CONTEXT_TABLES | CONTEXT_TOPIC | CONTEXT_OVERVIEW)
#define CONTEXT_DETAILS                                                                            \
    (CONTEXT_CONNECTOR | CONTEXT_TOPIC | CONTEXT_MESSAGE | CONTEXT_DAG | CONTEXT_RUN |             \
     CONTEXT_TASK | CONTEXT_PANEL | CONTEXT_WAREHOUSE_TABLE | CONTEXT_SOURCE_TABLE |               \
     CONTEXT_EVENT)
/* Everywhere but in the query's editor, where letters are text. */
#define CONTEXT_BROWSE   (CONTEXT_OVERVIEW | CONTEXT_DASHBOARD | CONTEXT_TABLES | CONTEXT_DETAILS)
#define CONTEXT_ANYWHERE (CONTEXT_BROWSE | CONTEXT_QUERY)
#define CONTEXT_INPUT    (CONTEXT_FILTER | CONTEXT_COMMAND | CONTEXT_PROMPT | CONTEXT_TYPED)

/*
 * name, key, second key, contexts, word of the help line ("" keeps it out of there), help.
 * The order is the help line's: what the selected row can do comes first.
 */
#define ACTION_LIST(X)                                                                             \
    X(OPEN, VK_ENTER, VK_RIGHT,                                                                    \
      CONTEXT_OVERVIEW | CONTEXT_CONNECTORS | CONTEXT_TOPICS | CONTEXT_TOPIC | CONTEXT_MESSAGES |  \
          CONTEXT_DAGS | CONTEXT_DAG | CONTEXT_RUN | CONTEXT_WAREHOUSE | CONTEXT_SOURCE |          \
          CONTEXT_SAVED | CONTEXT_EVENTS | CONTEXT_EVENT,                                          \
      "open", "open what is selected")                                                             \
    X(ROWS, VK_ENTER, 0, CONTEXT_DASHBOARD | CONTEXT_PANEL, "rows",                                \
      "the rows behind the panel, to filter, sort and export")                                     \
    X(BACK, VK_ESC, 0, CONTEXT_BROWSE, "back", "back; takes a filter away")                        \
    X(ENTER_LINE, VK_ENTER, 0, CONTEXT_QUERY, "run behind ;",                                      \
      "run what is typed when it ends with ; or begins with \\, else begin a line")                \
    X(REFRESH, 'r', 0,                                                                             \
      CONTEXT_OVERVIEW | CONTEXT_DAGS | CONTEXT_DAG | CONTEXT_DASHBOARD | CONTEXT_PANEL,           \
      "refresh", "refresh the data under the cursor: an entity, a mart, a DAG")                    \
    X(ACKNOWLEDGE, 'a', 0, CONTEXT_OVERVIEW, "acknowledge",                                        \
      "acknowledge the alert: it stays in the list until it is over")                              \
    X(TRIGGER, 't', 0, CONTEXT_DAGS | CONTEXT_DAG | CONTEXT_RUN, "trigger",                        \
      "run the DAG now, with params where it takes some")                                          \
    X(CLEAR, 'c', 0, CONTEXT_DAGS | CONTEXT_DAG | CONTEXT_RUN | CONTEXT_TASK, "clear",             \
      "run again what has not succeeded in the run (in a log: the task)")                          \
    X(CANCEL_RUN, 'K', 0, CONTEXT_DAGS | CONTEXT_DAG | CONTEXT_RUN | CONTEXT_TASK, "cancel",       \
      "end a run that goes on")                                                                    \
    X(BACKFILL, 'b', 0, CONTEXT_DAGS | CONTEXT_DAG, "backfill",                                    \
      "run the DAG for each interval of days gone by")                                             \
    X(GRAPH, 'g', 0, CONTEXT_DAGS | CONTEXT_DAG | CONTEXT_RUN, "graph",                            \
      "the DAG's tasks and what each waits for")                                                   \
    X(PAUSE, 'p', 0, CONTEXT_CONNECTORS | CONTEXT_CONNECTOR | CONTEXT_DAGS | CONTEXT_DAG, "pause", \
      "pause: a connector keeps its position, a DAG runs only when triggered")                     \
    X(RESUME, 'u', 0, CONTEXT_CONNECTORS | CONTEXT_CONNECTOR | CONTEXT_DAGS | CONTEXT_DAG,         \
      "resume", "resume what is paused (or a connector that is stopped) where it was")             \
    X(RESTART, 'R', 0, CONTEXT_CONNECTORS | CONTEXT_CONNECTOR, "restart",                          \
      "restart the connector, with a fresh restart budget")                                        \
    X(STOP, 's', 0, CONTEXT_CONNECTORS | CONTEXT_CONNECTOR, "stop",                                \
      "stop the connector and close its connections; it keeps its position")                       \
    X(RESTART_FAILED, 'F', 0, CONTEXT_CONNECTORS, "restart failed",                                \
      "restart every connector that has FAILED")                                                   \
    X(EDIT, 'e', 0, CONTEXT_CONNECTOR, "edit",                                                     \
      "change the configuration in $EDITOR; the engine checks it before it is applied")            \
    X(NEW, 'N', 0, CONTEXT_CONNECTORS, "new", "make a connector from a template, in $EDITOR")      \
    X(DELETE, 'D', 0, CONTEXT_CONNECTORS | CONTEXT_CONNECTOR, "delete",                            \
      "delete the connector; what goes and what stays is said first")                              \
    X(UNFOLD, VK_ENTER, VK_RIGHT, CONTEXT_MESSAGE, "unfold",                                       \
      "show more levels of the JSON, or fold it")                                                  \
    X(SEEK, 't', 0, CONTEXT_MESSAGES, "to ..", "go to an offset or a time")                        \
    X(PRODUCE, 'P', 0, CONTEXT_TOPICS | CONTEXT_TOPIC | CONTEXT_MESSAGES | CONTEXT_MESSAGE,        \
      "produce", "write a record by hand, in $EDITOR")                                             \
    X(CANCEL_QUERY, 'c', 0, CONTEXT_WAREHOUSE | CONTEXT_WAREHOUSE_TABLE, "cancel",                 \
      "cancel the running query on the server; its session goes on")                               \
    X(NEXT_LIST, 'v', 0, CONTEXT_WAREHOUSE | CONTEXT_SOURCE, "list", "the next list of this pane") \
    X(LIST_BEFORE, 'V', 0, CONTEXT_WAREHOUSE | CONTEXT_SOURCE, "", "the list before")              \
    X(STOP_QUERY, VK_CTRL('C'), 0, CONTEXT_QUERY | CONTEXT_RESULT | CONTEXT_SAVED, "cancel",       \
      "cancel the query on the server; drop what is typed")                                        \
    X(RUN_QUERY, VK_CTRL('X'), 0, CONTEXT_QUERY | CONTEXT_RESULT, "run",                           \
      "run what is typed, else the last query again")                                              \
    X(COMPLETE_WORD, VK_TAB, 0, CONTEXT_QUERY, "complete",                                         \
      "complete the word; where nothing is typed: the next pane")                                  \
    X(TO_ROWS, VK_ESC, VK_PAGE_DOWN, CONTEXT_QUERY, "rows", "to the rows, where letters are keys") \
    X(EDIT_QUERY, 'i', VK_TAB, CONTEXT_RESULT | CONTEXT_SAVED, "type", "to the editor")            \
    X(CHART, 'c', 0, CONTEXT_RESULT, "chart", "the rows as a chart, or as rows again")             \
    X(SAVED, 's', 0, CONTEXT_RESULT, "saved", "the saved queries and the history")                 \
    X(SAVE_QUERY, 'w', 0, CONTEXT_RESULT, "save", "keep the query under a name")                   \
    X(OTHER_SIDE, 'S', 0, CONTEXT_RESULT, "source/warehouse", "ask the other server")              \
    X(COLUMN_LEFT, VK_LEFT, 'h', CONTEXT_RESULT, "", "a column to the left")                       \
    X(COLUMN_RIGHT, VK_RIGHT, 'l', CONTEXT_RESULT, "", "a column to the right")                    \
    X(FOLLOW, 'f', 0, CONTEXT_EVENTS | CONTEXT_TASK | CONTEXT_MESSAGES, "follow",                  \
      "keep to the newest, or stop doing so")                                                      \
    X(SEARCH, '/', 0, CONTEXT_TASK, "search", "search in the log")                                 \
    X(SEARCH_NEXT, 'n', 0, CONTEXT_TASK, "next", "the next line that was searched for")            \
    X(SEARCH_BACK, 'N', 0, CONTEXT_TASK, "", "the line before that was searched for")              \
    X(EARLIER_TRY, VK_LEFT, '<', CONTEXT_TASK, "earlier try", "the log of the try before")         \
    X(LATER_TRY, VK_RIGHT, '>', CONTEXT_TASK, "later try", "the log of the try after")             \
    X(RANGE, 'd', 0, CONTEXT_DASHBOARD | CONTEXT_PANEL | CONTEXT_ROWS, "7/30/90 days",             \
      "the last 7, 30 or 90 days")                                                                 \
    X(DATES, 'D', 0, CONTEXT_DASHBOARD | CONTEXT_PANEL | CONTEXT_ROWS, "",                         \
      "other dates: from and to, or how many days")                                                \
    X(FULL, 'f', 0, CONTEXT_DASHBOARD | CONTEXT_PANEL, "full screen",                              \
      "the panel on the whole screen, and back")                                                   \
    X(NEXT_PANEL, VK_TAB, VK_RIGHT, CONTEXT_DASHBOARD | CONTEXT_PANEL, "next panel",               \
      "the next panel")                                                                            \
    X(PREVIOUS_PANEL, VK_BACKTAB, VK_LEFT, CONTEXT_DASHBOARD | CONTEXT_PANEL, "",                  \
      "the panel before")                                                                          \
    X(NEXT_BOARD, 'b', 0, CONTEXT_DASHBOARD, "next dashboard",                                     \
      "the next dashboard of the configuration")                                                   \
    X(FILTER, '/', 0, CONTEXT_TABLES | CONTEXT_OVERVIEW, "filter",                                 \
      "show only the rows that contain a text")                                                    \
    X(SORT, 'o', 0, CONTEXT_SORTED, "sort", "sort by the next column")                             \
    X(REVERSE, 'O', 0, CONTEXT_SORTED, "", "turn the sort order round")                            \
    X(UP, VK_UP, 'k', CONTEXT_BROWSE | CONTEXT_HELP, "", "one row up")                             \
    X(DOWN, VK_DOWN, 'j', CONTEXT_BROWSE | CONTEXT_HELP, "", "one row down")                       \
    X(PAGE_UP, VK_PAGE_UP, VK_CTRL('B'), CONTEXT_BROWSE | CONTEXT_HELP, "", "one page up")         \
    X(PAGE_DOWN, VK_PAGE_DOWN, VK_CTRL('F'), CONTEXT_BROWSE | CONTEXT_HELP, "", "one page down")   \
    X(TOP, VK_HOME, 0, CONTEXT_BROWSE | CONTEXT_HELP, "", "to the first row")                      \
    X(TOP_TOO, 'g', 0,                                                                             \
      (CONTEXT_BROWSE & ~(CONTEXT_DAGS | CONTEXT_DAG | CONTEXT_RUN)) | CONTEXT_HELP, "",           \
      "to the first row")                                                                          \
    X(BOTTOM, VK_END, 'G', CONTEXT_BROWSE | CONTEXT_HELP, "", "to the last row")                   \
    X(NEXT_PANE, VK_TAB, 0,                                                                        \
      CONTEXT_BROWSE & ~(CONTEXT_DASHBOARD | CONTEXT_PANEL | CONTEXT_RESULT | CONTEXT_SAVED), "",  \
      "the next pane")                                                                             \
    X(PREVIOUS_PANE, VK_BACKTAB, 0,                                                                \
      CONTEXT_BROWSE & ~(CONTEXT_DASHBOARD | CONTEXT_PANEL | CONTEXT_RESULT | CONTEXT_SAVED), "",  \
      "the pane before")                                                                           \
    X(EARLIER, '[', 0, CONTEXT_BROWSE, "", "10 s back in time, as the engine recorded it")         \
    X(LATER, ']', 0, CONTEXT_BROWSE, "", "10 s forward in time")                                   \
    X(MUCH_EARLIER, '{', 0, CONTEXT_BROWSE, "", "10 minutes back in time")                         \
    X(MUCH_LATER, '}', 0, CONTEXT_BROWSE, "", "10 minutes forward in time")                        \
    X(AT, 'T', 0, CONTEXT_BROWSE, "",                                                              \
      "to a time: 18:05, -2h, 2026-11-28 18:05 (UTC); also :at 18:05")                             \
    X(LIVE, 'L', 0, CONTEXT_BROWSE, "live", "back to what is now")                                 \
    X(FREEZE, ' ', 0, CONTEXT_BROWSE, "", "hold the screen still, or let it go on")                \
    X(COPY, 'y', 0, CONTEXT_BROWSE, "", "copy the name of what is selected (OSC 52)")              \
    X(EXPORT, 'x', 0, CONTEXT_BROWSE, "export", "write what is shown to a .csv, .json or .md")     \
    X(ELEVATE, 'E', 0, CONTEXT_BROWSE, "elevate",                                                  \
      "allow changes for ten minutes where the console only looks; again: no longer")              \
    X(RECONNECT, VK_CTRL('R'), 0, CONTEXT_BROWSE, "reconnect", "ask the engine again now")         \
    X(MOUSE, 'M', 0, CONTEXT_BROWSE, "",                                                           \
      "use the mouse, or leave it to the terminal: a press selects, two open, the wheel moves")    \
    X(REDRAW, VK_CTRL('L'), 0, CONTEXT_ANYWHERE | CONTEXT_HELP, "", "draw the screen anew")        \
    X(COMMAND, ':', 0, CONTEXT_BROWSE, "command", "a pane or an action by its name")               \
    X(HELP, '?', VK_F1, CONTEXT_BROWSE, "help", "what can be done here")                           \
    X(HELP_TOO, VK_F1, 0, CONTEXT_QUERY, "help", "what can be done here")                          \
    X(LEAVE, 'q', 0, CONTEXT_BROWSE, "leave", "leave the console; the engine keeps running")       \
    X(LEAVE_TOO, VK_CTRL('C'), 0,                                                                  \
      (CONTEXT_BROWSE & ~(CONTEXT_RESULT | CONTEXT_SAVED)) | CONTEXT_HELP | CONTEXT_INPUT |        \
          CONTEXT_CONFIRM,                                                                         \
      "", "leave the console; in pane 9 it cancels")                                               \
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
    context_t contexts;
    const char *word;
    const char *help;
};

/* Of ACTION_NONE + 1 .. ACTION_COUNT - 1. */
const struct action_info *action_info(enum action a);

/* ACTION_NONE when the key means nothing in this context. */
enum action keymap_find(context_t context, uint32_t key);

enum { KEY_LABEL_MAX = 16 };

/* "Enter", "p", "Ctrl-R"; returns out. */
char *key_label(uint32_t key, char *out, size_t n);

#endif
