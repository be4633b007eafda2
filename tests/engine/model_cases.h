/*
 * The model's load on a real warehouse, case by case; the includer chooses the dialect (`on` of
 * warehouse_help.h). Raw rows are written as a sink writes them, through the bulk insert.
 *
 * The property: for a random history of two tables (inserts, updates, deletes, truncates, key
 * reuse, values that were not sent, rows delivered twice and late), what the views of dwh show is
 * what a naive model in this file says: now, and at any point in time; loaded batch by batch or
 * all at once.
 */
#ifndef TESTS_MODEL_CASES_H
#define TESTS_MODEL_CASES_H

#include "backend/model/load.h"
#include "backend/model/model.h"
#include "tests/engine/warehouse_help.h"

static const char model_text[] = //
    "model: test\n"
    "schema: dwh_t\n"
    "knots: {grade: varchar(10)}\n"
    "entities:\n"
    "  person:\n"
    "    raw: person\n"
    "    key: {id: integer}\n"
    "    attributes:\n"
    "      name: varchar(40)\n"
    "      grade: {knot: grade}\n"
    "      born: {type: integer, history: false}\n"
    "  visit:\n"
    "    raw: visit\n"
    "    key: {place: varchar(8), day: integer}\n"
    "    attributes: {fee: 'numeric(10,2)'}\n"
    "    ties:\n"
    "      person_visit: {to: person, by: person_id}\n";

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
    int born;
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
    r->born = v->born;
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
        v->born = 1900 + v->key; /* static: never changes */
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

/*
 * Every row of the tables but what tells when they were loaded. An anchor that was first named by a
 * foreign key has its beginning in the table of existence, else it has it itself: that depends on
 * which table was loaded first, so the two are taken together.
 */
static char *dump(struct warehouse *w)
{
    static const char since[] = "CAST(t._changed_at AS VARCHAR) || '/' || CAST(t._lsn AS VARCHAR) "
                                "|| '/' || CAST(t._ordinal AS VARCHAR)";
    static const struct {
        const char *table, *sk, *value;
    } tables[] = {
        {"attr_person_name", "person_sk", "t.name"},
        {"attr_person_grade", "person_sk",
         "(SELECT k.grade FROM dwh_t.knot_grade k WHERE k.grade_id = t.grade_id)"},
        {"attr_visit_fee", "visit_sk", "CAST(t.fee AS VARCHAR)"},
        {"tie_person_visit", "visit_sk", "CAST(t.person_sk AS VARCHAR)"},
    };
    static const char *const keys[] = {"CAST(t.id AS VARCHAR)",
                                       "t.place || '/' || CAST(t.day AS VARCHAR)"};
    char sql[1600];
    struct buf b;
    buf_init(&b, 0);
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        (void)snprintf(sql, sizeof sql,
                       "SELECT CAST(t.%s AS VARCHAR) || '/' || COALESCE(%s, 'NULL') || '/' || %s "
                       "FROM dwh_t.%s t ORDER BY 1",
                       tables[i].sk, tables[i].value, since, tables[i].table);
        buf_printf(&b, "%s\n%s\n", tables[i].table, result(w, sql));
    }
    for (int i = 0; i < 2; i++) {
        (void)snprintf(sql, sizeof sql,
                       "SELECT CAST(t.%s_sk AS VARCHAR) || '/' || %s FROM dwh_t.anchor_%s t "
                       "ORDER BY 1",
                       names_of[i], keys[i], names_of[i]);
        buf_printf(&b, "anchor %s\n%s\n", names_of[i], result(w, sql));
        (void)snprintf(
            sql, sizeof sql,
            "SELECT CAST(t.%s_sk AS VARCHAR) || '/y/' || %s FROM dwh_t.anchor_%s t WHERE "
            "NOT t._reference UNION ALL SELECT CAST(t.%s_sk AS VARCHAR) || CASE WHEN "
            "t.existence THEN '/y/' ELSE '/n/' END || %s FROM dwh_t.attr_%s_existence t "
            "ORDER BY 1",
            names_of[i], since, names_of[i], names_of[i], since, names_of[i]);
        buf_printf(&b, "existence of %s\n%s\n", names_of[i], result(w, sql));
    }
    char *text = strdup(buf_cstr(&b));
    buf_free(&b);
    assert_non_null(text);
    return text;
}

enum manner { IN_ORDER, WITH_TRUNCATES, LATE, MANNERS };

static void random_history(uint32_t start, enum manner manner)
{
    bool late = manner == LATE;
    struct event events[EVENTS_MAX];
    char where[64];
    int64_t offset = 0;
    int64_t batch = 0;
    seed = start;
    struct warehouse *w = fresh();
    int n = make_history(events, 60 + dice(120), manner != IN_ORDER);
    struct model_loader *l = open_loader(model_text);
    bool held[EVENTS_MAX] = {false};
    for (int i = 0; late && i < n; i++)
        held[i] = !dice(8);
    deliver(w, events, held, n, 2 + dice(6), l, &offset, &batch);
    for (int i = 0; late && i < n; i++) { /* some come long after what followed them */
        if (held[i])
            raw_write(w, &events[i], 1, ++batch, &offset);
        if (held[i] && !dice(3))
            (void)refresh(l);
    }
    if (late) { /* and some of it all over again */
        raw_write(w, events + n / 4, n / 3, ++batch, &offset);
        (void)refresh(l);
    }
    (void)snprintf(where, sizeof where, "seed %u, incremental", start);
    compare_now(w, where, events, n);
    for (int i = 0; i < 4; i++)
        compare_at(w, where, events, n, epoch_us + (int64_t)dice(n) * 1000000 + 950000);
    if (refresh(l))
        fail_msg("%s: a second load inserted rows", where);
    model_loader_close(l);
    char *before = dump(w);
    drop_schema(w, "dwh_t");
    (void)load_once(model_text);
    char *after = dump(w);
    /* What comes late (a truncate does, in all partitions but one) cannot unsay what was stored
     * before it: there the views are the measure. */
    if (manner == IN_ORDER && strcmp(before, after) != 0)
        fail_msg("seed %u: incremental:\n%s\nall at once:\n%s", start, before, after);
    free(before);
    free(after);
    (void)snprintf(where, sizeof where, "seed %u, all at once", start);
    compare_now(w, where, events, n);
    compare_at(w, where, events, n, epoch_us + (int64_t)dice(n) * 1000000 + 950000);
    warehouse_close(w);
}

/* ---- migration ---- */

static const char wider_text[] = //
    "model: test\n"
    "schema: dwh_t\n"
    "knots: {grade: varchar(10)}\n"
    "entities:\n"
    "  person:\n"
    "    raw: person\n"
    "    key: {id: integer}\n"
    "    attributes:\n"
    "      name: varchar(40)\n"
    "      grade: {knot: grade}\n"
    "      born: {type: integer, history: false}\n"
    "      nick: {type: varchar(40), column: name}\n"
    "  visit:\n"
    "    raw: visit\n"
    "    key: {place: varchar(8), day: integer}\n"
    "    attributes: {fee: 'numeric(10,2)'}\n"
    "    ties:\n"
    "      person_visit: {to: person, by: person_id}\n"
    "      guest_visit: {to: person, by: person_id, role: guest}\n";

/* What joins the model later is filled from all of raw; nothing else is touched. */
static void test_an_attribute_and_a_tie_join(void **state)
{
    (void)state;
    struct event events[EVENTS_MAX];
    bool held[EVENTS_MAX] = {false};
    int64_t offset = 0;
    int64_t batch = 0;
    seed = 4711;
    struct warehouse *w = fresh();
    int n = make_history(events, 120, true);
    struct model_loader *l = open_loader(model_text);
    deliver(w, events, held, n / 2, 3, l, &offset, &batch);
    model_loader_close(l);
    char *before = dump(w);
    l = open_loader(wider_text);
    assert_true(refresh(l) > 0);
    char *after = dump(w);
    assert_string_equal(before, after);
    raw_write(w, events + n / 2, n - n / 2, ++batch, &offset);
    assert_true(refresh(l) > 0);
    assert_int_equal(refresh(l), 0);
    compare_now(w, "after the migration", events, n);
    assert_string_equal(result(w, "SELECT COUNT(*) FROM dwh_t.person_latest WHERE name <> nick OR "
                                  "(name IS NULL AND nick IS NOT NULL) OR "
                                  "(name IS NOT NULL AND nick IS NULL)"),
                        "0\n");
    assert_string_equal(
        result(w, "SELECT COUNT(*) FROM dwh_t.tie_person_visit t LEFT JOIN dwh_t.tie_guest_visit g "
                  "ON g.visit_sk = t.visit_sk AND g._lsn = t._lsn AND COALESCE(CAST(g.guest_sk AS "
                  "VARCHAR), '') = COALESCE(CAST(t.person_sk AS VARCHAR), '') "
                  "WHERE g.visit_sk IS NULL"),
        "0\n");
    model_loader_close(l);
    free(before);
    free(after);
    warehouse_close(w);
}

/* A raw table that begins anew, with small batch numbers, is read from its start. */
static void test_raw_begins_anew(void **state)
{
    (void)state;
    struct event events[EVENTS_MAX];
    int64_t offset = 0;
    seed = 99;
    struct warehouse *w = fresh();
    int n = make_history(events, 80, true);
    raw_write(w, events, n / 2, 7, &offset);
    (void)load_once(model_text);
    drop_schema(w, "raw_t");
    OK(warehouse_table_ensure(w, "raw_t", "person", person_columns, PERSON_COLUMNS, &err));
    OK(warehouse_table_ensure(w, "raw_t", "visit", visit_columns, VISIT_COLUMNS, &err));
    offset = 0;
    raw_write(w, events, n, 1, &offset);
    (void)load_once(model_text);
    compare_now(w, "raw anew", events, n);
    assert_int_equal(load_once(model_text), 0);
    warehouse_close(w);
}

/* A change between two that say the same: the second of them was not stored, and counts now. */
static struct event late_event(char op, int key, const char *name, int ms)
{
    struct event v = {.table = PERSON, .op = op, .key = key, .born = 1900 + key};
    (void)snprintf(v.name, sizeof v.name, "%s", name);
    v.us = epoch_us + ms * INT64_C(1000);
    v.lsn = ms;
    return v;
}

static void test_late_after_raw_began_anew(void **state)
{
    (void)state;
    const struct event events[] = {late_event('c', 1, "A", 1000), late_event('c', 2, "x", 1500),
                                   late_event('u', 1, "B", 2000), late_event('u', 1, "A", 3000)};
    int64_t offset = 0;
    seed = 5;
    struct warehouse *w = fresh();
    raw_write(w, &events[1], 1, 7, &offset);
    (void)load_once(model_text);
    drop_schema(w, "raw_t");
    OK(warehouse_table_ensure(w, "raw_t", "person", person_columns, PERSON_COLUMNS, &err));
    OK(warehouse_table_ensure(w, "raw_t", "visit", visit_columns, VISIT_COLUMNS, &err));
    offset = 0;
    raw_write(w, events, 2, 1, &offset);
    raw_write(w, &events[3], 1, 1, &offset);
    (void)load_once(model_text);
    raw_write(w, &events[2], 1, 2, &offset);
    (void)load_once(model_text);
    compare_now(w, "late, after raw began anew", events, 4);
    warehouse_close(w);
}

/* An attribute that was away for a while catches up by the same rule as all others. */
static void test_late_while_an_attribute_was_away(void **state)
{
    (void)state;
    const struct event events[] = {late_event('c', 1, "A", 1000), late_event('u', 1, "B", 2000),
                                   late_event('u', 1, "A", 3000)};
    int64_t offset = 0;
    seed = 5;
    struct warehouse *w = fresh();
    raw_write(w, &events[0], 1, 1, &offset);
    raw_write(w, &events[2], 1, 1, &offset);
    (void)load_once(wider_text);
    raw_write(w, &events[1], 1, 2, &offset);
    (void)load_once(model_text);
    (void)load_once(wider_text);
    assert_string_equal(result(w, "SELECT name, nick FROM dwh_t.person_latest"), "A|A\n");
    warehouse_close(w);
}

struct told {
    struct model_load loads[8];
    int n;
};

static void keep_told(void *arg, const struct model_load *done)
{
    struct told *t = arg;
    assert_true(t->n < 8);
    t->loads[t->n++] = *done;
}

/* What was said of an entity. */
static const struct model_load *told_of(const struct told *t, const char *entity)
{
    int i = 0;
    while (i < t->n - 1 && strcmp(t->loads[i].entity, entity) != 0)
        i++;
    assert_string_equal(t->n ? t->loads[i].entity : "nothing", entity);
    return &t->loads[i];
}

static void says(const char *text, const char *words)
{
    if (!strstr(text, words))
        fail_msg("`%s` does not say `%s`", text, words);
}

static int pick(const struct event *events, int n, int table, struct event *out)
{
    int k = 0;
    for (int i = 0; i < n; i++)
        if (events[i].table == table)
            out[k++] = events[i];
    return k;
}

static void compare_table(struct warehouse *w, const char *where, const struct event *events, int n,
                          int table)
{
    struct naive m;
    char sql[512];
    naive_at(events, n, INT64_MAX, &m);
    (void)snprintf(sql, sizeof sql, "SELECT %s FROM dwh_t.%s_latest", columns_of[table],
                   names_of[table]);
    compare(w, where, sql, &m, table);
}

/* A raw table that loses a column under an open loader: the load says which, all others go on, and
 * it does too once the column is there again. */
static void test_raw_loses_a_column(void **state)
{
    (void)state;
    struct event events[EVENTS_MAX];
    struct event part[EVENTS_MAX];
    int64_t offset = 0;
    seed = 31;
    struct warehouse *w = fresh();
    int n = make_history(events, 80, false);
    struct model_loader *l = open_loader(model_text);
    raw_write(w, events, n / 2, 1, &offset);
    assert_true(refresh(l) > 0);
    OK(warehouse_exec(w, "ALTER TABLE raw_t.person RENAME COLUMN after_grade TO was_grade", 0, NULL,
                      NULL, &err));
    OK(warehouse_exec(w,
                      "INSERT INTO raw_t.person (op, _batch, _partition, _offset) VALUES ('m', 2, "
                      "0, 100000)",
                      0, NULL, NULL, &err));
    for (int i = 0; i < 2; i++) { /* as the loader was bound, and as it was left */
        struct told t = {.n = 0};
        raw_write(w, part, pick(events + n / 2, (i + 1) * n / 4, VISIT, part), 2 + i, &offset);
        FAILS(ERR_CONFIG, model_loader_refresh(l, NULL, keep_told, &t, &err));
        says(err.text, "attribute `grade`: the raw table person has no column after_grade; name "
                       "the right column, take it out of the model, or bring the column back");
        assert_string_equal(told_of(&t, "person")->text, err.text);
        assert_int_equal(told_of(&t, "visit")->code, ERR_OK);
        compare_table(w, "the other entity", events, n / 2 + (i + 1) * n / 4, VISIT);
        compare_table(w, "without the column", events, n / 2, PERSON);
    }
    OK(warehouse_exec(w, "ALTER TABLE raw_t.person RENAME COLUMN was_grade TO after_grade", 0, NULL,
                      NULL, &err));
    raw_write(w, part, pick(events + n / 2, n - n / 2, PERSON, part), 4, &offset);
    assert_true(refresh(l) > 0);
    compare_now(w, "with the column again", events, n);
    model_loader_close(l);
    warehouse_close(w);
}

/* A mistake in what was never loaded: neither it nor what refers to it is made, so no table has a
 * wrong type when the model is right. The others are loaded. */
static void test_a_new_misfit(void **state)
{
    (void)state;
    static const char form[] = //
        "schema: dwh_t\nknots: {grade: varchar(10)}\nentities:\n"
        "  person: {raw: person, key: {id: integer}, attributes: {name: varchar(40)}}\n"
        "  visit: {raw: visit, key: {place: varchar(8), day: integer}, attributes: {fee: %s}}\n"
        "  trip:\n    raw: visit\n    key: {place: varchar(8), day: integer}\n"
        "    ties: {trip_visit: {to: visit, by: [place, day]}}\n";
    struct event events[EVENTS_MAX];
    struct told t = {.n = 0};
    char text[sizeof form + 32];
    int64_t offset = 0;
    seed = 32;
    struct warehouse *w = fresh();
    int n = make_history(events, 60, false);
    raw_write(w, events, n, 1, &offset);
    (void)snprintf(text, sizeof text, form, "boolean");
    struct model_loader *l = open_loader(text);
    FAILS(ERR_CONFIG, model_loader_refresh(l, NULL, keep_told, &t, &err));
    model_loader_close(l);
    says(told_of(&t, "visit")->text, "model.yaml:5: entity visit: attribute `fee` is boolean, and");
    says(told_of(&t, "trip")->text,
         "entity trip refers to visit, which was never loaded: model.ya");
    assert_int_equal(told_of(&t, "person")->code, ERR_OK);
    assert_string_equal(result(w, "SELECT COUNT(*) FROM dwh_t._flightdeck_objects WHERE name LIKE "
                                  "'%visit%' OR name LIKE '%trip%' OR name LIKE 'knot%'"),
                        "0\n");
    (void)snprintf(text, sizeof text, form, "'numeric(10,2)'");
    assert_true(load_once(text) > 0);
    assert_string_equal(result(w, "SELECT COUNT(*) FROM dwh_t.trip_latest t LEFT JOIN "
                                  "dwh_t.visit_latest v ON v.place = t.place AND v.day = t.day "
                                  "WHERE v.fee IS NULL"),
                        "0\n");
    warehouse_close(w);
}

/* Rows of raw without a key cannot be in any table. They are counted and told, once. */
static void test_rows_without_a_key(void **state)
{
    (void)state;
    static const char *const keyless[] = {
        "INSERT INTO raw_t.visit (op, after_place, _batch, _partition, _offset, source_ts_ms) "
        "VALUES ('c', 'a', 1, 0, 100000, 1)",
        "INSERT INTO raw_t.visit (op, after_place, after_day, _batch, _partition, _offset, "
        "source_ts_ms) VALUES ('d', 'a', 1, 1, 0, 100001, 1)"};
    struct event events[EVENTS_MAX];
    int64_t offset = 0;
    seed = 33;
    struct warehouse *w = fresh();
    int n = make_history(events, 60, true);
    raw_write(w, events, n, 1, &offset);
    for (int i = 0; i < 2; i++)
        OK(warehouse_exec(w, keyless[i], 0, NULL, NULL, &err));
    struct model_loader *l = open_loader(model_text);
    struct told t = {.n = 0};
    OK(model_loader_refresh(l, NULL, keep_told, &t, &err));
    assert_int_equal(told_of(&t, "visit")->keyless, 2);
    assert_int_equal(told_of(&t, "person")->keyless, 0);
    compare_now(w, "beside rows without a key", events, n);
    for (int i = 0; i < 2; i++) {
        t.n = 0;
        if (i) /* nothing else came */
            OK(warehouse_exec(w,
                              "INSERT INTO raw_t.visit (op, after_place, _batch, _partition, "
                              "_offset, source_ts_ms) VALUES ('c', 'a', 2, 0, 100002, 1)",
                              0, NULL, NULL, &err));
        OK(model_loader_refresh(l, NULL, keep_told, &t, &err));
        assert_int_equal(t.n, i);
    }
    assert_int_equal(told_of(&t, "visit")->keyless, 1);
    assert_string_equal(result(w, "SELECT keyless FROM dwh_t._flightdeck_loads WHERE entity = "
                                  "'visit' ORDER BY batch_to"),
                        "2\n1\n");
    assert_int_equal(refresh(l), 0);
    model_loader_close(l);
    warehouse_close(w);
}

static void fails_to_load(const char *text, const char *why)
{
    struct model_loader *l = open_loader(text);
    FAILS(ERR_CONFIG, model_loader_refresh(l, NULL, NULL, NULL, &err));
    says(err.text, why);
    model_loader_close(l);
}

static void fails_to_open(const char *text, const char *why)
{
    struct model_loader *l = NULL;
    const struct model_loader_options o = options_of(text, 1);
    FAILS(ERR_CONFIG, model_loader_open(&o, &l, &err));
    says(err.text, why);
}

static void test_mistakes_name_the_line(void **state)
{
    (void)state;
    struct warehouse *w = fresh();
    fails_to_load("schema: dwh_t\nentities:\n  p:\n    raw: person\n    key: {idd: integer}\n",
                  "model.yaml:3: entity p: key column `idd`: the raw table person has no column "
                  "after_idd (did you mean `id`?)");
    fails_to_load("schema: dwh_t\nentities:\n  p:\n    raw: person\n    key: {id: integer}\n"
                  "    attributes:\n      name: date\n",
                  "model.yaml:7: entity p: attribute `name` is date, and person.after_name is "
                  "varchar(");
    fails_to_open("entities:\n  p:\n    raw: person\n    key: {id: integer}\n    ties:\n"
                  "      t: {to: q, by: name}\n",
                  "model.yaml:6: tie t: the model has no entity `q` (did you mean `p`?)");
    warehouse_close(w);
}

#ifndef MODEL_SEEDS
#define MODEL_SEEDS 24
#endif

static void test_random_histories(void **state)
{
    (void)state;
    uint32_t n = fixture_sanitized() ? MODEL_SEEDS / 2 : MODEL_SEEDS;
    if (n < MANNERS)
        n = MANNERS;
    for (uint32_t i = 1; i <= n; i++)
        random_history(i * 7919, (enum manner)(i % MANNERS));
}

#define MODEL_CASES                                                                                \
    cmocka_unit_test(test_random_histories), cmocka_unit_test(test_an_attribute_and_a_tie_join),   \
        cmocka_unit_test(test_raw_begins_anew), cmocka_unit_test(test_raw_loses_a_column),         \
        cmocka_unit_test(test_late_after_raw_began_anew),                                          \
        cmocka_unit_test(test_late_while_an_attribute_was_away),                                   \
        cmocka_unit_test(test_mistakes_name_the_line), cmocka_unit_test(test_a_new_misfit),        \
        cmocka_unit_test(test_rows_without_a_key)

#endif
