/* The Kafka module while the broker goes away and comes back: nothing lost, nothing twice, nobody
 * waits for ever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/clock.h"
#include "tests/fixture/fixture.h"
#include "tests/fixture/kafka_client.h"

enum { MIB = 1024 * 1024, ROWS = 40, PARTS = 3, KILLS = 3 };

static void ok(enum err r, const struct errbuf *e)
{
    if (r)
        fail_msg("%s: %s", err_word(r), e->text);
}

/*
 * A small capture: numbers go out in transactions of ROWS together with the position behind them;
 * after ERR_RETRY it goes back to the last committed one, after anything else it makes a new
 * producer and reads the stored position, as the engine does.
 */
struct writer {
    _Atomic bool stop;
    _Atomic int64_t committed; /* numbers */
    int retries;
    int replaced;
    struct errbuf fatal;
    enum err said;
};

static enum err stored_position(int64_t *next, struct errbuf *e)
{
    struct kafka_consumer *c = NULL;
    struct kafka_position at = {"chaos.pos", 0, KAFKA_OFFSET_BEGINNING};
    struct kafka_record r;
    enum err got = kafka_consumer_create(client_settings(NULL), NULL, MIB, &c, e);
    if (!got)
        got = kafka_consumer_assign(c, &at, 1, e);
    *next = 0;
    while (!got || err_retriable(got)) {
        got = kafka_consumer_poll(c, 1000000, &r, e);
        if (got)
            continue;
        *next = strtoll(r.value, NULL, 10); /* the record ends in a blank */
        kafka_record_free(&r);
    }
    kafka_consumer_destroy(c);
    return got == ERR_NOT_FOUND ? ERR_OK : got;
}

static enum err write_some(struct kafka_producer *p, int64_t from, struct errbuf *e)
{
    char key[32], value[32];
    enum err r = kafka_producer_begin(p, e);
    for (int64_t i = from; i < from + ROWS && !r; i++) {
        int k = snprintf(key, sizeof key, "%lld", (long long)(i % 7));
        int n = snprintf(value, sizeof value, "%lld ", (long long)i);
        r = kafka_producer_send(p, "chaos", -1, key, (size_t)k, value, (size_t)n, NULL, 0, e);
    }
    int n = snprintf(value, sizeof value, "%lld ", (long long)(from + ROWS));
    if (!r)
        r = kafka_producer_send(p, "chaos.pos", 0, "p", 1, value, (size_t)n, NULL, 0, e);
    return r ? r : kafka_producer_commit(p, e);
}

static enum err write_with(struct writer *w, struct kafka_producer *p, int64_t *next,
                           struct errbuf *e)
{
    while (!w->stop) {
        enum err r = write_some(p, *next, e);
        if (r == ERR_RETRY) {
            w->retries++;
            continue;
        }
        if (r)
            return r;
        *next += ROWS;
        w->committed = *next;
    }
    return ERR_OK;
}

static void *write_all(void *arg)
{
    struct writer *w = arg;
    struct errbuf *e = &w->fatal;
    enum err r = ERR_CONNECT;
    while (!w->stop && err_retriable(r)) {
        struct kafka_producer *p = NULL;
        int64_t next = 0;
        r = kafka_producer_create(client_settings(NULL), "chaos", &p, e);
        if (!r)
            r = stored_position(&next, e);
        if (!r)
            r = write_with(w, p, &next, e);
        kafka_producer_destroy(p);
        w->replaced++;
    }
    w->said = r;
    return NULL;
}

struct progress {
    struct writer *w;
    int64_t at_least;
};

static bool has_written(void *arg)
{
    const struct progress *p = arg;
    if (p->w->said)
        fail_msg("the writer gave up: %s: %s", err_word(p->w->said), p->w->fatal.text);
    return p->w->committed >= p->at_least;
}

/* Every number once, in order within its key. */
static int64_t check_numbers(void)
{
    struct errbuf e = {0};
    struct kafka_consumer *c = NULL;
    struct kafka_position at[PARTS];
    struct kafka_record r;
    int64_t next[7], n = 0;
    int ends = 0;
    for (int i = 0; i < PARTS; i++)
        at[i] = (struct kafka_position){"chaos", i, KAFKA_OFFSET_BEGINNING};
    for (int i = 0; i < 7; i++)
        next[i] = i;
    ok(kafka_consumer_create(client_settings(NULL), NULL, MIB, &c, &e), &e);
    ok(kafka_consumer_assign(c, at, PARTS, &e), &e);
    while (ends < PARTS) {
        enum err got = kafka_consumer_poll(c, 1000000, &r, &e);
        ends += got == ERR_NOT_FOUND;
        if (got && got != ERR_NOT_FOUND && !err_retriable(got))
            ok(got, &e);
        if (got)
            continue;
        int64_t v = strtoll(r.value, NULL, 10);
        assert_int_equal(v, next[v % 7]);
        next[v % 7] += 7;
        n++;
        kafka_record_free(&r);
    }
    kafka_consumer_destroy(c);
    return n;
}

static void test_kills(void **state)
{
    static struct writer w;
    static const char *const compact[] = {"cleanup.policy", "compact", NULL};
    struct errbuf e = {0};
    struct progress progress = {&w, 10 * ROWS};
    pthread_t t;
    int64_t stored = 0;
    (void)state;
    client_topic("chaos", PARTS, NULL);
    client_topic("chaos.pos", 1, compact);
    assert_int_equal(pthread_create(&t, NULL, write_all, &w), 0);
    fixture_wait("the writer", 60, has_written, &progress);
    for (int i = 0; i < KILLS; i++) {
        if (i % 2)
            fixture_server_stop(FIXTURE_KAFKA);
        else
            fixture_server_kill(FIXTURE_KAFKA);
        fixture_server_start(FIXTURE_KAFKA);
        progress.at_least = w.committed + 10 * ROWS;
        fixture_wait("the writer after the broker's return", 120, has_written, &progress);
    }
    w.stop = true;
    assert_int_equal(pthread_join(t, NULL), 0);
    if (w.said)
        fail_msg("%s: %s", err_word(w.said), w.fatal.text);
    ok(stored_position(&stored, &e), &e);
    assert_int_equal(check_numbers(), stored);
    assert_true(stored >= w.committed);
    print_message("%lld numbers, %d transactions retried, %d producers\n", (long long)stored,
                  w.retries, w.replaced);
}

/* A reader stays through an outage and goes on at its place. */
static void test_reader_waits(void **state)
{
    struct errbuf e = {0};
    struct kafka_record r;
    enum err got;
    (void)state;
    client_topic("patient", 1, NULL);
    struct kafka_producer *p = client_producer(NULL, NULL);
    client_produce(p, "patient", NULL, "before");
    ok(kafka_producer_flush(p, 30000000, &e), &e);
    struct kafka_consumer *c = client_reader("patient", 0, 0, MIB);
    r = client_read(c);
    client_expect(&r, NULL, "before");
    kafka_record_free(&r);
    fixture_server_kill(FIXTURE_KAFKA);
    while ((got = kafka_consumer_poll(c, 1000000, &r, &e)) == ERR_TIMEOUT || got == ERR_NOT_FOUND)
        ;
    assert_int_equal(got, ERR_CONNECT);
    for (int i = 0; i < 20; i++)
        client_produce(p, "patient", NULL, "during");
    assert_int_equal(kafka_producer_flush(p, 100000, &e), ERR_TIMEOUT);
    assert_int_equal(kafka_producer_poll(p, &e), ERR_CONNECT);
    assert_non_null(strstr(e.text, "kafka"));
    fixture_server_start(FIXTURE_KAFKA);
    ok(kafka_producer_flush(p, 60000000, &e), &e);
    /* errors of the outage stand in the reader's queue among the records: none is lost by them */
    for (int i = 1; i <= 20; i++) {
        r = client_read(c);
        client_expect(&r, NULL, "during");
        assert_int_equal(r.offset, i);
        kafka_record_free(&r);
    }
    int64_t t = clock_mono_us();
    kafka_consumer_destroy(c);
    kafka_producer_destroy(p);
    assert_true(clock_mono_us() - t < 2000000); /* nothing was left behind */
}

/* No call hangs, and nothing hangs at the end, when the broker is away or does not answer. */
static void test_destroy_in_time(void **state)
{
    struct errbuf e = {0};
    struct kafka_topics topics;
    struct kafka_admin *a = NULL;
    (void)state;
    client_topic("left", 1, NULL);
    for (int frozen = 0; frozen < 2; frozen++) {
        struct kafka_producer *p = client_producer("left", NULL);
        struct kafka_consumer *c = client_reader("left", 0, KAFKA_OFFSET_BEGINNING, MIB);
        (void)client_read_to_end(c, NULL);
        ok(kafka_admin_create(client_settings(NULL), &a, &e), &e);
        ok(kafka_admin_topics(a, NULL, true, true, &topics, &e), &e);
        kafka_topics_free(&topics);
        client_begin(p);
        client_produce(p, "left", NULL, "open");
        if (frozen)
            fixture_server_freeze(FIXTURE_KAFKA, true);
        else
            fixture_server_kill(FIXTURE_KAFKA);
        client_produce(p, "left", NULL, "open too");
        int64_t t = clock_mono_us();
        kafka_producer_destroy(p);
        kafka_consumer_destroy(c);
        kafka_admin_destroy(a);
        int64_t took = clock_mono_us() - t;
        if (frozen)
            fixture_server_freeze(FIXTURE_KAFKA, false);
        else
            fixture_server_start(FIXTURE_KAFKA);
        assert_true(took < 10 * 1000000);
    }
}

/* Open for longer than transaction.timeout.ms, the broker takes a transaction back by raising the
 * producer's epoch. That is an outage, not another engine. */
static void test_taken_back(void **state)
{
    static const char *const shortly[] = {"transaction.timeout.ms", "2000", NULL};
    struct errbuf e = {0};
    int n = 0;
    enum err r;
    (void)state;
    client_topic("late", 1, NULL);
    struct kafka_producer *p = client_producer("late", shortly);
    client_begin(p);
    client_produce(p, "late", NULL, "too late");
    /* who waits for the broker's sweep reads what comes behind it */
    struct kafka_consumer *c = client_reader("late", 0, 0, MIB);
    assert_int_equal(client_read_to_end(c, NULL), 0);
    struct kafka_record rec;
    int64_t until = clock_mono_us() + 60000000;
    while ((r = kafka_consumer_poll(c, 500000, &rec, &e)) == ERR_TIMEOUT && clock_mono_us() < until)
        ok(kafka_producer_poll(p, &e), &e);
    assert_int_equal(r, ERR_NOT_FOUND); /* the end has moved: record and marker are behind it */
    assert_int_equal(rec.offset, 2);
    r = kafka_producer_commit(p, &e);
    if (r != ERR_RETRY && r != ERR_CONNECT)
        fail_msg("%s: %s", err_word(r), e.text);
    kafka_producer_destroy(p);
    p = client_producer("late", shortly);
    client_begin(p);
    client_produce(p, "late", NULL, "in time");
    client_commit(p);
    kafka_producer_destroy(p);
    rec = client_read(c);
    client_expect(&rec, NULL, "in time");
    kafka_record_free(&rec);
    (void)client_read_to_end(c, &n);
    assert_int_equal(n, 0);
    kafka_consumer_destroy(c);
}

static int setup(void **state)
{
    (void)state;
    return fixture_start(FIXTURE_KAFKA);
}

static int teardown(void **state)
{
    (void)state;
    return fixture_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kills),
        cmocka_unit_test(test_reader_waits),
        cmocka_unit_test(test_destroy_in_time),
        cmocka_unit_test(test_taken_back),
    };
    return cmocka_run_group_tests_name("kafka outage", tests, setup, teardown);
}
