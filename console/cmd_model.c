/* flightdeck model ddl. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "backend/base/log.h"
#include "backend/model/schema.h"
#include "console/exit_codes.h"
#include "console/options.h"
#include "console/report.h"

/* What every verb works with. */
struct model_command {
    const struct arguments *a;
    struct config *config; /* NULL: none was needed and none is there */
    struct model *model;
};

/* --model FILE needs no configuration; one that is given must be right, one that is only found is
 * used where it can be: for the dialect and the servers. */
static int read_config(struct model_command *c, bool needed)
{
    struct errbuf e;
    if (needed || c->a->config)
        return arguments_config(c->a, &c->config);
    if (config_load(NULL, &c->config, &e))
        c->config = NULL;
    return EXIT_DONE;
}

static int read_model(struct model_command *c)
{
    struct errbuf e;
    const char *file = arguments_value(c->a, "model");
    if (!file)
        file = c->config->model;
    if (!file)
        return command_fail(c->a, EXIT_USAGE,
                            "%s names no model. Give one with --model FILE, or as `model: "
                            "model.yaml`; `flightdeck model infer` writes a first one from the "
                            "source's catalog",
                            c->config->file);
    enum err rc = model_load_file(file, &c->model, &e);
    if (rc == ERR_NOT_FOUND)
        return command_fail(c->a, EXIT_USAGE, "%s", e.text);
    return rc ? report_error("model", &e) : EXIT_DONE;
}

static int print(const struct model_command *c, struct buf *out)
{
    struct errbuf e = {0};
    if (buf_check(out, "the answer", &e))
        return report_error("model", &e);
    if ((fwrite(out->p, 1, out->len, stdout) != out->len || fflush(stdout) != 0) && errno != EPIPE)
        return command_fail(c->a, EXIT_FAILED, "cannot write to the standard output: %m");
    return EXIT_DONE;
}

static int ddl(struct model_command *c)
{
    struct errbuf e;
    struct buf out;
    struct model_schema *s = NULL;
    const char *dialect = arguments_value(c->a, "dialect");
    if (!dialect)
        dialect = c->config ? config_dialect_word(c->config) : "postgresql";
    int code = EXIT_DONE;
    buf_init(&out, 0);
    if (model_schema_create(c->model, dialect, &s, &e)) {
        code = report_error("model", &e);
    } else {
        model_schema_script(s, &out);
        code = print(c, &out);
    }
    model_schema_free(s);
    buf_free(&out);
    return code;
}

static const struct {
    const char *name;
    int (*run)(struct model_command *c);
} verbs[] = {{"ddl", ddl}};

int cmd_model(int argc, char **argv)
{
    struct arguments a;
    struct model_command c = {.a = &a};
    int code = arguments_read(argc, argv, &a);
    if (code)
        return code;
    log_configure(STDERR_FILENO, LOG_TEXT, LOG_ERROR);
    code = read_config(&c, !arguments_value(&a, "model"));
    if (!code)
        code = read_model(&c);
    for (size_t i = 0; !code && i < sizeof verbs / sizeof verbs[0]; i++)
        if (!strcmp(verbs[i].name, a.verb->name)) {
            code = verbs[i].run(&c);
            break;
        }
    model_free(c.model);
    config_free(c.config);
    return code;
}
