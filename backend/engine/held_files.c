#include "backend/engine/held_files.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { DEPTH_MAX = 3 };

struct look {
    json_t *found;
    int64_t since_us;
};

static bool is_ours(const char *name)
{
    const char *end = strrchr(name, '.');
    return name[0] != '.' && end &&
           (!strcmp(end, ".yaml") || !strcmp(end, ".yml") || !strcmp(end, ".sql"));
}

static void look_at(struct look *k, const char *path, int depth);

static void look_into(struct look *k, const char *folder, int depth)
{
    struct dirent **names = NULL;
    int n = depth < DEPTH_MAX ? scandir(folder, &names, NULL, alphasort) : 0;
    for (int i = 0; i < n; i++) {
        char path[PATH_MAX];
        struct stat st;
        bool fits = names[i]->d_name[0] != '.' &&
                    snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name) < PATH_MAX;
        if (fits && stat(path, &st) == 0 && (S_ISDIR(st.st_mode) || is_ours(names[i]->d_name)))
            look_at(k, path, depth + 1);
        free(names[i]);
    }
    free(names);
}

/* One that is gone is no news here: a restart would say so. */
static void look_at(struct look *k, const char *path, int depth)
{
    struct stat st;
    if (json_array_size(k->found) >= HELD_FILES_MAX || stat(path, &st) != 0)
        return;
    int64_t changed_us = (int64_t)st.st_mtim.tv_sec * 1000000 + (int64_t)st.st_mtim.tv_nsec / 1000;
    if (S_ISDIR(st.st_mode))
        look_into(k, path, depth);
    else if (changed_us > k->since_us)
        (void)json_array_append_new(k->found, json_string(path));
}

json_t *held_files_changed(const struct config *c, int64_t since_wall_us)
{
    const char *const *const lists[] = {c->dags, c->marts, c->tests};
    struct look k = {.found = json_array(), .since_us = since_wall_us};
    if (k.found && c->model)
        look_at(&k, c->model, 0);
    for (size_t i = 0; k.found && i < sizeof lists / sizeof *lists; i++)
        for (const char *const *p = lists[i]; *p; p++) {
            char path[PATH_MAX];
            if (config_path(c, *p, path))
                look_at(&k, path, 0);
        }
    return k.found;
}
