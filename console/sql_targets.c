#include "console/sql_targets.h"

#include <stdlib.h>
#include <string.h>

#include "console/attach.h"
#include "console/exit_codes.h"

struct sql_targets {
    char *odbc;     /* NULL: none */
    char *dialect;  /* of the warehouse */
    char *conninfo; /* NULL: none */
    char engine[ATTACH_PATH_MAX];
    char *environment;
    const char *looks_only; /* a word of the program's; NULL: people may change something */
    bool elevated;
};

static void forget(char *secret)
{
    if (secret)
        explicit_bzero(secret, strlen(secret));
    free(secret);
}

void sql_targets_free(struct sql_targets *t)
{
    if (!t)
        return;
    forget(t->odbc);
    forget(t->conninfo);
    free(t->dialect);
    free(t->environment);
    free(t);
}

static char *copy(const char *s)
{
    return s && *s ? strdup(s) : NULL;
}

/* The configuration's answers where the options have none. */
static void fill(struct sql_targets *t, const struct config *c)
{
    if (!t->odbc) {
        t->odbc = copy(c->warehouse.odbc);
        free(t->dialect);
        t->dialect = copy(config_dialect_word(c));
    }
    t->environment = copy(c->environment.name);
    if (config_looks_only(c))
        t->looks_only = c->role == ROLE_VIEWER ? "role: viewer" : "production";
    if (!t->conninfo)
        t->conninfo = copy(c->source.connection);
    (void)snprintf(t->engine, sizeof t->engine, "%s", c->control.socket ? c->control.socket : "");
}

struct sql_targets *sql_targets_of_config(const char *config)
{
    struct config *c = NULL;
    struct errbuf e;
    struct sql_targets *t = NULL;
    if (config_load(config, &c, &e) == ERR_OK && (t = calloc(1, sizeof *t)) != NULL)
        fill(t, c);
    config_free(c);
    if (t && (t->odbc || t->conninfo))
        return t;
    sql_targets_free(t);
    return NULL;
}

static int read_config(const struct arguments *a, struct sql_targets *t)
{
    struct config *c = NULL;
    struct errbuf e;
    bool source = arguments_flag(a, "source");
    int rc = arguments_config(a, &c);
    if (rc != EXIT_DONE)
        return rc;
    err_clear(&e);
    if (config_require(c, source ? NEEDS_SOURCE : NEEDS_WAREHOUSE, &e))
        rc = command_fail(a, SQL_EXIT_CONNECTION, "%s", e.text);
    fill(t, c);
    if (rc == EXIT_DONE)
        rc = attach_check_elevate(a, c->environment.name);
    if (arguments_value(a, "elevate")) {
        t->elevated = t->looks_only != NULL;
        t->looks_only = NULL;
    }
    config_free(c);
    return rc;
}

int sql_targets_find(const struct arguments *a, struct sql_targets **out)
{
    const char *dialect = arguments_value(a, "dialect");
    struct sql_targets *t = calloc(1, sizeof *t);
    *out = t;
    if (!t)
        return command_fail(a, SQL_EXIT_FAILED, "no memory");
    t->odbc = copy(arguments_value(a, "odbc"));
    t->dialect = copy(dialect ? dialect : "postgresql");
    t->conninfo = copy(arguments_value(a, "conninfo"));
    bool said = arguments_flag(a, "source") ? t->conninfo != NULL : t->odbc != NULL;
    return said && !a->config ? EXIT_DONE : read_config(a, t);
}

static enum err open_one(void *arg, bool source, struct sql_session **out, struct errbuf *e)
{
    const struct sql_targets *t = arg;
    *out = NULL;
    if (source)
        return t->conninfo
                   ? sql_session_open_libpq(t->conninfo, out, e)
                   : err_set(e, ERR_CONFIG, "no source: set source.connection, or give --conninfo");
    return t->odbc ? sql_session_open_odbc(t->odbc, t->dialect ? t->dialect : "postgresql", out, e)
                   : err_set(e, ERR_CONFIG, "no warehouse: set warehouse.odbc, or give --odbc");
}

struct sql_places sql_targets_places(struct sql_targets *t)
{
    return (struct sql_places){.open = open_one,
                               .arg = t,
                               .engine = t->engine,
                               .environment = t->environment ? t->environment : "",
                               .looks_only = t->looks_only,
                               .elevated = t->elevated};
}
