-- Schema and rows come in one transaction, so the last table tells of both.
SELECT to_regclass('public.boarding_passes') IS NOT NULL
