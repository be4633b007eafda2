/*
 * Reading the configuration.
 *
 * The tree is walked in two passes, because every value may use a variable: first `variables`
 * (which may use the environment and files), then all others. Each key is looked up in the schema;
 * whatever does not fit is a fault with its line, and reading goes on, so that several are reported
 * at once. Checks between keys run last.
 */
#include "backend/engine/config.h"

#include <ctype.h>
#include <errno.h>
#include <libgen.h>
#include <libpq-fe.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "backend/base/interpolate.h"
#include "backend/base/nearest.h"
#include "backend/base/pattern.h"
#include "backend/base/yaml.h"
#include "backend/kafka/kafka.h"

enum { SCHEMA_MAX = 64, PATH_TEXT_MAX = 256 };

struct loader {
    struct config *config;
    struct faults *faults;
    const struct key_spec *schema;
    int n_schema;
    int lines[SCHEMA_MAX]; /* where each key was given; 0: it was not */
    bool variables_pass;
    const struct yaml *root;
};

/* ---- where the file is ---- */

static bool join_home(const char *xdg, const char *below_home, char *out, size_t n)
{
    const char *base = getenv(xdg);
    if (base && base[0] == '/')
        return snprintf(out, n, "%s/flightdeck", base) < (int)n;
    base = getenv("HOME");
    return base && base[0] && snprintf(out, n, "%s/%s/flightdeck", base, below_home) < (int)n;
}

static enum err find_file(const char *given, char *out, struct errbuf *e)
{
    const char *from = "--config";
    if (!given) {
        given = getenv("FLIGHTDECK_CONFIG");
        from = "$FLIGHTDECK_CONFIG";
    }
    if (given && given[0]) {
        if (!realpath(given, out))
            return err_errno(e, ERR_CONFIG, "cannot read the configuration %s (from %s)", given,
                             from);
        return ERR_OK;
    }
    char home[PATH_MAX - 32], places[3][PATH_MAX];
    int n = 0;
    (void)snprintf(places[n++], PATH_MAX, "./flightdeck.yaml");
    if (join_home("XDG_CONFIG_HOME", ".config", home, sizeof home))
        (void)snprintf(places[n++], PATH_MAX, "%s/flightdeck.yaml", home);
    (void)snprintf(places[n++], PATH_MAX, "/etc/flightdeck/flightdeck.yaml");
    struct buf looked;
    buf_init(&looked, ERRBUF_TEXT_MAX / 2);
    enum err rc = ERR_NOT_FOUND;
    for (int i = 0; rc == ERR_NOT_FOUND && i < n; i++) {
        buf_printf(&looked, "%s%s", i ? ", " : "", places[i]);
        if (access(places[i], F_OK) == 0 && realpath(places[i], out))
            rc = ERR_OK;
    }
    if (rc != ERR_OK)
        rc = err_set(e, rc,
                     "no configuration found; looked at %s. Name one with --config FILE, or run "
                     "`flightdeck demo`, which makes its own",
                     buf_cstr(&looked));
    buf_free(&looked);
    return rc;
}

static enum err read_file(const char *path, struct buf *out, struct errbuf *e)
{
    FILE *f = fopen(path, "re");
    if (!f)
        return err_errno(e, ERR_CONFIG, "cannot read %s", path);
    char block[8192];
    size_t n;
    while (!buf_failed(out) && (n = fread(block, 1, sizeof block, f)) > 0)
        buf_add(out, block, n);
    enum err rc = ferror(f) ? err_errno(e, ERR_CONFIG, "cannot read %s", path) : ERR_OK;
    (void)fclose(f);
    if (rc == ERR_OK && buf_failed(out))
        rc = err_set(e, ERR_CONFIG, "%s: larger than %d bytes", path, YAML_FILE_MAX);
    return rc;
}

/* ---- values ---- */

static void fault(struct loader *l, int line, const char *path, const char *why)
{
    faults_add(l->faults, l->config->file, line, "%s: %s", path, why);
}

/* The interpolated text, in the arena; NULL after a fault. */
static const char *expand(struct loader *l, const struct yaml *node, const char *path)
{
    struct interpolate in = {.variables = l->config->variables, .directory = l->config->directory};
    struct buf b;
    struct errbuf e;
    buf_init(&b, 0);
    const char *out = NULL;
    if (interpolate(&in, node->text, &b, &e) != ERR_OK)
        fault(l, node->line, path, e.text);
    else if (!(out = arena_copy(l->config->arena, b.p ? b.p : "", b.len)))
        fault(l, node->line, path, "out of memory");
    buf_free(&b);
    return out;
}

/* A scalar's text, or a list's texts with commas between. */
static const char *flat_text(struct loader *l, const struct yaml *node, const char *path)
{
    if (node->kind == YAML_SCALAR)
        return expand(l, node, path);
    if (node->kind == YAML_MAP) {
        fault(l, node->line, path,
              "must be text; a name with dots is written in one piece, as in `ssl.ca.location: x`");
        return NULL;
    }
    struct buf b;
    buf_init(&b, 0);
    const char *out = "";
    for (int i = 0; out && i < node->n; i++) {
        const char *item =
            node->items[i]->kind == YAML_SCALAR ? expand(l, node->items[i], path) : NULL;
        if (node->items[i]->kind != YAML_SCALAR)
            fault(l, node->items[i]->line, path, "must be a list of texts");
        if (item)
            buf_printf(&b, "%s%s", i ? "," : "", item);
        else
            out = NULL;
    }
    if (out)
        out = arena_copy(l->config->arena, b.p ? b.p : "", b.len);
    buf_free(&b);
    return out;
}

static void store_map(struct loader *l, const struct key_spec *spec, const struct yaml *node)
{
    if (node->kind != YAML_MAP) {
        fault(l, node->line, spec->name, "must be names with values (`name: value`)");
        return;
    }
    const char **pairs = arena_alloc(l->config->arena, ((size_t)node->n * 2 + 1) * sizeof *pairs);
    if (!pairs) {
        fault(l, node->line, spec->name, "out of memory");
        return;
    }
    int k = 0;
    /* In place before it is full, so that a variable may use those above it. */
    pairs[0] = NULL;
    memcpy((char *)l->config + spec->offset, &pairs, sizeof pairs);
    for (int i = 0; i < node->n; i++) {
        char path[PATH_TEXT_MAX];
        (void)snprintf(path, sizeof path, "%s.%s", spec->name, node->names[i]);
        const char *value = flat_text(l, node->items[i], path);
        if (!value)
            continue;
        pairs[k++] = node->names[i];
        pairs[k++] = value;
        pairs[k] = NULL;
    }
}

static void store_list(struct loader *l, const struct key_spec *spec, const struct yaml *node)
{
    if (node->kind == YAML_MAP) {
        fault(l, node->line, spec->name, "must be a list (`- item`)");
        return;
    }
    int n = node->kind == YAML_LIST ? node->n : 1;
    const char **items = arena_alloc(l->config->arena, ((size_t)n + 1) * sizeof *items);
    if (!items) {
        fault(l, node->line, spec->name, "out of memory");
        return;
    }
    int k = 0;
    for (int i = 0; i < n; i++) {
        const struct yaml *item = node->kind == YAML_LIST ? node->items[i] : node;
        if (item->kind != YAML_SCALAR) {
            fault(l, item->line, spec->name, "must be a list of texts");
            continue;
        }
        const char *text = expand(l, item, spec->name);
        if (text)
            items[k++] = text;
    }
    items[k] = NULL;
    memcpy((char *)l->config + spec->offset, &items, sizeof items);
}

static void store(struct loader *l, const struct key_spec *spec, const struct yaml *node)
{
    if (yaml_is_null(node)) /* `key:` alone is the key not given */
        return;
    l->lines[spec - l->schema] = node->line;
    if (spec->type == KEY_MAP) {
        store_map(l, spec, node);
    } else if (spec->type == KEY_LIST) {
        store_list(l, spec, node);
    } else if (node->kind != YAML_SCALAR) {
        fault(l, node->line, spec->name, "must be a single value");
    } else {
        const char *text = expand(l, node, spec->name);
        struct buf why;
        buf_init(&why, 0);
        if (text && key_store(spec, l->config, text, l->config->directory, l->config->arena,
                              &why) != ERR_OK)
            fault(l, node->line, spec->name, buf_cstr(&why));
        buf_free(&why);
    }
}

/* ---- keys ---- */

static bool is_section(const struct loader *l, const char *path)
{
    size_t n = strlen(path);
    for (int i = 0; i < l->n_schema; i++)
        if (strncmp(l->schema[i].name, path, n) == 0 && l->schema[i].name[n] == '.')
            return true;
    return false;
}

/* The key that stands so in another section, else the nearest one of this section. */
static void unknown_key(struct loader *l, int line, const char *section, const char *name)
{
    struct nearest near;
    char words[SCHEMA_MAX][PATH_TEXT_MAX], hint[PATH_TEXT_MAX + 64] = "";
    size_t n = strlen(section);
    nearest_start(&near, name);
    for (int i = 0; i < l->n_schema; i++) {
        const char *key = l->schema[i].name;
        const char *dot = strrchr(key, '.');
        if (dot && strcmp(dot + 1, name) == 0)
            (void)snprintf(hint, sizeof hint, " (did you mean `%s`?)", key);
        if (strncmp(key, section, n) != 0)
            continue;
        (void)snprintf(words[i], sizeof words[i], "%.*s", (int)strcspn(key + n, "."), key + n);
        nearest_offer(&near, words[i]);
    }
    if (near.best && !hint[0])
        (void)snprintf(hint, sizeof hint, " (did you mean `%s%s`?)", section, near.best);
    faults_add(l->faults, l->config->file, line, "unknown key `%s%s`%s", section, name, hint);
}

static void read_section(struct loader *l, const struct yaml *map, const char *section)
{
    for (int i = 0; i < map->n; i++) {
        char path[PATH_TEXT_MAX];
        if (snprintf(path, sizeof path, "%s%s", section, map->names[i]) >= (int)sizeof path - 1) {
            unknown_key(l, map->lines[i], section, "(a very long name)");
            continue;
        }
        const struct yaml *item = map->items[i];
        const struct key_spec *spec = key_find(l->schema, l->n_schema, path);
        bool is_variables = spec && strcmp(spec->name, "variables") == 0;
        if (spec && is_variables == l->variables_pass) {
            store(l, spec, item);
        } else if (spec || l->variables_pass) {
            continue;
        } else if (!is_section(l, path)) {
            unknown_key(l, map->lines[i], section, map->names[i]);
        } else if (item->kind == YAML_MAP) {
            (void)strcat(path, ".");
            read_section(l, item, path);
        } else if (!yaml_is_null(item)) {
            fault(l, item->line, path, "is a section: its keys stand indented below it");
        }
    }
}

/* ---- defaults, and checks between keys ---- */

static void apply_defaults(struct loader *l)
{
    static const char *const none[] = {NULL};
    for (int i = 0; i < l->n_schema; i++) {
        const struct key_spec *spec = &l->schema[i];
        if (spec->type == KEY_LIST || spec->type == KEY_MAP) {
            const char *const *empty = none;
            memcpy((char *)l->config + spec->offset, &empty, sizeof empty);
        }
        struct buf why;
        buf_init(&why, 0);
        if (spec->def &&
            key_store(spec, l->config, spec->def, NULL, l->config->arena, &why) != ERR_OK)
            fault(l, 0, spec->name, buf_cstr(&why));
        buf_free(&why);
    }
}

static const char *formatted(struct arena *a, const char *one, const char *two)
{
    size_t n = strlen(one) + strlen(two) + 1;
    char *out = arena_alloc(a, n);
    if (out)
        (void)snprintf(out, n, "%s%s", one, two);
    return out;
}

enum { STEM_MAX = 32, FOLDER_MAX = STEM_MAX + 16 };

/*
 * "shop-1f0c9d3b": a folder of its own for each configuration, so that two of them are two engines
 * with two stores, and none ever takes over what another one's engine was told. The name is for
 * people: the file's, or its folder's where the file has the usual one; the number (FNV-1a of the
 * whole path) tells them apart.
 */
static void state_folder(const char *file, char name[FOLDER_MAX])
{
    uint32_t hash = 2166136261u;
    const char *slash = strrchr(file, '/');
    const char *from = slash ? slash + 1 : file;
    const char *end = from + strcspn(from, ".");
    size_t n = 0;
    for (const char *p = file; *p; p++)
        hash = (hash ^ (unsigned char)*p) * 16777619u;
    if (slash && slash > file && end - from == 10 && !strncmp(from, "flightdeck", 10)) {
        end = slash;
        for (from = slash; from > file && from[-1] != '/'; from--)
            ;
    }
    for (; from < end && n < STEM_MAX; from++)
        name[n++] = (char)(isalnum((unsigned char)*from) || *from == '-' ? *from : '_');
    (void)snprintf(name + n, FOLDER_MAX - n, "-%08x", (unsigned)hash);
}

static void fill_paths(struct loader *l)
{
    struct config *c = l->config;
    char home[PATH_MAX];
    char folder[FOLDER_MAX + 1] = "/";
    if (!c->state_dir) {
        state_folder(c->file, folder + 1);
        const char *systemd = getenv("STATE_DIRECTORY");
        if (systemd && systemd[0] == '/')
            c->state_dir = arena_strdup(c->arena, systemd);
        else if (join_home("XDG_STATE_HOME", ".local/state", home, sizeof home))
            c->state_dir = formatted(c->arena, home, folder);
        else
            fault(l, 0, "state_dir", "has no default without $HOME: name a folder");
    }
    if (c->state_dir && !c->control.socket)
        c->control.socket = formatted(c->arena, c->state_dir, "/control.sock");
}

static void fill_by_dialect(struct config *c)
{
    bool vertica = c->warehouse.dialect == DIALECT_VERTICA;
    if (!c->load.batch_rows)
        c->load.batch_rows = vertica ? 200000 : 10000;
    if (!c->load.batch_bytes)
        c->load.batch_bytes = (vertica ? INT64_C(24) : INT64_C(8)) << 20;
    if (!c->load.batch_ms)
        c->load.batch_ms = vertica ? 10000 : 0;
}

/*
 * Two databases on the same brokers must not share topics because neither named a prefix: the
 * default is the database's name.
 */
static void fill_prefix(struct config *c)
{
    const char *name = NULL;
    if (c->source.topic_prefix)
        return;
    PQconninfoOption *options =
        c->source.connection ? PQconninfoParse(c->source.connection, NULL) : NULL;
    for (PQconninfoOption *o = options; o && o->keyword; o++)
        if (!strcmp(o->keyword, "dbname") && o->val && o->val[0])
            name = o->val;
    char *prefix = arena_strdup(c->arena, name ? name : "postgres");
    for (char *p = prefix; p && *p; p++)
        if (!strchr("_-.ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", *p))
            *p = '_';
    c->source.topic_prefix = prefix;
    PQconninfoFree(options);
}

static int line_of(const struct loader *l, const char *name)
{
    const struct key_spec *spec = key_find(l->schema, l->n_schema, name);
    return spec ? l->lines[spec - l->schema] : 0;
}

static void check_name(struct loader *l, const char *key, const char *value, const char *also,
                       size_t most, const char *rule)
{
    bool good = value[0] && strlen(value) <= most;
    for (const char *p = value; good && *p; p++)
        good = (*p >= 'a' && *p <= 'z') || isdigit((unsigned char)*p) || strchr(also, *p);
    if (!good)
        fault(l, line_of(l, key), key, rule);
}

static void check_connection(struct loader *l, const char *key, const char *value)
{
    if (!value)
        return;
    char *why = NULL;
    PQconninfoOption *options = PQconninfoParse(value, &why);
    if (!options) {
        /* libpq repeats the word it stumbled over, which may be a part of the password. */
        fault(l, line_of(l, key), key,
              "is no libpq connection string: write `host=.. port=.. dbname=.. user=..` or "
              "postgresql://user@host:port/dbname");
        PQfreemem(why);
    }
    PQconninfoFree(options);
}

/* The line of one name of a map. */
static int item_line(const struct loader *l, const char *key, const char *name)
{
    const struct yaml *map = yaml_get(l->root, key);
    for (int i = 0; map && map->kind == YAML_MAP && i < map->n; i++)
        if (strcmp(map->names[i], name) == 0)
            return map->lines[i];
    return line_of(l, key);
}

static void check_kafka(struct loader *l)
{
    static const char *const ours[] = {"transactional.id",
                                       "enable.idempotence",
                                       "isolation.level",
                                       "enable.auto.commit",
                                       "enable.auto.offset.store",
                                       "acks",
                                       "request.required.acks",
                                       "group.id",
                                       NULL};
    for (const char *const *p = l->config->kafka; p[0]; p += 2) {
        int line = item_line(l, "kafka", p[0]);
        struct errbuf e;
        if (key_word_index(ours, p[0]) >= 0)
            faults_add(l->faults, l->config->file, line,
                       "kafka.%s: is set by the engine, exactly-once rests on it: take it out",
                       p[0]);
        else if (kafka_setting_check(p[0], p[1], &e) != ERR_OK)
            faults_add(l->faults, l->config->file, line, "%s", e.text);
    }
}

static void check_tables(struct loader *l)
{
    for (const char *const *t = l->config->source.tables; *t; t++) {
        struct pattern_list *list = NULL;
        struct errbuf e;
        if (pattern_list_create(*t, PATTERN_IGNORE_CASE, &list, &e) != ERR_OK)
            fault(l, line_of(l, "source.tables"), "source.tables", e.text);
        else if (pattern_is_word(*t, strlen(*t)))
            faults_add(l->faults, l->config->file, line_of(l, "source.tables"),
                       "source.tables: `%s` can match no table: it is compared with schema.table, "
                       "as `public\\.%s` or `.*\\.%s`",
                       *t, *t, *t);
        pattern_list_destroy(list);
    }
}

static void check_all(struct loader *l)
{
    struct config *c = l->config;
    const char **optional[] = {&c->source.connection, &c->source.standby, &c->warehouse.odbc,
                               &c->log.file};
    for (size_t i = 0; i < sizeof optional / sizeof optional[0]; i++)
        if (*optional[i] && !**optional[i])
            *optional[i] = NULL;
    check_connection(l, "source.connection", c->source.connection);
    check_connection(l, "source.standby", c->source.standby);
    check_name(l, "source.slot", c->source.slot, "_", 63,
               "must be 1 to 63 of a-z, 0-9 and _ (PostgreSQL's rule for slots)");
    check_name(l, "source.topic_prefix", c->source.topic_prefix, "_-.ABCDEFGHIJKLMNOPQRSTUVWXYZ",
               180, "must be letters, digits, `.`, `_` and `-` (Kafka's rule for topics)");
    if (!c->source.publication[0])
        fault(l, line_of(l, "source.publication"), "source.publication", "must not be empty");
    if (!c->warehouse.schema[0])
        fault(l, line_of(l, "warehouse.schema"), "warehouse.schema", "must not be empty");
    if (c->warehouse.odbc && !strchr(c->warehouse.odbc, '='))
        fault(l, line_of(l, "warehouse.odbc"), "warehouse.odbc",
              "is no ODBC connection string: write `Driver=..;Servername=..;Port=..;Database=..;"
              "UID=..;PWD=..` or `DSN=..`");
    if (c->restart.backoff_ms > c->restart.backoff_max_ms)
        fault(l, line_of(l, "restart.backoff_ms"), "restart.backoff_ms",
              "must not be above restart.backoff_max_ms");
    if (c->control.socket && strlen(c->control.socket) >= sizeof((struct sockaddr_un *)0)->sun_path)
        fault(l, line_of(l, "control.socket"), "control.socket",
              "is too long for a Unix socket (107 bytes): name a shorter path");
    check_kafka(l);
    check_tables(l);
}

/* ---- the whole ---- */

static enum err create(const char *file, struct config **out, struct errbuf *e)
{
    struct arena *a = arena_create(8192);
    struct config *c = a ? arena_alloc(a, sizeof *c) : NULL;
    char *copy = c ? arena_strdup(a, file) : NULL;
    char *folder = c ? arena_strdup(a, file) : NULL;
    if (!copy || !folder) {
        arena_destroy(a);
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    memset(c, 0, sizeof *c);
    c->arena = a;
    c->file = copy;
    c->directory = dirname(folder);
    *out = c;
    return ERR_OK;
}

enum err config_parse(const char *text, size_t n, const char *file, struct config **out,
                      struct faults *faults, struct errbuf *e)
{
    struct loader l = {.faults = faults};
    struct yaml *root = NULL;
    *out = NULL;
    enum err rc = create(file, &l.config, e);
    if (rc != ERR_OK)
        return rc;
    l.schema = config_schema(&l.n_schema);
    apply_defaults(&l);
    rc = yaml_parse(text, n, file, l.config->arena, &root, e);
    if (rc == ERR_CONFIG)
        faults_add(faults, NULL, 0, "%s", e->text);
    if (rc != ERR_OK)
        goto out;
    l.root = root;
    if (root && root->kind != YAML_MAP) {
        faults_add(faults, file, root->line, "must be keys with values (`key: value`)");
    } else if (root) {
        l.variables_pass = true;
        read_section(&l, root, "");
        l.variables_pass = false;
        read_section(&l, root, "");
    }
    fill_paths(&l);
    fill_by_dialect(l.config);
    fill_prefix(l.config);
    check_all(&l);
    rc = faults_check(faults, e);
out:
    if (rc == ERR_OK)
        *out = l.config;
    else
        config_free(l.config);
    return rc;
}

enum err config_load_faults(const char *path, struct config **out, struct faults *faults,
                            struct errbuf *e)
{
    char file[PATH_MAX];
    struct buf text;
    *out = NULL;
    enum err rc = find_file(path, file, e);
    if (rc != ERR_OK)
        return rc;
    buf_init(&text, YAML_FILE_MAX);
    rc = read_file(file, &text, e);
    if (rc == ERR_OK)
        rc = config_parse(text.p ? text.p : "", text.len, file, out, faults, e);
    buf_free(&text);
    return rc;
}

enum err config_load(const char *path, struct config **out, struct errbuf *e)
{
    struct faults faults;
    struct errbuf own;
    faults_init(&faults);
    enum err rc = config_load_faults(path, out, &faults, e ? e : &own);
    faults_free(&faults);
    return rc;
}

void config_free(struct config *c)
{
    if (c)
        arena_destroy(c->arena);
}

bool config_path(const struct config *c, const char *name, char *out)
{
    int n = name[0] == '/' ? snprintf(out, PATH_MAX, "%s", name)
                           : snprintf(out, PATH_MAX, "%s/%s", c->directory, name);
    if (n >= PATH_MAX)
        errno = ENAMETOOLONG;
    return n < PATH_MAX;
}

enum err config_require(const struct config *c, int needs, struct errbuf *e)
{
    if (needs & NEEDS_SOURCE && !c->source.connection)
        return err_set(e, ERR_CONFIG,
                       "%s: source.connection is missing: name the PostgreSQL to read, as in\n"
                       "  source: {connection: \"host=db1 dbname=shop user=flightdeck\"}",
                       c->file);
    if (needs & NEEDS_KAFKA && !pairs_get(c->kafka, "bootstrap.servers") &&
        !pairs_get(c->kafka, "metadata.broker.list"))
        return err_set(e, ERR_CONFIG,
                       "%s: kafka.bootstrap.servers is missing: name the brokers, as in\n"
                       "  kafka: {bootstrap.servers: \"kafka1:9092,kafka2:9092\"}",
                       c->file);
    if (needs & NEEDS_WAREHOUSE && !c->warehouse.odbc)
        return err_set(e, ERR_CONFIG,
                       "%s: warehouse.odbc is missing: name the warehouse, as in\n"
                       "  warehouse: {dialect: vertica, odbc: "
                       "\"Driver=Vertica;Servername=vdb;Port=5433;Database=dwh;UID=..;PWD=${..}\"}",
                       c->file);
    return ERR_OK;
}
