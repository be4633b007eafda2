/*
 * Connection strings put together from what connectors name: libpq's and ODBC's.
 * What comes out may hold a password. Thread rule: any thread. Private to the connector files.
 */
#ifndef ENGINE_CONNECTION_H
#define ENGINE_CONNECTION_H

#include "backend/base/buf.h"

struct connection_part {
    const char *name;
    const char *value; /* NULL: leave what the base has */
};

/* libpq keyword/value: the parts over `base` (a connection string or URI; NULL: nothing). The last
 * part has name NULL. */
enum err connection_libpq(const char *base, const struct connection_part *parts, struct buf *out,
                          struct errbuf *e) MUST_CHECK;

/* An ODBC string the same way. Servername, Port, Database, UID, PWD replace their aliases. */
enum err connection_odbc(const char *base, const struct connection_part *parts, struct buf *out,
                         struct errbuf *e) MUST_CHECK;

/* jdbc:postgresql://host:port/db?user=..&password=..&currentSchema=.. (also vertica). Fields are
 * NULL where the URL has none; all point into `memory`. */
struct jdbc_url {
    const char *server; /* "postgresql", "vertica" */
    const char *host;
    const char *port;
    const char *database;
    const char *user;
    const char *password;
    const char *schema;
    bool several_hosts; /* only the first was taken */
    char memory[2048];
};
enum err connection_parse_jdbc(const char *url, struct jdbc_url *out, struct errbuf *e) MUST_CHECK;

#endif
