/* Pane 8: the source's servers: slots, tables with what a delete carries, open transactions,
 * publications, readers of the WAL; opened: one of them with all that is known. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "views/look.h"

enum {
    SIDE_FROM = 150, /* columns, and .. */
    SIDE_ROWS = 20,  /* .. rows from which there is room for the lists beside */
    SIDE_WIDTH = 60,
    LABEL = 17,
    LONG_S = 60,       /* a transaction that is open for longer keeps the WAL */
    SOON_S = 4 * 3600, /* a slot that is full so soon wants somebody */
};

#define COUNT_OF(a) ((int)(sizeof(a) / sizeof((a)[0])))

/* ---- lists ---- */

static const struct table_column slot_columns[] = {
    {.title = "slot", .width = 16, .stretch = true},
    {.title = "type", .width = 8, .rank = 6},
    {.title = "read", .width = 4},
    {.title = "WAL", .width = 10, .rank = 4},
    {.title = "keeps", .width = 10, .right = true},
    {.title = "grows", .width = 11, .right = true, .rank = 2},
    {.title = "room left", .width = 10, .right = true, .rank = 3},
    {.title = "full in", .width = 10, .right = true},
    {.title = "if not read", .width = 11, .right = true, .rank = 5},
};
static const struct look_field slot_fields[] = {{"name", LOOK_TEXT},
                                                {"type", LOOK_TEXT},
                                                {"active", LOOK_YES},
                                                {"wal_status", LOOK_TEXT},
                                                {"retained_bytes", LOOK_BYTES},
                                                {"growth_bytes_s", LOOK_RATE},
                                                {"safe_bytes", LOOK_BYTES},
                                                {"full_s", LOOK_DURATION},
                                                {"full_if_stopped_s", LOOK_DURATION}};

static const struct table_column table_columns[] = {
    {.title = "schema", .width = 10, .rank = 1},
    {.title = "table", .width = 18},
    {.title = "size", .width = 10, .right = true, .rank = 2},
    {.title = "rows, about", .width = 12, .right = true, .rank = 4},
    {.title = "identity", .width = 11},
    {.title = "deletes", .width = 8},
    {.title = "means", .width = 20, .stretch = true, .rank = 3},
};
static const struct look_field table_fields[] = {
    {"schema_name", LOOK_TEXT}, {"table_name", LOOK_TEXT}, {"bytes", LOOK_BYTES},
    {"row_count", LOOK_COUNT},  {"identity", LOOK_TEXT},   {"deletes", LOOK_TEXT},
    {"means", LOOK_TEXT}};

static const struct table_column transaction_columns[] = {
    {.title = "id", .width = 9, .rank = 3},
    {.title = "user", .width = 10, .rank = 2},
    {.title = "from", .width = 18, .rank = 1},
    {.title = "state", .width = 19},
    {.title = "open for", .width = 10, .right = true},
    {.title = "statement", .width = 20, .stretch = true},
};
static const struct look_field transaction_fields[] = {
    {"id", LOOK_TEXT},    {"user_name", LOOK_TEXT},   {"application", LOOK_TEXT},
    {"state", LOOK_TEXT}, {"seconds", LOOK_DURATION}, {"text", LOOK_TEXT}};

static const struct table_column publication_columns[] = {
    {.title = "publication", .width = 16},
    {.title = "owner", .width = 12, .rank = 5},
    {.title = "all", .width = 3},
    {.title = "insert", .width = 6, .rank = 3},
    {.title = "update", .width = 6, .rank = 2},
    {.title = "delete", .width = 6, .rank = 1},
    {.title = "truncate", .width = 8, .rank = 4},
    {.title = "tables", .width = 24, .stretch = true},
};
static const struct look_field publication_fields[] = {
    {"name", LOOK_TEXT},  {"owner", LOOK_TEXT}, {"all_tables", LOOK_YES}, {"insert", LOOK_YES},
    {"update", LOOK_YES}, {"delete", LOOK_YES}, {"truncate", LOOK_YES},   {"tables", LOOK_LIST}};

static const struct table_column replica_columns[] = {
    {.title = "reader", .width = 16, .stretch = true},
    {.title = "client", .width = 15, .rank = 4},
    {.title = "state", .width = 10},
    {.title = "sync", .width = 6, .rank = 5},
    {.title = "slot", .width = 16, .rank = 2},
    {.title = "flushed behind", .width = 14, .right = true, .rank = 3},
    {.title = "behind", .width = 10, .right = true},
    {.title = "in time", .width = 10, .right = true, .rank = 1},
};
static const struct look_field replica_fields[] = {{"application", LOOK_TEXT},
                                                   {"client", LOOK_TEXT},
                                                   {"state", LOOK_TEXT},
                                                   {"sync_state", LOOK_TEXT},
                                                   {"slot", LOOK_TEXT},
                                                   {"flush_lag_bytes", LOOK_BYTES},
                                                   {"replay_lag_bytes", LOOK_BYTES},
                                                   {"replay_lag_s", LOOK_DURATION}};

static const struct table_column setting_columns[] = {
    {.title = "setting", .width = 36},
    {.title = "value", .width = 20, .stretch = true},
};
static const struct look_field setting_fields[] = {{"name", LOOK_TEXT}, {"value", LOOK_TEXT}};

static double real(const json_t *o, const char *name)
{
    const json_t *v = json_object_get(o, name);
    return json_is_number(v) ? json_number_value(v) : NAN;
}

static const char *text_of(const json_t *o, const char *name)
{
    const char *text = json_string_value(json_object_get(o, name));
    return text ? text : "";
}

static uint16_t slot_style(const json_t *row, const char *member)
{
    const char *wal = text_of(row, "wal_status");
    if (!strcmp(member, "wal_status"))
        return !strcmp(wal, "lost")                                     ? STYLE_BROKEN
               : !strcmp(wal, "unreserved") || !strcmp(wal, "extended") ? STYLE_ATTENTION
                                                                        : STYLE_PLAIN;
    if (!strcmp(member, "full_s"))
        return real(row, "full_s") < SOON_S ? STYLE_BROKEN : STYLE_PLAIN;
    if (!strcmp(member, "name"))
        return json_is_true(json_object_get(row, "active")) ? STYLE_PLAIN : STYLE_ATTENTION;
    return STYLE_PLAIN;
}

static uint16_t table_style(const json_t *row, const char *member)
{
    return !strcmp(member, "deletes") && !strcmp(text_of(row, "deletes"), "refused")
               ? STYLE_ATTENTION
               : STYLE_PLAIN;
}

static uint16_t transaction_style(const json_t *row, const char *member)
{
    return !strcmp(member, "seconds") && real(row, "seconds") >= LONG_S ? STYLE_ATTENTION
                                                                        : STYLE_PLAIN;
}

#define LIST(what) .n = COUNT_OF(what##_fields), .columns = what##_columns, .fields = what##_fields

static const struct look_list lists[] = {
    {LIST(slot), .part = "slots", .title = "slots", .key = {"name", NULL}, .style = slot_style,
     .empty = "the server has no slot: a source connector makes its own"},
    {LIST(table), .part = "tables", .title = "tables", .key = {"schema_name", "table_name"},
     .style = table_style, .empty = "the source has no table"},
    {LIST(transaction), .part = "transactions", .title = "transactions", .key = {"id", NULL},
     .style = transaction_style, .empty = "no transaction is open"},
    {LIST(publication), .part = "publications", .title = "publications", .key = {"name", NULL},
     .empty = "nothing is published: a source connector makes its own publication"},
    {LIST(replica), .part = "replicas", .title = "readers", .key = {"application", "slot"},
     .empty = "nobody reads the WAL"},
    {LIST(setting), .part = "settings", .title = "settings", .key = {"name", NULL},
     .empty = "no setting is told"},
};

/* ---- state ---- */

static struct look *look_of(const struct screen *s)
{
    return PANE_STATE(s, PANE_SOURCE, struct look);
}

/* The primary's settings as a list of their own. */
static void add_settings(json_t *answer)
{
    const char *name;
    const json_t *v;
    json_t *list = json_array();
    json_t *settings = json_object_get(json_object_get(answer, "primary"), "settings");
    json_object_foreach(settings, name, v)
    {
        (void)json_array_append_new(
            list, json_pack("{s:s, s:s, s:O}", "name", name, "_key", name, "value", (json_t *)v));
    }
    (void)json_object_set_new(answer, "settings", list);
}

static void init_state(struct screen *s, void *state)
{
    *(struct look *)state = (struct look){.method = "source.show",
                                          .prepare = add_settings,
                                          .lists = lists,
                                          .n_lists = COUNT_OF(lists),
                                          .ascii = s->ascii};
}

static void free_state(void *state)
{
    look_free(state);
}

static bool ask(const struct screen *s, int i, struct ask *out)
{
    return i == 0 && look_ask(look_of(s), s, out);
}

static void take(struct screen *s, const struct answer *a)
{
    look_take(look_of(s), s, a);
}

/* ---- the servers ---- */

static void draw_primary(const json_t *p, struct grid *g, struct rect r, int y)
{
    char size[UNIT_TEXT_MAX];
    char wal[UNIT_TEXT_MAX];
    char rate[64] = "";
    if (!isnan(real(p, "wal_bytes_s")))
        (void)snprintf(rate, sizeof rate, ", writes %s of WAL",
                       unit_bytes_rate(real(p, "wal_bytes_s"), wal, sizeof wal));
    (void)grid_printf(g, y, r.x + 3, r.w - 3, STYLE_PLAIN,
                      "primary  up, %s of %s%s, %.0f connections", text_of(p, "database"),
                      unit_bytes(real(p, "database_bytes"), size, sizeof size), rate,
                      real(p, "connections"));
}

static void draw_standby(const json_t *b, struct grid *g, struct rect r, int y)
{
    char bytes[UNIT_TEXT_MAX];
    char time[UNIT_TEXT_MAX];
    if (!json_is_object(b)) {
        (void)grid_text(g, y, r.x + 3, r.w - 3, STYLE_DIM, "standby  none is configured");
    } else if (*text_of(b, "error")) {
        (void)grid_printf(g, y, r.x + 3, r.w - 3, STYLE_BROKEN, "standby  down: %s",
                          text_of(b, "error"));
    } else {
        bool paused = json_is_true(json_object_get(b, "replay_paused"));
        (void)grid_printf(g, y, r.x + 3, r.w - 3, paused ? STYLE_ATTENTION : STYLE_PLAIN,
                          "standby  up, %s and %s behind%s",
                          unit_bytes(real(b, "lag_bytes"), bytes, sizeof bytes),
                          unit_duration(real(b, "replay_lag_s"), time, sizeof time),
                          paused ? ", replay is PAUSED" : "");
    }
}

/* What keeps the WAL: the oldest transaction, when it is old. */
static int draw_oldest(const json_t *answer, struct grid *g, struct rect r, int y)
{
    const json_t *t = json_array_get(json_object_get(answer, "transactions"), 0);
    char time[UNIT_TEXT_MAX];
    if (!t || real(t, "seconds") < LONG_S)
        return y;
    (void)grid_printf(
        g, y, r.x + 3, r.w - 3, STYLE_ATTENTION,
        "a transaction of %s (%s) is open for %s: no slot lets go of the WAL behind it",
        text_of(t, "user_name"), text_of(t, "application"),
        unit_duration(real(t, "seconds"), time, sizeof time));
    return y + 1;
}

static int draw_errors(const json_t *answer, struct grid *g, struct rect r, int y)
{
    const json_t *first = json_array_get(json_object_get(answer, "errors"), 0);
    if (!first)
        return y;
    (void)grid_printf(g, y, r.x + 3, r.w - 3, STYLE_ATTENTION, "not known: %s: %s",
                      text_of(first, "part"), text_of(first, "text"));
    return y + 1;
}

static void draw_beside(const struct look *l, struct grid *g, struct rect r)
{
    static const struct look_side sides[] = {
        {"Open transactions", "transactions", "application", "seconds", LOOK_DURATION, 10},
        {"Readers of the WAL, behind", "replicas", "application", "replay_lag_bytes", LOOK_BYTES,
         8},
        {"Publications", "publications", "name", "owner", LOOK_TEXT, 6},
        {"Settings", "settings", "name", "value", LOOK_TEXT, 10}};
    int y = r.y;
    for (int i = 0; i < COUNT_OF(sides); i++)
        y = look_draw_side(l, g, r, y, &sides[i]);
}

/* ---- the list ---- */

static void model(const struct screen *s, struct table_model *m)
{
    look_model(look_of(s), s, m);
}

static void render(struct screen *s, struct grid *g, struct rect r)
{
    struct look *l = look_of(s);
    const json_t *primary = json_object_get(l->answer, "primary");
    struct table_model m;
    char title[TABLE_FILTER_MAX + 100];
    char trouble[320];
    if (l->answer && r.w >= SIDE_FROM && r.h >= SIDE_ROWS) {
        struct rect side = {r.y, r.x + r.w - SIDE_WIDTH, r.h, SIDE_WIDTH};
        draw_beside(l, g, side);
        r.w -= SIDE_WIDTH + 2;
    }
    (void)snprintf(title, sizeof title, "Source%s%.60s%s%s", primary ? ", PostgreSQL " : "",
                   text_of(primary, "version"),
                   s->tables[PANE_SOURCE].filter[0] ? ", that contain " : "",
                   s->tables[PANE_SOURCE].filter);
    int y = r.h > 6 ? draw_section(g, r, r.y, title) : r.y;
    uint16_t style = look_trouble(l, s, trouble, sizeof trouble);
    if (trouble[0])
        (void)grid_text(g, y++, r.x + 3, r.w - 3, style, trouble);
    if (l->answer && r.h > 6) {
        draw_primary(primary, g, r, y++);
        draw_standby(json_object_get(l->answer, "standby"), g, r, y++);
        y = draw_oldest(l->answer, g, r, y);
        y = draw_errors(l->answer, g, r, y);
    }
    y = look_draw_lists(l, g, r, y);
    look_model(l, s, &m);
    table_draw(g, (struct rect){y, r.x, r.y + r.h - y, r.w}, &m, &s->tables[PANE_SOURCE], true);
}

/* ---- one row ---- */

static void draw_detail(struct screen *s, struct lines *l)
{
    const struct look *look = look_of(s);
    const json_t *row = look_row(look, s->object);
    char title[TABLE_KEY_MAX + 32];
    (void)snprintf(title, sizeof title, "Source, %s: %s", lists[look->list].title, s->object);
    lines_section(l, title);
    if (row)
        look_draw_row(look, row, l);
    else
        lines_add(l, NULL, STYLE_ATTENTION, s->past_us ? "It was not there then." : "It is gone.");
}

static void render_detail(struct screen *s, struct grid *g, struct rect r)
{
    lines_draw(s, g, r, LABEL, draw_detail);
}

static json_t *whole(const struct screen *s)
{
    return json_incref((json_t *)(uintptr_t)look_row(look_of(s), s->object));
}

static bool can(const struct screen *s, enum action a)
{
    const char *key = screen_object(s);
    return a != ACTION_OPEN || (key && look_row(look_of(s), key));
}

static bool act(struct screen *s, enum action a, struct effect *out)
{
    (void)out;
    if (a != ACTION_NEXT_LIST && a != ACTION_LIST_BEFORE)
        return false;
    look_turn(look_of(s), s, &s->tables[PANE_SOURCE], a == ACTION_NEXT_LIST ? 1 : -1);
    return true;
}

static int64_t next_change_us(const struct screen *s)
{
    return look_next_change_us(look_of(s), s);
}

const struct pane pane_source = {
    .name = "Source",
    .aliases = "source src",
    .key = '8',
    .context = CONTEXT_SOURCE,
    .detail_context = CONTEXT_SOURCE_TABLE,
    .model = model,
    .render = render,
    .render_detail = render_detail,
    .whole = whole,
    .state_size = sizeof(struct look),
    .init_state = init_state,
    .free_state = free_state,
    .ask = ask,
    .take = take,
    .can = can,
    .act = act,
    .next_change_us = next_change_us,
};
