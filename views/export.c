#include "views/export.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

bool export_format_of(const char *path, enum export_format *out)
{
    static const struct {
        const char *end;
        enum export_format format;
    } ends[] = {{".csv", EXPORT_CSV}, {".json", EXPORT_JSON}, {".md", EXPORT_MARKDOWN}};
    size_t n = strlen(path);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        size_t k = strlen(ends[i].end);
        if (n > k && strcasecmp(path + n - k, ends[i].end) == 0) {
            *out = ends[i].format;
            return true;
        }
    }
    return false;
}

enum { NAME_MAX_BYTES = 128, VALUE_TEXT_MAX = 64 };

/* ---- values ---- */

/* "2026-11-24T18:13:07.050043Z" */
static void put_time(struct buf *out, int64_t us)
{
    char text[VALUE_TEXT_MAX];
    int64_t below = us % 1000000 < 0 ? us % 1000000 + 1000000 : us % 1000000;
    time_t s = (time_t)((us - below) / 1000000);
    struct tm tm;
    if (!gmtime_r(&s, &tm) || !strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm))
        return;
    buf_printf(out, "%s.%06dZ", text, (int)below);
}

/* Without zeros that say nothing; a whole number stays one. */
static void put_real(struct buf *out, double v)
{
    if (!isfinite(v))
        return;
    if (v == floor(v) && fabs(v) < 1e15)
        buf_printf(out, "%.0f", v);
    else
        buf_printf(out, "%.15g", v);
}

static void put_json_value(struct buf *out, const json_t *v)
{
    char *text = json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(15));
    if (text)
        buf_str(out, text);
    else
        out->failed = true;
    free(text);
}

/* As text: of a CSV's field, or what JSON puts in quotes. */
static void put_value(struct buf *out, const struct table_cell *c)
{
    const struct table_value *v = &c->value;
    switch (v->kind) {
    case VALUE_SHOWN:
        buf_str(out, c->text);
        break;
    case VALUE_NULL:
        break;
    case VALUE_INT:
        buf_i64(out, v->integer);
        break;
    case VALUE_REAL:
        put_real(out, v->real);
        break;
    case VALUE_TIME:
        put_time(out, v->integer);
        break;
    case VALUE_BOOL:
        buf_str(out, v->integer ? "true" : "false");
        break;
    case VALUE_TEXT:
        buf_str(out, v->text);
        break;
    case VALUE_JSON:
        if (json_is_string(v->json))
            buf_str(out, json_string_value(v->json));
        else if (!json_is_null(v->json))
            put_json_value(out, v->json);
    }
}

static void put_csv(struct buf *out, const char *text)
{
    buf_csv(out, text, strlen(text), ',', false);
}

static void put_json(struct buf *out, const char *text)
{
    buf_json_string(out, text, strlen(text));
}

static void put_markdown(struct buf *out, const char *text)
{
    for (; *text; text++)
        buf_printf(out, *text == '|' ? "\\|" : *text == '\n' ? "<br>" : "%c", *text);
}

static void put_field(struct buf *out, const struct table_cell *c, enum export_format format)
{
    struct buf text;
    enum value_kind kind = c->value.kind;
    bool quoted = kind == VALUE_SHOWN || kind == VALUE_TIME || kind == VALUE_TEXT;
    if (format == EXPORT_MARKDOWN) {
        put_markdown(out, c->text);
        return;
    }
    buf_init(&text, 0);
    put_value(&text, c);
    if (format == EXPORT_CSV) /* an empty text is none that is not known */
        buf_csv(out, buf_cstr(&text), text.len, ',', !text.len && kind == VALUE_TEXT);
    else if (kind == VALUE_NULL)
        buf_lit(out, "null");
    else if (kind == VALUE_JSON)
        put_json_value(out, c->value.json);
    else if (quoted)
        buf_json_string(out, buf_cstr(&text), text.len);
    else
        buf_str(out, buf_cstr(&text));
    if (buf_failed(&text))
        out->failed = true;
    buf_free(&text);
}

/* ---- tables ---- */

const char *export_column_name(const struct table_model *m, int column, char *out, size_t n)
{
    size_t len = 0;
    if (column < m->column_count && m->columns[column].picture)
        return "";
    if (m->file_name)
        return m->file_name(m->ctx, column);
    if (m->columns[column].file)
        return m->columns[column].file;
    for (const char *t = m->columns[column].title; *t && len + 1 < n; t++) {
        bool plain = isalnum((unsigned char)*t) || (unsigned char)*t >= 0x80;
        if (plain)
            out[len++] = (char)tolower((unsigned char)*t);
        else if (len && out[len - 1] != '_')
            out[len++] = '_';
    }
    while (len && out[len - 1] == '_')
        len--;
    out[len] = '\0';
    return out;
}

/* The columns of a file: people have those of the screen. */
static int columns_of(const struct table_model *m, enum export_format format)
{
    return m->column_count + (format == EXPORT_MARKDOWN ? 0 : m->file_columns);
}

static void put_head(const struct table_model *m, enum export_format format, struct buf *out)
{
    char name[NAME_MAX_BYTES];
    int n = columns_of(m, format);
    if (format == EXPORT_JSON) {
        buf_str(out, "[");
        return;
    }
    bool first = true;
    for (int c = 0; c < n && format == EXPORT_CSV; c++) {
        const char *title = export_column_name(m, c, name, sizeof name);
        if (!*title)
            continue;
        buf_str(out, first ? "" : ",");
        put_csv(out, title);
        first = false;
    }
    for (int c = 0; c < n && format == EXPORT_MARKDOWN; c++) {
        if (m->columns[c].picture)
            continue;
        buf_str(out, c ? " | " : "| ");
        put_markdown(out, m->columns[c].title);
    }
    buf_str(out, format == EXPORT_MARKDOWN ? " |\n" : "\r\n");
    for (int c = 0; format == EXPORT_MARKDOWN && c < n; c++)
        if (!m->columns[c].picture)
            buf_str(out, m->columns[c].right ? "|---:" : "|---");
    if (format == EXPORT_MARKDOWN)
        buf_str(out, "|\n");
}

static void put_row(const struct table_model *m, size_t row, enum export_format format,
                    struct buf *out)
{
    struct table_cell cell;
    char title[NAME_MAX_BYTES];
    bool first = true;
    for (int c = 0; c < columns_of(m, format); c++) {
        const char *name = export_column_name(m, c, title, sizeof title);
        if (!*name && (format != EXPORT_MARKDOWN || m->columns[c].picture))
            continue;
        cell.text[0] = '\0';
        cell.value.kind = VALUE_SHOWN;
        m->cell(m->ctx, row, c, &cell);
        if (format == EXPORT_MARKDOWN)
            buf_str(out, first ? "| " : " | ");
        else if (!first)
            buf_str(out, format == EXPORT_CSV ? "," : ", ");
        if (format == EXPORT_JSON) {
            put_json(out, name);
            buf_str(out, ": ");
        }
        put_field(out, &cell, format);
        first = false;
    }
}

void export_table(const struct table_model *m, const struct table_state *t,
                  enum export_format format, struct buf *out)
{
    put_head(m, format, out);
    for (size_t i = 0; i < t->n; i++) {
        if (format == EXPORT_JSON)
            buf_str(out, i ? ",\n{" : "\n{");
        put_row(m, t->order[i], format, out);
        buf_str(out, format == EXPORT_JSON ? "}" : format == EXPORT_CSV ? "\r\n" : " |\n");
    }
    if (format == EXPORT_JSON)
        buf_str(out, t->n ? "\n]\n" : "]\n");
}

/* ---- one object ---- */

static bool ends_in(const char *text, const char *end)
{
    size_t n = strlen(text);
    size_t k = strlen(end);
    return n > k && strcmp(text + n - k, end) == 0;
}

static json_t *time_json(int64_t us)
{
    struct buf b;
    buf_init(&b, 0);
    put_time(&b, us);
    json_t *v = json_string(buf_cstr(&b));
    buf_free(&b);
    return v;
}

static json_t *for_programs(const json_t *v);

/* A member under the name that a file has for it. */
static void add_member(json_t *out, const char *name, const json_t *v)
{
    char plain[NAME_MAX_BYTES];
    bool time = ends_in(name, "_us") || strcmp(name, "timestamp_ms") == 0;
    bool milli = !time && ends_in(name, "_ms");
    if (name[0] == '_') /* the console's own */
        return;
    if (!time && !milli) {
        (void)json_object_set_new(out, name, for_programs(v));
        return;
    }
    (void)snprintf(plain, sizeof plain, "%.*s%s", (int)strlen(name) - 3, name, milli ? "_s" : "");
    int64_t n = json_integer_value(v);
    json_t *to = !json_is_number(v)    ? json_null()
                 : milli               ? json_real(json_number_value(v) / 1e3)
                 : ends_in(name, "ms") ? time_json(n * 1000)
                                       : time_json(n);
    (void)json_object_set_new(out, plain, to);
}

static json_t *for_programs(const json_t *v)
{
    const char *name;
    json_t *member;
    size_t i;
    json_t *out;
    if (json_is_object(v)) {
        out = json_object();
        json_object_foreach((json_t *)(uintptr_t)v, name, member)
        {
            add_member(out, name, member);
        }
        return out;
    }
    if (!json_is_array(v))
        return json_incref((json_t *)(uintptr_t)v);
    out = json_array();
    json_array_foreach(v, i, member)
    {
        (void)json_array_append_new(out, for_programs(member));
    }
    return out;
}

static void put_pair(const char *name, const json_t *v, enum export_format format, struct buf *out)
{
    struct table_cell cell = {.value = {.kind = VALUE_JSON, .json = v}};
    struct buf text;
    if (format == EXPORT_CSV) {
        put_csv(out, name);
        buf_ch(out, ',');
        put_field(out, &cell, format);
        buf_str(out, "\r\n");
        return;
    }
    buf_init(&text, 0);
    put_value(&text, &cell);
    buf_str(out, "| ");
    put_markdown(out, name);
    buf_str(out, " | ");
    put_markdown(out, buf_cstr(&text));
    buf_str(out, " |\n");
    buf_free(&text);
}

static void put_pairs(const char *above, const json_t *v, enum export_format format,
                      struct buf *out)
{
    char name[4 * NAME_MAX_BYTES];
    const char *key;
    json_t *member;
    size_t i;
    if (!json_object_size(v) && !json_array_size(v)) {
        put_pair(above, v, format, out);
        return;
    }
    json_object_foreach((json_t *)(uintptr_t)v, key, member)
    {
        (void)snprintf(name, sizeof name, "%s%s%s", above, *above ? "." : "", key);
        put_pairs(name, member, format, out);
    }
    json_array_foreach(v, i, member)
    {
        (void)snprintf(name, sizeof name, "%s.%zu", above, i);
        put_pairs(name, member, format, out);
    }
}

void export_object(const json_t *object, enum export_format format, struct buf *out)
{
    json_t *v = for_programs(object);
    if (format == EXPORT_JSON) {
        char *text = json_dumps(v, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
        buf_str(out, text ? text : "");
        buf_str(out, "\n");
        if (!text)
            out->failed = true;
        free(text);
    } else {
        buf_str(out, format == EXPORT_CSV ? "name,value\r\n" : "| name | value |\n|---|---|\n");
        put_pairs("", v, format, out);
    }
    json_decref(v);
}
