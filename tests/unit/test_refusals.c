/* Of requests that fail the record keeps some, and says how many there were. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "backend/base/buf.h"
#include "backend/serve/control.h"
#include "backend/serve/refusals.h"

static void test_of_each_user(void **state)
{
    (void)state;
    struct refusals r;
    const int64_t s = 1000000;
    int64_t left_out = 0;
    refusals_init(&r);
    for (int i = 0; i < REFUSALS_AT_ONCE; i++)
        assert_true(refusals_record(&r, 7, true, s, &left_out));
    for (int i = 0; i < 1000; i++)
        assert_false(refusals_record(&r, 7, true, s, &left_out));
    assert_true(refusals_record(&r, 8, true, s, &left_out)); /* another one's are kept */
    assert_int_equal(left_out, 0);
    assert_int_equal(refusals_left_out(&r), 1000);
    assert_true(refusals_record(&r, 7, false, s, &left_out)); /* and what goes well */
    assert_int_equal(left_out, 1000);
    assert_false(refusals_record(&r, 7, true, s, &left_out));
    assert_true(refusals_record(&r, 7, true, 2 * s, &left_out)); /* then two a second */
    assert_int_equal(left_out, 1);
    assert_true(refusals_record(&r, 7, true, 2 * s, &left_out));
    assert_int_equal(left_out, 0);
    assert_false(refusals_record(&r, 7, true, 2 * s, &left_out));
    assert_int_equal(refusals_left_out(&r), 1);
    refusals_destroy(&r);
}

/* More users than are told apart share one bound: it stays one. */
static void test_many_users(void **state)
{
    (void)state;
    struct refusals r;
    int64_t left_out;
    int kept = 0;
    refusals_init(&r);
    for (uid_t uid = 0; uid < 10000; uid++)
        kept += refusals_record(&r, uid, true, 1, &left_out);
    assert_int_equal(kept, REFUSALS_USERS_MAX - 1 + REFUSALS_AT_ONCE);
    refusals_destroy(&r);
}

struct seen {
    int records;
    char text[200];
};

static enum err change(void *arg, const struct control_peer *peer, const json_t *params,
                       json_t **result, struct errbuf *e)
{
    (void)arg, (void)peer, (void)result;
    return json_object_get(params, "well") ? ERR_OK : err_set(e, ERR_DENIED, "no");
}

static void audit(void *arg, const struct control_peer *peer, const char *method,
                  const json_t *params, enum err outcome, const char *text)
{
    struct seen *s = arg;
    (void)peer, (void)method, (void)params, (void)outcome;
    s->records++;
    (void)snprintf(s->text, sizeof s->text, "%s", text);
}

static void test_requests(void **state)
{
    (void)state;
    static const struct control_method methods[] = {{"change", change, CONTROL_MUTATES}};
    static const char fails[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"change\"}";
    static const char well[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"change\","
                               "\"params\":{\"well\":1}}";
    struct refusals r;
    struct seen seen = {0};
    struct control_peer peer = {.uid = 7};
    struct control_options o = {
        .methods = methods, .method_count = 1, .audit = audit, .refusals = &r, .arg = &seen};
    struct buf out;
    buf_init(&out, 0);
    refusals_init(&r);
    for (int i = 0; i < 5000; i++) {
        buf_clear(&out);
        control_dispatch(&o, &peer, fails, sizeof fails - 1, &out);
        assert_non_null(strstr(buf_cstr(&out), "\"no\"")); /* who asks hears it each time */
    }
    assert_in_range(seen.records, REFUSALS_AT_ONCE, 1000);
    if (refusals_left_out(&r))
        control_dispatch(&o, &peer, well, sizeof well - 1, &out);
    assert_non_null(strstr(seen.text, " more that failed before it are not recorded"));
    assert_int_equal(refusals_left_out(&r), 0);
    o.refusals = NULL;
    control_dispatch(&o, &peer, fails, sizeof fails - 1, &out);
    assert_string_equal(seen.text, "no");
    refusals_destroy(&r);
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_of_each_user),
        cmocka_unit_test(test_many_users),
        cmocka_unit_test(test_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
