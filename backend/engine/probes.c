#include "backend/engine/probes.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/clock.h"
#include "backend/base/stop.h"
#include "backend/warehouse/warehouse.h"

enum { RATE_LEAST_US = 400000, WAREHOUSE_US = 10000000, SETTINGS_US = 300000000 };

/* What connectors decide; owned. */
struct aim {
    char *primary, *odbc;
    char *slots[PROBE_SLOTS_MAX + 1]; /* NULL-terminated */
};

struct probes {
    struct probes_options o;
    bool started;
    struct stop stop;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool quit;
    bool aimed; /* next_aim is to be taken */
    struct aim next_aim;
    int64_t looked_us; /* monotonic; when somebody last looked */
    struct probe_view view;
    /* the thread's own */
    struct aim aim;
    struct source *primary, *standby;
    struct kafka_admin *admin;
    struct warehouse *warehouse;
    int64_t settings_us; /* when the topics' settings were asked for last; 0: never */
};

static void free_topics(struct probe_view *v)
{
    for (int i = 0; i < v->n_topics; i++) {
        free(v->topics[i].name);
        free(v->topics[i].low);
        free(v->topics[i].high);
    }
    free(v->topics);
    v->topics = NULL;
    v->n_topics = 0;
}

static void free_stored(struct probe_view *v)
{
    free(v->stored);
    v->stored = NULL;
    v->n_stored = 0;
}

void probe_view_free(struct probe_view *v)
{
    free_topics(v);
    free_stored(v);
}

void probe_view_keep(struct probe_view *v, struct probe_view *old)
{
    if (!v->kafka_up) {
        free_topics(v);
        v->topics = old->topics;
        v->n_topics = old->n_topics;
        v->topics_us = old->topics_us;
        old->topics = NULL;
        old->n_topics = 0;
    }
    for (int i = 0; i < v->n_topics && !v->kafka_up; i++)
        v->topics[i].rate = NAN;
    if (!v->warehouse_up) {
        free_stored(v);
        v->stored = old->stored;
        v->n_stored = old->n_stored;
        old->stored = NULL;
        old->n_stored = 0;
    }
}

static void keep_text(char *out, size_t n, const char *text)
{
    size_t k = strlen(text);
    if (k >= n)
        k = n - 1;
    memcpy(out, text, k);
    out[k] = 0;
}

/* One server's health; the connection is kept while it works. */
static void ask_server(const char *conninfo, struct source **s, struct probe_server *out)
{
    struct errbuf e = {0};
    *out = (struct probe_server){.configured = conninfo != NULL, .known = true};
    if (!conninfo)
        return;
    enum err rc = *s ? ERR_OK : source_open(conninfo, s, &e);
    if (!rc)
        rc = source_health_get(*s, &out->health, &e);
    out->up = rc == ERR_OK;
    if (rc) {
        keep_text(out->error, sizeof out->error, e.text);
        source_close(*s);
        *s = NULL;
    }
}

static void free_aim(struct aim *a)
{
    free(a->primary);
    free(a->odbc);
    for (int i = 0; a->slots[i]; i++)
        free(a->slots[i]);
    *a = (struct aim){0};
}

static bool differ(const char *a, const char *b)
{
    return !a != !b || (a && strcmp(a, b) != 0);
}

/* A connection to a server that is not asked any more is closed. */
static void take_aim(struct probes *p)
{
    (void)pthread_mutex_lock(&p->mutex);
    bool aimed = p->aimed;
    struct aim next = p->next_aim;
    p->aimed = false;
    if (aimed)
        p->next_aim = (struct aim){0};
    (void)pthread_mutex_unlock(&p->mutex);
    if (!aimed)
        return;
    if (differ(p->aim.primary, next.primary)) {
        source_close(p->primary);
        p->primary = NULL;
    }
    if (differ(p->aim.odbc, next.odbc)) {
        warehouse_close(p->warehouse);
        p->warehouse = NULL;
    }
    free_aim(&p->aim);
    p->aim = next;
}

static void ask_slots(struct probes *p, struct probe_view *v)
{
    struct errbuf e;
    v->n_slots = 0;
    for (int i = 0; p->aim.slots[i]; i++) {
        int k = v->n_slots++;
        keep_text(v->slot_names[k], sizeof v->slot_names[0], p->aim.slots[i]);
        if (!p->primary) /* it is there all the same, and nothing is known of it */
            keep_text(v->slot_errors[k], sizeof v->slot_errors[0],
                      v->primary.error[0] ? v->primary.error : "the primary was not asked");
        else if (source_slot_get(p->primary, p->aim.slots[i], &v->slots[k], &e) != ERR_OK)
            keep_text(v->slot_errors[k], sizeof v->slot_errors[0], e.text);
    }
}

static bool copy_topic(struct probe_topic *to, const char *name, int n, const int64_t *low,
                       const int64_t *high)
{
    size_t size = (size_t)(n > 0 ? n : 1) * sizeof *low;
    *to = (struct probe_topic){
        .name = strdup(name),
        .n_partitions = n,
        .low = malloc(size),
        .high = malloc(size),
        .rate = NAN,
        .since = -1,
        .retention_ms = -1,
    };
    if (!to->name || !to->low || !to->high)
        return false;
    memcpy(to->low, low, (size_t)n * sizeof *low);
    memcpy(to->high, high, (size_t)n * sizeof *high);
    return true;
}

static int64_t sum_of_ends(const struct probe_topic *t)
{
    int64_t sum = 0;
    for (int p = 0; p < t->n_partitions; p++) {
        if (t->high[p] < 0)
            return -1;
        sum += t->high[p];
    }
    return sum;
}

/* A round that was brought forward comes too soon for a rate: it keeps what the one before said. */
static void rate_topic(struct probe_topic *t, const struct probe_topic *before, int64_t now)
{
    int64_t sum = sum_of_ends(t);
    if (before && now - before->since_us < RATE_LEAST_US) {
        t->rate = before->rate;
        t->since_us = before->since_us;
        t->since = before->since;
        return;
    }
    if (before && before->since >= 0 && sum >= before->since)
        t->rate = (double)(sum - before->since) * 1e6 / (double)(now - before->since_us);
    t->since_us = now;
    t->since = sum;
}

/* Both lists are sorted by name. What was not asked for in this round is known from the one before;
 * false: not of all. */
static bool rate_topics(struct probe_view *v, const struct probe_view *before, bool with_settings)
{
    bool all_known = true;
    int64_t now = clock_mono_us();
    int k = 0;
    for (int i = 0; i < v->n_topics; i++) {
        const struct probe_topic *same = NULL;
        while (k < before->n_topics && strcmp(before->topics[k].name, v->topics[i].name) < 0)
            k++;
        if (k < before->n_topics && !strcmp(before->topics[k].name, v->topics[i].name))
            same = &before->topics[k];
        rate_topic(&v->topics[i], same, now);
        if (same && !with_settings)
            v->topics[i].retention_ms = same->retention_ms;
        all_known = all_known && (same || with_settings);
    }
    return all_known;
}

static void ask_kafka(struct probes *p, struct probe_view *v)
{
    struct errbuf e = {0};
    struct kafka_topics t = {0};
    int64_t now = clock_mono_us();
    bool with_settings = !p->settings_us || now - p->settings_us >= SETTINGS_US;
    v->kafka_known = true;
    enum err rc = p->admin ? ERR_OK : kafka_admin_create(p->o.kafka, &p->admin, &e);
    if (!rc)
        rc = kafka_admin_topics(p->admin, NULL, true, with_settings, &t, &e);
    /* It may be forbidden: then how long records stay is not known. */
    bool refused = rc && with_settings && p->admin && rc != ERR_CONNECT && rc != ERR_TIMEOUT;
    if (refused) {
        p->settings_us = now;
        with_settings = false;
        rc = kafka_admin_topics(p->admin, NULL, true, false, &t, &e);
    }
    v->kafka_up = rc == ERR_OK;
    v->brokers = t.n_brokers;
    if (rc) {
        keep_text(v->kafka_error, sizeof v->kafka_error, e.text);
        kafka_admin_destroy(p->admin);
        p->admin = NULL;
        return;
    }
    v->topics = calloc((size_t)t.n + 1, sizeof *v->topics);
    for (int i = 0; v->topics && i < t.n; i++) {
        const struct kafka_topic_info *x = &t.items[i];
        if (!copy_topic(&v->topics[v->n_topics++], x->name, x->n_partitions, x->low, x->high))
            break;
        v->topics[i].retention_ms = x->retention_ms;
    }
    kafka_topics_free(&t);
    v->topics_us = clock_wall_us();
    if (with_settings)
        p->settings_us = now;
    if (!rate_topics(v, &p->view, with_settings) && !refused) /* nobody else writes it */
        p->settings_us = 0;                                   /* a topic is new */
}

/* ---- sinks that do not run ---- */

enum { RESTING_MAX = 256 };

struct resting {
    char *names[RESTING_MAX];
    int n;
};

static void note_resting(void *to, const char *connector)
{
    struct resting *r = to;
    if (r->n < RESTING_MAX && (r->names[r->n] = strdup(connector)) != NULL)
        r->n++;
}

static void keep_stored(struct probe_view *v, const char *connector, const struct stored_offset *at,
                        int n)
{
    struct probe_stored *grown =
        realloc(v->stored, ((size_t)v->n_stored + (size_t)n + 1) * sizeof *grown);
    if (!grown)
        return;
    v->stored = grown;
    for (int i = 0; i < n; i++) {
        struct probe_stored *x = &grown[v->n_stored++];
        keep_text(x->connector, sizeof x->connector, connector);
        x->at = at[i];
    }
}

bool probe_stored_offset(const struct probe_view *v, const char *connector, const char *topic,
                         int partition, int64_t *at)
{
    for (int i = 0; i < v->n_stored; i++) {
        const struct probe_stored *x = &v->stored[i];
        if (x->at.partition != partition || strcmp(x->at.topic, topic) != 0 ||
            strcmp(x->connector, connector) != 0)
            continue;
        *at = x->at.next_offset;
        return true;
    }
    return false;
}

static void ask_stored(struct probes *p, struct probe_view *v)
{
    struct resting r = {.n = 0};
    struct errbuf e;
    bool there = true; /* the table: the first sink makes it */
    if (p->o.resting)
        p->o.resting(p->o.arg, note_resting, &r);
    for (int i = 0; i < r.n; i++) {
        struct stored_offset *at = NULL;
        int64_t batch;
        int n = 0;
        if (there)
            there = warehouse_offsets_read(p->warehouse, p->o.schema, r.names[i], &batch, &at, &n,
                                           &e) == ERR_OK;
        if (there)
            keep_stored(v, r.names[i], at, n);
        free(at);
        free(r.names[i]);
    }
}

static void ask_warehouse(struct probes *p, struct probe_view *v)
{
    struct errbuf e = {0};
    struct warehouse_options o = {.odbc = p->aim.odbc,
                                  .dialect = p->o.dialect,
                                  .label = "flightdeck status",
                                  .timeout_us = WAREHOUSE_US};
    struct warehouse_rows *rows = NULL;
    v->warehouse_none = !p->aim.odbc;
    v->warehouse_known = !v->warehouse_none;
    if (v->warehouse_none)
        return;
    enum err rc = p->warehouse ? ERR_OK : warehouse_open(&o, &p->warehouse, &e);
    if (!rc)
        rc = warehouse_query(p->warehouse, "SELECT 1", 0, NULL, &rows, &e);
    warehouse_rows_close(rows);
    if (!rc)
        ask_stored(p, v);
    if (!rc)
        rc = warehouse_rollback(p->warehouse, &e); /* leaves no transaction open */
    v->warehouse_up = rc == ERR_OK;
    if (rc) {
        keep_text(v->warehouse_error, sizeof v->warehouse_error, e.text);
        warehouse_close(p->warehouse);
        p->warehouse = NULL;
    } else {
        keep_text(v->warehouse_server, sizeof v->warehouse_server, warehouse_server(p->warehouse));
    }
}

static void round_of_questions(struct probes *p)
{
    struct probe_view v = {0};
    take_aim(p);
    ask_server(p->aim.primary, &p->primary, &v.primary);
    ask_server(p->o.standby, &p->standby, &v.standby);
    ask_slots(p, &v);
    ask_kafka(p, &v);
    ask_warehouse(p, &v);
    v.asked_us = clock_wall_us();
    (void)pthread_mutex_lock(&p->mutex);
    struct probe_view old = p->view;
    probe_view_keep(&v, &old);
    p->view = v;
    (void)pthread_mutex_unlock(&p->mutex);
    probe_view_free(&old);
}

/* The mutex is held: waits until the next round is due. */
static void wait_round(struct probes *p, int64_t last_us)
{
    for (;;) {
        int64_t now = clock_mono_us();
        bool watched = p->looked_us && now - p->looked_us < p->o.looked_us;
        int64_t left = last_us + (watched ? p->o.often_us : p->o.seldom_us) - now;
        if (p->quit || p->aimed || left <= 0)
            return;
        struct timespec t = clock_mono_after(left);
        (void)pthread_cond_timedwait(&p->changed, &p->mutex, &t);
    }
}

static void *probes_main(void *arg)
{
    struct probes *p = arg;
    (void)stop_bind(&p->stop);
    (void)pthread_mutex_lock(&p->mutex);
    while (!p->quit) {
        (void)pthread_mutex_unlock(&p->mutex);
        int64_t began = clock_mono_us();
        round_of_questions(p);
        (void)pthread_mutex_lock(&p->mutex);
        wait_round(p, began);
    }
    (void)pthread_mutex_unlock(&p->mutex);
    source_close(p->primary);
    source_close(p->standby);
    kafka_admin_destroy(p->admin);
    warehouse_close(p->warehouse);
    return NULL;
}

enum err probes_create(const struct probes_options *o, struct probes **out, struct errbuf *e)
{
    struct probes *p = calloc(1, sizeof *p);
    if (!p)
        return err_set(e, ERR_NOMEM, "no memory for the probes");
    enum err rc = stop_init(&p->stop, e);
    if (rc) {
        free(p);
        return rc;
    }
    p->o = *o;
    pthread_condattr_t attr;
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&p->mutex, NULL);
    (void)pthread_cond_init(&p->changed, &attr);
    (void)pthread_condattr_destroy(&attr);
    *out = p;
    return ERR_OK;
}

enum err probes_aim(struct probes *p, const char *primary, const char *odbc,
                    const char *const *slots, struct errbuf *e)
{
    struct aim next = {.primary = primary ? strdup(primary) : NULL,
                       .odbc = odbc ? strdup(odbc) : NULL};
    bool whole = (next.primary || !primary) && (next.odbc || !odbc);
    for (int i = 0; whole && slots[i] && i < PROBE_SLOTS_MAX; i++)
        whole = (next.slots[i] = strdup(slots[i])) != NULL;
    if (!whole) {
        free_aim(&next);
        return err_set(e, ERR_NOMEM, "no memory for the probes");
    }
    (void)pthread_mutex_lock(&p->mutex);
    struct aim old = p->next_aim;
    p->next_aim = next;
    p->aimed = true;
    (void)pthread_cond_broadcast(&p->changed);
    (void)pthread_mutex_unlock(&p->mutex);
    free_aim(&old);
    return ERR_OK;
}

enum err probes_start(struct probes *p, struct errbuf *e)
{
    p->started = pthread_create(&p->thread, NULL, probes_main, p) == 0;
    return p->started ? ERR_OK : err_set(e, ERR_NOMEM, "cannot start the probes' thread");
}

void probes_quit(struct probes *p)
{
    (void)pthread_mutex_lock(&p->mutex);
    p->quit = true;
    (void)pthread_cond_broadcast(&p->changed);
    (void)pthread_mutex_unlock(&p->mutex);
    stop_ask(&p->stop);
}

void probes_stop(struct probes *p)
{
    if (!p)
        return;
    probes_quit(p);
    if (p->started)
        (void)pthread_join(p->thread, NULL);
    stop_free(&p->stop);
    probe_view_free(&p->view);
    free_aim(&p->aim);
    free_aim(&p->next_aim);
    (void)pthread_cond_destroy(&p->changed);
    (void)pthread_mutex_destroy(&p->mutex);
    free(p);
}

enum err probes_view(struct probes *p, struct probe_view *out, struct errbuf *e)
{
    (void)pthread_mutex_lock(&p->mutex);
    p->looked_us = clock_mono_us();
    (void)pthread_cond_broadcast(&p->changed);
    (void)pthread_mutex_unlock(&p->mutex);
    return probes_peek(p, out, e);
}

enum err probes_peek(struct probes *p, struct probe_view *out, struct errbuf *e)
{
    enum err rc = ERR_OK;
    (void)pthread_mutex_lock(&p->mutex);
    *out = p->view;
    out->n_topics = 0;
    out->topics = calloc((size_t)p->view.n_topics + 1, sizeof *out->topics);
    out->stored = calloc((size_t)p->view.n_stored + 1, sizeof *out->stored);
    if (out->stored && p->view.n_stored)
        memcpy(out->stored, p->view.stored, (size_t)p->view.n_stored * sizeof *out->stored);
    if (!out->topics || !out->stored)
        rc = err_set(e, ERR_NOMEM, "no memory for the topics");
    for (int i = 0; i < p->view.n_topics && !rc; i++) {
        const struct probe_topic *t = &p->view.topics[i];
        out->n_topics++;
        if (!copy_topic(&out->topics[i], t->name, t->n_partitions, t->low, t->high))
            rc = err_set(e, ERR_NOMEM, "no memory for the topics");
        out->topics[i].rate = t->rate;
        out->topics[i].retention_ms = t->retention_ms;
    }
    (void)pthread_mutex_unlock(&p->mutex);
    if (rc)
        probe_view_free(out);
    return rc;
}
