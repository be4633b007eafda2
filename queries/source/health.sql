-- One server's health. Other logical readers stand in pg_stat_replication too: a standby is a
-- walsender that has no logical slot.
SELECT pg_catalog.pg_is_in_recovery(),
       current_setting('server_version_num'),
       CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
            ELSE pg_catalog.pg_current_wal_insert_lsn() END,
       CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_receive_lsn() END,
       CASE WHEN NOT pg_catalog.pg_is_in_recovery()
              OR pg_catalog.pg_last_wal_receive_lsn() IS NOT DISTINCT FROM
                 pg_catalog.pg_last_wal_replay_lsn() THEN 0
            ELSE coalesce((extract(epoch FROM pg_catalog.clock_timestamp()
                                            - pg_catalog.pg_last_xact_replay_timestamp())
                           * 1000000)::bigint, 0) END,
       coalesce(standby.n, 0),
       coalesce(standby.lag, -1),
       coalesce((SELECT (extract(epoch FROM pg_catalog.clock_timestamp() - min(a.xact_start))
                         * 1000000)::bigint
                 FROM pg_catalog.pg_stat_activity a
                 WHERE a.backend_type = 'client backend'
                   AND a.pid <> pg_catalog.pg_backend_pid()), 0)
FROM (SELECT count(*) FILTER (WHERE r.state = 'streaming') AS n,
             max(pg_catalog.pg_wal_lsn_diff(
                 CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
                      ELSE pg_catalog.pg_current_wal_insert_lsn() END,
                 r.replay_lsn))::bigint AS lag
      FROM pg_catalog.pg_stat_replication r
      WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_replication_slots s
                        WHERE s.active_pid = r.pid AND s.slot_type = 'logical')) standby
