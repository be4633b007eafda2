#include "console/demo_files.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/stack/process.h"
#include "config/assets.h"

/* Folders of the demo with what is embedded below these. */
static const struct {
    const char *folder;
    const char *assets;
} FOLDERS[] = {
    {"connectors", "config/airline/connectors/"},
    {"marts", "config/airline/marts/"},
    {"dashboards", "config/airline/dashboards/"},
    {"tests", "config/airline/tests/"},
    {"dags", "config/airline/dags/"},
};
static const char MODEL[] = "config/airline/model.yaml";

void demo_default_dir(char *out, size_t n)
{
    const char *xdg = getenv("XDG_DATA_HOME"), *home = getenv("HOME");

    if (xdg && *xdg)
        (void)snprintf(out, n, "%s/flightdeck/demo", xdg);
    else if (geteuid() == 0 || !home || !*home)
        (void)snprintf(out, n, "/var/lib/flightdeck/demo");
    else
        (void)snprintf(out, n, "%s/.local/share/flightdeck/demo", home);
}

void demo_remove_empty_parent(const char *dir)
{
    char usual[PATH_MAX];
    char parent[PATH_MAX];
    demo_default_dir(usual, sizeof usual);
    (void)snprintf(parent, sizeof parent, "%s", dir);
    char *last = strrchr(parent, '/');
    if (strcmp(usual, dir) != 0 || !last)
        return;
    *last = '\0';
    (void)rmdir(parent); /* what is not empty stays */
}

void demo_paths_make(const char *dir, struct demo_paths *out)
{
    (void)snprintf(out->config, sizeof out->config, "%s/flightdeck.yaml", dir);
    (void)snprintf(out->state, sizeof out->state, "%s/state", dir);
    (void)snprintf(out->socket, sizeof out->socket, "%s/state/control.sock", dir);
    (void)snprintf(out->engine_pid, sizeof out->engine_pid, "%s/engine.pid", dir);
    (void)snprintf(out->engine_log, sizeof out->engine_log, "%s/engine.log", dir);
}

static void add_quoted(struct buf *b, const char *key, const char *value)
{
    buf_printf(b, "%s: ", key);
    buf_json_string(b, value, strlen(value)); /* is a YAML string, too */
    buf_ch(b, '\n');
}

static void add_variables(const struct stack *s, const char *password, struct buf *b)
{
    buf_printf(b,
               "variables:\n"
               "  SOURCE_HOST: 127.0.0.1\n  SOURCE_PORT: \"%d\"\n  SOURCE_DATABASE: airline\n"
               "  SOURCE_USER: flightdeck\n",
               stack_port(s, STACK_PRIMARY));
    add_quoted(b, "  SOURCE_PASSWORD", password);
    buf_printf(b,
               "  WAREHOUSE_HOST: 127.0.0.1\n  WAREHOUSE_PORT: \"%d\"\n"
               "  WAREHOUSE_DATABASE: dwh\n  WAREHOUSE_USER: flightdeck\n",
               stack_port(s, STACK_WAREHOUSE));
    add_quoted(b, "  WAREHOUSE_PASSWORD", password);
}

static void add_connection(const struct stack *s, enum stack_server server, const char *password,
                           const char *key, struct buf *b)
{
    struct buf text;

    buf_init(&text, 4096);
    stack_format_conninfo(s, server, password, &text);
    add_quoted(b, key, buf_cstr(&text));
    buf_free(&text);
}

static void config_format(const struct stack *s, struct buf *b)
{
    char password[1200];
    struct buf odbc;

    (void)snprintf(password, sizeof password, "${file:%s}", stack_password_file(s));
    buf_init(&odbc, 8192);
    stack_format_odbc(s, password, &odbc);
    buf_lit(b, "# The demo's configuration. `flightdeck demo` writes it anew at each start:\n"
               "# copy it elsewhere to change it, and give the copy with --config.\n"
               "environment: {name: airline, kind: demo}\n"
               "state_dir: state\n"
               "log: {format: text, level: info, file: engine.log}\n");
    add_variables(s, password, b);
    buf_printf(b, "kafka:\n  bootstrap.servers: \"%s\"\nsource:\n", stack_bootstrap(s));
    add_connection(s, STACK_PRIMARY, password, "  connection", b);
    add_connection(s, STACK_STANDBY, password, "  standby", b);
    buf_lit(b, "  topic_prefix: postgres\nwarehouse:\n");
    add_quoted(b, "  odbc", buf_cstr(&odbc));
    buf_lit(b, "  dialect: postgresql\n  schema: raw\nconnectors: [connectors]\n"
               "model: model.yaml\nmarts: [marts]\ndashboards: [dashboards]\ntests: [tests]\ndags: "
               "[dags]\n");
    buf_free(&odbc);
}

/* What is there stays: it may have been changed by hand. */
static enum err write_folder(const struct stack *s, const char *folder, const char *assets,
                             struct errbuf *e)
{
    char path[DEMO_PATH_MAX];
    size_t n = strlen(assets);

    (void)snprintf(path, sizeof path, "%s/%s", stack_dir(s), folder);
    enum err rc = file_mkdirs(path, 0700, e);
    for (int i = 0; rc == ERR_OK && asset_path(i); i++) {
        const char *name = asset_path(i);
        if (strncmp(name, assets, n) != 0)
            continue;
        (void)snprintf(path, sizeof path, "%s/%s/%s", stack_dir(s), folder, name + n);
        if (!file_exists(path))
            rc = file_write(path, asset_text(name), 0600, NULL, e);
    }
    return rc;
}

enum err demo_files_write(const struct stack *s, struct errbuf *e)
{
    char path[DEMO_PATH_MAX];
    struct demo_paths paths = {.config = ""};
    struct buf b;
    enum err rc;

    demo_paths_make(stack_dir(s), &paths);
    buf_init(&b, 65536);
    config_format(s, &b);
    rc = buf_check(&b, paths.config, e);
    if (rc == ERR_OK)
        rc = file_write(paths.config, buf_cstr(&b), 0600, NULL, e);
    buf_free(&b);
    if (rc == ERR_OK)
        rc = file_mkdirs(paths.state, 0700, e);
    (void)snprintf(path, sizeof path, "%s/model.yaml", stack_dir(s));
    if (rc == ERR_OK && !file_exists(path))
        rc = file_write(path, asset_text(MODEL), 0600, NULL, e);
    for (size_t i = 0; rc == ERR_OK && i < sizeof FOLDERS / sizeof FOLDERS[0]; i++)
        rc = write_folder(s, FOLDERS[i].folder, FOLDERS[i].assets, e);
    return rc;
}
