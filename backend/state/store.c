/*
 * The store's file: opening, checking, migrating, and what its tables' functions share.
 *
 * The order of opening matters: who made the file and whether it is whole is asked before anything
 * is written, so that a file which is refused stays as it is. (Even closing would write: the last
 * connection moves the log into the file. That is turned off until the file is accepted.)
 *
 * user_version counts the migrations that are in it. Each runs in one transaction together with its
 * new number: a crash in between leaves the old version.
 */
#include "backend/state/store_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "queries/queries.h"

enum { STORE_MODE = 0600, BUSY_MS = 5000, PREPARE_LEN = -1 };

static const char *const query_names[] = {
#define X(name) "store/" #name,
    STORE_QUERIES(X)
#undef X
};

static const char *const state_words[] = {
#define X(name) #name,
    STORE_STATES(X)
#undef X
};

const char *store_state_word(enum store_state s)
{
    return (unsigned)s < STORE_STATE_COUNT ? state_words[s] : "UNKNOWN";
}

enum err store_state_parse(const char *word, enum store_state *out, struct errbuf *e)
{
    for (int i = 0; i < STORE_STATE_COUNT; i++)
        if (!strcmp(word, state_words[i])) {
            *out = (enum store_state)i;
            return ERR_OK;
        }
    return err_set(e, ERR_NOT_FOUND, "%s is no state that a connector can be asked for", word);
}

const char *store_path(const struct store *s)
{
    return s->path;
}

/* ---- errors ---- */

static enum err damaged(const struct store *s, const char *why, struct errbuf *e)
{
    return err_set(
        e, ERR_IO,
        "the store %s is damaged: %s. It was left as it is: restore it from a backup, or "
        "move it (with its -wal and -shm files) away to begin with an empty one. "
        "Connectors of the configuration and all positions are kept elsewhere; "
        "connectors applied at run time have to be applied again",
        s->path, why);
}

enum err store_error(struct store *s, const char *what, struct errbuf *e)
{
    const char *why = sqlite3_errmsg(s->db);
    switch (sqlite3_errcode(s->db) & 0xff) { /* without the extension */
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return damaged(s, why, e);
    case SQLITE_FULL:
        return err_set(e, ERR_IO, "cannot %s in the store %s: %s: make room on its disk", what,
                       s->path, why);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return err_set(e, ERR_TIMEOUT,
                       "cannot %s in the store %s: another program holds it (%s): end it", what,
                       s->path, why);
    case SQLITE_NOMEM:
        return err_set(e, ERR_NOMEM, "cannot %s in the store %s: out of memory", what, s->path);
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return err_set(e, ERR_IO,
                       "cannot %s in the store %s: %s: the engine's user must be able to write it "
                       "and its folder",
                       what, s->path, why);
    case SQLITE_IOERR:
        return err_set(e, ERR_IO, "cannot %s in the store %s: %s (%s): look at its disk", what,
                       s->path, why, strerror(sqlite3_system_errno(s->db)));
    default:
        return err_set(e, ERR_INTERNAL, "cannot %s in the store %s: %s", what, s->path, why);
    }
}

/* ---- statements ---- */

static sqlite3_stmt *bind_all(struct store *s, enum store_query q, const char *types, va_list ap)
{
    sqlite3_stmt *st = s->statements[q];
    /* A bind fails for a wrong index or a text of 1 GB: the step then fails by NOT NULL. */
    for (int i = 0; types[i]; i++) {
        if (types[i] == 'i')
            (void)sqlite3_bind_int64(st, i + 1, va_arg(ap, int64_t));
        else
            (void)sqlite3_bind_text(st, i + 1, va_arg(ap, const char *), -1, SQLITE_STATIC);
    }
    return st;
}

sqlite3_stmt *store_begin(struct store *s, enum store_query q, const char *types, ...)
{
    va_list ap;
    (void)pthread_mutex_lock(&s->mutex);
    va_start(ap, types);
    sqlite3_stmt *st = bind_all(s, q, types, ap);
    va_end(ap);
    return st;
}

sqlite3_stmt *store_bind(struct store *s, enum store_query q, const char *types, ...)
{
    va_list ap;
    va_start(ap, types);
    sqlite3_stmt *st = bind_all(s, q, types, ap);
    va_end(ap);
    return st;
}

enum err store_step(struct store *s, sqlite3_stmt *st, bool *row, const char *what,
                    struct errbuf *e)
{
    int rc = sqlite3_step(st);
    *row = rc == SQLITE_ROW;
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? ERR_OK : store_error(s, what, e);
}

void store_reset(sqlite3_stmt *st)
{
    (void)sqlite3_reset(st); /* says again what the step said */
    (void)sqlite3_clear_bindings(st);
}

void store_end(struct store *s, sqlite3_stmt *st)
{
    store_reset(st);
    (void)pthread_mutex_unlock(&s->mutex);
}

enum err store_run(struct store *s, sqlite3_stmt *st, const char *what, struct errbuf *e)
{
    bool row;
    enum err rc = store_step(s, st, &row, what, e);
    store_end(s, st);
    return rc;
}

const char *store_text(sqlite3_stmt *st, int column)
{
    const char *text = (const char *)sqlite3_column_text(st, column);
    return text ? text : "";
}

/* ---- transactions ---- */

enum err store_transaction(struct store *s, struct errbuf *e)
{
    (void)pthread_mutex_lock(&s->mutex);
    if (sqlite3_exec(s->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK)
        return ERR_OK;
    enum err rc = store_error(s, "begin a transaction", e);
    (void)pthread_mutex_unlock(&s->mutex);
    return rc;
}

enum err store_commit(struct store *s, enum err rc, struct errbuf *e)
{
    if (!rc && sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
        rc = store_error(s, "commit", e);
    if (rc && !sqlite3_get_autocommit(s->db))
        (void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL); /* rc has the reason */
    (void)pthread_mutex_unlock(&s->mutex);
    return rc;
}

enum err store_do(struct store *s, sqlite3_stmt *st, const char *what, struct errbuf *e)
{
    bool row;
    enum err rc = store_step(s, st, &row, what, e);
    store_reset(st);
    return rc;
}

/* ---- opening ---- */

/* SQLite would make the file as the umask says; its -wal and -shm take the file's mode. */
static enum err make_private(const struct store *s, struct errbuf *e)
{
    struct stat st;
    int fd = open(s->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, STORE_MODE);
    if (fd >= 0)
        (void)close(fd);
    else if (errno != EEXIST)
        return err_errno(e, ERR_IO, "cannot make the store %s", s->path);
    if (stat(s->path, &st) != 0)
        return err_errno(e, ERR_IO, "cannot look at the store %s", s->path);
    if (!S_ISREG(st.st_mode))
        return err_set(e, ERR_IO, "the store %s is not a file: move it away", s->path);
    if (st.st_mode & 077 && chmod(s->path, STORE_MODE) != 0)
        return err_errno(e, ERR_IO, "others can read the store %s, and it cannot be made private",
                         s->path);
    return ERR_OK;
}

static enum err execute(struct store *s, const char *sql, const char *what, struct errbuf *e)
{
    return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? ERR_OK
                                                                   : store_error(s, what, e);
}

/* Prepares, steps once, hands out the row: for statements of the opening. */
static enum err first_row(struct store *s, const char *query, sqlite3_stmt **out, struct errbuf *e)
{
    bool row = false;
    *out = NULL;
    if (sqlite3_prepare_v2(s->db, query_text(query), PREPARE_LEN, out, NULL) != SQLITE_OK)
        return store_error(s, "read", e);
    enum err rc = store_step(s, *out, &row, "read", e);
    return rc || row ? rc : err_set(e, ERR_INTERNAL, "%s gives no row", query);
}

static const char *migration(int version)
{
    char name[64];
    (void)snprintf(name, sizeof name, "store/migrate_%d", version);
    return query_text(name);
}

static int newest_version(void)
{
    int v = 0;
    while (migration(v + 1))
        v++;
    return v;
}

static enum err read_version(struct store *s, int *version, bool *ours, struct errbuf *e)
{
    sqlite3_stmt *st = NULL;
    enum err rc = first_row(s, "store/identity", &st, e);
    if (!rc) {
        *version = sqlite3_column_int(st, 0);
        *ours = sqlite3_column_int(st, 1) != 0;
    }
    (void)sqlite3_finalize(st);
    return rc;
}

static enum err check(struct store *s, int *version, struct errbuf *e)
{
    sqlite3_stmt *st = NULL;
    bool ours = false;
    enum err rc = read_version(s, version, &ours, e);
    if (!rc && !ours)
        rc = err_set(e, ERR_IO,
                     "the store %s was made by another program. It was left as it is: move it "
                     "away, or give another state_dir",
                     s->path);
    if (!rc && *version > newest_version())
        rc = err_set(e, ERR_UNSUPPORTED,
                     "the store %s has version %d, this flightdeck knows up to %d: a newer one "
                     "made it. It was left as it is: use that version, or move it away",
                     s->path, *version, newest_version());
    if (!rc)
        rc = first_row(s, "store/check", &st, e);
    if (!rc && strcmp(store_text(st, 0), "ok") != 0)
        rc = damaged(s, store_text(st, 0), e);
    (void)sqlite3_finalize(st);
    return rc;
}

static enum err migrate(struct store *s, int version, struct errbuf *e)
{
    enum err rc = ERR_OK;
    const char *sql;
    bool ours;
    for (int v = version + 1; !rc && (sql = migration(v)) != NULL; v++) {
        int now = 0;
        rc = execute(s, "BEGIN IMMEDIATE", "begin a migration", e);
        if (!rc)
            rc = execute(s, sql, "migrate", e);
        if (!rc)
            rc = read_version(s, &now, &ours, e);
        if (!rc && now != v)
            rc = err_set(e, ERR_INTERNAL, "migrate_%d.sql sets version %d", v, now);
        if (!rc)
            rc = execute(s, "COMMIT", "commit a migration", e);
        if (rc && !sqlite3_get_autocommit(s->db))
            (void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL); /* rc has the reason */
    }
    return rc;
}

static enum err prepare(struct store *s, struct errbuf *e)
{
    for (int i = 0; i < QUERY_COUNT; i++) {
        const char *sql = query_text(query_names[i]);
        if (!sql)
            return err_set(e, ERR_INTERNAL, "there is no query %s", query_names[i]);
        if (sqlite3_prepare_v3(s->db, sql, PREPARE_LEN, SQLITE_PREPARE_PERSISTENT,
                               &s->statements[i], NULL) != SQLITE_OK)
            return store_error(s, query_names[i], e);
    }
    return ERR_OK;
}

/* Ours and whole, or refused. */
static enum err open_file(struct store *s, int flags, int *version, struct errbuf *e)
{
    if (sqlite3_open_v2(s->path, &s->db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
        return s->db ? store_error(s, "open it", e) : err_set(e, ERR_NOMEM, "out of memory");
    (void)sqlite3_busy_timeout(s->db, BUSY_MS);
    (void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    return check(s, version, e);
}

static enum err open_to_write(struct store *s, struct errbuf *e)
{
    int version = 0;
    enum err rc = make_private(s, e);
    if (!rc)
        rc = open_file(s, SQLITE_OPEN_READWRITE, &version, e);
    if (!rc)
        rc = execute(s, query_text("store/open"), "set up", e);
    if (!rc)
        rc = migrate(s, version, e);
    if (!rc)
        rc = prepare(s, e);
    if (!rc)
        (void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    return rc;
}

static enum err open_to_read(struct store *s, struct errbuf *e)
{
    int version = 0;
    if (access(s->path, F_OK) != 0 && errno == ENOENT)
        return err_set(e, ERR_NOT_FOUND, "there is no store %s", s->path);
    enum err rc = open_file(s, SQLITE_OPEN_READONLY, &version, e);
    if (!rc && version < newest_version())
        rc = err_set(e, ERR_UNSUPPORTED,
                     "the store %s has version %d, which the engine brings to %d when it starts",
                     s->path, version, newest_version());
    return rc ? rc : prepare(s, e);
}

static enum err open_with(enum err (*how)(struct store *, struct errbuf *), const char *dir,
                          struct store **out, struct errbuf *e)
{
    *out = NULL;
    struct store *s = calloc(1, sizeof *s);
    if (!s)
        return err_set(e, ERR_NOMEM, "no memory for the store");
    (void)pthread_mutex_init(&s->mutex, NULL);
    s->record_bytes = -1;
    enum err rc = asprintf(&s->path, "%s/flightdeck.db", dir) < 0
                      ? err_set(e, ERR_NOMEM, "no memory for the store")
                      : how(s, e);
    if (rc)
        store_close(s);
    else
        *out = s;
    return rc;
}

enum err store_open(const char *dir, struct store **out, struct errbuf *e)
{
    return open_with(open_to_write, dir, out, e);
}

enum err store_open_to_read(const char *dir, struct store **out, struct errbuf *e)
{
    return open_with(open_to_read, dir, out, e);
}

void store_close(struct store *s)
{
    if (!s)
        return;
    for (int i = 0; i < QUERY_COUNT; i++)
        (void)sqlite3_finalize(s->statements[i]);
    (void)sqlite3_close(s->db);
    (void)pthread_mutex_destroy(&s->mutex);
    free(s->path);
    free(s);
}
