/* Reading the YAML of data tests. Running them: datatest_run.c. */
#include "backend/model/datatest.h"

#include <stdlib.h>

#include "backend/base/nearest.h"
#include "backend/model/spec.h"
#include "backend/model/textfile.h"

enum { ARENA_BLOCK = 16384, TESTS_MAX = 5000, NAME_MAX_HERE = 200 };

struct datatests {
    struct arena *arena;
    int n;
    struct datatest items[TESTS_MAX];
};

static const char *const kinds[] = {
    "not_null", "unique", "relationships", "accepted_values", "sql", "freshness", NULL};
static const char *const file_keys[] = {"table", "tests", NULL};
static const char *const test_keys[] = {
    "not_null", "unique", "relationships", "accepted_values", "sql", "freshness",
    "name",     "table",  "where",         "severity",        NULL};
static const char *const relation_keys[] = {"column", "to", "field", NULL};
static const char *const value_keys[] = {"column", "values", NULL};
static const char *const fresh_keys[] = {"column", "warn", "error", NULL};
static const char *const severities[] = {"error", "warn", NULL};

const char *datatest_kind_word(enum datatest_kind kind)
{
    return kind < DATATEST_KINDS ? kinds[kind] : "?";
}

struct datatests *datatests_create(void)
{
    struct datatests *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->arena = arena_create(ARENA_BLOCK);
    if (t->arena)
        return t;
    free(t);
    return NULL;
}

void datatests_free(struct datatests *t)
{
    if (!t)
        return;
    arena_destroy(t->arena);
    free(t);
}

int datatests_count(const struct datatests *t)
{
    return t->n;
}

const struct datatest *datatests_at(const struct datatests *t, int i)
{
    return i >= 0 && i < t->n ? &t->items[i] : NULL;
}

const struct datatest *datatests_find(const struct datatests *t, const char *name)
{
    for (int i = 0; i < t->n; i++)
        if (!strcmp(t->items[i].name, name))
            return &t->items[i];
    return NULL;
}

/* ---- reading ---- */

/* "15 minutes", "1 hour", "90 s" in microseconds; 0 and a fault when it is none. */
static int64_t read_span(const struct spec *s, const struct yaml *node, const char *key)
{
    static const struct {
        const char *unit;
        int64_t seconds;
    } units[] = {{"s", 1},        {"second", 1},   {"seconds", 1}, {"m", 60},
                 {"minute", 60},  {"minutes", 60}, {"h", 3600},    {"hour", 3600},
                 {"hours", 3600}, {"d", 86400},    {"day", 86400}, {"days", 86400}};
    enum { MICROSECONDS = 1000000, NUMBER_MAX = 1000000 };
    const char *text = spec_text(s, node, key, false);
    char *unit;
    if (!text)
        return 0;
    long long n = strtoll(text, &unit, 10);
    unit += strspn(unit, " ");
    for (size_t i = 0; i < sizeof units / sizeof units[0] && n > 0 && n <= NUMBER_MAX; i++)
        if (!strcmp(unit, units[i].unit))
            return n * units[i].seconds * MICROSECONDS;
    faults_add(s->faults, s->file, spec_line(node, key),
               "`%s` is a time like `15 minutes`, `1 hour`, `2 days`, not `%s`", key, text);
    return 0;
}

static void read_column(const struct spec *s, const struct yaml *node, struct datatest *t)
{
    const char **one = arena_alloc(s->arena, 2 * sizeof *one);
    const char *column = spec_text(s, node, "column", true);
    if (!one) {
        faults_add(s->faults, s->file, node->line, "no memory for a test");
        return;
    }
    one[0] = column;
    one[1] = NULL;
    t->columns = one;
}

static void need_some(const struct spec *s, const struct yaml *node, const char *key,
                      const char *const *texts)
{
    if (!texts[0])
        faults_add(s->faults, s->file, spec_line(node, key), "`%s` needs at least one", key);
}

static void read_kind(const struct spec *s, const struct yaml *item, const struct yaml *body,
                      struct datatest *t)
{
    const char *to;
    switch (t->kind) {
    case DATATEST_NOT_NULL:
    case DATATEST_UNIQUE:
        t->columns = spec_texts(s, item, kinds[t->kind]);
        need_some(s, item, kinds[t->kind], t->columns);
        break;
    case DATATEST_RELATIONSHIPS:
        if (!spec_keys(s, body, "`relationships`", relation_keys))
            return;
        read_column(s, body, t);
        to = spec_text(s, body, "to", true);
        t->field = spec_text(s, body, "field", true);
        if (to)
            (void)spec_table(s, spec_line(body, "to"), to, &t->to_schema, &t->to_table);
        break;
    case DATATEST_ACCEPTED_VALUES:
        if (!spec_keys(s, body, "`accepted_values`", value_keys))
            return;
        read_column(s, body, t);
        t->values = spec_texts(s, body, "values");
        need_some(s, body, "values", t->values);
        break;
    case DATATEST_SQL:
        t->sql = spec_text(s, item, "sql", true);
        break;
    default:
        if (!spec_keys(s, body, "`freshness`", fresh_keys))
            return;
        read_column(s, body, t);
        t->warn_us = read_span(s, body, "warn");
        t->error_us = read_span(s, body, "error");
        if (!yaml_get(body, "warn") && !yaml_get(body, "error"))
            faults_add(s->faults, s->file, body->line, "`freshness` has `warn`, `error` or both");
        break;
    }
}

/* Which of the kinds a test is; -1 and a fault when none or several. */
static int kind_of(const struct spec *s, const struct yaml *item)
{
    int kind = -1;
    for (int i = 0; kinds[i]; i++) {
        if (!yaml_get(item, kinds[i]))
            continue;
        if (kind >= 0) {
            faults_add(s->faults, s->file, spec_line(item, kinds[i]),
                       "a test has one kind: `%s` or `%s`", kinds[kind], kinds[i]);
            return -1;
        }
        kind = i;
    }
    if (kind < 0)
        faults_add(s->faults, s->file, item->line,
                   "a test is one of not_null, unique, relationships, accepted_values, sql, "
                   "freshness");
    return kind;
}

/* airports_traffic.unique.flight_date.airport_code */
static const char *made_name(const struct spec *s, const struct datatest *t)
{
    struct buf b;
    buf_init(&b, 0);
    buf_printf(&b, "%s.%s", t->table ? t->table : t->group, kinds[t->kind]);
    for (int i = 0; t->columns && t->columns[i]; i++)
        buf_printf(&b, ".%s", t->columns[i]);
    const char *name = arena_copy(s->arena, buf_cstr(&b), b.len);
    buf_free(&b);
    return name;
}

static bool is_test_name(const char *text)
{
    size_t n = strlen(text);
    return n > 0 && n <= NAME_MAX_HERE &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") == n;
}

static void read_rest(const struct spec *s, const struct yaml *item, const struct yaml *root,
                      struct datatest *t)
{
    const char *table = spec_text(s, item, "table", false);
    const struct yaml *from = table ? item : root;
    if (!table)
        table = spec_text(s, root, "table", false);
    if (table)
        (void)spec_table(s, spec_line(from, "table"), table, &t->schema, &t->table);
    else if (t->kind != DATATEST_SQL)
        faults_add(s->faults, s->file, t->line, "the test has no `table`, and the file neither");
    t->where = spec_text(s, item, "where", false);
    if (t->where && t->kind == DATATEST_SQL)
        faults_add(s->faults, s->file, spec_line(item, "where"),
                   "`where` goes into the statement of `sql`");
    const char *severity = spec_text(s, item, "severity", false);
    if (severity)
        t->warn = spec_word(s, spec_line(item, "severity"), "severity", severity, severities) == 1;
    const char *name = spec_text(s, item, "name", false);
    if (name && !is_test_name(name))
        faults_add(s->faults, s->file, spec_line(item, "name"),
                   "`%s` is no name (letters, digits, _ - .)", name);
    if (!name && t->kind == DATATEST_SQL)
        faults_add(s->faults, s->file, t->line, "a test of kind sql needs a `name`");
    t->name = name ? name : made_name(s, t);
}

static void add_test(struct datatests *set, const struct spec *s, const struct yaml *item,
                     const struct yaml *root, const char *group)
{
    struct datatest t = {.group = group, .file = s->file, .line = item->line};
    int before = s->faults->total;
    if (!spec_keys(s, item, "a test", test_keys))
        return;
    int kind = kind_of(s, item);
    if (kind < 0)
        return;
    t.kind = (enum datatest_kind)kind;
    read_kind(s, item, yaml_get(item, kinds[kind]), &t);
    read_rest(s, item, root, &t);
    if (s->faults->total > before)
        return;
    const struct datatest *other = t.name ? datatests_find(set, t.name) : NULL;
    if (other)
        faults_add(s->faults, s->file, t.line, "the test `%s` is in %s:%d too", t.name, other->file,
                   other->line);
    else if (set->n == TESTS_MAX || !t.name)
        faults_add(s->faults, s->file, t.line, "more than %d tests", TESTS_MAX);
    else
        set->items[set->n++] = t;
}

/* "a/b.yaml" -> "b" */
static const char *group_of(struct arena *a, const char *file)
{
    const char *slash = strrchr(file, '/');
    const char *from = slash ? slash + 1 : file;
    const char *dot = strrchr(from, '.');
    return arena_copy(a, from, dot ? (size_t)(dot - from) : strlen(from));
}

void datatests_add_text(struct datatests *set, const char *file, const char *text, size_t n,
                        struct faults *f)
{
    struct errbuf e;
    struct yaml *root = NULL;
    const char *name = arena_strdup(set->arena, file);
    const char *group = group_of(set->arena, file);
    if (!name || !group) {
        faults_add(f, file, 0, "no memory");
        return;
    }
    const struct spec s = {.file = name, .faults = f, .arena = set->arena};
    if (yaml_parse(text, n, file, set->arena, &root, &e)) {
        faults_add(f, NULL, 0, "%s", e.text);
        return;
    }
    if (!root) {
        faults_add(f, file, 0, "an empty file: it has at least `tests`");
        return;
    }
    if (!spec_keys(&s, root, "a file of tests", file_keys))
        return;
    const struct yaml *tests = yaml_get(root, "tests");
    if (!tests || tests->kind != YAML_LIST) {
        faults_add(f, file, tests ? tests->line : root->line, "`tests` is a list of tests");
        return;
    }
    for (int i = 0; i < tests->n; i++)
        add_test(set, &s, tests->items[i], root, group);
}

enum err datatests_add_path(struct datatests *t, const char *path, struct faults *f,
                            struct errbuf *e)
{
    const char *const *files = NULL;
    enum err r = textfile_list(path, t->arena, &files, e);
    for (int i = 0; !r && files[i]; i++) {
        struct buf text;
        r = textfile_read(files[i], &text, e);
        if (r)
            break;
        datatests_add_text(t, files[i], buf_cstr(&text), text.len, f);
        buf_free(&text);
    }
    return r;
}
