/*
 * Dashboards for whoever looks: what there is, and the figures of one (docs/control.md).
 *
 * Figures are asked in the caller's thread on a connection of their own, read only, at most
 * DASHBOARD_ROWS rows a panel. An answer is kept until the mart has run again, or somebody asks for
 * it anew. Ends with ERR_CANCELED when the stop of the caller's thread is asked (base/stop.h).
 *
 * Thread rule: create and destroy on one thread; the rest from any.
 */
#ifndef ENGINE_DASHBOARD_SERVICE_H
#define ENGINE_DASHBOARD_SERVICE_H

#include <jansson.h>

#include "backend/engine/config.h"
#include "backend/model/mart.h"

enum { DASHBOARD_ROWS = 10000 };

struct dashboard_service;

/* Configuration and marts outlive it. Connects to nothing. ERR_CONFIG: faults in dashboards. */
enum err dashboard_service_create(const struct config *c, const struct marts *marts,
                                  struct dashboard_service **out, struct faults *faults,
                                  struct errbuf *e) MUST_CHECK;
void dashboard_service_destroy(struct dashboard_service *s); /* NULL is fine */

enum err dashboard_service_list(const struct dashboard_service *s, json_t **result,
                                struct errbuf *e) MUST_CHECK;

/* params: name, from, to, panel, rows, refresh; all but the first may be missing. odbc: of the
 * warehouse. A panel that fails says so in the answer; ERR_CONNECT: the warehouse is away. */
enum err dashboard_service_data(struct dashboard_service *s, const char *odbc, const json_t *params,
                                json_t **result, struct errbuf *e) MUST_CHECK;

#endif
