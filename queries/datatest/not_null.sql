SELECT * FROM {table}
WHERE ({condition}){where}
