-- how many of each DAG and lane
SELECT dag, lane, count(*) FROM runs WHERE state = 'queued' GROUP BY dag, lane
