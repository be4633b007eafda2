/* The values of a run: its params, and {{ .. }} in texts. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "backend/base/nearest.h"
#include "backend/schedule/civil.h"
#include "backend/schedule/dag_read.h"
#include "backend/schedule/zone.h"

enum { SECOND_US = 1000000, DAY_SECONDS = 86400 };

/* ---- {{ .. }} ---- */

static void add_time(struct buf *b, int64_t us)
{
    int64_t s = civil_floor_div(us, SECOND_US), day = civil_floor_div(s, CIVIL_DAY_S);
    struct civil c = civil_from_days(day);
    int of_day = (int)(s - day * CIVIL_DAY_S);
    int fraction = (int)(us - s * SECOND_US);
    buf_printf(b, "%04d-%02d-%02dT%02d:%02d:%02d", c.year, c.month, c.day, of_day / 3600,
               of_day / 60 % 60, of_day % 60);
    if (fraction)
        buf_printf(b, ".%06d", fraction);
    buf_ch(b, 'Z');
}

enum variable {
    VAR_BUSINESS_DATE,
    VAR_INTERVAL_BEGIN,
    VAR_INTERVAL_END,
    VAR_LOGICAL_TIME,
    VAR_DAG,
    VAR_RUN,
    VAR_TRY,
    VARIABLES
};

static const struct dag_variable variables[VARIABLES] = {
    [VAR_BUSINESS_DATE] = {"business_date",
                           "The date on which the run's data interval begins, in the DAG's zone."},
    [VAR_INTERVAL_BEGIN] = {"interval_begin", "Where the data interval begins."},
    [VAR_INTERVAL_END] = {"interval_end", "Where it ends; it is not part of it."},
    [VAR_LOGICAL_TIME] = {"logical_time", "The run's logical time."},
    [VAR_DAG] = {"dag", "The DAG's name."},
    [VAR_RUN] = {"run", "The run's number."},
    [VAR_TRY] = {"try", "Which try of the task it is, from 1."},
};

const struct dag_variable *dag_variables(int *n)
{
    *n = VARIABLES;
    return variables;
}

static void add_variable(struct buf *b, enum variable v, const struct dag_context *at)
{
    char date[DAG_DATE_MAX];
    switch (v) {
    case VAR_BUSINESS_DATE:
        buf_str(b, dag_business_date(at->dag, at->interval.begin_us, date));
        break;
    case VAR_INTERVAL_BEGIN:
        add_time(b, at->interval.begin_us);
        break;
    case VAR_INTERVAL_END:
        add_time(b, at->interval.end_us);
        break;
    case VAR_LOGICAL_TIME:
        add_time(b, at->logical_us);
        break;
    case VAR_DAG:
        buf_str(b, at->dag->name);
        break;
    case VAR_RUN:
        buf_str(b, at->run ? at->run : "");
        break;
    case VAR_TRY:
        buf_i64(b, at->attempt);
        break;
    default:
        break;
    }
}

static enum err unknown_variable(const char *name, const struct dag *d, struct errbuf *e)
{
    struct nearest near;
    char hint[160], known[DAG_NAME_MAX + 16];
    const char *best = NULL;
    nearest_start(&near, name);
    for (int i = 0; i < VARIABLES; i++)
        nearest_offer(&near, variables[i].name);
    for (int i = 0; i < d->n_params; i++) {
        (void)snprintf(known, sizeof known, "params.%s", d->params[i].name);
        nearest_offer(&near, known);
        if (near.best == known) { /* the next one is written over it */
            best = d->params[i].name;
            near.best = NULL;
        }
    }
    if (best && !near.best) {
        (void)snprintf(known, sizeof known, "params.%s", best);
        near.best = known;
    }
    return err_set(e, ERR_CONFIG, "{{ %s }} is nothing that a run has%s", name,
                   nearest_hint(&near, hint, sizeof hint));
}

static enum err expand_one(const char *name, const struct dag_context *at, struct buf *out,
                           struct errbuf *e)
{
    size_t n = strlen(name);
    if (n >= 2 && (name[0] == '\'' || name[0] == '"') && name[n - 1] == name[0]) {
        buf_add(out, name + 1, n - 2); /* {{ "{{" }} */
        return ERR_OK;
    }
    for (int i = 0; i < VARIABLES; i++)
        if (strcmp(name, variables[i].name) == 0) {
            add_variable(out, (enum variable)i, at);
            return ERR_OK;
        }
    if (strncmp(name, "params.", 7) == 0)
        for (int i = 0; i < at->dag->n_params; i++)
            if (strcmp(name + 7, at->dag->params[i].name) == 0) {
                for (int k = 0; k < at->n_params; k++)
                    if (strcmp(at->params[k].name, name + 7) == 0)
                        buf_str(out, at->params[k].value);
                return ERR_OK;
            }
    return unknown_variable(name, at->dag, e);
}

enum err dag_expand(const char *text, const struct dag_context *at, struct buf *out,
                    struct errbuf *e)
{
    const char *p = text, *open;
    while ((open = strstr(p, "{{"))) {
        char name[DAG_NAME_MAX + 32];
        buf_add(out, p, (size_t)(open - p));
        const char *from = open + 2 + strspn(open + 2, " \t");
        const char *quote = *from == '"' || *from == '\'' ? strchr(from + 1, *from) : NULL;
        const char *close = strstr(quote ? quote : from, "}}");
        if (!close)
            return err_set(e, ERR_CONFIG,
                           "{{ is not closed with }}; for the two braces themselves "
                           "write {{ \"{{\" }}");
        const char *to = close;
        while (to > from && (to[-1] == ' ' || to[-1] == '\t'))
            to--;
        if ((size_t)(to - from) >= sizeof name)
            return err_set(e, ERR_CONFIG, "the name in {{ .. }} is too long");
        memcpy(name, from, (size_t)(to - from));
        name[to - from] = '\0';
        enum err rc = expand_one(name, at, out, e);
        if (rc)
            return rc;
        p = close + 2;
    }
    buf_str(out, p);
    return buf_check(out, "the expanded text", e);
}

enum err dag_check_text(const char *text, const struct dag *d, struct errbuf *e)
{
    struct dag_context at = {.dag = d, .run = "1", .attempt = 1};
    struct buf out;
    buf_init(&out, 1 << 20);
    enum err rc = dag_expand(text, &at, &out, e);
    buf_free(&out);
    return rc;
}

/* ---- values by type ---- */

bool dag_read_bool(const char *text, bool *out)
{
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcasecmp(text, words[i]) == 0) {
            *out = i % 2;
            return true;
        }
    return false;
}

bool dag_read_integer(const char *text, int64_t *out)
{
    char *end;
    errno = 0;
    long long v = strtoll(text, &end, 10);
    if (end == text || *end || errno || isspace((unsigned char)text[0]))
        return false;
    *out = v;
    return true;
}

static bool is_number(const char *text)
{
    char *end;
    if (!text[0] || strspn(text, "0123456789+-.eE") != strlen(text))
        return false;
    double v = strtod(text, &end);
    return !*end && isfinite(v);
}

/* "12:05", "12:05:30" to seconds */
static bool read_clock(const char *text, int *seconds, const char **rest)
{
    int v[3] = {0, 0, 0}, n = 0;
    while (n < 3) {
        if (!isdigit((unsigned char)text[0]) || !isdigit((unsigned char)text[1]))
            return false;
        v[n++] = (text[0] - '0') * 10 + text[1] - '0';
        text += 2;
        if (*text != ':')
            break;
        text++;
    }
    *rest = text;
    *seconds = v[0] * 3600 + v[1] * 60 + v[2];
    return n >= 2 && v[0] < 24 && v[1] < 60 && v[2] < 60;
}

/* "", "Z", "+02:00": seconds east; *local where none is said */
static bool read_offset(const char *text, int *offset, bool *local)
{
    const char *rest;
    *offset = 0;
    *local = !*text;
    if (!*text || strcmp(text, "Z") == 0 || strcmp(text, "z") == 0)
        return true;
    if (*text != '+' && *text != '-')
        return false;
    if (!read_clock(text + 1, offset, &rest) || *rest)
        return false;
    if (*text == '-')
        *offset = -*offset;
    return true;
}

bool dag_read_time(const char *text, const struct zone *z, int64_t *us)
{
    char date[11];
    int64_t days;
    int seconds = 0, offset = 0;
    bool local = true;
    if (strlen(text) < 10)
        return false;
    memcpy(date, text, 10);
    date[10] = '\0';
    if (!civil_parse_date(date, &days))
        return false;
    text += 10;
    if (*text) {
        if (*text != 'T' && *text != ' ')
            return false;
        if (!read_clock(text + 1, &seconds, &text) || !read_offset(text, &offset, &local))
            return false;
    }
    int64_t at = days * DAY_SECONDS + seconds;
    *us = (local ? zone_from_local(z, at) : at - offset) * SECOND_US;
    return true;
}

/* The value in its type's one form, or NULL in words. */
static enum err canonical(const struct dag_param *p, const char *text, const struct zone *z,
                          struct buf *out, struct errbuf *e)
{
    bool yes, good = true;
    int64_t v;
    switch (p->type) {
    case DAG_BOOLEAN:
        good = dag_read_bool(text, &yes);
        if (good)
            buf_str(out, yes ? "true" : "false");
        break;
    case DAG_INTEGER:
        good = dag_read_integer(text, &v);
        if (good)
            buf_i64(out, v);
        break;
    case DAG_NUMBER:
        good = is_number(text);
        buf_str(out, text);
        break;
    case DAG_DATE:
        good = civil_parse_date(text, &v);
        buf_str(out, text);
        break;
    case DAG_TIMESTAMP:
        good = dag_read_time(text, z, &v);
        if (good)
            add_time(out, v);
        break;
    default:
        buf_str(out, text);
        break;
    }
    if (good)
        return buf_check(out, "the value", e);
    static const char *const forms[DAG_PARAM_TYPES] = {
        [DAG_BOOLEAN] = "true or false",
        [DAG_INTEGER] = "a whole number",
        [DAG_NUMBER] = "a number",
        [DAG_DATE] = "a date as 2026-11-28",
        [DAG_TIMESTAMP] = "a time as 2026-11-28T12:05",
    };
    return err_set(e, ERR_USAGE, "param %s: `%s` is not %s", p->name, text, forms[p->type]);
}

static enum err check_allowed(const struct dag_param *p, const char *value, const struct zone *z,
                              struct errbuf *e)
{
    struct buf words, one;
    bool found = !p->allowed;
    buf_init(&words, 0);
    buf_init(&one, 0);
    for (const char *const *w = p->allowed; w && *w && !found; w++) {
        buf_clear(&one);
        found = canonical(p, *w, z, &one, e) == ERR_OK && strcmp(buf_cstr(&one), value) == 0;
        buf_printf(&words, "%s%s", words.len ? ", " : "", *w);
    }
    enum err rc = ERR_OK;
    if (!found)
        rc =
            err_set(e, ERR_USAGE, "param %s: `%s` is none of %s", p->name, value, buf_cstr(&words));
    buf_free(&words);
    buf_free(&one);
    return rc;
}

enum err dag_check_value(const struct dag_param *p, const char *text, const struct zone *z,
                         struct arena *a, const char **out, struct errbuf *e)
{
    struct buf value;
    buf_init(&value, 1 << 20);
    enum err rc = canonical(p, text, z, &value, e);
    if (!rc)
        rc = check_allowed(p, buf_cstr(&value), z, e);
    if (!rc && !(*out = arena_strdup(a, buf_cstr(&value))))
        rc = err_set(e, ERR_NOMEM, "out of memory");
    buf_free(&value);
    return rc;
}

/* ---- params of a run ---- */

static enum err check_names(const struct dag *d, const struct dag_value *given, int n,
                            struct errbuf *e)
{
    for (int i = 0; i < n; i++) {
        struct nearest near;
        char hint[160];
        bool known = false;
        nearest_start(&near, given[i].name);
        for (int k = 0; k < d->n_params; k++) {
            known |= strcmp(given[i].name, d->params[k].name) == 0;
            nearest_offer(&near, d->params[k].name);
        }
        if (!known)
            return err_set(e, ERR_USAGE, "%s has no param `%s`%s", d->name, given[i].name,
                           nearest_hint(&near, hint, sizeof hint));
    }
    return ERR_OK;
}

static enum err value_of(const struct dag_context *at, const struct dag_param *p,
                         const struct dag_value *given, int n_given, struct arena *a,
                         const char **out, struct errbuf *e)
{
    for (int i = n_given - 1; i >= 0; i--)
        if (strcmp(given[i].name, p->name) == 0)
            return dag_check_value(p, given[i].value, at->dag->zone, a, out, e);
    if (!p->def)
        return err_set(e, ERR_USAGE, "param %s of %s has no default: give it with --param %s=..",
                       p->name, at->dag->name, p->name);
    struct buf text;
    struct dag_context bare = *at;
    bare.n_params = 0;
    buf_init(&text, 1 << 20);
    enum err rc = dag_expand(p->def, &bare, &text, e);
    if (!rc)
        rc = dag_check_value(p, buf_cstr(&text), at->dag->zone, a, out, e);
    buf_free(&text);
    return rc;
}

enum err dag_params(const struct dag_context *at, const struct dag_value *given, int n_given,
                    struct arena *a, const struct dag_value **out, struct errbuf *e)
{
    const struct dag *d = at->dag;
    enum err rc = check_names(d, given, n_given, e);
    struct dag_value *values = arena_alloc(a, ((size_t)d->n_params + 1) * sizeof *values);
    if (!values)
        return err_set(e, ERR_NOMEM, "out of memory");
    for (int i = 0; i < d->n_params && !rc; i++) {
        values[i].name = d->params[i].name;
        rc = value_of(at, &d->params[i], given, n_given, a, &values[i].value, e);
    }
    *out = values;
    return rc;
}
