/*
 * Marts: a YAML file that says what a mart is, an SQL file that makes it.
 *
 *   mart: airports_traffic
 *   table: presentation.airports_traffic
 *   sql: marts/airports_traffic.sql        # deletes what it replaces, inserts; idempotent
 *   create:                                # CREATE .. IF NOT EXISTS; files, or files a dialect
 *     postgresql: [marts/postgresql/airports_traffic.sql, marts/airports_traffic_views.sql]
 *     vertica: [marts/vertica/airports_traffic.sql, marts/airports_traffic_views.sql]
 *   parameters:
 *     business_date: {type: date}
 *   changes:                               # insert-only tables whose new rows it looks at
 *     - dwh.attr_flights_actual_arrival
 *
 *   verify:                                # what it has to hold, computed another way (verify.h)
 *     source: marts/verify/airports_traffic.sql       # runs at the source
 *     mart: marts/verify/airports_traffic_rows.sql    # runs in the warehouse: the same columns
 *     key: [flight_date, airport_code, linked_airport_code]
 *     within: flight_date                  # only rows whose value of it the mart has; may be left
 * out
 *
 * Files are looked for beside the YAML file, then among the queries that the program brings.
 *
 * A run is one transaction: a lock, the marks of what it will have seen, the SQL file, the marks
 * kept. <schema>._<mart>_seen has a row for the mart (source ''), whose UPDATE is the lock: two
 * runs of one mart never overlap, whoever starts them; and one a table of `changes`: seen       the
 * newest _created_at that the last run had before it; NULL before the first one seen_next  the same
 * for this run, taken before anything is read so `_created_at > seen AND _created_at <= seen_next`
 * are the rows that came since. It is exact as long as one table has one writer at a time, whose
 * _created_at does not go back: the model's load is one (queries/model/stamp.sql).
 *
 * Ownership: struct marts owns everything. Immutable once loaded. Thread rule: then any thread.
 */
#ifndef MODEL_MART_H
#define MODEL_MART_H

#include "backend/base/faults.h"
#include "backend/model/script.h"

enum mart_type { MART_TEXT, MART_INTEGER, MART_BOOLEAN, MART_DATE, MART_TIMESTAMP, MART_TYPES };

struct mart_param {
    const char *name;
    enum mart_type type;
    const char *description; /* "" without one */
    const char *def;         /* NULL: must be given; "now" for a timestamp: the run's moment */
};

/* One statement each, without parameters; their columns are texts that can be compared as they are.
 */
struct mart_verify {
    const struct script *source, *mart;
    const char *const *key; /* columns, NULL-terminated, at least one */
    const char *within;     /* a column; NULL: all rows */
};

enum mart_dialect { MART_POSTGRESQL, MART_VERTICA, MART_DIALECTS };

struct mart {
    const char *name;
    const char *description; /* "" without one */
    const char *file;        /* the YAML file, for messages */
    int line;
    const char *target; /* "schema.table" */
    const char *schema;
    const char *table;
    const char *sql_file; /* as the YAML says it */
    const struct script *sql;
    const struct script *const *create[MART_DIALECTS]; /* NULL-terminated, never NULL */
    int n_params;
    const struct mart_param *params;
    const char *const *changes;       /* "schema.table", NULL-terminated, never NULL */
    const struct mart_verify *verify; /* NULL: nothing says what it has to hold */
};

struct marts;

struct marts *marts_create(void); /* NULL without memory */
void marts_free(struct marts *m);

/* One YAML file's text; its folder is where its SQL files are looked for. Mistakes go into f. */
void marts_add_text(struct marts *m, const char *file, const char *text, size_t n,
                    struct faults *f);
/* A YAML file, or all of a folder (*.yaml, *.yml, by name). ERR_IO when it cannot be read. */
enum err marts_add_path(struct marts *m, const char *path, struct faults *f,
                        struct errbuf *e) MUST_CHECK;

int marts_count(const struct marts *m);
const struct mart *marts_at(const struct marts *m, int i);
const struct mart *marts_find(const struct marts *m, const char *name); /* NULL: none */
/* The mart whose `sql` is that file: the same words ("marts/airports_traffic.sql"), or the same
 * file on disk, seen from `from`'s folder or the one above (from: the file that names it). NULL:
 * none. */
const struct mart *marts_find_sql(const struct marts *m, const char *from, const char *sql_file);

struct mart_result {
    int64_t deleted;  /* rows of the mart's table */
    int64_t inserted; /* the same */
    int64_t run_us;   /* how long it took, microseconds */
};

/*
 * Makes the table if it is not there, then runs the mart in one transaction (outside of which it
 * must be called). Values are given as text, parameters with a default may be left out. ERR_USAGE:
 * an unknown or missing parameter, a value that is not of its type. An error of the server names
 * the file and line of the statement; the transaction is rolled back then.
 */
enum err mart_run(struct warehouse *w, const struct mart *m, const struct script_value *values,
                  int n, struct mart_result *out, struct errbuf *e) MUST_CHECK;

/* Just the first part: the table, and where the mart keeps its marks. `create` runs when it has
 * changed since it last ran, and when a run finds a table or view gone. */
enum err mart_ensure(struct warehouse *w, const struct mart *m, struct errbuf *e) MUST_CHECK;

/* When the last run that was committed had begun. */
struct mart_moment {
    char at[40];  /* UTC, as the server says it */
    double age_s; /* by the server's clock */
};
/* ERR_NOT_FOUND: the mart has never run here. */
enum err mart_last_run(struct warehouse *w, const struct mart *m, struct mart_moment *out,
                       struct errbuf *e) MUST_CHECK;

#endif
