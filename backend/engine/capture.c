#include "backend/engine/capture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "backend/base/clock.h"
#include "backend/base/log.h"
#include "backend/engine/capture_run.h"
#include "backend/envelope/topic.h"

enum { OWN_TOPICS = 3, NAMED_MAX = 10 };

#define NEW_SNAPSHOT "Set snapshot.mode=when_needed to take a new snapshot"

struct capture *capture_create(const struct capture_options *o)
{
    struct capture *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->o = o;
    (void)pthread_mutex_init(&c->mutex, NULL);
    position_init(&c->position);
    if (asprintf(&c->offsets_topic, "%s.__offsets", o->source->topic_prefix) < 0)
        c->offsets_topic = NULL;
    if (asprintf(&c->schemas_topic, "%s.__schemas", o->source->topic_prefix) < 0)
        c->schemas_topic = NULL;
    if (!c->offsets_topic || !c->schemas_topic) {
        capture_destroy(c);
        return NULL;
    }
    return c;
}

void capture_destroy(struct capture *c)
{
    if (!c)
        return;
    free(c->offsets_topic);
    free(c->schemas_topic);
    free(c->database);
    (void)pthread_mutex_destroy(&c->mutex);
    free(c);
}

void capture_stop(struct capture *c)
{
    c->stop = true;
    (void)pthread_mutex_lock(&c->mutex);
    if (c->replication)
        replication_interrupt(c->replication);
    (void)pthread_mutex_unlock(&c->mutex);
}

/* ---- what a run starts from ---- */

static bool included(void *arg, const char *schema, const char *table)
{
    return connector_table_included(arg, schema, table);
}

static enum err list_tables(struct capture *c, struct errbuf *e)
{
    enum err rc = source_list_tables(c->source, &c->tables, e);
    if (rc)
        return rc;
    int kept = 0;
    for (int i = 0; i < c->tables.n; i++) {
        struct source_table *t = &c->tables.items[i];
        if (connector_table_included(c->o->source, t->schema, t->name)) {
            struct source_table swap = c->tables.items[kept];
            c->tables.items[kept++] = *t;
            c->tables.items[i] = swap;
        }
    }
    /* those left out go to the end of the list, to be freed with it */
    for (int i = kept; i < c->tables.n; i++) {
        free(c->tables.items[i].schema);
        free(c->tables.items[i].name);
    }
    c->tables.n = kept;
    if (!kept)
        return err_set(e, ERR_CONFIG,
                       "no table of database %s is captured: there is none that fits %s",
                       source_database(c->source), c->o->source->tables_key);
    return ERR_OK;
}

/* PostgreSQL refuses the UPDATE and DELETE of a published table whose rows it cannot name: whoever
 * writes to it has to be told before they wonder. */
static void warn_of_identities(const struct capture *c)
{
    struct buf names;
    int n = 0;
    buf_init(&names, 0);
    for (int i = 0; i < c->tables.n; i++) {
        const struct source_table *t = &c->tables.items[i];
        if (t->identity != 'n' && (t->identity != 'd' || t->has_key))
            continue;
        if (n++ < NAMED_MAX)
            buf_printf(&names, "%s%s.%s", names.len ? ", " : "", t->schema, t->name);
    }
    if (n)
        log_warning("capture",
                    "%s: %d table%s no key and no replica identity (%s%s): where published, "
                    "PostgreSQL refuses UPDATE and DELETE of such rows. ALTER TABLE "
                    ".. REPLICA IDENTITY FULL, or leave them out by table.exclude.list",
                    c->o->name, n, n == 1 ? " has" : "s have", buf_cstr(&names),
                    n > NAMED_MAX ? ", .." : "");
    buf_free(&names);
}

static void own_topics(const struct capture *c, struct kafka_topic_spec *out)
{
    static const char *const compacted[] = {"cleanup.policy",
                                            "compact",
                                            "segment.bytes",
                                            "16777216",
                                            "min.cleanable.dirty.ratio",
                                            "0.2",
                                            NULL};
    int replication =
        (int)connector_topic_group(c->o->source, c->offsets_topic)->replication_factor;
    out[0] = (struct kafka_topic_spec){c->offsets_topic, 1, replication, compacted};
    out[1] = (struct kafka_topic_spec){c->schemas_topic, 1, replication, compacted};
    out[2] = (struct kafka_topic_spec){c->o->source->heartbeat_topic, 1, replication, NULL};
}

static void table_topic(const struct capture *c, const char *name, struct kafka_topic_spec *out)
{
    const struct topic_group *g = connector_topic_group(c->o->source, name);
    *out = (struct kafka_topic_spec){name, (int)g->partitions, (int)g->replication_factor,
                                     g->properties};
}

/* Two tables whose names differ only in characters that Kafka refuses would share a topic. */
static enum err name_topic(struct capture *c, int i, char **names, struct errbuf *e)
{
    const struct source_table *t = &c->tables.items[i];
    struct buf b;
    buf_init(&b, 0);
    enum err rc = topic_name_of_table(c->o->source->topic_prefix, t->schema, t->name, &b, e);
    if (!rc && !(names[i] = strdup(buf_cstr(&b))))
        rc = err_set(e, ERR_NOMEM, "no memory for topics");
    buf_free(&b);
    for (int k = 0; k < i && !rc; k++)
        if (!strcmp(names[k], names[i]))
            rc = err_set(e, ERR_CONFIG,
                         "tables %s.%s and %s.%s would share the topic %s: leave one out by "
                         "table.exclude.list",
                         c->tables.items[k].schema, c->tables.items[k].name, t->schema, t->name,
                         names[i]);
    return rc;
}

static bool known(const struct source_tables *t, const struct relation *r)
{
    for (int i = 0; i < t->n; i++)
        if (!strcmp(t->items[i].schema, r->schema) && !strcmp(t->items[i].name, r->name))
            return true;
    return false;
}

static enum err remember(struct source_tables *t, const struct relation *r, struct errbuf *e)
{
    struct source_table *grown = realloc(t->items, ((size_t)t->n + 1) * sizeof *grown);
    if (!grown)
        return err_set(e, ERR_NOMEM, "no memory for a table");
    t->items = grown;
    struct source_table *x = &grown[t->n];
    *x = (struct source_table){.schema = strdup(r->schema), .name = strdup(r->name)};
    t->n++;
    return x->schema && x->name ? ERR_OK : err_set(e, ERR_NOMEM, "no memory for a table");
}

/* A table that was made while we stream: its topic does not exist yet. */
static enum err met(void *arg, const struct relation *r, struct errbuf *e)
{
    struct capture *c = arg;
    struct kafka_admin *admin = NULL;
    struct kafka_topic_spec spec;
    char **names = NULL;
    if (known(&c->tables, r))
        return ERR_OK;
    enum err rc = remember(&c->tables, r, e);
    if (rc || !c->o->source->topic_creation)
        return rc;
    names = calloc((size_t)c->tables.n, sizeof *names);
    rc = names ? ERR_OK : err_set(e, ERR_NOMEM, "no memory for topics");
    for (int i = 0; i < c->tables.n && !rc; i++)
        rc = name_topic(c, i, names, e);
    if (!rc) {
        table_topic(c, names[c->tables.n - 1], &spec);
        rc = kafka_admin_create(c->o->kafka, &admin, e);
    }
    if (!rc)
        rc = kafka_admin_ensure_topics(admin, &spec, 1, e);
    kafka_admin_destroy(admin);
    for (int i = 0; names && i < c->tables.n; i++)
        free(names[i]);
    free(names);
    return rc;
}

static enum err ensure_topics(struct capture *c, struct errbuf *e)
{
    int n = c->tables.n + OWN_TOPICS;
    struct kafka_admin *admin = NULL;
    struct kafka_topic_spec *specs = calloc((size_t)n, sizeof *specs);
    char **names = calloc((size_t)n, sizeof *names);
    enum err rc = specs && names ? ERR_OK : err_set(e, ERR_NOMEM, "no memory for topics");
    for (int i = 0; i < c->tables.n && !rc; i++) {
        rc = name_topic(c, i, names, e);
        if (rc)
            break;
        table_topic(c, names[i], &specs[i + OWN_TOPICS]);
    }
    if (!rc) {
        own_topics(c, specs);
        rc = kafka_admin_create(c->o->kafka, &admin, e);
    }
    /* ours are made in any case; the tables' only where the connector may */
    if (!rc)
        rc = kafka_admin_ensure_topics(admin, specs, c->o->source->topic_creation ? n : OWN_TOPICS,
                                       e);
    kafka_admin_destroy(admin);
    for (int i = 0; names && i < n; i++)
        free(names[i]);
    free(names);
    free(specs);
    return rc;
}

/* What the events need to know, of the connector and of the database that it reads. */
static enum err set_changes(struct capture *c, struct errbuf *e)
{
    const struct source_config *s = c->o->source;
    free(c->database);
    c->database = strdup(source_database(c->source));
    if (!c->database)
        return err_set(e, ERR_NOMEM, "no memory for a name");
    c->changes = (struct changes_options){
        .envelope = {.prefix = s->topic_prefix,
                     .database = c->database,
                     .version = FLIGHTDECK_VERSION,
                     .placeholder = s->placeholder,
                     .decimals = s->decimals,
                     .times = s->times,
                     .binary = s->binary,
                     .intervals = s->intervals,
                     .hstore = s->hstore,
                     .overflow = OVERFLOW_CLAMP,
                     .inline_schema_key = s->schemas_inline_key,
                     .inline_schema_value = s->schemas_inline_value},
        .schemas_topic = c->schemas_topic,
        .tombstones = s->tombstones_on_delete,
        .skip_create = s->skip_create,
        .skip_update = s->skip_update,
        .skip_delete = s->skip_delete,
        .skip_truncate = s->skip_truncate,
        .included = included,
        .included_arg = (void *)(uintptr_t)s,
        .met = met,
        .met_arg = c,
        .unsent = unsent_fill,
        .unsent_arg = c,
        .clamped = &c->o->figures->clamped,
    };
    return ERR_OK;
}

/* The slot may be at the position or behind it; ahead means that changes between the two are gone.
 */
static enum err check_slot(struct capture *c, const struct source_slot *slot, bool known,
                           struct errbuf *e)
{
    char a[LSN_TEXT_MAX];
    char b[LSN_TEXT_MAX];
    if (strcmp(slot->plugin, "pgoutput") != 0)
        return err_set(e, ERR_CONFIG,
                       "slot %s uses the plugin %s, not pgoutput: name another slot.name",
                       c->o->source->slot_name, slot->plugin);
    if (strcmp(slot->database, source_database(c->source)) != 0)
        return err_set(e, ERR_CONFIG,
                       "slot %s belongs to database %s, not %s: name another slot.name",
                       c->o->source->slot_name, slot->database, source_database(c->source));
    if (!strcmp(slot->wal_status, "lost"))
        return err_set(
            e, ERR_LOST,
            "slot %s has lost its WAL (max_slot_wal_keep_size): changes are gone. " NEW_SNAPSHOT,
            c->o->source->slot_name);
    if (known && slot->confirmed_lsn > c->position.at.confirmed_lsn)
        return err_set(
            e, ERR_LOST,
            "slot %s is confirmed to %s but the stored position is %s: somebody moved the slot or "
            "made it "
            "anew, changes between the two are gone. " NEW_SNAPSHOT,
            c->o->source->slot_name, lsn_format(slot->confirmed_lsn, a),
            lsn_format(c->position.at.confirmed_lsn, b));
    return ERR_OK;
}

/* A temporary slot's exported snapshot, for the tables that an earlier run did not finish. */
static enum err resume_snapshot(struct capture *c, struct errbuf *e)
{
    struct replication *r = NULL;
    char name[64];
    char slot[64];
    struct source_slot made = {0};
    uint64_t horizon = 0;
    int64_t taken_us = 0;
    (void)snprintf(slot, sizeof slot, "flightdeck_snapshot_%d", (int)getpid());
    enum err rc = source_clock(c->source, &taken_us, e);
    if (!rc)
        rc = replication_open(c->o->source->conninfo, &r, e);
    if (!rc)
        rc = replication_create_slot(r, slot, true, &horizon, name, sizeof name, e);
    if (!rc)
        rc = source_slot_get(c->source, slot, &made, e);
    if (!rc) {
        struct snapshot_plan plan = {name, horizon, taken_us, made.restart_lsn};
        rc = snapshot_run(c, &plan, e);
    }
    replication_close(r);
    return rc;
}

static void on_commit(void *arg, uint64_t confirmed_lsn)
{
    struct capture *c = arg;
    replication_confirm(c->replication, confirmed_lsn);
}

static void on_failure(void *arg)
{
    struct capture *c = arg;
    replication_interrupt(c->replication);
}

static enum err start_publisher(struct capture *c, struct errbuf *e)
{
    struct position copy;
    struct buf text;
    buf_init(&text, 0);
    position_write_value(&c->position, &text);
    enum err rc = buf_check(&text, "the position", e);
    if (!rc)
        rc = position_parse(text.p, text.len, &copy, e);
    buf_free(&text);
    if (rc)
        return rc;
    struct publisher_options o = {
        .producer = c->producer,
        .offsets_topic = c->offsets_topic,
        .connector = c->o->name,
        .commit_rows = c->o->commit_rows,
        .commit_bytes = c->o->commit_bytes,
        .commit_us = c->o->commit_us,
        .figures = c->o->figures,
        .on_commit = on_commit,
        .on_failure = on_failure,
        .arg = c,
    };
    return publisher_start(&o, &copy, &c->publisher, e);
}

/* Slot, position and each other: where the stream can go on from. *fresh: the slot was made now,
 * `snapshot` is exported. */
static enum err prepare_slot(struct capture *c, struct source_slot *slot, bool *fresh,
                             char *snapshot, size_t size, struct errbuf *e)
{
    const char *name = c->o->source->slot_name;
    bool known = c->position.at.confirmed_lsn != 0;
    bool lost = false;
    enum err rc = source_slot_get(c->source, name, slot, e);
    if (rc)
        return rc;
    if (slot->exists) {
        rc = check_slot(c, slot, known, e);
        if (!known)
            c->position.at.confirmed_lsn = slot->confirmed_lsn;
    } else if (known) {
        rc = err_set(
            e, ERR_LOST,
            "slot %s is gone but a position is stored: changes since are lost. " NEW_SNAPSHOT,
            name);
    }
    if (rc == ERR_LOST && c->o->source->snapshot_mode == SNAPSHOT_WHEN_NEEDED) {
        log_warning("capture", "%s: %s", c->o->name, e->text);
        log_warning("capture",
                    "%s: taking a new snapshot (snapshot.mode=when_needed); each table's begins "
                    "with a truncate: what was deleted meanwhile is forgotten with the rest",
                    c->o->name);
        rc = slot->exists ? source_slot_drop(c->source, name, e) : ERR_OK;
        slot->exists = false;
        position_free(&c->position);
        lost = true;
    }
    *fresh = !rc && !slot->exists;
    if (!*fresh)
        return rc;
    rc = replication_create_slot(c->replication, name, false, &c->position.at.confirmed_lsn,
                                 snapshot, size, e);
    if (!rc)
        rc = source_slot_get(c->source, name, slot, e);
    if (!rc && lost &&
        slot->restart_lsn) /* LSNs of records are multiples of 8: nothing is at this one */
        c->position.forget_lsn = slot->restart_lsn - 1;
    return rc;
}

/* Slot and snapshot: afterwards the position says where the stream begins. */
static enum err prepare(struct capture *c, struct errbuf *e)
{
    enum snapshot_mode mode = c->o->source->snapshot_mode;
    struct source_slot slot;
    char snapshot[64] = "";
    bool fresh = false;
    int64_t taken_us = 0; /* before the slot is there: who orders rows by time finds every later
                             commit behind them */
    enum err rc = source_clock(c->source, &taken_us, e);
    if (!rc)
        rc = prepare_slot(c, &slot, &fresh, snapshot, sizeof snapshot, e);
    if (!rc && mode == SNAPSHOT_ALWAYS && c->position.snapshot == SNAPSHOT_DONE) {
        struct position_point at =
            c->position.at; /* the stream's place stays, the tables are read again */
        position_free(&c->position);
        c->position.at = at;
    }
    if (!rc)
        rc = start_publisher(c, e);
    if (rc || c->position.snapshot == SNAPSHOT_DONE || mode == SNAPSHOT_NO_DATA)
        return rc;
    c->o->on_detail(c->o->arg, true, "snapshot");
    if (!fresh)
        return resume_snapshot(c, e);
    struct snapshot_plan plan = {snapshot, c->position.at.confirmed_lsn, taken_us,
                                 slot.restart_lsn};
    return snapshot_run(c, &plan, e);
}

/* snapshot.mode=initial_only: the rows are out; there is nothing more to do until it is stopped. */
static enum err rest_after_snapshot(struct capture *c, struct errbuf *e)
{
    enum err rc = publisher_finish(c->publisher, false, -1, e);
    if (!rc)
        c->o->on_detail(c->o->arg, true, "the snapshot is done (initial_only)");
    const struct timespec nap = {.tv_nsec = 100000000};
    while (!rc && !c->stop)
        (void)nanosleep(&nap, NULL);
    return rc;
}

/* No position yet: the first run. */
static enum err read_position(struct capture *c, struct errbuf *e)
{
    enum err rc =
        position_read(c->o->kafka, c->offsets_topic, c->o->name, &c->stop, &c->position, e);
    if (rc != ERR_NOT_FOUND)
        return rc;
    err_clear(e);
    return ERR_OK;
}

static enum err ensure_publication(struct capture *c, struct errbuf *e)
{
    enum err rc = source_publication_ensure(c->source, c->o->source->publication_name,
                                            c->o->source->publication_mode, &c->tables, e);
    if (rc != ERR_NOT_FOUND && rc != ERR_SQL)
        return rc;
    /* trying again does not make it, nor the right to make it */
    bool denied = !strcmp(e->sqlstate, "42501") && !strstr(e->text, "superuser"); /* told then */
    return err_set(e, ERR_CONFIG, "%s%s", e->text,
                   denied
                       ? " (a publication FOR ALL TABLES takes a superuser, one of single tables "
                         "their owner: let them make it, or set publication.autocreate.mode)"
                       : "");
}

static enum err open_all(struct capture *c, struct errbuf *e)
{
    char id[256];
    struct replication *r = NULL;
    (void)snprintf(id, sizeof id, "flightdeck.%s", c->o->name);
    enum err rc = source_open(c->o->source->conninfo, &c->source, e);
    if (!rc)
        rc = replication_open(c->o->source->conninfo, &r, e);
    (void)pthread_mutex_lock(&c->mutex);
    c->replication = r;
    (void)pthread_mutex_unlock(&c->mutex);
    if (!rc)
        rc = set_changes(c, e);
    if (!rc)
        rc = list_tables(c, e);
    if (!rc)
        warn_of_identities(c);
    if (!rc)
        rc = ensure_publication(c, e);
    if (!rc)
        rc = ensure_topics(c, e);
    if (!rc)
        rc = kafka_producer_create(c->o->kafka, id, &c->producer, e);
    return rc ? rc : read_position(c, e);
}

static void close_all(struct capture *c)
{
    struct replication *r = c->replication;
    publisher_destroy(c->publisher);
    c->publisher = NULL;
    kafka_producer_destroy(c->producer);
    c->producer = NULL;
    (void)pthread_mutex_lock(&c->mutex);
    c->replication = NULL;
    (void)pthread_mutex_unlock(&c->mutex);
    replication_close(r);
    source_close(c->source);
    c->source = NULL;
    source_close(c->rows);
    c->rows = NULL;
    c->unsent_told = false;
    source_tables_free(&c->tables);
    c->tables = (struct source_tables){0};
    change_tables_destroy(c->stream_tables);
    c->stream_tables = NULL;
    for (int i = 0; i < c->n_workers; i++)
        change_tables_destroy(c->worker_tables[i]);
    free(c->worker_tables);
    c->worker_tables = NULL;
    c->n_workers = 0;
    position_free(&c->position);
}

enum err capture_run(struct capture *c, struct errbuf *e)
{
    c->o->on_detail(c->o->arg, false, "connecting");
    enum err rc = open_all(c, e);
    if (!rc)
        rc = prepare(c, e);
    if (rc && c->publisher) {
        struct errbuf why;
        enum err ended = publisher_finish(c->publisher, true, 0, &why);
        if (ended && rc == ERR_CANCELED) {
            rc = ended;
            *e = why;
        }
    } else if (!rc) {
        rc = c->o->source->snapshot_mode == SNAPSHOT_INITIAL_ONLY ? rest_after_snapshot(c, e)
                                                                  : stream_run(c, e);
    }
    close_all(c);
    if (c->stop && (rc == ERR_OK || rc == ERR_CANCELED)) {
        c->stop = false;
        return ERR_OK;
    }
    return rc;
}
