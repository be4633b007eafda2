-- A publication: is it for all tables, does it publish through the partition root (13+).
SELECT p.puballtables, coalesce((to_jsonb(p) ->> 'pubviaroot')::boolean, true)
FROM pg_catalog.pg_publication p
WHERE p.pubname = $1
