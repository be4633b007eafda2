/*
 * What every dialect of the warehouse must do, as test cases over the public calls; included by
 * test_warehouse.c (PostgreSQL) and test_warehouse_vertica.c (the Vertica stand-in). The includer
 * sets `on` before the cases run.
 */
#ifndef TESTS_WAREHOUSE_CASES_H
#define TESTS_WAREHOUSE_CASES_H

#include "tests/engine/warehouse_rows.h"
#include "tests/engine/warehouse_state.h"

#define WAREHOUSE_CASES                                                                            \
    cmocka_unit_test(test_every_type_round_trips), cmocka_unit_test(test_ranges_of_a_batch),       \
        cmocka_unit_test(test_constant_columns), cmocka_unit_test(test_a_nul_is_the_rows_fault),   \
        cmocka_unit_test(test_bisecting_finds_the_rows_at_fault),                                  \
        cmocka_unit_test(test_values_that_do_not_parse),                                           \
        cmocka_unit_test(test_a_missing_table_is_no_rows_fault),                                   \
        cmocka_unit_test(test_tables_grow_and_widen), cmocka_unit_test(test_racing_creators),      \
        cmocka_unit_test(test_odd_names), cmocka_unit_test(test_upsert_keeps_current_state),       \
        cmocka_unit_test(test_upsert_with_a_row_at_fault), cmocka_unit_test(test_offsets_fence),   \
        cmocka_unit_test(test_old_batches_go),                                                     \
        cmocka_unit_test(test_two_engines_do_not_both_write),                                      \
        cmocka_unit_test(test_rows_and_offsets_are_one), cmocka_unit_test(test_long_values),       \
        cmocka_unit_test(test_parameters_and_counts), cmocka_unit_test(test_wrong_addresses),      \
        cmocka_unit_test(test_the_server_goes_away)

#endif
