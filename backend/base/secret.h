/*
 * Secrets inside settings: finding them by name, and hiding them inside connection strings.
 * Thread rule: any thread.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stdbool.h>

#include "backend/base/buf.h"

#define SECRET_MASK "***"

/* True for a setting whose name says that its value is a secret: *password*, *secret*, pwd,
 * sasl.jaas.config, ssl.key.pem, *token, .. */
bool secret_name(const char *name);

/*
 * Appends `text` with every password in it replaced by SECRET_MASK: libpq keyword/value
 * (password=, password='..'), ODBC (PWD=, PWD={..}), URIs (user:password@, ?password=).
 */
void secret_mask(struct buf *out, const char *text);

#endif
