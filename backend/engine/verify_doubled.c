/* Is a record in raw twice? A state by key hides that: the newest row wins, however many there are.
 */
#include <stdlib.h>
#include <string.h>

#include "backend/engine/verify_run.h"
#include "backend/warehouse/dialect.h"
#include "queries/queries.h"

static bool has_column(const struct verify *v, const struct wcolumn *columns, int n,
                       const char *name)
{
    const struct dialect *d = dialect_find(v->o->dialect);
    for (int i = 0; i < n; i++)
        if (d ? dialect_same_name(d, columns[i].name, name) : !strcmp(columns[i].name, name))
            return true;
    return false;
}

enum err verify_doubled(struct verify *v, const struct wcolumn *columns, int n,
                        struct verify_table *out, struct errbuf *e)
{
    static const char *const telling[] = {"source_schema", "source_table", "source_lsn", "ts_ms"};
    struct warehouse_rows *rows = NULL;
    const struct cell *cells;
    struct buf table;
    struct buf more;
    struct buf sql;
    if (!has_column(v, columns, n, "_partition") || !has_column(v, columns, n, "_offset"))
        return ERR_OK; /* somebody else's table */
    buf_init(&table, 0);
    buf_init(&more, 0);
    buf_init(&sql, 0);
    dialect_ident(&table, dialect_find(v->o->dialect), out->raw_schema);
    buf_ch(&table, '.');
    dialect_ident(&table, dialect_find(v->o->dialect), out->raw_table);
    for (size_t i = 0; i < sizeof telling / sizeof *telling; i++)
        if (has_column(v, columns, n, telling[i]))
            buf_printf(&more, ", %s", telling[i]);
    const struct sql_slot slots[] = {{"table", buf_cstr(&table)}, {"more", buf_cstr(&more)}};
    sql_fill(&sql, query_text("verify/doubled"), slots, 2);
    enum err rc = buf_check(&sql, "a query", e);
    if (!rc)
        rc = warehouse_query(v->warehouse, buf_cstr(&sql), 0, NULL, &rows, e);
    while (!rc && (rc = warehouse_rows_next(rows, &cells, e)) == ERR_OK) {
        if (!out->doubled++) {
            out->doubled_partition = (int32_t)cell_int64(&cells[0]);
            out->doubled_offset = cell_int64(&cells[1]);
        }
    }
    warehouse_rows_close(rows);
    buf_free(&table);
    buf_free(&more);
    buf_free(&sql);
    return rc == ERR_NOT_FOUND ? ERR_OK : rc;
}
