/* DAG files: what is read, each mistake with its place, order, intervals, params, {{ .. }}. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/schedule/civil.h"
#include "backend/schedule/cron.h"
#include "backend/schedule/dag.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static int64_t utc(int year, int month, int day, int hour, int minute)
{
    return (civil_to_days(year, month, day) * CIVIL_DAY_S + hour * 3600 + minute * 60) * 1000000;
}

/* Texts are named a.yaml, b.yaml, .. in /dags. */
static enum err parse_all(const char *const *texts, int n, struct dag_set **out, struct errbuf *e)
{
    static const char *const files[] = {"/dags/a.yaml", "/dags/b.yaml", "/dags/c.yaml"};
    struct dag_text all[3];
    struct dag_pool pools[] = {{"warehouse", 2}};
    struct faults faults;
    faults_init(&faults);
    for (int i = 0; i < n; i++)
        all[i] = (struct dag_text){files[i], texts[i], strlen(texts[i])};
    enum err rc = dag_set_parse(all, n, pools, 1, out, &faults, e);
    assert_true((rc == ERR_OK) == (*out != NULL));
    faults_free(&faults);
    return rc;
}

static struct dag_set *parse(const char *text)
{
    struct dag_set *set;
    struct errbuf e;
    if (parse_all(&text, 1, &set, &e) != ERR_OK)
        fail_msg("%s", e.text);
    return set;
}

static const char full[] =
    "name: traffic\n"
    "description: Flights by day\n"
    "tags: [mart, airline]\n"
    "schedule: \"5 12 * * *\"\n"
    "time_zone: Europe/Berlin\n"
    "start: 2026-01-01\n"
    "catchup: yes\n"
    "paused: true\n"
    "max_active_runs: 3\n"
    "concurrency: 4\n"
    "timeout: 1h 30m\n"
    "retries: 2\n"
    "retry_delay: 10s\n"
    "task_timeout: 5m\n"
    "pool: warehouse\n"
    "params:\n"
    "  business_date: {type: date, default: \"{{ business_date }}\", description: The day}\n"
    "  mode: {default: fast, allowed: [fast, slow]}\n"
    "  flown_only: false\n"
    "  limit: 10\n"
    "tasks:\n"
    "  report: {kind: shell, command: 'echo {{ params.mode }}', after: [tests, check], retries: "
    "0}\n"
    "  tests: {kind: test, tests: [a, b], after: rebuild}\n"
    "  check: {kind: verify, tables: all, after: load, pool: default, timeout: 0}\n"
    "  rebuild:\n"
    "    kind: sql\n"
    "    file: warehouse/create_schema.sql\n"
    "    after: [load]\n"
    "  load: {kind: model, entities: all}\n";

static void test_full(void **state)
{
    (void)state;
    struct dag_set *set = parse(full);
    assert_int_equal(set->n, 1);
    assert_int_equal(set->n_pools, 2);
    assert_string_equal(set->pools[0].name, "default");
    const struct dag *d = dag_find(set, "traffic");
    assert_non_null(d);
    assert_null(dag_find(set, "traffi"));
    assert_string_equal(d->description, "Flights by day");
    assert_string_equal(d->tags[1], "airline");
    assert_null(d->tags[2]);
    assert_string_equal(d->schedule, "5 12 * * *");
    assert_string_equal(d->zone_name, "Europe/Berlin");
    assert_int_equal(d->start_us, utc(2025, 12, 31, 23, 0));
    assert_true(d->catchup && d->paused_at_start);
    assert_int_equal(d->max_active_runs, 3);
    assert_int_equal(d->concurrency, 4);
    assert_int_equal(d->timeout_ms, 90 * 60 * 1000);
    assert_int_equal(d->n_params, 4);
    assert_int_equal(d->params[0].type, DAG_DATE);
    assert_int_equal(d->params[2].type, DAG_BOOLEAN);
    assert_int_equal(d->params[3].type, DAG_INTEGER);
    /* An order in which they could run, else as they stand in the file. */
    static const char *const order[] = {"load", "check", "rebuild", "tests", "report"};
    assert_int_equal(d->n_tasks, 5);
    for (int i = 0; i < 5; i++)
        assert_string_equal(d->tasks[i].name, order[i]);
    const struct dag_task *report = dag_task_find(d, "report"), *load = &d->tasks[0];
    assert_int_equal(report->n_after, 2);
    assert_int_equal(report->after[0], 1);
    assert_int_equal(report->after[1], 3);
    assert_int_equal(load->n_before, 2);
    assert_int_equal(load->before[0], 1);
    assert_int_equal(load->before[1], 2);
    assert_int_equal(report->retries, 0);
    assert_int_equal(load->retries, 2);
    assert_int_equal(load->retry_delay_ms, 10000);
    assert_int_equal(load->retry_delay_max_ms, 600000);
    assert_int_equal(load->timeout_ms, 300000);
    assert_int_equal(d->tasks[1].timeout_ms, 0);
    assert_int_equal(load->pool, 1);
    assert_int_equal(d->tasks[1].pool, DAG_POOL_DEFAULT);
    assert_null(load->names);
    assert_string_equal(d->tasks[3].names[0], "a");
    assert_non_null(strstr(d->tasks[2].sql, "CREATE SCHEMA"));
    assert_int_equal(load->line, 29);
    dag_set_free(set);
}

static void test_smallest(void **state)
{
    (void)state;
    struct dag_set *set = parse("tasks: {x: {kind: shell, command: 'true'}}\n");
    const struct dag *d = set->dags[0];
    assert_string_equal(d->name, "a"); /* the file's */
    assert_null(d->cron);
    assert_string_equal(d->zone_name, "UTC");
    assert_int_equal(d->max_active_runs, 1);
    assert_false(d->catchup || d->paused_at_start);
    assert_null(d->on_change);
    assert_int_equal(dag_next_fire(d, 0), INT64_MAX);
    assert_int_equal(dag_last_fire(d, 0), INT64_MIN);
    assert_int_equal(dag_interval_of_trigger(d, 77).begin_us, 77);
    assert_int_equal(dag_interval_of_trigger(d, 77).end_us, 77);
    dag_set_free(set);
}

/* ---- mistakes ---- */

#define TASK "tasks: {t: {kind: shell, command: 'true'}}\n"

static const char *const mistakes[][2] = {
    {"", "/dags/a.yaml: is empty"},
    {"- a\n", "/dags/a.yaml:1: a DAG: must be keys with values"},
    {"a: [\n", "/dags/a.yaml:2: "},
    {"description: x\n", "/dags/a.yaml:1: has no `tasks`"},
    {"tasks: {}\n", "/dags/a.yaml:1: tasks: must be 1 to 1000"},
    {TASK "schedul: x\n",
     "/dags/a.yaml:2: `schedul` is no key of a DAG (did you mean `schedule`?)"},
    {TASK "name: a/b\n", "/dags/a.yaml:2: `a/b` is no name for a DAG"},
    {TASK "schedule: 0 0 30 2 *\n",
     "/dags/a.yaml:2: schedule `0 0 30 2 *`: it never fires: none of its months has a day 30"},
    {TASK "schedule: [a]\n", "/dags/a.yaml:2: schedule: must be cron"},
    {TASK "time_zone: Europe/Berlim\n",
     "/dags/a.yaml:2: time_zone: `Europe/Berlim` is no time zone (did you mean `Europe/Berlin`?)"},
    {TASK "start: 2026-02-30\n", "/dags/a.yaml:2: start: must be a date or time, as 2026-01-01"},
    {TASK "catchup: maybe\n", "/dags/a.yaml:2: catchup: must be a yes or no, not `maybe`"},
    {TASK "catchup: yes\n", "/dags/a.yaml:2: catchup: needs `start`"},
    {TASK "max_active_runs: 0\n",
     "/dags/a.yaml:2: max_active_runs: must be a whole number from 1 to 1000, not `0`"},
    {TASK "timeout: 5 weeks\n", "/dags/a.yaml:2: timeout: must be a time as 30s, 5m, 1h 30m"},
    {TASK "timeout:\n", "/dags/a.yaml:2: timeout: has no value"},
    {TASK "retry_jitter: 2\n", "/dags/a.yaml:2: retry_jitter: must be a number from 0 to 1"},
    {TASK "tags: {a: b}\n", "/dags/a.yaml:2: tags: takes a text or a list of texts"},
    {TASK "params: {x: {type: int}}\n",
     "/dags/a.yaml:2: type: `int` is none of string, integer, number, boolean, date, timestamp"},
    {TASK "params: {x: {type: integer, default: y}}\n",
     "/dags/a.yaml:2: default: param x: `y` is not a whole number"},
    {TASK "params: {x: {default: c, allowed: [a, b]}}\n",
     "/dags/a.yaml:2: default: param x: `c` is none of a, b"},
    {TASK "params: {x: {default: '{{ bussiness_date }}'}}\n",
     "default: {{ bussiness_date }} is nothing that a run has (did you mean `business_date`?)"},
    {TASK "schedule: '@daily'\nparams:\n  x: {type: date}\n",
     "/dags/a.yaml:4: param x: has no default, and nobody is there to give it"},
    {TASK "trigger_on: [zz]\n", "/dags/a.yaml:2: trigger_on: `zz` is not known"},
    {TASK "trigger_on: {min_intervall: 3s}\n",
     "`min_intervall` is no key of trigger_on (did you mean `min_interval`?)"},
    {TASK "trigger_on: [a]\n",
     "/dags/a.yaml:2: DAGs that trigger each other go round in a circle: a -> a"},
    {"tasks:\n  t: {command: x}\n", "/dags/a.yaml:2: task t: needs `kind`"},
    {"tasks:\n  t: {kind: sqll}\n", "/dags/a.yaml:2: kind: `sqll` is none of model, sql, test, "
                                    "verify, shell (did you mean `sql`?)"},
    {"tasks:\n  t: {kind: sql}\n", "/dags/a.yaml:2: task t: needs `file`"},
    {"tasks:\n  t: {kind: shell}\n", "/dags/a.yaml:2: task t: needs `command`"},
    {"tasks:\n  t:\n    kind: model\n    file: x.sql\n",
     "/dags/a.yaml:4: `file` is no key of a model task: it belongs to sql"},
    {"tasks:\n  t:\n    kind: model\n    retrys: 1\n",
     "/dags/a.yaml:4: `retrys` is no key of a task (did you mean `retries`?)"},
    {"tasks:\n  t:\n    kind: sql\n    file: warehouse/create_shema.sql\n",
     "/dags/a.yaml:4: file: there is no warehouse/create_shema.sql beside this file or in the "
     "folder above, nor among the "
     "program's own queries (did you mean `warehouse/create_schema.sql`?)"},
    {"tasks:\n  t:\n    kind: sql\n    file: warehouse/create_schema.sql\n    params:\n      day: "
     "1\n",
     "/dags/a.yaml:6: params: there is no :day in warehouse/create_schema.sql"},
    {"tasks:\n  t: {kind: model, pool: warehose}\n",
     "/dags/a.yaml:2: pool: `warehose` is not known (did you mean `warehouse`?)"},
    {"tasks:\n  load: {kind: model}\n  t: {kind: model, after: [lod]}\n",
     "/dags/a.yaml:3: after: `lod` is not known (did you mean `load`?)"},
    {"tasks:\n  load: {kind: model}\n  t:\n    kind: model\n    after:\n      - load\n      - "
     "load\n",
     "/dags/a.yaml:7: after: `load` is there twice"},
    {"tasks:\n  a: {kind: model, after: c}\n  b: {kind: model, after: a}\n"
     "  c: {kind: model, after: b}\n  d: {kind: model, after: c}\n",
     "/dags/a.yaml:1: tasks go round in a circle: a -> b -> c -> a"},
    {"tasks:\n  a: {kind: model, after: a}\n", "tasks go round in a circle: a -> a"},
    {"tasks:\n  t: {kind: shell, command: 'echo {{ x }}'}\n",
     "/dags/a.yaml:2: command: {{ x }} is nothing that a run has"},
    {"tasks:\n  t: {kind: shell, command: 'echo {{ x'}\n", "{{ is not closed with }}"},
    {"params: {x: hello}\ntasks:\n  t: {kind: shell, command: 'echo {{params.x}}'}\n",
     "/dags/a.yaml:3: command: param x may be any text, also one that the shell would run: list "
     "what is `allowed`, or write \"$FLIGHTDECK_PARAM_X\", in double quotes"},
    {"tasks:\n  \"t t\": {kind: model}\n", "/dags/a.yaml:2: `t t` is no name for a task"},
};

static void test_mistakes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(mistakes); i++) {
        struct dag_set *set;
        struct errbuf e;
        if (parse_all(&mistakes[i][0], 1, &set, &e) != ERR_CONFIG)
            fail_msg("taken: %s", mistakes[i][0]);
        if (!strstr(e.text, mistakes[i][1]))
            fail_msg("`%s`\nis not in: %s", mistakes[i][1], e.text);
    }
}

static void test_between_files(void **state)
{
    (void)state;
    struct dag_set *set;
    struct errbuf e;
    const char *const circle[] = {TASK "trigger_on: c\n", TASK "trigger_on: [a]\n",
                                  TASK "trigger_on: {dags: [b]}\n"};
    assert_int_equal(parse_all(circle, 3, &set, &e), ERR_CONFIG);
    assert_non_null(strstr(e.text, "DAGs that trigger each other go round in a circle: a -> b -> c "
                                   "-> a"));
    const char *const twice[] = {TASK "name: x\n", TASK "name: x\n"};
    assert_int_equal(parse_all(twice, 2, &set, &e), ERR_CONFIG);
    assert_non_null(strstr(e.text, "the name `x` is taken already, by /dags/"));
    /* All mistakes of all files are told together. */
    const char *const three[] = {TASK "schedule: x\n", TASK "catchup: yes\n", "tasks: 5\n"};
    assert_int_equal(parse_all(three, 3, &set, &e), ERR_CONFIG);
    assert_non_null(strstr(e.text, "/dags/a.yaml:2"));
    assert_non_null(strstr(e.text, "/dags/b.yaml:2"));
    assert_non_null(strstr(e.text, "/dags/c.yaml:1"));
    const char *const chain[] = {
        TASK "schedule: '*/5 * * * *'\ntrigger_on: {on_change: all, min_interval: 10s}\n",
        TASK "trigger_on: a\n", TASK "trigger_on: {dags: [a, b], on_change: [flights]}\n"};
    if (parse_all(chain, 3, &set, &e) != ERR_OK)
        fail_msg("%s", e.text);
    assert_int_equal(set->dags[2]->n_trigger_dags, 2);
    assert_int_equal(set->dags[2]->trigger_dags[1], 1);
    assert_string_equal(set->dags[2]->on_change[0], "flights");
    assert_int_equal(set->dags[0]->min_interval_ms, 10000);
    static const char *const words[] = {
        "every 5 minutes (UTC); when there are changes in any entity, at most every 10 s",
        "after a", "after a, b; when there are changes in flights"};
    for (int i = 0; i < 3; i++) {
        struct buf b;
        buf_init(&b, 0);
        dag_describe_schedule(set, set->dags[i], &b);
        assert_string_equal(buf_cstr(&b), words[i]);
        buf_free(&b);
    }
    dag_set_free(set);
}

/* A file beside the DAG's goes before one of the program's own. */
static void test_sql_beside(void **state)
{
    (void)state;
    char folder[] = "/tmp/dag-test-XXXXXX", path[64], dag[64];
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/own.sql", folder);
    (void)snprintf(dag, sizeof dag, "%s/x.yaml", folder);
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    assert_true(fputs("DELETE FROM t WHERE day = CAST(:day AS DATE)", f) >= 0);
    assert_int_equal(fclose(f), 0);
    static const char text[] = "tasks:\n  t: {kind: sql, file: own.sql, params: {day: '{{ "
                               "business_date }}'}}\n";
    struct dag_text one = {dag, text, strlen(text)};
    struct dag_set *set;
    struct faults faults;
    struct errbuf e;
    faults_init(&faults);
    if (dag_set_parse(&one, 1, NULL, 0, &set, &faults, &e) != ERR_OK)
        fail_msg("%s", e.text);
    const struct dag_task *t = &set->dags[0]->tasks[0];
    assert_non_null(strstr(t->sql, "DELETE FROM t"));
    assert_int_equal(t->n_bindings, 1);
    assert_string_equal(t->bindings[0].name, "day");
    dag_set_free(set);
    faults_free(&faults);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

/* ---- when ---- */

static void test_intervals(void **state)
{
    (void)state;
    char date[DAG_DATE_MAX];
    struct dag_set *set = parse(TASK "schedule: 5 12 * * *\n");
    const struct dag *d = set->dags[0];
    int64_t fire = dag_next_fire(d, utc(2026, 11, 28, 12, 5));
    assert_int_equal(fire, utc(2026, 11, 29, 12, 5));
    assert_int_equal(dag_next_fire(d, fire - 1), fire);
    assert_int_equal(dag_last_fire(d, fire), fire);
    assert_int_equal(dag_last_fire(d, fire - 1), utc(2026, 11, 28, 12, 5));
    struct dag_interval i = dag_interval_of_fire(d, fire);
    assert_int_equal(i.begin_us, utc(2026, 11, 28, 12, 5));
    assert_int_equal(i.end_us, fire);
    assert_string_equal(dag_business_date(d, i.begin_us, date), "2026-11-28");
    /* By hand after 12:05: yesterday; before: its local date is not over everywhere. */
    i = dag_interval_of_trigger(d, utc(2026, 11, 29, 15, 0));
    assert_string_equal(dag_business_date(d, i.begin_us, date), "2026-11-28");
    i = dag_interval_of_trigger(d, utc(2026, 11, 29, 10, 0));
    assert_string_equal(dag_business_date(d, i.begin_us, date), "2026-11-27");
    dag_set_free(set);
    /* A day of 23 hours, and the local date. */
    set = parse(TASK "schedule: '@daily'\ntime_zone: Europe/Berlin\n");
    d = set->dags[0];
    fire = dag_next_fire(d, utc(2026, 3, 29, 12, 0));
    i = dag_interval_of_fire(d, fire);
    assert_int_equal(i.end_us - i.begin_us, 23 * INT64_C(3600000000));
    assert_string_equal(dag_business_date(d, i.begin_us, date), "2026-03-29");
    assert_int_equal(dag_local_time(d, civil_to_days(2026, 3, 29), 0), i.begin_us);
    char clock[DAG_CLOCK_MAX];
    assert_string_equal(dag_wall_clock(d, i.begin_us, clock), "2026-03-29 00:00 CET");
    assert_string_equal(dag_wall_clock(d, utc(2026, 3, 29, 1, 5), clock), "2026-03-29 03:05 CEST");
    dag_set_free(set);
}

/* ---- values ---- */

static void test_params(void **state)
{
    (void)state;
    struct dag_set *set = parse(full);
    const struct dag *d = set->dags[0];
    struct arena *a = arena_create(1024);
    struct errbuf e;
    const struct dag_value *v;
    struct dag_context at = {.dag = d,
                             .interval = {utc(2026, 11, 27, 11, 5), utc(2026, 11, 28, 11, 5)},
                             .logical_us = utc(2026, 11, 27, 11, 5),
                             .run = "17",
                             .attempt = 2};
    assert_int_equal(dag_params(&at, NULL, 0, a, &v, &e), ERR_OK);
    assert_string_equal(v[0].value, "2026-11-27");
    assert_string_equal(v[1].value, "fast");
    assert_string_equal(v[2].value, "false");
    assert_string_equal(v[3].value, "10");
    const struct dag_value given[] = {{"mode", "slow"}, {"flown_only", "YES"}, {"limit", "+7"}};
    assert_int_equal(dag_params(&at, given, 3, a, &v, &e), ERR_OK);
    assert_string_equal(v[1].value, "slow");
    assert_string_equal(v[2].value, "true");
    assert_string_equal(v[3].value, "7");
    at.params = v;
    at.n_params = d->n_params;
    struct buf out;
    buf_init(&out, 0);
    static const char text[] = "{{ dag }} {{run}} {{ try }} {{ business_date }} {{ logical_time }} "
                               "{{ interval_begin }}..{{ interval_end }} {{ params.mode }} "
                               "{{ \"{{\" }} }}";
    assert_int_equal(dag_expand(text, &at, &out, &e), ERR_OK);
    assert_string_equal(buf_cstr(&out),
                        "traffic 17 2 2026-11-27 2026-11-27T11:05:00Z 2026-11-27T11:05:00Z.."
                        "2026-11-28T11:05:00Z slow {{ }}");
    buf_free(&out);
    static const struct {
        struct dag_value given;
        const char *words;
    } bad[] = {
        {{"mod", "x"}, "traffic has no param `mod` (did you mean `mode`?)"},
        {{"mode", "x"}, "param mode: `x` is none of fast, slow"},
        {{"limit", "1.5"}, "param limit: `1.5` is not a whole number"},
        {{"limit", "99999999999999999999"}, "is not a whole number"},
        {{"business_date", "yesterday"}, "is not a date as 2026-11-28"},
        {{"flown_only", "2"}, "is not true or false"},
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_int_equal(dag_params(&at, &bad[i].given, 1, a, &v, &e), ERR_USAGE);
        if (!strstr(e.text, bad[i].words))
            fail_msg("%s", e.text);
    }
    arena_destroy(a);
    dag_set_free(set);
}

static void test_typed_params(void **state)
{
    (void)state;
    struct dag_set *set = parse(TASK "time_zone: Europe/Berlin\n"
                                     "params:\n"
                                     "  at: {type: timestamp}\n"
                                     "  ratio: {type: number, default: 0.5}\n");
    static const char *const times[][2] = {
        {"2026-07-01", "2026-06-30T22:00:00Z"},
        {"2026-07-01 12:05", "2026-07-01T10:05:00Z"},
        {"2026-07-01T12:05:07Z", "2026-07-01T12:05:07Z"},
        {"2026-07-01T12:05+05:30", "2026-07-01T06:35:00Z"},
        {"2026-03-29 02:30", "2026-03-29T01:00:00Z"},
    };
    static const char *const no_times[] = {"",
                                           "2026-07-01T",
                                           "2026-07-01 25:00",
                                           "2026-07-01 1:00",
                                           "2026-07-01 12:00x",
                                           "2026-07-01T12:00+2"};
    struct arena *a = arena_create(1024);
    struct errbuf e;
    const struct dag_value *v;
    struct dag_context at = {.dag = set->dags[0]};
    for (size_t i = 0; i < COUNT(times); i++) {
        struct dag_value given = {"at", times[i][0]};
        assert_int_equal(dag_params(&at, &given, 1, a, &v, &e), ERR_OK);
        assert_string_equal(v[0].value, times[i][1]);
    }
    for (size_t i = 0; i < COUNT(no_times); i++) {
        struct dag_value given = {"at", no_times[i]};
        assert_int_equal(dag_params(&at, &given, 1, a, &v, &e), ERR_USAGE);
    }
    assert_int_equal(dag_params(&at, NULL, 0, a, &v, &e), ERR_USAGE);
    assert_string_equal(e.text, "param at of a has no default: give it with --param at=..");
    arena_destroy(a);
    dag_set_free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_full),       cmocka_unit_test(test_smallest),
        cmocka_unit_test(test_mistakes),   cmocka_unit_test(test_between_files),
        cmocka_unit_test(test_sql_beside), cmocka_unit_test(test_intervals),
        cmocka_unit_test(test_params),     cmocka_unit_test(test_typed_params),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
