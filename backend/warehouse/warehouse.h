/*
 * The warehouse behind ODBC: connection, dialect, raw tables, bulk insert, stored offsets.
 *
 * Dialects: "postgresql" and "vertica" (struct dialect in dialect.h: one table of what differs).
 * Autocommit is off; what is written between warehouse_begin and warehouse_commit is one
 * transaction. Connection strings may hold a password: never logged. Errors: ERR_CONNECT, ERR_RETRY
 * (deadlock, lock, resources: roll back, wait, replay), ERR_DATA (class 22/23: a row is at fault),
 * ERR_SQL (the rest). The SQLSTATE is in the errbuf. Thread rule: one thread a connection;
 * warehouse_cancel from any thread.
 */
#ifndef WAREHOUSE_WAREHOUSE_H
#define WAREHOUSE_WAREHOUSE_H

#include "backend/base/relation.h"

struct warehouse;

struct warehouse_options {
    const char *odbc;    /* "Driver=..;Servername=..;.." */
    const char *dialect; /* "postgresql", "vertica" */
    const char *label;   /* application name / client label */
    bool big_results;    /* fetch by cursor instead of whole results (psqlODBC UseDeclareFetch) */
    int64_t timeout_us;  /* of each call; 0: none. After it the connection is given up: ERR_CONNECT.
                            Such a connection also ends its waiting when the stop of the thread that
                            opened it is asked (base/stop.h), grace_us later. */
    int64_t grace_us;
    bool autocommit; /* for a person's SQL: outside of warehouse_begin each statement is its own,
                        and BEGIN and COMMIT may be among them */
    bool read_only;  /* the server refuses what writes */
};

enum err warehouse_open(const struct warehouse_options *o, struct warehouse **out,
                        struct errbuf *e) MUST_CHECK;
void warehouse_close(struct warehouse *w);
void warehouse_cancel(struct warehouse *w);
/* Of a person's connection (autocommit), from any thread: the call that runs fails with these words
 * and ERR_CONNECT, the connection is done; a warehouse_cancel that waits returns. */
void warehouse_give_up(struct warehouse *w, const char *words);
bool warehouse_waits(const struct warehouse *w); /* such a one waits for the server just now */
/* A call had no answer within timeout_us, or it was given up: this connection is done. */
bool warehouse_gave_up(const struct warehouse *w);
const char *warehouse_dialect(const struct warehouse *w);
const char *warehouse_server(const struct warehouse *w); /* "PostgreSQL 15.20" */
const char *warehouse_target(const struct warehouse *w); /* "db1:5433, database dwh" */

enum err warehouse_begin(struct warehouse *w, struct errbuf *e) MUST_CHECK;
enum err warehouse_commit(struct warehouse *w, struct errbuf *e) MUST_CHECK;
enum err warehouse_rollback(struct warehouse *w, struct errbuf *e) MUST_CHECK;

/* params are bound as text; NULL is NULL. *affected may be NULL. */
enum err warehouse_exec(struct warehouse *w, const char *sql, int n_params,
                        const char *const *params, int64_t *affected, struct errbuf *e) MUST_CHECK;

struct warehouse_result_column {
    const char *name;
    int sql_type;          /* ODBC's */
    const char *type_name; /* the server's: "jsonb", "Varchar", .. */
    bool numeric;          /* right-aligned */
};
/* What its values are, whatever the server calls them. */
enum warehouse_kind {
    WAREHOUSE_TEXT, /* and all that is none of those below */
    WAREHOUSE_INTEGER,
    WAREHOUSE_FLOAT,
    WAREHOUSE_DECIMAL,
    WAREHOUSE_BOOLEAN,
    WAREHOUSE_DATE,
    WAREHOUSE_TIMESTAMP,
};
enum warehouse_kind warehouse_column_kind(const struct warehouse_result_column *c);
struct warehouse_rows; /* an open result */
enum err warehouse_query(struct warehouse *w, const char *sql, int n_params,
                         const char *const *params, struct warehouse_rows **out,
                         struct errbuf *e) MUST_CHECK;
/* *columns NULL for a statement without a result; *affected is then its row count. */
int warehouse_rows_columns(const struct warehouse_rows *r,
                           const struct warehouse_result_column **columns);
int64_t warehouse_rows_affected(const struct warehouse_rows *r);
/* ERR_OK: cells (text, borrowed until the next call); ERR_NOT_FOUND: no more. Values of any length.
 */
enum err warehouse_rows_next(struct warehouse_rows *r, const struct cell **cells,
                             struct errbuf *e) MUST_CHECK;
void warehouse_rows_close(struct warehouse_rows *r);

/* ---- what is there, by ODBC's catalog functions ---- */
/* Columns of the result are ODBC's: of SQLTables (TABLES, SCHEMAS), SQLColumns, SQLPrimaryKeys.
 * schema and table: exact names, for COLUMNS (NULL: of all) and KEY; the others list everything. */
enum warehouse_catalog {
    WAREHOUSE_TABLES,
    WAREHOUSE_SCHEMAS,
    WAREHOUSE_COLUMNS,
    WAREHOUSE_KEY,
};
enum err warehouse_catalog(struct warehouse *w, enum warehouse_catalog what, const char *schema,
                           const char *table, struct warehouse_rows **out,
                           struct errbuf *e) MUST_CHECK;

/* ---- tables ---- */
/* Creates schema.table or adds the columns it lacks. An existing column of a narrower type is
 * widened where the dialect can (numeric, text length, int); an incompatible one is ERR_SQL in
 * words. Runs and commits its own transaction: call it outside one. */
enum err warehouse_table_ensure(struct warehouse *w, const char *schema, const char *table,
                                const struct wcolumn *columns, int n, struct errbuf *e) MUST_CHECK;
/* The table's columns; *n 0 when there is no such table. Free with free() (one block). */
enum err warehouse_table_columns(struct warehouse *w, const char *schema, const char *table,
                                 struct wcolumn **out, int *n, struct errbuf *e) MUST_CHECK;

/* ---- rows in bulk ---- */
/* A columnar batch for one table: values are appended as cells, and kept in the form that the
 * dialect sends. */
struct wbatch;
struct wbatch *wbatch_create(const char *dialect, const struct wcolumn *columns,
                             int n); /* copies the columns */
void wbatch_destroy(struct wbatch *b);
void wbatch_clear(struct wbatch *b);
/* Copies the cells. Memory is bounded by the caller through wbatch_bytes. */
enum err wbatch_add(struct wbatch *b, const struct cell *cells, struct errbuf *e) MUST_CHECK;
int wbatch_rows(const struct wbatch *b);
size_t wbatch_bytes(const struct wbatch *b);

/* INSERT of rows [from, to) in the open transaction. ERR_DATA: a row of that range is at fault (the
 * caller bisects). On PostgreSQL the transaction is then rolled back to before this call (a
 * savepoint); on Vertica the statement is. */
enum err warehouse_insert(struct warehouse *w, const char *schema, const char *table,
                          struct wbatch *b, int from, int to, struct errbuf *e) MUST_CHECK;
/* Current-state mode: the last row of each key wins; key: indexes of the target's key columns in
 * the batch's columns. rows with op 'd' (delete_column >= 0 and its cell is "d") delete their key
 * when `deletes`, and are ignored otherwise. Cells of kind CELL_UNCHANGED keep what the table has.
 */
struct upsert_plan {
    const int *key;
    int n_key;
    int op_column;
    bool deletes;
};
enum err warehouse_upsert(struct warehouse *w, const char *schema, const char *table,
                          struct wbatch *b, int from, int to, const struct upsert_plan *plan,
                          struct errbuf *e) MUST_CHECK;

/* ---- stored offsets: <schema>._flightdeck_offsets and _flightdeck_batches ---- */
struct stored_offset {
    char topic[256];
    int32_t partition;
    int64_t next_offset;
};
enum err warehouse_offsets_ensure(struct warehouse *w, const char *schema,
                                  struct errbuf *e) MUST_CHECK;
/* *batch: the connector's last batch (0: none). *out: free(). */
enum err warehouse_offsets_read(struct warehouse *w, const char *schema, const char *connector,
                                int64_t *batch, struct stored_offset **out, int *n,
                                struct errbuf *e) MUST_CHECK;
struct offset_move {
    const char *topic;
    int32_t partition;
    int64_t from; /* what this engine believes is stored; -1: nothing yet */
    int64_t to;
};
/* Writes the batch's row and moves the offsets by compare-and-set, in the open transaction.
 * ERR_FENCED when a stored offset is not `from`, or the batch exists: another engine has written.
 */
enum err warehouse_offsets_write(struct warehouse *w, const char *schema, const char *connector,
                                 int64_t batch, int64_t rows, int64_t bytes,
                                 const struct offset_move *moves, int n,
                                 struct errbuf *e) MUST_CHECK;
/* Another connector that has stored offsets of this topic, into out; "" when there is none. */
enum err warehouse_offsets_other(struct warehouse *w, const char *schema, const char *topic,
                                 const char *connector, char *out, size_t n,
                                 struct errbuf *e) MUST_CHECK;
/* The highest _batch of a raw table; 0: it has no row. */
enum err warehouse_newest_batch(struct warehouse *w, const char *schema, const char *table,
                                int64_t *batch, struct errbuf *e) MUST_CHECK;
enum err warehouse_offsets_delete(struct warehouse *w, const char *schema, const char *connector,
                                  struct errbuf *e) MUST_CHECK;

#endif
