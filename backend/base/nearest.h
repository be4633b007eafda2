/* The nearest of some known words: "did you mean". Thread rule: any thread. */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

#include <stddef.h>

/* Edits (insert, delete, replace, swap of neighbours) between two words, letters' case ignored. */
int nearest_distance(const char *a, const char *b);

/* A running search: zero it, offer each known word, read `best` (NULL: nothing is near enough). */
struct nearest {
    const char *word;
    const char *best;
    int distance;
};
void nearest_start(struct nearest *n, const char *word);
void nearest_offer(struct nearest *n, const char *known);

/* " (did you mean `x`?)" or "", written to out; returns out. */
char *nearest_hint(const struct nearest *n, char *out, size_t size);

#endif
