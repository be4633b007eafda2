/* What the files of the pane of connectors share; nobody else has use for it. */
#ifndef VIEWS_CONNECTOR_INTERNAL_H
#define VIEWS_CONNECTOR_INTERNAL_H

#include "views/draft.h"
#include "views/pane.h"
#include "views/sparks.h"

struct connectors_state {
    /* of the connector that is open, once they have come; NULL */
    json_t *shown;   /* connector.show */
    json_t *offsets; /* connector.offsets */
    json_t *dead;    /* records of its dead-letter topic */
    char dead_error[ERRBUF_TEXT_MAX];
    struct connector_config config;
    /* what was asked for, until the state is read that came of it */
    json_t *waiting;    /* [{"name", "wanted": "RUNNING"}] still to be looked at; NULL: none */
    int64_t until_us;   /* monotonic; after that the first one is said as it is */
    struct buf reached; /* "a is RUNNING, b is FAILED: why" */
    bool fell_short;    /* one of them is not as wanted */
    struct draft draft; /* of a configuration */
    bool draft_new;     /* it is to become a new connector */
    struct sparks sparks;
};

struct connectors_state *connectors_state(const struct screen *s);

/* ---- connector_detail.c ---- */
void connector_detail_forget(struct connectors_state *st);
bool connector_detail_ask(const struct screen *s, int i, struct ask *out);
void connector_detail_take(struct screen *s, const struct answer *a);
json_t *connector_detail_whole(const struct screen *s); /* NULL: it has not come */
void connector_detail_render(struct screen *s, struct grid *g, struct rect r);

/* ---- connector_change.c ---- */
/* What a new connector begins with. */
const char *connector_template(bool source);
bool connector_change_ask(const struct screen *s, struct ask *out);
void connector_change_take(struct screen *s, const struct answer *a);
bool connector_change_done(struct screen *s, const struct answer *a, const char *label);
bool connector_change_can(const struct screen *s, enum action a);
bool connector_change_act(struct screen *s, enum action a, struct effect *out);
void connector_change_answered(struct screen *s, int prompt, const char *text, struct effect *out);
void connector_change_edited(struct screen *s, const char *text, struct effect *out);

#endif
