-- config NULL: a file of the configuration has it.
CREATE TABLE connectors (
    name       TEXT NOT NULL PRIMARY KEY,
    config     TEXT,
    state      TEXT NOT NULL CHECK (state IN ('RUNNING', 'PAUSED', 'STOPPED', 'DELETED')),
    created_us INTEGER NOT NULL,
    updated_us INTEGER NOT NULL
);
CREATE TABLE events (
    id     INTEGER PRIMARY KEY,
    ts_us  INTEGER NOT NULL,
    level  TEXT NOT NULL,
    area   TEXT NOT NULL,
    who    TEXT NOT NULL,
    object TEXT NOT NULL,
    text   TEXT NOT NULL
);
PRAGMA application_id = 1179403348;
PRAGMA user_version = 1;
