/* The parser of COPY's text rows, LSN texts, and what the session layer says about connection
 * strings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend/postgres/copy_text.h"
#include "backend/postgres/replication.h"
#include "backend/postgres/source.h"

enum { CELLS = 4 };

static bool parse(const char *line, struct cell *cells, int n, char **copy)
{
    size_t len = strlen(line);
    *copy = malloc(len ? len : 1);
    assert_non_null(*copy);
    memcpy(*copy, line, len);
    return copy_text_row(*copy, len, cells, n);
}

static void test_rows(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        int n;
        const char *want[CELLS]; /* NULL: CELL_NULL */
    } cases[] = {
        {"a\tbc\td\n", 3, {"a", "bc", "d"}},
        {"\n", 1, {""}},
        {"\t\t\n", 3, {"", "", ""}},
        {"\\N\tx\t\\N\n", 3, {NULL, "x", NULL}},
        {"\\\\N\t\\\\\n", 2, {"\\N", "\\"}},
        {"a\\tb\\nc\\rd\\be\\ff\\vg\tplain\n", 2, {"a\tb\nc\rd\be\ff\vg", "plain"}},
        {"\\x\tN\n", 2, {"x", "N"}},
        {"Имя\t漢字\n", 2, {"Имя", "漢字"}},
        {"\\\\x0aff\n", 1, {"\\x0aff"}},
        {"\n", 0, {NULL}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cell cells[CELLS];
        char *copy;
        assert_true(parse(cases[i].line, cells, cases[i].n, &copy));
        for (int k = 0; k < cases[i].n; k++) {
            if (!cases[i].want[k]) {
                assert_int_equal(cells[k].kind, CELL_NULL);
                continue;
            }
            assert_int_equal(cells[k].kind, CELL_TEXT);
            assert_int_equal(cells[k].len, strlen(cases[i].want[k]));
            assert_memory_equal(cells[k].p, cases[i].want[k], cells[k].len);
        }
        free(copy);
    }
}

static void test_broken_rows(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        int n;
    } cases[] = {{"", 1},    {"a", 1},     {"a\tb\n", 1},   {"a\tb\n", 3},
                 {"a\n", 0}, {"a\\\n", 1}, {"a\\\tb\n", 2}, {"\t\n", 1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cell cells[CELLS];
        char *copy;
        assert_false(parse(cases[i].line, cells, cases[i].n, &copy));
        free(copy);
    }
}

static void test_lsn(void **state)
{
    (void)state;
    uint64_t lsn;
    char text[LSN_TEXT_MAX];
    assert_true(lsn_parse("16/B374D848", &lsn));
    assert_int_equal(lsn, 0x16B374D848);
    assert_string_equal(lsn_format(lsn, text), "16/B374D848");
    assert_true(lsn_parse("ffffffff/FFFFFFFF", &lsn));
    assert_true(lsn == UINT64_MAX);
    assert_string_equal(lsn_format(lsn, text), "FFFFFFFF/FFFFFFFF");
    assert_true(lsn_parse("0/0", &lsn));
    assert_int_equal(lsn, 0);
    static const char *const bad[] = {"",     "/",           "1/",  "/1",   "1",    "1/2 ",
                                      "1/2/", "123456789/0", "g/0", "-1/0", "0/0x1"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(lsn_parse(bad[i], &lsn));
}

/* Whatever is wrong with a connection string, the password in it is not told. */
static void test_password_is_not_told(void **state)
{
    (void)state;
    static const struct {
        const char *conninfo;
        enum err code;
    } cases[] = {
        {"password=geheim42 x", ERR_CONFIG},
        {"host=a password='geheim42", ERR_CONFIG},
        {"geheim42=1", ERR_CONFIG},
        {"postgresql://u:geheim42@[::1/db", ERR_CONFIG},
        {"postgresql://u:geheim42@h:1/db?geheim42=1", ERR_CONFIG},
        {"host=/nonexistent/geheim42 password=geheim42 dbname=d user=u", ERR_CONNECT},
        {"host=127.0.0.1,127.0.0.1 port=1,1 password=geheim42 dbname=d", ERR_CONNECT},
        {"host=127.0.0.1 port=1 password=geheim42 dbname=d user=u", ERR_CONNECT},
        {"host=127.0.0.1 port=geheim42 password=geheim42 dbname=d user=u", ERR_CONNECT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct source *s;
        struct replication *r;
        struct errbuf e;
        assert_int_equal(source_open(cases[i].conninfo, &s, &e), cases[i].code);
        assert_null(s);
        assert_null(strstr(e.text, "geheim42"));
        assert_true(strlen(e.text) > 20);
        assert_int_equal(replication_open(cases[i].conninfo, &r, &e), cases[i].code);
        assert_null(r);
        assert_null(strstr(e.text, "geheim42"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_broken_rows),
        cmocka_unit_test(test_lsn),
        cmocka_unit_test(test_password_is_not_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
