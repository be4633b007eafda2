/*
 * JSON for the eye: one member a line, indented, coloured by what it is, and folded below a depth.
 *
 * The text's own tokens are shown (numbers are not rounded, members keep their order). Pure.
 */
#ifndef VIEWS_JSON_VIEW_H
#define VIEWS_JSON_VIEW_H

#include <stdbool.h>
#include <stddef.h>

#include "backend/base/buf.h"

enum { JSON_VIEW_ALL = 1000, JSON_VIEW_FOLDED_MAX = 160 };

/* Is it an object or an array? */
bool json_view_is(const char *text, size_t n);

/* Lines into `out`, and into `styles` a style role (enum style_role) for each byte of them. What
 * lies deeper than `depth` stands in one line, cut after JSON_VIEW_FOLDED_MAX bytes. text must be
 * JSON. Returns whether something is folded. */
bool json_view(const char *text, size_t n, int depth, struct buf *out, struct buf *styles);

#endif
