SELECT MAX({column}) AS newest FROM {table}
{where}
