#include "console/dag_print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/clock.h"
#include "console/attach.h"
#include "views/grid.h"
#include "views/units.h"

enum { NAME_LEAST = 6, LABEL_WIDTH = 13, DEPTH_MAX = 40 };

const char *dag_text(const json_t *o, const char *name)
{
    const char *s = json_string_value(json_object_get(o, name));
    return s ? s : "";
}

int64_t dag_int(const json_t *o, const char *name)
{
    const json_t *v = json_object_get(o, name);
    return json_is_integer(v) ? json_integer_value(v) : UNKNOWN_INT;
}

void dag_put(const char *s, int w)
{
    struct buf b;
    int cw;
    wchar_t ch;
    bool ascii = !attach_is_utf8();
    int used = text_width(s, ascii);
    buf_init(&b, 0);
    while ((ch = text_next(&s, ascii, &cw)) != 0)
        utf8_put(&b, (uint32_t)ch);
    (void)printf("%s%*s", buf_cstr(&b), used < w ? w - used : 0, "");
    buf_free(&b);
}

bool dag_state_ended(const char *state)
{
    return !strcmp(state, "success") || !strcmp(state, "failed") || !strcmp(state, "canceled");
}

static int width_of(const json_t *list, const char *member)
{
    int w = NAME_LEAST;
    for (size_t i = 0; i < json_array_size(list); i++) {
        int n = text_width(dag_text(json_array_get(list, i), member), !attach_is_utf8());
        w = n > w ? n : w;
    }
    return w;
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
    int64_t begin = dag_int(o, "started_us"), end = dag_int(o, "ended_us");
    if (begin == UNKNOWN_INT)
        (void)snprintf(out, n, "-");
    else
        (void)unit_duration((double)((end == UNKNOWN_INT ? clock_wall_us() : end) - begin) / 1e6,
                            out, n);
    return out;
}

static char *rows(const json_t *o, char *out, size_t n)
{
    return unit_count(dag_int(o, "rows"), out, n);
}

/* ---- DAGs ---- */

void dag_print_list(const json_t *answer)
{
    const json_t *list = json_object_get(answer, "dags");
    int w = width_of(list, "name");
    if (!json_array_size(list)) {
        (void)puts("no DAGs: `dags` of the configuration names folders with them");
        return;
    }
    dag_put("dag", w);
    (void)printf(
        "  next run (UTC)       running  queued  last run   ended               schedule\n");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *d = json_array_get(list, i), *last = json_object_get(d, "last_run");
        dag_put(dag_text(d, "name"), w);
        (void)printf("  ");
        if (json_is_true(json_object_get(d, "paused")))
            (void)printf("%-19s", "paused");
        else
            put_time(dag_int(d, "next_us"));
        (void)printf("  %7lld  %6lld  %-9s  ", (long long)dag_int(d, "active"),
                     (long long)dag_int(d, "queued"),
                     json_is_object(last) ? dag_text(last, "state") : "none yet");
        put_time(dag_int(last, "ended_us"));
        (void)printf(" ");
        dag_put(dag_text(d, "schedule_words"), 0);
        (void)putchar('\n');
        if (*dag_text(d, "trouble")) {
            (void)printf("  ");
            dag_put(dag_text(d, "trouble"), 0);
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
    dag_put(value, 0);
    (void)putchar('\n');
}

static void print_next(const json_t *d)
{
    const json_t *fires = json_object_get(d, "next_fires");
    bool paused = json_is_true(json_object_get(d, "paused"));
    for (size_t i = 0; i < json_array_size(fires); i++) {
        const json_t *f = json_array_get(fires, i);
        label(i ? "" : "next runs");
        dag_put(dag_text(f, "at"), 0);
        (void)printf(", data of %s%s\n", dag_text(f, "business_date"), paused ? " (paused)" : "");
    }
}

static void print_last(const json_t *d)
{
    const json_t *last = json_object_get(d, "last_run");
    char at[UNIT_TEXT_MAX], time[UNIT_TEXT_MAX];
    if (!json_is_object(last))
        return;
    label("last run");
    (void)printf("%lld %s", (long long)dag_int(last, "id"), dag_text(last, "state"));
    if (dag_int(last, "started_us") != UNKNOWN_INT)
        (void)printf(", began %s UTC, took %s",
                     unit_day(dag_int(last, "started_us"), at, sizeof at),
                     took(last, time, sizeof time));
    (void)putchar('\n');
    if (*dag_text(last, "reason"))
        line("", dag_text(last, "reason"));
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
        buf_printf(&b, "%s: %s", dag_text(p, "name"), dag_text(p, "type"));
        if (json_array_size(json_object_get(p, "allowed"))) {
            buf_lit(&b, ", one of ");
            add_joined(&b, json_object_get(p, "allowed"));
        }
        if (json_is_string(json_object_get(p, "default")))
            buf_printf(&b, ", default %s", dag_text(p, "default"));
        if (*dag_text(p, "description"))
            buf_printf(&b, ". %s", dag_text(p, "description"));
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
    buf_printf(&b, "%s (%s ", dag_text(t, "name"), dag_text(t, "kind"));
    if (json_is_string(about))
        buf_str(&b, json_string_value(about));
    else
        add_joined(&b, about);
    buf_ch(&b, ')');
    if (json_array_size(after) > 1) {
        buf_lit(&b, " after ");
        add_joined(&b, after);
    }
    dag_put(buf_cstr(&b), 0);
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
            print_branch(tasks, dag_text(t, "name"), more, depth + 1);
    }
}

void dag_print_show(const json_t *d)
{
    bool more[DEPTH_MAX] = {false};
    char text[128];
    dag_put(dag_text(d, "name"), 0);
    (void)printf("%s", *dag_text(d, "description") ? ": " : "");
    dag_put(dag_text(d, "description"), 0);
    (void)printf("\n\n");
    line("schedule", dag_text(d, "schedule_words"));
    print_next(d);
    print_last(d);
    if (json_is_true(json_object_get(d, "paused")))
        line("paused", "yes: it runs only when triggered");
    (void)snprintf(
        text, sizeof text, "%lld run%s side by side%s", (long long)dag_int(d, "max_active_runs"),
        dag_int(d, "max_active_runs") == 1 ? "" : "s",
        json_is_true(json_object_get(d, "catchup")) ? ", missed runs are made up for" : "");
    line("limits", text);
    print_params(d);
    line("file", dag_text(d, "file"));
    if (*dag_text(d, "trouble"))
        line("trouble", dag_text(d, "trouble"));
    (void)printf("\ntasks\n");
    print_branch(json_object_get(d, "tasks"), NULL, more, 0);
}

/* ---- runs ---- */

void dag_print_runs(const json_t *answer)
{
    const json_t *list = json_object_get(answer, "runs");
    int w = width_of(list, "dag");
    if (!json_array_size(list)) {
        (void)puts("no runs");
        return;
    }
    (void)printf("   run  ");
    dag_put("dag", w);
    (void)printf("  kind      state      data of     began (UTC)               took        rows\n");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *r = json_array_get(list, i);
        char time[UNIT_TEXT_MAX], n[UNIT_TEXT_MAX];
        (void)printf("%6lld  ", (long long)dag_int(r, "id"));
        dag_put(dag_text(r, "dag"), w);
        (void)printf("  %-8s  %-9s  %-10s  ", dag_text(r, "kind"), dag_text(r, "state"),
                     dag_text(r, "business_date"));
        put_time(dag_int(r, "started_us"));
        (void)printf("  %9s  %10s\n", took(r, time, sizeof time), rows(r, n, sizeof n));
        if (*dag_text(r, "reason")) {
            (void)printf("        ");
            dag_put(dag_text(r, "reason"), 0);
            (void)putchar('\n');
        }
    }
}

static void print_tries(const json_t *task)
{
    const json_t *tries = json_object_get(task, "tries");
    for (size_t i = 0; i < json_array_size(tries); i++) {
        const json_t *t = json_array_get(tries, i);
        if (!*dag_text(t, "reason"))
            continue;
        (void)printf("    try %lld %s: ", (long long)dag_int(t, "try"), dag_text(t, "state"));
        dag_put(dag_text(t, "reason"), 0);
        (void)putchar('\n');
    }
}

void dag_print_run(const json_t *answer)
{
    const json_t *r = json_object_get(answer, "run"), *tasks = json_object_get(answer, "tasks");
    int w = width_of(tasks, "task");
    char time[UNIT_TEXT_MAX], n[UNIT_TEXT_MAX];
    struct buf params;
    (void)printf("run %lld of ", (long long)dag_int(r, "id"));
    dag_put(dag_text(r, "dag"), 0);
    (void)printf(": %s, took %s, %s rows\n", dag_text(r, "state"), took(r, time, sizeof time),
                 rows(r, n, sizeof n));
    if (*dag_text(r, "reason"))
        line("reason", dag_text(r, "reason"));
    line("data of", dag_text(r, "business_date"));
    label("asked by");
    dag_put(dag_text(r, "who"), 0);
    (void)printf(" (%s)\n", dag_text(r, "kind"));
    buf_init(&params, 0);
    json_t *given = json_object_get(r, "params");
    for (void *at = json_object_iter(given); at; at = json_object_iter_next(given, at))
        buf_printf(&params, "%s%s=%s", params.len ? " " : "", json_object_iter_key(at),
                   json_string_value(json_object_iter_value(at)));
    if (params.len)
        line("params", buf_cstr(&params));
    buf_free(&params);
    (void)putchar('\n');
    dag_put("task", w);
    (void)printf("  state            try       took        rows  began (UTC)\n");
    for (size_t i = 0; i < json_array_size(tasks); i++) {
        const json_t *t = json_array_get(tasks, i);
        dag_put(dag_text(t, "task"), w);
        (void)printf("  %-15s  %3lld  %9s  %10s  ", dag_text(t, "state"),
                     (long long)dag_int(t, "try"), took(t, time, sizeof time),
                     rows(t, n, sizeof n));
        put_time(dag_int(t, "started_us"));
        (void)putchar('\n');
        print_tries(t);
    }
}

void dag_print_outcome(const json_t *run)
{
    char time[UNIT_TEXT_MAX], n[UNIT_TEXT_MAX];
    (void)printf("%s  %-9s %9s  %10s rows", dag_text(run, "business_date"), dag_text(run, "state"),
                 took(run, time, sizeof time), rows(run, n, sizeof n));
    if (*dag_text(run, "reason")) {
        (void)printf("  ");
        dag_put(dag_text(run, "reason"), 0);
    }
}
