/* The DAGs of a configuration: files, folders, the built-in one, pools, and the airline's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/engine/dag_config.h"

static char folder[64];

static void write_file(const char *name, const char *text)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static int make_folder(void **state)
{
    char path[128];
    (void)state;
    (void)strcpy(folder, "/tmp/dag-config-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    (void)snprintf(path, sizeof path, "%s/dags", folder);
    return mkdir(path, 0700);
}

static int remove_folder(void **state)
{
    char command[128];
    (void)state;
    (void)snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command);
}

static enum err load(const char *text, struct dag_set **out, struct errbuf *e)
{
    char file[128];
    struct config *c;
    struct faults faults;
    faults_init(&faults);
    (void)snprintf(file, sizeof file, "%s/flightdeck.yaml", folder);
    if (config_parse(text, strlen(text), file, &c, &faults, e) != ERR_OK)
        fail_msg("%s", e->text);
    struct declared declared;
    enum err rc = declared_read(c, &declared, &faults, e);
    if (!rc || rc == ERR_CONFIG)
        rc = dag_load_all(c, &declared, out, &faults, e);
    declared_free(&declared);
    faults_free(&faults);
    config_free(c);
    return rc;
}

static void assert_fault(const char *text, const char *words)
{
    struct dag_set *set;
    struct errbuf e;
    assert_int_equal(load(text, &set, &e), ERR_CONFIG);
    assert_null(set);
    if (!strstr(e.text, words))
        fail_msg("`%s` is not in: %s", words, e.text);
}

static void test_folder(void **state)
{
    (void)state;
    struct dag_set *set;
    struct errbuf e;
    write_file("dags/b.yaml", "tasks: {x: {kind: sql, file: own.sql, pool: slow}}\n");
    write_file("dags/a.yml", "tasks: {x: {kind: test}}\n");
    write_file("dags/own.sql", "SELECT 1\n");
    write_file("dags/notes.txt", "no DAG\n");
    write_file("c.yaml", "tasks: {x: {kind: verify}}\ntrigger_on: a\n");
    if (load("dags: [dags, c.yaml]\npools: {slow: 1, default: 3}\n", &set, &e) != ERR_OK)
        fail_msg("%s", e.text);
    assert_int_equal(set->n, 3);
    assert_string_equal(set->dags[0]->name, "a");
    assert_string_equal(set->dags[1]->tasks[0].sql, "SELECT 1\n");
    assert_string_equal(set->pools[set->dags[1]->tasks[0].pool].name, "slow");
    assert_int_equal(set->pools[0].slots, 3);
    assert_int_equal(set->dags[2]->trigger_dags[0], 0);
    dag_set_free(set);
}

static void test_faults(void **state)
{
    (void)state;
    write_file("bad.yaml", "tasks: {x: {kind: verify}}\nscedule: '@daily'\n");
    assert_fault("dags: [bad.yaml]\n", "/bad.yaml:2: `scedule` is no key of a DAG");
    assert_fault("dags: [none]\n", "flightdeck.yaml: dags: none: No such file or directory");
    assert_fault("dags: [bad.yaml]\npools: {x: many}\n",
                 "pools.x: must be a whole number of slots from 1 to 1000, not `many`");
}

/* One that holds none yet is no reason not to start. */
static void test_empty_folder(void **state)
{
    (void)state;
    char path[128];
    struct dag_set *set;
    struct errbuf e;
    (void)snprintf(path, sizeof path, "%s/empty", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(load("dags: [empty]\n", &set, &e), ERR_OK);
    assert_int_equal(set->n, 0);
    dag_set_free(set);
}

/* `form` with the folder of the sources, where tests are run, for each %s. */
static const char *in_repository(const char *form)
{
    static char text[8192];
    char here[1024];
    size_t n = 0;
    assert_non_null(getcwd(here, sizeof here));
    for (const char *at; (at = strstr(form, "%s")); form = at + 2)
        n += (size_t)snprintf(text + n, sizeof text - n, "%.*s%s", (int)(at - form), form, here);
    (void)snprintf(text + n, sizeof text - n, "%s", form);
    return text;
}

#define MODEL "model: \"%s/config/airline/model.yaml\"\n"

/* What tasks name in the model and in marts. */
static void test_named(void **state)
{
    (void)state;
    struct dag_set *set;
    struct errbuf e;
    write_file("load.yaml", "tasks:\n  load: {kind: model, entities: [flights, flihgts]}\n");
    assert_fault("dags: [load.yaml]\n", "/load.yaml:2: task load loads the model, and");
    assert_fault(in_repository("dags: [load.yaml]\n" MODEL), "/load.yaml:2: task load: ");
    assert_fault(in_repository("dags: [load.yaml]\n" MODEL),
                 "the model has no entity `flihgts` (did you mean `flights`?)");
    assert_fault("model: none.yaml\n", "none.yaml");
    write_file("change.yaml",
               "tasks: {x: {kind: verify}}\ntrigger_on: {on_change: [tikets, other]}\n");
    assert_fault(in_repository("dags: [change.yaml]\n" MODEL),
                 "/change.yaml:2: on_change: `tikets` is no entity (did you mean `tickets`?)");
    write_file("mart.yaml", "tasks:\n  x: {kind: sql, file: marts/airports_traffic.sql}\n");
    assert_fault(in_repository("dags: [mart.yaml]\nmarts: [\"%s/config/airline/marts\"]\n"),
                 "/mart.yaml:2: task x: the mart airports_traffic needs a value for its parameter "
                 "`business_date`");
    assert_fault("dags: [mart.yaml]\nmarts: [none]\n", "none");
    /* As a file of SQL alone it needs nothing that could be known here. */
    assert_int_equal(load("dags: [mart.yaml]\n", &set, &e), ERR_OK);
    dag_set_free(set);
}

static void test_built_in(void **state)
{
    (void)state;
    struct dag_set *set;
    struct errbuf e;
    assert_int_equal(load("state_dir: x\n", &set, &e), ERR_OK);
    assert_int_equal(set->n, 0);
    dag_set_free(set);
    if (load(in_repository("model: \"%s/config/airline/model.yaml\"\n"), &set, &e) != ERR_OK)
        fail_msg("%s", e.text);
    assert_int_equal(set->n, 1);
    assert_string_equal(set->dags[0]->name, "dwh");
    assert_string_equal(set->dags[0]->on_change[0], "all");
    dag_set_free(set);
}

static void test_airline(void **state)
{
    (void)state;
    struct dag_set *set;
    struct errbuf e;
    if (load(in_repository("dags: [\"%s/config/airline/dags\"]\n"
                           "marts: [\"%s/config/airline/marts\"]\n"
                           "model: \"%s/config/airline/model.yaml\"\n"),
             &set, &e) != ERR_OK)
        fail_msg("%s", e.text);
    static const char *const words[] = {
        "at 12:05 every day (UTC)",
        "every 5 minutes (UTC); when there are changes in any entity, at most every 5 s",
        "at 12:05 every day (UTC)"};
    assert_int_equal(set->n, 3);
    for (int i = 0; i < 3; i++) {
        const struct dag *d = set->dags[i];
        struct buf b;
        buf_init(&b, 0);
        dag_describe_schedule(set, d, &b);
        assert_string_equal(buf_cstr(&b), words[i]);
        buf_free(&b);
        assert_int_equal(d->tasks[d->n_tasks - 1].kind, DAG_TEST);
        assert_int_equal(d->tasks[0].retries, 3);
    }
    dag_set_free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_folder),       cmocka_unit_test(test_faults),
        cmocka_unit_test(test_empty_folder), cmocka_unit_test(test_named),
        cmocka_unit_test(test_built_in),     cmocka_unit_test(test_airline),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
