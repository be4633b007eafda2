-- So that the first plans after the load are good ones.
ANALYZE
