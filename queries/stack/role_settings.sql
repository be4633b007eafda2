-- $1: the role, $2: its password or NULL. Read by role.sql in the same session.
SELECT set_config('stack.role', $1, false), set_config('stack.password', coalesce($2, ''), false)
