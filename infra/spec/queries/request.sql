-- Everything about one request: the first and the last day to look at, such as '2026-01-31', and its id
SELECT *
FROM logs
WHERE "date" BETWEEN ? AND ?
  AND request_id = ?
ORDER BY "timestamp"
