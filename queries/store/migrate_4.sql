-- What servers answered, over time. key: method and parameters; tier: for how long it is kept (0 the least);
-- body: compressed; bytes: its length.
CREATE TABLE answers (
    ts_us INTEGER NOT NULL,
    key   TEXT NOT NULL,
    tier  INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    body  BLOB NOT NULL
);
CREATE UNIQUE INDEX answers_of_key ON answers (key, ts_us);
CREATE INDEX answers_of_tier ON answers (tier, ts_us);
CREATE INDEX answers_by_age ON answers (ts_us, bytes);
PRAGMA user_version = 4;
