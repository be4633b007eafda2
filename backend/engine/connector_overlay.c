#include "backend/engine/connector_overlay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/clock.h"

struct overlay {
    const struct config *config;
    struct connector_list *list;
    overlay_fn *told;
    void *arg;
};

bool connector_stands_before(const struct connector *a, const struct connector *b)
{
    return a->kind != b->kind ? a->kind < b->kind : strcmp(a->name, b->name) < 0;
}

enum err connector_check_pair(const struct connector *a, const struct connector *b,
                              struct errbuf *e)
{
    if (a->kind != CONNECTOR_SOURCE || b->kind != CONNECTOR_SOURCE)
        return ERR_OK;
    if (!strcmp(a->source.slot_name, b->source.slot_name) &&
        !strcmp(a->source.conninfo, b->source.conninfo))
        return err_set(e, ERR_CONFIG,
                       "connectors %s and %s use the same slot %s: give each its own slot.name",
                       a->name, b->name, a->source.slot_name);
    if (!strcmp(a->source.topic_prefix, b->source.topic_prefix))
        return err_set(e, ERR_CONFIG,
                       "connectors %s and %s have the same topic.prefix %s: give each its own",
                       a->name, b->name, a->source.topic_prefix);
    return ERR_OK;
}

static void tell(const struct overlay *o, enum overlay_word word, const char *name,
                 const char *text)
{
    if (o->told)
        o->told(o->arg, word, name, text);
}

static int index_of(const struct connector_list *l, const char *name)
{
    for (int i = 0; i < l->n; i++)
        if (!strcmp(l->items[i]->name, name))
            return i;
    return -1;
}

static void take_out(struct connector_list *l, int i)
{
    connector_free(l->items[i]);
    l->n--;
    for (; i < l->n; i++)
        l->items[i] = l->items[i + 1];
}

static enum err put_in(struct connector_list *l, struct connector *k, struct errbuf *e)
{
    struct connector **grown = realloc(l->items, (size_t)(l->n + 1) * sizeof(*grown));
    if (!grown)
        return err_set(e, ERR_NOMEM, "no memory for connector %s", k->name);
    l->items = grown;
    int i = l->n++;
    for (; i > 0 && connector_stands_before(k, l->items[i - 1]); i--)
        l->items[i] = l->items[i - 1];
    l->items[i] = k;
    return ERR_OK;
}

static bool says_the_same(const struct connector *k, const char *config)
{
    struct buf text;
    buf_init(&text, 0);
    connector_write(k, &text);
    bool same = !buf_failed(&text) && !strcmp(buf_cstr(&text), config);
    buf_free(&text);
    return same;
}

/* Where a stored connector meets a file's: which of the two goes? */
static void meet(const struct overlay *o, struct store_connector *s)
{
    char at[CLOCK_TEXT_MAX];
    char text[1024];
    enum overlay_word word = OVERLAY_REPLACED;
    int i = index_of(o->list, s->name);
    if (i < 0 || (s->state != STORE_DELETED && !s->config))
        return;
    const struct connector *k = o->list->items[i];
    const char *file = k->file ? k->file : "the configuration (built in)";
    (void)clock_format_utc(s->updated_us, at, sizeof at);
    if (s->state == STORE_DELETED) {
        word = OVERLAY_HIDDEN;
        (void)snprintf(text, sizeof text,
                       "deleted at %s: that of %s is left out; apply it to have "
                       "it back",
                       at, file);
    } else if (says_the_same(k, s->config)) {
        word = OVERLAY_SAME;
        (void)snprintf(text, sizeof text, "%s says what was applied: the file counts again", file);
    } else {
        (void)snprintf(text, sizeof text, "what was applied at run time counts (%s), not %s", at,
                       file);
    }
    tell(o, word, s->name, text);
    if (word != OVERLAY_SAME) {
        take_out(o->list, i);
    } else { /* the file's stays: nothing is to be added */
        free(s->config);
        s->config = NULL;
    }
}

static enum err check_conflicts(const struct connector_list *l, const struct connector *k,
                                struct errbuf *e)
{
    enum err rc = ERR_OK;
    for (int i = 0; i < l->n && !rc; i++)
        rc = connector_check_pair(l->items[i], k, e);
    return rc;
}

static enum err add_stored(const struct overlay *o, const struct store_connector *s,
                           struct errbuf *e)
{
    struct connector *k = NULL;
    struct faults faults;
    char text[ERRBUF_TEXT_MAX + 128];
    faults_init(&faults);
    enum err rc =
        connector_parse(o->config, s->config, strlen(s->config), s->name, NULL, &k, &faults, e);
    if (!rc)
        rc = check_conflicts(o->list, k, e);
    if (!rc)
        rc = put_in(o->list, k, e);
    if (!rc)
        k = NULL; /* the list's now */
    if (rc && rc != ERR_NOMEM) {
        (void)snprintf(text, sizeof text,
                       "left out, since what was applied at run time can no longer be used; apply "
                       "it anew, or delete it: %s",
                       e->text);
        tell(o, OVERLAY_FAULTY, s->name, text);
        rc = ERR_OK;
    }
    connector_free(k);
    faults_free(&faults);
    return rc;
}

enum err connector_overlay(const struct config *c, struct store *s, struct connector_list *l,
                           overlay_fn *told, void *arg, struct errbuf *e)
{
    const struct overlay o = {c, l, told, arg};
    struct store_connectors all = {0};
    enum err rc = store_connectors_list(s, &all, e);
    for (int i = 0; i < all.n && !rc; i++)
        meet(&o, &all.items[i]);
    for (int i = 0; i < all.n && !rc; i++)
        if (all.items[i].config && all.items[i].state != STORE_DELETED)
            rc = add_stored(&o, &all.items[i], e);
    store_connectors_free(&all);
    return rc;
}
