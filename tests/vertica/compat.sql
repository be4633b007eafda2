-- Run once as superuser in the backend database: system tables and functions the gate maps to.
DROP SCHEMA IF EXISTS vgate, v_catalog, v_monitor CASCADE;
CREATE SCHEMA vgate; CREATE SCHEMA v_catalog; CREATE SCHEMA v_monitor;
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = "$user", public, v_catalog, v_monitor, vgate', current_database());
  EXECUTE format('ALTER DATABASE %I SET lock_timeout = ''300s''', current_database());
  EXECUTE format('ALTER DATABASE %I SET timezone = ''UTC''', current_database()); END $$;
CREATE UNLOGGED TABLE vgate.requests (id bigserial, pid int, user_name text, request text, kind text, label text, t0 timestamptz, t1 timestamptz, success boolean);
CREATE FUNCTION vgate.part(p text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT CASE
  WHEN lower(p) IN ('year','yy','yyyy') THEN 'year' WHEN lower(p) IN ('quarter','qq','q') THEN 'quarter'
  WHEN lower(p) IN ('month','mm','m') THEN 'month' WHEN lower(p) IN ('day','dayofyear','dd','d','dy','y') THEN 'day'
  WHEN lower(p) IN ('week','wk','ww') THEN 'week' WHEN lower(p) IN ('hour','hh') THEN 'hour'
  WHEN lower(p) IN ('minute','mi','n') THEN 'minute' WHEN lower(p) IN ('second','ss','s') THEN 'second'
  WHEN lower(p) IN ('millisecond','ms') THEN 'ms' WHEN lower(p) IN ('microsecond','mcs','us') THEN 'us' END $$;
-- DATEDIFF counts calendar boundaries (week: Sunday), TIMESTAMPDIFF whole intervals
CREATE FUNCTION vgate.datediff(p text, a timestamp, b timestamp) RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT (CASE vgate.part(p)
  WHEN 'year' THEN extract(year from b) - extract(year from a)
  WHEN 'quarter' THEN (extract(year from b)*4 + extract(quarter from b)) - (extract(year from a)*4 + extract(quarter from a))
  WHEN 'month' THEN (extract(year from b)*12 + extract(month from b)) - (extract(year from a)*12 + extract(month from a))
  WHEN 'day' THEN b::date - a::date
  WHEN 'week' THEN ((b::date - date '1970-01-04') / 7) - ((a::date - date '1970-01-04') / 7)
  WHEN 'hour' THEN floor(extract(epoch from b)/3600) - floor(extract(epoch from a)/3600)
  WHEN 'minute' THEN floor(extract(epoch from b)/60) - floor(extract(epoch from a)/60)
  WHEN 'second' THEN floor(extract(epoch from b)) - floor(extract(epoch from a))
  WHEN 'ms' THEN floor(extract(epoch from b)*1000) - floor(extract(epoch from a)*1000)
  WHEN 'us' THEN (extract(epoch from b) - extract(epoch from a))*1000000 END)::bigint $$;
CREATE FUNCTION vgate.timestampdiff(p text, a timestamp, b timestamp) RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT (CASE vgate.part(p)
  WHEN 'year' THEN extract(year from age(b, a)) WHEN 'quarter' THEN trunc((extract(year from age(b,a))*12 + extract(month from age(b,a)))/3)
  WHEN 'month' THEN extract(year from age(b,a))*12 + extract(month from age(b,a))
  ELSE trunc(extract(epoch from b - a) * 1000000 / CASE vgate.part(p) WHEN 'day' THEN 86400000000 WHEN 'week' THEN 604800000000 WHEN 'hour' THEN 3600000000
    WHEN 'minute' THEN 60000000 WHEN 'second' THEN 1000000 WHEN 'ms' THEN 1000 ELSE 1 END) END)::bigint $$;
CREATE FUNCTION vgate.timestampadd(p text, n bigint, a timestamp) RETURNS timestamp LANGUAGE sql STABLE AS $$ SELECT a + CASE vgate.part(p)
  WHEN 'quarter' THEN n * interval '3 months' WHEN 'ms' THEN n * interval '1 millisecond' WHEN 'us' THEN n * interval '1 microsecond' ELSE n * ('1 ' || vgate.part(p))::interval END $$;
CREATE FUNCTION vgate.hash(r text) RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT hashtextextended(r, 0) & 9223372036854775807 $$;
CREATE FUNCTION vgate.zeroifnull(x numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$ SELECT coalesce(x, 0) $$;
CREATE FUNCTION vgate.nullifzero(x numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$ SELECT nullif(x, 0) $$;
CREATE FUNCTION vgate.getdate() RETURNS timestamp LANGUAGE sql STABLE AS $$ SELECT statement_timestamp()::timestamp $$;
CREATE FUNCTION vgate.add_months(d timestamp, n bigint) RETURNS date LANGUAGE sql STABLE AS $$ SELECT (d + n * interval '1 month')::date $$;
CREATE FUNCTION vgate.need(t text) RETURNS int LANGUAGE plpgsql STABLE AS $$ BEGIN IF t <> '' AND to_regclass(t) IS NULL AND (t LIKE '%.%' OR to_regnamespace(t) IS NULL) THEN
  RAISE EXCEPTION 'relation "%" does not exist', t USING ERRCODE = '42P01'; END IF; RETURN 0; END $$;
CREATE FUNCTION vgate.analyze_statistics(t text) RETURNS bigint LANGUAGE sql AS $$ SELECT vgate.need(t)::bigint $$;
SET check_function_bodies = off;
CREATE FUNCTION vgate.export_objects(dest text, scope text) RETURNS text LANGUAGE plpgsql AS $$ DECLARE r text; BEGIN PERFORM vgate.need(scope);
  SELECT 'CREATE TABLE ' || scope || E'\n(\n' || string_agg('    ' || column_name || ' ' || data_type || CASE WHEN is_nullable THEN '' ELSE ' NOT NULL' END, E',\n' ORDER BY ordinal_position)
    || E'\n);\n\nSELECT MARK_DESIGN_KSAFE(0);\n' INTO r FROM v_catalog.columns WHERE table_schema || '.' || table_name = lower(scope); RETURN coalesce(r, ''); END $$;
CREATE FUNCTION vgate.make_ahm_now() RETURNS text LANGUAGE sql AS $$ SELECT 'AHM set (New AHM Epoch: 1)' $$;
CREATE FUNCTION vgate.purge_table(t text) RETURNS text LANGUAGE sql AS $$ SELECT 'Task: purge operation (Table: ' || t || ')' WHERE vgate.need(t) = 0 $$;
CREATE FUNCTION vgate.do_tm_task(k text, t text DEFAULT '') RETURNS text LANGUAGE sql AS $$ SELECT 'Task: ' || k || ' (Table: ' || t || ')' WHERE vgate.need(t) = 0 $$;
CREATE FUNCTION vgate.session_id(pid int) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'v_dwh_node0001-' || pid || ':0x' || to_hex(pid) $$;
CREATE FUNCTION vgate.current_session() RETURNS text LANGUAGE sql STABLE AS $$ SELECT vgate.session_id(pg_backend_pid()) $$;
CREATE FUNCTION vgate.set_client_label(l text) RETURNS text LANGUAGE sql AS $$ SELECT 'client_label set to ' || set_config('application_name', l, false) $$;
CREATE FUNCTION vgate.get_client_label() RETURNS text LANGUAGE sql STABLE AS $$ SELECT current_setting('application_name') $$;
CREATE FUNCTION vgate.close_session(s text) RETURNS text LANGUAGE sql AS $$ SELECT 'Session close command sent. Check v_monitor.sessions for progress.' FROM (SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE vgate.session_id(pid) = s) q $$;
CREATE FUNCTION vgate.interrupt_statement(s text, n bigint) RETURNS text LANGUAGE sql AS $$ SELECT 'Statement interrupt sent. Check SESSIONS for progress.' FROM (SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE vgate.session_id(pid) = s) q $$;
-- system tables -----------------------------------------------------------------------------------------------------------
CREATE FUNCTION vgate.vtype(t oid, m int) RETURNS text LANGUAGE sql STABLE AS $$ SELECT CASE WHEN t = 20 THEN 'int' WHEN t = 701 THEN 'float' WHEN t = 25 THEN 'long varchar(1048576)' WHEN t = 17 THEN 'varbinary(80)'
  ELSE replace(replace(replace(replace(format_type(t, m), 'character varying', 'varchar'), 'character', 'char'), 'timestamp with time zone', 'timestamptz'), 'timestamp without time zone', 'timestamp') END $$;
CREATE VIEW v_catalog.schemata AS SELECT n.oid::bigint AS schema_id, n.nspname::text AS schema_name, n.nspowner::bigint AS schema_owner_id, pg_get_userbyid(n.nspowner)::text AS schema_owner, NULL::bigint AS system_schema_creator,
  now() AS create_time, (n.nspname IN ('v_catalog','v_monitor')) AS is_system_schema FROM pg_namespace n WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema','vgate');
CREATE VIEW v_catalog.tables AS SELECT n.oid::bigint AS table_schema_id, (CASE WHEN c.relpersistence = 't' THEN 'v_temp_schema' ELSE n.nspname END)::text AS table_schema, c.oid::bigint AS table_id, c.relname::text AS table_name, c.relowner::bigint AS owner_id,
  pg_get_userbyid(c.relowner)::text AS owner_name, (c.relpersistence = 't') AS is_temp_table, false AS is_system_table, 0::bigint AS force_outer, false AS is_flextable, false AS is_shared, false AS table_has_aggregate_projection,
  ''::text AS system_table_creator, ''::text AS partition_expression, now() AS create_time, ''::text AS table_definition, ''::text AS recover_priority
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog','information_schema','vgate','v_catalog','v_monitor','pg_toast');
CREATE VIEW v_catalog.columns AS SELECT t.table_id, t.table_schema, t.table_name, false AS is_system_table, (t.table_id || '-' || a.attnum) AS column_id, a.attname::text AS column_name, a.atttypid::bigint AS data_type_id, CASE WHEN o.octets IS NULL OR a.atttypid IN (1042,1043) THEN vgate.vtype(a.atttypid, a.atttypmod)
    ELSE CASE WHEN o.octets > 65000 THEN 'long ' ELSE '' END || CASE WHEN a.atttypid = 17 THEN 'varbinary(' ELSE 'varchar(' END || o.octets || ')' END AS data_type,
  CASE WHEN o.octets IS NOT NULL THEN o.octets WHEN a.atttypid IN (1042,1043) THEN a.atttypmod - 4 WHEN a.attlen > 0 THEN a.attlen ELSE 65000 END::bigint AS data_type_length,
  CASE WHEN o.octets IS NOT NULL THEN o.octets WHEN a.atttypid IN (1042,1043) THEN a.atttypmod - 4 END::bigint AS character_maximum_length,
  CASE WHEN a.atttypid = 1700 THEN (a.atttypmod - 4) >> 16 END::bigint AS numeric_precision, CASE WHEN a.atttypid = 1700 THEN (a.atttypmod - 4) & 65535 END::bigint AS numeric_scale, CASE WHEN a.atttypid IN (1114,1184) THEN 6 END::bigint AS datetime_precision,
  NULL::bigint AS interval_precision, a.attnum::bigint AS ordinal_position, NOT a.attnotnull AS is_nullable, coalesce(pg_get_expr(d.adbin, d.adrelid), '') AS column_default, ''::text AS column_set_using, (a.attidentity <> '') AS is_identity
  FROM v_catalog.tables t JOIN pg_attribute a ON a.attrelid = t.table_id::oid AND a.attnum > 0 AND NOT a.attisdropped LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  LEFT JOIN LATERAL (SELECT split_part(k.conname, '_', 3)::bigint AS octets FROM pg_constraint k WHERE k.conrelid = a.attrelid AND k.contype = 'c' AND k.conname LIKE 'vgate\_octets\_%' AND k.conkey = ARRAY[a.attnum] LIMIT 1) o ON true;
CREATE VIEW v_catalog.projections AS
  SELECT table_schema_id AS projection_schema_id, table_schema AS projection_schema, table_id AS projection_id, table_name || '_super' AS projection_name, table_name || '_super' AS projection_basename, owner_id, owner_name, table_id AS anchor_table_id, table_name AS anchor_table_name,
    0::bigint AS node_id, ''::text AS node_name, false AS is_prejoin, 1::bigint AS created_epoch, 'CREATE TABLE'::text AS create_type, 0::bigint AS verified_fault_tolerance, true AS is_up_to_date, false AS has_statistics, true AS is_segmented, ''::text AS segment_expression, true AS is_super_projection, false AS is_key_constraint_projection, false AS has_expressions, false AS is_aggregate_projection FROM v_catalog.tables
  UNION ALL SELECT 0, split_part(relname, '.', 1), oid::bigint, split_part(relname, '.', 2), split_part(relname, '.', 2), relowner, pg_get_userbyid(relowner), 0, '', 0, '', false, 1, 'CREATE PROJECTION', 0, true, false, true, '', false, false, false, false FROM pg_class WHERE relnamespace = 'vgate'::regnamespace AND relkind = 'v' AND relname LIKE '%.%';
CREATE VIEW v_catalog.databases AS SELECT d.oid::bigint AS database_id, d.datname::text AS database_name, d.datdba::bigint AS owner_id, pg_get_userbyid(d.datdba)::text AS owner_name, 1::bigint AS node_count, ''::text AS compliance_message
  FROM pg_database d WHERE d.datname = current_database();
CREATE VIEW v_catalog.users AS SELECT r.oid::bigint AS user_id, r.rolname::text AS user_name, r.rolsuper AS is_super_user, 'default'::text AS profile_name, false AS is_locked, NULL::timestamptz AS lock_time, 'general'::text AS resource_pool,
  'unlimited'::text AS memory_cap_kb, 'unlimited'::text AS temp_space_cap_kb, 'unlimited'::text AS run_time_cap, coalesce((SELECT string_agg(b.rolname, ', ' ORDER BY b.rolname) FROM pg_auth_members m JOIN pg_roles b ON b.oid = m.roleid WHERE m.member = r.oid), '')::text AS all_roles,
  ''::text AS default_roles, ''::text AS search_path FROM pg_roles r WHERE r.rolcanlogin AND r.rolname NOT LIKE 'pg\_%';
CREATE VIEW v_catalog.user_functions AS SELECT n.nspname::text AS schema_name, p.proname::text AS function_name, 'User Defined Function'::text AS procedure_type, pg_get_function_result(p.oid)::text AS function_return_type,
  pg_get_function_identity_arguments(p.oid)::text AS function_argument_type, p.prosrc::text AS function_definition, 'volatile'::text AS volatility, p.proisstrict AS is_strict, false AS is_fenced, ''::text AS comment
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.prokind = 'f' AND n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema','vgate','v_catalog','v_monitor','public');
CREATE VIEW v_catalog.nodes AS SELECT 'v_dwh_node0001'::text AS node_name, 45035996273704982::bigint AS node_id, 'UP'::text AS node_state, true AS is_primary, '127.0.0.1'::text AS node_address, 'ipv4'::text AS node_address_family, '127.0.0.1'::text AS export_address, 'ipv4'::text AS export_address_family,
  '/data'::text AS catalog_path, 'PERMANENT'::text AS node_type, false AS is_ephemeral, ''::text AS standing_in_for, ''::text AS subcluster_name, now() AS last_msg_from_node_at, NULL::timestamptz AS node_down_since;
CREATE VIEW v_catalog.license_audits AS SELECT pg_database_size(current_database())::bigint AS database_size_bytes, (1::bigint << 40) AS license_size_bytes, (pg_database_size(current_database())::float / (1::bigint << 40)) AS usage_percent, now() AS audit_start_timestamp, now() AS audit_end_timestamp,
  0.5::float AS confidence_level_percent, 5::float AS error_tolerance_percent, false AS used_sampling, 0::float AS confidence_interval_lower_bound_bytes, 0::float AS confidence_interval_upper_bound_bytes, 0::bigint AS sample_count, 0::bigint AS cell_count, 'vertica'::text AS license_name, 'Total'::text AS audited_data;
CREATE VIEW v_monitor.sessions AS SELECT 'v_dwh_node0001'::text AS node_name, usename::text AS user_name, (host(client_addr) || ':' || client_port) AS client_hostname, pid::bigint AS client_pid, backend_start AS login_timestamp, vgate.session_id(pid) AS session_id, 'UNLIMITED'::text AS idle_session_timeout, 'UNLIMITED'::text AS grace_period, NULLIF(application_name, '') AS client_label,
  xact_start AS transaction_start, backend_xid::text::bigint AS transaction_id, ''::text AS transaction_description, CASE WHEN state = 'active' THEN query_start END AS statement_start, CASE WHEN state = 'active' THEN 1::bigint END AS statement_id, 0::bigint AS last_statement_duration_us, ''::text AS runtime_priority,
  CASE WHEN state = 'active' THEN query END AS current_statement, query AS last_statement, 'None'::text AS ssl_state, 'Trust'::text AS authentication_method, 'ODBC Driver'::text AS client_type, '24.03.0000'::text AS client_version, 'Linux'::text AS client_os, false AS client_authentication_name, 0::bigint AS requested_protocol, 0::bigint AS effective_protocol
  FROM pg_stat_activity WHERE backend_type = 'client backend' AND datname = current_database();
CREATE VIEW v_monitor.query_requests AS SELECT 'v_dwh_node0001'::text AS node_name, user_name, vgate.session_id(pid) AS session_id, id AS request_id, id AS transaction_id, 1::bigint AS statement_id, CASE WHEN kind IN ('ddl','temp','truncate') THEN 'DDL' WHEN kind IN ('begin','commit','rollback') THEN 'TRANSACTION' WHEN kind = 'set' THEN 'SET' ELSE 'QUERY' END AS request_type,
  request, label AS request_label, 'public'::text AS search_path, 0::float AS memory_acquired_mb, success, CASE WHEN success THEN 0 ELSE 1 END::bigint AS error_count, t0 AS start_timestamp, t1 AS end_timestamp, (extract(epoch from t1 - t0) * 1000)::bigint AS request_duration_ms, false AS is_executing FROM vgate.requests;
CREATE VIEW v_monitor.transactions AS SELECT min(t0) AS start_timestamp, max(t1) AS end_timestamp, 'v_dwh_node0001'::text AS node_name, 0::bigint AS user_id, user_name, vgate.session_id(pid) AS session_id, id AS transaction_id, max(request) AS description, 1::bigint AS start_epoch, 1::bigint AS end_epoch,
  0::bigint AS number_of_statements, 'READ COMMITTED'::text AS isolation, false AS is_read_only, bool_and(success) AS is_committed, false AS is_local, true AS is_initiator, false AS is_ddl FROM vgate.requests WHERE kind IN ('dml','ddl','select','temp','truncate') GROUP BY pid, user_name, id;
CREATE VIEW v_monitor.system_resource_usage AS SELECT 'v_dwh_node0001'::text AS node_name, date_trunc('minute', now())::timestamp AS end_time, 12.5::float AS average_memory_usage_percent, 3.25::float AS average_cpu_usage_percent, 1.5::float AS net_rx_kbytes_per_second, 1.25::float AS net_tx_kbytes_per_second, 0.5::float AS io_read_kbytes_per_second, 2.5::float AS io_written_kbytes_per_second;
CREATE VIEW v_monitor.projection_storage AS SELECT 'v_dwh_node0001'::text AS node_name, t.table_id AS projection_id, t.table_name || '_super' AS projection_name, t.table_schema AS projection_schema, 1::bigint AS projection_column_count, GREATEST(c.reltuples, 0)::bigint AS row_count, pg_relation_size(c.oid)::bigint AS used_bytes, 1::bigint AS ros_count,
  t.table_id AS anchor_table_id, t.table_schema AS anchor_table_schema, t.table_name AS anchor_table_name FROM v_catalog.tables t JOIN pg_class c ON c.oid = t.table_id::oid;
CREATE VIEW v_monitor.locks AS SELECT 'v_dwh_node0001'::text AS node_names, ('Table:' || c.oid::regclass) AS object_name, c.oid::bigint AS object_id, l.transactionid::text AS transaction_id, ''::text AS transaction_description, CASE l.mode WHEN 'RowExclusiveLock' THEN 'I' WHEN 'ShareRowExclusiveLock' THEN 'X' WHEN 'AccessExclusiveLock' THEN 'O' ELSE 'S' END AS lock_mode,
  'TRANSACTION'::text AS lock_scope, now() AS request_timestamp, CASE WHEN l.granted THEN now() END AS grant_timestamp FROM pg_locks l JOIN pg_class c ON c.oid = l.relation WHERE c.relkind = 'r' AND c.relnamespace NOT IN ('pg_catalog'::regnamespace);
GRANT USAGE ON SCHEMA vgate, v_catalog, v_monitor TO PUBLIC; GRANT SELECT ON ALL TABLES IN SCHEMA vgate, v_catalog, v_monitor TO PUBLIC;
