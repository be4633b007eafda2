-- The role that the engine and people use, see role_settings.sql.
DO $$
DECLARE
    wanted text := current_setting('stack.role');
    secret text := current_setting('stack.password');
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
        EXECUTE format('CREATE ROLE %I', wanted);
    END IF;
    EXECUTE format('ALTER ROLE %I LOGIN REPLICATION', wanted);
    EXECUTE format('GRANT pg_monitor TO %I', wanted);
    IF secret <> '' THEN
        EXECUTE format('ALTER ROLE %I PASSWORD %L', wanted, secret);
    END IF;
END
$$
