-- Of a view that takes the newest version of each row the planner expects a handful of rows.
SET LOCAL enable_nestloop = off
