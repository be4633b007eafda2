/* Unit tests of the state store: what is kept, what is bounded, and which files are left alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backend/state/store.h"

static char dir[256];
static char path[300];

static int setup(void **state)
{
    const char *tmp = getenv("TMPDIR");
    (void)state;
    (void)snprintf(dir, sizeof dir, "%s/test_store.XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(dir))
        return -1;
    (void)snprintf(path, sizeof path, "%s/flightdeck.db", dir);
    return 0;
}

static int teardown(void **state)
{
    char file[320];
    static const char *const tails[] = {"", "-wal", "-shm"};
    (void)state;
    for (int i = 0; i < 3; i++) {
        (void)snprintf(file, sizeof file, "%s%s", path, tails[i]);
        (void)unlink(file);
    }
    return rmdir(dir);
}

static struct store *opened(void)
{
    struct store *s = NULL;
    struct errbuf e = {0};
    enum err r = store_open(dir, &s, &e);
    if (r)
        fail_msg("%s", e.text);
    return s;
}

static void ok(enum err r, const struct errbuf *e)
{
    if (r)
        fail_msg("%s: %s", err_word(r), e->text);
}

static void test_file_mode(void **state)
{
    struct stat st;
    (void)state;
    store_close(opened());
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void test_connectors(void **state)
{
    struct errbuf e = {0};
    struct store_connectors list;
    struct store_connector c;
    struct store *s = opened();
    (void)state;
    ok(store_connectors_list(s, &list, &e), &e);
    assert_int_equal(list.n, 0);
    ok(store_connector_put(s, "b", "{\"x\":\"'\\u0000\"}", "RUNNING", &e), &e);
    ok(store_connector_put(s, "a\"; drop", NULL, "PAUSED", &e), &e);
    ok(store_connector_put(s, "b", "{\"x\":2}", "STOPPED", &e), &e);
    ok(store_connector_set_desired_state(s, "b", "RUNNING", &e), &e);
    ok(store_connector_set_desired_state(s, "from-file", "PAUSED", &e), &e);
    store_close(s);

    s = opened();
    ok(store_connectors_list(s, &list, &e), &e);
    assert_int_equal(list.n, 3);
    assert_string_equal(list.items[0].name, "a\"; drop");
    assert_null(list.items[0].config);
    assert_string_equal(list.items[1].name, "b");
    assert_string_equal(list.items[1].config, "{\"x\":2}");
    assert_string_equal(list.items[1].desired_state, "RUNNING");
    assert_true(list.items[1].updated_us >= list.items[1].created_us);
    assert_true(list.items[1].created_us > 1700000000000000);
    assert_string_equal(list.items[2].name, "from-file");
    store_connectors_free(&list);

    ok(store_connector_get(s, "b", &c, &e), &e);
    assert_string_equal(c.config, "{\"x\":2}");
    store_connector_free(&c);
    ok(store_connector_delete(s, "b", &e), &e);
    assert_int_equal(store_connector_delete(s, "b", &e), ERR_NOT_FOUND);
    assert_int_equal(store_connector_get(s, "b", &c, &e), ERR_NOT_FOUND);
    assert_non_null(strstr(e.text, "\"b\""));
    store_close(s);
}

static void test_many_connectors(void **state)
{
    struct errbuf e = {0};
    struct store_connectors list;
    struct store *s = opened();
    char name[32];
    (void)state;
    for (int i = 0; i < 100; i++) {
        (void)snprintf(name, sizeof name, "c%03d", i);
        ok(store_connector_put(s, name, "{}", "RUNNING", &e), &e);
    }
    ok(store_connectors_list(s, &list, &e), &e);
    assert_int_equal(list.n, 100);
    assert_string_equal(list.items[99].name, "c099");
    store_connectors_free(&list);
    store_close(s);
}

static void test_events(void **state)
{
    struct errbuf e = {0};
    struct store_events list;
    struct store *s = opened();
    int64_t id = 0, first = 0;
    (void)state;
    ok(store_event_add(s, 17, "info", "control", "uid 0 pid 7", "airline", "paused", &first, &e),
       &e);
    ok(store_event_add(s, 18, "error", NULL, NULL, NULL, "boom", &id, &e), &e);
    assert_true(id > first);
    ok(store_events_list(s, first, 10, &list, &e), &e);
    assert_int_equal(list.n, 1);
    assert_int_equal(list.items[0].id, id);
    assert_int_equal(list.items[0].ts_us, 18);
    assert_string_equal(list.items[0].who, "");
    assert_string_equal(list.items[0].text, "boom");
    store_events_free(&list);
    for (int i = 0; i < 40; i++)
        ok(store_event_add(s, i, "info", "a", "", "", "t", &id, &e), &e);
    ok(store_events_list(s, -1, 3, &list, &e), &e);
    assert_int_equal(list.n, 3);
    assert_int_equal(list.items[2].id, id);
    assert_int_equal(list.items[0].id, id - 2);
    store_events_free(&list);
    ok(store_events_list(s, 0, 20, &list, &e), &e);
    assert_int_equal(list.n, 20);
    assert_int_equal(list.items[0].id, first);
    store_events_free(&list);
    store_close(s);
}

static void test_events_bounded(void **state)
{
    struct errbuf e = {0};
    struct store_events list;
    struct store *s = opened();
    int64_t id = 0;
    (void)state;
    for (int i = 0; i < STORE_EVENTS_KEPT + 25; i++)
        ok(store_event_add(s, i, "info", "a", "", "", "t", &id, &e), &e);
    ok(store_events_list(s, 0, INT32_MAX, &list, &e), &e);
    assert_int_equal(list.n, STORE_EVENTS_KEPT);
    assert_int_equal(list.items[0].ts_us, 25);
    assert_int_equal(list.items[list.n - 1].id, id);
    store_events_free(&list);
    store_close(s);
}

static void test_settings(void **state)
{
    struct errbuf e = {0};
    struct store *s = opened();
    char *value = NULL;
    (void)state;
    assert_int_equal(store_setting_get(s, "x", &value, &e), ERR_NOT_FOUND);
    ok(store_setting_put(s, "x", "1", &e), &e);
    ok(store_setting_put(s, "x", "2", &e), &e);
    ok(store_setting_get(s, "x", &value, &e), &e);
    assert_string_equal(value, "2");
    free(value);
    ok(store_setting_put(s, "x", NULL, &e), &e);
    assert_int_equal(store_setting_get(s, "x", &value, &e), ERR_NOT_FOUND);
    store_close(s);
}

/* A process that is killed between two statements loses nothing of what was said to be stored. */
static void test_killed(void **state)
{
    struct errbuf e = {0};
    struct store_events list;
    int status = 0;
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        struct store *s = NULL;
        int64_t id = 0;
        if (store_open(dir, &s, &e))
            _exit(1);
        for (int i = 0; i < 100; i++)
            if (store_event_add(s, i, "info", "a", "", "", "t", &id, &e))
                _exit(2);
        (void)raise(SIGKILL);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    struct store *s = opened();
    ok(store_events_list(s, 0, 1000, &list, &e), &e);
    assert_int_equal(list.n, 100);
    store_events_free(&list);
    store_close(s);
}

static void write_file(const char *text, size_t n)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static void refused(enum err code, const char *words)
{
    struct errbuf e = {0};
    struct store *s = NULL;
    assert_int_equal(store_open(dir, &s, &e), code);
    assert_null(s);
    assert_non_null(strstr(e.text, path));
    if (!strstr(e.text, words))
        fail_msg("\"%s\" does not say \"%s\"", e.text, words);
}

static void sql(const char *text)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void test_not_a_database(void **state)
{
    static const char text[] = "these are the minutes of a meeting, and somebody wants them back. "
                               "They are long enough to be taken for a page of something.";
    char back[sizeof text] = "";
    (void)state;
    write_file(text, sizeof text);
    refused(ERR_IO, "not a database");
    FILE *f = fopen(path, "r");
    assert_int_equal(fread(back, 1, sizeof back, f), sizeof back);
    (void)fclose(f);
    assert_memory_equal(back, text, sizeof text);
}

static void test_damaged(void **state)
{
    struct errbuf e = {0};
    struct store *s = opened();
    (void)state;
    for (int i = 0; i < 400; i++)
        ok(store_event_add(s, i, "info", "area", "who", "object", "some text to fill pages", NULL,
                           &e),
           &e);
    store_close(s);
    sql("PRAGMA wal_checkpoint(TRUNCATE)");
    FILE *f = fopen(path, "r+");
    assert_non_null(f);
    for (long page = 2; page < 12; page++) {
        (void)fseek(f, page * 4096, SEEK_SET);
        for (int i = 0; i < 2048; i++)
            (void)fputc(0xa5, f);
    }
    assert_int_equal(fclose(f), 0);
    refused(ERR_IO, "move it away");
}

static void test_newer(void **state)
{
    (void)state;
    store_close(opened());
    sql("PRAGMA user_version = 99");
    refused(ERR_UNSUPPORTED, "version 99");
    sql("PRAGMA user_version = 1");
    store_close(opened());
}

static void test_foreign(void **state)
{
    (void)state;
    sql("CREATE TABLE t (a)");
    refused(ERR_IO, "another program");
    sql("DROP TABLE t; PRAGMA application_id = 77");
    refused(ERR_IO, "application id 77");
}

static void test_no_folder(void **state)
{
    struct errbuf e = {0};
    struct store *s = NULL;
    (void)state;
    assert_int_equal(store_open("/proc/nowhere/state", &s, &e), ERR_IO);
    assert_non_null(strstr(e.text, "/proc/nowhere/state"));
}

static void *writer(void *arg)
{
    struct errbuf e = {0};
    for (int i = 0; i < 200; i++)
        if (store_event_add(arg, i, "info", "a", "", "", "t", NULL, &e))
            return "failed";
    return NULL;
}

static void test_threads(void **state)
{
    struct errbuf e = {0};
    struct store_events list;
    struct store *s = opened();
    pthread_t t[4];
    void *said = NULL;
    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&t[i], NULL, writer, s), 0);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(t[i], &said), 0);
        assert_null(said);
    }
    ok(store_events_list(s, 0, 10000, &list, &e), &e);
    assert_int_equal(list.n, 800);
    for (int i = 1; i < list.n; i++)
        assert_true(list.items[i].id == list.items[i - 1].id + 1);
    store_events_free(&list);
    store_close(s);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_file_mode),      T(test_connectors), T(test_many_connectors), T(test_events),
        T(test_events_bounded), T(test_settings),   T(test_killed),          T(test_not_a_database),
        T(test_damaged),        T(test_newer),      T(test_foreign),         T(test_no_folder),
        T(test_threads),
    };
    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
