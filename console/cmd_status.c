/* flightdeck status: the engine's snapshot as text or JSON, once or again and again. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "console/attach.h"
#include "console/commands.h"
#include "console/exit_codes.h"
#include "views/report.h"

enum { COLUMNS = 120, WATCH_S = 2 };

static volatile sig_atomic_t interrupted;

static void on_signal(int sig)
{
    (void)sig;
    interrupted = 1;
}

/* On a terminal a watched status is drawn over the one before, line by line, without a flicker. */
static void write_over(const char *text)
{
    (void)fputs("\033[H", stdout);
    for (; *text; text++) {
        if (*text == '\n')
            (void)fputs("\033[K", stdout);
        (void)putchar(*text);
    }
    (void)fputs("\033[J", stdout);
}

static bool can_write_over(void)
{
    const char *term = getenv("TERM");
    return isatty(STDOUT_FILENO) && term && *term && strcmp(term, "dumb") != 0 &&
           strcmp(term, "unknown") != 0;
}

static int print_text(const struct arguments *a, const json_t *status, bool over)
{
    struct snapshot *n = NULL;
    struct errbuf e;
    struct buf out;
    buf_init(&out, 0);
    enum err rc = snapshot_from_json(status, &n, &e);
    if (rc == ERR_OK)
        rc = report_status(n, attach_columns(COLUMNS), !attach_is_utf8(), &out, &e);
    int code = EXIT_DONE;
    if (rc != ERR_OK)
        code = attach_fail(a, &e);
    else if (over)
        write_over(buf_cstr(&out));
    else
        (void)fputs(buf_cstr(&out), stdout);
    buf_free(&out);
    snapshot_free(n);
    if (!code && (ferror(stdout) || fflush(stdout) != 0))
        code = EXIT_FAILED; /* said at the program's end */
    return code;
}

static int print_once(const struct arguments *a, struct client *c, bool over)
{
    json_t *status = NULL;
    int code = attach_call(a, c, "status", NULL, &status);
    if (!code && arguments_flag(a, "json"))
        code = attach_print_json(a, status);
    else if (!code)
        code = print_text(a, status, over);
    json_decref(status);
    return code;
}

int cmd_status(int argc, char **argv)
{
    struct arguments a;
    struct client *c = NULL;
    int code = arguments_read(argc, argv, &a);
    if (!code)
        code = attach_connect(&a, &c);
    if (code)
        return code;
    bool watch = arguments_flag(&a, "watch");
    bool over = watch && !arguments_flag(&a, "json") && can_write_over();
    if (watch) {
        const struct sigaction act = {.sa_handler = on_signal};
        (void)sigaction(SIGINT, &act, NULL);
        (void)sigaction(SIGTERM, &act, NULL);
    }
    if (over)
        (void)fputs("\033[2J", stdout);
    code = print_once(&a, c, over);
    while (watch && !code && !interrupted) {
        const struct timespec pause = {.tv_sec = WATCH_S};
        if (nanosleep(&pause, NULL) != 0)
            break;
        code = print_once(&a, c, over);
    }
    client_close(c);
    return interrupted ? EXIT_INTERRUPTED : code;
}
