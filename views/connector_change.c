/*
 * What changes connectors: questions that say exactly what is touched, configurations in $EDITOR,
 * and a second look: what an action asked for is not what came of it, so the state is read until it
 * is the wanted one, it has FAILED, or ten seconds are over; then it is said.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "views/answer.h"
#include "views/connector_internal.h"

enum { PROMPT_KIND = 1 };

static const int64_t VERIFY_US = 10000000, VERIFY_EVERY_US = 300000;
static const char NEW[] = ""; /* what a draft of a new connector is about */

/* ---- actions that need no text ---- */

static const struct {
    enum action action;
    const char *method, *wanted;
    const char *preview; /* where it is always the same */
} orders[] = {
    {ACTION_PAUSE, "connector.pause", "PAUSED",
     "Its run ends after what is in flight, it keeps its position, and u goes on from there. "
     "Meanwhile PostgreSQL keeps its log (WAL) for a source, Kafka its records for a sink."},
    {ACTION_RESUME, "connector.resume", "RUNNING", "It goes on where it was."},
    {ACTION_STOP, "connector.stop", "STOPPED",
     "As pause, for one that is not to go on soon: it keeps its position, and u goes on from "
     "there. Meanwhile PostgreSQL keeps its log (WAL) for a source, Kafka its records for a sink."},
    {ACTION_RESTART, "connector.restart", "RUNNING",
     "Its run ends after what is in flight, and a new one goes on where it was."},
    {ACTION_RESTART_FAILED, "connector.restart_failed", "RUNNING", ""},
    {ACTION_DELETE, "connector.delete", NULL, ""},
};

enum { ORDERS = sizeof orders / sizeof orders[0] };

static const char *method_of(enum action a)
{
    for (int i = 0; i < ORDERS; i++)
        if (orders[i].action == a)
            return orders[i].method;
    return NULL;
}

static const char *preview_of(enum action a)
{
    for (int i = 0; i < ORDERS; i++)
        if (orders[i].action == a)
            return orders[i].preview;
    return "";
}

static const char *wanted_of(const char *method)
{
    for (int i = 0; i < ORDERS; i++)
        if (strcmp(orders[i].method, method) == 0)
            return orders[i].wanted;
    return NULL;
}

/* Whether the connector's state allows it. */
static bool makes_sense(const struct snap_connector *c, enum action a)
{
    bool stopped = strcmp(c->state, "STOPPED") == 0;
    bool still = strcmp(c->state, "PAUSED") == 0 || stopped;
    switch (a) {
    case ACTION_PAUSE:
        return !still && strcmp(c->state, "FAILED") != 0;
    case ACTION_RESUME:
        return still;
    case ACTION_STOP:
        return !stopped;
    case ACTION_DELETE:
        return true;
    default:
        return !still; /* restart */
    }
}

static const struct snap_connector *selected(const struct screen *s)
{
    const char *name = screen_object(s);
    return name ? snapshot_connector(s->snapshot, name) : NULL;
}

static bool any_failed(const struct screen *s)
{
    for (size_t i = 0; s->snapshot && i < s->snapshot->connector_count; i++)
        if (strcmp(s->snapshot->connectors[i].state, "FAILED") == 0)
            return true;
    return false;
}

bool connector_change_can(const struct screen *s, enum action a)
{
    const struct snap_connector *c = selected(s);
    switch (a) {
    case ACTION_OPEN:
    case ACTION_REFRESH:
        return false;
    case ACTION_RESTART_FAILED:
        return any_failed(s) && !screen_why_not(s);
    case ACTION_EDIT:
        return connectors_state(s)->shown && !screen_why_not(s);
    case ACTION_NEW:
        return !screen_why_not(s);
    default:
        return !method_of(a) || (c && !screen_why_not(s) && makes_sense(c, a));
    }
}

/* ---- questions ---- */

/* As docs/connectors.md has it: what goes, and what stays. */
static void preview_delete(const struct screen *s, const struct snap_connector *c, char *out,
                           size_t n)
{
    const json_t *shown = connectors_state(s)->shown;
    const char *slot = s->detail ? json_string_value(json_object_get(shown, "slot")) : NULL;
    int len = snprintf(out, n,
                       "Deletes the connector %.200s: its configuration, its wanted state, its "
                       "task.\nIts topics, the rows in the warehouse, its dead letters and its "
                       "position stay: applied again under this name it goes on where it was.",
                       c->name);
    if (strcmp(c->type, "source") == 0 && len > 0 && (size_t)len < n)
        (void)snprintf(out + len, n - (size_t)len,
                       "\nIts slot%s%.100s and its publication stay too, and PostgreSQL keeps its "
                       "log (WAL) for the slot until it is dropped there.",
                       slot ? " " : "", slot ? slot : "");
}

static void preview_failed(const struct screen *s, char *out, size_t n)
{
    size_t len = (size_t)snprintf(out, n, "Restarts, each with a fresh restart budget:");
    for (size_t i = 0; s->snapshot && i < s->snapshot->connector_count && len < n; i++)
        if (strcmp(s->snapshot->connectors[i].state, "FAILED") == 0)
            len += (size_t)snprintf(out + len, n - len, " %s", s->snapshot->connectors[i].name);
}

static void ask_order(struct screen *s, enum action a, const struct snap_connector *c)
{
    struct question q = {.method = method_of(a)};
    (void)snprintf(q.preview, sizeof q.preview, "%s", preview_of(a));
    if (a == ACTION_RESTART_FAILED) {
        (void)snprintf(q.label, sizeof q.label, "restart the connectors that have FAILED");
        preview_failed(s, q.preview, sizeof q.preview);
    } else {
        (void)snprintf(q.label, sizeof q.label, "%s connector %s", action_info(a)->word, c->name);
        q.params = json_pack("{s:s}", "name", c->name);
    }
    if (a == ACTION_DELETE) {
        preview_delete(s, c, q.preview, sizeof q.preview);
        (void)snprintf(q.name, sizeof q.name, "%s", c->name);
    }
    screen_confirm(s, &q);
}

static void order(struct screen *s, enum action a)
{
    const struct snap_connector *c = selected(s);
    const char *name = screen_object(s);
    bool all = a == ACTION_RESTART_FAILED;
    if (!screen_why_not(s) && all && !any_failed(s))
        screen_say(s, STYLE_ATTENTION, "no connector has FAILED");
    else if (!screen_why_not(s) && !all && (!c || !makes_sense(c, a)))
        screen_say(s, STYLE_ATTENTION, "%s: %s is %s", action_info(a)->word, name ? name : "-",
                   c ? c->state : "gone");
    else if (!all && !c)
        screen_say(s, STYLE_ATTENTION, "%s", screen_why_not(s));
    else
        ask_order(s, a, c);
}

/* ---- configurations in $EDITOR ---- */

static const char EDIT_WORDS[] =
    "# The configuration of %s. Lines that begin with # are left out. The engine checks it before\n"
    "# anything is changed. A value of *** is a secret that stays as it is; a new one is named as\n"
    "# ${NAME} or ${file:PATH}. docs/connectors.md has the keys.\n%s\n";

static const char SOURCE[] =
    "# A source reads one PostgreSQL through one slot into topics. Lines that begin with # are "
    "left\n"
    "# out. Secrets are named as ${NAME} or ${file:PATH}.\n"
    "{\n"
    "  \"name\": \"my-source\",\n"
    "  \"config\": {\n"
    "    \"connector.class\": \"io.debezium.connector.postgresql.PostgresConnector\",\n"
    "    \"plugin.name\": \"pgoutput\",\n"
    "    \"database.hostname\": \"localhost\",\n"
    "    \"database.port\": \"5432\",\n"
    "    \"database.user\": \"flightdeck\",\n"
    "    \"database.password\": \"${SOURCE_PASSWORD}\",\n"
    "    \"database.dbname\": \"postgres\",\n"
    "    \"topic.prefix\": \"my\",\n"
    "    \"table.include.list\": \"public\\\\..*\",\n"
    "    \"slot.name\": \"my_slot\",\n"
    "    \"publication.name\": \"my_publication\",\n"
    "    \"publication.autocreate.mode\": \"filtered\",\n"
    "    \"snapshot.mode\": \"initial\"\n"
    "  }\n"
    "}\n";

static const char SINK[] =
    "# A sink loads topics into tables of the warehouse. Lines that begin with # are left out.\n"
    "# Secrets are named as ${NAME} or ${file:PATH}.\n"
    "{\n"
    "  \"name\": \"my-sink\",\n"
    "  \"config\": {\n"
    "    \"connector.class\": \"io.confluent.vertica.VerticaSinkConnector\",\n"
    "    \"topics\": \"my.public.flights\",\n"
    "    \"vertica.host\": \"localhost\",\n"
    "    \"vertica.port\": \"5433\",\n"
    "    \"vertica.database\": \"warehouse\",\n"
    "    \"vertica.username\": \"flightdeck\",\n"
    "    \"vertica.password\": \"${WAREHOUSE_PASSWORD}\",\n"
    "    \"transforms\": \"flatten\",\n"
    "    \"transforms.flatten.type\": \"org.apache.kafka.connect.transforms.Flatten$Value\",\n"
    "    \"transforms.flatten.delimiter\": \"_\",\n"
    "    \"table.name.format\": \"my_public_flights\",\n"
    "    \"insert.mode\": \"insert\",\n"
    "    \"pk.mode\": \"record_key\",\n"
    "    \"auto.create\": \"true\",\n"
    "    \"auto.evolve\": \"true\"\n"
    "  }\n"
    "}\n";

const char *connector_template(bool source)
{
    return source ? SOURCE : SINK;
}

static void open_editor(struct screen *s, const char *about, const char *fresh, struct effect *out)
{
    char *text = draft_open(&connectors_state(s)->draft, about, fresh);
    if (text)
        effect_text(out, EFFECT_EDIT, text, strlen(text), NULL);
    else
        screen_say(s, STYLE_BROKEN, "no memory for the configuration");
}

static void edit(struct screen *s, struct effect *out)
{
    const json_t *config = json_object_get(connectors_state(s)->shown, "config");
    if (screen_why_not(s) || !config) {
        screen_say(s, STYLE_ATTENTION, "%s",
                   screen_why_not(s) ? screen_why_not(s) : "the configuration has not come yet");
        return;
    }
    json_t *whole = json_pack("{s:s, s:O}", "name", s->object, "config", config);
    char *text = json_dumps(whole, JSON_INDENT(2));
    struct buf b;
    buf_init(&b, 0);
    buf_printf(&b, EDIT_WORDS, s->object, text ? text : "");
    connectors_state(s)->draft_new = false;
    open_editor(s, s->object, buf_cstr(&b), out);
    buf_free(&b);
    free(text);
    json_decref(whole);
}

static void make_new(struct screen *s, struct effect *out)
{
    struct connectors_state *st = connectors_state(s);
    if (screen_why_not(s))
        screen_say(s, STYLE_ATTENTION, "%s", screen_why_not(s));
    else if (st->draft_new && draft_is_about(&st->draft, NEW))
        open_editor(s, NEW, "", out); /* what was refused last */
    else
        screen_prompt(s, PROMPT_KIND, "a new connector: source or sink", "sink");
}

void connector_change_answered(struct screen *s, int prompt, const char *text, struct effect *out)
{
    bool source = strcmp(text, "source") == 0;
    if (prompt != PROMPT_KIND || !*text)
        return;
    if (!source && strcmp(text, "sink") != 0) {
        screen_say(s, STYLE_ATTENTION, "\"%s\" is neither source nor sink", text);
        return;
    }
    connectors_state(s)->draft_new = true;
    open_editor(s, NEW, connector_template(source), out);
}

static void value_words(struct buf *b, const json_t *v)
{
    char *text = json_is_string(v) ? NULL : json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);
    buf_printf(b, "%.80s", json_is_string(v) ? json_string_value(v) : text ? text : "");
    free(text);
}

/* What such a name holds is for no screen. */
static bool is_secret(const char *name)
{
    static const char *const words[] = {"password", "secret", "token", "credential", "jaas"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (text_contains(name, words[i]))
            return true;
    return false;
}

/* "batch.size: 500 -> 1000", a line each. Returns how many. */
static int differences(const json_t *before, const json_t *after, struct buf *b)
{
    const char *name;
    json_t *v;
    int n = 0;
    json_object_foreach((json_t *)(uintptr_t)after, name, v)
    {
        const json_t *old = json_object_get(before, name);
        if (old && json_equal((json_t *)(uintptr_t)old, v))
            continue;
        n++;
        buf_printf(b, "%s: ", name);
        if (is_secret(name)) {
            buf_str(b, old ? "another one\n" : "new\n");
            continue;
        }
        if (old)
            value_words(b, old);
        buf_str(b, old ? " -> " : "new, ");
        value_words(b, v);
        buf_ch(b, '\n');
    }
    json_object_foreach((json_t *)(uintptr_t)before, name, v)
    {
        if (json_object_get(after, name))
            continue;
        n++;
        buf_printf(b, "%s: taken out\n", name);
    }
    return n;
}

static void refuse(struct screen *s, const char *words)
{
    struct connectors_state *st = connectors_state(s);
    draft_refuse(&st->draft, words);
    screen_say(s, STYLE_BROKEN, "%s\n%s opens it again, as you left it", words,
               st->draft_new ? "N" : "e");
}

static void ask_to_apply(struct screen *s, json_t *file)
{
    struct connectors_state *st = connectors_state(s);
    const char *name = json_string_value(json_object_get(file, "name"));
    json_t *config = json_object_get(file, "config");
    bool exists = name && snapshot_connector(s->snapshot, name);
    struct question q = {.method = "connector.apply"};
    struct buf b;
    if (!name || !json_is_object(config)) {
        refuse(s, "a connector is {\"name\": \"..\", \"config\": { .. }}");
        return;
    }
    buf_init(&b, 0);
    bool same = !st->draft_new && strcmp(name, st->draft.about) == 0;
    int n = same ? differences(json_object_get(st->shown, "config"), config, &b) : 1;
    if (!same)
        buf_printf(&b,
                   exists ? "Replaces the configuration of %s, which exists."
                          : "Makes the connector %s and starts it.",
                   name);
    else
        buf_lit(&b, "Its run ends, and a new one goes on where it was.");
    (void)snprintf(q.preview, sizeof q.preview, "%s", buf_cstr(&b));
    if (!same && exists) /* what it was is gone then, and was not on screen */
        (void)snprintf(q.name, sizeof q.name, "%s", name);
    (void)snprintf(q.label, sizeof q.label, "apply the configuration of %.250s", name);
    buf_free(&b);
    q.params = json_pack("{s:s, s:O}", "name", name, "config", config);
    if (n) {
        screen_confirm(s, &q);
    } else {
        json_decref(q.params);
        draft_forget(&st->draft);
        screen_say(s, STYLE_PLAIN, "nothing was changed");
    }
}

void connector_change_edited(struct screen *s, const char *text, struct effect *out)
{
    struct connectors_state *st = connectors_state(s);
    struct errbuf e;
    json_t *file;
    (void)out;
    if (!text) {
        screen_say(s, STYLE_PLAIN, "nothing was changed");
        return;
    }
    draft_keep(&st->draft, text);
    if (draft_read(text, &file, &e) != ERR_OK) {
        refuse(s, e.text);
        return;
    }
    ask_to_apply(s, file);
    json_decref(file);
}

/* Every fault, a line each. */
static void apply_refused(struct screen *s, const struct answer *a)
{
    const json_t *errors = json_object_get(a->result, "errors");
    struct buf b;
    size_t i;
    json_t *v;
    buf_init(&b, 0);
    json_array_foreach(errors, i, v)
    {
        buf_printf(&b, "%s%s", i ? "\n" : "", json_string_value(v) ? json_string_value(v) : "");
    }
    refuse(s, json_array_size(errors) && !buf_failed(&b) ? buf_cstr(&b) : a->text);
    buf_free(&b);
}

/* ---- acting ---- */

bool connector_change_act(struct screen *s, enum action a, struct effect *out)
{
    if (a == ACTION_EDIT)
        edit(s, out);
    else if (a == ACTION_NEW)
        make_new(s, out);
    else if (method_of(a))
        order(s, a);
    else
        return false;
    return true;
}

/* ---- what came of it ---- */

/* Behind those that are still looked at: other connectors are acted on meanwhile. */
static void verify_one(struct connectors_state *st, const char *name, const char *wanted)
{
    json_t *entry = json_pack("{s:s, s:s}", "name", name, "wanted", wanted);
    for (size_t i = 0; i < json_array_size(st->waiting); i++) {
        if (strcmp(answer_text(json_array_get(st->waiting, i), "name"), name) == 0) {
            (void)json_array_set_new(st->waiting, i, entry); /* what was asked of it last */
            return;
        }
    }
    (void)json_array_append_new(st->waiting, entry);
}

static void verify(struct screen *s, const json_t *names, const char *wanted)
{
    struct connectors_state *st = connectors_state(s);
    size_t i;
    const json_t *name;
    if (!st->waiting) {
        st->waiting = json_array();
        st->until_us = s->now_us + VERIFY_US;
        st->fell_short = false;
        buf_clear(&st->reached);
    }
    json_array_foreach(names, i, name)
    {
        if (json_is_string(name))
            verify_one(st, json_string_value(name), wanted);
    }
    if (!json_array_size(st->waiting)) {
        json_decref(st->waiting);
        st->waiting = NULL;
    }
}

static const char *looked_at(const struct connectors_state *st, const char *member)
{
    return json_string_value(json_object_get(json_array_get(st->waiting, 0), member));
}

/* A paused one that is given another configuration stays paused. */
static const char *state_that_stays(const struct screen *s, const char *name)
{
    const struct snap_connector *c = name ? snapshot_connector(s->snapshot, name) : NULL;
    if (c && strcmp(c->state, "PAUSED") == 0)
        return "PAUSED";
    return c && strcmp(c->state, "STOPPED") == 0 ? "STOPPED" : "RUNNING";
}

/* Is what is kept the configuration of this one? Another may have been opened meanwhile. */
static bool draft_names(const struct connectors_state *st, const char *name)
{
    json_t *file = NULL;
    if (!st->draft.text || !name || draft_read(st->draft.text, &file, NULL) != ERR_OK)
        return false;
    bool same = strcmp(answer_text(file, "name"), name) == 0;
    json_decref(file);
    return same;
}

bool connector_change_done(struct screen *s, const struct answer *a, const char *label)
{
    struct connectors_state *st = connectors_state(s);
    const char *wanted = wanted_of(a->method);
    const json_t *name = json_object_get(a->params, "name");
    bool apply = strcmp(a->method, "connector.apply") == 0;
    bool drafted = apply && draft_names(st, json_string_value(name));
    if (drafted && a->code) {
        apply_refused(s, a);
        return true;
    }
    if (strncmp(a->method, "connector.", 10) != 0 || a->code)
        return false;
    if (drafted) {
        draft_forget(&st->draft);
        st->draft_new = false;
    }
    if (apply)
        wanted = state_that_stays(s, json_string_value(name));
    if (!wanted) {
        const char *gone = json_string_value(name); /* it is deleted */
        if (s->pane == PANE_CONNECTORS && s->detail && s->mode == MODE_BROWSE && gone &&
            strcmp(gone, s->object) == 0)
            screen_open(s, PANE_CONNECTORS, NULL);
        return false;
    }
    const json_t *restarted = json_object_get(a->result, "restarted");
    json_t *one = json_pack("[O]", name);
    verify(s, restarted ? restarted : one, wanted);
    json_decref(one);
    screen_say(s, STYLE_PLAIN, "%s: asked for, looking what comes of it", label);
    return true;
}

bool connector_change_ask(const struct screen *s, struct ask *out)
{
    const char *name = looked_at(connectors_state(s), "name");
    if (!name)
        return false;
    *out = (struct ask){.method = "connector.show",
                        .params = json_pack("{s:s}", "name", name),
                        .every_us = VERIFY_EVERY_US};
    return true;
}

/* One is settled, and said; the next one is looked at. */
static void settle(struct screen *s, const char *words, bool well)
{
    struct connectors_state *st = connectors_state(s);
    buf_printf(&st->reached, "%s%s", st->reached.len ? ", " : "", words);
    st->fell_short = st->fell_short || !well;
    (void)json_array_remove(st->waiting, 0);
    st->until_us = s->now_us + VERIFY_US;
    screen_say(s, st->fell_short ? STYLE_BROKEN : STYLE_PLAIN, "%s", buf_cstr(&st->reached));
    if (json_array_size(st->waiting))
        return;
    json_decref(st->waiting);
    st->waiting = NULL;
}

void connector_change_take(struct screen *s, const struct answer *a)
{
    struct connectors_state *st = connectors_state(s);
    const char *name = json_string_value(json_object_get(a->params, "name"));
    const char *waited = looked_at(st, "name");
    char words[ERRBUF_TEXT_MAX];
    if (strcmp(a->method, "connector.show") != 0 || !name || !waited || strcmp(name, waited) != 0)
        return;
    const char *state = json_string_value(json_object_get(a->result, "state"));
    const char *why = json_string_value(json_object_get(a->result, "last_error"));
    const char *wanted = looked_at(st, "wanted");
    bool well = a->code == ERR_OK && state && strcmp(state, wanted) == 0;
    bool failed = a->code != ERR_OK || !state || strcmp(state, "FAILED") == 0;
    bool late = s->now_us >= st->until_us;
    if (!well && !failed && !late)
        return;
    if (a->code)
        (void)snprintf(words, sizeof words, "%.200s: %.300s", name, a->text);
    else if (well)
        (void)snprintf(words, sizeof words, "%.200s is %s", name, state);
    else
        (void)snprintf(words, sizeof words, "%.200s is %s, not %s%s%.300s", name,
                       state ? state : "unknown", wanted, why ? ": " : "", why ? why : "");
    settle(s, words, well);
}
