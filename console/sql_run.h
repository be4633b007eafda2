/*
 * Running people's SQL: scripts, -c, variables, where results go, Ctrl-C; shared by the command
 * and its prompt. Thread rule: one thread (Ctrl-C is watched by a thread of its own).
 */
#ifndef CONSOLE_SQL_RUN_H
#define CONSOLE_SQL_RUN_H

#include "console/sql_lexer.h"
#include "console/sql_note.h"
#include "console/sql_output.h"
#include "console/sql_session.h"
#include "console/sql_variables.h"

/* psql's. */
enum sql_exit {
    SQL_EXIT_DONE = 0,
    SQL_EXIT_FAILED = 1,
    SQL_EXIT_CONNECTION = 2,
    SQL_EXIT_SCRIPT = 3
};

/* How the servers and the engine are reached. Any thread. */
struct sql_places {
    enum err (*open)(void *arg, bool source, struct sql_session **out, struct errbuf *e);
    void *arg;
    const char *engine;      /* its socket; "": not known */
    const char *environment; /* its name; "": not known */
    const char *looks_only;  /* why nothing may be changed: "production"; NULL: it may */
    bool elevated;           /* it may because of --elevate: the engine is told so */
};

struct sql_completer;
struct sql_history;

struct sql_run {
    struct sql_session *session;
    const struct sql_places *places;
    bool on_source;
    struct sql_note note;
    struct format_options format;
    enum format normal_format; /* where \x goes back to */
    bool expand_auto;          /* \x auto */
    enum sql_pager pager;
    struct formatter *formatter;
    FILE *main; /* the caller's: stdout, or the file of -o */
    FILE *out;  /* where results go: main, the place of \o or \g, or a page of the terminal */
    struct sql_place place; /* of \o */
    struct sql_page *page;
    FILE *behind_page;
    bool keyboard; /* a person sits there */
    bool quiet;
    bool timing;
    bool quit;     /* \q */
    bool together; /* the statements of a -c in one transaction of ours */
    bool lost;     /* the connection is gone: nothing more can run */
    bool away;     /* the same at a prompt: the next statement connects anew */
    bool left;     /* a thread was left behind that still connects */
    int depth;     /* of \i */
    int64_t rows;  /* of the last result */
    struct sql_variables variables;
    struct sql_variables texts; /* of settings: format.null, format.separator */
    const char *file;           /* of the script that runs, for messages; NULL: -c and the prompt */
    struct sql_splitter *input; /* what \g and \e are about; NULL in -c */
    struct buf last;            /* the statement that ran last */
    struct sql_completer *completer; /* NULL without a keyboard */
    struct sql_history *history;     /* the same */
};

void sql_run_free(struct sql_run *r);

/* "NAME=VALUE", or NAME alone (""). */
enum err sql_run_set(struct sql_run *r, const char *assignment, struct errbuf *e) MUST_CHECK;
bool sql_run_stops(const struct sql_run *r); /* ON_ERROR_STOP */
/* sql_variable_fn; arg is the run. */
const char *sql_run_variable(void *arg, const char *name);

void sql_run_substitute(struct sql_run *r, const char *text, struct buf *out);

/* Results go to FILE or |COMMAND from now on, or back to main (NULL); closes the one before. */
enum err sql_run_output(struct sql_run *r, const char *name, struct errbuf *e) MUST_CHECK;
/* From here on r->out is a page of the terminal, where that is wanted; true: the person left it
 * before its end. */
void sql_run_page_begin(struct sql_run *r);
bool sql_run_page_end(struct sql_run *r);
/* The terminal's size; false: results do not go to one. */
bool sql_run_screen(const struct sql_run *r, int *lines, int *columns);

/* An error on stderr, behind what was printed. line: of the script that runs; 0: none to name. */
void sql_run_say(const struct sql_run *r, int line, const char *text);

/* One statement; its error is said on stderr. line 0: no place to name. */
enum err sql_run_statement(struct sql_run *r, const char *sql, int line);
/* The same, and its rows go to `sink`. */
enum err sql_run_into(struct sql_run *r, const char *sql, int line, const struct sql_sink *sink);
/* The same, printed to FILE or |COMMAND. */
enum err sql_run_to(struct sql_run *r, const char *sql, int line, const char *name);
/* All statements of a -c as one transaction. */
enum sql_exit sql_run_command(struct sql_run *r, const char *sql);
/* A script: "-" is stdin. */
enum sql_exit sql_run_file(struct sql_run *r, const char *path);
/* What has come into the input: statements and backslash commands. True when the script must end.
 */
bool sql_run_finished(struct sql_run *r, struct sql_splitter *s, bool last, bool *failed);
/* Statements from the keyboard until the end. */
enum sql_exit sql_run_prompt(struct sql_run *r);

/* Before whatever needs the server: connects anew where the connection is gone. Ctrl-C ends the
 * waiting. */
enum err sql_run_connected(struct sql_run *r, struct errbuf *e) MUST_CHECK;
/* Opens a session so that Ctrl-C ends the waiting: ERR_CANCELED. */
enum err sql_run_open(struct sql_run *r, bool source, struct sql_session **out,
                      struct errbuf *e) MUST_CHECK;
/* After something that the server was asked: is the connection gone? */
void sql_run_note_lost(struct sql_run *r, enum err rc);

/* ---- Ctrl-C ---- */
/* From now on SIGINT cancels what runs in the session and sets the flag. */
enum err sql_interrupts_start(struct sql_session *s, struct errbuf *e) MUST_CHECK;
void sql_interrupts_stop(void);
/* Another session from now on; NULL: none. */
void sql_interrupts_session(struct sql_session *s);
bool sql_interrupted(void);
void sql_interrupted_clear(void);
/* Until there is something to read (fd -1: nothing is) or the time is over (us -1: never); true:
 * interrupted. No interrupt is slept over. */
bool sql_interrupt_wait(int fd, int64_t us);

#endif
