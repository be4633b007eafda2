/*
 * What a session's server holds, for \d and its kin: the source through PostgreSQL's catalog, the
 * warehouse through ODBC's catalog functions (users, databases, functions with their arguments and
 * indexes of all tables, which ODBC does not know, by a query of the dialect). Thread rule: one
 * thread.
 */
#ifndef CONSOLE_SQL_CATALOG_H
#define CONSOLE_SQL_CATALOG_H

#include "backend/base/arena.h"
#include "console/sql_session.h"

enum sql_catalog {
    SQL_RELATIONS,    /* schema, name, type, owner ("" where not known) */
    SQL_SCHEMAS,      /* name, owner */
    SQL_ROLES,        /* name, what it may, member of */
    SQL_DATABASES,    /* name, owner */
    SQL_FUNCTIONS,    /* schema, name, what it gives, what it takes */
    SQL_INDEXES,      /* schema, name, type, table; Vertica: projections */
    SQL_COLUMNS,      /* of one relation: column, type, nullable, default */
    SQL_EVERY_COLUMN, /* schema, relation, column */
    SQL_NOTES,        /* of one relation: heading, line (indexes, keys, ..) */
};

enum { SQL_GRID_COLUMNS = 4 };

/* Rows of text, never NULL. */
struct sql_grid {
    struct arena *arena; /* owns the texts */
    const char *(*rows)[SQL_GRID_COLUMNS];
    size_t n;
    size_t cap;
};

/* schema and name: of SQL_COLUMNS and SQL_NOTES, exact. Free the grid also after an error. */
enum err sql_catalog_read(struct sql_session *s, enum sql_catalog what, const char *schema,
                          const char *name, struct sql_grid *out, struct errbuf *e) MUST_CHECK;
void sql_grid_free(struct sql_grid *g);
void sql_grid_sort(struct sql_grid *g); /* by all columns, from the first */

/* psql's patterns: [schema.]name, * any characters, ? one, in any case; "in quotes" as it stands.
 */
struct sql_pattern {
    struct sql_pattern_part {
        char text[256]; /* "": any */
        bool exact;
    } schema, name;
};
enum err sql_pattern_read(const char *text, struct sql_pattern *out, struct errbuf *e) MUST_CHECK;
bool sql_pattern_part_fits(const struct sql_pattern_part *p, const char *name);
/* A schema that belongs to the server. */
bool sql_schema_is_system(const char *schema);

#endif
