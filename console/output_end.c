#include "console/output_end.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "console/exit_codes.h"

/* A pipe or socket without its other end. */
static bool no_reader(void)
{
    struct pollfd p = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return poll(&p, 1, 0) > 0 && (p.revents & POLLERR);
}

bool output_unheard(void)
{
    return ferror(stdout) && no_reader();
}

int output_end(int code)
{
    errno = 0;
    bool failed = fflush(stdout) != 0 || ferror(stdout);
    if (!failed)
        return code;
    if (no_reader())
        return code == EXIT_FAILED ? EXIT_DONE : code;
    if (code == EXIT_DONE)
        (void)fprintf(stderr, "flightdeck: cannot write to the standard output%s%s\n",
                      errno ? ": " : "", errno ? strerror(errno) : "");
    return code == EXIT_DONE ? EXIT_FAILED : code;
}
