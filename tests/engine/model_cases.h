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

#include "tests/engine/model_help.h"

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
        {"attr_person_born", "person_sk", "CAST(t.born AS VARCHAR)"},
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

static const char wider_text[] =
    MODEL_WITH("      nick: {type: varchar(40), column: name}\n",
               "      guest_visit: {to: person, by: person_id, role: guest}\n");

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

/* Without history the first value in the source's order holds, in whatever order they come. */
static void test_late_first_values(void **state)
{
    (void)state;
    static const int born[] = {1950, 1960, 1970};
    static const int order[][3] = {{0, 1, 2}, {2, 1, 0}, {1, 0, 2}, {2, 0, 1}};
    for (int i = 0; i < 4; i++) {
        int64_t offset = 0;
        seed = 5;
        struct warehouse *w = fresh();
        for (int k = 0; k < 3; k++) {
            struct event v = late_event(order[i][k] ? 'u' : 'c', 1, "A", 1000 * (order[i][k] + 1));
            v.born = born[order[i][k]];
            raw_write(w, &v, 1, k + 1, &offset);
            (void)load_once(model_text);
        }
        assert_string_equal(result(w, "SELECT born FROM dwh_t.person_latest"), "1950\n");
        assert_string_equal(result(w, "SELECT DISTINCT born FROM dwh_t.person_history"), "1950\n");
        assert_int_equal(load_once(model_text), 0);
        drop_schema(w, "dwh_t");
        (void)load_once(model_text);
        assert_string_equal(result(w, "SELECT born FROM dwh_t.person_latest"), "1950\n");
        warehouse_close(w);
    }
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
    says(told_of(&t, "visit")->text, "model.yaml:5: entity visit: attribute `fee` is boolean, and");
    says(told_of(&t, "trip")->text,
         "entity trip refers to visit, which was never loaded: model.ya");
    assert_int_equal(told_of(&t, "person")->code, ERR_OK);
    model_loader_close(l); /* the entities' names were its own */
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
    /* as a sink with insert.mode=upsert keeps it */
    static const struct wcolumn state_columns[] = {{.name = "id", .type = WT_INT32},
                                                   {.name = "name", .type = WT_TEXT}};
    OK(warehouse_table_ensure(w, "raw_t", "state", state_columns, 2, &err));
    fails_to_load("schema: dwh_t\nentities:\n  p:\n    raw: state\n    key: {id: integer}\n",
                  "model.yaml:3: entity p: state has no columns `op` and `_batch`: it must be an "
                  "append-only raw table (a sink with insert.mode=insert)");
    fails_to_open("entities:\n  p:\n    raw: person\n    key: {id: integer}\n    ties:\n"
                  "      t: {to: q, by: name}\n",
                  "model.yaml:6: tie t: the model has no entity `q` (did you mean `p`?)");
    warehouse_close(w);
}

/* ---- two engines, and a cancel ---- */

struct load_thread {
    struct model_loader *l;
    enum err rc;
    struct errbuf e;
    int64_t inserted;
};

static void *load_in_thread(void *arg)
{
    struct load_thread *t = arg;
    t->rc = model_loader_refresh(t->l, NULL, add_inserted, &t->inserted, &t->e);
    return NULL;
}

/* A schema is one model's: another one is refused, and the first one's views stay. */
static void test_a_schema_of_another_model(void **state)
{
    (void)state;
    struct event events[EVENTS_MAX];
    int64_t offset = 0;
    seed = 17;
    struct warehouse *w = fresh();
    int n = make_history(events, 40, false);
    raw_write(w, events, n, 1, &offset);
    (void)load_once(model_text);
    fails_to_open("model: shop\nschema: dwh_t\nentities:\n  goods:\n    raw: person\n"
                  "    key: {id: integer}\n",
                  "schema dwh_t holds the model of source system test, this model is of shop");
    compare_now(w, "after another model came", events, n);
    assert_int_equal(load_once(model_text), 0);
    warehouse_close(w);
}

static const char chain_text[] = //
    "model: test\n"
    "schema: dwh_t\n"
    "entities:\n"
    "  a:\n"
    "    raw: person\n"
    "    key: {id: integer}\n"
    "    attributes: {name: varchar(40)}\n"
    "  b:\n"
    "    raw: visit\n"
    "    key: {place: varchar(8), day: integer}\n"
    "    attributes: {fee: 'numeric(10,2)'}\n"
    "    ties:\n"
    "      a_b: {to: a, by: person_id}\n"
    "  c:\n"
    "    raw: visit\n"
    "    key: {place: varchar(8), day: integer}\n"
    "    ties:\n"
    "      a_c: {to: a, by: person_id}\n"
    "      b_c: {to: b, by: [place, day]}\n";

/* Waits until so many sessions stand still at a lock with that in their statement. */
static void wait_for_waiters(const char *statement, const char *how_many)
{
    enum { PATIENCE_S = 60 };
    char sql[300];
    (void)snprintf(sql, sizeof sql,
                   "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query "
                   "LIKE '%%%s%%'",
                   statement);
    fixture_wait_sql(fixture_warehouse_conninfo(), sql, how_many, PATIENCE_S);
}

static struct warehouse *hold(const char *table)
{
    char sql[128];
    struct warehouse *w = connect();
    (void)snprintf(sql, sizeof sql, "LOCK TABLE dwh_t.%s IN EXCLUSIVE MODE", table);
    OK(warehouse_begin(w, &err));
    OK(warehouse_exec(w, sql, 0, NULL, NULL, &err));
    return w;
}

static void release(struct warehouse *w)
{
    OK(warehouse_rollback(w, &err));
    warehouse_close(w);
}

/* Both in their first load: the second waits for the first, and then has nothing to do, or is told
 * that it was done. Nothing is there twice. */
static void test_two_engines(void **state)
{
    (void)state;
    struct event events[EVENTS_MAX];
    struct load_thread t[2];
    pthread_t thread[2];
    int64_t offset = 0;
    seed = 41;
    struct warehouse *w = fresh();
    int n = make_history(events, 160, false);
    raw_write(w, events, n, 1, &offset);
    for (int i = 0; i < 2; i++)
        t[i] = (struct load_thread){.l = open_loader_on(chain_text, 2)};
    struct warehouse *holder = hold("attr_a_name");
    assert_int_equal(pthread_create(&thread[0], NULL, load_in_thread, &t[0]), 0);
    wait_for_waiters("attr_a_name", "1");
    assert_int_equal(pthread_create(&thread[1], NULL, load_in_thread, &t[1]), 0);
    wait_for_waiters(is_vertica() ? "LOCK TABLE" : "pg_advisory_lock", is_vertica() ? "2" : "1");
    release(holder);
    for (int i = 0; i < 2; i++)
        (void)pthread_join(thread[i], NULL);
    /* by the entity on Vertica: the first one may find the last entity loaded by the second */
    bool told = is_vertica() && t[0].rc == ERR_FENCED;
    if ((t[0].rc && !told) || t[1].rc != (is_vertica() ? ERR_FENCED : ERR_OK))
        fail_msg("%s, %s", t[0].rc ? t[0].e.text : "ok", t[1].rc ? t[1].e.text : "ok");
    if (is_vertica())
        says(t[1].e.text, "another engine has loaded it meanwhile");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(refresh(t[i].l), 0);
        model_loader_close(t[i].l);
    }
    assert_string_equal(result(w, "SELECT COUNT(*) FROM (SELECT a_sk FROM dwh_t.attr_a_name GROUP "
                                  "BY a_sk, _changed_at, _lsn, _ordinal HAVING COUNT(*) > 1) x"),
                        "0\n");
    (void)load_once(model_text);
    compare_now(w, "after two engines", events, n);
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
        cmocka_unit_test(test_late_first_values), cmocka_unit_test(test_two_engines),              \
        cmocka_unit_test(test_rows_without_a_key),                                                 \
        cmocka_unit_test(test_a_schema_of_another_model)

#endif
