/*
 * A model without a server: names, faults, diagrams, what infer reads out of CHECKs.
 *
 * tests/golden/model/airline.*: UPDATE_GOLDENS=1 writes them anew; read the difference before
 * committing it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "backend/model/diagram.h"
#include "backend/model/infer.h"
#include "config/assets.h"

static struct errbuf err;

static void read_file(const char *path, struct buf *out)
{
    FILE *f = fopen(path, "r");
    char part[4096];
    size_t n;
    if (!f)
        fail_msg("%s is missing: UPDATE_GOLDENS=1 writes it", path);
    while ((n = fread(part, 1, sizeof part, f)) > 0)
        buf_add(out, part, n);
    (void)fclose(f);
}

static void check_golden(const char *path, struct buf *got)
{
    struct buf want;
    buf_init(&want, 0);
    if (getenv("UPDATE_GOLDENS")) {
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        assert_int_equal(fwrite(got->p, 1, got->len, f), got->len);
        assert_int_equal(fclose(f), 0);
    }
    read_file(path, &want);
    if (strcmp(buf_cstr(got), buf_cstr(&want)) != 0)
        fail_msg("%s differs; now it is\n%s", path, buf_cstr(got));
    buf_free(&want);
}

static struct model *parse(const char *text)
{
    struct model *m = NULL;
    struct faults faults;
    faults_init(&faults);
    if (model_parse(text, strlen(text), "m.yaml", &m, &faults, &err))
        fail_msg("%s", err.text);
    faults_free(&faults);
    return m;
}

static struct model *load(const char *path)
{
    struct buf text;
    buf_init(&text, 0);
    read_file(path, &text);
    struct model *m = parse(buf_cstr(&text));
    buf_free(&text);
    return m;
}

/* ---- names that would make one table ---- */

static void expect_fault(const char *text, const char *part)
{
    struct model *m = NULL;
    struct faults faults;
    faults_init(&faults);
    assert_int_equal(model_parse(text, strlen(text), "m.yaml", &m, &faults, &err), ERR_CONFIG);
    assert_null(m);
    if (!strstr(err.text, part))
        fail_msg("`%s` is not in: %s", part, err.text);
    faults_free(&faults);
}

#define A       "entities:\n  a:\n    source: p.a\n    key: {id: integer}\n"
#define B(name) "  " name ":\n    source: p.b\n    key: {id: integer}\n"

static void test_names_that_meet(void **state)
{
    (void)state;
    expect_fault(A "    attributes: {b_c: text}\n" B("a_b") "    attributes:\n      c: text\n",
                 "m.yaml:10: attribute c: it makes `attr_a_b_c`, which line 5 makes already");
    expect_fault(A B("A"), "m.yaml:5: entity A: it makes `anchor_A`, which line 2 makes already");
    expect_fault(A B("a_latest"), "entity a_latest: it makes `anchor_a_latest`");
    expect_fault(A "    attributes: {x: text, x_latest: text}\n",
                 "attribute x_latest: it makes `attr_a_x_latest`");
    expect_fault(A "    attributes: {Name: text, name: text}\n", "attribute name: it makes");
    expect_fault(A "    attributes: {existence: boolean}\n", "existence");
    expect_fault(A "    attributes: {a_sk: integer}\n",
                 "attribute a_sk: line 2 makes a column of this name");
    expect_fault(A B("source_systems"), "(or the engine's own bookkeeping)");
    expect_fault(A "    ties:\n      t: {to: a, by: x, role: A}\n",
                 "tie t: the role `A` is the entity's own name");
    expect_fault("knots: {k: text, K: text}\n" A, "knot K: it makes `knot_K`");
    struct model *m = parse(A "    attributes: {b: text}\n" B("a_b") "    attributes: {d: text}\n");
    assert_int_equal(m->n_entities, 2);
    model_free(m);
}

/* ---- CHECKs ---- */

static void test_checks(void **state)
{
    (void)state;
    static const struct {
        const char *definition, *column, *values; /* NULL: no list */
    } cases[] = {
        {"CHECK ((s = ANY (ARRAY['new'::text, 'paid'::text])))", "s", "new, paid"},
        {"CHECK (((s)::text = ANY ((ARRAY['a'::character varying, 'b'::character "
         "varying(20)])::text[])))",
         "s", "a, b"},
        {"CHECK ((VALUE = ANY (ARRAY['r'::text, 'g'::text])))", "VALUE", "r, g"},
        {"CHECK ((\"S s\" = ANY (ARRAY['it''s'::text, 'a,]b)'::text])))", "S s", "it's, a,]b)"},
        {"CHECK ((s = ANY (ARRAY['a'::bpchar, 'b'::bpchar]))) NOT VALID", "s", NULL},
        {"CHECK ((s <> ALL (ARRAY['a'::text, 'b'::text])))", "s", NULL},
        {"CHECK ((NOT (s = ANY (ARRAY['a'::text, 'b'::text]))))", "s", NULL},
        {"CHECK ((lower(s) = ANY (ARRAY['a'::text, 'b'::text])))", "s", NULL},
        {"CHECK (((s = ANY (ARRAY['a'::text])) OR (length(s) > 5)))", "s", NULL},
        {"CHECK (((length(s) > 5) OR (s = ANY (ARRAY['a'::text]))))", "s", NULL},
        {"CHECK ((n = ANY (ARRAY[1, 2])))", "n", NULL},
        {"CHECK ((s = ANY (ARRAY['a'::text, NULL::text])))", "s", NULL},
        {"CHECK ((s = ANY (ARRAY['a'::text", "s", NULL},
        {"CHECK ((s = ANY (ARRAY['a", "s", NULL},
        {"CHECK ((s = 'a'::text))", "s", NULL},
        {"CHECK (", "s", NULL},
        {"", "s", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf values;
        buf_init(&values, 0);
        bool found = infer_check_values(cases[i].definition, cases[i].column, &values);
        if (found != (cases[i].values != NULL))
            fail_msg("%s: %s", cases[i].definition, found ? buf_cstr(&values) : "not seen");
        assert_string_equal(buf_cstr(&values), found ? cases[i].values : "");
        buf_free(&values);
    }
}

/* ---- diagrams ---- */

static void test_diagrams_of_the_airline(void **state)
{
    (void)state;
    struct model *m = parse(asset_text("config/airline/model.yaml"));
    struct buf b;
    buf_init(&b, 0);
    assert_int_equal(model_diagram_text(m, &b, &err), ERR_OK);
    check_golden("tests/golden/model/airline.txt", &b);
    buf_clear(&b);
    model_diagram_dot(m, &b);
    check_golden("tests/golden/model/airline.dot", &b);
    buf_clear(&b);
    model_diagram_mermaid(m, &b);
    check_golden("tests/golden/model/airline.mmd", &b);
    buf_free(&b);
    model_free(m);
}

static int columns_of(const char *line, size_t n)
{
    wchar_t wide[512];
    char text[512];
    assert_true(n < sizeof text);
    memcpy(text, line, n);
    text[n] = '\0';
    size_t k = mbstowcs(wide, text, 512);
    assert_true(k != (size_t)-1);
    return wcswidth(wide, k);
}

static void check_width(const struct model *m)
{
    struct buf b;
    buf_init(&b, 0);
    assert_int_equal(model_diagram_text(m, &b, &err), ERR_OK);
    for (const char *line = buf_cstr(&b); *line;) {
        size_t n = strcspn(line, "\n");
        if (columns_of(line, n) > DIAGRAM_COLUMNS || columns_of(line, n) < 0)
            fail_msg("more than %d columns: %.*s", DIAGRAM_COLUMNS, (int)n, line);
        line += n + (line[n] == '\n');
    }
    buf_free(&b);
}

/* Names of 63 octets, Cyrillic, line breaks; more lanes than there is room for. */
static void test_a_diagram_has_80_columns(void **state)
{
    (void)state;
    struct model *m = load("tests/golden/model/odd.yaml");
    check_width(m);
    model_free(m);
    struct buf text;
    buf_init(&text, 0);
    buf_lit(&text, "entities:\n");
    for (int i = 0; i < 60; i++)
        buf_printf(&text, "  e%d:\n    source: p.e%d\n    key: {id: integer}\n", i, i);
    buf_lit(&text, "  hub:\n    source: p.hub\n    key: {id: integer}\n    ties:\n");
    for (int i = 0; i < 60; i++)
        buf_printf(&text, "      t%d: {to: e%d, by: c%d}\n", i, i, i);
    m = parse(buf_cstr(&text));
    check_width(m);
    model_free(m);
    buf_free(&text);
}

/* A loop of references: lanes go down as well as up. */
static void test_a_diagram_of_a_loop(void **state)
{
    (void)state;
    struct model *m = parse(A "    ties: {ab: {to: b, by: b_id}, aa: {to: a, by: up}}\n" B(
        "b") "    ties: {ba: {to: a, by: a_id}}\n");
    struct buf b;
    buf_init(&b, 0);
    assert_int_equal(model_diagram_text(m, &b, &err), ERR_OK);
    check_golden("tests/golden/model/loop.txt", &b);
    buf_free(&b);
    model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_that_meet),
        cmocka_unit_test(test_checks),
        cmocka_unit_test(test_diagrams_of_the_airline),
        cmocka_unit_test(test_a_diagram_has_80_columns),
        cmocka_unit_test(test_a_diagram_of_a_loop),
    };
    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        return 1;
    return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
