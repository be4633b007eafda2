#include "backend/engine/packed_json.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { TEXT_MAX_BYTES = 64 << 20 /* of what is unpacked */ };

void *packed_json_make(const json_t *value, int digits, size_t *n)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(digits));
    if (!text)
        return NULL;
    uint32_t length = (uint32_t)strlen(text);
    uLongf room = compressBound(length);
    unsigned char *body = malloc(sizeof length + room);
    int rc = body
                 ? compress2(body + sizeof length, &room, (const Bytef *)text, length, Z_BEST_SPEED)
                 : Z_MEM_ERROR;
    free(text);
    if (rc != Z_OK || room > PACKED_JSON_MAX) {
        free(body);
        return NULL;
    }
    memcpy(body, &length, sizeof length);
    *n = sizeof length + room;
    return body;
}

json_t *packed_json_open(const void *body, size_t n)
{
    uint32_t length;
    if (n <= sizeof length)
        return NULL;
    memcpy(&length, body, sizeof length);
    uLongf room = length;
    char *text = length <= TEXT_MAX_BYTES ? malloc((size_t)length + 1) : NULL;
    json_t *j = NULL;
    if (text && uncompress((Bytef *)text, &room, (const Bytef *)body + sizeof length,
                           (uLong)(n - sizeof length)) == Z_OK)
        j = json_loadb(text, room, 0, NULL);
    free(text);
    return j;
}
