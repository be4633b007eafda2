#include "views/dag_gantt.h"

#include <string.h>

#include "views/answer.h"

enum mark { MARK_NONE, MARK_QUEUED, MARK_FAILED, MARK_RAN, MARK_RUNS, MARKS };

bool gantt_span(const json_t *answer, int64_t now_us, int64_t *from_us, int64_t *to_us)
{
    const json_t *run = json_object_get(answer, "run");
    int64_t end = answer_int(run, "ended_us");
    *from_us = answer_int(run, "started_us");
    *to_us = end == UNKNOWN_INT ? now_us : end;
    if (*from_us == UNKNOWN_INT || *to_us == UNKNOWN_INT)
        return false;
    if (*to_us <= *from_us)
        *to_us = *from_us + 1;
    return true;
}

struct row {
    unsigned char marks[GANTT_WIDTH_MAX];
    int w;
    double from, span;
};

static int column(const struct row *r, int64_t at_us)
{
    double x = ((double)at_us - r->from) / r->span * r->w;
    return x < 0 ? 0 : x > r->w ? r->w : (int)x;
}

/* At least one column, however short it was. */
static void put(struct row *r, int64_t from_us, int64_t to_us, enum mark mark)
{
    int a = column(r, from_us);
    int b = column(r, to_us);
    a = a >= r->w ? r->w - 1 : a;
    b = b <= a ? a + 1 : b;
    for (int i = a; i < b && i < r->w; i++)
        if (r->marks[i] < (unsigned char)mark)
            r->marks[i] = (unsigned char)mark;
}

static void put_try(struct row *r, const json_t *o, int64_t now_us)
{
    int64_t begin = answer_int(o, "started_us");
    int64_t end = answer_int(o, "ended_us");
    const char *state = answer_text(o, "state");
    bool runs = end == UNKNOWN_INT;
    bool bad = strcmp(state, "failed") == 0 || strcmp(state, "canceled") == 0;
    if (begin == UNKNOWN_INT || (runs && now_us == UNKNOWN_INT))
        return;
    put(r, begin, runs ? now_us : end, bad ? MARK_FAILED : MARK_RAN);
    if (runs)
        put(r, now_us, now_us, MARK_RUNS);
}

char *gantt_bar(const json_t *task, int64_t from_us, int64_t to_us, int64_t now_us, int w,
                bool ascii, char *out)
{
    static const char *const signs[MARKS] = {" ", "·", "▒", "█", "▶"};
    static const char *const plain[MARKS] = {" ", ".", "x", "#", ">"};
    struct row r = {.w = w < GANTT_WIDTH_MAX ? w : GANTT_WIDTH_MAX,
                    .from = (double)from_us,
                    .span = (double)to_us - (double)from_us};
    const json_t *tries = json_object_get(task, "tries");
    int64_t queued = answer_int(task, "queued_us");
    int64_t started = answer_int(task, "started_us");
    char *p = out;
    *p = '\0';
    if (r.w < 1)
        return out;
    if (queued != UNKNOWN_INT &&
        column(&r, queued) < column(&r, started == UNKNOWN_INT ? to_us : started))
        put(&r, queued, started == UNKNOWN_INT ? to_us : started, MARK_QUEUED);
    for (size_t i = 0; i < json_array_size(tries); i++)
        put_try(&r, json_array_get(tries, i), now_us);
    if (!json_array_size(tries))
        put_try(&r, task, now_us);
    int last = r.w;
    while (last > 0 && r.marks[last - 1] == MARK_NONE)
        last--;
    for (int i = 0; i < last; i++) {
        const char *sign = ascii ? plain[r.marks[i]] : signs[r.marks[i]];
        size_t n = strlen(sign);
        memcpy(p, sign, n);
        p += n;
    }
    *p = '\0';
    return out;
}
