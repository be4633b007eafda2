/* What settings are taken apart with, on any text: patterns, connection strings, secrets. The first
 * byte says which. */
#include <regex.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/nearest.h"
#include "backend/base/pattern.h"
#include "backend/base/secret.h"
#include "backend/engine/connection.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { TEXT_MAX = 512 };

static void pattern(const char *text)
{
    struct buf out;
    struct errbuf e;
    buf_init(&out, 0);
    enum err rc = pattern_translate(text, strlen(text), &out, &e);
    if (rc == ERR_OK && (buf_cstr(&out)[0] != '^' || out.p[out.len - 1] != '$'))
        abort();
    buf_free(&out);
}

static void connection(const char *text)
{
    const struct connection_part parts[] = {
        {"Servername", "s;x"}, {"PWD", "a}b"}, {"UID", NULL}, {NULL, NULL}};
    const struct connection_part libpq[] = {{"host", "it's"}, {"password", "\\"}, {NULL, NULL}};
    struct jdbc_url url;
    struct buf once, twice;
    struct errbuf e;
    buf_init(&once, 0);
    buf_init(&twice, 0);
    if (connection_odbc(text, parts, &once, &e) == ERR_OK &&
        (connection_odbc(buf_cstr(&once), parts, &twice, &e) != ERR_OK ||
         strcmp(buf_cstr(&once), buf_cstr(&twice)) != 0)) /* put in again, nothing changes */
        abort();
    buf_clear(&once);
    buf_clear(&twice);
    if (connection_libpq(text, libpq, &once, &e) == ERR_OK &&
        (connection_libpq(buf_cstr(&once), libpq, &twice, &e) != ERR_OK ||
         strcmp(buf_cstr(&once), buf_cstr(&twice)) != 0))
        abort();
    if (connection_parse_jdbc(text, &url, &e) == ERR_OK && !url.server)
        abort();
    buf_free(&once);
    buf_free(&twice);
}

static void secret(const char *text)
{
    struct buf once, twice;
    buf_init(&once, 0);
    buf_init(&twice, 0);
    secret_mask(&once, text);
    secret_mask(&twice, buf_cstr(&once));
    buf_free(&once);
    buf_free(&twice);
    (void)secret_name(text);
    if (nearest_distance(text, text) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char text[TEXT_MAX + 1];
    if (n < 1 || n > TEXT_MAX)
        return 0;
    memcpy(text, data + 1, n - 1);
    text[n - 1] = '\0';
    switch (data[0] % 3) {
    case 0:
        pattern(text);
        break;
    case 1:
        connection(text);
        break;
    default:
        secret(text);
        break;
    }
    return 0;
}
