/* One row decoded under one plan, and assertions on it: shared by the decoder's tests. */
#ifndef TESTS_DECODE_ROW_H
#define TESTS_DECODE_ROW_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/envelope/decode.h"

#define LENGTH(a) (sizeof(a) / sizeof *(a))

enum { CELLS = 256 };

struct row {
    struct flat_plan *plan;
    struct arena *arena;
    struct cell cells[CELLS];
    int unknown;
    struct errbuf e;
};

static inline void row_open(struct row *r)
{
    memset(r, 0, sizeof *r);
    r->arena = arena_create(4096);
    assert_non_null(r->arena);
}

static inline void row_close(struct row *r)
{
    flat_plan_unref(r->plan);
    arena_destroy(r->arena);
}

static inline enum err row_decode(struct row *r, const char *json)
{
    assert_true(flat_plan_columns(r->plan)->n <= CELLS);
    return flat_decode(r->plan, json, strlen(json), r->arena, r->cells, &r->unknown, &r->e);
}

static inline int row_column(const struct row *r, const char *name)
{
    const struct flat_columns *c = flat_plan_columns(r->plan);
    for (int i = 0; i < c->n; i++)
        if (strcmp(c->columns[i].name, name) == 0)
            return i;
    fail_msg("no column %s", name);
    return -1;
}

static inline void assert_cell(const struct row *r, const char *name, const char *text)
{
    const struct cell *c = &r->cells[row_column(r, name)];
    if (!text) {
        assert_int_equal(c->kind, CELL_NULL);
        return;
    }
    if (c->kind != CELL_TEXT || c->len != strlen(text) || memcmp(c->p, text, c->len) != 0)
        fail_msg("%s: \"%.*s\" (kind %d), expected \"%s\"", name, (int)c->len, c->p ? c->p : "",
                 c->kind, text);
}

static inline void assert_column(const struct row *r, const char *name, enum wtype type,
                                 int precision, int scale)
{
    const struct wcolumn *c = &flat_plan_columns(r->plan)->columns[row_column(r, name)];
    if (c->type != type || c->precision != precision || c->scale != scale)
        fail_msg("%s is %s(%d,%d)", name, wtype_name(c->type), c->precision, c->scale);
}

#endif
