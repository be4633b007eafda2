SELECT 'session ' || a.pid || ', ' || COALESCE(NULLIF(a.application_name, ''), 'without a name') || ', from '
       || COALESCE(host(a.client_addr), 'the same machine')
FROM pg_locks l
JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
      AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
      AND (CAST(l.classid AS BIGINT) << 32) | CAST(l.objid AS BIGINT) = CAST(? AS BIGINT)
