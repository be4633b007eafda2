/* The list of tables. */
#include <stdlib.h>

#include "backend/postgres/source_internal.h"

struct listing {
    struct source_tables *tables;
    int cap;
};

static enum err take_table(void *arg, const struct cell *c, int n, struct errbuf *e)
{
    struct listing *l = arg;
    struct source_tables *t = l->tables;
    (void)n;
    if (t->n == l->cap) {
        int cap = l->cap ? l->cap * 2 : 32;
        struct source_table *p = realloc(t->items, (size_t)cap * sizeof *p);
        if (!p)
            return err_set(e, ERR_NOMEM, "no memory for a list of %d tables", cap);
        t->items = p;
        l->cap = cap;
    }
    struct source_table *item = &t->items[t->n++];
    *item = (struct source_table){
        .identity = c[2].p[0],
        .has_key = source_cell_true(&c[3]),
        .partition_root = source_cell_true(&c[4]),
        .estimated_rows = source_cell_int(&c[5], -1),
        .bytes = source_cell_int(&c[6], 0),
    };
    if (!source_cell_dup(&c[0], &item->schema) || !source_cell_dup(&c[1], &item->name))
        return err_set(e, ERR_NOMEM, "no memory for a list of tables");
    return ERR_OK;
}

enum err source_list_tables(struct source *s, struct source_tables *out, struct errbuf *e)
{
    struct listing l = {.tables = out};
    *out = (struct source_tables){0};
    enum err rc =
        source_run(s, "tables", 0, NULL, take_table, &l, "cannot list the source's tables", e);
    if (rc != ERR_OK)
        source_tables_free(out);
    return rc;
}

void source_tables_free(struct source_tables *t)
{
    for (int i = 0; i < t->n; i++) {
        free(t->items[i].schema);
        free(t->items[i].name);
    }
    free(t->items);
    *t = (struct source_tables){0};
}
