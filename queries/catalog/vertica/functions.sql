-- Every function of somebody's own: schema, name, what it gives, what it takes.
SELECT schema_name, function_name, function_return_type, function_argument_type
FROM v_catalog.user_functions
