-- Whose file this is, without changing it: its version, and whether it is ours (or new).
SELECT (SELECT user_version FROM pragma_user_version),
       (SELECT application_id FROM pragma_application_id) = 1179403348
       OR (SELECT count(*) FROM sqlite_master) = 0
