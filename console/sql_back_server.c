/* Backslash commands about whom we talk to: the servers, and the engine for \refresh. */
#include <stdlib.h>
#include <strings.h>

#include "backend/base/clock.h"
#include "backend/serve/client.h"
#include "console/attach.h"
#include "console/dag_print.h"
#include "console/sql_back.h"
#include "console/sql_words.h"
#include "views/refresh.h"

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
    enum err rc = sql_run_open(r, source, &next, b->e);
    if (rc) { /* we are still where we were */
        b->e->code = ERR_IO;
        return ERR_IO;
    }
    sql_interrupts_session(next);
    sql_session_close(r->session);
    r->session = next;
    r->away = false;
    r->on_source = source;
    r->note.source = source;
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

enum { LOOK_US = 200000, ELEVATE_SECONDS = 60 };

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

static enum err elevate(const struct refresh *f)
{
    json_t *out = NULL;
    enum err rc = call(f, "engine.elevate", json_pack("{s:i}", "seconds", ELEVATE_SECONDS), &out);
    json_decref(out);
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
        if (!*state || !strcmp(state, attach_text(f->told, name)) || !dag_state_ended(state))
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

static enum err ended(const struct refresh *f, const char *name, const json_t *made,
                      const json_t *answer, const char *state)
{
    char words[REFRESH_WORDS_MAX];
    uint16_t style;
    (void)refresh_words(answer, name, attach_text(made, "task"), clock_wall_us(), words,
                        sizeof words, &style);
    if (strcmp(state, "success") != 0)
        return err_set(f->e, ERR_SQL, "%s", words);
    (void)fprintf(f->r->main, "%s\n", words);
    return ERR_OK;
}

static enum err follow(const struct refresh *f, const char *name, const json_t *made)
{
    int64_t run = attach_int(made, "run");
    for (;;) {
        json_t *answer = NULL;
        enum err rc = call(f, "dag.run", json_pack("{s:I}", "run", (json_int_t)run), &answer);
        if (rc)
            return rc;
        const char *state = attach_text(json_object_get(answer, "run"), "state");
        bool over = dag_state_ended(state);
        tell_tasks(f, answer);
        if (over)
            rc = ended(f, name, made, answer, state);
        json_decref(answer);
        if (over)
            return rc;
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
    json_t *made = NULL;
    enum err rc = ERR_OK;
    if (!back_name(b, &rc))
        return rc ? rc : err_set(b->e, ERR_USAGE, "\\refresh needs a mart, an entity or a DAG");
    if (!*r->places->engine)
        return err_set(
            b->e, ERR_USAGE,
            "\\refresh asks the engine, and no configuration says where it listens: give "
            "--config");
    if (r->places->looks_only)
        return err_set(b->e, ERR_DENIED,
                       "\\refresh changes something, and here one only looks (%s): start with "
                       "--elevate %s",
                       r->places->looks_only, r->places->environment);
    const char *name = buf_cstr(&b->word);
    rc = client_connect(r->places->engine, CLIENT_TIMEOUT_MS, &f.client, b->e);
    if (!rc && r->places->elevated)
        rc = elevate(&f);
    if (!rc)
        rc = call(&f, "refresh.run", json_pack("{s:s}", "name", name), &made);
    if (!rc) {
        f.told = json_object();
        rc = follow(&f, name, made);
        json_decref(f.told);
    }
    json_decref(made);
    client_close(f.client);
    return rc == ERR_CONNECT ? ERR_IO : rc; /* the engine is away, not the server */
}
