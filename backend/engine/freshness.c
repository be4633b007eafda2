#include "backend/engine/freshness.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { DAY_US_S = 86400 };

struct freshness {
    pthread_mutex_t mutex;
    int n_tables; /* by topic */
    struct freshness_table *tables;
    int n_marts;
    struct freshness_mart *marts;
    struct freshness_dwh dwh;
    int64_t load_began_us;  /* of the load that runs; 0: none */
    int64_t rows_during_us; /* the first rows that came while it ran */
    int64_t rows_during;    /* how many have come since */
    int64_t day;            /* that rows_today are of */
    int64_t part_day;       /* of this one earlier rows are not known, of tables in no record */
};

enum err freshness_create(struct freshness **out, struct errbuf *e)
{
    struct freshness *f = calloc(1, sizeof *f);
    if (!f)
        return err_set(e, ERR_NOMEM, "no memory for the freshness");
    (void)pthread_mutex_init(&f->mutex, NULL);
    f->dwh.dag = -1;
    f->dwh.rows = -1;
    *out = f;
    return ERR_OK;
}

void freshness_destroy(struct freshness *f)
{
    if (!f)
        return;
    for (int i = 0; i < f->n_tables; i++)
        free(f->tables[i].topic);
    free(f->tables);
    free(f->marts);
    (void)pthread_mutex_destroy(&f->mutex);
    free(f);
}

/* ---- what there is ---- */

static int maker_of(const struct marts *m, const struct mart *mart, const struct dag_set *dags)
{
    for (int i = 0; i < dags->n; i++)
        for (int k = 0; k < dags->dags[i]->n_tasks; k++) {
            const struct dag_task *t = &dags->dags[i]->tasks[k];
            if (t->kind == DAG_SQL && marts_find_sql(m, dags->dags[i]->file, t->file) == mart)
                return i;
        }
    return -1;
}

static int loader_of(const struct dag_set *dags)
{
    for (int i = 0; i < dags->n; i++)
        for (int k = 0; k < dags->dags[i]->n_tasks; k++)
            if (dags->dags[i]->tasks[k].kind == DAG_MODEL)
                return i;
    return -1;
}

/* The last run that was good; all 0 where there is none. */
static enum err last_good(struct store *s, const struct dag_set *dags, int dag, int64_t *began_us,
                          int64_t *ended_us, int64_t *rows, struct errbuf *e)
{
    struct store_runs runs;
    *began_us = *ended_us = 0;
    if (dag < 0)
        return ERR_OK;
    const struct store_run_filter filter = {
        .dag = dags->dags[dag]->name, .by_state = true, .state = RUN_SUCCESS, .limit = 1};
    enum err rc = store_runs_list(s, &filter, &runs, e);
    if (rc)
        return rc;
    if (runs.n) {
        *began_us = runs.items[0].started_us;
        *ended_us = runs.items[0].ended_us;
        *rows = runs.items[0].rows;
    }
    store_runs_free(&runs);
    return ERR_OK;
}

enum err freshness_bind(struct freshness *f, const struct marts *m, const struct dag_set *dags,
                        struct store *s, struct errbuf *e)
{
    int64_t rows;
    f->dwh.dag = loader_of(dags);
    enum err rc =
        last_good(s, dags, f->dwh.dag, &f->dwh.began_us, &f->dwh.ended_us, &f->dwh.rows, e);
    f->marts = calloc((size_t)marts_count(m) + 1, sizeof *f->marts);
    if (!f->marts)
        return err_set(e, ERR_NOMEM, "no memory for the freshness");
    for (int i = 0; i < marts_count(m) && !rc; i++) {
        struct freshness_mart *x = &f->marts[f->n_marts++];
        x->mart = marts_at(m, i);
        x->dag = maker_of(m, x->mart, dags);
        rc = last_good(s, dags, x->dag, &x->began_us, &x->ended_us, &rows, e);
    }
    return rc;
}

/* ---- telling ---- */

/* The mutex is held. */
static void turn_day(struct freshness *f, int64_t now_us)
{
    int64_t day = now_us / 1000000 / DAY_US_S;
    if (day == f->day)
        return;
    f->day = day;
    for (int i = 0; i < f->n_tables; i++) {
        f->tables[i].rows_today = 0;
        f->tables[i].part_of_today = false;
    }
    for (int i = 0; i < f->n_marts; i++)
        f->marts[i].rows_today = 0;
}

/* The mutex is held. */
static struct freshness_table *table_of(struct freshness *f, const char *topic)
{
    int lo = 0;
    int hi = f->n_tables;
    while (lo < hi) {
        int mid = (lo + hi) / 2;
        int order = strcmp(f->tables[mid].topic, topic);
        if (!order)
            return &f->tables[mid];
        if (order < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    struct freshness_table *grown = realloc(f->tables, ((size_t)f->n_tables + 1) * sizeof *grown);
    char *name = strdup(topic);
    if (grown)
        f->tables = grown;
    if (!grown || !name) {
        free(name);
        return NULL;
    }
    memmove(&grown[lo + 1], &grown[lo], (size_t)(f->n_tables - lo) * sizeof *grown);
    grown[lo] = (struct freshness_table){.topic = name,
                                         .part_of_today = f->part_day && f->part_day == f->day};
    f->n_tables++;
    return &grown[lo];
}

void freshness_rows(struct freshness *f, const char *topic, int64_t rows, int64_t newest_commit_us,
                    int64_t now_us)
{
    (void)pthread_mutex_lock(&f->mutex);
    turn_day(f, now_us);
    struct freshness_table *t = table_of(f, topic);
    if (t) {
        t->loaded_us = now_us;
        t->told = true;
        t->rows_today += rows;
        if (newest_commit_us >= t->newest_commit_us && newest_commit_us) {
            t->newest_commit_us = newest_commit_us;
            t->latency_us = now_us > newest_commit_us ? now_us - newest_commit_us : 0;
        }
    }
    if (f->load_began_us && !f->rows_during_us)
        f->rows_during_us = now_us;
    f->rows_during += rows;
    f->dwh.waiting += rows;
    if (!f->dwh.behind_us)
        f->dwh.behind_us = now_us;
    (void)pthread_mutex_unlock(&f->mutex);
}

void freshness_model_begins(struct freshness *f, int64_t now_us)
{
    (void)pthread_mutex_lock(&f->mutex);
    f->load_began_us = now_us;
    f->rows_during_us = 0;
    f->rows_during = 0;
    (void)pthread_mutex_unlock(&f->mutex);
}

/* What came while it ran may be in it or not: not is what is said. */
void freshness_model_ends(struct freshness *f, bool whole, int64_t rows, int64_t now_us)
{
    (void)pthread_mutex_lock(&f->mutex);
    if (whole) {
        f->dwh.began_us = f->load_began_us;
        f->dwh.ended_us = now_us;
        f->dwh.rows = rows;
        f->dwh.behind_us = f->rows_during_us;
        f->dwh.waiting = f->rows_during;
        f->dwh.known = true;
        f->load_began_us = 0;
    }
    f->dwh.total += rows;
    (void)pthread_mutex_unlock(&f->mutex);
}

void freshness_mart_made(struct freshness *f, const char *mart, int64_t began_us, int64_t rows,
                         int64_t now_us)
{
    (void)pthread_mutex_lock(&f->mutex);
    turn_day(f, now_us);
    f->dwh.mart_total += rows;
    for (int i = 0; i < f->n_marts; i++)
        if (!strcmp(f->marts[i].mart->name, mart)) {
            f->marts[i].began_us = began_us;
            f->marts[i].ended_us = now_us;
            f->marts[i].rows_today += rows;
        }
    (void)pthread_mutex_unlock(&f->mutex);
}

static int64_t int_of(const json_t *o, const char *name)
{
    return json_integer_value(json_object_get(o, name)); /* 0: it has none */
}

static void restore_check(const json_t *x, struct freshness_check *out)
{
    *out = (struct freshness_check){int_of(x, "verified_us"),
                                    json_is_true(json_object_get(x, "verified_ok"))};
}

void freshness_restore(struct freshness *f, const json_t *status, int64_t now_us)
{
    size_t i;
    json_t *x;
    bool today = int_of(status, "now_us") / 1000000 / DAY_US_S == now_us / 1000000 / DAY_US_S;
    (void)pthread_mutex_lock(&f->mutex);
    turn_day(f, now_us);
    if (!status || (today && json_is_true(json_object_get(status, "trimmed"))))
        f->part_day = f->day;
    json_array_foreach(json_object_get(status, "freshness"), i, x)
    {
        const char *topic = json_string_value(json_object_get(x, "topic"));
        const char *name = json_string_value(json_object_get(x, "name"));
        struct freshness_table *t = topic ? table_of(f, topic) : NULL;
        if (t) {
            t->loaded_us = int_of(x, "last_refresh_us");
            t->rows_today = today ? int_of(x, "rows_today") : 0;
            t->part_of_today = today && !json_is_integer(json_object_get(x, "rows_today"));
            restore_check(x, &t->check);
        }
        for (int k = 0; k < f->n_marts && !topic && name; k++)
            if (!strcmp(f->marts[k].mart->name, name)) {
                f->marts[k].rows_today = today ? int_of(x, "rows_today") : 0;
                restore_check(x, &f->marts[k].check);
            }
    }
    (void)pthread_mutex_unlock(&f->mutex);
}

/* "public.flights" is the end of "postgres.public.flights", after a dot. */
static bool is_of(const char *topic, const char *name)
{
    size_t n = strlen(topic);
    size_t k = strlen(name);
    return n > k && topic[n - k - 1] == '.' && !strcmp(topic + n - k, name);
}

void freshness_checked(struct freshness *f, const char *name, bool ok, int64_t now_us)
{
    const struct freshness_check check = {now_us, ok};
    (void)pthread_mutex_lock(&f->mutex);
    for (int i = 0; i < f->n_tables; i++)
        if (is_of(f->tables[i].topic, name))
            f->tables[i].check = check;
    for (int i = 0; i < f->n_marts; i++)
        if (!strcmp(f->marts[i].mart->name, name))
            f->marts[i].check = check;
    (void)pthread_mutex_unlock(&f->mutex);
}

/* ---- reading ---- */

void freshness_turn_day(struct freshness *f, int64_t now_us)
{
    (void)pthread_mutex_lock(&f->mutex);
    turn_day(f, now_us);
    (void)pthread_mutex_unlock(&f->mutex);
}

void freshness_with(struct freshness *f, const char *topic, freshness_table_fn *fn, void *arg)
{
    (void)pthread_mutex_lock(&f->mutex);
    struct freshness_table *t = table_of(f, topic);
    if (t)
        fn(arg, t);
    (void)pthread_mutex_unlock(&f->mutex);
}

void freshness_tables(struct freshness *f, freshness_table_fn *fn, void *arg)
{
    (void)pthread_mutex_lock(&f->mutex);
    for (int i = 0; i < f->n_tables; i++)
        fn(arg, &f->tables[i]);
    (void)pthread_mutex_unlock(&f->mutex);
}

void freshness_marts(struct freshness *f, freshness_mart_fn *fn, void *arg)
{
    (void)pthread_mutex_lock(&f->mutex);
    for (int i = 0; i < f->n_marts; i++)
        fn(arg, &f->marts[i]);
    (void)pthread_mutex_unlock(&f->mutex);
}

void freshness_of_dwh(struct freshness *f, struct freshness_dwh *out)
{
    (void)pthread_mutex_lock(&f->mutex);
    *out = f->dwh;
    (void)pthread_mutex_unlock(&f->mutex);
}
