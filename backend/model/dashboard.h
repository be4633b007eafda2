/*
 * Dashboards: a YAML file that says what a screen of figures shows of a mart.
 *
 *   dashboard: airports
 *   title: Airports
 *   mart: airports_traffic          # whose loads change the answers; may be left out
 *   days: 30                        # the range that is shown first
 *   panels:
 *     - name: by_day
 *       title: Active airports by day
 *       kind: line                  # stat, line, bars, donut, table
 *       unit: airports
 *       query: dashboards/airports_active_by_day.sql   # a file (*.sql), or SQL in place
 *       rows: dashboards/airports_rows.sql             # the rows behind the figure; may be left
 * out x: flight_date y: active_airports width: 8                    # twelfths of the width;
 * height: shares of the height
 *
 * A query is one SELECT. It may use :from and :to, both dates and both included, as bound texts:
 * CAST(:from AS DATE). Files are looked for as those of marts (mart.h).
 *
 * Which columns a kind needs: stat: value; line and bars: x and y (series: one line a value of
 * it); donut: label and value; table: none.
 *
 * Ownership: struct dashboards owns everything. Immutable once loaded. Thread rule: then any
 * thread.
 */
#ifndef MODEL_DASHBOARD_H
#define MODEL_DASHBOARD_H

#include "backend/base/faults.h"
#include "backend/model/script.h"

/* name, word; columns that it needs beside those it may have; width, height by itself */
#define DASHBOARD_KINDS(X)                                                                         \
    X(STAT, "stat", COLUMN(VALUE), 4, 1)                                                           \
    X(LINE, "line", COLUMN(X) | COLUMN(Y), 12, 3)                                                  \
    X(BARS, "bars", COLUMN(X) | COLUMN(Y), 6, 3)                                                   \
    X(DONUT, "donut", COLUMN(LABEL) | COLUMN(VALUE), 6, 3)                                         \
    X(TABLE, "table", 0, 12, 3)

enum dashboard_kind {
#define X(name, word, needs, width, height) DASHBOARD_##name,
    DASHBOARD_KINDS(X)
#undef X
        DASHBOARD_KIND_COUNT
};

/* What a column of the result is to the picture: the YAML's key. */
#define DASHBOARD_ROLES(X)                                                                         \
    X(X, "x") X(Y, "y") X(SERIES, "series") X(LABEL, "label") X(VALUE, "value")

enum dashboard_role {
#define X(name, word) DASHBOARD_##name##_COLUMN,
    DASHBOARD_ROLES(X)
#undef X
        DASHBOARD_ROLE_COUNT
};

enum { DASHBOARD_WIDTH = 12, DASHBOARD_HEIGHT_MAX = 12, DASHBOARD_DAYS_MAX = 3660 };

struct dashboard_panel {
    const char *name;
    const char *title; /* the name where none is given */
    const char *unit;  /* "" without one */
    enum dashboard_kind kind;
    int line;                                  /* in the file */
    const struct script *query;                /* one SELECT */
    const struct script *rows;                 /* likewise; NULL */
    const char *columns[DASHBOARD_ROLE_COUNT]; /* NULL: not named */
    int width;                                 /* twelfths */
    int height;                                /* shares */
};

struct dashboard {
    const char *name;
    const char *title;
    const char *description; /* "" without one */
    const char *mart;        /* NULL: none */
    const char *file;        /* the YAML file, for messages */
    int line;
    int mart_line;
    int days;
    int n_panels;
    const struct dashboard_panel *panels;
};

struct dashboards;

struct dashboards *dashboards_create(void); /* NULL without memory */
void dashboards_free(struct dashboards *d); /* NULL is fine */

/* One YAML file's text; its folder is where its SQL files are looked for. Mistakes go into f. */
void dashboards_add_text(struct dashboards *d, const char *file, const char *text, size_t n,
                         struct faults *f);
/* A YAML file, or all of a folder (*.yaml, *.yml, by name). ERR_IO when it cannot be read. */
enum err dashboards_add_path(struct dashboards *d, const char *path, struct faults *f,
                             struct errbuf *e) MUST_CHECK;

int dashboards_count(const struct dashboards *d);
const struct dashboard *dashboards_at(const struct dashboards *d, int i);
/* ERR_NOT_FOUND in words, with the nearest name. */
enum err dashboards_find(const struct dashboards *d, const char *name, const struct dashboard **out,
                         struct errbuf *e) MUST_CHECK;
enum err dashboard_find_panel(const struct dashboard *d, const char *name,
                              const struct dashboard_panel **out, struct errbuf *e) MUST_CHECK;

const char *dashboard_kind_word(enum dashboard_kind kind);
const char *dashboard_role_word(enum dashboard_role role);

#endif
