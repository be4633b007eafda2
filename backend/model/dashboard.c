#include "backend/model/dashboard.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "backend/base/nearest.h"
#include "backend/model/spec.h"
#include "backend/model/textfile.h"

enum { ARENA_BLOCK = 16384, DASHBOARDS_MAX = 200, PANELS_MAX = 100, DAYS_FIRST = 30, HINT = 160 };

struct dashboards {
    struct arena *arena;
    int n;
    struct dashboard items[DASHBOARDS_MAX];
};

static const struct {
    const char *word;
    unsigned needs; /* 1 << role */
    int width, height;
} kinds[] = {
#define COLUMN(role)                        (1U << DASHBOARD_##role##_COLUMN)
#define X(name, word, needs, width, height) [DASHBOARD_##name] = {word, needs, width, height},
    DASHBOARD_KINDS(X)
#undef X
#undef COLUMN
};

static const char *const kind_words[] = {
#define X(name, word, needs, width, height) word,
    DASHBOARD_KINDS(X)
#undef X
        NULL};

static const char *const role_words[] = {
#define X(name, word) word,
    DASHBOARD_ROLES(X)
#undef X
};

static const char *const dashboard_keys[] = {"dashboard", "title",  "description", "mart",
                                             "days",      "panels", NULL};
static const char *const panel_keys[] = {"name",
                                         "title",
                                         "kind",
                                         "unit",
                                         "query",
                                         "rows",
#define X(name, word) word,
                                         DASHBOARD_ROLES(X)
#undef X
                                             "width",
                                         "height",
                                         NULL};

const char *dashboard_kind_word(enum dashboard_kind kind)
{
    return kinds[kind].word;
}

const char *dashboard_role_word(enum dashboard_role role)
{
    return role_words[role];
}

struct dashboards *dashboards_create(void)
{
    struct dashboards *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    d->arena = arena_create(ARENA_BLOCK);
    if (d->arena)
        return d;
    free(d);
    return NULL;
}

void dashboards_free(struct dashboards *d)
{
    if (!d)
        return;
    arena_destroy(d->arena);
    free(d);
}

int dashboards_count(const struct dashboards *d)
{
    return d->n;
}

const struct dashboard *dashboards_at(const struct dashboards *d, int i)
{
    return i >= 0 && i < d->n ? &d->items[i] : NULL;
}

enum err dashboards_find(const struct dashboards *d, const char *name, const struct dashboard **out,
                         struct errbuf *e)
{
    struct nearest near;
    char hint[HINT];
    nearest_start(&near, name);
    for (int i = 0; i < d->n; i++) {
        *out = &d->items[i];
        if (!strcmp(d->items[i].name, name))
            return ERR_OK;
        nearest_offer(&near, d->items[i].name);
    }
    *out = NULL;
    if (!d->n)
        return err_set(e, ERR_NOT_FOUND,
                       "no dashboard is named %s: the configuration has none (`dashboards` names "
                       "folders with them)",
                       name);
    return err_set(e, ERR_NOT_FOUND,
                   "no dashboard is named %s%s; `flightdeck dashboard list` shows them", name,
                   nearest_hint(&near, hint, sizeof hint));
}

enum err dashboard_find_panel(const struct dashboard *d, const char *name,
                              const struct dashboard_panel **out, struct errbuf *e)
{
    struct nearest near;
    char hint[HINT];
    nearest_start(&near, name);
    for (int i = 0; i < d->n_panels; i++) {
        *out = &d->panels[i];
        if (!strcmp(d->panels[i].name, name))
            return ERR_OK;
        nearest_offer(&near, d->panels[i].name);
    }
    *out = NULL;
    return err_set(e, ERR_NOT_FOUND, "the dashboard %s has no panel %s%s", d->name, name,
                   nearest_hint(&near, hint, sizeof hint));
}

/* ---- reading ---- */

/* A whole number from 1 to most; `def` where none is given. */
static int read_number(const struct spec *s, const struct yaml *node, const char *key, int most,
                       int def)
{
    const char *text = spec_text(s, node, key, false);
    char *end = NULL;
    if (!text)
        return def;
    long n = strtol(text, &end, 10);
    if (*text && !*end && n >= 1 && n <= most)
        return (int)n;
    faults_add(s->faults, s->file, spec_line(node, key), "`%s` is a number from 1 to %d, not `%s`",
               key, most, text);
    return def;
}

static bool is_file(const char *text)
{
    size_t n = strlen(text);
    return n > 4 && !strcmp(text + n - 4, ".sql") && !strpbrk(text, " \t\n");
}

/* The values that a dashboard has to give, and no others. */
static void check_values(const struct spec *s, int line, const char *what, const struct script *q)
{
    const struct script_statement *st = &q->statements[0];
    for (int i = 0; i < st->n_params; i++)
        if (strcmp(st->params[i], "from") != 0 && strcmp(st->params[i], "to") != 0)
            faults_add(s->faults, s->file, line,
                       "%s uses :%s; a dashboard's query has :from and :to, the dates of its range",
                       what, st->params[i]);
}

static void check_query(const struct spec *s, int line, const char *what, const struct script *q)
{
    static const char *const verbs[] = {"SELECT", "WITH"};
    bool asks = false;
    if (q->n != 1) {
        faults_add(s->faults, s->file, line, "%s is one statement, not %d", what, q->n);
        return;
    }
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        size_t n = strlen(verbs[i]);
        asks |= !strncasecmp(q->statements[0].sql, verbs[i], n) &&
                strspn(q->statements[0].sql + n, " \t\r\n(*/'\"") > 0;
    }
    if (!asks)
        faults_add(s->faults, s->file, line, "%s must begin with SELECT or WITH: it only looks",
                   what);
    check_values(s, line, what, q);
}

/* A file's name or SQL in place; NULL where there is none, or a fault. */
static const struct script *read_query(const struct spec *s, const struct yaml *node,
                                       const char *key, bool required)
{
    struct errbuf e;
    struct script *q = NULL;
    const char *text = spec_text(s, node, key, required);
    const char *sql = text;
    int line = spec_line(node, key);
    if (!text)
        return NULL;
    const char *what = is_file(text) ? text : key;
    enum err r = is_file(text) ? textfile_sql(s->file, text, s->arena, &sql, &e) : ERR_OK;
    if (!r)
        r = script_parse(what, sql, s->arena, &q, &e);
    if (r)
        faults_add(s->faults, s->file, line, "%s", e.text);
    else
        check_query(s, line, what, q);
    return q;
}

static void read_columns(const struct spec *s, const struct yaml *node, struct dashboard_panel *p)
{
    for (int i = 0; i < DASHBOARD_ROLE_COUNT; i++) {
        p->columns[i] = spec_text(s, node, role_words[i], false);
        if (!p->columns[i] && (kinds[p->kind].needs & (1U << i)))
            faults_add(s->faults, s->file, p->line,
                       "a panel of kind %s needs `%s`: the name of a column of its query",
                       kinds[p->kind].word, role_words[i]);
    }
}

static void read_panel(const struct spec *s, const struct yaml *node, struct dashboard_panel *p)
{
    *p = (struct dashboard_panel){.line = node->line, .name = "", .title = "", .unit = ""};
    if (!spec_keys(s, node, "a panel", panel_keys))
        return;
    const char *name = spec_text(s, node, "name", true);
    if (name && !spec_is_name(name))
        faults_add(s->faults, s->file, spec_line(node, "name"),
                   "`%s` is no name (letters, digits, _)", name);
    p->name = name ? name : "";
    const char *title = spec_text(s, node, "title", false);
    p->title = title ? title : p->name;
    const char *unit = spec_text(s, node, "unit", false);
    p->unit = unit ? unit : "";
    p->query = read_query(s, node, "query", true);
    p->rows = read_query(s, node, "rows", false);
    const char *kind = spec_text(s, node, "kind", true);
    int k = kind ? spec_word(s, spec_line(node, "kind"), "kind of panel", kind, kind_words) : -1;
    if (k < 0)
        return;
    p->kind = (enum dashboard_kind)k;
    read_columns(s, node, p);
    p->width = read_number(s, node, "width", DASHBOARD_WIDTH, kinds[k].width);
    p->height = read_number(s, node, "height", DASHBOARD_HEIGHT_MAX, kinds[k].height);
}

static void read_panels(const struct spec *s, const struct yaml *root, struct dashboard *d)
{
    const struct yaml *list = yaml_get(root, "panels");
    int line = spec_line(root, "panels");
    if (!list || list->kind != YAML_LIST || !list->n || list->n > PANELS_MAX) {
        faults_add(s->faults, s->file, line, "`panels` is a list of 1 to %d panels", PANELS_MAX);
        return;
    }
    struct dashboard_panel *p = arena_alloc(s->arena, sizeof *p * (size_t)list->n);
    if (!p) {
        faults_add(s->faults, s->file, line, "no memory for `panels`");
        return;
    }
    for (int i = 0; i < list->n; i++) {
        read_panel(s, list->items[i], &p[i]);
        for (int k = 0; k < i; k++)
            if (*p[i].name && !strcmp(p[k].name, p[i].name))
                faults_add(s->faults, s->file, p[i].line, "the panel `%s` is in line %d too",
                           p[i].name, p[k].line);
    }
    d->panels = p;
    d->n_panels = list->n;
}

static void read_dashboard(const struct spec *s, const struct yaml *root, struct dashboard *d)
{
    if (!spec_keys(s, root, "a dashboard", dashboard_keys))
        return;
    d->file = s->file;
    d->line = spec_line(root, "dashboard");
    d->name = spec_text(s, root, "dashboard", true);
    if (d->name && !spec_is_name(d->name))
        faults_add(s->faults, s->file, d->line, "`%s` is no name (letters, digits, _)", d->name);
    const char *title = spec_text(s, root, "title", false);
    d->title = title ? title : d->name;
    const char *description = spec_text(s, root, "description", false);
    d->description = description ? description : "";
    d->mart = spec_text(s, root, "mart", false);
    d->mart_line = spec_line(root, "mart");
    d->days = read_number(s, root, "days", DASHBOARD_DAYS_MAX, DAYS_FIRST);
    read_panels(s, root, d);
}

void dashboards_add_text(struct dashboards *d, const char *file, const char *text, size_t n,
                         struct faults *f)
{
    struct errbuf e;
    struct yaml *root = NULL;
    struct dashboard made = {.name = NULL};
    const char *name = arena_strdup(d->arena, file);
    if (!name) {
        faults_add(f, file, 0, "no memory");
        return;
    }
    const struct spec s = {.file = name, .faults = f, .arena = d->arena};
    int before = f->total;
    if (yaml_parse(text, n, file, d->arena, &root, &e)) {
        faults_add(f, NULL, 0, "%s", e.text);
        return;
    }
    if (!root) {
        faults_add(f, file, 0, "an empty file: a dashboard has at least `dashboard` and `panels`");
        return;
    }
    read_dashboard(&s, root, &made);
    if (f->total > before)
        return;
    for (int i = 0; i < d->n; i++)
        if (!strcmp(d->items[i].name, made.name)) {
            faults_add(f, file, made.line, "the dashboard `%s` is in %s:%d too", made.name,
                       d->items[i].file, d->items[i].line);
            return;
        }
    if (d->n == DASHBOARDS_MAX)
        faults_add(f, file, made.line, "more than %d dashboards", DASHBOARDS_MAX);
    else
        d->items[d->n++] = made;
}

enum err dashboards_add_path(struct dashboards *d, const char *path, struct faults *f,
                             struct errbuf *e)
{
    const char *const *files = NULL;
    enum err r = textfile_list(path, d->arena, &files, e);
    for (int i = 0; !r && files[i]; i++) {
        struct buf text;
        r = textfile_read(files[i], &text, e);
        if (r)
            break;
        dashboards_add_text(d, files[i], buf_cstr(&text), text.len, f);
        buf_free(&text);
    }
    return r;
}
