/*
 * Rows of an answer (columns with names and types, rows of values) in any of the forms of format.h:
 * for commands that show what the engine asked a server.
 *
 * Thread rule: one thread.
 */
#ifndef CONSOLE_ROWS_PRINT_H
#define CONSOLE_ROWS_PRINT_H

#include <jansson.h>

#include "console/format.h"
#include "console/options.h"

/* What --format, or the last of --csv, --jsonl, .. says; FORMAT_TABLE by itself. Only those options
 * count that the command has. */
enum format rows_print_form(const struct arguments *a);

/* columns: [{"name","type"}], rows: [[..]]. Says why on stderr where it fails; returns an exit
 * code. */
int rows_print(const struct arguments *a, enum format form, const json_t *columns,
               const json_t *rows);

#endif
