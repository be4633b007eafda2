-- Fills the airline's tables: 45 days of flights, the last of them today's, with statuses as they
-- are at the moment `demo.as_of`. Settings: see generate_settings.sql.
--
-- Everything is drawn by hashing (what, seed), so the same settings give the same rows. It runs in
-- one transaction of the caller: all or nothing. Foreign keys (and what is unique of boarding
-- passes) are taken off for the load and put back at the end, which checks every row, in bulk.
--
-- The order of things: routes -> flights -> bookings that start on a flight -> their tickets ->
-- legs, of which a flight's cabin takes as many as it has seats (so no seat is ever sold twice)
-- -> amounts, totals, boarding passes.

SET LOCAL timezone = 'UTC';
SET LOCAL work_mem = '64MB';
SET LOCAL synchronous_commit = on;

CREATE TEMP TABLE param ON COMMIT DROP AS
SELECT least(greatest(current_setting('demo.scale')::int, 1), 100) AS scale,
       current_setting('demo.seed')::int AS seed,
       current_setting('demo.as_of')::timestamptz AS as_of,
       (current_setting('demo.as_of')::timestamptz)::date - 44 AS first_day;

-- A number in [0, 1) from a key and what it is for.
DO $$
BEGIN
    EXECUTE format($f$
        CREATE FUNCTION pg_temp.u(k bigint, salt int) RETURNS double precision
        LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
        'SELECT (hashint8extended(k, salt + %s) & 4503599627370495)::double precision / 4503599627370496.0'
    $f$, (SELECT seed::bigint * 1000 FROM param));
END
$$;

-- Six letters and digits from a number; different numbers give different ones (the factor has no
-- divisor in common with 36^6).
CREATE FUNCTION pg_temp.reference(n bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT string_agg(substr('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', (m / p % 36)::int + 1, 1), '' ORDER BY p)
    FROM (SELECT (n * 1103515247 + 777767777) % 2176782336 AS m) s,
         unnest('{1, 36, 1296, 46656, 1679616, 60466176}'::bigint[]) p
$$;

CREATE TEMP TABLE taken_off ON COMMIT DROP AS
SELECT conrelid::regclass::text AS owner, quote_ident(conname) AS name, pg_get_constraintdef(oid) AS def
FROM pg_constraint
WHERE contype = 'f' AND conrelid IN ('seats'::regclass, 'flights'::regclass, 'tickets'::regclass,
                                     'ticket_flights'::regclass, 'boarding_passes'::regclass)
   OR contype = 'u' AND conrelid = 'boarding_passes'::regclass;
DO $$
DECLARE c record;
BEGIN
    FOR c IN SELECT * FROM taken_off LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %s', c.owner, c.name);
    END LOOP;
END
$$;

-- Airports. The weight says how much of the traffic is drawn there; 0: known, not served.
CREATE TEMP TABLE place ON COMMIT DROP AS
SELECT row_number() OVER () AS n, v.*
FROM (VALUES
    ('SVO', 'Sheremetyevo', 'Москва', 37.4146, 55.9726, 'Europe/Moscow', 9),
    ('LED', 'Pulkovo', 'Санкт-Петербург', 30.2625, 59.8003, 'Europe/Moscow', 6),
    ('OVB', 'Tolmachevo', 'Новосибирск', 82.6507, 55.0126, 'Asia/Novosibirsk', 3),
    ('SVX', 'Koltsovo', 'Екатеринбург', 60.8027, 56.7431, 'Asia/Yekaterinburg', 3),
    ('KZN', 'Kazan', 'Казань', 49.2787, 55.6062, 'Europe/Moscow', 2),
    ('VVO', 'Knevichi', 'Владивосток', 132.148, 43.399, 'Asia/Vladivostok', 1),
    ('KGD', 'Khrabrovo', 'Калининград', 20.5926, 54.89, 'Europe/Kaliningrad', 1),
    ('PKC', 'Yelizovo', 'Петропавловск-Камчатский', 158.4536, 53.1679, 'Asia/Kamchatka', 1),
    ('ALA', 'Almaty', 'Алматы', 77.0405, 43.3521, 'Asia/Almaty', 2),
    ('TAS', 'Islam Karimov', 'Toshkent', 69.2812, 41.2579, 'Asia/Tashkent', 2),
    ('TBS', 'Shota Rustaveli', 'თბილისი', 44.9547, 41.6692, 'Asia/Tbilisi', 2),
    ('EVN', 'Zvartnots', 'Երևան', 44.3959, 40.1473, 'Asia/Yerevan', 2),
    ('IST', 'İstanbul', 'İstanbul', 28.7519, 41.2753, 'Europe/Istanbul', 6),
    ('ATH', 'Ελευθέριος Βενιζέλος', 'Αθήνα', 23.9445, 37.9364, 'Europe/Athens', 3),
    ('SKG', 'Μακεδονία', 'Θεσσαλονίκη', 22.9709, 40.5197, 'Europe/Athens', 1),
    ('LHR', 'Heathrow', 'London', -0.4619, 51.4706, 'Europe/London', 8),
    ('DUB', 'Dublin', 'Dublin', -6.2701, 53.4213, 'Europe/Dublin', 2),
    ('CDG', 'Charles de Gaulle', 'Paris', 2.55, 49.0128, 'Europe/Paris', 7),
    ('FRA', 'Frankfurt am Main', 'Frankfurt', 8.5706, 50.0333, 'Europe/Berlin', 7),
    ('MUC', 'Franz Josef Strauß', 'München', 11.7861, 48.3538, 'Europe/Berlin', 4),
    ('ZRH', 'Zürich', 'Zürich', 8.5492, 47.4647, 'Europe/Zurich', 3),
    ('MAD', 'Adolfo Suárez', 'Madrid', -3.5626, 40.4719, 'Europe/Madrid', 4),
    ('LIS', 'Humberto Delgado', 'Lisboa', -9.1359, 38.7813, 'Europe/Lisbon', 2),
    ('FCO', 'Leonardo da Vinci', 'Roma', 12.2389, 41.8003, 'Europe/Rome', 4),
    ('WAW', 'Chopin', 'Warszawa', 20.9671, 52.1657, 'Europe/Warsaw', 2),
    ('KRK', 'Jan Paweł II', 'Kraków', 19.7848, 50.0777, 'Europe/Warsaw', 1),
    ('PRG', 'Václav Havel', 'Praha', 14.26, 50.1008, 'Europe/Prague', 2),
    ('BUD', 'Liszt Ferenc', 'Budapest', 19.2611, 47.4298, 'Europe/Budapest', 2),
    ('OTP', 'Henri Coandă', 'București', 26.0853, 44.5711, 'Europe/Bucharest', 1),
    ('ARN', 'Arlanda', 'Stockholm', 17.9186, 59.6519, 'Europe/Stockholm', 2),
    ('GOT', 'Landvetter', 'Göteborg', 12.2798, 57.6628, 'Europe/Stockholm', 1),
    ('KEF', 'Keflavík', 'Reykjavík', -22.6056, 63.985, 'Atlantic/Reykjavik', 1),
    ('TLV', 'Ben Gurion', 'תל אביב', 34.8867, 32.0114, 'Asia/Jerusalem', 2),
    ('CAI', 'Cairo', 'القاهرة', 31.4056, 30.1219, 'Africa/Cairo', 3),
    ('DXB', 'Dubai', 'دبي', 55.3644, 25.2528, 'Asia/Dubai', 6),
    ('DOH', 'Hamad', 'الدوحة', 51.6081, 25.2731, 'Asia/Qatar', 3),
    ('DEL', 'Indira Gandhi', 'नई दिल्ली', 77.1031, 28.5665, 'Asia/Kolkata', 5),
    ('BOM', 'Chhatrapati Shivaji', 'मुंबई', 72.8679, 19.0887, 'Asia/Kolkata', 3),
    ('KTM', 'Tribhuvan', 'Kathmandu', 85.3591, 27.6966, 'Asia/Kathmandu', 1),
    ('BKK', 'Suvarnabhumi', 'กรุงเทพฯ', 100.747, 13.6811, 'Asia/Bangkok', 4),
    ('SIN', 'Changi', 'Singapore', 103.994, 1.3502, 'Asia/Singapore', 5),
    ('HAN', 'Nội Bài', 'Hà Nội', 105.807, 21.2212, 'Asia/Ho_Chi_Minh', 2),
    ('HKG', 'Chek Lap Kok', '香港', 113.915, 22.3089, 'Asia/Hong_Kong', 4),
    ('PEK', 'Capital', '北京', 116.585, 40.0801, 'Asia/Shanghai', 6),
    ('PVG', 'Pudong', '上海', 121.805, 31.1434, 'Asia/Shanghai', 5),
    ('ICN', 'Incheon', '서울', 126.451, 37.4691, 'Asia/Seoul', 4),
    ('HND', 'Haneda', '東京', 139.78, 35.5523, 'Asia/Tokyo', 6),
    ('CTS', 'New Chitose', '札幌', 141.692, 42.7752, 'Asia/Tokyo', 1),
    ('SYD', 'Kingsford Smith', 'Sydney', 151.177, -33.9461, 'Australia/Sydney', 2),
    ('ADL', 'Adelaide', 'Adelaide', 138.531, -34.945, 'Australia/Adelaide', 1),
    ('AKL', 'Auckland', 'Auckland', 174.792, -37.0081, 'Pacific/Auckland', 1),
    ('JFK', 'John F. Kennedy', 'New York', -73.7789, 40.6398, 'America/New_York', 6),
    ('ORD', 'O''Hare', 'Chicago', -87.9048, 41.9786, 'America/Chicago', 4),
    ('LAX', 'Los Angeles', 'Los Angeles', -118.408, 33.9425, 'America/Los_Angeles', 5),
    ('SFO', 'San Francisco', 'San Francisco', -122.375, 37.619, 'America/Los_Angeles', 3),
    ('YUL', 'Pierre Elliott Trudeau', 'Montréal', -73.7408, 45.4706, 'America/Toronto', 2),
    ('YYT', 'St. John''s', 'St. John''s', -52.7519, 47.6186, 'America/St_Johns', 1),
    ('MEX', 'Benito Juárez', 'Ciudad de México', -99.0721, 19.4363, 'America/Mexico_City', 2),
    ('GRU', 'Guarulhos', 'São Paulo', -46.4731, -23.4356, 'America/Sao_Paulo', 3),
    ('EZE', 'Ministro Pistarini', 'Buenos Aires', -58.5358, -34.8222, 'America/Argentina/Buenos_Aires', 2),
    ('BOG', 'El Dorado', 'Bogotá', -74.1469, 4.7016, 'America/Bogota', 1),
    ('JNB', 'O. R. Tambo', 'Johannesburg', 28.246, -26.1392, 'Africa/Johannesburg', 2),
    ('NBO', 'Jomo Kenyatta', 'Nairobi', 36.9278, -1.3192, 'Africa/Nairobi', 1),
    ('LYR', 'Svalbard', 'Longyearbyen', 15.4656, 78.2461, 'Arctic/Longyearbyen', 0),
    ('MLE', 'Velana', 'މާލެ', 73.5291, 4.1918, 'Indian/Maldives', 0),
    ('PPT', 'Faa''a', 'Papeete', -149.607, -17.5537, 'Pacific/Tahiti', 0)
) v (code, name, city, lon, lat, zone, weight);

INSERT INTO airports
SELECT code, name, city, lon, lat, zone FROM place;

-- Aircraft and cabins: rows from-to with the letters of a row.
CREATE TEMP TABLE cabin ON COMMIT DROP AS
SELECT * FROM (VALUES
    ('77W', 'Business', 1, 7, 'ADGK'), ('77W', 'Comfort', 11, 14, 'ABDEFGJK'), ('77W', 'Economy', 20, 46, 'ABCDEFGHJK'),
    ('789', 'Business', 1, 6, 'ADGK'), ('789', 'Comfort', 10, 12, 'ABDEFJK'), ('789', 'Economy', 16, 38, 'ABCDEFGHK'),
    ('359', 'Business', 1, 8, 'ADGK'), ('359', 'Comfort', 12, 14, 'ABDEFGJK'), ('359', 'Economy', 18, 43, 'ABCDEFGHK'),
    ('333', 'Business', 1, 6, 'ACDGHK'), ('333', 'Economy', 11, 42, 'ACDEFGHK'),
    ('321', 'Business', 1, 4, 'ACDF'), ('321', 'Comfort', 5, 8, 'ABCDEF'), ('321', 'Economy', 9, 35, 'ABCDEF'),
    ('320', 'Business', 1, 3, 'ACDF'), ('320', 'Comfort', 4, 6, 'ABCDEF'), ('320', 'Economy', 7, 30, 'ABCDEF'),
    ('738', 'Business', 1, 4, 'ACDF'), ('738', 'Economy', 5, 31, 'ABCDEF'),
    ('E90', 'Business', 1, 3, 'ADF'), ('E90', 'Economy', 4, 26, 'ACDF'),
    ('CR9', 'Economy', 1, 22, 'ACDF'),
    ('SU9', 'Business', 1, 3, 'ACDF'), ('SU9', 'Economy', 6, 20, 'ACDEF')
) v (aircraft_code, class, row_from, row_to, letters);

INSERT INTO aircraft
SELECT code, jsonb_build_object('en', en, 'ru', ru), range
FROM (VALUES
    ('77W', 'Boeing 777-300ER', 'Боинг 777-300ER', 13650),
    ('789', 'Boeing 787-9 Dreamliner', 'Боинг 787-9 «Дримлайнер»', 14140),
    ('359', 'Airbus A350-900', 'Эрбас A350-900', 15000),
    ('333', 'Airbus A330-300', 'Эрбас A330-300', 11750),
    ('321', 'Airbus A321neo', 'Эрбас A321neo', 7400),
    ('320', 'Airbus A320neo', 'Эрбас A320neo', 6300),
    ('738', 'Boeing 737-800', 'Боинг 737-800', 5440),
    ('E90', 'Embraer E190', 'Эмбраер E190', 4530),
    ('CR9', 'Bombardier CRJ900', 'Бомбардье CRJ900', 2870),
    ('SU9', 'Sukhoi Superjet 100', 'Сухой Суперджет 100', 3040)
) v (code, en, ru, range);

INSERT INTO seats
SELECT c.aircraft_code, r || l, c.class
FROM cabin c, generate_series(c.row_from, c.row_to) r, regexp_split_to_table(c.letters, '') l;

CREATE TEMP TABLE seat_order ON COMMIT DROP AS
SELECT aircraft_code, fare_conditions, seat_no,
       row_number() OVER (PARTITION BY aircraft_code, fare_conditions
                          ORDER BY hashtextextended(seat_no, 1), seat_no) - 1 AS place,
       count(*) OVER (PARTITION BY aircraft_code, fare_conditions) AS capacity
FROM seats;
CREATE INDEX ON seat_order (aircraft_code, fare_conditions, place);

-- Routes: pairs of flights there and back, once a day each. Both ends are drawn by the airports'
-- weights, the far one as the nearest of four draws: people fly short more often than long.
CREATE TEMP TABLE served ON COMMIT DROP AS
SELECT p.*, row_number() OVER (ORDER BY n) AS i, count(*) OVER () AS many,
       sum(weight) OVER (ORDER BY n) - weight AS low, sum(weight) OVER (ORDER BY n) AS high,
       sum(weight) OVER () AS total
FROM place p
WHERE weight > 0;

CREATE TEMP TABLE route ON COMMIT DROP AS
WITH drawn AS (
    SELECT r, t, a.i AS a, CASE WHEN b.i = a.i THEN a.i % a.many + 1 ELSE b.i END AS b
    FROM param, generate_series(1, 24 * scale) r, generate_series(1, 4) t, served a, served b
    WHERE floor(pg_temp.u(r, 11) * a.total) >= a.low AND floor(pg_temp.u(r, 11) * a.total) < a.high
      AND floor(pg_temp.u(r * 8 + t, 12) * b.total) >= b.low
      AND floor(pg_temp.u(r * 8 + t, 12) * b.total) < b.high
), measured AS (
    SELECT DISTINCT ON (d.r) d.r, a.code AS home, b.code AS away, m.km
    FROM drawn d
    JOIN served a ON a.i = d.a
    JOIN served b ON b.i = d.b,
    LATERAL (SELECT 6371 * 2 * asin(sqrt(power(sin(radians(b.lat - a.lat) / 2), 2)
        + cos(radians(a.lat)) * cos(radians(b.lat)) * power(sin(radians(b.lon - a.lon) / 2), 2))) AS km) m
    ORDER BY d.r, m.km, b.code
), equipped AS (
    SELECT m.*, f.aircraft_code,
           5 * floor(288 * (0.5 + sign(pg_temp.u(r, 13) - 0.5) * power(abs(2 * pg_temp.u(r, 13) - 1), 1.4) / 2)) AS minute,
           5 * ceil((km / 13.6 + 38) / 5) AS minutes,
           60 + 5 * floor(pg_temp.u(r, 15) * 24) AS turn
    FROM measured m,
    LATERAL (SELECT aircraft_code FROM aircraft
             ORDER BY range < m.km * 1.05, abs(range - greatest(m.km, 1500) * (1.15 + 1.7 * pg_temp.u(m.r, 14))),
                      aircraft_code
             LIMIT 1) f
)
SELECT 2 * r - 1 AS n, 2 * r AS back, home AS from_code, away AS to_code, km, minute::int AS minute, minutes, aircraft_code
FROM equipped
UNION ALL
SELECT 2 * r, 2 * r - 1, away, home, km, (minute + minutes + turn)::int % 1440, minutes, aircraft_code
FROM equipped;

-- Flights, each with what will become of it; `as_of` decides how much of that is known already.
CREATE TEMP TABLE planned ON COMMIT DROP AS
WITH leg AS (
    SELECT r.*, day, r.n * 100 + day AS k, as_of,
           first_day::timestamp AT TIME ZONE 'UTC' + day * interval '1 day' + minute * interval '1 minute' AS sched_dep
    FROM route r, param, generate_series(0, 44) day
), fate AS (
    SELECT *, sched_dep + minutes * interval '1 minute' AS sched_arr,
           pg_temp.u(k, 21) < 0.018 AS fails,
           CASE WHEN pg_temp.u(k, 22) < 0.12 THEN 15 + 150 * power(pg_temp.u(k, 23), 2)
                ELSE 0.2 + 12 * power(pg_temp.u(k, 23), 2) END AS late,
           minutes * (0.95 + 0.09 * pg_temp.u(k, 24)) AS flown
    FROM leg
), timed AS (
    SELECT *, sched_dep + late * interval '1 minute' AS left_at,
           sched_dep + (late + flown) * interval '1 minute' AS landed_at
    FROM fate
)
SELECT row_number() OVER (ORDER BY sched_dep, n)::int AS flight_id,
       n, back, day, k, from_code, to_code, km, aircraft_code, sched_dep, sched_arr, left_at, landed_at,
       CASE WHEN fails AND as_of > sched_dep - interval '10 hours' THEN 'Cancelled'
            WHEN as_of >= landed_at THEN 'Arrived'
            WHEN as_of >= left_at THEN 'Departed'
            WHEN as_of >= left_at - interval '40 minutes' THEN 'Boarding'
            WHEN as_of >= sched_dep - interval '4 hours' AND late >= 15 THEN 'Delayed'
            WHEN as_of >= sched_dep - interval '4 hours' THEN 'On Time'
            ELSE 'Scheduled' END AS status
FROM timed;
CREATE UNIQUE INDEX ON planned (n, day);
CREATE INDEX ON planned (from_code, sched_dep);
ANALYZE planned;

INSERT INTO flights (flight_id, flight_no, scheduled_departure, scheduled_arrival, departure_airport,
                     arrival_airport, status, aircraft_code, actual_departure, actual_arrival)
SELECT flight_id, 'PG' || lpad(n::text, 4, '0'), sched_dep, sched_arr, from_code, to_code, status, aircraft_code,
       CASE WHEN status IN ('Departed', 'Arrived') THEN left_at END,
       CASE WHEN status = 'Arrived' THEN landed_at END
FROM planned
ORDER BY flight_id;
SELECT setval(pg_get_serial_sequence('flights', 'flight_id'), (SELECT max(flight_id) FROM flights));

-- Connections: up to three later flights from where one lands, not back again.
CREATE TEMP TABLE connection ON COMMIT DROP AS
SELECT a.flight_id, b.flight_id AS onward,
       row_number() OVER w AS choice, count(*) OVER (PARTITION BY a.flight_id) AS choices
FROM planned a
JOIN planned b ON b.from_code = a.to_code AND b.to_code <> a.from_code
    AND b.sched_dep BETWEEN a.sched_arr + interval '1 hour' AND a.sched_arr + interval '9 hours'
WHERE b.status <> 'Cancelled'
WINDOW w AS (PARTITION BY a.flight_id ORDER BY b.sched_dep, b.flight_id);
CREATE INDEX ON connection (flight_id);

-- Passengers. Names in many scripts; one in 200 takes another name at some time.
CREATE TEMP TABLE script ON COMMIT DROP AS
SELECT row_number() OVER () AS i, v.*, sum(weight) OVER (ORDER BY country, dial) AS high
FROM (VALUES
    ('GB', '44', 14, false, '{James,Mary,Oliver,Amelia,Seán,Niamh,George,Charlotte,D''Arcy,Siân,Hugh,Zoë,Callum,Éowyn,Noah,Grace}'::text[],
        '{O''Brien,Smith,MacDonald,Brontë,D''Angelo,Clarke-Jones,Lloyd,Fitz-Gerald,O''Neill,Taylor,Wright,Evans,St. John,Patel,Hughes,Byrne}'::text[]),
    ('DE', '49', 9, false, '{Jürgen,Käthe,Björn,Anneliese,Günther,Sören,Lisa-Marie,Friedrich,Änne,Thomas,Ulrike,Maximilian}',
        '{Müller,Schäfer,Groß,Weiß,von der Heide,Köhler,Schröder,Jäger,Böhm,Krüger,Bauer,Zimmermann}'),
    ('FR', '33', 7, false, '{François,Élodie,Chloé,Jean-Luc,Gaël,Anaïs,Benoît,Hélène,Loïc,Cécile,Noëlle,Rémi}',
        '{Lefèvre,D''Amboise,Gauthier,Béranger,Le Gall,Noël,Châtelain,L''Hôpital,Dupré,Moreau,Saint-Exupéry,Ménard}'),
    ('ES', '34', 6, false, '{José,María,Íñigo,Begoña,Ángel,Lucía,Martín,Núria,Sofía,Raúl}',
        '{Núñez,García Márquez,Ibáñez,Muñoz,Peña,Gómez,Rodríguez,Zúñiga,Álvarez,Ordóñez}'),
    ('PL', '48', 5, false, '{Łukasz,Małgorzata,Stanisław,Zofia,Józef,Żaneta,Grażyna,Święcisława,Bolesław,Agnieszka}',
        '{Wiśniewski,Wójcik,Dąbrowska,Błaszczyk,Żółć,Kościuszko,Łęcka,Nowak,Śliwińska,Pawłowski}'),
    ('CZ', '420', 3, false, '{Jiří,Božena,Řehoř,Anežka,Václav,Ľudmila,Tomáš,Štěpánka}',
        '{Dvořák,Novotná,Kříž,Šťastný,Čapek,Říhová,Žižka,Procházková}'),
    ('TR', '90', 4, false, '{Işıl,Çağla,Ömer,Gülşen,İbrahim,Şule,Yiğit,Tuğba}', '{Yılmaz,Öztürk,Çelik,Doğan,Şahin,Güneş,Kılıç,Işık}'),
    ('SE', '46', 3, false, '{Åsa,Björn,Örjan,Märta,Sölve,Ingrid,Pär,Ängla}', '{Åström,Sjöberg,Bergström,Öberg,Lindqvist,Hägg,Söderlund,Nyström}'),
    ('VN', '84', 3, true, '{Thị Hương,Văn Đức,Ngọc Ánh,Quốc Bảo,Thu Thủy,Minh Tuấn,Thị Ngọc,Hữu Phước}', '{Nguyễn,Trần,Lê,Phạm,Huỳnh,Vũ,Đặng,Bùi}'),
    ('RU', '7', 18, false, '{Александр,Мария,Сергей,Ольга,Дмитрий,Анна,Пётр,Ксения,Алёна,Игорь,Юлия,Фёдор,Наталья,Артём,Любовь,Илья}',
        '{Черных,Долгих,Седых,Шевченко,Бондаренко,Ткаченко,Коваль,Мороз,Живаго,Дурново,Белых,Лысенко,Щербак,Цой,Соловей,Гнатюк}'),
    ('UA', '380', 4, false, '{Олексій,Їванка,Євген,Соломія,Ґеорґій,Юлія,Андрій,Мар''яна}', '{Шевченко,Григор''єв,Ющук,Кравець,Лук''яненко,Бойко,Заєць,Ґудзь}'),
    ('GR', '30', 4, false, '{Γιώργος,Ελένη,Κωνσταντίνος,Μαρία,Δημήτρης,Σοφία,Οδυσσέας,Ιφιγένεια}',
        '{Παπαδόπουλος,Οικονόμου,Γεωργίου,Μπάλλας,Καζαντζάκης,Δημητρίου,Ζαχαρίου,Στεφανίδης}'),
    ('GE', '995', 1, false, '{გიორგი,ნინო,დავითი,თამარი}', '{ბერიძე,კაპანაძე,გელაშვილი,მაისურაძე}'),
    ('AM', '374', 1, false, '{Արամ,Անահիտ,Տիգրան,Նարե}', '{Սարգսյան,Հակոբյան,Պետրոսյան,Գրիգորյան}'),
    ('IL', '972', 2, false, '{דוד,שרה,יוסף,מרים}', '{כהן,לוי,מזרחי,פרץ}'),
    ('EG', '20', 5, false, '{محمد,فاطمة,أحمد,عائشة,يوسف,مريم,عبد الله,نور الهدى}', '{المصري,حسن,عبد الرحمن,النجار,الشريف,إبراهيم,سليمان,القاضي}'),
    ('IN', '91', 6, false, '{आरव,प्रिया,अर्जुन,लक्ष्मी,विक्रम,सीता,राजेश,कविता}', '{शर्मा,गुप्ता,सिंह,पटेल,मिश्रा,चौधरी,कुमार,जोशी}'),
    ('TH', '66', 2, false, '{สมชาย,สุภาพร,ณัฐวุฒิ,กมลชนก}', '{ใจดี,ศรีสุข,ทองคำ,วงศ์สวัสดิ์}'),
    ('CN', '86', 9, true, '{伟,芳,秀英,敏,静,丽,强,磊,欣怡,子轩,浩然,梓涵}', '{王,李,张,刘,陈,杨,黄,赵,欧阳,司马,诸葛,𠮷}'),
    ('JP', '81', 6, true, '{ 太郎, 花子, 翔太, さくら, 健一, 美咲, タケシ, 葵}', '{佐藤,鈴木,高橋,田中,伊藤,渡邊,山本,髙島}'),
    ('KR', '82', 4, true, '{민준,서연,도윤,지우,하은,현우,수빈,예린}', '{김,이,박,최,정,강,조,윤}')
) v (country, dial, weight, family_first, given, family);

CREATE TEMP TABLE passenger ON COMMIT DROP AS
WITH drawn AS (
    SELECT p, floor(pg_temp.u(p, 31) * (SELECT max(high) FROM script)) AS pick
    FROM param, generate_series(1, 30000 * scale) p
), named AS (
    SELECT d.p, s.country, s.dial, s.family_first,
           s.given[1 + floor(pg_temp.u(p, 32) * cardinality(given))::int] AS given,
           s.family[1 + floor(pg_temp.u(p, 33) * cardinality(family))::int] AS family,
           s.family[1 + floor(pg_temp.u(p, 34) * cardinality(family))::int] AS new_family
    FROM drawn d
    JOIN script s ON d.pick >= s.high - s.weight AND d.pick < s.high
), written AS (
    SELECT *, CASE WHEN NOT family_first THEN given || ' ' || family
                   WHEN country = 'VN' THEN family || ' ' || given
                   ELSE family || given END AS name,
           CASE WHEN pg_temp.u(p, 35) < 0.005 AND NOT family_first THEN given || ' ' || family || '-' || new_family END AS new_name
    FROM named
)
SELECT p, country || ' ' || lpad((floor(pg_temp.u(p, 36) * 900000 + 100000)::bigint * 10000000 + p)::text, 13, '0') AS passenger_id,
       name, new_name,
       CASE WHEN pg_temp.u(p, 37) < 0.96 THEN
           jsonb_strip_nulls(jsonb_build_object(
               'phone', '+' || dial || floor(pg_temp.u(p, 38) * 9e8 + 1e8)::bigint,
               'email', CASE WHEN pg_temp.u(p, 39) < 0.7 THEN 'p' || p || '@' ||
                   (ARRAY['example.com', 'example.org', 'mail.example', 'пример.рф'])[1 + floor(pg_temp.u(p, 40) * 4)::int] END))
       END AS contact
FROM written;
CREATE UNIQUE INDEX ON passenger (p);
ANALYZE passenger;

-- Bookings, by the flight that they begin with: how many a flight gets follows its cabin's size.
CREATE TEMP TABLE party ON COMMIT DROP AS
WITH capacity AS (
    SELECT aircraft_code, count(*) AS seats FROM seats GROUP BY aircraft_code
), flown AS (
    SELECT f.*, c.seats * (0.11 + 0.21 * pg_temp.u(f.k, 41)) AS wanted
    FROM planned f
    JOIN capacity c USING (aircraft_code)
    WHERE status <> 'Cancelled'
), drawn AS (
    SELECT f.flight_id, f.back, f.day, f.sched_dep, f.sched_arr, f.k::bigint * 1000 + j AS b
    FROM flown f, generate_series(1, f.wanted::int) j
), traits AS (
    SELECT *, CASE WHEN pg_temp.u(b, 42) < 0.62 THEN 1 WHEN pg_temp.u(b, 42) < 0.87 THEN 2
                   WHEN pg_temp.u(b, 42) < 0.94 THEN 3 ELSE 4 END AS people,
           pg_temp.u(b, 43) AS kind,
           1 + floor(pg_temp.u(b, 44) * pg_temp.u(b, 45) * 14)::int AS stay,
           1 + 44 * power(pg_temp.u(b, 46), 2) AS ahead,
           pg_temp.u(b, 47) AS comfort
    FROM drawn
)
SELECT t.b, t.people, t.flight_id, t.comfort, t.ahead, t.sched_dep - t.ahead * interval '1 day' AS book_date,
       CASE WHEN t.kind < 0.45 THEN r.flight_id WHEN t.kind < 0.62 THEN c.onward END AS second
FROM traits t
LEFT JOIN planned r ON t.kind < 0.45 AND r.n = t.back AND r.day = t.day + t.stay
    AND r.status <> 'Cancelled' AND r.sched_dep > t.sched_arr
LEFT JOIN connection c ON t.kind >= 0.45 AND t.kind < 0.62 AND c.flight_id = t.flight_id
    AND c.choice = 1 + floor(pg_temp.u(t.b, 48) * least(c.choices, 3));

-- Legs: a ticket a person, in the cabin of the party's choice where the aircraft has it. A cabin
-- takes as many legs as it has seats, one passenger once.
CREATE TEMP TABLE leg ON COMMIT DROP AS
WITH person AS (
    SELECT b, b * 8 + m AS t, flight_id, second, comfort, ahead, book_date,
           -- few people fly often
           1 + floor(power(pg_temp.u(b * 8 + m, 51), 1.25) * 30000 * scale)::bigint AS p
    FROM party, param, generate_series(1, people) m
), wish AS (
    SELECT b, t, p, book_date, ahead, comfort, 1 AS leg_no, flight_id FROM person
    UNION ALL
    SELECT b, t, p, book_date, ahead, comfort, 2, second FROM person WHERE second IS NOT NULL
), cabins AS (
    SELECT aircraft_code, max(capacity) FILTER (WHERE fare_conditions = 'Business') AS business,
           max(capacity) FILTER (WHERE fare_conditions = 'Comfort') AS comfort_seats,
           max(capacity) FILTER (WHERE fare_conditions = 'Economy') AS economy
    FROM seat_order GROUP BY aircraft_code
), placed AS (
    SELECT w.*, f.km, f.aircraft_code, f.status,
           CASE WHEN w.comfort < 0.07 AND c.business > 0 THEN 'Business'
                WHEN w.comfort < 0.18 AND c.comfort_seats > 0 THEN 'Comfort'
                ELSE 'Economy' END AS class,
           c.business, c.comfort_seats, c.economy,
           row_number() OVER (PARTITION BY w.flight_id, w.p ORDER BY w.t) AS again
    FROM wish w
    JOIN planned f USING (flight_id)
    JOIN cabins c USING (aircraft_code)
), ranked AS (
    SELECT *, CASE class WHEN 'Business' THEN business WHEN 'Comfort' THEN comfort_seats ELSE economy END AS capacity,
           row_number() OVER (PARTITION BY flight_id, class ORDER BY book_date, t) - 1 AS place
    FROM placed
    WHERE again = 1
)
SELECT b, t, p, book_date, flight_id, class, status, aircraft_code, place, capacity,
       50 * greatest(round((900 + km * 3.4) * (1.45 - ahead / 90) * (0.9 + 0.2 * comfort)
           * CASE class WHEN 'Business' THEN 3.1 WHEN 'Comfort' THEN 1.6 ELSE 1 END / 50), 1)::numeric(10, 2) AS amount
FROM ranked
WHERE place < capacity;
ANALYZE leg;

-- Numbers for tickets and bookings in the order in which they were made.
CREATE TEMP TABLE ticket ON COMMIT DROP AS
SELECT t, b, p, book_date, lpad((5432000000 + row_number() OVER (ORDER BY book_date, t))::text, 13, '0') AS ticket_no,
       dense_rank() OVER (ORDER BY book_date, b) AS booking
FROM (SELECT DISTINCT t, b, p, book_date FROM leg) d;
CREATE UNIQUE INDEX ON ticket (t);
ANALYZE ticket;

CREATE TEMP TABLE booking ON COMMIT DROP AS
SELECT booking, b, book_date, pg_temp.reference(booking) AS book_ref
FROM (SELECT DISTINCT booking, b, book_date FROM ticket) d;
CREATE UNIQUE INDEX ON booking (b);
ANALYZE booking;

INSERT INTO bookings (book_ref, book_date, total_amount)
SELECT k.book_ref, k.book_date, sum(l.amount)
FROM booking k
JOIN leg l USING (b)
GROUP BY k.booking, k.book_ref, k.book_date
ORDER BY k.booking;

INSERT INTO tickets (ticket_no, book_ref, passenger_id, passenger_name, contact_data)
SELECT t.ticket_no, k.book_ref, p.passenger_id,
       CASE WHEN t.book_date >= (SELECT first_day + 10 FROM param) THEN coalesce(p.new_name, p.name) ELSE p.name END,
       p.contact
FROM ticket t
JOIN booking k USING (b)
JOIN passenger p USING (p)
ORDER BY t.ticket_no;

INSERT INTO ticket_flights (ticket_no, flight_id, fare_conditions, amount)
SELECT t.ticket_no, l.flight_id, l.class, l.amount
FROM leg l
JOIN ticket t USING (t)
ORDER BY t.ticket_no, l.flight_id;

-- Boarding passes of flights that board or have left: the seat is the leg's place in its cabin,
-- turned by the flight so that not every flight fills from the same seat.
INSERT INTO boarding_passes (ticket_no, flight_id, boarding_no, seat_no)
SELECT t.ticket_no, l.flight_id,
       row_number() OVER (PARTITION BY l.flight_id ORDER BY pg_temp.u(l.t, 61), l.t), s.seat_no
FROM leg l
JOIN ticket t USING (t)
JOIN seat_order s ON s.aircraft_code = l.aircraft_code AND s.fare_conditions = l.class
    AND s.place = (l.place + l.flight_id * 7) % l.capacity
WHERE l.status IN ('Departed', 'Arrived') AND pg_temp.u(l.t, 62) < 0.97
   OR l.status = 'Boarding' AND pg_temp.u(l.t, 62) < 0.6
ORDER BY t.ticket_no, l.flight_id;

DO $$
DECLARE c record;
BEGIN
    FOR c IN SELECT * FROM taken_off LOOP
        EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %s %s', c.owner, c.name, c.def);
    END LOOP;
END
$$;
