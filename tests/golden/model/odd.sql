-- A catalog of what makes a model hard: types, names, keys, foreign keys, small sets of values.
CREATE TYPE mood AS ENUM ('sad', 'ok', 'it''s "fine"');
CREATE SCHEMA "S.2"; CREATE SCHEMA other; CREATE TYPE other.mood AS ENUM ('a','b');
CREATE DOMAIN colour AS text CHECK (VALUE IN ('red','green'));
CREATE DOMAIN mail AS varchar(80) NOT NULL;
CREATE TABLE plain (
    id int PRIMARY KEY,
    name text, m mood, m2 mood, om other.mood, c colour, mail mail, n numeric(12,3), n2 numeric, n3 numeric(3,-2), n4 numeric(2,4),
    ch char(7), b bytea, j json, jb jsonb, arr int[], ts timestamp,
    tz timestamptz, d date, t time, ttz timetz, iv interval, r int4range, ip inet, u uuid,
    x xml, pt point, mo money, f4 real, f8 float8, s smallint, bg bigint, bo boolean,
    bits bit(5), bit1 bit, tsv tsvector, gen int GENERATED ALWAYS AS (id*2) STORED,
    "Name" text, "quo""te" text, "with space" int, "Имя" text, "do.t" int,
    _hidden int, _lsn bigint, existence bool, plain_sk int, "new
line" int, "true" int, "null" text);
CREATE TABLE comp (a int, b varchar(10), v int, PRIMARY KEY (b, a));
CREATE TABLE kid (id bigint PRIMARY KEY, ca int, cb varchar(10), boss bigint REFERENCES kid, deputy bigint REFERENCES kid, FOREIGN KEY (ca, cb) REFERENCES comp (a, b));
CREATE TABLE nokey (x int);
CREATE TABLE uniq (code char(3) NOT NULL UNIQUE, y int);
CREATE TABLE airports (airport_code char(3) PRIMARY KEY);
CREATE TABLE flights (id int PRIMARY KEY, departure_airport char(3) NOT NULL REFERENCES airports, arrival_airport char(3) NOT NULL REFERENCES airports, status varchar(20) CHECK (status IN ('On Time','Late')));
CREATE TABLE "Order Items" ("Id" int PRIMARY KEY, x int REFERENCES plain);
CREATE TABLE "S.2".plain (id int PRIMARY KEY);
CREATE TABLE other.plain (id int PRIMARY KEY, parent int REFERENCES public.plain);
CREATE TABLE other.users (id int, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE other.users_1 PARTITION OF other.users FOR VALUES FROM ('2020-01-01') TO ('2030-01-01');
CREATE TABLE uses_part (id int PRIMARY KEY, uid int, uat date, FOREIGN KEY (uid, uat) REFERENCES other.users);
CREATE TABLE a (id int PRIMARY KEY, b_c int, b_c_latest int, b_c_by int);
CREATE TABLE a_b (id int PRIMARY KEY, c int);
CREATE TABLE a_latest (id int PRIMARY KEY);
CREATE TABLE source_systems (id int PRIMARY KEY);
CREATE TABLE _technical (_id int PRIMARY KEY, v int);
CREATE TABLE badkey (_source int PRIMARY KEY);
CREATE TABLE twocase ("A" int, a int, PRIMARY KEY ("A", a));
CREATE TABLE twocols (id int PRIMARY KEY, "A" int, a int);
CREATE TABLE k (k_sk int PRIMARY KEY);
CREATE TABLE genkey (a int, g int GENERATED ALWAYS AS (a+1) STORED, PRIMARY KEY (a, g));
CREATE TABLE wide_name_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (id int PRIMARY KEY, column_with_a_long_name_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa int, column_with_a_long_name_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab int REFERENCES plain);
CREATE TABLE "Таблица" ("Ключ" int PRIMARY KEY, "Родитель" int REFERENCES "Таблица");
CREATE TABLE alt (id int PRIMARY KEY, u int NOT NULL UNIQUE);
CREATE TABLE amounts (n numeric(8,2) PRIMARY KEY, v int);
CREATE TABLE to_alt (id int PRIMARY KEY, u int REFERENCES alt (u), n int REFERENCES amounts, g int REFERENCES alt, same int, FOREIGN KEY (g) REFERENCES alt);
CREATE TABLE idident (id int PRIMARY KEY, guid uuid NOT NULL UNIQUE);
ALTER TABLE idident REPLICA IDENTITY USING INDEX idident_guid_key;
CREATE TABLE few (id int PRIMARY KEY, state text, note text);
INSERT INTO few SELECT i, CASE i % 3 WHEN 0 THEN 'x' WHEN 1 THEN 'y' ELSE 'z' END, 'n' || i FROM generate_series(1, 2000) i;
ANALYZE few;
CREATE TABLE checks (
    id int PRIMARY KEY,
    negated text CHECK (negated NOT IN ('a', 'b')),
    either text CHECK (either IN ('a', 'b') OR length(either) > 5),
    lowered text CHECK (lower(lowered) IN ('a', 'b')),
    "Quo ted" varchar(4) CHECK ("Quo ted" IN ('it''s', 'a,b)')),
    number int CHECK (number IN (1, 2)),
    status varchar(20) CHECK (status IN ('On Time', 'Late')),
    sex char(1) CHECK (sex IN ('f', 'm'))
);
CREATE TABLE full_match (id int PRIMARY KEY, ca int, cb varchar(10),
    FOREIGN KEY (ca, cb) REFERENCES comp (a, b) MATCH FULL);
CREATE TABLE to_nokey (id int PRIMARY KEY, code char(3) REFERENCES uniq (code), x varchar(3) REFERENCES uniq (code));
CREATE TABLE nothing (id int PRIMARY KEY, v int);
ALTER TABLE nothing REPLICA IDENTITY NOTHING;
CREATE TABLE nopart (id int PRIMARY KEY, x int) PARTITION BY LIST (id);
CREATE TABLE empty_t ();
CREATE UNLOGGED TABLE unl (id int PRIMARY KEY);
CREATE VIEW vw AS SELECT 1 AS one;
