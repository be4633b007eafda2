/*
 * Sparklines: one row of cells for a run of figures, in three glyph levels.
 *
 * Braille shows two samples a cell in four steps, eighths one sample a cell in eight, ASCII one a
 * cell in four (_.-^). y starts at 0 (or at the least figure when that is negative); a gap is a
 * blank, which is apart from zero (the lowest glyph). Pure.
 */
#ifndef VIEWS_SPARK_H
#define VIEWS_SPARK_H

#include "views/grid.h"

/* Samples that w cells show. */
int spark_samples(enum glyphs glyphs, int w);

/* n samples (see spark_samples), oldest first, right-aligned in w cells. */
void spark_draw(struct grid *g, int y, int x, int w, enum glyphs glyphs, const double *v, int n);

#endif
