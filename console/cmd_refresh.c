/* flightdeck refresh NAME ..: an entity, a mart or a DAG made anew by the engine, and what came of
 * it. */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "backend/base/clock.h"
#include "console/attach.h"
#include "console/commands.h"
#include "console/dag_follow.h"
#include "console/exit_codes.h"
#include "views/refresh.h"

/* Waits for the run and says what came of it. */
static int follow(const struct arguments *a, struct client *c, const char *name, const json_t *made)
{
    json_t *answer = NULL;
    char words[REFRESH_WORDS_MAX];
    uint16_t style;
    int code = dag_follow_to_end(a, c, attach_int(made, "run"), &answer);
    const char *state = attach_text(json_object_get(answer, "run"), "state");
    if (answer) {
        (void)refresh_words(answer, name, attach_text(made, "task"), clock_wall_us(), words,
                            sizeof words, &style);
        if (arguments_flag(a, "json"))
            code = attach_print_json(a, answer) || code ? EXIT_FAILED : EXIT_DONE;
        else
            attach_put(words, 0);
        if (!arguments_flag(a, "json"))
            (void)putchar('\n');
    }
    if (!code && strcmp(state, "success") != 0)
        code = EXIT_FAILED;
    json_decref(answer);
    return code;
}

static int refresh(const struct arguments *a, struct client *c, const char *name)
{
    json_t *answer = NULL;
    json_t *params = json_pack("{s:s}", "name", name);
    int code = attach_call(a, c, "refresh.run", params, &answer);
    if (!code && !arguments_flag(a, "detach"))
        code = follow(a, c, name, answer);
    else if (!code && arguments_flag(a, "json"))
        code = attach_print_json(a, answer);
    else if (!code)
        (void)printf("run %lld of %s\n", (long long)attach_int(answer, "run"),
                     attach_text(answer, "dag"));
    json_decref(params);
    json_decref(answer);
    return code;
}

int cmd_refresh(int argc, char **argv)
{
    struct arguments a;
    struct client *c = NULL;
    (void)setlocale(LC_ALL, "");
    int code = arguments_read(argc, argv, &a);
    if (!code)
        code = attach_connect_to_change(&a, &c);
    if (code)
        return code;
    dag_follow_start();
    for (int i = 0; a.words[i] && !code; i++)
        code = refresh(&a, c, a.words[i]);
    client_close(c);
    return code;
}
