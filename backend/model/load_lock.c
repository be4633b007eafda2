#include "backend/model/load_lock.h"

#include <inttypes.h>
#include <stdio.h>

#include "backend/base/log.h"
#include "backend/model/load_run.h"
#include "backend/model/sql.h"

enum { PATIENCE_MS = 60000, HOLDER_MAX = 300, KEY_MAX = 24 };

static const char *query(const struct model_loader *l, const char *name)
{
    return model_query(dialect_find(warehouse_dialect(l->w)), name);
}

/* The lock is the schema's, whatever the model in it is called. */
static void key_text(const struct model_loader *l, char key[KEY_MAX])
{
    static const char what[] = "flightdeck model ";
    uint64_t h = 14695981039346656037U; /* FNV-1a */
    for (const char *c = what; *c; c++)
        h = (h ^ (unsigned char)*c) * 1099511628211U;
    for (const char *c = l->m->schema; *c; c++)
        h = (h ^ (unsigned char)*c) * 1099511628211U;
    (void)snprintf(key, KEY_MAX, "%" PRIu64, h >> 1);
}

enum err load_lock_try(struct model_loader *l, bool *got, struct errbuf *e)
{
    char key[KEY_MAX];
    const char *const params[] = {key};
    int64_t yes = 1;
    enum err r = ERR_OK;
    key_text(l, key);
    if (query(l, "lock_try"))
        r = model_number(l->w, query(l, "lock_try"), 1, params, &yes, e);
    *got = !r && yes;
    return r;
}

/* Who has it; "" when nobody has by now, or the server does not say. */
static void read_holder(struct model_loader *l, const char *key, char out[HOLDER_MAX])
{
    struct warehouse_rows *rows = NULL;
    const struct cell *c;
    const char *const params[] = {key};
    out[0] = '\0';
    if (!warehouse_query(l->w, query(l, "lock_holder"), 1, params, &rows, NULL) &&
        !warehouse_rows_next(rows, &c, NULL))
        (void)snprintf(out, HOLDER_MAX, " (%.*s)", (int)c[0].len, c[0].p ? c[0].p : "");
    warehouse_rows_close(rows);
}

static enum err ask(struct model_loader *l, const char *name, const char *param, struct errbuf *e)
{
    struct warehouse_rows *rows = NULL;
    const struct cell *c;
    enum err r = warehouse_query(l->w, query(l, name), 1, &param, &rows, e);
    if (!r)
        r = warehouse_rows_next(rows, &c, e);
    warehouse_rows_close(rows);
    return r;
}

/* The transaction is for the time limit, which ends with it; the lock stays. */
static enum err wait_for(struct model_loader *l, const char *key, struct errbuf *e)
{
    char patience[24];
    struct errbuf ignored;
    (void)snprintf(patience, sizeof patience, "%d", l->patience_ms ? l->patience_ms : PATIENCE_MS);
    enum err r = warehouse_begin(l->w, e);
    if (!r)
        r = ask(l, "lock_patience", patience, e);
    if (!r)
        r = ask(l, "lock_wait", key, e);
    if (!r)
        return warehouse_commit(l->w, e);
    (void)!warehouse_rollback(l->w, &ignored); /* a lost link is told by the first error */
    return r;
}

enum err load_lock(struct model_loader *l, struct errbuf *e)
{
    char key[KEY_MAX];
    char holder[HOLDER_MAX];
    bool got = false;
    enum err r = load_lock_try(l, &got, e);
    if (r || got)
        return r;
    key_text(l, key);
    read_holder(l, key, holder);
    log_info("model", "another engine%s is loading %s: waiting for it", holder, l->m->schema);
    r = wait_for(l, key, e);
    if (r != ERR_RETRY)
        return r;
    read_holder(l, key, holder);
    return err_set(e, ERR_RETRY,
                   "another engine%s has been loading the schema %s for %d s: one engine a model; "
                   "stop one of the two, or give the models schemas of their own",
                   holder, l->m->schema, (l->patience_ms ? l->patience_ms : PATIENCE_MS) / 1000);
}

void load_unlock(struct model_loader *l)
{
    char key[KEY_MAX];
    struct errbuf lost;
    key_text(l, key);
    if (query(l, "lock_leave"))
        (void)!ask(l, "lock_leave", key, &lost);
}
