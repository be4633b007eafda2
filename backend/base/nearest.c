#include "backend/base/nearest.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Words longer than this are cut: keys are short, and the rows then live on the stack. */
enum { WORD_MAX = 96 };

static int least(int a, int b)
{
    return a < b ? a : b;
}

int nearest_distance(const char *a, const char *b)
{
    int rows[3][WORD_MAX + 1];
    int n = (int)strnlen(a, WORD_MAX), m = (int)strnlen(b, WORD_MAX);
    int *before = rows[0], *above = rows[1], *now = rows[2];
    for (int j = 0; j <= m; j++)
        above[j] = before[j] = j;
    for (int i = 1; i <= n; i++) {
        now[0] = i;
        int ca = tolower((unsigned char)a[i - 1]);
        for (int j = 1; j <= m; j++) {
            int cb = tolower((unsigned char)b[j - 1]);
            now[j] = least(least(above[j], now[j - 1]) + 1, above[j - 1] + (ca != cb));
            if (i > 1 && j > 1 && ca == tolower((unsigned char)b[j - 2]) &&
                cb == tolower((unsigned char)a[i - 2]))
                now[j] = least(now[j], before[j - 2] + 1);
        }
        int *spare = before;
        before = above;
        above = now;
        now = spare;
    }
    return above[m];
}

void nearest_start(struct nearest *n, const char *word)
{
    n->word = word;
    n->best = NULL;
    n->distance = 0;
}

void nearest_offer(struct nearest *n, const char *known)
{
    /* A third of the word may be wrong, so that a short word does not get any other short word. */
    int allowed = 1 + (int)strnlen(n->word, WORD_MAX) / 3;
    int d = nearest_distance(n->word, known);
    if (d <= allowed && (!n->best || d < n->distance)) {
        n->best = known;
        n->distance = d;
    }
}

char *nearest_hint(const struct nearest *n, char *out, size_t size)
{
    if (n->best)
        (void)snprintf(out, size, " (did you mean `%s`?)", n->best);
    else if (size)
        out[0] = '\0';
    return out;
}
