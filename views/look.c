#include "views/look.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "views/table_cell.h"

enum { SIDE_RIGHT = 12, US_PER_S = 1000000 };

static const int64_t OLD_US = 10 * INT64_C(1000000);

/* ---- the answer ---- */

void look_free(struct look *l)
{
    json_decref(l->answer);
    json_decref(l->live);
    past_free(&l->past);
    l->answer = l->live = NULL;
    l->is_past = false;
}

static void add_keys(const struct look_list *list, json_t *answer)
{
    size_t i;
    json_t *row;
    char key[TABLE_KEY_MAX];
    json_array_foreach(json_object_get(answer, list->part), i, row)
    {
        const json_t *second = list->key[1] ? json_object_get(row, list->key[1]) : NULL;
        const char *first = json_string_value(json_object_get(row, list->key[0]));
        int n = snprintf(key, sizeof key, "%s", first ? first : "");
        if (n >= 0 && n < (int)sizeof key && json_is_string(second))
            (void)snprintf(key + n, sizeof key - (size_t)n, ".%s", json_string_value(second));
        else if (n >= 0 && n < (int)sizeof key && json_is_integer(second))
            (void)snprintf(key + n, sizeof key - (size_t)n, ".%" JSON_INTEGER_FORMAT,
                           json_integer_value(second));
        (void)json_object_set_new(row, "_key", json_string(key));
    }
}

/* Shows the answer (taken), NULL: nothing. */
static void show(struct look *l, json_t *answer)
{
    json_decref(l->answer);
    l->answer = answer;
    if (answer && l->prepare)
        l->prepare(answer);
    for (int i = 0; i < l->n_lists && answer; i++)
        add_keys(&l->lists[i], answer);
}

static void show_past(struct look *l)
{
    if (!l->is_past) {
        l->live = l->answer;
        l->answer = NULL;
    }
    l->is_past = true;
    show(l, json_incref(l->past.answer));
}

/* Is now looked at again? */
static void leave_past(struct look *l, const struct screen *s)
{
    if (s->past_us)
        return;
    past_free(&l->past);
    if (!l->is_past)
        return;
    l->is_past = false;
    show(l, l->live);
    l->live = NULL;
}

/* Nobody looks for the list that is there by itself when it is empty. */
static void begin_where_rows_are(struct look *l)
{
    for (int i = 0; i < l->n_lists && !l->begun; i++)
        if (json_array_size(json_object_get(l->answer, l->lists[i].part))) {
            l->list = i;
            l->begun = true;
        }
    l->begun = true;
}

static void take_live(struct look *l, const struct screen *s, const struct answer *a)
{
    l->ascii = s->ascii;
    l->failed = a->code != ERR_OK;
    if (l->failed) {
        (void)snprintf(l->why, sizeof l->why, "%s", a->text ? a->text : "");
        return;
    }
    json_t *copy = json_deep_copy(a->result);
    if (!copy)
        return;
    l->taken_us = s->now_us;
    if (!l->is_past) {
        show(l, copy);
        begin_where_rows_are(l);
        return;
    }
    json_decref(l->live); /* it was asked before the past was looked at */
    l->live = copy;
}

void look_take(struct look *l, const struct screen *s, const struct answer *a)
{
    leave_past(l, s);
    if (past_take(&l->past, s, l->method, NULL, a))
        show_past(l);
    else if (!strcmp(a->method, l->method))
        take_live(l, s, a);
}

static int64_t every_us(const struct look *l)
{
    enum { LEAST_US = 5000000, SHARE = 20 /* at most a 20th of the time is theirs */ };
    const json_t *took = json_object_get(l->answer, "seconds");
    double us = json_is_number(took) ? json_number_value(took) * SHARE * US_PER_S : 0;
    return us > LEAST_US ? (int64_t)us : LEAST_US;
}

bool look_ask(const struct look *l, const struct screen *s, struct ask *out)
{
    if (s->past_us)
        return past_ask(&l->past, s, l->method, NULL, out);
    if (screen_is_still(s) && l->answer)
        return false;
    *out = (struct ask){.method = l->method, .every_us = every_us(l)};
    return true;
}

/* ---- the table ---- */

static const struct look_list *shown(const struct look *l)
{
    return &l->lists[l->list];
}

const json_t *look_rows(const struct look *l)
{
    return json_object_get(l->answer, shown(l)->part);
}

static const json_t *row_at(const struct look *l, size_t row)
{
    return json_array_get(look_rows(l), row);
}

static const char *key_of(const json_t *row)
{
    const char *key = json_string_value(json_object_get(row, "_key"));
    return key ? key : "";
}

const json_t *look_row(const struct look *l, const char *key)
{
    size_t i;
    const json_t *row;
    json_array_foreach(look_rows(l), i, row)
    {
        if (!strcmp(key_of(row), key))
            return row;
    }
    return NULL;
}

static const char *key(const void *ctx, size_t row)
{
    return key_of(row_at(ctx, row));
}

static void cell(const void *ctx, size_t row, int column, struct table_cell *out)
{
    const struct look_list *list = shown(ctx);
    const struct look_field *f = &list->fields[column];
    const json_t *r = row_at(ctx, row);
    look_cell(r, f->member, f->kind, out->text, sizeof out->text);
    cell_is_json(out, json_object_get(r, f->member));
    out->style = list->style ? list->style(r, f->member) : STYLE_PLAIN;
}

/* The protocol's names have their units. */
static const char *file_name(const void *ctx, int column)
{
    return shown(ctx)->fields[column].member;
}

static double number(const json_t *v)
{
    return json_is_number(v) ? json_number_value(v) : NAN;
}

/* What is not known sorts below everything. */
static int compare_numbers(double a, double b)
{
    if (isnan(a) || isnan(b))
        return (isnan(b) ? 1 : 0) - (isnan(a) ? 1 : 0);
    return (a > b) - (a < b);
}

static int compare(const void *ctx, size_t x, size_t y, int column)
{
    const struct look_field *f = &shown(ctx)->fields[column];
    const json_t *a = json_object_get(row_at(ctx, x), f->member);
    const json_t *b = json_object_get(row_at(ctx, y), f->member);
    const char *s = json_string_value(a), *t = json_string_value(b);
    switch (f->kind) {
    case LOOK_TEXT:
        return strcmp(s ? s : "", t ? t : "");
    case LOOK_YES:
        return (int)json_is_true(a) - (int)json_is_true(b);
    case LOOK_LIST:
        return (int)json_array_size(a) - (int)json_array_size(b);
    default:
        return compare_numbers(number(a), number(b));
    }
}

void look_model(struct look *l, const struct screen *s, struct table_model *m)
{
    const struct look_list *list = shown(l);
    leave_past(l, s);
    *m = (struct table_model){.columns = list->columns,
                              .column_count = list->n,
                              .file_columns = list->more,
                              .rows = json_array_size(look_rows(l)),
                              .ctx = l,
                              .key = key,
                              .cell = cell,
                              .file_name = file_name,
                              .compare = compare,
                              .empty = l->answer ? list->empty : ""};
}

void look_turn(struct look *l, struct screen *s, struct table_state *t, int by)
{
    struct table_model m;
    l->list = (l->list + by + l->n_lists) % l->n_lists;
    l->begun = true;
    table_free(t);
    *t = (struct table_state){.sort = -1};
    look_model(l, s, &m);
    screen_update_table(s, t, &m);
}

/* ---- how old it is ---- */

static int64_t age_us(const struct look *l, const struct screen *s)
{
    return screen_shown_now_us(s) - l->taken_us;
}

/* An answer that ought to have been followed by another one. */
static int64_t old_us(const struct look *l)
{
    return OLD_US + 2 * every_us(l);
}

uint16_t look_trouble(const struct look *l, const struct screen *s, char *out, size_t n)
{
    char age[UNIT_TEXT_MAX];
    out[0] = '\0';
    if (s->past_us) {
        past_words(&l->past, s, out, n);
        return STYLE_ATTENTION;
    }
    if (!l->answer && !l->failed) {
        (void)snprintf(out, n, "asking ..");
        return STYLE_DIM;
    }
    if (!l->answer) {
        (void)snprintf(out, n, "%s", l->why);
        return STYLE_BROKEN;
    }
    (void)unit_duration((double)(age_us(l, s) / US_PER_S), age, sizeof age);
    if (l->failed) {
        (void)snprintf(out, n, "stale %s: %s", age, l->why);
        return STYLE_BROKEN;
    }
    if (age_us(l, s) < old_us(l))
        return STYLE_PLAIN;
    (void)snprintf(out, n, "stale %s", age);
    return STYLE_ATTENTION;
}

int64_t look_next_change_us(const struct look *l, const struct screen *s)
{
    if (!l->answer || s->past_us || screen_is_still(s))
        return INT64_MAX;
    if (!l->failed && age_us(l, s) < old_us(l))
        return l->taken_us + old_us(l);
    return s->now_us + US_PER_S - age_us(l, s) % US_PER_S;
}

/* ---- drawing ---- */

static int lists_width(const struct look *l, bool counts)
{
    int w = 0;
    for (int i = 0; i < l->n_lists; i++) {
        char n[UNIT_TEXT_MAX];
        const json_t *rows = json_object_get(l->answer, l->lists[i].part);
        (void)unit_count((int64_t)json_array_size(rows), n, sizeof n);
        w += (int)strlen(l->lists[i].title) + (counts ? 1 + (int)strlen(n) : 0) + 2;
    }
    return w;
}

int look_draw_lists(const struct look *l, struct grid *g, struct rect r, int y)
{
    bool counts = l->answer && lists_width(l, true) <= r.w - 3;
    int x = r.x + 3;
    if (lists_width(l, false) > r.w - 3) { /* no room for all: where we are */
        (void)grid_printf(g, y, x, r.w - 3, STYLE_TAB, "%s, %d of %d", shown(l)->title, l->list + 1,
                          l->n_lists);
        return y + 1;
    }
    for (int i = 0; i < l->n_lists; i++) {
        char text[80];
        char n[UNIT_TEXT_MAX];
        const json_t *rows = json_object_get(l->answer, l->lists[i].part);
        (void)unit_count((int64_t)json_array_size(rows), n, sizeof n);
        (void)snprintf(text, sizeof text, "%s%s%s", l->lists[i].title, counts ? " " : "",
                       counts ? n : "");
        x += 2 + grid_text(g, y, x, r.x + r.w - x, i == l->list ? STYLE_TAB : STYLE_DIM, text);
    }
    return y + 1;
}

static bool is_column(const struct look_list *list, const char *member)
{
    for (int i = 0; i < list->n; i++)
        if (!strcmp(list->fields[i].member, member))
            return true;
    return !strcmp(member, "_key");
}

/* A member that is no column, under its name in the answer. */
static void draw_other(const char *name, const json_t *v, struct lines *to)
{
    char text[TABLE_CELL_MAX];
    char *dumped = NULL;
    if (json_is_null(v))
        return;
    if (json_is_array(v))
        look_join(v, text, sizeof text);
    else if (!json_is_string(v))
        dumped = json_dumps(v, JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
    lines_add(to, name, STYLE_PLAIN,
              json_is_string(v)  ? json_string_value(v)
              : json_is_array(v) ? text
              : dumped           ? dumped
                                 : "");
    free(dumped);
}

void look_draw_row(const struct look *l, const json_t *row, struct lines *to)
{
    const struct look_list *list = shown(l);
    const char *name;
    const json_t *v;
    for (int i = 0; i < list->n; i++) {
        char text[TABLE_CELL_MAX];
        const struct look_field *f = &list->fields[i];
        const char *whole = json_string_value(json_object_get(row, f->member));
        look_cell(row, f->member, f->kind, text, sizeof text);
        lines_add(to, list->columns[i].title,
                  list->style ? list->style(row, f->member) : STYLE_PLAIN,
                  f->kind == LOOK_TEXT && whole ? whole : text);
    }
    json_object_foreach((json_t *)row, name, v)
    {
        if (!is_column(list, name))
            draw_other(name, v, to);
    }
}

int look_draw_side(const struct look *l, struct grid *g, struct rect r, int y,
                   const struct look_side *side)
{
    const json_t *rows = json_object_get(l->answer, side->part), *row;
    size_t i;
    if (y + 2 >= r.y + r.h)
        return y;
    y = draw_section(g, r, y, side->title);
    int n = 0;
    json_array_foreach(rows, i, row)
    {
        char left[TABLE_CELL_MAX];
        char right[TABLE_CELL_MAX];
        if (n >= side->most || y >= r.y + r.h)
            break;
        if (side->kind == LOOK_FIGURE && json_is_null(json_object_get(row, side->right)))
            continue; /* this server does not tell it: the list of figures says so */
        n++;
        look_cell(row, side->left, LOOK_TEXT, left, sizeof left);
        look_cell(row, side->right, side->kind, right, sizeof right);
        (void)grid_text(g, y, r.x + 3, r.w - 3 - SIDE_RIGHT - 1, STYLE_PLAIN, left);
        grid_text_right(g, y++, r.x + r.w - SIDE_RIGHT, SIDE_RIGHT, STYLE_PLAIN, right);
    }
    return y + 1;
}
