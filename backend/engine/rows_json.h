/*
 * A warehouse's result as JSON: columns with their types, rows of values.
 *
 * Types: integer, float, decimal (numbers of JSON), boolean, and date, timestamp, text (texts, as
 * the server writes them). What is a number and no number of JSON (NaN, infinity) is a text. NULL
 * is null. Thread rule: one thread a result.
 */
#ifndef ENGINE_ROWS_JSON_H
#define ENGINE_ROWS_JSON_H

#include <jansson.h>

#include "backend/warehouse/warehouse.h"

/* [{"name","type"}]; NULL without memory. */
json_t *rows_json_columns(const struct warehouse_rows *r);

/* Text of a server as a JSON string: octets that are no UTF-8 become '?'. */
json_t *rows_json_text(const char *p, size_t n);

/*
 * Reads on to the end of the result, or to the bounds: then *truncated. Rows as arrays in the order
 * of the columns; a new reference, also where an error came after some.
 */
struct rows_json_bounds {
    int64_t rows;
    size_t bytes; /* of the values' text */
};
enum err rows_json_read(struct warehouse_rows *r, const struct rows_json_bounds *most, json_t **out,
                        bool *truncated, struct errbuf *e) MUST_CHECK;

/* One query whose rows become objects with the columns' names as members: an array. For results
 * that are small by nature; more than 10,000 rows are ERR_LIMIT. */
enum err rows_json_objects(struct warehouse *w, const char *sql, int n_params,
                           const char *const *params, json_t **out, struct errbuf *e) MUST_CHECK;

#endif
