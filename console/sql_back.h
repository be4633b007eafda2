/* Between the files of console/sql_back*.c only: the commands that the table has. */
#ifndef CONSOLE_SQL_BACK_H
#define CONSOLE_SQL_BACK_H

#include "console/sql_arguments.h"
#include "console/sql_run.h"

struct back {
    struct sql_run *r;
    struct sql_arguments arguments;
    struct buf word; /* the argument that was read last */
    struct errbuf *e;
};

/* The next argument into b->word; false at the end, or with an error in *rc. */
bool back_next(struct back *b, enum err *rc);
/* The same, without semicolons at its end. */
bool back_name(struct back *b, enum err *rc);
/* What is left of the line as it stands, without blanks around. Owned by b->word. */
const char *back_rest(struct back *b);
/* "on", "off" and their kin; "" is the other way round than `now`. */
enum err back_switch(const char *text, bool now, bool *out, struct errbuf *e) MUST_CHECK;
/* The statement that \g and its kin are about, taken from the input; else the one that ran last. */
enum err back_statement(struct back *b, struct buf *out) MUST_CHECK;

typedef enum err back_fn(struct back *b);

/* sql_back_settings.c */
back_fn back_expanded, back_timing, back_set, back_unset, back_pset, back_unaligned, back_rows_only;
/* sql_back_query.c */
back_fn back_go, back_go_expanded, back_go_set, back_watch, back_print, back_reset, back_edit,
    back_history;
/* sql_back_chart.c */
back_fn back_chart;
/* sql_back_files.c */
back_fn back_include, back_output, back_write, back_echo, back_warn, back_shell, back_cd, back_copy;
/* sql_back_server.c */
back_fn back_conninfo, back_source, back_warehouse, back_refresh;

#endif
