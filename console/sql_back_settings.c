/* Backslash commands that set how things look. */
#include <stdlib.h>
#include <strings.h>

#include "backend/base/nearest.h"
#include "console/sql_back.h"
#include "console/sql_backslash.h"

/* The first argument, "" without one. */
static enum err one_word(struct back *b, const char **out)
{
    enum err rc = ERR_OK;
    *out = back_name(b, &rc) ? buf_cstr(&b->word) : "";
    return rc;
}

enum err back_timing(struct back *b)
{
    struct sql_run *r = b->r;
    const char *word;
    enum err rc = one_word(b, &word);
    if (!rc)
        rc = back_switch(word, r->timing, &r->timing, b->e);
    if (!rc && !r->quiet)
        (void)fprintf(r->main, "Timing is %s.\n", r->timing ? "on" : "off");
    return rc;
}

/* ---- variables ---- */

enum err back_set(struct back *b)
{
    struct sql_run *r = b->r;
    struct buf name;
    struct buf value;
    enum err rc = ERR_OK;
    if (!back_next(b, &rc)) {
        for (size_t i = 0; i < r->variables.n && !rc; i++)
            (void)fprintf(r->out, "%s = '%s'\n", r->variables.items[i].name,
                          r->variables.items[i].value);
        return rc;
    }
    buf_init(&name, 0);
    buf_init(&value, 0);
    buf_add(&name, b->word.p, b->word.len);
    while (back_next(b, &rc)) /* as psql: one behind the other */
        buf_add(&value, b->word.p, b->word.len);
    if (!rc)
        rc = buf_check(&value, "a variable", b->e);
    if (!rc)
        rc = sql_variables_set(&r->variables, buf_cstr(&name), buf_cstr(&value), b->e);
    buf_free(&name);
    buf_free(&value);
    return rc;
}

enum err back_unset(struct back *b)
{
    const char *word;
    enum err rc = one_word(b, &word);
    if (!rc && !*word)
        rc = err_set(b->e, ERR_USAGE, "\\unset needs a name");
    if (!rc)
        sql_variables_unset(&b->r->variables, word);
    return rc;
}

/* ---- \pset ---- */

/* One setting: reads its value ("": the other way round, or the next), or writes what it is. */
struct setting {
    const char *name;
    enum err (*set)(struct sql_run *r, const char *value, struct errbuf *e);
    void (*show)(const struct sql_run *r, FILE *out);
};

static enum err set_format(struct sql_run *r, const char *value, struct errbuf *e)
{
    enum format f = format_find(value);
    if (f == FORMAT_COUNT)
        return err_set(e, ERR_USAGE,
                       "no format `%s`: aligned, box, csv, tsv, json, jsonl, "
                       "markdown, html, list, vertical",
                       value);
    r->format.format = f;
    if (f != FORMAT_EXPANDED)
        r->normal_format = f;
    return ERR_OK;
}

static void show_format(const struct sql_run *r, FILE *out)
{
    (void)fputs(format_word(r->format.format), out);
}

static const char *const borders[] = {"1", "0", "2"}; /* by enum format_border */

static enum err set_border(struct sql_run *r, const char *value, struct errbuf *e)
{
    for (size_t i = 0; i < sizeof borders / sizeof borders[0]; i++)
        if (!strcmp(value, borders[i])) {
            r->format.border = (enum format_border)i;
            return ERR_OK;
        }
    return err_set(e, ERR_USAGE, "a border is 0, 1 or 2, not `%s`", value);
}

static void show_border(const struct sql_run *r, FILE *out)
{
    (void)fputs(borders[r->format.border], out);
}

static enum err set_lines(struct sql_run *r, const char *value, struct errbuf *e)
{
    if (strcmp(value, "unicode") != 0 && strcmp(value, "ascii") != 0)
        return err_set(e, ERR_USAGE, "lines are ascii or unicode, not `%s`", value);
    r->format.unicode_lines = *value == 'u';
    return ERR_OK;
}

static void show_lines(const struct sql_run *r, FILE *out)
{
    (void)fputs(r->format.unicode_lines ? "unicode" : "ascii", out);
}

/* The texts of null and fieldsep live as variables, out of the way of those that people set. */
static enum err keep_text(struct sql_run *r, const char *name, const char *value, const char **out,
                          struct errbuf *e)
{
    enum err rc = sql_variables_set(&r->texts, name, value, e);
    if (!rc)
        *out = sql_variables_get(&r->texts, name);
    return rc;
}

static enum err set_null(struct sql_run *r, const char *value, struct errbuf *e)
{
    return keep_text(r, "null", value, &r->format.null, e);
}

static void show_null(const struct sql_run *r, FILE *out)
{
    (void)fprintf(out, "'%s'", r->format.null ? r->format.null : "");
}

static enum err set_separator(struct sql_run *r, const char *value, struct errbuf *e)
{
    return keep_text(r, "fieldsep", value, &r->format.separator, e);
}

static void show_separator(const struct sql_run *r, FILE *out)
{
    (void)fprintf(out, "'%s'", r->format.separator ? r->format.separator : "|");
}

static enum err set_rows_only(struct sql_run *r, const char *value, struct errbuf *e)
{
    return back_switch(value, r->format.rows_only, &r->format.rows_only, e);
}

static void show_rows_only(const struct sql_run *r, FILE *out)
{
    (void)fputs(r->format.rows_only ? "on" : "off", out);
}

static enum err set_footer(struct sql_run *r, const char *value, struct errbuf *e)
{
    bool on;
    enum err rc = back_switch(value, !r->format.no_count, &on, e);
    if (!rc)
        r->format.no_count = !on;
    return rc;
}

static void show_footer(const struct sql_run *r, FILE *out)
{
    (void)fputs(r->format.no_count ? "off" : "on", out);
}

static const char *const pagers[] = {"on", "off", "always"}; /* by enum sql_pager */

static enum err set_pager(struct sql_run *r, const char *value, struct errbuf *e)
{
    bool on;
    if (!strcmp(value, "always")) {
        r->pager = SQL_PAGER_ALWAYS;
        return ERR_OK;
    }
    enum err rc = back_switch(value, r->pager != SQL_PAGER_OFF, &on, e);
    if (!rc)
        r->pager = on ? SQL_PAGER_ON : SQL_PAGER_OFF;
    return rc;
}

static void show_pager(const struct sql_run *r, FILE *out)
{
    (void)fputs(pagers[r->pager], out);
}

static enum err set_expanded(struct sql_run *r, const char *value, struct errbuf *e)
{
    bool on = false;
    enum err rc = ERR_OK;
    r->expand_auto = !strcmp(value, "auto");
    if (!r->expand_auto)
        rc = back_switch(value, r->format.format == FORMAT_EXPANDED, &on, e);
    if (!rc)
        r->format.format = on ? FORMAT_EXPANDED : r->normal_format;
    return rc;
}

static void show_expanded(const struct sql_run *r, FILE *out)
{
    bool on = r->format.format == FORMAT_EXPANDED;
    (void)fputs(on ? "on" : r->expand_auto ? "auto" : "off", out);
}

static const struct setting settings[] = {
    {"border", set_border, show_border},
    {"expanded", set_expanded, show_expanded},
    {"fieldsep", set_separator, show_separator},
    {"footer", set_footer, show_footer},
    {"format", set_format, show_format},
    {"linestyle", set_lines, show_lines},
    {"null", set_null, show_null},
    {"pager", set_pager, show_pager},
    {"tuples_only", set_rows_only, show_rows_only},
};
enum { N_SETTINGS = sizeof settings / sizeof settings[0] };

const char *sql_setting_name(int i)
{
    return i >= 0 && i < N_SETTINGS ? settings[i].name : NULL;
}

static enum err find_setting(const char *name, const struct setting **out, struct errbuf *e)
{
    struct nearest near;
    char hint[128] = "";
    nearest_start(&near, name);
    for (int i = 0; i < N_SETTINGS; i++) {
        nearest_offer(&near, settings[i].name);
        if (!strcmp(name, settings[i].name)) {
            *out = &settings[i];
            return ERR_OK;
        }
    }
    return err_set(e, ERR_USAGE, "\\pset knows no `%s`%s; \\pset alone lists what it knows", name,
                   nearest_hint(&near, hint, sizeof hint));
}

static void show_setting(const struct setting *s, const struct sql_run *r, FILE *out)
{
    enum { NAME_WIDTH = 12 };
    (void)fprintf(out, "%-*s ", NAME_WIDTH, s->name);
    s->show(r, out);
    (void)fputc('\n', out);
}

static enum err apply(struct back *b, const char *name, const char *value)
{
    const struct setting *s = NULL;
    enum err rc = find_setting(name, &s, b->e);
    if (!rc)
        rc = s->set(b->r, value, b->e);
    if (!rc && !b->r->quiet)
        show_setting(s, b->r, b->r->main);
    return rc;
}

enum err back_pset(struct back *b)
{
    enum err rc = ERR_OK;
    if (!back_name(b, &rc)) {
        for (int i = 0; i < N_SETTINGS && !rc; i++)
            show_setting(&settings[i], b->r, b->r->out);
        return rc;
    }
    char *name = strdup(buf_cstr(&b->word));
    if (!name)
        return err_set(b->e, ERR_NOMEM, "no memory for a setting");
    const char *value = back_next(b, &rc) ? buf_cstr(&b->word) : "";
    if (!rc)
        rc = apply(b, name, value);
    free(name);
    return rc;
}

enum err back_expanded(struct back *b)
{
    const char *word;
    enum err rc = one_word(b, &word);
    if (!rc)
        rc = set_expanded(b->r, word, b->e);
    if (rc || b->r->quiet)
        return rc;
    if (b->r->expand_auto)
        (void)fputs("Expanded display is used automatically.\n", b->r->main);
    else
        (void)fprintf(b->r->main, "Expanded display is %s.\n",
                      b->r->format.format == FORMAT_EXPANDED ? "on" : "off");
    return ERR_OK;
}

enum err back_unaligned(struct back *b)
{
    return apply(b, "format", b->r->format.format == FORMAT_LIST ? "aligned" : "unaligned");
}

enum err back_rows_only(struct back *b)
{
    const char *word;
    enum err rc = one_word(b, &word);
    return rc ? rc : apply(b, "tuples_only", word);
}
