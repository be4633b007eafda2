/*
 * COPY's text rows on any bytes. The first byte is the number of columns; the rest is one row. A
 * row that is accepted is written out again as COPY does it, and must parse to the same cells.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/buf.h"
#include "backend/postgres/copy_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CELLS_MAX = 256 };

static void write_cell(struct buf *b, const struct cell *c)
{
    static const char plain[] = "\b\f\n\r\t\v\\";
    static const char letters[] = "bfnrtv\\";
    if (c->kind == CELL_NULL) {
        buf_lit(b, "\\N");
        return;
    }
    for (uint32_t i = 0; i < c->len; i++) {
        const char *at = c->p[i] ? strchr(plain, c->p[i]) : NULL;
        if (at) {
            buf_ch(b, '\\');
            buf_ch(b, letters[at - plain]);
        } else {
            buf_ch(b, c->p[i]);
        }
    }
}

static void check_again(const struct cell *cells, int n)
{
    struct cell again[CELLS_MAX];
    struct buf b;
    buf_init(&b, 0);
    for (int i = 0; i < n; i++) {
        if (i)
            buf_ch(&b, '\t');
        write_cell(&b, &cells[i]);
    }
    buf_ch(&b, '\n');
    if (buf_failed(&b) || !copy_text_row(b.p, b.len, again, n))
        abort();
    for (int i = 0; i < n; i++)
        if (again[i].kind != cells[i].kind || again[i].len != cells[i].len ||
            (cells[i].len && memcmp(again[i].p, cells[i].p, cells[i].len) != 0))
            abort();
    buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cell cells[CELLS_MAX];
    if (!size)
        return 0;
    int n = data[0];
    size_t len = size - 1;
    char *line = malloc(len ? len : 1);
    if (!line)
        return 0;
    memcpy(line, data + 1, len);
    if (copy_text_row(line, len, cells, n))
        check_again(cells, n);
    free(line);
    return 0;
}
