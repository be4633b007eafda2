/*
 * Reading one connector.
 *
 * JSON -> settings with lines -> each looked up in the table of its kind -> fields -> the typed
 * struct (connector_source.c, connector_sink.c). Whatever does not fit is a fault, and reading goes
 * on, so that several are reported at once.
 */
#include "backend/engine/connector_config.h"

#include <libgen.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/interpolate.h"
#include "backend/base/nearest.h"
#include "backend/base/pattern.h"
#include "backend/base/secret.h"
#include "backend/engine/connector_keys.h"
#include "backend/engine/connector_reader.h"

static const struct {
    const char *name;
    enum connector_kind kind;
} classes[] = {
    {"io.debezium.connector.postgresql.PostgresConnector", CONNECTOR_SOURCE},
    {"io.confluent.vertica.VerticaSinkConnector", CONNECTOR_SINK},
    {"io.confluent.connect.vertica.VerticaSinkConnector", CONNECTOR_SINK},
    {"io.confluent.connect.jdbc.JdbcSinkConnector", CONNECTOR_SINK},
    {"io.debezium.connector.jdbc.JdbcSinkConnector", CONNECTOR_SINK},
};
enum { N_CLASSES = sizeof classes / sizeof classes[0] };

const struct key_spec *connector_keys(enum connector_kind kind, int *n)
{
    return kind == CONNECTOR_SOURCE ? connector_keys_source(n) : connector_keys_sink(n);
}

/* ---- what the reading files share ---- */

const struct connector_setting *reader_setting(const struct reader *r, const char *key)
{
    for (int i = 0; i < r->json.n; i++)
        if (strcmp(r->json.items[i].name, key) == 0)
            return &r->json.items[i];
    return NULL;
}

void reader_fault(struct reader *r, const char *key, const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    const struct connector_setting *s = reader_setting(r, key);
    faults_add(r->faults, r->file, s ? s->line : 0, "%s: %s", key, text);
}

void reader_warn(struct reader *r, const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (r->k->n_warnings < CONNECTOR_WARNINGS_MAX)
        r->warnings[r->k->n_warnings++] = reader_copy(r, text, strlen(text));
}

const char *reader_copy(struct reader *r, const char *text, size_t n)
{
    const char *copy = arena_copy(r->arena, text, n);
    if (!copy)
        faults_add(r->faults, r->file, 0, "out of memory");
    return copy ? copy : "";
}

const char *reader_join(struct reader *r, const char *a, const char *b)
{
    struct buf out;
    buf_init(&out, 0);
    buf_printf(&out, "%s%s", a, b);
    const char *copy = reader_copy(r, buf_cstr(&out), out.len);
    buf_free(&out);
    return copy;
}

const char *reader_expand(struct reader *r, const struct connector_setting *s,
                          const char *const *keep)
{
    struct interpolate in = {
        .variables = r->config->variables, .directory = r->config->directory, .keep = keep};
    char folder[4096];
    if (r->file && strlen(r->file) < sizeof folder) {
        strcpy(folder, r->file);
        in.directory = dirname(folder);
    }
    struct buf out;
    struct errbuf e;
    buf_init(&out, 0);
    const char *value = NULL;
    if (interpolate(&in, s->value, &out, &e) != ERR_OK)
        reader_fault(r, s->name, "%s", e.text);
    else
        value = reader_copy(r, buf_cstr(&out), out.len);
    buf_free(&out);
    return value;
}

/* ---- one connector ---- */

static bool read_class(struct reader *r)
{
    const struct connector_setting *s = reader_setting(r, "connector.class");
    if (!s) {
        faults_add(r->faults, r->file, 0,
                   "`connector.class` is missing: it says what the "
                   "connector is, e.g. %s",
                   classes[0].name);
        return false;
    }
    r->k->class_name = s->value;
    /* Connect takes the simple name as well as the whole one. */
    struct nearest near;
    nearest_start(&near, s->value);
    for (int i = 0; i < N_CLASSES; i++) {
        const char *simple = strrchr(classes[i].name, '.') + 1;
        nearest_offer(&near, classes[i].name);
        if (strcmp(s->value, classes[i].name) == 0 || strcmp(s->value, simple) == 0) {
            r->k->kind = classes[i].kind;
            return true;
        }
    }
    char hint[160];
    reader_fault(r, "connector.class",
                 "`%s` is not known here%s: the source is %s, a sink %s, %s or %s", s->value,
                 nearest_hint(&near, hint, sizeof hint), classes[0].name, classes[1].name,
                 classes[3].name, classes[4].name);
    return false;
}

static void refuse(struct reader *r, const struct key_spec *spec, const struct connector_setting *s)
{
    if (s->value[0] == '\0')
        return;
    reader_fault(r, s->name, "is not done here: %s; take it out", spec->help);
}

static void check_fixed(struct reader *r, const struct key_spec *spec,
                        const struct connector_setting *s)
{
    if (key_word_index(spec->words, s->value) >= 0)
        return;
    struct buf known;
    buf_init(&known, 512);
    for (int i = 0; spec->words[i]; i++)
        buf_printf(&known, "%s%s", i ? ", " : "", spec->words[i]);
    reader_fault(r, s->name, "`%.100s` is not done here, only: %s", s->value, buf_cstr(&known));
    buf_free(&known);
}

static void read_setting(struct reader *r, const struct key_spec *keys, int n, void *fields,
                         const struct connector_setting *s)
{
    static const char *const templates[] = {"topic", "source.schema", "source.table", NULL};
    const struct key_spec *spec = key_find(keys, n, s->name);
    char hint[256];
    if (!spec) {
        key_hint(keys, n, s->name, hint, sizeof hint);
        faults_add(r->faults, r->file, s->line, "unknown key `%s`%s", s->name, hint);
        return;
    }
    if (spec->effect == EFFECT_NONE) {
        reader_warn(r, "`%s` has no effect here: %s", s->name, spec->help);
    } else if (spec->effect == EFFECT_REFUSED) {
        refuse(r, spec, s);
    } else if (spec->effect == EFFECT_FIXED) {
        check_fixed(r, spec, s);
    } else if (spec->effect == EFFECT_HONOURED) {
        const char *value = reader_expand(r, s, spec->flags & KEY_TEMPLATE ? templates : NULL);
        struct buf why;
        buf_init(&why, 0);
        if (value && key_store(spec, fields, value, r->config->directory, r->arena, &why) != ERR_OK)
            reader_fault(r, s->name, "%s", buf_cstr(&why));
        buf_free(&why);
    }
}

static void read_defaults(struct reader *r, const struct key_spec *keys, int n, void *fields)
{
    static const char *const none[] = {NULL};
    for (int i = 0; i < n; i++) {
        if (keys[i].effect != EFFECT_HONOURED)
            continue;
        if (keys[i].type == KEY_LIST) {
            const char *const *empty = none;
            memcpy((char *)fields + keys[i].offset, &empty, sizeof empty);
        }
        struct buf why;
        buf_init(&why, 0);
        if (keys[i].def && key_store(&keys[i], fields, keys[i].def, NULL, r->arena, &why) != ERR_OK)
            reader_fault(r, keys[i].name, "%s", buf_cstr(&why));
        buf_free(&why);
    }
}

static void read_settings(struct reader *r, void *fields)
{
    int n;
    const struct key_spec *keys = connector_keys(r->k->kind, &n);
    read_defaults(r, keys, n, fields);
    for (int i = 0; i < r->json.n; i++)
        read_setting(r, keys, n, fields, &r->json.items[i]);
    for (int i = 0; i < n; i++)
        if (keys[i].flags & KEY_REQUIRED && !reader_setting(r, keys[i].name) &&
            !(keys[i].alias && reader_setting(r, keys[i].alias)))
            faults_add(r->faults, r->file, 0, "`%s` is missing: %s", keys[i].name, keys[i].help);
    for (int i = 0; i < r->json.n_doubles; i++)
        reader_warn(r, "`%s` is given twice: the last one counts", r->json.doubles[i]);
}

static void keep_settings(struct reader *r)
{
    const char **pairs = arena_alloc(r->arena, ((size_t)r->json.n * 2 + 1) * sizeof *pairs);
    if (!pairs) {
        faults_add(r->faults, r->file, 0, "out of memory");
        return;
    }
    int k = 0;
    for (int i = 0; i < r->json.n; i++) {
        if (strcmp(r->json.items[i].name, "name") == 0)
            continue;
        pairs[k++] = r->json.items[i].name;
        pairs[k++] = r->json.items[i].value;
    }
    pairs[k] = NULL;
    r->k->settings = pairs;
}

static void read_name(struct reader *r, const char *given)
{
    const struct connector_setting *inner = reader_setting(r, "name");
    const char *name = r->json.name ? r->json.name : inner ? inner->value : given;
    if (r->json.name && inner && strcmp(r->json.name, inner->value) != 0)
        reader_fault(r, "name", "is `%s` outside and `%s` inside `config`", r->json.name,
                     inner->value);
    if (!name || !name[0])
        faults_add(r->faults, r->file, 0, "`name` is missing");
    else if (strlen(name) > 200 || name[strcspn(name, "/\n\r\t")])
        faults_add(r->faults, r->file, 0, "name: must be up to 200 characters without /");
    else
        r->k->name = reader_copy(r, name, strlen(name));
}

static enum err create(const char *file, struct connector **out, struct errbuf *e)
{
    static const char *const none[] = {NULL};
    struct arena *a = arena_create(8192);
    struct connector *k = a ? arena_alloc(a, sizeof *k) : NULL;
    if (!k) {
        arena_destroy(a);
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    memset(k, 0, sizeof *k);
    k->arena = a;
    k->settings = none;
    k->name = "";
    k->class_name = "";
    k->file = file ? arena_strdup(a, file) : NULL;
    *out = k;
    return ERR_OK;
}

enum err connector_parse(const struct config *c, const char *json, size_t n, const char *name,
                         const char *file, struct connector **out, struct faults *faults,
                         struct errbuf *e)
{
    struct reader r = {.config = c, .faults = faults, .file = file};
    *out = NULL;
    enum err rc = create(file, &r.k, e);
    if (rc != ERR_OK)
        return rc;
    r.arena = r.k->arena;
    int before = faults->total;
    r.warnings = arena_alloc(r.arena, CONNECTOR_WARNINGS_MAX * sizeof *r.warnings);
    r.k->warnings = r.warnings;
    if (r.warnings && connector_json_parse(json, n, file, r.arena, &r.json, faults) == ERR_OK) {
        read_name(&r, name);
        keep_settings(&r);
        if (read_class(&r)) {
            struct source_fields source = {.out = {0}};
            struct sink_fields sink = {.out = {0}};
            bool is_source = r.k->kind == CONNECTOR_SOURCE;
            read_settings(&r, is_source ? (void *)&source : (void *)&sink);
            if (is_source)
                reader_finish_source(&r, &source);
            else
                reader_finish_sink(&r, &sink);
        }
    }
    if (!r.warnings)
        rc = err_set(e, ERR_NOMEM, "out of memory");
    else if (faults->total > before)
        rc = faults_check(faults, e);
    if (rc == ERR_OK)
        *out = r.k;
    else
        connector_free(r.k);
    return rc;
}

static void free_source(struct source_config *s)
{
    struct pattern_list *lists[] = {s->schema_include, s->schema_exclude,   s->table_include,
                                    s->table_exclude,  s->snapshot_include, s->message_include,
                                    s->message_exclude};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        pattern_list_destroy(lists[i]);
    for (int i = 0; i < s->n_topic_groups; i++) {
        pattern_list_destroy(s->topic_groups[i].include);
        pattern_list_destroy(s->topic_groups[i].exclude);
    }
}

void connector_free(struct connector *k)
{
    if (!k)
        return;
    free_source(&k->source);
    pattern_list_destroy(k->sink.topics_regex);
    arena_destroy(k->arena);
}

/* ---- showing ---- */

static void write_settings(const struct connector *k, bool masked, struct buf *out)
{
    int n;
    const struct key_spec *keys = connector_keys(k->kind, &n);
    buf_lit(out, "{\"name\":");
    buf_json_string(out, k->name, strlen(k->name));
    buf_lit(out, ",\"config\":{");
    for (int i = 0; k->settings[i]; i += 2) {
        const char *name = k->settings[i], *value = k->settings[i + 1];
        const struct key_spec *spec = key_find(keys, n, name);
        buf_str(out, i ? "," : "");
        buf_json_string(out, name, strlen(name));
        buf_ch(out, ':');
        /* A value that is all reference (${..}) is no secret itself. */
        bool reference =
            strncmp(value, "${", 2) == 0 && strchr(value, '}') && strchr(value, '}')[1] == '\0';
        bool secret = masked && value[0] && !reference &&
                      ((spec && spec->flags & KEY_SECRET) || secret_name(name));
        struct buf hidden;
        buf_init(&hidden, 0);
        if (secret)
            buf_lit(&hidden, SECRET_MASK);
        else if (masked)
            secret_mask(&hidden, value);
        else
            buf_str(&hidden, value);
        buf_json_string(out, hidden.p ? hidden.p : "", hidden.len);
        buf_free(&hidden);
    }
    buf_lit(out, "}}");
}

void connector_show(const struct connector *k, struct buf *out)
{
    write_settings(k, true, out);
}

void connector_write(const struct connector *k, struct buf *out)
{
    write_settings(k, false, out);
}

void connector_reference(enum connector_kind kind, struct buf *out)
{
    int n;
    const struct key_spec *keys = connector_keys(kind, &n);
    static const char *const effects[] = {"", "only these", "no effect", "refused", ""};
    buf_lit(out, "| key | values | default | what it does here |\n|---|---|---|---|\n");
    for (int i = 0; i < n; i++) {
        buf_printf(out, "| `%s`", keys[i].name);
        if (keys[i].alias)
            buf_printf(out, ", `%s`", keys[i].alias);
        buf_lit(out, " | ");
        if (keys[i].effect == EFFECT_HONOURED || keys[i].effect == EFFECT_FIXED)
            key_describe_type(&keys[i], out);
        buf_str(out, " | ");
        if (keys[i].def)
            buf_printf(out, "`%s`", keys[i].def);
        const char *effect = effects[keys[i].effect];
        buf_printf(out, " | %s%s%s |\n", effect, effect[0] ? ": " : "", keys[i].help);
    }
}
