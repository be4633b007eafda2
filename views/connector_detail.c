/* One connector: figures, tasks with traces, position, dead letters with reason, configuration. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "views/connector_internal.h"

enum { DEAD_SHOWN = 20, DEAD_BYTES = 512 };

static const int64_t LOOK_US = 5000000, POSITION_US = 2000000, DEAD_US = 10000000;

void connector_detail_forget(struct connectors_state *st)
{
    json_decref(st->shown);
    json_decref(st->offsets);
    json_decref(st->dead);
    st->shown = st->offsets = st->dead = NULL;
    st->dead_error[0] = '\0';
    connector_config_free(&st->config);
}

/* ---- asking ---- */

static const char *dead_topic(const struct connectors_state *st)
{
    return json_string_value(json_object_get(st->shown, "dead_letter_topic"));
}

bool connector_detail_ask(const struct screen *s, int i, struct ask *out)
{
    if (!s->detail || i > 2)
        return false;
    const struct connectors_state *st = connectors_state(s);
    const char *topic = dead_topic(st);
    if (screen_is_still(s) && st->shown && st->offsets)
        return false;
    if (i < 2) {
        out->method = i ? "connector.offsets" : "connector.show";
        out->params = json_pack("{s:s}", "name", s->object);
        out->every_us = i ? POSITION_US : LOOK_US;
        return true;
    }
    if (!topic)
        return false;
    *out = (struct ask){.method = "topic.messages",
                        .params = json_pack("{s:s, s:i, s:i}", "name", topic, "limit", DEAD_SHOWN,
                                            "bytes", DEAD_BYTES),
                        .every_us = DEAD_US};
    return true;
}

static void keep(json_t **place, const json_t *result)
{
    json_decref(*place);
    *place = json_deep_copy(result);
}

static void take_dead(struct connectors_state *st, const struct answer *a)
{
    if (a->code == ERR_OK)
        keep(&st->dead, json_object_get(a->result, "messages"));
    /* the topic is made with the first dead letter */
    bool none = a->code == ERR_OK || a->code == ERR_NOT_FOUND;
    (void)snprintf(st->dead_error, sizeof st->dead_error, "%s", none ? "" : a->text);
    if (a->code == ERR_NOT_FOUND)
        keep(&st->dead, NULL);
    if (!st->dead && none)
        st->dead = json_array();
}

static void take_shown(struct screen *s, struct connectors_state *st, const struct answer *a)
{
    struct errbuf e;
    keep(&st->shown, a->result);
    connector_config_free(&st->config);
    if (connector_config_from_json(a->result, &st->config, &e) != ERR_OK)
        screen_say(s, STYLE_BROKEN, "%s", e.text);
}

void connector_detail_take(struct screen *s, const struct answer *a)
{
    struct connectors_state *st = connectors_state(s);
    const char *name = json_string_value(json_object_get(a->params, "name"));
    if (s->pane != PANE_CONNECTORS || !s->detail || !name)
        return;
    const char *topic = dead_topic(st);
    if (strcmp(a->method, "topic.messages") == 0 && topic && strcmp(name, topic) == 0)
        take_dead(st, a);
    if (a->code != ERR_OK || strcmp(name, s->object) != 0)
        return;
    if (strcmp(a->method, "connector.show") == 0)
        take_shown(s, st, a);
    else if (strcmp(a->method, "connector.offsets") == 0)
        keep(&st->offsets, json_object_get(a->result, "offsets"));
}

/* ---- drawing ---- */

/* "✗ FAILED", "RUNNING": what is well has no sign, and stands where other values do. */
static char *signed_state(const char *state, bool ascii, char *out, size_t n)
{
    const char *sign = state_sign(state, ascii);
    (void)snprintf(out, n, "%s%s%s", *sign == ' ' ? "" : sign, *sign == ' ' ? "" : " ", state);
    return out;
}

static void draw_figures(const struct snap_connector *c, struct lines *l)
{
    char a[UNIT_TEXT_MAX];
    char b[UNIT_TEXT_MAX];
    char state[48];
    lines_printf(l, "state", state_style(c->state), "%s since %s UTC%s%s",
                 signed_state(c->state, l->g->ascii, state, sizeof state),
                 unit_day(c->since_us, a, sizeof a), c->detail && c->detail[0] ? ": " : "",
                 c->detail ? c->detail : "");
    lines_add(l, "type", STYLE_PLAIN, c->type);
    lines_printf(l, "rate", STYLE_PLAIN, "%s, %s record%s in all",
                 unit_rate(c->rate_s, a, sizeof a), unit_count(c->total, b, sizeof b),
                 c->total == 1 ? "" : "s");
    bool waiting = c->lag_records != UNKNOWN_INT;
    lines_printf(l, "lag", STYLE_PLAIN, "%s%s%s%s", unit_duration(c->lag_ms / 1000, a, sizeof a),
                 waiting ? ", " : "", waiting ? unit_count(c->lag_records, b, sizeof b) : "",
                 !waiting              ? ""
                 : c->lag_records == 1 ? " record waits"
                                       : " records wait");
    lines_printf(l, "errors", c->errors > 0 ? STYLE_ATTENTION : STYLE_PLAIN, "%s, %s restart%s",
                 unit_count(c->errors, a, sizeof a), unit_count(c->restarts, b, sizeof b),
                 c->restarts == 1 ? "" : "s");
    lines_add(l, "dead letters", c->dead_letters > 0 ? STYLE_ATTENTION : STYLE_PLAIN,
              unit_count(c->dead_letters, a, sizeof a));
    if (c->clamped > 0)
        lines_printf(l, "clamped", STYLE_ATTENTION,
                     "%s values did not fit and were written as the "
                     "nearest that does",
                     unit_count(c->clamped, a, sizeof a));
    lines_add(l, "last error", c->last_error ? STYLE_ATTENTION : STYLE_PLAIN,
              c->last_error ? c->last_error : "none");
    for (size_t i = 0; i < c->topic_count; i++)
        lines_add(l, i ? "" : "topics", STYLE_PLAIN, c->topics[i]);
}

static void draw_tasks(const struct snap_connector *c, struct lines *l)
{
    char text[48];
    char state[48];
    lines_section(l, "Tasks");
    for (size_t i = 0; i < c->task_count; i++) {
        const struct snap_task *t = &c->tasks[i];
        (void)snprintf(text, sizeof text, "task %lld", (long long)t->id);
        lines_add(l, text, state_style(t->state),
                  signed_state(t->state, l->g->ascii, state, sizeof state));
        if (t->trace)
            lines_add(l, "trace", STYLE_PLAIN, t->trace);
    }
}

static const char *text_in(const json_t *o, const char *name)
{
    return json_string_value(json_object_get(o, name));
}

/* "postgres.bookings.flights, partition 0" "24,050" */
static void draw_sink_offset(const json_t *partition, const json_t *offset, struct lines *l)
{
    char label[TABLE_KEY_MAX + 32];
    char text[UNIT_TEXT_MAX];
    const json_t *at = json_object_get(offset, "kafka_offset");
    (void)snprintf(label, sizeof label, "%.280s, %lld", text_in(partition, "kafka_topic"),
                   (long long)json_integer_value(json_object_get(partition, "kafka_partition")));
    lines_add(l, label, STYLE_PLAIN,
              json_is_integer(at) ? unit_count(json_integer_value(at), text, sizeof text)
                                  : "not known");
}

/* The section of something that is not recorded: back in time it says so. */
static void section_of_now(const struct screen *s, struct lines *l, const char *title)
{
    char text[TABLE_KEY_MAX + 96];
    (void)snprintf(text, sizeof text, "%s%s", title, s->shown_us ? ": as it is now" : "");
    lines_section(l, text);
}

static void draw_position(const struct screen *s, struct lines *l)
{
    const struct connectors_state *st = connectors_state(s);
    size_t i;
    json_t *o;
    section_of_now(s, l, "Position");
    if (!st->offsets)
        lines_add(l, "", STYLE_DIM, "asking the engine ..");
    else if (!json_array_size(st->offsets))
        lines_add(l, "", STYLE_DIM, "none yet");
    json_array_foreach(st->offsets, i, o)
    {
        const json_t *partition = json_object_get(o, "partition");
        const json_t *offset = json_object_get(o, "offset");
        if (text_in(partition, "kafka_topic")) {
            draw_sink_offset(partition, offset, l);
            continue;
        }
        const char *lsn = text_in(offset, "confirmed_lsn");
        lines_add(l, "confirmed LSN", STYLE_PLAIN, lsn ? lsn : "not known");
        if (text_in(offset, "slot"))
            lines_add(l, "slot", STYLE_PLAIN, text_in(offset, "slot"));
    }
}

static const char *header_in(const json_t *record, const char *name)
{
    size_t i;
    json_t *h;
    json_array_foreach(json_object_get(record, "headers"), i, h)
    {
        const char *n = text_in(h, "name");
        if (n && strcmp(n, name) == 0)
            return text_in(h, "value");
    }
    return NULL;
}

/* Several sinks may share the topic. */
static bool is_of(const json_t *record, const char *connector)
{
    const char *name = header_in(record, "__connect.errors.connector.name");
    return !name || strcmp(name, connector) == 0;
}

static void draw_letter(const json_t *r, struct lines *l)
{
    char when[UNIT_TEXT_MAX];
    const char *topic = header_in(r, "__connect.errors.topic");
    const char *partition = header_in(r, "__connect.errors.partition");
    const char *offset = header_in(r, "__connect.errors.offset");
    const char *why = header_in(r, "__connect.errors.exception.message");
    const char *key = text_in(r, "key");
    int64_t ms = json_integer_value(json_object_get(r, "timestamp_ms"));
    (void)unit_day(ms * 1000, when, sizeof when);
    if (topic)
        lines_printf(l, when, STYLE_ATTENTION, "%s, partition %s, offset %s", topic,
                     partition ? partition : "-", offset ? offset : "-");
    else
        lines_add(l, when, STYLE_ATTENTION, "(no headers tell where it was)");
    lines_add(l, "why", STYLE_PLAIN, why ? why : "(no header tells why)");
    lines_printf(l, "key", STYLE_DIM, "%s", key ? key : "null");
}

static void draw_dead(const struct screen *s, struct lines *l)
{
    const struct connectors_state *st = connectors_state(s);
    char title[TABLE_KEY_MAX + 64];
    int n = 0;
    size_t i;
    json_t *r;
    if (!dead_topic(st))
        return;
    (void)snprintf(title, sizeof title, "Dead letters, the newest of topic %s", dead_topic(st));
    section_of_now(s, l, title);
    if (st->dead_error[0])
        lines_add(l, "", STYLE_ATTENTION, st->dead_error);
    else if (!st->dead)
        lines_add(l, "", STYLE_DIM, "asking the engine ..");
    json_array_foreach(st->dead, i, r)
    {
        if (!is_of(r, s->object))
            continue;
        n++;
        draw_letter(r, l);
    }
    if (st->dead && !n)
        lines_add(l, "", STYLE_PLAIN, "none");
}

/* The longest name, within bounds. */
static int names_width(const struct screen *s, int most)
{
    int w = 12;
    const struct connector_config *config = &connectors_state(s)->config;
    for (size_t i = 0; i < config->n; i++) {
        int n = text_width(config->names[i], s->ascii) + 1;
        w = n > w ? n : w;
    }
    return w < most ? w : most;
}

json_t *connector_detail_whole(const struct screen *s)
{
    const struct connectors_state *st = connectors_state(s);
    json_t *letters = json_array();
    size_t i;
    json_t *r;
    json_t *out = json_copy(st->shown);
    json_array_foreach(st->dead, i, r)
    {
        if (is_of(r, s->object))
            (void)json_array_append(letters, r);
    }
    if (out) {
        (void)json_object_set(out, "position", st->offsets ? st->offsets : json_null());
        (void)json_object_set(out, "newest_dead_letters", letters);
    }
    json_decref(letters);
    return out;
}

static void draw_config(const struct screen *s, struct lines *l)
{
    const struct connectors_state *st = connectors_state(s);
    section_of_now(s, l, "Configuration");
    l->label = names_width(s, l->r.w / 2);
    if (!st->shown)
        lines_add(l, "", STYLE_DIM, "asking the engine ..");
    for (size_t i = 0; i < st->config.n; i++)
        lines_add(l, st->config.names[i], STYLE_PLAIN, st->config.values[i]);
}

/* What the engine had against the text that was edited last. */
static void draw_refused(const struct screen *s, struct lines *l)
{
    const struct draft *d = &connectors_state(s)->draft;
    if (!draft_is_about(d, s->object) || !d->faults)
        return;
    lines_section(l, "Refused: e opens your text again");
    lines_add(l, NULL, STYLE_BROKEN, d->faults);
}

static void draw_detail(struct screen *s, struct lines *l)
{
    const struct snap_connector *c = snapshot_connector(s->snapshot, s->object);
    char text[TABLE_KEY_MAX + 32];
    int label = l->label;
    (void)snprintf(text, sizeof text, "Connector %s", s->object);
    lines_section(l, text);
    if (!c) {
        lines_add(l, "", STYLE_ATTENTION,
                  s->shown_us ? "It was not there then."
                              : "It is gone: the engine no longer has it.");
        return;
    }
    draw_figures(c, l);
    draw_refused(s, l);
    draw_tasks(c, l);
    l->label = strcmp(c->type, "sink") == 0 && l->r.w > 60 ? l->r.w / 2 : label;
    draw_position(s, l);
    l->label = l->r.w > 60 ? 19 : label;
    draw_dead(s, l);
    draw_config(s, l);
}

void connector_detail_render(struct screen *s, struct grid *g, struct rect r)
{
    lines_draw(s, g, r, 13, draw_detail);
}
