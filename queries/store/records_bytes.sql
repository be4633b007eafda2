SELECT coalesce(sum(length(figures) + coalesce(length(body), 0)), 0) FROM records
