CREATE LOCAL TEMPORARY TABLE IF NOT EXISTS {stage} (
{columns},
    _flightdeck_group INT
) ON COMMIT DELETE ROWS
