/*
 * What topic.figures said of topics, by name, each for a while: it is asked again then.
 *
 * Ownership: it owns what it keeps. Thread rule: one thread at a time.
 */
#ifndef VIEWS_TOPIC_FIGURES_H
#define VIEWS_TOPIC_FIGURES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct topic_figure {
    char *name;
    double size_bytes, record_bytes; /* NAN: not measured */
    int64_t retention_ms;            /* -1: for ever */
    char *settings;                  /* "a=b, c=d"; NULL: none */
    bool compacted;
    int64_t until_us; /* monotonic; then it is asked for again */
};

struct topic_figures {
    size_t n;
    struct topic_figure *items; /* in the order of names */
};

/* NULL: nothing was said of it. */
const struct topic_figure *topic_figures_find(const struct topic_figures *l, const char *name);
/* One of the answer's topics. */
void topic_figures_take(struct topic_figures *l, const json_t *topic, int64_t now_us);
void topic_figures_free(struct topic_figures *l);

#endif
