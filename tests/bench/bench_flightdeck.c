/*
 * make bench: the figures that the product promises, each beside its baseline.
 *
 * Real servers from the test fixture (fsync off on all of them, for both sides of a comparison),
 * the real binary. The baseline of `stream` (pg_recvlogical draining the same changes to /dev/null)
 * runs in the same call, before and after; the other baselines are figures of Debezium and Kafka
 * Connect measured on a two-core machine of the same kind, and are printed as such.
 *
 * bench_flightdeck [--json] [--rows N] [NAME..]
 */
#include <errno.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "backend/base/clock.h"
#include "backend/kafka/kafka.h"
#include "backend/serve/client.h"
#include "tests/fixture/figure.h"
#include "tests/fixture/fixture.h"
#include "tests/fixture/harness.h"

enum {
    LATENCY_SECONDS = 20,
    LATENCY_RATE = 50,
    IDLE_SECONDS = 10,
    WAIT_SECONDS = 300,
    POLL_NS = 3000000,
    NEVER_MS = 1000000000, /* for a change that was not seen */
    STARTS = 3,
};

static struct {
    struct figures out;
    long long rows;
    long peak_kib;
} bench = {.out = {.value_digits = 1, .ratio_digits = 2}};

/* ---- small tools ---- */

__attribute__((noreturn)) static void die(const char *what, const char *why)
{
    (void)fprintf(stderr, "bench: %s: %s\n", what, why);
    (void)fixture_stop();
    exit(1);
}

static void nap(void)
{
    const struct timespec t = {.tv_nsec = POLL_NS};
    (void)nanosleep(&t, NULL);
}

static void sql(const char *conninfo, const char *text)
{
    free(fixture_sql(conninfo, text));
}

static bool wanted(const char *name)
{
    return figure_wanted(&bench.out, name);
}

static void figure(const char *name, double value, const char *unit, const char *baseline_words,
                   double baseline, double ratio, const char *reach, bool ok)
{
    figure_tell(&bench.out,
                &(struct figure){name, value, unit, baseline_words, baseline, ratio, reach, ok});
}

/* ---- the engine's own figures, over its socket ---- */

struct view {
    double captured, loaded;
    char source_state[16], sink_state[16], source_detail[64];
};

static bool look(const struct harness *h, struct view *v)
{
    char path[700];
    struct client *c = NULL;
    struct errbuf e;
    json_t *r = NULL;
    *v = (struct view){0};
    (void)snprintf(path, sizeof path, "%s/state/control.sock", h->dir);
    if (client_connect(path, 2000, &c, &e) != ERR_OK)
        return false;
    bool ok = client_call(c, "connector.list", NULL, 5000, &r, &e) == ERR_OK;
    size_t i;
    json_t *k;
    json_array_foreach(json_object_get(r, "connectors"), i, k)
    {
        double total = json_number_value(json_object_get(k, "total"));
        const char *state = json_string_value(json_object_get(k, "state"));
        const char *detail = json_string_value(json_object_get(k, "detail"));
        bool source = !strcmp(json_string_value(json_object_get(k, "type")), "source");
        *(source ? &v->captured : &v->loaded) += total;
        (void)snprintf(source ? v->source_state : v->sink_state, sizeof v->source_state, "%s",
                       state);
        if (source)
            (void)snprintf(v->source_detail, sizeof v->source_detail, "%s", detail);
    }
    json_decref(r);
    client_close(c);
    return ok;
}

static void keep_peak(const struct harness *h)
{
    long kib = harness_peak_kib(h);
    if (kib > bench.peak_kib)
        bench.peak_kib = kib;
}

/* Waits until captured (or loaded) has reached n; returns the seconds since the first look at which
 * it was working. */
static double time_until(struct harness *h, bool loaded, double n, const char *begin_detail)
{
    struct view v;
    int64_t began = 0;
    int64_t until = clock_mono_us() + (int64_t)WAIT_SECONDS * 1000000;
    for (;;) {
        int status;
        if (harness_engine_ended(h, &status))
            die("the engine has ended", harness_log(h));
        if (look(h, &v)) {
            double at = loaded ? v.loaded : v.captured;
            const char *state = loaded ? v.sink_state : v.source_state;
            bool works = !strcmp(state, "RUNNING") &&
                         (!begin_detail || !strcmp(v.source_detail, begin_detail) || at > 0);
            if (!began && (works || at > 0))
                began = clock_mono_us();
            if (at >= n)
                return (double)(clock_mono_us() - began) / 1e6;
        }
        if (clock_mono_us() > until)
            die("it takes too long", harness_log(h));
        nap();
    }
}

static void wait_streaming(struct harness *h)
{
    struct view v;
    int64_t until = clock_mono_us() + (int64_t)WAIT_SECONDS * 1000000;
    while (!look(h, &v) || strcmp(v.source_detail, "streaming") != 0) {
        if (clock_mono_us() > until)
            die("the stream does not start", harness_log(h));
        nap();
    }
}

/* What the engine has used so far: unlike the wall clock it hardly depends on what else the machine
 * does. */
static double cpu_seconds(const struct harness *h)
{
    char path[64];
    long long u = 0;
    long long s = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)h->engine);
    FILE *f = fopen(path, "r");
    if (!f ||
        fscanf(f, "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lld %lld", &u, &s) != 2)
        die("reading /proc", strerror(errno));
    (void)fclose(f);
    return (double)(u + s) / (double)sysconf(_SC_CLK_TCK);
}

static void tell_cpu(const struct harness *h, const char *name, double n)
{
    (void)fprintf(stderr, "%s: %.2f us of engine CPU a record\n", name, cpu_seconds(h) * 1e6 / n);
}

static void end(struct harness *h)
{
    keep_peak(h);
    (void)harness_engine_end(h, SIGTERM);
}

/* ---- the data ---- */

static const char *const table_sql =
    "CREATE TABLE %s (id bigint PRIMARY KEY, code char(6), name text, amount numeric(10,2), at "
    "timestamptz, status text, note text, flag bool); ALTER TABLE %s REPLICA IDENTITY FULL";

static void make_table(const char *db, const char *name)
{
    char text[1024];
    (void)snprintf(text, sizeof text, table_sql, name, name);
    sql(db, text);
}

/* n changes, half inserts, half updates, 100 a transaction. */
static void make_changes(const char *db, const char *name, long long n)
{
    char text[2048];
    (void)snprintf(
        text, sizeof text,
        "DO $$ BEGIN FOR t IN 0..%lld LOOP "
        "INSERT INTO %s SELECT t*50+i, 'PG'||lpad((i %% 10000)::text,4,'0'), 'Passenger number "
        "'||i, i*1.25, "
        "now(), 'On Time', 'a note of some length for row '||i, i %% 2 = 0 FROM "
        "generate_series(1,50) i; "
        "UPDATE %s SET status='Departed', amount=amount+1 WHERE id > t*50 AND id <= t*50+50; "
        "COMMIT; END LOOP; END $$",
        n / 100 - 1, name, name);
    sql(db, text);
}

/* ---- the baseline: pg_recvlogical drains the same changes to /dev/null ---- */

static double drain(const char *db, const char *slot, const char *publication)
{
    char command[2048];
    char *end_lsn = fixture_sql(db, "SELECT pg_current_wal_insert_lsn()::text");
    const char *bin = "$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)";
    (void)snprintf(
        command, sizeof command,
        "%s/pg_recvlogical -d '%s' -S %s -o proto_version=1 -o publication_names=%s --start "
        "--endpos=%s -f /dev/null --no-loop 2>/dev/null",
        bin, db, slot, publication, end_lsn);
    free(end_lsn);
    int64_t began = clock_mono_us();
    if (system(command) != 0) /* the tool that people would use, as they would */
        die("pg_recvlogical", "has failed");
    return (double)(clock_mono_us() - began) / 1e6;
}

/* ---- the benches ---- */

static const char *const source_only =
    "{\"name\":\"src\",\"config\":{\"connector.class\":\"io.debezium.connector.postgresql."
    "PostgresConnector\","
    "\"database.hostname\":\"127.0.0.1\",\"database.port\":\"%d\",\"database.user\":\"postgres\","
    "\"database.dbname\":\"%s\","
    "\"topic.prefix\":\"%s\",\"slot.name\":\"%s\",\"publication.name\":\"%s\",\"publication."
    "autocreate.mode\":\"all_tables\","
    "\"plugin.name\":\"pgoutput\",\"snapshot.mode\":\"initial\",\"topic.creation.default."
    "partitions\":1,"
    "\"topic.creation.default.replication.factor\":1}}";
static const char *const sink_only =
    "{\"name\":\"snk\",\"config\":{\"connector.class\":\"io.confluent.vertica."
    "VerticaSinkConnector\",\"topics\":\"%s.public.%s\","
    "\"transforms\":\"flatten\",\"transforms.flatten.type\":\"org.apache.kafka.connect.transforms."
    "Flatten$Value\","
    "\"transforms.flatten.delimiter\":\"_\",\"auto.create\":true,\"auto.evolve\":true,\"insert."
    "mode\":\"insert\"}}";

static const char *user_of(const char *conninfo)
{
    static char user[64];
    const char *u = strstr(conninfo, "user=");
    (void)snprintf(user, sizeof user, "%s", u ? u + 5 : "postgres");
    user[strcspn(user, " ")] = '\0';
    return user;
}

static void with_source(const struct harness *h, const char *name, const char *db)
{
    char text[2048];
    char mended[2200];
    (void)snprintf(text, sizeof text, source_only, fixture_port(FIXTURE_PRIMARY), name, name, name,
                   name);
    char *user = strstr(text, "\"postgres\",\"database.dbname");
    (void)snprintf(mended, sizeof mended, "%.*s\"%s\"%s", (int)(user - text), text, user_of(db),
                   user + 10);
    harness_connector(h, "source", mended);
}

static void with_sink(const struct harness *h, const char *name, const char *table)
{
    char text[2048];
    (void)snprintf(text, sizeof text, sink_only, name, table);
    harness_connector(h, "sink", text);
}

static void bench_stream_and_load(void)
{
    struct harness h;
    char *db = strdup(fixture_database("b_stream"));
    double n = (double)(bench.rows / 100 * 100);
    make_table(db, "changes");
    harness_init(&h, "b_stream", db, "connectors: connectors/\n");
    with_source(&h, "b_stream", db);
    harness_engine_start(&h);
    wait_streaming(&h);
    end(&h);
    sql(db, "SELECT pg_create_logical_replication_slot('base_1', 'pgoutput'), "
            "pg_create_logical_replication_slot('base_2', 'pgoutput')");
    make_changes(db, "changes", bench.rows);
    double before = drain(db, "base_1", "b_stream");
    harness_engine_start(&h);
    double seconds = time_until(&h, false, n, "streaming");
    tell_cpu(&h, "stream", n);
    end(&h);
    double after = drain(db, "base_2", "b_stream");
    sql(db, "SELECT pg_drop_replication_slot('base_1'), pg_drop_replication_slot('base_2')");
    double base = n / ((before + after) / 2);
    double rate = n / seconds;
    char words[64];
    (void)snprintf(words, sizeof words, "pg_recvlogical %.0f/s", base);
    if (wanted("stream"))
        figure("stream", rate, "changes/s", words, base, rate / base, ">= 0.8 x",
               rate / base >= 0.8);
    if (wanted("load")) {
        char command[800];
        (void)snprintf(command, sizeof command, "%s/connectors/source.json", h.dir);
        (void)unlink(command);
        with_sink(&h, "b_stream", "changes");
        harness_engine_start(&h);
        seconds = time_until(&h, true, n, NULL);
        tell_cpu(&h, "load", n);
        end(&h);
        figure("load", n / seconds, "records/s", "Debezium's JDBC sink 10k, best 22k (elsewhere)",
               22000, n / seconds / 22000, ">= 100k/s", n / seconds >= 100000);
    }
    free(db);
}

static void bench_snapshot(void)
{
    struct harness h;
    char *db = strdup(fixture_database("b_snap"));
    make_table(db, "rows");
    sql(db, "INSERT INTO rows SELECT i, 'PG'||lpad((i % 10000)::text,4,'0'), 'Passenger number "
            "'||i, i % 100000 * 1.25, now(), "
            "'On Time', 'a note of some length for row '||i, i % 2 = 0 FROM "
            "generate_series(1,1000000) i");
    harness_init(&h, "b_snap", db, "connectors: connectors/\n");
    with_source(&h, "b_snap", db);
    harness_engine_start(&h);
    double seconds = time_until(&h, false, 1e6, "snapshot");
    tell_cpu(&h, "snapshot", 1e6);
    end(&h);
    figure("snapshot", 1e6 / seconds, "rows/s", "Debezium 32k/s (elsewhere)", 32000,
           1e6 / seconds / 32000, ">= 300k/s", 1e6 / seconds >= 300000);
    free(db);
}

static void bench_end_to_end(void)
{
    struct harness h;
    char *db = strdup(fixture_database("b_all"));
    double n = (double)(bench.rows / 100 * 100);
    make_table(db, "changes");
    harness_init(&h, "b_all", db, "connectors: connectors/\n");
    with_source(&h, "b_all", db);
    with_sink(&h, "b_all", "changes");
    harness_engine_start(&h);
    wait_streaming(&h);
    end(&h);
    make_changes(db, "changes", bench.rows);
    harness_engine_start(&h);
    double seconds = time_until(&h, true, n, NULL);
    tell_cpu(&h, "end_to_end", n);
    end(&h);
    figure("end_to_end", n / seconds, "changes/s", "-", 0, 0, ">= 50k/s", n / seconds >= 50000);
    free(db);
}

/* ---- latency ---- */

struct latency {
    pthread_mutex_t mutex;
    int64_t committed[LATENCY_SECONDS * LATENCY_RATE + 1];
    int64_t record[LATENCY_SECONDS * LATENCY_RATE + 1];
    int64_t raw[LATENCY_SECONDS * LATENCY_RATE + 1];
    const char *topic;
    int base;
    _Atomic bool stop;
    _Atomic int records, rows;
};

/* "id":N of the key */
static int id_of(const void *p, size_t n)
{
    char text[64];
    if (!p || n >= sizeof text)
        return -1;
    memcpy(text, p, n);
    text[n] = '\0';
    const char *colon = strchr(text, ':');
    return colon ? atoi(colon + 1) : -1;
}

static void *watch_topic(void *arg)
{
    struct latency *l = arg;
    const char *const settings[] = {"bootstrap.servers", fixture_bootstrap(), NULL};
    struct kafka_consumer *c = NULL;
    struct errbuf e;
    struct kafka_position at = {l->topic, 0, KAFKA_OFFSET_BEGINNING};
    if (kafka_consumer_create(settings, NULL, 1 << 20, &c, &e) != ERR_OK ||
        kafka_consumer_assign(c, &at, 1, &e) != ERR_OK)
        die("watching the topic", e.text);
    while (!l->stop) {
        struct kafka_record r;
        if (kafka_consumer_poll(c, 100000, &r, &e) != ERR_OK)
            continue;
        int64_t now = clock_mono_us();
        int id = id_of(r.key, r.key_len) - l->base;
        if (id >= 0 && id < LATENCY_SECONDS * LATENCY_RATE) {
            l->record[id] = now;
            l->records++;
        }
        kafka_record_free(&r);
    }
    kafka_consumer_destroy(c);
    return NULL;
}

/* A trigger on raw tells each commit: NOTIFY is delivered when the transaction commits. */
static void *watch_raw(void *arg)
{
    struct latency *l = arg;
    PGconn *c = PQconnectdb(fixture_warehouse_conninfo());
    PQclear(PQexec(c, "LISTEN bench"));
    while (!l->stop) {
        struct pollfd p = {.fd = PQsocket(c), .events = POLLIN};
        if (poll(&p, 1, 100) <= 0)
            continue;
        (void)PQconsumeInput(c);
        PGnotify *n;
        while ((n = PQnotifies(c)) != NULL) {
            int64_t now = clock_mono_us();
            int low = 0;
            int high = -1;
            (void)sscanf(n->extra, "%d %d", &low, &high);
            for (int id = low; id <= high; id++)
                if (id - l->base >= 0 && id - l->base < LATENCY_SECONDS * LATENCY_RATE) {
                    l->raw[id - l->base] = now;
                    l->rows++;
                }
            PQfreemem(n);
        }
    }
    PQfinish(c);
    return NULL;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void quantiles(const int64_t *from, const int64_t *to, int n, double *p50, double *p99)
{
    double *ms = calloc((size_t)n, sizeof *ms);
    int k = 0;
    if (!ms)
        die("quantiles", strerror(errno));
    for (int i = 0; i < n; i++) {
        ms[i] = to[i] ? (double)(to[i] - from[i]) / 1e3 : NEVER_MS;
        k += to[i] != 0;
    }
    if (k < n) { /* a lost change is no fast one, and no figure stands beside it */
        (void)fprintf(stderr, "bench: %d of %d changes were not seen\n", n - k, n);
        bench.out.failed++;
    }
    qsort(ms, (size_t)n, sizeof *ms, by_value);
    *p50 = ms[n / 2];
    *p99 = ms[(int)((double)n * 0.99)];
    free(ms);
}

static void commit_at_rate(const char *db, struct latency *l)
{
    PGconn *c = PQconnectdb(db);
    int64_t began = clock_mono_us();
    for (int i = 0; i < LATENCY_SECONDS * LATENCY_RATE; i++) {
        char text[256];
        int64_t due = began + (int64_t)i * 1000000 / LATENCY_RATE;
        int64_t left = due - clock_mono_us();
        if (left > 0) {
            const struct timespec t = {.tv_nsec = left * 1000};
            (void)nanosleep(&t, NULL);
        }
        (void)snprintf(text, sizeof text,
                       "INSERT INTO changes VALUES (%d,'PG0001','n',1.5,now(),'On Time','x',true)",
                       l->base + i);
        PQclear(PQexec(c, text));
        l->committed[i] = clock_mono_us();
    }
    PQfinish(c);
}

static double idle_percent(const struct harness *h)
{
    const struct timespec t = {.tv_sec = IDLE_SECONDS};
    double before = cpu_seconds(h);
    (void)nanosleep(&t, NULL); /* the measured time itself */
    return 100.0 * (cpu_seconds(h) - before) / IDLE_SECONDS;
}

/* Three DAGs that wait for their time, as the airline has them. */
static void with_dags(const struct harness *h)
{
    static const char *const schedules[] = {"*/5 * * * *", "5 12 * * *", "5 12 * * *"};
    char path[700];
    (void)snprintf(path, sizeof path, "%s/dags", h->dir);
    if (mkdir(path, 0755) != 0)
        die(path, strerror(errno));
    for (int i = 0; i < 3; i++) {
        (void)snprintf(path, sizeof path, "%s/dags/d%d.yaml", h->dir, i);
        FILE *f = fopen(path, "w");
        if (!f || fprintf(f, "schedule: \"%s\"\ntasks:\n  t: {kind: shell, command: 'true'}\n",
                          schedules[i]) < 0)
            die(path, strerror(errno));
        (void)fclose(f);
    }
}

static void bench_latency(void)
{
    static struct latency l = {.mutex = PTHREAD_MUTEX_INITIALIZER};
    struct harness h;
    pthread_t topic, raw;
    double p50, p99;
    char *db = strdup(fixture_database("b_lat"));
    make_table(db, "changes");
    sql(db, "INSERT INTO changes VALUES (1,'PG0001','n',1.5,now(),'On Time','x',true)");
    harness_init(&h, "b_lat", db, "connectors: connectors/\ndags: dags/\n");
    with_dags(&h);
    with_source(&h, "b_lat", db);
    with_sink(&h, "b_lat", "changes");
    harness_engine_start(&h);
    (void)time_until(&h, true, 1, NULL);
    wait_streaming(&h);
    double idle = idle_percent(&h);
    sql(fixture_warehouse_conninfo(),
        "CREATE OR REPLACE FUNCTION raw.bench_tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "PERFORM pg_notify('bench', (SELECT "
        "min(after_id) || ' ' || max(after_id) FROM new_rows)); RETURN NULL; END $$;"
        "CREATE TRIGGER bench_tell AFTER INSERT ON raw.b_lat_public_changes REFERENCING NEW TABLE "
        "AS new_rows FOR EACH STATEMENT "
        "EXECUTE FUNCTION raw.bench_tell()");
    l.topic = "b_lat.public.changes";
    l.base = 1000;
    if (pthread_create(&topic, NULL, watch_topic, &l) || pthread_create(&raw, NULL, watch_raw, &l))
        die("threads", strerror(errno));
    for (int i = 0; i < 300; i++)
        nap(); /* the watchers connect */
    commit_at_rate(db, &l);
    int64_t until = clock_mono_us() + 10000000;
    while (
        (l.records < LATENCY_SECONDS * LATENCY_RATE || l.rows < LATENCY_SECONDS * LATENCY_RATE) &&
        clock_mono_us() < until)
        nap();
    l.stop = true;
    (void)pthread_join(topic, NULL);
    (void)pthread_join(raw, NULL);
    quantiles(l.committed, l.record, LATENCY_SECONDS * LATENCY_RATE, &p50, &p99);
    figure("latency_record_p50", p50, "ms", "Debezium, best 13 ms (elsewhere)", 13, p50 / 13,
           "<= 8 ms", p50 <= 8);
    figure("latency_record_p99", p99, "ms", "Debezium, best 23.5 ms (elsewhere)", 23.5, p99 / 23.5,
           "<= 25 ms", p99 <= 25);
    quantiles(l.committed, l.raw, LATENCY_SECONDS * LATENCY_RATE, &p50, &p99);
    figure("latency_raw_p50", p50, "ms", "-", 0, 0, "<= 40 ms", p50 <= 40);
    figure("latency_raw_p99", p99, "ms", "-", 0, 0, "<= 150 ms", p99 <= 150);
    if (wanted("idle_cpu"))
        figure("idle_cpu", idle, "% core", "-", 0, 0, "<= 0.5 %", idle <= 0.5);
    if (wanted("idle_dags"))
        figure("idle_dags", idle, "% core", "Airflow, three DAGs 2.9 % (elsewhere)", 2.9,
               idle / 2.9, "<= 0.3 %", idle <= 0.3);
    end(&h);
    free(db);
}

/* From exec to the first streamed change in Kafka: a change waits in the slot. */
static void bench_start(void)
{
    struct harness h;
    struct view v;
    double took[STARTS];
    char *db = strdup(fixture_database("b_start"));
    make_table(db, "changes");
    harness_init(&h, "b_start", db, "connectors: connectors/\n");
    with_source(&h, "b_start", db);
    harness_engine_start(&h);
    wait_streaming(&h);
    end(&h);
    for (int i = 0; i < STARTS; i++) {
        char text[256];
        (void)snprintf(text, sizeof text,
                       "INSERT INTO changes VALUES (%d,'PG0001','n',1.5,now(),'On Time','x',true)",
                       i);
        sql(db, text);
        int64_t began = clock_mono_us();
        harness_engine_start(&h);
        while (!look(&h, &v) || v.captured < 1)
            nap();
        took[i] = (double)(clock_mono_us() - began) / 1e6;
        end(&h);
    }
    qsort(took, STARTS, sizeof *took, by_value);
    double median = took[STARTS / 2];
    figure("start", median, "s", "Debezium 4.6-22 s (elsewhere)", 4.6, median / 4.6, "<= 1 s",
           median <= 1);
    free(db);
}

int main(int argc, char **argv)
{
    bench.rows = 500000;
    bench.out.only = calloc((size_t)argc + 1, sizeof *bench.out.only);
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--json"))
            bench.out.json = true;
        else if (!strcmp(argv[i], "--rows") && i + 1 < argc)
            bench.rows = atoll(argv[++i]);
        else
            bench.out.only[bench.out.n_only++] = argv[i];
    }
    if (fixture_start(FIXTURE_PRIMARY | FIXTURE_KAFKA | FIXTURE_WAREHOUSE))
        return 1;
    if (wanted("start"))
        bench_start();
    if (wanted("stream") || wanted("load"))
        bench_stream_and_load();
    if (wanted("snapshot"))
        bench_snapshot();
    if (wanted("end_to_end"))
        bench_end_to_end();
    if (wanted("latency") || wanted("idle_cpu") || wanted("idle_dags") ||
        wanted("latency_record_p50") || wanted("latency_raw_p50"))
        bench_latency();
    if (wanted("rss") && !bench.peak_kib) {
        /* it is the most of the others' engines: alone it has nothing to say */
        (void)fprintf(stderr, "bench: rss is measured by stream, load, end_to_end and the others: "
                              "name one of them too\n");
        bench.out.failed++;
    } else if (wanted("rss"))
        figure("rss", (double)bench.peak_kib / 1024, "MiB",
               "Connect worker 800-2100 MiB (elsewhere)", 800, (double)bench.peak_kib / 1024 / 800,
               "<= 128 MiB", bench.peak_kib <= 128 * 1024);
    (void)fixture_stop();
    return bench.out.failed ? 1 : 0;
}
