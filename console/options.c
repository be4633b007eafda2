#include "console/options.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/base/nearest.h"
#include "console/demo_files.h"
#include "console/exit_codes.h"
#include "console/output_end.h"

static int fail(const char *command, const char *fmt, ...) PRINTF_LIKE(2, 3);
static int fail(const char *command, const char *fmt, ...)
{
    va_list ap;
    (void)fprintf(stderr, "flightdeck %s: ", command);
    va_start(ap, fmt);
    (void)vfprintf(stderr, fmt, ap);
    va_end(ap);
    (void)fprintf(stderr, "\nSee `flightdeck help %s`.\n", command);
    return EXIT_USAGE;
}

int command_fail(const struct arguments *a, int code, const char *fmt, ...)
{
    va_list ap;
    if (output_unheard())
        return code;
    (void)fprintf(stderr, "flightdeck %s: ", a->command->name);
    va_start(ap, fmt);
    (void)vfprintf(stderr, fmt, ap);
    va_end(ap);
    (void)fputc('\n', stderr);
    return code;
}

static const struct command_option no_options[] = {{.name = NULL}};

static const struct command_option *options_of(const struct command *c)
{
    return c->options ? c->options : no_options;
}

static bool option_is(const struct command_option *o, const char *name, size_t n, char letter)
{
    return letter ? o->letter == letter : strlen(o->name) == n && memcmp(o->name, name, n) == 0;
}

/* The option's place among the command's; -1: unknown. Global options count from -2 down. */
static int find_option(const struct command *c, const char *name, size_t n, char letter)
{
    const struct command_option *own = options_of(c), *global = command_global_options();
    for (int i = 0; own[i].name; i++)
        if (option_is(&own[i], name, n, letter))
            return i;
    for (int i = 0; global[i].name; i++)
        if (option_is(&global[i], name, n, letter))
            return -2 - i;
    return -1;
}

static int unknown_option(const struct command *c, const char *text)
{
    struct nearest near;
    char word[64], hint[128] = "";
    (void)snprintf(word, sizeof word, "%.*s", (int)strcspn(text, "="), text);
    nearest_start(&near, word + strspn(word, "-"));
    for (const struct command_option *o = options_of(c); o->name; o++)
        nearest_offer(&near, o->name);
    for (const struct command_option *o = command_global_options(); o->name; o++)
        nearest_offer(&near, o->name);
    if (near.best)
        (void)snprintf(hint, sizeof hint, " (did you mean `--%s`?)", near.best);
    return fail(c->name, "unknown option `%s`%s", word, hint);
}

static int check_word(const struct command *c, const struct command_option *o, const char *value)
{
    struct nearest near;
    char hint[128];
    if (!o->words)
        return EXIT_DONE;
    nearest_start(&near, value);
    for (const char *const *w = o->words; *w; w++) {
        if (strcmp(*w, value) == 0)
            return EXIT_DONE;
        nearest_offer(&near, *w);
    }
    struct buf known;
    buf_init(&known, 1024);
    for (int i = 0; o->words[i]; i++)
        buf_printf(&known, "%s%s", i ? ", " : "", o->words[i]);
    int rc = fail(c->name, "--%s: `%s` is none of %s%s", o->name, value, buf_cstr(&known),
                  nearest_hint(&near, hint, sizeof hint));
    buf_free(&known);
    return rc;
}

struct cursor {
    int argc;
    char **argv;
    int i;
    struct arguments *out;
};

static int note_option(struct arguments *out, int k, const struct command_option *o,
                       const char *value)
{
    if (k < 0) {
        if (strcmp(o->name, "config") == 0)
            out->config = value;
        return EXIT_DONE;
    }
    if (out->n_given == ARGUMENTS_GIVEN_MAX)
        return fail(out->command->name, "more than %d options", ARGUMENTS_GIVEN_MAX);
    out->given[out->n_given++] = (struct argument_given){o->name, value};
    out->values[k] = value;
    return EXIT_DONE;
}

/* One option at argv[i]: "--name", "--name=value", "-n", "-nvalue"; letters: what is left of
 * "-abc" behind a flag, else NULL. */
static int read_option(struct cursor *at, const char *letters)
{
    struct arguments *out = at->out;
    const struct command *c = out->command;
    const char *text = at->argv[at->i];
    bool is_long = !letters && text[1] == '-';
    const char *name = letters ? letters : text + (is_long ? 2 : 1);
    const char *equals = is_long ? strchr(name, '=') : NULL;
    int k = is_long ? find_option(c, name, equals ? (size_t)(equals - name) : strlen(name), '\0')
                    : find_option(c, "", 0, name[0]);
    if (k == -1)
        return unknown_option(c, text);
    const struct command_option *o = k >= 0 ? &options_of(c)[k] : &command_global_options()[-2 - k];
    const char *attached = equals ? equals + 1 : !is_long && name[1] ? name + 1 : NULL;
    const char *value = "";
    if (o->argument) {
        value = attached ? attached : at->i + 1 < at->argc ? at->argv[++at->i] : NULL;
        if (!value)
            return fail(c->name, "--%s needs a value: --%s %s", o->name, o->name, o->argument);
        int rc = check_word(c, o, value);
        if (rc != EXIT_DONE)
            return rc;
    } else if (equals) {
        return fail(c->name, "--%s takes no value", o->name);
    } else if (attached) {
        int rc = note_option(out, k, o, value);
        return rc == EXIT_DONE ? read_option(at, attached) : rc;
    }
    return note_option(out, k, o, value);
}

static int take_verb(struct arguments *a)
{
    const struct command *c = a->command;
    struct buf known;
    struct nearest near;
    char hint[128] = "";
    buf_init(&known, 1024);
    for (const struct command_verb *v = c->verbs; v->name; v++)
        buf_printf(&known, "%s%s", v == c->verbs ? "" : ", ", v->name);
    int rc = EXIT_DONE;
    if (a->n == 0) {
        rc = fail(c->name, "say which: %s", buf_cstr(&known));
        goto out;
    }
    nearest_start(&near, a->words[0]);
    for (const struct command_verb *v = c->verbs; v->name; v++) {
        nearest_offer(&near, v->name);
        if (strcmp(v->name, a->words[0]) == 0)
            a->verb = v;
    }
    if (!a->verb) {
        rc = fail(c->name, "unknown `%s`%s; known: %s", a->words[0],
                  nearest_hint(&near, hint, sizeof hint), buf_cstr(&known));
        goto out;
    }
    a->n--;
    memmove(a->words, a->words + 1, (size_t)(a->n + 1) * sizeof *a->words);
out:
    buf_free(&known);
    return rc;
}

static int check_count(const struct arguments *a)
{
    const struct command *c = a->command;
    int least = a->verb ? a->verb->min_words : c->min_words;
    int most = a->verb ? a->verb->max_words : c->max_words;
    const char *verb = a->verb ? a->verb->name : "";
    const char *words = a->verb ? a->verb->arguments : c->arguments;
    if (a->n < least)
        return fail(c->name, "needs more: flightdeck %s%s%s %s", c->name, *verb ? " " : "", verb,
                    words);
    if (most >= 0 && a->n > most)
        return fail(c->name, "`%s` is too much: flightdeck %s%s%s%s%s", a->words[most], c->name,
                    *verb ? " " : "", verb, *words ? " " : "", words);
    return EXIT_DONE;
}

int arguments_read(int argc, char **argv, struct arguments *out)
{
    memset(out, 0, sizeof *out);
    out->command = command_find(argv[0]);
    if (!out->command)
        return fail("help", "no such command `%s`", argv[0]);
    struct cursor at = {argc, argv, 1, out};
    bool only_words = false;
    for (; at.i < argc; at.i++) {
        char *text = argv[at.i];
        if (!only_words && strcmp(text, "--") == 0) {
            only_words = true;
        } else if (!only_words && text[0] == '-' && text[1]) {
            int rc = read_option(&at, NULL);
            if (rc != EXIT_DONE)
                return rc;
        } else if (out->n == ARGUMENTS_WORDS_MAX) {
            return fail(out->command->name, "more than %d words", ARGUMENTS_WORDS_MAX);
        } else {
            out->words[out->n++] = text;
        }
    }
    if (out->command->verbs) {
        int rc = take_verb(out);
        if (rc != EXIT_DONE)
            return rc;
    }
    return check_count(out);
}

const char *arguments_value(const struct arguments *a, const char *name)
{
    int k = find_option(a->command, name, strlen(name), '\0');
    return k >= 0 ? a->values[k] : NULL;
}

bool arguments_flag(const struct arguments *a, const char *name)
{
    return arguments_value(a, name) != NULL;
}

int arguments_number(const struct arguments *a, const char *name, int64_t least, int64_t most,
                     int64_t def, int64_t *out)
{
    const char *text = arguments_value(a, name);
    *out = def;
    if (!text)
        return EXIT_DONE;
    char *end;
    errno = 0;
    long long v = strtoll(text, &end, 10);
    if (end == text || *end || errno || v < least || v > most)
        return fail(a->command->name, "--%s must be a whole number from %lld to %lld, not `%s`",
                    name, (long long)least, (long long)most, text);
    *out = v;
    return EXIT_DONE;
}

bool arguments_demo_config(char *out, size_t n)
{
    char dir[DEMO_PATH_MAX];
    struct demo_paths paths;
    demo_default_dir(dir, sizeof dir);
    demo_paths_make(dir, &paths);
    return access(paths.config, R_OK) == 0 && snprintf(out, n, "%s", paths.config) < (int)n;
}

int arguments_config(const struct arguments *a, struct config **out)
{
    struct errbuf e;
    enum err rc = config_load(a->config, out, &e);
    if (rc == ERR_OK)
        return EXIT_DONE;
    (void)fprintf(stderr, "flightdeck %s: %s\n", a->command->name, e.text);
    char demo[DEMO_PATH_MAX];
    if (rc == ERR_NOT_FOUND && arguments_demo_config(demo, sizeof demo))
        (void)fprintf(stderr, "A demo is on this machine: --config %s\n", demo);
    return EXIT_USAGE;
}
