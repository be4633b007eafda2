#include "views/export.h"

#include <string.h>
#include <strings.h>

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

/* A column without a title is a sign: it has its own name in a file. */
static const char *title_of(const struct table_model *m, int column)
{
    return m->columns[column].title[0] ? m->columns[column].title : "state";
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

static void put_head(const struct table_model *m, enum export_format format, struct buf *out)
{
    if (format == EXPORT_JSON) {
        buf_str(out, "[");
        return;
    }
    for (int c = 0; c < m->column_count; c++) {
        buf_str(out, format == EXPORT_MARKDOWN ? (c ? " | " : "| ") : c ? "," : "");
        if (format == EXPORT_CSV)
            put_csv(out, title_of(m, c));
        else
            put_markdown(out, title_of(m, c));
    }
    buf_str(out, format == EXPORT_MARKDOWN ? " |\n" : "\r\n");
    for (int c = 0; format == EXPORT_MARKDOWN && c < m->column_count; c++)
        buf_str(out, m->columns[c].right ? "|---:" : "|---");
    if (format == EXPORT_MARKDOWN)
        buf_str(out, "|\n");
}

static void put_row(const struct table_model *m, size_t row, enum export_format format, bool first,
                    struct buf *out)
{
    struct table_cell cell;
    if (format == EXPORT_JSON)
        buf_str(out, first ? "\n{" : ",\n{");
    for (int c = 0; c < m->column_count; c++) {
        cell.text[0] = '\0';
        m->cell(m->ctx, row, c, &cell);
        if (format == EXPORT_JSON) {
            buf_str(out, c ? ", " : "");
            put_json(out, title_of(m, c));
            buf_str(out, ": ");
            put_json(out, cell.text);
        } else if (format == EXPORT_CSV) {
            buf_str(out, c ? "," : "");
            put_csv(out, cell.text);
        } else {
            buf_str(out, c ? " | " : "| ");
            put_markdown(out, cell.text);
        }
    }
    buf_str(out, format == EXPORT_JSON ? "}" : format == EXPORT_CSV ? "\r\n" : " |\n");
}

void export_table(const struct table_model *m, const struct table_state *t,
                  enum export_format format, struct buf *out)
{
    put_head(m, format, out);
    for (size_t i = 0; i < t->n; i++)
        put_row(m, t->order[i], format, i == 0, out);
    if (format == EXPORT_JSON)
        buf_str(out, t->n ? "\n]\n" : "]\n");
}
