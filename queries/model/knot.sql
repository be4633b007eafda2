INSERT INTO {knot} ({id}, {value}, _source, _created_at)
SELECT m.top + ROW_NUMBER() OVER (ORDER BY x.v), x.v, {source}, {now}
FROM (SELECT DISTINCT {new_value} AS v FROM {new_rows} AND {new_value} IS NOT NULL) x
CROSS JOIN (SELECT COALESCE(MAX({id}), 0) AS top FROM {knot}) m
WHERE NOT EXISTS (SELECT 1 FROM {knot} k WHERE {k_value} = x.v)