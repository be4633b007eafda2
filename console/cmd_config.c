/* flightdeck config check|show. */
#include <stdio.h>
#include <string.h>

#include "backend/engine/captured_check.h"
#include "backend/engine/dashboard_config.h"
#include "console/exit_codes.h"
#include "console/options.h"

/* before: how many stand in the list already. */
static void json_items(struct buf *out, int before, int n, const char *const *items)
{
    for (int i = 0; i < n; i++) {
        buf_str(out, before + i ? "," : "");
        buf_json_string(out, items[i], strlen(items[i]));
    }
}

static void json_list(struct buf *out, const char *name, int n, const char *const *items)
{
    buf_printf(out, "\"%s\":[", name);
    json_items(out, 0, n, items);
    buf_ch(out, ']');
}

/* What a check has found. */
struct checked {
    const struct config *config; /* NULL: it could not be read */
    const struct connector_list *connectors;
    const struct dag_set *dags; /* NULL likewise */
    int dashboards;
    const struct faults *faults;
    const struct faults *warnings; /* of what nothing captures */
};

static void report_json(const struct checked *k, struct buf *out)
{
    const struct config *c = k->config;
    const struct connector_list *l = k->connectors;
    const struct dag_set *dags = k->dags;
    const struct faults *faults = k->faults;
    buf_printf(out, "{\"ok\":%s,\"file\":", faults->total ? "false" : "true");
    if (c)
        buf_json_string(out, c->file, strlen(c->file));
    else
        buf_lit(out, "null");
    buf_ch(out, ',');
    json_list(out, "faults", faults->n, (const char *const *)faults->items);
    buf_ch(out, ',');
    buf_lit(out, "\"warnings\":[");
    json_items(out, 0, l->n_warnings, (const char *const *)l->warnings);
    json_items(out, l->n_warnings, k->warnings->n, (const char *const *)k->warnings->items);
    buf_ch(out, ']');
    buf_lit(out, ",\"connectors\":[");
    for (int i = 0; i < l->n; i++) {
        const struct connector *x = l->items[i];
        buf_str(out, i ? ",{\"name\":" : "{\"name\":");
        buf_json_string(out, x->name, strlen(x->name));
        buf_printf(out, ",\"type\":\"%s\",", x->kind == CONNECTOR_SOURCE ? "source" : "sink");
        json_list(out, "warnings", x->n_warnings, x->warnings);
        buf_ch(out, '}');
    }
    buf_lit(out, "],\"dags\":[");
    for (int i = 0; dags && i < dags->n; i++) {
        buf_str(out, i ? "," : "");
        buf_json_string(out, dags->dags[i]->name, strlen(dags->dags[i]->name));
    }
    buf_printf(out, "],\"dashboards\":%d}\n", k->dashboards);
}

static void report_text(const struct checked *k, struct buf *out)
{
    const struct config *c = k->config;
    const struct connector_list *l = k->connectors;
    const struct dag_set *dags = k->dags;
    const struct faults *faults = k->faults;
    for (int i = 0; i < faults->n; i++)
        buf_printf(out, "%s\n", faults->items[i]);
    if (faults->total > faults->n)
        buf_printf(out, ".. and %d more\n", faults->total - faults->n);
    if (faults->total)
        buf_printf(out, "%d fault%s\n", faults->total, faults->total == 1 ? "" : "s");
    if (faults->total || !c)
        return;
    int sources = 0;
    for (int i = 0; i < l->n_warnings; i++)
        buf_printf(out, "warning: %s\n", l->warnings[i]);
    for (int i = 0; i < k->warnings->n; i++)
        buf_printf(out, "warning: %s\n", k->warnings->items[i]);
    if (k->warnings->total > k->warnings->n)
        buf_printf(out, ".. and %d more\n", k->warnings->total - k->warnings->n);
    for (int i = 0; i < l->n; i++) {
        const struct connector *x = l->items[i];
        sources += x->kind == CONNECTOR_SOURCE;
        for (int w = 0; w < x->n_warnings; w++)
            buf_printf(out, "warning: %s: %s\n", x->name, x->warnings[w]);
    }
    if (l->n && sources == l->n)
        buf_lit(out, "warning: there is no sink: topics are filled, nothing is loaded\n");
    if (l->n && !sources)
        buf_lit(out, "warning: there is no source: only what others write is loaded\n");
    buf_printf(out, "%s: good; %d source%s, %d sink%s%s", c->file, sources, sources == 1 ? "" : "s",
               l->n - sources, l->n - sources == 1 ? "" : "s",
               l->n && l->items[0]->built_in ? " (built in)" : "");
    if (dags && dags->n)
        buf_printf(out, ", %d DAG%s", dags->n, dags->n == 1 ? "" : "s");
    if (k->dashboards)
        buf_printf(out, ", %d dashboard%s", k->dashboards, k->dashboards == 1 ? "" : "s");
    buf_ch(out, '\n');
}

static int check(const struct arguments *a, struct buf *out)
{
    struct config *c = NULL;
    struct connector_list l = {0};
    struct dag_set *dags = NULL;
    struct dashboards *dashboards = NULL;
    struct declared declared = {.model = NULL};
    struct faults faults, warnings;
    struct errbuf e;
    faults_init(&faults);
    faults_init(&warnings);
    enum err rc = config_load_faults(a->config, &c, &faults, &e);
    bool read = rc == ERR_OK;
    if (read)
        rc = connector_load_all(c, &l, &faults, &e);
    /* Faults of connectors do not hide those of DAGs. */
    if (read && declared_read(c, &declared, &faults, &e) != ERR_OK)
        rc = ERR_CONFIG;
    if (declared.marts && dag_load_all(c, &declared, &dags, &faults, &e) != ERR_OK)
        rc = ERR_CONFIG;
    if (declared.marts && declared.all_marts && /* else it would miss those with faults */
        dashboard_load_all(c, declared.marts, &dashboards, &faults, &e) != ERR_OK)
        rc = ERR_CONFIG;
    if (rc != ERR_OK && !faults.total)
        faults_add(&faults, NULL, 0, "%s", e.text);
    if (rc == ERR_OK)
        captured_check(c, &l, &declared, dags, &warnings);
    const struct checked k = {
        c, &l, dags, dashboards ? dashboards_count(dashboards) : 0, &faults, &warnings};
    (arguments_flag(a, "json") ? report_json : report_text)(&k, out);
    int code = faults.total ? EXIT_USAGE : EXIT_DONE;
    faults_free(&faults);
    faults_free(&warnings);
    dag_set_free(dags);
    dashboards_free(dashboards);
    declared_free(&declared);
    connector_list_free(&l);
    config_free(c);
    return code;
}

static int show(const struct arguments *a, struct buf *out)
{
    struct config *c = NULL;
    int rc = arguments_config(a, &c);
    if (rc == EXIT_DONE)
        config_show(c, arguments_flag(a, "json"), out);
    config_free(c);
    return rc;
}

int cmd_config(int argc, char **argv)
{
    struct arguments a;
    struct buf out;
    int rc = arguments_read(argc, argv, &a);
    if (rc != EXIT_DONE)
        return rc;
    buf_init(&out, 0);
    bool checking = strcmp(a.verb->name, "check") == 0;
    rc = checking ? check(&a, &out) : show(&a, &out);
    FILE *to = checking && rc != EXIT_DONE && !arguments_flag(&a, "json") ? stderr : stdout;
    (void)fputs(buf_cstr(&out), to);
    buf_free(&out);
    return rc;
}
