#include "console/demo_engine.h"

#include <stdio.h>
#include <unistd.h>

#include "backend/base/clock.h"
#include "backend/engine/config.h"
#include "backend/engine/engine.h"
#include "backend/serve/client.h"

enum {
    LOOK_US = 50000,
    ANSWER_S = 2, /* it has the lock before its socket is there */
    GRACE_S = 10, /* beyond its own time limit */
};

struct place {
    char state[DEMO_PATH_MAX];
    char socket[DEMO_PATH_MAX];
    int64_t stop_s;
};

/* As the configuration says; one that cannot be read says nothing else than the demo's own. */
static void find_place(const struct demo_paths *p, struct place *out)
{
    struct config *c = NULL;
    struct errbuf e;
    *out = (struct place){.stop_s = 0};
    bool ok = config_load(p->config, &c, &e) == ERR_OK;
    (void)snprintf(out->state, sizeof out->state, "%s", ok ? c->state_dir : p->state);
    (void)snprintf(out->socket, sizeof out->socket, "%s", ok ? c->control.socket : p->socket);
    if (ok)
        out->stop_s = c->stop_timeout_s;
    config_free(c);
}

pid_t demo_engine_pid(const struct demo_paths *p)
{
    struct place at;
    find_place(p, &at);
    return engine_lock_holder(at.state);
}

static enum err ask_to_stop(const char *socket, struct errbuf *e)
{
    struct client *c = NULL;
    json_t *result = NULL;
    enum err rc = client_connect(socket, CLIENT_TIMEOUT_MS, &c, e);
    if (!rc)
        rc = client_call(c, "engine.stop", NULL, CLIENT_TIMEOUT_MS, &result, e);
    json_decref(result);
    client_close(c);
    return rc;
}

enum err demo_engine_end(const struct demo_paths *p, struct errbuf *e)
{
    struct place at;
    struct errbuf why;
    pid_t pid;
    int64_t begun = clock_mono_us();
    bool asked = false;
    find_place(p, &at);
    while ((pid = engine_lock_holder(at.state)) != 0) {
        if (!asked)
            asked = ask_to_stop(at.socket, &why) == ERR_OK;
        int64_t patience = asked ? at.stop_s + GRACE_S : ANSWER_S;
        if (clock_mono_us() - begun > patience * 1000000)
            return err_set(e, ERR_STATE,
                           "pid %ld works on %s and does not end (%s): end it (kill %ld), then run "
                           "this again",
                           (long)pid, at.state, asked ? "it was asked to stop" : why.text,
                           (long)pid);
        (void)usleep(LOOK_US);
    }
    return ERR_OK;
}
