/* What verify.c, verify_wait.c and verify_table.c share. Not for others. */
#ifndef ENGINE_VERIFY_RUN_H
#define ENGINE_VERIFY_RUN_H

#include "backend/base/buf.h"
#include "backend/engine/verify.h"
#include "backend/postgres/source.h"
#include "backend/warehouse/warehouse.h"

enum { VERIFY_BUCKETS = 4096, VERIFY_XIP_MAX = 4096 };

/* Which transactions the source's snapshot sees, in the 32-bit ids that change events carry. */
struct verify_snapshot {
    uint64_t lsn;
    uint32_t xmax;
    int n_running;
    uint32_t running[VERIFY_XIP_MAX];
};

struct verify {
    const struct verify_options *o;
    struct source *source;  /* in the snapshot */
    struct source *control; /* outside it */
    struct warehouse *warehouse;
    struct verify_snapshot snapshot;
};

/* Waits until the connector's own snapshot is through: its rows say how they were when it was
 * taken, so ours has to be the later one. */
enum err verify_wait_initial(struct verify *v, struct errbuf *e) MUST_CHECK;
/* Between two looks at a server that is waited for. */
void verify_pause(void);

enum err verify_take_snapshot(struct verify *v, struct errbuf *e) MUST_CHECK;
/* Waits until raw holds everything up to the snapshot's LSN. */
enum err verify_wait(struct verify *v, const struct source_tables *tables,
                     struct errbuf *e) MUST_CHECK;
/* has_raw: the raw table exists (a source table without a row needs none). */
enum err verify_compare(struct verify *v, const struct source_table *t, bool upsert, bool has_raw,
                        struct verify_table *out, struct errbuf *e) MUST_CHECK;

/* A view of the model, and the batch of raw that it is as of. */
struct model_entity;
struct verify_view {
    const struct model_entity *entity;
    const char *schema, *name;
    char **columns; /* their names */
    int n_columns;
    int64_t mark;
};
/* The state that raw has as of that batch, and the view. out->raw_schema and raw_table name raw's
 * table; out's "source" is raw, its "raw" the view. */
enum err verify_compare_view(struct verify *v, const struct source_table *t,
                             const struct verify_view *view, struct verify_table *out,
                             struct errbuf *e) MUST_CHECK;

/* verify_model.c: the newest batch that raw has now, by table; free(). */
enum err verify_model_wanted(struct verify *v, const struct source_tables *tables, int64_t **out,
                             struct errbuf *e) MUST_CHECK;
/* Waits until dwh holds these batches, then compares each entity of the model with its raw table.
 */
enum err verify_model(struct verify *v, const struct source_tables *tables, const int64_t *wanted,
                      struct verify_report *out, struct errbuf *e) MUST_CHECK;

/* verify_marts.c: each mart that says what it has to hold. */
enum err verify_marts(struct verify *v, struct verify_report *out, struct errbuf *e) MUST_CHECK;

uint64_t verify_hash(const char *p, size_t n);

/* Counts records that are in the raw table more than once; columns: the table's. */
enum err verify_doubled(struct verify *v, const struct wcolumn *columns, int n,
                        struct verify_table *out, struct errbuf *e) MUST_CHECK;

/* ---- verify_differences.c: rows of the buckets that differ ---- */

/* Between the values of a row or a key in canonical text. */
#define VERIFY_SEPARATOR "\x1f"

struct kept_rows;
struct kept_rows *kept_rows_create(void);
void kept_rows_destroy(struct kept_rows *k);
/* weight 1: in the source, or gone from raw again; -1: in raw. */
enum err kept_rows_add(struct kept_rows *k, const char *key, const char *row, uint64_t hash,
                       int weight, struct errbuf *e) MUST_CHECK;
/* Into out->differences and out->differing. */
enum err kept_rows_tell(struct kept_rows *k, const struct relation *r, struct verify_table *out,
                        struct errbuf *e) MUST_CHECK;

#endif
