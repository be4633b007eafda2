#include "backend/model/load_slots.h"

#include "backend/model/sql.h"

void slots_init(struct slots *s, const struct load_run *x)
{
    s->n = 0;
    buf_init(&s->text, 0);
    buf_printf(slot_begin(s, "now"), "TIMESTAMPTZ '%s+00'", x->stamp);
    slot_end(s);
}

struct buf *slot_begin(struct slots *s, const char *name)
{
    s->at[s->n] = s->text.len;
    s->items[s->n].name = name;
    return &s->text;
}

void slot_end(struct slots *s)
{
    buf_ch(&s->text, '\0');
    s->n++;
}

void slot_text(struct slots *s, const char *name, const char *value)
{
    buf_str(slot_begin(s, name), value);
    slot_end(s);
}

void slot_table(struct slots *s, const struct load_run *x, const char *name, const char *table)
{
    model_sql_table(slot_begin(s, name), x->s->dialect, x->s->model->schema, table, "");
    slot_end(s);
}

void slot_column(struct slots *s, const struct load_run *x, const char *name, const char *alias,
                 const char *column)
{
    struct buf *b = slot_begin(s, name);
    if (alias)
        model_sql_column(b, x->s->dialect, alias, column);
    else
        dialect_ident(b, x->s->dialect, column);
    slot_end(s);
}

void slots_point(struct slots *s)
{
    const char *base = buf_cstr(&s->text);
    for (int i = 0; i < s->n; i++)
        s->items[i].text = base + s->at[i];
}

void slot_delta(struct slots *s, struct load_run *x)
{
    slot_text(s, "delta", buf_cstr(&x->plan->delta));
}

void slot_source(struct slots *s, const struct load_run *x)
{
    buf_printf(slot_begin(s, "source"), "%d", x->source_id);
    slot_end(s);
}

void slot_anchor_columns(struct slots *s, const struct load_run *x, const char *name,
                         const struct model_entity *t, const char *alias)
{
    struct buf *b = slot_begin(s, name);
    if (alias)
        model_sql_column(b, x->s->dialect, alias, t->sk);
    else
        dialect_ident(b, x->s->dialect, t->sk);
    for (int i = 0; i < t->n_key; i++) {
        buf_lit(b, ", ");
        if (alias)
            model_sql_column(b, x->s->dialect, alias, t->key[i].name);
        else
            dialect_ident(b, x->s->dialect, t->key[i].name);
    }
    slot_end(s);
}

void slot_delta_columns(struct slots *s, const char *name, const char *alias, const char *sk,
                        const char *prefix, int n)
{
    const char *dot = *alias ? "." : "";
    struct buf *b = slot_begin(s, name);
    buf_printf(b, "%s%s%s", alias, dot, sk);
    for (int i = 0; i < n; i++)
        buf_printf(b, ", %s%s%s%d", alias, dot, prefix, i + 1);
    slot_end(s);
}
