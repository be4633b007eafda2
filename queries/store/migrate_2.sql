-- last_fire_us NULL: no run by schedule yet. changed_us 0: no input has changed since the last run.
CREATE TABLE dags (
    name             TEXT NOT NULL PRIMARY KEY,
    paused           INTEGER NOT NULL,
    last_fire_us  INTEGER,
    changed_us       INTEGER NOT NULL,
    backfill_running INTEGER NOT NULL
);
-- lane: who goes first among the queued ones of a DAG: 0 asked for, 1 by itself, 2 backfill.
CREATE TABLE runs (
    id         INTEGER PRIMARY KEY,
    dag        TEXT NOT NULL,
    kind       TEXT NOT NULL CHECK (kind IN ('schedule', 'manual', 'backfill', 'change')),
    lane       INTEGER NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('queued', 'running', 'canceling', 'success', 'failed', 'canceled')),
    logical_us INTEGER NOT NULL,
    begin_us   INTEGER NOT NULL,
    end_us     INTEGER NOT NULL,
    params     TEXT NOT NULL,
    who        TEXT NOT NULL,
    created_us INTEGER NOT NULL,
    started_us INTEGER NOT NULL,
    ended_us   INTEGER NOT NULL,
    rows       INTEGER NOT NULL,
    reason     TEXT NOT NULL,
    UNIQUE (dag, logical_us, kind)
);
CREATE INDEX runs_of_dag ON runs (dag, id);
CREATE INDEX runs_queued ON runs (dag, lane, id) WHERE state = 'queued';
CREATE INDEX runs_active ON runs (id) WHERE state IN ('running', 'canceling');
CREATE TABLE tasks (
    run        INTEGER NOT NULL,
    task       TEXT NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('waiting', 'queued', 'running', 'up_for_retry', 'success',
                                              'failed', 'upstream_failed', 'skipped', 'canceled')),
    attempt    INTEGER NOT NULL,
    failures   INTEGER NOT NULL,
    losses     INTEGER NOT NULL,
    queued_us  INTEGER NOT NULL,
    started_us INTEGER NOT NULL,
    ended_us   INTEGER NOT NULL,
    retry_us   INTEGER NOT NULL,
    rows       INTEGER NOT NULL,
    reason     TEXT NOT NULL,
    PRIMARY KEY (run, task)
) WITHOUT ROWID;
CREATE TABLE tries (
    run         INTEGER NOT NULL,
    task        TEXT NOT NULL,
    attempt     INTEGER NOT NULL,
    state       TEXT NOT NULL,
    started_us  INTEGER NOT NULL,
    ended_us    INTEGER NOT NULL,
    rows        INTEGER NOT NULL,
    reason      TEXT NOT NULL,
    log_bytes   INTEGER NOT NULL DEFAULT 0,
    log_dropped INTEGER NOT NULL DEFAULT 0,
    log_head    INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (run, task, attempt)
) WITHOUT ROWID;
-- One or more whole lines each. log_head of the try: behind which piece something is left out.
CREATE TABLE logs (
    id      INTEGER PRIMARY KEY,
    run     INTEGER NOT NULL,
    task    TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    ts_us   INTEGER NOT NULL,
    text    TEXT NOT NULL
);
CREATE INDEX logs_of_try ON logs (run, task, attempt, id);
PRAGMA user_version = 2;
