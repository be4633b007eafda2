/*
 * Ordinary SQL connections to the source: catalog, slot, publication, snapshot by COPY, heartbeat,
 * health. Thread rule: one thread a connection; source_cancel from any thread.
 */
#ifndef POSTGRES_SOURCE_H
#define POSTGRES_SOURCE_H

#include "backend/base/relation.h"

struct source;

enum err source_open(const char *conninfo, struct source **out, struct errbuf *e) MUST_CHECK;
void source_close(struct source *s);
/* Ends the statement that runs, or the next one when none does: it returns ERR_CANCELED, once. */
void source_cancel(struct source *s);
int source_server_version(const struct source *s); /* 150020 */
const char *source_database(const struct source *s);

/* A table of the source as the catalog has it now; columns in attnum order without dropped and
 * generated ones. */
enum err source_relation(struct source *s, const char *schema, const char *table,
                         struct relation **out, struct errbuf *e) MUST_CHECK;
/* For pgoutput: by oid, columns in the order of `described` (struct pgoutput_resolve_fn). arg:
 * struct source. */
enum err source_resolve(void *arg, const struct relation *described, struct relation **out,
                        struct errbuf *e) MUST_CHECK;

struct source_table {
    char *schema;
    char *name;
    char identity;
    bool has_key;
    bool partition_root;
    int64_t estimated_rows; /* reltuples; -1 unknown */
    int64_t bytes;
};
struct source_tables {
    int n;
    struct source_table *items;
};
/* All ordinary and partitioned tables outside pg_catalog, information_schema, pg_toast; partitions
 * left out. */
enum err source_list_tables(struct source *s, struct source_tables *out,
                            struct errbuf *e) MUST_CHECK;
void source_tables_free(struct source_tables *t);

struct source_slot {
    bool exists;
    bool active;
    int active_pid;
    char plugin[64];
    char database[64];
    char wal_status[16]; /* reserved, extended, unreserved, lost */
    uint64_t confirmed_lsn;
    uint64_t restart_lsn;
    int64_t safe_wal_bytes; /* -1: no limit */
    int64_t retained_bytes;
};
enum err source_slot_get(struct source *s, const char *slot, struct source_slot *out,
                         struct errbuf *e) MUST_CHECK;
enum err source_slot_drop(struct source *s, const char *slot, struct errbuf *e) MUST_CHECK;

/*
 * Publication modes: "all_tables", "filtered" (exactly `tables`), "disabled" (must exist),
 * "no_tables". Creates it; one that is there is used as it is, but for the list of tables in mode
 * filtered and for publish_via_partition_root, which is set so that a partitioned table is one
 * table. Where all_tables fails for want of a superuser's rights it is made for `tables`, with a
 * warning. `tables` may be NULL where the mode needs none.
 */
enum err source_publication_ensure(struct source *s, const char *name, const char *mode,
                                   const struct source_tables *tables, struct errbuf *e) MUST_CHECK;

/* The current WAL position (insert LSN on a primary, replay LSN on a standby). */
enum err source_wal_lsn(struct source *s, uint64_t *out, struct errbuf *e) MUST_CHECK;

/* The server's clock, microseconds since 1970: the one that commits are stamped with. */
enum err source_clock(struct source *s, int64_t *out, struct errbuf *e) MUST_CHECK;

/* pg_logical_emit_message(true, prefix, content). */
enum err source_emit_message(struct source *s, const char *prefix, const char *content,
                             struct errbuf *e) MUST_CHECK;

/* BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET TRANSACTION SNAPSHOT (snapshot may be NULL).
 */
enum err source_begin_snapshot(struct source *s, const char *snapshot, struct errbuf *e) MUST_CHECK;
enum err source_end_snapshot(struct source *s, struct errbuf *e) MUST_CHECK;

/*
 * Reads a table (or, with `select`, that query, whose columns stand in the relation's order) by
 * COPY .. TO STDOUT text format; each row's cells are borrowed during the call of fn. fn returns
 * ERR_OK to go on.
 */
typedef enum err source_row_fn(void *arg, const struct cell *cells, int n, struct errbuf *e);
enum err source_copy(struct source *s, const struct relation *r, const char *select,
                     source_row_fn *fn, void *arg, struct errbuf *e) MUST_CHECK;

/* Runs SQL; the callback gets each row. params are bound as text ($1, $2, ..), NULL is NULL. */
enum err source_query(struct source *s, const char *sql, int n_params, const char *const *params,
                      source_row_fn *fn, void *arg, struct errbuf *e) MUST_CHECK;

/*
 * Values of one row as they are now: those of the columns that are CELL_UNCHANGED in `row`, in
 * their order, to fn. Its key is that of `row`, which transaction xid (32 bits) has written.
 * ERR_RETRY: the transaction is not visible yet, or the table is locked (where the session has a
 * lock_timeout). ERR_NOT_FOUND: the row has gone, or has another key by now.
 */
enum err source_row_by_key(struct source *s, const struct relation *r, const struct cell *row,
                           uint32_t xid, source_row_fn *fn, void *arg, struct errbuf *e) MUST_CHECK;

/* Health of one server, primary or standby. */
struct source_health {
    bool in_recovery;
    int version;
    uint64_t lsn;              /* insert LSN, or replay LSN of a standby */
    uint64_t receive_lsn;      /* standby */
    double replay_lag_seconds; /* standby: now - last replayed commit when it is behind, else 0 */
    int n_standbys;            /* primary: streaming standbys */
    int64_t standby_lag_bytes; /* primary: the furthest one's replay lag; -1 without */
    int64_t longest_transaction_us;
};
enum err source_health_get(struct source *s, struct source_health *out,
                           struct errbuf *e) MUST_CHECK;

#endif
