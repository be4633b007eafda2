#include "backend/schedule/dag.h"

#include <stdio.h>
#include <string.h>

#include "backend/schedule/civil.h"
#include "backend/schedule/cron.h"
#include "backend/schedule/zone.h"

enum { SECOND_US = 1000000 };

static const char *const kind_words[DAG_TASK_KINDS] = {
    [DAG_MODEL] = "model",   [DAG_SQL] = "sql",     [DAG_TEST] = "test",
    [DAG_VERIFY] = "verify", [DAG_SHELL] = "shell",
};

static const char *const type_words[DAG_PARAM_TYPES] = {
    [DAG_STRING] = "string",   [DAG_INTEGER] = "integer", [DAG_NUMBER] = "number",
    [DAG_BOOLEAN] = "boolean", [DAG_DATE] = "date",       [DAG_TIMESTAMP] = "timestamp",
};

const char *dag_task_kind_word(enum dag_task_kind kind)
{
    return kind_words[kind];
}

const char *dag_param_type_word(enum dag_param_type type)
{
    return type_words[type];
}

int dag_index(const struct dag_set *set, const char *name)
{
    for (int i = 0; i < set->n; i++)
        if (strcmp(set->dags[i]->name, name) == 0)
            return i;
    return -1;
}

const struct dag *dag_find(const struct dag_set *set, const char *name)
{
    int i = dag_index(set, name);
    return i < 0 ? NULL : set->dags[i];
}

const struct dag_task *dag_task_find(const struct dag *d, const char *name)
{
    for (int i = 0; i < d->n_tasks; i++)
        if (strcmp(d->tasks[i].name, name) == 0)
            return &d->tasks[i];
    return NULL;
}

void dag_set_free(struct dag_set *set)
{
    if (set)
        arena_destroy(set->arena);
}

/* ---- when ---- */

int64_t dag_next_fire(const struct dag *d, int64_t after_us)
{
    if (!d->cron)
        return INT64_MAX;
    int64_t s = cron_next(d->cron, d->zone, civil_floor_div(after_us, SECOND_US));
    return s == INT64_MAX ? s : s * SECOND_US;
}

int64_t dag_last_fire(const struct dag *d, int64_t at_us)
{
    if (!d->cron)
        return INT64_MIN;
    int64_t s = cron_previous(d->cron, d->zone, civil_floor_div(at_us, SECOND_US) + 1);
    return s == INT64_MIN ? s : s * SECOND_US;
}

struct dag_interval dag_interval_of_fire(const struct dag *d, int64_t fire_us)
{
    int64_t begin = dag_last_fire(d, fire_us - 1);
    return (struct dag_interval){begin == INT64_MIN ? fire_us : begin, fire_us};
}

struct dag_interval dag_interval_of_trigger(const struct dag *d, int64_t at_us)
{
    int64_t end = dag_last_fire(d, at_us);
    if (end == INT64_MIN)
        return (struct dag_interval){at_us, at_us};
    return dag_interval_of_fire(d, end);
}

char *dag_business_date(const struct dag *d, int64_t begin_us, char out[DAG_DATE_MAX])
{
    int64_t local = zone_to_local(d->zone, civil_floor_div(begin_us, SECOND_US));
    struct civil c = civil_from_days(civil_floor_div(local, CIVIL_DAY_S));
    (void)snprintf(out, DAG_DATE_MAX, "%04d-%02d-%02d", c.year % 10000, c.month, c.day);
    return out;
}

char *dag_wall_clock(const struct dag *d, int64_t at_us, char out[DAG_CLOCK_MAX])
{
    struct zone_span span = zone_span_at(d->zone, civil_floor_div(at_us, SECOND_US));
    int64_t local = civil_floor_div(at_us, SECOND_US) + span.offset_s;
    int64_t day = civil_floor_div(local, CIVIL_DAY_S);
    struct civil c = civil_from_days(day);
    int minute = (int)((local - day * CIVIL_DAY_S) / 60);
    (void)snprintf(out, DAG_CLOCK_MAX, "%04d-%02d-%02d %02d:%02d %s", c.year % 10000, c.month,
                   c.day, minute / 60, minute % 60, span.abbreviation);
    return out;
}

int64_t dag_local_time(const struct dag *d, int64_t local_days, int seconds)
{
    return zone_from_local(d->zone, local_days * CIVIL_DAY_S + seconds) * SECOND_US;
}
