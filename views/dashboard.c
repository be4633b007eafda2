#include "views/dashboard.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "views/pane.h"
#include "views/table_cell.h"

enum { DAY_S = 86400, SAMPLE_ROWS = 200, COLUMN_MOST = 40, COLUMN_LEAST = 4 };

/* ---- what there is ---- */

static const char *text_of(const json_t *o, const char *name)
{
    const char *s = json_string_value(json_object_get(o, name));
    return s && *s ? s : NULL;
}

static int number_of(const json_t *o, const char *name, int least, int most, int by_itself)
{
    const json_t *v = json_object_get(o, name);
    if (!json_is_integer(v))
        return by_itself;
    json_int_t n = json_integer_value(v);
    return n < least ? least : n > most ? most : (int)n;
}

static enum board_kind kind_of(const char *word)
{
    static const char *const words[] = {[BOARD_STAT] = "stat",
                                        [BOARD_LINE] = "line",
                                        [BOARD_BARS] = "bars",
                                        [BOARD_DONUT] = "donut",
                                        [BOARD_TABLE] = "table"};
    for (size_t i = 0; word && i < sizeof words / sizeof words[0]; i++)
        if (strcmp(word, words[i]) == 0)
            return (enum board_kind)i;
    return BOARD_TABLE; /* shows whatever it is */
}

static void read_panel(const json_t *o, struct board_panel *p)
{
    *p = (struct board_panel){
        .name = text_of(o, "name"),
        .title = text_of(o, "title"),
        .unit = text_of(o, "unit"),
        .x = text_of(o, "x"),
        .y = text_of(o, "y"),
        .series = text_of(o, "series"),
        .label = text_of(o, "label"),
        .value = text_of(o, "value"),
        .kind = kind_of(text_of(o, "kind")),
        .width = number_of(o, "width", 1, BOARD_TWELFTHS, BOARD_TWELFTHS),
        .height = number_of(o, "height", 1, 12, 1),
        .has_rows = json_is_true(json_object_get(o, "rows")),
    };
    p->title = p->title ? p->title : p->name;
}

size_t board_count(const json_t *list)
{
    return json_array_size(json_object_get(list, "dashboards"));
}

static size_t index_of(const json_t *list, const char *name)
{
    const json_t *boards = json_object_get(list, "dashboards");
    for (size_t i = 0; name && i < json_array_size(boards); i++) {
        const char *is = text_of(json_array_get(boards, i), "name");
        if (is && strcmp(is, name) == 0)
            return i;
    }
    return SIZE_MAX;
}

bool board_read(const json_t *list, const char *name, size_t index, struct board *out)
{
    const json_t *boards = json_object_get(list, "dashboards");
    size_t at = index_of(list, name);
    const json_t *o = json_array_get(boards, at != SIZE_MAX ? at : index);
    *out = (struct board){.name = text_of(o, "name")};
    if (!out->name)
        return false;
    out->title = text_of(o, "title") ? text_of(o, "title") : out->name;
    out->mart = text_of(o, "mart");
    out->days = number_of(o, "days", 1, 3660, 30);
    const json_t *panels = json_object_get(o, "panels");
    for (size_t i = 0; i < json_array_size(panels) && out->n < BOARD_PANELS_MAX; i++) {
        read_panel(json_array_get(panels, i), &out->panels[out->n]);
        out->n += out->panels[out->n].name != NULL;
    }
    return true;
}

const char *board_next(const json_t *list, const char *name)
{
    size_t n = board_count(list);
    size_t at = index_of(list, name);
    const json_t *boards = json_object_get(list, "dashboards");
    return n ? text_of(json_array_get(boards, at == SIZE_MAX ? 0 : (at + 1) % n), "name") : NULL;
}

/* ---- dates ---- */

bool board_date_read(const char *text, int64_t *days)
{
    int year, month, day, n = 0;
    if (sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &n) != 3 || text[n] || n != 10)
        return false;
    struct tm tm = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};
    *days = (int64_t)timegm(&tm) / DAY_S;
    /* it comes back changed when there is no such day */
    return tm.tm_year == year - 1900 && tm.tm_mon == month - 1 && tm.tm_mday == day && year >= 1970;
}

char *board_date_write(int64_t days, char out[BOARD_DATE_MAX])
{
    time_t t = (time_t)days * DAY_S;
    struct tm tm;
    if (!gmtime_r(&t, &tm) || !strftime(out, BOARD_DATE_MAX, "%Y-%m-%d", &tm))
        (void)snprintf(out, BOARD_DATE_MAX, "-");
    return out;
}

/* ---- rows as a table ---- */

static const json_t *cell_of(const struct board_rows *r, size_t row, int column)
{
    return json_array_get(json_array_get(r->rows, row), (size_t)column);
}

/* As a program would write it; NULL is nothing. */
static const char *json_cell_text(const json_t *v, char *out, size_t n)
{
    if (json_is_string(v))
        return json_string_value(v);
    if (json_is_integer(v))
        (void)snprintf(out, n, "%lld", (long long)json_integer_value(v));
    else if (json_is_real(v))
        (void)snprintf(out, n, "%.10g", json_real_value(v));
    else
        (void)snprintf(out, n, "%s", json_is_true(v) ? "true" : json_is_false(v) ? "false" : "");
    return out;
}

static double cell_number(const json_t *v)
{
    return json_is_number(v) ? json_number_value(v) : NAN;
}

static bool is_number_type(const char *type)
{
    return strcmp(type, "integer") == 0 || strcmp(type, "float") == 0 ||
           strcmp(type, "decimal") == 0;
}

static void set_columns(struct board_rows *r, const json_t *columns)
{
    int widest = -1;
    r->all_columns = (int)json_array_size(columns);
    r->columns = r->all_columns < TABLE_COLUMNS_MAX ? r->all_columns : TABLE_COLUMNS_MAX;
    for (int i = 0; i < r->columns; i++) {
        const json_t *c = json_array_get(columns, (size_t)i);
        const char *name = text_of(c, "name");
        r->types[i] = text_of(c, "type") ? text_of(c, "type") : "text";
        struct table_column *t = &r->table[i];
        *t = (struct table_column){.title = name ? name : "?",
                                   .file = name ? name : "?",
                                   .rank = i,
                                   .right = is_number_type(r->types[i])};
        t->width = text_width(t->title, false) + 1; /* the sign of the sort order */
        for (size_t k = 0; k < r->n && k < SAMPLE_ROWS; k++) {
            char text[64];
            int w = text_width(json_cell_text(cell_of(r, k, i), text, sizeof text), false);
            t->width = w > t->width ? w : t->width;
        }
        t->width = t->width > COLUMN_MOST    ? COLUMN_MOST
                   : t->width < COLUMN_LEAST ? COLUMN_LEAST
                                             : t->width;
        if (!t->right && (widest < 0 || t->width > r->table[widest].width))
            widest = i;
    }
    if (widest >= 0)
        r->table[widest].want = r->table[widest].width;
}

enum err board_rows_read(struct board_rows *r, const json_t *answer, struct errbuf *e)
{
    const json_t *rows = json_object_get(answer, "rows");
    *r = (struct board_rows){.rows = rows, .n = json_array_size(rows)};
    if (r->n && !(r->keys = calloc(r->n, sizeof *r->keys)))
        return err_set(e, ERR_NOMEM, "no memory for %zu rows", r->n);
    for (size_t i = 0; i < r->n; i++)
        (void)snprintf(r->keys[i], sizeof *r->keys, "%zu", i + 1);
    r->answer = json_incref((json_t *)answer);
    r->truncated = json_is_true(json_object_get(answer, "truncated"));
    r->error = text_of(answer, "error");
    set_columns(r, json_object_get(answer, "columns"));
    return ERR_OK;
}

void board_rows_free(struct board_rows *r)
{
    json_decref(r->answer);
    free(r->keys);
    *r = (struct board_rows){0};
}

static const char *row_key(const void *ctx, size_t row)
{
    return ((const struct board_rows *)ctx)->keys[row];
}

static void row_cell(const void *ctx, size_t row, int column, struct table_cell *out)
{
    char text[64];
    const char *s = json_cell_text(cell_of(ctx, row, column), text, sizeof text);
    out->style = STYLE_PLAIN;
    (void)snprintf(out->text, sizeof out->text, "%s", s);
    cell_is_json(out, cell_of(ctx, row, column));
}

/* What is not known stands below everything. */
static int row_compare(const void *ctx, size_t a, size_t b, int column)
{
    const json_t *x = cell_of(ctx, a, column);
    const json_t *y = cell_of(ctx, b, column);
    if (json_is_null(x) || json_is_null(y))
        return !json_is_null(x) - !json_is_null(y);
    if (json_is_number(x) && json_is_number(y)) {
        double v = json_number_value(x), w = json_number_value(y);
        return (v > w) - (v < w);
    }
    char s[64], t[64];
    return strcmp(json_cell_text(x, s, sizeof s), json_cell_text(y, t, sizeof t));
}

void board_rows_model(const struct board_rows *r, struct table_model *m)
{
    *m = (struct table_model){.columns = r->table,
                              .column_count = r->columns,
                              .rows = r->n,
                              .ctx = r,
                              .key = row_key,
                              .cell = row_cell,
                              .compare = row_compare,
                              .empty = "no rows in this range"};
}

/* ---- rows as a chart ---- */

static int column_of(const struct board_rows *r, const char *name, int by_itself)
{
    for (int i = 0; name && i < r->columns; i++)
        if (strcasecmp(r->table[i].title, name) == 0)
            return i;
    return by_itself < r->columns ? by_itself : -1;
}

/* What a drawing needs and is gone after it. */
struct picture {
    struct chart chart;
    char title[256];
    struct chart_series series[CHART_SERIES_MAX];
    size_t series_found;
    bool more_series; /* than can be drawn */
    struct chart_category *categories;
    char (*labels)[32]; /* of categories that are no texts */
    double *numbers;    /* x and y of all series */
};

static void picture_begin(struct picture *p, const struct board_panel *panel,
                          const struct board_rows *rows, const struct board_look *look)
{
    *p = (struct picture){.chart = {.unit = panel->unit,
                                    .from_zero = true,
                                    .glyphs = look->glyphs,
                                    .colours = look->colours}};
    bool cut = rows && rows->truncated;
    (void)snprintf(p->title, sizeof p->title, cut ? "%.200s (only the first %zu rows)" : "%.200s",
                   panel->title, cut ? rows->n : 0);
    p->chart.title = p->title;
}

static void picture_end(struct picture *p)
{
    free(p->categories);
    free(p->labels);
    free(p->numbers);
}

/* Seconds since 1970 of a date or a timestamp as a server writes it; NAN. */
static double seconds_of(const char *text)
{
    char date[11];
    int64_t days;
    int hour = 0, minute = 0;
    double second = 0;
    (void)snprintf(date, sizeof date, "%s", text);
    if (strlen(text) < 10 || !board_date_read(date, &days))
        return NAN;
    if (text[10] && sscanf(text + 11, "%2d:%2d:%lf", &hour, &minute, &second) < 2)
        return NAN;
    return (double)days * DAY_S + hour * 3600.0 + minute * 60.0 + second;
}

static enum chart_x x_kind(const char *type)
{
    return strcmp(type, "date") == 0        ? CHART_X_DATE
           : strcmp(type, "timestamp") == 0 ? CHART_X_TIME
                                            : CHART_X_NUMBER;
}

static double x_of(const struct board_rows *r, size_t row, int column, enum chart_x kind)
{
    const json_t *v = cell_of(r, row, column);
    if (kind == CHART_X_NUMBER)
        return json_is_number(v) ? json_number_value(v) : (double)row;
    return json_is_string(v) ? seconds_of(json_string_value(v)) : NAN;
}

/* The series of a row, by the text of its column; a new one where it is the first of it. */
static size_t series_of(struct picture *p, const struct board_rows *r, size_t row, int column)
{
    const json_t *v = column >= 0 ? cell_of(r, row, column) : NULL;
    const char *name = json_is_string(v) ? json_string_value(v) : "";
    char text[64];
    if (column >= 0 && !json_is_string(v))
        name = json_cell_text(v, text, sizeof text);
    for (size_t i = 0; i < p->series_found && i < CHART_SERIES_MAX; i++)
        if (strcmp(p->series[i].name, name) == 0)
            return i;
    if (p->series_found >= CHART_SERIES_MAX) {
        p->more_series = true;
        return CHART_SERIES_MAX;
    }
    if (column >= 0 && !json_is_string(v)) { /* a number: its text has to stay */
        (void)snprintf(p->labels[p->series_found], sizeof *p->labels, "%s", name);
        name = p->labels[p->series_found];
    }
    p->series[p->series_found].name = name;
    return p->series_found++;
}

/*
 * A place for every date of the range, so that a date without a row is a gap: dates that are not in
 * it widen it.
 */
static bool range_of(const struct board_rows *r, int x, const struct board_look *look,
                     int64_t *first, int64_t *last)
{
    bool any = board_date_read(look->from, first) && board_date_read(look->to, last);
    for (size_t i = 0; i < r->n; i++) {
        double s = x_of(r, i, x, CHART_X_DATE);
        if (isnan(s))
            continue;
        int64_t day = (int64_t)(s / DAY_S);
        *first = any && *first < day ? *first : day;
        *last = any && *last > day ? *last : day;
        any = true;
    }
    return any && *last - *first < 40000;
}

struct line_columns {
    int x, y, series;
    enum chart_x kind;
};

static bool fill_dates(struct picture *p, const struct board_rows *r, const struct line_columns *c,
                       const struct board_look *look)
{
    int64_t first, last;
    if (!range_of(r, c->x, look, &first, &last))
        return false;
    size_t days = (size_t)(last - first + 1);
    p->numbers = calloc((CHART_SERIES_MAX + 1) * days, sizeof *p->numbers);
    if (!p->numbers)
        return false;
    for (size_t d = 0; d < days; d++)
        p->numbers[d] = (double)(first + (int64_t)d) * DAY_S;
    for (size_t k = days; k < (CHART_SERIES_MAX + 1) * days; k++)
        p->numbers[k] = NAN;
    for (size_t i = 0; i < r->n; i++) {
        double s = x_of(r, i, c->x, CHART_X_DATE);
        size_t k = series_of(p, r, i, c->series);
        if (!isnan(s) && k < CHART_SERIES_MAX)
            p->numbers[(k + 1) * days + (size_t)((int64_t)(s / DAY_S) - first)] =
                cell_number(cell_of(r, i, c->y));
    }
    for (size_t k = 0; k < p->series_found; k++) {
        p->series[k].x = p->numbers;
        p->series[k].y = p->numbers + (k + 1) * days;
        p->series[k].n = days;
    }
    return true;
}

/* In the order of the rows, a series after the other. */
static bool fill_points(struct picture *p, const struct board_rows *r, const struct line_columns *c)
{
    p->numbers = calloc(2 * r->n + 1, sizeof *p->numbers);
    if (!p->numbers)
        return false;
    for (size_t i = 0; i < r->n; i++) {
        size_t k = series_of(p, r, i, c->series);
        if (k < CHART_SERIES_MAX)
            p->series[k].n++;
    }
    size_t at = 0;
    for (size_t k = 0; k < p->series_found; k++) {
        size_t n = 0;
        double *x = p->numbers + at, *y = p->numbers + r->n + at;
        for (size_t i = 0; i < r->n; i++) {
            if (series_of(p, r, i, c->series) != k)
                continue;
            x[n] = x_of(r, i, c->x, c->kind);
            y[n++] = cell_number(cell_of(r, i, c->y));
        }
        p->series[k].x = x;
        p->series[k].y = y;
        at += n;
    }
    return true;
}

static bool draw_line(struct grid *g, struct rect r, struct picture *p,
                      const struct board_panel *panel, const struct board_rows *rows,
                      const struct board_look *look)
{
    struct line_columns c = {.x = column_of(rows, panel->x, 0),
                             .y = column_of(rows, panel->y, 1),
                             .series = panel->series ? column_of(rows, panel->series, -1) : -1};
    if (c.x < 0 || c.y < 0)
        return false;
    p->labels = calloc(CHART_SERIES_MAX, sizeof *p->labels);
    c.kind = x_kind(rows->types[c.x]);
    if (!p->labels ||
        !(c.kind == CHART_X_DATE ? fill_dates(p, rows, &c, look) : fill_points(p, rows, &c)))
        return false;
    size_t n = strlen(p->title);
    if (p->more_series)
        (void)snprintf(p->title + n, sizeof p->title - n, " (%d series of more)", CHART_SERIES_MAX);
    p->chart.x = c.kind;
    p->chart.zone = "UTC";
    p->chart.series = p->series;
    p->chart.series_count = p->series_found;
    chart_line(g, r, &p->chart);
    return true;
}

static bool draw_categories(struct grid *g, struct rect r, struct picture *p,
                            const struct board_panel *panel, const struct board_rows *rows)
{
    bool bars = panel->kind == BOARD_BARS;
    int label = column_of(rows, bars ? panel->x : panel->label, 0);
    int value = column_of(rows, bars ? panel->y : panel->value, 1);
    p->categories = calloc(rows->n + 1, sizeof *p->categories);
    p->labels = calloc(rows->n + 1, sizeof *p->labels);
    if (label < 0 || value < 0 || !p->categories || !p->labels)
        return false;
    for (size_t i = 0; i < rows->n; i++) {
        const char *text = json_cell_text(cell_of(rows, i, label), p->labels[i], sizeof *p->labels);
        p->categories[i] =
            (struct chart_category){*text ? text : "(none)", cell_number(cell_of(rows, i, value))};
    }
    p->chart.categories = p->categories;
    p->chart.category_count = rows->n;
    (bars ? chart_bars : chart_donut)(g, r, &p->chart);
    return true;
}

/* The figure, and what else its row says in numbers. */
static bool draw_stat(struct grid *g, struct rect r, struct picture *p,
                      const struct board_panel *panel, const struct board_rows *rows)
{
    int value = column_of(rows, panel->value, 0);
    p->categories = calloc(TABLE_COLUMNS_MAX + 1, sizeof *p->categories);
    if (value < 0 || !p->categories)
        return false;
    size_t n = 0;
    p->categories[n++] =
        (struct chart_category){panel->title, cell_number(cell_of(rows, 0, value))};
    for (int i = 0; rows->n && i < rows->columns; i++)
        if (i != value && json_is_number(cell_of(rows, 0, i)))
            p->categories[n++] =
                (struct chart_category){rows->table[i].title, cell_number(cell_of(rows, 0, i))};
    p->chart.categories = p->categories;
    p->chart.category_count = n;
    chart_stat(g, r, &p->chart);
    return true;
}

static const char *table_title(const void *ctx, int column)
{
    return ((const struct board_rows *)ctx)->table[column].title;
}

static const char *table_text(const void *ctx, size_t row, int column, char *out, size_t n)
{
    const json_t *v = cell_of(ctx, row, column);
    return json_is_number(v) ? chart_value(json_number_value(v), out, n)
                             : json_cell_text(v, out, n);
}

static bool table_is_figure(const void *ctx, int column)
{
    return ((const struct board_rows *)ctx)->table[column].right;
}

static double table_value(const void *ctx, size_t row, int column)
{
    return cell_number(cell_of(ctx, row, column));
}

static void draw_table(struct grid *g, struct rect r, const struct picture *p,
                       const struct board_rows *rows)
{
    const struct chart_table t = {.columns = rows->columns,
                                  .rows = rows->n,
                                  .ctx = rows,
                                  .title = table_title,
                                  .text = table_text,
                                  .is_figure = table_is_figure,
                                  .value = table_value};
    chart_table(g, r, &p->chart, &t);
}

static bool draw_kind(struct grid *g, struct rect r, struct picture *p,
                      const struct board_panel *panel, const struct board_rows *rows,
                      const struct board_look *look)
{
    switch (panel->kind) {
    case BOARD_STAT:
        return draw_stat(g, r, p, panel, rows);
    case BOARD_LINE:
        return draw_line(g, r, p, panel, rows, look);
    case BOARD_BARS:
    case BOARD_DONUT:
        return draw_categories(g, r, p, panel, rows);
    case BOARD_TABLE:
        break;
    }
    draw_table(g, r, p, rows);
    return true;
}

static void draw_words(struct grid *g, struct rect r, uint16_t style, const char *words)
{
    for (int row = 0; row < r.h && *words; row++) {
        char text[1024];
        size_t next;
        size_t n = wrap_row(words, r.w - 2, g->ascii, &next);
        bool last = row + 1 == r.h;
        (void)snprintf(text, sizeof text, "%.*s", last ? (int)sizeof text - 1 : (int)n, words);
        (void)grid_text(g, r.y + row, r.x + 1, r.w - 2, style, text);
        words += next;
    }
}

void board_draw(struct grid *g, struct rect r, const struct board_panel *p,
                const struct board_rows *answer, const struct board_look *look)
{
    struct picture picture;
    bool here = answer && answer->answer;
    if (r.h < 1 || r.w < 1)
        return;
    picture_begin(&picture, p, answer, look);
    if (!here || answer->error) {
        chart_head(g, &r, &picture.chart);
        draw_words(g, r, STYLE_BROKEN, here ? answer->error : "");
    } else if (!draw_kind(g, r, &picture, p, answer, look)) {
        chart_head(g, &r, &picture.chart);
        draw_words(g, r, STYLE_BROKEN, "this picture needs columns that the query does not have");
    }
    picture_end(&picture);
}

/* ---- where panels lie ---- */

enum { STAT_LEAST = 3, PANEL_LEAST = 6, NARROW = 60, COLUMN_LEAST_WIDE = 24 };

/* Twelfths that a panel takes on so wide a screen: a chart needs room. */
static int twelfths(const struct board_panel *p, int w)
{
    if (w < NARROW)
        return p->kind == BOARD_STAT && w >= 2 * 18 && p->width <= 6 ? 6 : BOARD_TWELFTHS;
    int width = p->width;
    while (width < BOARD_TWELFTHS && width * w / BOARD_TWELFTHS < COLUMN_LEAST_WIDE)
        width++;
    return width;
}

struct band { /* a row of panels */
    int first, n;
    int shares, least, h;
};

static int make_bands(const struct board *b, int w, struct band *bands)
{
    int n = 0, used = BOARD_TWELFTHS;
    for (int i = 0; i < b->n; i++) {
        int need = twelfths(&b->panels[i], w);
        if (used + need > BOARD_TWELFTHS) {
            bands[n++] = (struct band){.first = i};
            used = 0;
        }
        struct band *k = &bands[n - 1];
        int least = b->panels[i].kind == BOARD_STAT ? STAT_LEAST : PANEL_LEAST;
        k->n++;
        k->least = least > k->least ? least : k->least;
        k->shares = b->panels[i].height > k->shares ? b->panels[i].height : k->shares;
        used += need;
    }
    return n;
}

/* Heights of bands first..n-1 in h rows: what each needs, and the rest by their shares. */
static int share_height(struct band *bands, int first, int n, int h)
{
    int fit = first, need = 0, shares = 0;
    while (fit < n && need + bands[fit].least <= h) {
        need += bands[fit].least;
        shares += bands[fit++].shares;
    }
    if (fit == first && fit < n) { /* too low even for one */
        bands[fit].h = h;
        return fit + 1;
    }
    int left = h;
    for (int i = first; i < fit; i++) {
        int by_share = shares ? left * bands[i].shares / shares : 0;
        int rest = 0; /* what those below need at least */
        for (int k = i + 1; k < fit; k++)
            rest += bands[k].least;
        by_share = by_share > left - rest ? left - rest : by_share;
        bands[i].h = i + 1 == fit ? left : by_share < bands[i].least ? bands[i].least : by_share;
        left -= bands[i].h;
        shares -= bands[i].shares;
    }
    return fit;
}

static void place_band(const struct board *b, const struct band *k, int y, struct rect r,
                       struct rect *rects)
{
    int used = 0, total = 0;
    for (int i = k->first; i < k->first + k->n; i++)
        total += twelfths(&b->panels[i], r.w);
    for (int i = k->first; i < k->first + k->n; i++) {
        int from = r.w * used / total; /* what no panel takes is shared among them */
        used += twelfths(&b->panels[i], r.w);
        int to = r.w * used / total;
        rects[i] = (struct rect){y, r.x + from, k->h, to - from - (used < total ? 1 : 0)};
    }
}

struct board_hidden board_lay_out(const struct board *b, struct rect r, int selected,
                                  struct rect *rects)
{
    struct band bands[BOARD_PANELS_MAX];
    int n = make_bands(b, r.w, bands);
    int first = 0, fit;
    for (int i = 0; i < b->n; i++)
        rects[i] = (struct rect){0};
    while ((fit = share_height(bands, first, n, r.h)) < n && first + 1 < n &&
           selected >= bands[fit].first)
        first++;
    int y = r.y;
    for (int i = first; i < fit; i++) {
        place_band(b, &bands[i], y, r, rects);
        y += bands[i].h;
    }
    return (struct board_hidden){.above = n ? bands[first].first : 0,
                                 .below = fit < n ? b->n - bands[fit].first : 0};
}
