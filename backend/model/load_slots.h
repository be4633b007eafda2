/*
 * The quoted names and values that the load's statements are filled with, gathered one by one.
 * Private to backend/model.
 */
#ifndef MODEL_LOAD_SLOTS_H
#define MODEL_LOAD_SLOTS_H

#include "backend/model/load_run.h"

enum { SLOTS_MAX = 24 };

struct slots {
    struct sql_slot items[SLOTS_MAX];
    int n;
    struct buf text; /* owns the values; freed by the caller */
    size_t at[SLOTS_MAX];
};

/* Has {now} from the start: when this load's rows are said to be loaded. */
void slots_init(struct slots *s, const struct load_run *x);

/* The value is what is added to the result afterwards, up to slot_end. */
struct buf *slot_begin(struct slots *s, const char *name);
void slot_end(struct slots *s);
void slot_text(struct slots *s, const char *name, const char *value);
void slot_table(struct slots *s, const struct load_run *x, const char *name, const char *table);
/* alias NULL: the bare column. */
void slot_column(struct slots *s, const struct load_run *x, const char *name, const char *alias,
                 const char *column);
void slot_delta(struct slots *s, struct load_run *x);
void slot_source(struct slots *s, const struct load_run *x);
/* "x_sk", "key", .. of an anchor's own columns, or alias.sk, alias.k1, .. of a delta's. */
void slot_anchor_columns(struct slots *s, const struct load_run *x, const char *name,
                         const struct model_entity *t, const char *alias);
void slot_delta_columns(struct slots *s, const char *name, const char *alias, const char *sk,
                        const char *prefix, int n);

/* To be called when all are there: the text moves while it grows. */
void slots_point(struct slots *s);

#endif
