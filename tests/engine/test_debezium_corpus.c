/*
 * A real Debezium's records against ours: the same schema and changes are made in a PostgreSQL,
 * captured by backend/postgres, encoded, and compared topic by topic, record by record.
 *
 * Keys must be equal byte for byte; values in structure and in the order of their fields; headers
 * that name the old and the new key too. Left out is what differs between two runs: version, times,
 * transaction ids, LSNs. Whatever else differs must stand in `deviations`, and all of those must
 * occur.
 *
 * The corpus lies beside the project (../shared/data/debezium); without it the test is skipped.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>
#include <libpq-fe.h>

#include "backend/base/clock.h"
#include "backend/envelope/encode.h"
#include "backend/postgres/pgoutput.h"
#include "backend/postgres/replication.h"
#include "backend/postgres/source.h"
#include "tests/fixture/fixture.h"

#define CORPUS    "../shared/data/debezium"
#define LENGTH(a) ((int)(sizeof(a) / sizeof *(a)))

enum { PATIENCE_US = 30 * 1000 * 1000, STEP_US = 200 * 1000, RECORDS_MAX = 200, TABLES_MAX = 64 };

/* Where ours is not what Debezium writes: column, theirs, ours, and why. */
static struct deviation {
    const char *column;
    const char *theirs;
    const char *ours;
    const char *why;
    int seen;
} deviations[] = {
    {"c_int_arr", "[null,null]", "[[1,2],[3,4]]", "an array of two dimensions keeps its values", 0},
    {"c_numeric_arr", "null", "[null]", "an array with a NaN is an array, NaN as in its mode", 0},
    {"c_timestamp", "-9223372036853775810", "9223372036854775806",
     "a timestamp past the year 294247 is clamped and counted, not wrapped around", 0},
    {"c_ts_arr", "[\"infinity\",\"+292269055-12-02T23:00:00.000000Z\"]",
     "[\"infinity\",\"-infinity\"]", "-infinity is what it is, in an array too", 0},
    {"c", "{\"type\":\"string\",\"optional\":true,\"default\":\"dflt\",\"field\":\"c\"}",
     "{\"type\":\"string\",\"optional\":true,\"field\":\"c\"}",
     "rows of a column that has another type by now do not get the new type's default", 0},
};

/* One record as it would go to Kafka. */
struct record {
    char *topic;
    char *key;   /* NULL: null */
    char *value; /* NULL: a tombstone */
    const char *header;
    char *other_key;
};

/* One way to write (inline schemas or not) and what came out. */
struct run {
    struct envelope_options options;
    const char *folder;
    struct envelope_table *tables[TABLES_MAX];
    int n_tables;
    struct record records[RECORDS_MAX];
    int n_records;
    int differences;
};

struct capture {
    struct source *source;
    struct replication *replication;
    struct pgoutput *decoder;
    struct envelope_event event;
    struct run *runs;
    int n_runs;
    struct errbuf e;
};

static struct run runs[2];

static void check(enum err rc, const struct errbuf *e)
{
    if (rc != ERR_OK)
        fail_msg("%s: %s", err_word(rc), e->text);
}

/* ---- writing ---- */

static struct envelope_table *table_of(struct run *run, const struct relation *r)
{
    struct errbuf e;
    for (int i = 0; i < run->n_tables; i++)
        if (envelope_table_relation(run->tables[i]) == r)
            return run->tables[i];
    assert_true(run->n_tables < TABLES_MAX);
    struct envelope_table **t = &run->tables[run->n_tables++];
    check(envelope_table_create(&run->options, (struct relation *)r, t, &e), &e);
    return *t;
}

static struct record *add_record(struct run *run, const char *topic)
{
    assert_true(run->n_records < RECORDS_MAX);
    struct record *r = &run->records[run->n_records++];
    *r = (struct record){.topic = strdup(topic)};
    return r;
}

typedef enum err write_key_fn(const struct envelope_table *t, const struct cell *cells,
                              struct buf *out, struct errbuf *e);

static char *key_of(struct envelope_table *t, write_key_fn *write, const struct cell *cells)
{
    struct buf b;
    struct errbuf e;
    buf_init(&b, 0);
    enum err rc = write(t, cells, &b, &e);
    if (rc == ERR_NOT_FOUND)
        return NULL;
    check(rc, &e);
    char *key = strdup(buf_cstr(&b));
    buf_free(&b);
    return key;
}

static struct record *write_event(struct run *run, const struct relation *r,
                                  const struct envelope_event *ev)
{
    struct buf b;
    struct errbuf e;
    struct envelope_table *t = table_of(run, r);
    struct record *rec = add_record(run, envelope_table_topic(t));
    buf_init(&b, 0);
    rec->key = key_of(t, envelope_write_key, ev->after ? ev->after : ev->before);
    check(envelope_write_value(t, ev, &b, &e), &e);
    rec->value = strdup(buf_cstr(&b));
    buf_free(&b);
    return rec;
}

static void add_tombstone(struct run *run, const struct record *deleted)
{
    struct record *rec = add_record(run, deleted->topic);
    rec->key = deleted->key ? strdup(deleted->key) : NULL;
    rec->header = deleted->header;
    rec->other_key = deleted->other_key ? strdup(deleted->other_key) : NULL;
}

/* A changed key is a delete, its tombstone and a create, as the engine does it. */
static void write_key_change(struct run *run, const struct relation *r, struct envelope_event ev)
{
    struct envelope_table *t = table_of(run, r);
    const struct cell *before = ev.before;
    const struct cell *after = ev.after;
    ev.op = 'd';
    ev.after = NULL;
    struct record *rec = write_event(run, r, &ev);
    rec->header = "__debezium.newkey";
    rec->other_key = key_of(t, envelope_write_header_key, after);
    add_tombstone(run, rec);
    ev.op = 'c';
    ev.before = NULL;
    ev.after = after;
    rec = write_event(run, r, &ev);
    rec->header = "__debezium.oldkey";
    rec->other_key = key_of(t, envelope_write_header_key, before);
}

static void write_change(struct run *run, const struct pgoutput_message *m,
                         struct envelope_event ev)
{
    ev.before = m->before;
    ev.after = m->after;
    ev.op = m->kind == PGO_INSERT ? 'c' : m->kind == PGO_UPDATE ? 'u' : 'd';
    struct envelope_table *t = table_of(run, m->relation);
    if (ev.op == 'u' && ev.before && envelope_key_differs(t, ev.before, ev.after)) {
        write_key_change(run, m->relation, ev);
        return;
    }
    if (ev.op == 'u' && m->before_is_key)
        ev.before = NULL;
    struct record *rec = write_event(run, m->relation, &ev);
    if (ev.op == 'd')
        add_tombstone(run, rec);
}

static void write_message(struct run *run, const struct pgoutput_message *m,
                          struct envelope_event ev)
{
    struct buf key;
    struct buf value;
    struct errbuf e;
    char topic[64];
    buf_init(&key, 0);
    buf_init(&value, 0);
    (void)snprintf(topic, sizeof topic, "%s.message", run->options.prefix);
    if (!m->message_transactional)
        ev.has_xid = false;
    check(envelope_write_message(&run->options, &ev, m->message_prefix, m->message, m->message_len,
                                 &key, &value, &e),
          &e);
    struct record *rec = add_record(run, topic);
    rec->key = strdup(buf_cstr(&key));
    rec->value = strdup(buf_cstr(&value));
    buf_free(&key);
    buf_free(&value);
}

/* ---- capturing ---- */

static char *read_file(const char *path)
{
    struct buf b;
    char chunk[4096];
    size_t n;
    FILE *f = fopen(path, "re");
    if (!f)
        fail_msg("cannot open %s", path);
    buf_init(&b, 0);
    while ((n = fread(chunk, 1, sizeof chunk, f)) > 0)
        buf_add(&b, chunk, n);
    (void)fclose(f);
    char *text = strdup(buf_cstr(&b));
    buf_free(&b);
    return text;
}

/* The end of the statement at p: its semicolon outside of quotes and comments. */
static char *end_of_statement(char *p)
{
    bool quoted = false;
    for (; *p && (quoted || *p != ';'); p++) {
        if (*p == '\'')
            quoted = !quoted;
        if (!quoted && p[0] == '-' && p[1] == '-')
            p += strcspn(p, "\n") - 1;
    }
    return p;
}

/* Statement by statement: sent as one string they would be one transaction. */
static void run_file(const char *conninfo, const char *path)
{
    char *text = read_file(path);
    PGconn *c = PQconnectdb(conninfo);
    for (char *p = text; *p;) {
        char *end = end_of_statement(p);
        bool last = !*end;
        *end = '\0';
        PGresult *r = PQexec(c, p);
        ExecStatusType s = PQresultStatus(r);
        if (s != PGRES_COMMAND_OK && s != PGRES_TUPLES_OK && s != PGRES_EMPTY_QUERY)
            fail_msg("%s: %s in: %s", path, PQerrorMessage(c), p);
        PQclear(r);
        p = last ? end : end + 1;
    }
    PQfinish(c);
    free(text);
}

struct snapshot {
    struct capture *c;
    struct relation *relation;
    const char *const *marks;
};

static enum err snapshot_row(void *arg, const struct cell *cells, int n, struct errbuf *e)
{
    struct snapshot *s = arg;
    struct envelope_event ev = s->c->event;
    (void)n;
    (void)e;
    ev.op = 'r';
    ev.after = cells;
    ev.has_xid = true;
    ev.snapshot = *s->marks++;
    for (int i = 0; i < s->c->n_runs; i++)
        (void)write_event(&s->c->runs[i], s->relation, &ev);
    return ERR_OK;
}

static void take_snapshot(struct capture *c, const char *table, const char *const *marks)
{
    struct snapshot s = {.c = c, .marks = marks};
    check(source_begin_snapshot(c->source, NULL, &c->e), &c->e);
    check(source_relation(c->source, "o", table, &s.relation, &c->e), &c->e);
    check(source_copy(c->source, s.relation, NULL, snapshot_row, &s, &c->e), &c->e);
    check(source_end_snapshot(c->source, &c->e), &c->e);
    relation_unref(s.relation);
}

static void handle(struct capture *c, const struct pgoutput_message *m, uint64_t lsn)
{
    c->event.lsn = lsn;
    if (m->kind == PGO_BEGIN) {
        c->event.source_us = m->commit_time_us;
        c->event.xid = m->xid;
        c->event.has_xid = true;
    } else if (m->kind == PGO_COMMIT) {
        c->event.last_commit_lsn = m->commit_lsn;
    }
    for (int i = 0; i < c->n_runs; i++) {
        if (m->kind == PGO_INSERT || m->kind == PGO_UPDATE || m->kind == PGO_DELETE)
            write_change(&c->runs[i], m, c->event);
        else if (m->kind == PGO_MESSAGE)
            write_message(&c->runs[i], m, c->event);
    }
}

/* Reads until the server has sent all that was written before `end`. */
static void stream(struct capture *c, uint64_t end)
{
    struct replication_data data;
    struct pgoutput_message m;
    int64_t deadline = clock_mono_us() + PATIENCE_US;
    for (;;) {
        enum err rc = replication_receive(c->replication, STEP_US, &data, &c->e);
        if (rc == ERR_TIMEOUT) {
            if (replication_server_end(c->replication) >= end)
                return;
            assert_true(clock_mono_us() < deadline);
            continue;
        }
        check(rc, &c->e);
        check(pgoutput_decode(c->decoder, data.p, data.n, &m, &c->e), &c->e);
        c->event.now_ns = clock_wall_ns();
        handle(c, &m, data.wal_start);
    }
}

static void capture_all(const char *conninfo)
{
    static const char *const composite[] = {"first"};
    static const char *const types[] = {"first_in_data_collection", "last"};
    struct capture c = {.runs = runs, .n_runs = LENGTH(runs)};
    uint64_t lsn;
    uint64_t end;
    char snapshot[64];
    check(source_open(conninfo, &c.source, &c.e), &c.e);
    check(source_publication_ensure(c.source, "corpus", "all_tables", NULL, &c.e), &c.e);
    check(replication_open(conninfo, &c.replication, &c.e), &c.e);
    check(replication_create_slot(c.replication, "corpus", false, &lsn, snapshot, sizeof snapshot,
                                  &c.e),
          &c.e);
    c.event.lsn = lsn;
    c.event.source_us = clock_wall_us();
    c.event.now_ns = clock_wall_ns();
    c.event.snapshot = "false";
    take_snapshot(&c, "composite", composite);
    take_snapshot(&c, "types", types);
    /* all of it before the first change is read: the catalog is then the one of the end */
    run_file(conninfo, CORPUS "/changes.sql");
    check(source_wal_lsn(c.source, &end, &c.e), &c.e);
    check(replication_start(c.replication, "corpus", "corpus", lsn, &c.e), &c.e);
    c.decoder = pgoutput_create(source_resolve, c.source);
    stream(&c, end);
    pgoutput_destroy(c.decoder);
    replication_close(c.replication);
    source_close(c.source);
}

/* ---- comparing ---- */

static void strip(json_t *value)
{
    static const char *const everywhere[] = {"ts_ms", "ts_us", "ts_ns"};
    static const char *const in_source[] = {"version", "ts_ms",    "ts_us", "ts_ns",
                                            "lsn",     "sequence", "xmin"};
    json_t *payload = json_object_get(value, "payload");
    json_t *top = payload ? payload : value;
    json_t *source = json_object_get(top, "source");
    /* set, not removed: the places and the nulls count */
    for (int i = 0; i < LENGTH(everywhere); i++)
        if (json_is_integer(json_object_get(top, everywhere[i])))
            (void)json_object_set_new(top, everywhere[i], json_integer(0));
    for (int i = 0; i < LENGTH(in_source); i++) {
        json_t *was = json_object_get(source, in_source[i]);
        if (was && !json_is_null(was))
            (void)json_object_set_new(source, in_source[i], json_integer(0));
    }
    if (json_is_integer(json_object_get(source, "txId")))
        (void)json_object_set_new(source, "txId", json_integer(0));
}

static char *dump(const json_t *j)
{
    return j ? json_dumps(j, JSON_COMPACT | JSON_ENCODE_ANY) : strdup("(absent)");
}

static bool is_deviation(const char *column, const char *theirs, const char *ours)
{
    for (int i = 0; i < LENGTH(deviations); i++)
        if (!strcmp(column, deviations[i].column) && !strcmp(theirs, deviations[i].theirs) &&
            !strcmp(ours, deviations[i].ours)) {
            deviations[i].seen++;
            return true;
        }
    return false;
}

static bool same_fields(json_t *a, json_t *b)
{
    void *x = json_object_iter(a);
    void *y = json_object_iter(b);
    while (x && y && !strcmp(json_object_iter_key(x), json_object_iter_key(y))) {
        x = json_object_iter_next(a, x);
        y = json_object_iter_next(b, y);
    }
    return !x && !y;
}

/* The fields of a Connect schema: {"type":..,"field":..} */
static bool are_schemas(const json_t *a, const json_t *b)
{
    return json_is_array(a) && json_array_size(a) == json_array_size(b) &&
           json_object_get(json_array_get(a, 0), "field");
}

/*
 * Goes down while both sides have the same fields in the same order; prints what differs. `name` is
 * the last step of the path.
 */
static void compare(struct run *run, const char *path, const char *name, json_t *theirs,
                    json_t *ours)
{
    enum { STEPS_MAX = 400, SHOWN = 300 };
    char inner[STEPS_MAX];
    if (json_is_object(theirs) && json_is_object(ours) && same_fields(theirs, ours)) {
        const char *key;
        json_t *value;
        json_object_foreach(theirs, key, value)
        {
            (void)snprintf(inner, sizeof inner, "%s.%s", path, key);
            compare(run, inner, key, value, json_object_get(ours, key));
        }
        return;
    }
    if (are_schemas(theirs, ours)) {
        for (size_t i = 0; i < json_array_size(theirs); i++) {
            json_t *a = json_array_get(theirs, i);
            const char *field = json_string_value(json_object_get(a, "field"));
            (void)snprintf(inner, sizeof inner, "%s[%zu]", path, i);
            compare(run, inner, field, a, json_array_get(ours, i));
        }
        return;
    }
    char *x = dump(theirs);
    char *y = dump(ours);
    if (strcmp(x, y) != 0 && !is_deviation(name, x, y)) {
        print_error("%s:\n  Debezium: %.*s\n  ours:     %.*s\n", path, SHOWN, x, SHOWN, y);
        run->differences++;
    }
    free(x);
    free(y);
}

static void difference(struct run *run, const char *where, const char *what, const char *theirs,
                       const char *ours)
{
    print_error("%s: %s:\n  Debezium: %s\n  ours:     %s\n", where, what,
                theirs ? theirs : "(none)", ours ? ours : "(none)");
    run->differences++;
}

static bool same(const char *a, const char *b)
{
    return a && b ? !strcmp(a, b) : a == b;
}

/* The header that tells a key change, if the record has one. */
static void compare_header(struct run *run, const char *where, const json_t *theirs,
                           const struct record *ours)
{
    const char *name = NULL;
    const char *value = NULL;
    size_t i;
    json_t *h;
    json_array_foreach(json_object_get(theirs, "headers"), i, h)
    {
        const char *n = json_string_value(json_array_get(h, 0));
        if (!strncmp(n, "__debezium.context.", 19))
            continue;
        name = n;
        value = json_string_value(json_array_get(h, 1));
    }
    if (!same(name, ours->header))
        difference(run, where, "header", name, ours->header);
    if (!same(value, ours->other_key))
        difference(run, where, "header's key", value, ours->other_key);
}

static void compare_record(struct run *run, const char *where, const json_t *theirs,
                           const struct record *ours)
{
    const char *key = json_string_value(json_object_get(theirs, "key"));
    const char *value = json_string_value(json_object_get(theirs, "value"));
    compare_header(run, where, theirs, ours);
    if (!same(key, ours->key))
        difference(run, where, "key", key, ours->key);
    if (!value || !ours->value) {
        if (value || ours->value)
            difference(run, where, "value", value, ours->value);
        return;
    }
    json_t *a = json_loads(value, 0, NULL);
    json_t *b = json_loads(ours->value, 0, NULL);
    if (!b)
        difference(run, where, "ours is not JSON", value, ours->value);
    strip(a);
    strip(b);
    compare(run, where, "", a, b);
    json_decref(a);
    json_decref(b);
}

/* The n-th record of ours in a topic. */
static const struct record *nth(const struct run *run, const char *topic, int n)
{
    for (int i = 0; i < run->n_records; i++)
        if (!strcmp(run->records[i].topic, topic) && !n--)
            return &run->records[i];
    return NULL;
}

static int compare_topic(struct run *run, const char *name)
{
    char path[256];
    char topic[128];
    char where[160];
    (void)snprintf(topic, sizeof topic, "%s.%s", run->options.prefix, name);
    (void)snprintf(path, sizeof path, CORPUS "/%s/%s.jsonl", run->folder, topic);
    char *text = read_file(path);
    char *rest = NULL;
    int n = 0;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        json_t *theirs = json_loads(line, 0, NULL);
        const struct record *ours = nth(run, topic, n);
        (void)snprintf(where, sizeof where, "%s[%d]", topic, n++);
        if (ours)
            compare_record(run, where, theirs, ours);
        else
            difference(run, where, "record", line, NULL);
        json_decref(theirs);
    }
    if (nth(run, topic, n))
        difference(run, topic, "more records than Debezium has", NULL, nth(run, topic, n)->value);
    free(text);
    return n;
}

static void check_run(struct run *run)
{
    static const char *const topics[] = {"o.types",         "o.types_default", "o.toast_full",
                                         "o.toast_default", "o.nopk_full",     "o.nopk_nothing",
                                         "o.composite",     "o.evolve",        "message"};
    int n = 0;
    if (access(CORPUS "/changes.sql", R_OK) != 0) {
        print_message("skipped: there is no " CORPUS "\n");
        skip();
    }
    for (int i = 0; i < LENGTH(topics); i++)
        n += compare_topic(run, topics[i]);
    assert_int_equal(n, run->n_records);
    print_message("%d records of %d topics compared\n", n, LENGTH(topics));
    if (run->differences)
        fail_msg("%d differences", run->differences);
}

static void test_plain(void **state)
{
    (void)state;
    check_run(&runs[0]);
}

static void test_inline_schemas(void **state)
{
    (void)state;
    check_run(&runs[1]);
}

/* A deviation that does not occur any more is to be taken from the list (and from docs/events.md).
 */
static void test_deviations_occur(void **state)
{
    (void)state;
    if (access(CORPUS "/changes.sql", R_OK) != 0)
        skip();
    for (int i = 0; i < LENGTH(deviations); i++) {
        print_message("deviates: %s: %s\n", deviations[i].column, deviations[i].why);
        assert_true(deviations[i].seen > 0);
    }
}

static int setup(void **state)
{
    (void)state;
    if (access(CORPUS "/changes.sql", R_OK) != 0)
        return 0;
    if (fixture_start(FIXTURE_PRIMARY))
        return -1;
    static const char *const prefixes[] = {"o_default", "o_default_schema"};
    static const char *const folders[] = {"default", "default_schema"};
    for (int i = 0; i < LENGTH(runs); i++) {
        runs[i].folder = folders[i];
        runs[i].options = (struct envelope_options){.prefix = prefixes[i],
                                                    .database = "src",
                                                    .version = FLIGHTDECK_VERSION,
                                                    .placeholder = "__debezium_unavailable_value",
                                                    .inline_schema_key = i,
                                                    .inline_schema_value = i};
    }
    char conninfo[512];
    (void)snprintf(conninfo, sizeof conninfo, "%s", fixture_database("src"));
    run_file(conninfo, CORPUS "/schema.sql");
    capture_all(conninfo);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (int i = 0; i < LENGTH(runs); i++) {
        for (int k = 0; k < runs[i].n_records; k++) {
            free(runs[i].records[k].topic);
            free(runs[i].records[k].key);
            free(runs[i].records[k].value);
            free(runs[i].records[k].other_key);
        }
        for (int k = 0; k < runs[i].n_tables; k++)
            envelope_table_destroy(runs[i].tables[k]);
    }
    return fixture_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_inline_schemas),
        cmocka_unit_test(test_deviations_occur),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
