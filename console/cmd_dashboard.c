/* flightdeck dashboard ..: over the engine's socket, which asks the warehouse. */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "console/attach.h"
#include "console/commands.h"
#include "console/exit_codes.h"
#include "console/rows_print.h"
#include "views/units.h"

enum { NAME_LEAST = 9, INDENT = 2 };

static void print_list(const json_t *answer)
{
    const json_t *list = json_object_get(answer, "dashboards");
    int w = attach_width(list, "name", NAME_LEAST);
    if (!json_array_size(list))
        (void)puts("no dashboards: `dashboards` of the configuration names folders with them");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *d = json_array_get(list, i), *panels = json_object_get(d, "panels");
        int names = attach_width(panels, "name", NAME_LEAST);
        attach_put(attach_text(d, "name"), w);
        (void)printf("  ");
        attach_put(attach_text(d, "title"), 0);
        if (*attach_text(d, "mart")) {
            (void)printf(", of the mart ");
            attach_put(attach_text(d, "mart"), 0);
        }
        (void)putchar('\n');
        for (size_t k = 0; k < json_array_size(panels); k++) {
            const json_t *p = json_array_get(panels, k);
            (void)printf("%*s", INDENT, "");
            attach_put(attach_text(p, "name"), names);
            (void)printf("  %-5s  ", attach_text(p, "kind"));
            attach_put(attach_text(p, "title"), 0);
            (void)putchar('\n');
        }
    }
}

static int list(const struct arguments *a, struct client *c)
{
    json_t *answer = NULL;
    int code = attach_call(a, c, "dashboard.list", NULL, &answer);
    if (!code && arguments_flag(a, "json"))
        code = attach_print_json(a, answer);
    else if (!code)
        print_list(answer);
    json_decref(answer);
    return code;
}

/* "Airports, 2026-10-30 to 2026-11-28; the mart airports_traffic has run 2 h ago" */
static void print_heading(const json_t *answer)
{
    char age[UNIT_TEXT_MAX];
    const json_t *seconds = json_object_get(answer, "mart_age_s");
    attach_put(attach_text(answer, "name"), 0);
    (void)printf(", %s to %s", attach_text(answer, "from"), attach_text(answer, "to"));
    if (*attach_text(answer, "mart")) {
        (void)printf("; the mart ");
        attach_put(attach_text(answer, "mart"), 0);
        if (json_is_number(seconds))
            (void)printf(" ran %s ago", unit_duration(json_number_value(seconds), age, sizeof age));
        else
            (void)printf(" has not run yet");
    }
    (void)putchar('\n');
}

static int print_panel(const struct arguments *a, enum format form, const json_t *p)
{
    const json_t *error = json_object_get(p, "error");
    if (json_is_string(error))
        return command_fail(a, EXIT_FAILED, "panel %s: %s", attach_text(p, "name"),
                            json_string_value(error));
    if (!format_for_programs(form)) {
        (void)putchar('\n');
        attach_put(attach_text(p, "name"), 0);
        (void)putchar('\n');
    }
    int code = rows_print(a, form, json_object_get(p, "columns"), json_object_get(p, "rows"));
    if (!code && json_is_true(json_object_get(p, "truncated")))
        (void)fprintf(stderr, "flightdeck dashboard: panel %s has more rows than these\n",
                      attach_text(p, "name"));
    return code;
}

static int print_figures(const struct arguments *a, enum format form, const json_t *answer)
{
    const json_t *panels = json_object_get(answer, "panels");
    int code = EXIT_DONE;
    if (!format_for_programs(form))
        print_heading(answer);
    for (size_t i = 0; i < json_array_size(panels); i++) {
        int one = print_panel(a, form, json_array_get(panels, i));
        code = one ? one : code;
    }
    return code;
}

static int show(const struct arguments *a, struct client *c)
{
    static const char *const texts[] = {"from", "to", "panel"};
    static const char *const flags[] = {"rows", "refresh"};
    enum format form = rows_print_form(a);
    json_t *answer = NULL;
    if (format_for_programs(form) && !arguments_flag(a, "json") && !arguments_value(a, "panel"))
        return command_fail(a, EXIT_USAGE,
                            "in this form rows are of one panel: name it with --panel");
    json_t *params = json_pack("{s:s}", "name", a->words[0]);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (arguments_value(a, texts[i]))
            (void)json_object_set_new(params, texts[i], json_string(arguments_value(a, texts[i])));
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        if (arguments_flag(a, flags[i]))
            (void)json_object_set_new(params, flags[i], json_true());
    int code = attach_ask(a, c, "dashboard.data", params, &answer);
    if (!code && arguments_flag(a, "json"))
        code = attach_print_exact_json(a, answer);
    else if (!code)
        code = print_figures(a, form, answer);
    json_decref(params);
    json_decref(answer);
    return code;
}

int cmd_dashboard(int argc, char **argv)
{
    struct arguments a;
    struct client *c = NULL;
    (void)setlocale(LC_ALL, "");
    int code = arguments_read(argc, argv, &a);
    if (!code)
        code = attach_connect(&a, &c);
    if (code)
        return code;
    code = strcmp(a.verb->name, "list") ? show(&a, c) : list(&a, c);
    client_close(c);
    return code;
}
