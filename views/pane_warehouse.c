/* Pane 7: the warehouse's server: running queries, tables, sessions, loads, figures; opened: one of
 * them with all that is known, a table with its columns. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "views/look.h"

enum {
    SIDE_FROM = 150, /* columns, and .. */
    SIDE_ROWS = 20,  /* .. rows from which there is room for the lists beside */
    SIDE_WIDTH = 60,
    LABEL = 16,
    LONG_S = 60, /* a query that runs longer is worth a look */
};

#define COUNT_OF(a) ((int)(sizeof(a) / sizeof((a)[0])))

/* ---- lists ---- */

static const struct table_column query_columns[] = {
    {.title = "user", .width = 10, .rank = 3},
    {.title = "from", .width = 18, .rank = 2},
    {.title = "state", .width = 10, .rank = 5},
    {.title = "for", .width = 9, .right = true},
    {.title = "waits for", .width = 16, .rank = 4},
    {.title = "behind", .width = 8, .rank = 6},
    {.title = "statement", .width = 24, .stretch = true},
};
static const struct look_field query_fields[] = {
    {"user_name", LOOK_TEXT},   {"application", LOOK_TEXT}, {"state", LOOK_TEXT},
    {"seconds", LOOK_DURATION}, {"waits_for", LOOK_TEXT},   {"blocked_by", LOOK_TEXT},
    {"text", LOOK_TEXT}};

static const struct table_column table_columns[] = {
    {.title = "schema", .width = 14},
    {.title = "table", .width = 24, .stretch = true},
    {.title = "kind", .width = 17, .rank = 2},
    {.title = "size", .width = 10, .right = true},
    {.title = "rows, about", .width = 14, .right = true, .rank = 1},
};
static const struct look_field table_fields[] = {{"schema_name", LOOK_TEXT},
                                                 {"table_name", LOOK_TEXT},
                                                 {"kind", LOOK_TEXT},
                                                 {"bytes", LOOK_BYTES},
                                                 {"row_count", LOOK_COUNT}};

static const struct table_column schema_columns[] = {
    {.title = "schema", .width = 20, .stretch = true},
    {.title = "tables", .width = 8, .right = true},
    {.title = "size", .width = 10, .right = true},
    {.title = "rows, about", .width = 14, .right = true, .rank = 1},
};
static const struct look_field schema_fields[] = {{"schema_name", LOOK_TEXT},
                                                  {"tables", LOOK_COUNT},
                                                  {"bytes", LOOK_BYTES},
                                                  {"row_count", LOOK_COUNT}};

static const struct table_column session_columns[] = {
    {.title = "session", .width = 10, .rank = 3},
    {.title = "user", .width = 12},
    {.title = "from", .width = 20, .stretch = true},
    {.title = "client", .width = 16, .rank = 2},
    {.title = "state", .width = 10},
    {.title = "since", .width = 9, .right = true, .rank = 1},
};
static const struct look_field session_fields[] = {
    {"session", LOOK_TEXT}, {"user_name", LOOK_TEXT}, {"application", LOOK_TEXT},
    {"client", LOOK_TEXT},  {"state", LOOK_TEXT},     {"seconds", LOOK_DURATION}};

static const struct table_column load_columns[] = {
    {.title = "connector", .width = 20, .stretch = true},
    {.title = "batch", .width = 10, .right = true, .rank = 2},
    {.title = "rows", .width = 12, .right = true},
    {.title = "bytes", .width = 10, .right = true, .rank = 1},
    {.title = "ago", .width = 10, .right = true},
};
static const struct look_field load_fields[] = {{"connector", LOOK_TEXT},
                                                {"batch", LOOK_COUNT},
                                                {"row_count", LOOK_COUNT},
                                                {"byte_count", LOOK_BYTES},
                                                {"age_s", LOOK_DURATION}};

static const struct table_column model_columns[] = {
    {.title = "entity", .width = 20, .stretch = true},
    {.title = "raw rows", .width = 12, .right = true, .rank = 1},
    {.title = "inserted", .width = 12, .right = true},
    {.title = "ago", .width = 10, .right = true},
};
static const struct look_field model_fields[] = {{"entity", LOOK_TEXT},
                                                 {"raw_rows", LOOK_COUNT},
                                                 {"inserted", LOOK_COUNT},
                                                 {"age_s", LOOK_DURATION}};

static const struct table_column mart_columns[] = {
    {.title = "mart", .width = 20, .stretch = true},
    {.title = "table", .width = 34, .rank = 1},
    {.title = "ran, ago", .width = 10, .right = true},
};
static const struct look_field mart_fields[] = {
    {"mart", LOOK_TEXT}, {"target", LOOK_TEXT}, {"age_s", LOOK_DURATION}};

static const struct table_column node_columns[] = {
    {.title = "node", .width = 20, .stretch = true},
    {.title = "state", .width = 10},
    {.title = "sessions", .width = 10, .right = true},
    {.title = "most", .width = 8, .right = true, .rank = 2},
    {.title = "up", .width = 10, .right = true, .rank = 1},
};
static const struct look_field node_fields[] = {{"name", LOOK_TEXT},
                                                {"state", LOOK_TEXT},
                                                {"connections", LOOK_COUNT},
                                                {"connections_max", LOOK_COUNT},
                                                {"up_s", LOOK_DURATION}};

static const struct table_column figure_columns[] = {
    {.title = "figure", .width = 30, .stretch = true},
    {.title = "node", .width = 18, .rank = 1},
    {.title = "value", .width = 14, .right = true},
};
static const struct look_field figure_fields[] = {
    {"title", LOOK_TEXT}, {"node", LOOK_TEXT}, {"value", LOOK_FIGURE}, {"unit", LOOK_TEXT}};

static double seconds_of(const json_t *row)
{
    const json_t *v = json_object_get(row, "seconds");
    return json_is_number(v) ? json_number_value(v) : 0;
}

static uint16_t query_style(const json_t *row, const char *member)
{
    bool blocked = json_is_string(json_object_get(row, "blocked_by"));
    if (!strcmp(member, "seconds"))
        return seconds_of(row) >= LONG_S ? STYLE_ATTENTION : STYLE_PLAIN;
    return blocked && (!strcmp(member, "blocked_by") || !strcmp(member, "waits_for"))
               ? STYLE_ATTENTION
               : STYLE_PLAIN;
}

static uint16_t node_style(const json_t *row, const char *member)
{
    const char *state = json_string_value(json_object_get(row, "state"));
    bool up = state && (!strcmp(state, "UP") || !strncmp(state, "STAND", 5));
    return strcmp(member, "state") ? STYLE_PLAIN : up ? STYLE_OK : STYLE_BROKEN;
}

enum { LIST_QUERIES, LIST_TABLES };

#define LIST(what) .n = COUNT_OF(what##_columns), .columns = what##_columns, .fields = what##_fields

static const struct look_list lists[] = {
    [LIST_QUERIES] = {LIST(query), .part = "queries", .title = "queries", .key = {"id", NULL},
                      .style = query_style, .empty = "nothing runs in the warehouse"},
    [LIST_TABLES] = {LIST(table), .part = "tables", .title = "tables",
                     .key = {"schema_name", "table_name"}, .empty = "the warehouse has no table"},
    {LIST(schema), .part = "schemas", .title = "schemas", .key = {"schema_name", NULL},
     .empty = "the warehouse has no table"},
    {LIST(session), .part = "sessions", .title = "sessions", .key = {"session", NULL},
     .empty = "nobody is connected"},
    {LIST(load), .part = "loads", .title = "loads", .key = {"connector", "batch"},
     .empty = "nothing has been loaded into raw yet"},
    {LIST(model), .part = "model_loads", .title = "model", .key = {"entity", "batch_to"},
     .empty = "no entity of the model has been loaded yet"},
    {LIST(mart), .part = "marts", .title = "marts", .key = {"mart", NULL},
     .empty = "the configuration names no mart"},
    {LIST(node), .part = "nodes", .title = "nodes", .key = {"name", NULL}, .style = node_style,
     .empty = "no node is told"},
    {LIST(figure), .more = 1, .part = "figures", .title = "figures", .key = {"name", "node"},
     .empty = "no figure is told"},
};

/* ---- state ---- */

struct warehouse_state {
    struct look look;
    json_t *table; /* the answer for the open table; NULL: none (yet) */
    char table_why[256];
};

static struct warehouse_state *state_of(const struct screen *s)
{
    return PANE_STATE(s, PANE_WAREHOUSE, struct warehouse_state);
}

static void init_state(struct screen *s, void *state)
{
    struct warehouse_state *st = state;
    st->look = (struct look){
        .method = "warehouse.show", .lists = lists, .n_lists = COUNT_OF(lists), .ascii = s->ascii};
}

static void free_state(void *state)
{
    struct warehouse_state *st = state;
    look_free(&st->look);
    json_decref(st->table);
}

static void forget(struct screen *s)
{
    struct warehouse_state *st = state_of(s);
    json_decref(st->table);
    st->table = NULL;
    st->table_why[0] = '\0';
}

/* ---- asking ---- */

static bool is_table_open(const struct screen *s)
{
    return s->detail && state_of(s)->look.list == LIST_TABLES;
}

static bool ask(const struct screen *s, int i, struct ask *out)
{
    const json_t *row = is_table_open(s) ? look_row(&state_of(s)->look, s->object) : NULL;
    if (i == 0 && look_ask(&state_of(s)->look, s, out))
        return true;
    if (i > 1 || !row || s->past_us)
        return false;
    *out = (struct ask){.method = "warehouse.table",
                        .params =
                            json_pack("{s:O, s:O}", "schema", json_object_get(row, "schema_name"),
                                      "table", json_object_get(row, "table_name"))};
    return true;
}

static void take_table(struct screen *s, const struct answer *a)
{
    struct warehouse_state *st = state_of(s);
    const json_t *row = is_table_open(s) ? look_row(&st->look, s->object) : NULL;
    if (!row ||
        !json_equal(json_object_get(row, "table_name"), json_object_get(a->params, "table")) ||
        !json_equal(json_object_get(row, "schema_name"), json_object_get(a->params, "schema")))
        return;
    forget(s);
    if (a->code == ERR_OK)
        st->table = json_deep_copy(a->result);
    else
        (void)snprintf(st->table_why, sizeof st->table_why, "%s", a->text ? a->text : "");
}

static void take(struct screen *s, const struct answer *a)
{
    look_take(&state_of(s)->look, s, a);
    if (!strcmp(a->method, "warehouse.table"))
        take_table(s, a);
}

/* ---- the list ---- */

static void model(const struct screen *s, struct table_model *m)
{
    look_model(&state_of(s)->look, s, m);
}

static double figure_of(const json_t *answer, const char *name)
{
    size_t i;
    const json_t *f;
    json_array_foreach(json_object_get(answer, "figures"), i, f)
    {
        const char *n = json_string_value(json_object_get(f, "name"));
        const json_t *v = json_object_get(f, "value");
        if (n && !strcmp(n, name))
            return json_is_number(v) ? json_number_value(v) : NAN;
    }
    return NAN;
}

static size_t count_of(const json_t *answer, const char *part)
{
    return json_array_size(json_object_get(answer, part));
}

static void draw_summary(const json_t *answer, struct grid *g, struct rect r, int y)
{
    char size[UNIT_TEXT_MAX];
    char rows[UNIT_TEXT_MAX];
    size_t nodes = count_of(answer, "nodes"), queries = count_of(answer, "queries");
    double down = figure_of(answer, "nodes_down");
    char words[64];
    (void)snprintf(words, sizeof words, "%zu node%s, %s", nodes, nodes == 1 ? "" : "s",
                   down > 0 ? "some DOWN" : "all up");
    (void)grid_printf(g, y, r.x + 3, r.w - 3, down > 0 ? STYLE_BROKEN : STYLE_PLAIN,
                      "%s; %s, about %s rows; %zu sessions, %zu quer%s", words,
                      unit_bytes(figure_of(answer, "database_size"), size, sizeof size),
                      unit_short(figure_of(answer, "database_rows"), rows, sizeof rows),
                      count_of(answer, "sessions"), queries, queries == 1 ? "y runs" : "ies run");
}

/* What could not be had of the answer. */
static int draw_errors(const json_t *answer, struct grid *g, struct rect r, int y)
{
    const json_t *errors = json_object_get(answer, "errors"), *first = json_array_get(errors, 0);
    const char *part = json_string_value(json_object_get(first, "part"));
    const char *text = json_string_value(json_object_get(first, "text"));
    size_t more = json_array_size(errors);
    if (!more || !part || !text)
        return y;
    (void)grid_printf(g, y, r.x + 3, r.w - 3, STYLE_ATTENTION, "not known: %s: %s%s", part, text,
                      more > 1 ? "; and more" : "");
    return y + 1;
}

static void draw_beside(const struct look *l, struct grid *g, struct rect r)
{
    static const struct look_side sides[] = {
        {"Sizes by schema", "schemas", "schema_name", "bytes", LOOK_BYTES, 8},
        {"Marts ran, ago", "marts", "mart", "age_s", LOOK_DURATION, 6},
        {"Loaded into raw, rows", "loads", "connector", "row_count", LOOK_COUNT, 8},
        {"Figures", "figures", "title", "value", LOOK_FIGURE, 13}};
    int y = r.y;
    for (int i = 0; i < COUNT_OF(sides); i++)
        y = look_draw_side(l, g, r, y, &sides[i]);
}

static void render(struct screen *s, struct grid *g, struct rect r)
{
    struct look *l = &state_of(s)->look;
    struct table_model m;
    char title[160];
    char trouble[320];
    const char *server = json_string_value(json_object_get(l->answer, "server"));
    if (l->answer && r.w >= SIDE_FROM && r.h >= SIDE_ROWS) {
        struct rect side = {r.y, r.x + r.w - SIDE_WIDTH, r.h, SIDE_WIDTH};
        draw_beside(l, g, side);
        r.w -= SIDE_WIDTH + 2;
    }
    (void)snprintf(title, sizeof title, "Warehouse%s%s%s%s", server ? ", " : "",
                   server ? server : "",
                   s->tables[PANE_WAREHOUSE].filter[0] ? ", that contain " : "",
                   s->tables[PANE_WAREHOUSE].filter);
    int y = r.h > 6 ? draw_section(g, r, r.y, title) : r.y;
    uint16_t style = look_trouble(l, s, trouble, sizeof trouble);
    if (trouble[0])
        (void)grid_text(g, y++, r.x + 3, r.w - 3, style, trouble);
    if (l->answer && r.h > 6) {
        draw_summary(l->answer, g, r, y++);
        y = draw_errors(l->answer, g, r, y);
    }
    y = look_draw_lists(l, g, r, y);
    look_model(l, s, &m);
    table_draw(g, (struct rect){y, r.x, r.y + r.h - y, r.w}, &m, &s->tables[PANE_WAREHOUSE], true);
}

/* ---- one row ---- */

/* A type with its length where that says something. */
static void type_text(const json_t *c, char *out, size_t n)
{
    static const char *const sized[] = {"char", "numeric", "decimal", "binary"};
    const char *type = json_string_value(json_object_get(c, "type"));
    json_int_t size = json_integer_value(json_object_get(c, "size"));
    json_int_t scale = json_integer_value(json_object_get(c, "scale"));
    bool has_size = false;
    for (int i = 0; i < COUNT_OF(sized) && type; i++)
        has_size |= strstr(type, sized[i]) != NULL;
    if (has_size && size > 0 && scale > 0)
        (void)snprintf(out, n, "%s(%" JSON_INTEGER_FORMAT ",%" JSON_INTEGER_FORMAT ")", type, size,
                       scale);
    else if (has_size && size > 0)
        (void)snprintf(out, n, "%s(%" JSON_INTEGER_FORMAT ")", type, size);
    else
        (void)snprintf(out, n, "%s", type ? type : "");
}

static void draw_columns(const struct screen *s, const struct warehouse_state *st, struct lines *l)
{
    size_t i;
    const json_t *c;
    lines_section(l, "Columns");
    if (s->past_us) {
        lines_add(l, NULL, STYLE_DIM, "columns are not recorded");
        return;
    }
    if (st->table_why[0])
        lines_add(l, NULL, STYLE_BROKEN, st->table_why);
    else if (!st->table)
        lines_add(l, NULL, STYLE_DIM, "asking the engine ..");
    json_array_foreach(json_object_get(st->table, "columns"), i, c)
    {
        const char *name = json_string_value(json_object_get(c, "name"));
        char type[128];
        type_text(c, type, sizeof type);
        lines_printf(l, name ? name : "", STYLE_PLAIN, "%s%s", type,
                     json_is_true(json_object_get(c, "nullable")) ? "" : " not null");
    }
}

static void draw_detail(struct screen *s, struct lines *l)
{
    const struct warehouse_state *st = state_of(s);
    const json_t *row = look_row(&st->look, s->object);
    char title[TABLE_KEY_MAX + 32];
    (void)snprintf(title, sizeof title, "Warehouse, %s: %s", lists[st->look.list].title, s->object);
    lines_section(l, title);
    if (!row) {
        lines_add(l, NULL, STYLE_ATTENTION,
                  s->past_us                      ? "It was not there then."
                  : st->look.list == LIST_QUERIES ? "It has ended."
                                                  : "It is gone.");
        return;
    }
    look_draw_row(&st->look, row, l);
    if (st->look.list == LIST_TABLES) {
        l->label = l->r.w / 3;
        draw_columns(s, st, l);
    }
}

static void render_detail(struct screen *s, struct grid *g, struct rect r)
{
    lines_draw(s, g, r, LABEL, draw_detail);
}

/* ---- acting ---- */

static const json_t *selected(const struct screen *s)
{
    const char *key = screen_object(s);
    return key ? look_row(&state_of(s)->look, key) : NULL;
}

/* Of a table its columns too. */
static json_t *whole(const struct screen *s)
{
    const struct warehouse_state *st = state_of(s);
    const json_t *row = look_row(&st->look, s->object);
    json_t *out = json_copy((json_t *)(uintptr_t)row);
    if (out && st->look.list == LIST_TABLES && st->table)
        (void)json_object_set(out, "columns", json_object_get(st->table, "columns"));
    return out;
}

static bool is_query(const struct screen *s)
{
    return state_of(s)->look.list == LIST_QUERIES && selected(s) != NULL;
}

static bool can(const struct screen *s, enum action a)
{
    if (a == ACTION_CANCEL_QUERY)
        return is_query(s) && !screen_why_not(s);
    return a != ACTION_OPEN || selected(s) != NULL;
}

static const char *text_of(const json_t *row, const char *name)
{
    const char *text = json_string_value(json_object_get(row, name));
    return text ? text : "";
}

/* Whether the engine tries again what that session does: it loads, or looks. What people ask for by
 * flightdeck (its prompt, a dashboard, verify) is theirs. */
static bool is_tried_again(const char *application)
{
    static const char *const own[] = {"flightdeck sink", "flightdeck model", "flightdeck dag",
                                      "flightdeck test", "flightdeck status"};
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        if (strcmp(application, own[i]) == 0)
            return true;
    return false;
}

static void ask_to_cancel(struct screen *s, const json_t *row)
{
    char text[512];
    char age[UNIT_TEXT_MAX];
    const char *from = text_of(row, "application");
    struct question q = {.method = "warehouse.cancel"};
    look_cell(row, "text", LOOK_TEXT, text, sizeof text);
    (void)snprintf(q.label, sizeof q.label, "cancel query %s", text_of(row, "id"));
    (void)snprintf(q.preview, sizeof q.preview,
                   "%s (%s), for %s: %s. What it has written is undone; its session goes on.%s",
                   text_of(row, "user_name"), *from ? from : "no name",
                   unit_duration(seconds_of(row), age, sizeof age), text,
                   is_tried_again(from) ? " It is the engine's own: what it does is tried again."
                                        : "");
    q.params = json_pack("{s:s}", "id", text_of(row, "id"));
    screen_confirm(s, &q);
}

static bool act(struct screen *s, enum action a, struct effect *out)
{
    struct warehouse_state *st = state_of(s);
    (void)out;
    switch (a) {
    case ACTION_NEXT_LIST:
    case ACTION_LIST_BEFORE:
        look_turn(&st->look, s, &s->tables[PANE_WAREHOUSE], a == ACTION_NEXT_LIST ? 1 : -1);
        return true;
    case ACTION_CANCEL_QUERY:
        if (!is_query(s))
            screen_say(s, STYLE_ATTENTION, "select a running query first");
        else
            ask_to_cancel(s, selected(s));
        return true;
    default:
        return false;
    }
}

static bool done(struct screen *s, const struct answer *a, const char *label)
{
    if (strcmp(a->method, "warehouse.cancel") != 0 || a->code != ERR_OK)
        return false;
    screen_say(s, STYLE_PLAIN, "%s: told to end", label);
    return true;
}

static int64_t next_change_us(const struct screen *s)
{
    return look_next_change_us(&state_of(s)->look, s);
}

const struct pane pane_warehouse = {
    .name = "Warehouse",
    .aliases = "warehouse wh",
    .key = '7',
    .context = CONTEXT_WAREHOUSE,
    .detail_context = CONTEXT_WAREHOUSE_TABLE,
    .model = model,
    .render = render,
    .render_detail = render_detail,
    .whole = whole,
    .state_size = sizeof(struct warehouse_state),
    .init_state = init_state,
    .free_state = free_state,
    .opened = forget,
    .left = forget,
    .ask = ask,
    .take = take,
    .done = done,
    .can = can,
    .act = act,
    .next_change_us = next_change_us,
};
