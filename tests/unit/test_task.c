/* Unit tests of the supervisor: what the end of a run means, and what each request does in each
 * state. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <time.h>

#include "backend/base/clock.h"
#include "backend/engine/task.h"

struct script {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool stop;
    bool deaf;        /* it does not end yet, though it was told */
    _Atomic int next; /* what a run returns at once; ERR_COUNT: it works until stopped */
    _Atomic int runs;
    struct figures figures;
    struct task *task;
};

static enum err run(void *arg, struct errbuf *e)
{
    struct script *s = arg;
    (void)atomic_fetch_add(&s->runs, 1);
    if (s->next != ERR_COUNT)
        return s->next ? err_set(e, (enum err)s->next, "scripted") : ERR_OK;
    task_detail(s->task, true, "working");
    (void)pthread_mutex_lock(&s->mutex);
    while (!s->stop || s->deaf)
        (void)pthread_cond_wait(&s->changed, &s->mutex);
    s->stop = false;
    (void)pthread_mutex_unlock(&s->mutex);
    return ERR_OK;
}

static void stop(void *arg)
{
    struct script *s = arg;
    (void)pthread_mutex_lock(&s->mutex);
    s->stop = true;
    (void)pthread_cond_broadcast(&s->changed);
    (void)pthread_mutex_unlock(&s->mutex);
}

static void listen_again(struct script *s)
{
    (void)pthread_mutex_lock(&s->mutex);
    s->deaf = false;
    (void)pthread_cond_broadcast(&s->changed);
    (void)pthread_mutex_unlock(&s->mutex);
}

static struct script *make_with(enum err next, int budget)
{
    static struct script s;
    s = (struct script){
        .mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER, .next = (int)next};
    struct task_options o = {.name = "t",
                             .run = run,
                             .stop = stop,
                             .arg = &s,
                             .figures = &s.figures,
                             .budget = budget,
                             .budget_us = 60000000,
                             .backoff_us = 1000,
                             .backoff_max_us = 4000};
    struct errbuf e;
    assert_int_equal(task_create(&o, &s.task, &e), ERR_OK);
    return &s;
}

static struct script *make(enum err next)
{
    return make_with(next, 3);
}

/* Waits for a state: up to 5 s. */
static void expect_state(struct script *s, enum task_state want)
{
    struct task_view v;
    int64_t until = clock_mono_us() + 5000000;
    do {
        task_view_get(s->task, &v);
        if (v.state == want)
            return;
        const struct timespec t = {.tv_nsec = 1000000};
        (void)nanosleep(&t, NULL);
    } while (clock_mono_us() < until);
    fail_msg("state is %s, not %s", task_state_word(v.state), task_state_word(want));
}

static void expect_detail(struct script *s, const char *want)
{
    struct task_view v;
    task_view_get(s->task, &v);
    assert_string_equal(v.detail, want);
}

/* A wait of less than a second is one: the rest of a stop's time is seldom a whole number. */
static void test_wait_of_a_fraction(void **state)
{
    (void)state;
    struct script *s = make(ERR_COUNT);
    task_start(s->task);
    expect_state(s, TASK_RUNNING);
    int64_t began = clock_mono_us();
    assert_int_equal(task_wait_ended(s->task, 50000), ERR_TIMEOUT);
    assert_true(clock_mono_us() - began >= 50000);
    task_destroy(s->task);
}

static void test_start_pause_resume_stop(void **state)
{
    (void)state;
    struct script *s = make(ERR_COUNT);
    expect_state(s, TASK_STOPPED);
    task_start(s->task);
    expect_state(s, TASK_RUNNING);
    expect_detail(s, "working");
    task_pause(s->task);
    expect_state(s, TASK_PAUSED);
    expect_detail(s, ""); /* it is at nothing any more */
    task_start(s->task);
    expect_state(s, TASK_RUNNING);
    assert_int_equal(s->runs, 2);
    task_stop(s->task);
    expect_state(s, TASK_STOPPED);
    assert_int_equal(task_wait_ended(s->task, 1000000), ERR_OK);
    task_pause(s->task);
    expect_state(s, TASK_PAUSED);
    task_destroy(s->task);
}

static void test_restart_runs_again(void **state)
{
    (void)state;
    struct script *s = make(ERR_COUNT);
    task_start(s->task);
    expect_state(s, TASK_RUNNING);
    s->deaf = true; /* the old run goes on until .. */
    task_restart(s->task);
    expect_state(s, TASK_STOPPING); /* .. and is not taken for the new one */
    listen_again(s);
    int64_t until = clock_mono_us() + 5000000;
    while (s->runs < 2 && clock_mono_us() < until)
        ;
    expect_state(s, TASK_RUNNING);
    assert_int_equal(s->runs, 2);
    task_destroy(s->task);
}

static void test_outage_retries_until_it_works(void **state)
{
    (void)state;
    struct script *s = make(ERR_CONNECT);
    task_start(s->task);
    int64_t until = clock_mono_us() + 5000000;
    while (s->runs < 10 && clock_mono_us() < until)
        ;
    assert_true(s->runs >= 10); /* more than the budget: an outage has none */
    s->next = ERR_COUNT;
    expect_state(s, TASK_RUNNING);
    struct task_view v;
    task_view_get(s->task, &v);
    assert_string_equal(v.last_error, "scripted");
    assert_int_equal(v.last_code, ERR_CONNECT);
    assert_true(s->figures.errors >= 10);
    task_destroy(s->task);
}

static void test_fault_uses_up_the_budget(void **state)
{
    (void)state;
    struct script *s = make(ERR_INTERNAL);
    task_start(s->task);
    expect_state(s, TASK_FAILED);
    assert_int_equal(s->runs, 4); /* once, and three more tries */
    task_start(s->task);
    expect_state(s, TASK_FAILED);
    task_destroy(s->task);
}

static void test_no_budget_has_no_end(void **state)
{
    (void)state;
    struct script *s = make_with(ERR_INTERNAL, 0);
    task_start(s->task);
    int64_t until = clock_mono_us() + 5000000;
    while (s->runs < 10 && clock_mono_us() < until)
        ;
    assert_true(s->runs >= 10);
    s->next = ERR_COUNT;
    expect_state(s, TASK_RUNNING);
    task_destroy(s->task);
}

static void test_configuration_fails_at_once(void **state)
{
    (void)state;
    static const enum err hopeless[] = {ERR_CONFIG, ERR_LOST, ERR_FENCED, ERR_DATA};
    for (size_t i = 0; i < sizeof hopeless / sizeof hopeless[0]; i++) {
        struct script *s = make(hopeless[i]);
        task_start(s->task);
        expect_state(s, TASK_FAILED);
        assert_int_equal(s->runs, 1);
        task_pause(s->task);
        expect_state(s, TASK_PAUSED);
        task_destroy(s->task);
    }
}

static void test_pause_while_retrying(void **state)
{
    (void)state;
    struct script *s = make(ERR_CONNECT);
    task_start(s->task);
    int64_t until = clock_mono_us() + 5000000;
    while (s->runs < 3 && clock_mono_us() < until)
        ;
    task_pause(s->task);
    expect_state(s, TASK_PAUSED);
    assert_int_equal(task_wait_ended(s->task, 5000000), ERR_OK);
    int runs = s->runs;
    expect_state(s, TASK_PAUSED);
    assert_int_equal(s->runs, runs);
    task_destroy(s->task);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_start_pause_resume_stop),
        cmocka_unit_test(test_wait_of_a_fraction),
        cmocka_unit_test(test_restart_runs_again),
        cmocka_unit_test(test_outage_retries_until_it_works),
        cmocka_unit_test(test_fault_uses_up_the_budget),
        cmocka_unit_test(test_no_budget_has_no_end),
        cmocka_unit_test(test_configuration_fails_at_once),
        cmocka_unit_test(test_pause_while_retrying),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
