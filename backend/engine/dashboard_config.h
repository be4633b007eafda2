/*
 * The dashboards that a configuration declares, read and compared with its marts.
 *
 * Ownership: the set is the caller's (dashboards_free). Thread rule: any thread.
 */
#ifndef ENGINE_DASHBOARD_CONFIG_H
#define ENGINE_DASHBOARD_CONFIG_H

#include "backend/engine/config.h"
#include "backend/model/dashboard.h"
#include "backend/model/mart.h"

/* ERR_CONFIG: every fault of every file is in `faults`, and in `e` as text. A configuration without
 * dashboards has an empty set. *out NULL on an error. */
enum err dashboard_load_all(const struct config *c, const struct marts *marts,
                            struct dashboards **out, struct faults *faults,
                            struct errbuf *e) MUST_CHECK;

#endif
