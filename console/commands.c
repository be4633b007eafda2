/*
 * Dispatch: options before the command (--config, --help, --version), then the command.
 *
 * Without a command the console opens where an engine answers, that of the configuration or else of
 * the demo; otherwise three lines say what to do.
 */
#include "console/commands.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "backend/base/nearest.h"
#include "console/exit_codes.h"
#include "console/options.h"

enum { COMMAND_ARGS_MAX = 300 };

static int unknown_command(const char *name)
{
    struct nearest near;
    char hint[128];
    const struct command *c;
    nearest_start(&near, name);
    for (int i = 0; (c = command_at(i)); i++)
        nearest_offer(&near, c->name);
    (void)fprintf(stderr,
                  "flightdeck: no such command `%s`%s\nSee `flightdeck help` for all of them.\n",
                  name, nearest_hint(&near, hint, sizeof hint));
    return EXIT_USAGE;
}

static bool engine_answers(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    if (!path || strlen(path) >= sizeof a.sun_path)
        return false;
    strcpy(a.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    bool answers = connect(fd, (struct sockaddr *)&a, sizeof a) == 0;
    (void)close(fd);
    return answers;
}

/* `flightdeck` alone, perhaps with --config. */
static int without_command(const char *config)
{
    const struct command *console = command_find("console");
    struct config *c = NULL;
    struct errbuf e;
    char demo[PATH_MAX];
    enum err rc = config_load(config, &c, &e);
    if (rc == ERR_NOT_FOUND && arguments_demo_config(demo, sizeof demo))
        rc = config_load(demo, &c, &e);
    if (rc == ERR_OK && console && engine_answers(c->control.socket)) {
        char *argv[] = {(char *)"console", (char *)"--config", (char *)c->file, NULL};
        int code = console->run(3, argv);
        config_free(c);
        return code;
    }
    if (rc == ERR_OK)
        (void)fprintf(stderr, "No engine answers for %s.\n", c->file);
    else if (rc == ERR_NOT_FOUND)
        (void)fprintf(stderr, "No configuration was found, and no engine runs.\n");
    else
        (void)fprintf(stderr, "%s\n", e.text);
    (void)fprintf(stderr, "Try it:   flightdeck demo      (real servers, made here, removable)\n"
                          "Own data: flightdeck help batch, then flightdeck engine\n");
    config_free(c);
    return rc == ERR_OK ? EXIT_CONNECT : EXIT_USAGE;
}

static int run_command(const struct command *c, const char *config, int argc, char **argv)
{
    char *args[COMMAND_ARGS_MAX + 3];
    int n = 0;
    if (argc > COMMAND_ARGS_MAX) {
        (void)fprintf(stderr, "flightdeck %s: more than %d words\n", c->name, COMMAND_ARGS_MAX);
        return EXIT_USAGE;
    }
    args[n++] = argv[0];
    if (config) {
        args[n++] = (char *)"--config";
        args[n++] = (char *)config;
    }
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--") == 0)
            break;
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            char *help[] = {(char *)"help", argv[0], NULL};
            return cmd_help(2, help);
        }
    }
    for (int i = 1; i < argc; i++)
        args[n++] = argv[i];
    args[n] = NULL;
    return c->run(n, args);
}

int command_main(int argc, char **argv)
{
    const char *config = NULL;
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "--config") == 0 && i + 1 < argc) {
            config = argv[++i];
        } else if (strncmp(argv[i], "--config=", 9) == 0) {
            config = argv[i] + 9;
        } else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            char *help[] = {(char *)"help", NULL};
            return cmd_help(1, help);
        } else if (strcmp(argv[i], "--version") == 0 || strcmp(argv[i], "-V") == 0) {
            char *version[] = {(char *)"version", NULL};
            return cmd_version(1, version);
        } else {
            (void)fprintf(stderr,
                          "flightdeck: unknown option `%s` before the command: --config FILE, "
                          "--help and --version go there\n",
                          argv[i]);
            return EXIT_USAGE;
        }
    }
    if (i == argc)
        return without_command(config);
    const struct command *c = command_find(argv[i]);
    return c ? run_command(c, config, argc - i, argv + i) : unknown_command(argv[i]);
}
