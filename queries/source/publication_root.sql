ALTER PUBLICATION {name} SET (publish_via_partition_root = true)
