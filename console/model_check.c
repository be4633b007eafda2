/* flightdeck model check: the file, then against the source's catalog, or, where that cannot be
 * reached, against the raw tables. Exit 0 good, 2 faults. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/engine/model_source.h"
#include "backend/model/check.h"
#include "backend/model/diagram.h"
#include "backend/warehouse/warehouse.h"
#include "console/exit_codes.h"
#include "console/model_command.h"

struct checked {
    struct faults faults, warnings;
    const char *with; /* "the source", "raw"; NULL: with nothing */
    int n;            /* tables compared */
    char why[ERRBUF_TEXT_MAX + 64];
};

static void not_compared(struct checked *r, const char *what, const char *why)
{
    size_t at = strlen(r->why);
    (void)snprintf(r->why + at, sizeof r->why - at, "%s%s: %s", at ? "; " : "", what, why);
}

static bool with_source(struct model_command *c, struct checked *r)
{
    const char *conninfo = c->a->words[0];
    struct model_source *source = NULL;
    struct errbuf e = {0};
    if (!conninfo && !c->config) {
        not_compared(r, "not compared", "no configuration, and no connection string is given");
        return false;
    }
    const struct model_source_options o = {.conninfo = conninfo, .config = c->config};
    if (model_source_read(&o, &source, &e)) {
        not_compared(r, "not compared with the source", e.text);
        return false;
    }
    r->with = "the source";
    r->n = source->catalog.n_tables;
    model_check_source(c->model, &source->catalog, &r->faults, &r->warnings);
    model_source_free(source);
    return true;
}

static void with_raw(struct model_command *c, struct checked *r)
{
    struct warehouse *w = NULL;
    struct errbuf e = {0};
    if (!c->config || !c->config->warehouse.odbc)
        return;
    const struct warehouse_options o = {.odbc = c->config->warehouse.odbc,
                                        .dialect = config_dialect_word(c->config),
                                        .label = "flightdeck model"};
    enum err rc = warehouse_open(&o, &w, &e);
    for (int i = 0; i < c->model->n_entities && !rc; i++) {
        struct wcolumn *columns = NULL;
        int n = 0;
        rc = warehouse_table_columns(w, c->config->warehouse.schema, c->model->entities[i].raw,
                                     &columns, &n, &e);
        if (!rc)
            model_check_raw(c->model, i, config_dialect_word(c->config), columns, n, &r->faults,
                            &r->warnings);
        r->n += !rc && n > 0;
        free(columns);
    }
    if (rc)
        not_compared(r, "not compared with raw", e.text);
    else
        r->with = "raw";
    warehouse_close(w);
}

static void list_text(struct buf *out, const struct faults *f, const char *before)
{
    for (int i = 0; i < f->n; i++)
        buf_printf(out, "%s%s\n", before, f->items[i]);
    if (f->total > f->n)
        buf_printf(out, "%s.. and %d more\n", before, f->total - f->n);
}

static void report_text(const struct model_command *c, const struct checked *r, struct buf *out)
{
    list_text(out, &r->faults, "");
    list_text(out, &r->warnings, "warning: ");
    if (r->why[0])
        buf_printf(out, "%s\n", r->why);
    if (r->faults.total) {
        buf_printf(out, "%d fault%s\n", r->faults.total, r->faults.total == 1 ? "" : "s");
        return;
    }
    buf_printf(out, "%s: good; ", c->file);
    model_sizes(c->model, out);
    if (r->with)
        buf_printf(out, "; compared with %s (%d table%s)", r->with, r->n, r->n == 1 ? "" : "s");
    buf_ch(out, '\n');
}

static void list_json(struct buf *out, const char *name, const struct faults *f)
{
    buf_printf(out, "\"%s\":[", name);
    for (int i = 0; i < f->n; i++) {
        buf_str(out, i ? "," : "");
        buf_json_string(out, f->items[i], strlen(f->items[i]));
    }
    buf_ch(out, ']');
}

static void text_json(struct buf *out, const char *name, const char *text)
{
    buf_printf(out, ",\"%s\":", name);
    if (text && text[0])
        buf_json_string(out, text, strlen(text));
    else
        buf_lit(out, "null");
}

static void report_json(const struct model_command *c, const struct checked *r, struct buf *out)
{
    buf_printf(out, "{\"ok\":%s", r->faults.total ? "false" : "true");
    text_json(out, "file", c->file);
    text_json(out, "compared_with", r->with);
    text_json(out, "not_compared", r->why);
    buf_ch(out, ',');
    list_json(out, "faults", &r->faults);
    buf_ch(out, ',');
    list_json(out, "warnings", &r->warnings);
    buf_lit(out, "}\n");
}

int model_check(struct model_command *c)
{
    struct checked r = {.with = NULL};
    struct errbuf e = {0};
    struct buf out;
    int code = EXIT_DONE;
    faults_init(&r.faults);
    faults_init(&r.warnings);
    buf_init(&out, 0);
    enum err rc = model_load_faults(c->file, &c->model, &r.faults, &e);
    if (rc && !r.faults.total)
        faults_add(&r.faults, NULL, 0, "%s", e.text);
    if (!rc && !with_source(c, &r))
        with_raw(c, &r);
    (arguments_flag(c->a, "json") ? report_json : report_text)(c, &r, &out);
    if (r.faults.total)
        code = EXIT_USAGE;
    if (code && !arguments_flag(c->a, "json"))
        (void)fputs(buf_cstr(&out), stderr);
    else if (model_print(&out))
        code = EXIT_FAILED;
    faults_free(&r.faults);
    faults_free(&r.warnings);
    buf_free(&out);
    return code;
}
