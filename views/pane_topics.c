/* Pane 3: topics; opened: partitions, their records, one record. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "views/answer.h"
#include "views/draft.h"
#include "views/pane.h"
#include "views/sparks.h"
#include "views/table_cell.h"
#include "views/topic_figures.h"
#include "views/topic_messages.h"

enum { PROMPT_FILTER = 1, PROMPT_SEEK, FIGURES_MAX = 60 };

static const int64_t FIGURES_US = 60 * INT64_C(1000000);

struct topics_state {
    struct table_state parts;
    struct messages messages;
    struct draft draft; /* of a record to be produced */
    struct sparks sparks;
    struct topic_figures figures; /* of those that were looked at */
};

static struct topics_state *state_of(const struct screen *s)
{
    return PANE_STATE(s, PANE_TOPICS, struct topics_state);
}

struct messages *topics_messages(const struct screen *s)
{
    return &state_of(s)->messages;
}

/* ---- figures, asked for what is on screen ---- */

/* They are not recorded: of the past none is known. */
static const struct topic_figure *figures_of(const struct screen *s, const char *name)
{
    return s->shown_us ? NULL : topic_figures_find(&state_of(s)->figures, name);
}

static bool is_stale(const struct screen *s, const char *name)
{
    const struct topic_figure *f = figures_of(s, name);
    return !s->shown_us && (!f || (!screen_is_still(s) && s->now_us >= f->until_us));
}

/* The names of what is looked at and was not asked for lately. */
static bool ask_figures(const struct screen *s, struct ask *out)
{
    const struct table_state *t = &s->tables[PANE_TOPICS];
    json_t *names = json_array();
    size_t rows = s->h > 0 ? (size_t)s->h : 1;
    if (s->detail && is_stale(s, s->object))
        (void)json_array_append_new(names, json_string(s->object));
    for (size_t i = t->top; !s->detail && s->snapshot && i < t->n && i < t->top + rows; i++) {
        size_t row = t->order[i];
        if (row < s->snapshot->topic_count && json_array_size(names) < FIGURES_MAX &&
            is_stale(s, s->snapshot->topics[row].name))
            (void)json_array_append_new(names, json_string(s->snapshot->topics[row].name));
    }
    if (!json_array_size(names)) {
        json_decref(names);
        return false;
    }
    *out = (struct ask){.method = "topic.figures",
                        .params = json_pack("{s:o}", "names", names),
                        .every_us = FIGURES_US};
    return true;
}

/* ---- words ---- */

/* "catches up in 3 m 12 s", "growing 4.1 k/s"; "" where nothing waits or nothing is known. */
static uint16_t trend_words(const struct snap_topic *t, char *out, size_t n)
{
    char text[UNIT_TEXT_MAX];
    out[0] = '\0';
    /* less than a tenth of a second of what comes is only on its way */
    bool passes = !isnan(t->rate_s) && (double)t->lag < t->rate_s / 10;
    if (t->lag <= 0 || isnan(t->lag_growth_s) || passes)
        return STYLE_PLAIN;
    if (t->lag_growth_s > 0.05) {
        (void)snprintf(out, n, "growing %s", unit_rate(t->lag_growth_s, text, sizeof text));
        return STYLE_ATTENTION;
    }
    if (t->lag_growth_s > -0.05) {
        (void)snprintf(out, n, "not shrinking");
        return STYLE_ATTENTION;
    }
    (void)snprintf(out, n, "catches up in %s",
                   unit_duration((double)t->lag / -t->lag_growth_s, text, sizeof text));
    return STYLE_PLAIN;
}

/* "7 d 0 h", "for ever", "compacted"; "-" where it is not known. */
static const char *retention_words(const struct screen *s, const struct snap_topic *t, char *out,
                                   size_t n)
{
    const struct topic_figure *f = figures_of(s, t->name);
    int64_t ms = f ? f->retention_ms : t->retention_ms;
    if (f && f->compacted)
        (void)snprintf(out, n, "compacted");
    else if (ms == UNKNOWN_INT)
        (void)snprintf(out, n, "-");
    else if (ms < 0)
        (void)snprintf(out, n, "for ever");
    else
        (void)unit_duration((double)ms / 1e3, out, n);
    return out;
}

static double size_of(const struct screen *s, const char *name)
{
    const struct topic_figure *f = figures_of(s, name);
    return f ? f->size_bytes : NAN;
}

static double retention_of(const struct screen *s, const struct snap_topic *t)
{
    const struct topic_figure *f = figures_of(s, t->name);
    int64_t ms = f ? f->retention_ms : t->retention_ms;
    return ms == UNKNOWN_INT ? NAN : ms < 0 ? INFINITY : (double)ms;
}

/* ---- topics ---- */

enum {
    COLUMN_NAME,
    COLUMN_PARTITIONS,
    COLUMN_RECORDS,
    COLUMN_SIZE,
    COLUMN_RATE,
    COLUMN_RETENTION,
    COLUMN_LAG,
    COLUMN_COURSE,
    COLUMN_TREND,
};

static const struct table_column columns[] = {
    [COLUMN_NAME] = {.title = "topic", .width = 24, .want = 40, .stretch = true},
    [COLUMN_PARTITIONS] =
        {.title = "parts", .file = "partitions", .width = 5, .right = true, .rank = 8},
    [COLUMN_RECORDS] = {.title = "records", .width = 13, .right = true, .rank = 5},
    [COLUMN_SIZE] =
        {.title = "size, about", .file = "size_bytes", .width = 11, .right = true, .rank = 4},
    [COLUMN_RATE] = {.title = "rate", .file = "rate_per_s", .width = 9, .right = true, .rank = 3},
    [COLUMN_RETENTION] =
        {.title = "kept for", .file = "kept_for_s", .width = 9, .right = true, .rank = 7},
    [COLUMN_LAG] =
        {.title = "lag, records", .file = "lag_records", .width = 12, .right = true, .rank = 1},
    [COLUMN_COURSE] = {.title = "lag, 2 m", .width = SPARKS_POINTS, .picture = true, .rank = 6},
    [COLUMN_TREND] = {.title = "trend", .file = "lag_growth_per_s", .width = 22, .rank = 2},
};

static const struct snap_topic *topic(const void *ctx, size_t row)
{
    return &((const struct screen *)ctx)->snapshot->topics[row];
}

static const char *key(const void *ctx, size_t row)
{
    return topic(ctx, row)->name;
}

static void cell(const void *ctx, size_t row, int column, struct table_cell *out)
{
    const struct screen *s = ctx;
    const struct snap_topic *t = topic(ctx, row);
    double kept;
    size_t n = sizeof out->text;
    out->style = STYLE_PLAIN;
    switch (column) {
    case COLUMN_SIZE:
        cell_bytes(out, size_of(s, t->name));
        break;
    case COLUMN_RETENTION:
        (void)retention_words(s, t, out->text, n);
        kept = retention_of(s, t); /* for ever is -1, as Kafka has it */
        cell_is_real(out, isinf(kept) ? -1 : kept / 1e3);
        break;
    case COLUMN_TREND:
        out->style = trend_words(t, out->text, n);
        cell_is_real(out, t->lag_growth_s);
        break;
    case COLUMN_COURSE:
        sparks_cell(&state_of(s)->sparks, s, t->name, out);
        break;
    case COLUMN_NAME:
        cell_text(out, t->name);
        break;
    case COLUMN_PARTITIONS:
        cell_count(out, (int64_t)t->partition_count);
        break;
    case COLUMN_RECORDS:
        cell_count(out, t->records);
        break;
    case COLUMN_RATE:
        cell_rate(out, t->rate_s);
        break;
    default:
        cell_count(out, t->lag);
    }
}

static int compare(const void *ctx, size_t x, size_t y, int column)
{
    const struct snap_topic *a = topic(ctx, x);
    const struct snap_topic *b = topic(ctx, y);
    switch (column) {
    case COLUMN_NAME:
        return strcmp(a->name, b->name);
    case COLUMN_PARTITIONS:
        return table_compare_int((int64_t)a->partition_count, (int64_t)b->partition_count);
    case COLUMN_RECORDS:
        return table_compare_int(a->records, b->records);
    case COLUMN_RATE:
        return table_compare_real(a->rate_s, b->rate_s);
    case COLUMN_SIZE:
        return table_compare_real(size_of(ctx, a->name), size_of(ctx, b->name));
    case COLUMN_RETENTION:
        return table_compare_real(retention_of(ctx, a), retention_of(ctx, b));
    case COLUMN_TREND:
        return table_compare_real(a->lag_growth_s, b->lag_growth_s);
    default:
        return table_compare_int(a->lag, b->lag);
    }
}

static void model(const struct screen *s, struct table_model *m)
{
    *m = (struct table_model){
        .columns = columns,
        .column_count = sizeof columns / sizeof columns[0],
        .rows = s->snapshot ? s->snapshot->topic_count : 0,
        .ctx = s,
        .key = key,
        .cell = cell,
        .compare = compare,
        .empty = "no topics: a source connector makes them",
    };
}

static void render(struct screen *s, struct grid *g, struct rect r)
{
    struct table_model m;
    struct table_state *t = &s->tables[PANE_TOPICS];
    char title[TABLE_FILTER_MAX + 64];
    (void)snprintf(title, sizeof title, "Topics (%zu%s%s)", t->n,
                   t->filter[0] ? " that contain " : "", t->filter);
    model(s, &m);
    int y = r.h > 4 ? draw_section(g, r, r.y, title) : r.y;
    sparks_draw(&state_of(s)->sparks, g, (struct rect){y, r.x, r.y + r.h - y, r.w}, &m, t);
}

/* ---- the partitions of the open topic, behind a row for all of them ---- */

enum { PART_ID, PART_LOW, PART_HIGH, PART_RECORDS, PART_COMMITTED, PART_LAG };

static const struct table_column part_columns[] = {
    [PART_ID] = {.title = "partition", .width = 9, .right = true},
    [PART_LOW] = {.title = "first offset", .width = 14, .right = true, .rank = 4},
    [PART_HIGH] = {.title = "next offset", .width = 14, .right = true, .rank = 2},
    [PART_RECORDS] = {.title = "records", .width = 13, .right = true, .rank = 3},
    [PART_COMMITTED] = {.title = "committed", .width = 14, .right = true, .rank = 1},
    [PART_LAG] = {.title = "lag, records", .file = "lag_records", .width = 12, .right = true},
};

/* Row 0 is all of them. */
static const struct snap_partition *part(const void *ctx, size_t row)
{
    return row ? &((const struct snap_topic *)ctx)->partitions[row - 1] : NULL;
}

static const char *part_key(const void *ctx, size_t row)
{
    return row ? part(ctx, row)->key : "all";
}

static int64_t part_value(const struct snap_topic *t, const struct snap_partition *p, int column)
{
    switch (column) {
    case PART_ID:
        return p ? p->id : UNKNOWN_INT;
    case PART_LOW:
        return p ? p->low : UNKNOWN_INT;
    case PART_HIGH:
        return p ? p->high : UNKNOWN_INT;
    case PART_RECORDS:
        return !p                                                ? t->records
               : p->low == UNKNOWN_INT || p->high == UNKNOWN_INT ? UNKNOWN_INT
                                                                 : p->high - p->low;
    case PART_COMMITTED:
        return p ? p->committed : UNKNOWN_INT;
    default:
        return p ? p->lag : t->lag;
    }
}

static void part_cell(const void *ctx, size_t row, int column, struct table_cell *out)
{
    const struct snap_partition *p = part(ctx, row);
    int64_t v = part_value(ctx, p, column);
    out->style = STYLE_PLAIN;
    if (!p && (column == PART_LOW || column == PART_HIGH || column == PART_COMMITTED))
        cell_text(out, NULL);
    else if (!p && column == PART_ID)
        cell_text(out, "all");
    else
        cell_count(out, v);
}

static int part_compare(const void *ctx, size_t x, size_t y, int column)
{
    return table_compare_int(part_value(ctx, part(ctx, x), column),
                             part_value(ctx, part(ctx, y), column));
}

static void parts_model(const struct screen *s, struct table_model *m)
{
    const struct snap_topic *t = s->snapshot ? snapshot_topic(s->snapshot, s->object) : NULL;
    *m = (struct table_model){
        .columns = part_columns,
        .column_count = sizeof part_columns / sizeof part_columns[0],
        .rows = t ? t->partition_count + 1 : 0,
        .ctx = t,
        .key = part_key,
        .cell = part_cell,
        .compare = part_compare,
        .empty = "The topic is gone: the broker no longer has it.",
    };
}

static bool table(struct screen *s, struct table_model *m, struct table_state **t)
{
    struct topics_state *st = state_of(s);
    if (st->messages.detail)
        return false;
    if (st->messages.open) {
        messages_model(&st->messages, m);
        *t = &st->messages.table;
    } else {
        parts_model(s, m);
        *t = &st->parts;
    }
    return true;
}

static void init_state(struct screen *s, void *state)
{
    struct topics_state *st = state;
    (void)s;
    st->parts.sort = -1;
    st->sparks = (struct sparks){PANE_TOPICS, COLUMN_COURSE, "topics", "lag", NULL, false};
    messages_close(&st->messages);
}

static bool ask(const struct screen *s, int i, struct ask *out)
{
    if (ask_figures(s, out)) {
        if (i == 0)
            return true;
        json_decref(out->params);
        i--;
    }
    return s->detail ? messages_ask(topics_messages(s), screen_is_still(s), i, out)
                     : i == 0 && sparks_ask(&state_of(s)->sparks, s, out);
}

static void take(struct screen *s, const struct answer *a)
{
    size_t i;
    json_t *topic;
    sparks_take(&state_of(s)->sparks, s, a);
    if (strcmp(a->method, "topic.figures") != 0) {
        (void)messages_take(s, topics_messages(s), a);
        return;
    }
    json_array_foreach(json_object_get(a->result, "topics"), i, topic)
    {
        topic_figures_take(&state_of(s)->figures, topic, s->now_us);
    }
}

static void free_state(void *state)
{
    struct topics_state *st = state;
    table_free(&st->parts);
    messages_close(&st->messages);
    draft_forget(&st->draft);
    sparks_free(&st->sparks);
    topic_figures_free(&st->figures);
}

static void forget(struct screen *s)
{
    struct topics_state *st = state_of(s);
    table_free(&st->parts);
    st->parts = (struct table_state){.sort = -1};
    messages_close(&st->messages);
}

static context_t where(const struct screen *s)
{
    const struct messages *m = topics_messages(s);
    return !s->detail  ? CONTEXT_TOPICS
           : !m->open  ? CONTEXT_TOPIC
           : m->detail ? CONTEXT_MESSAGE
                       : CONTEXT_MESSAGES;
}

static bool back(struct screen *s)
{
    return messages_back(s, topics_messages(s));
}

/* What is known of the topic, in words. Returns the row below. */
static int draw_topic(struct screen *s, struct grid *g, struct rect r, int y)
{
    const struct snap_topic *t = snapshot_topic(s->snapshot, s->object);
    const struct topic_figure *f = figures_of(s, s->object);
    char a[UNIT_TEXT_MAX];
    char b[UNIT_TEXT_MAX];
    char c[96];
    if (!t || r.h < 8)
        return y;
    (void)grid_printf(g, y++, r.x + 3, r.w - 3, STYLE_PLAIN, "%s record%s, %s",
                      unit_count(t->records, a, sizeof a), t->records == 1 ? "" : "s",
                      unit_rate(t->rate_s, b, sizeof b));
    int x = r.x + 3;
    x += grid_printf(g, y, x, r.w - 3, STYLE_PLAIN, "%s not yet in the warehouse",
                     unit_count(t->lag, a, sizeof a));
    uint16_t style = trend_words(t, c, sizeof c);
    if (c[0])
        (void)grid_printf(g, y, x, r.w - x, style, ": %s", c);
    y++;
    if (f)
        (void)grid_printf(
            g, y++, r.x + 3, r.w - 3, STYLE_PLAIN, "about %s, %s a record, uncompressed; kept: %s",
            unit_bytes(f->size_bytes, a, sizeof a), unit_bytes(f->record_bytes, b, sizeof b),
            retention_words(s, t, c, sizeof c));
    if (f && f->settings)
        (void)grid_printf(g, y++, r.x + 3, r.w - 3, STYLE_DIM, "set: %s", f->settings);
    return y + 1;
}

/* A record. */
static json_t *whole(const struct screen *s)
{
    const struct messages *m = topics_messages(s);
    json_t *out = m->detail ? json_copy((json_t *)(uintptr_t)messages_record(m)) : NULL;
    if (out)
        (void)json_object_set_new(out, "topic", json_string(m->topic));
    if (out && m->schema)
        (void)json_object_set(out, "schema", json_object_get(m->schema, "value"));
    return out;
}

static void render_detail(struct screen *s, struct grid *g, struct rect r)
{
    struct topics_state *st = state_of(s);
    struct table_model m;
    char title[TABLE_KEY_MAX + 16];
    if (st->messages.open) {
        messages_render(s, &st->messages, g, r);
        return;
    }
    (void)snprintf(title, sizeof title, "Topic %s", s->object);
    int y = draw_topic(s, g, r, draw_section(g, r, r.y, title));
    parts_model(s, &m);
    table_draw(g, (struct rect){y, r.x, r.y + r.h - y, r.w}, &m, &st->parts, true);
}

/* ---- a record by hand ---- */

static const char RECORD_WORDS[] =
    "# A record for the topic %s. Lines that begin with # are left out.\n"
    "# key, value: any JSON; a text in quotes is sent as the text; null is null (of a value: a\n"
    "# tombstone). headers: texts by name. partition: a number, or null: the key decides.\n";

/* A text that is JSON is edited as JSON. */
static json_t *editable(const json_t *text)
{
    const char *p = json_string_value(text);
    json_t *v = p ? json_loads(p, 0, NULL) : NULL;
    return v ? v : p ? json_string(p) : json_null();
}

/* The record that is looked at as a beginning, else an empty one. */
static char *template_of(const struct screen *s, const char *topic)
{
    const struct messages *m = topics_messages(s);
    const json_t *r = m->open ? messages_record(m) : NULL;
    json_t *headers = json_object();
    struct buf b;
    size_t i;
    json_t *h;
    buf_init(&b, 0);
    json_array_foreach(json_object_get(r, "headers"), i, h)
    {
        (void)json_object_set(headers, json_string_value(json_object_get(h, "name")),
                              json_object_get(h, "value"));
    }
    json_t *record = json_pack(
        "{s:o, s:o, s:o, s:n}", "key",
        r ? editable(json_object_get(r, "key")) : json_pack("{s:i}", "id", 1), "value",
        r ? editable(json_object_get(r, "value")) : json_object(), "headers", headers, "partition");
    char *text = json_dumps(record, JSON_INDENT(2));
    json_decref(record);
    buf_printf(&b, RECORD_WORDS, topic);
    buf_printf(&b, "%s\n", text ? text : "");
    free(text);
    text = buf_failed(&b) ? NULL : strdup(buf_cstr(&b));
    buf_free(&b);
    return text;
}

static void edit_record(struct screen *s, struct effect *out)
{
    struct draft *d = &state_of(s)->draft;
    const char *why = screen_why_not(s);
    const char *topic = screen_object(s);
    if (why || !topic) {
        screen_say(s, STYLE_ATTENTION, "%s", why ? why : "no topic is selected");
        return;
    }
    char *fresh = template_of(s, topic);
    char *text = fresh ? draft_open(d, topic, fresh) : NULL;
    free(fresh);
    if (text)
        effect_text(out, EFFECT_EDIT, text, strlen(text), NULL);
    else
        screen_say(s, STYLE_BROKEN, "no memory for the record");
}

static void part_words(struct buf *b, const char *what, const json_t *v)
{
    char *text = v ? json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    buf_printf(b, "%s: %.300s%s\n", what, text ? text : "null",
               text && strlen(text) > 300 ? " .." : "");
    free(text);
}

static void ask_to_produce(struct screen *s, const char *topic, json_t *record)
{
    bool demo = s->snapshot && strcmp(s->snapshot->environment.kind, "demo") == 0;
    struct question q = {.method = "topic.produce", .params = record, .twice = true};
    struct buf b;
    buf_init(&b, 0);
    buf_printf(&b,
               "Writes one record to %s. Whoever reads the topic gets it, it cannot be taken back, "
               "and a sink FAILS at what is no change event unless errors.tolerance is all.\n",
               topic);
    part_words(&b, "key", json_object_get(record, "key"));
    part_words(&b, "value", json_object_get(record, "value"));
    if (json_object_size(json_object_get(record, "headers")))
        part_words(&b, "headers", json_object_get(record, "headers"));
    (void)snprintf(q.preview, sizeof q.preview, "%s", buf_cstr(&b));
    buf_free(&b);
    (void)snprintf(q.label, sizeof q.label, "produce a record to topic %.270s", topic);
    if (!demo)
        (void)snprintf(q.name, sizeof q.name, "%s", topic);
    (void)json_object_set_new(record, "name", json_string(topic));
    screen_confirm(s, &q);
}

static void edited(struct screen *s, const char *text, struct effect *out)
{
    struct draft *d = &state_of(s)->draft;
    struct errbuf e;
    json_t *record;
    (void)out;
    if (!text) {
        screen_say(s, STYLE_PLAIN, "nothing was changed, so nothing was produced");
        return;
    }
    draft_keep(d, text);
    if (draft_read(text, &record, &e) == ERR_OK) {
        ask_to_produce(s, d->about, record);
        return;
    }
    draft_refuse(d, e.text);
    screen_say(s, STYLE_BROKEN, "the record is no JSON: %s. P opens it again, as you left it",
               e.text);
}

static bool done(struct screen *s, const struct answer *a, const char *label)
{
    struct topics_state *st = state_of(s);
    if (strcmp(a->method, "topic.produce") != 0)
        return false;
    bool drafted = draft_is_about(&st->draft, answer_text(a->params, "name"));
    if (a->code && drafted) {
        draft_refuse(&st->draft, a->text);
        screen_say(s, STYLE_BROKEN, "%s: %s. P opens it again, as you left it", label, a->text);
        return true;
    }
    if (a->code)
        return false;
    if (drafted) /* another topic's may have been begun meanwhile */
        draft_forget(&st->draft);
    st->messages.more_after = st->messages.open; /* there it comes */
    return false;
}

static bool holds(const struct screen *s, char *why, size_t n)
{
    return draft_holds(&state_of(s)->draft, "record", why, n);
}

/* ---- acting ---- */

static bool can(const struct screen *s, enum action a)
{
    const struct topics_state *st = state_of(s);
    switch (a) {
    case ACTION_OPEN:
        return s->detail && (st->messages.open ? st->messages.n > 0 : st->parts.n > 0);
    case ACTION_REFRESH:
        return false;
    case ACTION_PRODUCE:
        return screen_object(s) && !screen_why_not(s);
    default:
        return true;
    }
}

static void open_partition(struct screen *s)
{
    struct topics_state *st = state_of(s);
    bool all = strcmp(st->parts.key, "all") == 0;
    if (table_key(&st->parts))
        messages_open(s, &st->messages, s->object,
                      all ? MESSAGES_ALL : (int)strtol(st->parts.key, NULL, 10));
}

static bool act(struct screen *s, enum action a, struct effect *out)
{
    struct messages *m = topics_messages(s);
    if (a == ACTION_PRODUCE) {
        edit_record(s, out);
        return true;
    }
    if (!s->detail)
        return false;
    switch (a) {
    case ACTION_OPEN:
        if (m->open)
            messages_open_record(s, m);
        else
            open_partition(s);
        return true;
    case ACTION_UNFOLD:
        messages_unfold(m);
        return true;
    case ACTION_FOLLOW:
        messages_toggle_follow(s, m);
        return true;
    case ACTION_FILTER:
        screen_prompt(s, PROMPT_FILTER, "a text anywhere in records, or key=17", m->filter);
        return true;
    case ACTION_SEEK:
        screen_prompt(s, PROMPT_SEEK, "to an offset, 15m ago, 2026-11-24 12:00, beginning, end",
                      "");
        return true;
    default:
        return false;
    }
}

static void answered(struct screen *s, int prompt, const char *text, struct effect *out)
{
    (void)out;
    if (prompt == PROMPT_FILTER)
        messages_set_filter(s, topics_messages(s), text);
    else if (prompt == PROMPT_SEEK && *text)
        messages_seek(s, topics_messages(s), text);
}

static bool copy(struct screen *s, struct buf *out)
{
    const struct messages *m = topics_messages(s);
    const json_t *r = m->open ? messages_record(m) : NULL;
    const char *value = json_string_value(json_object_get(r, "value"));
    if (value)
        buf_str(out, value);
    return value != NULL;
}

const struct pane pane_topics = {
    .name = "Topics",
    .aliases = "topics topic",
    .key = '3',
    .context = CONTEXT_TOPICS,
    .detail_context = CONTEXT_TOPIC,
    .model = model,
    .render = render,
    .render_detail = render_detail,
    .whole = whole,
    .state_size = sizeof(struct topics_state),
    .init_state = init_state,
    .free_state = free_state,
    .where = where,
    .table = table,
    .opened = forget,
    .left = forget,
    .back = back,
    .ask = ask,
    .take = take,
    .done = done,
    .holds = holds,
    .can = can,
    .act = act,
    .answered = answered,
    .edited = edited,
    .copy = copy,
};
