-- A publication: is it for all tables, does it publish through the partition root (13+), did we make
-- it for single tables where all were asked for (publication_comment)?
SELECT p.puballtables, coalesce((to_jsonb(p) ->> 'pubviaroot')::boolean, true),
       coalesce(pg_catalog.obj_description(p.oid, 'pg_publication') LIKE 'flightdeck: %', false)
FROM pg_catalog.pg_publication p
WHERE p.pubname = $1
