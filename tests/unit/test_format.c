/* How results are printed: literal goldens. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "console/format.h"

static const struct format_column columns[] = {
    {"id", FORMAT_NUMBER},
    {"имя", FORMAT_TEXT},
    {"ok", FORMAT_BOOL},
    {"j", FORMAT_JSON_VALUE},
};
enum { N = sizeof columns / sizeof columns[0] };

static struct cell text(const char *s)
{
    return s ? (struct cell){.p = s, .len = (uint32_t)strlen(s), .kind = CELL_TEXT}
             : (struct cell){.kind = CELL_NULL};
}

/* malloc'ed */
static char *print(struct format_options o, int rows, const char *const *values)
{
    char *out = NULL;
    size_t n = 0;
    struct errbuf e;
    FILE *f = open_memstream(&out, &n);
    struct formatter *to = format_create(&o, f);
    err_clear(&e);
    assert_non_null(to);
    assert_int_equal(format_begin(to, columns, N, &e), ERR_OK);
    for (int i = 0; i < rows; i++) {
        struct cell cells[N];
        for (int c = 0; c < N; c++)
            cells[c] = text(values[i * N + c]);
        assert_int_equal(format_row(to, cells, &e), ERR_OK);
    }
    assert_int_equal(format_end(to, &e), ERR_OK);
    format_destroy(to);
    (void)fclose(f);
    return out;
}

static const char *const two[] = {
    "1",   "plain",        "t",  "{\"a\": [1]}", /* */
    "-22", "東京 e\u0301", NULL, NULL,
};
static const char *const awkward[] = {
    "7",
    "a,\"b\"|\tc\n\\d\x1b[31m\x7f\xff",
    "f",
    "",
};

static void golden(struct format_options o, int rows, const char *const *values, const char *want)
{
    char *got = print(o, rows, values);
    assert_string_equal(got, want);
    free(got);
}

static void test_table(void **state)
{
    (void)state;
    golden((struct format_options){.format = FORMAT_TABLE}, 2, two,
           " id  |  имя   | ok |     j\n"
           "-----+--------+----+------------\n"
           "   1 | plain  | t  | {\"a\": [1]}\n"
           " -22 | 東京 e\u0301 |    |\n"
           "(2 rows)\n");
    golden((struct format_options){.format = FORMAT_TABLE, .rows_only = true, .null = "<null>"}, 2,
           two,
           "   1 | plain  | t      | {\"a\": [1]}\n"
           " -22 | 東京 e\u0301 | <null> | <null>\n");
    golden((struct format_options){.format = FORMAT_TABLE}, 0, NULL,
           " id | имя | ok | j\n"
           "----+-----+----+---\n"
           "(0 rows)\n");
}

static void test_box(void **state)
{
    (void)state;
    golden((struct format_options){.format = FORMAT_BOX, .unicode = true}, 2, two,
           "┌─────┬────────┬────┬────────────┐\n"
           "│ id  │  имя   │ ok │     j      │\n"
           "├─────┼────────┼────┼────────────┤\n"
           "│   1 │ plain  │ t  │ {\"a\": [1]} │\n"
           "│ -22 │ 東京 e\u0301 │    │            │\n"
           "└─────┴────────┴────┴────────────┘\n"
           "(2 rows)\n");
    golden((struct format_options){.format = FORMAT_BOX}, 1, two,
           "+----+-------+----+------------+\n"
           "| id |  имя  | ok |     j      |\n"
           "+----+-------+----+------------+\n"
           "|  1 | plain | t  | {\"a\": [1]} |\n"
           "+----+-------+----+------------+\n"
           "(1 row)\n");
}

static void test_markdown(void **state)
{
    (void)state;
    golden((struct format_options){.format = FORMAT_MARKDOWN}, 1, awkward,
           "| id  | имя                            | ok  | j   |\n"
           "|----:|--------------------------------|-----|-----|\n"
           "|   7 | a,\"b\"\\|\\tc\\n\\d\\x1B[31m\\x7F\\xFF | f   |     |\n");
}

static void test_csv(void **state)
{
    (void)state;
    golden((struct format_options){.format = FORMAT_CSV}, 2, two,
           "id,имя,ok,j\n"
           "1,plain,t,\"{\"\"a\"\": [1]}\"\n"
           "-22,東京 e\u0301,,\n");
    golden((struct format_options){.format = FORMAT_CSV, .rows_only = true}, 1, awkward,
           "7,\"a,\"\"b\"\"|\tc\n\\d\x1b[31m\x7f\xff\",f,\"\"\n");
    golden((struct format_options){.format = FORMAT_CSV, .rows_only = true, .terminal = true}, 1,
           awkward, "7,\"a,\"\"b\"\"|\tc\n\\d?[31m?\xff\",f,\"\"\n");
    const char *const ends[] = {"1", "\\.", "N", "x\r"};
    golden((struct format_options){.format = FORMAT_CSV, .rows_only = true, .null = "N"}, 1, ends,
           "1,\"\\.\",\"N\",\"x\r\"\n");
}

static void test_tsv(void **state)
{
    (void)state;
    golden((struct format_options){.format = FORMAT_TSV}, 1, &two[N],
           "id\tимя\tok\tj\n"
           "-22\t東京 e\u0301\t\\N\t\\N\n");
    golden((struct format_options){.format = FORMAT_TSV, .rows_only = true}, 1, awkward,
           "7\ta,\"b\"|\\tc\\n\\\\d\x1b[31m\x7f\xff\tf\t\n");
}

static void test_json(void **state)
{
    (void)state;
    golden((struct format_options){.format = FORMAT_JSON}, 2, two,
           "[{\"id\":1,\"имя\":\"plain\",\"ok\":true,\"j\":{\"a\": [1]}},\n"
           " {\"id\":-22,\"имя\":\"東京 e\u0301\",\"ok\":null,\"j\":null}]\n");
    golden((struct format_options){.format = FORMAT_JSON}, 0, NULL, "[]\n");
    golden((struct format_options){.format = FORMAT_JSONL}, 1, awkward,
           "{\"id\":7,\"имя\":\"a,\\\"b\\\"|\\tc\\n\\\\d\\u001b[31m\x7f\uFFFD\",\"ok\":false,"
           "\"j\":\"\"}\n");
    const char *const odd[] = {"NaN", "x", "maybe", "1"};
    golden((struct format_options){.format = FORMAT_JSONL}, 1, odd,
           "{\"id\":\"NaN\",\"имя\":\"x\",\"ok\":\"maybe\",\"j\":1}\n");
}

static void test_list(void **state)
{
    (void)state;
    golden((struct format_options){.format = FORMAT_LIST}, 1, two,
           "id|имя|ok|j\n1|plain|t|{\"a\": [1]}\n(1 row)\n");
    golden((struct format_options){.format = FORMAT_LIST, .rows_only = true, .separator = "; "}, 1,
           awkward, "7; a,\"b\"|\tc\n\\d\x1b[31m\x7f\xff; f; \n");
    golden((struct format_options){.format = FORMAT_LIST, .rows_only = true, .terminal = true}, 1,
           awkward, "7|a,\"b\"|\\tc\\n\\d\\x1B[31m\\x7F\\xFF|f|\n");
}

static void test_expanded(void **state)
{
    (void)state;
    golden((struct format_options){.format = FORMAT_EXPANDED}, 2, two,
           "-[ RECORD 1 ]--\n"
           "id  | 1\n"
           "имя | plain\n"
           "ok  | t\n"
           "j   | {\"a\": [1]}\n"
           "-[ RECORD 2 ]--\n"
           "id  | -22\n"
           "имя | 東京 e\u0301\n"
           "ok  |\n"
           "j   |\n");
    golden((struct format_options){.format = FORMAT_EXPANDED}, 0, NULL, "(0 rows)\n");
}

static void test_html(void **state)
{
    (void)state;
    const char *const tags[] = {"1", "<b>&\"\n", "t", NULL};
    golden((struct format_options){.format = FORMAT_HTML, .null = "<n>"}, 1, tags,
           "<table>\n"
           "<tr><th>id</th><th>имя</th><th>ok</th><th>j</th></tr>\n"
           "<tr><td align=\"right\">1</td><td>&lt;b&gt;&amp;&quot;<br></td><td>t</td>"
           "<td>&lt;n&gt;</td></tr>\n"
           "</table>\n");
}

/* The widths come from the first rows; a wider one later goes over its column. */
static void test_later_rows_do_not_wait(void **state)
{
    (void)state;
    enum { ROWS = 1100 };
    char *out = NULL;
    size_t n = 0;
    struct errbuf e;
    const struct format_options o = {.format = FORMAT_TABLE};
    const struct format_column one[] = {{"v", FORMAT_TEXT}, {"w", FORMAT_TEXT}};
    FILE *f = open_memstream(&out, &n);
    struct formatter *to = format_create(&o, f);
    err_clear(&e);
    assert_int_equal(format_begin(to, one, 2, &e), ERR_OK);
    for (int i = 0; i < ROWS; i++) {
        const struct cell cells[] = {text(i < 1050 ? "ab" : "much wider"), text("x")};
        assert_int_equal(format_row(to, cells, &e), ERR_OK);
        (void)fflush(f);
        if (i == 998)
            assert_int_equal(n, 0);
        if (i == 1000)
            assert_true(n > 1000 * 6);
    }
    assert_int_equal(format_end(to, &e), ERR_OK);
    (void)fclose(f);
    assert_memory_equal(out, " v  | w\n----+---\n ab | x\n", 24);
    assert_non_null(strstr(out, "\n much wider | x\n"));
    assert_non_null(strstr(out, "(1100 rows)\n"));
    free(out);
    format_destroy(to);
}

static void test_widths(void **state)
{
    (void)state;
    assert_int_equal(format_width("", 0), 0);
    assert_int_equal(format_width("abc", 3), 3);
    assert_int_equal(format_width("жук", 6), 3);
    assert_int_equal(format_width("東京", 6), 4);
    assert_int_equal(format_width("e\u0301", 3), 1);
}

static void test_visible(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 0);
    format_visible(&b, "a\x01\u202E\xc2\x9b\xed\xa0\x80z", 11);
    assert_string_equal(buf_cstr(&b), "a\\x01\\u202E\\u009B\\xED\\xA0\\x80z");
    buf_free(&b);
}

static void test_numbers(void **state)
{
    (void)state;
    static const char *const yes[] = {"0", "-1", "10", "0.5", "1e5", "1.5E-10", "-0.0"};
    static const char *const no[] = {"",   "-",   "01",  "+1",    ".5",       "1.",
                                     "1e", "1e+", "NaN", "$1.50", "Infinity", "1 "};
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++)
        assert_true(format_is_number(yes[i], strlen(yes[i])));
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++)
        assert_false(format_is_number(no[i], strlen(no[i])));
}

static void test_words(void **state)
{
    (void)state;
    assert_int_equal(format_find("csv"), FORMAT_CSV);
    assert_int_equal(format_find("aligned"), FORMAT_TABLE);
    assert_int_equal(format_find("vertical"), FORMAT_EXPANDED);
    assert_int_equal(format_find("xml"), FORMAT_COUNT);
    assert_true(format_for_programs(FORMAT_JSONL));
    assert_false(format_for_programs(FORMAT_BOX));
}

static void test_a_full_disk_is_an_error(void **state)
{
    (void)state;
    struct errbuf e;
    const struct format_options o = {.format = FORMAT_CSV};
    FILE *f = fopen("/dev/full", "w");
    assert_non_null(f);
    (void)setvbuf(f, NULL, _IONBF, 0);
    struct formatter *to = format_create(&o, f);
    err_clear(&e);
    assert_int_equal(format_begin(to, columns, N, &e), ERR_IO);
    assert_non_null(strstr(e.text, "No space left"));
    format_destroy(to);
    (void)fclose(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_box),
        cmocka_unit_test(test_markdown),
        cmocka_unit_test(test_csv),
        cmocka_unit_test(test_tsv),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_expanded),
        cmocka_unit_test(test_html),
        cmocka_unit_test(test_later_rows_do_not_wait),
        cmocka_unit_test(test_widths),
        cmocka_unit_test(test_visible),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_a_full_disk_is_an_error),
    };
    (void)setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
