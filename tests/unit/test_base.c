/* Unit tests of backend/base: buffers, errors, queue, arena, relation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/base/arena.h"
#include "backend/base/buf.h"
#include "backend/base/clock.h"
#include "backend/base/log.h"
#include "backend/base/queue.h"
#include "backend/base/relation.h"
#include "backend/base/stop.h"

/* An escape or a character beyond ASCII at every place of strings of every length up to 40. */
static void test_buf_json_string_places(void **state)
{
    enum { LONGEST = 40 };
    static const struct {
        const char *in;
        const char *out;
    } odd[] = {{"\"", "\\\""},
               {"\n", "\\n"},
               {"\x1f", "\\u001f"},
               {"\x7f", "\x7f"},
               {"\xc3\xa9", "\xc3\xa9"},
               {"\xff", "\xef\xbf\xbd"},
               {"~", "~"}};
    (void)state;
    for (size_t k = 0; k < sizeof odd / sizeof odd[0]; k++)
        for (int before = 0; before <= LONGEST; before++)
            for (int after = 0; before + after <= LONGEST; after++) {
                char in[2 * LONGEST + 8];
                char out[2 * LONGEST + 16];
                int n = snprintf(in, sizeof in, "%.*s%s%.*s", before,
                                 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", odd[k].in, after,
                                 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");
                (void)snprintf(out, sizeof out, "\"%.*s%s%.*s\"", before,
                               "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", odd[k].out, after,
                               "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");
                struct buf b;
                buf_init(&b, 0);
                buf_json_string(&b, in, (size_t)n);
                assert_string_equal(buf_cstr(&b), out);
                buf_free(&b);
            }
}

static void test_buf_csv(void **state)
{
    static const struct {
        const char *in;
        char delimiter;
        bool quote;
        const char *out;
    } cases[] = {
        {"plain", ',', false, "plain"},
        {"", ',', false, ""},
        {"", ',', true, "\"\""},
        {"a,b", ',', false, "\"a,b\""},
        {"a,b", ';', false, "a,b"},
        {"a\"b", ',', false, "\"a\"\"b\""},
        {"two\nlines", ',', false, "\"two\nlines\""},
        {"x\r", ',', false, "\"x\r\""},
        {"\\.", ',', false, "\"\\.\""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf b;
        buf_init(&b, 0);
        buf_csv(&b, cases[i].in, strlen(cases[i].in), cases[i].delimiter, cases[i].quote);
        assert_string_equal(buf_cstr(&b), cases[i].out);
        buf_free(&b);
    }
}

static void test_buf_json_string(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        size_t n;
        const char *out;
    } cases[] = {
        {"plain", 5, "\"plain\""},
        {"a\"b\\c\n\t\x01", 8, "\"a\\\"b\\\\c\\n\\t\\u0001\""},
        {"Привет", 12, "\"Привет\""},
        {"a\xff"
         "b",
         3,
         "\"a\xef\xbf\xbd"
         "b\""},
        {"\xe2\x82", 2, "\"\xef\xbf\xbd\xef\xbf\xbd\""},
        {"", 0, "\"\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf b;
        buf_init(&b, 0);
        buf_json_string(&b, cases[i].in, cases[i].n);
        assert_string_equal(buf_cstr(&b), cases[i].out);
        buf_free(&b);
    }
}

static void test_buf_limit(void **state)
{
    (void)state;
    struct buf b;
    struct errbuf e;
    buf_init(&b, 10);
    buf_lit(&b, "12345678");
    assert_int_equal(buf_check(&b, "text", &e), ERR_OK);
    buf_lit(&b, "901");
    assert_true(buf_failed(&b));
    assert_int_equal(buf_check(&b, "text", &e), ERR_LIMIT);
    assert_int_equal(b.len, 8);
    buf_free(&b);
}

static void test_buf_numbers_and_quotes(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 0);
    buf_i64(&b, INT64_MIN);
    buf_ch(&b, ' ');
    buf_u64(&b, UINT64_MAX);
    buf_ch(&b, ' ');
    buf_ident(&b, "we\"ird Имя");
    buf_ch(&b, ' ');
    buf_literal(&b, "it's");
    assert_string_equal(buf_cstr(&b),
                        "-9223372036854775808 18446744073709551615 \"we\"\"ird Имя\" 'it''s'");
    buf_free(&b);
}

static void test_err_words(void **state)
{
    (void)state;
    struct errbuf e;
    assert_int_equal(err_set(&e, ERR_CONNECT, "no answer from %s", "a"), ERR_CONNECT);
    assert_true(err_retriable(e.code));
    assert_int_equal(err_prefix(&e, "warehouse"), ERR_CONNECT);
    assert_string_equal(e.text, "warehouse: no answer from a");
    assert_int_equal(err_set(&e, ERR_IO, "outer (%s)", e.text), ERR_IO);
    assert_string_equal(e.text, "outer (warehouse: no answer from a)");
}

static void *pop_all(void *arg)
{
    struct queue *q = arg;
    intptr_t sum = 0;
    void *item;
    while (queue_pop(q, &item, -1) == ERR_OK)
        sum += (intptr_t)item;
    return (void *)sum;
}

static void test_queue_passes_everything(void **state)
{
    (void)state;
    struct queue *q = queue_create(4);
    pthread_t t;
    assert_int_equal(pthread_create(&t, NULL, pop_all, q), 0);
    for (intptr_t i = 1; i <= 1000; i++)
        assert_int_equal(queue_push(q, (void *)i, -1), ERR_OK);
    queue_close(q);
    void *sum;
    assert_int_equal(pthread_join(t, &sum), 0);
    assert_int_equal((intptr_t)sum, 500500);
    assert_int_equal(queue_push(q, NULL, -1), ERR_CANCELED);
    queue_destroy(q);
}

static void test_queue_timeouts(void **state)
{
    (void)state;
    struct queue *q = queue_create(1);
    void *item;
    assert_int_equal(queue_pop(q, &item, 0), ERR_TIMEOUT);
    assert_int_equal(queue_pop(q, &item, 1000), ERR_TIMEOUT);
    assert_int_equal(queue_push(q, q, 0), ERR_OK);
    assert_int_equal(queue_push(q, q, 1000), ERR_TIMEOUT);
    assert_int_equal(queue_length(q), 1);
    queue_destroy(q);
}

static void test_arena(void **state)
{
    (void)state;
    struct arena *a = arena_create(64);
    for (int round = 0; round < 3; round++) {
        for (size_t n = 0; n < 300; n += 7) {
            char *p = arena_alloc(a, n);
            assert_non_null(p);
            assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
            memset(p, 1, n);
        }
        assert_string_equal(arena_copy(a, "abcdef", 3), "abc");
        arena_reset(a);
        assert_int_equal(arena_used(a), 0);
    }
    arena_destroy(a);
}

static void test_numeric_typmod(void **state)
{
    (void)state;
    int p;
    int s;
    assert_true(relation_numeric_typmod(((10 << 16) | 2) + 4, &p, &s));
    assert_int_equal(p, 10);
    assert_int_equal(s, 2);
    assert_true(relation_numeric_typmod(((5 << 16) | (-3 & 0x7ff)) + 4, &p, &s));
    assert_int_equal(s, -3);
    assert_false(relation_numeric_typmod(-1, &p, &s));
}

static void test_clock_text(void **state)
{
    (void)state;
    char t[CLOCK_TEXT_MAX];
    assert_string_equal(clock_format_utc(1795543987050043, t, sizeof t),
                        "2026-11-24T18:13:07.050Z");
    assert_string_equal(clock_format_utc(-1, t, sizeof t), "1969-12-31T23:59:59.999Z");
}

/* One event is one line, and one JSON value, whatever is in it. */
static void test_log_lines(void **state)
{
    (void)state;
    static const char message[] = "he said \"no\"\n\tand \x01 \\ left \xd0\x96";
    char got[1024];
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    log_configure(fds[1], LOG_JSON, LOG_WARNING);
    log_info("area", "below the level");
    log_warning("area", "%s", message);
    ssize_t n = read(fds[0], got, sizeof got);
    json_t *j = n > 0 ? json_loadb(got, (size_t)n, 0, NULL) : NULL;
    assert_non_null(j);
    assert_ptr_equal(memchr(got, '\n', (size_t)n), got + n - 1);
    assert_string_equal(json_string_value(json_object_get(j, "level")), "warning");
    assert_string_equal(json_string_value(json_object_get(j, "area")), "area");
    assert_string_equal(json_string_value(json_object_get(j, "message")), message);
    assert_int_equal(strlen(json_string_value(json_object_get(j, "ts"))), 24);
    json_decref(j);
    log_configure(fds[1], LOG_TEXT, LOG_WARNING);
    log_warning("area", "%s", message);
    n = read(fds[0], got, sizeof got - 1);
    assert_true(n > 0);
    got[n] = '\0';
    assert_non_null(strstr(got, " warning area: he said \"no\"  and   \\ left \xd0\x96\n"));
    log_configure(STDERR_FILENO, LOG_TEXT, LOG_INFO);
    (void)close(fds[0]);
    (void)close(fds[1]);
}

/* ---- a stop by time ---- */

static void test_timed_stop(void **state)
{
    struct stop s;
    struct errbuf e;
    (void)state;
    assert_int_equal(stop_init_timed(&s, &e), ERR_OK);
    struct stop *before = stop_bind(&s);
    struct pollfd p = {.fd = stop_fd(), .events = POLLIN};
    assert_false(stop_asked());
    stop_in(&s, 3600 * INT64_C(1000000));
    assert_false(stop_asked());
    stop_in(&s, 20000);
    assert_int_equal(poll(&p, 1, 10000), 1);
    assert_true(stop_asked());
    stop_in(&s, 3600 * INT64_C(1000000)); /* takes it back */
    assert_false(stop_asked());
    stop_in(&s, 0);
    assert_int_equal(poll(&p, 1, 10000), 1);
    (void)stop_bind(before);
    stop_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buf_csv),
        cmocka_unit_test(test_buf_json_string),
        cmocka_unit_test(test_buf_json_string_places),
        cmocka_unit_test(test_buf_limit),
        cmocka_unit_test(test_buf_numbers_and_quotes),
        cmocka_unit_test(test_err_words),
        cmocka_unit_test(test_queue_passes_everything),
        cmocka_unit_test(test_queue_timeouts),
        cmocka_unit_test(test_arena),
        cmocka_unit_test(test_numeric_typmod),
        cmocka_unit_test(test_clock_text),
        cmocka_unit_test(test_log_lines),
        cmocka_unit_test(test_timed_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
