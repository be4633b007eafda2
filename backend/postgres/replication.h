/*
 * A logical replication connection: START_REPLICATION and the CopyBoth stream.
 *
 * The caller owns the position: it says what may be confirmed (replication_confirm) and only that
 * is ever sent as flush and apply LSN. Keepalives are answered in replication_receive. Never
 * confirm before the changes are durable elsewhere: after it the server may discard WAL.
 *
 * Connection strings are libpq's (URI or keyword/value); they may hold a password and are never
 * logged. Thread rule: one thread uses the connection; replication_confirm may come from any
 * thread, and replication_interrupt too (it wakes a waiting receive, which then returns
 * ERR_CANCELED once).
 */
#ifndef POSTGRES_REPLICATION_H
#define POSTGRES_REPLICATION_H

#include <stdint.h>

#include "backend/base/err.h"

struct replication;

enum err replication_open(const char *conninfo, struct replication **out,
                          struct errbuf *e) MUST_CHECK;
void replication_close(struct replication *r);

/* How often an idle connection tells its position at least; the default is 10 s. */
void replication_set_status_interval(struct replication *r, int64_t interval_us);

/*
 * CREATE_REPLICATION_SLOT .. LOGICAL pgoutput with EXPORT_SNAPSHOT. The snapshot named in
 * `snapshot` (at least 64 bytes) stays valid until the next command on this connection. ERR_EXISTS
 * when the slot is there. It waits for the transactions that run at its start to end;
 * replication_interrupt ends the wait (ERR_CANCELED). From PostgreSQL 17 on a permanent slot is
 * made with FAILOVER.
 */
enum err replication_create_slot(struct replication *r, const char *slot, bool temporary,
                                 uint64_t *consistent_lsn, char *snapshot, size_t snapshot_size,
                                 struct errbuf *e) MUST_CHECK;

/*
 * START_REPLICATION SLOT .. LOGICAL from: proto_version 1, publication_names, messages true (14+).
 * ERR_NOT_FOUND: no such slot; ERR_RETRY: it is in use (another engine, or the connection that we
 * just closed is still going); ERR_LOST: its WAL is gone; ERR_CONFIG: it is not ours to use.
 */
enum err replication_start(struct replication *r, const char *slot, const char *publication,
                           uint64_t from, struct errbuf *e) MUST_CHECK;

struct replication_data {
    const char *p; /* the pgoutput message; borrowed until the next receive */
    size_t n;
    uint64_t wal_start; /* LSN of this message (a row's own LSN) */
    uint64_t wal_end;   /* server's current end of WAL, as sent with it */
    int64_t sent_us;    /* server's clock, us since 1970 */
};

/*
 * The next message. Waits up to timeout_us (0: only what has arrived). ERR_TIMEOUT: nothing came
 * (out->wal_end still holds the newest end of WAL that a keepalive told), or, early, the server
 * asks for a position and told an end of WAL beyond the confirmed one: when nothing is in flight
 * confirm replication_server_end(), and the next receive answers with it (a server that shuts down
 * waits for that). ERR_CANCELED: interrupted; ERR_CONNECT: the connection is gone.
 */
enum err replication_receive(struct replication *r, int64_t timeout_us,
                             struct replication_data *out, struct errbuf *e) MUST_CHECK;

/* Tells the position when that is due, takes nothing: for a caller that does not receive for long
 * (wal_sender_timeout, 60 s by default, counts from our last word). */
enum err replication_feedback(struct replication *r, struct errbuf *e) MUST_CHECK;

/* True when another whole message is already in memory: receive will not wait. */
bool replication_pending(struct replication *r);

/* Flush and apply LSN from now on (never moves back); told to the server by receive, at most every
 * 100 ms, and at close. */
void replication_confirm(struct replication *r, uint64_t lsn);
/* The newest end of WAL that the server told in a keepalive: all changes before it have been sent.
 */
uint64_t replication_server_end(const struct replication *r);
void replication_interrupt(struct replication *r);

/* "16/B374D848" to a number and back. */
bool lsn_parse(const char *text, uint64_t *out);
enum { LSN_TEXT_MAX = 24 };
char *lsn_format(uint64_t lsn, char *out); /* LSN_TEXT_MAX bytes */

#endif
