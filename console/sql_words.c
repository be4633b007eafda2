/*
 * The thread and its owner share a mutex, three wishes (load, other side, end) and the words that
 * were read last. An end does not wait for a server that does not answer: the thread is then left
 * to itself, and the last of the two to go frees what they share.
 */
#include "console/sql_words.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "backend/base/clock.h"
#include "backend/base/detached.h"
#include "console/sql_cancel.h"
#include "console/sql_catalog.h"

/* ---- words ---- */

struct owned {
    struct sql_words words; /* first: what people have a pointer to */
    atomic_int users;
    struct arena *arena;
};

static const char *const *copy_column_list(struct arena *a, const struct sql_grid *g, size_t from,
                                           size_t to)
{
    const char **list = arena_alloc(a, (to - from + 1) * sizeof *list);
    for (size_t i = from; i < to && list; i++) {
        list[i - from] = arena_strdup(a, g->rows[i][2]);
        if (!list[i - from])
            return NULL;
    }
    return list;
}

static bool fill(struct owned *o, const struct sql_grid *g)
{
    struct arena *a = o->arena;
    struct sql_relation_words *relations = arena_alloc(a, (g->n + 1) * sizeof *relations);
    const char **schemas = arena_alloc(a, (g->n + 1) * sizeof *schemas);
    if (!relations || !schemas)
        return false;
    for (size_t from = 0, to; from < g->n; from = to) {
        struct sql_relation_words *w = &relations[o->words.n_relations];
        const char *schema = g->rows[from][0];
        for (to = from + 1; to < g->n && !strcmp(g->rows[to][0], schema) &&
                            !strcmp(g->rows[to][1], g->rows[from][1]);)
            to++;
        if (sql_schema_is_system(schema))
            continue;
        bool known = o->words.n_schemas && !strcmp(schemas[o->words.n_schemas - 1], schema);
        w->schema = known ? schemas[o->words.n_schemas - 1] : arena_strdup(a, schema);
        w->name = arena_strdup(a, g->rows[from][1]);
        w->columns = copy_column_list(a, g, from, to);
        w->n_columns = to - from;
        if (!w->schema || !w->name || !w->columns)
            return false;
        if (!known)
            schemas[o->words.n_schemas++] = w->schema;
        o->words.n_relations++;
    }
    o->words.relations = relations;
    o->words.schemas = schemas;
    return true;
}

const struct sql_words *sql_words_make(const struct sql_grid *columns)
{
    enum { BLOCK = 1 << 16 };
    struct owned *o = calloc(1, sizeof *o);
    if (!o)
        return NULL;
    atomic_init(&o->users, 1);
    o->arena = arena_create(BLOCK);
    if (o->arena && fill(o, columns))
        return &o->words;
    sql_words_release(&o->words);
    return NULL;
}

static struct owned *owned_of(const struct sql_words *w)
{
    return (struct owned *)w;
}

void sql_words_release(const struct sql_words *w)
{
    if (!w || atomic_fetch_sub(&owned_of(w)->users, 1) != 1)
        return;
    arena_destroy(owned_of(w)->arena);
    free(owned_of(w));
}

/* ---- the thread ---- */

struct sql_completer {
    pthread_mutex_t lock;
    pthread_cond_t wish;
    struct sql_places places;
    bool source;
    bool load;
    bool end;
    bool away; /* the thread is through */
    int users; /* of this struct: the owner, the thread */
    int loads;
    struct sql_canceller *canceller; /* while the thread reads: what an end asks */
    const struct sql_words *words;
};

static void leave(struct sql_completer *c)
{
    (void)pthread_mutex_lock(&c->lock);
    bool last = --c->users == 0;
    (void)pthread_mutex_unlock(&c->lock);
    if (!last)
        return;
    sql_words_release(c->words);
    (void)pthread_cond_destroy(&c->wish);
    (void)pthread_mutex_destroy(&c->lock);
    free(c);
}

/* Whether this reading still counts; under the lock. */
static bool wanted(const struct sql_completer *c, bool source)
{
    return !c->end && c->source == source;
}

static void ignore_notice(void *arg, const char *text)
{
    (void)arg;
    (void)text;
}

static const struct sql_words *read_words(struct sql_session *s)
{
    struct sql_grid g;
    const struct sql_words *w = NULL;
    sql_session_on_notice(s, ignore_notice, NULL);
    /* what cannot be read is not offered: an error has its place where a person runs something */
    if (sql_catalog_read(s, SQL_EVERY_COLUMN, NULL, NULL, &g, NULL) == ERR_OK)
        w = sql_words_make(&g);
    sql_grid_free(&g);
    return w;
}

/* Under the lock, which is let go while a server is asked. */
static void load(struct sql_completer *c)
{
    struct sql_session *s = NULL;
    const struct sql_words *w = NULL;
    struct errbuf e;
    bool source = c->source;
    c->load = false;
    (void)pthread_mutex_unlock(&c->lock);
    enum err r = c->places.open(c->places.arg, source, &s, &e);
    struct sql_canceller *canceller = r ? NULL : sql_canceller_start(NULL, NULL);
    if (canceller)
        sql_canceller_watch(canceller, s);
    (void)pthread_mutex_lock(&c->lock);
    bool go = canceller && wanted(c, source);
    c->canceller = go ? canceller : NULL;
    (void)pthread_mutex_unlock(&c->lock);
    if (go)
        w = read_words(s);
    (void)pthread_mutex_lock(&c->lock);
    c->canceller = NULL;
    c->loads++;
    const struct sql_words *old = w;
    if (w && wanted(c, source)) {
        old = c->words;
        c->words = w;
    }
    (void)pthread_mutex_unlock(&c->lock);
    sql_words_release(old);
    sql_canceller_stop(canceller);
    sql_session_close(s);
    (void)pthread_mutex_lock(&c->lock);
}

static void *work(void *arg)
{
    struct sql_completer *c = arg;
    (void)pthread_mutex_lock(&c->lock);
    while (!c->end) {
        if (c->load)
            load(c);
        else
            (void)pthread_cond_wait(&c->wish, &c->lock);
    }
    c->away = true;
    (void)pthread_cond_broadcast(&c->wish);
    (void)pthread_mutex_unlock(&c->lock);
    leave(c);
    return NULL;
}

struct sql_completer *sql_completer_start(const struct sql_places *places, bool source)
{
    struct sql_completer *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    *c = (struct sql_completer){.places = *places, .source = source, .load = true, .users = 2};
    (void)pthread_mutex_init(&c->lock, NULL);
    pthread_condattr_t monotonic;
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&c->wish, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    if (detached_start(work, c))
        return c;
    c->users = 1;
    leave(c);
    return NULL;
}

bool sql_completer_stop(struct sql_completer *c)
{
    enum { PATIENCE_US = 200000 };
    if (!c)
        return true;
    struct timespec until = clock_mono_after(PATIENCE_US);
    (void)pthread_mutex_lock(&c->lock);
    c->end = true;
    if (c->canceller)
        sql_canceller_ask(c->canceller);
    (void)pthread_cond_broadcast(&c->wish);
    while (!c->away && pthread_cond_timedwait(&c->wish, &c->lock, &until) == 0)
        continue;
    bool away = c->away;
    (void)pthread_mutex_unlock(&c->lock);
    leave(c);
    return away;
}

const struct sql_words *sql_completer_words(struct sql_completer *c)
{
    if (!c)
        return NULL;
    (void)pthread_mutex_lock(&c->lock);
    const struct sql_words *w = c->words;
    if (w)
        (void)atomic_fetch_add(&owned_of(w)->users, 1);
    (void)pthread_mutex_unlock(&c->lock);
    return w;
}

static void ask(struct sql_completer *c, bool source)
{
    (void)pthread_mutex_lock(&c->lock);
    const struct sql_words *old = c->source == source ? NULL : c->words;
    if (c->source != source)
        c->words = NULL; /* names of the other side are wrong here */
    c->source = source;
    c->load = true;
    (void)pthread_cond_broadcast(&c->wish);
    (void)pthread_mutex_unlock(&c->lock);
    sql_words_release(old);
}

void sql_completer_reload(struct sql_completer *c)
{
    ask(c, c->source); /* only the owner changes the side */
}

void sql_completer_switch(struct sql_completer *c, bool source)
{
    ask(c, source);
}

int sql_completer_loads(struct sql_completer *c)
{
    (void)pthread_mutex_lock(&c->lock);
    int n = c->loads;
    (void)pthread_mutex_unlock(&c->lock);
    return n;
}
