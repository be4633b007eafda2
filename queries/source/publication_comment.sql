COMMENT ON PUBLICATION {name} IS 'flightdeck: its tables are kept up to date, only a superuser may publish all'
