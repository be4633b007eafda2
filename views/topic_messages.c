/*
 * What is asked next follows from what is there and where the person stands: nothing yet: the place
 * to begin at; following: what came since; on the last row: older ones; on the first: newer ones.
 * So a person who goes down gets on without a key for it, and a filter that finds little goes on
 * looking as long as somebody waits for it.
 */
#include "views/topic_messages.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "views/json_view.h"
#include "views/table_cell.h"

enum { RECORD_BYTES = 1 << 20, SCHEMA_BYTES = 1 << 18, SUMMARY_MAX = TABLE_CELL_MAX, DEPTH = 2 };

static const int64_t FOLLOW_US = 1000000;

/* ---- life ---- */

static void forget_record(struct messages *m)
{
    json_decref(m->record);
    json_decref(m->schema);
    m->record = m->schema = NULL;
    m->schema_told = m->detail = false;
}

static void free_row(struct message_row *row)
{
    json_decref(row->record);
    free(row->summary);
    free(row->short_key);
}

/* What was read; where it begins, the filter and the topic stay. */
static void forget_rows(struct messages *m)
{
    for (size_t i = 0; i < m->n; i++)
        free_row(&m->rows[i]);
    free(m->rows);
    m->rows = NULL;
    m->n = 0;
    json_decref(m->before);
    json_decref(m->after);
    m->before = m->after = NULL;
    m->loaded = m->late = m->missing = m->more_before = m->more_after = false;
    m->looked = 0;
    m->error[0] = '\0';
    table_free(&m->table);
    m->table = (struct table_state){.sort = -1};
}

void messages_close(struct messages *m)
{
    forget_record(m);
    forget_rows(m);
    *m = (struct messages){.partition = MESSAGES_ALL, .table = {.sort = -1}};
}

void messages_open(struct screen *s, struct messages *m, const char *topic, int partition)
{
    (void)s;
    messages_close(m);
    m->open = true;
    m->partition = partition;
    m->from.kind = TOPIC_FROM_END;
    (void)snprintf(m->topic, sizeof m->topic, "%s", topic);
}

bool messages_back(struct screen *s, struct messages *m)
{
    s->scroll = 0;
    if (m->detail)
        forget_record(m);
    else if (m->filter[0])
        messages_set_filter(s, m, "");
    else if (m->open)
        messages_close(m);
    else
        return false;
    return true;
}

/* ---- the table ---- */

enum {
    COLUMN_DATE,
    COLUMN_TIME,
    COLUMN_PARTITION,
    COLUMN_OFFSET,
    COLUMN_KEY,
    COLUMN_VALUE,
    COLUMN_HEADERS,
    COLUMN_SHOWN, /* in files: */
    COLUMN_BYTES = COLUMN_SHOWN,
    COLUMN_CUT,
    COLUMNS,
};

static const struct table_column columns[] = {
    [COLUMN_DATE] = {.title = "date", .file = "", .width = 10, .rank = 6},
    [COLUMN_TIME] = {.title = "UTC", .file = "time", .width = 8, .rank = 3},
    [COLUMN_PARTITION] =
        {.title = "part", .file = "partition", .width = 4, .right = true, .rank = 2},
    [COLUMN_OFFSET] = {.title = "offset", .width = 10, .right = true, .rank = 1},
    [COLUMN_KEY] = {.title = "key", .width = 14},
    [COLUMN_VALUE] = {.title = "value", .width = 20, .stretch = true},
    [COLUMN_HEADERS] = {.title = "headers", .width = 30, .rank = 7},
    [COLUMN_BYTES] = {.title = "value bytes"},
    [COLUMN_CUT] = {.title = "cut"}, /* the engine sends so much of it in a list */
};

static const char *text_of(const json_t *record, const char *name)
{
    return json_string_value(json_object_get(record, name));
}

static int64_t int_of(const json_t *record, const char *name)
{
    const json_t *v = json_object_get(record, name);
    return json_is_integer(v) ? json_integer_value(v) : UNKNOWN_INT;
}

static int64_t time_us(const json_t *record)
{
    int64_t ms = int_of(record, "timestamp_ms");
    return ms == UNKNOWN_INT ? ms : ms * 1000;
}

static const char *row_key(const void *ctx, size_t row)
{
    return ((const struct messages *)ctx)->rows[row].key;
}

static void headers_text(const json_t *record, char *out, size_t n)
{
    size_t i;
    size_t len = 0;
    json_t *h;
    out[0] = '\0';
    json_array_foreach(json_object_get(record, "headers"), i, h)
    {
        const char *value = text_of(h, "value");
        if (len < n)
            len += (size_t)snprintf(out + len, n - len, "%s%s=%s", i ? "  " : "",
                                    text_of(h, "name") ? text_of(h, "name") : "",
                                    value ? value : "null");
    }
}

static void cell(const void *ctx, size_t row, int column, struct table_cell *out)
{
    const struct message_row *r = &((const struct messages *)ctx)->rows[row];
    out->style = STYLE_PLAIN;
    switch (column) {
    case COLUMN_DATE:
        cell_day(out, time_us(r->record));
        out->text[strcspn(out->text, " ")] = '\0';
        break;
    case COLUMN_TIME:
        (void)unit_clock(time_us(r->record), out->text, sizeof out->text);
        cell_is_time(out, time_us(r->record));
        break;
    case COLUMN_PARTITION:
        cell_count(out, int_of(r->record, "partition"));
        break;
    case COLUMN_OFFSET:
        cell_count(out, int_of(r->record, "offset"));
        break;
    case COLUMN_KEY:
        out->style = r->short_key ? STYLE_PLAIN : STYLE_DIM;
        cell_text(out, r->short_key ? r->short_key : "no key");
        cell_is_text(out, text_of(r->record, "key"));
        break;
    case COLUMN_VALUE:
        out->style = text_of(r->record, "value") ? STYLE_PLAIN : STYLE_DIM;
        cell_text(out, r->summary);
        cell_is_text(out, text_of(r->record, "value"));
        break;
    case COLUMN_BYTES:
        cell_count(out, int_of(r->record, "value_bytes"));
        break;
    case COLUMN_CUT:
        cell_is_bool(out, json_is_true(json_object_get(r->record, "cut")));
        break;
    default:
        headers_text(r->record, out->text, sizeof out->text);
        cell_is_json(out, json_object_get(r->record, "headers"));
    }
}

static int compare_texts(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) : (a != NULL) - (b != NULL); /* none stands below all */
}

static int compare(const void *ctx, size_t x, size_t y, int column)
{
    const struct messages *m = ctx;
    const json_t *a = m->rows[x].record;
    const json_t *b = m->rows[y].record;
    char text[2][TABLE_CELL_MAX];
    switch (column) {
    case COLUMN_DATE:
    case COLUMN_TIME:
        return table_compare_int(time_us(a), time_us(b));
    case COLUMN_PARTITION:
        return table_compare_int(int_of(a, "partition"), int_of(b, "partition"));
    case COLUMN_OFFSET:
        return table_compare_int(int_of(a, "offset"), int_of(b, "offset"));
    case COLUMN_KEY:
        return compare_texts(m->rows[x].short_key, m->rows[y].short_key);
    case COLUMN_VALUE:
        return compare_texts(m->rows[x].summary, m->rows[y].summary);
    default:
        headers_text(a, text[0], sizeof text[0]);
        headers_text(b, text[1], sizeof text[1]);
        return strcmp(text[0], text[1]);
    }
}

static const char *empty_words(const struct messages *m)
{
    if (m->error[0])
        return m->error;
    if (!m->loaded)
        return "asking the engine ..";
    if (m->more_before)
        return "nothing yet: looking further back ..";
    return m->filter[0] ? "no record matches" : "there are no records";
}

void messages_model(const struct messages *m, struct table_model *model)
{
    *model = (struct table_model){
        .columns = columns,
        .column_count = COLUMN_SHOWN,
        .file_columns = COLUMNS - COLUMN_SHOWN,
        .rows = m->n,
        .ctx = m,
        .key = row_key,
        .cell = cell,
        .compare = compare,
        .empty = empty_words(m),
    };
}

/* ---- rows ---- */

/* A change event says more by its operation and row than by its envelope. */
static char *summarise(const json_t *record)
{
    const char *value = text_of(record, "value");
    if (!value)
        return strdup("null: a tombstone");
    json_t *v = json_is_true(json_object_get(record, "cut")) ? NULL : json_loads(value, 0, NULL);
    const json_t *p =
        json_is_object(json_object_get(v, "payload")) ? json_object_get(v, "payload") : v;
    const char *op = json_string_value(json_object_get(p, "op"));
    const json_t *row = json_object_get(p, "after");
    if (!json_is_object(row))
        row = json_object_get(p, "before");
    char *text =
        op && json_is_object(row) ? json_dumps(row, JSON_COMPACT | JSON_REAL_PRECISION(15)) : NULL;
    struct buf b;
    buf_init(&b, 0);
    if (text)
        buf_printf(&b, "%s %.*s", op, SUMMARY_MAX, text);
    else
        buf_printf(&b, "%.*s", SUMMARY_MAX, value);
    free(text);
    json_decref(v);
    char *out = buf_failed(&b) ? NULL : strdup(buf_cstr(&b));
    buf_free(&b);
    return out;
}

/* {"id":17} is 17, as it is for the filter. */
static char *key_text(const json_t *record)
{
    const char *key = text_of(record, "key");
    json_t *k = key ? json_loads(key, 0, NULL) : NULL;
    const json_t *only =
        json_object_size(k) == 1 ? json_object_iter_value(json_object_iter(k)) : NULL;
    char *text = json_is_string(only)    ? strdup(json_string_value(only))
                 : json_is_integer(only) ? json_dumps(only, JSON_ENCODE_ANY)
                 : key                   ? strdup(key)
                                         : NULL;
    json_decref(k);
    return text;
}

static bool make_row(json_t *record, struct message_row *row)
{
    int64_t partition = int_of(record, "partition");
    int64_t offset = int_of(record, "offset");
    if (partition == UNKNOWN_INT || offset == UNKNOWN_INT)
        return false;
    *row = (struct message_row){
        .record = json_incref(record), .summary = summarise(record), .short_key = key_text(record)};
    (void)snprintf(row->key, sizeof row->key, "%lld-%lld", (long long)partition, (long long)offset);
    return true;
}

static void set_cursor(json_t *cursor, const struct message_row *row, int more)
{
    char name[24];
    (void)snprintf(name, sizeof name, "%lld", (long long)int_of(row->record, "partition"));
    (void)json_object_set_new(cursor, name,
                              json_integer((json_int_t)(int_of(row->record, "offset") + more)));
}

/* Too many: the far end goes, and its cursor moves behind what is still shown. */
static void trim(struct messages *m, bool newest)
{
    size_t over = m->n > MESSAGES_KEPT ? m->n - MESSAGES_KEPT : 0;
    for (size_t i = 0; i < over; i++) { /* from the outermost inwards */
        struct message_row *row = newest ? &m->rows[i] : &m->rows[m->n - 1 - i];
        set_cursor(newest ? m->after : m->before, row, newest ? 0 : 1);
        free_row(row);
    }
    if (newest && over)
        memmove(m->rows, m->rows + over, (m->n - over) * sizeof *m->rows);
    m->more_after = m->more_after || (newest && over);
    m->more_before = m->more_before || (!newest && over);
    m->n -= over;
}

static bool add_rows(struct messages *m, const json_t *list, bool in_front)
{
    size_t more = json_array_size(list);
    struct message_row *grown = realloc(m->rows, (m->n + more + 1) * sizeof *grown);
    size_t added = 0;
    if (!grown)
        return false;
    m->rows = grown;
    if (in_front)
        memmove(grown + more, grown, m->n * sizeof *grown);
    struct message_row *at = in_front ? grown : grown + m->n;
    for (size_t i = 0; i < more; i++)
        added += make_row(json_array_get(list, i), &at[added]);
    if (in_front && added < more)
        memmove(grown + added, grown + more, m->n * sizeof *grown);
    m->n += added;
    trim(m, !in_front);
    return true;
}

/* ---- asking ---- */

static json_t *request(const struct messages *m, int limit)
{
    json_t *p = json_pack("{s:s, s:i}", "name", m->topic, "limit", limit);
    if (m->partition != MESSAGES_ALL)
        (void)json_object_set_new(p, "partition", json_integer(m->partition));
    if (strncmp(m->filter, "key=", 4) == 0)
        (void)json_object_set_new(p, "filter", json_pack("{s:s}", "key", m->filter + 4));
    else if (m->filter[0])
        (void)json_object_set_new(p, "filter", json_pack("{s:s}", "text", m->filter));
    return p;
}

static void set_place(json_t *p, const struct messages *m)
{
    if (m->from.kind == TOPIC_FROM_BEGINNING)
        (void)json_object_set_new(p, "from_offset", json_integer(0));
    else if (m->from.kind == TOPIC_FROM_OFFSET)
        (void)json_object_set_new(p, "from_offset", json_integer(m->from.value));
    else if (m->from.kind == TOPIC_FROM_TIME)
        (void)json_object_set_new(p, "from_time_us", json_integer(m->from.value * 1000));
}

static bool at_end(const struct messages *m)
{
    return m->table.selected + 1 >= m->table.n;
}

/* The rows that are wanted; NULL: none. */
static json_t *wanted_rows(const struct messages *m, int64_t *every_us)
{
    json_t *p = request(m, MESSAGES_PAGE);
    if (!m->loaded) {
        set_place(p, m);
    } else if (m->follow) {
        (void)json_object_set(p, "after", m->after);
        *every_us = FOLLOW_US;
    } else if (m->more_before && at_end(m)) {
        (void)json_object_set(p, "before", m->before);
    } else if (m->more_after && m->table.selected == 0) {
        (void)json_object_set(p, "from", m->after);
    } else {
        json_decref(p);
        p = NULL;
    }
    return p;
}

static const struct message_row *row_of(const struct messages *m, const char *key)
{
    for (size_t i = 0; i < m->n; i++)
        if (strcmp(m->rows[i].key, key) == 0)
            return &m->rows[i];
    return NULL;
}

/* The opened record, whole. */
static json_t *wanted_record(const struct messages *m)
{
    long long partition = 0;
    long long offset = 0;
    if (m->record || sscanf(m->opened, "%lld-%lld", &partition, &offset) != 2)
        return NULL;
    return json_pack("{s:s, s:I, s:I, s:i, s:i}", "name", m->topic, "partition",
                     (json_int_t)partition, "from_offset", (json_int_t)offset, "limit", 1, "bytes",
                     RECORD_BYTES);
}

static const char *header_of(const json_t *record, const char *name)
{
    size_t i;
    json_t *h;
    json_array_foreach(json_object_get(record, "headers"), i, h)
    {
        const char *n = text_of(h, "name");
        if (n && strcmp(n, name) == 0)
            return text_of(h, "value");
    }
    return NULL;
}

/* Its schema stands in the topic <prefix>.__schemas: <prefix>.<schema>.<table> is ours. */
static json_t *wanted_schema(const struct messages *m)
{
    const char *fingerprint = m->record ? header_of(m->record, "flightdeck.schema") : NULL;
    char topic[TABLE_KEY_MAX + 16];
    (void)snprintf(topic, sizeof topic - 16, "%s", m->topic);
    for (int i = 0; i < 2; i++) {
        char *dot = strrchr(topic, '.');
        if (!dot)
            return NULL;
        *dot = '\0';
    }
    if (!fingerprint || m->schema_told)
        return NULL;
    (void)strcat(topic, ".__schemas");
    return json_pack("{s:s, s:i, s:i, s:{s:s}}", "name", topic, "limit", 1, "bytes", SCHEMA_BYTES,
                     "filter", "text", fingerprint);
}

bool messages_ask(const struct messages *m, bool still, int i, struct ask *out)
{
    json_t *wanted[3] = {NULL};
    int64_t every_us = 0;
    int n = 0;
    json_t *p;
    if (!m->open)
        return false;
    if (m->detail && (p = wanted_record(m)))
        wanted[n++] = p;
    if (m->detail && (p = wanted_schema(m)))
        wanted[n++] = p;
    int rows = n;
    if (!(still && m->loaded && m->follow) && (p = wanted_rows(m, &every_us)))
        wanted[n++] = p;
    for (int k = 0; k < n; k++)
        if (k != i)
            json_decref(wanted[k]);
    if (i >= n)
        return false;
    *out = (struct ask){.method = "topic.messages", .params = wanted[i]};
    out->every_us = i == rows ? every_us : 0;
    return true;
}

/* ---- answers ---- */

static void take_cursor(json_t **cursor, const json_t *result, const char *name)
{
    json_decref(*cursor);
    *cursor = json_deep_copy(json_object_get(result, name));
    if (!*cursor)
        *cursor = json_object();
}

static void take_older(struct messages *m, const json_t *result)
{
    take_cursor(&m->before, result, "before");
    m->more_before = json_is_true(json_object_get(result, "more_before"));
}

static void take_newer(struct messages *m, const json_t *result)
{
    take_cursor(&m->after, result, "after");
    m->more_after = json_is_true(json_object_get(result, "more_after"));
}

static void take_rows(struct messages *m, const struct answer *a)
{
    const json_t *list = json_object_get(a->result, "messages");
    bool newer = json_object_get(a->params, "after") || json_object_get(a->params, "from");
    bool first = !m->loaded;
    bool gap = json_object_get(a->params, "after") && /* more came than are shown */
               json_is_true(json_object_get(a->result, "more_before"));
    if (gap) {
        int64_t looked = m->looked;
        bool follow = m->table.follow;
        forget_rows(m);
        m->looked = looked;
        m->table.follow = follow;
    }
    m->missing = gap;
    m->loaded = true;
    m->late = json_is_true(json_object_get(a->result, "late"));
    m->looked += json_integer_value(json_object_get(a->result, "looked"));
    if (first || gap || !newer)
        take_older(m, a->result);
    if (first || gap || newer)
        take_newer(m, a->result);
    if (!add_rows(m, list, newer && !gap))
        (void)snprintf(m->error, sizeof m->error, "no memory for the records");
    if (first && m->from.kind != TOPIC_FROM_END && m->n) /* stand at the place */
        (void)snprintf(m->table.key, sizeof m->table.key, "%s", m->rows[m->n - 1].key);
}

static bool is_of(const json_t *wanted, const struct answer *a)
{
    return wanted && json_equal((json_t *)(uintptr_t)wanted, (json_t *)(uintptr_t)a->params);
}

static void take_record(struct messages *m, const struct answer *a)
{
    const json_t *r = json_array_get(json_object_get(a->result, "messages"), 0);
    const struct message_row *row = row_of(m, m->opened);
    char key[48];
    (void)snprintf(key, sizeof key, "%lld-%lld", (long long)int_of(r, "partition"),
                   (long long)int_of(r, "offset"));
    if (r && strcmp(key, m->opened) == 0)
        m->record = json_deep_copy(r);
    else if (row) /* it was deleted meanwhile: what the list has */
        m->record = json_incref(row->record);
}

bool messages_take(struct screen *s, struct messages *m, const struct answer *a)
{
    int64_t every_us;
    if (!m->open || strcmp(a->method, "topic.messages") != 0)
        return false;
    json_t *record = m->detail ? wanted_record(m) : NULL;
    json_t *schema = m->detail ? wanted_schema(m) : NULL;
    json_t *rows = wanted_rows(m, &every_us);
    bool mine = true;
    if (is_of(record, a)) {
        take_record(m, a);
    } else if (is_of(schema, a)) {
        m->schema_told = true;
        m->schema = json_deep_copy(json_array_get(json_object_get(a->result, "messages"), 0));
    } else if (is_of(rows, a)) {
        (void)snprintf(m->error, sizeof m->error, "%s", a->code ? a->text : "");
        if (!a->code)
            take_rows(m, a);
        else if (m->n)
            screen_say(s, STYLE_BROKEN, "%s: %s", m->topic, a->text);
    } else {
        mine = false;
    }
    json_decref(record);
    json_decref(schema);
    json_decref(rows);
    return mine;
}

/* ---- what a person does ---- */

void messages_open_record(struct screen *s, struct messages *m)
{
    size_t row;
    if (!table_selected(&m->table, &row))
        return;
    forget_record(m);
    (void)snprintf(m->opened, sizeof m->opened, "%s", m->rows[row].key);
    m->detail = true;
    m->depth = DEPTH;
    s->scroll = 0;
}

void messages_unfold(struct messages *m)
{
    m->depth = m->depth < DEPTH ? DEPTH : m->depth < JSON_VIEW_ALL ? JSON_VIEW_ALL : 1;
}

void messages_toggle_follow(struct screen *s, struct messages *m)
{
    m->follow = !m->follow;
    m->table.follow = m->follow;
    if (m->follow && (m->more_after || m->from.kind != TOPIC_FROM_END)) {
        forget_rows(m); /* the newest are elsewhere */
        m->from.kind = TOPIC_FROM_END;
        m->table.follow = true;
    }
    screen_say(s, STYLE_PLAIN, m->follow ? "following what comes" : "no longer following");
}

void messages_set_filter(struct screen *s, struct messages *m, const char *text)
{
    (void)s;
    (void)snprintf(m->filter, sizeof m->filter, "%s", text);
    bool follow = m->follow;
    forget_rows(m);
    m->table.follow = follow;
}

void messages_seek(struct screen *s, struct messages *m, const char *text)
{
    struct topic_from from;
    int64_t now_us = s->snapshot ? s->snapshot->now_us : 0;
    if (!topic_from_parse_utc(text, now_us / 1000, &from)) {
        screen_say(s, STYLE_ATTENTION,
                   "\"%s\": an offset, beginning, end, how long ago (15m, 2h, 1d) or a time in UTC "
                   "(2026-11-24 12:00)",
                   text);
        return;
    }
    forget_rows(m);
    m->from = from;
    m->follow = false;
}

const json_t *messages_record(const struct messages *m)
{
    const struct message_row *row = row_of(m, m->detail       ? m->opened
                                              : m->table.gone ? ""
                                                              : m->table.key);
    return m->detail && m->record ? m->record : row ? row->record : NULL;
}

/* ---- drawing ---- */

static void draw_part(struct lines *l, const struct messages *m, const char *title,
                      const char *text)
{
    struct buf out, styles;
    lines_section(l, title);
    if (!text) {
        lines_add(l, NULL, STYLE_DIM, "null");
        return;
    }
    size_t n = strlen(text);
    if (!json_view_is(text, n)) {
        lines_add(l, NULL, STYLE_PLAIN, text);
        return;
    }
    buf_init(&out, 0);
    buf_init(&styles, 0);
    (void)json_view(text, n, m->depth, &out, &styles);
    buf_ch(&styles, '\0');
    if (!buf_failed(&out) && !buf_failed(&styles))
        lines_styled(l, buf_cstr(&out), styles.p);
    buf_free(&out);
    buf_free(&styles);
}

static void draw_record(struct screen *s, struct lines *l)
{
    const struct messages *m = topics_messages(s);
    const json_t *r = messages_record(m);
    char a[UNIT_TEXT_MAX];
    char b[UNIT_TEXT_MAX];
    char title[TABLE_KEY_MAX + 64];
    size_t i;
    json_t *h;
    (void)snprintf(title, sizeof title, "Record %s of %s", m->opened, m->topic);
    lines_section(l, title);
    if (!r) {
        lines_add(l, NULL, STYLE_DIM, "asking the engine ..");
        return;
    }
    lines_printf(l, "partition", STYLE_PLAIN, "%s, offset %s",
                 unit_count(int_of(r, "partition"), a, sizeof a),
                 unit_count(int_of(r, "offset"), b, sizeof b));
    lines_printf(l, "time", STYLE_PLAIN, "%s UTC", unit_day(time_us(r), a, sizeof a));
    lines_printf(l, "value", STYLE_PLAIN, "%s bytes%s",
                 unit_count(int_of(r, "value_bytes"), a, sizeof a),
                 json_is_true(json_object_get(r, "cut")) ? ", not all of it is shown" : "");
    if (json_array_size(json_object_get(r, "headers")))
        lines_section(l, "Headers");
    json_array_foreach(json_object_get(r, "headers"), i, h)
    {
        lines_add(l, text_of(h, "name") ? text_of(h, "name") : "",
                  text_of(h, "value") ? STYLE_PLAIN : STYLE_DIM,
                  text_of(h, "value") ? text_of(h, "value") : "null");
    }
    draw_part(l, m, "Key", text_of(r, "key"));
    draw_part(l, m, "Value", text_of(r, "value"));
    if (m->schema)
        draw_part(l, m, "Schema", text_of(m->schema, "value"));
}

static void draw_title(const struct screen *s, const struct messages *m, struct grid *g,
                       struct rect r)
{
    char title[2 * TABLE_KEY_MAX];
    char part[32] = "";
    char looked[UNIT_TEXT_MAX];
    if (m->partition != MESSAGES_ALL)
        (void)snprintf(part, sizeof part, ", partition %d", m->partition);
    int n = snprintf(title, sizeof title, "Records of %s%s (%zu%s%s)%s%s", m->topic, part, m->n,
                     m->filter[0] ? " that match " : "", m->filter, m->follow ? ", following" : "",
                     s->shown_us ? ", as they are now" : "");
    if (m->filter[0] && m->loaded && n > 0 && (size_t)n < sizeof title)
        (void)snprintf(title + n, sizeof title - (size_t)n, ", %s looked at",
                       unit_count(m->looked, looked, sizeof looked));
    (void)draw_section(g, r, r.y, title);
}

void messages_render(struct screen *s, struct messages *m, struct grid *g, struct rect r)
{
    struct table_model model;
    if (m->detail) {
        lines_draw(s, g, r, 16, draw_record);
        return;
    }
    int y = r.y;
    if (r.h > 4) {
        draw_title(s, m, g, r);
        y++;
    }
    messages_model(m, &model);
    bool words = r.h > 6 && (m->missing || (m->more_before && at_end(m) && m->n && !m->follow));
    table_draw(g, (struct rect){y, r.x, r.y + r.h - y - words, r.w}, &model, &m->table, true);
    if (words)
        (void)grid_text(g, r.y + r.h - 1, r.x + 3, r.w - 3, STYLE_ATTENTION,
                        m->missing ? "more records came than are shown: older ones follow below"
                                   : "reading older records ..");
}
