/* Statements do not depend on how the text comes in, and nothing of it gets lost or made up. */
#include <stdint.h>
#include <stdlib.h>

#include "console/format.h"
#include "console/sql_lexer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void split(const char *p, size_t n, bool by_line, struct buf *out)
{
    struct sql_splitter s;
    sql_splitter_init(&s);
    for (size_t at = 0; at < n;) {
        const char *end = by_line ? memchr(p + at, '\n', n - at) : NULL;
        size_t piece = end ? (size_t)(end - p) - at + 1 : n - at;
        sql_splitter_add(&s, p + at, piece);
        at += piece;
        while (sql_splitter_next(&s, at == n, out))
            buf_ch(out, ';');
    }
    sql_splitter_free(&s);
}

static const char *find(void *arg, const char *name)
{
    (void)arg;
    return *name == 'v' ? "value" : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *p = (const char *)data;
    struct buf whole;
    struct buf lines;
    char word[16];
    buf_init(&whole, 0);
    buf_init(&lines, 0);
    split(p, size, false, &whole);
    split(p, size, true, &lines);
    if (whole.len != lines.len || (whole.len && memcmp(whole.p, lines.p, whole.len) != 0))
        abort();
    if (whole.len > size + 1)
        abort();
    buf_clear(&lines);
    sql_substitute(p, size, find, NULL, &lines);
    buf_clear(&whole);
    format_visible(&whole, p, size);
    for (size_t i = 0; i < whole.len; i++)
        if ((unsigned char)whole.p[i] < 0x20 || whole.p[i] == 0x7f)
            abort();
    (void)sql_word(buf_cstr(&whole), word, sizeof word);
    buf_free(&whole);
    buf_free(&lines);
    return 0;
}
