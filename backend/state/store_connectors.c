/* The store's table of connectors. */
#include <stdlib.h>
#include <string.h>

#include "backend/base/clock.h"
#include "backend/state/store_internal.h"

enum err store_connector_put(struct store *s, const char *name, const char *config,
                             enum store_state state, struct errbuf *e)
{
    return STORE_RUN(s, QUERY_connector_put, "keep a connector", e, "ttti", name, config,
                     store_state_word(state), clock_wall_us());
}

enum err store_connector_set_state(struct store *s, const char *name, enum store_state state,
                                   struct errbuf *e)
{
    return STORE_RUN(s, QUERY_connector_set_state, "keep a connector's state", e, "tti", name,
                     store_state_word(state), clock_wall_us());
}

enum err store_connector_forget_config(struct store *s, const char *name, struct errbuf *e)
{
    return STORE_RUN(s, QUERY_connector_forget_config, "forget a configuration", e, "ti", name,
                     clock_wall_us());
}

enum err store_connector_hide(struct store *s, const char *name, struct errbuf *e)
{
    return store_connector_put(s, name, NULL, STORE_DELETED, e);
}

enum err store_connector_delete(struct store *s, const char *name, struct errbuf *e)
{
    return STORE_RUN(s, QUERY_connector_delete, "delete a connector", e, "t", name);
}

/* ---- lists ---- */

void store_connectors_free(struct store_connectors *l)
{
    for (int i = 0; i < l->n; i++) {
        free(l->items[i].name);
        free(l->items[i].config);
    }
    free(l->items);
    *l = (struct store_connectors){0};
}

static enum err append(struct store_connectors *l, sqlite3_stmt *st, struct errbuf *e)
{
    struct store_connector *grown = realloc(l->items, (size_t)(l->n + 1) * sizeof *grown);
    if (!grown)
        return err_set(e, ERR_NOMEM, "no memory for the list of connectors");
    l->items = grown;
    struct store_connector *c = &l->items[l->n++];
    bool has_config = sqlite3_column_type(st, 1) != SQLITE_NULL;
    *c = (struct store_connector){
        .name = strdup(store_text(st, 0)),
        .config = has_config ? strdup(store_text(st, 1)) : NULL,
        .created_us = sqlite3_column_int64(st, 3),
        .updated_us = sqlite3_column_int64(st, 4),
    };
    if (!c->name || (has_config && !c->config))
        return err_set(e, ERR_NOMEM, "no memory for the list of connectors");
    return store_state_parse(store_text(st, 2), &c->state, e);
}

static enum err read_list(struct store *s, sqlite3_stmt *st, struct store_connectors *out,
                          struct errbuf *e)
{
    bool row = true;
    enum err rc = ERR_OK;
    *out = (struct store_connectors){0};
    while (!rc && row) {
        rc = store_step(s, st, &row, "read the connectors", e);
        if (!rc && row)
            rc = append(out, st, e);
    }
    store_end(s, st);
    if (rc)
        store_connectors_free(out);
    return rc;
}

enum err store_connectors_list(struct store *s, struct store_connectors *out, struct errbuf *e)
{
    return read_list(s, store_begin(s, QUERY_connectors_list, ""), out, e);
}

enum err store_connector_get(struct store *s, const char *name, struct store_connectors *out,
                             struct errbuf *e)
{
    enum err rc = read_list(s, store_begin(s, QUERY_connector_get, "t", name), out, e);
    return rc || out->n ? rc
                        : err_set(e, ERR_NOT_FOUND, "nothing is stored of a connector %s", name);
}
