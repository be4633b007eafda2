/*
 * All DAGs of a configuration: what needs more than one task or one file to be checked. Names in
 * `after`, `pool` and `trigger_on` become indices, tasks are put in an order in which they could
 * run, cycles are shown as the way round.
 */
#include <stdlib.h>
#include <string.h>

#include "backend/base/nearest.h"
#include "backend/schedule/cron.h"
#include "backend/schedule/dag_read.h"
#include "backend/schedule/zone.h"

struct builder {
    struct dag_reader r;
    struct dag_draft *drafts; /* by name */
    int n;
    struct dag_set *set;
};

static void *zeroed(struct builder *b, int n, size_t size)
{
    void *p = arena_alloc(b->r.arena, ((size_t)n + 1) * size);
    if (p)
        memset(p, 0, ((size_t)n + 1) * size);
    else
        faults_add(b->r.faults, NULL, 0, "out of memory");
    return p;
}

static void fault_unknown(struct builder *b, const char *file, int line, const char *name,
                          const char *what, const struct nearest *near)
{
    char hint[160];
    faults_add(b->r.faults, file, line, "%s: `%s` is not known%s", what, name,
               nearest_hint(near, hint, sizeof hint));
}

/* ---- cycles ---- */

struct graph {
    int n;
    const int *const *edges; /* edges[i]: what i waits for */
    const int *n_edges;
    const char *const *names;
};

/* A way from `at` back to itself over what is not done; all who are not done have one ahead. */
static void show_cycle(struct builder *b, const struct graph *g, const bool *done, int at,
                       const char *file, int line, const char *what)
{
    struct buf way;
    bool *seen = zeroed(b, g->n, sizeof *seen);
    int *path = zeroed(b, g->n, sizeof *path);
    int n = 0;
    if (!seen || !path)
        return;
    while (!seen[at]) {
        seen[at] = true;
        path[n++] = at;
        int next = at;
        for (int i = 0; i < g->n_edges[at]; i++)
            if (!done[g->edges[at][i]])
                next = g->edges[at][i];
        at = next;
    }
    int first = 0;
    while (path[first] != at)
        first++;
    buf_init(&way, 1 << 16);
    buf_str(&way, g->names[at]); /* the edges lead back: the way is told forwards */
    for (int i = n - 1; i >= first; i--)
        buf_printf(&way, " -> %s", g->names[path[i]]);
    faults_add(b->r.faults, file, line, "%s go round in a circle: %s", what, buf_cstr(&way));
    buf_free(&way);
}

/* Fills order[] so that each stands behind what it waits for, else as they were; false: a cycle,
 * *stuck is on its way. */
static bool sort_graph(const struct graph *g, int *order, bool *done, int *stuck)
{
    for (int filled = 0; filled < g->n;) {
        int pick = -1;
        for (int i = 0; i < g->n && pick < 0; i++) {
            bool ready = !done[i];
            for (int k = 0; k < g->n_edges[i] && ready; k++)
                ready = done[g->edges[i][k]];
            if (ready)
                pick = i;
        }
        if (pick < 0) {
            *stuck = 0;
            while (done[*stuck])
                (*stuck)++;
            return false;
        }
        done[pick] = true;
        order[filled++] = pick;
    }
    return true;
}

/* ---- tasks of one DAG ---- */

static int find_task(const struct dag_draft *d, const char *name, struct nearest *near)
{
    nearest_start(near, name);
    for (int i = 0; i < d->dag.n_tasks; i++) {
        if (strcmp(d->task[i].task.name, name) == 0)
            return i;
        nearest_offer(near, d->task[i].task.name);
    }
    return -1;
}

/* `after` as indices into the draft's tasks. */
static void resolve_after(struct builder *b, struct dag_draft *d, struct dag_task_draft *t)
{
    const struct yaml *node = t->after;
    if (!node || (node->kind == YAML_SCALAR && yaml_is_null(node)))
        return;
    b->r.file = d->file;
    const char *const *names = dag_read_list(&b->r, node, "after");
    int n = node->kind == YAML_LIST ? node->n : 1;
    int *after = zeroed(b, n, sizeof *after);
    if (!names || !after)
        return;
    t->task.after = after;
    for (int i = 0; i < n; i++) {
        int line = node->kind == YAML_LIST ? node->items[i]->line : node->line;
        struct nearest near;
        int at = find_task(d, names[i], &near);
        bool twice = false;
        for (int k = 0; k < t->task.n_after; k++)
            twice |= after[k] == at;
        if (at < 0)
            fault_unknown(b, d->file, line, names[i], "after", &near);
        else if (twice)
            faults_add(b->r.faults, d->file, line, "after: `%s` is there twice", names[i]);
        else
            after[t->task.n_after++] = at;
    }
}

static void resolve_pool(struct builder *b, const struct dag_draft *d, struct dag_task_draft *t)
{
    struct nearest near;
    nearest_start(&near, t->pool);
    for (int i = 0; i < b->set->n_pools; i++) {
        nearest_offer(&near, b->set->pools[i].name);
        if (strcmp(b->set->pools[i].name, t->pool) == 0) {
            t->task.pool = i;
            return;
        }
    }
    fault_unknown(b, d->file, dag_line_of(t->node, "pool"), t->pool, "pool", &near);
}

static int by_value(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* Who waits for each task, from who each waits for. */
static void fill_before(struct builder *b, struct dag_task *tasks, int n)
{
    int **before = zeroed(b, n, sizeof *before);
    for (int i = 0; i < n; i++)
        for (int k = 0; k < tasks[i].n_after; k++)
            tasks[tasks[i].after[k]].n_before++;
    for (int i = 0; before && i < n; i++) {
        before[i] = zeroed(b, tasks[i].n_before, sizeof **before);
        tasks[i].before = before[i];
        tasks[i].n_before = 0;
    }
    for (int i = 0; before && i < n; i++)
        for (int k = 0; k < tasks[i].n_after; k++) {
            int up = tasks[i].after[k];
            if (before[up])
                before[up][tasks[up].n_before++] = i;
        }
}

static void place_tasks(struct builder *b, struct dag_draft *d, const int *order)
{
    int n = d->dag.n_tasks;
    struct dag_task *tasks = zeroed(b, n, sizeof *tasks);
    int *place = zeroed(b, n, sizeof *place);
    if (!tasks || !place)
        return;
    for (int i = 0; i < n; i++)
        place[order[i]] = i;
    for (int i = 0; i < n; i++) {
        tasks[i] = d->task[order[i]].task;
        int *after = zeroed(b, tasks[i].n_after, sizeof *after);
        for (int k = 0; after && k < tasks[i].n_after; k++)
            after[k] = place[tasks[i].after[k]];
        if (after)
            qsort(after, (size_t)tasks[i].n_after, sizeof *after, by_value);
        tasks[i].after = after;
    }
    fill_before(b, tasks, n);
    d->dag.tasks = tasks;
}

static void build_tasks(struct builder *b, struct dag_draft *d)
{
    int n = d->dag.n_tasks, stuck = 0;
    int *order = zeroed(b, n, sizeof *order), *n_edges = zeroed(b, n, sizeof *n_edges);
    const int **edges = zeroed(b, n, sizeof *edges);
    const char **names = zeroed(b, n, sizeof *names);
    bool *done = zeroed(b, n, sizeof *done);
    if (!order || !n_edges || !edges || !names || !done)
        return;
    for (int i = 0; i < n; i++) {
        resolve_after(b, d, &d->task[i]);
        if (d->task[i].pool)
            resolve_pool(b, d, &d->task[i]);
        edges[i] = d->task[i].task.after;
        n_edges[i] = d->task[i].task.n_after;
        names[i] = d->task[i].task.name;
    }
    struct graph g = {n, edges, n_edges, names};
    if (sort_graph(&g, order, done, &stuck))
        place_tasks(b, d, order);
    else
        show_cycle(b, &g, done, stuck, d->file, dag_line_of(d->root, "tasks"), "tasks");
}

/* ---- DAGs ---- */

static void resolve_triggers(struct builder *b, struct dag_draft *d)
{
    const struct yaml *node = d->trigger_list;
    if (!node)
        return;
    int n = node->kind == YAML_LIST ? node->n : 1;
    int *dags = zeroed(b, n, sizeof *dags);
    if (!dags)
        return;
    d->dag.trigger_dags = dags;
    for (int i = 0; i < n; i++) {
        const struct yaml *item = node->kind == YAML_LIST ? node->items[i] : node;
        struct nearest near;
        int at = -1;
        nearest_start(&near, item->text);
        for (int k = 0; k < b->n; k++) {
            nearest_offer(&near, b->drafts[k].dag.name);
            if (strcmp(b->drafts[k].dag.name, item->text) == 0)
                at = k;
        }
        if (at < 0)
            fault_unknown(b, d->file, item->line, item->text, "trigger_on", &near);
        else
            dags[d->dag.n_trigger_dags++] = at;
    }
}

static void check_trigger_cycles(struct builder *b)
{
    int n = b->n, stuck = 0;
    int *order = zeroed(b, n, sizeof *order), *n_edges = zeroed(b, n, sizeof *n_edges);
    const int **edges = zeroed(b, n, sizeof *edges);
    const char **names = zeroed(b, n, sizeof *names);
    bool *done = zeroed(b, n, sizeof *done);
    if (!order || !n_edges || !edges || !names || !done)
        return;
    for (int i = 0; i < n; i++) {
        edges[i] = b->drafts[i].dag.trigger_dags;
        n_edges[i] = b->drafts[i].dag.n_trigger_dags;
        names[i] = b->drafts[i].dag.name;
    }
    struct graph g = {n, edges, n_edges, names};
    if (!sort_graph(&g, order, done, &stuck))
        show_cycle(b, &g, done, stuck, b->drafts[stuck].file,
                   dag_line_of(b->drafts[stuck].root, "trigger_on"),
                   "DAGs that trigger each other");
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct dag_draft *)a)->dag.name, ((const struct dag_draft *)b)->dag.name);
}

static void read_texts(struct builder *b, const struct dag_text *texts, int n)
{
    struct errbuf e;
    for (int i = 0; i < n; i++) {
        struct yaml *root = NULL;
        b->r.file = arena_strdup(b->r.arena, texts[i].file);
        const char *base = strrchr(texts[i].file, '/');
        base = base ? base + 1 : texts[i].file;
        const char *end = strrchr(base, '.');
        char *stem = arena_copy(b->r.arena, base, end ? (size_t)(end - base) : strlen(base));
        if (!b->r.file || !stem) {
            faults_add(b->r.faults, NULL, 0, "out of memory");
            return;
        }
        if (yaml_parse(texts[i].text, texts[i].n, b->r.file, b->r.arena, &root, &e) != ERR_OK) {
            faults_add(b->r.faults, NULL, 0, "%s", e.text);
            continue;
        }
        dag_read_file(&b->r, root, stem, &b->drafts[b->n]);
        if (root && root->kind == YAML_MAP)
            b->n++;
    }
    qsort(b->drafts, (size_t)b->n, sizeof *b->drafts, by_name);
    for (int i = 1; i < b->n; i++)
        if (by_name(&b->drafts[i - 1], &b->drafts[i]) == 0)
            faults_add(b->r.faults, b->drafts[i].file, 0, "the name `%s` is taken already, by %s",
                       b->drafts[i].dag.name, b->drafts[i - 1].file);
}

/* ---- the set ---- */

static void take_pools(struct builder *b, const struct dag_pool *pools, int n)
{
    struct dag_pool *own = zeroed(b, n + 1, sizeof *own);
    if (!own)
        return;
    own[DAG_POOL_DEFAULT] = (struct dag_pool){"default", DAG_POOL_SLOTS};
    b->set->pools = own;
    b->set->n_pools = 1;
    for (int i = 0; i < n; i++) {
        if (strcmp(pools[i].name, "default") == 0) {
            own[DAG_POOL_DEFAULT].slots = pools[i].slots;
            continue;
        }
        const char *name = arena_strdup(b->r.arena, pools[i].name);
        if (name)
            own[b->set->n_pools++] = (struct dag_pool){name, pools[i].slots};
    }
}

static void publish(struct builder *b)
{
    const struct dag **dags = zeroed(b, b->n, sizeof *dags);
    for (int i = 0; dags && i < b->n; i++)
        dags[i] = &b->drafts[i].dag;
    b->set->dags = dags;
    b->set->n = b->n;
}

enum err dag_set_parse(const struct dag_text *texts, int n, const struct dag_pool *pools,
                       int n_pools, struct dag_set **out, struct faults *faults, struct errbuf *e)
{
    struct arena *a = arena_create(16384);
    struct builder b = {.r = {.arena = a, .faults = faults}};
    *out = NULL;
    if (!a)
        return err_set(e, ERR_NOMEM, "out of memory");
    b.set = zeroed(&b, 1, sizeof *b.set);
    b.drafts = zeroed(&b, n, sizeof *b.drafts);
    if (b.set && b.drafts) {
        b.set->arena = a;
        take_pools(&b, pools, n_pools);
        read_texts(&b, texts, n);
        for (int i = 0; i < b.n; i++) {
            build_tasks(&b, &b.drafts[i]);
            resolve_triggers(&b, &b.drafts[i]);
        }
        check_trigger_cycles(&b);
        publish(&b);
    }
    enum err rc = faults_check(faults, e);
    if (rc)
        arena_destroy(a);
    else
        *out = b.set;
    return rc;
}

/* ---- in words ---- */

void dag_describe_schedule(const struct dag_set *set, const struct dag *d, struct buf *out)
{
    size_t begin = out->len;
    if (d->cron) {
        cron_describe(d->cron, out);
        buf_printf(out, " (%s)", d->zone_name);
    }
    for (int i = 0; i < d->n_trigger_dags; i++)
        buf_printf(out, "%s%s",
                   i                  ? ", "
                   : out->len > begin ? "; after "
                                      : "after ",
                   set->dags[d->trigger_dags[i]]->name);
    for (int i = 0; d->on_change && d->on_change[i]; i++) {
        buf_str(out, i                  ? ", "
                     : out->len > begin ? "; when there are changes in "
                                        : "when there are changes in ");
        buf_str(out, strcmp(d->on_change[i], "all") == 0 ? "any entity" : d->on_change[i]);
    }
    if (out->len == begin)
        buf_lit(out, "only when triggered");
    else if (d->min_interval_ms && (d->on_change || d->n_trigger_dags))
        buf_printf(out, ", at most every %g s", (double)d->min_interval_ms / 1000);
}
