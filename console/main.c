#include <locale.h>
#include <signal.h>

#include "console/commands.h"

int main(int argc, char **argv)
{
    /* Only what letters are and how wide: numbers keep their point. A peer that goes away is an
     * error of its write, not the end of the process. */
    (void)setlocale(LC_CTYPE, "");
    (void)signal(SIGPIPE, SIG_IGN);
    return command_main(argc, argv);
}
