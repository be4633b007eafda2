/* Where statements end, and what is a variable. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "console/sql_block.h"
#include "console/sql_lexer.h"

/* The statements with "¦" between, fed in one piece and line by line. */
static const char *split(const char *sql, bool by_line)
{
    static struct buf out;
    struct sql_splitter s;
    buf_clear(&out);
    sql_splitter_init(&s);
    while (*sql) {
        size_t n = by_line ? strcspn(sql, "\n") : strlen(sql);
        n += sql[n] == '\n';
        sql_splitter_add(&s, sql, n);
        sql += n;
        while (sql_splitter_next(&s, !*sql, &out))
            buf_lit(&out, "¦");
    }
    sql_splitter_free(&s);
    return buf_cstr(&out);
}

static void test_statements(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"", ""},
        {";;\n;", ""},
        {"select 1", "select 1¦"},
        {" select 1 ; select 2;\n\n", "select 1¦select 2¦"},
        {"select ';', 'it''s;' ; x", "select ';', 'it''s;'¦x¦"},
        {"select '\\'; x", "select '\\'¦x¦"},
        {"select E'\\';' ; x", "select E'\\';'¦x¦"},
        {"select nameE'\\'; x", "select nameE'\\'¦x¦"},
        {"select \"a;\"\"b;\" ; x", "select \"a;\"\"b;\"¦x¦"},
        {"select $$a;b$$; x", "select $$a;b$$¦x¦"},
        {"do $tag$ begin; $$;\n $tag$; x", "do $tag$ begin; $$;\n $tag$¦x¦"},
        {"select a$1;b$2; x", "select a$1¦b$2¦x¦"},
        {"select $1; x", "select $1¦x¦"},
        {"select 1 -- no; end\n + 1; x", "select 1 -- no; end\n + 1¦x¦"},
        {"select 1 /* a; /* b; */ c; */ + 1; x", "select 1 /* a; /* b; */ c; */ + 1¦x¦"},
        {"-- only a comment;\n", ""},
        {"/* only; */", ""},
        {"-- first\nselect 1;", "-- first\nselect 1¦"},
        {"create rule r as on insert to t do (delete from a; delete from b); x",
         "create rule r as on insert to t do (delete from a; delete from b)¦x¦"},
        {"create or replace function f() returns int begin atomic select case when 1>2 then 1 end;"
         " select 2; end; x",
         "create or replace function f() returns int begin atomic select case when 1>2 then 1 end;"
         " select 2; end¦x¦"},
        {"begin; select 1; end; x", "begin¦select 1¦end¦x¦"},
        {"create table begin_end (id int); x", "create table begin_end (id int)¦x¦"},
        {"select 'open; x", "select 'open; x¦"},
        {"select 1);select 2", "select 1)¦select 2¦"},
        {"select 'жук;', $ж$ ; $ж$; x", "select 'жук;', $ж$ ; $ж$¦x¦"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_string_equal(split(cases[i].in, false), cases[i].out);
        assert_string_equal(split(cases[i].in, true), cases[i].out);
    }
}

static void test_lines_and_prompts(void **state)
{
    (void)state;
    struct sql_splitter s;
    struct buf out;
    buf_init(&out, 0);
    sql_splitter_init(&s);
    assert_int_equal(sql_splitter_prompt(&s), '=');
    assert_false(sql_splitter_open(&s));
    sql_splitter_add(&s, "select 1;\n\n-- two\nselect\n", 25);
    assert_true(sql_splitter_next(&s, false, &out));
    assert_int_equal(s.first_line, 1);
    assert_false(sql_splitter_next(&s, false, &out));
    assert_true(sql_splitter_open(&s));
    assert_int_equal(sql_splitter_prompt(&s), '-');
    sql_splitter_add(&s, "('", 2);
    assert_false(sql_splitter_next(&s, false, &out));
    assert_int_equal(sql_splitter_prompt(&s), '\'');
    sql_splitter_add(&s, "'", 1);
    assert_false(sql_splitter_next(&s, false, &out));
    assert_int_equal(sql_splitter_prompt(&s), '(');
    sql_splitter_add(&s, ");\n  x;", 7);
    buf_clear(&out);
    assert_true(sql_splitter_next(&s, false, &out));
    assert_int_equal(s.first_line, 3); /* the comment is part of it */
    assert_true(sql_splitter_next(&s, false, &out));
    assert_int_equal(s.first_line, 6);
    sql_splitter_add(&s, "/* a", 4);
    assert_false(sql_splitter_next(&s, false, &out));
    assert_int_equal(sql_splitter_prompt(&s), '*');
    sql_splitter_reset(&s);
    assert_int_equal(sql_splitter_prompt(&s), '=');
    sql_splitter_free(&s);
    buf_free(&out);
}

static const char *find(void *arg, const char *name)
{
    (void)arg;
    return !strcmp(name, "v") ? "it's \"5\"" : !strcmp(name, "n") ? "42" : NULL;
}

static void test_variables(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"select :n + :n", "select 42 + 42"},
        {"select :'v', :\"v\"", "select 'it''s \"5\"', \"it's \"\"5\"\"\""},
        {"select a::n, :none, 'x:n', \":n\", $$:n$$ -- :n",
         "select a::n, :none, 'x:n', \":n\", $$:n$$ -- :n"},
        {"select a[1:n]", "select a[142]"},
        {":", ":"},
        {":'v", ":'v"},
    };
    struct buf out;
    buf_init(&out, 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        buf_clear(&out);
        sql_substitute(cases[i].in, strlen(cases[i].in), find, NULL, &out);
        assert_string_equal(buf_cstr(&out), cases[i].out);
    }
    buf_free(&out);
}

static void test_first_words(void **state)
{
    (void)state;
    char word[8];
    assert_string_equal(sql_word("  -- x\n /* y */ (select 1)", word, sizeof word), " 1)");
    assert_string_equal(word, "SELECT");
    (void)sql_word("'text'", word, sizeof word);
    assert_string_equal(word, "");
    (void)sql_word("", word, sizeof word);
    assert_string_equal(word, "");
    (void)sql_word("extraordinarily", word, sizeof word);
    assert_string_equal(word, "EXTRAOR");
}

static void test_blocks(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        enum sql_block_step step;
        bool chain;
    } cases[] = {
        {"select 'commit'", SQL_BLOCK_STAYS, false},
        {"/* a */ begin read only", SQL_BLOCK_BEGINS, false},
        {"start transaction", SQL_BLOCK_BEGINS, false},
        {"commit", SQL_BLOCK_COMMITS, false},
        {"end work", SQL_BLOCK_COMMITS, false},
        {"commit and chain", SQL_BLOCK_COMMITS, true},
        {"commit /* and no */ work and -- no\n chain", SQL_BLOCK_COMMITS, true},
        {"end transaction and no chain", SQL_BLOCK_COMMITS, false},
        {"commit prepared 'x'", SQL_BLOCK_STAYS, false},
        {"rollback prepared 'x'", SQL_BLOCK_STAYS, false},
        {"rollback", SQL_BLOCK_ROLLS_BACK, false},
        {"abort and chain", SQL_BLOCK_ROLLS_BACK, true},
        {"rollback to a", SQL_BLOCK_GOES_BACK, false},
        {"rollback to savepoint chain", SQL_BLOCK_GOES_BACK, false},
        {"rollback transaction to a", SQL_BLOCK_GOES_BACK, false},
        {"ROLLBACK WORK TO a", SQL_BLOCK_GOES_BACK, false},
        {"savepoint a", SQL_BLOCK_STAYS, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bool chain = !cases[i].chain;
        if (sql_block_step(cases[i].sql, &chain) != cases[i].step || chain != cases[i].chain)
            fail_msg("%s", cases[i].sql);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statements), cmocka_unit_test(test_lines_and_prompts),
        cmocka_unit_test(test_variables),  cmocka_unit_test(test_first_words),
        cmocka_unit_test(test_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
