/*
 * Running people's SQL: scripts, -c, variables, where results go, Ctrl-C; shared by the command
 * and its prompt. Thread rule: one thread (Ctrl-C is watched by a thread of its own).
 */
#ifndef CONSOLE_SQL_RUN_H
#define CONSOLE_SQL_RUN_H

#include "console/sql_lexer.h"
#include "console/sql_session.h"

enum { SQL_VARIABLES_MAX = 64 };

/* psql's. */
enum sql_exit {
    SQL_EXIT_DONE = 0,
    SQL_EXIT_FAILED = 1,
    SQL_EXIT_CONNECTION = 2,
    SQL_EXIT_SCRIPT = 3
};

struct sql_run {
    struct sql_session *session;
    struct format_options format;
    enum format normal_format; /* where \x goes back to */
    struct formatter *formatter;
    FILE *main; /* the caller's: stdout, or the file of -o */
    FILE *out;  /* where results go: main, or the file of \o */
    bool quiet;
    bool timing;
    bool quit; /* \q */
    bool lost; /* the connection is gone: nothing more can run */
    int depth; /* of \i */
    struct {
        char *name;
        char *value;
    } variables[SQL_VARIABLES_MAX];
    int n_variables;
    const char *file; /* of the script that runs, for messages; NULL: -c and the prompt */
};

void sql_run_free(struct sql_run *r);

/* "NAME=VALUE", or NAME alone (""). */
enum err sql_run_set(struct sql_run *r, const char *assignment, struct errbuf *e) MUST_CHECK;
const char *sql_run_variable(const struct sql_run *r, const char *name); /* NULL: not set */
bool sql_run_stops(const struct sql_run *r);                             /* ON_ERROR_STOP */

void sql_run_substitute(struct sql_run *r, const char *text, struct buf *out);

/* Results go to the file from now on, or back to main (NULL); closes the one before. */
enum err sql_run_output(struct sql_run *r, const char *path, struct errbuf *e) MUST_CHECK;
/* An error on stderr, behind what was printed. line: of the script that runs; 0: none to name. */
void sql_run_say(const struct sql_run *r, int line, const char *text);

/* One statement; its error is said on stderr. line 0: no place to name. */
enum err sql_run_statement(struct sql_run *r, const char *sql, int line);
/* All statements of a -c as one transaction. */
enum sql_exit sql_run_command(struct sql_run *r, const char *sql);
/* A script: "-" is stdin. */
enum sql_exit sql_run_file(struct sql_run *r, const char *path);
/* Statements from the keyboard until the end. */
enum sql_exit sql_run_prompt(struct sql_run *r, const char *name);

/* ---- Ctrl-C ---- */
/* From now on SIGINT cancels what runs in the session and sets the flag. */
enum err sql_interrupts_start(struct sql_session *s, struct errbuf *e) MUST_CHECK;
void sql_interrupts_stop(void);
bool sql_interrupted(void);
void sql_interrupted_clear(void);

#endif
