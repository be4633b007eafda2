#include "backend/model/textfile.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "queries/queries.h"

enum { PIECE = 8192, FILES_MAX = 1000 };

enum err textfile_read(const char *path, struct buf *out, struct errbuf *e)
{
    char piece[PIECE];
    size_t n;
    FILE *f = fopen(path, "r");
    buf_init(out, TEXTFILE_MAX);
    struct stat st;
    if (!f)
        return err_errno(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%s", path);
    if (fstat(fileno(f), &st) || !S_ISREG(st.st_mode)) {
        (void)fclose(f);
        return err_set(e, ERR_IO, "%s is no file", path);
    }
    while (!buf_failed(out) && (n = fread(piece, 1, sizeof piece, f)) > 0)
        buf_add(out, piece, n);
    bool bad = ferror(f);
    (void)fclose(f);
    enum err r = bad ? err_set(e, ERR_IO, "%s: cannot be read", path) : buf_check(out, path, e);
    if (r)
        buf_free(out);
    return r;
}

static int is_yaml(const struct dirent *d)
{
    const char *dot = strrchr(d->d_name, '.');
    return d->d_name[0] != '.' && dot && (!strcmp(dot, ".yaml") || !strcmp(dot, ".yml"));
}

static char *joined(struct arena *a, const char *folder, size_t n, const char *name)
{
    struct buf b;
    buf_init(&b, 0);
    buf_add(&b, folder, n);
    if (n && folder[n - 1] != '/')
        buf_ch(&b, '/');
    buf_str(&b, name);
    char *out = buf_failed(&b) ? NULL : arena_strdup(a, buf_cstr(&b));
    buf_free(&b);
    return out;
}

enum err textfile_list(const char *path, struct arena *a, const char *const **out, struct errbuf *e)
{
    struct stat st;
    struct dirent **names = NULL;
    int n = 1;
    if (stat(path, &st))
        return err_errno(e, ERR_IO, "%s", path);
    if (S_ISDIR(st.st_mode)) {
        n = scandir(path, &names, is_yaml, alphasort);
        if (n < 0)
            return err_errno(e, ERR_IO, "%s", path);
    }
    enum err r = ERR_OK;
    const char **list = arena_alloc(a, sizeof *list * ((size_t)n + 1));
    for (int i = 0; i < n; i++) {
        char *file =
            names ? joined(a, path, strlen(path), names[i]->d_name) : arena_strdup(a, path);
        if (list && file)
            list[i] = file;
        else
            r = err_set(e, ERR_NOMEM, "no memory for the files of %s", path);
        if (names)
            free(names[i]);
    }
    free(names);
    if (!list)
        return err_set(e, ERR_NOMEM, "no memory for the files of %s", path);
    list[n] = NULL;
    *out = list;
    return r;
}

static const char *embedded(const char *name)
{
    enum { NAME_MAX_HERE = 200 };
    char stem[NAME_MAX_HERE];
    size_t n = strlen(name);
    if (n < sizeof ".sql" || n >= sizeof stem || strcmp(name + n - 4, ".sql") != 0)
        return NULL;
    memcpy(stem, name, n - 4);
    stem[n - 4] = '\0';
    return query_text(stem);
}

enum err textfile_sql(const char *yaml_file, const char *name, struct arena *a, const char **out,
                      struct errbuf *e)
{
    const char *slash = strrchr(yaml_file, '/');
    size_t folder = slash ? (size_t)(slash - yaml_file) + 1 : 0;
    char *path = *name == '/' ? arena_strdup(a, name) : joined(a, yaml_file, folder, name);
    struct buf text;
    if (!path)
        return err_set(e, ERR_NOMEM, "no memory for %s", name);
    enum err r = textfile_read(path, &text, e);
    if (!r) {
        *out = arena_strdup(a, buf_cstr(&text));
        buf_free(&text);
        return *out ? ERR_OK : err_set(e, ERR_NOMEM, "no memory for %s", name);
    }
    if (r != ERR_NOT_FOUND)
        return r;
    *out = embedded(name);
    if (*out)
        return ERR_OK;
    return err_set(e, ERR_NOT_FOUND, "no file %s, and no query of that name in the program", path);
}
