-- Rows for odd.sql, and then changes: of values, to NULL, of keys, deletes.
INSERT INTO comp VALUES (1, 'x', 10), (2, 'x', 20), (1, 'yy', NULL);
INSERT INTO plain (id, name, m, m2, om, c, mail, n, n2, n3, n4, ch, b, j, jb, arr, ts, tz, d, t, ttz, iv, r, ip, u, x, pt, mo,
                   f4, f8, s, bg, bo, bits, bit1, tsv, "Name", "quo""te", "with space", "Имя", "do.t", _hidden, _lsn,
                   existence, plain_sk, "true", "null")
SELECT i, CASE i % 3 WHEN 0 THEN NULL ELSE 'n' || i END, (ARRAY['sad', 'ok', 'it''s "fine"'])[1 + i % 3]::mood,
       CASE WHEN i % 2 = 0 THEN 'ok'::mood END, 'a', CASE i % 2 WHEN 0 THEN 'red' ELSE 'green' END, 'm' || i || '@x',
       i * 1.125, i / 7.0, 12300, 0.0012, 'c' || i, '\x00ff', '{"a":  1}', '{"a": [1, 2]}', ARRAY[i, NULL, 2],
       '2026-01-01 00:00:00.123456', '2026-01-01 00:00:00+03', '2026-02-03', '12:34:56.7', '12:00+02', '1 day 2 hours',
       int4range(1, i + 2), '10.0.0.1/8', '00000000-0000-0000-0000-0000000000ff', '<a>x</a>', point(1.5, -2), 12.34,
       1.5, 2.25, i, i * 1000000000::bigint, i % 2 = 0, B'10101', B'1', to_tsvector('a b'), 'Nm' || i, 'q"' || i, i,
       'имя' || i, i, i, i, true, i, i, 'null'
FROM generate_series(1, 50) AS i;
INSERT INTO kid VALUES (1, 1, 'x', NULL, NULL), (2, 2, 'x', 1, 1), (3, NULL, 'yy', 2, NULL), (4, 7, NULL, 1, 4), (5, NULL, NULL, 5, 5);
INSERT INTO nokey VALUES (1), (1);
INSERT INTO uniq VALUES ('ab', 1), ('c', 2);
INSERT INTO airports VALUES ('AAA'), ('B');
INSERT INTO flights VALUES (1, 'AAA', 'B', 'On Time'), (2, 'B', 'AAA', NULL), (3, 'AAA', 'AAA', 'Late');
INSERT INTO "Order Items" VALUES (1, 1), (2, NULL);
INSERT INTO "S.2".plain VALUES (1), (2);
INSERT INTO other.plain VALUES (1, 1), (2, NULL);
INSERT INTO other.users VALUES (1, '2026-01-01'), (2, '2026-01-02');
INSERT INTO uses_part VALUES (1, 1, '2026-01-01'), (2, NULL, '2026-01-02'), (3, NULL, NULL);
INSERT INTO a VALUES (1, 2, 3, 4);
INSERT INTO a_b VALUES (1, 2);
INSERT INTO a_latest VALUES (1);
INSERT INTO source_systems VALUES (1);
INSERT INTO _technical VALUES (1, 2);
INSERT INTO twocols VALUES (1, 2, 3);
INSERT INTO k VALUES (1);
INSERT INTO wide_name_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa VALUES (1, 2, 3);
INSERT INTO "Таблица" VALUES (1, NULL), (2, 1), (3, 3);
INSERT INTO alt VALUES (1, 10), (2, 20);
INSERT INTO amounts VALUES (1.50, 1), (2, 2);
INSERT INTO to_alt VALUES (1, 10, 2, 1, 5), (2, NULL, NULL, NULL, NULL);
INSERT INTO idident VALUES (1, '00000000-0000-0000-0000-000000000001'), (2, '00000000-0000-0000-0000-000000000002');
INSERT INTO checks VALUES (1, 'x', 'a', 'A', 'a,b)', 1, 'Late', 'f'), (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO full_match VALUES (1, 1, 'x'), (2, NULL, NULL);
INSERT INTO to_nokey VALUES (1, 'ab', NULL), (2, NULL, NULL);
INSERT INTO nothing VALUES (1, 2);
