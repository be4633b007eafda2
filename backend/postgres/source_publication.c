/*
 * Design note
 *
 * What exists is respected: a publication that somebody made is used as it is in modes all_tables
 * and no_tables, and only its list of tables is brought up to date in mode filtered (by ADD and
 * DROP, which keep row filters and column lists of the tables that stay). The one thing that is
 * changed is publish_via_partition_root, and only where partitioned tables are published: without
 * it each partition would come as a table of its own.
 *
 * A publication of all tables is a superuser's to make. Who is none, but owns the tables, gets one
 * of the captured tables instead, and it is said. A comment on it tells later starts that it is
 * ours, so that its list is brought up to date as in mode filtered.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/log.h"
#include "backend/postgres/source_internal.h"

enum { VERSION_ROOT = 130000 };

struct publication {
    bool exists;
    bool all_tables;
    bool via_root;
    bool ours; /* of single tables, though all were asked for */
};

static enum err take_publication(void *arg, const struct cell *c, int n, struct errbuf *e)
{
    (void)n;
    (void)e;
    *(struct publication *)arg = (struct publication){
        .exists = true,
        .all_tables = source_cell_true(&c[0]),
        .via_root = source_cell_true(&c[1]),
        .ours = source_cell_true(&c[2]),
    };
    return ERR_OK;
}

static enum err take_bool(void *arg, const struct cell *c, int n, struct errbuf *e)
{
    (void)n;
    (void)e;
    *(bool *)arg = source_cell_true(&c[0]);
    return ERR_OK;
}

static void add_table(struct buf *b, const char *schema, const char *name)
{
    if (b->len)
        buf_lit(b, ", ");
    buf_ident(b, schema);
    buf_ch(b, '.');
    buf_ident(b, name);
}

/* The tables that the publication has and should have. */
struct difference {
    const struct source_tables *wanted;
    bool *found;
    struct buf drop;
};

static enum err take_published(void *arg, const struct cell *c, int n, struct errbuf *e)
{
    struct difference *d = arg;
    (void)n;
    (void)e;
    for (int i = 0; i < d->wanted->n; i++)
        if (!strcmp(d->wanted->items[i].schema, c[0].p) &&
            !strcmp(d->wanted->items[i].name, c[1].p)) {
            d->found[i] = true;
            return ERR_OK;
        }
    add_table(&d->drop, c[0].p, c[1].p);
    return ERR_OK;
}

/* Runs one of publication_*.sql with these words. */
static enum err alter(struct source *s, const char *query, const char *name, struct buf *tables,
                      const char *what, struct errbuf *e)
{
    struct buf ident;
    struct buf sql;
    buf_init(&ident, 0);
    buf_init(&sql, 0);
    buf_ident(&ident, name);
    const struct session_word words[] = {
        {"name", buf_cstr(&ident)}, {"tables", tables ? buf_cstr(tables) : ""}, {NULL, NULL}};
    session_sql(&sql, query, words);
    enum err rc = buf_check(&sql, "a statement", e);
    if (rc == ERR_OK)
        rc = source_command(s, buf_cstr(&sql), what, e);
    buf_free(&ident);
    buf_free(&sql);
    return rc;
}

static enum err update_tables(struct source *s, const char *name,
                              const struct source_tables *tables, const char *what,
                              struct errbuf *e)
{
    const char *params[] = {name};
    struct difference d = {.wanted = tables};
    struct buf more;
    buf_init(&more, 0);
    buf_init(&d.drop, 0);
    d.found = calloc((size_t)tables->n + 1, sizeof *d.found);
    enum err rc = d.found
                      ? source_run(s, "publication_tables", 1, params, take_published, &d, what, e)
                      : err_set(e, ERR_NOMEM, "no memory for the publication's tables");
    if (rc != ERR_OK)
        goto out;
    for (int i = 0; i < tables->n; i++)
        if (!d.found[i])
            add_table(&more, tables->items[i].schema, tables->items[i].name);
    if (more.len)
        rc = alter(s, "publication_add", name, &more, what, e);
    if (more.len && rc == ERR_OK)
        log_warning("postgres",
                    "publication \"%s\" has these tables from now on, what is older comes by a "
                    "snapshot only: %s",
                    name, buf_cstr(&more));
    if (rc == ERR_OK && d.drop.len)
        rc = alter(s, "publication_drop", name, &d.drop, what, e);
out:
    free(d.found);
    buf_free(&more);
    buf_free(&d.drop);
    return rc;
}

/* What somebody without a superuser's rights can do, behind PostgreSQL's own words: as statements
 * that can be typed. */
static void say_way_out(const struct source *s, struct errbuf *e, const char *name)
{
    struct buf b;
    const char *user = PQuser(s->conn);
    if (!e || strcmp(e->sqlstate, "42501") != 0)
        return;
    buf_init(&b, 0);
    buf_lit(&b, ": let a superuser CREATE PUBLICATION ");
    buf_ident(&b, name);
    buf_lit(&b,
            " FOR ALL TABLES in this database; for the owner of the captured tables (source.tables "
            "names fewer) GRANT CREATE ON DATABASE ");
    buf_ident(&b, s->database);
    buf_lit(&b, " TO ");
    buf_ident(&b, user ? user : "");
    buf_lit(&b, " is enough");
    size_t n = strlen(e->text);
    (void)snprintf(e->text + n, sizeof e->text - n, "%s", buf_cstr(&b));
    buf_free(&b);
}

static enum err create(struct source *s, const char *name, const char *mode,
                       const struct source_tables *tables, const char *what, struct errbuf *e)
{
    struct buf ident;
    struct buf list;
    struct buf of;
    struct buf sql;
    buf_init(&ident, 0);
    buf_init(&list, 0);
    buf_init(&of, 0);
    buf_init(&sql, 0);
    buf_ident(&ident, name);
    if (!strcmp(mode, "all_tables")) {
        buf_lit(&of, " FOR ALL TABLES");
    } else if (!strcmp(mode, "filtered") && tables->n) {
        for (int i = 0; i < tables->n; i++)
            add_table(&list, tables->items[i].schema, tables->items[i].name);
        buf_printf(&of, " FOR TABLE %s", buf_cstr(&list));
    }
    const struct session_word words[] = {
        {"name", buf_cstr(&ident)},
        {"what", buf_cstr(&of)},
        {"with", s->version >= VERSION_ROOT ? " WITH (publish_via_partition_root = true)" : ""},
        {NULL, NULL}};
    session_sql(&sql, "publication_create", words);
    enum err rc = buf_check(&sql, "a statement", e);
    if (rc == ERR_OK)
        rc = source_command(s, buf_cstr(&sql), what, e);
    buf_free(&ident);
    buf_free(&list);
    buf_free(&of);
    buf_free(&sql);
    return rc;
}

/* The right to all tables is missing: the captured ones, if they are the user's own. Otherwise the
 * first error stands. */
static enum err create_of_single(struct source *s, const char *name,
                                 const struct source_tables *tables, const char *what,
                                 struct errbuf *e)
{
    struct errbuf second;
    enum err rc = create(s, name, "filtered", tables, what, &second);
    if (rc == ERR_OK)
        rc = alter(s, "publication_comment", name, NULL, what, &second);
    if (rc == ERR_OK)
        log_warning(
            "postgres",
            "publication \"%s\": only a superuser may publish all tables, so it is made for "
            "the %d that are captured (as publication.autocreate.mode=filtered does). A "
            "table that is made later is published from the next start of its connector "
            "on; for all of them let a superuser CREATE PUBLICATION .. FOR ALL TABLES",
            name, tables->n);
    else if (strcmp(second.sqlstate, "42501") == 0)
        say_way_out(s, e, name);
    else
        *e = second;
    return rc;
}

static enum err create_or_fall_back(struct source *s, const char *name, const char **mode,
                                    const struct source_tables *tables, const char *what,
                                    struct errbuf *e)
{
    enum err rc = create(s, name, *mode, tables, what, e);
    if (rc == ERR_OK || strcmp(*mode, "all_tables") != 0 || strcmp(e->sqlstate, "42501") != 0)
        return rc;
    rc = tables->n ? create_of_single(s, name, tables, what, e) : rc;
    if (rc == ERR_OK)
        *mode = "filtered";
    return rc;
}

static enum err publish_roots(struct source *s, const char *name, const char *mode,
                              const struct source_tables *tables, const char *what,
                              struct errbuf *e)
{
    bool needed = false;
    enum err rc = ERR_OK;
    if (!strcmp(mode, "filtered"))
        for (int i = 0; i < tables->n; i++)
            needed |= tables->items[i].partition_root;
    else
        rc = source_run(s, "has_partitioned", 0, NULL, take_bool, &needed, what, e);
    if (rc != ERR_OK || !needed)
        return rc;
    return alter(s, "publication_root", name, NULL, what, e);
}

enum err source_publication_ensure(struct source *s, const char *name, const char *mode,
                                   const struct source_tables *tables, struct errbuf *e)
{
    static const struct source_tables none = {0};
    const char *params[] = {name};
    struct publication p = {0};
    char what[160];
    if (!tables)
        tables = &none;
    (void)snprintf(what, sizeof what, "cannot set up the publication \"%.64s\"", name);
    bool disabled = !strcmp(mode, "disabled");
    if (!disabled && strcmp(mode, "all_tables") != 0 && strcmp(mode, "filtered") != 0 &&
        strcmp(mode, "no_tables") != 0)
        return err_set(e, ERR_CONFIG,
                       "publication.autocreate.mode is \"%s\"; it can be all_tables, filtered, "
                       "disabled or no_tables",
                       mode);
    enum err rc = source_run(s, "publication", 1, params, take_publication, &p, what, e);
    if (rc != ERR_OK)
        return rc;
    if (!p.exists && disabled)
        return err_set(e, ERR_NOT_FOUND,
                       "there is no publication \"%s\" in database \"%s\", and "
                       "publication.autocreate.mode=disabled says not to make it: CREATE "
                       "PUBLICATION, or set another mode",
                       name, s->database);
    if (!p.exists) {
        rc = create_or_fall_back(s, name, &mode, tables, what, e);
        if (rc != ERR_EXISTS) /* made by somebody else just now: use it */
            return rc;
        rc = source_run(s, "publication", 1, params, take_publication, &p, what, e);
        if (rc != ERR_OK)
            return rc;
    }
    if (disabled)
        return ERR_OK;
    if (!p.all_tables && p.ours && !strcmp(mode, "all_tables"))
        mode = "filtered";
    if (!p.all_tables && !strcmp(mode, "filtered"))
        rc = update_tables(s, name, tables, what, e);
    if (rc == ERR_OK && !p.via_root && s->version >= VERSION_ROOT)
        rc = publish_roots(s, name, mode, tables, what, e);
    return rc;
}
