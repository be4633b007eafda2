/*
 * What a person's SQL changes goes into the engine's audit record (audit.note), where an engine is:
 * the statement, cut, on one line, and what became of its transaction. Nobody waits for it: an
 * engine that does not answer is left alone for a while, and of very many statements the rest is
 * counted. One that names a secret is noted without its text.
 *
 * Ownership: the path stays the caller's. Thread rule: one thread.
 */
#ifndef CONSOLE_SQL_NOTE_H
#define CONSOLE_SQL_NOTE_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/base/buf.h"
#include "backend/base/err.h"

struct sql_note {
    const char *engine; /* its socket; "": not known */
    bool source;        /* where the statements run; else the warehouse */
    bool changed;       /* something in the transaction that is open */
    bool failed;        /* that transaction */
    int64_t left_out;   /* statements since the last note */
    int64_t tokens;     /* notes that may be sent at once, in thousandths */
    int64_t filled_us;
    int64_t quiet_until_us; /* the engine did not answer */
};

void sql_note_init(struct sql_note *n, const char *engine, bool source);

/* A statement has run: with this outcome, so many rows (-1: not known); open: its transaction goes
 * on. */
void sql_note_ran(struct sql_note *n, const char *sql, enum err rc, int64_t rows, bool open);
/* A transaction that no statement ended has: that of all statements of a -c. */
void sql_note_ended(struct sql_note *n, bool committed);
/* The session ends, and with it a transaction that is open: says so, and what was left out. */
void sql_note_close(struct sql_note *n);

/* The words of sql_note_ran without sending them; false: it is nothing to note. For tests. */
bool sql_note_words(struct sql_note *n, const char *sql, enum err rc, int64_t rows, bool open,
                    struct buf *out);

#endif
