/* flightdeck model docs: the page, with how fresh things are where the warehouse can be asked. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "backend/model/docs.h"
#include "backend/model/sql.h"
#include "backend/warehouse/warehouse.h"
#include "console/exit_codes.h"
#include "console/model_command.h"
#include "console/report.h"

enum { MOMENT = 19 }; /* 2026-11-24 12:04:31 */

static const char *moment(struct model *m, const struct cell *c)
{
    return c->kind == CELL_TEXT ? arena_copy(m->arena, c->p, c->len < MOMENT ? c->len : MOMENT)
                                : NULL;
}

static enum err read_loads(struct warehouse *w, struct model *m, struct model_freshness *out,
                           struct errbuf *e)
{
    const struct dialect *d = dialect_find(warehouse_dialect(w));
    struct warehouse_rows *rows = NULL;
    const struct cell *c;
    struct buf table;
    struct buf sql;
    buf_init(&table, 0);
    buf_init(&sql, 0);
    model_sql_table(&table, d, m->schema, "_flightdeck_loads", "");
    const struct sql_slot slot = {"loads", buf_cstr(&table)};
    sql_fill(&sql, model_query(d, "freshness"), &slot, 1);
    enum err rc = warehouse_begin(w, e);
    if (!rc)
        rc = warehouse_query(w, buf_cstr(&sql), 0, NULL, &rows, e);
    while (!rc && !(rc = warehouse_rows_next(rows, &c, e))) {
        struct errbuf unknown;
        char name[MODEL_NAME_MAX + 1];
        (void)snprintf(name, sizeof name, "%.*s", (int)c[0].len, c[0].p);
        int at = model_find_entity(m, name, &unknown);
        if (at < 0)
            continue;
        out[at].newest = c[3].p[0] == '1' ? moment(m, &c[1]) : NULL;
        out[at].loaded = moment(m, &c[2]);
    }
    warehouse_rows_close(rows);
    buf_free(&table);
    buf_free(&sql);
    return rc == ERR_NOT_FOUND ? ERR_OK : rc;
}

/* False: it is not known, and why says the reason. */
static bool read_freshness(struct model_command *c, struct model_freshness *out, struct errbuf *why)
{
    struct warehouse *w = NULL;
    if (!c->config || !c->config->warehouse.odbc) {
        (void)err_set(why, ERR_CONFIG, "no warehouse is configured");
        return false;
    }
    const struct warehouse_options o = {.odbc = c->config->warehouse.odbc,
                                        .dialect = config_dialect_word(c->config),
                                        .label = "flightdeck model"};
    enum err rc = warehouse_open(&o, &w, why);
    if (!rc)
        rc = read_loads(w, c->model, out, why);
    warehouse_close(w);
    if (rc == ERR_SQL)
        (void)err_set(why, rc, "dwh has not been made yet");
    else if (rc)
        (void)err_set(why, rc, "the warehouse cannot be reached");
    return !rc;
}

static int write_folder(const struct model_command *c, const char *dir, struct buf *page)
{
    struct errbuf e = {0};
    char path[4096];
    if (mkdir(dir, 0755) != 0 && errno != EEXIST)
        return command_fail(c->a, EXIT_FAILED, "cannot make the folder %s: %m", dir);
    (void)snprintf(path, sizeof path, "%s/model.md", dir);
    if (buf_check(page, "the page", &e))
        return report_error("model", &e);
    FILE *f = fopen(path, "we"); /* it is made, not written by hand */
    if (!f)
        return command_fail(c->a, EXIT_FAILED, "cannot write %s: %m", path);
    bool written = fwrite(page->p, 1, page->len, f) == page->len;
    if (fclose(f) != 0 || !written)
        return command_fail(c->a, EXIT_FAILED, "cannot write %s: %m", path);
    (void)fprintf(stderr, "wrote %s\n", path);
    return EXIT_DONE;
}

int model_docs(struct model_command *c)
{
    const char *dir = arguments_value(c->a, "out");
    struct model_freshness *fresh = calloc((size_t)c->model->n_entities + 1, sizeof *fresh);
    struct errbuf e = {0};
    struct errbuf why = {0};
    struct buf page;
    if (!fresh)
        return command_fail(c->a, EXIT_FAILED, "out of memory");
    buf_init(&page, 0);
    bool known = read_freshness(c, fresh, &why);
    enum err rc =
        model_docs_write(c->model, known ? fresh : NULL, known ? NULL : why.text, &page, &e);
    int code = rc                             ? report_error("model", &e)
               : dir && strcmp(dir, "stdout") ? write_folder(c, dir, &page)
                                              : model_print(&page);
    free(fresh);
    buf_free(&page);
    return code;
}
