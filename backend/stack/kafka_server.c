/*
 * Apache Kafka of the stack: one node, controller and broker in one process (KRaft).
 *
 * Settings are made for one small machine: a few partitions of the internal topics and a small
 * cleaner buffer, so that it starts in two seconds and lives in its heap. Topics are not made by
 * the mere mention of their names.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "backend/base/clock.h"
#include "backend/stack/stack_internal.h"

static enum err java_find(char *out, size_t n, struct errbuf *e)
{
    const char *home = getenv("JAVA_HOME");

    if (home && *home) {
        (void)snprintf(out, n, "%s/bin/java", home);
        if (access(out, X_OK) == 0)
            return ERR_OK;
    }
    if (program_find("java", out, n))
        return ERR_OK;
    return err_set(e, ERR_NOT_FOUND,
                   "Apache Kafka needs Java 17 or newer; install it (apt-get "
                   "install openjdk-17-jre-headless) or set JAVA_HOME");
}

static enum err settings_write(struct stack *s, struct server *v, const char *path,
                               const char *data, struct errbuf *e)
{
    struct buf b;
    enum err rc;

    buf_init(&b, 8192);
    buf_printf(&b,
               "# Written by flightdeck at every start: changes here are lost.\n"
               "process.roles=broker,controller\nnode.id=1\n"
               "controller.quorum.voters=1@127.0.0.1:%d\n"
               "listeners=PLAINTEXT://127.0.0.1:%d,CONTROLLER://127.0.0.1:%d\n"
               "advertised.listeners=PLAINTEXT://127.0.0.1:%d\n"
               "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT\n"
               "controller.listener.names=CONTROLLER\n"
               "log.dirs=%s\n",
               v->controller_port, v->port, v->controller_port, v->port, data);
    buf_lit(&b, "auto.create.topics.enable=false\n"
                "offsets.topic.replication.factor=1\noffsets.topic.num.partitions=4\n"
                "transaction.state.log.replication.factor=1\ntransaction.state.log.min.isr=1\n"
                "transaction.state.log.num.partitions=4\n"
                "share.coordinator.state.topic.replication.factor=1\n"
                "share.coordinator.state.topic.min.isr=1\n"
                "group.initial.rebalance.delay.ms=0\n"
                "log.cleaner.dedupe.buffer.size=16777216\n"
                "num.network.threads=2\nnum.io.threads=4\n");
    if (s->throwaway)
        buf_lit(&b, "log.segment.delete.delay.ms=1000\nlog.preallocate=false\n");
    rc = buf_check(&b, path, e);
    if (rc == ERR_OK)
        rc = file_write(path, buf_cstr(&b), 0600, &s->user, e);
    buf_free(&b);
    return rc;
}

static enum err logging_write(struct stack *s, struct server *v, const char *path, struct errbuf *e)
{
    struct buf b;
    enum err rc;

    buf_init(&b, 8192);
    buf_printf(&b,
               "status=error\nappender.f.type=RollingFile\nappender.f.name=F\n"
               "appender.f.fileName=%s\nappender.f.filePattern=%s.%%i\n"
               "appender.f.layout.type=PatternLayout\n"
               "appender.f.layout.pattern=%%d{ISO8601} %%-5p %%m (%%c)%%n\n"
               "appender.f.policies.type=Policies\n"
               "appender.f.policies.size.type=SizeBasedTriggeringPolicy\n"
               "appender.f.policies.size.size=10MB\n"
               "appender.f.strategy.type=DefaultRolloverStrategy\nappender.f.strategy.max=3\n"
               "rootLogger.level=info\nrootLogger.appenderRef.f.ref=F\n",
               v->log_path, v->log_path);
    rc = buf_check(&b, path, e);
    if (rc == ERR_OK)
        rc = file_write(path, buf_cstr(&b), 0600, &s->user, e);
    buf_free(&b);
    return rc;
}

enum { JAVA_ARGS = 16 };

struct java {
    char program[STACK_PATH_MAX];
    char heap[32];
    char temp[STACK_PATH_MAX + 64];
    char logging[STACK_PATH_MAX + 96];
    char jars[STACK_PATH_MAX];
    char path[STACK_PATH_MAX + 16];
    const char *argv[JAVA_ARGS];
    int n;
};

static enum err java_prepare(struct stack *s, struct server *v, struct java *j, struct errbuf *e)
{
    char logging_path[STACK_PATH_MAX + 32], temp_dir[STACK_PATH_MAX + 32];
    enum err rc = java_find(j->program, sizeof j->program, e);

    if (rc == ERR_OK)
        rc = kafka_jars_ensure(&s->user, j->jars, sizeof j->jars, e);
    (void)snprintf(logging_path, sizeof logging_path, "%s/log4j2.properties", v->dir);
    if (rc == ERR_OK)
        rc = logging_write(s, v, logging_path, e);
    /* The compression libraries unpack themselves there and are then mapped executable. */
    (void)snprintf(temp_dir, sizeof temp_dir, "%s/tmp", v->dir);
    if (rc == ERR_OK)
        rc = file_mkdirs(temp_dir, 0700, e);
    if (rc == ERR_OK && s->user.drop && chown(temp_dir, s->user.uid, s->user.gid) != 0)
        rc = err_errno(e, ERR_IO, "cannot give %s to the user %s", temp_dir, s->user.name);
    if (rc != ERR_OK)
        return rc;
    (void)snprintf(j->heap, sizeof j->heap, "-Xmx%dm", s->kafka_heap_mb);
    (void)snprintf(j->temp, sizeof j->temp, "-Djava.io.tmpdir=%s", temp_dir);
    (void)snprintf(j->logging, sizeof j->logging, "-Dlog4j2.configurationFile=file:%s",
                   logging_path);
    (void)snprintf(j->path, sizeof j->path, "%s/*", j->jars);
    j->n = 0;
    j->argv[j->n++] = j->program;
    j->argv[j->n++] = j->heap;
    if (s->throwaway) {
        j->argv[j->n++] = "-XX:+UseSerialGC";
        j->argv[j->n++] = "-XX:TieredStopAtLevel=1";
    }
    j->argv[j->n++] = j->temp;
    j->argv[j->n++] = j->logging;
    j->argv[j->n++] = "-Djava.awt.headless=true";
    j->argv[j->n++] = "-cp";
    j->argv[j->n++] = j->path;
    return ERR_OK;
}

/* Kafka's ids: 16 random bytes in url-safe base64, and not with a '-' at the front. */
static enum err cluster_id(char out[23], struct errbuf *e)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    unsigned char r[22];

    if (getrandom(r, sizeof r, 0) != (ssize_t)sizeof r)
        return err_errno(e, ERR_IO, "no random numbers");
    for (int i = 0; i < 21; i++)
        out[i] = digits[r[i] % (sizeof digits - 1)];
    out[21] = "AQgw"[r[21] % 4]; /* the last digit carries two bits */
    out[22] = '\0';
    return ERR_OK;
}

static enum err data_ensure(struct stack *s, struct server *v, struct java *j, struct errbuf *e)
{
    char partial[STACK_PATH_MAX + 32], conf[STACK_PATH_MAX + 32], id[23];
    int64_t since = clock_mono_us();
    enum err rc;
    int n = j->n;

    if (file_exists(v->data))
        return ERR_OK;
    (void)snprintf(partial, sizeof partial, "%s.partial", v->data);
    (void)snprintf(conf, sizeof conf, "%s/format.properties", v->dir);
    rc = stack_remove_tree(partial, e);
    if (rc == ERR_OK)
        rc = settings_write(s, v, conf, partial, e);
    if (rc == ERR_OK)
        rc = cluster_id(id, e);
    if (rc != ERR_OK)
        return rc;
    const char *const tool[] = {"kafka.tools.StorageTool", "format", "-t", id, "-c", conf, NULL};
    for (int i = 0; tool[i]; i++)
        j->argv[n++] = tool[i];
    j->argv[n] = NULL;
    rc = stack_tool(s, v, j->argv, NULL, e);
    (void)unlink(conf);
    if (rc != ERR_OK)
        return rc;
    if (rename(partial, v->data) != 0)
        return err_errno(e, ERR_IO, "cannot rename %s to %s", partial, v->data);
    stack_report(s, v->id, since, "formatted");
    return ERR_OK;
}

/* An ApiVersions request answered: the broker serves, not only listens. */
static bool kafka_ready(struct stack *s, struct server *v)
{
    static const unsigned char request[] = {0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 7, 0xff, 0xff};
    unsigned char answer[8];
    struct sockaddr_in a;
    struct timeval limit = {.tv_sec = 2};
    bool ok = false;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)s;
    if (fd < 0)
        return false;
    memset(&a, 0, sizeof a);
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    a.sin_port = htons((uint16_t)v->port);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (connect(fd, (struct sockaddr *)&a, sizeof a) == 0 &&
        send(fd, request, sizeof request, MSG_NOSIGNAL) == (ssize_t)sizeof request &&
        recv(fd, answer, sizeof answer, MSG_WAITALL) == (ssize_t)sizeof answer)
        ok = answer[7] == 7; /* our correlation id */
    (void)close(fd);
    return ok;
}

enum err kafka_server_start(struct stack *s, struct server *v, struct errbuf *e)
{
    char conf[STACK_PATH_MAX + 32];
    struct java j;
    int64_t since = clock_mono_us();
    bool was_running = process_alive(v->pid_path) != 0;
    enum err rc = ERR_OK;

    if (!was_running) {
        rc = java_prepare(s, v, &j, e);
        if (rc == ERR_OK)
            rc = data_ensure(s, v, &j, e);
        (void)snprintf(conf, sizeof conf, "%s/server.properties", v->dir);
        if (rc == ERR_OK)
            rc = settings_write(s, v, conf, v->data, e);
        if (rc != ERR_OK)
            return rc;
        j.argv[j.n++] = "kafka.Kafka";
        j.argv[j.n++] = conf;
        j.argv[j.n] = NULL;
        rc = stack_spawn(s, v, j.argv, e);
    }
    if (rc == ERR_OK)
        rc = stack_wait_ready(s, v, kafka_ready, e);
    if (rc == ERR_OK)
        stack_report(s, v->id, since, "%s on 127.0.0.1:%d",
                     was_running ? "runs already" : "running", v->port);
    return rc;
}
