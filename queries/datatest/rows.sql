SELECT * FROM (
{query}
) wrong
LIMIT 5
