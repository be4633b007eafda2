/*
 * The proleptic Gregorian calendar: days since 1970-01-01 to and from year, month, day.
 * Thread rule: any thread.
 */
#ifndef SCHEDULE_CIVIL_H
#define SCHEDULE_CIVIL_H

#include <stdbool.h>
#include <stdint.h>

enum { CIVIL_DAY_S = 86400, CIVIL_YEAR_MIN = 1, CIVIL_YEAR_MAX = 9999 };

struct civil {
    int year;
    int month; /* 1..12 */
    int day;   /* 1..31 */
};

int64_t civil_to_days(int year, int month, int day);
struct civil civil_from_days(int64_t days);
int civil_weekday(int64_t days); /* 0: Sunday */
int civil_month_days(int year, int month);

/* Rounds down, also below zero. */
int64_t civil_floor_div(int64_t a, int64_t b);

/* "2026-11-28" to days; false when it is no such date, or more than one. */
bool civil_parse_date(const char *text, int64_t *days);

#endif
