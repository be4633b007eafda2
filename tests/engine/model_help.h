/*
 * Raw rows as a sink writes them, random histories of two tables, and a naive model that says what
 * dwh has to show: for the model's test cases. The includer chooses the dialect (`on` of
 * warehouse_help.h).
 */
#ifndef TESTS_MODEL_HELP_H
#define TESTS_MODEL_HELP_H

#include "backend/model/load.h"
#include "backend/model/model.h"
#include "tests/engine/warehouse_help.h"

/* attribute: a line more of a person; tie: one more of a visit. */
#define MODEL_WITH(attribute, tie)                                                                 \
    "model: test\n"                                                                                \
    "schema: dwh_t\n"                                                                              \
    "knots: {grade: varchar(10)}\n"                                                                \
    "entities:\n"                                                                                  \
    "  person:\n"                                                                                  \
    "    raw: person\n"                                                                            \
    "    key: {id: integer}\n"                                                                     \
    "    attributes:\n"                                                                            \
    "      name: varchar(40)\n"                                                                    \
    "      grade: {knot: grade}\n"                                                                 \
    "      born: {type: integer, history: false}\n" attribute "  visit:\n"                         \
    "    raw: visit\n"                                                                             \
    "    key: {place: varchar(8), day: integer}\n"                                                 \
    "    attributes: {fee: 'numeric(10,2)'}\n"                                                     \
    "    ties:\n"                                                                                  \
    "      person_visit: {to: person, by: person_id}\n" tie

static const char model_text[] = MODEL_WITH("", "");

/* ---- raw ---- */

static const struct wcolumn person_columns[] = {
    {.name = "before_id", .type = WT_INT32},
    {.name = "after_id", .type = WT_INT32},
    {.name = "after_name", .type = WT_TEXT, .precision = 40},
    {.name = "after_grade", .type = WT_TEXT, .precision = 10},
    {.name = "after_born", .type = WT_INT32},
    {.name = "source_ts_ms", .type = WT_INT64},
    {.name = "source_ts_us", .type = WT_INT64},
    {.name = "source_lsn", .type = WT_INT64},
    {.name = "op", .type = WT_TEXT, .precision = 8},
    {.name = "_unchanged", .type = WT_TEXT, .precision = 256},
    {.name = "_batch", .type = WT_INT64, .not_null = true},
    {.name = "_partition", .type = WT_INT32, .not_null = true},
    {.name = "_offset", .type = WT_INT64, .not_null = true},
};
static const struct wcolumn visit_columns[] = {
    {.name = "before_place", .type = WT_TEXT, .precision = 8},
    {.name = "before_day", .type = WT_INT32},
    {.name = "after_place", .type = WT_TEXT, .precision = 8},
    {.name = "after_day", .type = WT_INT32},
    {.name = "after_fee", .type = WT_DECIMAL, .precision = 10, .scale = 2},
    {.name = "after_person_id", .type = WT_INT32},
    {.name = "source_ts_ms", .type = WT_INT64},
    {.name = "source_ts_us", .type = WT_INT64},
    {.name = "source_lsn", .type = WT_INT64},
    {.name = "op", .type = WT_TEXT, .precision = 8},
    {.name = "_unchanged", .type = WT_TEXT, .precision = 256},
    {.name = "_batch", .type = WT_INT64, .not_null = true},
    {.name = "_partition", .type = WT_INT32, .not_null = true},
    {.name = "_offset", .type = WT_INT64, .not_null = true},
};
enum {
    PERSON_COLUMNS = sizeof person_columns / sizeof person_columns[0],
    VISIT_COLUMNS = sizeof visit_columns / sizeof visit_columns[0],
};

enum { PERSON, VISIT };

/* One change as Kafka delivers it. */
struct event {
    int table;
    char op;          /* c u d t */
    int key;          /* of the key space; -1: truncate */
    char name[24];    /* "" is NULL */
    bool name_unsent; /* unchanged large value */
    char grade[12];
    int born;
    char fee[16];
    int person; /* 0: NULL */
    int64_t us;
    int64_t lsn;
    int partition;
};

static const int64_t epoch_us = 1790000000000000;

static void place_of(int key, char *place, int *day)
{
    /* ('a', 11), ('a1', 1), ..: keys that are alike when put together without care */
    static const char *const places[] = {"a", "a1", "b", "Ы"};
    (void)snprintf(place, 8, "%s", places[key % 4]);
    *day = key % 4 == 0 ? 11 + key / 4 : 1 + key / 4;
}

struct cell_texts {
    char text[16][48];
    struct cell cells[16];
    int n;
};

static void cell_put(struct cell_texts *t, bool null, const char *fmt, ...) PRINTF_LIKE(3, 4);
static void cell_put(struct cell_texts *t, bool null, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(t->text[t->n], sizeof t->text[t->n], fmt, ap);
    va_end(ap);
    t->cells[t->n] = (struct cell){.p = t->text[t->n],
                                   .len = (uint32_t)strlen(t->text[t->n]),
                                   .kind = null ? CELL_NULL : CELL_TEXT};
    t->n++;
}

static void put_tail(struct cell_texts *t, const struct event *v, int64_t batch, int64_t offset)
{
    cell_put(t, false, "%lld", (long long)(v->us / 1000));
    cell_put(t, false, "%lld", (long long)v->us);
    cell_put(t, false, "%lld", (long long)v->lsn);
    cell_put(t, false, "%c", v->op);
    cell_put(t, !v->name_unsent, ",name,");
    cell_put(t, false, "%lld", (long long)batch);
    cell_put(t, false, "%d", v->partition);
    cell_put(t, false, "%lld", (long long)offset);
}

static void raw_add(struct wbatch *b, const struct event *v, int64_t batch, int64_t offset)
{
    struct cell_texts t = {.n = 0};
    bool gone = v->op == 'd' || v->op == 't';
    if (v->table == PERSON) {
        cell_put(&t, v->op != 'd', "%d", v->key);
        cell_put(&t, gone, "%d", v->key);
        cell_put(&t, gone || v->name_unsent || !v->name[0], "%s", v->name);
        cell_put(&t, gone || !v->grade[0], "%s", v->grade);
        cell_put(&t, gone, "%d", v->born);
    } else {
        char place[8];
        int day;
        place_of(v->key < 0 ? 0 : v->key, place, &day);
        cell_put(&t, v->op != 'd', "%s", place);
        cell_put(&t, v->op != 'd', "%d", day);
        cell_put(&t, gone, "%s", place);
        cell_put(&t, gone, "%d", day);
        cell_put(&t, gone, "%s", v->fee);
        cell_put(&t, gone || !v->person, "%d", v->person);
    }
    put_tail(&t, v, batch, offset);
    OK(wbatch_add(b, t.cells, &err));
}

static void raw_write(struct warehouse *w, const struct event *events, int n, int64_t batch,
                      int64_t *offset)
{
    struct wbatch *b[] = {wbatch_create(on.dialect, person_columns, PERSON_COLUMNS),
                          wbatch_create(on.dialect, visit_columns, VISIT_COLUMNS)};
    for (int i = 0; i < n; i++)
        raw_add(b[events[i].table], &events[i], batch, (*offset)++);
    OK(warehouse_begin(w, &err));
    for (int i = 0; i < 2; i++) {
        if (wbatch_rows(b[i]))
            OK(warehouse_insert(w, "raw_t", i == PERSON ? "person" : "visit", b[i], 0,
                                wbatch_rows(b[i]), &err));
        wbatch_destroy(b[i]);
    }
    OK(warehouse_commit(w, &err));
}

static void drop_schema(struct warehouse *w, const char *schema)
{
    char sql[96];
    (void)snprintf(sql, sizeof sql, "DROP SCHEMA IF EXISTS %s CASCADE", schema);
    OK(warehouse_exec(w, sql, 0, NULL, NULL, &err));
}

static struct warehouse *fresh(void)
{
    struct warehouse *w = connect();
    drop_schema(w, "raw_t");
    drop_schema(w, "dwh_t");
    OK(warehouse_table_ensure(w, "raw_t", "person", person_columns, PERSON_COLUMNS, &err));
    OK(warehouse_table_ensure(w, "raw_t", "visit", visit_columns, VISIT_COLUMNS, &err));
    return w;
}

static uint32_t seed;
static int dice(int n)
{
    seed = seed * 1664525 + 1013904223;
    return (int)((seed >> 8) % (uint32_t)n);
}

/* ---- the loader ---- */

static struct model_loader_options options_of(const char *text, int connections)
{
    return (struct model_loader_options){.file = "model.yaml",
                                         .text = text,
                                         .odbc = on.odbc,
                                         .dialect = on.dialect,
                                         .raw_schema = "raw_t",
                                         .label = "test",
                                         .connections = connections};
}

/* With exactly so many connections. */
static struct model_loader *open_loader_on(const char *text, int connections)
{
    struct model_loader *l = NULL;
    const struct model_loader_options o = options_of(text, connections);
    OK(model_loader_open(&o, &l, &err));
    return l;
}

static struct model_loader *open_loader(const char *text)
{
    return open_loader_on(text, 1 + dice(2));
}

static void add_inserted(void *arg, const struct model_load *done)
{
    *(int64_t *)arg += done->inserted;
}

static int64_t refresh(struct model_loader *l)
{
    int64_t inserted = 0;
    OK(model_loader_refresh(l, NULL, add_inserted, &inserted, &err));
    return inserted;
}

static int64_t load_once(const char *text)
{
    struct model_loader *l = open_loader(text);
    int64_t inserted = refresh(l);
    model_loader_close(l);
    return inserted;
}

/* ---- the naive model ---- */

enum { KEYS = 12, EVENTS_MAX = 400 };

struct naive_row {
    bool exists;
    char name[24];
    char grade[12];
    bool has_born;
    int born; /* without history: the first one, for good */
    char fee[16];
    int person;
};
struct naive {
    struct naive_row rows[2][KEYS];
};

static void naive_apply(struct naive *m, const struct event *v)
{
    if (v->op == 't') {
        for (int k = 0; k < KEYS; k++)
            m->rows[v->table][k].exists = false;
        return;
    }
    struct naive_row *r = &m->rows[v->table][v->key];
    if (v->op == 'd') {
        r->exists = false;
        return;
    }
    r->exists = true;
    if (!v->name_unsent)
        (void)snprintf(r->name, sizeof r->name, "%s", v->name);
    (void)snprintf(r->grade, sizeof r->grade, "%s", v->grade);
    if (!r->has_born)
        r->born = v->born;
    r->has_born = true;
    (void)snprintf(r->fee, sizeof r->fee, "%s", v->fee);
    r->person = v->person;
}

static void naive_at(const struct event *events, int n, int64_t us, struct naive *m)
{
    memset(m, 0, sizeof *m);
    for (int i = 0; i < n; i++)
        if (events[i].us <= us)
            naive_apply(m, &events[i]);
}

static int by_line(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* The rows as lines in order, in the form that `result` gives. */
static void naive_lines(const struct naive *m, int table, struct buf *out)
{
    char lines[KEYS][128];
    int n = 0;
    for (int k = 0; k < KEYS; k++) {
        const struct naive_row *r = &m->rows[table][k];
        if (!r->exists)
            continue;
        char place[8];
        char person[16] = "NULL";
        int day;
        place_of(k, place, &day);
        if (r->person)
            (void)snprintf(person, sizeof person, "%d", r->person);
        if (table == PERSON)
            (void)snprintf(lines[n++], sizeof lines[0], "%d/%s/%s/%d\n", k,
                           r->name[0] ? r->name : "NULL", r->grade[0] ? r->grade : "NULL", r->born);
        else
            (void)snprintf(lines[n++], sizeof lines[0], "%s/%d/%s/%s\n", place, day, r->fee,
                           person);
    }
    qsort(lines, (size_t)n, sizeof lines[0], by_line);
    for (int i = 0; i < n; i++)
        buf_str(out, lines[i]);
}

static const char *const columns_of[] = {
    "CAST(id AS VARCHAR) || '/' || COALESCE(name, 'NULL') || '/' || COALESCE(grade, 'NULL') || '/' "
    "|| CAST(born AS VARCHAR)",
    "place || '/' || CAST(day AS VARCHAR) || '/' || CAST(fee AS VARCHAR) || '/' || "
    "COALESCE(CAST(person_id AS VARCHAR), 'NULL')"};
static const char *const names_of[] = {"person", "visit"};

static void query_lines(struct warehouse *w, const char *sql, struct buf *out)
{
    char lines[4 * KEYS][128];
    struct warehouse_rows *rows = NULL;
    const struct cell *c;
    int n = 0;
    enum err r;
    OK(warehouse_query(w, sql, 0, NULL, &rows, &err));
    while (!(r = warehouse_rows_next(rows, &c, &err))) {
        assert_true(n < 4 * KEYS);
        (void)snprintf(lines[n++], sizeof lines[0], "%.*s\n", (int)c[0].len, c[0].p);
    }
    FAILS(ERR_NOT_FOUND, r);
    warehouse_rows_close(rows);
    qsort(lines, (size_t)n, sizeof lines[0], by_line);
    for (int i = 0; i < n; i++)
        buf_str(out, lines[i]);
}

static void compare(struct warehouse *w, const char *where, const char *sql, const struct naive *m,
                    int table)
{
    struct buf want;
    struct buf got;
    buf_init(&want, 0);
    buf_init(&got, 0);
    naive_lines(m, table, &want);
    query_lines(w, sql, &got);
    if (strcmp(buf_cstr(&want), buf_cstr(&got)) != 0)
        fail_msg("%s: %s\nwanted:\n%s\ngot:\n%s", where, sql, buf_cstr(&want), buf_cstr(&got));
    buf_free(&want);
    buf_free(&got);
}

static void compare_now(struct warehouse *w, const char *where, const struct event *events, int n)
{
    struct naive m;
    char sql[512];
    naive_at(events, n, INT64_MAX, &m);
    for (int t = 0; t < 2; t++) {
        (void)snprintf(sql, sizeof sql, "SELECT %s FROM dwh_t.%s_latest", columns_of[t],
                       names_of[t]);
        compare(w, where, sql, &m, t);
    }
}

static void compare_at(struct warehouse *w, const char *where, const struct event *events, int n,
                       int64_t us)
{
    struct naive m;
    char sql[768];
    char moment[CLOCK_TEXT_MAX];
    naive_at(events, n, us, &m);
    clock_format_utc(us, moment, sizeof moment);
    for (int t = 0; t < 2; t++) {
        (void)snprintf(sql, sizeof sql,
                       "SELECT %s FROM dwh_t.%s_history WHERE _valid_from <= TIMESTAMPTZ '%s' AND "
                       "_valid_to > TIMESTAMPTZ '%s' AND NOT _deleted",
                       columns_of[t], names_of[t], moment, moment);
        compare(w, where, sql, &m, t);
    }
}

/* ---- random histories ---- */

/* In the order of the source. Each at its own millisecond, so that any moment is unambiguous. */
static int make_history(struct event *events, int n, bool truncates)
{
    struct naive m;
    memset(&m, 0, sizeof m);
    for (int i = 0; i < n; i++) {
        struct event *v = &events[i];
        *v = (struct event){.table = dice(2), .key = dice(KEYS)};
        struct naive_row *r = &m.rows[v->table][v->key];
        v->us = epoch_us + (int64_t)i * 1000000 + dice(900) * 1000;
        v->lsn = 1000 + i;
        v->born = 1900 + dice(40);
        (void)snprintf(v->fee, sizeof v->fee, "%d.50", dice(3));
        v->person = dice(KEYS);
        if (dice(3))
            (void)snprintf(v->name, sizeof v->name, "n%d", dice(3));
        if (dice(4))
            (void)snprintf(v->grade, sizeof v->grade, "%s", dice(2) ? "gold" : "tin");
        v->op = !r->exists ? 'c' : dice(5) ? 'u' : 'd';
        v->name_unsent = v->table == PERSON && v->op == 'u' && !dice(4);
        if (truncates && !dice(60)) {
            v->op = 't';
            v->key = -1;
            v->name_unsent = false;
        }
        v->partition = v->key < 0 ? 0 : v->key % 3;
        naive_apply(&m, v);
    }
    return n;
}

/* Partitions run apart: each is delivered in order, together they are not. */
static void deliver(struct warehouse *w, const struct event *events, const bool *held, int n,
                    int batches, struct model_loader *l, int64_t *offset, int64_t *batch)
{
    int next[3] = {0, 0, 0};
    struct event part[EVENTS_MAX * 2];
    for (int b = 0; b < batches; b++) {
        int k = 0;
        for (int p = 0; p < 3; p++) {
            int until = b == batches - 1 ? n : dice(n * (b + 2) / batches + 1);
            for (; next[p] < until; next[p]++)
                if (!held[next[p]] &&
                    (events[next[p]].partition == p || events[next[p]].op == 't')) {
                    part[k] = events[next[p]]; /* a truncate stands in each partition */
                    part[k++].partition = p;
                }
        }
        for (int again = dice(4); again && k && k < EVENTS_MAX; again--, k++)
            part[k] = part[dice(k)]; /* delivered twice */
        raw_write(w, part, k, ++*batch, offset);
        if (l)
            (void)refresh(l);
    }
}

#endif
