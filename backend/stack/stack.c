#include "backend/stack/stack.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/base/clock.h"
#include "backend/stack/stack_internal.h"

static const char STACK_KIND[] = "flightdeck-stack";
static const char *const SERVER_NAMES[STACK_SERVERS] = {"primary", "standby", "kafka", "warehouse"};

enum {
    READY_S = 120, /* recovery after a crash may take a while */
    STOP_S = 20,   /* a clean stop, then the harsh one */
    STOP_HARSH_S = 10,
    POLL_US = 20000,
};

const char *stack_server_name(enum stack_server server)
{
    return SERVER_NAMES[server];
}

bool stack_server_find(const char *name, enum stack_server *out)
{
    for (int i = 0; i < STACK_SERVERS; i++) {
        if (!strcmp(name, SERVER_NAMES[i])) {
            *out = (enum stack_server)i;
            return true;
        }
    }
    return false;
}

void stack_report(struct stack *s, enum stack_server server, int64_t since_us, const char *fmt, ...)
{
    char text[512];
    va_list ap;

    if (!s->progress)
        return;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    (void)pthread_mutex_lock(&s->lock);
    s->progress(s->progress_arg, server, text, (double)(clock_mono_us() - since_us) / 1e6);
    (void)pthread_mutex_unlock(&s->lock);
}

/* ---- the folder's description ---- */

static json_t *describe_load(const char *dir)
{
    char path[STACK_PATH_MAX + 16];
    (void)snprintf(path, sizeof path, "%s/stack.json", dir);
    json_t *j = json_load_file(path, 0, NULL);
    const char *kind = json_string_value(json_object_get(j, "kind"));

    if (kind && !strcmp(kind, STACK_KIND))
        return j;
    json_decref(j);
    return NULL;
}

bool stack_is_ours(const char *dir)
{
    json_t *j = describe_load(dir);
    json_decref(j);
    return j != NULL;
}

static enum err describe_save(struct stack *s, struct errbuf *e)
{
    json_t *j = json_pack("{s:s, s:i, s:b, s:i}", "kind", STACK_KIND, "version", 1, "throwaway",
                          s->throwaway, "kafka_heap_mb", s->kafka_heap_mb);
    json_t *servers = json_object();
    enum err rc = ERR_OK;

    if (s->role)
        (void)json_object_set_new(j, "role", json_string(s->role));
    (void)json_object_set_new(j, "database", json_string(s->database));
    (void)json_object_set_new(j, "pg_bin", json_string(s->pg_bin));
    (void)json_object_set_new(j, "user", json_string(s->user.drop ? s->user.name : ""));
    for (int i = 0; i < STACK_SERVERS; i++) {
        const struct server *v = &s->servers[i];
        pid_t pid = process_alive(v->pid_path);
        json_t *one = json_pack("{s:i}", "port", v->port);
        if (v->controller_port)
            (void)json_object_set_new(one, "controller_port", json_integer(v->controller_port));
        (void)json_object_set_new(one, "pid", pid ? json_integer(pid) : json_null());
        (void)json_object_set_new(servers, SERVER_NAMES[i], one);
    }
    (void)json_object_set_new(j, "servers", servers);
    char *text = json_dumps(j, JSON_INDENT(2));
    json_decref(j);
    if (!text)
        return err_set(e, ERR_NOMEM, "no memory for %s", s->json_path);
    rc = file_write(s->json_path, text, 0644, NULL, e);
    free(text);
    return rc;
}

/* The folder exists already: what it says wins over the options. */
static enum err describe_apply(struct stack *s, const json_t *j, struct errbuf *e)
{
    const char *role = json_string_value(json_object_get(j, "role"));
    const char *database = json_string_value(json_object_get(j, "database"));
    const char *pg_bin = json_string_value(json_object_get(j, "pg_bin"));
    const json_t *servers = json_object_get(j, "servers");

    /* A data folder belongs to one major version: the programs that made it, while they are there.
     */
    if (pg_bin && postgres_bin_usable(pg_bin))
        (void)snprintf(s->pg_bin, sizeof s->pg_bin, "%s", pg_bin);
    s->throwaway = json_is_true(json_object_get(j, "throwaway"));
    s->kafka_heap_mb = (int)json_integer_value(json_object_get(j, "kafka_heap_mb"));
    s->role = role ? strdup(role) : NULL;
    s->database = database ? strdup(database) : NULL;
    for (int i = 0; i < STACK_SERVERS; i++) {
        const json_t *one = json_object_get(servers, SERVER_NAMES[i]);
        struct server *v = &s->servers[i];
        v->port = (int)json_integer_value(json_object_get(one, "port"));
        v->controller_port = (int)json_integer_value(json_object_get(one, "controller_port"));
        if (v->port <= 0 || (i == STACK_KAFKA && v->controller_port <= 0))
            return err_set(e, ERR_DATA, "%s names no port for %s; remove the folder to start anew",
                           s->json_path, SERVER_NAMES[i]);
    }
    if (!s->database || s->kafka_heap_mb <= 0)
        return err_set(e, ERR_DATA, "%s is not whole; remove the folder to start anew",
                       s->json_path);
    return ERR_OK;
}

static enum err describe_new(struct stack *s, const struct stack_options *o, struct errbuf *e)
{
    enum err rc = ERR_OK;

    s->throwaway = o->throwaway;
    s->kafka_heap_mb = o->kafka_heap_mb ? o->kafka_heap_mb : o->throwaway ? 256 : 512;
    s->role = o->role ? strdup(o->role) : NULL;
    s->database = strdup(o->database ? o->database : "postgres");
    for (int i = 0; i < STACK_SERVERS && rc == ERR_OK; i++) {
        rc = process_free_port(&s->servers[i].port, e);
        if (rc == ERR_OK && i == STACK_KAFKA)
            rc = process_free_port(&s->servers[i].controller_port, e);
    }
    return rc == ERR_OK ? describe_save(s, e) : rc;
}

/* ---- secrets, addresses ---- */

static enum err secret_ensure(struct stack *s, struct errbuf *e)
{
    static const char letters[] = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    unsigned char r[32];
    char text[sizeof r + 1];
    struct buf b;
    enum err rc = ERR_OK;

    if (s->throwaway)
        return ERR_OK;
    if (!file_exists(s->secret_path)) {
        if (getrandom(r, sizeof r, 0) != (ssize_t)sizeof r)
            return err_errno(e, ERR_IO, "no random numbers");
        for (size_t i = 0; i < sizeof r; i++)
            text[i] = letters[r[i] % (sizeof letters - 1)];
        text[sizeof r] = '\0';
        rc = file_write(s->secret_path, text, 0600, NULL, e);
        if (rc != ERR_OK)
            return rc;
    }
    buf_init(&b, 4096);
    rc = file_read(s->secret_path, &b, e);
    if (rc == ERR_OK) {
        s->password = strdup(buf_cstr(&b));
        s->password[strcspn(s->password, "\n")] = '\0';
    }
    buf_free(&b);
    return rc;
}

static void format_conninfo(const struct stack *s, enum stack_server server, const char *role,
                            const char *password, struct buf *out)
{
    buf_printf(out, "host=127.0.0.1 port=%d dbname=%s user=%s", s->servers[server].port,
               server == STACK_WAREHOUSE ? "dwh" : s->database, role);
    if (password)
        buf_printf(out, " password=%s", password);
}

void stack_format_conninfo(const struct stack *s, enum stack_server server, const char *password,
                           struct buf *out)
{
    format_conninfo(s, server, s->role ? s->role : "postgres", s->password ? password : NULL, out);
}

void stack_format_odbc(const struct stack *s, const char *password, struct buf *out)
{
    /* Protocol=7.4-1: an error rolls back the transaction, no SAVEPOINT before each statement. */
    buf_printf(out,
               "Driver=%s;Servername=127.0.0.1;Port=%d;Database=dwh;UID=%s;Protocol=7.4-1;"
               "UseServerSidePrepare=1;SSLmode=disable;Debug=0;CommLog=0",
               s->driver, s->servers[STACK_WAREHOUSE].port, s->role ? s->role : "postgres");
    if (s->password)
        buf_printf(out, ";PWD=%s", password);
}

static char *take_string(struct buf *b)
{
    char *p = strdup(buf_cstr(b));
    buf_clear(b);
    return p;
}

static enum err addresses_write_odbc(struct stack *s, struct errbuf *e)
{
    char path[STACK_PATH_MAX + 64];
    struct buf b;
    enum err rc;

    buf_init(&b, 8192);
    buf_printf(&b, "[PostgreSQL Unicode]\nDescription=psqlODBC\nDriver=%s\n", s->driver);
    (void)snprintf(path, sizeof path, "%s/odbcinst.ini", s->odbc_dir);
    rc = file_mkdirs(s->odbc_dir, 0700, e);
    if (rc == ERR_OK)
        rc = file_write(path, buf_cstr(&b), 0600, NULL, e);
    buf_clear(&b);
    buf_printf(&b,
               "[dwh]\nDescription=The warehouse\nDriver=%s\nServername=127.0.0.1\nPort=%d\n"
               "Database=dwh\nUserName=%s\nPassword=%s\nProtocol=7.4-1\nUseServerSidePrepare=1\n"
               "SSLmode=disable\nDebug=0\nCommLog=0\n",
               s->driver, s->servers[STACK_WAREHOUSE].port, s->role ? s->role : "postgres",
               s->password ? s->password : "");
    (void)snprintf(path, sizeof path, "%s/odbc.ini", s->odbc_dir);
    if (rc == ERR_OK)
        rc = file_write(path, buf_cstr(&b), 0600, NULL, e);
    buf_free(&b);
    return rc;
}

/* All strings that hold a port; again when a port had to change. */
static enum err addresses_make(struct stack *s, struct errbuf *e)
{
    struct buf b;
    bool complete = true;

    buf_init(&b, 8192);
    for (int i = 0; i < STACK_SERVERS; i++) {
        struct server *v = &s->servers[i];
        if (i == STACK_KAFKA)
            continue;
        free(v->conninfo);
        free(v->admin_conninfo);
        stack_format_conninfo(s, v->id, s->password, &b);
        v->conninfo = take_string(&b);
        format_conninfo(s, v->id, "postgres", s->password, &b);
        v->admin_conninfo = take_string(&b);
        complete = complete && v->conninfo && v->admin_conninfo;
    }
    free(s->bootstrap);
    buf_printf(&b, "127.0.0.1:%d", s->servers[STACK_KAFKA].port);
    s->bootstrap = take_string(&b);
    free(s->odbc);
    stack_format_odbc(s, s->password, &b);
    s->odbc = take_string(&b);
    buf_free(&b);
    if (!complete || !s->bootstrap || !s->odbc)
        return err_set(e, ERR_NOMEM, "no memory");
    return addresses_write_odbc(s, e);
}

/* ---- open ---- */

static enum err folder_prepare(struct stack *s, const struct stack_options *o, struct errbuf *e)
{
    char blocker[PATH_MAX], absolute[PATH_MAX];
    enum err rc = file_mkdirs(o->dir, 0711, e);

    if (rc != ERR_OK)
        return rc;
    if (!realpath(o->dir, absolute))
        return err_errno(e, ERR_IO, "cannot read the folder %s", o->dir);
    if (strlen(absolute) >= sizeof s->dir - 64)
        return err_set(e, ERR_LIMIT, "the folder's path is too long: %s", absolute);
    if (strpbrk(absolute, "'\"\\\n;{}"))
        return err_set(e, ERR_USAGE,
                       "the folder's path may not have quotes, ;, braces or backslashes in it: %s",
                       absolute);
    if (!stack_is_ours(absolute)) {
        /* rmdir refuses exactly what is not empty; then it is made again. */
        if (rmdir(absolute) != 0 || mkdir(absolute, 0711) != 0)
            return err_set(e, ERR_USAGE,
                           "%s is not empty and was not made by flightdeck; choose another "
                           "folder with --dir",
                           absolute);
    }
    if (chmod(absolute, 0711) != 0)
        return err_errno(e, ERR_IO, "cannot set the mode of %s", absolute);
    rc = process_user_find(&s->user, e);
    if (rc == ERR_OK && !process_user_reaches(&s->user, absolute, blocker, sizeof blocker))
        rc = err_set(e, ERR_USAGE,
                     "the servers run as user %s, who may not enter %s; choose another folder "
                     "with --dir, for example /var/lib/flightdeck/demo",
                     s->user.name, blocker);
    (void)snprintf(s->dir, sizeof s->dir, "%s", absolute);
    return rc;
}

static void paths_make(struct stack *s)
{
    static const char *const data[STACK_SERVERS] = {"data", "data", "data", "data"};

    (void)snprintf(s->json_path, sizeof s->json_path, "%s/stack.json", s->dir);
    (void)snprintf(s->secret_path, sizeof s->secret_path, "%s/password", s->dir);
    (void)snprintf(s->odbc_dir, sizeof s->odbc_dir, "%s/odbc", s->dir);
    for (int i = 0; i < STACK_SERVERS; i++) {
        struct server *v = &s->servers[i];
        v->id = (enum stack_server)i;
        if (snprintf(v->dir, sizeof v->dir, "%s/%s", s->dir, SERVER_NAMES[i]) < 0)
            v->dir[0] = '\0';
        (void)snprintf(v->data, sizeof v->data, "%s/%s", v->dir, data[i]);
        (void)snprintf(v->pid_path, sizeof v->pid_path, "%s/pid", v->dir);
        (void)snprintf(v->log_path, sizeof v->log_path, "%s/log", v->dir);
    }
}

enum err stack_open(const struct stack_options *o, struct stack **out, struct errbuf *e)
{
    enum err rc = ERR_OK;
    json_t *j = NULL;
    struct stack *s = calloc(1, sizeof *s);

    *out = NULL;
    if (!s)
        return err_set(e, ERR_NOMEM, "no memory");
    (void)pthread_mutex_init(&s->lock, NULL);
    s->progress = o->progress;
    s->progress_arg = o->progress_arg;
    rc = folder_prepare(s, o, e);
    if (rc != ERR_OK)
        goto out;
    paths_make(s);
    rc = postgres_find_bin(s->pg_bin, sizeof s->pg_bin, e);
    if (rc != ERR_OK)
        goto out;
    rc = postgres_find_driver(s->driver, sizeof s->driver, e);
    if (rc != ERR_OK)
        goto out;
    j = describe_load(s->dir);
    rc = j ? describe_apply(s, j, e) : describe_new(s, o, e);
    if (rc != ERR_OK)
        goto out;
    rc = secret_ensure(s, e);
    if (rc != ERR_OK)
        goto out;
    rc = addresses_make(s, e);
out:
    json_decref(j);
    if (rc != ERR_OK)
        stack_close(s);
    else
        *out = s;
    return rc;
}

void stack_close(struct stack *s)
{
    if (!s)
        return;
    for (int i = 0; i < STACK_SERVERS; i++) {
        free(s->servers[i].conninfo);
        free(s->servers[i].admin_conninfo);
    }
    free(s->role);
    free(s->database);
    free(s->password);
    free(s->bootstrap);
    free(s->odbc);
    (void)pthread_mutex_destroy(&s->lock);
    free(s);
}

/* ---- what the servers' files use ---- */

enum err stack_server_folder(struct stack *s, struct server *v, struct errbuf *e)
{
    enum err rc = file_mkdirs(v->dir, 0700, e);

    if (rc == ERR_OK && s->user.drop && chown(v->dir, s->user.uid, s->user.gid) != 0)
        rc = err_errno(e, ERR_IO, "cannot give %s to the user %s", v->dir, s->user.name);
    return rc;
}

static enum err spawn_with(struct stack *s, struct server *v, const char *const *argv,
                           const char *password, bool stays, struct errbuf *e)
{
    char home[STACK_PATH_MAX + 8], secret[128];
    const char *env[] = {"PATH=/usr/local/bin:/usr/bin:/bin",
                         "LC_ALL=C",
                         "TZ=UTC",
                         home,
                         password ? secret : NULL,
                         NULL};
    const struct process_spec spec = {.argv = argv,
                                      .env = env,
                                      .dir = v->dir,
                                      .log_path = v->log_path,
                                      .pid_path = stays ? v->pid_path : NULL,
                                      .user = &s->user};
    pid_t pid;

    (void)snprintf(home, sizeof home, "HOME=%s", v->dir);
    (void)snprintf(secret, sizeof secret, "PGPASSWORD=%s", password ? password : "");
    if (stays)
        return process_spawn(&spec, &pid, e);
    const char *name = strrchr(argv[0], '/');
    return process_run(&spec, name ? name + 1 : argv[0], e);
}

enum err stack_spawn(struct stack *s, struct server *v, const char *const *argv, struct errbuf *e)
{
    return spawn_with(s, v, argv, NULL, true, e);
}

enum err stack_tool(struct stack *s, struct server *v, const char *const *argv,
                    const char *password, struct errbuf *e)
{
    return spawn_with(s, v, argv, password, false, e);
}

enum err stack_wait_ready(struct stack *s, struct server *v, stack_ready_fn *ready,
                          struct errbuf *e)
{
    char tail[1024];
    int64_t deadline = clock_mono_us() + (int64_t)READY_S * 1000000;

    for (;;) {
        bool alive = process_alive(v->pid_path) != 0;
        if (alive && ready(s, v) && process_alive(v->pid_path))
            return ERR_OK;
        if (!alive || clock_mono_us() > deadline)
            break;
        (void)usleep(POLL_US);
    }
    file_tail(v->log_path, 3, tail, sizeof tail);
    return err_set(e, ERR_CONNECT, "the %s %s; its log %s ends: %s", stack_server_name(v->id),
                   process_alive(v->pid_path) ? "does not answer" : "ended at its start",
                   v->log_path, tail[0] ? tail : "(empty)");
}

/* ---- start ---- */

/* flock, so that a second process waits its turn; released with the descriptor. */
static int folder_lock(const struct stack *s, struct errbuf *e)
{
    char path[STACK_PATH_MAX + 16];
    (void)snprintf(path, sizeof path, "%s/lock", s->dir);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0) {
        (void)err_errno(e, ERR_IO, "cannot open %s", path);
        return -1;
    }
    while (flock(fd, LOCK_EX) != 0) {
        if (errno != EINTR) {
            (void)err_errno(e, ERR_IO, "cannot lock %s", path);
            (void)close(fd);
            return -1;
        }
    }
    return fd;
}

/* With some patience: a child of a killed server may hold the port a moment longer. */
static bool port_becomes_free(int port)
{
    for (int try = 0; try < 100; try++) {
        if (process_port_free(port))
            return true;
        (void)usleep(POLL_US);
    }
    return false;
}

/* A server that is down while somebody else sits on its port gets a new one. */
static enum err ports_check(struct stack *s, unsigned mask, struct errbuf *e)
{
    bool changed = false;
    enum err rc = ERR_OK;

    for (int i = 0; i < STACK_SERVERS && rc == ERR_OK; i++) {
        struct server *v = &s->servers[i];
        if (!(mask & (1U << i)) || process_alive(v->pid_path))
            continue;
        if (!port_becomes_free(v->port)) {
            rc = process_free_port(&v->port, e);
            changed = true;
        }
        if (rc == ERR_OK && v->controller_port && !port_becomes_free(v->controller_port)) {
            rc = process_free_port(&v->controller_port, e);
            changed = true;
        }
    }
    if (rc == ERR_OK && changed)
        rc = addresses_make(s, e);
    return rc;
}

struct start_job {
    struct stack *s;
    struct server *v;
    pthread_t thread;
    struct start_job *after; /* must be done first */
    bool joined;
    enum err rc;
    struct errbuf e;
};

static enum err start_one(struct stack *s, struct server *v, struct errbuf *e)
{
    enum err rc = stack_server_folder(s, v, e);

    if (rc != ERR_OK)
        return rc;
    return v->id == STACK_KAFKA ? kafka_server_start(s, v, e) : postgres_start(s, v, e);
}

static void *start_thread(void *arg)
{
    struct start_job *job = arg;

    if (job->after) {
        (void)pthread_join(job->after->thread, NULL);
        job->after->joined = true;
        if (job->after->rc != ERR_OK) {
            job->rc = err_set(&job->e, ERR_CANCELED, "the primary did not start");
            return NULL;
        }
    }
    job->rc = start_one(job->s, job->v, &job->e);
    if (job->rc != ERR_OK)
        (void)err_prefix(&job->e, "%s", stack_server_name(job->v->id));
    return NULL;
}

enum err stack_start(struct stack *s, unsigned mask, struct errbuf *e)
{
    struct start_job jobs[STACK_SERVERS] = {0};
    enum err rc = ERR_OK;
    int lock = folder_lock(s, e);

    if (lock < 0)
        return ERR_IO;
    if (mask & STACK_MASK_STANDBY)
        mask |= STACK_MASK_PRIMARY;
    rc = ports_check(s, mask, e);
    if (rc != ERR_OK)
        goto out;
    for (int i = 0; i < STACK_SERVERS; i++) {
        struct start_job *job = &jobs[i];
        if (!(mask & (1U << i)))
            continue;
        job->s = s;
        job->v = &s->servers[i];
        if (i == STACK_STANDBY)
            job->after = &jobs[STACK_PRIMARY];
        if (pthread_create(&job->thread, NULL, start_thread, job) != 0) {
            job->s = NULL;
            rc = err_set(e, ERR_NOMEM, "cannot make a thread");
            break;
        }
    }
    /* Backwards: the standby's thread has joined the primary's by then. */
    for (int k = 0; k < STACK_SERVERS; k++) {
        static const int order[] = {STACK_STANDBY, STACK_PRIMARY, STACK_KAFKA, STACK_WAREHOUSE};
        struct start_job *job = &jobs[order[k]];
        if (job->s && !job->joined)
            (void)pthread_join(job->thread, NULL);
    }
    for (int i = 0; i < STACK_SERVERS && rc == ERR_OK; i++) {
        rc = jobs[i].rc;
        if (rc != ERR_OK && e)
            *e = jobs[i].e;
    }
    if (rc == ERR_OK)
        rc = describe_save(s, e);
out:
    (void)close(lock);
    return rc;
}

/* ---- stop ---- */

static void signal_each(struct stack *s, unsigned mask, int postgres_signal, int kafka_signal)
{
    for (int i = 0; i < STACK_SERVERS; i++) {
        pid_t pid = mask & (1U << i) ? process_alive(s->servers[i].pid_path) : 0;
        if (pid > 0) {
            (void)kill(pid, SIGCONT); /* a frozen one could not hear the next */
            (void)kill(pid, i == STACK_KAFKA ? kafka_signal : postgres_signal);
        }
    }
}

static bool wait_gone(struct stack *s, unsigned mask, int seconds)
{
    int64_t deadline = clock_mono_us() + (int64_t)seconds * 1000000;

    for (;;) {
        bool any = false;
        for (int i = 0; i < STACK_SERVERS; i++) {
            if (mask & (1U << i) && process_alive(s->servers[i].pid_path))
                any = true;
        }
        if (!any)
            return true;
        if (clock_mono_us() > deadline)
            return false;
        (void)usleep(POLL_US);
    }
}

static enum err stop_locked(struct stack *s, unsigned mask, bool clean, struct errbuf *e)
{
    if (clean) {
        signal_each(s, mask, SIGINT, SIGTERM);
        if (wait_gone(s, mask, STOP_S))
            return ERR_OK;
    }
    /* SIGQUIT: the postmaster takes its children and its shared memory with it. */
    signal_each(s, mask, SIGQUIT, SIGKILL);
    if (wait_gone(s, mask, STOP_HARSH_S))
        return ERR_OK;
    signal_each(s, mask, SIGKILL, SIGKILL);
    if (wait_gone(s, mask, STOP_HARSH_S))
        return ERR_OK;
    return err_set(e, ERR_TIMEOUT, "the servers in %s do not end, not even by SIGKILL", s->dir);
}

static enum err stop_with(struct stack *s, unsigned mask, bool clean, struct errbuf *e)
{
    int lock = folder_lock(s, e);

    if (lock < 0)
        return ERR_IO;
    enum err rc = stop_locked(s, mask, clean, e);
    if (rc == ERR_OK)
        rc = describe_save(s, e);
    (void)close(lock);
    return rc;
}

enum err stack_stop(struct stack *s, unsigned mask, struct errbuf *e)
{
    return stop_with(s, mask, true, e);
}

enum err stack_kill(struct stack *s, unsigned mask, struct errbuf *e)
{
    return stop_with(s, mask, false, e);
}

enum err stack_freeze(struct stack *s, enum stack_server server, bool frozen, struct errbuf *e)
{
    pid_t pid = process_alive(s->servers[server].pid_path);

    if (pid == 0)
        return err_set(e, ERR_STATE, "the %s does not run", stack_server_name(server));
    process_signal_tree(pid, frozen ? SIGSTOP : SIGCONT);
    return ERR_OK;
}

enum err stack_destroy(struct stack *s, struct errbuf *e)
{
    enum err rc = stack_kill(s, STACK_MASK_ALL, e);

    return rc == ERR_OK ? stack_remove_tree(s->dir, e) : rc;
}

/* ---- getters ---- */

bool stack_running(struct stack *s, enum stack_server server)
{
    return process_alive(s->servers[server].pid_path) != 0;
}

unsigned stack_running_mask(struct stack *s)
{
    unsigned mask = 0;

    for (int i = 0; i < STACK_SERVERS; i++) {
        if (stack_running(s, (enum stack_server)i))
            mask |= 1U << i;
    }
    return mask;
}

int stack_port(const struct stack *s, enum stack_server server)
{
    return s->servers[server].port;
}

pid_t stack_pid(struct stack *s, enum stack_server server)
{
    return process_alive(s->servers[server].pid_path);
}

const char *stack_dir(const struct stack *s)
{
    return s->dir;
}

const char *stack_log_path(const struct stack *s, enum stack_server server)
{
    return s->servers[server].log_path;
}

const char *stack_conninfo(const struct stack *s, enum stack_server server)
{
    return s->servers[server].conninfo;
}

const char *stack_admin_conninfo(const struct stack *s, enum stack_server server)
{
    return s->servers[server].admin_conninfo;
}

const char *stack_bootstrap(const struct stack *s)
{
    return s->bootstrap;
}

const char *stack_odbc(const struct stack *s)
{
    return s->odbc;
}

const char *stack_password_file(const struct stack *s)
{
    return s->password ? s->secret_path : NULL;
}

const char *stack_odbc_dir(const struct stack *s)
{
    return s->odbc_dir;
}
