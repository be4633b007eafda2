-- What COPY may be told: only an ordinary table can be copied by name.
SELECT c.relkind
FROM pg_catalog.pg_class c
WHERE c.oid = to_regclass(format('%I.%I', $1::text, $2::text))::oid
