/*
 * Fuzzer of the console's screen: an engine's answer of any content, keystrokes of any order, a
 * size; whatever they are, a frame is drawn and no control character is in it.
 */
#include <locale.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "views/pane.h"
#include "views/report.h"
#include "views/screen.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { HEAD = 4, KEYS_MAX = 24, ASKS_MAX = 8 }; /* rows, columns, how many keys, flags */

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
    if (screen_take_events(s, json, &e) != ERR_OK)
        abort();
}

/* Whatever is asked is answered: by the member of the method's name, else by all of it. */
static void answer(struct screen *s, const json_t *json, bool fails)
{
    struct ask ask;
    for (int i = 0; i < ASKS_MAX && screen_ask(s, i, &ask); i++) {
        const json_t *part = json_object_get(json, ask.method);
        const struct answer a = {ask.method, ask.params, fails ? ERR_CONNECT : ERR_OK,
                                 part ? part : json, fails ? "it says why" : ""};
        screen_take_answer(s, &a, NULL);
        json_decref(ask.params);
    }
}

static void press(struct screen *s, const json_t *json, uint32_t key)
{
    struct effect effect;
    screen_key(s, key, &effect);
    if (effect.kind == EFFECT_CALL) {
        const struct answer a = {effect.method, effect.params, ERR_OK, json, ""};
        screen_take_answer(s, &a, effect.label);
    }
    effect_free(&effect);
}

static void point(struct screen *s, uint8_t b)
{
    struct effect effect;
    screen_mouse(s, (enum mouse_event)(b & 3), s->h ? b * 7 % s->h : 0, s->w ? b * 13 % s->w : 0,
                 &effect);
    effect_free(&effect);
}

/* What is shown as a file: whatever it is, it is JSON. */
static void export_all(struct screen *s)
{
    static const char keys[] = "x\x15"
                               "a.json\r";
    struct effect effect = {0};
    for (const char *k = keys; *k; k++) {
        effect_free(&effect);
        screen_key(s, (uint32_t)(unsigned char)*k, &effect);
    }
    if (effect.kind == EFFECT_SAVE) {
        json_t *v = json_loadb(effect.text, effect.text_len, JSON_ALLOW_NUL, NULL);
        if (!v)
            abort();
        json_decref(v);
    }
    effect_free(&effect);
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
    struct errbuf e;
    if (n < HEAD)
        return 0;
    size_t keys = data[2] % KEYS_MAX;
    if (screen_init(&s, data[0] % 64, data[1] % 160, (enum glyphs)(data[3] % 3), (data[3] & 4) != 0,
                    &e) != ERR_OK)
        abort();
    s.colours = (enum colours)(data[3] >> 4 & 3);
    s.now_us = 1000000;
    if (keys > n - HEAD)
        keys = n - HEAD;
    json_t *json =
        json_loadb((const char *)data + HEAD + keys, n - HEAD - keys, JSON_ALLOW_NUL, NULL);
    take(&s, json);
    for (size_t i = 0; i < keys; i++) {
        if (data[HEAD + i] >= 0xe0 && data[HEAD + i] < 0xf0)
            point(&s, data[HEAD + i]);
        else
            press(&s, json, data[HEAD + i] < 0xf0 ? data[HEAD + i] : VK_UP + (data[HEAD + i] & 15));
        answer(&s, json, data[HEAD + i] == 'F');
        s.now_us += 700000;
        check_frame(&s);
        if (data[HEAD + i] == 'Z')
            take(&s, json);
        if (data[HEAD + i] == 'X')
            export_all(&s);
    }
    json_decref(json);
    screen_free(&s);
    return 0;
}
