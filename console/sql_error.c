#include "console/sql_error.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "console/format.h"
#include "console/sql_lexer.h"

enum { SHOWN = 70, BEFORE = 45 }; /* characters of a long line, and of them before the place */

/* ---- where ---- */

static const char *next_character(const char *p)
{
    do
        p++;
    while (((unsigned char)*p & 0xc0) == 0x80);
    return p;
}

static const char *character(const char *sql, int position)
{
    while (*sql && --position > 0)
        sql = next_character(sql);
    return sql;
}

static bool in_name(char c)
{
    return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

/* The only place in code where the word stands; NULL: there is none, or several. */
static const char *only_place(const char *sql, const char *word, size_t n)
{
    const char *found = NULL;
    for (const char *p = sql; *p; p++) {
        bool whole = !strncasecmp(p, word, n) && !(p > sql && in_name(*word) && in_name(p[-1])) &&
                     !(in_name(word[n - 1]) && in_name(p[n]));
        if (!whole || !sql_is_code(sql, (size_t)(p - sql)))
            continue;
        if (found)
            return NULL;
        found = p;
    }
    return found;
}

/* What an error of these kinds quotes is a piece of the statement. */
static const char *quoted_place(const char *sql, const char *text)
{
    enum { LARGE = 1 << 16 }; /* a statement that is not searched */
    static const char *const before[] = {"at or near \"", "column \"",
                                         "relation \"",   "schema \"",
                                         "function ",     "operator does not exist: ",
                                         "type \"",       "for table \""};
    const char *word = NULL;
    for (size_t i = 0; i < sizeof before / sizeof before[0] && !word; i++) {
        const char *at = strstr(text, before[i]);
        word = at ? at + strlen(before[i]) : NULL;
    }
    if (!word || strlen(sql) > LARGE || strncmp(text, "ERROR", 5) != 0)
        return NULL;
    size_t n = strcspn(word, "\"(\n");
    return n && word[n] != '\n' && word[n] ? only_place(sql, word, n) : NULL;
}

/* Vertica says it in the message. */
static int position_in(const char *text)
{
    static const char words[] = " at character ";
    const char *at = strstr(text, words);
    return at ? atoi(at + sizeof words - 1) : 0;
}

/* ---- how ---- */

static void add_excerpt(const char *sql, const char *place, struct buf *out)
{
    const char *line = sql;
    int number = 1;
    for (const char *p = sql; p < place; p++)
        if (*p == '\n') {
            line = p + 1;
            number++;
        }
    const char *end = line + strcspn(line, "\r\n");
    int before = 0;
    for (const char *p = line; p < place; p = next_character(p))
        before++;
    const char *from = line;
    for (; before > BEFORE; before--)
        from = next_character(from);
    const char *to = from;
    for (int n = 0; to < end && n < SHOWN; n++)
        to = next_character(to);
    buf_printf(out, "\nLINE %d: ", number);
    size_t start = out->len;
    if (from > line)
        buf_lit(out, "...");
    format_visible(out, from, (size_t)(place - from));
    int room = format_width(out->p + start, out->len - start);
    format_visible(out, place, to > place ? (size_t)(to - place) : 0);
    if (to < end)
        buf_lit(out, "...");
    char label[32];
    room += snprintf(label, sizeof label, "LINE %d: ", number);
    buf_printf(out, "\n%*s^", room, "");
}

void sql_error_explain(const char *sql, int position, const char *text, struct buf *out)
{
    static const char mark[] = " (SQLSTATE ";
    const char *state = NULL;
    for (const char *p = strstr(text, mark); p; p = strstr(p + 1, mark))
        state = p;
    if (state && strlen(state) != sizeof mark - 1 + 6)
        state = NULL;
    size_t n = state ? (size_t)(state - text) : strlen(text);
    const char *first_end = memchr(text, '\n', n);
    size_t first = first_end ? (size_t)(first_end - text) : n;
    if (position <= 0)
        position = position_in(text);
    const char *place = position > 0 ? character(sql, position) : quoted_place(sql, text);
    buf_add(out, text, first);
    if (state)
        buf_str(out, state);
    if (place)
        add_excerpt(sql, place, out);
    buf_add(out, text + first, n - first);
}
