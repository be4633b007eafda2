/* What batch and verify print, as text and as JSON. Thread rule: one thread. */
#ifndef CONSOLE_REPORT_H
#define CONSOLE_REPORT_H

#include <jansson.h>
#include <stdio.h>

#include "backend/engine/engine_refresh.h"
#include "backend/engine/verify.h"

/* JSON of ours on `out`, numbers with a fraction rounded to 3 decimals. flags: of json_dumpf.
 * ERR_IO: it could not be written. */
enum err report_json(const json_t *j, size_t flags, FILE *out, struct errbuf *e) MUST_CHECK;

/* "flightdeck COMMAND: text" on stderr; returns the exit code that the error's kind has. */
int report_error(const char *command, const struct errbuf *e);
/* The same, and where a server cannot be reached, what to do; file: of the configuration. */
int report_failure(const char *command, const char *file, const struct errbuf *e);

void report_verify_text(const struct verify_report *r, FILE *out);
json_t *report_verify(const struct verify_report *r);

/* What each task of a refresh did; nothing where there was none. */
void report_refresh_text(const struct engine_refresh_report *r, FILE *out);
/* The lines of its tests; nothing where there were none. */
void report_tests_text(const struct engine_refresh_report *r, FILE *out);
json_t *report_refresh(const struct engine_refresh_report *r);

/* One stage of a batch. */
struct report_stage {
    const char *name;
    int64_t rows;
    double seconds;
};
void report_stages_text(const struct report_stage *s, int n, FILE *out);

/* 1234567 -> "1,234,567" into out (32 bytes); returns out. */
char *report_number(int64_t v, char *out);

#endif
