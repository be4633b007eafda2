#include "backend/engine/dashboard_config.h"

#include <limits.h>
#include <string.h>

#include "backend/base/nearest.h"

static void check_mart(const struct dashboard *d, const struct marts *marts, struct faults *faults)
{
    struct nearest near;
    char hint[160];
    if (!d->mart || marts_find(marts, d->mart))
        return;
    nearest_start(&near, d->mart);
    for (int i = 0; i < marts_count(marts); i++)
        nearest_offer(&near, marts_at(marts, i)->name);
    faults_add(faults, d->file, d->mart_line, "no mart is named `%s`%s%s", d->mart,
               nearest_hint(&near, hint, sizeof hint),
               marts_count(marts) ? "" : ": the configuration's `marts` names none");
}

enum err dashboard_load_all(const struct config *c, const struct marts *marts,
                            struct dashboards **out, struct faults *faults, struct errbuf *e)
{
    enum err rc = ERR_OK;
    struct dashboards *d = dashboards_create();
    *out = NULL;
    if (!d)
        return err_set(e, ERR_NOMEM, "no memory for the dashboards");
    for (int i = 0; c->dashboards[i]; i++) {
        char path[PATH_MAX];
        if (!config_path(c, c->dashboards[i], path))
            faults_add(faults, c->file, 0, "dashboards: %s: the path is too long",
                       c->dashboards[i]);
        else if (dashboards_add_path(d, path, faults, e) != ERR_OK)
            faults_add(faults, c->file, 0, "dashboards: %s", e->text);
    }
    for (int i = 0; i < dashboards_count(d); i++)
        check_mart(dashboards_at(d, i), marts, faults);
    rc = faults_check(faults, e);
    if (rc)
        dashboards_free(d);
    else
        *out = d;
    return rc;
}
