/* flightdeck warehouse ..: over the engine's socket, which asks the warehouse. */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "console/attach.h"
#include "console/commands.h"
#include "console/exit_codes.h"
#include "console/look_print.h"
#include "views/units.h"

enum { TABLES_SHOWN = 15, LOADS_SHOWN = 10, SESSIONS_SHOWN = 20 };

static const struct look_column nodes[] = {{"node", "name", LOOK_TEXT},
                                           {"state", "state", LOOK_TEXT},
                                           {"sessions", "connections", LOOK_COUNT},
                                           {"most", "connections_max", LOOK_COUNT},
                                           {"up", "up_s", LOOK_DURATION},
                                           {.title = NULL}};
static const struct look_column queries[] = {{"id", "id", LOOK_TEXT},
                                             {"user", "user_name", LOOK_TEXT},
                                             {"from", "application", LOOK_TEXT},
                                             {"state", "state", LOOK_TEXT},
                                             {"for", "seconds", LOOK_DURATION},
                                             {"waits for", "waits_for", LOOK_TEXT},
                                             {"behind", "blocked_by", LOOK_TEXT},
                                             {"statement", "text", LOOK_TEXT},
                                             {.title = NULL}};
static const struct look_column sessions[] = {{"session", "session", LOOK_TEXT},
                                              {"user", "user_name", LOOK_TEXT},
                                              {"from", "application", LOOK_TEXT},
                                              {"client", "client", LOOK_TEXT},
                                              {"state", "state", LOOK_TEXT},
                                              {"since", "seconds", LOOK_DURATION},
                                              {.title = NULL}};
static const struct look_column schemas[] = {{"schema", "schema_name", LOOK_TEXT},
                                             {"tables", "tables", LOOK_COUNT},
                                             {"size", "bytes", LOOK_BYTES},
                                             {"rows, about", "row_count", LOOK_COUNT},
                                             {.title = NULL}};
static const struct look_column tables[] = {{"schema", "schema_name", LOOK_TEXT},
                                            {"table", "table_name", LOOK_TEXT},
                                            {"size", "bytes", LOOK_BYTES},
                                            {"rows, about", "row_count", LOOK_COUNT},
                                            {.title = NULL}};
static const struct look_column loads[] = {
    {"connector", "connector", LOOK_TEXT}, {"batch", "batch", LOOK_COUNT},
    {"rows", "row_count", LOOK_COUNT},     {"bytes", "byte_count", LOOK_BYTES},
    {"ago", "age_s", LOOK_DURATION},       {.title = NULL}};
static const struct look_column model_loads[] = {{"entity", "entity", LOOK_TEXT},
                                                 {"raw rows", "raw_rows", LOOK_COUNT},
                                                 {"inserted", "inserted", LOOK_COUNT},
                                                 {"ago", "age_s", LOOK_DURATION},
                                                 {.title = NULL}};
static const struct look_column marts[] = {{"mart", "mart", LOOK_TEXT},
                                           {"table", "target", LOOK_TEXT},
                                           {"ran, ago", "age_s", LOOK_DURATION},
                                           {.title = NULL}};

static void print_figures(const json_t *answer)
{
    const json_t *list = json_object_get(answer, "figures");
    (void)puts("figures");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *f = json_array_get(list, i), *v = json_object_get(f, "value");
        const char *unit = attach_text(f, "unit");
        char text[UNIT_TEXT_MAX];
        if (!json_is_number(v)) /* this server does not tell it */
            continue;
        if (!strcmp(unit, "bytes"))
            (void)unit_bytes(json_number_value(v), text, sizeof text);
        else if (!strcmp(unit, "bytes/s"))
            (void)unit_bytes_rate(json_number_value(v), text, sizeof text);
        else if (!strcmp(unit, "%"))
            (void)snprintf(text, sizeof text, "%.1f %%", json_number_value(v));
        else
            (void)unit_count((int64_t)json_number_value(v), text, sizeof text);
        (void)printf("  %-38s %s", attach_text(f, "title"), text);
        if (*attach_text(f, "node")) {
            (void)printf("  ");
            attach_put(attach_text(f, "node"), 0);
        }
        (void)putchar('\n');
    }
}

static void print_show(const json_t *answer, bool all)
{
    attach_put(attach_text(answer, "server"), 0);
    (void)putchar('\n');
    look_print("nodes", json_object_get(answer, "nodes"), nodes, 0);
    look_print("running queries", json_object_get(answer, "queries"), queries, 0);
    look_print("sessions", json_object_get(answer, "sessions"), sessions, all ? 0 : SESSIONS_SHOWN);
    look_print("sizes by schema", json_object_get(answer, "schemas"), schemas, 0);
    look_print("largest tables", json_object_get(answer, "tables"), tables, all ? 0 : TABLES_SHOWN);
    look_print("loads into raw", json_object_get(answer, "loads"), loads, all ? 0 : LOADS_SHOWN);
    look_print("loads of the model", json_object_get(answer, "model_loads"), model_loads,
               all ? 0 : LOADS_SHOWN);
    look_print("marts", json_object_get(answer, "marts"), marts, 0);
    print_figures(answer);
    look_print_errors(answer);
}

static int show(const struct arguments *a, struct client *c)
{
    json_t *answer = NULL;
    int code = attach_ask(a, c, "warehouse.show", NULL, &answer);
    if (!code && arguments_flag(a, "json"))
        code = attach_print_json(a, answer);
    else if (!code)
        print_show(answer, arguments_flag(a, "all"));
    json_decref(answer);
    return code;
}

static int cancel(const struct arguments *a, struct client *c)
{
    json_t *answer = NULL, *params = json_pack("{s:s}", "id", a->words[0]);
    int code = attach_ask(a, c, "warehouse.cancel", params, &answer);
    if (!code && arguments_flag(a, "json"))
        code = attach_print_json(a, answer);
    else if (!code)
        (void)puts("told to end");
    json_decref(params);
    json_decref(answer);
    return code;
}

int cmd_warehouse(int argc, char **argv)
{
    struct arguments a;
    struct client *c = NULL;
    (void)setlocale(LC_ALL, "");
    int code = arguments_read(argc, argv, &a);
    if (code)
        return code;
    bool cancels = strcmp(a.verb->name, "cancel") == 0;
    code = cancels ? attach_connect_to_change(&a, &c) : attach_connect(&a, &c);
    if (code)
        return code;
    code = cancels ? cancel(&a, c) : show(&a, c);
    client_close(c);
    return code;
}
