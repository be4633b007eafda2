-- "ok", or the first damage that is found. The records are left out: they are most of the file, they would make
-- each start wait, and nothing but charts is made of them.
SELECT coalesce((SELECT c.quick_check FROM sqlite_schema AS m, pragma_quick_check(m.name) AS c
                 WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name <> 'records'
                   AND c.quick_check <> 'ok' LIMIT 1), 'ok')
