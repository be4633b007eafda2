/* The plan as YAML that a person can go on from. */
#include <ctype.h>
#include <stdio.h>
#include <strings.h>

#include "backend/model/infer_plan.h"

/* The next character of UTF-8 and its octets; what is no UTF-8 is one octet of 0xfffd. */
static unsigned next_character(const char *s, int *n)
{
    const unsigned char *c = (const unsigned char *)s;
    int more = c[0] >= 0xf0 ? 3 : c[0] >= 0xe0 ? 2 : c[0] >= 0xc0 ? 1 : 0;
    unsigned v = more ? c[0] & (0x3fu >> more) : c[0];
    *n = 1;
    if (c[0] >= 0x80 && !more)
        return 0xfffd;
    for (int i = 1; i <= more; i++) {
        if ((c[i] & 0xc0) != 0x80)
            return 0xfffd;
        v = v << 6 | (c[i] & 0x3f);
    }
    *n = more + 1;
    return v;
}

/* Characters that YAML does not take as they are, or that end a line. */
static bool is_odd(unsigned c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 || c == 0xfeff ||
           (c >= 0xfffd && c <= 0xffff);
}

static void quoted(struct buf *b, const char *text)
{
    buf_ch(b, '"');
    for (int n; *text; text += n) {
        unsigned c = next_character(text, &n);
        if (c == '"' || c == '\\')
            buf_ch(b, '\\');
        if (is_odd(c))
            buf_printf(b, "\\u%04x", c);
        else
            buf_add(b, text, (size_t)n);
    }
    buf_ch(b, '"');
}

/* A name or text as a YAML scalar: quoted unless it is plain beyond doubt. */
static void scalar(struct buf *b, const char *text)
{
    static const char *const words[] = {"true", "false", "null", "yes", "no",
                                        "on",   "off",   "y",    "n",   NULL};
    bool plain = islower((unsigned char)text[0]) || text[0] == '_';
    for (const char *c = text; plain && *c; c++)
        plain = islower((unsigned char)*c) || isdigit((unsigned char)*c) || *c == '_' ||
                (*c == '.' && c[1]);
    for (int i = 0; plain && words[i]; i++)
        plain = strcasecmp(text, words[i]) != 0;
    if (plain)
        buf_str(b, text);
    else
        quoted(b, text);
}

/* In a comment: one line, nothing that a terminal would act on. */
static void remark(struct buf *b, const char *text)
{
    for (int n; *text; text += n) {
        if (is_odd(next_character(text, &n)))
            buf_ch(b, '?');
        else
            buf_add(b, text, (size_t)n);
    }
}

static void type(struct buf *b, const struct wcolumn *c)
{
    struct wcolumn plain = *c;
    if (c->type == WT_DECIMAL && (c->scale < 0 || c->scale > c->precision))
        plain.precision = plain.scale = 0; /* PostgreSQL's own; numeric takes every one */
    model_type_text(b, &plain);
}

static void knot_type(struct buf *b, const struct infer_column *c)
{
    enum { LABEL_MAX = 63 };
    const struct wcolumn label = {.type = WT_TEXT, .precision = LABEL_MAX};
    type(b, c->from == INFER_ENUM ? &label : &c->type);
}

static void knots(const struct infer_plan *p, struct buf *b)
{
    static const char *const from[] = {"", "enum: ", "CHECK: ", "few by the statistics: "};
    if (!p->n_knots)
        return;
    buf_lit(b, "\n# Small sets of values: dwh keeps a number for each text.\nknots:\n");
    for (int i = 0; i < p->n_knots; i++) {
        const struct infer_column *c = p->knots[i].column;
        buf_lit(b, "  ");
        scalar(b, p->knots[i].name);
        buf_lit(b, ": ");
        knot_type(b, c);
        buf_printf(b, " # %s", from[c->from]);
        remark(b, c->values);
        buf_ch(b, '\n');
    }
}

static void attribute(struct buf *b, const struct infer_attribute *a)
{
    bool renamed = strcmp(a->name, a->column->name) != 0;
    buf_lit(b, "      ");
    scalar(b, a->name);
    buf_lit(b, ": ");
    if (!renamed && !a->knot) {
        type(b, &a->column->type);
    } else {
        buf_ch(b, '{');
        if (renamed) {
            buf_lit(b, "column: ");
            scalar(b, a->column->name);
            buf_lit(b, ", ");
        }
        if (a->knot) {
            buf_lit(b, "knot: ");
            scalar(b, a->knot);
        } else { /* a comma of numeric(10,2) would end a flow value */
            struct buf text;
            buf_init(&text, 0);
            type(&text, &a->column->type);
            buf_lit(b, "type: ");
            if (strchr(buf_cstr(&text), ','))
                quoted(b, buf_cstr(&text));
            else
                buf_str(b, buf_cstr(&text));
            buf_free(&text);
        }
        buf_ch(b, '}');
    }
    buf_ch(b, '\n');
}

static void tie(struct buf *b, const struct infer_tie *k)
{
    buf_lit(b, "      ");
    scalar(b, k->name);
    buf_lit(b, ": {to: ");
    scalar(b, k->to->name);
    buf_lit(b, ", by: ");
    buf_str(b, k->n > 1 ? "[" : "");
    for (int i = 0; i < k->n; i++) {
        buf_str(b, i ? ", " : "");
        scalar(b, k->by[i]);
    }
    buf_str(b, k->n > 1 ? "]" : "");
    if (k->role) {
        buf_lit(b, ", role: ");
        scalar(b, k->role);
    }
    buf_lit(b, "}\n");
}

/* On one line, unless a type's comma would end a flow value. */
static void key(struct buf *b, const struct infer_table *t)
{
    bool lines = false;
    for (int i = 0; i < t->n_key; i++) {
        const struct infer_column *c = infer_find(t, t->key[i]);
        lines |= c && c->type.type == WT_DECIMAL;
    }
    buf_str(b, lines ? "    key:\n" : "    key: {");
    for (int i = 0; i < t->n_key; i++) {
        const struct infer_column *c = infer_find(t, t->key[i]);
        buf_str(b, lines ? "      " : i ? ", " : "");
        scalar(b, t->key[i]);
        buf_lit(b, ": ");
        if (c)
            type(b, &c->type);
        buf_str(b, lines ? "\n" : "");
    }
    buf_str(b, lines ? "" : "}\n");
}

/* schema.table where its parts can be told from each other again. */
static void source_name(struct buf *b, const struct infer_plan *p, const struct infer_table *t)
{
    char text[2 * MODEL_NAME_MAX + 2];
    char raw[4 * MODEL_NAME_MAX];
    (void)snprintf(text, sizeof text, "%s.%s", t->schema, t->name);
    if (!strchr(t->schema, '.')) {
        buf_lit(b, "    source: ");
        scalar(b, text);
        buf_ch(b, '\n');
    }
    (void)snprintf(raw, sizeof raw, "%s_%s", p->catalog->topic_prefix, text);
    for (char *c = raw; *c; c++)
        if (*c == '.')
            *c = '_';
    if (!strchr(t->schema, '.') && !strcmp(raw, t->raw))
        return;
    buf_lit(b, "    raw: ");
    scalar(b, t->raw);
    buf_ch(b, '\n');
}

static void entity(struct buf *b, const struct infer_plan *p, const struct infer_entity *e)
{
    const struct infer_table *t = e->table;
    buf_lit(b, "\n  ");
    scalar(b, e->name);
    buf_lit(b, ":\n");
    source_name(b, p, t);
    if (t->key_from) {
        buf_str(b, t->key_is_identity ? "    # the replica identity is the unique index "
                                      : "    # no primary key: this is the unique index ");
        remark(b, t->key_from);
        buf_ch(b, '\n');
    }
    if (t->no_identity)
        buf_lit(b, "    # UPDATE and DELETE do not say which row they mean: ALTER TABLE .. REPLICA "
                   "IDENTITY\n");
    key(b, t);
    if (e->n_attributes)
        buf_lit(b, "    attributes:\n");
    for (int i = 0; i < e->n_attributes; i++)
        attribute(b, &e->attributes[i]);
    if (e->too_many)
        buf_printf(b, "      # %d more columns are left out: an entity has %d at the most\n",
                   e->too_many, INFER_ATTRIBUTES_MAX);
    if (e->n_ties)
        buf_lit(b, "    ties:\n");
    for (int i = 0; i < e->n_ties; i++)
        tie(b, &e->ties[i]);
    for (int i = 0; i < e->n_no_ties; i++) {
        const struct infer_reference *r = e->no_ties[i].reference;
        buf_lit(b, "    # no tie for the foreign key ");
        remark(b, r->name);
        buf_lit(b, " to ");
        remark(b, r->to_schema);
        buf_ch(b, '.');
        remark(b, r->to_table);
        buf_lit(b, ": ");
        remark(b, e->no_ties[i].why);
        buf_ch(b, '\n');
    }
}

void infer_write(const struct infer_plan *p, struct buf *b)
{
    buf_lit(b, "# The anchor model of the database ");
    remark(b, p->catalog->database);
    buf_lit(b,
            ", as its catalog has it. From `flightdeck model infer`; yours from here on:\n"
            "# - an attribute keeps its history; `{type: .., history: false}` keeps the first "
            "value only\n"
            "# - rename entities, attributes (`column:` names the source's) and ties freely "
            "before the first load\n"
            "# - `flightdeck model check` compares it with the source, `model diagram` draws it\n"
            "# docs/model.md explains every key.\nmodel: ");
    scalar(b, p->catalog->database);
    buf_lit(b, "\nsource_system: ");
    scalar(b, p->catalog->database);
    buf_lit(b, "\ntopic_prefix: ");
    scalar(b, p->catalog->topic_prefix);
    buf_ch(b, '\n');
    knots(p, b);
    buf_lit(b, "\nentities:");
    for (int i = 0; i < p->n; i++)
        entity(b, p, &p->entities[i]);
    if (p->n_left_out)
        buf_lit(b, "\n# Left out:\n");
    for (int i = 0; i < p->n_left_out; i++) {
        buf_lit(b, "# - ");
        remark(b, p->left_out[i].table->schema);
        buf_ch(b, '.');
        remark(b, p->left_out[i].table->name);
        buf_lit(b, ": ");
        remark(b, p->left_out[i].why);
        buf_ch(b, '\n');
    }
}
