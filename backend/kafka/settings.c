#include "backend/kafka/conf.h"
#include "backend/kafka/kafka.h"

enum err kafka_setting_check(const char *name, const char *value, struct errbuf *e)
{
    /* A list of settings must name a broker; the one at hand goes last, so it wins. */
    const char *const list[] = {"bootstrap.servers", "localhost", name, value, NULL};
    rd_kafka_conf_t *conf = NULL;
    enum err rc = kafka_conf_make(NULL, list, NULL, NULL, &conf, e);
    if (conf)
        rd_kafka_conf_destroy(conf);
    return rc;
}
