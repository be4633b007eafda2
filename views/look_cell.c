#include "views/look_cell.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "backend/base/buf.h"
#include "views/units.h"

static double number(const json_t *v)
{
    return json_is_number(v) ? json_number_value(v) : NAN;
}

static void one_line(const char *text, char *out, size_t n)
{
    size_t k = 0;
    bool blank = true;
    for (; *text && k + 1 < n; text++) {
        bool space = strchr(" \t\r\n", *text) != NULL;
        if (!space || !blank)
            out[k++] = space ? ' ' : *text;
        blank = space;
    }
    out[k] = '\0';
}

void look_join(const json_t *list, char *out, size_t n)
{
    struct buf b;
    buf_init(&b, 0);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));
        buf_printf(&b, "%s%s", i ? ", " : "", text ? text : "");
    }
    (void)snprintf(out, n, "%s", buf_cstr(&b));
    buf_free(&b);
}

static void figure(const json_t *row, const json_t *v, char *out, size_t n)
{
    const char *unit = json_string_value(json_object_get(row, "unit"));
    if (!json_is_number(v) || !unit)
        (void)snprintf(out, n, "not told");
    else if (!strcmp(unit, "bytes"))
        (void)unit_bytes(number(v), out, n);
    else if (!strcmp(unit, "bytes/s"))
        (void)unit_bytes_rate(number(v), out, n);
    else if (!strcmp(unit, "%"))
        (void)snprintf(out, n, "%.1f %%", number(v));
    else
        (void)unit_count((int64_t)number(v), out, n);
}

void look_cell(const json_t *row, const char *member, enum look_kind kind, char *out, size_t n)
{
    const json_t *v = json_object_get(row, member);
    const char *text = json_string_value(v);
    switch (kind) {
    case LOOK_COUNT:
        (void)unit_count(json_is_number(v) ? (int64_t)number(v) : UNKNOWN_INT, out, n);
        break;
    case LOOK_BYTES:
        (void)unit_bytes(number(v), out, n);
        break;
    case LOOK_RATE:
        (void)unit_bytes_rate(number(v), out, n);
        break;
    case LOOK_DURATION:
        (void)unit_duration(number(v), out, n);
        break;
    case LOOK_YES:
        (void)snprintf(out, n, "%s", json_is_true(v) ? "yes" : json_is_false(v) ? "no" : "");
        break;
    case LOOK_LIST:
        look_join(v, out, n);
        break;
    case LOOK_FIGURE:
        figure(row, v, out, n);
        break;
    case LOOK_TEXT:
        one_line(text ? text : "", out, n);
    }
}
