#include "backend/engine/dag_config.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "backend/base/nearest.h"
#include "config/assets.h"

static const char BUILT_IN[] = "config/airline/dags/dwh.yaml";

enum { SLOTS_MAX = 1000 };

struct gathered {
    struct arena *arena;
    struct faults *faults;
    struct dag_text *texts;
    int n;
};

static void no_memory(struct gathered *g)
{
    faults_add(g->faults, NULL, 0, "out of memory");
}

static void add_text(struct gathered *g, const char *file, const char *text, size_t n)
{
    struct dag_text *texts = realloc(g->texts, (size_t)(g->n + 1) * sizeof *texts);
    if (!texts) {
        no_memory(g);
        return;
    }
    g->texts = texts;
    g->texts[g->n++] = (struct dag_text){file, text, n};
}

static void add_file(struct gathered *g, const char *path)
{
    FILE *f = fopen(path, "re");
    if (!f) {
        faults_add(g->faults, path, 0, "cannot be read: %s", strerror(errno));
        return;
    }
    struct buf text;
    char block[8192];
    size_t n;
    buf_init(&text, DAG_FILE_MAX);
    while (!buf_failed(&text) && (n = fread(block, 1, sizeof block, f)) > 0)
        buf_add(&text, block, n);
    if (ferror(f) || buf_failed(&text)) {
        faults_add(g->faults, path, 0, "cannot be read, or is too large");
    } else {
        char *name = arena_strdup(g->arena, path);
        char *copy = arena_copy(g->arena, text.len ? text.p : "", text.len);
        if (name && copy)
            add_text(g, name, copy, text.len);
        else
            no_memory(g);
    }
    buf_free(&text);
    (void)fclose(f);
}

static int is_yaml(const struct dirent *d)
{
    const char *end = strrchr(d->d_name, '.');
    return d->d_name[0] != '.' && end && (!strcmp(end, ".yaml") || !strcmp(end, ".yml"));
}

/* One that holds none yet is no mistake. */
static void add_folder(struct gathered *g, const char *path)
{
    struct dirent **names = NULL;
    int n = scandir(path, &names, is_yaml, alphasort);
    if (n < 0)
        faults_add(g->faults, path, 0, "cannot be read: %s", strerror(errno));
    for (int i = 0; i < n; i++) {
        char file[PATH_MAX];
        if (snprintf(file, sizeof file, "%s/%s", path, names[i]->d_name) < (int)sizeof file)
            add_file(g, file);
        free(names[i]);
    }
    free(names);
}

static void add_path(struct gathered *g, const struct config *c, const char *given)
{
    char path[PATH_MAX];
    struct stat st;
    if (!config_path(c, given, path) || stat(path, &st) != 0)
        faults_add(g->faults, c->file, 0, "dags: %s: %s", given, strerror(errno));
    else if (S_ISDIR(st.st_mode))
        add_folder(g, path);
    else
        add_file(g, path);
}

static struct dag_pool *read_pools(struct gathered *g, const struct config *c, int *n)
{
    int count = 0;
    while (c->pools[count])
        count++;
    struct dag_pool *pools = arena_alloc(g->arena, ((size_t)count + 1) * sizeof *pools);
    *n = 0;
    if (!pools) {
        no_memory(g);
        return NULL;
    }
    for (int i = 0; i < count; i += 2) {
        char *end;
        long slots = strtol(c->pools[i + 1], &end, 10);
        if (end == c->pools[i + 1] || *end || slots < 1 || slots > SLOTS_MAX)
            faults_add(g->faults, c->file, 0,
                       "pools.%s: must be a whole number of slots from 1 to %d, not `%s`",
                       c->pools[i], SLOTS_MAX, c->pools[i + 1]);
        else
            pools[(*n)++] = (struct dag_pool){c->pools[i], (int)slots};
    }
    return pools;
}

/* ---- what DAGs name: entities, parameters of marts ---- */

struct named {
    const struct config *config;
    const struct declared *in;
    struct faults *faults;
};

static void check_model_task(const struct named *n, const struct dag *d, const struct dag_task *t)
{
    struct errbuf e;
    if (!n->config->model)
        faults_add(n->faults, d->file, t->line,
                   "task %s loads the model, and %s names none: set `model`", t->name,
                   n->config->file);
    for (int i = 0; n->in->model && t->names && t->names[i]; i++)
        if (model_find_entity(n->in->model, t->names[i], &e) < 0)
            faults_add(n->faults, d->file, t->line, "task %s: %s", t->name, e.text);
}

static const struct dag_binding *find_binding(const struct dag_task *t, const char *name)
{
    for (int i = 0; i < t->n_bindings; i++)
        if (strcmp(t->bindings[i].name, name) == 0)
            return &t->bindings[i];
    return NULL;
}

static void check_mart_task(const struct named *n, const struct dag *d, const struct dag_task *t)
{
    const struct mart *m = marts_find_sql(n->in->marts, d->file, t->file);
    for (int i = 0; m && i < m->n_params; i++)
        if (!m->params[i].def && !find_binding(t, m->params[i].name))
            faults_add(n->faults, d->file, t->line,
                       "task %s: the mart %s needs a value for its parameter `%s`: give it in "
                       "`params`",
                       t->name, m->name, m->params[i].name);
    for (int i = 0; m && i < t->n_bindings; i++) {
        struct nearest near;
        char hint[160];
        bool known = false;
        nearest_start(&near, t->bindings[i].name);
        for (int k = 0; k < m->n_params; k++) {
            known |= strcmp(m->params[k].name, t->bindings[i].name) == 0;
            nearest_offer(&near, m->params[k].name);
        }
        if (!known)
            faults_add(n->faults, d->file, t->line, "task %s: the mart %s has no parameter `%s`%s",
                       t->name, m->name, t->bindings[i].name,
                       nearest_hint(&near, hint, sizeof hint));
    }
}

/* Where no tests are declared the task is skipped, whatever it names. */
static void check_test_task(const struct named *n, const struct dag *d, const struct dag_task *t)
{
    struct errbuf e;
    if (datatests_count(n->in->tests) &&
        datatests_check_names(n->in->tests, t->names, &e) != ERR_OK)
        faults_add(n->faults, d->file, t->line, "task %s: %s", t->name, e.text);
}

/* Any table of raw may be named; with a model a name that is near to an entity's, and none itself,
 * is a slip of the pen. */
static void check_trigger(const struct named *n, const struct dag *d)
{
    for (int i = 0; n->in->model && d->on_change && d->on_change[i]; i++) {
        struct nearest near;
        char hint[160];
        bool known = strcmp(d->on_change[i], "all") == 0;
        nearest_start(&near, d->on_change[i]);
        for (int k = 0; k < n->in->model->n_entities; k++) {
            known |= strcmp(n->in->model->entities[k].name, d->on_change[i]) == 0;
            nearest_offer(&near, n->in->model->entities[k].name);
        }
        if (!known && nearest_hint(&near, hint, sizeof hint)[0])
            faults_add(n->faults, d->file, d->trigger_line, "on_change: `%s` is no entity%s",
                       d->on_change[i], hint);
    }
}

static void check_named(const struct named *n, const struct dag_set *set)
{
    for (int i = 0; i < set->n; i++) {
        check_trigger(n, set->dags[i]);
        for (int k = 0; k < set->dags[i]->n_tasks; k++) {
            const struct dag_task *t = &set->dags[i]->tasks[k];
            if (t->kind == DAG_MODEL)
                check_model_task(n, set->dags[i], t);
            else if (t->kind == DAG_SQL)
                check_mart_task(n, set->dags[i], t);
            else if (t->kind == DAG_TEST)
                check_test_task(n, set->dags[i], t);
        }
    }
}

enum err dag_load_all(const struct config *c, const struct declared *declared, struct dag_set **out,
                      struct faults *faults, struct errbuf *e)
{
    const struct named named = {.config = c, .in = declared, .faults = faults};
    struct gathered g = {.arena = arena_create(16384), .faults = faults};
    int n_pools = 0;
    *out = NULL;
    if (!g.arena)
        return err_set(e, ERR_NOMEM, "out of memory");
    for (const char *const *p = c->dags; *p; p++)
        add_path(&g, c, *p);
    const char *built_in = asset_text(BUILT_IN);
    if (!c->dags[0] && c->model && built_in)
        add_text(&g, BUILT_IN, built_in, strlen(built_in));
    struct dag_pool *pools = read_pools(&g, c, &n_pools);
    enum err rc = dag_set_parse(g.texts, g.n, pools, n_pools, out, faults, e);
    free(g.texts);
    arena_destroy(g.arena);
    if (!rc) {
        check_named(&named, *out);
        rc = faults_check(faults, e);
    }
    if (rc) {
        dag_set_free(*out);
        *out = NULL;
    }
    return rc;
}
