#include "console/topic_produce.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "console/attach.h"
#include "console/exit_codes.h"

enum { VALUE_MAX = 900000 }; /* below CONTROL_REQUEST_MAX */

/* All of the standard input as a text. */
static int read_input(const struct arguments *a, json_t **out)
{
    struct buf b;
    char chunk[4096];
    size_t n;
    buf_init(&b, VALUE_MAX);
    while ((n = fread(chunk, 1, sizeof chunk, stdin)) > 0)
        buf_add(&b, chunk, n);
    int code = EXIT_DONE;
    *out = NULL;
    if (ferror(stdin))
        code = command_fail(a, EXIT_FAILED, "cannot read the standard input: %m");
    else if (buf_failed(&b))
        code = command_fail(a, EXIT_FAILED, "the value is larger than %d bytes", VALUE_MAX);
    else if (!(*out = json_stringn(b.p ? b.p : "", b.len)))
        code = command_fail(a, EXIT_USAGE, "the value on the standard input is no UTF-8");
    buf_free(&b);
    return code;
}

static int read_value(const struct arguments *a, json_t **out)
{
    const char *value = arguments_value(a, "value");
    bool tombstone = arguments_flag(a, "tombstone");
    *out = NULL;
    if (value && tombstone)
        return command_fail(a, EXIT_USAGE, "--value and --tombstone: one of them");
    if (tombstone)
        return EXIT_DONE;
    if (!value)
        return read_input(a, out);
    *out = json_string(value);
    return *out ? EXIT_DONE : command_fail(a, EXIT_USAGE, "--value is no UTF-8");
}

/* --header NAME=VALUE, any number of them. */
static int read_headers(const struct arguments *a, json_t **out)
{
    *out = json_object();
    for (int i = 0; i < a->n_given; i++) {
        if (strcmp(a->given[i].name, "header") != 0)
            continue;
        const char *text = a->given[i].value;
        const char *equals = strchr(text, '=');
        json_t *v = equals ? json_string(equals + 1) : NULL;
        char *name = equals ? strndup(text, (size_t)(equals - text)) : NULL;
        int bad = !v || !name || !*name || json_object_set(*out, name, v) != 0;
        json_decref(v);
        free(name);
        if (bad)
            return command_fail(a, EXIT_USAGE, "--header %s: NAME=VALUE is needed", text);
    }
    return EXIT_DONE;
}

static int read_params(const struct arguments *a, json_t **out)
{
    const char *key = arguments_value(a, "key");
    json_t *value = NULL;
    json_t *headers = NULL;
    int64_t partition = -1;
    int code = arguments_number(a, "partition", 0, INT32_MAX, -1, &partition);
    if (!code)
        code = read_headers(a, &headers);
    if (!code)
        code = read_value(a, &value);
    *out = code ? NULL
                : json_pack("{s:s, s:s?, s:o?, s:O}", "name", a->words[0], "key", key, "value",
                            value, "headers", headers);
    if (!code && !*out)
        code = command_fail(a, EXIT_USAGE, "--key is no UTF-8");
    if (*out && partition >= 0)
        (void)json_object_set_new(*out, "partition", json_integer(partition));
    json_decref(headers);
    return code;
}

/* Outside the demo the topic's name is typed; --yes is for scripts. */
static int ask(const struct arguments *a, struct client *c)
{
    json_t *hello = NULL;
    json_t *params = json_pack("{s:i}", "protocol", 1);
    char words[1024];
    int code = attach_call(a, c, "engine.hello", params, &hello);
    const json_t *environment = json_object_get(hello, "environment");
    bool demo = strcmp(attach_text(environment, "kind"), "demo") == 0;
    json_decref(params);
    if (!code && !demo && !arguments_flag(a, "yes")) {
        (void)snprintf(
            words, sizeof words,
            "This writes one record to %.250s (%.200s, %s). Whoever reads the topic gets "
            "it; it cannot be taken back.",
            a->words[0], attach_text(environment, "name"), attach_text(environment, "kind"));
        code = attach_ask_name(a, words, a->words[0], "--yes");
    }
    json_decref(hello);
    return code;
}

int topic_produce(const struct arguments *a)
{
    struct client *c = NULL;
    json_t *params = NULL;
    json_t *result = NULL;
    int code = EXIT_DONE;
    if (!arguments_value(a, "value") && !arguments_flag(a, "tombstone") && isatty(STDIN_FILENO))
        code = command_fail(a, EXIT_USAGE,
                            "give --value TEXT, --tombstone, or the value on the standard input");
    if (!code)
        code = read_params(a, &params);
    if (!code)
        code = attach_connect_to_change(a, &c);
    if (!code)
        code = ask(a, c);
    if (!code)
        code = attach_change(a, c, "topic.produce", params, &result);
    if (!code && arguments_flag(a, "json"))
        code = attach_print_json(a, result);
    else if (!code)
        (void)printf("%s: one record of %lld bytes written\n", a->words[0],
                     (long long)attach_int(result, "bytes"));
    json_decref(result);
    json_decref(params);
    client_close(c);
    return code;
}
