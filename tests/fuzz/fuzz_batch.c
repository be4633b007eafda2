/* Any bytes as cells: what a batch gives back is what went in, in both dialects' forms. */
#include <stdint.h>
#include <stdlib.h>

#include "backend/warehouse/batch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROWS_MAX = 64 };

/* Cells are cut at the byte ';', an empty one is NULL. */
static int cut(const uint8_t *data, size_t size, struct cell *cells)
{
    int n = 0;
    for (size_t at = 0; at < size && n < ROWS_MAX; n++) {
        const uint8_t *end = memchr(data + at, ';', size - at);
        size_t len = end ? (size_t)(end - data) - at : size - at;
        cells[n] = (struct cell){.p = (const char *)data + at,
                                 .len = (uint32_t)len,
                                 .kind = len ? CELL_TEXT : CELL_NULL};
        at += len + 1;
    }
    return n;
}

static void check(const char *dialect, const struct cell *cells, int n)
{
    const struct wcolumn column = {.name = "v", .type = WT_TEXT};
    struct wbatch *b = wbatch_create(dialect, &column, 1);
    struct arena *a = arena_create(1 << 12);
    struct cell *got = NULL;
    struct cell kept[ROWS_MAX];
    struct errbuf e;
    int rows = 0;
    err_clear(&e);
    if (!b || !a)
        abort();
    for (int i = 0; i < n; i++) {
        enum err r = wbatch_add(b, &cells[i], &e);
        if (!r)
            kept[rows++] = cells[i];
        else if (r != ERR_DATA || !memchr(cells[i].p, 0, cells[i].len))
            abort();
    }
    if (wbatch_rows(b) != rows || (rows && batch_cells(b, 0, rows, a, &got, &e)))
        abort();
    for (int i = 0; i < rows; i++)
        if (got[i].kind != kept[i].kind || got[i].len != kept[i].len ||
            (got[i].len && memcmp(got[i].p, kept[i].p, got[i].len) != 0))
            abort();
    arena_destroy(a);
    wbatch_destroy(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cell cells[ROWS_MAX];
    int n = cut(data, size, cells);
    check("postgresql", cells, n);
    check("vertica", cells, n);
    return 0;
}
