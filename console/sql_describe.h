/*
 * The lists behind \d, \dt and their kin, printed in the form of the run. Without a schema in the
 * pattern all schemas are meant but the server's own; those come in when nothing else fits.
 * Thread rule: one thread.
 */
#ifndef CONSOLE_SQL_DESCRIBE_H
#define CONSOLE_SQL_DESCRIBE_H

#include "console/sql_run.h"

enum sql_list {
    SQL_LIST_RELATIONS, /* tables, views and sequences */
    SQL_LIST_TABLES,
    SQL_LIST_VIEWS,
    SQL_LIST_MATERIALIZED,
    SQL_LIST_SEQUENCES,
    SQL_LIST_SCHEMAS,
    SQL_LIST_ROLES,
    SQL_LIST_DATABASES,
    SQL_LIST_FUNCTIONS,
    SQL_LIST_INDEXES,
};

/* pattern "": all. Nothing found is said on stderr and no error. */
enum err sql_describe_list(struct sql_run *r, enum sql_list what, const char *pattern,
                           struct errbuf *e) MUST_CHECK;
/* Columns, keys, indexes of the relations that fit; ERR_NOT_FOUND when none does. */
enum err sql_describe_relation(struct sql_run *r, const char *pattern, struct errbuf *e) MUST_CHECK;

#endif
