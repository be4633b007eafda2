SELECT EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.relkind = 'p')
