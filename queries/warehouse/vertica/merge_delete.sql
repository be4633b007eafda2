DELETE FROM {table}
WHERE EXISTS (SELECT 1 FROM {stage} s WHERE s._flightdeck_group = {group} AND {match})
