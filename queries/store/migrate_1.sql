CREATE TABLE connectors (
    name          TEXT    PRIMARY KEY NOT NULL,
    config        TEXT,             -- JSON; NULL: it comes from a file, only its state is kept
    desired_state TEXT    NOT NULL,
    created_us    INTEGER NOT NULL,
    updated_us    INTEGER NOT NULL
) STRICT;

CREATE TABLE events (
    id     INTEGER PRIMARY KEY AUTOINCREMENT, -- never used twice: who reads on after an id misses nothing
    ts_us  INTEGER NOT NULL,
    level  TEXT    NOT NULL,
    area   TEXT    NOT NULL,
    who    TEXT    NOT NULL,
    object TEXT    NOT NULL,
    text   TEXT    NOT NULL
) STRICT;

CREATE TABLE settings (
    name  TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
) STRICT;
