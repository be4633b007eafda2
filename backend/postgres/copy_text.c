#include "backend/postgres/copy_text.h"

#include <string.h>

/* In place; returns the new length, or -1 when the value ends inside an escape. */
static ptrdiff_t unescape(char *p, size_t n)
{
    char *out = memchr(p, '\\', n);
    const char *end = p + n;
    if (!out)
        return (ptrdiff_t)n;
    for (const char *s = out; s < end; s++) {
        if (*s != '\\') {
            *out++ = *s;
            continue;
        }
        if (++s == end)
            return -1;
        switch (*s) {
        case 'b':
            *out++ = '\b';
            break;
        case 'f':
            *out++ = '\f';
            break;
        case 'n':
            *out++ = '\n';
            break;
        case 'r':
            *out++ = '\r';
            break;
        case 't':
            *out++ = '\t';
            break;
        case 'v':
            *out++ = '\v';
            break;
        default: /* the backslash itself; COPY TO writes no others */
            *out++ = *s;
        }
    }
    return out - p;
}

bool copy_text_row(char *line, size_t n, struct cell *cells, int n_cells)
{
    if (!n || line[n - 1] != '\n' || n - 1 > UINT32_MAX)
        return false;
    char *p = line;
    char *end = line + n - 1;
    bool escapes = memchr(p, '\\', n) != NULL;
    if (!n_cells)
        return p == end;
    for (int i = 0; i < n_cells; i++) {
        char *tab = memchr(p, '\t', (size_t)(end - p));
        char *stop = tab ? tab : end;
        size_t len = (size_t)(stop - p);
        if ((i == n_cells - 1) != !tab)
            return false;
        if (escapes && len == 2 && p[0] == '\\' && p[1] == 'N') {
            cells[i] = (struct cell){.kind = CELL_NULL};
        } else {
            if (escapes) {
                ptrdiff_t k = unescape(p, len);
                if (k < 0)
                    return false;
                len = (size_t)k;
            }
            cells[i] = (struct cell){.p = p, .len = (uint32_t)len, .kind = CELL_TEXT};
        }
        p = stop + 1;
    }
    return true;
}
