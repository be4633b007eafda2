/* Backslash commands about whom we talk to: the servers, and the engine for \refresh. */
#include <stdlib.h>
#include <strings.h>

#include "backend/base/nearest.h"
#include "backend/serve/client.h"
#include "console/attach.h"
#include "console/dag_print.h"
#include "console/sql_back.h"
#include "console/sql_words.h"

static const char *side(const struct sql_run *r)
{
    return r->on_source ? "source" : "warehouse";
}

enum err back_conninfo(struct back *b)
{
    const struct sql_run *r = b->r;
    const char *dialect = sql_session_dialect(r->session);
    (void)fprintf(r->out, "The %s: %s, %s%s%s\n", side(r), sql_session_server(r->session),
                  sql_session_target(r->session), dialect ? "; dialect " : "",
                  dialect ? dialect : "");
    return ERR_OK;
}

/* The session that is there stays until the other one is open. */
static enum err switch_to(struct back *b, bool source)
{
    struct sql_run *r = b->r;
    struct sql_session *next = NULL;
    if (sql_session_block(r->session))
        return err_set(b->e, ERR_STATE, "a transaction is open: COMMIT or ROLLBACK it first");
    enum err rc = r->places->open(r->places->arg, source, &next, b->e);
    if (rc) { /* we are still where we were */
        b->e->code = ERR_IO;
        return ERR_IO;
    }
    sql_interrupts_session(next);
    sql_session_close(r->session);
    r->session = next;
    r->on_source = source;
    if (r->completer)
        sql_completer_switch(r->completer, source);
    return r->quiet ? ERR_OK : back_conninfo(b);
}

enum err back_source(struct back *b)
{
    return switch_to(b, true);
}

enum err back_warehouse(struct back *b)
{
    return switch_to(b, false);
}

/* ---- \refresh ---- */

enum { LOOK_US = 200000 };

struct refresh {
    struct sql_run *r;
    struct client *client;
    struct errbuf *e;
    json_t *told; /* task -> the state that was printed last */
};

static enum err call(const struct refresh *f, const char *method, json_t *params, json_t **out)
{
    enum err rc = client_call(f->client, method, params, CLIENT_TIMEOUT_MS, out, f->e);
    json_decref(params);
    if (rc) {
        json_decref(*out);
        *out = NULL;
    }
    return rc;
}

/* "marts/airports_traffic.sql" makes airports_traffic. */
static bool makes(const json_t *task, const char *mart)
{
    const char *about = attach_text(task, "about");
    const char *dot = strrchr(mart, '.');
    const char *name = dot ? dot + 1 : mart;
    const char *slash = strrchr(about, '/');
    const char *file = slash ? slash + 1 : about;
    size_t n = strlen(name);
    return !strcmp(attach_text(task, "kind"), "sql") &&
           (!strcmp(attach_text(task, "name"), name) ||
            (!strncmp(file, name, n) && !strcmp(file + n, ".sql")));
}

static enum err has_mart(const struct refresh *f, const char *dag, const char *mart, bool *out)
{
    json_t *answer = NULL;
    enum err rc = call(f, "dag.show", json_pack("{s:s}", "name", dag), &answer);
    const json_t *tasks = json_object_get(answer, "tasks");
    *out = false;
    for (size_t i = 0; i < json_array_size(tasks); i++)
        *out = *out || makes(json_array_get(tasks, i), mart);
    json_decref(answer);
    return rc;
}

/* The DAG of this name, else the one with a task that makes the mart. */
static enum err find_dag(const struct refresh *f, const char *name, char *dag, size_t n)
{
    json_t *answer = NULL;
    struct nearest near;
    char hint[128] = "";
    bool found = false;
    enum err rc = call(f, "dag.list", json_object(), &answer);
    const json_t *dags = json_object_get(answer, "dags");
    nearest_start(&near, name);
    for (int round = 0; round < 2 && !rc; round++)
        for (size_t i = 0; i < json_array_size(dags) && !found && !rc; i++) {
            const char *candidate = attach_text(json_array_get(dags, i), "name");
            nearest_offer(&near, candidate);
            if (round == 0)
                found = !strcmp(candidate, name);
            else
                rc = has_mart(f, candidate, name, &found);
            if (found)
                (void)snprintf(dag, n, "%s", candidate);
        }
    json_decref(answer);
    if (!rc && !found)
        rc = err_set(f->e, ERR_NOT_FOUND, "no DAG and no mart is named %s%s", name,
                     nearest_hint(&near, hint, sizeof hint));
    return rc;
}

static void tell_tasks(const struct refresh *f, const json_t *answer)
{
    enum { NAME_WIDTH = 24 };
    const json_t *tasks = json_object_get(answer, "tasks");
    for (size_t i = 0; i < json_array_size(tasks); i++) {
        const json_t *task = json_array_get(tasks, i);
        const char *name = attach_text(task, "task");
        const char *state = attach_text(task, "state");
        int64_t rows = attach_int(task, "rows");
        if (!*state || !strcmp(state, attach_text(f->told, name)) || !strcmp(state, "none"))
            continue;
        (void)json_object_set_new(f->told, name, json_string(state));
        (void)fprintf(f->r->main, "  %-*s %s", NAME_WIDTH, name, state);
        if (json_is_integer(json_object_get(task, "rows")) && rows >= 0)
            (void)fprintf(f->r->main, ", %lld row%s", (long long)rows, rows == 1 ? "" : "s");
        if (*attach_text(task, "reason"))
            (void)fprintf(f->r->main, ": %s", attach_text(task, "reason"));
        (void)fputc('\n', f->r->main);
    }
    (void)fflush(f->r->main);
}

static enum err follow(const struct refresh *f, int64_t run)
{
    for (;;) {
        json_t *answer = NULL;
        enum err rc = call(f, "dag.run", json_pack("{s:I}", "run", (json_int_t)run), &answer);
        if (rc)
            return rc;
        const json_t *about = json_object_get(answer, "run");
        char state[32];
        int64_t began = attach_int(about, "started_us");
        int64_t ended = attach_int(about, "ended_us");
        (void)snprintf(state, sizeof state, "%s", attach_text(about, "state"));
        tell_tasks(f, answer);
        json_decref(answer);
        if (dag_state_ended(state)) {
            if (began > 0 && ended >= began)
                (void)fprintf(f->r->main, "run %lld: %s in %.1f s\n", (long long)run, state,
                              (double)(ended - began) / 1e6);
            else
                (void)fprintf(f->r->main, "run %lld: %s\n", (long long)run, state);
            return !strcmp(state, "success")
                       ? ERR_OK
                       : err_set(f->e, ERR_SQL, "run %lld has not succeeded", (long long)run);
        }
        if (sql_interrupt_wait(-1, LOOK_US))
            return err_set(f->e, ERR_CANCELED,
                           "run %lld goes on: `flightdeck dag run %lld` shows it", (long long)run,
                           (long long)run);
    }
}

enum err back_refresh(struct back *b)
{
    struct sql_run *r = b->r;
    struct refresh f = {.r = r, .e = b->e};
    char dag[256];
    json_t *answer = NULL;
    enum err rc = ERR_OK;
    if (!back_name(b, &rc))
        return rc ? rc : err_set(b->e, ERR_USAGE, "\\refresh needs a DAG or a mart");
    if (!*r->places->engine)
        return err_set(b->e, ERR_USAGE,
                       "\\refresh asks the engine, and no configuration says where "
                       "it listens: give --config");
    rc = client_connect(r->places->engine, CLIENT_TIMEOUT_MS, &f.client, b->e);
    if (!rc)
        rc = find_dag(&f, buf_cstr(&b->word), dag, sizeof dag);
    if (!rc)
        rc = call(&f, "dag.trigger", json_pack("{s:s}", "name", dag), &answer);
    if (!rc) {
        f.told = json_object();
        (void)fprintf(r->main, "%s: run %lld\n", dag, (long long)attach_int(answer, "run"));
        rc = follow(&f, attach_int(answer, "run"));
        json_decref(f.told);
    }
    json_decref(answer);
    client_close(f.client);
    return rc == ERR_CONNECT ? ERR_IO : rc; /* the engine is away, not the server */
}
