/* The recorder and its records in the store: what is kept of which age, how large it gets, what a
 * gap is, with a clock of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backend/engine/growth.h"
#include "backend/engine/kept_answers.h"
#include "backend/engine/recorder.h"

#define SECOND INT64_C(1000000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
#define BEGIN  (INT64_C(1795500000) * SECOND) /* a whole 5 minutes */

enum { PATH_MAX_ = 512, ENOUGH = 1 << 30 };

struct place {
    char dir[PATH_MAX_];
    struct store *store;
    struct recorder *recorder;
};

static void good(enum err rc, const struct errbuf *e)
{
    if (rc)
        fail_msg("%s: %s", err_word(rc), e->text);
}

static void open_place(struct place *p, int64_t bytes)
{
    struct errbuf e;
    good(store_open(p->dir, &p->store, &e), &e);
    good(recorder_create(p->store, bytes, &p->recorder, &e), &e);
}

static void close_place(struct place *p)
{
    recorder_destroy(p->recorder);
    store_close(p->store);
    p->recorder = NULL;
    p->store = NULL;
}

static int setup(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    const char *tmp = getenv("TMPDIR");
    assert_non_null(p);
    (void)snprintf(p->dir, sizeof p->dir, "%s/flightdeck-recorder-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(p->dir));
    *state = p;
    return 0;
}

static int teardown(void **state)
{
    struct place *p = *state;
    char path[PATH_MAX_ * 2];
    const struct dirent *d;
    close_place(p);
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

/* ---- records ---- */

static json_t *status_of(double rate, double lag)
{
    return json_pack("{s:{s:{s:f}, s:{s:f}}, s:[s]}", "pipeline", "capture", "rate_s", rate, "raw",
                     "lag_s", lag, "connectors", "the body");
}

static void record(struct place *p, int64_t at, double rate, double lag)
{
    struct errbuf e;
    json_t *s = status_of(rate, lag);
    good(recorder_add(p->recorder, s, at, SECOND, &e), &e);
    json_decref(s);
}

/* Each `step` in [from, to). */
static void record_span(struct place *p, int64_t from, int64_t to, int64_t step)
{
    json_t *s = status_of(1, 1);
    struct errbuf e;
    for (int64_t at = from; at < to; at += step)
        good(recorder_add(p->recorder, s, at, SECOND, &e), &e);
    json_decref(s);
}

static struct store_records_range range_of(struct place *p)
{
    struct store_records_range r;
    struct errbuf e;
    good(recorder_flush(p->recorder, &e), &e);
    good(store_records_get_range(p->store, &r, &e), &e);
    return r;
}

/* Thirty-one days, at the end each second: exactly what is to be kept is there. */
static void test_thinning_is_exact(void **state)
{
    struct place *p = *state;
    open_place(p, ENOUGH);
    int64_t end = BEGIN + 31 * DAY;
    record_span(p, BEGIN, end - 26 * HOUR, 5 * MINUTE);
    record_span(p, end - 26 * HOUR, end - 2 * HOUR, 10 * SECOND);
    record_span(p, end - 2 * HOUR, end, SECOND);
    struct store_records_range r = range_of(p);
    int64_t last = end - SECOND;
    assert_int_equal(r.newest_us, last);
    /* of the last hour 9 of 10, of the last day 29 of 30, of the last 30 days all the others */
    assert_int_equal(r.n[0], 3601 - 360); /* both ends of the hour */
    assert_int_equal(r.n[1], 8640 - 288);
    assert_int_equal(r.n[2], 8640);
    assert_true(r.oldest_us[0] >= last - HOUR && r.oldest_us[0] <= last - HOUR + 2 * SECOND);
    assert_true(r.oldest_us[1] >= last - DAY && r.oldest_us[1] <= last - DAY + 20 * SECOND);
    assert_true(r.oldest_us[2] >= last - 30 * DAY &&
                r.oldest_us[2] <= last - 30 * DAY + 5 * MINUTE);
}

/* What counts is what was written, wherever a restart lies. */
static void test_survives_a_restart(void **state)
{
    struct place *p = *state;
    open_place(p, ENOUGH);
    record_span(p, BEGIN, BEGIN + 30 * SECOND, SECOND);
    struct store_records_range before = range_of(p);
    close_place(p);
    open_place(p, ENOUGH);
    struct store_records_range after = range_of(p);
    assert_memory_equal(&before, &after, sizeof before);
    record_span(p, BEGIN + 40 * SECOND, BEGIN + 45 * SECOND, SECOND);
    after = range_of(p);
    assert_int_equal(after.n[0] + after.n[1] + after.n[2], 35);
}

/* Without a flush: ten records are in the file as soon as they are ten. */
static void test_a_kill_loses_ten_seconds_at_most(void **state)
{
    struct place *p = *state;
    int status = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        open_place(p, ENOUGH);
        record_span(p, BEGIN, BEGIN + 25 * SECOND, SECOND);
        (void)kill(getpid(), SIGKILL);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    open_place(p, ENOUGH);
    struct store_records_range r = range_of(p);
    assert_int_equal(r.n[0] + r.n[1] + r.n[2], 20);
}

/* ---- size ---- */

static json_t *large_status(int bytes, unsigned *seed)
{
    char *text = malloc((size_t)bytes + 1);
    assert_non_null(text);
    for (int i = 0; i < bytes; i++) {
        *seed = *seed * 1103515245u + 12345u;
        text[i] = (char)('!' + (*seed >> 16) % 90);
    }
    text[bytes] = '\0';
    for (char *c = text; *c; c++)
        if (*c == '"' || *c == '\\')
            *c = '_';
    json_t *s =
        json_pack("{s:{s:{s:f}}, s:s}", "pipeline", "capture", "rate_s", 7.0, "topics", text);
    free(text);
    return s;
}

/* The oldest lose their bodies, none its figures. */
static void test_size_is_bounded(void **state)
{
    enum { MOST = 2000000, EACH = 10000, N = 1000 };
    struct place *p = *state;
    struct errbuf e;
    unsigned seed = 7;
    open_place(p, MOST);
    for (int i = 0; i < N; i++) {
        json_t *s = large_status(EACH, &seed);
        good(recorder_add(p->recorder, s, BEGIN + i * SECOND, SECOND, &e), &e);
        json_decref(s);
    }
    struct store_records_range r = range_of(p);
    assert_true(r.bytes <= MOST && r.bytes > MOST / 2);
    assert_int_equal(r.n[0] + r.n[1] + r.n[2], N);

    json_t *answer = NULL;
    json_t *params = json_pack("{s:I}", "ts_us", (json_int_t)BEGIN);
    good(recorder_at(p->recorder, params, &answer, &e), &e);
    json_t *snapshot = json_object_get(answer, "snapshot");
    assert_true(json_is_true(json_object_get(snapshot, "trimmed")));
    assert_true(json_real_value(json_object_get(
                    json_object_get(json_object_get(snapshot, "pipeline"), "capture"), "rate_s")) ==
                7.0);
    json_decref(answer);
    json_decref(params);
    params = json_pack("{s:I}", "ts_us", (json_int_t)(BEGIN + N * SECOND));
    good(recorder_at(p->recorder, params, &answer, &e), &e);
    assert_non_null(json_object_get(json_object_get(answer, "snapshot"), "topics"));
    json_decref(answer);
    json_decref(params);
}

/* One that is huge is kept as its figures. */
static void test_a_huge_snapshot_is_its_figures(void **state)
{
    struct place *p = *state;
    struct errbuf e;
    unsigned seed = 3;
    json_t *answer = NULL;
    open_place(p, ENOUGH);
    json_t *s = large_status(2000000, &seed);
    good(recorder_add(p->recorder, s, BEGIN, SECOND, &e), &e);
    json_decref(s);
    assert_true(range_of(p).bytes < 1000);
    good(recorder_at(p->recorder, NULL, &answer, &e), &e);
    assert_true(json_is_true(json_object_get(json_object_get(answer, "snapshot"), "trimmed")));
    json_decref(answer);
}

/* Nothing is written, and nothing taken away. */
static void test_turned_off(void **state)
{
    struct place *p = *state;
    open_place(p, ENOUGH);
    record(p, BEGIN, 1, 1);
    (void)range_of(p);
    close_place(p);
    open_place(p, 0);
    record(p, BEGIN + SECOND, 1, 1);
    struct store_records_range r = range_of(p);
    assert_int_equal(r.newest_us, BEGIN);
}

/* ---- recorder.at ---- */

static int64_t int_in(const json_t *o, const char *name)
{
    const json_t *v = json_object_get(o, name);
    return json_is_integer(v) ? json_integer_value(v) : -1;
}

static void test_at(void **state)
{
    struct place *p = *state;
    struct errbuf e;
    json_t *answer = NULL;
    open_place(p, ENOUGH);
    for (int i = 0; i < 3; i++)
        record(p, BEGIN + i * SECOND, i, 0);
    json_t *params = json_pack("{s:I}", "ts_us", (json_int_t)(BEGIN + SECOND + 5));
    good(recorder_at(p->recorder, params, &answer, &e), &e);
    assert_int_equal(int_in(answer, "ts_us"), BEGIN + SECOND);
    assert_int_equal(int_in(answer, "previous_us"), BEGIN);
    assert_int_equal(int_in(answer, "next_us"), BEGIN + 2 * SECOND);
    json_t *same = status_of(1, 0);
    assert_true(json_equal(json_object_get(answer, "snapshot"), same));
    json_decref(same);
    json_decref(answer);
    (void)json_object_set_new(params, "ts_us", json_integer(BEGIN - 1));
    assert_int_equal(recorder_at(p->recorder, params, &answer, &e), ERR_NOT_FOUND);
    (void)json_object_set_new(params, "or_oldest", json_true());
    good(recorder_at(p->recorder, params, &answer, &e), &e);
    assert_int_equal(int_in(answer, "ts_us"), BEGIN);
    json_decref(answer);
    (void)json_object_set_new(params, "ts_us", json_string("then"));
    assert_int_equal(recorder_at(p->recorder, params, &answer, &e), ERR_USAGE);
    json_decref(params);
    good(recorder_at(p->recorder, NULL, &answer, &e), &e); /* the newest */
    assert_int_equal(int_in(answer, "ts_us"), BEGIN + 2 * SECOND);
    assert_true(json_is_null(json_object_get(answer, "next_us")));
    json_decref(answer);
}

/* What was recorded under a clock that ran ahead goes when the right time comes back. */
static void test_clock_set_back(void **state)
{
    struct place *p = *state;
    open_place(p, ENOUGH);
    record_span(p, BEGIN, BEGIN + 5 * SECOND, SECOND);
    record_span(p, BEGIN + HOUR / 2, BEGIN + HOUR / 2 + 5 * SECOND, SECOND);
    record_span(p, BEGIN + 10 * SECOND, BEGIN + 15 * SECOND, SECOND);
    struct store_records_range r = range_of(p);
    assert_int_equal(r.newest_us, BEGIN + 14 * SECOND);
    assert_int_equal(r.n[0] + r.n[1] + r.n[2], 10);
}

/* ---- recorder.series ---- */

static json_t *series(struct place *p, int64_t from, int64_t to, int points, int64_t now)
{
    struct errbuf e;
    json_t *answer = NULL;
    json_t *params =
        json_pack("{s:[s,s], s:I, s:I, s:i}", "figures", "capture.rate_s", "raw.lag_s", "from_us",
                  (json_int_t)from, "to_us", (json_int_t)to, "points", points);
    good(recorder_series(p->recorder, params, now, &answer, &e), &e);
    json_decref(params);
    return answer;
}

/* NAN: null */
static double point(const json_t *answer, const char *figure, size_t i)
{
    const json_t *v = json_array_get(json_object_get(json_object_get(answer, "series"), figure), i);
    assert_non_null(v);
    return json_is_null(v) ? NAN : json_number_value(v);
}

/* A rate is a mean, a lag the worst; where nothing was recorded there is nothing. */
static void test_series(void **state)
{
    struct place *p = *state;
    open_place(p, ENOUGH);
    for (int i = 0; i < 10; i++)
        record(p, BEGIN + i * SECOND, i, i);
    for (int i = 20; i < 30; i++) /* ten seconds were not recorded */
        record(p, BEGIN + i * SECOND, i, i);
    json_t *s = series(p, BEGIN, BEGIN + 30 * SECOND, 6, BEGIN + 30 * SECOND);
    assert_true(fabs(point(s, "capture.rate_s", 0) - 2) < 1e-6);
    assert_true(point(s, "raw.lag_s", 0) == 4);
    assert_true(fabs(point(s, "capture.rate_s", 1) - 7) < 1e-6);
    assert_true(point(s, "raw.lag_s", 2) == 9); /* the last one stands for two steps */
    assert_true(isnan(point(s, "raw.lag_s", 3)));
    assert_true(isnan(point(s, "capture.rate_s", 3)));
    assert_true(fabs(point(s, "capture.rate_s", 4) - 22) < 1e-6);
    assert_true(point(s, "raw.lag_s", 5) == 29);
    json_decref(s);
    s = series(p, BEGIN - HOUR, BEGIN, 4, BEGIN + 30 * SECOND); /* before all of it */
    for (size_t i = 0; i < 4; i++)
        assert_true(isnan(point(s, "capture.rate_s", i)));
    json_decref(s);
}

/* The last seconds: while time goes on a point that is over stays as it is. */
static void test_last_seconds(void **state)
{
    struct place *p = *state;
    struct errbuf e;
    json_t *a = NULL;
    json_t *b = NULL;
    json_t *params =
        json_pack("{s:[s], s:i, s:i}", "figures", "capture.rate_s", "last_s", 60, "points", 6);
    open_place(p, ENOUGH);
    for (int i = 0; i < 60; i++)
        record(p, BEGIN + i * SECOND, i, 0);
    good(recorder_series(p->recorder, params, BEGIN + 54 * SECOND, &a, &e), &e);
    good(recorder_series(p->recorder, params, BEGIN + 59 * SECOND, &b, &e), &e);
    assert_int_equal(int_in(a, "from_us"), BEGIN);
    assert_int_equal(int_in(b, "from_us"), BEGIN);
    for (size_t i = 0; i < 5; i++)
        assert_true(point(a, "capture.rate_s", i) == point(b, "capture.rate_s", i));
    json_decref(a);
    json_decref(b);
    json_decref(params);
}

/* What has been thinned is no gap: its records stand for five minutes. */
static void test_series_of_long_ago(void **state)
{
    struct place *p = *state;
    open_place(p, ENOUGH);
    record_span(p, BEGIN, BEGIN + 2 * DAY, 5 * MINUTE);
    record_span(p, BEGIN + 2 * DAY, BEGIN + 2 * DAY + MINUTE, SECOND);
    int64_t now = BEGIN + 2 * DAY + MINUTE;
    json_t *s = series(p, BEGIN + HOUR, BEGIN + 2 * HOUR, 60, now);
    for (size_t i = 0; i < 60; i++)
        assert_true(point(s, "capture.rate_s", i) == 1);
    json_decref(s);
    s = series(p, now - MINUTE, now, 60, now);
    for (size_t i = 0; i < 60; i++)
        assert_true(point(s, "capture.rate_s", i) == 1);
    json_decref(s);
}

static void refuse(struct place *p, const char *json, enum err code)
{
    struct errbuf e;
    json_t *answer = NULL;
    json_t *params = json_loads(json, 0, NULL);
    assert_non_null(params);
    assert_int_equal(recorder_series(p->recorder, params, BEGIN, &answer, &e), code);
    assert_true(e.text[0]);
    json_decref(params);
}

static void test_series_refuses(void **state)
{
    struct place *p = *state;
    open_place(p, ENOUGH);
    refuse(p, "{}", ERR_USAGE);
    refuse(p, "{\"figures\":[]}", ERR_USAGE);
    refuse(p, "{\"figures\":[\"raw.lagg_s\"]}", ERR_NOT_FOUND);
    refuse(p, "{\"figures\":[17]}", ERR_NOT_FOUND);
    refuse(p, "{\"figures\":[\"raw.lag_s\"],\"points\":0}", ERR_USAGE);
    refuse(p, "{\"figures\":[\"raw.lag_s\"],\"points\":2001}", ERR_USAGE);
    refuse(p, "{\"figures\":[\"raw.lag_s\"],\"from_us\":20,\"to_us\":10}", ERR_USAGE);
    refuse(p, "{\"figures\":[\"raw.lag_s\"],\"from_us\":\"then\"}", ERR_USAGE);
    refuse(p, "{\"figures\":[\"raw.lag_s\"],\"last_s\":0}", ERR_USAGE);
    refuse(p, "{\"figures\":[\"raw.lag_s\"],\"last_s\":9000000000000000}", ERR_USAGE);
    refuse(p, "{\"figures\":[\"raw.lag_s\"],\"from_us\":-9223372036854775807}", ERR_USAGE);
}

static void test_range(void **state)
{
    struct place *p = *state;
    struct errbuf e;
    json_t *answer = NULL;
    open_place(p, ENOUGH);
    good(recorder_range(p->recorder, &answer, &e), &e);
    assert_true(json_is_null(json_object_get(answer, "oldest_us")));
    json_decref(answer);
    record_span(p, BEGIN, BEGIN + 20 * SECOND, SECOND);
    good(recorder_range(p->recorder, &answer, &e), &e);
    assert_int_equal(int_in(answer, "oldest_us"), BEGIN);
    assert_int_equal(int_in(answer, "newest_us"), BEGIN + 19 * SECOND);
    assert_int_equal(int_in(json_array_get(json_object_get(answer, "tiers"), 0), "records"), 18);
    assert_int_equal(int_in(json_array_get(json_object_get(answer, "tiers"), 1), "records"), 1);
    assert_int_equal(int_in(json_array_get(json_object_get(answer, "tiers"), 2), "records"), 1);
    json_decref(answer);
}

/* ---- recorder.objects ---- */

/* At the second i: rates of a (i) and b (10 i, from the 30th on). */
static void record_objects(struct place *p, int i)
{
    struct errbuf e;
    json_t *list = json_pack("[{s:s, s:f}]", "name", "a", "rate_s", (double)i);
    if (i >= 30)
        (void)json_array_append_new(list, json_pack("{s:s, s:f}", "name", "b", "rate_s", 10.0 * i));
    json_t *s = json_pack("{s:o}", "connectors", list);
    good(recorder_add(p->recorder, s, BEGIN + i * SECOND, SECOND, &e), &e);
    json_decref(s);
}

static double object_point(const json_t *answer, const char *name, size_t i)
{
    const json_t *v = json_array_get(json_object_get(json_object_get(answer, "series"), name), i);
    assert_non_null(v);
    return json_is_number(v) ? json_number_value(v) : NAN;
}

/* The newest of each point's time; what was not there, or not recorded, is unknown. */
static void test_objects(void **state)
{
    struct place *p = *state;
    struct errbuf e;
    json_t *answer = NULL;
    open_place(p, ENOUGH);
    for (int i = 0; i < 60; i++)
        if (i < 40 || i >= 50)
            record_objects(p, i);
    json_t *ask = json_pack("{s:s, s:s, s:[s,s,s], s:I, s:i, s:i}", "list", "connectors", "figure",
                            "rate_s", "names", "a", "b", "nobody", "to_us",
                            (json_int_t)(BEGIN + 59 * SECOND), "last_s", 80, "points", 8);
    good(recorder_objects(p->recorder, ask, BEGIN + DAY, &answer, &e), &e);
    assert_int_equal(int_in(answer, "to_us"), BEGIN + 60 * SECOND);
    assert_true(isnan(object_point(answer, "a", 1))); /* before the first one */
    assert_true(object_point(answer, "a", 2) == 9);
    assert_true(object_point(answer, "a", 5) == 39);
    assert_true(isnan(object_point(answer, "a", 6))); /* the gap */
    assert_true(object_point(answer, "a", 7) == 59);
    assert_true(isnan(object_point(answer, "b", 4)));
    assert_true(object_point(answer, "b", 5) == 390);
    assert_true(isnan(object_point(answer, "nobody", 7)));
    json_decref(answer);
    (void)json_object_set_new(ask, "figure", json_string("detail"));
    assert_int_equal(recorder_objects(p->recorder, ask, BEGIN, &answer, &e), ERR_USAGE);
    (void)json_object_set_new(ask, "figure", json_string("rate_s"));
    (void)json_object_set_new(ask, "points", json_integer(61));
    assert_int_equal(recorder_objects(p->recorder, ask, BEGIN, &answer, &e), ERR_USAGE);
    (void)json_object_set_new(ask, "points", json_integer(8));
    (void)json_object_set_new(ask, "names", json_array());
    assert_int_equal(recorder_objects(p->recorder, ask, BEGIN, &answer, &e), ERR_USAGE);
    json_decref(ask);
}

/* ---- answers ---- */

static void keep_answer(struct place *p, int64_t most, const char *method, const json_t *params,
                        int64_t at)
{
    struct errbuf e;
    json_t *answer = json_pack("{s:I, s:f}", "at", (json_int_t)at, "real", 1234567.25);
    good(kept_answers_add(p->store, most, method, params, answer, at, &e), &e);
    json_decref(answer);
}

/* The moment of the answer that is told of a moment; 0: none is. */
static int64_t answer_of(struct place *p, const char *method, const json_t *params, int64_t at)
{
    struct errbuf e;
    json_t *result = NULL;
    json_t *ask =
        json_pack("{s:s, s:O*, s:I}", "method", method, "params", params, "ts_us", (json_int_t)at);
    enum err rc = kept_answers_at(p->store, ask, &result, &e);
    json_decref(ask);
    if (rc == ERR_NOT_FOUND)
        return 0;
    good(rc, &e);
    int64_t ts = int_in(result, "ts_us");
    const json_t *answer = json_object_get(result, "answer");
    assert_int_equal(int_in(answer, "at"), ts);
    assert_true(json_real_value(json_object_get(answer, "real")) == 1234567.25);
    json_decref(result);
    return ts;
}

/* Each for an hour, one of 5 minutes for a day, one of an hour for 30 days. */
static void test_answers_by_age(void **state)
{
    struct place *p = *state;
    int64_t end = BEGIN + 30 * DAY + 2 * HOUR;
    open_place(p, ENOUGH);
    for (int64_t at = BEGIN; at < end; at += at < end - 25 * HOUR ? HOUR : MINUTE)
        keep_answer(p, ENOUGH, "source.show", NULL, at);
    int64_t last = end - MINUTE;
    assert_int_equal(answer_of(p, "source.show", NULL, INT64_MAX), last);
    assert_int_equal(answer_of(p, "source.show", NULL, last - 30 * MINUTE), last - 30 * MINUTE);
    int64_t day = last - 10 * HOUR; /* 59 minutes past: of 5 minutes one is left */
    assert_int_equal(answer_of(p, "source.show", NULL, day), day - 4 * MINUTE);
    assert_int_equal(answer_of(p, "source.show", NULL, BEGIN + 9 * DAY + MINUTE), BEGIN + 9 * DAY);
    assert_int_equal(answer_of(p, "source.show", NULL, BEGIN + HOUR), 0); /* over 30 days ago */
    assert_int_equal(answer_of(p, "warehouse.show", NULL, INT64_MAX), 0);
}

static void test_answers_by_question(void **state)
{
    struct place *p = *state;
    json_t *a = json_pack("{s:s, s:i}", "name", "a", "days", 7);
    json_t *same = json_pack("{s:i, s:s}", "days", 7, "name", "a");
    json_t *b = json_pack("{s:s, s:i}", "name", "a", "days", 30);
    open_place(p, ENOUGH);
    keep_answer(p, ENOUGH, "dashboard.data", a, BEGIN);
    keep_answer(p, ENOUGH, "dashboard.data", b, BEGIN + SECOND);
    assert_int_equal(answer_of(p, "dashboard.data", same, INT64_MAX), BEGIN);
    assert_int_equal(answer_of(p, "dashboard.data", b, INT64_MAX), BEGIN + SECOND);
    keep_answer(p, ENOUGH, "dashboard.data", b, BEGIN - HOUR); /* the clock was set back */
    assert_int_equal(answer_of(p, "dashboard.data", b, INT64_MAX), BEGIN - HOUR);
    assert_int_equal(answer_of(p, "dashboard.data", a, INT64_MAX), BEGIN);
    keep_answer(p, 0, "dashboard.data", a, BEGIN + HOUR); /* turned off */
    assert_int_equal(answer_of(p, "dashboard.data", a, INT64_MAX), BEGIN);
    json_decref(a);
    json_decref(same);
    json_decref(b);
}

/* The oldest go. */
static void test_answers_are_bounded(void **state)
{
    enum { MOST = 200000, EACH = 10000, N = 100 };
    struct place *p = *state;
    struct errbuf e;
    struct store_answers_range r;
    unsigned seed = 5;
    open_place(p, ENOUGH);
    for (int i = 0; i < N; i++) {
        json_t *s = large_status(EACH, &seed);
        good(kept_answers_add(p->store, MOST, "source.show", NULL, s, BEGIN + i * SECOND, &e), &e);
        json_decref(s);
    }
    good(store_answers_get_range(p->store, &r, &e), &e);
    assert_true(r.bytes <= MOST && r.bytes > MOST - 2 * EACH);
    assert_true(r.n < N && r.oldest_us == BEGIN + (N - r.n) * SECOND);
    json_t *s = large_status(2000000, &seed); /* over what one answer may be */
    good(kept_answers_add(p->store, ENOUGH, "huge", NULL, s, BEGIN, &e), &e);
    json_decref(s);
    assert_int_equal(answer_of(p, "huge", NULL, INT64_MAX), 0);
}

static void test_answers_refuse(void **state)
{
    struct place *p = *state;
    struct errbuf e;
    json_t *result = NULL;
    open_place(p, ENOUGH);
    assert_int_equal(kept_answers_at(p->store, NULL, &result, &e), ERR_USAGE);
    json_t *params = json_pack("{s:s, s:s}", "method", "source.show", "ts_us", "noon");
    assert_int_equal(kept_answers_at(p->store, params, &result, &e), ERR_USAGE);
    json_decref(params);
}

/* ---- growth ---- */

static void test_growth(void **state)
{
    struct growth g = {.n = 0};
    (void)state;
    assert_true(isnan(growth_rate(&g, 0, 1)));
    for (int64_t s = 0; s <= 300; s++)
        growth_add(&g, s * SECOND, (double)s * 5);
    assert_true(fabs(growth_rate(&g, 300 * SECOND, 1500) - 5) < 1e-9);
    assert_true(fabs(growth_rate(&g, 310 * SECOND, 1500) - 0) < 5); /* it has stopped */
    growth_add(&g, 301 * SECOND, NAN);                              /* not known: it begins anew */
    assert_true(isnan(growth_rate(&g, 302 * SECOND, 1500)));
    growth_add(&g, 302 * SECOND, 100);
    assert_true(isnan(growth_rate(&g, 305 * SECOND, 130))); /* too short to tell */
    assert_true(fabs(growth_rate(&g, 312 * SECOND, 120) - 2) < 1e-9);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_thinning_is_exact),
        CASE(test_survives_a_restart),
        CASE(test_a_kill_loses_ten_seconds_at_most),
        CASE(test_size_is_bounded),
        CASE(test_a_huge_snapshot_is_its_figures),
        CASE(test_turned_off),
        CASE(test_at),
        CASE(test_clock_set_back),
        CASE(test_series),
        CASE(test_last_seconds),
        CASE(test_series_of_long_ago),
        CASE(test_series_refuses),
        CASE(test_range),
        CASE(test_objects),
        CASE(test_answers_by_age),
        CASE(test_answers_by_question),
        CASE(test_answers_are_bounded),
        CASE(test_answers_refuse),
        cmocka_unit_test(test_growth),
    };
    const char *only = getenv("TEST_FILTER");
    if (only)
        cmocka_set_test_filter(only);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
