/*
 * Any bytes as DAG files (a zero byte begins the next file). What is taken holds what dag.h says:
 * each task behind what it waits for, indices within bounds, texts that expand.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "backend/schedule/dag.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_tasks(const struct dag_set *set, const struct dag *d)
{
    for (int i = 0; i < d->n_tasks; i++) {
        const struct dag_task *t = &d->tasks[i];
        for (int k = 0; k < t->n_after; k++)
            if (t->after[k] < 0 || t->after[k] >= i)
                abort();
        for (int k = 0; k < t->n_before; k++)
            if (t->before[k] <= i || t->before[k] >= d->n_tasks)
                abort();
        if (t->pool < 0 || t->pool >= set->n_pools || (t->kind == DAG_SQL && !t->sql) ||
            (t->kind == DAG_SHELL && !t->command))
            abort();
    }
}

static void check_values(const struct dag *d)
{
    struct arena *a = arena_create(1024);
    struct errbuf e;
    struct buf out;
    int64_t now = INT64_C(1796000000000000);
    struct dag_context at = {
        .dag = d, .interval = dag_interval_of_trigger(d, now), .run = "1", .attempt = 1};
    if (at.interval.begin_us > at.interval.end_us || at.interval.end_us > now)
        abort();
    if (dag_params(&at, NULL, 0, a, &at.params, &e) == ERR_OK)
        at.n_params = d->n_params;
    buf_init(&out, 0);
    for (int i = 0; i < d->n_tasks; i++) {
        const struct dag_task *t = &d->tasks[i];
        if (t->command && dag_expand(t->command, &at, &out, &e) != ERR_OK)
            abort();
        for (int k = 0; k < t->n_bindings; k++)
            if (dag_expand(t->bindings[k].value, &at, &out, &e) != ERR_OK)
                abort();
    }
    buf_free(&out);
    arena_destroy(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const files[] = {"a.yaml", "b.yaml", "c.yaml"};
    struct dag_text texts[3];
    struct dag_set *set;
    struct faults faults;
    struct errbuf e;
    int count = 0;
    /* Files of this machine are no input of ours. */
    if (memmem(data, n, "file", 4) && memchr(data, '/', n))
        return 0;
    for (const uint8_t *p = data, *end = data + n; count < 3 && p <= end; count++) {
        const uint8_t *zero = p < end ? memchr(p, 0, (size_t)(end - p)) : NULL;
        const uint8_t *stop = zero ? zero : end;
        texts[count] = (struct dag_text){files[count], (const char *)p, (size_t)(stop - p)};
        p = stop + 1;
    }
    faults_init(&faults);
    enum err rc = dag_set_parse(texts, count, NULL, 0, &set, &faults, &e);
    if ((rc == ERR_OK) != (set != NULL) || (rc == ERR_CONFIG && faults.total == 0))
        abort();
    for (int i = 0; set && i < set->n; i++) {
        struct buf words;
        check_tasks(set, set->dags[i]);
        check_values(set->dags[i]);
        buf_init(&words, 0);
        dag_describe_schedule(set, set->dags[i], &words);
        buf_free(&words);
    }
    dag_set_free(set);
    faults_free(&faults);
    return 0;
}
