CREATE PUBLICATION {name}{what}{with}
