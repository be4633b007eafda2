UPDATE {state} SET made = CAST(? AS VARCHAR(16)) WHERE source = ''
