/* flightdeck connector list|show|apply|pause|resume|stop|restart|delete|offsets: over the engine's
 * socket. The engine checks and does; here words become requests and answers become words. */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "backend/base/clock.h"
#include "console/attach.h"
#include "console/commands.h"
#include "console/exit_codes.h"
#include "views/units.h"

enum { NAME_LEAST = 9, WAIT_US = 10 * 1000000, LOOK_US = 50000 };

static json_t *named(const char *name)
{
    return json_pack("{s:s}", "name", name);
}

/* ---- printing ---- */

static double real_of(const json_t *o, const char *name)
{
    const json_t *v = json_object_get(o, name);
    return json_is_number(v) ? json_number_value(v) : __builtin_nan("");
}

static void print_list(const json_t *answer)
{
    const json_t *list = json_object_get(answer, "connectors");
    int w = attach_width(list, "name", NAME_LEAST);
    if (!json_array_size(list)) {
        (void)puts("no connectors");
        return;
    }
    attach_put("connector", w);
    (void)printf("  type    state          rate        lag    waiting  errors  detail\n");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *c = json_array_get(list, i);
        char rate[UNIT_TEXT_MAX];
        char lag[UNIT_TEXT_MAX];
        char waiting[UNIT_TEXT_MAX];
        char errors[UNIT_TEXT_MAX];
        attach_put(attach_text(c, "name"), w);
        (void)printf("  %-6s  %-9s %9s  %9s  %9s  %6s  ", attach_text(c, "type"),
                     attach_text(c, "state"), unit_rate(real_of(c, "rate_s"), rate, sizeof rate),
                     unit_duration(real_of(c, "lag_ms") / 1000, lag, sizeof lag),
                     unit_count(attach_int(c, "lag_records"), waiting, sizeof waiting),
                     unit_count(attach_int(c, "errors"), errors, sizeof errors));
        attach_put(
            *attach_text(c, "detail") ? attach_text(c, "detail") : attach_text(c, "last_error"), 0);
        (void)putchar('\n');
    }
}

/* "2026-11-24 12:04:31 UTC (3 m 12 s ago)" */
static char *text_of_time(int64_t us, char *out, size_t n)
{
    char day[UNIT_TEXT_MAX];
    char age[UNIT_TEXT_MAX];
    (void)snprintf(out, n, "%s UTC (%s ago)", unit_day(us, day, sizeof day),
                   unit_duration((double)(clock_wall_us() - us) / 1e6, age, sizeof age));
    return out;
}

/* "a, b"; a task as "0 RUNNING". */
static void text_of_list(const json_t *list, struct buf *out)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *v = json_array_get(list, i);
        buf_str(out, i ? ", " : "");
        if (json_is_object(v))
            buf_printf(out, "%lld %s", (long long)attach_int(v, "id"), attach_text(v, "state"));
        else
            buf_str(out, json_is_string(v) ? json_string_value(v) : "");
    }
}

static void put_label(const char *name, int indent)
{
    enum { LABEL_WIDTH = 28 };
    (void)printf("%*s", indent, "");
    attach_put(name, LABEL_WIDTH - indent);
    (void)putchar(' ');
}

static void print_value(const char *name, const json_t *v, int indent)
{
    if (json_is_null(v))
        return;
    put_label(name, indent);
    struct buf list;
    buf_init(&list, 0);
    if (json_is_array(v))
        text_of_list(v, &list);
    char *text = json_is_string(v) || json_is_array(v)
                     ? NULL
                     : json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT);
    attach_put(json_is_string(v)  ? json_string_value(v)
               : json_is_array(v) ? buf_cstr(&list)
               : text             ? text
                                  : "",
               0);
    (void)putchar('\n');
    buf_free(&list);
    free(text);
}

/* A figure of the engine as `status` prints it: the end of its name tells the unit, and goes. */
static bool print_figure(const char *name, const json_t *v, int indent)
{
    static const char *const units[] = {"_us", "_ms", "_s"};
    enum unit { TIME, MILLISECONDS, PER_SECOND, COUNT } unit = TIME;
    char label[64];
    char text[3 * UNIT_TEXT_MAX];
    size_t n = strlen(name);
    while (unit < COUNT &&
           (n <= strlen(units[unit]) || strcmp(name + n - strlen(units[unit]), units[unit]) != 0))
        unit++;
    if (!json_is_number(v) || (unit == COUNT && !json_is_integer(v)))
        return false;
    double value = json_number_value(v);
    switch (unit) {
    case TIME:
        (void)text_of_time(json_integer_value(v), text, sizeof text);
        break;
    case MILLISECONDS:
        (void)unit_duration(value / 1e3, text, sizeof text);
        break;
    case PER_SECOND:
        (void)unit_rate(value, text, sizeof text);
        break;
    case COUNT:
        (void)unit_count(json_integer_value(v), text, sizeof text);
        break;
    }
    n -= unit < COUNT ? strlen(units[unit]) : 0;
    (void)snprintf(label, sizeof label, "%.*s", (int)n, name);
    put_label(label, indent);
    (void)puts(text);
    return true;
}

static void print_members(json_t *object, int indent)
{
    const char *name;
    json_t *v;
    json_object_foreach(object, name, v)
    {
        bool figure = indent == 0 && print_figure(name, v, indent); /* below it are settings */
        if (figure)
            continue;
        if (json_is_object(v)) {
            (void)printf("%*s%s\n", indent, "", name);
            print_members(v, indent + 2);
        } else {
            print_value(name, v, indent);
        }
    }
}

static void print_offsets(const json_t *answer)
{
    const json_t *list = json_object_get(answer, "offsets");
    if (!json_array_size(list))
        (void)puts("no offsets yet");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *o = json_array_get(list, i);
        char *partition = json_dumps(json_object_get(o, "partition"), JSON_ENCODE_ANY);
        char *offset = json_dumps(json_object_get(o, "offset"), JSON_ENCODE_ANY);
        attach_put(partition ? partition : "", 60);
        (void)putchar(' ');
        attach_put(offset ? offset : "", 0);
        (void)putchar('\n');
        free(partition);
        free(offset);
    }
}

/* ---- what changes something ---- */

/* A Kafka Connect file: {"name":..,"config":{..}}, or the bare configuration with a name in it. */
static int read_file(const struct arguments *a, const char *path, json_t **params)
{
    json_error_t why;
    json_t *file = json_load_file(path, JSON_REJECT_DUPLICATES, &why);
    *params = NULL;
    if (!file)
        return why.line > 0 ? command_fail(a, EXIT_USAGE, "%s:%d: %s", path, why.line, why.text)
                            : command_fail(a, EXIT_USAGE, "%s", why.text);
    json_t *config = json_object_get(file, "config");
    json_t *name = json_object_get(file, "name");
    if (!json_is_object(config))
        config = file;
    if (json_is_string(name) && json_is_object(file))
        *params = json_pack("{s:O, s:O}", "name", name, "config", config);
    json_decref(file);
    if (*params)
        return EXIT_DONE;
    return command_fail(a, EXIT_USAGE, "%s: a connector's file is {\"name\": .., \"config\": {..}}",
                        path);
}

/* Every file is tried; the first one's failure is the exit code. */
static int apply(const struct arguments *a, struct client *c)
{
    int code = EXIT_DONE;
    json_t *all = json_array();
    for (char *const *path = (char *const *)a->words; *path; path++) {
        json_t *params = NULL;
        json_t *result = NULL;
        int rc = read_file(a, *path, &params);
        if (!rc)
            rc = attach_change(a, c, "connector.apply", params, &result);
        const char *name = attach_text(params, "name");
        if (!rc) {
            bool created = json_is_true(json_object_get(result, "created"));
            (void)json_array_append_new(
                all, json_pack("{s:s, s:b}", "name", name, "created", (int)created));
            if (!arguments_flag(a, "json")) {
                attach_put(name, 0);
                (void)printf(": %s\n", created ? "created" : "changed");
            }
        } else if (params) {
            (void)fprintf(stderr, "  in %s\n", *path);
        }
        code = code ? code : rc;
        json_decref(result);
        json_decref(params);
    }
    if (arguments_flag(a, "json")) {
        int rc = attach_print_json(a, all);
        code = code ? code : rc;
    }
    json_decref(all);
    return code;
}

/* A deletion takes the name, typed; --yes is for scripts. */
static int ask_name(const struct arguments *a, const char *name)
{
    char words[1024];
    if (arguments_flag(a, "yes"))
        return EXIT_DONE;
    (void)snprintf(words, sizeof words,
                   "This deletes connector %.500s and its settings; its topics, its rows in the "
                   "warehouse and its offsets stay.",
                   name);
    return attach_ask_name(a, words, name, "--yes");
}

/* The state that a verb asks for; NULL: none to wait for. */
static const char *wanted_state(const char *verb)
{
    static const struct {
        const char *verb, *state;
    } wanted[] = {
        {"pause", "PAUSED"}, {"resume", "RUNNING"}, {"stop", "STOPPED"}, {"restart", "RUNNING"}};
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        if (strcmp(wanted[i].verb, verb) == 0)
            return wanted[i].state;
    return NULL;
}

static int not_reached(const struct arguments *a, const char *name, const char *want,
                       const json_t *last)
{
    const char *state = attach_text(last, "state");
    const char *why = attach_text(last, "last_error");
    if (strcmp(state, "FAILED") == 0)
        return command_fail(a, EXIT_FAILED, "%s is FAILED, not %s: %s", name, want, why);
    bool broken = strcmp(state, "RETRYING") == 0;
    return command_fail(a, EXIT_FAILED,
                        "%s is %s, not yet %s, after %d s%s%s: it goes on by itself; see "
                        "`flightdeck connector show %s`",
                        name, state, want, WAIT_US / 1000000, broken && *why ? ": " : "",
                        broken ? why : "", name);
}

/* Looks until the connector is in the wanted state; *result is the last answer, which has it. */
static int wait_state(const struct arguments *a, struct client *c, const char *name,
                      const char *want, json_t **result)
{
    const struct timespec pause = {.tv_nsec = LOOK_US * 1000L};
    int64_t until = clock_mono_us() + WAIT_US;
    json_t *params = named(name);
    int code = EXIT_DONE;
    while (!code && strcmp(attach_text(*result, "state"), want) != 0) {
        bool failed = strcmp(attach_text(*result, "state"), "FAILED") == 0;
        if (failed || clock_mono_us() > until) {
            code = not_reached(a, name, want, *result);
            break;
        }
        (void)nanosleep(&pause, NULL);
        json_decref(*result);
        code = attach_call(a, c, "connector.show", params, result);
    }
    json_decref(params);
    return code;
}

static int act(const struct arguments *a, struct client *c, const char *name)
{
    char method[64];
    json_t *result = NULL;
    json_t *params = named(name);
    bool deletes = strcmp(a->verb->name, "delete") == 0;
    const char *want = arguments_flag(a, "no-wait") ? NULL : wanted_state(a->verb->name);
    (void)snprintf(method, sizeof method, "connector.%s", a->verb->name);
    int code = (deletes ? attach_change : attach_call)(a, c, method, params, &result);
    if (!code && want)
        code = wait_state(a, c, name, want, &result);
    if (!code && arguments_flag(a, "json")) {
        json_t *state = json_pack("{s:O}", "state", json_object_get(result, "state"));
        code = attach_print_json(a, state);
        json_decref(state);
    } else if (!code) {
        attach_put(name, 0);
        (void)printf(": %s\n", deletes ? "deleted" : attach_text(result, "state"));
    }
    json_decref(result);
    json_decref(params);
    return code;
}

/* All that have FAILED; each is waited for. */
static int restart_failed(const struct arguments *a, struct client *c)
{
    json_t *result = NULL;
    size_t i;
    json_t *v;
    int code = attach_call(a, c, "connector.restart_failed", NULL, &result);
    const json_t *names = json_object_get(result, "restarted");
    if (!code && !json_array_size(names) && !arguments_flag(a, "json"))
        (void)puts("no connector has FAILED");
    json_array_foreach(names, i, v)
    {
        json_t *last = NULL;
        const char *name = json_string_value(v);
        json_t *params = named(name);
        int rc = arguments_flag(a, "no-wait") ? EXIT_DONE
                                              : attach_call(a, c, "connector.show", params, &last);
        if (!rc && last)
            rc = wait_state(a, c, name, "RUNNING", &last);
        if (!rc && !arguments_flag(a, "json")) {
            attach_put(name, 0);
            (void)printf(": %s\n", last ? attach_text(last, "state") : "restarted");
        }
        code = code ? code : rc;
        json_decref(params);
        json_decref(last);
    }
    if (arguments_flag(a, "json") && result) {
        int rc = attach_print_json(a, result);
        code = code ? code : rc;
    }
    json_decref(result);
    return code;
}

/* ---- what only looks ---- */

static int look(const struct arguments *a, struct client *c, const char *name)
{
    char method[64];
    json_t *result = NULL;
    json_t *params = name ? named(name) : NULL;
    (void)snprintf(method, sizeof method, "connector.%s", a->verb->name);
    int code = attach_call(a, c, method, params, &result);
    if (!code && arguments_flag(a, "json"))
        code = attach_print_json(a, result);
    else if (!code && !name)
        print_list(result);
    else if (!code && strcmp(a->verb->name, "offsets") == 0)
        print_offsets(result);
    else if (!code)
        print_members(result, 0);
    json_decref(result);
    json_decref(params);
    return code;
}

int cmd_connector(int argc, char **argv)
{
    struct arguments a;
    struct client *c = NULL;
    int code = arguments_read(argc, argv, &a);
    if (code)
        return code;
    const char *verb = a.verb->name;
    const char *name = a.words[0];
    bool failed = arguments_flag(&a, "failed");
    bool looks =
        strcmp(verb, "list") == 0 || strcmp(verb, "show") == 0 || strcmp(verb, "offsets") == 0;
    if (strcmp(verb, "delete") == 0)
        code = ask_name(&a, name);
    else if (strcmp(verb, "restart") == 0 && failed == (name != NULL))
        code = command_fail(&a, EXIT_USAGE, "restart takes a connector's name, or --failed");
    if (!code)
        code = looks ? attach_connect(&a, &c) : attach_connect_to_change(&a, &c);
    if (code)
        return code;
    if (strcmp(verb, "apply") == 0)
        code = apply(&a, c);
    else if (failed && strcmp(verb, "restart") == 0)
        code = restart_failed(&a, c);
    else if (looks)
        code = look(&a, c, name);
    else
        code = act(&a, c, name);
    client_close(c);
    return code;
}
