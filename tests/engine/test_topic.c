/* `flightdeck topic` on a real broker. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "backend/base/clock.h"
#include "console/commands.h"
#include "console/exit_codes.h"
#include "console/topic_tail.h"
#include "tests/fixture/fixture.h"
#include "tests/fixture/kafka_client.h"

static const volatile sig_atomic_t never;

static struct topic_tail options(const char *topic)
{
    return (struct topic_tail){.kafka = client_settings(NULL),
                               .topic = topic,
                               .partition = -1,
                               .count = -1,
                               .form = TOPIC_RAW,
                               .stop = &never};
}

/* What tail writes; the caller's to free. */
static char *tailed(struct topic_tail o)
{
    struct errbuf e = {0};
    char *text = NULL;
    size_t n = 0;
    o.out = open_memstream(&text, &n);
    assert_non_null(o.out);
    enum err r = topic_tail_run(&o, &e);
    (void)fclose(o.out);
    if (r)
        fail_msg("%s: %s", err_word(r), e.text);
    return text;
}

static void tails(struct topic_tail o, const char *expected)
{
    char *text = tailed(o);
    assert_string_equal(text, expected);
    free(text);
}

static int64_t between_ms; /* after "5", before "6" */

#include "tests/engine/topic_service_cases.h"

/* One transaction a record, so every second offset is a marker; 0..9 in partition i % 3. */
static int setup(void **state)
{
    static const char *const config[] = {"retention.ms", "-1", NULL};
    static const struct kafka_header h = {"who", "tester", 6};
    struct errbuf e = {0};
    char key[32], value[8];
    (void)state;
    if (!setlocale(LC_CTYPE, "C.UTF-8") || fixture_start(FIXTURE_KAFKA))
        return -1;
    client_topic("numbers", 3, config);
    client_topic("empty", 2, NULL);
    struct kafka_producer *p = client_producer("numbers", NULL);
    for (int i = 0; i < 10; i++) {
        int k = snprintf(key, sizeof key, "{\"id\":%d}", i % 5);
        int n = snprintf(value, sizeof value, "%d", i);
        int64_t ms = clock_wall_us() / 1000;
        if (i == 6)
            between_ms = ms;
        client_begin(p);
        if (kafka_producer_send(p, "numbers", i % 3, key, (size_t)k, value, (size_t)n, &h, 1, &e))
            return -1;
        client_commit(p);
        while (clock_wall_us() / 1000 == ms)
            ; /* records' times differ */
    }
    kafka_producer_destroy(p);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return fixture_stop();
}

static void test_last(void **state)
{
    struct topic_tail o = options("numbers");
    (void)state;
    tails(o, "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n");
    o.count = 3;
    tails(o, "7\n8\n9\n");
    o.count = 0;
    tails(o, "");
    o.count = 50;
    tails(o, "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n");
    o.partition = 1;
    tails(o, "1\n4\n7\n");
    o.count = 2;
    tails(o, "4\n7\n");
    tails(options("empty"), "");
}

static void test_key(void **state)
{
    struct topic_tail o = options("numbers");
    (void)state;
    o.key = "2";
    tails(o, "2\n7\n");
    o.count = 1;
    tails(o, "7\n");
    o.key = "{\"id\":4}";
    o.has_from = true;
    o.partition = 1;
    tails(o, "4\n");
    o.count = -1;
    o.key = "none";
    tails(o, "");
}

static int compare(const void *a, const void *b)
{
    return *(const char *)a - *(const char *)b;
}

/* With --from, partitions come as they come. */
static void from(struct topic_tail o, const char *digits)
{
    char got[64] = "";
    char *text = tailed(o);
    size_t n = 0;
    for (const char *p = text; *p; p++)
        if (*p != '\n' && n + 1 < sizeof got)
            got[n++] = *p;
    qsort(got, n, 1, compare);
    assert_string_equal(got, digits);
    free(text);
}

static void test_from(void **state)
{
    struct topic_tail o = options("numbers");
    (void)state;
    o.has_from = true;
    o.from.kind = TOPIC_FROM_BEGINNING;
    from(o, "0123456789");
    o.from = (struct topic_from){TOPIC_FROM_TIME, between_ms};
    from(o, "6789");
    o.from.value = between_ms + 3600000;
    from(o, "");
    o.from = (struct topic_from){TOPIC_FROM_OFFSET, 4};
    from(o, "6789");
    o.from.value = 1000;
    from(o, "");
    o.from.kind = TOPIC_FROM_END;
    from(o, "");
    o.from = (struct topic_from){TOPIC_FROM_OFFSET, 2};
    o.partition = 0;
    o.count = 2;
    tails(o, "3\n6\n");
}

static void test_json(void **state)
{
    struct topic_tail o = options("numbers");
    json_error_t why;
    (void)state;
    o.form = TOPIC_JSON;
    o.count = 1;
    char *text = tailed(o);
    json_t *j = json_loads(text, 0, &why);
    assert_non_null(j);
    assert_string_equal(json_string_value(json_object_get(j, "topic")), "numbers");
    assert_int_equal(json_integer_value(json_object_get(j, "partition")), 0);
    assert_int_equal(json_integer_value(json_object_get(j, "offset")), 6);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(j, "key"), "id")), 4);
    assert_int_equal(json_integer_value(json_object_get(j, "value")), 9);
    const json_t *h = json_array_get(json_object_get(j, "headers"), 0);
    assert_string_equal(json_string_value(json_object_get(h, "name")), "who");
    assert_string_equal(json_string_value(json_object_get(h, "value")), "tester");
    json_decref(j);
    free(text);
    o.form = TOPIC_LINE;
    text = tailed(o);
    assert_non_null(strstr(text, "\t{\"id\":4}\twho=tester\t9\n"));
    free(text);
}

/* ---- following ---- */

struct follower {
    struct topic_tail o;
    int ends[2];
    enum err said;
};

static void *follow(void *arg)
{
    struct follower *f = arg;
    struct errbuf e = {0};
    f->said = topic_tail_run(&f->o, &e);
    return NULL;
}

static void expect_line(FILE *in, const char *line)
{
    char got[64];
    assert_non_null(fgets(got, sizeof got, in));
    assert_string_equal(got, line);
}

static void test_interrupted(void **state)
{
    static const volatile sig_atomic_t now = 1;
    struct errbuf e = {0};
    struct topic_tail o = options("empty");
    (void)state;
    o.follow = true;
    o.stop = &now;
    o.out = stdout;
    assert_int_equal(topic_tail_run(&o, &e), ERR_CANCELED);
}

static void test_follow(void **state)
{
    static struct follower f;
    pthread_t t;
    (void)state;
    client_topic("followed", 2, NULL);
    struct kafka_producer *p = client_producer(NULL, NULL);
    struct errbuf e = {0};
    client_produce(p, "followed", "a", "old");
    assert_int_equal(kafka_producer_flush(p, 30000000, &e), ERR_OK);
    assert_int_equal(pipe(f.ends), 0);
    f.o = options("followed");
    f.o.follow = true;
    f.o.out = fdopen(f.ends[1], "w");
    FILE *in = fdopen(f.ends[0], "r");
    assert_true(f.o.out && in);
    assert_int_equal(pthread_create(&t, NULL, follow, &f), 0);
    expect_line(in, "old\n");
    client_produce(p, "followed", "b", "new");
    expect_line(in, "new\n");
    client_produce(p, "followed", "c", "newer");
    expect_line(in, "newer\n");
    /* who reads it has seen enough */
    (void)signal(SIGPIPE, SIG_IGN);
    (void)fclose(in);
    client_produce(p, "followed", "d", "unseen");
    assert_int_equal(pthread_join(t, NULL), 0);
    assert_int_equal(f.said, ERR_IO);
    (void)fclose(f.o.out);
    kafka_producer_destroy(p);
}

/* ---- the command ---- */

static int run(char *out, size_t size, const char *verb, const char *word, const char *option)
{
    const char *argv[] = {"topic", "--bootstrap", fixture_bootstrap(), verb, NULL, NULL, NULL};
    int argc = 4;
    if (word)
        argv[argc++] = word;
    if (option)
        argv[argc++] = option;
    FILE *f = tmpfile();
    assert_non_null(f);
    (void)fflush(stdout);
    int saved = dup(STDOUT_FILENO);
    assert_true(saved >= 0 && dup2(fileno(f), STDOUT_FILENO) >= 0);
    int code = cmd_topic(argc, (char **)(uintptr_t)argv);
    (void)fflush(stdout);
    assert_true(dup2(saved, STDOUT_FILENO) >= 0);
    (void)close(saved);
    rewind(f);
    out[fread(out, 1, size - 1, f)] = 0;
    (void)fclose(f);
    return code;
}

static void test_list(void **state)
{
    char out[8192];
    json_error_t why;
    size_t i;
    json_t *t;
    bool found = false;
    (void)state;
    assert_int_equal(run(out, sizeof out, "list", NULL, NULL), EXIT_DONE);
    assert_non_null(strstr(out, "\nnumbers "));
    assert_null(strstr(out, "__transaction_state"));
    assert_int_equal(run(out, sizeof out, "list", NULL, "--json"), EXIT_DONE);
    json_t *j = json_loads(out, 0, &why);
    assert_non_null(j);
    json_array_foreach(json_object_get(j, "topics"), i, t)
    {
        if (strcmp(json_string_value(json_object_get(t, "name")), "numbers") != 0)
            continue;
        found = true;
        assert_int_equal(json_array_size(json_object_get(t, "partitions")), 3);
        assert_int_equal(json_integer_value(json_object_get(t, "records")), 20);
    }
    assert_true(found);
    json_decref(j);
}

static void test_show(void **state)
{
    char out[8192];
    json_error_t why;
    (void)state;
    assert_int_equal(run(out, sizeof out, "show", "numbers", NULL), EXIT_DONE);
    assert_non_null(strstr(out, "numbers: 3 partitions, replication 1, 20 records"));
    assert_non_null(strstr(out, "retention.ms"));
    assert_int_equal(run(out, sizeof out, "show", "numbers", "--json"), EXIT_DONE);
    json_t *j = json_loads(out, 0, &why);
    assert_non_null(j);
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(j, "config"), "retention.ms")), "-1");
    const json_t *p = json_array_get(json_object_get(j, "partitions"), 1);
    assert_int_equal(json_integer_value(json_object_get(p, "low")), 0);
    assert_int_equal(json_integer_value(json_object_get(p, "high")), 6);
    json_decref(j);
    assert_int_equal(run(out, sizeof out, "show", "nowhere", NULL), EXIT_FAILED);
    assert_string_equal(out, "");
}

static void test_tail_command(void **state)
{
    char out[8192];
    (void)state;
    assert_int_equal(run(out, sizeof out, "tail", "numbers", "-n2"), EXIT_DONE);
    assert_non_null(strstr(out, "\twho=tester\t8\n"));
    assert_non_null(strstr(out, "\twho=tester\t9\n"));
    assert_null(strstr(out, "\twho=tester\t7\n"));
    assert_int_equal(run(out, sizeof out, "tail", "numbers", "--from=noon"), EXIT_USAGE);
    assert_int_equal(run(out, sizeof out, "tail", "numbers", "--partition=9"), EXIT_FAILED);
    assert_int_equal(run(out, sizeof out, "tail", "nowhere", NULL), EXIT_FAILED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_last),         cmocka_unit_test(test_key),
        cmocka_unit_test(test_from),         cmocka_unit_test(test_json),
        cmocka_unit_test(test_interrupted),  cmocka_unit_test(test_follow),
        cmocka_unit_test(test_list),         cmocka_unit_test(test_show),
        cmocka_unit_test(test_tail_command), TOPIC_SERVICE_CASES,
    };
    return cmocka_run_group_tests_name("topic", tests, setup, teardown);
}
