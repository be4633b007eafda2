#include "backend/engine/schemas.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backend/base/clock.h"
#include "backend/kafka/kafka.h"

enum {
    FINGERPRINT = 16,
    SCHEMAS_MAX_FETCH = 1 << 20,
    VISIBLE_WITHIN_US = 60 * 1000000, /* no transaction of the publisher lives longer */
    LOOK_AGAIN_NS = 20000000,
};

struct known {
    char fingerprint[FINGERPRINT + 1];
    struct flat_plan *plan;
    struct known *next;
};

struct schemas {
    const char *const *kafka;
    char *topic;
    const _Atomic bool *stop;
    int64_t next_offset;
    struct known *known;
};

struct schemas *schemas_create(const char *const *kafka, const char *topic,
                               const _Atomic bool *stop)
{
    struct schemas *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    *s = (struct schemas){.kafka = kafka,
                          .topic = strdup(topic),
                          .stop = stop,
                          .next_offset = KAFKA_OFFSET_BEGINNING};
    if (!s->topic) {
        free(s);
        return NULL;
    }
    return s;
}

void schemas_destroy(struct schemas *s)
{
    if (!s)
        return;
    while (s->known) {
        struct known *k = s->known;
        s->known = k->next;
        flat_plan_unref(k->plan);
        free(k);
    }
    free(s->topic);
    free(s);
}

static struct flat_plan *look_up(const struct schemas *s, const char *fingerprint)
{
    for (struct known *k = s->known; k; k = k->next)
        if (!memcmp(k->fingerprint, fingerprint, FINGERPRINT))
            return k->plan;
    return NULL;
}

static enum err add(struct schemas *s, const struct kafka_record *r, struct errbuf *e)
{
    json_error_t je;
    enum err rc = ERR_OK;
    json_t *key = json_loadb(r->key, r->key_len, 0, &je);
    const char *fp = json_string_value(json_object_get(key, "fingerprint"));
    if (!fp || strlen(fp) != FINGERPRINT) {
        rc = err_set(e, ERR_PROTOCOL, "%s, offset %lld: the key has no fingerprint of 16 digits",
                     s->topic, (long long)r->offset);
        goto out;
    }
    if (look_up(s, fp))
        goto out;
    struct known *k = calloc(1, sizeof *k);
    if (!k) {
        rc = err_set(e, ERR_NOMEM, "no memory for a schema");
        goto out;
    }
    memcpy(k->fingerprint, fp, FINGERPRINT);
    rc = flat_plan_from_schema_record(r->value, r->value_len, &k->plan, e);
    if (rc) {
        (void)err_prefix(e, "%s, offset %lld", s->topic, (long long)r->offset);
        free(k);
        goto out;
    }
    k->next = s->known;
    s->known = k;
out:
    json_decref(key);
    return rc;
}

static enum err read_on(struct schemas *s, struct errbuf *e)
{
    struct kafka_consumer *c = NULL;
    enum err rc = kafka_consumer_create(s->kafka, NULL, SCHEMAS_MAX_FETCH, &c, e);
    struct kafka_position at = {.topic = s->topic, .partition = 0, .offset = s->next_offset};
    if (!rc)
        rc = kafka_consumer_assign(c, &at, 1, e);
    while (!rc) {
        struct kafka_record r;
        if (*s->stop) {
            rc = err_set(e, ERR_CANCELED, "stopped while reading %s", s->topic);
            break;
        }
        enum err got = kafka_consumer_poll(c, 200000, &r, e);
        if (got == ERR_TIMEOUT)
            continue;
        if (got == ERR_NOT_FOUND) {
            s->next_offset = r.offset;
            break;
        }
        if (got) {
            rc = got;
            break;
        }
        if (r.key && r.value)
            rc = add(s, &r, e);
        kafka_record_free(&r);
    }
    kafka_consumer_destroy(c);
    return rc;
}

/*
 * A row's schema is committed with it or before it, but a transaction becomes visible partition by
 * partition: the broker may have written the commit marker behind the row and not yet the one
 * behind the schema. So what is missing is looked for again for as long as a transaction may take.
 */
enum err schemas_find(struct schemas *s, const char *fingerprint, struct flat_plan **out,
                      struct errbuf *e)
{
    const struct timespec pause = {.tv_nsec = LOOK_AGAIN_NS};
    int64_t until = clock_mono_us() + VISIBLE_WITHIN_US;
    enum err rc = ERR_OK;
    *out = look_up(s, fingerprint);
    while (!*out && !rc) {
        rc = read_on(s, e);
        *out = rc ? NULL : look_up(s, fingerprint);
        if (rc || *out)
            break;
        if (clock_mono_us() > until)
            rc = err_set(e, ERR_NOT_FOUND, "%s has no schema %.16s although a row names it",
                         s->topic, fingerprint);
        else
            (void)nanosleep(&pause, NULL);
    }
    return rc;
}
