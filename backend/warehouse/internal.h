/*
 * Shared by the files of backend/warehouse only: the connection's struct and the thin layer over
 * ODBC statements. Nothing outside this folder includes it.
 */
#ifndef WAREHOUSE_INTERNAL_H
#define WAREHOUSE_INTERNAL_H

#include <pthread.h>
#include <sql.h>
#include <sqlext.h>

#include "backend/warehouse/dialect.h"
#include "backend/warehouse/warehouse.h"
#include "backend/warehouse/watch.h"

enum { PREPARED_MAX = 64 };

/* A statement kept prepared between calls, found by its text. */
struct prepared {
    char *sql;
    SQLHSTMT stmt;
    uint64_t used; /* of the counter below: the least is evicted */
};

struct warehouse {
    SQLHENV env;
    SQLHDBC dbc;
    bool connected;
    const struct dialect *dialect;
    char server[160];
    char target[640]; /* where it is, for people */
    char *secret;     /* the password of the connection string, to keep it out of messages */
    bool big_results;
    bool autocommit;
    bool getdata_any;  /* SQLGetData works in any order and on bound columns */
    bool zone_changed; /* a statement may have set another time zone than UTC */
    bool lost;         /* the link broke: nothing can be committed any more */
    bool in_tx;
    bool savepoint; /* our savepoint exists in this transaction */
    uint64_t uses;
    struct prepared prepared[PREPARED_MAX];
    uint64_t ensured[PREPARED_MAX]; /* hashes of (table, key) whose unique index is known */
    int n_ensured;
    int64_t stage_group;           /* counts the groups of staged rows in this session */
    uint64_t stages[PREPARED_MAX]; /* hashes of the stage tables of this session */
    int n_stages;
    pthread_mutex_t lock; /* guards running */
    SQLHSTMT running;     /* what warehouse_cancel cancels */
    struct watch *watch;  /* NULL: calls have no deadline */
};

/* The error of a handle in words: "what: message", classified. `what` may be NULL. */
enum err wh_error(struct warehouse *w, SQLSMALLINT type, SQLHANDLE handle, const char *what,
                  struct errbuf *e) MUST_CHECK;

enum err wh_alloc(struct warehouse *w, SQLHSTMT *out, struct errbuf *e) MUST_CHECK;
/* NULL is fine. It may ask the server: a driver drops there what it has prepared. */
void wh_free(struct warehouse *w, SQLHSTMT stmt);

/* Marks the statement as the one to cancel while it runs. */
void wh_run_begin(struct warehouse *w, SQLHSTMT stmt);
void wh_run_end(struct warehouse *w);
/* SQLEndTran under the deadline. */
SQLRETURN wh_end_tran(struct warehouse *w, SQLSMALLINT how);

/* SQLExecute with cancel support; SQL_NO_DATA (no row touched) is no error. */
enum err wh_execute(struct warehouse *w, SQLHSTMT stmt, const char *what,
                    struct errbuf *e) MUST_CHECK;

/* A text parameter: NULL p is NULL. *ind is the caller's and must live until execution. */
enum err wh_bind_text(struct warehouse *w, SQLHSTMT stmt, int number, const char *p, size_t n,
                      SQLLEN *ind, struct errbuf *e) MUST_CHECK;

/* A prepared statement for this text, from the connection's cache. */
enum err wh_prepared(struct warehouse *w, const char *sql, SQLHSTMT *out,
                     struct errbuf *e) MUST_CHECK;
void wh_prepared_drop(struct warehouse *w, SQLHSTMT stmt);
void wh_prepared_drop_all(struct warehouse *w);

/* A mark in the open transaction to go back to when a statement fails: PostgreSQL aborts the whole
 * transaction, Vertica keeps the good rows of an array-bound INSERT. Nothing outside of one. */
enum err wh_guard(struct warehouse *w, struct errbuf *e) MUST_CHECK;
/* Undoes what came after wh_guard, keeps e (not NULL) and returns its code: the transaction is
 * usable again. Where e says to try again (ERR_CONNECT, ERR_RETRY) it does nothing: the caller
 * rolls the whole transaction back. */
enum err wh_undo(struct warehouse *w, struct errbuf *e) MUST_CHECK;

/* warehouse_exec for a query text of ours with slots filled. */
enum err wh_exec_query(struct warehouse *w, const char *query, const struct sql_slot *slots,
                       int n_slots, int n_params, const char *const *params, int64_t *affected,
                       struct errbuf *e) MUST_CHECK;

/* The result of an executed statement, which it owns from now on, also on an error. */
enum err wh_rows_of(struct warehouse *w, SQLHSTMT stmt, struct warehouse_rows **out,
                    struct errbuf *e) MUST_CHECK;

/* FNV-1a over the strings, for the small "already done" lists. */
uint64_t wh_hash(uint64_t seed, const char *s);

#endif
