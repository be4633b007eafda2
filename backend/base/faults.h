/*
 * Faults of a configuration, gathered so that several are reported together.
 *
 * Each is one line of text that begins with file:line where both are known. The first FAULTS_MAX
 * are kept, the rest only counted. Ownership: the struct is the caller's, the texts are freed by
 * faults_free. Thread rule: one thread at a time.
 */
#ifndef BASE_FAULTS_H
#define BASE_FAULTS_H

#include "backend/base/err.h"

enum { FAULTS_MAX = 20 };

struct faults {
    int n;     /* kept */
    int total; /* found */
    char *items[FAULTS_MAX];
};

void faults_init(struct faults *f);
void faults_free(struct faults *f);

/* file NULL: no place is named; line 0: only the file is. */
void faults_add(struct faults *f, const char *file, int line, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

/* ERR_OK when there is none; else ERR_CONFIG with all of them, one a line, as far as they fit. */
enum err faults_check(const struct faults *f, struct errbuf *e) MUST_CHECK;

#endif
