/*
 * Decoder of the pgoutput logical replication protocol, version 1 (PostgreSQL's documentation,
 * "Logical Replication Message Formats"). Bytes in, messages out; no I/O.
 *
 * Ownership: a message's cells and relation are borrowed: cells point into the bytes that were
 * given, the relation belongs to the decoder (relation_ref it to keep it). Both are valid until the
 * next pgoutput_decode. Thread rule: one decoder, one thread.
 */
#ifndef POSTGRES_PGOUTPUT_H
#define POSTGRES_PGOUTPUT_H

#include "backend/base/relation.h"

struct pgoutput;

enum pgoutput_kind {
    PGO_BEGIN,
    PGO_COMMIT,
    PGO_INSERT,
    PGO_UPDATE,
    PGO_DELETE,
    PGO_TRUNCATE,
    PGO_MESSAGE,
    PGO_RELATION, /* a table's shape arrived or changed; the resolver has been asked. For a table
                     published through its partition root the partition's own comes too, and no row
                     of it: act on a relation when its first row comes. */
    PGO_OTHER,    /* origin, type: nothing to do */
};

struct pgoutput_message {
    enum pgoutput_kind kind;
    /* BEGIN: commit_lsn (the final LSN), commit_time_us (since 1970), xid; COMMIT: commit_lsn,
     * end_lsn, time */
    uint64_t commit_lsn;
    uint64_t end_lsn;
    int64_t commit_time_us;
    uint32_t xid;
    /* INSERT, UPDATE, DELETE, RELATION */
    struct relation *relation;
    const struct cell *before; /* NULL: not sent; relation->n_columns cells */
    const struct cell *after; /* NULL for DELETE. CELL_UNCHANGED only where `before` lacks it too */
    bool before_is_key;       /* 'K': only key columns are filled, the others CELL_NULL */
    /* TRUNCATE */
    struct relation **truncated;
    int n_truncated;
    /* MESSAGE */
    bool message_transactional;
    uint64_t message_lsn;
    const char *message_prefix; /* NUL-terminated */
    const char *message;
    uint32_t message_len;
};

/*
 * Completes a relation that a RELATION message described: the message has oid, names, identity,
 * column names, type OIDs (a domain's own), typmods and the identity columns (key_pos 1, 2, .. in
 * column order), and for types that are not built in the type's (base) name; the resolver returns a
 * relation made from the catalog (type names, arrays, enums, not null, primary key, defaults) whose
 * n_columns columns stand in the order of `described`. It returns a new reference in *out.
 */
typedef enum err pgoutput_resolve_fn(void *arg, const struct relation *described,
                                     struct relation **out, struct errbuf *e);

/* resolve may be NULL: relations are then as described. NULL without memory. */
struct pgoutput *pgoutput_create(pgoutput_resolve_fn *resolve, void *arg);
void pgoutput_destroy(struct pgoutput *d);

/* One XLogData payload. ERR_PROTOCOL on bytes that break the format (nothing is read past n). */
enum err pgoutput_decode(struct pgoutput *d, const char *p, size_t n, struct pgoutput_message *out,
                         struct errbuf *e) MUST_CHECK;

#endif
