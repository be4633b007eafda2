/*
 * A PostgreSQL server of the stack: initdb or pg_basebackup, its settings, start, and the roles,
 * databases and schemas in it.
 *
 * Each step leaves a mark only when it is whole: a data folder is made as data.partial and renamed;
 * roles and databases are asked for before they are made. So an interrupted start is carried on by
 * the next one. Settings are written anew at every start (flightdeck.conf), since a port may have
 * changed.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/base/clock.h"
#include "backend/stack/stack_internal.h"
#include "queries/queries.h"

static const char STANDBY_SLOT[] = "standby";

/* ---- programs ---- */

bool postgres_bin_usable(const char *bin)
{
    char path[STACK_PATH_MAX + 32];

    (void)snprintf(path, sizeof path, "%s/initdb", bin);
    if (access(path, X_OK) != 0)
        return false;
    (void)snprintf(path, sizeof path, "%s/postgres", bin);
    return access(path, X_OK) == 0;
}

/* The newest of the folders that a pattern with the version in it gives. */
static bool newest_bin(const char *pattern, size_t version_at, char *out, size_t n)
{
    glob_t g;
    long best = -1;

    if (glob(pattern, 0, NULL, &g) != 0)
        return false;
    for (size_t i = 0; i < g.gl_pathc; i++) {
        long version = strtol(g.gl_pathv[i] + version_at, NULL, 10);
        if (version > best && postgres_bin_usable(g.gl_pathv[i])) {
            best = version;
            (void)snprintf(out, n, "%s", g.gl_pathv[i]);
        }
    }
    globfree(&g);
    return best >= 0;
}

enum err postgres_find_bin(char *out, size_t n, struct errbuf *e)
{
    const char *own = getenv("PGBIN");
    char path[STACK_PATH_MAX];

    if (own && *own) {
        if (!postgres_bin_usable(own))
            return err_set(e, ERR_CONFIG, "PGBIN=%s has no initdb and postgres in it", own);
        (void)snprintf(out, n, "%s", own);
        return ERR_OK;
    }
    if (newest_bin("/usr/lib/postgresql/*/bin", strlen("/usr/lib/postgresql/"), out, n) ||
        newest_bin("/usr/pgsql-*/bin", strlen("/usr/pgsql-"), out, n))
        return ERR_OK;
    if (program_find("initdb", path, sizeof path)) {
        *strrchr(path, '/') = '\0';
        if (postgres_bin_usable(path)) {
            (void)snprintf(out, n, "%s", path);
            return ERR_OK;
        }
    }
    return err_set(e, ERR_NOT_FOUND,
                   "no PostgreSQL server programs found; install them (apt-get install "
                   "postgresql) or set PGBIN to the folder that holds initdb");
}

enum err postgres_find_driver(char *out, size_t n, struct errbuf *e)
{
    static const char *const patterns[] = {"/usr/lib/*/odbc/psqlodbcw.so",
                                           "/usr/lib64/psqlodbcw.so", "/usr/lib/psqlodbcw.so",
                                           "/usr/local/lib/psqlodbcw.so"};
    const char *own = getenv("FLIGHTDECK_ODBC_DRIVER");
    glob_t g;

    if (own && *own) {
        (void)snprintf(out, n, "%s", own);
        return ERR_OK;
    }
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        if (glob(patterns[i], 0, NULL, &g) != 0)
            continue;
        (void)snprintf(out, n, "%s", g.gl_pathv[0]);
        globfree(&g);
        return ERR_OK;
    }
    return err_set(e, ERR_NOT_FOUND,
                   "psqlODBC (psqlodbcw.so) is not installed; install it (apt-get install "
                   "odbc-postgresql) or set FLIGHTDECK_ODBC_DRIVER to the file");
}

/* ---- SQL ---- */

/* "already exists, skipping" interests nobody. */
static void sql_notice(void *arg, const PGresult *r)
{
    (void)arg;
    (void)r;
}

static enum err sql_connect(const char *conninfo, PGconn **out, struct errbuf *e)
{
    PGconn *c = PQconnectdb(conninfo);

    *out = NULL;
    if (PQstatus(c) != CONNECTION_OK) {
        enum err rc = err_set(e, ERR_CONNECT, "%s", PQerrorMessage(c));
        PQfinish(c);
        return rc;
    }
    (void)PQsetNoticeReceiver(c, sql_notice, NULL);
    *out = c;
    return ERR_OK;
}

static enum err sql_error(PGconn *c, PGresult *r, struct errbuf *e)
{
    enum err rc = err_set(e, ERR_SQL, "%s", r ? PQresultErrorMessage(r) : PQerrorMessage(c));
    const char *state = r ? PQresultErrorField(r, PG_DIAG_SQLSTATE) : NULL;

    if (e && state)
        (void)snprintf(e->sqlstate, sizeof e->sqlstate, "%s", state);
    return rc;
}

static bool sql_ok(const PGresult *r)
{
    ExecStatusType st = PQresultStatus(r);
    return st == PGRES_COMMAND_OK || st == PGRES_TUPLES_OK || st == PGRES_EMPTY_QUERY;
}

/* Takes the result; first gets a copy of the first cell. */
static enum err sql_take(PGconn *c, PGresult *r, char **first, struct errbuf *e)
{
    enum err rc = ERR_OK;

    if (!sql_ok(r))
        rc = sql_error(c, r, e);
    else if (first && PQntuples(r) > 0 && PQnfields(r) > 0 && !PQgetisnull(r, 0, 0))
        *first = strdup(PQgetvalue(r, 0, 0));
    PQclear(r);
    return rc;
}

enum err stack_sql(const char *conninfo, const char *sql, char **first, struct errbuf *e)
{
    PGconn *c;
    enum err rc = sql_connect(conninfo, &c, e);

    if (first)
        *first = NULL;
    if (rc != ERR_OK)
        return rc;
    rc = sql_take(c, PQexec(c, sql), first, e);
    PQfinish(c);
    return rc;
}

static enum err sql_bound(PGconn *c, const char *query, int n, const char *const *values,
                          char **first, struct errbuf *e)
{
    return sql_take(c, PQexecParams(c, query_text(query), n, NULL, values, NULL, NULL, 0), first,
                    e);
}

/* ---- the data folder ---- */

static const char *bin_path(const struct stack *s, const char *program, char *out, size_t n)
{
    (void)snprintf(out, n, "%s/%s", s->pg_bin, program);
    return out;
}

static enum err write_hba(const struct stack *s, const char *data, struct errbuf *e)
{
    char path[STACK_PATH_MAX + 64], text[512];
    const char *method = s->password ? "scram-sha-256" : "trust";

    (void)snprintf(path, sizeof path, "%s/pg_hba.conf", data);
    (void)snprintf(text, sizeof text,
                   "# Written by flightdeck. Loopback only.\n"
                   "host all         all 127.0.0.1/32 %s\n"
                   "host replication all 127.0.0.1/32 %s\n",
                   method, method);
    return file_write(path, text, 0600, &s->user, e);
}

static enum err run_initdb(struct stack *s, struct server *v, const char *partial, struct errbuf *e)
{
    char program[STACK_PATH_MAX + 32], pwfile[STACK_PATH_MAX + 64], arg[STACK_PATH_MAX + 80];
    char conf[STACK_PATH_MAX + 64];
    enum err rc = ERR_OK;
    const char *argv[16] = {bin_path(s, "initdb", program, sizeof program),
                            "-D",
                            partial,
                            "--username=postgres",
                            "--encoding=UTF8",
                            "--locale=C",
                            "--no-instructions"};
    int n = 7;

    if (s->throwaway)
        argv[n++] = "--no-sync";
    (void)snprintf(pwfile, sizeof pwfile, "%s/pw", v->dir);
    if (s->password) {
        rc = file_write(pwfile, s->password, 0600, &s->user, e);
        if (rc != ERR_OK)
            return rc;
        (void)snprintf(arg, sizeof arg, "--pwfile=%s", pwfile);
        argv[n++] = arg;
        argv[n++] = "--auth=scram-sha-256";
    } else {
        argv[n++] = "--auth=trust";
    }
    rc = stack_tool(s, v, argv, NULL, e);
    (void)unlink(pwfile);
    if (rc == ERR_OK)
        rc = write_hba(s, partial, e);
    if (rc != ERR_OK)
        return rc;
    (void)snprintf(conf, sizeof conf, "%s/postgresql.conf", partial);
    return file_write(conf, "include 'flightdeck.conf'  # written anew at every start\n", 0600,
                      &s->user, e);
}

static enum err run_basebackup(struct stack *s, struct server *v, const char *partial,
                               struct errbuf *e)
{
    char program[STACK_PATH_MAX + 32], port[16], path[STACK_PATH_MAX + 64];
    const char *const slot[] = {STANDBY_SLOT};
    PGconn *c = NULL;
    enum err rc = sql_connect(s->servers[STACK_PRIMARY].admin_conninfo, &c, e);

    if (rc == ERR_OK)
        rc = sql_bound(c, "stack/standby_slot", 1, slot, NULL, e);
    PQfinish(c);
    if (rc != ERR_OK)
        return rc;
    (void)snprintf(port, sizeof port, "%d", s->servers[STACK_PRIMARY].port);
    const char *argv[] = {bin_path(s, "pg_basebackup", program, sizeof program),
                          "-D",
                          partial,
                          "-h",
                          "127.0.0.1",
                          "-p",
                          port,
                          "-U",
                          "postgres",
                          "-w",
                          "-X",
                          "stream",
                          "-S",
                          STANDBY_SLOT,
                          "--checkpoint=fast",
                          s->throwaway ? "--no-sync" : NULL,
                          NULL};
    rc = stack_tool(s, v, argv, s->password, e);
    if (rc != ERR_OK)
        return rc;
    (void)snprintf(path, sizeof path, "%s/standby.signal", partial);
    return file_write(path, "", 0600, &s->user, e);
}

static enum err data_ensure(struct stack *s, struct server *v, struct errbuf *e)
{
    char partial[STACK_PATH_MAX + 32];
    int64_t since = clock_mono_us();
    enum err rc;

    if (file_exists(v->data))
        return ERR_OK;
    (void)snprintf(partial, sizeof partial, "%s.partial", v->data);
    rc = stack_remove_tree(partial, e);
    if (rc == ERR_OK)
        rc = v->id == STACK_STANDBY ? run_basebackup(s, v, partial, e)
                                    : run_initdb(s, v, partial, e);
    if (rc != ERR_OK)
        return rc;
    if (rename(partial, v->data) != 0)
        return err_errno(e, ERR_IO, "cannot rename %s to %s", partial, v->data);
    stack_report(s, v->id, since,
                 v->id == STACK_STANDBY ? "copied from the primary" : "initialised");
    return ERR_OK;
}

/* ---- settings ---- */

static void settings_common(const struct stack *s, const struct server *v, struct buf *b)
{
    buf_printf(b,
               "# Written by flightdeck at every start: changes here are lost.\n"
               "listen_addresses = '127.0.0.1'\nport = %d\nunix_socket_directories = ''\n"
               "timezone = 'UTC'\nlog_timezone = 'UTC'\nlog_line_prefix = '%%m [%%p] '\n"
               "datestyle = 'iso, ymd'\nlc_messages = 'C'\ndefault_text_search_config = "
               "'pg_catalog.simple'\npassword_encryption = 'scram-sha-256'\n"
               "max_connections = 100\nshared_buffers = '128MB'\nmax_wal_size = '1GB'\n"
               "random_page_cost = 1.1\njit = off\nlog_checkpoints = off\n",
               v->port);
    if (s->throwaway)
        buf_lit(b, "fsync = off\nfull_page_writes = off\nmax_wal_size = '512MB'\n"
                   "shared_buffers = '64MB'\n");
}

static enum err settings_write(struct stack *s, struct server *v, struct errbuf *e)
{
    char path[STACK_PATH_MAX + 64];
    struct buf b;
    enum err rc;

    buf_init(&b, 8192);
    settings_common(s, v, &b);
    switch (v->id) {
    case STACK_PRIMARY:
        buf_lit(&b, "wal_level = logical\nmax_wal_senders = 20\nmax_replication_slots = 20\n"
                    "cluster_name = 'primary'\n");
        break;
    case STACK_STANDBY:
        buf_printf(&b,
                   "wal_level = logical\nmax_wal_senders = 20\nmax_replication_slots = 20\n"
                   "cluster_name = 'standby'\nhot_standby = on\nhot_standby_feedback = on\n"
                   "wal_receiver_status_interval = 1\nwal_retrieve_retry_interval = '1s'\n"
                   "primary_slot_name = '%s'\nprimary_conninfo = 'host=127.0.0.1 port=%d "
                   "user=postgres application_name=standby%s%s'\n",
                   STANDBY_SLOT, s->servers[STACK_PRIMARY].port, s->password ? " password=" : "",
                   s->password ? s->password : "");
        break;
    default:
        buf_lit(&b, "wal_level = minimal\nmax_wal_senders = 0\ncluster_name = 'warehouse'\n"
                    "work_mem = '32MB'\n");
        break;
    }
    (void)snprintf(path, sizeof path, "%s/flightdeck.conf", v->data);
    rc = buf_check(&b, path, e);
    if (rc == ERR_OK)
        rc = file_write(path, buf_cstr(&b), 0600, &s->user, e);
    buf_free(&b);
    return rc;
}

/* ---- roles, databases, schemas ---- */

static enum err setup_role_and_database(struct stack *s, const char *admin, const char *database,
                                        struct errbuf *e)
{
    const char *const role[] = {s->role ? s->role : "postgres", s->password};
    const char *const db[] = {database, role[0]};
    char *create = NULL;
    PGconn *c = NULL;
    enum err rc = sql_connect(admin, &c, e);

    if (rc != ERR_OK)
        return rc;
    if (s->role) {
        /* The statement text has no password in it: it travels as a bound setting. */
        rc = sql_bound(c, "stack/role_settings", 2, role, NULL, e);
        if (rc == ERR_OK)
            rc = sql_take(c, PQexec(c, query_text("stack/role")), NULL, e);
    }
    if (rc == ERR_OK)
        rc = sql_bound(c, "stack/create_database", 2, db, &create, e);
    if (rc == ERR_OK && create)
        rc = sql_take(c, PQexec(c, create), NULL, e);
    free(create);
    PQfinish(c);
    return rc;
}

static enum err setup_contents(struct stack *s, struct server *v, struct errbuf *e)
{
    const char *database = v->id == STACK_WAREHOUSE ? "dwh" : s->database;
    struct buf admin;
    enum err rc;

    if (v->id == STACK_STANDBY)
        return ERR_OK;
    buf_init(&admin, 1024);
    buf_printf(&admin, "%s dbname=postgres", v->admin_conninfo); /* the last dbname counts */
    rc = setup_role_and_database(s, buf_cstr(&admin), database, e);
    buf_free(&admin);
    if (rc == ERR_OK && v->id == STACK_WAREHOUSE)
        rc = stack_sql(v->conninfo, query_text("stack/warehouse_schemas"), NULL, e);
    return rc;
}

/* ---- start ---- */

static bool postgres_ready(struct stack *s, struct server *v)
{
    char conninfo[128];

    (void)s;
    (void)snprintf(conninfo, sizeof conninfo,
                   "host=127.0.0.1 port=%d dbname=postgres user=postgres connect_timeout=2",
                   v->port);
    return PQping(conninfo) == PQPING_OK;
}

enum err postgres_start(struct stack *s, struct server *v, struct errbuf *e)
{
    char program[STACK_PATH_MAX + 32];
    int64_t since = clock_mono_us();
    bool was_running = process_alive(v->pid_path) != 0;
    enum err rc = ERR_OK;

    if (!was_running) {
        const char *argv[] = {bin_path(s, "postgres", program, sizeof program), "-D", v->data,
                              NULL};
        rc = data_ensure(s, v, e);
        if (rc == ERR_OK)
            rc = settings_write(s, v, e);
        if (rc == ERR_OK)
            rc = stack_spawn(s, v, argv, e);
    }
    if (rc == ERR_OK)
        rc = stack_wait_ready(s, v, postgres_ready, e);
    if (rc == ERR_OK)
        rc = setup_contents(s, v, e);
    if (rc == ERR_OK)
        stack_report(s, v->id, since, "%s on 127.0.0.1:%d",
                     was_running ? "runs already" : "running", v->port);
    return rc;
}
