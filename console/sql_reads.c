#include "console/sql_reads.h"

#include <string.h>
#include <strings.h>

#include "console/sql_lexer.h"

bool sql_is_reader(const char *word)
{
    static const char *const reads[] = {"SELECT", "WITH", "TABLE", "VALUES", "EXPLAIN", "SHOW"};
    for (size_t i = 0; i < sizeof reads / sizeof reads[0]; i++)
        if (!strcmp(word, reads[i]))
            return true;
    return false;
}

bool sql_has_word(const char *sql, const char *word)
{
    struct sql_lexer l = {.state = SQL_CODE};
    size_t n = strlen(sql);
    size_t at = 0;
    bool code;
    for (size_t from = 0; sql_lexer_step(&l, sql, n, &at, &code); from = at)
        if (code && strlen(word) == at - from && !strncasecmp(sql + from, word, at - from))
            return true;
    return false;
}

bool sql_is_pure_reader(const char *sql)
{
    static const char *const changes[] = {"INSERT", "UPDATE",  "DELETE",  "MERGE", "INTO",
                                          "CREATE", "ANALYZE", "ANALYSE", "COPY",  "TRUNCATE"};
    char word[32];
    (void)sql_word(sql, word, sizeof word);
    if (!sql_is_reader(word))
        return false;
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++)
        if (sql_has_word(sql, changes[i]))
            return false;
    return true;
}
