/*
 * Where SQL statements end, and :variables in them, as psql sees it.
 *
 * Knows '..', E'..', "..", $tag$..$tag$, -- and nested block comments, parentheses, and the bodies
 * BEGIN ATOMIC .. END of SQL functions. Bytes come line by line (a splitter holds what is
 * unfinished), so a script of any length is never in memory as a whole. Thread rule: one thread at
 * a time.
 */
#ifndef CONSOLE_SQL_LEXER_H
#define CONSOLE_SQL_LEXER_H

#include "backend/base/buf.h"

enum sql_state {
    SQL_CODE,
    SQL_STRING,  /* '..' */
    SQL_ESTRING, /* E'..' */
    SQL_NAME,    /* ".." */
    SQL_DOLLAR,  /* $tag$ .. */
    SQL_LINE,    /* -- .. */
    SQL_COMMENT, /* block comment, nested */
};

enum { SQL_TAG_MAX = 64 };

struct sql_lexer {
    enum sql_state state;
    int depth; /* of comments */
    int parens;
    int blocks; /* BEGIN ATOMIC, and CASE within */
    int words;  /* words of this statement so far, up to a few */
    bool create, routine;
    bool last_is_name; /* the byte before belongs to an identifier or a number */
    char tag[SQL_TAG_MAX];
    size_t tag_n;
};

struct sql_splitter {
    struct sql_lexer lexer;
    struct buf text;  /* what came, without the statements that were taken */
    size_t at;        /* scanned up to here */
    bool content;     /* more than space and comments since the last statement */
    int line;         /* of the script, where the text begins; from 1 */
    int first_line;   /* of what was taken last */
    bool backslashes; /* set by the owner: a backslash in code begins a command */
};

enum sql_taken { SQL_TAKEN_NOTHING, SQL_TAKEN_STATEMENT, SQL_TAKEN_BACKSLASH };

void sql_splitter_init(struct sql_splitter *s);
void sql_splitter_free(struct sql_splitter *s);
/* Forgets an unfinished statement. */
void sql_splitter_reset(struct sql_splitter *s);
/* Whole lines (or the last piece). */
void sql_splitter_add(struct sql_splitter *s, const char *p, size_t n);
/*
 * Appends the next finished statement, without its semicolon, to `out`; SQL_TAKEN_NOTHING when
 * there is none yet. `last`: what is left is a statement too, even without a semicolon. Empty
 * statements are left out. SQL_TAKEN_BACKSLASH: `out` has a backslash command, to the end of its
 * line; what stood before it waits as an unfinished statement.
 */
enum sql_taken sql_splitter_next(struct sql_splitter *s, bool last, struct buf *out);
/* Behind a backslash command: the part of its line that it did not use. */
void sql_splitter_put_back(struct sql_splitter *s, const char *p, size_t n);
/* Behind a backslash command: the unfinished statement before it, copied, or taken out. False:
 * there is none. */
bool sql_splitter_peek(const struct sql_splitter *s, struct buf *out);
bool sql_splitter_take(struct sql_splitter *s, struct buf *out);
/* True while a statement has begun and not ended. */
bool sql_splitter_open(const struct sql_splitter *s);
/* What it waits for, for the prompt: '=', '-', '\'', '"', '$', '*', '('. */
char sql_splitter_prompt(const struct sql_splitter *s);

/* One lexical step at text[*at], which moves: a word of code as a whole, else a byte or two. False
 * at the end; *code: it is neither quoted nor in a comment. */
bool sql_lexer_step(struct sql_lexer *l, const char *text, size_t n, size_t *at, bool *code);

/* True when the byte after text[0, n) is code: neither quoted nor in a comment. */
bool sql_is_code(const char *text, size_t n);

/* :name, :'name' and :"name" replaced by what `find` gives (NULL: left alone); not within quotes
 * and comments, and not in "::". */
typedef const char *sql_variable_fn(void *arg, const char *name);
void sql_substitute(const char *sql, size_t n, sql_variable_fn *find, void *arg, struct buf *out);

/* Behind the blanks and comments that a statement begins with. */
const char *sql_start(const char *sql);

/* The first word of a statement in capitals, "" without one; out has n bytes. Returns what follows
 * it. */
const char *sql_word(const char *sql, char *out, size_t n);

#endif
