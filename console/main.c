#include <locale.h>
#include <signal.h>
#include <stdlib.h>

#include "console/commands.h"
#include "console/output_end.h"

/*
 * Only what letters are and how wide comes from the user's locale: numbers keep their point. That
 * must be in the environment too, because psqlODBC calls setlocale(LC_ALL, "") whenever it
 * connects, and JSON with a decimal comma would be the end of it.
 */
static void set_locale(void)
{
    static const char *const plain[] = {"LC_NUMERIC",  "LC_TIME",     "LC_COLLATE",
                                        "LC_MONETARY", "LC_MESSAGES", NULL};
    const char *letters = setlocale(LC_CTYPE, "");
    (void)setenv("LC_CTYPE", letters ? letters : "C", 1);
    (void)unsetenv("LC_ALL");
    for (int i = 0; plain[i]; i++)
        (void)setenv(plain[i], "C", 1);
}

int main(int argc, char **argv)
{
    set_locale();
    /* A peer that goes away is an error of its write, not the end of the process. */
    (void)signal(SIGPIPE, SIG_IGN);
    return output_end(command_main(argc, argv));
}
