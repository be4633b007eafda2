/*
 * Tasks of kind shell: /bin/sh -c, in a process group of its own, its output into the try's log.
 *
 * The exit code decides: 0 success, 99 nothing to do (skipped), anything else failed, and the last
 * line that it wrote is part of the reason. When the try is to end the group gets SIGTERM, and
 * SIGKILL after GRACE_US. When the engine is killed the kernel kills the shell with it; what that
 * left behind is found at the next start by an entry in its environment (try_token).
 *
 * Params and times go in as variables (FLIGHTDECK_PARAM_.., FLIGHTDECK_INTERVAL_BEGIN, ..) as well
 * as by {{ }}: a variable in quotes cannot become a part of the command.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "backend/base/clock.h"
#include "backend/base/log.h"
#include "backend/schedule/scheduler_run.h"

enum {
    GRACE_US = 2000000,
    DRAIN_US = 200000,
    READ_MAX = 65536,
    LINE_MAX_BYTES = 8192,
    SKIP_CODE = 99,
    COMMAND_MAX = 1 << 20,
    LAST_LINE_MAX = 300,
    TOKEN_MAX = 8192,
    LEFTOVER_ROUNDS = 100,
};

struct shell {
    struct task_run *t;
    struct buf command;
    char **env;
    int n_env;
    int out;    /* our end of its output */
    int cancel; /* an eventfd */
    int pidfd;
    pid_t pid;
    bool told, killed, ended;
    int64_t kill_at_us, drain_until_us;
    int status;
    struct buf line; /* not whole yet */
    char last_line[LAST_LINE_MAX];
};

/* ---- the environment ---- */

/* What another task, of which this engine is a part, had as its own. */
static bool of_a_task(const char *entry)
{
    static const char *const names[] = {
        "TRY", "DAG=", "TASK=", "RUN=", "PARAM_", "LOGICAL_TIME=", "INTERVAL_", "BUSINESS_DATE="};
    static const char prefix[] = "FLIGHTDECK_";
    if (strncmp(entry, prefix, sizeof prefix - 1) != 0)
        return false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strncmp(entry + sizeof prefix - 1, names[i], strlen(names[i])))
            return true;
    return false;
}

static bool is_given(const char *const *extra, const char *entry)
{
    size_t n = strcspn(entry, "=") + 1;
    for (; extra && *extra; extra++)
        if (!strncmp(*extra, entry, n))
            return true;
    return false;
}

static bool copy_entry(struct shell *h, const char *entry)
{
    h->env[h->n_env] = strdup(entry);
    return h->env[h->n_env++] != NULL;
}

static bool add_env(struct shell *h, const char *name, const char *value)
{
    char *entry = NULL;
    if (asprintf(&entry, "%s=%s", name, value) < 0)
        return false;
    h->env[h->n_env++] = entry;
    return true;
}

static bool add_time(struct shell *h, const char *name, int64_t us)
{
    char text[CLOCK_TEXT_MAX];
    return add_env(h, name, clock_format_utc(us, text, sizeof text));
}

static bool add_number(struct shell *h, const char *name, int64_t n)
{
    char text[32];
    (void)snprintf(text, sizeof text, "%lld", (long long)n);
    return add_env(h, name, text);
}

static bool add_param(struct shell *h, const struct dag_value *v)
{
    char name[DAG_NAME_MAX + 32];
    (void)snprintf(name, sizeof name, "FLIGHTDECK_PARAM_%s", v->name);
    for (char *p = name; *p; p++)
        *p = isalnum((unsigned char)*p) ? (char)toupper((unsigned char)*p) : '_';
    return add_env(h, name, v->value ? v->value : "");
}

static enum err make_environment(struct shell *h, struct errbuf *e)
{
    enum { OURS = 16 };
    const struct dag_context *c = &h->t->context;
    char token[TOKEN_MAX];
    const char *const *extra = h->t->s->o.environment;
    int n = 0;
    int more = 0;
    while (environ[n])
        n++;
    while (extra && extra[more])
        more++;
    h->env = calloc((size_t)(n + more + c->n_params + OURS), sizeof *h->env);
    bool good = h->env != NULL;
    for (int i = 0; i < n && good; i++)
        good = of_a_task(environ[i]) || is_given(extra, environ[i]) || copy_entry(h, environ[i]);
    for (int i = 0; i < more && good; i++)
        good = copy_entry(h, extra[i]);
    try_token(h->t->s->o.store, h->t->log.run, h->t->task->name, c->attempt, token, sizeof token);
    good = good && copy_entry(h, token) && add_env(h, "FLIGHTDECK_DAG", c->dag->name) &&
           add_env(h, "FLIGHTDECK_TASK", h->t->task->name) &&
           add_env(h, "FLIGHTDECK_RUN", c->run) && add_number(h, "FLIGHTDECK_TRY", c->attempt) &&
           add_time(h, "FLIGHTDECK_LOGICAL_TIME", c->logical_us) &&
           add_time(h, "FLIGHTDECK_INTERVAL_BEGIN", c->interval.begin_us) &&
           add_time(h, "FLIGHTDECK_INTERVAL_END", c->interval.end_us);
    char date[DAG_DATE_MAX];
    good = good && add_env(h, "FLIGHTDECK_BUSINESS_DATE",
                           dag_business_date(c->dag, c->interval.begin_us, date));
    for (int i = 0; i < c->n_params && good; i++)
        good = add_param(h, &c->params[i]);
    return good ? ERR_OK : err_set(e, ERR_NOMEM, "no memory for the environment of a command");
}

/* ---- the start ---- */

/* Between fork and exec: system calls only. */
__attribute__((noreturn)) static void become_shell(const struct shell *h, int out, pid_t parent)
{
    static const char failed[] = "cannot run /bin/sh\n";
    const char *const argv[] = {"sh", "-c", h->command.p, NULL};
    sigset_t none;
    (void)setpgid(0, 0);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) /* it has died before that */
        _exit(127);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)signal(SIGPIPE, SIG_DFL);
    int null = open("/dev/null", O_RDONLY);
    if (dup2(null, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
        dup2(out, STDERR_FILENO) < 0)
        _exit(127);
    if (syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, 0) != 0)
        for (int fd = STDERR_FILENO + 1; fd < 1024; fd++)
            (void)close(fd);
    (void)execve("/bin/sh", (char *const *)argv, h->env);
    if (write(STDERR_FILENO, failed, sizeof failed - 1) < 0)
        _exit(126);
    _exit(127);
}

static enum err start(struct shell *h, struct errbuf *e)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0)
        return err_errno(e, ERR_IO, "cannot make a pipe for a command");
    h->out = fds[0];
    (void)fcntl(h->out, F_SETFL, O_NONBLOCK);
    (void)buf_cstr(&h->command); /* it ends with a NUL in the child */
    pid_t parent = getpid();
    h->pid = fork();
    if (h->pid == 0)
        become_shell(h, fds[1], parent);
    (void)close(fds[1]);
    if (h->pid < 0)
        return err_errno(e, ERR_IO, "cannot start a command");
    (void)setpgid(h->pid, h->pid); /* whoever of the two is first */
    h->pidfd = (int)syscall(SYS_pidfd_open, h->pid, 0);
    if (h->pidfd < 0) {
        enum err rc = err_errno(e, ERR_IO, "cannot watch a command");
        (void)kill(-h->pid, SIGKILL);
        (void)waitpid(h->pid, &h->status, 0);
        return rc;
    }
    return ERR_OK;
}

/* ---- output ---- */

static void keep_last_line(struct shell *h, const char *p, size_t n)
{
    while (n && (p[n - 1] == '\n' || p[n - 1] == '\r' || p[n - 1] == ' '))
        n--;
    size_t from = n;
    while (from && p[from - 1] != '\n')
        from--;
    if (n == from)
        return;
    n -= from;
    if (n >= sizeof h->last_line)
        n = sizeof h->last_line - 1;
    memcpy(h->last_line, p + from, n);
    h->last_line[n] = '\0';
}

static void write_lines(struct shell *h, size_t n)
{
    if (!n)
        return;
    keep_last_line(h, h->line.p, n);
    task_run_log_bytes(h->t, h->line.p, n);
    memmove(h->line.p, h->line.p + n, h->line.len - n);
    h->line.len -= n;
}

/* What is there; false at its end. Whole lines go into the log, all lines of a read at once. */
static bool read_output(struct shell *h)
{
    if (!buf_reserve(&h->line, READ_MAX))
        return false;
    ssize_t n = read(h->out, h->line.p + h->line.len, READ_MAX);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    if (n == 0)
        return false;
    h->line.len += (size_t)n;
    const char *end = memrchr(h->line.p, '\n', h->line.len);
    if (end)
        write_lines(h, (size_t)(end + 1 - h->line.p));
    if (h->line.len > LINE_MAX_BYTES)
        write_lines(h, h->line.len);
    return true;
}

/* ---- the run ---- */

static void tell(struct shell *h, int64_t now)
{
    if (!h->told && task_run_canceled(h->t)) {
        h->told = true;
        h->kill_at_us = now + GRACE_US;
        (void)kill(-h->pid, SIGTERM);
    } else if (h->told && !h->killed && now >= h->kill_at_us) {
        h->killed = true;
        (void)kill(-h->pid, SIGKILL);
    }
}

static int wait_ms(const struct shell *h, int64_t now)
{
    int64_t until = h->ended                ? h->drain_until_us
                    : h->told && !h->killed ? h->kill_at_us
                                            : INT64_MAX;
    if (until == INT64_MAX)
        return -1;
    return until <= now ? 0 : (int)((until - now) / 1000) + 1;
}

/* Until the shell has ended and its output is read. What it left in the background may hold the
 * pipe open for ever: that is not waited for. */
static void attend(struct shell *h)
{
    bool open = true;
    while (!h->ended || open) {
        int64_t now = clock_mono_us();
        if (h->ended && now >= h->drain_until_us)
            break;
        tell(h, now);
        struct pollfd fds[3] = {{.fd = open ? h->out : -1, .events = POLLIN},
                                {.fd = h->ended ? -1 : h->pidfd, .events = POLLIN},
                                {.fd = h->told ? -1 : h->cancel, .events = POLLIN}};
        if (poll(fds, 3, wait_ms(h, now)) < 0 && errno != EINTR)
            break;
        if (fds[0].revents)
            open = read_output(h);
        if (fds[1].revents && waitpid(h->pid, &h->status, WNOHANG) == h->pid) {
            h->ended = true;
            h->drain_until_us = clock_mono_us() + DRAIN_US;
        }
    }
    write_lines(h, h->line.len);
    if (h->told)
        (void)kill(-h->pid, SIGKILL); /* whoever of its group did not listen */
}

static enum err judge(struct shell *h, struct errbuf *e)
{
    const char *said = h->last_line[0] ? ": " : "";
    if (task_run_canceled(h->t))
        return err_set(e, ERR_CANCELED, "the command was told to end%s%s", said, h->last_line);
    if (WIFSIGNALED(h->status))
        return err_set(e, ERR_IO, "the command was killed by signal %d (%s)%s%s",
                       WTERMSIG(h->status), strsignal(WTERMSIG(h->status)), said, h->last_line);
    int code = WEXITSTATUS(h->status);
    if (code == SKIP_CODE)
        task_run_skip(h->t, h->last_line[0] ? h->last_line : "exit code 99");
    if (code == 0 || code == SKIP_CODE)
        return ERR_OK;
    return err_set(e, ERR_IO, "exit code %d%s%s", code, said, h->last_line);
}

static void on_cancel(void *arg)
{
    const struct shell *h = arg;
    const uint64_t one = 1;
    if (write(h->cancel, &one, sizeof one) != sizeof one)
        log_warning("schedule", "a command cannot be told to end: %s", strerror(errno));
}

static void clean_up(struct shell *h)
{
    const int fds[] = {h->out, h->cancel, h->pidfd};
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
        if (fds[i] >= 0)
            (void)close(fds[i]);
    for (int i = 0; i < h->n_env; i++)
        free(h->env[i]);
    free(h->env);
    buf_free(&h->command);
    buf_free(&h->line);
}

enum err shell_task(void *arg, struct task_run *t, struct errbuf *e)
{
    (void)arg;
    struct shell h = {.t = t, .out = -1, .pidfd = -1};
    buf_init(&h.command, COMMAND_MAX);
    buf_init(&h.line, 0);
    h.cancel = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    enum err rc = h.cancel < 0 ? err_errno(e, ERR_IO, "cannot make an eventfd") : ERR_OK;
    if (!rc)
        rc = dag_expand(t->task->command, &t->context, &h.command, e);
    if (!rc)
        rc = buf_check(&h.command, "the command", e);
    if (!rc)
        rc = make_environment(&h, e);
    if (!rc && task_run_canceled(t))
        rc = err_set(e, ERR_CANCELED, "told to end before it began");
    if (!rc)
        rc = start(&h, e);
    if (!rc) {
        task_run_on_cancel(t, on_cancel, &h);
        attend(&h);
        task_run_on_cancel(t, NULL, NULL);
        rc = judge(&h, e);
    }
    clean_up(&h);
    return rc;
}

/* ---- what a killed engine left ---- */

static bool has_token(const char *pid, const char *token)
{
    char path[300];
    char *text = malloc(COMMAND_MAX);
    bool found = false;
    (void)snprintf(path, sizeof path, "/proc/%.200s/environ", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t n = 0;
    for (ssize_t k; fd >= 0 && text && n < COMMAND_MAX - 1 &&
                    (k = read(fd, text + n, COMMAND_MAX - 1 - n)) > 0;)
        n += (size_t)k;
    if (text)
        text[n] = '\0';
    for (size_t at = 0; at < n && !found; at += strlen(text + at) + 1)
        found = !strcmp(text + at, token);
    if (fd >= 0)
        (void)close(fd);
    free(text);
    return found;
}

static int kill_once(const char *token)
{
    int n = 0;
    const struct dirent *d;
    DIR *proc = opendir("/proc");
    while (proc && (d = readdir(proc)) != NULL) {
        if (!isdigit((unsigned char)d->d_name[0]) || !has_token(d->d_name, token))
            continue;
        n++;
        (void)kill((pid_t)strtol(d->d_name, NULL, 10), SIGKILL);
    }
    if (proc)
        (void)closedir(proc);
    return n;
}

/* Until none is found: a process that was being made is seen in the next round. One that is dead
 * and not yet buried has no environment. */
void shell_kill_leftovers(const char *token)
{
    const struct timespec t = {.tv_nsec = 10000000};
    for (int i = 0; i < LEFTOVER_ROUNDS; i++) {
        int n = kill_once(token);
        if (!n)
            return;
        log_warning("schedule", "%d processes of a try that the engine did not see end are killed",
                    n);
        (void)nanosleep(&t, NULL);
    }
    log_error("schedule", "processes of a try of an earlier engine do not end (%s)", token);
}
