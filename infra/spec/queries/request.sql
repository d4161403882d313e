-- The log lines of one request. Parameters: the first and the last date to search, such as '2026-01-31', and the request's id
SELECT *
FROM logs
WHERE "date" BETWEEN ? AND ?
  AND request_id = ?
ORDER BY "timestamp"
