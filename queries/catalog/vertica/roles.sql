-- Every user and what it may.
SELECT user_name, CASE WHEN is_super_user THEN 'Superuser' ELSE '' END, all_roles
FROM v_catalog.users
