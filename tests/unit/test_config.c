/* Unit tests of the configuration: where it is found, what it holds, and every kind of mistake with
 * its message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "backend/base/interpolate.h"
#include "backend/engine/config.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static char dir[] = "/tmp/flightdeck-test-XXXXXX";

static void write_file(const char *name, const char *text)
{
    char path[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static const char *in_dir(const char *name)
{
    static char path[4][PATH_MAX];
    static int next;
    next = (next + 1) % 4;
    (void)snprintf(path[next], sizeof path[next], "%s/%s", dir, name);
    return path[next];
}

static struct config *load(const char *text)
{
    struct config *c;
    struct errbuf e;
    write_file("c.yaml", text);
    if (config_load(in_dir("c.yaml"), &c, &e) != ERR_OK)
        fail_msg("%s\n%s", text, e.text);
    return c;
}

/* ---- values ---- */

static void test_defaults(void **state)
{
    (void)state;
    struct config *c = load("");
    assert_string_equal(c->file, in_dir("c.yaml"));
    assert_string_equal(c->directory, dir);
    assert_int_equal(c->environment.kind, ENVIRONMENT_DEVELOPMENT);
    assert_int_equal(c->role, ROLE_OPERATOR);
    assert_int_equal(c->log.format, LOG_TEXT);
    assert_int_equal(c->log.level, LOG_INFO);
    assert_null(c->log.file);
    assert_null(c->source.connection);
    assert_null(c->warehouse.odbc);
    assert_null(c->kafka[0]);
    assert_null(c->connectors[0]);
    assert_null(c->source.tables[0]);
    assert_string_equal(c->source.topic_prefix, "postgres");
    assert_string_equal(c->source.slot, "flightdeck");
    assert_string_equal(c->warehouse.schema, "raw");
    assert_int_equal(c->warehouse.dialect, DIALECT_POSTGRESQL);
    assert_int_equal(c->stop_timeout_s, 5);
    assert_true(c->load.batch_rows > 0);
    assert_true(c->load.batch_bytes > 0);
    assert_true(c->restart.backoff_ms <= c->restart.backoff_max_ms);
    config_free(c);
}

static void test_values(void **state)
{
    (void)state;
    struct config *c = load("environment: {name: airline, kind: production}\n"
                            "role: viewer\n"
                            "state_dir: state\n"
                            "log: {format: json, level: debug, file: ./log/engine.log}\n"
                            "variables: {DB: shop, URL: \"host=db1 dbname=${DB}\"}\n"
                            "kafka:\n"
                            "  bootstrap.servers: [a:9092, b:9092]\n"
                            "  socket.keepalive.enable: true\n"
                            "source:\n"
                            "  connection: ${URL}\n"
                            "  tables: ['public\\.a', \"public[.]b{1,2}\"]\n"
                            "  slot:\n"
                            "warehouse: {dialect: vertica, odbc: DSN=dwh}\n"
                            "connectors: more\n"
                            "load: {batch_bytes: 16 MB}\n"
                            "capture: {commit_ms: 7}\n");
    assert_string_equal(c->environment.name, "airline");
    assert_string_equal(config_environment_word(c), "production");
    assert_string_equal(config_role_word(c), "viewer");
    assert_string_equal(c->state_dir, in_dir("state"));
    assert_string_equal(c->control.socket, in_dir("state/control.sock"));
    assert_string_equal(c->log.file, in_dir("log/engine.log"));
    assert_int_equal(c->log.format, LOG_JSON);
    assert_int_equal(c->log.level, LOG_DEBUG);
    assert_string_equal(pairs_get(c->kafka, "bootstrap.servers"), "a:9092,b:9092");
    assert_string_equal(pairs_get(c->kafka, "socket.keepalive.enable"), "true");
    assert_null(pairs_get(c->kafka, "bootstrap"));
    assert_string_equal(c->source.tables[0], "public\\.a");
    assert_string_equal(c->source.tables[1], "public[.]b{1,2}");
    assert_null(c->source.tables[2]);
    assert_string_equal(c->source.slot, "flightdeck"); /* `slot:` alone is not given */
    assert_string_equal(config_dialect_word(c), "vertica");
    assert_string_equal(c->connectors[0], "more");
    assert_int_equal(c->load.batch_bytes, 16 << 20);
    assert_int_equal(c->load.batch_rows, 200000); /* few and large for Vertica */
    assert_int_equal(c->capture.commit_ms, 7);
    config_free(c);
}

static void test_interpolation(void **state)
{
    (void)state;
    write_file("secret", "geheim\n");
    assert_int_equal(setenv("FLIGHTDECK_TEST_HOST", "db9", 1), 0);
    struct config *c = load("source: {connection: \"host=${FLIGHTDECK_TEST_HOST} "
                            "password=${file:secret} user=${U}\"}\n"
                            "variables:\n  U: me\n");
    assert_string_equal(c->source.connection, "host=db9 password=geheim user=me");
    config_free(c);
}

static void test_state_dir_default(void **state)
{
    (void)state;
    assert_int_equal(unsetenv("STATE_DIRECTORY"), 0);
    assert_int_equal(setenv("XDG_STATE_HOME", "/x/state", 1), 0);
    struct config *c = load("");
    assert_int_equal(strncmp(c->state_dir, "/x/state/flightdeck/", 20), 0);
    char *first = strdup(c->state_dir);
    config_free(c);
    c = load("role: viewer"); /* the same file: the same folder, whatever it says */
    assert_string_equal(c->state_dir, first);
    config_free(c);
    write_file("shop.dev.yaml", "");
    struct errbuf e;
    assert_int_equal(config_load(in_dir("shop.dev.yaml"), &c, &e), ERR_OK);
    assert_string_not_equal(c->state_dir, first);
    assert_int_equal(strncmp(c->state_dir, "/x/state/flightdeck/shop-", 25), 0);
    assert_int_equal(strlen(c->state_dir), 25 + 8);
    (void)unlink(in_dir("shop.dev.yaml"));
    config_free(c);
    free(first);
    assert_int_equal(setenv("STATE_DIRECTORY", "/var/lib/flightdeck", 1), 0);
    c = load("control: {socket: /run/x.sock}");
    assert_string_equal(c->state_dir, "/var/lib/flightdeck");
    assert_string_equal(c->control.socket, "/run/x.sock");
    config_free(c);
    assert_int_equal(unsetenv("STATE_DIRECTORY"), 0);
    assert_int_equal(unsetenv("XDG_STATE_HOME"), 0);
}

/* ---- where it is found ---- */

static void expect_name(const char *path, const char *name)
{
    struct config *c;
    struct errbuf e;
    if (config_load(path, &c, &e) != ERR_OK)
        fail_msg("%s: %s", name, e.text);
    assert_string_equal(c->environment.name, name);
    config_free(c);
}

static void test_search_order(void **state)
{
    (void)state;
    struct config *c;
    struct errbuf e;
    char home[PATH_MAX];
    assert_true(snprintf(home, sizeof home, "%s/home", dir) > 0);
    assert_int_equal(mkdir(home, 0755), 0);
    assert_int_equal(mkdir(in_dir("home/.config"), 0755), 0);
    assert_int_equal(mkdir(in_dir("home/.config/flightdeck"), 0755), 0);
    assert_int_equal(mkdir(in_dir("xdg"), 0755), 0);
    assert_int_equal(mkdir(in_dir("xdg/flightdeck"), 0755), 0);
    assert_int_equal(mkdir(in_dir("cwd"), 0755), 0);
    assert_int_equal(chdir(in_dir("cwd")), 0);
    assert_int_equal(setenv("HOME", home, 1), 0);
    assert_int_equal(unsetenv("XDG_CONFIG_HOME"), 0);
    assert_int_equal(unsetenv("FLIGHTDECK_CONFIG"), 0);

    if (access("/etc/flightdeck/flightdeck.yaml", F_OK) != 0) {
        assert_int_equal(config_load(NULL, &c, &e), ERR_NOT_FOUND);
        assert_non_null(strstr(e.text, "./flightdeck.yaml"));
        assert_non_null(strstr(e.text, in_dir("home/.config/flightdeck/flightdeck.yaml")));
        assert_non_null(strstr(e.text, "/etc/flightdeck/flightdeck.yaml"));
        assert_non_null(strstr(e.text, "flightdeck demo"));
    }
    write_file("home/.config/flightdeck/flightdeck.yaml", "environment: {name: home}");
    expect_name(NULL, "home");
    write_file("xdg/flightdeck/flightdeck.yaml", "environment: {name: xdg}");
    assert_int_equal(setenv("XDG_CONFIG_HOME", in_dir("xdg"), 1), 0);
    expect_name(NULL, "xdg");
    write_file("cwd/flightdeck.yaml", "environment: {name: cwd}");
    expect_name(NULL, "cwd");
    write_file("env.yaml", "environment: {name: env}");
    assert_int_equal(setenv("FLIGHTDECK_CONFIG", in_dir("env.yaml"), 1), 0);
    expect_name(NULL, "env");
    write_file("given.yaml", "environment: {name: given}");
    expect_name(in_dir("given.yaml"), "given");

    /* What is named but not there is an error, not a reason to look further. */
    assert_int_equal(setenv("FLIGHTDECK_CONFIG", in_dir("nothing.yaml"), 1), 0);
    assert_int_equal(config_load(NULL, &c, &e), ERR_CONFIG);
    assert_non_null(strstr(e.text, "$FLIGHTDECK_CONFIG"));
    assert_int_equal(config_load(in_dir("nothing.yaml"), &c, &e), ERR_CONFIG);
    assert_non_null(strstr(e.text, "--config"));
    assert_int_equal(unsetenv("FLIGHTDECK_CONFIG"), 0);
    assert_int_equal(unsetenv("XDG_CONFIG_HOME"), 0);
    assert_int_equal(chdir("/"), 0);
}

/* ---- mistakes ---- */

static const struct {
    const char *text;
    const char *message; /* behind the file's name */
} mistakes[] = {
    {"enviroment: {name: x}", ":1: unknown key `enviroment` (did you mean `environment`?)"},
    {"source:\n  conection: x",
     ":2: unknown key `source.conection` (did you mean `source.connection`?)"},
    {"slot: x", ":1: unknown key `slot` (did you mean `source.slot`?)"},
    {"something_else: x", ":1: unknown key `something_else`"},
    {"role: admin", ":1: role: must be one of operator, viewer, not `admin`"},
    {"log: {level: warn}", ":1: log.level: must be one of debug, info, warning, error, not `warn`"},
    {"log: {format: jsonl}", "(did you mean `json`?)"},
    {"load: {batch_rows: -1}",
     ":1: load.batch_rows: must be a whole number from 0 to 10000000, not `-1`"},
    {"load: {batch_rows: many}", ":1: load.batch_rows: must be a whole number"},
    {"load: {batch_rows: 1.5}", ":1: load.batch_rows: must be a whole number"},
    {"load: {batch_bytes: 3 parsecs}",
     ":1: load.batch_bytes: must be a size in bytes (or kB, MB, GB)"},
    {"stop_timeout_s: 99999999999999999999", ":1: stop_timeout_s: must be a whole number"},
    {"source: x", ":1: source: is a section: its keys stand indented below it"},
    {"role: [a]", ":1: role: must be a single value"},
    {"kafka: x", ":1: kafka: must be names with values"},
    {"kafka:\n  ssl:\n    ca.location: x", ":3: kafka.ssl: must be text; a name with dots"},
    {"kafka: {acks: 1}", ":1: kafka.acks: is set by the engine"},
    {"kafka: {Transactional.Id: x}", "kafka.Transactional.Id: is set by the engine"},
    {"kafka:\n  bootstrap.servers: a\n  ssl.ca.locaton: /x",
     ":3: kafka: there is no setting \"ssl.ca.locaton\"; did you mean \"ssl.ca.location\"?"},
    {"kafka: {linger.ms: long}", ":1: kafka: setting linger.ms=long is refused"},
    {"kafka: {sasl.mechanism: x, compression.codec: rar}",
     ":1: kafka: setting compression.codec=rar is refused"},
    {"source: {tables: {a: b}}", ":1: source.tables: must be a list"},
    {"source: {tables: [[a]]}", ":1: source.tables: must be a list of texts"},
    {"source:\n  tables: ['a(']", ":2: source.tables: regular expression `a(`"},
    {"source: {slot: My-Slot}", ":1: source.slot: must be 1 to 63 of a-z, 0-9 and _"},
    {"source: {topic_prefix: 'a b'}", ":1: source.topic_prefix: must be letters"},
    {"source: {publication: ''}", ":1: source.publication: must not be empty"},
    {"warehouse: {schema: ''}", ":1: warehouse.schema: must not be empty"},
    {"source: {connection: 'hos t'}", ":1: source.connection: is no libpq connection string"},
    {"source: {standby: 'nope=1'}", ":1: source.standby: is no libpq connection string"},
    {"warehouse: {odbc: dwh}", ":1: warehouse.odbc: is no ODBC connection string"},
    {"restart: {backoff_ms: 9000, backoff_max_ms: 100}",
     ":1: restart.backoff_ms: must not be above restart.backoff_max_ms"},
    {"control:\n  socket: /ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss"
     "ssssssssssssssssssssssssssssssssssssssss",
     ":2: control.socket: is too long"},
    {"environment:\n  name: ${NOT_DEFINED_1}",
     ":2: environment.name: ${NOT_DEFINED_1} is not defined"},
    {"variables: {A: '${NOT_DEFINED_1}'}", ":1: variables.A: ${NOT_DEFINED_1} is not defined"},
    {"source: {connection: '${file:nothing}'}", "source.connection: ${file:..}: cannot read"},
    {"a: 1\na: 2", ":2: `a` is given twice"},
    {"- a", ":1: must be keys with values"},
    {"a: [", ":2: did not find"},
};

static void test_mistakes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(mistakes); i++) {
        struct config *c;
        struct faults faults;
        struct errbuf e;
        faults_init(&faults);
        write_file("bad.yaml", mistakes[i].text);
        assert_int_equal(config_load_faults(in_dir("bad.yaml"), &c, &faults, &e), ERR_CONFIG);
        assert_null(c);
        if (faults.n != 1 || !strstr(faults.items[0], mistakes[i].message) ||
            !strstr(faults.items[0], in_dir("bad.yaml")))
            fail_msg("%s\n%d: %s", mistakes[i].text, faults.n, e.text);
        assert_string_equal(e.text, faults.items[0]);
        faults_free(&faults);
    }
}

static void test_several_mistakes(void **state)
{
    (void)state;
    struct config *c;
    struct faults faults;
    struct errbuf e;
    struct buf text;
    buf_init(&text, 0);
    for (int i = 0; i < 30; i++)
        buf_printf(&text, "unknown%d: x\n", i);
    write_file("bad.yaml", buf_cstr(&text));
    buf_free(&text);
    faults_init(&faults);
    assert_int_equal(config_load_faults(in_dir("bad.yaml"), &c, &faults, &e), ERR_CONFIG);
    assert_int_equal(faults.total, 30);
    assert_int_equal(faults.n, FAULTS_MAX);
    assert_non_null(strstr(faults.items[19], "bad.yaml:20: unknown key `unknown19`"));
    faults_free(&faults);
}

/* A fault never repeats what may hold a password. */
static void test_faults_keep_secrets(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "source: {connection: 'host=a password=ge heim'}",
        "source: {connection: 'postgresql://u:geheim@h:port/x'}",
        "warehouse: {odbc: geheim}",
        "variables: {P: geheim}\nsource: {connection: 'nothing=${P}'}",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct config *c;
        struct errbuf e;
        write_file("bad.yaml", texts[i]);
        if (config_load(in_dir("bad.yaml"), &c, &e) == ERR_OK) {
            config_free(c); /* libpq looks at a port only when it connects */
            continue;
        }
        assert_null(strstr(e.text, "heim"));
    }
}

static void test_require(void **state)
{
    (void)state;
    struct errbuf e;
    struct config *c = load("");
    assert_int_equal(config_require(c, 0, &e), ERR_OK);
    assert_int_equal(config_require(c, NEEDS_SOURCE, &e), ERR_CONFIG);
    assert_non_null(strstr(e.text, "source.connection is missing"));
    assert_int_equal(config_require(c, NEEDS_KAFKA, &e), ERR_CONFIG);
    assert_non_null(strstr(e.text, "kafka.bootstrap.servers is missing"));
    assert_int_equal(config_require(c, NEEDS_WAREHOUSE, &e), ERR_CONFIG);
    assert_non_null(strstr(e.text, "warehouse.odbc is missing"));
    config_free(c);
    c = load("source: {connection: host=a}\nkafka: {bootstrap.servers: b}\n"
             "warehouse: {odbc: DSN=c}");
    assert_int_equal(config_require(c, NEEDS_SOURCE | NEEDS_KAFKA | NEEDS_WAREHOUSE, &e), ERR_OK);
    config_free(c);
}

/* ---- showing ---- */

static const char secretive[] = "variables: {DB_PASSWORD: geheim1, PLAIN: open}\n"
                                "kafka: {bootstrap.servers: k:9092, sasl.password: geheim2}\n"
                                "source:\n"
                                "  connection: postgresql://u:geheim3@h/x\n"
                                "  standby: host=h password='geheim 4'\n"
                                "warehouse: {odbc: 'Driver=D;UID=u;PWD={geheim;5}'}\n"
                                "environment: {name: \"literal $${X}\"}\n";

static void test_show_masks(void **state)
{
    (void)state;
    for (int json = 0; json < 2; json++) {
        struct config *c = load(secretive);
        struct buf b;
        buf_init(&b, 0);
        config_show(c, json, &b);
        assert_null(strstr(buf_cstr(&b), "geheim"));
        assert_non_null(strstr(buf_cstr(&b), "postgresql://u:***@h/x"));
        assert_non_null(strstr(buf_cstr(&b), "PWD=***"));
        assert_non_null(strstr(buf_cstr(&b), "open"));
        buf_free(&b);
        config_free(c);
    }
}

static void test_show_names_every_key(void **state)
{
    (void)state;
    struct config *c = load(secretive);
    struct buf yaml, json, page;
    int n;
    const struct key_spec *schema = config_schema(&n);
    buf_init(&yaml, 0);
    buf_init(&json, 0);
    buf_init(&page, 0);
    config_show(c, false, &yaml);
    config_show(c, true, &json);
    config_reference(&page);
    json_error_t why;
    json_t *tree = json_loadb(json.p, json.len, JSON_REJECT_DUPLICATES, &why);
    assert_non_null(tree);
    for (int i = 0; i < n; i++) {
        char key[128], name[160];
        (void)snprintf(key, sizeof key, "%s", schema[i].name);
        char *dot = strchr(key, '.');
        const json_t *at = tree;
        if (dot) {
            *dot = '\0';
            at = json_object_get(tree, key);
        }
        assert_non_null(json_object_get(at, dot ? dot + 1 : key));
        (void)snprintf(name, sizeof name, "%s: ", dot ? dot + 1 : key);
        assert_non_null(strstr(buf_cstr(&yaml), name));
        (void)snprintf(name, sizeof name, "| `%s` |", schema[i].name);
        assert_non_null(strstr(buf_cstr(&page), name));
    }
    json_decref(tree);
    buf_free(&yaml);
    buf_free(&json);
    buf_free(&page);
    config_free(c);
}

/* What `config show` prints is a configuration: read again it says the same. */
static void test_show_can_be_read(void **state)
{
    (void)state;
    struct config *c = load("variables: {A: b}\nenvironment: {name: \"a $${X} \\\"q\\\" \\n z\"}\n"
                            "source: {tables: ['a\\.b']}\nlog: {level: debug}\n");
    struct buf first, second;
    buf_init(&first, 0);
    buf_init(&second, 0);
    config_show(c, false, &first);
    config_free(c);
    c = load(buf_cstr(&first));
    assert_string_equal(c->environment.name, "a ${X} \"q\" \n z");
    config_show(c, false, &second);
    config_free(c);
    assert_string_equal(buf_cstr(&first), buf_cstr(&second));
    buf_free(&first);
    buf_free(&second);
}

static int setup(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", dir);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_interpolation),
        cmocka_unit_test(test_state_dir_default),
        cmocka_unit_test(test_search_order),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_several_mistakes),
        cmocka_unit_test(test_faults_keep_secrets),
        cmocka_unit_test(test_require),
        cmocka_unit_test(test_show_masks),
        cmocka_unit_test(test_show_names_every_key),
        cmocka_unit_test(test_show_can_be_read),
    };
    return cmocka_run_group_tests_name("config", tests, setup, teardown);
}
