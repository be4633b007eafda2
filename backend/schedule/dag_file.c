/* One DAG's tree into a draft. What needs more than this one file is checked in dag_set.c. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "backend/base/nearest.h"
#include "backend/base/path.h"
#include "backend/schedule/civil.h"
#include "backend/schedule/cron.h"
#include "backend/schedule/dag_read.h"
#include "backend/schedule/zone.h"
#include "queries/queries.h"

static bool is_map(struct dag_reader *r, const struct yaml *node, const char *what)
{
    if (node->kind == YAML_MAP)
        return true;
    faults_add(r->faults, r->file, node->line, "%s: must be keys with values (`key: value`)", what);
    return false;
}

static bool check_name(struct dag_reader *r, const char *name, int line, const char *what)
{
    if (dag_is_name(name))
        return true;
    faults_add(r->faults, r->file, line,
               "`%s` is no name for a %s: letters, digits and _ - . , at most %d", name, what,
               DAG_NAME_MAX);
    return false;
}

static void *zeroed(struct dag_reader *r, size_t n, size_t size)
{
    void *p = arena_alloc(r->arena, (n + 1) * size);
    if (p)
        memset(p, 0, (n + 1) * size);
    else
        faults_add(r->faults, NULL, 0, "out of memory");
    return p;
}

/* ---- when ---- */

static void read_schedule(struct dag_reader *r, struct dag_draft *d)
{
    const struct yaml *node = d->schedule;
    struct errbuf e;
    if (!node || (node->kind == YAML_SCALAR && yaml_is_null(node)))
        return;
    struct cron *c = zeroed(r, 1, sizeof *c);
    if (node->kind != YAML_SCALAR)
        faults_add(r->faults, r->file, node->line,
                   "schedule: must be cron, as \"5 12 * * *\" or @daily");
    else if (c && cron_parse(node->text, c, &e) != ERR_OK)
        faults_add(r->faults, r->file, node->line, "schedule `%s`: %s", node->text, e.text);
    else if (c) {
        d->dag.cron = c;
        d->dag.schedule = node->text;
    }
}

static void read_when(struct dag_reader *r, struct dag_draft *d)
{
    struct errbuf e;
    d->dag.zone = zone_utc();
    if (zone_load(d->dag.zone_name, r->arena, &d->dag.zone, &e) != ERR_OK) {
        faults_add(r->faults, r->file, dag_line_of(d->root, "time_zone"), "time_zone: %s", e.text);
        d->dag.zone = zone_utc();
    }
    d->dag.start_us = INT64_MIN;
    read_schedule(r, d);
    const struct yaml *start = d->start;
    if (start &&
        (start->kind != YAML_SCALAR || !dag_read_time(start->text, d->dag.zone, &d->dag.start_us)))
        faults_add(r->faults, r->file, start->line,
                   "start: must be a date or time, as 2026-01-01 or 2026-01-01 06:00%s%s%s",
                   start->kind == YAML_SCALAR ? ", not `" : "",
                   start->kind == YAML_SCALAR ? start->text : "",
                   start->kind == YAML_SCALAR ? "`" : "");
    if (d->dag.catchup && !start)
        faults_add(r->faults, r->file, dag_line_of(d->root, "catchup"),
                   "catchup: needs `start`, from which on runs are made up for");
}

/* ---- params ---- */

static bool read_param_type(struct dag_reader *r, const char *word, int line,
                            enum dag_param_type *out)
{
    struct nearest near;
    char hint[64];
    nearest_start(&near, word);
    for (int i = 0; i < DAG_PARAM_TYPES; i++) {
        const char *known = dag_param_type_word((enum dag_param_type)i);
        nearest_offer(&near, known);
        if (strcmp(word, known) == 0) {
            *out = (enum dag_param_type)i;
            return true;
        }
    }
    faults_add(r->faults, r->file, line,
               "type: `%s` is none of string, integer, number, boolean, date, timestamp%s", word,
               nearest_hint(&near, hint, sizeof hint));
    return false;
}

/* `flown_only: false`: the type is what the default looks like. */
static enum dag_param_type type_of_value(const struct yaml *node)
{
    bool yes;
    int64_t v;
    if (!node->plain)
        return DAG_STRING;
    if (dag_read_bool(node->text, &yes))
        return DAG_BOOLEAN;
    if (dag_read_integer(node->text, &v))
        return DAG_INTEGER;
    return civil_parse_date(node->text, &v) ? DAG_DATE : DAG_STRING;
}

/* A default with {{ .. }} is known at run time only. */
static void check_default(struct dag_reader *r, const struct dag_draft *d,
                          const struct dag_param *p, int line)
{
    struct errbuf e;
    const char *value;
    enum err rc = ERR_OK;
    if (strstr(p->def, "{{"))
        rc = dag_check_text(p->def, &d->dag, &e);
    else
        rc = dag_check_value(p, p->def, d->dag.zone, r->arena, &value, &e);
    if (!rc && strstr(p->def, "{{") && strstr(p->def, "params."))
        rc = err_set(&e, ERR_CONFIG, "a default cannot use other params");
    if (rc)
        faults_add(r->faults, r->file, line, "default: %s", e.text);
}

static void read_param(struct dag_reader *r, const struct dag_draft *d, const struct yaml *node,
                       int line, struct dag_param *p)
{
    struct dag_param_draft draft = {0};
    dag_key_defaults(r, DAG_KEY_PARAM, &draft);
    p->description = "";
    if (node->kind == YAML_SCALAR && !yaml_is_null(node)) {
        draft.def = node;
        p->type = type_of_value(node);
    } else if (node->kind == YAML_MAP) {
        dag_read_keys(r, node, DAG_KEY_PARAM, DAG_EVERY_KIND, &draft);
        if (!read_param_type(r, draft.type, dag_line_of(node, "type"), &p->type))
            return;
        p->description = draft.description;
    } else if (node->kind == YAML_LIST) {
        (void)is_map(r, node, p->name);
        return;
    }
    if (draft.allowed)
        p->allowed = dag_read_list(r, draft.allowed, "allowed");
    if (draft.def && draft.def->kind != YAML_SCALAR)
        faults_add(r->faults, r->file, draft.def->line, "default: must be one value");
    else if (draft.def) {
        p->def = draft.def->text;
        check_default(r, d, p, draft.def->line);
    } else if (d->dag.cron || d->trigger_on) {
        faults_add(r->faults, r->file, line,
                   "param %s: has no default, and nobody is there to give it when the DAG runs by "
                   "itself",
                   p->name);
    }
}

static void read_params(struct dag_reader *r, struct dag_draft *d)
{
    if (!d->params || !is_map(r, d->params, "params"))
        return;
    struct dag_param *params = zeroed(r, (size_t)d->params->n, sizeof *params);
    if (!params)
        return;
    d->dag.params = params;
    for (int i = 0; i < d->params->n; i++) {
        int line = d->params->lines[i];
        params[i].name = d->params->names[i];
        d->dag.n_params = i + 1;
        if (check_name(r, params[i].name, line, "param"))
            read_param(r, d, d->params->items[i], line, &params[i]);
    }
}

/* ---- tasks ---- */

static void check_expansion(struct dag_reader *r, const struct dag_draft *d, const char *text,
                            int line, const char *what)
{
    struct errbuf e;
    if (dag_check_text(text, &d->dag, &e) != ERR_OK)
        faults_add(r->faults, r->file, line, "%s: %s", what, e.text);
}

/* As shell.c makes it of a param's name. */
static void variable_of(const char *name, char out[DAG_NAME_MAX + 1])
{
    size_t n = 0;
    for (; name[n] && n < DAG_NAME_MAX; n++)
        out[n] = (char)(isalnum((unsigned char)name[n]) ? toupper((unsigned char)name[n]) : '_');
    out[n] = '\0';
}

/* What a run brings into a command is a shell's input: a text that anybody may give could be
 * another command. Texts reach it as variables of the environment. */
static void check_command(struct dag_reader *r, const struct dag_draft *d,
                          const struct dag_task_draft *t)
{
    int line = dag_line_of(t->node, "command");
    check_expansion(r, d, t->task.command, line, "command");
    for (int i = 0; i < d->dag.n_params; i++) {
        const struct dag_param *p = &d->dag.params[i];
        char use[DAG_NAME_MAX + 16], variable[DAG_NAME_MAX + 1];
        variable_of(p->name, variable);
        (void)snprintf(use, sizeof use, "params.%s", p->name);
        for (const char *at = t->task.command; (at = strstr(at, "{{"));) {
            at += 2 + strspn(at + 2, " \t");
            size_t n = strlen(use);
            if (p->type == DAG_STRING && !p->allowed && strncmp(at, use, n) == 0 &&
                strchr(" \t}", at[n]))
                faults_add(r->faults, r->file, line,
                           "command: param %s may be any text, also one that the shell would run: "
                           "list what is `allowed`, or write \"$FLIGHTDECK_PARAM_%s\", in double "
                           "quotes",
                           p->name, variable);
        }
    }
}

/* Does the SQL have :name? */
static bool sql_names(const char *sql, const char *name)
{
    size_t n = strlen(name);
    for (const char *p = sql; (p = strchr(p, ':')); p++) {
        bool cast = p > sql && p[-1] == ':';
        char after = strncmp(p + 1, name, n) == 0 ? p[1 + n] : 'x';
        if (!cast && !(after == '_' || (after >= '0' && after <= '9') ||
                       (after >= 'a' && after <= 'z') || (after >= 'A' && after <= 'Z')))
            return true;
    }
    return false;
}

static void read_bindings(struct dag_reader *r, const struct dag_draft *d, struct dag_task_draft *t)
{
    if (!t->params || !is_map(r, t->params, "params"))
        return;
    struct dag_binding *bindings = zeroed(r, (size_t)t->params->n, sizeof *bindings);
    if (!bindings)
        return;
    for (int i = 0; i < t->params->n; i++) {
        const struct yaml *value = t->params->items[i];
        int line = t->params->lines[i];
        bindings[i].name = t->params->names[i];
        bindings[i].value = value->text;
        if (value->kind != YAML_SCALAR) {
            faults_add(r->faults, r->file, line, "params: %s must be one value", bindings[i].name);
            bindings[i].value = "";
            continue;
        }
        check_expansion(r, d, value->text, line, bindings[i].name);
        if (t->task.sql && !sql_names(t->task.sql, bindings[i].name))
            faults_add(r->faults, r->file, line, "params: there is no :%s in %s", bindings[i].name,
                       t->task.file);
    }
    t->task.bindings = bindings;
    t->task.n_bindings = t->params->n;
}

static void unknown_sql(struct dag_reader *r, const char *file, int line)
{
    struct nearest near;
    char hint[200], name[160], best[160] = "";
    nearest_start(&near, file);
    for (int i = 0; query_name(i); i++) {
        (void)snprintf(name, sizeof name, "%s.sql", query_name(i));
        nearest_offer(&near, name);
        if (near.best == name) {
            (void)snprintf(best, sizeof best, "%s", name);
            near.best = best;
        }
    }
    faults_add(r->faults, r->file, line,
               "file: there is no %s beside this file or in the folder above, nor among the "
               "program's own queries%s",
               file, nearest_hint(&near, hint, sizeof hint));
}

/* NULL: not there; *too_large is set when it is, but is no SQL file of a sensible size. */
static const char *read_whole(struct dag_reader *r, const char *path, bool *too_large)
{
    FILE *f = fopen(path, "re");
    if (!f)
        return NULL;
    char *text = arena_alloc(r->arena, DAG_FILE_MAX + 1);
    size_t n = text ? fread(text, 1, DAG_FILE_MAX + 1, f) : 0;
    *too_large = !text || ferror(f) || n > DAG_FILE_MAX || memchr(text, 0, n);
    (void)fclose(f);
    if (*too_large)
        return NULL;
    text[n] = '\0';
    return text;
}

/* dags/ and marts/ stand side by side, so the folder above counts as well. */
static const char *read_beside(struct dag_reader *r, const char *file, char *path, bool *bad)
{
    const char *text = NULL;
    for (int i = 0; i < PATH_PLACES && !text && !*bad; i++)
        text = path_beside(r->file, file, i, path) ? read_whole(r, path, bad) : NULL;
    return text;
}

static void read_sql(struct dag_reader *r, struct dag_task_draft *t)
{
    char path[PATH_MAX], name[160];
    const char *file = t->task.file;
    int line = dag_line_of(t->node, "file");
    bool bad = false;
    t->task.sql = read_beside(r, file, path, &bad);
    if (bad) {
        faults_add(r->faults, r->file, line, "file: %s cannot be read, or is no SQL", path);
        return;
    }
    size_t len = strlen(file);
    if (!t->task.sql && len > 4 && len < sizeof name && strcmp(file + len - 4, ".sql") == 0) {
        (void)snprintf(name, sizeof name, "%.*s", (int)(len - 4), file);
        t->task.sql = query_text(name);
    }
    if (!t->task.sql)
        unknown_sql(r, file, line);
}

static bool read_kind(struct dag_reader *r, struct dag_task_draft *t)
{
    const struct yaml *kind = yaml_get(t->node, "kind");
    struct nearest near;
    char hint[64];
    if (!kind || kind->kind != YAML_SCALAR) {
        faults_add(r->faults, r->file, kind ? kind->line : t->task.line,
                   "task %s: needs `kind`: model, sql, test, verify or shell", t->task.name);
        return false;
    }
    nearest_start(&near, kind->text);
    for (int i = 0; i < DAG_TASK_KINDS; i++) {
        const char *word = dag_task_kind_word((enum dag_task_kind)i);
        nearest_offer(&near, word);
        if (strcmp(kind->text, word) == 0) {
            t->task.kind = (enum dag_task_kind)i;
            return true;
        }
    }
    faults_add(r->faults, r->file, kind->line,
               "kind: `%s` is none of model, sql, test, verify, shell%s", kind->text,
               nearest_hint(&near, hint, sizeof hint));
    return false;
}

static void read_task(struct dag_reader *r, const struct dag_draft *d, struct dag_task_draft *t)
{
    if (!check_name(r, t->task.name, t->task.line, "task") || !is_map(r, t->node, t->task.name) ||
        !read_kind(r, t))
        return;
    dag_read_keys(r, t->node, DAG_KEY_TASK, (int)t->task.kind, t);
    if (t->task.kind == DAG_SQL && !t->task.file)
        faults_add(r->faults, r->file, t->task.line, "task %s: needs `file`", t->task.name);
    if (t->task.kind == DAG_SHELL && !t->task.command)
        faults_add(r->faults, r->file, t->task.line, "task %s: needs `command`", t->task.name);
    if (t->task.file)
        read_sql(r, t);
    if (t->task.command)
        check_command(r, d, t);
    read_bindings(r, d, t);
    t->task.names = t->task.kind == DAG_MODEL  ? t->entities
                    : t->task.kind == DAG_TEST ? t->tests
                                               : t->tables;
}

static void read_tasks(struct dag_reader *r, struct dag_draft *d)
{
    const struct yaml *tasks = d->tasks;
    if (!tasks || (tasks->kind == YAML_SCALAR && yaml_is_null(tasks))) {
        faults_add(r->faults, r->file, d->root->line, "has no `tasks`");
        return;
    }
    if (!is_map(r, tasks, "tasks"))
        return;
    if (tasks->n == 0 || tasks->n > DAG_TASKS_MAX) {
        faults_add(r->faults, r->file, tasks->line, "tasks: must be 1 to %d", DAG_TASKS_MAX);
        return;
    }
    d->task = zeroed(r, (size_t)tasks->n, sizeof *d->task);
    if (!d->task)
        return;
    d->dag.n_tasks = tasks->n;
    for (int i = 0; i < tasks->n; i++) {
        d->task[i] = d->defaults;
        d->task[i].task.name = tasks->names[i];
        d->task[i].task.line = tasks->lines[i];
        d->task[i].node = tasks->items[i];
        read_task(r, d, &d->task[i]);
    }
}

/* ---- the whole ---- */

static void read_trigger(struct dag_reader *r, struct dag_draft *d)
{
    const struct yaml *node = d->trigger_on;
    dag_key_defaults(r, DAG_KEY_TRIGGER, &d->trigger);
    if (!node)
        return;
    if (node->kind == YAML_MAP) {
        dag_read_keys(r, node, DAG_KEY_TRIGGER, DAG_EVERY_KIND, &d->trigger);
        d->trigger_list = d->trigger.dags;
    } else {
        d->trigger_list = node;
    }
    if (d->trigger_list && !dag_read_list(r, d->trigger_list, "trigger_on"))
        d->trigger_list = NULL;
    d->dag.on_change = d->trigger.on_change;
    d->dag.trigger_line = dag_line_of(d->root, "trigger_on");
    d->dag.min_interval_ms = d->trigger.min_interval_ms;
}

void dag_read_file(struct dag_reader *r, const struct yaml *root, const char *stem,
                   struct dag_draft *d)
{
    static const char *const none[] = {NULL};
    *d = (struct dag_draft){.file = r->file, .root = root};
    d->dag.file = r->file;
    d->dag.name = stem;
    d->dag.tags = none;
    dag_key_defaults(r, DAG_KEY_DAG, d);
    if (!root) {
        faults_add(r->faults, r->file, 0, "is empty");
        return;
    }
    if (!is_map(r, root, "a DAG"))
        return;
    dag_read_keys(r, root, DAG_KEY_DAG, DAG_EVERY_KIND, d);
    if (d->name && d->name->kind == YAML_SCALAR)
        d->dag.name = d->name->text;
    (void)check_name(r, d->dag.name, d->name ? d->name->line : 0, "DAG");
    read_when(r, d);
    read_params(r, d);
    read_trigger(r, d);
    read_tasks(r, d);
}
