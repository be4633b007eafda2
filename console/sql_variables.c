#include "console/sql_variables.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The place of the name, or where it belongs. */
static size_t place_of(const struct sql_variables *v, const char *name)
{
    size_t from = 0;
    size_t to = v->n;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (strcmp(v->items[middle].name, name) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

static bool is_at(const struct sql_variables *v, size_t at, const char *name)
{
    return at < v->n && !strcmp(v->items[at].name, name);
}

void sql_variables_free(struct sql_variables *v)
{
    for (size_t i = 0; i < v->n; i++) {
        free(v->items[i].name);
        free(v->items[i].value);
    }
    free(v->items);
    *v = (struct sql_variables){.items = NULL};
}

const char *sql_variables_get(const struct sql_variables *v, const char *name)
{
    size_t at = place_of(v, name);
    return is_at(v, at, name) ? v->items[at].value : NULL;
}

static enum err check_name(const char *name, struct errbuf *e)
{
    for (const char *p = name; *p; p++)
        if (!isalnum((unsigned char)*p) && *p != '_')
            return err_set(e, ERR_USAGE, "`%s` is no variable's name: letters, digits and _", name);
    return *name ? ERR_OK : err_set(e, ERR_USAGE, "a variable needs a name: NAME=VALUE");
}

static enum err make_room(struct sql_variables *v, struct errbuf *e)
{
    enum { FIRST = 16 };
    if (v->n < v->cap)
        return ERR_OK;
    size_t cap = v->cap ? v->cap * 2 : FIRST;
    void *items = realloc(v->items, cap * sizeof *v->items);
    if (!items)
        return err_set(e, ERR_NOMEM, "no memory for a variable");
    v->items = items;
    v->cap = cap;
    return ERR_OK;
}

enum err sql_variables_set(struct sql_variables *v, const char *name, const char *value,
                           struct errbuf *e)
{
    enum err r = check_name(name, e);
    if (!r)
        r = make_room(v, e);
    if (r)
        return r;
    size_t at = place_of(v, name);
    bool known = is_at(v, at, name);
    char *value_copy = strdup(value);
    char *name_copy = known ? v->items[at].name : strdup(name);
    if (!value_copy || !name_copy) {
        free(value_copy);
        if (!known)
            free(name_copy);
        return err_set(e, ERR_NOMEM, "no memory for a variable");
    }
    if (known) {
        free(v->items[at].value);
    } else {
        memmove(v->items + at + 1, v->items + at, (v->n - at) * sizeof *v->items);
        v->n++;
    }
    v->items[at] = (struct sql_variable){name_copy, value_copy};
    return ERR_OK;
}

void sql_variables_unset(struct sql_variables *v, const char *name)
{
    size_t at = place_of(v, name);
    if (!is_at(v, at, name))
        return;
    free(v->items[at].name);
    free(v->items[at].value);
    v->n--;
    memmove(v->items + at, v->items + at + 1, (v->n - at) * sizeof *v->items);
}

bool sql_variables_on(const struct sql_variables *v, const char *name)
{
    const char *s = sql_variables_get(v, name);
    return s && strcmp(s, "0") != 0 && strcasecmp(s, "off") != 0 && strcasecmp(s, "false") != 0 &&
           strcasecmp(s, "no") != 0;
}
