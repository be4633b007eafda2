/*
 * Design. A record's figures are a small blob: how far apart records come (that decides what is a
 * gap), then one number a row of the table below, in its order. A figure more goes to the table's
 * end: older records are shorter, and do not have it. The body is the snapshot, packed
 * (packed_json.h); a larger one is kept as its figures.
 */
#include "backend/engine/recorder.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/clock.h"
#include "backend/engine/packed_json.h"

enum {
    BATCH = 10,
    BATCH_US = 10000000,
    POINTS_DEFAULT = 60,
    REAL_DIGITS = 6,
};

/* What a chart's point is of all that lies in it: a rate its mean, a lag the worst. */
enum fold { FOLD_MEAN, FOLD_MAX };

/* name: where it stands in the snapshot's `pipeline`, or in the snapshot itself. */
static const struct figure {
    const char *name;
    enum fold fold;
} figures[] = {
    {"wal.bytes_s", FOLD_MEAN},
    {"wal.retained_bytes", FOLD_MAX},
    {"wal.lag_s", FOLD_MAX},
    {"capture.rate_s", FOLD_MEAN},
    {"capture.lag_ms", FOLD_MAX},
    {"topics.rate_s", FOLD_MEAN},
    {"topics.waiting", FOLD_MAX},
    {"topics.lag_s", FOLD_MAX},
    {"raw.rate_s", FOLD_MEAN},
    {"raw.bytes_s", FOLD_MEAN},
    {"raw.lag_s", FOLD_MAX},
    {"dwh.rate_s", FOLD_MEAN},
    {"dwh.lag_s", FOLD_MAX},
    {"marts.rate_s", FOLD_MEAN},
    {"marts.lag_s", FOLD_MAX},
    {"engine.cpu_percent", FOLD_MEAN},
    {"engine.rss_bytes", FOLD_MAX},
    {"source.standby.lag_s", FOLD_MAX},
    {"source.standby.lag_bytes", FOLD_MAX},
};
enum { FIGURES = sizeof figures / sizeof figures[0] };

struct blob {
    float period_s;
    float values[FIGURES]; /* NAN: not known */
};

/* Kept so long, one of so many. */
static const struct tier {
    int64_t step_us, keep_us;
} tiers[STORE_TIERS] = {
    {INT64_C(1000000), INT64_C(3600000000)},
    {INT64_C(10000000), INT64_C(86400000000)},
    {INT64_C(300000000), INT64_C(2592000000000)},
};

struct pending {
    int64_t ts_us;
    int tier;
    struct blob blob;
    void *body;
    size_t n_body;
};

struct recorder {
    struct store *store;
    int64_t bytes;
    pthread_mutex_t mutex; /* guards what follows; taken before the store's */
    int64_t last_us;       /* of the newest record; 0: none in this process */
    int n;
    struct pending pending[BATCH];
};

enum err recorder_create(struct store *s, int64_t bytes, struct recorder **out, struct errbuf *e)
{
    struct recorder *r = calloc(1, sizeof *r);
    if (!r)
        return err_set(e, ERR_NOMEM, "no memory for the recorder");
    r->store = s;
    r->bytes = bytes;
    (void)pthread_mutex_init(&r->mutex, NULL);
    *out = r;
    return ERR_OK;
}

static void drop_pending(struct recorder *r)
{
    for (int i = 0; i < r->n; i++)
        free(r->pending[i].body);
    r->n = 0;
}

void recorder_destroy(struct recorder *r)
{
    if (!r)
        return;
    drop_pending(r);
    (void)pthread_mutex_destroy(&r->mutex);
    free(r);
}

/* ---- one snapshot ---- */

/* The member that a dotted path names; NULL. */
static json_t *member_at(const json_t *o, const char *path)
{
    const json_t *at = o;
    while (at) {
        size_t n = strcspn(path, ".");
        json_t *next = json_object_getn(at, path, n);
        if (!path[n])
            return next;
        at = next;
        path += n + 1;
    }
    return NULL;
}

static float figure_of(const json_t *status, const char *name)
{
    const json_t *v = member_at(json_object_get(status, "pipeline"), name);
    if (!v)
        v = member_at(status, name);
    return json_is_number(v) ? (float)json_number_value(v) : NAN;
}

/* ---- writing ---- */

static enum err write_pending(struct recorder *r, struct errbuf *e)
{
    struct store_record records[BATCH];
    struct store_records_keep keep = {.bytes = r->bytes};
    for (int i = 0; i < r->n; i++)
        records[i] = (struct store_record){.ts_us = r->pending[i].ts_us,
                                           .tier = r->pending[i].tier,
                                           .figures = &r->pending[i].blob,
                                           .n_figures = sizeof r->pending[i].blob,
                                           .body = r->pending[i].body,
                                           .n_body = r->pending[i].n_body};
    for (int t = 0; t < STORE_TIERS; t++)
        keep.from_us[t] = r->last_us - tiers[t].keep_us;
    enum err rc = store_records_add(r->store, records, r->n, &keep, e);
    drop_pending(r); /* also what cannot be written: the next ones may be */
    return rc;
}

/* The first of its 10 seconds, of its 5 minutes. */
static int tier_of(const struct recorder *r, int64_t now_us)
{
    int t = STORE_TIERS - 1;
    while (t > 0 && r->last_us && now_us / tiers[t].step_us == r->last_us / tiers[t].step_us)
        t--;
    return t;
}

enum err recorder_add(struct recorder *r, const json_t *status, int64_t now_us, int64_t period_us,
                      struct errbuf *e)
{
    enum err rc = ERR_OK;
    if (!r->bytes)
        return ERR_OK;
    struct pending p = {.ts_us = now_us, .blob = {.period_s = (float)((double)period_us / 1e6)}};
    for (int i = 0; i < FIGURES; i++)
        p.blob.values[i] = figure_of(status, figures[i].name);
    p.body = packed_json_make(status, REAL_DIGITS, &p.n_body);
    (void)pthread_mutex_lock(&r->mutex);
    if (now_us <= r->last_us && r->n) /* the clock was set back */
        rc = write_pending(r, e);
    p.tier = tier_of(r, now_us);
    r->last_us = now_us;
    r->pending[r->n++] = p;
    if (!rc && (r->n == BATCH || now_us - r->pending[0].ts_us >= BATCH_US))
        rc = write_pending(r, e);
    (void)pthread_mutex_unlock(&r->mutex);
    return rc;
}

enum err recorder_flush(struct recorder *r, struct errbuf *e)
{
    (void)pthread_mutex_lock(&r->mutex);
    enum err rc = r->n ? write_pending(r, e) : ERR_OK;
    (void)pthread_mutex_unlock(&r->mutex);
    return rc;
}

/* ---- recorder.at ---- */

static enum err time_param(const json_t *params, const char *name, int64_t otherwise, int64_t *out,
                           struct errbuf *e)
{
    const json_t *v = json_object_get(params, name);
    *out = json_is_integer(v) ? json_integer_value(v) : otherwise;
    if (v && !json_is_integer(v) && !json_is_null(v))
        return err_set(e, ERR_USAGE, "`%s` is a time in microseconds since 1970", name);
    return ERR_OK;
}

static struct blob read_blob(const struct store_record *x)
{
    struct blob b;
    size_t n = x->n_figures < sizeof b ? x->n_figures : sizeof b;
    b.period_s = 1;
    for (int i = 0; i < FIGURES; i++)
        b.values[i] = NAN;
    if (n)
        memcpy(&b, x->figures, n / sizeof(float) * sizeof(float));
    return b;
}

static void set_at(json_t *o, const char *path, json_t *value)
{
    const char *dot = strchr(path, '.');
    if (!dot) {
        (void)json_object_set_new(o, path, value);
        return;
    }
    json_t *next = json_object_getn(o, path, (size_t)(dot - path));
    if (!next) {
        next = json_object();
        (void)json_object_setn_new(o, path, (size_t)(dot - path), next);
    }
    set_at(next, dot + 1, value);
}

/* Of a record that has lost its body: the figures, where the snapshot has them. */
static json_t *from_figures(const struct store_record *x)
{
    struct blob b = read_blob(x);
    json_t *pipeline = json_object();
    json_t *s = json_pack("{s:I, s:b, s:o}", "now_us", (json_int_t)x->ts_us, "trimmed", 1,
                          "pipeline", pipeline);
    for (int i = 0; s && i < FIGURES; i++) {
        bool outside =
            !strncmp(figures[i].name, "engine.", 7) || !strncmp(figures[i].name, "source.", 7);
        set_at(outside ? s : pipeline, figures[i].name,
               isnan(b.values[i]) ? json_null() : json_real((double)b.values[i]));
    }
    return s;
}

static json_t *moment(int64_t us)
{
    return us ? json_integer(us) : json_null();
}

/* 0: nothing is recorded. */
static int64_t oldest_of(const struct store_records_range *x)
{
    int64_t oldest = 0;
    for (int t = 0; t < STORE_TIERS; t++)
        if (x->oldest_us[t] && (!oldest || x->oldest_us[t] < oldest))
            oldest = x->oldest_us[t];
    return oldest;
}

static enum err oldest_record(struct recorder *r, struct store_record_found *out, struct errbuf *e)
{
    struct store_records_range x;
    enum err rc = store_records_get_range(r->store, &x, e);
    return rc ? rc : store_record_at(r->store, oldest_of(&x), out, e);
}

enum err recorder_at(struct recorder *r, const json_t *params, json_t **result, struct errbuf *e)
{
    struct store_record_found f;
    int64_t at;
    enum err rc = time_param(params, "ts_us", INT64_MAX, &at, e);
    if (!rc)
        rc = recorder_flush(r, e);
    if (!rc)
        rc = store_record_at(r->store, at, &f, e);
    if (rc == ERR_NOT_FOUND && json_is_true(json_object_get(params, "or_oldest")))
        rc = oldest_record(r, &f, e);
    if (rc)
        return rc;
    json_t *snapshot = f.record.body ? packed_json_open(f.record.body, f.record.n_body) : NULL;
    if (!snapshot)
        snapshot = from_figures(&f.record);
    *result =
        json_pack("{s:I, s:o, s:o, s:o}", "ts_us", (json_int_t)f.record.ts_us, "snapshot", snapshot,
                  "previous_us", moment(f.previous_us), "next_us", moment(f.next_us));
    store_record_free(&f);
    return *result ? ERR_OK : err_set(e, ERR_NOMEM, "no memory for the record");
}

/* ---- recorder.series ---- */

struct series {
    int64_t from_us, to_us, now_us;
    double step_us;
    int points;
    int n;
    int which[RECORDER_FIGURES_MAX];
    double *sums;    /* n * points: of value times duration, or the greatest value */
    double *weights; /* how much of a point is known; 0: nothing */
    bool any;
    int64_t last_us; /* the record before, whose time goes until the next one */
    struct blob last;
};

/* How long a record may stand for what follows it: two steps of what is kept of its age. */
static int64_t reach_of(const struct series *s)
{
    int64_t step = (int64_t)((double)s->last.period_s * 1e6);
    int64_t age = s->now_us - s->last_us;
    for (int t = STORE_TIERS - 1; t > 0; t--)
        if (age > tiers[t - 1].keep_us && step < tiers[t].step_us)
            step = tiers[t].step_us;
    return step * 5 / 2;
}

static void fold_into(const struct series *s, int figure, int point, double value, double duration)
{
    int at = figure * s->points + point;
    bool is_max = figures[s->which[figure]].fold == FOLD_MAX;
    if (is_max)
        s->sums[at] = s->weights[at] > 0 && s->sums[at] > value ? s->sums[at] : value;
    else
        s->sums[at] += value * duration;
    s->weights[at] += duration;
}

/* The last record stands for the time until `until`. */
static void spread(const struct series *s, int64_t until)
{
    int64_t end = s->last_us + reach_of(s);
    int64_t from = s->last_us > s->from_us ? s->last_us : s->from_us;
    if (until > end)
        until = end;
    if (until > s->to_us)
        until = s->to_us;
    for (int p = (int)((double)(from - s->from_us) / s->step_us); p < s->points && from < until;
         p++) {
        int64_t point_end = s->from_us + (int64_t)(s->step_us * (p + 1));
        int64_t upto = until < point_end ? until : point_end;
        for (int i = 0; i < s->n && upto > from; i++) {
            double value = (double)s->last.values[s->which[i]];
            if (!isnan(value))
                fold_into(s, i, p, value, (double)(upto - from));
        }
        from = upto > from ? upto : from;
    }
}

static void take_record(void *arg, const struct store_record *x)
{
    struct series *s = arg;
    if (s->any)
        spread(s, x->ts_us);
    s->any = true;
    s->last_us = x->ts_us;
    s->last = read_blob(x);
}

static enum err choose_figures(const json_t *params, struct series *s, struct errbuf *e)
{
    size_t i;
    json_t *v;
    const json_t *names = json_object_get(params, "figures");
    if (!json_is_array(names) || !json_array_size(names) ||
        json_array_size(names) > RECORDER_FIGURES_MAX)
        return err_set(e, ERR_USAGE, "recorder.series needs `figures`: 1 to %d names",
                       RECORDER_FIGURES_MAX);
    json_array_foreach(names, i, v)
    {
        const char *name = json_is_string(v) ? json_string_value(v) : "";
        int k = 0;
        while (k < FIGURES && strcmp(figures[k].name, name) != 0)
            k++;
        if (k == FIGURES)
            return err_set(e, ERR_NOT_FOUND, "no figure is named %s: recorder.range lists them",
                           name);
        s->which[s->n++] = k;
    }
    return ERR_OK;
}

/* The last seconds up to now, in points that stay where they are while time goes on. */
static enum err read_last(const json_t *last, struct series *s, struct errbuf *e)
{
    json_int_t seconds = json_is_integer(last) ? json_integer_value(last) : 0;
    if (seconds < 1 || seconds > tiers[STORE_TIERS - 1].keep_us / 1000000)
        return err_set(e, ERR_USAGE, "`last_s` is 1 to %lld",
                       (long long)(tiers[STORE_TIERS - 1].keep_us / 1000000));
    int64_t step = seconds * 1000000 / s->points;
    if (step < 1)
        step = 1;
    s->to_us = (s->now_us / step + 1) * step;
    s->from_us = s->to_us - step * s->points;
    s->step_us = (double)step;
    return ERR_OK;
}

static enum err read_span(const json_t *params, struct series *s, struct errbuf *e)
{
    const json_t *points = json_object_get(params, "points");
    const json_t *last = json_object_get(params, "last_s");
    json_int_t n = json_is_integer(points) ? json_integer_value(points) : POINTS_DEFAULT;
    enum err rc = time_param(params, "to_us", s->now_us, &s->to_us, e);
    if (!rc)
        rc = time_param(params, "from_us", s->to_us - tiers[0].keep_us, &s->from_us, e);
    if (rc)
        return rc;
    if (n < 1 || n > RECORDER_POINTS_MAX)
        return err_set(e, ERR_USAGE, "`points` is 1 to %d", RECORDER_POINTS_MAX);
    if (s->from_us < 0 || s->to_us > INT64_MAX / 2 || s->to_us - s->from_us < n)
        return err_set(e, ERR_USAGE, "`from_us` must be before `to_us`");
    s->points = (int)n;
    if (last && !json_is_null(last))
        return read_last(last, s, e);
    s->step_us = (double)(s->to_us - s->from_us) / (double)n;
    return ERR_OK;
}

static json_t *series_json(const struct series *s)
{
    json_t *all = json_object();
    for (int i = 0; i < s->n; i++) {
        json_t *values = json_array();
        bool is_max = figures[s->which[i]].fold == FOLD_MAX;
        for (int p = 0; p < s->points; p++) {
            int at = i * s->points + p;
            double weight = s->weights[at];
            (void)json_array_append_new(
                values,
                weight > 0 ? json_real(is_max ? s->sums[at] : s->sums[at] / weight) : json_null());
        }
        (void)json_object_set_new(all, figures[s->which[i]].name, values);
    }
    return json_pack("{s:I, s:I, s:f, s:o}", "from_us", (json_int_t)s->from_us, "to_us",
                     (json_int_t)s->to_us, "step_us", s->step_us, "series", all);
}

enum err recorder_series(struct recorder *r, const json_t *params, int64_t now_us, json_t **result,
                         struct errbuf *e)
{
    struct series s = {.now_us = now_us};
    enum err rc = choose_figures(params, &s, e);
    if (!rc)
        rc = read_span(params, &s, e);
    if (!rc)
        rc = recorder_flush(r, e);
    if (rc)
        return rc;
    s.sums = calloc((size_t)(s.n * s.points), sizeof *s.sums);
    s.weights = calloc((size_t)(s.n * s.points), sizeof *s.weights);
    if (!s.sums || !s.weights)
        rc = err_set(e, ERR_NOMEM, "no memory for the series");
    if (!rc)
        rc = store_records_read(r->store, s.from_us, s.to_us, take_record, &s, e);
    if (!rc && s.any)
        spread(&s, s.to_us);
    if (!rc) {
        *result = series_json(&s);
        rc = *result ? ERR_OK : err_set(e, ERR_NOMEM, "no memory for the series");
    }
    free(s.sums);
    free(s.weights);
    return rc;
}

/* ---- recorder.objects ---- */

/* What may be asked of the snapshot's lists. */
static const struct object_figure {
    const char *list, *figure;
} object_figures[] = {
    {"connectors", "rate_s"}, {"connectors", "lag_ms"}, {"connectors", "lag_records"},
    {"topics", "rate_s"},     {"topics", "lag"},
};

struct objects {
    const struct object_figure *what;
    json_t *series; /* name: values so far */
    json_t *sample; /* the list of the record that a point is of; NULL: there is none */
};

static enum err choose_objects(const json_t *params, struct objects *o, struct errbuf *e)
{
    size_t i;
    json_t *v;
    const char *list = json_string_value(json_object_get(params, "list"));
    const char *figure = json_string_value(json_object_get(params, "figure"));
    const json_t *names = json_object_get(params, "names");
    for (i = 0; list && figure && i < sizeof object_figures / sizeof object_figures[0]; i++)
        if (!strcmp(object_figures[i].list, list) && !strcmp(object_figures[i].figure, figure))
            o->what = &object_figures[i];
    if (!o->what)
        return err_set(e, ERR_USAGE,
                       "recorder.objects needs `list` and `figure`: connectors with rate_s, lag_ms "
                       "or lag_records, topics with rate_s or lag");
    size_t n = json_array_size(names);
    if (n < 1 || n > RECORDER_OBJECTS_MAX)
        return err_set(e, ERR_USAGE, "recorder.objects needs `names`: 1 to %d",
                       RECORDER_OBJECTS_MAX);
    o->series = json_object();
    json_array_foreach(names, i, v)
    {
        if (json_is_string(v))
            (void)json_object_set_new(o->series, json_string_value(v), json_array());
    }
    return o->series ? ERR_OK : err_set(e, ERR_NOMEM, "no memory for the series");
}

/* The list of the newest record of [from, to); none where nothing was recorded then. */
static enum err read_sample(struct recorder *r, struct objects *o, int64_t from, int64_t to,
                            struct errbuf *e)
{
    struct store_record_found f;
    enum err rc = store_record_at(r->store, to - 1, &f, e);
    json_decref(o->sample);
    o->sample = NULL;
    if (rc)
        return rc == ERR_NOT_FOUND ? ERR_OK : rc;
    if (f.record.ts_us >= from && f.record.body) {
        json_t *snapshot = packed_json_open(f.record.body, f.record.n_body);
        o->sample = json_incref(json_object_get(snapshot, o->what->list));
        json_decref(snapshot);
    }
    store_record_free(&f);
    return ERR_OK;
}

/* A value more for each name: what the sample has, else null. */
static void add_point(const struct objects *o, size_t point)
{
    const char *name;
    json_t *values;
    const json_t *item;
    size_t i;
    json_object_foreach(o->series, name, values)
    {
        (void)json_array_append_new(values, json_null());
    }
    json_array_foreach(o->sample, i, item)
    {
        const char *is = json_string_value(json_object_get(item, "name"));
        json_t *v = json_object_get(item, o->what->figure);
        values = is ? json_object_get(o->series, is) : NULL;
        if (values && json_is_number(v))
            (void)json_array_set(values, point, v);
    }
}

static enum err read_objects(struct recorder *r, const struct series *s, struct objects *o,
                             struct errbuf *e)
{
    enum err rc = ERR_OK;
    for (int p = 0; p < s->points && !rc; p++) {
        int64_t from = s->from_us + (int64_t)(s->step_us * p);
        rc = read_sample(r, o, from, from + (int64_t)s->step_us, e);
        add_point(o, (size_t)p);
    }
    return rc;
}

enum err recorder_objects(struct recorder *r, const json_t *params, int64_t now_us, json_t **result,
                          struct errbuf *e)
{
    enum { SAMPLES = 12, SECONDS = 120 };
    struct objects o = {.what = NULL};
    struct series s = {.points = SAMPLES};
    const json_t *points = json_object_get(params, "points");
    json_t *last = json_object_get(params, "last_s");
    if (points && !json_is_null(points))
        s.points = (int)json_integer_value(points);
    if (s.points < 1 || s.points > RECORDER_SAMPLES_MAX)
        return err_set(e, ERR_USAGE, "`points` is 1 to %d", RECORDER_SAMPLES_MAX);
    last = last && !json_is_null(last) ? json_incref(last) : json_integer(SECONDS);
    enum err rc = time_param(params, "to_us", now_us, &s.now_us, e);
    if (!rc && (s.now_us < 0 || s.now_us > INT64_MAX / 2))
        rc = err_set(e, ERR_USAGE, "`to_us` is no moment that was recorded");
    if (!rc)
        rc = read_last(last, &s, e);
    json_decref(last);
    if (!rc)
        rc = choose_objects(params, &o, e);
    if (!rc)
        rc = recorder_flush(r, e);
    if (!rc)
        rc = read_objects(r, &s, &o, e);
    json_decref(o.sample);
    if (!rc)
        *result = json_pack("{s:I, s:I, s:f, s:O}", "from_us", (json_int_t)s.from_us, "to_us",
                            (json_int_t)s.to_us, "step_us", s.step_us, "series", o.series);
    json_decref(o.series);
    return rc || *result ? rc : err_set(e, ERR_NOMEM, "no memory for the series");
}

/* ---- recorder.range ---- */

enum err recorder_range(struct recorder *r, json_t **result, struct errbuf *e)
{
    struct store_records_range x;
    enum err rc = recorder_flush(r, e);
    if (!rc)
        rc = store_records_get_range(r->store, &x, e);
    if (rc)
        return rc;
    json_t *list = json_array();
    for (int t = 0; t < STORE_TIERS; t++) {
        (void)json_array_append_new(
            list,
            json_pack("{s:I, s:I, s:I, s:o}", "step_s", (json_int_t)(tiers[t].step_us / 1000000),
                      "keep_s", (json_int_t)(tiers[t].keep_us / 1000000), "records",
                      (json_int_t)x.n[t], "oldest_us", moment(x.oldest_us[t])));
    }
    json_t *names = json_array();
    for (int i = 0; i < FIGURES; i++)
        (void)json_array_append_new(names, json_string(figures[i].name));
    *result = json_pack("{s:o, s:o, s:I, s:I, s:o, s:o}", "oldest_us", moment(oldest_of(&x)),
                        "newest_us", moment(x.newest_us), "bytes", (json_int_t)x.bytes, "bytes_max",
                        (json_int_t)r->bytes, "tiers", list, "figures", names);
    return *result ? ERR_OK : err_set(e, ERR_NOMEM, "no memory for the range");
}
