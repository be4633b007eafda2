MERGE INTO {table} t
USING (SELECT {columns} FROM {stage} WHERE _flightdeck_group = {group}) s
ON {match}
{update}WHEN NOT MATCHED THEN INSERT ({columns}) VALUES ({values})
