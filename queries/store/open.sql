-- WAL and NORMAL: a commit is in the file's log when it returns (kill -9 loses nothing), and the disk
-- is waited for at checkpoints only.
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
PRAGMA journal_size_limit = 4194304;
