/*
 * The store's table of records: figures and snapshots by time, thinned by age and bounded in size.
 *
 * A record belongs to the tier for whose time it is kept: of what comes each second the first of
 * every 10 seconds to the next tier, the first of every 5 minutes to the last. Thinning takes away
 * what is older than its tier is kept; when all records are too many bytes, the oldest lose their
 * bodies and keep their figures.
 *
 * Thread rule: as the store's.
 */
#ifndef STATE_STORE_RECORDS_H
#define STATE_STORE_RECORDS_H

#include <stddef.h>

#include "backend/state/store.h"

enum { STORE_TIERS = 3 };

struct store_record {
    int64_t ts_us; /* wall clock; the key */
    int tier;
    const void *figures;
    size_t n_figures;
    const void *body; /* NULL: none */
    size_t n_body;
};

/*
 * Adds the records (in the order of time), thins and bounds: one transaction. A tier's records
 * below from_us[tier] go. Records that are newer than the last of these go too: the clock was set
 * back.
 */
struct store_records_keep {
    int64_t from_us[STORE_TIERS];
    int64_t bytes; /* of all together, figures and bodies */
};
enum err store_records_add(struct store *s, const struct store_record *r, int n,
                           const struct store_records_keep *k, struct errbuf *e) MUST_CHECK;

/* The newest at or before ts_us; ERR_NOT_FOUND. previous, next: 0 where there is none. */
struct store_record_found {
    struct store_record record; /* points into memory */
    int64_t previous_us, next_us;
    void *memory;
};
enum err store_record_at(struct store *s, int64_t ts_us, struct store_record_found *out,
                         struct errbuf *e) MUST_CHECK;
void store_record_free(struct store_record_found *f);

/* Those of [from, to] and the one before, in the order of time, without bodies; under the store's
 * lock: fn may not call it. */
typedef void store_record_fn(void *arg, const struct store_record *r);
enum err store_records_read(struct store *s, int64_t from_us, int64_t to_us, store_record_fn *fn,
                            void *arg, struct errbuf *e) MUST_CHECK;

struct store_records_range {
    int64_t n[STORE_TIERS];
    int64_t oldest_us[STORE_TIERS]; /* 0: none */
    int64_t newest_us;              /* of all */
    int64_t bytes;
};
enum err store_records_get_range(struct store *s, struct store_records_range *out,
                                 struct errbuf *e) MUST_CHECK;

#endif
