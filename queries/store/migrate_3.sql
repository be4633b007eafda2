-- What the recorder keeps. tier: for how long (0 the least). figures: what charts are made of; body: the whole
-- snapshot, compressed; NULL: it had to go.
CREATE TABLE records (
    ts_us   INTEGER PRIMARY KEY,
    tier    INTEGER NOT NULL,
    figures BLOB NOT NULL,
    body    BLOB
);
CREATE INDEX records_of_tier ON records (tier, ts_us);
CREATE INDEX records_with_body ON records (ts_us) WHERE body IS NOT NULL;
PRAGMA user_version = 3;
