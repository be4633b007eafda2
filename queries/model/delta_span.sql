SELECT MIN(d.ts), MAX(d.ts), SUM(d.kind), COUNT(*)
FROM {delta} d