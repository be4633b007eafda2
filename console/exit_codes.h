/* What the program ends with, for scripts. `sql` alone keeps psql's codes. */
#ifndef CONSOLE_EXIT_CODES_H
#define CONSOLE_EXIT_CODES_H

#include "backend/base/err.h"

/* name, number, meaning (the manual page lists them) */
#define EXIT_CODE_LIST(X)                                                                          \
    X(DONE, 0, "done")                                                                             \
    X(FAILED, 1, "a stage, query or check failed")                                                 \
    X(USAGE, 2, "the command line or the configuration is wrong")                                  \
    X(CONNECT, 3, "a server, a database or the engine cannot be reached or lets nobody in")        \
    X(DIFFER, 4, "data differ (verify, batch)")                                                    \
    X(INTERRUPTED, 130, "interrupted")

enum exit_code {
#define X(name, number, meaning) EXIT_##name = number,
    EXIT_CODE_LIST(X)
#undef X
};

/* The exit code that says what an error says. */
static inline int exit_code_of(enum err code)
{
    switch (code) {
    case ERR_OK:
        return EXIT_DONE;
    case ERR_USAGE:
    case ERR_CONFIG:
        return EXIT_USAGE;
    case ERR_CONNECT:
        return EXIT_CONNECT;
    case ERR_DIFFER:
        return EXIT_DIFFER;
    case ERR_CANCELED:
        return EXIT_INTERRUPTED;
    default:
        return EXIT_FAILED;
    }
}

#endif
