/* Foreign keys as ties: which can be one, and what it is called. */
#include <ctype.h>
#include <stdio.h>
#include <strings.h>

#include "backend/model/infer_plan.h"

/* ---- can it be one? ---- */

static bool is_whole_number(enum wtype t)
{
    return t == WT_INT16 || t == WT_INT32 || t == WT_INT64;
}

/* Equal values of the two have one canonical text, so their surrogate keys are equal. */
static bool same_text(const struct wcolumn *a, const struct wcolumn *b)
{
    if (is_whole_number(a->type) && is_whole_number(b->type))
        return true;
    if (a->type != b->type)
        return false;
    if (a->type == WT_DECIMAL)
        return a->precision > 0 && b->precision > 0 && a->scale == b->scale;
    if (a->type == WT_TEXT)
        return (a->scale == MODEL_BLANK_PADDED) == (b->scale == MODEL_BLANK_PADDED);
    return true;
}

/* The place of a target's key column in the constraint; -1: it is not there. */
static int place_of(const struct infer_reference *r, const char *key)
{
    for (int i = 0; i < r->n; i++)
        if (!strcmp(r->to_columns[i], key))
            return i;
    return -1;
}

/* Fills by; the reason why it cannot be a tie, or NULL. */
static const char *fill(struct infer_plan *p, const struct infer_entity *e,
                        const struct infer_reference *r, struct infer_tie *tie)
{
    const struct infer_table *to = tie->to ? tie->to->table : NULL;
    if (!to)
        return "that table is not in the model";
    if (!r->n || r->n != to->n_key)
        return "it does not refer to the key of that entity";
    for (int i = 0; i < to->n_key; i++) {
        int at = place_of(r, to->key[i]);
        if (at < 0)
            return "it does not refer to the key of that entity";
        const struct infer_column *own = infer_find(e->table, r->columns[at]);
        const struct infer_column *key = infer_find(to, to->key[i]);
        if (!own || !key)
            return "a generated column does not arrive";
        if (!same_text(&own->type, &key->type))
            return infer_text(p, "the types of %s and %s.%s differ", own->name, to->name,
                              key->name);
        tie->by[tie->n++] = own->name;
        tie->as_attributes |= r->n > 1 && !own->not_null && !r->match_full;
    }
    return NULL;
}

static bool twice(const struct infer_entity *e, const struct infer_tie *tie)
{
    for (int i = 0; i < e->n_ties; i++) {
        bool same = e->ties[i].to == tie->to;
        for (int k = 0; same && k < tie->n; k++)
            same = !strcmp(e->ties[i].by[k], tie->by[k]);
        if (same)
            return true;
    }
    return false;
}

/* ---- its name ---- */

static bool word_is(const char *word, size_t n, const char *other)
{
    return strlen(other) == n && !strncasecmp(word, other, n);
}

/* airport of airports, city of cities, box of boxes; also the name itself. */
static bool word_of_table(const char *word, size_t n, const char *table)
{
    size_t len = strlen(table);
    const char *last = strrchr(table, '_');
    if (last && word_of_table(word, n, last + 1))
        return true;
    if (word_is(word, n, table))
        return true;
    if (len > 3 && !strcasecmp(table + len - 3, "ies") && n == len - 2)
        return !strncasecmp(word, table, len - 3) && tolower((unsigned char)word[n - 1]) == 'y';
    if (len > 2 && !strcasecmp(table + len - 2, "es") && n == len - 2)
        return !strncasecmp(word, table, n);
    return len > 1 && tolower((unsigned char)table[len - 1]) == 's' && n == len - 1 &&
           !strncasecmp(word, table, n);
}

static bool says_nothing(const char *word, size_t n)
{
    static const char *const words[] = {"id",   "code", "key",    "fk", "no",
                                        "uuid", "ref",  "number", NULL};
    for (int i = 0; words[i]; i++)
        if (word_is(word, n, words[i]))
            return true;
    return n == 0;
}

/* What a column's name says beyond where it leads: departure_airport -> departure, manager_id ->
 * manager, airport_code -> "". */
static const char *meaning(struct infer_plan *p, const char *column, const char *table)
{
    char text[2 * MODEL_NAME_MAX];
    size_t at = 0;
    for (const char *word = column; *word && at < sizeof text - MODEL_NAME_MAX - 2;) {
        size_t n = strcspn(word, "_");
        if (!word_of_table(word, n, table) && !says_nothing(word, n))
            at += (size_t)snprintf(text + at, sizeof text - at, "%s%.*s", at ? "_" : "", (int)n,
                                   word);
        word += n;
        word += *word == '_';
    }
    text[at] = '\0';
    return infer_text(p, "%s", text);
}

static const char *meaning_of_tie(struct infer_plan *p, const struct infer_tie *tie)
{
    for (int i = 0; i < tie->n; i++) {
        const char *m = meaning(p, tie->by[i], tie->to->table->name);
        if (m[0])
            return m;
    }
    return "";
}

static int to_the_same(const struct infer_entity *e, const struct infer_entity *to)
{
    int n = 0;
    for (int i = 0; i < e->n_ties; i++)
        n += e->ties[i].to == to;
    return n;
}

/* <to>_<from>, with the column's meaning where there are several or the entity refers to itself. */
static void name_tie(struct infer_plan *p, const struct infer_entity *e, struct infer_tie *tie)
{
    bool self = tie->to == e;
    const char *says = self || to_the_same(e, tie->to) > 1 ? meaning_of_tie(p, tie) : "";
    const char *base = infer_text(p, "%s%s%s%s%s", tie->to->name, self ? "" : "_",
                                  self ? "" : e->name, says[0] ? "_" : "", says);
    if (self && !says[0])
        base = infer_text(p, "%s_parent", e->name);
    if (self && says[0] && strcasecmp(says, "parent") != 0 && strcasecmp(says, e->name) != 0)
        tie->role = infer_fit(p, says);
    for (int i = 1; !tie->name && !p->nomem; i++) {
        const char *name = infer_fit(p, i == 1 ? base : infer_text(p, "%s_%d", base, i));
        if (!model_name_is_technical(name) &&
            !model_names_taken(p->names, NAMES_TIE, "", name, NULL, 0))
            tie->name = name;
    }
    if (tie->name)
        p->nomem |= !model_names_claim(p->names, NAMES_TIE, "", tie->name, 1);
}

/* A tie's column must not differ from a column of the views in letters' case alone. */
static const char *clash(const struct infer_plan *p, const struct infer_entity *e,
                         const struct infer_tie *tie)
{
    (void)p;
    for (int i = 0; i < tie->n; i++) {
        bool own = false;
        for (int k = 0; k < e->table->n_key; k++)
            own |= !strcmp(e->table->key[k], tie->by[i]);
        if (!own && model_names_find(e->columns, tie->by[i]))
            return "its column has the name of another one";
        if (!own && model_name_is_technical(tie->by[i]))
            return "its column has the name of a technical column";
    }
    return NULL;
}

void infer_plan_ties(struct infer_plan *p, struct infer_entity *e)
{
    const struct infer_table *t = e->table;
    e->ties = infer_take(p, (size_t)t->n_references * sizeof *e->ties);
    e->no_ties = infer_take(p, (size_t)t->n_references * sizeof *e->no_ties);
    for (int i = 0; i < t->n_references && !p->nomem; i++) {
        const struct infer_reference *r = &t->references[i];
        struct infer_tie *tie = &e->ties[e->n_ties];
        *tie = (struct infer_tie){.to = infer_entity_of(p, r->to_schema, r->to_table)};
        const char *why = fill(p, e, r, tie);
        if (!why)
            why = clash(p, e, tie);
        if (why)
            e->no_ties[e->n_no_ties++] = (struct infer_no_tie){r, why};
        else if (!twice(e, tie))
            e->n_ties++;
    }
    for (int i = 0; i < e->n_ties && !p->nomem; i++)
        name_tie(p, e, &e->ties[i]);
}
