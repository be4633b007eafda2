/* The store: what it keeps, what it refuses, and that a kill loses nothing that was committed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
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

enum { TEXT_MAX = 512, BYTES_MAX = 1 << 20 };

struct place {
    char dir[TEXT_MAX];
    char file[TEXT_MAX + 32];
};

static int setup(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    const char *tmp = getenv("TMPDIR");
    assert_non_null(p);
    (void)snprintf(p->dir, sizeof p->dir, "%s/flightdeck-store-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(p->dir));
    (void)snprintf(p->file, sizeof p->file, "%s/flightdeck.db", p->dir);
    *state = p;
    return 0;
}

static int teardown(void **state)
{
    struct place *p = *state;
    char path[TEXT_MAX * 2];
    const struct dirent *d;
    DIR *dir = opendir(p->dir);
    while (dir && (d = readdir(dir)) != NULL) {
        (void)snprintf(path, sizeof path, "%s/%s", p->dir, d->d_name);
        if (d->d_name[0] != '.')
            (void)unlink(path);
    }
    if (dir)
        (void)closedir(dir);
    (void)rmdir(p->dir);
    free(p);
    return 0;
}

static struct store *open_good(const struct place *p)
{
    struct store *s = NULL;
    struct errbuf e;
    if (store_open(p->dir, &s, &e) != ERR_OK)
        fail_msg("%s", e.text);
    assert_string_equal(store_path(s), p->file);
    return s;
}

static void good(enum err rc, const struct errbuf *e)
{
    if (rc)
        fail_msg("%s: %s", err_word(rc), e->text);
}

static void add_event(struct store *s, int64_t ts_us, const char *text)
{
    struct errbuf e;
    const struct store_event v = {.ts_us = ts_us,
                                  .level = "info",
                                  .area = "test",
                                  .who = "tester",
                                  .object = "thing",
                                  .text = text};
    good(store_event_add(s, &v, &e), &e);
}

/* What another program would do to the file. */
static void by_hand(const struct place *p, const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(p->file, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static size_t read_file(const struct place *p, unsigned char *bytes)
{
    int fd = open(p->file, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    ssize_t n = read(fd, bytes, BYTES_MAX);
    assert_true(n >= 0 && n < BYTES_MAX);
    (void)close(fd);
    return (size_t)n;
}

static void write_file(const struct place *p, const unsigned char *bytes, size_t n)
{
    int fd = open(p->file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, n), n);
    (void)close(fd);
}

/* ---- the file ---- */

static void test_file_is_private(void **state)
{
    const struct place *p = *state;
    struct stat st;
    mode_t before = umask(0);
    struct store *s = open_good(p);
    add_event(s, 1, "so that there is a log");
    const char *const suffixes[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        char path[TEXT_MAX * 2];
        (void)snprintf(path, sizeof path, "%s%s", p->file, suffixes[i]);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
    }
    store_close(s);
    assert_int_equal(chmod(p->file, 0644), 0); /* restored from a backup, say */
    store_close(open_good(p));
    assert_int_equal(stat(p->file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    (void)umask(before);
}

static void test_folder_is_missing(void **state)
{
    const struct place *p = *state;
    char dir[TEXT_MAX + 16];
    struct store *s = NULL;
    struct errbuf e;
    (void)snprintf(dir, sizeof dir, "%s/nowhere", p->dir);
    assert_int_equal(store_open(dir, &s, &e), ERR_IO);
    assert_null(s);
    assert_non_null(strstr(e.text, dir));
    assert_non_null(strstr(e.text, "No such file"));
}

/* Refused in these words, twice, and not a byte of it changed. */
static void refused(const struct place *p, enum err code, const char *words)
{
    unsigned char *before = malloc(BYTES_MAX);
    unsigned char *after = malloc(BYTES_MAX);
    assert_true(before && after);
    size_t n = read_file(p, before);
    for (int i = 0; i < 2; i++) {
        struct store *s = NULL;
        struct errbuf e;
        enum err rc = store_open(p->dir, &s, &e);
        assert_null(s);
        if (rc != code || !strstr(e.text, words) || !strstr(e.text, p->file) ||
            !strstr(e.text, "left as it is") || !strstr(e.text, "move it"))
            fail_msg("%s: %s", err_word(rc), e.text);
        assert_int_equal(read_file(p, after), n);
        assert_memory_equal(before, after, n);
    }
    free(before);
    free(after);
}

static void test_no_database(void **state)
{
    const struct place *p = *state;
    static const unsigned char text[] = "this was a database once, before the disk ate it; "
                                        "now it is a text of more than a hundred bytes, "
                                        "which is the length of a header.";
    write_file(p, text, sizeof text);
    refused(p, ERR_IO, "is damaged");
}

static void fill(const struct place *p)
{
    struct store *s = open_good(p);
    char text[TEXT_MAX];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (int i = 0; i < 300; i++)
        add_event(s, i, text);
    store_close(s);
}

static void test_damaged_page(void **state)
{
    const struct place *p = *state;
    unsigned char *bytes = malloc(BYTES_MAX);
    assert_non_null(bytes);
    fill(p);
    size_t n = read_file(p, bytes);
    assert_true(n > 10 * 4096);
    memset(bytes + 7 * 4096, 0xa5, 4096);
    write_file(p, bytes, n);
    refused(p, ERR_IO, "is damaged");
    free(bytes);
}

static void test_cut_off(void **state)
{
    const struct place *p = *state;
    unsigned char *bytes = malloc(BYTES_MAX);
    assert_non_null(bytes);
    fill(p);
    size_t n = read_file(p, bytes);
    write_file(p, bytes, n / 2);
    refused(p, ERR_IO, "is damaged");
    free(bytes);
}

static void test_newer_version(void **state)
{
    const struct place *p = *state;
    store_close(open_good(p));
    by_hand(p, "PRAGMA user_version = 99; CREATE TABLE of_the_future (x)");
    refused(p, ERR_UNSUPPORTED, "has version 99, this flightdeck knows up to ");
}

static void test_of_another_program(void **state)
{
    const struct place *p = *state;
    by_hand(p, "CREATE TABLE notes (x); INSERT INTO notes VALUES ('mine')");
    refused(p, ERR_IO, "made by another program");
}

static void test_a_migration_that_was_cut_short(void **state)
{
    const struct place *p = *state;
    write_file(p, (const unsigned char *)"", 0); /* made, and killed before the first migration */
    struct store *s = open_good(p);
    add_event(s, 1, "works");
    store_close(s);
}

/* Beside the engine that has it open, and without one; nothing is made. */
static void test_open_to_read(void **state)
{
    const struct place *p = *state;
    struct store *s = NULL;
    struct store *reader = NULL;
    struct errbuf e;
    assert_int_equal(store_open_to_read(p->dir, &reader, &e), ERR_NOT_FOUND);
    assert_null(reader);
    assert_int_equal(access(p->file, F_OK), -1);
    s = open_good(p);
    good(store_connector_put(s, "c", "{}", STORE_PAUSED, &e), &e);
    good(store_open_to_read(p->dir, &reader, &e), &e);
    for (int round = 0; round < 2; round++) {
        struct store_connectors l;
        good(store_connectors_list(reader, &l, &e), &e);
        assert_int_equal(l.n, 1);
        assert_string_equal(l.items[0].config, "{}");
        store_connectors_free(&l);
        assert_int_equal(store_connector_set_state(reader, "c", STORE_RUNNING, &e), ERR_IO);
        assert_non_null(strstr(e.text, "readonly"));
        store_close(reader);
        reader = NULL;
        store_close(s);
        s = NULL;
        if (!round)
            good(store_open_to_read(p->dir, &reader, &e), &e);
    }
    by_hand(p, "PRAGMA user_version = 99");
    assert_int_equal(store_open_to_read(p->dir, &reader, &e), ERR_UNSUPPORTED);
    by_hand(p, "DROP TABLE connectors; DROP TABLE events; PRAGMA user_version = 0");
    assert_int_equal(store_open_to_read(p->dir, &reader, &e), ERR_UNSUPPORTED);
    assert_non_null(strstr(e.text, "when it starts"));
}

/* ---- connectors ---- */

static struct store_connector get(struct store *s, const char *name)
{
    struct store_connectors l;
    struct errbuf e;
    good(store_connector_get(s, name, &l, &e), &e);
    assert_int_equal(l.n, 1);
    assert_string_equal(l.items[0].name, name);
    struct store_connector c = l.items[0];
    free(c.name);
    c.name = NULL;
    free(l.items);
    return c;
}

static void expect(struct store *s, const char *name, enum store_state state, const char *config)
{
    struct store_connector c = get(s, name);
    assert_int_equal(c.state, state);
    if (config)
        assert_string_equal(c.config, config);
    else
        assert_null(c.config);
    assert_true(c.created_us > 0 && c.updated_us >= c.created_us);
    free(c.config);
}

static void test_connectors(void **state)
{
    const struct place *p = *state;
    static const char name[] = "имя 'o\"r; --";
    static const char config[] = "{\"name\":\"x\",\"config\":{\"password\":\"${file:/p}\",\"q\":"
                                 "\"'\\u0027\"}}";
    struct store_connectors l;
    struct errbuf e;
    struct store *s = open_good(p);
    assert_int_equal(store_connector_get(s, name, &l, &e), ERR_NOT_FOUND);
    assert_int_equal(l.n, 0);
    good(store_connector_put(s, name, config, STORE_RUNNING, &e), &e);
    good(store_connector_set_state(s, "of-a-file", STORE_STOPPED, &e), &e);
    good(store_connector_set_state(s, name, STORE_PAUSED, &e), &e);
    expect(s, name, STORE_PAUSED, config);
    store_close(s);

    s = open_good(p);
    expect(s, name, STORE_PAUSED, config);
    expect(s, "of-a-file", STORE_STOPPED, NULL);
    struct store_connector first = get(s, name);
    free(first.config);
    good(store_connector_put(s, name, "{}", STORE_RUNNING, &e), &e);
    struct store_connector second = get(s, name);
    free(second.config);
    assert_int_equal(second.created_us, first.created_us);
    assert_true(second.updated_us >= first.updated_us);
    expect(s, name, STORE_RUNNING, "{}");
    good(store_connector_forget_config(s, name, &e), &e);
    expect(s, name, STORE_RUNNING, NULL);
    good(store_connector_hide(s, name, &e), &e);
    good(store_connector_hide(s, "hidden", &e), &e);
    good(store_connectors_list(s, &l, &e), &e);
    assert_int_equal(l.n, 3);
    assert_string_equal(l.items[0].name, name);
    assert_int_equal(l.items[0].state, STORE_DELETED);
    assert_string_equal(l.items[1].name, "of-a-file");
    assert_string_equal(l.items[2].name, "hidden");
    store_connectors_free(&l);
    good(store_connector_delete(s, name, &e), &e);
    good(store_connector_delete(s, name, &e), &e); /* there is nothing: fine */
    assert_int_equal(store_connector_get(s, name, &l, &e), ERR_NOT_FOUND);
    assert_non_null(strstr(e.text, name));
    store_close(s);
}

static void test_state_words(void **state)
{
    (void)state;
    enum store_state x;
    struct errbuf e;
    for (int i = 0; i < STORE_STATE_COUNT; i++) {
        good(store_state_parse(store_state_word((enum store_state)i), &x, &e), &e);
        assert_int_equal(x, i);
    }
    assert_int_equal(store_state_parse("SLEEPING", &x, &e), ERR_NOT_FOUND);
}

/* ---- events ---- */

static struct store_events list(struct store *s, int64_t after, int limit)
{
    struct store_events l;
    struct errbuf e;
    good(store_events_list(s, after, 0, limit, &l, &e), &e);
    for (int i = 1; i < l.n; i++)
        assert_true(l.items[i].id > l.items[i - 1].id);
    return l;
}

static void test_events(void **state)
{
    const struct place *p = *state;
    struct store *s = open_good(p);
    struct store_events l = list(s, 0, 10);
    assert_int_equal(l.n, 0);
    store_events_free(&l);
    for (int i = 1; i <= 30; i++)
        add_event(s, 1000 + i, i == 30 ? "последнее 'x'" : "one");
    store_close(s);
    s = open_good(p);
    l = list(s, 0, 10); /* the newest */
    assert_int_equal(l.n, 10);
    assert_int_equal(l.items[0].id, 21);
    assert_int_equal(l.items[0].ts_us, 1021);
    assert_string_equal(l.items[9].text, "последнее 'x'");
    assert_string_equal(l.items[9].level, "info");
    assert_string_equal(l.items[9].area, "test");
    assert_string_equal(l.items[9].who, "tester");
    assert_string_equal(l.items[9].object, "thing");
    store_events_free(&l);
    struct errbuf e;
    good(store_events_list(s, 5, 21, 10, &l, &e), &e); /* older ones, the newest of them */
    assert_int_equal(l.n, 10);
    assert_int_equal(l.items[9].id, 20);
    store_events_free(&l);
    good(store_events_list(s, 5, 8, 10, &l, &e), &e);
    assert_int_equal(l.n, 2);
    store_events_free(&l);
    l = list(s, 27, 10);
    assert_int_equal(l.n, 3);
    assert_int_equal(l.items[0].id, 28);
    store_events_free(&l);
    l = list(s, 5, 10); /* the newest of those behind it */
    assert_int_equal(l.n, 10);
    assert_int_equal(l.items[0].id, 21);
    store_events_free(&l);
    l = list(s, 30, 10);
    assert_int_equal(l.n, 0);
    store_events_free(&l);
    store_close(s);
}

static void test_events_are_bounded(void **state)
{
    const struct place *p = *state;
    enum { ALL = STORE_EVENTS_KEPT + 1234 };
    struct store *s = open_good(p);
    for (int i = 1; i <= ALL; i++)
        add_event(s, i, "one of many");
    struct store_events l = list(s, 0, STORE_EVENTS_KEPT);
    assert_int_equal(l.n, STORE_EVENTS_KEPT);
    assert_int_equal(l.items[0].id, ALL - STORE_EVENTS_KEPT + 1);
    assert_int_equal(l.items[l.n - 1].id, ALL);
    store_events_free(&l);
    store_close(s);
    /* in the file there are hardly more */
    sqlite3 *db;
    sqlite3_stmt *st;
    assert_int_equal(sqlite3_open(p->file, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT count(*) FROM events", -1, &st, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    int n = sqlite3_column_int(st, 0);
    assert_true(n >= STORE_EVENTS_KEPT && n < STORE_EVENTS_KEPT + 100);
    (void)sqlite3_finalize(st);
    (void)sqlite3_close(db);
    s = open_good(p);
    add_event(s, 1, "ids go on");
    l = list(s, 0, 1);
    assert_int_equal(l.items[0].id, ALL + 1);
    store_events_free(&l);
    store_close(s);
}

/* ---- threads ---- */

enum { THREADS = 4, EACH = 500 };

static void *write_many(void *arg)
{
    struct store *s = arg;
    struct errbuf e;
    for (int i = 0; i < EACH; i++) {
        const struct store_event v = {.ts_us = i,
                                      .level = "info",
                                      .area = "a",
                                      .who = "w",
                                      .object = "o",
                                      .text = "from a thread"};
        struct store_connectors l;
        if (store_event_add(s, &v, &e) != ERR_OK ||
            store_connector_set_state(s, "shared", i % 2 ? STORE_PAUSED : STORE_RUNNING, &e) !=
                ERR_OK ||
            store_connectors_list(s, &l, &e) != ERR_OK)
            return arg;
        store_connectors_free(&l);
    }
    return NULL;
}

static void test_many_threads(void **state)
{
    const struct place *p = *state;
    struct store *s = open_good(p);
    pthread_t threads[THREADS];
    void *bad;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_many, s), 0);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], &bad), 0);
        assert_null(bad);
    }
    struct store_events l = list(s, 0, STORE_EVENTS_KEPT);
    assert_int_equal(l.n, THREADS * EACH);
    assert_int_equal(l.items[l.n - 1].id, THREADS * EACH);
    store_events_free(&l);
    store_close(s);
}

/* ---- kill -9 ---- */

/* Writes without end; tells the number of each event and state that is committed. */
static void write_until_killed(const struct place *p, int out)
{
    struct store *s;
    struct errbuf e;
    if (store_open(p->dir, &s, &e) != ERR_OK)
        _exit(1);
    for (int64_t i = 1;; i++) {
        char config[64];
        const struct store_event v = {.ts_us = i,
                                      .level = "info",
                                      .area = "a",
                                      .who = "w",
                                      .object = "o",
                                      .text = "before the kill"};
        (void)snprintf(config, sizeof config, "{\"n\":%lld}", (long long)i);
        if (store_event_add(s, &v, &e) != ERR_OK ||
            store_connector_put(s, "written", config, STORE_PAUSED, &e) != ERR_OK ||
            write(out, &i, sizeof i) != sizeof i)
            _exit(1);
    }
}

static void test_kill(void **state)
{
    const struct place *p = *state;
    int64_t told = 0;
    for (int round = 0; round < 12; round++) {
        int fds[2];
        int status;
        int64_t here = 0;
        assert_int_equal(pipe(fds), 0);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (!pid)
            write_until_killed(p, fds[1]);
        (void)close(fds[1]);
        /* at another place each time: what it tells is a write behind what it does */
        for (int i = 0; i < 20 + round * 37; i++)
            assert_int_equal(read(fds[0], &here, sizeof here), sizeof here);
        assert_int_equal(kill(pid, SIGKILL), 0);
        while (read(fds[0], &here, sizeof here) == sizeof here)
            ;
        (void)close(fds[0]);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));

        struct store *s = open_good(p);
        struct store_events l = list(s, 0, 1);
        int64_t lasts = l.items[0].id;
        assert_true(lasts >= told + here);     /* nothing that was committed is lost */
        assert_true(lasts <= told + here + 1); /* one may be committed and not told */
        store_events_free(&l);
        struct store_connector c = get(s, "written");
        long long n = strtoll(c.config + strlen("{\"n\":"), NULL, 10);
        assert_true(n == here || n == here + 1);
        assert_int_equal(c.state, STORE_PAUSED);
        free(c.config);
        store_close(s);
        told = lasts;
    }
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_file_is_private),
        CASE(test_folder_is_missing),
        CASE(test_no_database),
        CASE(test_damaged_page),
        CASE(test_cut_off),
        CASE(test_newer_version),
        CASE(test_of_another_program),
        CASE(test_a_migration_that_was_cut_short),
        CASE(test_open_to_read),
        CASE(test_connectors),
        CASE(test_state_words),
        CASE(test_events),
        CASE(test_events_are_bounded),
        CASE(test_many_threads),
        CASE(test_kill),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
