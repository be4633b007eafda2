/* The way beyond raw and what fills up, on an engine without servers: probes, a sink and tasks that
 * the test makes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/clock.h"
#include "backend/engine/sink_run.h"
#include "backend/engine/status_run.h"

#define SECOND INT64_C(1000000)
#define MB     INT64_C(1000000)

/* An engine with one sink of one topic, and what its probes say. */
struct place {
    struct engine g;
    struct engine_connector sink;
    struct engine_connector *list[1];
    struct sink_options sink_options;
    struct sink_topic topic;
    struct sink_partition partition;
    struct probe_view v;
    struct probe_topic probed;
    int64_t low[1], high[1];
    struct strip strip;
    struct way way;
};

static enum err run(void *arg, struct errbuf *e)
{
    (void)arg;
    return err_set(e, ERR_CONFIG, "a fault"); /* no attempt helps */
}

static void stop(void *arg)
{
    (void)arg;
}

static int setup(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    struct errbuf e;
    assert_non_null(p);
    assert_int_equal(freshness_create(&p->g.freshness, &e), ERR_OK);
    p->g.started_us = clock_mono_us();
    p->g.n_connectors = 1;
    p->g.connectors = p->list;
    p->list[0] = &p->sink;
    p->sink.name = "the-sink";
    p->sink.sink = sink_create(&p->sink_options);
    assert_non_null(p->sink.sink);
    p->topic = (struct sink_topic){
        .name = (char *)"p.public.t", .n_partitions = 1, .partitions = &p->partition};
    p->sink.sink->topics = &p->topic;
    p->sink.sink->n_topics = 1;
    const struct task_options o = {.name = "the-sink",
                                   .run = run,
                                   .stop = stop,
                                   .figures = &p->sink.figures,
                                   .budget = 1,
                                   .budget_us = SECOND,
                                   .backoff_us = 1,
                                   .backoff_max_us = 1};
    assert_int_equal(task_create(&o, &p->sink.task, &e), ERR_OK);
    p->probed = (struct probe_topic){.name = (char *)"p.public.t",
                                     .n_partitions = 1,
                                     .low = p->low,
                                     .high = p->high,
                                     .rate = NAN,
                                     .retention_ms = 3600 * 1000};
    p->v.topics = &p->probed;
    p->v.n_topics = 1;
    p->strip = (struct strip){.capture_rate = 4100, .raw_rate = 3600, .raw_bytes_rate = NAN};
    *state = p;
    return 0;
}

static int teardown(void **state)
{
    struct place *p = *state;
    task_destroy(p->sink.task);
    p->sink.sink->topics = NULL;
    p->sink.sink->n_topics = 0;
    sink_destroy(p->sink.sink);
    freshness_destroy(p->g.freshness);
    free(p);
    return 0;
}

static void look(struct place *p)
{
    p->way = (struct way){.g = &p->g, .v = &p->v, .strip = &p->strip};
    way_look(&p->way, true);
}

static void forget(struct place *p)
{
    json_decref(p->way.freshness);
    json_decref(p->way.eta);
    way_free(&p->way);
}

static double real_in(const json_t *o, const char *name)
{
    const json_t *v = json_object_get(o, name);
    return json_is_number(v) ? json_number_value(v) : NAN;
}

static void slot(struct place *p, int64_t retained, int64_t safe)
{
    p->v.n_slots = 1;
    (void)strcpy(p->v.slot_names[0], "s");
    p->v.slots[0] =
        (struct source_slot){.exists = true, .retained_bytes = retained, .safe_wal_bytes = safe};
}

/* 1 MB/s for a minute, and 600 MB left: ten minutes. */
static void test_slot(void **state)
{
    struct place *p = *state;
    int64_t now = clock_wall_us();
    for (int64_t s = 0; s <= 60; s++) {
        slot(p, 100 * MB + s * MB, 660 * MB - s * MB);
        p->v.asked_us = now + s * SECOND;
        way_sample(&p->g, &p->v);
    }
    look(p);
    const json_t *eta = json_array_get(p->way.eta, 0);
    assert_string_equal(json_string_value(json_object_get(eta, "what")), "slot s: safe WAL size");
    assert_true(fabs(real_in(eta, "seconds") - 600) < 1);
    assert_string_equal(json_string_value(json_object_get(eta, "text")), "full in 10 m");
    forget(p);
    for (int64_t s = 61; s <= 200; s++) { /* it is read again */
        slot(p, 20 * MB, 740 * MB);
        p->v.asked_us = now + s * SECOND;
        way_sample(&p->g, &p->v);
    }
    look(p);
    assert_true(json_is_null(json_object_get(json_array_get(p->way.eta, 0), "seconds")));
    forget(p);
    slot(p, 20 * MB, -1); /* no limit is set */
    look(p);
    assert_int_equal(json_array_size(p->way.eta), 0);
    forget(p);
}

/* Nothing is read for a minute: of an hour's retention what is left of it, second by second. */
static void test_topic(void **state)
{
    struct place *p = *state;
    int64_t now = clock_wall_us();
    p->partition.committed = 100;
    p->high[0] = 100;
    p->v.asked_us = now - 60 * SECOND;
    way_sample(&p->g, &p->v); /* nothing waits */
    freshness_rows(p->g.freshness, "p.public.t", 100, now - 61 * SECOND, now - 60 * SECOND);
    for (int64_t s = -59; s <= 0; s++) {
        p->high[0] += 1000;
        p->v.asked_us = now + s * SECOND;
        way_sample(&p->g, &p->v);
    }
    look(p);
    const json_t *eta = json_array_get(p->way.eta, 0);
    assert_string_equal(json_string_value(json_object_get(eta, "what")),
                        "topic p.public.t: retention");
    assert_true(fabs(real_in(eta, "seconds") - 3540) < 60);
    const json_t *t = json_array_get(p->way.freshness, 0);
    assert_string_equal(json_string_value(json_object_get(t, "name")), "t");
    assert_string_equal(json_string_value(json_object_get(t, "of_it_in")), "kafka");
    assert_true(fabs(real_in(t, "behind_s") - 60) < 5);
    assert_true(real_in(t, "waiting") == 60000);
    p->strip.waiting = 60000;
    p->g.waiting_growth = 500;
    json_t *why = way_bottleneck(&p->way);
    static const char want[] = "raw: the warehouse takes 3.6 k/s of 4.1 k/s; 60.0 k records wait, "
                               "growing 0.5 k/s, full in 5";
    if (strncmp(json_string_value(why), want, sizeof want - 1) != 0)
        fail_msg("%s", json_string_value(why));
    json_decref(why);
    forget(p);
    p->probed.retention_ms = -1; /* for ever */
    look(p);
    assert_int_equal(json_array_size(p->way.eta), 0);
    forget(p);
    p->partition.committed = p->high[0]; /* all is read */
    look(p);
    t = json_array_get(p->way.freshness, 0);
    assert_string_equal(json_string_value(json_object_get(t, "of_it_in")), "-");
    assert_true(real_in(t, "behind_s") < 5);
    forget(p);
}

static void wait_failed(struct place *p)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    struct task_view t;
    task_view_get(p->sink.task, &t);
    for (int i = 0; i < 5000 && t.state != TASK_FAILED; i++) {
        (void)nanosleep(&pause, NULL);
        task_view_get(p->sink.task, &t);
    }
    assert_int_equal(t.state, TASK_FAILED);
}

/* The first one of the way, the worst before what somebody asked for. */
static void test_bottleneck(void **state)
{
    struct place *p = *state;
    task_pause(p->sink.task);
    look(p);
    json_t *why = way_bottleneck(&p->way);
    assert_string_equal(json_string_value(why), "raw: the-sink is PAUSED");
    json_decref(why);
    p->v.kafka_known = true;
    (void)strcpy(p->v.kafka_error, "refused");
    why = way_bottleneck(&p->way);
    assert_string_equal(json_string_value(why), "Kafka does not answer: refused");
    json_decref(why);
    task_start(p->sink.task);
    wait_failed(p);
    why = way_bottleneck(&p->way);
    assert_string_equal(json_string_value(why), "the-sink is FAILED: a fault");
    json_decref(why);
    forget(p);
}

/* Where each run begins as the one before fails, the newest one is always under way. */
static void test_a_load_that_fails_on_and_on(void **state)
{
    struct place *p = *state;
    const struct dag dag = {.name = "dwh"};
    struct scheduler_dag_view v = {.dag = &dag,
                                   .active = 1,
                                   .last_run = 8,
                                   .last_state = RUN_RUNNING,
                                   .failed_run = 7,
                                   .failed_reason = "task load: no room"};
    look(p);
    const struct scheduler_dags kept = p->way.dags;
    p->way.dags = (struct scheduler_dags){.n = 1, .items = &v};
    p->way.dwh.dag = 0;
    json_t *why = way_bottleneck(&p->way);
    assert_string_equal(json_string_value(why),
                        "dwh: its last load failed (dwh, run 7): task load: no room");
    json_decref(why);
    p->way.dags = kept;
    forget(p);
}

/* The mart of a DAG with that schedule, which does not run: what its time is in. */
static void check_due(struct place *p, const char *yaml, const char *want)
{
    char dir[] = "/tmp/flightdeck-way-XXXXXX";
    char remove[64];
    struct errbuf e;
    struct faults faults;
    struct store *store = NULL;
    struct dag_set *dags = NULL;
    struct marts *marts = marts_create();
    const struct dag_text text = {.file = "d.yaml", .text = yaml, .n = strlen(yaml)};
    faults_init(&faults);
    assert_non_null(mkdtemp(dir));
    assert_int_equal(store_open(dir, &store, &e), ERR_OK);
    assert_int_equal(
        marts_add_path(marts, "config/airline/marts/airports_traffic.yaml", &faults, &e), ERR_OK);
    assert_int_equal(dag_set_parse(&text, 1, NULL, 0, &dags, &faults, &e), ERR_OK);
    struct freshness *before = p->g.freshness;
    assert_int_equal(freshness_create(&p->g.freshness, &e), ERR_OK);
    assert_int_equal(freshness_bind(p->g.freshness, marts, dags, store, &e), ERR_OK);
    p->way = (struct way){.g = &p->g, .v = &p->v, .strip = &p->strip};
    p->way.dags.items = calloc(1, sizeof *p->way.dags.items);
    assert_non_null(p->way.dags.items);
    p->way.dags.items[p->way.dags.n++] =
        (struct scheduler_dag_view){.dag = dags->dags[0], .next_us = INT64_MAX};
    way_look(&p->way, false);
    const json_t *mart = json_array_get(p->way.freshness, 0);
    assert_string_equal(json_string_value(json_object_get(mart, "of_it_in")), want);
    forget(p);
    freshness_destroy(p->g.freshness);
    p->g.freshness = before;
    dag_set_free(dags);
    marts_free(marts);
    store_close(store);
    faults_free(&faults);
    (void)snprintf(remove, sizeof remove, "rm -rf '%s'", dir);
    assert_int_equal(system(remove), 0);
}

static void test_when_a_mart_is_due(void **state)
{
#define MART_DAG                                                                                   \
    "\ntasks: {t: {kind: sql, file: marts/airports_traffic.sql, params: {"                         \
    "business_date: '{{ business_date }}', created_at: '{{ logical_time }}'}}}\n"
    check_due(*state, "name: d\nschedule: '5 12 * * *'" MART_DAG, "due at 12:05 every day");
    check_due(*state, "name: d\nschedule: '*/5 * * * *'\ntime_zone: Europe/Berlin" MART_DAG,
              "due every 5 minutes Europe/Berlin");
    check_due(*state, "name: d" MART_DAG, "waits for a trigger");
}

/* A table whose sink does not tell: nothing is made up. */
static void test_resting_sink(void **state)
{
    struct place *p = *state;
    p->partition.committed = -1;
    p->high[0] = 100;
    task_pause(p->sink.task);
    look(p);
    const json_t *t = json_array_get(p->way.freshness, 0);
    assert_true(json_is_null(json_object_get(t, "behind_s")));
    assert_true(json_is_null(json_object_get(t, "waiting")));
    assert_string_equal(json_string_value(json_object_get(t, "of_it_in")), "the-sink is PAUSED");
    forget(p);
}

/* Kafka is away: what it told last stays, and is not taken for the whole. */
static void test_kafka_away(void **state)
{
    struct place *p = *state;
    struct probe_view old = {.kafka_known = true, .kafka_up = true, .topics_us = 77};
    struct probe_view v = {.kafka_known = true};
    old.topics = calloc(1, sizeof *old.topics);
    assert_non_null(old.topics);
    old.n_topics = 1;
    old.topics[0] = (struct probe_topic){.name = strdup("p.public.t"), .rate = 5};
    old.stored = calloc(1, sizeof *old.stored);
    old.n_stored = 1;
    probe_view_keep(&v, &old);
    assert_int_equal(v.n_topics, 1);
    assert_int_equal(v.n_stored, 1);
    assert_int_equal(v.topics_us, 77);
    assert_true(isnan(v.topics[0].rate));
    assert_int_equal(old.n_topics + old.n_stored, 0);
    struct probe_view next = {.kafka_up = true, .warehouse_up = true, .topics_us = 99};
    probe_view_keep(&next, &v); /* they answer again */
    assert_int_equal(next.n_topics + next.n_stored, 0);
    assert_int_equal(next.topics_us, 99);
    probe_view_free(&v);
    probe_view_free(&old);

    int64_t now = clock_wall_us();
    p->partition.committed = 100;
    p->high[0] = 100;
    p->v.kafka_known = p->v.kafka_up = true;
    p->v.asked_us = now - 60 * SECOND;
    way_sample(&p->g, &p->v); /* nothing waits */
    p->v.kafka_up = false;
    p->v.topics_us = now - 60 * SECOND;
    p->v.asked_us = now;
    way_sample(&p->g, &p->v);
    look(p);
    const json_t *t = json_array_get(p->way.freshness, 0);
    assert_true(fabs(real_in(t, "behind_s") - 60) < 5); /* at the most */
    assert_string_equal(json_string_value(json_object_get(t, "of_it_in")), "kafka");
    forget(p);
}

/* A slot that could not be asked: its time is not known, which is not "not growing". */
static void test_slot_not_known(void **state)
{
    struct place *p = *state;
    slot(p, 0, 0);
    (void)strcpy(p->v.slot_errors[0], "away");
    look(p);
    const json_t *eta = json_array_get(p->way.eta, 0);
    assert_string_equal(json_string_value(json_object_get(eta, "what")), "slot s: safe WAL size");
    assert_string_equal(json_string_value(json_object_get(eta, "text")), "not known");
    assert_true(json_is_false(json_object_get(eta, "known")));
    forget(p);
}

static void set_check(void *arg, struct freshness_table *t)
{
    t->check = *(const struct freshness_check *)arg;
}

/* Where tables are too many to be listed, one that differs from its source is listed all the same.
 */
static void test_differing_table(void **state)
{
    struct place *p = *state;
    struct freshness_check check = {.at_us = 1, .ok = false};
    freshness_with(p->g.freshness, "p.public.t", set_check, &check);
    p->way = (struct way){.g = &p->g, .v = &p->v, .strip = &p->strip};
    way_look(&p->way, false);
    assert_int_equal(json_array_size(p->way.freshness), 1);
    const json_t *t = json_array_get(p->way.freshness, 0);
    assert_true(json_is_false(json_object_get(t, "verified_ok")));
    forget(p);
    check.ok = true;
    freshness_with(p->g.freshness, "p.public.t", set_check, &check);
    p->way = (struct way){.g = &p->g, .v = &p->v, .strip = &p->strip};
    way_look(&p->way, false);
    assert_int_equal(json_array_size(p->way.freshness), 0);
    forget(p);
}

/* Nothing moves, or nobody knows: not "shrinking 0.0 k/s". */
static void test_bottleneck_without_growth(void **state)
{
    static const double still[] = {0, -40, 40, NAN};
    struct place *p = *state;
    look(p);
    p->strip.waiting = 60000;
    for (size_t i = 0; i < sizeof still / sizeof still[0]; i++) {
        p->g.waiting_growth = still[i];
        json_t *why = way_bottleneck(&p->way);
        assert_string_equal(json_string_value(why),
                            "raw: the warehouse takes 3.6 k/s of 4.1 k/s; 60.0 k records wait");
        json_decref(why);
    }
    p->g.waiting_growth = -500;
    json_t *why = way_bottleneck(&p->way);
    assert_non_null(strstr(json_string_value(why), "wait, shrinking 0.5 k/s"));
    json_decref(why);
    forget(p);
}

/* `station.member` of the strip; NAN: null, and it is there. */
static double of_strip(struct place *p, const char *station, const char *member)
{
    json_t *strip;
    status_strip(&p->g, &p->v, &p->strip);
    look(p);
    strip = status_pipeline(&p->way);
    const json_t *v = json_object_get(json_object_get(strip, station), member);
    assert_non_null(v);
    double real = json_is_null(v) ? NAN : json_number_value(v);
    json_decref(strip);
    forget(p);
    return real;
}

/* What waits before each station; what nobody knows is null. */
static void test_what_waits(void **state)
{
    struct place *p = *state;
    p->sink.sink->batches[0].rows = 300;
    p->sink.sink->batches[0].bytes = 60 * 1000;
    p->sink.sink->batches[1].rows = 20;
    p->sink.sink->batches[1].bytes = 4000;
    assert_float_equal(of_strip(p, "raw", "waiting"), 320, 0);
    assert_float_equal(of_strip(p, "raw", "waiting_bytes"), 64000, 0);
    assert_true(isnan(of_strip(p, "capture", "waiting_bytes")));
    slot(p, 2 * MB, -1);
    p->v.slots[0].confirmed_lsn = 5000;
    assert_true(isnan(of_strip(p, "capture", "waiting_bytes"))); /* the server is away */
    p->v.primary.up = true;
    p->v.primary.health.lsn = 21000;
    assert_float_equal(of_strip(p, "capture", "waiting_bytes"), 16000, 0);
    p->v.slots[0].confirmed_lsn = 22000; /* asked a moment later */
    assert_float_equal(of_strip(p, "capture", "waiting_bytes"), 0, 0);

    assert_true(isnan(of_strip(p, "dwh", "waiting")));
    int64_t now = clock_wall_us();
    freshness_model_begins(p->g.freshness, now);
    freshness_model_ends(p->g.freshness, true, 0, now);
    freshness_rows(p->g.freshness, "p.public.t", 30, now, now);
    assert_float_equal(of_strip(p, "dwh", "waiting"), 30, 0);
    assert_true(isnan(of_strip(p, "dwh", "waiting_bytes"))); /* nothing to measure a row by */
    p->sink.figures.records = 10;
    p->sink.figures.bytes = 2000;
    assert_float_equal(of_strip(p, "dwh", "waiting_bytes"), 6000, 0);
    p->g.n_connectors = 0;
    assert_true(isnan(of_strip(p, "raw", "waiting")));
    p->g.n_connectors = 1;
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_slot),
        CASE(test_topic),
        CASE(test_bottleneck),
        CASE(test_a_load_that_fails_on_and_on),
        CASE(test_when_a_mart_is_due),
        CASE(test_resting_sink),
        CASE(test_kafka_away),
        CASE(test_slot_not_known),
        CASE(test_differing_table),
        CASE(test_bottleneck_without_growth),
        CASE(test_what_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
