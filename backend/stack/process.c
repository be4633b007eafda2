#include "backend/stack/process.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- users ---- */

static bool user_lookup(const char *name, struct process_user *out)
{
    struct passwd pw, *found = NULL;
    char space[4096];

    if (getpwnam_r(name, &pw, space, sizeof space, &found) != 0 || !found || pw.pw_uid == 0)
        return false;
    out->uid = pw.pw_uid;
    out->gid = pw.pw_gid;
    (void)snprintf(out->name, sizeof out->name, "%s", name);
    return true;
}

/* useradd(8), quietly: where it cannot, `nobody` does. */
static void user_create(const char *name)
{
    static const char *const places[] = {"/usr/sbin/useradd", "/sbin/useradd"};
    static const char *const env[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL};
    const struct process_user self = {.drop = false};

    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (access(places[i], X_OK) != 0)
            continue;
        const char *const argv[] = {
            places[i], "--system",          "--user-group", "--no-create-home",
            "--shell", "/usr/sbin/nologin", name,           NULL};
        const struct process_spec spec = {
            .argv = argv, .env = env, .dir = "/", .log_path = "/dev/null", .user = &self};
        if (process_run(&spec, "useradd", NULL) == ERR_OK)
            return;
    }
}

enum err process_user_find(struct process_user *out, struct errbuf *e)
{
    memset(out, 0, sizeof *out);
    if (geteuid() != 0) {
        out->uid = geteuid();
        out->gid = getegid();
        return ERR_OK;
    }
    out->drop = true;
    if (user_lookup("flightdeck", out))
        return ERR_OK;
    user_create("flightdeck");
    if (user_lookup("flightdeck", out) || user_lookup("nobody", out))
        return ERR_OK;
    return err_set(e, ERR_IO,
                   "PostgreSQL does not run as root, and neither a system user `flightdeck` could "
                   "be made nor is there a user `nobody`; make one with: useradd --system "
                   "flightdeck");
}

bool process_user_reaches(const struct process_user *u, const char *path, char *blocker, size_t n)
{
    char part[PATH_MAX];
    size_t len = strlen(path);

    if (!u->drop || len >= sizeof part)
        return true;
    for (size_t i = 1; i <= len; i++) {
        struct stat st;
        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (stat(part, &st) != 0)
            break; /* what is not there yet we make ourselves */
        mode_t need = st.st_uid == u->uid ? S_IXUSR : st.st_gid == u->gid ? S_IXGRP : S_IXOTH;
        if (!(st.st_mode & need)) {
            (void)snprintf(blocker, n, "%s", part);
            return false;
        }
    }
    return true;
}

/* ---- pid files ---- */

struct pid_record {
    long pid;
    unsigned long long start; /* clock ticks since boot: field 22 of /proc/PID/stat */
    unsigned long long threads;
    char state;
};

static unsigned long long number(const char *p)
{
    unsigned long long v = 0;

    for (; *p >= '0' && *p <= '9'; p++)
        v = v * 10 + (unsigned)(*p - '0');
    return v;
}

/* Only system calls and arithmetic: also runs between fork and exec. */
static bool stat_read(const char *path, struct pid_record *out)
{
    char text[1024];
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return false;
    ssize_t got = read(fd, text, sizeof text - 1);
    (void)close(fd);
    if (got <= 0)
        return false;
    text[got] = '\0';
    const char *p = strrchr(text, ')'); /* the name before it may hold anything */
    if (!p || p[1] != ' ')
        return false;
    out->state = p[2];
    p += 2;
    for (int field = 3; field < 22; field++) {
        p = strchr(p, ' ');
        if (!p)
            return false;
        p++;
        if (field + 1 == 20)
            out->threads = number(p);
    }
    out->start = number(p);
    return true;
}

static void boot_id(char *out, size_t n)
{
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? 0 : read(fd, out, n - 1);

    if (fd >= 0)
        (void)close(fd);
    out[got > 0 ? got : 0] = '\0';
    out[strcspn(out, "\n")] = '\0';
}

static size_t put_number(char *out, unsigned long long v)
{
    char digits[24];
    size_t n = 0;

    do {
        digits[n++] = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    for (size_t i = 0; i < n; i++)
        out[i] = digits[n - 1 - i];
    return n;
}

/* In the child: "pid start boot\n" in one write. */
static bool pid_record_write(const char *path, const char *boot)
{
    struct pid_record self;
    char line[128];
    size_t n, boot_len = strlen(boot);

    if (!stat_read("/proc/self/stat", &self) || boot_len > 64)
        return false;
    n = put_number(line, (unsigned long long)getpid());
    line[n++] = ' ';
    n += put_number(line + n, self.start);
    line[n++] = ' ';
    memcpy(line + n, boot, boot_len);
    n += boot_len;
    line[n++] = '\n';
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        return false;
    bool ok = write(fd, line, n) == (ssize_t)n;
    return close(fd) == 0 && ok;
}

bool process_exists(pid_t pid)
{
    char path[64];
    struct pid_record r;

    (void)waitpid(pid, NULL, WNOHANG); /* a child of ours is reaped; another's says ECHILD */
    (void)snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
    if (!stat_read(path, &r) || r.state == 'X')
        return false;
    /* A zombie whose other threads are still ending holds its sockets yet. */
    return r.state != 'Z' || r.threads > 1;
}

pid_t process_alive(const char *pid_path)
{
    char path[64], boot[64], wrote_boot[64];
    long pid;
    unsigned long long start;
    struct pid_record r;
    FILE *f = fopen(pid_path, "re");

    if (!f)
        return 0;
    int got = fscanf(f, "%ld %llu %63s", &pid, &start, wrote_boot);
    (void)fclose(f);
    boot_id(boot, sizeof boot);
    if (got != 3 || pid <= 1 || strcmp(boot, wrote_boot) != 0 || !process_exists((pid_t)pid))
        return 0;
    (void)snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    return stat_read(path, &r) && r.start == start ? (pid_t)pid : 0;
}

/* ---- starting ---- */

static void child_fail(int fd)
{
    int error = errno;
    ssize_t wrote = write(fd, &error, sizeof error);
    (void)wrote; /* the parent sees the end of the pipe either way */
    _exit(127);
}

/* Everything here is async-signal-safe: the parent may have threads. */
static void child_become(const struct process_spec *p, const char *boot, pid_t parent, int report)
{
    sigset_t none;

    (void)setsid();
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    for (int s = 1; s < NSIG; s++)
        (void)signal(s, SIG_DFL); /* refused for the two that cannot be caught */
    (void)umask(077);
    if (p->user->drop &&
        (setgroups(0, NULL) != 0 || setgid(p->user->gid) != 0 || setuid(p->user->uid) != 0))
        child_fail(report);
    /* After setuid, which clears it. */
    if (p->dies_with_us && (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent))
        child_fail(report);
    int in = open("/dev/null", O_RDONLY);
    int log = open(p->log_path, O_WRONLY | O_CREAT | O_APPEND, 0640);
    if (in < 0 || log < 0 || dup2(in, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0)
        child_fail(report);
    if (chdir(p->dir) != 0)
        child_fail(report);
    if (dup2(report, 3) < 0 || fcntl(3, F_SETFD, FD_CLOEXEC) != 0)
        child_fail(report);
    if (syscall(SYS_close_range, 4U, ~0U, 0U) != 0) {
        for (int fd = 4; fd < 1024; fd++)
            (void)close(fd);
    }
    if (p->pid_path && !pid_record_write(p->pid_path, boot))
        child_fail(3);
    (void)execve(p->argv[0], (char *const *)(uintptr_t)p->argv, (char *const *)(uintptr_t)p->env);
    child_fail(3);
}

enum err process_spawn(const struct process_spec *p, pid_t *pid, struct errbuf *e)
{
    char boot[64];
    int report[2], error = 0;

    boot_id(boot, sizeof boot);
    if (pipe2(report, O_CLOEXEC) != 0)
        return err_errno(e, ERR_IO, "cannot make a pipe to start %s", p->argv[0]);
    pid_t self = getpid(), child = fork();
    if (child == 0)
        child_become(p, boot, self, report[1]);
    (void)close(report[1]);
    if (child < 0) {
        (void)close(report[0]);
        return err_errno(e, ERR_IO, "cannot start %s", p->argv[0]);
    }
    ssize_t got;
    do
        got = read(report[0], &error, sizeof error);
    while (got < 0 && errno == EINTR);
    (void)close(report[0]);
    if (got > 0) {
        (void)waitpid(child, NULL, 0);
        errno = error;
        return err_errno(e, ERR_IO, "cannot start %s in %s (log %s)", p->argv[0], p->dir,
                         p->log_path);
    }
    *pid = child;
    return ERR_OK;
}

enum err process_run(const struct process_spec *p, const char *what, struct errbuf *e)
{
    char tail[1024];
    int status = 0;
    pid_t pid = 0;
    struct process_spec mortal = *p;
    mortal.dies_with_us = true;
    enum err rc = process_spawn(&mortal, &pid, e);

    if (rc != ERR_OK)
        return rc;
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR)
            return err_errno(e, ERR_IO, "lost track of %s", what);
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return ERR_OK;
    file_tail(p->log_path, 4, tail, sizeof tail);
    return err_set(e, ERR_IO, "%s failed (%s %d): %s", what,
                   WIFSIGNALED(status) ? "signal" : "exit code",
                   WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
                   tail[0] ? tail : "it printed nothing");
}

/* ---- process trees ---- */

static pid_t stat_parent(pid_t pid)
{
    char path[64], text[512];
    long parent = 0;
    (void)snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
    FILE *f = fopen(path, "re");

    if (!f)
        return 0;
    size_t got = fread(text, 1, sizeof text - 1, f);
    (void)fclose(f);
    text[got] = '\0';
    const char *p = strrchr(text, ')');
    if (!p || sscanf(p, ") %*c %ld", &parent) != 1)
        return 0;
    return (pid_t)parent;
}

void process_signal_tree(pid_t pid, int sig)
{
    DIR *d = opendir("/proc");
    struct dirent *entry;

    (void)kill(pid, sig);
    while (d && (entry = readdir(d)) != NULL) {
        if (!isdigit((unsigned char)entry->d_name[0]))
            continue;
        pid_t child = (pid_t)strtol(entry->d_name, NULL, 10);
        /* One level is what PostgreSQL and the JVM have. */
        if (child > 1 && stat_parent(child) == pid)
            (void)kill(child, sig);
    }
    if (d)
        (void)closedir(d);
}

/* ---- ports ---- */

static int loopback_socket(int port, struct sockaddr_in *a)
{
    memset(a, 0, sizeof *a);
    a->sin_family = AF_INET;
    a->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    a->sin_port = htons((uint16_t)port);
    return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

bool process_port_free(int port)
{
    struct sockaddr_in a;
    int one = 1, fd = loopback_socket(port, &a);

    if (fd < 0)
        return false;
    /* As the servers do, so that TIME_WAIT of the last run does not count. */
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    bool ok = bind(fd, (struct sockaddr *)&a, sizeof a) == 0 && listen(fd, 1) == 0;
    (void)close(fd);
    return ok;
}

bool process_port_answers(int port)
{
    struct sockaddr_in a;
    int fd = loopback_socket(port, &a);

    if (fd < 0)
        return false;
    bool ok = connect(fd, (struct sockaddr *)&a, sizeof a) == 0;
    (void)close(fd);
    return ok;
}

enum err process_free_port(int *out, struct errbuf *e)
{
    int low = 32768;
    FILE *f = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");

    if (f) {
        if (fscanf(f, "%d", &low) != 1)
            low = 32768;
        (void)fclose(f);
    }
    if (low < 16000) /* little room below: above it is then as good */
        low = 65535;
    for (int try = 0; try < 200; try++) {
        uint32_t r;
        if (getrandom(&r, sizeof r, 0) != sizeof r)
            return err_errno(e, ERR_IO, "no random numbers");
        int port = 10000 + (int)(r % (uint32_t)(low - 10000));
        if (process_port_free(port)) {
            *out = port;
            return ERR_OK;
        }
    }
    return err_set(e, ERR_IO, "no free loopback port between 10000 and %d in 200 tries", low);
}
