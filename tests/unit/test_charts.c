/*
 * Unit tests of the charts: each kind at five sizes and three glyph levels against golden files
 * (tests/golden/charts/KIND-LEVEL.txt: the text of each size, at 40x10 the styles too), ticks,
 * words, and random data at random sizes. UPDATE_GOLDENS=1 writes the files anew; read the
 * difference before committing it.
 */
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

#include "views/chart/chart.h"
#include "views/chart/scale.h"

/* ---- data ---- */

enum { DAYS = 30, HOURS = 24, MANY = 400 };

#define FIRST_DAY 1761436800.0 /* 2025-10-26 */

static double days[DAYS], active[DAYS], traffic[3][DAYS], hours[4][HOURS], delays[MANY];

static void fill_data(void)
{
    for (int i = 0; i < DAYS; i++) {
        bool gap = i >= 12 && i < 16;
        days[i] = FIRST_DAY + 86400.0 * i;
        active[i] = gap ? NAN : round(62 + 9 * sin(i / 4.0) + i % 3);
        traffic[0][i] = round(2600 + 500 * sin(i / 5.0));
        traffic[1][i] = gap ? NAN : round(2100 + 300 * cos(i / 3.0));
        traffic[2][i] = round(900 + 25.0 * i);
    }
    for (int k = 0; k < 4; k++)
        for (int i = 0; i < HOURS; i++)
            hours[k][i] =
                k == 2 && i > 5 && i < 9 ? NAN : fmax(0, round(60 * sin((i + 3 * k) / 5.0)));
    unsigned seed = 7;
    for (int i = 0; i < MANY; i++) {
        double sum = 0;
        for (int k = 0; k < 4; k++) {
            seed = seed * 1103515245u + 12345u;
            sum += (seed >> 16 & 0x7fff) / 32768.0;
        }
        delays[i] = round(sum * sum * 12);
    }
}

static const struct chart_series one_series[] = {{"airports", days, active, DAYS}};
static const struct chart_series three_series[] = {{"SVO", days, traffic[0], DAYS},
                                                   {"DME", days, traffic[1], DAYS},
                                                   {"Пулково", days, traffic[2], DAYS}};
static const struct chart_series heat_series[] = {{"Monday", NULL, hours[0], HOURS},
                                                  {"Tuesday", NULL, hours[1], HOURS},
                                                  {"Wednesday", NULL, hours[2], HOURS},
                                                  {"Thursday", NULL, hours[3], HOURS}};
static const struct chart_series delay_series[] = {{"delay", NULL, delays, MANY}};

static const struct chart_category shares[] = {
    {"SVO", 81402},  {"DME", 67511}, {"Пулково", 52300}, {"VKO", 39310}, {"OVB", 21000},
    {"東京", 18200}, {"KZN", 11100}, {"AER", 9020},      {"KRR", 8110},  {"UFA", 7.5}};

static const struct chart_category figures[] = {{"active", 5273}, {"of", 5501}, {"new", 4}};

static const char *table_title(const void *ctx, int column)
{
    (void)ctx;
    static const char *const titles[] = {"airport", "city", "passengers", "share"};
    return titles[column];
}

static double table_value(const void *ctx, size_t row, int column)
{
    (void)ctx;
    return column == 2 ? shares[row].value : shares[row].value / 4480;
}

static const char *table_text(const void *ctx, size_t row, int column, char *out, size_t n)
{
    if (column == 0)
        return shares[row].label;
    if (column == 1)
        return row % 2 ? "Москва" : "Saint Petersburg";
    return chart_value(table_value(ctx, row, column), out, n);
}

static bool table_is_figure(const void *ctx, int column)
{
    (void)ctx;
    return column >= 2;
}

static const struct chart_table table = {.columns = 4,
                                         .rows = sizeof shares / sizeof shares[0],
                                         .title = table_title,
                                         .text = table_text,
                                         .is_figure = table_is_figure,
                                         .value = table_value};

static void draw_table(struct grid *g, struct rect r, const struct chart *c)
{
    chart_table(g, r, c, &table);
}

static const struct kind {
    const char *name;
    void (*draw)(struct grid *g, struct rect r, const struct chart *c);
    struct chart chart;
} kinds[] = {
    {"line",
     chart_line,
     {.title = "Active airports by day",
      .unit = "airports",
      .zone = "UTC",
      .x = CHART_X_DATE,
      .series = one_series,
      .series_count = 1}},
    {"lines",
     chart_line,
     {.title = "Passengers by day",
      .unit = "people",
      .zone = "UTC",
      .x = CHART_X_DATE,
      .from_zero = true,
      .series = three_series,
      .series_count = 3}},
    {"bars",
     chart_bars,
     {.title = "Passengers", .unit = "people", .categories = shares, .category_count = 10}},
    {"donut",
     chart_donut,
     {.title = "Share of passengers",
      .unit = "people",
      .categories = shares,
      .category_count = 10}},
    {"histogram",
     chart_histogram,
     {.title = "Delays", .unit = "minutes", .series = delay_series, .series_count = 1}},
    {"heat",
     chart_heat,
     {.title = "Flights by hour", .from_zero = true, .series = heat_series, .series_count = 4}},
    {"stat",
     chart_stat,
     {.title = "Active airports",
      .categories = figures,
      .category_count = 3,
      .series = one_series,
      .series_count = 1}},
    {"table", draw_table, {.title = "Airports"}},
};

static const struct {
    const char *name;
    enum glyphs glyphs;
    enum colours colours;
} levels[] = {{"braille", GLYPHS_BRAILLE, COLOURS_256},
              {"eighths", GLYPHS_EIGHTHS, COLOURS_8},
              {"ascii", GLYPHS_ASCII, COLOURS_MONO}};

/* ---- goldens ---- */

static void read_file(const char *path, struct buf *out)
{
    char chunk[4096];
    size_t n;
    FILE *f = fopen(path, "r");
    if (!f)
        fail_msg("%s is missing: UPDATE_GOLDENS=1 writes it", path);
    while ((n = fread(chunk, 1, sizeof chunk, f)) > 0)
        buf_add(out, chunk, n);
    (void)fclose(f);
}

static void check_golden(const char *name, struct buf *got)
{
    char path[128];
    (void)snprintf(path, sizeof path, "tests/golden/charts/%s.txt", name);
    if (getenv("UPDATE_GOLDENS")) {
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        assert_int_equal(fwrite(got->p, 1, got->len, f), got->len);
        assert_int_equal(fclose(f), 0);
        return;
    }
    struct buf want;
    buf_init(&want, 0);
    read_file(path, &want);
    if (strcmp(buf_cstr(&want), buf_cstr(got)) != 0)
        fail_msg("%s differs; now it is\n%s", path, buf_cstr(got));
    buf_free(&want);
}

static void render(const struct kind *k, size_t level, int h, int w, struct buf *out)
{
    struct grid g;
    struct errbuf e;
    struct chart c = k->chart;
    c.glyphs = levels[level].glyphs;
    c.colours = levels[level].colours;
    assert_int_equal(grid_init(&g, h, w, c.glyphs == GLYPHS_ASCII, &e), ERR_OK);
    k->draw(&g, grid_all(&g), &c);
    buf_printf(out, "==== %dx%d\n", w, h);
    grid_to_text(&g, out);
    if (h == 10) {
        buf_lit(out, "---- styles\n");
        grid_to_styles(&g, out);
        buf_lit(out, "---- behind\n");
        (void)grid_to_backs(&g, out);
    }
    grid_free(&g);
}

static void test_kinds_at_sizes(void **state)
{
    (void)state;
    static const struct {
        int h, w;
    } sizes[] = {{1, 12}, {6, 20}, {10, 40}, {15, 60}, {24, 80}, {50, 200}};
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        for (size_t level = 0; level < 3; level++) {
            char name[64];
            struct buf got;
            buf_init(&got, 0);
            for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
                render(&kinds[k], level, sizes[i].h, sizes[i].w, &got);
            (void)snprintf(name, sizeof name, "%s-%s", kinds[k].name, levels[level].name);
            check_golden(name, &got);
            buf_free(&got);
        }
    }
}

/* ---- axes and words ---- */

static void check_ticks(double least, double most, int want, bool whole, const char *labels)
{
    struct scale s;
    char got[256] = "";
    scale_numbers(&s, least, most, want, whole);
    for (int i = 0; i < s.n; i++)
        (void)snprintf(got + strlen(got), sizeof got - strlen(got), "%s%s", i ? "|" : "",
                       s.label[i]);
    if (strcmp(got, labels) != 0)
        fail_msg("%s is not %s", got, labels);
    assert_true(s.least < s.most);
}

static void test_ticks_of_numbers(void **state)
{
    (void)state;
    check_ticks(0, 73, 5, true, "0|20|40|60|80");
    check_ticks(51, 73, 3, true, "40|60|80");
    check_ticks(105, 543, 5, true, "0|200|400|600");
    check_ticks(2.04, 2.16, 5, false, "2.00|2.05|2.10|2.15|2.20");
    check_ticks(0, 1, 5, true, "0|1");
    check_ticks(0, 1, 5, false, "0|0.5|1.0");
    check_ticks(0, 12000, 5, true, "0|5 k|10 k|15 k");
    check_ticks(0, 1600, 5, true, "0|500|1,000|1,500|2,000");
    check_ticks(0, 2.4e6, 5, true, "0|1 M|2 M|3 M");
    check_ticks(-0.085, 0.173, 5, false, "-0.1|0|0.1|0.2");
    check_ticks(0, 0, 5, false, "0|0.5|1.0");
    check_ticks(5, 5, 5, true, "4|5|6");
    check_ticks(7, -3, 5, true, "-5|0|5|10");
    check_ticks(0, 1e300, 3, true, "0|5e+299|1e+300");
    check_ticks(NAN, INFINITY, 5, false, "0|0.5|1.0");
}

/* Whatever the ends: three to five of them, at a distance that is 1, 2 or 5 times a power of ten.
 */
static void test_ticks_of_any_numbers(void **state)
{
    (void)state;
    srand(11);
    for (int i = 0; i < 20000; i++) {
        struct scale s;
        double size = pow(10, rand() % 30 - 12);
        double least = size * (rand() % 20001 - 10000) / 1000;
        double most = least + size * (1 + rand() % 10000) / 1000;
        scale_numbers(&s, least, most, 5, false);
        if (s.n < 3 || s.n > 5 || s.least > least + size * 1e-6 || s.most < most - size * 1e-6)
            fail_msg("%g..%g: %d ticks over %g..%g", least, most, s.n, s.least, s.most);
        double digit = s.step / pow(10, floor(log10(s.step) + 1e-9));
        assert_true(fabs(digit - 1) < 1e-6 || fabs(digit - 2) < 1e-6 || fabs(digit - 5) < 1e-6);
        for (int k = 1; k < s.n; k++)
            assert_string_not_equal(s.label[k], s.label[k - 1]);
    }
}

static void check_times(double least, double seconds, int want, bool dates, const char *labels)
{
    struct scale s;
    char got[256] = "";
    scale_times(&s, least, least + seconds, want, dates);
    for (int i = 0; i < s.n; i++)
        (void)snprintf(got + strlen(got), sizeof got - strlen(got), "%s%s", i ? "|" : "",
                       s.label[i]);
    if (strcmp(got, labels) != 0)
        fail_msg("%s is not %s", got, labels);
}

static void test_ticks_of_times(void **state)
{
    (void)state;
    const double day = 86400, noon = FIRST_DAY + 43200 + 271;
    check_times(FIRST_DAY, 29 * day, 5, true, "27 Oct|3 Nov|10 Nov|17 Nov|24 Nov"); /* Mondays */
    check_times(FIRST_DAY, 6 * day, 5, true, "27 Oct|29 Oct|31 Oct");
    check_times(FIRST_DAY, 0, 5, true, "26 Oct");
    check_times(FIRST_DAY, 89 * day, 5, true, "Nov 2025|Dec 2025|Jan 2026");
    check_times(FIRST_DAY, 800 * day, 5, true, "Jan 2026|Jul 2026|Jan 2027|Jul 2027|Jan 2028");
    check_times(FIRST_DAY, 9000 * day, 5, true, "2030|2035|2040|2045|2050");
    check_times(noon, 60, 5, false, "12:04:45|12:05:00|12:05:15|12:05:30");
    check_times(noon, 600, 5, false, "12:06|12:08|12:10|12:12|12:14");
    check_times(noon, 3600, 5, false, "12:15|12:30|12:45|13:00");
    check_times(noon, 36 * 3600, 5, false, "27 Oct|12:00|28 Oct");
    check_times(-3 * day, 6 * day, 4, true, "30 Dec|1 Jan|3 Jan");
    check_times(1e300, 0, 5, false,
                "9e+299|9.5e+299|1e+300|1.05e+300|1.1e+300"); /* no time at all */
}

static void test_words(void **state)
{
    (void)state;
    char t[CHART_VALUE_MAX];
    static const struct {
        double v;
        const char *text;
    } cases[] = {{0, "0"},
                 {81402, "81,402"},
                 {12.34, "12.3"},
                 {-2.5, "-2.50"},
                 {28237.5, "28,238"},
                 {1.2e7, "12.0 M"},
                 {0.0017, "0.0017"},
                 {NAN, "-"},
                 {-INFINITY, "-"},
                 {1e300, "1e+300"},
                 {-9999999, "-9,999,999"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(chart_value(cases[i].v, t, sizeof t), cases[i].text);
    assert_string_equal(chart_share(182, 1000, t, sizeof t), "18.2 %");
    assert_string_equal(chart_share(1, 1e6, t, sizeof t), "<0.1 %");
    assert_string_equal(chart_share(0, 0, t, sizeof t), "-");
    struct chart c = {.title = "Load", .unit = "rows/s", .zone = "UTC", .x = CHART_X_TIME};
    char heading[64];
    assert_string_equal(chart_heading(&c, heading, sizeof heading), "Load, rows/s (UTC)");
    c.x = CHART_X_NUMBER;
    assert_string_equal(chart_heading(&c, heading, sizeof heading), "Load, rows/s");
}

/* ---- what must never be confused ---- */

static void draw_text(void (*draw)(struct grid *, struct rect, const struct chart *),
                      const struct chart *c, int h, int w, struct buf *out)
{
    struct grid g;
    struct errbuf e;
    buf_init(out, 0);
    assert_int_equal(grid_init(&g, h, w, c->glyphs == GLYPHS_ASCII, &e), ERR_OK);
    draw(&g, grid_all(&g), c);
    grid_to_text(&g, out);
    grid_free(&g);
}

static void assert_chart(void (*draw)(struct grid *, struct rect, const struct chart *),
                         const struct chart *c, int h, int w, const char *want)
{
    struct buf got;
    draw_text(draw, c, h, w, &got);
    assert_string_equal(buf_cstr(&got), want);
    buf_free(&got);
}

static void test_a_gap_is_not_zero(void **state)
{
    (void)state;
    static const double zero[] = {4, 4, 0, 0, 0, 4, 4};
    static const double gap[] = {4, 4, NAN, NAN, NAN, 4, 4};
    static const double lone[] = {NAN, NAN, 4, NAN, 0, NAN, NAN};
    struct chart_series s = {"x", NULL, zero, 7};
    struct chart c = {.glyphs = GLYPHS_BRAILLE, .from_zero = true, .series = &s, .series_count = 1};
    assert_chart(chart_line, &c, 5, 14,
                 "⠉⠉⠙⡄       ⡜⠉⠉\n"
                 "   ⠱⡀     ⡜\n"
                 "    ⢣⣀⣀⣀⣀⡜\n"
                 "┬──────────┬──\n"
                 "0          5\n");
    s.y = gap;
    assert_chart(chart_line, &c, 5, 14,
                 "⠉⠉⠉        ⠈⠉⠉\n"
                 "\n"
                 "\n"
                 "┬──╌╌╌╌╌╌╌╌┬──\n"
                 "0          5\n");
    c.glyphs = GLYPHS_EIGHTHS;
    assert_chart(chart_line, &c, 5, 14,
                 "███        ███\n"
                 "███        ███\n"
                 "███        ███\n"
                 "┬──╌╌╌╌╌╌╌╌┬──\n"
                 "0          5\n");
    c.glyphs = GLYPHS_BRAILLE;
    s.y = lone;
    assert_chart(chart_line, &c, 5, 14,
                 "    ●\n"
                 "\n"
                 "         ●\n"
                 "┬╌╌╌─╌╌╌╌─╌┬╌╌\n"
                 "0          5\n");
    c.glyphs = GLYPHS_EIGHTHS;
    s.y = zero;
    assert_chart(chart_line, &c, 5, 14,
                 "███        ███\n"
                 "███▇      ▇███\n"
                 "████▁▁▁▁▁▁████\n"
                 "┬──────────┬──\n"
                 "0          5\n");
    c.glyphs = GLYPHS_ASCII;
    assert_chart(chart_line, &c, 5, 14,
                 "ooo        ooo\n"
                 "   o      o\n"
                 "    oooooo\n"
                 "+----------+--\n"
                 "0          5\n");
}

static void test_nothing_to_draw(void **state)
{
    (void)state;
    static const double none[] = {NAN, INFINITY, -INFINITY};
    static const struct chart_category negative[] = {{"a", -1}, {"b", 0}, {"c", NAN}};
    const struct chart_series s = {"x", NULL, none, 3};
    struct chart c = {.glyphs = GLYPHS_BRAILLE, .colours = COLOURS_256};
    assert_chart(chart_line, &c, 3, 12, "\n  no data\n\n");
    assert_chart(chart_bars, &c, 3, 12, "\n  no data\n\n");
    assert_chart(chart_donut, &c, 3, 12, "\n  no data\n\n");
    assert_chart(chart_histogram, &c, 3, 12, "\n  no data\n\n");
    assert_chart(chart_heat, &c, 3, 12, "\n  no data\n\n");
    assert_chart(chart_stat, &c, 3, 12, "\n  no data\n\n");
    c.series = &s;
    c.series_count = 1;
    c.categories = negative;
    c.category_count = 3;
    assert_chart(chart_line, &c, 1, 12, "  no data\n");
    assert_chart(chart_histogram, &c, 1, 12, "  no data\n");
    assert_chart(chart_donut, &c, 1, 20, "  nothing above 0\n");
    assert_chart(chart_bars, &c, 3, 20,
                 "a    ████████████ -1\n"
                 "b                  0\n"
                 "c                  -\n");
}

/* Few colours, few cells or no half-blocks: a bar with labels instead of the ring. */
static void test_donut_becomes_a_bar(void **state)
{
    (void)state;
    struct chart c = {
        .glyphs = GLYPHS_BRAILLE, .colours = COLOURS_16, .categories = shares, .category_count = 3};
    struct buf ring, bar;
    draw_text(chart_donut, &c, 10, 50, &ring);
    assert_non_null(strstr(buf_cstr(&ring), "▄▄██"));
    c.colours = COLOURS_8;
    draw_text(chart_donut, &c, 10, 50, &bar);
    assert_null(strstr(buf_cstr(&bar), "▄"));
    assert_non_null(strstr(buf_cstr(&bar), " SVO 40.5 % "));
    buf_free(&ring);
    buf_free(&bar);
    c.colours = COLOURS_256;
    draw_text(chart_donut, &c, 3, 50, &bar);
    assert_null(strstr(buf_cstr(&bar), "▄"));
    buf_free(&bar);
}

/* ---- anything, anywhere ---- */

static double any_number(void)
{
    static const double odd[] = {NAN,    INFINITY, -INFINITY, 0,       -0.0,     1,      -1,
                                 1e-300, 1e300,    -1e300,    1.7e308, -1.7e308, 5e-324, 1e18};
    switch (rand() % 4) {
    case 0:
        return odd[(size_t)rand() % (sizeof odd / sizeof odd[0])];
    case 1:
        return rand() % 100;
    case 2:
        return (rand() % 20001 - 10000) * pow(10, rand() % 40 - 20);
    default:
        return rand() / 1e6;
    }
}

static const char *any_label(void)
{
    static const char *const labels[] = {
        "",
        "SVO",
        "Пулково",
        "東京国際空港",
        "a\x1b[2Jb\x07",
        "\xff\xc3",
        "e\xcc\x81",
        NULL,
        "\xe2\x80\xaeright to left",
        "a label that is much longer than any column of any chart is"};
    return labels[(size_t)rand() % (sizeof labels / sizeof labels[0])];
}

enum { ANY_MOST = 60 };

static double any_x[ANY_MOST], any_y[10][ANY_MOST];
static struct chart_series any_series[10];
static struct chart_category any_categories[ANY_MOST];

static void fill_any(struct chart *c)
{
    bool sorted = rand() % 2;
    bool flat = rand() % 4 == 0;
    for (int i = 0; i < ANY_MOST; i++) {
        any_x[i] = sorted ? (i ? any_x[i - 1] : 1.7e9) + rand() % 100000 : any_number();
        any_categories[i] = (struct chart_category){any_label(), any_number()};
        for (int k = 0; k < 10; k++)
            any_y[k][i] = flat && i ? any_y[k][0] : any_number();
    }
    for (int k = 0; k < 10; k++)
        any_series[k] =
            (struct chart_series){any_label(), rand() % 3 ? any_x : NULL, any_y[k],
                                  (size_t)(rand() % 3 ? rand() % ANY_MOST : rand() % 3)};
    *c = (struct chart){.title = rand() % 2 ? any_label() : NULL,
                        .unit = any_label(),
                        .zone = any_label(),
                        .x = rand() % 3,
                        .from_zero = rand() % 2,
                        .glyphs = rand() % 3,
                        .colours = rand() % COLOURS_COUNT,
                        .series = any_series,
                        .series_count = (size_t)(rand() % 11),
                        .categories = any_categories,
                        .category_count = (size_t)(rand() % 3 ? rand() % ANY_MOST : rand() % 3)};
}

static const char *any_title(const void *ctx, int column)
{
    (void)ctx;
    return column % 2 ? "figure" : "東京\x1b[2J words";
}

static bool any_is_figure(const void *ctx, int column)
{
    (void)ctx;
    return column % 2;
}

static double any_value(const void *ctx, size_t row, int column)
{
    (void)ctx;
    return any_y[column % 10][row];
}

static const char *any_text(const void *ctx, size_t row, int column, char *out, size_t n)
{
    if (column % 2)
        return chart_value(any_value(ctx, row, column), out, n);
    const char *label = any_categories[row].label;
    return label ? label : "";
}

static void draw_any_table(struct grid *g, struct rect r, const struct chart *c)
{
    const struct chart_table t = {.columns = (int)c->series_count,
                                  .rows = c->category_count,
                                  .title = any_title,
                                  .text = any_text,
                                  .is_figure = any_is_figure,
                                  .value = any_value};
    chart_table(g, r, c, &t);
}

/* Nothing outside of the rectangle, no character that a terminal would obey, the clip put back. */
static void check_cells(const struct grid *g, struct rect r, bool ascii)
{
    for (int y = 0; y < g->h; y++) {
        for (int x = 0; x < g->w; x++) {
            const struct grid_cell *cell = &g->cells[(size_t)y * (size_t)g->w + (size_t)x];
            bool inside = y >= r.y && y < r.y + r.h && x >= r.x && x < r.x + r.w;
            assert_true(inside || cell->ch[0] == L'#');
            assert_true(!cell->width || (cell->ch[0] >= 0x20 && cell->ch[0] != 0x7f &&
                                         (cell->ch[0] < 0x80 || cell->ch[0] >= 0xa0)));
            assert_true(!ascii || !inside || cell->ch[0] < 0x80);
        }
    }
    assert_int_equal(g->clip.h, g->h);
    assert_int_equal(g->clip.w, g->w);
}

static void test_anything_anywhere(void **state)
{
    (void)state;
    void (*const draws[])(struct grid *, struct rect, const struct chart *) = {
        chart_line, chart_bars, chart_donut,   chart_histogram,
        chart_heat, chart_stat, draw_any_table};
    srand(3);
    for (int i = 0; i < 6000; i++) {
        struct grid g;
        struct errbuf e;
        struct chart c;
        fill_any(&c);
        int h = 1 + rand() % (rand() % 8 ? 20 : 60), w = 1 + rand() % (rand() % 8 ? 60 : 220);
        struct rect r = {rand() % 5 - 1, rand() % 5 - 1, rand() % (h + 4) - 1,
                         rand() % (w + 4) - 1};
        assert_int_equal(grid_init(&g, h, w, c.glyphs == GLYPHS_ASCII, &e), ERR_OK);
        grid_fill(&g, grid_all(&g), STYLE_PLAIN, L'#');
        draws[(size_t)rand() % (sizeof draws / sizeof draws[0])](&g, r, &c);
        check_cells(&g, r, g.ascii);
        grid_free(&g);
    }
}

int main(void)
{
    assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
    fill_data();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds_at_sizes),
        cmocka_unit_test(test_ticks_of_numbers),
        cmocka_unit_test(test_ticks_of_any_numbers),
        cmocka_unit_test(test_ticks_of_times),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_a_gap_is_not_zero),
        cmocka_unit_test(test_nothing_to_draw),
        cmocka_unit_test(test_donut_becomes_a_bar),
        cmocka_unit_test(test_anything_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
