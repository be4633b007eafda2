/* What the files of backend/stack share. Nobody else includes it. */
#ifndef STACK_STACK_INTERNAL_H
#define STACK_STACK_INTERNAL_H

#include <limits.h>
#include <pthread.h>

#include "backend/stack/process.h"
#include "backend/stack/stack.h"

enum { STACK_PATH_MAX = 1024 };

struct server {
    enum stack_server id;
    int port;
    int controller_port; /* Kafka's second one */
    char dir[STACK_PATH_MAX];
    char data[STACK_PATH_MAX + 16];
    char pid_path[STACK_PATH_MAX + 16];
    char log_path[STACK_PATH_MAX + 32];
    char *conninfo;
    char *admin_conninfo;
};

struct stack {
    char dir[STACK_PATH_MAX];
    char json_path[STACK_PATH_MAX + 16];
    char secret_path[STACK_PATH_MAX + 16];
    char odbc_dir[STACK_PATH_MAX + 16];
    char pg_bin[STACK_PATH_MAX];
    char driver[STACK_PATH_MAX];
    char *role;
    char *database;
    char *password; /* NULL: loopback trusts */
    char *bootstrap;
    char *odbc;
    bool throwaway;
    int kafka_heap_mb;
    struct process_user user;
    struct server servers[STACK_SERVERS];
    stack_progress_fn *progress;
    void *progress_arg;
    pthread_mutex_t lock; /* progress, and json */
};

/* stack.c */
void stack_report(struct stack *s, enum stack_server server, int64_t since_us, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
/* The server's folder, made and owned by the servers' user. */
enum err stack_server_folder(struct stack *s, struct server *v, struct errbuf *e) MUST_CHECK;
/* Starts argv as the servers' user in the server's folder; a new port first if ours is taken. */
enum err stack_spawn(struct stack *s, struct server *v, const char *const *argv,
                     struct errbuf *e) MUST_CHECK;
/* Runs a tool of the server to its end, output into its log. password: PGPASSWORD, or NULL. */
enum err stack_tool(struct stack *s, struct server *v, const char *const *argv,
                    const char *password, struct errbuf *e) MUST_CHECK;
/* Is it up? Called until true, the process's end, or a deadline. */
typedef bool stack_ready_fn(struct stack *s, struct server *v);
enum err stack_wait_ready(struct stack *s, struct server *v, stack_ready_fn *ready,
                          struct errbuf *e) MUST_CHECK;

/* postgres_server.c */
bool postgres_bin_usable(const char *bin);
enum err postgres_find_bin(char *out, size_t n, struct errbuf *e) MUST_CHECK;
enum err postgres_find_driver(char *out, size_t n, struct errbuf *e) MUST_CHECK;
enum err postgres_start(struct stack *s, struct server *v, struct errbuf *e) MUST_CHECK;

/* kafka_server.c */
enum err kafka_server_start(struct stack *s, struct server *v, struct errbuf *e) MUST_CHECK;

/* kafka_jars.c: the folder with Kafka's jars, fetched through Maven once a machine. */
enum err kafka_jars_ensure(const struct process_user *user, char *out, size_t n,
                           struct errbuf *e) MUST_CHECK;
/* A program in PATH. */
bool program_find(const char *name, char *out, size_t n);

#endif
