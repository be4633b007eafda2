/*
 * What a statement does to the transaction block it runs in, as far as its words tell. Thread rule:
 * any.
 */
#ifndef CONSOLE_SQL_BLOCK_H
#define CONSOLE_SQL_BLOCK_H

#include <stdbool.h>

enum sql_block_step {
    SQL_BLOCK_STAYS,
    SQL_BLOCK_BEGINS,
    SQL_BLOCK_COMMITS,
    SQL_BLOCK_ROLLS_BACK,
    SQL_BLOCK_GOES_BACK, /* to a savepoint: the block goes on, and one that had failed is well */
};

/* *chain: behind its end the next block begins at once (AND CHAIN). What ends a prepared
 * transaction ends no block. */
enum sql_block_step sql_block_step(const char *sql, bool *chain);

#endif
