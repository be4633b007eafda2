#include "console/sql_block.h"

#include <string.h>

#include "console/sql_lexer.h"

enum { WORD_MAX = 16 };

static enum sql_block_step by_first_word(const char *word)
{
    static const struct {
        const char *word;
        enum sql_block_step step;
    } firsts[] = {
        {"BEGIN", SQL_BLOCK_BEGINS},        {"START", SQL_BLOCK_BEGINS},
        {"COMMIT", SQL_BLOCK_COMMITS},      {"END", SQL_BLOCK_COMMITS},
        {"ROLLBACK", SQL_BLOCK_ROLLS_BACK}, {"ABORT", SQL_BLOCK_ROLLS_BACK},
    };
    for (size_t i = 0; i < sizeof firsts / sizeof firsts[0]; i++)
        if (!strcmp(word, firsts[i].word))
            return firsts[i].step;
    return SQL_BLOCK_STAYS;
}

enum sql_block_step sql_block_step(const char *sql, bool *chain)
{
    char word[WORD_MAX];
    const char *rest = sql_word(sql, word, sizeof word);
    enum sql_block_step step = by_first_word(word);
    *chain = false;
    if (step != SQL_BLOCK_COMMITS && step != SQL_BLOCK_ROLLS_BACK)
        return step;
    rest = sql_word(rest, word, sizeof word);
    if (!strcmp(word, "WORK") || !strcmp(word, "TRANSACTION"))
        rest = sql_word(rest, word, sizeof word);
    if (!strcmp(word, "PREPARED"))
        return SQL_BLOCK_STAYS;
    if (!strcmp(word, "TO"))
        return SQL_BLOCK_GOES_BACK;
    if (!strcmp(word, "AND")) {
        (void)sql_word(rest, word, sizeof word);
        *chain = !strcmp(word, "CHAIN"); /* or NO CHAIN */
    }
    return step;
}
