#include "console/dag_print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/clock.h"
#include "console/attach.h"
#include "views/units.h"

enum { NAME_LEAST = 6, LABEL_WIDTH = 13, DEPTH_MAX = 40 };

bool dag_state_ended(const char *state)
{
    return !strcmp(state, "success") || !strcmp(state, "failed") || !strcmp(state, "canceled");
}

/* "2026-11-28 12:05:00", "-" */
static void put_time(int64_t us)
{
    char day[UNIT_TEXT_MAX];
    (void)printf("%-19s", us == UNKNOWN_INT ? "-" : unit_day(us, day, sizeof day));
}

/* From its begin to its end, or to now; "-" when it has not begun. */
static char *took(const json_t *o, char *out, size_t n)
{
    int64_t begin = attach_int(o, "started_us"), end = attach_int(o, "ended_us");
    if (begin == UNKNOWN_INT)
        (void)snprintf(out, n, "-");
    else
        (void)unit_duration((double)((end == UNKNOWN_INT ? clock_wall_us() : end) - begin) / 1e6,
                            out, n);
    return out;
}

static char *rows(const json_t *o, char *out, size_t n)
{
    return unit_count(attach_int(o, "rows"), out, n);
}

/* ---- DAGs ---- */

void dag_print_list(const json_t *answer)
{
    const json_t *list = json_object_get(answer, "dags");
    int w = attach_width(list, "name", NAME_LEAST);
    if (!json_array_size(list)) {
        (void)puts("no DAGs: `dags` of the configuration names folders with them");
        return;
    }
    attach_put("dag", w);
    (void)printf(
        "  next run (UTC)       running  queued  last run   ended               schedule\n");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *d = json_array_get(list, i), *last = json_object_get(d, "last_run");
        attach_put(attach_text(d, "name"), w);
        (void)printf("  ");
        if (json_is_true(json_object_get(d, "paused")))
            (void)printf("%-19s", "paused");
        else
            put_time(attach_int(d, "next_us"));
        (void)printf("  %7lld  %6lld  %-9s  ", (long long)attach_int(d, "active"),
                     (long long)attach_int(d, "queued"),
                     json_is_object(last) ? attach_text(last, "state") : "none yet");
        put_time(attach_int(last, "ended_us"));
        (void)printf(" ");
        attach_put(attach_text(d, "schedule_words"), 0);
        (void)putchar('\n');
        if (*attach_text(d, "trouble")) {
            (void)printf("  ");
            attach_put(attach_text(d, "trouble"), 0);
            (void)putchar('\n');
        }
    }
}

static void label(const char *name)
{
    (void)printf("%-*s ", LABEL_WIDTH, name);
}

static void line(const char *name, const char *value)
{
    label(name);
    attach_put(value, 0);
    (void)putchar('\n');
}

static void print_next(const json_t *d)
{
    const json_t *fires = json_object_get(d, "next_fires");
    bool paused = json_is_true(json_object_get(d, "paused"));
    for (size_t i = 0; i < json_array_size(fires); i++) {
        const json_t *f = json_array_get(fires, i);
        label(i ? "" : "next runs");
        attach_put(attach_text(f, "at"), 0);
        (void)printf(", data of %s%s\n", attach_text(f, "business_date"),
                     paused ? " (paused)" : "");
    }
}

static void print_last(const json_t *d)
{
    const json_t *last = json_object_get(d, "last_run");
    char at[UNIT_TEXT_MAX], time[UNIT_TEXT_MAX];
    if (!json_is_object(last))
        return;
    label("last run");
    (void)printf("%lld %s", (long long)attach_int(last, "id"), attach_text(last, "state"));
    if (attach_int(last, "started_us") != UNKNOWN_INT)
        (void)printf(", began %s UTC, took %s",
                     unit_day(attach_int(last, "started_us"), at, sizeof at),
                     took(last, time, sizeof time));
    (void)putchar('\n');
    if (*attach_text(last, "reason"))
        line("", attach_text(last, "reason"));
}

static void add_joined(struct buf *b, const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        buf_printf(b, "%s%s", i ? ", " : "", json_string_value(json_array_get(list, i)));
}

static void print_params(const json_t *d)
{
    const json_t *params = json_object_get(d, "params");
    for (size_t i = 0; i < json_array_size(params); i++) {
        const json_t *p = json_array_get(params, i);
        struct buf b;
        buf_init(&b, 0);
        buf_printf(&b, "%s: %s", attach_text(p, "name"), attach_text(p, "type"));
        if (json_array_size(json_object_get(p, "allowed"))) {
            buf_lit(&b, ", one of ");
            add_joined(&b, json_object_get(p, "allowed"));
        }
        if (json_is_string(json_object_get(p, "default")))
            buf_printf(&b, ", default %s", attach_text(p, "default"));
        if (*attach_text(p, "description"))
            buf_printf(&b, ". %s", attach_text(p, "description"));
        line(i ? "" : "params", buf_cstr(&b));
        buf_free(&b);
    }
}

/* The last of those that a task waits for: below it it is drawn. */
static const char *parent_of(const json_t *task)
{
    const json_t *after = json_object_get(task, "after");
    size_t n = json_array_size(after);
    return n ? json_string_value(json_array_get(after, n - 1)) : NULL;
}

static void print_task(const json_t *t)
{
    const json_t *about = json_object_get(t, "about"), *after = json_object_get(t, "after");
    struct buf b;
    buf_init(&b, 0);
    buf_printf(&b, "%s (%s ", attach_text(t, "name"), attach_text(t, "kind"));
    if (json_is_string(about))
        buf_str(&b, json_string_value(about));
    else
        add_joined(&b, about);
    buf_ch(&b, ')');
    if (json_array_size(after) > 1) {
        buf_lit(&b, " after ");
        add_joined(&b, after);
    }
    attach_put(buf_cstr(&b), 0);
    (void)putchar('\n');
    buf_free(&b);
}

/* more[i]: the branch at depth i has further tasks below. */
static void print_branch(const json_t *tasks, const char *parent, bool *more, int depth)
{
    bool utf8 = attach_is_utf8();
    size_t n = json_array_size(tasks), last = n;
    for (size_t i = 0; i < n; i++) {
        const char *p = parent_of(json_array_get(tasks, i));
        if (parent ? p && strcmp(p, parent) == 0 : !p)
            last = i;
    }
    for (size_t i = 0; i <= last && i < n; i++) {
        const json_t *t = json_array_get(tasks, i);
        const char *p = parent_of(t);
        if (parent ? !p || strcmp(p, parent) != 0 : p != NULL)
            continue;
        (void)printf("  ");
        for (int k = 1; k < depth; k++)
            (void)fputs(more[k] ? (utf8 ? "│  " : "|  ") : "   ", stdout);
        if (depth)
            (void)fputs(i == last ? (utf8 ? "└─ " : "`- ") : (utf8 ? "├─ " : "|- "), stdout);
        print_task(t);
        more[depth] = i != last;
        if (depth + 1 < DEPTH_MAX)
            print_branch(tasks, attach_text(t, "name"), more, depth + 1);
    }
}

void dag_print_changed(const json_t *answer, FILE *out)
{
    const json_t *files = json_object_get(answer, "changed_files");
    if (json_array_size(files))
        (void)fprintf(out, "changed on disk since the engine started; a restart takes them up:\n");
    for (size_t i = 0; i < json_array_size(files); i++)
        (void)fprintf(out, "  %s\n", json_string_value(json_array_get(files, i)));
}

void dag_print_show(const json_t *d)
{
    bool more[DEPTH_MAX] = {false};
    char text[128];
    attach_put(attach_text(d, "name"), 0);
    (void)printf("%s", *attach_text(d, "description") ? ": " : "");
    attach_put(attach_text(d, "description"), 0);
    (void)printf("\n\n");
    line("schedule", attach_text(d, "schedule_words"));
    print_next(d);
    print_last(d);
    if (json_is_true(json_object_get(d, "paused")))
        line("paused", "yes: it runs only when triggered");
    (void)snprintf(
        text, sizeof text, "%lld run%s side by side%s", (long long)attach_int(d, "max_active_runs"),
        attach_int(d, "max_active_runs") == 1 ? "" : "s",
        json_is_true(json_object_get(d, "catchup")) ? ", missed runs are made up for" : "");
    line("limits", text);
    print_params(d);
    line("file", attach_text(d, "file"));
    if (*attach_text(d, "trouble"))
        line("trouble", attach_text(d, "trouble"));
    dag_print_changed(d, stdout);
    (void)printf("\ntasks\n");
    print_branch(json_object_get(d, "tasks"), NULL, more, 0);
}

/* ---- runs ---- */

void dag_print_runs(const json_t *answer)
{
    const json_t *list = json_object_get(answer, "runs");
    int w = attach_width(list, "dag", NAME_LEAST);
    if (!json_array_size(list)) {
        (void)puts("no runs");
        return;
    }
    (void)printf("   run  ");
    attach_put("dag", w);
    (void)printf("  kind      state      data of     began (UTC)               took        rows\n");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *r = json_array_get(list, i);
        char time[UNIT_TEXT_MAX], n[UNIT_TEXT_MAX];
        (void)printf("%6lld  ", (long long)attach_int(r, "id"));
        attach_put(attach_text(r, "dag"), w);
        (void)printf("  %-8s  %-9s  %-10s  ", attach_text(r, "kind"), attach_text(r, "state"),
                     attach_text(r, "business_date"));
        put_time(attach_int(r, "started_us"));
        (void)printf("  %9s  %10s\n", took(r, time, sizeof time), rows(r, n, sizeof n));
        if (*attach_text(r, "reason")) {
            (void)printf("        ");
            attach_put(attach_text(r, "reason"), 0);
            (void)putchar('\n');
        }
    }
}

static void print_tries(const json_t *task)
{
    const json_t *tries = json_object_get(task, "tries");
    for (size_t i = 0; i < json_array_size(tries); i++) {
        const json_t *t = json_array_get(tries, i);
        if (!*attach_text(t, "reason"))
            continue;
        (void)printf("    try %lld %s: ", (long long)attach_int(t, "try"), attach_text(t, "state"));
        attach_put(attach_text(t, "reason"), 0);
        (void)putchar('\n');
    }
}

void dag_print_run(const json_t *answer)
{
    const json_t *r = json_object_get(answer, "run"), *tasks = json_object_get(answer, "tasks");
    int w = attach_width(tasks, "task", NAME_LEAST);
    char time[UNIT_TEXT_MAX], n[UNIT_TEXT_MAX];
    struct buf params;
    (void)printf("run %lld of ", (long long)attach_int(r, "id"));
    attach_put(attach_text(r, "dag"), 0);
    (void)printf(": %s, took %s, %s rows\n", attach_text(r, "state"), took(r, time, sizeof time),
                 rows(r, n, sizeof n));
    if (*attach_text(r, "reason"))
        line("reason", attach_text(r, "reason"));
    line("data of", attach_text(r, "business_date"));
    label("asked by");
    attach_put(attach_text(r, "who"), 0);
    (void)printf(" (%s)\n", attach_text(r, "kind"));
    buf_init(&params, 0);
    json_t *given = json_object_get(r, "params");
    for (void *at = json_object_iter(given); at; at = json_object_iter_next(given, at))
        buf_printf(&params, "%s%s=%s", params.len ? " " : "", json_object_iter_key(at),
                   json_string_value(json_object_iter_value(at)));
    if (params.len)
        line("params", buf_cstr(&params));
    buf_free(&params);
    (void)putchar('\n');
    attach_put("task", w);
    (void)printf("  state            try       took        rows  began (UTC)\n");
    for (size_t i = 0; i < json_array_size(tasks); i++) {
        const json_t *t = json_array_get(tasks, i);
        attach_put(attach_text(t, "task"), w);
        (void)printf("  %-15s  %3lld  %9s  %10s  ", attach_text(t, "state"),
                     (long long)attach_int(t, "try"), took(t, time, sizeof time),
                     rows(t, n, sizeof n));
        put_time(attach_int(t, "started_us"));
        (void)putchar('\n');
        print_tries(t);
    }
}

void dag_print_outcome(const json_t *run)
{
    char time[UNIT_TEXT_MAX], n[UNIT_TEXT_MAX];
    (void)printf("%s  %-9s %9s  %10s rows", attach_text(run, "business_date"),
                 attach_text(run, "state"), took(run, time, sizeof time), rows(run, n, sizeof n));
    if (*attach_text(run, "reason")) {
        (void)printf("  ");
        attach_put(attach_text(run, "reason"), 0);
    }
}
