/* flightdeck alert list|ack: what is wrong now, over the engine's socket. */
#include <stdio.h>
#include <string.h>

#include "console/attach.h"
#include "console/commands.h"
#include "console/exit_codes.h"
#include "views/units.h"

enum { NAME_LEAST = 9 };

static void print_list(const json_t *answer)
{
    const json_t *list = json_object_get(answer, "alerts");
    int w = attach_width(list, "name", NAME_LEAST);
    size_t i;
    json_t *x;
    if (!json_array_size(list)) {
        (void)puts("no alerts");
        return;
    }
    attach_put("alert", w);
    (void)printf("  level    since (UTC)          what\n");
    json_array_foreach(list, i, x)
    {
        char since[UNIT_TEXT_MAX];
        const json_t *by = json_object_get(x, "acknowledged");
        attach_put(attach_text(x, "name"), w);
        (void)printf("  %-7s  %-19s  ", attach_text(x, "level"),
                     unit_day(attach_int(x, "since_us"), since, sizeof since));
        attach_put(attach_text(x, "text"), 0);
        if (json_is_object(by)) {
            (void)fputs(" (acknowledged by ", stdout);
            attach_put(attach_text(by, "who"), 0);
            (void)putchar(')');
        }
        (void)putchar('\n');
    }
}

int cmd_alert(int argc, char **argv)
{
    struct arguments a;
    struct client *c = NULL;
    json_t *result = NULL;
    json_t *params = NULL;
    int code = arguments_read(argc, argv, &a);
    if (code)
        return code;
    bool acknowledges = strcmp(a.verb->name, "ack") == 0;
    code = acknowledges ? attach_connect_to_change(&a, &c) : attach_connect(&a, &c);
    if (code)
        return code;
    if (acknowledges)
        params = json_pack("{s:s}", "name", a.words[0]);
    code = attach_call(&a, c, acknowledges ? "alert.ack" : "alert.list", params, &result);
    if (!code && arguments_flag(&a, "json"))
        code = attach_print_json(&a, result);
    else if (!code && acknowledges)
        (void)puts("acknowledged");
    else if (!code)
        print_list(result);
    json_decref(result);
    json_decref(params);
    client_close(c);
    return code;
}
