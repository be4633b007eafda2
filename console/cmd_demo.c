/*
 * flightdeck demo: the whole platform on this machine.
 *
 *   servers (backend/stack) -> the airline -> configuration -> engine and console, or batch
 *
 * Every step asks first what is there, so a second run attaches and an interrupted one carries on.
 * Engine, console, batch and verify are this very program, run with the configuration that was
 * written; an engine is asked to end by its control socket, as by anybody (demo_engine.h).
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backend/base/clock.h"
#include "backend/stack/airline.h"
#include "backend/stack/process.h"
#include "backend/stack/stack.h"
#include "console/demo_engine.h"
#include "console/demo_files.h"
#include "console/exit_codes.h"
#include "console/options.h"
#include "console/report.h"

extern char **environ;

enum {
    ENGINE_START_S = 30,
    ENGINE_STOP_S = 10,
    DEMO_DIR_MAX = 85, /* a Unix socket's path has 108 bytes, and ours stands below */
};

static volatile sig_atomic_t interrupted;

/* The first one is taken at the next step, a second one ends the program as it would by default. */
static void on_signal(int sig)
{
    (void)sig;
    interrupted = 1;
}

static void signals_catch(void)
{
    struct sigaction a;

    memset(&a, 0, sizeof a);
    a.sa_handler = on_signal;
    a.sa_flags = (int)SA_RESETHAND | SA_RESTART;
    (void)sigaction(SIGINT, &a, NULL);
    (void)sigaction(SIGTERM, &a, NULL);
}

struct demo {
    struct arguments args;
    char dir[PATH_MAX];
    char self[PATH_MAX]; /* this program */
    struct demo_paths paths;
    struct stack *stack;
    FILE *out;        /* where progress goes: stdout, or stderr when stdout is for JSON */
    unsigned started; /* servers that this run started */
    bool headless;
    unsigned only; /* 0: everything */
    int64_t scale;
    int64_t begun_us;
};

static void say(const struct demo *d, const char *what, const char *text, double seconds)
{
    (void)fprintf(d->out, "  %-10s %-46s %6.1f s\n", what, text, seconds);
    (void)fflush(d->out);
}

static double since(int64_t us)
{
    return (double)(clock_mono_us() - us) / 1e6;
}

static void on_progress(void *arg, enum stack_server server, const char *step, double seconds)
{
    say(arg, stack_server_name(server), step, seconds);
}

static int fail_with(const struct demo *d, const struct errbuf *e)
{
    return command_fail(&d->args, exit_code_of(e->code), "%s", e->text);
}

/* ---- this program, run ---- */

struct odbc_files {
    char sysini[PATH_MAX + 32], ini[PATH_MAX + 32];
};

/* The environment with our own ODBC files, so that no setting of the machine's gets in. Whole
 * paths: a name alone is a file in the current folder, which unixODBC makes. */
static const char **environment_make(const struct demo *d, struct odbc_files *f)
{
    size_t count = 0, k = 0;

    while (environ[count])
        count++;
    const char **env = calloc(count + 3, sizeof *env);
    if (!env)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        if (strncmp(environ[i], "ODBCSYSINI=", 11) != 0 && strncmp(environ[i], "ODBCINI=", 8) != 0)
            env[k++] = environ[i];
    }
    (void)snprintf(f->sysini, sizeof f->sysini, "ODBCSYSINI=%s", stack_odbc_dir(d->stack));
    (void)snprintf(f->ini, sizeof f->ini, "ODBCINI=%s/odbc.ini", stack_odbc_dir(d->stack));
    env[k++] = f->sysini;
    env[k++] = f->ini;
    return env;
}

/* Runs `flightdeck COMMAND --config F [extra extra]` on our terminal; its exit code. */
static int run_self(const struct demo *d, const char *command, const char *option,
                    const char *value)
{
    struct odbc_files files;
    const char *argv[] = {d->self, command, "--config", d->paths.config, option, value, NULL};
    int status = 0;

    (void)fflush(NULL);
    const char **env = environment_make(d, &files);
    pid_t pid = env ? fork() : -1;
    if (pid == 0) {
        (void)signal(SIGINT, SIG_DFL);
        (void)signal(SIGTERM, SIG_DFL);
        (void)execve(d->self, (char **)(uintptr_t)argv, (char **)(uintptr_t)env);
        _exit(127);
    }
    free(env);
    if (pid < 0)
        return command_fail(&d->args, EXIT_FAILED, "cannot start %s: %s", command, strerror(errno));
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR)
            return EXIT_FAILED;
        if (interrupted)
            (void)kill(pid, SIGTERM); /* ours came from kill(1): the child has not seen it */
    }
    if (WIFSIGNALED(status))
        return command_fail(&d->args, EXIT_FAILED, "%s was ended by signal %d", command,
                            WTERMSIG(status));
    return WEXITSTATUS(status);
}

static bool engine_answers(const struct demo *d)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};

    if (strlen(d->paths.socket) >= sizeof a.sun_path)
        return false;
    strcpy(a.sun_path, d->paths.socket);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok = fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) == 0;
    if (fd >= 0)
        (void)close(fd);
    return ok;
}

/* Ours, or one that was started by hand; 0: none runs. */
static pid_t engine_pid(const struct demo *d)
{
    pid_t own = process_alive(d->paths.engine_pid);
    return own ? own : demo_engine_pid(&d->paths);
}

static enum err start_engine(struct demo *d, struct errbuf *e)
{
    static const struct process_user self = {.drop = false};
    char tail[1024], text[64];
    struct odbc_files files;
    const char *const argv[] = {d->self, "engine", "--config", d->paths.config, NULL};
    int64_t begun = clock_mono_us();
    bool was_running = engine_pid(d) != 0;
    enum err rc = ERR_OK;

    if (!was_running) {
        const char **env = environment_make(d, &files);
        const struct process_spec spec = {.argv = argv,
                                          .env = env,
                                          .dir = d->dir,
                                          .log_path = d->paths.engine_log,
                                          .pid_path = d->paths.engine_pid,
                                          .user = &self};
        pid_t pid;
        rc = env ? process_spawn(&spec, &pid, e) : err_set(e, ERR_NOMEM, "no memory");
        free(env);
        if (rc != ERR_OK)
            return rc;
    }
    while (!engine_answers(d)) {
        if (!engine_pid(d) || since(begun) > ENGINE_START_S) {
            file_tail(d->paths.engine_log, 3, tail, sizeof tail);
            return err_set(e, ERR_CONNECT, "the engine %s; its log %s ends: %s",
                           engine_pid(d) ? "does not answer" : "ended", d->paths.engine_log,
                           tail[0] ? tail : "(empty)");
        }
        (void)usleep(20000);
    }
    (void)snprintf(text, sizeof text, "%s, pid %ld", was_running ? "runs already" : "running",
                   (long)engine_pid(d));
    say(d, "engine", text, since(begun));
    return ERR_OK;
}

static void stop_own_engine(const struct demo *d, pid_t pid)
{
    int64_t begun = clock_mono_us();

    (void)kill(pid, SIGTERM);
    while (process_alive(d->paths.engine_pid) && since(begun) < ENGINE_STOP_S)
        (void)usleep(20000);
    if (process_alive(d->paths.engine_pid))
        (void)kill(pid, SIGKILL);
    while (process_alive(d->paths.engine_pid) && since(begun) < 2 * ENGINE_STOP_S)
        (void)usleep(20000);
}

/* Somebody else's is asked, and never killed: servers and folder stay until it has ended. */
static enum err stop_engine(const struct demo *d, struct errbuf *e)
{
    int64_t begun = clock_mono_us();
    pid_t own = process_alive(d->paths.engine_pid);

    if (!own && !demo_engine_pid(&d->paths))
        return ERR_OK;
    if (own)
        stop_own_engine(d, own);
    enum err rc = demo_engine_end(&d->paths, e);
    if (rc == ERR_OK)
        say(d, "engine", "stopped", since(begun));
    return rc;
}

/* ---- --stop, --destroy ---- */

static int open_existing(struct demo *d)
{
    const struct stack_options o = {.dir = d->dir, .progress = on_progress, .progress_arg = d};
    struct errbuf e;

    if (!stack_is_ours(d->dir))
        return command_fail(&d->args, EXIT_USAGE,
                            "%s is no folder of the demo; nothing was touched", d->dir);
    return stack_open(&o, &d->stack, &e) == ERR_OK ? EXIT_DONE : fail_with(d, &e);
}

static int stop_all(struct demo *d)
{
    int64_t begun = clock_mono_us();
    struct errbuf e;

    if (stop_engine(d, &e) != ERR_OK || stack_stop(d->stack, STACK_MASK_ALL, &e) != ERR_OK)
        return fail_with(d, &e);
    say(d, "servers", "stopped", since(begun));
    return EXIT_DONE;
}

static bool confirmed(const struct demo *d)
{
    char answer[16] = "";

    if (arguments_flag(&d->args, "yes"))
        return true;
    (void)printf("Stop the demo and remove %s with all that is in it?\n"
                 "Type yes to go on: ",
                 d->dir);
    (void)fflush(stdout);
    return fgets(answer, sizeof answer, stdin) && !strcmp(answer, "yes\n");
}

static int destroy(struct demo *d)
{
    int64_t begun = clock_mono_us();
    struct errbuf e;

    if (!confirmed(d))
        return command_fail(&d->args, EXIT_FAILED,
                            "not confirmed: nothing was touched (--yes does not ask)");
    if (stop_engine(d, &e) != ERR_OK || stack_destroy(d->stack, &e) != ERR_OK)
        return fail_with(d, &e);
    demo_remove_empty_parent(d->dir);
    say(d, "folder", "removed", since(begun));
    return EXIT_DONE;
}

/* ---- the steps ---- */

static enum err step_servers(struct demo *d, struct errbuf *e)
{
    const struct stack_options o = {.dir = d->dir,
                                    .role = "flightdeck",
                                    .database = "airline",
                                    .progress = on_progress,
                                    .progress_arg = d};
    enum err rc = stack_open(&o, &d->stack, e);

    if (rc != ERR_OK)
        return rc;
    (void)snprintf(d->dir, sizeof d->dir, "%s", stack_dir(d->stack));
    demo_paths_make(d->dir, &d->paths);
    if (strlen(d->dir) > DEMO_DIR_MAX)
        return err_set(e, ERR_USAGE,
                       "the path %s is longer than %d bytes, too long for the engine's socket in "
                       "it; choose a shorter one with --dir",
                       d->dir, DEMO_DIR_MAX);
    unsigned before = stack_running_mask(d->stack);
    rc = stack_start(d->stack, d->only ? d->only : STACK_MASK_ALL, e);
    d->started = stack_running_mask(d->stack) & ~before;
    return rc;
}

static enum err step_airline(struct demo *d, struct errbuf *e)
{
    const struct airline_options o = {.scale = (int)d->scale, .seed = AIRLINE_SEED};
    const char *source = stack_conninfo(d->stack, STACK_PRIMARY);
    int64_t begun = clock_mono_us(), rows = 0;
    char text[96];
    char number[32];
    enum err rc = airline_load(source, &o, e);
    bool was_there = rc == ERR_EXISTS;

    if (was_there && arguments_value(&d->args, "scale"))
        (void)fprintf(d->out, "  the airline is there: --scale counts only for a new one "
                              "(--destroy first)\n");
    if (rc == ERR_OK || was_there)
        rc = airline_count(source, &rows, e);
    if (rc != ERR_OK)
        return rc;
    (void)snprintf(text, sizeof text, "%s rows%s", report_number(rows, number),
                   was_there ? ", there already" : " in eight tables");
    say(d, "airline", text, since(begun));
    return ERR_OK;
}

static enum err step_files(struct demo *d, struct errbuf *e)
{
    int64_t begun = clock_mono_us();
    enum err rc = demo_files_write(d->stack, e);

    if (rc == ERR_OK)
        say(d, "config", "flightdeck.yaml, connectors, model, DAGs, ..", since(begun));
    return rc;
}

/* Runs the steps until one fails or a signal comes (ERR_CANCELED). */
static enum err steps(struct demo *d, struct errbuf *e)
{
    static enum err (*const all[])(struct demo *, struct errbuf *) = {step_servers, step_airline,
                                                                      step_files};
    size_t n = sizeof all / sizeof all[0];
    enum err rc = ERR_OK;

    if (d->only)
        n = d->only & STACK_MASK_PRIMARY ? 2 : 1;
    for (size_t i = 0; i < n && rc == ERR_OK; i++) {
        rc = all[i](d, e);
        if (rc == ERR_OK && interrupted)
            rc = err_set(e, ERR_CANCELED, "interrupted");
    }
    return rc;
}

/* ---- the end ---- */

static void print_json(const struct demo *d)
{
    struct buf b;

    buf_init(&b, 65536);
    buf_lit(&b, "{\"dir\":");
    buf_json_string(&b, d->dir, strlen(d->dir));
    buf_lit(&b, ",\"config\":");
    buf_json_string(&b, d->paths.config, strlen(d->paths.config));
    buf_lit(&b, ",\"servers\":{");
    for (int i = 0; i < STACK_SERVERS; i++) {
        enum stack_server server = (enum stack_server)i;
        buf_printf(&b, "%s\"%s\":{\"port\":%d,\"pid\":%ld}", i ? "," : "",
                   stack_server_name(server), stack_port(d->stack, server),
                   (long)stack_pid(d->stack, server));
    }
    buf_printf(&b, "},\"seconds\":%.1f}\n", since(d->begun_us));
    (void)fputs(buf_cstr(&b), stdout);
    (void)fflush(stdout);
    buf_free(&b);
}

static void stop_started(struct demo *d)
{
    int64_t begun = clock_mono_us();
    struct errbuf e;

    if (!d->stack || !d->started || arguments_flag(&d->args, "keep"))
        return;
    if (stack_stop(d->stack, d->started, &e) != ERR_OK)
        (void)fail_with(d, &e);
    else
        say(d, "servers", "stopped (--keep leaves them running)", since(begun));
}

/* The same in both ways of ending: by which words the demo is met again. */
static void say_stop(const struct demo *d, const char *again)
{
    const char *dir = arguments_value(&d->args, "dir");
    const char *option = dir ? " --dir " : "";
    (void)fprintf(d->out, "%s\n  %s demo%s%s\nand stop all with\n  %s demo%s%s --stop\n", again,
                  d->self, option, dir ? dir : "", d->self, option, dir ? dir : "");
}

/* Servers without an engine: how the next step is taken. */
static void say_kept(const struct demo *d)
{
    if (!arguments_flag(&d->args, "keep"))
        return;
    (void)fprintf(d->out, "the servers run on; the configuration is %s\n", d->paths.config);
    if (!engine_pid(d))
        (void)fprintf(d->out,
                      "start the engine with\n"
                      "  %s engine --config %s\n"
                      "look at it from another terminal with\n  %s console --config %s\n",
                      d->self, d->paths.config, d->self, d->paths.config);
    say_stop(d, "or do both, now and whenever you come back, with");
}

static int end_headless(struct demo *d)
{
    bool json = arguments_flag(&d->args, "json");
    int code;

    if (engine_pid(d)) {
        (void)fprintf(d->out, "  the engine runs already: verifying only\n");
        code = run_self(d, "verify", json ? "--json" : NULL, NULL);
    } else {
        code = run_self(d, "batch", "--backfill=airports_traffic=30", json ? "--json" : NULL);
    }
    stop_started(d);
    say_kept(d);
    return interrupted ? EXIT_INTERRUPTED : code;
}

static int end_interactive(struct demo *d)
{
    const char *argv[] = {d->self, "console", "--config", d->paths.config, NULL};
    struct errbuf e;

    if (start_engine(d, &e) != ERR_OK)
        return fail_with(d, &e);
    char again[96];
    (void)snprintf(again, sizeof again,
                   "ready in %.1f s. Closing the console stops nothing; open it again with",
                   since(d->begun_us));
    say_stop(d, again);
    (void)fflush(NULL);
    (void)execv(d->self, (char **)(uintptr_t)argv);
    return command_fail(&d->args, EXIT_FAILED, "cannot open the console: %s", strerror(errno));
}

static int end_only(struct demo *d)
{
    if (arguments_flag(&d->args, "json")) {
        print_json(d);
        return EXIT_DONE;
    }
    for (int i = 0; i < STACK_SERVERS; i++) {
        enum stack_server server = (enum stack_server)i;
        if (!(d->only & (1U << i)))
            continue;
        struct buf b;
        buf_init(&b, 4096);
        if (server == STACK_KAFKA)
            buf_str(&b, stack_bootstrap(d->stack));
        else
            stack_format_conninfo(d->stack, server, "..", &b);
        (void)printf("  %-10s %s\n", stack_server_name(server), buf_cstr(&b));
        buf_free(&b);
    }
    if (d->only & ~(unsigned)STACK_MASK_KAFKA)
        (void)printf("  the password is in %s\n", stack_password_file(d->stack));
    return EXIT_DONE;
}

static int start(struct demo *d)
{
    struct errbuf e;

    err_clear(&e);
    signals_catch();
    (void)fprintf(d->out, "flightdeck demo in %s\n", d->dir);
    enum err rc = steps(d, &e);
    if (rc != ERR_OK) {
        if (d->headless)
            stop_started(d);
        else if (d->started)
            (void)fprintf(d->out, "  what runs keeps running: run it again to carry on, --stop to "
                                  "stop it\n");
        return fail_with(d, &e);
    }
    if (d->only)
        return end_only(d);
    return d->headless ? end_headless(d) : end_interactive(d);
}

/* ---- the command ---- */

static int read_only(struct demo *d)
{
    const char *list = arguments_value(&d->args, "only");
    enum stack_server server;
    char word[32];

    while (list && *list) {
        size_t n = strcspn(list, ",");
        (void)snprintf(word, sizeof word, "%.*s", (int)n, list);
        if (!stack_server_find(word, &server))
            return command_fail(&d->args, EXIT_USAGE,
                                "--only: no server `%s`; they are primary, standby, kafka, "
                                "warehouse",
                                word);
        d->only |= 1U << server;
        list += n + (list[n] == ',');
    }
    return EXIT_DONE;
}

static int prepare(struct demo *d, int argc, char **argv)
{
    const char *dir;
    int rc = arguments_read(argc, argv, &d->args);

    if (rc == EXIT_DONE)
        rc = arguments_number(&d->args, "scale", 1, AIRLINE_SCALE_MAX, 1, &d->scale);
    if (rc == EXIT_DONE)
        rc = read_only(d);
    if (rc != EXIT_DONE)
        return rc;
    dir = arguments_value(&d->args, "dir");
    if (dir && !*dir)
        return command_fail(&d->args, EXIT_USAGE, "--dir names no folder");
    if (dir)
        (void)snprintf(d->dir, sizeof d->dir, "%s", dir);
    else
        demo_default_dir(d->dir, sizeof d->dir);
    demo_paths_make(d->dir, &d->paths);
    bool json = arguments_flag(&d->args, "json");
    d->out = json ? stderr : stdout;
    d->headless = json || arguments_flag(&d->args, "headless") || !isatty(STDIN_FILENO) ||
                  !isatty(STDOUT_FILENO);
    ssize_t n = readlink("/proc/self/exe", d->self, sizeof d->self - 1);
    if (n <= 0)
        return command_fail(&d->args, EXIT_FAILED, "cannot find my own program: %s",
                            strerror(errno));
    d->self[n] = '\0';
    return EXIT_DONE;
}

int cmd_demo(int argc, char **argv)
{
    struct demo d;

    memset(&d, 0, sizeof d);
    d.begun_us = clock_mono_us();
    int rc = prepare(&d, argc, argv);
    if (rc != EXIT_DONE)
        return rc;
    bool stop = arguments_flag(&d.args, "stop"), remove = arguments_flag(&d.args, "destroy");
    if (stop && remove) {
        rc = command_fail(&d.args, EXIT_USAGE, "--stop and --destroy exclude each other");
    } else if (stop || remove) {
        rc = open_existing(&d);
        if (rc == EXIT_DONE)
            rc = remove ? destroy(&d) : stop_all(&d);
    } else {
        rc = start(&d);
    }
    stack_close(d.stack);
    return rc;
}
