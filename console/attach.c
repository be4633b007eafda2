#include "console/attach.h"

#include <langinfo.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "console/exit_codes.h"
#include "console/report.h"
#include "views/grid.h"
#include "views/units.h"

enum { NAME_INPUT_MAX = 512, ELEVATE_SECONDS = 600 };

int attach_find(const struct arguments *a, struct attach *out)
{
    struct config *c = NULL;
    const char *socket = arguments_value(a, "socket");
    *out = (struct attach){.read_only = false};
    if (!socket || a->config) {
        int code = arguments_config(a, &c);
        if (code)
            return code;
        out->read_only = c->role == ROLE_VIEWER;
        if (!socket)
            socket = c->control.socket;
    }
    int code = EXIT_DONE;
    if (strlen(socket) >= sizeof out->path)
        code = command_fail(a, EXIT_USAGE, "the socket path %s is too long", socket);
    else
        (void)snprintf(out->path, sizeof out->path, "%s", socket);
    config_free(c);
    return code;
}

int attach_ask_name(const struct arguments *a, const char *words, const char *name,
                    const char *option)
{
    char line[NAME_INPUT_MAX];
    if (!isatty(STDIN_FILENO))
        return command_fail(a, EXIT_USAGE, "%s Without a terminal to type %s on give %s", words,
                            name, option);
    (void)fprintf(stderr, "%s\nType %s to go on: ", words, name);
    if (!fgets(line, sizeof line, stdin))
        line[0] = '\0';
    line[strcspn(line, "\r\n")] = '\0';
    if (strcmp(line, name) == 0)
        return EXIT_DONE;
    return command_fail(a, EXIT_INTERRUPTED, "that is not %s: nothing was done", name);
}

int attach_fail(const struct arguments *a, const struct errbuf *e)
{
    int code = e->code == ERR_TIMEOUT ? EXIT_CONNECT : exit_code_of(e->code);
    return command_fail(a, code, "%s", e->text);
}

static int find_and_connect(const struct arguments *a, struct attach *at, struct client **out)
{
    struct errbuf e;
    *out = NULL;
    int code = attach_find(a, at);
    if (code)
        return code;
    return client_connect(at->path, CLIENT_TIMEOUT_MS, out, &e) == ERR_OK ? EXIT_DONE
                                                                          : attach_fail(a, &e);
}

int attach_connect(const struct arguments *a, struct client **out)
{
    struct attach at;
    return find_and_connect(a, &at, out);
}

int attach_check_elevate(const struct arguments *a, const char *name)
{
    const char *given = arguments_value(a, "elevate");
    if (!given || strcmp(given, name) == 0)
        return EXIT_DONE;
    return command_fail(a, EXIT_USAGE, "--elevate %s: the environment here is %s", given, name);
}

/* The environment's name is there, typed or given. */
static int ask_to_elevate(const struct arguments *a, bool viewer, const char *name,
                          const char *kind)
{
    char words[512];
    char option[300];
    bool production = strcmp(kind, "production") == 0;
    int code = attach_check_elevate(a, name);
    if (code || arguments_value(a, "elevate"))
        return code;
    (void)snprintf(words, sizeof words,
                   "%s changes something at %.200s, where one only looks (%s).",
                   a->verb ? a->verb->name : a->command->name, name,
                   viewer || !production ? "role: viewer" : "production");
    (void)snprintf(option, sizeof option, "--elevate %.200s", name);
    return attach_ask_name(a, words, name, option);
}

static int elevate(const struct arguments *a, struct client *c, bool viewer)
{
    json_t *hello = NULL, *done = NULL;
    json_t *protocol = json_pack("{s:i}", "protocol", 1);
    json_t *seconds = json_pack("{s:i}", "seconds", ELEVATE_SECONDS);
    int code = attach_call(a, c, "engine.hello", protocol, &hello);
    const json_t *environment = json_object_get(hello, "environment");
    bool needed = viewer || json_is_true(json_object_get(environment, "looks_only"));
    if (!code && (needed || arguments_value(a, "elevate")))
        code = ask_to_elevate(a, viewer, attach_text(environment, "name"),
                              attach_text(environment, "kind"));
    if (!code && needed)
        code = attach_call(a, c, "engine.elevate", seconds, &done);
    json_decref(done);
    json_decref(hello);
    json_decref(seconds);
    json_decref(protocol);
    return code;
}

int attach_connect_to_change(const struct arguments *a, struct client **out)
{
    struct attach at;
    int code = find_and_connect(a, &at, out);
    if (!code)
        code = elevate(a, *out, at.read_only);
    if (code) {
        client_close(*out);
        *out = NULL;
    }
    return code;
}

static int tell_failure(const struct arguments *a, const struct errbuf *e, json_t **result)
{
    int code = attach_fail(a, e);
    const json_t *errors = json_object_get(*result, "errors");
    for (size_t i = 0; i < json_array_size(errors); i++) {
        const char *text = json_string_value(json_array_get(errors, i));
        if (text && !strstr(e->text, text)) /* the message may be made of them */
            (void)fprintf(stderr, "  %s\n", text);
    }
    json_decref(*result);
    *result = NULL;
    return code;
}

static int call_for(const struct arguments *a, struct client *c, const char *method,
                    const json_t *params, int timeout_ms, json_t **result)
{
    struct errbuf e;
    if (client_call(c, method, params, timeout_ms, result, &e) == ERR_OK)
        return EXIT_DONE;
    return tell_failure(a, &e, result);
}

int attach_call(const struct arguments *a, struct client *c, const char *method,
                const json_t *params, json_t **result)
{
    return call_for(a, c, method, params, CLIENT_TIMEOUT_MS, result);
}

int attach_ask(const struct arguments *a, struct client *c, const char *method,
               const json_t *params, json_t **result)
{
    return call_for(a, c, method, params, ATTACH_ASK_MS, result);
}

int attach_change(const struct arguments *a, struct client *c, const char *method,
                  const json_t *params, json_t **result)
{
    struct errbuf e;
    enum err rc = client_call(c, method, params, ATTACH_CHANGE_MS, result, &e);
    if (rc == ERR_OK)
        return EXIT_DONE;
    if (rc == ERR_TIMEOUT)
        return command_fail(a, EXIT_FAILED,
                            "%s is not done after %d s: the run before has not ended yet; it is "
                            "done when that has, see `flightdeck connector list`",
                            method, ATTACH_CHANGE_MS / 1000);
    return tell_failure(a, &e, result);
}

int attach_print_json(const struct arguments *a, const json_t *json)
{
    size_t flags = isatty(STDOUT_FILENO) ? JSON_INDENT(2) : JSON_COMPACT;
    struct errbuf e;
    enum err rc = report_json(json, flags, stdout, &e);
    /* what cannot be written is said at the program's end */
    return rc && rc != ERR_IO ? command_fail(a, EXIT_FAILED, "%s", e.text) : EXIT_DONE;
}

int attach_print_exact_json(const struct arguments *a, const json_t *json)
{
    enum { DIGITS = 15 }; /* what a double holds for sure */
    size_t flags = isatty(STDOUT_FILENO) ? JSON_INDENT(2) : JSON_COMPACT;
    if (json_dumpf(json, stdout, flags | JSON_ENCODE_ANY | JSON_REAL_PRECISION(DIGITS)) &&
        !ferror(stdout))
        return command_fail(a, EXIT_FAILED, "no memory for the answer");
    (void)fputc('\n', stdout);
    return EXIT_DONE;
}

int attach_columns(int otherwise)
{
    struct winsize size;
    if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return otherwise;
}

bool attach_is_utf8(void)
{
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

const char *attach_text(const json_t *o, const char *name)
{
    const char *s = json_string_value(json_object_get(o, name));
    return s ? s : "";
}

int64_t attach_int(const json_t *o, const char *name)
{
    const json_t *v = json_object_get(o, name);
    return json_is_integer(v) ? json_integer_value(v) : UNKNOWN_INT;
}

int attach_width(const json_t *list, const char *member, int least)
{
    int w = least;
    for (size_t i = 0; i < json_array_size(list); i++) {
        int n = text_width(attach_text(json_array_get(list, i), member), !attach_is_utf8());
        w = n > w ? n : w;
    }
    return w;
}

void attach_put(const char *s, int w)
{
    struct buf b;
    int cw;
    wchar_t ch;
    bool ascii = !attach_is_utf8();
    int used = text_width(s, ascii);
    buf_init(&b, 0);
    while ((ch = text_next(&s, ascii, &cw)) != 0)
        utf8_put(&b, (uint32_t)ch);
    (void)printf("%s%*s", buf_cstr(&b), used < w ? w - used : 0, "");
    buf_free(&b);
}
