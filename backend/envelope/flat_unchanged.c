/*
 * The JSON that stands for an unchanged TOAST value, where it is not the placeholder's own text.
 *
 * A schema record of ours says it column by column. Without one the forms of a real Debezium are
 * looked for: one string in an array of strings, one byte string in an array of those, and one
 * element a byte of the placeholder in arrays of numbers, booleans and decimals. An hstore is a map
 * from the placeholder to itself.
 */
#include <string.h>

#include "backend/envelope/flat_plan.h"

/* UUID.nameUUIDFromBytes of the default placeholder: what an array of uuid holds. */
static const char DEFAULT_UUID[] = "b68a35a7-17ad-35b3-af2a-ae46edb4545a";

static void put_byte(struct buf *b, const char *item, const char *name, unsigned char byte)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char base64[] = {alphabet[byte >> 2], alphabet[(byte & 3) << 4], '=', '=', '\0'};
    if (strcmp(item, "boolean") == 0)
        buf_lit(b, "true");
    else if (strcmp(item, "float") == 0 || strcmp(item, "double") == 0)
        buf_printf(b, "%d.0", (signed char)byte);
    else if (strncmp(item, "int", 3) == 0)
        buf_printf(b, "%d", (signed char)byte);
    else if (name && strcmp(name, "io.debezium.data.VariableScaleDecimal") == 0)
        buf_printf(b, "{\"scale\":0,\"value\":\"%s\"}", base64);
    else
        buf_printf(b, "\"%s\"", base64);
}

static void put_array(struct buf *b, const struct flat_plan *p, const char *item, const char *name)
{
    bool decimal = name && strstr(name, "Decimal");
    if (strcmp(item, "string") == 0 && name && strcmp(name, "io.debezium.data.Uuid") == 0) {
        buf_json_string(b, DEFAULT_UUID, sizeof DEFAULT_UUID - 1);
    } else if (strcmp(item, "string") == 0) {
        buf_json_string(b, p->placeholder, p->placeholder_len);
    } else if (strcmp(item, "bytes") == 0 && !decimal) {
        buf_json_string(b, p->placeholder64, p->placeholder64_len);
    } else if (decimal || (strcmp(item, "struct") != 0 && strcmp(item, "array") != 0 &&
                           strcmp(item, "map") != 0)) {
        for (uint32_t i = 0; i < p->placeholder_len; i++) {
            buf_str(b, i ? "," : "");
            put_byte(b, item, name, (unsigned char)p->placeholder[i]);
        }
    }
}

void flat_unchanged_array(struct flat_builder *b, struct flat_type *t, const char *item,
                          const char *item_name)
{
    struct buf text;
    if (b->failed)
        return;
    buf_init(&text, 0);
    buf_ch(&text, '[');
    put_array(&text, b->plan, item, item_name);
    buf_ch(&text, ']');
    if (text.len > 2)
        flat_unchanged_set(b, t, text.p, text.len);
    b->failed |= buf_failed(&text);
    buf_free(&text);
}

void flat_unchanged_hstore(struct flat_builder *b, struct flat_type *t, bool as_string)
{
    struct buf inner, text;
    if (b->failed)
        return;
    buf_init(&inner, 0);
    buf_init(&text, 0);
    buf_ch(&inner, '{');
    buf_json_string(&inner, b->plan->placeholder, b->plan->placeholder_len);
    buf_ch(&inner, ':');
    buf_json_string(&inner, b->plan->placeholder, b->plan->placeholder_len);
    buf_ch(&inner, '}');
    if (as_string)
        buf_json_string(&text, inner.p, inner.len);
    else
        buf_add(&text, inner.p, inner.len);
    flat_unchanged_set(b, t, text.p, text.len);
    b->failed |= buf_failed(&inner) || buf_failed(&text);
    buf_free(&inner);
    buf_free(&text);
}

void flat_unchanged_forms(struct flat_builder *b)
{
    static const struct {
        const char *type;
        const char *name;
    } items[] = {{"string", NULL},
                 {"string", "io.debezium.data.Uuid"},
                 {"bytes", NULL},
                 {"int32", NULL},
                 {"double", NULL},
                 {"boolean", NULL},
                 {"bytes", "org.apache.kafka.connect.data.Decimal"},
                 {"struct", "io.debezium.data.VariableScaleDecimal"}};
    enum { N_ITEMS = sizeof items / sizeof *items };
    struct flat_type t[N_ITEMS + 2] = {0};
    if (b->failed)
        return;
    for (int i = 0; i < N_ITEMS; i++)
        flat_unchanged_array(b, &t[i], items[i].type, items[i].name);
    flat_unchanged_hstore(b, &t[N_ITEMS], false);
    flat_unchanged_hstore(b, &t[N_ITEMS + 1], true);
    struct cell *forms =
        b->failed ? NULL : arena_alloc(b->plan->arena, sizeof t / sizeof *t * sizeof *forms);
    b->failed |= !forms;
    for (int i = 0; forms && i < N_ITEMS + 2; i++)
        forms[i] = (struct cell){.p = t[i].unchanged, .len = t[i].unchanged_len, .kind = CELL_TEXT};
    b->plan->forms = forms;
    b->plan->n_forms = N_ITEMS + 2;
}

void flat_unchanged_set(struct flat_builder *b, struct flat_type *t, const char *json, size_t n)
{
    t->unchanged = flat_builder_copy(b, json, n);
    t->unchanged_len = t->unchanged ? (uint32_t)n : 0;
}
