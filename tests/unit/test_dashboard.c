/* The YAML of dashboards: what is read, and what each mistake is told as. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "backend/engine/dashboard_config.h"

static struct errbuf err;

/* All faults of a text, a line each. */
static const char *faults_of(const char *text)
{
    static struct buf out;
    struct faults f;
    struct dashboards *d = dashboards_create();
    assert_non_null(d);
    faults_init(&f);
    buf_clear(&out);
    dashboards_add_text(d, "d.yaml", text, strlen(text), &f);
    for (int i = 0; i < f.n; i++)
        buf_printf(&out, "%s\n", f.items[i]);
    assert_int_equal(dashboards_count(d), f.total ? 0 : 1);
    faults_free(&f);
    dashboards_free(d);
    return buf_cstr(&out);
}

#define PANEL(more) "dashboard: a\npanels:\n  - {name: p, " more "}\n"

static void test_mistakes(void **state)
{
    (void)state;
    static const struct {
        const char *text, *told;
    } cases[] = {
        {"", "d.yaml: an empty file: a dashboard has at least `dashboard` and `panels`\n"},
        {"dashboard: a b\n", "d.yaml:1: `a b` is no name (letters, digits, _)\n"
                             "d.yaml:1: `panels` is a list of 1 to 100 panels\n"},
        {"dashbord: a\npanels: []\n",
         "d.yaml:1: unknown key `dashbord` in a dashboard (did you mean `dashboard`?)\n"
         "d.yaml:1: `dashboard` is missing\n"
         "d.yaml:2: `panels` is a list of 1 to 100 panels\n"},
        {"dashboard: a\ndays: 0\npanels:\n  - {name: p, kind: table, query: SELECT 1}\n",
         "d.yaml:2: `days` is a number from 1 to 3660, not `0`\n"},
        {PANEL("kind: pi, query: SELECT 1"), "d.yaml:3: unknown kind of panel `pi`\n"},
        {PANEL("kind: lines, query: SELECT 1"),
         "d.yaml:3: unknown kind of panel `lines` (did you mean `line`?)\n"},
        {PANEL("kind: line, query: SELECT 1, x: a"),
         "d.yaml:3: a panel of kind line needs `y`: the name of a column of its query\n"},
        {PANEL("kind: table"), "d.yaml:3: `query` is missing\n"},
        {PANEL("kind: table, qurey: SELECT 1"),
         "d.yaml:3: unknown key `qurey` in a panel (did you mean `query`?)\n"
         "d.yaml:3: `query` is missing\n"},
        {PANEL("kind: table, query: DELETE FROM t"),
         "d.yaml:3: query must begin with SELECT or WITH: it only looks\n"},
        {PANEL("kind: table, query: SELECTED"),
         "d.yaml:3: query must begin with SELECT or WITH: it only looks\n"},
        {PANEL("kind: table, query: 'SELECT 1; SELECT 2'"),
         "d.yaml:3: query is one statement, not 2\n"},
        {PANEL("kind: table, query: 'SELECT :form'"),
         "d.yaml:3: query uses :form; a dashboard's query has :from and :to, the dates of its "
         "range\n"},
        {PANEL("kind: table, query: nowhere/none.sql"),
         "d.yaml:3: no file nowhere/none.sql, and no query of that name in the program\n"},
        {PANEL("kind: table, query: SELECT 1, width: 13"),
         "d.yaml:3: `width` is a number from 1 to 12, not `13`\n"},
        {"dashboard: a\npanels:\n  - {name: p, kind: table, query: SELECT 1}\n"
         "  - {name: p, kind: table, query: SELECT 1}\n",
         "d.yaml:4: the panel `p` is in line 3 too\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(faults_of(cases[i].text), cases[i].told);
}

static void test_what_is_read(void **state)
{
    (void)state;
    static const char text[] =
        "dashboard: own\ndays: 7\npanels:\n"
        "  - name: a\n    kind: bars\n    x: day\n    y: n\n    series: who\n    height: 5\n"
        "    query: |\n      WITH w AS (SELECT 1 AS n)\n"
        "      SELECT :from AS day, n, CAST(:to AS DATE) AS who FROM w;\n";
    struct faults f;
    struct dashboards *d = dashboards_create();
    const struct dashboard *own;
    faults_init(&f);
    dashboards_add_text(d, "d.yaml", text, strlen(text), &f);
    assert_int_equal(faults_check(&f, &err), ERR_OK);
    assert_int_equal(dashboards_find(d, "own", &own, &err), ERR_OK);
    assert_string_equal(own->title, "own");
    assert_null(own->mart);
    assert_int_equal(own->days, 7);
    const struct dashboard_panel *p = &own->panels[0];
    assert_int_equal(p->kind, DASHBOARD_BARS);
    assert_int_equal(p->width, 6);
    assert_int_equal(p->height, 5);
    assert_string_equal(p->columns[DASHBOARD_SERIES_COLUMN], "who");
    assert_null(p->columns[DASHBOARD_LABEL_COLUMN]);
    assert_int_equal(p->query->statements[0].n_params, 2);
    assert_null(p->rows);
    assert_int_equal(dashboards_find(d, "onw", &own, &err), ERR_NOT_FOUND);
    assert_string_equal(err.text, "no dashboard is named onw (did you mean `own`?); `flightdeck "
                                  "dashboard list` shows them");
    dashboards_free(d);
    faults_free(&f);
}

static enum err load(const char *text, struct dashboards **out)
{
    char file[600];
    char here[512];
    struct config *c;
    struct faults f;
    struct marts *m = marts_create();
    faults_init(&f);
    assert_non_null(getcwd(here, sizeof here));
    (void)snprintf(file, sizeof file, "%s/flightdeck.yaml", here);
    if (config_parse(text, strlen(text), file, &c, &f, &err) != ERR_OK ||
        (c->marts[0] && marts_add_path(m, c->marts[0], &f, &err) != ERR_OK))
        fail_msg("%s", err.text);
    enum err rc = dashboard_load_all(c, m, out, &f, &err);
    faults_free(&f);
    marts_free(m);
    config_free(c);
    return rc;
}

/* The ten queries of the airline, each as a panel. */
static void test_airline(void **state)
{
    (void)state;
    struct dashboards *d;
    assert_int_equal(load("marts: [config/airline/marts]\n"
                          "dashboards: [config/airline/dashboards]\n",
                          &d),
                     ERR_OK);
    assert_int_equal(dashboards_count(d), 2);
    assert_string_equal(dashboards_at(d, 0)->name, "airports");
    assert_string_equal(dashboards_at(d, 1)->name, "frequent_flyers");
    assert_int_equal(dashboards_at(d, 0)->n_panels, 5); /* one of them twice: as handed down */
    assert_int_equal(dashboards_at(d, 1)->n_panels, 6);
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < dashboards_at(d, i)->n_panels; k++) {
            const struct dashboard_panel *p = &dashboards_at(d, i)->panels[k];
            assert_non_null(p->rows);
            assert_true(script_uses(p->query, "from") && script_uses(p->query, "to"));
        }
    dashboards_free(d);
    assert_int_equal(load("dashboards: [config/airline/dashboards]\n", &d), ERR_CONFIG);
    assert_non_null(strstr(err.text, "config/airline/dashboards/airports.yaml:6: no mart is named "
                                     "`airports_traffic`: the configuration's `marts` names none"));
    assert_int_equal(load("dashboards: [none]\n", &d), ERR_CONFIG);
    assert_non_null(strstr(err.text, "flightdeck.yaml: dashboards: "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_what_is_read),
        cmocka_unit_test(test_airline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
