/* flightdeck dag ..: over the engine's socket. The engine checks and does; here words become
 * requests and answers become words. */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/attach.h"
#include "console/commands.h"
#include "console/dag_follow.h"
#include "console/dag_print.h"
#include "console/exit_codes.h"
#include "views/dag_data.h"

enum { RUNS_DEFAULT = 20, RUNS_MAX = 1000, PARALLEL_MAX = 1000, TRIES_MAX = 100000 };

struct dag_command {
    const struct arguments *a;
    struct client *c;
    bool json;
};

/* One call whose answer is printed by `print`, or as JSON. */
static int show(const struct dag_command *d, const char *method, const json_t *params,
                void (*print)(const json_t *answer))
{
    json_t *answer = NULL;
    int code = attach_call(d->a, d->c, method, params, &answer);
    if (!code && d->json)
        code = attach_print_json(d->a, answer);
    else if (!code)
        print(answer);
    json_decref(answer);
    return code;
}

static int list(const struct dag_command *d)
{
    return show(d, "dag.list", NULL, dag_print_list);
}

static int show_one(const struct dag_command *d)
{
    json_t *params = json_pack("{s:s}", "name", d->a->words[0]);
    int code = show(d, "dag.show", params, dag_print_show);
    json_decref(params);
    return code;
}

static void set_text(json_t *params, const char *name, const char *text)
{
    if (text)
        (void)json_object_set_new(params, name, json_string(text));
}

static int runs(const struct dag_command *d)
{
    int64_t limit;
    int code = arguments_number(d->a, "limit", 1, RUNS_MAX, RUNS_DEFAULT, &limit);
    if (code)
        return code;
    json_t *params = json_pack("{s:I}", "limit", (json_int_t)limit);
    set_text(params, "name", d->a->words[0]);
    set_text(params, "state", arguments_value(d->a, "state"));
    set_text(params, "kind", arguments_value(d->a, "kind"));
    code = show(d, "dag.runs", params, dag_print_runs);
    json_decref(params);
    return code;
}

/* A number, or the name of a DAG: its newest run. */
static int find_run(const struct dag_command *d, int64_t *run)
{
    const char *word = d->a->words[0];
    char *end;
    json_t *answer = NULL;
    *run = strtoll(word, &end, 10);
    if (end != word && !*end)
        return EXIT_DONE;
    json_t *params = json_pack("{s:s, s:i}", "name", word, "limit", 1);
    int code = attach_call(d->a, d->c, "dag.runs", params, &answer);
    const json_t *newest = json_array_get(json_object_get(answer, "runs"), 0);
    if (!code && !newest)
        code = command_fail(d->a, EXIT_FAILED, "%s has no run yet", word);
    if (newest)
        *run = json_integer_value(json_object_get(newest, "id"));
    json_decref(params);
    json_decref(answer);
    return code;
}

static int show_run(const struct dag_command *d)
{
    int64_t run;
    int code = find_run(d, &run);
    if (code)
        return code;
    json_t *params = json_pack("{s:I}", "run", (json_int_t)run);
    code = show(d, "dag.run", params, dag_print_run);
    json_decref(params);
    return code;
}

/* ---- orders ---- */

/* --param NAME=VALUE, any number of them. */
static int read_params(const struct dag_command *d, json_t **out)
{
    *out = json_object();
    for (int i = 0; i < d->a->n_given; i++) {
        const char *text = d->a->given[i].value;
        const char *equals = text ? strchr(text, '=') : NULL;
        char name[128];
        if (strcmp(d->a->given[i].name, "param") != 0)
            continue;
        if (!equals || equals == text || (size_t)(equals - text) >= sizeof name)
            return command_fail(d->a, EXIT_USAGE, "--param takes NAME=VALUE, not %s",
                                text ? text : "nothing");
        (void)snprintf(name, sizeof name, "%.*s", (int)(equals - text), text);
        if (json_object_set_new(*out, name, json_string(equals + 1)) != 0)
            return command_fail(d->a, EXIT_USAGE, "--param %s is no UTF-8", name);
    }
    return EXIT_DONE;
}

/* What cannot be undone wants the DAG's name typed; --yes is for scripts. */
static int confirm(const struct dag_command *d, const char *words, const char *dag)
{
    return arguments_flag(d->a, "yes") ? EXIT_DONE : attach_ask_name(d->a, words, dag, "--yes");
}

/* "cancel" or "clear" of a whole run, with the tasks that it touches. */
static int confirm_run(const struct dag_command *d, int64_t run, const char *what,
                       bool (*touches)(const char *state))
{
    json_t *answer = NULL;
    json_t *params = json_pack("{s:I}", "run", (json_int_t)run);
    struct buf words;
    buf_init(&words, 0);
    int code = arguments_flag(d->a, "yes") ? EXIT_DONE
                                           : attach_call(d->a, d->c, "dag.run", params, &answer);
    const char *dag = attach_text(json_object_get(answer, "run"), "dag");
    const json_t *tasks = json_object_get(answer, "tasks");
    buf_printf(&words, "This %s run %lld of %s:", what, (long long)run, dag);
    const char *before = " ";
    for (size_t i = 0; i < json_array_size(tasks); i++) {
        const json_t *t = json_array_get(tasks, i);
        if (!touches(attach_text(t, "state")))
            continue;
        buf_printf(&words, "%s%s (%s)", before, attach_text(t, "task"), attach_text(t, "state"));
        before = ", ";
    }
    buf_ch(&words, '.');
    if (!code)
        code = confirm(d, buf_cstr(&words), dag);
    buf_free(&words);
    json_decref(params);
    json_decref(answer);
    return code;
}

/* Days whose intervals have succeeded: they are named before they run again. */
static int confirm_backfill(const struct dag_command *d, const char *from, const char *to)
{
    json_t *answer = NULL;
    char words[512];
    const char *dag = d->a->words[0];
    json_t *params = json_pack("{s:s, s:s, s:s}", "name", dag, "from", from, "to", to);
    int code = arguments_flag(d->a, "yes")
                   ? EXIT_DONE
                   : attach_call(d->a, d->c, "dag.intervals", params, &answer);
    int64_t succeeded = attach_int(answer, "succeeded");
    int64_t intervals = attach_int(answer, "intervals");
    if (!code && answer && succeeded > 0) {
        (void)snprintf(words, sizeof words,
                       "This runs %.200s for %lld interval%s; %lld of them succeeded before and "
                       "run%s again.",
                       dag, (long long)intervals, intervals == 1 ? "" : "s", (long long)succeeded,
                       succeeded == 1 ? "s" : "");
        code = confirm(d, words, dag);
    }
    json_decref(params);
    json_decref(answer);
    return code;
}

static int trigger(const struct dag_command *d)
{
    json_t *values = NULL, *answer = NULL, *params = NULL;
    int code = read_params(d, &values);
    if (!code) {
        params = json_pack("{s:s, s:O}", "name", d->a->words[0], "params", values);
        code = attach_call(d->a, d->c, "dag.trigger", params, &answer);
    }
    int64_t run = attach_int(answer, "run");
    if (!code && !d->json)
        dag_print_changed(answer, stderr);
    if (!code && arguments_flag(d->a, "wait"))
        code = dag_follow_run(d->a, d->c, run);
    else if (!code && d->json)
        code = attach_print_json(d->a, answer);
    else if (!code)
        (void)printf("run %lld\n", (long long)run);
    json_decref(params);
    json_decref(values);
    json_decref(answer);
    return code;
}

static int backfill(const struct dag_command *d)
{
    json_t *values = NULL, *answer = NULL, *params = NULL;
    const char *from = arguments_value(d->a, "from"), *to = arguments_value(d->a, "to");
    bool detach = arguments_flag(d->a, "detach"), paused = false;
    int64_t parallel;
    if (!from || !to)
        return command_fail(d->a, EXIT_USAGE,
                            "backfill needs --from and --to, dates as 2026-11-28; both are "
                            "included");
    int code = arguments_number(d->a, "parallel", 1, PARALLEL_MAX, 0, &parallel);
    if (!code)
        code = read_params(d, &values);
    if (!code)
        code = confirm_backfill(d, from, to);
    if (!code) {
        params = json_pack("{s:s, s:s, s:s, s:I, s:O}", "name", d->a->words[0], "from", from, "to",
                           to, "parallel", (json_int_t)parallel, "params", values);
        code = attach_call(d->a, d->c, "dag.backfill", params, &answer);
    }
    if (!code && !detach)
        code = dag_follow_backfill(d->a, d->c, d->a->words[0], answer);
    else if (!code)
        code = dag_follow_say_paused(d->a, d->c, d->a->words[0], &paused);
    if (!code && detach && d->json)
        code = attach_print_json(d->a, answer);
    else if (!code && detach)
        (void)printf("%lld run%s: %lld new, %lld again, %lld going on already\n",
                     (long long)attach_int(answer, "intervals"),
                     attach_int(answer, "intervals") == 1 ? "" : "s",
                     (long long)attach_int(answer, "created"),
                     (long long)attach_int(answer, "again"),
                     (long long)attach_int(answer, "active"));
    json_decref(params);
    json_decref(values);
    json_decref(answer);
    return code;
}

static void print_cleared(const json_t *answer)
{
    long long n = (long long)attach_int(answer, "tasks");
    (void)printf("%lld task%s to run again\n", n, n == 1 ? "" : "s");
}

static bool any_state(const char *state)
{
    return *state != '\0';
}

static bool goes_on(const char *state)
{
    return *state && !dag_state_over(state);
}

/* All of a run, what has succeeded too, wants the name. */
static int clear(const struct dag_command *d)
{
    int64_t run;
    int code = find_run(d, &run);
    if (!code && !arguments_value(d->a, "task") && !arguments_flag(d->a, "failed"))
        code = confirm_run(d, run, "runs again all of", any_state);
    if (code)
        return code;
    json_t *params = json_pack("{s:I, s:b, s:b}", "run", (json_int_t)run, "downstream",
                               (int)arguments_flag(d->a, "downstream"), "failed",
                               (int)arguments_flag(d->a, "failed"));
    set_text(params, "task", arguments_value(d->a, "task"));
    code = show(d, "dag.clear", params, print_cleared);
    json_decref(params);
    return code;
}

static void print_canceled(const json_t *answer)
{
    (void)printf("run %lld is told to end\n", (long long)attach_int(answer, "run"));
}

static int cancel(const struct dag_command *d)
{
    int64_t run;
    int code = find_run(d, &run);
    if (!code)
        code = confirm_run(d, run, "ends", goes_on);
    if (code)
        return code;
    json_t *params = json_pack("{s:I}", "run", (json_int_t)run);
    code = show(d, "dag.cancel", params, print_canceled);
    json_decref(params);
    return code;
}

static void print_paused(const json_t *answer)
{
    (void)puts(json_is_true(json_object_get(answer, "paused"))
                   ? "paused: it runs only when triggered"
                   : "goes on");
}

static int set_paused(const struct dag_command *d)
{
    char method[32];
    json_t *params = json_pack("{s:s}", "name", d->a->words[0]);
    (void)snprintf(method, sizeof method, "dag.%s", d->a->verb->name);
    int code = show(d, method, params, print_paused);
    json_decref(params);
    return code;
}

static int logs(const struct dag_command *d)
{
    int64_t run, attempt;
    int code = arguments_number(d->a, "try", 1, TRIES_MAX, 0, &attempt);
    if (!code)
        code = find_run(d, &run);
    if (code)
        return code;
    return dag_follow_logs(d->a, d->c, run, d->a->words[1], (int)attempt,
                           arguments_flag(d->a, "follow"));
}

static const struct {
    const char *name;
    int (*run)(const struct dag_command *d);
    bool changes;
} verbs[] = {
    {"list", list, false},         {"show", show_one, false},  {"runs", runs, false},
    {"run", show_run, false},      {"trigger", trigger, true}, {"backfill", backfill, true},
    {"clear", clear, true},        {"cancel", cancel, true},   {"pause", set_paused, true},
    {"unpause", set_paused, true}, {"logs", logs, false},
};

int cmd_dag(int argc, char **argv)
{
    struct arguments a;
    struct dag_command d = {.a = &a};
    size_t i = 0;
    (void)setlocale(LC_ALL, "");
    int code = arguments_read(argc, argv, &a);
    if (code)
        return code;
    while (strcmp(verbs[i].name, a.verb->name) != 0)
        i++;
    code = verbs[i].changes ? attach_connect_to_change(&a, &d.c) : attach_connect(&a, &d.c);
    if (code)
        return code;
    d.json = arguments_flag(&a, "json");
    dag_follow_start();
    code = verbs[i].run(&d);
    client_close(d.c);
    return code;
}
