#include "console/tui_link.h"

#include <stdio.h>
#include <string.h>

enum {
    BACKOFF_FIRST_US = 250000,
    BACKOFF_MAX_US = 5 * 1000000,
    SILENCE_US = 20 * 1000000, /* no answer for so long: the connection is given up */
    EVENTS_LIMIT = 1000,
};

void tui_link_init(struct tui_link *l, const char *path, int64_t now_us)
{
    *l = (struct tui_link){.path = path, .retry_us = now_us, .backoff_us = BACKOFF_FIRST_US};
}

void tui_link_close(struct tui_link *l)
{
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
    if (l->status_id || l->hello_id)
        return l->asked_us + SILENCE_US;
    return l->refresh_us;
}

/* The connection is over: what was asked will not be answered. */
static void go_away(struct tui_link *l, struct screen *s, const char *why)
{
    client_close(l->client);
    if (l->action_id)
        screen_say(s, STYLE_BROKEN, "%s: the engine went away before it answered", l->action);
    l->client = NULL;
    l->greeted = false;
    l->hello_id = l->status_id = l->events_id = l->config_id = l->action_id = 0;
    l->config_for[0] = '\0';
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
    json_decref(params);
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
    (void)send_request(l, s, "engine.hello", json_pack("{s:i}", "protocol", 1), &l->hello_id);
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
    } else if (snapshot_from_json(r->result, &n, &e) != ERR_OK) {
        screen_say(s, STYLE_BROKEN, "%s", e.text);
    } else {
        l->backoff_us = BACKOFF_FIRST_US;
        screen_take_snapshot(s, n);
    }
}

static void take_action(struct tui_link *l, struct screen *s, const struct client_reply *r)
{
    const char *state = json_string_value(json_object_get(r->result, "state"));
    if (r->code != ERR_OK)
        screen_say(s, STYLE_BROKEN, "%s: %s", l->action, r->text);
    else
        screen_say(s, STYLE_PLAIN, "%s: done%s%s", l->action, state ? ", it is " : "",
                   state ? state : "");
    l->refresh_us = s->now_us; /* and look what came of it */
}

static void take_reply(struct tui_link *l, struct screen *s, const struct client_reply *r)
{
    struct errbuf e = {0};
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
    } else if (r->id == l->config_id) {
        l->config_id = 0;
        if (r->code == ERR_OK && screen_take_config(s, r->result, &e) != ERR_OK)
            screen_say(s, STYLE_BROKEN, "%s", e.text);
    } else if (r->id == l->action_id) {
        l->action_id = 0;
        take_action(l, s, r);
    }
}

/* ---- what is due ---- */

static void ask(struct tui_link *l, struct screen *s)
{
    if (!l->status_id && s->now_us >= l->refresh_us) {
        l->asked_us = s->now_us;
        if (!send_request(l, s, "status", NULL, &l->status_id))
            return;
        json_t *params =
            json_pack("{s:I, s:i}", "after", (json_int_t)s->events.last_id, "limit", EVENTS_LIMIT);
        if (!l->events_id && !send_request(l, s, "events.list", params, &l->events_id))
            return;
    }
    const char *name = screen_wants_config(s);
    if (!name)
        l->config_for[0] = '\0';
    else if (!l->config_id && strcmp(l->config_for, name) != 0) { /* one answer, good or bad */
        (void)snprintf(l->config_for, sizeof l->config_for, "%s", name);
        (void)send_request(l, s, "connector.show", json_pack("{s:s}", "name", name), &l->config_id);
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
}

void tui_link_call(struct tui_link *l, struct screen *s, const struct effect *effect)
{
    const char *word = strchr(effect->method, '.');
    if (!l->client || !l->greeted) {
        screen_say(s, STYLE_ATTENTION, "the engine is away: nothing was asked");
        return;
    }
    if (l->action_id) {
        screen_say(s, STYLE_ATTENTION, "%s is not answered yet", l->action);
        return;
    }
    (void)snprintf(l->action, sizeof l->action, "%s %s", word ? word + 1 : effect->method,
                   effect->object);
    (void)send_request(l, s, effect->method, json_pack("{s:s}", "name", effect->object),
                       &l->action_id);
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
        if (l->greeted)
            ask(l, s);
    }
}
