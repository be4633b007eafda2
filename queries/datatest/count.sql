SELECT COUNT(*) AS n FROM (
{query}
) wrong
