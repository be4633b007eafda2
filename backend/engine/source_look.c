#include "backend/engine/source_look.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/clock.h"
#include "backend/base/stop.h"
#include "backend/engine/rows_json.h"
#include "backend/postgres/source.h"
#include "queries/queries.h"

enum { SLOTS_KEPT = 64, SLOT_NAME = 64 };

/* A rate is over 1 s at the least, and over what was 10 minutes ago it says nothing of now. */
static const int64_t LEAST_US = 1000000;
static const int64_t RENEW_US = 10000000;
static const int64_t MOST_US = 600000000;
static const double US_PER_S = 1e6;

struct sample {
    int64_t at_us; /* monotonic; 0: none yet */
    int64_t lsn;
    int n_slots;
    struct {
        char name[SLOT_NAME];
        int64_t retained;
    } slots[SLOTS_KEPT];
};

struct source_look {
    pthread_mutex_t mutex;
    struct sample before;
};

struct looking {
    struct source *s;
    json_t *answer, *errors;
};

struct source_look *source_look_create(void)
{
    struct source_look *l = calloc(1, sizeof *l);
    if (l)
        (void)pthread_mutex_init(&l->mutex, NULL);
    return l;
}

void source_look_destroy(struct source_look *l)
{
    if (!l)
        return;
    (void)pthread_mutex_destroy(&l->mutex);
    free(l);
}

static enum err no_memory(struct errbuf *e)
{
    return err_set(e, ERR_NOMEM, "no memory for what the source says");
}

/* ---- one question ---- */

static enum err take(void *arg, const struct cell *c, int n, struct errbuf *e)
{
    json_error_t why;
    json_t **out = arg;
    (void)n;
    json_decref(*out);
    *out = json_loadb(c[0].p, c[0].len, JSON_DECODE_ANY, &why);
    return *out ? ERR_OK : err_set(e, ERR_PROTOCOL, "an answer that is no JSON: %s", why.text);
}

static enum err query(struct source *s, const char *name, json_t **out, struct errbuf *e)
{
    char path[100];
    *out = NULL;
    (void)snprintf(path, sizeof path, "source/look/%s", name);
    enum err rc = source_query(s, query_text(path), 0, NULL, take, out, e);
    if (!rc && !*out)
        rc = err_set(e, ERR_PROTOCOL, "the source answers nothing");
    if (rc) {
        json_decref(*out);
        *out = NULL;
    }
    return rc;
}

/* answer[part]; where it cannot be had an empty list, and why among the errors. */
static enum err ask(struct looking *k, const char *part, struct errbuf *e)
{
    json_t *list = NULL;
    enum err rc = query(k->s, part, &list, e);
    if (rc && stop_asked())
        return err_set(e, ERR_CANCELED, "the engine is stopping");
    if (rc == ERR_CONNECT || rc == ERR_CANCELED)
        return rc;
    if (rc && json_array_append_new(k->errors, json_pack("{s:s, s:o}", "part", part, "text",
                                                         rows_json_text(e->text, strlen(e->text)))))
        return no_memory(e);
    return json_object_set_new(k->answer, part, list ? list : json_array()) ? no_memory(e) : ERR_OK;
}

/* ---- what a delete carries ---- */

static const struct identity {
    char letter; /* pg_class.relreplident */
    bool keyed;  /* and, for 'd': is there a primary key? */
    const char *word, *deletes, *means;
} identities[] = {
    {'d', true, "primary key", "key", "an update or a delete carries the primary key"},
    {'d', false, "none", "refused",
     "no primary key: the server refuses UPDATE and DELETE as long as it is published; ALTER TABLE "
     "%s REPLICA IDENTITY FULL lets them through with the whole row before"},
    {'i', false, "index", "key", "an update or a delete carries the columns of the index"},
    {'f', false, "full", "row", "an update or a delete carries the whole row before"},
    {'n', false, "nothing", "refused",
     "REPLICA IDENTITY NOTHING: the server refuses UPDATE and DELETE as long as it is published; "
     "ALTER TABLE %s REPLICA IDENTITY DEFAULT lets them through where there is a primary key"},
};

static void explain(json_t *t)
{
    const char *letter = json_string_value(json_object_get(t, "identity"));
    const char *persistence = json_string_value(json_object_get(t, "persistence"));
    bool keyed = json_is_true(json_object_get(t, "has_key"));
    bool published = json_array_size(json_object_get(t, "publications")) > 0;
    const struct identity *found = NULL;
    char name[300];
    char means[700];
    for (size_t i = 0; letter && i < sizeof identities / sizeof identities[0] && !found; i++)
        if (identities[i].letter == *letter && (*letter != 'd' || identities[i].keyed == keyed))
            found = &identities[i];
    if (!found)
        return;
    (void)snprintf(name, sizeof name, "%s.%s", json_string_value(json_object_get(t, "schema_name")),
                   json_string_value(json_object_get(t, "table_name")));
    const char *slot = strstr(found->means, "%s");
    int before = slot ? (int)(slot - found->means) : (int)strlen(found->means);
    (void)snprintf(means, sizeof means, "%.*s%s%s", before, found->means, slot ? name : "",
                   slot ? slot + 2 : "");
    bool unlogged = persistence && *persistence == 'u';
    (void)json_object_set_new(t, "identity", json_string(found->word));
    (void)json_object_set_new(t, "deletes",
                              json_string(published && !unlogged ? found->deletes : "unseen"));
    (void)json_object_set_new(
        t, "means",
        json_string(unlogged    ? "unlogged: its changes are not in the WAL, nobody sees them"
                    : published ? means
                                : "not published: its changes are not captured"));
}

/* ---- what grows ---- */

static json_int_t integer(const json_t *o, const char *name)
{
    return json_integer_value(json_object_get(o, name));
}

static void take_sample(const json_t *answer, struct sample *out)
{
    size_t i;
    const json_t *s;
    *out = (struct sample){.at_us = clock_mono_us(),
                           .lsn = integer(json_object_get(answer, "primary"), "lsn_bytes")};
    json_array_foreach(json_object_get(answer, "slots"), i, s)
    {
        const char *name = json_string_value(json_object_get(s, "name"));
        if (!name || out->n_slots == SLOTS_KEPT)
            continue;
        (void)snprintf(out->slots[out->n_slots].name, SLOT_NAME, "%s", name);
        out->slots[out->n_slots++].retained = integer(s, "retained_bytes");
    }
}

static bool retained_before(const struct sample *before, const char *name, int64_t *out)
{
    for (int i = 0; name && i < before->n_slots; i++)
        if (!strcmp(before->slots[i].name, name)) {
            *out = before->slots[i].retained;
            return true;
        }
    return false;
}

/* Seconds until `room` bytes are used up; null: never, or it is not known. */
static json_t *until_full(const json_t *room, double bytes_s)
{
    return json_is_integer(room) && bytes_s > 0
               ? json_real((double)json_integer_value(room) / bytes_s)
               : json_null();
}

static void tell_growth(json_t *answer, const struct sample *before, double seconds)
{
    size_t i;
    json_t *s, *primary = json_object_get(answer, "primary");
    double wal = seconds > 0 ? (double)(integer(primary, "lsn_bytes") - before->lsn) / seconds : -1;
    (void)json_object_set_new(primary, "wal_bytes_s", wal >= 0 ? json_real(wal) : json_null());
    json_array_foreach(json_object_get(answer, "slots"), i, s)
    {
        int64_t was = 0;
        const json_t *room = json_object_get(s, "safe_bytes");
        bool known = seconds > 0 &&
                     retained_before(before, json_string_value(json_object_get(s, "name")), &was);
        double growth = known ? (double)(integer(s, "retained_bytes") - was) / seconds : 0;
        (void)json_object_set_new(s, "growth_bytes_s", known ? json_real(growth) : json_null());
        (void)json_object_set_new(s, "full_s", until_full(room, growth));
        (void)json_object_set_new(s, "full_if_stopped_s", until_full(room, wal));
    }
}

static void compare(struct source_look *l, json_t *answer)
{
    struct sample now;
    take_sample(answer, &now);
    (void)pthread_mutex_lock(&l->mutex);
    int64_t passed = l->before.at_us ? now.at_us - l->before.at_us : 0;
    bool usable = passed >= LEAST_US && passed <= MOST_US && now.lsn >= l->before.lsn;
    tell_growth(answer, &l->before, usable ? (double)passed / US_PER_S : 0);
    if (!l->before.at_us || passed >= RENEW_US || (passed >= LEAST_US && !usable))
        l->before = now;
    (void)pthread_mutex_unlock(&l->mutex);
}

/* ---- the standby ---- */

static json_int_t at_least_0(json_int_t n)
{
    return n > 0 ? n : 0;
}

/* Its own words, with how far it is behind the primary; what cannot be had is `error`. */
static json_t *look_at_standby(const char *conninfo, json_int_t primary_lsn)
{
    struct errbuf e;
    struct source *s = NULL;
    json_t *out = NULL;
    enum err rc = source_open(conninfo, &s, &e);
    if (!rc)
        rc = query(s, "server", &out, &e);
    source_close(s);
    if (rc)
        return json_pack("{s:s, s:o}", "state", "down", "error",
                         rows_json_text(e.text, strlen(e.text)));
    json_int_t lsn = integer(out, "lsn_bytes");
    (void)json_object_set_new(out, "state", json_string("up"));
    (void)json_object_set_new(out, "error", json_null());
    (void)json_object_set_new(out, "lag_bytes", json_integer(at_least_0(primary_lsn - lsn)));
    return out;
}

/* ---- the whole ---- */

static enum err ask_all(struct looking *k, struct errbuf *e)
{
    static const char *const parts[] = {"replicas", "slots", "publications", "transactions",
                                        "tables"};
    enum err rc = ERR_OK;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && !rc; i++)
        rc = ask(k, parts[i], e);
    size_t i;
    json_t *t;
    json_array_foreach(json_object_get(k->answer, "tables"), i, t)
    {
        explain(t);
    }
    return rc;
}

static enum err ask_primary(struct looking *k, const char *conninfo, struct errbuf *e)
{
    json_t *primary = NULL;
    if (stop_asked())
        return err_set(e, ERR_CANCELED, "the engine is stopping");
    enum err rc = source_open(conninfo, &k->s, e);
    if (!rc) /* whoever looks does not stand in line behind what it wants to show */
        rc = source_query(k->s, query_text("source/lock_timeout"), 0, NULL, NULL, NULL, e);
    if (!rc)
        rc = query(k->s, "server", &primary, e);
    if (!rc && json_object_set_new(k->answer, "primary", primary))
        rc = no_memory(e);
    return rc ? rc : ask_all(k, e);
}

enum err source_look_show(struct source_look *l, const char *primary, const char *standby,
                          json_t **result, struct errbuf *e)
{
    struct looking k = {.answer = json_pack("{s:I, s:[], s:n}", "asked_us",
                                            (json_int_t)clock_wall_us(), "errors", "standby")};
    int64_t began = clock_mono_us();
    if (!k.answer)
        return no_memory(e);
    k.errors = json_object_get(k.answer, "errors");
    enum err rc = ask_primary(&k, primary, e);
    source_close(k.s);
    if (!rc) {
        const json_t *first = json_object_get(k.answer, "primary");
        compare(l, k.answer);
        if (standby)
            (void)json_object_set_new(k.answer, "standby",
                                      look_at_standby(standby, integer(first, "lsn_bytes")));
        (void)json_object_set_new(k.answer, "seconds",
                                  json_real((double)(clock_mono_us() - began) / US_PER_S));
        *result = k.answer;
    } else {
        json_decref(k.answer);
    }
    return rc;
}
