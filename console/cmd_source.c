/* flightdeck source ..: over the engine's socket, which asks the source. */
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "console/attach.h"
#include "console/commands.h"
#include "console/exit_codes.h"
#include "console/look_print.h"
#include "views/units.h"

enum { TRANSACTIONS_SHOWN = 20, TABLES_SHOWN = 40 };

static const struct look_column replicas[] = {{"reader", "application", LOOK_TEXT},
                                              {"client", "client", LOOK_TEXT},
                                              {"state", "state", LOOK_TEXT},
                                              {"sync", "sync_state", LOOK_TEXT},
                                              {"slot", "slot", LOOK_TEXT},
                                              {"flushed behind", "flush_lag_bytes", LOOK_BYTES},
                                              {"behind", "replay_lag_bytes", LOOK_BYTES},
                                              {"in time", "replay_lag_s", LOOK_DURATION},
                                              {.title = NULL}};
static const struct look_column slots[] = {{"slot", "name", LOOK_TEXT},
                                           {"type", "type", LOOK_TEXT},
                                           {"read", "active", LOOK_YES},
                                           {"WAL", "wal_status", LOOK_TEXT},
                                           {"keeps", "retained_bytes", LOOK_BYTES},
                                           {"grows", "growth_bytes_s", LOOK_RATE},
                                           {"room left", "safe_bytes", LOOK_BYTES},
                                           {"full in", "full_s", LOOK_DURATION},
                                           {"if not read", "full_if_stopped_s", LOOK_DURATION},
                                           {.title = NULL}};
static const struct look_column publications[] = {{"publication", "name", LOOK_TEXT},
                                                  {"owner", "owner", LOOK_TEXT},
                                                  {"all tables", "all_tables", LOOK_YES},
                                                  {"insert", "insert", LOOK_YES},
                                                  {"update", "update", LOOK_YES},
                                                  {"delete", "delete", LOOK_YES},
                                                  {"truncate", "truncate", LOOK_YES},
                                                  {"tables", "tables", LOOK_LIST},
                                                  {.title = NULL}};
static const struct look_column transactions[] = {{"id", "id", LOOK_TEXT},
                                                  {"user", "user_name", LOOK_TEXT},
                                                  {"from", "application", LOOK_TEXT},
                                                  {"state", "state", LOOK_TEXT},
                                                  {"open", "seconds", LOOK_DURATION},
                                                  {"statement", "text", LOOK_TEXT},
                                                  {.title = NULL}};
static const struct look_column tables[] = {{"schema", "schema_name", LOOK_TEXT},
                                            {"table", "table_name", LOOK_TEXT},
                                            {"size", "bytes", LOOK_BYTES},
                                            {"rows, about", "row_count", LOOK_COUNT},
                                            {"identity", "identity", LOOK_TEXT},
                                            {"deletes", "deletes", LOOK_TEXT},
                                            {"", "means", LOOK_TEXT},
                                            {.title = NULL}};

static double real(const json_t *o, const char *name)
{
    const json_t *v = json_object_get(o, name);
    return json_is_number(v) ? json_number_value(v) : NAN;
}

static void print_server(const char *label, const json_t *s)
{
    char a[UNIT_TEXT_MAX], b[UNIT_TEXT_MAX];
    (void)printf("%s: ", label);
    if (!json_is_object(s)) {
        (void)puts("none is configured");
        return;
    }
    if (*attach_text(s, "error")) {
        (void)printf("down: ");
        attach_put(attach_text(s, "error"), 0);
        (void)putchar('\n');
        return;
    }
    (void)printf("PostgreSQL ");
    attach_put(attach_text(s, "version"), 0);
    (void)printf(", database ");
    attach_put(attach_text(s, "database"), 0);
    (void)printf(" of %s, up for %s", unit_bytes(real(s, "database_bytes"), a, sizeof a),
                 unit_duration(real(s, "up_s"), b, sizeof b));
    if (json_object_get(s, "lag_bytes"))
        (void)printf(", %s and %s behind%s", unit_bytes(real(s, "lag_bytes"), a, sizeof a),
                     unit_duration(real(s, "replay_lag_s"), b, sizeof b),
                     json_is_true(json_object_get(s, "replay_paused")) ? ", replay is PAUSED" : "");
    else
        (void)printf(", writes %s of WAL", unit_bytes_rate(real(s, "wal_bytes_s"), a, sizeof a));
    (void)putchar('\n');
}

static void print_show(const json_t *answer, bool all)
{
    print_server("primary", json_object_get(answer, "primary"));
    print_server("standby", json_object_get(answer, "standby"));
    look_print("readers of the WAL", json_object_get(answer, "replicas"), replicas, 0);
    look_print("slots", json_object_get(answer, "slots"), slots, 0);
    look_print("publications", json_object_get(answer, "publications"), publications, 0);
    look_print("open transactions", json_object_get(answer, "transactions"), transactions,
               all ? 0 : TRANSACTIONS_SHOWN);
    look_print("tables", json_object_get(answer, "tables"), tables, all ? 0 : TABLES_SHOWN);
    look_print_errors(answer);
}

int cmd_source(int argc, char **argv)
{
    struct arguments a;
    struct client *c = NULL;
    json_t *answer = NULL;
    (void)setlocale(LC_ALL, "");
    int code = arguments_read(argc, argv, &a);
    if (!code)
        code = attach_connect(&a, &c);
    if (code)
        return code;
    code = attach_ask(&a, c, "source.show", NULL, &answer);
    if (!code && arguments_flag(&a, "json"))
        code = attach_print_json(&a, answer);
    else if (!code)
        print_show(answer, arguments_flag(&a, "all"));
    json_decref(answer);
    client_close(c);
    return code;
}
