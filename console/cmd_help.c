/* flightdeck help: the pages that derive from the command table and the schema. */
#include <stdio.h>
#include <string.h>

#include "backend/base/nearest.h"
#include "backend/engine/connector_config.h"
#include "backend/schedule/dag.h"
#include "console/exit_codes.h"
#include "console/options.h"

static void page_configuration(struct buf *out)
{
    buf_lit(out, "# Configuration\n\n"
                 "Written by `flightdeck help --configuration`; `make docs` renews it.\n\n"
                 "## flightdeck.yaml\n\n"
                 "Looked for in this order: `--config FILE`, `$FLIGHTDECK_CONFIG`, "
                 "`./flightdeck.yaml`, `~/.config/flightdeck/flightdeck.yaml` (or below "
                 "`$XDG_CONFIG_HOME`), `/etc/flightdeck/flightdeck.yaml`. Relative paths start at "
                 "the file's folder.\n\n"
                 "In every value `${NAME}` is a variable (`variables`, else the environment), "
                 "`${env:NAME}` the environment alone, `${file:PATH}` the content of a file, "
                 "`${file:PATH:KEY}` one key of a properties file, `$${` a literal `${`. What is "
                 "not defined is an error. `flightdeck config check` names every fault with file "
                 "and line; `flightdeck config show` prints what is in force, secrets masked.\n\n");
    config_reference(out);
    buf_lit(out,
            "\n## Source connectors\n\n"
            "Kafka Connect's JSON, `{\"name\": .., \"config\": {..}}` or the flat object, with "
            "`\"connector.class\": \"io.debezium.connector.postgresql.PostgresConnector\"`. "
            "Keys of Debezium's connector, and what each does here. An unknown key is an "
            "error. *No effect* is named in a warning; *refused* is an error, because "
            "leaving it out would change the data.\n\n");
    connector_reference(CONNECTOR_SOURCE, out);
    buf_lit(out, "\n## Sink connectors\n\n"
                 "The same for `io.confluent.vertica.VerticaSinkConnector`, "
                 "`io.confluent.connect.jdbc.JdbcSinkConnector` and "
                 "`io.debezium.connector.jdbc.JdbcSinkConnector`, which all name the built-in "
                 "sink.\n\n");
    connector_reference(CONNECTOR_SINK, out);
    buf_lit(out,
            "\n## DAGs\n\nOne YAML file a DAG, in the folders of `dags`. How to write one: "
            "[dags.md](dags.md). `flightdeck config check` names every fault. Times are written "
            "`90` (seconds), `500ms`, `30s`, `5m`, `1h 30m`, `2d`.\n\n");
    dag_keys_reference(out);
}

static int page_of(const struct arguments *a, struct buf *out)
{
    if (arguments_flag(a, "man")) {
        command_page_manual(out);
    } else if (arguments_flag(a, "bash")) {
        command_page_bash(out);
    } else if (arguments_flag(a, "zsh")) {
        command_page_zsh(out);
    } else if (arguments_flag(a, "markdown")) {
        command_page_markdown(out);
    } else if (arguments_flag(a, "configuration")) {
        page_configuration(out);
    } else if (a->n == 0) {
        command_page_overview(out);
    } else {
        const struct command *c = command_find(a->words[0]), *other;
        struct nearest near;
        char hint[128];
        nearest_start(&near, a->words[0]);
        for (int i = 0; !c && (other = command_at(i)); i++)
            nearest_offer(&near, other->name);
        if (!c)
            return command_fail(a, EXIT_USAGE, "no such command `%s`%s", a->words[0],
                                nearest_hint(&near, hint, sizeof hint));
        command_page_one(c, out);
    }
    return EXIT_DONE;
}

int cmd_help(int argc, char **argv)
{
    struct arguments a;
    struct buf out;
    int rc = arguments_read(argc, argv, &a);
    if (rc != EXIT_DONE)
        return rc;
    buf_init(&out, 0);
    rc = page_of(&a, &out);
    if (rc == EXIT_DONE && buf_failed(&out))
        rc = command_fail(&a, EXIT_FAILED, "no memory for the page");
    else if (rc == EXIT_DONE)
        (void)fwrite(out.p, 1, out.len, stdout); /* a failure is said at the program's end */
    buf_free(&out);
    return rc;
}
