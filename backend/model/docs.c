#include "backend/model/docs.h"

#include "backend/model/diagram.h"

/* Text in a cell of a table: what Markdown would act on is escaped. */
static void cell(struct buf *b, const char *text)
{
    for (; *text; text++) {
        if (strchr("|\\`*_<>[]", *text))
            buf_ch(b, '\\');
        buf_ch(b, (unsigned char)*text < 0x20 ? ' ' : *text);
    }
}

/* In backticks; a name that has some itself is written without. */
static void code(struct buf *b, const char *text)
{
    if (strpbrk(text, "`|\n")) {
        cell(b, text);
        return;
    }
    buf_ch(b, '`');
    buf_str(b, text);
    buf_ch(b, '`');
}

static void type_cell(struct buf *b, const struct wcolumn *type)
{
    buf_lit(b, " | ");
    model_type_text(b, type);
}

static void row(struct buf *b, const char *table, const char *column)
{
    buf_lit(b, "| ");
    code(b, table);
    buf_lit(b, " | ");
    code(b, column);
}

static void key_rows(const struct model_entity *t, struct buf *b)
{
    for (int i = 0; i < t->n_key; i++) {
        row(b, t->anchor, t->key[i].name);
        type_cell(b, &t->key[i]);
        buf_lit(b, " | ");
        code(b, t->key[i].name);
        buf_lit(b, " | key: a row when it is first seen |\n");
    }
}

static void attribute_rows(const struct model *m, const struct model_entity *t, struct buf *b)
{
    for (int i = 0; i < t->n_attributes; i++) {
        const struct model_attribute *a = &t->attributes[i];
        const struct model_knot *k = a->knot >= 0 ? &m->knots[a->knot] : NULL;
        row(b, a->table, k ? k->id : a->name);
        if (k)
            buf_lit(b, " | integer");
        else
            type_cell(b, &a->value);
        buf_lit(b, " | ");
        code(b, a->column);
        buf_str(b, a->historised ? " | a row when it changes" : " | the first value only");
        if (k) {
            buf_lit(b, "; the text is in ");
            code(b, k->table);
        }
        buf_lit(b, " |\n");
    }
    row(b, t->existence, "existence");
    buf_lit(b, " | boolean | | a row when it is deleted or comes back |\n");
}

static void tie_rows(const struct model *m, const struct model_entity *t, struct buf *b)
{
    for (int i = 0; i < t->n_ties; i++) {
        const struct model_tie *k = &m->ties[t->ties[i]];
        row(b, k->table, k->to_sk);
        buf_lit(b, " | uuid | ");
        for (int c = 0; c < k->n_columns; c++) {
            buf_str(b, c ? ", " : "");
            code(b, k->columns[c]);
        }
        buf_lit(b, " | a row when it leads to another ");
        code(b, m->entities[k->to].name);
        buf_lit(b, ", NULL when to none |\n");
    }
}

static void freshness_text(const struct model_freshness *f, const char *why, struct buf *b)
{
    if (f && f->newest) {
        buf_printf(b, "Fresh as of %s UTC", f->newest);
        if (f->loaded)
            buf_printf(b, ", loaded at %s UTC", f->loaded);
        buf_lit(b, ".");
    } else {
        buf_lit(b, "Freshness is unknown");
        if (why) {
            buf_lit(b, ": ");
            cell(b, why);
        } else {
            buf_lit(b, ": nothing has been loaded yet");
        }
        buf_lit(b, ".");
    }
    buf_lit(b, "\n\n");
}

static void entity(const struct model *m, const struct model_entity *t,
                   const struct model_freshness *f, const char *why, struct buf *b)
{
    buf_lit(b, "\n## ");
    cell(b, t->name);
    buf_lit(b, "\n\n");
    if (t->source) {
        buf_lit(b, "From the source's ");
        code(b, t->source);
        buf_lit(b, " through the raw table ");
    } else {
        buf_lit(b, "From the raw table ");
    }
    code(b, t->raw);
    buf_lit(b, ". ");
    freshness_text(f, why, b);
    buf_lit(b, "| table | column | type | source column | load |\n|---|---|---|---|---|\n");
    key_rows(t, b);
    attribute_rows(m, t, b);
    tie_rows(m, t, b);
    buf_lit(b, "\nViews: ");
    static const char *const suffixes[] = {"_latest", "_latest_all", "_history"};
    static const char *const says[] = {" (what is now)", " (and what was deleted)",
                                       " (one row a version)"};
    for (int i = 0; i < 3; i++) {
        struct buf name;
        buf_init(&name, 0);
        buf_printf(&name, "%s%s", t->name, suffixes[i]);
        buf_str(b, i ? ", " : "");
        code(b, buf_cstr(&name));
        buf_str(b, says[i]);
        buf_free(&name);
    }
    buf_lit(b, ".\n");
}

static void knots(const struct model *m, struct buf *b)
{
    if (!m->n_knots)
        return;
    buf_lit(b, "\n## Knots\n\n| table | value | type |\n|---|---|---|\n");
    for (int i = 0; i < m->n_knots; i++) {
        row(b, m->knots[i].table, m->knots[i].name);
        type_cell(b, &m->knots[i].value);
        buf_lit(b, " |\n");
    }
}

static void head(const struct model *m, struct buf *b)
{
    buf_lit(b, "# The model ");
    cell(b, m->name);
    buf_lit(b, "\n\nSchema ");
    code(b, m->schema);
    buf_lit(b, ", source system ");
    code(b, m->source_system);
    buf_lit(b, ". Written by `flightdeck model docs` from ");
    code(b, m->file);
    buf_lit(
        b, ".\n\nEvery table also has the entity's surrogate key `<entity>_sk` (a hash of the "
           "key) and says of each row: `_changed_at` (when the value began to hold in the source), "
           "`_lsn` and `_ordinal` (where the change stands there), `_source` (which system), "
           "`_created_at` (when it was loaded). Rows are only added. Each attribute and tie has a "
           "view `.._latest` of its newest rows.\n\n```\n");
}

enum err model_docs_write(const struct model *m, const struct model_freshness *freshness,
                          const char *why, struct buf *out, struct errbuf *e)
{
    head(m, out);
    enum err rc = model_diagram_text(m, out, e);
    if (rc)
        return rc;
    buf_lit(out, "```\n");
    for (int i = 0; i < m->n_entities; i++) {
        int at = m->order[i];
        entity(m, &m->entities[at], freshness ? &freshness[at] : NULL, why, out);
    }
    knots(m, out);
    return buf_check(out, "the page", e);
}
