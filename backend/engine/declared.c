#include "backend/engine/declared.h"

#include <limits.h>

typedef enum err add_path_fn(void *to, const char *path, struct faults *f, struct errbuf *e);

static enum err add_mart(void *to, const char *path, struct faults *f, struct errbuf *e)
{
    return marts_add_path(to, path, f, e);
}

static enum err add_test(void *to, const char *path, struct faults *f, struct errbuf *e)
{
    return datatests_add_path(to, path, f, e);
}

/* Each path of a list in the configuration; relative ones start at its folder. */
static void add_all(const struct config *c, const char *key, const char *const *names,
                    add_path_fn *add, void *to, struct faults *faults)
{
    struct errbuf e;
    for (; *names; names++) {
        char path[PATH_MAX];
        if (!config_path(c, *names, path))
            faults_add(faults, c->file, 0, "%s: %s: the path is too long", key, *names);
        else if (add(to, path, faults, &e) != ERR_OK)
            faults_add(faults, c->file, 0, "%s: %s", key, e.text);
    }
}

enum err declared_read_marts(const struct config *c, struct marts **out, struct faults *faults,
                             struct errbuf *e)
{
    *out = marts_create();
    if (!*out)
        return err_set(e, ERR_NOMEM, "no memory for the marts");
    add_all(c, "marts", c->marts, add_mart, *out, faults);
    return faults_check(faults, e);
}

enum err declared_read(const struct config *c, struct declared *out, struct faults *faults,
                       struct errbuf *e)
{
    *out = (struct declared){.tests = datatests_create()};
    if (!out->tests)
        return err_set(e, ERR_NOMEM, "no memory for the data tests");
    enum err rc = c->model ? model_load_file(c->model, &out->model, e) : ERR_OK;
    if (rc)
        faults_add(faults, NULL, 0, "%s", e->text);
    int before = faults->total;
    rc = declared_read_marts(c, &out->marts, faults, e);
    out->all_marts = faults->total == before;
    if (out->marts) {
        add_all(c, "tests", c->tests, add_test, out->tests, faults);
        rc = faults_check(faults, e);
    } else {
        declared_free(out);
    }
    return rc;
}

void declared_free(struct declared *d)
{
    model_free(d->model);
    marts_free(d->marts);
    datatests_free(d->tests);
    *d = (struct declared){.model = NULL};
}
