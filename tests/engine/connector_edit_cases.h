/* What the console does with a real engine: an edited configuration with masks in it, and the
 * records of a source's topic. test_connectors.c has the helpers. */
#ifndef TESTS_CONNECTOR_EDIT_CASES_H
#define TESTS_CONNECTOR_EDIT_CASES_H

#include "backend/state/store.h"

static void expect_stored(const struct harness *h, const char *name, const char *words)
{
    char dir[600];
    struct store *s = NULL;
    struct store_connectors stored = {0};
    struct errbuf e;
    (void)snprintf(dir, sizeof dir, "%s/state", h->dir);
    assert_int_equal(store_open_to_read(dir, &s, &e), ERR_OK);
    assert_int_equal(store_connector_get(s, name, &stored, &e), ERR_OK);
    if (!strstr(stored.items[0].config, words))
        fail_msg("%s is not in %s", words, stored.items[0].config);
    store_connectors_free(&stored);
    store_close(s);
}

/* The one record of `topic` whose `where` is `what`; NULL: there is none. A new reference. */
static json_t *record_of(const struct harness *h, const char *topic, const char *where,
                         const char *what)
{
    json_t *r =
        done(h, "topic.messages",
             json_pack("{s:s, s:i, s:{s:s}}", "name", topic, "limit", 1, "filter", where, what));
    json_t *m = json_incref(json_array_get(json_object_get(r, "messages"), 0));
    json_decref(r);
    return m;
}

/* Each row names the schema of its record, which is found by that name. */
static void expect_schema_of_records(const struct harness *h)
{
    json_t *m = record_of(h, "c_edit.public.t", "key", "17");
    assert_non_null(m);
    const json_t *header = json_array_get(json_object_get(m, "headers"), 0);
    assert_string_equal(json_string_value(json_object_get(header, "name")), "flightdeck.schema");
    json_t *schema = record_of(h, "c_edit.__schemas", "text",
                               json_string_value(json_object_get(header, "value")));
    assert_non_null(schema);
    assert_non_null(strstr(json_string_value(json_object_get(schema, "value")), "\"id\""));
    json_decref(schema);
    json_decref(m);
    json_t *figures = done(h, "topic.figures", json_pack("{s:[s]}", "names", "c_edit.public.t"));
    const json_t *f = json_array_get(json_object_get(figures, "topics"), 0);
    assert_true(json_integer_value(json_object_get(f, "size_bytes")) > 1000);
    json_decref(figures);
}

static void test_masks_stay_and_records_are_read(void **state)
{
    struct harness h;
    struct errbuf e;
    json_t *result;
    char *db = database("c_edit");
    char *source = source_json("c_edit", ", \"database.password\": \"is-${EDIT_PW}\"");
    (void)state;
    harness_init(&h, "c_edit", db, "variables: {EDIT_PW: secret}\n");
    start(&h);
    apply(&h, source, false);
    expect_setting(&h, "c_edit-source", "database.password", "***");
    json_t *shown = done(&h, "connector.show", named("c_edit-source"));
    assert_string_equal(json_string_value(json_object_get(shown, "slot")), "c_edit");
    json_t *config = json_object_get(shown, "config");
    (void)json_object_set_new(config, "heartbeat.interval.ms", json_string("7000"));
    json_t *params = json_pack("{s:s, s:O}", "name", "c_edit-source", "config", config);
    json_decref(done(&h, "connector.apply", params));
    expect_setting(&h, "c_edit-source", "heartbeat.interval.ms", "7000");
    expect_stored(&h, "c_edit-source", "is-${EDIT_PW}");
    expect_stored(&h, "c_edit-source", "7000");
    json_decref(shown);
    harness_verify(&h, WAIT_S);
    /* a mask that stands for nothing is no password */
    char *sink = sink_json("c_edit_new", ", \"connection.password\": \"***\"");
    assert_int_equal(ask(&h, "connector.apply", apply_params(sink), &result, &e), ERR_CONFIG);
    if (!strstr(e.text, "shown instead of a secret"))
        fail_msg("%s", e.text);
    json_decref(result);
    expect_schema_of_records(&h);
    json_t *none = done(&h, "connector.restart_failed", NULL);
    assert_int_equal(json_array_size(json_object_get(none, "restarted")), 0);
    json_decref(none);
    json_t *kept = json_pack("{s:s, s:s}", "name", "c_edit.__offsets", "key", "x");
    assert_int_equal(ask(&h, "topic.produce", kept, &result, &e), ERR_USAGE);
    json_decref(result);
    expect_event(&h, "audit", "c_edit.__offsets", "topic.produce: usage");
    stop(&h);
    free(sink);
    free(source);
    free(db);
}

#endif
