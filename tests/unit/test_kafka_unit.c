/* Unit tests of the Kafka module without a broker: partitions, settings, what is said of them, and
 * how long a broker that is not there is waited for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "backend/base/clock.h"
#include "backend/base/log.h"
#include "backend/kafka/conf.h"
#include "backend/kafka/kafka.h"

#define CLOSED_PORT "127.0.0.1:1"

/* ---- the partitioner: vectors of the Java client's own test of murmur2 ---- */

static void hashes_to(const char *key, size_t n, int32_t java)
{
    int expected = (int)((uint32_t)java & 0x7fffffffu);
    /* modulo 2^31 - 1 leaves all but one of the positive values as they are */
    assert_int_equal(kafka_partition_of(key, n, INT_MAX), expected);
    for (int parts = 2; parts < 50; parts += 7)
        assert_int_equal(kafka_partition_of(key, n, parts), expected % parts);
}

static void test_murmur2(void **state)
{
    static const char long_key[] = "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8";
    (void)state;
    hashes_to("21", 2, -973932308);
    hashes_to("foobar", 6, -790332482);
    hashes_to("a-little-bit-long-string", 24, -985981536);
    hashes_to("a-little-bit-longer-string", 26, -1486304829);
    hashes_to(long_key, sizeof long_key - 1, -58897971);
    hashes_to("abc", 3, 479470107);
    hashes_to("", 0, 275646681);
    assert_int_equal(kafka_partition_of("foobar", 6, 1), 0);
}

/* Ours, librdkafka's and so the broker's view of a key are one. */
static void test_same_as_librdkafka(void **state)
{
    char key[64];
    (void)state;
    for (int i = 0; i < 2000; i++) {
        int n = snprintf(key, sizeof key, "{\"id\":%d,\"код\":\"%c\"}", i * 7919, 'a' + i % 26);
        for (int parts = 1; parts < 13; parts += 3)
            assert_int_equal(
                kafka_partition_of(key, (size_t)n, parts),
                rd_kafka_msg_partitioner_murmur2(NULL, key, (size_t)n, parts, NULL, NULL));
    }
}

/* ---- settings ---- */

static char warnings[4096];

static void keep_warning(void *arg, int64_t wall_us, enum log_level level, const char *area,
                         const char *message)
{
    (void)arg, (void)wall_us, (void)area;
    if (level == LOG_WARNING)
        (void)strncat(warnings, message, sizeof warnings - strlen(warnings) - 1);
}

static void gives(const rd_kafka_conf_t *conf, const char *name, const char *expected)
{
    char value[256] = "";
    size_t n = sizeof value;
    assert_int_equal(rd_kafka_conf_get(conf, name, value, &n), RD_KAFKA_CONF_OK);
    assert_string_equal(value, expected);
}

static const char *const ours[] = {"linger.ms", "1", "compression.type", "lz4", NULL};
static const char *const needed[] = {"enable.idempotence", "true", "acks", "all", NULL};
static const char *const not_here[] = {"transactional.id", "message.max.bytes", NULL};

static void test_settings_merge(void **state)
{
    static const char *const user[] = {"bootstrap.servers",
                                       CLOSED_PORT,
                                       "linger.ms",
                                       "20",
                                       "acks",
                                       "1",
                                       "transactional.id",
                                       "x",
                                       "enable.idempotence",
                                       "true",
                                       "message.max.bytes",
                                       "7",
                                       "sasl.password",
                                       "geheim",
                                       NULL};
    rd_kafka_conf_t *conf = NULL;
    struct errbuf e = {0};
    (void)state;
    warnings[0] = 0;
    assert_int_equal(kafka_conf_make(ours, user, needed, not_here, &conf, &e), ERR_OK);
    gives(conf, "linger.ms", "20");
    gives(conf, "compression.type", "lz4");
    gives(conf, "acks", "-1");
    gives(conf, "message.max.bytes", "1000000");
    gives(conf, "sasl.password", "geheim");
    rd_kafka_conf_destroy(conf);
    char *once = strstr(warnings, "acks=1");
    assert_non_null(once);
    assert_int_equal(kafka_conf_make(ours, user, needed, not_here, &conf, &e), ERR_OK);
    rd_kafka_conf_destroy(conf);
    assert_null(strstr(once + 1, "acks=1"));
    assert_null(strstr(warnings, "enable.idempotence"));
    assert_null(strstr(warnings, "geheim"));
}

static void refused(const char *const *user, const char *words)
{
    rd_kafka_conf_t *conf = NULL;
    struct errbuf e = {0};
    assert_int_equal(kafka_conf_make(ours, user, needed, not_here, &conf, &e), ERR_CONFIG);
    if (!strstr(e.text, words))
        fail_msg("\"%s\" does not say \"%s\"", e.text, words);
}

static void test_settings_refused(void **state)
{
    (void)state;
    refused((const char *const[]){"bootstrap.servers", "h:1", "linger.mss", "1", NULL},
            "did you mean \"linger.ms\"");
    refused((const char *const[]){"bootstrap.servers", "h:1", "compresion.codec", "lz4", NULL},
            "\"compression.codec\"");
    refused((const char *const[]){"bootstrap.servers", "h:1", "wholly.unknown.thing", "1", NULL},
            "librdkafka's CONFIGURATION.md");
    refused((const char *const[]){"bootstrap.servers", "h:1", "compression.type", "zip", NULL},
            "compression.type=zip");
    refused((const char *const[]){"linger.ms", "1", NULL}, "bootstrap.servers is missing");
    refused((const char *const[]){"bootstrap.servers", "", NULL}, "bootstrap.servers is missing");
    refused(NULL, "bootstrap.servers is missing");
}

static void test_settings_conflict(void **state)
{
    struct kafka_producer *p = NULL;
    struct errbuf e = {0};
    (void)state;
    assert_int_equal(kafka_producer_create((const char *const[]){"bootstrap.servers", CLOSED_PORT,
                                                                 "max.in.flight", "1000", NULL},
                                           NULL, &p, &e),
                     ERR_CONFIG);
    assert_null(p);
    assert_non_null(strstr(e.text, "max.in.flight"));
}

/* librdkafka looks at a key only when it makes the client. */
static void test_settings_bad_key(void **state)
{
    struct kafka_producer *p = NULL;
    struct errbuf e = {0};
    (void)state;
    assert_int_equal(kafka_producer_create((const char *const[]){"bootstrap.servers", CLOSED_PORT,
                                                                 "security.protocol", "ssl",
                                                                 "ssl.key.pem", "geheim", NULL},
                                           NULL, &p, &e),
                     ERR_CONFIG);
    assert_null(p);
    assert_non_null(strstr(e.text, "ssl.key.pem"));
    assert_null(strstr(e.text, "geheim"));
}

static void test_secret_names(void **state)
{
    (void)state;
    assert_true(kafka_setting_secret("sasl.password"));
    assert_true(kafka_setting_secret("ssl.key.password"));
    assert_true(kafka_setting_secret("ssl.keystore.password"));
    assert_true(kafka_setting_secret("ssl.key.pem"));
    assert_true(kafka_setting_secret("sasl.oauthbearer.client.secret"));
    assert_true(kafka_setting_secret("sasl.jaas.config"));
    assert_false(kafka_setting_secret("bootstrap.servers"));
    assert_false(kafka_setting_secret("ssl.ca.location"));
}

/* ---- a broker that is not there ---- */

static const char *const nobody[] = {"bootstrap.servers", CLOSED_PORT, NULL};

static void told_within(int64_t started_us, int64_t seconds, const struct errbuf *e)
{
    assert_true(clock_mono_us() - started_us < seconds * 1000000);
    assert_non_null(strstr(e->text, CLOSED_PORT));
    assert_non_null(strstr(e->text, "refused"));
}

static void test_nobody_there_producer(void **state)
{
    struct kafka_producer *p = NULL;
    struct errbuf e = {0};
    int64_t t = clock_mono_us();
    (void)state;
    assert_int_equal(kafka_producer_create(nobody, "unit", &p, &e), ERR_CONNECT);
    assert_null(p);
    told_within(t, 5, &e);
}

static void test_nobody_there_admin(void **state)
{
    struct kafka_admin *a = NULL;
    struct kafka_topics topics;
    struct errbuf e = {0};
    int64_t t = clock_mono_us();
    (void)state;
    assert_int_equal(kafka_admin_create(nobody, &a, &e), ERR_OK);
    assert_int_equal(kafka_admin_topics(a, NULL, true, true, &topics, &e), ERR_CONNECT);
    told_within(t, 5, &e);
    assert_int_equal(topics.n, 0);
    kafka_admin_destroy(a);
}

static void test_nobody_there_consumer(void **state)
{
    struct kafka_consumer *c = NULL;
    struct kafka_record r;
    struct errbuf e = {0};
    struct kafka_position at = {"t", 0, 5};
    int64_t t = clock_mono_us();
    (void)state;
    assert_int_equal(kafka_consumer_create(nobody, NULL, 1 << 20, &c, &e), ERR_OK);
    assert_int_equal(kafka_consumer_assign(c, &at, 1, &e), ERR_OK);
    assert_int_equal(kafka_consumer_poll(c, 10000000, &r, &e), ERR_CONNECT);
    told_within(t, 8, &e);
    kafka_consumer_interrupt(c);
    assert_int_equal(kafka_consumer_poll(c, 10000000, &r, &e), ERR_CANCELED);
    kafka_consumer_destroy(c);
    assert_true(clock_mono_us() - t < 12 * 1000000);
}

static void test_plain_producer_flush_ends(void **state)
{
    struct kafka_producer *p = NULL;
    struct errbuf e = {0};
    (void)state;
    assert_int_equal(kafka_producer_create(nobody, NULL, &p, &e), ERR_OK);
    assert_int_equal(kafka_producer_flush(p, 10000, &e), ERR_OK); /* nothing to wait for */
    kafka_producer_destroy(p);
}

static int setup(void **state)
{
    (void)state;
    log_set_sink(keep_warning, NULL);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_murmur2),
        cmocka_unit_test(test_same_as_librdkafka),
        cmocka_unit_test(test_settings_merge),
        cmocka_unit_test(test_settings_refused),
        cmocka_unit_test(test_settings_conflict),
        cmocka_unit_test(test_settings_bad_key),
        cmocka_unit_test(test_secret_names),
        cmocka_unit_test(test_nobody_there_producer),
        cmocka_unit_test(test_nobody_there_admin),
        cmocka_unit_test(test_nobody_there_consumer),
        cmocka_unit_test(test_plain_producer_flush_ends),
    };
    return cmocka_run_group_tests_name("kafka", tests, setup, NULL);
}
