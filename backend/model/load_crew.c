#include "backend/model/load_crew.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "backend/base/clock.h"
#include "backend/model/load_run.h"
#include "backend/model/model.h"

enum { OPTION_FILE, OPTION_TEXT, OPTION_ODBC, OPTION_DIALECT, OPTION_LABEL, OPTIONS };
enum progress { NOT_OURS, TO_DO, RUNNING, DONE };

struct crew {
    struct load_news *news;
    model_load_report *report;
    void *arg;
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t changed;
    enum progress *progress; /* an entity */
    int next;                /* in the model's order */
    bool stop;
    enum err first;
    struct errbuf why;
    pthread_mutex_t anchors; /* held from the first foreign key that is added to the commit */
};

struct hand {
    struct crew *crew;
    struct model_loader *l;
    int entity;
    bool holds; /* crew->anchors */
};

/* ---- the second connection ---- */

enum err load_crew_remember(struct model_loader *l, const struct model_loader_options *o,
                            struct errbuf *e)
{
    const char *const given[OPTIONS] = {o->file, o->text, o->odbc, o->dialect, o->label};
    for (int i = 0; i < OPTIONS; i++) {
        l->options[i] = given[i] ? strdup(given[i]) : NULL;
        if (given[i] && !l->options[i])
            return err_set(e, ERR_NOMEM, "no memory for the model's load");
    }
    return ERR_OK;
}

void load_crew_forget(struct model_loader *l)
{
    for (int i = 0; i < OPTIONS; i++)
        free(l->options[i]);
}

static enum err open_second(struct model_loader *l, struct errbuf *e)
{
    struct model_loader *second = NULL;
    const struct model_loader_options o = {.file = l->options[OPTION_FILE],
                                           .text = l->options[OPTION_TEXT],
                                           .odbc = l->options[OPTION_ODBC],
                                           .dialect = l->options[OPTION_DIALECT],
                                           .label = l->options[OPTION_LABEL],
                                           .raw_schema = l->raw_schema,
                                           .connections = 1};
    if (atomic_load(&l->second)) /* from an earlier first load: raw has more tables by now */
        return load_bind(atomic_load(&l->second), e);
    enum err r = load_connect(&o, &second, e);
    if (r)
        return r;
    atomic_store(&l->second, second); /* from here on a cancel reaches it .. */
    r = load_check_cancel(l, e);      /* .. and one that came before is seen */
    return r ? r : load_bind(second, e);
}

/* ---- a hand ---- */

/* Whoever waits holds nothing that the other one needs in order to get through. */
static void leave_anchors(struct hand *h)
{
    if (h->holds)
        (void)pthread_mutex_unlock(&h->crew->anchors);
    h->holds = false;
}

static enum err enter_anchor(void *arg, int entity, struct errbuf *e)
{
    struct hand *h = arg;
    struct crew *c = h->crew;
    leave_anchors(h); /* all are entered before the first key is added */
    (void)pthread_mutex_lock(&c->mutex);
    while (!c->stop && entity != h->entity &&
           (c->progress[entity] == RUNNING || c->progress[entity] == TO_DO))
        (void)pthread_cond_wait(&c->changed, &c->mutex);
    bool stop = c->stop;
    (void)pthread_mutex_unlock(&c->mutex);
    if (stop)
        return err_set(e, ERR_CANCELED, "another part of the load has failed");
    (void)pthread_mutex_lock(&c->anchors);
    h->holds = true;
    return ERR_OK;
}

/* The next entity in order; -1: there is none. */
static int take_next(struct crew *c, const struct model *m)
{
    int entity = -1;
    (void)pthread_mutex_lock(&c->mutex);
    while (!c->stop && entity < 0 && c->next < m->n_entities) {
        int at = m->order[c->next++];
        if (c->progress[at] != TO_DO)
            continue;
        entity = at;
        c->progress[at] = RUNNING;
    }
    (void)pthread_mutex_unlock(&c->mutex);
    return entity;
}

static void give_back(struct hand *h, const struct model_load *done, const struct errbuf *why)
{
    struct crew *c = h->crew;
    leave_anchors(h);
    (void)pthread_mutex_lock(&c->mutex);
    c->progress[h->entity] = DONE;
    if (done->code && !c->first) {
        c->first = done->code;
        c->why = *why;
    }
    c->stop = c->stop || done->code == ERR_CONNECT || done->code == ERR_CANCELED;
    if (c->report)
        c->report(c->arg, done);
    (void)pthread_cond_broadcast(&c->changed);
    (void)pthread_mutex_unlock(&c->mutex);
}

static void *work(void *arg)
{
    struct hand *h = arg;
    h->l->enter_anchor = enter_anchor;
    h->l->arg = h;
    while ((h->entity = take_next(h->crew, h->l->m)) >= 0) {
        struct model_load done = {.entity = h->l->m->entities[h->entity].name};
        struct errbuf e;
        int64_t began = clock_mono_us();
        done.code = load_entity(h->l, h->crew->news, h->entity, &done, &e);
        done.microseconds = clock_mono_us() - began;
        if (done.code)
            (void)snprintf(done.text, sizeof done.text, "%.500s", e.text);
        give_back(h, &done, &e);
    }
    h->l->enter_anchor = NULL;
    return NULL;
}

/* ---- the crew ---- */

static enum err load_knots(struct model_loader *l, const struct load_news *n, int entity,
                           struct errbuf *e)
{
    struct load_run x = {.w = l->w,
                         .s = l->s,
                         .entity = entity,
                         .plan = &l->plans[entity],
                         .source_id = l->migration.source_id,
                         .lo = 0,
                         .hi = n->newest[entity]};
    return load_run_knots(&x, e);
}

static int place(const struct model *m, int entity)
{
    int i = 0;
    while (i < m->n_entities && m->order[i] != entity)
        i++;
    return i;
}

/* Entities that refer to each other in a circle could wait for each other. */
static bool has_circle(const struct model *m)
{
    for (int i = 0; i < m->n_ties; i++)
        if (place(m, m->ties[i].to) > place(m, m->ties[i].from))
            return true;
    return false;
}

static int choose(const struct model_loader *l, const struct load_news *n, const bool *wanted,
                  enum progress *progress)
{
    int chosen = 0;
    for (int i = 0; i < l->m->n_entities; i++)
        if ((!wanted || wanted[i]) && l->plans[i].raw_is_there && !l->plans[i].misfit &&
            load_is_pending(l, n, i) && load_entity_mark(l, n, i) == 0) {
            progress[i] = TO_DO;
            chosen++;
        }
    return chosen;
}

static enum err run_crew(struct crew *c, struct model_loader *l, struct errbuf *e)
{
    struct hand first = {.crew = c, .l = l};
    struct hand second = {.crew = c, .l = atomic_load(&l->second)};
    pthread_t thread;
    (void)pthread_mutex_init(&c->mutex, NULL);
    (void)pthread_mutex_init(&c->anchors, NULL);
    (void)pthread_cond_init(&c->changed, NULL);
    bool threaded = pthread_create(&thread, NULL, work, &second) == 0;
    (void)work(&first);
    if (threaded)
        (void)pthread_join(thread, NULL);
    (void)pthread_cond_destroy(&c->changed);
    (void)pthread_mutex_destroy(&c->anchors);
    (void)pthread_mutex_destroy(&c->mutex);
    if (c->first && e)
        *e = c->why;
    return c->first;
}

enum err load_crew_run(struct model_loader *l, struct load_news *n, const bool *wanted, bool *tried,
                       model_load_report *report, void *arg, struct errbuf *e)
{
    struct crew c = {.news = n, .report = report, .arg = arg};
    enum err r = ERR_OK;
    c.progress = calloc((size_t)l->m->n_entities + 1, sizeof *c.progress);
    if (!c.progress)
        return err_set(e, ERR_NOMEM, "no memory for the model's load");
    if (!has_circle(l->m) && choose(l, n, wanted, c.progress) > 1) {
        for (int i = 0; i < l->m->n_entities && !r; i++)
            if (c.progress[i] == TO_DO)
                r = load_knots(l, n, i, e);
        if (!r)
            r = open_second(l, e);
        if (!r)
            r = load_check_cancel(l, e);
        if (!r)
            r = run_crew(&c, l, e);
        for (int i = 0; i < l->m->n_entities; i++)
            tried[i] = c.progress[i] == DONE;
    }
    free(c.progress);
    return r;
}
