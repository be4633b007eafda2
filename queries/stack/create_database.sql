-- $1: the database, $2: its owner. The statement to run, or no row when it is there.
SELECT format('CREATE DATABASE %I OWNER %I', $1::text, $2::text)
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = $1::text)
