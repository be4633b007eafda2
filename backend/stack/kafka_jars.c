/*
 * Kafka's jars: fetched once a machine and user by Maven, from Maven Central or whatever mirror the
 * person's settings.xml names, into <cache>/flightdeck/kafka-<version>.
 *
 * The folder is filled under a temporary name and renamed, so what bears the name is whole; a lock
 * file makes a second process wait rather than fetch too. FLIGHTDECK_KAFKA_LIBS names a folder of
 * jars instead (a machine without a network, or the libs/ of a Kafka distribution),
 * FLIGHTDECK_KAFKA_VERSION another version.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/stack/stack_internal.h"

extern char **environ;

static const char POM[] =
    "<project xmlns=\"http://maven.apache.org/POM/4.0.0\">\n"
    "  <modelVersion>4.0.0</modelVersion>\n"
    "  <groupId>flightdeck</groupId><artifactId>kafka</artifactId><version>1</version>\n"
    "  <packaging>pom</packaging>\n"
    "  <dependencies>\n"
    "    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId>\n"
    "      <version>%s</version></dependency>\n"
    "    <dependency><groupId>org.apache.logging.log4j</groupId>\n"
    "      <artifactId>log4j-slf4j-impl</artifactId><version>2.25.4</version></dependency>\n"
    "  </dependencies>\n"
    "</project>\n";

bool program_find(const char *name, char *out, size_t n)
{
    const char *path = getenv("PATH");

    for (const char *p = path ? path : "/usr/local/bin:/usr/bin:/bin"; *p;) {
        size_t len = strcspn(p, ":");
        (void)snprintf(out, n, "%.*s/%s", (int)len, p, name);
        if (len > 0 && access(out, X_OK) == 0)
            return true;
        p += len + (p[len] == ':');
    }
    return false;
}

static void cache_dir(const struct process_user *user, char *out, size_t n)
{
    const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

    if (xdg && *xdg)
        (void)snprintf(out, n, "%s/flightdeck", xdg);
    else if (user->drop || !home || !*home)
        (void)snprintf(out, n, "/var/cache/flightdeck"); /* root's home is closed to others */
    else
        (void)snprintf(out, n, "%s/.cache/flightdeck", home);
}

static enum err run_maven(const char *work, const char *version, struct errbuf *e)
{
    static const struct process_user self = {.drop = false};
    char maven[STACK_PATH_MAX], log[STACK_PATH_MAX + 64], pom[STACK_PATH_MAX + 64];
    char text[sizeof POM + 64], target[STACK_PATH_MAX + 64];
    enum err rc;

    if (!program_find("mvn", maven, sizeof maven))
        return err_set(e, ERR_NOT_FOUND,
                       "Apache Kafka %s comes through Maven, and mvn is not installed; install it "
                       "(apt-get install maven), or set FLIGHTDECK_KAFKA_LIBS to a folder with "
                       "Kafka's jars",
                       version);
    (void)snprintf(log, sizeof log, "%s/maven.log", work);
    (void)snprintf(pom, sizeof pom, "%s/pom.xml", work);
    (void)snprintf(text, sizeof text, POM, version);
    (void)snprintf(target, sizeof target, "-DoutputDirectory=%s/lib", work);
    rc = file_write(pom, text, 0644, NULL, e);
    if (rc != ERR_OK)
        return rc;
    const char *const argv[] = {maven, "-B", "-ntp", "dependency:copy-dependencies", target, NULL};
    const struct process_spec spec = {.argv = argv,
                                      .env = (const char *const *)environ,
                                      .dir = work,
                                      .log_path = log,
                                      .user = &self};
    return process_run(&spec, "Maven (it fetches Apache Kafka)", e);
}

/* Readable by the servers' user, whatever the umask was. */
static enum err open_to_all(const char *dir, struct errbuf *e)
{
    static const struct process_user self = {.drop = false};
    const char *const argv[] = {"/bin/chmod", "-R", "a+rX", dir, NULL};
    const char *const env[] = {"PATH=/usr/bin:/bin", NULL};
    const struct process_spec spec = {
        .argv = argv, .env = env, .dir = "/", .log_path = "/dev/null", .user = &self};

    return process_run(&spec, "chmod", e);
}

static enum err fetch(const char *cache, const char *version, const char *final, struct errbuf *e)
{
    char work[STACK_PATH_MAX + 32], lib[STACK_PATH_MAX + 64];
    enum err rc;

    (void)snprintf(work, sizeof work, "%s/fetch-%s", cache, version);
    (void)snprintf(lib, sizeof lib, "%s/lib", work);
    rc = stack_remove_tree(work, e); /* of an interrupted one */
    if (rc == ERR_OK)
        rc = file_mkdirs(work, 0755, e);
    if (rc == ERR_OK)
        rc = run_maven(work, version, e);
    if (rc == ERR_OK)
        rc = open_to_all(lib, e);
    if (rc == ERR_OK && rename(lib, final) != 0)
        rc = err_errno(e, ERR_IO, "cannot rename %s to %s", lib, final);
    if (rc == ERR_OK)
        rc = stack_remove_tree(work, e);
    return rc;
}

enum err kafka_jars_ensure(const struct process_user *user, char *out, size_t n, struct errbuf *e)
{
    const char *own = getenv("FLIGHTDECK_KAFKA_LIBS"),
               *version = getenv("FLIGHTDECK_KAFKA_VERSION");
    char cache[STACK_PATH_MAX - 64], lock_path[STACK_PATH_MAX], blocker[STACK_PATH_MAX];
    enum err rc = ERR_OK;

    if (own && *own) {
        (void)snprintf(out, n, "%s", own);
        return file_exists(own)
                   ? ERR_OK
                   : err_set(e, ERR_CONFIG, "FLIGHTDECK_KAFKA_LIBS=%s is not there", own);
    }
    if (!version || !*version)
        version = "4.3.1";
    cache_dir(user, cache, sizeof cache);
    (void)snprintf(out, n, "%s/kafka-%s", cache, version);
    if (!process_user_reaches(user, out, blocker, sizeof blocker))
        return err_set(e, ERR_CONFIG,
                       "the broker runs as user %s, who may not enter %s; unset XDG_CACHE_HOME or "
                       "set it to a folder that others may enter",
                       user->name, blocker);
    if (file_exists(out))
        return ERR_OK;
    rc = file_mkdirs(cache, 0755, e);
    if (rc != ERR_OK)
        return rc;
    (void)snprintf(lock_path, sizeof lock_path, "%s/lock", cache);
    int lock = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (lock < 0)
        return err_errno(e, ERR_IO, "cannot open %s", lock_path);
    if (flock(lock, LOCK_EX) != 0)
        rc = err_errno(e, ERR_IO, "cannot lock %s", lock_path);
    else if (!file_exists(out)) /* not fetched by another while we waited */
        rc = fetch(cache, version, out, e);
    (void)close(lock);
    return rc;
}
