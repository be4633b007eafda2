#include "views/past.h"

#include <stdio.h>
#include <string.h>

static const int64_t DAY_US = 86400 * INT64_C(1000000);

void past_free(struct past *p)
{
    json_decref(p->answer);
    *p = (struct past){0};
}

bool past_is_known(const struct past *p, const struct screen *s)
{
    if (!p->asked_us)
        return false;
    return s->past_us == p->asked_us ||
           (p->answer && !p->why[0] && s->past_us >= p->at_us && s->past_us < p->next_us);
}

bool past_ask(const struct past *p, const struct screen *s, const char *method, json_t *params,
              struct ask *out)
{
    if (!s->past_us || past_is_known(p, s)) {
        json_decref(params);
        return false;
    }
    *out = (struct ask){
        .method = "recorder.answer",
        .params = json_pack("{s:s, s:I}", "method", method, "ts_us", (json_int_t)s->past_us)};
    if (params)
        (void)json_object_set_new(out->params, "params", params);
    return true;
}

static bool is_mine(const struct screen *s, const char *method, const json_t *params,
                    const struct answer *a)
{
    const char *of = json_string_value(json_object_get(a->params, "method"));
    const json_t *question = json_object_get(a->params, "params");
    if (strcmp(a->method, "recorder.answer") != 0 || !of || strcmp(of, method) != 0)
        return false;
    if (!s->past_us || json_integer_value(json_object_get(a->params, "ts_us")) != s->past_us)
        return false; /* the person has gone on */
    return params ? json_equal(params, question) : !question;
}

bool past_take(struct past *p, const struct screen *s, const char *method, const json_t *params,
               const struct answer *a)
{
    if (!is_mine(s, method, params, a))
        return false;
    json_t *answer = NULL;
    if (a->code == ERR_OK)
        answer = json_deep_copy(json_object_get(a->result, "answer"));
    past_free(p);
    p->asked_us = s->past_us;
    if (answer) {
        p->answer = answer;
        p->at_us = json_integer_value(json_object_get(a->result, "ts_us"));
        p->next_us = json_integer_value(json_object_get(a->result, "next_us"));
    } else {
        (void)snprintf(p->why, sizeof p->why, "%s",
                       a->code == ERR_NOT_FOUND ? "nothing is kept of that time or before"
                       : a->code == ERR_OK      ? "no memory for an answer"
                                                : a->text);
    }
    return true;
}

void past_words(const struct past *p, const struct screen *s, char *out, size_t n)
{
    char text[UNIT_TEXT_MAX];
    bool same_day = p->at_us / DAY_US == s->past_us / DAY_US;
    if (!past_is_known(p, s))
        (void)snprintf(out, n, "asking for what was kept ..");
    else if (p->why[0])
        (void)snprintf(out, n, "%s", p->why);
    else
        (void)snprintf(out, n, "as of %s UTC",
                       same_day ? unit_clock(p->at_us, text, sizeof text)
                                : unit_day(p->at_us, text, sizeof text));
}
