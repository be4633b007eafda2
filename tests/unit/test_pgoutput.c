/* The pgoutput decoder on bytes made here, field by field as the protocol's documentation has them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend/base/buf.h"
#include "backend/postgres/pgoutput.h"

static void put(struct buf *b, uint64_t v, int bytes)
{
    for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8)
        buf_ch(b, (char)(v >> shift));
}

static void put_string(struct buf *b, const char *s)
{
    buf_add(b, s, strlen(s) + 1);
}

struct col {
    const char *name;
    uint32_t type;
    bool key;
};

static void make_relation(struct buf *b, uint32_t oid, const char *name, char identity,
                          const struct col *cols, int n)
{
    buf_clear(b);
    buf_ch(b, 'R');
    put(b, oid, 4);
    put_string(b, "public");
    put_string(b, name);
    buf_ch(b, identity);
    put(b, (uint64_t)n, 2);
    for (int i = 0; i < n; i++) {
        buf_ch(b, cols[i].key ? 1 : 0);
        put_string(b, cols[i].name);
        put(b, cols[i].type, 4);
        put(b, UINT32_MAX, 4);
    }
}

/* "n" NULL, "u" unchanged, anything else is text after its first letter. */
static void put_tuple(struct buf *b, const char *const *values, int n)
{
    put(b, (uint64_t)n, 2);
    for (int i = 0; i < n; i++) {
        buf_ch(b, values[i][0]);
        if (values[i][0] == 't') {
            put(b, strlen(values[i] + 1), 4);
            buf_str(b, values[i] + 1);
        }
    }
}

/* A copy in memory of exactly its size, so that a sanitizer sees any read beyond it. */
static enum err decode(struct pgoutput *d, const struct buf *b, char **copy,
                       struct pgoutput_message *m, struct errbuf *e)
{
    free(*copy);
    *copy = malloc(b->len ? b->len : 1);
    assert_non_null(*copy);
    memcpy(*copy, b->p, b->len);
    return pgoutput_decode(d, *copy, b->len, m, e);
}

static const struct col two[] = {{"id", PG_INT8, true}, {"v", PG_TEXT, false}};

struct fixture {
    struct pgoutput *d;
    struct buf b;
    char *copy;
    struct pgoutput_message m;
    struct errbuf e;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->d = pgoutput_create(NULL, NULL);
    assert_non_null(f->d);
    buf_init(&f->b, 0);
    make_relation(&f->b, 5000, "t", 'd', two, 2);
    assert_int_equal(decode(f->d, &f->b, &f->copy, &f->m, &f->e), ERR_OK);
    assert_int_equal(f->m.kind, PGO_RELATION);
    buf_clear(&f->b);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    pgoutput_destroy(f->d);
    buf_free(&f->b);
    free(f->copy);
    free(f);
    return 0;
}

static void assert_cell(const struct cell *c, const char *want)
{
    if (!want) {
        assert_int_equal(c->kind, CELL_NULL);
        return;
    }
    assert_int_equal(c->kind, CELL_TEXT);
    assert_int_equal(c->len, strlen(want));
    assert_memory_equal(c->p, want, c->len);
}

static void test_begin_and_commit(void **state)
{
    struct fixture *f = *state;
    buf_ch(&f->b, 'B');
    put(&f->b, 0x16B374D848, 8);
    put(&f->b, 1000001, 8);
    put(&f->b, 77, 4);
    assert_int_equal(decode(f->d, &f->b, &f->copy, &f->m, &f->e), ERR_OK);
    assert_int_equal(f->m.kind, PGO_BEGIN);
    assert_int_equal(f->m.commit_lsn, 0x16B374D848);
    assert_int_equal(f->m.commit_time_us, 946684801000001);
    assert_int_equal(f->m.xid, 77);

    buf_clear(&f->b);
    buf_ch(&f->b, 'C');
    buf_ch(&f->b, 0);
    put(&f->b, 10, 8);
    put(&f->b, 20, 8);
    put(&f->b, (uint64_t)-946684800000000, 8);
    assert_int_equal(decode(f->d, &f->b, &f->copy, &f->m, &f->e), ERR_OK);
    assert_int_equal(f->m.kind, PGO_COMMIT);
    assert_int_equal(f->m.commit_lsn, 10);
    assert_int_equal(f->m.end_lsn, 20);
    assert_int_equal(f->m.commit_time_us, 0);
}

static void test_insert(void **state)
{
    struct fixture *f = *state;
    buf_ch(&f->b, 'I');
    put(&f->b, 5000, 4);
    buf_ch(&f->b, 'N');
    put_tuple(&f->b, (const char *[]){"t42", "tпривет"}, 2);
    assert_int_equal(decode(f->d, &f->b, &f->copy, &f->m, &f->e), ERR_OK);
    assert_int_equal(f->m.kind, PGO_INSERT);
    assert_null(f->m.before);
    assert_string_equal(f->m.relation->name, "t");
    assert_cell(&f->m.after[0], "42");
    assert_cell(&f->m.after[1], "привет");
}

static void test_update_forms(void **state)
{
    struct fixture *f = *state;
    buf_ch(&f->b, 'U'); /* key unchanged: no old row */
    put(&f->b, 5000, 4);
    buf_ch(&f->b, 'N');
    put_tuple(&f->b, (const char *[]){"t1", "u"}, 2);
    assert_int_equal(decode(f->d, &f->b, &f->copy, &f->m, &f->e), ERR_OK);
    assert_int_equal(f->m.kind, PGO_UPDATE);
    assert_null(f->m.before);
    assert_int_equal(f->m.after[1].kind, CELL_UNCHANGED);

    buf_clear(&f->b);
    buf_ch(&f->b, 'U'); /* key changed; an unchanged value that the old key does not have */
    put(&f->b, 5000, 4);
    buf_ch(&f->b, 'K');
    put_tuple(&f->b, (const char *[]){"t1", "n"}, 2);
    buf_ch(&f->b, 'N');
    put_tuple(&f->b, (const char *[]){"t2", "u"}, 2);
    assert_int_equal(decode(f->d, &f->b, &f->copy, &f->m, &f->e), ERR_OK);
    assert_true(f->m.before_is_key);
    assert_cell(&f->m.before[0], "1");
    assert_cell(&f->m.before[1], NULL);
    assert_cell(&f->m.after[0], "2");
    assert_int_equal(f->m.after[1].kind, CELL_UNCHANGED);

    buf_clear(&f->b);
    buf_ch(&f->b, 'U'); /* the whole old row: it has the unchanged value */
    put(&f->b, 5000, 4);
    buf_ch(&f->b, 'O');
    put_tuple(&f->b, (const char *[]){"t1", "tlong"}, 2);
    buf_ch(&f->b, 'N');
    put_tuple(&f->b, (const char *[]){"t1", "u"}, 2);
    assert_int_equal(decode(f->d, &f->b, &f->copy, &f->m, &f->e), ERR_OK);
    assert_false(f->m.before_is_key);
    assert_cell(&f->m.after[1], "long");
}

static void test_delete_forms(void **state)
{
    struct fixture *f = *state;
    for (int full = 0; full < 2; full++) {
        buf_clear(&f->b);
        buf_ch(&f->b, 'D');
        put(&f->b, 5000, 4);
        buf_ch(&f->b, full ? 'O' : 'K');
        put_tuple(&f->b, (const char *[]){"t1", full ? "t" : "n"}, 2);
        assert_int_equal(decode(f->d, &f->b, &f->copy, &f->m, &f->e), ERR_OK);
        assert_int_equal(f->m.kind, PGO_DELETE);
        assert_int_equal(f->m.before_is_key, !full);
        assert_null(f->m.after);
        assert_cell(&f->m.before[1], full ? "" : NULL);
    }
}

static void test_truncate(void **state)
{
    struct fixture *f = *state;
    enum { MANY = 300 };
    for (uint32_t i = 0; i < MANY; i++) {
        make_relation(&f->b, 6000 + i, i % 2 ? "odd" : "even", 'f', two, 2);
        assert_int_equal(decode(f->d, &f->b, &f->copy, &f->m, &f->e), ERR_OK);
    }
    buf_clear(&f->b);
    buf_ch(&f->b, 'T');
    put(&f->b, MANY, 4);
    buf_ch(&f->b, 1);
    for (uint32_t i = 0; i < MANY; i++)
        put(&f->b, 6000 + i, 4);
    assert_int_equal(decode(f->d, &f->b, &f->copy, &f->m, &f->e), ERR_OK);
    assert_int_equal(f->m.kind, PGO_TRUNCATE);
    assert_int_equal(f->m.n_truncated, MANY);
    for (uint32_t i = 0; i < MANY; i++) {
        assert_int_equal(f->m.truncated[i]->oid, 6000 + i);
        assert_string_equal(f->m.truncated[i]->name, i % 2 ? "odd" : "even");
    }
}

static void test_message(void **state)
{
    struct fixture *f = *state;
    buf_ch(&f->b, 'M');
    buf_ch(&f->b, 1);
    put(&f->b, 99, 8);
    put_string(&f->b, "flightdeck");
    put(&f->b, 3, 4);
    buf_add(&f->b, "a\0b", 3);
    assert_int_equal(decode(f->d, &f->b, &f->copy, &f->m, &f->e), ERR_OK);
    assert_int_equal(f->m.kind, PGO_MESSAGE);
    assert_true(f->m.message_transactional);
    assert_int_equal(f->m.message_lsn, 99);
    assert_string_equal(f->m.message_prefix, "flightdeck");
    assert_int_equal(f->m.message_len, 3);
    assert_memory_equal(f->m.message, "a\0b", 3);
}

static void test_relation_is_replaced(void **state)
{
    struct fixture *f = *state;
    static const struct col three[] = {
        {"id", PG_INT8, true}, {"v", PG_TEXT, false}, {"w", PG_INT4, false}};
    struct relation *old = relation_ref(f->m.relation);
    make_relation(&f->b, 5000, "renamed", 'd', three, 3);
    assert_int_equal(decode(f->d, &f->b, &f->copy, &f->m, &f->e), ERR_OK);
    assert_string_equal(f->m.relation->name, "renamed");
    assert_int_not_equal(f->m.relation->fingerprint, old->fingerprint);
    assert_int_equal(old->n_columns, 2); /* who keeps a reference still has it */
    relation_unref(old);
    buf_clear(&f->b);
    buf_ch(&f->b, 'I');
    put(&f->b, 5000, 4);
    buf_ch(&f->b, 'N');
    put_tuple(&f->b, (const char *[]){"t1", "n", "t3"}, 3);
    assert_int_equal(decode(f->d, &f->b, &f->copy, &f->m, &f->e), ERR_OK);
    assert_cell(&f->m.after[2], "3");
}

static void test_rows_wider_than_before(void **state)
{
    struct fixture *f = *state;
    enum { WIDE = 1600 };
    static struct col cols[WIDE];
    static const char *values[WIDE];
    for (int i = 0; i < WIDE; i++) {
        cols[i] = (struct col){"c", PG_INT4, false};
        values[i] = "t1";
    }
    make_relation(&f->b, 7000, "wide", 'f', cols, WIDE);
    assert_int_equal(decode(f->d, &f->b, &f->copy, &f->m, &f->e), ERR_OK);
    buf_clear(&f->b);
    buf_ch(&f->b, 'U');
    put(&f->b, 7000, 4);
    buf_ch(&f->b, 'O');
    put_tuple(&f->b, values, WIDE);
    buf_ch(&f->b, 'N');
    put_tuple(&f->b, values, WIDE);
    assert_int_equal(decode(f->d, &f->b, &f->copy, &f->m, &f->e), ERR_OK);
    assert_cell(&f->m.before[WIDE - 1], "1");
    assert_cell(&f->m.after[WIDE - 1], "1");
}

/* Every prefix of a good message is an error, and none is read beyond its end. */
static void assert_prefixes_refused(struct fixture *f)
{
    size_t whole = f->b.len;
    for (size_t n = 0; n < whole; n++) {
        f->b.len = n;
        enum err rc = decode(f->d, &f->b, &f->copy, &f->m, &f->e);
        assert_int_equal(rc, ERR_PROTOCOL);
        assert_int_equal(f->e.code, ERR_PROTOCOL);
    }
    f->b.len = whole;
    assert_int_equal(decode(f->d, &f->b, &f->copy, &f->m, &f->e), ERR_OK);
}

static void test_cut_messages(void **state)
{
    struct fixture *f = *state;
    buf_ch(&f->b, 'U');
    put(&f->b, 5000, 4);
    buf_ch(&f->b, 'O');
    put_tuple(&f->b, (const char *[]){"t1", "tlong"}, 2);
    buf_ch(&f->b, 'N');
    put_tuple(&f->b, (const char *[]){"n", "tabc"}, 2);
    assert_prefixes_refused(f);
    buf_clear(&f->b);
    buf_ch(&f->b, 'D');
    put(&f->b, 5000, 4);
    buf_ch(&f->b, 'K');
    put_tuple(&f->b, (const char *[]){"t1", "n"}, 2);
    assert_prefixes_refused(f);
    buf_clear(&f->b);
    buf_ch(&f->b, 'T');
    put(&f->b, 1, 4);
    buf_ch(&f->b, 0);
    put(&f->b, 5000, 4);
    assert_prefixes_refused(f);
    buf_clear(&f->b);
    buf_ch(&f->b, 'M');
    buf_ch(&f->b, 0);
    put(&f->b, 1, 8);
    put_string(&f->b, "p");
    put(&f->b, 2, 4);
    buf_str(&f->b, "ab");
    assert_prefixes_refused(f);
    make_relation(&f->b, 5001, "u", 'd', two, 2);
    assert_prefixes_refused(f);
}

static void test_nonsense(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *bytes;
        size_t n;
        const char *words;
    } cases[] = {
        {"", 0, "empty"},
        {"S\0\0\0\1\1", 6, "unknown type 0x53"}, /* streaming was not asked for */
        {"I\0\0\0\1N\0\0", 8, "relation 1 that it has not described"},
        {"I\0\0\x13\x88N\0\1n", 9, "INSERT"},           /* one column of two */
        {"I\0\0\x13\x88N\0\2b\0\0\0\0n", 14, "INSERT"}, /* binary was not asked for */
        {"I\0\0\x13\x88N\0\2t\x7f\xff\xff\xffn", 14, "INSERT"},
        {"I\0\0\x13\x88N\0\2t\xff\xff\xff\xffn", 14, "INSERT"},
        {"U\0\0\x13\x88X\0\2nn", 10, "UPDATE"},
        {"D\0\0\x13\x88N\0\2nn", 10, "DELETE"},
        {"T\xff\xff\xff\xff\0", 6, "TRUNCATE"},
        {"T\0\0\0\1\0\0\0\0\1", 10, "relation 1"},
        {"R\0\0\0\1s\0n\0d\xff\xff", 12, "RELATION"},
        {"R\0\0\0\0s\0n\0d\0\0", 12, "RELATION"}, /* no relation has OID 0 */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        buf_clear(&f->b);
        buf_add(&f->b, cases[i].bytes, cases[i].n);
        assert_int_equal(decode(f->d, &f->b, &f->copy, &f->m, &f->e), ERR_PROTOCOL);
        assert_non_null(strstr(f->e.text, cases[i].words));
    }
}

/* What the resolver was given, and what it does. */
struct resolver {
    enum err answer;
    int extra_columns;
    char type_name[32];
    int key_pos;
    char schema[32];
};

static enum err resolve(void *arg, const struct relation *described, struct relation **out,
                        struct errbuf *e)
{
    struct resolver *r = arg;
    if (r->answer != ERR_OK)
        return err_set(e, r->answer, "the catalog is away");
    const struct column *c = &described->columns[0];
    r->key_pos = c->key_pos;
    (void)strncpy(r->type_name, c->type_name ? c->type_name : "", sizeof r->type_name - 1);
    (void)strncpy(r->schema, described->schema, sizeof r->schema - 1);
    *out = relation_create(described->n_columns + r->extra_columns);
    assert_non_null(*out);
    (*out)->oid = described->oid;
    (*out)->name = strdup("resolved");
    return ERR_OK;
}

static void test_resolver(void **state)
{
    (void)state;
    struct resolver r = {0};
    struct pgoutput *d = pgoutput_create(resolve, &r);
    struct pgoutput_message m;
    struct errbuf e;
    struct buf b;
    char *copy = NULL;
    buf_init(&b, 0);
    for (int round = 0; round < 2; round++) { /* a type's name, and its newer one */
        buf_clear(&b);
        buf_ch(&b, 'Y');
        put(&b, 20000, 4);
        put_string(&b, "public");
        put_string(&b, round ? "mood" : "temper");
        assert_int_equal(decode(d, &b, &copy, &m, &e), ERR_OK);
        assert_int_equal(m.kind, PGO_OTHER);
    }
    static const struct col cols[] = {{"m", 20000, true}};
    make_relation(&b, 9, "t", 'd', cols, 1);
    assert_int_equal(decode(d, &b, &copy, &m, &e), ERR_OK);
    assert_string_equal(m.relation->name, "resolved");
    assert_string_equal(r.type_name, "mood");
    assert_string_equal(r.schema, "public");
    assert_int_equal(r.key_pos, 1);

    r.extra_columns = 1;
    assert_int_equal(decode(d, &b, &copy, &m, &e), ERR_INTERNAL);
    r.extra_columns = 0;
    r.answer = ERR_CONNECT;
    assert_int_equal(decode(d, &b, &copy, &m, &e), ERR_CONNECT);
    assert_string_equal(e.text, "the catalog is away");
    pgoutput_destroy(d);
    buf_free(&b);
    free(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_begin_and_commit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_insert, setup, teardown),
        cmocka_unit_test_setup_teardown(test_update_forms, setup, teardown),
        cmocka_unit_test_setup_teardown(test_delete_forms, setup, teardown),
        cmocka_unit_test_setup_teardown(test_truncate, setup, teardown),
        cmocka_unit_test_setup_teardown(test_message, setup, teardown),
        cmocka_unit_test_setup_teardown(test_relation_is_replaced, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rows_wider_than_before, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cut_messages, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nonsense, setup, teardown),
        cmocka_unit_test(test_resolver),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
