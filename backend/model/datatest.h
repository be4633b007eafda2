/*
 * Data tests: YAML that says what must hold in the warehouse, each compiled to one query.
 *
 *   table: presentation.airports_traffic      # for all tests of the file that name none
 *   tests:
 *     - not_null: [flight_date, airport_code]
 *     - unique: [flight_date, airport_code, linked_airport_code]
 *     - relationships: {column: airport_code, to: dwh.anchor_airports_latest, field: airport_code}
 *     - accepted_values: {column: customer_group, values: ['5', '10']}
 *     - sql: SELECT * FROM presentation.airports_traffic WHERE flights_in < 0
 *       name: no_negative_flights
 *     - freshness: {column: ts_ms, warn: 15 minutes, error: 1 hour}
 *
 * Beside its kind a test may have `name`, `table`, `where` (an SQL condition), `severity` (error or
 * warn). A group is a file: its name without folder and ending. A query's rows are what is wrong;
 * none means that the test passes. Freshness looks at the age of the newest value: a timestamp, or
 * a number of milliseconds since 1970.
 *
 * Ownership: struct datatests owns everything. Immutable once loaded. Thread rule: then any thread,
 * each with a connection of its own.
 */
#ifndef MODEL_DATATEST_H
#define MODEL_DATATEST_H

#include "backend/base/faults.h"
#include "backend/warehouse/warehouse.h"

enum datatest_kind {
    DATATEST_NOT_NULL,
    DATATEST_UNIQUE,
    DATATEST_RELATIONSHIPS,
    DATATEST_ACCEPTED_VALUES,
    DATATEST_SQL,
    DATATEST_FRESHNESS,
    DATATEST_KINDS
};

/* "not_null", .. */
const char *datatest_kind_word(enum datatest_kind kind);

struct datatest {
    const char *name;  /* unique: given, or made of table, kind and columns */
    const char *group; /* of its file */
    const char *file;
    int line;
    enum datatest_kind kind;
    bool warn;          /* what it finds is a warning */
    const char *schema; /* of the table; NULL for sql without one */
    const char *table;
    const char *const *columns; /* NULL-terminated; one for relationships, values, freshness */
    const char *where;          /* NULL: all rows */
    const char *to_schema;      /* relationships */
    const char *to_table;
    const char *field;
    const char *const *values; /* accepted_values */
    const char *sql;           /* sql */
    int64_t warn_us;           /* freshness; 0: never */
    int64_t error_us;
};

struct datatests;

struct datatests *datatests_create(void); /* NULL without memory */
void datatests_free(struct datatests *t);
/* Mistakes go into f, with file:line. */
void datatests_add_text(struct datatests *t, const char *file, const char *text, size_t n,
                        struct faults *f);
/* A YAML file, or all of a folder. */
enum err datatests_add_path(struct datatests *t, const char *path, struct faults *f,
                            struct errbuf *e) MUST_CHECK;
int datatests_count(const struct datatests *t);
const struct datatest *datatests_at(const struct datatests *t, int i);
const struct datatest *datatests_find(const struct datatests *t, const char *name);

/* ---- running ---- */

enum datatest_status { DATATEST_PASS, DATATEST_WARN, DATATEST_FAIL };
const char *datatest_status_word(enum datatest_status s); /* "pass", "warn", "fail" */

enum { DATATEST_ROWS_SHOWN = 5, DATATEST_ROW_MAX = 400 };

struct datatest_result {
    enum datatest_status status;
    int64_t count; /* rows that are wrong; freshness: the age in seconds, -1: no row, no table */
    int n_rows;    /* of `rows` */
    char header[DATATEST_ROW_MAX]; /* column names with " | " between */
    char rows[DATATEST_ROWS_SHOWN][DATATEST_ROW_MAX];
    int64_t run_us;
};

/* The query, with ? for the bound values, in the warehouse's dialect. For `sql` its text. */
struct buf;
void datatest_compile(const struct datatest *t, const char *dialect, struct buf *out);

/* An error is one of running the query (file:line: name: the server's words), not of the data. */
enum err datatest_run(struct warehouse *w, const struct datatest *t, struct datatest_result *out,
                      struct errbuf *e) MUST_CHECK;

struct datatest_summary {
    int passed;
    int warned;
    int failed;
};
typedef void datatest_listener(void *arg, const struct datatest *t,
                               const struct datatest_result *r);
/* ERR_USAGE: a name that is no test's, group's, table's or schema's, with the nearest one. */
enum err datatests_check_names(const struct datatests *t, const char *const *names,
                               struct errbuf *e) MUST_CHECK;

/*
 * Runs the tests of these names (NULL or empty: all), a name being that of a test, a group, a table
 * ("presentation.airports_traffic") or a schema, and
 * tells each result (each NULL: nobody listens). ERR_USAGE: an unknown name, with the nearest one.
 * ERR_DATA when a test fails: which, how many rows, the first of them. All are run first.
 */
enum err datatests_run(struct warehouse *w, const struct datatests *t, const char *const *names,
                       datatest_listener *each, void *arg, struct datatest_summary *out,
                       struct errbuf *e) MUST_CHECK;

#endif
