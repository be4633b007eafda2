/*
 * Days, times and moments from a change event into the text that PostgreSQL prints (and a warehouse
 * reads): "2026-02-03", "0044-03-15 BC", "12:34:56.789", "10000-01-01 00:00:00".
 *
 * Each function writes at most FLAT_TIME_MAX bytes and returns how many; 0: the value is outside of
 * PostgreSQL's range, or not of that form. Thread rule: any thread.
 */
#ifndef ENVELOPE_FLAT_TIME_H
#define ENVELOPE_FLAT_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FLAT_TIME_MAX = 64 };

/* Days since 1970-01-01; 4714-11-24 BC .. 5874897-12-31. Knows the values for infinity. */
size_t flat_put_date(char *out, int64_t days);

/* Microseconds since midnight, 24:00:00 included. */
size_t flat_put_time(char *out, int64_t micros);

/* Since 1970-01-01 00:00:00; 4714-11-24 BC .. 294276-12-31. Know the values for infinity. */
size_t flat_put_timestamp_millis(char *out, int64_t millis);
size_t flat_put_timestamp_micros(char *out, int64_t micros);
size_t flat_put_timestamp_nanos(char *out, int64_t nanos);

/* ISO 8601 as Java prints it: years of more digits with a sign, year 0 and below for BC, 'T', up to
 * nine digits of fraction (what is finer than a microsecond is cut), an offset or Z.
 * zone: the offset is required and kept ("+00" for Z); otherwise a Z is allowed and dropped. */
size_t flat_iso_timestamp(const char *s, size_t n, bool zone, char *out);
size_t flat_iso_date(const char *s, size_t n, char *out);
size_t flat_iso_time(const char *s, size_t n, char *out);

#endif
