-- Projections stand where others have indexes: schema, name, type, table.
SELECT projection_schema, projection_name,
       CASE WHEN is_super_projection THEN 'superprojection' ELSE 'projection' END
       || CASE WHEN is_up_to_date THEN '' ELSE ', NOT UP TO DATE' END,
       anchor_table_name
FROM v_catalog.projections
