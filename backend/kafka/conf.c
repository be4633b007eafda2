#include "backend/kafka/conf.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "backend/base/clock.h"
#include "backend/base/log.h"

/* ---- settings ---- */

/* Names from librdkafka's CONFIGURATION.md whose values are secrets, or may be. */
bool kafka_setting_secret(const char *name)
{
    static const char *const part[] = {"password", "secret",           "jaas", "key.pem",
                                       "ssl.key",  "oauthbearer.conf", NULL};
    for (int i = 0; part[i]; i++)
        if (strcasestr(name, part[i]))
            return true;
    return false;
}

/* Levenshtein's distance, names up to 63 characters. */
static int distance(const char *a, const char *b)
{
    int row[64];
    int n = (int)strlen(b);
    if (n > 63 || strlen(a) > 63)
        return 1000;
    for (int j = 0; j <= n; j++)
        row[j] = j;
    for (int i = 0; a[i]; i++) {
        int diagonal = row[0];
        row[0] = i + 1;
        for (int j = 0; j < n; j++) {
            int best = diagonal + (a[i] != b[j]);
            diagonal = row[j + 1];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (diagonal + 1 < best)
                best = diagonal + 1;
            row[j + 1] = best;
        }
    }
    return row[n];
}

/* The known setting that is nearest to name; "" when none is near. The names are the first column
 * of the table that librdkafka prints of its settings: the only list that has all of them. */
static void nearest_setting(const char *name, char *out, size_t size)
{
    char *table = NULL;
    size_t n = 0;
    int best = (int)strlen(name) / 3 + 1;
    out[0] = 0;
    FILE *f = open_memstream(&table, &n);
    if (!f)
        return;
    rd_kafka_conf_properties_show(f);
    if (fclose(f) != 0)
        goto out;
    char *rest = NULL;
    for (char *line = strtok_r(table, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        line[strcspn(line, " |")] = 0;
        int d = distance(name, line);
        if (line[0] && d < best && strlen(line) < size) {
            best = d;
            (void)snprintf(out, size, "%s", line);
        }
    }
out:
    free(table);
}

static enum err set_one(rd_kafka_conf_t *conf, const char *name, const char *value,
                        struct errbuf *e)
{
    char why[512] = "";
    char near[64];
    switch (rd_kafka_conf_set(conf, name, value, why, sizeof(why))) {
    case RD_KAFKA_CONF_OK:
        return ERR_OK;
    case RD_KAFKA_CONF_UNKNOWN:
        nearest_setting(name, near, sizeof(near));
        if (near[0])
            return err_set(e, ERR_CONFIG, "kafka: there is no setting \"%s\"; did you mean \"%s\"?",
                           name, near);
        return err_set(e, ERR_CONFIG,
                       "kafka: there is no setting \"%s\" (the names are those of librdkafka's "
                       "CONFIGURATION.md)",
                       name);
    default:
        if (kafka_setting_secret(name))
            return err_set(e, ERR_CONFIG, "kafka: the value of \"%s\" is refused", name);
        return err_set(e, ERR_CONFIG, "kafka: setting %s=%s is refused: %s", name, value, why);
    }
}

static bool listed(const char *const *names, const char *name)
{
    for (; names && *names; names++)
        if (!strcasecmp(*names, name))
            return true;
    return false;
}

static enum err set_all(rd_kafka_conf_t *conf, const char *const *list, const char *const *skipped,
                        struct errbuf *e)
{
    for (; list && list[0] && list[1]; list += 2) {
        if (listed(skipped, list[0]))
            continue;
        enum err r = set_one(conf, list[0], list[1], e);
        if (r)
            return r;
    }
    return ERR_OK;
}

static bool same_value(const char *a, const char *b)
{
    return !strcasecmp(a, b) || (!strcmp(a, "-1") && !strcasecmp(b, "all")) ||
           (!strcmp(b, "-1") && !strcasecmp(a, "all"));
}

/* Once a process: clients come and go, and take the same list each time. */
static bool first_time(const char *name, const char *value)
{
    static atomic_uint_fast64_t told[32];
    uint64_t h = 14695981039346656037u;
    for (const char *s = name; *s; s++)
        h = (h ^ (unsigned char)*s) * 1099511628211u;
    for (const char *s = value; *s; s++)
        h = (h ^ (unsigned char)*s) * 1099511628211u;
    for (int i = 0; i < 32; i++) {
        uint_fast64_t empty = 0;
        if (atomic_compare_exchange_strong(&told[i], &empty, h | 1))
            return true;
        if (empty == (h | 1))
            return false;
    }
    return false;
}

static void warn_overruled(const char *const *settings, const char *const *forced)
{
    for (const char *const *s = settings; s && s[0] && s[1]; s += 2)
        for (const char *const *f = forced; f && f[0] && f[1]; f += 2)
            if (!strcasecmp(s[0], f[0]) && !same_value(s[1], f[1]) && first_time(s[0], s[1]))
                log_warning(KAFKA_AREA,
                            "setting %s=%s has no effect here: %s is needed for a guarantee", s[0],
                            s[1], f[1]);
}

const char *kafka_servers(const char *const *settings)
{
    const char *found = NULL;
    for (; settings && settings[0] && settings[1]; settings += 2)
        if (!strcmp(settings[0], "bootstrap.servers") ||
            !strcmp(settings[0], "metadata.broker.list"))
            found = settings[1];
    return found && found[0] ? found : NULL;
}

/* ---- log ---- */

/* Runs on librdkafka's threads. Errors reach our callers as values, and they tell: a line for each
 * of its connections would bury that. */
static void log_line(const rd_kafka_t *rk, int level, const char *fac, const char *text)
{
    (void)level;
    log_debug(KAFKA_AREA, "%s %s: %s", rk ? rd_kafka_name(rk) : "-", fac, text);
}

enum err kafka_conf_make(const char *const *defaults, const char *const *settings,
                         const char *const *forced, const char *const *skipped,
                         rd_kafka_conf_t **out, struct errbuf *e)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    enum err r = ERR_OK;
    if (!kafka_servers(settings))
        r = err_set(e, ERR_CONFIG,
                    "kafka: bootstrap.servers is missing: name at least one broker as host:port");
    if (!r)
        r = set_all(conf, defaults, NULL, e);
    if (!r)
        r = set_all(conf, settings, skipped, e);
    if (!r)
        r = set_all(conf, forced, NULL, e);
    if (r) {
        rd_kafka_conf_destroy(conf);
        return r;
    }
    warn_overruled(settings, forced);
    rd_kafka_conf_set_log_cb(conf, log_line);
    *out = conf;
    return ERR_OK;
}

enum err kafka_open(rd_kafka_type_t type, rd_kafka_conf_t *conf, rd_kafka_t **out, struct errbuf *e)
{
    char why[512] = "";
    *out = rd_kafka_new(type, conf, why, sizeof(why));
    if (*out)
        return ERR_OK;
    rd_kafka_conf_destroy(conf);
    return err_set(e, ERR_CONFIG, "kafka: the settings are refused: %s", why);
}

/* ---- taking an instance down ---- */

struct closing {
    pthread_mutex_t lock;
    pthread_cond_t ended;
    rd_kafka_t *rk;
    void (*gone)(void *arg);
    void *arg;
    bool done;
    int refs; /* the thread and who waits */
};

static void closing_unref(struct closing *c) /* with the lock held */
{
    int left = --c->refs;
    pthread_mutex_unlock(&c->lock);
    if (left)
        return;
    pthread_mutex_destroy(&c->lock);
    pthread_cond_destroy(&c->ended);
    free(c);
}

static void destroy(rd_kafka_t *rk, void (*gone)(void *arg), void *arg)
{
    rd_kafka_destroy_flags(rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    if (gone)
        gone(arg);
}

static void *close_thread(void *arg)
{
    struct closing *c = arg;
    destroy(c->rk, c->gone, c->arg);
    pthread_mutex_lock(&c->lock);
    c->done = true;
    pthread_cond_signal(&c->ended);
    closing_unref(c);
    return NULL;
}

static struct closing *closing_start(rd_kafka_t *rk, void (*gone)(void *arg), void *arg)
{
    struct closing *c = calloc(1, sizeof(*c));
    pthread_condattr_t monotonic;
    pthread_t thread;
    if (!c)
        return NULL;
    pthread_mutex_init(&c->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&c->ended, &monotonic);
    pthread_condattr_destroy(&monotonic);
    c->rk = rk;
    c->gone = gone;
    c->arg = arg;
    c->refs = 2;
    if (pthread_create(&thread, NULL, close_thread, c)) {
        pthread_mutex_destroy(&c->lock);
        pthread_cond_destroy(&c->ended);
        free(c);
        return NULL;
    }
    pthread_detach(thread);
    return c;
}

void kafka_close(rd_kafka_t *rk, int64_t timeout_us, void (*gone)(void *arg), void *arg)
{
    if (!rk)
        return;
    struct closing *c = closing_start(rk, gone, arg);
    if (!c) { /* no memory, no thread: then at the risk of waiting */
        destroy(rk, gone, arg);
        return;
    }
    int64_t until = clock_mono_us() + timeout_us;
    struct timespec t = {.tv_sec = until / 1000000, .tv_nsec = until % 1000000 * 1000};
    int rc = 0;
    pthread_mutex_lock(&c->lock);
    while (!c->done && rc == 0)
        rc = pthread_cond_timedwait(&c->ended, &c->lock, &t);
    bool done = c->done;
    closing_unref(c);
    if (!done)
        log_warning(KAFKA_AREA, "a client does not end in time and is left behind");
}

/* ---- errors ---- */

enum err kafka_err_code(rd_kafka_resp_err_t r)
{
    switch (r) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
        return ERR_OK;
    case RD_KAFKA_RESP_ERR__FENCED:
    case RD_KAFKA_RESP_ERR_PRODUCER_FENCED:
    case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
        return ERR_FENCED;
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR__SSL:
    case RD_KAFKA_RESP_ERR__INVALID_ARG:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_INVALID_CONFIG:
    case RD_KAFKA_RESP_ERR_INVALID_PARTITIONS:
    case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
    case RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT:
        return ERR_CONFIG;
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
        return ERR_LOST;
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
        return ERR_NOT_FOUND;
    case RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS:
        return ERR_EXISTS;
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
        return ERR_DATA;
    case RD_KAFKA_RESP_ERR__BAD_MSG:
    case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
    case RD_KAFKA_RESP_ERR__UNDERFLOW:
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
        return ERR_PROTOCOL;
    case RD_KAFKA_RESP_ERR__STATE:
        return ERR_STATE;
    case RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION:
        return ERR_UNSUPPORTED;
    case RD_KAFKA_RESP_ERR__FATAL:
    case RD_KAFKA_RESP_ERR__INCONSISTENT:
        return ERR_INTERNAL;
    default:
        /* the rest: brokers away, elections, time-outs, .. */
        return ERR_CONNECT;
    }
}

static const char *advice(enum err code)
{
    switch (code) {
    case ERR_CONNECT:
        return " (are the brokers of bootstrap.servers up and reachable?)";
    case ERR_FENCED:
        return " (another engine has taken over: stop one of the two)";
    case ERR_DATA:
        return " (raise message.max.bytes here and max.message.bytes of the topic, or exclude the "
               "column)";
    default:
        return "";
    }
}

const char *kafka_reason(const char *reason, char *out, size_t size)
{
    (void)snprintf(out, size, "%s", reason);
    char *state = strstr(out, " (after "); /* "(after 0ms in state CONNECT, 3 identical ..)" */
    if (state)
        *state = 0;
    return out;
}

enum err kafka_err_set(struct errbuf *e, rd_kafka_resp_err_t r, const char *what)
{
    enum err code = kafka_err_code(r);
    return err_set(e, code, "kafka: %s: %s%s", what, rd_kafka_err2str(r), advice(code));
}
