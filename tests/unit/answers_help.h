/* Answers to what a screen asks, from the fake engine's data, without an engine. */
#ifndef TESTS_ANSWERS_HELP_H
#define TESTS_ANSWERS_HELP_H

#include "tests/fixture/fake_topics.h"
#include "tests/unit/screen_help.h"

static inline json_t *answer_show(const json_t *params)
{
    json_t *snapshot = fake_snapshot();
    json_t *found = NULL;
    json_t *c;
    size_t i;
    const char *name = json_string_value(json_object_get(params, "name"));
    json_array_foreach(json_object_get(snapshot, "connectors"), i, c)
    {
        if (strcmp(json_string_value(json_object_get(c, "name")), name) == 0)
            found = json_deep_copy(c);
    }
    json_decref(snapshot);
    if (!found)
        return NULL;
    bool sink = strcmp(json_string_value(json_object_get(found, "type")), "sink") == 0;
    (void)json_object_set_new(found, sink ? "dead_letter_topic" : "slot",
                              json_string(sink ? FAKE_DEAD_TOPIC : "flightdeck"));
    (void)json_object_set_new(
        found, "config",
        json_pack("{s:s,s:s,s:s}", "connector.class", "io.confluent.vertica.VerticaSinkConnector",
                  "connection.password", "***", "topics", "postgres.bookings.flights"));
    return found;
}

static inline json_t *answer_offsets(const json_t *params)
{
    const char *name = json_string_value(json_object_get(params, "name"));
    if (strcmp(name, "airline-source") == 0)
        return json_pack("{s:[{s:{s:s},s:{s:s,s:s}}]}", "offsets", "partition", "server",
                         "postgres", "offset", "confirmed_lsn", "0/3F0012A8", "slot", "flightdeck");
    return json_pack("{s:[{s:{s:s,s:i},s:{s:i}}]}", "offsets", "partition", "kafka_topic",
                     "postgres.bookings.flights", "kafka_partition", 0, "offset", "kafka_offset",
                     24050);
}

/* Answers everything that is asked now; returns how many that was. */
static inline int answer_asks(struct screen *s)
{
    struct ask asks[16];
    int n = 0;
    while (n < 16 && screen_ask(s, n, &asks[n]))
        n++;
    for (int i = 0; i < n; i++) {
        struct errbuf e = {0};
        json_t *result = NULL;
        enum err rc = ERR_OK;
        if (strcmp(asks[i].method, "topic.messages") == 0)
            rc = fake_messages(asks[i].params, &result, &e);
        else if (strcmp(asks[i].method, "topic.figures") == 0)
            result = fake_figures(asks[i].params);
        else if (strcmp(asks[i].method, "recorder.objects") == 0)
            result = fake_objects(asks[i].params);
        else if (strcmp(asks[i].method, "connector.show") == 0)
            result = answer_show(asks[i].params);
        else if (strcmp(asks[i].method, "connector.offsets") == 0)
            result = answer_offsets(asks[i].params);
        else
            fail_msg("%s is asked", asks[i].method);
        const struct answer a = {asks[i].method, asks[i].params, rc, result, e.text};
        screen_take_answer(s, &a, NULL);
        json_decref(asks[i].params);
        json_decref(result);
    }
    return n;
}

/* The answer to an effect. */
static inline void answer_effect(struct screen *s, struct effect *effect, enum err code,
                                 json_t *result, const char *text)
{
    const struct answer a = {effect->method, effect->params, code, result, text};
    assert_int_equal(effect->kind, EFFECT_CALL);
    screen_take_answer(s, &a, effect->label);
    json_decref(result);
}

/* The last frame of these keys, each followed by the answers to what is asked. */
static inline void press_and_answer(struct screen *s, const char *keys)
{
    while (*keys) {
        char key[2] = {*keys++, '\0'};
        (void)press(s, key);
        (void)answer_asks(s);
    }
}

#endif
