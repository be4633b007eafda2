/* flightdeck version: what this program is, and the libraries it found at run time. */
#include <jansson.h>
#include <libpq-fe.h>
#include <librdkafka/rdkafka.h>
#include <sqlite3.h>
#include <stdio.h>
#include <yaml.h>

#include "console/exit_codes.h"
#include "console/options.h"

int cmd_version(int argc, char **argv)
{
    struct arguments a;
    int rc = arguments_read(argc, argv, &a);
    if (rc != EXIT_DONE)
        return rc;
    int pq = PQlibVersion();
    const char *form = arguments_flag(&a, "json")
                           ? "{\"version\":\"%s\",\"libpq\":\"%d.%d\",\"librdkafka\":\"%s\","
                             "\"sqlite\":\"%s\",\"jansson\":\"%s\",\"libyaml\":\"%s\"}\n"
                           : "flightdeck %s\nlibpq %d.%d, librdkafka %s, SQLite %s, jansson %s, "
                             "libyaml %s\n";
    (void)printf(form, FLIGHTDECK_VERSION, pq / 10000, pq % 10000, rd_kafka_version_str(),
                 sqlite3_libversion(), jansson_version_str(), yaml_get_version_string());
    return EXIT_DONE;
}
