/* All connectors that a configuration names, or the two that are built in. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "backend/engine/connector_config.h"

static enum err read_file(const char *path, struct buf *out, struct faults *faults)
{
    FILE *f = fopen(path, "re");
    if (!f) {
        faults_add(faults, path, 0, "cannot be read: %s", strerror(errno));
        return ERR_CONFIG;
    }
    char block[8192];
    size_t n;
    while (!buf_failed(out) && (n = fread(block, 1, sizeof block, f)) > 0)
        buf_add(out, block, n);
    bool bad = ferror(f) || buf_failed(out);
    (void)fclose(f);
    if (bad)
        faults_add(faults, path, 0, "cannot be read, or is too large");
    return bad ? ERR_CONFIG : ERR_OK;
}

enum err connector_parse_file(const struct config *c, const char *file, struct connector **out,
                              struct faults *faults, struct errbuf *e)
{
    struct buf text;
    char name[NAME_MAX + 1];
    *out = NULL;
    buf_init(&text, 1 << 21);
    enum err rc = read_file(file, &text, faults);
    if (rc == ERR_OK) {
        const char *base = strrchr(file, '/');
        (void)snprintf(name, sizeof name, "%s", base ? base + 1 : file);
        char *end = strrchr(name, '.');
        if (end && strcmp(end, ".json") == 0)
            *end = '\0';
        rc = connector_parse(c, text.p ? text.p : "", text.len, name, file, out, faults, e);
    } else {
        rc = faults_check(faults, e);
    }
    buf_free(&text);
    return rc;
}

static enum err append(struct connector_list *l, struct connector *k, struct faults *faults)
{
    for (int i = 0; i < l->n; i++)
        if (strcmp(l->items[i]->name, k->name) == 0) {
            faults_add(faults, k->file, 0, "the name `%s` is taken already, by %s", k->name,
                       l->items[i]->file ? l->items[i]->file : "another connector");
            connector_free(k);
            return ERR_CONFIG;
        }
    struct connector **items = realloc(l->items, (size_t)(l->n + 1) * sizeof *items);
    if (!items) {
        connector_free(k);
        faults_add(faults, NULL, 0, "out of memory");
        return ERR_NOMEM;
    }
    l->items = items;
    l->items[l->n++] = k;
    return ERR_OK;
}

/* A fault of one file does not keep the others from being read: all are reported. */
static void add_file(const struct config *c, const char *path, struct connector_list *l,
                     struct faults *faults)
{
    struct connector *k;
    struct errbuf e;
    if (connector_parse_file(c, path, &k, faults, &e) == ERR_OK && append(l, k, faults) != ERR_OK)
        return;
}

static int is_json(const struct dirent *d)
{
    size_t n = strlen(d->d_name);
    return d->d_name[0] != '.' && n > 5 && strcmp(d->d_name + n - 5, ".json") == 0;
}

/* A folder is all that can be empty. */
static void warn_empty(struct connector_list *l, const char *path, struct faults *faults)
{
    char *text = NULL;
    char **grown = realloc(l->warnings, ((size_t)l->n_warnings + 1) * sizeof *grown);
    if (grown)
        l->warnings = grown;
    if (!grown || asprintf(&text, "connectors: the folder %s holds no *.json", path) < 0)
        faults_add(faults, NULL, 0, "out of memory");
    else
        l->warnings[l->n_warnings++] = text;
}

static void add_folder(const struct config *c, const char *path, struct connector_list *l,
                       struct faults *faults)
{
    struct dirent **names = NULL;
    int n = scandir(path, &names, is_json, alphasort);
    if (n < 0)
        faults_add(faults, path, 0, "cannot be read: %s", strerror(errno));
    for (int i = 0; i < n; i++) {
        char file[PATH_MAX];
        if (snprintf(file, sizeof file, "%s/%s", path, names[i]->d_name) < (int)sizeof file)
            add_file(c, file, l, faults);
        free(names[i]);
    }
    free(names);
    if (n == 0)
        warn_empty(l, path, faults);
}

static int by_kind_and_name(const void *a, const void *b)
{
    const struct connector *x = *(struct connector *const *)a;
    const struct connector *y = *(struct connector *const *)b;
    return x->kind != y->kind ? (int)x->kind - (int)y->kind : strcmp(x->name, y->name);
}

enum err connector_load_all(const struct config *c, struct connector_list *out,
                            struct faults *faults, struct errbuf *e)
{
    *out = (struct connector_list){0};
    if (!c->connectors[0])
        return connector_load_built_in(c, out, faults, e);
    for (const char *const *p = c->connectors; *p; p++) {
        char path[PATH_MAX];
        struct stat st;
        if (!config_path(c, *p, path) || stat(path, &st) != 0)
            faults_add(faults, c->file, 0, "connectors: %s: %s", *p, strerror(errno));
        else if (S_ISDIR(st.st_mode))
            add_folder(c, path, out, faults);
        else
            add_file(c, path, out, faults);
    }
    enum err rc = faults_check(faults, e);
    if (rc != ERR_OK)
        connector_list_free(out);
    else if (out->n)
        qsort(out->items, (size_t)out->n, sizeof *out->items, by_kind_and_name);
    return rc;
}

/* ---- built in ---- */

/* A setting's JSON; the value is taken as it is, so ${ is written $${. */
static void member(struct buf *b, const char *name, const char *value)
{
    struct buf escaped;
    buf_init(&escaped, 0);
    for (const char *p = value; *p; p++) {
        if (p[0] == '$' && p[1] == '{')
            buf_ch(&escaped, '$');
        buf_ch(&escaped, *p);
    }
    buf_printf(b, ",\"%s\":", name);
    buf_json_string(b, escaped.p ? escaped.p : "", escaped.len);
    buf_free(&escaped);
}

static void regex_literal(struct buf *b, const char *text)
{
    for (; *text; text++) {
        if (strchr(".-", *text))
            buf_ch(b, '\\');
        buf_ch(b, *text);
    }
}

static void source_json(const struct config *c, struct buf *b)
{
    buf_lit(b, "{\"connector.class\":\"io.debezium.connector.postgresql.PostgresConnector\"");
    member(b, "topic.prefix", c->source.topic_prefix);
    member(b, "slot.name", c->source.slot);
    member(b, "publication.name", c->source.publication);
    member(b, "publication.autocreate.mode", c->source.tables[0] ? "filtered" : "all_tables");
    member(b, "heartbeat.interval.ms", "10000");
    member(b, "skipped.operations", "none"); /* raw is a log: a truncate belongs into it */
    if (c->source.tables[0]) {
        struct buf list;
        buf_init(&list, 0);
        for (const char *const *t = c->source.tables; *t; t++) {
            buf_str(&list, t == c->source.tables ? "" : ",");
            for (const char *p = *t; *p; p++) {
                if (*p == ',') /* a comma of {1,2} is not one between expressions */
                    buf_ch(&list, '\\');
                buf_ch(&list, *p);
            }
        }
        member(b, "table.include.list", buf_cstr(&list));
        buf_free(&list);
    }
    buf_ch(b, '}');
}

/* Two parts after the prefix: <prefix>.message and <prefix>.__schemas are no tables. */
static void sink_json(const struct config *c, struct buf *b)
{
    struct buf text;
    buf_init(&text, 0);
    buf_lit(b, "{\"connector.class\":\"io.confluent.connect.jdbc.JdbcSinkConnector\"");
    regex_literal(&text, c->source.topic_prefix);
    buf_lit(&text, "\\.[^.]+\\..+");
    member(b, "topics.regex", buf_cstr(&text));
    member(b, "auto.create", "true");
    member(b, "auto.evolve", "true");
    member(b, "errors.tolerance", "all");
    buf_clear(&text);
    buf_printf(&text, "%s.__dead_letters", c->source.topic_prefix);
    member(b, "errors.deadletterqueue.topic.name", buf_cstr(&text));
    buf_ch(b, '}');
    buf_free(&text);
}

static void add_built_in(const struct config *c, const char *suffix,
                         void (*write)(const struct config *, struct buf *),
                         struct connector_list *l, struct faults *faults, struct errbuf *e)
{
    struct buf json, name;
    struct connector *k = NULL;
    buf_init(&json, 0);
    buf_init(&name, 0);
    buf_printf(&name, "%s%s", c->source.topic_prefix, suffix);
    write(c, &json);
    if (connector_parse(c, json.p ? json.p : "", json.len, buf_cstr(&name), NULL, &k, faults, e) ==
        ERR_OK) {
        k->built_in = true;
        k->source.tables_key = "source.tables";
        if (append(l, k, faults) != ERR_OK)
            goto out;
    }
out:
    buf_free(&json);
    buf_free(&name);
}

enum err connector_load_built_in(const struct config *c, struct connector_list *out,
                                 struct faults *faults, struct errbuf *e)
{
    *out = (struct connector_list){0};
    static const int needs[] = {NEEDS_SOURCE, NEEDS_KAFKA, NEEDS_WAREHOUSE};
    for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++)
        if (config_require(c, needs[i], e) != ERR_OK)
            faults_add(faults, NULL, 0, "%s", e->text);
    enum err rc = faults_check(faults, e);
    if (rc != ERR_OK)
        return rc;
    add_built_in(c, "-source", source_json, out, faults, e);
    add_built_in(c, "-sink", sink_json, out, faults, e);
    rc = faults_check(faults, e);
    if (rc != ERR_OK)
        connector_list_free(out);
    return rc;
}

void connector_list_free(struct connector_list *l)
{
    for (int i = 0; i < l->n; i++)
        connector_free(l->items[i]);
    free(l->items);
    for (int i = 0; i < l->n_warnings; i++)
        free(l->warnings[i]);
    free(l->warnings);
    *l = (struct connector_list){0};
}

struct connector *connector_list_find(const struct connector_list *l, const char *name)
{
    for (int i = 0; i < l->n; i++)
        if (strcmp(l->items[i]->name, name) == 0)
            return l->items[i];
    return NULL;
}
