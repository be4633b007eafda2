-- What generate.sql reads in the same session. $1: scale, $2: seed, $3: the moment that is "now"
-- (NULL: now).
SELECT set_config('demo.scale', $1, false),
       set_config('demo.seed', $2, false),
       set_config('demo.as_of', coalesce($3, date_trunc('second', now())::text), false)
