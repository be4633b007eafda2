/* flightdeck verify [TABLE..]: is raw what the source holds? Exit 0 the same, 4 they differ, 1 it
 * could not be told. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "backend/engine/engine.h"
#include "console/commands.h"
#include "console/exit_codes.h"
#include "console/options.h"
#include "console/report.h"

enum { TIMEOUT_S = 60, TIMEOUT_MAX_S = 86400 };

static volatile sig_atomic_t interrupted;

static void on_signal(int sig)
{
    (void)sig;
    interrupted = 1;
}

static bool canceled(void *arg)
{
    (void)arg;
    return interrupted != 0;
}

static void progress(void *arg, const char *what)
{
    if (*(const bool *)arg)
        (void)fprintf(stderr, "\r\033[Kverify: %s ", what);
}

int cmd_verify(int argc, char **argv)
{
    struct arguments a;
    struct config *c = NULL;
    struct errbuf e;
    struct verify_report r;
    int64_t timeout;
    bool terminal = isatty(STDERR_FILENO) != 0;
    int code = arguments_read(argc, argv, &a);
    if (!code)
        code = arguments_number(&a, "timeout", 1, TIMEOUT_MAX_S, TIMEOUT_S, &timeout);
    if (!code)
        code = arguments_config(&a, &c);
    if (code)
        return code;
    const struct sigaction act = {.sa_handler = on_signal};
    (void)sigaction(SIGINT, &act, NULL);
    (void)sigaction(SIGTERM, &act, NULL);
    struct verify_hooks hooks = {.canceled = canceled, .progress = progress, .arg = &terminal};
    enum err rc = engine_verify(c, (const char *const *)a.words, timeout * 1000000, &hooks, &r, &e);
    if (terminal)
        (void)fputs("\r\033[K", stderr);
    if (rc) {
        code = report_failure("verify", c->file, &e);
    } else {
        json_t *j = arguments_flag(&a, "json") ? report_verify(&r) : NULL;
        code = r.same ? EXIT_DONE : EXIT_DIFFER;
        if (!j)
            report_verify_text(&r, stdout);
        else if (report_json(j, JSON_INDENT(2), stdout, &e))
            code = report_error("verify", &e);
        json_decref(j);
        verify_report_free(&r);
    }
    config_free(c);
    return code;
}
