#include "backend/engine/dag_config.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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
    int n = given[0] == '/' ? snprintf(path, sizeof path, "%s", given)
                            : snprintf(path, sizeof path, "%s/%s", c->directory, given);
    if (n >= (int)sizeof path || stat(path, &st) != 0)
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

enum err dag_load_all(const struct config *c, struct dag_set **out, struct faults *faults,
                      struct errbuf *e)
{
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
    return rc;
}
