/* What the schema table yields for readers: `config show` and the reference page. */
#include <inttypes.h>
#include <string.h>

#include "backend/base/secret.h"
#include "backend/engine/config.h"

/* A masked text as a JSON string, which is a YAML string too; ${ is kept from being a variable. */
static void write_text(struct buf *out, const char *text, int flags, bool json)
{
    struct buf masked;
    buf_init(&masked, 0);
    if (flags & KEY_SECRET)
        buf_lit(&masked, SECRET_MASK);
    else if (flags & KEY_CONNECTION)
        secret_mask(&masked, text);
    else
        buf_str(&masked, text);
    if (!json && strstr(buf_cstr(&masked), "${")) {
        struct buf escaped;
        buf_init(&escaped, 0);
        for (const char *p = buf_cstr(&masked); *p; p++)
            if (p[0] == '$' && p[1] == '{')
                buf_lit(&escaped, "$$");
            else
                buf_ch(&escaped, *p);
        buf_json_string(out, escaped.p, escaped.len);
        buf_free(&escaped);
    } else {
        buf_json_string(out, masked.p ? masked.p : "", masked.len);
    }
    buf_free(&masked);
}

static void write_strings(struct buf *out, const char *const *items, bool pairs, bool json)
{
    buf_ch(out, pairs ? '{' : '[');
    for (int i = 0; items && items[i]; i += pairs ? 2 : 1) {
        buf_str(out, i ? ", " : "");
        if (!pairs) {
            write_text(out, items[i], KEY_CONNECTION, json);
            continue;
        }
        buf_json_string(out, items[i], strlen(items[i]));
        buf_lit(out, ": ");
        write_text(out, items[i + 1], secret_name(items[i]) ? KEY_SECRET : KEY_CONNECTION, json);
    }
    buf_ch(out, pairs ? '}' : ']');
}

static void write_value(struct buf *out, const struct config *c, const struct key_spec *spec,
                        bool json)
{
    const char *field = (const char *)c + spec->offset;
    switch (spec->type) {
    case KEY_INT:
    case KEY_BYTES: {
        int64_t v;
        memcpy(&v, field, sizeof v);
        buf_i64(out, v);
        break;
    }
    case KEY_BOOL: {
        bool v;
        memcpy(&v, field, sizeof v);
        buf_str(out, v ? "true" : "false");
        break;
    }
    case KEY_ENUM: {
        int v;
        memcpy(&v, field, sizeof v);
        write_text(out, spec->words[v], 0, json);
        break;
    }
    case KEY_LIST:
    case KEY_MAP: {
        const char *const *v;
        memcpy(&v, field, sizeof v);
        write_strings(out, v, spec->type == KEY_MAP, json);
        break;
    }
    default: {
        const char *v;
        memcpy(&v, field, sizeof v);
        if (v)
            write_text(out, v, spec->flags, json);
        else
            buf_lit(out, "null");
        break;
    }
    }
}

/* The length of the section's name before the dot; 0 for a key of the top level. */
static size_t section_length(const char *name)
{
    const char *dot = strchr(name, '.');
    return dot ? (size_t)(dot - name) : 0;
}

static void show_json(const struct config *c, struct buf *out)
{
    int n;
    const struct key_spec *schema = config_schema(&n);
    buf_lit(out, "{\"file\":");
    buf_json_string(out, c->file, strlen(c->file));
    for (int i = 0; i < n; i++) {
        const char *name = schema[i].name;
        size_t k = section_length(name);
        bool same = k && i && strncmp(schema[i - 1].name, name, k + 1) == 0;
        if (k && !same) {
            buf_ch(out, ',');
            buf_json_string(out, name, k);
            buf_lit(out, ":{");
        } else {
            buf_ch(out, ',');
        }
        const char *last = k ? name + k + 1 : name;
        buf_json_string(out, last, strlen(last));
        buf_ch(out, ':');
        write_value(out, c, &schema[i], true);
        if (k && (i + 1 == n || strncmp(schema[i + 1].name, name, k + 1) != 0))
            buf_ch(out, '}');
    }
    buf_lit(out, "}\n");
}

void config_show(const struct config *c, bool json, struct buf *out)
{
    if (json) {
        show_json(c, out);
        return;
    }
    int n;
    const struct key_spec *schema = config_schema(&n);
    buf_printf(out, "# %s, with defaults; secrets are shown as %s\n", c->file, SECRET_MASK);
    for (int i = 0; i < n; i++) {
        const char *name = schema[i].name;
        size_t k = section_length(name);
        if (k && (!i || strncmp(schema[i - 1].name, name, k + 1) != 0))
            buf_printf(out, "%.*s:\n", (int)k, name);
        buf_printf(out, "%s%s: ", k ? "  " : "", k ? name + k + 1 : name);
        write_value(out, c, &schema[i], false);
        buf_ch(out, '\n');
    }
}

void config_reference(struct buf *out)
{
    int n;
    const struct key_spec *schema = config_schema(&n);
    buf_lit(out, "| key | type | default | what it does |\n|---|---|---|---|\n");
    for (int i = 0; i < n; i++) {
        buf_printf(out, "| `%s` | ", schema[i].name);
        key_describe_type(&schema[i], out);
        buf_str(out, " | ");
        if (schema[i].def)
            buf_printf(out, "`%s`", schema[i].def);
        buf_printf(out, " | %s |\n", schema[i].help);
    }
}
