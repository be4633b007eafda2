/*
 * Processes of the stack: start one as an unprivileged user with its output in a file, know it
 * again later by its pid file, signal it, wait for its end. Also free ports and small files.
 *
 * A pid file is written by the child before it becomes the server, so there is no moment at which
 * a server runs unrecorded, even if the starter is killed. It holds pid, start time and boot.
 * Thread rule: any thread, one a pid file.
 */
#ifndef STACK_PROCESS_H
#define STACK_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "backend/base/buf.h"
#include "backend/base/err.h"

/* Who the servers run as. */
struct process_user {
    bool drop; /* we are root: become uid and gid */
    uid_t uid;
    gid_t gid;
    char name[64];
};
enum err process_user_find(struct process_user *out, struct errbuf *e) MUST_CHECK;
/* True when the user may enter path: every folder above it lets it through. `blocker` gets the one
 * that does not. */
bool process_user_reaches(const struct process_user *u, const char *path, char *blocker, size_t n);

struct process_spec {
    const char *const *argv; /* argv[0]: the program's path */
    const char *const *env;  /* the whole environment */
    const char *dir;         /* the working folder */
    const char *log_path;    /* stdout and stderr are appended here */
    const char *pid_path;    /* NULL: none */
    const struct process_user *user;
    bool dies_with_us; /* killed when the thread that started it ends */
};

/* Starts it detached (own session). *pid is a child of ours until it ends. */
enum err process_spawn(const struct process_spec *p, pid_t *pid, struct errbuf *e) MUST_CHECK;
/* Starts it and waits; anything but exit code 0 is an error with the log's last lines. It dies with
 * us: a half-made folder is nobody's any more then, and can be made anew. */
enum err process_run(const struct process_spec *p, const char *what, struct errbuf *e) MUST_CHECK;

/* The pid of a pid file when that very process still runs, else 0. Reaps it if it was our child. */
pid_t process_alive(const char *pid_path);
/* False as soon as the process is gone or a zombie; reaps a child. */
bool process_exists(pid_t pid);
/* pid and all its descendants. */
void process_signal_tree(pid_t pid, int sig);

/* A loopback port that is free now and lies below the ephemeral range, so that no outgoing
 * connection takes it (or connects to itself) while its server is down. */
enum err process_free_port(int *out, struct errbuf *e) MUST_CHECK;
bool process_port_free(int port);
/* True when something accepts connections there. */
bool process_port_answers(int port);

/* Writes a whole file under a temporary name and renames it; owner may be NULL (ours). */
enum err file_write(const char *path, const char *text, mode_t mode,
                    const struct process_user *owner, struct errbuf *e) MUST_CHECK;
enum err file_read(const char *path, struct buf *out, struct errbuf *e) MUST_CHECK;
bool file_exists(const char *path);
enum err file_mkdirs(const char *path, mode_t mode, struct errbuf *e) MUST_CHECK;
/* The last `lines` lines of a log, for an error text; "" when there is none. */
void file_tail(const char *path, int lines, char *out, size_t n);

#endif
