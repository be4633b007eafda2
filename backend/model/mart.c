/* Reading the YAML of marts. Running them: mart_run.c. */
#include "backend/model/mart.h"

#include <limits.h>
#include <stdlib.h>

#include "backend/base/nearest.h"
#include "backend/base/path.h"
#include "backend/model/spec.h"
#include "backend/model/textfile.h"

enum { ARENA_BLOCK = 16384, MARTS_MAX = 1000, PARAMS_MAX = 50 };

struct marts {
    struct arena *arena;
    int n;
    struct mart items[MARTS_MAX];
};

static const char *const mart_keys[] = {"mart",       "description", "table",  "sql", "create",
                                        "parameters", "changes",     "verify", NULL};
static const char *const verify_keys[] = {"source", "mart", "key", "within", NULL};
static const char *const param_keys[] = {"type", "default", "description", NULL};
static const char *const types[] = {"text", "integer", "boolean", "date", "timestamp", NULL};
static const char *const dialects[] = {"postgresql", "vertica", NULL};

struct marts *marts_create(void)
{
    struct marts *m = calloc(1, sizeof *m);
    if (!m)
        return NULL;
    m->arena = arena_create(ARENA_BLOCK);
    if (m->arena)
        return m;
    free(m);
    return NULL;
}

void marts_free(struct marts *m)
{
    if (!m)
        return;
    arena_destroy(m->arena);
    free(m);
}

int marts_count(const struct marts *m)
{
    return m->n;
}

const struct mart *marts_at(const struct marts *m, int i)
{
    return i >= 0 && i < m->n ? &m->items[i] : NULL;
}

const struct mart *marts_find(const struct marts *m, const char *name)
{
    for (int i = 0; i < m->n; i++)
        if (!strcmp(m->items[i].name, name))
            return &m->items[i];
    return NULL;
}

/* The file that `name` means in the YAML file `from`; false: none on disk. out: PATH_MAX. */
static bool resolve(const char *from, const char *name, char *out)
{
    char path[PATH_MAX];
    for (int i = 0; i < PATH_PLACES; i++)
        if (path_beside(from, name, i, path) && realpath(path, out))
            return true;
    return false;
}

const struct mart *marts_find_sql(const struct marts *m, const char *from, const char *sql_file)
{
    char asked[PATH_MAX];
    char own[PATH_MAX];
    for (int i = 0; i < m->n; i++)
        if (!strcmp(m->items[i].sql_file, sql_file))
            return &m->items[i];
    if (!resolve(from, sql_file, asked))
        return NULL;
    for (int i = 0; i < m->n; i++)
        if (resolve(m->items[i].file, m->items[i].sql_file, own) && !strcmp(asked, own))
            return &m->items[i];
    return NULL;
}

/* ---- reading ---- */

static const struct script *read_script(const struct spec *s, int line, const char *name)
{
    struct errbuf e;
    const char *text = NULL;
    struct script *script = NULL;
    enum err r = textfile_sql(s->file, name, s->arena, &text, &e);
    if (!r)
        r = script_parse(name, text, s->arena, &script, &e);
    if (r)
        faults_add(s->faults, s->file, line, "%s", e.text);
    return script;
}

static const struct script *const *read_scripts(const struct spec *s, const struct yaml *node,
                                                const char *key)
{
    static const struct script *const none[] = {NULL};
    const char *const *names = spec_texts(s, node, key);
    int n = 0;
    int k = 0;
    while (names[n])
        n++;
    const struct script **out = arena_alloc(s->arena, sizeof *out * ((size_t)n + 1));
    if (!out) {
        faults_add(s->faults, s->file, spec_line(node, key), "no memory for `%s`", key);
        return none;
    }
    for (int i = 0; i < n; i++) {
        out[k] = read_script(s, spec_line(node, key), names[i]);
        k += out[k] != NULL;
    }
    out[k] = NULL;
    return out;
}

static void read_create(const struct spec *s, const struct yaml *root, struct mart *m)
{
    const struct yaml *create = yaml_get(root, "create");
    bool by_dialect = create && create->kind == YAML_MAP;
    if (by_dialect && !spec_keys(s, create, "`create`", dialects))
        return;
    for (int i = 0; i < MART_DIALECTS; i++)
        m->create[i] = by_dialect          ? read_scripts(s, create, dialects[i])
                       : i != MART_VERTICA ? read_scripts(s, root, "create")
                                           : m->create[MART_POSTGRESQL];
}

static void read_param(const struct spec *s, const struct yaml *node, const char *name, int line,
                       struct mart_param *p)
{
    *p = (struct mart_param){.name = name, .description = ""};
    if (!spec_is_name(name))
        faults_add(s->faults, s->file, line, "`%s` is no name (letters, digits, _)", name);
    if (!node || yaml_is_null(node) || !spec_keys(s, node, "a parameter", param_keys))
        return;
    const char *type = spec_text(s, node, "type", false);
    if (type) {
        int t = spec_word(s, spec_line(node, "type"), "type", type, types);
        p->type = t < 0 ? MART_TEXT : (enum mart_type)t;
    }
    p->def = spec_text(s, node, "default", false);
    const char *description = spec_text(s, node, "description", false);
    p->description = description ? description : "";
}

/* A :name that no parameter declares. */
static void check_names(const struct spec *s, const struct mart *m, int line)
{
    for (int i = 0; i < m->sql->n; i++) {
        const struct script_statement *st = &m->sql->statements[i];
        for (int k = 0; k < st->n_params; k++) {
            struct nearest near;
            char hint[SPEC_NAME_MAX + 40];
            bool found = false;
            for (int earlier = 0; earlier < k && !found; earlier++)
                found = !strcmp(st->params[earlier], st->params[k]);
            nearest_start(&near, st->params[k]);
            for (int p = 0; p < m->n_params && !found; p++) {
                found = !strcmp(m->params[p].name, st->params[k]);
                nearest_offer(&near, m->params[p].name);
            }
            if (!found)
                faults_add(s->faults, s->file, line, "%s:%d uses :%s, which `parameters` lacks%s",
                           m->sql->file, st->line, st->params[k],
                           nearest_hint(&near, hint, sizeof hint));
        }
    }
}

/* A parameter that the SQL lacks: with the name that stands there in its place, as it is written.
 */
static void unused(const struct spec *s, const struct mart *m, const struct yaml *params,
                   const char *name, int line)
{
    struct nearest near;
    int at = 0;
    nearest_start(&near, name);
    for (int i = 0; i < m->sql->n; i++)
        for (int k = 0; k < m->sql->statements[i].n_params; k++) {
            const char *there = m->sql->statements[i].params[k];
            if (yaml_get(params, there))
                continue;
            const char *before = near.best;
            nearest_offer(&near, there);
            if (near.best != before)
                at = m->sql->statements[i].line;
        }
    if (near.best)
        faults_add(s->faults, s->file, line, "%s does not use :%s; it has :%s (%s:%d)",
                   m->sql->file, name, near.best, m->sql->file, at);
    else
        faults_add(s->faults, s->file, line, "%s does not use :%s", m->sql->file, name);
}

static void read_params(const struct spec *s, const struct yaml *root, struct mart *m)
{
    const struct yaml *params = yaml_get(root, "parameters");
    int line = spec_line(root, "parameters");
    if (params && !yaml_is_null(params)) {
        if (params->kind != YAML_MAP || params->n > PARAMS_MAX) {
            faults_add(s->faults, s->file, line, "`parameters` is a map of at most %d names",
                       PARAMS_MAX);
            return;
        }
        struct mart_param *list = arena_alloc(s->arena, sizeof *list * ((size_t)params->n + 1));
        if (!list) {
            faults_add(s->faults, s->file, line, "no memory for `parameters`");
            return;
        }
        for (int i = 0; i < params->n; i++) {
            read_param(s, params->items[i], params->names[i], params->lines[i], &list[i]);
            if (m->sql && !script_uses(m->sql, list[i].name))
                unused(s, m, params, list[i].name, params->lines[i]);
        }
        m->params = list;
        m->n_params = params->n;
    }
    if (m->sql)
        check_names(s, m, line);
}

static void read_changes(const struct spec *s, const struct yaml *root, struct mart *m)
{
    m->changes = spec_texts(s, root, "changes");
    for (int i = 0; m->changes[i]; i++) {
        const char *schema;
        const char *table;
        (void)spec_table(s, spec_line(root, "changes"), m->changes[i], &schema, &table);
    }
}

/* One statement that needs no values. */
static const struct script *read_question(const struct spec *s, const struct yaml *node,
                                          const char *key)
{
    const char *name = spec_text(s, node, key, true);
    int line = spec_line(node, key);
    const struct script *q = name ? read_script(s, line, name) : NULL;
    if (q && (q->n != 1 || q->statements[0].n_params))
        faults_add(s->faults, s->file, line, "%s is one statement without values", name);
    return q;
}

static void read_verify(const struct spec *s, const struct yaml *root, struct mart *m)
{
    const struct yaml *node = yaml_get(root, "verify");
    if (!node || !spec_keys(s, node, "`verify`", verify_keys))
        return;
    struct mart_verify *v = arena_alloc(s->arena, sizeof *v);
    if (!v) {
        faults_add(s->faults, s->file, spec_line(root, "verify"), "no memory for `verify`");
        return;
    }
    v->source = read_question(s, node, "source");
    v->mart = read_question(s, node, "mart");
    v->key = spec_texts(s, node, "key");
    v->within = spec_text(s, node, "within", false);
    if (!v->key[0])
        faults_add(s->faults, s->file, spec_line(root, "verify"),
                   "`verify` needs a `key`: the columns that tell rows apart");
    m->verify = v;
}

static void read_mart(const struct spec *s, const struct yaml *root, struct mart *m)
{
    if (!spec_keys(s, root, "a mart", mart_keys))
        return;
    m->file = s->file;
    m->line = spec_line(root, "mart");
    m->name = spec_text(s, root, "mart", true);
    if (m->name && !spec_is_name(m->name))
        faults_add(s->faults, s->file, m->line, "`%s` is no name (letters, digits, _)", m->name);
    const char *description = spec_text(s, root, "description", false);
    m->description = description ? description : "";
    m->target = spec_text(s, root, "table", true);
    if (m->target)
        (void)spec_table(s, spec_line(root, "table"), m->target, &m->schema, &m->table);
    m->sql_file = spec_text(s, root, "sql", true);
    if (m->sql_file)
        m->sql = read_script(s, spec_line(root, "sql"), m->sql_file);
    read_create(s, root, m);
    read_params(s, root, m);
    read_changes(s, root, m);
    read_verify(s, root, m);
}

void marts_add_text(struct marts *m, const char *file, const char *text, size_t n, struct faults *f)
{
    struct errbuf e;
    struct yaml *root = NULL;
    struct mart mart = {.name = NULL};
    const char *name = arena_strdup(m->arena, file);
    if (!name) {
        faults_add(f, file, 0, "no memory");
        return;
    }
    const struct spec s = {.file = name, .faults = f, .arena = m->arena};
    int before = f->total;
    if (yaml_parse(text, n, file, m->arena, &root, &e)) {
        faults_add(f, NULL, 0, "%s", e.text);
        return;
    }
    if (!root) {
        faults_add(f, file, 0, "an empty file: a mart has at least `mart`, `table` and `sql`");
        return;
    }
    read_mart(&s, root, &mart);
    if (f->total > before)
        return;
    const struct mart *other = marts_find(m, mart.name);
    if (other)
        faults_add(f, file, mart.line, "the mart `%s` is in %s:%d too", mart.name, other->file,
                   other->line);
    else if (m->n == MARTS_MAX)
        faults_add(f, file, mart.line, "more than %d marts", MARTS_MAX);
    else
        m->items[m->n++] = mart;
}

enum err marts_add_path(struct marts *m, const char *path, struct faults *f, struct errbuf *e)
{
    const char *const *files = NULL;
    enum err r = textfile_list(path, m->arena, &files, e);
    for (int i = 0; !r && files[i]; i++) {
        struct buf text;
        r = textfile_read(files[i], &text, e);
        if (r)
            break;
        marts_add_text(m, files[i], buf_cstr(&text), text.len, f);
        buf_free(&text);
    }
    return r;
}
