#include "views/refresh.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "views/answer.h"
#include "views/pane.h"

static const int64_t LOOK_US = 500000;

/* ---- words ---- */

static bool is_over(const char *state)
{
    return strcmp(state, "success") == 0 || strcmp(state, "failed") == 0 ||
           strcmp(state, "canceled") == 0;
}

static const json_t *find_task(const json_t *answer, const char *task)
{
    const json_t *tasks = json_object_get(answer, "tasks");
    for (size_t i = 0; *task && i < json_array_size(tasks); i++)
        if (strcmp(answer_text(json_array_get(tasks, i), "task"), task) == 0)
            return json_array_get(tasks, i);
    return NULL;
}

/* Of the tasks so far, where the run does not tell yet. */
static int64_t rows_of(const json_t *answer)
{
    int64_t rows = answer_int(json_object_get(answer, "run"), "rows");
    const json_t *tasks = json_object_get(answer, "tasks");
    for (size_t i = 0; i < json_array_size(tasks) && rows == UNKNOWN_INT; i++) {
        int64_t n = answer_int(json_array_get(tasks, i), "rows");
        if (n != UNKNOWN_INT)
            rows = n;
        for (size_t k = i + 1; n != UNKNOWN_INT && k < json_array_size(tasks); k++) {
            int64_t more = answer_int(json_array_get(tasks, k), "rows");
            rows += more == UNKNOWN_INT ? 0 : more;
        }
    }
    return rows;
}

static double took_s(const json_t *o, int64_t now_us)
{
    int64_t begin = answer_int(o, "started_us");
    int64_t end = answer_int(o, "ended_us");
    end = end == UNKNOWN_INT ? now_us : end;
    if (begin == UNKNOWN_INT || end == UNKNOWN_INT)
        return NAN;
    return end < begin ? 0 : ((double)end - (double)begin) / 1e6;
}

bool refresh_words(const json_t *answer, const char *name, const char *task, int64_t now_us,
                   char *out, size_t n, uint16_t *style)
{
    const json_t *run = json_object_get(answer, "run");
    const json_t *part = find_task(answer, task);
    const char *state = answer_text(run, "state");
    int64_t rows = rows_of(answer);
    char count[UNIT_TEXT_MAX];
    char time[UNIT_TEXT_MAX];
    const char *plural = rows == 1 ? "" : "s";
    (void)unit_count(rows, count, sizeof count);
    (void)unit_duration(took_s(part ? part : run, now_us), time, sizeof time);
    *style = STYLE_PLAIN;
    if (strcmp(state, "success") == 0 && rows == UNKNOWN_INT)
        (void)snprintf(out, n, "%s: done in %s", name, time);
    else if (strcmp(state, "success") == 0)
        (void)snprintf(out, n, "%s: %s row%s in %s%s", name, count, plural, time,
                       rows ? "" : ", nothing was new");
    else if (is_over(state)) {
        *style = STYLE_BROKEN;
        const char *reason = answer_text(run, "reason");
        (void)snprintf(out, n, "%s: %s after %s%s%.200s", name, state, time, *reason ? ": " : "",
                       reason);
    } else if (strcmp(state, "queued") == 0)
        (void)snprintf(out, n, "refreshing %s: run %lld waits for its turn", name,
                       (long long)answer_int(run, "id"));
    else if (rows == UNKNOWN_INT)
        (void)snprintf(out, n, "refreshing %s: run %lld is %s, %s", name,
                       (long long)answer_int(run, "id"), state, time);
    else
        (void)snprintf(out, n, "refreshing %s: %s row%s so far, %s", name, count, plural, time);
    return is_over(state);
}

/* ---- what goes on ---- */

static struct refresh_item *item_of(struct screen *s, const char *name)
{
    struct refresh_item *items = s->refreshes.items;
    for (int i = 0; i < REFRESHES_MAX; i++)
        if (items[i].run && strcmp(items[i].name, name) == 0)
            return &items[i];
    return NULL;
}

const struct refresh_item *screen_refresh_of(const struct screen *s, const char *name)
{
    for (int i = 0; i < REFRESHES_MAX; i++)
        if (s->refreshes.items[i].run && strcmp(s->refreshes.items[i].name, name) == 0)
            return &s->refreshes.items[i];
    return NULL;
}

/* One of that name, a free one, one that is over with it; NULL: all go on. */
static struct refresh_item *take_item(struct screen *s, const char *name)
{
    struct refresh_item *items = s->refreshes.items;
    struct refresh_item *best = item_of(s, name);
    for (int i = 0; i < REFRESHES_MAX && !best; i++)
        best = items[i].run ? NULL : &items[i];
    for (int i = 0; i < REFRESHES_MAX && !best; i++)
        best = items[i].ended ? &items[i] : NULL;
    return best;
}

void screen_refresh(struct screen *s, const char *name, struct effect *out)
{
    char label[REFRESH_NAME_MAX + 16];
    const struct refresh_item *item = screen_refresh_of(s, name);
    if (item && !item->ended) {
        screen_say(s, STYLE_PLAIN, "%s", item->words);
        return;
    }
    if (!take_item(s, name)) {
        screen_say(s, STYLE_ATTENTION, "%d refreshes go on: wait for one of them", REFRESHES_MAX);
        return;
    }
    (void)snprintf(label, sizeof label, "refresh %.*s", REFRESH_NAME_MAX - 1, name);
    screen_call(s, out, "refresh.run", json_pack("{s:s}", "name", name), label);
}

/* In the message line, unless something else stands there: what came of it goes over everything. */
static void say(struct screen *s, const struct refresh_item *item)
{
    bool theirs = !s->message[0] || s->now_us >= s->message_until_us ||
                  strcmp(s->message, s->refreshes.said) == 0;
    if (!theirs && !item->ended)
        return;
    screen_say(s, item->style, "%s", item->words);
    (void)snprintf(s->refreshes.said, sizeof s->refreshes.said, "%s", item->words);
}

/* A run was made: of what a refresh asked for, or by a trigger. */
static bool begun(struct screen *s, const struct answer *a)
{
    const char *name = answer_text(a->params, "name");
    int64_t run = answer_int(a->result, "run");
    struct refresh_item *item = take_item(s, name);
    if (a->code != ERR_OK || run == UNKNOWN_INT || run == 0 || !item)
        return false;
    *item = (struct refresh_item){.run = run, .style = STYLE_PLAIN};
    (void)snprintf(item->name, sizeof item->name, "%s", name);
    (void)snprintf(item->task, sizeof item->task, "%s", answer_text(a->result, "task"));
    (void)snprintf(item->words, sizeof item->words, "refreshing %s: run %lld is made", item->name,
                   (long long)run);
    s->message[0] = '\0';
    say(s, item);
    return true;
}

static bool is_of(const struct answer *a, const struct refresh_item *item)
{
    return strcmp(a->method, "dag.run") == 0 && item->run && !item->ended &&
           answer_int(a->params, "run") == item->run;
}

static void look(struct screen *s, const struct answer *a, struct refresh_item *item)
{
    const struct snapshot *n = s->live ? s->live : s->snapshot;
    if (a->code == ERR_OK) {
        item->ended = refresh_words(a->result, item->name, item->task, n ? n->now_us : UNKNOWN_INT,
                                    item->words, sizeof item->words, &item->style);
    } else {
        (void)snprintf(item->words, sizeof item->words, "%s: %.200s", item->name, a->text);
        item->style = STYLE_BROKEN;
        item->ended = true;
    }
    say(s, item);
}

bool screen_refresh_ask(const struct screen *s, int *i, struct ask *out)
{
    for (int k = 0; k < REFRESHES_MAX; k++) {
        const struct refresh_item *item = &s->refreshes.items[k];
        if (!item->run || item->ended || (*i)-- > 0)
            continue;
        *out = (struct ask){.method = "dag.run",
                            .params = json_pack("{s:I}", "run", (json_int_t)item->run),
                            .every_us = LOOK_US};
        return true;
    }
    return false;
}

bool screen_refresh_take(struct screen *s, const struct answer *a, const char *label)
{
    bool makes = strcmp(a->method, "refresh.run") == 0 || strcmp(a->method, "dag.trigger") == 0;
    if (label)
        return makes && begun(s, a);
    for (int i = 0; i < REFRESHES_MAX; i++)
        if (is_of(a, &s->refreshes.items[i]))
            look(s, a, &s->refreshes.items[i]);
    return false; /* a pane may look at the same run */
}
