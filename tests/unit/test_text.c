/* Unit tests of what the configuration is read with: yaml, interpolation, patterns, secrets, near
 * words, faults. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "backend/base/faults.h"
#include "backend/base/interpolate.h"
#include "backend/base/nearest.h"
#include "backend/base/pattern.h"
#include "backend/base/secret.h"
#include "backend/base/yaml.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static void test_nearest(void **state)
{
    (void)state;
    assert_int_equal(nearest_distance("slot", "slot"), 0);
    assert_int_equal(nearest_distance("slto", "slot"), 1); /* a swap is one */
    assert_int_equal(nearest_distance("SLOT", "slot"), 0);
    assert_int_equal(nearest_distance("", "abc"), 3);
    assert_int_equal(nearest_distance("connection", "conection"), 1);
    struct nearest n;
    char hint[64];
    nearest_start(&n, "statsu");
    nearest_offer(&n, "start");
    nearest_offer(&n, "status");
    nearest_offer(&n, "state");
    assert_string_equal(nearest_hint(&n, hint, sizeof hint), " (did you mean `status`?)");
    nearest_start(&n, "zzz");
    nearest_offer(&n, "status");
    assert_string_equal(nearest_hint(&n, hint, sizeof hint), "");
}

static void test_secret_mask(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"host=a password=geheim user=b", "host=a password=*** user=b"},
        {"host=a password = 'two words' user=b", "host=a password = *** user=b"},
        {"password='it\\'s' dbname=x", "password=*** dbname=x"},
        {"postgresql://me:geheim@db:5432/x?sslmode=require",
         "postgresql://me:***@db:5432/x?sslmode=require"},
        {"postgresql://me@db/x?password=geheim&user=y", "postgresql://me@db/x?password=***&user=y"},
        {"postgresql://db:5432/x", "postgresql://db:5432/x"},
        {"Driver=PostgreSQL Unicode;Servername=w;UID=u;PWD=geheim;Database=d",
         "Driver=PostgreSQL Unicode;Servername=w;UID=u;PWD=***;Database=d"},
        {"Driver={X;Y};Pwd={a;b}}c};UID=u", "Driver={X;Y};Pwd=***;UID=u"},
        {"Password=two words;UID=u", "Password=***;UID=u"},
        {"jdbc:postgresql://h/db?user=a&password=b", "jdbc:postgresql://h/db?user=a&password=***"},
        {"sslpassword=x sslkey=/k", "sslpassword=*** sslkey=/k"},
        {"no secret here", "no secret here"},
        {"password=", "password="},
        {"", ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf b;
        buf_init(&b, 0);
        secret_mask(&b, cases[i][0]);
        assert_string_equal(buf_cstr(&b), cases[i][1]);
        buf_free(&b);
    }
}

static void test_secret_name(void **state)
{
    (void)state;
    static const char *const yes[] = {"password",          "sasl.password",    "PWD",
                                      "database.password", "sasl.jaas.config", "ssl.key.pem",
                                      "PGPASSWORD",        "client_secret",    "bearer.token"};
    static const char *const no[] = {"user", "bootstrap.servers", "pwdx", "ssl.key.location"};
    for (size_t i = 0; i < COUNT(yes); i++)
        assert_true(secret_name(yes[i]));
    for (size_t i = 0; i < COUNT(no); i++)
        assert_false(secret_name(no[i]));
}

/* ---- yaml ---- */

static enum err parse(const char *text, struct arena *a, struct yaml **out, struct errbuf *e)
{
    return yaml_parse(text, strlen(text), "f.yaml", a, out, e);
}

static void test_yaml_tree(void **state)
{
    (void)state;
    struct arena *a = arena_create(1024);
    struct yaml *y;
    struct errbuf e;
    assert_int_equal(parse("a: 1\nb:\n  - x\n  - \"y z\"\nc: {d: ~, e: 'no'}\nf:\n", a, &y, &e),
                     ERR_OK);
    assert_int_equal(y->kind, YAML_MAP);
    assert_int_equal(y->n, 4);
    assert_string_equal(yaml_get(y, "a")->text, "1");
    assert_int_equal(yaml_get(y, "b")->kind, YAML_LIST);
    assert_string_equal(yaml_get(y, "b")->items[1]->text, "y z");
    assert_int_equal(yaml_get(y, "b")->items[1]->line, 4);
    struct yaml *c = yaml_get(y, "c");
    assert_true(yaml_is_null(yaml_get(c, "d")));
    assert_false(yaml_is_null(yaml_get(c, "e")));
    assert_true(yaml_is_null(yaml_get(y, "f")));
    assert_int_equal(y->lines[2], 5);
    assert_null(yaml_get(y, "z"));
    assert_null(yaml_get(NULL, "z"));
    assert_int_equal(parse("", a, &y, &e), ERR_OK);
    assert_null(y);
    assert_int_equal(parse("# only a comment\n", a, &y, &e), ERR_OK);
    assert_null(y);
    arena_destroy(a);
}

static void test_yaml_many_items(void **state)
{
    (void)state;
    struct arena *a = arena_create(1024);
    struct yaml *y;
    struct errbuf e;
    struct buf b;
    buf_init(&b, 0);
    for (int i = 0; i < 100; i++)
        buf_printf(&b, "key%d: %d\n", i, i);
    assert_int_equal(parse(buf_cstr(&b), a, &y, &e), ERR_OK);
    assert_int_equal(y->n, 100);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(atoi(y->items[i]->text), i);
        assert_int_equal(y->lines[i], i + 1);
    }
    buf_free(&b);
    arena_destroy(a);
}

static void test_yaml_faults(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"a: 1\na: 2\n", "f.yaml:2: `a` is given twice, first in line 1"},
        {"a: [1\n", "f.yaml:2: "},
        {"a: &x 1\n", "f.yaml:1: anchors"},
        {"a: !!int 1\n", "f.yaml:1: anchors (&name) and tags"},
        {"\na: *x\n", "f.yaml:2: aliases"},
        {"? [a]\n: 1\n", "f.yaml:1: a key must be a plain word"},
        {"a: 1\n---\nb: 2\n", "f.yaml:3: a second document begins"},
        {"a: \"\\0\"\n", "f.yaml:1: a value holds a zero byte"},
        {"a: {b: {c: {d: {e: {f: {g: {h: {i: {j: {k: {l: {m: {n: {o: {p: {q: 1}}}}}}}}}}}}}}}}\n",
         "f.yaml:1: nested deeper"},
        {"a: \xff\n", "f.yaml: byte 3"},
        {"\ta: 1\n", "f.yaml:1: "},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct arena *a = arena_create(1024);
        struct yaml *y;
        struct errbuf e;
        assert_int_equal(parse(cases[i][0], a, &y, &e), ERR_CONFIG);
        if (strncmp(e.text, cases[i][1], strlen(cases[i][1])) != 0)
            fail_msg("%s: %s", cases[i][0], e.text);
        arena_destroy(a);
    }
}

/* ---- interpolation ---- */

static const char *const variables[] = {"NAME", "value", "EMPTY", "", "HOME", "mine", NULL};

static void expect_text(const struct interpolate *in, const char *text, const char *expected)
{
    struct buf b;
    struct errbuf e;
    buf_init(&b, 0);
    if (interpolate(in, text, &b, &e) != ERR_OK)
        fail_msg("%s: %s", text, e.text);
    assert_string_equal(buf_cstr(&b), expected);
    buf_free(&b);
}

static void expect_fault(const struct interpolate *in, const char *text, const char *part)
{
    struct buf b;
    struct errbuf e;
    buf_init(&b, 0);
    assert_int_equal(interpolate(in, text, &b, &e), ERR_CONFIG);
    if (!strstr(e.text, part))
        fail_msg("%s: %s lacks %s", text, e.text, part);
    buf_free(&b);
}

static void test_interpolate(void **state)
{
    (void)state;
    static const char *const keep[] = {"topic", NULL};
    struct interpolate in = {.variables = variables, .keep = keep};
    assert_int_equal(setenv("FLIGHTDECK_TEST_NAME", "from env", 1), 0);
    expect_text(&in, "plain $5 {x}", "plain $5 {x}");
    expect_text(&in, "a ${NAME}-${EMPTY}b", "a value-b");
    expect_text(&in, "${FLIGHTDECK_TEST_NAME}", "from env");
    expect_text(&in, "${HOME}", "mine"); /* variables go before the environment */
    expect_text(&in, "${env:FLIGHTDECK_TEST_NAME}", "from env");
    expect_text(&in, "$${NAME} ${topic}", "${NAME} ${topic}");
    expect_fault(&in, "${NOT_THERE_1}", "${NOT_THERE_1} is not defined");
    expect_fault(&in, "${env:NAME}", "${NAME} is not defined");
    expect_fault(&in, "${vault:x}", "only ${NAME}");
    expect_fault(&in, "${NAME", "without }");
    expect_fault(&in, "${}", "needs a name");
    in.keep = NULL;
    expect_fault(&in, "${topic}", "not defined");
}

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void test_interpolate_files(void **state)
{
    (void)state;
    char dir[] = "/tmp/flightdeck-test-XXXXXX", path[64], text[128];
    assert_non_null(mkdtemp(dir));
    struct interpolate in = {.directory = dir};
    (void)snprintf(path, sizeof path, "%s/secret", dir);
    write_file(path, "geheim\n");
    expect_text(&in, "x${file:secret}y", "xgeheimy");
    (void)snprintf(text, sizeof text, "${file:%s}", path);
    expect_text(&in, text, "geheim");
    expect_fault(&in, "${file:missing}", "cannot read");
    (void)snprintf(path, sizeof path, "%s/props", dir);
    write_file(path, "# comment\nuserx=no\nuser = me \r\npassword: a=b:c\n");
    expect_text(&in, "${file:props:password}", "a=b:c");
    expect_text(&in, "${file:props:user}", "me ");
    expect_fault(&in, "${file:props:nothing}", "has no line for `nothing`");
    assert_int_equal(unlink(path), 0);
    (void)snprintf(path, sizeof path, "%s/secret", dir);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(dir), 0);
}

/* ---- patterns ---- */

static void test_pattern_match(void **state)
{
    (void)state;
    static const struct {
        const char *list;
        const char *name;
        bool match;
    } cases[] = {
        {"public\\.flights", "public.flights", true},
        {"public\\.flights", "public.flights2", false}, /* the whole name */
        {"public\\.flights", "xpublic.flights", false},
        {"public\\.flights", "publicxflights", false},
        {"public.flights", "publicxflights", true},
        {"PUBLIC\\.Flights", "public.flights", true},
        {" public\\.a , public\\.b ", "public.b", true},
        {"a|b", "b", true},
        {"a|b", "ab", false},
        {"o\\..*", "o.types", true},
        {"t\\d+", "t123", true},
        {"t\\d+", "tx", false},
        {"\\w+\\.[\\w-]+", "a_1.b-c", true},
        {"[^.]+\\.x", "a.x", true},
        {"[^.]+\\.x", "a.b.x", false},
        {"[\\d.]+", "1.2", true},
        {"[]a]+", "]a", true},
        {"[\\^]", "^", true},
        {"[\\^-]+", "-^", true},
        {"[a\\-z]+", "b", false},
        {"[a\\-z]+", "-", true},
        {"(?:a|b)c", "bc", true},
        {"(?<name>a)b", "ab", true},
        {"(?i)ABC", "abc", true},
        {"a{2,3}", "aaa", false}, /* the comma parts two expressions, as in Java's splitter */
        {"a{2}", "aa", true},
        {"a{2\\,3}", "aaa", true},
        {".*?x", "aax", true},
        {"\\Qa.b\\E.*", "a.bc", true},
        {"\\Qa.b\\E.*", "axbc", false},
        {"\\x41\\u0042", "ab", true},
        {"\\u0436", "\xd0\xb6", true},
        {"\\S+", "ab", true},
        {"\\S+", "a b", false},
        {"a\\$b", "a$b", true},
        {"", "x", false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct pattern_list *l;
        struct errbuf e;
        int flags = PATTERN_LIST | PATTERN_IGNORE_CASE;
        if (pattern_list_create(cases[i].list, flags, &l, &e) != ERR_OK) {
            assert_string_equal(cases[i].list, "a{2,3}");
            continue;
        }
        if (pattern_list_match(l, cases[i].name) != cases[i].match)
            fail_msg("%s on %s", cases[i].list, cases[i].name);
        pattern_list_destroy(l);
    }
}

static void test_pattern_case(void **state)
{
    (void)state;
    struct pattern_list *l;
    struct errbuf e;
    assert_int_equal(pattern_list_create("Ab,c", 0, &l, &e), ERR_OK);
    assert_true(pattern_list_match(l, "Ab,c")); /* no list: the comma is a comma */
    assert_false(pattern_list_match(l, "ab,c"));
    pattern_list_destroy(l);
    assert_int_equal(pattern_list_create(" , ,", PATTERN_LIST, &l, &e), ERR_OK);
    assert_null(l);
    assert_false(pattern_list_match(NULL, "a"));
}

static void test_pattern_refused(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"(?!x).*", "look-ahead"},
        {"(?=x)", "(?..)"},
        {"a++", "possessive"},
        {"(a)\\1", "\\1"},
        {"\\bx", "\\b"},
        {"\\p{L}", "\\p"},
        {"[a-z&&[b]]", "sets inside"},
        {"[[:alpha:]]", "sets inside"},
        {"[a", "without ]"},
        {"(a", "`(a`"},
        {"a\\", "at its end"},
        {"a{x}", "needs numbers"},
        {"[!-\\]]", "range"},
        {"\\xZZ", "hexadecimal"},
        {"\\u0000", "no such"},
        {"[\\D]", "escape inside"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct pattern_list *l;
        struct errbuf e;
        assert_int_equal(pattern_list_create(cases[i][0], PATTERN_LIST, &l, &e), ERR_CONFIG);
        if (!strstr(e.text, cases[i][1]) || !strstr(e.text, "regular expression `"))
            fail_msg("%s: %s", cases[i][0], e.text);
        assert_null(l);
    }
}

/* ---- faults ---- */

static void test_faults(void **state)
{
    (void)state;
    struct faults f;
    struct errbuf e;
    faults_init(&f);
    assert_int_equal(faults_check(&f, &e), ERR_OK);
    faults_add(&f, "a.yaml", 3, "one %d", 1);
    faults_add(&f, NULL, 0, "two");
    faults_add(&f, "a.yaml", 0, "three");
    assert_int_equal(faults_check(&f, &e), ERR_CONFIG);
    assert_string_equal(e.text, "a.yaml:3: one 1\ntwo\na.yaml: three");
    for (int i = 0; i < 50; i++)
        faults_add(&f, "a.yaml", i, "a fault with enough words to fill the room of an errbuf, %d",
                   i);
    assert_int_equal(f.n, FAULTS_MAX);
    assert_int_equal(f.total, 53);
    assert_int_equal(faults_check(&f, &e), ERR_CONFIG);
    assert_non_null(strstr(e.text, ".. and 33 more"));
    assert_true(strlen(e.text) < ERRBUF_TEXT_MAX);
    faults_free(&f);
    assert_int_equal(f.total, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nearest),         cmocka_unit_test(test_secret_mask),
        cmocka_unit_test(test_secret_name),     cmocka_unit_test(test_yaml_tree),
        cmocka_unit_test(test_yaml_many_items), cmocka_unit_test(test_yaml_faults),
        cmocka_unit_test(test_interpolate),     cmocka_unit_test(test_interpolate_files),
        cmocka_unit_test(test_pattern_match),   cmocka_unit_test(test_pattern_case),
        cmocka_unit_test(test_pattern_refused), cmocka_unit_test(test_faults),
    };
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
