/* What of a person's SQL goes into the audit record, and in which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "console/sql_note.h"

struct step {
    const char *sql;
    enum err rc;
    int64_t rows;
    bool open;        /* behind it */
    const char *want; /* NULL: nothing is noted */
};

static void check(const struct step *steps, size_t n)
{
    struct sql_note note;
    struct buf out;
    buf_init(&out, 0);
    sql_note_init(&note, "", false);
    for (size_t i = 0; i < n; i++) {
        const struct step *s = &steps[i];
        buf_clear(&out);
        bool noted = sql_note_words(&note, s->sql, s->rc, s->rows, s->open, &out);
        if (noted != (s->want != NULL) || (noted && strcmp(buf_cstr(&out), s->want) != 0))
            fail_msg("%s: \"%s\", not \"%s\"", s->sql, noted ? buf_cstr(&out) : "-",
                     s->want ? s->want : "-");
    }
    buf_free(&out);
}

static void test_statements(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {"SELECT 1", ERR_OK, 1, false, NULL},
        {"delete from t", ERR_OK, 3, false, "delete from t: 3 rows"},
        {"DELETE FROM t", ERR_SQL, -1, false, NULL}, /* it failed: nothing is changed */
        {"DELETE FROM t", ERR_CONNECT, -1, false,
         "DELETE FROM t: the connection was lost, it may be done"},
        {"-- why\n INSERT INTO t\n\t VALUES (1)", ERR_OK, 1, false,
         "INSERT INTO t VALUES (1): 1 row"},
        {"WITH x AS (DELETE FROM t RETURNING i) SELECT * FROM x", ERR_OK, 2, false,
         "WITH x AS (DELETE FROM t RETURNING i) SELECT * FROM x: 2 rows"},
        {"CREATE TABLE t (i int)", ERR_OK, 0, false, "CREATE TABLE t (i int)"},
        {"SET search_path = x", ERR_OK, -1, false, NULL},
        {"ALTER USER ann PASSWORD 'geheim'", ERR_OK, -1, false,
         "ALTER: it names a secret, its text is not kept"},
        {"COMMIT", ERR_OK, -1, false, NULL},
    };
    check(steps, sizeof steps / sizeof steps[0]);
}

static void test_transactions(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {"BEGIN", ERR_OK, -1, true, NULL},
        {"UPDATE t SET i = 1", ERR_OK, 7, true,
         "UPDATE t SET i = 1: 7 rows (its transaction is open)"},
        {"SAVEPOINT s", ERR_OK, -1, true, NULL},
        {"ROLLBACK TO s", ERR_OK, -1, true,
         "ROLLBACK TO s: what it had changed since then is undone"},
        {"END", ERR_OK, -1, false, "COMMIT"},
        {"BEGIN", ERR_OK, -1, true, NULL},
        {"SELECT 1", ERR_OK, 1, true, NULL},
        {"COMMIT", ERR_OK, -1, false, NULL}, /* it has changed nothing */
        {"BEGIN", ERR_OK, -1, true, NULL},
        {"DROP TABLE t", ERR_OK, -1, true, "DROP TABLE t (its transaction is open)"},
        {"SELECT 1/0", ERR_SQL, -1, true, NULL},
        {"COMMIT", ERR_OK, -1, false, "ROLLBACK: what it had changed is undone"},
        {"BEGIN", ERR_OK, -1, true, NULL},
        {"DROP TABLE t", ERR_OK, -1, true, "DROP TABLE t (its transaction is open)"},
        {"COMMIT", ERR_CONNECT, -1, true, "COMMIT: the connection was lost, it may be done"},
        {"ROLLBACK", ERR_OK, -1, false, NULL},
        {"BEGIN", ERR_OK, -1, true, NULL},
        {"DROP TABLE t", ERR_OK, -1, true, "DROP TABLE t (its transaction is open)"},
        {"SELECT 1", ERR_CONNECT, -1, true,
         "the connection was lost: what its transaction had changed is undone"},
        {"BEGIN", ERR_OK, -1, true, NULL}, /* of another connection */
        {"COMMIT", ERR_OK, -1, false, NULL},
    };
    check(steps, sizeof steps / sizeof steps[0]);
}

/* A savepoint saves a transaction that had failed. */
static void test_savepoints(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {"BEGIN", ERR_OK, -1, true, NULL},
        {"INSERT INTO t VALUES (1)", ERR_OK, 1, true,
         "INSERT INTO t VALUES (1): 1 row (its transaction is open)"},
        {"SAVEPOINT a", ERR_OK, -1, true, NULL},
        {"SELECT 1/0", ERR_SQL, -1, true, NULL},
        {"rollback work to savepoint a", ERR_OK, -1, true,
         "rollback work to savepoint a: what it had changed since then is undone"},
        {"COMMIT", ERR_OK, -1, false, "COMMIT"},
        {"BEGIN", ERR_OK, -1, true, NULL},
        {"DROP TABLE t", ERR_OK, -1, true, "DROP TABLE t (its transaction is open)"},
        {"ROLLBACK TRANSACTION TO nowhere", ERR_SQL, -1, true, NULL},
        {"COMMIT", ERR_OK, -1, false, "ROLLBACK: what it had changed is undone"},
        {"BEGIN", ERR_OK, -1, true, NULL},
        {"SAVEPOINT a", ERR_OK, -1, true, NULL},
        {"ROLLBACK TO a", ERR_OK, -1, true, NULL}, /* nothing was changed */
        {"COMMIT", ERR_OK, -1, false, NULL},
    };
    check(steps, sizeof steps / sizeof steps[0]);
}

/* What AND CHAIN ends is told, and what it begins has changed nothing yet. */
static void test_chains(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {"BEGIN", ERR_OK, -1, true, NULL},
        {"DELETE FROM t", ERR_OK, 1, true, "DELETE FROM t: 1 row (its transaction is open)"},
        {"commit and chain", ERR_OK, -1, true, "COMMIT"},
        {"ROLLBACK", ERR_OK, -1, false, NULL},
        {"BEGIN", ERR_OK, -1, true, NULL},
        {"DELETE FROM t", ERR_OK, 1, true, "DELETE FROM t: 1 row (its transaction is open)"},
        {"ABORT TRANSACTION AND CHAIN", ERR_OK, -1, true,
         "ROLLBACK: what it had changed is undone"},
        {"DELETE FROM t", ERR_OK, 2, true, "DELETE FROM t: 2 rows (its transaction is open)"},
        {"SELECT 1/0", ERR_SQL, -1, true, NULL},
        {"END WORK AND CHAIN", ERR_OK, -1, true, "ROLLBACK: what it had changed is undone"},
        {"DELETE FROM t", ERR_OK, 3, true, "DELETE FROM t: 3 rows (its transaction is open)"},
        {"COMMIT AND NO CHAIN", ERR_OK, -1, false, "COMMIT"},
        {"COMMIT PREPARED 'x'", ERR_OK, -1, false, "COMMIT PREPARED 'x'"},
    };
    check(steps, sizeof steps / sizeof steps[0]);
}

/* A long one is cut between characters, and says so. */
static void test_long_statement(void **state)
{
    (void)state;
    struct sql_note note;
    struct buf sql, out;
    buf_init(&sql, 0);
    buf_init(&out, 0);
    buf_lit(&sql, "INSERT INTO t VALUES ('");
    for (int i = 0; i < 2000; i++)
        buf_lit(&sql, "щ");
    buf_lit(&sql, "')");
    sql_note_init(&note, "", false);
    assert_true(sql_note_words(&note, buf_cstr(&sql), ERR_OK, 1, false, &out));
    assert_true(out.len < 420);
    assert_non_null(strstr(buf_cstr(&out), "щщ ..: 1 row"));
    buf_free(&sql);
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statements),     cmocka_unit_test(test_transactions),
        cmocka_unit_test(test_savepoints),     cmocka_unit_test(test_chains),
        cmocka_unit_test(test_long_statement),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
