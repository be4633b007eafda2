/* What the engine knows of servers that go away and come back: servers of the test's own answer in
 * the place of real ones, round by round. */
#define source_open            fake_source_open
#define source_close           fake_source_close
#define source_health_get      fake_source_health_get
#define source_slot_get        fake_source_slot_get
#define kafka_admin_create     fake_kafka_admin_create
#define kafka_admin_destroy    fake_kafka_admin_destroy
#define kafka_admin_topics     fake_kafka_admin_topics
#define kafka_topics_free      fake_kafka_topics_free
#define warehouse_open         fake_warehouse_open
#define warehouse_close        fake_warehouse_close
#define warehouse_query        fake_warehouse_query
#define warehouse_rows_close   fake_warehouse_rows_close
#define warehouse_rollback     fake_warehouse_rollback
#define warehouse_server       fake_warehouse_server
#define warehouse_offsets_read fake_warehouse_offsets_read
#include "backend/engine/probes.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static bool away;   /* all servers are */
static int64_t end; /* of the topic */
static char any;    /* what connections point to */

static enum err answer(struct errbuf *e)
{
    return away ? err_set(e, ERR_CONNECT, "refused") : ERR_OK;
}

enum err fake_source_open(const char *conninfo, struct source **out, struct errbuf *e)
{
    (void)conninfo;
    enum err rc = answer(e);
    *out = rc ? NULL : (struct source *)(void *)&any;
    return rc;
}

void fake_source_close(struct source *s)
{
    (void)s;
}

enum err fake_source_health_get(struct source *s, struct source_health *out, struct errbuf *e)
{
    (void)s;
    *out = (struct source_health){.version = 150000};
    return answer(e);
}

enum err fake_source_slot_get(struct source *s, const char *slot, struct source_slot *out,
                              struct errbuf *e)
{
    (void)s;
    (void)slot;
    *out = (struct source_slot){.exists = !away, .active = !away};
    return answer(e);
}

enum err fake_kafka_admin_create(const char *const *settings, struct kafka_admin **out,
                                 struct errbuf *e)
{
    (void)settings;
    (void)e;
    *out = (struct kafka_admin *)(void *)&any;
    return ERR_OK;
}

void fake_kafka_admin_destroy(struct kafka_admin *a)
{
    (void)a;
}

enum err fake_kafka_admin_topics(struct kafka_admin *a, const char *name, bool with_offsets,
                                 bool with_config, struct kafka_topics *out, struct errbuf *e)
{
    static int64_t low;
    static struct kafka_topic_info topic;
    (void)a;
    (void)name;
    (void)with_offsets;
    topic = (struct kafka_topic_info){.name = (char *)"t",
                                      .n_partitions = 1,
                                      .low = &low,
                                      .high = &end,
                                      .retention_ms = with_config ? 1000 : -1};
    if (!away)
        *out = (struct kafka_topics){.n = 1, .n_brokers = 1, .items = &topic};
    return answer(e);
}

void fake_kafka_topics_free(struct kafka_topics *t)
{
    (void)t;
}

enum err fake_warehouse_open(const struct warehouse_options *o, struct warehouse **out,
                             struct errbuf *e)
{
    (void)o;
    enum err rc = answer(e);
    *out = rc ? NULL : (struct warehouse *)(void *)&any;
    return rc;
}

void fake_warehouse_close(struct warehouse *w)
{
    (void)w;
}

enum err fake_warehouse_query(struct warehouse *w, const char *sql, int n,
                              const char *const *params, struct warehouse_rows **out,
                              struct errbuf *e)
{
    (void)w;
    (void)sql;
    (void)n;
    (void)params;
    (void)out;
    return answer(e);
}

void fake_warehouse_rows_close(struct warehouse_rows *r)
{
    (void)r;
}

enum err fake_warehouse_rollback(struct warehouse *w, struct errbuf *e)
{
    (void)w;
    return answer(e);
}

const char *fake_warehouse_server(const struct warehouse *w)
{
    (void)w;
    return "fake";
}

enum err fake_warehouse_offsets_read(struct warehouse *w, const char *schema, const char *connector,
                                     int64_t *batch, struct stored_offset **out, int *n,
                                     struct errbuf *e)
{
    (void)w;
    (void)schema;
    (void)connector;
    *batch = 1;
    *n = 1;
    *out = calloc(1, sizeof **out);
    assert_non_null(*out);
    **out = (struct stored_offset){.topic = "t", .next_offset = 7};
    return answer(e);
}

static void tell_resting(void *arg, probe_told_fn *told, void *to)
{
    (void)arg;
    told(to, "sink");
}

static struct probe_view next_round(struct probes *p)
{
    struct probe_view v;
    struct errbuf e;
    round_of_questions(p);
    assert_int_equal(probes_peek(p, &v, &e), ERR_OK);
    return v;
}

/* An outage of all servers: what they told stays, each says that it is away, and after it all is
 * anew. */
static void test_outage(void **state)
{
    static const char *const slots[] = {"s", NULL};
    const struct probes_options o = {.dialect = "postgresql", .resting = tell_resting};
    struct probes *p = NULL;
    struct errbuf e;
    int64_t at = 0;
    (void)state;
    assert_int_equal(probes_create(&o, &p, &e), ERR_OK);
    assert_int_equal(probes_aim(p, "host=x", "DSN=x", slots, &e), ERR_OK);
    end = 100;
    struct probe_view first = next_round(p);
    assert_true(first.kafka_up && first.warehouse_up && first.primary.up);
    assert_int_equal(first.n_topics, 1);
    assert_true(first.topics_us > 0);
    away = true;
    for (int i = 0; i < 2; i++) {
        struct probe_view v = next_round(p);
        assert_false(v.kafka_up || v.warehouse_up || v.primary.up);
        assert_string_equal(v.kafka_error, "refused");
        assert_int_equal(v.n_topics, 1);
        assert_int_equal(v.topics[0].high[0], 100);
        assert_int_equal(v.topics[0].retention_ms, 1000);
        assert_true(isnan(v.topics[0].rate));
        assert_int_equal(v.topics_us, first.topics_us);
        assert_true(v.asked_us >= v.topics_us);
        assert_true(probe_stored_offset(&v, "sink", "t", 0, &at) && at == 7);
        assert_int_equal(v.n_slots, 1);
        assert_string_equal(v.slot_names[0], "s");
        assert_string_equal(v.slot_errors[0], "refused");
        probe_view_free(&v);
    }
    away = false;
    end = 200;
    struct probe_view v = next_round(p);
    assert_true(v.kafka_up);
    assert_int_equal(v.n_topics, 1);
    assert_int_equal(v.n_stored, 1);
    assert_int_equal(v.topics[0].high[0], 200);
    assert_int_equal(v.topics[0].retention_ms, 1000); /* asked for once in five minutes */
    assert_true(v.topics_us >= first.topics_us);
    assert_string_equal(v.slot_errors[0], "");
    probe_view_free(&v);
    probe_view_free(&first);
    probes_stop(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
