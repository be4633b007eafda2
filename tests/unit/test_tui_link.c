/* The console's orders to the engine: side by side where they are about different objects, and what
 * takes long says so. Against a control server whose slow method goes on until it is let go. */
#include "tests/unit/screen_help.h"

#include <poll.h>
#include <stdatomic.h>
#include <unistd.h>

#include "backend/base/clock.h"
#include "backend/serve/control.h"
#include "console/tui_link.h"

enum { WAIT_US = 20 * 1000000 };

static char dir[32];
static char path[64];
static atomic_bool let_go;

static enum err hello(void *arg, const struct control_peer *peer, const json_t *params,
                      json_t **result, struct errbuf *e)
{
    (void)arg, (void)peer, (void)params, (void)e;
    *result = json_pack("{s:i}", "pid", 1);
    return ERR_OK;
}

static enum err status(void *arg, const struct control_peer *peer, const json_t *params,
                       json_t **result, struct errbuf *e)
{
    (void)arg, (void)peer, (void)params, (void)e;
    *result = fake_snapshot();
    return ERR_OK;
}

static enum err none(void *arg, const struct control_peer *peer, const json_t *params,
                     json_t **result, struct errbuf *e)
{
    (void)arg, (void)peer, (void)params, (void)e;
    *result = json_object();
    return ERR_OK;
}

static enum err slow(void *arg, const struct control_peer *peer, const json_t *params,
                     json_t **result, struct errbuf *e)
{
    while (!let_go)
        (void)poll(NULL, 0, 1);
    return none(arg, peer, params, result, e);
}

static const struct control_method methods[] = {
    {"engine.hello", hello, CONTROL_READS},
    {"status", status, CONTROL_READS},
    {"events.list", none, CONTROL_READS},
    {"connector.show", none, CONTROL_READS},
    {"topic.produce", none, CONTROL_MUTATES},
    {"connector.delete", slow, CONTROL_MUTATES | CONTROL_WAITS},
};

struct world {
    struct control_server *server;
    struct tui_link link;
    struct screen s;
};

static void open_world(struct world *w)
{
    struct errbuf e;
    const struct control_options o = {
        .path = path, .methods = methods, .method_count = sizeof methods / sizeof methods[0]};
    let_go = false;
    assert_int_equal(control_server_start(&o, &w->server, &e), ERR_OK);
    assert_int_equal(screen_init(&w->s, 24, 100, GLYPHS_BRAILLE, false, &e), ERR_OK);
    w->s.now_us = 1000000;
    tui_link_init(&w->link, path, w->s.now_us);
}

static void close_world(struct world *w)
{
    let_go = true;
    tui_link_close(&w->link);
    control_server_stop(w->server);
    screen_free(&w->s);
}

/* Steps, with the screen's clock held still, until the message line says so. */
static void until_said(struct world *w, const char *words)
{
    int64_t deadline = clock_mono_us() + WAIT_US;
    while (!strstr(w->s.message, words)) {
        if (clock_mono_us() > deadline)
            fail_msg("\"%s\" is said, not \"%s\"", w->s.message, words);
        struct pollfd fd = {.fd = tui_link_fd(&w->link), .events = tui_link_events(&w->link)};
        (void)poll(&fd, 1, 10);
        tui_link_step(&w->link, &w->s);
    }
}

static void until_up(struct world *w)
{
    int64_t deadline = clock_mono_us() + WAIT_US;
    while (!w->s.snapshot) {
        assert_true(clock_mono_us() < deadline);
        (void)poll(NULL, 0, 1);
        tui_link_step(&w->link, &w->s);
    }
}

static void order(struct world *w, const char *method, const char *name)
{
    struct effect e = {.kind = EFFECT_CALL, .method = method};
    e.params = json_pack("{s:s}", "name", name);
    (void)snprintf(e.label, sizeof e.label, "%s %s", strchr(method, '.') + 1, name);
    tui_link_call(&w->link, &w->s, &e);
    effect_free(&e);
}

static void test_side_by_side(void **state)
{
    (void)state;
    struct world w = {.server = NULL};
    open_world(&w);
    until_up(&w);
    order(&w, "connector.delete", "a");
    order(&w, "topic.produce", "a"); /* of that name too, but another object */
    until_said(&w, "produce a: done");
    order(&w, "connector.delete", "b");
    order(&w, "connector.delete", "a");
    assert_string_equal(w.s.message, "delete a is not answered yet: delete a was not asked");
    assert_false(tui_link_idle(&w.link));
    w.s.message[0] = '\0';
    w.s.now_us += ACTIONS_SLOW_US - 1;
    tui_link_step(&w.link, &w.s);
    assert_string_equal(w.s.message, "");
    assert_true(tui_link_deadline_us(&w.link) <= w.s.now_us + 1);
    w.s.now_us += 1;
    tui_link_step(&w.link, &w.s);
    assert_string_equal(w.s.message, "still waits for: delete a, and 1 more");
    let_go = true;
    until_said(&w, "delete b: done"); /* in the engine's order: a before it */
    order(&w, "connector.delete", "a");
    until_said(&w, "delete a: done");
    close_world(&w);
}

/* Nothing that was asked is forgotten without a word. */
static void test_engine_goes_away(void **state)
{
    (void)state;
    struct world w = {.server = NULL};
    open_world(&w);
    until_up(&w);
    order(&w, "connector.delete", "a");
    order(&w, "connector.delete", "b");
    order(&w, "connector.delete", "c");
    tui_link_reconnect(&w.link, &w.s);
    w.s.now_us += 25 * 1000000; /* the status that was asked has had no answer */
    tui_link_reconnect(&w.link, &w.s);
    assert_non_null(strstr(w.s.message, "delete a, and 2 more: the engine went away"));
    assert_true(tui_actions_idle(&w.link.actions));
    close_world(&w);
}

/* ---- the table ---- */

static struct tui_action *add(struct tui_actions *t, const char *method, json_t *params, char *why)
{
    struct effect e = {.kind = EFFECT_CALL, .method = method, .params = params, .label = "it"};
    struct tui_action *a = tui_actions_add(t, &e, 0, why, 256);
    effect_free(&e);
    return a;
}

static void test_one_order_an_object(void **state)
{
    (void)state;
    struct tui_actions t = {{{.id = 0}}};
    char why[256];
    struct tui_action *a = add(&t, "dag.cancel", json_pack("{s:i}", "run", 7), why);
    assert_string_equal(a->object, "dag run 7");
    a->id = 1;
    assert_null(add(&t, "dag.clear", json_pack("{s:i}", "run", 7), why));
    a = add(&t, "warehouse.cancel", json_pack("{s:s}", "id", "7"), why);
    assert_string_equal(a->object, "warehouse 7");
    a->id = 2;
    a = add(&t, "engine.elevate", NULL, why);
    assert_string_equal(a->object, "engine ");
    a->id = 3;
    for (int i = 3; i < ACTIONS_MAX; i++)
        add(&t, "dag.cancel", json_pack("{s:i}", "run", 100 + i), why)->id = 100 + i;
    assert_null(add(&t, "dag.cancel", json_pack("{s:i}", "run", 99), why));
    assert_string_equal(why, "16 orders are not answered yet: it was not asked");
    assert_ptr_equal(tui_actions_find(&t, 3), a);
    assert_null(tui_actions_find(&t, 0));
    tui_action_forget(a);
    assert_null(tui_actions_find(&t, 3));
    assert_non_null(add(&t, "dag.cancel", json_pack("{s:i}", "run", 99), why));
    tui_actions_forget(&t);
    assert_true(tui_actions_idle(&t));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_side_by_side),
        cmocka_unit_test(test_engine_goes_away),
        cmocka_unit_test(test_one_order_an_object),
    };
    (void)snprintf(dir, sizeof dir, "/tmp/fd-link-XXXXXX");
    if (!mkdtemp(dir))
        return 1;
    (void)snprintf(path, sizeof path, "%s/s", dir);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    char lock[80];
    (void)snprintf(lock, sizeof lock, "%s.lock", path);
    (void)unlink(lock);
    (void)rmdir(dir);
    return failed;
}
