/*
 * The reader, figures of topics, and records made by hand.
 *
 * The size of a topic is an estimate: brokers tell it to who may administer them, in a request that
 * librdkafka has not. So the last records are read, and their mean size (key, value, headers,
 * before any compression) is taken for all. Offsets are counted, markers among them. An estimate is
 * kept for a while: the mean of a topic's records hardly moves, their number is asked each time.
 */
#include "backend/engine/topic_service.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/clock.h"
#include "backend/base/log.h"
#include "backend/base/stop.h"
#include "backend/engine/topic_run.h"

enum {
    FETCH_BYTES = 8 << 20,
    SAMPLE_RECORDS = 50,
    SAMPLE_US = 600000000, /* an estimate holds for so long */
    FLUSH_US = 10000000,
    HEADERS_MAX = 64,
    NO_US = -1,
};

struct sample {
    char *name;
    double mean; /* bytes of a record; -1: it had none */
    int64_t at_us;
};

struct topic_service {
    const char *const *kafka;
    int64_t idle_us;
    pthread_mutex_t mutex; /* one request at a time; the reader's */
    pthread_mutex_t idle_mutex;
    pthread_cond_t changed; /* of used_us, ending */
    struct kafka_reader *reader;
    int64_t used_us; /* monotonic; NO_US: in use */
    bool ending;
    bool closes; /* the closer's thread is there */
    pthread_t closer;
    int n_samples;
    struct sample *samples; /* by name */
};

/* ---- the reader ---- */

enum err topic_service_create(const char *const *kafka, int64_t idle_us, struct topic_service **out,
                              struct errbuf *e)
{
    struct topic_service *s = calloc(1, sizeof *s);
    if (!s)
        return err_set(e, ERR_NOMEM, "no memory for the topics");
    pthread_condattr_t attr;
    s->kafka = kafka;
    s->idle_us = idle_us;
    s->used_us = NO_US;
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&s->mutex, NULL);
    (void)pthread_mutex_init(&s->idle_mutex, NULL);
    (void)pthread_cond_init(&s->changed, &attr);
    (void)pthread_condattr_destroy(&attr);
    *out = s;
    return ERR_OK;
}

/* Closes the reader when nobody has asked for a while; as long as there is one, it is there. */
static void *closer_main(void *arg)
{
    struct topic_service *s = arg;
    (void)pthread_mutex_lock(&s->idle_mutex);
    while (!s->ending) {
        int64_t left = s->used_us + s->idle_us - clock_mono_us();
        if (s->used_us == NO_US || !s->reader) {
            (void)pthread_cond_wait(&s->changed, &s->idle_mutex);
        } else if (left > 0) {
            struct timespec t = clock_mono_after(left);
            (void)pthread_cond_timedwait(&s->changed, &s->idle_mutex, &t);
        } else {
            struct kafka_reader *idle = s->reader;
            s->reader = NULL;
            (void)pthread_mutex_unlock(&s->idle_mutex);
            kafka_reader_destroy(idle);
            (void)pthread_mutex_lock(&s->idle_mutex);
        }
    }
    (void)pthread_mutex_unlock(&s->idle_mutex);
    return NULL;
}

/* s->mutex is held from here to topic_reader_give. */
enum err topic_reader_take(struct topic_service *s, struct kafka_reader **out, struct errbuf *e)
{
    enum err rc = ERR_OK;
    (void)pthread_mutex_lock(&s->mutex);
    (void)pthread_mutex_lock(&s->idle_mutex);
    s->used_us = NO_US;
    if (!s->closes)
        s->closes = pthread_create(&s->closer, NULL, closer_main, s) == 0;
    if (!s->closes)
        rc = err_set(e, ERR_NOMEM, "cannot start the thread that closes the reader of topics");
    (void)pthread_mutex_unlock(&s->idle_mutex);
    if (!rc && !s->reader)
        rc = kafka_reader_create(s->kafka, FETCH_BYTES, &s->reader, e);
    if (rc)
        (void)pthread_mutex_unlock(&s->mutex);
    *out = s->reader;
    return rc;
}

void topic_reader_give(struct topic_service *s, bool failed)
{
    if (failed) {
        kafka_reader_destroy(s->reader);
        s->reader = NULL;
    }
    (void)pthread_mutex_lock(&s->idle_mutex);
    s->used_us = clock_mono_us();
    (void)pthread_cond_broadcast(&s->changed);
    (void)pthread_mutex_unlock(&s->idle_mutex);
    (void)pthread_mutex_unlock(&s->mutex);
}

bool topic_service_is_idle(struct topic_service *s)
{
    (void)pthread_mutex_lock(&s->mutex);
    (void)pthread_mutex_lock(&s->idle_mutex);
    bool idle = !s->reader;
    (void)pthread_mutex_unlock(&s->idle_mutex);
    (void)pthread_mutex_unlock(&s->mutex);
    return idle;
}

void topic_service_destroy(struct topic_service *s)
{
    if (!s)
        return;
    (void)pthread_mutex_lock(&s->idle_mutex);
    s->ending = true;
    (void)pthread_cond_broadcast(&s->changed);
    (void)pthread_mutex_unlock(&s->idle_mutex);
    if (s->closes)
        (void)pthread_join(s->closer, NULL);
    kafka_reader_destroy(s->reader);
    for (int i = 0; i < s->n_samples; i++)
        free(s->samples[i].name);
    free(s->samples);
    (void)pthread_cond_destroy(&s->changed);
    (void)pthread_mutex_destroy(&s->idle_mutex);
    (void)pthread_mutex_destroy(&s->mutex);
    free(s);
}

/* ---- figures ---- */

static struct sample *sample_of(struct topic_service *s, const char *name)
{
    for (int i = 0; i < s->n_samples; i++)
        if (strcmp(s->samples[i].name, name) == 0)
            return &s->samples[i];
    struct sample *grown = realloc(s->samples, ((size_t)s->n_samples + 1) * sizeof *grown);
    char *copy = grown ? strdup(name) : NULL;
    if (grown)
        s->samples = grown;
    if (!copy)
        return NULL;
    s->samples[s->n_samples] = (struct sample){.name = copy, .at_us = NO_US};
    return &s->samples[s->n_samples++];
}

/* Offsets between first and last; -1: not all are known. */
static int64_t offsets_of(struct kafka_reader *r)
{
    struct kafka_reader_part *parts;
    int64_t sum = 0;
    int n = kafka_reader_parts(r, &parts);
    for (int i = 0; i < n; i++)
        sum += parts[i].high - parts[i].low;
    return sum;
}

/* Reads the topic's last records unless that was done lately; the time is the whole request's. */
static enum err measure(struct topic_look *l, struct sample *k, struct errbuf *e)
{
    const struct kafka_reader_use use = topic_use_sizes(l);
    struct kafka_kept *kept = NULL;
    int64_t n = 0;
    bool told = k->mean >= 0 || offsets_of(l->reader) == 0; /* it may have been empty then */
    if (k->at_us != NO_US && told && clock_mono_us() - k->at_us < SAMPLE_US)
        return ERR_OK;
    l->looked = 0;
    l->bytes = 0;
    enum err rc = kafka_reader_last(l->reader, &use, SAMPLE_RECORDS, &kept, &n, e);
    free(kept); /* nothing is kept */
    if (rc)
        return rc;
    k->mean = l->looked ? (double)l->bytes / (double)l->looked : -1;
    k->at_us = clock_mono_us();
    return ERR_OK;
}

static json_t *setting_number(const json_t *settings, const char *name)
{
    const char *text = json_string_value(json_object_get(settings, name));
    return text ? json_integer(strtoll(text, NULL, 10)) : json_null();
}

static json_t *figures_json(const char *name, int64_t offsets, const struct sample *k,
                            int64_t retention_ms, json_t *settings)
{
    bool known = k && k->at_us != NO_US;
    json_t *size = !known        ? json_null()
                   : k->mean < 0 ? json_integer(0)
                                 : json_integer((json_int_t)(k->mean * (double)offsets));
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "name", name, "size_bytes", size,
                     "record_bytes", known && k->mean >= 0 ? json_real(k->mean) : json_null(),
                     "retention_ms", json_integer(retention_ms), "retention_bytes",
                     setting_number(settings, "retention.bytes"), "settings", settings);
}

/* Those that are not the brokers' own. */
static enum err read_settings(struct kafka_reader *r, json_t **out, int64_t *retention_ms,
                              struct errbuf *e)
{
    struct kafka_topics t = {0};
    enum err rc = kafka_reader_describe(r, &t, e);
    json_t *settings = rc ? NULL : json_object();
    for (char **c = rc ? NULL : t.items[0].config; c && *c; c += 2)
        (void)json_object_set_new(settings, c[0], json_string(c[1]));
    *retention_ms = rc ? -1 : t.items[0].retention_ms;
    kafka_topics_free(&t);
    *out = settings;
    return rc;
}

static enum err look_at(struct topic_service *s, struct topic_look *l, const char *name,
                        json_t **out, struct errbuf *e)
{
    json_t *settings = NULL;
    int64_t retention_ms = -1;
    enum err rc = kafka_reader_open(l->reader, name, KAFKA_READER_ALL, e);
    if (!rc)
        rc = read_settings(l->reader, &settings, &retention_ms, e);
    struct sample *k = rc ? NULL : sample_of(s, name);
    if (!rc && k) {
        struct errbuf late;
        rc = measure(l, k, &late);
        if (rc == ERR_CANCELED && !stop_asked())
            rc = ERR_OK; /* next time */
        else if (rc)
            (void)err_set(e, rc, "%s", late.text);
    }
    if (rc)
        json_decref(settings);
    else
        *out = figures_json(name, offsets_of(l->reader), k, retention_ms, settings);
    return rc;
}

enum err topic_service_figures(struct topic_service *s, const json_t *params, json_t **result,
                               struct errbuf *e)
{
    const json_t *names = json_object_get(params, "names");
    struct topic_look l = {.until_us = clock_mono_us() + TOPIC_TIME_US};
    if (!json_is_array(names) || json_array_size(names) > TOPIC_NAMES_MAX)
        return err_set(e, ERR_USAGE, "names: an array of at most %d topics is needed",
                       TOPIC_NAMES_MAX);
    enum err rc = topic_reader_take(s, &l.reader, e);
    if (rc)
        return rc;
    json_t *topics = json_array();
    for (size_t i = 0; i < json_array_size(names) && !rc; i++) {
        const char *name = json_string_value(json_array_get(names, i));
        json_t *one = NULL;
        if (clock_mono_us() >= l.until_us)
            break; /* those that are missing are asked for again */
        rc = name ? look_at(s, &l, name, &one, e)
                  : err_set(e, ERR_USAGE, "names: a topic's name is a text");
        if (rc == ERR_NOT_FOUND)
            rc = ERR_OK; /* it has gone meanwhile */
        else if (!rc)
            (void)json_array_append_new(topics, one);
    }
    topic_reader_give(s, rc && rc != ERR_USAGE);
    if (rc)
        json_decref(topics);
    else
        *result = json_pack("{s:o}", "topics", topics);
    return rc;
}

/* ---- a record made by hand ---- */

struct made {
    const char *topic;
    int partition; /* -1: the key decides */
    const char *key, *value;
    size_t key_len, value_len;
    int n_headers;
    struct kafka_header headers[HEADERS_MAX];
};

/* A text as it is, null and what is missing as null; anything else as JSON, kept in *made. */
static enum err bytes_of(const json_t *v, const char *what, char **made, const char **p, size_t *n,
                         struct errbuf *e)
{
    *p = NULL;
    *n = 0;
    if (!v || json_is_null(v))
        return ERR_OK;
    if (json_is_string(v)) {
        *p = json_string_value(v);
        *n = json_string_length(v);
        return ERR_OK;
    }
    *made = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);
    if (!*made)
        return err_set(e, ERR_NOMEM, "no memory for the %s", what);
    *p = *made;
    *n = strlen(*made);
    return ERR_OK;
}

static enum err read_headers(const json_t *headers, struct made *m, struct errbuf *e)
{
    const char *name;
    json_t *v;
    if (headers && !json_is_object(headers) && !json_is_null(headers))
        return err_set(e, ERR_USAGE, "headers: an object of texts is needed");
    if (json_object_size(headers) > HEADERS_MAX)
        return err_set(e, ERR_USAGE, "headers: there are more than %d", HEADERS_MAX);
    json_object_foreach((json_t *)(uintptr_t)headers, name, v)
    {
        if (!json_is_string(v) && !json_is_null(v))
            return err_set(e, ERR_USAGE, "headers: %s is no text", name);
        m->headers[m->n_headers++] =
            (struct kafka_header){name, json_string_value(v), json_string_length(v)};
    }
    return ERR_OK;
}

/* What the engine keeps there decides where it goes on: a record by hand would be believed. */
static bool is_the_engines(const char *topic)
{
    static const char *const ends[] = {".__offsets", ".__schemas"};
    size_t n = strlen(topic);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        size_t k = strlen(ends[i]);
        if (n >= k && strcmp(topic + n - k, ends[i]) == 0)
            return true;
    }
    return strncmp(topic, "__", 2) == 0;
}

static enum err check_target(struct topic_service *s, const struct made *m, struct errbuf *e)
{
    struct kafka_reader *r;
    if (is_the_engines(m->topic))
        return err_set(e, ERR_USAGE,
                       "topic %s holds positions or schemas: a record made by hand would be taken "
                       "for the engine's own",
                       m->topic);
    enum err rc = topic_reader_take(s, &r, e);
    if (rc)
        return rc;
    rc = kafka_reader_open(r, m->topic, m->partition < 0 ? KAFKA_READER_ALL : m->partition, e);
    topic_reader_give(s, rc && rc != ERR_NOT_FOUND);
    return rc;
}

static enum err send(struct topic_service *s, const struct made *m, struct errbuf *e)
{
    struct kafka_producer *p = NULL;
    enum err rc = kafka_producer_create(s->kafka, NULL, &p, e);
    if (!rc)
        rc = kafka_producer_send(p, m->topic, m->partition, m->key, m->key_len, m->value,
                                 m->value_len, m->headers, m->n_headers, e);
    if (!rc)
        rc = kafka_producer_flush(p, FLUSH_US, e);
    kafka_producer_destroy(p);
    return rc;
}

enum err topic_service_produce(struct topic_service *s, const json_t *params, json_t **result,
                               struct errbuf *e)
{
    struct made m = {.topic = json_string_value(json_object_get(params, "name")), .partition = -1};
    const json_t *partition = json_object_get(params, "partition");
    char *key = NULL;
    char *value = NULL;
    if (!m.topic)
        return err_set(e, ERR_USAGE, "name: a topic's name is needed");
    if (partition && !json_is_null(partition)) {
        json_int_t n = json_is_integer(partition) ? json_integer_value(partition) : -1;
        if (n < 0 || n > INT32_MAX)
            return err_set(e, ERR_USAGE, "partition: a whole number from 0 on is needed");
        m.partition = (int)n;
    }
    enum err rc = bytes_of(json_object_get(params, "key"), "key", &key, &m.key, &m.key_len, e);
    if (!rc)
        rc = bytes_of(json_object_get(params, "value"), "value", &value, &m.value, &m.value_len, e);
    if (!rc && !m.key && !m.value)
        rc = err_set(e, ERR_USAGE, "a record has a key or a value: there is neither");
    if (!rc)
        rc = read_headers(json_object_get(params, "headers"), &m, e);
    if (!rc)
        rc = check_target(s, &m, e);
    if (!rc)
        rc = send(s, &m, e);
    if (!rc)
        *result = json_pack("{s:s, s:I}", "name", m.topic, "bytes",
                            (json_int_t)(m.key_len + m.value_len));
    free(key);
    free(value);
    return rc;
}
