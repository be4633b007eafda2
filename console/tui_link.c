#include "console/tui_link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BACKOFF_FIRST_US = 250000,
    BACKOFF_MAX_US = 5 * 1000000,
    SILENCE_US = 20 * 1000000, /* no answer for so long: the connection is given up */
};

void tui_link_init(struct tui_link *l, const char *path, int64_t now_us)
{
    *l = (struct tui_link){
        .path = path, .retry_us = now_us, .backoff_us = BACKOFF_FIRST_US, .slow_us = INT64_MAX};
}

static void forget_ask(struct tui_link *l, int i)
{
    free(l->asks[i].key);
    json_decref(l->asks[i].params);
    memset(&l->asks[i], 0, sizeof l->asks[i]);
}

void tui_link_close(struct tui_link *l)
{
    for (int i = 0; i < LINK_ASKS; i++)
        forget_ask(l, i);
    tui_actions_forget(&l->actions);
    client_close(l->client);
    l->client = NULL;
}

int tui_link_fd(const struct tui_link *l)
{
    return l->client ? client_fd(l->client) : -1;
}

short tui_link_events(const struct tui_link *l)
{
    return l->client ? client_events(l->client) : 0;
}

int64_t tui_link_deadline_us(const struct tui_link *l)
{
    if (!l->client)
        return l->retry_us;
    int64_t at = l->status_id || l->hello_id ? l->asked_us + SILENCE_US : l->refresh_us;
    for (int i = 0; i < LINK_ASKS; i++)
        if (l->asks[i].key && !l->asks[i].id && l->asks[i].due_us < at)
            at = l->asks[i].due_us;
    return l->slow_us < at ? l->slow_us : at;
}

bool tui_link_idle(const struct tui_link *l)
{
    bool open = l->status_id || l->events_id || l->hello_id || !tui_actions_idle(&l->actions);
    for (int i = 0; i < LINK_ASKS; i++)
        open = open || l->asks[i].id;
    return !open;
}

/* The connection is over: what was asked will not be answered. */
static void go_away(struct tui_link *l, struct screen *s, const char *why)
{
    char words[ERRBUF_TEXT_MAX];
    client_close(l->client);
    if (tui_actions_words(&l->actions, INT64_MAX, words, sizeof words))
        screen_say(s, STYLE_BROKEN,
                   "%s: the engine went away before it answered: it may still be done", words);
    tui_actions_forget(&l->actions);
    l->slow_us = INT64_MAX;
    for (int i = 0; i < LINK_ASKS; i++)
        forget_ask(l, i);
    l->client = NULL;
    l->greeted = false;
    l->hello_id = l->status_id = l->events_id = 0;
    l->retry_us = s->now_us + l->backoff_us;
    l->backoff_us = l->backoff_us * 2 < BACKOFF_MAX_US ? l->backoff_us * 2 : BACKOFF_MAX_US;
    screen_set_link(s, LINK_AWAY, l->retry_us, why);
}

/* Sends; false (and away) when it cannot. */
static bool send_request(struct tui_link *l, struct screen *s, const char *method, json_t *params,
                         int64_t *id)
{
    struct errbuf e;
    enum err rc = client_send(l->client, method, params, id, &e);
    if (rc == ERR_OK)
        return true;
    *id = 0;
    go_away(l, s, e.text);
    return false;
}

static void connect_now(struct tui_link *l, struct screen *s)
{
    struct errbuf e;
    if (client_open(l->path, &l->client, &e) != ERR_OK) {
        go_away(l, s, e.text);
        return;
    }
    l->asked_us = s->now_us;
    json_t *params = json_pack("{s:i}", "protocol", 1);
    (void)send_request(l, s, "engine.hello", params, &l->hello_id);
    json_decref(params);
}

/* ---- answers ---- */

static void take_hello(struct tui_link *l, struct screen *s, const struct client_reply *r)
{
    if (r->code != ERR_OK) {
        go_away(l, s, r->text);
        return;
    }
    int64_t pid = json_integer_value(json_object_get(r->result, "pid"));
    if (pid != l->engine_pid)
        screen_forget_events(s);
    l->engine_pid = pid;
    l->greeted = true;
    l->refresh_us = s->now_us;
}

static void take_status(struct tui_link *l, struct screen *s, const struct client_reply *r)
{
    struct snapshot *n;
    struct errbuf e;
    l->refresh_us = l->asked_us + LINK_REFRESH_US;
    if (l->refresh_us < s->now_us)
        l->refresh_us = s->now_us;
    if (r->code != ERR_OK) {
        screen_say(s, STYLE_BROKEN, "status: %s", r->text);
        l->refresh_us = s->now_us + LINK_REFRESH_US;
    } else if (snapshot_from_text(r->raw, r->raw_n, &n, &e) != ERR_OK) {
        screen_say(s, STYLE_BROKEN, "%s", e.text);
    } else {
        l->backoff_us = BACKOFF_FIRST_US;
        screen_take_snapshot(s, n);
    }
}

static void take_action(struct tui_link *l, struct screen *s, struct tui_action *action,
                        const struct client_reply *r)
{
    struct tui_action taken = *action;
    const struct answer a = {taken.method, taken.params, r->code, r->result, r->text};
    action->params = NULL;
    tui_action_forget(action);
    screen_take_answer(s, &a, taken.label);
    tui_action_forget(&taken);
    l->refresh_us = s->now_us; /* and look what came of it */
    for (int i = 0; i < LINK_ASKS; i++)
        l->asks[i].due_us = l->asks[i].due_us == INT64_MAX ? INT64_MAX : s->now_us;
}

static void take_ask(struct tui_link *l, struct screen *s, const struct client_reply *r)
{
    for (int i = 0; i < LINK_ASKS; i++) {
        if (!l->asks[i].id || l->asks[i].id != r->id)
            continue;
        const struct answer a = {l->asks[i].method, l->asks[i].params, r->code, r->result, r->text};
        l->asks[i].id = 0;
        screen_take_answer(s, &a, NULL);
        return;
    }
}

static void take_reply(struct tui_link *l, struct screen *s, const struct client_reply *r)
{
    struct errbuf e = {0};
    struct tui_action *action = tui_actions_find(&l->actions, r->id);
    if (r->id == l->hello_id) {
        l->hello_id = 0;
        take_hello(l, s, r);
    } else if (r->id == l->status_id) {
        l->status_id = 0;
        take_status(l, s, r);
    } else if (r->id == l->events_id) {
        l->events_id = 0;
        if (r->code == ERR_OK && screen_take_events(s, r->result, &e) != ERR_OK)
            screen_say(s, STYLE_BROKEN, "%s", e.text);
    } else if (action) {
        take_action(l, s, action, r);
    } else {
        take_ask(l, s, r);
    }
}

/* ---- what is due ---- */

/* The slot of what is wanted; a new one where it is. Takes want->params. */
static int ask_slot(struct tui_link *l, struct screen *s, struct ask *want)
{
    char *params = want->params ? json_dumps(want->params, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    char *key = NULL;
    int slot = -1;
    if (asprintf(&key, "%s %s", want->method, params ? params : "") < 0)
        key = NULL;
    free(params);
    for (int i = 0; key && i < LINK_ASKS; i++)
        if (l->asks[i].key && strcmp(l->asks[i].key, key) == 0)
            slot = i;
    if (slot >= 0 || !key) {
        free(key);
        json_decref(want->params);
        return slot;
    }
    for (int i = 0; i < LINK_ASKS && slot < 0; i++)
        if (!l->asks[i].key)
            slot = i;
    if (slot < 0) {
        free(key);
        json_decref(want->params);
        return -1;
    }
    l->asks[slot].key = key;
    l->asks[slot].method = want->method;
    l->asks[slot].params = want->params;
    l->asks[slot].due_us = s->now_us;
    return slot;
}

/* Asks what the screen wants and is due; forgets what it no longer wants. */
static void ask_wanted(struct tui_link *l, struct screen *s)
{
    struct ask want;
    for (int i = 0; i < LINK_ASKS; i++)
        l->asks[i].wanted = false;
    for (int i = 0; screen_ask(s, i, &want); i++) {
        int64_t every_us = want.every_us;
        int k = ask_slot(l, s, &want);
        if (k < 0)
            continue;
        l->asks[k].wanted = true;
        if (l->asks[k].id || s->now_us < l->asks[k].due_us)
            continue;
        l->asks[k].due_us = every_us ? s->now_us + every_us : INT64_MAX;
        if (!send_request(l, s, l->asks[k].method, l->asks[k].params, &l->asks[k].id))
            return;
    }
    for (int i = 0; i < LINK_ASKS; i++) /* an answer that nobody waits for is dropped */
        if (l->asks[i].key && !l->asks[i].wanted)
            forget_ask(l, i);
}

static void ask(struct tui_link *l, struct screen *s)
{
    if (!l->status_id && s->now_us >= l->refresh_us) {
        l->asked_us = s->now_us;
        if (!send_request(l, s, "status", NULL, &l->status_id))
            return;
        client_want_text(l->client, l->status_id);
        json_t *params =
            json_pack("{s:I, s:i}", "after", (json_int_t)s->events.last_id, "limit", EVENTS_PAGE);
        bool sent = l->events_id || send_request(l, s, "events.list", params, &l->events_id);
        json_decref(params);
        if (!sent)
            return;
    }
    ask_wanted(l, s);
}

/* Which orders still wait: in the message line, where nothing else stands in it. */
static void say_slow(struct tui_link *l, struct screen *s)
{
    char words[ERRBUF_TEXT_MAX - 32];
    if (s->now_us < l->slow_us)
        return;
    bool ours =
        !s->message[0] || s->now_us >= s->message_until_us || strcmp(s->message, l->slow_said) == 0;
    if (!ours) {
        l->slow_us = s->message_until_us;
        return;
    }
    if (tui_actions_words(&l->actions, s->now_us - ACTIONS_SLOW_US, words, sizeof words)) {
        (void)snprintf(l->slow_said, sizeof l->slow_said, "still waits for: %s", words);
        screen_say(s, STYLE_ATTENTION, "%s", l->slow_said);
        l->slow_us = s->message_until_us;
    } else {
        l->slow_us = tui_actions_slow_us(&l->actions, s->now_us);
    }
}

void tui_link_step(struct tui_link *l, struct screen *s)
{
    struct errbuf e;
    struct client_reply r;
    if (!l->client) {
        if (s->now_us >= l->retry_us)
            connect_now(l, s);
        return;
    }
    enum err rc = client_pump(l->client, &e);
    while (l->client && client_take(l->client, &r)) {
        take_reply(l, s, &r);
        json_decref(r.result);
    }
    if (!l->client)
        return;
    if (rc != ERR_OK)
        go_away(l, s, e.text);
    else if ((l->status_id || l->hello_id) && s->now_us - l->asked_us >= SILENCE_US)
        go_away(l, s, "the engine takes requests but does not answer");
    else if (l->greeted)
        ask(l, s);
    say_slow(l, s);
}

void tui_link_call(struct tui_link *l, struct screen *s, struct effect *effect)
{
    char why[ERRBUF_TEXT_MAX];
    if (!l->client || !l->greeted) {
        screen_say(s, STYLE_ATTENTION, "the engine is away: nothing was asked");
        return;
    }
    struct tui_action *a = tui_actions_add(&l->actions, effect, s->now_us, why, sizeof why);
    if (!a) {
        screen_say(s, STYLE_ATTENTION, "%s", why);
        return;
    }
    int64_t id;
    if (!send_request(l, s, a->method, a->params, &id))
        return; /* all is forgotten */
    a->id = id;
    if (s->now_us + ACTIONS_SLOW_US < l->slow_us)
        l->slow_us = s->now_us + ACTIONS_SLOW_US;
}

void tui_link_reconnect(struct tui_link *l, struct screen *s)
{
    bool silent =
        l->client && (l->status_id || l->hello_id) && s->now_us - l->asked_us > SCREEN_FRESH_US;
    l->backoff_us = BACKOFF_FIRST_US;
    if (silent)
        go_away(l, s, "asking again");
    if (!l->client) {
        l->retry_us = s->now_us;
        tui_link_step(l, s);
    } else {
        l->refresh_us = s->now_us;
        for (int i = 0; i < LINK_ASKS; i++) /* but what is asked once is not asked twice */
            if (l->asks[i].key && l->asks[i].due_us != INT64_MAX)
                l->asks[i].due_us = s->now_us;
        if (l->greeted)
            ask(l, s);
    }
}
