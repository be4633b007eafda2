/*
 * The demo stack: real servers under one private folder, each on a free loopback port.
 *
 *   primary    PostgreSQL, wal_level = logical: the source
 *   standby    a physical standby of it (pg_basebackup, its own slot, streaming)
 *   kafka      one Apache Kafka node in KRaft mode
 *   warehouse  a PostgreSQL of its own, reached through unixODBC and psqlODBC
 *
 * The folder describes itself: stack.json holds the ports, <server>/pid who runs (with the start
 * time and the boot, so that a recycled pid is never taken for ours). Hence opening a folder a
 * second time attaches, and every step is safe to repeat: what is half made lies under another
 * name and is made again.
 *
 * Started by root, the servers run as the system user `flightdeck` (else `nobody`): PostgreSQL
 * refuses root. They outlive the process that started them.
 *
 * Ownership: strings that getters return live as long as the stack. Thread rule: one thread a
 * stack (stack_start makes threads of its own and ends them); two processes on one folder wait for
 * each other at start and stop.
 */
#ifndef STACK_STACK_H
#define STACK_STACK_H

#include <stdbool.h>
#include <sys/types.h>

#include "backend/base/buf.h"
#include "backend/base/err.h"

struct stack;

enum stack_server { STACK_PRIMARY, STACK_STANDBY, STACK_KAFKA, STACK_WAREHOUSE, STACK_SERVERS };

enum {
    STACK_MASK_PRIMARY = 1 << STACK_PRIMARY,
    STACK_MASK_STANDBY = 1 << STACK_STANDBY, /* brings the primary with it */
    STACK_MASK_KAFKA = 1 << STACK_KAFKA,
    STACK_MASK_WAREHOUSE = 1 << STACK_WAREHOUSE,
    STACK_MASK_ALL = (1 << STACK_SERVERS) - 1,
};

/* A step that is done: "initialised", "running on 127.0.0.1:23411". From any of stack_start's
 * threads, one call at a time. */
typedef void stack_progress_fn(void *arg, enum stack_server server, const char *step,
                               double seconds);

struct stack_options {
    /* The folder. Made when it is not there; one that holds other things is refused. */
    const char *dir;
    /* The role that clients use on primary and warehouse: made with LOGIN, REPLICATION and
     * pg_monitor, owner of its databases. NULL: the superuser postgres. */
    const char *role;
    /* The primary's database, NULL: "postgres". The warehouse's is always "dwh", with the schemas
     * raw, dwh and presentation. */
    const char *database;
    /* For tests: no password (loopback trusts), no fsync, a broker that starts fast. Decided when
     * the folder is made. */
    bool throwaway;
    int kafka_heap_mb; /* 0: 512, or 256 for a throwaway */
    stack_progress_fn *progress;
    void *progress_arg;
};

/* Opens or makes the folder; starts nothing. */
enum err stack_open(const struct stack_options *o, struct stack **out, struct errbuf *e) MUST_CHECK;
/* Frees the handle. The servers stay as they are. */
void stack_close(struct stack *s);

/* True when the folder is one that stack_open made. */
bool stack_is_ours(const char *dir);

/* Starts those of the mask that do not run, in parallel, and waits until each answers. */
enum err stack_start(struct stack *s, unsigned mask, struct errbuf *e) MUST_CHECK;
/* A clean stop, in parallel; what does not end in time is killed. Not running is fine. */
enum err stack_stop(struct stack *s, unsigned mask, struct errbuf *e) MUST_CHECK;
/* The fastest end: no flushing, no goodbye (PostgreSQL: immediate shutdown, Kafka: SIGKILL). */
enum err stack_kill(struct stack *s, unsigned mask, struct errbuf *e) MUST_CHECK;
/* SIGSTOP and SIGCONT: a server that hangs without closing its connections. PostgreSQL: all its
 * processes. */
enum err stack_freeze(struct stack *s, enum stack_server server, bool frozen,
                      struct errbuf *e) MUST_CHECK;
/* Kills what runs and removes the folder. */
enum err stack_destroy(struct stack *s, struct errbuf *e) MUST_CHECK;

bool stack_running(struct stack *s, enum stack_server server);
/* Which of them run, as a mask. */
unsigned stack_running_mask(struct stack *s);

const char *stack_server_name(enum stack_server server); /* "primary", .. */
bool stack_server_find(const char *name, enum stack_server *out);
int stack_port(const struct stack *s, enum stack_server server);
pid_t stack_pid(struct stack *s, enum stack_server server); /* 0: does not run */
const char *stack_dir(const struct stack *s);               /* absolute */
/* The file of the servers' log, for messages. */
const char *stack_log_path(const struct stack *s, enum stack_server server);

/* "host=127.0.0.1 port=.. dbname=.. user=.. password=..", for primary, standby and warehouse. */
const char *stack_conninfo(const struct stack *s, enum stack_server server);
/* The same as the superuser postgres. */
const char *stack_admin_conninfo(const struct stack *s, enum stack_server server);
const char *stack_bootstrap(const struct stack *s); /* "127.0.0.1:9092" */
/* "Driver=..;Servername=..;..;" with the password in it. */
const char *stack_odbc(const struct stack *s);
/* The file that holds the role's password (mode 0600); NULL for a throwaway. */
const char *stack_password_file(const struct stack *s);
/* The folder with odbc.ini and odbcinst.ini (DSN "dwh"), for ODBCINI and ODBCSYSINI. */
const char *stack_odbc_dir(const struct stack *s);

/*
 * Conninfo and ODBC string with `password` instead of the real one, for a configuration file that
 * says ${file:..} there. Appended to out.
 */
void stack_format_conninfo(const struct stack *s, enum stack_server server, const char *password,
                           struct buf *out);
void stack_format_odbc(const struct stack *s, const char *password, struct buf *out);

/* Runs one SQL script as the role. first (may be NULL): the first cell of the last result,
 * malloc'ed, NULL when there is none. */
enum err stack_sql(const char *conninfo, const char *sql, char **first,
                   struct errbuf *e) MUST_CHECK;

/* Removes a folder and all that is in it; follows no symbolic links. A missing one is fine. */
enum err stack_remove_tree(const char *path, struct errbuf *e) MUST_CHECK;

#endif
