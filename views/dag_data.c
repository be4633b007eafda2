#include "views/dag_data.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "views/answer.h"
#include "views/grid.h"

/* ---- states ---- */

static const struct {
    const char *word;
    const char *sign;
    const char *ascii;
    uint16_t style;
    bool over;
    bool fault;
} states[] = {
    {"success", "✓", "+", STYLE_PLAIN, true, false},
    {"failed", "✗", "X", STYLE_BROKEN, true, true},
    {"running", "●", "*", STYLE_PLAIN | STYLE_BOLD, false, false},
    {"queued", "○", "o", STYLE_PLAIN, false, false},
    {"waiting", "·", ".", STYLE_DIM, false, false},
    {"up_for_retry", "↻", "r", STYLE_ATTENTION, false, false},
    {"upstream_failed", "▽", "u", STYLE_ATTENTION, true, true},
    {"skipped", "–", "-", STYLE_DIM, true, false},
    {"canceling", "⊘", "c", STYLE_ATTENTION, false, false},
    {"canceled", "⊘", "c", STYLE_ATTENTION, true, true},
};

enum { STATES = sizeof states / sizeof states[0], CODE_NONE = ' ', CODE_FIRST = 'A' };

static int find_state(const char *word)
{
    for (int i = 0; i < STATES; i++)
        if (strcmp(states[i].word, word) == 0)
            return i;
    return -1;
}

const char *dag_state_sign(const char *state, bool ascii)
{
    int i = find_state(state);
    return i < 0 ? " " : ascii ? states[i].ascii : states[i].sign;
}

uint16_t dag_state_style(const char *state)
{
    int i = find_state(state);
    return i < 0 ? STYLE_DIM : states[i].style;
}

bool dag_state_over(const char *state)
{
    int i = find_state(state);
    return i >= 0 && states[i].over;
}

bool dag_state_fault(const char *state)
{
    int i = find_state(state);
    return i >= 0 && states[i].fault;
}

const char *dag_state_at(const char *state, int64_t created_us, int64_t started_us,
                         int64_t ended_us, int64_t past_us)
{
    if (!past_us)
        return state;
    if (created_us > past_us)
        return NULL;
    if (ended_us != UNKNOWN_INT && ended_us <= past_us)
        return state;
    return started_us != UNKNOWN_INT && started_us <= past_us ? "running" : "queued";
}

double dag_took_s(int64_t started_us, int64_t ended_us, int64_t now_us)
{
    int64_t end = ended_us == UNKNOWN_INT ? now_us : ended_us;
    if (started_us == UNKNOWN_INT || end == UNKNOWN_INT)
        return NAN;
    return end < started_us ? 0 : ((double)end - (double)started_us) / 1e6;
}

char *dag_until(int64_t at_us, int64_t now_us, char *out, size_t n)
{
    if (at_us == UNKNOWN_INT || now_us == UNKNOWN_INT) {
        (void)snprintf(out, n, "-");
        return out;
    }
    long long s = (long long)(((double)at_us - (double)now_us) / 1e6);
    if (s <= 0)
        (void)snprintf(out, n, "now");
    else if (s < 60)
        (void)snprintf(out, n, "%lld s", s);
    else if (s < 3600)
        (void)snprintf(out, n, "%lld m", s / 60);
    else if (s < 48 * 3600LL)
        (void)snprintf(out, n, "%lld h", (s + 1800) / 3600);
    else
        (void)snprintf(out, n, "%lld d", s / 86400);
    return out;
}

/* ---- dag.list ---- */

static void read_marks(const json_t *runs, struct dag_row *r, struct dag_mark *into)
{
    r->marks = runs ? into : NULL;
    r->n_marks = json_array_size(runs);
    for (size_t i = 0; i < r->n_marks; i++) {
        const json_t *run = json_array_get(runs, i);
        into[i] = (struct dag_mark){.id = answer_int(run, "id"),
                                    .state = answer_text(run, "state"),
                                    .created_us = answer_int(run, "created_us"),
                                    .started_us = answer_int(run, "started_us"),
                                    .ended_us = answer_int(run, "ended_us")};
    }
}

static void read_row(const json_t *d, struct dag_row *r)
{
    const json_t *last = json_object_get(d, "last_run");
    *r = (struct dag_row){.name = answer_text(d, "name"),
                          .description = answer_text(d, "description"),
                          .schedule = answer_text(d, "schedule"),
                          .words = answer_text(d, "schedule_words"),
                          .trouble = answer_text(d, "trouble"),
                          .paused = json_is_true(json_object_get(d, "paused")),
                          .next_us = answer_int(d, "next_us"),
                          .queued = answer_int(d, "queued"),
                          .active = answer_int(d, "active"),
                          .running_tasks = answer_int(d, "running_tasks"),
                          .last_run = answer_int(last, "id"),
                          .last_state = answer_text(last, "state"),
                          .last_reason = answer_text(last, "reason"),
                          .last_started_us = answer_int(last, "started_us"),
                          .last_ended_us = answer_int(last, "ended_us")};
}

bool dag_list_take(struct dag_list *l, const json_t *answer)
{
    const json_t *dags = json_object_get(answer, "dags");
    size_t n = json_array_size(dags);
    size_t marks = 0;
    for (size_t i = 0; i < n; i++)
        marks += json_array_size(json_object_get(json_array_get(dags, i), "runs"));
    struct dag_list fresh = {.rows = calloc(n + 1, sizeof *fresh.rows),
                             .marks = calloc(marks + 1, sizeof *fresh.marks)};
    if (!fresh.rows || !fresh.marks) {
        dag_list_free(&fresh);
        return false;
    }
    fresh.answer = json_incref((json_t *)answer);
    for (marks = 0; fresh.n < n; fresh.n++) {
        const json_t *d = json_array_get(dags, fresh.n);
        struct dag_row *r = &fresh.rows[fresh.n];
        read_row(d, r);
        read_marks(json_object_get(d, "runs"), r, fresh.marks + marks);
        marks += r->n_marks;
    }
    dag_list_free(l);
    *l = fresh;
    return true;
}

void dag_list_free(struct dag_list *l)
{
    free(l->rows);
    free(l->marks);
    json_decref(l->answer);
    *l = (struct dag_list){0};
}

const struct dag_row *dag_list_find(const struct dag_list *l, const char *name)
{
    for (size_t i = 0; name && i < l->n; i++)
        if (strcmp(l->rows[i].name, name) == 0)
            return &l->rows[i];
    return NULL;
}

/* ---- dag.runs ---- */

static void free_run(struct dag_run *r)
{
    free(r->who);
    free(r->reason);
    free(r->tasks);
}

void run_list_free(struct run_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        free_run(&l->items[i]);
    for (size_t i = 0; i < l->n_names; i++)
        free(l->names[i]);
    free(l->items);
    free(l->names);
    *l = (struct run_list){0};
}

/* The place of a task's name, which it has from now on; SIZE_MAX without memory. */
static size_t name_at(struct run_list *l, const char *name)
{
    for (size_t i = 0; i < l->n_names; i++)
        if (strcmp(l->names[i], name) == 0)
            return i;
    char **names = realloc(l->names, (l->n_names + 1) * sizeof *names);
    if (!names)
        return SIZE_MAX;
    l->names = names;
    l->names[l->n_names] = strdup(name);
    return l->names[l->n_names] ? l->n_names++ : SIZE_MAX;
}

static bool read_tasks(struct run_list *l, json_t *tasks, struct dag_run *r)
{
    const char *name;
    json_t *state;
    json_object_foreach(tasks, name, state)
    {
        if (name_at(l, name) == SIZE_MAX)
            return false;
    }
    r->n_tasks = l->n_names;
    r->tasks = malloc(r->n_tasks + 1);
    if (!r->tasks)
        return false;
    memset(r->tasks, CODE_NONE, r->n_tasks);
    json_object_foreach(tasks, name, state)
    {
        const char *word = json_string_value(state);
        int i = find_state(word ? word : "");
        if (i >= 0)
            r->tasks[name_at(l, name)] = (char)(CODE_FIRST + i);
    }
    return true;
}

static bool read_run(struct run_list *l, const json_t *json, struct dag_run *r)
{
    *r = (struct dag_run){.id = answer_int(json, "id"),
                          .created_us = answer_int(json, "created_us"),
                          .started_us = answer_int(json, "started_us"),
                          .ended_us = answer_int(json, "ended_us"),
                          .rows = answer_int(json, "rows"),
                          .who = strdup(answer_text(json, "who")),
                          .reason = strdup(answer_text(json, "reason"))};
    (void)snprintf(r->key, sizeof r->key, "%lld", (long long)r->id);
    (void)snprintf(r->state, sizeof r->state, "%s", answer_text(json, "state"));
    (void)snprintf(r->kind, sizeof r->kind, "%s", answer_text(json, "kind"));
    (void)snprintf(r->date, sizeof r->date, "%s", answer_text(json, "business_date"));
    bool ok = r->who && r->reason && read_tasks(l, json_object_get(json, "tasks"), r);
    if (!ok)
        free_run(r);
    return ok;
}

/* The place of the first run that is not newer. */
static size_t place_of(const struct run_list *l, int64_t id)
{
    size_t from = 0;
    size_t to = l->n;
    while (from < to) {
        size_t mid = from + (to - from) / 2;
        if (l->items[mid].id > id)
            from = mid + 1;
        else
            to = mid;
    }
    return from;
}

static bool put(struct run_list *l, const struct dag_run *r)
{
    size_t at = place_of(l, r->id);
    if (at < l->n && l->items[at].id == r->id) {
        free_run(&l->items[at]);
        l->items[at] = *r;
        return true;
    }
    if (l->n == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 64;
        struct dag_run *items = realloc(l->items, cap * sizeof *items);
        if (!items)
            return false;
        l->items = items;
        l->cap = cap;
    }
    memmove(l->items + at + 1, l->items + at, (l->n - at) * sizeof *l->items);
    l->items[at] = *r;
    l->n++;
    return true;
}

bool run_list_take(struct run_list *l, const json_t *answer)
{
    const json_t *runs = json_object_get(answer, "runs");
    for (size_t i = 0; i < json_array_size(runs); i++) {
        struct dag_run r;
        if (!read_run(l, json_array_get(runs, i), &r))
            return false;
        if (!put(l, &r)) {
            free_run(&r);
            return false;
        }
    }
    return true;
}

const struct dag_run *run_list_find(const struct run_list *l, int64_t id)
{
    size_t at = place_of(l, id);
    return at < l->n && l->items[at].id == id ? &l->items[at] : NULL;
}

const char *run_task_state(const struct dag_run *r, size_t task)
{
    int i = task < r->n_tasks ? r->tasks[task] - CODE_FIRST : -1;
    return i >= 0 && i < STATES ? states[i].word : "";
}
