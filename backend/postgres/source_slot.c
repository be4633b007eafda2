/* Slots, the WAL position, the clock, messages in the WAL. */
#include <stdio.h>
#include <string.h>

#include "backend/postgres/source_internal.h"

static enum err take_slot(void *arg, const struct cell *c, int n, struct errbuf *e)
{
    struct source_slot *slot = arg;
    (void)n;
    (void)e;
    slot->exists = true;
    slot->active = source_cell_true(&c[0]);
    slot->active_pid = (int)source_cell_int(&c[1], 0);
    source_cell_copy(&c[2], slot->plugin, sizeof slot->plugin);
    source_cell_copy(&c[3], slot->database, sizeof slot->database);
    source_cell_copy(&c[4], slot->wal_status, sizeof slot->wal_status);
    slot->confirmed_lsn = source_cell_lsn(&c[5]);
    slot->restart_lsn = source_cell_lsn(&c[6]);
    slot->safe_wal_bytes = source_cell_int(&c[7], -1);
    slot->retained_bytes = source_cell_int(&c[8], 0);
    return ERR_OK;
}

enum err source_slot_get(struct source *s, const char *slot, struct source_slot *out,
                         struct errbuf *e)
{
    const char *params[] = {slot};
    *out = (struct source_slot){.safe_wal_bytes = -1};
    return source_run(s, "slot", 1, params, take_slot, out, "cannot look at the replication slot",
                      e);
}

enum err source_slot_drop(struct source *s, const char *slot, struct errbuf *e)
{
    const char *params[] = {slot};
    return source_run(s, "slot_drop", 1, params, NULL, NULL, "cannot drop the replication slot", e);
}

static enum err take_lsn(void *arg, const struct cell *c, int n, struct errbuf *e)
{
    (void)n;
    (void)e;
    *(uint64_t *)arg = source_cell_lsn(&c[0]);
    return ERR_OK;
}

enum err source_wal_lsn(struct source *s, uint64_t *out, struct errbuf *e)
{
    *out = 0;
    return source_run(s, "wal_lsn", 0, NULL, take_lsn, out, "cannot read the WAL position", e);
}

static enum err take_clock(void *arg, const struct cell *c, int n, struct errbuf *e)
{
    (void)n;
    (void)e;
    *(int64_t *)arg = source_cell_int(&c[0], 0);
    return ERR_OK;
}

enum err source_clock(struct source *s, int64_t *out, struct errbuf *e)
{
    *out = 0;
    return source_run(s, "clock", 0, NULL, take_clock, out, "cannot read the source's clock", e);
}

enum err source_emit_message(struct source *s, const char *prefix, const char *content,
                             struct errbuf *e)
{
    const char *params[] = {prefix, content};
    return source_run(s, "emit_message", 2, params, NULL, NULL,
                      "cannot write a message into the WAL", e);
}
