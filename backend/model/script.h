/*
 * A file of SQL: statements with ';' between, values as :names.
 *
 * Reading splits it (quotes, comments and dollar quotes respected), takes comments out (hints, that
 * is those that begin with a plus, stay), and makes each :name a bound parameter. `::` stays a
 * cast. Running binds values as text, so a statement casts them: CAST(:business_date AS DATE).
 *
 * Ownership: a script lives in the arena it was parsed into, and may be run by any thread, on its
 * own connection, at the same time.
 */
#ifndef MODEL_SCRIPT_H
#define MODEL_SCRIPT_H

#include "backend/base/arena.h"
#include "backend/warehouse/warehouse.h"

enum { SCRIPT_PARAMS_MAX = 64 /* of one statement */ };

struct script_statement {
    const char *sql;
    int line; /* in the file, of its first word */
    int n_params;
    const char **params; /* the name of each ?, in order; one may be there twice */
};

struct script {
    const char *file; /* for messages */
    int n;
    struct script_statement *statements;
};

struct script_value {
    const char *name;
    const char *value; /* NULL is SQL's NULL */
};

/* ERR_CONFIG with file:line: an open quote or comment, a bare ?, too many parameters, nothing in
 * it. */
enum err script_parse(const char *file, const char *text, struct arena *a, struct script **out,
                      struct errbuf *e) MUST_CHECK;

/* Does any statement use this :name? */
bool script_uses(const struct script *s, const char *name);

/*
 * Runs all statements in the transaction that is open (or each in its own when none is). A name
 * without a value is ERR_USAGE; an error of the server begins with the statement's file:line.
 */
struct script_rows {
    const char *target; /* "schema.table" to count for; NULL: any table */
    int64_t inserted;   /* by INSERT INTO target, added up */
    int64_t deleted;    /* by DELETE FROM target */
};
/* rows may be NULL. */
enum err script_run(struct warehouse *w, const struct script *s, const struct script_value *values,
                    int n, struct script_rows *rows, struct errbuf *e) MUST_CHECK;

#endif
