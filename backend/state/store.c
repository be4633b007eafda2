/*
 * One connection, one lock: every call is a short transaction of its own, so nothing is gained by
 * more. Each area (connectors, events, ..) is a few functions over the same three helpers:
 * statement_begin (prepare by query name), bind_text, statement_run; a new area adds its
 * migrate_N.sql and its functions here.
 */
#include "backend/state/store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/base/clock.h"
#include "queries/queries.h"

enum {
    APPLICATION_ID = 0x464c4454, /* FLDT: tells our file from another program's */
    BUSY_MS = 3000,
};

struct store {
    sqlite3 *db;
    pthread_mutex_t lock;
    char *path;
};

/* ---- errors ---- */

static enum err code_of(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERR_RETRY;
    case SQLITE_NOMEM:
        return ERR_NOMEM;
    case SQLITE_TOOBIG:
        return ERR_LIMIT;
    case SQLITE_ERROR:
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
        return ERR_INTERNAL;
    default:
        return ERR_IO;
    }
}

static const char *advice(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return ". It is left as it is: move it away to start with an empty one (connectors that "
               "were "
               "applied by command have to be applied again; no data are in it)";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ". Another process has it open for writing";
    case SQLITE_FULL:
        return ". Free some space";
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
        return ". The engine's user must be able to write the file and its folder";
    default:
        return "";
    }
}

static enum err failed(struct store *s, int rc, const char *what, struct errbuf *e)
{
    const char *why = s->db ? sqlite3_errmsg(s->db) : sqlite3_errstr(rc);
    return err_set(e, code_of(rc), "state file %s: %s: %s%s", s->path, what, why, advice(rc));
}

/* ---- statements ---- */

static enum err prepare(struct store *s, const char *query, sqlite3_stmt **out, struct errbuf *e)
{
    const char *sql = query_text(query);
    *out = NULL;
    if (!sql)
        return err_set(e, ERR_INTERNAL, "there is no query %s", query);
    int rc = sqlite3_prepare_v2(s->db, sql, -1, out, NULL);
    return rc == SQLITE_OK ? ERR_OK : failed(s, rc, query, e);
}

/* Locks the store and prepares; statement_end unlocks, also after an error of this. */
static enum err statement_begin(struct store *s, const char *query, sqlite3_stmt **out,
                                struct errbuf *e)
{
    (void)pthread_mutex_lock(&s->lock);
    return prepare(s, query, out, e);
}

static void statement_end(struct store *s, sqlite3_stmt *q)
{
    (void)sqlite3_finalize(q);
    (void)pthread_mutex_unlock(&s->lock);
}

static enum err bind_text(struct store *s, sqlite3_stmt *q, int i, const char *text,
                          struct errbuf *e)
{
    int rc = sqlite3_bind_text(q, i, text, -1, SQLITE_STATIC);
    return rc == SQLITE_OK ? ERR_OK : failed(s, rc, "binding", e);
}

static enum err bind_number(struct store *s, sqlite3_stmt *q, int i, int64_t v, struct errbuf *e)
{
    int rc = sqlite3_bind_int64(q, i, v);
    return rc == SQLITE_OK ? ERR_OK : failed(s, rc, "binding", e);
}

/* One row: ERR_OK; no more: ERR_NOT_FOUND without words. */
static enum err step(struct store *s, sqlite3_stmt *q, const char *what, struct errbuf *e)
{
    int rc = sqlite3_step(q);
    if (rc == SQLITE_ROW)
        return ERR_OK;
    return rc == SQLITE_DONE ? ERR_NOT_FOUND : failed(s, rc, what, e);
}

/* A statement without rows. */
static enum err run(struct store *s, sqlite3_stmt *q, const char *what, struct errbuf *e)
{
    enum err r = step(s, q, what, e);
    return r == ERR_NOT_FOUND ? ERR_OK : r;
}

static enum err execute(struct store *s, const char *sql, const char *what, struct errbuf *e)
{
    int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? ERR_OK : failed(s, rc, what, e);
}

/* A column's copy; *out stays NULL for SQL's NULL. */
static enum err copy_column(sqlite3_stmt *q, int i, char **out, struct errbuf *e)
{
    const unsigned char *text = sqlite3_column_text(q, i);
    *out = NULL;
    if (!text)
        return ERR_OK;
    *out = strdup((const char *)text);
    return *out ? ERR_OK : err_set(e, ERR_NOMEM, "out of memory for the state store");
}

/* ---- opening ---- */

static int newest_version(void)
{
    char name[64];
    int n = 0;
    for (;;) {
        (void)snprintf(name, sizeof name, "store/migrate_%d", n + 1);
        if (!query_text(name))
            return n;
        n++;
    }
}

static enum err make_file(const char *dir, const char *path, struct errbuf *e)
{
    if (mkdir(dir, 0700) != 0 && errno != EEXIST)
        return err_errno(e, ERR_IO, "state folder %s cannot be made", dir);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_errno(e, ERR_IO, "state file %s cannot be opened", path);
    (void)close(fd);
    return ERR_OK;
}

static enum err read_version(struct store *s, int *version, struct errbuf *e)
{
    sqlite3_stmt *q = NULL;
    int newest = newest_version();
    enum err r = prepare(s, "store/version", &q, e);
    if (!r)
        r = step(s, q, "reading its version", e);
    if (r)
        goto out;
    *version = sqlite3_column_int(q, 0);
    int application = sqlite3_column_int(q, 1);
    bool empty = sqlite3_column_int(q, 2) == 0;
    if (!(empty && *version == 0 && application == 0) && application != APPLICATION_ID)
        r = err_set(e, ERR_IO,
                    "state file %s belongs to another program (application id %d): it is left as "
                    "it is; configure another state folder",
                    s->path, application);
    else if (*version > newest)
        r = err_set(e, ERR_UNSUPPORTED,
                    "state file %s has version %d, this flightdeck knows versions up to %d: it was "
                    "written by a newer one. It is left as it is; run that one, or configure "
                    "another state folder",
                    s->path, *version, newest);
out:
    (void)sqlite3_finalize(q);
    return r;
}

static enum err check(struct store *s, struct errbuf *e)
{
    sqlite3_stmt *q = NULL;
    enum err r = prepare(s, "store/check", &q, e);
    if (!r)
        r = step(s, q, "checking it", e);
    const char *said = r ? NULL : (const char *)sqlite3_column_text(q, 0);
    if (!r && (!said || strcmp(said, "ok") != 0))
        r = err_set(e, ERR_IO, "state file %s is damaged: %s%s", s->path, said ? said : "?",
                    advice(SQLITE_CORRUPT));
    (void)sqlite3_finalize(q);
    return r;
}

/* Each step is one transaction: a crash leaves the file at one version or the next. */
static enum err migrate_to(struct store *s, int version, struct errbuf *e)
{
    char name[64], mark[96];
    (void)snprintf(name, sizeof name, "store/migrate_%d", version);
    (void)snprintf(mark, sizeof mark, "PRAGMA application_id = %d; PRAGMA user_version = %d",
                   APPLICATION_ID, version);
    enum err r = execute(s, "BEGIN IMMEDIATE", name, e);
    if (r)
        return r;
    r = execute(s, query_text(name), name, e);
    if (!r)
        r = execute(s, mark, name, e);
    if (!r)
        r = execute(s, "COMMIT", name, e);
    if (r)
        (void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    return r;
}

static enum err open_file(struct store *s, struct errbuf *e)
{
    int version = 0;
    int rc = sqlite3_open_v2(s->path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc != SQLITE_OK)
        return failed(s, rc, "opening", e);
    (void)sqlite3_extended_result_codes(s->db, 1);
    (void)sqlite3_busy_timeout(s->db, BUSY_MS);
    /* nothing is written before it is known that the file is ours and whole */
    enum err r = read_version(s, &version, e);
    if (!r)
        r = check(s, e);
    if (!r)
        r = execute(s, query_text("store/setup"), "store/setup", e);
    for (int v = version + 1; !r && v <= newest_version(); v++)
        r = migrate_to(s, v, e);
    return r;
}

enum err store_open(const char *dir, struct store **out, struct errbuf *e)
{
    size_t n = strlen(dir) + sizeof "/flightdeck.db";
    struct store *s = calloc(1, sizeof *s);
    enum err r = ERR_OK;
    *out = NULL;
    if (!s || !(s->path = malloc(n))) {
        free(s);
        return err_set(e, ERR_NOMEM, "out of memory for the state store");
    }
    (void)pthread_mutex_init(&s->lock, NULL);
    (void)snprintf(s->path, n, "%s/flightdeck.db", dir);
    r = make_file(dir, s->path, e);
    if (!r)
        r = open_file(s, e);
    if (r) {
        store_close(s);
        return r;
    }
    *out = s;
    return ERR_OK;
}

void store_close(struct store *s)
{
    if (!s)
        return;
    (void)sqlite3_close(s->db);
    (void)pthread_mutex_destroy(&s->lock);
    free(s->path);
    free(s);
}

/* ---- connectors ---- */

void store_connector_free(struct store_connector *c)
{
    free(c->name);
    free(c->config);
    free(c->desired_state);
    *c = (struct store_connector){0};
}

void store_connectors_free(struct store_connectors *list)
{
    for (int i = 0; i < list->n; i++)
        store_connector_free(&list->items[i]);
    free(list->items);
    *list = (struct store_connectors){0};
}

static enum err read_connector(sqlite3_stmt *q, struct store_connector *out, struct errbuf *e)
{
    *out = (struct store_connector){.created_us = sqlite3_column_int64(q, 3),
                                    .updated_us = sqlite3_column_int64(q, 4)};
    enum err r = copy_column(q, 0, &out->name, e);
    if (!r)
        r = copy_column(q, 1, &out->config, e);
    if (!r)
        r = copy_column(q, 2, &out->desired_state, e);
    if (r)
        store_connector_free(out);
    return r;
}

/* Room for one more item of an array that doubles. */
static enum err room(void **items, int n, size_t size, struct errbuf *e)
{
    if (n > 0 && (n < 16 || (n & (n - 1)) != 0))
        return ERR_OK; /* 16, 32, 64, .. are full */
    void *more = realloc(*items, (n == 0 ? 16 : (size_t)n * 2) * size);
    if (!more)
        return err_set(e, ERR_NOMEM, "out of memory for the state store");
    *items = more;
    return ERR_OK;
}

enum err store_connectors_list(struct store *s, struct store_connectors *out, struct errbuf *e)
{
    sqlite3_stmt *q = NULL;
    *out = (struct store_connectors){0};
    enum err r = statement_begin(s, "store/connectors_list", &q, e);
    while (!r && (r = step(s, q, "listing connectors", e)) == ERR_OK) {
        r = room((void **)&out->items, out->n, sizeof *out->items, e);
        if (!r)
            r = read_connector(q, &out->items[out->n], e);
        if (!r)
            out->n++;
    }
    statement_end(s, q);
    if (r == ERR_NOT_FOUND)
        return ERR_OK;
    store_connectors_free(out);
    return r;
}

enum err store_connector_get(struct store *s, const char *name, struct store_connector *out,
                             struct errbuf *e)
{
    sqlite3_stmt *q = NULL;
    *out = (struct store_connector){0};
    enum err r = statement_begin(s, "store/connector_get", &q, e);
    if (!r)
        r = bind_text(s, q, 1, name, e);
    if (!r) {
        r = step(s, q, "reading a connector", e);
        if (r == ERR_NOT_FOUND)
            r = err_set(e, ERR_NOT_FOUND, "there is no stored connector \"%s\"", name);
    }
    if (!r)
        r = read_connector(q, out, e);
    statement_end(s, q);
    return r;
}

enum err store_connector_put(struct store *s, const char *name, const char *config,
                             const char *desired_state, struct errbuf *e)
{
    sqlite3_stmt *q = NULL;
    enum err r = statement_begin(s, "store/connector_put", &q, e);
    if (!r)
        r = bind_text(s, q, 1, name, e);
    if (!r)
        r = bind_text(s, q, 2, config, e);
    if (!r)
        r = bind_text(s, q, 3, desired_state, e);
    if (!r)
        r = bind_number(s, q, 4, clock_wall_us(), e);
    if (!r)
        r = run(s, q, "storing a connector", e);
    statement_end(s, q);
    return r;
}

enum err store_connector_set_desired_state(struct store *s, const char *name, const char *state,
                                           struct errbuf *e)
{
    sqlite3_stmt *q = NULL;
    enum err r = statement_begin(s, "store/connector_set_desired_state", &q, e);
    if (!r)
        r = bind_text(s, q, 1, name, e);
    if (!r)
        r = bind_text(s, q, 2, state, e);
    if (!r)
        r = bind_number(s, q, 3, clock_wall_us(), e);
    if (!r)
        r = run(s, q, "storing a connector's state", e);
    statement_end(s, q);
    return r;
}

enum err store_connector_delete(struct store *s, const char *name, struct errbuf *e)
{
    sqlite3_stmt *q = NULL;
    enum err r = statement_begin(s, "store/connector_delete", &q, e);
    if (!r)
        r = bind_text(s, q, 1, name, e);
    if (!r)
        r = run(s, q, "deleting a connector", e);
    if (!r && sqlite3_changes(s->db) == 0)
        r = err_set(e, ERR_NOT_FOUND, "there is no stored connector \"%s\"", name);
    statement_end(s, q);
    return r;
}

/* ---- events ---- */

static enum err prune(struct store *s, int64_t newest, struct errbuf *e)
{
    sqlite3_stmt *q = NULL;
    enum err r = prepare(s, "store/events_prune", &q, e);
    if (!r)
        r = bind_number(s, q, 1, newest - STORE_EVENTS_KEPT, e);
    if (!r)
        r = run(s, q, "pruning events", e);
    (void)sqlite3_finalize(q);
    return r;
}

static enum err insert_event(struct store *s, sqlite3_stmt *q, int64_t ts_us,
                             const char *const texts[5], struct errbuf *e)
{
    enum err r = bind_number(s, q, 1, ts_us, e);
    for (int i = 0; i < 5 && !r; i++)
        r = bind_text(s, q, i + 2, texts[i] ? texts[i] : "", e);
    return r ? r : run(s, q, "storing an event", e);
}

enum err store_event_add(struct store *s, int64_t ts_us, const char *level, const char *area,
                         const char *who, const char *object, const char *text, int64_t *id,
                         struct errbuf *e)
{
    const char *const texts[5] = {level, area, who, object, text};
    sqlite3_stmt *q = NULL;
    int64_t newest = 0;
    enum err r = statement_begin(s, "store/event_add", &q, e);
    if (!r)
        r = execute(s, "BEGIN IMMEDIATE", "storing an event", e);
    if (r)
        goto out;
    r = insert_event(s, q, ts_us, texts, e);
    newest = sqlite3_last_insert_rowid(s->db);
    (void)sqlite3_finalize(q); /* or COMMIT would find it under way */
    q = NULL;
    if (!r)
        r = prune(s, newest, e);
    if (!r)
        r = execute(s, "COMMIT", "storing an event", e);
    if (r)
        (void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    if (id)
        *id = newest;
out:
    statement_end(s, q);
    return r;
}

static void event_free(struct store_event *v)
{
    free(v->level);
    free(v->area);
    free(v->who);
    free(v->object);
    free(v->text);
}

void store_events_free(struct store_events *list)
{
    for (int i = 0; i < list->n; i++)
        event_free(&list->items[i]);
    free(list->items);
    *list = (struct store_events){0};
}

static enum err read_event(sqlite3_stmt *q, struct store_event *out, struct errbuf *e)
{
    char **const texts[5] = {&out->level, &out->area, &out->who, &out->object, &out->text};
    enum err r = ERR_OK;
    *out =
        (struct store_event){.id = sqlite3_column_int64(q, 0), .ts_us = sqlite3_column_int64(q, 1)};
    for (int i = 0; i < 5 && !r; i++)
        r = copy_column(q, i + 2, texts[i], e);
    if (r)
        event_free(out);
    return r;
}

enum err store_events_list(struct store *s, int64_t after, int limit, struct store_events *out,
                           struct errbuf *e)
{
    sqlite3_stmt *q = NULL;
    bool newest = after < 0;
    *out = (struct store_events){0};
    enum err r = statement_begin(s, newest ? "store/events_newest" : "store/events_after", &q, e);
    if (!r && !newest)
        r = bind_number(s, q, 1, after, e);
    if (!r)
        r = bind_number(s, q, newest ? 1 : 2, limit < 0 ? 0 : limit, e);
    while (!r && (r = step(s, q, "listing events", e)) == ERR_OK) {
        r = room((void **)&out->items, out->n, sizeof *out->items, e);
        if (!r)
            r = read_event(q, &out->items[out->n], e);
        if (!r)
            out->n++;
    }
    statement_end(s, q);
    if (r == ERR_NOT_FOUND)
        return ERR_OK;
    store_events_free(out);
    return r;
}

/* ---- settings ---- */

enum err store_setting_get(struct store *s, const char *name, char **value, struct errbuf *e)
{
    sqlite3_stmt *q = NULL;
    *value = NULL;
    enum err r = statement_begin(s, "store/setting_get", &q, e);
    if (!r)
        r = bind_text(s, q, 1, name, e);
    if (!r) {
        r = step(s, q, "reading a setting", e);
        if (r == ERR_NOT_FOUND)
            r = err_set(e, ERR_NOT_FOUND, "setting %s is not stored", name);
    }
    if (!r)
        r = copy_column(q, 0, value, e);
    statement_end(s, q);
    return r;
}

enum err store_setting_put(struct store *s, const char *name, const char *value, struct errbuf *e)
{
    sqlite3_stmt *q = NULL;
    enum err r = statement_begin(s, value ? "store/setting_put" : "store/setting_delete", &q, e);
    if (!r)
        r = bind_text(s, q, 1, name, e);
    if (!r && value)
        r = bind_text(s, q, 2, value, e);
    if (!r)
        r = run(s, q, "storing a setting", e);
    statement_end(s, q);
    return r;
}
