#include "console/sql_reads.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "console/sql_lexer.h"

/* By its first word. */
static bool is_reader(const char *word)
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

/* ---- functions ---- */

/* "*" at the end: and what begins so. Those that a READ ONLY transaction refuses anyway are here
 * for the record. */
static const char *const changing[] = {
    /* PostgreSQL: backends and the server */
    "pg_terminate_backend", "pg_cancel_backend", "pg_promote", "pg_reload_conf",
    "pg_rotate_logfile*", "pg_logfile_rotate", "pg_switch_wal", "pg_switch_xlog",
    "pg_create_restore_point", "pg_backup_st*", "pg_start_backup", "pg_stop_backup",
    "pg_wal_replay_pause", "pg_wal_replay_resume", "pg_xlog_replay_pause", "pg_xlog_replay_resume",
    "pg_log_backend_memory_contexts", "pg_log_standby_snapshot", "pg_notify",
    "pg_logical_emit_message", "pg_import_system_collations", "set_config",
    /* slots and origins */
    "pg_create_physical_replication_slot", "pg_create_logical_replication_slot",
    "pg_copy_physical_replication_slot", "pg_copy_logical_replication_slot",
    "pg_drop_replication_slot", "pg_replication_slot_advance", "pg_sync_replication_slots",
    "pg_logical_slot_get_*", "pg_replication_origin_create", "pg_replication_origin_drop",
    "pg_replication_origin_advance", "pg_replication_origin_session_setup",
    "pg_replication_origin_session_reset", "pg_replication_origin_xact_*",
    /* statistics, sequences, indexes */
    "pg_stat_reset*", "pg_stat_statements_reset", "pg_restore_*", "pg_clear_*", "nextval", "setval",
    "brin_summarize_*", "brin_desummarize_range", "gin_clean_pending_list",
    "pg_truncate_visibility_map", "heap_force_*",
    /* large objects, files, other servers, texts that are run */
    "lo_creat", "lo_create", "lo_unlink", "lo_import", "lo_export", "lo_put", "lo_from_bytea",
    "lo_truncate*", "lowrite", "pg_file_*", "dblink*", "query_to_xml*", "ts_stat", "ts_rewrite",
    /* Vertica's meta-functions: sessions and the cluster */
    "close_session", "close_all_sessions", "close_user_sessions", "interrupt_statement",
    "release_jvm_memory", "release_all_jvm_memory", "release_system_tables_access",
    "restrict_system_tables_access", "reserve_session_resource", "change_runtime_priority",
    "change_current_statement_runtime_priority", "shutdown*", "notify", "rebalance_*",
    "realign_control_nodes", "reload_spread", "promote_subcluster*", "demote_subcluster*",
    "start_refresh", "start_rebalance_cluster", "start_drain_subcluster", "cancel_refresh",
    "cancel_rebalance_cluster", "cancel_drain_subcluster", "enable_*", "disable_*", "clear_*",
    "install_license", "do_tm_task", "sync_catalog", "sync_with_hcatalog_schema*",
    "finish_fetching_files", "migrate_enterprise_to_eon", "mark_design_ksafe", "designer_*",
    /* partitions, epochs, projections, locations, settings */
    "drop_*", "purge", "purge_*", "copy_partitions_to_table", "move_partitions_to_table",
    "swap_partitions_between_tables", "partition_table", "partition_projection", "advance_epoch",
    "make_ahm_now", "refresh", "refresh_columns", "analyze_statistics*", "analyze_histogram",
    "analyze_external_row_count", "import_statistics", "export_statistics*", "alter_location_*",
    "retire_location", "restore_location", "restore_flextable_*", "move_retired_location_data",
    "enforce_object_storage_policy", "flush_*", "set_ahm_*", "set_config_parameter",
    "set_control_set_size", "set_data_collector_*", "set_depot_*", "set_load_balance_policy",
    "set_location_performance", "set_object_storage_policy", "set_optimizer_directives",
    "set_scaling_factor", "set_spread_option", "set_tokenizer_parameter", "set_vertica_options",
    "compute_flextable_keys*", "build_flextable_view", "materialize_flextable_columns",
    "s3export*"};

static bool is_changing(const char *name)
{
    for (size_t i = 0; i < sizeof changing / sizeof changing[0]; i++) {
        size_t n = strlen(changing[i]);
        bool begins = changing[i][n - 1] == '*';
        if (begins ? !strncasecmp(name, changing[i], n - 1) : !strcasecmp(name, changing[i]))
            return true;
    }
    return false;
}

/* The name that was read last, "" when something else came behind it; longer ones are cut. */
struct last_name {
    char text[64];
};

static void add_to_name(struct last_name *name, const char *p, size_t n)
{
    size_t len = strlen(name->text);
    if (len + n >= sizeof name->text)
        n = sizeof name->text - 1 - len;
    memcpy(name->text + len, p, n);
    name->text[len + n] = '\0';
}

/* One step of the lexer: a comment or a blank leaves the name as it is. */
static void step_name(struct last_name *name, enum sql_state before, enum sql_state after,
                      const char *p, size_t n)
{
    if (before == SQL_NAME) {
        if (after == SQL_NAME)
            add_to_name(name, p, n);
        return;
    }
    if (before != SQL_CODE || after == SQL_LINE || after == SQL_COMMENT ||
        isspace((unsigned char)*p))
        return;
    name->text[0] = '\0';
    if (after == SQL_CODE && (isalpha((unsigned char)*p) || *p == '_' || (unsigned char)*p >= 0x80))
        add_to_name(name, p, n);
}

/* Does it? Then the name of that function is in name. */
static bool calls_changing(const char *sql, char *name, size_t n)
{
    struct sql_lexer l = {.state = SQL_CODE};
    struct last_name last = {.text = ""};
    size_t len = strlen(sql);
    size_t at = 0;
    bool code;
    for (size_t from = 0;; from = at) {
        enum sql_state before = l.state;
        if (!sql_lexer_step(&l, sql, len, &at, &code))
            return false;
        bool call = before == SQL_CODE && sql[from] == '(' && is_changing(last.text);
        bool escaped = before == SQL_CODE && l.state == SQL_NAME && from >= 2 &&
                       !strncasecmp(sql + from - 2, "u&", 2); /* which may be any name */
        if (call || escaped)
            (void)snprintf(name, n, "%s", call ? last.text : "U&\"..\"");
        if (call || escaped)
            return true;
        step_name(&last, before, l.state, sql + from, at - from);
    }
}

/* ---- statements ---- */

bool sql_only_reads(const char *sql, char *word, size_t n)
{
    (void)sql_word(sql, word, n);
    return is_reader(word) && !calls_changing(sql, word, n);
}

bool sql_is_pure_reader(const char *sql)
{
    static const char *const changes[] = {"INSERT", "UPDATE",  "DELETE",  "MERGE", "INTO",
                                          "CREATE", "ANALYZE", "ANALYSE", "COPY",  "TRUNCATE"};
    char word[32];
    if (!sql_only_reads(sql, word, sizeof word))
        return false;
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++)
        if (sql_has_word(sql, changes[i]))
            return false;
    return true;
}
