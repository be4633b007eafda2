/*
 * Files that the console writes for the person: exports, and texts for $EDITOR.
 *
 * Thread rule: one thread; tui_edit waits for the editor and wants the terminal for it
 * (tui_terminal_leave).
 */
#ifndef CONSOLE_TUI_FILES_H
#define CONSOLE_TUI_FILES_H

#include <stddef.h>

#include "backend/base/err.h"

/* A new file, mode 0600; ERR_EXISTS when there is one of that name: nothing is overwritten. */
enum err tui_save(const char *path, const char *text, size_t n, struct errbuf *e) MUST_CHECK;

/* Opens text in $VISUAL, $EDITOR or vi. *out is what was left of it (free()), NULL when it is as it
 * was. An editor that fails is an error: nothing is taken from it. */
enum err tui_edit(const char *text, size_t n, char **out, struct errbuf *e) MUST_CHECK;

#endif
