/*
 * What may be changed, and asking before it is.
 *
 * A console only looks where its configuration says `role: viewer` or the engine says that people
 * only look (its own role, production), until it is elevated: the environment's name is typed, the
 * engine grants ten minutes to this connection and records it. It also only looks while the engine
 * is away or the past is on screen: what is seen there is not what would be acted on.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "views/screen_internal.h"

void effect_free(struct effect *e)
{
    json_decref(e->params);
    free(e->text);
    *e = (struct effect){.kind = EFFECT_NOTHING};
}

void effect_text(struct effect *out, enum effect_kind kind, char *text, size_t n, const char *path)
{
    *out = (struct effect){.kind = kind, .text = text, .text_len = n};
    (void)snprintf(out->path, sizeof out->path, "%s", path ? path : "");
}

const struct snapshot *screen_newest(const struct screen *s)
{
    return s->live ? s->live : s->snapshot;
}

bool screen_is_read_only(const struct screen *s)
{
    const struct snapshot *n = screen_newest(s);
    return s->viewer || (n && n->environment.looks_only);
}

bool screen_is_elevated(const struct screen *s)
{
    return s->elevated_until_us > s->now_us;
}

const char *screen_why_not(const struct screen *s)
{
    if (s->link != LINK_UP)
        return "the engine is away: nothing can be changed now";
    if (s->snapshot && s->now_us - s->data_us > SCREEN_SILENT_US)
        return "the engine is silent: what is asked now might be done much later";
    if (s->past_us)
        return "this is the past: L goes back to now, where things can be changed";
    if (screen_is_read_only(s) && !screen_is_elevated(s))
        return !s->viewer && strcmp(screen_newest(s)->environment.kind, "production") == 0
                   ? "production: this console only looks until E elevates it"
                   : "this console only looks (role: viewer): E elevates it for ten minutes";
    return NULL;
}

static bool refused(struct screen *s)
{
    const char *why = screen_why_not(s);
    if (why)
        screen_say(s, STYLE_ATTENTION, "%s", why);
    return why != NULL;
}

/* A question that an answer of the engine brings must not meet what is being typed. */
static bool typing(struct screen *s, const struct question *q)
{
    if (s->mode == MODE_BROWSE)
        return false;
    screen_say(s, STYLE_ATTENTION, "%s: not asked while you type; press its key again", q->label);
    return true;
}

void screen_confirm(struct screen *s, struct question *q)
{
    if (refused(s) || typing(s, q)) {
        json_decref(q->params);
        q->params = NULL;
        return;
    }
    json_decref(s->question.params);
    s->question = *q;
    q->params = NULL;
    s->input[0] = '\0';
    s->mode = s->question.name[0] && !s->question.twice ? MODE_TYPED : MODE_CONFIRM;
}

void screen_ask_first(struct screen *s, const struct question *q)
{
    json_decref(s->question.params);
    s->question = *q;
    s->mode = MODE_CONFIRM;
}

static void call(struct screen *s, struct effect *out, const char *method, json_t *params,
                 const char *label)
{
    *out = (struct effect){.kind = EFFECT_CALL, .method = method, .params = params};
    (void)snprintf(out->label, sizeof out->label, "%s", label);
    screen_say(s, STYLE_PLAIN, "%s: asked the engine", label);
}

void screen_call(struct screen *s, struct effect *out, const char *method, json_t *params,
                 const char *label)
{
    if (refused(s))
        json_decref(params);
    else
        call(s, out, method, params, label);
}

void screen_accept(struct screen *s, struct effect *out)
{
    struct question *q = &s->question;
    if (s->mode == MODE_CONFIRM && q->name[0]) { /* the second question */
        s->mode = MODE_TYPED;
        return;
    }
    if (s->mode == MODE_TYPED && strcmp(s->input, q->name) != 0) {
        screen_say(s, STYLE_ATTENTION, "\"%s\" is not \"%s\": nothing was done", s->input, q->name);
        screen_refuse(s);
        return;
    }
    s->mode = MODE_BROWSE;
    if (q->leave) {
        out->kind = EFFECT_LEAVE;
    } else if (q->prompt) {
        int prompt = q->prompt;
        screen_refuse(s); /* it may ask the next one */
        pane_of(s->pane)->answered(s, prompt, "y", out);
        return;
    } else if (!refused(s)) { /* it may have become so since */
        call(s, out, q->method, q->params, q->label);
        q->params = NULL;
    }
    screen_refuse(s);
}

void screen_refuse(struct screen *s)
{
    json_decref(s->question.params);
    s->question = (struct question){0};
    s->mode = MODE_BROWSE;
}

void screen_prompt(struct screen *s, int prompt, const char *label, const char *value)
{
    s->mode = MODE_PROMPT;
    s->prompt = prompt;
    (void)snprintf(s->prompt_label, sizeof s->prompt_label, "%s", label);
    (void)snprintf(s->input, sizeof s->input, "%s", value ? value : "");
}

/* ---- elevation ---- */

bool screen_can_elevate(const struct screen *s)
{
    return screen_is_read_only(s) && s->link == LINK_UP;
}

static void ask_to_elevate(struct screen *s)
{
    struct question *q = &s->question;
    const char *name = screen_newest(s)->environment.name;
    json_decref(q->params);
    *q = (struct question){.method = "engine.elevate"};
    (void)snprintf(q->label, sizeof q->label, "allow changes to %.200s for ten minutes", name);
    (void)snprintf(q->preview, sizeof q->preview,
                   "Until then every key that changes something works here. It is recorded.");
    (void)snprintf(q->name, sizeof q->name, "%s", name);
    q->params = json_pack("{s:I}", "seconds", (json_int_t)(SCREEN_ELEVATED_US / 1000000));
    s->input[0] = '\0';
    s->mode = MODE_TYPED;
}

void screen_take_elevation(struct screen *s, const struct answer *a)
{
    int64_t seconds = json_integer_value(json_object_get(a->result, "seconds"));
    if (strcmp(a->method, "engine.elevate") == 0 && a->code == ERR_OK) /* it is on record */
        s->elevated_until_us = seconds > 0 ? s->now_us + seconds * 1000000 : 0;
}

/* From the key, and from the typed name. */
void screen_elevate(struct screen *s, struct effect *out)
{
    if (s->mode != MODE_TYPED && screen_is_elevated(s)) {
        s->elevated_until_us = 0;
        call(s, out, "engine.elevate", json_pack("{s:i}", "seconds", 0), "only look again");
        return;
    }
    if (s->mode != MODE_TYPED) {
        if (screen_can_elevate(s) && screen_newest(s))
            ask_to_elevate(s);
        else if (!screen_is_read_only(s))
            screen_say(s, STYLE_PLAIN, "changes are allowed here as it is");
        else
            (void)refused(s);
        return;
    }
    struct question *q = &s->question;
    if (strcmp(s->input, q->name) == 0) {
        call(s, out, q->method, q->params, q->label);
        q->params = NULL;
    } else {
        screen_say(s, STYLE_ATTENTION, "\"%s\" is not \"%s\": nothing was done", s->input, q->name);
    }
    screen_refuse(s);
}
