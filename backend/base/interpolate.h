/*
 * ${NAME} and ${file:PATH} in configuration values.
 *
 *   ${NAME}            a variable of the configuration, else of the environment
 *   ${env:NAME}        of the environment alone (Kafka Connect's EnvVarConfigProvider)
 *   ${file:PATH}       the content of a file without its last line break
 *   ${file:PATH:KEY}   the value of KEY in a properties file (Connect's FileConfigProvider)
 *   $${                a literal ${
 * A relative PATH starts at `directory`. What is not defined is an error: an empty password or host
 * would fail later and elsewhere. Thread rule: any thread (as getenv).
 */
#ifndef BASE_INTERPOLATE_H
#define BASE_INTERPOLATE_H

#include "backend/base/buf.h"

struct interpolate {
    const char *const *variables; /* name, value, .., NULL; may be NULL */
    const char *directory;        /* may be NULL: the working directory */
    const char *const *keep;      /* names left as they are (templates: "topic"), NULL-terminated */
};

/* Appends the value to out. On an error `e` says what, without the value. */
enum err interpolate(const struct interpolate *in, const char *text, struct buf *out,
                     struct errbuf *e) MUST_CHECK;

/* The value of `name` in a NULL-terminated name, value, .. list, or NULL. */
const char *pairs_get(const char *const *pairs, const char *name);

#endif
