#include "backend/model/diagram.h"

#include <ctype.h>

/* ---- Graphviz ---- */

static void dot_string(struct buf *b, const char *text)
{
    buf_ch(b, '"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            buf_ch(b, '\\');
        buf_ch(b, (unsigned char)*text < 0x20 ? ' ' : *text);
    }
    buf_ch(b, '"');
}

static void dot_html(struct buf *b, const char *text)
{
    for (; *text; text++)
        switch (*text) {
        case '<':
            buf_lit(b, "&lt;");
            break;
        case '>':
            buf_lit(b, "&gt;");
            break;
        case '&':
            buf_lit(b, "&amp;");
            break;
        case '"':
            buf_lit(b, "&quot;");
            break;
        default:
            buf_ch(b, (unsigned char)*text < 0x20 ? ' ' : *text);
        }
}

static void dot_row(struct buf *b, const char *open, const char *name, const char *close,
                    const char *detail)
{
    buf_printf(b, "    <tr><td align=\"left\">%s", open);
    dot_html(b, name);
    buf_printf(b, "%s</td><td align=\"left\">", close);
    dot_html(b, detail);
    buf_lit(b, "</td></tr>\n");
}

static void dot_entity(const struct model *m, const struct model_entity *t, struct buf *b)
{
    struct buf detail;
    buf_init(&detail, 0);
    buf_lit(b, "  ");
    dot_string(b, t->name);
    buf_lit(b, " [label=<<table border=\"0\" cellborder=\"1\" cellspacing=\"0\">\n"
               "    <tr><td colspan=\"2\" bgcolor=\"#dbe9f6\"><b>");
    dot_html(b, t->name);
    buf_lit(b, "</b></td></tr>\n");
    for (int i = 0; i < t->n_key; i++) {
        buf_clear(&detail);
        model_type_text(&detail, &t->key[i]);
        dot_row(b, "<u>", t->key[i].name, "</u>", buf_cstr(&detail));
    }
    for (int i = 0; i < t->n_attributes; i++) {
        const struct model_attribute *a = &t->attributes[i];
        buf_clear(&detail);
        if (a->knot >= 0)
            buf_printf(&detail, "knot %s", m->knots[a->knot].name);
        else
            model_type_text(&detail, &a->value);
        buf_str(&detail, a->historised ? "" : ", static");
        dot_row(b, "", a->name, "", buf_cstr(&detail));
    }
    buf_lit(b, "  </table>>];\n");
    buf_free(&detail);
}

static void dot_ties(const struct model *m, const struct model_entity *t, struct buf *b)
{
    for (int i = 0; i < t->n_ties; i++) {
        const struct model_tie *k = &m->ties[t->ties[i]];
        buf_lit(b, "  ");
        dot_string(b, t->name);
        buf_lit(b, " -> ");
        dot_string(b, m->entities[k->to].name);
        buf_lit(b, " [label=");
        dot_string(b, k->name);
        buf_lit(b, "];\n");
    }
}

void model_diagram_dot(const struct model *m, struct buf *b)
{
    buf_lit(b, "digraph ");
    dot_string(b, m->name);
    buf_lit(b, " {\n  rankdir=LR;\n  node [shape=plain, fontname=\"Helvetica\", fontsize=10];\n"
               "  edge [fontname=\"Helvetica\", fontsize=8];\n");
    for (int i = 0; i < m->n_entities; i++)
        dot_entity(m, &m->entities[m->order[i]], b);
    for (int i = 0; i < m->n_entities; i++)
        dot_ties(m, &m->entities[m->order[i]], b);
    buf_lit(b, "}\n");
}

/* ---- Mermaid ---- */

/* Names and types of attributes: letters, digits, _ and, in types, parentheses. */
static bool mermaid_word(struct buf *b, const char *text, const char *more)
{
    bool plain = true;
    if (!isalpha((unsigned char)text[0])) {
        buf_ch(b, 'x');
        plain = text[0] == '_';
    }
    for (; *text; text++) {
        bool good = isalnum((unsigned char)*text) || *text == '_' || strchr(more, *text);
        plain = plain && good;
        buf_ch(b, good ? *text : '_');
    }
    return plain;
}

/* In quotes, which cannot be escaped there. */
static void mermaid_string(struct buf *b, const char *text)
{
    buf_ch(b, '"');
    for (; *text; text++)
        buf_ch(b, *text == '"' ? '\'' : (unsigned char)*text < 0x20 ? ' ' : *text);
    buf_ch(b, '"');
}

static void mermaid_column(struct buf *b, const struct wcolumn *type, const char *name,
                           const char *key, const char *remark)
{
    struct buf text;
    buf_init(&text, 0);
    model_type_text(&text, type);
    buf_lit(b, "    ");
    (void)mermaid_word(b, buf_cstr(&text), "()");
    buf_ch(b, ' ');
    bool plain = mermaid_word(b, name, "");
    buf_str(b, key);
    buf_clear(&text);
    buf_printf(&text, "%s%s%s", plain ? "" : name, !plain && remark[0] ? ", " : "", remark);
    if (text.len) {
        buf_ch(b, ' ');
        mermaid_string(b, buf_cstr(&text));
    }
    buf_ch(b, '\n');
    buf_free(&text);
}

static void mermaid_entity(const struct model *m, const struct model_entity *t, struct buf *b)
{
    struct buf remark;
    buf_init(&remark, 0);
    buf_lit(b, "  ");
    mermaid_string(b, t->name);
    buf_lit(b, " {\n");
    for (int i = 0; i < t->n_key; i++)
        mermaid_column(b, &t->key[i], t->key[i].name, " PK", "");
    for (int i = 0; i < t->n_attributes; i++) {
        const struct model_attribute *a = &t->attributes[i];
        buf_clear(&remark);
        if (a->knot >= 0)
            buf_printf(&remark, "knot %s", m->knots[a->knot].name);
        if (!a->historised)
            buf_printf(&remark, "%sstatic", remark.len ? ", " : "");
        mermaid_column(b, &a->value, a->name, "", buf_cstr(&remark));
    }
    buf_lit(b, "  }\n");
    buf_free(&remark);
}

void model_diagram_mermaid(const struct model *m, struct buf *b)
{
    buf_lit(b, "erDiagram\n");
    for (int i = 0; i < m->n_entities; i++)
        mermaid_entity(m, &m->entities[m->order[i]], b);
    for (int i = 0; i < m->n_entities; i++) {
        const struct model_entity *t = &m->entities[m->order[i]];
        for (int k = 0; k < t->n_ties; k++) {
            const struct model_tie *tie = &m->ties[t->ties[k]];
            buf_lit(b, "  ");
            mermaid_string(b, t->name);
            buf_lit(b, " }o--o| ");
            mermaid_string(b, m->entities[tie->to].name);
            buf_lit(b, " : ");
            mermaid_string(b, tie->name);
            buf_ch(b, '\n');
        }
    }
}
