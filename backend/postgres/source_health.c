/* Health of one server. */
#include "backend/postgres/source_internal.h"

static const double US_PER_S = 1e6;

static enum err take_health(void *arg, const struct cell *c, int n, struct errbuf *e)
{
    struct source_health *h = arg;
    (void)n;
    (void)e;
    h->in_recovery = source_cell_true(&c[0]);
    h->version = (int)source_cell_int(&c[1], 0);
    h->lsn = source_cell_lsn(&c[2]);
    h->receive_lsn = source_cell_lsn(&c[3]);
    h->replay_lag_seconds = (double)source_cell_int(&c[4], 0) / US_PER_S;
    h->n_standbys = (int)source_cell_int(&c[5], 0);
    h->standby_lag_bytes = source_cell_int(&c[6], -1);
    h->longest_transaction_us = source_cell_int(&c[7], 0);
    return ERR_OK;
}

enum err source_health_get(struct source *s, struct source_health *out, struct errbuf *e)
{
    *out = (struct source_health){.standby_lag_bytes = -1};
    return source_run(s, "health", 0, NULL, take_health, out, "cannot read the server's health", e);
}
