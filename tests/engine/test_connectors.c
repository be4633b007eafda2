/* What an operator asks of connectors, over the socket of the real engine: it is done, it is
 * recorded, it survives kill -9, and no row is lost or doubled by it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backend/base/clock.h"
#include "backend/serve/client.h"
#include "tests/fixture/fixture.h"
#include "tests/fixture/harness.h"

enum { WAIT_S = 60 };

static int setup(void **state)
{
    (void)state;
    return fixture_start(FIXTURE_PRIMARY | FIXTURE_KAFKA | FIXTURE_WAREHOUSE);
}

static int teardown(void **state)
{
    (void)state;
    return fixture_stop();
}

/* ---- asking ---- */

/* Takes params over. ERR_CONNECT: no engine answers (yet). */
static enum err ask(const struct harness *h, const char *method, json_t *params, json_t **result,
                    struct errbuf *e)
{
    char path[600];
    struct client *c = NULL;
    *result = NULL;
    (void)snprintf(path, sizeof path, "%s/state/control.sock", h->dir);
    enum err rc = client_connect(path, CLIENT_TIMEOUT_MS, &c, e);
    if (!rc)
        rc = client_call(c, method, params, WAIT_S * 1000, result, e);
    client_close(c);
    json_decref(params);
    return rc;
}

/* A request that has to go well. */
static json_t *done(const struct harness *h, const char *method, json_t *params)
{
    struct errbuf e;
    json_t *result;
    enum err rc = ask(h, method, params, &result, &e);
    if (rc)
        fail_msg("%s: %s: %s\nengine log:\n%s", method, err_word(rc), e.text, harness_log(h));
    return result;
}

static json_t *named(const char *name)
{
    return json_pack("{s:s}", "name", name);
}

/* pause, resume, ..; the state that it answers is one of two. */
static void act(const struct harness *h, const char *method, const char *name, const char *one,
                const char *other)
{
    json_t *r = done(h, method, named(name));
    const char *state = json_string_value(json_object_get(r, "state"));
    if (!state || (strcmp(state, one) != 0 && strcmp(state, other) != 0))
        fail_msg("%s %s: the state is %s", method, name, state ? state : "missing");
    json_decref(r);
}

/* Not by fail_msg in a loop: the engine may be starting. Returns a new reference or NULL. */
static json_t *connectors(const struct harness *h)
{
    struct errbuf e;
    json_t *r;
    return ask(h, "connector.list", NULL, &r, &e) == ERR_OK ? r : NULL;
}

static const json_t *find(const json_t *list, const char *name)
{
    size_t i;
    const json_t *c;
    json_array_foreach(json_object_get(list, "connectors"), i, c)
    {
        if (!strcmp(json_string_value(json_object_get(c, "name")), name))
            return c;
    }
    return NULL;
}

struct expected {
    const struct harness *h;
    const char *name;
    const char *state;
};

static bool has_state(void *arg)
{
    const struct expected *x = arg;
    json_t *list = connectors(x->h);
    const json_t *c = find(list, x->name);
    const char *state = json_string_value(json_object_get(c, "state"));
    bool yes = state && !strcmp(state, x->state);
    json_decref(list);
    return yes;
}

static void wait_state(const struct harness *h, const char *name, const char *state)
{
    char what[256];
    struct expected x = {h, name, state};
    (void)snprintf(what, sizeof what, "%s is %s", name, state);
    fixture_wait(what, WAIT_S, has_state, &x);
}

static bool answers(void *arg)
{
    json_t *list = connectors(arg);
    bool yes = list != NULL;
    json_decref(list);
    return yes;
}

static void start(struct harness *h)
{
    harness_engine_start(h);
    fixture_wait("the engine answers", WAIT_S, answers, h);
}

static void kill_and_start(struct harness *h)
{
    (void)harness_engine_end(h, SIGKILL);
    start(h);
}

static void stop(struct harness *h)
{
    int status = harness_engine_end(h, SIGTERM);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static bool there(const struct harness *h, const char *name)
{
    json_t *list = connectors(h);
    assert_non_null(list);
    bool yes = find(list, name) != NULL;
    json_decref(list);
    return yes;
}

/* The last event of an area about a connector whose text has `words`; NULL: none. */
static json_t *event_of(const struct harness *h, const char *area, const char *name,
                        const char *words)
{
    json_t *r = done(h, "events.list", json_pack("{s:i, s:i}", "after", 0, "limit", 2000));
    const json_t *list = json_object_get(r, "events");
    json_t *found = NULL;
    for (size_t i = json_array_size(list); i-- > 0 && !found;) {
        json_t *v = json_array_get(list, i);
        if (!strcmp(json_string_value(json_object_get(v, "area")), area) &&
            !strcmp(json_string_value(json_object_get(v, "object")), name) &&
            strstr(json_string_value(json_object_get(v, "text")), words))
            found = json_incref(v);
    }
    json_decref(r);
    return found;
}

static void expect_event(const struct harness *h, const char *area, const char *name,
                         const char *words)
{
    json_t *v = event_of(h, area, name, words);
    if (!v)
        fail_msg("there is no %s event about %s with \"%s\"", area, name, words);
    json_decref(v);
}

static void run_sql(const char *conninfo, const char *sql)
{
    free(fixture_sql(conninfo, sql));
}

static long long rows_of(const char *name)
{
    char sql[256];
    (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM raw.%s_public_t", name);
    return fixture_number(fixture_warehouse_conninfo(), sql);
}

/* In raw are exactly so many rows, each once. */
static void wait_rows(const char *name, int n)
{
    char sql[512];
    char text[32];
    (void)snprintf(sql, sizeof sql, "SELECT to_regclass('raw.%s_public_t')", name);
    char table[128];
    (void)snprintf(table, sizeof table, "raw.%s_public_t", name);
    fixture_wait_sql(fixture_warehouse_conninfo(), sql, table, WAIT_S);
    (void)snprintf(sql, sizeof sql,
                   "SELECT count(*) || ' ' || count(DISTINCT (_partition, _offset)) FROM %s",
                   table);
    (void)snprintf(text, sizeof text, "%d %d", n, n);
    fixture_wait_sql(fixture_warehouse_conninfo(), sql, text, WAIT_S);
}

static char *database(const char *name)
{
    char *db = strdup(fixture_database(name));
    run_sql(db, "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT i, 'first' FROM "
                "generate_series(1, 100) i");
    return db;
}

/* Rows from..to in many transactions. */
static void insert(const char *db, int from, int to)
{
    char sql[256];
    (void)snprintf(sql, sizeof sql,
                   "DO $$BEGIN FOR i IN %d..%d LOOP INSERT INTO t VALUES (i, 'later'); COMMIT; END "
                   "LOOP; END$$",
                   from, to);
    run_sql(db, sql);
}

/* The source as a file's JSON or for apply; the caller's to free. */
static char *source_json(const char *name, const char *more)
{
    char *text;
    assert_true(asprintf(&text,
                         "{\"name\": \"%s-source\", \"config\": {\"connector.class\": "
                         "\"io.debezium.connector.postgresql.PostgresConnector\", "
                         "\"topic.prefix\": \"%s\", \"slot.name\": \"%s\", \"publication.name\": "
                         "\"%s\", \"publication.autocreate.mode\": \"all_tables\"%s}}",
                         name, name, name, name, more) > 0);
    return text;
}

static char *sink_json(const char *name, const char *more)
{
    char *text;
    assert_true(asprintf(&text,
                         "{\"name\": \"%s-sink\", \"config\": {\"connector.class\": "
                         "\"io.confluent.connect.jdbc.JdbcSinkConnector\", \"topics.regex\": "
                         "\"%s\\\\.public\\\\..*\", \"auto.create\": \"true\", \"auto.evolve\": "
                         "\"true\"%s}}",
                         name, name, more) > 0);
    return text;
}

/* connector.apply with a file's JSON. */
static json_t *apply_params(const char *json)
{
    json_t *all = json_loads(json, 0, NULL);
    assert_non_null(all);
    json_t *params = json_pack("{s:O, s:O}", "name", json_object_get(all, "name"), "config",
                               json_object_get(all, "config"));
    json_decref(all);
    return params;
}

static void apply(const struct harness *h, const char *json, bool created)
{
    json_t *r = done(h, "connector.apply", apply_params(json));
    assert_true(json_is_boolean(json_object_get(r, "created")));
    assert_int_equal(json_is_true(json_object_get(r, "created")), created);
    json_decref(r);
}

static void expect_setting(const struct harness *h, const char *name, const char *key,
                           const char *value)
{
    json_t *r = done(h, "connector.show", named(name));
    const char *s = json_string_value(json_object_get(json_object_get(r, "config"), key));
    assert_non_null(s);
    assert_string_equal(s, value);
    json_decref(r);
}

/* ---- the tests ---- */

/* A paused source stays paused through a kill, and takes up all that was committed meanwhile. */
static void test_pause_and_resume(void **state)
{
    struct harness h;
    char *db = database("c_pause");
    (void)state;
    harness_init(&h, "c_pause", db, NULL);
    start(&h);
    wait_state(&h, "c_pause-source", "RUNNING");
    harness_verify(&h, WAIT_S);
    assert_int_equal(rows_of("c_pause"), 100);

    act(&h, "connector.pause", "c_pause-source", "STOPPING", "PAUSED");
    wait_state(&h, "c_pause-source", "PAUSED");
    insert(db, 101, 400);
    run_sql(db, "UPDATE t SET v = 'changed' WHERE id <= 50; DELETE FROM t WHERE id = 400");
    kill_and_start(&h);
    wait_state(&h, "c_pause-source", "PAUSED");
    wait_state(&h, "c_pause-sink", "RUNNING"); /* only that one was paused */
    insert(db, 401, 500);
    expect_event(&h, "audit", "c_pause-source", "connector.pause: ok");
    assert_int_equal(rows_of("c_pause"), 100);

    act(&h, "connector.resume", "c_pause-source", "STARTING", "RUNNING");
    wait_state(&h, "c_pause-source", "RUNNING");
    harness_verify(&h, WAIT_S);
    wait_rows("c_pause", 100 + 300 + 50 + 1 + 100);

    /* a paused sink */
    act(&h, "connector.pause", "c_pause-sink", "STOPPING", "PAUSED");
    wait_state(&h, "c_pause-sink", "PAUSED");
    insert(db, 501, 700);
    kill_and_start(&h);
    wait_state(&h, "c_pause-sink", "PAUSED");
    wait_state(&h, "c_pause-source", "RUNNING"); /* resumed, and that is kept as well */
    assert_int_equal(rows_of("c_pause"), 551);
    act(&h, "connector.resume", "c_pause-sink", "STARTING", "RUNNING");
    harness_verify(&h, WAIT_S);
    wait_rows("c_pause", 751);
    stop(&h);
    free(db);
}

/* stop and restart; what is asked in vain is answered in words and recorded too. */
static void test_stop_and_restart(void **state)
{
    struct harness h;
    struct errbuf e;
    json_t *r;
    char *db = database("c_stop");
    char who[300];
    const struct passwd *me = getpwuid(getuid());
    (void)state;
    harness_init(&h, "c_stop", db, NULL);
    start(&h);
    harness_verify(&h, WAIT_S);
    act(&h, "connector.stop", "c_stop-sink", "STOPPING", "STOPPED");
    wait_state(&h, "c_stop-sink", "STOPPED");
    act(&h, "connector.stop", "c_stop-sink", "STOPPED", "STOPPED"); /* again: fine */
    kill_and_start(&h);
    wait_state(&h, "c_stop-source", "RUNNING");
    wait_state(&h, "c_stop-sink", "STOPPED");
    act(&h, "connector.pause", "c_stop-sink", "PAUSED", "PAUSED");
    kill_and_start(&h);
    wait_state(&h, "c_stop-source", "RUNNING");
    act(&h, "connector.restart", "c_stop-sink", "STARTING", "RUNNING");
    wait_state(&h, "c_stop-sink", "RUNNING");
    act(&h, "connector.restart", "c_stop-source", "STOPPING", "STARTING");
    wait_state(&h, "c_stop-source", "RUNNING");
    insert(db, 101, 200);
    harness_verify(&h, WAIT_S);
    wait_rows("c_stop", 200);

    assert_int_equal(ask(&h, "connector.pause", named("nobody"), &r, &e), ERR_NOT_FOUND);
    assert_non_null(strstr(e.text, "no connector is named nobody"));
    json_decref(r);
    assert_int_equal(ask(&h, "connector.pause", NULL, &r, &e), ERR_USAGE);
    json_decref(r);
    (void)harness_engine_end(&h, SIGKILL);
    start(&h);
    wait_state(&h, "c_stop-sink", "RUNNING");
    json_t *v = event_of(&h, "audit", "nobody", "connector.pause: not_found: no connector");
    assert_non_null(v);
    assert_string_equal(json_string_value(json_object_get(v, "level")), "warning");
    (void)snprintf(who, sizeof who, "%s (pid %d)", me ? me->pw_name : "", (int)getpid());
    if (me)
        assert_string_equal(json_string_value(json_object_get(v, "who")), who);
    json_decref(v);
    expect_event(&h, "audit", "c_stop-sink", "connector.stop: ok");
    expect_event(&h, "audit", "c_stop-sink", "connector.restart: ok");
    expect_event(&h, "connector", "c_stop-sink", "-> RUNNING");
    stop(&h);
    free(db);
}

/* Applied at run time: it runs, survives a kill, is changed, deleted, and goes on where it was. */
static void test_apply_and_delete(void **state)
{
    struct harness h;
    char *db = database("c_apply");
    char *source = source_json("c_apply", "");
    char *sink = sink_json("c_apply", ", \"batch.size\": \"${BATCH}\"");
    char *changed = sink_json("c_apply", ", \"batch.size\": \"77\"");
    (void)state;
    harness_init(&h, "c_apply", db, "connectors: [connectors]\nvariables: {BATCH: \"500\"}\n");
    harness_connector(&h, "source", source);
    start(&h);
    wait_state(&h, "c_apply-source", "RUNNING");
    assert_false(there(&h, "c_apply-sink"));
    apply(&h, sink, true);
    wait_rows("c_apply", 100);
    kill_and_start(&h);
    wait_state(&h, "c_apply-sink", "RUNNING");
    expect_setting(&h, "c_apply-sink", "batch.size", "${BATCH}"); /* kept as it was given */
    insert(db, 101, 200);
    harness_verify(&h, WAIT_S); /* knows the sink by the store */
    wait_rows("c_apply", 200);

    /* changed while it is paused: it stays paused */
    act(&h, "connector.pause", "c_apply-sink", "STOPPING", "PAUSED");
    apply(&h, changed, false);
    wait_state(&h, "c_apply-sink", "PAUSED");
    kill_and_start(&h);
    wait_state(&h, "c_apply-sink", "PAUSED");
    expect_setting(&h, "c_apply-sink", "batch.size", "77");
    act(&h, "connector.resume", "c_apply-sink", "STARTING", "RUNNING");
    insert(db, 201, 300);
    wait_rows("c_apply", 300);

    act(&h, "connector.delete", "c_apply-sink", "DELETED", "DELETED");
    assert_false(there(&h, "c_apply-sink"));
    insert(db, 301, 400);
    kill_and_start(&h);
    assert_false(there(&h, "c_apply-sink"));
    assert_int_equal(rows_of("c_apply"), 300);
    apply(&h, sink, true); /* its position was not deleted */
    wait_rows("c_apply", 400);
    harness_verify(&h, WAIT_S);
    expect_event(&h, "audit", "c_apply-sink", "connector.apply: ok");
    expect_event(&h, "audit", "c_apply-sink", "connector.delete: ok");
    stop(&h);
    free(db);
    free(source);
    free(sink);
    free(changed);
}

static void expect_log(const struct harness *h, const char *words)
{
    char *log = harness_log(h);
    if (!strstr(log, words))
        fail_msg("the log does not say \"%s\":\n%s", words, log);
    free(log);
}

/* A file's connector: overridden, given back to the file, deleted, brought back. */
static void test_file_and_store(void **state)
{
    struct harness h;
    struct errbuf e;
    json_t *r;
    char *db = database("c_file");
    char *source = source_json("c_file", "");
    char *sink = sink_json("c_file", "");
    char *changed = sink_json("c_file", ", \"batch.size\": \"77\"");
    (void)state;
    harness_init(&h, "c_file", db, "connectors: [connectors]\n");
    harness_connector(&h, "source", source);
    harness_connector(&h, "sink", sink);
    start(&h);
    wait_rows("c_file", 100);
    apply(&h, changed, false);
    kill_and_start(&h);
    expect_setting(&h, "c_file-sink", "batch.size", "77");
    expect_log(&h, "c_file-sink: what was applied at run time counts (");
    expect_log(&h, "connectors/sink.json");

    /* the file catches up: from now on it counts again */
    harness_connector(&h, "sink", changed);
    kill_and_start(&h);
    expect_log(&h, "says what was applied: the file counts again");
    harness_connector(&h, "sink", sink);
    kill_and_start(&h);
    r = done(&h, "connector.show", named("c_file-sink"));
    assert_null(json_object_get(json_object_get(r, "config"), "batch.size"));
    json_decref(r);

    /* deleted though its file stays, and also after it was changed at run time */
    apply(&h, changed, false);
    act(&h, "connector.delete", "c_file-sink", "DELETED", "DELETED");
    act(&h, "connector.delete", "c_file-source", "DELETED", "DELETED");
    expect_log(&h, "its slot c_file stays");
    kill_and_start(&h);
    assert_false(there(&h, "c_file-sink"));
    assert_false(there(&h, "c_file-source"));
    expect_log(&h, "connectors/sink.json is left out; apply it to have it back");
    assert_int_equal(ask(&h, "connector.delete", named("c_file-sink"), &r, &e), ERR_NOT_FOUND);
    json_decref(r);
    insert(db, 101, 200);
    apply(&h, source, true);
    apply(&h, sink, true);
    wait_rows("c_file", 200); /* no second snapshot: the positions were kept */
    kill_and_start(&h);
    insert(db, 201, 300);
    harness_verify(&h, WAIT_S);
    wait_rows("c_file", 300);
    stop(&h);
    free(db);
    free(source);
    free(sink);
    free(changed);
}

/* The request is refused with these words among data.errors, of which there are so many. */
static void refused(const struct harness *h, json_t *params, size_t n, const char *const *words)
{
    struct errbuf e;
    json_t *data;
    size_t i;
    const json_t *x;
    assert_int_equal(ask(h, "connector.apply", params, &data, &e), ERR_CONFIG);
    const json_t *errors = json_object_get(data, "errors");
    if (json_array_size(errors) != n)
        fail_msg("%zu errors, not %zu: %s", json_array_size(errors), n, e.text);
    for (; *words; words++) {
        bool found = false;
        json_array_foreach(errors, i, x)
        {
            found = found || strstr(json_string_value(x), *words);
        }
        if (!found)
            fail_msg("no error has \"%s\": %s", *words, e.text);
    }
    json_decref(data);
}

static void test_invalid_apply(void **state)
{
    struct harness h;
    char *db = database("c_bad");
    char *bad = source_json("c_bad", ", \"snapshot.mode\": \"sometimes\", \"tabel.include.list\": "
                                     "\"x\", \"heartbeat.interval.ms\": \"soon\"");
    char *twin = source_json("c_bad", "");
    char *odd = sink_json("c_bad", ", \"connection.password\": \"${NO_SUCH_VARIABLE}\"");
    (void)state;
    harness_init(&h, "c_bad", db, NULL);
    start(&h);
    harness_verify(&h, WAIT_S);
    json_t *before = done(&h, "connector.show", named("c_bad-source"));

    refused(&h, apply_params(bad), 3,
            (const char *const[]){"sometimes", "unknown key `tabel.include.list`", "soon", NULL});
    refused(&h, apply_params(odd), 1, (const char *const[]){"NO_SUCH_VARIABLE", NULL});
    json_t *params = apply_params(twin);
    (void)json_object_set_new(params, "name", json_string("c_bad-twin"));
    refused(&h, params, 1, (const char *const[]){"use the same slot c_bad", NULL});
    params = apply_params(twin);
    (void)json_object_set_new(json_object_get(params, "config"), "name", json_string("other"));
    refused(&h, params, 2,
            (const char *const[]){"is `other` in the configuration, `c_bad-source` in the request",
                                  "use the same slot", NULL});

    for (int i = 0; i < 2; i++) { /* nothing has changed, now and after a restart */
        json_t *list = connectors(&h);
        assert_int_equal(json_array_size(json_object_get(list, "connectors")), 2);
        json_decref(list);
        json_t *after = done(&h, "connector.show", named("c_bad-source"));
        assert_true(
            json_equal(json_object_get(before, "config"), json_object_get(after, "config")));
        json_decref(after);
        if (!i)
            kill_and_start(&h);
    }
    expect_event(&h, "audit", "c_bad-source", "connector.apply: configuration: ");
    insert(db, 101, 200);
    harness_verify(&h, WAIT_S);
    stop(&h);
    json_decref(before);
    free(db);
    free(bad);
    free(twin);
    free(odd);
}

/* A stored connector that can no longer be used is left out, in words; the others run. */
static void test_stored_with_faults(void **state)
{
    struct harness h;
    struct errbuf e;
    json_t *r;
    char path[600];
    char *db = database("c_fault");
    char *more;
    (void)state;
    harness_init(&h, "c_fault", db, NULL);
    (void)snprintf(path, sizeof path, "%s/batch", h.dir);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs("123\n", f) >= 0);
    assert_int_equal(fclose(f), 0);
    assert_true(asprintf(&more, ", \"batch.size\": \"${file:%s}\"", path) > 0);
    char *sink = sink_json("c_fault", more);
    start(&h);
    harness_verify(&h, WAIT_S);
    apply(&h, sink, false); /* takes the built-in one's place */
    wait_state(&h, "c_fault-sink", "RUNNING");
    assert_int_equal(unlink(path), 0);
    kill_and_start(&h);
    wait_state(&h, "c_fault-source", "RUNNING");
    assert_false(there(&h, "c_fault-sink"));
    json_t *v = event_of(&h, "connector", "c_fault-sink", "left out");
    assert_non_null(v);
    assert_string_equal(json_string_value(json_object_get(v, "level")), "error");
    assert_non_null(strstr(json_string_value(json_object_get(v, "text")), path));
    json_decref(v);
    expect_log(&h, "c_fault-sink: left out");

    act(&h, "connector.delete", "c_fault-sink", "DELETED", "DELETED"); /* that can be done */
    assert_int_equal(ask(&h, "connector.delete", named("c_fault-sink"), &r, &e), ERR_NOT_FOUND);
    json_decref(r);
    char *good = sink_json("c_fault", "");
    apply(&h, good, true);
    insert(db, 101, 200);
    harness_verify(&h, WAIT_S);
    wait_rows("c_fault", 200);
    stop(&h);
    free(db);
    free(more);
    free(sink);
    free(good);
}

/* offsets: what is confirmed, in numbers that move; also while the source is paused. */
static void test_offsets(void **state)
{
    struct harness h;
    char *db = database("c_offs");
    (void)state;
    harness_init(&h, "c_offs", db, NULL);
    start(&h);
    harness_verify(&h, WAIT_S);
    json_t *r = done(&h, "connector.offsets", named("c_offs-source"));
    const json_t *o = json_array_get(json_object_get(r, "offsets"), 0);
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(o, "partition"), "server")), "c_offs");
    assert_string_equal(json_string_value(json_object_get(json_object_get(o, "offset"), "slot")),
                        "c_offs");
    assert_non_null(strchr(
        json_string_value(json_object_get(json_object_get(o, "offset"), "confirmed_lsn")), '/'));
    json_decref(r);

    int64_t sum = 0;
    size_t i;
    r = done(&h, "connector.offsets", named("c_offs-sink"));
    json_array_foreach(json_object_get(r, "offsets"), i, o)
    {
        const char *topic =
            json_string_value(json_object_get(json_object_get(o, "partition"), "kafka_topic"));
        if (!strcmp(topic, "c_offs.public.t"))
            sum +=
                json_integer_value(json_object_get(json_object_get(o, "offset"), "kafka_offset"));
    }
    assert_true(sum >= 100); /* transactions' marks count as well */
    json_decref(r);

    /* one that does not run knows of no lag: that is not 0 */
    act(&h, "connector.stop", "c_offs-sink", "STOPPING", "STOPPED");
    wait_state(&h, "c_offs-sink", "STOPPED");
    r = done(&h, "connector.show", named("c_offs-sink"));
    assert_true(json_is_null(json_object_get(r, "lag_records")));
    assert_string_equal(json_string_value(json_object_get(r, "detail")), "");
    json_decref(r);
    stop(&h);
    free(db);
}

struct place {
    const struct harness *h;
    int64_t expected;
};

/* What the sink's offsets of c_rest.public.t add up to. */
static bool stands_there(void *arg)
{
    struct place *p = arg;
    const json_t *o;
    size_t i;
    json_t *r = done(p->h, "connector.offsets", named("c_rest-sink"));
    int64_t sum = 0;
    json_array_foreach(json_object_get(r, "offsets"), i, o)
    {
        if (!strcmp(
                json_string_value(json_object_get(json_object_get(o, "partition"), "kafka_topic")),
                "c_rest.public.t"))
            sum +=
                json_integer_value(json_object_get(json_object_get(o, "offset"), "kafka_offset"));
    }
    json_decref(r);
    return sum == p->expected;
}

/* A sink tells where it stands while it runs; one that does not has it in the warehouse, also since
 * the engine's start. */
static void test_offsets_of_one_at_rest(void **state)
{
    struct harness h;
    char *db = database("c_rest");
    (void)state;
    harness_init(&h, "c_rest", db, NULL);
    start(&h);
    harness_verify(&h, WAIT_S);
    act(&h, "connector.pause", "c_rest-sink", "STOPPING", "PAUSED");
    wait_state(&h, "c_rest-sink", "PAUSED");
    struct place p = {.h = &h,
                      .expected = fixture_number(fixture_warehouse_conninfo(),
                                                 "SELECT sum(next_offset) FROM "
                                                 "raw._flightdeck_offsets WHERE connector = "
                                                 "'c_rest-sink' AND topic = 'c_rest.public.t'")};
    fixture_wait("offsets of the paused sink", WAIT_S, stands_there, &p);
    kill_and_start(&h);
    wait_state(&h, "c_rest-sink", "PAUSED");
    fixture_wait("offsets of a sink that is paused from the start", WAIT_S, stands_there, &p);
    json_t *r = done(&h, "connector.show", named("c_rest-sink"));
    assert_true(json_array_size(json_object_get(r, "topics")) > 0);
    assert_true(json_is_null(json_object_get(r, "lag_records"))); /* of that nothing is known */
    json_decref(r);
    stop(&h);
    free(db);
}

/* The engine does not start over a store that it cannot read, and leaves it as it is. */
static void test_damaged_store(void **state)
{
    struct harness h;
    char *db = database("c_store");
    char path[600];
    char *out = NULL;
    char text[64] = "";
    (void)state;
    harness_init(&h, "c_store", db, NULL);
    start(&h);
    stop(&h);
    (void)snprintf(path, sizeof path, "%s/state/flightdeck.db", h.dir);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs("no database", f) >= 0);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(HARNESS_RUN(&h, &out, "engine"), 1);
    if (!strstr(out, path) || !strstr(out, "is damaged") || !strstr(out, "move it"))
        fail_msg("%s", out);
    free(out);
    f = fopen(path, "r");
    assert_non_null(f);
    assert_non_null(fgets(text, sizeof text, f));
    (void)fclose(f);
    assert_string_equal(text, "no database");
    free(db);
}

/* A batch says at once that somebody paused a connector; it runs it when it is told to. */
static void test_batch_with_a_paused_one(void **state)
{
    struct harness h;
    char *out = NULL;
    char *db = database("c_batch");
    (void)state;
    harness_init(&h, "c_batch", db, NULL);
    start(&h);
    harness_verify(&h, WAIT_S);
    act(&h, "connector.pause", "c_batch-sink", "STOPPING", "PAUSED");
    act(&h, "connector.stop", "c_batch-source", "STOPPING", "STOPPED");
    stop(&h);
    insert(db, 101, 200);
    int64_t began = clock_mono_us();
    assert_int_equal(HARNESS_RUN(&h, &out, "batch"), 1);
    assert_true(clock_mono_us() - began <
                20000000); /* not the 120 s of a batch that stands still */
    if (!strstr(out, "c_batch-source is STOPPED, c_batch-sink is PAUSED") ||
        !strstr(out, "--resume"))
        fail_msg("%s", out);
    free(out);
    assert_int_equal(rows_of("c_batch"), 100);
    assert_int_equal(HARNESS_RUN(&h, &out, "batch", "--resume"), 0);
    free(out);
    assert_int_equal(HARNESS_RUN(&h, &out, "batch"), 0); /* it is resumed for good */
    free(out);
    wait_rows("c_batch", 200);
    free(db);
}

#include "tests/engine/connector_edit_cases.h"

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pause_and_resume),
        cmocka_unit_test(test_stop_and_restart),
        cmocka_unit_test(test_apply_and_delete),
        cmocka_unit_test(test_file_and_store),
        cmocka_unit_test(test_invalid_apply),
        cmocka_unit_test(test_stored_with_faults),
        cmocka_unit_test(test_offsets),
        cmocka_unit_test(test_offsets_of_one_at_rest),
        cmocka_unit_test(test_damaged_store),
        cmocka_unit_test(test_batch_with_a_paused_one),
        cmocka_unit_test(test_masks_stay_and_records_are_read),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
