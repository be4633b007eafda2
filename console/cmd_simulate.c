/* flightdeck simulate: an airport's day in the source, until stopped (backend/stack/simulate.h). */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "backend/stack/simulate.h"
#include "console/demo_files.h"
#include "console/exit_codes.h"
#include "console/options.h"

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
    (void)sig;
    stop = 1;
}

/* No SA_RESTART, so that a nap ends at once; the second one ends the program by itself. */
static void signals_catch(void)
{
    struct sigaction a;

    memset(&a, 0, sizeof a);
    a.sa_handler = on_signal;
    a.sa_flags = (int)SA_RESETHAND;
    (void)sigaction(SIGINT, &a, NULL);
    (void)sigaction(SIGTERM, &a, NULL);
}

static void on_second(void *arg, const struct simulate_figures *f)
{
    (void)arg;
    if (!f->connected)
        (void)fprintf(stderr, "\r\033[K%6.0f s  the source does not answer: %.60s", f->seconds,
                      f->error);
    else
        (void)fprintf(stderr, "\r\033[K%6.0f s %8.0f transactions/s  %lld transactions, %lld rows",
                      f->seconds, f->rate, (long long)f->transactions, (long long)f->changes);
    (void)fflush(stderr);
}

static void print_text(const struct simulate_figures *f)
{
    (void)printf("%lld transactions in %.1f s (%.1f a second), %lld rows changed, %lld played "
                 "again\n ",
                 (long long)f->transactions, f->seconds, f->rate, (long long)f->changes,
                 (long long)f->retries);
    for (int i = 0; i < SIMULATE_OPS; i++) {
        if (f->ops[i])
            (void)printf(" %s %lld", simulate_op_name(i), (long long)f->ops[i]);
    }
    (void)printf("\n");
}

static void print_json(const struct simulate_figures *f)
{
    (void)printf("{\"transactions\":%lld,\"changes\":%lld,\"retries\":%lld,\"seconds\":%.3f,"
                 "\"rate\":%.1f,\"operations\":{",
                 (long long)f->transactions, (long long)f->changes, (long long)f->retries,
                 f->seconds, f->rate);
    for (int i = 0; i < SIMULATE_OPS; i++)
        (void)printf("%s\"%s\":%lld", i ? "," : "", simulate_op_name(i), (long long)f->ops[i]);
    (void)printf("}}\n");
}

/* --config, else the demo's in --dir, else what the search finds, else the demo's default one. */
static int find_config(struct arguments *a, char *path, size_t n, struct config **out)
{
    const char *dir = arguments_value(a, "dir");
    struct demo_paths paths = {.config = ""};
    char fallback[PATH_MAX];
    struct errbuf e;

    if (a->config && dir)
        return command_fail(a, EXIT_USAGE, "give --config or --dir, not both");
    if (!a->config && !dir) {
        if (config_load(NULL, out, &e) != ERR_NOT_FOUND)
            return *out ? EXIT_DONE : command_fail(a, EXIT_USAGE, "%s", e.text);
        demo_default_dir(fallback, sizeof fallback);
        dir = fallback;
    }
    if (dir) {
        demo_paths_make(dir, &paths);
        (void)snprintf(path, n, "%s", paths.config);
        a->config = path;
        if (access(path, R_OK) != 0)
            return command_fail(
                a, EXIT_USAGE, "no demo in %s (`flightdeck demo` makes one), and no --config", dir);
    }
    return arguments_config(a, out);
}

int cmd_simulate(int argc, char **argv)
{
    struct arguments a;
    struct config *config = NULL;
    struct simulate_figures figures;
    char path[DEMO_PATH_MAX];
    int64_t rate, seconds;
    struct errbuf e;
    bool terminal = isatty(STDERR_FILENO);
    int rc = arguments_read(argc, argv, &a);

    if (rc == EXIT_DONE)
        rc = arguments_number(&a, "rate", 1, SIMULATE_RATE_MAX, 50, &rate);
    if (rc == EXIT_DONE)
        rc = arguments_number(&a, "seconds", 1, 366L * 86400, 0, &seconds);
    if (rc == EXIT_DONE)
        rc = find_config(&a, path, sizeof path, &config);
    if (rc == EXIT_DONE && config_require(config, NEEDS_SOURCE, &e) != ERR_OK)
        rc = command_fail(&a, EXIT_USAGE, "%s", e.text);
    if (rc == EXIT_DONE && config_looks_only(config))
        rc = command_fail(&a, EXIT_USAGE,
                          "%s is no place to play in (%s): simulate writes made-up bookings into "
                          "its source",
                          config->environment.name,
                          config->role == ROLE_VIEWER ? "role: viewer" : "production");
    if (rc != EXIT_DONE)
        goto out;
    signals_catch();
    const struct simulate_options o = {.conninfo = config->source.connection,
                                       .rate = (int)rate,
                                       .seconds = (double)seconds,
                                       .stop = &stop,
                                       .report = terminal ? on_second : NULL};
    enum err result = simulate_run(&o, &figures, &e);
    if (result != ERR_OK) {
        rc = command_fail(&a, exit_code_of(result), "%s", e.text);
        goto out;
    }
    if (terminal)
        (void)fprintf(stderr, "\r\033[K");
    (arguments_flag(&a, "json") ? print_json : print_text)(&figures);
out:
    config_free(config);
    return rc;
}
