/*
 * Fuzzer of the console's screen: an engine's answer of any content, keystrokes of any order, a
 * size; whatever they are, a frame is drawn and no control character is in it.
 */
#include <locale.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "views/report.h"
#include "views/screen.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { HEAD = 4, KEYS_MAX = 24 }; /* rows, columns, how many keys, flags */

static void check_frame(struct screen *s)
{
    struct grid g;
    struct errbuf e;
    if (grid_init(&g, s->h, s->w, s->ascii, &e) != ERR_OK)
        abort();
    screen_render(s, &g);
    for (int i = 0; i < g.h * g.w; i++) {
        wchar_t c = g.cells[i].ch[0];
        if (g.cells[i].width && (c < 0x20 || (c >= 0x7f && c < 0xa0)))
            abort();
    }
    grid_free(&g);
}

static void take(struct screen *s, const json_t *json)
{
    struct snapshot *snapshot;
    struct errbuf e;
    if (snapshot_from_json(json, &snapshot, &e) == ERR_OK) {
        struct buf out;
        buf_init(&out, 0);
        report_changes(s->snapshot, snapshot, &out);
        buf_free(&out);
        screen_take_snapshot(s, snapshot);
    }
    if (screen_take_events(s, json, &e) != ERR_OK || screen_take_config(s, json, &e) != ERR_OK)
        abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return setlocale(LC_CTYPE, "C.UTF-8") ? 0 : 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct screen s;
    struct effect effect;
    if (n < HEAD)
        return 0;
    size_t keys = data[2] % KEYS_MAX;
    screen_init(&s, data[0] % 64, data[1] % 160, (enum glyphs)(data[3] % 3), (data[3] & 4) != 0);
    s.now_us = 1000000;
    if (keys > n - HEAD)
        keys = n - HEAD;
    json_t *json =
        json_loadb((const char *)data + HEAD + keys, n - HEAD - keys, JSON_ALLOW_NUL, NULL);
    take(&s, json);
    for (size_t i = 0; i < keys; i++) {
        screen_key(&s, data[HEAD + i] < 0xf0 ? data[HEAD + i] : VK_UP + (data[HEAD + i] & 15),
                   &effect);
        s.now_us += 700000;
        check_frame(&s);
        if (data[HEAD + i] == 'Z')
            take(&s, json);
    }
    json_decref(json);
    screen_free(&s);
    return 0;
}
