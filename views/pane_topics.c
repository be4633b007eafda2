/* Pane 3: topics; opened: partitions. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "views/pane.h"

static int compare_int(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

/* ---- topics ---- */

enum { COLUMN_NAME, COLUMN_PARTITIONS, COLUMN_RECORDS, COLUMN_RATE, COLUMN_LAG };

static const struct table_column columns[] = {
    [COLUMN_NAME] = {.title = "topic", .width = 26, .stretch = true},
    [COLUMN_PARTITIONS] = {.title = "partitions", .width = 10, .right = true, .rank = 4},
    [COLUMN_RECORDS] = {.title = "records", .width = 13, .right = true, .rank = 2},
    [COLUMN_RATE] = {.title = "rate", .width = 9, .right = true, .rank = 3},
    [COLUMN_LAG] = {.title = "lag, records", .width = 12, .right = true, .rank = 1},
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
    const struct snap_topic *t = topic(ctx, row);
    size_t n = sizeof out->text;
    out->style = STYLE_PLAIN;
    switch (column) {
    case COLUMN_NAME:
        (void)snprintf(out->text, n, "%s", t->name);
        break;
    case COLUMN_PARTITIONS:
        (void)unit_count((int64_t)t->partition_count, out->text, n);
        break;
    case COLUMN_RECORDS:
        (void)unit_count(t->records, out->text, n);
        break;
    case COLUMN_RATE:
        (void)unit_rate(t->rate_s, out->text, n);
        break;
    default:
        (void)unit_count(t->lag, out->text, n);
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
        return compare_int((int64_t)a->partition_count, (int64_t)b->partition_count);
    case COLUMN_RECORDS:
        return compare_int(a->records, b->records);
    case COLUMN_RATE: /* NAN sorts below everything */
        return (a->rate_s > b->rate_s || (isnan(b->rate_s) && !isnan(a->rate_s))) -
               (a->rate_s < b->rate_s || (isnan(a->rate_s) && !isnan(b->rate_s)));
    default:
        return compare_int(a->lag, b->lag);
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
    table_draw(g, (struct rect){y, r.x, r.y + r.h - y, r.w}, &m, t, true);
}

/* ---- the partitions of the open topic ---- */

enum { PART_ID, PART_LOW, PART_HIGH, PART_COMMITTED, PART_LAG };

static const struct table_column part_columns[] = {
    [PART_ID] = {.title = "partition", .width = 9, .right = true},
    [PART_LOW] = {.title = "first offset", .width = 14, .right = true, .rank = 3},
    [PART_HIGH] = {.title = "next offset", .width = 14, .right = true, .rank = 2},
    [PART_COMMITTED] = {.title = "committed", .width = 14, .right = true, .rank = 1},
    [PART_LAG] = {.title = "lag, records", .width = 12, .right = true},
};

static const struct snap_partition *part(const void *ctx, size_t row)
{
    const struct screen *s = ctx;
    return &snapshot_topic(s->snapshot, s->object)->partitions[row];
}

static const char *part_key(const void *ctx, size_t row)
{
    return part(ctx, row)->key;
}

static void part_cell(const void *ctx, size_t row, int column, struct table_cell *out)
{
    const struct snap_partition *p = part(ctx, row);
    int64_t v = column == PART_ID          ? p->id
                : column == PART_LOW       ? p->low
                : column == PART_HIGH      ? p->high
                : column == PART_COMMITTED ? p->committed
                                           : p->lag;
    out->style = STYLE_PLAIN;
    (void)unit_count(v, out->text, sizeof out->text);
}

static int part_compare(const void *ctx, size_t x, size_t y, int column)
{
    const struct snap_partition *a = part(ctx, x);
    const struct snap_partition *b = part(ctx, y);
    switch (column) {
    case PART_ID:
        return compare_int(a->id, b->id);
    case PART_LOW:
        return compare_int(a->low, b->low);
    case PART_HIGH:
        return compare_int(a->high, b->high);
    case PART_COMMITTED:
        return compare_int(a->committed, b->committed);
    default:
        return compare_int(a->lag, b->lag);
    }
}

static void parts_model(const struct screen *s, struct table_model *m)
{
    const struct snap_topic *t = s->snapshot ? snapshot_topic(s->snapshot, s->object) : NULL;
    *m = (struct table_model){
        .columns = part_columns,
        .column_count = sizeof part_columns / sizeof part_columns[0],
        .rows = t ? t->partition_count : 0,
        .ctx = s,
        .key = part_key,
        .cell = part_cell,
        .compare = part_compare,
        .empty = "The topic is gone: the broker no longer has it.",
    };
}

static bool table(struct screen *s, struct table_model *m, struct table_state **t)
{
    parts_model(s, m);
    *t = PANE_STATE(s, PANE_TOPICS, struct table_state);
    return true;
}

static void init_state(struct screen *s, void *state)
{
    (void)s;
    ((struct table_state *)state)->sort = -1;
}

static void free_state(void *state)
{
    table_free(state);
}

static void forget(struct screen *s)
{
    struct table_state *t = PANE_STATE(s, PANE_TOPICS, struct table_state);
    table_free(t);
    *t = (struct table_state){.sort = -1};
}

static void render_detail(struct screen *s, struct grid *g, struct rect r)
{
    const struct snap_topic *t = snapshot_topic(s->snapshot, s->object);
    char a[UNIT_TEXT_MAX];
    char b[UNIT_TEXT_MAX];
    char c[UNIT_TEXT_MAX];
    char title[TABLE_KEY_MAX + 16];
    (void)snprintf(title, sizeof title, "Topic %s", s->object);
    int y = draw_section(g, r, r.y, title);
    if (t && r.h > 5)
        (void)grid_printf(g, y++, r.x + 3, r.w - 3, STYLE_PLAIN,
                          "%s records, %s, %s not yet in the warehouse",
                          unit_count(t->records, a, sizeof a), unit_rate(t->rate_s, b, sizeof b),
                          unit_count(t->lag, c, sizeof c));
    struct table_model m;
    parts_model(s, &m);
    table_draw(g, (struct rect){y, r.x, r.y + r.h - y, r.w}, &m,
               PANE_STATE(s, PANE_TOPICS, struct table_state), true);
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
    .state_size = sizeof(struct table_state),
    .init_state = init_state,
    .free_state = free_state,
    .opened = forget,
    .table = table,
};
