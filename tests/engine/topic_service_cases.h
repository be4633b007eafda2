/* The engine's topic.messages, topic.figures and topic.produce on a real broker; test_topic.c has
 * the stack and its topics. */
#ifndef TESTS_TOPIC_SERVICE_CASES_H
#define TESTS_TOPIC_SERVICE_CASES_H

#include "backend/engine/topic_service.h"
#include "tests/fixture/kafka_client.h"

static struct topic_service *service;

typedef enum err service_fn(struct topic_service *s, const json_t *params, json_t **result,
                            struct errbuf *e);

/* Takes params. */
static json_t *asked(service_fn *ask, json_t *params)
{
    struct errbuf e = {0};
    json_t *result = NULL;
    if (!service)
        assert_int_equal(topic_service_create(client_settings(NULL), TOPIC_IDLE_US, &service, &e),
                         ERR_OK);
    enum err rc = ask(service, params, &result, &e);
    json_decref(params);
    if (rc)
        fail_msg("%s: %s", err_word(rc), e.text);
    return result;
}

static void refused(service_fn *ask, json_t *params, enum err code, const char *words)
{
    struct errbuf e = {0};
    json_t *result = NULL;
    assert_int_equal(ask(service, params, &result, &e), code);
    json_decref(params);
    json_decref(result);
    if (!strstr(e.text, words))
        fail_msg("%s", e.text);
}

/* The values in the order of the answer, as one text; frees nothing. */
static const char *values(const json_t *answer)
{
    static char text[256];
    size_t i;
    json_t *m;
    text[0] = '\0';
    json_array_foreach(json_object_get(answer, "messages"), i, m)
    {
        size_t n = strlen(text);
        const char *v = json_string_value(json_object_get(m, "value"));
        (void)snprintf(text + n, sizeof text - n, "%s", v ? v : "-");
    }
    return text;
}

static bool flag(const json_t *answer, const char *name)
{
    return json_is_true(json_object_get(answer, name));
}

/* The newest, the ones before, and so on to the beginning; every record once. */
static void test_messages_back(void **state)
{
    (void)state;
    json_t *a =
        asked(topic_service_messages, json_pack("{s:s,s:i}", "name", "numbers", "limit", 4));
    assert_string_equal(values(a), "9876");
    assert_true(flag(a, "more_before"));
    assert_false(flag(a, "more_after"));
    const json_t *m = json_array_get(json_object_get(a, "messages"), 0);
    assert_string_equal(json_string_value(json_object_get(m, "key")), "{\"id\":4}");
    const json_t *h = json_array_get(json_object_get(m, "headers"), 0);
    assert_string_equal(json_string_value(json_object_get(h, "value")), "tester");
    json_t *b = asked(topic_service_messages, json_pack("{s:s,s:i,s:O}", "name", "numbers", "limit",
                                                        4, "before", json_object_get(a, "before")));
    assert_string_equal(values(b), "5432");
    json_t *c = asked(topic_service_messages, json_pack("{s:s,s:i,s:O}", "name", "numbers", "limit",
                                                        4, "before", json_object_get(b, "before")));
    assert_string_equal(values(c), "10");
    assert_false(flag(c, "more_before"));
    json_decref(a);
    json_decref(b);
    json_decref(c);
    a = asked(topic_service_messages, json_pack("{s:s,s:i}", "name", "numbers", "partition", 1));
    assert_string_equal(values(a), "741");
    json_decref(a);
    a = asked(topic_service_messages, json_pack("{s:s}", "name", "empty"));
    assert_string_equal(values(a), "");
    json_decref(a);
}

static void test_messages_from_a_place(void **state)
{
    (void)state;
    json_t *a =
        asked(topic_service_messages, json_pack("{s:s,s:i,s:i,s:i}", "name", "numbers", "partition",
                                                0, "limit", 2, "from_offset", 2));
    assert_string_equal(values(a), "63");
    assert_true(flag(a, "more_before") && flag(a, "more_after"));
    json_t *b =
        asked(topic_service_messages, json_pack("{s:s,s:i,s:O}", "name", "numbers", "partition", 0,
                                                "from", json_object_get(a, "after")));
    assert_string_equal(values(b), "9");
    json_decref(b);
    b = asked(topic_service_messages, json_pack("{s:s,s:i,s:O}", "name", "numbers", "partition", 0,
                                                "before", json_object_get(a, "before")));
    assert_string_equal(values(b), "0");
    json_decref(a);
    json_decref(b);
    a = asked(topic_service_messages, json_pack("{s:s,s:I}", "name", "numbers", "from_time_us",
                                                (json_int_t)between_ms * 1000));
    assert_string_equal(values(a), "9876");
    json_decref(a);
}

static void test_messages_filtered(void **state)
{
    (void)state;
    json_t *a = asked(topic_service_messages,
                      json_pack("{s:s,s:{s:s}}", "name", "numbers", "filter", "key", "2"));
    assert_string_equal(values(a), "72");
    assert_int_equal(json_integer_value(json_object_get(a, "looked")), 10);
    json_decref(a);
    a = asked(topic_service_messages, json_pack("{s:s,s:i,s:{s:s}}", "name", "numbers", "limit", 2,
                                                "filter", "text", "TESTer")); /* in a header */
    assert_string_equal(values(a), "98");
    json_decref(a);
    a = asked(topic_service_messages,
              json_pack("{s:s,s:{s:s}}", "name", "numbers", "filter", "text", "nowhere"));
    assert_string_equal(values(a), "");
    assert_false(flag(a, "more_before"));
    json_decref(a);
}

static void test_messages_refused(void **state)
{
    (void)state;
    refused(topic_service_messages, json_pack("{s:s}", "name", "nowhere"), ERR_NOT_FOUND,
            "nowhere");
    refused(topic_service_messages, json_pack("{s:s,s:i}", "name", "numbers", "partition", 9),
            ERR_NOT_FOUND, "there is no 9");
    refused(topic_service_messages, json_pack("{s:s,s:i}", "name", "numbers", "limit", 100000),
            ERR_USAGE, "limit");
    refused(topic_service_messages,
            json_pack("{s:s,s:i,s:{}}", "name", "numbers", "from_offset", 1, "before"), ERR_USAGE,
            "one of them");
    refused(topic_service_messages, json_pack("{s:s,s:{s:i}}", "name", "numbers", "after", "x", 1),
            ERR_USAGE, "no partition");
}

/* What is made by hand comes to who follows, as it was made. */
static void test_produce(void **state)
{
    (void)state;
    client_topic("by-hand", 2, NULL);
    json_t *before = asked(topic_service_messages, json_pack("{s:s}", "name", "by-hand"));
    json_t *made = asked(topic_service_produce,
                         json_pack("{s:s,s:{s:i},s:{s:s,s:n},s:{s:s}}", "name", "by-hand", "key",
                                   "id", 17, "value", "city", "\xd0\x9e\xd1\x80\xd1\x91\xd0\xbb",
                                   "gone", "headers", "why", "a test"));
    assert_true(json_integer_value(json_object_get(made, "bytes")) > 20);
    json_decref(made);
    json_t *after = asked(topic_service_messages, json_pack("{s:s,s:O}", "name", "by-hand", "after",
                                                            json_object_get(before, "after")));
    assert_string_equal(values(after),
                        "{\"city\":\"\xd0\x9e\xd1\x80\xd1\x91\xd0\xbb\",\"gone\":null}");
    json_t *none = asked(topic_service_messages, json_pack("{s:s,s:O}", "name", "by-hand", "after",
                                                           json_object_get(after, "after")));
    assert_string_equal(values(none), "");
    made = asked(topic_service_produce, json_pack("{s:s,s:s,s:i}", "name", "by-hand", "key", "k",
                                                  "partition", 1)); /* a tombstone */
    json_decref(made);
    json_decref(none);
    none = asked(topic_service_messages, json_pack("{s:s,s:i,s:{s:s}}", "name", "by-hand",
                                                   "partition", 1, "filter", "key", "k"));
    assert_string_equal(values(none), "-");
    json_decref(none);
    json_decref(after);
    json_decref(before);
    refused(topic_service_produce, json_pack("{s:s}", "name", "by-hand"), ERR_USAGE, "neither");
    refused(topic_service_produce, json_pack("{s:s,s:s}", "name", "airline.__offsets", "key", "k"),
            ERR_USAGE, "positions or schemas");
    refused(topic_service_produce, json_pack("{s:s,s:s}", "name", "nowhere", "key", "k"),
            ERR_NOT_FOUND, "nowhere");
    refused(topic_service_produce,
            json_pack("{s:s,s:s,s:i}", "name", "by-hand", "key", "k", "partition", 7),
            ERR_NOT_FOUND, "there is no 7");
}

/* What is no text is shown as such, and long values are cut at a character. */
static void test_messages_of_bytes(void **state)
{
    (void)state;
    struct errbuf e = {0};
    client_topic("bytes", 1, NULL);
    struct kafka_producer *p = client_producer(NULL, NULL);
    assert_int_equal(kafka_producer_send(p, "bytes", 0, "a\0b", 3, "\xff\x01", 2, NULL, 0, &e),
                     ERR_OK);
    client_produce(p, "bytes", "k", "0123456789abcd\xd1\x91\xd1\x91\xd1\x91");
    assert_int_equal(kafka_producer_flush(p, 30000000, &e), ERR_OK);
    kafka_producer_destroy(p);
    json_t *a = asked(topic_service_messages, json_pack("{s:s,s:i}", "name", "bytes", "bytes", 17));
    assert_string_equal(values(a), "0123456789abcd\xd1\x91\xef\xbf\xbd\x01");
    const json_t *m = json_array_get(json_object_get(a, "messages"), 0);
    assert_true(flag(m, "cut"));
    assert_int_equal(json_integer_value(json_object_get(m, "value_bytes")), 20);
    m = json_array_get(json_object_get(a, "messages"), 1);
    assert_string_equal(json_string_value(json_object_get(m, "key")), "a\xef\xbf\xbd"
                                                                      "b");
    json_decref(a);
}

static void test_figures(void **state)
{
    (void)state;
    json_t *a = asked(topic_service_figures,
                      json_pack("{s:[s,s,s]}", "names", "numbers", "empty", "nowhere"));
    const json_t *list = json_object_get(a, "topics");
    assert_int_equal(json_array_size(list), 2);
    const json_t *n = json_array_get(list, 0);
    /* {"id":4}, one digit, who=tester */
    assert_true(json_real_value(json_object_get(n, "record_bytes")) == 18.0);
    assert_int_equal(json_integer_value(json_object_get(n, "size_bytes")), 18 * 20);
    assert_int_equal(json_integer_value(json_object_get(n, "retention_ms")), -1);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(list, 1), "size_bytes")), 0);
    json_decref(a);
    /* what was empty is measured as soon as it is not */
    a = asked(topic_service_produce, json_pack("{s:s,s:s}", "name", "empty", "value", "12345"));
    json_decref(a);
    a = asked(topic_service_figures, json_pack("{s:[s]}", "names", "empty"));
    n = json_array_get(json_object_get(a, "topics"), 0);
    assert_int_equal(json_integer_value(json_object_get(n, "size_bytes")), 5);
    json_decref(a);
    topic_service_destroy(service);
    service = NULL;
}

static bool is_idle(void *arg)
{
    return topic_service_is_idle(arg);
}

/* Who asks seldom finds no connection kept, and is answered all the same. */
static void test_closed_when_idle(void **state)
{
    (void)state;
    struct errbuf e = {0};
    assert_int_equal(topic_service_create(client_settings(NULL), 1, &service, &e), ERR_OK);
    assert_true(topic_service_is_idle(service));
    for (int i = 0; i < 2; i++) {
        json_t *a =
            asked(topic_service_messages, json_pack("{s:s,s:i}", "name", "numbers", "limit", 2));
        assert_string_equal(values(a), "98");
        json_decref(a);
        fixture_wait("the reader is closed", 10, is_idle, service);
    }
    topic_service_destroy(service);
    service = NULL;
}

#define TOPIC_SERVICE_CASES                                                                        \
    cmocka_unit_test(test_messages_back), cmocka_unit_test(test_messages_from_a_place),            \
        cmocka_unit_test(test_messages_filtered), cmocka_unit_test(test_messages_refused),         \
        cmocka_unit_test(test_produce), cmocka_unit_test(test_messages_of_bytes),                  \
        cmocka_unit_test(test_figures), cmocka_unit_test(test_closed_when_idle)

#endif
