/* flightdeck verify [TABLE..]: is raw what the source holds? Exit 0 the same, 4 they differ, 1 it
 * could not be told. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "backend/engine/engine.h"
#include "backend/serve/client.h"
#include "console/commands.h"
#include "console/exit_codes.h"
#include "console/options.h"
#include "console/report.h"

enum { TIMEOUT_S = 60, TIMEOUT_MAX_S = 86400, ASK_MS = 5000 };

struct asker {
    bool terminal;
    const char *socket; /* of the engine, which need not be there */
};

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
    const struct asker *a = arg;
    if (a->terminal)
        (void)fprintf(stderr, "\r\033[Kverify: %s ", what);
}

/* verify itself asks the servers alone; why a connector does not get on only its engine knows. */
static void state_of(void *arg, const char *connector, struct buf *out)
{
    const struct asker *a = arg;
    struct client *c = NULL;
    struct errbuf e;
    json_t *r = NULL;
    size_t i;
    json_t *k;
    if (client_connect(a->socket, ASK_MS, &c, &e) != ERR_OK)
        return;
    if (client_call(c, "connector.list", NULL, ASK_MS, &r, &e) == ERR_OK)
        json_array_foreach(json_object_get(r, "connectors"), i, k)
        {
            const char *name = json_string_value(json_object_get(k, "name"));
            const char *state = json_string_value(json_object_get(k, "state"));
            const char *why = json_string_value(json_object_get(k, "last_error"));
            if (!name || !state || strcmp(name, connector) != 0)
                continue;
            buf_printf(out, "it is %s%s%s", state, why ? ": " : "", why ? why : "");
        }
    json_decref(r);
    client_close(c);
}

int cmd_verify(int argc, char **argv)
{
    struct arguments a;
    struct config *c = NULL;
    struct errbuf e;
    struct verify_report r;
    int64_t timeout;
    struct asker asker = {.terminal = isatty(STDERR_FILENO) != 0};
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
    asker.socket = c->control.socket;
    struct verify_hooks hooks = {
        .canceled = canceled, .progress = progress, .state_of = state_of, .arg = &asker};
    enum err rc = engine_verify(c, (const char *const *)a.words, timeout * 1000000, &hooks, &r, &e);
    if (asker.terminal)
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
