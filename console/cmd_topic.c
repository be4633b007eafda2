/* flightdeck topic list|show|tail: straight from the brokers, so it works without an engine.
 * produce: topic_produce.c. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/base/clock.h"
#include "backend/base/log.h"
#include "backend/kafka/kafka.h"
#include "console/commands.h"
#include "console/exit_codes.h"
#include "console/format.h"
#include "console/options.h"
#include "console/report.h"
#include "console/topic_produce.h"
#include "console/topic_tail.h"

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    (void)number;
    interrupted = 1;
}

/* ---- settings ---- */

struct settings {
    struct config *config;
    const char **merged; /* with --bootstrap in front */
    const char *const *kafka;
};

static void settings_free(struct settings *s)
{
    free(s->merged);
    config_free(s->config);
}

/* --bootstrap alone needs no configuration; with --config it replaces the brokers of that. */
static int settings_read(const struct arguments *a, struct settings *s)
{
    const char *bootstrap = arguments_value(a, "bootstrap");
    struct errbuf e = {0};
    size_t n = 0;
    if (!bootstrap || a->config) {
        int code = arguments_config(a, &s->config);
        if (code)
            return code;
        if (!bootstrap && config_require(s->config, NEEDS_KAFKA, &e))
            return report_error("topic", &e);
        s->kafka = s->config->kafka;
        while (s->kafka && s->kafka[n])
            n++;
    }
    if (!bootstrap)
        return EXIT_DONE;
    s->merged = calloc(n + 3, sizeof *s->merged);
    if (!s->merged)
        return command_fail(a, EXIT_FAILED, "out of memory");
    for (size_t i = 0; i < n; i++)
        s->merged[i] = s->kafka[i];
    s->merged[n] = "bootstrap.servers"; /* the last one wins */
    s->merged[n + 1] = bootstrap;
    s->kafka = s->merged;
    return EXIT_DONE;
}

/* ---- list, show ---- */

/* -1: not all ends are known. */
static int64_t records_of(const struct kafka_topic_info *t)
{
    int64_t sum = 0;
    for (int i = 0; i < t->n_partitions; i++) {
        if (t->low[i] < 0 || t->high[i] < 0)
            return -1;
        sum += t->high[i] - t->low[i];
    }
    return sum;
}

static void offset_json(struct buf *out, int64_t v)
{
    if (v < 0)
        buf_lit(out, "null");
    else
        buf_i64(out, v);
}

static void topic_json(struct buf *out, const struct kafka_topic_info *t)
{
    buf_lit(out, "{\"name\":");
    buf_json_string(out, t->name, strlen(t->name));
    buf_printf(out, ",\"replication\":%d,\"records\":", t->replication);
    offset_json(out, records_of(t));
    buf_lit(out, ",\"partitions\":[");
    for (int i = 0; i < t->n_partitions; i++) {
        buf_printf(out, "%s{\"id\":%d,\"low\":", i ? "," : "", i);
        offset_json(out, t->low[i]);
        buf_lit(out, ",\"high\":");
        offset_json(out, t->high[i]);
        buf_ch(out, '}');
    }
    buf_ch(out, ']');
    if (t->config) {
        buf_lit(out, ",\"config\":{");
        for (char **c = t->config; *c; c += 2) {
            buf_str(out, c == t->config ? "" : ",");
            buf_json_string(out, c[0], strlen(c[0]));
            buf_ch(out, ':');
            buf_json_string(out, c[1], strlen(c[1]));
        }
        buf_ch(out, '}');
    }
    buf_ch(out, '}');
}

static void list_json(struct buf *out, const struct kafka_topics *t)
{
    buf_printf(out, "{\"brokers\":%d,\"topics\":[", t->n_brokers);
    for (int i = 0; i < t->n; i++) {
        buf_str(out, i ? "," : "");
        topic_json(out, &t->items[i]);
    }
    buf_lit(out, "]}\n");
}

static void padded(struct buf *out, const char *s, int width)
{
    int w = format_width(s, strlen(s));
    format_visible(out, s, strlen(s));
    for (; w < width; w++)
        buf_ch(out, ' ');
}

static void count_text(struct buf *out, int64_t v, int width)
{
    if (v < 0)
        buf_printf(out, "%*s", width, "unknown");
    else
        buf_printf(out, "%*lld", width, (long long)v);
}

static void list_text(struct buf *out, const struct kafka_topics *t)
{
    int w = 5;
    if (t->n == 0)
        buf_lit(out, "no topics\n");
    for (int i = 0; i < t->n; i++) {
        int n = format_width(t->items[i].name, strlen(t->items[i].name));
        w = n > w ? n : w;
    }
    if (t->n) {
        padded(out, "topic", w);
        buf_lit(out, "  partitions  replication       records\n");
    }
    for (int i = 0; i < t->n; i++) {
        const struct kafka_topic_info *x = &t->items[i];
        padded(out, x->name, w);
        buf_printf(out, "  %10d  %11d  ", x->n_partitions, x->replication);
        count_text(out, records_of(x), 12);
        buf_ch(out, '\n');
    }
}

static void show_text(struct buf *out, const struct kafka_topic_info *t)
{
    format_visible(out, t->name, strlen(t->name));
    buf_printf(out, ": %d partition%s, replication %d, ", t->n_partitions,
               t->n_partitions == 1 ? "" : "s", t->replication);
    count_text(out, records_of(t), 0);
    buf_lit(out, " records\n\n");
    buf_lit(out, "partition             low            high         records\n");
    for (int i = 0; i < t->n_partitions; i++) {
        bool known = t->low[i] >= 0 && t->high[i] >= 0;
        buf_printf(out, "%9d", i);
        count_text(out, t->low[i], 16);
        count_text(out, t->high[i], 16);
        count_text(out, known ? t->high[i] - t->low[i] : -1, 16);
        buf_ch(out, '\n');
    }
    if (t->config && *t->config)
        buf_lit(out, "\nsettings that are not defaults\n");
    for (char **c = t->config; c && *c; c += 2) {
        buf_lit(out, "  ");
        padded(out, c[0], 36);
        buf_ch(out, ' ');
        format_visible(out, c[1], strlen(c[1]));
        buf_ch(out, '\n');
    }
}

static int print(struct buf *out)
{
    struct errbuf e = {0};
    if (buf_check(out, "the answer", &e))
        return report_error("topic", &e);
    (void)fwrite(out->p, 1, out->len, stdout); /* a failure is said at the program's end */
    return EXIT_DONE;
}

/* name NULL: all. */
static int list(const struct arguments *a, const struct settings *s, const char *name)
{
    struct kafka_admin *admin = NULL;
    struct kafka_topics topics = {0};
    struct errbuf e = {0};
    struct buf out;
    int code = EXIT_DONE;
    buf_init(&out, 0);
    enum err rc = kafka_admin_create(s->kafka, &admin, &e);
    if (!rc)
        rc = kafka_admin_topics(admin, name, true, name != NULL, &topics, &e);
    if (rc) {
        code = report_error("topic", &e);
        goto out;
    }
    if (!arguments_flag(a, "json")) {
        if (name)
            show_text(&out, &topics.items[0]);
        else
            list_text(&out, &topics);
    } else if (name) {
        topic_json(&out, &topics.items[0]);
        buf_ch(&out, '\n');
    } else {
        list_json(&out, &topics);
    }
    code = print(&out);
out:
    kafka_topics_free(&topics);
    kafka_admin_destroy(admin);
    buf_free(&out);
    return code;
}

/* ---- tail ---- */

static int tail_options(const struct arguments *a, struct topic_tail *o)
{
    const char *from = arguments_value(a, "from");
    int64_t partition = -1;
    o->topic = a->words[0];
    o->key = arguments_value(a, "key");
    o->follow = arguments_flag(a, "follow");
    o->has_from = from != NULL;
    o->terminal = isatty(STDOUT_FILENO);
    o->form = arguments_flag(a, "json")  ? TOPIC_JSON
              : arguments_flag(a, "raw") ? TOPIC_RAW
              : o->terminal              ? TOPIC_EYE
                                         : TOPIC_LINE;
    int code = arguments_number(a, "partition", 0, INT32_MAX, -1, &partition);
    if (!code)
        code = arguments_number(a, "count", 0, from ? INT64_MAX : TOPIC_TAIL_MAX, -1, &o->count);
    o->partition = (int)partition;
    if (!code && from && !topic_from_parse(from, clock_wall_us() / 1000, &o->from))
        code = command_fail(a, EXIT_USAGE,
                            "--from %s: give beginning, end, an offset, how long ago (15m, 2h, 1d) "
                            "or a time (2026-11-24 12:00, with a Z behind for UTC)",
                            from);
    return code;
}

static int tail(const struct arguments *a, const struct settings *s)
{
    const struct sigaction action = {.sa_handler = on_signal};
    struct topic_tail o = {.kafka = s->kafka, .out = stdout, .stop = &interrupted};
    struct errbuf e = {0};
    int code = tail_options(a, &o);
    if (code)
        return code;
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    errno = 0;
    enum err rc = topic_tail_run(&o, &e);
    if (rc == ERR_IO && errno == EPIPE)
        return EXIT_DONE; /* who read it has seen enough */
    if (rc == ERR_CANCELED)
        return EXIT_INTERRUPTED;
    return rc ? report_error("topic", &e) : EXIT_DONE;
}

int cmd_topic(int argc, char **argv)
{
    struct arguments a;
    struct settings s = {0};
    int code = arguments_read(argc, argv, &a);
    /* a connection that fails is told once, as the command's error */
    log_configure(STDERR_FILENO, LOG_TEXT, LOG_ERROR);
    if (!code && !strcmp(a.verb->name, "produce"))
        return topic_produce(&a);
    if (!code)
        code = settings_read(&a, &s);
    if (!code && !strcmp(a.verb->name, "tail"))
        code = tail(&a, &s);
    else if (!code)
        code = list(&a, &s, !strcmp(a.verb->name, "show") ? a.words[0] : NULL);
    settings_free(&s);
    return code;
}
