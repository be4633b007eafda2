-- Values of the row that transaction $1 (the low half of its id) has given a new key, as they are
-- now. A commit is decoded a moment before others see it, with synchronous replication long before:
-- the first column says whether this snapshot sees the transaction, the second whether the row is
-- there. $2: the table's oid; another one may have its name by now.
SELECT txid_visible_in_snapshot(
           s.xmax - (((s.xmax - $1::int8 + 2147483648) & 4294967295) - 2147483648), s.snapshot),
       t.{present} IS NOT NULL, {columns}
FROM (SELECT c AS snapshot, txid_snapshot_xmax(c) AS xmax FROM txid_current_snapshot() c) s
LEFT JOIN {table} t
    ON {match}
    AND (t.tableoid = $2::oid
         OR EXISTS (SELECT 1 FROM pg_catalog.pg_class WHERE oid = $2::oid AND relkind = 'p'))
