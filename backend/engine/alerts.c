#include "backend/engine/alerts.h"

#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GRACE_US = 30000000 }; /* after a restart little is known at first */
/* Each rule has places of its own: many of one kind do not hide another kind. */
enum { PER_RULE_MAX = 100, TEXT_MAX = 512, OBJECT_MAX = 300, WORDS_MAX = 32 };

struct alert {
    const struct rule *rule;
    char object[OBJECT_MAX];
    char text[TEXT_MAX];
    bool is_error;
    bool restored;         /* of before the restart, not found since */
    bool found;            /* by the look that is under way */
    bool unknown;          /* that look could not tell */
    int64_t since_us;      /* the condition holds */
    int64_t raised_us;     /* 0: not yet */
    char *acknowledged_by; /* NULL: nobody */
    int64_t acknowledged_us;
};

struct alerts {
    struct alert_limits limits;
    pthread_mutex_t mutex;
    int64_t first_us; /* of the first look; 0: none yet */
    int n;
    struct alert **items;
};

struct finding {
    struct alerts *a;
    const struct rule *rule;
    const json_t *status;
    int64_t now_us;
    bool no_memory;
};

struct rule {
    const char *name;
    size_t limit; /* of struct alert_limits: the rule is off where it is 0 */
    size_t for_s; /* the same: how long it has to hold; NO_WAIT: no time at all */
    bool is_error;
    void (*find)(struct finding *f, int64_t limit);
};

/* ---- reading the status ---- */

static double real_of(const json_t *o, const char *name)
{
    const json_t *v = json_object_get(o, name);
    return json_is_number(v) ? json_number_value(v) : -1;
}

static const char *word_of(const json_t *o, const char *name)
{
    const char *s = json_string_value(json_object_get(o, name));
    return s ? s : "";
}

static bool is(const json_t *o, const char *name, const char *word)
{
    return !strcmp(word_of(o, name), word);
}

static struct alert *find_alert(const struct alerts *a, const struct rule *r, const char *object)
{
    for (int i = 0; i < a->n; i++)
        if (a->items[i]->rule == r && !strcmp(a->items[i]->object, object))
            return a->items[i];
    return NULL;
}

static int count_of(const struct alerts *a, const struct rule *r)
{
    int n = 0;
    for (int i = 0; i < a->n; i++)
        n += a->items[i]->rule == r;
    return n;
}

/* A new one, whose condition is seen for the first time; NULL: no memory, or there are too many. */
static struct alert *add_alert(struct alerts *a, const struct rule *r, const char *object,
                               int64_t since_us, bool *no_memory)
{
    struct alert **grown = NULL;
    if (count_of(a, r) >= PER_RULE_MAX)
        return NULL;
    grown = realloc(a->items, ((size_t)a->n + 1) * sizeof(*grown));
    if (grown)
        a->items = grown;
    struct alert *x = grown ? calloc(1, sizeof *x) : NULL;
    *no_memory = *no_memory || !x;
    if (!x)
        return NULL;
    x->rule = r;
    x->since_us = since_us;
    x->is_error = r->is_error;
    (void)snprintf(x->object, sizeof x->object, "%s", object);
    a->items[a->n++] = x;
    return x;
}

/* Whether the condition holds is not known, of that object or (NULL) of all: what is an alert stays
 * one until it is. */
static void unknown(struct finding *f, const char *object)
{
    char cut[OBJECT_MAX];
    (void)snprintf(cut, sizeof cut, "%s", object ? object : "");
    for (int i = 0; i < f->a->n; i++) {
        struct alert *x = f->a->items[i];
        if (x->rule == f->rule && (!object || !strcmp(x->object, cut)))
            x->unknown = true;
    }
}

/* The condition holds for that object, in words. */
static void found(struct finding *f, const char *object, const char *fmt, ...) PRINTF_LIKE(3, 4);
static void found(struct finding *f, const char *object, const char *fmt, ...)
{
    struct alerts *a = f->a;
    char cut[OBJECT_MAX];
    (void)snprintf(cut, sizeof cut, "%s", object);
    struct alert *x = find_alert(a, f->rule, cut);
    if (!x)
        x = add_alert(a, f->rule, cut, f->now_us, &f->no_memory);
    if (!x)
        return;
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(x->text, sizeof x->text, fmt, ap);
    va_end(ap);
    x->found = true;
    x->restored = false;
}

/* ---- the rules ---- */

/* Down, or not asked yet. */
static bool is_away(const json_t *server)
{
    return is(server, "state", "down") || is(server, "state", "unknown");
}

static bool has_topic(const json_t *connector, const char *topic)
{
    size_t i;
    json_t *name;
    json_array_foreach(json_object_get(connector, "topics"), i, name)
    {
        if (topic && json_is_string(name) && !strcmp(json_string_value(name), topic))
            return true;
    }
    return false;
}

/* Between two runs of a sink nobody knows for a moment what it loads: it may be that topic. */
static bool may_load(const json_t *sink, const char *topic)
{
    const json_t *topics = json_object_get(sink, "topics");
    return (json_is_array(topics) && !json_array_size(topics)) || has_topic(sink, topic);
}

/* A sink that does not run, or has just begun, tells no lag: its records wait all the same. topic
 * NULL: of sinks of which nothing is known only. */
static bool has_sink(const struct finding *f, const char *topic)
{
    size_t i;
    json_t *c;
    json_array_foreach(json_object_get(f->status, "connectors"), i, c)
    {
        if (is(c, "type", "sink") && may_load(c, topic))
            return true;
    }
    return false;
}

/* While Kafka is away what was known of it is shown: that more waits is certain, that less does is
 * not. */
static void find_lag(struct finding *f, int64_t limit)
{
    size_t i;
    json_t *t;
    if (is_away(json_object_get(f->status, "kafka")))
        unknown(f, NULL);
    json_array_foreach(json_object_get(f->status, "topics"), i, t)
    {
        double lag = real_of(t, "lag");
        const char *name = word_of(t, "name");
        if (lag < 0 && find_alert(f->a, f->rule, name) && has_sink(f, name))
            unknown(f, name);
        if (lag > (double)limit)
            found(f, name, "%.0f record%s, over %lld", lag, lag == 1 ? " waits" : "s wait",
                  (long long)limit);
    }
}

static void find_server(struct finding *f, const json_t *server, const char *name)
{
    if (is(server, "state", "down"))
        found(f, name, "does not answer: %.300s", word_of(server, "error"));
    else if (is(server, "state", "unknown"))
        unknown(f, name);
}

static void find_away(struct finding *f, int64_t limit)
{
    (void)limit;
    const json_t *source = json_object_get(f->status, "source");
    find_server(f, json_object_get(source, "primary"), "primary");
    find_server(f, json_object_get(f->status, "kafka"), "kafka");
    find_server(f, json_object_get(f->status, "warehouse"), "warehouse");
}

static void find_standby(struct finding *f, int64_t limit)
{
    const json_t *standby = json_object_get(json_object_get(f->status, "source"), "standby");
    double lag = real_of(standby, "lag_s");
    find_server(f, standby, "standby");
    if (is(standby, "state", "up") && lag > (double)limit)
        found(f, "standby", "replay is %.0f s behind, over %lld s", lag, (long long)limit);
}

static void each_slot(struct finding *f, void (*look)(struct finding *f, const json_t *slot))
{
    size_t i;
    json_t *s;
    json_array_foreach(json_object_get(json_object_get(f->status, "source"), "slots"), i, s)
    {
        if (*word_of(s, "error"))
            unknown(f, word_of(s, "name"));
        else
            look(f, s);
    }
}

static void look_read(struct finding *f, const json_t *slot)
{
    if (json_is_false(json_object_get(slot, "active")))
        found(f, word_of(slot, "name"), "nobody reads it: the primary keeps its log, %.0f MB now",
              real_of(slot, "retained_bytes") / 1e6);
}

static void look_kept(struct finding *f, const json_t *slot)
{
    if (is(slot, "wal_status", "unreserved") || is(slot, "wal_status", "lost"))
        found(f, word_of(slot, "name"), "wal_status is %s: the primary removes what was not read",
              word_of(slot, "wal_status"));
}

static void find_slot(struct finding *f, int64_t limit)
{
    (void)limit;
    each_slot(f, look_read);
}

static void find_lost(struct finding *f, int64_t limit)
{
    (void)limit;
    each_slot(f, look_kept);
}

static void find_full(struct finding *f, int64_t limit)
{
    size_t i;
    json_t *x;
    if (is_away(json_object_get(f->status, "kafka")))
        unknown(f, NULL);
    json_array_foreach(json_object_get(f->status, "eta"), i, x)
    {
        double s = real_of(x, "seconds");
        if (json_is_false(json_object_get(x, "known")))
            unknown(f, word_of(x, "what"));
        else if (s >= 0 && s < (double)limit)
            found(f, word_of(x, "what"), "%s", word_of(x, "text"));
    }
}

static void find_state(struct finding *f, const char *state)
{
    size_t i;
    json_t *c;
    json_array_foreach(json_object_get(f->status, "connectors"), i, c)
    {
        if (is(c, "state", state))
            found(f, word_of(c, "name"), "%s: %.300s", state, word_of(c, "last_error"));
    }
}

static void find_retrying(struct finding *f, int64_t limit)
{
    (void)limit;
    find_state(f, "RETRYING");
}

static void find_failed(struct finding *f, int64_t limit)
{
    (void)limit;
    find_state(f, "FAILED");
}

static void find_dead_letters(struct finding *f, int64_t limit)
{
    size_t i;
    json_t *c;
    json_array_foreach(json_object_get(f->status, "connectors"), i, c)
    {
        double n = real_of(c, "dead_letters");
        if (n >= (double)limit)
            found(f, word_of(c, "name"), "%.0f record%s went to the dead-letter topic", n,
                  n == 1 ? "" : "s");
    }
}

/* A run that is under way says nothing yet: where each begins as the one before fails, there always
 * is one. */
static void find_dag(struct finding *f, int64_t limit)
{
    size_t i;
    json_t *d;
    (void)limit;
    json_array_foreach(json_object_get(f->status, "dags"), i, d)
    {
        const json_t *failed = json_object_get(d, "failed");
        if (json_is_object(failed))
            found(f, word_of(d, "name"), "run %.0f failed: %.300s", real_of(failed, "run"),
                  word_of(failed, "reason"));
        else if (*word_of(d, "trouble"))
            found(f, word_of(d, "name"), "%.300s", word_of(d, "trouble"));
    }
}

static void find_late(struct finding *f, int64_t limit)
{
    size_t i;
    json_t *m;
    json_array_foreach(json_object_get(f->status, "freshness"), i, m)
    {
        double late = real_of(m, "late_s");
        if (late < 0)
            unknown(f, word_of(m, "name"));
        if (is(m, "kind", "mart") && late > (double)limit)
            found(f, word_of(m, "name"), "its time was %.0f m ago, and it is not made yet",
                  late / 60);
    }
}

static void find_differs(struct finding *f, int64_t limit)
{
    size_t i;
    json_t *m;
    (void)limit;
    if (is_away(json_object_get(f->status, "kafka")) ||
        is_away(json_object_get(f->status, "warehouse")) || has_sink(f, NULL))
        unknown(f, NULL); /* tables are listed by topics and by what sinks have stored */
    json_array_foreach(json_object_get(f->status, "freshness"), i, m)
    {
        if (json_is_false(json_object_get(m, "verified_ok")))
            found(f, word_of(m, "name"), "verify found that it differs from the source");
    }
}

enum { NO_WAIT = -1, ALWAYS = -1 };
#define LIMIT(field) offsetof(struct alert_limits, field)

static const struct rule rules[] = {
    {"lag", LIMIT(lag_records), LIMIT(lag_for_s), false, find_lag},
    {"away", LIMIT(away_for_s), LIMIT(away_for_s), true, find_away},
    {"standby", LIMIT(standby_lag_s), LIMIT(away_for_s), false, find_standby},
    {"slot", LIMIT(away_for_s), LIMIT(away_for_s), false, find_slot},
    {"slot-lost", (size_t)ALWAYS, (size_t)NO_WAIT, true, find_lost},
    {"full", LIMIT(full_within_s), LIMIT(away_for_s), false, find_full},
    {"retrying", LIMIT(away_for_s), LIMIT(away_for_s), false, find_retrying},
    {"failed", (size_t)ALWAYS, (size_t)NO_WAIT, true, find_failed},
    {"dead-letters", LIMIT(dead_letters), (size_t)NO_WAIT, false, find_dead_letters},
    {"dag", (size_t)ALWAYS, (size_t)NO_WAIT, true, find_dag},
    {"late", LIMIT(mart_late_s), (size_t)NO_WAIT, false, find_late},
    {"verify", (size_t)ALWAYS, (size_t)NO_WAIT, true, find_differs},
};

static int64_t limit_of(const struct alerts *a, size_t offset, int64_t otherwise)
{
    int64_t v = otherwise;
    if (offset != (size_t)ALWAYS)
        memcpy(&v, (const char *)&a->limits + offset, sizeof v);
    return v;
}

/* ---- life ---- */

enum err alerts_create(const struct alert_limits *l, struct alerts **out, struct errbuf *e)
{
    struct alerts *a = calloc(1, sizeof *a);
    if (!a)
        return err_set(e, ERR_NOMEM, "no memory for the alerts");
    a->limits = *l;
    (void)pthread_mutex_init(&a->mutex, NULL);
    *out = a;
    return ERR_OK;
}

static void free_alert(struct alert *x)
{
    free(x->acknowledged_by);
    free(x);
}

void alerts_destroy(struct alerts *a)
{
    if (!a)
        return;
    for (int i = 0; i < a->n; i++)
        free_alert(a->items[i]);
    free(a->items);
    (void)pthread_mutex_destroy(&a->mutex);
    free(a);
}

/* ---- after a restart ---- */

static const struct rule *rule_named(const char *name)
{
    for (size_t i = 0; name && i < sizeof rules / sizeof rules[0]; i++)
        if (!strcmp(rules[i].name, name))
            return &rules[i];
    return NULL;
}

static void restore(struct alerts *a, const json_t *x)
{
    bool no_memory = false;
    const struct rule *r = rule_named(json_string_value(json_object_get(x, "rule")));
    const char *object = json_string_value(json_object_get(x, "object"));
    const json_t *by = json_object_get(x, "acknowledged");
    const char *who = json_string_value(json_object_get(by, "who"));
    if (!r || !object || find_alert(a, r, object))
        return;
    struct alert *to =
        add_alert(a, r, object, json_integer_value(json_object_get(x, "since_us")), &no_memory);
    if (!to)
        return; /* it is found again */
    to->restored = true;
    to->raised_us = json_integer_value(json_object_get(x, "raised_us"));
    (void)snprintf(to->text, sizeof to->text, "%s", word_of(x, "text"));
    to->acknowledged_by = who ? strdup(who) : NULL;
    to->acknowledged_us = json_integer_value(json_object_get(by, "at_us"));
}

void alerts_restore(struct alerts *a, const json_t *status)
{
    size_t i;
    json_t *x;
    (void)pthread_mutex_lock(&a->mutex);
    json_array_foreach(json_object_get(status, "alerts"), i, x)
    {
        restore(a, x);
    }
    (void)pthread_mutex_unlock(&a->mutex);
}

/* ---- looking ---- */

struct told {
    const char *level;
    char object[OBJECT_MAX];
    char text[TEXT_MAX + WORDS_MAX];
};

/* What changes with this look is written down: telling it takes other locks. */
static void settle(struct alerts *a, int64_t now_us, struct told *told, int *n_told)
{
    int kept = 0;
    for (int i = 0; i < a->n; i++) {
        struct alert *x = a->items[i];
        struct told *t = &told[*n_told];
        x->found = x->found || (x->restored && now_us - a->first_us < GRACE_US);
        int64_t held_us = now_us - x->since_us;
        if (x->found && !x->raised_us &&
            held_us >= limit_of(a, x->rule->for_s, 0) * INT64_C(1000000)) {
            x->raised_us = now_us;
            t->level = x->is_error ? "error" : "warning";
            (void)snprintf(t->text, sizeof t->text, "%s: %s", x->rule->name, x->text);
        } else if (!x->found && !x->unknown && x->raised_us) {
            t->level = "info";
            (void)snprintf(t->text, sizeof t->text, "%s: over after %lld s: %s", x->rule->name,
                           (long long)(held_us / 1000000), x->text);
        }
        if (t->level) {
            memcpy(t->object, x->object, sizeof t->object);
            (*n_told)++;
        }
        if (x->found || x->unknown)
            a->items[kept++] = x;
        else
            free_alert(x);
    }
    a->n = kept;
}

enum err alerts_look(struct alerts *a, const json_t *status, int64_t now_us, alerts_tell_fn *tell,
                     void *arg, struct errbuf *e)
{
    struct finding f = {.a = a, .status = status, .now_us = now_us};
    int n = 0;
    (void)pthread_mutex_lock(&a->mutex);
    if (!a->first_us)
        a->first_us = now_us;
    for (int i = 0; i < a->n; i++)
        a->items[i]->found = a->items[i]->unknown = false;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        int64_t limit = limit_of(a, rules[i].limit, 1);
        f.rule = &rules[i];
        if (limit > 0)
            rules[i].find(&f, limit);
    }
    struct told *told = a->n ? calloc((size_t)a->n, sizeof *told) : NULL;
    f.no_memory = f.no_memory || (a->n && !told);
    if (told)
        settle(a, now_us, told, &n);
    (void)pthread_mutex_unlock(&a->mutex);
    for (int i = 0; i < n; i++)
        tell(arg, told[i].level, told[i].object, told[i].text);
    free(told);
    return f.no_memory ? err_set(e, ERR_NOMEM, "no memory for the alerts") : ERR_OK;
}

/* ---- what is asked ---- */

static char *name_of(const struct alert *x, char out[OBJECT_MAX + WORDS_MAX])
{
    (void)snprintf(out, OBJECT_MAX + WORDS_MAX, "%s:%s", x->rule->name, x->object);
    return out;
}

/* Words of servers may be no UTF-8, and a cut may go through a letter: then without those. */
static json_t *text_json(const char *s)
{
    json_t *j = json_string(s);
    if (j)
        return j;
    char plain[TEXT_MAX];
    size_t n = 0;
    for (; *s && n + 1 < sizeof plain; s++)
        plain[n++] = (unsigned char)*s < 0x80 ? *s : '?';
    return json_stringn(plain, n);
}

static json_t *alert_json(const struct alert *x)
{
    char name[OBJECT_MAX + WORDS_MAX];
    json_t *acknowledged = x->acknowledged_by ? json_pack("{s:s, s:I}", "who", x->acknowledged_by,
                                                          "at_us", (json_int_t)x->acknowledged_us)
                                              : json_null();
    return json_pack("{s:o, s:s, s:s, s:I, s:I, s:o, s:o, s:o}", "name",
                     text_json(name_of(x, name)), "rule", x->rule->name, "level",
                     x->is_error ? "error" : "warning", "since_us", (json_int_t)x->since_us,
                     "raised_us", (json_int_t)x->raised_us, "object", text_json(x->object), "text",
                     text_json(x->text), "acknowledged", acknowledged);
}

json_t *alerts_json(struct alerts *a)
{
    json_t *list = json_array();
    (void)pthread_mutex_lock(&a->mutex);
    for (int i = 0; i < a->n; i++)
        if (a->items[i]->raised_us)
            (void)json_array_append_new(list, alert_json(a->items[i]));
    (void)pthread_mutex_unlock(&a->mutex);
    return list;
}

enum err alerts_acknowledge(struct alerts *a, const char *name, const char *who, int64_t now_us,
                            struct errbuf *e)
{
    char own[OBJECT_MAX + WORDS_MAX];
    enum err rc = ERR_NOT_FOUND;
    (void)pthread_mutex_lock(&a->mutex);
    for (int i = 0; i < a->n; i++) {
        struct alert *x = a->items[i];
        if (!x->raised_us || strcmp(name_of(x, own), name) != 0)
            continue;
        char *copy = strdup(who);
        rc = copy ? ERR_OK : ERR_NOMEM;
        if (copy) {
            free(x->acknowledged_by);
            x->acknowledged_by = copy;
            x->acknowledged_us = now_us;
        }
    }
    (void)pthread_mutex_unlock(&a->mutex);
    if (rc == ERR_NOT_FOUND)
        return err_set(e, rc, "no alert is named %s: `flightdeck alert list` shows them", name);
    return rc ? err_set(e, rc, "no memory for the alerts") : ERR_OK;
}
