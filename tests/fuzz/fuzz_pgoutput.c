/*
 * The pgoutput decoder on any bytes: a sequence of messages, each with a two-byte length before it,
 * so that relations and the rows that use them come together. Every cell is read whole.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "backend/postgres/pgoutput.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile unsigned sink;

static void read_cells(const struct cell *cells, int n)
{
    for (int i = 0; cells && i < n; i++)
        if (cells[i].kind == CELL_TEXT)
            for (uint32_t k = 0; k < cells[i].len; k++)
                sink += (unsigned char)cells[i].p[k];
}

static void read_message(const struct pgoutput_message *m)
{
    if (m->relation) {
        sink += (unsigned)relation_fingerprint(m->relation);
        read_cells(m->before, m->relation->n_columns);
        read_cells(m->after, m->relation->n_columns);
    }
    for (int i = 0; i < m->n_truncated; i++)
        sink += m->truncated[i]->oid;
    for (uint32_t i = 0; i < m->message_len; i++)
        sink += (unsigned char)m->message[i];
    if (m->message_prefix)
        sink += (unsigned)strlen(m->message_prefix);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pgoutput *d = pgoutput_create(NULL, NULL);
    while (d && size >= 2) {
        size_t n = (size_t)data[0] << 8 | data[1];
        data += 2;
        size -= 2;
        if (n > size)
            n = size;
        char *exact = malloc(n ? n : 1); /* so that a read beyond the message is seen */
        if (!exact)
            break;
        memcpy(exact, data, n);
        struct pgoutput_message m;
        struct errbuf e;
        if (pgoutput_decode(d, exact, n, &m, &e) == ERR_OK)
            read_message(&m);
        free(exact);
        data += n;
        size -= n;
    }
    pgoutput_destroy(d);
    return 0;
}
