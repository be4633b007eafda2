/* The table of a DAG file's keys, how their values are read, and the reference made of it. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/nearest.h"
#include "backend/schedule/dag_read.h"

#define DAG(field)  .scope = DAG_KEY_DAG, .offset = (int64_t)offsetof(struct dag_draft, field)
#define TASK(field) .scope = DAG_KEY_TASK, .offset = (int64_t)offsetof(struct dag_task_draft, field)
#define PARAM(field)                                                                               \
    .scope = DAG_KEY_PARAM, .offset = (int64_t)offsetof(struct dag_param_draft, field)
#define TRIGGER(field)                                                                             \
    .scope = DAG_KEY_TRIGGER, .offset = (int64_t)offsetof(struct dag_trigger_draft, field)
#define KIND(kind) .kinds = 1 << (kind)
#define EVERY_KIND .kinds = DAG_EVERY_KIND

static const struct dag_key keys[] = {
    {.name = "name",
     DAG(name),
     EVERY_KIND,
     .type = DAG_KEY_NODE,
     .takes = "text",
     .help = "What it is called. Default: the file's name without `.yaml`."},
    {.name = "description",
     DAG(dag.description),
     EVERY_KIND,
     .type = DAG_KEY_TEXT,
     .def = "",
     .help = "One line for people."},
    {.name = "tags",
     DAG(dag.tags),
     EVERY_KIND,
     .type = DAG_KEY_LIST,
     .help = "Words to find it by."},
    {.name = "schedule",
     DAG(schedule),
     EVERY_KIND,
     .type = DAG_KEY_NODE,
     .takes = "cron",
     .help =
         "When it runs: five fields (`5 12 * * *`: minute, hour, day of month, month, day of "
         "week) or `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`. Without it: only when "
         "triggered."},
    {.name = "time_zone",
     DAG(dag.zone_name),
     EVERY_KIND,
     .type = DAG_KEY_TEXT,
     .def = "UTC",
     .help = "The zone of `schedule`, `start` and the business date, as `Europe/Berlin`."},
    {.name = "start",
     DAG(start),
     EVERY_KIND,
     .type = DAG_KEY_NODE,
     .takes = "date or time",
     .help = "Nothing before is run by itself (a backfill may go further back): `2026-01-01`, "
             "`2026-01-01 06:00`."},
    {.name = "catchup",
     DAG(dag.catchup),
     EVERY_KIND,
     .type = DAG_KEY_BOOL,
     .def = "no",
     .help = "Make up for every run that was missed since `start`, or while nothing ran. Else only "
             "the newest one is run."},
    {.name = "paused",
     DAG(dag.paused_at_start),
     EVERY_KIND,
     .type = DAG_KEY_BOOL,
     .def = "no",
     .help = "A DAG that is seen for the first time waits for `flightdeck dag unpause`."},
    {.name = "max_active_runs",
     DAG(dag.max_active_runs),
     EVERY_KIND,
     .type = DAG_KEY_INT,
     .min = 1,
     .max = 1000,
     .def = "1",
     .help = "Its runs side by side; further ones wait."},
    {.name = "concurrency",
     DAG(dag.concurrency),
     EVERY_KIND,
     .type = DAG_KEY_INT,
     .min = 0,
     .max = 1000,
     .def = "0",
     .help = "Its tasks side by side, over all its runs. 0: as many as the pools have slots."},
    {.name = "timeout",
     DAG(dag.timeout_ms),
     EVERY_KIND,
     .type = DAG_KEY_DURATION,
     .def = "0",
     .help = "A run that takes longer fails. 0: none."},
    {.name = "params",
     DAG(params),
     EVERY_KIND,
     .type = DAG_KEY_NODE,
     .takes = "params by name",
     .help = "What may be given to a run: below."},
    {.name = "trigger_on",
     DAG(trigger_on),
     EVERY_KIND,
     .type = DAG_KEY_NODE,
     .takes = "names of DAGs, or keys",
     .help = "What starts it beside its schedule: a list of DAGs, or the keys below."},
    {.name = "tasks",
     DAG(tasks),
     EVERY_KIND,
     .type = DAG_KEY_NODE,
     .takes = "tasks by name",
     .help = "What it does: below. Needed."},
    {.name = "retries",
     DAG(defaults.task.retries),
     EVERY_KIND,
     .type = DAG_KEY_INT,
     .min = 0,
     .max = 100,
     .def = "0",
     .help = "The tasks' `retries`, where a task says nothing else."},
    {.name = "retry_delay",
     DAG(defaults.task.retry_delay_ms),
     EVERY_KIND,
     .type = DAG_KEY_DURATION,
     .def = "30s",
     .help = "The tasks' `retry_delay`."},
    {.name = "retry_delay_max",
     DAG(defaults.task.retry_delay_max_ms),
     EVERY_KIND,
     .type = DAG_KEY_DURATION,
     .def = "10m",
     .help = "The tasks' `retry_delay_max`."},
    {.name = "retry_jitter",
     DAG(defaults.task.retry_jitter),
     EVERY_KIND,
     .type = DAG_KEY_FRACTION,
     .def = "0.2",
     .help = "The tasks' `retry_jitter`."},
    {.name = "task_timeout",
     DAG(defaults.task.timeout_ms),
     EVERY_KIND,
     .type = DAG_KEY_DURATION,
     .def = "0",
     .help = "The tasks' `timeout`."},
    {.name = "pool",
     DAG(defaults.pool),
     EVERY_KIND,
     .type = DAG_KEY_TEXT,
     .def = "default",
     .help = "The tasks' `pool`."},

    {.name = "kind",
     TASK(kind),
     EVERY_KIND,
     .type = DAG_KEY_NODE,
     .takes = "model, sql, test, verify or shell",
     .help = "What it is. Needed."},
    {.name = "after",
     TASK(after),
     EVERY_KIND,
     .type = DAG_KEY_NODE,
     .takes = "names of tasks",
     .help = "The tasks that must have succeeded before."},
    {.name = "entities",
     TASK(entities),
     KIND(DAG_MODEL),
     .type = DAG_KEY_NAMES,
     .def = "all",
     .help = "Entities of the model to load from raw, or `all`."},
    {.name = "file",
     TASK(task.file),
     KIND(DAG_SQL),
     .type = DAG_KEY_TEXT,
     .help = "SQL file, beside the DAG's file or one of the program's own "
             "(`marts/airports_traffic.sql`). Needed."},
    {.name = "params",
     TASK(params),
     KIND(DAG_SQL),
     .type = DAG_KEY_NODE,
     .takes = "values by name",
     .help = "Values for the file's `:name`s; bound, never put into the text. They may hold "
             "`{{ .. }}`."},
    {.name = "tests",
     TASK(tests),
     KIND(DAG_TEST),
     .type = DAG_KEY_NAMES,
     .def = "all",
     .help = "Tests to run, or `all`."},
    {.name = "tables",
     TASK(tables),
     KIND(DAG_VERIFY),
     .type = DAG_KEY_NAMES,
     .def = "all",
     .help = "Source tables to compare with the warehouse, or `all`."},
    {.name = "command",
     TASK(task.command),
     KIND(DAG_SHELL),
     .type = DAG_KEY_TEXT,
     .help = "For `/bin/sh -c`; may hold `{{ .. }}`. An exit code other than 0 is a failure. "
             "Needed."},
    {.name = "retries",
     TASK(task.retries),
     EVERY_KIND,
     .type = DAG_KEY_INT,
     .min = 0,
     .max = 100,
     .help = "Further tries after one that failed."},
    {.name = "retry_delay",
     TASK(task.retry_delay_ms),
     EVERY_KIND,
     .type = DAG_KEY_DURATION,
     .help = "Wait before the first of them; it doubles with each one."},
    {.name = "retry_delay_max",
     TASK(task.retry_delay_max_ms),
     EVERY_KIND,
     .type = DAG_KEY_DURATION,
     .help = "The longest wait."},
    {.name = "retry_jitter",
     TASK(task.retry_jitter),
     EVERY_KIND,
     .type = DAG_KEY_FRACTION,
     .help = "0.2: each wait is longer or shorter by up to a fifth, so that tasks that failed "
             "together do not come back together."},
    {.name = "timeout",
     TASK(task.timeout_ms),
     EVERY_KIND,
     .type = DAG_KEY_DURATION,
     .help = "A try that takes longer is ended and has failed. 0: none."},
    {.name = "pool",
     TASK(pool),
     EVERY_KIND,
     .type = DAG_KEY_TEXT,
     .help = "Whose slot it takes while it runs: pools are shared by all DAGs (`pools` in "
             "flightdeck.yaml)."},

    {.name = "type",
     PARAM(type),
     EVERY_KIND,
     .type = DAG_KEY_TEXT,
     .def = "string",
     .help = "`string`, `integer`, `number`, `boolean`, `date` or `timestamp`."},
    {.name = "default",
     PARAM(def),
     EVERY_KIND,
     .type = DAG_KEY_NODE,
     .takes = "a value",
     .help = "May hold `{{ .. }}`. Without one whoever triggers has to give it, so a DAG with a "
             "schedule needs one."},
    {.name = "allowed",
     PARAM(allowed),
     EVERY_KIND,
     .type = DAG_KEY_NODE,
     .takes = "values",
     .help = "The only values that it may have."},
    {.name = "description",
     PARAM(description),
     EVERY_KIND,
     .type = DAG_KEY_TEXT,
     .def = "",
     .help = "One line for people."},

    {.name = "dags",
     TRIGGER(dags),
     EVERY_KIND,
     .type = DAG_KEY_NODE,
     .takes = "names of DAGs",
     .help = "It runs after a run of one of these has succeeded and inserted rows."},
    {.name = "on_change",
     TRIGGER(on_change),
     EVERY_KIND,
     .type = DAG_KEY_LIST,
     .help = "It runs at once when one of these entities got new rows in raw; `all`: any of them."},
    {.name = "min_interval",
     TRIGGER(min_interval_ms),
     EVERY_KIND,
     .type = DAG_KEY_DURATION,
     .def = "0",
     .help = "Not sooner than this after the start of its last run; changes meanwhile are gathered "
             "into one run."},
};

const struct dag_key *dag_keys(int *n)
{
    *n = (int)(sizeof keys / sizeof keys[0]);
    return keys;
}

static const char *const scope_words[DAG_SCOPES] = {"a DAG", "a task", "a param", "trigger_on"};

/* ---- values ---- */

bool dag_is_name(const char *text)
{
    size_t n = strlen(text);
    return n > 0 && n <= DAG_NAME_MAX && text[0] != '-' && text[0] != '.' &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") == n;
}

/* 90, 90s, 500ms, 1h 30m: in milliseconds. */
bool dag_read_duration(const char *text, int64_t *ms)
{
    static const struct {
        const char *word;
        int64_t ms;
    } units[] = {{"ms", 1},          {"s", 1000},     {"m", 60 * 1000},
                 {"h", 3600 * 1000}, {"d", 86400000}, {"", 1000}};
    int64_t total = 0;
    bool any = false;
    while (*text) {
        char *end;
        if (*text < '0' || *text > '9')
            return false;
        long v = strtol(text, &end, 10);
        size_t n = strspn(end, "abcdefghijklmnopqrstuvwxyz"), i = 0;
        while (i < sizeof units / sizeof units[0] &&
               (strlen(units[i].word) != n || strncmp(units[i].word, end, n) != 0))
            i++;
        if (i == sizeof units / sizeof units[0] || v > 100000000 || end - text > 10)
            return false;
        total += v * units[i].ms;
        any = true;
        text = end + n;
        if (*text == ' ')
            text++;
    }
    *ms = total;
    return any && total <= INT64_C(366) * 86400000;
}

const char *const *dag_read_list(struct dag_reader *r, const struct yaml *node, const char *what)
{
    int n = node->kind == YAML_LIST ? node->n : 1;
    const char **out = arena_alloc(r->arena, ((size_t)n + 1) * sizeof *out);
    if (!out) {
        faults_add(r->faults, r->file, node->line, "out of memory");
        return NULL;
    }
    for (int i = 0; i < n; i++) {
        const struct yaml *item = node->kind == YAML_LIST ? node->items[i] : node;
        if (item->kind != YAML_SCALAR || !item->text[0]) {
            faults_add(r->faults, r->file, item->line, "%s: takes a text or a list of texts", what);
            return NULL;
        }
        out[i] = item->text;
    }
    out[n] = NULL;
    return out;
}

int dag_line_of(const struct yaml *map, const char *key)
{
    for (int i = 0; map->kind == YAML_MAP && i < map->n; i++)
        if (strcmp(map->names[i], key) == 0)
            return map->lines[i];
    return map->line;
}

/* A scalar into its field; false when it does not fit. */
static bool store_text(const struct dag_key *k, const char *text, void *field)
{
    int64_t v;
    char *end;
    switch (k->type) {
    case DAG_KEY_TEXT:
        *(const char **)field = text;
        return true;
    case DAG_KEY_BOOL:
        return dag_read_bool(text, field);
    case DAG_KEY_INT:
        if (!dag_read_integer(text, &v) || v < k->min || v > k->max)
            return false;
        *(int *)field = (int)v;
        return true;
    case DAG_KEY_DURATION:
        return dag_read_duration(text, field);
    case DAG_KEY_FRACTION: {
        double d = strtod(text, &end);
        if (end == text || *end || !(d >= 0 && d <= 1))
            return false;
        *(double *)field = d;
        return true;
    }
    default:
        return false;
    }
}

static void describe(const struct dag_key *k, char *out, size_t n)
{
    switch (k->type) {
    case DAG_KEY_BOOL:
        (void)snprintf(out, n, "yes or no");
        break;
    case DAG_KEY_INT:
        (void)snprintf(out, n, "whole number from %lld to %lld", (long long)k->min,
                       (long long)k->max);
        break;
    case DAG_KEY_DURATION:
        (void)snprintf(out, n, "time as 30s, 5m, 1h 30m");
        break;
    case DAG_KEY_FRACTION:
        (void)snprintf(out, n, "number from 0 to 1");
        break;
    case DAG_KEY_LIST:
        (void)snprintf(out, n, "list");
        break;
    case DAG_KEY_NAMES:
        (void)snprintf(out, n, "list or `all`");
        break;
    case DAG_KEY_NODE:
        (void)snprintf(out, n, "%s", k->takes);
        break;
    default:
        (void)snprintf(out, n, "text");
        break;
    }
}

static void read_value(struct dag_reader *r, const struct dag_key *k, const struct yaml *node,
                       int line, void *draft)
{
    void *field = (char *)draft + k->offset;
    char takes[80];
    if (k->type == DAG_KEY_NODE) {
        *(const struct yaml **)field = node;
        return;
    }
    bool all = node->kind == YAML_SCALAR && strcmp(node->text, "all") == 0;
    if (k->type == DAG_KEY_LIST || (k->type == DAG_KEY_NAMES && !all)) {
        const char *const *list = dag_read_list(r, node, k->name);
        if (list)
            *(const char *const **)field = list;
        return;
    }
    if (k->type == DAG_KEY_NAMES) {
        *(const char *const **)field = NULL;
        return;
    }
    if (node->kind == YAML_SCALAR && store_text(k, node->text, field))
        return;
    describe(k, takes, sizeof takes);
    faults_add(r->faults, r->file, line, "%s: must be a %s%s%s%s", k->name, takes,
               node->kind == YAML_SCALAR ? ", not `" : "",
               node->kind == YAML_SCALAR ? node->text : "", node->kind == YAML_SCALAR ? "`" : "");
}

static const struct dag_key *find_key(const char *name, enum dag_scope scope)
{
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (keys[i].scope == scope && strcmp(keys[i].name, name) == 0)
            return &keys[i];
    return NULL;
}

static void unknown_key(struct dag_reader *r, const char *name, int line, enum dag_scope scope)
{
    struct nearest near;
    char hint[160];
    nearest_start(&near, name);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (keys[i].scope == scope)
            nearest_offer(&near, keys[i].name);
    faults_add(r->faults, r->file, line, "`%s` is no key of %s%s", name, scope_words[scope],
               nearest_hint(&near, hint, sizeof hint));
}

static void kinds_of(const struct dag_key *k, char *out, size_t n)
{
    out[0] = '\0';
    for (int i = 0; i < DAG_TASK_KINDS; i++)
        if (k->kinds >> i & 1)
            (void)snprintf(out, n, "%s", dag_task_kind_word((enum dag_task_kind)i));
}

void dag_read_keys(struct dag_reader *r, const struct yaml *map, enum dag_scope scope, int kind,
                   void *draft)
{
    for (int i = 0; i < map->n; i++) {
        const struct dag_key *k = find_key(map->names[i], scope);
        char word[32];
        if (!k) {
            unknown_key(r, map->names[i], map->lines[i], scope);
        } else if (k->kinds != DAG_EVERY_KIND && kind >= 0 && !(k->kinds >> kind & 1)) {
            kinds_of(k, word, sizeof word);
            faults_add(r->faults, r->file, map->lines[i],
                       "`%s` is no key of a %s task: it belongs to %s", k->name,
                       dag_task_kind_word((enum dag_task_kind)kind), word);
        } else if (k->type != DAG_KEY_NODE && map->items[i]->kind == YAML_SCALAR &&
                   yaml_is_null(map->items[i])) {
            faults_add(r->faults, r->file, map->lines[i], "%s: has no value", k->name);
        } else {
            read_value(r, k, map->items[i], map->lines[i], draft);
        }
    }
}

void dag_key_defaults(struct dag_reader *r, enum dag_scope scope, void *draft)
{
    (void)r;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (keys[i].scope == scope && keys[i].def)
            (void)store_text(&keys[i], keys[i].def, (char *)draft + keys[i].offset);
}

/* ---- the reference ---- */

static void add_rows(struct buf *b, enum dag_scope scope)
{
    char takes[80];
    buf_str(b, scope == DAG_KEY_TASK ? "| key | of | type | default | what it does |\n"
                                       "|---|---|---|---|---|\n"
                                     : "| key | type | default | what it does |\n"
                                       "|---|---|---|---|\n");
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const struct dag_key *k = &keys[i];
        if (k->scope != scope)
            continue;
        describe(k, takes, sizeof takes);
        buf_printf(b, "| `%s` |", k->name);
        if (scope == DAG_KEY_TASK) {
            char word[32] = "all";
            if (k->kinds != DAG_EVERY_KIND)
                kinds_of(k, word, sizeof word);
            buf_printf(b, " %s |", word);
        }
        buf_printf(b, " %s | %s%s%s | %s |\n", takes, k->def && k->def[0] ? "`" : "",
                   k->def ? k->def : "", k->def && k->def[0] ? "`" : "", k->help);
    }
}

void dag_keys_reference(struct buf *out)
{
    int n;
    const struct dag_variable *v = dag_variables(&n);
    buf_lit(out, "### The file\n\n");
    add_rows(out, DAG_KEY_DAG);
    buf_lit(out, "\n### `tasks`\n\nEach is a name with these keys.\n\n");
    add_rows(out, DAG_KEY_TASK);
    buf_lit(out,
            "\n### `params`\n\nEach is a name with these keys, or with the default alone.\n\n");
    add_rows(out, DAG_KEY_PARAM);
    buf_lit(out, "\n### `trigger_on`\n\n");
    add_rows(out, DAG_KEY_TRIGGER);
    buf_lit(out, "\n### `{{ .. }}`\n\nIn a task's `params` and `command`, and in the default of a "
                 "param. Times are `2026-11-28T12:05:00Z`.\n\n| name | value |\n|---|---|\n");
    for (int i = 0; i < n; i++)
        buf_printf(out, "| `{{ %s }}` | %s |\n", v[i].name, v[i].help);
    buf_lit(out, "| `{{ params.NAME }}` | A param of the run. |\n"
                 "| `{{ \"{{\" }}` | The two braces themselves. |\n");
}
