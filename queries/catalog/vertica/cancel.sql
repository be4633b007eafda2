-- The meta-function stands in a top-level SELECT alone; that the statement runs is asked before (is_running.sql).
SELECT INTERRUPT_STATEMENT(CAST(? AS VARCHAR(128)), CAST(? AS INT)) AS sent
