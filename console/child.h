/*
 * Programs that a person names: a pager, an editor, the reader of a pipe. They run through sh with
 * the signals as a shell leaves them. Thread rule: one thread.
 */
#ifndef CONSOLE_CHILD_H
#define CONSOLE_CHILD_H

#include <stdio.h>
#include <sys/types.h>

#include "backend/base/err.h"

struct child {
    pid_t pid; /* 0: none */
    FILE *in;  /* what is written here it reads */
};

/* `command` reads what is written to child.in. */
enum err child_open(const char *command, struct child *out, struct errbuf *e) MUST_CHECK;
/* Ends its input and waits for it; returns its exit status (128 + a signal's number). */
int child_close(struct child *c);

/* Runs it on our terminal and waits; *status as above. SIGINT is the program's meanwhile. */
enum err child_run(const char *command, int *status, struct errbuf *e) MUST_CHECK;

/* Ends the process as it is, behind what was printed: for when a thread cannot be waited for. */
_Noreturn void child_leave(int code);

#endif
