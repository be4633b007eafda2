#include "backend/stack/airline.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/stack/stack.h"
#include "queries/queries.h"

enum err airline_is_loaded(const char *conninfo, bool *out, struct errbuf *e)
{
    char *first = NULL;
    enum err rc = stack_sql(conninfo, query_text("demo/is_loaded"), &first, e);

    *out = first && !strcmp(first, "t");
    free(first);
    return rc;
}

enum err airline_count(const char *conninfo, int64_t *rows, struct errbuf *e)
{
    char *first = NULL;
    enum err rc = stack_sql(conninfo, query_text("demo/rows"), &first, e);

    *rows = first ? strtoll(first, NULL, 10) : 0;
    free(first);
    return rc;
}

/* Takes the result. */
static enum err done(PGconn *c, PGresult *r, const char *what, struct errbuf *e)
{
    ExecStatusType st = PQresultStatus(r);
    enum err rc = ERR_OK;

    if (st != PGRES_COMMAND_OK && st != PGRES_TUPLES_OK)
        rc = err_set(e, ERR_SQL, "%s: %s", what, r ? PQresultErrorMessage(r) : PQerrorMessage(c));
    PQclear(r);
    return rc;
}

static void quiet(void *arg, const PGresult *r)
{
    (void)arg;
    (void)r;
}

enum err airline_load(const char *conninfo, const struct airline_options *o, struct errbuf *e)
{
    char scale[16], seed[16];
    const char *const settings[] = {scale, seed, o->as_of};
    bool loaded = false;
    enum err rc = airline_is_loaded(conninfo, &loaded, e);
    PGconn *c = NULL;

    if (rc != ERR_OK)
        return rc;
    if (loaded)
        return err_set(e, ERR_EXISTS, "the airline's tables are there already");
    (void)snprintf(scale, sizeof scale, "%d", o->scale);
    (void)snprintf(seed, sizeof seed, "%d", o->seed);
    c = PQconnectdb(conninfo);
    if (PQstatus(c) != CONNECTION_OK) {
        rc = err_set(e, ERR_CONNECT, "%s", PQerrorMessage(c));
        goto out;
    }
    (void)PQsetNoticeReceiver(c, quiet, NULL);
    rc = done(
        c, PQexecParams(c, query_text("demo/generate_settings"), 3, NULL, settings, NULL, NULL, 0),
        "demo/generate_settings.sql", e);
    if (rc == ERR_OK)
        rc = done(c, PQexec(c, "BEGIN"), "BEGIN", e);
    if (rc == ERR_OK)
        rc = done(c, PQexec(c, query_text("demo/schema")), "demo/schema.sql", e);
    if (rc == ERR_OK)
        rc = done(c, PQexec(c, query_text("demo/generate")), "demo/generate.sql", e);
    if (rc == ERR_OK)
        rc = done(c, PQexec(c, "COMMIT"), "COMMIT", e);
    if (rc == ERR_OK)
        rc = done(c, PQexec(c, query_text("demo/after_load")), "demo/after_load.sql", e);
out:
    PQfinish(c); /* an open transaction ends with it */
    return rc;
}
