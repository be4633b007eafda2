/*
 * A model on any bytes. From one that is accepted everything derives without a fault: DDL of both
 * dialects, with each object of a name of its own, diagrams, the page.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "backend/model/diagram.h"
#include "backend/model/docs.h"
#include "backend/model/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void make_schema(const struct model *m, const char *dialect)
{
    struct model_schema *s = NULL;
    struct errbuf e;
    struct buf script;
    must(model_schema_create(m, dialect, &s, &e) == ERR_OK);
    for (int i = 0; i < s->n && s->n < 200; i++)
        for (int k = 0; k < i; k++)
            must(!dialect_same_name(s->dialect, s->items[i].name, s->items[k].name));
    buf_init(&script, 0);
    model_schema_script(s, &script);
    must(!buf_failed(&script));
    buf_free(&script);
    model_schema_free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct model *m = NULL;
    struct faults faults;
    struct errbuf e;
    faults_init(&faults);
    enum err rc = model_parse((const char *)data, n, "m.yaml", &m, &faults, &e);
    must((rc == ERR_OK) == (m != NULL));
    must(rc != ERR_OK || !faults.total);
    must(rc == ERR_OK || e.text[0]);
    faults_free(&faults);
    if (!m)
        return 0;
    make_schema(m, "postgresql");
    make_schema(m, "vertica");
    struct buf out;
    buf_init(&out, 0);
    must(model_diagram_text(m, &out, &e) == ERR_OK);
    model_diagram_dot(m, &out);
    model_diagram_mermaid(m, &out);
    must(model_docs_write(m, NULL, "not asked", &out, &e) == ERR_OK);
    must(!buf_failed(&out));
    buf_free(&out);
    for (int i = 0; i < m->n_entities; i++)
        for (int k = 0; k < m->entities[i].n_attributes; k++) {
            struct wcolumn again;
            struct buf type;
            buf_init(&type, 0);
            model_type_text(&type, &m->entities[i].attributes[k].value);
            must(model_type_parse(buf_cstr(&type), &again));
            must(again.type == m->entities[i].attributes[k].value.type);
            buf_free(&type);
        }
    model_free(m);
    return 0;
}
