/* Unit tests of what screens are made of: cells, units, sparklines, tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/clock.h"
#include "views/chart/chart.h"
#include "views/grid.h"
#include "views/history.h"
#include "views/table.h"
#include "views/units.h"

static void open_grid(struct grid *g, int h, int w, bool ascii)
{
    struct errbuf e;
    assert_int_equal(grid_init(g, h, w, ascii, &e), ERR_OK);
}

static void assert_grid(const struct grid *g, const char *want)
{
    struct buf got;
    buf_init(&got, 0);
    grid_to_text(g, &got);
    assert_string_equal(buf_cstr(&got), want);
    buf_free(&got);
}

/* ---- cells ---- */

static void test_text_is_sanitised(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        bool ascii;
        const char *out;
    } cases[] = {
        {"plain", false, "plain\n"},
        {"a\x1b[2Jb", false, "a?[2Jb\n"},
        {"tab\tnew\nline\rx", false, "tab new line x\n"},
        {"bell\x07 del\x7f", false, "bell? del?\n"},
        {"c1 \xc2\x9b"
         "31m",
         false, "c1 ?31m\n"}, /* CSI as one character */
        {"bidi \xe2\x80\xae"
         "x",
         false, "bidi ?x\n"}, /* right-to-left override */
        {"bad \xff\xc3(\xe2\x82 end", false, "bad \?\?(\? end\n"},
        {"over \xc0\xaf sur \xed\xa0\x80 big \xf5\x80\x80\x80", false, "over ?? sur ? big ????\n"},
        {"Имя", false, "Имя\n"},
        {"Имя", true, "???\n"},
        {"e\xcc\x81"
         "f",
         false,
         "e\xcc\x81"
         "f\n"}, /* combining */
        {"\xcc\x81"
         "f",
         false, "f\n"}, /* nothing to combine with */
        {"zero\xe2\x80\x8bwidth\xef\xb8\x8f", false, "zerowidth\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct grid g;
        open_grid(&g, 1, 40, cases[i].ascii);
        (void)grid_put(&g, 0, 0, 40, STYLE_PLAIN, cases[i].in);
        assert_grid(&g, cases[i].out);
        grid_free(&g);
    }
}

static void test_wide_characters(void **state)
{
    (void)state;
    struct grid g;
    open_grid(&g, 1, 6, false);
    assert_int_equal(grid_put(&g, 0, 0, 6, STYLE_PLAIN, "東京x"), 5);
    assert_int_equal(g.cells[0].width, 2);
    assert_int_equal(g.cells[1].width, 0);
    assert_grid(&g, "東京x\n");
    (void)grid_put(&g, 0, 1, 1, STYLE_PLAIN, "|"); /* on a right half: the left half goes too */
    assert_grid(&g, " |京x\n");
    (void)grid_put(&g, 0, 2, 1, STYLE_PLAIN, "|"); /* on a left half */
    assert_grid(&g, " || x\n");
    grid_clear(&g);
    assert_int_equal(grid_put(&g, 0, 0, 3, STYLE_PLAIN, "東京"), 2); /* no half of one */
    assert_grid(&g, "東\n");
    grid_clear(&g);
    (void)grid_put(&g, 0, 5, 9, STYLE_PLAIN, "東"); /* across the edge */
    assert_grid(&g, "\n");
    grid_free(&g);
}

static void test_cut_and_align(void **state)
{
    (void)state;
    struct grid g;
    open_grid(&g, 4, 12, false);
    assert_int_equal(grid_text(&g, 0, 1, 6, STYLE_PLAIN, "abcdefgh"), 6);
    grid_text_right(&g, 1, 1, 6, STYLE_PLAIN, "12");
    grid_text_right(&g, 2, 1, 6, STYLE_PLAIN, "12345678");
    assert_int_equal(grid_text(&g, 3, 0, 4, STYLE_PLAIN, "東京都"), 3);
    assert_grid(&g, " abcde…\n"
                    "     12\n"
                    " 12345…\n"
                    "東…\n");
    grid_free(&g);
    open_grid(&g, 1, 12, true);
    (void)grid_text(&g, 0, 0, 4, STYLE_PLAIN, "abcdefgh");
    assert_grid(&g, "abc~\n");
    grid_free(&g);
}

static void test_clip(void **state)
{
    (void)state;
    struct grid g;
    open_grid(&g, 3, 5, false);
    (void)grid_put(&g, -1, 0, 5, STYLE_PLAIN, "xxxxx");
    (void)grid_put(&g, 3, 0, 5, STYLE_PLAIN, "xxxxx");
    (void)grid_put(&g, 0, -2, 9, STYLE_PLAIN, "abcdefghi");
    struct rect old = grid_clip(&g, (struct rect){1, 1, 1, 3});
    grid_fill(&g, (struct rect){-5, -5, 100, 100}, STYLE_RULE, L'#');
    struct rect inner = grid_clip(&g, (struct rect){0, 0, 9, 9}); /* never widens */
    grid_fill(&g, (struct rect){0, 0, 3, 5}, STYLE_RULE, L'+');
    g.clip = inner;
    g.clip = old;
    assert_grid(&g, "cdefg\n +++\n\n");
    grid_mark(&g, (struct rect){0, 3, 9, 9}, STYLE_SELECTED);
    struct buf styles;
    buf_init(&styles, 0);
    grid_to_styles(&g, &styles);
    assert_string_equal(buf_cstr(&styles), "...##\n.rr##\n...##\n");
    buf_free(&styles);
    grid_free(&g);
}

/* ---- units ---- */

static void test_units(void **state)
{
    (void)state;
    char t[UNIT_TEXT_MAX];
    assert_string_equal(unit_count(0, t, sizeof t), "0");
    assert_string_equal(unit_count(999, t, sizeof t), "999");
    assert_string_equal(unit_count(-1234567, t, sizeof t), "-1,234,567");
    assert_string_equal(unit_count(UNKNOWN_INT, t, sizeof t), "-");
    assert_string_equal(unit_short(41200, t, sizeof t), "41.2 k");
    assert_string_equal(unit_short(999.6, t, sizeof t), "1.0 k");
    assert_string_equal(unit_short(NAN, t, sizeof t), "-");
    assert_string_equal(unit_rate(0, t, sizeof t), "0/s");
    assert_string_equal(unit_rate(0.4, t, sizeof t), "0.4/s");
    assert_string_equal(unit_rate(4100, t, sizeof t), "4.1 k/s");
    assert_string_equal(unit_rate(123456, t, sizeof t), "123 k/s");
    assert_string_equal(unit_bytes(52000000, t, sizeof t), "52.0 MB");
    assert_string_equal(unit_bytes(17, t, sizeof t), "17 B");
    assert_string_equal(unit_bytes_rate(1200000, t, sizeof t), "1.2 MB/s");
    static const struct {
        double s;
        const char *text;
    } durations[] = {{0, "0 s"},        {0.008, "8 ms"},    {0.9999, "1.0 s"},
                     {11.4, "11.4 s"},  {59.96, "1 m 0 s"}, {60, "1 m 0 s"},
                     {192, "3 m 12 s"}, {8040, "2 h 14 m"}, {792000, "9 d 4 h"},
                     {-2.5, "-2.5 s"},  {NAN, "-"},         {1e300, "104166666666 d 16 h"}};
    for (size_t i = 0; i < sizeof durations / sizeof durations[0]; i++)
        assert_string_equal(unit_duration(durations[i].s, t, sizeof t), durations[i].text);
    assert_string_equal(unit_clock(1795543987050043, t, sizeof t), "18:13:07");
    assert_string_equal(unit_minute(1795543987050043, t, sizeof t), "18:13");
    assert_string_equal(unit_day(1795543987050043, t, sizeof t), "2026-11-24 18:13:07");
    assert_string_equal(unit_clock(UNKNOWN_INT, t, sizeof t), "-");
}

/* ---- sparklines ---- */

static void check_spark(enum glyphs glyphs, const double *v, int n, int w, const char *want)
{
    struct grid g;
    open_grid(&g, 1, w + 1, glyphs == GLYPHS_ASCII);
    (void)grid_put(&g, 0, w, 1, STYLE_PLAIN, "|");
    chart_spark(&g, 0, 0, w, glyphs, v, n);
    assert_grid(&g, want);
    grid_free(&g);
}

static void test_sparklines(void **state)
{
    (void)state;
    static const double ramp[] = {0, 1, 2, 3, 4, 5, 6, 7};
    static const double gap[] = {NAN, 0, NAN, 7};
    static const double none[] = {NAN, NAN};
    static const double flat[] = {0, 0, 0};
    static const double wild[] = {-1.7e308, INFINITY, -INFINITY, 0, 1.7e308};
    static const double below[] = {-4, 0, 4};
    check_spark(GLYPHS_EIGHTHS, ramp, 8, 8, "▁▂▃▄▅▆▇█|\n");
    check_spark(GLYPHS_ASCII, ramp, 8, 8, "__..--^^|\n");
    check_spark(GLYPHS_BRAILLE, ramp, 8, 4, "▅▆▇█|\n"); /* braille is for lines */
    check_spark(GLYPHS_EIGHTHS, gap, 4, 4, " ▁ █|\n");  /* absent is not zero */
    check_spark(GLYPHS_EIGHTHS, wild, 5, 5, "▁  ▅█|\n");
    check_spark(GLYPHS_ASCII, none, 2, 2, "  |\n");
    check_spark(GLYPHS_EIGHTHS, flat, 3, 5, "  ▁▁▁|\n");
    check_spark(GLYPHS_EIGHTHS, below, 3, 3, "▁▅█|\n");
    check_spark(GLYPHS_EIGHTHS, ramp, 8, 3, "▆▇█|\n"); /* the newest that fit */
}

static void test_history(void **state)
{
    (void)state;
    static struct history h;
    struct snapshot n = {0};
    double v[4];
    history_last(&h, HISTORY_RAW_RATE, 4, v);
    assert_true(isnan(v[0]) && isnan(v[3]));
    for (int i = 1; i <= HISTORY_SAMPLES + 3; i++) {
        n.raw.rate_s = i;
        history_add(&h, &n);
    }
    history_add(&h, NULL);
    history_last(&h, HISTORY_RAW_RATE, 4, v);
    assert_true(v[0] == HISTORY_SAMPLES + 1 && v[2] == HISTORY_SAMPLES + 3 && isnan(v[3]));
}

/* ---- tables ---- */

struct fruit {
    char name[32];
    int weight;
};

struct shop {
    const struct fruit *fruits;
};

static const struct table_column fruit_columns[] = {
    {.title = "fruit", .width = 8, .stretch = true},
    {.title = "grams", .width = 6, .right = true},
    {.title = "note", .width = 5, .rank = 2},
    {.title = "more", .width = 4, .rank = 1},
};

static const char *fruit_key(const void *ctx, size_t row)
{
    return ((const struct shop *)ctx)->fruits[row].name;
}

static void fruit_cell(const void *ctx, size_t row, int column, struct table_cell *out)
{
    const struct fruit *f = &((const struct shop *)ctx)->fruits[row];
    out->style = STYLE_PLAIN;
    if (column == 0)
        (void)snprintf(out->text, sizeof out->text, "%s", f->name);
    else if (column == 1)
        (void)snprintf(out->text, sizeof out->text, "%d", f->weight);
    else
        (void)snprintf(out->text, sizeof out->text, "%s", column == 2 ? "note" : "more");
}

static int fruit_compare(const void *ctx, size_t a, size_t b, int column)
{
    const struct fruit *f = ((const struct shop *)ctx)->fruits;
    return column == 1 ? (f[a].weight > f[b].weight) - (f[a].weight < f[b].weight)
                       : strcmp(f[a].name, f[b].name);
}

static struct table_model fruit_model(const struct shop *shop, size_t rows)
{
    return (struct table_model){.columns = fruit_columns,
                                .column_count = 4,
                                .rows = rows,
                                .ctx = shop,
                                .key = fruit_key,
                                .cell = fruit_cell,
                                .compare = fruit_compare,
                                .empty = "sold out"};
}

static const struct fruit basket[] = {{"pear", 150},  {"Apple", 120}, {"Груша", 140},
                                      {"melon", 900}, {"fig", 40},    {"plum", 40}};

static void assert_selected(const struct table_state *s, const struct table_model *m,
                            const char *name)
{
    size_t row;
    assert_true(table_selected(s, &row));
    assert_string_equal(m->key(m->ctx, row), name);
}

static void update(struct table_state *s, const struct table_model *m)
{
    struct errbuf e;
    assert_int_equal(table_update(s, m, &e), ERR_OK);
}

/* The selection is an object, not a place. */
static void test_selection_is_stable(void **state)
{
    (void)state;
    struct shop shop = {basket};
    struct table_model m = fruit_model(&shop, 6);
    struct table_state s = {.sort = -1};
    update(&s, &m);
    assert_selected(&s, &m, "pear");
    table_move(&s, &m, 3);
    assert_selected(&s, &m, "melon");
    s.sort = 1;
    update(&s, &m);
    assert_selected(&s, &m, "melon");
    assert_int_equal(s.selected, 5);
    assert_int_equal(s.order[0], 4); /* fig before plum: equal rows keep their order */
    s.descending = true;
    update(&s, &m);
    assert_selected(&s, &m, "melon");
    assert_int_equal(s.selected, 0);
    /* other rows come and go */
    static const struct fruit less[] = {{"kiwi", 90}, {"melon", 800}};
    shop.fruits = less;
    m = fruit_model(&shop, 2);
    update(&s, &m);
    assert_selected(&s, &m, "melon");
    m.rows = 0;
    size_t row;
    update(&s, &m);
    assert_false(table_selected(&s, &row));
    table_move(&s, &m, 1);
    table_free(&s);
}

/* Never its neighbour by itself: only a key, or a filter that the person types, selects another. */
static void test_selection_that_is_gone(void **state)
{
    (void)state;
    static const struct fruit less[] = {{"pear", 150}, {"Apple", 120}, {"fig", 40}, {"plum", 40}};
    struct shop shop = {basket};
    struct table_model m = fruit_model(&shop, 6);
    struct table_state s = {.sort = -1};
    size_t row;
    update(&s, &m);
    table_move(&s, &m, 3);
    assert_selected(&s, &m, "melon");
    shop.fruits = less;
    m = fruit_model(&shop, 4);
    update(&s, &m);
    assert_false(table_selected(&s, &row));
    assert_null(table_key(&s));
    assert_string_equal(s.key, "melon");
    shop.fruits = basket; /* it is there again */
    m = fruit_model(&shop, 6);
    update(&s, &m);
    assert_selected(&s, &m, "melon");
    shop.fruits = less;
    m = fruit_model(&shop, 4);
    update(&s, &m);
    table_move(&s, &m, 1); /* the one that has its place, not the one behind it */
    assert_selected(&s, &m, "plum");
    (void)strcpy(s.filter, "p");
    update(&s, &m);
    assert_selected(&s, &m, "plum");
    (void)strcpy(s.filter, "pp");
    update(&s, &m);
    assert_selected(&s, &m, "Apple");
    shop.fruits = basket;
    m = fruit_model(&shop, 1); /* out of the filter by itself */
    (void)strcpy(s.filter, "pear");
    update(&s, &m);
    assert_selected(&s, &m, "pear");
    table_free(&s);
}

static void test_filter(void **state)
{
    (void)state;
    struct shop shop = {basket};
    struct table_model m = fruit_model(&shop, 6);
    struct table_state s = {.sort = -1};
    static const struct {
        const char *filter;
        size_t n;
    } cases[] = {{"", 6},      {"apple", 1}, {"P", 3},   {"гру", 1},
                 {"ГРУША", 1}, {"40", 3},    {"zzz", 0}, {"note", 6}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        (void)snprintf(s.filter, sizeof s.filter, "%s", cases[i].filter);
        update(&s, &m);
        assert_int_equal(s.n, cases[i].n);
    }
    table_free(&s);
}

/* A filter that gets longer by a letter, shorter again, sorted, over other rows. */
static void test_filter_that_is_typed(void **state)
{
    (void)state;
    static const struct fruit more[] = {{"pear", 150},  {"Apple", 120}, {"plum", 140},
                                        {"melon", 900}, {"fig", 40},    {"plump", 40}};
    static const struct {
        const char *filter;
        size_t n;
        bool more;
    } cases[] = {{"p", 3, false}, {"pl", 2, false}, {"plu", 1, false},  {"pl", 2, false},
                 {"pl", 3, true}, {"plu", 2, true}, {"plump", 1, true}, {"", 6, true}};
    struct shop shop = {basket};
    struct table_model m = fruit_model(&shop, 6);
    for (int sort = -1; sort < 2; sort++) {
        struct table_state s = {.sort = sort};
        update(&s, &m);
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            shop.fruits = cases[i].more ? more : basket;
            (void)snprintf(s.filter, sizeof s.filter, "%s", cases[i].filter);
            update(&s, &m);
            assert_int_equal(s.n, cases[i].n);
            for (size_t k = 1; sort >= 0 && k < s.n; k++)
                assert_true(fruit_compare(&shop, s.order[k - 1], s.order[k], sort) <= 0);
        }
        table_free(&s);
    }
}

static void test_columns_fit(void **state)
{
    (void)state;
    struct shop shop = {basket};
    struct table_model m = fruit_model(&shop, 6);
    int columns[TABLE_COLUMNS_MAX];
    int widths[TABLE_COLUMNS_MAX];
    assert_int_equal(table_fit(&m, 60, columns, widths), 4);
    assert_int_equal(widths[0], 60 - 2 - 6 - 5 - 4 - 6);
    assert_int_equal(table_fit(&m, 30, columns, widths), 3); /* "note" goes first */
    assert_int_equal(columns[2], 3);
    assert_int_equal(table_fit(&m, 18, columns, widths), 2);
    assert_int_equal(widths[0], 8);
    assert_int_equal(table_fit(&m, 12, columns, widths), 2); /* these two stay, the name shrinks */
    assert_int_equal(widths[0], 4);
}

static void draw(struct table_state *s, const struct table_model *m, const char *want)
{
    struct grid g;
    open_grid(&g, 4, 18, false);
    table_draw(&g, grid_all(&g), m, s, true);
    assert_grid(&g, want);
    grid_free(&g);
}

static void test_scrolling(void **state)
{
    (void)state;
    struct shop shop = {basket};
    struct table_model m = fruit_model(&shop, 6);
    struct table_state s = {.sort = -1};
    update(&s, &m);
    draw(&s, &m,
         "  fruit      grams\n> pear         150\n  Apple        120\n  Груша        140\n");
    table_move(&s, &m, 3);
    draw(&s, &m,
         "  fruit      grams\n  Apple        120\n  Груша        140\n> melon        900\n");
    table_move(&s, &m, -1);
    draw(&s, &m,
         "  fruit      grams\n  Apple        120\n> Груша        140\n  melon        900\n");
    table_move(&s, &m, 1000);
    draw(&s, &m,
         "  fruit      grams\n  melon        900\n  fig           40\n> plum          40\n");
    table_move(&s, &m, -1000);
    draw(&s, &m,
         "  fruit      grams\n> pear         150\n  Apple        120\n  Груша        140\n");
    s.sort = 1;
    update(&s, &m);
    draw(&s, &m,
         "  fruit     grams▲\n  Apple        120\n  Груша        140\n> pear         150\n");
    (void)snprintf(s.filter, sizeof s.filter, "zzz");
    update(&s, &m);
    draw(&s, &m, "  fruit     grams▲\n  nothing matches…\n\n\n");
    s.filter[0] = '\0';
    m.rows = 0;
    update(&s, &m);
    draw(&s, &m, "  fruit     grams▲\n  sold out\n\n\n");
    table_free(&s);
}

/* Ten thousand rows filter, sort and draw between two keystrokes. */
static void test_many_rows(void **state)
{
    (void)state;
    enum { ROWS = 10000 };
    struct fruit *many = calloc(ROWS, sizeof *many);
    assert_non_null(many);
    for (int i = 0; i < ROWS; i++) {
        (void)snprintf(many[i].name, sizeof many[i].name, "postgres.public.table_%05d", i);
        many[i].weight = (i * 7919) % ROWS;
    }
    struct shop shop = {many};
    struct table_model m = fruit_model(&shop, ROWS);
    struct table_state s = {.sort = 1, .filter = "Table_0"};
    int64_t before = clock_mono_us();
    update(&s, &m);
    int64_t took_us = clock_mono_us() - before;
    assert_int_equal(s.n, ROWS);
    print_message("filtered and sorted %d rows in %.1f ms\n", ROWS, (double)took_us / 1000);
    (void)snprintf(s.filter, sizeof s.filter, "table_09999");
    update(&s, &m);
    assert_int_equal(s.n, 1);
    table_free(&s);
    free(many);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_is_sanitised),
        cmocka_unit_test(test_wide_characters),
        cmocka_unit_test(test_cut_and_align),
        cmocka_unit_test(test_clip),
        cmocka_unit_test(test_units),
        cmocka_unit_test(test_sparklines),
        cmocka_unit_test(test_history),
        cmocka_unit_test(test_selection_is_stable),
        cmocka_unit_test(test_selection_that_is_gone),
        cmocka_unit_test(test_filter),
        cmocka_unit_test(test_filter_that_is_typed),
        cmocka_unit_test(test_columns_fit),
        cmocka_unit_test(test_scrolling),
        cmocka_unit_test(test_many_rows),
    };
    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
