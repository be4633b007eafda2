/* A topic's bytes on their way to a terminal: whatever they are, none that a terminal acts on gets
 * through, and what is printed as JSON is JSON. */
#include <jansson.h>
#include <locale.h>
#include <stdint.h>
#include <stdlib.h>

#include "backend/kafka/reader.h"
#include "console/topic_print.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_visible(const struct buf *b, bool tabs)
{
    for (size_t i = 0; i < b->len; i++) {
        unsigned char c = (unsigned char)b->p[i];
        unsigned char next = i + 1 < b->len ? (unsigned char)b->p[i + 1] : 0;
        if ((c < 0x20 && c != '\n' && !(tabs && c == '\t')) || c == 0x7f ||
            (c == 0xc2 && next >= 0x80 && next < 0xa0))
            abort();
    }
}

static void check_json(const struct buf *b)
{
    json_error_t why;
    json_t *j = json_loadb(b->p, b->len, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, &why);
    if (!j)
        abort();
    json_decref(j);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool ready;
    struct buf out;
    if (!ready)
        ready = setlocale(LC_CTYPE, "C.UTF-8") != NULL;
    size_t key = size ? data[0] % size : 0;
    const struct kafka_record r = {.topic = "t",
                                   .timestamp_ms = (int64_t)size - 1,
                                   .key = key ? data + 1 : NULL,
                                   .key_len = key,
                                   .value = size ? data + 1 + key : NULL,
                                   .value_len = size ? size - 1 - key : 0};
    buf_init(&out, 0);
    for (int form = TOPIC_LINE; form <= TOPIC_EYE; form++) {
        buf_clear(&out);
        topic_print(&r, (enum topic_form)form, true, &out);
        check_visible(&out, form == TOPIC_LINE);
    }
    buf_clear(&out);
    topic_print(&r, TOPIC_JSON, false, &out);
    check_json(&out);
    (void)kafka_record_key_is(&r, "17");
    buf_free(&out);
    return 0;
}
