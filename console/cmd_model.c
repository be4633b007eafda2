/* flightdeck model: DDL, diagram, docs, check of a model, and a first one from a catalog. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "backend/base/log.h"
#include "backend/engine/model_source.h"
#include "backend/model/diagram.h"
#include "backend/model/schema.h"
#include "console/exit_codes.h"
#include "console/model_command.h"
#include "console/report.h"

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

static int find_model(struct model_command *c)
{
    c->file = arguments_value(c->a, "model");
    if (!c->file)
        c->file = c->config->model;
    return c->file ? EXIT_DONE
                   : command_fail(c->a, EXIT_USAGE,
                                  "%s names no model. Give one with --model FILE, or as `model: "
                                  "model.yaml`; `flightdeck model infer` writes a first one from "
                                  "the source's catalog",
                                  c->config->file);
}

static int read_model(struct model_command *c)
{
    struct errbuf e;
    enum err rc = model_load_file(c->file, &c->model, &e);
    if (rc == ERR_NOT_FOUND)
        return command_fail(c->a, EXIT_USAGE, "%s", e.text);
    return rc ? report_error("model", &e) : EXIT_DONE;
}

int model_print(struct buf *out)
{
    struct errbuf e = {0};
    if (buf_check(out, "the answer", &e))
        return report_error("model", &e);
    (void)fwrite(out->p, 1, out->len, stdout); /* a failure is said at the program's end */
    return EXIT_DONE;
}

int model_save(const struct model_command *c, const char *path, struct buf *out)
{
    struct errbuf e = {0};
    if (buf_check(out, "the model", &e))
        return report_error("model", &e);
    FILE *f = fopen(path, "wxe");
    if (!f)
        return command_fail(c->a, EXIT_FAILED,
                            errno == EEXIST ? "%s is there already, perhaps changed by hand: write "
                                              "to another file and compare"
                                            : "cannot write %s: %m",
                            path);
    bool written = fwrite(out->p, 1, out->len, f) == out->len;
    if (fclose(f) != 0 || !written) {
        (void)remove(path);
        return command_fail(c->a, EXIT_FAILED, "cannot write %s: %m", path);
    }
    (void)fprintf(stderr, "wrote %s\n", path);
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
        code = model_print(&out);
    }
    model_schema_free(s);
    buf_free(&out);
    return code;
}

static int diagram(struct model_command *c)
{
    const char *format = arguments_value(c->a, "format");
    struct errbuf e = {0};
    struct buf out;
    enum err rc = ERR_OK;
    buf_init(&out, 0);
    if (format && !strcmp(format, "dot"))
        model_diagram_dot(c->model, &out);
    else if (format && !strcmp(format, "mermaid"))
        model_diagram_mermaid(c->model, &out);
    else
        rc = model_diagram_text(c->model, &out, &e);
    int code = rc ? report_error("model", &e) : model_print(&out);
    buf_free(&out);
    return code;
}

/* ---- infer ---- */

static int infer(struct model_command *c)
{
    const struct model_source_options o = {.conninfo = c->a->words[0],
                                           .config = c->config,
                                           .schema = arguments_value(c->a, "schema"),
                                           .table = arguments_value(c->a, "table"),
                                           .values = true};
    const char *path = arguments_value(c->a, "output");
    struct model_source *source = NULL;
    struct errbuf e = {0};
    struct buf out;
    int code;
    buf_init(&out, 0);
    enum err rc = model_source_read(&o, &source, &e);
    if (!rc)
        rc = infer_model(&source->catalog, &out, &e);
    if (rc)
        code = report_error("model", &e);
    else
        code = path ? model_save(c, path, &out) : model_print(&out);
    model_source_free(source);
    buf_free(&out);
    return code;
}

static const struct {
    const char *name;
    enum { NO_MODEL, MODEL_NAMED, MODEL_READ } needs;
    int (*run)(struct model_command *c);
} verbs[] = {
    {"check", MODEL_NAMED, model_check}, {"ddl", MODEL_READ, ddl},
    {"diagram", MODEL_READ, diagram},    {"docs", MODEL_READ, model_docs},
    {"infer", NO_MODEL, infer},
};

int cmd_model(int argc, char **argv)
{
    struct arguments a;
    struct model_command c = {.a = &a};
    int code = arguments_read(argc, argv, &a);
    if (code)
        return code;
    log_configure(STDERR_FILENO, LOG_TEXT, LOG_ERROR);
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (strcmp(verbs[i].name, a.verb->name) != 0)
            continue;
        code = read_config(&c, verbs[i].needs == NO_MODEL ? !a.words[0]
                                                          : !arguments_value(&a, "model"));
        if (!code && verbs[i].needs != NO_MODEL)
            code = find_model(&c);
        if (!code && verbs[i].needs == MODEL_READ)
            code = read_model(&c);
        if (!code)
            code = verbs[i].run(&c);
        break;
    }
    model_free(c.model);
    config_free(c.config);
    return code;
}
