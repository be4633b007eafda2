#include "console/tui_saved.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/sql_history.h"
#include "console/tui_files.h"

static bool saved_path(const char *name, char *out)
{
    char relative[300];
    if (snprintf(relative, sizeof relative, "queries/%s", name) >= (int)sizeof relative)
        return false;
    return user_path(USER_DATA, relative, out);
}

static json_t *saved_one(const char *file)
{
    char path[USER_PATH_MAX];
    char text[SAVED_QUERY_MAX + 1];
    char why[USER_PATH_MAX + 128];
    size_t n = strlen(file);
    if (n < 5 || *file == '.' || strcmp(file + n - 4, ".sql") != 0 || !saved_path(file, path))
        return NULL;
    FILE *f = fopen(path, "re");
    if (!f)
        return NULL;
    size_t got = fread(text, 1, sizeof text, f);
    (void)fclose(f);
    if (got <= SAVED_QUERY_MAX)
        return json_pack("{s:s%, s:s%}", "name", file, n - 4, "text", text, got);
    (void)snprintf(why, sizeof why, "longer than %d KB, not opened here: flightdeck sql -f %s",
                   SAVED_QUERY_MAX >> 10, path);
    return json_pack("{s:s%, s:s, s:s}", "name", file, n - 4, "text", "", "why", why);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

json_t *tui_saved_list(void)
{
    char folder[USER_PATH_MAX];
    struct dirent **names = NULL;
    json_t *list = json_array();
    int n = saved_path("", folder) ? scandir(folder, &names, NULL, by_name) : 0;
    for (int i = 0; i < n; i++) {
        json_t *one = saved_one(names[i]->d_name);
        if (one)
            (void)json_array_append_new(list, one);
        free(names[i]);
    }
    free(names);
    return list;
}

enum err tui_saved_save(const char *name, const char *sql, char path[USER_PATH_MAX],
                        struct errbuf *e)
{
    char file[300];
    if (sql_history_secret(sql))
        return err_set(e, ERR_USAGE, "a query with a password in it is not kept");
    if (strchr(name, '/') || *name == '.')
        return err_set(e, ERR_USAGE, "a name without / and without a dot before it");
    if (strlen(sql) > SAVED_QUERY_MAX)
        return err_set(e, ERR_USAGE, "a saved query has at most %d KB, this one has %zu",
                       SAVED_QUERY_MAX >> 10, (strlen(sql) + 1023) >> 10);
    (void)snprintf(file, sizeof file, "%.250s.sql", name);
    if (!saved_path(file, path) || !user_path_make_parent(path))
        return err_set(e, ERR_IO, "there is no folder for saved queries: HOME is not set");
    return tui_save(path, sql, strlen(sql), e);
}
