/*
 * The standard output's end. SIGPIPE is ignored, because of sockets; a reader that has had enough
 * (`| head -1`) ends a command as quietly as that signal would. What else keeps output from being
 * written is a failure.
 *
 * Thread rule: the main thread.
 */
#ifndef CONSOLE_OUTPUT_END_H
#define CONSOLE_OUTPUT_END_H

#include <stdbool.h>

/* Something could not be written, and nobody reads any more. */
bool output_unheard(void);

/* Writes what is left. Returns the command's code, or that of a failure that was said; a command
 * that failed just because nobody reads has not failed. */
int output_end(int code);

#endif
