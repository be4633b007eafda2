/*
 * The screen held still, and the past.
 *
 * The engine records its snapshots; `recorder.at` gives the one at or before a moment. While one of
 * those is shown, the newest one waits in s->live and everything that draws from the snapshot shows
 * the past: panes need not know. Times are the engine's wall clock.
 */
#include <stdio.h>
#include <string.h>

#include "views/screen_internal.h"
#include "views/topic_from.h"

static const int64_t STEP_US = 10 * INT64_C(1000000);
static const int64_t LEAP_US = 600 * INT64_C(1000000);

bool screen_is_held(const struct screen *s)
{
    return s->frozen || s->past_us;
}

bool screen_is_still(const struct screen *s)
{
    return s->frozen && !s->past_us;
}

int64_t screen_shown_now_us(const struct screen *s)
{
    return screen_is_still(s) ? s->held_us : s->now_us;
}

bool screen_time_ask(const struct screen *s, struct ask *out)
{
    if (!s->past_us)
        return false;
    *out = (struct ask){.method = "recorder.at",
                        .params = json_pack("{s:I, s:b}", "ts_us", (json_int_t)s->past_us,
                                            "or_oldest", (int)s->or_oldest)};
    return true;
}

static void go_live(struct screen *s)
{
    s->frozen = false;
    s->past_us = s->shown_us = s->next_us = 0;
    if (s->live) {
        snapshot_free(s->snapshot);
        s->snapshot = s->live;
        s->live = NULL;
    }
    screen_update_tables(s);
}

static void hold(struct screen *s)
{
    s->frozen = true;
    s->held_us = s->now_us;
    s->held_event = s->events.last_id;
    s->held = s->history;
}

static void show_past(struct screen *s, struct snapshot *n, const json_t *answer)
{
    json_t *next = json_object_get(answer, "next_us");
    if (!s->live)
        s->live = s->snapshot;
    else
        snapshot_free(s->snapshot);
    s->snapshot = n;
    s->shown_us = json_integer_value(json_object_get(answer, "ts_us"));
    s->next_us = json_is_integer(next) ? json_integer_value(next) : 0;
    if (s->shown_us > s->past_us) { /* there is none before it */
        s->past_us = s->shown_us;
        screen_say(s, STYLE_PLAIN, "the record begins here");
    }
    screen_update_tables(s);
}

bool screen_time_take(struct screen *s, const struct answer *a)
{
    struct snapshot *n;
    struct errbuf e;
    if (strcmp(a->method, "recorder.at") != 0)
        return false;
    json_t *asked = json_object_get(a->params, "ts_us");
    if (!s->past_us || json_integer_value(asked) != s->past_us)
        return true; /* the person has gone on */
    if (a->code != ERR_OK) {
        screen_say(s, STYLE_ATTENTION, "no record of that time: %s", a->text);
        if (s->shown_us)
            s->past_us = s->shown_us;
        else
            go_live(s);
    } else if (snapshot_from_json(json_object_get(a->result, "snapshot"), &n, &e) != ERR_OK) {
        screen_say(s, STYLE_BROKEN, "%s", e.text);
        go_live(s);
    } else {
        show_past(s, n, a->result);
    }
    return true;
}

/* The engine's wall clock of now; 0, and said: there is none. */
static int64_t newest_us(struct screen *s)
{
    const struct snapshot *newest = screen_newest(s);
    if (newest && newest->now_us != UNKNOWN_INT && s->link == LINK_UP)
        return newest->now_us;
    screen_say(s, STYLE_ATTENTION, "the record is the engine's: there is none without it");
    return 0;
}

static void step(struct screen *s, int64_t by)
{
    int64_t now_us = newest_us(s);
    if (!now_us)
        return;
    int64_t from = s->past_us ? s->past_us : s->shown_us ? s->shown_us : s->snapshot->now_us;
    int64_t to = from + by;
    if (by > 0 && s->next_us > to) /* over a gap in the record */
        to = s->next_us;
    if (!s->past_us && by > 0)
        to = now_us;
    if (to >= now_us) {
        go_live(s);
        return;
    }
    s->past_us = to;
    s->or_oldest = by < 0;
}

/* "18:05", the last one that was; 0: it is none. */
static int64_t time_of_day(const char *text, int64_t now_us)
{
    static const int64_t day_us = 86400 * INT64_C(1000000);
    char today[UNIT_TEXT_MAX], whole[64];
    struct topic_from from;
    (void)snprintf(whole, sizeof whole, "%.10s %.30s", unit_day(now_us, today, sizeof today), text);
    if (!topic_from_parse_utc(whole, now_us / 1000, &from) || from.kind != TOPIC_FROM_TIME)
        return 0;
    int64_t us = from.value * 1000;
    return us > now_us ? us - day_us : us;
}

void screen_time_go(struct screen *s, const char *text)
{
    struct topic_from from;
    int64_t now_us = newest_us(s);
    int64_t us = now_us ? time_of_day(text, now_us) : 0;
    if (!now_us)
        return;
    if (!us && topic_from_parse_utc(text + (*text == '-'), now_us / 1000, &from) &&
        from.kind == TOPIC_FROM_TIME)
        us = from.value * 1000;
    if (us <= 0)
        screen_say(s, STYLE_ATTENTION,
                   "\"%s\" is no time: 18:05, -2h (s, m, h, d), 2026-11-28 18:05, all UTC", text);
    else if (us >= now_us)
        screen_say(s, STYLE_ATTENTION, "%s is not over yet: L is now", text);
    else {
        s->past_us = us;
        s->or_oldest = false;
    }
}

static void ask_time(struct screen *s)
{
    char value[UNIT_TEXT_MAX] = "";
    if (newest_us(s))
        screen_prompt(s, PROMPT_AT, "go to (18:05, -2h, 2026-11-28 18:05; UTC)",
                      s->shown_us ? unit_day(s->shown_us, value, sizeof value) : "");
}

void screen_time_act(struct screen *s, enum action a)
{
    switch (a) {
    case ACTION_EARLIER:
        step(s, -STEP_US);
        break;
    case ACTION_LATER:
        step(s, STEP_US);
        break;
    case ACTION_MUCH_EARLIER:
        step(s, -LEAP_US);
        break;
    case ACTION_MUCH_LATER:
        step(s, LEAP_US);
        break;
    case ACTION_AT:
        ask_time(s);
        break;
    case ACTION_FREEZE:
        if (screen_is_held(s))
            go_live(s);
        else if (s->snapshot)
            hold(s);
        break;
    default:
        go_live(s);
    }
}

bool screen_time_words(const struct screen *s, char *out, size_t n)
{
    char text[UNIT_TEXT_MAX];
    if (s->past_us && s->shown_us)
        (void)snprintf(out, n, "recorded %s UTC%s", unit_day(s->shown_us, text, sizeof text),
                       s->snapshot && s->snapshot->trimmed ? ", in figures only" : "");
    else if (s->past_us)
        (void)snprintf(out, n, "asking for the record");
    else if (s->frozen)
        (void)snprintf(out, n, "held %s",
                       unit_age((s->now_us - s->held_us) / 1000000, text, sizeof text));
    else
        return false;
    return true;
}
