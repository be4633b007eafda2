#include "views/table_cell.h"

#include <math.h>
#include <string.h>

void cell_is_text(struct table_cell *c, const char *text)
{
    c->value = (struct table_value){.kind = text ? VALUE_TEXT : VALUE_NULL, .text = text};
}

void cell_is_int(struct table_cell *c, int64_t v)
{
    c->value =
        (struct table_value){.kind = v == UNKNOWN_INT ? VALUE_NULL : VALUE_INT, .integer = v};
}

void cell_is_real(struct table_cell *c, double v)
{
    c->value = (struct table_value){.kind = isfinite(v) ? VALUE_REAL : VALUE_NULL, .real = v};
}

void cell_is_time(struct table_cell *c, int64_t wall_us)
{
    c->value = (struct table_value){.kind = wall_us == UNKNOWN_INT ? VALUE_NULL : VALUE_TIME,
                                    .integer = wall_us};
}

void cell_is_bool(struct table_cell *c, int v)
{
    c->value = (struct table_value){.kind = v < 0 ? VALUE_NULL : VALUE_BOOL, .integer = v};
}

void cell_is_json(struct table_cell *c, const json_t *v)
{
    c->value = (struct table_value){.kind = v ? VALUE_JSON : VALUE_NULL, .json = v};
}

void cell_text(struct table_cell *c, const char *text)
{
    size_t n = text ? strnlen(text, sizeof c->text - 1) : 0;
    memcpy(c->text, text ? text : "", n); /* for each row of a filter: snprintf is ten times that */
    c->text[n] = '\0';
    cell_is_text(c, text);
}

void cell_count(struct table_cell *c, int64_t v)
{
    (void)unit_count(v, c->text, sizeof c->text);
    cell_is_int(c, v);
}

void cell_rate(struct table_cell *c, double per_s)
{
    (void)unit_rate(per_s, c->text, sizeof c->text);
    cell_is_real(c, per_s);
}

void cell_bytes(struct table_cell *c, double bytes)
{
    (void)unit_bytes(bytes, c->text, sizeof c->text);
    cell_is_real(c, bytes);
}

void cell_bytes_rate(struct table_cell *c, double per_s)
{
    (void)unit_bytes_rate(per_s, c->text, sizeof c->text);
    cell_is_real(c, per_s);
}

void cell_duration(struct table_cell *c, double seconds)
{
    (void)unit_duration(seconds, c->text, sizeof c->text);
    cell_is_real(c, seconds);
}

void cell_day(struct table_cell *c, int64_t wall_us)
{
    (void)unit_day(wall_us, c->text, sizeof c->text);
    cell_is_time(c, wall_us);
}
