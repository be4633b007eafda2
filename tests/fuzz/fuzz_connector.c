/* A connector's JSON on any bytes, as a client of the control socket may send it; every question is
 * asked of what is accepted, and what is written out is accepted again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "backend/engine/connector_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct connector *parse(const struct config *c, const char *text, size_t n)
{
    struct connector *k = NULL;
    struct faults faults;
    struct errbuf e;
    faults_init(&faults);
    enum err rc = connector_parse(c, text, n, "name", NULL, &k, &faults, &e);
    if ((rc == ERR_OK) != (k != NULL) || (rc == ERR_CONFIG && faults.total == 0))
        abort();
    faults_free(&faults);
    return k;
}

static void ask(const struct connector *k)
{
    struct buf schema, table;
    buf_init(&schema, 0);
    buf_init(&table, 0);
    if (k->kind == CONNECTOR_SOURCE) {
        (void)connector_table_snapshotted(&k->source, "public", "flights");
        (void)connector_message_included(&k->source, "prefix");
        if (!connector_topic_group(&k->source, "p.public.flights"))
            abort();
    } else {
        (void)connector_topic_included(&k->sink, "p.public.flights");
        connector_table_name(&k->sink, "p.public.flights", &schema, &table);
    }
    connector_show(k, &table);
    buf_free(&schema);
    buf_free(&table);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct config *config;
    static const char text[] = "source: {connection: host=a}\nkafka: {bootstrap.servers: k}\n"
                               "warehouse: {odbc: 'Driver=X;UID=u;PWD={a;b}'}\n";
    struct errbuf e;
    if (!config) {
        struct faults faults;
        faults_init(&faults);
        if (config_parse(text, sizeof text - 1, "/nowhere/c.yaml", &config, &faults, &e) != ERR_OK)
            abort();
    }
    /* Neither files of this machine nor repetitions, on which glibc's regcomp takes its time. */
    if (memmem(data, n, "file:", 5) || memchr(data, '\\', n) || memmem(data, n, "{1", 2))
        return 0;
    struct connector *k = parse(config, (const char *)data, n);
    if (!k)
        return 0;
    ask(k);
    struct buf out;
    buf_init(&out, 0);
    connector_write(k, &out);
    struct connector *again = parse(config, out.p, out.len);
    if (!again || strcmp(again->name, k->name) != 0)
        abort();
    connector_free(again);
    connector_free(k);
    buf_free(&out);
    return 0;
}
